package testkit

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/elimity-com/scim"
	"github.com/elimity-com/scim/optional"
)

// scimStore is what a service has.
type scimStore struct {
	mu                            sync.Mutex
	users, groups                 *scimTable
	lax, forgetful, etags, nested bool
	next                          int
}

type scimTable struct {
	store  *scimStore
	prefix string
	ids    []string // in the order of making
	by     map[string]*scimThing
	names  map[string]int // of users: how many have a userName, without capitals
}

type scimThing struct {
	id, externalID string
	version        int
	made, changed  time.Time
	attributes     map[string]any
}

func newSCIMStore() *scimStore {
	s := &scimStore{}
	s.users = &scimTable{store: s, prefix: "u", by: map[string]*scimThing{}, names: map[string]int{}}
	s.groups = &scimTable{store: s, prefix: "g", by: map[string]*scimThing{}, names: map[string]int{}}
	return s
}

// AddUser puts a user into the store, of the attributes that JSON has, and returns its id.
func (s *SCIMServer) AddUser(tb testing.TB, text string) string {
	tb.Helper()
	return s.add(tb, s.store.users, text)
}

// AddGroup puts a group into the store. Its members need not be anybody.
func (s *SCIMServer) AddGroup(tb testing.TB, text string) string {
	tb.Helper()
	return s.add(tb, s.store.groups, text)
}

func (s *SCIMServer) add(tb testing.TB, t *scimTable, text string) string {
	tb.Helper()
	var attributes map[string]any
	if err := json.Unmarshal([]byte(text), &attributes); err != nil {
		tb.Fatal(err)
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	return t.insert(attributes).id
}

// Remove takes a user or a group out of the store, and nobody out of groups.
func (s *SCIMServer) Remove(id string) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	for _, t := range []*scimTable{s.store.users, s.store.groups} {
		t.remove(id)
	}
}

// SetMembers changes who is in a group.
func (s *SCIMServer) SetMembers(group string, ids ...string) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	var list []any
	for _, id := range ids {
		list = append(list, map[string]any{"value": id})
	}
	g := s.store.groups.by[group]
	g.attributes["members"] = list
	g.version++
}

// User is what the store has of a user, nil where it has none.
func (s *SCIMServer) User(id string) map[string]any {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	u := s.store.users.by[id]
	if u == nil {
		return nil
	}
	all := maps.Clone(u.attributes)
	all["externalId"] = u.externalID
	return all
}

// Users are the ids of all users.
func (s *SCIMServer) Users() []string { return s.idsOf(s.store.users) }

// Groups are the ids of all groups.
func (s *SCIMServer) Groups() []string { return s.idsOf(s.store.groups) }

func (s *SCIMServer) idsOf(t *scimTable) []string {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	return slices.Clone(t.ids)
}

// Members are the ids of who is in a group.
func (s *SCIMServer) Members(group string) (ids []string) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	return membersOf(s.store.groups.by[group])
}

func membersOf(g *scimThing) (ids []string) {
	if g == nil {
		return nil
	}
	list, _ := g.attributes["members"].([]any)
	for _, m := range list {
		id, _ := m.(map[string]any)["value"].(string)
		ids = append(ids, id)
	}
	return ids
}

func (t *scimTable) insert(attributes map[string]any) *scimThing {
	t.store.next++
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	x := &scimThing{id: fmt.Sprintf("%s%06d", t.prefix, t.store.next), version: 1, made: now, changed: now}
	x.put(attributes, t.store.forgetful)
	t.by[x.id] = x
	t.ids = append(t.ids, x.id)
	t.names[x.name()]++
	return x
}

func (t *scimTable) remove(id string) {
	x := t.by[id]
	if x == nil {
		return
	}
	t.names[x.name()]--
	delete(t.by, id)
	t.ids = slices.DeleteFunc(t.ids, func(other string) bool { return other == id })
}

// put replaces all attributes.
func (x *scimThing) put(attributes map[string]any, forgetful bool) {
	x.attributes = maps.Clone(attributes)
	x.externalID, _ = x.attributes["externalId"].(string)
	delete(x.attributes, "externalId")
	if forgetful {
		x.externalID = ""
	}
}

func (x *scimThing) name() string {
	name, _ := x.attributes["userName"].(string)
	return strings.ToLower(name)
}

// resource is a thing as it is shown. A password never is.
func (x *scimThing) resource(etags bool) scim.Resource {
	r := scim.Resource{ID: x.id, Attributes: scim.ResourceAttributes(maps.Clone(x.attributes)), Meta: scim.Meta{Created: &x.made, LastModified: &x.changed}}
	delete(r.Attributes, "password")
	if x.externalID != "" {
		r.ExternalID = optional.NewString(x.externalID)
	}
	if etags {
		r.Meta.Version = `W/"` + strconv.Itoa(x.version) + `"`
	}
	return r
}

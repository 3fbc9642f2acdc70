package ldap

import (
	"context"
	"slices"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/writhq/writ/connector"
)

// idsPerQuery keeps a filter short enough for every server.
const idsPerQuery = 50

// controlShowDeleted has AD show tombstones and what is in its recycle bin, to those
// who may see them.
const controlShowDeleted = "1.2.840.113556.1.4.417"

// Whereabouts looks for entries by their ids in the whole directory. OpenLDAP keeps
// nothing of a deleted entry, and AD shows what it keeps to few; what is nowhere to
// whoever can read the root of the tree is deleted.
func (d *Directory) Whereabouts(ctx context.Context, ids []string) (map[string]connector.Where, error) {
	s, err := d.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer s.end()
	return s.whereabouts(ids)
}

func (s *session) whereabouts(ids []string) (map[string]connector.Where, error) {
	found := map[string]connector.Where{}
	var seen []string
	for _, tree := range s.trees() {
		if within(tree, seen) {
			continue
		}
		there, err := s.locateAll(tree, ids, found)
		if err != nil {
			return nil, err
		}
		if !there {
			continue
		}
		// To search a tree is not to see all of it: its root stands for that.
		root, err := s.entry("looking at the root of the tree", tree, s.kindOf().idAttribute)
		if err != nil {
			return nil, err
		}
		if root != nil && s.kindOf().id(root) != "" {
			seen = append(seen, tree)
		}
	}
	if !s.seesAll(seen) {
		return found, nil
	}
	for _, id := range ids {
		if _, ok := found[id]; !ok {
			found[id] = connector.Where{State: connector.Deleted}
		}
	}
	return found, nil
}

// contexts are the whole trees that an entry can be moved in.
func (s *session) contexts() []string {
	list := s.root.contexts
	if s.root.ad {
		list = []string{s.root.domain}
	}
	return slices.DeleteFunc(slices.Clone(list), func(tree string) bool { return tree == "" })
}

// trees are where to look: what is read as well, as a search from the root finds
// nothing where that is hidden.
func (s *session) trees() []string { return append(s.contexts(), s.base, s.users, s.groups) }

// seesAll reports whether all has been seen that what is read lies in, and anything
// of it could have been moved to.
func (s *session) seesAll(seen []string) bool {
	contexts := s.contexts()
	for _, dn := range []string{s.base, s.users, s.groups} {
		around := slices.DeleteFunc(slices.Clone(contexts), func(tree string) bool { return !below(dn, tree) })
		hidden := func(tree string) bool { return !within(tree, seen) }
		if len(around) == 0 || slices.ContainsFunc(around, hidden) {
			return false
		}
	}
	return true
}

func within(dn string, trees []string) bool {
	return slices.ContainsFunc(trees, func(tree string) bool { return below(dn, tree) })
}

// locateAll reports false where there is no such tree, or none to be seen.
func (s *session) locateAll(tree string, ids []string, found map[string]connector.Where) (there bool, err error) {
	for chunk := range slices.Chunk(ids, idsPerQuery) {
		err := s.locate(tree, chunk, found)
		if err != nil && codeOf(err) == goldap.LDAPResultNoSuchObject {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	return true, nil
}

// anyOf is a filter for entries by their ids.
func (s *session) anyOf(ids []string) string {
	b := strings.Builder{}
	for _, id := range ids {
		b.WriteString(s.kindOf().byID(id)) // "" for what is no id
	}
	if b.Len() == 0 {
		return "(!(objectClass=*))"
	}
	return "(|" + b.String() + ")"
}

func (s *session) locate(tree string, ids []string, found map[string]connector.Where) error {
	k := s.kindOf()
	q := query{
		doing: "looking for what is no longer there", base: tree, scope: goldap.ScopeWholeSubtree, filter: s.anyOf(ids),
		attributes: []string{k.idAttribute, "isDeleted"},
	}
	if s.root.ad {
		q.controls = []goldap.Control{goldap.NewControlString(controlShowDeleted, true, "")}
	} else {
		q.controls = []goldap.Control{goldap.NewControlManageDsaIT(false)}
	}
	return s.pages(q, nil, func(e *goldap.Entry) error {
		id := k.id(e)
		if id == "" {
			return nil
		}
		w := connector.Where{State: connector.OutOfSight, At: clean(e.DN)}
		if s.root.ad && strings.EqualFold(e.GetEqualFoldAttributeValue("isDeleted"), "TRUE") {
			w = connector.Where{State: connector.Deleted}
		}
		if was, ok := found[id]; !ok || was.State == connector.Deleted {
			found[id] = w
		}
		return nil
	})
}

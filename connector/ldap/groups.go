package ldap

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/writhq/writ/connector"
)

// group is what is kept of a group while the directory is read.
type group struct {
	id      string
	dn      key
	where   string // for messages
	missing int    // members that are not below the bases
}

// edge says that somebody, or a group, is a member. One of these is all that is
// kept of a member.
type edge struct {
	member key
	group  uint32
	met    bool
}

// membership is who is in which group.
type membership struct {
	groups  []group
	index   map[string]uint32 // by native id
	edges   []edge
	primary map[string][]uint32 // by gidNumber, or the SID that primaryGroupID is the end of; several groups of one number are one to a host
}

const groupLimit = 5_000_000 // groups; what lies about how many it has is not followed for ever

func (s *session) groupQuery() query {
	k := s.kindOf()
	q := query{doing: "reading groups", base: s.groups, scope: goldap.ScopeWholeSubtree, filter: k.groups, attributes: k.groupAttributes}
	if s.groupFilter != "" {
		q.filter = "(&" + q.filter + s.groupFilter + ")"
	}
	return q
}

// readGroups reads all groups with their members and hands on each as an
// entitlement.
func (s *session) readGroups(yield func(connector.Record) error) (*membership, error) {
	m := &membership{index: map[string]uint32{}, primary: map[string][]uint32{}}
	k := s.kindOf()
	err := s.pages(s.groupQuery(), nil, func(e *goldap.Entry) error {
		id := k.id(e)
		if id == "" {
			return s.noID(e)
		}
		if _, twice := m.index[id]; twice {
			return nil
		}
		if len(m.groups) >= groupLimit {
			return connector.ErrIncomplete.With("ldap %q: more than %d groups; read fewer with option groups or group_filter", s.name, groupLimit)
		}
		n := m.add(id, e, k.primary(e))
		err := s.readMembers(e, nil, func(member key, _ string) {
			m.edges = append(m.edges, edge{member: member, group: n})
		})
		if err != nil {
			return err
		}
		r, err := s.entitlement(id, e)
		if err != nil {
			return err
		}
		return yield(connector.Record{Entitlement: r})
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(m.edges, compareEdges)
	m.edges = slices.CompactFunc(m.edges, func(a, b edge) bool { return a.member == b.member && a.group == b.group })
	return m, nil
}

func (m *membership) add(id string, e *goldap.Entry, primary []string) uint32 {
	n := uint32(len(m.groups)) //nolint:gosec // groupLimit
	m.groups = append(m.groups, group{id: id, dn: dnKey(e.DN), where: clean(e.DN)})
	m.index[id] = n
	for _, p := range primary {
		m.primary[p] = append(m.primary[p], n)
	}
	return n
}

func compareEdges(a, b edge) int {
	if c := bytes.Compare(a.member[:], b.member[:]); c != 0 {
		return c
	}
	return int(a.group) - int(b.group)
}

func (s *session) noID(e *goldap.Entry) error {
	if s.schema != schemaAuto {
		return connector.ErrPrivilege.With("ldap %q: the schema has no %s, or %q may not read it of %q, by which Writ knows an entry again; take option schema=%s away, or let it read operational attributes", s.name, s.kindOf().idAttribute, clean(s.bindDN), clean(e.DN), s.schema)
	}
	return connector.ErrPrivilege.With("ldap %q: %q may not read %s of %q, by which Writ knows an entry again; let it read operational attributes", s.name, clean(s.bindDN), s.kindOf().idAttribute, clean(e.DN))
}

// readMembers calls f with each member of a group. AD hands out long lists in parts,
// which are asked for one by one ([MS-ADTS] 3.1.1.3.1.3.3), with the controls that
// the first one was asked for with.
func (s *session) readMembers(e *goldap.Entry, controls []goldap.Control, f func(member key, name string)) error {
	if err := s.shown(e); err != nil {
		return err
	}
	for part, next := e, 0; part != nil; {
		from, open := next, false // each part ends further on than it began, or it would never end
		for _, a := range part.Attributes {
			name, spread, ranged := strings.Cut(strings.ToLower(a.Name), ";range=")
			for _, v := range a.Values {
				member(name, v, f)
			}
			if !ranged || strings.HasSuffix(spread, "-*") {
				continue
			}
			end, ok := rangeEnd(spread, from)
			if !ok || len(a.Values) == 0 {
				return connector.ErrIncomplete.With("ldap %q: the members of %q end in a range that makes no sense: %q", s.name, clean(e.DN), clean(a.Name))
			}
			next, open = end+1, true
		}
		if !open {
			return nil
		}
		var err error
		if part, err = s.entryWith(controls, "reading the members of a group", e.DN, fmt.Sprintf("member;range=%d-*", next)); err != nil {
			return err
		}
		if part == nil {
			return connector.ErrIncomplete.With("ldap %q: group %q went while its members were read; try again", s.name, clean(e.DN))
		}
	}
	return nil
}

// member calls f with whom a value of an attribute names, if it names anybody.
func member(attribute, value string, f func(member key, name string)) {
	switch attribute {
	case "member":
		f(dnKey(value), value)
	case "uniquemember":
		f(dnKey(withoutUID(value)), withoutUID(value))
	case "memberuid":
		f(uidKey(value), value)
	}
}

// rangeEnd is where a part of a list ends that begins where the last one ended; not
// ok where it does not lead on.
func rangeEnd(spread string, from int) (end int, ok bool) {
	first, last, _ := strings.Cut(spread, "-")
	begin, err := strconv.Atoi(first)
	if err != nil || begin != from {
		return 0, false
	}
	end, err = strconv.Atoi(last)
	return end, err == nil && end >= from && end < math.MaxInt
}

// demanded are the attributes of members without which a class takes no group.
var demanded = map[string]string{"groupOfNames": "member", "groupOfUniqueNames": "uniqueMember"}

// shown refuses a group without a member whose class demands one: somebody is in it
// whom Writ may not see, so that it is not empty.
func (s *session) shown(e *goldap.Entry) error {
	for class, attribute := range demanded {
		if hasClass(e, class) && len(e.GetEqualFoldAttributeValues(attribute)) == 0 {
			return s.hidden(class, attribute, e.DN)
		}
	}
	return nil
}

func (s *session) hidden(class, attribute, dn string) error {
	return connector.ErrPrivilege.With("ldap %q: %q, a %s, shows no member, and its class demands one: %q may not see them; let it read %s, or leave the group out with option group_filter", s.name, clean(dn), class, clean(s.bindDN), attribute)
}

// of calls f with every group that a member is in, each once.
func (m *membership) of(k key, f func(group uint32)) {
	i, _ := slices.BinarySearchFunc(m.edges, k, func(e edge, k key) int { return bytes.Compare(e.member[:], k[:]) })
	for ; i < len(m.edges) && m.edges[i].member == k; i++ {
		m.edges[i].met = true
		f(m.edges[i].group)
	}
}

// nested are the grants of groups to groups.
func (m *membership) nested(yield func(connector.Record) error) error {
	for _, g := range m.groups {
		var err error
		m.of(g.dn, func(in uint32) {
			if err == nil {
				err = yield(connector.Record{Grant: &connector.Grant{
					Holder: connector.Target{Kind: connector.OnEntitlement, ID: g.id}, Entitlement: m.groups[in].id,
				}})
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// dangling are warnings of members who are not below the bases, or not there at all.
func (m *membership) dangling(yield func(connector.Record) error) error {
	for _, e := range m.edges {
		if !e.met {
			m.groups[e.group].missing++
		}
	}
	for _, g := range m.groups {
		if g.missing == 0 {
			continue
		}
		err := yield(connector.Record{Reject: &connector.Reject{Where: g.where, Reason: fmt.Sprintf(
			"%d of its members are gone, are no accounts or groups, or lie where this sync does not look", g.missing)}})
		if err != nil {
			return err
		}
	}
	return nil
}

// digest tells whether a cursor is of the same groups with the same members.
func (m *membership) digest() [sha256.Size]byte {
	sum := sha256.New()
	for _, g := range m.groups {
		_, _ = fmt.Fprintf(sum, "%s %x\n", g.id, g.dn)
	}
	for _, e := range m.edges {
		_, _ = fmt.Fprintf(sum, "%x %d\n", e.member, e.group)
	}
	return [sha256.Size]byte(sum.Sum(nil))
}

func (s *session) entitlement(id string, e *goldap.Entry) (*connector.Entitlement, error) {
	r := &connector.Entitlement{ID: id, Kind: "group", Name: s.kindOf().groupName(e), Description: first(e, "description")}
	if r.Name == "" {
		r.Name = clean(e.DN)
	}
	// Other systems name a directory's group by its DN or its short name; an
	// entitlement has no attributes, so both stand in its description.
	about := "dn: " + clean(e.DN)
	if short := first(e, "sAMAccountName"); short != "" {
		about += "; sAMAccountName: " + short
	}
	if gid := first(e, "gidNumber"); gid != "" {
		about += "; gidNumber: " + gid
	}
	if r.Description != "" {
		about = r.Description + " (" + about + ")"
	}
	r.Description = clean(about)
	if s.root.ad {
		r.Capabilities = capabilitiesOf(sid(rawFirst(e, "objectSid")))
		r.Kind = adGroupKind(e)
	}
	if s.admins != "" && sameDN(s.admins) == sameDN(e.DN) {
		r.Capabilities = capabilities(allOfIt...)
	}
	var err error
	r.Owner, err = s.ownerOf(e)
	return r, err
}

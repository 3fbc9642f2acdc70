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
	found := map[string]connector.Where{}
	trees := s.root.contexts
	if s.root.ad {
		trees = []string{s.root.domain}
	}
	sees := true
	for _, tree := range trees {
		if tree == "" {
			continue
		}
		root, err := s.entry("looking at the root of the tree", tree, s.kindOf().idAttribute)
		if err != nil {
			return nil, err
		}
		if below(s.base, tree) || below(s.users, tree) || below(s.groups, tree) {
			sees = sees && root != nil && s.kindOf().id(root) != ""
		}
		if root == nil {
			continue
		}
		for chunk := range slices.Chunk(ids, idsPerQuery) {
			if err := s.locate(tree, chunk, found); err != nil {
				return nil, err
			}
		}
	}
	for _, id := range ids {
		if _, ok := found[id]; !ok && sees {
			found[id] = connector.Where{State: connector.Deleted}
		}
	}
	return found, nil
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

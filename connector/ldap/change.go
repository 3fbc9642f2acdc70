package ldap

import (
	"slices"
	"strconv"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/writhq/writ/connector"
)

// How often, and for how many, what changed under the sync is read again.
const (
	rounds      = 5
	changeLimit = 10_000
)

// mark is the directory's own count of its changes: highestCommittedUSN, or the
// contextCSN of the tree. "" where it keeps none.
func (s *session) mark() (string, error) {
	const doing = "asking for the number of the last change"
	if s.root.ad {
		e, err := s.entry(doing, "", "highestCommittedUSN")
		if err != nil || e == nil {
			return "", err
		}
		return e.GetEqualFoldAttributeValue("highestCommittedUSN"), nil
	}
	for _, context := range s.root.contexts {
		if !below(s.base, context) {
			continue
		}
		e, err := s.entry(doing, context, "contextCSN")
		if err != nil || e == nil {
			return "", err
		}
		list := e.GetEqualFoldAttributeValues("contextCSN")
		slices.Sort(list)
		return strings.Join(list, " "), nil
	}
	return "", nil
}

// since is a filter for what changed behind a mark; "" where it says nothing.
// With several suppliers, the oldest of their marks counts.
func (s *session) since(mark string) string {
	if s.root.ad {
		n, err := strconv.ParseInt(mark, 10, 64)
		if err != nil {
			return ""
		}
		return "(uSNChanged>=" + strconv.FormatInt(n+1, 10) + ")"
	}
	oldest, _, _ := strings.Cut(mark, " ")
	if oldest == "" {
		return ""
	}
	return "(&(entryCSN>=" + goldap.EscapeFilter(oldest) + ")(!(entryCSN=" + goldap.EscapeFilter(oldest) + ")))"
}

// catchUp reads again what changed while the directory was read. What was yielded
// stays, as of when it was read; what is yielded again counts over it.
func (r *reading) catchUp(mark string) error {
	for range rounds {
		now, err := r.mark()
		if err != nil || now == mark {
			return err
		}
		since := r.since(mark)
		if since == "" {
			return nil
		}
		again, err := r.changedGroups(since)
		if err != nil {
			return err
		}
		if err := r.changedAccounts(since, again); err != nil {
			return err
		}
		mark = now
	}
	return nil // it never stands still; what was read last is at most seconds old
}

// changedGroups reads groups again, and says who came to light in them.
func (r *reading) changedGroups(since string) (members []string, err error) {
	q := r.groupQuery()
	q.doing, q.filter = "reading groups that changed meanwhile", "(&"+q.filter+since+")"
	var changed []*goldap.Entry
	err = r.pages(q, nil, func(e *goldap.Entry) error {
		id := r.k.id(e)
		if id == "" {
			return r.noID(e)
		}
		n, known := r.in.index[id]
		if !known {
			n = r.in.add(id, e, r.k.primary(e))
		}
		r.in.groups[n].dn = dnKey(e.DN)
		about, err := r.entitlement(id, e)
		if err != nil {
			return err
		}
		if err := r.give(connector.Record{Entitlement: about}); err != nil {
			return err
		}
		err = r.readMembers(e, nil, func(k key, name string) {
			x := edge{member: k, group: n, met: true} // whom it is, is looked up below
			if _, known := slices.BinarySearchFunc(r.in.edges, x, compareEdges); !known {
				members = append(members, name)
			}
		})
		changed = append(changed, &goldap.Entry{DN: e.DN, Attributes: e.Attributes[:0]})
		if len(members)+len(changed) > changeLimit {
			return r.restless()
		}
		return err
	})
	for _, e := range changed {
		if err == nil {
			err = r.nestedAgain(e.DN)
		}
	}
	return members, err
}

func (r *reading) restless() error {
	return connector.ErrIncomplete.With("ldap %q: more than %d accounts, groups and memberships changed while the directory was read, nothing of it counts; try at a quieter time", r.name, changeLimit)
}

// nestedAgain yields what a group holds, if there is a group with that name.
func (r *reading) nestedAgain(dn string) error {
	q := r.groupQuery()
	q.base, q.scope = dn, goldap.ScopeBaseObject
	e, err := r.one(q)
	if err != nil || e == nil {
		return err
	}
	holder := r.k.id(e)
	if _, known := r.in.index[holder]; !known {
		return nil
	}
	groups, err := r.groupsOf(e)
	for _, g := range groups {
		if err == nil {
			err = r.give(connector.Record{Grant: &connector.Grant{
				Holder: connector.Target{Kind: connector.OnEntitlement, ID: holder}, Entitlement: r.in.groups[g].id,
			}})
		}
	}
	return err
}

// changedAccounts reads accounts again that changed, or that a group took in.
func (r *reading) changedAccounts(since string, members []string) error {
	q := r.accountQuery()
	q.doing, q.filter = "reading accounts that changed meanwhile", "(&"+q.filter+since+")"
	var entries []*goldap.Entry
	keep := func(e *goldap.Entry) error {
		if entries = append(entries, e); len(entries) > changeLimit {
			return r.restless()
		}
		return nil
	}
	if err := r.pages(q, nil, keep); err != nil {
		return err
	}
	for _, m := range members {
		if err := r.metAgain(m, keep); err != nil {
			return err
		}
	}
	for _, e := range entries {
		groups, err := r.groupsOf(e)
		if err != nil {
			return err
		}
		if err := r.account(e, groups...); err != nil {
			return err
		}
	}
	return nil
}

// metAgain hands on the accounts that a group's name for a member is of; a group it
// yields.
func (r *reading) metAgain(name string, keep func(*goldap.Entry) error) error {
	q := r.accountQuery()
	q.doing = "reading what changed meanwhile"
	if _, err := goldap.ParseDN(name); err != nil {
		return r.pages(r.byUID(q, name), nil, func(e *goldap.Entry) error {
			if !hasUID(e, name) {
				return nil
			}
			return keep(e)
		})
	}
	if !below(name, r.users) {
		return nil
	}
	q.base, q.scope = name, goldap.ScopeBaseObject
	e, err := r.one(q)
	switch {
	case err != nil:
		return err
	case e != nil:
		return keep(e)
	}
	return r.nestedAgain(name)
}

// one reads the entry that a query is for; nil where there is none.
func (r *reading) one(q query) (found *goldap.Entry, err error) {
	request := goldap.NewSearchRequest(q.base, q.scope, goldap.NeverDerefAliases, 0, 0, false, q.filter, q.attributes, nil)
	result, err := r.search(request)
	switch code := codeOf(err); {
	case err != nil && (code == goldap.LDAPResultNoSuchObject || code == goldap.LDAPResultInvalidDNSyntax || code == goldap.LDAPResultReferral):
		return nil, nil //nolint:nilnil // nothing there is an answer
	case err != nil:
		return nil, r.failed("reading what changed meanwhile", err)
	case len(result.Entries) == 0:
		return nil, nil //nolint:nilnil // nothing there is an answer
	}
	return result.Entries[0], nil
}

// groupsOf asks the server which groups name an entry: what is known by its DN is
// of no use once that has changed.
func (r *reading) groupsOf(e *goldap.Entry) (list []uint32, err error) {
	named := ""
	for _, attribute := range r.memberAttributes() {
		for _, v := range memberValues(attribute, e) {
			named += "(" + attribute + "=" + goldap.EscapeFilter(v) + ")"
		}
	}
	q := r.groupQuery()
	q.doing, q.filter, q.attributes = "asking for the groups of an account", "(&"+q.filter+"(|"+named+"))", []string{r.k.idAttribute}
	err = r.pages(q, nil, func(e *goldap.Entry) error {
		if g, known := r.in.index[r.k.id(e)]; known {
			list = append(list, g)
		}
		return nil
	})
	return list, err
}

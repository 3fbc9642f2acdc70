package ldap

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/writhq/writ/connector"
)

// followLimit is how many groups and accounts are followed one by one: each costs a
// question or two, so that reading all is soon the quicker way.
const followLimit = 10_000

// containerLimit is how many other entries that changed may have taken what is below
// them along.
const containerLimit = 200

// Changes yields what changed since a mark. Who is gone shows in the ids of all that
// is there: no server tells it for certain to everybody who may read. An entry that moves takes those below it along without a change of their own, so what
// lies below a changed entry counts as changed.
func (d *Directory) Changes(ctx context.Context, mark string, again []string) iter.Seq2[connector.Record, error] {
	return func(yield func(connector.Record, error) bool) {
		if err := d.changes(ctx, mark, again, yield); err != nil && !errors.Is(err, errEnough) {
			yield(connector.Record{}, err)
		}
	}
}

// following is one reading of what changed.
type following struct {
	*reading
	was, now standing
	since    string              // the filter for what changed
	names    *names              // of all that is there
	told     map[string]bool     // native ids
	primary  map[string][]string // groups by the number that names them
}

func (d *Directory) changes(ctx context.Context, mark string, again []string, yield func(connector.Record, error) bool) error {
	was, ok := parseStanding(mark)
	if !ok {
		return connector.ErrMark.With("ldap %q: the last reading left no mark that can be gone by", d.name)
	}
	s, err := d.connect(ctx)
	if err != nil {
		return err
	}
	defer s.end()
	f := &following{
		reading: &reading{session: s, k: s.kindOf(), yield: yield}, was: was,
		names: newNames(s.root.ad), told: map[string]bool{}, primary: map[string][]string{},
	}
	if f.now, err = s.standing(); err != nil {
		return err
	}
	why := was.passed(f.now)
	if f.since = s.since(was.Count); why == "" && f.since == "" {
		why = "the directory keeps no count of its changes"
	}
	if why != "" {
		return f.cannot(why)
	}
	return f.run(again)
}

func (f *following) cannot(why string) error {
	return connector.ErrMark.With("ldap %q: %s", f.name, why)
}

func (f *following) run(again []string) error {
	var groups, accounts []*goldap.Entry
	listed := f.now.Count != f.was.Count
	if listed {
		ok, err := f.present()
		if err == nil && !ok {
			err = f.list(true)
		}
		if err != nil {
			return err
		}
		if groups, accounts, err = f.changed(); err != nil {
			return err
		}
	}
	for _, e := range groups {
		if err := f.group(e); err != nil {
			return err
		}
	}
	quiet, err := f.withoutTrace(again)
	if err != nil {
		return err
	}
	for _, e := range append(accounts, quiet...) {
		if err := f.account(e); err != nil {
			return err
		}
	}
	return f.give(connector.Record{Mark: &connector.Mark{Text: f.now.String(), Listed: listed}})
}

// list asks for all that is there, and remembers by what names groups name it.
func (f *following) list(yield bool) error {
	groups := f.groupQuery()
	groups.doing, groups.attributes = "listing groups", []string{f.k.idAttribute}
	accounts := f.accountQuery()
	accounts.doing, accounts.attributes = "listing accounts", []string{f.k.idAttribute}
	if !f.root.ad {
		accounts.attributes = append(accounts.attributes, "uid", "gidNumber")
	}
	for kind, q := range map[connector.TargetKind]query{connector.OnEntitlement: groups, connector.OnAccount: accounts} {
		err := f.pages(q, nil, func(e *goldap.Entry) error {
			id := f.k.id(e)
			if id == "" {
				return f.noID(e)
			}
			f.names.add(kind, id, e)
			if !yield {
				return nil
			}
			return f.give(connector.Record{Present: &connector.Target{Kind: kind, ID: id}})
		})
		if err != nil {
			return err
		}
	}
	f.names.sort()
	f.names.all = true
	return nil
}

// changed are the groups, without their members, and the accounts that changed, or
// that lie below what did.
func (f *following) changed() (groups, accounts []*goldap.Entry, err error) {
	found, dns := map[string]bool{}, map[string]bool{}
	var above []string // what may have taken others along
	take := func(list *[]*goldap.Entry) func(e *goldap.Entry) error {
		return func(e *goldap.Entry) error {
			id := f.k.id(e)
			if id == "" {
				return f.noID(e)
			}
			if list == &groups {
				id = "group " + id // an entry can be an account, too
			}
			if found[id] {
				return nil
			}
			if found[id] = true; len(found) > followLimit {
				return f.cannot("more changed than is followed one by one")
			}
			if strings.EqualFold(e.GetEqualFoldAttributeValue("hasSubordinates"), "TRUE") {
				above = append(above, e.DN)
			}
			*list = append(*list, e)
			dns[sameDN(e.DN)] = true
			return nil
		}
	}
	gq, aq := f.followQueries()
	if err := f.pages(f.whichChanged(gq), nil, take(&groups)); err != nil {
		return nil, nil, err
	}
	if err := f.pages(f.whichChanged(aq), nil, take(&accounts)); err != nil {
		return nil, nil, err
	}
	others, err := f.containers(dns)
	if err != nil {
		return nil, nil, err
	}
	for _, dn := range append(others, above...) {
		for q, list := range map[*query]*[]*goldap.Entry{&gq: &groups, &aq: &accounts} {
			if !below(dn, q.base) {
				continue // another list of what is there misses what left
			}
			under := *q
			under.base = dn
			if err := f.pages(under, nil, take(list)); err != nil {
				return nil, nil, err
			}
		}
	}
	return groups, accounts, nil
}

func (f *following) followQueries() (groups, accounts query) {
	groups, accounts = f.groupQuery(), f.accountQuery()
	groups.doing, accounts.doing = "reading groups that changed", "reading accounts that changed"
	groups.attributes = slices.DeleteFunc(slices.Clone(groups.attributes), func(a string) bool { return slices.Contains(f.memberAttributes(), a) })
	if !f.root.ad {
		groups.attributes = append(groups.attributes, "hasSubordinates")
		accounts.attributes = append(slices.Clone(accounts.attributes), "hasSubordinates")
	}
	return groups, accounts
}

func (f *following) whichChanged(q query) query {
	q.filter = "(&" + q.filter + f.since + ")"
	return q
}

// containers are entries that changed and are neither of the groups nor accounts
// found, but for the bases: were their names others, nothing would be there. A filter
// cannot say that: with a class that the schema does not have, its opposite is as
// undefined as itself.
func (f *following) containers(found map[string]bool) (list []string, err error) {
	seen := map[string]bool{sameDN(f.users): true, sameDN(f.groups): true}
	for _, base := range []string{f.users, f.groups} {
		q := query{doing: "reading other entries that changed", base: base, scope: goldap.ScopeWholeSubtree, attributes: []string{"1.1"}, filter: f.since}
		err := f.pages(q, nil, func(e *goldap.Entry) error {
			if dn := sameDN(e.DN); !seen[dn] && !found[dn] {
				seen[dn] = true
				list = append(list, e.DN)
			}
			if len(list) > containerLimit {
				return f.cannot("more entries changed that others may lie below than are followed one by one")
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

// withoutTrace are accounts of which something changed that the directory does not
// count: time passed, or a replica of OpenLDAP noted a sign-in or a lock for itself.
func (f *following) withoutTrace(again []string) (list []*goldap.Entry, err error) {
	_, q := f.followQueries()
	q.doing = "reading accounts again"
	keep := func(e *goldap.Entry) error {
		if list = append(list, e); len(list) > followLimit {
			return f.cannot("more changed than is followed one by one")
		}
		return nil
	}
	for ids := range slices.Chunk(again, idsPerQuery) {
		one := q
		one.filter = "(&" + q.filter + f.anyOf(ids) + ")"
		if err := f.pages(one, nil, keep); err != nil {
			return nil, err
		}
	}
	if f.root.ad {
		return list, nil
	}
	at, _, _ := strings.Cut(f.was.Count, ".") // a change sequence number begins with its time
	at = goldap.EscapeFilter(strings.TrimSuffix(at, "Z") + "Z")
	q.filter = "(&" + q.filter + "(|(pwdAccountLockedTime=*)(authTimestamp>=" + at + ")(pwdLastSuccess>=" + at + ")))"
	return list, f.pages(q, nil, keep)
}

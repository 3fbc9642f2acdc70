package ldap

import (
	"slices"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/writhq/writ/connector"
)

// account yields an account with all that is its own, once.
func (f *following) account(e *goldap.Entry) error {
	id := f.k.id(e)
	switch {
	case id == "":
		return f.noID(e)
	case f.told[id]:
		return nil
	}
	f.told[id] = true
	if err := f.give(connector.Record{Account: f.k.account(e, id, f.reading.now())}); err != nil {
		return err
	}
	for _, c := range f.k.credentials(e, id) {
		if err := f.give(connector.Record{Credential: c}); err != nil {
			return err
		}
	}
	return f.holds(connector.Target{Kind: connector.OnAccount, ID: id}, e)
}

// group yields a group, what it holds, and who holds it.
func (f *following) group(e *goldap.Entry) error {
	id := f.k.id(e)
	about, err := f.entitlement(id, e)
	if err != nil {
		return err
	}
	if err := f.give(connector.Record{Entitlement: about}); err != nil {
		return err
	}
	if err := f.holds(connector.Target{Kind: connector.OnEntitlement, ID: id}, e); err != nil {
		return err
	}
	return f.members(id, e)
}

// holds yields all that an entry holds. The server is asked which groups name it,
// and by which number a primary group goes.
func (f *following) holds(holder connector.Target, e *goldap.Entry) error {
	if err := f.give(connector.Record{All: &connector.All{Holder: holder}}); err != nil {
		return err
	}
	isAccount := holder.Kind == connector.OnAccount
	named := "(member=" + goldap.EscapeFilter(e.DN) + ")"
	if !f.root.ad {
		named += "(uniqueMember=" + goldap.EscapeFilter(e.DN) + ")"
		for _, uid := range e.GetEqualFoldAttributeValues("uid") {
			if isAccount {
				named += "(memberUid=" + goldap.EscapeFilter(uid) + ")"
			}
		}
	}
	list, err := f.groupIDs("(|" + named + ")")
	if err != nil {
		return err
	}
	if isAccount {
		more, err := f.primaryGroups(e)
		if err != nil {
			return err
		}
		list = append(list, more...)
	}
	slices.Sort(list)
	for _, g := range slices.Compact(list) {
		if err := f.give(connector.Record{Grant: &connector.Grant{Holder: holder, Entitlement: g}}); err != nil {
			return err
		}
	}
	return nil
}

func (f *following) groupIDs(filter string) (list []string, err error) {
	q := f.groupQuery()
	q.doing, q.filter, q.attributes = "asking for the groups of an entry", "(&"+q.filter+filter+")", []string{f.k.idAttribute}
	err = f.pages(q, nil, func(e *goldap.Entry) error {
		id := f.k.id(e)
		if id == "" {
			return f.noID(e)
		}
		list = append(list, id)
		return nil
	})
	return list, err
}

// primaryGroups are the groups that go by the number that an account has.
func (f *following) primaryGroups(e *goldap.Entry) (list []string, err error) {
	number := f.k.primaryOf(e)
	if number == "" {
		return nil, nil
	}
	filter := "(&(objectClass=posixGroup)(gidNumber=" + goldap.EscapeFilter(number) + "))"
	if f.root.ad {
		filter = "(objectSid=" + goldap.EscapeFilter(number) + ")"
	}
	list, known := f.primary[filter]
	if !known {
		if list, err = f.groupIDs(filter); err != nil {
			return nil, err
		}
		f.primary[filter] = list
	}
	return list, nil
}

package ldap

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// Apply makes one change. What is so already stays untouched, and what the server
// took is read back before it counts.
func (d *Directory) Apply(ctx context.Context, x connector.Change) error {
	if err := d.possible(x); err != nil {
		return err
	}
	s, err := d.connect(ctx)
	if err != nil {
		return err
	}
	defer s.end()
	if isLife(x.Kind) {
		return s.applyLife(x)
	}
	now, err := s.state(x)
	if err != nil || now.done(x) {
		return err
	}
	modify, err := s.modification(x, now)
	if err != nil {
		return err
	}
	if err := s.modify(modify); err != nil {
		return s.refused(x, err)
	}
	if now, err = s.state(x); err == nil && !now.done(x) {
		return connector.ErrPrivilege.With("ldap %q: the server took the change and does not show it; check that %q may read what it may write, and that a replica is not asked", s.name, clean(s.bindDN))
	}
	return err
}

// ReadBack reports whether the directory now shows the change.
func (d *Directory) ReadBack(ctx context.Context, x connector.Change) (bool, error) {
	if err := d.possible(x); err != nil {
		return false, err
	}
	s, err := d.connect(ctx)
	if err != nil {
		return false, err
	}
	defer s.end()
	if isLife(x.Kind) {
		return s.readBackLife(x)
	}
	now, err := s.state(x)
	return err == nil && now.done(x), err
}

func (d *Directory) unsupported(why string) error {
	return connector.ErrUnsupported.With("ldap %q: %s", d.name, why)
}

// possible refuses what no directory can do.
func (d *Directory) possible(x connector.Change) error {
	if err := Spec().Check(d.name, x); err != nil {
		return err
	}
	if x.Kind != connector.AddGrant && x.Kind != connector.RemoveGrant {
		return nil
	}
	g := x.Grant
	holder := g.Holder.Kind == connector.OnAccount || g.Holder.Kind == connector.OnEntitlement
	if !holder || g.Resource != "" || g.Mode != access.Standing || g.Flags != 0 || g.Start != 0 || g.End != 0 {
		return d.unsupported("an account or a group is in a group or is not; there are no options, resources or times")
	}
	return nil
}

// state is what the directory has of what a change is about.
type state struct {
	holder, group *goldap.Entry // nil where there is none
	in            []naming      // how the group names the holder
	primary       bool          // the group is the holder's primary one
	disabled      bool
}

// naming is a value of a group that makes somebody a member.
type naming struct{ attribute, value string }

func (n state) done(x connector.Change) bool {
	switch x.Kind {
	case connector.AddGrant:
		return len(n.in) > 0 || n.primary
	case connector.RemoveGrant:
		return len(n.in) == 0 && !n.primary
	case connector.DisableAccount:
		return n.holder == nil || n.disabled
	case connector.EnableAccount:
		return n.holder != nil && !n.disabled
	case connector.CreateAccount, connector.UpdateAccount, connector.DeleteAccount, connector.EndSessions: // see life
	}
	return false
}

func (s *session) state(x connector.Change) (n state, err error) {
	k := s.kindOf()
	switch {
	case x.Kind == connector.DisableAccount || x.Kind == connector.EnableAccount:
		n.holder, err = s.sought(s.users, k.accounts, x.Account, append([]string{s.markAttribute()}, k.accountAttributes...))
		if err == nil && n.holder != nil {
			n.disabled, err = s.disabled(n.holder), x.Owned(Kind, s.name, s.markOf(n.holder))
		}
		return n, err
	case x.Grant.Holder.Kind == connector.OnAccount:
		n.holder, err = s.sought(s.users, k.accounts, x.Grant.Holder.ID, k.accountAttributes)
	default:
		n.holder, err = s.sought(s.groups, k.groups, x.Grant.Holder.ID, []string{"cn"})
	}
	if err != nil {
		return n, err
	}
	// Not the members: there may be a million.
	n.group, err = s.sought(s.groups, k.groups, x.Grant.Entitlement, []string{"objectClass", "gidNumber", "objectSid"})
	if err != nil || n.group == nil || n.holder == nil {
		return n, err
	}
	if x.Grant.Holder.Kind == connector.OnAccount {
		primary := k.primaryOf(n.holder)
		n.primary = primary != "" && slices.Contains(k.primary(n.group), primary)
	}
	n.in, err = s.namings(n.holder, n.group)
	return n, err
}

// namings are all the ways in which a group names a holder.
func (s *session) namings(holder, group *goldap.Entry) (list []naming, err error) {
	for _, attribute := range s.memberAttributes() {
		for _, value := range memberValues(attribute, holder) {
			is, err := s.matches(group, attribute+"="+goldap.EscapeFilter(value))
			if err != nil {
				return nil, err
			}
			if is {
				list = append(list, naming{attribute, value})
			}
		}
	}
	if len(list) > 0 {
		return list, nil
	}
	for class, attribute := range demanded {
		if !hasClass(group, class) {
			continue
		}
		if is, err := s.matches(group, attribute+"=*"); err != nil || !is {
			return nil, cmp.Or(err, s.hidden(class, attribute, group.DN))
		}
	}
	return nil, nil
}

// matches reports whether an entry passes a filter.
func (s *session) matches(e *goldap.Entry, filter string) (bool, error) {
	request := goldap.NewSearchRequest(e.DN, goldap.ScopeBaseObject, goldap.NeverDerefAliases, 0, 0, false, "("+filter+")", []string{"1.1"}, nil)
	found, err := s.search(request)
	if err != nil {
		return false, s.failed("reading a membership", err)
	}
	return len(found.Entries) > 0, nil
}

func (s *session) memberAttributes() []string {
	if s.root.ad {
		return []string{"member"}
	}
	return []string{"member", "uniqueMember", "memberUid"}
}

// memberValues are how an attribute of a group can name a holder.
func memberValues(attribute string, holder *goldap.Entry) []string {
	if attribute == "memberUid" {
		return holder.GetEqualFoldAttributeValues("uid")
	}
	return []string{holder.DN}
}

// sought looks an entry up by its native id; nil where it is deleted. One that is
// elsewhere, or may be, has what it had: of it no change is done.
func (s *session) sought(base, filter, id string, attributes []string) (*goldap.Entry, error) {
	e, err := s.find(base, filter, id, attributes)
	if e != nil || err != nil || s.kindOf().byID(id) == "" {
		return e, err
	}
	where, err := s.whereabouts([]string{id})
	if err != nil {
		return nil, err
	}
	switch w := where[id]; w.State {
	case connector.Deleted:
		return nil, nil //nolint:nilnil // nothing there is an answer
	case connector.OutOfSight:
		return nil, s.unsupported("the account or group is now " + strconv.Quote(w.At) + ", where Writ does not look, and has what it had; widen option users or groups, or change it there by hand")
	case connector.Unknown:
	}
	return nil, connector.ErrPrivilege.With("ldap %q: the account or group %s is not where Writ looks, and %q may not look everywhere else, so what it has is unknown; let it read the whole tree and its root", s.name, id, clean(s.bindDN))
}

// find looks an entry up by its native id; nil where there is none.
func (s *session) find(base, filter, id string, attributes []string) (found *goldap.Entry, err error) {
	by := s.kindOf().byID(id)
	if by == "" {
		return nil, nil //nolint:nilnil // nothing there is an answer
	}
	q := query{doing: "looking an entry up", base: base, scope: goldap.ScopeWholeSubtree, filter: "(&" + by + filter + ")", attributes: attributes}
	err = s.pages(q, nil, func(e *goldap.Entry) error {
		found = e
		return nil
	})
	return found, err
}

func (s *session) disabled(e *goldap.Entry) bool {
	if s.root.ad {
		return number(first(e, "userAccountControl"))&uacDisabled != 0
	}
	if s.lock == lockPolicy {
		return e.GetEqualFoldAttributeValue("pwdAccountLockedTime") == lockedForGood
	}
	n, ok := days(first(e, "shadowExpire"))
	return ok && n == shadowDisabled
}

// modification is what makes the change, from the state as it is.
func (s *session) modification(x connector.Change, n state) (*goldap.ModifyRequest, error) {
	switch {
	case n.holder == nil:
		return nil, s.unsupported("the directory has no such account or group")
	case x.Kind == connector.DisableAccount && s.isMe(n.holder):
		return nil, s.unsupported("Writ itself signs in as that account and would lock itself out")
	case x.Kind == connector.DisableAccount || x.Kind == connector.EnableAccount:
		return s.switching(n.holder, x.Kind == connector.DisableAccount)
	case n.group == nil:
		return nil, s.unsupported("the directory has no such group")
	case x.Kind == connector.RemoveGrant && n.primary:
		return nil, s.unsupported("the group is the account's primary group; give it another one first")
	}
	m := goldap.NewModifyRequest(n.group.DN, nil)
	if x.Kind == connector.RemoveGrant {
		for _, is := range n.in {
			m.Delete(is.attribute, []string{is.value})
		}
		return m, nil
	}
	attribute := "member"
	switch {
	case s.root.ad || hasClass(n.group, "groupOfNames", "groupOfMembers"):
	case hasClass(n.group, "groupOfUniqueNames"):
		attribute = "uniqueMember"
	default:
		attribute = "memberUid"
	}
	if attribute == "memberUid" && x.Grant.Holder.Kind != connector.OnAccount {
		return nil, s.unsupported("a posixGroup has accounts only, no groups")
	}
	values := memberValues(attribute, n.holder)
	if len(values) == 0 {
		return nil, s.unsupported("the account has no uid, by which a posixGroup names its members")
	}
	m.Add(attribute, values[:1])
	return m, nil
}

func (s *session) isMe(e *goldap.Entry) bool {
	me := s.bindDN
	if sameDN(me) == sameDN(e.DN) || strings.EqualFold(me, first(e, "userPrincipalName")) {
		return true
	}
	short := me[strings.LastIndexByte(me, '\\')+1:]
	short, _, _ = strings.Cut(short, "@")
	return s.root.ad && strings.EqualFold(short, first(e, "sAMAccountName"))
}

// switching disables or enables. In AD the old value is taken away with the same
// request, so that a change that somebody else made meanwhile is not undone.
func (s *session) switching(e *goldap.Entry, off bool) (*goldap.ModifyRequest, error) {
	m := goldap.NewModifyRequest(e.DN, nil)
	switch {
	case s.root.ad:
		was, err := strconv.ParseInt(first(e, "userAccountControl"), 10, 64)
		if err != nil {
			return nil, s.unsupported("the account has no userAccountControl: it is another domain's")
		}
		m.Delete("userAccountControl", []string{strconv.FormatInt(was, 10)})
		m.Add("userAccountControl", []string{strconv.FormatInt(was^uacDisabled, 10)})
	case s.lock == lockPolicy && off:
		m.Replace("pwdAccountLockedTime", []string{lockedForGood})
	case s.lock == lockPolicy:
		m.Delete("pwdAccountLockedTime", nil)
	case !hasClass(e, "shadowAccount"):
		return nil, s.unsupported("the account is no shadowAccount, which has a day on which it ends; add the class, or set option lock=ppolicy where the directory keeps a password policy")
	case off:
		m.Replace("shadowExpire", []string{strconv.Itoa(shadowDisabled)})
	default:
		m.Delete("shadowExpire", nil)
	}
	return m, nil
}

// refused turns what the server said to a change into what a user can do.
func (s *session) refused(x connector.Change, err error) error {
	switch codeOf(err) {
	case goldap.LDAPResultAttributeOrValueExists, goldap.LDAPResultNoSuchAttribute, goldap.LDAPResultEntryAlreadyExists:
		// Somebody else made the change meanwhile, or one that contradicts it.
		if now, again := s.state(x); again == nil && now.done(x) {
			return nil
		}
	case goldap.LDAPResultInsufficientAccessRights:
		return connector.ErrPrivilege.With("ldap %q: %q may not make this change; let it write the group's members, or what disables accounts", s.name, clean(s.bindDN)).Because(err)
	case goldap.LDAPResultObjectClassViolation:
		return connector.ErrUnsupported.With("ldap %q: the change would break the entry's class: a groupOfNames keeps at least one member", s.name).Because(err)
	case goldap.LDAPResultUnwillingToPerform, goldap.LDAPResultConstraintViolation, goldap.LDAPResultUndefinedAttributeType:
		return connector.ErrUnsupported.With("ldap %q: the server does not do this change", s.name).Because(err)
	}
	return s.failed("changing access", err)
}

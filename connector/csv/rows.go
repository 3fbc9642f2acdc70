package csv

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

func readResource(f *file) (connector.Record, error) {
	r := connector.Resource{ID: f.get("id"), Kind: f.get("kind"), Name: f.get("name"), Parent: f.get("parent"), DataClass: access.DataClass(f.get("data_class"))}
	if r.ID == "" || r.Name == "" {
		return connector.Record{}, errRow{"a resource needs an id and a name"}
	}
	if !slices.Contains([]access.DataClass{"", access.Public, access.Internal, access.Confidential, access.Restricted}, r.DataClass) {
		return connector.Record{}, errRow{fmt.Sprintf("data_class %q is not public, internal, confidential or restricted", r.DataClass)}
	}
	return connector.Record{Resource: &r}, nil
}

func readEntitlement(f *file) (connector.Record, error) {
	e := connector.Entitlement{ID: f.get("id"), Kind: f.get("kind"), Name: f.get("name"), Description: f.get("description"), Resource: f.get("resource"), Owner: f.get("owner"), Conflicts: list(f.get("conflicts"))}
	if e.ID == "" || e.Kind == "" || e.Name == "" {
		return connector.Record{}, errRow{"an entitlement needs an id, a kind and a name"}
	}
	for _, text := range list(f.get("capabilities")) {
		c, err := capability(text)
		if err != nil {
			return connector.Record{}, err
		}
		e.Capabilities = append(e.Capabilities, c)
	}
	return connector.Record{Entitlement: &e}, nil
}

// capability reads right@kind:id, or right@kind@system:id of a thing of another
// system.
func capability(text string) (connector.Capability, error) {
	right, target, ok := strings.Cut(text, "@")
	kind, id, ok2 := strings.Cut(target, ":")
	kind, system, elsewhere := strings.Cut(kind, "@")
	if elsewhere && (system == "" || id == "" || kind != string(connector.OnAccount) && kind != string(connector.OnEntitlement)) {
		return connector.Capability{}, errRow{fmt.Sprintf("capability %q: of another system, only an account or an entitlement can be named, as in impersonate@account@db1:ana", text)}
	}
	if !ok || !ok2 || !slices.Contains(access.Rights, access.Right(right)) ||
		!slices.Contains([]connector.TargetKind{connector.OnSystem, connector.OnResource, connector.OnAccount, connector.OnEntitlement}, connector.TargetKind(kind)) {
		return connector.Capability{}, errRow{fmt.Sprintf("capability %q is not right@kind:id, such as read_sensitive@resource:payroll", text)}
	}
	return connector.Capability{Right: access.Right(right), On: connector.Target{Kind: connector.TargetKind(kind), ID: id, System: system}}, nil
}

// openedBy reads system:login;…, the accounts of other systems with which one
// signs in as this one.
func openedBy(text string) (targets []connector.Target, err error) {
	for _, one := range list(text) {
		system, login, ok := strings.Cut(one, ":")
		if !ok || system == "" || login == "" {
			return nil, errRow{fmt.Sprintf("opened_by %q is not system:login, such as corp:ana", one)}
		}
		targets = append(targets, connector.Target{Kind: connector.OnAccount, ID: login, System: system})
	}
	return targets, nil
}

func readAccount(f *file) (connector.Record, error) {
	a := connector.Account{
		ID: f.get("id"), Login: f.get("login"), DisplayName: f.get("display_name"), Email: f.get("email"), Number: f.get("number"),
		Kind: access.AccountKind(f.get("kind")), Status: access.AccountStatus(f.get("status")),
	}
	if a.ID == "" || a.Login == "" {
		return connector.Record{}, errRow{"an account needs an id and a login"}
	}
	if a.Kind != "" && !slices.Contains(access.AccountKinds, a.Kind) {
		return connector.Record{}, errRow{fmt.Sprintf("account kind %q is not known", a.Kind)}
	}
	switch a.Status {
	case "":
		a.Status = access.Enabled
	case access.Enabled, access.Disabled, access.Locked, access.Expired:
	default:
		return connector.Record{}, errRow{fmt.Sprintf("status %q is not enabled, disabled, locked or expired", a.Status)}
	}
	if mark := f.get("mark"); mark != "" {
		a.Attributes = map[string]string{"mark": mark}
	}
	var err error
	if a.OpenedBy, err = openedBy(f.get("opened_by")); err != nil {
		return connector.Record{}, err
	}
	d := dates{f: f}
	a.Interactive = d.flag("interactive", true)
	a.Created, a.Expires, a.LastUsed = d.time("created"), d.time("expires"), d.time("last_used")
	a.UsageKnown = d.flag("usage_known", f.get("last_used") != "") // who gives a date knows it
	return connector.Record{Account: &a}, d.err
}

func readCredential(f *file) (connector.Record, error) {
	c := connector.Credential{Account: f.get("account"), Kind: access.CredentialKind(f.get("kind")), Fingerprint: f.get("fingerprint"), Algorithm: f.get("algorithm"), Options: f.get("options")}
	if c.Account == "" || !slices.Contains(access.CredentialKinds, c.Kind) {
		return connector.Record{}, errRow{"a credential needs an account and the kind password, ssh_key, token or certificate"}
	}
	if c.Kind != access.Password && c.Fingerprint == "" {
		return connector.Record{}, errRow{"a key, token or certificate needs a fingerprint"}
	}
	d := dates{f: f}
	c.Changed, c.LastUsed = d.time("changed"), d.time("last_used")
	return connector.Record{Credential: &c}, d.err
}

var flags = map[string]access.GrantFlags{
	"admin_option": access.AdminOption, "no_inherit": access.NoInherit, "implicit": access.Implicit, "no_password": access.NoPassword,
}

func readGrant(f *file) (connector.Record, error) {
	g := connector.Grant{
		Holder:      connector.Target{Kind: connector.TargetKind(f.get("holder_kind")), ID: f.get("holder"), System: f.get("holder_system")},
		Entitlement: f.get("entitlement"), Resource: f.get("resource"),
	}
	switch g.Holder.Kind {
	case connector.OnAccount, connector.OnEntitlement, connector.OnIdentity:
	default:
		return connector.Record{}, errRow{fmt.Sprintf("holder_kind %q is not account, entitlement or identity", g.Holder.Kind)}
	}
	if g.Holder.System != "" && g.Holder.Kind == connector.OnIdentity {
		return connector.Record{}, errRow{"an identity is of no system: leave holder_system empty"}
	}
	if g.Holder.ID == "" || g.Entitlement == "" {
		return connector.Record{}, errRow{"a grant needs a holder and an entitlement"}
	}
	if mode := f.get("mode"); mode != "" {
		if err := g.Mode.UnmarshalText([]byte(mode)); err != nil {
			return connector.Record{}, errRow{err.Error()}
		}
	}
	for _, name := range list(f.get("flags")) {
		flag, ok := flags[name]
		if !ok {
			return connector.Record{}, errRow{fmt.Sprintf("flag %q is not known", name)}
		}
		g.Flags |= flag
	}
	d := dates{f: f}
	g.Start, g.End, g.LastUsed = d.time("start"), d.time("end"), d.time("last_used")
	g.UsageKnown = d.flag("usage_known", f.get("last_used") != "")
	return connector.Record{Grant: &g}, d.err
}

// dates reads times and flags of a row and keeps the first that is wrong.
type dates struct {
	f   *file
	err error
}

func (d *dates) time(name string) access.Time {
	text := d.f.get(name)
	if text == "" {
		return 0
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t, err = time.Parse(time.RFC3339, text)
	}
	if err != nil && d.err == nil {
		d.err = errRow{fmt.Sprintf("%s %q is not a date such as 2026-11-23 or a time such as 2026-11-23T08:00:00Z", name, text)}
	}
	return access.TimeOf(t)
}

func (d *dates) flag(name string, without bool) bool {
	text := d.f.get(name)
	if text == "" {
		return without
	}
	v, err := strconv.ParseBool(text)
	if err != nil && d.err == nil {
		d.err = errRow{fmt.Sprintf("%s %q is not true or false", name, text)}
	}
	return v
}

func list(text string) []string {
	if text == "" {
		return nil
	}
	var out []string
	for part := range strings.SplitSeq(text, ";") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

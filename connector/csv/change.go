package csv

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// What can be set of an account: columns of accounts.csv.
const (
	setName   = "display_name"
	setEmail  = "email"
	setNumber = "number"
)

// gone is what stands for the mark of an account that is to be deleted.
const gone = "deleted"

// Apply writes a change down, once, for whoever makes it.
func (d *Folder) Apply(ctx context.Context, x connector.Change) error {
	if err := Spec().Check(d.cfg.Name, x); err != nil {
		return err
	}
	return d.append(ctx, func(lines []line) (line, error) {
		n, err := d.state(ctx, x, lines)
		if err != nil {
			return nil, err
		}
		if asked := n.asked(x); asked == askedSame || asked == askedNever && n.shows(x) {
			return nil, nil
		}
		if n.account == nil && x.Account != "" && x.Kind != connector.DeleteAccount && x.Kind != connector.DisableAccount {
			return nil, connector.ErrUnsupported.With("csv %q: accounts.csv has no such account", d.cfg.Name)
		}
		return n.line(x), nil
	})
}

// ReadBack reports whether the files show the change, and were written after it was
// asked for: what they say of before proves nothing.
func (d *Folder) ReadBack(ctx context.Context, x connector.Change) (bool, error) {
	if err := Spec().Check(d.cfg.Name, x); err != nil {
		return false, err
	}
	n, err := d.stateNow(ctx, x)
	if err != nil {
		return false, err
	}
	switch n.asked(x) {
	case askedOther:
		return false, nil
	case askedSame:
		return n.exported.After(n.last(x)) && n.shows(x), nil
	case askedNever:
	}
	return n.shows(x), nil
}

// Find is the account of a login.
func (d *Folder) Find(ctx context.Context, login string) (*connector.Found, error) {
	n, err := d.stateNow(ctx, connector.Change{Kind: connector.CreateAccount, New: &connector.NewAccount{Login: login}})
	if err != nil || n.account == nil {
		return nil, err
	}
	return n.found(), nil
}

func (d *Folder) stateNow(ctx context.Context, x connector.Change) (*state, error) {
	root, err := d.drop()
	if err != nil {
		return nil, err
	}
	defer root.Close() //nolint:errcheck // it was only read
	lines, err := d.lines(root)
	if err != nil {
		return nil, err
	}
	return d.state(ctx, x, lines)
}

// wish is what was last asked of one thing, and when.
type wish struct {
	value string
	at    time.Time
}

// state is what the files have of what a change is about, and what was asked before.
type state struct {
	account  *connector.Account // nil where there is none
	grants   []connector.Grant  // of the holder, of the entitlement
	exported time.Time          // when the file that shows the change was written
	wishes   map[string]wish
	made     map[string]string // by login, whose it was last asked for as
}

// state reads it. What could not be read is not gone.
func (d *Folder) state(ctx context.Context, x connector.Change, lines []line) (*state, error) {
	n := &state{wishes: map[string]wish{}, made: map[string]string{}}
	for _, l := range lines {
		if l["change"] == string(connector.CreateAccount) {
			n.made[l["login"]] = l["mark"]
		}
		for thing, value := range l.things() {
			n.wishes[thing] = wish{value, l.time()}
		}
	}
	grant := x.Kind == connector.AddGrant || x.Kind == connector.RemoveGrant
	file := accountsFile
	if grant {
		file = "grants.csv"
	}
	for i, info := range d.look() {
		if parts[i].name == file && info != nil {
			n.exported = info.ModTime()
		}
	}
	if n.exported.IsZero() {
		return nil, connector.ErrIncomplete.With("csv %q: the folder has no %s, so nobody knows what it would show", d.cfg.Name, file)
	}
	for r, err := range d.Discover(ctx, "") {
		if err != nil {
			return nil, err
		}
		if err := n.take(d, x, r); err != nil {
			return nil, err
		}
	}
	if n.account == nil {
		if was := n.wishes[lifeOf(x)].value; x.Kind == connector.CreateAccount && was != "" && was != gone {
			return n, x.Owned(Kind, d.cfg.Name, was)
		}
		return n, nil
	}
	if grant {
		return n, nil
	}
	return n, x.Owned(Kind, d.cfg.Name, n.mark())
}

// take keeps what a record says of the change.
func (n *state) take(d *Folder, x connector.Change, r connector.Record) error {
	switch {
	case r.Account != nil && (x.Account != "" && r.Account.ID == x.Account || x.New != nil && r.Account.Login == x.New.Login):
		if n.account != nil && n.account.ID != r.Account.ID {
			return connector.ErrTaken.With("csv %q: two accounts have that login; look whose they are", d.cfg.Name)
		}
		n.account = r.Account
	case r.Grant != nil && about(*r.Grant, x.Grant):
		n.grants = append(n.grants, *r.Grant)
	case r.Reject == nil:
	case strings.HasPrefix(r.Reject.Where, accountsFile+":") && (r.Reject.Object.ID == x.Account || x.New != nil),
		r.Reject.Holder.ID != "" && r.Reject.Holder.ID == x.Grant.Holder.ID:
		return connector.ErrIncomplete.With("csv %q: %s cannot be read (%s), and may be what the change is about; mend it in the program that exports", d.cfg.Name, r.Reject.Where, r.Reject.Reason)
	}
	return nil
}

func about(g, wanted connector.Grant) bool {
	return g.Holder == wanted.Holder && g.Entitlement == wanted.Entitlement && g.Resource == wanted.Resource
}

// mark is that of the account: what the file says or, where it does not say, whose it was
// asked for.
func (n *state) mark() string { return cmp.Or(n.account.Attributes["mark"], n.made[n.account.Login]) }

func (n *state) found() *connector.Found {
	a := n.account
	f := &connector.Found{ID: a.ID, Login: a.Login, Mark: n.mark(), Status: a.Status, Values: map[string]string{}}
	for name, value := range map[string]string{setName: a.DisplayName, setEmail: a.Email, setNumber: a.Number} {
		if value != "" {
			f.Values[name] = value
		}
	}
	return f
}

// shows reports whether the files have the change.
func (n *state) shows(x connector.Change) bool {
	switch x.Kind {
	case connector.AddGrant:
		return slices.ContainsFunc(n.grants, func(g connector.Grant) bool { return g.Mode == x.Grant.Mode && g.Flags&x.Grant.Flags == x.Grant.Flags })
	case connector.RemoveGrant:
		return len(n.grants) == 0
	case connector.DeleteAccount:
		return n.account == nil
	case connector.DisableAccount:
		return n.account == nil || n.account.Status == access.Disabled
	case connector.EnableAccount:
		return n.account != nil && n.account.Status == access.Enabled
	case connector.UpdateAccount:
		return n.account != nil && n.found().Shows(x.Set)
	case connector.CreateAccount:
		values := maps.Clone(x.New.Values)
		maps.DeleteFunc(values, func(_, value string) bool { return value == "" })
		return n.account != nil && n.account.Status == access.Enabled && n.found().Shows(values) && (x.New.Expires == 0 || n.account.Expires == x.New.Expires)
	case connector.EndSessions: // not of this kind
	}
	return false
}

// asking is what was asked of the same things before.
type asking int

const (
	askedNever asking = iota
	askedSame         // and nothing else since
	askedOther        // of one of them something else, last, or of some of them nothing
)

func (n *state) asked(x connector.Change) asking {
	things, known := n.line(x).things(), 0
	for thing, value := range things {
		was, ok := n.wishes[thing]
		if ok && was.value != value {
			return askedOther
		}
		if ok {
			known++
		}
	}
	switch known {
	case 0:
		return askedNever
	case len(things):
		return askedSame
	}
	return askedOther
}

// last is when the last of it was asked.
func (n *state) last(x connector.Change) (at time.Time) {
	for thing := range n.line(x).things() {
		if was := n.wishes[thing].at; was.After(at) {
			at = was
		}
	}
	return at
}

// line is a change as a row, but for its number and time.
func (n *state) line(x connector.Change) line {
	l := line{"change": string(x.Kind), "account": x.Account, "mark": x.Mark}
	values := x.Set
	switch x.Kind {
	case connector.CreateAccount:
		values = x.New.Values
		l["login"], l["mark"], l["expires"] = x.New.Login, x.New.Mark, when(x.New.Expires)
	case connector.AddGrant, connector.RemoveGrant:
		g := x.Grant
		l["holder_kind"], l["holder"], l["entitlement"], l["resource"] = string(g.Holder.Kind), g.Holder.ID, g.Entitlement, g.Resource
		l["mode"], l["flags"], l["start"], l["end"] = g.Mode.String(), words(g.Flags), when(g.Start), when(g.End)
	case connector.DisableAccount, connector.EnableAccount, connector.UpdateAccount, connector.DeleteAccount, connector.EndSessions:
	}
	if n.account != nil && x.New == nil && x.Account != "" {
		l["login"] = n.account.Login
	}
	l["set"] = strings.Join(slices.Sorted(maps.Keys(values)), ";")
	for name, value := range values {
		l[name] = value
	}
	return l
}

func when(at access.Time) string {
	if at == 0 {
		return ""
	}
	return at.Time().UTC().Format(time.RFC3339Nano)
}

func words(of access.GrantFlags) string {
	var list []string
	for name, flag := range flags {
		if of&flag != 0 {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return strings.Join(list, ";")
}

// things are what a line is about, and what it wants of each: two lines about one thing
// contradict each other, or say the same.
func (l line) things() map[string]string {
	switch kind := connector.ChangeKind(l["change"]); kind {
	case connector.AddGrant, connector.RemoveGrant:
		thing := fmt.Sprintf("grant %q %q %q %q", l["holder_kind"], l["holder"], l["entitlement"], l["resource"])
		if kind == connector.RemoveGrant {
			return map[string]string{thing: ""}
		}
		return map[string]string{thing: strings.Join([]string{"held", l["mode"], l["flags"], l["start"], l["end"]}, " ")}
	case connector.CreateAccount:
		return map[string]string{"life " + l["login"]: l["mark"]}
	case connector.DeleteAccount:
		things := map[string]string{"end " + l["account"]: gone}
		if l["login"] != "" {
			things["life "+l["login"]] = gone
		}
		return things
	case connector.DisableAccount, connector.EnableAccount:
		return map[string]string{"state " + l["account"]: string(kind)}
	case connector.UpdateAccount:
		things := map[string]string{}
		for name := range strings.SplitSeq(l["set"], ";") {
			things[fmt.Sprintf("set %q %s", l["account"], name)] = l[name]
		}
		return things
	case connector.EndSessions:
	}
	return nil
}

func lifeOf(x connector.Change) string {
	if x.New == nil {
		return ""
	}
	return "life " + x.New.Login
}

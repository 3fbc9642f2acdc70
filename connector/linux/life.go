package linux

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// What can be set of an account.
const (
	setName  = "name"
	setShell = "shell"
	setHome  = "home"
)

// nobody is the uid of whoever has none here, of which programs run, too.
const nobody = 65534

// statusTaken is how a script ends that met somebody else's account.
const statusTaken = 3

// A login is a folder's name and a word of many files.
var loginName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,31}$`)

// isLife reports whether a change makes, changes or ends an account as a whole.
func isLife(kind connector.ChangeKind) bool {
	return slices.Contains([]connector.ChangeKind{connector.CreateAccount, connector.UpdateAccount, connector.DeleteAccount, connector.EndSessions}, kind)
}

// whole is what account.sh says of one account.
type whole struct {
	*account           // nil where there is none
	own       bool     // it is in the host's own files
	same      []string // who has its uid there, itself too
	processes int
	uidMin    int
}

// mark is that of an account of the host's own: a directory lets people write GECOS.
func (w whole) mark() string {
	if !w.own {
		return ""
	}
	return w.account.mark()
}

func (h *Host) whole(ctx context.Context, login string) (w whole, err error) {
	const doing = "reading what an account is"
	out, err := h.line.runNames(ctx, doing, scriptLife+scriptAccount, []byte(login+"\n"))
	if err != nil {
		return w, err
	}
	f, ended := newFacts(), false
	for text := range strings.Lines(string(out)) {
		switch tag, value, _ := strings.Cut(strings.TrimRight(text, "\n"), ":"); tag {
		case "P":
			f.addAccount(value)
		case "S":
			f.noteShadow(value)
		case "own":
			w.own = true
		case "same":
			w.same = append(w.same, value)
		case "process":
			w.processes++
		case "min":
			w.uidMin, _ = strconv.Atoi(value)
		case "E":
			ended = true
		}
	}
	if !ended || w.uidMin < 1 {
		return w, h.line.incomplete(doing, errors.New("the answer has no end"))
	}
	if a := f.byName[login]; a != nil { // a number would be taken for a uid
		a.keysUnread = true
		w.account = a
	}
	return w, nil
}

// Find is the account of that name, the host's own or a directory's.
func (h *Host) Find(ctx context.Context, login string) (*connector.Found, error) {
	if !plausible(login) {
		return nil, connector.ErrUnsupported.With("linux %q: the account's name cannot be one", h.name)
	}
	p, err := h.look(ctx)
	if err != nil {
		return nil, err
	}
	if err := h.mayChange(p); err != nil {
		return nil, err
	}
	w, err := h.whole(ctx, login)
	if err != nil || w.account == nil {
		return nil, err
	}
	return h.found(w), nil
}

func (h *Host) found(w whole) *connector.Found {
	f := &connector.Found{ID: native(w.name), Login: clean(w.name), Mark: w.mark(), Status: w.status(daemon{pam: true}, h.now()), Values: map[string]string{}}
	called, _, _ := strings.Cut(w.gecos, ",")
	for name, value := range map[string]string{setName: called, setShell: w.shell, setHome: w.home} {
		if value != "" {
			f.Values[name] = clean(value)
		}
	}
	return f
}

// life is a change of an account as a whole, by the host's own name.
type life struct {
	connector.Change
	login         string
	set           map[string]string
	expires, ends string // days since 1970; "" is never
}

// life reads a change.
func (h *Host) life(c connector.Change) (life, error) {
	no := func(why string) (life, error) {
		return life{}, connector.ErrUnsupported.With("linux %q: %s", h.name, why)
	}
	l := life{Change: c, login: c.Account, set: c.Set}
	if c.Kind != connector.CreateAccount && !plausible(l.login) {
		return no("the account's name cannot be one")
	}
	if c.Kind == connector.CreateAccount {
		if l.login = c.New.Login; !loginName.MatchString(l.login) {
			return no("a login has at most 32 letters, digits, dots, dashes and underscores, and begins with a letter")
		}
		l.set = map[string]string{setHome: path.Join(h.homes, l.login)}
		for name, value := range c.New.Values {
			if value != "" {
				l.set[name] = value
			}
		}
		l.expires, l.ends = dayOf(c.New.Expires), dayOf(c.New.CredentialEnds)
	}
	switch home := l.set[setHome]; {
	case strings.ContainsAny(l.set[setName], ",:="):
		return no("a name has no comma, colon or equals sign: the host's list of accounts has them between its fields")
	case strings.ContainsAny(l.set[setShell], ":,"):
		return no("the shell is none")
	case home != "" && (path.Dir(home) != h.homes || path.Clean(home) != home || strings.ContainsAny(home, ":") || path.Base(home) == ".."):
		return no("the home must be a folder in " + h.homes + " (option homes), and no deeper")
	}
	return l, nil
}

// dayOf is the first day that begins at or after a time.
func dayOf(at access.Time) string {
	if at == 0 {
		return ""
	}
	const long = int64(day / time.Microsecond)
	return strconv.FormatInt((int64(at)+long-1)/long, 10)
}

// done reports whether the change is so. A first password cannot be seen.
func (h *Host) done(l life, w whole) bool {
	switch {
	case l.Kind == connector.DeleteAccount:
		return w.account == nil
	case l.Kind == connector.EndSessions:
		return w.account == nil || w.processes == 0
	case w.account == nil:
		return false
	case l.Kind == connector.CreateAccount && (w.password == passwordLocked || strconv.Itoa(w.expires) != cmp.Or(l.expires, "-1")):
		return false
	}
	return h.found(w).Shows(l.set)
}

func (h *Host) readBackLife(ctx context.Context, c connector.Change) (bool, error) {
	l, err := h.life(c)
	if err != nil {
		return false, err
	}
	p, err := h.look(ctx)
	if err != nil {
		return false, err
	}
	w, err := h.meant(ctx, p, l)
	return err == nil && h.done(l, w), err
}

// meant is the account of a change, which is not somebody else's.
func (h *Host) meant(ctx context.Context, p probe, l life) (w whole, err error) {
	if err := h.mayChange(p); err != nil {
		return w, err
	}
	if w, err = h.whole(ctx, l.login); err != nil || w.account == nil {
		return w, err
	}
	return w, l.Owned("linux", h.name, w.mark())
}

func (h *Host) applyLife(ctx context.Context, c connector.Change) error {
	l, err := h.life(c)
	if err != nil {
		return err
	}
	p, err := h.look(ctx)
	if err != nil {
		return err
	}
	w, err := h.meant(ctx, p, l)
	if err != nil || l.Kind != connector.CreateAccount && h.done(l, w) {
		return err
	}
	if err := h.possible(p, l, w); err != nil {
		return err
	}
	script, input := h.script(l, w)
	_, err = h.line.run(ctx, "changing an account", scriptLife+script, []byte(strings.Join(append(input, ""), "\n")), asRoot)
	var said *commandError
	switch {
	case errors.As(err, &said) && said.status == statusTaken:
		return l.Owned("linux", h.name, "somebody else's")
	case errors.As(err, &said):
		return connector.ErrUnsupported.With("linux %q: the host did not make the change", h.name).Because(said)
	case err != nil:
		return err
	}
	if w, err = h.meant(ctx, p, l); err == nil && !h.done(l, w) {
		return connector.ErrIncomplete.With("linux %q: the host took the change and does not show it; see that nothing else manages its accounts", h.name)
	}
	return err
}

// possible refuses what would shut Writ or the host itself down, or is not the host's to
// change.
func (h *Host) possible(p probe, l life, w whole) error {
	no := func(why string) error { return connector.ErrUnsupported.With("linux %q: %s", h.name, why) }
	ends := l.Kind == connector.DeleteAccount || l.Kind == connector.EndSessions
	switch {
	case l.Kind == connector.CreateAccount:
		return nil
	case w.account == nil:
		return no("the host has no such account")
	case !w.own && l.Kind != connector.EndSessions:
		return no("the account is a directory's; it is changed there")
	case w.name == p.user:
		return no(fmt.Sprintf("Writ itself signs in as %q", clean(w.name)))
	case w.uid < w.uidMin || w.uid == nobody:
		return no(fmt.Sprintf("the account is the host's own: its uid, %d, is below UID_MIN (%d), or stands for nobody", w.uid, w.uidMin))
	case ends && slices.ContainsFunc(w.same, func(name string) bool { return name != w.name }):
		return no(fmt.Sprintf("another account has the same uid, %d, and whose a process is cannot be told", w.uid))
	}
	return nil
}

// script is what makes the change on the host, and what it reads: a line each.
func (h *Host) script(l life, w whole) (script string, input []string) {
	sign := ""
	if l.Mark != "" {
		sign = connector.Sign(l.Mark)
	}
	switch l.Kind { //nolint:exhaustive // these are lives
	case connector.CreateAccount:
		sign = connector.Sign(l.New.Mark)
		return scriptCreate, []string{
			l.login, sign, l.set[setName] + ",,,," + sign, l.set[setShell], h.homes, l.set[setHome], l.expires, l.ends, string(l.New.Credential.Reveal()),
		}
	case connector.UpdateAccount:
		gecos, shell := "", ""
		if called, is := l.set[setName]; is {
			_, rest, more := strings.Cut(w.gecos, ",")
			if gecos = "=" + called; more {
				gecos += "," + rest
			}
		}
		if text, is := l.set[setShell]; is {
			shell = "=" + text
		}
		return scriptUpdate, []string{l.login, sign, gecos, shell}
	}
	what := "end"
	switch {
	case l.Kind == connector.EndSessions:
	case h.deleteHome:
		what = "remove"
	default:
		what = "keep"
	}
	return scriptSessions, []string{l.login, sign, strconv.Itoa(w.uid), what}
}

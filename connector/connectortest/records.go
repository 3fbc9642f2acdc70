package connectortest

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/writhq/writ/connector"
)

const maxText = 4096

// plain fails for text that is too long or is not text.
func plain(t *testing.T, where, s string) {
	t.Helper()
	if len(s) > maxText || !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		t.Errorf("%s: %d bytes of %.80q are not capped, valid text", where, len(s), s)
	}
}

// texts calls f with every text inside a value.
func texts(v reflect.Value, f func(string)) {
	switch v.Kind() { //nolint:exhaustive // records hold no other kinds with text inside
	case reflect.String:
		f(v.String())
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			texts(v.Elem(), f)
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			texts(field, f)
		}
	case reflect.Slice:
		for i := range v.Len() {
			texts(v.Index(i), f)
		}
	case reflect.Map:
		for key, value := range v.Seq2() {
			texts(key, f)
			texts(value, f)
		}
	}
}

// ledger is what has been yielded so far.
type ledger struct {
	t       *testing.T
	seen    map[connector.Target]bool
	keys    map[string]bool
	last    string             // the account whose own records follow
	pending []connector.Target // what a capability is on, which may come later
}

// records: one field is set, all is text, nothing comes twice, and what is
// referred to came before.
func (s Suite) records(t *testing.T) {
	l := &ledger{t: t, seen: map[connector.Target]bool{}, keys: map[string]bool{}}
	list := s.all(t)
	counts := map[string]int{}
	for _, r := range list {
		kinds := 0
		for field, value := range reflect.ValueOf(r).Fields() {
			if !value.IsZero() {
				kinds++
				counts[field.Name]++
			}
		}
		if kinds != 1 {
			t.Errorf("%d fields of %s are set", kinds, text(t, r))
		}
		texts(reflect.ValueOf(r), func(x string) { plain(t, text(t, r), x) })
		l.take(r)
	}
	for _, on := range l.pending {
		if !l.seen[on] {
			t.Errorf("a capability is on %v, which never came", on)
		}
	}
	for _, kind := range []string{"Entitlement", "Account", "Grant"} {
		if counts[kind] == 0 {
			t.Errorf("the server has nothing of kind %s, so little is tested", kind)
		}
	}
}

func (l *ledger) once(key string) {
	if l.keys[key] {
		l.t.Errorf("%s comes twice", key)
	}
	l.keys[key] = true
}

func (l *ledger) object(kind connector.TargetKind, id string) {
	if id == "" {
		l.t.Errorf("a %s has no id", kind)
	}
	l.once(string(kind) + " " + id)
	l.seen[connector.Target{Kind: kind, ID: id}] = true
}

func (l *ledger) known(what string, kind connector.TargetKind, id string) {
	if !l.seen[connector.Target{Kind: kind, ID: id}] {
		l.t.Errorf("%s refers to %s %q, which has not come", what, kind, id)
	}
}

func (l *ledger) take(r connector.Record) {
	switch {
	case r.Resource != nil:
		if r.Resource.Parent != "" {
			l.known("resource "+r.Resource.ID, connector.OnResource, r.Resource.Parent)
		}
		l.object(connector.OnResource, r.Resource.ID)
	case r.Entitlement != nil:
		e := r.Entitlement
		if e.Resource != "" {
			l.known("entitlement "+e.ID, connector.OnResource, e.Resource)
		}
		if e.Kind == "" || e.Name == "" {
			l.t.Errorf("entitlement %s has no kind or no name", e.ID)
		}
		for _, c := range e.Capabilities {
			if l.elsewhere("a capability of "+e.ID, c.On) {
				continue
			}
			if c.On.Kind != connector.OnSystem && c.On.Kind != connector.OnIdentity {
				l.pending = append(l.pending, c.On)
			}
		}
		l.object(connector.OnEntitlement, e.ID)
	case r.Account != nil:
		if r.Account.Login == "" || r.Account.Status == "" {
			l.t.Errorf("account %s has no login or no status", r.Account.ID)
		}
		l.object(connector.OnAccount, r.Account.ID)
		l.last = r.Account.ID
		for _, by := range r.Account.OpenedBy {
			if by.Kind != connector.OnAccount {
				l.t.Errorf("account %s is opened by %v, which is no account", r.Account.ID, by)
			}
			if !l.elsewhere("what opens account "+r.Account.ID, by) {
				l.pending = append(l.pending, by)
			}
			l.once(fmt.Sprintf("opening of %s by %v", r.Account.ID, by))
		}
	case r.Grant != nil:
		l.grant(r.Grant)
	case r.Credential != nil:
		c := r.Credential
		l.known("credential "+c.Fingerprint, connector.OnAccount, c.Account)
		l.once("credential " + c.Account + " " + string(c.Kind) + " " + c.Fingerprint)
		l.own("credential", c.Account)
	}
}

func (l *ledger) grant(g *connector.Grant) {
	what := "a grant of " + g.Entitlement + " to " + g.Holder.ID
	l.known(what, connector.OnEntitlement, g.Entitlement)
	if !l.elsewhere(what, g.Holder) && g.Holder.Kind != connector.OnIdentity {
		l.known(what, g.Holder.Kind, g.Holder.ID)
	}
	if g.Resource != "" {
		l.known(what, connector.OnResource, g.Resource)
	}
	if g.Holder.Kind == connector.OnAccount && g.Holder.System == "" {
		l.own("grant", g.Holder.ID)
	}
	l.once("grant " + g.Holder.System + " " + string(g.Holder.Kind) + " " + g.Holder.ID + " > " + g.Entitlement + " on " + g.Resource + " " + g.Mode.String())
}

// elsewhere reports whether a target is of another system, where only an account
// or an entitlement can be named. Whether it is there is not for this system to say.
func (l *ledger) elsewhere(what string, t connector.Target) bool {
	if t.System == "" {
		return false
	}
	if t.Kind != connector.OnAccount && t.Kind != connector.OnEntitlement || t.ID == "" {
		l.t.Errorf("%s refers to %v, which systems do not call each other", what, t)
	}
	return true
}

// own requires that what belongs to an account follows it.
func (l *ledger) own(what, account string) {
	if account != l.last {
		l.t.Errorf("a %s of account %q comes among those of %q", what, account, l.last)
	}
}

package ldap

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/writhq/writ/connector"
)

// failure is how a complete reading ends.
func failure(t testing.TB, cfg connector.Config) (failed error) {
	t.Helper()
	d, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range d.Discover(t.Context(), "") {
		failed = err
	}
	return failed
}

// ends checks that a reading ends in one error that names the system and the remedy.
func ends(t *testing.T, name string, err, want error, says string) {
	t.Helper()
	if !errors.Is(err, want) || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), `"liar"`) {
		t.Errorf("%s: got %v, want %v that says %q", name, err, want, says)
	}
}

const anID = "00112233-4455-6677-8899-aabbccddeeff"

// isSearch reports whether a request looks for what is below the base.
func (q asked) isSearch() bool { return q.op == opSearch && q.scope == goldap.ScopeWholeSubtree }

// Before the sign-in little is taken in, whatever length is announced.
func TestAFloodBeforeTheSignIn(t *testing.T) {
	flood := newLiar(t, func(q asked) []byte {
		if q.op != opBind {
			return nil
		}
		return message(q.id, tlv(0x61, success(), tlv(0x87, bytes.Repeat([]byte("x"), 2*maxGreeting))))
	})
	ends(t, "one long answer", failure(t, flood.config(optTimeout, "30")), connector.ErrUnreachable, "1 MiB before the sign-in")
	many := newLiar(t, func(q asked) []byte {
		if q.op != opBind {
			return nil
		}
		return bytes.Repeat(message(99, tlv(0x61, success())), maxGreeting/20)
	})
	ends(t, "many short ones", failure(t, many.config(optTimeout, "30")), connector.ErrUnreachable, "1 MiB before the sign-in")
}

func TestTheLineCounts(t *testing.T) {
	here, there := net.Pipe()
	go func() { _, _ = there.Write(make([]byte, 100)); _ = there.Close() }()
	l := newLine(here)
	l.allow(60)
	b := make([]byte, 50)
	if n, err := l.Read(b); n != 50 || err != nil {
		t.Fatalf("within: %d, %v", n, err)
	}
	if n, err := l.Read(b); n != 0 || !errors.Is(err, errFlood) || !l.flood.Load() {
		t.Errorf("beyond: %d, %v", n, err)
	}
	s := &session{Directory: &Directory{settings: &settings{name: "liar"}}, line: l, open: true, ctx: t.Context()}
	ends(t, "after the sign-in", s.failed("reading groups", io.ErrUnexpectedEOF), connector.ErrIncomplete, "512 MiB in one answer")
}

// What each request may bring is its own, and more than before the sign-in: a long
// reading is no flood.
func TestTheLineCountsEachRequestAnew(t *testing.T) {
	asks := 0
	l := newLiar(t, func(q asked) []byte {
		if !q.isSearch() {
			return nil
		}
		if asks++; asks%3 == 0 {
			return done(q.id, 0)
		}
		long := strings.Repeat("x", maxGreeting)
		return slices.Concat(found(q.id, "cn=a,dc=x", "entryUUID", anID, "description", long), done(q.id, 0, strconv.Itoa(asks)))
	})
	d, err := Open(l.config(optTimeout, "20"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := d.connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.end()
	s.line.allow(1) // what is left of the last request
	n := 0
	if err := s.pages(s.accountQuery(), nil, func(*goldap.Entry) error { n++; return nil }); err != nil || n != 2 {
		t.Errorf("%d entries, %v", n, err)
	}
}

func TestPagesWithoutEnd(t *testing.T) {
	for name, test := range map[string]struct {
		page func(id int64, n int) []byte
		says string
	}{
		"more than asked for": {func(id int64, _ int) []byte {
			return append(bytes.Repeat(found(id, "cn=a,dc=x", "entryUUID", anID), 6), done(id, 0)...)
		}, "more entries than were asked for"},
		"one empty page leads to itself": {func(id int64, _ int) []byte { return done(id, 0, "same") }, "leads to itself"},
		"empty pages":                    {func(id int64, n int) []byte { return done(id, 0, strconv.Itoa(n)) }, "one empty page follows another"},
		"a long mark":                    {func(id int64, _ int) []byte { return done(id, 0, strings.Repeat("x", maxCookie+1)) }, "too long"},
	} {
		asks := 0
		l := newLiar(t, func(q asked) []byte {
			if !q.isSearch() {
				return nil
			}
			asks++
			if asks > 100 {
				return done(q.id, 0) // else it would never fail
			}
			return test.page(q.id, asks)
		})
		ends(t, name, failure(t, l.config()), connector.ErrIncomplete, test.says)
	}
}

// A few empty pages are passed over: OpenLDAP has them where nobody may see entries.
func TestEmptyPagesArePassedOver(t *testing.T) {
	asks := 0
	l := newLiar(t, func(q asked) []byte {
		if asks++; q.isSearch() && asks%maxEmpty != 0 {
			return done(q.id, 0, strconv.Itoa(asks))
		}
		return nil
	})
	if err := failure(t, l.config()); err != nil {
		t.Error(err)
	}
}

func TestRangesThatDoNotLeadOn(t *testing.T) {
	for _, spread := range []string{"0-9223372036854775807", "0-99999999999999999999", "5-9", "0--1", "x-9", "", "0-"} {
		asks := 0
		l := newLiar(t, func(q asked) []byte {
			if q.op != opSearch || q.base == "" {
				return nil
			}
			if asks++; asks > 5 {
				return done(q.id, 0)
			}
			return append(found(q.id, "cn=g,dc=x", "entryUUID", anID, "objectClass", "groupOfMembers", "cn", "g", "member;range="+spread, "cn=a,dc=x"), done(q.id, 0)...)
		})
		ends(t, spread, failure(t, l.config()), connector.ErrIncomplete, "makes no sense")
		if end, ok := rangeEnd(spread, 0); ok {
			t.Errorf("%q leads to %d", spread, end)
		}
	}
}

// A server that takes StartTLS and is silent then does not hold Writ up.
func TestASilentStartTLS(t *testing.T) {
	l := newLiar(t, func(asked) []byte { return nil })
	cfg := l.config(optTLS, "verify", optTimeout, "1")
	ended := make(chan error, 1)
	go func() { ended <- failure(t, cfg) }()
	select {
	case err := <-ended:
		ends(t, "silent", err, connector.ErrUnreachable, "does not answer")
	case <-time.After(20 * time.Second):
		t.Error("it waits for ever")
		_ = l.listener.Close()
	}
}

// In AD a group without members is one; where its class demands one, somebody hides it.
func TestAGroupThatHidesItsMembers(t *testing.T) {
	for class, says := range map[string]string{"groupOfNames": "let it read member", "groupOfUniqueNames": "let it read uniqueMember", "groupOfMembers": "", "posixGroup": ""} {
		l := newLiar(t, func(q asked) []byte {
			if !q.isSearch() || !bytes.Contains(q.body, []byte("groupOfNames")) {
				return nil
			}
			return append(found(q.id, "cn=g,dc=x", "entryUUID", anID, "objectClass", class, "cn", "g"), done(q.id, 0)...)
		})
		err := failure(t, l.config())
		if says == "" && err != nil {
			t.Errorf("%s: %v", class, err)
		}
		if says != "" {
			ends(t, class, err, connector.ErrPrivilege, says)
		}
	}
}

// What lies where the root of the tree is hidden is found below what is read, and
// what is found nowhere then is not said to be deleted.
func TestWhereaboutsWithoutTheRoot(t *testing.T) {
	const other = "10112233-4455-6677-8899-aabbccddeeff"
	people := func(q asked) []byte {
		return append(found(q.id, "uid=ana,ou=people,dc=x", "entryUUID", anID), done(q.id, 0)...)
	}
	root := func(q asked) []byte {
		return append(found(q.id, "dc=x", "entryUUID", "20112233-4455-6677-8899-aabbccddeeff"), done(q.id, 0)...)
	}
	for name, test := range map[string]struct {
		answer func(asked) []byte
		gone   connector.WhereState
		fails  bool
	}{
		"a hidden root": {func(q asked) []byte {
			switch {
			case q.op == opSearch && q.base == "dc=x":
				return done(q.id, goldap.LDAPResultNoSuchObject)
			case q.isSearch() && q.base == "ou=people,dc=x":
				return people(q)
			}
			return nil
		}, connector.Unknown, false},
		"a root that can be searched and not seen": {func(q asked) []byte {
			if q.isSearch() && q.base == "dc=x" {
				return people(q)
			}
			return nil
		}, connector.Unknown, false},
		"no trees": {func(q asked) []byte {
			switch {
			case q.op == opSearch && q.base == "":
				return slices.Concat(found(q.id, "", "supportedControl", "1.2.840.113556.1.4.319"), done(q.id, 0))
			case q.isSearch():
				return people(q)
			case q.op == opSearch:
				return root(q)
			}
			return nil
		}, connector.Unknown, false},
		"all can be seen": {func(q asked) []byte {
			switch {
			case q.isSearch():
				return people(q)
			case q.op == opSearch && q.base == "dc=x":
				return root(q)
			}
			return nil
		}, connector.Deleted, false},
		"a search that is refused": {func(q asked) []byte {
			if q.isSearch() {
				return done(q.id, goldap.LDAPResultInsufficientAccessRights)
			}
			return nil
		}, "", true},
	} {
		d, err := Open(newLiar(t, test.answer).config(optUsers, "ou=people,dc=x"))
		if err != nil {
			t.Fatal(err)
		}
		where, err := d.Whereabouts(t.Context(), []string{anID, other})
		if test.fails {
			if !errors.Is(err, connector.ErrPrivilege) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil || where[anID].State != connector.OutOfSight || where[other].State != test.gone {
			t.Errorf("%s: %+v, %v", name, where, err)
		}
	}
}

// The numbers of primary groups are a domain's own.
func TestPrimaryGroupsOfTwoDomains(t *testing.T) {
	security := func(domain string, rid byte) string {
		return "\x01\x05\x00\x00\x00\x00\x00\x05\x15\x00\x00\x00" + domain + string(rune(rid)) + "\x02\x00\x00"
	}
	k := activeDirectory()
	entry := func(domain string, rid byte) *goldap.Entry {
		return goldap.NewEntry("cn=x", map[string][]string{"objectSid": {security(domain, rid)}, "primaryGroupID": {"513"}})
	}
	a, b := "aaaabbbbcccc", "ddddeeeeffff"
	if got := k.primary(entry(a, 1)); !slices.Equal(got, []string{k.primaryOf(entry(a, 9))}) || !strings.HasSuffix(got[0], "-513") {
		t.Errorf("of one domain: %q and %q", got, k.primaryOf(entry(a, 9)))
	}
	if got := k.primary(entry(a, 1)); slices.Contains(got, k.primaryOf(entry(b, 9))) {
		t.Errorf("of another: %q", got)
	}
	if got := k.primaryFilter(k.primaryOf(entry(a, 9))); got != "primaryGroupID=513" {
		t.Error(got)
	}
	if got := k.primaryOf(goldap.NewEntry("cn=x", map[string][]string{"primaryGroupID": {"513"}})); got != "" {
		t.Errorf("of no domain: %q", got)
	}
}

func TestTheGlobalCatalogIsRefused(t *testing.T) {
	for _, port := range []string{"3268", "3269"} {
		_, err := Open(connector.Config{Name: "liar", Address: fmt.Sprintf("ldaps://h:%s/dc=x", port)})
		ends(t, port, err, connector.ErrInput, "Global Catalog")
	}
}

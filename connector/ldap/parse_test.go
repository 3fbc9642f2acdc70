package ldap

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/writhq/writ/access"
)

func TestSID(t *testing.T) {
	admins := []byte{1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0}
	if got := sid(admins); got != "S-1-5-32-544" {
		t.Errorf("got %s", got)
	}
	for _, bad := range [][]byte{nil, admins[:15], append([]byte{2}, admins[1:]...), {1, 16, 0, 0, 0, 0, 0, 5}, append(admins, 0)} {
		if got := sid(bad); got != "" {
			t.Errorf("% x became %s", bad, got)
		}
	}
	if rid, domain := relative("S-1-5-21-1-2-3-512"); rid != 512 || domain != "S-1-5-21-1-2-3" {
		t.Errorf("%d, %s", rid, domain)
	}
	if len(capabilitiesOf("S-1-5-21-1-2-3-512")) == 0 || len(capabilitiesOf("S-1-5-32-512")) != 0 || len(capabilitiesOf("S-1-5-21-1-2-3-544")) != 0 || len(capabilitiesOf("S-1-5-21-1-2-3-1512")) != 0 {
		t.Error("a RID counts below the wrong authority")
	}
}

func TestGUID(t *testing.T) {
	b := []byte{0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}
	const text = "00112233-4455-6677-8899-aabbccddeeff"
	if got := guid(b); got != text {
		t.Errorf("got %s", got)
	}
	if got := guidBytes(strings.ToUpper(text)); string(got) != string(b) {
		t.Errorf("back: % x", got)
	}
	for _, bad := range []string{"", "*", "x0112233-4455-6677-8899-aabbccddeeff", text + "0", strings.ReplaceAll(text, "-", "_"), text[:35] + ")"} {
		if guidBytes(bad) != nil || byObjectGUID(bad) != "" || byEntryUUID(bad) != "" {
			t.Errorf("%q is taken for an id", bad)
		}
	}
}

func TestTimes(t *testing.T) {
	at := func(s string) access.Time {
		x, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return access.TimeOf(x)
	}
	for text, want := range map[string]access.Time{
		"20260102030405Z": at("2026-01-02T03:04:05Z"), "20260102030405.123456Z": at("2026-01-02T03:04:05Z"), "202601020304Z": at("2026-01-02T03:04:00Z"),
		"20260102030405+0200": at("2026-01-02T01:04:05Z"), "2026010203Z": at("2026-01-02T03:00:00Z"),
		"": 0, "20261302030405Z": 0, "20260102030405": 0, lockedForGood: 0, "Z": 0, "20260102030405+x": 0, strings.Repeat("9", 50) + "Z": 0,
	} {
		if got := timestamp(text); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
	for text, want := range map[string]access.Time{
		"133485408000000000": at("2024-01-01T00:00:00Z"), "0": 0, "9223372036854775807": 0, "": 0, "-1": 0, "x": 0,
	} {
		if got := filetime(text); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

func TestNamesThatAreTheSame(t *testing.T) {
	for _, same := range [][]string{
		{"uid=ana,ou=people,dc=x", "UID=Ana,OU=People,DC=X", "uid=ana, ou=people, dc=x", `uid=\61na,ou=people,dc=x`, " uid=ana,ou=people,dc=x"},
		{`cn=a\2Cb,dc=x`, `cn=a\,b,dc=x`, `CN=A\,B, dc=x`},
		{`cn=a+uid=b,dc=x`, `uid=b+cn=a,dc=x`},
		{`cn=two  words,dc=x`, `cn=two words,dc=x`},
		{`cn=Prüfer,dc=x`, `cn=Prüfer, dc=x`, `CN=PRÜFER,DC=X`, `cn=pr\c3\bcfer,dc=x`, `cn=Pru` + "\u0308" + `fer,dc=x`},
		{`cn=a\3Cb,dc=x`, `cn=a\<b,dc=x`, `cn=a\<b, dc=x`},
		{`cn=a\ ,dc=x`, `cn=a\20,dc=x`},
	} {
		for _, s := range same[1:] {
			if dnKey(s) != dnKey(same[0]) {
				t.Errorf("%q is %q, %q is %q", s, sameDN(s), same[0], sameDN(same[0]))
			}
		}
	}
	if dnKey(`cn=a\,dc=x`) == dnKey("cn=a,dc=x") || uidKey("dc=x") == dnKey("dc=x") {
		t.Error("two names are one")
	}
	for _, base := range []string{"ou=Bücher,dc=x", "OU=BÜCHER, dc=x", `ou=b\c3\bccher,dc=x`} {
		for _, dn := range []string{"cn=Anna Maier,ou=Bücher,dc=x", `cn=anna,ou=B\C3\BCcher,dc=x`, "cn=a,ou=bücher , dc=x", base} {
			if !below(dn, base) {
				t.Errorf("%q is not below %q", dn, base)
			}
		}
		if below("cn=a,ou=Bucher,dc=x", base) || below(`cn=a\,ou=Bücher,dc=x`, base) {
			t.Errorf("somebody else is below %q", base)
		}
	}
	if !below("UID=a,DC=x", "dc=X") || below("uid=a,dc=xx", "dc=x") || below("dc=yx", "dc=x") {
		t.Error("below is wrong")
	}
}

func TestAccountsOfAD(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		attributes map[string][]string
		status     access.AccountStatus
		kind       access.AccountKind
	}{
		"enabled":          {map[string][]string{"userAccountControl": {"512"}}, access.Enabled, ""},
		"disabled":         {map[string][]string{"userAccountControl": {"514"}}, access.Disabled, ""},
		"locked":           {map[string][]string{"userAccountControl": {"512"}, "lockoutTime": {"133485408000000000"}}, access.Locked, ""},
		"no longer locked": {map[string][]string{"userAccountControl": {"512"}, "lockoutTime": {"133485408000000000"}, "msDS-User-Account-Control-Computed": {"0"}}, access.Enabled, ""},
		"expired":          {map[string][]string{"userAccountControl": {"512"}, "accountExpires": {"133485408000000000"}}, access.Expired, ""},
		"never ends":       {map[string][]string{"userAccountControl": {"512"}, "accountExpires": {"9223372036854775807"}}, access.Enabled, ""},
		"kerberoastable":   {map[string][]string{"userAccountControl": {"512"}, "servicePrincipalName": {"http/x"}}, access.Enabled, access.ServiceAccount},
		"computer":         {map[string][]string{"userAccountControl": {"4096"}, "objectClass": {"top", "user", "computer"}}, access.Enabled, access.BuiltInAccount},
		"krbtgt by its RID": {map[string][]string{
			"userAccountControl": {"514"}, "servicePrincipalName": {"kadmin/changepw"}, "sAMAccountName": {"renamed"},
			"objectSid": {"\x01\x05\x00\x00\x00\x00\x00\x05\x15\x00\x00\x00aaaabbbbcccc\xf6\x01\x00\x00"},
		}, access.Disabled, access.BuiltInAccount},
		"everybody who signed in": {map[string][]string{"objectClass": {"foreignSecurityPrincipal"}, "objectSid": {"\x01\x01\x00\x00\x00\x00\x00\x05\x0b\x00\x00\x00"}}, access.Enabled, access.BuiltInAccount},
	} {
		if test.attributes["objectClass"] == nil {
			test.attributes["objectClass"] = []string{"user"}
		}
		a := adAccount(goldap.NewEntry("cn=x,dc=y", test.attributes), "id", now)
		if a.Status != test.status || a.Kind != test.kind || (a.Kind != "") != (a.KindReason != "") {
			t.Errorf("%s: %s, %q because %q", name, a.Status, a.Kind, a.KindReason)
		}
	}
}

func FuzzWhatTheDirectorySays(f *testing.F) {
	f.Add([]byte{1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0}, "20260102030405.1+0200")
	f.Add([]byte("0123456789abcdef"), `cn=a\,b+c=d#'01'B`)
	f.Fuzz(func(t *testing.T, b []byte, text string) {
		_ = capabilitiesOf(sid(b))
		if id := guid(b); id != "" && string(guidBytes(id)) != string(b) {
			t.Errorf("% x became %s", b, id)
		}
		_, _ = timestamp(text), filetime(text)
		_, _ = dnKey(withoutUID(text)), below(text, "dc=x")
		if _, err := goldap.ParseDN("dc=x," + text); err == nil && sameDN("dc=x,"+text) != sameDN("dc=x, "+text) {
			t.Errorf("%q has two forms: %q and %q", text, sameDN("dc=x,"+text), sameDN("dc=x, "+text))
		}
		if c := clean(text); !utf8.ValidString(c) || len(c) > maxText+len("…") {
			t.Errorf("not clean: %q", c)
		}
		e := goldap.NewEntry(text, map[string][]string{"uid": {text}, "sshPublicKey": {text}, "userCertificate": {string(b)}, "shadowExpire": {text}, "loginShell": {text}, "objectSid": {string(b)}})
		_, _ = openLDAPAccount(e, "id", time.Time{}), adAccount(e, "id", time.Time{})
		_, _ = openLDAPCredentials(e, "id"), adCredentials(e, "id")
		if _, err := goldap.CompileFilter("(uid=" + goldap.EscapeFilter(text) + ")"); err != nil {
			t.Errorf("escaped %q: %v", text, err)
		}
		if place, ok := parsePlace(text); ok && place.accounts <= 0 {
			t.Errorf("%q is a place", text)
		}
	})
}

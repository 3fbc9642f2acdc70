package authority

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

const someTime = access.Time(1_800_000_000_000_000)

// made is an authority with one key, opened.
func made(t *testing.T, k Kind) (*Authority, *opened) {
	t.Helper()
	a := &Authority{ID: 1, Name: "test", Kind: k, Safe: 1}
	if err := a.Validate(); err != nil {
		t.Fatal(err)
	}
	key, private, err := a.maker()(a.ID, 1, someTime-access.Time(time.Hour.Microseconds()))
	if err != nil {
		t.Fatal(err)
	}
	key.ID = 1
	a.Keys = []Key{key}
	o, err := open(private, key, k.ssh())
	if err != nil {
		t.Fatal(err)
	}
	return a, o
}

func aKey(t *testing.T) ssh.PublicKey {
	t.Helper()
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func aMaking(a *Authority, p Profile, principals ...string) *making {
	return &making{id: 7, authority: a, profile: &p, key: a.Keys[0], principals: principals, now: someTime, starts: someTime - skew, ends: someTime + access.Time(time.Minute.Microseconds())}
}

func certified(t *testing.T, a *Authority, o *opened, p Profile, principals ...string) *ssh.Certificate {
	t.Helper()
	text, err := signSSH(o, aMaking(a, p, principals...), aKey(t))
	if err != nil {
		t.Fatal(err)
	}
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return key.(*ssh.Certificate)
}

func refused(t *testing.T, what string, err error, want *fault.Error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, not %q", what, err, want.Code)
	}
}

func line(key ssh.PublicKey) string { return string(ssh.MarshalAuthorizedKey(key)) }

// Authorities are raw keys. A certificate is neither signed, nor signs.
func TestLesson01_ACertificateIsNoKey(t *testing.T) {
	a, o := made(t, SSHUser)
	c := certified(t, a, o, Profile{}, "root")
	_, _, err := parseSSH(line(c))
	refused(t, "a certificate as a key to be signed", err, ErrCertificateKey)
	_, err = signSSH(o, aMaking(a, Profile{}, "root"), c)
	refused(t, "a certificate that is signed", err, ErrCertificateKey)

	ca, key := made(t, X509Client)
	pemOf := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	_, _, err = parsePublic(pemOf("CERTIFICATE", ca.Keys[0].Certificate))
	refused(t, "an X.509 certificate as a key", err, ErrCertificateKey)
	text, err := signX509(key, aMaking(ca, Profile{}, "ana"), aKey(t).(ssh.CryptoPublicKey).CryptoPublicKey(), "")
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(text))
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil || leaf.IsCA || leaf.KeyUsage&x509.KeyUsageCertSign != 0 {
		t.Errorf("what was signed for a client signs: %+v: %v", leaf, err)
	}

	// Somebody's own certificate makes nobody else's good.
	_, theirs, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewSignerFromSigner(theirs)
	if err != nil {
		t.Fatal(err)
	}
	mine := *c
	mine.Key = s.PublicKey()
	if err := mine.SignCert(rand.Reader, o.ssh); err != nil {
		t.Fatal(err)
	}
	if err := a.Good(&mine, "root", someTime); err != nil {
		t.Fatalf("what the authority signed is no good: %v", err)
	}
	forged := *c
	if err := forged.SignCert(rand.Reader, s); err != nil {
		t.Fatal(err)
	}
	refused(t, "a certificate that a certified key signed", a.Good(&forged, "root", someTime), ErrOver)
	other, _ := made(t, SSHUser)
	refused(t, "a certificate of another authority", other.Good(c, "root", someTime), ErrOver)
}

// What somebody does not know, they refuse.
func TestLesson06_UnknownOptionsAreRefused(t *testing.T) {
	a, o := made(t, SSHUser)
	p := Profile{Spec: Spec{ForceCommand: "/bin/backup", SourceAddress: []string{"10.0.0.0/8"}, Extensions: []string{"permit-pty"}}}
	c := certified(t, a, o, p, "root")
	if c.CriticalOptions["force-command"] != "/bin/backup" || c.CriticalOptions["source-address"] != "10.0.0.0/8" || len(c.Extensions) != 1 {
		t.Errorf("it says %+v", c.Permissions)
	}
	if err := a.Good(c, "root", someTime); err != nil {
		t.Error(err)
	}
	c.CriticalOptions["only-on-sundays"] = ""
	if err := c.SignCert(rand.Reader, o.ssh); err != nil {
		t.Fatal(err)
	}
	refused(t, "an unknown critical option", a.Good(c, "root", someTime), ErrOver)
	p.Name, p.Principals, p.Extensions = "x", []string{"root"}, []string{"permit-everything"}
	refused(t, "an unknown extension", p.Validate(SSHUser), ErrProfile)
}

// A certificate for nobody in particular is good for nobody.
func TestLesson17_EmptyPrincipalsAreRefused(t *testing.T) {
	a, o := made(t, SSHUser)
	_, err := signSSH(o, aMaking(a, Profile{}), aKey(t))
	refused(t, "signing for nobody", err, ErrNobody)
	c := certified(t, a, o, Profile{}, "root")
	c.ValidPrincipals = nil
	if err := c.SignCert(rand.Reader, o.ssh); err != nil {
		t.Fatal(err)
	}
	refused(t, "one for nobody", a.Good(c, "root", someTime), ErrNobody)

	p := &Profile{Spec: Spec{LoginsOf: 1}}
	_, err = p.principals(nil, nil)
	refused(t, "a profile that gives none", err, ErrNobody)
	_, err = p.principals(nil, []string{"root"})
	refused(t, "a principal that nobody gives", err, ErrPrincipal)
	x, y := made(t, X509Client)
	_, err = signX509(y, aMaking(x, Profile{}), nil, "")
	refused(t, "a client's certificate for nobody", err, ErrNobody)
	j, k := made(t, JWT)
	_, err = signJWT(k, aMaking(j, Profile{}), "i", []string{"a"})
	refused(t, "a token for nobody", err, ErrNobody)
	_, err = signJWT(k, aMaking(j, Profile{}, "ana"), "i", nil)
	refused(t, "a token for no audience", err, ErrAudience)
	refused(t, "a profile for nobody", (&Profile{Name: "x"}).Validate(SSHUser), ErrProfile)
}

func TestACertificateIsForItsTimeKindAndPrincipal(t *testing.T) {
	a, o := made(t, SSHUser)
	c := certified(t, a, o, Profile{}, "ana", "root")
	refused(t, "another principal", a.Good(c, "ben", someTime), ErrPrincipal)
	refused(t, "before", a.Good(c, "ana", someTime-skew-2_000_000), ErrOver)
	refused(t, "at its end", a.Good(c, "ana", someTime+60_000_000), ErrOver)
	c.CertType = ssh.HostCert
	refused(t, "a host", a.Good(c, "ana", someTime), ErrOver)
	j, _ := made(t, JWT)
	refused(t, "an authority of tokens", j.Good(c, "ana", someTime), ErrOver)
	a.Keys[0].Ends = someTime
	c.CertType = ssh.UserCert
	refused(t, "a key that is retired", a.Good(c, "ana", someTime), ErrOver)
}

func TestKeysFollowEachOther(t *testing.T) {
	a := &Authority{Keys: []Key{{ID: 1, Number: 1, Signs: 10, Ends: 40}, {ID: 2, Number: 2, Signs: 30}}}
	for _, tt := range []struct {
		at      access.Time
		signing int
		states  [2]KeyState
		trusted int
	}{
		{9, 0, [2]KeyState{Next, Next}, 2},
		{10, 1, [2]KeyState{Signing, Next}, 2},
		{29, 1, [2]KeyState{Signing, Next}, 2},
		{30, 2, [2]KeyState{Trusted, Signing}, 2},
		{39, 2, [2]KeyState{Trusted, Signing}, 2},
		{40, 2, [2]KeyState{Retired, Signing}, 1},
	} {
		k, _ := a.Signing(tt.at)
		states := [2]KeyState{a.State(a.Keys[0], tt.at), a.State(a.Keys[1], tt.at)}
		if k.Number != tt.signing || states != tt.states || len(a.Trusted(tt.at)) != tt.trusted {
			t.Errorf("at %d key %d signs, the states are %v, %d are trusted", tt.at, k.Number, states, len(a.Trusted(tt.at)))
		}
	}
}

func TestProfilesThatSayNothingGood(t *testing.T) {
	good := func(k Kind) *Profile {
		p := &Profile{Name: "people", Spec: Spec{Principals: []string{"ana"}}}
		if k == JWT {
			p.Audience = []string{"https://reports.example.com"}
		}
		return p
	}
	for _, k := range Kinds {
		p := good(k)
		if err := p.Validate(k); err != nil || p.Usual == 0 || p.Longest > k.longest() || p.Terms.Most != p.Longest {
			t.Errorf("%s: %+v: %v", k, p.Spec, err)
		}
	}
	for _, tt := range []struct {
		name string
		kind Kind
		edit func(p *Profile)
	}{
		{"a name", SSHUser, func(p *Profile) { p.Name = "People" }},
		{"a principal with a comma", SSHUser, func(p *Profile) { p.Principals = []string{"ana,root"} }},
		{"a principal twice", SSHUser, func(p *Profile) { p.Principals = []string{"ana", "ana"} }},
		{"an asterisk for people", SSHUser, func(p *Profile) { p.Principals = []string{"*.example.com"} }},
		{"an asterisk for all hosts", SSHHost, func(p *Profile) { p.Principals = []string{"*.com"} }},
		{"an asterisk alone", SSHHost, func(p *Profile) { p.Principals = []string{"*"} }},
		{"hosts by accounts", SSHHost, func(p *Profile) { p.LoginsOf = 1 }},
		{"too long", SSHUser, func(p *Profile) { p.Longest = 25 * time.Hour }},
		{"too long a certificate of a client", X509Client, func(p *Profile) { p.Longest = 8 * 24 * time.Hour }},
		{"too long a token", JWT, func(p *Profile) { p.Longest = 2 * time.Hour }},
		{"usually longer than at most", SSHUser, func(p *Profile) { p.Usual, p.Longest = time.Hour, time.Minute }},
		{"renewed for less than one", SSHUser, func(p *Profile) { p.Longest, p.Terms.Most = time.Hour, time.Minute }},
		{"an address", SSHUser, func(p *Profile) { p.SourceAddress = []string{"10.0.0.0/33"} }},
		{"a command of two lines", SSHUser, func(p *Profile) { p.ForceCommand = "a\nb" }},
		{"a command of a host", SSHHost, func(p *Profile) { p.ForceCommand = "a" }},
		{"a key of hardware for X.509", X509Client, func(p *Profile) { p.KeyTypes = []KeyType{KeySKEd25519} }},
		{"a key that is not known", SSHUser, func(p *Profile) { p.KeyTypes = []KeyType{"dsa"} }},
		{"a key for a token", JWT, func(p *Profile) { p.KeyTypes = []KeyType{KeyEd25519} }},
		{"no audience", JWT, func(p *Profile) { p.Audience = nil }},
		{"an audience of a certificate", SSHUser, func(p *Profile) { p.Audience = []string{"x"} }},
		{"a claim that Writ says", JWT, func(p *Profile) { p.Claims = map[string]string{"sub": "root"} }},
		{"a claim in other letters", JWT, func(p *Profile) { p.Claims = map[string]string{"Sub": "root"} }},
		{"terms", SSHUser, func(p *Profile) { p.Terms.Stages = []access.Stage{{}} }},
	} {
		p := good(tt.kind)
		tt.edit(p)
		if err := p.Validate(tt.kind); !errors.Is(err, ErrProfile) && !errors.Is(err, access.ErrTerms) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestPrincipalsAreThoseThatAreGiven(t *testing.T) {
	p := &Profile{Spec: Spec{Principals: []string{"root", "*.example.com"}}}
	for _, tt := range []struct {
		asked []string
		want  string
	}{
		{nil, "ana root"},
		{[]string{"root"}, "root"},
		{[]string{"h1.example.com", "ana", "ana"}, "ana h1.example.com"},
		{[]string{"*.example.com"}, ""},
		{[]string{"a.b.example.com"}, ""},
		{[]string{".example.com"}, ""},
		{[]string{"h1.example.com.evil.test"}, ""},
		{[]string{"Root"}, ""},
		{[]string{"root", "ben"}, ""},
	} {
		got, err := p.principals([]string{"ana"}, tt.asked)
		if strings.Join(got, " ") != tt.want || (tt.want == "") != errors.Is(err, ErrPrincipal) {
			t.Errorf("of %v: %v: %v", tt.asked, got, err)
		}
	}
}

func TestKeysThatAreTakenNowhere(t *testing.T) {
	pub := func(key crypto.PublicKey) string {
		der, err := x509.MarshalPKIXPublicKey(key)
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	}
	small, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p521, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	smallSSH, err := ssh.NewPublicKey(small.Public())
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ssh.NewPublicKey(p521.Public())
	if err != nil {
		t.Fatal(err)
	}
	odd := new(big.Int).Lsh(big.NewInt(1), leastRSA-1)
	odd.Add(odd, big.NewInt(1))
	even := new(big.Int).Sub(odd, big.NewInt(1))
	good := strings.TrimSpace(line(aKey(t)))
	for what, text := range map[string]string{
		"2048 bits": line(smallSSH), "P-521": line(curve), "nothing": "", "two keys": good + "\n" + good, "options": `command="x" ` + good, "a long comment": good + " " + strings.Repeat("x", mostKey),
	} {
		_, _, err := parseSSH(text)
		refused(t, what, err, ErrKey)
	}
	if _, kind, err := parseSSH(good + " somebody\n"); err != nil || kind != KeyEd25519 {
		t.Errorf("%s: %v", kind, err)
	}
	for what, text := range map[string]string{
		"2048 bits": pub(small.Public()), "signed by anybody": pub(&rsa.PublicKey{N: odd, E: 1}), "divided by two": pub(&rsa.PublicKey{N: even, E: 65537}), "an even exponent": pub(&rsa.PublicKey{N: odd, E: 2}),
		"P-521": pub(p521.Public()), "nothing": "", "two keys": pub(aKey(t).(ssh.CryptoPublicKey).CryptoPublicKey()) + pub(small.Public()),
		"a private key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "garbage": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
	} {
		_, _, err := parsePublic(text)
		refused(t, what, err, ErrKey)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		t.Fatal(err)
	}
	if _, kind, err := parsePublic(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))); err != nil || kind != KeyP256 {
		t.Errorf("%s: %v", kind, err)
	}
	der[len(der)-1] ^= 1
	_, _, err = parsePublic(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})))
	refused(t, "a request that its key did not sign", err, ErrKey)
}

// A key that was opened and is not the published one signs nothing.
func TestOnlyThePublishedKeySigns(t *testing.T) {
	a, _ := made(t, SSHUser)
	_, private, err := a.maker()(a.ID, 2, someTime)
	if err != nil {
		t.Fatal(err)
	}
	_, err = open(private, a.Keys[0], true)
	refused(t, "another key", err, ErrKeyDiffers)
}

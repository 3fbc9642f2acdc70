package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/jackc/pgx/v5"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/pam/authority"
	"github.com/writhq/writ/pam/vault/keys"
	"github.com/writhq/writ/policy"
)

// signer is a company with a real PostgreSQL (see cluster) and authorities in a safe of
// Person 5's, of which Person 1, who has the account ana, may have things signed.
type signer struct {
	*cluster
	t  *testing.T
	id map[authority.Kind]string
}

func newSigner(t *testing.T) *signer {
	t.Helper()
	s := &signer{cluster: newCluster(t), t: t, id: map[authority.Kind]string{}}
	if _, err := s.app.vault.Init(s.ctx, keys.Request{Kind: keys.File}, "a test"); err != nil {
		t.Fatal(err)
	}
	var safe struct{ ID string }
	s.as("E5").want(http.StatusCreated, "POST", "/v1/safes", map[string]any{"name": "signing", "owner": s.identity("E5").String(), "terms": map[string]any{"most_minutes": 60}}, &safe)
	for kind, profile := range map[authority.Kind]map[string]any{
		authority.SSHUser:    {"principals": []string{"root"}, "logins_of": s.target("db").String(), "extensions": []string{"permit-pty"}, "needs_reason": true, "longest_seconds": 3600, "most_seconds": 3600},
		authority.SSHHost:    {"principals": []string{"*.example.com"}},
		authority.X509Client: {"logins_of": s.target("db").String()},
		authority.JWT:        {"self": true, "audience": []string{"https://reports.example.com"}, "claims": map[string]string{"team": "finance"}},
	} {
		var a struct{ ID string }
		s.as("E5").want(http.StatusCreated, "POST", "/v1/authorities", map[string]any{"name": strings.ReplaceAll(string(kind), "_", "-"), "kind": kind, "safe": safe.ID, "reason": "a test"}, &a)
		s.id[kind] = "/v1/authorities/" + a.ID
		profile["reason"] = "a test"
		s.as("E5").want(http.StatusOK, "PUT", s.profile(kind), profile, nil)
		s.as("E5").want(http.StatusOK, "POST", s.profile(kind)+"/rights", map[string]any{"holder": s.identity("E1").String(), "reason": "a test"}, nil)
		var shown authority.AuthorityShown
		s.as("E5").want(http.StatusOK, "GET", s.id[kind], nil, &shown)
		if may := shown.May; !may["authority.change"].Allowed || !may["authority.grant"].Allowed || shown.Profiles[0].Mine {
			t.Errorf("its owner may %+v", may)
		}
	}
	s.settle()
	return s
}

func (s *signer) profile(k authority.Kind) string { return s.id[k] + "/profiles/" + string(k) }

// public reads a file that is public of an authority, as anybody does.
func (s *signer) public(k authority.Kind, file string) []byte {
	s.t.Helper()
	path := "/.well-known/writ/" + strings.TrimPrefix(s.id[k], "/v1/authorities/") + "/" + file
	return s.as("").want(http.StatusOK, "GET", path, nil, nil).body
}

// asks asks for a signature as somebody.
func (s *signer) asks(who *asker, k authority.Kind, more map[string]any) (got authority.SignedBody) {
	s.t.Helper()
	path := map[authority.Kind]string{authority.SSHUser: "ssh", authority.SSHHost: "ssh", authority.X509Client: "x509", authority.JWT: "jwt"}[k]
	body := map[string]any{"profile": string(k), "reason": "change 4711"}
	for name, v := range more {
		body[name] = v
	}
	who.want(http.StatusCreated, "POST", "/v1/certificates/"+path, body, &got)
	return got
}

// sshHost is a real host whose sshd trusts the authorities, and a client's folder.
type sshHost struct {
	*testkit.Host
	s      *signer
	dir    string
	public string
}

func (s *signer) host() *sshHost {
	s.t.Helper()
	h := &sshHost{Host: testkit.NamedLinuxHost(s.t, "h1"), s: s, dir: s.t.TempDir()}
	private, public := testkit.KeyPair(s.t, "ana")
	h.public = public
	must(s.t, os.WriteFile(filepath.Join(h.dir, "key"), private, 0o600))
	h.Script(s.t, `useradd -m -p '*' ana; rm -f /root/.ssh/authorized_keys`)
	key := h.Run(s.t, "ssh-keygen", "-y", "-f", "/etc/ssh/ssh_host_ed25519_key")
	cert := s.asks(s.as("E1"), authority.SSHHost, map[string]any{"public_key": key, "principals": []string{"h1.example.com"}})
	h.Write(s.t, "/etc/ssh/ssh_host_ed25519_key-cert.pub", "644", cert.Text+"\n")
	h.Write(s.t, "/etc/ssh/writ_ca.pub", "644", string(s.public(authority.SSHUser, "ca.pub")))
	h.revoked()
	h.Script(s.t, `printf 'TrustedUserCAKeys /etc/ssh/writ_ca.pub\nRevokedKeys /etc/ssh/writ.krl\nHostCertificate /etc/ssh/ssh_host_ed25519_key-cert.pub\n' >>/etc/ssh/sshd_config
kill -HUP "$(cat /run/sshd.pid)"`)
	must(s.t, os.WriteFile(filepath.Join(h.dir, "known_hosts"), s.public(authority.SSHHost, "known_hosts"), 0o600))
	return h
}

// revoked puts the list of what is revoked onto the host.
func (h *sshHost) revoked() {
	h.s.t.Helper()
	h.Write(h.s.t, "/etc/ssh/writ.krl", "644", string(h.s.public(authority.SSHUser, "revoked.krl")))
}

// ssh signs in with the real client, and returns what it said.
func (h *sshHost) ssh(as, alias string, c authority.SignedBody) (string, error) {
	must(h.s.t, os.WriteFile(filepath.Join(h.dir, "key-cert.pub"), []byte(c.Text+"\n"), 0o600))
	_, port, _ := strings.Cut(h.Addr, ":")
	cmd := exec.CommandContext(h.s.t.Context(), "ssh", "-F", "none", "-i", filepath.Join(h.dir, "key"), "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none",
		"-o", "UserKnownHostsFile="+filepath.Join(h.dir, "known_hosts"), "-o", "GlobalKnownHostsFile=none", "-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes",
		"-o", "HostKeyAlias="+alias, "-p", port, as+"@127.0.0.1", "id", "-un")
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// logged waits until the sshd has said something.
func (h *sshHost) logged(what string) {
	h.s.t.Helper()
	for !strings.Contains(h.Run(h.s.t, "cat", "/var/log/sshd.log"), what) {
		if h.s.t.Context().Err() != nil {
			h.s.t.Fatalf("the sshd never says %q", what)
		}
	}
}

// What is signed is taken by those that it is for, and by nobody else.
func TestWhatIsSignedAtRealServers(t *testing.T) {
	s := newSigner(t)
	for name, test := range map[string]func(*testing.T){"ssh": s.testSSH, "tls": s.testServers, "token": s.testTokens} {
		t.Run(name, func(t *testing.T) {
			defer func(was *testing.T) { s.t, s.served.t = was, was }(s.t)
			s.t, s.served.t = t, t
			test(t)
		})
	}
}

// A certificate is good at a real sshd for its principal, until its end, and until it is
// revoked; and a host's at a real client. Refusals first.
func (s *signer) testSSH(t *testing.T) {
	h := s.host()
	ana := s.as("E1")
	key := map[string]any{"public_key": h.public}
	with := func(more map[string]any) map[string]any {
		all := map[string]any{"public_key": h.public}
		for name, v := range more {
			all[name] = v
		}
		return all
	}
	root := s.asks(ana, authority.SSHUser, with(map[string]any{"principals": []string{"root"}}))
	deadline := time.Now().Add(time.Minute)
	for { // until the sshd has read its configuration anew
		out, err := h.ssh("root", "h1.example.com", root)
		if err == nil && out == "root" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v\n%s", out, err, h.Run(t, "cat", "/var/log/sshd.log"))
		}
	}
	h.logged(root.ID.String()) // from the host's log to the chain
	if out, err := h.ssh("root", "h2.example.com", root); err == nil {
		t.Errorf("a host's certificate is good for another host: %s", out)
	}
	if out, err := h.ssh("ana", "h1.example.com", root); err == nil {
		t.Errorf("root's certificate lets in as ana: %s", out)
	}
	both := s.asks(ana, authority.SSHUser, key)
	if out, err := h.ssh("ana", "h1.example.com", both); err != nil || out != "ana" || strings.Join(both.Principals, " ") != "ana root" {
		t.Errorf("by her own account, for %v: %s: %v", both.Principals, out, err)
	}
	short := s.asks(ana, authority.SSHUser, with(map[string]any{"lasts_seconds": 1}))
	for {
		if _, err := h.ssh("root", "h1.example.com", short); err != nil {
			break
		}
	}
	h.logged("expired")
	s.as("E5").want(http.StatusOK, "POST", "/v1/certificates/"+both.ID.String()+"/revoke", why, nil)
	h.revoked()
	if out, err := h.ssh("ana", "h1.example.com", both); err == nil {
		t.Errorf("what is revoked lets in: %s", out)
	}
	h.logged("revoked")
	if out, err := h.ssh("root", "h1.example.com", root); err != nil {
		t.Errorf("what is not revoked: %s: %v", out, err)
	}
	h.keygen(root, both)
}

// keygen asks ssh-keygen, which knows the list of what is revoked by its own code.
func (h *sshHost) keygen(good, revoked authority.SignedBody) {
	t := h.s.t
	t.Helper()
	list := filepath.Join(h.dir, "krl")
	must(t, os.WriteFile(list, h.s.public(authority.SSHUser, "revoked.krl"), 0o600))
	for _, c := range []authority.SignedBody{good, revoked} {
		file := filepath.Join(h.dir, "asked-cert.pub")
		must(t, os.WriteFile(file, []byte(c.Text+"\n"), 0o600))
		out, err := exec.CommandContext(t.Context(), "ssh-keygen", "-Q", "-f", list, file).CombinedOutput()
		if is := strings.Contains(string(out), "REVOKED"); is != (c.ID == revoked.ID) || (err != nil) != is {
			t.Errorf("ssh-keygen says of %s: %s: %v", c.ID, out, err)
		}
	}
	var checked struct {
		Good  bool
		Wrong string
	}
	h.s.as("E5").want(http.StatusOK, "POST", "/v1/certificates/check", map[string]any{"certificate": good.Text, "as": "root"}, &checked)
	if !checked.Good {
		t.Errorf("it is not good: %s", checked.Wrong)
	}
	h.s.as("E5").want(http.StatusOK, "POST", "/v1/certificates/check", map[string]any{"certificate": revoked.Text}, &checked)
	if checked.Good {
		t.Error("what is revoked is good")
	}
}

// clientCertificate has one signed for a new key.
func (s *signer) clientCertificate(more map[string]any) (tls.Certificate, authority.SignedBody) {
	s.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(s.t, err)
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	must(s.t, err)
	body := map[string]any{"public_key": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))}
	for name, v := range more {
		body[name] = v
	}
	got := s.asks(s.as("E1"), authority.X509Client, body)
	block, _ := pem.Decode([]byte(got.Text))
	return tls.Certificate{Certificate: [][]byte{block.Bytes}, PrivateKey: key}, got
}

// A client's certificate is good at a TLS server, and at a real PostgreSQL as its account.
func (s *signer) testServers(t *testing.T) {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(s.public(authority.X509Client, "ca.pem")) {
		t.Fatal("there is no certificate of the authority")
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.TLS.PeerCertificates[0].Subject.String()) //nolint:gosec // the test reads it, no browser
	}))
	server.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: roots}
	server.StartTLS()
	defer server.Close()
	client := server.Client()
	if res, err := client.Get(server.URL); err == nil {
		_ = res.Body.Close()
		t.Error("somebody without a certificate is let in")
	}
	mine, signed := s.clientCertificate(nil)
	client.Transport.(*http.Transport).TLSClientConfig.Certificates = []tls.Certificate{mine}
	res, err := client.Get(server.URL)
	must(t, err)
	text, err := io.ReadAll(res.Body)
	must(t, err)
	must(t, res.Body.Close())
	if !strings.Contains(string(text), "CN=ana") || !strings.Contains(string(text), signed.ID.String()) {
		t.Errorf("the server is told of %s", text)
	}

	s.postgresTakes()
	as := func(role string, c tls.Certificate) error {
		config, err := pgx.ParseConfig(strings.Replace(s.pg.URL("postgres"), "postgres@", role+"@", 1))
		must(t, err)
		config.TLSConfig = &tls.Config{Certificates: []tls.Certificate{c}, InsecureSkipVerify: true} //nolint:gosec // it is about the client's
		conn, err := pgx.ConnectConfig(t.Context(), config)
		if err == nil {
			err = conn.Close(t.Context())
		}
		return err
	}
	if err := as("ben", mine); err == nil {
		t.Error("ana's certificate lets in as ben")
	}
	if err := as("ana", mine); err != nil {
		t.Errorf("as ana: %v", err)
	}
	s.as("E1").want(http.StatusOK, "POST", "/v1/certificates/"+signed.ID.String()+"/revoke", why, nil)
	s.postgresTakes()
	for as("ana", mine) == nil { // until the server has read the list anew
		if t.Context().Err() != nil {
			t.Fatal("what is revoked lets in")
		}
	}
	other, _ := s.clientCertificate(nil)
	if err := as("ana", other); err != nil {
		t.Errorf("another one: %v", err)
	}
}

// postgresTakes has the cluster take certificates of the authority, and no other way of
// ana and ben.
func (s *signer) postgresTakes() {
	s.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(s.t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(s.t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	must(s.t, err)
	for name, text := range map[string][]byte{
		"server.crt": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), "server.key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
		"ca.pem": s.public(authority.X509Client, "ca.pem"), "ca.crl": s.public(authority.X509Client, "revoked.crl"),
		"pg_hba.conf": []byte("hostssl all ana,ben all cert\nhost all ana,ben all reject\nhost all all all trust\n"),
	} {
		s.pg.Exec(s.t, "postgres", fmt.Sprintf(`copy (select '%s') to program 'base64 -d >%s && chmod 600 %[2]s'`, base64.StdEncoding.EncodeToString(text), name))
	}
	s.pg.Exec(s.t, "postgres", `alter system set ssl_cert_file = 'server.crt'`, `alter system set ssl_key_file = 'server.key'`, `alter system set ssl_ca_file = 'ca.pem'`,
		`alter system set ssl_crl_file = 'ca.crl'`, `alter system set ssl = on`, `select pg_reload_conf()`)
}

// A token is verified by the keys at its authority's address, by somebody else's code.
func (s *signer) testTokens(t *testing.T) {
	got := s.asks(s.as("E1"), authority.JWT, nil)
	issuer := s.node.authority.Origin + "/.well-known/writ/" + strings.TrimPrefix(s.id[authority.JWT], "/v1/authorities/")
	set := oidc.NewRemoteKeySet(t.Context(), strings.Replace(issuer, s.node.authority.Origin, s.server.URL, 1)+"/jwks.json")
	verify := func(audience string) (*oidc.IDToken, error) {
		return oidc.NewVerifier(issuer, set, &oidc.Config{ClientID: audience, SupportedSigningAlgs: []string{oidc.ES256}}).Verify(t.Context(), got.Text)
	}
	if _, err := verify("https://others.example.com"); err == nil {
		t.Error("it is good for somebody else")
	}
	token, err := verify("https://reports.example.com")
	if err != nil {
		t.Fatal(err)
	}
	var claims struct{ Team, Jti string }
	must(t, token.Claims(&claims))
	if token.Subject != s.identity("E1").String() || claims.Team != "finance" || claims.Jti != got.ID.String() {
		t.Errorf("%s: %+v", token.Subject, claims)
	}
	// The next key is in the set before it signs; the one before stays in it.
	s.as("E5").want(http.StatusOK, "POST", s.id[authority.JWT]+"/rotate", map[string]any{"publish_minutes": 0, "overlap_minutes": 60, "reason": "a test"}, nil)
	if n := strings.Count(string(s.public(authority.JWT, "jwks.json")), `"kid"`); n != 2 {
		t.Errorf("%d keys are published", n)
	}
	before := got
	got = s.asks(s.as("E1"), authority.JWT, nil)
	for _, x := range []authority.SignedBody{before, got} {
		got = x
		if _, err := verify("https://reports.example.com"); err != nil {
			t.Errorf("%s: %v", x.ID, err)
		}
	}
}

// agreed has something signed that others have to agree to: once they have, for the key that
// they were shown.
func (s *signer) agreed(ana *asker, public string, refuse func(*asker, string, map[string]any)) {
	s.t.Helper()
	careful := s.id[authority.SSHUser] + "/profiles/careful"
	stage := map[string]any{"approvers": []any{map[string]any{"function": "security_operations"}}, "quorum": 1, "within_minutes": 60}
	s.as("E5").want(http.StatusOK, "PUT", careful, map[string]any{"principals": []string{"root"}, "stages": []any{stage}, "reason": "a test"}, nil)
	s.as("E5").want(http.StatusOK, "POST", careful+"/rights", map[string]any{"holder": s.identity("E1").String(), "reason": "a test"}, nil)
	s.settle()
	c := s.asks(ana, authority.SSHUser, map[string]any{"profile": "careful", "public_key": public})
	if c.State != authority.Waiting || c.Text != "" || c.Approval == 0 {
		s.t.Fatalf("nobody has to agree: %+v", c)
	}
	of := map[string]any{"profile": "careful", "of": c.ID.String()}
	refuse(ana, "certificate-waiting", of)
	var shown struct {
		Version int
		Digest  string
	}
	got := s.as("E4").get("/v1/approvals/"+c.Approval.String(), &shown)
	if shown.Digest == "" || !strings.Contains(string(got.body), c.Fingerprint) {
		s.t.Fatalf("they are shown %s", got.body)
	}
	s.as("E4").want(http.StatusOK, "POST", "/v1/approvals/"+c.Approval.String()+"/decision", map[string]any{"verdict": "approve", "version": shown.Version, "digest": shown.Digest}, nil)
	_, another := testkit.KeyPair(s.t, "another")
	refuse(ana, "certificate-renewal", map[string]any{"profile": "careful", "of": c.ID.String(), "public_key": another})
	issued := s.asks(ana, authority.SSHUser, map[string]any{"profile": "careful", "public_key": public, "of": c.ID.String()})
	if issued.ID != c.ID || issued.Chain != c.Chain || issued.Text == "" {
		s.t.Errorf("it was agreed to as %s, and is %+v", c.ID, issued)
	}
}

// Nobody has anything signed without that right, whatever function they hold; nor while the
// vault is sealed, nor what the profile does not give.
func TestLesson14_SignaturesAreForThoseWithTheRight(t *testing.T) {
	testkit.Postgres(t)
	s := newSigner(t)
	_, public := testkit.KeyPair(t, "somebody")
	refuse := func(who *asker, code string, more map[string]any) {
		t.Helper()
		body := map[string]any{"profile": "ssh_user", "reason": "change 4711", "public_key": public}
		for name, v := range more {
			body[name] = v
		}
		if got := who.do("POST", "/v1/certificates/ssh", body); got.status < 400 || !strings.Contains(string(got.body), `"`+code+`"`) {
			t.Errorf("%+v: %d %s, not %s", more, got.status, got.body, code)
		}
	}
	refuse(s.as("E2"), "profile-not-found", nil)
	for _, who := range []string{"E3", "E5", "E6"} { // who may see the authority, own it, or read everything
		refuse(s.as(who), "denied", nil)
	}
	refuse(s.as(""), "sign-in-required", nil)
	ana := s.as("E1")
	refuse(ana, "profile-not-found", map[string]any{"profile": "jwt"})
	refuse(ana, "principal-not-given", map[string]any{"principals": []string{"ben"}})
	refuse(ana, "certificate-too-long", map[string]any{"lasts_seconds": 3601})
	refuse(ana, "reason-required", map[string]any{"reason": " "})
	refuse(ana, "bad-public-key", map[string]any{"public_key": "ssh-rsa AAAA"})
	good := s.asks(ana, authority.SSHUser, map[string]any{"public_key": public})
	refuse(ana, "certificate-as-key", map[string]any{"public_key": good.Text})
	refuse(s.caller(policy.Caller{Identity: s.identity("E1"), Limits: []string{"read"}}), "token-limited", nil)

	// Lesson 18: what renews is for the same key, and for no principal more.
	_, another := testkit.KeyPair(t, "another")
	refuse(ana, "certificate-renewal", map[string]any{"of": good.ID.String(), "public_key": another})
	root := s.asks(ana, authority.SSHUser, map[string]any{"public_key": public, "principals": []string{"root"}})
	refuse(ana, "certificate-renewal", map[string]any{"of": root.ID.String(), "principals": []string{"ana"}})
	renewed := s.asks(ana, authority.SSHUser, map[string]any{"public_key": public, "of": root.ID.String(), "lasts_seconds": 3600})
	if renewed.Renews != root.ID || renewed.Chain != root.Chain || len(renewed.Principals) != 1 || renewed.Ends > root.Starts+access.Time((time.Hour+time.Minute).Microseconds()) {
		t.Errorf("renewed: %+v", renewed)
	}

	s.agreed(ana, public, refuse)

	// Who owns the authority gives themself nothing, nor changes what they have a right by.
	if got := s.as("E5").do("POST", s.profile(authority.SSHUser)+"/rights", map[string]any{"holder": s.identity("E5").String(), "reason": "a test"}); got.status != http.StatusForbidden {
		t.Errorf("the owner gives themself the right: %d %s", got.status, got.body)
	}
	s.as("E5").want(http.StatusOK, "POST", s.profile(authority.SSHUser)+"/rights/withdraw", map[string]any{"holder": s.identity("E1").String(), "reason": "a test"}, nil)
	refuse(ana, "profile-not-found", nil)
	s.as("E5").want(http.StatusOK, "POST", s.profile(authority.SSHUser)+"/rights", map[string]any{"holder": s.identity("E1").String(), "reason": "a test"}, nil)
	s.asks(ana, authority.SSHUser, map[string]any{"public_key": public})
	s.app.vault.Wipe()
	refuse(ana, "vault-sealed", nil)
	if text := s.public(authority.SSHUser, "ca.pub"); !strings.HasPrefix(string(text), "ssh-ed25519 ") {
		t.Errorf("while the vault is sealed nobody can verify: %s", text)
	}
}

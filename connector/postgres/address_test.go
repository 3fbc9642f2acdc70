package postgres

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

func TestAddresses(t *testing.T) {
	for address, says := range map[string]string{
		"postgres://a:hunter2@h/x": "credential", "postgres://a@h/x?password=hunter2": "credential", "postgres://a@h/x?passfile=/hunter2": "credential",
		"postgres://a@h/x?sslcert=/etc/hunter2": "only sslmode", "postgres://a@h/x?service=hunter2": "only sslmode", "postgres://a@h/x?options=-chunter2": "only sslmode",
		"postgres://a@h/x?sslmode=allow": "sslmode must be", "postgres://a@h/x?sslmode=disable": "tls=off", "postgres://a@h/x?sslmode=prefer": "tls=off",
		"postgres://h/x": "no account", "postgres://a@/x": "no host", "postgres://a@h,b/x": "one host", "postgres://a@h:0/x": "port", "mysql://a@h/x": "postgres://",
		"host=h user=a": "postgres://", "postgres://a@h/x#hunter2": "one host", "postgres://a:hunter2@h:port/x": "not a URL", "postgres://a@h/x?host=/tmp": "only sslmode",
	} {
		_, err := Open(t.Context(), connector.Config{Name: "shop-db", Address: address})
		if !errors.Is(err, connector.ErrInput) || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), `"shop-db"`) {
			t.Errorf("%s: got %v, which should say %q", address, err, says)
		}
	}
	for _, address := range []string{
		"postgres://a@h/x", "postgresql://a@h", "postgres://a@h/x?sslmode=require", "postgres://a@127.0.0.1/x?sslmode=disable", "postgres://a@[::1]:5433/x", "postgres://a@/x?host=/run/postgresql",
	} {
		if _, err := Open(t.Context(), connector.Config{Name: "shop-db", Address: address}); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// The environment of whoever runs Writ has no say in where it connects and how.
func TestLesson12_EnvironmentHasNoSay(t *testing.T) {
	for name, value := range map[string]string{
		"PGPASSWORD": "other", "PGHOST": "other", "PGSSLMODE": "disable", "PGUSER": "other", "PGOPTIONS": "-c search_path=evil", "PGPASSFILE": "/none", "PGSSLROOTCERT": "/none",
		"PGCONNECT_TIMEOUT": "x", "PGREQUIREAUTH": "none", "PGTARGETSESSIONATTRS": "read-only", "PGPORT": "1",
	} {
		t.Setenv(name, value)
	}
	l, err := newLine(connector.Config{Name: "x", Address: "postgres://a@h.example.com/d", Credential: secret.New([]byte("mine"))})
	if err != nil {
		t.Fatal(err)
	}
	c := l.config
	if c.Host != "h.example.com" || c.Port != 5432 || c.RequireAuth != "" || c.ValidateConnect != nil || c.User != "a" || c.Password != "mine" || c.TLSConfig == nil || c.TLSConfig.InsecureSkipVerify || len(c.Fallbacks) != 0 || c.TLSConfig.ServerName != "h.example.com" {
		t.Errorf("connects to %s as %s, TLS %+v", c.Host, c.User, c.TLSConfig)
	}
}

// certify gives a server a certificate for 127.0.0.1 and returns it as PEM.
func certify(t *testing.T, p *testkit.PostgresServer) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	cert := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	put := func(file, content string) string {
		lines := "array['" + strings.Join(strings.Split(strings.TrimSpace(content), "\n"), "','") + "']"
		return "copy (select unnest(" + lines + ")) to program 'cat >" + file + "; chmod 600 " + file + "'"
	}
	p.Exec(t, "postgres", put("server.crt", cert), put("server.key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))),
		`alter system set ssl = on`, `select pg_reload_conf()`)
	return cert
}

func TestTLS(t *testing.T) {
	p := testkit.NewPostgres(t)
	base := strings.TrimSuffix(p.URL("postgres"), "disable")
	describe := func(address string, options map[string]string) (connector.Description, error) {
		return writer(t, address, options).Describe(t.Context())
	}
	if _, err := describe(base+"require", nil); !errors.Is(err, connector.ErrUnreachable) {
		t.Errorf("without TLS on the server: %v", err)
	}
	if _, err := describe(base+"prefer", nil); err != nil {
		t.Errorf("without TLS on the server, preferred: %v", err)
	}
	ca := certify(t, p)
	for deadline := time.Now().Add(20 * time.Second); ; {
		if _, err := describe(base+"require", nil); err == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	if _, err := describe(base+"verify-full", nil); !errors.Is(err, connector.ErrUnreachable) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an unknown certificate: %v", err)
	}
	if _, err := describe(base+"verify-full", map[string]string{"ca": ca}); err != nil {
		t.Errorf("with its certificate: %v", err)
	}
	elsewhere := strings.Replace(base, "127.0.0.1", "0.0.0.0", 1)
	d, err := describe(elsewhere+"require", nil)
	if err != nil || !strings.Contains(strings.Join(d.Warnings, "\n"), "not verified") {
		t.Errorf("not verified: %+v, %v", d, err)
	}
	if _, err := describe(elsewhere+"verify-full", map[string]string{"ca": ca}); !errors.Is(err, connector.ErrUnreachable) {
		t.Errorf("a certificate for another name: %v", err)
	}
}

// A server that is not verified is not sent a password that it can read.
func TestLesson13_PasswordInTheClear(t *testing.T) {
	p := testkit.NewPostgres(t)
	certify(t, p)
	p.Exec(t, "postgres", `create role writ login password 'x'`,
		`do $$ begin execute format('copy (select unnest(array[''host all writ 127.0.0.1/32 password'', ''host all all 127.0.0.1/32 trust''])) to %L', current_setting('hba_file')); end $$`,
		`select pg_reload_conf()`)
	address := strings.Replace(strings.TrimSuffix(p.URL("postgres"), "disable"), "postgres@", "writ@", 1)
	open := func(address string) error {
		c, err := Open(t.Context(), connector.Config{Name: "shop-db", Address: address, Credential: secret.New([]byte("x"))})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Describe(t.Context())
		return err
	}
	for deadline := time.Now().Add(20 * time.Second); ; {
		if err := open(address + "require"); err == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	if err := open(strings.Replace(address, "127.0.0.1", "0.0.0.0", 1) + "require"); err == nil || !strings.Contains(err.Error(), "auth") {
		t.Errorf("got %v", err)
	}
}

func TestTextOfServers(t *testing.T) {
	for _, s := range []string{"\xff", "a\x00b", strings.Repeat("ü", 5000), strings.Repeat("x", 9000)} {
		for what, got := range map[string]string{"clean": clean(s), "part": part(s), "roleName": roleName(s)} {
			if !utf8.ValidString(got) || len(got) > maxText || strings.ContainsRune(got, 0) {
				t.Errorf("%s of %.20q is %.40q, %d bytes", what, s, got, len(got))
			}
		}
	}
	if part(strings.Repeat("x", 5000)) == part(strings.Repeat("x", 5001)) {
		t.Error("two names that differ are one id")
	}
}

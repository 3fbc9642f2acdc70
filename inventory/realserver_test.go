package inventory_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/ldap"
	"github.com/writhq/writ/connector/postgres"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/inventory"
)

const realCanary = "correct-horse-canary"

// trial is a system on a real server, and the ways in which it cannot be signed in to.
type trial struct {
	config inventory.Config
	plain  string
	wrong  map[string]failure
	shrink func() // takes most accounts away
}

// failure changes a system such that signing in fails with a code.
type failure struct {
	code, plain string
	change      func(c *inventory.Config)
}

func postgresTrial(t *testing.T) trial {
	p := testkit.NewPostgres(t)
	statements := []string{`set password_encryption = 'scram-sha-256'`, `create role writ login superuser password '` + realCanary + `'`}
	var drop []string
	for n := range 40 {
		statements = append(statements, fmt.Sprintf(`create role person%d login`, n))
		drop = append(drop, fmt.Sprintf(`drop role person%d`, n))
	}
	statements = append(statements,
		`do $$ begin execute format('copy (select unnest(array[''host all writ 127.0.0.1/32 scram-sha-256'', ''host all all 127.0.0.1/32 trust''])) to %L', current_setting('hba_file')); end $$`,
		`select pg_reload_conf()`)
	p.Exec(t, "postgres", statements...)
	address := strings.Replace(p.URL("postgres"), "postgres@", "writ@", 1)
	proxy := testkit.NewProxy(t, net.JoinHostPort("127.0.0.1", fmt.Sprint(p.Port)))
	proxy.Break(testkit.Hang, 0)
	return trial{
		config: inventory.Config{Address: address}, plain: realCanary, shrink: func() { p.Exec(t, "postgres", drop...) },
		wrong: map[string]failure{
			"wrong password": {"system-credentials", "wrong-canary", func(*inventory.Config) {}},
			"nobody listens": {"system-unreachable", realCanary, func(c *inventory.Config) { c.Address = strings.Replace(address, fmt.Sprint(p.Port), "1", 1) }},
			"no answer": {"system-unreachable", realCanary, func(c *inventory.Config) {
				c.Address = strings.Replace(address, fmt.Sprintf("127.0.0.1:%d", p.Port), proxy.Addr, 1)
				c.Options = map[string]string{"timeout": "2"}
			}},
			"no TLS": {"system-unreachable", realCanary, func(c *inventory.Config) {
				c.Address = strings.Replace(address, "sslmode=disable", "sslmode=verify-full", 1)
			}},
		},
	}
}

func ldapTrial(t *testing.T) trial {
	s, other := testkit.NewSlapd(t, testkit.SlapdConfig{}), testkit.NewSlapd(t, testkit.SlapdConfig{})
	s.Add(t, "dn: ou=people,"+s.BaseDN()+"\nobjectClass: organizationalUnit\nou: people\n")
	var gone []string
	for n := range 40 {
		dn := fmt.Sprintf("uid=person%d,ou=people,%s", n, s.BaseDN())
		s.Add(t, fmt.Sprintf("dn: %s\nobjectClass: inetOrgPerson\nuid: person%d\ncn: Person %d\nsn: Person\n", dn, n, n))
		gone = append(gone, dn)
	}
	authority := func(path string) string {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	address := s.TLSURL() + "/" + s.BaseDN()
	options := func(more ...string) map[string]string {
		m := map[string]string{"bind_dn": s.BindDN(), "ca": authority(s.CA())}
		for i := 0; i < len(more); i += 2 {
			m[more[i]] = more[i+1]
		}
		return m
	}
	proxy := testkit.NewProxy(t, strings.TrimPrefix(s.TLSURL(), "ldaps://"))
	proxy.Break(testkit.Hang, 0)
	plain := string(s.Password().Reveal())
	return trial{
		config: inventory.Config{Address: address, Options: options()}, plain: plain,
		shrink: func() { s.Delete(t, gone...) },
		wrong: map[string]failure{
			"wrong password":    {"system-credentials", "wrong-canary", func(*inventory.Config) {}},
			"wrong certificate": {"system-unreachable", plain, func(c *inventory.Config) { c.Options = options("ca", authority(other.CA())) }},
			"nobody listens":    {"system-unreachable", plain, func(c *inventory.Config) { c.Address = "ldaps://127.0.0.1:1/" + s.BaseDN() }},
			"no answer": {"system-unreachable", plain, func(c *inventory.Config) {
				c.Address, c.Options = "ldaps://"+proxy.Addr+"/"+s.BaseDN(), options("timeout", "2")
			}},
		},
	}
}

// Tests and dry runs on real servers: what is wrong is told in one sentence, which says
// what to do and holds no secret; what the guard stops is foretold.
func TestTryingRealServers(t *testing.T) {
	for kind, begin := range map[string]func(*testing.T) trial{"postgres": postgresTrial, "ldap": ldapTrial} {
		t.Run(kind, func(t *testing.T) {
			x, w := begin(t), newWorld(t, 5)
			w.s.Connectors["postgres"], w.s.Connectors["ldap"] = postgres.Spec(), ldap.Spec()
			w.s.Credential = func(ctx context.Context, system, reference string) (secret.Secret, error) {
				if reference != inventory.Sealed {
					return secret.Secret{}, nil
				}
				return w.db.Inventory().SystemSecret(ctx, system)
			}
			runs := running(t, w)
			add := func(name, plain string, c inventory.Config) access.SystemID {
				sealed := secret.New([]byte(plain))
				c.Credential = inventory.Sealed
				id, err := w.s.AddSystem(asTest(), inventory.System{System: access.System{Name: name, Kind: kind}, Config: c, Plan: inventory.Plan{Stage: inventory.Draft}}, &sealed)
				if err != nil {
					t.Fatal(err)
				}
				return id
			}
			for name, f := range x.wrong {
				c := x.config
				f.change(&c)
				failsClearly(t, runs, add(name, f.plain, c), name, f.code)
			}
			id := add("good", x.plain, x.config)
			if r := carried(t)(runs.Test(asTest(), id)); r.State != inventory.Done || !strings.HasPrefix(r.Outcome.Test.Said, "Writ can sign in: ") {
				t.Fatalf("%+v", r)
			}
			if r := carried(t)(runs.Dry(asTest(), id)); r.State != inventory.Done || r.Outcome.Preview.Accounts.Added < 40 {
				t.Fatalf("%+v", r)
			}
			guarded(t, w, runs, id, x.shrink)
		})
	}
}

// carried waits for the end of a run.
func carried(t *testing.T) func(inventory.Run, <-chan inventory.Run, error) inventory.Run {
	return func(_ inventory.Run, over <-chan inventory.Run, err error) inventory.Run {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return <-over
	}
}

func failsClearly(t *testing.T, runs *inventory.Runs, id access.SystemID, name, code string) {
	t.Helper()
	for _, r := range []inventory.Run{carried(t)(runs.Test(asTest(), id)), carried(t)(runs.Dry(asTest(), id))} {
		if r.State != inventory.Failed || r.Code != code || r.Error == "" || strings.ContainsAny(r.Error, "\n\x00") || strings.Contains(r.Error, "canary") {
			t.Errorf("%s, %s: %s %s %q", r.Kind, name, r.State, r.Code, r.Error)
		}
		t.Logf("%s, %s: %s", r.Kind, name, r.Error)
	}
}

// guarded reads a system, takes most of it away, and has the guard stop the next sync.
func guarded(t *testing.T, w *world, runs *inventory.Runs, id access.SystemID, shrink func()) {
	t.Helper()
	y, err := w.s.System(asTest(), id.String())
	if err != nil {
		t.Fatal(err)
	}
	y.Plan = y.Activated()
	if err := w.s.UpdateSystem(asTest(), y, nil); err != nil {
		t.Fatal(err)
	}
	if r := carried(t)(runs.Sync(asTest(), id.Ref(), inventory.SyncOptions{})); r.State != inventory.Done {
		t.Fatalf("%+v", r)
	}
	shrink()
	if r := carried(t)(runs.Dry(asTest(), id)); r.State != inventory.Done || r.Outcome.Preview.Accounts.Removed != 40 || !strings.Contains(r.Outcome.Preview.Refused, "would remove 40") {
		t.Errorf("what the guard stops is not foretold: %+v", r.Outcome.Preview)
	}
	if r := carried(t)(runs.Sync(asTest(), id.Ref(), inventory.SyncOptions{})); r.State != inventory.Failed || r.Code != inventory.ErrGuard.Code {
		t.Errorf("the guard did not stop it: %+v", r)
	}
	if r := carried(t)(runs.Sync(asTest(), id.Ref(), inventory.SyncOptions{AcceptRemovals: true})); r.State != inventory.Done || r.Outcome.Report.Removed < 40 {
		t.Errorf("what is meant was stopped: %+v", r)
	}
}

var _ connector.Connector = (*stuck)(nil)

package bench

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/csv"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/pam/authority"
	"github.com/writhq/writ/pam/vault"
	"github.com/writhq/writ/pam/vault/keys"
	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/store"
)

// BenchmarkVaultSSHSign has SSH keys signed by 16 callers at once, each a decision and a
// transaction with its record, beside the library's signature alone.
func BenchmarkVaultSSHSign(b *testing.B) {
	const callers, lasts = 16, 5 * time.Second
	s, ctx := signingService(b)
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		b.Fatal(err)
	}
	request := authority.SSHRequest{Asked: authority.Asked{Profile: "bench"}, Key: string(ssh.MarshalAuthorizedKey(key))}
	if _, err := s.SignSSH(ctx, request); err != nil {
		b.Fatal(err)
	}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	bare, err := ssh.NewSignerFromSigner(private)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		rate, p99 := together(b, callers, lasts, func() error {
			_, err := s.SignSSH(ctx, request)
			return err
		})
		alone, _ := together(b, callers, lasts, func() error {
			c := &ssh.Certificate{Key: key, CertType: ssh.UserCert, KeyId: "bench", ValidPrincipals: []string{"root"}, ValidBefore: 1}
			return c.SignCert(rand.Reader, bare)
		})
		b.Logf("signed with their record: %.0f/s, p99 %s; the library alone: %.0f/s; ratio %.2f", rate, p99.Round(10*time.Microsecond), alone, rate/alone)
		b.ReportMetric(rate, "signed/s")
		b.ReportMetric(rate/alone, "of-library")
	}
}

// together has something done by several at once for a time: how often a second, and how
// long the slowest hundredth took at least.
func together(b *testing.B, callers int, lasts time.Duration, do func() error) (rate float64, p99 time.Duration) {
	b.Helper()
	var mu sync.Mutex
	var all []time.Duration
	var done sync.WaitGroup
	begun := time.Now()
	for range callers {
		done.Go(func() {
			var took []time.Duration
			for time.Since(begun) < lasts {
				at := time.Now()
				if err := do(); err != nil {
					b.Error(err)
					break
				}
				took = append(took, time.Since(at))
			}
			mu.Lock()
			all = append(all, took...)
			mu.Unlock()
		})
	}
	done.Wait()
	rate = float64(len(all)) / time.Since(begun).Seconds()
	if len(all) == 0 {
		b.FailNow()
	}
	slices.Sort(all)
	return rate, all[len(all)*99/100]
}

// signingService is an authority with a profile, and somebody who has a right by it. What
// gives records their place in the log runs beside.
func signingService(b *testing.B) (*authority.Service, context.Context) {
	b.Helper()
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	ctx, dir := asBench(b), b.TempDir()
	db, err := store.Open(ctx, store.Config{Dir: filepath.Join(dir, "data")})
	must(err)
	hr := filepath.Join(dir, "hr.csv")
	must(os.WriteFile(hr, []byte("number,name,email\n1,Ana Alvarez,ana@example.com\n"), 0o600))
	people := &inventory.Service{Store: db.Inventory(), People: map[string]func(connector.Config) (connector.PeopleReader, error){csv.Kind: csv.OpenPeople}, Dir: db.Dir()}
	source, err := people.AddSource(ctx, inventory.Source{Name: "hr", Kind: csv.Kind, Config: inventory.Config{Address: hr}})
	must(err)
	_, err = people.SyncSource(ctx, source, inventory.SyncOptions{})
	must(err)
	_, err = db.Sequence(ctx)
	must(err)
	who, err := people.ResolveIdentity(ctx, "ana@example.com")
	must(err)
	g, err := graph.Open(ctx, db.Graph())
	must(err)
	set, err := policy.NewSet(1, policy.Shipped()...)
	must(err)
	directory, err := db.Policy().Directory(ctx)
	must(err)
	live := policy.NewLive(g)
	live.Put(directory)
	engine, err := policy.New(policy.Config{Set: set, Facts: live.Facts})
	must(err)
	gate := &policy.Gate{Engine: engine, Graph: g}
	ring, err := keys.New(keys.Config{Store: db.VaultKeys(), Dir: db.Dir()})
	must(err)
	_, err = ring.Init(ctx, keys.Request{Kind: keys.File}, "the benchmark")
	must(err)
	safes := &vault.Service{Store: db.Vault(), Ring: ring, Gate: gate, Graph: g}
	safe, err := safes.AddSafe(ctx, vault.Safe{Name: "bench", Owner: who, Sharing: vault.Shared, Terms: access.Terms{Most: time.Hour}}, "the benchmark")
	must(err)
	s, err := authority.New(authority.Config{Store: db.Authorities(ring), Ring: ring, Gate: gate, Graph: g})
	must(err)
	id, err := s.Add(ctx, authority.Authority{Name: "bench", Kind: authority.SSHUser, Safe: safe}, "the benchmark")
	must(err)
	must(s.PutProfile(ctx, authority.Profile{Authority: id, Name: "bench", Spec: authority.Spec{Principals: []string{"root"}}}, "the benchmark"))
	must(s.Grant(ctx, id, "bench", authority.Right{Holder: who.Ref(), Reason: "the benchmark"}))
	running, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- db.RunSequencer(running) }()
	b.Cleanup(func() {
		cancel()
		<-ended //nolint:errcheck // it says that it was told to end
		ring.Wipe()
		must(db.Close())
	})
	return s, policy.WithCaller(audit.WithActor(ctx, audit.Actor{Identity: who}), policy.Caller{Identity: who})
}

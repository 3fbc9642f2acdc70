package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/pam/authority"
	"github.com/writhq/writ/pam/vault"
)

// The figures that the vault is held to, as shares of what OpenBao does.
const (
	vaultReads  = 2.0
	vaultWrites = 2.0
	vaultSigns  = 1.5
	vaultLeased = 2.0
)

// vaultBenchEnv tells a child of this test binary to serve a vault over an embedded
// database, or over the PostgreSQL database that it names, until its standard input ends.
const vaultBenchEnv = "WRIT_BENCH_VAULT"

// vaultProfileEnv names a file for a profile of where the server's time goes.
const vaultProfileEnv = "WRIT_BENCH_PROFILE"

// TestServeVaultForBench is the server of BenchmarkVault, in a process of its own.
func TestServeVaultForBench(t *testing.T) {
	database, run := os.LookupEnv(vaultBenchEnv)
	if !run {
		t.Skip("it is the benchmark's server")
	}
	t.Setenv("WRIT_DATABASE", database)
	c := &serverConfig{Origin: testOrigin}
	c.Rates.Address, c.Rates.Identity = 1e6, 1e6
	w := newConfiguredWorld(t, t.TempDir(), slog.DiscardHandler, c)
	k := newClients(t, w)
	safe := k.addSafe(vaultMount, access.Terms{Most: time.Hour}, vault.Shared)
	signs, err := w.node.authority.Add(k.operator, authority.Authority{Name: vaultProfile, Kind: authority.SSHUser, Safe: safe}, "the benchmark")
	must(t, err)
	must(t, w.node.authority.PutProfile(k.operator, authority.Profile{Authority: signs, Name: vaultProfile, Spec: authority.Spec{Principals: []string{"root"}}}, "the benchmark"))
	must(t, w.node.authority.Grant(k.operator, signs, vaultProfile, authority.Right{Holder: k.owner.Ref(), Reason: "the benchmark"}))
	lendForBench(t, k, os.Getenv(leaseBenchEnv))
	_, _ = fmt.Fprintf(os.Stdout, "%s\n%s\n", w.url+"/vault", k.token(append(whole, "certificate.sign", "template.read", "lease.issue")...))
	_, _ = io.Copy(io.Discard, os.Stdin)
}

const (
	vaultMount   = "kv"
	vaultProfile = "bench"
	vaultKeys    = 200
	vaultConns   = 16
)

// vaultServer is one that speaks the API.
type vaultServer struct {
	name, url, token string
	client           *http.Client
	pid              int
}

// worked is how long the server's process has worked, or zero where that is not known.
func (s *vaultServer) worked() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * (time.Second / 100) // of clock ticks, which are a hundred a second
}

func (s *vaultServer) ask(ctx context.Context, method, path string, body any) error {
	var send io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		send = bytes.NewReader(text)
	}
	return s.send(ctx, method, s.url+"/v1/"+path, send)
}

func (s *vaultServer) send(ctx context.Context, method, url string, body io.Reader) error {
	r, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return err
	}
	r.Header.Set("X-Vault-Token", s.token)
	res, err := s.client.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %s: %s", method, url, res.Status, text)
	}
	return err
}

func newVaultServer(name, url, token string) *vaultServer {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = vaultConns
	return &vaultServer{name: name, url: url, token: token, client: &http.Client{Transport: t, Timeout: time.Minute}}
}

// startWritVault runs TestServeVaultForBench, which lends accounts of a cluster.
func startWritVault(b *testing.B, name, database string, cluster *testkit.PostgresServer) *vaultServer {
	b.Helper()
	args := []string{"-test.run=^TestServeVaultForBench$", "-test.timeout=0"}
	if file := os.Getenv(vaultProfileEnv); file != "" {
		args = append(args, "-test.cpuprofile="+file)
	}
	cmd := exec.CommandContext(context.WithoutCancel(b.Context()), os.Args[0], args...) //nolint:gosec // the test itself
	cmd.Env = append(os.Environ(), vaultBenchEnv+"="+database, leaseBenchEnv+"="+cluster.URL("postgres"))
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
	lines := bufio.NewScanner(out)
	var said []string
	for len(said) < 2 && lines.Scan() {
		said = append(said, lines.Text())
	}
	if len(said) < 2 {
		b.Fatalf("the server did not start: %s", said)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	s := newVaultServer(name, said[0], said[1])
	s.pid = cmd.Process.Pid
	return s
}

// startOpenBao runs an OpenBao that keeps its data in files and its audit log in another, and
// lends accounts of a cluster.
func startOpenBao(b *testing.B, program string, cluster *testkit.PostgresServer) *vaultServer {
	b.Helper()
	dir := b.TempDir()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	at := l.Addr().String()
	_ = l.Close()
	config := fmt.Sprintf(`
storage "file" { path = %q }
listener "tcp" {
  address = %q
  tls_disable = true
}
audit "file" "log" { options = { file_path = %q } }
api_addr = "http://%s"
disable_mlock = true
`, filepath.Join(dir, "data"), at, filepath.Join(dir, "audit.log"), at)
	file := filepath.Join(dir, "config.hcl")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := exec.CommandContext(b.Context(), program, "server", "-config="+file) //nolint:gosec // named by whoever runs the benchmark
	cmd.Env = append(os.Environ(), "HOME="+dir)
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		b.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	s := newVaultServer("OpenBao", "http://"+at, "")
	s.pid = cmd.Process.Pid
	fail := func(err error) {
		b.Helper()
		if err != nil {
			text, _ := os.ReadFile(log.Name())
			b.Fatalf("%v\n%s", err, text)
		}
	}
	var made struct {
		Keys  []string `json:"keys"`
		Token string   `json:"root_token"`
	}
	for {
		text, err := s.put(b.Context(), "sys/init", map[string]int{"secret_shares": 1, "secret_threshold": 1})
		if err == nil {
			fail(json.Unmarshal(text, &made))
			break
		}
		if strings.Contains(err.Error(), "refused") && cmd.ProcessState == nil && b.Context().Err() == nil {
			wait(b.Context(), 50*time.Millisecond) // it says nothing when it is there
			continue
		}
		fail(err)
	}
	_, err = s.put(b.Context(), "sys/unseal", map[string]string{"key": made.Keys[0]})
	fail(err)
	s.token = made.Token
	fail(s.ask(b.Context(), http.MethodPost, "sys/mounts/"+vaultMount, map[string]any{"type": "kv", "options": map[string]string{"version": "2"}}))
	fail(s.ask(b.Context(), http.MethodPost, "sys/mounts/ssh", map[string]any{"type": "ssh"}))
	fail(s.ask(b.Context(), http.MethodPost, "ssh/config/ca", map[string]any{"generate_signing_key": true, "key_type": "ed25519"}))
	fail(s.ask(b.Context(), http.MethodPost, "ssh/roles/"+vaultProfile, map[string]any{"key_type": "ca", "allow_user_certificates": true, "allowed_users": "root", "default_user": "root", "ttl": "5m"}))
	fail(lendByOpenBao(b.Context(), s, cluster))
	return s
}

// put sends something to what takes no token yet.
func (s *vaultServer) put(ctx context.Context, path string, body any) ([]byte, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPut, s.url+"/v1/"+path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	res, err := s.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	text, err = io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", path, res.Status, text)
	}
	return text, err
}

// vaultLoad is what is asked again and again, and the cryptography that it takes. Asked in
// turns with it may be what takes no server of secrets at all.
type vaultLoad struct {
	name   string
	goal   float64
	bare   func()
	ask    func(ctx context.Context, s *vaultServer, n int) error
	beside *vaultLoad
}

func vaultKey(n int) string { return fmt.Sprintf("%s/data/app-%03d", vaultMount, n%vaultKeys) }

func vaultValue(n int) map[string]any {
	return map[string]any{"data": map[string]string{"user": "app", "password": fmt.Sprintf("a-value-of-some-length-%d", n)}}
}

// vaultTook is how long each answer took.
type vaultTook struct {
	each []time.Duration
	over time.Duration
	work time.Duration // of the server
}

// cost is how long the server works for one answer: it does not depend on what else the
// machine does.
func (k *vaultTook) cost() float64 { return float64(k.work.Microseconds()) / float64(len(k.each)) }

func (k *vaultTook) rate() float64 { return float64(len(k.each)) / k.over.Seconds() }

// figure prints a line: of what a benchmark logs, package testing keeps ten.
func figure(format string, args ...any) { _, _ = fmt.Fprintf(os.Stdout, "    "+format+"\n", args...) }

func (k *vaultTook) tell(what string, s *vaultServer) {
	figure("%-16s %-16s %7.0f/s  p50 %6.2f ms  p99 %6.2f ms  %5.0f µs of work each", what, s.name, k.rate(), k.at(50).Seconds()*1e3, k.at(99).Seconds()*1e3, k.cost())
}

func (k *vaultTook) at(percent int) time.Duration {
	slices.Sort(k.each)
	return k.each[min(len(k.each)-1, len(k.each)*percent/100)]
}

// drive asks over as many connections for a time.
func (l *vaultLoad) drive(b *testing.B, s *vaultServer, conns int, lasts time.Duration, k *vaultTook) {
	b.Helper()
	var all sync.WaitGroup
	each := make([][]time.Duration, conns)
	ends := make([]error, conns)
	began, worked := time.Now(), s.worked()
	for c := range conns {
		all.Go(func() {
			for n := c * 7919; time.Since(began) < lasts; n += 31 {
				at := time.Now()
				if ends[c] = l.ask(b.Context(), s, n); ends[c] != nil {
					return
				}
				each[c] = append(each[c], time.Since(at))
			}
		})
	}
	all.Wait()
	if err := errors.Join(ends...); err != nil {
		b.Fatalf("%s, %s: %v", s.name, l.name, err)
	}
	k.each, k.over = append(k.each, slices.Concat(each...)...), k.over+time.Since(began)
	k.work += s.worked() - worked
}

// vaultLoads are reading, writing and having a key signed. What is bare is done by the
// libraries alone: a value and the key that it is sealed with are sealed, or opened, each.
func vaultLoads(b *testing.B) []vaultLoad {
	b.Helper()
	fail := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	block, err := aes.NewCipher(make([]byte, 32))
	fail(err)
	sealer, err := cipher.NewGCM(block)
	fail(err)
	nonce, value := make([]byte, sealer.NonceSize()), make([]byte, 60)
	sealed := sealer.Seal(nil, nonce, value, nil) //nolint:gosec // how long it takes is the same with any nonce
	public, private, err := ed25519.GenerateKey(rand.Reader)
	fail(err)
	key, err := ssh.NewPublicKey(public)
	fail(err)
	signer, err := ssh.NewSignerFromSigner(private)
	fail(err)
	asked := map[string]string{"public_key": string(ssh.MarshalAuthorizedKey(key)), "valid_principals": "root"}
	return []vaultLoad{
		{name: "read a key", goal: vaultReads, bare: func() {
			for range 2 {
				_, err := sealer.Open(nil, nonce, sealed, nil)
				fail(err)
			}
		}, ask: func(ctx context.Context, s *vaultServer, n int) error {
			return s.ask(ctx, http.MethodGet, vaultKey(n), nil)
		}},
		{name: "write a key", goal: vaultWrites, bare: func() {
			for range 2 {
				_, _ = rand.Read(nonce)
				sealer.Seal(nil, nonce, value, nil)
			}
		}, ask: func(ctx context.Context, s *vaultServer, n int) error {
			return s.ask(ctx, http.MethodPost, vaultKey(n), vaultValue(n))
		}},
		{name: "sign a key", goal: vaultSigns, bare: func() {
			c := &ssh.Certificate{Key: key, CertType: ssh.UserCert, KeyId: "bench", ValidPrincipals: []string{"root"}, ValidBefore: 1}
			fail(c.SignCert(rand.Reader, signer))
		}, ask: func(ctx context.Context, s *vaultServer, _ int) error {
			return s.ask(ctx, http.MethodPost, "ssh/sign/"+vaultProfile, asked)
		}},
	}
}

// worksFor is how long this process works for one call.
func worksFor(b *testing.B, fn func()) time.Duration {
	b.Helper()
	worked := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	const times = 2000
	began := worked()
	for range times {
		fn()
	}
	return (worked() - began) / times
}

// BenchmarkVault has one client ask Writ and an OpenBao for the same, in turns, each with
// its audit log written. OPENBAO_BIN names the program of OpenBao; without it there is
// nothing to compare with. Beside it is what a request costs that does nothing.
func BenchmarkVault(b *testing.B) {
	cluster := leasedCluster(b)
	servers := []*vaultServer{startWritVault(b, "Writ, embedded", "", cluster)}
	if program := os.Getenv(testkit.OpenBaoVariable); program != "" {
		servers = append(servers, startOpenBao(b, program, cluster))
	} else {
		figure("comparing with OpenBao is skipped: %s names no program of it", testkit.OpenBaoVariable)
	}
	loads := append(vaultLoads(b), leaseLoad(b, cluster))
	for _, s := range servers {
		for n := range vaultKeys {
			if err := s.ask(b.Context(), http.MethodPost, vaultKey(n), vaultValue(n)); err != nil {
				b.Fatal(err)
			}
		}
	}
	nothing := vaultLoad{name: "an empty route", ask: func(ctx context.Context, s *vaultServer, _ int) error {
		return s.send(ctx, http.MethodGet, strings.TrimSuffix(s.url, "/vault")+"/healthz", nil)
	}}
	var empty vaultTook
	nothing.drive(b, servers[0], vaultConns, 2*time.Second, &empty)
	empty.tell(nothing.name, servers[0])
	for _, l := range loads {
		b.Run(l.name, func(b *testing.B) {
			for b.Loop() {
				l.compare(b, servers, &empty)
			}
		})
	}
}

// compare has servers answer in turns, and prints what came of it beside an empty route.
func (l *vaultLoad) compare(b *testing.B, servers []*vaultServer, empty *vaultTook) {
	b.Helper()
	const rounds, each = 6, 2 * time.Second
	took := make([]vaultTook, len(servers))
	var beside vaultTook
	nobody := &vaultServer{name: "no server"}
	for range rounds {
		for i, s := range servers {
			l.drive(b, s, vaultConns, each, &took[i])
		}
		if l.beside != nil {
			l.beside.drive(b, nobody, vaultConns, each, &beside)
		}
	}
	for i, s := range servers {
		took[i].tell(l.name, s)
	}
	bare := worksFor(b, l.bare)
	figure("%-16s %.2f of the rate of an empty route; %.1f times its work; the cryptography alone is %.1f µs of work, 1/%.1f of it", l.name,
		took[0].rate()/empty.rate(), took[0].cost()/empty.cost(), float64(bare.Nanoseconds())/1e3, took[0].cost()*1e3/float64(bare.Nanoseconds()))
	if l.beside != nil {
		beside.tell(l.beside.name, nobody)
		for i, s := range servers {
			figure("%-16s %-16s %.2f of %s (at least %.1f)", l.name, s.name, took[i].rate()/beside.rate(), l.beside.name, l.beside.goal)
		}
	}
	if len(servers) > 1 {
		figure("%-16s %.2f times OpenBao (at least %.1f)", l.name, took[0].rate()/took[1].rate(), l.goal)
	}
}

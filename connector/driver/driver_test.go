package driver_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/driver"
	"github.com/writhq/writ/internal/secret"
)

// erp is a driver in a few lines of shell: what it was given as a value it keeps as it stands.
const erp = `#!/bin/sh
in=$(cat)
field() { printf '%s' "$in" | sed -n 's/.*"'"$1"'":"\(\([^"\\]\|\\.\)*\)".*/\1/p'; }
case "$(field do)" in
describe) echo '{"version":"ERP 7","warnings":["the batch users are missing"]}' ;;
accounts) echo '{"accounts":[{"id":"1","login":"batch","name":"Batch"},{"id":"2","disabled":true}]}' ;;
set) field value >"$0.$(field account)" && echo '{}' ;;
verify) if [ "$(field value)" = "$(cat "$0.$(field account)")" ]; then echo '{"opens":true}'; else echo '{"opens":false}'; fi ;;
*) exit 1 ;;
esac
`

// program puts a driver on the node.
func program(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "driver")
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	return path
}

const token = "a token of the driver's"

// server is a driver that is called.
func server(t *testing.T) string {
	t.Helper()
	var mu sync.Mutex
	has := map[string]string{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		var in struct{ Account, Value string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || r.Header.Get("Authorization") != "Bearer "+token {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		switch r.URL.Path {
		case "/erp/describe":
			_, _ = io.WriteString(w, `{"version":"ERP 7","warnings":["the batch users are missing"]}`)
		case "/erp/accounts":
			_, _ = io.WriteString(w, `{"accounts":[{"id":"1","login":"batch","name":"Batch"},{"id":"2","disabled":true}]}`)
		case "/erp/set":
			has[in.Account] = in.Value
		case "/erp/verify":
			_ = json.NewEncoder(w).Encode(map[string]bool{"opens": has[in.Account] == in.Value})
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL + "/erp"
}

func open(t *testing.T, spec connector.Spec, cfg connector.Config) connector.Keeper {
	t.Helper()
	cfg.Name = "erp"
	c, err := spec.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c.(connector.Keeper)
}

// Both kinds tell of accounts, give one another password and try it.
func TestDriversKeep(t *testing.T) {
	for kind, c := range map[string]connector.Keeper{
		"script": open(t, driver.Script(), connector.Config{Address: program(t, erp)}),
		"http":   open(t, driver.HTTP(), connector.Config{Address: server(t), Credential: secret.New([]byte(token))}),
	} {
		about, err := c.Describe(t.Context())
		if err != nil || about.Kind != kind || about.Version != "ERP 7" || len(about.Warnings) != 2 {
			t.Errorf("%s: %+v, %v", kind, about, err)
		}
		var list []connector.Account
		for r, err := range c.Discover(t.Context(), "") {
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, *r.Account)
		}
		if len(list) != 2 || list[0].Login != "batch" || list[1].Login != "2" || list[1].Status != "disabled" {
			t.Errorf("%s: %+v", kind, list)
		}
		value, other := secret.New([]byte(`it's "quoted" \ $(id)`)), secret.New([]byte("another"))
		for range 2 {
			if err := c.SetSecret(t.Context(), connector.NewSecret{Account: "1", Kind: connector.Password, Value: value}); err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
		}
		if is, err := c.Opens(t.Context(), "1", connector.Password, value); !is || err != nil {
			t.Errorf("%s: what was set opens: %t, %v", kind, is, err)
		}
		if is, err := c.Opens(t.Context(), "1", connector.Password, other); is || err != nil {
			t.Errorf("%s: another one opens: %t, %v", kind, is, err)
		}
		for _, bad := range []connector.NewSecret{{Account: "1", Kind: connector.SSHKey, Value: value}, {Kind: connector.Password, Value: value}, {Account: "1", Kind: connector.Password}} {
			if err := c.SetSecret(t.Context(), bad); !errors.Is(err, connector.ErrUnsupported) {
				t.Errorf("%s: %+v is set: %v", kind, bad, err)
			}
		}
	}
}

// A driver that fails says nothing of what it was given, and one that does not say whether a
// secret opens has not said that it does.
func TestDriversThatFail(t *testing.T) {
	value := secret.New([]byte("canary-1"))
	for text, want := range map[string]error{
		"cat; exit 3":                   connector.ErrUnreachable,
		"cat; kill -9 $$":               connector.ErrUnreachable,
		"cat >/dev/null; echo canary-1": connector.ErrIncomplete,
		"cat >/dev/null; echo '{}'":     connector.ErrUnsupported,
		"exit 0":                        connector.ErrUnsupported,
	} {
		c := open(t, driver.Script(), connector.Config{Address: program(t, "#!/bin/sh\n"+text+"\n")})
		if is, err := c.Opens(t.Context(), "1", connector.Password, value); is || !errors.Is(err, want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %t, %v", text, is, err)
		}
	}
	c := open(t, driver.HTTP(), connector.Config{Address: server(t), Credential: secret.New([]byte("another"))})
	if _, err := c.Describe(t.Context()); !errors.Is(err, connector.ErrCredentials) {
		t.Errorf("a wrong token: %v", err)
	}
	for name, cfg := range map[string]connector.Config{
		"a program's name":      {Address: "driver"},
		"a folder":              {Address: t.TempDir()},
		"one with a credential": {Address: program(t, erp), Credential: value},
	} {
		if _, err := driver.Script().Open(t.Context(), cfg); !errors.Is(err, connector.ErrInput) {
			t.Errorf("%s is opened: %v", name, err)
		}
	}
	if _, err := driver.HTTP().Open(t.Context(), connector.Config{Address: "http://erp.example.com/"}); !errors.Is(err, connector.ErrInput) {
		t.Errorf("a driver without TLS is opened: %v", err)
	}
}

// Lesson 12: which program is run is not said over the API; see inventory's Declared.
func TestLesson12_AProgramIsDeclaredAsOne(t *testing.T) {
	if s := driver.Script(); !s.Local || !s.Program {
		t.Error("the address of a script can be set as if it were no path")
	}
}

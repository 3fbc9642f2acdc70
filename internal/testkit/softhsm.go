package testkit

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Token is a hardware token in software, for one test.
type Token struct{ Module, Label, PIN string }

// softHSMs are where Debian keeps the library.
var softHSMs = []string{"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so"}

// SoftHSM makes a token in a folder of its own. It skips where SoftHSM is not installed.
func SoftHSM(t *testing.T) Token {
	t.Helper()
	token := Token{Label: "writ", PIN: "12345678"}
	for _, path := range softHSMs {
		if _, err := os.Stat(path); err == nil {
			token.Module = path
		}
	}
	if token.Module == "" {
		t.Skip("softhsm2 is not installed: run internal/testkit/install.sh")
	}
	dir := t.TempDir()
	conf, tokens := filepath.Join(dir, "softhsm2.conf"), filepath.Join(dir, "tokens")
	if err := os.Mkdir(tokens, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(conf, []byte("directories.tokendir = "+tokens+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SOFTHSM2_CONF", conf)
	out, err := exec.CommandContext(t.Context(), "softhsm2-util", "--init-token", "--free", "--label", token.Label, "--so-pin", "87654321", "--pin", token.PIN).CombinedOutput()
	if err != nil {
		t.Fatalf("making a token: %v: %s", err, out)
	}
	return token
}

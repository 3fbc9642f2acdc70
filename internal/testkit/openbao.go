package testkit

import (
	"crypto/rand"
	_ "embed"
	"net"
	"os"
	"testing"
)

//go:embed openbao.sh
var openBaoScript string

// OpenBaoVariable names the program of an OpenBao, which is not in Debian, or of the Vault
// that it comes from.
const OpenBaoVariable = "OPENBAO_BIN"

// OpenBaoProgram is the command that people use, which is the server, too. It skips where no
// program is named.
func OpenBaoProgram(t *testing.T) string {
	t.Helper()
	program := os.Getenv(OpenBaoVariable)
	if program == "" {
		t.Skip(OpenBaoVariable + " names no OpenBao")
	}
	return program
}

// OpenBao starts a real OpenBao in memory for one test, and returns its address and the
// token of its root. It skips where no program is named.
func OpenBao(t *testing.T) (address, token string) {
	t.Helper()
	needServers(t)
	program := OpenBaoProgram(t)
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed at once
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().String()
	_ = l.Close() // the server takes it
	dir, err := os.MkdirTemp("", "writ-openbao-")
	if err != nil {
		t.Fatal(err)
	}
	keeper, err := hold("bash", "-c", stopScript+openBaoScript, "openbao", dir, program, at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := keeper.end(); err != nil {
			t.Errorf("ending OpenBao: %v", err)
		}
	})
	token = rand.Text()
	if _, err := keeper.ask(token, "started"); err != nil {
		t.Fatalf("starting OpenBao: %v", err)
	}
	return "http://" + at, token
}

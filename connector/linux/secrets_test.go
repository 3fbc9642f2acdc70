package linux

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

// A password's hash stays on the host: it is in nothing that any script sends
// and in no record, whatever form it has.
func TestLesson13_NoHashLeavesTheHost(t *testing.T) {
	h := testkit.LinuxHost(t)
	canaries := map[string]string{
		"yescrypt": "$y$j9T$CANARYcanaryCANARY$CANARYcanaryCANARYcanaryCANARYcanaryCANARY12",
		"sha512":   "$6$CANARYcanary$CANARYcanaryCANARYcanaryCANARYcanaryCANARY1234",
		"locked":   "!$6$CANARYcanary$CANARYcanaryCANARYcanaryCANARYcanaryCANARY1234",
		"des":      "CANARYcanary1",
		"odd":      "$CANARYcanary$CANARYcanaryCANARYcanary",
		"bare":     "CANARYcanaryCANARYcanary",
	}
	for name, hash := range canaries {
		h.Run(t, "useradd", "-m", "-s", "/bin/bash", "-p", hash, name)
	}
	h.Script(t, `mkdir -p /home/des/.ssh; ln -s /etc/shadow /home/des/.ssh/authorized_keys`)
	opened, err := Open(t.Context(), connector.Config{
		Name: "h1", Address: h.URL(), Credential: secret.New(h.Key), Options: map[string]string{"known_hosts": h.HostKey},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close() //nolint:errcheck // nothing is left to say
	host := opened.(*Host)
	everything := map[string][]byte{
		scriptProbe: nil, scriptAccounts: nil, scriptSudoers: nil, scriptSetuid: nil,
		scriptLookup: []byte("u des\ng shadow\n"), scriptState: []byte("sha512\nshadow\n"),
		scriptStat: []byte("/etc/shadow\x00"), scriptKeys: []byte("/etc/shadow\x00/home/des/.ssh/authorized_keys\x00"), scriptOwned: []byte("/etc/shadow\x00"),
	}
	for script, stdin := range everything {
		out, err := host.line.run(t.Context(), "testing", script, stdin, asRoot)
		if err != nil {
			t.Fatalf("%.40q: %v", script, err)
		}
		if i := bytes.Index(out, []byte("CANARY")); i >= 0 {
			t.Errorf("%.60q sends %q", script, out[max(0, i-40):i+20])
		}
	}
	states := map[string]string{}
	for r, err := range host.Discover(context.Background(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if text := fmt.Sprintf("%+v %+v %+v %+v", r.Account, r.Credential, r.Grant, r.Entitlement); strings.Contains(text, "CANARY") {
			t.Errorf("a record holds it: %s", text)
		}
		if r.Account != nil {
			states[r.Account.ID] = r.Account.Attributes["password"]
		}
	}
	for name := range canaries {
		if want := map[bool]string{true: "locked", false: "set"}[name == "locked"]; states[name] != want {
			t.Errorf("%s is %s, want %s", name, states[name], want)
		}
	}
}

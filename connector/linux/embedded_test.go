package linux_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/testkit"
)

// Files that hold secrets are told by their place; none of them is read, whatever it is.
func TestEmbeddedSecrets(t *testing.T) {
	h := testkit.LinuxHost(t)
	h.Script(t, `for who in alice bob; do useradd -m -s /bin/bash "$who"; install -d -o "$who" -m 755 "/home/$who/.ssh"; done
echo canary >/home/alice/.pgpass; chmod 600 /home/alice/.pgpass
echo canary >/home/alice/.ssh/id_rsa; chmod 600 /home/alice/.ssh/id_rsa
echo canary >/home/alice/.ssh/id_ed25519; chmod 644 /home/alice/.ssh/id_ed25519
mkfifo /home/bob/.pgpass; : >/home/bob/.netrc; mkdir /home/bob/.ssh/id_rsa`)
	var got []string
	for r, err := range open(t, h).Discover(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if r.Resource != nil && r.Resource.Kind == connector.EmbeddedSecret {
			got = append(got, r.Resource.ID+" = "+r.Resource.Name)
		}
	}
	want := []string{
		"embedded:/home/alice/.pgpass = /home/alice/.pgpass",
		"embedded:/home/alice/.ssh/id_ed25519 = /home/alice/.ssh/id_ed25519 (others may read it)",
	}
	if !slices.Equal(got, want) {
		t.Errorf("embedded are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

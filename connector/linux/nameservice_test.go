package linux

import (
	"slices"
	"strings"
	"testing"
)

func TestServicesThatAreADirectory(t *testing.T) {
	tests := []struct {
		line string
		want []string
	}{
		{"passwd: files systemd", nil},
		{"passwd:\tfiles sss", []string{"sss"}},
		{"passwd : compat [NOTFOUND=continue] ldap # winbind", []string{"ldap"}},
		{"passwd: files [ SUCCESS=merge ] winbind winbind", []string{"winbind"}},
		{"passwd:", nil},
	}
	for _, tt := range tests {
		n := newNameService()
		if n.serve(tt.line); !slices.Equal(n.passwd, tt.want) || n.group != nil {
			t.Errorf("%q brings accounts from %q and groups from %q, want %q", tt.line, n.passwd, n.group, tt.want)
		}
	}
}

// TestSeveralServicesAreNotOneDirectory: of several services, any may have brought a
// name, and none is taken for the directory's.
func TestSeveralServicesAreNotOneDirectory(t *testing.T) {
	for _, tt := range []struct {
		passwd, group string
		taken         bool
	}{
		{"files sss", "files sss", true},
		{"files sss", "files", true},
		{"files sss nis", "files sss", false},
		{"files sss", "files sss nis", false},
		{"files ldap", "files sss", false},
	} {
		h, f := &Host{directory: "corp"}, newFacts()
		_, err := f.parse([]byte("P:root:x:0:0::/root:/bin/sh\nP:ana:x:5000:5001::/home/ana:/bin/sh\nG:root:x:0:\nG:admins:x:5002:ana\n" +
			"N:passwd: " + tt.passwd + "\nN:group: " + tt.group + "\nFP:root\nFG:root\nE:end\n"))
		if err != nil {
			t.Fatal(err)
		}
		f.join()
		opened := len(h.openedBy(f.byName["ana"], f)) > 0
		linked := len(h.fromDirectory(f)) > 0
		warned := strings.Contains(strings.Join(h.directoryWarnings(f), " "), "several services")
		if opened != tt.taken || linked != (tt.taken && tt.group != "files") || warned == tt.taken {
			t.Errorf("passwd: %s, group: %s: an account is taken for the directory's %v, a group %v, warned %v", tt.passwd, tt.group, opened, linked, warned)
		}
	}
}

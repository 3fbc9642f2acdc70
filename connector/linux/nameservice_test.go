package linux

import (
	"slices"
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

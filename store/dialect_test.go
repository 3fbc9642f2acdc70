package store

import "testing"

// SQLite takes milliseconds for a thousand numbered placeholders, so they are
// numbered only where their order asks for it.
func TestPlaceholdersOfSQLite(t *testing.T) {
	tests := []struct{ from, want string }{
		{"select 1", "select 1"},
		{"values ($1, $2), ($3, $4)", "values (?, ?), (?, ?)"},
		{"a = $1 or b = $1", "a = ?1 or b = ?1"},
		{"a = $2 and b = $1", "a = ?2 and b = ?1"},
		{"a = $1 and b = $3", "a = ?1 and b = ?3"},
		{"$1 $2 $3 $4 $5 $6 $7 $8 $9 $10", "? ? ? ? ? ? ? ? ? ?"},
	}
	for _, tt := range tests {
		if got := new(rebinder).sqlite(tt.from); got != tt.want {
			t.Errorf("%s became %s, want %s", tt.from, got, tt.want)
		}
	}
}

package connector

import (
	"errors"
	"strings"
	"testing"

	"github.com/writhq/writ/internal/secret"
)

func TestCheckSecret(t *testing.T) {
	spec := Spec{Kind: "tea", Keeps: []SecretKind{Password}, Takes: SecretPolicy{Length: 4, Most: 8, Without: NotPrintable}}
	open := Spec{Kind: "tea", Keeps: []SecretKind{Password, SSHKey}, Takes: SecretPolicy{Without: ":\n"}}
	for name, tt := range map[string]struct {
		spec           Spec
		account, value string
		kind           SecretKind
		says           string // "" is taken
	}{
		"taken":        {spec, "ana", "a b\\'", Password, ""},
		"shortest":     {spec, "ana", "abcd", Password, ""},
		"longest":      {spec, "ana", "abcdefgh", Password, ""},
		"too short":    {spec, "ana", "abc", Password, "at least 4"},
		"too long":     {spec, "ana", "abcdefghi", Password, "at most 8"},
		"not ASCII":    {spec, "ana", "abcdé", Password, "printable ASCII"},
		"not text":     {spec, "ana", "abcd\xff", Password, "printable ASCII"},
		"delete":       {spec, "ana", "abcd\x7f", Password, "printable ASCII"},
		"NUL":          {spec, "ana", "abcd\x00", Password, "printable ASCII"},
		"none":         {spec, "ana", "", Password, "no secret"},
		"nobody's":     {spec, "", "abcd", Password, "whose"},
		"another kind": {spec, "ana", "abcd", SSHKey, "not kept"},
		"no kind":      {spec, "ana", "abcd", "", "not kept"},
		"no ceiling":   {open, "ana", strings.Repeat("é", 500), Password, ""},
		"a colon":      {open, "ana", "ab:cd", Password, "cannot be in one"},
		"a key":        {open, "ana", "a key\n: of many lines\n", SSHKey, ""},
	} {
		err := tt.spec.CheckSecret("pot", tt.account, tt.kind, secret.New([]byte(tt.value)))
		if tt.says == "" && err != nil || tt.says != "" && (!errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), `tea "pot"`)) {
			t.Errorf("%s: got %v, want %q", name, err, tt.says)
		}
		if err != nil && tt.value != "" && strings.Contains(err.Error(), tt.value) {
			t.Errorf("%s: the error holds the secret", name)
		}
	}
}

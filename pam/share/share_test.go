package share

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/internal/secret"
)

// Invariant 3: the digest of a code says nothing without the token.
func TestCodesAreReadAsPeopleTypeThem(t *testing.T) {
	token, other := newToken(), newToken()
	code := string(newCode().Reveal())
	if len(code) != codeChars || !isToken(token) || isToken(secret.New([]byte("x"))) || token.Equal(other) {
		t.Fatalf("the code is %q", code)
	}
	kept := codeMark(token, code)
	for typed, same := range map[string]bool{
		code: true, strings.ToLower(code): true, " " + code[:3] + "-" + code[3:] + " ": true,
		code[1:]: false, "": false, code + "A": false,
	} {
		if kept.Equal(codeMark(token, typed)) != same {
			t.Errorf("%q opens: %t", typed, !same)
		}
	}
	if kept.Equal(codeMark(other, code)) || kept == linkMark(token) || strings.Contains(string(kept)+string(linkMark(token)), string(token.Reveal())) {
		t.Error("what is kept is not of this token alone")
	}
}

func TestPartOfAValue(t *testing.T) {
	value := secret.New([]byte(`{"user":"rosa","port":22,"hosts":["a","b"],"none":null}`))
	for field, want := range map[string]string{"user": "rosa", "port": "22", "hosts": `["a","b"]`, "": string(value.Reveal())} {
		if got, err := Part(value, field); err != nil || string(got.Reveal()) != want {
			t.Errorf("%s is %q: %v", field, got.Reveal(), err)
		}
	}
	for _, v := range []struct{ value, field string }{{string(value.Reveal()), "none"}, {string(value.Reveal()), "User"}, {"plain", "user"}, {`"user"`, "user"}} {
		if _, err := Part(secret.New([]byte(v.value)), v.field); !errors.Is(err, ErrField) || strings.Contains(err.Error(), "rosa") {
			t.Errorf("%s of %s: %v", v.field, v.value, err)
		}
	}
}

func TestHowLongAShareLasts(t *testing.T) {
	for _, tt := range []struct {
		asked, most, want time.Duration
	}{{0, 72 * time.Hour, usually}, {0, time.Hour, time.Hour}, {time.Hour, time.Hour, time.Hour}, {time.Second, time.Hour, 0}, {2 * time.Hour, time.Hour, 0}} {
		if got, err := lasting(tt.asked, tt.most); got != tt.want || (err == nil) != (tt.want > 0) {
			t.Errorf("%s of %s is %s: %v", tt.asked, tt.most, got, err)
		}
	}
}

package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// maxDepth is how deep JSON may nest: nothing that the API takes goes deeper, and
// whatever walks it does so on a stack.
const maxDepth = 32

var (
	errDepth = errors.New("the JSON nests deeper than anything here does")
	errText  = errors.New("the JSON is no text in UTF-8, or has a NUL in it")
	errJSON  = errors.New("this is no JSON")
	errValue = errors.New("the JSON holds what fits nothing here, such as a number that is too large")
)

// Unmarshal reads JSON that does not nest too deep, and holds only text that every
// database can keep.
func Unmarshal(b []byte, v any) error {
	switch {
	case tooDeep(b):
		return errDepth
	case !utf8.Valid(b) || bytes.Contains(b, []byte(`\u0000`)):
		return errText
	}
	err := json.Unmarshal(b, v)
	switch err.(type) { //nolint:errorlint // it is what the decoder returns, and is not passed on
	case nil:
		return nil
	case *json.SyntaxError:
		return errJSON
	}
	return errValue // the decoder's own words name Go types
}

// tooDeep counts brackets outside of text. Of what is no JSON it may say anything.
func tooDeep(b []byte) bool {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			for i++; i < len(b) && b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			if depth++; depth > maxDepth {
				return true
			}
		case '}', ']':
			depth--
		}
	}
	return false
}

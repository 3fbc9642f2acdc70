package httpapi

import (
	"encoding/json"
	"errors"
)

// maxDepth is how deep JSON may nest: nothing that the API takes goes deeper, and
// whatever walks it does so on a stack.
const maxDepth = 32

var errDepth = errors.New("the JSON nests deeper than anything here does")

// unmarshal reads JSON that does not nest too deep.
func unmarshal(b []byte, v any) error {
	if tooDeep(b) {
		return errDepth
	}
	return json.Unmarshal(b, v)
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

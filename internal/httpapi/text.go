package httpapi

import (
	"encoding"
	"errors"

	"github.com/danielgtaylor/huma/v2"
)

// Text is a parameter that is written as text though it is held as a number: an id, a
// time. The API's framework would read it as that number.
type Text[T any] struct{ V T }

var errNoText = errors.New("it is not of a type that is read from text")

// UnmarshalText reads the parameter.
func (t *Text[T]) UnmarshalText(b []byte) error {
	into, ok := any(&t.V).(encoding.TextUnmarshaler)
	if !ok {
		return errNoText
	}
	return into.UnmarshalText(b)
}

// Schema says that it is text.
func (t Text[T]) Schema(huma.Registry) *huma.Schema {
	longest := 64
	return &huma.Schema{Type: huma.TypeString, MaxLength: &longest}
}

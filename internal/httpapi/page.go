package httpapi

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/writhq/writ/internal/fault"
)

// ErrCursor is returned for a cursor that no page gave.
var ErrCursor = fault.New(fault.Invalid, "bad-cursor", "the cursor is not one that a page of this list gave: begin at the first page")

// Paging are the parameters of an operation that answers page by page.
type Paging struct {
	Cursor string `query:"cursor" maxLength:"1024" doc:"Where the page begins, as the page before said in next"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"How many at most"`
}

// Cursor writes where the next page begins.
func Cursor[T any](at T) string {
	text, err := json.Marshal(at)
	if err != nil {
		panic(err) // a cursor is a struct of numbers and text
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// ParseCursor reads what Cursor wrote; of an empty one nothing.
func ParseCursor[T any](text string) (at T, err error) {
	if text == "" {
		return at, nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return at, ErrCursor
	}
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.DisallowUnknownFields()
	if err := d.Decode(&at); err != nil || d.More() {
		return at, ErrCursor
	}
	return at, nil
}

// Match is the precondition of an operation that changes an object.
type Match struct {
	IfMatch string `header:"If-Match" maxLength:"64" doc:"The ETag of the version that you have seen"`
}

// Version is the version that the caller has seen.
func (m Match) Version() (int64, error) {
	if m.IfMatch == "" {
		return 0, ErrNoMatch
	}
	text, ok := strings.CutPrefix(m.IfMatch, `"`)
	text, closed := strings.CutSuffix(text, `"`)
	n, err := strconv.ParseInt(text, 10, 64)
	if !ok || !closed || err != nil {
		return 0, ErrStale
	}
	return n, nil
}

// Tag writes a version as an ETag.
func Tag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

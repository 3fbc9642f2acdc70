package mine

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/writhq/writ/internal/fault"
)

// ErrPairs says which line of a file of pairs cannot be read.
var ErrPairs = fault.New(fault.Invalid, "role-pairs-invalid", "a line of the pairs is not a user and a permission with a space between them")

const (
	maxLine = 64 << 10
	maxName = 1 << 10
)

// ReadPairs reads lines of a user and a permission with blanks between them. What begins
// with # is a comment, empty lines and pairs said twice are fine, and the first line that
// is anything else ends it.
func ReadPairs(r io.Reader) (Matrix, error) {
	var b Builder
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 4096), maxLine)
	n := 0
	for lines.Scan() {
		n++
		fields := strings.Fields(lines.Text())
		if i := slices.IndexFunc(fields, comments); i >= 0 {
			fields = fields[:i]
		}
		if len(fields) == 0 {
			continue
		}
		if why := wrong(fields); why != "" {
			return Matrix{}, ErrPairs.With("line %d of the pairs %s: write a user and a permission with a space between them", n, why)
		}
		if err := b.Add(fields[0], fields[1]); err != nil {
			return Matrix{}, fmt.Errorf("line %d of the pairs: %w", n, err)
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return Matrix{}, ErrPairs.With("line %d of the pairs is longer than %d bytes: write a user and a permission with a space between them", n+1, maxLine)
	case err != nil:
		return Matrix{}, fmt.Errorf("reading the pairs after line %d: %w", n, err)
	case len(b.pairs) == 0:
		return Matrix{}, ErrPairs.With("there is no pair in it: write a user and a permission on each line")
	}
	return b.Matrix(), nil
}

// comments says whether a word begins a comment: names may have a # further inside.
func comments(word string) bool { return word[0] == '#' }

func wrong(fields []string) string {
	switch {
	case len(fields) == 1:
		return "has no permission"
	case len(fields) > 2:
		return fmt.Sprintf("has %d words", len(fields))
	}
	for _, f := range fields {
		switch {
		case len(f) > maxName:
			return fmt.Sprintf("has a name of more than %d bytes", maxName)
		case !utf8.ValidString(f):
			return "is not UTF-8"
		}
	}
	return ""
}

// WritePairs writes a matrix as ReadPairs reads it.
func WritePairs(w io.Writer, m Matrix) error {
	out := bufio.NewWriter(w)
	for u, row := range m.rows {
		for _, p := range row {
			if _, err := fmt.Fprintf(out, "%s %s\n", m.Users[u], m.Permissions[p]); err != nil {
				return err
			}
		}
	}
	return out.Flush()
}

package csv

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/writhq/writ/connector"
)

const (
	maxField = 4096
	maxRaw   = 500 // of a rejected row that is kept for the person who mends it

	// The header of a file that is something else altogether must not fill a screen.
	maxHeaders = 20
	maxHeader  = 40
)

// file is one open CSV file with its header.
type file struct {
	name     string // without its folder, for messages
	encoding string
	f        *os.File
	info     os.FileInfo // when it was opened
	text     *feed
	r        *csv.Reader
	column   map[string]int
	header   []string
	row      []string
	line     int
}

// readOnly opens without waiting: a named pipe with no writer would hold up a sync
// for ever, and is refused once it is open.
const readOnly = os.O_RDONLY | syscall.O_NONBLOCK

// newFile reads the header of a file that was just opened. A missing file is
// os.ErrNotExist.
func newFile(f *os.File, err error, name, enc, delimiter string) (_ *file, _ error) {
	if errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if err != nil {
		return nil, connector.ErrInput.With("%s cannot be read", name).Because(err)
	}
	c := &file{name: name, f: f, column: map[string]int{}}
	if err := c.start(enc, delimiter); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return c, nil
}

func (c *file) start(enc, delimiter string) (err error) {
	if c.info, err = c.f.Stat(); err != nil || !c.info.Mode().IsRegular() {
		return connector.ErrInput.With("%s is not a file: folders, pipes and devices are not read", c.name)
	}
	text, used, err := decode(c.f, c.name, enc)
	if err != nil {
		return err
	}
	c.encoding, c.text = used, &feed{text: text}
	c.r = csv.NewReader(c.text)
	c.r.ReuseRecord = true
	c.r.FieldsPerRecord = -1 // rows are judged one by one
	if delimiter != "" {
		r, size := utf8.DecodeRuneInString(delimiter)
		if size != len(delimiter) || r == 0 || r == utf8.RuneError || r == '"' || r == '\n' || r == '\r' {
			return connector.ErrInput.With("%q cannot be a delimiter: it is one character, such as ; or a tab", delimiter)
		}
		c.r.Comma = r
	}
	return c.readHeader()
}

func (c *file) readHeader() error {
	err := c.read()
	if errors.Is(err, io.EOF) {
		return connector.ErrInput.With("%s is empty: it needs a header line", c.name)
	}
	if bad, ok := errors.AsType[errRow](err); ok {
		return connector.ErrInput.With("the header of %s cannot be read: %s", c.name, bad.reason)
	}
	if err != nil {
		return err
	}
	for i, name := range c.row {
		name = strings.TrimSpace(name)
		c.header = append(c.header, name)
		if name == "" {
			continue
		}
		if _, twice := c.column[name]; twice {
			return connector.ErrInput.With("%s has two columns %q: which one counts cannot be told; rename one", c.name, short(name))
		}
		c.column[name] = i
	}
	return nil
}

// errRow is a row that is rejected alone.
type errRow struct{ reason string }

func (e errRow) Error() string { return e.reason }

// record reads the next row: a record, or the row as a Reject. An error ends the
// file, io.EOF well.
func (c *file) record(read func(*file) (connector.Record, error)) (connector.Record, error) {
	err := c.next()
	var rec connector.Record
	if err == nil {
		rec, err = read(c)
	}
	bad, rejected := errors.AsType[errRow](err)
	switch {
	case err == nil:
		return rec, nil
	case rejected && !c.unended():
		return c.reject(bad.reason), nil
	}
	if changed := c.changed(); changed != nil {
		return connector.Record{}, changed // whatever else is wrong, it is half written
	}
	if rejected {
		return connector.Record{}, connector.ErrIncomplete.With("%s ends in the middle of a row: line %d has no line end, and %s; export it again, or mend that line", c.name, c.line, bad.reason)
	}
	return connector.Record{}, err
}

// unended reports whether the row is the last one and lacks its line end, or the end
// of its quotes: only then does the reader ask for more than there is.
func (c *file) unended() bool { return c.text.eof }

// next reads the next row. An errRow rejects it; another error ends the file.
func (c *file) next() error {
	if err := c.read(); err != nil {
		return err
	}
	if len(c.row) != len(c.header) {
		return errRow{fmt.Sprintf("it has %d fields and the header has %d", len(c.row), len(c.header))}
	}
	for i, v := range c.row {
		switch {
		case len(v) > maxField:
			return errRow{fmt.Sprintf("field %q is longer than %d bytes", short(c.header[i]), maxField)}
		case strings.ContainsRune(v, 0):
			return errRow{fmt.Sprintf("field %q holds a NUL", short(c.header[i]))}
		}
	}
	return nil
}

// read reads any row, and tells rows that cannot be read alone from files that
// cannot be read further.
func (c *file) read() error {
	c.text.row = c.r.InputOffset()
	row, err := c.r.Read()
	c.row = row
	parse, broken := errors.AsType[*csv.ParseError](err)
	switch {
	case broken:
		c.line = parse.StartLine
	case len(row) > 0:
		c.line, _ = c.r.FieldPos(0)
	}
	switch {
	case c.text.stop != nil:
		return c.stopped()
	case broken && errors.Is(parse.Err, csv.ErrQuote):
		return c.badQuote(parse)
	case broken:
		return errRow{"a quote stands in a field that does not begin with one"}
	}
	return err
}

// stopped says why the text ended early.
func (c *file) stopped() error {
	stop, line := c.text.stop, c.text.lines+1
	oddly := strings.HasPrefix(c.encoding, "utf-16") && c.info.Size()%2 == 1
	switch {
	case errors.Is(stop, errLongRow):
		return connector.ErrInput.With("%s line %d begins a row of more than 1 MiB: probably a quote in that line is not closed", c.name, c.line)
	case errors.Is(stop, errHalf), errors.Is(stop, errLost) && oddly:
		return connector.ErrIncomplete.With("%s ends in line %d in the middle of a character: the file was cut off, or is not %s", c.name, line, strings.ToUpper(c.encoding))
	case errors.Is(stop, errLost):
		other := "windows-1252"
		if c.encoding != "utf-8" {
			other = "utf-8"
		}
		return connector.ErrInput.With("%s line %d is not %s: say which encoding the file is in, as in encoding=%s", c.name, line, strings.ToUpper(c.encoding), other)
	}
	return connector.ErrIncomplete.With("%s cannot be read to its end", c.name).Because(stop)
}

// badQuote tells a file that ends within quotes from one with a quote too many:
// only the former is complained of behind the end of its last line. In both, rows
// behind it cannot be told apart.
func (c *file) badQuote(e *csv.ParseError) error {
	if c.unended() && e.Column > c.text.lastLine() {
		return connector.ErrIncomplete.With("%s ends inside a quoted field that starts in line %d: the file was cut off, or a quote is missing", c.name, e.StartLine)
	}
	where := fmt.Sprintf("line %d", e.Line)
	if e.Line != e.StartLine {
		where += fmt.Sprintf(", in the row that starts in line %d,", e.StartLine)
	}
	return connector.ErrInput.With("%s %s has a wrong quote: one too many, or one that should be doubled; mend it and run it again", c.name, where)
}

// get returns a column of the current row, or "" where the file has no such column.
func (c *file) get(name string) string {
	if i, ok := c.column[name]; ok && i < len(c.row) {
		return strings.TrimSpace(c.row[i])
	}
	return ""
}

func (c *file) reject(reason string) connector.Record {
	raw := strings.Join(c.row, ",")
	if len(raw) > maxRaw {
		raw = strings.ToValidUTF8(raw[:maxRaw], "") + "…"
	}
	return connector.Record{Reject: &connector.Reject{Where: fmt.Sprintf("%s:%d", c.name, c.line), Reason: reason, Raw: raw}}
}

// need checks that columns are there.
func (c *file) need(names ...string) error {
	for _, name := range names {
		if _, ok := c.column[name]; !ok {
			return connector.ErrInput.With("%s has no column %q; it has: %s", c.name, name, c.headers())
		}
	}
	return nil
}

// headers lists the header for messages.
func (c *file) headers() string {
	var names []string
	for _, name := range c.header[:min(len(c.header), maxHeaders)] {
		names = append(names, short(name))
	}
	text := strings.Join(names, ", ")
	if more := len(c.header) - len(names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// short is a header for messages.
func short(name string) string {
	if len(name) <= maxHeader {
		return name
	}
	return strings.ToValidUTF8(name[:maxHeader], "") + "…"
}

func (c *file) close() error { return c.f.Close() }

// position is how much was read of a file, of none nothing.
func (c *file) position() int64 {
	if c == nil {
		return 0
	}
	at, err := c.f.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0
	}
	return at
}

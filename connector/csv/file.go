package csv

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/writhq/writ/connector"
)

const (
	maxField = 4096
	maxRaw   = 500 // of a rejected row that is kept for the person who mends it
)

// encodings that an HR export comes in, by the names that people use.
var encodings = map[string]encoding.Encoding{
	"utf-8":        unicode.UTF8BOM,
	"utf-16":       unicode.UTF16(unicode.LittleEndian, unicode.UseBOM),
	"utf-16le":     unicode.UTF16(unicode.LittleEndian, unicode.UseBOM),
	"utf-16be":     unicode.UTF16(unicode.BigEndian, unicode.UseBOM),
	"windows-1252": charmap.Windows1252,
	"iso-8859-1":   charmap.ISO8859_1,
	"iso-8859-15":  charmap.ISO8859_15,
}

// file is one open CSV file with its header.
type file struct {
	name   string // without its folder, for messages
	f      *os.File
	r      *csv.Reader
	utf8   bool // the bytes claim to be UTF-8 and are checked
	column map[string]int
	header []string
	row    []string
	line   int
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

func (c *file) start(enc, delimiter string) error {
	if info, err := c.f.Stat(); err != nil || !info.Mode().IsRegular() {
		return connector.ErrInput.With("%s is not a file: folders, pipes and devices are not read", c.name)
	}
	text, err := c.decode(enc)
	if err != nil {
		return err
	}
	c.r = csv.NewReader(text)
	c.r.ReuseRecord = true
	c.r.FieldsPerRecord = -1 // rows are judged one by one
	if delimiter != "" {
		r, size := utf8.DecodeRuneInString(delimiter)
		if size != len(delimiter) || r == utf8.RuneError || r == '"' || r == '\n' || r == '\r' {
			return connector.ErrInput.With("%q cannot be a delimiter: it is one character, such as ; or a tab", delimiter)
		}
		c.r.Comma = r
	}
	return c.readHeader()
}

func (c *file) decode(enc string) (io.Reader, error) {
	buffered := bufio.NewReaderSize(c.f, 1<<16)
	head, err := buffered.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, connector.ErrInput.With("%s cannot be read", c.name).Because(err)
	}
	if enc == "" && len(head) == 2 && (head[0] == 0xFF && head[1] == 0xFE || head[0] == 0xFE && head[1] == 0xFF) {
		enc = "utf-16"
	}
	if enc == "" {
		enc = "utf-8"
	}
	e, ok := encodings[strings.ToLower(enc)]
	if !ok {
		return nil, connector.ErrInput.With("encoding %q is not known: use utf-8, utf-16, windows-1252, iso-8859-1 or iso-8859-15", enc)
	}
	c.utf8 = strings.EqualFold(enc, "utf-8")
	if c.utf8 {
		// Bytes are passed through, so that a wrong one is seen and not replaced.
		bom, err := buffered.Peek(3)
		if err == nil && string(bom) == "\xEF\xBB\xBF" {
			_, err = buffered.Discard(3)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		return buffered, nil
	}
	return transform.NewReader(buffered, e.NewDecoder()), nil
}

func (c *file) readHeader() error {
	row, err := c.r.Read()
	if errors.Is(err, io.EOF) {
		return connector.ErrInput.With("%s is empty: it needs a header line", c.name)
	}
	if err != nil {
		return c.broken(err)
	}
	for i, name := range row {
		if c.utf8 && !utf8.ValidString(name) {
			return c.wrongEncoding(1)
		}
		name = strings.TrimSpace(name)
		c.header = append(c.header, name)
		if _, twice := c.column[name]; !twice && name != "" {
			c.column[name] = i
		}
	}
	return nil
}

// errRow is a row that is rejected alone.
type errRow struct{ reason string }

func (e errRow) Error() string { return e.reason }

// next reads the next row. An errRow rejects it; another error ends the file.
func (c *file) next() error {
	row, err := c.r.Read()
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	c.row = row
	if err != nil {
		return c.broken(err)
	}
	c.line, _ = c.r.FieldPos(0)
	if len(row) != len(c.header) {
		return errRow{fmt.Sprintf("it has %d fields and the header has %d", len(row), len(c.header))}
	}
	for i, v := range row {
		switch {
		case c.utf8 && !utf8.ValidString(v):
			return c.wrongEncoding(c.line)
		case len(v) > maxField:
			return errRow{fmt.Sprintf("field %q is longer than %d bytes", c.header[i], maxField)}
		case strings.ContainsRune(v, 0):
			return errRow{fmt.Sprintf("field %q holds a NUL", c.header[i])}
		}
	}
	return nil
}

func (c *file) wrongEncoding(line int) error {
	return connector.ErrInput.With("%s line %d is not UTF-8: say which encoding the file is in, as in encoding=windows-1252", c.name, line)
}

// broken tells a file that was cut off from a row with a stray quote.
func (c *file) broken(err error) error {
	parse, ok := errors.AsType[*csv.ParseError](err)
	if !ok {
		return connector.ErrIncomplete.With("%s cannot be read to its end", c.name).Because(err)
	}
	c.line = parse.StartLine
	if errors.Is(parse.Err, csv.ErrQuote) {
		if _, err := c.r.Read(); errors.Is(err, io.EOF) {
			return connector.ErrIncomplete.With("%s ends inside a quoted field that starts in line %d: the file was cut off, or a quote is missing", c.name, parse.StartLine)
		}
		return connector.ErrInput.With("%s line %d has a quote that is not closed; rows behind it cannot be told apart: mend the line and run it again", c.name, parse.StartLine)
	}
	return errRow{parse.Err.Error()}
}

// get returns a column of the current row, or "" where the file has no such column.
func (c *file) get(name string) string {
	if i, ok := c.column[name]; ok && i < len(c.row) {
		return strings.TrimSpace(c.row[i])
	}
	return ""
}

func (c *file) reject(reason string) connector.Record {
	raw := strings.ToValidUTF8(strings.Join(c.row, ","), "\uFFFD")
	if len(raw) > maxRaw {
		raw = strings.ToValidUTF8(raw[:maxRaw], "") + "…"
	}
	return connector.Record{Reject: &connector.Reject{Where: fmt.Sprintf("%s:%d", c.name, c.line), Reason: reason, Raw: raw}}
}

// need checks that columns are there.
func (c *file) need(names ...string) error {
	for _, name := range names {
		if _, ok := c.column[name]; !ok {
			return connector.ErrInput.With("%s has no column %q; it has: %s", c.name, name, strings.Join(c.header, ", "))
		}
	}
	return nil
}

// stampOf tells whether files are still those that a cursor is of.
func stampOf(paths ...string) string {
	sum := fnv.New64a()
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			continue
		}
		_, _ = fmt.Fprintf(sum, "%q %d %d\n", path, info.Size(), info.ModTime().UnixNano())
	}
	return strconv.FormatUint(sum.Sum64(), 36)
}

func (c *file) close() error { return c.f.Close() }

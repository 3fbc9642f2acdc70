package csv

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/writhq/writ/connector"
)

// maxRow is how much of a file is held at once: without a limit, one quote that
// is not closed would have the rest of the file read into one field.
const maxRow = 1 << 20

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

// decode returns a file's text. It reads to an error at the first byte that the
// encoding does not have.
func decode(r io.Reader, name, enc string) (_ io.Reader, used string, _ error) {
	buffered := bufio.NewReaderSize(r, 1<<16)
	head, err := buffered.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, "", connector.ErrInput.With("%s cannot be read", name).Because(err)
	}
	used = strings.ToLower(enc)
	if used == "" {
		used = "utf-8"
		if bytes.HasPrefix(head, []byte("\xFF\xFE")) || bytes.HasPrefix(head, []byte("\xFE\xFF")) {
			used = "utf-16"
		}
	}
	e, ok := encodings[used]
	if !ok {
		return nil, "", connector.ErrInput.With("encoding %q is not known: use utf-8, utf-16, windows-1252, iso-8859-1 or iso-8859-15", enc)
	}
	if wide := wide(head); wide != "" && !strings.HasPrefix(used, "utf-16") {
		return nil, "", connector.ErrInput.With("%s has NUL bytes in its header, as UTF-16 has: set encoding=%s", name, wide)
	}
	if used != "utf-8" {
		return transform.NewReader(transform.NewReader(buffered, e.NewDecoder()), lossless{}), used, nil
	}
	if bytes.HasPrefix(head, []byte("\xEF\xBB\xBF")) {
		if _, err := buffered.Discard(3); err != nil {
			return nil, "", connector.ErrInput.With("%s cannot be read", name).Because(err)
		}
	}
	return transform.NewReader(buffered, whole{}), used, nil
}

// wide says which UTF-16 a file is whose first line holds NUL bytes.
func wide(head []byte) string {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	switch at := bytes.IndexByte(line, 0); {
	case at < 0:
		return ""
	case at%2 == 0:
		return "utf-16be"
	}
	return "utf-16le"
}

// errHalf is a file that ends within a character.
var errHalf = errors.New("half a character")

// whole copies UTF-8 and tells a file that was cut off from one in another encoding.
type whole struct{ transform.NopResetter }

// Transform copies up to the first byte that is not UTF-8.
func (whole) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	nDst, nSrc, err = encoding.UTF8Validator.Transform(dst, src, atEOF)
	if errors.Is(err, encoding.ErrInvalidUTF8) {
		err = errLost
		if !utf8.FullRune(src[nSrc:]) {
			err = errHalf
		}
	}
	return nDst, nSrc, err
}

// errLost is a byte that the encoding does not have.
var errLost = errors.New("bytes that the encoding does not have")

// lost is the character that decoders put in place of what they cannot decode.
const lost = "\uFFFD"

// lossless copies decoded text and refuses that character.
type lossless struct{ transform.NopResetter }

// Transform copies up to the first lost character.
func (lossless) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	text := src
	if i := bytes.Index(src, []byte(lost)); i >= 0 {
		text, err = src[:i], errLost
	} else if !atEOF {
		for n := len(lost) - 1; n > 0 && err == nil; n-- { // the rest of it may come
			if bytes.HasSuffix(src, []byte(lost[:n])) {
				text, err = src[:len(src)-n], transform.ErrShortSrc
			}
		}
	}
	n := copy(dst, text)
	if n < len(text) {
		err = transform.ErrShortDst
	}
	return n, n, err
}

var errLongRow = errors.New("a row is too long")

// feed hands text to the CSV reader up to whatever ends it early, which it keeps
// in stop: the reader sees an end of file, so that it still says where the row
// began.
type feed struct {
	text  io.Reader
	row   int64 // where the current row begins, as an offset
	total int64 // how much was handed out
	lines int   // how many line ends were
	line  int   // how much was handed out behind the last one
	last  byte
	eof   bool // more was asked for than there is: the row has no end
	stop  error
}

// Read hands out text.
func (f *feed) Read(p []byte) (int, error) {
	if f.stop == nil && f.total-f.row > maxRow {
		f.stop = errLongRow
	}
	if f.stop != nil {
		return 0, io.EOF
	}
	n, err := f.text.Read(p)
	if n > 0 { // the error comes again when its turn is
		f.see(p[:n])
		return n, nil
	}
	f.eof = errors.Is(err, io.EOF)
	if err != nil && !f.eof {
		f.stop = err
		return 0, io.EOF
	}
	return 0, err
}

func (f *feed) see(text []byte) {
	f.total += int64(len(text))
	f.last = text[len(text)-1]
	for {
		i := bytes.IndexByte(text, '\n')
		if i < 0 {
			f.line += len(text)
			return
		}
		f.lines++
		f.line = 0
		text = text[i+1:]
	}
}

// lastLine is how long the text behind the last line end is.
func (f *feed) lastLine() int {
	if f.last == '\r' {
		return f.line - 1
	}
	return f.line
}

package store

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

// A backup is a gzip-compressed tar file of its own form, the same for both
// databases: a head, then each table in parts of JSON lines (one array of columns
// a row, bytes as {"b": base64}), then the keys where they were asked for, then a
// manifest with the digest and the number of rows of each part.

// ErrBackup is returned for a file that is no intact backup.
var ErrBackup = fault.New(fault.Invalid, "bad-backup", "not an intact backup")

const (
	backupFormat  = "writ-backup"
	backupVersion = 1

	headEntry     = "head.json"
	keysEntry     = "keys.json.age"
	manifestEntry = "manifest.json"

	partSize    = 4 << 20  // a part is begun anew behind this many bytes
	maxPart     = 16 << 20 // larger entries are refused
	maxRatio    = 500      // of unpacked to packed bytes
	ratioMatter = 64 << 20 // unpacked bytes from which the ratio counts
)

type backupHead struct {
	Format  string      `json:"format"`
	Version int         `json:"v"`
	Schema  int64       `json:"schema"`
	At      access.Time `json:"at"`
	Rev     access.Rev  `json:"revision"`
	Tables  []tableHead `json:"tables"`
}

type tableHead struct {
	Name    string   `json:"name"`
	Columns []string `json:"columns"`
}

type backupPart struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Rows   int64  `json:"rows"`
}

// archiveWriter writes a backup's entries and remembers them for the manifest.
type archiveWriter struct {
	gz    *gzip.Writer
	tar   *tar.Writer
	parts []backupPart
	at    time.Time
}

func newArchiveWriter(w io.Writer, at time.Time) *archiveWriter {
	gz, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil { // the level is one that there is
		gz = gzip.NewWriter(w)
	}
	return &archiveWriter{gz: gz, tar: tar.NewWriter(gz), at: at}
}

func (a *archiveWriter) add(name string, body []byte, rows int64) error {
	err := a.tar.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(body)), ModTime: a.at, Format: tar.FormatPAX})
	if err != nil {
		return err
	}
	if _, err := a.tar.Write(body); err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	a.parts = append(a.parts, backupPart{Name: name, SHA256: hex.EncodeToString(sum[:]), Rows: rows})
	return nil
}

func (a *archiveWriter) addJSON(name string, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return a.add(name, body, 0)
}

// close writes the manifest and returns its digest, which stands for the backup.
func (a *archiveWriter) close() (digest string, err error) {
	if err := a.addJSON(manifestEntry, a.parts); err != nil {
		return "", err
	}
	return a.parts[len(a.parts)-1].SHA256, errors.Join(a.tar.Close(), a.gz.Close())
}

// tableWriter cuts a table's rows into parts.
type tableWriter struct {
	archive *archiveWriter
	table   string
	buf     bytes.Buffer
	enc     *json.Encoder
	part    int
	rows    int64
	total   int64
}

func (a *archiveWriter) newTable(name string) *tableWriter {
	w := &tableWriter{archive: a, table: name}
	w.enc = json.NewEncoder(&w.buf)
	w.enc.SetEscapeHTML(false)
	return w
}

// storedBytes is how a value of bytes is told from text.
type storedBytes struct {
	B []byte `json:"b"`
}

func (w *tableWriter) row(values []any) error {
	for i, v := range values {
		if b, ok := v.([]byte); ok {
			values[i] = storedBytes{b}
		}
	}
	if err := w.enc.Encode(values); err != nil {
		return err
	}
	w.rows++
	if w.buf.Len() >= partSize {
		return w.flush()
	}
	return nil
}

func (w *tableWriter) flush() error {
	if w.rows == 0 {
		return nil
	}
	name := fmt.Sprintf("tables/%s.%06d.jsonl", w.table, w.part)
	if err := w.archive.add(name, w.buf.Bytes(), w.rows); err != nil {
		return err
	}
	w.buf.Reset()
	w.part++
	w.total += w.rows
	w.rows = 0
	return nil
}

var (
	tablePart = regexp.MustCompile(`^tables/([a-z_]+)\.[0-9]{6}\.jsonl$`)
	tableName = regexp.MustCompile(`^[a-z][a-z_]{0,62}$`)
)

// archiveReader reads a backup's entries. Names are matched, never used as paths.
type archiveReader struct {
	packed   *countingReader
	tar      *tar.Reader
	unpacked int64
	parts    []backupPart
}

type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

func newArchiveReader(r io.Reader) (*archiveReader, error) {
	packed := &countingReader{r: r}
	gz, err := gzip.NewReader(packed)
	if err != nil {
		return nil, ErrBackup.Because(err)
	}
	return &archiveReader{packed: packed, tar: tar.NewReader(gz)}, nil
}

// next returns the next entry whole, or io.EOF.
func (a *archiveReader) next() (name string, body []byte, err error) {
	h, err := a.tar.Next()
	switch {
	case errors.Is(err, io.EOF):
		return "", nil, io.EOF
	case err != nil:
		return "", nil, ErrBackup.Because(err)
	case h.Typeflag != tar.TypeReg:
		return "", nil, ErrBackup.With("the backup has an entry that is no file")
	case h.Size > maxPart:
		return "", nil, ErrBackup.With("the backup has an entry of %d bytes", h.Size)
	case h.Name != headEntry && h.Name != manifestEntry && h.Name != keysEntry && !tablePart.MatchString(h.Name):
		return "", nil, ErrBackup.With("the backup has an entry that does not belong there")
	}
	body, err = io.ReadAll(io.LimitReader(a.tar, maxPart))
	if err != nil {
		return "", nil, ErrBackup.Because(err)
	}
	a.unpacked += int64(len(body))
	if a.unpacked > ratioMatter && a.unpacked/maxRatio > a.packed.n {
		return "", nil, ErrBackup.With("the backup unpacks to more than %d times its size", maxRatio)
	}
	sum := sha256.Sum256(body)
	a.parts = append(a.parts, backupPart{Name: h.Name, SHA256: hex.EncodeToString(sum[:])})
	return h.Name, body, nil
}

// head reads the first entry.
func (a *archiveReader) head() (h backupHead, err error) {
	name, body, err := a.next()
	if err != nil || name != headEntry || json.Unmarshal(body, &h) != nil || h.Format != backupFormat {
		return h, ErrBackup.Because(err)
	}
	if h.Version != backupVersion {
		return h, ErrBackup.With("the backup has form %d, which is not known: use a newer Writ", h.Version)
	}
	for _, t := range h.Tables {
		for _, n := range append([]string{t.Name}, t.Columns...) {
			if !tableName.MatchString(n) {
				return h, ErrBackup.With("the backup names a table or column that cannot be")
			}
		}
	}
	return h, nil
}

// check compares everything that was read with the manifest, the last entry.
func (a *archiveReader) check(manifest []byte) error {
	var want []backupPart
	if err := json.Unmarshal(manifest, &want); err != nil {
		return ErrBackup.Because(err)
	}
	got := a.parts[:len(a.parts)-1]
	if len(got) != len(want) {
		return ErrBackup.With("the backup has %d parts, and its manifest says %d", len(got), len(want))
	}
	for i, w := range want {
		if got[i].Name != w.Name || got[i].SHA256 != w.SHA256 || got[i].Rows != w.Rows {
			return ErrBackup.With("part %d of the backup is not what its manifest says", i+1)
		}
	}
	if _, _, err := a.next(); !errors.Is(err, io.EOF) {
		return ErrBackup.With("the backup goes on behind its manifest")
	}
	return nil
}

// rows reads a part's rows and notes how many there were.
func (a *archiveReader) rows(body []byte, columns int) (rows [][]any, err error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	for dec.More() {
		var row []any
		if err := dec.Decode(&row); err != nil {
			return nil, ErrBackup.Because(err)
		}
		if len(row) != columns {
			return nil, ErrBackup.With("a row of the backup has %d columns, not %d", len(row), columns)
		}
		for i, v := range row {
			if row[i], err = storedValueOf(v); err != nil {
				return nil, err
			}
		}
		rows = append(rows, row)
	}
	a.parts[len(a.parts)-1].Rows = int64(len(rows))
	return rows, nil
}

func storedValueOf(v any) (any, error) {
	switch v := v.(type) {
	case nil, string, bool:
		return v, nil
	case json.Number:
		n, err := v.Int64()
		if err != nil {
			return nil, ErrBackup.Because(err)
		}
		return n, nil
	case map[string]any:
		text, ok := v["b"].(string)
		b, err := decodeBytes(text)
		if !ok || err != nil || len(v) != 1 {
			return nil, ErrBackup.With("a value of bytes cannot be read")
		}
		return b, nil
	}
	return nil, ErrBackup.With("a value has an unknown type")
}

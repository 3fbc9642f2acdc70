package csv

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/writhq/writ/connector"
)

// optDrop names the folder of what is to be changed.
const optDrop = "drop"

// The file of changes, and the one that becomes it: while that is there, one writer is
// at work.
const (
	changesFile = "changes.csv"
	changesNext = "changes.csv.next"
)

// What is wrong with more is that nobody works through it.
const maxChanges = 64 << 20

const (
	writerPatience = 10 * time.Second
	writerGone     = time.Minute // since when a writer must have died
)

// changeColumns are the columns of changes.csv.
var changeColumns = []string{
	"no", "at", "change", "account", "login", "mark", "set", "display_name", "email", "number", "expires",
	"holder_kind", "holder", "entitlement", "resource", "mode", "flags", "start", "end",
}

// line is one row of changes.csv by its columns.
type line map[string]string

// time is when it was written.
func (l line) time() time.Time {
	at, _ := time.Parse(time.RFC3339Nano, l["at"])
	return at
}

// harmless keeps a spreadsheet from running what begins like a formula; people open the
// file. plain takes that away again.
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r'", rune(s[0])) {
		return "'" + s
	}
	return s
}

func plain(s string) string { return strings.TrimPrefix(s, "'") }

// drop opens the folder of changes.
func (d *Folder) drop() (*os.Root, error) {
	dir := d.cfg.Options[optDrop]
	if dir == "" {
		return nil, connector.ErrUnsupported.With("csv %q: nothing can be changed without option drop, a folder in which changes are written down", d.cfg.Name)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, connector.ErrUnreachable.With("csv %q: there is no folder of option drop that can be opened", d.cfg.Name).Because(err)
	}
	return root, nil
}

// lines are those that are written down. A file that is not there has none.
func (d *Folder) lines(root *os.Root) (list []line, err error) {
	bad := func(why string) error {
		return connector.ErrInput.With("csv %q: %s %s; move it away, and what is in it that is not done is written down anew", d.cfg.Name, changesFile, why)
	}
	f, err := root.OpenFile(changesFile, readOnly, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, bad("cannot be read")
	}
	defer f.Close() //nolint:errcheck // it was only read
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() || info.Size() > maxChanges {
		return nil, bad("is no file, or too long")
	}
	text, err := io.ReadAll(io.LimitReader(f, maxChanges+1))
	if err != nil {
		return nil, bad("cannot be read")
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil || len(rows) == 0 || strings.Join(rows[0], ",") != strings.Join(changeColumns, ",") {
		return nil, bad("is not as Writ wrote it")
	}
	for _, row := range rows[1:] {
		l := line{}
		for i, name := range changeColumns {
			l[name] = plain(row[i])
		}
		if _, err := strconv.Atoi(l["no"]); err != nil || l.time().IsZero() {
			return nil, bad("has a line without number or time")
		}
		list = append(list, l)
	}
	return list, nil
}

// append writes one more line: the whole file anew, beside it, and then in its place.
// Whoever reads it sees the line or does not. decide says what the line is to be, from
// those that are there by then; nil is none.
func (d *Folder) append(ctx context.Context, decide func([]line) (line, error)) error {
	root, err := d.drop()
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // what was written is synced
	next, err := d.claim(ctx, root)
	if err != nil {
		return err
	}
	done := false
	defer func() {
		_ = next.Close()
		if !done {
			_ = root.Remove(changesNext)
		}
	}()
	lines, err := d.lines(root)
	if err != nil {
		return err
	}
	l, err := decide(lines)
	if l == nil || err != nil {
		return err
	}
	number := 1
	if len(lines) > 0 {
		last, _ := strconv.Atoi(lines[len(lines)-1]["no"]) // it was one when it was read
		number = last + 1
	}
	l["no"], l["at"] = strconv.Itoa(number), d.clock().UTC().Format(time.RFC3339Nano)
	err = errors.Join(write(next, append(lines, l)), next.Sync(), next.Close())
	if err == nil {
		err = root.Rename(changesNext, changesFile)
	}
	if err != nil {
		return connector.ErrIncomplete.With("csv %q: the change could not be written down; look whether the disk is full, and try again", d.cfg.Name).Because(err)
	}
	done = true
	return nil
}

func (d *Folder) clock() time.Time {
	if d.cfg.Now != nil {
		return d.cfg.Now()
	}
	return time.Now()
}

func write(to io.Writer, lines []line) error {
	w := csv.NewWriter(to)
	_ = w.Write(changeColumns) // the writer keeps its error
	for _, l := range lines {
		row := make([]string, len(changeColumns))
		for i, name := range changeColumns {
			row[i] = harmless(l[name])
		}
		_ = w.Write(row)
	}
	w.Flush()
	return w.Error()
}

// claim makes the file that becomes changes.csv, which only one can at a time.
func (d *Folder) claim(ctx context.Context, root *os.Root) (*os.File, error) {
	ctx, cancel := context.WithTimeout(ctx, writerPatience)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		const mode = 0o640 // the folder's group works through it
		f, err := root.OpenFile(changesNext, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
		if !errors.Is(err, os.ErrExist) {
			if err != nil {
				err = connector.ErrPrivilege.With("csv %q: Writ may not write in the folder of option drop", d.cfg.Name).Because(err)
			}
			return f, err
		}
		if info, err := root.Lstat(changesNext); err == nil && time.Since(info.ModTime()) > writerGone {
			_ = root.Remove(changesNext)
		}
		select {
		case <-ctx.Done():
			return nil, connector.ErrUnreachable.With("csv %q: somebody else goes on writing changes; if nobody does, delete %s", d.cfg.Name, changesNext).Because(fmt.Errorf("waiting: %w", context.Cause(ctx)))
		case <-tick.C:
		}
	}
}

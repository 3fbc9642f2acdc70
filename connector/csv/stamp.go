package csv

import (
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strconv"

	"github.com/writhq/writ/connector"
)

// same reports whether two looks are at one file that nobody wrote in between.
func same(a, b os.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// changed is an error if the open file is no longer what it was when it was opened.
func (c *file) changed() error {
	now, err := c.f.Stat()
	if err != nil {
		return connector.ErrIncomplete.With("%s cannot be read to its end", c.name).Because(err)
	}
	if !same(c.info, now) {
		return connector.ErrIncomplete.With("%s changed while it was read: write exports beside it and rename them", c.name)
	}
	return nil
}

// stampOf is short for the files at an address that a cursor is of. A file that is
// not there is nil.
func stampOf(address string, files ...os.FileInfo) string {
	sum := fnv.New64a()
	_, _ = fmt.Fprintf(sum, "%q\n", address)
	for i, info := range files {
		if info != nil {
			_, _ = fmt.Fprintf(sum, "%d %d %d\n", i, info.Size(), info.ModTime().UnixNano())
		}
	}
	return strconv.FormatUint(sum.Sum64(), 36)
}

// look is at all files of the folder, in the order of parts.
func (d *Folder) look() []os.FileInfo {
	files := make([]os.FileInfo, len(parts))
	for i, p := range parts {
		if info, err := os.Stat(filepath.Join(d.cfg.Address, p.name)); err == nil {
			files[i] = info
		}
	}
	return files
}

// replaced is an error if a file of the folder is no longer the one of the first
// look: the files refer to each other, and half of Monday's with half of Tuesday's
// is no state that the system was ever in.
func (d *Folder) replaced(first []os.FileInfo) error {
	for i, now := range d.look() {
		if !same(first[i], now) {
			return connector.ErrIncomplete.With("%s was replaced while the folder was read: read it again once all its files are written", parts[i].name)
		}
	}
	return nil
}

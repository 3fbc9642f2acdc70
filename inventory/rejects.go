package inventory

import (
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/writhq/writ/connector"
)

// rejects is the file of rows that could not be read; it is made with the first.
type rejects struct {
	name string
	f    *os.File
	w    *csv.Writer
}

func newRejects(dir, source string, at time.Time) *rejects {
	safe := strings.Map(func(r rune) rune {
		if strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", r) {
			return r
		}
		return '-'
	}, source)
	return &rejects{name: filepath.Join(dir, "rejects", safe+"-"+at.UTC().Format("20060102T150405Z")+".csv")}
}

func (r *rejects) add(rej connector.Reject) error {
	if r.f == nil {
		if err := os.MkdirAll(filepath.Dir(r.name), 0o700); err != nil {
			return err
		}
		f, err := os.OpenFile(r.name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
		if err != nil {
			return err
		}
		r.f, r.w = f, csv.NewWriter(f)
		if err := r.w.Write([]string{"where", "reason", "row"}); err != nil {
			return err
		}
	}
	return r.w.Write([]string{rej.Where, rej.Reason, rej.Raw})
}

// own copies a reject out of the frame that it was read from.
func (r *rejects) own(rej connector.Reject) connector.Reject {
	for _, s := range []*string{&rej.Where, &rej.Reason, &rej.Raw, &rej.Object.ID, &rej.Holder.ID} {
		*s = strings.Clone(*s)
	}
	return rej
}

// path is the file, or "" when nothing was rejected.
func (r *rejects) path() string {
	if r.f == nil {
		return ""
	}
	return r.name
}

func (r *rejects) close() error {
	if r.f == nil {
		return nil
	}
	r.w.Flush()
	return errors.Join(r.w.Error(), r.f.Close())
}

package csv

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/writhq/writ/connector"
)

// Kind is the connector's kind.
const Kind = "csv"

// version is that of the files' columns and words.
const version = "flat files v1"

// Spec describes flat files as a kind of system.
func Spec() connector.Spec {
	return connector.Spec{
		Kind: Kind, Title: "Flat files", Address: "/exports/erp", Local: true,
		Options: []connector.Option{
			{Name: "encoding", Help: "utf-8, utf-16, windows-1252, iso-8859-1 or iso-8859-15", Default: "utf-8"},
			{Name: "delimiter", Help: "one character", Default: ","},
			{Name: optDrop, Help: "a folder in which Writ writes down, in changes.csv, what people or programs are to change there", Path: func(string) bool { return true }},
		},
		Changes: []connector.ChangeKind{
			connector.AddGrant, connector.RemoveGrant, connector.DisableAccount, connector.EnableAccount,
			connector.CreateAccount, connector.UpdateAccount, connector.DeleteAccount,
		},
		Later: true, WritesTo: optDrop,
		Settable: []connector.Setting{
			{Name: setName, Help: "what people call it"},
			{Name: setEmail, Help: "its address for mail"},
			{Name: setNumber, Help: "whose it is, by their number"},
		},
		Open: func(_ context.Context, cfg connector.Config) (connector.Connector, error) {
			if cfg.Address == "" {
				return nil, connector.ErrInput.With("system %s needs the folder of its files", cfg.Name)
			}
			if drop := cfg.Options[optDrop]; drop != "" && (!filepath.IsAbs(drop) || filepath.Clean(drop) == filepath.Clean(cfg.Address)) {
				return nil, connector.ErrInput.With("system %s: option drop must be the path of a folder, from / on, and not the one that is read", cfg.Name)
			}
			return &Folder{cfg: cfg}, nil
		},
	}
}

var _ connector.Maker = (*Folder)(nil)

// System is what system.json says. People are named by their numbers, systems by
// their names.
type System struct {
	Name           string `json:"name"`
	Kind           string `json:"kind"`
	Environment    string `json:"environment"`
	Criticality    string `json:"criticality"`
	DataClass      string `json:"data_class"`
	BusinessOwner  string `json:"business_owner"`
	TechnicalOwner string `json:"technical_owner"`
	RunsOn         string `json:"runs_on"`
}

const maxSystemFile = 1 << 20

// ReadSystem reads a folder's system.json.
func ReadSystem(dir string) (s System, err error) {
	path := filepath.Join(dir, "system.json")
	root, err := os.OpenRoot(dir)
	if err != nil {
		return s, connector.ErrInput.With("%s cannot be read", dir).Because(err)
	}
	defer root.Close() //nolint:errcheck // it was only read
	f, err := root.OpenFile("system.json", readOnly, 0)
	if err != nil {
		return s, connector.ErrInput.With("%s cannot be read", path).Because(err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	if err := json.NewDecoder(io.LimitReader(f, maxSystemFile)).Decode(&s); err != nil {
		return s, connector.ErrInput.With("%s is not what it should be", path).Because(err)
	}
	return s, nil
}

// Folder is one system as a folder of flat files.
type Folder struct {
	cfg   connector.Config
	size  int64 // of all files, while they are read
	ahead int64 // of those that were read
	now   *file
}

// Close has nothing open.
func (d *Folder) Close() error { return nil }

// Describe opens every file and checks its header.
func (d *Folder) Describe(context.Context) (connector.Description, error) {
	about := connector.Description{Kind: Kind, Version: version}
	for _, p := range parts {
		f, err := d.header(p)
		if err != nil {
			return connector.Description{}, fmt.Errorf("system %s: %w", d.cfg.Name, err)
		}
		if f == nil {
			if p.without != "" {
				about.Warnings = append(about.Warnings, fmt.Sprintf("%s has no %s: %s", d.cfg.Address, p.name, p.without))
			}
			continue
		}
		if err := f.close(); err != nil {
			return connector.Description{}, connector.ErrInput.With("system %s: %s cannot be read", d.cfg.Name, p.name).Because(err)
		}
	}
	return about, nil
}

// part is one of the files, in the order in which they are read.
type part struct {
	name    string
	need    []string
	read    func(f *file) (connector.Record, error)
	of      func(f *file) (object, holder connector.Target) // whose a rejected row is
	without string                                          // what nobody knows without the file, where that is a gap
}

const accountsFile = "accounts.csv"

var parts = []part{
	{"resources.csv", []string{"id", "kind", "name"}, readResource, object(connector.OnResource), ""},
	{"entitlements.csv", []string{"id", "kind", "name"}, readEntitlement, object(connector.OnEntitlement), "what its permissions allow is not known"},
	{accountsFile, []string{"id", "login"}, readAccount, object(connector.OnAccount), ""},
	{"credentials.csv", []string{"account", "kind"}, readCredential, func(f *file) (object, holder connector.Target) {
		return object, connector.Target{Kind: connector.OnAccount, ID: f.get("account")}
	}, ""},
	{"grants.csv", []string{"holder_kind", "holder", "entitlement"}, readGrant, func(f *file) (object, holder connector.Target) {
		return object, connector.Target{Kind: connector.TargetKind(f.get("holder_kind")), ID: f.get("holder"), System: f.get("holder_system")}
	}, "who holds what is not known"},
}

func object(kind connector.TargetKind) func(f *file) (object, holder connector.Target) {
	return func(f *file) (object, holder connector.Target) {
		return connector.Target{Kind: kind, ID: f.get("id")}, holder
	}
}

// Discover yields the files' rows. A cursor is "file:row@stamp", with the stamp of
// all files: when one of them has changed, a cursor is no longer valid.
func (d *Folder) Discover(ctx context.Context, cursor string) iter.Seq2[connector.Record, error] {
	return func(yield func(connector.Record, error) bool) {
		first := d.look()
		d.size, d.ahead = 0, 0
		for _, info := range first {
			d.size += sizeOf(info)
		}
		stamp := stampOf(d.cfg.Address, first...)
		from, skip := 0, 0
		if place, ok := strings.CutSuffix(cursor, "@"+stamp); ok {
			from, skip = parseCursor(place)
		}
		if from+skip > 0 && !yield(connector.Record{Checkpoint: cursor}, nil) {
			return
		}
		for _, info := range first[:from] {
			d.ahead += sizeOf(info)
		}
		for i, p := range parts[from:] {
			if i > 0 {
				skip = 0
			}
			more, err := d.file(ctx, p, skip, stamp, yield)
			if err != nil {
				yield(connector.Record{}, fmt.Errorf("system %s: %w", d.cfg.Name, err))
				return
			}
			if !more {
				return
			}
			d.ahead += sizeOf(first[from+i])
		}
		if from == len(parts) {
			return
		}
		if err := d.replaced(first); err != nil {
			yield(connector.Record{}, fmt.Errorf("system %s: %w", d.cfg.Name, err))
			return
		}
		yield(connector.Record{Checkpoint: theEnd + "@" + stamp}, nil)
	}
}

// Measure implements connector.Measured.
func (d *Folder) Measure() (done, total int64) { return d.ahead + d.now.position(), d.size }

func sizeOf(info os.FileInfo) int64 {
	if info == nil || !info.Mode().IsRegular() {
		return 0
	}
	return info.Size()
}

// theEnd is the cursor behind everything.
const theEnd = "end:0"

func parseCursor(cursor string) (part, row int) {
	if cursor == theEnd {
		return len(parts), 0
	}
	name, n, ok := strings.Cut(cursor, ":")
	if !ok {
		return 0, 0
	}
	for i, p := range parts {
		if p.name == name {
			row, err := strconv.Atoi(n)
			if err != nil || row < 0 {
				return 0, 0
			}
			return i, row
		}
	}
	return 0, 0
}

// open opens one of the files. The folder is often written by another program, so
// a link in it that leads elsewhere is refused: Writ may read more than that
// program may.
func (d *Folder) open(name string) (*file, error) {
	root, err := os.OpenRoot(d.cfg.Address)
	if err != nil {
		return nil, connector.ErrUnreachable.With("there is no folder %s that can be read", d.cfg.Address) // not Because: a missing folder is no missing file
	}
	defer root.Close() //nolint:errcheck // it was only read
	f, err := root.OpenFile(name, readOnly, 0)
	return newFile(f, err, name, d.cfg.Options["encoding"], d.cfg.Options["delimiter"])
}

// header opens one of the files and checks its header. A file that the folder need
// not have is nil.
func (d *Folder) header(p part) (*file, error) {
	f, err := d.open(p.name)
	if errors.Is(err, os.ErrNotExist) {
		if p.name != accountsFile {
			return nil, nil //nolint:nilnil // as the comment says
		}
		return nil, connector.ErrInput.With("%s has no %s", d.cfg.Address, p.name)
	}
	if err != nil {
		return nil, err
	}
	if err := f.need(p.need...); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

// file yields one file's rows behind skip; it reports whether to go on.
func (d *Folder) file(ctx context.Context, p part, skip int, stamp string, yield func(connector.Record, error) bool) (more bool, err error) {
	f, err := d.header(p)
	if err != nil || f == nil {
		return err == nil, err
	}
	d.now = f
	defer func() {
		d.now = nil
		_ = f.close() // it was only read
	}()
	for n := 1; ; n++ {
		rec, err := f.record(p.read)
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		if ctx.Err() != nil {
			return false, context.Cause(ctx)
		}
		if err != nil {
			return false, err
		}
		if n <= skip {
			continue
		}
		if rec.Reject != nil {
			rec.Reject.Object, rec.Reject.Holder = p.of(f)
		}
		if !yield(rec, nil) {
			return false, nil
		}
		if n%checkpointEvery == 0 && !yield(connector.Record{Checkpoint: p.name + ":" + strconv.Itoa(n) + "@" + stamp}, nil) {
			return false, nil
		}
	}
}

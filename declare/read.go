package declare

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// The limits of what is read.
const (
	maxFile      = 1 << 20
	maxFiles     = 1_000
	maxRead      = 16 << 20 // of all files together
	maxDocuments = 10_000
)

// Document is one thing as somebody declares it.
type Document struct {
	Name
	Place Place
	dir   string // that relative paths in it start from
	spec  any
}

// Read reads the documents of a folder, of one file, or of in where the path is "-".
func (e *Engine) Read(path string, in io.Reader) ([]Document, error) {
	r := &reader{engine: e, schemas: e.schemas(), places: map[Name]Place{}}
	var err error
	switch info, stat := os.Stat(path); {
	case path == "-":
		var dir string
		if dir, err = os.Getwd(); err == nil {
			err = r.stream("standard input", dir, in)
		}
	case stat != nil:
		return nil, ErrFolder.With("%s cannot be read: name a folder with documents, a file, or -", path).Because(stat)
	case info.IsDir():
		err = r.folder(path)
	default:
		err = r.alone(path)
	}
	if err != nil {
		return nil, err
	}
	if err := r.wrong.err(); err != nil {
		return nil, err
	}
	if len(r.found) == 0 {
		return nil, ErrFolder.With("%s holds no document: a file whose name ends in .yaml or .yml does", path)
	}
	return r.found, nil
}

// reader collects documents, and what is wrong with them.
type reader struct {
	engine  *Engine
	schemas schemas
	files   int
	bytes   int64
	count   int // of documents
	found   []Document
	places  map[Name]Place
	wrong   mistakes
}

// alone reads the one file that was named, wherever a link of that name leads.
func (r *reader) alone(path string) error {
	f, err := openFile(os.OpenFile, path)
	if err != nil {
		return ErrFolder.With("%s cannot be read as a file", path).Because(err)
	}
	defer func() { _ = f.Close() }()
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return err
	}
	return r.stream(path, dir, f)
}

// folder reads every file with documents below a folder, by name. A root lets no link
// lead out of it, also not one that is put there meanwhile.
func (r *reader) folder(path string) error {
	whole, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return ErrFolder.With("%s cannot be read as a folder", path).Because(err)
	}
	defer func() { _ = root.Close() }()
	return fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return ErrFolder.With("%s cannot be read", filepath.Join(path, name)).Because(err)
		}
		if name != "." && strings.HasPrefix(d.Name(), ".") {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() || !slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(name)) {
			return nil
		}
		if r.files++; r.files > maxFiles {
			return ErrFolder.With("%s holds more than %d files of documents: apply it in parts", path, maxFiles)
		}
		f, err := openFile(root.OpenFile, name)
		if err != nil {
			return ErrFolder.With("%s cannot be read: it must be a file within the folder, and a link must not lead out of it", filepath.Join(path, name)).Because(err)
		}
		defer func() { _ = f.Close() }()
		return r.stream(filepath.Join(path, name), filepath.Join(whole, filepath.Dir(name)), f)
	})
}

var errNoFile = errors.New("it is not a regular file")

// openFile opens a regular file, and waits for no writer of one that is none.
func openFile(open func(string, int, fs.FileMode) (*os.File, error), name string) (*os.File, error) {
	f, err := open(name, os.O_RDONLY|dontWait, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNoFile
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// stream reads the documents of one file.
func (r *reader) stream(file, dir string, in io.Reader) error {
	text, err := io.ReadAll(io.LimitReader(in, maxFile+1))
	if err != nil {
		return fmt.Errorf("reading %s: %w", file, err)
	}
	r.bytes += int64(len(text))
	switch {
	case len(text) > maxFile:
		return ErrFolder.With("%s is larger than %d KiB: divide it", file, maxFile>>10)
	case r.bytes > maxRead:
		return ErrFolder.With("the documents are larger than %d MiB: apply them in parts", maxRead>>20)
	case !utf8.Valid(text):
		line := 1
		for len(text) > 0 {
			c, n := utf8.DecodeRune(text)
			if c == utf8.RuneError && n == 1 {
				break
			}
			if text = text[n:]; c == '\n' {
				line++
			}
		}
		r.wrong.add(Place{file, line}.wrong("the file is not in UTF-8: save it so"))
		return nil
	}
	for d := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var n yaml.Node
		if err := d.Decode(&n); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			r.wrong.add(notYAML(file, err))
			return nil
		}
		if err := r.document(file, dir, &n); err != nil {
			return err
		}
	}
}

// notYAML puts the line that the library names where other errors have theirs.
func notYAML(file string, err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 1
	if n, _ := fmt.Sscanf(text, "line %d: ", &line); n == 1 {
		_, text, _ = strings.Cut(text, ": ")
	}
	return Place{file, line}.wrong("it is not YAML: %s", text)
}

// document takes one document in.
func (r *reader) document(file, dir string, n *yaml.Node) error {
	if len(n.Content) == 0 || n.Content[0].ShortTag() == nullTag {
		return nil // between two ---
	}
	if r.count++; r.count > maxDocuments {
		return ErrFolder.With("there are more than %d documents: apply them in parts", maxDocuments)
	}
	c := &checker{schemas: r.schemas, engine: r.engine, file: file, wrong: &r.wrong}
	d, ok := c.document(n.Content[0])
	if !ok {
		return nil
	}
	d.dir = dir
	if other, twice := r.places[d.Name]; twice {
		r.wrong.add(d.Place.wrong("%s is declared at %s already: leave one of both", d.Name, other))
		return nil
	}
	r.places[d.Name] = d.Place
	r.found = append(r.found, d)
	return nil
}

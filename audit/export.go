package audit

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"iter"

	"github.com/writhq/writ/internal/fault"
)

// ErrExport is returned for a file that is no export of a log.
var ErrExport = fault.New(fault.Invalid, "audit-export", "not an export of an audit log")

const (
	exportFormat = "writ-audit-export"
	maxLine      = 1 << 20
)

// exportLine is one line of an export: the head, a leaf or a checkpoint.
type exportLine struct {
	Format     string `json:"format,omitempty"`
	Version    int    `json:"v,omitempty"`
	Verifier   string `json:"verifier,omitempty"`
	Index      *int64 `json:"i,omitempty"`
	Leaf       string `json:"leaf,omitempty"`
	Checkpoint string `json:"checkpoint,omitempty"`
}

// Export writes evidence as JSON lines: whoever has them and the verifier key can
// verify without Writ's database. Payloads are not part of it.
func Export(w io.Writer, evidence iter.Seq2[Item, error], verifier string) error {
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(exportLine{Format: exportFormat, Version: 1, Verifier: verifier}); err != nil {
		return err
	}
	for item, err := range evidence {
		if err != nil {
			return err
		}
		line := exportLine{Checkpoint: item.Checkpoint}
		if item.Checkpoint == "" {
			line.Index, line.Leaf = &item.Index, string(item.Leaf)
		}
		if err := enc.Encode(line); err != nil {
			return err
		}
	}
	return out.Flush()
}

// ReadExport returns an export's evidence and the verifier key that it names.
// Whether that is the right key is for the reader to know.
func ReadExport(r io.Reader) (iter.Seq2[Item, error], string, error) {
	in := bufio.NewScanner(r)
	in.Buffer(nil, maxLine)
	var head exportLine
	if !in.Scan() || json.Unmarshal(in.Bytes(), &head) != nil || head.Format != exportFormat {
		return nil, "", ErrExport
	}
	if head.Version != 1 {
		return nil, "", ErrExport.With("the export has form %d, which is not known: use a newer Writ", head.Version)
	}
	return func(yield func(Item, error) bool) {
		for n := 2; in.Scan(); n++ {
			item, err := readLine(in.Bytes())
			if err != nil {
				yield(Item{}, fmt.Errorf("line %d: %w", n, err))
				return
			}
			if !yield(item, nil) {
				return
			}
		}
		if err := in.Err(); err != nil {
			yield(Item{}, err)
		}
	}, head.Verifier, nil
}

func readLine(b []byte) (Item, error) {
	var line exportLine
	if err := json.Unmarshal(b, &line); err != nil {
		return Item{}, ErrExport.Because(err)
	}
	switch {
	case line.Checkpoint != "":
		return Item{Checkpoint: line.Checkpoint}, nil
	case line.Index == nil || line.Leaf == "":
		return Item{}, ErrExport.With("neither a leaf nor a checkpoint")
	}
	item := Item{Index: *line.Index, Leaf: []byte(line.Leaf)}
	if r, err := ParseLeaf(item.Leaf); err == nil {
		item.Record = r.ID
	}
	return item, nil
}

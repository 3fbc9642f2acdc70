package audit

import (
	"fmt"
	"iter"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

// ErrTampered is the verdict on a log in which something is wrong.
var ErrTampered = fault.New(fault.Refused, "audit-tampered", "the audit log is not intact")

// maxWrong is how many defects a report names; it counts all.
const maxWrong = 100

// Report says what was verified and what is wrong.
type Report struct {
	Leaves      int64      `json:"leaves"`
	Checkpoints int64      `json:"checkpoints"`
	Revision    access.Rev `json:"revision"`
	Verifier    string     `json:"verifier"`
	Root        string     `json:"root,omitempty"`     // of the newest good checkpoint
	Payloads    int64      `json:"payloads"`           // opened and compared
	Erased      int64      `json:"erased"`             // payloads whose key is gone, as a record says
	Unsequenced int64      `json:"unsequenced"`        // committed, not yet in the tree
	Wrong       []string   `json:"wrong"`              // the first defects
	More        int        `json:"more,omitempty"`     // how many defects are not named
	Trusted     int        `json:"trusted,omitempty"`  // checkpoints that were given to compare with
	Compared    bool       `json:"payloads_compared"`  // false for an export, which has none
	Unsigned    int64      `json:"unsigned,omitempty"` // leaves after the newest checkpoint
}

// Found adds a defect.
func (r *Report) Found(format string, args ...any) {
	if len(r.Wrong) == maxWrong {
		r.More++
		return
	}
	r.Wrong = append(r.Wrong, fmt.Sprintf(format, args...))
}

// Err is nil for a log in which nothing is wrong.
func (r *Report) Err() error {
	if n := len(r.Wrong) + r.More; n > 0 {
		return ErrTampered.With("the audit log is not intact: %d defects, the first: %s", n, r.Wrong[0])
	}
	return nil
}

// Verify reads evidence once and checks every leaf, the tree, each checkpoint's
// signature and root (so all of them are consistent with one another), the order
// of revisions, and that trusted checkpoints, kept elsewhere, are part of the log.
// It returns an error only when the evidence cannot be read.
func Verify(evidence iter.Seq2[Item, error], verifier string, trusted []string) (*Report, error) {
	v := &verification{report: &Report{Verifier: verifier, Trusted: len(trusted)}}
	for _, text := range trusted {
		c, err := OpenCheckpoint(text, verifier)
		if err != nil {
			v.report.Found("the checkpoint to compare with is not of this log: %v", err)
			continue
		}
		v.trusted = append(v.trusted, c)
	}
	slices.SortFunc(v.trusted, func(a, b Checkpoint) int { return int(a.Size - b.Size) })
	v.meetTrusted()
	for item, err := range evidence {
		if err != nil {
			return nil, fmt.Errorf("reading the log: %w", err)
		}
		if item.Checkpoint != "" {
			v.checkpoint(item)
		} else {
			v.leaf(item)
			v.meetTrusted()
		}
	}
	v.end()
	return v.report, nil
}

type verification struct {
	report  *Report
	trusted []Checkpoint // still to meet, by size

	computed, stored treeRange // from the leaves' text; from the kept hashes
	suspects         []string  // leaves since the last checkpoint where the two differ
	inner            []int64   // kept inner hashes that do not follow from their children
	lost             bool      // a leaf is missing and nothing kept its hash: no root can be computed

	last    Record
	good    Checkpoint
	goodAny bool
}

func (v *verification) leaf(item Item) {
	v.report.Leaves++
	switch {
	case item.Index < v.computed.size:
		v.report.Found("record %d says that it is leaf %d, which is no place of its own", item.Record, item.Index)
		return
	case item.Index > v.computed.size:
		v.gap(item.Index)
	}
	kept := len(item.Hashes) > 0
	if item.Leaf == nil {
		v.report.Found("the record of leaf %d is missing", item.Index)
		if kept {
			v.computed.add(item.Hashes[0])
			v.keep(item, item.Hashes[0])
		}
		v.last.ID = 0
		return
	}
	hash := tlog.RecordHash(item.Leaf)
	v.computed.add(hash)
	v.keep(item, hash)
	v.record(item)
}

// gap notes leaves that are not there at all; without their hashes no root after
// them can be computed.
func (v *verification) gap(index int64) {
	v.report.Found("leaves %d to %d are missing", v.computed.size, index-1)
	v.lost = true
	v.computed.size, v.stored.size = index, index
	v.last.ID = 0
}

// keep follows the tree of the kept hashes beside the computed one.
func (v *verification) keep(item Item, hash tlog.Hash) {
	if len(item.Hashes) == 0 {
		v.stored.add(hash)
		return
	}
	if item.Hashes[0] != hash {
		v.suspects = append(v.suspects, fmt.Sprintf("record %d (leaf %d)", item.Record, item.Index))
	}
	made := v.stored.add(item.Hashes[0])
	at := tlog.StoredHashIndex(0, item.Index)
	for i := 1; i < len(made) || i < len(item.Hashes); i++ {
		if i >= len(item.Hashes) || i >= len(made) || item.Hashes[i] != made[i] {
			v.inner = append(v.inner, at+int64(i))
		}
	}
}

// record checks what the leaf says against the leaf before it.
func (v *verification) record(item Item) {
	r, err := ParseLeaf(item.Leaf)
	if err != nil {
		v.report.Found("record %d (leaf %d) is not in canonical form", item.Record, item.Index)
		v.last.ID = 0
		return
	}
	switch known := v.last.ID != 0 || item.Index == 0; {
	case !known:
	case r.Rev == v.last.Rev && r.Set == v.last.Set && r.ID > v.last.ID:
	case r.Rev == v.last.Rev+1 && r.Set != v.last.Set:
	default:
		v.report.Found("record %d (leaf %d) is of revision %d and change set %d, which does not follow on revision %d and change set %d",
			r.ID, item.Index, r.Rev, r.Set, v.last.Rev, v.last.Set)
	}
	v.last = r
	v.report.Revision = r.Rev
}

func (v *verification) checkpoint(item Item) {
	v.report.Checkpoints++
	c, err := OpenCheckpoint(item.Checkpoint, v.report.Verifier)
	if err != nil {
		v.report.Found("checkpoint %d is not signed by this log's key, or was changed: %v", v.report.Checkpoints, err)
		return
	}
	if item.Kept != nil && (item.Kept.Size != c.Size || item.Kept.Rev != c.Rev || item.Kept.At != c.At) {
		v.report.Found("the checkpoint of size %d is kept as of size %d, revision %d", c.Size, item.Kept.Size, item.Kept.Rev)
	}
	switch {
	case v.goodAny && (c.Size < v.good.Size || c.Rev < v.good.Rev || c.At < v.good.At):
		v.report.Found("the checkpoint of size %d is older than the one of size %d before it", c.Size, v.good.Size)
		return
	case c.Size > v.computed.size:
		v.report.Found("the checkpoint of size %d was signed, and there are only %d leaves: the rest is missing", c.Size, v.computed.size)
		return
	case c.Size < v.computed.size:
		v.report.Found("the checkpoint of size %d comes after leaf %d", c.Size, v.computed.size-1)
		return
	case v.last.ID != 0 && v.last.Rev != c.Rev:
		v.report.Found("the checkpoint of size %d says revision %d, its last record %d", c.Size, c.Rev, v.last.Rev)
	}
	v.root(c)
}

// root compares the tree with a signed root and says what a difference means.
func (v *verification) root(c Checkpoint) {
	defer func() { v.suspects, v.inner = nil, nil }()
	if v.lost {
		v.report.Found("the checkpoint of size %d cannot be compared: leaves before it are missing", c.Size)
		return
	}
	from := v.good.Size
	computed, stored := v.computed.root() == c.Root, v.stored.root() == c.Root
	switch {
	case computed && stored:
	case stored:
		for _, s := range v.suspects {
			v.report.Found("%s was changed", s)
		}
		v.computed = v.stored.clone()
	case computed:
		for _, s := range v.suspects {
			v.report.Found("the kept hash of %s was changed", s)
		}
		v.stored = v.computed.clone()
	default:
		v.report.Found("leaves %d to %d are not those that the checkpoint of size %d was signed for", from, c.Size-1, c.Size)
		for _, s := range v.suspects {
			v.report.Found("%s was changed", s)
		}
		v.lost = true
		return
	}
	if stored {
		for _, i := range v.inner {
			v.report.Found("hash %d of the kept tree was changed", i)
		}
	}
	v.good, v.goodAny = c, true
	v.report.Root = c.Root.String()
}

// meetTrusted compares with the checkpoints that were given, at their size.
func (v *verification) meetTrusted() {
	for len(v.trusted) > 0 && v.trusted[0].Size == v.computed.size && !v.lost {
		if c := v.trusted[0]; v.computed.root() != c.Root && v.stored.root() != c.Root {
			v.report.Found("the log is not the one that the given checkpoint of size %d was signed for", c.Size)
		}
		v.trusted = v.trusted[1:]
	}
}

func (v *verification) end() {
	for _, c := range v.trusted {
		if c.Size > v.computed.size {
			v.report.Found("the log has %d leaves, and the given checkpoint says %d: the end was cut off", v.computed.size, c.Size)
		}
	}
	if v.report.Unsigned = v.computed.size - v.good.Size; v.report.Unsigned > 0 && !v.lost {
		v.report.Found("no checkpoint covers the last %d leaves", v.report.Unsigned)
		for _, s := range v.suspects {
			v.report.Found("%s was changed, or its kept hash", s)
		}
	}
}

// treeRange is the right edge of a tree: the roots of its complete subtrees.
type treeRange struct {
	size  int64
	edge  []tlog.Hash
	level []int
}

func (t *treeRange) clone() treeRange {
	return treeRange{size: t.size, edge: slices.Clone(t.edge), level: slices.Clone(t.level)}
}

// add appends a leaf and returns its hash and those of the subtrees it completes.
func (t *treeRange) add(h tlog.Hash) (made []tlog.Hash) {
	t.size++
	t.edge, t.level = append(t.edge, h), append(t.level, 0)
	made = append(made, h)
	for n := len(t.edge); n > 1 && t.level[n-1] == t.level[n-2]; n = len(t.edge) {
		both := tlog.NodeHash(t.edge[n-2], t.edge[n-1])
		t.edge, t.level = t.edge[:n-1], t.level[:n-1]
		t.edge[n-2] = both
		t.level[n-2]++
		made = append(made, both)
	}
	return made
}

func (t *treeRange) root() tlog.Hash {
	if len(t.edge) == 0 {
		h, _ := tlog.TreeHash(0, nil)
		return h
	}
	root := t.edge[len(t.edge)-1]
	for i := len(t.edge) - 2; i >= 0; i-- {
		root = tlog.NodeHash(t.edge[i], root)
	}
	return root
}

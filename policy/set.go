package policy

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	cedar "github.com/cedar-policy/cedar-go"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

// ErrPolicy is what a refused document wraps. Its message begins with the
// document's name, line and column.
var ErrPolicy = fault.New(fault.Invalid, "bad-policy", "the policy cannot be used")

//go:embed shipped/*.cedar
var shipped embed.FS

// guards is the document that every set has.
const guards = "guards"

// Document is Cedar text with a name for messages.
type Document struct {
	Name string
	Text string
	// Default is the mode of policies that do not say theirs.
	Default Mode
	// Enforced makes each of its policies count, whatever mode it says: for what-if.
	Enforced bool
	// Own is one that the organisation keeps: the ids in it begin with its name, and what it
	// costs is limited.
	Own bool
}

// Shipped returns the documents that come with Writ beside the guards. What an
// organisation keeps permits and forbids beside them.
func Shipped() []Document {
	return []Document{{Name: "functions", Text: shippedText("functions"), Default: Enforce}}
}

func shippedText(name string) string {
	b, err := shipped.ReadFile("shipped/" + name + ".cedar")
	if err != nil {
		return "" // a set without guards does not compile
	}
	return string(b)
}

// Policy is one policy of a set, as it is shown.
type Policy struct {
	ID       string `json:"id"`
	Effect   Effect `json:"effect"`
	Mode     Mode   `json:"mode"`
	Reason   string `json:"reason"`
	Text     string `json:"text"`
	Document string `json:"document"`
	Line     int    `json:"line"`

	obligations Obligations
	cost        int // of an own one, in nodes
	cedar       *cedar.Policy
	residual    *cedar.Policy // what is evaluated of it
	functions   functionMask  // of which one must be held; 0 is any
	principal   cedar.EntityUID
	resource    cedar.EntityUID // where it is for one resource only
	count       *atomic.Int64   // how often it would have changed a decision
}

// Set is a compiled, immutable set of policies.
type Set struct {
	Revision access.Rev
	Digest   string // of all documents, SHA-256

	documents []Document // but the guards

	policies []*Policy
	byID     map[cedar.PolicyID]*Policy
	index    index
}

// NewSet makes a set of the guards and documents, or refuses them as a whole.
func NewSet(revision access.Rev, documents ...Document) (*Set, error) {
	documents = append([]Document{{Name: guards, Text: shippedText(guards), Default: Enforce}}, documents...)
	c := compiler{set: &Set{Revision: revision, byID: map[cedar.PolicyID]*Policy{}, documents: documents[1:]}}
	check, err := newValidator()
	if err != nil {
		return nil, err
	}
	c.check = check
	digest := sha256.New()
	for _, d := range documents {
		if err := c.add(d); err != nil {
			return nil, err
		}
		_, _ = fmt.Fprintf(digest, "%d %s %d %d %s\n", len(d.Name), d.Name, d.Default, len(d.Text), d.Text)
	}
	if len(c.set.policies) == 0 || c.set.policies[0].Document != guards {
		return nil, ErrPolicy.With("the guards are missing")
	}
	slices.SortFunc(c.set.policies, func(a, b *Policy) int { return strings.Compare(a.ID, b.ID) })
	c.set.Digest = hex.EncodeToString(digest.Sum(nil))
	c.set.index = newIndex(c.set.policies)
	if err := c.set.index.affordable(); err != nil {
		return nil, err
	}
	return c.set, nil
}

// Observed returns one for each policy of a document that has no effect.
func (s *Set) Observed(document string) []Observation {
	var list []Observation
	for _, p := range s.policies {
		if p.Document == document && p.Mode != Enforce {
			list = append(list, Observation{p.ID, p.Effect, p.Mode, p.count.Load()})
		}
	}
	return list
}

// goOnCounting has policies that were in the set before go on with their counts.
func (s *Set) goOnCounting(before *Set) {
	for _, p := range s.policies {
		if was := before.byID[cedar.PolicyID(p.ID)]; was != nil && was.Text == p.Text {
			p.count = was.count
		}
	}
}

// With is the set as it would be with a document more, or with it in place of the one
// that is called so.
func (s *Set) With(d Document) (*Set, error) {
	if d.Name == guards {
		return nil, ErrPolicy.With("the guards cannot be replaced")
	}
	list := slices.DeleteFunc(slices.Clone(s.documents), func(o Document) bool { return o.Name == d.Name })
	return NewSet(s.Revision+1, append(list, d)...)
}

// Policies returns all policies by id.
func (s *Set) Policies() []Policy {
	list := make([]Policy, len(s.policies))
	for i, p := range s.policies {
		list[i] = *p
	}
	return list
}

// Observation says how often a policy in observe or warn would have changed a
// decision to its effect, since its set came into force.
type Observation struct {
	ID     string `json:"id"`
	Effect Effect `json:"effect"`
	Mode   Mode   `json:"mode"`
	Count  int64  `json:"count"`
}

// Observations returns one for each policy that has no effect.
func (s *Set) Observations() []Observation {
	var list []Observation
	for _, p := range s.policies {
		if p.Mode != Enforce {
			list = append(list, Observation{p.ID, p.Effect, p.Mode, p.count.Load()})
		}
	}
	return list
}

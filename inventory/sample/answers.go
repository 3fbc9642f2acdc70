package sample

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// AnswersFile is the name of the answer key in a sample's folder.
const AnswersFile = "answers.json"

// answers is the answer key.
type answers struct {
	Company   string     `json:"company"`
	Size      Size       `json:"size"`
	Seed      uint64     `json:"seed"`
	Now       time.Time  `json:"now"`
	Planted   []planted  `json:"planted"`
	Questions []question `json:"questions"`
}

// planted is one finding that a correct implementation makes.
type planted struct {
	Rule    string  `json:"rule"`
	Subject subject `json:"subject"`
	Note    string  `json:"note"`
}

// subject names what a finding is about: an account by its login, an entitlement
// or system by its name, an identity by its number, a credential by its
// fingerprint.
type subject struct {
	Type   string `json:"type"`
	System string `json:"system"`
	Name   string `json:"name"`
}

// question is one that the demo asks, with the right answer.
type question struct {
	Question   string   `json:"question"`
	Command    []string `json:"command"`
	Identities []string `json:"identities"`           // numbers of those who hold it
	Escalating []string `json:"escalating,omitempty"` // of those who could reach it without holding it
	Because    []string `json:"because"`
}

// The types of subject.
const (
	onAccount     = "account"
	onEntitlement = "entitlement"
	onIdentity    = "identity"
	onCredential  = "credential"
	onSystem      = "system"
)

// found adds a finding to the key.
func (c *company) found(rule, kind, system, name, note string) {
	c.key.Planted = append(c.key.Planted, planted{Rule: rule, Subject: subject{Type: kind, System: system, Name: name}, Note: note})
}

// writeAnswers writes the key in one step: it is there whole or not at all.
func (c *company) writeAnswers() error {
	slices.SortStableFunc(c.key.Planted, func(a, b planted) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Subject.System, b.Subject.System), cmp.Compare(a.Subject.Name, b.Subject.Name))
	})
	c.sum.Planted = int64(len(c.key.Planted))
	text, err := json.MarshalIndent(c.key, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(c.dir, AnswersFile)
	if err := os.WriteFile(path+".part", append(text, '\n'), 0o644); err != nil { //nolint:gosec // invented data, meant to be looked at
		return err
	}
	return os.Rename(path+".part", path)
}

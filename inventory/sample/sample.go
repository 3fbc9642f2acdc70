package sample

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/writhq/writ/internal/fault"
)

// The rules of a folder for a sample, and of what is asked for.
var (
	ErrSize   = fault.New(fault.Invalid, "unknown-size", "the size must be small, medium or large")
	ErrFolder = fault.New(fault.Refused, "folder-not-empty", "the folder holds something else: name an empty or a new one")
)

// Company is what the sample company is called.
const Company = "Lindquell AG"

// Size is how large a company is.
type Size string

// The sizes: about 300, 20,000 and 1,000,000 identities.
const (
	Small  Size = "small"
	Medium Size = "medium"
	Large  Size = "large"
)

// shape is what a size means.
type shape struct {
	humans, services, agents int
	unitSize                 int // people of a unit, on average
	regions                  int // how often regional systems are there
	scale                    int // how many times the plants of flat-file systems are there
}

var shapes = map[Size]shape{
	Small:  {humans: 276, services: 16, agents: 8, unitSize: 18, regions: 1, scale: 1},
	Medium: {humans: 18_600, services: 900, agents: 500, unitSize: 40, regions: 4, scale: 8},
	Large:  {humans: 930_000, services: 45_000, agents: 25_000, unitSize: 110, regions: 16, scale: 60},
}

// Options say which company. The zero Now is today at midnight UTC: a company is
// as old as the day it was made on, so that nothing in it has expired meanwhile.
type Options struct {
	Size Size
	Seed uint64
	Now  time.Time
	// Progress is told what is being written, if it is set.
	Progress func(step string)
}

// Summary is what was made.
type Summary struct {
	Company    string    `json:"company"`
	Size       Size      `json:"size"`
	Seed       uint64    `json:"seed"`
	Now        time.Time `json:"now"`
	Identities int64     `json:"identities"`
	Systems    int64     `json:"systems"`
	Accounts   int64     `json:"accounts"`
	Grants     int64     `json:"grants"`
	Planted    int64     `json:"planted"`
}

// Generate makes the company under dir.
func Generate(ctx context.Context, o Options, dir string) (Summary, error) {
	sh, ok := shapes[o.Size]
	if !ok {
		return Summary{}, ErrSize.With("size %q is not small, medium or large", o.Size)
	}
	if o.Now.IsZero() {
		o.Now = time.Now().UTC().Truncate(24 * time.Hour)
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	if err := makeRoom(dir); err != nil {
		return Summary{}, err
	}
	c := newCompany(o, sh, dir)
	if err := c.write(ctx); err != nil {
		return Summary{}, fmt.Errorf("making the sample company in %s: %w", dir, err)
	}
	return c.sum, nil
}

// ours are the names that this package writes into a folder.
var ours = map[string]bool{peopleFile: true, systemsFolder: true, AnswersFile: true, AnswersFile + ".part": true}

const (
	peopleFile    = "hr.csv"
	systemsFolder = "systems"
)

// makeRoom makes dir an empty folder: an earlier sample goes, whole or not; anything
// else stays and is refused.
func makeRoom(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // invented data, meant to be looked at
		return err
	}
	list, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range list {
		if !ours[e.Name()] {
			return ErrFolder.With("%s holds %q, which is no part of a sample: name an empty or a new folder", dir, e.Name())
		}
	}
	// The answer key goes first: without it the folder does not count as a sample.
	for _, name := range []string{AnswersFile, AnswersFile + ".part", peopleFile, systemsFolder} {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// write makes all files, the answer key last.
func (c *company) write(ctx context.Context) error {
	c.progress("people")
	c.populate()
	plants := c.plan()
	if err := c.writePeople(ctx); err != nil {
		return err
	}
	for _, next := range c.systems() {
		if err := ctx.Err(); err != nil {
			return err
		}
		c.progress(next.name)
		if err := c.writeSystem(ctx, next, plants); err != nil {
			return fmt.Errorf("system %s: %w", next.name, err)
		}
	}
	c.ask(plants)
	return c.writeAnswers()
}

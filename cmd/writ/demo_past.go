package main

import (
	"context"
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/store"
)

// demoBegan is how many months ago the demo's company was read first.
const demoBegan = 13

// demoMoves are people of the company who came to where they are from elsewhere, and what
// they were until so many months ago: what some of them kept stands out today.
var demoMoves = []struct {
	number, unit, title, manager string
	until                        int
}{
	{"E0000087", "Platform", "Data Engineer", "E0000041", 11},
	{"E0000037", "Accounts Payable", "Accountant", "E0000007", 10},
	{"E0000146", "Platform", "Service Desk Analyst", "E0000042", 10},
	{"E0000146", "Applications", "Service Desk Analyst", "E0000211", 7},
	{"E0000203", "Applications", "Site Reliability Engineer", "E0000211", 8},
	{"E0000021", "Purchasing", "Buyer", "E0000105", 6},
	{"E0000196", "Platform", "Site Reliability Engineer", "E0000041", 5},
	{"E0000127", "Platform", "Service Desk Analyst", "E0000042", 3},
	{"E0000155", "Platform", "Site Reliability Engineer", "E0000042", 2},
}

// demoUsed are systems of the company that say of each grant when it was used last.
var demoUsed = []string{"erp-finance", "crm", "workplace"}

// readDemo reads the company as it was, each time that people had moved, and as it is.
func (a *app) readDemo(ctx context.Context, dir string, targets []target) error {
	hr := filepath.Join(dir, "hr.csv")
	today, err := os.ReadFile(hr) //nolint:gosec // a file of the sample
	if err != nil {
		return err
	}
	for _, months := range demoMonths() {
		if err := a.openAgo(ctx, months); err != nil {
			return err
		}
		if err := demoPast(hr, months); err != nil {
			return err
		}
		if months == demoBegan {
			err = errors.Join(demoUse(dir, months), a.read(ctx, hr, nil, slices.Clone(targets)), a.assignDemo(ctx, demoHolders[:len(demoHolders)-1]))
		} else {
			err = a.readPeople(ctx, hr, nil)
		}
		if err != nil {
			return err
		}
		if err := os.WriteFile(hr, today, 0o600); err != nil { //nolint:gosec // a file of the sample
			return err
		}
	}
	if err := a.close(); err != nil {
		return err
	}
	if ctx, err = a.open(ctx); err != nil {
		return err
	}
	if err := demoUse(dir, 0); err != nil {
		return err
	}
	return a.read(ctx, hr, nil, targets)
}

// demoMonths are how many months ago the company was read, and will be: the first time,
// and after each move.
func demoMonths() []int {
	list := []int{demoBegan}
	for _, m := range demoMoves {
		list = append(list, m.until)
	}
	slices.SortFunc(list, func(a, b int) int { return b - a })
	return slices.Compact(list)
}

// openAgo opens the store as some months ago. Its time goes on from there.
func (a *app) openAgo(ctx context.Context, months int) error {
	if err := a.close(); err != nil {
		return err
	}
	ago := time.Since(time.Now().AddDate(0, -months, 0))
	db, err := store.Open(ctx, store.Config{Dir: a.data, Postgres: a.postgres(), Now: func() time.Time { return time.Now().Add(-ago) }})
	a.db = db
	return err
}

// demoPast makes the file of people what it was some months ago. Whose contract has ended
// is not in it: Writ would have seen it end, and there would be nothing to find.
func demoPast(path string, months int) error {
	rows, err := demoTable(path)
	if err != nil {
		return err
	}
	column := func(name string) int { return slices.Index(rows[0], name) }
	number, unit, title, manager, contract := column("number"), column("unit"), column("title"), column("manager"), column("contract_end")
	today := time.Now().Format(time.DateOnly)
	rows = slices.DeleteFunc(rows, func(row []string) bool { return row[contract] != "" && row[contract] < today })
	for _, row := range rows[1:] {
		until := 0
		for _, m := range demoMoves {
			if m.number == row[number] && m.until < months && m.until > until {
				row[unit], row[title], row[manager], until = m.unit, m.title, m.manager, m.until
			}
		}
	}
	return writeTable(path, rows)
}

// demoUse has some systems tell how what people hold there was used some months ago: mostly
// as lately as their account was, some of it long before, and some never.
func demoUse(dir string, months int) error {
	for _, system := range demoUsed {
		if err := demoUseOf(filepath.Join(dir, "systems", system), months); err != nil {
			return err
		}
	}
	return nil
}

func demoUseOf(dir string, months int) error {
	accounts, err := demoTable(filepath.Join(dir, "accounts.csv"))
	if err != nil {
		return err
	}
	at := func(head []string, name string) int { return slices.Index(head, name) }
	used := map[string]string{}
	for _, row := range accounts[1:] {
		used[row[at(accounts[0], "id")]] = row[at(accounts[0], "last_used")]
	}
	path := filepath.Join(dir, "grants.csv")
	grants, err := demoTable(path)
	if err != nil {
		return err
	}
	kind, holder, known, last := at(grants[0], "holder_kind"), at(grants[0], "holder"), at(grants[0], "usage_known"), at(grants[0], "last_used")
	for i, row := range grants[1:] {
		day, err := time.Parse(time.DateOnly, used[row[holder]])
		if row[kind] != "account" || err != nil {
			continue // of whoever never signed in nothing is said
		}
		row[known], row[last] = "true", day.AddDate(0, -months, -demoAgo[i%len(demoAgo)]).Format(time.DateOnly)
		if demoAgo[i%len(demoAgo)] < 0 {
			row[last] = ""
		}
	}
	return writeTable(path, grants)
}

// demoAgo is how many days before their account people used what they hold; less is never.
var demoAgo = []int{0, 3, 210, 0, 1, -1, 0, 130, 2, 0, 0, 5, -1}

func writeTable(path string, rows [][]string) error {
	f, err := os.Create(path) //nolint:gosec // a file of the sample
	if err != nil {
		return err
	}
	return errors.Join(csv.NewWriter(f).WriteAll(rows), f.Close())
}

// assignDemo gives some of the company's people functions.
func (a *app) assignDemo(ctx context.Context, holders []demoHolder) error {
	for _, h := range holders {
		id, err := a.inventory().ResolveIdentity(ctx, h.number)
		if err != nil {
			return err
		}
		for _, f := range h.functions {
			held := policy.Held{Function: f}
			err := a.db.Policy().Assign(ctx, policy.Assignment{Identity: id, Held: held, Reason: demoReason})
			if err != nil && !errors.Is(err, policy.ErrHasFunction) {
				return err
			}
		}
	}
	return nil
}

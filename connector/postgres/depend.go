package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/writhq/writ/connector"
)

const (
	maxNamed     = 12 // of what a role owns, in one message
	maxDatabases = 20 // that are asked for the names of what lies in them
)

// depends says what keeps a role from being dropped: what it owns and has privileges on
// is for somebody to hand over or take away, never for Writ to drop.
func (s *session) depends(ctx context.Context, role uint32, cause error) error {
	rows, err := list[dependRow](ctx, s, "listing what the role owns", queryDepends, role)
	if err != nil {
		return err
	}
	var elsewhere []string
	for _, r := range rows {
		if r.Name == "" && !slices.Contains(elsewhere, r.Database) && len(elsewhere) < maxDatabases {
			elsewhere = append(elsewhere, r.Database)
		}
	}
	for _, database := range elsewhere {
		named, err := s.dependsIn(ctx, database, role)
		if err != nil {
			continue // the count below says that there is something
		}
		rows = slices.DeleteFunc(rows, func(r dependRow) bool { return r.Database == database })
		rows = append(rows, named...)
	}
	slices.SortStableFunc(rows, func(a, b dependRow) int { return rank(a) - rank(b) })
	var told []string
	for _, r := range rows[:min(len(rows), maxNamed)] {
		told = append(told, r.text())
	}
	if more := len(rows) - len(told); more > 0 {
		told = append(told, fmt.Sprintf("and %d more", more))
	}
	return connector.ErrUnsupported.With("postgres %q: the role cannot be deleted while it owns or may use something: %s; give what it owns to another role (reassign owned), revoke the rest, and try again", s.name, clean(strings.Join(told, "; "))).Because(cause)
}

func rank(r dependRow) int {
	if r.Owns {
		return 0
	}
	return 1
}

func (r dependRow) text() string {
	verb, name, where := "may use", r.Name, ""
	if r.Owns {
		verb = "owns"
	}
	if name == "" {
		name = "something"
	}
	if r.Database != "" {
		where = " in database " + r.Database
	}
	return verb + " " + name + where
}

// dependsIn is what lies in another database.
func (s *session) dependsIn(ctx context.Context, database string, role uint32) (rows []dependRow, err error) {
	other, err := s.connect(ctx, database)
	if err != nil {
		return nil, err
	}
	defer other.end()
	all, err := list[dependRow](ctx, other, "listing what the role owns", queryDepends, role)
	for _, r := range all {
		if r.Database == database {
			rows = append(rows, r)
		}
	}
	return rows, err
}

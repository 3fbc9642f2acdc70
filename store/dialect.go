package store

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// dialect names every place where the two databases differ.
type dialect struct {
	name      string
	pieces    *strings.Replacer // for migrations and queries with {{…}}
	forUpdate string            // row lock at the end of a select
	forShare  string            // one that several may have at a time
	lockLinks string            // keeps others from linking accounts; "" where there is one writer anyway
	lockRuns  string            // and other nodes from keeping what they measured
	// lockScopes keeps others from changing the organisation's tree.
	lockScopes string
	lockRoles  string // keeps others from changing what contains what, or who has it
	lockPolicy string // keeps others from changing the organisation's own policies
	statistic  string // renews what the planner knows after a bulk change; "" where it needs nothing
	rebind     func(string) string
	// rewrite is rebind for a text that is made anew each time: nothing remembers it.
	rewrite func(string) string
}

var sqliteDialect = dialect{
	name: "sqlite3",
	pieces: strings.NewReplacer(
		"{{key}}", "integer primary key autoincrement",
		"{{clustered}}", "without rowid",
		"{{greatest}}", "max",
		"{{least}}", "min",
		"{{clock}}", "cast(unixepoch('subsec') * 1000000 as integer)",
		"{{dead}}", "false",
	),
	rebind:  new(rebinder).sqlite,
	rewrite: questionMarks,
}

var postgresDialect = dialect{
	name: "postgres",
	pieces: strings.NewReplacer(
		"{{key}}", "bigint generated always as identity primary key",
		"{{clustered}}", "",
		"{{greatest}}", "greatest",
		"{{least}}", "least",
		"{{clock}}", "(extract(epoch from clock_timestamp()) * 1000000)::bigint",
		"{{dead}}", noPulse,
	),
	forUpdate:  " for update",
	forShare:   " for share",
	lockLinks:  "lock table account_link in share row exclusive mode",
	lockRuns:   "lock table coverage_run in share row exclusive mode",
	lockScopes: "lock table scope in share row exclusive mode",
	lockRoles:  "lock table role in share row exclusive mode",
	lockPolicy: "lock table policy_document in share row exclusive mode",
	statistic:  "analyze resource, entitlement, account, holding, account_usage, credential, account_credential, access_grant, source_record, identity, affiliation, change", //nolint:misspell // the word of SQL
	rebind:     func(q string) string { return q },
	rewrite:    func(q string) string { return q },
}

var placeholder = regexp.MustCompile(`\$(\d+)`)

// rebinder turns $1 into ?1 once per query text, and into ? where the numbers are
// those that SQLite gives: it looks up the name of every numbered one, each time
// from the start of a list, so that a statement of a thousand takes milliseconds.
type rebinder struct{ seen sync.Map }

func (r *rebinder) sqlite(q string) string {
	if got, ok := r.seen.Load(q); ok {
		return got.(string)
	}
	out := questionMarks(q)
	r.seen.Store(q, out)
	return out
}

func questionMarks(q string) string {
	next, inOrder := 1, true
	for _, m := range placeholder.FindAllStringSubmatch(q, -1) {
		inOrder = inOrder && m[1] == strconv.Itoa(next)
		next++
	}
	to := "?$1"
	if inOrder {
		to = "?"
	}
	return placeholder.ReplaceAllString(q, to)
}

// now is the condition that a versioned row of the table alias counts now. Open
// sets are the zero set and whatever is being staged: a handful of rows.
func now(alias string) string {
	return alias + `.until_set in (select id from open_set) and ` +
		alias + `.from_set not in (select id from open_set)`
}

package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/approval"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/finding"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/iga/lifecycle"
	"github.com/writhq/writ/internal/notify"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/pam/elevate"
	"github.com/writhq/writ/pam/vault/keys"
	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/provision"
	"github.com/writhq/writ/search"
)

// hot are the uses that happen most, or that somebody waits for. None of them may
// read a table that grows with the company from end to end. What is to read
// everything (loading the graph, totals) is not here.
var hot = []struct {
	name string
	why  string
	run  func(ctx context.Context, db *DB) error
}{
	{"changes that are not seen yet", "each request that changed something, before it is answered", func(ctx context.Context, db *DB) error {
		last, err := db.LastChange(ctx)
		if err != nil {
			return err
		}
		_, err = db.ChangedUpTo(ctx, last, access.Rev(last))
		return err
	}},
	{"known", "each sync of a system, however small", func(ctx context.Context, db *DB) error {
		_, err := db.Inventory().Known(ctx, 7)
		return err
	}},
	{"holder grants", "each holder that differs, of which a sync can have a million", func(ctx context.Context, db *DB) error {
		_, _, err := db.Inventory().HolderGrants(ctx, 7, access.AccountID(6500).Ref())
		return err
	}},
	{"live grants", "each sync that removes grants", func(ctx context.Context, db *DB) error {
		_, err := db.Inventory().LiveGrants(ctx, 7)
		return err
	}},
	{"source rows of an identity", "each person whose row differs, where there are two sources", func(ctx context.Context, db *DB) error {
		_, err := db.Inventory().OtherRecords(ctx, 1, 6500)
		return err
	}},
	{"candidates", "correlation after each sync, of what changed", func(ctx context.Context, db *DB) error {
		inv := db.Inventory()
		if _, err := inv.Touched(ctx, 19_990); err != nil {
			return err
		}
		traces := inventory.Traces{Numbers: []string{"n6500"}, Emails: []string{"n6500@example.com"}, Logins: []string{"login6500"}, Keys: []int64{1, 2}}
		ids, err := inv.AccountsWith(ctx, traces)
		if err != nil {
			return err
		}
		if _, err := inv.Openers(ctx, append(ids, 6500)); err != nil {
			return err
		}
		_, err = inv.Candidates(ctx, append(ids, 6500, 6600, 6700))
		return err
	}},
	{"things of other systems", "each sync of a system that names such", func(ctx context.Context, db *DB) error {
		_, err := db.Inventory().Elsewhere(ctx, []connector.Target{{Kind: connector.OnAccount, ID: "login6500", System: "system7"}, {Kind: connector.OnEntitlement, ID: "group-1300", System: "system7"}})
		return err
	}},
	{"following", "every node, at every change", func(ctx context.Context, db *DB) error {
		_, err := db.Graph().Follow(ctx, 19_990, nowhere{})
		return err
	}},
	{"names", "everything that is shown", func(ctx context.Context, db *DB) error {
		var refs []access.Ref
		for kind := range labelQueries {
			for key := range int64(20) {
				refs = append(refs, access.Ref{Kind: kind, Key: 50 * (key + 1)})
			}
		}
		_, err := db.Inventory().Names(ctx, refs)
		return err
	}},
	{"who is called so", "every question from the command line", func(ctx context.Context, db *DB) error {
		_, err := db.Inventory().FindIdentities(ctx, "n6500", 6)
		return err
	}},
	{"which account is called so", "every question from the command line", func(ctx context.Context, db *DB) error {
		_, err := db.Inventory().FindAccounts(ctx, "", "native-6500", 6)
		return err
	}},
	{"which entitlement or resource is called so", "every question from the command line", func(ctx context.Context, db *DB) error {
		_, err := db.Inventory().FindTargets(ctx, "system7", "group-1300", 6)
		return err
	}},
	{"what things are called", "search, on every node, at every change", func(ctx context.Context, db *DB) error {
		source, keys := db.Search(), []int64{10, 20, 6500}
		for _, kind := range search.Kinds {
			if err := source.Texts(ctx, kind, keys, func(search.Text) error { return nil }); err != nil {
				return err
			}
		}
		_, err := source.FindingNews(ctx, 19_990, func(search.Finding) error { return nil }, func(access.FindingID) {})
		return err
	}},
	{"what rows of lists show", "each page of a list", func(ctx context.Context, db *DB) error {
		source := db.Search()
		if _, err := source.IdentityTexts(ctx, []access.IdentityID{10, 20, 6500}); err != nil {
			return err
		}
		if _, err := source.AccountTexts(ctx, []access.AccountID{10, 20, 6500}); err != nil {
			return err
		}
		_, err := source.EntitlementTexts(ctx, []access.EntitlementID{10, 20, 6500})
		return err
	}},
	{"findings", "the list that people work from; the resolved ones stay for ever", func(ctx context.Context, db *DB) error {
		for _, f := range []finding.Filter{{}, {Rule: "orphan-account", Limit: 50}, {System: 7, Severity: "high"}} {
			if _, err := db.Findings().List(ctx, f); err != nil {
				return err
			}
		}
		_, err := db.Findings().Kept(ctx)
		return err
	}},
	{"pages of findings", "the list that people work from, as they narrow it", func(ctx context.Context, db *DB) error {
		reach := []policy.Reach{{All: true}, {Systems: map[access.SystemID]bool{3: true, 7: true}, Own: 6500}}
		for _, q := range []finding.Query{{}, {Rule: "orphan-account"}, {System: 7}, {Owner: 6500}, {Subject: access.AccountID(6500).Ref()}, {Function: "iam", Status: "open"}} {
			for _, order := range []finding.Order{finding.Worst, finding.Due, finding.Latest, finding.Ending} {
				for _, q.Reach = range reach {
					q.Order, q.Limit, q.After = order, 51, &finding.Place{Rank: 1, At: 1700000000010000, ID: 9000}
					if _, err := db.Findings().Page(ctx, q); err != nil {
						return err
					}
				}
			}
		}
		_, err := db.Findings().Versions(ctx, 6500)
		return err
	}},
	{"the log", "the newest records, and what happened to one object", func(ctx context.Context, db *DB) error {
		for _, f := range []audit.Filter{{First: 10}, {First: 10, Object: access.AccountID(6500).Ref()}, {First: 10, Actions: []string{"inventory.sync"}}, {First: 10, Actions: []string{"inventory.sync", "finding.", "function.assign"}}} {
			if _, err := db.Audit().List(ctx, f); err != nil {
				return err
			}
		}
		return nil
	}},
	{"then", "what somebody held at a past instant", func(ctx context.Context, db *DB) error {
		_, err := db.AccessAt(ctx, 6500, Instant{Rev: 15_000})
		return err
	}},
	{"the clock", "every change, and the sweeper every second", func(ctx context.Context, db *DB) error {
		if _, err := db.Now(ctx); err != nil {
			return err
		}
		if _, err := db.NextEdge(ctx); err != nil {
			return err
		}
		_, err := db.Rev(ctx)
		return err
	}},
	{"mail", "every commit of a node that sends, and each page of the list", func(ctx context.Context, db *DB) error {
		o := &outgoing{db: db}
		if _, err := o.claim(ctx); err != nil {
			return err
		}
		o.end(ctx)
		for _, f := range []notify.Filter{{First: 50}, {First: 50, Before: 9000}, {First: 50, State: notify.Dead}} {
			if _, _, err := db.Mail().Mails(ctx, f); err != nil {
				return err
			}
		}
		return nil
	}},
	{"what changed", "each of those who follow, at each revision", func(ctx context.Context, db *DB) error {
		if _, err := db.Lifecycle().Changes(ctx, 19_990); err != nil {
			return err
		}
		nothing := func(func(...any) error) error { return nil }
		return db.read(ctx, func(q *query) error {
			return errors.Join(q.each(ctx, changesSince, []any{19_990}, nothing), q.each(ctx, changedWanted, []any{19_990, 20_000}, nothing), q.each(ctx, peopleChanged, []any{19_990, 20_000}, nothing))
		})
	}},
	{"what is to be planned", "every revision, and each person whom anything changed for", func(ctx context.Context, db *DB) error {
		s := db.Provision()
		if _, err := s.News(ctx, 19_990); err != nil {
			return err
		}
		units := provision.Units{Identities: []access.IdentityID{10, 20, 6500}, Targets: []access.TargetID{10}}
		return s.Facts(ctx, units, nil, func(*provision.Facts) error { return nil })
	}},
	{"lives", "the events of one person's life, and what is coming", func(ctx context.Context, db *DB) error {
		for _, q := range []lifecycle.LifeQuery{{First: 10, Identity: 6500}, {First: 10, State: lifecycle.Coming}, {First: 10, Identity: 6500, After: &lifecycle.LifePlace{At: 9, Rank: lifecycle.RankState, Of: 9}}} {
			if _, _, err := db.Lifecycle().Life(ctx, q); err != nil {
				return err
			}
		}
		_, err := db.Lifecycle().Followed(ctx, 6500, 1, 2)
		return err
	}},
	{"operations", "every worker, each second, and those who look after them", func(ctx context.Context, db *DB) error {
		s := db.Provision()
		if _, err := s.Busy(ctx); err != nil {
			return err
		}
		for _, q := range []provision.Query{
			{First: 51},
			{First: 51, Systems: []access.SystemID{3, 7}},
			{First: 51, Identity: 6500},
			{First: 51, Run: 6500},
			{First: 51, Systems: []access.SystemID{7}, States: []provision.State{provision.Dead}},
		} {
			if _, err := s.Operations(ctx, q); err != nil {
				return err
			}
		}
		if _, err := s.Runs(ctx, provision.RunQuery{First: 51, Systems: []access.SystemID{7}}); err != nil {
			return err
		}
		if _, _, err := s.Subjects(ctx, 6500); err != nil {
			return err
		}
		_, err := s.Credentials(ctx, 6500)
		return err
	}},
	{"approvals", "each person who looks for what waits for them, and the sweeper every second", func(ctx context.Context, db *DB) error {
		s := db.Approvals()
		for _, q := range []approval.Query{
			{}, {State: approval.Waiting}, {State: approval.Waiting, System: []access.SystemID{7}}, {By: 6500}, {System: []access.SystemID{7}}, {About: access.ElevationID(6500).Ref()},
		} {
			q.First = 51
			if _, err := s.Approvals(ctx, q); err != nil {
				return err
			}
		}
		if _, err := s.Candidates(ctx, 7000); err != nil {
			return err
		}
		if _, _, err := s.DelegatedTo(ctx, 6500); err != nil {
			return err
		}
		if _, err := s.Delegations(ctx, 6500); err != nil {
			return err
		}
		if _, err := s.Chain(ctx, access.ElevationID(5999).Ref(), approval.MostLinks); err != nil {
			return err
		}
		nothing := func(func(...any) error) error { return nil }
		return db.read(ctx, func(q *query) error {
			for _, w := range []asked{{timedOut, []any{1700000000005000, approvalsPerSweep}}, {holdersOfFunction, []any{"iam"}}, {parentOfScope, []any{7}}, {whoAnswers, []any{6500}}, {waitingAbout, []any{36, 6500}}, {newestAbout, []any{36, 6500}}} {
				if err := q.each(ctx, w.text, w.args, nothing); err != nil {
					return err
				}
			}
			return nil
		})
	}},
	{"the keys of the vault", "each use of a secret, each second on each node, and each batch of a change of keys", func(ctx context.Context, db *DB) error {
		v := db.VaultKeys()
		_, one := v.SafeKey(ctx, 650, 2)
		_, now := v.SafeKey(ctx, 650, 0)
		_, newest := v.Newest(ctx)
		_, has := v.Has(ctx, keys.Seen{Set: 39_000, Mark: []byte{0}})
		_, _, generations := v.Generations(ctx, 650)
		_, unfinished := v.Unfinished(ctx, 100)
		_, before := v.SealedBefore(ctx, 650, 3, 100)
		_, dropped := v.DropSafeKeys(ctx, 100)
		return errors.Join(one, now, newest, has, generations, unfinished, before, dropped, db.read(ctx, func(q *query) error {
			_, err := q.sealed(ctx, 6500)
			return err
		}))
	}},
	{"elevations", "every node, at every change, and each list", func(ctx context.Context, db *DB) error {
		s := db.Elevate()
		if _, err := s.Open(ctx); err != nil {
			return err
		}
		for _, q := range []elevate.Query{{First: 51}, {First: 51, Identity: 6500}, {First: 51, Entitlement: 100}, {First: 51, Identity: 6500, Entitlement: 100, States: elevate.States[:5]}} {
			if _, err := s.Elevations(ctx, q); err != nil {
				return err
			}
		}
		for _, q := range []elevate.EligibilityQuery{{Entitlement: 100}, {Holder: access.IdentityID(6500).Ref()}, {First: 51, After: 9000}} {
			if _, err := s.Eligibilities(ctx, q); err != nil {
				return err
			}
		}
		if _, err := s.Eligibility(ctx, 6500); err != nil {
			return err
		}
		if _, err := db.Findings().Drifted(ctx, []access.IdentityID{6500}); err != nil {
			return err
		}
		return db.read(ctx, func(q *query) error {
			return q.each(ctx, operationsOf, []any{6500, 100, 0, 1, 1 << 40}, func(func(...any) error) error { return nil })
		})
	}},
	{"texts of those who carry out", "each operation", func(ctx context.Context, db *DB) error {
		nothing := func(func(...any) error) error { return nil }
		return db.read(ctx, func(q *query) error {
			for _, w := range []asked{
				{dueOperations, []any{7, 1700000100000000, claimWindow}},
				{askedOperations, []any{7, 1700000100000000, claimWindow}},
				{justifiedNow, []any{6500, 100, 0, 1700000100000000}},
				{takenSince, []any{7, 1700000050000000}},
				{madeFor, []any{6500}},
				{nativeOfAccount, []any{6500}},
				{nativeOfOther, []any{100, 100}},
			} {
				if err := q.each(ctx, w.text, w.args, nothing); err != nil {
					return err
				}
			}
			return nil
		})
	}},
	{"the vault", "everything that is done with secrets", hotVault},
	{"leases", "each lease, and every node all the time", hotLeases},
	{"texts of the vault", "each time that somebody sees a secret, or has it out", textsOfVault},
	{"texts of writers", "each batch of a sync, each pass of the sequencer, each sweep", func(ctx context.Context, db *DB) error {
		args := []any{"ssh_key"}
		for i := range credentialsPerQuery {
			args = append(args, fmt.Sprint("SHA256:", i))
		}
		nothing := func(func(...any) error) error { return nil }
		return db.read(ctx, func(q *query) error {
			for _, w := range []asked{{findCredential, args}, {dueEdges, []any{1700000100000000, edgesPerSweep}}, {treeSize, nil}, {recordsFrom, []any{39_990}}} {
				if err := q.each(ctx, w.text, w.args, nothing); err != nil {
					return err
				}
			}
			return nil
		})
	}},
}

// small are the tables that do not grow with the company; lifecycle_event does with what
// people order.
var small = []string{"vault", "vault_unfinished", "vault_seal", "vault_root", "lifecycle_event", "open_set", "system", "source", "meta", "sync_state", "scope", "lease", "policy", "role", "safe", "glass"}

func TestHotQueriesScanNothingLarge(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		cfg := emptySQLite(t)
		db := openStore(t, cfg)
		fill(t, db)
		r := record(t, db, "file:"+escapePath(cfg.Dir+"/"+sqliteFile)+"?_pragma=query_only(1)")
		eachHot(t, db, r, sqliteScans) // as production runs: without statistics
		look(t, db)
		t.Run("with statistics", func(t *testing.T) { eachHot(t, db, record(t, db, r.dsn), sqliteScans) })
	})
	t.Run("postgres", func(t *testing.T) {
		cfg := emptyPostgres(t)
		db := openStore(t, cfg)
		fill(t, db)
		look(t, db)
		eachHot(t, db, record(t, db, cfg.Postgres), postgresScans)
	})
}

// look has the database count what its tables hold.
func look(t *testing.T, db *DB) {
	t.Helper()
	if _, err := db.w.ExecContext(t.Context(), "analyze"); err != nil { //nolint:misspell // the word of SQL
		t.Fatal(err)
	}
}

// scanner returns the large tables that a statement reads from end to end.
type scanner func(ctx context.Context, db *DB, a asked) (large []string, plan string, err error)

func eachHot(t *testing.T, db *DB, r *recorder, scans scanner) {
	for _, h := range hot {
		t.Run(h.name, func(t *testing.T) {
			ctx := asTester(t.Context())
			list := r.of(t, func() error { return h.run(ctx, db) })
			if len(list) == 0 {
				t.Fatal("nothing was asked")
			}
			for _, a := range list {
				scansNothingLarge(t, db, a, scans)
			}
		})
	}
	t.Run("findings that end, many at once", func(t *testing.T) {
		scansNothingLarge(t, db, asked{fmt.Sprintf(endFindings, "(1, 2), (3, 4)"), []any{1, 2}}, scans)
	})
}

// anyRow stops at the first row that there is.
var anyRow = regexp.MustCompile(`^select exists \(select 1 from [a-z_]+\)$`)

func scansNothingLarge(t *testing.T, db *DB, a asked, scans scanner) {
	t.Helper()
	if anyRow.MatchString(a.text) {
		return
	}
	large, plan, err := scans(asTester(t.Context()), db, a)
	if err != nil {
		t.Fatalf("%v\n%s", err, a.text)
	}
	if len(large) > 0 {
		t.Errorf("it reads all of %v\n%s\n%v\n\n%s", large, a.text, a.args, plan)
	}
}

var fromTable = regexp.MustCompile(`(?i)\b(?:from|join|update)\s+([a-z_]+)(?:\s+([a-z]+))?`)

// partialIndex is one that holds a small part of its table: what is not resolved, stuck, under
// way, not seen yet, or held now.
var partialIndex = regexp.MustCompile(` INDEX (finding_latest|checkout_(due|open)|secret_consumer_next|secret_due_stands|elevation_open|lease_made_(end|making|due|held|open)|operation_(due|busy|waiting|open)|approval_waiting|function_assignment_held|account_made_unseen)`)

// sqliteScans returns the large tables that a query reads from end to end, and the
// accounts of a system where it reads them once for each row of a list. SQLite names
// tables by their aliases.
func sqliteScans(ctx context.Context, db *DB, a asked) (large []string, plan string, err error) {
	tables := map[string][]string{}
	for _, m := range fromTable.FindAllStringSubmatch(a.text, -1) {
		tables[m[2]], tables[m[1]] = append(tables[m[2]], m[1]), append(tables[m[1]], m[1])
	}
	rows, err := db.r.QueryContext(ctx, "explain query plan "+a.text, a.args...)
	if err != nil {
		return nil, "", err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	perRow := false
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			return nil, "", err
		}
		plan += fmt.Sprintf("%4d %4d  %s\n", id, parent, detail)
		if perRow && strings.Contains(detail, "USING INDEX account_system ") {
			large = append(large, "account of a system, for each row")
		}
		alias, ok := strings.CutPrefix(detail, "SCAN ")
		if !ok {
			continue
		}
		perRow = true
		if partialIndex.MatchString(alias) {
			continue
		}
		alias, _, _ = strings.Cut(alias, " ")
		for _, table := range tables[alias] {
			if !slices.Contains(small, table) && !firstOnly(a.text) {
				large = append(large, table)
			}
		}
	}
	return large, plan, rows.Err()
}

// firstOnly says that a query reads a table in the order of its key and stops
// after a few rows.
func firstOnly(text string) bool {
	return regexp.MustCompile(`order by (r\.id|size) desc limit \d+$`).MatchString(text)
}

// largeRows is from how many rows on PostgreSQL may not read a table as a whole.
const largeRows = 3000

// planNode is the part of a plan of PostgreSQL that is looked at.
type planNode struct {
	Type     string     `json:"Node Type"`
	Table    string     `json:"Relation Name"`
	Name     string     `json:"Index Name"`
	Index    string     `json:"Index Cond"`
	Children []planNode `json:"Plans"`
}

func postgresScans(ctx context.Context, db *DB, a asked) (large []string, plan string, err error) {
	if err := db.r.QueryRowContext(ctx, "explain (format json) "+a.text, a.args...).Scan(&plan); err != nil {
		return nil, "", err
	}
	var roots []struct {
		Plan planNode `json:"Plan"`
	}
	if err := json.Unmarshal([]byte(plan), &roots); err != nil {
		return nil, "", err
	}
	rows, err := relations(ctx, db)
	if err != nil {
		return nil, "", err
	}
	var walk func(n planNode, limited bool)
	walk = func(n planNode, limited bool) {
		table := rows[n.Table]
		if strings.HasPrefix(n.Type, "Index") {
			table = rows[n.Name]
		}
		whole := n.Type == "Seq Scan" || strings.HasPrefix(n.Type, "Index") && n.Index == "" && !limited
		if whole && table >= largeRows {
			large = append(large, n.Table)
		}
		for _, c := range n.Children {
			walk(c, limited || n.Type == "Limit")
		}
	}
	walk(roots[0].Plan, false)
	return large, plan, nil
}

// relations returns how many rows each table and index has. An index of few rows
// of a large table may be read as a whole: that is what it is for.
func relations(ctx context.Context, db *DB) (map[string]float64, error) {
	list, err := db.r.QueryContext(ctx, "select relname, reltuples from pg_class where relkind in ('r', 'i')")
	if err != nil {
		return nil, err
	}
	defer list.Close() //nolint:errcheck // list.Err tells
	rows := map[string]float64{}
	for list.Next() {
		var name string
		var n float64
		if err := list.Scan(&name, &n); err != nil {
			return nil, err
		}
		rows[name] = n
	}
	return rows, list.Err()
}

// nowhere takes what the graph is told.
type nowhere struct{}

func (nowhere) System(graph.SystemNode) error           { return nil }
func (nowhere) Resource(graph.ResourceNode) error       { return nil }
func (nowhere) Entitlement(graph.EntitlementNode) error { return nil }
func (nowhere) Identity(graph.IdentityNode) error       { return nil }
func (nowhere) Account(graph.AccountNode) error         { return nil }
func (nowhere) Role(graph.RoleNode) error               { return nil }
func (nowhere) Credential(graph.CredentialEdge) error   { return nil }
func (nowhere) Opening(graph.OpeningEdge) error         { return nil }
func (nowhere) Grant(graph.GrantEdge) error             { return nil }
func (nowhere) Assignment(graph.AssignmentEdge) error   { return nil }
func (nowhere) Forget(access.Ref)                       {}
func (nowhere) ForgetGrants(access.Ref)                 {}
func (nowhere) ForgetSystem(access.SystemID)            {}

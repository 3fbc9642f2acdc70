package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/graph"
)

// mirror is the plainest possible graph: facts by the object that they start at.
type mirror struct {
	system map[access.Ref]access.SystemID
	facts  map[access.Ref]map[string]bool
}

func newMirror() *mirror {
	return &mirror{system: map[access.Ref]access.SystemID{}, facts: map[access.Ref]map[string]bool{}}
}

func (m *mirror) put(ref access.Ref, fact any) error {
	b, err := json.Marshal(fact)
	if err != nil {
		return err
	}
	if m.facts[ref] == nil {
		m.facts[ref] = map[string]bool{}
	}
	text := fmt.Sprintf("%T%s", fact, b)
	if m.facts[ref][text] {
		return fmt.Errorf("%s was delivered twice: %s", ref, text)
	}
	m.facts[ref][text] = true
	return nil
}

func (m *mirror) Forget(ref access.Ref) { delete(m.facts, ref); delete(m.system, ref) }

func (m *mirror) ForgetGrants(ref access.Ref) {
	for text := range m.facts[ref] {
		if strings.HasPrefix(text, fmt.Sprintf("%T", graph.GrantEdge{})) {
			delete(m.facts[ref], text)
		}
	}
	if len(m.facts[ref]) == 0 {
		delete(m.facts, ref)
	}
}

func (m *mirror) ForgetSystem(id access.SystemID) {
	m.Forget(id.Ref())
	for ref, system := range m.system {
		if system == id {
			m.Forget(ref)
		}
	}
}

func (m *mirror) of(ref access.Ref, id access.SystemID) access.Ref { m.system[ref] = id; return ref }

func (m *mirror) System(n graph.SystemNode) error     { return m.put(n.ID.Ref(), n) }
func (m *mirror) Resource(n graph.ResourceNode) error { return m.put(m.of(n.ID.Ref(), n.System), n) }

func (m *mirror) Entitlement(n graph.EntitlementNode) error {
	return m.put(m.of(n.ID.Ref(), n.System), n)
}
func (m *mirror) Identity(n graph.IdentityNode) error     { return m.put(n.ID.Ref(), n) }
func (m *mirror) Account(n graph.AccountNode) error       { return m.put(m.of(n.ID.Ref(), n.System), n) }
func (m *mirror) Role(n graph.RoleNode) error             { return m.put(n.ID.Ref(), n) }
func (m *mirror) Credential(e graph.CredentialEdge) error { return m.put(e.Account.Ref(), e) }
func (m *mirror) Opening(e graph.OpeningEdge) error       { return m.put(e.Account.Ref(), e) }
func (m *mirror) Grant(e graph.GrantEdge) error           { return m.put(e.Holder, e) }
func (m *mirror) Assignment(e graph.AssignmentEdge) error { return m.put(e.Identity.Ref(), e) }

func (m *mirror) lines() (out []string) {
	for ref, facts := range m.facts {
		for f := range maps.Keys(facts) {
			out = append(out, ref.String()+" "+f)
		}
	}
	slices.Sort(out)
	return out
}

// writer makes random changes the way features do: it ends versions and begins
// others, and tells what changed.
type writer struct {
	t   *rapid.T
	tx  *tx
	ctx context.Context
	now access.Time

	staged bool // then what has no versions is not written
}

func (w writer) key(name string) int64 { return rapid.Int64Range(1, 4).Draw(w.t, name) }
func (w writer) word(name string, of ...string) string {
	return rapid.SampledFrom(of).Draw(w.t, name)
}

// period is one that is over, runs, or is to come.
func (w writer) period() (start, end access.Time) {
	hour := access.Time(time.Hour.Microseconds())
	p := rapid.SampledFrom([][2]access.Time{{0, 0}, {w.now - hour, w.now + hour}, {w.now - 2*hour, w.now - hour}, {w.now + hour, w.now + 2*hour}}).Draw(w.t, "period")
	return p[0], p[1]
}

// version ends the row that is now and begins the next, or only ends it.
func (w writer) version(table, match string, keys []any, columns string, values ...any) error {
	args := append([]any{w.tx.Set}, keys...)
	if _, err := w.tx.exec(w.ctx, `delete from `+table+` where from_set = $1 and `+match, args...); err != nil {
		return err
	}
	if _, err := w.tx.exec(w.ctx, `update `+table+` set until_set = $1 where until_set = 0 and `+match, args...); err != nil {
		return err
	}
	if rapid.IntRange(0, 3).Draw(w.t, "gone") == 0 {
		return nil
	}
	marks := "$1"
	args = []any{w.tx.Set}
	for i, v := range append(slices.Clone(keys), values...) {
		marks += fmt.Sprintf(", $%d", i+2)
		args = append(args, v)
	}
	_, err := w.tx.exec(w.ctx, `insert into `+table+` (from_set, `+columns+`) values (`+marks+`)`, args...)
	return err
}

// there reports whether an object is now, in this transaction's eyes.
func (w writer) there(ref access.Ref) (there bool, err error) {
	err = w.tx.row(w.ctx, `select exists (select 1 from `+ref.Kind.String()+` where id = $1 and until_set = 0)`, ref.Key).Scan(&there)
	return there, err
}

// done tells of an object's change; the edges that start at one that went go too.
func (w writer) done(ref access.Ref) error {
	there, err := w.there(ref)
	if err != nil {
		return err
	}
	for table, match := range map[string]string{
		"access_grant":       fmt.Sprintf("holder_kind = %d and holder_id = %d", ref.Kind, ref.Key),
		"account_credential": fmt.Sprintf("%d = 2 and account_id = %d", ref.Kind, ref.Key),
		"account_opening":    fmt.Sprintf("%d = 2 and account_id = %d", ref.Kind, ref.Key),
	} {
		for _, text := range []string{`delete from ` + table + ` where from_set = $1 and `, `update ` + table + ` set until_set = $1 where until_set = 0 and `} {
			if there {
				break
			}
			if _, err := w.tx.exec(w.ctx, text+match, w.tx.Set); err != nil {
				return err
			}
		}
	}
	return w.tx.changed(w.ctx, ref)
}

func (w writer) system() error {
	id := w.key("system")
	err := w.version("system", "id = $2", []any{id}, "id, name, kind, runs_on, environment, business_owner", fmt.Sprint("s", id), "csv", w.key("runs on"), w.word("environment", "", "production"), w.key("owner"))
	if err != nil {
		return err
	}
	if w.staged {
		return w.tx.changed(w.ctx, access.SystemID(id).Ref())
	}
	_, err = w.tx.exec(w.ctx, `insert into sync_state (kind, object, synced_at, failed_at) values (5, $1, $2, $3) on conflict (kind, object) do update set synced_at = $2, failed_at = $3`,
		id, w.key("synced"), w.key("failed"))
	if err != nil {
		return err
	}
	return w.tx.changed(w.ctx, access.SystemID(id).Ref())
}

func (w writer) resource() error {
	id := w.key("resource")
	err := w.version("resource", "id = $2", []any{id}, "id, system_id, native_id, kind, name, data_class, digest", (id+1)/2, "r", "table", "r", w.word("class", "", "restricted"), []byte{1})
	if err != nil {
		return err
	}
	return w.tx.changed(w.ctx, access.ResourceID(id).Ref())
}

func (w writer) entitlement() error {
	id := w.key("entitlement")
	capabilities := w.word("capabilities", "[]", `[{"right":"impersonate","on":"acc_0000000000001"}]`)
	err := w.version("entitlement", "id = $2", []any{id}, "id, system_id, native_id, kind, name, owner_number, capabilities, digest",
		(id+1)/2, "e", "group", "e", w.word("owner", "", "n1", "n2"), capabilities, []byte{1})
	if err != nil {
		return err
	}
	if err := w.version("classification", "entitlement_id = $2", []any{id}, "entitlement_id, tier, own_tier, reasons, rules_version", w.key("tier")-1, 1, "[]", "1"); err != nil {
		return err
	}
	return w.done(access.EntitlementID(id).Ref())
}

func (w writer) identity() error {
	id := w.key("identity")
	err := w.version("identity", "id = $2", []any{id}, "id, kind, state, name, number, organisation, sponsor_id",
		w.word("kind", "human", "service"), w.word("state", "active", "terminated"), w.word("name", "Ana Sol", "Annalena Müller"), fmt.Sprint("n", id), w.word("organisation", "", "Vendor"), w.key("sponsor"))
	if err != nil {
		return err
	}
	start, end := w.period()
	if err := w.version("affiliation", "identity_id = $2 and seq = $3", []any{id, w.key("seq")}, "identity_id, seq, manager_id, starts_at, ends_at", w.key("manager"), start, end); err != nil {
		return err
	}
	return w.done(access.IdentityID(id).Ref())
}

func (w writer) account() error {
	id := w.key("account")
	err := w.version("account", "id = $2", []any{id}, "id, system_id, native_id, login, kind, status, interactive, digest",
		(id+1)/2, "a", w.word("login", "asol", "svc-muller"), w.word("kind", "person", "shared"), w.word("status", "enabled", "locked"), rapid.Bool().Draw(w.t, "interactive"), []byte{1})
	if err != nil {
		return err
	}
	if w.staged {
		return w.done(access.AccountID(id).Ref())
	}
	_, err = w.tx.exec(w.ctx, `insert into account_usage (account_id, last_used) values ($1, $2) on conflict (account_id) do update set last_used = $2`, id, w.key("used")-1)
	if err != nil {
		return err
	}
	return w.done(access.AccountID(id).Ref())
}

func (w writer) link() error {
	id := w.key("link")
	err := w.version("account_link", "id = $2", []any{id}, "id, account_id, identity_id, state, rule", w.key("account"), id, w.word("state", "confirmed", "manual", "disputed", "rejected"), "email")
	if err != nil {
		return err
	}
	return w.tx.changed(w.ctx, access.LinkID(id).Ref())
}

func (w writer) credential() error {
	id := w.key("credential")
	if err := w.version("credential", "id = $2", []any{id}, "id, kind, fingerprint", "ssh_key", fmt.Sprint("f", id)); err != nil {
		return err
	}
	account := w.key("account")
	if there, err := w.there(access.AccountID(account).Ref()); err != nil || !there {
		return errors.Join(err, w.tx.changed(w.ctx, access.CredentialID(id).Ref()))
	}
	if err := w.version("account_credential", "account_id = $2 and credential_id = $3", []any{account, id}, "account_id, credential_id, system_id, changed_at", 1, w.key("changed")); err != nil {
		return err
	}
	return w.tx.changed(w.ctx, access.CredentialID(id).Ref())
}

func (w writer) opening() error {
	account, by := w.key("account"), w.key("opener")
	if there, err := w.there(access.AccountID(account).Ref()); err != nil || !there {
		return err
	}
	if err := w.version("account_opening", "account_id = $2 and opener_id = $3", []any{account, by}, "account_id, opener_id"); err != nil {
		return err
	}
	return w.tx.changed(w.ctx, access.AccountID(account).Ref())
}

// grant tells of its holder, or of the system that gives it as a whole, as a sync
// does, wherever the holder is.
func (w writer) grant() error {
	holder := access.Ref{Kind: rapid.SampledFrom([]access.ObjectKind{access.KindIdentity, access.KindAccount, access.KindEntitlement}).Draw(w.t, "holder kind"), Key: w.key("holder")}
	if there, err := w.there(holder); err != nil || !there {
		return err
	}
	entitlement := w.key("entitlement")
	start, end := w.period()
	err := w.version("access_grant", "holder_id = $2 and holder_kind = $3 and entitlement_id = $4", []any{holder.Key, holder.Kind, entitlement},
		"holder_id, holder_kind, entitlement_id, id, system_id, mode, starts_at, ends_at, last_used", w.key("grant"), (entitlement+1)/2, w.key("mode")%3, start, end, w.key("used")-2)
	if err != nil {
		return err
	}
	system := (entitlement + 1) / 2
	elsewhere := holder.Kind == access.KindIdentity || (holder.Key+1)/2 != system
	_, err = w.tx.exec(w.ctx, `insert into holding (holder_kind, holder_id, system_id, from_set, digest, elsewhere) values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
		holder.Kind, holder.Key, system, w.tx.Set, []byte{1}, elsewhere)
	if err != nil {
		return err
	}
	if rapid.Bool().Draw(w.t, "bulk") {
		_, err := w.tx.exec(w.ctx, `insert into change (set_id, kind, object, bulk) values ($1, 5, $2, true)`, w.tx.Set, system)
		return err
	}
	_, err = w.tx.exec(w.ctx, `insert into change (set_id, kind, object, only_grants) values ($1, $2, $3, $4)`, w.tx.Set, holder.Kind, holder.Key, rapid.Bool().Draw(w.t, "only grants"))
	return err
}

// justified begins what justifies somebody's access, or ends it where it stands.
func (w writer) justified() error {
	id := w.key("justification")
	start, end := w.period()
	j := access.Justification{
		Holder: access.IdentityID(id).Ref(), Entitlement: access.EntitlementID(w.key("entitlement")), Origin: access.FromRole,
		Start: access.Time(start), End: access.Time(end),
	}
	var is []access.Justification
	err := w.tx.readJustifications(w.ctx, `j.holder_kind = 1 and j.holder_id = $1 and j.entitlement_id = $2 and j.origin = 'role'`, []any{id, j.Entitlement}, func(j access.Justification) error {
		is = append(is, j)
		return nil
	})
	switch {
	case err != nil || w.staged: // only what is read from systems is staged
		return err
	case len(is) > 0:
		return w.tx.unjustify(w.ctx, is)
	}
	return w.tx.justify(w.ctx, []access.Justification{j})
}

func (w writer) justification() error {
	id := w.key("justification")
	start, end := w.period()
	// The holder of a justification stays the same, so that it can be told of.
	holder := access.AccountID(id).Ref()
	if id > 2 {
		holder = access.IdentityID(id).Ref()
	}
	row := 1_000_000 + id // beyond those that the store numbers
	err := w.version("justification", "id = $2", []any{row}, "id, holder_kind, holder_id, entitlement_id, origin, starts_at, ends_at", holder.Kind, id, w.key("entitlement"), "request", start, end)
	if err != nil {
		return err
	}
	return w.tx.changed(w.ctx, access.JustificationID(row).Ref())
}

func (w writer) ownership() error {
	id := w.key("ownership")
	start, end := w.period()
	kind := access.KindIdentity
	if id > 2 {
		kind = access.KindEntitlement
	}
	if err := w.version("ownership", "id = $2", []any{id}, "id, object_kind, object_key, owner_id, starts_at, ends_at", kind, id, w.key("owner"), start, end); err != nil {
		return err
	}
	return w.tx.changed(w.ctx, access.OwnershipID(id).Ref())
}

func (w writer) role() error {
	id := w.key("role")
	entitlements := w.word("entitlements", "[]", `["ent_0000000000001","ent_0000000000002"]`)
	if err := w.version("role", "id = $2", []any{id}, "id, name, owner_id, entitlements", fmt.Sprint("r", id), w.key("owner"), entitlements); err != nil {
		return err
	}
	return w.tx.changed(w.ctx, access.RoleID(id).Ref())
}

func (w writer) assignment() error {
	id := w.key("assignment")
	start, end := w.period()
	if err := w.version("assignment", "id = $2", []any{id}, "id, role_id, identity_id, starts_at, ends_at", w.key("role"), w.key("identity"), start, end); err != nil {
		return err
	}
	return w.tx.changed(w.ctx, access.AssignmentID(id).Ref())
}

// What following delivers adds up to what loading delivers, whatever changes,
// also while something is staged.
func TestGraphFollowedEqualsLoaded(t *testing.T) { eachDatabase(t, testGraphFollowedEqualsLoaded) }

func testGraphFollowedEqualsLoaded(t *testing.T, fresh func(*testing.T) Config) {
	cfg := fresh(t)
	clock := stopwatch{at: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	cfg.Now = clock.now
	db := openStore(t, cfg)
	ctx := asTester(t.Context())
	src := db.Graph()
	followed := newMirror()
	rev, err := src.Load(ctx, followed)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		staged := false
		write := func(tx *tx) error {
			w := writer{t: rt, tx: tx, ctx: ctx, now: tx.At, staged: staged}
			for range rapid.IntRange(1, 12).Draw(rt, "writes") {
				write := rapid.SampledFrom([]func() error{
					w.system, w.resource, w.entitlement, w.identity, w.account, w.link, w.credential, w.opening, w.grant, w.grant,
					w.justification, w.justified, w.justified, w.ownership, w.role, w.assignment,
				}).Draw(rt, "write")
				if err := write(); err != nil {
					return err
				}
			}
			return nil
		}
		if err := db.change(ctx, audit.Event{Action: "test.change"}, write); err != nil {
			rt.Fatal(err)
		}
		if rapid.Bool().Draw(rt, "sequence") {
			if _, err := db.Sequence(ctx); err != nil {
				rt.Fatal(err)
			}
		}
		if rapid.IntRange(0, 3).Draw(rt, "staged") == 0 {
			s, err := db.stage(ctx, access.SystemID(1).Ref())
			if err != nil {
				rt.Fatal(err)
			}
			staged = true
			if err := db.stageBatch(ctx, s, audit.Event{}, write); err != nil {
				rt.Fatal(err)
			}
			sameGraph(ctx, rt, db, followed, &rev)
			if rapid.Bool().Draw(rt, "undo") {
				err = db.undo(ctx, s)
			} else {
				err = db.flip(ctx, s, audit.Event{Action: "test.flip"}, nil)
			}
			if err != nil {
				rt.Fatal(err)
			}
		}
		sameGraph(ctx, rt, db, followed, &rev)
	})
}

func sameGraph(ctx context.Context, t *rapid.T, db *DB, followed *mirror, rev *access.Rev) {
	if _, err := db.Sequence(ctx); err != nil {
		t.Fatal(err)
	}
	reached, err := db.Graph().Follow(ctx, *rev, followed)
	if err != nil {
		t.Fatal(err)
	}
	loaded := newMirror()
	at, err := db.Graph().Load(ctx, loaded)
	if err != nil {
		t.Fatal(err)
	}
	if *rev = reached; at != reached {
		t.Fatalf("followed to %d, loaded at %d", reached, at)
	}
	if got, want := followed.lines(), loaded.lines(); !slices.Equal(got, want) {
		for _, l := range got {
			if !slices.Contains(want, l) {
				t.Errorf("followed, not loaded: %s", l)
			}
		}
		for _, l := range want {
			if !slices.Contains(got, l) {
				t.Errorf("loaded, not followed: %s", l)
			}
		}
	}
}

package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// facts delivers what is now to a sink, all of it or what a condition selects.
type facts struct {
	q         *query
	sink      graph.Sink
	open      string // the open sets but the zero set, as a list
	at        string // the instant that dated facts are looked at
	justified string // says of a grant g whether something justifies it; "" where nothing justifies any
	whole     bool   // all of a table is read, so it is scanned
	seen      map[string]string
}

func (db *DB) facts(ctx context.Context, q *query, sink graph.Sink) (*facts, error) {
	f := &facts{q: q, sink: sink, seen: map[string]string{}}
	var sets []int64
	err := q.each(ctx, `select id from open_set where id <> 0 order by id`, nil, func(scan func(...any) error) error {
		var id int64
		defer func() { sets = append(sets, id) }()
		return scan(&id)
	})
	if err != nil {
		return nil, err
	}
	f.open = keyList(sets)
	at, err := db.storeTime(ctx, q)
	if err != nil {
		return nil, err
	}
	f.at = strconv.FormatInt(int64(at), 10)
	var any bool
	if err := q.row(ctx, `select exists (select 1 from justification)`).Scan(&any); err != nil {
		return nil, err
	}
	if any {
		f.justified = `(exists (select 1 from justification j where j.holder_kind = g.holder_kind and j.holder_id = g.holder_id and j.entitlement_id = g.entitlement_id and ` +
			f.now("j") + ` and ` + f.during("j") + `) or g.holder_kind = 2 and exists (
			  select 1 from account_link l join justification j on j.holder_kind = 1 and j.holder_id = l.identity_id and j.entitlement_id = g.entitlement_id
			   where l.account_id = g.holder_id and ` + whose + ` and ` + f.now("l") + ` and ` + f.now("j") + ` and ` + f.during("j") + `))`
	}
	return f, nil
}

// whose is the condition that a link says whose an account is.
const whose = "l.state in ('confirmed', 'manual')"

// now is the same condition as the dialect's now, with the open sets written
// out, so that the usual case of none is a comparison with zero.
func (f *facts) now(alias string) string {
	if f.open == "" {
		return alias + ".until_set = 0"
	}
	return alias + ".until_set in (0," + f.open + ") and " + alias + ".from_set not in (" + f.open + ")"
}

// rows is now for the table that a query is about. Where all of it is read, an
// index on what is now would cost a look at the table for every row.
func (f *facts) rows(alias string) string {
	if f.whole && f.open == "" {
		return alias + ".until_set + 0 = 0"
	}
	return f.now(alias)
}

// during is the condition that a dated fact is in its period.
func (f *facts) during(alias string) string {
	return alias + ".starts_at <= " + f.at + " and (" + alias + ".ends_at = 0 or " + alias + ".ends_at > " + f.at + ")"
}

// step delivers the facts of one kind of object; its condition speaks of {id}.
type step struct {
	kind    access.ObjectKind
	grants  bool // it delivers grants that start at the object
	deliver func(ctx context.Context, condition string) error
}

func (f *facts) steps() []step {
	return []step{
		{access.KindSystem, false, f.systems},
		{access.KindResource, false, f.resources},
		{access.KindEntitlement, false, f.entitlements},
		{access.KindIdentity, false, f.identities},
		{access.KindAccount, false, f.accounts},
		{access.KindRole, false, f.roles},
		{access.KindAccount, false, f.credentials},
		{access.KindAccount, false, f.openings},
		{access.KindAccount, true, f.holderGrants(access.KindAccount)},
		{access.KindEntitlement, true, f.holderGrants(access.KindEntitlement)},
		{access.KindIdentity, true, f.holderGrants(access.KindIdentity)},
		{access.KindIdentity, false, f.assignments},
	}
}

// all delivers everything of some kinds. Grants come in one scan of their table.
func (f *facts) all(ctx context.Context, kinds []func(context.Context, string) error) error {
	f.whole = true
	if f.justified != "" {
		f.justified = `(g.holder_kind, g.holder_id, g.entitlement_id) in (select j.holder_kind, j.holder_id, j.entitlement_id from justification j where ` +
			f.now("j") + ` and ` + f.during("j") + ` union all
			select 2, l.account_id, j.entitlement_id from justification j join account_link l on l.identity_id = j.holder_id
			 where j.holder_kind = 1 and ` + whose + ` and ` + f.now("l") + ` and ` + f.now("j") + ` and ` + f.during("j") + `)`
	}
	for _, deliver := range kinds {
		if err := deliver(ctx, ""); err != nil {
			return err
		}
	}
	return nil
}

// each runs a query whose text is made anew each time and so is not remembered.
func (f *facts) each(ctx context.Context, text string, fn func(rows *sql.Rows) error) error {
	rows, err := f.q.t.QueryContext(ctx, text)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// intern keeps one copy of words that recur in every row.
func (f *facts) intern(s string) string {
	if got, ok := f.seen[s]; ok {
		return got
	}
	f.seen[s] = s
	return s
}

func (f *facts) systems(ctx context.Context, condition string) error {
	text := `select s.id, s.scope_id, s.runs_on, s.environment, s.criticality, s.data_class, s.business_owner, s.technical_owner, s.cycle, s.stage, s.paused_until,
	       coalesce(y.synced_at, 0), coalesce(y.failed_at, 0)
	  from system s left join sync_state y on y.kind = 5 and y.object = s.id
	 where ` + f.rows("s") + where(condition, "s.id") + ` order by s.id`
	return f.each(ctx, text, func(rows *sql.Rows) error {
		var n graph.SystemNode
		var stage string
		err := rows.Scan(&n.ID, &n.Scope, &n.RunsOn, &n.Environment, &n.Criticality, &n.DataClass, &n.BusinessOwner, &n.TechnicalOwner, &n.Cycle,
			&stage, &n.Paused, &n.Synced, &n.Failed)
		if err != nil {
			return err
		}
		n.Draft = stage == "draft"
		if n.Failed <= n.Synced {
			n.Failed = 0
		}
		return f.sink.System(n)
	})
}

func (f *facts) resources(ctx context.Context, condition string) error {
	text := `select r.id, r.system_id, r.parent_id, r.data_class from resource r where ` +
		f.rows("r") + where(condition, "r.id") + ` order by r.id`
	var n graph.ResourceNode
	var class string
	return f.each(ctx, text, func(rows *sql.Rows) error {
		if err := rows.Scan(&n.ID, &n.System, &n.Parent, &class); err != nil {
			return err
		}
		n.DataClass = access.DataClass(f.intern(class))
		return f.sink.Resource(n)
	})
}

func (f *facts) entitlements(ctx context.Context, condition string) error {
	text := `select e.id, e.system_id, e.kind, e.resource_id, e.capabilities, e.conflicts, coalesce(c.tier, -1),
	       coalesce((select o.owner_id from ownership o where o.object_kind = 3 and o.object_key = e.id and ` + f.now("o") + ` and ` + f.during("o") + `),
	                case when e.owner_number = '' then 0 else (select min(i.id) from identity i where i.number = e.owner_number and ` + f.now("i") + `) end, 0)
	  from entitlement e left join classification c on c.entitlement_id = e.id and ` + f.now("c") + `
	 where ` + f.rows("e") + where(condition, "e.id") + ` order by e.id`
	return f.each(ctx, text, func(rows *sql.Rows) error {
		var n graph.EntitlementNode
		var kind string
		var capabilities, conflicts sql.RawBytes
		if err := rows.Scan(&n.ID, &n.System, &kind, &n.Resource, &capabilities, &conflicts, &n.Tier, &n.Owner); err != nil {
			return err
		}
		n.Kind = f.intern(kind)
		if err := list(capabilities, &n.Capabilities); err != nil {
			return fmt.Errorf("capabilities of %s: %w", n.ID, err)
		}
		if err := list(conflicts, &n.Conflicts); err != nil {
			return fmt.Errorf("conflicts of %s: %w", n.ID, err)
		}
		return f.sink.Entitlement(n)
	})
}

// list reads a JSON list; most are empty.
func list[T any](b []byte, into *[]T) error {
	if len(b) <= 2 {
		return nil
	}
	return json.Unmarshal(b, into)
}

func (f *facts) identities(ctx context.Context, condition string) error {
	text := `select i.id, ` + code("i.kind", access.IdentityKinds) + ` + 256 * ` + code("i.state", access.IdentityStates) + ` + case when i.organisation <> '' then 65536 else 0 end,
	       nullif(i.contract_end, 0), nullif(i.sponsor_id, 0), a.seq, a.manager_id,
	       case when i.kind <> 'human' then (select o.owner_id from ownership o where o.object_kind = 1 and o.object_key = i.id and ` + f.now("o") + ` and ` + f.during("o") + `) end
	  from identity i
	  left join affiliation a on a.identity_id = i.id and ` + f.now("a") + ` and ` + f.during("a") + `
	 where ` + f.rows("i") + where(condition, "i.id") + ` order by i.id`
	var last graph.IdentityNode
	var first int64 // the affiliation that tells the manager
	send := func() error {
		if last.ID == 0 {
			return nil
		}
		return f.sink.Identity(last)
	}
	err := f.eachCells(ctx, text, func(c cells) error {
		id, seq, manager := access.IdentityID(c.number(0)), c.number(4), access.IdentityID(c.number(5))
		if id == last.ID {
			if seq < first {
				first, last.Manager = seq, manager
			}
			return nil
		}
		if err := send(); err != nil {
			return err
		}
		words := c.number(1)
		kind, known := word(access.IdentityKinds, words)
		state, knownToo := word(access.IdentityStates, words>>8)
		if !known || !knownToo {
			return fmt.Errorf("%s is of a kind or in a state that this version does not know", id)
		}
		last = graph.IdentityNode{
			ID: id, Kind: kind, State: state, ThirdParty: words>>16 != 0,
			ContractEnd: access.Time(c.number(2)), Sponsor: access.IdentityID(c.number(3)), Manager: manager, Owner: access.IdentityID(c.number(6)),
		}
		first = seq
		return nil
	})
	if err != nil {
		return err
	}
	return send()
}

// accounts reads one row per account and link that counts, and puts the links of
// an account together.
func (f *facts) accounts(ctx context.Context, condition string) error {
	text := `select a.id, a.system_id * 131072 + ` + code("a.kind", access.AccountKinds) + ` + 256 * ` + code("a.status", access.AccountStatuses) + ` + case when a.interactive then 65536 else 0 end,
	       nullif(a.created_at, 0), nullif(a.expires_at, 0), u.last_used,
	       case l.state when 'confirmed' then l.identity_id when 'manual' then l.identity_id when 'disputed' then -1 end
	  from account a
	  left join account_usage u on u.account_id = a.id
	  left join account_link l on l.account_id = a.id and ` + f.now("l") + `
	 where ` + f.rows("a") + where(condition, "a.id") + ` order by a.id`
	var last graph.AccountNode
	send := func() error {
		if last.ID == 0 {
			return nil
		}
		slices.Sort(last.Identities)
		return f.sink.Account(last)
	}
	err := f.eachCells(ctx, text, func(c cells) error {
		if id := access.AccountID(c.number(0)); id != last.ID {
			if err := send(); err != nil {
				return err
			}
			words := c.number(1)
			kind, known := word(access.AccountKinds, words)
			status, knownToo := word(access.AccountStatuses, words>>8)
			if !known || !knownToo {
				return fmt.Errorf("%s is of a kind or in a status that this version does not know", id)
			}
			last = graph.AccountNode{
				ID: id, System: access.SystemID(words >> 17), Kind: kind, Status: status, Interactive: words>>16&1 != 0,
				Created: access.Time(c.number(2)), Expires: access.Time(c.number(3)), UsageKnown: c[4] != nil, LastUsed: access.Time(c.number(4)),
			}
		}
		switch identity := access.IdentityID(c.number(5)); {
		case identity < 0:
			last.Disputed = true
		case identity > 0:
			last.Identities = append(last.Identities, identity)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return send()
}

func (f *facts) roles(ctx context.Context, condition string) error {
	text := `select r.id, r.owner_id, r.entitlements, r.parents from role r where ` +
		f.rows("r") + where(condition, "r.id") + ` order by r.id`
	return f.each(ctx, text, func(rows *sql.Rows) error {
		var n graph.RoleNode
		var entitlements, parents sql.RawBytes
		if err := rows.Scan(&n.ID, &n.Owner, &entitlements, &parents); err != nil {
			return err
		}
		if err := list(entitlements, &n.Entitlements); err != nil {
			return fmt.Errorf("entitlements of %s: %w", n.ID, err)
		}
		if err := list(parents, &n.Parents); err != nil {
			return fmt.Errorf("parents of %s: %w", n.ID, err)
		}
		return f.sink.Role(n)
	})
}

func (f *facts) credentials(ctx context.Context, condition string) error {
	text := `select x.credential_id * 256 + ` + code("c.kind", access.CredentialKinds) + `, x.account_id, nullif(x.changed_at, 0), nullif(x.last_used, 0)
	  from account_credential x join credential c on c.id = x.credential_id and ` + f.now("c") + `
	 where ` + f.rows("x") + where(condition, "x.account_id") + ` order by x.account_id, x.credential_id`
	return f.eachCells(ctx, text, func(c cells) error {
		e := graph.CredentialEdge{
			ID: access.CredentialID(c.number(0) >> 8), Account: access.AccountID(c.number(1)),
			Changed: access.Time(c.number(2)), LastUsed: access.Time(c.number(3)),
		}
		var known bool
		if e.Kind, known = word(access.CredentialKinds, c.number(0)); !known {
			return fmt.Errorf("%s is of a kind that this version does not know", e.ID)
		}
		return f.sink.Credential(e)
	})
}

func (f *facts) openings(ctx context.Context, condition string) error {
	text := `select o.account_id, o.opener_id from account_opening o where ` +
		f.rows("o") + where(condition, "o.account_id") + ` order by o.account_id, o.opener_id`
	var e graph.OpeningEdge
	return f.each(ctx, text, func(rows *sql.Rows) error {
		if err := rows.Scan((*int64)(&e.Account), (*int64)(&e.By)); err != nil {
			return err
		}
		return f.sink.Opening(e)
	})
}

func (f *facts) holderGrants(kind access.ObjectKind) func(context.Context, string) error {
	return func(ctx context.Context, condition string) error {
		return f.grants(ctx, condition+" and g.holder_kind = "+strconv.Itoa(int(kind)))
	}
}

// grants are by far the most rows.
func (f *facts) grants(ctx context.Context, condition string) error {
	justified := ""
	if f.justified != "" {
		justified = `, case when ` + f.justified + ` then 1 end`
	}
	text := `select g.id, g.holder_id, g.entitlement_id * 256 + g.holder_kind,
	       case when g.resource_id | g.ends_at | g.mode | g.flags <> 0 or g.last_used <> -1 or g.late then
	         g.resource_id || ' ' || g.ends_at || ' ' || g.last_used || ' ' || (g.mode + g.flags * 256 + case when g.late then 65536 else 0 end)
	       end` + justified + `
	  from access_grant g where ` + f.rows("g") + ` and ` + f.during("g") + where(condition, "g.holder_id")
	return f.eachCells(ctx, text, func(c cells) error {
		e := graph.GrantEdge{
			ID:          access.GrantID(c.number(0)),
			Holder:      access.Ref{Kind: access.ObjectKind(c.number(2) & 0xff), Key: c.number(1)}, //nolint:gosec // one byte
			Entitlement: access.EntitlementID(c.number(2) >> 8),
		}
		if rest, unusual := c[3].(string); unusual {
			if err := readUnusual(&e, rest); err != nil {
				return fmt.Errorf("grant %s: %w", e.ID, err)
			}
		}
		e.Justified = justified != "" && c[4] != nil
		return f.sink.Grant(e)
	})
}

// readUnusual reads what most grants do not have: a resource, an end, a last use, and
// the small ones in one number.
func readUnusual(e *graph.GrantEdge, text string) error {
	var n [4]int64
	for i := range n {
		var word string
		var err error
		word, text, _ = strings.Cut(text, " ")
		if n[i], err = strconv.ParseInt(word, 10, 64); err != nil {
			return err
		}
	}
	e.Resource, e.End = access.ResourceID(n[0]), access.Time(n[1])
	if e.UsageKnown = n[2] >= 0; e.UsageKnown {
		e.LastUsed = access.Time(n[2])
	}
	e.Mode, e.Flags = access.Mode(n[3]&0xff), access.GrantFlags(n[3]>>8&0xff) //nolint:gosec // one byte each
	e.Late = n[3]>>16&1 != 0
	return nil
}

func (f *facts) assignments(ctx context.Context, condition string) error {
	text := `select s.id, s.role_id, s.identity_id from assignment s where ` +
		f.rows("s") + ` and ` + f.during("s") + where(condition, "s.identity_id") + ` order by s.id`
	var e graph.AssignmentEdge
	return f.each(ctx, text, func(rows *sql.Rows) error {
		if err := rows.Scan(&e.ID, &e.Role, &e.Identity); err != nil {
			return err
		}
		return f.sink.Assignment(e)
	})
}

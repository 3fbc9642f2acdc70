package store

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/iga/analytics"
	"github.com/writhq/writ/iga/lifecycle"
)

// Analytics is the store of package analytics.
type Analytics struct{ db *DB }

// Analytics returns the store of package analytics.
func (db *DB) Analytics() Analytics { return Analytics{db} }

var _ analytics.Store = Analytics{}

// alike are the attributes of an affiliation that people may be alike in.
var alike = []string{"employer", "unit", "title"}

// People implements analytics.Store.
func (s Analytics) People(ctx context.Context, take func(access.IdentityID, []analytics.Trait) error) error {
	return s.each(ctx, func(f *facts) error {
		f.whole = true
		var last access.IdentityID
		var traits []analytics.Trait
		return f.eachCells(ctx, `
select i.id, `+code("i.state", access.IdentityStates)+`, nullif(a.manager_id, 0), i.attributes, a.employer, a.unit, a.title
  from identity i
  left join affiliation a on a.identity_id = i.id and `+f.now("a")+` and `+f.during("a")+`
 where `+f.rows("i")+` and i.kind = 'human' order by i.id, a.seq`, func(c cells) error {
			id := access.IdentityID(c.number(0))
			state, known := word(access.IdentityStates, c.number(1))
			if id == last || !known || !state.MayHoldAccess() {
				return nil // another position, or nobody to compare with
			}
			last, traits = id, traits[:0]
			for i, name := range alike {
				traits = append(traits, analytics.Trait{Attribute: name, Value: c.text(4 + i)})
			}
			if manager := access.IdentityID(c.number(2)); manager != 0 {
				traits = append(traits, analytics.Trait{Attribute: "manager", Value: manager.String()})
			}
			more, err := otherTraits(c.text(3))
			if err != nil {
				return fmt.Errorf("attributes of %s: %w", id, err)
			}
			return take(id, append(traits, more...))
		})
	})
}

func (s Analytics) each(ctx context.Context, read func(f *facts) error) error {
	return s.db.read(ctx, func(q *query) error {
		f, err := s.db.facts(ctx, q, nil)
		if err != nil {
			return err
		}
		return read(f)
	})
}

// otherTraits are those that sources tell beside the model's own words. Most people have
// none, and nothing is parsed of theirs.
func otherTraits(text string) ([]analytics.Trait, error) {
	if !hasOther(text) {
		return nil, nil
	}
	var list map[string]access.Attribute
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, err
	}
	var traits []analytics.Trait
	for _, name := range slices.Sorted(maps.Keys(list)) {
		if !slices.Contains(lifecycle.Modelled, name) {
			traits = append(traits, analytics.Trait{Attribute: name, Value: list[name].Value})
		}
	}
	return traits, nil
}

// hasOther reports whether an object of JSON may have a key that is not the model's own:
// it looks at the text between quotes at the first level.
func hasOther(text string) bool {
	depth, expectKey := 0, true
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case ',':
			expectKey = expectKey || depth == 1
		case ':':
			expectKey = expectKey && depth != 1
		case '"':
			end := i + 1
			for end < len(text) && text[end] != '"' {
				if text[end] == '\\' {
					end++
				}
				end++
			}
			if depth == 1 && expectKey && !slices.Contains(lifecycle.Modelled, text[i+1:min(end, len(text))]) {
				return true
			}
			i = end
		}
	}
	return false
}

// Young implements analytics.Store.
func (s Analytics) Young(ctx context.Context, at access.Time) (map[access.GrantID]bool, error) {
	young := map[access.GrantID]bool{}
	err := s.each(ctx, func(f *facts) error {
		f.whole = true
		var first int64 // the sets after that time: most of what is there is older
		if err := f.q.row(ctx, `select coalesce(min(id), 0) from change_set where at > $1`, at).Scan(&first); err != nil || first == 0 {
			return err
		}
		return f.eachCells(ctx, `select g.id from access_grant g where `+f.rows("g")+` and g.last_used = 0 and g.from_set >= `+strconv.FormatInt(first, 10), func(c cells) error {
			young[access.GrantID(c.number(0))] = true
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading which grants are young: %w", err)
	}
	return young, nil
}

// Movers implements analytics.Store.
func (s Analytics) Movers(ctx context.Context, some []access.IdentityID, take func(analytics.Mover) error) error {
	err := s.each(ctx, func(f *facts) error {
		if some == nil {
			err := f.eachCells(ctx, `select a.identity_id from affiliation a group by a.identity_id having min(a.unit) <> max(a.unit) order by a.identity_id`, func(c cells) error {
				some = append(some, access.IdentityID(c.number(0)))
				return nil
			})
			if err != nil {
				return err
			}
		}
		for chunk := range slices.Chunk(some, keysPerQuery) {
			movers, err := f.movers(ctx, keyList(chunk))
			if err != nil {
				return err
			}
			for _, id := range chunk {
				if m := movers[id]; m != nil {
					if err := take(*m); err != nil {
						return err
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading who moved: %w", err)
	}
	return nil
}

// visible is the condition that a version was ever seen, and ended when it was seen to.
func (f *facts) visible(alias string) string {
	if f.open == "" {
		return "true"
	}
	return alias + ".from_set not in (" + f.open + ")"
}

// span are the times of a version: from when, and until when; 0 is until now.
func (f *facts) span(alias string) (columns, joins string) {
	still := ""
	if f.open != "" {
		still = " and " + alias + ".until_set not in (" + f.open + ")"
	}
	from, until := alias+"_from", alias+"_until"
	return "coalesce(" + from + ".at, 0), coalesce(" + until + ".at, 0)",
		" left join change_set " + from + " on " + from + ".id = " + alias + ".from_set left join change_set " + until + " on " + until + ".id = " + alias + ".until_set" + still + " "
}

func (f *facts) movers(ctx context.Context, list string) (map[access.IdentityID]*analytics.Mover, error) {
	all := map[access.IdentityID]*analytics.Mover{}
	columns, joins := f.span("a")
	err := f.eachCells(ctx, `select a.identity_id, a.seq, a.unit, a.title, a.starts_at, a.ends_at, `+columns+` from affiliation a`+joins+`
	 where a.identity_id in (`+list+`) and `+f.visible("a")+` order by a.identity_id, a.seq, a.from_set`, func(c cells) error {
		id := access.IdentityID(c.number(0))
		if all[id] == nil {
			all[id] = &analytics.Mover{ID: id}
		}
		all[id].Affiliations = append(all[id].Affiliations, analytics.Affiliation{
			Seq: c.number(1), Unit: c.text(2), Title: c.text(3), Start: access.Time(c.number(4)), End: access.Time(c.number(5)),
			From: access.Time(c.number(6)), Until: access.Time(c.number(7)),
		})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, f.hadBy(ctx, list, all)
}

// hadBy adds what movers and their accounts were given. Whose an account is may have come
// to be known later than its grants; once it is no longer theirs, they have them no more.
func (f *facts) hadBy(ctx context.Context, list string, all map[access.IdentityID]*analytics.Mover) error {
	grant, joins := f.span("g")
	link, linkJoins := f.span("l")
	take := func(c cells) error {
		m := all[access.IdentityID(c.number(0))]
		if m == nil {
			return nil
		}
		h := analytics.Had{Entitlement: access.EntitlementID(c.number(1)), From: access.Time(c.number(2)), Until: access.Time(c.number(3))}
		if ended := access.Time(c.number(5)); ended != 0 && (h.Until == 0 || ended < h.Until) {
			h.Until = ended
		}
		m.Grants = append(m.Grants, h)
		return nil
	}
	direct := `select g.holder_id, g.entitlement_id, ` + grant + `, 0, 0 from access_grant g` + joins + ` where g.holder_kind = 1 and g.holder_id in (` + list + `) and ` + f.visible("g")
	through := `select l.identity_id, g.entitlement_id, ` + grant + `, ` + link + ` from account_link l join access_grant g on g.holder_kind = 2 and g.holder_id = l.account_id` + joins + linkJoins +
		` where l.identity_id in (` + list + `) and ` + whose + ` and ` + f.visible("l") + ` and ` + f.visible("g")
	for _, text := range []string{direct, through} {
		if err := f.eachCells(ctx, strings.TrimSpace(text), take); err != nil {
			return err
		}
	}
	return nil
}

package inventory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/fold"
)

// PeopleStore is what a source's sync needs.
type PeopleStore interface {
	// KnownPeople returns what the store has: this source's rows, and whom a number
	// or an email names.
	KnownPeople(ctx context.Context, id access.SourceID) (*KnownPeople, error)
	// OtherRecords returns an identity's rows in other sources, best precedence first.
	OtherRecords(ctx context.Context, except access.SourceID, id access.IdentityID) ([]SourceRecord, error)
}

// KnownPeople is what the store has of identities before a source is synced.
type KnownPeople struct {
	Synced  access.Time            // the last complete sync: what this is as of
	Records map[string]KnownRecord // this source's, by its own key
	Number  map[string]access.IdentityID
	Email   map[string]access.IdentityID // of humans; zero where several have it
	Alone   bool                         // no other source has any row: nothing to merge
	// Left are who has left, by what they were called last.
	Left map[access.IdentityID]string
	// Ordered are the states that a person ordered: above what any source says.
	Ordered map[access.IdentityID]access.IdentityState
	// Decided is whether a row is who has left, where a person has said so.
	Decided map[DecidedRow]bool
}

// KnownRecord is one row of the source as it was.
type KnownRecord struct {
	Identity access.IdentityID
	Digest   Digest
	Live     bool
}

// SourceRecord is one row of a source.
type SourceRecord struct {
	Source     access.SourceID
	Precedence int
	Attributes map[string]string
}

// PersonRow is one row of a source with the identity that it makes; Gone ends the
// row, and Identity is then what is left of the person.
type PersonRow struct {
	Source     access.SourceID
	NativeID   string
	Attributes map[string]string
	Digest     Digest
	Gone       bool
	New        bool // neither the row nor its identity was there before
	Identity   access.Identity
	Login      string
	Ownership  access.Ownership     // of a service or agent; no owner is none
	Due        []access.Time        // when the state, or what else is dated, changes by itself
	Said       access.IdentityState // by the sources alone, whatever is ordered
}

// SyncSource reads a source completely and makes the difference visible at once.
func (s *Service) SyncSource(ctx context.Context, id access.SourceID, o SyncOptions) (Report, error) {
	src, err := s.Source(ctx, id.String())
	if err != nil {
		return Report{}, err
	}
	if err := src.readable("source "+src.Name, s.now()); err != nil {
		return Report{}, err
	}
	r, err := s.syncSource(ctx, src, o)
	return r, s.failed(ctx, id.Ref(), "source "+src.Name, err)
}

func (s *Service) syncSource(ctx context.Context, src Source, o SyncOptions) (r Report, err error) {
	sp, err := s.spool(src.ID.Ref(), src.Kind+" "+src.Config.Address)
	if err != nil {
		return r, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, sp.close())
		}
	}()
	if err := s.collectPeople(ctx, src, sp); err != nil {
		return r, err
	}
	known, err := s.Store.KnownPeople(ctx, src.ID)
	if err != nil {
		return r, fmt.Errorf("reading what is known: %w", err)
	}
	p := &people{Service: s, src: src, known: known, accept: o.AcceptRemovals, at: s.now(), seen: map[string]access.IdentityID{}}
	defer func() {
		r = p.r
		if p.staging != nil && err != nil {
			err = errors.Join(err, p.staging.Undo(context.WithoutCancel(ctx)))
		}
	}()
	if err := p.run(ctx, sp); err != nil {
		return r, err
	}
	return r, sp.remove()
}

func (s *Service) collectPeople(ctx context.Context, src Source, sp *spool) (err error) {
	open, ok := s.People[src.Kind]
	if !ok {
		return ErrUnknownKind.With("%q is not a kind of source that can be read", src.Kind)
	}
	reader, err := open(connector.Config{Name: src.Name, Address: src.Config.Address, Options: src.Config.Options, Now: s.Now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	return s.fill(ctx, src.Name, sp, reader, reader.People)
}

// people merges one source into the identities.
type people struct {
	*Service
	src     Source
	known   *KnownPeople
	accept  bool
	at      time.Time
	seen    map[string]access.IdentityID // row to identity
	bad     map[string]bool              // rows that were rejected
	kept    map[string]bool              // those of them whose identities stay as they were
	numbers map[string]int               // how often each number stands in the source
	fresh   map[access.IdentityID]bool
	rejects *rejects
	staging Staging
	batch   Batch
	warn    warnings
	r       Report
}

func (p *people) run(ctx context.Context, sp *spool) (err error) {
	p.rejects = newRejects(p.Dir, p.src.Name, p.at)
	defer func() { err = errors.Join(err, p.rejects.close()) }()
	p.numbers, p.fresh = map[string]int{}, map[access.IdentityID]bool{}
	p.bad, p.kept = map[string]bool{}, map[string]bool{}
	err = sp.each(func(rec *connector.Record) error {
		if rec.Person != nil {
			p.numbers[rec.Person.Attributes["number"]]++
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := p.identify(ctx, sp); err != nil {
		return err
	}
	if err := p.guardGone(); err != nil {
		return err
	}
	err = sp.each(func(rec *connector.Record) error {
		if rec.Person == nil {
			return nil
		}
		return p.row(ctx, rec.Person)
	})
	if err == nil {
		err = p.gone(ctx)
	}
	if err != nil {
		return err
	}
	return p.finish(ctx)
}

// reject keeps a row that cannot be used, and whoever it is about as they were.
func (p *people) reject(rej connector.Reject) error {
	p.r.Counts.Rejected++
	if known := p.known.Records[rej.Object.ID]; known.Live && !p.kept[rej.Object.ID] {
		p.kept[strings.Clone(rej.Object.ID)] = true
		p.warn.add("%s: the row cannot be used, so %s %q stays as it was", rej.Where, known.Identity, rej.Object.ID)
	}
	if p.rejected != nil {
		p.rejected(p.rejects.own(rej))
	}
	return p.rejects.add(rej)
}

func lineOf(person *connector.Person) string { return fmt.Sprintf("line %d", person.Line) }

func (p *people) rejectPerson(person *connector.Person, why string) error {
	delete(p.seen, person.ID)
	p.bad[strings.Clone(person.ID)] = true
	return p.reject(connector.Reject{
		Where: lineOf(person), Reason: why, Object: connector.Target{Kind: connector.OnIdentity, ID: person.ID},
	})
}

// identify gives every row its identity: the one that it had, the one that its
// number names, the one that its email names, or a new one. Rows that cannot be
// told apart are rejected.
func (p *people) identify(ctx context.Context, sp *spool) error {
	// An identity of this source is never found by an email: two rows are two people. Whose
	// row has ended may be back with another.
	taken := make(map[access.IdentityID]bool, len(p.known.Records))
	for _, rec := range p.known.Records {
		taken[rec.Identity] = taken[rec.Identity] || rec.Live
	}
	by := map[access.IdentityID]string{} // found by number, and by which row
	var rest []unknown
	err := sp.each(func(rec *connector.Record) error {
		if rec.Reject != nil {
			return p.reject(*rec.Reject)
		}
		person := rec.Person
		if person == nil {
			return nil
		}
		if p.twice(person) {
			return p.doubt(person, DoubtNumber, 0, fmt.Sprintf("number %q stands in several rows; none of them counts", person.Attributes["number"]))
		}
		if why := p.unusable(person); why != "" {
			return p.rejectPerson(person, why)
		}
		a, native := person.Attributes, strings.Clone(person.ID)
		id := p.known.Records[native].Identity
		if id == 0 && a["number"] != "" {
			id = p.known.Number[a["number"]]
			if id != 0 && (by[id] != "" || taken[id]) {
				return p.doubt(person, DoubtNumber, id, fmt.Sprintf("number %q is that of another row's identity", a["number"]))
			}
		} else if by[id] != "" {
			return p.rejectPerson(person, "the row's identity is that of another row")
		}
		whose, sure := id, true
		if id != 0 && !p.known.Records[native].Live {
			whose, sure = p.returned(person, id)
		}
		if !sure {
			return p.doubt(person, DoubtRehire, id, fmt.Sprintf("number %q was that of %q, who has left: somebody else needs another number, and who is back comes by a name they had, or somebody decides with 'writ doubt decide'", a["number"], p.known.Left[id]))
		}
		id = whose
		if p.seen[native] = id; id != 0 {
			by[id] = native
			return nil
		}
		u := unknown{id: native, number: a["number"], name: a["name"]}
		if kindOfPerson(a) == access.Human {
			u.email = strings.ToLower(a["email"])
		}
		rest = append(rest, u)
		return nil
	})
	if err != nil {
		return err
	}
	return p.byEmailOrNew(ctx, rest, taken, by)
}

// unknown is a row that neither its source's own key nor its number tells the identity of.
type unknown struct{ id, number, email, name string }

// byEmailOrNew gives such rows the identity that their email names, or a new one.
func (p *people) byEmailOrNew(ctx context.Context, rest []unknown, taken map[access.IdentityID]bool, by map[access.IdentityID]string) error {
	rest = slices.DeleteFunc(rest, func(u unknown) bool {
		if p.bad[u.id] {
			delete(p.seen, u.id)
			return true
		}
		id := p.known.Email[u.email]
		if u.email == "" || id == 0 || taken[id] || by[id] != "" || !p.isBack(id, u.name) {
			return false
		}
		p.seen[u.id], by[id] = id, u.id
		if u.number != "" && p.known.Number[u.number] == 0 {
			p.known.Number[u.number] = id // the same file may name them by it, as a manager or an owner
		}
		return true
	})
	if len(rest) == 0 {
		return nil
	}
	first, err := p.Store.Reserve(ctx, access.KindIdentity, len(rest))
	if err != nil {
		return err
	}
	for i, u := range rest {
		id := access.IdentityID(first + int64(i))
		p.seen[u.id], p.fresh[id] = id, true
		if u.number != "" {
			p.known.Number[u.number] = id
		}
	}
	return nil
}

// isBack reports whether a row may be of somebody who is known: of whoever has left, only
// if the name shares a word with theirs, as after a wedding. A number and an address are
// given to others in time.
func (p *people) isBack(id access.IdentityID, name string) bool {
	was, left := p.known.Left[id]
	if !left {
		return true
	}
	words := fold.Words(name)
	return slices.ContainsFunc(fold.Words(was), func(w string) bool { return slices.Contains(words, w) })
}

// twice reports whether a row, or its number, stands in the source more than once.
func (p *people) twice(person *connector.Person) bool {
	_, seen := p.seen[person.ID]
	number := person.Attributes["number"]
	return seen || p.bad[person.ID] || number != "" && p.numbers[number] > 1
}

func (p *people) unusable(person *connector.Person) string {
	a := person.Attributes
	switch {
	case strings.TrimSpace(a["name"]) == "":
		return "the row has no name"
	case !slices.Contains(access.IdentityKinds, kindOfPerson(a)):
		return fmt.Sprintf("kind %q is not human, service or agent", a["kind"])
	case a["state"] != "" && !slices.Contains(access.IdentityStates, access.IdentityState(a["state"])):
		return fmt.Sprintf("state %q is not known", a["state"])
	}
	for _, name := range []string{"start", "end", "contract_end"} {
		if _, err := parseDate(a[name]); err != nil {
			return fmt.Sprintf("%s %q is not a date such as 2026-11-23", name, a[name])
		}
	}
	return ""
}

func kindOfPerson(a map[string]string) access.IdentityKind {
	return access.IdentityKind(cmp.Or(a["kind"], string(access.Human)))
}

// guardGone stops a source that lost many of its rows: an empty file must not end
// everybody.
func (p *people) guardGone() error {
	var gone, live int64
	for native, rec := range p.known.Records {
		if !rec.Live {
			continue
		}
		live++
		if _, here := p.seen[native]; !here && !p.kept[native] {
			gone++
		}
	}
	if !p.accept && (p.src.Config.guard(p.guard()).Refuses(gone, live) || (live > 0 && gone == live)) {
		return p.refuse(ErrGuard.With("%d of %d people are no longer in the file; nothing was changed. If that is meant, run it again with --accept-removals", gone, live))
	}
	return nil
}

// row stages one row that differs.
func (p *people) row(ctx context.Context, person *connector.Person) error {
	id, ok := p.seen[person.ID]
	if !ok {
		return nil // rejected
	}
	if n := person.Attributes["number"]; n != "" && p.known.Number[n] != id && p.known.Number[n] != 0 {
		p.warn.add("line %d: number %q already belongs to another identity", person.Line, n)
	}
	p.r.Counts.Identities++
	row := PersonRow{Source: p.src.ID, NativeID: person.ID, Attributes: person.Attributes}
	others, err := p.others(ctx, id)
	if err != nil {
		return err
	}
	p.build(&row, id, append(others, SourceRecord{Source: p.src.ID, Precedence: p.src.Precedence, Attributes: person.Attributes}), person.Line)
	if err := row.Identity.Validate(); err != nil {
		p.r.Counts.Identities--
		return p.rejectPerson(person, err.Error())
	}
	if row.Digest, err = digestOf(row.Attributes, row.Identity, row.Ownership); err != nil {
		return err
	}
	was, had := p.known.Records[person.ID]
	if was.Live && was.Digest == row.Digest {
		return nil
	}
	row.New = !had && p.fresh[id]
	p.r.Changed++
	return p.stage(ctx, row)
}

// others are an identity's rows in other sources; nobody has any while there is
// one source, which is the usual case.
func (p *people) others(ctx context.Context, id access.IdentityID) ([]SourceRecord, error) {
	if p.known.Alone {
		return nil, nil
	}
	return p.Store.OtherRecords(ctx, p.src.ID, id)
}

// build merges an identity from all rows that sources have of it. Precedence is
// per attribute: the best source that has a value gives it.
func (p *people) build(row *PersonRow, id access.IdentityID, records []SourceRecord, line int) {
	slices.SortStableFunc(records, func(a, b SourceRecord) int { return cmp.Compare(a.Precedence, b.Precedence) })
	merged := map[string]access.Attribute{}
	for _, r := range records {
		for name, value := range r.Attributes {
			if _, has := merged[name]; !has && value != "" {
				merged[name] = access.Attribute{Value: value, Source: r.Source}
			}
		}
	}
	get := func(name string) string { return merged[name].Value }
	row.Said = StateAt(get, access.TimeOf(p.at))
	if state := p.known.Ordered[id]; state != "" {
		merged["state"] = access.Attribute{Value: string(state)}
	}
	who := func(name string) access.IdentityID {
		number := get(name)
		if number == "" {
			return 0
		}
		other := p.known.Number[number]
		if other == 0 && line > 0 {
			p.warn.add("line %d: %s %q is nobody's number", line, name, number)
		}
		return other
	}
	i := access.Identity{
		ID: id, Kind: kindOfPerson(map[string]string{"kind": get("kind")}), Name: get("name"), Email: strings.ToLower(get("email")),
		Number: get("number"), Attributes: merged,
	}
	i.State, row.Due = StateAt(get, access.TimeOf(p.at)), edges(get)
	if org := get("organisation"); org != "" {
		i.ThirdParty = &access.ThirdParty{Organisation: org, Sponsor: who("sponsor"), ContractEnd: dateOf(get, "contract_end")}
	}
	if i.Kind == access.Human {
		a := access.Affiliation{Employer: get("employer"), Unit: get("unit"), Title: get("title"), Manager: who("manager"), Start: dateOf(get, "start"), End: dateOf(get, "end")}
		if a.Manager == id {
			p.warn.add("line %d: %q is their own manager; it is left out", line, i.Name)
			a.Manager = 0
		}
		i.Affiliations = []access.Affiliation{a}
	} else if owner := who("owner"); owner != 0 {
		i.Owner = owner
		row.Ownership = access.Ownership{Object: id.Ref(), Owner: owner, Deputy: who("deputy")}
		if row.Ownership.Deputy == owner {
			row.Ownership.Deputy = 0
		}
	}
	row.Identity, row.Login = i, get("login")
}

// gone ends the rows that the source no longer has. A person without any row is
// terminated: an identity is never forgotten.
func (p *people) gone(ctx context.Context) error {
	for _, native := range slices.Sorted(maps.Keys(p.known.Records)) {
		was := p.known.Records[native]
		if _, here := p.seen[native]; here || p.kept[native] || !was.Live {
			continue
		}
		row := PersonRow{Source: p.src.ID, NativeID: native, Gone: true}
		others, err := p.others(ctx, was.Identity)
		if err != nil {
			return err
		}
		if len(others) > 0 {
			p.build(&row, was.Identity, others, 0)
		} else {
			row.Identity.ID = was.Identity
		}
		p.r.Removed++
		if err := p.stage(ctx, row); err != nil {
			return err
		}
	}
	return nil
}

func (p *people) stage(ctx context.Context, row PersonRow) error {
	p.batch.People = append(p.batch.People, row)
	return p.flush(ctx, batchRows)
}

func (p *people) flush(ctx context.Context, least int) error {
	if p.batch.size() < least {
		return nil
	}
	if p.staging == nil {
		st, err := p.Store.Stage(ctx, p.src.ID.Ref(), p.known.Synced)
		if err != nil {
			return err
		}
		p.staging = st
	}
	if err := p.staging.Write(ctx, &p.batch); err != nil {
		return fmt.Errorf("storing a batch: %w", err)
	}
	p.progress("storing "+p.src.Name, p.r.Counts.Identities, int64(len(p.seen)))
	p.batch.reset()
	return nil
}

func (p *people) finish(ctx context.Context) error {
	if err := p.flush(ctx, 1); err != nil {
		return err
	}
	p.r.Warnings, p.r.Rejects = p.warn.all(), p.rejects.path()
	if p.staging == nil {
		return p.Store.SyncUnchanged(ctx, p.src.ID.Ref(), p.r)
	}
	if err := p.staging.Flip(ctx, p.r, nil, false); err != nil {
		return err
	}
	p.staging = nil
	return nil
}

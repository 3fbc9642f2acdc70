package inventory

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
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
	Records map[string]KnownRecord // this source's, by its own key
	Number  map[string]access.IdentityID
	Email   map[string]access.IdentityID
	Alone   bool // no other source has any row: nothing to merge
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
	Ownership  access.Ownership // of a service or agent; no owner is none
}

// SyncSource reads a source completely and makes the difference visible at once.
func (s *Service) SyncSource(ctx context.Context, id access.SourceID, o SyncOptions) (Report, error) {
	src, err := s.Source(ctx, id.String())
	if err != nil {
		return Report{}, err
	}
	r, err := s.syncSource(ctx, src, o)
	if err != nil {
		err = fmt.Errorf("source %s: %w", src.Name, err)
		return r, errors.Join(err, s.Store.SyncFailed(context.WithoutCancel(ctx), id.Ref(), err.Error()))
	}
	return r, nil
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
	if !sp.done {
		if err := s.collectPeople(ctx, src, sp); err != nil {
			return r, err
		}
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
	var n int64
	for rec, err := range reader.People(ctx, sp.cursor) {
		if err != nil {
			return err
		}
		if err := sp.add(rec); err != nil {
			return fmt.Errorf("writing the spool: %w", err)
		}
		if n++; n%5000 == 0 {
			s.progress("reading "+src.Name, n, 0)
		}
	}
	s.progress("reading "+src.Name, n, n)
	return sp.finish()
}

// people merges one source into the identities.
type people struct {
	*Service
	src     Source
	known   *KnownPeople
	accept  bool
	at      time.Time
	seen    map[string]access.IdentityID // row to identity
	numbers map[string]int               // how often each number stands in the source
	fresh   map[access.IdentityID]bool
	rejects *rejects
	staging Staging
	batch   Batch
	refs    []access.Ref
	warn    warnings
	r       Report
}

func (p *people) run(ctx context.Context, sp *spool) (err error) {
	p.rejects = newRejects(p.Dir, p.src.Name, p.at)
	defer func() { err = errors.Join(err, p.rejects.close()) }()
	p.numbers, p.fresh = map[string]int{}, map[access.IdentityID]bool{}
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

// identify gives every row its identity: the one that it had, the one that its
// number or email names, or a new one. Rows that cannot be told apart are rejected.
func (p *people) identify(ctx context.Context, sp *spool) error {
	var fresh []*connector.Person
	err := sp.each(func(rec *connector.Record) error {
		if rec.Reject != nil {
			p.r.Counts.Rejected++
			return p.rejects.add(*rec.Reject)
		}
		if rec.Person == nil {
			return nil
		}
		if why := p.refuse(rec.Person); why != "" {
			p.r.Counts.Rejected++
			return p.rejects.add(connector.Reject{Where: fmt.Sprintf("line %d", rec.Person.Line), Reason: why})
		}
		person := rec.Person
		id := p.known.Records[person.ID].Identity
		if id == 0 {
			id = p.known.Number[person.Attributes["number"]]
		}
		if email := strings.ToLower(person.Attributes["email"]); id == 0 && email != "" && kindOfPerson(person.Attributes) == access.Human {
			id = p.known.Email[email]
		}
		if id == 0 {
			fresh = append(fresh, &connector.Person{ID: person.ID, Attributes: map[string]string{"number": person.Attributes["number"]}})
		}
		p.seen[person.ID] = id
		return nil
	})
	if err != nil || len(fresh) == 0 {
		return err
	}
	first, err := p.Store.Reserve(ctx, access.KindIdentity, len(fresh))
	if err != nil {
		return err
	}
	for i, person := range fresh {
		id := access.IdentityID(first + int64(i))
		p.seen[person.ID] = id
		p.fresh[id] = true
		if n := person.Attributes["number"]; n != "" {
			p.known.Number[n] = id
		}
	}
	return nil
}

func (p *people) refuse(person *connector.Person) string {
	a := person.Attributes
	switch _, twice := p.seen[person.ID]; {
	case twice || (a["number"] != "" && p.numbers[a["number"]] > 1):
		return fmt.Sprintf("number %q stands in several rows; none of them counts", a["number"])
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

func parseDate(text string) (access.Time, error) {
	if text == "" {
		return 0, nil
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return access.TimeOf(t), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	return access.TimeOf(t), err
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
		if _, here := p.seen[native]; !here {
			gone++
		}
	}
	if !p.accept && (p.guard().Refuses(gone, live) || (live > 0 && gone == live)) {
		return ErrGuard.With("%d of %d people are no longer in the file; nothing was changed. If that is meant, run it again with --accept-removals", gone, live)
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
		p.r.Counts.Rejected++
		return p.rejects.add(connector.Reject{Where: fmt.Sprintf("line %d", person.Line), Reason: err.Error()})
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

func digestOf(parts ...any) (Digest, error) {
	b, err := json.Marshal(parts)
	sum := sha256.Sum256(b)
	return Digest(sum[:16]), err
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
	date := func(name string) access.Time {
		t, _ := parseDate(get(name)) // refuse has checked it
		return t
	}
	i := access.Identity{
		ID: id, Kind: kindOfPerson(map[string]string{"kind": get("kind")}), Name: get("name"), Email: strings.ToLower(get("email")),
		Number: get("number"), Attributes: merged,
	}
	i.State = stateOf(access.IdentityState(get("state")), date("start"), date("end"), access.TimeOf(p.at))
	if org := get("organisation"); org != "" {
		i.ThirdParty = &access.ThirdParty{Organisation: org, Sponsor: who("sponsor"), ContractEnd: date("contract_end")}
	}
	if i.Kind == access.Human {
		a := access.Affiliation{Employer: get("employer"), Unit: get("unit"), Title: get("title"), Manager: who("manager"), Start: date("start"), End: date("end")}
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

// stateOf derives where an identity is in its life. What the source says counts,
// but nobody works before their start or after their end.
func stateOf(said access.IdentityState, start, end, now access.Time) access.IdentityState {
	// The last day is worked: an end date without a time is its midnight.
	over := end != 0 && end+access.Time(24*time.Hour/time.Microsecond) <= now
	switch {
	case said == access.Terminated || over:
		return access.Terminated
	case said != "" && said != access.Active:
		return said
	case start > now:
		return access.PreHire
	}
	return access.Active
}

// gone ends the rows that the source no longer has. A person without any row is
// terminated: an identity is never forgotten.
func (p *people) gone(ctx context.Context) error {
	for _, native := range slices.Sorted(maps.Keys(p.known.Records)) {
		was := p.known.Records[native]
		if _, here := p.seen[native]; here || !was.Live {
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
	p.refs = append(p.refs, row.Identity.ID.Ref())
	return p.flush(ctx, batchRows)
}

func (p *people) flush(ctx context.Context, least int) error {
	if p.batch.size() < least {
		return nil
	}
	if p.staging == nil {
		st, err := p.Store.Stage(ctx, p.src.ID.Ref())
		if err != nil {
			return err
		}
		p.staging = st
	}
	if err := p.staging.Write(ctx, &p.batch); err != nil {
		return fmt.Errorf("storing a batch: %w", err)
	}
	p.progress("storing "+p.src.Name, p.r.Counts.Identities, int64(len(p.seen)))
	p.batch = Batch{}
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
	if err := p.staging.Flip(ctx, p.r, p.refs, false); err != nil {
		return err
	}
	p.staging = nil
	return nil
}

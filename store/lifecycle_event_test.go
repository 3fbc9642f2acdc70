package store

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/iga/lifecycle"
)

// says makes a source say something of somebody, as a sync would.
func (f *firm) says(id access.IdentityID, state access.IdentityState, organisation string, contractEnd access.Time) {
	f.t.Helper()
	f.as(f.ctx, func(t *tx) error {
		for _, text := range []string{
			`update identity set until_set = $1 where until_set = 0 and id = $2`,
			`update source_record set until_set = $1 where until_set = 0 and identity_id = $2`,
		} {
			if _, err := t.exec(f.ctx, text, t.Set, id); err != nil {
				return err
			}
		}
		_, err := t.exec(f.ctx, `insert into source_record (source_id, native_id, from_set, identity_id, digest, attributes) values (1, $1, $2, $3, '', $4)`,
			fmt.Sprint(int64(id)), t.Set, id, `{"name": "x", "state": "`+string(state)+`"}`)
		if err == nil {
			_, err = t.exec(f.ctx, `insert into identity (id, from_set, kind, state, name, email, number, organisation, sponsor_id, contract_end, attributes) values ($1, $2, 'human', $3, $4, $5, $4, $6, $7, $8, $9)`,
				id, t.Set, string(state), fmt.Sprint("P", int64(id)), fmt.Sprintf("p%d@example.com", int64(id)), organisation, 2, contractEnd,
				`{"name": {"value": "x", "source": "src_0000000000001"}, "state": {"value": "`+string(state)+`", "source": "src_0000000000001"}}`)
		}
		return errors.Join(err, t.changed(f.ctx, id.Ref()))
	})
}

func (f *firm) wantState(id access.IdentityID, want access.IdentityState) {
	f.t.Helper()
	var is access.IdentityState
	if err := f.db.read(f.ctx, func(q *query) error {
		return q.row(f.ctx, `select i.state from identity i where i.id = $1 and `+now("i"), id).Scan(&is)
	}); err != nil || is != want {
		f.t.Errorf("%s is %s, not %s (%v)", id, is, want, err)
	}
}

// What a person orders counts above the sources from its time on, until they agree or it is
// cancelled; an emergency counts at once and passes what is held.
func TestOrderedEventsCountAboveSources(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		f := newFirm(t, fresh(t))
		f.change(`insert into source (id, from_set, name, kind) values (1, $1, 'hr', 'csv')`)
		f.rule(lifecycle.Rule{Name: "all", When: "true", Entitlements: []access.EntitlementID{1}})
		for id := range access.IdentityID(3) {
			f.says(id+1, access.Active, "", 0)
		}
		f.once(lax)
		strict := lifecycle.Guard{Share: 0, Count: 0}
		s := f.service()
		self := audit.WithActor(f.ctx, audit.Actor{Identity: 1})
		if _, err := s.Emergency(self, 1, "me"); !errors.Is(err, lifecycle.ErrEventSelf) {
			t.Errorf("one's own: %v", err)
		}
		if _, err := s.Emergency(f.ctx, 99, "who"); !errors.Is(err, lifecycle.ErrNoPerson) {
			t.Errorf("nobody: %v", err)
		}
		if _, err := s.Emergency(f.ctx, 1, " "); !errors.Is(err, lifecycle.ErrReason) {
			t.Errorf("no reason: %v", err)
		}
		id, err := s.Emergency(f.ctx, 1, "told to go")
		if err != nil {
			t.Fatal(err)
		}
		f.wantState(1, access.Terminated)
		f.account(11, "ana", "person", "enabled")
		f.once(strict)
		f.want(1)
		f.wantTargets(1, "ana disabled 11: left")
		// The next reading of the source does not undo it, nor does its agreeing.
		f.says(1, access.Active, "", 0)
		f.once(strict)
		f.wantState(1, access.Terminated)
		if err := s.CancelEvent(f.ctx, id, "a mistake"); err != nil {
			t.Fatal(err)
		}
		f.wantState(1, access.Active)
		f.once(lax)
		f.want(1, "1 birthright")
		if err := s.CancelEvent(f.ctx, id, "again"); !errors.Is(err, lifecycle.ErrNoEvent) {
			t.Errorf("twice: %v", err)
		}

		// Planned, in a zone; then in force; then the source agrees, and says otherwise again.
		if _, err := s.Schedule(f.ctx, lifecycle.Event{Identity: 3, Kind: lifecycle.Leave, Local: "2026-12-01T08:00", Zone: "Europe/Zurich", Reason: "parental leave"}); err != nil {
			t.Fatal(err)
		}
		f.sequence()
		f.wantState(3, access.Active)
		f.at.at = time.Date(2026, 12, 1, 6, 59, 0, 0, time.UTC)
		f.sequence()
		f.wantState(3, access.Active)
		f.at.at = f.at.at.Add(time.Minute)
		f.sequence()
		f.wantState(3, access.LeaveOfAbsence)
		f.says(3, access.LeaveOfAbsence, "", 0)
		f.once(lax)
		if list, err := s.Events(f.ctx, 3); err != nil || slices.ContainsFunc(list, func(e lifecycle.Event) bool { return e.InForce }) {
			t.Errorf("%+v, %v", list, err)
		}
		f.says(3, access.Active, "", 0)
		f.once(lax)
		f.wantState(3, access.Active)
		seen, err := s.Events(f.ctx, 3)
		if err != nil || len(seen) != 3 || seen[0].Kind != lifecycle.Return || seen[1].Kind != lifecycle.Leave || seen[2].Kind != lifecycle.Hire {
			t.Errorf("%+v, %v", seen, err)
		}
	})
}

// A third party is suspended when the contract is over, works again when it goes on, and
// whoever answers for them is warned 30, 14 and 3 days before, each once.
func TestContractsEnd(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		f := newFirm(t, fresh(t))
		f.change(`insert into source (id, from_set, name, kind) values (1, $1, 'hr', 'csv')`)
		end := time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)
		f.says(2, access.Active, "", 0) // the sponsor
		f.says(1, access.Active, "Other AG", access.TimeOf(end))
		mails := func() (n int) {
			t.Helper()
			if err := f.db.read(f.ctx, func(q *query) error {
				return q.row(f.ctx, `select count(*) from mail where address = 'p2@example.com' and subject like 'The contract of P1 ends on %'`).Scan(&n)
			}); err != nil {
				t.Fatal(err)
			}
			return n
		}
		for _, x := range []struct {
			day   time.Time
			mails int
			state access.IdentityState
		}{
			{end.AddDate(0, 0, -31), 0, access.Active},
			{end.AddDate(0, 0, -30), 1, access.Active},
			{end.AddDate(0, 0, -20), 1, access.Active},
			{end.AddDate(0, 0, -14), 2, access.Active},
			{end.AddDate(0, 0, -2), 3, access.Active},
			{end.AddDate(0, 0, 0), 3, access.Active}, // the last day is worked
			{end.AddDate(0, 0, 1), 3, access.Suspended},
		} {
			f.at.at = x.day
			f.once(lax)
			f.once(lax)
			f.wantState(1, x.state)
			if n := mails(); n != x.mails {
				t.Errorf("%s: %d mails, not %d", x.day.Format(time.DateOnly), n, x.mails)
			}
		}
		f.says(1, access.Active, "Other AG", access.TimeOf(end.AddDate(1, 0, 0)))
		f.once(lax)
		f.wantState(1, access.Active)
	})
}

// Times that the clocks leave out, and zones that are none, are refused.
func TestInstants(t *testing.T) {
	for _, x := range []struct {
		local, zone string
		want        string
	}{
		{"2027-01-31T18:00", "Europe/Zurich", "2027-01-31T17:00:00Z"},
		{"2027-07-31T18:00", "America/New_York", "2027-07-31T22:00:00Z"},
		{"2027-03-28T02:30", "Europe/Zurich", ""},
		{"2027-01-31T18:00", "Europe/Atlantis", ""},
		{"2027-01-31T18:00", "", ""},
		{"2027-01-31T18:00", "Local", ""},
		{"tomorrow", "UTC", ""},
	} {
		at, err := lifecycle.Instant(x.local, x.zone)
		if (err != nil) != (x.want == "") || err == nil && at.Time().Format(time.RFC3339) != x.want {
			t.Errorf("%s %s: %s, %v", x.local, x.zone, at.Time(), err)
		}
	}
}

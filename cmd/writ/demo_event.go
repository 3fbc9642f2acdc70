package main

import (
	"context"
	"slices"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/iga/lifecycle"
	"github.com/writhq/writ/inventory"
)

// demoRow is what the company's HR file says later of somebody, by number: the columns that
// change, that they are no longer in it, or a row anew, whoever has that number. A date is so
// many days from the day on which the demo is made.
type demoRow struct {
	number     string
	gone, anew bool
	says       map[string]string
	days       map[string]int
}

// demoNews are such rows. Who is hired has no address yet, so that the mapping of the system
// whose logins are addresses fails for them.
var demoNews = []demoRow{
	{number: "E0000148", says: map[string]string{"unit": "Strategy", "title": "Strategy Analyst", "manager": "E0000156"}},
	{number: "E0000151", says: map[string]string{"state": "leave_of_absence"}},
	{number: "E0000142", says: map[string]string{"state": "terminated"}, days: map[string]int{"end": -1}},
	{number: "X0000259", says: map[string]string{"organisation": "", "sponsor": "", "contract_end": "", "employer": "Lindquell AG", "title": "Strategy Analyst"}},
	{number: "X0000260", days: map[string]int{"contract_end": 26}},
	{number: "X0000262", days: map[string]int{"contract_end": 12}},
	{number: "X0000268", days: map[string]int{"contract_end": 2}},
	{number: "E0000901", says: map[string]string{
		"kind": "human", "name": "Mira Okafor-Lund", "state": "active", "login": "mokaforlund",
		"employer": "Lindquell AG", "unit": "Strategy", "title": "Board Assistant", "manager": "E0000156",
	}, days: map[string]int{"start": -1}},
	{number: demoReused, gone: true},
}

// demoReused is the number of somebody who has left, which HR then gives to somebody else.
const demoReused = "E0000183"

// demoDoubtful are rows of which nobody can say whose they are: one with that number, and
// two with one.
var demoDoubtful = []demoRow{
	demoAnalyst(demoReused, "Oda Lindgaard", "oda.lindgaard"), demoAnalyst("E0000902", "Ivo Castel", "ivo.castel"), demoAnalyst("E0000902", "Runa Holt", "runa.holt"),
}

func demoAnalyst(number, name, address string) demoRow {
	return demoRow{number: number, anew: true, says: map[string]string{
		"kind": "human", "name": name, "email": address + "@lindquell.example", "state": "active",
		"employer": "Lindquell AG", "unit": "Treasury", "title": "Treasury Analyst", "manager": "E0000171",
	}, days: map[string]int{"start": -1}}
}

// demoOrderer orders what sources do not say, and demoCanceller takes one back.
const (
	demoOrderer   = "E0000041"
	demoCanceller = "E0000006"
)

var demoOrders = []struct {
	number    string
	kind      lifecycle.EventKind
	days      int
	clock     string
	zone      string
	reason    string
	cancelled string
}{
	{number: "E0000178", kind: lifecycle.Terminate, days: 20, clock: "18:00", zone: "Europe/Zurich", reason: "gave notice"},
	{number: "E0000133", kind: lifecycle.Leave, days: 9, clock: "08:00", zone: "Europe/Zurich", reason: "parental leave"},
	{number: "E0000151", kind: lifecycle.Return, days: 61, clock: "08:00", zone: "Europe/London", reason: "the end of the leave is agreed"},
	{number: "E0000229", kind: lifecycle.Rehire, days: 33, clock: "09:00", zone: "America/New_York", reason: "comes back for the new region"},
	{number: "E0000160", kind: lifecycle.Suspend, days: 3, clock: "07:00", zone: "Europe/Zurich", reason: "until a complaint is looked into", cancelled: "there was nothing to it"},
	{number: "E0000163", kind: lifecycle.Suspend, days: -1, clock: "07:00", zone: "Europe/Zurich", reason: "lost badge and notebook abroad"},
}

// liveDemo lets things happen in the lives of the company's people, and carries out what
// follows.
func (a *app) liveDemo(ctx context.Context, hr string) error {
	now := a.now()
	src, err := a.inventory().Source(ctx, "hr")
	if err != nil {
		return err
	}
	for _, news := range [][]demoRow{demoNews, demoDoubtful} {
		if err := demoPeople(hr, news, now); err != nil {
			return err
		}
		if _, err := a.inventory().SyncSource(ctx, src.ID, inventory.SyncOptions{}); err != nil {
			return err
		}
	}
	if err := a.demoOrder(ctx, now); err != nil {
		return err
	}
	return a.demoCarry(ctx)
}

func (a *app) demoOrder(ctx context.Context, now time.Time) error {
	orders, err := a.actingAs(ctx, demoOrderer)
	if err != nil {
		return err
	}
	cancels, err := a.actingAs(ctx, demoCanceller)
	if err != nil {
		return err
	}
	for _, o := range demoOrders {
		who, err := a.inventory().ResolveIdentity(ctx, o.number)
		if err != nil {
			return err
		}
		local := now.AddDate(0, 0, o.days).Format(time.DateOnly) + "T" + o.clock
		var id access.EventID
		if id, err = a.lifecycle().Schedule(orders, lifecycle.Event{Identity: who, Kind: o.kind, Local: local, Zone: o.zone, Reason: o.reason}); err != nil {
			return err
		}
		if o.cancelled == "" {
			continue
		}
		if err := a.lifecycle().CancelEvent(cancels, id, o.cancelled); err != nil {
			return err
		}
	}
	return nil
}

// demoPeople writes news into the HR file.
func demoPeople(path string, news []demoRow, now time.Time) error {
	rows, err := demoTable(path)
	if err != nil {
		return err
	}
	for _, n := range news {
		is := func(row []string) bool { return row[0] == n.number }
		if n.gone {
			rows = slices.DeleteFunc(rows, is)
			continue
		}
		i := slices.IndexFunc(rows, is)
		if i < 0 || n.anew {
			i, rows = len(rows), append(rows, make([]string, len(rows[0])))
			rows[i][0] = n.number
		}
		for column, name := range rows[0] {
			if text, says := n.says[name]; says {
				rows[i][column] = text
			}
			if days, says := n.days[name]; says {
				rows[i][column] = now.AddDate(0, 0, days).Format(time.DateOnly)
			}
		}
	}
	return writeTable(path, rows)
}

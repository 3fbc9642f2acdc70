package lifecycle

import (
	"context"
	"slices"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/notify"
)

// Warnings are how many days before a contract's end its sponsor is warned.
var Warnings = []int{30, 14, 3}

// ContractOver is when a third party's contract is over: its last day is worked.
func ContractOver(end access.Time) access.Time { return end + day }

// Contract is a third party whose contract has an end.
type Contract struct {
	Identity access.IdentityID
	Name     string
	State    access.IdentityState
	End      access.Time
}

// Over reports whether somebody who works here has no contract any more.
func (c Contract) Over(now access.Time) bool {
	return c.State.MayHoldAccess() && ContractOver(c.End) <= now
}

// Warn is for which of the days before the end it is time to warn; 0 is none. Of several
// that have passed at once, the last one is said.
func (c Contract) Warn(now access.Time) (days int) {
	if !c.State.MayHoldAccess() || ContractOver(c.End) <= now {
		return 0
	}
	for _, d := range Warnings {
		if c.End-access.Time(d)*day <= now {
			days = d
		}
	}
	return days
}

// ContractQuery says which contracts are asked for.
type ContractQuery struct {
	From, To access.Time // of their ends
	After    *ContractPlace
	First    int
}

// ContractPlace is the place of a contract among all.
type ContractPlace struct {
	End      access.Time       `json:"e"`
	Identity access.IdentityID `json:"i"`
}

// ContractShown is a third party's contract, who answers for them, and who was warned.
type ContractShown struct {
	Contract
	Organisation string
	Sponsor      access.IdentityID
	Warned       []Warned
}

// Warned is a warning about a contract's end.
type Warned struct {
	Days int               // before the end
	At   access.Time       // when it was sent
	Told access.IdentityID // to whom; zero where nobody answers
}

// contracts are contracts with whoever is concerned by name, and each warning before the end.
func (s *Service) contracts(ctx context.Context, list []ContractShown, now access.Time) ([]ContractItem, error) {
	var refs []access.Ref
	for _, c := range list {
		refs = append(refs, c.Identity.Ref())
		for _, id := range append([]access.IdentityID{c.Sponsor}, toldOf(c.Warned)...) {
			if id != 0 {
				refs = append(refs, id.Ref())
			}
		}
	}
	name, err := s.namer(ctx, refs)
	if err != nil {
		return nil, err
	}
	items := []ContractItem{}
	for _, c := range list {
		item := ContractItem{Person: name(c.Identity.Ref()), State: c.State, Organisation: c.Organisation, End: c.End, Over: ContractOver(c.End) <= now}
		if c.Sponsor != 0 {
			item.Sponsor = name(c.Sponsor.Ref())
		}
		for _, days := range Warnings {
			w := WarningItem{Days: days, Due: c.End - access.Time(days)*day}
			if i := slices.IndexFunc(c.Warned, func(w Warned) bool { return w.Days == days }); i >= 0 {
				w.Sent = c.Warned[i].At
				if to := c.Warned[i].Told; to != 0 {
					w.Told = name(to.Ref())
				}
			}
			item.Warnings = append(item.Warnings, w)
		}
		items = append(items, item)
	}
	return items, nil
}

func toldOf(list []Warned) (ids []access.IdentityID) {
	for _, w := range list {
		ids = append(ids, w.Told)
	}
	return ids
}

// ContractWarning is what a mail about a contract says.
type ContractWarning struct {
	Sponsor, Name, Ends string
	Days                int
}

var contractMail = notify.MustParse[ContractWarning]("contract-end", `The contract of {{.Name}} ends on {{.Ends}}`, `
Hello {{.Sponsor}},

the contract of {{.Name}}, whom you sponsor, ends on {{.Ends}}. After that day they are
suspended: their accounts are disabled, until the source that Writ reads has another end of
the contract.

If they are to stay, have the end of the contract changed there. If not, nothing is to be
done.
`)

// WarningOf is the mail that warns somebody of a contract's end.
func WarningOf(c Contract, days int, to notify.Recipient, key string) (notify.Message, error) {
	return contractMail.Message("", key, to, ContractWarning{to.Name, c.Name, c.End.Time().Format(time.DateOnly), days})
}

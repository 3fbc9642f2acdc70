package store

import (
	"errors"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/policy"
)

// What cards are made of is read on both databases, and of what is not there nothing is.
func TestAsk(t *testing.T) { eachDatabase(t, testAsk) }

func testAsk(t *testing.T, fresh func(*testing.T) Config) {
	c := newClassifying(t, fresh)
	s := c.db.Ask()
	e, err := s.Entitlement(c.ctx, 3)
	if err != nil || e.ID != 3 || e.System == 0 || e.Name == "" || e.NativeID == "" {
		t.Errorf("%+v, %v", e, err)
	}
	if _, err := s.Entitlement(c.ctx, 99); !errors.Is(err, policy.ErrNoObject) {
		t.Errorf("an entitlement that is not there: %v", err)
	}
	if _, err := s.Identity(c.ctx, 99); !errors.Is(err, policy.ErrNoObject) {
		t.Errorf("an identity that is not there: %v", err)
	}
	functions, err := s.Functions(c.ctx, 99)
	if err != nil || len(functions) != 0 {
		t.Errorf("%+v, %v", functions, err)
	}
	accounts, err := s.Accounts(c.ctx, []access.AccountID{98, 99})
	if err != nil || len(accounts) != 0 {
		t.Errorf("%+v, %v", accounts, err)
	}
	units, err := s.Units(c.ctx, []access.IdentityID{98, 99})
	if err != nil || len(units) != 0 {
		t.Errorf("%+v, %v", units, err)
	}
	findings, err := s.Findings(c.ctx, []access.Ref{access.AccountID(98).Ref(), access.IdentityID(99).Ref(), access.EntitlementID(3).Ref()})
	if err != nil || len(findings) != 0 {
		t.Errorf("%+v, %v", findings, err)
	}
	cells, err := s.Coverage(c.ctx, 1, access.Tier0)
	if err != nil || len(cells) != 0 {
		t.Errorf("%+v, %v", cells, err)
	}
}

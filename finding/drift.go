package finding

import (
	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/graph"
)

// Drift is something that was done for somebody and verified, and is no longer so.
type Drift struct {
	Operation   access.OperationID
	System      access.SystemID
	Kind        connector.ChangeKind // of what was done
	Account     access.AccountID
	Entitlement access.EntitlementID
	Excepted    *Exception // it is left as it is until a time
	// Elevation is one that is over since a time, and still on its target; zero is none.
	Elevation access.ElevationID
	Over      access.Time
}

// drifted: somebody changed on a system what Writ had done there. Where all of it is left as
// it is for a time, the finding is accepted until the first of these ends.
func (c *checker) drifted(i graph.IdentityNode) {
	list := c.f.drift[i.ID]
	if len(list) == 0 {
		return
	}
	d := Draft{Subject: i.ID.Ref(), System: list[0].System, Owner: c.technical(list[0].System)}
	excepted := list[0].Excepted
	for _, x := range list {
		d.Evidence = append(d.Evidence, x.say())
		if excepted != nil && (x.Excepted == nil || x.Excepted.Until < excepted.Until) {
			excepted = x.Excepted
		}
		if x.Kind == connector.RemoveGrant || x.Kind == connector.DisableAccount || x.Kind == connector.DeleteAccount {
			d.Severity = access.High // they have again what they should not
		}
	}
	d.Excepted = excepted
	c.found(d)
}

// say says what somebody did, and whether it is left as it is.
func (x Drift) say() Evidence {
	e := x.did()
	if x.Excepted != nil {
		e.Text += "; left as it is until " + day(x.Excepted.Until)
	}
	return e
}

func (x Drift) did() Evidence {
	on := x.Account.Ref()
	if x.Account == 0 {
		on = x.System.Ref()
	}
	if x.Elevation != 0 {
		return say("the elevation {} is over since "+x.Over.Time().Format("2006-01-02 15:04")+", and {} is still on {}", x.Elevation.Ref(), x.Entitlement.Ref(), on)
	}
	switch x.Kind {
	case connector.AddGrant:
		return say("{} was given on {}, and is taken away there; see {}", x.Entitlement.Ref(), on, x.Operation.Ref())
	case connector.RemoveGrant:
		return say("{} was taken away on {}, and is back there; see {}", x.Entitlement.Ref(), on, x.Operation.Ref())
	case connector.DisableAccount:
		return say("{} was disabled, and is enabled again; see {}", on, x.Operation.Ref())
	case connector.DeleteAccount:
		return say("the account was deleted on {}, and is there again; see {}", x.System.Ref(), x.Operation.Ref())
	case connector.CreateAccount, connector.EnableAccount, connector.UpdateAccount, connector.EndSessions:
	}
	return say("the account on {} was enabled, and is disabled or gone; see {}", x.System.Ref(), x.Operation.Ref())
}

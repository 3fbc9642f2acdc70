package policy

import (
	"net/netip"

	cedar "github.com/cedar-policy/cedar-go"

	"github.com/writhq/writ/access"
)

// attribute is what policies may read of a resource, or of how a request is made. One
// that is not there is nil.
type attribute struct {
	name cedar.String
	of   func(w *world) cedar.Value
}

// resourceAttributes are those of resourceShape.
var resourceAttributes = []attribute{
	{"kind", func(w *world) cedar.Value { return cedar.String(w.request.Resource.Kind) }},
	{"tier", func(w *world) cedar.Value { return cedar.Long(tierOf(w.request.Resource.Tier)) }},
	{"environment", func(w *world) cedar.Value { return cedar.String(w.request.Resource.Environment) }},
	{"data_class", func(w *world) cedar.Value { return cedar.String(w.request.Resource.DataClass) }},
	{"function", func(w *world) cedar.Value { return cedar.String(w.request.Resource.Function) }},
	{"system", func(w *world) cedar.Value {
		if id := w.request.Resource.System; id != 0 {
			return cedar.NewEntityUID("System", cedar.String(id.String()))
		}
		return nil
	}},
	{"owner", func(w *world) cedar.Value { return identityOrNil(w.request.Resource.Owner) }},
	{"creator", func(w *world) cedar.Value { return identityOrNil(w.request.Resource.Creator) }},
	{"assignee", func(w *world) cedar.Value { return identityOrNil(w.request.Resource.Assignee) }},
	{"eligible", func(w *world) cedar.Value { return identityOrNil(w.request.Resource.Eligible) }},
	{"subject", func(w *world) cedar.Value { return identityOrNil(w.subject()) }},
}

// contextAttributes are those of contextShape.
var contextAttributes = []attribute{
	{"own", func(w *world) cedar.Value { return cedar.Boolean(w.own != notOwn) }},
	{"mfa", func(w *world) cedar.Value { return cedar.Boolean(w.request.Context.MFA) }},
	{"mfa_age", func(w *world) cedar.Value { return cedar.Long(w.request.Context.MFAAge.Seconds()) }},
	{"break_glass", func(w *world) cedar.Value { return cedar.Boolean(w.request.Context.BreakGlass) }},
	{"reason", func(w *world) cedar.Value { return cedar.String(w.request.Context.Reason) }},
	{"on_behalf_of", func(w *world) cedar.Value { return identityOrNil(w.request.Context.OnBehalfOf) }},
	{"address", func(w *world) cedar.Value {
		if a := w.request.Context.Address; a.IsValid() {
			return cedar.IPAddr(netip.PrefixFrom(a, a.BitLen()))
		}
		return nil
	}},
}

// named returns those of a list that have one of the names.
func named(list []attribute, names map[cedar.String]bool) (some []attribute) {
	for _, a := range list {
		if names[a.name] {
			some = append(some, a)
		}
	}
	return some
}

// record holds those of a list of attributes that there are.
func (w *world) record(list []attribute) cedar.Record {
	if len(list) == 0 {
		return cedar.Record{}
	}
	m := make(cedar.RecordMap, len(list))
	for _, a := range list {
		if v := a.of(w); v != nil {
			m[a.name] = v
		}
	}
	return cedar.NewRecord(m)
}

func identityOrNil(id access.IdentityID) cedar.Value {
	if id == 0 {
		return nil
	}
	return identityUID(id)
}

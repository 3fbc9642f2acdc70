package graph

import "github.com/writhq/writ/access"

// Controls lists what an entitlement's own capabilities let its holders become,
// give or take over: the escalation steps that start at it.
func (v *View) Controls(id access.EntitlementID) []Step {
	x, ok := vertexOf(id.Ref())
	if !ok || !v.s.there(x) {
		return nil
	}
	var list []Step
	v.s.fromCapabilities(x.id(), func(e edge) bool {
		if v.s.there(e.to) {
			list = append(list, step(x, e))
		}
		return true
	})
	return list
}

package inventory_test

import (
	"net/http"
	"testing"

	"github.com/writhq/writ/inventory"
)

// A disputed account comes with the evidence side by side, is decided once, and a rule
// decides others: first it only observes.
func TestDecidingOverHTTP(t *testing.T) {
	onEach(t, 10, func(t *testing.T, w *world) {
		w.write(t, "hr.csv", w.read(t, "hr.csv")+"E90,Jon Smith,jon1@example.com,human,,,2020-01-01\nE91,Jon Smith,jon2@example.com,human,,,2020-01-01\n")
		w.write(t, "app/accounts.csv", w.read(t, "app/accounts.csv")+"x1,x1,Jon Smith,,,,enabled,,\nx2,x2,Jon Smith,,,,enabled,,\nc_e91,c_e91,,,,,enabled,,\n")
		s := serve(t, w)
		w.mustSync(t)
		if _, err := w.s.Correlate(asTest()); err != nil {
			t.Fatal(err)
		}
		s.follow(t)
		type page struct {
			Items []inventory.DisputeItem `json:"items"`
			Next  string                  `json:"next"`
			Total int                     `json:"total"`
		}
		var first, second page
		s.want(t, http.StatusOK, "iam", "GET", "/v1/disputes?limit=1", "", nil).into(t, &first)
		if first.Total != 2 || len(first.Items) != 1 || first.Next == "" || len(first.Items[0].Contenders) != 2 || len(first.Items[0].Contenders[0].Compared) != 4 || !first.Items[0].May["link.decide"].Allowed {
			t.Fatalf("%+v", first)
		}
		s.want(t, http.StatusOK, "iam", "GET", "/v1/disputes?limit=1&cursor="+first.Next, "", nil).into(t, &second)
		if len(second.Items) != 1 || second.Next != "" || second.Items[0].Account.ID == first.Items[0].Account.ID {
			t.Fatalf("%+v", second)
		}
		path := "/v1/accounts/" + first.Items[0].Account.ID.String() + "/link"
		who := first.Items[0].Contenders[0].Identity
		s.want(t, http.StatusUnprocessableEntity, "iam", "POST", path, "", obj{"reason": "asked"})
		var d inventory.LinkDecision
		s.want(t, http.StatusOK, "iam", "POST", path, "", obj{"identity": who.ID.String(), "reason": "asked"}).into(t, &d)
		if d.Identity == nil || d.Identity.Name != "Jon Smith" {
			t.Errorf("%+v", d)
		}
		s.want(t, http.StatusConflict, "iam", "POST", path, "", obj{"nobody": true, "reason": "asked again"})
		s.want(t, http.StatusOK, "iam", "GET", "/v1/disputes", "", nil).into(t, &first)
		if first.Total != 1 {
			t.Errorf("a decided one waits: %+v", first)
		}

		rule := obj{"name": "contractors", "by": "number", "expression": `account.login.startsWith("c_e") ? "E" + account.login.substring(3) : ""`, "reason": "their logins"}
		var r inventory.CorrelationRule
		s.want(t, http.StatusCreated, "iam", "POST", "/v1/correlation/rules", "", rule).into(t, &r)
		s.want(t, http.StatusConflict, "iam", "POST", "/v1/correlation/rules", "", rule)
		if r.Mode != "observe" || r.Score != 90 {
			t.Errorf("%+v", r)
		}
		var e inventory.CorrelationEffect
		s.want(t, http.StatusOK, "iam", "GET", "/v1/correlation/rules/contractors/effect", "", nil).into(t, &e)
		if e.Linked != 1 || e.First[0].Now == nil || e.First[0].Now.Name != "Jon Smith" {
			t.Errorf("%+v", e)
		}
		s.want(t, http.StatusOK, "iam", "PUT", "/v1/correlation/rules/contractors/mode", "", obj{"mode": "enforce", "reason": "it is right"}).into(t, &r)
		if r.Mode != "enforce" {
			t.Errorf("%+v", r)
		}
		if sum, err := w.s.Correlate(asTest()); err != nil || sum.Effect.Linked != 1 {
			t.Errorf("%+v, %v", sum, err)
		}
		s.want(t, http.StatusNoContent, "iam", "DELETE", "/v1/correlation/rules/contractors?reason=over", "", nil)
		s.want(t, http.StatusNotFound, "iam", "PUT", "/v1/correlation/rules/contractors/mode", "", obj{"mode": "observe", "reason": "x"})
		s.want(t, http.StatusUnprocessableEntity, "iam", "POST", "/v1/correlation/rules", "", obj{"name": "bad", "by": "login", "expression": "account.", "reason": "x"})
	})
}

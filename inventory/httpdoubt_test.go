package inventory_test

import (
	"net/http"
	"testing"

	"github.com/writhq/writ/inventory"
)

// Who may not decide on a doubtful row, and who may; of two people with one number nobody.
func TestDoubtsOverHTTP(t *testing.T) {
	onEach(t, 10, func(t *testing.T, w *world) {
		before := w.read(t, "hr.csv")
		w.write(t, "hr.csv", before+"E90,Cho Lin,cho@example.com,human,,,2020-01-01\n")
		s := serve(t, w)
		w.mustSync(t)
		w.write(t, "hr.csv", before)
		w.mustSync(t)
		w.write(t, "hr.csv", before+"E90,Zoe Fox,zoe@example.com,human,,,2020-01-01\nE91,Gus Orr,gus@example.com,human,,,2020-01-01\nE91,Ida Orr,ida@example.com,human,,,2020-01-01\n")
		w.mustSync(t)
		s.follow(t)
		var page struct {
			Items []inventory.DoubtShown `json:"items"`
		}
		s.want(t, http.StatusOK, "audit", "GET", "/v1/doubts", "", nil).into(t, &page)
		if len(page.Items) != 2 || page.Items[0].Row != "E90" || page.Items[0].May["identity.match"].Allowed {
			t.Fatalf("%+v", page.Items)
		}
		say := func(row string) obj {
			return obj{"source": page.Items[0].Source, "row": row, "name": page.Items[0].Name, "person": "another", "reason": "HR was asked"}
		}
		const path = "/v1/doubts/decide"
		s.want(t, http.StatusForbidden, "audit", "POST", path, "", say("E90"))
		s.want(t, http.StatusForbidden, "platform_owner", "POST", path, "", say("E90"))
		s.want(t, http.StatusForbidden, "platform_owner", "POST", path, "", say("E7")) // and is not told which are in doubt
		s.want(t, http.StatusNotFound, "iam", "POST", path, "", say("E7"))
		s.want(t, http.StatusConflict, "iam", "POST", path, "", say("E91"))
		s.want(t, http.StatusOK, "iam", "GET", "/v1/doubts", "", nil).into(t, &page)
		if !page.Items[0].May["identity.match"].Allowed || len(page.Items[1].May) != 0 {
			t.Errorf("%+v", page.Items)
		}
		other := say("E90") // what was looked at is not what stands there now
		other["name"] = "Somebody Else"
		s.want(t, http.StatusConflict, "iam", "POST", path, "", other)
		s.want(t, http.StatusNoContent, "iam", "POST", path, "", say("E90"))
		s.want(t, http.StatusOK, "iam", "GET", "/v1/doubts", "", nil).into(t, &page)
		if page.Items[0].Decided != inventory.AnotherPerson {
			t.Errorf("%+v", page.Items)
		}
	})
}

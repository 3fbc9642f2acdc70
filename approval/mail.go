package approval

import (
	"slices"
	"strconv"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/notify"
	"github.com/writhq/writ/policy"
)

// MostTold is how many are told of one stage.
const MostTold = 50

// Asked is what a mail says to somebody who is asked to decide.
type Asked struct {
	Name, Asker, Does, Reason, Ticket, Until, ID string
	Instead                                      string // in whose place
}

var askedMail = notify.MustParse[Asked]("approval-asked", `{{.Asker}} asks for your approval`, `
Hello {{.Name}},

{{.Asker}} asks to be allowed to {{.Does}}, and you are asked whether that may be
{{- if .Instead}}, in the place of {{.Instead}}{{end}}.
{{if .Reason}}
  Reason: {{.Reason}}
{{end}}{{if .Ticket}}
  Ticket: {{.Ticket}}
{{end}}
It waits until {{.Until}} (UTC). After that it counts as refused.

See what it is about, and decide, in the console or with

  writ approval show {{.ID}}
`)

// AskedMail is the mail to one who is asked to decide at the stage that r is at.
func AskedMail(r Request, asker, instead string, who access.IdentityID, to notify.Recipient) (notify.Message, error) {
	does := r.Action
	if i := slices.IndexFunc(policy.Actions, func(a policy.Action) bool { return a.Name == r.Action }); i >= 0 {
		does = policy.Actions[i].Does
	}
	key := "approval/" + r.ID.String() + "/" + strconv.Itoa(r.Now.Version) + "/" + strconv.Itoa(r.Stage) + "/" + who.String()
	return askedMail.Message("", key, to, Asked{
		Name: to.Name, Asker: asker, Does: does, Reason: r.Reason, Ticket: r.Ticket,
		Until: r.EndsAt.Time().Format(time.DateOnly + " 15:04"), ID: r.ID.String(), Instead: instead,
	})
}

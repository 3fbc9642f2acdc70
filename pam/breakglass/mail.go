package breakglass

import (
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/notify"
)

// Alarm is what a mail says that a kit was opened.
type Alarm struct {
	Name, Kit, When, Reason  string
	People, Openers, Secrets []string
	Closed                   bool
}

var alarmMail = notify.MustParse[Alarm]("break-glass", `Break glass: {{.Kit}} was opened`, `
Hello {{.Name}},

the break-glass kit {{.Kit}} was opened on {{.When}} (UTC), by the clock of the machine that
it was opened on.
{{range .People}}
  There was:  {{.}}{{end}}{{range .Openers}}
  Share of:   {{.}}{{end}}
  Reason:     {{.Reason}}
{{if .Closed}}
These secrets were shown:
{{else}}
The record has no end, so that any of these secrets may have been shown:
{{end}}{{range .Secrets}}
  {{.}}{{end}}

Each of them is being given another value now. Somebody who did not open the kit has to review
what was done, and close that with a comment. If you did not expect this, say so at once.

  writ break-glass show {{.Kit}}
`)

// AlarmMail is the mail to one of those who have to know of an opening.
func AlarmMail(r *Record, id access.BreakID, names map[access.SecretID]string, who access.IdentityID, to notify.Recipient) (notify.Message, error) {
	first := r.Entries[0]
	a := Alarm{
		Name: to.Name, Kit: r.Kit.Name, When: first.At.Time().Format(time.DateOnly + " 15:04"),
		Reason: first.Reason, People: append([]string(nil), first.People...), Closed: r.Closed(),
	}
	for _, h := range r.Openers() {
		a.Openers = append(a.Openers, h.Name)
	}
	for _, x := range r.Exposed() {
		a.Secrets = append(a.Secrets, names[x])
	}
	return alarmMail.Message("", "break-glass/"+id.String()+"/"+who.String(), to, a)
}

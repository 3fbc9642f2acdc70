package share

import (
	"context"
	"fmt"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/notify"
	"github.com/writhq/writ/internal/secret"
)

// Notice is what the mail to a recipient says. Its token is the one secret that a mail may
// bring: it opens nothing without the code, and nothing twice.
type Notice struct {
	Recipient, Sponsor, Until, Token string
	Code                             bool
}

var shareMail = notify.MustParse[Notice]("share", `{{.Sponsor}} gives you a secret`, `
Hello {{.Recipient}},

{{.Sponsor}} gives you a secret. This link shows it, once, until {{.Until}} (UTC):

{{link "/share#" .Token}}

{{if .Code}}It takes a code, which {{.Sponsor}} tells you by another way: by telephone, for one.
{{end}}Open it when you are ready to keep what it shows where you keep passwords. If you do not
expect this, open nothing, and ask {{.Sponsor}}.
`)

// mail sends a link to whom it is for, at once: a link waits in no outbox, where it would be
// kept.
func (s *Service) mail(ctx context.Context, x Share, token secret.Secret) error {
	sponsor, err := s.called(ctx, x.Sponsor.Ref())
	if err != nil {
		return err
	}
	m, err := shareMail.Message(s.Origin, fmt.Sprintf("share/%s", x.ID), notify.Recipient{Name: x.Recipient.Name, Address: x.Recipient.Email},
		Notice{x.Recipient.Name, sponsor, x.Ends.Time().UTC().Format("2006-01-02 15:04"), string(token.Reveal()), x.Code})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, mailWithin)
	defer cancel()
	return s.Mailer.Send(ctx, m)
}

// mailWithin is how long whoever gives a secret waits for the mail server.
const mailWithin = 20 * time.Second

// called is what somebody is called.
func (s *Service) called(ctx context.Context, r access.Ref) (string, error) {
	labels, err := s.Names.Names(ctx, []access.Ref{r})
	if err != nil {
		return "", err
	}
	if name := labels[r].Name; name != "" {
		return name, nil
	}
	return r.String(), nil
}

package rotate

import (
	"context"
	"regexp"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/notify"
	"github.com/writhq/writ/internal/secret"
)

// What looking after consumers can meet.
var (
	ErrConsumer     = fault.New(fault.Invalid, "bad-consumer", "this is no consumer of a secret")
	ErrConsumerName = fault.New(fault.Conflict, "consumer-name-taken", "the secret has a consumer of that name")
	ErrNoConsumer   = fault.New(fault.NotFound, "consumer-not-found", "there is no such consumer, or it is not yours to see")
	ErrNoHook       = fault.New(fault.Unavailable, "hook-not-declared", "the configuration of this node declares no hook of that name")
	ErrNotCurrent   = fault.New(fault.Conflict, "consumer-behind", "that is not the version that the secret has now: read it again, then confirm")
)

// Stage is how far a consumer has come with the current value.
type Stage string

// The stages.
const (
	InUse   Stage = "current" // it uses the value that the secret has
	ToTell  Stage = "due"     // it is told as soon as those before it have confirmed
	Told    Stage = "told"    // and has not confirmed
	NotTold Stage = "failing" // telling it went wrong; it is tried again
	Late    Stage = "late"    // for a person: it has had its time, and is told again all the same
)

// Consumer is a service that uses a secret, and has to be told of another value.
type Consumer struct {
	ID     access.ConsumerID `json:"id"`
	Secret access.SecretID   `json:"secret"`
	Name   string            `json:"name"`
	// Hook is what it is told by: a name in the configuration of the nodes. Reader is who it
	// reads the secret as. It has one of them or both: what it answers confirms, unless it
	// reads: then its next read does.
	Hook   string            `json:"hook,omitempty"`
	Reader access.IdentityID `json:"reader,omitzero"`
	Owner  access.IdentityID `json:"owner" doc:"Who is told where it does not confirm"`
	Place  int               `json:"place" doc:"It is told once all of a lower place have confirmed"`

	Stage    Stage       `json:"stage" enum:"current,due,told,failing,late"`
	Wants    int         `json:"wants,omitempty" doc:"The number of the version that it is told of"`
	Uses     int         `json:"uses,omitempty" doc:"The number of the version that it has confirmed last"`
	Since    access.Time `json:"uses_since,omitzero"`
	Due      access.Time `json:"due_since,omitzero"`
	ToldAt   access.Time `json:"told_at,omitzero"`
	Next     access.Time `json:"next,omitzero" doc:"When it is told, or told again"`
	Attempts int         `json:"attempts,omitempty"`
	Code     string      `json:"code,omitempty"`
	Error    string      `json:"error,omitempty"`
}

// maxPlace is the last place in the order, and maxConsumers how many a secret has.
const (
	maxPlace     = 99
	MaxConsumers = 100
)

var consumerName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// Validate reports the first rule that c breaks.
func (c Consumer) Validate() error {
	switch {
	case c.Secret == 0:
		return ErrConsumer.With("a consumer uses a secret")
	case !consumerName.MatchString(c.Name):
		return ErrConsumer.With("a consumer has a name of up to 64 letters, digits, dots, dashes and underscores")
	case c.Hook == "" && c.Reader == 0:
		return ErrConsumer.With("a consumer is told by a hook, or reads the secret as an identity, or both")
	case c.Hook != "" && !consumerName.MatchString(c.Hook):
		return ErrConsumer.With("a hook is named as the configuration of the nodes declares it")
	case c.Owner == 0:
		return ErrConsumer.With("a consumer has an owner, who is told where it does not confirm")
	case c.Place < 0 || c.Place > maxPlace:
		return ErrConsumer.With("the place of a consumer is from 0 to %d", maxPlace)
	}
	return nil
}

// Notice is what a consumer is told.
type Notice struct {
	Consumer
	SecretName string
	Number     int // of the version
	Login      string
	Value      secret.Secret // where its hook takes one
}

// message is a notice as a hook is given it.
type message struct {
	Consumer access.ConsumerID `json:"consumer"`
	Name     string            `json:"name"`
	Secret   access.SecretID   `json:"secret"`
	Called   string            `json:"secret_name"`
	Version  int               `json:"version"`
	Login    string            `json:"login,omitempty"`
	Value    string            `json:"value,omitempty"`
	Base64   bool              `json:"base64,omitempty"`
}

// Outcome is what came of telling a consumer.
type Outcome struct {
	Stage Stage // InUse, Told or NotTold
	Code  string
	Error string
	After time.Duration // until it is told again
}

// How long a consumer has until a person is told, and the pauses between.
const (
	ConfirmsWithin = time.Hour
	firstRetell    = 10 * time.Second
	longestRetell  = 10 * time.Minute
)

// Late reports whether a consumer has had its time.
func (c Consumer) Late(at access.Time) bool {
	return c.Due != 0 && at.Time().Sub(c.Due.Time()) >= ConfirmsWithin
}

// ConsumerStore keeps consumers, and who has to be told.
type ConsumerStore interface {
	Consumers(ctx context.Context, of access.SecretID) ([]Consumer, error)
	// Consumer returns one, or ErrNoConsumer.
	Consumer(ctx context.Context, id access.ConsumerID) (Consumer, error)
	// AddConsumer keeps a consumer, which is told of the value that there is.
	AddConsumer(ctx context.Context, c Consumer) (access.ConsumerID, error)
	// ChangeConsumer keeps by what and in which place a consumer is told, and who answers for
	// it; what it has not confirmed is told anew.
	ChangeConsumer(ctx context.Context, c Consumer) error
	RemoveConsumer(ctx context.Context, c Consumer) error
	// Confirm keeps that a consumer uses the version of a number, or returns ErrNotCurrent
	// where that is not the current one.
	Confirm(ctx context.Context, id access.ConsumerID, number int) error
	// NextTold are consumers that it is the turn of.
	NextTold(ctx context.Context, most int) ([]access.ConsumerID, error)
	// Tell makes this node the one that tells a consumer, or returns ErrLeased of package
	// store. One that there is nothing to tell is ErrNotDue.
	Tell(ctx context.Context, id access.ConsumerID, ttl time.Duration) (Telling, error)
}

// Telling is the work on one consumer by one node.
type Telling interface {
	// Notice is what it is told; with asks for the value.
	Notice(ctx context.Context, with bool) (Notice, error)
	// Told keeps what came of it, unless the secret has another value by now.
	Told(ctx context.Context, n Notice, o Outcome) error
	End(ctx context.Context) error
}

// LateNotice is what the owner of a consumer is told.
type LateNotice struct{ Owner, Consumer, Secret, Why string }

var lateMail = notify.MustParse[LateNotice]("consumer-late", `{{.Consumer}} does not use the new value of {{.Secret}}`, `
Hello {{.Owner}},

the secret {{.Secret}} has another value, and {{.Consumer}}, which you answer for, has not
confirmed that it uses it. {{.Why}}

Look at the service. Once it uses the new value, it confirms by itself, or you do with
'writ consumer confirm'.
`)

// LateMail tells the owner of a consumer that it is late.
func LateMail(c Consumer, secretName, why string, to notify.Recipient, key string) (notify.Message, error) {
	return lateMail.Message("", key, to, LateNotice{to.Name, c.Name, secretName, why})
}

// PlanNotice is what the owner of a consumer is told of a planned change.
type PlanNotice struct{ Owner, Consumer, Secret, On string }

var planMail = notify.MustParse[PlanNotice]("rotation-planned", `The secret {{.Secret}} is changed on {{.On}}`, `
Hello {{.Owner}},

somebody who has left knows the secret {{.Secret}}, which {{.Consumer}} uses. Who left is shut
out; the secret is changed on {{.On}} (UTC), and {{.Consumer}} is told then.

If it can be changed earlier, have that done with 'writ rotate'. A pair of accounts would
have let Writ change it at once.
`)

// PlanMail tells the owner of a consumer when a secret that a leaver knows is changed.
func PlanMail(c Consumer, secretName string, on access.Time, to notify.Recipient, key string) (notify.Message, error) {
	return planMail.Message("", key, to, PlanNotice{to.Name, c.Name, secretName, on.Time().UTC().Format("2006-01-02 15:04")})
}

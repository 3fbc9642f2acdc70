package provision

import (
	"crypto/rand"
	"errors"
	"math/big"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/fault"
)

// How long an operation is tried for, since the first time that it failed for the same
// reason. A system that is down for a day has come back by then.
const (
	unreachableLasts = 36 * time.Hour
	differsLasts     = time.Hour
	refusedLasts     = 15 * time.Minute
	unknownLasts     = time.Hour
)

// Between two attempts.
const (
	firstPause  = 2 * time.Second
	longestStop = 10 * time.Minute
	askAgain    = 5 * time.Minute // whether what was asked for has been done
)

// failed says what becomes of an operation after an error.
func failed(err error, o *Operation, now access.Time) Failure {
	f := Failure{State: Failed, Code: fault.Internal.String(), Error: "something in Writ went wrong; its log says what", After: jitter(pause(o.Attempts))}
	e, known := errors.AsType[*fault.Error](err)
	if known && e.Kind != fault.Internal {
		f.Code, f.Error = e.Code, fault.Line(e)
	}
	if errors.Is(err, ErrNoAccount) {
		return Failure{State: Waiting, Code: codeNoAccount}
	}
	since := o.Failing
	if since == 0 || o.Code != f.Code {
		since = now
	}
	if lasts := patience(err); now.Time().Sub(since.Time()) >= lasts {
		if o.Urgent && o.Kind == connector.RemoveGrant {
			return f // whose time is over keeps nothing because a system is slow to take it
		}
		f.State, f.After = Dead, 0
	}
	return f
}

// patience is how long an error is believed to pass by itself.
func patience(err error) time.Duration {
	switch kind := fault.KindOf(err); {
	case errors.Is(err, ErrDiffers):
		return differsLasts
	case errors.Is(err, connector.ErrUnsupported), kind == fault.Conflict, kind == fault.NotFound:
		return 0 // not without a person
	case kind == fault.Unavailable:
		return unreachableLasts
	case kind == fault.Internal:
		return unknownLasts
	}
	return refusedLasts
}

// pause doubles with each attempt.
func pause(attempts int) time.Duration {
	return min(firstPause<<min(max(attempts-1, 0), 12), longestStop)
}

// jitter spreads what failed together, by a fifth to either side.
func jitter(d time.Duration) time.Duration {
	n, err := rand.Int(rand.Reader, big.NewInt(int64(d)*2/5+1))
	if err != nil {
		return d
	}
	return d - d/5 + time.Duration(n.Int64())
}

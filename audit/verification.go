package audit

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

// ErrVerifying is returned where a check is under way.
var ErrVerifying = fault.New(fault.Conflict, "verification-under-way", "the log is being checked already: look at how far that is")

// verifying is a check that runs behind the operations, one at a time.
type verifying struct {
	mu    sync.Mutex
	state auditCheck
}

// auditCheck is how far a check is, or what it found.
type auditCheck struct {
	Running bool         `json:"running"`
	Done    int64        `json:"done" doc:"Leaves that were checked"`
	Total   int64        `json:"total" doc:"Leaves that there were when it began"`
	Began   access.Time  `json:"began,omitzero"`
	Ended   access.Time  `json:"ended,omitzero"`
	Intact  *bool        `json:"intact,omitempty" doc:"What the check said; none where it did not end"`
	Report  *auditReport `json:"report,omitempty"`
	Failed  string       `json:"failed,omitempty" doc:"Why it could not be checked"`
	Last    *auditLast   `json:"last,omitempty" doc:"The last check that ended, on whichever node"`
}

// auditReport is a report by a name that no other kind of report has.
type auditReport Report

// Verified is what the log remembers of a check.
type Verified struct {
	At      access.Time `json:"at"`
	By      string      `json:"by" doc:"An identity's id, or a part of Writ"`
	Leaves  int64       `json:"leaves"`
	Defects int64       `json:"defects"`
}

// auditLast is the last check, with the name of whoever asked for it.
type auditLast struct {
	Verified
	Person *access.Named `json:"person,omitempty" doc:"Who that is"`
}

type verifyAuditInput struct {
	Body *struct {
		Checkpoints []string `json:"checkpoints,omitempty" maxItems:"100" doc:"Checkpoints that were kept elsewhere, which must be part of the log"`
	}
}

type auditCheckOutput struct{ Body auditCheck }

func (a *API) verify(ctx context.Context, in *verifyAuditInput) (*auditCheckOutput, error) {
	var trusted []string
	if in.Body != nil {
		trusted = in.Body.Checkpoints
	}
	v := &a.verifying
	v.mu.Lock()
	if v.state.Running {
		v.mu.Unlock()
		return nil, ErrVerifying
	}
	v.state = auditCheck{Running: true, Began: access.TimeOf(time.Now())}
	v.mu.Unlock()
	go a.verifyNow(context.WithoutCancel(ctx), trusted) // it outlives the request
	return a.verification(ctx, nil)
}

func (a *API) verifyNow(ctx context.Context, trusted []string) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-a.Stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	v := &a.verifying
	r, err := a.Log.Verify(ctx, trusted, func(done, total int64) {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.state.Done, v.state.Total = done, total
	})
	if err == nil {
		err = a.Log.Verified(ctx, r)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.state.Running, v.state.Ended = false, access.TimeOf(time.Now())
	if err != nil {
		slog.ErrorContext(ctx, "verifying the audit log", "error", err)
		v.state.Failed = "the log could not be read to its end: the server's log says why"
	}
	if r != nil {
		intact := r.Err() == nil
		v.state.Intact, v.state.Report, v.state.Done = &intact, (*auditReport)(r), r.Leaves
	}
}

func (a *API) verification(ctx context.Context, _ *struct{}) (*auditCheckOutput, error) {
	a.verifying.mu.Lock()
	out := &auditCheckOutput{Body: a.verifying.state}
	a.verifying.mu.Unlock()
	last, err := a.Log.LastVerified(ctx) // after it: a check that has ended here is among them
	if err != nil {
		return nil, err
	}
	if last.At == 0 {
		return out, nil
	}
	out.Body.Last = &auditLast{Verified: last}
	who := personOf(last.By)
	if who.IsZero() {
		return out, nil
	}
	labels, err := a.Names.Names(ctx, []access.Ref{who})
	name := labels[who].Named(who)
	out.Body.Last.Person = &name
	return out, err
}

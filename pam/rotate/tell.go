package rotate

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"unicode/utf8"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/hook"
)

// Tell tells one consumer that its secret has another value. What came of it is kept; an
// error is what could not be.
func (s *Service) Tell(ctx context.Context, id access.ConsumerID) (err error) {
	t, err := s.Store.Tell(ctx, id, s.lease())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.finish(ctx, t.End)) }()
	keep := func(n Notice, o Outcome) error {
		return s.finish(ctx, func(last context.Context) error { return t.Told(last, n, o) })
	}
	n, err := t.Notice(ctx, false)
	if err != nil {
		return err
	}
	if n.Hook == "" {
		return keep(n, told(n)) // it reads by itself; that it has a new value to read is known
	}
	h, declared := s.Hooks[n.Hook]
	if !declared {
		return keep(n, notTold(n, ErrNoHook.With("the configuration of this node declares no hook %q", n.Hook)))
	}
	if h.Value {
		if n, err = t.Notice(ctx, true); err != nil {
			return err
		}
		defer n.Value.Wipe()
	}
	o, err := ring(ctx, h, n)
	if ctx.Err() != nil {
		return ctx.Err() // told again by whoever is there
	}
	if err != nil {
		o = notTold(n, err)
	}
	return keep(n, o)
}

// ring gives a notice to a hook, and says what its answer means.
func ring(ctx context.Context, h *hook.Hook, n Notice) (Outcome, error) {
	m := message{Consumer: n.ID, Name: n.Name, Secret: n.Secret, Called: n.SecretName, Version: n.Number, Login: n.Login}
	if b := n.Value.Reveal(); h.Value && utf8.Valid(b) {
		m.Value = string(b)
	} else if h.Value {
		m.Value, m.Base64 = base64.StdEncoding.EncodeToString(b), true
	}
	a, err := h.Send(ctx, n.ID.String()+"."+n.Secret.String(), m)
	if err != nil || !a.Done || n.Reader != 0 {
		return told(n), err
	}
	uses, err := version(a.Body)
	switch {
	case err != nil:
		return Outcome{}, err
	case uses != 0 && uses != n.Number:
		o := told(n)
		o.Code, o.Error = ErrNotCurrent.Code, "it answers that it uses another version"
		return o, nil
	}
	return Outcome{Stage: InUse}, nil
}

// version is which one an answer says that the consumer uses; zero where it does not say.
func version(body []byte) (int, error) {
	var said struct {
		Version int `json:"version"`
	}
	if len(body) == 0 || body[0] != '{' {
		return 0, nil // a program that writes what it does
	}
	if err := json.Unmarshal(body, &said); err != nil || said.Version < 0 {
		return 0, hook.ErrAnswer.With("an answer that is JSON says which version the consumer uses, as {\"version\": 7}")
	}
	return said.Version, nil
}

// told is that a consumer was told, and is to confirm.
func told(n Notice) Outcome {
	return Outcome{Stage: Told, After: min(firstRetell<<min(n.Attempts, 12), longestRetell)}
}

func notTold(n Notice, err error) Outcome {
	o := told(n)
	o.Stage, o.Code, o.Error = NotTold, fault.Internal.String(), "something in Writ went wrong; its log says what"
	if e, known := errors.AsType[*fault.Error](err); known && e.Kind != fault.Internal {
		o.Code, o.Error = e.Code, fault.Line(e)
	}
	return o
}

package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/httpapi"
)

// ErrStreams is returned where nobody else can follow.
var ErrStreams = fault.New(fault.Unavailable, "too-many-streams", "too many follow the log through this node: close one, or ask again later")

// The bounds of streams.
const (
	streamsAtMost = 64
	streamPage    = 100
	heartbeat     = 5 * time.Second // and how long who may not read any more is not noticed
)

// streams counts who follows.
type streams struct {
	mu sync.Mutex
	n  int
}

func (s *streams) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.n == streamsAtMost {
		return false
	}
	s.n++
	return true
}

func (s *streams) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n--
}

type streamInput struct {
	Last  int64 `header:"Last-Event-ID" minimum:"0" doc:"The last leaf that was seen: what follows comes first"`
	After int64 `query:"after" minimum:"0" doc:"The same, where no header can be sent"`
	Lasts int   `query:"lasts" minimum:"1" maximum:"600" default:"600" doc:"How many seconds at most it goes on: few, and again behind the last leaf, where a proxy holds an answer back until it ends"`
	Since bool  `query:"all" doc:"From the first leaf on; without it and without a last one, what comes from now on"`
}

// padding makes a proxy that waits for a full buffer let go of its first one.
var padding = ": " + strings.Repeat(" ", 2048) + "\n\n"

// stream follows the log by its leaves: their order is that of the tree, so that who
// goes on behind one misses none.
func (a *API) stream(ctx context.Context, in *streamInput) (*huma.StreamResponse, error) {
	after := max(in.Last, in.After)
	if after == 0 && !in.Since {
		_, c, err := a.newest(ctx)
		if err != nil {
			return nil, err
		}
		after = c.Size - 1
	} else if after == 0 {
		after = -1
	}
	if !a.streams.enter() {
		return nil, ErrStreams
	}
	answer := httpapi.Stream("text/event-stream", "", func(w *httpapi.Streamer) error {
		ctx, cancel := context.WithTimeout(ctx, time.Duration(in.Lasts)*time.Second)
		defer cancel()
		return a.follow(ctx, w, after)
	})
	body := answer.Body
	answer.Body = func(hc huma.Context) {
		defer a.streams.leave()
		hc.SetHeader("X-Accel-Buffering", "no")
		hc.SetHeader("Cache-Control", "no-store, no-transform")
		body(hc)
	}
	return answer, nil
}

// follow writes what comes until ctx ends, the node stops, or the caller may not read
// any more, which is asked again before every event. Where it begins is told first: who
// was shown nothing goes on from there.
func (a *API) follow(ctx context.Context, w *httpapi.Streamer, after int64) error {
	if _, err := fmt.Fprintf(w, "%sretry: 1000\nid: %d\n\n", padding, max(after, 0)); err != nil {
		return err
	}
	var seen access.Rev
	for {
		entries, err := a.Log.Since(ctx, after, streamPage)
		if err != nil {
			return ended(ctx, err)
		}
		items, err := a.items(ctx, entries)
		if err != nil {
			return ended(ctx, err)
		}
		for _, i := range items {
			if _, err := a.Read.Check(ctx, &struct{}{}); err != nil {
				return bye(w, err)
			}
			text, err := json.Marshal(i)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(w, "id: %d\nevent: record\ndata: %s\n\n", *i.Leaf, text); err != nil {
				return err
			}
			after = *i.Leaf
		}
		if err := w.Push(); err != nil {
			return err
		}
		if len(entries) == streamPage {
			continue
		}
		if seen, err = a.wait(ctx, w, seen); err != nil || seen < 0 {
			return err
		}
	}
}

// wait waits for a revision, and meanwhile shows that the stream lives. Below zero it
// has ended.
func (a *API) wait(ctx context.Context, w *httpapi.Streamer, seen access.Rev) (access.Rev, error) {
	for {
		beat, cancel := context.WithTimeout(ctx, heartbeat)
		go func() {
			select {
			case <-a.Stop:
				cancel()
			case <-beat.Done():
			}
		}()
		rev, err := a.Log.Wait(beat, seen)
		cancel()
		select {
		case <-a.Stop:
			return -1, nil
		case <-ctx.Done():
			return -1, nil
		default:
		}
		if _, err := a.Read.Check(ctx, &struct{}{}); err != nil {
			return -1, bye(w, err)
		}
		if err == nil && rev > seen {
			return rev, nil
		}
		if _, err := w.WriteString(": still here\n\n"); err != nil {
			return -1, err
		}
		if err := w.Push(); err != nil {
			return -1, err
		}
	}
}

// bye says why a stream ends.
func bye(w *httpapi.Streamer, err error) error {
	f := httpapi.ProblemOf(context.Background(), err)
	text, err := json.Marshal(f)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "event: end\ndata: %s\n\n", text)
	return err
}

// ended is nil for the end of a stream that is no error.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

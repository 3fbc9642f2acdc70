package server

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

// seenTimeout is how long the answer to a change waits until the change is seen. What was
// done is answered then all the same: it is done.
const seenTimeout = 2 * time.Second

// seen has whoever changed something find it changed: what comes next is decided and answered
// from indexes that are behind what is committed, if only by milliseconds, and would else say
// of what was just made that it is not there. Whoever has not signed in makes nobody wait and
// asks the database nothing; a foreign API has its own way with that.
func (s *Server) seen(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := w.(*answer)
		c, _ := policy.CallerOf(r.Context())
		if ok && s.cfg.Seen != nil && c.Identity != 0 && r.Method != http.MethodGet && r.Method != http.MethodHead && s.foreign(r.URL.Path) == nil {
			a.done = func() {
				ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), seenTimeout)
				defer cancel()
				if err := s.cfg.Seen(ctx); err != nil {
					slog.WarnContext(ctx, "a change is not seen yet", "request", httpapi.RequestID(ctx), "error", err)
				}
			}
		}
		next.ServeHTTP(w, r)
	})
}

package httpapi

import (
	"context"
	"crypto/rand"
)

type requestKey struct{}

// WithRequest gives a request its number.
func WithRequest(ctx context.Context) context.Context {
	return context.WithValue(ctx, requestKey{}, rand.Text()[:16])
}

// RequestID is the number of the request, as the log and problems show it.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

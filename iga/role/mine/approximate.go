package mine

import "context"

func (w *work) approximate(ctx context.Context) (Result, error) { return w.exact(ctx) }

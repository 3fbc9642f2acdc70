package server

import (
	"context"
	"fmt"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/internal/outbound"
)

// Traces sends a span of every request to a collector. Where none is configured
// there is none of it, and nothing is spent.
type Traces struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
}

// NewTraces sends to an OTLP collector over HTTP, and nowhere that its answers or the
// environment say.
func NewTraces(ctx context.Context, url, version string) (*Traces, error) {
	client, err := outbound.New(outbound.Config{URL: url})
	if err != nil {
		return nil, err
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(url), otlptracehttp.WithHTTPClient(client.HTTP()))
	if err != nil {
		return nil, fmt.Errorf("reaching the trace collector: %w", err)
	}
	return newTraces(sdk.WithBatcher(exporter), version), nil
}

func newTraces(to sdk.TracerProviderOption, version string) *Traces {
	p := sdk.NewTracerProvider(to, sdk.WithResource(resource.NewSchemaless(
		attribute.String("service.name", "writ"), attribute.String("service.version", version))))
	return &Traces{provider: p, tracer: p.Tracer("writ/server")}
}

// Close sends what is left.
func (t *Traces) Close(ctx context.Context) error { return t.provider.Shutdown(ctx) }

// begin starts a span that is nobody's child: what a stranger claims to be part of
// is not believed.
func (t *Traces) begin(r *http.Request) (*http.Request, trace.Span) {
	ctx, span := t.tracer.Start(r.Context(), "request", trace.WithSpanKind(trace.SpanKindServer), trace.WithNewRoot(),
		trace.WithAttributes(attribute.String("writ.request", httpapi.RequestID(r.Context()))))
	return r.WithContext(ctx), span
}

// end names the span by its route. Nothing of the request is in it that names a
// person or an object.
func end(span trace.Span, route, method string, status int) {
	span.SetName(methodOf(method) + " " + route)
	span.SetAttributes(
		attribute.String("http.request.method", methodOf(method)), attribute.String("http.route", route),
		attribute.Int("http.response.status_code", status),
	)
	if status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, "")
	}
	span.End()
}

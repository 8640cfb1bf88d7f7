package telemetry

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
)

// Traces sends spans to an OTLP endpoint over http, such as
// http://localhost:4318, and continues the traces of callers. Without an
// endpoint it does nothing. shutdown sends what is left.
func Traces(ctx context.Context, endpoint, version string) (shutdown func(context.Context) error, err error) {
	if endpoint == "" {
		return func(context.Context) error { return nil }, nil
	}
	address, err := url.JoinPath(endpoint, "v1", "traces")
	if err != nil {
		return nil, fmt.Errorf("read otlp endpoint: %w", err)
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(address))
	if err != nil {
		return nil, fmt.Errorf("send traces to %s: %w", endpoint, err)
	}
	provider := trace.NewTracerProvider(
		trace.WithBatcher(exporter),
		trace.WithResource(resource.NewSchemaless(attribute.String("service.name", "souk"), attribute.String("service.version", version))),
	)
	otel.SetTracerProvider(provider)
	otel.SetTextMapPropagator(propagation.TraceContext{})
	return provider.Shutdown, nil
}

// QueryTracer makes a span of each statement, with its text but never its
// arguments; nil, which costs nothing, without an endpoint.
func QueryTracer(endpoint string) pgx.QueryTracer {
	if endpoint == "" {
		return nil
	}
	return otelpgx.NewTracer(otelpgx.WithDisableConnectionDetailsInAttributes())
}

// Traced makes a span of each request; next itself without an endpoint.
func Traced(endpoint string, next http.Handler) http.Handler {
	if endpoint == "" {
		return next
	}
	return otelhttp.NewHandler(next, "request")
}

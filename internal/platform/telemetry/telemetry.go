// Package telemetry is how souk tells operators what it does: a log, figures,
// traces, and a listener of their own to read them on.
//
// Owns: [Logger], [Collect], [Traces], [Ops].
// Tables: none; it counts river_job and measures the event log through events.
// Raises: nothing. Calls: events, postgres.
package telemetry

import (
	"context"
	"io"
	"log/slog"
	"os"
	"strings"

	"go.opentelemetry.io/otel/trace"
	"golang.org/x/term"
)

// Logger writes JSON, or text for people when w is a terminal; format "json" or
// "text" decides otherwise. Attributes that are named like secrets are hidden,
// and a line written within a trace names it.
func Logger(w io.Writer, format string, level slog.Level) *slog.Logger {
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: hide}
	if format == "text" || format != "json" && terminal(w) {
		return slog.New(traced{slog.NewTextHandler(w, options)})
	}
	return slog.New(traced{slog.NewJSONHandler(w, options)})
}

func terminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// secrets are parts of attribute names whose values nobody should read.
var secrets = []string{"password", "secret", "token", "authorization", "cookie", "api_key", "card"}

func hide(_ []string, a slog.Attr) slog.Attr {
	name := strings.ToLower(a.Key)
	for _, part := range secrets {
		if strings.Contains(name, part) {
			return slog.String(a.Key, "(hidden)")
		}
	}
	return a
}

type traced struct{ slog.Handler }

func (t traced) Handle(ctx context.Context, r slog.Record) error {
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		r.AddAttrs(slog.String("trace_id", span.TraceID().String()))
	}
	return t.Handler.Handle(ctx, r)
}

func (t traced) WithAttrs(attrs []slog.Attr) slog.Handler { return traced{t.Handler.WithAttrs(attrs)} }

func (t traced) WithGroup(name string) slog.Handler { return traced{t.Handler.WithGroup(name)} }

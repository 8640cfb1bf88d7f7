package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"souk/internal/auth"
	"souk/internal/errs"
)

// printJSON writes v for scripts.
func printJSON(v any) error {
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	return out.Encode(v)
}

// explain adds the fields of a refusal to its message, for people.
func explain(err error) error {
	var refusal *errs.Error
	if !errors.As(err, &refusal) || len(refusal.Fields) == 0 {
		return err
	}
	var lines []string
	for _, f := range refusal.Fields {
		lines = append(lines, fmt.Sprintf("  %s: %s", strings.TrimPrefix(f.Pointer, "/"), f.Detail))
	}
	return fmt.Errorf("%w\n%s", err, strings.Join(lines, "\n"))
}

// asCommand says in the log of events that a command acts.
func asCommand(ctx context.Context, name string) context.Context {
	return auth.With(ctx, auth.Actor{System: "souk " + name})
}

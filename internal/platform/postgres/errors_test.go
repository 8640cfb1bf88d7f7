package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"slices"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"souk/internal/errs"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

func TestExplain(t *testing.T) {
	t.Parallel()
	refusal := errs.New(errs.Conflict, "told", "Already told.")
	for name, test := range map[string]struct {
		err  error
		want error // nil: comes back as it is
	}{
		"named constraint":       {&pgconn.PgError{Code: "23514", ConstraintName: "counters_n_small"}, errTooMuch},
		"named unique index":     {&pgconn.PgError{Code: "23505", ConstraintName: "counters_pkey"}, errTwice},
		"named, other SQLSTATE":  {&pgconn.PgError{Code: "22000", ConstraintName: "counters_pkey"}, nil},
		"constraint without one": {&pgconn.PgError{Code: "23505", ConstraintName: "unheard_of"}, nil},
		"not null":               {&pgconn.PgError{Code: "23502", ColumnName: "n"}, nil},
		"NUL in text":            {&pgconn.PgError{Code: "22021"}, errs.Validation},
		"NUL in jsonb":           {&pgconn.PgError{Code: "22P05"}, errs.Validation},
		"lock timeout":           {&pgconn.PgError{Code: "55P03"}, postgres.ErrBusy},
		"statement timeout":      {&pgconn.PgError{Code: "57014"}, postgres.ErrBusy},
		"terminated":             {&pgconn.PgError{Code: "57P01"}, postgres.ErrUnreachable},
		"crashed":                {&pgconn.PgError{Code: "57P02"}, postgres.ErrUnreachable},
		"starting":               {&pgconn.PgError{Code: "57P03"}, postgres.ErrUnreachable},
		"too many connections":   {&pgconn.PgError{Code: "53300"}, postgres.ErrUnreachable},
		"disk full":              {&pgconn.PgError{Code: "53100"}, postgres.ErrUnreachable},
		"connection exception":   {&pgconn.PgError{Code: "08006"}, postgres.ErrUnreachable},
		"bad SQL":                {&pgconn.PgError{Code: "42601"}, nil},
		"no SQLSTATE":            {&pgconn.PgError{}, nil},
		"no row":                 {pgx.ErrNoRows, postgres.ErrNoRow},
		"server gone":            {&net.OpError{Op: "read", Err: syscall.ECONNRESET}, postgres.ErrUnreachable},
		"a disk that is full":    {&fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}, nil},
		"caller gone":            {context.Canceled, nil},
		"caller out of time":     {context.DeadlineExceeded, postgres.ErrBusy},
		"a refusal":              {refusal, nil},
		"nothing":                {nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := test.err
			if in != nil {
				in = fmt.Errorf("do it: %w", in)
			}
			got := postgres.Explain(in)
			if test.want == nil {
				if got != in { //nolint:errorlint // the same, not the like
					t.Errorf("got %v, want it as it is", got)
				}
				return
			}
			if !errors.Is(got, test.want) || !errors.Is(got, test.err) {
				t.Errorf("got %v, want %v and its cause", got, test.want)
			}
			if twice := postgres.Explain(got); twice != got { //nolint:errorlint // the same, not the like
				t.Errorf("explained twice: %v", twice)
			}
		})
	}
}

// What PostgreSQL really says about a NUL, in a value and inside JSON.
func TestNULIsInvalidInput(t *testing.T) {
	t.Parallel()
	pool := pgtest.Empty(t)
	for name, sql := range map[string]string{"text": `SELECT @v::text`, "jsonb": `SELECT @v::jsonb ->> 'a'`} {
		value := "a\x00b"
		if name == "jsonb" {
			value = `{"a": "\u0000"}`
		}
		_, err := postgres.Scalar[string](t.Context(), pool, sql, pgx.NamedArgs{"v": value})
		if !errors.Is(err, errs.Validation) || errs.KindOf(err) != errs.Invalid {
			t.Errorf("%s: %v, want validation_failed", name, err)
		}
	}
}

func TestNameTwicePanics(t *testing.T) {
	t.Parallel()
	if !slices.Contains(postgres.Named(), "counters_pkey") {
		t.Error("a named constraint is not listed")
	}
	defer func() {
		if recover() == nil {
			t.Error("one constraint has two meanings")
		}
	}()
	postgres.Name("counters_pkey", errNone)
}

package postgres_test

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// Last words share the fate of their transaction.
func TestAtCommit(t *testing.T) {
	t.Parallel()
	pool := pgtest.Empty(t)
	if _, err := pool.Exec(t.Context(), `CREATE TABLE words (word text PRIMARY KEY)`); err != nil {
		t.Fatal(err)
	}
	const insert = `INSERT INTO words (word) VALUES (@word)`
	say := func(word string) pgx.NamedArgs { return pgx.NamedArgs{"word": word} }
	errNo := errors.New("no")
	for _, tc := range []struct {
		name        string
		first, last string // "" says nothing
		fail        error
		want        []string
	}{
		{"both are kept", "one", "two", nil, []string{"one", "two"}},
		{"last words alone", "", "three", nil, []string{"one", "three", "two"}},
		{"a refusal undoes both", "four", "five", errNo, []string{"one", "three", "two"}},
		{"a broken last word undoes the first", "six", "one", nil, []string{"one", "three", "two"}},
		{"nothing said", "", "", nil, []string{"one", "three", "two"}},
	} {
		err := postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
			if tc.first != "" {
				if _, err := postgres.Exec(t.Context(), tx, insert, say(tc.first)); err != nil {
					return err
				}
			}
			if tc.last != "" {
				if err := postgres.AtCommit(t.Context(), tx, insert, say(tc.last)); err != nil {
					return err
				}
			}
			return tc.fail
		})
		if broken := tc.name == "a broken last word undoes the first"; (err != nil) != (tc.fail != nil || broken) {
			t.Errorf("%s: %v", tc.name, err)
		}
		got, err := postgres.Column[string](t.Context(), pool, `SELECT word FROM words ORDER BY word`, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(tc.want) {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
	if held := pool.Stat().AcquiredConns(); held != 0 {
		t.Errorf("%d connections were not given back", held)
	}
}

// The first statement of a transaction may be a pipeline that fails.
func TestFailedFirstPipeline(t *testing.T) {
	t.Parallel()
	pool := pgtest.Empty(t)
	err := postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		b := postgres.NewBatch()
		b.Queue(`CREATE TABLE half (n int)`, nil)
		b.Queue(`SELECT 1/0 AS n`, nil)
		return b.Send(t.Context(), tx)
	})
	if err == nil {
		t.Fatal("dividing by zero went well")
	}
	there, err := postgres.Scalar[bool](t.Context(), pool, `SELECT to_regclass('half') IS NOT NULL AS there`, nil)
	if err != nil || there {
		t.Errorf("the table is there: %t, %v", there, err)
	}
	if held := pool.Stat().AcquiredConns(); held != 0 {
		t.Errorf("%d connections were not given back", held)
	}
}

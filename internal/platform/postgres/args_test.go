package postgres_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

func TestNamedArguments(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	const sql = `SELECT concat(@b::text, '@no', @a::text, @b::text) -- @neither`
	for name, test := range map[string]struct {
		args pgx.NamedArgs
		want string
		says string
	}{
		"all":            {pgx.NamedArgs{"a": "1", "b": "2"}, "2@no12", ""},
		"all, again":     {pgx.NamedArgs{"a": "3", "b": "4"}, "4@no34", ""},
		"NULL":           {pgx.NamedArgs{"a": nil, "b": "2"}, "2@no2", ""},
		"more than used": {pgx.NamedArgs{"a": "1", "b": "2", "c": "3"}, "2@no12", ""},
		"one forgotten":  {pgx.NamedArgs{"b": "2"}, "", "a"},
		"one misspelt":   {pgx.NamedArgs{"A": "1", "b": "2"}, "", "a"},
		"none":           {nil, "", "b"},
	} {
		// Twice: statements are taken apart once. Another text is another statement.
		for range 2 {
			got, err := postgres.Scalar[string](t.Context(), tx, sql+name, test.args)
			if got != test.want || (test.says == "") != (err == nil) {
				t.Errorf("%s: %q, %v; want %q %q", name, got, err, test.want, test.says)
			}
			if err != nil && !strings.Contains(err.Error(), "argument") {
				t.Errorf("%s: %v does not name the argument", name, err)
			}
		}
	}
	same := sql + "all" // by now taken apart with all its arguments
	if _, err := postgres.Scalar[string](t.Context(), tx, same, pgx.NamedArgs{"b": "2"}); err == nil || !strings.Contains(err.Error(), "@a") {
		t.Errorf("forgotten in a known statement: %v", err)
	}
}

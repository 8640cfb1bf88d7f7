package postgres_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

var (
	errTooMuch = errs.New(errs.Conflict, "too_much", "That is too much.")
	errNoNext  = errs.New(errs.Conflict, "no_next", "There is no next one.")
	errTwice   = errs.New(errs.Conflict, "twice", "That is there already.")
	errNone    = errs.New(errs.Conflict, "none_left", "There is none left.")
)

func init() {
	postgres.Name("counters_n_small", errTooMuch)
	postgres.Name("counters_next_exists", errNoNext)
	postgres.Name("counters_pkey", errTwice)
}

type row struct {
	ID int `db:"id"`
	N  int `db:"n"`
}

func TestBatch(t *testing.T) {
	t.Parallel()
	pool := counters(t)
	var (
		one   row
		all   []row
		names []string
	)
	b := postgres.NewBatch()
	b.Queue(`UPDATE counters SET n = @n WHERE id = 1`, pgx.NamedArgs{"n": 7})
	b.Queue(`UPDATE counters SET n = 0 WHERE id = 99`, nil)
	b.QueueOne(`UPDATE counters SET n = @n WHERE id = @id`, pgx.NamedArgs{"id": 2, "n": 8}, errNone)
	postgres.ReadOne(b, &one, `SELECT id, n FROM counters WHERE id = @id`, pgx.NamedArgs{"id": 2})
	postgres.ReadAll(b, &all, `SELECT id, n FROM counters ORDER BY id`, nil)
	b.Read(`SELECT unnest(ARRAY['a', 'b'])`, nil, func(rows pgx.Rows) (err error) {
		names, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	if err := b.Send(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(row{2, 8}, one); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]row{{1, 7}, {2, 8}, {3, 0}}, all); diff != "" {
		t.Error(diff)
	}
	if !slices.Equal(names, []string{"a", "b"}) {
		t.Error(names)
	}
	if err := b.Send(t.Context(), pool); err != nil || b.Len() != 0 {
		t.Errorf("sent twice: %v, %d left", err, b.Len())
	}
}

// Whatever stops a pipeline, nothing before it stays and nothing after it runs,
// with a transaction and without.
func TestBatchStops(t *testing.T) {
	t.Parallel()
	add := func(b *postgres.Batch, id, n int) {
		b.Queue(`UPDATE counters SET n = n + @n WHERE id = @id`, pgx.NamedArgs{"id": id, "n": n})
	}
	own := errors.New("own")
	for name, test := range map[string]struct {
		stop func(b *postgres.Batch)
		want error
		says string
	}{
		"no row touched": {func(b *postgres.Batch) {
			b.QueueOne(`UPDATE counters SET n = 1 WHERE id = @id`, pgx.NamedArgs{"id": 99}, errNone)
		}, errNone, ""},
		"a constraint": {func(b *postgres.Batch) { add(b, 2, 5000) }, errTooMuch, "UPDATE counters SET n"},
		"a key": {func(b *postgres.Batch) {
			b.Queue(`INSERT INTO counters (id, n) VALUES (1, 1)`, nil)
		}, errTwice, ""},
		"a reader": {func(b *postgres.Batch) {
			b.Read(`SELECT 1`, nil, func(pgx.Rows) error { return own })
		}, own, ""},
		"no row to read": {func(b *postgres.Batch) {
			postgres.ReadOne(b, new(row), `SELECT id, n FROM counters WHERE id = 99`, nil)
		}, postgres.ErrNoRow, ""},
		"a row that breaks while it is read": {func(b *postgres.Batch) {
			postgres.ReadAll(b, new([]row), `SELECT id, 1/(id - 2) AS n FROM counters ORDER BY id`, nil)
		}, nil, "division by zero"},
		"a column that does not fit": {func(b *postgres.Batch) {
			postgres.ReadAll(b, new([]row), `SELECT id, 'x' AS n FROM counters`, nil)
		}, nil, "n"},
		"bad SQL":               {func(b *postgres.Batch) { b.Queue(`SELECT FROM nowhere`, nil) }, nil, "nowhere"},
		"an argument forgotten": {func(b *postgres.Batch) { b.Queue(`SELECT @forgotten::int`, nil) }, nil, "forgotten"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := counters(t)
			for db, send := range map[string]func(b *postgres.Batch) error{
				"pool": func(b *postgres.Batch) error { return b.Send(t.Context(), pool) },
				"transaction": func(b *postgres.Batch) error {
					return postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error { return b.Send(t.Context(), tx) })
				},
			} {
				b := postgres.NewBatch()
				add(b, 1, 1)
				test.stop(b)
				ranAfter := false
				b.Read(`SELECT 1`, nil, func(pgx.Rows) error { ranAfter = true; return nil })
				add(b, 3, 1)
				err := send(b)
				if err == nil || (test.want != nil && !errors.Is(err, test.want)) || !strings.Contains(err.Error(), test.says) {
					t.Errorf("%s: got %v, want %v %q", db, err, test.want, test.says)
				}
				if ranAfter {
					t.Errorf("%s: a reader ran after the stop", db)
				}
				if a, c := counter(t, pool, 1), counter(t, pool, 3); a != 0 || c != 0 {
					t.Errorf("%s: counters %d and %d, want nothing done", db, a, c)
				}
			}
		})
	}
}

func TestBatchOfNothing(t *testing.T) {
	t.Parallel()
	if err := postgres.NewBatch().Send(t.Context(), pgtest.Tx(t)); err != nil {
		t.Error(err)
	}
}

package postgres_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/platform/postgres"
)

func TestReaders(t *testing.T) {
	t.Parallel()
	pool := counters(t)
	ctx := t.Context()
	if got, err := postgres.Get[row](ctx, pool, `SELECT id, n FROM counters WHERE id = @id`, pgx.NamedArgs{"id": 2}); got != (row{2, 0}) || err != nil {
		t.Errorf("Get: %v, %v", got, err)
	}
	if _, err := postgres.Get[row](ctx, pool, `SELECT id, n FROM counters WHERE id = 99`, nil); !errors.Is(err, postgres.ErrNoRow) || errs.KindOf(err) != errs.NotFound {
		t.Errorf("Get without a row: %v, want ErrNoRow", err)
	}
	if _, err := postgres.Get[row](ctx, pool, `SELECT id, n FROM counters`, nil); !errors.Is(err, pgx.ErrTooManyRows) {
		t.Errorf("Get of three rows: %v", err)
	}
	if _, err := postgres.Get[row](ctx, pool, `SELECT id FROM counters WHERE id = 1`, nil); err == nil {
		t.Error("Get leaves a field empty for a column that is not read")
	}
	if got, err := postgres.All[row](ctx, pool, `SELECT id, n FROM counters ORDER BY id DESC`, nil); err != nil || !cmp.Equal(got, []row{{3, 0}, {2, 0}, {1, 0}}) {
		t.Errorf("All: %v, %v", got, err)
	}
	if got, err := postgres.All[row](ctx, pool, `SELECT id, n FROM counters WHERE id > 9`, nil); err != nil || got == nil || len(got) != 0 {
		t.Errorf("All of nothing: %#v, %v; want an empty slice, which is [] in JSON", got, err)
	}
	if got, err := postgres.Column[int](ctx, pool, `SELECT id FROM counters ORDER BY id`, nil); err != nil || !slices.Equal(got, []int{1, 2, 3}) {
		t.Errorf("Column: %v, %v", got, err)
	}
	if _, err := postgres.Scalar[int](ctx, pool, `SELECT n FROM counters WHERE id = 99`, nil); !errors.Is(err, postgres.ErrNoRow) {
		t.Errorf("Scalar without a row: %v, want ErrNoRow", err)
	}
	if _, err := postgres.All[row](ctx, pool, `SELECT nonsense`, nil); err == nil {
		t.Error("bad SQL is read")
	}
}

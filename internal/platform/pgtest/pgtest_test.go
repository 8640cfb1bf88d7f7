package pgtest_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

func TestTxIsMigratedAndRolledBack(t *testing.T) {
	t.Parallel()
	for range 2 { // the second would meet what the first left
		t.Run("round", func(t *testing.T) {
			tx := pgtest.Tx(t)
			if n := count(t, tx, `SELECT count(*) FROM river_job`); n != 0 {
				t.Errorf("%d jobs in a new database", n)
			}
			if _, err := tx.Exec(t.Context(), `CREATE TABLE mine (n int)`); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestDBIsOnesOwn(t *testing.T) {
	t.Parallel()
	first, second := pgtest.DB(t), pgtest.DB(t)
	if _, err := first.Exec(t.Context(), `CREATE TABLE mine (n int)`); err != nil {
		t.Fatal(err)
	}
	if n := count(t, second, `SELECT count(*) FROM pg_tables WHERE tablename = 'mine'`); n != 0 {
		t.Error("two databases are one")
	}
	if n := count(t, second, `SELECT count(*) FROM pg_tables WHERE tablename = 'river_job'`); n != 1 {
		t.Error("the database is not migrated")
	}
}

func TestEmptyIsEmpty(t *testing.T) {
	t.Parallel()
	if n := count(t, pgtest.Empty(t), `SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`); n != 0 {
		t.Errorf("%d tables in an empty database", n)
	}
}

func count(t *testing.T, db postgres.DB, sql string) int {
	t.Helper()
	n, err := postgres.Scalar[int](t.Context(), db, sql, pgx.NamedArgs{})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

package postgres_test

import (
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// The server goes away and comes back: callers are told so, and the same pool
// works again.
func TestPoolHealsAfterServerStops(t *testing.T) {
	t.Parallel()
	dir := madeCluster(t)
	c := startCluster(t, dir)
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: c.URL("souk")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	mustExec(t, pool, `CREATE TABLE counters AS SELECT 1 AS id, 0 AS n`)
	if err := c.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	err = postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error { return add(t.Context(), tx, 1) })
	if !errors.Is(err, postgres.ErrUnreachable) {
		t.Errorf("without a server: %v, want ErrUnreachable", err)
	}
	if _, err := postgres.Scalar[int](t.Context(), pool, `SELECT 1`, nil); !errors.Is(err, postgres.ErrUnreachable) {
		t.Errorf("read without a server: %v, want ErrUnreachable", err)
	}
	startCluster(t, dir)
	if err := postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error { return add(t.Context(), tx, 1) }); err != nil {
		t.Errorf("with the server back: %v", err)
	}
	if n := counter(t, pool, 1); n != 1 {
		t.Errorf("n = %d, want 1", n)
	}
}

func TestOpenSetsTheSession(t *testing.T) {
	t.Parallel()
	url := pgtest.Empty(t).Config().ConnString()
	for name, test := range map[string]struct {
		config postgres.Config
		want   map[string]string
	}{
		"unless told": {postgres.Config{}, map[string]string{
			"statement_timeout": "5s", "lock_timeout": "2s", "idle_in_transaction_session_timeout": "10s",
			"application_name": "souk", "TimeZone": "UTC", "transaction_isolation": "read committed",
		}},
		"for a patient job": {
			postgres.Config{Name: "import", StatementTimeout: -1, LockTimeout: time.Minute, IdleInTxTimeout: 90 * time.Second},
			map[string]string{
				"statement_timeout": "0", "lock_timeout": "1min", "idle_in_transaction_session_timeout": "90s", "application_name": "import",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.config.URL = url
			pool, err := postgres.Open(t.Context(), test.config)
			if err != nil {
				t.Fatal(err)
			}
			defer pool.Close()
			moment, err := postgres.Scalar[time.Time](t.Context(), pool, `SELECT now()`, nil)
			list, err2 := postgres.Scalar[[]time.Time](t.Context(), pool, `SELECT ARRAY[now()]`, nil)
			if err := errors.Join(err, err2); err != nil || moment.Location() != time.UTC || list[0].Location() != time.UTC {
				t.Errorf("moments are in %s and %v, %v; want UTC", moment.Location(), list, err)
			}
			for setting, want := range test.want {
				if got, err := postgres.Scalar[string](t.Context(), pool, `SELECT current_setting(@name)`, pgx.NamedArgs{"name": setting}); got != want || err != nil {
					t.Errorf("%s = %q, %v; want %q", setting, got, err, want)
				}
			}
		})
	}
	if _, err := postgres.Open(t.Context(), postgres.Config{URL: "postgres://souk@127.0.0.1:1/souk"}); !errors.Is(err, postgres.ErrUnreachable) {
		t.Errorf("nobody there: %v, want ErrUnreachable", err)
	}
	if _, err := postgres.Open(t.Context(), postgres.Config{URL: "postgres://a b"}); err == nil {
		t.Error("a bad url opens")
	}
}

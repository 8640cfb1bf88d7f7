// Package pgtest gives a test a real PostgreSQL.
//
//	tx := pgtest.Tx(t)      // migrated, rolled back at the end: most tests
//	pool := pgtest.DB(t)    // migrated, the test's own: races, locks, LISTEN
//	pool := pgtest.Empty(t) // nothing in it: migrations
//
// Owns: one private cluster for each test process, copied from a template that
// is made once for each schema, and databases in it. It needs PostgreSQL's
// programs (see postgres.Start), or a server of yours in SOUK_TEST_DATABASE_URL
// on which it may create databases. Nothing has to be stopped: the server ends
// with the process, and the next process sweeps its folder. That is in memory
// where the machine has plenty (/dev/shm), else in the folder for temporary files.
// Tables: none. Raises: nothing. Calls: postgres.
package pgtest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"souk/internal/platform/postgres"
)

// Tx is a transaction in a migrated database, rolled back when the test ends.
// The whole app can run inside it: InTx makes savepoints there. Tests that insert
// the same unique values wait for one another, or for ever: they are not parallel.
func Tx(t testing.TB) pgx.Tx {
	t.Helper()
	pool, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatalf("begin: %v", err)
	}
	t.Cleanup(func() {
		if err := tx.Rollback(context.Background()); err != nil {
			t.Errorf("roll back: %v", err) // the code under test has ended a transaction that is not its own
		}
	})
	return tx
}

// DB is a migrated database of the test's own, dropped when the test ends.
func DB(t testing.TB) *pgxpool.Pool {
	t.Helper()
	s, err := theServer()
	if err != nil {
		t.Fatal(err)
	}
	return database(t, "TEMPLATE "+s.name(migrated)+s.strategy)
}

// Empty is a database without a schema, dropped when the test ends.
func Empty(t testing.TB) *pgxpool.Pool {
	t.Helper()
	return database(t, "TEMPLATE template0")
}

// Aside is the small pool beside that of DB, for what is read while transactions
// have all of its connections; a transaction is its own.
func Aside(t testing.TB, db postgres.DB) postgres.DB {
	t.Helper()
	pool, ok := db.(*pgxpool.Pool)
	if !ok {
		return db
	}
	aside, err := postgres.Aside(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(aside.Close)
	return aside
}

// migrated and rolled are the databases of the template: one that nobody
// connects to, so that it can be copied, and one for Tx.
const (
	migrated = "souk_migrated"
	rolled   = "souk_rolled"
)

var numbered atomic.Int64

func database(t testing.TB, template string) *pgxpool.Pool {
	t.Helper()
	s, err := theServer()
	if err != nil {
		t.Fatal(err)
	}
	db := fmt.Sprintf("t_%s_%d", s.run, numbered.Add(1))
	if err := s.exec(t.Context(), "CREATE DATABASE "+db+" "+template); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.exec(context.Background(), "DROP DATABASE "+db+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: s.url(db), Name: shortName(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeWithin(t, pool, 10*time.Second) })
	return pool
}

// closeWithin does not wait for ever for a connection that the test forgot to
// release: it names the leak instead.
func closeWithin(t testing.TB, pool *pgxpool.Pool, d time.Duration) {
	closed := make(chan struct{})
	go func() { pool.Close(); close(closed) }()
	select {
	case <-closed:
	case <-time.After(d):
		t.Errorf("the test holds %d connections of its pool", pool.Stat().AcquiredConns())
	}
}

// shortName fits application_name, so that pg_stat_activity shows whose a
// connection is.
func shortName(t testing.TB) string {
	n := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, t.Name())
	return n[:min(len(n), 60)]
}

// shared is the pool for Tx, one for the process.
var shared = sync.OnceValues(func() (*pgxpool.Pool, error) {
	s, err := theServer()
	if err != nil {
		return nil, err
	}
	return postgres.Open(context.Background(), postgres.Config{URL: s.url(s.name(rolled)), MaxConns: 64, Name: "pgtest.Tx"})
})

// Package pgtest gives a test a real PostgreSQL.
package pgtest

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Tx is a transaction in a migrated database, rolled back when the test ends.
func Tx(t testing.TB) pgx.Tx { t.Helper(); t.Fatal("starting"); return nil }

// DB is a migrated database of the test's own, for races, locks and LISTEN.
func DB(t testing.TB) *pgxpool.Pool { t.Helper(); t.Fatal("starting"); return nil }

// Empty is a database without a schema.
func Empty(t testing.TB) *pgxpool.Pool { t.Helper(); t.Fatal("starting"); return nil }

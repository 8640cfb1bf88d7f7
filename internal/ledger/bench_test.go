package ledger_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/ledger"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// BenchmarkPost is what the books cost an order: a transaction with one sale.
func BenchmarkPost(b *testing.B) {
	pool, vendor := pgtest.DB(b), id.New[id.Vendor]()
	b.SetParallelism(4)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			err := postgres.InTx(b.Context(), pool, func(tx pgx.Tx) error { return ledger.Post(b.Context(), tx, sale(vendor)) })
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}

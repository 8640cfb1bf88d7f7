// Package postgres is the one database of the shop: how to reach it, how to
// change it, and what its refusals mean.
//
// Owns: the pool ([Open]), transactions ([InTx]), pipelining ([Batch]), reading
// rows into structs ([Get], [All], [One], [Scalar]), the names of constraints
// ([Name], [Explain]), migrations ([Migrate]) and the private cluster ([Start]).
// Tables: none of its own.
// Raises: [ErrNoRow], [ErrBusy], [ErrUnreachable], [ErrCommitUnknown].
// Calls: nobody above.
//
//	err := postgres.InTx(ctx, pool, func(tx pgx.Tx) error {
//		n, err := postgres.Exec(ctx, tx, `
//			UPDATE stock_levels SET reserved = reserved + @qty
//			WHERE variant_id = @variant AND on_hand - reserved >= @qty`,
//			pgx.NamedArgs{"variant": variant, "qty": 2})
//		if err == nil && n == 0 {
//			err = ErrOutOfStock
//		}
//		return err
//	})
//
// # Lock order
//
// Everyone locks rows in this order, so that no two transactions wait for each
// other: cart, order, order lines by id, payment, coupon, gift card, stock by
// variant id then location id. A deadlock that happens all the same is retried
// by [InTx]; [Retries] counts them, and a figure that grows is a bug.
package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// DB is what can be read from: a pool or a transaction. A function that writes
// takes a pgx.Tx instead, so that the compiler proves its caller opened one.
type DB interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
	CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (int64, error)
	Begin(ctx context.Context) (pgx.Tx, error)
}

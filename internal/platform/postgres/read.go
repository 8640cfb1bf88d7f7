package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Get reads the one row that sql finds into a struct by its db tags, or says
// [ErrNoRow]. More than one row is an error: the statement is not a look-up.
func Get[T any](ctx context.Context, db DB, sql string, args pgx.NamedArgs) (T, error) {
	rows, err := db.Query(ctx, sql, named(args))
	if err != nil {
		var none T
		return none, Explain(err)
	}
	return One[T](rows)
}

// One reads the one row of rows into a struct and closes them, as Get does.
func One[T any](rows pgx.Rows) (T, error) {
	v, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[T])
	return v, Explain(err)
}

// All reads every row that sql finds into structs; none is an empty slice.
func All[T any](ctx context.Context, db DB, sql string, args pgx.NamedArgs) ([]T, error) {
	rows, err := db.Query(ctx, sql, named(args))
	if err != nil {
		return nil, Explain(err)
	}
	return Rows[T](rows)
}

// Rows reads every row of rows into structs and closes them, as All does.
func Rows[T any](rows pgx.Rows) ([]T, error) {
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[T])
	return list, Explain(err)
}

// Scalar reads the one column of the one row that sql finds, or says [ErrNoRow].
func Scalar[T any](ctx context.Context, db DB, sql string, args pgx.NamedArgs) (T, error) {
	rows, err := db.Query(ctx, sql, named(args))
	if err != nil {
		var none T
		return none, Explain(err)
	}
	v, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[T])
	return v, Explain(err)
}

// Column reads the one column of every row that sql finds; none is an empty slice.
func Column[T any](ctx context.Context, db DB, sql string, args pgx.NamedArgs) ([]T, error) {
	rows, err := db.Query(ctx, sql, named(args))
	if err != nil {
		return nil, Explain(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[T])
	return list, Explain(err)
}

// Exec changes rows and says how many.
func Exec(ctx context.Context, tx pgx.Tx, sql string, args pgx.NamedArgs) (int64, error) {
	tag, err := tx.Exec(ctx, sql, named(args))
	return tag.RowsAffected(), Explain(err)
}

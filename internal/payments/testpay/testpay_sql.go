package testpay

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/platform/postgres"
)

// entry is a line of the books.
type entry struct {
	Payment id.Payment    `db:"payment_id"`
	Kind    payments.Kind `db:"kind"`
	Ref     string        `db:"ref"`
	Amount  money.Amount  `db:"amount"`
	Key     string        `db:"key"`
	At      time.Time     `db:"at"`
	Note    string        `db:"note"` // what the shop has said in a dispute
}

// insertVisit keeps what a payment was begun with; a repetition changes nothing.
func insertVisit(ctx context.Context, tx pgx.Tx, s payments.Start) error {
	_, err := postgres.Exec(ctx, tx, `
		INSERT INTO test_payments (payment_id, number, currency, amount_minor, capture, return_url)
		VALUES (@payment, @number, @currency, @amount, @capture, @back)
		ON CONFLICT (payment_id) DO NOTHING`,
		pgx.NamedArgs{
			"payment": s.Payment, "number": s.Number, "currency": string(s.Amount.Currency), "amount": s.Amount.Minor, "capture": string(s.Capture),
			"back": s.ReturnURL,
		})
	return err
}

const visitColumns = `SELECT payment_id, number, (amount_minor, currency) AS amount, return_url, capture, closed_at FROM test_payments WHERE payment_id = @payment`

func selectVisit(ctx context.Context, db postgres.DB, payment id.Payment) (Visit, error) {
	return postgres.Get[Visit](ctx, db, visitColumns, pgx.NamedArgs{"payment": payment})
}

func lockVisit(ctx context.Context, tx pgx.Tx, payment id.Payment) (Visit, error) {
	v, err := postgres.Get[Visit](ctx, tx, visitColumns+` FOR UPDATE`, pgx.NamedArgs{"payment": payment})
	if errors.Is(err, postgres.ErrNoRow) {
		err = payments.ErrNoPayment
	}
	return v, err
}

func closeVisit(ctx context.Context, tx pgx.Tx, payment id.Payment, at time.Time) error {
	_, err := postgres.Exec(ctx, tx, `UPDATE test_payments SET closed_at = @at WHERE payment_id = @payment AND closed_at IS NULL`,
		pgx.NamedArgs{"payment": payment, "at": at})
	return err
}

func insertEntry(ctx context.Context, tx pgx.Tx, e entry) error {
	_, err := postgres.Exec(ctx, tx, `
		INSERT INTO test_payment_entries (payment_id, kind, ref, currency, amount_minor, key, at)
		VALUES (@payment, @kind, @ref, @currency, @amount, @key, @at)`,
		pgx.NamedArgs{
			"payment": e.Payment, "kind": string(e.Kind), "ref": e.Ref, "currency": string(e.Amount.Currency), "amount": e.Amount.Minor,
			"key": e.Key, "at": e.At,
		})
	return err
}

// insertAnswer is insertEntry of what may be going to happen anyway: it happens
// now.
func insertAnswer(ctx context.Context, tx pgx.Tx, e entry) error {
	_, err := postgres.Exec(ctx, tx, `
		INSERT INTO test_payment_entries AS t (payment_id, kind, ref, currency, amount_minor, key, at, note)
		VALUES (@payment, @kind, @ref, @currency, @amount, @key, @at, @note)
		ON CONFLICT (payment_id, kind, ref) DO UPDATE SET at = excluded.at, key = excluded.key WHERE t.at > excluded.at`,
		pgx.NamedArgs{
			"payment": e.Payment, "kind": string(e.Kind), "ref": e.Ref, "currency": string(e.Amount.Currency), "amount": e.Amount.Minor,
			"key": e.Key, "at": e.At, "note": e.Note,
		})
	return err
}

// selectEntries lists what has happened to a payment by a time, in its order.
func selectEntries(ctx context.Context, db postgres.DB, payment id.Payment, by time.Time) ([]entry, error) {
	return postgres.All[entry](ctx, db, `
		SELECT payment_id, kind, ref, (amount_minor, currency) AS amount, key, at, note
		FROM test_payment_entries WHERE payment_id = @payment AND at <= @by
		ORDER BY at, seq`,
		pgx.NamedArgs{"payment": payment, "by": by})
}

// selectMoved lists money that moved in a time.
func selectMoved(ctx context.Context, db postgres.DB, from, until time.Time) ([]entry, error) {
	return postgres.All[entry](ctx, db, `
		SELECT payment_id, kind, ref, (amount_minor, currency) AS amount, key, at, note
		FROM test_payment_entries
		WHERE at >= @from AND at < @until AND kind NOT IN ('authorize', 'void', 'fail', 'dispute_lost', 'dispute_contested')
		ORDER BY at, seq`,
		pgx.NamedArgs{"from": from, "until": until})
}

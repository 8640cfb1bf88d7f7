package credit

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/ledger"
	"souk/internal/money"
	"souk/internal/platform/postgres"
)

// A StoreEntry is one move of a customer's store credit.
type StoreEntry struct {
	ID      id.CreditEntry `db:"id" json:"id"`
	Kind    string         `db:"kind" json:"kind" enum:"granted,withdrawn,redeemed,returned,refunded"`
	Amount  money.Amount   `db:"amount" json:"amount" doc:"Below zero where it was taken off"`
	OrderID id.Order       `db:"order_id" json:"order_id,omitzero"`
	Reason  string         `db:"reason" json:"reason,omitempty"`
	At      time.Time      `db:"at" json:"at"`
}

// Grant gives store credit to a customer at the shop's expense.
func (m *Balances) Grant(ctx context.Context, tx pgx.Tx, user id.User, amount money.Amount, reason string) error {
	entry, err := deposit(ctx, tx, move{User: user, Amount: amount, Kind: "granted", Reason: reason})
	if err != nil {
		return fmt.Errorf("grant store credit to %s: %w", user, err)
	}
	return post(ctx, tx, "store_credit_entry", entry, ledger.StoreCreditLiability, amount, "store credit granted")
}

// Withdraw takes store credit from a customer; [ErrTooLittle] where there is
// less.
func (m *Balances) Withdraw(ctx context.Context, tx pgx.Tx, user id.User, amount money.Amount, reason string) error {
	less := money.Zero(amount.Currency).Minus(amount)
	entry, err := withdraw(ctx, tx, move{User: user, Amount: less, Kind: "withdrawn", Reason: reason})
	if err != nil {
		return fmt.Errorf("withdraw store credit of %s: %w", user, err)
	}
	return post(ctx, tx, "store_credit_entry", entry, ledger.StoreCreditLiability, less, "store credit withdrawn")
}

// RefundTo makes store credit of what is given back of an order. The caller
// posts it.
func RefundTo(ctx context.Context, tx pgx.Tx, user id.User, order id.Order, amount money.Amount, reason string) error {
	if _, err := deposit(ctx, tx, move{User: user, Amount: amount, Kind: "refunded", Order: order, Reason: reason}); err != nil {
		return fmt.Errorf("refund order %s to store credit: %w", order, err)
	}
	return nil
}

// A move is an entry to be.
type move struct {
	User   id.User
	Amount money.Amount // below zero to take it off
	Kind   string
	Order  id.Order
	Reason string
}

func (v move) args(ctx context.Context) (id.CreditEntry, pgx.NamedArgs) {
	entry := id.New[id.CreditEntry]()
	return entry, pgx.NamedArgs{
		"entry": entry, "user": v.User, "currency": string(v.Amount.Currency), "amount": v.Amount.Minor, "kind": v.Kind, "order": v.Order,
		"reason": v.Reason, "actor": auth.From(ctx).Name(),
	}
}

func deposit(ctx context.Context, tx pgx.Tx, v move) (id.CreditEntry, error) {
	entry, args := v.args(ctx)
	b := postgres.NewBatch()
	b.Queue(`
		INSERT INTO store_credits (user_id, currency, balance_minor) VALUES (@user, @currency, @amount)
		ON CONFLICT (user_id, currency) DO UPDATE SET balance_minor = store_credits.balance_minor + EXCLUDED.balance_minor`, args)
	b.Queue(`
		INSERT INTO store_credit_entries (id, user_id, currency, kind, delta_minor, order_id, reason, actor)
		VALUES (@entry, @user, @currency, @kind, @amount, @order, @reason, @actor)`, args)
	return entry, b.Send(ctx, tx)
}

func withdraw(ctx context.Context, tx pgx.Tx, v move) (id.CreditEntry, error) {
	entry, args := v.args(ctx)
	n, err := postgres.Exec(ctx, tx, `
		WITH moved AS (
			UPDATE store_credits SET balance_minor = balance_minor + @amount
			WHERE user_id = @user AND currency = @currency AND balance_minor + @amount >= 0 RETURNING user_id, currency
		)
		INSERT INTO store_credit_entries (id, user_id, currency, kind, delta_minor, order_id, reason, actor)
		SELECT @entry, user_id, currency, @kind, @amount, @order, @reason, @actor FROM moved`, args)
	if err == nil && n == 0 {
		err = ErrTooLittle
	}
	return entry, err
}

// known refuses users that there are not.
func known(ctx context.Context, db postgres.DB, user id.User) error {
	there, err := postgres.Scalar[bool](ctx, db, `SELECT EXISTS (SELECT FROM users WHERE id = @user)`, pgx.NamedArgs{"user": user})
	switch {
	case err != nil:
		return fmt.Errorf("find user %s: %w", user, err)
	case !there:
		return errNoUser
	}
	return nil
}

// Of is the store credit of a customer in each currency.
func (m *Balances) Of(ctx context.Context, db postgres.DB, user id.User) ([]money.Amount, error) {
	found, err := postgres.All[struct {
		Balance money.Amount `db:"balance"`
	}](ctx, db, `
		SELECT (balance_minor, currency) AS balance FROM store_credits WHERE user_id = @user AND balance_minor > 0 ORDER BY currency`, pgx.NamedArgs{"user": user})
	if err != nil {
		return nil, fmt.Errorf("read store credit of %s: %w", user, err)
	}
	list := make([]money.Amount, len(found))
	for i, f := range found {
		list[i] = f.Balance
	}
	return list, nil
}

func storeEntries(ctx context.Context, db postgres.DB, user id.User, before id.CreditEntry, limit int) ([]StoreEntry, error) {
	return postgres.All[StoreEntry](ctx, db, `
		SELECT id, kind, (delta_minor, currency) AS amount, order_id, reason, at
		FROM store_credit_entries
		WHERE user_id = @user AND (@before::uuid IS NULL OR id < @before)
		ORDER BY id DESC LIMIT @limit`, pgx.NamedArgs{"user": user, "before": before, "limit": limit})
}

package credit

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/postgres"
)

// A Spend is what a gift card, or the store credit of a user, pays of an order.
type Spend struct {
	Payment id.Payment
	Card    id.GiftCard // zero: store credit
	User    id.User     // of store credit
	Amount  money.Amount
}

// QueueSpend takes what is spent off the balances; the batch is refused with
// [ErrChanged] where one does not cover it, or is not good any more.
func QueueSpend(ctx context.Context, b *postgres.Batch, spends []Spend) {
	spends = slices.Clone(spends) // all take their locks in one order: gift cards by id, then store credit
	slices.SortFunc(spends, func(x, y Spend) int {
		if x.Card.IsZero() != y.Card.IsZero() {
			return bytes.Compare(y.Card[:], x.Card[:])
		}
		return bytes.Compare(x.Card[:], y.Card[:])
	})
	for _, s := range spends {
		sql := spendStoreCredit
		if !s.Card.IsZero() {
			sql = spendGiftCard
		}
		b.QueueOne(sql, pgx.NamedArgs{
			"entry": id.New[id.CreditEntry](), "card": s.Card, "user": s.User, "payment": s.Payment, "amount": s.Amount.Minor,
			"currency": string(s.Amount.Currency), "actor": auth.From(ctx).Name(),
		}, ErrChanged)
	}
}

const (
	spendGiftCard = `
		WITH spent AS (
			UPDATE gift_cards SET balance_minor = balance_minor - @amount, updated_at = now(), version = version + 1
			WHERE id = @card AND currency = @currency AND balance_minor >= @amount AND status = 'active' AND (expires_at IS NULL OR expires_at > now())
			RETURNING id
		)
		INSERT INTO gift_card_entries (id, gift_card_id, kind, delta_minor, payment_id, actor)
		SELECT @entry, id, 'redeemed', -@amount::bigint, @payment, @actor FROM spent`

	spendStoreCredit = `
		WITH spent AS (
			UPDATE store_credits SET balance_minor = balance_minor - @amount
			WHERE user_id = @user AND currency = @currency AND balance_minor >= @amount
			RETURNING user_id, currency
		)
		INSERT INTO store_credit_entries (id, user_id, currency, kind, delta_minor, payment_id, order_id, actor)
		SELECT @entry, s.user_id, s.currency, 'redeemed', -@amount::bigint, p.id, p.order_id, @actor FROM spent s CROSS JOIN (SELECT id, order_id FROM payments WHERE id = @payment) p`
)

// A Return is money of a payment that goes back to the gift card or the store
// credit that it came from, whatever has become of that since.
type Return struct {
	Payment id.Payment
	Amount  money.Amount
}

// GiveBack puts money back where payments took it from. The caller has locked
// their orders and recorded the refunds.
func GiveBack(ctx context.Context, tx pgx.Tx, returns []Return) error {
	if len(returns) == 0 {
		return nil
	}
	var (
		entries  []id.CreditEntry
		payments []id.Payment
		amounts  []int64
	)
	for _, r := range returns {
		entries, payments, amounts = append(entries, id.New[id.CreditEntry]()), append(payments, r.Payment), append(amounts, r.Amount.Minor)
	}
	args := pgx.NamedArgs{"entries": entries, "payments": payments, "amounts": amounts, "actor": auth.From(ctx).Name()}
	b := postgres.NewBatch()
	for _, sql := range []string{lockSpent, returnToCards, insertReturns, returnToStoreCredit, insertStoreReturns} {
		b.Queue(sql, args)
	}
	if err := b.Send(ctx, tx); err != nil {
		return fmt.Errorf("give back what %d payments took: %w", len(returns), err)
	}
	return nil
}

// returnedFragment is what goes back, with the entry that took it.
const returnedFragment = `unnest(@entries::uuid[], @payments::uuid[], @amounts::bigint[]) AS r (entry, payment, amount)`

const (
	lockSpent = `
		SELECT id FROM gift_cards
		WHERE id IN (SELECT gift_card_id FROM gift_card_entries WHERE payment_id = ANY (@payments::uuid[]))
		ORDER BY id FOR NO KEY UPDATE`

	returnToCards = `
		UPDATE gift_cards g SET balance_minor = g.balance_minor + back.amount, updated_at = now(), version = version + 1
		FROM (
			SELECT e.gift_card_id, sum(r.amount) AS amount
			FROM ` + returnedFragment + ` JOIN gift_card_entries e ON e.payment_id = r.payment AND e.kind = 'redeemed' GROUP BY 1
		) back
		WHERE g.id = back.gift_card_id`

	insertReturns = `
		INSERT INTO gift_card_entries (id, gift_card_id, kind, delta_minor, payment_id, actor)
		SELECT r.entry, e.gift_card_id, 'returned', r.amount, r.payment, @actor
		FROM ` + returnedFragment + ` JOIN gift_card_entries e ON e.payment_id = r.payment AND e.kind = 'redeemed'`

	returnToStoreCredit = `
		UPDATE store_credits s SET balance_minor = s.balance_minor + back.amount
		FROM (
			SELECT e.user_id, e.currency, sum(r.amount) AS amount
			FROM ` + returnedFragment + ` JOIN store_credit_entries e ON e.payment_id = r.payment AND e.kind = 'redeemed' GROUP BY 1, 2
		) back
		WHERE s.user_id = back.user_id AND s.currency = back.currency`

	insertStoreReturns = `
		INSERT INTO store_credit_entries (id, user_id, currency, kind, delta_minor, payment_id, order_id, actor)
		SELECT r.entry, e.user_id, e.currency, 'returned', r.amount, r.payment, e.order_id, @actor
		FROM ` + returnedFragment + ` JOIN store_credit_entries e ON e.payment_id = r.payment AND e.kind = 'redeemed'`
)

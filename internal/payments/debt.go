package payments

import (
	"context"
	"fmt"
	"time"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/postgres"
)

// Debt is what a buyer is owed back of a payment by a provider that is told to
// give back: all of what came for an order that did not wait for it, and what
// staff have refunded; less what the provider has given back, and what the shop
// has given otherwise since. What the provider is still at counts as owed. It is
// below zero when money went back that nobody here has decided on.
func Debt(ctx context.Context, db postgres.DB, payment id.Payment) (money.Amount, error) {
	owed, err := debt(ctx, db, payment)
	if err != nil {
		return money.Amount{}, fmt.Errorf("read what is owed of payment %s: %w", payment, err)
	}
	return owed, nil
}

// Names says which payments a provider calls by some names. Those that nobody
// has told us of are not among them.
func Names(ctx context.Context, db postgres.DB, provider string, names []string) (map[string]id.Payment, error) {
	rows, err := named(ctx, db, provider, names)
	if err != nil {
		return nil, fmt.Errorf("find payments of %s: %w", provider, err)
	}
	found := make(map[string]id.Payment, len(rows))
	for _, r := range rows {
		found[r.Ref] = r.Payment
	}
	return found, nil
}

// FactsOfAll lists the facts of several payments, the oldest first.
func FactsOfAll(ctx context.Context, db postgres.DB, of []id.Payment) ([]Event, error) {
	list, err := eventsOfAll(ctx, db, of)
	if err != nil {
		return nil, fmt.Errorf("read facts of %d payments: %w", len(of), err)
	}
	return list, nil
}

// Moved lists the facts by which money has moved at a provider, as far as they
// were written down from one instant until another.
func Moved(ctx context.Context, db postgres.DB, provider string, from, until time.Time) ([]Event, error) {
	list, err := moved(ctx, db, provider, from, until)
	if err != nil {
		return nil, fmt.Errorf("read what has moved at %s: %w", provider, err)
	}
	return list, nil
}

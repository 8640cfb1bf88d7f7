package payments

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// Online finds a provider that has books of its own, or refuses with
// [ErrMethod].
func (p *Payments) Online(method string) (Online, error) {
	provider, err := p.Provider(method)
	if err != nil {
		return nil, err
	}
	online, ok := provider.(Online)
	if !ok {
		return nil, ErrMethod
	}
	return online, nil
}

// ReturnURL is where a provider sends the buyer's browser back to.
func (p *Payments) ReturnURL(payment id.Payment) string {
	return p.BaseURL + "/api/v1/payments/" + payment.String() + "/return"
}

// Find is the payment that a provider calls by a name; ErrNoPayment when nobody
// has told us of it.
func Find(ctx context.Context, db postgres.DB, provider, ref string) (id.Payment, error) {
	p, err := find(ctx, db, provider, ref)
	if errors.Is(err, postgres.ErrNoRow) {
		return id.Payment{}, ErrNoPayment
	}
	if err != nil {
		return id.Payment{}, fmt.Errorf("find payment %s of %s: %w", ref, provider, err)
	}
	return p, nil
}

// KnownOf is by which names we know a payment.
func KnownOf(ctx context.Context, db postgres.DB, p Payment) (Known, error) {
	k, err := knownOf(ctx, db, p.ID)
	if err != nil {
		return Known{}, fmt.Errorf("read names of payment %s: %w", p.ID, err)
	}
	return Known{Payment: p.ID, Ref: p.ProviderRef, Refs: k.Refs, Amount: p.Amount, At: k.At}, nil
}

// Named keeps further names of a payment. One that is another payment's is
// refused with [ErrMismatch].
func Named(ctx context.Context, tx pgx.Tx, p Payment, refs []string) error {
	if len(refs) == 0 {
		return nil
	}
	others, err := nameRefs(ctx, tx, p, refs)
	if err != nil {
		return fmt.Errorf("name payment %s: %w", p.ID, err)
	}
	if len(others) > 0 {
		return ErrMismatch.With("reference", others[0])
	}
	return nil
}

// FactsOf lists the facts of a payment, the oldest first.
func FactsOf(ctx context.Context, db postgres.DB, payment id.Payment) ([]Event, error) {
	list, err := eventsOf(ctx, db, payment)
	if err != nil {
		return nil, fmt.Errorf("read facts of payment %s: %w", payment, err)
	}
	return list, nil
}

// TooLong is for how long a provider is asked about a payment that nothing is
// heard of: the longest that a bank takes to say yes.
const TooLong = 3 * 24 * time.Hour

// Watch says whether a provider is to be asked about a payment again: soon at
// first, less often later, and never when it is over.
func Watch(ctx context.Context, tx pgx.Tx, payment id.Payment, again bool) error {
	if err := watch(ctx, tx, payment, again); err != nil {
		return fmt.Errorf("watch payment %s: %w", payment, err)
	}
	return nil
}

// Heard says that a provider was asked at a moment, and has told all that it knew
// of a payment then: every notice of it that had come by then is answered.
func Heard(ctx context.Context, tx pgx.Tx, p Payment, at time.Time) error {
	if err := heard(ctx, tx, p, at); err != nil {
		return fmt.Errorf("answer the notices of payment %s: %w", p.ID, err)
	}
	return nil
}

// Watched lists payments that a provider is to be asked about, and puts each off,
// in case nothing comes of it.
func Watched(ctx context.Context, tx pgx.Tx, limit int) ([]id.Payment, error) {
	return watched(ctx, tx, limit)
}

// Owe says that what was captured goes back.
func Owe(ctx context.Context, tx pgx.Tx, payment id.Payment) error {
	if err := owe(ctx, tx, payment); err != nil {
		return fmt.Errorf("owe payment %s: %w", payment, err)
	}
	return nil
}

// ErrAttempts says that an order was tried to be paid too often: whoever tries
// out cards must do it elsewhere.
var ErrAttempts = errs.New(errs.TooMany, "too_many_attempts", "This order was tried to be paid too often. Write to the shop.")

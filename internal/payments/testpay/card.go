package testpay

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/platform/postgres"
)

// Card is what a buyer chooses instead of typing a number: no number is ever
// asked for.
type Card struct {
	Name  string
	Label string
	Help  string
}

// The cards that do more than be declined.
const (
	Pays      = "pays"
	Challenge = "challenge" // the page asks the holder, and then chooses another card
	Later     = "later"
	Disputed  = "disputed"
)

// slow is how long a bank takes that takes its time.
const slow = 2 * time.Minute

// Cards lists those that can be chosen. Only money that is taken at once can be
// taken back by a bank.
func (v Visit) Cards() []Card {
	cards := []Card{
		{Pays, "A card that pays", "The money is there at once."},
		{Challenge, "A card that asks its holder", "3-D Secure: the bank wants to know whether it is you."},
		{"declined", "A card that is declined", "You can try another one."},
		{"insufficient_funds", "A card without enough money", "You can try another one."},
		{Later, "A bank that takes its time", "The money comes in two minutes, by itself."},
	}
	if v.Capture == payments.CaptureAutomatic {
		cards = append(cards, Card{
			Disputed, "A card whose holder complains", "It pays. Two minutes later the bank takes the money back, and decides for its holder after two more.",
		})
	}
	return cards
}

// Visit is a payment as its page shows it.
type Visit struct {
	Payment id.Payment   `db:"payment_id"`
	Number  string       `db:"number"` // of the order
	Amount  money.Amount `db:"amount"`
	Back    string       `db:"return_url"` // where its buyer came from
	Paid    bool         `db:"-"`          // or on its way

	Capture  payments.CaptureWhen `db:"capture"`
	ClosedAt *time.Time           `db:"closed_at"`
}

// Open reports whether its buyer can still choose a card.
func (v Visit) Open() bool { return !v.Paid && v.ClosedAt == nil }

// Visit reads what a page is about; payments.ErrNoPayment when there is none.
func (p *Provider) Visit(ctx context.Context, payment id.Payment) (Visit, error) {
	v, err := selectVisit(ctx, p.DB, payment)
	if err == nil {
		err = p.fill(ctx, p.DB, &v)
	}
	if errors.Is(err, postgres.ErrNoRow) {
		err = payments.ErrNoPayment
	}
	return v, err
}

// fill finds out whether it is paid, or about to be, and where its buyer goes back
// to.
func (p *Provider) fill(ctx context.Context, db postgres.DB, v *Visit) error {
	all, err := selectEntries(ctx, db, v.Payment, p.Clock.Now().Add(slow))
	if err != nil {
		return err
	}
	v.Paid = sum(all)[payments.Authorize] > 0
	back, err := url.Parse(v.Back)
	if err != nil {
		return fmt.Errorf("read where the buyer of %s came from: %w", v.Payment, err)
	}
	query := back.Query()
	query.Set(returned, v.Payment.String())
	back.RawQuery = query.Encode()
	v.Back = back.String()
	return nil
}

var (
	errClosed = errs.New(errs.Conflict, "payment_state", "Nothing is to be paid here any more.")
	errCard   = errs.New(errs.Invalid, "unknown_card", "Choose one of the cards.")
)

// Choose does what comes of a card.
func (p *Provider) Choose(ctx context.Context, payment id.Payment, card string) error {
	return p.do(ctx, func(tx pgx.Tx) error {
		v, err := lockVisit(ctx, tx, payment)
		if err != nil {
			return err
		}
		if err := p.fill(ctx, tx, &v); err != nil {
			return err
		}
		now := p.Clock.Now()
		switch {
		case !v.Open():
			return errClosed
		case card == Pays:
			return p.pay(ctx, tx, v, v.Amount, now)
		case card == Later:
			return p.pay(ctx, tx, v, v.Amount, now.Add(slow))
		case card == Disputed && v.Capture == payments.CaptureAutomatic:
			return p.payAndComplain(ctx, tx, v, now)
		case card == "declined", card == "insufficient_funds":
			return insertEntry(ctx, tx, entry{Payment: payment, Kind: payments.Fail, Ref: newRef(), Amount: money.Zero(v.Amount.Currency), At: now})
		}
		return errCard
	})
}

// pay promises an amount at a time, and takes it where the account is one that
// does at once.
func (p *Provider) pay(ctx context.Context, tx pgx.Tx, v Visit, amount money.Amount, at time.Time) error {
	e := entry{Payment: v.Payment, Kind: payments.Authorize, Ref: newRef(), Amount: amount, At: at}
	if err := insertEntry(ctx, tx, e); err != nil || v.Capture != payments.CaptureAutomatic {
		return err
	}
	e.Kind, e.Ref = payments.Capture, newRef()
	return insertEntry(ctx, tx, e)
}

// payAndComplain pays, and lets the bank take it back.
func (p *Provider) payAndComplain(ctx context.Context, tx pgx.Tx, v Visit, at time.Time) error {
	if err := p.pay(ctx, tx, v, v.Amount, at); err != nil {
		return err
	}
	e := entry{Payment: v.Payment, Kind: payments.Chargeback, Ref: newRef(), Amount: v.Amount, At: at.Add(slow)}
	if err := insertEntry(ctx, tx, e); err != nil {
		return err
	}
	e.Kind, e.Amount, e.At = lost, money.Zero(v.Amount.Currency), at.Add(2*slow)
	return insertEntry(ctx, tx, e)
}

package payments

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

// KeptDispute is a dispute as we keep it.
type KeptDispute struct {
	ID      id.Dispute `db:"id" json:"id"`
	Payment id.Payment `db:"payment_id" json:"payment_id"`
	Dispute
	CreatedAt time.Time `db:"created_at" json:"created_at"`
	UpdatedAt time.Time `db:"updated_at" json:"updated_at"`
}

// NeedsResponse is the status of a dispute that the shop has to answer.
const NeedsResponse = "needs_response"

var (
	// ErrNoDispute says that there is no such dispute.
	ErrNoDispute = errs.New(errs.NotFound, "not_found", "There is no such dispute.")
	// ErrNoAnswer says that nobody wants to hear anything of a dispute.
	ErrNoAnswer = errs.New(errs.Conflict, "dispute_not_open", "This dispute wants no answer, or not any more.")
	// ErrOverdue says that the answer to a dispute comes too late.
	ErrOverdue = errs.New(errs.Conflict, "dispute_overdue", "The time to answer this dispute is over.")
	// ErrAnswered says that a dispute was answered, or is about to be.
	ErrAnswered = errs.New(errs.Conflict, "dispute_answered", "This dispute was answered already.")
)

// KeepDispute keeps what a provider tells of a dispute, and says whether it is
// news: that it has another status.
func KeepDispute(ctx context.Context, tx pgx.Tx, payment id.Payment, d Dispute) (which id.Dispute, news bool, err error) {
	told, err := upsertDispute(ctx, tx, payment, d)
	if errors.Is(err, postgres.ErrNoRow) {
		return which, false, nil
	}
	if err != nil {
		return which, false, fmt.Errorf("keep dispute %s of payment %s: %w", d.Ref, payment, err)
	}
	return told.ID, told.News, nil
}

// ReadDispute reads a dispute; ErrNoDispute when there is none.
func ReadDispute(ctx context.Context, db postgres.DB, which id.Dispute) (KeptDispute, error) {
	d, err := readDispute(ctx, db, which)
	if errors.Is(err, postgres.ErrNoRow) {
		return KeptDispute{}, ErrNoDispute
	}
	if err != nil {
		return KeptDispute{}, fmt.Errorf("read dispute %s: %w", which, err)
	}
	return d, nil
}

// IsDisputed reports whether money of an order is with a bank because of disputes
// that are not decided. What is lost is gone.
func IsDisputed(ctx context.Context, db postgres.DB, order id.Order) (bool, error) {
	is, err := isDisputed(ctx, db, order)
	if err != nil {
		return false, fmt.Errorf("look for disputes about order %s: %w", order, err)
	}
	return is, nil
}

// Answerable refuses a dispute that cannot be answered now. What its provider was
// told about the payment is told, too: one that was answered may want another
// answer when its status has changed since, unless it was given up.
func (d KeptDispute) Answerable(told []Instruction, now time.Time) error {
	switch {
	case d.Status != NeedsResponse:
		return ErrNoAnswer.With("status", d.Status)
	case d.DueBy != nil && !now.Before(*d.DueBy):
		return ErrOverdue.With("due_by", d.DueBy)
	}
	for _, in := range told {
		if in.Dispute != d.ID || in.State == InstructionRefused {
			continue
		}
		if in.Kind == Concede || in.State == InstructionPending || !in.UpdatedAt.Before(d.UpdatedAt) {
			return ErrAnswered.With("answer", in.Kind)
		}
	}
	return nil
}

// early is how long before its evidence is due staff are reminded of a dispute.
const early = 48 * time.Hour

// Remind tells staff of disputes whose evidence is due soon, and that nobody has
// answered: once for each time that one asks. It is a sweep.
func (p *Payments) Remind(ctx context.Context) error {
	now := p.Accounts.Clock.Now()
	err := postgres.InTx(ctx, p.DB, func(tx pgx.Tx) error {
		due, err := remindOf(ctx, tx, now, now.Add(early))
		if err != nil {
			return err
		}
		for _, which := range due {
			if err := events.Raise(ctx, tx, DisputeDue{which}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("remind of disputes: %w", err)
	}
	return nil
}

package checkout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/platform/postgres"
)

// silence is how long a provider may not say what has become of an instruction
// before a person is to look.
const silence = 24 * time.Hour

// instructBatch is how many instructions, notices and payments one round of a
// sweep takes up.
const instructBatch = 100

// instructRefund has a provider give back an amount of what a payment has taken,
// from its captures in their order.
func (c *Checkout) instructRefund(ctx context.Context, tx pgx.Tx, p payments.Payment, amount money.Amount, in payments.Instruction) error {
	facts, err := payments.FactsOf(ctx, tx, p.ID)
	if err != nil {
		return err
	}
	told, err := payments.InstructionsOf(ctx, tx, p.ID)
	if err != nil {
		return err
	}
	failed := map[string]bool{}
	for _, f := range facts {
		failed[f.Cause] = failed[f.Cause] || f.Kind == payments.RefundFailed
	}
	for _, f := range facts {
		if f.Kind != payments.Capture || amount.IsZero() {
			continue
		}
		left := f.Amount
		for _, i := range told {
			if i.Kind == payments.Refund && i.Taken == f.Cause && i.State != payments.InstructionRefused && !failed[i.Cause] {
				left = left.Minus(i.Amount)
			}
		}
		in.Payment, in.Kind, in.Taken = p.ID, payments.Refund, f.Cause
		in.Amount = money.Of(min(amount.Minor, max(left.Minor, 0)), amount.Currency)
		if in.Amount.IsZero() {
			continue
		}
		if err := payments.Instruct(ctx, tx, in); err != nil {
			return err
		}
		amount = amount.Minus(in.Amount)
	}
	if !amount.IsZero() {
		return fmt.Errorf("refund payment %s: no capture has taken %s of it", p.ID, amount)
	}
	return nil
}

// Carry tells a provider what it is to do, and records what it answers. No
// transaction is open while it is told. What it does not answer stays due.
func (c *Checkout) Carry(ctx context.Context, e payments.InstructionDue) error {
	ctx = asSystem(ctx, "payments")
	var in payments.Instruction
	err := postgres.InTx(ctx, c.DB, func(tx pgx.Tx) (err error) {
		in, err = payments.Claim(ctx, tx, e.InstructionID)
		return err
	})
	if errors.Is(err, payments.ErrNoInstruction) { // it was carried out, or somebody is at it
		return nil
	}
	if err != nil {
		return err
	}
	payment, err := payments.Get(ctx, c.DB, in.Payment)
	if err != nil {
		return err
	}
	if in.Kind == payments.Capture {
		if dead, err := c.dropCapture(ctx, payment, in); dead || err != nil {
			return err
		}
	}
	beforeCarry.Here()
	fact, err := c.tell(ctx, payment, in)
	afterCarry.Here()
	no := errs.Refusal(err)
	switch {
	case err == nil:
		err = c.carried(ctx, payment, in, fact)
	case no != nil:
		err = c.refused(ctx, payment, in, no)
	default:
		err = c.unanswered(ctx, payment, in, err)
	}
	if err != nil {
		return fmt.Errorf("carry out %s of payment %s: %w", in.Kind, in.Payment, err)
	}
	afterCarryCommit.Here()
	switch {
	case in.Kind == payments.Void && no != nil, in.Kind == payments.Capture && fact.Kind == payments.Capture, // it may be paid; its fee is known
		!in.Dispute.IsZero() && (no != nil || fact.Cause != ""): // the dispute is in another state
		return c.Sync(ctx, in.Payment)
	}
	return nil
}

// dropCapture gives up to take money for an order that was cancelled meanwhile, or
// has come back: what was promised for it is let go.
func (c *Checkout) dropCapture(ctx context.Context, payment payments.Payment, in payments.Instruction) (dead bool, err error) {
	err = postgres.InTx(ctx, c.DB, func(tx pgx.Tx) error {
		w, err := orders.Lock(ctx, tx, payment.Order)
		if dead = w.Void(); err != nil || !dead {
			return err
		}
		if _, err := payments.Conclude(ctx, tx, in, payments.InstructionRefused, "", "the order was cancelled"); err != nil {
			return err
		}
		left := payment.Held()
		if left.IsZero() {
			return nil
		}
		return payments.Instruct(ctx, tx, payments.Instruction{Payment: payment.ID, Kind: payments.Void, Amount: left, Reason: "order " + w.Number + " was cancelled"})
	})
	return dead, err
}

// tell calls the provider.
func (c *Checkout) tell(ctx context.Context, payment payments.Payment, in payments.Instruction) (payments.Fact, error) {
	provider, err := c.Payments.Online(payment.Provider)
	if err != nil {
		return payments.Fact{}, err
	}
	known, err := payments.KnownOf(ctx, c.DB, payment)
	if err != nil {
		return payments.Fact{}, err
	}
	move := payments.Move{
		Payment: payment.ID, Ref: known.Ref, Refs: known.Refs, Amount: in.Amount, All: !in.Part, Taken: in.Taken, Reason: in.Reason,
		Cause: in.ID.String(), Key: in.ID.String(),
	}
	switch in.Kind {
	case payments.Capture:
		return provider.Capture(ctx, move)
	case payments.Void:
		return provider.Void(ctx, move)
	case payments.Refund:
		return provider.Refund(ctx, move)
	case payments.Contest, payments.Concede:
		return c.respond(ctx, provider, known, in)
	default:
		return payments.Fact{}, fmt.Errorf("nobody can be told to %s", in.Kind)
	}
}

// carried records what a provider has done.
func (c *Checkout) carried(ctx context.Context, payment payments.Payment, in payments.Instruction, fact payments.Fact) error {
	return postgres.InTx(ctx, c.DB, func(tx pgx.Tx) error {
		w, err := orders.Lock(ctx, tx, payment.Order)
		if err != nil {
			return err
		}
		if payment, err = payments.Get(ctx, tx, payment.ID); err != nil { // as it is under the lock
			return err
		}
		if _, err := payments.Conclude(ctx, tx, in, payments.InstructionDone, fact.Cause, ""); err != nil {
			return err
		}
		if !in.Dispute.IsZero() { // no money has moved by it
			return payments.Attended(ctx, tx, payment.Provider, fact.Cause, "the dispute was answered: "+string(in.Kind))
		}
		if closing := in.Kind == payments.Void && in.Amount.IsZero(); !closing { // which was recorded when it was decided
			if _, err := c.settleOrExcept(ctx, tx, &w, &payment, fact); err != nil {
				return err
			}
		}
		if err := payments.Watch(ctx, tx, payment.ID, in.Kind != payments.Void); err != nil { // for its fee, and what comes of it
			return err
		}
		beforeCarryCommit.Here()
		return nil
	})
}

// refused records that a provider does not do something, for a person to look
// at. Who is told to close what is closed or paid has nothing to look at: the
// payment is asked about.
func (c *Checkout) refused(ctx context.Context, payment payments.Payment, in payments.Instruction, no *errs.Error) error {
	return postgres.InTx(ctx, c.DB, func(tx pgx.Tx) error {
		w, err := orders.Lock(ctx, tx, payment.Order)
		if err != nil {
			return err
		}
		fresh, err := payments.Conclude(ctx, tx, in, payments.InstructionRefused, "", no.Message)
		if err != nil || !fresh {
			return err
		}
		if in.Kind == payments.Void && (in.Amount.IsZero() || no.Code == "payment_state") { // it is asked about next
			return nil
		}
		if in.Kind == payments.Capture && w.Status == orders.StatusPending { // the buyer may agree again, or pay otherwise
			return nil
		}
		return payments.Except(ctx, tx, payments.Exception{
			Provider: payment.Provider, Kind: payments.ExceptionRefused, Payment: payment.ID, Order: payment.Order, Subject: in.ID.String(),
			Detail: map[string]any{"instruction": in.Kind, "amount": in.Amount, "code": no.Code, "says": no.Message, "more": no.Extra},
		})
	})
}

// unanswered puts an instruction off. A day of silence is shown to staff.
func (c *Checkout) unanswered(ctx context.Context, payment payments.Payment, in payments.Instruction, why error) error {
	return postgres.InTx(ctx, c.DB, func(tx pgx.Tx) error {
		if err := payments.Unanswered(ctx, tx, in, why.Error()); err != nil {
			return err
		}
		if in.UpdatedAt.Sub(in.CreatedAt) < silence {
			return nil
		}
		return payments.Except(ctx, tx, payments.Exception{
			Provider: payment.Provider, Kind: payments.ExceptionSilent, Payment: payment.ID, Order: payment.Order, Subject: in.ID.String(),
			Detail: map[string]any{"instruction": in.Kind, "amount": in.Amount, "attempts": in.Attempts, "problem": why.Error()},
		})
	})
}

// CarryDue carries out what nobody is at: what was not answered before, and what
// a process has died over. It is a sweep.
func (c *Checkout) CarryDue(ctx context.Context) error {
	due, err := payments.DueInstructions(ctx, c.DB, instructBatch)
	if err != nil {
		return err
	}
	return each(ctx, due, func(which id.Instruction) error { return c.Carry(ctx, payments.InstructionDue{InstructionID: which}) })
}

// each does something with all of a list; what fails keeps nobody else from it.
func each[T any](ctx context.Context, list []T, do func(T) error) error {
	var problems []error
	for _, v := range list {
		if err := do(v); err != nil {
			problems = append(problems, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(problems...)
}

// asSystem names who acts when nobody has asked.
func asSystem(ctx context.Context, name string) context.Context {
	if auth.From(ctx).Anonymous() {
		return auth.With(ctx, auth.Actor{System: name})
	}
	return ctx
}

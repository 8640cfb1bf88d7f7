package payments

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

// Instruction is what a provider is to be told to do. It is written in the
// transaction that decides it and carried out afterwards, under its id as the
// key, until the provider says yes or no: a call without an answer is repeated.
// Where there is nobody to be told, people carry it out and say that they have.
type Instruction struct {
	ID        id.Instruction   `db:"id" json:"id"`
	Payment   id.Payment       `db:"payment_id" json:"payment_id"`
	Kind      Kind             `db:"kind" json:"kind" enum:"capture,void,refund,contest,concede"`
	Amount    money.Amount     `db:"amount" json:"amount"`
	Part      bool             `db:"part" json:"part,omitempty" doc:"Of a capture: the rest is taken later"`
	Taken     string           `db:"taken" json:"-"` // of a refund: the cause of the capture that it is of
	Ahead     bool             `db:"ahead" json:"-"` // of a refund: of money that was taken ahead, for what was cancelled since
	Refund    id.Refund        `db:"refund_id" json:"refund_id,omitzero"`
	Dispute   id.Dispute       `db:"dispute_id" json:"dispute_id,omitzero" doc:"Of contest and concede"`
	Evidence  *Evidence        `db:"evidence" json:"evidence,omitempty" doc:"Of contest: what the shop says"`
	Reason    string           `db:"reason" json:"reason,omitempty"`
	State     InstructionState `db:"state" json:"state" enum:"due,done,refused"`
	Cause     string           `db:"cause" json:"-"`
	Problem   string           `db:"problem" json:"problem,omitempty" doc:"What the provider said last when it did not do it"`
	Attempts  int              `db:"attempts" json:"attempts"`
	ByHand    bool             `db:"by_hand" json:"by_hand,omitempty" doc:"People are to do it"`
	CreatedAt time.Time        `db:"created_at" json:"created_at"`
	UpdatedAt time.Time        `db:"updated_at" json:"updated_at"`
}

// InstructionState is how far an instruction has come.
type InstructionState string

// The states of an instruction.
const (
	InstructionPending InstructionState = "due"
	InstructionDone    InstructionState = "done"
	InstructionRefused InstructionState = "refused"
)

// ErrNoInstruction says that there is no such instruction, or that nothing is
// to be done about it at the moment.
var ErrNoInstruction = errs.New(errs.NotFound, "not_found", "There is no such instruction.")

// Instruct decides that a provider is to be told something. A capture or a void
// that is due already stays as it is. What a refund gives back counts from now
// on: no other can give it back too. The order of the payment is locked by the
// caller.
func Instruct(ctx context.Context, tx pgx.Tx, in Instruction) error {
	in.ID = id.New[id.Instruction]()
	n, err := insertInstruction(ctx, tx, in)
	if err != nil {
		return fmt.Errorf("instruct %s of payment %s: %w", in.Kind, in.Payment, err)
	}
	if n == 0 {
		return nil
	}
	return events.Raise(ctx, tx, InstructionDue{in.ID})
}

// Answer decides how a dispute is answered; ErrAnswered while another answer about
// the payment is on its way. The order of the payment is locked by the caller.
func Answer(ctx context.Context, tx pgx.Tx, in Instruction) error {
	in.ID = id.New[id.Instruction]()
	n, err := insertInstruction(ctx, tx, in)
	if err != nil {
		return fmt.Errorf("%s dispute %s: %w", in.Kind, in.Dispute, err)
	}
	if n == 0 {
		return ErrAnswered
	}
	return events.Raise(ctx, tx, InstructionDue{in.ID})
}

// SendBack decides that people are to give back an amount of what has come on a
// payment: staff are shown it until they say that they have. The order of the
// payment is locked by the caller.
func SendBack(ctx context.Context, tx pgx.Tx, p Payment, in Instruction) error {
	in.ID, in.Payment, in.Kind, in.ByHand = id.New[id.Instruction](), p.ID, Refund, true
	if _, err := insertInstruction(ctx, tx, in); err != nil {
		return fmt.Errorf("have %s of payment %s sent back: %w", in.Amount, p.ID, err)
	}
	return Except(ctx, tx, Exception{
		Provider: p.Provider, Kind: ExceptionByHand, Payment: p.ID, Order: p.Order, Subject: in.ID.String(),
		Detail: map[string]any{"amount": in.Amount, "reason": in.Reason},
	})
}

// Carried writes down an instruction that nobody has to carry out: the fact of
// this cause is what it would have become.
func Carried(ctx context.Context, tx pgx.Tx, in Instruction, cause string) error {
	in.ID = id.New[id.Instruction]()
	if err := insertCarried(ctx, tx, in, cause); err != nil {
		return fmt.Errorf("write down %s of payment %s: %w", in.Kind, in.Payment, err)
	}
	return nil
}

// Hasten lets a provider be told again now, under the same key. False when it has
// answered meanwhile.
func Hasten(ctx context.Context, tx pgx.Tx, which id.Instruction) (bool, error) {
	n, err := hastenInstruction(ctx, tx, which)
	if err != nil || n == 0 {
		return false, err
	}
	return true, events.Raise(ctx, tx, InstructionDue{which})
}

// Claim takes an instruction that is due, for a minute: whoever else looks for
// it finds nothing. ErrNoInstruction when it is done, or somebody is at it.
func Claim(ctx context.Context, tx pgx.Tx, which id.Instruction) (Instruction, error) {
	in, err := claimInstruction(ctx, tx, which)
	if errors.Is(err, postgres.ErrNoRow) {
		return Instruction{}, ErrNoInstruction
	}
	return in, err
}

// DueInstructions lists those that nobody is at.
func DueInstructions(ctx context.Context, db postgres.DB, limit int) ([]id.Instruction, error) {
	return dueInstructions(ctx, db, limit)
}

// Conclude says what has become of an instruction: it was done, and the fact has
// this cause; or the provider refuses it, and why. False when it is known
// already. What a refund would have given back does not count any more: the fact
// does, if there is one.
func Conclude(ctx context.Context, tx pgx.Tx, in Instruction, state InstructionState, cause, problem string) (bool, error) {
	n, err := concludeInstruction(ctx, tx, in, state, cause, problem)
	if err != nil {
		return false, fmt.Errorf("conclude instruction %s: %w", in.ID, err)
	}
	return n == 1, nil
}

// Unanswered puts an instruction off of which the outcome is unknown: a few
// seconds at first, an hour in the end.
func Unanswered(ctx context.Context, tx pgx.Tx, in Instruction, problem string) error {
	wait := min(5*time.Second<<min(in.Attempts, 10), time.Hour)
	if err := putOffInstruction(ctx, tx, in.ID, wait, problem); err != nil {
		return fmt.Errorf("put off instruction %s: %w", in.ID, err)
	}
	return nil
}

// InstructionsOf lists what a provider was told about a payment, the oldest first.
func InstructionsOf(ctx context.Context, db postgres.DB, payment id.Payment) ([]Instruction, error) {
	list, err := instructionsOf(ctx, db, payment)
	if err != nil {
		return nil, fmt.Errorf("read instructions of payment %s: %w", payment, err)
	}
	return list, nil
}

package payments

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

const instructionColumnsFragment = `
	i.id, i.payment_id, i.kind, (i.amount_minor, i.currency) AS amount, NOT i.final AS part, i.taken, i.ahead, i.refund_id, i.dispute_id, i.evidence, i.reason, i.state, i.cause, i.problem, i.attempts,
	i.by_hand, i.created_at, i.updated_at`

func insertInstruction(ctx context.Context, tx pgx.Tx, in Instruction) (int64, error) {
	return postgres.Exec(ctx, tx, `
		WITH told AS (
			INSERT INTO payment_instructions (id, payment_id, currency, kind, amount_minor, final, taken, ahead, refund_id, dispute_id, evidence, reason, by_hand)
			VALUES (@id, @payment, @currency, @kind, @amount, @final, @taken, @ahead, @refund, @dispute, @evidence, @reason, @by_hand)
			ON CONFLICT (payment_id, kind) WHERE state = 'due' AND kind <> 'refund' DO NOTHING
			RETURNING payment_id
		)
		UPDATE payments p SET
			refunding_minor = refunding_minor + CASE @kind WHEN 'refund' THEN @amount ELSE 0 END, updated_at = now(), version = version + 1
		FROM told WHERE p.id = told.payment_id`,
		pgx.NamedArgs{
			"id": in.ID, "payment": in.Payment, "currency": string(in.Amount.Currency), "kind": string(in.Kind), "amount": in.Amount.Minor,
			"final": !in.Part, "taken": in.Taken, "ahead": in.Ahead, "refund": in.Refund, "dispute": in.Dispute, "evidence": in.Evidence, "reason": in.Reason, "by_hand": in.ByHand,
		})
}

func insertCarried(ctx context.Context, tx pgx.Tx, in Instruction, cause string) error {
	_, err := postgres.Exec(ctx, tx, `
		INSERT INTO payment_instructions (id, payment_id, currency, kind, amount_minor, taken, refund_id, reason, state, cause)
		VALUES (@id, @payment, @currency, @kind, @amount, @taken, @refund, @reason, 'done', @cause)`,
		pgx.NamedArgs{
			"id": in.ID, "payment": in.Payment, "currency": string(in.Amount.Currency), "kind": string(in.Kind), "amount": in.Amount.Minor,
			"taken": in.Taken, "refund": in.Refund, "reason": in.Reason, "cause": cause,
		})
	return err
}

func hastenInstruction(ctx context.Context, tx pgx.Tx, which id.Instruction) (int64, error) {
	return postgres.Exec(ctx, tx, `UPDATE payment_instructions SET due_at = now(), updated_at = now() WHERE id = @id AND state = 'due'`, pgx.NamedArgs{"id": which})
}

func claimInstruction(ctx context.Context, tx pgx.Tx, which id.Instruction) (Instruction, error) {
	return postgres.Get[Instruction](ctx, tx, `
		UPDATE payment_instructions i SET due_at = now() + interval '1 minute', attempts = attempts + 1, updated_at = now()
		WHERE id = @id AND state = 'due' AND due_at <= now() AND NOT by_hand
		RETURNING `+instructionColumnsFragment, pgx.NamedArgs{"id": which})
}

func dueInstructions(ctx context.Context, db postgres.DB, limit int) ([]id.Instruction, error) {
	return postgres.Column[id.Instruction](ctx, db, `
		SELECT id FROM payment_instructions WHERE state = 'due' AND due_at <= now() AND NOT by_hand ORDER BY due_at LIMIT @limit`, pgx.NamedArgs{"limit": limit})
}

func concludeInstruction(ctx context.Context, tx pgx.Tx, in Instruction, state InstructionState, cause, problem string) (int64, error) {
	return postgres.Exec(ctx, tx, `
		WITH told AS (
			UPDATE payment_instructions SET state = @state, cause = @cause, problem = @problem, updated_at = now()
			WHERE id = @id AND state = 'due'
			RETURNING payment_id, kind, amount_minor
		)
		UPDATE payments p SET
			refunding_minor = refunding_minor - CASE told.kind WHEN 'refund' THEN told.amount_minor ELSE 0 END, updated_at = now(), version = version + 1
		FROM told WHERE p.id = told.payment_id`,
		pgx.NamedArgs{"id": in.ID, "state": string(state), "cause": cause, "problem": problem})
}

func putOffInstruction(ctx context.Context, tx pgx.Tx, which id.Instruction, wait time.Duration, problem string) error {
	_, err := postgres.Exec(ctx, tx, `
		UPDATE payment_instructions SET due_at = now() + make_interval(secs => @wait), problem = @problem, updated_at = now()
		WHERE id = @id AND state = 'due'`,
		pgx.NamedArgs{"id": which, "wait": wait.Seconds(), "problem": problem})
	return err
}

func instructionsOf(ctx context.Context, db postgres.DB, payment id.Payment) ([]Instruction, error) {
	return postgres.All[Instruction](ctx, db, `
		SELECT `+instructionColumnsFragment+` FROM payment_instructions i WHERE i.payment_id = @payment ORDER BY i.id`, pgx.NamedArgs{"payment": payment})
}

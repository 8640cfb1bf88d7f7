package ledger

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

func readStatement(ctx context.Context, db postgres.DB, account id.LedgerAccount, span Span) (Statement, error) {
	s, err := postgres.Get[Statement](ctx, db, `
		SELECT a.id, a.kind, a.party, a.vendor_id,
		       (coalesce(f.debit_minor - f.credit_minor, 0), a.currency) AS opening,
		       (coalesce(t.debit_minor, 0) - coalesce(f.debit_minor, 0), a.currency) AS debit,
		       (coalesce(t.credit_minor, 0) - coalesce(f.credit_minor, 0), a.currency) AS credit,
		       (coalesce(t.debit_minor - t.credit_minor, 0), a.currency) AS closing
		FROM ledger_accounts a
		LEFT JOIN ledger_totals(@from) f ON f.account_id = a.id
		LEFT JOIN ledger_totals(@to) t ON t.account_id = a.id
		WHERE a.id = @account`,
		pgx.NamedArgs{"account": account, "from": span.From, "to": span.To})
	if errors.Is(err, postgres.ErrNoRow) {
		return s, ErrNoAccount
	}
	return s, err
}

func readLinesAfter(ctx context.Context, db postgres.DB, account id.LedgerAccount, span Span, after place, limit int) ([]Line, error) {
	return postgres.All[Line](ctx, db, `
		SELECT e.seq, e.txn_id, t.ref_type, t.ref_id, t.memo, (e.amount_minor, e.currency) AS amount, t.at
		FROM ledger_txns t
		JOIN ledger_entries e ON e.txn_id = t.id
		WHERE e.account_id = @account AND t.at >= @at AND t.at < @to AND (t.at, e.seq) > (@at, @seq)
		ORDER BY t.at, e.seq
		LIMIT @limit`,
		pgx.NamedArgs{"account": account, "to": span.To, "at": after.At, "seq": after.Seq, "limit": limit})
}

func countLinesIn(ctx context.Context, db postgres.DB, account id.LedgerAccount, span Span) (int64, error) {
	return postgres.Scalar[int64](ctx, db, `
		SELECT count(*) FROM ledger_txns t JOIN ledger_entries e ON e.txn_id = t.id
		WHERE e.account_id = @account AND t.at >= @from AND t.at < @to`,
		pgx.NamedArgs{"account": account, "from": span.From, "to": span.To})
}

func readJournal(ctx context.Context, db postgres.DB, span Span, after journalRow, limit int) ([]journalRow, error) {
	return postgres.All[journalRow](ctx, db, `
		SELECT e.seq, e.txn_id, t.ref_type, t.ref_id, t.memo, (e.amount_minor, e.currency) AS amount, t.at, a.kind, a.party, a.vendor_id
		FROM ledger_txns t
		JOIN ledger_entries e ON e.txn_id = t.id
		JOIN ledger_accounts a ON a.id = e.account_id
		WHERE t.at >= @at AND t.at < @to AND (t.at, t.id, e.seq) > (@at, coalesce(@txn, '00000000-0000-0000-0000-000000000000'::uuid), @seq)
		ORDER BY t.at, t.id, e.seq
		LIMIT @limit`,
		pgx.NamedArgs{"to": span.To, "at": after.At, "txn": after.Txn, "seq": after.Seq, "limit": limit})
}

func readTrialLines(ctx context.Context, db postgres.DB, at time.Time, after trialPlace, limit int) ([]TrialLine, error) {
	return postgres.All[TrialLine](ctx, db, `
		SELECT a.id, a.kind, a.party, a.vendor_id, (t.debit_minor, a.currency) AS debit, (t.credit_minor, a.currency) AS credit,
		       (t.debit_minor - t.credit_minor, a.currency) AS balance
		FROM ledger_totals(coalesce(@at, 'infinity'::timestamptz)) t
		JOIN ledger_accounts a ON a.id = t.account_id
		WHERE @id::uuid IS NULL OR (a.kind, a.currency, a.id) > (@kind, @currency, @id)
		ORDER BY a.kind, a.currency, a.id
		LIMIT @limit`,
		pgx.NamedArgs{"at": orNull(at), "kind": after.Kind, "currency": after.Currency, "id": after.ID, "limit": limit})
}

func countTrialLines(ctx context.Context, db postgres.DB, at time.Time) (int64, error) {
	return postgres.Scalar[int64](ctx, db, `SELECT count(*) FROM ledger_totals(coalesce(@at, 'infinity'::timestamptz))`, pgx.NamedArgs{"at": orNull(at)})
}

func readKinds(ctx context.Context, db postgres.DB, span Span) ([]kindBalance, error) {
	return postgres.All[kindBalance](ctx, db, `
		SELECT a.kind, (sum(t.debit_minor - t.credit_minor)::bigint, a.currency) AS balance
		FROM (SELECT account_id, debit_minor, credit_minor FROM ledger_totals(coalesce(@to, 'infinity'::timestamptz))
		      UNION ALL
		      SELECT account_id, -debit_minor, -credit_minor FROM ledger_totals(coalesce(@from, '-infinity'::timestamptz))) t
		JOIN ledger_accounts a ON a.id = t.account_id
		GROUP BY a.kind, a.currency`,
		pgx.NamedArgs{"from": orNull(span.From), "to": orNull(span.To)})
}

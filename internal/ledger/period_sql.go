package ledger

import (
	"context"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// lockPostings takes, alone, what the trigger ledger_accepts shares: the lock of a
// month and that of the past. A month of many entries takes longer to add up than a
// page may take.
func lockPostings(ctx context.Context, tx pgx.Tx, month Month) error {
	_, err := postgres.Exec(ctx, tx, `
		SELECT set_config('statement_timeout', '5min', true), pg_advisory_xact_lock(hashtext('souk ledger'), n)
		FROM (VALUES (0), (ledger_month_number(@month::date))) AS lock (n)`,
		pgx.NamedArgs{"month": month.first()})
	return err
}

func readEdge(ctx context.Context, db postgres.DB) (edge, error) {
	return postgres.Get[edge](ctx, db, `
		SELECT coalesce(to_char(max(month), 'YYYY-MM'), '') AS last,
		       to_char(coalesce(max(month) + interval '1 month', (SELECT min(at) FROM ledger_txns) AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'), 'YYYY-MM') AS next,
		       to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM') AS current
		FROM ledger_periods`, nil)
}

// readUnbalanced finds transactions of a month that do not sum to zero, ten at most.
func readUnbalanced(ctx context.Context, db postgres.DB, month Month) ([]id.LedgerTxn, error) {
	span := month.Span()
	return postgres.Column[id.LedgerTxn](ctx, db, `
		SELECT DISTINCT e.txn_id
		FROM ledger_txns t
		JOIN ledger_entries e ON e.txn_id = t.id
		WHERE t.at >= @from AND t.at < @to
		GROUP BY e.txn_id, e.currency
		HAVING sum(e.amount_minor) <> 0
		ORDER BY e.txn_id
		LIMIT 10`,
		pgx.NamedArgs{"from": span.From, "to": span.To})
}

// queueClosed closes a month and keeps what stands on each account at its end. One
// statement does both, so that the totals do not see the month closed yet.
func queueClosed(b *postgres.Batch, month Month) {
	b.Queue(`
		WITH closed AS (INSERT INTO ledger_periods (month) VALUES (@month::date))
		INSERT INTO ledger_period_balances (month, account_id, debit_minor, credit_minor)
		SELECT @month, account_id, debit_minor, credit_minor FROM ledger_totals(ledger_month_end(@month))`,
		pgx.NamedArgs{"month": month.first()})
}

func queueReopened(b *postgres.Batch, month Month) {
	b.QueueOne(`DELETE FROM ledger_periods WHERE month = @month`, pgx.NamedArgs{"month": month.first()}, ErrPeriodOpen)
}

func queueChange(b *postgres.Batch, month Month, c PeriodChange) {
	b.Queue(`
		INSERT INTO ledger_period_changes (month, change, reason, actor) VALUES (@month, @change, @reason, @actor)`,
		pgx.NamedArgs{"month": month.first(), "change": c.Change, "reason": c.Reason, "actor": c.Actor})
}

// readPeriods reads months from the first with an entry until the one that runs.
func readPeriods(ctx context.Context, db postgres.DB, before Month, limit int) ([]AccountingPeriod, error) {
	return postgres.All[AccountingPeriod](ctx, db, `
		SELECT to_char(m.month, 'YYYY-MM') AS month, CASE WHEN p.month IS NULL THEN 'open' ELSE 'closed' END AS status, p.closed_at
		FROM generate_series(
		         date_trunc('month', least((SELECT min(month) FROM ledger_periods)::timestamp, (SELECT min(at) FROM ledger_txns) AT TIME ZONE 'UTC',
		                                   now() AT TIME ZONE 'UTC')),
		         now() AT TIME ZONE 'UTC', interval '1 month') AS m (month)
		LEFT JOIN ledger_periods p ON p.month = m.month
		WHERE @before::text = '' OR to_char(m.month, 'YYYY-MM') < @before
		ORDER BY m.month DESC
		LIMIT @limit`,
		pgx.NamedArgs{"before": before, "limit": limit})
}

func readChanges(ctx context.Context, db postgres.DB, months []Month) ([]PeriodChange, error) {
	return postgres.All[PeriodChange](ctx, db, `
		SELECT to_char(month, 'YYYY-MM') AS month, change, reason, actor, at
		FROM ledger_period_changes
		WHERE month = ANY (SELECT (m || '-01')::date FROM unnest(@months::text[]) AS m)
		ORDER BY seq DESC`,
		pgx.NamedArgs{"months": months})
}

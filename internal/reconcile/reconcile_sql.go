package reconcile

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/payments"
	"souk/internal/platform/postgres"
)

// beginNight says until when a provider was compared before; no row when there is
// nothing to do, or somebody is at it, who tries again by themselves for a day and
// longer.
func beginNight(ctx context.Context, tx pgx.Tx, provider string, until time.Time) (*time.Time, error) {
	return postgres.Scalar[*time.Time](ctx, tx, `
		INSERT INTO reconciliation_places AS p (provider, asked_at) VALUES (@provider, now())
		ON CONFLICT (provider) DO UPDATE SET asked_at = now()
		WHERE (p.until_at IS NULL OR p.until_at < @until) AND p.asked_at < now() - interval '20 hours'
		RETURNING until_at`,
		pgx.NamedArgs{"provider": provider, "until": until})
}

// comparedUntil is until when the nights of a provider were compared; nil when none
// was.
func comparedUntil(ctx context.Context, db postgres.DB, provider string) (*time.Time, error) {
	return postgres.Scalar[*time.Time](ctx, db, `SELECT (SELECT until_at FROM reconciliation_places WHERE provider = @provider)`, pgx.NamedArgs{"provider": provider})
}

// insertMovements also reads what was there before.
func insertMovements(ctx context.Context, tx pgx.Tx, provider string, list []payments.Movement) ([]kept, error) {
	var (
		ids                     []id.Movement
		kinds, refs, currencies []string
		amounts, fees           []int64
		times                   []time.Time
		fresh, all              []kept
	)
	for _, m := range list {
		ids, kinds, refs, times = append(ids, id.New[id.Movement]()), append(kinds, string(m.Kind)), append(refs, m.Ref), append(times, m.At)
		currencies, amounts, fees = append(currencies, string(m.Amount.Currency)), append(amounts, m.Amount.Minor), append(fees, m.Fee.Minor)
	}
	args := pgx.NamedArgs{
		"provider": provider, "ids": ids, "kinds": kinds, "refs": refs, "currencies": currencies, "amounts": amounts, "fees": fees, "times": times,
	}
	b := postgres.NewBatch()
	postgres.ReadAll(b, &fresh, `
		INSERT INTO provider_movements (id, provider, kind, ref, currency, amount_minor, fee_minor, booked_at)
		SELECT m.id, @provider, m.kind, m.ref, m.currency, m.amount, m.fee, m.at
		FROM unnest(@ids::uuid[], @kinds::text[], @refs::text[], @currencies::text[], @amounts::bigint[], @fees::bigint[], @times::timestamptz[])
			AS m (id, kind, ref, currency, amount, fee, at)
		ORDER BY m.kind, m.ref
		ON CONFLICT ON CONSTRAINT provider_movements_ref_key DO NOTHING
		RETURNING id, kind, ref, (amount_minor, currency) AS amount, (fee_minor, currency) AS fee, true AS fresh`, args)
	postgres.ReadAll(b, &all, `
		SELECT m.id, m.kind, m.ref, (m.amount_minor, m.currency) AS amount, (m.fee_minor, m.currency) AS fee, false AS fresh
		FROM provider_movements m
		WHERE m.provider = @provider AND (m.kind, m.ref) IN (SELECT * FROM unnest(@kinds::text[], @refs::text[]))`, args)
	if err := b.Send(ctx, tx); err != nil {
		return nil, err
	}
	return append(all, fresh...), nil
}

func insertRun(ctx context.Context, tx pgx.Tx, run Run) (Run, error) {
	args := pgx.NamedArgs{
		"id": run.ID, "provider": run.Provider, "source": string(run.Source), "from": run.From, "until": run.Until,
		"movements": run.Movements, "posted": run.Posted, "found": run.Found, "resolved": run.Resolved, "actor": run.Actor,
	}
	b := postgres.NewBatch()
	b.Read(`
		INSERT INTO reconciliations (id, provider, source, from_at, until_at, movements, posted, found, resolved, actor)
		VALUES (@id, @provider, @source, @from, @until, @movements, @posted, @found, @resolved, @actor) RETURNING ran_at`, args,
		func(rows pgx.Rows) (err error) {
			run.RanAt, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[time.Time])
			return err
		})
	if run.Source == Nightly {
		b.Queue(`UPDATE reconciliation_places SET until_at = greatest(until_at, @until) WHERE provider = @provider`, args)
	}
	return run, b.Send(ctx, tx)
}

func listRuns(ctx context.Context, db postgres.DB, provider []string, before id.Reconcile, limit int) ([]Run, error) {
	return postgres.All[Run](ctx, db, `
		SELECT r.id, r.provider, r.source, r.from_at, r.until_at, r.movements, r.posted, r.found, r.resolved, r.actor, r.ran_at
		FROM reconciliations r
		WHERE (@provider::text[] IS NULL OR r.provider = ANY (@provider)) AND (@before::uuid IS NULL OR r.id < @before)
		ORDER BY r.id DESC LIMIT @limit`,
		pgx.NamedArgs{"provider": provider, "before": before, "limit": limit})
}

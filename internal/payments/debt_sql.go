package payments

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/postgres"
)

func debt(ctx context.Context, db postgres.DB, payment id.Payment) (money.Amount, error) {
	return postgres.Scalar[money.Amount](ctx, db, `
		SELECT ((CASE WHEN p.owed THEN p.captured_minor ELSE 0 END
		        + coalesce((SELECT sum(i.amount_minor) FROM payment_instructions i WHERE i.payment_id = p.id AND (i.refund_id IS NOT NULL OR i.ahead)), 0)
		        - coalesce((SELECT sum(CASE e.kind WHEN 'refund' THEN e.amount_minor ELSE -e.amount_minor END) FROM payment_events e
		                    WHERE e.payment_id = p.id AND e.kind IN ('refund', 'refund_failed')), 0)
		        - coalesce((SELECT sum(x.settled_minor) FROM payment_exceptions x WHERE x.payment_id = p.id), 0))::bigint, p.currency) AS debt
		FROM payments p WHERE p.id = @payment`, pgx.NamedArgs{"payment": payment})
}

type name struct {
	Ref     string     `db:"ref"`
	Payment id.Payment `db:"payment_id"`
}

func named(ctx context.Context, db postgres.DB, provider string, names []string) ([]name, error) {
	return postgres.All[name](ctx, db, `
		SELECT provider_ref AS ref, id AS payment_id FROM payments WHERE provider = @provider AND provider_ref = ANY (@names::text[])
		UNION ALL
		SELECT ref, payment_id FROM payment_refs WHERE provider = @provider AND ref = ANY (@names::text[])`,
		pgx.NamedArgs{"provider": provider, "names": names})
}

func eventsOfAll(ctx context.Context, db postgres.DB, of []id.Payment) ([]Event, error) {
	return postgres.All[Event](ctx, db, `
		SELECT id, payment_id, kind, (amount_minor, currency) AS amount, cause, actor, at
		FROM payment_events WHERE payment_id = ANY (@of::uuid[]) ORDER BY id`, pgx.NamedArgs{"of": of})
}

func moved(ctx context.Context, db postgres.DB, provider string, from, until time.Time) ([]Event, error) {
	return postgres.All[Event](ctx, db, `
		SELECT e.id, e.payment_id, e.kind, (e.amount_minor, e.currency) AS amount, e.cause, e.actor, e.at
		FROM payment_events e JOIN payments p ON p.id = e.payment_id
		WHERE e.at >= @from AND e.at < @until AND p.provider = @provider AND e.amount_minor > 0
		  AND e.kind IN ('capture', 'refund', 'refund_failed', 'chargeback', 'chargeback_reversed')
		ORDER BY e.id`, pgx.NamedArgs{"provider": provider, "from": from, "until": until})
}

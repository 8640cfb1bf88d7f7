package payments

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

func find(ctx context.Context, db postgres.DB, provider, ref string) (id.Payment, error) {
	return postgres.Scalar[id.Payment](ctx, db, `
		SELECT id FROM payments WHERE provider = @provider AND provider_ref = @ref
		UNION ALL
		SELECT payment_id FROM payment_refs WHERE provider = @provider AND ref = @ref
		LIMIT 1`,
		pgx.NamedArgs{"provider": provider, "ref": ref})
}

type known struct {
	Refs []string  `db:"refs"`
	At   time.Time `db:"at"`
}

func knownOf(ctx context.Context, db postgres.DB, payment id.Payment) (known, error) {
	return postgres.Get[known](ctx, db, `
		SELECT ARRAY(SELECT ref FROM payment_refs WHERE payment_id = @payment ORDER BY seq) AS refs, clock_timestamp() AS at`,
		pgx.NamedArgs{"payment": payment})
}

// nameRefs says which of the names are another payment's.
func nameRefs(ctx context.Context, tx pgx.Tx, p Payment, refs []string) (others []string, err error) {
	args := pgx.NamedArgs{"provider": p.Provider, "payment": p.ID, "refs": refs}
	b := postgres.NewBatch()
	b.Queue(`
		INSERT INTO payment_refs (provider, ref, payment_id)
		SELECT @provider, r.ref, @payment FROM unnest(@refs::text[]) WITH ORDINALITY AS r (ref, at) ORDER BY r.at
		ON CONFLICT (provider, ref) DO NOTHING`, args)
	postgres.ReadColumn(b, &others, `
		SELECT ref FROM payment_refs WHERE provider = @provider AND ref = ANY (@refs::text[]) AND payment_id <> @payment`, args)
	return others, b.Send(ctx, tx)
}

// Half a minute, one, two, and so on up to an hour, by how often it was asked.
const backoffFragment = `least(interval '30 seconds' * power(2, least(looked, 10)), interval '1 hour')`

func watch(ctx context.Context, tx pgx.Tx, payment id.Payment, again bool) error {
	_, err := postgres.Exec(ctx, tx, `
		UPDATE payments SET
			looked  = CASE WHEN @again THEN looked ELSE greatest(looked, 1) END,
			look_at = CASE WHEN @again AND updated_at > now() - make_interval(secs => @long) THEN now() + `+backoffFragment+` END
		WHERE id = @payment`,
		pgx.NamedArgs{"payment": payment, "again": again, "long": TooLong.Seconds()})
	return err
}

// namesFragment is every name of a payment at its provider.
const namesFragment = `
	SELECT provider_ref FROM payments WHERE id = @payment AND provider_ref IS NOT NULL
	UNION ALL SELECT ref FROM payment_refs WHERE payment_id = @payment`

func heard(ctx context.Context, tx pgx.Tx, p Payment, at time.Time) error {
	_, err := postgres.Exec(ctx, tx, `
		UPDATE webhook_inbox SET state = 'applied', problem = '', applied_at = now()
		WHERE provider = @provider AND ref = ANY (ARRAY(`+namesFragment+`)) AND state = 'due' AND received_at < @at`,
		pgx.NamedArgs{"payment": p.ID, "provider": p.Provider, "at": at})
	return err
}

func watched(ctx context.Context, tx pgx.Tx, limit int) ([]id.Payment, error) {
	return postgres.Column[id.Payment](ctx, tx, `
		UPDATE payments SET
			look_at = CASE WHEN updated_at > now() - make_interval(secs => @long) THEN now() + greatest(`+backoffFragment+`, interval '1 minute') END,
			looked = looked + 1
		WHERE id IN (SELECT id FROM payments WHERE look_at <= now() ORDER BY look_at LIMIT @limit FOR UPDATE SKIP LOCKED)
		RETURNING id`, pgx.NamedArgs{"limit": limit, "long": TooLong.Seconds()})
}

func owe(ctx context.Context, tx pgx.Tx, payment id.Payment) error {
	_, err := postgres.Exec(ctx, tx, `UPDATE payments SET owed = true, updated_at = now(), version = version + 1 WHERE id = @payment`, pgx.NamedArgs{"payment": payment})
	return err
}

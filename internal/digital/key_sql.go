package digital

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

const selectKeys = `
	SELECT k.id, k.variant_id, '••••' || k.hint AS masked, k.state, g.order_line_id, k.created_at
	FROM licence_keys k
	LEFT JOIN digital_grants g ON k.state = 'granted' AND g.key_id = k.id AND (g.revoked_at IS NULL OR g.used_at IS NOT NULL OR g.withheld)
	WHERE k.variant_id = @variant AND (@state::text = '' OR k.state = @state) AND (@after::uuid IS NULL OR k.id > @after)
	ORDER BY k.id LIMIT @limit`

// insertKeys says how many were new.
func insertKeys(ctx context.Context, tx pgx.Tx, vendor id.Vendor, variant id.Variant, secrets []secret) (int, error) {
	n := len(secrets)
	ids, digests, sealed, hints := make([]id.LicenceKey, n), make([][]byte, n), make([][]byte, n), make([]string, n)
	for i, s := range secrets {
		ids[i], digests[i], sealed[i], hints[i] = s.id, s.digest, s.sealed, s.hint
	}
	added, err := postgres.Exec(ctx, tx, `
		INSERT INTO licence_keys (id, variant_id, vendor_id, digest, sealed, hint)
		SELECT k.id, @variant, @vendor, k.digest, k.sealed, k.hint
		FROM unnest(@ids::uuid[], @digests::bytea[], @sealed::bytea[], @hints::text[]) AS k (id, digest, sealed, hint)
		ON CONFLICT ON CONSTRAINT licence_keys_digest_key DO NOTHING`,
		pgx.NamedArgs{"variant": variant, "vendor": vendor, "ids": ids, "digests": digests, "sealed": sealed, "hints": hints})
	if err != nil {
		return 0, fmt.Errorf("add licence keys to variant %s: %w", variant, err)
	}
	return int(added), nil
}

func keyIsFree(ctx context.Context, db postgres.DB, variant id.Variant, key id.LicenceKey) error {
	states, err := postgres.Column[string](ctx, db, `SELECT state FROM licence_keys WHERE id = @key AND variant_id = @variant`,
		pgx.NamedArgs{"key": key, "variant": variant})
	switch {
	case err != nil:
		return fmt.Errorf("read licence key %s: %w", key, err)
	case len(states) == 0:
		return ErrNoKey
	case states[0] != Free:
		return ErrKeySold
	}
	return nil
}

func revokeKey(ctx context.Context, tx pgx.Tx, variant id.Variant, key id.LicenceKey) error {
	n, err := postgres.Exec(ctx, tx, `
		UPDATE licence_keys SET state = 'revoked', changed_at = now() WHERE id = @key AND variant_id = @variant AND state = 'free'`,
		pgx.NamedArgs{"key": key, "variant": variant})
	switch {
	case err != nil:
		return fmt.Errorf("revoke licence key %s: %w", key, err)
	case n == 0: // sold since we looked
		return ErrKeySold
	}
	return nil
}

// takeKeys takes so many free keys of each variant, the oldest first. The locks
// of their stock keep everybody else from the same ones; a lock on a key that
// somebody holds all the same is waited for.
const takeKeys = `
	WITH wanted AS (
		SELECT * FROM unnest(@variants::uuid[], @quantities::int[]) AS w (variant_id, quantity)
	), taken AS (
		SELECT k.id FROM wanted w CROSS JOIN LATERAL (
			SELECT id FROM licence_keys WHERE variant_id = w.variant_id AND state = 'free' ORDER BY id LIMIT w.quantity FOR UPDATE) k
	)
	UPDATE licence_keys k SET state = 'granted', changed_at = now()
	FROM taken WHERE k.id = taken.id AND k.state = 'free'
	RETURNING k.id, k.variant_id`

const freeKeys = `
	UPDATE licence_keys SET state = 'free', changed_at = now() WHERE id = ANY (@keys::uuid[]) AND state = 'granted'`

type sealedKey struct {
	ID      id.LicenceKey `db:"id"`
	Variant id.Variant    `db:"variant_id"`
	Sealed  []byte        `db:"sealed"`
}

// resealBatch is how many keys are sealed anew in one round trip.
const resealBatch = 1000

// Reseal seals the licence keys with the newest master key, and says how many
// there were. What tells equal keys is made of that key, too.
func (g *Goods) Reseal(ctx context.Context, tx pgx.Tx) (int, error) {
	renewed := 0
	for after := (id.LicenceKey{}); ; {
		some, err := postgres.All[sealedKey](ctx, tx, `
			SELECT id, variant_id, sealed FROM licence_keys WHERE @after::uuid IS NULL OR id > @after ORDER BY id LIMIT @limit FOR UPDATE`,
			pgx.NamedArgs{"after": after, "limit": resealBatch})
		if err != nil || len(some) == 0 {
			return renewed, err
		}
		b := postgres.NewBatch()
		for _, k := range some {
			sealed, old, err := g.Vault.Renew(keyContext(k.ID), k.Sealed)
			if err != nil {
				return 0, fmt.Errorf("licence key %s: %w", k.ID, err)
			}
			if !old {
				continue
			}
			plain, err := g.Vault.Open(keyContext(k.ID), sealed)
			if err != nil {
				return 0, fmt.Errorf("licence key %s: %w", k.ID, err)
			}
			b.Queue(`UPDATE licence_keys SET sealed = @sealed, digest = @digest WHERE id = @id`,
				pgx.NamedArgs{"id": k.ID, "sealed": sealed, "digest": g.digest(k.Variant, string(plain))})
			renewed++
		}
		if err := b.Send(ctx, tx); err != nil {
			return 0, err
		}
		after = some[len(some)-1].ID
	}
}

package promotions

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// selectCoupons reads uses from what was given, which is also there where no
// limit has them counted.
const selectCoupons = `
	SELECT k.id, k.promotion_id, k.code, k.usage_limit, k.disabled, k.created_at,
	       (SELECT count(*)::int FROM promotion_redemptions r WHERE r.coupon_id = k.id AND r.released_at IS NULL) AS used
	FROM coupons k `

func listCoupons(ctx context.Context, db postgres.DB, promotion id.Promotion, after id.Coupon, limit int) ([]Coupon, error) {
	found, err := postgres.All[Coupon](ctx, db, selectCoupons+`
		WHERE k.promotion_id = @promotion AND (@after::uuid IS NULL OR k.id > @after) ORDER BY k.id LIMIT @limit`,
		pgx.NamedArgs{"promotion": promotion, "after": after, "limit": limit})
	if err != nil {
		return nil, fmt.Errorf("list coupons of promotion %s: %w", promotion, err)
	}
	return found, nil
}

// perStatement bounds the codes that one statement makes: each of them is held
// against an index and a foreign key, and no statement may run for long.
const perStatement = 10_000

// insertCoupons makes codes. It tells which were taken: then the caller rolls
// back.
func insertCoupons(ctx context.Context, tx pgx.Tx, promotion id.Promotion, codes []string, limit *int) (taken []string, err error) {
	for part := range slices.Chunk(codes, perStatement) {
		ids := make([]id.Coupon, len(part))
		for i := range ids {
			ids[i] = id.New[id.Coupon]()
		}
		args := pgx.NamedArgs{"promotion": promotion, "ids": ids, "codes": part, "limit": limit}
		made, err := postgres.Exec(ctx, tx, `
			INSERT INTO coupons (id, promotion_id, code, usage_limit)
			SELECT k.id, @promotion, k.code, @limit FROM unnest(@ids::uuid[], @codes::text[]) AS k (id, code)
			ON CONFLICT ON CONSTRAINT coupons_code_key DO NOTHING`, args)
		if err != nil {
			return nil, fmt.Errorf("make %d coupons: %w", len(part), err)
		}
		if int(made) == len(part) {
			continue
		}
		taken, err = postgres.Column[string](ctx, tx, `
			SELECT code FROM coupons WHERE code = ANY (@codes) AND id <> ALL (@ids) ORDER BY code`, args)
		if err != nil {
			return nil, fmt.Errorf("read which codes are taken: %w", err)
		}
		return taken, nil
	}
	return nil, nil
}

// updateCoupon edits a code whose promotion the caller has locked. A limit that
// is new counts what was given before it; the promotion is another from here on,
// for those who are placing an order with it.
func updateCoupon(ctx context.Context, tx pgx.Tx, in *editCouponInput) (Coupon, error) {
	args := pgx.NamedArgs{
		"promotion": in.Promotion, "id": in.Coupon, "disabled": in.Body.Disabled, "limit": in.Body.UsageLimit, "unlimited": len(in.Body.Clear) > 0,
	}
	b := postgres.NewBatch()
	b.Queue(`UPDATE promotions SET version = version + 1, updated_at = now() WHERE id = @promotion`, args)
	b.QueueOne(`
		WITH wanted AS (
			SELECT id, coalesce(@limit, CASE WHEN NOT @unlimited THEN usage_limit END) AS usage_limit FROM coupons WHERE id = @id AND promotion_id = @promotion
		)
		UPDATE coupons k SET disabled = coalesce(@disabled, k.disabled), usage_limit = w.usage_limit,
		       used = CASE WHEN w.usage_limit IS NULL THEN 0
		                   ELSE (SELECT count(*) FROM promotion_redemptions r WHERE r.coupon_id = k.id AND r.released_at IS NULL) END
		FROM wanted w WHERE k.id = w.id`, args, ErrNoCoupon)
	var found Coupon
	postgres.ReadOne(b, &found, selectCoupons+`WHERE k.id = @id`, args)
	if err := b.Send(ctx, tx); err != nil {
		return Coupon{}, fmt.Errorf("edit coupon %s: %w", in.Coupon, err)
	}
	return found, nil
}

package promotions

import (
	"context"
	"fmt"

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

// insertCoupons makes codes, all or none of them, in one statement.
func insertCoupons(ctx context.Context, tx pgx.Tx, promotion id.Promotion, codes []string, limit *int) error {
	ids := make([]id.Coupon, len(codes))
	for i := range ids {
		ids[i] = id.New[id.Coupon]()
	}
	_, err := postgres.Exec(ctx, tx, `
		INSERT INTO coupons (id, promotion_id, code, usage_limit)
		SELECT k.id, @promotion, k.code, @limit FROM unnest(@ids::uuid[], @codes::text[]) AS k (id, code)`,
		pgx.NamedArgs{"promotion": promotion, "ids": ids, "codes": codes, "limit": limit})
	if err != nil {
		return fmt.Errorf("make %d coupons: %w", len(codes), err)
	}
	return nil
}

// updateCoupon edits a code whose promotion the caller has locked. A limit that
// is new counts what was given before it; the promotion is another from here on,
// for those who are placing an order with it.
func updateCoupon(ctx context.Context, tx pgx.Tx, promotion id.Promotion, coupon id.Coupon, disabled *bool, limit *int) (Coupon, error) {
	args := pgx.NamedArgs{"promotion": promotion, "id": coupon, "disabled": disabled, "limit": limit}
	b := postgres.NewBatch()
	b.Queue(`UPDATE promotions SET version = version + 1, updated_at = now() WHERE id = @promotion`, args)
	b.QueueOne(`
		UPDATE coupons k SET disabled = coalesce(@disabled, disabled), usage_limit = coalesce(@limit, usage_limit),
		       used = CASE WHEN coalesce(@limit, usage_limit) IS NULL THEN 0
		                   ELSE (SELECT count(*) FROM promotion_redemptions r WHERE r.coupon_id = k.id AND r.released_at IS NULL) END
		WHERE id = @id AND promotion_id = @promotion`, args, ErrNoCoupon)
	var found Coupon
	postgres.ReadOne(b, &found, selectCoupons+`WHERE k.id = @id`, args)
	if err := b.Send(ctx, tx); err != nil {
		return Coupon{}, fmt.Errorf("edit coupon %s: %w", coupon, err)
	}
	return found, nil
}

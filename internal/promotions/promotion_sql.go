package promotions

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/postgres"
)

// selectPromotions has the columns of [Promotion]. Uses are read from what was
// given, which is also there where no limit has them counted.
const selectPromotions = `
	SELECT p.id, p.vendor_id, p.plan_id, p.name, p.needs_code, p.status, p.priority, p.exclusive, p.stacking_group, p.platform_ppm, p.conditions, p.reward,
	       p.starts_at, p.ends_at, p.usage_limit, p.customer_limit,
	       CASE WHEN p.budget_minor IS NOT NULL THEN (p.budget_minor, p.budget_currency) END AS budget,
	       (SELECT count(*)::int FROM promotion_redemptions r WHERE r.promotion_id = p.id AND r.released_at IS NULL) AS used,
	       (SELECT count(*)::int FROM coupons k WHERE k.promotion_id = p.id) AS coupons,
	       p.version, p.created_at, p.updated_at
	FROM promotions p `

// Get is a promotion of a vendor's, or any for staff (no vendor).
func (m *Promotions) Get(ctx context.Context, db postgres.DB, vendor id.Vendor, promotion id.Promotion) (Promotion, error) {
	return one(ctx, db, selectPromotions+`WHERE p.id = @id AND (@vendor::uuid IS NULL OR p.vendor_id = @vendor)`, vendor, promotion)
}

// lock is Get for those who will change it.
func lock(ctx context.Context, tx pgx.Tx, vendor id.Vendor, promotion id.Promotion) (Promotion, error) {
	return one(ctx, tx, selectPromotions+`WHERE p.id = @id AND (@vendor::uuid IS NULL OR p.vendor_id = @vendor) FOR UPDATE OF p`, vendor, promotion)
}

// hold is Get for those who rely on it until tx ends: who edits it waits, and nobody
// who places an order with it, for which there is not always the time.
func hold(ctx context.Context, tx pgx.Tx, vendor id.Vendor, promotion id.Promotion) (Promotion, error) {
	return one(ctx, tx, selectPromotions+`WHERE p.id = @id AND (@vendor::uuid IS NULL OR p.vendor_id = @vendor) FOR KEY SHARE OF p`, vendor, promotion)
}

func one(ctx context.Context, db postgres.DB, sql string, vendor id.Vendor, promotion id.Promotion) (Promotion, error) {
	p, err := postgres.Get[Promotion](ctx, db, sql, pgx.NamedArgs{"id": promotion, "vendor": vendor})
	if errors.Is(err, postgres.ErrNoRow) {
		return Promotion{}, ErrNoPromotion
	}
	if err != nil {
		return Promotion{}, fmt.Errorf("read promotion %s: %w", promotion, err)
	}
	list := []Promotion{p}
	err = fillSpent(ctx, db, list)
	return list[0], err
}

const filterFragment = `
	WHERE (@vendor::uuid IS NULL OR p.vendor_id = @vendor) AND (cardinality(@statuses::text[]) IS NULL OR cardinality(@statuses::text[]) = 0 OR p.status = ANY (@statuses))`

func list(ctx context.Context, db postgres.DB, args pgx.NamedArgs) ([]Promotion, error) {
	found, err := postgres.All[Promotion](ctx, db, selectPromotions+filterFragment+`
		AND (@before::uuid IS NULL OR p.id < @before) ORDER BY p.id DESC LIMIT @limit`, args)
	if err != nil {
		return nil, fmt.Errorf("list promotions: %w", err)
	}
	return found, fillSpent(ctx, db, found)
}

func count(ctx context.Context, db postgres.DB, args pgx.NamedArgs) (int64, error) {
	return postgres.Scalar[int64](ctx, db, `SELECT count(*) FROM promotions p`+filterFragment, args)
}

// fillSpent reads what promotions have cost.
func fillSpent(ctx context.Context, db postgres.DB, list []Promotion) error {
	type spent struct {
		Promotion id.Promotion `db:"promotion_id"`
		Amount    money.Amount `db:"amount"`
	}
	ids, at := make([]id.Promotion, len(list)), map[id.Promotion]int{}
	for i := range list {
		ids[i], at[list[i].ID], list[i].Spent = list[i].ID, i, []money.Amount{}
	}
	rows, err := postgres.All[spent](ctx, db, `
		SELECT promotion_id, (sum(amount_minor)::bigint, currency) AS amount FROM promotion_redemptions
		WHERE promotion_id = ANY (@ids) AND released_at IS NULL GROUP BY promotion_id, currency ORDER BY promotion_id, currency`,
		pgx.NamedArgs{"ids": ids})
	if err != nil {
		return fmt.Errorf("read what %d promotions have cost: %w", len(list), err)
	}
	for _, r := range rows {
		p := &list[at[r.Promotion]]
		p.Spent = append(p.Spent, r.Amount)
	}
	return nil
}

func insert(ctx context.Context, tx pgx.Tx, p Promotion) error {
	_, err := postgres.Exec(ctx, tx, `
		INSERT INTO promotions (id, vendor_id, plan_id, name, needs_code, status, priority, exclusive, stacking_group, platform_ppm, conditions, reward,
			starts_at, ends_at, usage_limit, customer_limit, budget_minor, budget_currency)
		VALUES (@id, @vendor, @plan, @name, @needs_code, @status, @priority, @exclusive, @stacking_group, @platform_ppm, @conditions, @reward,
			coalesce(@starts_at, now()), @ends_at, @usage_limit, @customer_limit, @budget, @budget_currency)`, p.args())
	return err
}

// update writes a promotion that the caller has locked. Counters are reckoned
// anew: a limit that is new counts what was given before it.
func update(ctx context.Context, tx pgx.Tx, p Promotion) error {
	n, err := postgres.Exec(ctx, tx, `
		UPDATE promotions SET name = @name, needs_code = @needs_code, status = @status, priority = @priority, exclusive = @exclusive,
		       stacking_group = @stacking_group, platform_ppm = @platform_ppm, conditions = @conditions, reward = @reward,
		       starts_at = @starts_at, ends_at = @ends_at, usage_limit = @usage_limit, customer_limit = @customer_limit,
		       budget_minor = @budget, budget_currency = @budget_currency,
		       used = CASE WHEN @limited THEN given.uses ELSE 0 END, spent_minor = CASE WHEN @budget::bigint IS NULL THEN 0 ELSE given.amount END,
		       version = version + 1, updated_at = now()
		FROM (
			SELECT count(*)::int AS uses, coalesce(sum(amount_minor) FILTER (WHERE currency = @budget_currency), 0)::bigint AS amount
			FROM promotion_redemptions WHERE promotion_id = @id AND released_at IS NULL
		) given
		WHERE id = @id`, p.args())
	if err == nil && n == 0 {
		err = ErrNoPromotion
	}
	return err
}

func (p Promotion) args() pgx.NamedArgs {
	args := pgx.NamedArgs{
		"id": p.ID, "vendor": p.VendorID, "plan": p.PlanID, "name": p.Name, "needs_code": p.NeedsCode, "status": string(p.Status), "priority": p.Priority,
		"exclusive": p.Exclusive, "stacking_group": p.StackingGroup, "platform_ppm": p.PlatformPPM, "conditions": p.Conditions, "reward": p.Reward,
		"starts_at": (*time.Time)(nil), "ends_at": p.EndsAt, "usage_limit": p.UsageLimit, "customer_limit": p.CustomerLimit,
		"budget": (*int64)(nil), "budget_currency": (*string)(nil), "limited": p.limited(),
	}
	if !p.StartsAt.IsZero() {
		args["starts_at"] = p.StartsAt
	}
	if p.Budget != nil {
		args["budget"], args["budget_currency"] = p.Budget.Minor, string(p.Budget.Currency)
	}
	return args
}

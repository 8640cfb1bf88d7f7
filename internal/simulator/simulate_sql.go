package simulator

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/cart"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/postgres"
)

// A Limit is how much is left of a promotion.
type Limit struct {
	Promotion     id.Promotion  `json:"promotion_id" db:"id"`
	Name          string        `json:"name" db:"name"`
	UsageLimit    *int          `json:"usage_limit,omitempty" db:"usage_limit"`
	CustomerLimit *int          `json:"customer_limit,omitempty" db:"customer_limit"`
	Used          int           `json:"used" db:"used"`
	Budget        *money.Amount `json:"budget,omitempty" db:"budget"`
	Spent         *money.Amount `json:"spent,omitempty" db:"spent" doc:"Of the budget"`
	Offered       bool          `json:"offered" db:"-" doc:"It was considered: there is some left, for this customer, too"`
}

// readLimits reads those of promotions that run at a moment and need no code, or
// one of these; a vendor is shown their own.
func readLimits(ctx context.Context, db postgres.DB, vendor id.Vendor, at time.Time, codes []cart.Code) ([]Limit, error) {
	entered := make([]string, len(codes))
	for i, c := range codes {
		entered[i] = c.Code
	}
	return postgres.All[Limit](ctx, db, `
		SELECT p.id, p.name, p.usage_limit, p.customer_limit, p.used,
		       CASE WHEN p.budget_minor IS NOT NULL THEN (p.budget_minor, p.budget_currency) END AS budget,
		       CASE WHEN p.budget_minor IS NOT NULL THEN (p.spent_minor, p.budget_currency) END AS spent
		FROM promotions p
		WHERE p.status = 'active' AND p.starts_at <= @at AND (p.ends_at IS NULL OR p.ends_at > @at)
		  AND (p.usage_limit IS NOT NULL OR p.customer_limit IS NOT NULL OR p.budget_minor IS NOT NULL)
		  AND (NOT p.needs_code OR EXISTS (SELECT FROM coupons k WHERE k.promotion_id = p.id AND k.code = ANY (@codes)))
		  AND (@vendor::uuid IS NULL OR p.vendor_id = @vendor)
		ORDER BY p.id LIMIT 200`, pgx.NamedArgs{"at": at, "codes": entered, "vendor": vendor})
}

package pricing

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/postgres"
)

// SumBundles adds up what bundles cost whose own making has changed: app.go
// gives it to the catalogue. Their components' prices are held meanwhile, because
// who changes one of them does not see the bundle yet.
func (p *Prices) SumBundles(ctx context.Context, tx pgx.Tx, bundles []id.Variant) error {
	if _, err := postgres.Exec(ctx, tx, holdComponentPrices, pgx.NamedArgs{"bundles": bundles}); err != nil {
		return fmt.Errorf("hold prices in %d bundles: %w", len(bundles), err)
	}
	changed, err := sum(ctx, tx, bundles)
	if err != nil {
		return err
	}
	return raiseChanged(ctx, tx, changed)
}

// sumAround adds up the bundles that variants are in, whose prices this
// transaction has changed, and returns those that cost something else now. It
// looks for them after that: a bundle that was made meanwhile has seen the
// prices of before, or is here.
func sumAround(ctx context.Context, tx pgx.Tx, variants []id.Variant) ([]id.Variant, error) {
	bundles, err := postgres.Column[id.Variant](ctx, tx, lockBundlesAround, pgx.NamedArgs{"variants": variants})
	if err != nil {
		return nil, fmt.Errorf("find bundles of %d variants: %w", len(variants), err)
	}
	if len(bundles) == 0 {
		return nil, nil
	}
	return sum(ctx, tx, bundles)
}

// sum brings the prices of summed bundles to what their components cost now, in
// the currencies that all of them have, and returns the bundles that it changed.
func sum(ctx context.Context, tx pgx.Tx, bundles []id.Variant) ([]id.Variant, error) {
	sums, err := postgres.All[bundleSum](ctx, tx, selectSums, pgx.NamedArgs{"bundles": bundles})
	if err != nil {
		return nil, fmt.Errorf("add up %d bundles: %w", len(bundles), err)
	}
	prices := make([]PriceSet, len(sums))
	variants, currencies := make([]id.Variant, len(sums)), make([]money.Currency, len(sums))
	for i, s := range sums {
		prices[i] = PriceSet{Variant: s.Variant, Amount: s.Amount}
		variants[i], currencies[i] = s.Variant, s.Amount.Currency
	}
	if err := validate(prices); err != nil {
		return nil, ErrPrice
	}
	changed, err := write(ctx, tx, prices, true)
	if err != nil {
		return nil, err
	}
	dropped, err := postgres.Column[id.Variant](ctx, tx, dropSums, pgx.NamedArgs{"bundles": bundles, "variants": variants, "currencies": currencies})
	if err != nil {
		return nil, fmt.Errorf("drop prices of %d bundles: %w", len(bundles), err)
	}
	return distinct(slices.Concat(changed, dropped)), nil
}

// A bundleSum is what a bundle comes to in one currency.
type bundleSum struct {
	Variant id.Variant   `db:"variant_id"`
	Amount  money.Amount `db:"amount"`
}

// They are locked in one order, and before what they cost is read: of two that
// change different components at once, the second adds up what both have set.
const lockBundlesAround = `
	SELECT id FROM variants
	WHERE bundle = 'summed' AND archived_at IS NULL AND id = ANY(ARRAY(SELECT bundle_id FROM variant_components WHERE component_id = ANY(@variants)))
	ORDER BY id FOR NO KEY UPDATE`

const holdComponentPrices = `
	SELECT FROM prices
	WHERE variant_id = ANY(ARRAY(SELECT component_id FROM variant_components WHERE bundle_id = ANY(@bundles)))
	ORDER BY variant_id, currency FOR SHARE`

const selectSums = `
	SELECT b.id AS variant_id, (round(sum(p.amount_minor * c.quantity::numeric) * (10000 - b.bundle_discount_bps) / 10000)::bigint, p.currency) AS amount
	FROM variants b JOIN variant_components c ON c.bundle_id = b.id JOIN prices p ON p.variant_id = c.component_id
	WHERE b.id = ANY(@bundles) AND b.bundle = 'summed'
	GROUP BY b.id, p.currency
	HAVING count(*) = (SELECT count(*) FROM variant_components n WHERE n.bundle_id = b.id)
	ORDER BY b.id, p.currency`

const dropSums = `
	DELETE FROM prices p
	WHERE p.variant_id = ANY(@bundles)
	  AND NOT EXISTS (SELECT FROM unnest(@variants::uuid[], @currencies::text[]) AS s (variant_id, currency)
	                  WHERE s.variant_id = p.variant_id AND s.currency = p.currency)
	RETURNING p.variant_id`

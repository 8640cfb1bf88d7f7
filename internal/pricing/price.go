package pricing

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/catalog"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/inventory"
	"souk/internal/money"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

// Prices is what every variant costs.
type Prices struct {
	DB    postgres.DB
	Stock *inventory.Stock // what SetOffers tells of units goes there
}

// CanWrite is the right of staff to set prices.
const CanWrite auth.Permission = "prices.write"

// Permissions lists what this module can permit.
func Permissions() []auth.Permission { return []auth.Permission{CanWrite} }

// A VariantPrice is what a variant costs in one currency.
type VariantPrice struct {
	Variant   id.Variant    `db:"variant_id" json:"variant_id"`
	Amount    money.Amount  `db:"amount" json:"price"`
	CompareAt *money.Amount `db:"compare_at" json:"compare_at_price,omitempty"`
	Lowest30d *money.Amount `db:"lowest_30d" json:"lowest_price_30d,omitempty"` // before this price took effect
	UpdatedAt time.Time     `db:"updated_at" json:"updated_at"`
}

// A PriceSet is a price to be.
type PriceSet struct {
	Variant   id.Variant
	Amount    money.Amount
	CompareAt *money.Amount // in the same currency; nil takes one away
}

// PricesChanged says that variants cost something else than before.
type PricesChanged struct {
	VariantIDs []id.Variant `json:"variant_ids"`
}

// EventName names the event in the log.
func (PricesChanged) EventName() string { return "pricing.prices_changed" }

// ErrCompareAt says that a price is struck through that is not above the real one.
var ErrCompareAt = errs.New(errs.Invalid, "compare_at_not_above", "The compare-at price must be above the price, or empty.")

// ErrPriceRange says that a price is negative or beyond 10^12 minor units.
var ErrPriceRange = errs.New(errs.Invalid, "price_out_of_range", "A price must be between 0 and 1,000,000,000,000 minor units.")

func init() {
	postgres.Name("prices_compare_at_above", ErrCompareAt)
	postgres.Name("prices_amount_range", ErrPriceRange)
}

// SetPrices makes the prices what the sets say, appends what changed to the
// history and raises one event. It returns the variants that changed; sets
// that change nothing write nothing.
func (p *Prices) SetPrices(ctx context.Context, tx pgx.Tx, sets []PriceSet) ([]id.Variant, error) {
	if len(sets) == 0 {
		return nil, nil
	}
	changed, err := postgres.Column[id.Variant](ctx, tx, setPrices, setArgs(ctx, sets))
	if err != nil {
		return nil, fmt.Errorf("set %d prices: %w", len(sets), err)
	}
	if len(changed) == 0 {
		return nil, nil
	}
	return changed, events.Raise(ctx, tx, PricesChanged{VariantIDs: changed})
}

// Of reads the prices of variants in every currency.
func (p *Prices) Of(ctx context.Context, db postgres.DB, variants []id.Variant) (map[id.Variant][]VariantPrice, error) {
	rows, err := postgres.All[VariantPrice](ctx, db, pricesOf, pgx.NamedArgs{"variants": variants})
	if err != nil {
		return nil, fmt.Errorf("read prices: %w", err)
	}
	prices := map[id.Variant][]VariantPrice{}
	for _, row := range rows {
		prices[row.Variant] = append(prices[row.Variant], row)
	}
	return prices, nil
}

// Offers reads what the variants of a product page cost and how many there
// are; catalog calls it through a field that app.go fills.
func (p *Prices) Offers(ctx context.Context, db postgres.DB, variants []id.Variant) (map[id.Variant]catalog.Offer, error) {
	prices, err := p.Of(ctx, db, variants)
	if err != nil {
		return nil, err
	}
	levels, err := p.Stock.Totals(ctx, db, variants)
	if err != nil {
		return nil, err
	}
	offers := make(map[id.Variant]catalog.Offer, len(variants))
	for _, v := range variants {
		offer := catalog.Offer{Variant: v, Prices: []catalog.PriceTag{}}
		for _, price := range prices[v] {
			offer.Prices = append(offer.Prices, catalog.PriceTag{Price: price.Amount, CompareAt: price.CompareAt})
		}
		if level, counted := levels[v]; counted {
			offer.OnHand, offer.Available = &level.OnHand, &level.Available
		}
		offers[v] = offer
	}
	return offers, nil
}

// SetOffers writes prices and stock that were entered on a product's page.
func (p *Prices) SetOffers(ctx context.Context, tx pgx.Tx, vendor id.Vendor, offers []catalog.Offer) error {
	var sets []PriceSet
	var counts []inventory.Count
	for _, o := range offers {
		for _, tag := range o.Prices {
			sets = append(sets, PriceSet{Variant: o.Variant, Amount: tag.Price, CompareAt: tag.CompareAt})
		}
		if o.OnHand != nil {
			counts = append(counts, inventory.Count{Vendor: vendor, Variant: o.Variant, OnHand: *o.OnHand})
		}
	}
	if _, err := p.SetPrices(ctx, tx, sets); err != nil {
		return err
	}
	_, promised, err := p.Stock.SetLevels(ctx, tx, counts, "count")
	if err == nil && len(promised) > 0 {
		err = inventory.ErrPromised.With("variant_ids", promised)
	}
	return err
}

func setArgs(ctx context.Context, sets []PriceSet) pgx.NamedArgs {
	n := len(sets)
	variants, currencies := make([]id.Variant, n), make([]string, n)
	amounts, compareAts := make([]int64, n), make([]*int64, n)
	for i, s := range sets {
		variants[i], currencies[i], amounts[i] = s.Variant, string(s.Amount.Currency), s.Amount.Minor
		if s.CompareAt != nil {
			compareAts[i] = &s.CompareAt.Minor
		}
	}
	return pgx.NamedArgs{
		"variants": variants, "currencies": currencies, "amounts": amounts, "compare_ats": compareAts, "actor": auth.From(ctx).Name(),
	}
}

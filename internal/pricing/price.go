package pricing

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/catalog"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

// VariantPrice is what a variant costs in one currency.
type VariantPrice struct {
	VariantID id.Variant    `db:"variant_id" json:"-"`
	Price     money.Amount  `db:"price" json:"price"`
	CompareAt *money.Amount `db:"compare_at" json:"compare_at_price,omitempty" doc:"What is struck out beside it."`
	Lowest30d *money.Amount `db:"lowest_30d" json:"lowest_price_30d,omitempty" doc:"The lowest price of the 30 days before this one took effect."`
	Derived   bool          `db:"derived" json:"derived,omitempty" doc:"It follows the price in the main currency."`
	UpdatedAt time.Time     `db:"updated_at" json:"updated_at"`
}

// PriceSet is a price to be set.
type PriceSet struct {
	Variant   id.Variant
	Amount    money.Amount
	CompareAt *money.Amount // nothing is struck out when nil

	derived bool // it follows the price in the main currency
}

const maxPrice = 1_000_000_000_000

// Problem is nil for a price that can be set, or says what is wrong with it.
func (p PriceSet) Problem() *errs.Field {
	switch {
	case !p.Amount.Currency.Valid():
		return &errs.Field{Pointer: "/currency", Code: "unknown_currency", Detail: "This is not the ISO 4217 code of a currency."}
	case p.Amount.Minor < 0 || p.Amount.Minor > maxPrice:
		return &errs.Field{Pointer: "/amount", Code: "out_of_range", Detail: "A price is between 0 and a million million minor units."}
	case p.CompareAt != nil && p.CompareAt.Currency != p.Amount.Currency:
		return &errs.Field{Pointer: "/compare_at_price/currency", Code: "other_currency", Detail: "The price that it is compared with is in another currency."}
	case p.CompareAt != nil && (p.CompareAt.Minor <= p.Amount.Minor || p.CompareAt.Minor > maxPrice):
		return &errs.Field{Pointer: "/compare_at_price", Code: "not_above", Detail: "The price that it is compared with is above the price."}
	}
	return nil
}

func validate(prices []PriceSet) error {
	var bad errs.Fields
	for i, p := range prices {
		if problem := p.Problem(); problem != nil {
			bad.Require(false, "/prices/"+strconv.Itoa(i)+problem.Pointer, problem.Code, problem.Detail)
		}
	}
	return bad.Err()
}

// SetPrices sets prices, thousands at a time, and returns the variants whose
// price is another now. What is so already is not written; each change is one
// line of history. Prices that are derived from them follow, and bundles that are
// made of them; those whose price is the sum of others are not set. The caller
// answers for whose variants they are.
//
// Everybody writes prices of the main currency first, and then the others.
func (p *Prices) SetPrices(ctx context.Context, tx pgx.Tx, prices []PriceSet) ([]id.Variant, error) {
	if len(prices) == 0 {
		return nil, nil
	}
	if err := validate(prices); err != nil {
		return nil, err
	}
	rates, err := rates(ctx, tx)
	if err != nil {
		return nil, err
	}
	first, then := prices, []PriceSet(nil)
	if len(rates) > 0 {
		first, then = partition(prices, func(s PriceSet) bool { return s.Amount.Currency == rates[0].Base })
	}
	changed, err := write(ctx, tx, first, false)
	if err != nil {
		return nil, err
	}
	base, _ := partition(first, func(s PriceSet) bool { return slices.Contains(changed, s.Variant) })
	followed, err := follow(ctx, tx, rates, base, then)
	if err != nil {
		return nil, err
	}
	if changed = distinct(slices.Concat(changed, followed)); len(changed) == 0 {
		return nil, nil
	}
	bundles, err := sumAround(ctx, tx, changed)
	if err != nil {
		return nil, err
	}
	return changed, raiseChanged(ctx, tx, slices.Concat(changed, bundles))
}

func partition(prices []PriceSet, is func(PriceSet) bool) (yes, no []PriceSet) {
	for _, p := range prices {
		if is(p) {
			yes = append(yes, p)
		} else {
			no = append(no, p)
		}
	}
	return yes, no
}

func write(ctx context.Context, tx pgx.Tx, prices []PriceSet, sums bool) ([]id.Variant, error) {
	if len(prices) == 0 {
		return nil, nil
	}
	args := priceArgs(ctx, prices)
	args["sums"] = sums
	changed, err := postgres.Column[id.Variant](ctx, tx, setPrices, args)
	if err != nil {
		return nil, fmt.Errorf("set %d prices: %w", len(prices), err)
	}
	return distinct(changed), nil
}

// Replace makes prices the only ones that a vendor's variant has of its own;
// staff (no vendor) may do so with any.
func (p *Prices) Replace(ctx context.Context, tx pgx.Tx, vendor id.Vendor, variant id.Variant, prices []PriceSet) ([]VariantPrice, error) {
	if _, err := replaceable(ctx, tx, vendor, variant, prices); err != nil {
		return nil, err
	}
	if err := p.replace(ctx, tx, []id.Variant{variant}, prices); err != nil {
		return nil, err
	}
	return p.Of(ctx, tx, []id.Variant{variant})
}

// Propose is [Prices.Replace] for a vendor. Where staff want to look first, prices
// of what is on sale stay as they are and wait with the change that it names.
func (p *Prices) Propose(ctx context.Context, tx pgx.Tx, vendor id.Vendor, variant id.Variant, prices []PriceSet) ([]VariantPrice, id.ProductChange, error) {
	fact, err := replaceable(ctx, tx, vendor, variant, prices)
	if err != nil {
		return nil, id.ProductChange{}, err
	}
	change, err := p.Catalog.ProposePrices(ctx, tx, vendor, fact.ProductID, variant, tagsOf(prices))
	if err == nil && change.IsZero() {
		err = p.replace(ctx, tx, []id.Variant{variant}, prices)
	}
	if err != nil {
		return nil, id.ProductChange{}, err
	}
	list, err := p.Of(ctx, tx, []id.Variant{variant})
	return list, change, err
}

// replaceable makes prices those of a variant and refuses what it cannot have.
func replaceable(ctx context.Context, db postgres.DB, vendor id.Vendor, variant id.Variant, prices []PriceSet) (catalog.Facts, error) {
	fact, err := own(ctx, db, vendor, variant)
	switch {
	case err != nil:
		return fact, err
	case fact.Summed:
		return fact, ErrSummed
	}
	for i := range prices {
		prices[i].Variant = variant
		if slices.ContainsFunc(prices[:i], func(other PriceSet) bool { return other.Amount.Currency == prices[i].Amount.Currency }) {
			return fact, errs.Validation.Field("/prices/"+strconv.Itoa(i), "duplicate", "There is another price in this currency.")
		}
	}
	return fact, validate(prices)
}

// replace makes prices the only ones that variants have of their own.
func (p *Prices) replace(ctx context.Context, tx pgx.Tx, variants []id.Variant, prices []PriceSet) error {
	changed, err := p.SetPrices(ctx, tx, prices)
	if err != nil {
		return err
	}
	priced, currencies := make([]id.Variant, len(prices)), make([]money.Currency, len(prices))
	for i, set := range prices {
		priced[i], currencies[i] = set.Variant, set.Amount.Currency
	}
	gone, err := postgres.Column[id.Variant](ctx, tx, dropPrices, pgx.NamedArgs{"variants": variants, "priced": priced, "currencies": currencies})
	if err != nil {
		return fmt.Errorf("drop prices of %d variants: %w", len(variants), err)
	}
	if gone = distinct(gone); len(gone) == 0 {
		return nil
	}
	if _, err := followAnew(ctx, tx, gone); err != nil {
		return err
	}
	bundles, err := sumAround(ctx, tx, gone)
	if err != nil {
		return err
	}
	untold := slices.DeleteFunc(gone, func(v id.Variant) bool { return slices.Contains(changed, v) })
	return raiseChanged(ctx, tx, slices.Concat(untold, bundles))
}

// Of is every price of variants, in the order of variants and currencies.
func (p *Prices) Of(ctx context.Context, db postgres.DB, variants []id.Variant) ([]VariantPrice, error) {
	list, err := postgres.All[VariantPrice](ctx, db, selectPrices, pgx.NamedArgs{"variants": variants})
	if err != nil {
		return nil, fmt.Errorf("read prices of %d variants: %w", len(variants), err)
	}
	return list, nil
}

// Change is a line of a price's history.
type Change struct {
	Seq       int64         `db:"seq" json:"seq"`
	Price     money.Amount  `db:"price" json:"price"`
	CompareAt *money.Amount `db:"compare_at" json:"compare_at_price,omitempty"`
	Actor     string        `db:"actor" json:"actor"`
	At        time.Time     `db:"at" json:"at"`
}

// History lists what a variant cost, the newest first, from before a sequence
// number on; 0 is the newest.
func (p *Prices) History(ctx context.Context, db postgres.DB, variant id.Variant, before int64, limit int) ([]Change, error) {
	list, err := postgres.All[Change](ctx, db, selectHistory, pgx.NamedArgs{"variant": variant, "before": before, "limit": limit})
	if err != nil {
		return nil, fmt.Errorf("read price history of %s: %w", variant, err)
	}
	return list, nil
}

func own(ctx context.Context, db postgres.DB, vendor id.Vendor, variant id.Variant) (catalog.Facts, error) {
	facts, err := catalog.VariantsOf(ctx, db, vendor, []id.Variant{variant})
	if err == nil && len(facts) == 0 {
		err = catalog.ErrNoVariant
	}
	return facts[variant], err
}

// changesPerEvent keeps an event small.
const changesPerEvent = 1000

func raiseChanged(ctx context.Context, tx pgx.Tx, variants []id.Variant) error {
	for some := range slices.Chunk(variants, changesPerEvent) {
		if err := events.Raise(ctx, tx, PricesChanged{some}); err != nil {
			return err
		}
	}
	return nil
}

func distinct(variants []id.Variant) []id.Variant {
	slices.SortFunc(variants, func(a, b id.Variant) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(variants)
}

// priceArgs turns prices into the arrays that unnest takes, in one order for
// everybody; of two prices for one variant and currency the later counts.
func priceArgs(ctx context.Context, prices []PriceSet) pgx.NamedArgs {
	prices = slices.Clone(prices)
	slices.Reverse(prices)
	same := func(a, b PriceSet) int {
		return cmp.Or(bytes.Compare(a.Variant[:], b.Variant[:]), cmp.Compare(a.Amount.Currency, b.Amount.Currency))
	}
	slices.SortStableFunc(prices, same)
	prices = slices.CompactFunc(prices, func(a, b PriceSet) bool { return same(a, b) == 0 })
	n := len(prices)
	variants, currencies, amounts, compareAt, derived := make([]id.Variant, n), make([]money.Currency, n), make([]int64, n), make([]*int64, n), make([]bool, n)
	for i, p := range prices {
		variants[i], currencies[i], amounts[i], derived[i] = p.Variant, p.Amount.Currency, p.Amount.Minor, p.derived
		if p.CompareAt != nil {
			compareAt[i] = &p.CompareAt.Minor
		}
	}
	return pgx.NamedArgs{
		"variants": variants, "currencies": currencies, "amounts": amounts, "compare_at": compareAt,
		"derived": derived, "actor": auth.From(ctx).Name(),
	}
}

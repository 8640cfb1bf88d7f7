package importer

import (
	"context"

	"github.com/jackc/pgx/v5"

	"souk/internal/catalog"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/pricing"
)

// A wish is a price that a row of the file asks for.
type wish struct {
	pricing.PriceSet
	item    *item
	row     row
	further bool // it gives a price only
}

func (r *run) setPrices(ctx context.Context, tx pgx.Tx, batch []*item, owners map[string]id.Vendor, all []placed) error {
	variants := make([]id.Variant, len(all))
	itemOf := map[id.Variant]*item{}
	for i, v := range all {
		variants[i], itemOf[v.id] = v.id, v.item
	}
	kept := map[id.Variant][]pricing.VariantPrice{}
	if !r.table.has("compare_at_price") {
		present, err := r.Prices.Of(ctx, tx, variants)
		if err != nil {
			return err
		}
		for _, p := range present {
			kept[p.VariantID] = append(kept[p.VariantID], p)
		}
	}
	var wishes []wish
	for _, v := range all {
		for _, p := range v.Prices {
			wishes = append(wishes, wish{p.set(v.id, kept[v.id]), v.item, v.row, false})
		}
	}
	priced := map[id.Variant]*item{} // by rows that only give a price
	for _, it := range batch {
		further, err := r.furtherPrices(ctx, tx, it, owners[it.owner.Slug])
		if err != nil {
			return err
		}
		for _, w := range further {
			priced[w.Variant] = it
		}
		wishes = append(wishes, further...)
	}
	sets, err := r.granted(ctx, tx, owners, wishes)
	if err != nil {
		return err
	}
	changed, err := r.Prices.SetPrices(ctx, tx, sets)
	if err != nil {
		return err
	}
	for _, variant := range changed {
		if it := itemOf[variant]; it != nil {
			it.updated()
		} else if it := priced[variant]; it != nil {
			it.repriced = true
		}
	}
	return nil
}

// granted are the prices that may be set. Where staff look at those of a vendor
// first, its file leaves what is on sale as it is, and is told so by row.
func (r *run) granted(ctx context.Context, tx pgx.Tx, owners map[string]id.Vendor, wishes []wish) (sets []pricing.PriceSet, err error) {
	held, err := r.held(ctx, tx, owners, wishes)
	if err != nil {
		return nil, err
	}
	for _, w := range wishes {
		if !held(w.PriceSet) {
			sets = append(sets, w.PriceSet)
			continue
		}
		c := cells{row: w.row}
		c.refuse("price", "%s", catalog.ErrLookedAt.Message)
		if c.problems[0].rows = []row{w.row}; !w.further {
			c.problems[0].rows = r.table.format.alone(w.item.Product, w.row.number)
		}
		w.item.problems = append(w.item.problems, c.problems...)
	}
	return sets, nil
}

// held tells which prices wait for staff: others than there are, of what a vendor
// has on sale who sends the file.
func (r *run) held(ctx context.Context, tx pgx.Tx, owners map[string]id.Vendor, wishes []wish) (func(pricing.PriceSet) bool, error) {
	look := false
	if r.options.Proposed {
		for _, vendor := range owners { // there is one
			var err error
			if look, err = r.Catalog.LooksAtPrices(ctx, tx, vendor); err != nil {
				return nil, err
			}
		}
	}
	if !look {
		return func(pricing.PriceSet) bool { return false }, nil
	}
	variants := make([]id.Variant, len(wishes))
	for i, w := range wishes {
		variants[i] = w.Variant
	}
	onSale, err := catalog.OnSale(ctx, tx, variants)
	if err != nil {
		return nil, err
	}
	list, err := r.Prices.Of(ctx, tx, variants)
	if err != nil {
		return nil, err
	}
	type place struct {
		variant  id.Variant
		currency money.Currency
	}
	present := make(map[place]pricing.VariantPrice, len(list))
	for _, p := range list {
		present[place{p.VariantID, p.Price.Currency}] = p
	}
	return func(set pricing.PriceSet) bool {
		now, priced := present[place{set.Variant, set.Amount.Currency}]
		same := priced && now.Price == set.Amount && equal(now.CompareAt, set.CompareAt)
		return onSale[set.Variant] && !same
	}, nil
}

func equal(a, b *money.Amount) bool { return a == b || a != nil && b != nil && *a == *b }

// set is what pricing is told. A price to compare with that the file has no
// column for stays where it still is above the price.
func (p Price) set(variant id.Variant, present []pricing.VariantPrice) pricing.PriceSet {
	set := pricing.PriceSet{Variant: variant, Amount: p.Amount, CompareAt: p.CompareAt}
	for _, was := range present {
		if p.KeepCompareAt && was.Price.Currency == p.Currency && was.CompareAt != nil && was.CompareAt.Minor > p.Minor {
			set.CompareAt = was.CompareAt
		}
	}
	return set
}

// furtherPrices finds the variants of rows that only give a price.
func (r *run) furtherPrices(ctx context.Context, tx pgx.Tx, it *item, vendor id.Vendor) (wishes []wish, err error) {
	if len(it.FurtherPrices) == 0 {
		return nil, nil
	}
	skus := make([]string, len(it.FurtherPrices))
	for i, f := range it.FurtherPrices {
		skus[i] = f.SKU
	}
	variants, err := r.Catalog.VariantsBySKU(ctx, tx, vendor, skus)
	if err != nil {
		return nil, err
	}
	for _, f := range it.FurtherPrices {
		variant, ok := variants[f.SKU]
		switch _, inFile := r.skus[r.key(it.owner.Slug, "sku", f.SKU)]; {
		case ok:
			wishes = append(wishes, wish{f.set(variant, nil), it, f.row, true})
		case !inFile || !r.options.DryRun: // a dry run has rolled its variant back
			c := cells{row: f.row}
			c.refuse("sku", "there is no variant with the SKU %q", f.SKU)
			c.problems[0].rows = []row{f.row}
			it.problems = append(it.problems, c.problems...)
		}
	}
	return wishes, nil
}

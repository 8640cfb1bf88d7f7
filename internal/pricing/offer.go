package pricing

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"souk/internal/catalog"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/inventory"
	"souk/internal/platform/postgres"
)

// SetOffers sets prices and stock of a vendor's new variants: app.go gives it
// to the catalogue, whose page for a product takes them in the same call.
func (p *Prices) SetOffers(ctx context.Context, tx pgx.Tx, vendor id.Vendor, offers []catalog.Offer) error {
	var prices []PriceSet
	var counts []inventory.Count
	var bad errs.Fields
	for i, o := range offers {
		for _, tag := range o.Prices {
			set := PriceSet{Variant: o.Variant, Amount: tag.Price, CompareAt: tag.CompareAt}
			if problem := set.Problem(); problem != nil {
				at := "/price" + problem.Pointer
				if strings.HasPrefix(problem.Pointer, "/compare_at_price") {
					at = problem.Pointer
				}
				bad.Require(false, "/variants/"+strconv.Itoa(i)+at, problem.Code, problem.Detail)
			}
			prices = append(prices, set)
		}
		if o.OnHand != nil {
			counts = append(counts, inventory.Count{Vendor: vendor, Variant: o.Variant, OnHand: *o.OnHand})
		}
	}
	if err := bad.Err(); err != nil {
		return err
	}
	if _, err := p.SetPrices(ctx, tx, prices); err != nil {
		return err
	}
	if _, _, err := p.Stock.SetLevels(ctx, tx, counts, "receive"); err != nil {
		return fmt.Errorf("stock %d variants: %w", len(counts), err)
	}
	return nil
}

// ReplaceTags is [Prices.Replace] for what staff have approved of a vendor's
// variants: app.go gives it to the catalogue. What is not sold any more is left out.
func (p *Prices) ReplaceTags(ctx context.Context, tx pgx.Tx, vendor id.Vendor, tags map[id.Variant][]catalog.PriceTag) error {
	facts, err := catalog.VariantsOf(ctx, tx, vendor, slices.Collect(maps.Keys(tags)))
	if err != nil {
		return err
	}
	var prices []PriceSet
	for variant, fact := range facts {
		if fact.Summed {
			return ErrSummed
		}
		for _, tag := range tags[variant] {
			prices = append(prices, PriceSet{Variant: variant, Amount: tag.Price, CompareAt: tag.CompareAt})
		}
	}
	return p.replace(ctx, tx, slices.Collect(maps.Keys(facts)), prices)
}

func tagsOf(prices []PriceSet) []catalog.PriceTag {
	tags := make([]catalog.PriceTag, len(prices))
	for i, set := range prices {
		tags[i] = catalog.PriceTag{Price: set.Amount, CompareAt: set.CompareAt}
	}
	return tags
}

// Offers is what variants cost and how much of them there is.
func (p *Prices) Offers(ctx context.Context, db postgres.DB, variants []id.Variant) (map[id.Variant]catalog.Offer, error) {
	prices, err := p.Of(ctx, db, variants)
	if err != nil {
		return nil, err
	}
	sums, err := p.Stock.Sums(ctx, db, variants)
	if err != nil {
		return nil, err
	}
	offers := make(map[id.Variant]catalog.Offer, len(variants))
	for _, v := range variants {
		o := catalog.Offer{Variant: v, Prices: []catalog.PriceTag{}}
		if sum, ok := sums[v]; ok {
			o.Available = &sum.Available
			if !sum.Bundle {
				o.OnHand = &sum.OnHand
			}
		}
		offers[v] = o
	}
	for _, price := range prices {
		o := offers[price.VariantID]
		o.Prices = append(o.Prices, catalog.PriceTag{Price: price.Price, CompareAt: price.CompareAt, Derived: price.Derived})
		offers[price.VariantID] = o
	}
	return offers, nil
}

package catalog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// proposedEdit is what a change does to a product, and to what its variants cost.
type proposedEdit struct {
	ProductEdit
	Prices map[id.Variant][]PriceTag `json:"prices,omitempty"` // all that a variant has of its own
}

// PricesShown is what a variant costs in the diff of a change.
type PricesShown struct {
	VariantID id.Variant `json:"variant_id"`
	SKU       string     `json:"sku"`
	Title     string     `json:"title"`
	Prices    []PriceTag `json:"prices" doc:"Those of its own, not those that follow the main currency."`
}

// LooksAtPrices reports whether staff look at what a vendor's goods on sale shall cost.
func (c *Catalog) LooksAtPrices(ctx context.Context, tx pgx.Tx, vendor id.Vendor) (bool, error) {
	review, err := ReviewPricesSetting.Get(ctx, c.Settings)
	if err != nil || !review {
		return false, err
	}
	return c.staffLook(ctx, tx, vendor)
}

// ProposePrices adds what a vendor wants for a variant to the change of its
// product that waits, and says which that is: none where it need not wait.
func (c *Catalog) ProposePrices(ctx context.Context, tx pgx.Tx, vendor id.Vendor, product id.Product, variant id.Variant, prices []PriceTag) (id.ProductChange, error) {
	if look, err := c.LooksAtPrices(ctx, tx, vendor); err != nil || !look {
		return id.ProductChange{}, err
	}
	now, err := c.lock(ctx, tx, vendor, product, 0)
	if err != nil || !now.onSale() {
		return id.ProductChange{}, err
	}
	return c.propose(ctx, tx, now, fields(proposedEdit{Prices: map[id.Variant][]PriceTag{variant: prices}}))
}

// ProposeNewVariant is [Catalog.AddVariant] for a vendor. Where staff look at
// prices, it cannot be bought until they have approved its own.
func (c *Catalog) ProposeNewVariant(ctx context.Context, tx pgx.Tx, vendor id.Vendor, product id.Product, e VariantEdit, offer Offer) (Variant, error) {
	v, err := c.AddVariant(ctx, tx, vendor, product, e, Offer{OnHand: offer.OnHand})
	if err != nil || len(offer.Prices) == 0 {
		return v, err
	}
	change, err := c.ProposePrices(ctx, tx, vendor, product, v.ID, offer.Prices)
	if err != nil {
		return Variant{}, err
	}
	err = postgres.InTx(ctx, tx, func(tx pgx.Tx) error { // what cannot be is told at once
		if err := c.offer(ctx, tx, vendor, []Offer{{Variant: v.ID, Prices: offer.Prices}}); err != nil {
			return err
		}
		if !change.IsZero() {
			return errTriedOut
		}
		return nil
	})
	if err != nil && !errors.Is(err, errTriedOut) {
		return Variant{}, err
	}
	return c.variant(ctx, tx, vendor, product, v.ID)
}

// OnSale are those of variants whose products are on sale, or will be by themselves.
func OnSale(ctx context.Context, db postgres.DB, variants []id.Variant) (map[id.Variant]bool, error) {
	list, err := postgres.Column[id.Variant](ctx, db, selectVariantsOnSale, pgx.NamedArgs{"variants": variants})
	if err != nil {
		return nil, fmt.Errorf("look which of %d variants are on sale: %w", len(variants), err)
	}
	known := make(map[id.Variant]bool, len(list))
	for _, v := range list {
		known[v] = true
	}
	return known, nil
}

// pricesShown are the prices of those variants that a change gives others, as they
// are and as they would be.
func (p Product) pricesShown(wanted map[id.Variant][]PriceTag) (before, after []PricesShown) {
	before, after = []PricesShown{}, []PricesShown{}
	for _, v := range p.Variants {
		tags, named := wanted[v.ID]
		was := v.own()
		would := slices.SortedFunc(slices.Values(tags), func(a, b PriceTag) int { return cmp.Compare(a.Price.Currency, b.Price.Currency) })
		if named && (len(was) != len(would) || len(was) > 0 && !reflect.DeepEqual(was, would)) {
			before = append(before, PricesShown{v.ID, v.SKU, v.Title, was})
			after = append(after, PricesShown{v.ID, v.SKU, v.Title, would})
		}
	}
	return before, after
}

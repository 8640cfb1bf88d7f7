package inventory

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/catalog"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// A Row is a level as people see it in a list, with what it is a level of.
type Row struct {
	Level
	ProductID id.Product `db:"-" json:"product_id,omitempty,omitzero"`
	SKU       string     `db:"-" json:"sku"`
	Title     string     `db:"-" json:"title"`
}

// A Filter says which levels to list; what is not set does not matter.
type Filter struct {
	Vendor   id.Vendor
	Location id.Location
	Q        string // an SKU, or words of the product's title
	AtMost   *int   // so many available, or fewer
	After    Place
	Limit    int
}

// A Place is the key of a level.
type Place struct {
	Variant  id.Variant  `json:"v"`
	Location id.Location `json:"l"`
}

// likeCap is how many variants a text may find: more than anybody pages through.
const likeCap = 1000

// List lists stock levels by variant.
func (s *Stock) List(ctx context.Context, db postgres.DB, f Filter) ([]Row, error) {
	args := pgx.NamedArgs{
		"vendor": f.Vendor, "location": f.Location, "at_most": f.AtMost, "variants": nil,
		"after_variant": f.After.Variant, "after_location": f.After.Location, "limit": f.Limit,
	}
	if f.Q != "" {
		found, err := catalog.VariantsLike(ctx, db, f.Vendor, f.Q, likeCap)
		if err != nil {
			return nil, err
		}
		args["variants"] = found
	}
	levels, err := postgres.All[Level](ctx, db, selectLevels, args)
	if err != nil {
		return nil, fmt.Errorf("list stock: %w", err)
	}
	return named(ctx, db, levels)
}

// named adds what the variants are called.
func named(ctx context.Context, db postgres.DB, levels []Level) ([]Row, error) {
	ids := make([]id.Variant, len(levels))
	for i, l := range levels {
		ids[i] = l.VariantID
	}
	facts, err := catalog.VariantsOf(ctx, db, id.Vendor{}, ids)
	if err != nil {
		return nil, err
	}
	rows := make([]Row, len(levels))
	for i, l := range levels {
		f := facts[l.VariantID]
		rows[i] = Row{l, f.ProductID, f.SKU, f.ProductTitle}
		if f.Title != f.ProductTitle {
			rows[i].Title += ": " + f.Title
		}
	}
	return rows, nil
}

// A Sum is how much there is of a variant over all locations.
type Sum struct {
	Variant   id.Variant `db:"variant_id"`
	Bundle    bool       `db:"bundle"` // it has nothing on hand: its components do
	OnHand    int        `db:"on_hand"`
	Available int        `db:"available"`
}

// Sums adds up the stock of variants; those without a level are left out, and
// bundles of which there are any number.
func (s *Stock) Sums(ctx context.Context, db postgres.DB, variants []id.Variant) (map[id.Variant]Sum, error) {
	list, err := postgres.All[Sum](ctx, db, sumLevels, pgx.NamedArgs{"variants": variants})
	if err != nil {
		return nil, fmt.Errorf("add up stock of %d variants: %w", len(variants), err)
	}
	sums := make(map[id.Variant]Sum, len(list))
	for _, sum := range list {
		sums[sum.Variant] = sum
	}
	return sums, nil
}

// A Movement is units that came or went: a fact, never changed.
type Movement struct {
	Seq        int64        `db:"seq" json:"seq"`
	VariantID  id.Variant   `db:"variant_id" json:"variant_id"`
	LocationID id.Location  `db:"location_id" json:"location_id"`
	Delta      int          `db:"delta" json:"delta"`
	Reason     string       `db:"reason" json:"reason"`
	Ref        id.OrderLine `db:"ref" json:"order_line_id,omitempty,omitzero"`
	Actor      string       `db:"actor" json:"actor"`
	Note       string       `db:"note" json:"note,omitempty"`
	At         time.Time    `db:"at" json:"at"`
}

// Movements lists what came and went of a variant, the newest first, from
// before a sequence number on; 0 is the newest.
func (s *Stock) Movements(ctx context.Context, db postgres.DB, vendor id.Vendor, variant id.Variant, before int64, limit int) ([]Movement, error) {
	list, err := postgres.All[Movement](ctx, db, selectMovements,
		pgx.NamedArgs{"vendor": vendor, "variant": variant, "before": before, "limit": limit})
	if err != nil {
		return nil, fmt.Errorf("read movements of %s: %w", variant, err)
	}
	return list, nil
}

package catalog

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// Bundle is what a variant is made of when it is sold. It has no stock of its
// own: there are as many as the scarcest of its components makes.
type Bundle struct {
	BundlePrice
	Components []Component `json:"components"`
}

// BundlePrice says where the price of a bundle comes from.
type BundlePrice struct {
	Pricing     BundlePricing `json:"pricing" enum:"fixed,summed" doc:"fixed has prices as any variant; summed costs what its components do, in the currencies that all of them have."`
	DiscountBPS int           `json:"discount_bps,omitempty" minimum:"0" maximum:"9999" doc:"What a summed bundle is cheaper than its components, in hundredths of a per cent."`
}

// BundlePricing is how a bundle is priced.
type BundlePricing string

// The ways to price a bundle.
const (
	PriceFixed  BundlePricing = "fixed"
	PriceSummed BundlePricing = "summed"
)

// BundlePart is so many of a variant in one unit of a bundle.
type BundlePart struct {
	VariantID id.Variant `db:"variant_id" json:"variant_id"`
	Quantity  int        `db:"quantity" json:"quantity" minimum:"1" maximum:"1000"`
}

// Component is a part of a bundle as staff and vendors see it.
type Component struct {
	BundlePart
	ProductID id.Product     `db:"product_id" json:"product_id"`
	SKU       string         `db:"sku" json:"sku"`
	Title     string         `db:"title" json:"title"`
	State     ComponentState `db:"state" json:"state" enum:"ready,short,gone" doc:"short: there is not enough for one bundle; gone: it is not sold any more. Either way the bundle cannot be bought."`
}

// ComponentState says whether a component lets its bundle be sold.
type ComponentState string

// The states of components.
const (
	ComponentReady ComponentState = "ready"
	ComponentShort ComponentState = "short"
	ComponentGone  ComponentState = "gone"
)

// NewBundle is what a bundle shall be; without components it is none any more.
type NewBundle struct {
	BundlePrice
	Components []BundlePart `json:"components" maxItems:"50"`
}

const maxComponents = 50

var (
	errForeignComponent = errs.Validation.Field("/bundle/components", "not_found", "A component is another variant of the same vendor that is still sold.")
	// ErrNestedBundle keeps bundles flat.
	ErrNestedBundle = errs.New(errs.Conflict, "bundle_in_bundle", "A bundle is not made of bundles, and what is in one cannot become one.")
	// ErrBundleHasStock keeps units from being forgotten.
	ErrBundleHasStock = errs.New(errs.Conflict, "bundle_has_stock", "This variant has stock of its own. Bring it to nothing before you make a bundle of it.")
)

func init() {
	postgres.Name("variant_components_component_fkey", errForeignComponent)
	postgres.Name("variant_components_vendor", errForeignComponent)
	postgres.Name("variant_components_itself", errForeignComponent)
	postgres.Name("variant_components_flat", ErrNestedBundle)
	postgres.Name("variant_components_stock", ErrBundleHasStock)
}

// A candidate is a variant that could be a component: gift cards and periods of plans
// are sold by themselves, and a bundle would give its buyer none.
type candidate struct {
	Component
	VendorID id.Vendor `db:"vendor_id"`
	Bundle   bool      `db:"bundle"`
}

// candidates reads what is wanted in bundles and still sold; nothing where
// nothing is wanted.
func candidates(ctx context.Context, db postgres.DB, wanted []BundlePart) (map[id.Variant]candidate, error) {
	known, err := allCandidates(ctx, db, wanted)
	maps.DeleteFunc(known, func(_ id.Variant, c candidate) bool { return c.State == ComponentGone })
	return known, err
}

func allCandidates(ctx context.Context, db postgres.DB, wanted []BundlePart) (map[id.Variant]candidate, error) {
	if len(wanted) == 0 {
		return nil, nil
	}
	ids := make([]id.Variant, len(wanted))
	for i, part := range wanted {
		ids[i] = part.VariantID
	}
	list, err := postgres.All[candidate](ctx, db, selectCandidates, pgx.NamedArgs{"ids": ids})
	if err != nil {
		return nil, fmt.Errorf("read %d components: %w", len(wanted), err)
	}
	known := make(map[id.Variant]candidate, len(list))
	for _, c := range list {
		known[c.VariantID] = c
	}
	return known, nil
}

// bundled makes a bundle of a variant, or none of it any more.
func (v *Variant) bundled(n NewBundle, known map[id.Variant]candidate, pointer string) (bad errs.Fields) {
	if len(n.Components) == 0 {
		v.Bundle = nil
		return nil
	}
	bad.Require(n.Pricing == PriceFixed || n.Pricing == PriceSummed, pointer+"/pricing", "invalid", "Say fixed or summed.")
	bad.Require(n.DiscountBPS == 0 || n.Pricing == PriceSummed && n.DiscountBPS > 0 && n.DiscountBPS < 10_000, pointer+"/discount_bps", "invalid",
		"Only a summed bundle is cheaper than its components, by less than all of it.")
	bad.Require(len(n.Components) <= maxComponents, pointer+"/components", "too_many", "At most "+strconv.Itoa(maxComponents)+" are possible.")
	b := &Bundle{BundlePrice: n.BundlePrice, Components: []Component{}}
	for i, part := range n.Components {
		at := pointer + "/components/" + strconv.Itoa(i)
		c, found := known[part.VariantID]
		c.Quantity = part.Quantity
		twice := slices.ContainsFunc(b.Components, func(o Component) bool { return o.VariantID == part.VariantID })
		bad.Require(found && c.VendorID == v.VendorID && part.VariantID != v.ID, at+"/variant_id", "not_found", errForeignComponent.Fields[0].Detail)
		bad.Require(!c.Bundle, at+"/variant_id", ErrNestedBundle.Code, ErrNestedBundle.Message)
		bad.Require(!twice, at+"/variant_id", "duplicate", "This variant is named before. Raise its quantity there.")
		bad.Require(part.Quantity >= 1 && part.Quantity <= 1000, at+"/quantity", "out_of_range", "From 1 to 1000 are possible.")
		b.Components = append(b.Components, c.Component)
	}
	if len(bad) == 0 {
		v.Bundle = b
	}
	return bad
}

// setBundle is bundled for one variant that is edited by itself.
func (c *Catalog) setBundle(ctx context.Context, tx pgx.Tx, v *Variant, n *NewBundle, pointer string) error {
	if n == nil {
		return nil
	}
	known, err := candidates(ctx, tx, n.Components)
	if err != nil {
		return err
	}
	return v.bundled(*n, known, pointer).Err()
}

// asNew is the bundle that would make a variant what it is.
func (v Variant) asNew() NewBundle {
	n := NewBundle{Components: []BundlePart{}}
	if v.Bundle != nil {
		n.BundlePrice = v.Bundle.BundlePrice
		for _, c := range v.Bundle.Components {
			n.Components = append(n.Components, c.BundlePart)
		}
	}
	return n
}

// setBundles is setBundle for variants of a product.
func (c *Catalog) setBundles(ctx context.Context, tx pgx.Tx, p *Product, bundles map[id.Variant]NewBundle) error {
	p.Variants = slices.Clone(p.Variants)
	for variant, n := range bundles {
		i := slices.IndexFunc(p.Variants, func(v Variant) bool { return v.ID == variant })
		if i < 0 {
			return errs.Validation.Field("/bundles/"+variant.String(), "not_found", "The product has no such variant.")
		}
		if err := c.setBundle(ctx, tx, &p.Variants[i], &n, "/bundles/"+variant.String()); err != nil {
			return err
		}
	}
	return nil
}

// sum has pricing add up the prices of bundles that an edit has changed.
func (c *Catalog) sum(ctx context.Context, tx pgx.Tx, bundles []id.Variant) error {
	if c.SumBundles == nil || len(bundles) == 0 {
		return nil
	}
	return c.SumBundles(ctx, tx, bundles)
}

// componentOf is a component with the bundle that it is in.
type componentOf struct {
	Of       id.Product    `db:"of_product"`
	BundleID id.Variant    `db:"bundle_id"`
	Pricing  BundlePricing `db:"pricing"`
	Discount int           `db:"discount_bps"`
	Component
}

// addTo puts a component that was read into its bundle.
func (r componentOf) addTo(p *Product) {
	for i := range p.Variants {
		v := &p.Variants[i]
		if v.ID != r.BundleID {
			continue
		}
		if v.Bundle == nil {
			v.Bundle = &Bundle{BundlePrice: BundlePrice{r.Pricing, r.Discount}}
		}
		v.Bundle.Components = append(v.Bundle.Components, r.Component)
	}
}

const (
	// componentColumnsFragment is variant v of product p, so many of which are in a bundle.
	componentColumnsFragment = ` v.id AS variant_id, v.product_id, COALESCE(v.sku, '') AS sku,
		CASE WHEN v.title = p.title THEN v.title ELSE p.title || ': ' || v.title END AS title,
		CASE WHEN v.archived_at IS NOT NULL OR p.status IN ('archived', 'rejected') THEN 'gone'
		     WHEN s.available < quantity THEN 'short' ELSE 'ready' END AS state`

	selectCandidates = `
		SELECT ` + componentColumnsFragment + `, v.vendor_id, v.bundle IS NOT NULL AS bundle, quantity
		FROM variants v JOIN products p ON p.id = v.product_id CROSS JOIN LATERAL stock_of(v.id) s CROSS JOIN (VALUES (1)) one (quantity)
		WHERE v.id = ANY(@ids) AND NOT p.gift_card AND NOT p.unlisted`

	selectComponents = `
		SELECT b.product_id AS of_product, c.bundle_id, b.bundle AS pricing, b.bundle_discount_bps AS discount_bps, c.quantity, ` + componentColumnsFragment + `
		FROM variants b JOIN variant_components c ON c.bundle_id = b.id
		JOIN variants v ON v.id = c.component_id JOIN products p ON p.id = v.product_id CROSS JOIN LATERAL stock_of(v.id) s
		WHERE b.product_id = ANY(@ids) AND b.archived_at IS NULL AND b.bundle IS NOT NULL
		ORDER BY b.product_id, c.bundle_id, c.position, c.component_id`

	deleteComponents = `DELETE FROM variant_components WHERE bundle_id = ANY(@ids)`
	insertComponents = `
		INSERT INTO variant_components (bundle_id, component_id, quantity, position)
		SELECT bundle_id, component_id, quantity, position
		FROM jsonb_to_recordset(@rows::jsonb) AS r(bundle_id uuid, component_id uuid, quantity int, position int)
		ORDER BY bundle_id, position`
)

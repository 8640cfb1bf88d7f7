package importer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"souk/internal/catalog"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// What products say of others (bundles, related products) is settled when all of
// the file is in, so that it may stand in any order: the rows of those that name
// others are kept on the disk, and read again at the end.

// remember keeps the rows of a product that names others.
func (r *run) remember(rows []row) (err error) {
	if r.naming == nil {
		if r.naming, err = newShelf(r.table); err != nil {
			return err
		}
	}
	var kept family
	for _, at := range rows {
		place, err := r.naming.keep(at, "")
		if err != nil {
			return err
		}
		kept.rows = append(kept.rows, place)
	}
	r.named = append(r.named, kept)
	return nil
}

// linkAll settles what products say of others, product by product as the file
// has them, and batch by batch as they came in.
func (r *run) linkAll(ctx context.Context) error {
	if len(r.named) == 0 {
		return nil
	}
	if err := r.flush(ctx); err != nil {
		return err
	}
	if err := r.naming.out.Flush(); err != nil {
		return fmt.Errorf("keep the rows of products that name others: %w", err)
	}
	for _, kept := range r.named {
		rows := make([]row, len(kept.rows))
		for i, place := range kept.rows {
			at, _, err := r.naming.unpack(place)
			if err != nil {
				return fmt.Errorf("read a row again: %w", err)
			}
			rows[i] = at
			r.bytes += at.size()
		}
		p, _ := r.table.format.read(rows, r.Currency) // its problems have been told
		r.number++
		if err := r.put(ctx, &item{Product: p, number: r.number, owner: r.owner(p), now: r.now, links: true}); err != nil {
			return err
		}
	}
	return nil
}

// link settles a batch of products that name others. Of what is not in the shop,
// because it was refused, or in a dry run, nothing is said here.
func (r *run) link(ctx context.Context, tx pgx.Tx, batch []*item) error {
	known, err := r.findNamed(ctx, tx, batch)
	if err != nil {
		return err
	}
	byVendor, order := map[id.Vendor][]catalog.Linked{}, []id.Vendor(nil)
	items := map[id.Product]*item{}
	for _, it := range batch {
		own, found := known.products[productRef{it.owner.Slug, it.Handle}]
		if !found {
			continue
		}
		if byVendor[own.VendorID] == nil {
			order = append(order, own.VendorID)
		}
		byVendor[own.VendorID] = append(byVendor[own.VendorID], r.linked(it, own.ID, known))
		items[own.ID] = it
	}
	for _, vendor := range order {
		outcomes, err := r.Catalog.Link(ctx, tx, vendor, byVendor[vendor], catalog.PutOptions{Proposed: r.options.Proposed})
		if err != nil {
			return err
		}
		for _, o := range outcomes {
			it := items[o.Product]
			it.relinked = o.Change == catalog.Updated
			for _, field := range o.Problems {
				it.problems = append(it.problems, r.linkProblem(it, it.bundleAt(field.Pointer, known), field.Detail))
			}
		}
	}
	return nil
}

// linked is what a product says of others, by their ids.
func (r *run) linked(it *item, product id.Product, known *named) catalog.Linked {
	l := catalog.Linked{Product: product, Bundles: map[id.Variant]catalog.NewBundle{}}
	var relations catalog.Relations
	for _, kind := range []struct {
		refs []productRef
		ids  *[]id.Product
	}{
		{it.Relations.Related, &relations.Related},
		{it.Relations.Upsell, &relations.Upsell},
		{it.Relations.CrossSell, &relations.CrossSell},
	} {
		for _, ref := range kind.refs {
			other, found := known.products[r.refFrom(it, ref)]
			switch {
			case found && !slices.Contains(*kind.ids, other.ID):
				*kind.ids, l.Relations = append(*kind.ids, other.ID), &relations
			case !found && !r.comes(it, ref):
				it.problems = append(it.problems, r.linkProblem(it, nil, "there is no product "+ref.Handle))
			}
		}
	}
	for i := range it.Variants {
		v := &it.Variants[i]
		variant, found := known.variant(product, v.Options)
		if v.Bundle == nil || !found {
			continue
		}
		bundle := catalog.NewBundle{BundlePrice: v.Bundle.BundlePrice}
		for _, part := range v.Bundle.Components {
			component, found := known.component(it.owner.Slug, part)
			if !found && !r.comes(it, productRef{Handle: part.Handle}) {
				it.problems = append(it.problems, r.linkProblem(it, v, "there is no variant "+part.String()))
			}
			if found {
				bundle.Components = append(bundle.Components, catalog.BundlePart{VariantID: component, Quantity: part.Quantity})
			}
		}
		if len(bundle.Components) == len(v.Bundle.Components) {
			l.Bundles[variant] = bundle
		}
	}
	return l
}

// refFrom is a reference with the vendor whose product it is. Where one vendor
// gets the whole file, all are its own.
func (r *run) refFrom(it *item, ref productRef) productRef {
	if ref.VendorSlug == "" || r.options.Vendor != "" {
		ref.VendorSlug = it.owner.Slug
	}
	return ref
}

// comes reports whether a dry run has taken back the product that is named.
func (r *run) comes(it *item, ref productRef) bool {
	ref = r.refFrom(it, ref)
	_, inFile := r.seen[r.key(ref.VendorSlug, ref.Handle)]
	return r.options.DryRun && inFile
}

// linkProblem is one of a product, or of a bundle in it.
func (r *run) linkProblem(it *item, bundle *Variant, reason string) Problem {
	c, field := cells{row: it.rows[0]}, "relations"
	if bundle != nil {
		c.row, field = bundle.row, "bundle"
	}
	c.refuse(field, "%s", reason)
	c.problems[0].rows = r.table.format.alone(it.Product, c.number)
	return c.problems[0]
}

// bundleAt is the bundle that the catalogue points to; nil for the product itself.
func (it *item) bundleAt(pointer string, known *named) *Variant {
	for i := range it.Variants {
		v := &it.Variants[i]
		own := known.products[productRef{it.owner.Slug, it.Handle}]
		if variant, found := known.variant(own.ID, v.Options); found && strings.HasPrefix(pointer, "/bundles/"+variant.String()) {
			return v
		}
	}
	return nil
}

// named are the products that a batch names and is, and those of their variants
// that bundles are made of.
type named struct {
	products map[productRef]namedProduct
	variants map[id.Product][]namedVariant
	bySKU    map[productRef]id.Variant // the SKU in place of the handle
}

type namedProduct struct {
	VendorSlug string     `db:"vendor_slug"`
	VendorID   id.Vendor  `db:"vendor_id"`
	Handle     string     `db:"handle"`
	ID         id.Product `db:"id"`
}

type namedVariant struct {
	ProductID  id.Product `db:"product_id"`
	ID         id.Variant `db:"id"`
	VendorSlug string     `db:"vendor_slug"`
	Options    []string   `db:"options"`
	SKU        string     `db:"sku"`
}

const (
	selectNamedProducts = `
		SELECT v.slug AS vendor_slug, v.id AS vendor_id, p.handle, p.id
		FROM (SELECT DISTINCT unnest(@vendors::text[]) AS vendor, unnest(@handles::text[]) AS handle) q
		JOIN vendors v ON v.slug = q.vendor JOIN products p ON p.vendor_id = v.id AND p.handle = q.handle`

	selectNamedVariants = `
		SELECT r.product_id, r.id, '' AS vendor_slug, r.options, coalesce(r.sku, '') AS sku
		FROM variants r WHERE r.product_id = ANY(@products) AND r.archived_at IS NULL
		UNION ALL
		SELECT r.product_id, r.id, v.slug, r.options, r.sku
		FROM (SELECT DISTINCT unnest(@vendors::text[]) AS vendor, unnest(@skus::text[]) AS sku) q
		JOIN vendors v ON v.slug = q.vendor JOIN variants r ON r.vendor_id = v.id AND r.sku = q.sku AND r.archived_at IS NULL`
)

func (r *run) findNamed(ctx context.Context, tx pgx.Tx, batch []*item) (*named, error) {
	var vendors, handles, skuVendors, skus []string
	made := map[productRef]bool{} // of variants that are asked for
	name := func(ref productRef, variants bool) {
		vendors, handles = append(vendors, ref.VendorSlug), append(handles, ref.Handle)
		made[ref] = made[ref] || variants
	}
	for _, it := range batch {
		own := productRef{it.owner.Slug, it.Handle}
		name(own, true)
		for _, ref := range slices.Concat(it.Relations.Related, it.Relations.Upsell, it.Relations.CrossSell) {
			name(r.refFrom(it, ref), false)
		}
		for _, v := range it.Variants {
			for _, part := range v.Bundle.parts() {
				if part.Handle != "" {
					name(productRef{own.VendorSlug, part.Handle}, true)
				} else {
					skuVendors, skus = append(skuVendors, own.VendorSlug), append(skus, part.SKU)
				}
			}
		}
	}
	n := &named{map[productRef]namedProduct{}, map[id.Product][]namedVariant{}, map[productRef]id.Variant{}}
	products, err := postgres.All[namedProduct](ctx, tx, selectNamedProducts, pgx.NamedArgs{"vendors": vendors, "handles": handles})
	if err != nil {
		return nil, fmt.Errorf("find products by their handles: %w", err)
	}
	var ids []id.Product
	for _, p := range products {
		ref := productRef{p.VendorSlug, p.Handle}
		if n.products[ref] = p; made[ref] {
			ids = append(ids, p.ID)
		}
	}
	variants, err := postgres.All[namedVariant](ctx, tx, selectNamedVariants, pgx.NamedArgs{"products": ids, "vendors": skuVendors, "skus": skus})
	if err != nil {
		return nil, fmt.Errorf("find variants by their options: %w", err)
	}
	for _, v := range variants {
		if v.VendorSlug != "" {
			n.bySKU[productRef{v.VendorSlug, v.SKU}] = v.ID
		} else {
			n.variants[v.ProductID] = append(n.variants[v.ProductID], v)
		}
	}
	return n, nil
}

func (b *bundleRef) parts() []partRef {
	if b == nil {
		return nil
	}
	return b.Components
}

// variant is the one of a product with these options.
func (n *named) variant(product id.Product, options []string) (id.Variant, bool) {
	for _, v := range n.variants[product] {
		if slices.Equal(v.Options, options) {
			return v.ID, true
		}
	}
	return id.Variant{}, false
}

func (n *named) component(vendor string, part partRef) (id.Variant, bool) {
	if part.Handle == "" {
		variant, found := n.bySKU[productRef{vendor, part.SKU}]
		return variant, found
	}
	return n.variant(n.products[productRef{vendor, part.Handle}].ID, part.Options)
}

package catalog

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// Linked is what a product says of others: what is shown with it, and what its
// bundles are made of. What it does not name stays as it is.
type Linked struct {
	Product   id.Product
	Relations *Relations
	Bundles   map[id.Variant]NewBundle
}

// Link is [Catalog.Put] for what products say of others, which have to be there
// first. A bundle that cannot be is left as it is, and the rest goes in.
func (c *Catalog) Link(ctx context.Context, tx pgx.Tx, vendor id.Vendor, list []Linked, o PutOptions) ([]Outcome, error) {
	l := linking{vendor: vendor}
	if err := l.prepare(ctx, tx, list, o); err != nil {
		return nil, fmt.Errorf("prepare links of %d products: %w", len(list), err)
	}
	looks := false
	if o.Proposed {
		var err error
		if looks, err = c.staffLook(ctx, tx, vendor); err != nil {
			return nil, err
		}
	}
	var e edits
	outcomes := make([]Outcome, len(list))
	for i, link := range list {
		outcomes[i] = l.link(&e, link, looks)
	}
	if err := e.write(ctx, tx); err != nil {
		return nil, fmt.Errorf("link %d products: %w", len(e.changed), err)
	}
	return outcomes, c.sum(ctx, tx, e.summed)
}

// linking is one run of Link: what it knows before it decides.
type linking struct {
	vendor     id.Vendor
	present    map[id.Product]Product
	relatable  []id.Product
	told       []id.Product // those that products are related to now, and a file would say so
	components map[id.Variant]candidate
}

func (l *linking) prepare(ctx context.Context, tx pgx.Tx, list []Linked, o PutOptions) error {
	var products, related []id.Product
	var parts []BundlePart
	for _, link := range list {
		products = append(products, link.Product)
		if link.Relations != nil {
			related = append(related, link.Relations.all()...)
		}
		for _, b := range link.Bundles {
			parts = append(parts, b.Components...)
		}
	}
	present, err := postgres.All[Product](ctx, tx, lockProductsByID, pgx.NamedArgs{"vendor": l.vendor, "ids": products})
	if err == nil && len(present) > 0 {
		err = readParts(ctx, tx, present)
	}
	if err != nil {
		return err
	}
	l.present = make(map[id.Product]Product, len(present))
	for _, p := range present {
		l.present[p.ID] = p
	}
	namedBy := id.Vendor{} // staff
	if o.Proposed {
		namedBy = l.vendor
	}
	if l.relatable, err = relatable(ctx, tx, namedBy, related); err != nil {
		return err
	}
	var now []id.Product
	for _, p := range present {
		now = append(now, p.Relations.all()...)
	}
	if l.told, err = told(ctx, tx, namedBy, now); err != nil {
		return err
	}
	l.components, err = allCandidates(ctx, tx, parts) // also what is not sold any more: then the bundle cannot be bought, as where it came from
	return err
}

// link decides on one product.
func (l *linking) link(e *edits, link Linked, looks bool) Outcome {
	was, known := l.present[link.Product]
	out := Outcome{Slug: was.Handle, Product: link.Product, Change: Unchanged}
	if !known {
		return Outcome{Product: link.Product, Change: Refused, Problems: []errs.Field{{Code: ErrNoProduct.Code, Detail: ErrNoProduct.Message}}}
	}
	want := was
	if link.Relations != nil {
		wanted := was.Relations.refilled(*link.Relations, l.told)
		bad := was.relatedTo(wanted, l.relatable)
		if out.Problems = append(out.Problems, bad...); len(bad) == 0 {
			want.Relations = wanted
		}
	}
	want.Variants = slices.Clone(was.Variants)
	for i := range want.Variants {
		v := &want.Variants[i]
		if b, named := link.Bundles[v.ID]; named && !reflect.DeepEqual(v.asNew(), b) {
			out.Problems = append(out.Problems, v.bundled(b, l.components, "/bundles/"+v.ID.String())...)
		}
	}
	want.finish()
	switch {
	case looks && was.onSale() && (&edits{}).add(&was, want):
		out.Problems = append(out.Problems, errs.Field{Code: ErrLookedAt.Code, Detail: ErrLookedAt.Message})
	case e.add(&was, want):
		out.Change = Updated
	}
	return out
}

const lockProductsByID = selectProducts + `
	WHERE p.id = ANY(@ids) AND p.vendor_id = @vendor ORDER BY p.id FOR NO KEY UPDATE OF p`

package importer

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"souk/internal/catalog"
	"souk/internal/id"
	"souk/internal/inventory"
	"souk/internal/platform/postgres"
	"souk/internal/vendors"
)

// unlimited is the backorder limit of a variant that is sold however few there are.
const unlimited = 1_000_000

// placed is a variant of the file that is in the catalogue now.
type placed struct {
	Variant
	id     id.Variant
	vendor id.Vendor
	item   *item
}

// apply brings products, then their prices, then their stock to what the file
// says.
func (r *run) apply(ctx context.Context, tx pgx.Tx, batch []*item) error {
	if len(batch) > 0 && batch[0].links {
		return r.link(ctx, tx, batch)
	}
	named := make([]vendors.Named, len(batch))
	for i, it := range batch {
		named[i] = it.owner
	}
	owners, err := vendors.Ensure(ctx, tx, named)
	if err != nil {
		return err
	}
	byVendor, order := map[id.Vendor][]*item{}, []id.Vendor(nil)
	for _, it := range batch {
		vendor := owners[it.owner.Slug]
		if byVendor[vendor] == nil {
			order = append(order, vendor)
		}
		byVendor[vendor] = append(byVendor[vendor], it)
	}
	zeroed, err := findZeroes(ctx, tx, order, batch)
	if err != nil {
		return err
	}
	var all []placed
	for _, vendor := range order {
		put, err := r.putProducts(ctx, tx, vendor, byVendor[vendor], zeroed)
		if err != nil {
			return err
		}
		all = append(all, put...)
	}
	if err := missFiles(ctx, tx, all); err != nil {
		return err
	}
	if err := r.setPrices(ctx, tx, batch, owners, all); err != nil {
		return err
	}
	return r.setStock(ctx, tx, order, all)
}

// putProducts brings the products of one vendor to what the file says.
func (r *run) putProducts(ctx context.Context, tx pgx.Tx, vendor id.Vendor, items []*item, zeroed zeroes) (all []placed, err error) {
	items = slices.DeleteFunc(slices.Clone(items), func(it *item) bool { return len(it.Variants) == 0 })
	drafts := make([]catalog.Draft, len(items))
	for i, it := range items {
		drafts[i] = draft(it.Product, r.options.Publish)
		zeroed.keep(vendor, it, &drafts[i])
	}
	outcomes, err := r.Catalog.Put(ctx, tx, vendor, drafts, catalog.PutOptions{Reviewed: r.options.Publish, Proposed: r.options.Proposed})
	if err != nil {
		return nil, err
	}
	for i, o := range outcomes {
		it := items[i]
		it.change = o.Change
		for _, field := range o.Problems {
			problem := r.table.format.problem(it.Product, field.Pointer, field.Detail, o.Change == catalog.Refused)
			problem.warning = field.Code == catalog.NoCategory
			it.problems = append(it.problems, problem)
		}
		for v, variant := range o.Variants {
			if !variant.IsZero() {
				all = append(all, placed{it.Variants[v], variant, vendor, it})
			}
		}
	}
	return all, nil
}

// updated says that prices or stock of an item's product changed.
func (it *item) updated() {
	if it.change == catalog.Unchanged {
		it.change = catalog.Updated
	}
}

// A level is what a location has of a variant now; the location is zero where
// there is none.
type level struct {
	Variant    id.Variant  `db:"id"`
	Tracked    bool        `db:"tracked"`
	Bundle     bool        `db:"bundle"`
	Location   id.Location `db:"location_id"`
	OnHand     int         `db:"on_hand"`
	Backorders int         `db:"backorder_limit"`
}

// lockLevels locks before it reads: a parcel that leaves in between would have its
// units counted again.
const lockLevels = `
	WITH held AS (
		SELECT variant_id, location_id, on_hand, backorder_limit FROM stock_levels
		WHERE variant_id = ANY (@variants) ORDER BY variant_id, location_id FOR UPDATE
	)
	SELECT v.id, v.tracked, v.bundle IS NOT NULL AS bundle, l.location_id, coalesce(l.on_hand, 0) AS on_hand, coalesce(l.backorder_limit, 0) AS backorder_limit
	FROM variants v LEFT JOIN held l ON l.variant_id = v.id
	WHERE v.id = ANY (@variants)`

// setStock brings stock to what the file says: the vendor's locations together
// have that many, and what the others do not have is at the first.
func (r *run) setStock(ctx context.Context, tx pgx.Tx, owners []id.Vendor, all []placed) error {
	variants := make([]id.Variant, len(all))
	from := map[id.Variant]placed{}
	for i, v := range all {
		variants[i], from[v.id] = v.id, v
	}
	present, err := postgres.All[level](ctx, tx, lockLevels, pgx.NamedArgs{"variants": variants})
	if err != nil {
		return fmt.Errorf("lock stock: %w", err)
	}
	levels := map[id.Variant][]level{}
	for _, l := range present {
		levels[l.Variant] = append(levels[l.Variant], l)
	}
	first, err := r.Stock.Locations(ctx, tx, owners)
	if err != nil {
		return err
	}
	var counts []inventory.Count
	for _, v := range all {
		count, needed, reason := v.count(first[v.vendor], levels[v.id])
		if reason != "" {
			v.item.problems = append(v.item.problems, r.stockProblem(v, reason))
		} else if needed {
			counts = append(counts, count)
		}
	}
	changed, promised, err := r.Stock.SetLevels(ctx, tx, counts, "import")
	if err != nil {
		return err
	}
	for _, variant := range changed {
		from[variant].item.updated()
	}
	for _, variant := range promised {
		it := from[variant].item
		it.problems = append(it.problems, r.stockProblem(from[variant], "more units than that are promised to orders, or licence keys are the stock; it was left as it is"))
	}
	return nil
}

func (r *run) stockProblem(v placed, reason string) Problem {
	c := cells{row: v.row}
	c.refuse("on_hand", "%s", reason)
	c.problems[0].rows = r.table.format.alone(v.item.Product, v.row.number)
	return c.problems[0]
}

// count is the level that a variant should have at its vendor's first
// location, given what is there.
func (v placed) count(location id.Location, levels []level) (c inventory.Count, needed bool, reason string) {
	c = inventory.Count{Vendor: v.vendor, Variant: v.id, Location: location}
	tracked, bundle, elsewhere, present := false, false, 0, false
	for _, l := range levels {
		tracked, bundle = l.Tracked, l.Bundle
		if l.Location == location {
			c.OnHand, c.BackorderLimit, present = l.OnHand, l.Backorders, true
		} else {
			elsewhere += l.OnHand
		}
	}
	if v.OnHand != nil {
		c.OnHand = *v.OnHand - elsewhere
	}
	if v.Backorders != nil {
		switch {
		case !*v.Backorders:
			c.BackorderLimit = 0
		case c.BackorderLimit == 0:
			c.BackorderLimit = unlimited
		}
	}
	switch {
	case bundle && v.OnHand != nil && *v.OnHand > 0:
		return c, false, "a bundle has no stock of its own; count its components"
	case !tracked || bundle:
		return c, false, ""
	case c.OnHand < 0:
		return c, false, "other locations have " + strconv.Itoa(elsewhere) + " of it; the stock was left as it is"
	}
	return c, v.OnHand != nil || present || c.BackorderLimit > 0, ""
}

func draft(p Product, publish bool) catalog.Draft {
	d := catalog.Draft{
		Slug: p.Handle, Title: p.Title, Description: p.Description, Kind: p.Kind, Brand: p.Brand,
		CategoryPaths: p.Categories, Tags: p.Tags, Attributes: p.Attributes, Status: p.Status, StatusIfNew: catalog.Active, StatusReason: p.StatusReason,
		SEO:        catalog.SEO{Title: p.SEOTitle, Description: p.SEODescription},
		PublicSlug: p.Slug, FormerSlugs: p.OldSlugs, Translations: p.Translations, PublishAt: p.PublishAt, UnpublishAt: p.UnpublishAt,
	}
	switch {
	case p.Status == catalog.Rejected && publish:
		d.Status, d.StatusIfNew = "", catalog.Rejected
	case p.Status == catalog.Rejected: // that was a judgement, not a wish
		d.Status, d.StatusIfNew, d.StatusReason = "", catalog.InDraft, ""
	case p.sellsFiles(): // which somebody has to send first
		d.Status, d.StatusIfNew = "", catalog.InDraft
	case p.Status == catalog.Scheduled: // when the time comes
		d.Status = catalog.Active
	case p.Status == "" && publish:
		d.Status = catalog.Active
	}
	for i, name := range p.OptionNames {
		option := catalog.Option{Name: name}
		if len(p.OptionValues) > 0 {
			option.Values = slices.Clone(p.OptionValues[i])
		}
		for _, v := range p.Variants {
			if !slices.Contains(option.Values, v.Options[i]) {
				option.Values = append(option.Values, v.Options[i])
			}
		}
		d.Options = append(d.Options, option)
	}
	for _, v := range p.Variants {
		d.Variants = append(d.Variants, v.draft())
	}
	for _, i := range p.Images {
		d.Images = append(d.Images, catalog.ImageDraft{URL: i.URL, Alt: i.Alt})
	}
	return d
}

// draft says of a new variant what the file does not: it is taxed and shipped,
// and its stock is counted if the file counts any.
func (v Variant) draft() catalog.VariantDraft {
	said := func(flag *bool) bool { return flag == nil || *flag }
	tracked := v.OnHand != nil || v.row.table.has("on_hand")
	if v.Tracked != nil {
		tracked = *v.Tracked
	}
	return catalog.VariantDraft{
		SKU: v.SKU, Barcode: v.Barcode, Options: v.Options, WeightGrams: v.WeightGrams, TaxClass: v.TaxClass,
		Taxable: said(v.Taxable), RequiresShipping: said(v.RequiresShipping), Tracked: tracked,
		Unsaid:   catalog.Unsaid{Taxable: v.Taxable == nil, RequiresShipping: v.RequiresShipping == nil, Tracked: v.Tracked == nil},
		ImageURL: v.Image, ImageURLs: v.Images, Dimensions: v.Dimensions, Content: v.Content, MinQuantity: v.MinQuantity, MaxQuantity: v.MaxQuantity,
	}
}

// fieldOf is what importer calls what the catalogue points to.
var fieldOf = map[string]string{
	"slug": "handle", "media": "images", "category_paths": "categories", "options": "option1", "media_id": "variant_image", "media_ids": "variant_images", "public_slug": "slug",
}

// problem translates what the catalogue says of a draft into a row of the file.
func (f format) problem(p Product, pointer, reason string, refused bool) Problem {
	list, rest, _ := strings.Cut(strings.TrimPrefix(pointer, "/"), "/")
	number, field, _ := strings.Cut(rest, "/")
	i, err := strconv.Atoi(number)
	c := cells{row: p.rows[0]}
	rows := p.rows
	switch {
	case list == "variants" && err == nil && i < len(p.Variants):
		c.row = p.Variants[i].row
		rows = f.alone(p, c.number)
		if field == "options" {
			field = "value1"
		}
	case list == "images" && err == nil && i < len(p.Images):
		c.row, field = p.Images[i].row, "images"
	case list == "images" && err == nil:
		c.row, field = pictured(p, i-len(p.Images)), "variant_image"
		rows = f.alone(p, c.number)
	default:
		field = list
	}
	if known, ok := fieldOf[field]; ok {
		field = known
	}
	c.refuse(field, "%s", reason)
	c.problems[0].rows = rows
	if refused {
		c.problems = whole(c.problems, p.rows)
	}
	return c.problems[0]
}

// pictured is the row of the variant with the i-th picture that is one's own.
func pictured(p Product, i int) row {
	for _, v := range p.Variants {
		n := len(v.Images)
		if n == 0 && v.Image != "" {
			n = 1
		}
		if i -= n; i < 0 {
			return v.row
		}
	}
	return p.rows[0]
}

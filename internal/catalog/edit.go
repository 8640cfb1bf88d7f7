package catalog

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// edits is what separates products as they are from products as they shall be:
// for each statement its rows. Whether one product is edited or 500 are
// imported, the number of statements is the same, and what did not change is
// not written.
type edits struct {
	newProducts, products []productRow
	options               []optionRow
	categories            []placeRow
	tags                  []labelRow
	relations             []relationRow
	newMedia, media       []mediaRow
	newVariants, variants []variantRow
	components            []componentRow
	shown                 []shownRow

	// Whose rows go before new ones come, or go for good.
	optionsOf, categoriesOf, tagsOf, relationsOf []id.Product
	goneMedia                                    []id.Media
	goneVariants, variantsWithoutSKU             []id.Variant
	componentsOf, shownBy                        []id.Variant

	summed  []id.Variant // bundles whose price is to be added up
	moved   []movedRow   // products that get another slug
	changed []id.Product
}

// The rows as jsonb_to_recordset reads them.
type (
	productRow struct {
		ID             uuid.UUID              `json:"id"`
		VendorID       uuid.UUID              `json:"vendor_id"`
		BrandID        *uuid.UUID             `json:"brand_id"`
		Slug           string                 `json:"slug"`
		Handle         string                 `json:"handle"`
		Title          string                 `json:"title"`
		Description    string                 `json:"description"`
		Kind           string                 `json:"kind"`
		Status         Status                 `json:"status"`
		StatusReason   string                 `json:"status_reason"` // of a new one
		Attributes     map[string][]string    `json:"attributes"`
		SEOTitle       string                 `json:"seo_title"`
		SEODescription string                 `json:"seo_description"`
		Translations   map[string]Translation `json:"translations"`
		PublishAt      *time.Time             `json:"publish_at"`
		UnpublishAt    *time.Time             `json:"unpublish_at"`
		Version        int64                  `json:"version"`
	}
	movedRow struct {
		ProductID uuid.UUID `json:"product_id"`
		Slug      string    `json:"slug"` // the one that it leaves
	}
	optionRow struct {
		ProductID uuid.UUID `json:"product_id"`
		Position  int       `json:"position"`
		Name      string    `json:"name"`
		Values    []string  `json:"values"`
	}
	placeRow struct {
		ProductID  uuid.UUID `json:"product_id"`
		CategoryID uuid.UUID `json:"category_id"`
		Position   int       `json:"position"`
	}
	labelRow struct {
		ProductID uuid.UUID `json:"product_id"`
		TagID     uuid.UUID `json:"tag_id"`
	}
	mediaRow struct {
		ID          uuid.UUID  `json:"id"`
		ProductID   uuid.UUID  `json:"product_id"`
		Position    int        `json:"position"`
		Alt         string     `json:"alt"`
		SourceURL   string     `json:"source_url"`
		State       MediaState `json:"state"`
		BlobKey     string     `json:"blob_key"`
		ContentType string     `json:"content_type"`
		Width       int        `json:"width"`
		Height      int        `json:"height"`
	}
	variantRow struct {
		ID          uuid.UUID `json:"id"`
		ProductID   uuid.UUID `json:"product_id"`
		VendorID    uuid.UUID `json:"vendor_id"`
		SKU         *string   `json:"sku"`
		Barcode     string    `json:"barcode"`
		Title       string    `json:"title"`
		Options     []string  `json:"options"`
		Position    int       `json:"position"`
		WeightGrams int       `json:"weight_grams"`
		Dimensions
		MinQuantity      int        `json:"min_quantity"`
		MaxQuantity      int        `json:"max_quantity"`
		TaxClass         string     `json:"tax_class"`
		Taxable          bool       `json:"taxable"`
		RequiresShipping bool       `json:"requires_shipping"`
		Tracked          bool       `json:"tracked"`
		MediaID          *uuid.UUID `json:"media_id"`
		MoreMedia        []id.Media `json:"-"` // after the first

		Bundle      *BundlePricing `json:"bundle"`
		DiscountBPS int            `json:"bundle_discount_bps"`
		Components  []componentRow `json:"-"` // of a table of their own
	}
	componentRow struct {
		BundleID    uuid.UUID `json:"bundle_id"`
		ComponentID uuid.UUID `json:"component_id"`
		Quantity    int       `json:"quantity"`
		Position    int       `json:"position"`
	}
	shownRow struct {
		VariantID uuid.UUID `json:"variant_id"`
		MediaID   uuid.UUID `json:"media_id"`
		Position  int       `json:"position"`
	}
)

// add compares one product and reports whether anything differs. A product
// that was nil is new.
func (e *edits) add(was *Product, want Product) bool {
	before := len(e.changed)
	row := rowOfProduct(want)
	isNew := was == nil
	if isNew {
		was = &Product{}
		e.newProducts = append(e.newProducts, row)
	}
	changed := e.addParts(*was, want)
	if !isNew && (changed || !reflect.DeepEqual(rowOfProduct(*was), row)) {
		e.products = append(e.products, row)
		changed = true
		if was.Slug != want.Slug {
			e.moved = append(e.moved, movedRow{uuid.UUID(want.ID), was.Slug})
		}
	}
	if isNew || changed {
		e.changed = append(e.changed, want.ID)
	}
	return len(e.changed) > before
}

func (e *edits) addParts(was, want Product) (changed bool) {
	p := uuid.UUID(want.ID)
	if !slices.EqualFunc(was.Options, want.Options, equalOptions) {
		changed = true
		e.optionsOf = append(e.optionsOf, want.ID)
		for i, o := range want.Options {
			e.options = append(e.options, optionRow{p, i + 1, o.Name, o.Values})
		}
	}
	if !slices.EqualFunc(was.Categories, want.Categories, func(a, b Category) bool { return a.ID == b.ID }) {
		changed = true
		e.categoriesOf = append(e.categoriesOf, want.ID)
		for i, c := range want.Categories {
			e.categories = append(e.categories, placeRow{p, uuid.UUID(c.ID), i})
		}
	}
	if !maps.Equal(tagSet(was.Tags), tagSet(want.Tags)) {
		changed = true
		e.tagsOf = append(e.tagsOf, want.ID)
		for tag := range tagSet(want.Tags) {
			e.tags = append(e.tags, labelRow{p, uuid.UUID(tag)})
		}
	}
	if !was.Relations.equal(want.Relations) {
		changed = true
		e.relationsOf = append(e.relationsOf, want.ID)
		e.relations = append(e.relations, want.Relations.rows(want.ID)...)
	}
	media, variants := e.addMedia(was, want), e.addVariants(was, want)
	return changed || media || variants
}

func (e *edits) addMedia(was, want Product) (changed bool) {
	old := make(map[id.Media]Media, len(was.Media))
	for _, m := range was.Media {
		old[m.ID] = m
	}
	for _, m := range want.Media {
		o, known := old[m.ID]
		delete(old, m.ID)
		switch row := rowOfMedia(m); {
		case !known:
			e.newMedia = append(e.newMedia, row)
		case rowOfMedia(o) != row:
			e.media = append(e.media, row)
		default:
			continue
		}
		changed = true
	}
	e.goneMedia = slices.AppendSeq(e.goneMedia, maps.Keys(old))
	return changed || len(old) > 0
}

func (e *edits) addVariants(was, want Product) (changed bool) {
	old := make(map[id.Variant]Variant, len(was.Variants))
	for _, v := range was.Variants {
		old[v.ID] = v
	}
	for _, v := range want.Variants {
		o, known := old[v.ID]
		delete(old, v.ID)
		e.addBundle(rowOfVariant(o), rowOfVariant(v))
		switch row := rowOfVariant(v); {
		case !known:
			e.newVariants = append(e.newVariants, row)
			e.addShown(v)
		case !reflect.DeepEqual(rowOfVariant(o), row):
			e.variants = append(e.variants, row)
			if o.SKU != "" && o.SKU != v.SKU { // two variants may swap theirs
				e.variantsWithoutSKU = append(e.variantsWithoutSKU, v.ID)
			}
			if !slices.Equal(rowOfVariant(o).MoreMedia, row.MoreMedia) {
				e.shownBy = append(e.shownBy, v.ID)
				e.addShown(v)
			}
		default:
			continue
		}
		changed = true
	}
	e.goneVariants = slices.AppendSeq(e.goneVariants, maps.Keys(old))
	return changed || len(old) > 0
}

func (e *edits) addBundle(was, want variantRow) {
	if !slices.Equal(was.Components, want.Components) {
		if len(was.Components) > 0 {
			e.componentsOf = append(e.componentsOf, id.Variant(want.ID))
		}
		e.components = append(e.components, want.Components...)
	} else if was.DiscountBPS == want.DiscountBPS && reflect.DeepEqual(was.Bundle, want.Bundle) {
		return
	}
	if want.Bundle != nil && *want.Bundle == PriceSummed {
		e.summed = append(e.summed, id.Variant(want.ID))
	}
}

// addShown adds the pictures of a variant after its first.
func (e *edits) addShown(v Variant) {
	for i, m := range rowOfVariant(v).MoreMedia {
		e.shown = append(e.shown, shownRow{uuid.UUID(v.ID), uuid.UUID(m), i + 1})
	}
}

// write carries the edits out: the products first, because two of them may
// want one slug, then everything else in one round trip, with the event.
func (e *edits) write(ctx context.Context, tx pgx.Tx) error {
	if len(e.changed) == 0 {
		return nil
	}
	if err := e.writeProducts(ctx, tx); err != nil {
		return err
	}
	b := postgres.NewBatch()
	queue(b, keepOldSlugs, "rows", e.moved)
	queue(b, deleteOptions, "ids", e.optionsOf)
	queue(b, insertOptions, "rows", e.options)
	queue(b, deletePlaces, "ids", e.categoriesOf)
	queue(b, insertPlaces, "rows", e.categories)
	queue(b, deleteProductTags, "ids", e.tagsOf)
	queue(b, insertProductTags, "rows", e.tags)
	queue(b, deleteRelations, "ids", e.relationsOf)
	queue(b, insertRelations, "rows", e.relations)
	queue(b, insertMedia, "rows", e.newMedia)
	queue(b, updateMedia, "rows", e.media)
	queue(b, archiveVariants, "ids", e.goneVariants)
	queue(b, dropSKUs, "ids", e.variantsWithoutSKU)
	queue(b, deleteComponents, "ids", e.componentsOf)
	queue(b, updateVariants, "rows", e.variants)
	queue(b, insertVariants, "rows", e.newVariants)
	queue(b, insertComponents, "rows", e.components)
	queue(b, deleteShown, "ids", e.shownBy)
	queue(b, insertShown, "rows", e.shown)
	queue(b, removeMedia, "ids", e.goneMedia)
	for some := range slices.Chunk(e.changed, changesPerEvent) {
		events.Queue(ctx, b, Changed{some})
	}
	return b.Send(ctx, tx)
}

func queue[T any](b *postgres.Batch, sql, name string, rows []T) {
	if len(rows) > 0 {
		b.Queue(sql, pgx.NamedArgs{name: rows})
	}
}

func (e *edits) writeProducts(ctx context.Context, tx pgx.Tx) error {
	if len(e.products) > 0 {
		n, err := postgres.Exec(ctx, tx, updateProducts, pgx.NamedArgs{"rows": e.products})
		switch {
		case err != nil:
			return err
		case n != int64(len(e.products)):
			return httpapi.ErrPreconditionFailed
		}
	}
	if len(e.newProducts) == 0 {
		return nil
	}
	made, err := postgres.Column[id.Product](ctx, tx, insertProducts, pgx.NamedArgs{"rows": e.newProducts})
	if err != nil || len(made) == len(e.newProducts) {
		return err
	}
	var left []productRow // their slug was taken
	for _, row := range e.newProducts {
		if !slices.Contains(made, id.Product(row.ID)) {
			row.Slug = otherSlug(row.Slug, id.Product(row.ID))
			left = append(left, row)
		}
	}
	again, err := postgres.Column[id.Product](ctx, tx, insertProducts, pgx.NamedArgs{"rows": left})
	if err == nil && len(again) != len(left) {
		return fmt.Errorf("%d of %d products got no slug of their own: %w", len(left)-len(again), len(left), ErrSlugTaken)
	}
	return err
}

// otherSlug is a slug that nobody else has: with the last letters of the id,
// which are random.
func otherSlug(slug string, product id.Product) string {
	text := product.String()
	if slug == "" {
		slug = "product"
	}
	return slug + "-" + text[len(text)-6:]
}

func equalOptions(a, b Option) bool { return a.Name == b.Name && slices.Equal(a.Values, b.Values) }

func tagSet(tags []Tag) map[id.Tag]bool {
	set := make(map[id.Tag]bool, len(tags))
	for _, t := range tags {
		set[t.ID] = true
	}
	return set
}

func rowOfProduct(p Product) productRow {
	row := productRow{
		ID: uuid.UUID(p.ID), VendorID: uuid.UUID(p.VendorID), Slug: p.Slug, Handle: p.Handle, Title: p.Title,
		Description: p.Description, Kind: p.Kind, Status: p.Status, StatusReason: p.StatusReason, Attributes: p.Attributes,
		SEOTitle: p.SEOTitle, SEODescription: p.SEODescription, Translations: p.Translations, PublishAt: moment(p.PublishAt), UnpublishAt: moment(p.UnpublishAt), Version: p.Version,
	}
	if p.Brand != nil {
		row.BrandID = orNull(p.Brand.ID)
	}
	if row.Attributes == nil {
		row.Attributes = map[string][]string{}
	}
	if row.Translations == nil {
		row.Translations = map[string]Translation{}
	}
	return row
}

// moment is a time as the database keeps it, so that it can be compared.
func moment(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	return new(t.UTC().Truncate(time.Microsecond))
}

func rowOfMedia(m Media) mediaRow {
	return mediaRow{
		uuid.UUID(m.ID), uuid.UUID(m.ProductID), m.Position, m.Alt, m.SourceURL,
		m.State, m.BlobKey, m.ContentType, m.Width, m.Height,
	}
}

func rowOfVariant(v Variant) variantRow {
	row := variantRow{
		ID: uuid.UUID(v.ID), ProductID: uuid.UUID(v.ProductID), VendorID: uuid.UUID(v.VendorID),
		Barcode: v.Barcode, Title: v.Title, Options: v.Options, Position: v.Position, WeightGrams: v.WeightGrams,
		Dimensions: v.Dimensions, MinQuantity: v.MinQuantity, MaxQuantity: v.MaxQuantity,
		TaxClass: v.TaxClass, Taxable: v.Taxable, RequiresShipping: v.RequiresShipping, Tracked: v.Tracked,
		MediaID: orNull(v.MediaID),
	}
	if v.SKU != "" {
		row.SKU = &v.SKU
	}
	if v.Bundle != nil {
		row.Bundle, row.DiscountBPS = &v.Bundle.Pricing, v.Bundle.DiscountBPS
		for i, c := range v.Bundle.Components {
			row.Components = append(row.Components, componentRow{row.ID, uuid.UUID(c.VariantID), c.Quantity, i})
		}
	}
	if len(v.MediaIDs) > 1 {
		row.MoreMedia = v.MediaIDs[1:]
	}
	return row
}

// orNull is an id for JSON: null where there is none.
func orNull(raw [16]byte) *uuid.UUID {
	if raw == [16]byte{} {
		return nil
	}
	u := uuid.UUID(raw)
	return &u
}

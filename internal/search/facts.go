package search

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/catalog"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/postgres"
)

// facts is all that the shop knows about a product and shows.
type facts struct {
	product    productFact
	attributes map[string][]string
	locale     string                             // in which they are told; "" is the shop's own
	described  map[string]attributeFact           // of all products, by key
	types      map[string]typeFact                // the same
	translated map[id.Category]translatedCategory // of all products
	options    []optionFact
	categories []categoryFact
	tags       []tagFact
	media      []mediaFact
	variants   []variantFact
	components []componentFact
	prices     []priceFact
	relations  []relationFact
}

type productFact struct {
	ID             id.Product                     `db:"id"`
	Slug           string                         `db:"slug"`
	Title          string                         `db:"title"`
	Description    string                         `db:"description"`
	Kind           string                         `db:"kind"`
	Attributes     json.RawMessage                `db:"attributes"`
	SEOTitle       string                         `db:"seo_title"`
	SEODescription string                         `db:"seo_description"`
	Translations   map[string]catalog.Translation `db:"translations"`
	CreatedAt      time.Time                      `db:"created_at"`
	VendorID       id.Vendor                      `db:"vendor_id"`
	VendorSlug     string                         `db:"vendor_slug"`
	VendorName     string                         `db:"vendor_name"`
	BrandID        id.Brand                       `db:"brand_id"` // zero without a brand
	BrandSlug      string                         `db:"brand_slug"`
	BrandName      string                         `db:"brand_name"`
	Rating         float64                        `db:"rating"`
	RatingCount    int                            `db:"rating_count"`
	Members        []string                       `db:"members"`       // names of the plans whose members alone may buy it; nil where everybody may
	MembersUntil   *time.Time                     `db:"members_until"` // nil: for good
	Digest         []byte                         `db:"digest"`        // of the listing as it is; nil when there is none
}

// attributeFact is what staff have said of an attribute.
type attributeFact struct {
	Key          string                                  `db:"key"`
	Label        string                                  `db:"label"`
	Kind         string                                  `db:"kind"`
	Unit         string                                  `db:"unit"`
	Choices      json.RawMessage                         `db:"choices"`
	Filterable   bool                                    `db:"filterable"`
	Position     int                                     `db:"position"`
	Translations map[string]catalog.AttributeTranslation `db:"translations"`
}

// typeFact is which attributes a type of product has, in order.
type typeFact struct {
	Key        string                  `db:"key"`
	Attributes []catalog.TypeAttribute `db:"attributes"`
}

type optionFact struct {
	ProductID id.Product `db:"product_id"`
	Name      string     `db:"name"`
	Values    []string   `db:"values"`
}

type categoryFact struct {
	ProductID id.Product    `db:"product_id"`
	ID        id.Category   `db:"id"`
	Slug      string        `db:"slug"`
	Name      string        `db:"name"`
	Path      string        `db:"path"`
	Ancestors []id.Category `db:"ancestors"`
	Tree      []string      `db:"tree"` // slug, position and translations of each ancestor
}

// translatedCategory is one that has a name in some other language.
type translatedCategory struct {
	ID           id.Category                            `db:"id"`
	Translations map[string]catalog.CategoryTranslation `db:"translations"`
}

type tagFact struct {
	ProductID id.Product `db:"product_id"`
	ID        id.Tag     `db:"id"`
	Slug      string     `db:"slug"`
	Name      string     `db:"name"`
}

type mediaFact struct {
	ProductID   id.Product `db:"product_id"`
	ID          id.Media   `db:"id"`
	Alt         string     `db:"alt"`
	SourceURL   string     `db:"source_url"`
	BlobKey     string     `db:"blob_key"`
	ContentType string     `db:"content_type"`
	Width       int        `db:"width"`
	Height      int        `db:"height"`
}

type variantFact struct {
	ProductID        id.Product         `db:"product_id"`
	ID               id.Variant         `db:"id"`
	SKU              string             `db:"sku"`
	Barcode          string             `db:"barcode"`
	Title            string             `db:"title"`
	Options          []string           `db:"options"`
	WeightGrams      int                `db:"weight_grams"`
	Content          catalog.Content    `db:"content"`
	Dimensions       catalog.Dimensions `db:"dimensions"`
	MinQuantity      int                `db:"min_quantity"`
	MaxQuantity      int                `db:"max_quantity"`
	RequiresShipping bool               `db:"requires_shipping"`
	MediaIDs         []id.Media         `db:"media_ids"` // of pictures that are shown
	Available        *int64             `db:"available"` // nil: stock is not counted
}

// componentFact is what is in a variant that is a bundle.
type componentFact struct {
	ProductID    id.Product `db:"product_id"`
	BundleID     id.Variant `db:"bundle_id"`
	ComponentID  id.Variant `db:"component_id"`
	Quantity     int        `db:"quantity"`
	PartOf       id.Product `db:"part_of"`
	Slug         string     `db:"slug"`
	ProductTitle string     `db:"product_title"`
	Title        string     `db:"title"`
	Options      []string   `db:"options"`
	Shown        bool       `db:"shown"` // sold by itself, too

	Translations map[string]catalog.Translation `db:"translations"` // of the product that it is part of
}

type priceFact struct {
	ProductID id.Product     `db:"product_id"`
	VariantID id.Variant     `db:"variant_id"`
	Currency  money.Currency `db:"currency"`
	Amount    int64          `db:"amount_minor"`
	CompareAt *int64         `db:"compare_at_minor"`
	Lowest    int64          `db:"lowest_minor"` // of the 30 days before it took effect; the price itself where there was none
}

// readFacts reads those of products that are listed, in one round trip.
func readFacts(ctx context.Context, db postgres.DB, products []id.Product) ([]*facts, error) {
	var (
		list []*facts
		of   = map[id.Product]*facts{}
		args = pgx.NamedArgs{"products": products}
		b    = postgres.NewBatch()

		described  = map[string]attributeFact{}
		types      = map[string]typeFact{}
		translated = map[id.Category]translatedCategory{}
	)
	read(b, selectAttributes, nil, func(a attributeFact) { described[a.Key] = a })
	read(b, selectTypes, nil, func(t typeFact) { types[t.Key] = t })
	read(b, selectProducts, args, func(p productFact) {
		f := &facts{product: p, attributes: readAttributes(p.Attributes), described: described, types: types, translated: translated}
		list, of[p.ID] = append(list, f), f
	})
	read(b, selectTranslatedCategories, args, func(c translatedCategory) { translated[c.ID] = c })
	// What belongs to a product that is not listed finds no facts and is left out.
	read(b, selectOptions, args, func(o optionFact) { add(of[o.ProductID], func(f *facts) { f.options = append(f.options, o) }) })
	read(b, selectCategories, args, func(c categoryFact) {
		add(of[c.ProductID], func(f *facts) { f.categories = append(f.categories, c) })
	})
	read(b, selectTags, args, func(t tagFact) { add(of[t.ProductID], func(f *facts) { f.tags = append(f.tags, t) }) })
	read(b, selectMedia, args, func(m mediaFact) { add(of[m.ProductID], func(f *facts) { f.media = append(f.media, m) }) })
	read(b, selectVariants, args, func(v variantFact) {
		add(of[v.ProductID], func(f *facts) { f.variants = append(f.variants, v) })
	})
	read(b, selectComponents, args, func(c componentFact) {
		add(of[c.ProductID], func(f *facts) { f.components = append(f.components, c) })
	})
	read(b, selectPrices, args, func(p priceFact) { add(of[p.ProductID], func(f *facts) { f.prices = append(f.prices, p) }) })
	read(b, selectRelations, args, func(r relationFact) {
		add(of[r.ProductID], func(f *facts) { f.relations = append(f.relations, r) })
	})
	if err := b.Send(ctx, db); err != nil {
		return nil, fmt.Errorf("read facts of %d products: %w", len(products), err)
	}
	return list, nil
}

// read queues a query whose rows are given to each, one by one.
func read[T any](b *postgres.Batch, sql string, args pgx.NamedArgs, each func(T)) {
	b.Read(sql, args, func(rows pgx.Rows) error {
		list, err := postgres.Rows[T](rows)
		for _, row := range list {
			each(row)
		}
		return err
	})
}

func add(f *facts, to func(*facts)) {
	if f != nil {
		to(f)
	}
}

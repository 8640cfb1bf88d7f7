package catalog

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/clock"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// Product is something that a vendor sells, in one variant or more.
type Product struct {
	ID             id.Product             `db:"id" json:"id"`
	VendorID       id.Vendor              `db:"vendor_id" json:"vendor_id"`
	Slug           string                 `db:"slug" json:"slug"`
	Handle         string                 `db:"handle" json:"handle" doc:"What the vendor calls it; an import finds it by this."`
	Title          string                 `db:"title" json:"title"`
	Description    string                 `db:"description" json:"description" doc:"Sanitised HTML."`
	Kind           string                 `db:"kind" json:"kind" doc:"The vendor's own word for what it is; a product type where staff have described one by that key."`
	GiftCard       bool                   `db:"gift_card" json:"gift_card" doc:"Its units are gift cards of what they cost, sold by the shop itself."`
	Status         Status                 `db:"status" json:"status"`
	StatusReason   string                 `db:"status_reason" json:"status_reason"`
	Brand          *Brand                 `db:"brand" json:"brand"`
	Categories     []Category             `db:"-" json:"categories" doc:"The main one first."`
	Tags           []Tag                  `db:"-" json:"tags"`
	Attributes     map[string][]string    `db:"attributes" json:"attributes"`
	Missing        []string               `db:"-" json:"missing_attributes,omitempty" doc:"What its type requires and it lacks."`
	Options        []Option               `db:"-" json:"options"`
	Media          []Media                `db:"-" json:"media"`
	Variants       []Variant              `db:"-" json:"variants"`
	SEOTitle       string                 `db:"seo_title" json:"seo_title"`
	SEODescription string                 `db:"seo_description" json:"seo_description"`
	Relations      Relations              `db:"-" json:"relations" doc:"What is shown with it."`
	Translations   map[string]Translation `db:"translations" json:"translations" doc:"By locale; what stands beside them is in the shop's language."`
	PublishedAt    *time.Time             `db:"published_at" json:"published_at,omitempty"`
	PublishAt      *time.Time             `db:"publish_at" json:"publish_at,omitempty" doc:"When it goes on sale by itself, once staff have approved it."`
	UnpublishAt    *time.Time             `db:"unpublish_at" json:"unpublish_at,omitempty" doc:"When it comes off sale by itself."`
	CreatedAt      time.Time              `db:"created_at" json:"created_at"`
	UpdatedAt      time.Time              `db:"updated_at" json:"updated_at"`
	Version        int64                  `db:"version" json:"version"`
	PendingChange  id.ProductChange       `db:"-" json:"pending_change,omitempty,omitzero" doc:"What its vendor wants to change, and staff have not looked at."`
}

// ETag lets an edit say which version it changes.
func (p Product) ETag() string { return httpapi.VersionTag(p.Version) }

// Option is what a buyer chooses between: Colour, with Red and Blue.
type Option struct {
	Name   string   `db:"name" json:"name" minLength:"1" maxLength:"100"`
	Values []string `db:"values" json:"values,omitempty" maxItems:"500" doc:"In the order to show; those of the variants are added."`
}

// What a product may have at most.
const (
	maxOptions    = 3
	MaxVariants   = 2000
	MaxMedia      = 250
	MaxTags       = 250
	MaxCategories = 20
	maxAttributes = 100
	maxRichText   = 100_000
)

var (
	// ErrNoProduct says that there is no such product, or that it is not theirs.
	ErrNoProduct = errs.New(errs.NotFound, "product_not_found", "There is no such product.")
	// ErrSlugTaken says that another product has this address.
	ErrSlugTaken = errs.New(errs.Conflict, "slug_taken", "Another product has this slug.")
	// ErrHandleTaken says that two products of a vendor would be called the same.
	ErrHandleTaken = errs.New(errs.Conflict, "handle_taken", "Another product of this vendor has this handle.")
)

func init() {
	postgres.Name("products_slug_key", ErrSlugTaken)
	postgres.Name("products_handle_key", ErrHandleTaken)
	postgres.Name("products_vendor_id_fkey", errs.Validation.Field("/vendor_id", "not_found", "There is no such vendor."))
	// Deleted by somebody else in the same moment.
	postgres.Name("product_categories_category_id_fkey", errs.Validation.Field("/categories", "not_found", "There is no such category any more."))
	postgres.Name("product_tags_tag_id_fkey", errs.Validation.Field("/tags", "not_found", "There is no such tag any more."))
}

// Product is the product with all that belongs to it. A vendor sees its own
// ones, staff (no vendor) all.
func (c *Catalog) Product(ctx context.Context, db postgres.DB, vendor id.Vendor, product id.Product) (Product, error) {
	list, err := c.productsByID(ctx, db, selectProduct, pgx.NamedArgs{"id": product, "vendor": vendor})
	switch {
	case err != nil:
		return Product{}, fmt.Errorf("read product %s: %w", product, err)
	case len(list) == 0:
		return Product{}, ErrNoProduct
	}
	return list[0], nil
}

// lock is Product for those who will change it: nobody else does until they
// are done. It refuses with 412 unless the version is the one that the caller
// has seen; 0 is any.
func (c *Catalog) lock(ctx context.Context, tx pgx.Tx, vendor id.Vendor, product id.Product, version int64) (Product, error) {
	list, err := c.productsByID(ctx, tx, lockProduct, pgx.NamedArgs{"id": product, "vendor": vendor})
	switch {
	case err != nil:
		return Product{}, fmt.Errorf("lock product %s: %w", product, err)
	case len(list) == 0:
		return Product{}, ErrNoProduct
	case version != 0 && list[0].Version != version:
		return Product{}, httpapi.ErrPreconditionFailed
	}
	return list[0], nil
}

// Create makes one product out of a draft, prices and stock included, or
// refuses all of it. Where its slug is taken it gets another one.
func (c *Catalog) Create(ctx context.Context, tx pgx.Tx, vendor id.Vendor, d Draft, offers []Offer) (Product, error) {
	done, err := c.Put(ctx, tx, vendor, []Draft{d}, PutOptions{Reviewed: true, New: true})
	if err != nil {
		return Product{}, err
	}
	if err := errs.Fields(done[0].Problems).Err(); err != nil {
		return Product{}, err
	}
	for i := range offers {
		offers[i].Variant = done[0].Variants[i]
	}
	if err := c.offer(ctx, tx, vendor, offers); err != nil {
		return Product{}, err
	}
	return c.Product(ctx, tx, vendor, done[0].Product)
}

// ProductEdit is what may be changed on a product; nil leaves things as they are.
type ProductEdit struct {
	Slug           *string                 `json:"slug,omitempty" minLength:"1" maxLength:"100"`
	Title          *string                 `json:"title,omitempty" minLength:"1" maxLength:"300"`
	Description    *string                 `json:"description,omitempty" maxLength:"100000" doc:"HTML; what could do harm is taken out."`
	Kind           *string                 `json:"kind,omitempty" maxLength:"200"`
	Brand          *string                 `json:"brand,omitempty" maxLength:"200" doc:"Its name; none when empty."`
	Categories     *[]string               `json:"categories,omitempty" maxItems:"20" doc:"Ids or slugs, the main one first."`
	Tags           *[]string               `json:"tags,omitempty" maxItems:"250" doc:"Their names."`
	Attributes     *map[string][]string    `json:"attributes,omitempty"`
	Media          *[]MediaPlace           `json:"media,omitempty" maxItems:"250" doc:"Pictures in the order to show; those that are not named follow."`
	Options        *[]Option               `json:"options,omitempty" maxItems:"3" doc:"To rename options or to order their values. Their number follows the variants."`
	SEOTitle       *string                 `json:"seo_title,omitempty" maxLength:"300"`
	SEODescription *string                 `json:"seo_description,omitempty" maxLength:"1000"`
	Relations      *Relations              `json:"relations,omitempty" doc:"What is shown with it, in place of what is; a vendor names products of its own."`
	Translations   *map[string]Translation `json:"translations,omitempty" doc:"By locale, in place of those that are there."`
	PublishAt      *time.Time              `json:"publish_at,omitempty" doc:"When it goes on sale by itself, once approved; a time that is past is none."`
	UnpublishAt    *time.Time              `json:"unpublish_at,omitempty" doc:"When it comes off sale by itself; a time that is past is none."`

	Bundles *map[id.Variant]NewBundle `json:"bundles,omitempty" doc:"What variants of it are made of, by their ids. Those that are left out stay as they are."`
}

// Update changes what the edit names on the product that the caller has seen.
func (c *Catalog) Update(ctx context.Context, tx pgx.Tx, vendor id.Vendor, product id.Product, version int64, e ProductEdit) (Product, error) {
	was, err := c.lock(ctx, tx, vendor, product, version)
	if err != nil {
		return Product{}, err
	}
	want := was
	set(&want.Title, e.Title, line)
	set(&want.Description, e.Description, sanitise)
	set(&want.Kind, e.Kind, line)
	set(&want.Slug, e.Slug, slug)
	set(&want.SEOTitle, e.SEOTitle, line)
	set(&want.SEODescription, e.SEODescription, line)
	if e.Attributes != nil {
		known, err := c.described(ctx, tx)
		if err != nil {
			return Product{}, err
		}
		var bad errs.Fields
		if want.Attributes, bad = known.clean(*e.Attributes); len(bad) > 0 {
			return Product{}, bad.Err()
		}
	}
	if e.Translations != nil {
		if want.Translations, err = c.translated(ctx, was.Translations, *e.Translations); err != nil {
			return Product{}, err
		}
	}
	if e.Relations != nil {
		if err := c.checkRelations(ctx, tx, vendor, was, *e.Relations); err != nil {
			return Product{}, err
		}
		want.Relations = *e.Relations
	}
	setTime(&want.PublishAt, e.PublishAt)
	setTime(&want.UnpublishAt, e.UnpublishAt)
	if e.Brand != nil {
		if want.Brand, err = c.brandNamed(ctx, tx, *e.Brand); err != nil {
			return Product{}, err
		}
	}
	if e.Tags != nil {
		if err := checkTagNames(*e.Tags); err != nil {
			return Product{}, err
		}
		tags, err := c.ensureTags(ctx, tx, *e.Tags)
		if err != nil {
			return Product{}, err
		}
		want.Tags = tags.of(*e.Tags)
	}
	if e.Categories != nil {
		if want.Categories, err = c.categoriesCalled(ctx, tx, *e.Categories); err != nil {
			return Product{}, err
		}
	}
	if e.Options != nil {
		if err := renameOptions(&want, *e.Options); err != nil {
			return Product{}, err
		}
	}
	if e.Bundles != nil {
		if err := c.setBundles(ctx, tx, &want, *e.Bundles); err != nil {
			return Product{}, err
		}
	}
	if e.Media != nil {
		if bad := want.arrange(*e.Media); len(bad) > 0 {
			return Product{}, bad.Err()
		}
	}
	return c.save(ctx, tx, vendor, was, want)
}

// translated is what is said in other languages, tidied.
func (c *Catalog) translated(ctx context.Context, was, wanted map[string]Translation) (map[string]Translation, error) {
	clean, bad := cleanTranslations(wanted)
	if len(bad) > 0 {
		return nil, bad.Err()
	}
	return clean, c.Locales.check(ctx, localesOf(clean), localesOf(was))
}

func set(field *string, to *string, clean func(string) string) {
	if to != nil {
		*field = clean(*to)
	}
}

// machine is the clock of what is past, to a second or so.
var machine clock.System

// setTime sets a time that is still to come; one that is past is none.
func setTime(field **time.Time, to *time.Time) {
	switch {
	case to == nil:
	case to.After(machine.Now()):
		*field = to
	default:
		*field = nil
	}
}

// save brings one product from what it was to what is wanted and reads it back.
func (c *Catalog) save(ctx context.Context, tx pgx.Tx, vendor id.Vendor, was, want Product) (Product, error) {
	want.finish()
	types, err := c.productTypes(ctx, tx)
	if err != nil {
		return Product{}, err
	}
	if err := append(want.check(), types.check(was, want)...).Err(); err != nil {
		return Product{}, err
	}
	var e edits
	if !e.add(&was, want) {
		return was, nil
	}
	if err := e.write(ctx, tx); err != nil {
		return Product{}, fmt.Errorf("save product %s: %w", want.ID, err)
	}
	if err := c.sum(ctx, tx, e.summed); err != nil {
		return Product{}, err
	}
	return c.Product(ctx, tx, vendor, want.ID)
}

func renameOptions(p *Product, options []Option) error {
	if len(options) != len(p.Options) {
		return errs.Validation.Field("/options", "option_count",
			"Name every option that the variants have; there are "+strconv.Itoa(len(p.Options))+".")
	}
	p.Options = cleanOptions(options)
	return nil
}

func cleanOptions(options []Option) []Option {
	clean := make([]Option, len(options))
	for i, o := range options {
		clean[i].Name = line(o.Name)
		for _, v := range o.Values {
			if v = line(v); v != "" && !slices.Contains(clean[i].Values, v) {
				clean[i].Values = append(clean[i].Values, v)
			}
		}
	}
	return clean
}

func cleanAttributes(attributes map[string][]string) map[string][]string {
	clean, seen := make(map[string][]string, len(attributes)), map[[2]string]bool{}
	for key, values := range attributes {
		key = strings.ToLower(line(key))
		for _, v := range values {
			if v = line(v); v != "" && !seen[[2]string{key, v}] {
				clean[key], seen[[2]string{key, v}] = append(clean[key], v), true
			}
		}
	}
	return clean
}

// finish settles what follows from the rest: the titles and places of the
// variants, and the values of the options.
func (p *Product) finish() {
	p.Variants = slices.Clone(p.Variants)
	for i := range p.Variants {
		v := &p.Variants[i]
		v.Position = i
		v.Title = strings.Join(v.Options, " / ")
		if v.Title == "" {
			v.Title = p.Title
		}
		if v.Bundle != nil { // its components are counted
			v.Tracked = true
		}
		if p.GiftCard { // tax is due when something is bought with it
			v.Taxable, v.RequiresShipping, v.Tracked = false, false, false
		}
	}
	p.Options = slices.Clone(p.Options)
	for i := range p.Options {
		values := slices.Clone(p.Options[i].Values)
		for _, v := range p.Variants {
			if i < len(v.Options) && !slices.Contains(values, v.Options[i]) {
				values = append(values, v.Options[i])
			}
		}
		p.Options[i].Values = values
	}
	p.Media = slices.Clone(p.Media)
	for i := range p.Media {
		p.Media[i].Position = i
	}
}

// check finds what is wrong with a product as a whole; checkVariants looks at
// its variants.
func (p *Product) check() (bad errs.Fields) {
	length := func(n, most int, pointer string) {
		bad.Require(n <= most, pointer, "too_many", "At most "+strconv.Itoa(most)+" are possible.")
	}
	text := func(s string, least, most int, pointer string) {
		n := len([]rune(s))
		bad.Require(n >= least, pointer, "required", "This is required.")
		bad.Require(n <= most, pointer, "too_long", "At most "+strconv.Itoa(most)+" characters are possible.")
	}
	text(p.Title, 1, 300, "/title")
	text(p.Slug, 1, maxSlug+30, "/slug")
	text(p.Description, 0, maxRichText, "/description")
	text(p.Kind, 0, 200, "/kind")
	text(p.SEOTitle, 0, 300, "/seo_title")
	text(p.SEODescription, 0, 1000, "/seo_description")
	for locale, t := range p.Translations {
		at := "/translations/" + locale
		text(t.Title, 0, 300, at+"/title")
		text(t.Description, 0, maxRichText, at+"/description")
		text(t.SEOTitle, 0, 300, at+"/seo_title")
		text(t.SEODescription, 0, 1000, at+"/seo_description")
	}
	length(len(p.Variants), MaxVariants, "/variants")
	length(len(p.Media), MaxMedia, "/media")
	length(len(p.Tags), MaxTags, "/tags")
	length(len(p.Categories), MaxCategories, "/categories")
	length(len(p.Attributes), maxAttributes, "/attributes")
	length(len(p.Options), maxOptions, "/options")
	bad.Require(p.PublishAt == nil || p.UnpublishAt == nil || p.PublishAt.Before(*p.UnpublishAt), "/unpublish_at", "too_early", "It comes off sale before it goes on.")
	bad.Require(!p.GiftCard || !slices.ContainsFunc(p.Variants, func(v Variant) bool { return v.Bundle != nil }), "/variants", "gift_card", "Gift cards are no bundles.")
	names := map[string]bool{}
	for i, o := range p.Options {
		pointer := "/options/" + strconv.Itoa(i) + "/name"
		text(o.Name, 1, 100, pointer)
		bad.Require(!names[strings.ToLower(o.Name)], pointer, "duplicate", "Two options have this name.")
		names[strings.ToLower(o.Name)] = true
	}
	return bad
}

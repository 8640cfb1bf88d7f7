package catalog

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// Variant is what is put into a cart: a product in one choice of its options.
type Variant struct {
	ID               id.Variant `db:"id" json:"id"`
	ProductID        id.Product `db:"product_id" json:"product_id"`
	VendorID         id.Vendor  `db:"vendor_id" json:"-"`
	SKU              string     `db:"sku" json:"sku"`
	Barcode          string     `db:"barcode" json:"barcode"`
	Title            string     `db:"title" json:"title"`
	Options          []string   `db:"options" json:"options" doc:"Its values, in the order of the product's options."`
	Position         int        `db:"position" json:"position"`
	WeightGrams      int        `db:"weight_grams" json:"weight_grams"`
	Dimensions       Dimensions `db:"dimensions" json:"dimensions"`
	Content          Content    `db:"content" json:"content" doc:"How much is in it, for its price per kilogram, litre and the like."`
	MinQuantity      int        `db:"min_quantity" json:"min_quantity" doc:"As many at least are sold at once."`
	MaxQuantity      int        `db:"max_quantity" json:"max_quantity" doc:"As many at most are sold at once; 0 is any number."`
	TaxClass         string     `db:"tax_class" json:"tax_class"`
	Taxable          bool       `db:"taxable" json:"taxable"`
	RequiresShipping bool       `db:"requires_shipping" json:"requires_shipping"`
	Tracked          bool       `db:"tracked" json:"tracked" doc:"Whether its stock is counted; else it is always available."`
	MediaID          id.Media   `db:"media_id" json:"media_id,omitempty,omitzero" doc:"The first of its pictures."`
	MediaIDs         []id.Media `db:"media_ids" json:"media_ids" doc:"Its pictures in the order to show."`
	Bundle           *Bundle    `db:"-" json:"bundle,omitempty"`
	CreatedAt        time.Time  `db:"created_at" json:"created_at"`
	UpdatedAt        time.Time  `db:"updated_at" json:"updated_at"`
	Version          int64      `db:"version" json:"version"`
	Offer
}

// Dimensions are those of what is packed, in millimetres; 0 is not known.
type Dimensions struct {
	Length int `db:"length_mm" json:"length_mm" minimum:"0" maximum:"1000000"`
	Width  int `db:"width_mm" json:"width_mm" minimum:"0" maximum:"1000000"`
	Height int `db:"height_mm" json:"height_mm" minimum:"0" maximum:"1000000"`
}

// ETag lets an edit say which version it changes.
func (v Variant) ETag() string { return httpapi.VersionTag(v.Version) }

// Offer is what a variant costs and how much of it there is. Those are facts
// of pricing and inventory, two modules to the right, that people see and edit
// on the product's page: see [Catalog.Offers] and [Catalog.SetOffers].
type Offer struct {
	Variant   id.Variant `db:"-" json:"-"`
	Prices    []PriceTag `db:"-" json:"prices"`
	OnHand    *int       `db:"-" json:"on_hand,omitempty"`
	Available *int       `db:"-" json:"available_quantity,omitempty"`
}

// own are the prices that follow no other.
func (o Offer) own() []PriceTag {
	return slices.DeleteFunc(slices.Clone(o.Prices), func(t PriceTag) bool { return t.Derived })
}

// PriceTag is a price in one currency.
type PriceTag struct {
	Price     money.Amount  `json:"price"`
	CompareAt *money.Amount `json:"compare_at_price,omitempty"`
	Derived   bool          `json:"derived,omitempty" doc:"It follows the price in the main currency."`
}

// Facts is what other modules need to know of a variant.
type Facts struct {
	ID           id.Variant `db:"id"`
	ProductID    id.Product `db:"product_id"`
	VendorID     id.Vendor  `db:"vendor_id"`
	SKU          string     `db:"sku"`
	Title        string     `db:"title"`
	ProductTitle string     `db:"product_title"`
	Tracked      bool       `db:"tracked"`
	Bundle       bool       `db:"bundle"` // made of other variants
	Summed       bool       `db:"summed"` // a bundle that costs what they do
}

var (
	// ErrNoVariant says that there is no such variant, or that it is not theirs.
	ErrNoVariant = errs.New(errs.NotFound, "variant_not_found", "There is no such variant.")
	// ErrSKUTaken says that the vendor sells something else under this SKU.
	ErrSKUTaken = errs.New(errs.Conflict, "sku_taken", "You sell something else under this SKU.")
	// ErrOptionsTaken says that a product would have the same variant twice.
	ErrOptionsTaken = errs.New(errs.Conflict, "options_taken", "The product has a variant with these options.")
	// ErrLastVariant keeps a product sellable.
	ErrLastVariant = errs.New(errs.Conflict, "last_variant", "A product keeps one variant. Archive the product instead.")
)

func init() {
	postgres.Name("variants_sku_key", ErrSKUTaken)
	postgres.Name("variants_options_key", ErrOptionsTaken)
}

// VariantsOf is the facts of those variants that are not archived and, where a
// vendor is given, belong to it.
func VariantsOf(ctx context.Context, db postgres.DB, vendor id.Vendor, variants []id.Variant) (map[id.Variant]Facts, error) {
	list, err := postgres.All[Facts](ctx, db, selectFacts, pgx.NamedArgs{"vendor": vendor, "ids": variants})
	if err != nil {
		return nil, fmt.Errorf("read facts of %d variants: %w", len(variants), err)
	}
	facts := make(map[id.Variant]Facts, len(list))
	for _, f := range list {
		facts[f.ID] = f
	}
	return facts, nil
}

// VariantsLike finds variants by SKU or by words of the title, at most limit.
func VariantsLike(ctx context.Context, db postgres.DB, vendor id.Vendor, q string, limit int) ([]id.Variant, error) {
	list, err := postgres.Column[id.Variant](ctx, db, selectVariantsLike,
		pgx.NamedArgs{"vendor": vendor, "q": q, "like": contains(q), "limit": limit})
	if err != nil {
		return nil, fmt.Errorf("find variants: %w", err)
	}
	return list, nil
}

// contains is the LIKE pattern of what holds s.
func contains(s string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s) + "%"
}

// VariantEdit is what may be changed on a variant; nil leaves things as they are.
type VariantEdit struct {
	SKU              *string     `json:"sku,omitempty" maxLength:"100" doc:"None when empty."`
	Barcode          *string     `json:"barcode,omitempty" maxLength:"100"`
	Options          *[]string   `json:"options,omitempty" maxItems:"3"`
	WeightGrams      *int        `json:"weight_grams,omitempty" minimum:"0" maximum:"1000000000"`
	Dimensions       *Dimensions `json:"dimensions,omitempty"`
	Content          *Content    `json:"content,omitempty"`
	MinQuantity      *int        `json:"min_quantity,omitempty" minimum:"1" maximum:"10000"`
	MaxQuantity      *int        `json:"max_quantity,omitempty" minimum:"0" maximum:"10000" doc:"0 is any number."`
	TaxClass         *string     `json:"tax_class,omitempty" minLength:"1" maxLength:"50"`
	Taxable          *bool       `json:"taxable,omitempty"`
	RequiresShipping *bool       `json:"requires_shipping,omitempty"`
	Tracked          *bool       `json:"tracked,omitempty"`
	MediaID          *id.Media   `json:"media_id,omitempty" doc:"The first of its pictures; those that it has follow."`
	MediaIDs         *[]id.Media `json:"media_ids,omitempty" maxItems:"50" uniqueItems:"true" doc:"Its pictures in the order to show, in place of those that it has."`
	Bundle           *NewBundle  `json:"bundle,omitempty" doc:"What it is made of; no components make no bundle of it."`
}

func (e VariantEdit) apply(v *Variant) {
	set(&v.SKU, e.SKU, line)
	set(&v.Barcode, e.Barcode, line)
	set(&v.TaxClass, e.TaxClass, line)
	if e.Options != nil {
		v.Options = lines(*e.Options)
	}
	put(&v.WeightGrams, e.WeightGrams)
	put(&v.Dimensions, e.Dimensions)
	put(&v.Content, e.Content)
	put(&v.MinQuantity, e.MinQuantity)
	put(&v.MaxQuantity, e.MaxQuantity)
	put(&v.Taxable, e.Taxable)
	put(&v.RequiresShipping, e.RequiresShipping)
	put(&v.Tracked, e.Tracked)
	if e.MediaIDs != nil {
		v.show(*e.MediaIDs)
	}
	if e.MediaID != nil {
		v.showFirst(*e.MediaID)
	}
}

// show gives a variant its pictures.
func (v *Variant) show(media []id.Media) {
	v.MediaID, v.MediaIDs = id.Media{}, media
	if len(media) > 0 {
		v.MediaID = media[0]
	}
}

// showFirst puts one picture before the others.
func (v *Variant) showFirst(media id.Media) {
	others := slices.DeleteFunc(slices.Clone(v.MediaIDs), func(m id.Media) bool { return m == media })
	v.show(append([]id.Media{media}, others...))
}

func put[T any](field *T, to *T) {
	if to != nil {
		*field = *to
	}
}

func lines(texts []string) []string {
	clean := make([]string, len(texts))
	for i, t := range texts {
		clean[i] = line(t)
	}
	return clean
}

// newVariant is one as it is where nobody says otherwise.
func newVariant(p Product) Variant {
	return Variant{
		ID: id.New[id.Variant](), ProductID: p.ID, VendorID: p.VendorID,
		Options: []string{}, MediaIDs: []id.Media{}, MinQuantity: 1, TaxClass: "standard", Taxable: true, RequiresShipping: true, Tracked: true,
	}
}

// AddVariant adds a variant to a product, with its price and stock.
func (c *Catalog) AddVariant(ctx context.Context, tx pgx.Tx, vendor id.Vendor, product id.Product, e VariantEdit, offer Offer) (Variant, error) {
	was, err := c.lock(ctx, tx, vendor, product, 0)
	if err != nil {
		return Variant{}, err
	}
	v := newVariant(was)
	e.apply(&v)
	if err := c.setBundle(ctx, tx, &v, e.Bundle, "/bundle"); err != nil {
		return Variant{}, err
	}
	want := was
	want.Variants = append(slices.Clone(was.Variants), v)
	if _, err := c.saveVariant(ctx, tx, vendor, was, want, v.ID); err != nil {
		return Variant{}, err
	}
	offer.Variant = v.ID
	if err := c.offer(ctx, tx, was.VendorID, []Offer{offer}); err != nil {
		return Variant{}, err
	}
	return c.variant(ctx, tx, vendor, product, v.ID)
}

// EditVariant changes what the edit names on the variant that the caller has seen.
func (c *Catalog) EditVariant(ctx context.Context, tx pgx.Tx, vendor id.Vendor, product id.Product, variant id.Variant, version int64, e VariantEdit) (Variant, error) {
	was, err := c.lock(ctx, tx, vendor, product, 0)
	if err != nil {
		return Variant{}, err
	}
	want := was
	want.Variants = slices.Clone(was.Variants)
	i := slices.IndexFunc(want.Variants, func(v Variant) bool { return v.ID == variant })
	if i < 0 {
		return Variant{}, ErrNoVariant
	}
	if want.Variants[i].Version != version {
		return Variant{}, httpapi.ErrPreconditionFailed
	}
	e.apply(&want.Variants[i])
	if err := c.setBundle(ctx, tx, &want.Variants[i], e.Bundle, "/bundle"); err != nil {
		return Variant{}, err
	}
	return c.saveVariant(ctx, tx, vendor, was, want, variant)
}

// ArchiveVariant takes a variant off sale for good. Orders keep what they say of it.
func (c *Catalog) ArchiveVariant(ctx context.Context, tx pgx.Tx, vendor id.Vendor, product id.Product, variant id.Variant) error {
	was, err := c.lock(ctx, tx, vendor, product, 0)
	if err != nil {
		return err
	}
	want := was
	want.Variants = slices.DeleteFunc(slices.Clone(was.Variants), func(v Variant) bool { return v.ID == variant })
	switch len(want.Variants) {
	case len(was.Variants):
		return ErrNoVariant
	case 0:
		return ErrLastVariant
	}
	_, err = c.save(ctx, tx, vendor, was, want)
	return err
}

func (c *Catalog) saveVariant(ctx context.Context, tx pgx.Tx, vendor id.Vendor, was, want Product, variant id.Variant) (Variant, error) {
	if err := checkVariants(want).Err(); err != nil {
		return Variant{}, err
	}
	now, err := c.save(ctx, tx, vendor, was, want)
	if err != nil {
		return Variant{}, err
	}
	return now.variant(variant)
}

func (c *Catalog) variant(ctx context.Context, db postgres.DB, vendor id.Vendor, product id.Product, variant id.Variant) (Variant, error) {
	p, err := c.Product(ctx, db, vendor, product)
	if err != nil {
		return Variant{}, err
	}
	return p.variant(variant)
}

func (p Product) variant(variant id.Variant) (Variant, error) {
	for _, v := range p.Variants {
		if v.ID == variant {
			return v, nil
		}
	}
	return Variant{}, ErrNoVariant
}

// checkVariants finds what is wrong with variants, each by itself and with one
// another.
func checkVariants(p Product) (bad errs.Fields) {
	seen := variantsSeen{}
	for i, v := range p.Variants {
		bad = append(bad, seen.check(p, v, "/variants/"+strconv.Itoa(i))...)
	}
	return bad
}

// variantsSeen remembers the variants of a product that were found good.
type variantsSeen struct{ skus, options map[string]bool }

func (s *variantsSeen) check(p Product, v Variant, pointer string) (bad errs.Fields) {
	if s.skus == nil {
		s.skus, s.options = map[string]bool{}, map[string]bool{}
	}
	choice := strings.Join(v.Options, "\x00")
	bad.Require(len(v.Options) == len(p.Options), pointer+"/options", "option_count",
		"Give one value for each of the product's "+strconv.Itoa(len(p.Options))+" options.")
	for _, value := range v.Options {
		bad.Require(value != "" && len([]rune(value)) <= 200, pointer+"/options", "bad_value", "A value has 1 to 200 characters.")
	}
	bad.Require(!s.options[choice], pointer+"/options", ErrOptionsTaken.Code, "Another variant has these options.")
	bad.Require(v.SKU == "" || !s.skus[v.SKU], pointer+"/sku", ErrSKUTaken.Code, "Another variant has this SKU.")
	bad.Require(len([]rune(v.SKU)) <= 100, pointer+"/sku", "too_long", "At most 100 characters are possible.")
	bad.Require(len([]rune(v.Barcode)) <= 100, pointer+"/barcode", "too_long", "At most 100 characters are possible.")
	bad.Require(v.WeightGrams >= 0, pointer+"/weight_grams", "too_small", "A weight is not negative.")
	bad.Require(v.Dimensions.Length >= 0 && v.Dimensions.Width >= 0 && v.Dimensions.Height >= 0, pointer+"/dimensions", "too_small", "A size is not negative.")
	v.Content.check(&bad, pointer+"/content")
	bad.Require(v.MinQuantity >= 1, pointer+"/min_quantity", "too_small", "At least one is sold at once.")
	bad.Require(v.MaxQuantity == 0 || v.MaxQuantity >= v.MinQuantity, pointer+"/max_quantity", "too_small", "This is less than are sold at least.")
	bad.Require(v.TaxClass != "", pointer+"/tax_class", "required", "Name a tax class.")
	for i, shown := range v.MediaIDs {
		bad.Require(slices.ContainsFunc(p.Media, func(m Media) bool { return m.ID == shown }),
			pointer+"/media_ids/"+strconv.Itoa(i), "not_found", "The product has no such picture.")
	}
	if len(bad) == 0 {
		s.options[choice] = true
		s.skus[v.SKU] = v.SKU != ""
	}
	return bad
}

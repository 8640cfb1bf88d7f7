package catalog

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// Draft is a product as a vendor describes it: in a file, or in one call.
//
// A draft fills in and changes; it does not empty. What it leaves out (an
// empty text, a nil list) stays as it is, so that a file with fewer columns
// does no harm.
type Draft struct {
	Slug          string // the vendor's handle, by which it is found again; made from the title when empty
	PublicSlug    string // its address in the shop; made from the handle of a new one when empty
	FormerSlugs   []string
	Title         string
	Description   string // HTML, sanitised on the way in
	Kind          string
	GiftCard      bool // only of a new one
	Brand         string
	CategoryPaths [][]string // names from the root, the main path first; made when missing, see [PutOptions.Proposed]
	Categories    []Category // known ones; CategoryPaths is not looked at when set
	Tags          []string
	Attributes    map[string][]string
	Options       []Option
	Status        Status
	StatusIfNew   Status // where Status is empty and the product is new; a draft when empty, too
	StatusReason  string // of a new one
	SEO           SEO
	Translations  map[string]Translation // nil leaves them
	PublishAt     *time.Time
	UnpublishAt   *time.Time
	Variants      []VariantDraft
	Images        []ImageDraft
}

// SEO is what search engines are told.
type SEO struct{ Title, Description string }

// VariantDraft is a variant in a draft. It is found again by its options, or
// else by its SKU.
type VariantDraft struct {
	SKU              string
	Barcode          string
	Options          []string // one value for each option of the draft
	WeightGrams      int
	Dimensions       Dimensions
	Content          Content
	MinQuantity      int    // 1 when 0
	MaxQuantity      int    // 0 is any number
	TaxClass         string // "standard" when empty
	Taxable          bool
	RequiresShipping bool
	Tracked          bool
	Bundle           *NewBundle // stays as it is when nil
	Unsaid           Unsaid
	Position         int      // as listed when equal
	ImageURL         string   // one of the draft's images, added to them when it is not; shown before those that it has
	ImageURLs        []string // the same of all that it shows, in place of those that it has
}

// Unsaid are the flags of a variant that a draft does not speak of: one that is
// there already keeps its own.
type Unsaid struct{ Taxable, RequiresShipping, Tracked bool }

// ImageDraft is a picture in a draft, to be fetched from its URL. One that was
// uploaded is known by its address in the shop.
type ImageDraft struct {
	URL      string
	Alt      string
	Position int // as listed when equal
}

// PutOptions says what Put may do.
type PutOptions struct {
	Reviewed       bool // a draft that says active goes on sale at once; else it waits for review
	Proposed       bool // a vendor's wish: it makes no categories, and where staff look at changes of what is on sale, only its variants change
	New            bool // never change a product that is there: a handle that is taken gets an ending
	ArchiveMissing bool // variants that a draft does not name are archived
}

// Change is what became of a draft.
type Change string

// What becomes of drafts.
const (
	Created   Change = "created"
	Updated   Change = "updated"
	Unchanged Change = "unchanged"
	Refused   Change = "refused"
)

// NoCategory is the code of a problem that is none but a warning: the shop has no
// such category, and the product goes without it.
const NoCategory = "no_category"

// Outcome is the answer to one draft. Variants are in the order of the
// draft's; one that was refused has no id. Problems point into the draft.
type Outcome struct {
	Slug     string
	Product  id.Product
	Change   Change
	Variants []id.Variant
	Problems []errs.Field
}

// Put brings a vendor's products to what the drafts say, 500 or so at a time,
// in a handful of statements whatever their number, and raises one event. What
// is so already is not written: the second time nothing happens. A variant
// that cannot be is left out and the rest goes in; a draft that cannot be is
// refused and the others go in.
func (c *Catalog) Put(ctx context.Context, tx pgx.Tx, vendor id.Vendor, drafts []Draft, o PutOptions) ([]Outcome, error) {
	p := putting{Catalog: c, vendor: vendor, options: o, claimed: map[string]id.Product{}}
	if err := p.prepare(ctx, tx, drafts); err != nil {
		return nil, fmt.Errorf("prepare %d drafts: %w", len(drafts), err)
	}
	var e edits
	outcomes := make([]Outcome, len(drafts))
	handles := map[string]bool{}
	for i, d := range drafts {
		handle := handleOf(d)
		if handles[handle] && !o.New {
			outcomes[i] = Outcome{Slug: handle, Change: Refused, Variants: make([]id.Variant, len(d.Variants)), Problems: []errs.Field{{
				Pointer: "/slug", Code: "duplicate", Detail: "Another product of the same batch has this handle.",
			}}}
			continue
		}
		handles[handle] = true
		outcomes[i] = p.put(&e, handle, d)
	}
	if err := e.write(ctx, tx); err != nil {
		return nil, fmt.Errorf("write %d products: %w", len(e.changed), err)
	}
	return outcomes, c.sum(ctx, tx, e.summed)
}

// putting is one run of Put: what it knows before it decides.
type putting struct {
	*Catalog
	vendor     id.Vendor
	options    PutOptions
	present    map[string]Product  // by handle
	owners     map[string]skuOwner // by SKU, in the database
	claimed    map[string]id.Product
	former     map[string]bool       // slugs that products had before
	slugs      map[string]id.Product // that they have
	brands     labels[Brand]
	tags       labels[Tag]
	categories map[string]Category
	described  described
	types      productTypes
	components map[id.Variant]candidate
	looks      bool // staff look at changes of this vendor
}

type skuOwner struct {
	SKU       string     `db:"sku"`
	ID        id.Variant `db:"id"`
	ProductID id.Product `db:"product_id"`
	Handle    string     `db:"handle"` // of the product
}

// slugOwner is whose an address is, or was.
type slugOwner struct {
	Slug      string     `db:"slug"`
	ProductID id.Product `db:"product_id"`
	Former    bool       `db:"former"`
}

func (p *putting) prepare(ctx context.Context, tx pgx.Tx, drafts []Draft) (err error) {
	var handles, skus, brands, tags, slugs, former []string
	var paths [][]string
	var parts []BundlePart
	for _, d := range drafts {
		handles = append(handles, handleOf(d))
		brands, tags, former = append(brands, d.Brand), append(tags, d.Tags...), append(former, d.FormerSlugs...)
		if d.PublicSlug != "" {
			slugs = append(slugs, slug(d.PublicSlug))
		}
		for _, path := range d.CategoryPaths {
			if d.Categories == nil && goodPath(path) {
				paths = append(paths, path)
			}
		}
		for _, v := range d.Variants {
			if sku := line(v.SKU); sku != "" {
				skus = append(skus, sku)
			}
			if v.Bundle != nil {
				parts = append(parts, v.Bundle.Components...)
			}
		}
	}
	if p.options.Proposed {
		if p.looks, err = p.staffLook(ctx, tx, p.vendor); err != nil {
			return err
		}
	}
	if p.described, err = p.Catalog.described(ctx, tx); err != nil {
		return err
	}
	if p.types, err = p.productTypes(ctx, tx); err != nil {
		return err
	}
	if p.components, err = candidates(ctx, tx, parts); err != nil {
		return err
	}
	if p.slugs, p.former, err = knownSlugs(ctx, tx, slugs, former); err != nil {
		return err
	}
	if p.brands, err = p.ensureBrands(ctx, tx, brands); err != nil {
		return err
	}
	if p.tags, err = p.ensureTags(ctx, tx, tags); err != nil {
		return err
	}
	if p.categories, err = p.shelves(ctx, tx, paths); err != nil {
		return err
	}
	if err := p.lock(ctx, tx, handles); err != nil {
		return err
	}
	owners, err := postgres.All[skuOwner](ctx, tx, selectSKUOwners, pgx.NamedArgs{"vendor": p.vendor, "skus": skus})
	if err != nil {
		return err
	}
	late := false
	p.owners = make(map[string]skuOwner, len(owners))
	for _, o := range owners {
		p.owners[o.SKU] = o
		_, known := p.present[o.Handle]
		late = late || !known && slices.Contains(handles, o.Handle)
	}
	if late { // somebody has brought in one of them since, and its SKU is its own
		return p.lock(ctx, tx, handles)
	}
	return nil
}

// lock reads the products that are there.
func (p *putting) lock(ctx context.Context, tx pgx.Tx, handles []string) error {
	present, err := postgres.All[Product](ctx, tx, lockProductsByHandle, pgx.NamedArgs{"vendor": p.vendor, "handles": handles})
	if err == nil && len(present) > 0 {
		err = readParts(ctx, tx, present)
	}
	if err != nil {
		return err
	}
	p.present = make(map[string]Product, len(present))
	for _, product := range present {
		p.present[product.Handle] = product
	}
	return nil
}

// shelves are the categories of paths, made when missing. The tree is the shop's:
// a vendor's wish makes none.
func (p *putting) shelves(ctx context.Context, tx pgx.Tx, paths [][]string) (map[string]Category, error) {
	if !p.options.Proposed {
		return p.ensureCategories(ctx, tx, paths)
	}
	names := make([]string, len(paths))
	for i, path := range paths {
		names[i] = joined(path)
	}
	return categoriesAt(ctx, tx, names)
}

// handleOf is what a draft is found again by.
func handleOf(d Draft) string {
	handle := line(d.Slug)
	if handle == "" {
		handle = slug(d.Title)
	}
	if r := []rune(handle); len(r) > 255 {
		handle = string(r[:255])
	}
	return handle
}

// put decides on one draft.
func (p *putting) put(e *edits, handle string, d Draft) Outcome {
	out := Outcome{Slug: handle, Variants: make([]id.Variant, len(d.Variants))}
	was, known := p.present[handle]
	if known && p.options.New {
		was, known = Product{}, false
	}
	want := was
	if !known {
		want = Product{ID: id.New[id.Product](), VendorID: p.vendor, GiftCard: d.GiftCard, Status: InDraft}
		want.Handle, want.Slug = handle, slug(handle)
		if _, taken := p.present[handle]; taken {
			want.Handle = otherSlug(handle, want.ID)
		}
		if want.Slug == "" {
			want.Slug = otherSlug("", want.ID)
		}
	}
	if owner, taken := p.slugs[slug(d.PublicSlug)]; !known || !taken || owner == want.ID { // another's stays another's
		fillText(&want.Slug, slug(d.PublicSlug))
		p.slugs[want.Slug] = want.ID
	}
	out.Product, out.Slug = want.ID, want.Handle
	now := want
	p.fill(&want, d, &out)
	p.keepFit(now, &want, &out)
	p.fillMedia(&want, d, &out)
	if p.looks && known && was.onSale() && (&edits{}).add(&was, want) {
		want = was
		out.Problems = append(out.Problems, errs.Field{Code: ErrLookedAt.Code, Detail: ErrLookedAt.Message})
	}
	p.fillVariants(&want, d, &out)
	want.finish()

	fatal := want.check()
	if len(want.Variants) == 0 {
		fatal = append(fatal, errs.Field{Pointer: "/variants", Code: "required", Detail: "A product has at least one variant."})
	}
	if len(fatal) > 0 {
		return Outcome{Slug: handle, Change: Refused, Variants: make([]id.Variant, len(d.Variants)), Problems: append(out.Problems, fatal...)}
	}
	for _, v := range want.Variants {
		if v.SKU != "" {
			p.claimed[v.SKU] = want.ID
		}
	}
	former := p.fillFormer(e, want, d)
	switch {
	case !known:
		e.add(nil, want)
		out.Change = Created
	case e.add(&was, want):
		out.Change = Updated
	case former:
		e.changed = append(e.changed, want.ID)
		out.Change = Updated
	default:
		out.Change = Unchanged
	}
	return out
}

// fill takes over what a draft says of the product itself.
func (p *putting) fill(want *Product, d Draft, out *Outcome) {
	fillText(&want.Title, line(d.Title))
	fillText(&want.Description, sanitise(d.Description))
	fillText(&want.Kind, line(d.Kind))
	fillText(&want.SEOTitle, line(d.SEO.Title))
	fillText(&want.SEODescription, line(d.SEO.Description))
	if d.Translations != nil {
		var bad errs.Fields
		want.Translations, bad = cleanTranslations(d.Translations)
		out.Problems = append(out.Problems, bad...)
	}
	if d.PublishAt != nil {
		want.PublishAt = d.PublishAt
	}
	if d.UnpublishAt != nil {
		want.UnpublishAt = d.UnpublishAt
	}
	if b, ok := p.brands[slug(d.Brand)]; ok {
		want.Brand = &b
	}
	if d.Tags != nil {
		want.Tags = p.tags.of(d.Tags)
	}
	if d.Attributes != nil {
		var bad errs.Fields
		want.Attributes, bad = p.described.clean(d.Attributes)
		out.Problems = append(out.Problems, bad...)
	}
	switch {
	case d.Categories != nil:
		want.Categories = d.Categories
	case d.CategoryPaths != nil:
		want.Categories = p.placesOf(d.CategoryPaths, out)
	}
	if isNew := want.Version == 0; isNew {
		want.StatusReason = line(d.StatusReason)
		if d.Status == "" {
			d.Status = d.StatusIfNew
		}
	}
	if d.Status != "" {
		now := want.Status
		if want.Status = p.status(now, d.Status, want.Version == 0, out); want.Status == Active && now != Active {
			want.Status = want.approved()
		}
	}
}

// fillFormer keeps the addresses that a product had, but for those that lead
// somewhere already, and reports whether there were any.
func (p *putting) fillFormer(e *edits, want Product, d Draft) (any bool) {
	for _, former := range d.FormerSlugs {
		if former = slug(former); former == "" || former == want.Slug || p.former[former] {
			continue
		}
		p.former[former], any = true, true
		e.moved = append(e.moved, movedRow{uuid.UUID(want.ID), former})
	}
	return any
}

// knownSlugs are those of addresses that products have, and those that products had.
func knownSlugs(ctx context.Context, db postgres.DB, slugs, former []string) (now map[string]id.Product, before map[string]bool, err error) {
	now, before = map[string]id.Product{}, map[string]bool{}
	if len(slugs)+len(former) == 0 {
		return now, before, nil
	}
	found, err := postgres.All[slugOwner](ctx, db, `
		SELECT slug, id AS product_id, false AS former FROM products WHERE slug = ANY(@slugs)
		UNION ALL SELECT slug, product_id, true FROM product_slugs WHERE slug = ANY(@former)`, pgx.NamedArgs{"slugs": slugs, "former": former})
	if err != nil {
		return nil, nil, fmt.Errorf("read addresses: %w", err)
	}
	for _, o := range found {
		if o.Former {
			before[o.Slug] = true
		} else {
			now[o.Slug] = o.ProductID
		}
	}
	return now, before, nil
}

func fillText(field *string, text string) {
	if text != "" {
		*field = text
	}
}

func (p *putting) placesOf(paths [][]string, out *Outcome) []Category {
	list := []Category{}
	for i, path := range paths {
		cat, ok := p.categories[joined(path)]
		switch {
		case !ok && goodPath(path):
			out.problem("/category_paths", i, "", NoCategory, "The shop has no category "+joined(path)+", and it was left out.")
			continue
		case !ok:
			out.problem("/category_paths", i, "", "bad_path", "A category path has 1 to 10 names of at most 200 characters.")
			continue
		}
		if !slices.ContainsFunc(list, func(c Category) bool { return c.ID == cat.ID }) {
			list = append(list, cat)
		}
	}
	return list
}

// status is where a draft may bring a product. What it calls active is on
// sale already, or has to be looked at, unless that was done.
func (p *putting) status(now, wanted Status, isNew bool, out *Outcome) Status {
	switch {
	case wanted == Active && now == Scheduled: // when its time comes
		return now
	case wanted == Active && !p.options.Reviewed && now != Active:
		wanted = PendingReview
	}
	switch {
	case now == wanted, leads(now, wanted):
		return wanted
	case isNew && p.options.Reviewed: // it is what it was elsewhere
		return wanted
	case now == Archived && leads(InDraft, wanted): // restored, then moved on
		return wanted
	}
	out.Problems = append(out.Problems, errs.Field{
		Pointer: "/status", Code: ErrStatus.Code, Detail: "A product that is " + string(now) + " cannot become " + string(wanted) + ".",
	})
	return now
}

func (o *Outcome) problem(list string, i int, field, code, detail string) {
	o.Problems = append(o.Problems, errs.Field{Pointer: pointer(list, i, field), Code: code, Detail: detail})
}

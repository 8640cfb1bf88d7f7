package catalog

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/httpapi"
)

// Routes mounts the catalogue. Staff see and change every vendor's products,
// vendors their own; what buyers see of a product is search's.
func (c *Catalog) Routes(r *httpapi.Router) {
	for _, door := range []struct {
		path        string
		read, write auth.Permission
		vendor      bool
	}{
		{"/api/v1/admin/products", CanRead, CanWrite, false},
		{"/api/v1/vendor/products", auth.AsVendor, auth.VendorCatalog, true},
	} {
		h := handlers{c, door.vendor}
		read, write := httpapi.Needs(door.read), httpapi.Needs(door.write)
		httpapi.Get(r, door.path, h.list, read, httpapi.Summary("Products"))
		httpapi.Get(r, door.path+"/{id}", h.show, read, httpapi.Summary("A product"))
		httpapi.Patch(r, door.path+"/{id}", h.update, write, httpapi.Summary("Edit a product"))
		httpapi.Delete(r, door.path+"/{id}", h.archive, write, httpapi.Summary("Archive a product"),
			httpapi.Describe("Orders keep what they say of it, so it is archived and not deleted."))
		httpapi.Post(r, door.path+"/{id}/restore", h.command(Restore), write, httpapi.Summary("Bring an archived product back as a draft"))
		httpapi.Post(r, door.path+"/{id}/submit", h.command(Submit), write, httpapi.Summary("Ask for review"))
		httpapi.Post(r, door.path+"/{id}/hide", h.command(Hide), write, httpapi.Summary("Take a product off sale"))
		httpapi.Post(r, door.path+"/{id}/duplicate", h.duplicate, write, httpapi.Status(201), httpapi.Summary("Copy a product"),
			httpapi.Describe("The copy is a draft with the texts, variants, prices and pictures of the product, and SKUs of its own; without stock, reviews and barcodes."))
		httpapi.Post(r, door.path+"/{id}/variants", h.addVariant, write, httpapi.Status(201), httpapi.Summary("Add a variant"))
		httpapi.Patch(r, door.path+"/{id}/variants/{variant}", h.editVariant, write, httpapi.Summary("Edit a variant"))
		httpapi.Delete(r, door.path+"/{id}/variants/{variant}", h.archiveVariant, write, httpapi.Summary("Archive a variant"))
		httpapi.Post(r, door.path+"/bulk", h.bulk, write, httpapi.Status(200), httpapi.Summary("Edit many products"),
			httpapi.Describe("Each is edited or refused by itself; the answer says which."))
		h.mediaRoutes(r, door.path, write)
	}
	staff, vendor := handlers{c, false}, handlers{c, true}
	httpapi.Post(r, "/api/v1/admin/products", staff.create, httpapi.Needs(CanWrite), httpapi.Status(201), httpapi.Summary("Make a product"))
	httpapi.Post(r, "/api/v1/vendor/products", vendor.propose, httpapi.Needs(auth.VendorCatalog), httpapi.Status(201),
		httpapi.Summary("Offer a product"), httpapi.Describe("It waits for review (`pending_review`) unless `status` is `draft`."))
	httpapi.Post(r, "/api/v1/admin/products/{id}/approve", staff.command(Approve), httpapi.Needs(CanWrite), httpapi.Summary("Put a product on sale"))
	httpapi.Post(r, "/api/v1/admin/products/{id}/reject", staff.reject, httpapi.Needs(CanWrite), httpapi.Summary("Send a product back"))
	c.taxonomyRoutes(r)
	c.attributeRoutes(r)
	c.typeRoutes(r)
	c.collectionRoutes(r)
	c.changeRoutes(r)
	c.pictureRoutes(r)
}

// handlers answer at one of two doors: staff act on every vendor's products,
// vendors on their own.
type handlers struct {
	*Catalog
	vendor bool
}

// scope is whose rows the caller may touch; none is everybody's.
func (h handlers) scope(ctx context.Context) id.Vendor {
	if h.vendor {
		return auth.From(ctx).VendorScope()
	}
	return id.Vendor{}
}

type listInput struct {
	httpapi.Page
	Status   []Status `query:"status" enum:"draft,pending_review,scheduled,active,rejected,archived" maxItems:"6"`
	Q        string   `query:"q" maxLength:"200" doc:"Words of the title, a slug or an SKU."`
	Brand    string   `query:"brand" maxLength:"200" doc:"A slug."`
	Category string   `query:"category" maxLength:"200" doc:"An id or a slug; what is below counts too."`
	Sort     string   `query:"sort" enum:"-created_at,created_at" default:"-created_at"`
}

func (h handlers) list(ctx context.Context, in *listInput) (out httpapi.List[Product], err error) {
	f := Filter{
		Vendor: h.scope(ctx), Statuses: in.Status, Q: in.Q, Brand: in.Brand, OldestFirst: in.Sort == "created_at", Limit: in.Limit + 1,
	}
	if in.Category != "" {
		found, err := h.categoriesCalled(ctx, h.DB, []string{in.Category})
		if errors.Is(err, errs.Validation) {
			err = errs.Validation.Field("category", "not_found", "There is no such category.")
		}
		if err != nil {
			return out, err
		}
		f.Category = found[0].ID
	}
	scope := httpapi.Scope(ctx)
	if err := h.Cursors.Open(scope, in.After, &f.After); err != nil {
		return out, err
	}
	list, err := h.List(ctx, h.DB, f)
	if err != nil {
		return out, err
	}
	out = httpapi.ListOf(h.Cursors, scope, list, in.Limit, func(p Product) any { return Position{p.CreatedAt, p.ID} })
	if in.WantsTotal() {
		n, err := h.Count(ctx, h.DB, f)
		if err != nil {
			return out, err
		}
		out.TotalCount = &n
	}
	return out, nil
}

type productInput struct {
	ID id.Product `path:"id"`
}

func (h handlers) show(ctx context.Context, in *productInput) (Product, error) {
	return h.Product(ctx, h.DB, h.scope(ctx), in.ID)
}

// NewProduct is the body that makes a product.
type NewProduct struct {
	Title          string                 `json:"title" minLength:"1" maxLength:"300"`
	Slug           string                 `json:"slug,omitempty" maxLength:"100" doc:"Made from the title when left out; gets an ending when taken."`
	Description    string                 `json:"description,omitempty" maxLength:"100000" doc:"HTML; what could do harm is taken out."`
	Kind           string                 `json:"kind,omitempty" maxLength:"200"`
	Brand          string                 `json:"brand,omitempty" maxLength:"200" doc:"Its name."`
	Categories     []string               `json:"categories,omitempty" maxItems:"20" doc:"Ids or slugs, the main one first."`
	Tags           []string               `json:"tags,omitempty" maxItems:"250"`
	Attributes     map[string][]string    `json:"attributes,omitempty"`
	Options        []Option               `json:"options,omitempty" maxItems:"3"`
	SEOTitle       string                 `json:"seo_title,omitempty" maxLength:"300"`
	SEODescription string                 `json:"seo_description,omitempty" maxLength:"1000"`
	Translations   map[string]Translation `json:"translations,omitempty" doc:"By locale, of those that the shop offers."`
	PublishAt      *time.Time             `json:"publish_at,omitempty" doc:"When it goes on sale by itself, once approved."`
	UnpublishAt    *time.Time             `json:"unpublish_at,omitempty" doc:"When it comes off sale by itself."`
	Variants       []newVariantBody       `json:"variants,omitempty" maxItems:"500" doc:"One without options when left out."`
	Images         []newImage             `json:"images,omitempty" maxItems:"50" doc:"Pictures to fetch; or upload them afterwards."`
}

type newImage struct {
	URL string `json:"url" maxLength:"2000"`
	Alt string `json:"alt,omitempty" maxLength:"1000"`
}

type newVariantBody struct {
	SKU              string        `json:"sku,omitempty" maxLength:"100"`
	Barcode          string        `json:"barcode,omitempty" maxLength:"100"`
	Options          []string      `json:"options,omitempty" maxItems:"3" doc:"One value for each option of the product."`
	WeightGrams      int           `json:"weight_grams,omitempty" minimum:"0" maximum:"1000000000"`
	Dimensions       Dimensions    `json:"dimensions,omitzero"`
	Content          Content       `json:"content,omitzero" doc:"How much is in it, for its price per kilogram, litre and the like."`
	MinQuantity      int           `json:"min_quantity,omitempty" minimum:"1" maximum:"10000" default:"1"`
	MaxQuantity      int           `json:"max_quantity,omitempty" minimum:"0" maximum:"10000" doc:"0 is any number."`
	TaxClass         string        `json:"tax_class,omitempty" maxLength:"50"`
	Taxable          *bool         `json:"taxable,omitempty" doc:"True unless told."`
	RequiresShipping *bool         `json:"requires_shipping,omitempty" doc:"True unless told."`
	Tracked          *bool         `json:"tracked,omitempty" doc:"True unless told."`
	Bundle           *NewBundle    `json:"bundle,omitempty" doc:"What it is made of, where it is not one thing."`
	Price            *money.Amount `json:"price,omitempty"`
	CompareAt        *money.Amount `json:"compare_at_price,omitempty"`
	OnHand           *int          `json:"on_hand,omitempty" minimum:"0" maximum:"1000000000" doc:"At the vendor's first location."`
}

func (v newVariantBody) draft() VariantDraft {
	d := VariantDraft{
		SKU: v.SKU, Barcode: v.Barcode, Options: v.Options, WeightGrams: v.WeightGrams, Dimensions: v.Dimensions, Content: v.Content,
		MinQuantity: v.MinQuantity, MaxQuantity: v.MaxQuantity, TaxClass: v.TaxClass,
		Taxable: true, RequiresShipping: true, Tracked: true, Bundle: v.Bundle,
	}
	put(&d.Taxable, v.Taxable)
	put(&d.RequiresShipping, v.RequiresShipping)
	put(&d.Tracked, v.Tracked)
	return d
}

func (v newVariantBody) offer(pointer string) (Offer, error) {
	o := Offer{OnHand: v.OnHand}
	if v.Price != nil {
		o.Prices = []PriceTag{{Price: *v.Price, CompareAt: v.CompareAt}}
	} else if v.CompareAt != nil {
		return o, errs.Validation.Field(pointer+"/price", "required", "Give the price that the other one is compared with.")
	}
	if v.OnHand != nil && v.Tracked != nil && !*v.Tracked {
		return o, errs.Validation.Field(pointer+"/on_hand", "not_tracked", "The stock of a variant that is not tracked is not counted.")
	}
	if v.OnHand != nil && v.Bundle != nil {
		return o, errs.Validation.Field(pointer+"/on_hand", "bundle_stock", "A bundle has no stock of its own: count its components.")
	}
	if v.Price != nil && v.Bundle != nil && v.Bundle.Pricing == PriceSummed {
		return o, errs.Validation.Field(pointer+"/price", "summed_price", "A summed bundle costs what its components do: leave its price out.")
	}
	return o, nil
}

// build makes a product of a vendor out of a body.
func (h handlers) build(ctx context.Context, tx pgx.Tx, vendor id.Vendor, status Status, giftCard bool, b NewProduct) (Product, error) {
	d := Draft{
		Slug: b.Slug, Title: b.Title, Description: b.Description, Kind: b.Kind, GiftCard: giftCard, Brand: b.Brand, Tags: b.Tags,
		Attributes: b.Attributes, Options: b.Options, Status: status, SEO: SEO{b.SEOTitle, b.SEODescription}, PublishAt: b.PublishAt, UnpublishAt: b.UnpublishAt,
	}
	err := checkTagNames(b.Tags)
	if err != nil {
		return Product{}, err
	}
	if d.Translations, err = h.translated(ctx, nil, b.Translations); err != nil {
		return Product{}, err
	}
	if d.Categories, err = h.categoriesCalled(ctx, tx, b.Categories); err != nil {
		return Product{}, err
	}
	if len(b.Variants) == 0 {
		b.Variants = []newVariantBody{{}}
	}
	offers := make([]Offer, len(b.Variants))
	for i, v := range b.Variants {
		d.Variants = append(d.Variants, v.draft())
		if offers[i], err = v.offer("/variants/" + strconv.Itoa(i)); err != nil {
			return Product{}, err
		}
	}
	for _, image := range b.Images {
		d.Images = append(d.Images, ImageDraft{URL: image.URL, Alt: image.Alt})
	}
	return h.Create(ctx, tx, vendor, d, offers)
}

type createInput struct {
	Body struct {
		NewProduct
		VendorID id.Vendor `json:"vendor_id,omitzero" doc:"Who sells it; left out of gift cards, which the shop sells itself."`
		GiftCard bool      `json:"gift_card,omitempty" doc:"Its units are gift cards of what they cost: neither taxed, shipped nor counted."`
		Status   Status    `json:"status,omitempty" enum:"draft,pending_review,active" default:"draft"`
	}
}

func (h handlers) create(ctx context.Context, tx pgx.Tx, in *createInput) (Product, error) {
	vendor := in.Body.VendorID
	switch {
	case in.Body.GiftCard != vendor.IsZero():
		return Product{}, errs.Validation.Field("/vendor_id", "required", "Say who sells it; of gift cards say nothing, the shop sells them itself.")
	case in.Body.GiftCard:
		house, err := h.Vendors.House(ctx, tx)
		if err != nil {
			return Product{}, err
		}
		vendor = house.ID
	}
	return h.build(ctx, tx, vendor, in.Body.Status, in.Body.GiftCard, in.Body.NewProduct)
}

type proposeInput struct {
	Body struct {
		NewProduct
		Status Status `json:"status,omitempty" enum:"draft,pending_review" default:"pending_review"`
	}
}

func (h handlers) propose(ctx context.Context, tx pgx.Tx, in *proposeInput) (Product, error) {
	return h.build(ctx, tx, h.scope(ctx), in.Body.Status, false, in.Body.NewProduct)
}

type updateInput struct {
	httpapi.IfMatch
	ID   id.Product `path:"id"`
	Body ProductEdit
}

func (h handlers) update(ctx context.Context, tx pgx.Tx, in *updateInput) (Product, error) {
	version, err := in.Version()
	if err != nil {
		return Product{}, err
	}
	if h.vendor {
		return h.Propose(ctx, tx, h.scope(ctx), in.ID, version, in.Body)
	}
	return h.Update(ctx, tx, h.scope(ctx), in.ID, version, in.Body)
}

func (h handlers) archive(ctx context.Context, tx pgx.Tx, in *productInput) (httpapi.Empty, error) {
	_, err := h.Move(ctx, tx, h.scope(ctx), in.ID, Archive, "")
	return httpapi.Empty{}, err
}

type commandInput struct {
	ID    id.Product `path:"id"`
	Match string     `header:"If-Match" doc:"The ETag of the product that you have seen: 412 where it has changed since."`
}

// command is the handler of a command that needs no reason.
func (h handlers) command(command Command) func(context.Context, pgx.Tx, *commandInput) (Product, error) {
	return func(ctx context.Context, tx pgx.Tx, in *commandInput) (Product, error) {
		if err := h.unchanged(ctx, tx, in.ID, in.Match); err != nil {
			return Product{}, err
		}
		return h.Move(ctx, tx, h.scope(ctx), in.ID, command, "")
	}
}

// unchanged refuses a command on another product than the caller has seen, where
// they say which that was.
func (h handlers) unchanged(ctx context.Context, tx pgx.Tx, product id.Product, match string) error {
	if match == "" {
		return nil
	}
	version, err := httpapi.IfMatch{Match: match}.Version()
	if err != nil {
		return err
	}
	_, err = h.lock(ctx, tx, h.scope(ctx), product, version)
	return err
}

func (h handlers) duplicate(ctx context.Context, tx pgx.Tx, in *productInput) (Product, error) {
	return h.Duplicate(ctx, tx, h.scope(ctx), in.ID)
}

type bulkInput struct {
	Body struct {
		Products []id.Product `json:"products" minItems:"1" maxItems:"500" uniqueItems:"true"`
		Edit     BulkEdit     `json:"edit"`
	}
}

func (h handlers) bulk(ctx context.Context, tx pgx.Tx, in *bulkInput) (httpapi.List[BulkOutcome], error) {
	switch {
	case in.Body.Edit.empty():
		return httpapi.List[BulkOutcome]{}, errNothingToEdit
	case h.vendor && in.Body.Edit.Command == Approve:
		return httpapi.List[BulkOutcome]{}, auth.ErrForbidden
	}
	list, err := h.Bulk(ctx, tx, h.scope(ctx), in.Body.Products, in.Body.Edit)
	return httpapi.List[BulkOutcome]{Data: list}, err
}

type rejectInput struct {
	ID    id.Product `path:"id"`
	Match string     `header:"If-Match" doc:"The ETag of the product that you have seen: 412 where it has changed since."`
	Body  struct {
		Reason string `json:"reason" minLength:"1" maxLength:"1000" doc:"What the vendor reads."`
	}
}

func (h handlers) reject(ctx context.Context, tx pgx.Tx, in *rejectInput) (Product, error) {
	if err := h.unchanged(ctx, tx, in.ID, in.Match); err != nil {
		return Product{}, err
	}
	return h.Move(ctx, tx, id.Vendor{}, in.ID, Reject, in.Body.Reason)
}

type addVariantInput struct {
	ID   id.Product `path:"id"`
	Body newVariantBody
}

func (h handlers) addVariant(ctx context.Context, tx pgx.Tx, in *addVariantInput) (Variant, error) {
	offer, err := in.Body.offer("")
	if err != nil {
		return Variant{}, err
	}
	if h.vendor {
		return h.ProposeNewVariant(ctx, tx, h.scope(ctx), in.ID, in.Body.edit(), offer)
	}
	return h.AddVariant(ctx, tx, h.scope(ctx), in.ID, in.Body.edit(), offer)
}

// edit says of a variant what its body says.
func (v newVariantBody) edit() VariantEdit {
	e := VariantEdit{
		SKU: &v.SKU, Barcode: &v.Barcode, Options: &v.Options, WeightGrams: &v.WeightGrams,
		Dimensions: &v.Dimensions, Content: &v.Content, MinQuantity: &v.MinQuantity, MaxQuantity: &v.MaxQuantity,
		Taxable: v.Taxable, RequiresShipping: v.RequiresShipping, Tracked: v.Tracked, Bundle: v.Bundle,
	}
	if v.TaxClass != "" {
		e.TaxClass = &v.TaxClass
	}
	return e
}

type editVariantInput struct {
	httpapi.IfMatch
	ID      id.Product `path:"id"`
	Variant id.Variant `path:"variant"`
	Body    VariantEdit
}

func (h handlers) editVariant(ctx context.Context, tx pgx.Tx, in *editVariantInput) (Variant, error) {
	version, err := in.Version()
	if err != nil {
		return Variant{}, err
	}
	if h.vendor {
		return h.ProposeVariant(ctx, tx, h.scope(ctx), in.ID, in.Variant, version, in.Body)
	}
	return h.EditVariant(ctx, tx, h.scope(ctx), in.ID, in.Variant, version, in.Body)
}

type archiveVariantInput struct {
	ID      id.Product `path:"id"`
	Variant id.Variant `path:"variant"`
}

func (h handlers) archiveVariant(ctx context.Context, tx pgx.Tx, in *archiveVariantInput) (httpapi.Empty, error) {
	return httpapi.Empty{}, h.ArchiveVariant(ctx, tx, h.scope(ctx), in.ID, in.Variant)
}

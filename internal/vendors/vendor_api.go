package vendors

import (
	"context"
	"net/http"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/auth"
	"souk/internal/platform/httpapi"
)

func (v *Vendors) publicRoutes(r *httpapi.Router) {
	public := httpapi.Public("the market's list of shops")
	httpapi.Get(r, "/api/v1/vendors", v.listShopfronts, public, httpapi.Summary("List vendors"))
	httpapi.Get(r, "/api/v1/vendors/{vendor}", v.showShopfront, public, httpapi.Summary("Show a vendor by id or slug"))
}

type listShopfrontsInput struct {
	httpapi.Page
	Q string `query:"q" maxLength:"100" doc:"Part of the name."`
}

func (v *Vendors) listShopfronts(ctx context.Context, in *listShopfrontsInput) (httpapi.List[Shopfront], error) {
	search := Search{Text: in.Q, Limit: in.Limit + 1, Statuses: []string{string(StatusActive)}}
	if err := v.cursors.Open(httpapi.PublicScope(ctx), in.After, &search.After); err != nil {
		return httpapi.List[Shopfront]{}, err
	}
	found, err := v.Shopfronts(ctx, v.DB, search)
	if err != nil {
		return httpapi.List[Shopfront]{}, err
	}
	page := httpapi.ListOf(v.cursors, httpapi.PublicScope(ctx), found, in.Limit, func(s Shopfront) any { return Position{s.Name, s.ID} })
	return page, v.total(ctx, in.Page, search, &page.TotalCount)
}

// total fills in the total count where it was asked for.
func (v *Vendors) total(ctx context.Context, page httpapi.Page, s Search, into **int64) error {
	if !page.WantsTotal() {
		return nil
	}
	n, err := v.count(ctx, v.DB, s)
	*into = &n
	return err
}

type shopfrontInput struct {
	Vendor string `path:"vendor" maxLength:"100" doc:"Id or slug."`
}

func (v *Vendors) showShopfront(ctx context.Context, in *shopfrontInput) (Shopfront, error) {
	return v.Shopfront(ctx, v.DB, in.Vendor)
}

func (v *Vendors) profileRoutes(r *httpapi.Router) {
	mine := httpapi.Needs(auth.AsVendor)
	httpapi.Post(r, "/api/v1/vendors/apply", v.apply, httpapi.Needs(auth.AsCustomer), httpapi.Status(http.StatusCreated),
		httpapi.ID("apply-as-vendor"), httpapi.Summary("Apply to sell"),
		httpapi.Describe("Makes a vendor that waits for approval and belongs to the caller. Whoever was rejected may apply again."))
	httpapi.Get(r, "/api/v1/vendor/profile", v.showMine, mine, httpapi.Private(), httpapi.Summary("Show my shop"))
	httpapi.Patch(r, "/api/v1/vendor/profile", v.editMine, httpapi.Needs(auth.VendorSettings), httpapi.Summary("Edit my shop"), httpapi.Describe("What is left out stays."))
}

type applyInput struct {
	Body struct {
		Name        string  `json:"name" example:"Nordlicht"`
		Slug        *string `json:"slug,omitempty" example:"nordlicht" doc:"Made from the name unless given."`
		Description *string `json:"description,omitempty"`
		Email       *string `json:"email,omitempty"`
	}
}

func (v *Vendors) apply(ctx context.Context, tx pgx.Tx, in *applyInput) (Vendor, error) {
	b := in.Body
	return v.Apply(ctx, tx, auth.From(ctx).User, Profile{Name: &b.Name, Slug: b.Slug, Description: b.Description, Email: b.Email})
}

func (v *Vendors) showMine(ctx context.Context, _ *struct{}) (Vendor, error) {
	return v.Get(ctx, v.DB, auth.From(ctx).Vendor)
}

type editMineInput struct {
	httpapi.IfMatch
	Body struct {
		Name        *string                   `json:"name,omitempty"`
		Description *string                   `json:"description,omitempty"`
		Email       *string                   `json:"email,omitempty"`
		Tax         *accounts.TaxRegistration `json:"tax_registration,omitempty" doc:"Where I am registered for tax, as a whole; it decides which taxes my goods pay."`
	}
}

func (v *Vendors) editMine(ctx context.Context, tx pgx.Tx, in *editMineInput) (Vendor, error) {
	version, err := in.Version()
	if err != nil {
		return Vendor{}, err
	}
	b := in.Body
	return v.Edit(ctx, tx, auth.From(ctx).Vendor, version, Profile{Name: b.Name, Description: b.Description, Email: b.Email, Tax: b.Tax})
}

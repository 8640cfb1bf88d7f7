package vendors

import (
	"context"
	"net/http"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
)

// staffRoutes mounts what staff do with vendors.
func (v *Vendors) staffRoutes(r *httpapi.Router) {
	read, write, ok := httpapi.Needs(CanRead), httpapi.Needs(CanWrite), httpapi.Status(http.StatusOK)
	httpapi.Get(r, "/api/v1/admin/vendors", v.list, read, httpapi.Summary("List vendors of every status"))
	httpapi.Post(r, "/api/v1/admin/vendors", v.create, write, httpapi.Status(http.StatusCreated), httpapi.Summary("Make a vendor"),
		httpapi.Describe("It is active at once. With an owner, that user signs in as the vendor."))
	httpapi.Get(r, "/api/v1/admin/vendors/{vendor}", v.show, read, httpapi.Summary("Show a vendor"))
	httpapi.Patch(r, "/api/v1/admin/vendors/{vendor}", v.editAny, write, httpapi.Summary("Edit a vendor"), httpapi.Describe("What is left out stays."))
	httpapi.Post(r, "/api/v1/admin/vendors/{vendor}/approve", v.approve, write, ok, httpapi.Summary("Let a vendor sell"))
	httpapi.Post(r, "/api/v1/admin/vendors/{vendor}/reject", v.reject, write, ok, httpapi.Summary("Turn an application down"))
	httpapi.Post(r, "/api/v1/admin/vendors/{vendor}/suspend", v.suspend, write, ok, httpapi.Summary("Take a vendor out of the market"),
		httpapi.Describe("Its products are no longer shown or sold, and its members may not act as it, from the next request on."))
}

type listInput struct {
	httpapi.Page
	Q      string   `query:"q" maxLength:"100" doc:"Part of the name."`
	Status []string `query:"status" enum:"pending,active,suspended,rejected" doc:"Any of these."`
}

func (v *Vendors) list(ctx context.Context, in *listInput) (httpapi.List[Vendor], error) {
	search := Search{Text: in.Q, Statuses: in.Status, Limit: in.Limit + 1}
	if err := v.cursors.Open(httpapi.Scope(ctx), in.After, &search.After); err != nil {
		return httpapi.List[Vendor]{}, err
	}
	found, err := v.List(ctx, v.DB, search)
	if err != nil {
		return httpapi.List[Vendor]{}, err
	}
	page := httpapi.ListOf(v.cursors, httpapi.Scope(ctx), found, in.Limit, func(v Vendor) any { return Position{v.Name, v.ID} })
	return page, v.total(ctx, in.Page, search, &page.TotalCount)
}

type createInput struct {
	Body struct {
		Name          string  `json:"name"`
		Slug          *string `json:"slug,omitempty" doc:"Made from the name unless given."`
		Description   *string `json:"description,omitempty"`
		Email         *string `json:"email,omitempty"`
		CommissionBPS *int    `json:"commission_bps,omitempty" minimum:"0" maximum:"10000"`
		OwnerID       id.User `json:"owner_id,omitzero"`
	}
}

func (v *Vendors) create(ctx context.Context, tx pgx.Tx, in *createInput) (Vendor, error) {
	b := in.Body
	profile := Profile{Name: &b.Name, Slug: b.Slug, Description: b.Description, Email: b.Email, CommissionBPS: b.CommissionBPS}
	return v.Create(ctx, tx, profile, StatusActive, b.OwnerID)
}

type vendorInput struct {
	Vendor id.Vendor `path:"vendor"`
}

func (v *Vendors) show(ctx context.Context, in *vendorInput) (Vendor, error) {
	return v.Get(ctx, v.DB, in.Vendor)
}

type editInput struct {
	Vendor id.Vendor `path:"vendor"`
	httpapi.IfMatch
	Body struct {
		Name          *string `json:"name,omitempty"`
		Slug          *string `json:"slug,omitempty"`
		Description   *string `json:"description,omitempty"`
		Email         *string `json:"email,omitempty"`
		CommissionBPS *int    `json:"commission_bps,omitempty" minimum:"0" maximum:"10000"`

		Tax *accounts.TaxRegistration `json:"tax_registration,omitempty" doc:"As a whole."`
	}
}

func (v *Vendors) editAny(ctx context.Context, tx pgx.Tx, in *editInput) (Vendor, error) {
	version, err := in.Version()
	if err != nil {
		return Vendor{}, err
	}
	return v.Edit(ctx, tx, in.Vendor, version, Profile(in.Body))
}

func (v *Vendors) approve(ctx context.Context, tx pgx.Tx, in *vendorInput) (Vendor, error) {
	return v.Approve(ctx, tx, in.Vendor)
}

type rejectInput struct {
	Vendor id.Vendor `path:"vendor"`
	Body   struct {
		Reason string `json:"reason" minLength:"1" maxLength:"1000" doc:"The applicant sees it."`
	}
}

func (v *Vendors) reject(ctx context.Context, tx pgx.Tx, in *rejectInput) (Vendor, error) {
	return v.Reject(ctx, tx, in.Vendor, in.Body.Reason)
}

type suspendInput struct {
	Vendor id.Vendor `path:"vendor"`
	Body   *struct {
		Reason string `json:"reason,omitempty" maxLength:"1000"`
	} `required:"false"`
}

func (v *Vendors) suspend(ctx context.Context, tx pgx.Tx, in *suspendInput) (Vendor, error) {
	reason := ""
	if in.Body != nil {
		reason = in.Body.Reason
	}
	return v.Suspend(ctx, tx, in.Vendor, reason)
}

package catalog

import (
	"context"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
)

func (c *Catalog) changeRoutes(r *httpapi.Router) {
	staff, vendor := handlers{c, false}, handlers{c, true}
	write, mine := httpapi.Needs(CanWrite), httpapi.Needs(auth.VendorCatalog)
	httpapi.Get(r, "/api/v1/admin/product-changes", staff.listChanges, httpapi.Needs(CanRead), httpapi.Summary("What vendors want to change on products that are on sale"))
	httpapi.Get(r, "/api/v1/admin/product-changes/{id}", staff.showChange, httpapi.Needs(CanRead), httpapi.Summary("What a vendor wants to change"))
	httpapi.Post(r, "/api/v1/admin/product-changes/{id}/approve", staff.approveChange, write, httpapi.Status(200), httpapi.Summary("Let a change go live"),
		httpapi.Describe("As it was seen: 412 where its vendor has added to it since, or the product has changed."))
	httpapi.Post(r, "/api/v1/admin/product-changes/{id}/reject", staff.rejectChange, write, httpapi.Status(200), httpapi.Summary("Send a change back"))
	httpapi.Get(r, "/api/v1/vendor/product-changes", vendor.listChanges, httpapi.Needs(auth.AsVendor), httpapi.Private(), httpapi.Summary("My changes that staff look at"))
	httpapi.Delete(r, "/api/v1/vendor/product-changes/{id}", vendor.withdrawChange, mine, httpapi.Summary("Take a change back"))
}

type changesInput struct {
	httpapi.Page
	State ChangeState `query:"state" enum:"pending,approved,rejected,withdrawn" default:"pending"`
}

func (h handlers) listChanges(ctx context.Context, in *changesInput) (out httpapi.List[ProposedChange], err error) {
	var after id.ProductChange
	scope := httpapi.Scope(ctx)
	if err := h.Cursors.Open(scope, in.After, &after); err != nil {
		return out, err
	}
	list, err := h.Changes(ctx, h.DB, h.scope(ctx), in.State, after, in.Limit+1)
	if err != nil {
		return out, err
	}
	return httpapi.ListOf(h.Cursors, scope, list, in.Limit, func(c ProposedChange) any { return c.ID }), nil
}

type changeInput struct {
	ID id.ProductChange `path:"id"`
}

func (h handlers) showChange(ctx context.Context, in *changeInput) (ProposedChange, error) {
	return h.Change(ctx, h.DB, in.ID)
}

type approveChangeInput struct {
	httpapi.IfMatch
	ID id.ProductChange `path:"id"`
}

func (h handlers) approveChange(ctx context.Context, tx pgx.Tx, in *approveChangeInput) (ProposedChange, error) {
	return h.ApproveChange(ctx, tx, in.ID, in.IfMatch)
}

type rejectChangeInput struct {
	ID   id.ProductChange `path:"id"`
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"1000" doc:"What the vendor reads."`
	}
}

func (h handlers) rejectChange(ctx context.Context, tx pgx.Tx, in *rejectChangeInput) (ProposedChange, error) {
	return h.RejectChange(ctx, tx, in.ID, in.Body.Reason)
}

func (h handlers) withdrawChange(ctx context.Context, tx pgx.Tx, in *changeInput) (httpapi.Empty, error) {
	return httpapi.Empty{}, h.Withdraw(ctx, tx, h.scope(ctx), in.ID)
}

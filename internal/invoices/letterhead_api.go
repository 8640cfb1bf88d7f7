package invoices

import (
	"context"
	"net/http"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
)

func (s *Invoices) letterheadRoutes(r *httpapi.Router) {
	const what = "Who sells by law, and how their invoices are numbered. It stands on what is issued from now on; the tax id stands in the vendor's profile."
	httpapi.Get(r, "/api/v1/vendor/letterhead", s.showMine, httpapi.Needs(auth.AsVendor), httpapi.Private(), httpapi.Summary("Show the head of my invoices"),
		httpapi.Describe("404 `letterhead_not_found` where nobody has written it: invoices have the shop's name of me alone."))
	httpapi.Put(r, "/api/v1/vendor/letterhead", s.setMine, httpapi.Needs(auth.VendorSettings), httpapi.Status(http.StatusOK), httpapi.Summary("Write the head of my invoices"), httpapi.Describe(what))
	httpapi.Get(r, "/api/v1/admin/vendors/{vendor}/letterhead", s.showLetterhead, httpapi.Needs(CanRead), httpapi.Private(), httpapi.Summary("Show the head of a seller's invoices"))
	httpapi.Put(r, "/api/v1/admin/vendors/{vendor}/letterhead", s.setLetterhead, httpapi.Needs(CanWrite), httpapi.Status(http.StatusOK),
		httpapi.Summary("Write the head of a seller's invoices"), httpapi.Describe(what+" The marketplace itself, which sells gift cards and memberships, is the vendor with `house`."))
}

func (s *Invoices) showMine(ctx context.Context, _ *struct{}) (Kept, error) {
	return letterheadOf(ctx, s.DB, auth.From(ctx).VendorScope())
}

type setMineInput struct {
	Body Letterhead
}

func (s *Invoices) setMine(ctx context.Context, tx pgx.Tx, in *setMineInput) (Kept, error) {
	return SetLetterhead(ctx, tx, auth.From(ctx).VendorScope(), in.Body)
}

type vendorInput struct {
	Vendor id.Vendor `path:"vendor"`
}

func (s *Invoices) showLetterhead(ctx context.Context, in *vendorInput) (Kept, error) {
	return letterheadOf(ctx, s.DB, in.Vendor)
}

type setLetterheadInput struct {
	Vendor id.Vendor `path:"vendor"`
	Body   Letterhead
}

func (s *Invoices) setLetterhead(ctx context.Context, tx pgx.Tx, in *setLetterheadInput) (Kept, error) {
	return SetLetterhead(ctx, tx, in.Vendor, in.Body)
}

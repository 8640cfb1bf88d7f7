package payments

import (
	"context"
	"fmt"

	"souk/internal/id"
	"souk/internal/platform/httpapi"
)

func (p *Payments) disputeRoutes(r *httpapi.Router) {
	httpapi.Get(r, "/api/v1/admin/disputes", p.listDisputes, httpapi.Needs(CanRead), httpapi.Summary("List disputes, the newest first"))
}

type disputesInput struct {
	httpapi.Page
	Status  []string   `query:"status" enum:"needs_response,under_review,won,lost,closed"`
	Payment id.Payment `query:"payment"`
}

func (p *Payments) listDisputes(ctx context.Context, in *disputesInput) (httpapi.List[KeptDispute], error) {
	var before id.Dispute
	if err := p.cursors.Open(httpapi.Scope(ctx), in.After, &before); err != nil {
		return httpapi.List[KeptDispute]{}, err
	}
	rows, err := listDisputes(ctx, p.DB, *in, before)
	if err != nil {
		return httpapi.List[KeptDispute]{}, fmt.Errorf("list disputes: %w", err)
	}
	page := httpapi.ListOf(p.cursors, httpapi.Scope(ctx), rows, in.Limit, func(d KeptDispute) any { return d.ID })
	if in.WantsTotal() {
		total, err := countDisputes(ctx, p.DB, *in)
		if err != nil {
			return page, fmt.Errorf("count disputes: %w", err)
		}
		page.TotalCount = &total
	}
	return page, nil
}

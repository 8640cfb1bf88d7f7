package payments

import (
	"context"
	"fmt"

	"souk/internal/id"
	"souk/internal/platform/httpapi"
)

func (p *Payments) exceptionRoutes(r *httpapi.Router) {
	httpapi.Get(r, "/api/v1/admin/reconciliation", p.listExceptions, httpapi.Needs(CanRead), httpapi.ID("admin-list-payment-exceptions"),
		httpapi.Summary("List what does not add up between payment providers and the shop, the newest first"))
}

type exceptionsInput struct {
	httpapi.Page
	State    []string `query:"state" enum:"open,resolved"`
	Kind     []string `query:"kind" enum:"mismatch,unknown_payment,unconfirmed,notice_differs,refused,no_answer,lapsed,refund_failed,refund_outside,refund_by_hand,dispute,missing_here,missing_there,balance"`
	Provider []string `query:"provider" maxItems:"10"`
	Order    id.Order `query:"order"`
}

func (p *Payments) listExceptions(ctx context.Context, in *exceptionsInput) (httpapi.List[Exception], error) {
	var before id.Exception
	if err := p.cursors.Open(httpapi.Scope(ctx), in.After, &before); err != nil {
		return httpapi.List[Exception]{}, err
	}
	rows, err := listExceptions(ctx, p.DB, *in, before)
	if err != nil {
		return httpapi.List[Exception]{}, fmt.Errorf("list exceptions: %w", err)
	}
	page := httpapi.ListOf(p.cursors, httpapi.Scope(ctx), rows, in.Limit, func(e Exception) any { return e.ID })
	if in.WantsTotal() {
		total, err := countExceptions(ctx, p.DB, *in)
		if err != nil {
			return page, fmt.Errorf("count exceptions: %w", err)
		}
		page.TotalCount = &total
	}
	return page, nil
}

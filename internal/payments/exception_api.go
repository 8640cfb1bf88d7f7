package payments

import (
	"context"
	"fmt"
	"net/http"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/httpapi"
)

func (p *Payments) exceptionRoutes(r *httpapi.Router) {
	httpapi.Get(r, "/api/v1/admin/reconciliation", p.listExceptions, httpapi.Needs(CanRead), httpapi.ID("admin-list-payment-exceptions"),
		httpapi.Summary("List what does not add up between payment providers and the shop, the newest first"))
	httpapi.Post(r, "/api/v1/admin/reconciliation/{exception}/resolve", p.resolve, httpapi.Needs(CanWrite), httpapi.ID("admin-resolve-payment-exception"), httpapi.Status(http.StatusOK),
		httpapi.Summary("Say that an exception was settled by hand, and how"))
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

type resolveInput struct {
	Exception id.Exception `path:"exception"`
	Body      struct {
		Resolution string `json:"resolution" minLength:"1" maxLength:"500" doc:"What was done about it"`
	}
}

func (p *Payments) resolve(ctx context.Context, tx pgx.Tx, in *resolveInput) (Exception, error) {
	if _, err := LockException(ctx, tx, in.Exception); err != nil {
		return Exception{}, err
	}
	if err := Resolve(ctx, tx, in.Exception, in.Body.Resolution); err != nil {
		return Exception{}, err
	}
	return LockException(ctx, tx, in.Exception)
}

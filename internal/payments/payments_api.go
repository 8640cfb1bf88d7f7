package payments

import (
	"context"
	"fmt"

	"souk/internal/id"
	"souk/internal/platform/httpapi"
)

// Routes mounts what staff see of payments.
func (p *Payments) Routes(r *httpapi.Router) {
	p.cursors = r.Cursors
	httpapi.Get(r, "/api/v1/admin/payments", p.list, httpapi.Needs(CanRead), httpapi.Summary("List payments, the newest first"))
	httpapi.Get(r, "/api/v1/admin/payments/{id}", p.show, httpapi.Needs(CanRead), httpapi.Summary("Show a payment with its facts"))
	p.accountRoutes(r)
	p.savedRoutes(r)
	p.noticeRoutes(r)
	p.exceptionRoutes(r)
	p.disputeRoutes(r)
}

type listInput struct {
	httpapi.Page
	Status     []string `query:"status" enum:"pending,processing,authorized,partially_captured,captured,failed,voided"`
	Method     []string `query:"method" maxItems:"10"`
	Order      id.Order `query:"order"`
	CreatedGTE string   `query:"created_at[gte]" format:"date-time"`
	CreatedLT  string   `query:"created_at[lt]" format:"date-time"`
}

func (p *Payments) list(ctx context.Context, in *listInput) (httpapi.List[Payment], error) {
	var before id.Payment
	if err := p.cursors.Open(httpapi.Scope(ctx), in.After, &before); err != nil {
		return httpapi.List[Payment]{}, err
	}
	rows, err := list(ctx, p.DB, *in, before)
	if err != nil {
		return httpapi.List[Payment]{}, fmt.Errorf("list payments: %w", err)
	}
	page := httpapi.ListOf(p.cursors, httpapi.Scope(ctx), rows, in.Limit, func(p Payment) any { return p.ID })
	if in.WantsTotal() {
		total, err := count(ctx, p.DB, *in)
		if err != nil {
			return page, fmt.Errorf("count payments: %w", err)
		}
		page.TotalCount = &total
	}
	return page, nil
}

type showInput struct {
	ID id.Payment `path:"id"`
}

// Detail is a payment with what it is the sum of.
type Detail struct {
	Payment
	Events       []Event       `json:"events"`
	Instructions []Instruction `json:"instructions"`
	Disputes     []KeptDispute `json:"disputes"`
}

func (p *Payments) show(ctx context.Context, in *showInput) (Detail, error) {
	payment, err := Get(ctx, p.DB, in.ID)
	if err != nil {
		return Detail{}, fmt.Errorf("read payment %s: %w", in.ID, err)
	}
	d := Detail{Payment: payment}
	if d.Events, err = FactsOf(ctx, p.DB, in.ID); err != nil {
		return Detail{}, err
	}
	if d.Instructions, err = InstructionsOf(ctx, p.DB, in.ID); err != nil {
		return Detail{}, err
	}
	if d.Disputes, err = disputesOf(ctx, p.DB, in.ID); err != nil {
		return Detail{}, fmt.Errorf("read disputes of payment %s: %w", in.ID, err)
	}
	return d, nil
}

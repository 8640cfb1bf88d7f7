package ledger

import (
	"context"

	"github.com/jackc/pgx/v5"

	"souk/internal/platform/httpapi"
)

func (b *Books) periodRoutes(r *httpapi.Router) {
	shut := httpapi.Needs(CanClose)
	httpapi.Get(r, "/api/v1/admin/ledger/periods", b.listPeriods, httpapi.Needs(CanRead), httpapi.Summary("List the months of the books, the newest first"),
		httpapi.Describe("From the first with an entry until the one that runs, in UTC, with what became of each."))
	httpapi.Post(r, "/api/v1/admin/ledger/periods/{period}/close", b.closePeriod, shut, httpapi.ID("admin-close-ledger-period"),
		httpapi.Summary("Close a month of the books"),
		httpapi.Describe("A closed month accepts no entry. Months that have ended, in UTC, are closed one after the other: 409 `period_running` or `period_order`, "+
			"with the `next` to close; `out_of_balance` with `transactions` that do not sum to zero. Closing one that is closed changes nothing."))
	httpapi.Post(r, "/api/v1/admin/ledger/periods/{period}/reopen", b.reopenPeriod, shut, httpapi.StepUp(), httpapi.ID("admin-reopen-ledger-period"),
		httpapi.Summary("Open a closed month of the books again"),
		httpapi.Describe("The last one that is closed: 409 `period_order` or `period_open`. The reason stays in its history."))
}

func (b *Books) listPeriods(ctx context.Context, in *httpapi.Page) (out httpapi.List[AccountingPeriod], err error) {
	var before Month
	if err := b.cursors.Open(httpapi.Scope(ctx), in.After, &before); err != nil {
		return out, err
	}
	rows, err := periods(ctx, b.DB, before, in.Limit+1)
	if err != nil {
		return out, err
	}
	return httpapi.ListOf(b.cursors, httpapi.Scope(ctx), rows, in.Limit, func(p AccountingPeriod) any { return p.Month }), nil
}

type periodInput struct {
	Period string `path:"period"`
}

func (b *Books) closePeriod(ctx context.Context, tx pgx.Tx, in *periodInput) (AccountingPeriod, error) {
	month, err := ParseMonth(in.Period)
	if err != nil {
		return AccountingPeriod{}, err
	}
	return Close(ctx, tx, month)
}

type reopenInput struct {
	Period string `path:"period"`
	Body   struct {
		Reason string `json:"reason" minLength:"1" maxLength:"500"`
	}
}

func (b *Books) reopenPeriod(ctx context.Context, tx pgx.Tx, in *reopenInput) (AccountingPeriod, error) {
	month, err := ParseMonth(in.Period)
	if err != nil {
		return AccountingPeriod{}, err
	}
	return Reopen(ctx, tx, month, in.Body.Reason)
}

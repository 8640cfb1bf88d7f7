package pricing

import (
	"context"

	"github.com/jackc/pgx/v5"

	"souk/internal/money"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

func (p *Prices) currencyRoutes(r *httpapi.Router) {
	read, write := httpapi.Needs(CanRead), httpapi.Needs(CanWrite)
	httpapi.Get(r, "/api/v1/admin/currencies", p.listCurrencies, read, httpapi.Private(), httpapi.Summary("List currencies that have a rule"),
		httpapi.Describe("In others variants have their own prices only."))
	httpapi.Get(r, "/api/v1/admin/currencies/{currency}", p.showCurrency, read, httpapi.Private(), httpapi.Summary("Show how prices in a currency come about"))
	httpapi.Put(r, "/api/v1/admin/currencies/{currency}", p.setCurrency, write, httpapi.Summary("Set the rate and the rounding of a currency"),
		httpapi.Describe("With a rate, every price in the main currency has one in this currency, except where a variant has its own. Without, those that followed are dropped. Prices follow within seconds; `settled` says when all do."))
}

func (p *Prices) listCurrencies(ctx context.Context, _ *struct{}) (httpapi.List[Currency], error) {
	list, err := postgres.All[Currency](ctx, p.DB, selectCurrencies+`ORDER BY currency`, nil)
	return httpapi.List[Currency]{Data: list}, err
}

type currencyInput struct {
	Currency string `path:"currency" pattern:"^[A-Z]{3}$"`
}

func (p *Prices) showCurrency(ctx context.Context, in *currencyInput) (Currency, error) {
	return p.CurrencyOf(ctx, p.DB, money.Currency(in.Currency))
}

type setCurrencyInput struct {
	Currency string `path:"currency" pattern:"^[A-Z]{3}$"`
	httpapi.IfMatch
	Body struct {
		RatePPB *int64 `json:"rate_ppb,omitempty" minimum:"1" maximum:"1000000000000000" doc:"Left out: own prices only"`
		RoundTo int64  `json:"round_to_minor,omitempty" minimum:"1" maximum:"1000000" default:"1"`
		Ending  int64  `json:"ending_minor,omitempty" minimum:"0" maximum:"999999"`
	}
}

func (p *Prices) setCurrency(ctx context.Context, tx pgx.Tx, in *setCurrencyInput) (Currency, error) {
	was, err := p.currency(ctx, tx, money.Currency(in.Currency), ` FOR UPDATE`)
	if err != nil {
		return Currency{}, err
	}
	if err := in.Check(was.ETag()); err != nil {
		return Currency{}, err
	}
	was.RatePPB, was.RoundTo, was.Ending = in.Body.RatePPB, in.Body.RoundTo, in.Body.Ending
	return p.SetCurrency(ctx, tx, was)
}

package pricing

import (
	"context"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/httpapi"
)

// Routes mounts what staff and vendors do with prices.
func (p *Prices) Routes(r *httpapi.Router) {
	p.currencyRoutes(r)
	for _, door := range []struct {
		path        string
		read, write auth.Permission
		vendor      bool
	}{
		{"/api/v1/admin", CanRead, CanWrite, false},
		{"/api/v1/vendor", auth.AsVendor, auth.VendorCatalog, true},
	} {
		h := handlers{p, r.Cursors, door.vendor}
		path := door.path + "/variants/{variant}/prices"
		httpapi.Get(r, path, h.list, httpapi.Needs(door.read), httpapi.Summary("The prices of a variant"))
		httpapi.Put(r, path, h.replace, httpapi.Needs(door.write), httpapi.Summary("Set the prices of a variant"),
			httpapi.Describe("One for each currency. Those that are left out are dropped; where the currency has a rate, the price follows the main currency then."))
		httpapi.Get(r, path+"/history", h.history, httpapi.Needs(door.read), httpapi.Summary("What a variant cost"))
		h.listRoutes(r, door.path, door.read, door.write)
	}
}

// handlers answer at one of two doors: staff act on every vendor's variants,
// vendors on their own.
type handlers struct {
	*Prices
	cursors httpapi.Cursors
	vendor  bool
}

// scope is whose rows the caller may touch; none is everybody's.
func (h handlers) scope(ctx context.Context) id.Vendor {
	if h.vendor {
		return auth.From(ctx).VendorScope()
	}
	return id.Vendor{}
}

type variantInput struct {
	Variant id.Variant `path:"variant"`
}

func (h handlers) list(ctx context.Context, in *variantInput) (httpapi.List[VariantPrice], error) {
	if _, err := own(ctx, h.DB, h.scope(ctx), in.Variant); err != nil {
		return httpapi.List[VariantPrice]{}, err
	}
	list, err := h.Of(ctx, h.DB, []id.Variant{in.Variant})
	return httpapi.List[VariantPrice]{Data: list}, err
}

type replaceInput struct {
	Variant id.Variant `path:"variant"`
	Body    struct {
		Prices []struct {
			Price     money.Amount  `json:"price"`
			CompareAt *money.Amount `json:"compare_at_price,omitempty"`
			Derived   bool          `json:"derived,omitempty" doc:"As it was read: it goes on following the main currency, and is not set"`
		} `json:"prices" maxItems:"50"`
	}
}

// replaced is the prices that a variant has now, and the change with which others
// wait.
type replaced struct {
	httpapi.List[VariantPrice]
	PendingChange id.ProductChange `json:"pending_change,omitzero" doc:"With which these prices wait for staff."`
}

func (h handlers) replace(ctx context.Context, tx pgx.Tx, in *replaceInput) (out replaced, err error) {
	var prices []PriceSet
	for _, p := range in.Body.Prices {
		if !p.Derived {
			prices = append(prices, PriceSet{Variant: in.Variant, Amount: p.Price, CompareAt: p.CompareAt})
		}
	}
	if h.vendor {
		out.Data, out.PendingChange, err = h.Propose(ctx, tx, h.scope(ctx), in.Variant, prices)
	} else {
		out.Data, err = h.Replace(ctx, tx, id.Vendor{}, in.Variant, prices)
	}
	return out, err
}

type historyInput struct {
	httpapi.Page
	Variant id.Variant `path:"variant"`
}

func (h handlers) history(ctx context.Context, in *historyInput) (httpapi.List[Change], error) {
	var before int64
	scope := httpapi.Scope(ctx)
	if err := h.cursors.Open(scope, in.After, &before); err != nil {
		return httpapi.List[Change]{}, err
	}
	if _, err := own(ctx, h.DB, h.scope(ctx), in.Variant); err != nil {
		return httpapi.List[Change]{}, err
	}
	list, err := h.History(ctx, h.DB, in.Variant, before, in.Limit+1)
	if err != nil {
		return httpapi.List[Change]{}, err
	}
	return httpapi.ListOf(h.cursors, scope, list, in.Limit, func(c Change) any { return c.Seq }), nil
}

// Package simulator tells what promotions would do before anybody pays for it:
// to a supposed cart ([Simulator.Simulate]), and to the orders of the past
// ([Simulator.Replay]).
//
// Owns: nothing; it only reads. Tables: none. It reads orders, what lowered them
// and the catalogue in its own joined statements.
// Raises: nothing.
// Calls: cart (a supposed cart, read and priced as any other), promotions (drafts),
// pricing (the one function that prices), accounts (whose cart it would be).
package simulator

import (
	"context"

	"souk/internal/accounts"
	"souk/internal/auth"
	"souk/internal/cart"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/httpapi"
	"souk/internal/promotions"
)

// Simulator tries promotions out.
type Simulator struct {
	Carts      *cart.Carts
	Promotions *promotions.Promotions
	Users      *accounts.Users
	Currency   money.Currency // of supposed carts that name none
}

// Routes mounts what staff and vendors try out.
func (s *Simulator) Routes(r *httpapi.Router) {
	handlers{s, false}.routes(r, "/api/v1/admin", httpapi.Needs(promotions.CanRead))
	handlers{s, true}.routes(r, "/api/v1/vendor", httpapi.Needs(auth.AsVendor))
}

// handlers answer at one of two doors: staff try any promotion on any cart and
// all orders, vendors their own on their own goods and orders.
type handlers struct {
	*Simulator
	vendor bool
}

func (h handlers) routes(r *httpapi.Router, door string, read httpapi.Option) {
	// Both only look: a caller who may not write may ask, too.
	httpapi.Post(r, door+"/promotions/simulate", h.simulate, read, httpapi.Private(), httpapi.Harmless(), httpapi.NeverStored(), httpapi.Status(200),
		httpapi.Summary("Price a cart as if"),
		httpapi.Describe("A supposed cart, at a moment, for a customer, with drafts that are not saved and without promotions that are. Windows are those of the moment; prices, taxes, usage limits and budgets are those of now. The code of a draft counts as entered. Nothing is written."))
	httpapi.Post(r, door+"/promotions/replay", h.replay, read, httpapi.Private(), httpapi.Harmless(), httpapi.NeverStored(), httpapi.Status(200),
		httpapi.Summary("Price past orders with a promotion"),
		httpapi.Describe("What a promotion would have cost on the last orders, or on those of a time: lines, prices, quantities, country, payment method and first orders as they were. What else an order was given stays, as it was given. Nothing is written."))
}

// scope is whose promotions, goods and orders the caller may try; none is
// everybody's.
func (h handlers) scope(ctx context.Context) id.Vendor {
	if h.vendor {
		return auth.From(ctx).VendorScope()
	}
	return id.Vendor{}
}

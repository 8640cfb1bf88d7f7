package checkout

import (
	"context"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/cart"
	"souk/internal/catalog"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/orders"
	"souk/internal/platform/httpapi"
)

func (c *Checkout) buyerRoutes(r *httpapi.Router) {
	httpapi.Post(r, "/api/v1/checkout", c.place, c.Carts.Locales.AsWished(), httpapi.Public("the cart's id is the secret"), httpapi.RequireIdempotencyKey(),
		httpapi.ID("checkout"), httpapi.Status(http.StatusCreated), httpapi.Crash(beforePlace, afterPlace), httpapi.Then(c.tellNext),
		httpapi.Summary("Place the order that a cart holds"),
		httpapi.Describe("`expected_total` is what the buyer was shown. Where the order costs something else it is not placed: 409 `total_changed` with the new `total`. "+
			"Gift cards and store credit in the cart pay first, `payment_method` what they leave; `free` where that is nothing. 409 `credit_changed` with what is `due` where they pay something else than `expected_due` says. "+
			"409 `insufficient_stock` names the items and what is left of each, `cart_incomplete` what is `missing`, `cart_completed` the `order_id` that the cart became. "+
			"A guest reads the order with its `access_token`, which is told here only."))
	httpapi.Post(r, "/api/v1/orders/{id}/cancel", c.cancelOwn, httpapi.Public("the order's token is the secret, or the caller owns it"),
		httpapi.Status(http.StatusOK), httpapi.Crash(beforeCancel, afterCancel), httpapi.Summary("Cancel what has not shipped of an order"),
		httpapi.Describe("What had been paid for it goes back the way it came, which `refunds` tells of. 409 `order_not_cancellable` when all has shipped, `order_handed_over` when what it bought was handed over by link or code, "+
			"`cancel_window_over` when the shop lets nobody cancel any more by themselves, `capture_under_way` for a moment while its money is taken, `payment_disputed` when the bank holds it. Cancelling a cancelled order answers the same again."))
	httpapi.Post(r, "/api/v1/admin/orders/{id}/cancel", c.cancelAny, httpapi.Needs(orders.CanWrite),
		httpapi.Status(http.StatusOK), httpapi.Crash(beforeCancel, afterCancel), httpapi.Summary("Cancel what has not shipped of any order"),
		httpapi.Describe("As buyers do. Who gives money back by it needs the right to refund, and from `orders.refund_step_up` on a fresh proof of identity; 409 `refund_needs_approval` from `orders.refund_second_approver` on: refund it first."))
}

type placeInput struct {
	catalog.LocaleWish
	Body struct {
		Cart      string        `json:"cart_id" maxLength:"100"`
		Method    string        `json:"payment_method,omitempty" enum:"cod,free,bank_transfer,stripe,razorpay,paypal,test"`
		Expected  money.Amount  `json:"expected_total" doc:"What the buyer was shown"`
		Due       *money.Amount `json:"expected_due,omitempty" doc:"What of it was left to pay beside gift cards and store credit; not looked at when left out"`
		ReturnURL string        `json:"return_url,omitempty" format:"uri" maxLength:"2000" doc:"Where a provider sends the buyer back"`
	}
}

func (c *Checkout) place(ctx context.Context, tx pgx.Tx, in *placeInput) (Placed, error) {
	named, err := id.Parse[id.Cart](in.Body.Cart)
	if err != nil {
		return Placed{}, cart.ErrNotFound
	}
	return c.Place(ctx, tx, Placing{Cart: named, Method: in.Body.Method, Expected: in.Body.Expected, Due: in.Body.Due, ReturnURL: in.Body.ReturnURL})
}

type reasonBody struct {
	Reason string `json:"reason,omitempty" maxLength:"500"`
}

func (b *reasonBody) reason(otherwise string) string {
	if b == nil || b.Reason == "" {
		return otherwise
	}
	return b.Reason
}

type cancelOwnInput struct {
	orders.Access
	Body *reasonBody
}

func (c *Checkout) cancelOwn(ctx context.Context, tx pgx.Tx, in *cancelOwnInput) (orders.View, error) {
	order, err := c.Orders.Find(ctx, tx, in.Access)
	if err != nil {
		return orders.View{}, err
	}
	if err := c.inWindow(ctx, tx, order); err != nil {
		return orders.View{}, err
	}
	if _, err := c.Cancel(ctx, tx, order, in.Body.reason("cancelled by the buyer")); err != nil {
		return orders.View{}, err
	}
	view, err := c.Orders.Show(ctx, tx, order)
	return view.ForBuyer(), err
}

// inWindow refuses buyers who come too late to cancel by themselves. What waits
// for its money may always be given up.
func (c *Checkout) inWindow(ctx context.Context, tx pgx.Tx, order id.Order) error {
	hours, err := CancelWindowSetting.Get(ctx, c.Settings)
	if err != nil || hours == 0 {
		return err
	}
	w, err := orders.Read(ctx, tx, order)
	if err != nil || w.Status == orders.StatusPending || w.Status == orders.StatusCancelled {
		return err
	}
	if c.Orders.Clock.Now().Sub(w.PlacedAt) > time.Duration(hours)*time.Hour {
		return ErrWindow.With("hours", hours)
	}
	return nil
}

type cancelAnyInput struct {
	ID   string `path:"id" maxLength:"100"`
	Body *reasonBody
}

func (c *Checkout) cancelAny(ctx context.Context, tx pgx.Tx, in *cancelAnyInput) (orders.View, error) {
	order, err := id.Parse[id.Order](in.ID)
	if err != nil {
		return orders.View{}, orders.ErrNoOrder
	}
	back, err := c.Cancel(ctx, tx, order, in.Body.reason("cancelled by the shop"))
	if err != nil {
		return orders.View{}, err
	}
	if !back.IsZero() {
		if err := c.mayGiveBack(ctx, tx, back); err != nil {
			return orders.View{}, err
		}
	}
	return c.Orders.Show(ctx, tx, order)
}

// mayGiveBack refuses staff who could not refund as much as their cancellation
// gives back.
func (c *Checkout) mayGiveBack(ctx context.Context, tx pgx.Tx, amount money.Amount) error {
	if !auth.From(ctx).Can(orders.CanRefund) {
		return auth.ErrForbidden
	}
	second, err := c.guard(ctx, tx, amount)
	if err == nil && second {
		err = ErrSecond.With("refund", amount)
	}
	return err
}

package checkout

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/auth"
	"souk/internal/cart"
	"souk/internal/catalog"
	"souk/internal/id"
	"souk/internal/memberships"
	"souk/internal/money"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/payments/free"
	"souk/internal/platform/httpapi"
	"souk/internal/tax"
)

func (c *Checkout) memberRoutes(r *httpapi.Router) {
	me, told := httpapi.Needs(auth.AsCustomer), c.Carts.Locales.AsWished()
	httpapi.Post(r, "/api/v1/me/membership", c.join, told, me, httpapi.ID("join-my-membership"), httpapi.Status(http.StatusCreated), httpapi.Crash(beforePlace, afterPlace), httpapi.Mend(c.askFirst), httpapi.Then(c.tellNext),
		httpapi.Summary("Become a member, or go on as one"),
		httpapi.Describe("It places the order for a period of the plan; paid for, the membership begins, or goes on where one is a member of the plan already. "+
			"With `trial` nothing is ordered yet: the first period is, shortly before the trial ends. 409 `no_trial` for who was a member before, `already_member` for who is one of another plan."))
	httpapi.Get(r, "/api/v1/me/membership/payment-methods", c.waysToJoin, me, httpapi.Summary("List the ways to pay for a plan"))
	httpapi.Get(r, "/api/v1/me/membership/upgrade", c.showUpgrade, me, httpapi.Private(), httpapi.Summary("Show what going up to a better plan would cost now"),
		httpapi.Describe("It is what the order would come to, with the invoice's address of the last period, and refused as that would be; nothing is ordered. "+
			"Where an engine says what tax is, it is not asked: the rates of the shop's own zones are told."))
	httpapi.Post(r, "/api/v1/me/membership/upgrade", c.upgrade, told, me, httpapi.Status(http.StatusCreated), httpapi.Crash(beforePlace, afterPlace), httpapi.Mend(c.askFirst), httpapi.Then(c.tellNext),
		httpapi.Summary("Go up to a better plan"),
		httpapi.Describe("It places the order for a period of the plan; paid for, it begins at once. What its unused days have cost of the old plan lowers the price (`set_off` in the trace), or is added as time where the shop has set so. 409 `upgrade_ordered` while an order that it has lowered is not paid for."))
}

type waysInput struct {
	Plan     id.Plan        `query:"plan" required:"true"`
	Currency money.Currency `query:"currency" maxLength:"3" doc:"The shop's own unless told"`
}

func (c *Checkout) waysToJoin(ctx context.Context, in *waysInput) (cart.Methods, error) {
	plan, err := c.Memberships.GetPlan(ctx, c.DB, in.Plan)
	if err != nil {
		return cart.Methods{}, err
	}
	if in.Currency == "" {
		in.Currency = c.Carts.Currency
	}
	price, sold := plan.Price(in.Currency)
	if !sold {
		return cart.Methods{}, cart.ErrNotPurchasable
	}
	return c.Carts.MethodsFor(ctx, payments.Offer{Total: price, Digital: true})
}

type joinInput struct {
	catalog.LocaleWish
	Body struct {
		Plan             id.Plan                 `json:"plan_id"`
		Method           string                  `json:"payment_method" enum:"free,bank_transfer,stripe,razorpay,paypal,test" doc:"Also of the periods to come"`
		Currency         money.Currency          `json:"currency,omitempty" maxLength:"3" doc:"ISO 4217; the membership's, or the shop's own, unless told"`
		ReturnURL        string                  `json:"return_url,omitempty" format:"uri" maxLength:"2000" doc:"Where a provider sends the buyer back"`
		Trial            bool                    `json:"trial,omitempty" doc:"Begin with the trial of the plan"`
		Billing          *accounts.PostalAddress `json:"billing,omitempty" doc:"Of the invoice; that of the last period unless told"`
		BillingAddressID id.Address              `json:"billing_address_id,omitzero" doc:"A saved address, instead of billing"`
	}
}

// Joined is what became of a wish to be a member.
type Joined struct {
	Membership *memberships.View `json:"membership" doc:"Null until it is paid for"`
	Order      *orders.View      `json:"order,omitempty" doc:"Left out with a trial"`
	Payment    *Payment          `json:"payment,omitempty"`
}

func (c *Checkout) join(ctx context.Context, tx pgx.Tx, in *joinInput) (Joined, error) {
	w, err := c.wish(ctx, tx, in)
	switch {
	case err != nil:
		return Joined{}, err
	case in.Body.Trial:
		return c.try(ctx, tx, w)
	case w.is != nil && w.is.Plan.ID != w.Plan.ID && w.is.NextPlan != w.Plan.ID:
		return Joined{}, memberships.ErrMember
	}
	return c.ordered(ctx, tx, w)
}

// A wish is the period of a plan that somebody is to have.
type wish struct {
	memberships.Sale
	is       *memberships.Membership // that they have; nil while they have none
	now      time.Time
	currency money.Currency
	setOff   memberships.SetOff // of the price
	heldFor  time.Duration      // for the money; as long as others where 0

	returnURL string // where the buyer comes back to
	away      bool   // the buyer is not there
}

func (c *Checkout) wish(ctx context.Context, tx pgx.Tx, in *joinInput) (w wish, err error) {
	b := &in.Body
	user, err := c.Carts.Users.Get(ctx, tx, auth.From(ctx).User)
	if err != nil {
		return w, err
	}
	w.User, w.Email, w.Method, w.currency, w.returnURL = user.ID, user.Email, b.Method, b.Currency, b.ReturnURL
	if w.Plan, err = c.Memberships.GetPlan(ctx, tx, b.Plan); err != nil {
		return w, err
	}
	is, now, err := c.Memberships.Live(ctx, tx, user.ID)
	switch {
	case errors.Is(err, memberships.ErrNoMembership):
	case err != nil:
		return w, err
	default:
		w.is, w.now, w.Billing = &is, now, is.Billing
		if w.currency == "" {
			w.currency = is.Currency
		}
	}
	if w.Plan.Archived() && (w.is == nil || w.is.Plan.ID != w.Plan.ID) {
		return w, memberships.ErrPlanArchived
	}
	if w.currency == "" {
		w.currency = c.Carts.Currency
	}
	given, err := c.Carts.AddressOf(ctx, tx, "/billing", b.Billing, b.BillingAddressID)
	if given != nil {
		w.Billing = given
	}
	return w, err
}

func (c *Checkout) try(ctx context.Context, tx pgx.Tx, w wish) (Joined, error) {
	if w.is != nil {
		return Joined{}, memberships.ErrMember
	}
	price, sold := w.Plan.Price(w.currency)
	if !sold {
		return Joined{}, cart.ErrNotPurchasable
	}
	if w.Billing == nil {
		return Joined{}, cart.ErrIncomplete.With("missing", []string{"billing_address"})
	}
	if err := cart.CheckBilling(w.Email, w.Billing); err != nil {
		return Joined{}, err
	}
	provider, err := c.Payments.Provider(w.Method)
	if err != nil {
		return Joined{}, err
	}
	if err := provider.Offered(ctx, payments.Offer{Total: price, Country: w.Billing.Country, Digital: true}); err != nil {
		return Joined{}, err
	}
	w.Paid = money.Zero(w.currency)
	is, err := c.Memberships.Try(ctx, tx, w.Sale)
	if err != nil {
		return Joined{}, err
	}
	view, err := c.Memberships.View(ctx, tx, is, is.CreatedAt)
	return Joined{Membership: &view}, err
}

// ordered places the order of a wish, and answers with it.
func (c *Checkout) ordered(ctx context.Context, tx pgx.Tx, w wish) (Joined, error) {
	placed, err := c.order(ctx, tx, w)
	if err != nil {
		return Joined{}, err
	}
	joined := Joined{Order: &placed.Order, Payment: &placed.Payment}
	if w.is != nil {
		view, err := c.Memberships.View(ctx, tx, *w.is, w.now)
		if err != nil {
			return Joined{}, err
		}
		joined.Membership = &view
	}
	return joined, nil
}

// order places an order for a period of a plan, as its buyer would: by a cart.
func (c *Checkout) order(ctx context.Context, tx pgx.Tx, w wish) (Placed, error) {
	who := auth.From(ctx)
	who.User = w.User
	ctx = auth.With(ctx, who)
	p, err := c.Carts.Create(ctx, tx, w.currency, []cart.NewItem{{Variant: w.Plan.Variant, Quantity: 1}})
	if err != nil {
		return Placed{}, err
	}
	if w.Billing != nil {
		if _, err := c.Carts.SetAddresses(ctx, tx, p.Cart.ID, cart.Addresses{Email: w.Email, Billing: w.Billing}); err != nil {
			return Placed{}, err
		}
	}
	lowered := !w.setOff.Amount.IsZero()
	if lowered {
		if err := c.Memberships.Lower(ctx, tx, w.is, p.Lines[0].ID, w.setOff); err != nil {
			return Placed{}, err
		}
	}
	answers, asked := told(ctx)
	if err := tax.Keep(ctx, tx, p.Cart.ID, answers); err != nil {
		return Placed{}, err
	}
	if p, err = c.lockFor(ctx, tx, p.Cart.ID, &w); err != nil {
		return Placed{}, err
	}
	if err := checkAsked(p, asked); err != nil {
		return Placed{}, err
	}
	if p.Quote.Totals.GrandTotal.IsZero() { // nothing is left to pay, by unused time or promotions
		w.Method = free.Method
	}
	placed, err := c.Place(ctx, tx, Placing{
		Cart: p.Cart.ID, Method: w.Method, Expected: p.Quote.Totals.GrandTotal, ReturnURL: w.returnURL, Keeps: true, Away: w.away, HoldFor: w.heldFor,
	})
	if err == nil && lowered {
		err = c.Memberships.Upgrading(ctx, tx, p.Lines[0].ID, placed.Order.ID, setOffOf(p.Lines[0]))
	}
	return placed, err
}

// lockFor locks the cart of a wish. Where nobody is there to choose, and what is due
// cannot be paid as it was before, it is to be paid in the first way that is offered:
// the period before may have cost nothing, and ways to pay come and go.
func (c *Checkout) lockFor(ctx context.Context, tx pgx.Tx, which id.Cart, w *wish) (cart.Priced, error) {
	p, err := c.Carts.Lock(ctx, tx, which, w.Method)
	if err != nil || !w.away {
		return p, err
	}
	offered, err := c.Payments.Methods(ctx, p.Offer())
	if err != nil || len(offered) == 0 || slices.Contains(offered, w.Method) {
		return p, err
	}
	w.Method = offered[0]
	return c.Carts.Lock(ctx, tx, which, w.Method)
}

// extend gives the buyer of an order the memberships among units that were paid
// for, and tells the other units.
func (c *Checkout) extend(ctx context.Context, tx pgx.Tx, w orders.Whole, units []orders.Units) (others []orders.Units, err error) {
	lines := make([]orders.Line, len(units))
	variants := make([]id.Variant, len(units))
	for i, u := range units {
		lines[i] = lineIn(w, u.Line)
		variants[i] = lines[i].Variant
	}
	plans, err := c.Memberships.SoldAs(ctx, tx, variants)
	if err != nil || len(plans) == 0 {
		return units, err
	}
	paid, err := payments.OfOrder(ctx, tx, w.ID)
	if err != nil {
		return nil, err
	}
	off, err := c.Memberships.SetOffIn(ctx, tx, w.ID, w.Currency)
	if err != nil {
		return nil, err
	}
	for i, l := range lines {
		plan, sold := plans[l.Variant]
		switch {
		case !sold:
			others = append(others, units[i])
		case !w.User.IsZero(): // erased users are members of nothing
			billing, bought := w.Billing, purchase(plan, l.Subtotal, l.Discount, l.Total, off)
			bought.Order, bought.Method, bought.Billing = w.ID, methodOf(paid, bought.Value), &billing
			if err := c.Memberships.Extend(ctx, tx, memberships.Sale{User: w.User, Email: w.Email, Purchase: bought}); err != nil {
				return nil, fmt.Errorf("membership of order %s: %w", w.ID, err)
			}
		}
	}
	return others, nil
}

// purchase is a period of a plan that was sold: it is worth its price before tax on
// top, with what was set off.
func purchase(plan memberships.Plan, subtotal, discount, total money.Amount, off memberships.SetOff) memberships.Purchase {
	return memberships.Purchase{Plan: plan, Paid: total, Value: subtotal.Minus(discount).Plus(off.Amount), SetOff: off.Amount, AsOf: off.At}
}

// methodOf is how a buyer has paid what gift cards, store credit and unused time
// did not; "" where those paid for all of it.
func methodOf(paid []payments.Payment, value money.Amount) string {
	for _, p := range slices.Backward(paid) {
		if !p.IsCredit() && (p.Provider != free.Method || value.IsZero()) {
			return p.Provider
		}
	}
	return ""
}

package checkout

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/cart"
	"souk/internal/id"
	"souk/internal/memberships"
	"souk/internal/money"
	"souk/internal/pricing"
)

func (c *Checkout) upgrade(ctx context.Context, tx pgx.Tx, in *joinInput) (Joined, error) {
	w, err := c.wish(ctx, tx, in)
	switch {
	case err != nil:
		return Joined{}, err
	case w.is == nil:
		return Joined{}, memberships.ErrNoMembership
	}
	if err := w.is.Upgradable(w.Plan); err != nil {
		return Joined{}, err
	}
	if w.setOff, err = c.Memberships.SetOff(ctx, tx, w.is, w.now, w.currency); err != nil {
		return Joined{}, err
	}
	return c.ordered(ctx, tx, w)
}

// setOffOf is what of the price of a line was set off.
func setOffOf(l cart.Line) money.Amount {
	sum := money.Zero(l.UnitPrice.Currency)
	for _, d := range l.Price.Discounts {
		if d.Promotion.IsZero() {
			sum = sum.Plus(d.Amount)
		}
	}
	return sum
}

type upgradeInput struct {
	Plan     id.Plan        `query:"plan" required:"true"`
	Currency money.Currency `query:"currency" maxLength:"3" doc:"The membership's unless told"`
	Method   string         `query:"payment_method" maxLength:"40" doc:"As it is paid this way: with the fee, and with promotions for it"`
}

// Upgrade is what going up to a better plan would cost.
type Upgrade struct {
	Plan   memberships.PlanName `json:"plan"`
	Totals cart.TotalsView      `json:"totals" doc:"Of the order; discount is what promotions take off, and what is set off"`
	SetOff memberships.SetOff   `json:"set_off" doc:"What unused time pays of that: nothing where it is added as time, as whatever is more than the price"`
	EndsAt time.Time            `json:"ends_at" doc:"When the membership would end, if it were paid for now"`
}

func (c *Checkout) showUpgrade(ctx context.Context, in *upgradeInput) (Upgrade, error) {
	user, err := c.Carts.Users.Get(ctx, c.DB, auth.From(ctx).User)
	if err != nil {
		return Upgrade{}, err
	}
	plan, err := c.Memberships.GetPlan(ctx, c.DB, in.Plan)
	if err != nil {
		return Upgrade{}, err
	}
	is, now, err := c.Memberships.Of(ctx, c.DB, user.ID)
	switch {
	case err != nil:
		return Upgrade{}, err
	case is.Shown(now).Over():
		return Upgrade{}, memberships.ErrNoMembership
	}
	if err := is.Upgradable(plan); err != nil {
		return Upgrade{}, err
	}
	if in.Currency == "" {
		in.Currency = is.Currency
	}
	off, err := c.Memberships.SetOff(ctx, c.DB, &is, now, in.Currency)
	if err != nil {
		return Upgrade{}, err
	}
	p, err := c.suppose(ctx, cart.Supposition{
		Currency: in.Currency, Items: []cart.NewItem{{Variant: plan.Variant, Quantity: 1}}, Billing: is.Billing, Method: in.Method,
		Customer: cart.Customer{User: user.ID, Email: user.Email}, SetOff: pricing.SetOff{Amount: off.Amount, Name: off.Text()},
	})
	if err != nil {
		return Upgrade{}, err
	}
	off.Amount = setOffOf(p.Lines[0])
	l := p.Lines[0].Price
	is.Extend(now, purchase(plan, l.Subtotal, l.Discount, l.Total, off))
	return Upgrade{memberships.PlanName{ID: plan.ID, Name: plan.Name}, p.View().Totals, off, is.EndsAt}, nil
}

// suppose prices what nobody has ordered, if it could be.
func (c *Checkout) suppose(ctx context.Context, s cart.Supposition) (cart.Priced, error) {
	trial, err := c.Carts.Suppose(ctx, c.DB, s)
	if err != nil {
		return cart.Priced{}, err
	}
	p, err := trial.Price(nil, nil)
	if err == nil && !p.Lines[0].Purchasable() {
		err = cart.ErrNotPurchasable
	}
	return p, err
}

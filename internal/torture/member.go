package torture

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/auth"
	"souk/internal/cart"
	"souk/internal/checkout"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/postgres"
)

// joining is somebody's order for a period of a new plan, at a price.
func (s *shop) joining(ctx context.Context, price int64, method string) (user id.User, o id.Order, err error) {
	s.made++
	name := fmt.Sprintf("plan-%d-%d", time.Now().UnixNano(), s.made)
	var plan struct {
		Variant id.Variant `json:"variant_id"`
	}
	_, err = s.insist(ctx, request{method: "POST", path: "/api/v1/admin/plans", staff: true, key: name, body: map[string]any{
		"name": name, "interval": map[string]any{"unit": "day", "count": 30}, "grace_days": 10, "prices": []money.Amount{money.Of(price, "USD")},
	}}, &plan)
	if err != nil {
		return user, o, err
	}
	user = id.New[id.User]()
	_, err = s.pool.Exec(ctx, `INSERT INTO users (id, username, email) VALUES ($1, $2, $2 || '@example.com')`, user, name)
	if err != nil {
		return user, o, err
	}
	home := accounts.PostalAddress{Name: "Ada", Line1: "1 Main St", City: "Berlin", PostalCode: "10115", Country: "DE"}
	flows, ctx := withLater(s.app), auth.With(ctx, auth.Actor{User: user})
	err = postgres.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		c, err := flows.Carts.Create(ctx, tx, "USD", []cart.NewItem{{Variant: plan.Variant, Quantity: 1}})
		if err != nil {
			return err
		}
		if c, err = flows.Carts.SetAddresses(ctx, tx, c.Cart.ID, cart.Addresses{Email: name + "@example.com", Billing: &home}); err != nil {
			return err
		}
		placed, err := flows.Place(ctx, tx, checkout.Placing{Cart: c.Cart.ID, Method: method, Expected: c.Quote.Totals.GrandTotal})
		o = placed.Order.ID
		return err
	})
	return user, o, err
}

// wantPeriods counts the periods that a user has, and the orders for them.
func (s *shop) wantPeriods(ctx context.Context, user id.User, want int) error {
	args := pgx.NamedArgs{"user": user}
	periods, err := postgres.Scalar[int](ctx, s.pool, `
		SELECT count(*)::int AS periods FROM membership_periods p JOIN memberships m ON m.id = p.membership_id WHERE m.user_id = @user`, args)
	if err != nil {
		return err
	}
	orders, err := postgres.Scalar[int](ctx, s.pool, `SELECT count(*)::int AS orders FROM orders WHERE user_id = @user`, args)
	if err == nil && (periods != want || orders != want) {
		err = fmt.Errorf("there are %d periods of %d orders, want %d", periods, orders, want)
	}
	return err
}

// joinPlan pays for a membership with the server gone, whose job would be faster.
func joinPlan(ctx context.Context, s *shop) (step, error) {
	user, o, err := s.joining(ctx, 999, methodLater)
	return step{
		last:  func(ctx context.Context) error { return capture(ctx, s.app, o.String()) },
		run:   act("hand over", o.String()),
		right: func(ctx context.Context, _ answer) error { return s.wantPeriods(ctx, user, 1) },
	}, err
}

// renewPlan lets a free membership come to its renewal: it is ordered once, and
// what was ordered is handed over once.
func renewPlan(ctx context.Context, s *shop) (step, error) {
	user, o, err := s.joining(ctx, 0, "free")
	return step{
		last: func(ctx context.Context) error {
			if err := s.app.Checkout.HandOver(ctx, checkout.HandOverDue{OrderID: o}); err != nil {
				return err
			}
			const past = `
				WITH m AS (
					UPDATE memberships SET ends_at = ends_at - interval '28 days', benefits_until = benefits_until - interval '28 days', due_at = due_at - interval '28 days'
					WHERE user_id = $1 RETURNING id)
				UPDATE membership_periods SET starts_at = starts_at - interval '28 days', ends_at = ends_at - interval '28 days' WHERE membership_id = (SELECT id FROM m)`
			_, err := s.pool.Exec(ctx, past, user)
			return err
		},
		run: act("renew", ""),
		right: func(ctx context.Context, _ answer) error {
			renewal, err := postgres.Scalar[id.Order](ctx, s.pool, `
				SELECT r.order_id FROM membership_renewals r JOIN memberships m ON m.id = r.membership_id WHERE m.user_id = @user`, pgx.NamedArgs{"user": user})
			if err != nil {
				return err
			}
			if err := s.app.Checkout.HandOver(ctx, checkout.HandOverDue{OrderID: renewal}); err != nil {
				return err
			}
			return s.wantPeriods(ctx, user, 2)
		},
	}, err
}

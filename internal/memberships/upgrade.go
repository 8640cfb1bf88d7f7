package memberships

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/postgres"
)

// Upgradable refuses a plan that is no upgrade of a membership.
func (m *Membership) Upgradable(to Plan) error {
	switch {
	case to.Archived():
		return ErrPlanArchived
	case to.Rank <= m.Plan.Rank:
		return ErrNotHigher
	}
	return nil
}

// SetOff is what the unused time of a membership pays of a better plan in an order,
// for which the caller has locked it: nothing where the shop makes time of it. While
// an order that it pays a part of is not paid for itself, it is [ErrUpgrading].
func (m *Memberships) SetOff(ctx context.Context, db postgres.DB, is *Membership, now time.Time, c money.Currency) (SetOff, error) {
	how, err := UpgradeSetting.Get(ctx, m.Settings)
	if err != nil || how != "credit" {
		return SetOff{Amount: money.Zero(c)}, err
	}
	open, err := postgres.Get[openUpgrade](ctx, db, selectOpenUpgrade, pgx.NamedArgs{"id": is.ID})
	switch {
	case err == nil:
		return SetOff{}, ErrUpgrading.With("order_id", open.Order)
	case !errors.Is(err, postgres.ErrNoRow):
		return SetOff{}, fmt.Errorf("look for an upgrade of membership %s: %w", is.ID, err)
	}
	return is.Unused(now, c), nil
}

type openUpgrade struct {
	Order id.Order `db:"order_id"`
}

const selectOpenUpgrade = `
	SELECT u.order_id FROM membership_upgrades u JOIN orders o ON o.id = u.order_id
	WHERE u.membership_id = @id AND o.status <> 'cancelled' AND o.payment_status <> 'refunded'
	  AND NOT EXISTS (SELECT FROM membership_periods p WHERE p.order_id = u.order_id)
	LIMIT 1`

// Lower has what unused time pays taken off an item of a cart.
func (m *Memberships) Lower(ctx context.Context, tx pgx.Tx, is *Membership, item id.CartItem, by SetOff) error {
	_, err := postgres.Exec(ctx, tx, `
		INSERT INTO membership_upgrades (cart_item_id, membership_id, set_off_minor, currency, text, at) VALUES (@item, @id, @amount, @currency, @text, @at)`, pgx.NamedArgs{
		"item": item, "id": is.ID, "amount": by.Amount.Minor, "currency": string(by.Amount.Currency), "text": by.Text(), "at": by.At,
	})
	if err != nil {
		return fmt.Errorf("set off %s of membership %s: %w", by.Amount, is.ID, err)
	}
	return nil
}

// Upgrading notes which order an item of a cart has become, and what of its price
// was set off in the end.
func (m *Memberships) Upgrading(ctx context.Context, tx pgx.Tx, item id.CartItem, order id.Order, setOff money.Amount) error {
	_, err := postgres.Exec(ctx, tx, `UPDATE membership_upgrades SET order_id = @order, set_off_minor = @amount WHERE cart_item_id = @item`, pgx.NamedArgs{
		"item": item, "order": order, "amount": setOff.Minor,
	})
	if err != nil {
		return fmt.Errorf("note upgrade by order %s: %w", order, err)
	}
	return nil
}

// SetOffIn is what unused time has paid of the price of a plan in an order, in
// its currency.
func (m *Memberships) SetOffIn(ctx context.Context, db postgres.DB, order id.Order, c money.Currency) (SetOff, error) {
	type row struct {
		Amount money.Amount `db:"amount"`
		At     time.Time    `db:"at"`
	}
	found, err := postgres.Get[row](ctx, db, `SELECT (set_off_minor, currency) AS amount, at FROM membership_upgrades WHERE order_id = @order`, pgx.NamedArgs{"order": order})
	switch {
	case errors.Is(err, postgres.ErrNoRow):
		return SetOff{Amount: money.Zero(c)}, nil
	case err != nil:
		return SetOff{}, fmt.Errorf("read what order %s sets off: %w", order, err)
	}
	return SetOff{Amount: found.Amount, At: found.At}, nil
}

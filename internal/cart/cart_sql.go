package cart

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/credit"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// cartColumnsFragment is a row of carts, and the epoch and the moment that it is read in.
const cartColumnsFragment = `id, user_id, currency, email, phone, shipping_address, billing_address, shipping, order_id, version, created_at, updated_at,
	` + epochFragment + ` AS epoch, now() AS read_at`

// theirsFragment is the condition under which the caller may use a cart.
const theirsFragment = `id = @cart AND (user_id IS NULL OR user_id = @user)`

const (
	readCart = `SELECT ` + cartColumnsFragment + ` FROM carts WHERE ` + theirsFragment
	lockCart = readCart + ` FOR UPDATE`

	touchCart = `
		UPDATE carts SET version = version + 1, updated_at = now()
		WHERE order_id IS NULL AND ` + theirsFragment + ` RETURNING ` + cartColumnsFragment

	setAddresses = `
		UPDATE carts SET email = @email, customer = @customer, phone = @phone, shipping_address = @shipping_address, billing_address = @billing_address,
		       version = version + 1, updated_at = now()
		WHERE order_id IS NULL AND ` + theirsFragment + ` RETURNING ` + cartColumnsFragment

	setShipping = `
		UPDATE carts SET shipping = @shipping, version = version + 1, updated_at = now()
		WHERE order_id IS NULL AND ` + theirsFragment + ` RETURNING ` + cartColumnsFragment

	insertCart = `
		INSERT INTO carts (id, user_id, currency) VALUES (@cart, @user, @currency) RETURNING ` + cartColumnsFragment

	// The signed-in caller takes a guest's cart over.
	ownCart = `
		UPDATE carts SET user_id = @user, version = version + 1, updated_at = now()
		WHERE order_id IS NULL AND ` + theirsFragment + ` RETURNING ` + cartColumnsFragment

	lockOwnCart = `
		SELECT id FROM carts WHERE user_id = @user AND order_id IS NULL ORDER BY updated_at DESC, id LIMIT 1 FOR UPDATE`

	adoptAddresses = `
		UPDATE carts own SET email = guest.email, customer = guest.customer, phone = guest.phone, shipping_address = guest.shipping_address, billing_address = guest.billing_address
		FROM carts guest
		WHERE own.id = @cart AND guest.id = @guest AND own.shipping_address IS NULL AND own.billing_address IS NULL
		  AND (guest.shipping_address IS NOT NULL OR guest.billing_address IS NOT NULL)`

	removeVariants = `DELETE FROM cart_items WHERE cart_id = @cart AND variant_id = ANY (@variants)`
	removeEmpty    = `DELETE FROM carts WHERE id = @cart AND NOT EXISTS (SELECT FROM cart_items WHERE cart_id = @cart)`

	closeCart = `
		UPDATE carts SET order_id = @order, version = version + 1, updated_at = now() WHERE id = @cart AND order_id IS NULL`

	// What is in the cart already grows by the quantity.
	addItems = `
		INSERT INTO cart_items (id, cart_id, variant_id, quantity, gift)
		SELECT id, @cart, variant, quantity, gift FROM unnest(@ids::uuid[], @variants::uuid[], @quantities::int[], @gifts::jsonb[]) AS i (id, variant, quantity, gift)
		ON CONFLICT (cart_id, variant_id) DO UPDATE SET quantity = cart_items.quantity + EXCLUDED.quantity, gift = coalesce(EXCLUDED.gift, cart_items.gift)`

	setQuantity = `UPDATE cart_items SET quantity = @quantity, gift = coalesce(@gift::jsonb, gift) WHERE id = @item AND cart_id = @cart`
	removeItem  = `DELETE FROM cart_items WHERE id = @item AND cart_id = @cart`
)

const (
	// A code that is unknown, or one too many, adds nothing.
	addCoupon = `
		INSERT INTO cart_coupons (cart_id, coupon_id)
		SELECT @cart, k.id FROM coupons k
		WHERE k.code = @code AND (SELECT count(*) FROM cart_coupons WHERE cart_id = @cart AND coupon_id <> k.id) < @most
		ON CONFLICT (cart_id, coupon_id) DO UPDATE SET coupon_id = EXCLUDED.coupon_id`

	removeCoupon = `DELETE FROM cart_coupons cc USING coupons k WHERE cc.cart_id = @cart AND k.id = cc.coupon_id AND k.code = @code`

	adoptCoupons = `
		INSERT INTO cart_coupons (cart_id, coupon_id, added_at) SELECT @cart, coupon_id, added_at FROM cart_coupons WHERE cart_id = @guest
		ON CONFLICT DO NOTHING`
)

// whose is the arguments that name a cart and who asks for it.
func whose(ctx context.Context, cart id.Cart) pgx.NamedArgs {
	return pgx.NamedArgs{"cart": cart, "user": auth.From(ctx).User}
}

// errUntouched says that a write met no cart that may still change.
var errUntouched = errors.New("cart untouched")

// takeCart reads the row that a write has touched.
func takeCart(into *Cart) func(rows pgx.Rows) error {
	return func(rows pgx.Rows) error {
		found, err := postgres.Rows[Cart](rows)
		if err == nil && len(found) == 0 {
			err = errUntouched
		}
		if err == nil {
			*into = found[0]
		}
		return err
	}
}

// why tells the reasons apart for which a write touched nothing.
func why(ctx context.Context, db postgres.DB, cart id.Cart) error {
	found, err := postgres.Get[Cart](ctx, db, readCart, whose(ctx, cart))
	switch {
	case errors.Is(err, postgres.ErrNoRow):
		return ErrNotFound
	case err != nil:
		return fmt.Errorf("read cart: %w", err)
	}
	if found.OrderID.IsZero() { // only its owner may do this
		return ErrNotOwned
	}
	return ErrCompleted.With("order_id", found.OrderID)
}

func queueItems(b *postgres.Batch, cart id.Cart, items []NewItem) {
	ids, variants, quantities, gifts := make([]id.CartItem, len(items)), make([]id.Variant, len(items)), make([]int, len(items)), make([]*credit.Gift, len(items))
	for i, item := range items {
		ids[i], variants[i], quantities[i], gifts[i] = id.New[id.CartItem](), item.Variant, item.Quantity, item.Gift
	}
	b.Queue(addItems, pgx.NamedArgs{"cart": cart, "ids": ids, "variants": variants, "quantities": quantities, "gifts": gifts})
}

// QueueClose says that a cart has become an order. The caller has locked it.
func (c *Carts) QueueClose(b *postgres.Batch, cart id.Cart, order id.Order) {
	b.QueueOne(closeCart, pgx.NamedArgs{"cart": cart, "order": order}, ErrCompleted)
}

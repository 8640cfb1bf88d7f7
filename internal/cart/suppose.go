package cart

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/postgres"
	"souk/internal/pricing"
	"souk/internal/promotions"
)

// A Supposition is a cart that nobody has: what would somebody pay for it at some
// moment?
type Supposition struct {
	Currency money.Currency
	Items    []NewItem
	Codes    []string // normalised
	Shipping map[id.Vendor]id.ShipOption
	To       *accounts.PostalAddress // where it goes; nil is not known yet
	Billing  *accounts.PostalAddress // nil: the shipping address
	Method   string                  // of payment; "" is not chosen yet
	At       time.Time               // zero is now
	Customer Customer
	SetOff   pricing.SetOff // what unused time of another plan pays of the one among the items
}

// A Customer is who would buy it: somebody whose orders and uses of promotions
// are looked up, or what is told of somebody.
type Customer struct {
	User  id.User
	Email string

	Groups     []string  // nil: as they are
	Plans      []id.Plan // likewise
	FirstOrder *bool     // likewise
}

// Suppose reads all that the price of a supposed cart depends on. Nothing is
// written. Promotions and price lists are those that run at the moment; usual
// prices, taxes and limits are those of now.
func (c *Carts) Suppose(ctx context.Context, db postgres.DB, s Supposition) (*Trial, error) {
	s.Items = summed(s.Items)
	r := reading{
		cart: Cart{
			ID: id.Secret[id.Cart](), UserID: s.Customer.User, Currency: s.Currency, Email: s.Customer.Email,
			ShippingAddress: s.To, BillingAddress: s.Billing, Shipping: s.Shipping,
		},
		shop: c.known(), method: s.Method, trial: true, told: s.Customer, setOff: s.SetOff,
	}
	n := len(s.Items)
	ids, variants, quantities := make([]id.CartItem, n), make([]id.Variant, n), make([]int, n)
	for i, item := range s.Items {
		ids[i], variants[i], quantities[i] = id.New[id.CartItem](), item.Variant, item.Quantity
	}
	args := pgx.NamedArgs{
		"user": s.Customer.User, "currency": s.Currency, "email": s.Customer.Email, "customer": []byte(nil), "shipping_address": s.To, "billing_address": s.Billing,
		"at": (*time.Time)(nil), "ids": ids, "variants": variants, "quantities": quantities, "codes": s.Codes,
		"groups": s.Customer.Groups, "plans": s.Customer.Plans,
	}
	if s.Customer.Email != "" {
		args["customer"] = c.Promotions.Customer(s.Customer.Email)
	}
	if !s.At.IsZero() {
		args["at"] = s.At
	}
	t, of := &Trial{}, basket{&readsOfSupposition, args}
	b := postgres.NewBatch()
	b.Read(supposedFragment+` SELECT at, `+epochFragment+` FROM c`, args, func(rows pgx.Rows) error {
		_, err := pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (struct{}, error) { return struct{}{}, row.Scan(&t.At, &r.cart.Epoch) })
		return err
	})
	r.queue(b, of)
	if err := b.Send(ctx, db); err != nil {
		return nil, fmt.Errorf("suppose a cart of %d items: %w", n, err)
	}
	if err := c.complete(ctx, db, &r, of); err != nil {
		return nil, fmt.Errorf("suppose a cart of %d items: %w", n, err)
	}
	var err error
	if r.fee, err = c.Payments.Fee(ctx, s.Method, s.Currency); err != nil {
		return nil, fmt.Errorf("suppose a cart of %d items: %w", n, err)
	}
	t.reading = r
	return t, t.missing(s.Items)
}

// missing refuses items that do not exist.
func (t *Trial) missing(items []NewItem) error {
	for _, item := range items {
		if !slices.ContainsFunc(t.reading.lines, func(l Line) bool { return l.VariantID == item.Variant }) {
			return ErrVariantNotFound
		}
	}
	return nil
}

// A Trial is what was read of a supposed cart, to be priced in several ways.
type Trial struct {
	At      time.Time // the moment that it is priced for
	reading reading
}

// Price is what the supposed cart costs, explained, with drafts that are in no
// table, and as if the promotions without were not there. The code of a draft
// that needs one counts as entered.
func (t *Trial) Price(drafts []promotions.Promotion, without []id.Promotion) (Priced, error) {
	r := t.reading
	r.lines = slices.Clone(r.lines)
	r.offered = slices.DeleteFunc(slices.Clone(r.offered), func(o offered) bool { return slices.Contains(without, o.ID) })
	for _, d := range drafts {
		r.offered = append(r.offered, offered{
			ID: d.ID, Version: d.Version, Name: d.Name, Vendor: d.VendorID, Priority: d.Priority, Exclusive: d.Exclusive, Group: d.StackingGroup,
			PlatformPPM: d.PlatformPPM, Conditions: d.Conditions, Reward: d.Reward, Left: d.Budget, Runs: d.RunsAt(t.At),
		})
	}
	return r.price(true)
}

// SupposeCart is what a cart holds, whosever it is, as a supposition.
func (c *Carts) SupposeCart(ctx context.Context, db postgres.DB, cart id.Cart) (Supposition, error) {
	var found Cart
	var s Supposition
	args := pgx.NamedArgs{"cart": cart}
	b := postgres.NewBatch()
	postgres.ReadOne(b, &found, `SELECT `+cartColumnsFragment+` FROM carts WHERE id = @cart`, args)
	postgres.ReadAll(b, &s.Items, `SELECT variant_id AS variant, quantity, gift FROM cart_items WHERE cart_id = @cart ORDER BY id`, args)
	postgres.ReadColumn(b, &s.Codes, `SELECT k.code FROM cart_coupons cc JOIN coupons k ON k.id = cc.coupon_id WHERE cc.cart_id = @cart ORDER BY k.code`, args)
	switch err := b.Send(ctx, db); {
	case errors.Is(err, postgres.ErrNoRow):
		return Supposition{}, ErrNotFound
	case err != nil:
		return Supposition{}, fmt.Errorf("read cart %s: %w", cart, err)
	}
	s.Currency, s.Shipping, s.To, s.Billing = found.Currency, found.Shipping, found.ShippingAddress, found.BillingAddress
	s.Customer = Customer{User: found.UserID, Email: found.Email}
	return s, nil
}

// buys is what promotions ask of who buys: as it was read, where nothing else was
// told.
func (r *reading) buys() pricing.Buyer {
	b := pricing.Buyer{Groups: r.buyer.Groups, Plans: r.buyer.Plans, FirstOrder: !r.buyer.Bought}
	if r.told.FirstOrder != nil {
		b.FirstOrder = *r.told.FirstOrder
	}
	return b
}

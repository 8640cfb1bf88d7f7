package cart

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/auth"
	"souk/internal/catalog"
	"souk/internal/credit"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/postgres"
)

// A NewItem is so many of a variant.
type NewItem struct {
	Variant  id.Variant `json:"variant_id"`
	Quantity int        `json:"quantity" minimum:"1" maximum:"10000"`

	Gift *credit.Gift `json:"gift,omitempty" doc:"Of a gift card, whom it goes to; the buyer when left out"`
}

// Create makes a cart, the caller's own when they are signed in.
func (c *Carts) Create(ctx context.Context, tx pgx.Tx, currency money.Currency, items []NewItem) (Priced, error) {
	if currency == "" {
		currency = c.Currency
	}
	if !currency.Valid() {
		return Priced{}, errs.Validation.Field("/currency", "invalid", "This is not a currency.")
	}
	items = summed(items)
	r := reading{shop: c.known(), locale: catalog.LocaleOf(ctx)}
	cart := id.Secret[id.Cart]()
	b := postgres.NewBatch()
	b.Read(insertCart, pgx.NamedArgs{"cart": cart, "user": auth.From(ctx).User, "currency": currency}, takeCart(&r.cart))
	if len(items) > 0 {
		queueItems(b, cart, items)
	}
	r.queue(b, ofCart(cart, r.locale))
	if err := b.Send(ctx, tx); err != nil {
		return Priced{}, fmt.Errorf("create cart: %w", err)
	}
	if err := c.complete(ctx, tx, &r, ofCart(cart, r.locale)); err != nil {
		return Priced{}, fmt.Errorf("create cart: %w", err)
	}
	return c.with(&r, items)
}

// Add puts more of a variant into a cart.
func (c *Carts) Add(ctx context.Context, tx pgx.Tx, cart id.Cart, item NewItem) (Priced, error) {
	items := []NewItem{item}
	r, err := c.write(ctx, tx, cart, touchCart, nil, func(b *postgres.Batch) { queueItems(b, cart, items) })
	if err != nil {
		return Priced{}, err
	}
	return c.with(r, items)
}

// SetItem changes how many of an item are wanted, 0 removes it, and whom its
// gift cards go to; nil leaves that as it is.
func (c *Carts) SetItem(ctx context.Context, tx pgx.Tx, cart id.Cart, item id.CartItem, quantity int, gift *credit.Gift) (Priced, error) {
	sql := setQuantity
	if quantity == 0 {
		sql = removeItem
	}
	r, err := c.write(ctx, tx, cart, touchCart, nil, func(b *postgres.Batch) {
		b.QueueOne(sql, pgx.NamedArgs{"cart": cart, "item": item, "quantity": quantity, "gift": gift}, ErrItemNotFound)
	})
	if err != nil {
		return Priced{}, err
	}
	p, err := r.price(false)
	if err != nil {
		return Priced{}, err
	}
	if at := slices.IndexFunc(p.Lines, func(l Line) bool { return l.ID == item }); at >= 0 {
		if err := p.Lines[at].refusal(); err != nil {
			return Priced{}, err
		}
		err = c.checkGift(p.Lines[at], gift)
	}
	return p, err
}

// Addresses is where a cart goes and whom to tell.
type Addresses struct {
	Email    string
	Phone    string
	Shipping *accounts.PostalAddress // nil: nothing is shipped
	Billing  *accounts.PostalAddress // nil: the shipping address
}

// SetAddresses replaces the addresses of a cart. Taxes and shipping follow; a
// chosen shipping option that does not serve the new place is dropped.
func (c *Carts) SetAddresses(ctx context.Context, tx pgx.Tx, cart id.Cart, a Addresses) (Priced, error) {
	if err := a.check(); err != nil {
		return Priced{}, err
	}
	r, err := c.write(ctx, tx, cart, setAddresses, pgx.NamedArgs{
		"email": a.Email, "customer": c.Promotions.Customer(a.Email), "phone": a.Phone, "shipping_address": a.Shipping, "billing_address": a.Billing,
	}, nil)
	if err != nil {
		return Priced{}, err
	}
	p, err := r.price(false)
	if err == nil && a.Shipping == nil && p.needsShipping() {
		err = errNoShippingAddress
	}
	return p, err
}

var errNoShippingAddress = errs.Validation.Field("/shipping", "required", "Say where it goes: send shipping, or shipping_address_id.")

func (a *Addresses) check() error {
	if a.Shipping == nil && a.Billing == nil {
		return errNoShippingAddress
	}
	var bad errs.Fields
	bad.Require(accounts.ValidEmail(a.Email), "/email", "invalid", "This is not an e-mail address.")
	if a.Shipping != nil {
		bad = append(bad, a.Shipping.Validate("/shipping")...)
	}
	if a.Billing != nil {
		bad = append(bad, a.Billing.Validate("/billing")...)
	}
	if a.Phone != "" {
		phone, ok := accounts.Phone(a.Phone, cmp.Or(a.Shipping, a.Billing).Country)
		bad.Require(ok, "/phone", "invalid", "This is not a phone number.")
		a.Phone = phone
	}
	return bad.Err()
}

// CheckBilling says what is wrong with an invoice's address, and brings it into
// the form in which it is kept.
func CheckBilling(email string, billing *accounts.PostalAddress) error {
	a := Addresses{Email: email, Billing: billing}
	return a.check()
}

// A Selection is the way that a vendor's parcel is to go.
type Selection struct {
	Vendor id.Vendor     `json:"vendor_id"`
	Option id.ShipOption `json:"option_id"`
}

// SetShipping replaces what the cart has chosen. Each option must be offered
// for that vendor's parcel.
func (c *Carts) SetShipping(ctx context.Context, tx pgx.Tx, cart id.Cart, selections []Selection) (Priced, error) {
	chosen := make(map[id.Vendor]id.ShipOption, len(selections))
	for i, s := range selections {
		if _, twice := chosen[s.Vendor]; twice {
			return Priced{}, errs.Validation.Field(selectionPointer(i, "vendor_id"), "duplicate", "Choose one option for each vendor.")
		}
		chosen[s.Vendor] = s.Option
	}
	r, err := c.write(ctx, tx, cart, setShipping, pgx.NamedArgs{"shipping": chosen}, nil)
	if err != nil {
		return Priced{}, err
	}
	p, err := r.price(false)
	if err != nil {
		return Priced{}, err
	}
	for i, s := range selections {
		at := slices.IndexFunc(p.Parcels, func(q Parcel) bool { return q.Vendor == s.Vendor })
		if at < 0 || !p.Parcels[at].NeedsShipping {
			return Priced{}, errs.Validation.Field(selectionPointer(i, "vendor_id"), "not_in_cart", "Nothing in the cart is sent by this vendor.")
		}
		if p.Parcels[at].Selected == nil {
			return Priced{}, errs.Validation.Field(selectionPointer(i, "option_id"), "not_offered", "This option is not offered for this parcel.")
		}
	}
	return p, nil
}

func selectionPointer(i int, name string) string {
	return "/selections/" + strconv.Itoa(i) + "/" + name
}

// write touches the cart with sql, does more, and reads what the answer is made
// of: one pipeline. [ErrNotFound] or [ErrCompleted] where it may not.
func (c *Carts) write(ctx context.Context, tx pgx.Tx, cart id.Cart, sql string, args pgx.NamedArgs, more func(b *postgres.Batch)) (*reading, error) {
	r := reading{shop: c.known(), locale: catalog.LocaleOf(ctx)}
	b := postgres.NewBatch()
	named := whose(ctx, cart)
	for name, value := range args {
		named[name] = value
	}
	b.Read(sql, named, takeCart(&r.cart))
	if more != nil {
		more(b)
	}
	r.queue(b, ofCart(cart, r.locale))
	switch err := b.Send(ctx, tx); {
	case errors.Is(err, errUntouched):
		return nil, why(ctx, tx, cart)
	case err != nil:
		return nil, fmt.Errorf("write cart: %w", err)
	}
	if err := c.complete(ctx, tx, &r, ofCart(cart, r.locale)); err != nil {
		return nil, fmt.Errorf("write cart: %w", err)
	}
	return &r, nil
}

// with prices a cart into which items were put, and refuses those that may not
// be in it: the caller rolls back.
func (c *Carts) with(r *reading, items []NewItem) (Priced, error) {
	if len(r.lines) > maxLines {
		return Priced{}, ErrTooManyLines
	}
	p, err := r.price(false)
	if err != nil {
		return Priced{}, err
	}
	for _, item := range items {
		at := slices.IndexFunc(p.Lines, func(l Line) bool { return l.VariantID == item.Variant })
		if at < 0 || p.Lines[at].hidden() {
			return Priced{}, ErrVariantNotFound
		}
		if err := p.Lines[at].refusal(); err != nil {
			return Priced{}, err
		}
		if err := c.checkGift(p.Lines[at], item.Gift); err != nil {
			return Priced{}, err
		}
	}
	return p, nil
}

// checkGift refuses a recipient that cannot be written to, and one of what is no
// gift card.
func (c *Carts) checkGift(l Line, gift *credit.Gift) error {
	if gift == nil {
		return nil
	}
	bad := gift.Problems("/gift", c.Clock.Now())
	bad.Require(l.GiftCard, "/gift", "no_gift_card", "This is no gift card: it goes where the cart goes.")
	return bad.Err()
}

// summed makes one item of those of one variant, in the order of the first.
func summed(items []NewItem) []NewItem {
	sums := make([]NewItem, 0, len(items))
	at := make(map[id.Variant]int, len(items))
	for _, item := range items {
		if i, seen := at[item.Variant]; seen {
			sums[i].Quantity += item.Quantity
			sums[i].Gift = cmp.Or(item.Gift, sums[i].Gift)
			continue
		}
		at[item.Variant] = len(sums)
		sums = append(sums, item)
	}
	return sums
}

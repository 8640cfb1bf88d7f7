package cart

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/inventory"
	"souk/internal/platform/postgres"
)

// Refused is an item that a claim left where it was.
type Refused struct {
	VariantID id.Variant `json:"variant_id"`
	Title     string     `json:"title"`
	Quantity  int        `json:"quantity"`
	Code      string     `json:"code" enum:"currency_mismatch,not_purchasable,insufficient_stock,quantity_limit,too_many"`
	Detail    string     `json:"detail"`
	Available *int       `json:"available_quantity,omitempty" doc:"How many are left, those in the cart included"`
}

// Claim makes a guest's cart the caller's own. The caller's open cart takes
// its items in, each as a whole or not at all; what is refused stays in the
// guest's cart. A cart that is left empty is removed.
func (c *Carts) Claim(ctx context.Context, tx pgx.Tx, cart id.Cart) (Priced, []Refused, error) {
	guest, err := c.load(ctx, tx, cart, lockCart, false)
	if err != nil {
		return Priced{}, nil, err
	}
	if !guest.Cart.UserID.IsZero() { // theirs already, or Load would not have found it
		return guest, []Refused{}, nil
	}
	user := auth.From(ctx).User
	own, err := postgres.Scalar[id.Cart](ctx, tx, lockOwnCart, pgx.NamedArgs{"user": user})
	if errors.Is(err, postgres.ErrNoRow) {
		r, err := c.write(ctx, tx, cart, ownCart, nil, nil)
		if err != nil {
			return Priced{}, nil, err
		}
		p, err := r.price(false)
		return p, []Refused{}, err
	}
	if err != nil {
		return Priced{}, nil, fmt.Errorf("find cart of user %s: %w", user, err)
	}
	return c.merge(ctx, tx, guest, own)
}

// merge moves what can be moved from a guest's cart. Both are locked.
func (c *Carts) merge(ctx context.Context, tx pgx.Tx, guest Priced, own id.Cart) (Priced, []Refused, error) {
	before, err := c.load(ctx, tx, own, lockCart, false)
	if err != nil {
		return Priced{}, nil, err
	}
	moved, refused := before.takeIn(guest)
	b := postgres.NewBatch()
	var r reading
	b.Read(touchCart, whose(ctx, own), takeCart(&r.cart))
	if before.Cart.Currency == guest.Cart.Currency {
		b.Queue(adoptAddresses, pgx.NamedArgs{"cart": own, "guest": guest.Cart.ID})
		b.Queue(adoptGiftCards, pgx.NamedArgs{"cart": own, "guest": guest.Cart.ID})
		b.Queue(adoptCoupons, pgx.NamedArgs{"cart": own, "guest": guest.Cart.ID})
		queueItems(b, own, moved)
		b.Queue(removeVariants, pgx.NamedArgs{"cart": guest.Cart.ID, "variants": variantsOf(moved)})
		b.Queue(removeEmpty, pgx.NamedArgs{"cart": guest.Cart.ID})
	}
	if err := b.Send(ctx, tx); err != nil {
		return Priced{}, nil, fmt.Errorf("merge carts: %w", err)
	}
	after, err := c.load(ctx, tx, own, readCart, false)
	return after, refused, err
}

// takeIn decides line by line what p can take from a guest's cart.
func (p Priced) takeIn(guest Priced) (moved []NewItem, refused []Refused) {
	refused = []Refused{}
	lines := len(p.Lines)
	for _, l := range guest.Lines {
		wanted := l.Quantity
		at := slices.IndexFunc(p.Lines, func(mine Line) bool { return mine.VariantID == l.VariantID })
		if at >= 0 {
			wanted += p.Lines[at].Quantity
		}
		no := Refused{VariantID: l.VariantID, Title: l.Told().Line(), Quantity: l.Quantity}
		switch {
		case p.Cart.Currency != guest.Cart.Currency:
			no.Code, no.Detail = "currency_mismatch", "Your cart is in "+string(p.Cart.Currency)+"."
		case !l.Purchasable():
			no.Code, no.Detail = ErrNotPurchasable.Code, ErrNotPurchasable.Message
		case l.Left != nil && *l.Left < wanted:
			no.Code, no.Detail, no.Available = inventory.ErrInsufficientStock.Code, inventory.ErrInsufficientStock.Message, l.Left
		case l.tooMany(wanted):
			no.Code, no.Detail = ErrQuantityLimit.Code, ErrQuantityLimit.Message
		case wanted > maxQuantity, at < 0 && lines == maxLines:
			no.Code, no.Detail = "too_many", "Your cart holds no more."
		default:
			moved = append(moved, NewItem{Variant: l.VariantID, Quantity: l.Quantity, Gift: l.Gift})
			if at < 0 {
				lines++
			}
			continue
		}
		refused = append(refused, no)
	}
	return moved, refused
}

func variantsOf(items []NewItem) []id.Variant {
	variants := make([]id.Variant, len(items))
	for i, item := range items {
		variants[i] = item.Variant
	}
	return variants
}

package cart

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/catalog"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
	"souk/internal/wishlist"
)

// What moves between carts and wishlists is done as a whole or not at all. Both
// ways lock the cart first.

const takeItem = `DELETE FROM cart_items WHERE id = @item AND cart_id = @cart RETURNING variant_id, quantity`

// A takenItem is what was in the cart.
type takenItem struct {
	Variant  id.Variant `db:"variant_id"`
	Quantity int        `db:"quantity"`
}

// SaveForLater moves an item to a wishlist: to the one that is named, else to the
// caller's default one; for a guest who names none, to a new one. It says which,
// and which item it is there.
func (c *Carts) SaveForLater(ctx context.Context, tx pgx.Tx, cart id.Cart, item id.CartItem, list id.Wishlist) (Priced, Saved, error) {
	var taken []takenItem
	r, err := c.write(ctx, tx, cart, touchCart, nil, func(b *postgres.Batch) {
		postgres.ReadAll(b, &taken, takeItem, pgx.NamedArgs{"cart": cart, "item": item})
	})
	if err != nil {
		return Priced{}, Saved{}, err
	}
	if len(taken) == 0 {
		return Priced{}, Saved{}, ErrItemNotFound
	}
	p, err := r.price(false)
	if err != nil {
		return Priced{}, Saved{}, err
	}
	to := wishlist.Which{Owner: auth.From(ctx).User, List: list}
	if to.Owner.IsZero() && list.IsZero() {
		made, err := c.Wishlists.CreateForGuest(ctx, tx)
		if err != nil {
			return Priced{}, Saved{}, err
		}
		to.List = made.ID
	}
	saved, err := c.Wishlists.Add(ctx, tx, to, wishlist.Wish{Variant: taken[0].Variant, Quantity: taken[0].Quantity, Currency: p.Cart.Currency})
	return p, Saved{to.List, saved.View()}, err
}

// TakeWish moves an item of a wishlist into a cart. Where it cannot be bought, or
// not so many, it stays on the list.
func (c *Carts) TakeWish(ctx context.Context, tx pgx.Tx, from wishlist.Which, item id.WishlistItem, cart id.Cart) (Priced, error) {
	wish, err := c.Wishlists.Item(ctx, tx, from, item)
	if err != nil {
		return Priced{}, err
	}
	p, err := c.Add(ctx, tx, cart, NewItem{Variant: wish.VariantID, Quantity: wish.Quantity})
	if errors.Is(err, ErrVariantNotFound) { // it was there when it was put on the list
		err = ErrNotPurchasable.With("variant_id", wish.VariantID)
	}
	if err != nil {
		return Priced{}, err
	}
	return p, c.Wishlists.RemoveItem(ctx, tx, from, item)
}

func (c *Carts) wishRoutes(r *httpapi.Router) {
	me, limit, told := httpapi.Needs(auth.AsCustomer), httpapi.BodyLimit(bodyLimit), c.Locales.AsWished()
	summary := httpapi.Summary("Move something from a wishlist to a cart")
	httpapi.Post(r, "/api/v1/carts/{cart}/items/{item}/save-for-later", c.saveForLater, told, httpapi.Public(secret), limit, httpapi.ID("save-cart-item"), httpapi.Status(200),
		httpapi.Summary("Move something from a cart to a wishlist"),
		httpapi.Describe("To the caller's default list unless `wishlist_id` names one; a guest who names none gets a new list."))
	httpapi.Post(r, "/api/v1/me/wishlist/items/{item}/move-to-cart", c.takeFromDefault, told, me, limit, httpapi.ID("move-my-default-wishlist-item"), httpapi.Status(200), summary)
	httpapi.Post(r, "/api/v1/me/wishlists/{wishlist}/items/{item}/move-to-cart", c.takeFromOwn, told, me, limit, httpapi.ID("move-my-wishlist-item"), httpapi.Status(200), summary)
	httpapi.Post(r, "/api/v1/wishlists/{wishlist}/items/{item}/move-to-cart", c.takeFromGuests, told, httpapi.Public("the list's id is the secret"), limit,
		httpapi.ID("move-wishlist-item"), httpapi.Status(200), summary)
}

type saveForLaterInput struct {
	catalog.LocaleWish
	Cart id.Cart     `path:"cart"`
	Item id.CartItem `path:"item"`
	Body struct {
		List id.Wishlist `json:"wishlist_id,omitzero" doc:"One of the caller's lists; of a guest's, the id that is its secret"`
	}
}

// Saved is what became of an item of a cart.
type Saved struct {
	List id.Wishlist       `json:"wishlist_id,omitzero" doc:"Absent for the caller's default list"`
	Item wishlist.ItemView `json:"item"`
}

// SavedView is a cart without what was saved.
type SavedView struct {
	View
	Saved Saved `json:"saved"`
}

func (c *Carts) saveForLater(ctx context.Context, tx pgx.Tx, in *saveForLaterInput) (SavedView, error) {
	p, saved, err := c.SaveForLater(ctx, tx, in.Cart, in.Item, in.Body.List)
	return SavedView{p.View(), saved}, err
}

type moveBody struct {
	Cart id.Cart `json:"cart_id"`
}

type takeFromDefaultInput struct {
	catalog.LocaleWish
	Item id.WishlistItem `path:"item"`
	Body moveBody
}

func (c *Carts) takeFromDefault(ctx context.Context, tx pgx.Tx, in *takeFromDefaultInput) (View, error) {
	p, err := c.TakeWish(ctx, tx, wishlist.Which{Owner: auth.From(ctx).User}, in.Item, in.Body.Cart)
	return p.View(), err
}

type takeInput struct {
	catalog.LocaleWish
	List id.Wishlist     `path:"wishlist"`
	Item id.WishlistItem `path:"item"`
	Body moveBody
}

func (c *Carts) takeFromOwn(ctx context.Context, tx pgx.Tx, in *takeInput) (View, error) {
	p, err := c.TakeWish(ctx, tx, wishlist.Which{Owner: auth.From(ctx).User, List: in.List}, in.Item, in.Body.Cart)
	return p.View(), err
}

func (c *Carts) takeFromGuests(ctx context.Context, tx pgx.Tx, in *takeInput) (View, error) {
	p, err := c.TakeWish(ctx, tx, wishlist.Which{List: in.List}, in.Item, in.Body.Cart)
	return p.View(), err
}

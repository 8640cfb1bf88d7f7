package wishlist

import (
	"context"
	"net/http"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/catalog"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/httpapi"
)

const (
	secret    = "the list's id is the secret"
	bodyLimit = 64 << 10
)

// Routes mounts lists at two doors, of those who have an account and of guests,
// and alerts. What moves between a list and a cart is mounted by the cart.
func (w *Wishlists) Routes(r *httpapi.Router) {
	w.ownRoutes(r)
	w.listRoutes(r)
	w.alertRoutes(r)
}

// ownRoutes are a user's default list, and what only users have.
func (w *Wishlists) ownRoutes(r *httpapi.Router) {
	told := w.Locales.AsWished()
	me, private, gone := httpapi.Needs(auth.AsCustomer), httpapi.Private(), httpapi.Status(http.StatusNoContent)
	httpapi.Get(r, "/api/v1/me/wishlist", w.showDefault, told, me, private, httpapi.ID("get-my-default-wishlist"), httpapi.Summary("Show my default wishlist"),
		httpapi.Describe("With prices and stock of now, and the prices of when things were added."))
	httpapi.Post(r, "/api/v1/me/wishlist/items", w.addToDefault, told, me, httpapi.ID("create-my-default-wishlist-item"), httpapi.Status(200), httpapi.Summary("Put something on my default wishlist"),
		httpapi.Describe("What is there already is the same item."))
	httpapi.Patch(r, "/api/v1/me/wishlist/items/{item}", w.editOnDefault, told, me, httpapi.ID("update-my-default-wishlist-item"), httpapi.Summary("Change how many I want, or what I noted"))
	httpapi.Delete(r, "/api/v1/me/wishlist/items/{item}", w.removeFromDefault, me, gone, httpapi.ID("delete-my-default-wishlist-item"), httpapi.Summary("Take something off my default wishlist"))

	httpapi.Get(r, "/api/v1/me/wishlists", w.list, me, private, httpapi.Summary("List my wishlists"))
	httpapi.Post(r, "/api/v1/me/wishlists", w.create, me, httpapi.Status(http.StatusCreated), httpapi.Summary("Make another wishlist"))
	httpapi.Post(r, "/api/v1/me/wishlists/claim", w.claim, told, me, httpapi.ID("claim-my-wishlist"), httpapi.Status(200),
		httpapi.Summary("Put what is on a guest's wishlist on mine"), httpapi.Describe("On the default one. The guest's list is gone afterwards."))
	httpapi.Patch(r, "/api/v1/me/wishlists/{wishlist}", w.edit, told, me, httpapi.Summary("Change a wishlist's name and what I hear of it"))
	httpapi.Post(r, "/api/v1/me/wishlists/{wishlist}/share", w.share, me, httpapi.ID("share-my-wishlist"), httpapi.Status(200),
		httpapi.Summary("Make a link with which others look at a wishlist"))
	httpapi.Delete(r, "/api/v1/me/wishlists/{wishlist}/share", w.unshare, me, gone, httpapi.Summary("Let nobody look at a wishlist any more"))
	httpapi.Get(r, "/api/v1/wishlists/shared/{token}", w.showShared, told, httpapi.Public("the token is the secret"), private, httpapi.ID("get-shared-wishlist"),
		httpapi.Summary("Look at somebody's wishlist"))
	httpapi.Post(r, "/api/v1/wishlists", w.createForGuest, httpapi.Public("anybody may make a wishlist"), httpapi.Status(http.StatusCreated),
		httpapi.Summary("Make a wishlist as a guest"), httpapi.Describe("Whoever knows its id may use it. It is kept for 90 days after it was last changed."))
}

// listRoutes are what can be done with any list, at both doors.
func (w *Wishlists) listRoutes(r *httpapi.Router) {
	for _, at := range []struct {
		path string
		who  httpapi.Option
		door door
	}{
		{"/api/v1/me/wishlists/{wishlist}", httpapi.Needs(auth.AsCustomer), door{w, false}},
		{"/api/v1/wishlists/{wishlist}", httpapi.Public(secret), door{w, true}},
	} {
		told, limit, gone := w.Locales.AsWished(), httpapi.BodyLimit(bodyLimit), httpapi.Status(http.StatusNoContent)
		httpapi.Get(r, at.path, at.door.show, told, at.who, httpapi.Private(), httpapi.Summary("Show a wishlist"))
		httpapi.Delete(r, at.path, at.door.remove, at.who, gone, httpapi.Summary("Remove a wishlist"))
		httpapi.Post(r, at.path+"/items", at.door.addItem, told, at.who, limit, httpapi.Status(200), httpapi.Summary("Put something on a wishlist"),
			httpapi.Describe("What is there already is the same item."))
		httpapi.Patch(r, at.path+"/items/{item}", at.door.editItem, told, at.who, limit, httpapi.Summary("Change how many are wanted, or a note"))
		httpapi.Delete(r, at.path+"/items/{item}", at.door.removeItem, at.who, gone, httpapi.Summary("Take something off a wishlist"))
	}
}

// door is where users, or guests, come to a list that they name.
type door struct {
	*Wishlists
	guests bool
}

func (d door) which(ctx context.Context, list id.Wishlist) Which {
	if d.guests {
		return Which{List: list}
	}
	return mine(ctx, list)
}

func mine(ctx context.Context, list id.Wishlist) Which {
	return Which{Owner: auth.From(ctx).User, List: list}
}

// Shown is the currency in which prices are shown.
type Shown struct {
	Currency string `query:"currency" pattern:"^[A-Z]{3}$" doc:"ISO 4217; the caller's own or the shop's unless told"`
}

func (s Shown) check() (money.Currency, error) {
	if chosen := money.Currency(s.Currency); chosen == "" || chosen.Valid() {
		return chosen, nil
	}
	return "", errs.Validation.Field("currency", "unknown_currency", "Use an ISO 4217 code, such as USD.")
}

type defaultInput struct {
	catalog.LocaleWish
	Shown
}

func (w *Wishlists) showDefault(ctx context.Context, in *defaultInput) (View, error) {
	currency, err := in.check()
	if err != nil {
		return View{}, err
	}
	return w.Show(ctx, w.DB, mine(ctx, id.Wishlist{}), currency)
}

type listInput struct {
	catalog.LocaleWish
	List id.Wishlist `path:"wishlist"`
	Shown
}

func (d door) show(ctx context.Context, in *listInput) (View, error) {
	currency, err := in.check()
	if err != nil {
		return View{}, err
	}
	return d.Show(ctx, d.DB, d.which(ctx, in.List), currency)
}

// wishBody is what is to be put on a list.
type wishBody struct {
	Variant  id.Variant     `json:"variant_id,omitzero"`
	Product  id.Product     `json:"product_id,omitzero" doc:"Instead of variant_id: its first variant"`
	Quantity int            `json:"quantity,omitempty" minimum:"1" maximum:"10000" default:"1"`
	Note     string         `json:"note,omitempty" maxLength:"500"`
	Currency money.Currency `json:"currency,omitempty" maxLength:"3" doc:"In which its price is watched; the caller's own or the shop's unless told"`
}

func (b wishBody) wish() Wish {
	return Wish{Variant: b.Variant, Product: b.Product, Quantity: max(b.Quantity, 1), Note: b.Note, Currency: b.Currency}
}

type addToDefaultInput struct {
	catalog.LocaleWish
	Body wishBody
}

func (w *Wishlists) addToDefault(ctx context.Context, tx pgx.Tx, in *addToDefaultInput) (ItemView, error) {
	item, err := w.Add(ctx, tx, mine(ctx, id.Wishlist{}), in.Body.wish())
	return item.View(), err
}

type addInput struct {
	catalog.LocaleWish
	List id.Wishlist `path:"wishlist"`
	Body wishBody
}

func (d door) addItem(ctx context.Context, tx pgx.Tx, in *addInput) (ItemView, error) {
	item, err := d.Add(ctx, tx, d.which(ctx, in.List), in.Body.wish())
	return item.View(), err
}

type itemBody struct {
	Quantity *int    `json:"quantity,omitempty" minimum:"1" maximum:"10000"`
	Note     *string `json:"note,omitempty" maxLength:"500"`
}

type editOnDefaultInput struct {
	catalog.LocaleWish
	Item id.WishlistItem `path:"item"`
	Body itemBody
}

func (w *Wishlists) editOnDefault(ctx context.Context, tx pgx.Tx, in *editOnDefaultInput) (ItemView, error) {
	item, err := w.EditItem(ctx, tx, mine(ctx, id.Wishlist{}), in.Item, in.Body.Quantity, in.Body.Note)
	return item.View(), err
}

type editItemInput struct {
	catalog.LocaleWish
	List id.Wishlist     `path:"wishlist"`
	Item id.WishlistItem `path:"item"`
	Body itemBody
}

func (d door) editItem(ctx context.Context, tx pgx.Tx, in *editItemInput) (ItemView, error) {
	item, err := d.EditItem(ctx, tx, d.which(ctx, in.List), in.Item, in.Body.Quantity, in.Body.Note)
	return item.View(), err
}

type removeFromDefaultInput struct {
	Item id.WishlistItem `path:"item"`
}

func (w *Wishlists) removeFromDefault(ctx context.Context, tx pgx.Tx, in *removeFromDefaultInput) (httpapi.Empty, error) {
	return httpapi.Empty{}, w.RemoveItem(ctx, tx, mine(ctx, id.Wishlist{}), in.Item)
}

type removeItemInput struct {
	List id.Wishlist     `path:"wishlist"`
	Item id.WishlistItem `path:"item"`
}

func (d door) removeItem(ctx context.Context, tx pgx.Tx, in *removeItemInput) (httpapi.Empty, error) {
	return httpapi.Empty{}, d.RemoveItem(ctx, tx, d.which(ctx, in.List), in.Item)
}

type listPath struct {
	List id.Wishlist `path:"wishlist"`
}

func (d door) remove(ctx context.Context, tx pgx.Tx, in *listPath) (httpapi.Empty, error) {
	return httpapi.Empty{}, d.Remove(ctx, tx, d.which(ctx, in.List))
}

type lists struct {
	Data []Summary `json:"data"`
}

func (w *Wishlists) list(ctx context.Context, _ *struct{}) (lists, error) {
	found, err := listsOf(ctx, w.DB, auth.From(ctx).User)
	return lists{summariesOf(found)}, err
}

type createInput struct {
	Body struct {
		Name string `json:"name" maxLength:"100" example:"Birthday"`
	}
}

func (w *Wishlists) create(ctx context.Context, tx pgx.Tx, in *createInput) (Summary, error) {
	made, err := w.Create(ctx, tx, auth.From(ctx).User, in.Body.Name)
	return counted{List: made}.summary(), err
}

func (w *Wishlists) createForGuest(ctx context.Context, tx pgx.Tx, _ *struct{}) (View, error) {
	made, err := w.CreateForGuest(ctx, tx)
	return viewOf(made, nil), err
}

type editInput struct {
	catalog.LocaleWish
	List id.Wishlist `path:"wishlist"`
	Body struct {
		Name        *string `json:"name,omitempty" maxLength:"100"`
		Default     bool    `json:"default,omitempty" enum:"true" doc:"Make it the list that things are put on unless told otherwise"`
		PriceDrops  *bool   `json:"price_drops,omitempty" doc:"Mail me when something on it gets cheaper"`
		BackInStock *bool   `json:"back_in_stock,omitempty" doc:"Mail me when something on it is there again"`
	}
}

func (w *Wishlists) edit(ctx context.Context, tx pgx.Tx, in *editInput) (View, error) {
	b := in.Body
	which := mine(ctx, in.List)
	if _, err := w.Edit(ctx, tx, which, Edit{Name: b.Name, Default: b.Default, PriceDrops: b.PriceDrops, BackInStock: b.BackInStock}); err != nil {
		return View{}, err
	}
	return w.Show(ctx, tx, which, "")
}

type claimInput struct {
	catalog.LocaleWish
	Body struct {
		List id.Wishlist `json:"wishlist_id"`
	}
}

func (w *Wishlists) claim(ctx context.Context, tx pgx.Tx, in *claimInput) (View, error) {
	me := auth.From(ctx).User
	if _, err := w.Claim(ctx, tx, me, in.Body.List); err != nil {
		return View{}, err
	}
	return w.Show(ctx, tx, Which{Owner: me}, "")
}

type shareInput struct {
	List id.Wishlist `path:"wishlist"`
	Body struct {
		ShowName bool `json:"show_name,omitempty" doc:"Show my first name with it"`
	}
}

func (w *Wishlists) share(ctx context.Context, tx pgx.Tx, in *shareInput) (Share, error) {
	return w.Share(ctx, tx, mine(ctx, in.List), in.Body.ShowName)
}

func (w *Wishlists) unshare(ctx context.Context, tx pgx.Tx, in *listPath) (httpapi.Empty, error) {
	return httpapi.Empty{}, w.Unshare(ctx, tx, mine(ctx, in.List))
}

type sharedInput struct {
	catalog.LocaleWish
	Token id.WishlistShare `path:"token"`
	Shown
}

func (w *Wishlists) showShared(ctx context.Context, in *sharedInput) (SharedView, error) {
	httpapi.SetHeader(ctx, "X-Robots-Tag", "noindex")
	currency, err := in.check()
	if err != nil {
		return SharedView{}, err
	}
	return w.Shared(ctx, w.DB, in.Token, currency)
}

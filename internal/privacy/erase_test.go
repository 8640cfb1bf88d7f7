package privacy_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"mime/multipart"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/app/apptest"
	"souk/internal/checkout"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
	"souk/internal/privacy"
	"souk/internal/reviews"
)

// canary is in every text that Ann writes and in nothing else; so is her number.
const (
	canary = "canary7x9q"
	number = "15123456701"
)

const annsHome = `"name": "Canary7x9q Lee", "line1": "1 canary7x9q St", "line2": "canary7x9q floor", "city": "Canary7x9q", "postal_code": "10115", "country": "DE", "phone": "+4915123456701"`

// ann is a customer with a canary in every field there is.
func ann(t *testing.T, shop *apptest.App) accounts.User {
	t.Helper()
	in, err := shop.Accounts.Register(t.Context(), accounts.Registration{
		Username: canary, Email: canary + "@example.com", Password: apptest.Password, Name: "Ann " + canary, Phone: "+49" + number,
	}, accounts.Client{Address: netip.MustParseAddr("192.0.2.77"), UserAgent: "Browser " + canary})
	if err != nil {
		t.Fatal(err)
	}
	shop.Know("ann", in.AccessToken)
	shop.Call(t, "ann", "PATCH", "/me", `{"locale": "en-GB", "currency": "GBP"}`).Want(t, 200)
	shop.Call(t, "ann", "POST", "/me/addresses", `{"label": "`+canary+`", `+annsHome+`}`, "Idempotency-Key", "ann-address").Want(t, 201)
	portrait(t, shop)
	return in.User
}

func portrait(t *testing.T, shop *apptest.App) {
	t.Helper()
	body, mime := aPicture(t)
	shop.Call(t, "ann", "PUT", "/me/avatar", body, "Content-Type", mime).Want(t, 200)
}

// reviewed has Ann say and show what she thinks of what she has received.
func reviewed(t *testing.T, shop *apptest.App, placed checkout.Placed) reviews.Own {
	t.Helper()
	review := apptest.Read[reviews.Own](t, shop.Call(t, "ann", "POST", "/products/"+placed.Order.Items[0].Product.String()+"/reviews",
		`{"rating": 4, "title": "`+canary+`", "body": "`+canary+` says it is good.", "author": "`+canary+`"}`, "Idempotency-Key", "ann-review").Want(t, 201))
	body, mime := aPicture(t)
	return apptest.Read[reviews.Own](t, shop.Call(t, "ann", "POST", "/me/reviews/"+review.ID.String()+"/photos", body, "Content-Type", mime).Want(t, 201))
}

func aPicture(t *testing.T) (form, mime string) {
	t.Helper()
	var body bytes.Buffer
	writer := multipart.NewWriter(&body)
	part, err := writer.CreateFormFile("file", "me.png")
	if err == nil {
		err = png.Encode(part, image.NewGray(image.Rect(0, 0, 30, 20)))
	}
	if err != nil || writer.Close() != nil {
		t.Fatal(err)
	}
	return body.String(), writer.FormDataContentType()
}

// buys fills a cart of Ann's and orders it.
func buys(t *testing.T, shop *apptest.App) checkout.Placed {
	t.Helper()
	cart := shop.Basket(t, "ann", 1, shop.Variant(t))
	shop.Call(t, "ann", "PUT", cart.Path("/addresses"), `{"email": "`+canary+`@example.com", "phone": "+4915123456701", "shipping": {`+annsHome+`}}`,
		"Idempotency-Key", cart.ID.String()).Want(t, 200)
	placed := apptest.Read[checkout.Placed](t, shop.Place(t, "ann", shop.Ship(t, "ann", cart)).Want(t, 201))
	shop.Call(t, apptest.Admin, "POST", "/admin/orders/"+placed.Order.ID.String()+"/notes", `{"body": "`+canary+` called"}`).Want(t, 201)
	return placed
}

// wishes puts something on a list of Ann's, and has her told of it as a guest: in a
// mailbox that she has proven, or it would be anybody's.
func wishes(t *testing.T, shop *apptest.App) {
	t.Helper()
	shop.InTx(t, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE users SET email_verified_at = now()`)
		return err
	})
	wanted := shop.Product(t)
	made := apptest.Read[struct{ ID string }](t, shop.Call(t, "ann", "POST", "/me/wishlists", `{"name": "`+canary+`"}`).Want(t, 201))
	shop.Call(t, "ann", "POST", "/me/wishlists/"+made.ID+"/items", `{"variant_id": "`+wanted.Variants[0].String()+`", "note": "`+canary+`"}`).Want(t, 200)
	shop.Call(t, "", "POST", "/products/"+wanted.Slug+"/notify", `{"variant_id": "`+wanted.Variants[0].String()+`", "email": "`+canary+`@example.com", "kind": "price_drop"}`).Want(t, 202)
}

func delivers(t *testing.T, shop *apptest.App, placed checkout.Placed) {
	t.Helper()
	parcel := shop.Send(t, placed.Order.ID, placed.Order.Parts[0], 0)
	at := "/admin/shipments/" + parcel.ID.String() + "/events"
	shop.Call(t, apptest.Admin, "POST", at, `{"status": "out_for_delivery", "detail": "`+canary+` opens"}`).Want(t, 201)
	shop.Deliver(t, parcel)
}

// tells lists the columns of the whole database in which Ann is found.
func tells(t *testing.T, shop *apptest.App) []string {
	t.Helper()
	var looks []string
	for _, c := range columns(t, shop.DB) {
		name, table := pgx.Identifier{c.Name}.Sanitize(), pgx.Identifier{c.Table}.Sanitize()
		looks = append(looks, fmt.Sprintf(`SELECT '%s.%s' WHERE EXISTS (SELECT FROM %s WHERE %s::text ILIKE ANY (@like))`, c.Table, c.Name, table, name))
	}
	found, err := postgres.Column[string](t.Context(), shop.DB, strings.Join(looks, " UNION ALL "), pgx.NamedArgs{
		"like": []string{"%" + canary + "%", "%" + number + "%", "%" + fmt.Sprintf("%x", canary) + "%"}, // bytes are shown in hexadecimal
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(found)
	return found
}

// sweeps runs what the shop runs every so often, after the jobs of all events.
func sweeps(t *testing.T, shop *apptest.App) {
	t.Helper()
	if err := shop.Relay.Flush(t.Context(), shop.DB); err != nil {
		t.Fatal(err)
	}
	shop.InTx(t, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE avatars SET created_at = created_at - interval '2 hours'`)
		if err == nil {
			_, err = tx.Exec(t.Context(), `UPDATE review_photos SET created_at = created_at - interval '2 hours'`)
		}
		return err
	})
	for name, sweep := range map[string]func() error{
		"orders":  func() error { return errors.Join(shop.Orders.Forget(t.Context()), shop.Invoices.Forget(t.Context())) }, // which follow them
		"carts":   func() error { return shop.Carts.Forget(t.Context()) },
		"avatars": func() error { return shop.Accounts.SweepAvatars(t.Context()) },
		"exports": func() error { return shop.Privacy.Sweep(t.Context()) },
		"photos":  func() error { return shop.Reviews.SweepPhotos(t.Context()) },
	} {
		if err := sweep(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
}

// Bad input 104: a user with an open order is erased. What the order needs
// stays until it is delivered, what its invoice needs for longer; nothing else
// in the whole database tells of the user any more.
func TestTheErasedAreForgotten(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	user := ann(t, shop)
	delivered, open, cancelled := buys(t, shop), buys(t, shop), buys(t, shop)
	delivers(t, shop, delivered)
	review := reviewed(t, shop, delivered)
	shop.Call(t, "ann", "POST", "/orders/"+cancelled.Order.ID.String()+"/cancel", `{"reason": "`+canary+` moved"}`).Want(t, 200, canary+" moved")
	waiting := shop.Basket(t, "ann", 1, shop.Variant(t))
	shop.Call(t, "ann", "PUT", waiting.Path("/addresses"), `{"email": "`+canary+`@example.com", "shipping": {`+annsHome+`}}`).Want(t, 200)
	wishes(t, shop)
	shop.Call(t, "ann", "POST", "/me/export", "").Want(t, 202)
	if err := shop.Relay.Flush(t.Context(), shop.DB); err != nil {
		t.Fatal(err)
	}
	link := apptest.Read[privacy.Export](t, shop.Call(t, "ann", "GET", "/me/export", "").Want(t, 200)).URL
	picture := apptest.Read[accounts.User](t, shop.Call(t, "ann", "GET", "/me", "").Want(t, 200)).AvatarURL

	for _, place := range []string{
		"users.email", "sessions.user_agent", "addresses.line1", "carts.email", "orders.billing_address", "order_notes.body",
		"invoices.buyer", "tracking_events.detail", "orders.cancel_reason", "idempotency_keys.response", "reviews.author", "reviews.title", "reviews.body", "wishlists.name", "wishlist_items.note", "product_alerts.email",
		"messages.recipient",
	} {
		if !slices.Contains(tells(t, shop), place) {
			t.Fatalf("%s does not hold the canary: this test sees nothing", place)
		}
	}
	if slices.Contains(tells(t, shop), "events.data") {
		t.Error("an event carries more than ids")
	}

	shop.Call(t, "ann", "DELETE", "/me", "").Want(t, 204)
	sweeps(t, shop)
	if diff := missing(tells(t, shop), "invoices.buyer", "order_notes.body", "orders.billing_address", "orders.email", "orders.phone", "orders.shipping_address"); diff != "" {
		t.Errorf("while an order is open: %s", diff)
	}
	if shown := shop.ShowOrder(t, open.Order.ID); shown.Addresses.Shipping.Line1 == "" || shown.Email == "" {
		t.Errorf("an open order cannot be delivered: %+v", shown.Addresses)
	}
	shown := shop.ShowOrder(t, delivered.Order.ID)
	if shown.Addresses.Billing.Name == "" || shown.Addresses.Billing.Phone != "" || shown.Addresses.Shipping.Line1 != "" || shown.Addresses.Shipping.Country != "DE" || shown.Email != "" {
		t.Errorf("the delivered order holds %+v, %q", shown.Addresses, shown.Email)
	}
	if shown := shop.ShowOrder(t, cancelled.Order.ID); shown.Addresses.Billing.Name != "" || shown.CancelReason != "" {
		t.Errorf("nothing was ever paid for an order that tells of %+v, %q", shown.Addresses, shown.CancelReason)
	}

	delivers(t, shop, open)
	sweeps(t, shop)
	for _, place := range tells(t, shop) {
		table, column, _ := strings.Cut(place, ".")
		if privacy.FateOf(table, column) != privacy.Kept {
			t.Errorf("%s still tells of the erased user", place)
		}
	}
	if diff := missing(tells(t, shop), "invoices.buyer", "orders.billing_address"); diff != "" {
		t.Errorf("in the end: %s", diff)
	}
	shop.Call(t, "", "GET", "@"+strings.TrimPrefix(link, shop.URL), "").Want(t, 410, "export_expired")
	shop.Call(t, "", "GET", "@"+picture, "").Want(t, 404)
	shop.Call(t, "", "GET", "@"+review.Photos[0].URL, "").Want(t, 404)
	shop.Call(t, "", "GET", "/products/"+review.Product.Slug+"/reviews", "").Want(t, 200, `"average":4,"count":1`, `"author":""`, `"body":""`)
	shop.Call(t, apptest.Admin, "GET", "/admin/users/"+user.ID.String(), "").Want(t, 200, `"email":""`, `"erased_at":"`)
	shop.WantRows(t, "carts", 0)
	shop.WantRows(t, "avatars", 0)
	shop.WantRows(t, "review_photos", 0)
	shop.WantRows(t, "data_exports", 0)
	shop.WantSound(t)

	// The invoice is not kept for ever.
	shop.InTx(t, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE orders SET placed_at = placed_at - interval '11 years'`)
		return err
	})
	sweeps(t, shop)
	if left := tells(t, shop); len(left) > 0 {
		t.Errorf("after eleven years %v tell of the user", left)
	}
}

// missing says how the places in which somebody is found differ from those
// where they are meant to be.
func missing(got []string, want ...string) string {
	if slices.Equal(got, want) {
		return ""
	}
	return fmt.Sprintf("found in %v, want %v", got, want)
}

// Staff erase whoever asks for it and cannot sign in.
func TestStaffErase(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	user := ann(t, shop)
	shop.User(t, "bob")
	at := "/admin/users/" + user.ID.String()
	shop.Call(t, "bob", "DELETE", at, "").Want(t, 403)
	shop.Call(t, apptest.Admin, "DELETE", at, "").Want(t, 204)
	sweeps(t, shop)
	if left := tells(t, shop); len(left) > 0 {
		t.Errorf("%v tell of the user", left)
	}
	shop.Call(t, apptest.Admin, "DELETE", at, "").Want(t, 404)
	longAgo(t, shop)
	shop.Call(t, apptest.Admin, "DELETE", at, "").Want(t, 403, "step_up_required")
}

// Guests have no account to erase: staff have their order forgotten.
func TestAGuestIsForgotten(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	shop.User(t, "bob")
	mug := shop.Variant(t)
	order := func() checkout.Placed {
		cart := shop.Basket(t, "", 1, mug)
		shop.Call(t, "", "PUT", cart.Path("/addresses"), `{"email": "`+canary+`@example.com", "phone": "+4915123456701", "shipping": {`+annsHome+`}}`).Want(t, 200)
		return apptest.Read[checkout.Placed](t, shop.Place(t, "", shop.Ship(t, "", cart)).Want(t, 201))
	}
	placed := order()
	at := "/admin/orders/" + placed.Order.ID.String() + "/forget"
	shop.Call(t, "bob", "POST", at, "").Want(t, 403)
	shop.Call(t, apptest.Admin, "POST", "/admin/orders/"+placed.Order.ID.String()+"0/forget", "").Want(t, 404)
	shop.Call(t, apptest.Admin, "POST", at, "").Want(t, 204)
	shop.Call(t, apptest.Admin, "POST", at, "").Want(t, 204)
	sweeps(t, shop)
	if shown := shop.ShowOrder(t, placed.Order.ID); shown.Email == "" {
		t.Error("an open order cannot be delivered")
	}
	delivers(t, shop, placed)
	sweeps(t, shop)
	shown := shop.ShowOrder(t, placed.Order.ID)
	if shown.Email != "" || shown.Phone != "" || shown.Addresses.Shipping.Line1 != "" || shown.Addresses.Billing.Name == "" {
		t.Errorf("the order holds %q, %q, %+v", shown.Email, shown.Phone, shown.Addresses)
	}
	other := order()
	delivers(t, shop, other)
	sweeps(t, shop)
	if shown := shop.ShowOrder(t, other.Order.ID); shown.Email == "" || shown.Addresses.Shipping.Line1 == "" {
		t.Error("somebody else was forgotten, too")
	}
}

// longAgo is when everybody proved who they are.
func longAgo(t *testing.T, shop *apptest.App) {
	t.Helper()
	shop.InTx(t, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE sessions SET authenticated_at = authenticated_at - interval '11 minutes'`)
		return err
	})
}

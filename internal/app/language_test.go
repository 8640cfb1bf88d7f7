package app_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/app/apptest"
	"souk/internal/cart"
	"souk/internal/checkout"
	"souk/internal/id"
	"souk/internal/notifications"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// One story: who shops in German finds lamps in German in the wishlist and the
// cart, in the order and in every mail about it, whatever becomes of the words
// afterwards; those who sell and keep the shop read its own, and what was told.
func TestAnOrderSpeaksTheLanguageOfItsBuyer(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	set(t, a, `{"catalog.locales": "de"}`)
	vendor := a.Owner(t, "vera")
	lamp := a.Product(t, apptest.By(vendor), apptest.Titled("Brass lamp"), apptest.Choice("Colour", "Red", "Blue"))
	mug := a.Product(t, apptest.By(vendor), apptest.Titled("Mug"))
	kit := bundle(t, a, vendor, "", `{"pricing": "summed", "components": [`+component(lamp.Variants[0], 1)+`]}`)
	path := "/admin/products/" + lamp.ID.String()
	patch(t, a, apptest.Admin, path, `{"translations": {"de": {"title": "Messinglampe", "options": {"Red": "Rot"}}}}`, 200)
	german, english := []string{`"title":"Messinglampe"`, `"title":"Rot"`, `"title":"Messinglampe: Rot"`, `"title":"Mug"`}, []string{`"title":"Brass lamp"`, `"title":"Red"`, `"title":"Brass lamp: Red"`, `"title":"Mug"`}
	lacks := func(w apptest.Answer, words ...string) {
		t.Helper()
		for _, word := range words {
			if strings.Contains(w.Body, word) {
				t.Errorf("%q is in %s", word, w.Body)
			}
		}
	}

	c := a.Cart(t, "", 1, lamp.Variants[0], mug.Variants[0], kit.Variants[0].ID)
	shown := a.Call(t, "", "GET", c.Path(""), "", "Accept-Language", "de").Want(t, 200, german...)
	if got := shown.Header.Get("Content-Language"); got != "de" {
		t.Errorf("the cart is in %q", got)
	}
	lacks(a.Call(t, "", "GET", c.Path(""), "").Want(t, 200, english...), "Messing", "Rot")

	saved := apptest.Read[cart.SavedView](t, a.Call(t, "", "POST", c.Path("/items/"+c.Items[0].ID.String()+"/save-for-later?locale=de"), `{}`).Want(t, 200, `"saved":{"wishlist_id"`))
	if saved.Saved.Item.Product.Title != "Messinglampe" || saved.Saved.Item.Title != "Rot" {
		t.Errorf("saved: %+v", saved.Saved.Item)
	}
	list := "/wishlists/" + saved.Saved.List.String()
	a.Call(t, "", "GET", list+"?locale=de", "").Want(t, 200, german[:2]...)
	lacks(a.Call(t, "", "GET", list, "").Want(t, 200, english[:2]...), "Messing")
	a.Call(t, "", "PATCH", list+"/items/"+saved.Saved.Item.ID.String()+"?locale=de", `{"quantity": 1}`).Want(t, 200, german[:2]...)
	a.Call(t, "", "POST", list+"/items/"+saved.Saved.Item.ID.String()+"/move-to-cart?locale=de", `{"cart_id": "`+c.ID.String()+`"}`).Want(t, 200, german...)

	placed := a.Call(t, "", "POST", "/checkout", c.Order("cod"), "Idempotency-Key", id.New[id.Event]().String(), "Accept-Language", "de").Want(t, 201, append(german, `"locale":"de"`)...)
	lacks(placed, "Brass", "told_title")
	order := apptest.Read[checkout.Placed](t, placed)
	patch(t, a, apptest.Admin, path, `{"title": "Copper lamp", "translations": {"de": {"title": "Kupferlampe"}}}`, 200)
	lacks(a.Call(t, "", "GET", apptest.OrderPath(order, ""), "").Want(t, 200, german...), "Brass", "upfer", "told_title")
	both := append([]string{`"told_title":"Messinglampe"`, `"told_title":"Rot"`, `"told_title":"Messinglampe: Rot"`}, english...)
	a.Call(t, apptest.Admin, "GET", "/admin/orders/"+order.Order.ID.String(), "").Want(t, 200, both...)
	a.Call(t, "vera", "GET", "/vendor/orders/"+order.Order.ID.String(), "").Want(t, 200, both...)
	if n := a.Count(t, `SELECT count(*)::int FROM order_lines WHERE title = 'Mug' AND told_title = '' AND told_variant_title = ''`, nil); n != 1 {
		t.Error("what is called the same in both languages is kept twice")
	}

	a.Deliver(t, a.Send(t, order.Order.ID, order.Order.Parts[0], 0))
	a.Call(t, "", "GET", apptest.OrderPath(order, ""), "").Want(t, 200, german...)
	if err := a.Relay.Flush(t.Context(), a.DB); err != nil {
		t.Fatal(err)
	}
	mails, err := postgres.All[notifications.Message](t.Context(), a.DB, `
		SELECT id, event_id, kind, recipient, user_id, locale, subject, html, text, invoice_id, status, attempts, error, created_at, sent_at
		FROM messages WHERE kind LIKE 'order_%' ORDER BY id`, pgx.NamedArgs{})
	if err != nil || len(mails) != 3 {
		t.Fatalf("%d mails: %v", len(mails), err)
	}
	for _, m := range mails {
		if m.Locale != "de" || !strings.Contains(m.Text, "Messinglampe") || !strings.Contains(m.Text, "Rot") || strings.Contains(m.Text, "Brass") {
			t.Errorf("%s goes out in %q:\n%s", m.Kind, m.Locale, m.Text)
		}
	}
	a.WantSound(t)
}

// Whoever asks for no language buys in the shop's own, and is written to in the
// one that they have chosen for that.
func TestAnOrderWithoutALanguageIsAsBefore(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	a.User(t, "ann")
	a.Call(t, "ann", "PATCH", "/me", `{"locale": "de"}`).Want(t, 200)
	set(t, a, `{"catalog.locales": "hi, pt-BR"}`)
	lamp := a.Product(t, apptest.Titled("Brass lamp"))
	patch(t, a, apptest.Admin, "/admin/products/"+lamp.ID.String(), `{"translations": {"hi": {"title": "पीतल का दीपक"}}}`, 200)
	own := a.PlacedOrder(t, "ann", 1, lamp.Variants[0])
	if own.Order.Locale != "" || own.Order.Items[0].Title != "Brass lamp" {
		t.Errorf("placed: %+v", own.Order)
	}
	c := a.Cart(t, "ann", 1, lamp.Variants[0])
	a.Call(t, "ann", "POST", "/checkout?locale=hi", c.Order("cod"), "Idempotency-Key", id.New[id.Event]().String()).Want(t, 201, "पीतल")
	c = a.Cart(t, "ann", 1, lamp.Variants[0]) // mails are not written in this one
	a.Call(t, "ann", "POST", "/checkout?locale=pt-BR", c.Order("cod"), "Idempotency-Key", id.New[id.Event]().String()).Want(t, 201, `"locale":"pt-BR"`)
	if err := a.Relay.Flush(t.Context(), a.DB); err != nil {
		t.Fatal(err)
	}
	for _, told := range []struct {
		locale, title string
		mails         int
	}{{"de", "Brass lamp", 2}, {"hi", "पीतल का दीपक", 1}} {
		args := pgx.NamedArgs{"locale": told.locale, "title": "%" + told.title + "%"}
		if n := a.Count(t, `SELECT count(*)::int FROM messages WHERE kind = 'order_confirmed' AND locale = @locale AND text LIKE @title`, args); n != told.mails {
			t.Errorf("%d mails in %s name a %s, want %d", n, told.locale, told.title, told.mails)
		}
	}
}

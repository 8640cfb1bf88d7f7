package wishlist_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/app/apptest"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/pgtest"
	"souk/internal/wishlist"
)

func TestAThingIsOnAListOnce(t *testing.T) {
	s := open(t)
	mug := s.Variant(t, apptest.Price(1999))
	if v := s.view("ann", "/me/wishlist"); !v.Default || !v.ID.IsZero() || len(v.Items) != 0 {
		t.Errorf("before its first use it is %+v", v)
	}
	s.WantRows(t, "wishlists", 0)
	first := s.add("ann", "/me/wishlist", mug)
	again := apptest.Read[wishlist.ItemView](t, s.call("ann", "POST", "/me/wishlist/items",
		fmt.Sprintf(`{"variant_id": %q, "quantity": 3, "note": " for Mum "}`, mug)).Want(t, 200))
	third := s.add("ann", "/me/wishlist", mug)
	if first.ID != again.ID || third.ID != first.ID || third.Quantity != 3 || third.Note != "for Mum" {
		t.Errorf("first %+v\nagain %+v\nthird %+v", first, again, third)
	}
	s.WantRows(t, "wishlist_items", 1)
}

func TestAListShowsPricesOfThenAndNow(t *testing.T) {
	s := open(t)
	cheaper, soldOut, gone := s.Variant(t, apptest.Price(2000)), s.Variant(t, apptest.Stock(0)), s.Variant(t)
	foreign := s.Variant(t, apptest.Price(1000), apptest.Also(money.Of(900, "EUR")))
	for _, v := range []id.Variant{cheaper, soldOut, gone, foreign} {
		s.add("ann", "/me/wishlist", v)
	}
	s.price(cheaper, 1500)
	s.exec(`UPDATE products SET status = 'archived' WHERE id = (SELECT product_id FROM variants WHERE id = @v)`, pgx.NamedArgs{"v": gone})
	items := s.view("ann", "/me/wishlist").Items
	if len(items) != 4 || items[0].VariantID != foreign || items[3].VariantID != cheaper {
		t.Fatalf("not the newest first, or not all: %+v", items)
	}
	if now, then := items[3].Price, items[3].PriceThen; now == nil || now.Minor != 1500 || then == nil || then.Minor != 2000 || items[3].Availability != "in_stock" {
		t.Errorf("cheaper: %+v", items[3])
	}
	if items[2].Availability != "out_of_stock" || items[2].Price == nil {
		t.Errorf("sold out: %+v", items[2])
	}
	if items[1].Availability != "unavailable" || items[1].Price != nil || items[1].Product.Title == "" {
		t.Errorf("gone: %+v", items[1])
	}
	euros := s.view("ann", "/me/wishlist?currency=EUR").Items
	if euros[0].Price == nil || euros[0].Price.Currency != "EUR" || euros[0].PriceThen.Currency != "USD" || euros[3].Availability != "unavailable" {
		t.Errorf("in euros: %+v", euros)
	}
	s.call("ann", "PATCH", "/me", `{"currency": "EUR"}`).Want(t, 200)
	if own := s.view("ann", "/me/wishlist").Items; own[0].Price == nil || own[0].Price.Currency != "EUR" {
		t.Errorf("in the currency of the user: %+v", own[0])
	}
	s.call("ann", "GET", "/me/wishlist?currency=XXQ", "").Want(t, 422, "unknown_currency")
}

func TestAProductStandsForItsFirstVariant(t *testing.T) {
	s := open(t)
	mug := s.Product(t, apptest.Choice("Color", "blue", "red"))
	got := apptest.Read[wishlist.ItemView](t, s.call("ann", "POST", "/me/wishlist/items", fmt.Sprintf(`{"product_id": %q}`, mug.ID)).Want(t, 200))
	if got.VariantID != mug.Variants[0] || got.Product.ID != mug.ID {
		t.Errorf("put on the list: %+v", got)
	}
	s.call("ann", "POST", "/me/wishlist/items", fmt.Sprintf(`{"product_id": %q, "variant_id": %q}`, mug.ID, mug.Variants[0])).Want(t, 422, "/variant_id")
	s.call("ann", "POST", "/me/wishlist/items", `{}`).Want(t, 422, "/variant_id")
}

func TestWhatTheShopNeverShowedIsOnNoList(t *testing.T) {
	s := open(t)
	draft := s.Variant(t, apptest.Unreviewed())
	s.exec(`UPDATE products SET status = 'draft' WHERE id = (SELECT product_id FROM variants WHERE id = @v)`, pgx.NamedArgs{"v": draft})
	for _, v := range []id.Variant{draft, id.New[id.Variant]()} {
		s.call("ann", "POST", "/me/wishlist/items", variantBody(v)).Want(t, 404, "variant_not_found")
	}
	for _, status := range []string{"scheduled", "archived"} { // and was never on sale
		s.exec(`UPDATE products SET status = @status WHERE id = (SELECT product_id FROM variants WHERE id = @v)`, pgx.NamedArgs{"v": draft, "status": status})
		s.call("ann", "POST", "/me/wishlist/items", variantBody(draft)).Want(t, 404, "variant_not_found")
	}
	s.WantRows(t, "wishlist_items", 0)
	for _, bad := range []string{`"quantity": 0`, `"quantity": 10001`, `"note": "a\nb"`, `"note": "\u202ex"`, `"currency": "XXQ"`} {
		s.call("ann", "POST", "/me/wishlist/items", fmt.Sprintf(`{"variant_id": %q, %s}`, draft, bad)).Want(t, 422)
	}
}

func TestSeveralListsOneDefault(t *testing.T) {
	s := open(t)
	mug := s.Variant(t)
	party := s.named("ann", "Party")
	item := s.add("ann", party, mug)
	s.add("ann", "/me/wishlist", mug)
	all := apptest.Read[struct{ Data []wishlist.Summary }](t, s.call("ann", "GET", "/me/wishlists", "").Want(t, 200)).Data
	if len(all) != 2 || !all[0].Default || all[0].Name != wishlist.FirstName || all[1].Name != "Party" || all[1].ItemCount != 1 {
		t.Errorf("lists: %+v", all)
	}
	first := "/me/wishlists/" + all[0].ID.String()
	s.call("ann", "DELETE", first, "").Want(t, 409, "default_wishlist")
	s.call("ann", "PATCH", party, `{"name": "Feast", "default": true, "price_drops": false, "back_in_stock": true}`).Want(t, 200, `"name":"Feast"`, `"default":true`, `"price_drops":false`, `"back_in_stock":true`)
	if v := s.view("ann", "/me/wishlist"); v.Name != "Feast" || v.Items[0].ID != item.ID {
		t.Errorf("the default is %+v", v)
	}
	s.call("ann", "PATCH", party+"/items/"+item.ID.String(), `{"quantity": 4, "note": "big"}`).Want(t, 200, `"quantity":4`, `"note":"big"`)
	s.call("ann", "DELETE", "/me/wishlist/items/"+item.ID.String(), "").Want(t, 204)
	s.call("ann", "DELETE", "/me/wishlist/items/"+item.ID.String(), "").Want(t, 404, "item_not_found")
	s.call("ann", "DELETE", first, "").Want(t, 204)
	s.call("ann", "GET", first, "").Want(t, 404)
	for _, name := range []string{"", " ", "a\nb"} {
		s.call("ann", "PATCH", party, fmt.Sprintf(`{"name": %q}`, name)).Want(t, 422, "/name")
	}
}

func TestTheListsOfOthersAreNotThere(t *testing.T) {
	s := open(t)
	mug := s.Variant(t)
	hers := s.named("ann", "Hers")
	item := s.add("ann", hers, mug).ID.String()
	byID := "/wishlists/" + s.view("ann", hers).ID.String()
	_, guests := s.guests()
	s.add("", guests, mug)
	cart := s.Basket(t, "ben", 1, mug)
	for _, as := range []string{"ben", ""} {
		for _, list := range []string{hers, byID} {
			want := 404
			if as == "" && list == hers {
				want = 401
			}
			s.call(as, "GET", list, "").Want(t, want)
			s.call(as, "DELETE", list, "").Want(t, want)
			s.call(as, "POST", list+"/items", variantBody(mug)).Want(t, want)
			s.call(as, "PATCH", list+"/items/"+item, `{"note": "mine"}`).Want(t, want)
			s.call(as, "DELETE", list+"/items/"+item, "").Want(t, want)
			s.call(as, "POST", list+"/items/"+item+"/move-to-cart", fmt.Sprintf(`{"cart_id": %q}`, cart.ID)).Want(t, want)
		}
	}
	s.call("ben", "PATCH", hers, `{"name": "mine"}`).Want(t, 404)
	s.call("ben", "POST", hers+"/share", `{}`).Want(t, 404)
	s.call("ben", "DELETE", hers+"/share", "").Want(t, 404)
	s.call("ben", "DELETE", "/me/wishlist/items/"+item, "").Want(t, 404)
	s.call("ben", "POST", "/me/wishlist/items/"+item+"/move-to-cart", fmt.Sprintf(`{"cart_id": %q}`, cart.ID)).Want(t, 404)
	s.call("ann", "GET", "/me"+guests, "").Want(t, 404) // it is a guest's until it is claimed
	if v := s.view("ann", hers); len(v.Items) != 1 || v.Items[0].Note != "" {
		t.Errorf("hers is %+v", v)
	}
}

func TestListsHaveBounds(t *testing.T) {
	s := open(t)
	mug, cup := s.Variant(t), s.Variant(t)
	s.add("ann", "/me/wishlist", mug)
	list := s.view("ann", "/me/wishlist").ID
	s.exec(`INSERT INTO wishlist_items (id, wishlist_id, variant_id, currency) SELECT gen_random_uuid(), @list, gen_random_uuid(), 'USD' FROM generate_series(2, 500)`, pgx.NamedArgs{"list": list})
	s.call("ann", "POST", "/me/wishlist/items", variantBody(cup)).Want(t, 409, "wishlist_full")
	s.add("ann", "/me/wishlist", mug) // which is there
	guest, path := s.guests()
	s.add("", path, cup)
	s.call("ann", "POST", "/me/wishlists/claim", fmt.Sprintf(`{"wishlist_id": %q}`, guest)).Want(t, 409, "wishlist_full")
	if left := s.view("", path); len(left.Items) != 1 {
		t.Errorf("a refused claim leaves %+v", left)
	}
	s.exec(`INSERT INTO wishlists (id, user_id, name) SELECT gen_random_uuid(), user_id, 'x' FROM wishlists, generate_series(2, 50) WHERE id = @list`, pgx.NamedArgs{"list": list})
	s.call("ann", "POST", "/me/wishlists", `{"name": "One more"}`).Want(t, 409, "too_many_wishlists")
}

func TestAGuestsListIsMergedIntoTheAccount(t *testing.T) {
	s := open(t)
	mug, cup := s.Variant(t), s.Variant(t)
	own := s.add("ann", "/me/wishlist", mug)
	guest, path := s.guests()
	s.call("", "POST", path+"/items", fmt.Sprintf(`{"variant_id": %q, "quantity": 7}`, mug)).Want(t, 200)
	s.add("", path, cup)
	claim := fmt.Sprintf(`{"wishlist_id": %q}`, guest)
	got := apptest.Read[wishlist.View](t, s.call("ann", "POST", "/me/wishlists/claim", claim).Want(t, 200))
	if len(got.Items) != 2 || got.Items[0].VariantID != cup || got.Items[1].ID != own.ID || got.Items[1].Quantity != 1 || !got.Default {
		t.Errorf("merged into %+v", got)
	}
	s.call("ann", "POST", "/me/wishlists/claim", claim).Want(t, 404)
	s.call("", "GET", path, "").Want(t, 404)
	s.call("ben", "POST", "/me/wishlists/claim", fmt.Sprintf(`{"wishlist_id": %q}`, got.ID)).Want(t, 404) // not a guest's
}

func TestGuestsListsAreForgotten(t *testing.T) {
	s := open(t)
	mug := s.Variant(t)
	_, old := s.guests()
	_, used := s.guests()
	s.add("ann", "/me/wishlist", mug)
	s.exec(`UPDATE wishlists SET updated_at = now() - interval '91 days'`, nil)
	s.add("", used, mug)
	if err := s.Wishlists.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.call("", "GET", old, "").Want(t, 404)
	s.view("", used)
	if v := s.view("ann", "/me/wishlist"); len(v.Items) != 1 {
		t.Errorf("a customer's old list is %+v", v)
	}
}

func TestASharedListShowsNothingOfItsOwner(t *testing.T) {
	s := open(t)
	s.call("ann", "PATCH", "/me", `{"name": "Ann Zqsurname"}`).Want(t, 200)
	party := s.named("ann", "Party")
	s.call("ann", "POST", party+"/items", fmt.Sprintf(`{"variant_id": %q, "note": "zqnote"}`, s.Variant(t, apptest.Titled("Teapot")))).Want(t, 200)
	share := apptest.Read[wishlist.Share](t, s.call("ann", "POST", party+"/share", `{}`).Want(t, 200))
	shared := "/wishlists/shared/" + share.Token.String()
	answer := s.call("", "GET", shared, "").Want(t, 200, `"name":"Party"`, "Teapot", `"owner":""`)
	if answer.Header.Get("X-Robots-Tag") != "noindex" || answer.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers: %v", answer.Header)
	}
	answer.LacksEcho(t, "", `{"a": "Zqsurname", "b": "zqnote", "c": "`+s.view("ann", party).ID.String()+`"}`)
	named := apptest.Read[wishlist.Share](t, s.call("ann", "POST", party+"/share", `{"show_name": true}`).Want(t, 200))
	if named.Token != share.Token {
		t.Error("sharing again makes another link")
	}
	s.call("", "GET", shared, "").Want(t, 200, `"owner":"Ann"`).LacksEcho(t, "", `{"a": "Zqsurname", "b": "zqnote"}`)
	s.call("ann", "PATCH", "/me", `{"name": "ann@example.com"}`).Want(t, 200)
	s.call("", "GET", shared, "").Want(t, 200, `"owner":""`)
	s.call("", "POST", shared+"/items", variantBody(s.Variant(t))).Want(t, 404)
	for range 2 {
		s.call("ann", "DELETE", party+"/share", "").Want(t, 204)
	}
	s.call("", "GET", shared, "").Want(t, 404)
	s.call("", "GET", "/wishlists/shared/nonsense", "").Want(t, 404)
	if again := apptest.Read[wishlist.Share](t, s.call("ann", "POST", party+"/share", `{}`).Want(t, 200)); again.Token == share.Token {
		t.Error("an old link works again")
	}
}

// Two tabs press the heart, and sign in, at once.
func TestWritesToOneListAtOnce(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	mug := s.Variant(t)
	guest, path := s.guests()
	s.add("", path, s.Variant(t))
	claim := fmt.Sprintf(`{"wishlist_id": %q}`, guest)
	statuses := make([]int, 12)
	var tabs sync.WaitGroup
	for i := range statuses {
		tabs.Go(func() {
			if i%2 == 0 {
				statuses[i] = s.Call(t, "ann", "POST", "/me/wishlist/items", variantBody(mug)).Status
			} else {
				statuses[i] = s.Call(t, "ann", "POST", "/me/wishlists/claim", claim).Status
			}
		})
	}
	tabs.Wait()
	claimed := 0
	for i, status := range statuses {
		switch {
		case i%2 == 0 && status != 200:
			t.Errorf("a heart is answered %d", status)
		case i%2 == 1 && status == 200:
			claimed++
		case i%2 == 1 && status != 404:
			t.Errorf("a claim is answered %d", status)
		}
	}
	if claimed != 1 {
		t.Errorf("the list was claimed %d times", claimed)
	}
	s.WantRows(t, "wishlists", 1)
	s.WantRows(t, "wishlist_items", 2)
}

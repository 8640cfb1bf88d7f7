package cart_test

import (
	"fmt"
	"sync"
	"testing"

	"souk/internal/app/apptest"
	"souk/internal/cart"
	"souk/internal/id"
	"souk/internal/platform/pgtest"
	"souk/internal/wishlist"
)

func wishes(t *testing.T, shop *apptest.App, as, list string) []wishlist.ItemView {
	t.Helper()
	return apptest.Read[wishlist.View](t, shop.Call(t, as, "GET", list, "").Want(t, 200)).Items
}

func wished(t *testing.T, shop *apptest.App, as, list string, variant id.Variant, quantity int) wishlist.ItemView {
	t.Helper()
	return apptest.Read[wishlist.ItemView](t, shop.Call(t, as, "POST", list+"/items", fmt.Sprintf(`{"variant_id": %q, "quantity": %d}`, variant, quantity)).Want(t, 200))
}

func into(c apptest.Cart) string { return fmt.Sprintf(`{"cart_id": %q}`, c.ID) }

func TestAnItemIsSavedForLaterAndTakenBack(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	shop.User(t, "ann")
	mug, tea := shop.Variant(t), shop.Variant(t)
	c := shop.Basket(t, "ann", 3, mug, tea)
	path := c.Path("/items/" + c.Items[0].ID.String() + "/save-for-later")
	saved := apptest.Read[cart.SavedView](t, shop.Call(t, "ann", "POST", path, `{}`).Want(t, 200))
	if len(saved.Items) != 1 || saved.Items[0].VariantID != tea || saved.Totals.Items.Minor != 3000 || saved.Saved.Item.VariantID != mug || saved.Saved.Item.Quantity != 3 {
		t.Errorf("saved: %+v", saved)
	}
	shop.Call(t, "ann", "POST", path, `{}`).Want(t, 404, "item_not_found")
	list := wishes(t, shop, "ann", "/me/wishlist")
	if len(list) != 1 || list[0].ID != saved.Saved.Item.ID {
		t.Fatalf("the list: %+v", list)
	}
	move := "/me/wishlist/items/" + list[0].ID.String() + "/move-to-cart"
	back := apptest.Read[cart.View](t, shop.Call(t, "ann", "POST", move, into(c)).Want(t, 200))
	if len(back.Items) != 2 || back.Items[1].VariantID != mug || back.Items[1].Quantity != 3 || len(wishes(t, shop, "ann", "/me/wishlist")) != 0 {
		t.Errorf("taken back: %+v", back)
	}
	shop.Call(t, "ann", "POST", move, into(c)).Want(t, 404, "item_not_found")
}

func TestAGuestSavesForLater(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	mug, tea := shop.Variant(t), shop.Variant(t)
	c := shop.Basket(t, "", 1, mug, tea)
	saved := apptest.Read[cart.SavedView](t, shop.Call(t, "", "POST", c.Path("/items/"+c.Items[0].ID.String()+"/save-for-later"), `{}`).Want(t, 200))
	list := "/wishlists/" + saved.Saved.List.String()
	shop.Call(t, "", "POST", c.Path("/items/"+c.Items[1].ID.String()+"/save-for-later"), fmt.Sprintf(`{"wishlist_id": %q}`, saved.Saved.List)).Want(t, 200, `"items":[]`)
	if items := wishes(t, shop, "", list); len(items) != 2 {
		t.Errorf("the guest's list: %+v", items)
	}
	shop.Call(t, "", "POST", list+"/items/"+saved.Saved.Item.ID.String()+"/move-to-cart", into(c)).Want(t, 200, mug.String())
}

func TestNothingIsSavedOnTheListOfOthers(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	shop.User(t, "ann")
	shop.User(t, "ben")
	mug := shop.Variant(t)
	wished(t, shop, "ben", "/me/wishlist", mug, 1)
	bens := apptest.Read[wishlist.View](t, shop.Call(t, "ben", "GET", "/me/wishlist", "").Want(t, 200)).ID
	for _, as := range []string{"ann", ""} {
		c := shop.Basket(t, as, 1, mug)
		shop.Call(t, as, "POST", c.Path("/items/"+c.Items[0].ID.String()+"/save-for-later"), fmt.Sprintf(`{"wishlist_id": %q}`, bens)).Want(t, 404)
		if left := apptest.Read[cart.View](t, shop.Call(t, as, "GET", c.Path(""), "").Want(t, 200)); len(left.Items) != 1 {
			t.Errorf("the cart of %q is %+v", as, left.Items)
		}
	}
	hers := shop.Basket(t, "ann", 1, mug)
	shop.Call(t, "ben", "POST", hers.Path("/items/"+hers.Items[0].ID.String()+"/save-for-later"), `{}`).Want(t, 404)
}

// What cannot be bought, or not so many, stays on the list, and the cart as it is.
func TestAWishThatCannotBeBoughtStays(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	shop.User(t, "ann")
	few, gone, hidden := shop.Variant(t, apptest.Stock(2)), shop.Product(t), shop.Product(t)
	c := shop.Basket(t, "ann", 1, shop.Variant(t))
	for _, w := range []struct {
		variant  id.Variant
		quantity int
		hide     string
		code     string
	}{
		{few, 3, "", "insufficient_stock"},
		{gone.Variants[0], 1, "DELETE /admin/products/" + gone.ID.String(), "not_purchasable"},
		{hidden.Variants[0], 1, "POST /admin/products/" + hidden.ID.String() + "/hide", "not_purchasable"},
	} {
		item := wished(t, shop, "ann", "/me/wishlist", w.variant, w.quantity)
		if w.hide != "" {
			var method, path string
			if _, err := fmt.Sscan(w.hide, &method, &path); err != nil {
				t.Fatal(err)
			}
			if got := shop.Call(t, apptest.Admin, method, path, ""); got.Status >= 300 {
				t.Fatal(got.Body)
			}
		}
		before := shop.State(t)
		shop.Call(t, "ann", "POST", "/me/wishlist/items/"+item.ID.String()+"/move-to-cart", into(c)).Want(t, 409, w.code, w.variant.String())
		if changed := before.Changed(shop.State(t)); len(changed) > 0 {
			t.Errorf("%s has changed %v", w.code, changed)
		}
	}
	full := shop.Basket(t, "", 1, few)
	item := wished(t, shop, "ann", "/me/wishlist", few, 1).ID.String()
	shop.Call(t, "ann", "POST", "/me/wishlist/items/"+item+"/move-to-cart", into(full)).Want(t, 409, "insufficient_stock") // 1 and 3 of 2
	shop.Call(t, "ann", "POST", "/me/wishlist/items/"+item+"/move-to-cart", fmt.Sprintf(`{"cart_id": %q}`, id.Secret[id.Cart]())).Want(t, 404)
}

// Two tabs move one wish, and two lists the last unit: it is in the cart once.
func TestTheLastUnitIsMovedOnce(t *testing.T) {
	t.Parallel()
	shop := apptest.New(t, pgtest.DB(t))
	shop.User(t, "ann")
	last := shop.Variant(t, apptest.Stock(1))
	c := shop.Basket(t, "ann", 1, shop.Variant(t))
	guests := "/wishlists/" + apptest.Read[wishlist.View](t, shop.Call(t, "", "POST", "/wishlists", "").Want(t, 201)).ID.String()
	own := "/me/wishlist/items/" + wished(t, shop, "ann", "/me/wishlist", last, 1).ID.String() + "/move-to-cart"
	other := guests + "/items/" + wished(t, shop, "", guests, last, 1).ID.String() + "/move-to-cart"
	statuses := make([]int, 8)
	var tabs sync.WaitGroup
	for i := range statuses {
		tabs.Go(func() {
			path := own
			if i%2 == 1 {
				path = other
			}
			statuses[i] = shop.Call(t, "ann", "POST", path, into(c)).Status
		})
	}
	tabs.Wait()
	moved := 0
	for _, status := range statuses {
		switch status {
		case 200:
			moved++
		case 404, 409: // the wish is gone, or the last one is in the cart
		default:
			t.Errorf("answered %d", status)
		}
	}
	left := len(wishes(t, shop, "ann", "/me/wishlist")) + len(wishes(t, shop, "", guests))
	after := apptest.Read[cart.View](t, shop.Call(t, "ann", "GET", c.Path(""), "").Want(t, 200))
	if moved != 1 || left != 1 || len(after.Items) != 2 || after.Items[1].Quantity != 1 {
		t.Errorf("moved %d times, %d wishes are left, the cart holds %+v", moved, left, after.Items)
	}
}

package wishlist_test

import (
	"fmt"
	"testing"

	"souk/internal/app/apptest"
	"souk/internal/catalog"
	"souk/internal/id"
)

// Who waits for a bundle hears when a component comes back, and when one that
// it sums up costs less.
func TestABundleIsBackWhenItsComponentIs(t *testing.T) {
	s := open(t)
	pot := s.Product(t, apptest.Titled("Pot"), apptest.Stock(5), apptest.Price(5000))
	mug := s.Product(t, apptest.Titled("Mug"), apptest.By(pot.Vendor), apptest.Stock(1), apptest.Price(1000))
	part := func(v id.Variant, n int) string { return fmt.Sprintf(`{"variant_id": %q, "quantity": %d}`, v, n) }
	set := apptest.Read[catalog.Product](t, s.call(apptest.Admin, "POST", "/admin/products", fmt.Sprintf(
		`{"title": "Set", "vendor_id": %q, "status": "active", "variants": [{"bundle": {"pricing": "summed", "components": [%s, %s]}}]}`,
		pot.Vendor, part(pot.Variants[0], 1), part(mug.Variants[0], 2))).Want(t, 201)).Variants[0].ID
	s.tell()
	s.call("ann", "GET", "/me/wishlist", "").Want(t, 200)
	s.add("ann", "/me/wishlist", set)
	list := "/me/wishlists/" + s.view("ann", "/me/wishlist").ID.String()
	s.call("ann", "PATCH", list, `{"back_in_stock": true}`).Want(t, 200)
	if now := s.view("ann", "/me/wishlist").Items[0]; now.Availability != "out_of_stock" || now.Price.Minor != 7000 {
		t.Errorf("one mug makes no set: %+v", now)
	}
	s.stock(mug.Variants[0], 1)
	s.tell()
	s.wantMails("the second mug came", "back_in_stock", 1)
	s.PlacedOrder(t, "", 1, mug.Variants[0])
	s.tell()
	s.stock(mug.Variants[0], 3)
	s.tell()
	if now := s.view("ann", "/me/wishlist").Items[0]; now.Availability != "in_stock" {
		t.Errorf("the mugs are back: %+v", now)
	}
	s.price(pot.Variants[0], 4000)
	s.tell()
	s.wantMails("the pot is cheaper", "price_drop", 1)
}

package app_test

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/app/apptest"
	"souk/internal/catalog"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// A product that gets another address is found at the old one, until another
// product has that.
func TestAProductThatMovesIsFound(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	lamp, mug := a.Product(t), a.Product(t)
	rename := func(g apptest.Goods, slug string) {
		t.Helper()
		path := "/admin/products/" + g.ID.String()
		now := a.Call(t, apptest.Admin, "GET", path, "").Want(t, 200)
		a.Call(t, apptest.Admin, "PATCH", path, fmt.Sprintf(`{"slug": %q}`, slug), "If-Match", now.Header.Get("ETag")).Want(t, 200)
		a.Refresh(t, g.ID)
	}
	rename(lamp, "lamp")
	rename(lamp, "brass-lamp")
	rename(lamp, "old-brass-lamp")
	for _, slug := range []string{"lamp", "brass-lamp"} {
		moved := a.Call(t, "", "GET", "/products/"+slug+"?currency=USD", "").Want(t, 301)
		if to := moved.Header.Get("Location"); to != "/api/v1/products/old-brass-lamp?currency=USD" {
			t.Errorf("%s leads to %s", slug, to)
		}
	}
	a.Call(t, "", "GET", "/products/old-brass-lamp", "").Want(t, 200)
	rename(mug, "lamp")
	a.Call(t, "", "GET", "/products/lamp", "").Want(t, 200, mug.ID.String())
	rename(mug, "mug")
	if to := a.Call(t, "", "GET", "/products/lamp", "").Want(t, 301).Header.Get("Location"); to != "/api/v1/products/mug" {
		t.Errorf("whoever had it last is not found: %s", to)
	}
	a.Call(t, "", "GET", "/products/never-was", "").Want(t, 404)
	a.Call(t, apptest.Admin, "DELETE", "/admin/products/"+mug.ID.String(), "").Want(t, 204)
	a.Refresh(t, mug.ID)
	a.Call(t, "", "GET", "/products/lamp", "").Want(t, 404)
}

// What is approved before its time waits for it, and comes off when that is over.
func TestProductsAreOnSaleInTheirTime(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	g := a.Product(t)
	path := "/admin/products/" + g.ID.String()
	call := func(method, path, body string, headers ...string) catalog.Product {
		t.Helper()
		return apptest.Read[catalog.Product](t, a.Call(t, apptest.Admin, method, path, body, headers...).Want(t, 200))
	}
	status := func(want catalog.Status) {
		t.Helper()
		if err := a.Catalog.KeepSchedule(t.Context()); err != nil {
			t.Fatal(err)
		}
		a.Refresh(t, g.ID)
		if got := call("GET", path, ""); got.Status != want {
			t.Errorf("it is %s, want %s", got.Status, want)
		}
		shown := 404
		if want == catalog.Active {
			shown = 200
		}
		a.Call(t, "", "GET", "/products/"+g.ID.String(), "").Want(t, shown)
	}
	due := func(column string) {
		t.Helper()
		a.InTx(t, func(tx pgx.Tx) error {
			_, err := postgres.Exec(t.Context(), tx, `UPDATE products SET `+column+` = now() WHERE id = @id`, pgx.NamedArgs{"id": g.ID})
			return err
		})
	}
	hidden := call("POST", path+"/hide", "")
	a.Call(t, apptest.Admin, "PATCH", path, `{"publish_at": "2990-01-01T00:00:00Z", "unpublish_at": "2989-01-01T00:00:00Z"}`, "If-Match", hidden.ETag()).
		Want(t, 422, "too_early")
	call("PATCH", path, `{"publish_at": "2990-01-01T00:00:00Z", "unpublish_at": "2991-01-01T00:00:00Z"}`, "If-Match", hidden.ETag())
	call("POST", path+"/approve", "")
	status(catalog.Scheduled)
	due("publish_at")
	status(catalog.Active)
	due("unpublish_at")
	status(catalog.InDraft)
	call("POST", path+"/approve", "")
	status(catalog.Active)
}

// What is sold by the half dozen, four times at most, goes into no cart otherwise.
func TestQuantitiesAreSoldAsTheVendorSays(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	g := a.Product(t, apptest.Stock(100))
	path := fmt.Sprintf("/admin/products/%s/variants/%s", g.ID, g.Variants[0])
	for _, bad := range []string{`{"min_per_order": 0}`, `{"min_per_order": 6, "max_per_order": 5}`, `{"max_per_order": -1}`} {
		a.Call(t, apptest.Admin, "PATCH", path, bad, "If-Match", `"v1"`).Want(t, 422)
	}
	a.Call(t, apptest.Admin, "PATCH", path, `{"min_per_order": 6, "max_per_order": 24}`, "If-Match", `"v1"`).Want(t, 200)
	item := func(n int) string { return fmt.Sprintf(`{"variant_id": %q, "quantity": %d}`, g.Variants[0], n) }
	cart := apptest.Read[struct{ ID string }](t, a.Call(t, "", "POST", "/carts", `{}`).Want(t, 201)).ID
	for _, n := range []int{1, 5, 25} {
		a.Call(t, "", "POST", "/carts/"+cart+"/items", item(n)).Want(t, 422, "quantity_limit")
	}
	a.Call(t, "", "POST", "/carts/"+cart+"/items", item(20)).Want(t, 200)
	a.Call(t, "", "POST", "/carts/"+cart+"/items", item(6)).Want(t, 422, "quantity_limit")

	// The vendor changes their mind while it is in a cart.
	full := a.Cart(t, "", 20, g.Variants[0])
	a.Call(t, apptest.Admin, "PATCH", path, `{"max_per_order": 10}`, "If-Match", `"v2"`).Want(t, 200)
	a.Place(t, "", full).Want(t, 422, "quantity_limit")
	a.WantRows(t, "orders", 0)
}

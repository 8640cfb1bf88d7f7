package app_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/app/apptest"
	"souk/internal/catalog"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
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
	call("PATCH", path, `{"kind": "Mug"}`, "If-Match", call("GET", path, "").ETag()) // between its time and the sweep
	status(catalog.InDraft)
	if n := a.Count(t, `SELECT count(*)::int FROM events WHERE name = 'catalog.status_changed' AND data ->> 'from' IN ('scheduled', 'active') AND data ->> 'to' IN ('active', 'draft')`, nil); n != 3 {
		t.Errorf("%d moves were told, want those of the hand and two of the clock", n)
	}
	due("unpublish_at") // while it is a draft: a time for what was on sale then
	call("POST", path+"/approve", "")
	status(catalog.Active)

	// A time that is past is none.
	hidden = call("POST", path+"/hide", "")
	call("PATCH", path, `{"publish_at": "2990-01-01T00:00:00Z", "unpublish_at": "2991-01-01T00:00:00Z"}`, "If-Match", hidden.ETag())
	endless := call("PATCH", path, `{"unpublish_at": "2020-01-01T00:00:00Z"}`, "If-Match", call("GET", path, "").ETag())
	if endless.PublishAt == nil || endless.UnpublishAt != nil {
		t.Errorf("on sale from %v to %v", endless.PublishAt, endless.UnpublishAt)
	}

	// Whichever way it is approved.
	a.Call(t, apptest.Admin, "POST", "/admin/products", fmt.Sprintf(`{"title": "A bowl", "vendor_id": %q, "status": "active", "publish_at": "2990-01-01T00:00:00Z"}`, g.Vendor)).
		Want(t, 201, `"status":"scheduled"`)
	draft := catalog.Draft{Slug: "plate", Title: "A plate", Status: catalog.Active, PublishAt: new(time.Date(2990, 1, 1, 0, 0, 0, 0, time.UTC)), Variants: []catalog.VariantDraft{{}}}
	for _, want := range []catalog.Change{catalog.Created, catalog.Unchanged} {
		a.InTx(t, func(tx pgx.Tx) error {
			done, err := a.Catalog.Put(t.Context(), tx, g.Vendor, []catalog.Draft{draft}, catalog.PutOptions{Reviewed: true})
			if err == nil && (done[0].Change != want || len(done[0].Problems) > 0) {
				t.Errorf("got %+v, want %s", done, want)
			}
			return err
		})
	}
	a.Call(t, apptest.Admin, "GET", "/admin/products?status=scheduled", "").Want(t, 200, "A plate")
}

// What is sold by the half dozen, four times at most, goes into no cart otherwise.
func TestQuantitiesAreSoldAsTheVendorSays(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	g := a.Product(t, apptest.Stock(100))
	path := fmt.Sprintf("/admin/products/%s/variants/%s", g.ID, g.Variants[0])
	for _, bad := range []string{`{"min_quantity": 0}`, `{"min_quantity": 6, "max_quantity": 5}`, `{"max_quantity": -1}`} {
		a.Call(t, apptest.Admin, "PATCH", path, bad, "If-Match", `"v1"`).Want(t, 422)
	}
	a.Call(t, apptest.Admin, "PATCH", path, `{"min_quantity": 6, "max_quantity": 24, "barcode": "4006381333931", "dimensions": {"length_mm": 300, "width_mm": 200, "height_mm": 100}}`,
		"If-Match", `"v1"`).Want(t, 200)
	a.Refresh(t, g.ID)
	a.Call(t, "", "GET", "/products/"+g.Slug, "").Want(t, 200, `"min_quantity":6,"max_quantity":24`, `"barcode":"4006381333931"`, `"weight_grams":300`,
		`"dimensions":{"length_mm":300,"width_mm":200,"height_mm":100}`)
	item := func(n int) string { return fmt.Sprintf(`{"variant_id": %q, "quantity": %d}`, g.Variants[0], n) }
	cart := apptest.Read[struct{ ID string }](t, a.Call(t, "", "POST", "/carts", `{}`).Want(t, 201)).ID
	for _, n := range []int{1, 5, 25} {
		a.Call(t, "", "POST", "/carts/"+cart+"/items", item(n)).Want(t, 422, "quantity_limit")
	}
	a.Call(t, "", "POST", "/carts/"+cart+"/items", item(20)).Want(t, 200)
	a.Call(t, "", "POST", "/carts/"+cart+"/items", item(6)).Want(t, 422, "quantity_limit")

	// The vendor changes their mind while it is in a cart.
	full := a.Cart(t, "", 20, g.Variants[0])
	a.Call(t, apptest.Admin, "PATCH", path, `{"max_quantity": 10}`, "If-Match", `"v2"`).Want(t, 200)
	a.Place(t, "", full).Want(t, 422, "quantity_limit")
	a.WantRows(t, "orders", 0)
}

// What staff say of an attribute decides about the values of products and about
// the facets of the listing.
func TestAttributesAreWhatStaffSay(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	g := a.Product(t)
	for _, bad := range []string{
		`{"key": "size", "label": "Size", "kind": "select"}`,
		`{"key": "size", "label": "Size", "kind": "text", "choices": [{"value": "S"}]}`,
		`{"key": "size", "label": "Size", "kind": "select", "choices": [{"value": "S"}, {"value": "s"}]}`,
		`{"key": "hue", "label": "Hue", "kind": "colour", "choices": [{"value": "red", "swatch": "red"}]}`,
		`{"key": " ", "label": "Size", "kind": "text"}`,
	} {
		a.Call(t, apptest.Admin, "POST", "/admin/attributes", bad).Want(t, 422)
	}
	for _, good := range []string{
		`{"key": "Power", "label": "Rated power", "kind": "number", "unit": "W"}`,
		`{"key": "hue", "label": "Hue", "kind": "colour", "choices": [{"value": "red", "label": "Ruby", "swatch": "#aa1100"}, {"value": "blue"}]}`,
		`{"key": "dishwasher", "label": "Dishwasher safe", "kind": "boolean"}`,
		`{"key": "since", "label": "Since", "kind": "date", "filterable": false}`,
	} {
		a.Call(t, apptest.Admin, "POST", "/admin/attributes", good).Want(t, 201)
	}
	a.Call(t, apptest.Admin, "POST", "/admin/attributes", `{"key": "power", "label": "x", "kind": "text"}`).Want(t, 409, "attribute_taken")

	path := "/admin/products/" + g.ID.String()
	edit := func(attributes string) apptest.Answer {
		t.Helper()
		now := a.Call(t, apptest.Admin, "GET", path, "").Want(t, 200)
		return a.Call(t, apptest.Admin, "PATCH", path, `{"attributes": `+attributes+`}`, "If-Match", now.Header.Get("ETag"))
	}
	var many []string
	for i := range 201 {
		many = append(many, strconv.Itoa(i))
	}
	for _, bad := range []string{
		`{"power": ["much"]}`, `{"power": ["NaN"]}`, `{"hue": ["green"]}`, `{"dishwasher": ["maybe"]}`, `{"since": ["2026-02-30"]}`,
		fmt.Sprintf(`{"care": [%q]}`, strings.Repeat("x", 2001)), `{"care": ["` + strings.Join(many, `","`) + `"]}`,
	} {
		edit(bad).Want(t, 422, `"pointer":"/attributes/`)
	}
	edit(`{"POWER": ["1500 W", "1500.0"], "hue": ["ruby"], "dishwasher": ["Yes"], "since": ["2026-01-31"], "glaze": ["matt"]}`).
		Want(t, 200, `"power":["1500"]`, `"hue":["red"]`, `"dishwasher":["true"]`, `"glaze":["matt"]`)
	a.Refresh(t, g.ID)
	listing := a.Call(t, "", "GET", "/products?facets=true&attr[hue]=red", "").Want(t, 200,
		`"label":"Rated power","values":[{"value":"1500","label":"1500 W"`, `"label":"Hue","values":[{"value":"red","label":"Ruby"`, `"label":"Yes"`, `"key":"attr[glaze]"`)
	if strings.Contains(string(listing.Body), "attr[since]") {
		t.Error("what nobody filters by is a facet")
	}
	a.Call(t, "", "GET", "/products?q=2026-01-31&include=total_count", "").Want(t, 200, `"total_count":1`) // it is found by it
	edit(fmt.Sprintf(`{%q: ["x"]}`, strings.Repeat("x", 101))).Want(t, 422, `"pointer":"/attributes"`)

	a.Call(t, "", "GET", "/attributes", "").Want(t, 200, `"key":"hue"`)
	a.Call(t, apptest.Admin, "PATCH", "/admin/attributes/hue", `{"label": "Colour", "choices": [{"value": "blue"}]}`, "If-Match", `"v1"`).Want(t, 200, `"version":2`)
	a.Refresh(t, g.ID)
	a.Call(t, "", "GET", "/products?facets=true", "").Want(t, 200, `"label":"Colour","values":[{"value":"red","label":"red"`)
	a.Call(t, apptest.Admin, "PATCH", "/admin/attributes/hue", `{"label": "Color"}`, "If-Match", `"v1"`).Want(t, 412)
	edit(`{"hue": ["red"]}`).Want(t, 422)
	a.Call(t, apptest.Admin, "DELETE", "/admin/attributes/hue", "").Want(t, 204)
	a.Call(t, apptest.Admin, "DELETE", "/admin/attributes/hue", "").Want(t, 404)
	a.Refresh(t, g.ID)
	a.Call(t, "", "GET", "/products?facets=true", "").Want(t, 200, `"label":"hue","values":[{"value":"red","label":"red"`)
	edit(`{"hue": ["anything"]}`).Want(t, 200)
	typesAskForAttributes(t, a)
}

// The tree is kept as it is sent, with its tag, until some category changes.
func TestTheTreeIsKeptAtHand(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	a.Search.CacheBytes = 1 << 20
	seen := ""
	changes := func(method, path, body string, status int, says string) apptest.Answer {
		t.Helper()
		done := a.Call(t, apptest.Admin, method, path, body, "If-Match", `"v1"`).Want(t, status)
		if err := a.Search.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		tree := a.Call(t, "", "GET", "/categories", "", "If-None-Match", seen).Want(t, 200, says)
		seen = tree.Header.Get("ETag")
		if got := tree.Header.Get("Cache-Control"); got != "public, no-cache" {
			t.Errorf("it is kept as %q", got)
		}
		a.Call(t, "", "GET", "/categories", "", "If-None-Match", seen).Want(t, 304)
		return done
	}
	home := apptest.Read[struct{ ID string }](t, changes("POST", "/admin/categories", `{"name": "Home"}`, 201, `"name":"Home"`)).ID
	changes("PATCH", "/admin/categories/"+home, `{"name": "Haus"}`, 200, `"name":"Haus"`)
	changes("DELETE", "/admin/categories/"+home, "", 204, `"data":[]`)
	a.Product(t, apptest.In("Garden", "Pots")) // as an import does
	if err := a.Search.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.Call(t, "", "GET", "/categories", "", "If-None-Match", seen).Want(t, 200, `"path":"Garden > Pots"`)
}

// Whatever is below a category moves along, and keeps within the bounds of the tree.
func TestATreeHasAnEnd(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	grow := func(under, name string, status int, says ...string) string {
		t.Helper()
		body := fmt.Sprintf(`{"name": %q`, name)
		if under != "" {
			body += fmt.Sprintf(`, "parent_id": %q`, under)
		}
		made := a.Call(t, apptest.Admin, "POST", "/admin/categories", body+"}").Want(t, status, says...)
		if status != 201 {
			return ""
		}
		return apptest.Read[struct{ ID string }](t, made).ID
	}
	tops, ends := [2]string{}, [2]string{}
	for i := range tops {
		for depth := range 6 {
			made := grow(ends[i], fmt.Sprintf("Level %d of %d", depth, i), 201)
			if ends[i] = made; depth == 0 {
				tops[i] = made
			}
		}
	}
	a.Call(t, apptest.Admin, "PATCH", "/admin/categories/"+tops[1], fmt.Sprintf(`{"parent_id": %q}`, ends[0]), "If-Match", `"v1"`).Want(t, 422, "too_deep")
	long := strings.Repeat("क", 200) // 600 bytes
	grow(grow("", long, 201), long, 422, "too_long")
	a.Call(t, apptest.Admin, "POST", "/admin/tags", fmt.Sprintf(`{"name": %q}`, long)).Want(t, 201)
	a.Call(t, apptest.Admin, "POST", "/admin/products/bulk", fmt.Sprintf(`{"products": [%q], "edit": {"add_tags": [%q], "brand": %q}}`, a.Product(t).ID, long, long)).
		Want(t, 200, `"change":"updated"`)
}

// approve lets a change go live as it is.
func approve(t *testing.T, a *apptest.App, change string) apptest.Answer {
	t.Helper()
	path := "/admin/product-changes/" + change
	return a.Call(t, apptest.Admin, "POST", path+"/approve", "", "If-Match", a.Call(t, apptest.Admin, "GET", path, "").Want(t, 200).Header.Get("ETag"))
}

// What vendors change on products that are on sale waits for staff, where staff
// want that; what they have approved often enough goes live by itself.
func TestChangesOfVendorsWait(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	vendor := a.Owner(t, "vera")
	g := a.Product(t, apptest.By(vendor))
	path := "/vendor/products/" + g.ID.String()
	type shown struct {
		Title  string
		Change string `json:"pending_change"`
	}
	edit := func(body string, want int, says ...string) shown {
		t.Helper()
		now := a.Call(t, "vera", "GET", path, "").Want(t, 200)
		answer := a.Call(t, "vera", "PATCH", path, body, "If-Match", now.Header.Get("ETag")).Want(t, want, says...)
		if want != 200 {
			return shown{}
		}
		return apptest.Read[shown](t, answer)
	}
	set := func(settings string) {
		t.Helper()
		a.Call(t, apptest.Admin, "PATCH", "/admin/settings", `{"settings": `+settings+`}`, "If-Match", a.Call(t, apptest.Admin, "GET", "/admin/settings", "").Header.Get("ETag")).Want(t, 200)
	}
	if now := edit(`{"title": "Lamp"}`, 200); now.Title != "Lamp" || now.Change != "" {
		t.Errorf("nobody wants to look: %+v", now)
	}
	set(`{"catalog.review_edits": true}`)
	edit(`{"title": ""}`, 422)
	waiting := edit(`{"title": "FREE LAMP", "description": "<p>Buy<script>x</script></p>"}`, 200)
	if waiting.Title != "Lamp" || waiting.Change == "" {
		t.Errorf("it does not wait: %+v", waiting)
	}
	change := "/admin/product-changes/" + waiting.Change
	seen := a.Call(t, apptest.Admin, "GET", change, "").Want(t, 200, `{"field":"description","before":`, `"after":"<p>Buy</p>"}`) // as shoppers would
	a.Call(t, "vera", "GET", change, "").Want(t, 403)
	more := edit(`{"title": "Brass lamp", "brand": " Lumen ", "tags": []}`, 200)
	if more.Change != waiting.Change {
		t.Error("a product has two changes that wait")
	}
	a.Call(t, apptest.Admin, "POST", change+"/approve", "").Want(t, 428)
	a.Call(t, apptest.Admin, "POST", change+"/approve", "", "If-Match", seen.Header.Get("ETag")).Want(t, 412) // it is not what they have seen
	if diff := a.Call(t, apptest.Admin, "GET", change, "").Want(t, 200); strings.Contains(string(diff.Body), `"field":"tags"`) {
		t.Errorf("what stays as it is, is told as a change: %s", diff.Body)
	}
	a.Call(t, apptest.Admin, "GET", "/admin/product-changes", "").Want(t, 200, `{"field":"title","before":"Lamp","after":"Brass lamp"}`, `{"field":"brand","before":"","after":"Lumen"}`)
	a.Call(t, "vera", "GET", "/vendor/product-changes", "").Want(t, 200, more.Change)
	a.Call(t, "vera", "POST", change+"/approve", "").Want(t, 403)
	a.Call(t, apptest.Admin, "POST", change+"/reject", `{"reason": ""}`).Want(t, 422)
	a.Call(t, apptest.Admin, "POST", change+"/reject", `{"reason": "Which brand?"}`).Want(t, 200, `"state":"rejected"`)
	a.Call(t, apptest.Admin, "POST", change+"/approve", "", "If-Match", `"x"`).Want(t, 404)
	a.Call(t, apptest.Admin, "GET", change, "").Want(t, 200, `"state":"rejected"`, `"after":"Brass lamp"`)
	a.Call(t, "vera", "GET", "/vendor/product-changes?state=rejected", "").Want(t, 200, "Which brand?")

	set(`{"catalog.trust_after": 2}`)
	for _, title := range []string{"Lamp 1", "Lamp 2"} {
		asked := edit(`{"title": "`+title+`"}`, 200)
		approve(t, a, asked.Change).Want(t, 200, `"state":"approved"`)
		a.Call(t, "vera", "GET", path, "").Want(t, 200, title)
		a.Call(t, "vera", "GET", "/vendor/product-changes?state=approved", "").Want(t, 200, `"after":"`+title+`"`)
	}
	if now := edit(`{"title": "Lamp 3"}`, 200); now.Title != "Lamp 3" || now.Change != "" {
		t.Errorf("one who is trusted waits: %+v", now)
	}
	set(`{"catalog.trust_after": 0}`)
	a.InTx(t, func(tx pgx.Tx) error { // a file of theirs goes no other way
		now, err := a.Catalog.Product(t.Context(), tx, vendor, g.ID)
		if err != nil {
			return err
		}
		draft := catalog.Draft{Slug: now.Handle, Title: "FREE LAMP", Variants: []catalog.VariantDraft{{SKU: now.Variants[0].SKU, WeightGrams: 7, Taxable: true, RequiresShipping: true, Tracked: true}}}
		done, err := a.Catalog.Put(t.Context(), tx, vendor, []catalog.Draft{draft}, catalog.PutOptions{Proposed: true})
		if err == nil && (done[0].Change != catalog.Updated || len(done[0].Problems) != 1 || done[0].Problems[0].Code != "review_required") {
			t.Errorf("an import: %+v", done)
		}
		return err
	})
	a.Call(t, "vera", "GET", path, "").Want(t, 200, "Lamp 3", `"weight_grams":7`)
	bulk := func(edit string) apptest.Answer {
		t.Helper()
		return a.Call(t, "vera", "POST", "/vendor/products/bulk", fmt.Sprintf(`{"products": [%q], "edit": %s}`, g.ID, edit)).Want(t, 200)
	}
	bulk(`{"kind": "Lamp"}`).Want(t, 200, `"change":"refused"`, "review_required")
	bulk(`{"command": "hide"}`).Want(t, 200, `"change":"updated"`)
	bulk(`{"kind": "Lamp"}`).Want(t, 200, `"change":"updated"`) // nobody sees it now
	draft := a.Call(t, apptest.Admin, "GET", "/admin/products/"+g.ID.String(), "")
	edit(`{"title": "FREE LAMP"}`, 200) // after staff have looked at the draft
	a.Call(t, apptest.Admin, "POST", "/admin/products/"+g.ID.String()+"/approve", "", "If-Match", draft.Header.Get("ETag")).Want(t, 412)
	edit(`{"title": "Lamp 3"}`, 200)
	a.Call(t, apptest.Admin, "POST", "/admin/products/"+g.ID.String()+"/approve", "").Want(t, 200)
	last := edit(`{"title": "Lamp 4"}`, 200)
	a.Call(t, "vera", "DELETE", "/vendor/product-changes/"+last.Change, "").Want(t, 204)
	a.Call(t, "vera", "DELETE", "/vendor/product-changes/"+last.Change, "").Want(t, 404)
	if now := apptest.Read[shown](t, a.Call(t, "vera", "GET", path, "")); now.Change != "" || now.Title != "Lamp 3" {
		t.Errorf("withdrawn, it is %+v", now)
	}
	pricesOfVendorsWait(t, a, g, a.Product(t, apptest.By(vendor), apptest.Choice("Colour", "Red")))
}

// What a vendor does to the pictures of what is on sale waits like the rest:
// staff see what is added, removed and moved, and their word decides.
func TestPicturesOfVendorsWait(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	vendor := a.Owner(t, "vera")
	g := a.Product(t, apptest.By(vendor))
	path, change := "/vendor/products/"+g.ID.String(), ""
	add := func(url string) string {
		t.Helper()
		return apptest.Read[struct{ ID string }](t, a.Call(t, "vera", "POST", path+"/media/links", fmt.Sprintf(`{"url": %q, "alt": "A lamp"}`, url)).Want(t, 201)).ID
	}
	media := func(want ...string) { // of the product, as shoppers see it
		t.Helper()
		a.Refresh(t, g.ID)
		page := apptest.Read[struct{ Media []struct{ ID string } }](t, a.Call(t, "", "GET", "/products/"+g.Slug, "").Want(t, 200))
		var got []string
		for _, m := range page.Media {
			got = append(got, m.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("shoppers see %v, want %v", got, want)
		}
	}
	type pictures []struct{ ID, URL, Alt, State string }
	diff := func() (before, after pictures) {
		t.Helper()
		list := apptest.Read[struct {
			Data []struct {
				ID   string
				Diff []struct {
					Field         string
					Before, After json.RawMessage
				}
			}
		}](t, a.Call(t, apptest.Admin, "GET", "/admin/product-changes", "").Want(t, 200)).Data
		if len(list) != 1 || len(list[0].Diff) != 1 || list[0].Diff[0].Field != "media" {
			t.Fatalf("what waits: %+v", list)
		}
		change = list[0].ID
		return decode[pictures](t, list[0].Diff[0].Before), decode[pictures](t, list[0].Diff[0].After)
	}
	first, second := add("https://img.example.com/1.png"), add("https://img.example.com/2.png")
	a.Call(t, apptest.Admin, "PATCH", "/admin/settings", `{"settings": {"catalog.review_edits": true}}`, "If-Match", a.Call(t, apptest.Admin, "GET", "/admin/settings", "").Header.Get("ETag")).Want(t, 200)

	third := add("https://img.example.com/3.png")
	a.Call(t, "vera", "PATCH", path+"/media/"+second, `{"position": 0, "alt": "Brass"}`).Want(t, 200, `"position":0`)
	a.Call(t, "vera", "DELETE", path+"/media/"+first, "").Want(t, 204)
	a.Call(t, "vera", "DELETE", path+"/media/"+first, "").Want(t, 404)
	dropped := add("https://img.example.com/4.png")
	a.Call(t, "vera", "DELETE", path+"/media/"+dropped, "").Want(t, 204)
	before, after := diff()
	if len(before) != 2 || before[0].ID != first || before[1].ID != second {
		t.Errorf("before: %+v", before)
	}
	if len(after) != 2 || after[0].ID != second || after[0].Alt != "Brass" || after[1].ID != third || after[1].URL != "https://img.example.com/3.png" {
		t.Errorf("after: %+v", after)
	}
	media(first, second)
	approve(t, a, change).Want(t, 200)
	media(second, third)
	a.Call(t, "", "GET", "/products/"+g.Slug, "").Want(t, 200, `"alt":"Brass"`)

	// One call names the order; pictures that came since stay.
	now := a.Call(t, "vera", "GET", path, "").Want(t, 200).Header.Get("ETag")
	a.Call(t, "vera", "PATCH", path, fmt.Sprintf(`{"media": [{"id": %q}]}`, first), "If-Match", now).Want(t, 422, "/media/0/id")
	a.Call(t, "vera", "PATCH", path, fmt.Sprintf(`{"media": [{"id": %q}, {"id": %q}]}`, third, second), "If-Match", now).Want(t, 200, `"pending_change"`)
	fifth := apptest.Read[struct{ ID string }](t, a.Call(t, apptest.Admin, "POST", "/admin/products/"+g.ID.String()+"/media/links", `{"url": "https://img.example.com/5.png"}`).Want(t, 201)).ID
	diff()
	approve(t, a, change).Want(t, 200)
	media(third, second, fifth)

	// What is rejected leaves nothing behind.
	sixth := add("https://img.example.com/6.png")
	diff()
	a.Call(t, "vera", "POST", path+"/media/"+sixth+"/retry", "").Want(t, 200, `"state":"proposed"`)
	a.Call(t, apptest.Admin, "POST", "/admin/product-changes/"+change+"/reject", `{"reason": "Blurred"}`).Want(t, 200)
	media(third, second, fifth)
	if err := a.Catalog.RemoveFiles(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.WantRows(t, "media", 3)
}

// A variant shows pictures of its own, in its order.
func TestVariantsShowTheirPictures(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	g := a.Product(t)
	path := "/admin/products/" + g.ID.String()
	var pictures []string
	for i := range 3 {
		pictures = append(pictures, apptest.Read[struct{ ID string }](t, a.Call(t, apptest.Admin, "POST", path+"/media/links",
			fmt.Sprintf(`{"url": "https://img.example.com/%d.png", "alt": "Side %d"}`, i, i)).Want(t, 201)).ID)
	}
	variant := path + "/variants/" + g.Variants[0].String()
	edit := func(body string, want int, says ...string) {
		t.Helper()
		now := apptest.Read[struct{ Variants []struct{ Version int } }](t, a.Call(t, apptest.Admin, "GET", path, "")).Variants[0].Version
		a.Call(t, apptest.Admin, "PATCH", variant, body, "If-Match", fmt.Sprintf(`"v%d"`, now)).Want(t, want, says...)
	}
	shows := func(want ...string) {
		t.Helper()
		a.Refresh(t, g.ID)
		got := apptest.Read[struct {
			Variants []struct {
				First *string  `json:"media_id"`
				All   []string `json:"media_ids"`
			}
		}](t, a.Call(t, "", "GET", "/products/"+g.Slug, "").Want(t, 200)).Variants[0]
		if !slices.Equal(got.All, want) || len(want) > 0 != (got.First != nil) || got.First != nil && *got.First != want[0] {
			t.Errorf("it shows %+v, want %v", got, want)
		}
	}
	edit(fmt.Sprintf(`{"media_ids": [%q, %q]}`, pictures[2], pictures[0]), 200)
	shows(pictures[2], pictures[0])
	edit(fmt.Sprintf(`{"media_id": %q}`, pictures[0]), 200)
	shows(pictures[0], pictures[2])
	edit(fmt.Sprintf(`{"media_ids": [%q]}`, id.New[id.Media]()), 422, "/media_ids/0")
	edit(fmt.Sprintf(`{"media_ids": [%q, %q]}`, pictures[0], pictures[0]), 422)
	a.Call(t, apptest.Admin, "DELETE", path+"/media/"+pictures[0], "").Want(t, 204)
	shows(pictures[2])
	edit(`{"media_ids": []}`, 200)
	shows()
}

func decode[T any](t *testing.T, b []byte) (v T) {
	t.Helper()
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	return v
}

// Many products are edited at once, each by itself.
func TestBulkEdits(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	vendor := a.Owner(t, "vera")
	one, two, others := a.Product(t, apptest.By(vendor)), a.Product(t, apptest.By(vendor)), a.Product(t)
	a.Call(t, apptest.Admin, "POST", "/admin/attributes", `{"key": "power", "label": "Power", "kind": "number"}`).Want(t, 201)
	body := func(edit string, products ...id.Product) string {
		ids, err := json.Marshal(products)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf(`{"products": %s, "edit": %s}`, ids, edit)
	}
	a.Call(t, "vera", "POST", "/vendor/products/bulk", body(`{}`, one.ID)).Want(t, 422)
	a.Call(t, "vera", "POST", "/vendor/products/bulk", body(`{"command": "approve"}`, one.ID)).Want(t, 403)
	got := apptest.Read[httpapi.List[catalog.BulkOutcome]](t, a.Call(t, "vera", "POST", "/vendor/products/bulk",
		body(`{"add_tags": ["Sale", "new"], "brand": "Lumen", "attributes": {"power": ["7"], "glaze": ["matt"]}}`, one.ID, two.ID)).Want(t, 200)).Data
	if len(got) != 2 || got[0].Change != catalog.Updated || got[1].Change != catalog.Updated {
		t.Fatalf("got %+v", got)
	}
	a.Call(t, "vera", "POST", "/vendor/products/bulk", body(`{"kind": "Lamp"}`, one.ID, others.ID)).Want(t, 404)
	a.Call(t, "vera", "GET", "/vendor/products/"+one.ID.String(), "").Want(t, 200, `"kind":""`)
	again := apptest.Read[httpapi.List[catalog.BulkOutcome]](t, a.Call(t, "vera", "POST", "/vendor/products/bulk", body(`{"add_tags": ["sale"], "brand": "Lumen"}`, one.ID)).Want(t, 200)).Data
	if again[0].Change != catalog.Unchanged {
		t.Errorf("what is so already: %+v", again)
	}
	a.Call(t, apptest.Admin, "GET", "/admin/products/"+two.ID.String(), "").Want(t, 200, `"name":"Lumen"`, `"slug":"sale"`, `"power":["7"]`)
	a.Call(t, apptest.Admin, "POST", "/admin/products/bulk", body(`{"remove_tags": ["sale"], "attributes": {"glaze": [], "power": ["much"]}, "command": "hide"}`, one.ID)).
		Want(t, 200, `"change":"refused"`, `/attributes/power`)
	a.Call(t, apptest.Admin, "POST", "/admin/products/bulk", body(`{"remove_tags": ["sale"], "attributes": {"glaze": []}, "command": "hide"}`, one.ID, two.ID)).
		Want(t, 200, `"change":"updated"`)
	hidden := a.Call(t, apptest.Admin, "GET", "/admin/products/"+one.ID.String(), "").Want(t, 200, `"status":"draft"`, `"slug":"new"`)
	if strings.Contains(string(hidden.Body), "matt") || strings.Contains(string(hidden.Body), `"slug":"sale"`) {
		t.Errorf("what was taken away is there: %s", hidden.Body)
	}
	a.Call(t, apptest.Admin, "POST", "/admin/products/bulk", body(`{"command": "hide"}`, one.ID)).Want(t, 200, "product_status")
	if n := a.Count(t, `SELECT count(*)::int FROM events WHERE name = 'catalog.status_changed'`, nil); n != 2 {
		t.Errorf("%d products were told to have moved", n)
	}
}

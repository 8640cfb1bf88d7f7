package app_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"souk/internal/app/apptest"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/pgtest"
)

// TestBadRequests is rows 1 to 22 of the list of bad input on the endpoints of
// the shop.
func TestBadRequests(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	mug := a.Variant(t)
	cart := a.Cart(t, "", 1, mug)
	a.User(t, "ann")
	items, addresses := cart.Path("/items"), cart.Path("/addresses")
	add := func(quantity string) string { return fmt.Sprintf(`{"variant_id": %q, %s}`, mug, quantity) }
	register := func(more string) string {
		return `{"username": "mallory", "email": "mallory@example.com", "password": "` + apptest.Password + `", ` + more + `}`
	}
	a.Play(t, []apptest.Scenario{
		{Name: "row 1 wrong case", Method: "POST", URL: items, Body: add(`"QUANTITY": 7`), Status: 400, Code: "unknown_field"},
		{Name: "row 1 wrong case beside the right one", Method: "POST", URL: items, Body: add(`"quantity": 1, "Quantity": 9`), Status: 400, Code: "unknown_field"},
		{Name: "row 2 duplicate key", Method: "POST", URL: items, Body: add(`"quantity": 1, "quantity": 9`), Status: 400, Code: "malformed_body"},
		{Name: "row 2 duplicate key, escaped", Method: "POST", URL: items, Body: add(`"quantity": 1, "quantit\u0079": 9`), Status: 400, Code: "malformed_body"},
		{Name: "row 3 trailing data", Method: "POST", URL: items, Body: add(`"quantity": 1`) + ` {"quantity": 2}`, Status: 400, Code: "malformed_body"},
		{Name: "row 4 null for a number", Method: "POST", URL: items, Body: add(`"quantity": null`), Status: 422, Code: "validation_failed"},
		{Name: "row 4 null for the total", Method: "POST", URL: "/checkout", Header: key("4"), Body: fmt.Sprintf(`{"cart_id": %q, "payment_method": "cod", "expected_total": {"amount": null, "currency": "USD"}}`, cart.ID), Status: 422, Code: "validation_failed"},
		{Name: "row 5 invalid UTF-8", Method: "PUT", URL: addresses, Body: strings.Replace(apptest.Home, "Ada", "Ad\xff", 1), Status: 400, Code: "malformed_body"},
		{Name: "row 5 lone surrogate", Method: "PUT", URL: addresses, Body: strings.Replace(apptest.Home, "Ada", `Ad\ud800`, 1), Status: 400, Code: "malformed_body"},
		{Name: "row 6 NUL", Method: "PUT", URL: addresses, Body: strings.Replace(apptest.Home, "Ada", `Ad\u0000`, 1), Status: 422, Code: "validation_failed"},
		{Name: "row 6 NUL in a query", URL: "/products?q=%00", Status: 422, Code: "validation_failed"},
		{Name: "row 6 NUL in a token", URL: "/orders/" + id.New[id.Order]().String() + "?token=%00", Status: 422, Code: "validation_failed"},
		{Name: "row 7 price of an item", Method: "POST", URL: items, Body: add(`"quantity": 1, "price": 1`), Status: 400, Code: "unknown_field"},
		{Name: "row 7 owner of a cart", Method: "POST", URL: "/carts", Body: `{"user_id": "user_1"}`, Status: 400, Code: "unknown_field"},
		{Name: "row 7 role at registration", Method: "POST", URL: "/auth/register", Body: register(`"role": "admin"`), Status: 400, Code: "unknown_field"},
		{Name: "row 7 roles at registration", Method: "POST", URL: "/auth/register", Body: register(`"roles": ["admin"]`), Status: 400, Code: "unknown_field"},
		{Name: "row 7 verified at registration", Method: "POST", URL: "/auth/register", Body: register(`"email_verified": true`), Status: 400, Code: "unknown_field"},
		{Name: "row 7 roles of oneself", As: "ann", Method: "PATCH", URL: "/me", Body: `{"roles": ["admin"]}`, Header: match(1), Status: 400, Code: "unknown_field"},
		{Name: "row 7 vendor of an item", Method: "POST", URL: items, Body: add(`"quantity": 1, "vendor_id": "vend_1"`), Status: 400, Code: "unknown_field"},
		{Name: "row 7 commission of one's shop", As: "ann", Method: "POST", URL: "/vendors/apply", Body: `{"name": "Ann's", "commission_bps": 0}`, Status: 400, Code: "unknown_field"},
		{Name: "row 7 paid", Method: "POST", URL: "/checkout", Header: key("7"), Body: strings.Replace(cart.Order("cod"), "{", `{"paid": true, `, 1), Status: 400, Code: "unknown_field"},
		{Name: "row 8 nesting of 10,000", Method: "POST", URL: "/carts", Body: strings.Repeat(`[`, 10_000) + strings.Repeat("]", 10_000), Status: 400, Code: "malformed_body"},
		{Name: "row 8 array of 20,000", Method: "POST", URL: "/carts", Body: `{"items": [` + strings.Repeat("1,", 20_000) + `1]}`, Status: 400, Code: "malformed_body"},
		{Name: "row 8 array of a million", Method: "POST", URL: "/carts", Body: `{"items": [` + strings.Repeat("1,", 1_000_000) + `1]}`, Status: 413, Code: "body_too_large"},
		{Name: "row 9 a byte too large for a cart", Method: "POST", URL: items, Body: add(`"quantity": 1`) + strings.Repeat(" ", 64<<10), Status: 413, Code: "body_too_large"},
		{Name: "row 10 gzip", Method: "POST", URL: items, Body: add(`"quantity": 1`), Header: map[string]string{"Content-Encoding": "gzip"}, Status: 415, Code: "unsupported_media_type"},
		{Name: "row 11 text", Method: "POST", URL: items, Body: add(`"quantity": 1`), Header: map[string]string{"Content-Type": "text/plain"}, Status: 415, Code: "unsupported_media_type"},
		{Name: "row 11 form", Method: "POST", URL: "/checkout", Body: "cart_id=" + cart.ID.String(), Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Idempotency-Key": "11"}, Status: 415, Code: "unsupported_media_type"},
		{Name: "row 13 200 cookies", URL: "/products", Header: map[string]string{"Cookie": strings.Repeat("a=b; ", 200)}, Status: 431, Code: "too_many_cookies"},
		{Name: "row 14 method", Method: "PUT", URL: "/carts", Body: `{}`, Status: 405, Code: "method_not_allowed"},
		{Name: "row 14 override", Method: "POST", URL: cart.Path(""), Header: map[string]string{"X-HTTP-Method-Override": "DELETE"}, Status: 405, Code: "method_not_allowed"},
		{Name: "row 14 override of a read", URL: cart.Path(""), Header: map[string]string{"X-HTTP-Method-Override": "DELETE"}, Status: 200, Contains: []string{mug.String()}},
		{Name: "row 17 hostile language", URL: "/products", Header: map[string]string{"Accept-Language": "' OR 1=1"}, Status: 200},
		{Name: "row 17 long language", URL: "/products", Header: map[string]string{"Accept-Language": strings.Repeat("x", 300)}, Status: 200},
		{Name: "row 17 no such currency", Method: "POST", URL: "/carts", Body: `{"currency": "XXX"}`, Status: 422, Code: "validation_failed"},
		{Name: "row 17 currency in small letters", Method: "POST", URL: "/carts", Body: `{"currency": "usd"}`, Status: 422, Code: "validation_failed"},
		{Name: "row 17 hostile currency", URL: "/products?currency=" + url.QueryEscape("' OR"), Status: 422, Code: "validation_failed"},
		{Name: "row 17 no such currency of a product", URL: "/products?currency=XXX", Status: 422, Code: "validation_failed"},
		{Name: "row 18 repeated", URL: "/products?limit=10&limit=9999", Status: 422, Code: "validation_failed"},
		{Name: "row 18 repeated, escaped", URL: "/products?sort=price&%73ort=name", Status: 422, Code: "validation_failed"},
		{Name: "row 19 limit 0", URL: "/products?limit=0", Status: 422, Code: "validation_failed"},
		{Name: "row 19 limit -1", URL: "/products?limit=-1", Status: 422, Code: "validation_failed"},
		{Name: "row 19 limit 10^9", URL: "/products?limit=1000000000", Status: 422, Code: "validation_failed"},
		{Name: "row 20 sort", URL: "/products?sort=password_hash", Status: 422, Code: "validation_failed"},
		{Name: "row 20 filter", As: apptest.Admin, URL: "/admin/orders?filter[customer.email]=a", Status: 422, Code: "validation_failed", Changes: true}, // staff comes in
		{Name: "row 17 language of 300 letters", As: apptest.Admin, Method: "PATCH", URL: "/me", Body: `{"locale": "` + strings.Repeat("en-", 100) + `"}`, Status: 422, Code: "validation_failed"},
		{Name: "row 17 hostile language of a user", As: apptest.Admin, Method: "PATCH", URL: "/me", Body: `{"locale": "' OR 1=1"}`, Status: 422, Code: "validation_failed"},
		{Name: "row 17 no such currency of a user", As: apptest.Admin, Method: "PATCH", URL: "/me", Body: `{"currency": "XXX"}`, Status: 422, Code: "validation_failed"},
		{Name: "row 20 include", URL: "/products?include=vendor.bank_account", Status: 422, Code: "validation_failed"},
		{Name: "row 20 fields", URL: "/products?fields=*", Status: 422, Code: "validation_failed"},
		{Name: "row 20 expand", URL: cart.Path("?expand=user.password_hash"), Status: 422, Code: "validation_failed"},
		{Name: "row 22 key missing", Method: "POST", URL: "/checkout", Body: cart.Order("cod"), Status: 400, Code: "idempotency_key_required"},
		{Name: "row 22 key of 256", Method: "POST", URL: "/checkout", Body: cart.Order("cod"), Header: key(strings.Repeat("k", 256)), Status: 400, Code: "idempotency_key_invalid"},
		{Name: "row 22 empty key", Method: "POST", URL: "/checkout", Body: cart.Order("cod"), Header: key(" "), Status: 400, Code: "idempotency_key_invalid"},
	})
}

func key(k string) map[string]string { return map[string]string{"Idempotency-Key": k} }

func match(version int64) map[string]string {
	return map[string]string{"If-Match": httpapi.VersionTag(version)}
}

// Row 19: a cursor opens for the list, the filter and the caller it was made
// for, and for nothing else.
func TestForeignCursors(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	mug := a.Variant(t, apptest.Stock(100))
	a.Variant(t)
	for _, name := range []string{"ann", "bob"} {
		a.User(t, name)
		a.PlacedOrder(t, name, 1, mug)
		a.PlacedOrder(t, name, 1, mug)
	}
	cursor := func(as, path string) string {
		page := apptest.Read[struct {
			Next string `json:"next_cursor"`
		}](t, a.Call(t, as, "GET", path, "").Want(t, 200))
		if page.Next == "" {
			t.Fatalf("%s has no second page", path)
		}
		return page.Next
	}
	ann, goods := cursor("ann", "/me/orders?limit=1"), cursor("", "/products?limit=1")
	last := goods[len(goods)-1:]
	tampered := goods[:len(goods)-1] + map[bool]string{true: "A", false: "Q"}[last == "Q"]
	staff := cursor(apptest.Admin, "/admin/orders?limit=1")
	a.Play(t, []apptest.Scenario{
		{Name: "row 19 one's own", As: "ann", URL: "/me/orders?limit=1&after=" + ann, Status: 200, Contains: []string{"ord_"}},
		{Name: "row 19 of another user", As: "bob", URL: "/me/orders?limit=1&after=" + ann, Status: 422, Code: "validation_failed"},
		{Name: "row 19 of another list", URL: "/products?limit=1&after=" + ann, Status: 422, Code: "validation_failed"},
		{Name: "row 19 of the staff's list", As: "ann", URL: "/me/orders?limit=1&after=" + staff, Status: 422, Code: "validation_failed"},
		{Name: "row 19 of another filter", URL: "/products?limit=1&in_stock=true&after=" + goods, Status: 422, Code: "validation_failed"},
		{Name: "row 19 of another sort", URL: "/products?limit=1&sort=name&after=" + goods, Status: 422, Code: "validation_failed"},
		{Name: "row 19 tampered", URL: "/products?limit=1&after=" + tampered, Status: 422, Code: "validation_failed"},
		{Name: "row 19 cut short", URL: "/products?limit=1&after=" + goods[:len(goods)-4], Status: 422, Code: "validation_failed"},
	})
}

// Row 21: who edits says what they have seen.
func TestEditsNeedTheirVersion(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	vendor := a.Owner(t, "vera")
	zone := a.VAT(t, 190_000, false)
	mug := a.Product(t, apptest.By(vendor), apptest.In("Kitchen")).ID.String()
	category := apptest.Read[struct{ Data []struct{ ID id.Category } }](t, a.Call(t, "", "GET", "/categories", "").Want(t, 200)).Data[0].ID.String()
	for _, edit := range []struct{ as, path, body string }{
		{apptest.Admin, "/admin/tax/zones/" + zone.ID.String(), `{"name": "Elsewhere"}`},
		{apptest.Admin, "/admin/vendors/" + vendor.String(), `{"description": "Fine goods"}`},
		{"vera", "/vendor/profile", `{"description": "Fine goods"}`},
		{apptest.Admin, "/admin/products/" + mug, `{"title": "Cup"}`},
		{"vera", "/vendor/products/" + mug, `{"title": "Beaker"}`},
		{apptest.Admin, "/admin/categories/" + category, `{"name": "Pantry"}`},
	} {
		tag := a.Call(t, edit.as, "GET", edit.path, "").Want(t, 200).Header.Get("ETag")
		scenario := apptest.Scenario{As: edit.as, Method: "PATCH", URL: edit.path, Body: edit.body}
		var table []apptest.Scenario
		for _, try := range []struct {
			name, tag, code string
			status          int
		}{
			{"row 21 without If-Match", "", "precondition_required", 428},
			{"row 21 no tag", `"x"`, "precondition_failed", 412},
			{"row 21 any tag", `*`, "precondition_failed", 412},
			{"row 21 weak tag", "W/" + tag, "precondition_failed", 412},
			{"row 21 a tag to come", `"v7000000"`, "precondition_failed", 412},
			{"row 21 the tag", tag, "", 200},
			{"row 21 stale", tag, "precondition_failed", 412},
		} {
			s := scenario
			s.Name, s.Status, s.Code, s.Changes = edit.path+" "+try.name, try.status, try.code, try.status == 200
			if try.tag != "" {
				s.Header = map[string]string{"If-Match": try.tag}
			}
			table = append(table, s)
		}
		a.Play(t, table)
	}
}

// Row 22: a key belongs to who sends it, and to one request.
func TestIdempotencyKeys(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	mug := a.Variant(t, apptest.Stock(100))
	for _, name := range []string{"ann", "bob"} {
		a.User(t, name)
	}
	send := func(as, body string) apptest.Answer {
		return a.Call(t, as, "POST", "/checkout", body, "Idempotency-Key", "one-key")
	}
	guest, other := a.Cart(t, "", 1, mug), a.Cart(t, "", 2, mug)
	first := send("", guest.Order("cod")).Want(t, 201)
	again := send("", guest.Order("cod")).Want(t, 201)
	if first.Body != again.Body || again.Header.Get("Idempotent-Replayed") != "true" || first.Header.Get("Idempotent-Replayed") != "" {
		t.Errorf("the second answer is not the first, replayed: %v", again.Header)
	}
	before := a.State(t)
	send("", other.Order("cod")).Want(t, 422, "idempotency_conflict")
	send("", strings.Replace(guest.Order("cod"), `"cod"`, `"stripe"`, 1)).Want(t, 422, "idempotency_conflict")
	if changed := before.Changed(a.State(t)); len(changed) > 0 {
		t.Errorf("a conflict changed %v", changed)
	}
	for _, name := range []string{"ann", "bob"} {
		if answer := send(name, a.Cart(t, name, 1, mug).Order("cod")).Want(t, 201); answer.Header.Get("Idempotent-Replayed") != "" {
			t.Errorf("%s was answered with somebody else's order", name)
		}
	}
	a.WantRows(t, "orders", 3)
}

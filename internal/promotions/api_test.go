package promotions_test

import (
	"encoding/csv"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/app/apptest"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/pgtest"
	"souk/internal/promotions"
)

const percentOff = `"reward": {"kind": "percent_off", "percent_ppm": 100000}`

// promote is a promotion that somebody made at their door.
func promote(t *testing.T, a *apptest.App, as, fields string) promotions.Promotion {
	t.Helper()
	return apptest.Read[promotions.Promotion](t, a.Call(t, as, "POST", door(as), `{"name": "Ten off", `+percentOff+fields+`}`).Want(t, 201))
}

// door is where somebody makes promotions; only the admin is staff.
func door(as string) string {
	if as == apptest.Admin {
		return "/admin/promotions"
	}
	return "/vendor/promotions"
}

func path(as string, p promotions.Promotion) string { return door(as) + "/" + p.ID.String() }

func TestAPromotionIsMadeListedAndEdited(t *testing.T) {
	t.Parallel()
	a := apptest.New(t, pgtest.DB(t))
	made := promote(t, a, apptest.Admin, `, "usage_limit": 5, "customer_limit": 1, "ends_at": "2100-01-01T00:00:00Z", "budget": {"amount": 100000, "currency": "USD"}`)
	if made.Status != promotions.Draft || made.PlatformPPM != 1_000_000 || made.Version != 1 || made.StartsAt.IsZero() || len(made.Spent) != 0 {
		t.Errorf("made %+v", made)
	}
	at := path(apptest.Admin, made)
	etag := a.Call(t, apptest.Admin, "GET", at, "").Want(t, 200, `"usage_limit":5`).Header.Get("ETag")

	a.Call(t, apptest.Admin, "PATCH", at, `{"status": "active"}`).Want(t, 428, "precondition_required")
	a.Call(t, apptest.Admin, "PATCH", at, `{"status": "active"}`, "If-Match", `"v7"`).Want(t, 412, "precondition_failed")
	edited := a.Call(t, apptest.Admin, "PATCH", at, `{"status": "active", "priority": 3, "budget": {"amount": 5, "currency": "EUR"}, "clear": ["ends_at", "usage_limit", "budget"]}`, "If-Match", etag).
		Want(t, 200, `"priority":3`, `"customer_limit":1`, `"budget":{"amount":5,"currency":"EUR"}`) // named and cleared: what is named holds
	for _, gone := range []string{"ends_at", `"usage_limit"`} {
		if strings.Contains(edited.Body, gone) {
			t.Errorf("%s was not cleared: %s", gone, edited.Body)
		}
	}
	a.Call(t, apptest.Admin, "PATCH", at, `{"clear": ["name"]}`, "If-Match", edited.Header.Get("ETag")).Want(t, 422, "/clear/0")

	newer := promote(t, a, apptest.Admin, "")
	page := apptest.Read[httpapi.List[promotions.Promotion]](t, a.Call(t, apptest.Admin, "GET", "/admin/promotions?limit=1&include=total_count", "").Want(t, 200))
	if len(page.Data) != 1 || page.Data[0].ID != newer.ID || !page.HasMore || *page.TotalCount != 2 {
		t.Errorf("the newest first: %+v", page)
	}
	a.Call(t, apptest.Admin, "GET", "/admin/promotions?limit=1&after="+page.NextCursor, "").Want(t, 200, made.ID.String(), `"has_more":false`)
	if drafts := a.Call(t, apptest.Admin, "GET", "/admin/promotions?status=draft", "").Want(t, 200, newer.ID.String()); strings.Contains(drafts.Body, made.ID.String()) {
		t.Errorf("an active one is listed among drafts: %s", drafts.Body)
	}
	archived := a.Call(t, apptest.Admin, "PATCH", at, `{"status": "archived"}`, "If-Match", edited.Header.Get("ETag")).Want(t, 200, `"status":"archived"`)
	a.Call(t, apptest.Admin, "PATCH", at, `{"status": "active"}`, "If-Match", archived.Header.Get("ETag")).Want(t, 409, "promotion_archived")
	a.Call(t, apptest.Admin, "POST", at+"/coupons", `{"codes": ["LATE"]}`).Want(t, 409, "promotion_archived")
}

// Vendors make promotions of their own goods, at their own cost, and see nobody
// else's.
func TestVendorsSeeAndPayForTheirOwn(t *testing.T) {
	t.Parallel()
	a := apptest.New(t, pgtest.DB(t))
	vera, wanda := a.Owner(t, "vera"), a.Owner(t, "wanda")
	hers, shops := promote(t, a, "vera", `, "needs_code": true`), promote(t, a, apptest.Admin, `, "needs_code": true`)
	if hers.VendorID != vera || hers.PlatformPPM != 0 {
		t.Errorf("made %+v", hers)
	}
	a.Call(t, "vera", "POST", path("vera", hers)+"/coupons", `{"codes": ["vera-10"]}`).Want(t, 201, `"made":1`)
	coupon := a.Call(t, "vera", "GET", path("vera", hers)+"/coupons", "").Want(t, 200, `"code":"VERA-10"`)
	codeID := apptest.Read[httpapi.List[promotions.Coupon]](t, coupon).Data[0].ID.String()

	for _, call := range []struct{ method, path, body string }{
		{"GET", path("wanda", hers), ""},
		{"PATCH", path("wanda", hers), `{"status": "archived"}`},
		{"GET", path("wanda", hers) + "/coupons", ""},
		{"POST", path("wanda", hers) + "/coupons", `{"codes": ["MINE"]}`},
		{"PATCH", path("wanda", hers) + "/coupons/" + codeID, `{"disabled": true}`},
		{"GET", path("wanda", shops), ""},
		{"POST", path("wanda", shops) + "/coupons", `{"generate": 1}`},
	} {
		a.Call(t, "wanda", call.method, call.path, call.body, "If-Match", `"v1"`).Want(t, 404, "promotion_not_found")
	}
	a.Call(t, "wanda", "GET", "/vendor/promotions?include=total_count", "").Want(t, 200, `"data":[]`, `"total_count":0`)
	a.Call(t, "vera", "PATCH", path("vera", promote(t, a, "vera", ""))+"/coupons/"+codeID, `{"disabled": true}`).Want(t, 404, "coupon_not_found")
	a.Call(t, apptest.Admin, "GET", path(apptest.Admin, hers), "").Want(t, 200, vera.String())

	a.Call(t, "vera", "POST", "/vendor/promotions", `{"name": "Free", `+percentOff+`, "platform_ppm": 1}`).Want(t, 422, "/platform_ppm", "vendor_pays")
	a.Call(t, "vera", "PATCH", path("vera", hers), `{"platform_ppm": 500000}`, "If-Match", `"v1"`).Want(t, 422, "vendor_pays")
	a.Call(t, "vera", "POST", "/vendor/promotions", fmt.Sprintf(`{"name": "Hers", %s, "vendor_id": %q}`, percentOff, wanda)).Want(t, 422, "/vendor_id", "not_yours")
	a.Call(t, "vera", "PATCH", path("vera", hers), fmt.Sprintf(`{"vendor_id": %q}`, wanda), "If-Match", `"v1"`).Want(t, 400, "unknown_field")
	a.Call(t, apptest.Admin, "POST", "/admin/promotions", fmt.Sprintf(`{"name": "Whose", %s, "vendor_id": %q}`, percentOff, id.New[id.Vendor]())).Want(t, 422, "/vendor_id", "not_found")
	for _, call := range []string{"GET", "POST"} {
		a.Call(t, "vera", call, "/admin/promotions", `{}`).Want(t, 403)
	}
}

func TestCodesAreNamedOrDrawn(t *testing.T) {
	t.Parallel()
	a := apptest.New(t, pgtest.DB(t))
	at := path(apptest.Admin, promote(t, a, apptest.Admin, `, "needs_code": true`)) + "/coupons"
	made := func(body string, status int, contains ...string) {
		t.Helper()
		a.Call(t, apptest.Admin, "POST", at, body).Want(t, status, contains...)
	}
	made(`{"codes": [" summer 10", "ＷＩＮＴＥＲ"]}`, 201, `"made":2`)
	made(`{"codes": ["NEW", "summer10", "winter"]}`, 409, "code_taken", `"codes":["SUMMER10","WINTER"]`)
	made(`{"codes": ["OTHER", "o t h e r"]}`, 422, "/codes/1", "duplicate")
	made(`{"codes": ["GOOD", "10%"]}`, 422, "/codes/1", "invalid_code")
	made(`{"codes": []}`, 422, "/codes", "required")
	made(`{}`, 422, "/codes", "required")
	made(`{"codes": ["ONE"], "generate": 1}`, 422, "/codes", "required")
	made(`{"generate": 100001}`, 422, "/generate")
	made(`{"generate": 1, "prefix": "10%"}`, 422, "/prefix", "invalid_code")
	a.WantRows(t, "coupons", 2)

	made(`{"generate": 2, "prefix": "ｘmas"}`, 201, `"made":2`)
	page := apptest.Read[httpapi.List[promotions.Coupon]](t, a.Call(t, apptest.Admin, "GET", at+"?limit=3", "").Want(t, 200, `"has_more":true`))
	if c := page.Data[0]; c.Code != "SUMMER10" || c.UsageLimit != nil {
		t.Errorf("a named code may be used any number of times: %+v", c)
	}
	c := page.Data[2]
	if !strings.HasPrefix(c.Code, "XMAS-") || len(c.Code) != len("XMAS-")+12 || c.UsageLimit == nil || *c.UsageLimit != 1 {
		t.Errorf("a drawn code is used once: %+v", c)
	}
	edit := at + "/" + c.ID.String()
	a.Call(t, apptest.Admin, "PATCH", edit, `{"usage_limit": 9}`).Want(t, 200, `"usage_limit":9`, `"disabled":false`)
	a.Call(t, apptest.Admin, "PATCH", edit, `{"disabled": true}`).Want(t, 200, `"usage_limit":9`, `"disabled":true`)
	if cleared := a.Call(t, apptest.Admin, "PATCH", edit, `{"clear": ["usage_limit"]}`).Want(t, 200, `"disabled":true`); strings.Contains(cleared.Body, "usage_limit") {
		t.Errorf("the limit was not cleared: %s", cleared.Body)
	}
	a.Call(t, apptest.Admin, "PATCH", edit, `{"usage_limit": 0}`).Want(t, 422, "/usage_limit")
}

// A hundred thousand codes come of one call, each different.
func TestAHundredThousandCodes(t *testing.T) {
	t.Parallel()
	a := apptest.New(t, pgtest.DB(t))
	p := promote(t, a, apptest.Admin, `, "needs_code": true`)
	a.Call(t, apptest.Admin, "POST", path(apptest.Admin, p)+"/coupons", `{"generate": 100000, "prefix": "mail"}`).Want(t, 201, `"made":100000`)
	a.Call(t, apptest.Admin, "GET", path(apptest.Admin, p), "").Want(t, 200, `"coupons":100000`)
	if n := a.Count(t, `SELECT count(DISTINCT code)::int FROM coupons WHERE starts_with(code, 'MAIL-') AND usage_limit = 1`, nil); n != 100_000 {
		t.Errorf("%d codes", n)
	}
	file := a.Call(t, apptest.Admin, "GET", path(apptest.Admin, p)+"/coupons/file", "").Want(t, 200)
	rows, err := csv.NewReader(strings.NewReader(file.Body)).ReadAll()
	if err != nil || len(rows) != 100_001 || rows[0][0] != "code" || !strings.HasPrefix(rows[100_000][0], "MAIL-") || rows[1][1] != "1" || rows[1][2] != "0" {
		t.Errorf("a file of %d lines, %v: %.200s", len(rows), err, file.Body)
	}
	if kind := file.Header.Get("Content-Type"); kind != "text/csv; charset=utf-8" {
		t.Errorf("the file is %s", kind)
	}
	a.Owner(t, "vera")
	a.Call(t, "vera", "GET", path("vera", p)+"/coupons/file", "").Want(t, 404, "promotion_not_found")
}

// Codes are made beside orders that are placed with the promotion: neither waits.
func TestCodesAreMadeWhileOrdersArePlaced(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	a := apptest.New(t, pool)
	p := promote(t, a, apptest.Admin, `, "status": "active", "needs_code": true, "usage_limit": 5`)
	tx, err := pool.Begin(t.Context()) // an order that has counted its use
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	if _, err := tx.Exec(t.Context(), `UPDATE promotions SET used = used + 1 WHERE id = $1`, p.ID); err != nil {
		t.Fatal(err)
	}
	a.Call(t, apptest.Admin, "POST", path(apptest.Admin, p)+"/coupons", `{"codes": ["BESIDE"]}`).Want(t, 201)
}

// A limit is not set below what was given; what was given before there was a
// limit counts.
func TestALimitCountsWhatWasGivenBeforeIt(t *testing.T) {
	t.Parallel()
	a := apptest.New(t, pgtest.DB(t))
	p := promote(t, a, apptest.Admin, `, "status": "active", "needs_code": true`)
	at := path(apptest.Admin, p)
	a.Call(t, apptest.Admin, "POST", at+"/coupons", `{"codes": ["TEN"]}`).Want(t, 201)
	mug := a.Variant(t, apptest.Stock(10), apptest.Price(1000))
	for range 2 {
		c := a.Cart(t, "", 1, mug)
		a.Place(t, "", apptest.Read[apptest.Cart](t, a.Call(t, "", "POST", c.Path("/coupons"), `{"code": "ten"}`).Want(t, 200))).Want(t, 201)
	}
	edit := func(path, body string, status int, contains ...string) {
		t.Helper()
		etag := a.Call(t, apptest.Admin, "GET", at, "").Want(t, 200, `"used":2`, `"spent":[{"amount":200,"currency":"USD"}]`).Header.Get("ETag")
		a.Call(t, apptest.Admin, "PATCH", path, body, "If-Match", etag).Want(t, status, contains...)
	}
	coupon := apptest.Read[httpapi.List[promotions.Coupon]](t, a.Call(t, apptest.Admin, "GET", at+"/coupons", "").Want(t, 200, `"used":2`)).Data[0]
	edit(at, `{"usage_limit": 1}`, 409, "limit_below_used")
	edit(at, `{"budget": {"amount": 199, "currency": "USD"}}`, 409, "limit_below_used")
	edit(at+"/coupons/"+coupon.ID.String(), `{"usage_limit": 1}`, 409, "limit_below_used")
	edit(at+"/coupons/"+coupon.ID.String(), `{"usage_limit": 3}`, 200, `"used":2`)
	edit(at, `{"usage_limit": 3, "budget": {"amount": 300, "currency": "USD"}}`, 200, `"used":2`)
	if n := a.Count(t, `SELECT used + spent_minor::int FROM promotions WHERE id = @id`, pgx.NamedArgs{"id": p.ID}); n != 202 {
		t.Errorf("the new limits count %d", n)
	}
	a.WantSound(t)
}

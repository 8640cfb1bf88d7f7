package search

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// corner is a shop of a few products that tests know by heart.
func corner() *shop {
	s := &shop{
		vendors: []thing{newThing("Weft & Warp"), newThing("Second Hand")},
		brands:  []thing{newThing("Acme"), newThing("Zenith")},
		tags:    []thing{newThing("Sale"), newThing("New Arrival")},
	}
	apparel := s.category("Apparel", -1)
	shoes := s.category("Shoes", apparel)
	home := s.category("Home", -1)
	usd := func(minor int64) map[money.Currency]int64 { return map[money.Currency]int64{"USD": minor} }
	s.products = []*product{
		{
			Slug: "trail-shoes", Title: "Trail Running Shoes", Text: "<p>For mud &amp; stones.</p>", Brand: 0, Categories: []int{shoes}, Tags: []int{0},
			Attributes: map[string][]string{"material": {"Leather"}}, Option: "Color", Rating: 4.5, Sold: 10,
			Variants: []variant{
				{SKU: "TR-1", Value: "Red", Prices: usd(8999), Before: 9999, Stock: 3, Counted: true},
				{SKU: "TR-2", Value: "Blue", Prices: usd(9999), Stock: 0, Counted: true},
			},
		},
		{
			Slug: "cafe-mug", Title: "Café Mug", Brand: -1, Vendor: 1, Categories: []int{home}, Tags: []int{1},
			Variants: []variant{{SKU: "MUG", Prices: map[money.Currency]int64{"USD": 1200, "EUR": 1100}, Counted: false}},
		},
		{
			Slug: "sold-out", Title: "Sandals", Brand: 1, Categories: []int{shoes}, Option: "Color",
			Variants: []variant{{SKU: "SAN-1", Value: "red", Prices: usd(4000), Stock: 0, Counted: true}},
		},
		{
			Slug: "draft", Title: "Secret Shoes", Brand: 0, Categories: []int{shoes}, Status: "draft",
			Variants: []variant{{SKU: "X", Prices: usd(1), Stock: 1, Counted: true}},
		},
	}
	return s
}

// serve answers requests for a shop's catalogue.
func serve(t testing.TB, search *Search) http.Handler {
	t.Helper()
	r := httpapi.New(httpapi.Config{DB: search.DB, LimitsOff: true, CursorKey: []byte("0123456789abcdef0123456789abcdef")})
	search.Routes(r)
	return r.Handler()
}

func get(h http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

// What cannot be written of one product keeps no other from being shown, and is
// told until it can.
func TestAProductThatIsRefusedKeepsNoOtherFromBeingListed(t *testing.T) {
	tx := pgtest.Tx(t)
	s, search := corner(), newSearch(tx)
	s.insert(t, tx)
	if _, err := tx.Exec(t.Context(), `ALTER TABLE listings ADD CONSTRAINT no_mugs CHECK (name <> 'cafe mug')`); err != nil {
		t.Fatal(err)
	}
	s.refresh(t, tx, search)
	h, mug := serve(t, search), s.products[1]
	want := func(listed int, refused int64, page int) {
		t.Helper()
		status, err := search.Status(t.Context())
		if err != nil || status.Refused != refused || (refused > 0) != (status.RefusedProduct == mug.ID && strings.Contains(status.Problem, "no_mugs")) {
			t.Errorf("%+v, %v", status, err)
		}
		if got := decode[Listing](t, get(h, "/api/v1/products").Body.Bytes()).Data; len(got) != listed {
			t.Errorf("%d products are listed: %+v", len(got), got)
		}
		if code := get(h, "/api/v1/products/cafe-mug").Code; code != page {
			t.Errorf("the page of the mug: %d", code)
		}
	}
	want(2, 1, http.StatusNotFound)
	if _, err := search.Rebuild(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	want(2, 1, http.StatusNotFound)

	if _, err := tx.Exec(t.Context(), `ALTER TABLE listings DROP CONSTRAINT no_mugs`); err != nil {
		t.Fatal(err)
	}
	s.refresh(t, tx, search)
	want(3, 0, http.StatusOK)
}

func TestProductPage(t *testing.T) {
	tx := pgtest.Tx(t)
	s, search := corner(), newSearch(tx)
	s.insert(t, tx)
	s.refresh(t, tx, search)
	h := serve(t, search)

	w := get(h, "/api/v1/products/trail-shoes")
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	got := decode[Page](t, w.Body.Bytes())
	three, none := int64(3), int64(0)
	p := s.products[0]
	usd := func(minor int64) *money.Amount { return &money.Amount{Minor: minor, Currency: "USD"} }
	want := Page{
		ID: p.ID, Slug: "trail-shoes", Title: "Trail Running Shoes", Description: "<p>For mud &amp; stones.</p>",
		Vendor: Vendor{got.Vendor.ID, "weft_warp", "Weft & Warp"}, Brand: &Brand{got.Brand.ID, "acme", "Acme"},
		Categories: []Category{{got.Categories[0].ID, "shoes", "Shoes", "Apparel > Shoes"}}, Tags: []Tag{{got.Tags[0].ID, "sale", "Sale"}},
		Attributes: map[string][]string{"material": {"Leather"}}, Details: []Detail{{Key: "material", Label: "material", Values: []string{"Leather"}}},
		Media: []Image{}, Options: []Option{{"Color", []string{"Red", "Blue"}}},
		PriceRange: &PriceRange{*usd(8999), *usd(9999)}, LowestPrice30d: usd(8999), CreatedAt: p.Created,
		Variants: []Variant{
			{
				ID: p.Variants[0].ID, SKU: "TR-1", Title: p.Title, Options: []string{"Red"}, Price: usd(8999), CompareAtPrice: usd(9999),
				MediaIDs: []id.Media{}, RequiresShipping: true, MinQuantity: 1, InStock: true, AvailableQuantity: &three,
			},
			{ID: p.Variants[1].ID, SKU: "TR-2", Title: p.Title, Options: []string{"Blue"}, Price: usd(9999), MediaIDs: []id.Media{}, RequiresShipping: true, MinQuantity: 1, AvailableQuantity: &none},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if byID := get(h, "/api/v1/products/"+p.ID.String()); byID.Body.String() != w.Body.String() {
		t.Errorf("by id: %s\nby slug: %s", byID.Body, w.Body)
	}
	if uncounted := decode[Page](t, get(h, "/api/v1/products/cafe-mug").Body.Bytes()).Variants[0]; !uncounted.InStock || uncounted.AvailableQuantity != nil {
		t.Errorf("uncounted stock shows as %+v", uncounted)
	}

	request := httptest.NewRequest(http.MethodGet, "/api/v1/products/trail-shoes", nil)
	request.Header.Set("If-None-Match", w.Header().Get("ETag"))
	again := httptest.NewRecorder()
	h.ServeHTTP(again, request)
	if w.Header().Get("ETag") == "" || again.Code != http.StatusNotModified {
		t.Errorf("ETag %q was answered with %d", w.Header().Get("ETag"), again.Code)
	}
}

func TestProductPageCurrency(t *testing.T) {
	tx := pgtest.Tx(t)
	s, search := corner(), newSearch(tx)
	s.insert(t, tx)
	s.refresh(t, tx, search)
	h := serve(t, search)
	for path, want := range map[string]money.Currency{
		"cafe-mug":                 "USD",
		"cafe-mug?currency=EUR":    "EUR",
		"trail-shoes?currency=EUR": "USD", // it has no other
	} {
		if got := decode[Page](t, get(h, "/api/v1/products/"+path).Body.Bytes()); got.Variants[0].Price.Currency != want {
			t.Errorf("%s: %v, want %s", path, got.Variants[0].Price, want)
		}
	}
	if w := get(h, "/api/v1/products/cafe-mug?currency=XXX"); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("currency XXX: %d", w.Code)
	}
}

func TestWhatIsNotOnSaleIsNotThere(t *testing.T) {
	for name, change := range map[string]string{
		"archived":         `UPDATE products SET status = 'archived' WHERE slug = 'trail-shoes'`,
		"in review":        `UPDATE products SET status = 'pending_review' WHERE slug = 'trail-shoes'`,
		"vendor suspended": `UPDATE vendors SET status = 'suspended' WHERE slug = 'weft_warp'`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tx := pgtest.Tx(t)
			s, search := corner(), newSearch(tx)
			s.insert(t, tx)
			s.refresh(t, tx, search)
			h := serve(t, search)
			if w := get(h, "/api/v1/products/trail-shoes"); w.Code != http.StatusOK {
				t.Fatalf("before: %d %s", w.Code, w.Body)
			}
			mustExec(t, tx, change, nil)
			s.refresh(t, tx, search)
			gone, never := get(h, "/api/v1/products/trail-shoes"), get(h, "/api/v1/products/draft")
			if gone.Code != http.StatusNotFound || never.Code != http.StatusNotFound {
				t.Errorf("shown with %d, never on sale with %d", gone.Code, never.Code)
			}
			for _, card := range decode[Listing](t, get(h, "/api/v1/products").Body.Bytes()).Data {
				if card.Slug == "trail-shoes" || card.Slug == "draft" {
					t.Errorf("%s is listed", card.Slug)
				}
			}
		})
	}
}

func TestRefreshWritesOnlyWhatDiffers(t *testing.T) {
	tx := pgtest.Tx(t)
	s, search := corner(), newSearch(tx)
	s.insert(t, tx)
	s.refresh(t, tx, search)
	// xmin tells which transaction wrote a row, cmin which of its commands.
	written := func() map[string]string {
		rows, err := postgres.All[struct {
			Row string `db:"row"`
			By  string `db:"by"`
		}](t.Context(), tx, `
			SELECT product_id::text AS row, cmin::text AS by FROM listed_products
			UNION ALL SELECT product_id || currency, cmin::text FROM listings
			UNION ALL SELECT product_id || currency || 'page', cmin::text FROM product_pages`, nil)
		if err != nil {
			t.Fatal(err)
		}
		m := map[string]string{}
		for _, r := range rows {
			m[r.Row] = r.By
		}
		return m
	}
	for _, p := range s.products {
		p.Rating, p.Sold = 0, 0 // leave the rows alone
	}
	before := written()
	s.refresh(t, tx, search) // the rating that the first refresh could not know
	settled := written()
	s.refresh(t, tx, search)
	if diff := cmp.Diff(settled, written()); diff != "" {
		t.Errorf("a refresh of what has not changed wrote rows: %s", diff)
	}
	mustExec(t, tx, `UPDATE products SET title = 'Café Cup' WHERE slug = 'cafe-mug'`, nil)
	s.refresh(t, tx, search)
	changed := 0
	for row, by := range written() {
		if settled[row] != by {
			changed++
		}
	}
	if want := 1 + 2 + 2; changed != want { // the product, and a listing and a page in each currency
		t.Errorf("renaming one product wrote %d rows, want %d", changed, want)
	}
	if len(before) != len(settled) {
		t.Errorf("%d rows became %d", len(before), len(settled))
	}
}

// The history is pricing's; the page shows the lowest of what it settled on.
func TestLowestPriceOf30Days(t *testing.T) {
	tx := pgtest.Tx(t)
	s, search := corner(), newSearch(tx)
	s.insert(t, tx)
	mustExec(t, tx, `UPDATE prices SET lowest_30d_minor = 7000 WHERE variant_id = @v AND currency = 'USD'`,
		pgx.NamedArgs{"v": s.products[0].Variants[0].ID})
	s.refresh(t, tx, search)
	got := decode[Page](t, get(serve(t, search), "/api/v1/products/trail-shoes").Body.Bytes())
	if got.LowestPrice30d.Minor != 7000 {
		t.Errorf("lowest price of 30 days is %v, want 70.00", got.LowestPrice30d)
	}
}

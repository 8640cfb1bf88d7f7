package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"souk/internal/app/apptest"
	"souk/internal/platform/pgtest"
)

// set changes settings of the shop.
func set(t *testing.T, a *apptest.App, settings string) {
	t.Helper()
	now := a.Call(t, apptest.Admin, "GET", "/admin/settings", "").Header.Get("ETag")
	a.Call(t, apptest.Admin, "PATCH", "/admin/settings", `{"settings": `+settings+`}`, "If-Match", now).Want(t, 200)
}

// patch changes what a path shows.
func patch(t *testing.T, a *apptest.App, as, path, body string, want int, says ...string) apptest.Answer {
	t.Helper()
	now := a.Call(t, as, "GET", path, "").Want(t, 200).Header.Get("ETag")
	return a.Call(t, as, "PATCH", path, body, "If-Match", now).Want(t, want, says...)
}

// Goods are told in the language that comes nearest to the shopper's, text by
// text, and in the shop's where nobody has translated them.
func TestShoppersReadTheirLanguage(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	a.Search.CacheBytes = 1 << 20 // an answer in one language is never that of another
	vendor := a.Owner(t, "vera")
	lamp := a.Product(t, apptest.By(vendor), apptest.Titled("Brass lamp"), apptest.Described("<p>Bright</p>"), apptest.In("Home", "Lamps"), apptest.Choice("Colour", "Red", "Blue"))
	mug := a.Product(t, apptest.By(vendor), apptest.Titled("Mug"))
	path := "/admin/products/" + lamp.ID.String()
	words := `{"translations": {"de": {"title": "Messinglampe", "options": {"Colour": "Farbe", "Red": "Rot"}}, "pt-BR": {"description": "<p>Claro</p><script>x</script>"}}}`

	patch(t, a, apptest.Admin, path, words, 422, "not_offered")
	a.Call(t, apptest.Admin, "PATCH", "/admin/settings", `{"settings": {"catalog.locales": "de, no language"}}`, "If-Match",
		a.Call(t, apptest.Admin, "GET", "/admin/settings", "").Header.Get("ETag")).Want(t, 422, "catalog.locales")
	set(t, a, `{"catalog.locales": "de, pt-BR, hi"}`)
	for bad, status := range map[string]int{
		`{"fr": {"title": "Lampe"}}`: 422, `{"": {"title": "x"}}`: 422, `{"de": {"title": "` + strings.Repeat("x", 301) + `"}}`: 422, `{"de": {"name": "x"}}`: 400,
	} {
		patch(t, a, apptest.Admin, path, `{"translations": `+bad+`}`, status)
	}
	patch(t, a, apptest.Admin, path, words, 200, `"title":"Messinglampe"`)
	tree := apptest.Read[struct {
		Data []struct {
			ID       string
			Children []struct{ ID string }
		}
	}](t, a.Call(t, apptest.Admin, "GET", "/admin/categories", ""))
	patch(t, a, apptest.Admin, "/admin/categories/"+tree.Data[0].Children[0].ID, `{"translations": {"de": {"name": "Lampen"}}}`, 200)
	a.Refresh(t, lamp.ID)
	a.Refresh(t, mug.ID)

	get := func(path, accept string) apptest.Answer {
		t.Helper()
		answer := a.Call(t, "", "GET", path, "", "Accept-Language", accept).Want(t, 200)
		if vary := answer.Header.Values("Vary"); strings.Join(vary, ",") != "Origin,Accept-Language" {
			t.Errorf("%s varies by %v", path, vary)
		}
		return answer
	}
	page := "/products/" + lamp.Slug
	for range 2 { // the second time from the cache
		for _, c := range []struct {
			path, accept, language string
			says                   []string
		}{
			{page, "", "en", []string{`"title":"Brass lamp"`, `"path":"Home > Lamps"`, `"name":"Colour"`}},
			{page, "de-AT, en;q=0.5", "de", []string{`"title":"Messinglampe"`, "<p>Bright</p>", `"path":"Home > Lampen"`, `"name":"Farbe","values":["Rot","Blue"]`, `"title":"Rot"`}},
			{page, "fr, pt-BR;q=0.9", "pt-BR", []string{`"title":"Brass lamp"`, `"description":"<p>Claro</p>"`}},
			{page, "fr", "en", []string{`"title":"Brass lamp"`}},
			{page, "en, de", "en", []string{`"title":"Brass lamp"`}},
			{page, ";;;", "en", nil},
			{page + "?locale=de", "pt-BR", "de", []string{"Messinglampe"}},
			{page + "?locale=fr", "de", "en", []string{"Brass lamp"}},
			{page + "?locale=hi", "", "en", []string{"Brass lamp"}}, // offered, not translated
			{"/products/" + mug.Slug + "?locale=de", "", "en", []string{`"title":"Mug"`}},
			{"/products?locale=de&facets=true", "", "de", []string{`"title":"Messinglampe"`, `"title":"Mug"`}},
			{"/products?category=home&facets=true", "de", "de", []string{`"value":"lamps","label":"Lampen"`}},
			{"/products?q=messinglampe", "", "en", []string{`"title":"Brass lamp"`}},
			{"/products", "", "en", []string{`"title":"Brass lamp"`}},
			{"/categories?locale=de", "", "de", []string{`"name":"Lampen","path":"Home > Lampen"`}},
			{"/search/suggest?q=lamp", "de", "de", []string{`"title":"Messinglampe"`, `"name":"Lampen","path":"Home > Lampen"`}},
			{"/search/suggest?q=lampen", "de", "de", []string{`"name":"Lampen"`}},
			{"/search/suggest?q=lamp", "", "en", []string{`"title":"Brass lamp"`, `"name":"Lamps","path":"Home > Lamps"`}},
			{"/categories", "", "en", []string{`"name":"Lamps","path":"Home > Lamps"`}},
		} {
			if got := get(c.path, c.accept).Want(t, 200, c.says...).Header.Get("Content-Language"); got != c.language {
				t.Errorf("%s for %q is in %q, want %q", c.path, c.accept, got, c.language)
			}
		}
	}
	a.Call(t, "", "GET", page+"?locale=de'--", "").Want(t, 422)
	german, english := get(page, "de"), get(page, "en")
	if german.Header.Get("ETag") == english.Header.Get("ETag") {
		t.Error("two languages have one ETag")
	}
	a.Call(t, "", "GET", page, "", "Accept-Language", "en", "If-None-Match", german.Header.Get("ETag")).Want(t, 200)
	if again := a.Call(t, "", "GET", page, "", "Accept-Language", "de", "If-None-Match", german.Header.Get("ETag")).Want(t, http.StatusNotModified); again.Header.Get("Content-Language") != "de" {
		t.Error("304 does not say its language")
	}

	// What a vendor translates waits with the rest.
	set(t, a, `{"catalog.review_edits": true}`)
	patch(t, a, "vera", "/vendor/products/"+lamp.ID.String(), `{"translations": {"de": {"title": "GRATIS"}}}`, 200, `"pending_change"`)
	a.Call(t, apptest.Admin, "GET", "/admin/product-changes", "").Want(t, 200, `"field":"translations"`, "GRATIS", "Messinglampe")
	a.Refresh(t, lamp.ID)
	get(page, "de").Want(t, 200, "Messinglampe")
}

// Attributes and their choices are called in each language as staff say.
func TestFacetsAreCalledInEachLanguage(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	set(t, a, `{"catalog.locales": "de"}`)
	g := a.Product(t)
	a.Call(t, apptest.Admin, "POST", "/admin/attributes", `{"key": "glaze", "label": "Glaze", "kind": "select", "choices": [{"value": "matt", "label": "Matt finish"}],
		"translations": {"de": {"label": "Glasur", "choices": {"matt": "Stumpfmatt"}}}}`).Want(t, 201)
	a.Call(t, apptest.Admin, "POST", "/admin/attributes", `{"key": "x", "label": "X", "kind": "text", "translations": {"fr": {"label": "Y"}}}`).Want(t, 422, "not_offered")
	patch(t, a, apptest.Admin, "/admin/products/"+g.ID.String(), `{"attributes": {"glaze": ["matt"]}}`, 200)
	a.Refresh(t, g.ID)
	a.Call(t, "", "GET", "/products?facets=true&locale=de", "").Want(t, 200, `"key":"attr[glaze]","label":"Glasur","values":[{"value":"matt","label":"Stumpfmatt"`)
	a.Call(t, "", "GET", "/products?facets=true", "").Want(t, 200, `"key":"attr[glaze]","label":"Glaze","values":[{"value":"matt","label":"Matt finish"`)
	a.Call(t, "", "GET", "/attributes?locale=de", "").Want(t, 200, `"label":"Glasur"`, `"label":"Stumpfmatt"`)
	a.Call(t, "", "GET", "/attributes", "").Want(t, 200, `"label":"Glaze"`)
	a.Call(t, apptest.Admin, "PATCH", "/admin/attributes/glaze", `{"translations": {"de": {"label": "Lasur"}}}`, "If-Match", `"v1"`).Want(t, 200)
	a.Refresh(t, g.ID)
	a.Call(t, "", "GET", "/products?facets=true&locale=de", "").Want(t, 200, fmt.Sprintf(`"label":%q`, "Lasur"), `"label":"Matt finish"`)
}

// With a product, shoppers see what was chosen for it, in its order, and what
// others have bought with it; nothing that is not on sale.
func TestRelatedProducts(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	a.Search.CacheBytes = 1 << 20
	vendor := a.Owner(t, "vera")
	lamp, bulb, shade, cord := a.Product(t, apptest.By(vendor)), a.Product(t, apptest.By(vendor)), a.Product(t, apptest.By(vendor)), a.Product(t)
	path, vendors := "/admin/products/"+lamp.ID.String(), "/vendor/products/"+lamp.ID.String()
	shows := func(query string, want string) {
		t.Helper()
		if err := a.Search.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range apptest.Read[struct {
			Data []struct {
				Kind     string
				Products []struct{ Slug string }
			}
		}](t, a.Call(t, "", "GET", "/products/"+lamp.Slug+"/related"+query, "").Want(t, 200)).Data {
			got = append(got, r.Kind+":")
			for _, p := range r.Products {
				got = append(got, p.Slug)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s shows %v, want %s", query, got, want)
		}
	}
	shows("", "")
	relate := func(kind string, of ...apptest.Goods) string {
		var ids []string
		for _, g := range of {
			ids = append(ids, fmt.Sprintf("%q", g.ID))
		}
		return fmt.Sprintf(`{"relations": {%q: [%s]}}`, kind, strings.Join(ids, ", "))
	}
	patch(t, a, apptest.Admin, path, relate("related", lamp), 422, "/relations/related/0", "itself")
	patch(t, a, "vera", vendors, relate("cross_sell", bulb, cord), 422, "/relations/cross_sell/1", "not_found")
	patch(t, a, apptest.Admin, path, relate("cross_sell", bulb, bulb), 422)
	patch(t, a, "vera", vendors, relate("cross_sell", shade, bulb), 200)
	shows("", "cross_sell: "+shade.Slug+" "+bulb.Slug)
	patch(t, a, apptest.Admin, path, relate("cross_sell", cord, bulb), 200)
	shows("", "cross_sell: "+cord.Slug+" "+bulb.Slug)
	patch(t, a, "vera", vendors, relate("cross_sell", bulb, cord), 200) // what staff chose may stay
	shows("", "cross_sell: "+bulb.Slug+" "+cord.Slug)

	for range 2 {
		a.PlacedOrder(t, "", 1, lamp.Variants[0], shade.Variants[0], bulb.Variants[0])
	}
	a.PlacedOrder(t, "", 1, lamp.Variants[0], cord.Variants[0])
	if err := a.Search.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.Search.CountSold(t.Context()); err != nil {
		t.Fatal(err)
	}
	shows("", "cross_sell: "+bulb.Slug+" "+cord.Slug+" bought_together: "+shade.Slug)
	shows("?kind=bought_together", "bought_together: "+bulb.Slug+" "+shade.Slug+" "+cord.Slug)
	shows("?currency=EUR", "")
	a.Call(t, "", "GET", "/products/"+lamp.Slug+"/related?kind=cheaper", "").Want(t, 422)
	a.Call(t, "", "GET", "/products/nothing/related", "").Want(t, 404)

	a.Call(t, apptest.Admin, "POST", "/admin/products/"+bulb.ID.String()+"/hide", "").Want(t, 200)
	shows("", "cross_sell: "+cord.Slug+" bought_together: "+shade.Slug)
	patch(t, a, apptest.Admin, path, `{"slug": "the-lamp"}`, 200)
	if err := a.Search.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if to := a.Call(t, "", "GET", "/products/"+lamp.Slug+"/related", "").Want(t, 301).Header.Get("Location"); to != "/api/v1/products/the-lamp/related" {
		t.Errorf("it moved to %s", to)
	}
}

// A copy is a draft with SKUs of its own, and its pictures outlive those of
// what it was copied from.
func TestACopyStandsByItself(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	vendor := a.Owner(t, "vera")
	a.Owner(t, "otto")
	g := a.Product(t, apptest.By(vendor), apptest.Titled("Mug"), apptest.Choice("Colour", "Red", "Blue"), apptest.Price(1999), apptest.Was(2999), apptest.Tagged("Sale"))
	path := "/vendor/products/" + g.ID.String()
	type product struct {
		ID, Slug, Title, Status, Handle string
		Tags                            []struct{ Name string }
		Media                           []struct{ ID, Alt string }
		Variants                        []struct {
			ID, SKU  string
			MediaIDs []string `json:"media_ids"`
			Prices   []struct{ Price struct{ Amount int } }
			OnHand   *int `json:"on_hand"`
		}
	}
	picture := apptest.Read[struct{ ID string }](t, a.Call(t, "vera", "POST", path+"/media/links", `{"url": "https://img.example.com/1.png", "alt": "A mug"}`).Want(t, 201)).ID
	was := apptest.Read[product](t, a.Call(t, "vera", "GET", path, ""))
	a.Call(t, "vera", "PATCH", path+"/variants/"+was.Variants[1].ID, fmt.Sprintf(`{"media_ids": [%q]}`, picture), "If-Match", `"v1"`).Want(t, 200)
	a.Call(t, "otto", "POST", path+"/duplicate", "").Want(t, 404)

	made := apptest.Read[product](t, a.Call(t, "vera", "POST", path+"/duplicate", "").Want(t, 201))
	if made.ID == was.ID || made.Title != "Mug (copy)" || made.Slug != "mug-copy" || made.Status != "draft" || len(made.Tags) != 1 || len(made.Variants) != 2 || made.Handle == was.Handle {
		t.Errorf("the copy: %+v", made)
	}
	for i, v := range made.Variants {
		if v.SKU == was.Variants[i].SKU || !strings.HasPrefix(v.SKU, was.Variants[i].SKU+"-") || v.Prices[0].Price.Amount != 1999 || v.OnHand != nil && *v.OnHand != 0 {
			t.Errorf("variant %d of the copy: %+v", i, v)
		}
	}
	if len(made.Media) != 1 || made.Media[0].ID == picture || made.Media[0].Alt != "A mug" || len(made.Variants[1].MediaIDs) != 1 || made.Variants[1].MediaIDs[0] != made.Media[0].ID {
		t.Errorf("pictures of the copy: %+v", made)
	}
	again := apptest.Read[product](t, a.Call(t, apptest.Admin, "POST", "/admin/products/"+g.ID.String()+"/duplicate", "").Want(t, 201))
	if again.Slug == made.Slug || again.Variants[0].SKU == made.Variants[0].SKU {
		t.Errorf("two copies are one: %+v", again)
	}
}

// A collection is what its rules say at the moment, with what staff pin first
// and without what they exclude.
func TestCollectionsAreWhatTheirRulesSay(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	a.Search.CacheBytes = 1 << 20
	set(t, a, `{"catalog.locales": "de"}`)
	vendor := a.Owner(t, "vera")
	cheap := a.Product(t, apptest.Titled("Cheap mug"), apptest.Price(500), apptest.Tagged("Summer"), apptest.In("Home", "Mugs"))
	dear := a.Product(t, apptest.Titled("Dear mug"), apptest.Price(5000), apptest.Was(9000), apptest.Tagged("Summer"), apptest.In("Home"), apptest.By(vendor))
	lamp := a.Product(t, apptest.Titled("Lamp"), apptest.Price(3000), apptest.Branded("Lumen"), apptest.Choice("Colour", "Red", "Blue"))
	name := map[string]string{cheap.ID.String(): "cheap", dear.ID.String(): "dear", lamp.ID.String(): "lamp"}
	listed := func(query string) string {
		t.Helper()
		if err := a.Search.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		var got []string
		for after := ""; ; {
			page := apptest.Read[struct {
				Data []struct{ ID string }
				Next string `json:"next_cursor"`
			}](t, a.Call(t, "", "GET", "/products?limit=1&"+query+after, "").Want(t, 200))
			for _, p := range page.Data {
				got = append(got, name[p.ID])
			}
			if after = "&after=" + page.Next; page.Next == "" {
				return strings.Join(got, " ")
			}
		}
	}
	for rules, want := range map[string]string{
		`[{"field": "tag", "values": ["summer"]}]`:                                                                    "cheap dear",
		`[{"field": "tag", "values": ["summer"]}, {"field": "on_sale"}]`:                                              "dear",
		`[{"field": "category", "values": ["home"]}]`:                                                                 "cheap dear",
		`[{"field": "category", "values": ["mugs"]}]`:                                                                 "cheap",
		`[{"field": "brand", "values": ["lumen"]}]`:                                                                   "lamp",
		`[{"field": "vendor", "values": ["` + vendor.String() + `"]}]`:                                                "dear",
		`[{"field": "attribute", "key": "colour", "values": ["blue"]}]`:                                               "lamp",
		`[{"field": "price", "min": {"amount": 3000, "currency": "USD"}}]`:                                            "lamp dear",
		`[{"field": "price", "min": {"amount": 600, "currency": "USD"}, "max": {"amount": 4000, "currency": "USD"}}]`: "lamp",
		`[{"field": "price", "min": {"amount": 1, "currency": "EUR"}}]`:                                               "",
		`[{"field": "created", "days": 1}]`:                                                                           "cheap lamp dear",
		`[]`:                                                                                                          "",
	} {
		made := apptest.Read[struct{ ID, Slug string }](t, a.Call(t, apptest.Admin, "POST", "/admin/collections",
			`{"title": "Finds", "published": true, "sort": "price", "rules": `+rules+`}`).Want(t, 201))
		if got := listed("collection=" + made.Slug); got != want {
			t.Errorf("%s: %s, want %s", rules, got, want)
		}
		count := 0
		if want != "" {
			count = len(strings.Fields(want))
		}
		a.Call(t, apptest.Admin, "POST", "/admin/collections/preview", `{"rules": `+rules+`}`).Want(t, 200, fmt.Sprintf(`{"count":%d,`, count))
		a.Call(t, apptest.Admin, "DELETE", "/admin/collections/"+made.ID, "").Want(t, 204)
	}
	for rules, pointer := range map[string]string{
		`[{"field": "tag", "values": ["winter"]}]`:  "/rules/0/values/0",
		`[{"field": "tag"}]`:                        "/rules/0/values",
		`[{"field": "attribute", "values": ["x"]}]`: "/rules/0/key",
		`[{"field": "price"}]`:                      "/rules/0/min",
		`[{"field": "created"}]`:                    "/rules/0/days",
		`[{"field": "colour"}]`:                     "/rules/0/field",
		`[{"field": "price", "min": {"amount": 2, "currency": "USD"}, "max": {"amount": 1, "currency": "USD"}}]`: "/rules/0/max",
	} {
		a.Call(t, apptest.Admin, "POST", "/admin/collections", `{"title": "Finds", "rules": `+rules+`}`).Want(t, 422, pointer)
	}
	a.Call(t, apptest.Admin, "POST", "/admin/collections", `{"rules": []}`).Want(t, 422, "/title")

	// Pins, exclusions and a life in front of shoppers.
	made := apptest.Read[struct{ ID string }](t, a.Call(t, apptest.Admin, "POST", "/admin/collections", fmt.Sprintf(`{"title": "Summer", "match": "any", "sort": "price",
		"rules": [{"field": "tag", "values": ["summer"]}, {"field": "brand", "values": ["lumen"]}], "pinned": [%q, %q], "translations": {"de": {"title": "Sommer"}}}`, dear.ID, lamp.ID)).Want(t, 201)).ID
	path := "/admin/collections/" + made
	a.Call(t, "", "GET", "/collections/summer", "").Want(t, 404, "collection_not_found")
	if got := listed("collection=summer"); got != "" {
		t.Errorf("a draft shows %s", got)
	}
	patch(t, a, apptest.Admin, path, `{"published": true}`, 200)
	a.Call(t, "", "GET", "/collections/summer?locale=de", "").Want(t, 200, `"title":"Sommer"`)
	a.Call(t, "", "GET", "/collections", "").Want(t, 200, `"title":"Summer"`)
	for query, want := range map[string]string{
		"collection=summer":                    "dear lamp cheap",
		"collection=summer&sort=price":         "cheap lamp dear",
		"collection=summer&category=home":      "dear cheap",
		"collection=summer,nothing&sort=price": "cheap lamp dear",
		"collection=nothing":                   "",
	} {
		if got := listed(query); got != want {
			t.Errorf("%s shows %s, want %s", query, got, want)
		}
	}
	a.Call(t, "", "GET", "/products?collection=summer&facets=true&include=total_count", "").Want(t, 200, `"total_count":3`, `"value":"home","label":"Home","count":2`)
	patch(t, a, apptest.Admin, path, fmt.Sprintf(`{"excluded": [%q]}`, dear.ID), 422, "/pinned/0")
	patch(t, a, apptest.Admin, path, fmt.Sprintf(`{"excluded": [%q], "pinned": []}`, cheap.ID), 200)
	if got := listed("collection=summer"); got != "lamp dear" {
		t.Errorf("without what is excluded it shows %s", got)
	}
	patch(t, a, apptest.Admin, "/admin/products/"+dear.ID.String(), `{"tags": []}`, 200) // it leaves as it changes
	if got := listed("collection=summer"); got != "lamp" {
		t.Errorf("after the change it shows %s", got)
	}
	patch(t, a, apptest.Admin, path, `{"unpublish_at": "2020-01-01T00:00:00Z"}`, 200)
	a.Call(t, "", "GET", "/collections/summer", "").Want(t, 404)
	a.Call(t, apptest.Admin, "PATCH", path, `{"title": "x"}`, "If-Match", `"v1"`).Want(t, 412)
}

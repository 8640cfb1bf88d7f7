package search

import (
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/pgtest"
)

func slugs(l Listing) []string {
	list := []string{}
	for _, c := range l.Data {
		list = append(list, c.Slug)
	}
	return list
}

func TestTextFinds(t *testing.T) {
	tx := pgtest.Tx(t)
	s, search := corner(), newSearch(tx)
	s.insert(t, tx)
	s.refresh(t, tx, search)
	h := serve(t, search)
	for q, want := range map[string][]string{
		"shoe":                {"trail-shoes", "sold-out"}, // stemmed; the sandals are in Shoes
		"run":                 {"trail-shoes"},
		"trail sho":           {"trail-shoes"},             // the last word may be unfinished
		"sho trail":           {"trail-shoes", "sold-out"}, // but another only where nothing has it: then what has one of two words, too
		"CAFE":                {"cafe-mug"},
		"café":                {"cafe-mug"},
		"mud":                 {"trail-shoes"}, // the description, without its markup
		"stones & mud":        {"trail-shoes"},
		"acme leather":        {"trail-shoes"}, // brand and attribute
		"blue shoes":          {"trail-shoes"}, // an option
		"sale":                {"trail-shoes"}, // a tag
		"apparel":             {"trail-shoes", "sold-out"},
		"shoes -zenith":       {"trail-shoes"},
		"mug or sandals":      {"cafe-mug", "sold-out"},
		`"running shoes"`:     {"trail-shoes"},
		`"shoes running"`:     {"trail-shoes", "sold-out"}, // nothing has the phrase; the title is like it
		"tr-1":                {"trail-shoes"},             // a SKU
		"MUG":                 {"cafe-mug"},
		"runing shoess":       {"trail-shoes", "sold-out"}, // typos
		"sandels":             {"sold-out"},
		"secret":              {},
		"nothing of the kind": {},
	} {
		w := get(h, "/api/v1/products?q="+url.QueryEscape(q))
		if w.Code != http.StatusOK {
			t.Errorf("%s: %d %s", q, w.Code, w.Body)
			continue
		}
		got := slugs(decode[Listing](t, w.Body.Bytes()))
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", q, got, want)
		}
	}
	for q, why := range map[string]string{"shoes": "a word of the title should count more than one of the category", "runing shoess": "both words should count more than one"} {
		if got := slugs(decode[Listing](t, get(h, "/api/v1/products?q="+url.QueryEscape(q)).Body.Bytes())); got[0] != "trail-shoes" {
			t.Errorf("%v: %s", got, why)
		}
	}
}

func TestSKUIsFoundFirst(t *testing.T) {
	tx := pgtest.Tx(t)
	s, search := corner(), newSearch(tx)
	s.products[2].Title, s.products[2].Sold = "MUG tree for every MUG", 1000
	s.insert(t, tx)
	s.refresh(t, tx, search)
	if got := slugs(decode[Listing](t, get(serve(t, search), "/api/v1/products?q=mug").Body.Bytes())); !slices.Equal(got, []string{"cafe-mug", "sold-out"}) {
		t.Errorf("%v, want the SKU before the words", got)
	}
}

// R33 and rows 17 to 20, 35 of the bad inputs: what people write is data.
func TestR33InputIsNeverSQL(t *testing.T) {
	tx := pgtest.Tx(t)
	s, search := corner(), newSearch(tx)
	s.insert(t, tx)
	s.refresh(t, tx, search)
	h := serve(t, search)
	hostile := []string{
		"%%%%", "%", "_", "'", `"`, `\`, "''", "' OR 1=1 --", "'); DROP TABLE listings; --", "$1", "@q", "@currency", ":*", "a:*b", "a & | ! b", "<->", "!!", "((((", "a -", "- -", "--", `"unclosed`,
		"(a+)+$", "[[:alpha:]]*", ".*", "^", "👟", "👟 shoes", "\u202eshoes", "\u200f\u200e", "שלום", "مرحبا", "नमस्ते", "日本語", "e\u0301", "ﷺ", "ß", "İ",
		"or", "or or", "-", "-or", "x'y", "1e999", "\t\n", strings.Repeat("a ", 99), strings.Repeat("é", 200), strings.Repeat("-a", 100), strings.Repeat(`"`, 199), strings.Repeat("(", 200),
	}
	for _, text := range hostile {
		for _, path := range []string{
			"/api/v1/products?facets=true&include=total_count&q=", "/api/v1/products?category=", "/api/v1/products?facets=true&brand=", "/api/v1/products?tag=", "/api/v1/products?vendor=",
			"/api/v1/products?facets=true&attr[color]=", "/api/v1/products?facets=true&attr[" + url.QueryEscape(text) + "]=", "/api/v1/search/suggest?q=",
		} {
			if w := get(h, path+url.QueryEscape(text)); w.Code != http.StatusOK && w.Code != http.StatusUnprocessableEntity && w.Code != http.StatusBadRequest {
				t.Errorf("%s%s: %d %s", path, text, w.Code, w.Body)
			}
		}
		if w := get(h, "/api/v1/products/"+url.PathEscape(text)); w.Code >= 500 || w.Code == http.StatusOK {
			t.Errorf("product %q: %d %s", text, w.Code, w.Body)
		}
		for _, path := range []string{"sort", "currency", "limit", "after", "include", "in_stock", "rating[gte]", "price[gte]", "facets", "fields", text} {
			if w := get(h, "/api/v1/products?"+url.QueryEscape(path)+"="+url.QueryEscape(text)); w.Code != http.StatusUnprocessableEntity && w.Code != http.StatusBadRequest {
				t.Errorf("%s=%s: %d %s, want 422", path, text, w.Code, w.Body)
			}
		}
	}
	for _, query := range []string{
		"q=" + strings.Repeat("a", 10_000), "sort=password_hash", "sort=price;DROP", "sort=id", "currency=usd", "currency=XXX", "limit=0", "limit=-1", "limit=1000000000", "limit=101", "limit=1.5",
		"price[gte]=-1", "price[lte]=1e3", "price[gte]=10&price[lte]=5", "rating[gte]=6", "rating[gte]=NaN", "include=vendor.bank_account", "filter[customer.email]=x", "page=2", "limit=10&limit=9999",
		"q=%00", "q=%ff", "attr[]=x", "attr[color]=", "attr[color", "attr[color]=x&attr[color]=y", "brand=" + strings.Repeat("a,", 1000),
		strings.TrimSuffix(strings.Repeat("attr[a]=1&", 1), "&") + manyAttributes(1000), manyAttributes(11)[1:],
	} {
		if w := get(h, "/api/v1/products?"+query); w.Code != http.StatusUnprocessableEntity && w.Code != http.StatusBadRequest {
			t.Errorf("%.60s: %d %.200s, want 422", query, w.Code, w.Body)
		}
	}
}

func manyAttributes(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("&attr[k" + strings.Repeat("x", i%50) + strings.Repeat("y", i/50) + "]=1")
	}
	return b.String()
}

func TestCursorBelongsToItsList(t *testing.T) {
	tx := pgtest.Tx(t)
	s, search := corner(), newSearch(tx)
	s.insert(t, tx)
	s.refresh(t, tx, search)
	h := serve(t, search)
	cursor := decode[Listing](t, get(h, "/api/v1/products?sort=price&limit=1&facets=true").Body.Bytes()).NextCursor
	for query, want := range map[string]int{
		"sort=price&limit=1":             http.StatusOK, // the next page needs no facets
		"sort=price&limit=50":            http.StatusOK,
		"sort=-price":                    http.StatusUnprocessableEntity,
		"sort=price&brand=acme":          http.StatusUnprocessableEntity,
		"sort=price&currency=EUR":        http.StatusUnprocessableEntity,
		"sort=price&price[lte]=10000000": http.StatusUnprocessableEntity,
		"":                               http.StatusUnprocessableEntity,
	} {
		if w := get(h, "/api/v1/products?"+query+"&after="+cursor); w.Code != want {
			t.Errorf("%s: %d %s, want %d", query, w.Code, w.Body, want)
		}
	}
	if w := get(h, "/api/v1/products?sort=price&after=x"+cursor[1:]); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("a changed cursor: %d", w.Code)
	}
}

func TestCursorSurvivesChanges(t *testing.T) {
	tx := pgtest.Tx(t)
	s, search := corner(), newSearch(tx)
	s.insert(t, tx)
	s.refresh(t, tx, search)
	h := serve(t, search)
	first := decode[Listing](t, get(h, "/api/v1/products?sort=price&limit=1").Body.Bytes())
	if got := slugs(first); !slices.Equal(got, []string{"cafe-mug"}) {
		t.Fatalf("first page %v", got)
	}
	mustExec(t, tx, `UPDATE products SET status = 'archived' WHERE slug = 'cafe-mug'`, nil) // the one that the cursor stands on
	s.refresh(t, tx, search)
	second := decode[Listing](t, get(h, "/api/v1/products?sort=price&limit=1&after="+first.NextCursor).Body.Bytes())
	if got := slugs(second); !slices.Equal(got, []string{"sold-out"}) {
		t.Errorf("second page %v", got)
	}
}

func TestFacetsOfTheCorner(t *testing.T) {
	tx := pgtest.Tx(t)
	s, search := corner(), newSearch(tx)
	s.insert(t, tx)
	s.refresh(t, tx, search)
	l := decode[Listing](t, get(serve(t, search), "/api/v1/products?facets=true&category=apparel&attr[color]=RED&in_stock=true").Body.Bytes())
	if got := slugs(l); !slices.Equal(got, []string{"trail-shoes"}) {
		t.Fatalf("%v", got)
	}
	want := []Facet{
		{"category", "Category", []FacetValue{{"apparel", "Apparel", 1, true}, {"shoes", "Shoes", 1, false}}},
		{"brand", "Brand", []FacetValue{{"acme", "Acme", 1, false}}},
		{"vendor", "Vendor", []FacetValue{{"weft_warp", "Weft & Warp", 1, false}}},
		{"price", "Price", []FacetValue{{"0-", "from 0.00 USD", 1, false}}},
		{"in_stock", "Availability", []FacetValue{{"true", "In stock", 1, true}, {"false", "Out of stock", 1, false}}},
		{"rating", "Rating", []FacetValue{{"4", "4 and more", 1, false}, {"3", "3 and more", 1, false}, {"2", "2 and more", 1, false}, {"1", "1 and more", 1, false}}},
		{"attr[color]", "Color", []FacetValue{{"blue", "Blue", 1, false}, {"red", "Red", 1, true}}},
		{"attr[material]", "material", []FacetValue{{"leather", "Leather", 1, false}}},
	}
	for i, f := range want {
		if i >= len(l.Facets) || encode(l.Facets[i]) != encode(f) {
			t.Fatalf("facets %s\nwant   %s", encode(l.Facets), encode(want))
		}
	}
}

// What nobody would choose from a list does no harm: it is read, not filtered by.
func TestALongAttributeIsNoFacet(t *testing.T) {
	tx := pgtest.Tx(t)
	s, search := corner(), newSearch(tx)
	letters, dice := []rune("abcdefghijklmnopqrstuvwxyz"), rand.New(rand.NewPCG(1, 2))
	noise := make([]rune, 8000) // that cannot be compressed
	for i := range noise {
		noise[i] = letters[dice.IntN(len(letters))]
	}
	s.products[1].Attributes = map[string][]string{"care": {"Brush " + string(noise)}, string(noise): {"x"}, "finish": {"Matt"}}
	s.insert(t, tx)
	s.refresh(t, tx, search)
	l := decode[Listing](t, get(serve(t, search), "/api/v1/products?facets=true&q=brush").Body.Bytes())
	var keys []string
	for _, f := range l.Facets {
		if strings.HasPrefix(f.Key, "attr[") {
			keys = append(keys, f.Key)
		}
	}
	if !slices.Equal(slugs(l), []string{"cafe-mug"}) || !slices.Equal(keys, []string{"attr[finish]"}) {
		t.Errorf("found %v with facets %v", slugs(l), keys)
	}
}

// A facet offers each value as it is asked for, commas and all.
func TestAValueOfAFacetIsAskedForAsItStands(t *testing.T) {
	tx := pgtest.Tx(t)
	s, search := corner(), newSearch(tx)
	s.products[1].Attributes = map[string][]string{"finish": {`Black, matt`, `C:\`}}
	s.products[2].Attributes = map[string][]string{"finish": {"Black", "Gold"}}
	s.insert(t, tx)
	s.refresh(t, tx, search)
	h := serve(t, search)
	ask := func(finish string) (found []string, selected []FacetValue) {
		l := decode[Listing](t, get(h, "/api/v1/products?facets=true&attr[finish]="+url.QueryEscape(finish)).Body.Bytes())
		for _, f := range l.Facets {
			for _, v := range f.Values {
				if f.Key == "attr[finish]" && v.Selected {
					selected = append(selected, v)
				}
			}
		}
		return slugs(l), selected
	}
	for _, f := range decode[Listing](t, get(h, "/api/v1/products?facets=true").Body.Bytes()).Facets {
		for _, v := range f.Values {
			if f.Key != "attr[finish]" {
				continue
			}
			if found, selected := ask(v.Value); len(found) != int(v.Count) || len(selected) != 1 || selected[0].Label != v.Label {
				t.Errorf("%s (%d) finds %v, with %v selected", v.Label, v.Count, found, selected)
			}
		}
	}
	if found, selected := ask(`Gold,black\, matt`); len(found) != 2 || len(selected) != 2 {
		t.Errorf("two values find %v, with %v selected", found, selected)
	}
	if w := get(h, "/api/v1/products?attr[finish]=gold&attr[Finish]=black"); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("one attribute in two spellings: %d", w.Code)
	}
}

// The longest titles fit into a cursor.
func TestCursorsOfNamesAreShort(t *testing.T) {
	tx := pgtest.Tx(t)
	s, search := corner(), newSearch(tx)
	for i, end := range []string{"가", "나", "다"} {
		s.products[i].Title = strings.Repeat("뷁", 299) + end // three letters each, as they are folded
	}
	s.insert(t, tx)
	s.refresh(t, tx, search)
	h := serve(t, search)
	path, n := "/api/v1/products?sort=name&limit=1", 0
	for after := ""; ; n++ {
		w := get(h, path+after)
		l := decode[Listing](t, w.Body.Bytes())
		if w.Code != http.StatusOK || len(l.Data) != 1 {
			t.Fatalf("page %d: %d %s", n+1, w.Code, w.Body)
		}
		if after = "&after=" + l.NextCursor; !l.HasMore {
			break
		}
	}
	if n != 2 {
		t.Errorf("%d pages, want 3", n+1)
	}
}

func TestSuggest(t *testing.T) {
	tx := pgtest.Tx(t)
	s, search := corner(), newSearch(tx)
	s.insert(t, tx)
	s.refresh(t, tx, search)
	h := serve(t, search)
	for q, want := range map[string]string{
		"caf":    "cafe-mug | | |",
		"Caf":    "cafe-mug | | |",
		"sho":    "trail-shoes sold-out | shoes | |",
		"ac":     "trail-shoes | | acme |",
		"war":    "trail-shoes sold-out | | | weft_warp",
		"home":   "cafe-mug | home | |",
		"secret": " | | |",
		"aparel": "trail-shoes sold-out | apparel | |", // typos
		"amce":   "trail-shoes | | acme |",
		"wrap":   "trail-shoes sold-out | | | weft_warp",
		"hoem":   "cafe-mug | home | |",
		"%":      " | | |",
		"_":      " | | |",
	} {
		w := get(h, "/api/v1/search/suggest?q="+url.QueryEscape(q))
		got := decode[Suggestions](t, w.Body.Bytes())
		var parts [4][]string
		for _, p := range got.Products {
			parts[0] = append(parts[0], p.Slug)
		}
		for _, c := range got.Categories {
			parts[1] = append(parts[1], c.Slug)
		}
		for _, b := range got.Brands {
			parts[2] = append(parts[2], b.Slug)
		}
		for _, v := range got.Vendors {
			parts[3] = append(parts[3], v.Slug)
		}
		line := strings.Join(parts[0], " ") + " |"
		for _, p := range parts[1:] {
			line += " " + strings.Join(p, " ") + " |"
		}
		squeeze := func(s string) string { return strings.Join(strings.Fields(strings.TrimRight(s, " |")), " ") }
		if squeeze(line) != squeeze(want) {
			t.Errorf("%s: %s, want %s", q, line, want)
		}
	}
}

// Suggestions are in the shopper's currency, of what is sold for it.
func TestSuggestInACurrency(t *testing.T) {
	tx := pgtest.Tx(t)
	s, search := corner(), newSearch(tx)
	s.products[2].Variants[0].Prices = map[money.Currency]int64{"EUR": 3500}
	s.insert(t, tx)
	s.refresh(t, tx, search)
	h := serve(t, search)
	for query, want := range map[string]string{
		"q=caf": "12.00 USD", "q=caf&currency=EUR": "11.00 EUR", "q=sandals": "", "q=sandals&currency=EUR": "35.00 EUR", "q=caf&currency=JPY": "",
	} {
		got := ""
		for _, p := range decode[Suggestions](t, get(h, "/api/v1/search/suggest?"+query).Body.Bytes()).Products {
			got += p.PriceRange.Min.String()
		}
		if got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	if w := get(h, "/api/v1/search/suggest?q=caf&currency=XXQ"); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("no currency: %d", w.Code)
	}
}

// A filter takes ids and slugs alike.
func TestFiltersTakeIDs(t *testing.T) {
	tx := pgtest.Tx(t)
	s, search := corner(), newSearch(tx)
	s.insert(t, tx)
	s.refresh(t, tx, search)
	h := serve(t, search)
	for bySlug, byID := range map[string]string{
		"category=apparel":  "category=" + id.Category(s.categories[0].ID).String(),
		"brand=acme":        "brand=" + id.Brand(s.brands[0].ID).String(),
		"tag=sale":          "tag=" + id.Tag(s.tags[0].ID).String(),
		"vendor=weft_warp":  "vendor=" + id.Vendor(s.vendors[0].ID).String(),
		"brand=acme,zenith": "brand=acme," + id.Brand(s.brands[1].ID).String(),
	} {
		one := get(h, "/api/v1/products?facets=true&"+bySlug).Body.String()
		other := get(h, "/api/v1/products?facets=true&"+byID).Body.String()
		if one != other || len(decode[Listing](t, []byte(one)).Data) == 0 {
			t.Errorf("%s: %s\n%s: %s", bySlug, one, byID, other)
		}
	}
	if got := decode[Listing](t, get(h, "/api/v1/products?category=nowhere&brand=acme").Body.Bytes()); len(got.Data) != 0 {
		t.Errorf("in a category that is not there: %v", slugs(got))
	}
}

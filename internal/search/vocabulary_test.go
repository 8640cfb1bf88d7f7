package search

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/catalog"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
	"souk/internal/platform/settings"
)

// withSettings lets staff decide about search.
func withSettings(s *Search) {
	s.Settings = &settings.Settings{DB: s.DB}
	s.Settings.Declare(Settings()...)
}

func tryToSet(t *testing.T, s *Search, changes string) error {
	t.Helper()
	var m map[string]json.RawMessage
	if err := json.Unmarshal([]byte(changes), &m); err != nil {
		t.Fatal(err)
	}
	return postgres.InTx(t.Context(), s.DB, func(tx pgx.Tx) error { return s.Settings.Set(t.Context(), tx, m) })
}

func set(t *testing.T, s *Search, changes string) {
	t.Helper()
	if err := tryToSet(t, s, changes); err != nil {
		t.Fatal(err)
	}
}

func listed(t *testing.T, h http.Handler, q string) Listing {
	t.Helper()
	w := get(h, "/api/v1/products?q="+url.QueryEscape(q))
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %d %s", q, w.Code, w.Body)
	}
	return decode[Listing](t, w.Body.Bytes())
}

func TestSynonymsOfStaff(t *testing.T) {
	tx := pgtest.Tx(t)
	s, search := corner(), newSearch(tx)
	withSettings(search)
	search.CacheBytes = 1 << 20
	s.insert(t, tx)
	s.refresh(t, tx, search)
	h := serve(t, search)
	for _, step := range []struct {
		setting string
		finds   map[string][]string
	}{
		{`""`, map[string][]string{"cup ": {}, "sneakers": {}, "flip flops": {}}},
		{`"mug, cup, coffee beaker\nsneakers => running shoes\nflip flops, sandals"`, map[string][]string{
			"cup ": {"cafe-mug"}, "cups": {"cafe-mug"}, "coffee beakers": {"cafe-mug"}, "sneaker": {"trail-shoes"}, "flip flops": {"sold-out"}, "cafe cup": {"cafe-mug"},
			`"cup"`: {}, "leather sneakers": {"trail-shoes"}, "cup -sale": {"cafe-mug"}, "shoes": {"trail-shoes", "sold-out"},
		}},
		{`null`, map[string][]string{"cup ": {}}},
	} {
		set(t, search, `{"search.synonyms": `+step.setting+`}`)
		for q, want := range step.finds {
			if got := slugs(listed(t, h, q)); !slices.Equal(got, want) {
				t.Errorf("with %s, %q finds %v, want %v", step.setting, q, got, want)
			}
		}
	}
}

func TestSettingsOfSearchThatCannotBe(t *testing.T) {
	t.Parallel()
	search := newSearch(pgtest.Tx(t))
	withSettings(search)
	for changes, want := range map[string]string{
		`{"search.synonyms": "sofa, couch\nchair"}`:                             `This list cannot be read, line 2: "chair" has no synonym; write them with commas between, or an arrow =>.`,
		`{"search.synonyms": 7}`:                                                "This must be a text.",
		`{"search.synonyms": "` + strings.Repeat("a", longestSynonyms+1) + `"}`: "The list is longer than 100000 bytes.",
		`{"search.languages": "en,xx"}`:                                         `"xx" is none of de, en, es, fr, hi, it, nl, pt.`,
		`{"search.languages": ""}`:                                              `"" is none of de, en, es, fr, hi, it, nl, pt.`,
		`{"search.languages": "en, en"}`:                                        `"en" is there twice.`,
	} {
		err := tryToSet(t, search, changes)
		var refusal *errs.Error
		if !errors.As(err, &refusal) || len(refusal.Fields) != 1 || refusal.Fields[0].Detail != want {
			t.Errorf("%.80s: %v", changes, err)
		}
	}
}

func TestLanguagesOfTheShop(t *testing.T) {
	tx := pgtest.Tx(t)
	s, search := corner(), newSearch(tx)
	withSettings(search)
	s.products[0].Title, s.products[1].Title, s.products[2].Title = "Möbelgriff Größe 4", "लकड़ी की कुर्सी", "Moebelfuß"
	s.insert(t, tx)
	s.refresh(t, tx, search)
	for languages, finds := range map[string]map[string]int{
		"en":       {"moebelgriff ": 0, "कुर्सियाँ ": 0, "sandals": 0, "shoe ": 2},
		"de, hi":   {"möbelgriffe ": 1, "moebelgriffe ": 1, "कुर्सियाँ ": 1, "moebelfuss ": 1, "MÖBELFUẞ ": 1, "mobelf": 1, "größe ": 1, "groesse ": 1, "colores ": 0},
		"en,de,hi": {"moebelgriffe ": 1, "shoe ": 2, "कुर्सियों ": 1},
	} {
		set(t, search, `{"search.languages": "`+languages+`"}`)
		for text, n := range finds {
			f, err := search.find(t.Context(), Query{Text: text, Currency: "USD", Price: Range{0, anyPrice}}.normal(), want{limit: 10})
			if err != nil || f.exact != (n > 0) || f.exact && len(f.cards) != n {
				t.Errorf("%s: %q finds %d (%v), want %d; %v", languages, text, len(f.cards), f.exact, n, err)
			}
		}
	}
}

// A change of staff is in the answers of every node within a second, stored
// ones too.
func TestNodesLearnSynonyms(t *testing.T) {
	t.Parallel()
	s := corner()
	pool, search := running(t, s)
	staff := &Search{DB: pool}
	withSettings(staff)
	h := serve(t, search)
	raise(t, pool, catalog.Changed{ProductIDs: []id.Product{s.products[1].ID}}, `UPDATE products SET seo_title = 'seen'`, nil)
	soon(t, "the mug is listed", func() bool { return slices.Equal(slugs(listed(t, h, "mug")), []string{"cafe-mug"}) })
	if got := slugs(listed(t, h, "cup ")); len(got) > 0 {
		t.Fatalf("cup finds %v before it is a synonym", got)
	}
	set(t, staff, `{"search.synonyms": "mug, cup"}`)
	begun := time.Now()
	soon(t, "cup finds the mug", func() bool { return slices.Equal(slugs(listed(t, h, "cup ")), []string{"cafe-mug"}) })
	t.Logf("after %v", time.Since(begun).Round(time.Millisecond))
}

func TestDidYouMean(t *testing.T) {
	tx := pgtest.Tx(t)
	s, search := corner(), newSearch(tx)
	withSettings(search)
	s.products[1].Title = "Großer Möbelknopf"
	s.insert(t, tx)
	s.refresh(t, tx, search)
	h := serve(t, search)
	set(t, search, `{"search.languages": "en,de"}`)
	for q, want := range map[string]string{
		"runing shoess":      "running shoes",
		"sandels":            "sandals",
		"Trial runing":       "trail running",
		`"trail runing"`:     `"trail running"`,
		"möbelknpf":          "möbelknopf", // as the shop writes it
		"grosser moebelknpf": "grosser möbelknopf",
		"shoes":              "",
		"sandals":            "",
		"tr-1":               "",
		"nothing at all":     "",
		"sho":                "",
	} {
		if got := listed(t, h, q).DidYouMean; got != want {
			t.Errorf("%s: %q, want %q", q, got, want)
		}
	}
	if got := decode[Listing](t, get(h, "/api/v1/products?q=sandels&in_stock=true").Body.Bytes()).DidYouMean; got != "" {
		t.Errorf("%q would find nothing under the filter", got)
	}
}

// Rows of what sellers write: a UPC has no zero before it, an EAN of the same
// product has; an ISBN has hyphens and two lengths.
func TestBarcodesAreFoundFirst(t *testing.T) {
	tx := pgtest.Tx(t)
	s, search := corner(), newSearch(tx)
	s.products[2].Title, s.products[2].Sold = "036000291452 is not my number", 1000
	s.insert(t, tx)
	mustExec(t, tx, `UPDATE variants SET barcode = '036000291452' WHERE sku = 'TR-2'`, nil)
	mustExec(t, tx, `UPDATE variants SET barcode = '978-0-306-40615-7' WHERE sku = 'MUG'`, nil)
	s.refresh(t, tx, search)
	h := serve(t, search)
	for q, want := range map[string]string{
		"036000291452": "trail-shoes", "0036000291452": "trail-shoes", "00036000291452": "trail-shoes", "0-36000-29145-2": "trail-shoes",
		"9780306406157": "cafe-mug", "978-0-306-40615-7": "cafe-mug", "0306406152": "cafe-mug", "0-306-40615-2": "cafe-mug", "978 0306 406157": "cafe-mug",
		"tr-2": "trail-shoes",
	} {
		if got := slugs(listed(t, h, q)); len(got) == 0 || got[0] != want {
			t.Errorf("%s: %v, want %s first", q, got, want)
		}
	}
}

package search

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// askAs searches as somebody at an address.
func askAs(t *testing.T, h http.Handler, addr, path string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/api/v1/products?"+path, nil)
	r.RemoteAddr = addr
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
}

var someVisitors = []string{"192.0.2.1:1", "198.51.100.7:1", "203.0.113.9:1", "203.0.113.77:1", "[2001:db8::1]:1", "[2001:db8:1::1]:1", "192.0.2.99:1", "192.0.2.33:1"}

func suggested(t *testing.T, h http.Handler, q string) []string {
	t.Helper()
	return decode[Suggestions](t, get(h, "/api/v1/search/suggest?q="+url.QueryEscape(q)).Body.Bytes()).Queries
}

// What several visitors have searched for and found is suggested to others;
// what one of them asks for ever so often is not, and is nowhere to be read.
func TestPastQueriesOfSeveralVisitorsAreSuggested(t *testing.T) {
	tx := pgtest.Tx(t)
	s, search := corner(), newSearch(tx)
	search.Key = []byte("key")
	s.insert(t, tx)
	s.refresh(t, tx, search)
	h := serve(t, search)
	for _, visitor := range someVisitors {
		askAs(t, h, visitor, "q=Trail%20%20Shoes")
		askAs(t, h, visitor, "q=nothing")             // finds nothing
		askAs(t, h, visitor, "q=sandels")             // finds what resembles it
		askAs(t, h, visitor, "q=shoes&brand=nobodys") // finds nothing under the filter
		askAs(t, h, visitor, "q=shoes%20-zenith")     // is no plain text
		askAs(t, h, someVisitors[0], "q=trail%20leather")
		askAs(t, h, "[2001:db8::"+visitor[1:2]+"]:1", "q=trail%20red") // one household
		if err := search.exchangePast(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for q, want := range map[string][]string{"tra": {"trail shoes"}, "sho": {"trail shoes"}, "trial": {"trail shoes"}, "trail shoes": {}, "nothing": {}, "sandels": {}, "x": {}} {
		if got := suggested(t, h, q); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", q, got, want)
		}
	}
	rows, err := postgres.Column[string](t.Context(), tx, `SELECT text || ' ' || visitors::text AS row FROM past_queries ORDER BY text`, nil)
	if err != nil || len(rows) != 3 || !strings.HasPrefix(rows[0], " 0") || !strings.HasPrefix(rows[1], " 0") || !strings.HasPrefix(rows[2], "trail shoes ") {
		t.Errorf("%q, %v", rows, err)
	}
}

func TestQueriesThatMayTellOfSomebodyAreNotKept(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"oak table": true, "möbel 200 cm": true, "t-shirt": true, "कुर्सी": true, "men's shoes": true, "4k tv 55": true, "b&w": true,
		"ada@example.com": false, "+49 89 1234567": false, "089 123 45 67": false, "www.example.com": false, "https://example.com": false,
		"1234567": false, "or": false, "oak or elm": false, `"oak table"`: false, "oak -elm": false, "-oak": false, "": false, "ab": false,
		"12 34": false, "one two three four five six seven eight nine": false, strings.Repeat("a", 61): false, "user_name": false, "o\u202eak": false,
	} {
		if got := isSuggestable(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestPastQueriesFade(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	search := newSearch(tx)
	left := func() []string {
		t.Helper()
		list, err := postgres.Column[string](t.Context(), tx, `SELECT text || ' ' || round(weight::numeric, 1) AS row FROM past_queries ORDER BY text`, nil)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	mustExec(t, tx, `
		INSERT INTO past_queries (hash, text, visitors, weight, asked_at, faded_at)
		SELECT decode(md5(text), 'hex'), text, 0::bit(64), weight, now() - asked * interval '1 day', now() - faded * interval '1 day'
		FROM (VALUES ('fresh', 3, 0, 0), ('month', 8, 30, 30), ('rare', 0.9, 30, 30), ('', 1, 15, 0)) AS v (text, weight, asked, faded)`, nil)
	if err := search.FadePast(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := left(); !slices.Equal(got, []string{"fresh 3.0", "month 4.0"}) {
		t.Errorf("%v", got)
	}
	mustExec(t, tx, `
		INSERT INTO past_queries (hash, text, visitors, weight)
		SELECT decode(md5(n::text), 'hex'), n::text, 0::bit(64), n FROM generate_series(1, @most + 5) AS n`, pgx.NamedArgs{"most": mostPast})
	if err := search.FadePast(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := left(); len(got) != mostPast || slices.Contains(got, "fresh 3.0") {
		t.Errorf("%d are left", len(got))
	}
}

// Staff can do without; then nothing is kept either.
func TestPastQueriesCanBeTurnedOff(t *testing.T) {
	tx := pgtest.Tx(t)
	s, search := corner(), newSearch(tx)
	withSettings(search)
	s.insert(t, tx)
	s.refresh(t, tx, search)
	h := serve(t, search)
	ask := func() {
		t.Helper()
		for _, visitor := range someVisitors {
			askAs(t, h, visitor, "q=trail%20shoes")
		}
		if err := search.exchangePast(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ask()
	if got := suggested(t, h, "tra"); !slices.Equal(got, []string{"trail shoes"}) {
		t.Fatalf("on: %v", got)
	}
	set(t, search, `{"search.past_queries": false}`)
	if got := suggested(t, h, "tra"); len(got) > 0 {
		t.Errorf("off: %v", got)
	}
	ask()
	if err := search.FadePast(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left, err := postgres.Scalar[int](t.Context(), tx, `SELECT count(*)::int AS n FROM past_queries`, nil); err != nil || left > 0 {
		t.Errorf("%d are kept, %v", left, err)
	}
}

// However many past queries go on from what is written, as many are looked for as
// there is time for, and those are the ones that were asked most.
func TestOnlySoManyPastQueriesAreLookedFor(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	mustExec(t, tx, `
		INSERT INTO past_queries (hash, text, visitors, weight)
		SELECT decode(md5(n::text), 'hex'), 'lamp ' || n, 0::bit(64), @most + 10 - n FROM generate_series(1, @most + 1) AS n`, pgx.NamedArgs{"most": mostTried})
	past, err := readPast(t.Context(), tx)
	if err != nil {
		t.Fatal(err)
	}
	for place, want := range map[int][]string{1: {"lamp 1"}, mostTried: {fmt.Sprint("lamp ", mostTried)}, mostTried + 1: {}} {
		looked := 0
		got := past.begun("lamp", func(text string) bool { looked++; return text == fmt.Sprint("lamp ", place) })
		if !slices.Equal(got, want) || looked != mostTried {
			t.Errorf("where the %dth finds something: %v of %d, want %v of %d", place, got, looked, want, mostTried)
		}
	}
}

package cart_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"souk/internal/catalog"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// translated makes the shop speak German, of mugs in red.
func (s *shop) translated(variant id.Variant) {
	s.t.Helper()
	args := pgx.NamedArgs{"variant": variant}
	s.exec(`INSERT INTO settings (key, value) VALUES ('catalog.locales', '"de"') ON CONFLICT (key) DO NOTHING`, nil)
	s.exec(`UPDATE variants SET options = '{Red}' WHERE id = @variant`, args)
	s.exec(`UPDATE products SET translations = '{"de": {"title": "Becher", "description": "Gut", "options": {"Red": "Rot"}}}' WHERE id = (SELECT product_id FROM variants WHERE id = @variant)`, args)
}

// Each caller of one cart reads it in their own language, in all its answers, and
// pays the same.
func TestACartIsToldInTheLanguageOfWhoAsks(t *testing.T) {
	t.Parallel()
	s := open(t)
	vendor := s.vendor("active")
	mug, tea, set := s.sell(goods{vendor: vendor}), s.sell(goods{vendor: vendor}), s.sell(goods{vendor: vendor})
	s.translated(mug)
	s.exec(`DELETE FROM stock_levels WHERE variant_id = @set`, pgx.NamedArgs{"set": set})
	s.exec(`UPDATE variants SET bundle = 'fixed' WHERE id = @set`, pgx.NamedArgs{"set": set})
	s.exec(`INSERT INTO variant_components (bundle_id, component_id, quantity, position) VALUES (@set, @mug, 1, 0), (@set, @tea, 1, 1)`, pgx.NamedArgs{"set": set, "mug": mug, "tea": tea})
	made := s.call("", "POST", "/carts?locale=de", `{"items": `+items(1, mug, tea, set)+`}`).want(201)
	path := "/carts/" + made.cart().ID.String()
	type titles struct{ Mug, MugIn, Tea, TeaIn, Part, OtherPart string }
	german, own := titles{"Becher", "Rot", "Mug", "Red", "Becher: Rot", "Mug: Red"}, titles{"Mug", "Red", "Mug", "Red", "Mug: Red", "Mug: Red"}
	told := func(a answer, language string, want titles) {
		t.Helper()
		v := a.cart()
		got := titles{
			v.Items[0].Product.Title, v.Items[0].Title, v.Items[1].Product.Title, v.Items[1].Title, v.Items[2].Parts[0].Title, v.Items[2].Parts[1].Title,
		}
		if diff := cmp.Diff(want, got); diff != "" || a.Header().Get("Content-Language") != language || !slices.Contains(a.Header().Values("Vary"), "Accept-Language") {
			t.Errorf("told in %q: %s", a.Header().Get("Content-Language"), diff)
		}
	}
	told(made, "de", german)
	told(s.call("", "GET", path, ""), "en", own)
	told(s.call("", "GET", path, "", "Accept-Language", "de-AT, en;q=0.5"), "de", german)
	told(s.call("", "GET", path+"?locale=fr", ""), "en", own)
	told(s.call("", "PUT", path+"/addresses?locale=de", home), "de", german)
	told(s.call("", "PUT", path+"/addresses", home), "en", own)
	item := path + "/items/" + made.cart().Items[0].ID.String()
	told(s.call("", "PATCH", item+"?locale=de", `{"quantity": 2}`), "de", german)
	s.call("", "PATCH", item+"?locale=!", `{"quantity": 2}`).want(http.StatusUnprocessableEntity)

	s.exec(`UPDATE stock_levels SET on_hand = 2 WHERE variant_id = @mug`, pgx.NamedArgs{"mug": mug})
	s.call("", "GET", path+"?locale=de", "").want(200, "There is not enough left of a part of this: Becher: Rot.")
	var traces []string
	for _, locale := range []string{"", "&locale=de"} {
		v := decode[map[string]json.RawMessage](s.call("", "GET", path+"?expand=trace"+locale, "").want(200))
		traces = append(traces, string(v["trace"])+string(v["totals"]))
	}
	if traces[0] != traces[1] || !strings.Contains(traces[0], "Mug: Red") {
		t.Errorf("in German it comes about as\n%s\nand else as\n%s", traces[1], traces[0])
	}
}

// watched is a database that remembers what it is asked.
type watched struct {
	postgres.DB
	trips int
	asked []string
}

func (w *watched) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	w.trips++
	for _, q := range b.QueuedQueries {
		w.asked = append(w.asked, q.SQL)
	}
	return w.DB.SendBatch(ctx, b)
}

// Another language costs a quote no statement more, and the shop's own not even a
// column.
func TestAnotherLanguageIsReadWithTheLines(t *testing.T) {
	t.Parallel()
	s := open(t)
	mug := s.sell(goods{})
	s.translated(mug)
	c := s.fill(1, mug)
	quote := func(locale string) *watched {
		t.Helper()
		w := &watched{DB: s.db}
		s.carts.DB = w
		s.call("", "GET", "/carts/"+c.ID.String()+locale, "").want(200)
		return w
	}
	quote("") // learns the shop
	own, german := quote(""), quote("?locale=de")
	if own.trips == 0 || own.trips != german.trips || len(own.asked) != len(german.asked) {
		t.Errorf("%d statements in %d trips, in German %d in %d", len(own.asked), own.trips, len(german.asked), german.trips)
	}
	for _, w := range []struct {
		*watched
		reads bool
	}{{own, false}, {german, true}} {
		if got := strings.Contains(strings.Join(w.asked, ";"), catalog.WordsFragment[:20]); got != w.reads {
			t.Errorf("reads translations: %t, want %t", got, w.reads)
		}
	}
}

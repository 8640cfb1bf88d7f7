package pricing_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"souk/internal/catalog"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/inventory"
	"souk/internal/money"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
	"souk/internal/pricing"
)

func usd(minor int64) money.Amount { return money.Of(minor, "USD") }

func above(minor int64) *money.Amount { a := usd(minor); return &a }

// shop is a catalogue whose products take prices and stock, as app.go builds it.
func shop(db postgres.DB) (*catalog.Catalog, *pricing.Prices) {
	p := &pricing.Prices{DB: db, Stock: &inventory.Stock{DB: db}}
	p.Catalog = &catalog.Catalog{DB: db, SetOffers: p.SetOffers, Offers: p.Offers, SumBundles: p.SumBundles, ReplacePrices: p.ReplaceTags}
	return p.Catalog, p
}

// offerOf is so many units on hand.
func offerOf(onHand int) catalog.Offer { return catalog.Offer{OnHand: &onHand} }

func newVariant(t *testing.T, tx pgx.Tx, offers ...catalog.Offer) (id.Vendor, catalog.Product) {
	t.Helper()
	vendor := id.New[id.Vendor]()
	if _, err := tx.Exec(t.Context(), `INSERT INTO vendors (id, slug, name, status) VALUES (@id, @slug, 'Potter', 'active')`,
		pgx.NamedArgs{"id": vendor, "slug": vendor.String()}); err != nil {
		t.Fatal(err)
	}
	c, _ := shop(tx)
	p, err := c.Create(t.Context(), tx, vendor, catalog.Draft{
		Title: "Mug", Slug: vendor.String(), Status: catalog.Active,
		Variants: []catalog.VariantDraft{{SKU: "MUG", Tracked: true}},
	}, offers)
	if err != nil {
		t.Fatal(err)
	}
	return vendor, p
}

func TestAPriceIsWrittenOnlyWhenItChanges(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	_, p := shop(tx)
	_, mug := newVariant(t, tx)
	v := mug.Variants[0].ID

	for i, step := range []struct {
		set     pricing.PriceSet
		changed bool
		lines   int
	}{
		{pricing.PriceSet{Amount: usd(1999)}, true, 1},
		{pricing.PriceSet{Amount: usd(1999)}, false, 1},
		{pricing.PriceSet{Amount: usd(1999), CompareAt: above(2999)}, true, 2},
		{pricing.PriceSet{Amount: usd(1999), CompareAt: above(2999)}, false, 2},
		{pricing.PriceSet{Amount: usd(1999)}, true, 3},
		{pricing.PriceSet{Amount: money.Of(1800, "EUR")}, true, 4},
		{pricing.PriceSet{Amount: money.Of(0, "EUR")}, true, 5},
	} {
		step.set.Variant = v
		changed, err := p.SetPrices(t.Context(), tx, []pricing.PriceSet{step.set})
		if err != nil {
			t.Fatal(i, err)
		}
		if got := len(changed) == 1; got != step.changed {
			t.Errorf("step %d: changed %v, want %v", i, got, step.changed)
		}
		history, err := p.History(t.Context(), tx, v, 0, 100)
		if err != nil || len(history) != step.lines {
			t.Errorf("step %d: %d lines of history, want %d (%v)", i, len(history), step.lines, err)
		}
	}
	events, err := postgres.Scalar[int](t.Context(), tx, `SELECT count(*) FROM events WHERE name = 'pricing.prices_changed'`, nil)
	if err != nil || events != 5 {
		t.Errorf("%d events, want 5 (%v)", events, err)
	}
}

func TestImpossiblePricesAreRefused(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	_, p := shop(tx)
	_, mug := newVariant(t, tx)
	eur := money.Of(5000, "EUR")
	for name, set := range map[string]pricing.PriceSet{
		"negative":             {Amount: usd(-1)},
		"too large":            {Amount: usd(1_000_000_000_001)},
		"unknown currency":     {Amount: money.Of(1, "XXX")},
		"struck out below":     {Amount: usd(1000), CompareAt: above(1000)},
		"struck out elsewhere": {Amount: usd(1000), CompareAt: &eur},
	} {
		set.Variant = mug.Variants[0].ID
		if _, err := p.SetPrices(t.Context(), tx, []pricing.PriceSet{set}); !errors.Is(err, errs.Validation) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The lowest price of the 30 days before a reduction counts, not the one that
// is struck out (Directive 98/6/EC, article 6a).
func TestLowestPriceOf30Days(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	for _, c := range []struct {
		name    string
		history map[time.Duration]int64 // how long ago, what it cost
		now     int64
		want    *money.Amount
	}{
		{"a first price", nil, 1000, nil},
		{"one price for years", map[time.Duration]int64{900 * day: 2000}, 1500, above(2000)},
		{"raised just before the sale", map[time.Duration]int64{90 * day: 2000, 3 * day: 3000}, 1500, above(2000)},
		{"cheaper long ago", map[time.Duration]int64{90 * day: 500, 60 * day: 2000}, 1500, above(2000)},
		{"cheaper until within the window", map[time.Duration]int64{90 * day: 500, 29 * day: 2000}, 1500, above(500)},
		{"cheaper in between", map[time.Duration]int64{90 * day: 2000, 20 * day: 1200, 10 * day: 2000}, 1500, above(1200)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tx := pgtest.Tx(t)
			_, p := shop(tx)
			_, mug := newVariant(t, tx)
			v := mug.Variants[0].ID
			for ago, minor := range c.history {
				_, err := tx.Exec(t.Context(), `INSERT INTO price_history (variant_id, currency, amount_minor, actor, at)
					VALUES (@v, 'USD', @minor, 'test', now() - @ago::interval)`, pgx.NamedArgs{"v": v, "minor": minor, "ago": ago})
				if err != nil {
					t.Fatal(err)
				}
			}
			if _, err := p.SetPrices(t.Context(), tx, []pricing.PriceSet{{Variant: v, Amount: usd(c.now)}}); err != nil {
				t.Fatal(err)
			}
			prices, err := p.Of(t.Context(), tx, []id.Variant{v})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, prices[0].Lowest30d); diff != "" {
				t.Error(diff)
			}
			// Striking out another price is no new price.
			if _, err := p.SetPrices(t.Context(), tx, []pricing.PriceSet{{Variant: v, Amount: usd(c.now), CompareAt: above(9000)}}); err != nil {
				t.Fatal(err)
			}
			if prices, err = p.Of(t.Context(), tx, []id.Variant{v}); err != nil || !cmp.Equal(c.want, prices[0].Lowest30d) {
				t.Errorf("after striking out: %v, %v", prices[0].Lowest30d, err)
			}
		})
	}
}

func TestReplaceDropsTheCurrenciesThatAreLeftOut(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	_, p := shop(tx)
	vendor, mug := newVariant(t, tx)
	v := mug.Variants[0].ID
	if _, err := p.Replace(t.Context(), tx, vendor, v, []pricing.PriceSet{{Amount: usd(100)}, {Amount: money.Of(90, "EUR")}}); err != nil {
		t.Fatal(err)
	}
	left, err := p.Replace(t.Context(), tx, id.Vendor{}, v, []pricing.PriceSet{{Amount: usd(100)}})
	if err != nil || len(left) != 1 || left[0].Price != usd(100) {
		t.Errorf("left %+v, %v", left, err)
	}
	if _, err := p.Replace(t.Context(), tx, id.New[id.Vendor](), v, nil); !errors.Is(err, catalog.ErrNoVariant) {
		t.Errorf("another vendor: %v", err)
	}
	if _, err := p.Replace(t.Context(), tx, vendor, v, []pricing.PriceSet{{Amount: usd(1)}, {Amount: usd(2)}}); !errors.Is(err, errs.Validation) {
		t.Errorf("two prices in one currency: %v", err)
	}
}

func TestAProductIsCreatedWithItsPricesAndStock(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	seven := 7
	_, mug := newVariant(t, tx, catalog.Offer{Prices: []catalog.PriceTag{{Price: usd(1200), CompareAt: above(1500)}}, OnHand: &seven})
	got := mug.Variants[0].Offer
	want := catalog.Offer{Variant: mug.Variants[0].ID, Prices: []catalog.PriceTag{{Price: usd(1200), CompareAt: above(1500)}}, OnHand: &seven, Available: &seven}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestABadPriceCreatesNoProduct(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	c, _ := shop(tx)
	vendor, _ := newVariant(t, tx)
	_, err := c.Create(t.Context(), tx, vendor, catalog.Draft{Title: "Cup", Variants: []catalog.VariantDraft{{}}},
		[]catalog.Offer{{Prices: []catalog.PriceTag{{Price: usd(-5)}}}})
	var refusal *errs.Error
	if !errors.As(err, &refusal) || len(refusal.Fields) != 1 || refusal.Fields[0].Pointer != "/variants/0/price/amount" {
		t.Errorf("%v: %+v", err, refusal)
	}
}

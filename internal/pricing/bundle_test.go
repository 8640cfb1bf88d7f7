package pricing_test

import (
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/catalog"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
	"souk/internal/pricing"
)

// A set is a summed bundle of one of each of some goods at 10.00.
func newSet(t *testing.T, db postgres.DB, parts int) (set id.Variant, components []id.Variant) {
	t.Helper()
	c, _ := shop(db)
	err := postgres.InTx(t.Context(), db, func(tx pgx.Tx) error {
		vendor, _ := newVariant(t, tx)
		made := catalog.NewBundle{BundlePrice: catalog.BundlePrice{Pricing: catalog.PriceSummed, DiscountBPS: 250}}
		for range parts {
			p, err := c.Create(t.Context(), tx, vendor, catalog.Draft{Title: "Part", Slug: id.New[id.Product]().String(), Variants: []catalog.VariantDraft{{Tracked: true}}},
				[]catalog.Offer{{Prices: []catalog.PriceTag{{Price: usd(1000)}}}})
			if err != nil {
				return err
			}
			components = append(components, p.Variants[0].ID)
			made.Components = append(made.Components, catalog.BundlePart{VariantID: p.Variants[0].ID, Quantity: 1})
		}
		p, err := c.Create(t.Context(), tx, vendor, catalog.Draft{Title: "Set", Slug: id.New[id.Product]().String(), Variants: []catalog.VariantDraft{{Bundle: &made}}}, nil)
		set = p.Variants[0].ID
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return set, components
}

func wantPrice(t *testing.T, db postgres.DB, v id.Variant, want money.Amount) {
	t.Helper()
	_, p := shop(db)
	now, err := p.Of(t.Context(), db, []id.Variant{v})
	if err != nil || len(now) != 1 || now[0].Price != want {
		t.Errorf("costs %+v (%v), want %v", now, err, want)
	}
}

// The sum is rounded once, and what a file says of it does not count.
func TestASummedBundleCostsWhatItsComponentsDo(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	_, p := shop(tx)
	set, parts := newSet(t, tx, 3)
	wantPrice(t, tx, set, usd(2925))
	changed, err := p.SetPrices(t.Context(), tx, []pricing.PriceSet{
		{Variant: parts[0], Amount: usd(1001)}, {Variant: parts[2], Amount: usd(333)}, {Variant: set, Amount: usd(1)},
	})
	if err != nil || len(changed) != 2 {
		t.Errorf("changed %v, %v: want the two components", changed, err)
	}
	wantPrice(t, tx, set, usd(2276)) // 2334 less 2.5 % is 2275.65
	history, err := p.History(t.Context(), tx, set, 0, 10)
	if err != nil || len(history) != 2 {
		t.Errorf("history %+v, %v: want the two prices that it had", history, err)
	}
}

// However many change their prices at once, the sum that is left is that of
// the prices that are left.
func TestSumsHoldWhenComponentsArePricedAtOnce(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	_, p := shop(db)
	set, parts := newSet(t, db, 4)
	for round := range 5 {
		var wg sync.WaitGroup
		for i, part := range parts {
			wg.Go(func() {
				if err := postgres.InTx(t.Context(), db, func(tx pgx.Tx) error {
					_, err := p.SetPrices(t.Context(), tx, []pricing.PriceSet{{Variant: part, Amount: usd(int64(1000 + 100*round + i))}})
					return err
				}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		total := usd(int64(4*(1000+100*round) + 6))
		wantPrice(t, db, set, total.Minus(total.Share(250, 10_000)))
	}
}

// Who changes a price while a bundle is made does not see it: so the one waits
// for the other.
func TestABundleIsMadeWhileAPriceChanges(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	c, p := shop(db)
	_, parts := newSet(t, db, 2)
	vendor, err := postgres.Scalar[id.Vendor](t.Context(), db, `SELECT vendor_id FROM variants WHERE id = @v`, pgx.NamedArgs{"v": parts[0]})
	if err != nil {
		t.Fatal(err)
	}
	made := catalog.NewBundle{BundlePrice: catalog.BundlePrice{Pricing: catalog.PriceSummed}, Components: []catalog.BundlePart{{VariantID: parts[0], Quantity: 3}}}
	var set id.Variant
	done := make(chan error, 1)
	err = postgres.InTx(t.Context(), db, func(tx pgx.Tx) error {
		if _, err := p.SetPrices(t.Context(), tx, []pricing.PriceSet{{Variant: parts[0], Amount: usd(700)}}); err != nil {
			return err
		}
		go func() {
			done <- postgres.InTx(t.Context(), db, func(tx pgx.Tx) error {
				made, err := c.Create(t.Context(), tx, vendor, catalog.Draft{Title: "Other set", Slug: "other", Variants: []catalog.VariantDraft{{Bundle: &made}}}, nil)
				if err == nil {
					set = made.Variants[0].ID
				}
				return err
			})
		}()
		for { // until it waits for us
			waiting, err := postgres.Scalar[int](t.Context(), db, `
				SELECT count(*)::int FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`, nil)
			if err != nil || waiting > 0 || len(done) > 0 {
				return err
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	wantPrice(t, db, set, usd(2100))
}

package catalog_test

import (
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/catalog"
	"souk/internal/id"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// Of two that each put the other's variant into a bundle, one may: the schema
// keeps bundles flat, whoever looks when.
func TestTwoVariantsDoNotBecomeEachOthersBundle(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	c := &catalog.Catalog{DB: db}
	vendor := newVendor(t, db)
	for round := range 5 {
		var products []catalog.Product
		for i := range 2 {
			if err := postgres.InTx(t.Context(), db, func(tx pgx.Tx) error {
				p, err := c.Create(t.Context(), tx, vendor, simple(id.New[id.Product]().String()), nil)
				products = append(products, p)
				return err
			}); err != nil {
				t.Fatal(round, i, err)
			}
		}
		results := make([]error, 2)
		var wg sync.WaitGroup
		for i := range results {
			wg.Go(func() {
				mine, other := products[i], products[1-i].Variants[0].ID
				results[i] = postgres.InTx(t.Context(), db, func(tx pgx.Tx) error {
					_, err := c.EditVariant(t.Context(), tx, vendor, mine.ID, mine.Variants[0].ID, 1, catalog.VariantEdit{Bundle: &catalog.NewBundle{
						BundlePrice: catalog.BundlePrice{Pricing: catalog.PriceFixed}, Components: []catalog.BundlePart{{VariantID: other, Quantity: 1}},
					}})
					return err
				})
			})
		}
		wg.Wait()
		if (results[0] == nil) == (results[1] == nil) {
			t.Fatalf("round %d: %v and %v, want one refusal", round, results[0], results[1])
		}
	}
}

// An import or a draft that says nothing of a bundle leaves it as it is, and
// nothing is written the second time.
func TestPutKeepsABundle(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	c := &catalog.Catalog{DB: tx}
	vendor := newVendor(t, tx)
	mug := mustPut(t, c, tx, vendor, simple(id.New[id.Product]().String()))[0]
	set := simple(id.New[id.Product]().String())
	set.Variants[0].Bundle = &catalog.NewBundle{
		BundlePrice: catalog.BundlePrice{Pricing: catalog.PriceSummed, DiscountBPS: 100}, Components: []catalog.BundlePart{{VariantID: mug.Variants[0], Quantity: 2}},
	}
	set.Variants[0].Tracked = false // whatever it says
	made := mustPut(t, c, tx, vendor, set)[0]
	set.Variants[0].Bundle = nil
	if again := mustPut(t, c, tx, vendor, set)[0]; made.Change != catalog.Created || again.Change != catalog.Unchanged {
		t.Errorf("it was %s, then %s", made.Change, again.Change)
	}
	p, err := c.Product(t.Context(), tx, vendor, made.Product)
	if err != nil {
		t.Fatal(err)
	}
	b := p.Variants[0].Bundle
	if b == nil || b.DiscountBPS != 100 || len(b.Components) != 1 || b.Components[0].Quantity != 2 || !p.Variants[0].Tracked {
		t.Errorf("the bundle is %+v", b)
	}
}

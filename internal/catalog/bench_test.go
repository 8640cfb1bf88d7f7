package catalog_test

import (
	"fmt"
	"slices"
	"testing"

	"souk/internal/catalog"
	"souk/internal/platform/pgtest"
)

// BenchmarkPut imports 4,000 variants of 1,000 products in batches of 500
// drafts, then puts the same again.
func BenchmarkPut(b *testing.B) {
	db := pgtest.DB(b)
	c := &catalog.Catalog{DB: db}
	put := func(b *testing.B, drafts []catalog.Draft) {
		vendor := newVendor(b, db)
		for _, again := range []string{"new", "same"} {
			b.Run(again, func(b *testing.B) {
				for b.Loop() {
					if again == "new" {
						vendor = newVendor(b, db)
					}
					for some := range slices.Chunk(drafts, 500) {
						tx, err := db.Begin(b.Context())
						if err != nil {
							b.Fatal(err)
						}
						if _, err := c.Put(b.Context(), tx, vendor, some, catalog.PutOptions{Reviewed: true}); err != nil {
							b.Fatal(err)
						}
						if err := tx.Commit(b.Context()); err != nil {
							b.Fatal(err)
						}
					}
				}
				b.ReportMetric(float64(4*len(drafts)*b.N)/b.Elapsed().Seconds(), "variants/s")
			})
		}
	}
	var drafts []catalog.Draft
	for i := range 1000 {
		d := shirt(fmt.Sprint("shirt-", i))
		d.Description += "<ul><li>Machine wash &amp; dry</li></ul><p>A shirt as you have always wanted one, in linen from here.</p>"
		drafts = append(drafts, d)
	}
	put(b, drafts)
}

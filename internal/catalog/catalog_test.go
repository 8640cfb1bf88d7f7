package catalog_test

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/catalog"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// newVendor makes a vendor to sell things.
func newVendor(t testing.TB, db postgres.DB) id.Vendor {
	t.Helper()
	v := id.New[id.Vendor]()
	_, err := db.Exec(t.Context(), `INSERT INTO vendors (id, slug, name, status) VALUES (@id, @slug, 'Weft & Warp', 'active')`,
		pgx.NamedArgs{"id": v, "slug": v.String()})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// simple is a draft of a product in one variant.
func simple(slug string) catalog.Draft {
	return catalog.Draft{
		Slug: slug, Title: "The " + slug, Status: catalog.Active,
		Variants: []catalog.VariantDraft{{SKU: "SKU-" + slug, Taxable: true, RequiresShipping: true, Tracked: true}},
	}
}

// shirt is a draft with all that a draft can have.
func shirt(slug string) catalog.Draft {
	d := catalog.Draft{
		Slug: slug, Title: "Linen  shirt", Description: "<p>Cool &amp; light</p>", Kind: "Shirt", Brand: "Høst",
		CategoryPaths: [][]string{{"Apparel", "Shirts"}, {"Summer"}},
		Tags:          []string{"Sale", "New Arrival", "sale"},
		Attributes:    map[string][]string{"Color": {"Red", "Blue"}},
		Options:       []catalog.Option{{Name: "Colour", Values: []string{"Red", "Blue"}}, {Name: "Size"}},
		Status:        catalog.Active,
		SEO:           catalog.SEO{Title: "Buy a shirt"},
		Images: []catalog.ImageDraft{
			{URL: "https://pictures.example/" + slug + "-red.jpg", Alt: "Red"},
			{URL: "https://pictures.example/" + slug + "-blue.jpg"},
		},
	}
	for _, colour := range []string{"Red", "Blue"} {
		for _, size := range []string{"M", "L"} {
			d.Variants = append(d.Variants, catalog.VariantDraft{
				SKU: fmt.Sprint(slug, colour, size), Options: []string{colour, size}, WeightGrams: 200,
				Taxable: true, RequiresShipping: true, Tracked: true,
				ImageURL: "https://pictures.example/" + slug + map[string]string{"Red": "-red.jpg", "Blue": "-blue.jpg"}[colour],
			})
		}
	}
	return d
}

// mustPut puts drafts and fails on any problem.
func mustPut(t testing.TB, c *catalog.Catalog, tx pgx.Tx, vendor id.Vendor, drafts ...catalog.Draft) []catalog.Outcome {
	t.Helper()
	outcomes, err := c.Put(t.Context(), tx, vendor, drafts, catalog.PutOptions{Reviewed: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range outcomes {
		if len(o.Problems) > 0 {
			t.Fatalf("%s: %v", o.Slug, o.Problems)
		}
	}
	return outcomes
}

// footprint changes whenever a row of the catalogue is written: it adds up the
// transactions and places of all of them.
func footprint(t testing.TB, db postgres.DB) string {
	t.Helper()
	print, err := postgres.Scalar[string](t.Context(), db, `
		SELECT string_agg(part, ' ') FROM (
			SELECT md5(string_agg(xmin::text || ctid::text, ',' ORDER BY ctid)) AS part FROM products
			UNION ALL SELECT md5(string_agg(xmin::text || ctid::text, ',' ORDER BY ctid)) FROM product_options
			UNION ALL SELECT md5(string_agg(xmin::text || ctid::text, ',' ORDER BY ctid)) FROM product_categories
			UNION ALL SELECT md5(string_agg(xmin::text || ctid::text, ',' ORDER BY ctid)) FROM product_tags
			UNION ALL SELECT md5(string_agg(xmin::text || ctid::text, ',' ORDER BY ctid)) FROM variants
			UNION ALL SELECT md5(string_agg(xmin::text || ctid::text, ',' ORDER BY ctid)) FROM media
			UNION ALL SELECT md5(string_agg(xmin::text || ctid::text, ',' ORDER BY ctid)) FROM categories
			UNION ALL SELECT md5(string_agg(xmin::text || ctid::text, ',' ORDER BY ctid)) FROM tags
			UNION ALL SELECT md5(string_agg(xmin::text || ctid::text, ',' ORDER BY ctid)) FROM brands
			UNION ALL SELECT count(*)::text FROM events
		) parts`, nil)
	if err != nil {
		t.Fatal(err)
	}
	return print
}

package catalog_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"souk/internal/catalog"
	"souk/internal/id"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

func TestPutMakesAllThatADraftSays(t *testing.T) {
	tx := pgtest.Tx(t) // not in parallel: the others hold slugs of the same names
	c := &catalog.Catalog{DB: tx}
	vendor := newVendor(t, tx)

	out := mustPut(t, c, tx, vendor, shirt("linen-shirt"))[0]
	if out.Change != catalog.Created || len(out.Variants) != 4 {
		t.Fatalf("outcome %+v", out)
	}
	p, err := c.Product(t.Context(), tx, vendor, out.Product)
	if err != nil {
		t.Fatal(err)
	}
	type seen struct {
		Slug, Title, Description, Brand, MainPath string
		Tags                                      []string
		Attributes                                map[string][]string
		Options                                   []catalog.Option
		Status                                    catalog.Status
		Pictures                                  int
		Variant                                   string
		VariantShows                              bool
	}
	got := seen{
		p.Slug, p.Title, p.Description, p.Brand.Name, p.Categories[0].Path, nil, p.Attributes, p.Options, p.Status,
		len(p.Media), p.Variants[3].Title, p.Variants[3].MediaID == p.Media[1].ID,
	}
	for _, tag := range p.Tags {
		got.Tags = append(got.Tags, tag.Slug)
	}
	want := seen{
		"linen-shirt", "Linen shirt", "<p>Cool &amp; light</p>", "Høst", "Apparel > Shirts",
		[]string{"new-arrival", "sale"},
		map[string][]string{"color": {"Red", "Blue"}},
		[]catalog.Option{{Name: "Colour", Values: []string{"Red", "Blue"}}, {Name: "Size", Values: []string{"M", "L"}}},
		catalog.Active, 2, "Blue / L", true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if p.PublishedAt == nil {
		t.Error("an active product was never published")
	}
	tree, err := catalog.CategoryTree(t.Context(), tx)
	if err != nil || len(tree) != 2 || len(tree[0].Children) != 1 {
		t.Errorf("tree %+v, %v", tree, err)
	}
}

func TestPuttingTheSameAgainWritesNothing(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	c := &catalog.Catalog{DB: db}
	vendor := newVendor(t, db)
	put := func() []catalog.Outcome {
		tx, err := db.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback(t.Context()) //nolint:errcheck // after the commit it is no matter
		outcomes := mustPut(t, c, tx, vendor, shirt("a"), shirt("b"), simple("c"))
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		return outcomes
	}
	first := put()
	// Locking leaves its mark in xmax only, so what is written shows in xmin.
	before := footprint(t, db)
	second := put()
	if after := footprint(t, db); after != before {
		t.Errorf("rows were written: %s, before %s", after, before)
	}
	for i := range second {
		if second[i].Change != catalog.Unchanged || second[i].Product != first[i].Product || !cmp.Equal(second[i].Variants, first[i].Variants) {
			t.Errorf("outcome %+v, first %+v", second[i], first[i])
		}
	}
}

func TestPutChangesOnlyWhatDiffers(t *testing.T) {
	tx := pgtest.Tx(t) // not in parallel: the others hold slugs of the same names
	c := &catalog.Catalog{DB: tx}
	vendor := newVendor(t, tx)
	mustPut(t, c, tx, vendor, shirt("a"), shirt("b"))

	for _, change := range []struct {
		name string
		edit func(*catalog.Draft)
		want func(catalog.Product) bool
	}{
		{"title", func(d *catalog.Draft) { d.Title = "Other" }, func(p catalog.Product) bool { return p.Title == "Other" }},
		{
			"nothing said is nothing changed", func(d *catalog.Draft) { *d = catalog.Draft{Slug: "a", Kind: "Top"} },
			func(p catalog.Product) bool {
				return p.Kind == "Top" && p.Title == "Linen shirt" && len(p.Variants) == 4 && len(p.Tags) == 2
			},
		},
		{"an address that the file knows as a former one", func(d *catalog.Draft) { d.PublicSlug, d.FormerSlugs = "elsewhere", []string{"a", "before"} }, func(p catalog.Product) bool { return p.Slug == "elsewhere" }},
		{"brand", func(d *catalog.Draft) { d.Brand = "Sommer" }, func(p catalog.Product) bool { return p.Brand.Slug == "sommer" }},
		{"tags", func(d *catalog.Draft) { d.Tags = []string{"sale"} }, func(p catalog.Product) bool { return len(p.Tags) == 1 }},
		{
			"main category", func(d *catalog.Draft) { d.CategoryPaths = [][]string{{"Summer"}, {"Apparel", "Shirts"}} },
			func(p catalog.Product) bool { return p.Categories[0].Name == "Summer" },
		},
		{
			"picture gone", func(d *catalog.Draft) { d.Images = d.Images[:1]; d.Variants = d.Variants[:2] },
			func(p catalog.Product) bool { return len(p.Media) == 1 && p.Variants[3].MediaID.IsZero() },
		},
		{"another variant", func(d *catalog.Draft) {
			d.Variants = append(d.Variants, catalog.VariantDraft{Options: []string{"Red", "XL"}, Tracked: true})
		}, func(p catalog.Product) bool { return len(p.Variants) == 5 && p.Options[1].Values[2] == "XL" }},
		{"two variants swap their SKUs", func(d *catalog.Draft) {
			d.Variants[0].SKU, d.Variants[1].SKU = d.Variants[1].SKU, d.Variants[0].SKU
		}, func(p catalog.Product) bool { return p.Variants[0].SKU == "aRedL" && p.Variants[1].SKU == "aRedM" }},
		{
			"a value renamed, found by its SKU", func(d *catalog.Draft) { d.Variants[3].Options = []string{"Navy", "L"} },
			func(p catalog.Product) bool { return len(p.Variants) == 4 && p.Variants[3].Title == "Navy / L" },
		},
	} {
		t.Run(change.name, func(t *testing.T) {
			tx, err := tx.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Rollback(t.Context()) //nolint:errcheck // the outer one ends it too
			d := shirt("a")
			change.edit(&d)
			events := eventCount(t, tx)
			out := mustPut(t, c, tx, vendor, d, shirt("b"))
			if out[0].Change != catalog.Updated || out[1].Change != catalog.Unchanged {
				t.Errorf("changes %s, %s", out[0].Change, out[1].Change)
			}
			if n := eventCount(t, tx) - events; n != 1 {
				t.Errorf("%d events, want 1", n)
			}
			p, err := c.Product(t.Context(), tx, vendor, out[0].Product)
			if err != nil || !change.want(p) {
				t.Errorf("product %+v, %v", p, err)
			}
			if p.Version != 2 {
				t.Errorf("version %d, want 2", p.Version)
			}
		})
	}
}

func eventCount(t *testing.T, db postgres.DB) int {
	t.Helper()
	n, err := postgres.Scalar[int](t.Context(), db, `SELECT count(*) FROM events`, nil)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Of two products of a file that want one address, one gets it.
func TestTwoProductsDoNotMoveToOneAddress(t *testing.T) {
	tx := pgtest.Tx(t)
	c := &catalog.Catalog{DB: tx}
	vendor := newVendor(t, tx)
	mustPut(t, c, tx, vendor, shirt("a"), shirt("b"))
	a, b := shirt("a"), shirt("b")
	a.PublicSlug, b.PublicSlug = "best-shirt", "best-shirt"
	done, err := c.Put(t.Context(), tx, vendor, []catalog.Draft{a, b}, catalog.PutOptions{Reviewed: true})
	if err != nil || done[0].Change != catalog.Updated || done[1].Change != catalog.Unchanged {
		t.Errorf("%+v, %v", done, err)
	}
}

func TestPutRefusesWhatCannotBeAndTakesTheRest(t *testing.T) {
	tx := pgtest.Tx(t) // not in parallel: the others hold slugs of the same names
	c := &catalog.Catalog{DB: tx}
	vendor := newVendor(t, tx)
	mustPut(t, c, tx, vendor, simple("present"))
	if _, err := c.DescribeType(t.Context(), tx, catalog.ProductType{Key: "Lamp", Label: "Lamp", Attributes: []catalog.TypeAttribute{{Key: "power", Required: true}}}); err != nil {
		t.Fatal(err)
	}

	variant := func(sku string, options ...string) catalog.VariantDraft {
		return catalog.VariantDraft{SKU: sku, Options: options, Tracked: true}
	}
	size := []catalog.Option{{Name: "Size"}}
	for _, c2 := range []struct {
		name     string
		draft    catalog.Draft
		change   catalog.Change
		problems []string // pointer and code
	}{
		{"no title", catalog.Draft{Slug: "x", Variants: []catalog.VariantDraft{variant("x")}}, catalog.Refused, []string{"/title required"}},
		{"no variant", catalog.Draft{Title: "X"}, catalog.Refused, []string{"/variants required"}},
		{"four options", catalog.Draft{
			Title: "X", Options: []catalog.Option{{Name: "A"}, {Name: "B"}, {Name: "C"}, {Name: "D"}},
			Variants: []catalog.VariantDraft{variant("x", "1", "2", "3", "4")},
		}, catalog.Refused, []string{"/options too_many"}},
		{"the same choice twice", catalog.Draft{
			Title: "X", Options: size, Variants: []catalog.VariantDraft{variant("x", "M"), variant("y", "M"), variant("z", "L")},
		}, catalog.Created, []string{"/variants/1/options options_taken"}},
		{"a SKU twice", catalog.Draft{
			Title: "X", Options: size, Variants: []catalog.VariantDraft{variant("x", "M"), variant("x", "L")},
		}, catalog.Created, []string{"/variants/1/sku sku_taken"}},
		{"a SKU of another product", catalog.Draft{
			Title: "X", Options: size, Variants: []catalog.VariantDraft{variant("SKU-present", "M"), variant("y", "L")},
		}, catalog.Created, []string{"/variants/0/sku sku_taken"}},
		{"a value too few", catalog.Draft{
			Title: "X", Options: size, Variants: []catalog.VariantDraft{variant("x"), variant("y", "L")},
		}, catalog.Created, []string{"/variants/0/options option_count"}},
		{"a bad picture", catalog.Draft{
			Title: "X", Variants: []catalog.VariantDraft{variant("x")}, Images: []catalog.ImageDraft{{URL: "file:///etc/passwd"}},
		}, catalog.Created, []string{"/images/0/url bad_url"}},
		{"a negative weight", catalog.Draft{
			Title: "X", Options: size, Variants: []catalog.VariantDraft{{Options: []string{"M"}, WeightGrams: -1}, variant("y", "L")},
		}, catalog.Created, []string{"/variants/0/weight_grams too_small"}},
		{"on sale without what its type requires", catalog.Draft{
			Title: "X", Kind: "lamp", Status: catalog.Active, Variants: []catalog.VariantDraft{variant("x")},
		}, catalog.Created, []string{"/attributes/power required"}},
		{"from archived to rejected", catalog.Draft{
			Slug: "present", Status: catalog.Rejected,
		}, catalog.Unchanged, []string{"/status product_status"}},
	} {
		t.Run(c2.name, func(t *testing.T) {
			tx, err := tx.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Rollback(t.Context()) //nolint:errcheck // the outer one ends it too
			if c2.draft.Slug == "present" {
				archived := simple("present")
				archived.Status = catalog.Archived
				mustPut(t, c, tx, vendor, archived)
			}
			out, err := c.Put(t.Context(), tx, vendor, []catalog.Draft{c2.draft, simple("good")}, catalog.PutOptions{Reviewed: true})
			if err != nil {
				t.Fatal(err)
			}
			var problems []string
			for _, p := range out[0].Problems {
				problems = append(problems, p.Pointer+" "+p.Code)
			}
			if diff := cmp.Diff(c2.problems, problems); diff != "" {
				t.Error(diff)
			}
			if out[0].Change != c2.change || out[1].Change != catalog.Created {
				t.Errorf("changes %s and %s, want %s and created", out[0].Change, out[1].Change, c2.change)
			}
		})
	}
}

func TestPutKeepsVendorsApart(t *testing.T) {
	tx := pgtest.Tx(t) // not in parallel: the others hold slugs of the same names
	c := &catalog.Catalog{DB: tx}
	one, other := newVendor(t, tx), newVendor(t, tx)
	first := mustPut(t, c, tx, one, simple("mug"))[0]
	second := mustPut(t, c, tx, other, simple("mug"))[0]
	if first.Product == second.Product || second.Change != catalog.Created {
		t.Fatalf("the other vendor got %+v", second)
	}
	again := mustPut(t, c, tx, other, simple("mug"))[0]
	if again.Product != second.Product || again.Change != catalog.Unchanged {
		t.Errorf("a handle is not found again under another slug: %+v", again)
	}
	p, err := c.Product(t.Context(), tx, other, second.Product)
	if err != nil || p.Slug == "mug" || p.Handle != "mug" {
		t.Errorf("slug %q, handle %q, %v", p.Slug, p.Handle, err)
	}
}

func TestPutByAVendorWaitsForReview(t *testing.T) {
	tx := pgtest.Tx(t) // not in parallel: the others hold slugs of the same names
	c := &catalog.Catalog{DB: tx}
	vendor := newVendor(t, tx)
	put := func(status catalog.Status) catalog.Status {
		d := simple("mug")
		d.Status = status
		out, err := c.Put(t.Context(), tx, vendor, []catalog.Draft{d}, catalog.PutOptions{})
		if err != nil || len(out[0].Problems) > 0 {
			t.Fatal(out, err)
		}
		p, err := c.Product(t.Context(), tx, id.Vendor{}, out[0].Product)
		if err != nil {
			t.Fatal(err)
		}
		if p.Status == catalog.PendingReview && status == catalog.Active {
			if _, err := c.Move(t.Context(), tx, id.Vendor{}, p.ID, catalog.Approve, ""); err != nil {
				t.Fatal(err)
			}
		}
		return p.Status
	}
	got := []catalog.Status{put("active"), put("active"), put("archived"), put("active")}
	want := []catalog.Status{"pending_review", "active", "archived", "pending_review"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// R11: of two who approve at once one does, and the history says so once.
func TestAParallelMoveHappensOnce(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	c := &catalog.Catalog{DB: db}
	vendor := newVendor(t, db)
	var product id.Product
	if err := postgres.InTx(t.Context(), db, func(tx pgx.Tx) error {
		d := simple("mug")
		d.Status = catalog.PendingReview
		product = mustPut(t, c, tx, vendor, d)[0].Product
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	answers := make([]error, 8)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			answers[i] = postgres.InTx(t.Context(), db, func(tx pgx.Tx) error {
				_, err := c.Move(t.Context(), tx, id.Vendor{}, product, catalog.Approve, "")
				return err
			})
		})
	}
	wg.Wait()
	moved := 0
	for _, err := range answers {
		if err == nil {
			moved++
		} else if !errors.Is(err, catalog.ErrStatus) {
			t.Error(err)
		}
	}
	events, err := postgres.Scalar[int](t.Context(), db, `SELECT count(*) FROM events WHERE name = 'catalog.status_changed'`, nil)
	if err != nil || moved != 1 || events != 1 {
		t.Errorf("%d moves, %d events, want 1 and 1 (%v)", moved, events, err)
	}
}

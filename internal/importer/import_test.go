package importer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/inventory"
	"souk/internal/platform/postgres"
)

func TestEverythingArrives(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	report, refused := s.run(t, testdata(t, "shopify-2026.csv"), Options{Format: "auto", Publish: true})
	wantReport(t, report, Report{
		Format: "shopify", Rows: 7, Products: 4, Variants: 4, Created: 3, Refused: 2,
		Problems: []Problem{{Row: 6, Column: "Gift card", Reason: "gift cards cannot be imported as products"}},
	})
	lines := strings.SplitAfter(testdata(t, "shopify-2026.csv"), "\n")
	if want := lines[0] + lines[5] + lines[6]; refused != want {
		t.Errorf("refused rows are\n%swant\n%s", refused, want)
	}
	s.clean(t, testdata(t, "spree.csv"), Options{Vendor: "lamps", Publish: true})

	if diff := cmp.Diff(testdata(t, "exported.csv"), s.export(t)); diff != "" {
		t.Errorf("the export is another: %s\n%s", diff, s.export(t))
	}
	for sql, want := range map[string]string{
		// Archived, so not in the export.
		`SELECT p.title || ' ' || p.status || ' ' || v.slug FROM products p JOIN vendors v ON v.id = p.vendor_id WHERE p.status = 'archived'`: "Old Press archived brass-bean",
		`SELECT name || ' ' || status FROM vendors ORDER BY slug`:                                                                             "Brass & Bean active\nHollow Oak active\nlamps active",
		`SELECT path FROM categories ORDER BY path`: "Course\nHome\nHome & Garden\nHome & Garden > Kitchen & Dining\n" +
			"Home & Garden > Kitchen & Dining > Kettles\nHome > Lighting\nOffice\nPress",
		`SELECT state || ' ' || count(*) || ' ' || count(DISTINCT source_url) FROM media GROUP BY state`: "pending 8 8",
		`SELECT v.sku || ' shows ' || m.source_url FROM variants v JOIN media m ON m.id = v.media_id WHERE v.sku IN ('HO-K1-S', 'LAMP-WHITE') ORDER BY 1`: "HO-K1-S shows https://pictures.example/kettle-sand.jpg\n" +
			"LAMP-WHITE shows https://pictures.example/lamp-white.jpg",
		`SELECT reason || ' ' || actor || ' ' || sum(delta) FROM stock_movements GROUP BY reason, actor`: "import guest 5018",
		`SELECT currency || ' ' || count(*) FROM price_history GROUP BY currency ORDER BY 1`:             "EUR 2\nUSD 7",
		`SELECT string_agg(value, ', ' ORDER BY o.position, n) FROM product_options o, unnest(values) WITH ORDINALITY AS u (value, n)
			GROUP BY product_id ORDER BY 1`: "Black, White\nSand, Moss, 1.0",
	} {
		if got := s.text(t, sql); got != want {
			t.Errorf("%s is\n%s\nwant\n%s", sql, got, want)
		}
	}
	s.verify(t)
}

func TestTheSecondRunChangesNothing(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for name, want := range map[string]Report{
		"shopify-2026.csv": {Format: "shopify", Rows: 7, Products: 4, Variants: 4, Refused: 2},
		"spree.csv":        {Format: "spree", Rows: 6, Products: 2, Variants: 3},
		"exported.csv":     {Format: "souk", Rows: 6, Products: 4, Variants: 6},
	} {
		empty := s.footprint(t)
		dry, _ := s.run(t, testdata(t, name), Options{Publish: true, DryRun: true})
		if diff := cmp.Diff(empty, s.footprint(t)); diff != "" {
			t.Errorf("%s: a dry run wrote: %s", name, diff)
		}
		first, _ := s.run(t, testdata(t, name), Options{Publish: true})
		first.DryRun = true
		wantReport(t, dry, first)

		full := s.footprint(t)
		again, _ := s.run(t, testdata(t, name), Options{Publish: true})
		want.Unchanged = first.Created + first.Updated + first.Unchanged
		wantReport(t, tally(again), want)
		if diff := cmp.Diff(full, s.footprint(t)); diff != "" {
			t.Errorf("%s: the second run wrote: %s", name, diff)
		}
	}
	s.verify(t)
}

const mugs = `Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,Variant Price,Variant Compare At Price,Variant Requires Shipping,Variant Taxable,Image Src,Image Alt Text,Status
mug,Mug,<p>Holds tea.</p>,Potter,Cup,"clay, tea",TRUE,Colour,Red,MUG-R,300,shopify,5,deny,12.50,15.00,TRUE,TRUE,https://x.example/red.jpg,Red,active
mug,,,,,,,,Blue,MUG-B,300,shopify,7,continue,12.50,,TRUE,TRUE,https://x.example/blue.jpg,Blue,
mug,,,,,,,,Green,MUG-G,310,shopify,9,deny,13.50,,TRUE,FALSE,https://x.example/green.jpg,Green,
bowl,Bowl,,Potter,Bowl,clay,TRUE,Title,Default Title,BOWL,500,,,deny,20.00,,FALSE,TRUE,,,active
`

func TestWhatAChangeOfTheFileChanges(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	o := Options{Publish: true}
	s.clean(t, mugs, o)
	for _, c := range []struct {
		name, from, to            string
		created, updated, refused int
		sql, want                 string
	}{
		{
			"a price", "deny,20.00", "deny,19.00", 0, 1, 0,
			`SELECT count(*) || ' ' || min(amount_minor) FROM price_history h JOIN variants v ON v.id = h.variant_id WHERE sku = 'BOWL'`, "2 1900",
		},
		{
			"the end of an offer", "12.50,15.00", "12.50,", 0, 1, 0,
			`SELECT count(*)::text FROM prices WHERE compare_at_minor IS NOT NULL`, "0",
		},
		{
			"stock", "shopify,5,deny", "shopify,4,deny", 0, 1, 0,
			`SELECT sum(delta) || ' ' || count(*) FROM stock_movements m JOIN variants v ON v.id = m.variant_id WHERE sku = 'MUG-R'`, "4 2",
		},
		{
			"a tag", "clay,TRUE,Title", "round,TRUE,Title", 0, 1, 0,
			`SELECT string_agg(t.slug, ' ') FROM product_tags pt JOIN tags t ON t.id = pt.tag_id JOIN products p ON p.id = pt.product_id WHERE p.handle = 'bowl'`, "round",
		},
		{
			"a picture", "x.example/red.jpg", "x.example/crimson.jpg", 0, 1, 0,
			`SELECT string_agg(source_url, ' ' ORDER BY position) FROM media WHERE state <> 'removed'`,
			"https://x.example/crimson.jpg https://x.example/blue.jpg https://x.example/green.jpg",
		},
		{
			"a draft", "Green,\n", "Green,\nplate,Plate,,Potter,,,FALSE,Title,Default Title,PLATE,,,,,9,,,,,,active\n", 1, 0, 0,
			`SELECT status FROM products WHERE handle = 'plate'`, "draft",
		},
		{
			"off sale", "TRUE,,,active", "TRUE,,,draft", 0, 1, 0,
			`SELECT status FROM products WHERE handle = 'bowl'`, "draft",
		},
		{
			"a variant less", "mug,,,,,,,,Green,MUG-G,310,shopify,9,deny,13.50,,TRUE,FALSE,", "mug,,,,,,,,,,,,,,,,,,", 0, 0, 0,
			`SELECT count(*)::text FROM variants v JOIN products p ON p.id = v.product_id WHERE p.handle = 'mug' AND archived_at IS NULL`, "3",
		},
	} {
		file := strings.Replace(mugs, c.from, c.to, 1)
		if file == mugs {
			t.Fatalf("%s: %q is not in the file", c.name, c.from)
		}
		report, _ := s.run(t, file, o)
		if report.Created != c.created || report.Updated != c.updated || report.Refused != c.refused || report.Unchanged != report.Products-c.created-c.updated {
			t.Errorf("%s: %+v", c.name, report)
		}
		if got := s.text(t, c.sql); got != c.want {
			t.Errorf("%s: %s is %q, want %q", c.name, c.sql, got, c.want)
		}
		if back := s.clean(t, mugs, o); back.Updated != c.updated || back.Created != 0 {
			t.Errorf("%s: the way back is %+v", c.name, back)
		}
	}
	s.verify(t)
}

// A file with fewer columns changes what it has, and does no harm to the rest.
func TestAFileOfPricesOnly(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.clean(t, mugs, Options{})
	s.exec(t, `UPDATE products SET status = 'archived', version = version + 1 WHERE handle = 'bowl'`)
	before := s.export(t)
	report := s.clean(t, shopify("Handle,Title,Option1 Name,Option1 Value,Vendor,Variant SKU,Variant Price",
		"mug,,Colour,Green,Potter,MUG-G,14.00", "bowl,,,,Potter,BOWL,20.00"), Options{})
	wantReport(t, tally(report), Report{Format: "shopify", Rows: 2, Products: 2, Variants: 2, Updated: 1, Unchanged: 1})
	want := strings.Replace(before, "13.50", "14.00", 1)
	if diff := cmp.Diff(want, s.export(t)); diff != "" {
		t.Errorf("more has changed: %s", diff)
	}
	flags := `SELECT sku || ' ' || tracked || taxable || requires_shipping FROM variants ORDER BY sku`
	if got, want := s.text(t, flags), "BOWL falsetruefalse\nMUG-B truetruetrue\nMUG-G truefalsetrue\nMUG-R truetruetrue"; got != want {
		t.Errorf("flags are\n%s", got)
	}
	if got := s.text(t, `SELECT status FROM products WHERE handle = 'bowl'`); got != "archived" {
		t.Errorf("the archived bowl is %s", got)
	}

	// What is new there, is for sale: nobody counts it, unless the file does.
	s.clean(t, shopify("Handle,Title,Variant SKU,Variant Price", "jug,Jug,JUG,9"), Options{})
	s.clean(t, shopify("Handle,Title,Variant SKU,Variant Price,Variant Inventory Qty", "vase,Vase,VASE,9,"), Options{})
	if got, want := s.text(t, flags), "BOWL falsetruefalse\nJUG falsetruetrue\nMUG-B truetruetrue\nMUG-G truefalsetrue\nMUG-R truetruetrue\nVASE truetruetrue"; got != want {
		t.Errorf("flags are\n%s", got)
	}

	// Without a column for it, an offer lasts while there is something to strike out.
	prices := func(price string) string {
		s.clean(t, shopify("Handle,Title,Option1 Name,Option1 Value,Vendor,Variant Price", "mug,,Colour,Red,Potter,"+price), Options{})
		return s.text(t, `SELECT amount_minor || ' ' || coalesce(compare_at_minor, 0) FROM prices p JOIN variants v ON v.id = p.variant_id WHERE sku = 'MUG-R'`)
	}
	if got := prices("11") + ", " + prices("15"); got != "1100 1500, 1500 0" {
		t.Errorf("prices were %s", got)
	}
}

func TestReview(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	status := func() string { return s.text(t, `SELECT handle || ' ' || status FROM products ORDER BY handle`) }
	unsaid := shopify("Handle,Title,Variant Price", "cup,Cup,1")
	for _, step := range []struct {
		name, file, do string
		publish        bool
		want           string
	}{
		{"waits for review", mugs, "", false, "bowl pending_review\nmug pending_review"},
		{"again", mugs, "", false, "bowl pending_review\nmug pending_review"},
		{"approved by hand stays", mugs, `UPDATE products SET status = 'active' WHERE handle = 'mug'`, false, "bowl pending_review\nmug active"},
		{"published", mugs, "", true, "bowl active\nmug active"},
		{"archived by hand comes back for review", mugs, `UPDATE products SET status = 'archived' WHERE handle = 'mug'`, false, "bowl active\nmug pending_review"},
		{"without a status waits, too", unsaid, `DELETE FROM stock_levels`, false, "bowl active\ncup pending_review\nmug pending_review"},
		{"and is left alone", unsaid, `UPDATE products SET status = 'rejected' WHERE handle = 'cup'`, false, "bowl active\ncup rejected\nmug pending_review"},
		{"until it is published", unsaid, "", true, "bowl active\ncup active\nmug pending_review"},
	} {
		if step.do != "" {
			s.exec(t, step.do)
		}
		s.clean(t, step.file, Options{Publish: step.publish})
		if got := status(); got != step.want {
			t.Errorf("%s: %s", step.name, got)
		}
	}
	s.exec(t, `INSERT INTO product_types (key, label, attributes) VALUES ('lamp', 'Lamp', '[{"key": "power", "required": true}]')`)
	report, refused := s.run(t, shopify("Handle,Title,Type,Variant Price", "lamp,Lamp,Lamp,1"), Options{Publish: true})
	wantReport(t, report, Report{
		Format: "shopify", Rows: 1, Products: 1, Variants: 1, Created: 1, Refused: 1,
		Problems: []Problem{{Row: 2, Column: "attributes", Reason: `Fill in "power": whatever is a "Lamp" needs it to be sold.`}},
	})
	if got := status(); !strings.Contains(got, "lamp draft") || !strings.Contains(refused, "lamp,Lamp,Lamp,1") {
		t.Errorf("without what its type requires: %s, refused %q", got, refused)
	}
}

func TestWhoGetsTheProducts(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	file := shopify("Handle,Title,Vendor,Variant Price", "a,A,Potter & Söhne,1", "b,B,,1", "c,C,متجر,1", "d,D,potter sohne,1", "a,A,متجر,1",
		"e,E,"+strings.Repeat("x", 201)+",1")
	report, _ := s.run(t, file, Options{House: "Our House"})
	wantReport(t, report, Report{
		Format: "shopify", Rows: 6, Products: 6, Variants: 6, Created: 5, Refused: 1,
		Problems: []Problem{{Row: 7, Column: "Vendor", Reason: "the name of a vendor has at most 200 characters"}},
	})
	if report, _ = s.run(t, file, Options{House: "Our House"}); report.Unchanged != 5 {
		t.Errorf("the second run: %+v", report)
	}
	owners := `SELECT v.name || ': ' || string_agg(p.handle, ' ' ORDER BY p.handle) FROM vendors v JOIN products p ON p.vendor_id = v.id GROUP BY v.id ORDER BY v.slug`
	if got, want := s.text(t, owners), "Our House: b\nPotter & Söhne: a d\nمتجر: a c"; got != want {
		t.Errorf("owners are\n%s", got)
	}
	s.exec(t, `UPDATE vendors SET name = 'Potter and Sons' WHERE slug = 'potter-and-sohne' OR slug = 'potter-sohne'`)
	s.clean(t, shopify("Handle,Title,Vendor,Variant Price", "a,A,Other,1", "f,F,,1"), Options{Vendor: "potter-sohne"})
	s.clean(t, shopify("Handle,Title,Vendor,Variant Price", "a,A,Other,1"), Options{Vendor: "new-one"})
	if got, want := s.text(t, owners), "new-one: a\nOur House: b\nPotter and Sons: a d f\nمتجر: a c"; got != want {
		t.Errorf("owners are\n%s", got)
	}
	if _, err := s.Run(t.Context(), strings.NewReader(file), Options{Vendor: "New One"}); err == nil || s.count(t, `SELECT count(*)::int FROM vendors`) != 4 {
		t.Errorf("a vendor with a bad slug: %v", err)
	}
}

// What the catalogue refuses comes back with the row and the file's own column.
func TestWhatTheCatalogueRefuses(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	header := "Handle,Title,Product Category,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Image,Image Src,Variant Barcode"
	long := strings.Repeat("x", 301)
	s.clean(t, shopify(header, "taken,Taken,,,,SKU-1,1,,,"), Options{})
	file := shopify(header,
		"a,,,,,a,1,,,",
		"b,"+long+",,Size,S,b1,1,,,",
		"b,,,,M,b2,1,,,",
		"c,C,,,,SKU-1,1,,,",
		"d,D,,Size,S,d1,1,,,",
		"d,,,,M,d2,1,,,"+long,
		"e,E,"+long+",,,e,1,,,",
		"f,F,,Size,S,f1,1,,https://x.example/1.jpg,",
		"f,,,,M,f2,1,ftp://x.example/2.jpg,https://x.example/3.jpg,",
		"f,,,,,,,,javascript:alert(1),",
		"g,G,,,,g,1,,,",
	)
	report, refused := s.run(t, file, Options{})
	const badURL = "A picture's address begins with https:// or http:// and has at most 2000 characters."
	wantReport(t, report, Report{
		Format: "shopify", Rows: 11, Products: 7, Variants: 10, Created: 4, Refused: 8,
		Problems: []Problem{
			{Row: 2, Column: "Title", Reason: "This is required."},
			{Row: 3, Column: "Title", Reason: "At most 300 characters are possible."},
			{Row: 5, Column: "Variant SKU", Reason: "The vendor sells another product under this SKU."},
			{Row: 5, Column: "variants", Reason: "A product has at least one variant."},
			{Row: 7, Column: "Variant Barcode", Reason: "At most 100 characters are possible."},
			{Row: 8, Column: "Product Category", Reason: "A category path has 1 to 10 names of at most 200 characters."},
			{Row: 10, Column: "Variant Image", Reason: badURL},
			{Row: 11, Column: "Image Src", Reason: badURL},
		},
	})
	lines := strings.SplitAfter(file, "\n")
	if diff := cmp.Diff(strings.Join([]string{
		lines[0], lines[1], lines[2], lines[3], lines[4], "d,D,,Size,M,d2,1,,," + long + "\n", lines[7], lines[8], lines[9], lines[10],
	}, ""), refused); diff != "" {
		t.Errorf("refused rows: %s", diff)
	}
	s.verify(t)
}

// One product that the database itself refuses does not keep its batch out.
func TestWhatTheDatabaseRefuses(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.exec(t, `ALTER TABLE products ADD CONSTRAINT no_curses CHECK (title <> 'Cursed')`)
	rows := []string{}
	for i := range 20 {
		rows = append(rows, fmt.Sprintf("h%d,Fine,1", i))
	}
	rows[13] = "h13,Cursed,1"
	report, refused := s.run(t, shopify("Handle,Title,Variant Price", rows...), Options{})
	if report.Created != 19 || report.Refused != 1 || report.Problems[0].Row != 15 || !strings.Contains(report.Problems[0].Reason, "no_curses") {
		t.Errorf("%+v", report)
	}
	if want := "Handle,Title,Variant Price\n" + rows[13] + "\n"; refused != want {
		t.Errorf("refused rows are %q", refused)
	}
}

func TestStockThatIsPromised(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.clean(t, mugs, Options{Publish: true})
	level := s.text(t, `SELECT v.id || ' ' || l.location_id FROM variants v JOIN stock_levels l ON l.variant_id = v.id WHERE sku = 'MUG-R'`)
	var pick inventory.Pick
	variant, location, _ := strings.Cut(level, " ")
	if err := s.pool.QueryRow(t.Context(), `SELECT $1::uuid, $2::uuid`, variant, location).Scan(&pick.Variant, &pick.Location); err != nil {
		t.Fatal(err)
	}
	pick.Line, pick.Quantity = id.New[id.OrderLine](), 3
	if err := postgres.InTx(t.Context(), s.pool, func(tx pgx.Tx) error {
		b := postgres.NewBatch()
		s.Stock.QueueAllocate(b, id.New[id.Order](), []inventory.Pick{pick})
		return b.Send(t.Context(), tx)
	}); err != nil {
		t.Fatal(err)
	}
	report, refused := s.run(t, strings.Replace(mugs, "shopify,5,deny", "shopify,2,deny", 1), Options{Publish: true})
	wantReport(t, report, Report{
		Format: "shopify", Rows: 4, Products: 2, Variants: 4, Unchanged: 2, Refused: 1,
		Problems: []Problem{{Row: 2, Column: "Variant Inventory Qty", Reason: "more units than that are promised to orders, or licence keys are the stock; it was left as it is"}},
	})
	if strings.Count(refused, "\n") != 2 || !strings.Contains(refused, "MUG-R") {
		t.Errorf("refused rows are %s", refused)
	}
	counters := `SELECT on_hand || ' ' || allocated FROM stock_levels l JOIN variants v ON v.id = l.variant_id WHERE sku = 'MUG-R'`
	if got := s.text(t, counters); got != "5 3" {
		t.Errorf("on hand and allocated are %s", got)
	}
	if report := s.clean(t, strings.Replace(mugs, "shopify,5,deny", "shopify,3,deny", 1), Options{Publish: true}); report.Updated != 1 || s.text(t, counters) != "3 3" {
		t.Errorf("%+v, on hand and allocated are %s", report, s.text(t, counters))
	}
}

// What leaves while a file is read has left: a file of prices does not count it again.
func TestStockThatLeavesMeanwhile(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.clean(t, mugs, Options{Publish: true})
	leaving, err := s.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = leaving.Rollback(t.Context()) }()
	if _, err := leaving.Exec(t.Context(), `
		WITH left_now AS (UPDATE stock_levels SET on_hand = on_hand - 2 WHERE on_hand > 2 RETURNING variant_id, location_id)
		INSERT INTO stock_movements (variant_id, location_id, delta, reason, actor) SELECT variant_id, location_id, -2, 'sale', 'test' FROM left_now`); err != nil {
		t.Fatal(err)
	}
	done := s.runs(t, shopify("Handle,Title,Vendor,Option1 Name,Option1 Value,Variant SKU,Variant Price", "mug,,Potter,Colour,Red,MUG-R,12", "mug,,,,Blue,MUG-B,12"))
	if err := leaving.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if report := <-done; report.Updated != 1 || len(report.Problems) > 0 {
		t.Errorf("%+v", report)
	}
	if got := s.text(t, `SELECT string_agg(on_hand::text, ' ' ORDER BY sku) FROM stock_levels l JOIN variants v ON v.id = l.variant_id WHERE sku LIKE 'MUG%'`); got != "5 7 3" {
		t.Errorf("blue, green and red are %s", got)
	}
	s.verify(t)
}

// Two files at once that bring in the same products bring them in once, and neither
// is refused: whether the second waits for one that is new, or for one that it knew
// when there was no other.
func TestTwoImportsAtOnce(t *testing.T) {
	t.Parallel()
	const cup = `{"handle": "cup", "title": "Cup", "vendor_slug": "potter", "variants": [{"sku": "CUP"}]}` + "\n"
	const jug = `{"handle": "jug", "title": "Jug", "vendor_slug": "potter", "variants": [{"sku": "JUG"}]}` + "\n"
	for name, there := range map[string]string{"of new ones": strings.Replace(jug, "jug", "pot", 1), "of one that is there": strings.Replace(cup, "Cup", "Mug", 1)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			s.clean(t, strings.ReplaceAll(there, "JUG", "POT"), Options{})
			s.twoAtOnce(t, cup+jug)
		})
	}
}

func (s shop) twoAtOnce(t *testing.T, file string) {
	t.Helper()
	first, err := s.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = first.Rollback(t.Context()) }()
	inside := *s.Importer
	inside.DB = first
	if _, err := inside.Run(t.Context(), strings.NewReader(file), Options{House: "House"}); err != nil {
		t.Fatal(err)
	}
	done := s.runs(t, file)
	if err := first.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantReport(t, <-done, Report{Format: "souk-jsonl", Rows: 2, Products: 2, Variants: 2, Unchanged: 2, Problems: []Problem{}})
	s.verify(t)
}

// A file's number is what all locations have; the first makes up for it.
func TestStockOfSeveralLocations(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.clean(t, mugs, Options{Publish: true})
	s.exec(t, `INSERT INTO locations (id, vendor_id, name, priority) SELECT gen_random_uuid(), id, 'Attic', 9 FROM vendors`)
	s.exec(t, `INSERT INTO stock_levels (variant_id, location_id, vendor_id, on_hand)
		SELECT v.id, l.id, v.vendor_id, 4 FROM variants v JOIN locations l ON l.vendor_id = v.vendor_id AND l.name = 'Attic' WHERE sku = 'MUG-R'`)
	stock := func() string {
		return s.text(t, `SELECT string_agg(l.name || ' ' || on_hand, ', ' ORDER BY l.priority) FROM stock_levels s JOIN locations l ON l.id = s.location_id
			JOIN variants v ON v.id = s.variant_id WHERE sku = 'MUG-R'`)
	}
	if exported := s.export(t); !strings.Contains(exported, "USD,,,9,true") {
		t.Errorf("the export does not add up 5 and 4:\n%s", exported)
	}
	if again := s.clean(t, s.export(t), Options{Publish: true}); again.Unchanged != 2 || stock() != "Main 5, Attic 4" {
		t.Errorf("its own export changes the stock: %+v, %s", again, stock())
	}
	if r := s.clean(t, mugs, Options{Publish: true}); r.Updated != 1 || stock() != "Main 1, Attic 4" {
		t.Errorf("5 in all are %s", stock())
	}
	report, _ := s.run(t, strings.Replace(mugs, "shopify,5,deny", "shopify,3,deny", 1), Options{Publish: true})
	want := []Problem{{Row: 2, Column: "Variant Inventory Qty", Reason: "other locations have 4 of it; the stock was left as it is"}}
	if diff := cmp.Diff(want, report.Problems, cmpopts.IgnoreUnexported(Problem{})); diff != "" || stock() != "Main 1, Attic 4" {
		t.Errorf("3 in all are %s: %s", stock(), diff)
	}
}

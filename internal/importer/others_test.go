package importer

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"souk/internal/errs"
)

// Variations find their parent wherever it stands in the file, by SKU or number.
func TestWooCommerce(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	report, refused := s.run(t, testdata(t, "woocommerce.csv"), Options{Vendor: "woo", Publish: true})
	wantReport(t, report, Report{
		Format: "woocommerce", Rows: 11, Products: 7, Variants: 7, Created: 5, Refused: 2,
		Problems: []Problem{
			{Row: 8, Column: "Type", Reason: `a product of the type "grouped" cannot be imported: simple ones and variable ones can`},
			{Row: 9, Column: "Parent", Reason: `has the parent "id:999", which is not in the file`},
		},
		Warnings: []Problem{
			{Row: 6, Column: "Sale price", Reason: "is for some days only, and was left out: the regular price is taken"},
			{Row: 6, Column: "Stock", Reason: "is counted for all variations together: it has none until each is counted"},
			{Row: 7, Column: "Published", Reason: "is switched off, and was left out"},
			{Row: 12, Column: "GTIN, UPC, EAN, or ISBN", Reason: "9.78E+12 is a number that a spreadsheet has rounded, and was left out: format the column as text"},
		},
	})
	if lines := strings.SplitAfter(testdata(t, "woocommerce.csv"), "\n"); strings.Count(refused, "\n") != 3 || !strings.HasSuffix(refused, lines[7]+lines[8]) {
		t.Errorf("refused rows are\n%s", refused)
	}
	for sql, want := range map[string]string{
		`SELECT handle || ' ' || status || ' ' || title FROM products ORDER BY handle`:          "album-46 draft Album\nbelt active =Belt\nbook-54 active Book\ncap active Cap\ntee active Linen Tee",
		`SELECT description FROM products WHERE handle = 'tee'`:                                 "<p>Linen.</p>\n<p>Soft.</p>",
		`SELECT attributes::text FROM products WHERE handle IN ('tee', 'belt') ORDER BY handle`: `{"buckle": ["Brass"]}` + "\n" + `{"fabric": ["Linen"]}`,
		`SELECT b.name FROM brands b JOIN products p ON p.brand_id = b.id WHERE handle = 'tee'`: "Flax",
		`SELECT path FROM categories ORDER BY path`:                                             "Books\nClothing\nClothing > Tees\nMusic\nSummer",
		`SELECT name FROM tags ORDER BY name`:                                                   "a, b\nlinen",
		`SELECT concat_ws(' ', sku, options, barcode, weight_grams, tax_class, taxable, requires_shipping, tracked) FROM variants ORDER BY sku NULLS LAST, barcode`: strings.Join([]string{
			"BELT {} 0012345678905 300 reduced t t t", "CAP-1 {S}  0 standard t t f", "CAP-1-2 {M}  0 standard t t f",
			"TEE-B {Blue}  0 standard t t t", "TEE-G {Green}  0 standard t t t", "{}  0 standard f f t", "{}  0 standard t t t",
		}, "\n"),
		`SELECT sku || ' ' || amount_minor || ' ' || coalesce(compare_at_minor, 0) FROM prices JOIN variants v ON v.id = variant_id WHERE sku <> '' ORDER BY sku`: "BELT 1950 123450\n" +
			"CAP-1 900 0\nCAP-1-2 900 0\nTEE-B 1600 2000\nTEE-G 2000 0",
		`SELECT sku || ' ' || on_hand || ' ' || (backorder_limit > 0) FROM stock_levels JOIN variants v ON v.id = variant_id WHERE sku <> '' ORDER BY sku`: "BELT 7 true\nTEE-B 3 false\nTEE-G 0 true",
	} {
		if got := s.text(t, sql); got != want {
			t.Errorf("%s is\n%s\nwant\n%s", sql, got, want)
		}
	}
	before := s.footprint(t)
	again, _ := s.run(t, testdata(t, "woocommerce.csv"), Options{Vendor: "woo", Publish: true})
	if again.Unchanged != 5 {
		t.Errorf("the second run: %+v", tally(again))
	}
	if diff := cmp.Diff(before, s.footprint(t)); diff != "" {
		t.Errorf("the second run wrote: %s", diff)
	}
	s.verify(t)
}

func TestMedusa(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	report, _ := s.run(t, testdata(t, "medusa.csv"), Options{Vendor: "medusa", Publish: true})
	wantReport(t, report, Report{
		Format: "medusa", Rows: 4, Products: 3, Variants: 3, Created: 2, Refused: 1,
		Problems: []Problem{{Row: 5, Column: "Product Is Giftcard", Reason: "gift cards cannot be imported as products"}},
	})
	for sql, want := range map[string]string{
		`SELECT handle || ' ' || status || ' ' || attributes FROM products ORDER BY handle`: "jug active {\"material\": [\"Clay\"]}\nplate draft {}",
		`SELECT name FROM tags`:                          "clay",
		`SELECT source_url FROM media ORDER BY position`: "https://pictures.example/jug.jpg\nhttps://pictures.example/jug-2.jpg",
		`SELECT concat_ws(' ', sku, options, barcode, weight_grams, tracked) FROM variants ORDER BY sku`:                               "JUG-L {Large} 42 900 t\nJUG-S {Small} 4012345678901 700 t\nPLATE {}  0 f",
		`SELECT sku || ' ' || amount_minor || ' ' || currency FROM prices JOIN variants v ON v.id = variant_id ORDER BY sku, currency`: "JUG-L 1490 EUR\nJUG-L 1525 USD\nJUG-S 1150 EUR\nJUG-S 13000 SEK\nJUG-S 1200 USD",
		`SELECT count(*)::text FROM categories`: "0",
	} {
		if got := s.text(t, sql); got != want {
			t.Errorf("%s is\n%s\nwant\n%s", sql, got, want)
		}
	}
	s.verify(t)
}

// JSON Lines lose nothing either, and say what a CSV of the same shop says.
func TestLinesExportImportExport(t *testing.T) {
	t.Parallel()
	first, second := newShop(t), newShop(t)
	first.clean(t, strange, Options{Publish: true})
	lines := first.exportAs(t, "souk-jsonl")
	report := second.clean(t, lines, Options{Publish: true})
	wantReport(t, tally(report), Report{Format: "souk-jsonl", Rows: 4, Products: 4, Variants: 5, Created: 4})
	if diff := cmp.Diff(lines, second.exportAs(t, "souk-jsonl")); diff != "" {
		t.Errorf("the copy exports otherwise: %s", diff)
	}
	if diff := cmp.Diff(strange, second.export(t)); diff != "" {
		t.Errorf("the copy is another shop: %s", diff)
	}
	before := first.footprint(t)
	if again := first.clean(t, lines, Options{Publish: true}); again.Unchanged != 4 {
		t.Errorf("its own export changes the shop: %+v", again)
	}
	if diff := cmp.Diff(before, first.footprint(t)); diff != "" {
		t.Errorf("its own export wrote: %s", diff)
	}
	second.verify(t)
}

func TestLinesThatCannotBe(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	good := `{"handle": "a", "title": "A", "variants": [{"sku": "a", "prices": [{"price": {"amount": 100, "currency": "USD"}}]}]}`
	file := strings.Join([]string{
		good,
		`{"handle": "b", "title": "B", "variants": [`,
		`{"title": "C", "variants": [{}]}`,
		`{"handle": "d", "title": "D", "variants": [{"on_hand": "many"}]}`,
		`{"handle": "e", "title": "E"}`,
		`{"handle": "f", "title": "F", "status": "gone", "variants": [{}]}`,
		`{"handle": "g", "title": "G", "options": ["Size"], "variants": [{"options": ["S"], "on_hand": -1}, {"options": ["M"]}, {}]}`,
		good,
		"",
		`["handle", "h"]`,
		`{"handle": "i", "variants": [` + strings.Repeat("null,", maxParts) + `null]}`,
	}, "\n")
	report, refused := s.run(t, file, Options{})
	wantReport(t, report, Report{
		Format: "souk-jsonl", Rows: 10, Products: 6, Variants: 3, Created: 2, Refused: 9,
		Problems: []Problem{
			{Row: 2, Reason: "is not a JSON object"},
			{Row: 3, Reason: "has no handle"},
			{Row: 4, Column: "variants.on_hand", Reason: "is string, which does not belong there"},
			{Row: 5, Column: "variants", Reason: "has no variant: a product has at least one"},
			{Row: 6, Column: "status", Reason: `"gone" is not a status: active, draft and archived are`},
			{Row: 7, Column: "variants[0].on_hand", Reason: "-1 is not a number of stock"},
			{Row: 7, Column: "variants[2].options", Reason: "has 0 values for the 1 options of the product"},
			{Row: 8, Column: "handle", Reason: "row 1 has this handle already: the rows of a product follow each other"},
			{Row: 10, Reason: "has no handle"},
			{Row: 11, Reason: "has more than 200000 parts"},
		},
	})
	if lines := strings.SplitAfterN(file, "\n", 2); refused != strings.Replace(lines[1], "\n\n", "\n", 1)+"\n" {
		t.Errorf("refused lines are\n%s", refused)
	}
}

// An export for Shopify is read back as the same shop, but for what Shopify has
// no column for.
func TestShopifyExportImportExport(t *testing.T) {
	t.Parallel()
	first, second := newShop(t), newShop(t)
	first.clean(t, mugs, Options{Publish: true})
	first.clean(t, shopify("Handle,Title,Vendor,Variant SKU,Variant Price,Image Src,Tags", "sum,'=SUM(A1),'@Potter,'-1,5,https://x.example/1.jpg,'+1", "sum,,,,,https://x.example/2.jpg,"), Options{Publish: true})
	file := first.exportAs(t, "shopify")
	for _, r := range readAll(t, strings.NewReader(file)) {
		for cell := range strings.SplitSeq(r.Cells, "|") {
			if cell != "" && strings.ContainsRune("=+-@\t\r\n", []rune(cell)[0]) {
				t.Errorf("row %d: %q is a formula", r.Number, cell)
			}
		}
	}
	second.clean(t, file, Options{Publish: true})
	if diff := cmp.Diff(file, second.exportAs(t, "shopify")); diff != "" {
		t.Errorf("the copy exports otherwise: %s", diff)
	}
	if got := second.text(t, `SELECT title || ' ' || (SELECT count(*) FROM media m WHERE m.product_id = p.id) FROM products p WHERE handle = 'sum'`); got != "=SUM(A1) 2" {
		t.Errorf("the formula came back as %s", got)
	}
	second.verify(t)
}

func (s shop) exportAs(t testing.TB, format string) string {
	t.Helper()
	var out bytes.Buffer
	if _, err := s.Export(t.Context(), &out, format, ""); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestAFileOfTheVendorsOwn(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	file := "Artikel;Bezeichnung;Preis;UVP;Bestand;Farbe;Bilder;Bild 2;Gruppe;Gewicht;Stoff;Rest\n" +
		"01-A;Schüssel;1.234,50;1 500,00;3;Rot;https://x.example/1.jpg, https://x.example/2.jpg;https://x.example/3.jpg;Küche > Geschirr|Neu;0,5;Ton;x\n" +
		"01-B;Schüssel;12,5;;4;Blau;;;;1.250;;y\n" +
		"02;Teller;1,234;;1;Rot;;;;;;z\n"
	o := Options{Vendor: "ton", Publish: true, Mapping: Mapping{
		"artikel": "sku", "Bezeichnung": "title", "Preis": "price", "UVP": "compare_at_price", "Bestand": "on_hand", "Farbe": "option.Colour",
		"Bilder": "images", "Bild 2": "images", "Gruppe": "categories", "Gewicht": "weight_kg", "Stoff": "attribute.material",
	}}
	report, refused := s.run(t, file, o)
	wantReport(t, report, Report{
		Format: "mapped", Rows: 3, Products: 2, Variants: 2, Created: 1, Refused: 1,
		Problems: []Problem{{Row: 4, Column: "Preis", Reason: `"1,234" is not a price in USD: write it as 1234.50`}},
	})
	if !strings.HasSuffix(refused, "\n02;Teller;1,234;;1;Rot;;;;;;z\n") {
		t.Errorf("refused rows are\n%s", refused)
	}
	want := `souk_handle,title,description,vendor,vendor_slug,brand,kind,status,status_reason,publish_at,unpublish_at,slug,old_slugs,categories,tags,attributes,seo_title,seo_description,translations,relations,images,image_alts,option1,option2,option3,option_values,value1,value2,value3,sku,barcode,price,compare_at_price,currency,further_prices,bundle,on_hand,tracked,backorders,min_quantity,max_quantity,weight_grams,length_mm,width_mm,height_mm,tax_class,taxable,requires_shipping,variant_images,files,content_amount,content_unit
schussel,Schüssel,,ton,ton,,,active,,,,schussel,,Küche > Geschirr | Neu,,"{""material"":[""Ton""]}",,,,,https://x.example/1.jpg | https://x.example/2.jpg | https://x.example/3.jpg," |  | ",Colour,,,,Rot,,,01-A,,1234.50,1500.00,USD,,,3,true,false,1,,500,,,,standard,true,true,,,,
schussel,,,,ton,,,,,,,,,,,,,,,,,,,,,,Blau,,,01-B,,12.50,,USD,,,4,true,false,1,,1250,,,,standard,true,true,,,,
`
	if diff := cmp.Diff(want, s.export(t)); diff != "" {
		t.Error(diff)
	}
	if again, _ := s.run(t, file, o); again.Unchanged != 1 {
		t.Errorf("the second run: %+v", tally(again))
	}
}

// Of two columns of one name the first counts, as everywhere.
func TestTwoColumnsOfOneName(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.clean(t, "Titel;Farbe;Farbe;Preis;Preis\nSchale;Rot;Blau;5;6\n", Options{Mapping: Mapping{"Titel": "title", "Farbe": "option.Colour", "Preis": "price"}})
	if got := s.text(t, `SELECT array_to_string(options, ',') || ' ' || amount_minor FROM variants v JOIN prices p ON p.variant_id = v.id`); got != "Rot 500" {
		t.Errorf("it is sold as %s", got)
	}
}

func TestMappingsThatCannotBe(t *testing.T) {
	t.Parallel()
	file := "a,b,c,d,e\n1,2,3,4,5\n"
	for name, c := range map[string]struct {
		m    Mapping
		want string
	}{
		"no such column":   {Mapping{"a": "title", "x": "price"}, "/mapping/x no_column"},
		"no such field":    {Mapping{"a": "title", "b": "colour"}, "/mapping/b no_field"},
		"an empty option":  {Mapping{"a": "title", "b": "option."}, "/mapping/b no_field"},
		"twice":            {Mapping{"a": "title", "b": "title"}, "/mapping/b twice"},
		"a column twice":   {Mapping{"a": "title", " A": "sku"}, "/mapping/a twice"},
		"nothing to go by": {Mapping{"a": "price"}, "/mapping required"},
		"four options":     {Mapping{"a": "option.1", "b": "option.2", "c": "option.3", "d": "option.4", "e": "title"}, "/mapping too_many_options"},
	} {
		err := Options{Mapping: c.m}.err(t, file)
		if len(err.Fields) != 1 || err.Code != "bad_mapping" || err.Fields[0].Pointer+" "+err.Fields[0].Code != c.want {
			t.Errorf("%s: %+v", name, err)
		}
	}
	got := Suggest([]string{"SKU", "Product_Name", "Preis", "List Price", "Image", "Bild", "Anything"})
	want := Mapping{"SKU": "sku", "Product_Name": "title", "Preis": "price", "List Price": "compare_at_price", "Image": "images", "Bild": "images"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("suggested: %s", diff)
	}
}

func TestNumbersAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"1234.50": "1234.50", "1,234.50": "1234.50", "1.234,50": "1234.50", "1'234.50": "1234.50", "1 234,5": "1234.5", "12,5": "12.5",
		"1,234,567": "1234567", "1.234.567": "1234567", "1.234.567,89": "1234567.89", "1,234": "1,234", "1.234": "1.234", "5": "5", "": "",
		"12,34,567.80": "1234567.80", "-1.234,50": "-1234.50", // and what is no number stays what it is
		"26.11.2026": "26.11.2026", "1.2.3": "1.2.3", "12.50.30": "12.50.30", "19,99,00": "19,99,00", "12.50,30": "12.50.30", "1,2,345.6": "1,2,345.6", "1,234.50,7": "1,234.50.7",
	} {
		if got := plainNumber(text); got != want {
			t.Errorf("%q is read as %q, want %q", text, got, want)
		}
	}
}

// What a spreadsheet does to numbers that are names is seen, and does no harm.
func TestDamageOfSpreadsheets(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	header := "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Barcode,Variant Price"
	s.clean(t, shopify(header, "a,A,Size,S,00017,0012345678905,1", "a,,,M,00018,9780306406157,2", "b,B,,,77,1234567890128,3"), Options{Publish: true})
	before := s.export(t)
	report := s.clean(t, shopify(header, "a,A,Size,S,17,12345678905,1", "a,,,M,18,9.78E+12,2", "b,B,,,77,1234567890128,3"), Options{Publish: true})
	want := []Problem{
		{Row: 2, Column: "Variant SKU", Reason: "17 has lost the zeros of 00017, which was left as it is: format the column as text"},
		{Row: 2, Column: "Variant Barcode", Reason: "12345678905 has lost the zeros of 0012345678905, which was left as it is: format the column as text"},
		{Row: 3, Column: "Variant Barcode", Reason: "9.78E+12 is a number that a spreadsheet has rounded, and was left out: format the column as text"},
		{Row: 3, Column: "Variant SKU", Reason: "18 has lost the zeros of 00018, which was left as it is: format the column as text"},
	}
	less := cmpopts.SortSlices(func(a, b Problem) bool { return fmt.Sprint(a.Row, a.Column) < fmt.Sprint(b.Row, b.Column) })
	if diff := cmp.Diff(want, report.Warnings, cmpopts.IgnoreUnexported(Problem{}), less); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(before, s.export(t)); diff != "" || report.Unchanged != 2 {
		t.Errorf("%+v: the shop is another: %s", tally(report), diff)
	}
}

// A dry run says what would change, field by field.
func TestADryRunShowsChanges(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.clean(t, mugs, Options{Publish: true})
	file := strings.NewReplacer("Mug,<p>Holds", "Cup,<p>Holds", "12.50,15.00", "12.00,15.00", "shopify,7", "shopify,8", "TRUE,,,active\n", "TRUE,,,active\nplate,Plate,,Potter,,,TRUE,,,PLATE,,,,,9,,,,,,\n").Replace(mugs) +
		"mug2,Mug 2,,Potter,,,TRUE,,,MUG2,,,,,9,,,,,,\n"
	file = strings.Replace(file, "mug,,,,,,,,Green,MUG-G,310,shopify,9,deny,13.50,,TRUE,FALSE,https://x.example/green.jpg,Green,\n", "mug,,,,,,,,Black,MUG-S,310,shopify,9,deny,13.50,,TRUE,FALSE,,,\n", 1)
	report, _ := s.run(t, file, Options{Publish: true, DryRun: true})
	want := []Change{
		{Handle: "mug", Field: "title", Before: "Mug", After: "Cup"},
		{Handle: "mug", Field: "images", Before: "https://x.example/red.jpg | https://x.example/blue.jpg | https://x.example/green.jpg", After: "https://x.example/red.jpg | https://x.example/blue.jpg"},
		{Handle: "mug", Field: "image_alts", Before: "Red | Blue | Green", After: "Red | Blue"},
		{Handle: "mug", SKU: "MUG-R", Field: "price", Before: "12.50", After: "12.00"},
		{Handle: "mug", SKU: "MUG-B", Field: "on_hand", Before: "7", After: "8"},
		{Handle: "mug", SKU: "MUG-S", Field: "variant", After: "Black"},
	}
	if diff := cmp.Diff(want, report.Changes); diff != "" || report.Updated != 1 {
		t.Errorf("%+v: %s", tally(report), diff)
	}
	if got := s.text(t, `SELECT title FROM products WHERE handle = 'mug'`); got != "Mug" {
		t.Errorf("a dry run made it %s", got)
	}
}

// err is why a file cannot be taken with these options.
func (o Options) err(t *testing.T, file string) *errs.Error {
	t.Helper()
	_, err := o.format(mustOpen(t, file))
	var refusal *errs.Error
	if !errors.As(err, &refusal) {
		t.Fatalf("%v", err)
	}
	return refusal
}

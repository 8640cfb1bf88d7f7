package importer

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"souk/internal/vendors"
)

const childDatabase = "SOUK_TEST_IMPORT_INTO"

// TestImportAsChild is the process that TestKilledBetweenBatches kills.
func TestImportAsChild(t *testing.T) {
	url := os.Getenv(childDatabase)
	if url == "" {
		return // nobody's child
	}
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	_, err = shopOn(pool).Run(t.Context(), os.Stdin, Options{House: "House", Publish: true})
	t.Fatalf("it has survived: %v", err)
}

// strange is a catalogue of everything that a file could trip over.
const strange = `souk_handle,title,description,vendor,vendor_slug,brand,kind,status,status_reason,publish_at,unpublish_at,slug,old_slugs,categories,tags,attributes,seo_title,seo_description,translations,relations,images,image_alts,option1,option2,option3,option_values,value1,value2,value3,sku,barcode,price,compare_at_price,currency,further_prices,bundle,on_hand,tracked,backorders,min_quantity,max_quantity,weight_grams,length_mm,width_mm,height_mm,tax_class,taxable,requires_shipping,variant_images,files,content_amount,content_unit
'=1+1,'=HYPERLINK(1),'+plain,'@Vendor,at-vendor,'-Brand,'＝kind,active,,,,1-1,,'+Sums > Plus | A\|B,new | -sale | =x,"{""size, big"":[""=1"",""a|b""],""x"":[""\u003cy\u003e""]}",'=seo,'-seo,,,https://x.example/a.jpg?x=1\|2 | https://x.example/b.jpg,'=alt \| one | ,'=Size,Colour,Cut,,'-1,Red; blue,"a ""b""",'=SKU,'+49,1.00,,USD,EUR 2.50/3.00 | JPY 1200,,0,true,true,1,,0,,,,'=class,true,false,https://x.example/b.jpg,,,
'=1+1,,,,at-vendor,,,,,,,,,,,,,,,,,,,,,,'+1,Green,c,'-SKU,,1.50,2.00,USD,,,,true,false,1,,5,,,,standard,true,true,,,,
bare,Bare,,'@Vendor,at-vendor,,,draft,,,,bare,,,,,,,,,,,,,,,,,,,,,,,,,,false,false,1,,0,,,,standard,true,true,,,,
bare,"Bare, of another vendor","<p>Two
lines</p>",'@Vendor,vendor-2,,,pending_review,,,,bare-2,,,,,,,,,,,,,,,,,,,,7.00,,USD,,,3,true,false,1,,0,,,,standard,true,true,,,,
euros,Euros only,,'@Vendor,vendor-2,,,active,,,,euros,,,,,,,,,,,,,,,,,,,,,,,EUR 1.00,,,false,false,1,,0,,,,standard,true,true,,,,
`

func TestExportImportExport(t *testing.T) {
	t.Parallel()
	first, second := newShop(t), newShop(t)
	report := first.clean(t, strange, Options{Publish: true})
	wantReport(t, tally(report), Report{Format: "souk", Rows: 5, Products: 4, Variants: 5, Created: 4})
	exported := first.export(t)
	if diff := cmp.Diff(strange, exported); diff != "" {
		t.Errorf("the first export differs: %s", diff)
	}
	for sql, want := range map[string]string{ // the marks are not in the shop
		`SELECT title FROM products WHERE handle = '=1+1'`:            "=HYPERLINK(1)",
		`SELECT string_agg(sku, ' ' ORDER BY position) FROM variants`: "=SKU -SKU",
		`SELECT string_agg(path, ', ' ORDER BY path) FROM categories`: "+Sums, +Sums > Plus, A|B",
		`SELECT string_agg(name, ', ' ORDER BY slug) FROM tags`:       "new, -sale, =x",
		`SELECT alt FROM media ORDER BY position LIMIT 1`:             "=alt | one",
	} {
		if got := first.text(t, sql); got != want {
			t.Errorf("%s is %q, want %q", sql, got, want)
		}
	}

	second.clean(t, exported, Options{Publish: true})
	if diff := cmp.Diff(exported, second.export(t)); diff != "" {
		t.Errorf("the copy exports otherwise: %s", diff)
	}
	before := first.footprint(t)
	if again := first.clean(t, exported, Options{Publish: true}); again.Unchanged != 4 {
		t.Errorf("its own export changes the shop: %+v", again)
	}
	if diff := cmp.Diff(before, first.footprint(t)); diff != "" {
		t.Errorf("its own export wrote: %s", diff)
	}
	first.verify(t)
	second.verify(t)
}

// No cell of an export is a formula, wherever the text came from.
func TestNoCellIsAFormula(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.clean(t, strange, Options{Publish: true})
	for _, r := range readAll(t, strings.NewReader(s.export(t))) {
		for cell := range strings.SplitSeq(r.Cells, "|") {
			if cell != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", []rune(cell)[0]) {
				t.Errorf("row %d: %q", r.Number, cell)
			}
		}
	}
}

func TestExportOfOneVendor(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.clean(t, strange, Options{Publish: true})
	var out bytes.Buffer
	rows, err := s.Export(t.Context(), &out, "souk", "vendor-2")
	if err != nil || rows != 2 || strings.Contains(out.String(), "at-vendor") {
		t.Errorf("%d rows, %v:\n%s", rows, err, out.String())
	}
	if _, err := s.Export(t.Context(), &out, "souk", "nobody"); !errors.Is(err, vendors.ErrNoVendor) {
		t.Errorf("a vendor that is not there: %v", err)
	}
}

// Real catalogues, for those who have them: SOUK_CATALOGS names their folder.
func TestRealCatalogues(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("SOUK_CATALOGS")
	if folder == "" {
		t.Skip("SOUK_CATALOGS names no folder with catalogues")
	}
	for name, want := range map[string]Report{
		"aws-retail-shopify.csv":    {Format: "shopify", Rows: 3910, Products: 2465, Variants: 3910, Created: 2465},
		"spree-sample/products.csv": {Format: "spree", Rows: 211, Products: 37, Variants: 87, Created: 37},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, err := os.ReadFile(filepath.Join(folder, name))
			if err != nil {
				t.Fatal(err)
			}
			s, copied := newShop(t), newShop(t)
			dry := s.clean(t, string(file), Options{Publish: true, DryRun: true})
			wantReport(t, tally(dry), want)
			wantReport(t, tally(s.clean(t, string(file), Options{Publish: true})), want)
			before := s.footprint(t)
			again := want
			again.Created, again.Unchanged = 0, want.Created
			wantReport(t, tally(s.clean(t, string(file), Options{Publish: true})), again)
			if diff := cmp.Diff(before, s.footprint(t)); diff != "" {
				t.Errorf("the second run wrote: %s", diff)
			}
			exported := s.export(t)
			copied.clean(t, exported, Options{Publish: true})
			if copied.export(t) != exported {
				t.Error("the export of a copy is another")
			}
			s.verify(t)
			copied.verify(t)
		})
	}
}

// Nothing would stand behind a copy of a plan or of a gift card.
func TestPlansAndGiftCardsStayInTheirShop(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.clean(t, `{"handle":"cup","title":"Cup","variants":[{}]}
{"handle":"gold","title":"Gold","variants":[{}]}
{"handle":"voucher","title":"Voucher","variants":[{}]}
`, Options{Publish: true})
	for _, sql := range []string{
		`UPDATE products SET unlisted = true WHERE handle = 'gold'`,
		`UPDATE vendors SET house = true, commission_bps = 0`,
		`UPDATE variants SET taxable = false, tracked = false, requires_shipping = false FROM products p WHERE p.id = product_id AND p.handle = 'voucher'`,
		`UPDATE products SET gift_card = true WHERE handle = 'voucher'`,
	} {
		if _, err := s.pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.exportAs(t, "souk-jsonl"); strings.Count(got, "\n") != 1 || !strings.Contains(got, `"cup"`) {
		t.Errorf("exported %s", got)
	}
}

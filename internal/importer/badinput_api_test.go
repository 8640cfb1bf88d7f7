package importer_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"

	"souk/internal/app/apptest"
	"souk/internal/id"
	"souk/internal/importer"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

var randomName = regexp.MustCompile(`^[0-9a-f]{32}\.import$`)

// Bad input 106: whatever a file is called, it is kept under a random name, and
// what is sent of it has a name of ours.
func TestNamesOfFiles(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	shop.Owner(t, "vera")
	for _, name := range []string{"../../x.csv", "a\x00.csv", "CON", strings.Repeat("n", 4096), "\u202Evsc.exe", `"; filename="x.exe`, "a%0d%0ab", "", "x.csv/"} {
		quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name)
		form := "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + quoted + "\"\r\n\r\n" + cups + "\r\n--x--\r\n"
		answer := shop.Call(t, "vera", "POST", "/vendor/imports", form, "Content-Type", "multipart/form-data; boundary=x")
		if answer.Status == 400 && answer.Code() == "malformed_form" { // no header that has a zero byte in it
			continue
		}
		i := apptest.Read[importer.Import](t, answer.Want(t, 202))
		if name != "" && strings.Contains(answer.Body, name) {
			t.Errorf("%q: answered with %s", name, answer.Body)
		}
		kept, err := postgres.Scalar[string](t.Context(), shop.DB, `SELECT file FROM imports ORDER BY id DESC LIMIT 1`, nil)
		if err != nil || !randomName.MatchString(kept) {
			t.Errorf("%q: kept as %q (%v)", name, kept, err)
		}
		refused := shop.Call(t, "vera", "GET", "/vendor/imports/"+i.ID.String()+"/refused", "")
		if want := fmt.Sprintf(`attachment; filename="%s-refused.csv"`, i.ID); refused.Header.Get("Content-Disposition") != want {
			t.Errorf("%q: sent as %q", name, refused.Header.Get("Content-Disposition"))
		}
		shop.Call(t, "vera", "POST", "/vendor/imports/"+i.ID.String()+"/cancel", "").Want(t, 200)
	}
}

// Bad input 109: nothing is unpacked. An archive is no table, and a packed body
// no body.
func TestArchivesAreNotUnpacked(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	shop.Owner(t, "vera")
	var packed, folder bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := io.Copy(z, strings.NewReader(strings.Repeat(cups, 10_000))); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	archive := zip.NewWriter(&folder)
	for _, name := range []string{"../../escape.csv", "/etc/cron.d/x", "cups.csv"} {
		file, err := archive.Create(name)
		if err == nil {
			_, err = io.WriteString(file, cups)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for n := range 10_000 {
		if _, err := archive.Create(fmt.Sprintf("%d.csv", n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]string{"an archive": folder.String(), "a packed file": packed.String()} {
		for _, kind := range []string{"text/csv", "application/zip", "application/octet-stream"} {
			if got := shop.Call(t, "vera", "POST", "/vendor/imports", file, "Content-Type", kind); got.Status != 422 && got.Status != 415 {
				t.Errorf("%s as %s: answered %d %.300s", name, kind, got.Status, got.Body)
			}
		}
	}
	if got := shop.Call(t, "vera", "POST", "/vendor/imports", packed.String(), "Content-Type", "text/csv", "Content-Encoding", "gzip"); got.Status != 415 && got.Status != 422 {
		t.Errorf("a packed body: answered %d %.300s", got.Status, got.Body)
	}
	shop.WantRows(t, "imports", 0)
}

// Bad input 107: a NUL in a row is refused with that row, which can be read again.
func TestANulIsRefusedWithItsRow(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	shop.Owner(t, "vera")
	for name, file := range map[string]string{
		"a table":  "Handle,Title,Variant Price\na\x00,A,1\nb,B,1\n",
		"lines":    "{\"handle\": \"a\x00\"}\n{\"handle\": \"c\", \"title\": \"C\", \"variants\": [{}]}\n",
		"escaped":  `{"handle": "e", "title": "E", "options": ["O"], "variants": [{"options": ["\u0000"]}, {"options": ["\u0000"]}]}` + "\n" + `{"handle": "d", "title": "D", "variants": [{}]}`,
		"a handle": `{"handle": "f\u0000", "title": "F", "variants": [{}]}` + "\n" + `{"handle": "g", "title": "G", "variants": [{}]}`,
	} {
		i := send(t, shop, "vera", "/vendor/imports", file)
		work(t, shop)
		if i = show(t, shop, "vera", "/vendor/imports", i); i.State != "finished" || i.Created != 1 || i.Refused != 1 {
			t.Errorf("%s: %+v", name, i)
		}
		shop.Call(t, "vera", "GET", "/vendor/imports/"+i.ID.String()+"/problems", "").Want(t, 200, `"row":`)
		shop.Call(t, "vera", "GET", "/vendor/imports/"+i.ID.String()+"/refused", "").Want(t, 200)
	}
}

// A long text among the attributes, such as a metafield of Shopify's, is one of the
// product's, is found by nobody, and keeps no listing back.
func TestALongAttributeIsNoFacet(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	var text strings.Builder
	for n := range 250 {
		fmt.Fprintf(&text, "%x ", n*7919)
	}
	file := "Handle,Title,Variant Price,Care (product.metafields.custom.care),Colour (product.metafields.custom.colour)\ncup,Cup,5," + text.String() + ",Red\n"
	send(t, shop, apptest.Admin, "/admin/imports?publish=true", file)
	work(t, shop)
	product, err := postgres.Scalar[id.Product](t.Context(), shop.DB, `SELECT id FROM products WHERE handle = 'cup' AND attributes ? 'care'`, nil)
	if err != nil {
		t.Fatal(err)
	}
	shop.Refresh(t, product)
	if n := shop.Count(t, `SELECT count(*)::int FROM facet_values`, nil); n != 1 {
		t.Errorf("%d values to ask for", n)
	}
	shop.WantRows(t, "listings", 1)
}

// The tree of categories is the shop's: a vendor's file finds them and makes none,
// and its products go in without those that are not there.
func TestAVendorsFileMakesNoCategories(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	shop.Owner(t, "vera")
	shop.Product(t, apptest.In("Home", "Lighting"))
	before := shop.Count(t, `SELECT count(*)::int FROM categories`, nil)
	const file = "souk_handle,title,price,categories\nlamp,Lamp,9,Home > Lighting | Home > Lighting > Mine | Mine\n"
	for _, query := range []string{"?dry_run=true", "?all_or_nothing=true"} {
		i := send(t, shop, "vera", "/vendor/imports"+query, file)
		work(t, shop)
		if i = show(t, shop, "vera", "/vendor/imports", i); i.State != "finished" || i.Created != 1 || i.Refused != 0 {
			t.Errorf("%s: %+v", query, i)
		}
		shop.Call(t, "vera", "GET", "/vendor/imports/"+i.ID.String()+"/problems?warnings=true", "").Want(t, 200,
			"The shop has no category Home > Lighting > Mine, and it was left out.", "The shop has no category Mine, and it was left out.")
	}
	if n := shop.Count(t, `SELECT count(*)::int FROM categories`, nil); n != before {
		t.Errorf("%d categories after %d", n, before)
	}
	if n := shop.Count(t, `SELECT count(*)::int FROM product_categories pc JOIN products p ON p.id = product_id JOIN categories c ON c.id = category_id
		WHERE p.handle = 'lamp' AND c.path = 'Home > Lighting'`, nil); n != 1 {
		t.Errorf("the lamp is on %d shelves that there are", n)
	}
	send(t, shop, apptest.Admin, "/admin/imports", file)
	work(t, shop)
	if n := shop.Count(t, `SELECT count(*)::int FROM categories`, nil); n != before+2 {
		t.Errorf("staff's file made %d categories, want 2", n-before)
	}
}

// Where staff look at what vendors change of products on sale, a vendor's file
// changes of them what needs no look, and is told of the rest; taken as a whole,
// it changes nothing.
func TestAVendorsFileDoesNotPassTheReview(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	vera := shop.Owner(t, "vera")
	shop.Product(t, apptest.By(vera))
	mug, err := postgres.Scalar[string](t.Context(), shop.DB, `SELECT p.handle || ',FREE MUG,<p>Call 555.</p>,sale,active,' || v.sku FROM variants v JOIN products p ON p.id = product_id`, nil)
	if err != nil {
		t.Fatal(err)
	}
	settings := shop.Call(t, apptest.Admin, "GET", "/admin/settings", "")
	shop.Call(t, apptest.Admin, "PATCH", "/admin/settings", `{"settings": {"catalog.review_edits": true}}`, "If-Match", settings.Header.Get("ETag")).Want(t, 200)
	state := func() string {
		t.Helper()
		text, err := postgres.Scalar[string](t.Context(), shop.DB, `
			SELECT concat_ws('; ', p.title, p.description, p.status, p.slug, (SELECT min(amount_minor) FROM variants v JOIN prices ON variant_id = v.id WHERE product_id = p.id))
			FROM products p`, nil)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	before := state()
	file := "Handle,Title,Body (HTML),Tags,Status,Variant SKU,Variant Price\n" +
		mug + ",9\n"
	run := func(query string) importer.Import {
		t.Helper()
		i := send(t, shop, "vera", "/vendor/imports"+query, file)
		work(t, shop)
		return show(t, shop, "vera", "/vendor/imports", i)
	}
	whole := run("?all_or_nothing=true")
	if whole.State != "failed" || whole.Refused != 1 || !whole.Whole || state() != before {
		t.Errorf("as a whole: %+v, %s", whole, state())
	}
	shop.Call(t, "vera", "GET", "/vendor/imports/"+whole.ID.String()+"/problems", "").Want(t, 200, `"row":2`)
	i := run("")
	if want := strings.Replace(before, "; 1000", "; 900", 1); i.State != "finished" || i.Updated != 1 || i.Refused != 1 || state() != want {
		t.Errorf("%+v, %s, want %s", i, state(), want)
	}
	shop.Call(t, "vera", "POST", "/vendor/imports?publish=true", file, "Content-Type", "text/csv").Want(t, 422, "validation_failed")
	shop.WantRows(t, "product_tags", 0)

	settings = shop.Call(t, apptest.Admin, "GET", "/admin/settings", "")
	shop.Call(t, apptest.Admin, "PATCH", "/admin/settings", `{"settings": {"catalog.review_prices": true}}`, "If-Match", settings.Header.Get("ETag")).Want(t, 200)
	row := strings.Split(mug, ",")
	for price, refused := range map[string]int{"7": 1, "9": 0} {
		before, file = state(), "Handle,Title,Variant SKU,Variant Price\n"+row[0]+",,"+row[len(row)-1]+","+price+"\n"
		if i := run(""); i.State != "finished" || i.Unchanged != 1 || i.Refused != refused || state() != before {
			t.Errorf("a price of %s: %+v, %s", price, i, state())
		} else if refused > 0 {
			shop.Call(t, "vera", "GET", "/vendor/imports/"+i.ID.String()+"/problems", "").Want(t, 200, `"column":"Variant Price"`, "Staff look at changes")
		}
	}
}

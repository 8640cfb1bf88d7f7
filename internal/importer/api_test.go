package importer_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/app/apptest"
	"souk/internal/id"
	"souk/internal/importer"
	"souk/internal/platform/pgtest"
)

const cups = "Handle,Title,Vendor,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Inventory Qty\n" +
	"cup,Cup,Somebody Else,Colour,Red,CUP-R,12.50,5\n" +
	"cup,,,,Blue,CUP-B,12.50,many\n" +
	"jug,Jug,,,,JUG,20,2\n"

// send sends a file as the body.
func send(t *testing.T, shop *apptest.App, as, path, file string) importer.Import {
	t.Helper()
	return apptest.Read[importer.Import](t, shop.Call(t, as, "POST", path, file, "Content-Type", "text/csv").Want(t, 202))
}

func show(t *testing.T, shop *apptest.App, as, path string, i importer.Import) importer.Import {
	t.Helper()
	return apptest.Read[importer.Import](t, shop.Call(t, as, "GET", path+"/"+i.ID.String(), "").Want(t, 200))
}

func slugOf(t *testing.T, shop *apptest.App, vendor id.Vendor) string {
	t.Helper()
	v, err := shop.Vendors.Get(t.Context(), shop.DB, vendor)
	if err != nil {
		t.Fatal(err)
	}
	return v.Slug
}

func work(t *testing.T, shop *apptest.App) {
	t.Helper()
	if err := shop.Relay.Flush(t.Context(), shop.DB); err != nil {
		t.Fatal(err)
	}
}

// Whatever vendors the file names, a vendor's file makes products of that
// vendor, which wait for review.
func TestAVendorImports(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	vera := shop.Owner(t, "vera")
	shop.Owner(t, "wanda")
	dry := send(t, shop, "vera", "/vendor/imports?dry_run=true", cups)
	if dry.State != "waiting" || dry.Format != "shopify" || !dry.DryRun {
		t.Fatalf("%+v", dry)
	}
	work(t, shop)
	dry = show(t, shop, "vera", "/vendor/imports", dry)
	if dry.State != "finished" || dry.Created != 2 || dry.Refused != 1 || dry.Rows != 3 || dry.Read != dry.Size {
		t.Errorf("the dry run: %+v", dry)
	}
	shop.WantRows(t, "products", 0)

	i := send(t, shop, "vera", "/vendor/imports", cups)
	work(t, shop)
	if i = show(t, shop, "vera", "/vendor/imports", i); i.State != "finished" || i.Created != 2 || i.Refused != 1 || i.Products != 2 || i.Variants != 2 {
		t.Errorf("%+v", i)
	}
	if n := shop.Count(t, `SELECT count(*)::int FROM products p JOIN vendors v ON v.id = p.vendor_id WHERE v.id = @vera AND p.status = 'pending_review'`, pgx.NamedArgs{"vera": vera}); n != 2 {
		t.Errorf("%d products of vera's wait for review", n)
	}
	at := "/vendor/imports/" + i.ID.String()
	shop.Call(t, "vera", "GET", at+"/problems", "").Want(t, 200, `{"row":3,"column":"Variant Inventory Qty","reason":"\"many\" is not a whole number"}`)
	refused := shop.Call(t, "vera", "GET", at+"/refused", "").Want(t, 200)
	if want := strings.SplitAfter(cups, "\n")[0] + "cup,Cup,Somebody Else,Colour,Blue,CUP-B,12.50,many\n"; refused.Body != want || !strings.HasPrefix(refused.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("refused rows: %q", refused.Body)
	}
	mended := send(t, shop, "vera", "/vendor/imports?dry_run=true", strings.Replace(refused.Body, "many", "7", 1)+"jug,Jug,,,,JUG,21,2\n")
	work(t, shop)
	if mended = show(t, shop, "vera", "/vendor/imports", mended); mended.Updated != 2 || mended.Refused != 0 {
		t.Errorf("mended: %+v", mended)
	}
	shop.Call(t, "vera", "GET", "/vendor/imports/"+mended.ID.String()+"/changes?limit=1", "").Want(t, 200, `"handle":"cup","sku":"CUP-B","field":"variant"`, `"has_more":true`)
	for _, path := range []string{"", "/problems", "/changes", "/refused"} { // bad input 85
		shop.Call(t, "wanda", "GET", at+path, "").Want(t, 404)
	}
	shop.Call(t, "wanda", "POST", at+"/cancel", "").Want(t, 404)
	if list := shop.Call(t, "wanda", "GET", "/vendor/imports", "").Want(t, 200); !strings.Contains(list.Body, `"data":[]`) {
		t.Errorf("wanda sees %s", list.Body)
	}
	shop.Call(t, "vera", "GET", "/vendor/imports?limit=2", "").Want(t, 200, mended.ID.String(), i.ID.String())
	shop.Call(t, "vera", "POST", at+"/cancel", "").Want(t, 409, "import_state")
	shop.Call(t, apptest.Admin, "GET", "/admin/imports/"+i.ID.String(), "").Want(t, 200)
}

// Columns of a vendor's own are asked for once.
func TestAMappingIsKept(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	shop.Owner(t, "vera")
	shop.Owner(t, "wanda")
	const file = "Artikel;Bezeichnung;Preis\n1;Schale;9,50\n"
	i := send(t, shop, "vera", "/vendor/imports", file)
	if i.State != "needs_mapping" || i.Suggested["Preis"] != "price" || i.Suggested["Bezeichnung"] != "title" || i.Suggested["Artikel"] != "" {
		t.Fatalf("%+v", i)
	}
	at := "/vendor/imports/" + i.ID.String() + "/mapping"
	shop.Call(t, "vera", "PUT", at, `{"mapping": {"Preis": "cost"}}`).Want(t, 422, "bad_mapping", "/mapping/Preis")
	shop.Call(t, "vera", "PUT", at, `{"mapping": {"Artikel": "sku", "Bezeichnung": "title", "Preis": "price"}}`).Want(t, 200, `"state":"waiting"`)
	shop.Call(t, "vera", "PUT", at, `{"mapping": {"Artikel": "sku"}}`).Want(t, 409, "import_state")
	work(t, shop)
	if i = show(t, shop, "vera", "/vendor/imports", i); i.State != "finished" || i.Created != 1 || i.Format != "mapped" {
		t.Errorf("%+v", i)
	}
	again := send(t, shop, "vera", "/vendor/imports", "preis;ARTIKEL;Bezeichnung\n9,60;1;Schale\n")
	work(t, shop)
	if again = show(t, shop, "vera", "/vendor/imports", again); again.State != "finished" || again.Updated != 1 {
		t.Errorf("the next file: %+v", again)
	}
	more := send(t, shop, "vera", "/vendor/imports", "Artikel;Bezeichnung;Preis;Farbe\n1;Schale;9,50;Rot\n")
	if more.State != "needs_mapping" || more.Suggested["Artikel"] != "sku" {
		t.Errorf("a file of one column more: %+v", more)
	}
	if other := send(t, shop, "wanda", "/vendor/imports", file); other.State != "needs_mapping" || other.Suggested["Artikel"] != "" {
		t.Errorf("wanda's: %+v", other)
	}
	mapping := url.QueryEscape(`{"Artikel": "sku", "Bezeichnung": "title", "Preis": "price"}`)
	if given := send(t, shop, "wanda", "/vendor/imports?mapping="+mapping, file); given.State != "waiting" {
		t.Errorf("with a mapping: %+v", given)
	}
}

func TestStaffImport(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, text := range map[string]string{"publish": "true", "format": "shopify"} {
		if err := form.WriteField(name, text); err != nil {
			t.Fatal(err)
		}
	}
	part, err := form.CreateFormFile("file", "../../x.csv") // bad input 106: nobody looks at it
	if err == nil {
		_, err = part.Write([]byte(cups))
	}
	if err != nil || form.Close() != nil {
		t.Fatal(err)
	}
	i := apptest.Read[importer.Import](t, shop.Call(t, apptest.Admin, "POST", "/admin/imports", body.String(), "Content-Type", form.FormDataContentType()).Want(t, 202))
	work(t, shop)
	if i = show(t, shop, apptest.Admin, "/admin/imports", i); i.State != "finished" || i.Created != 2 || !i.Publish {
		t.Errorf("%+v", i)
	}
	if n := shop.Count(t, `SELECT count(*)::int FROM products p JOIN vendors v ON v.id = p.vendor_id WHERE v.slug IN ('somebody-else', 'house') AND p.status = 'active'`, nil); n != 2 {
		t.Errorf("%d products are on sale", n)
	}
	work(t, shop)
	one := send(t, shop, apptest.Admin, "/admin/imports?vendor="+slugOf(t, shop, shop.Owner(t, "vera")), cups)
	work(t, shop)
	if one = show(t, shop, apptest.Admin, "/admin/imports", one); one.Created != 2 {
		t.Errorf("for vera: %+v", one)
	}
}

func TestFilesThatAreNotTaken(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	shop.Owner(t, "vera")
	for name, c := range map[string]struct {
		query, file, mime, code string
		status                  int
	}{
		"empty":                   {"", "", "text/csv", "empty_file", 422},
		"no table":                {"", "PK\x03\x04\x00\x00\n", "text/csv", "unreadable_file", 422},
		"names without an end":    {"", strings.Repeat("x", 70_000) + ",Title\n", "text/csv", "unreadable_file", 422},
		"no such format":          {"?format=etsy", cups, "text/csv", "unknown_format", 422},
		"of another format":       {"?format=spree", cups, "text/csv", "unknown_format", 422},
		"a mapping of nothing":    {"?mapping=%7B%22x%22%3A%22title%22%7D", cups, "text/csv", "bad_mapping", 422},
		"a mapping that is none":  {"?mapping=x", cups, "text/csv", "validation_failed", 422},
		"neither true nor false":  {"?dry_run=maybe", cups, "text/csv", "validation_failed", 422},
		"past the review":         {"?publish=true", cups, "text/csv", "validation_failed", 422},
		"somebody else's":         {"?vendor=wanda", cups, "text/csv", "validation_failed", 422},
		"a form without a file":   {"", "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--x--\r\n", "multipart/form-data; boundary=x", "validation_failed", 422},
		"a form that is cut off":  {"", "--x\r\nContent-Dispo", "multipart/form-data; boundary=x", "malformed_form", 400},
		"larger than 50 megabyte": {"", strings.Repeat("x", importer.MaxFile+httpapiSlack), "text/csv", "", 413},
	} {
		got := shop.Call(t, "vera", "POST", "/vendor/imports"+c.query, c.file, "Content-Type", c.mime)
		if got.Status != c.status || c.code != "" && got.Code() != c.code {
			t.Errorf("%s: answered %d %.300s", name, got.Status, got.Body)
		}
	}
	shop.Call(t, apptest.Admin, "POST", "/admin/imports?vendor=nobody", cups, "Content-Type", "text/csv").Want(t, 422, "not_found")
	shop.WantRows(t, "imports", 0)
	for _, file := range []string{cups, cups, cups, cups, "a,b\n1,2\n"} { // the last one waits for somebody to say what it is
		send(t, shop, "vera", "/vendor/imports", file)
	}
	shop.Call(t, "vera", "POST", "/vendor/imports", cups, "Content-Type", "text/csv").Want(t, 409, "too_many_imports")
	send(t, shop, apptest.Admin, "/admin/imports", cups)
}

const httpapiSlack = 1 << 20

// An import that is cancelled while it runs ends before its next batch, and so
// does one that another attempt has gone on with.
func TestCancel(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	shop.Owner(t, "vera")
	i := send(t, shop, "vera", "/vendor/imports", cups)
	shop.Call(t, "vera", "POST", "/vendor/imports/"+i.ID.String()+"/cancel", "").Want(t, 200, `"state":"cancelled"`)
	work(t, shop)
	shop.WantRows(t, "products", 0)

	var rows strings.Builder
	rows.WriteString("Handle,Title,Variant Price\n")
	for n := range 1200 {
		fmt.Fprintf(&rows, "p%d,P,1\n", n)
	}
	for name, stop := range map[string]string{
		"cancelled": `UPDATE imports SET state = 'cancelled', finished_at = now() WHERE id = NEW.id`,
		"taken on":  `UPDATE imports SET worker = gen_random_uuid() WHERE id = NEW.id`,
	} {
		i := send(t, shop, "vera", "/vendor/imports", strings.ReplaceAll(rows.String(), "\np", "\n"+name[:1]+"p"))
		shop.InTx(t, func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), `CREATE OR REPLACE FUNCTION stop_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN `+stop+`; RETURN NULL; END $$;
				CREATE OR REPLACE TRIGGER stop_it AFTER UPDATE OF done ON imports FOR EACH ROW WHEN (NEW.done = 500 AND OLD.done = 0) EXECUTE FUNCTION stop_it()`)
			return err
		})
		before := shop.Count(t, `SELECT count(*)::int FROM products`, nil)
		work(t, shop)
		if n := shop.Count(t, `SELECT count(*)::int FROM products`, nil) - before; n != 500 {
			t.Errorf("%s: %d products went in", name, n)
		}
		if i = show(t, shop, "vera", "/vendor/imports", i); i.Created != 500 || i.State == "finished" {
			t.Errorf("%s: %+v", name, i)
		}
	}
}

// A vendor who may not sell any more brings nothing in, nor does one who is called
// otherwise now; a file that is gone is said to be; and one that has ended every
// process that read it ends no more of them.
func TestImportsThatFail(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	vera, _ := shop.Owner(t, "vera"), shop.Owner(t, "wanda")
	suspended, lost := send(t, shop, "vera", "/vendor/imports", cups), send(t, shop, "wanda", "/vendor/imports", cups)
	renamed := send(t, shop, apptest.Admin, "/admin/imports?vendor="+slugOf(t, shop, vera), cups)
	deadly := send(t, shop, apptest.Admin, "/admin/imports", cups)
	shop.InTx(t, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE imports SET attempts = 10, state = 'running', target = CASE id WHEN $1 THEN '' ELSE 'as-it-was-called' END WHERE id IN ($1, $2)`, deadly.ID, renamed.ID)
		return err
	})
	shop.Call(t, apptest.Admin, "POST", "/admin/vendors/"+vera.String()+"/suspend", `{"reason": "fraud"}`).Want(t, 200)
	key := ""
	if err := shop.DB.QueryRow(t.Context(), `SELECT 'imports/' || file FROM imports WHERE id = $1`, lost.ID).Scan(&key); err != nil {
		t.Fatal(err)
	}
	if err := shop.Blobs.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	work(t, shop)
	for _, i := range []importer.Import{suspended, lost, renamed, deadly} {
		if i = show(t, shop, apptest.Admin, "/admin/imports", i); i.State != "failed" || i.Failure == "" {
			t.Errorf("%+v", i)
		}
	}
	shop.WantRows(t, "products", 0)
}

func TestOldFilesGo(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	shop.Owner(t, "vera")
	old, doubtful := send(t, shop, "vera", "/vendor/imports", cups), send(t, shop, "vera", "/vendor/imports", "a,b\n1,2\n")
	kept := send(t, shop, "vera", "/vendor/imports", cups)
	work(t, shop)
	shop.InTx(t, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE imports SET created_at = now() - CASE id WHEN $1 THEN interval '31 days' ELSE interval '8 days' END WHERE id IN ($1, $2)`, old.ID, doubtful.ID)
		return err
	})
	if err := shop.Importer.SweepImports(t.Context()); err != nil {
		t.Fatal(err)
	}
	shop.WantRows(t, "imports", 1)
	shop.WantRows(t, "import_rows", 1)
	shop.Call(t, "vera", "GET", "/vendor/imports/"+kept.ID.String(), "").Want(t, 200)
}

func TestExports(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	vera := slugOf(t, shop, shop.Owner(t, "vera"))
	send(t, shop, apptest.Admin, "/admin/imports?publish=true&vendor="+vera, cups)
	work(t, shop)
	for format, want := range map[string]string{"souk": "souk_handle,", "souk-jsonl": `{"handle":"cup"`, "shopify": "Handle,Title,"} {
		e := apptest.Read[importer.ProductExport](t, shop.Call(t, apptest.Admin, "POST", "/admin/exports", `{"format": "`+format+`", "vendor": "`+vera+`"}`).Want(t, 202, `"state":"waiting"`))
		at := "/admin/exports/" + e.ID.String()
		shop.Call(t, apptest.Admin, "GET", at+"/file", "").Want(t, 409, "export_not_ready")
		work(t, shop)
		shop.Call(t, apptest.Admin, "GET", at, "").Want(t, 200, `"state":"ready"`, `"variants":2`)
		file := shop.Call(t, apptest.Admin, "GET", at+"/file", "").Want(t, 200)
		if !strings.HasPrefix(file.Body, want) || file.Header.Get("Cache-Control") != "private, no-store" {
			t.Errorf("%s: %v %.200s", format, file.Header, file.Body)
		}
		shop.Call(t, "vera", "GET", at+"/file", "").Want(t, 403)
	}
	empty := shop.Owner(t, "wanda")
	e := apptest.Read[importer.ProductExport](t, shop.Call(t, apptest.Admin, "POST", "/admin/exports", `{"format": "souk-jsonl", "vendor": "`+slugOf(t, shop, empty)+`"}`).Want(t, 202))
	work(t, shop)
	shop.Call(t, apptest.Admin, "GET", "/admin/exports/"+e.ID.String()+"/file", "").Want(t, 200)
	shop.Call(t, apptest.Admin, "POST", "/admin/exports", `{"vendor": "`+empty.String()+`"}`).Want(t, 422)
	shop.Call(t, apptest.Admin, "POST", "/admin/exports", `{"format": "xls"}`).Want(t, 422)
	shop.InTx(t, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE product_exports SET expires_at = now()`)
		return err
	})
	shop.Call(t, apptest.Admin, "GET", "/admin/exports/"+e.ID.String(), "").Want(t, 404)
	if err := shop.Importer.SweepExports(t.Context()); err != nil {
		t.Fatal(err)
	}
	shop.WantRows(t, "product_exports", 0)
}

// A vendor takes its own products out and sees nobody else's export, nor is its
// own seen but by staff. Souk's own files come back in by its own door and change nothing.
func TestAVendorExportsItsOwn(t *testing.T) {
	shop := apptest.New(t, pgtest.DB(t))
	vera, wanda := shop.Owner(t, "vera"), shop.Owner(t, "wanda")
	send(t, shop, apptest.Admin, "/admin/imports?publish=true&vendor="+slugOf(t, shop, vera), cups)
	send(t, shop, apptest.Admin, "/admin/imports?publish=true&vendor="+slugOf(t, shop, wanda), strings.ReplaceAll(cups, "ug", "ar"))
	work(t, shop)
	all := apptest.Read[importer.ProductExport](t, shop.Call(t, apptest.Admin, "POST", "/admin/exports", `{}`).Want(t, 202))
	shop.Call(t, "vera", "POST", "/vendor/exports", `{"vendor": "`+slugOf(t, shop, wanda)+`"}`).Want(t, 400, "unknown_field")
	for _, format := range []string{"souk", "souk-jsonl", "shopify"} {
		e := apptest.Read[importer.ProductExport](t, shop.Call(t, "vera", "POST", "/vendor/exports", `{"format": "`+format+`"}`).Want(t, 202, vera.String()))
		work(t, shop)
		at := "/vendor/exports/" + e.ID.String()
		shop.Call(t, "vera", "GET", at, "").Want(t, 200, `"state":"ready"`, `"variants":2`)
		file := shop.Call(t, "vera", "GET", at+"/file", "").Want(t, 200, "jug")
		if strings.Contains(file.Body, "jar") || file.Header.Get("Cache-Control") != "private, no-store" {
			t.Errorf("%s: %v\n%s", format, file.Header, file.Body)
		}
		for _, path := range []string{at, at + "/file"} {
			shop.Call(t, "wanda", "GET", path, "").Want(t, 404, "export_not_found")
			shop.Call(t, "vera", "GET", strings.Replace(path, e.ID.String(), all.ID.String(), 1), "").Want(t, 404, "export_not_found")
			shop.Call(t, apptest.Admin, "GET", strings.Replace(path, "vendor", "admin", 1), "").Want(t, 200)
		}
		if format == "shopify" { // which calls the vendor a brand
			continue
		}
		back := send(t, shop, "vera", "/vendor/imports", file.Body)
		work(t, shop)
		if back = show(t, shop, "vera", "/vendor/imports", back); back.State != "finished" || back.Unchanged != 2 || back.Refused > 0 {
			t.Errorf("%s comes back in: %+v", format, back)
		}
		shop.Call(t, "vera", "GET", "/vendor/imports/"+back.ID.String()+"/problems?warnings=true", "").Want(t, 200, `"data":[]`)
	}
	shop.Call(t, "wanda", "GET", "/vendor/exports", "").Want(t, 200, `"data":[]`)
	if list := shop.Call(t, "vera", "GET", "/vendor/exports", "").Want(t, 200); strings.Count(list.Body, vera.String()) != 3 || strings.Contains(list.Body, all.ID.String()) {
		t.Errorf("vera sees %s", list.Body)
	}
}

// A vendor's export has that vendor's goods, whoever is called by its slug when it is
// written; and one vendor does not keep the shop busy with it.
func TestAVendorsExportGoesByTheVendor(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	vera, wanda := shop.Owner(t, "vera"), shop.Owner(t, "wanda")
	shop.Product(t, apptest.By(vera), apptest.Titled("Jug"))
	shop.Product(t, apptest.By(wanda), apptest.Titled("Jar"))
	e := apptest.Read[importer.ProductExport](t, shop.Call(t, "vera", "POST", "/vendor/exports", `{}`).Want(t, 202))
	for range 4 {
		shop.Call(t, "vera", "POST", "/vendor/exports", `{}`).Want(t, 202)
	}
	shop.Call(t, "vera", "POST", "/vendor/exports", `{}`).Want(t, 409, "too_many_exports")
	shop.Call(t, "wanda", "POST", "/vendor/exports", `{}`).Want(t, 202)
	slug := slugOf(t, shop, vera)
	shop.InTx(t, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), `UPDATE vendors SET slug = 'moved' WHERE id = $1`, vera); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), `UPDATE vendors SET slug = $2 WHERE id = $1`, wanda, slug)
		return err
	})
	work(t, shop)
	if file := shop.Call(t, "vera", "GET", "/vendor/exports/"+e.ID.String()+"/file", "").Want(t, 200, "Jug"); strings.Contains(file.Body, "Jar") {
		t.Errorf("vera's export has\n%s", file.Body)
	}
	shop.Call(t, "vera", "POST", "/vendor/exports", `{}`).Want(t, 202)
}

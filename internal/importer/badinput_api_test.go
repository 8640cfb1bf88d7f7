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

package privacy_test

import (
	"archive/zip"
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/app/apptest"
	"souk/internal/id"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
	"souk/internal/privacy"
)

// unzip is the content of each file.
func unzip(t *testing.T, file string) map[string]string {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader([]byte(file)), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(content)
	}
	return files
}

func TestAnExportIsAllThatIsKnownAndOfNobodyElse(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	user := ann(t, shop)
	placed := buys(t, shop)
	delivers(t, shop, placed)
	reviewed(t, shop, placed)
	shop.User(t, "bob")
	shop.PlacedOrder(t, "bob", 1, shop.Variant(t))

	shop.Call(t, "", "POST", "/me/export", "").Want(t, 401)
	shop.Call(t, "ann", "GET", "/me/export", "").Want(t, 404, "export_not_found")
	shop.Call(t, "ann", "POST", "/me/export", "").Want(t, 202, `"state":"making"`)
	shop.Call(t, "ann", "POST", "/me/export", "").Want(t, 409, "export_exists")
	shop.Call(t, "ann", "GET", "/me/export", "").Want(t, 200, `"state":"making"`)
	if err := shop.Relay.Flush(t.Context(), shop.DB); err != nil {
		t.Fatal(err)
	}
	ready := apptest.Read[privacy.Export](t, shop.Call(t, "ann", "GET", "/me/export", "").Want(t, 200, `"state":"ready"`))
	shop.Call(t, "bob", "GET", "/me/export", "").Want(t, 404, "export_not_found") // bad input 104
	shop.Call(t, "bob", "GET", "/admin/users/"+user.ID.String()+"/export", "").Want(t, 403)

	path, ok := strings.CutPrefix(ready.URL, shop.URL)
	if !ok {
		t.Fatalf("the link is %s", ready.URL)
	}
	answer := shop.Call(t, "", "GET", "@"+path, "").Want(t, 200)
	if answer.Header.Get("Cache-Control") != "private, no-store" || !strings.HasPrefix(answer.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("sent with %v", answer.Header)
	}
	files := unzip(t, answer.Body)
	for name, texts := range map[string][]string{
		"profile.json":   {canary + "@example.com", "en-GB", number},
		"addresses.json": {"1 canary7x9q St"},
		"sessions.json":  {"Browser " + canary, "192.0.2.77"},
		"orders.json":    {placed.Order.Number, "Canary7x9q Lee", "cod", canary + " opens", canary + " called"},
		"carts.json":     {placed.Order.Number},
		"reviews.json":   {canary + " says it is good.", "/review-photos/"},
		"mails.json":     nil, "shops.json": nil, "README.txt": nil, "picture.jpg": nil,
	} {
		content, there := files[name]
		if !there {
			t.Errorf("%s is missing", name)
		}
		for _, text := range texts {
			if !strings.Contains(content, text) {
				t.Errorf("%s lacks %s: %s", name, text, content)
			}
		}
	}
	for name, content := range files {
		if strings.Contains(content, "bob") || strings.Contains(content, "argon2") {
			t.Errorf("%s tells of somebody else, or a secret: %s", name, content)
		}
	}
	for name, wrong := range map[string]string{
		"no signature": path[:strings.Index(path, "?")], "a longer life": strings.Replace(path, "expires=1", "expires=9", 1),
		"another signature": path[:len(path)-4] + "AAAA", "another file": strings.Replace(path, "/exports/", "/exports/0", 1),
		"no query": path[:strings.Index(path, "?")] + "?%zz",
	} {
		if got := shop.Call(t, "ann", "GET", "@"+wrong, ""); got.Status != 404 && got.Status != 400 {
			t.Errorf("%s: answered %d", name, got.Status)
		}
	}
	shop.Time.Advance(24*time.Hour + time.Minute)
	shop.Call(t, "", "GET", "@"+path, "").Want(t, 410, "export_expired")

	shop.InTx(t, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE data_exports SET expires_at = now()`)
		return err
	})
	sweeps(t, shop)
	shop.Call(t, "", "GET", "@"+path, "").Want(t, 410, "export_expired")
	if there, err := shop.Blobs.Exists(t.Context(), "exports/"+strings.TrimPrefix(strings.Split(path, "?")[0], "/exports/")); there || err != nil {
		t.Errorf("the file is still there: %t, %v", there, err)
	}
}

func TestAnExportIsMadeByAJob(t *testing.T) {
	t.Parallel()
	shop := apptest.Run(t, pgtest.DB(t))
	user := ann(t, shop)
	shop.Call(t, apptest.Admin, "POST", "/admin/users/"+user.ID.String()+"/export", "").Want(t, 202)
	apptest.Await(t, "the export", func() bool {
		return strings.Contains(shop.Call(t, apptest.Admin, "GET", "/admin/users/"+user.ID.String()+"/export", "").Body, `"ready"`)
	})
	if n := shop.Count(t, `SELECT count(*)::int FROM events WHERE name = 'privacy.export_ready'`, nil); n != 1 {
		t.Errorf("%d events say that it is ready", n)
	}
	shop.Call(t, "ann", "DELETE", "/me", "").Want(t, 204)
	apptest.Await(t, "the erasure", func() bool {
		return !slices.ContainsFunc(tells(t, shop), func(place string) bool { return !strings.HasPrefix(place, "river_") })
	})
}

func TestAnExportAsksForProof(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	shop.User(t, "ann")
	shop.Time.Advance(9 * time.Minute) // the access token lives for ten
	shop.Call(t, "ann", "POST", "/me/export", "").Want(t, 202)
	shop.User(t, "bob")
	longAgo(t, shop)
	shop.Call(t, "bob", "POST", "/me/export", "").Want(t, 403, "step_up_required")
	shop.Call(t, apptest.Admin, "POST", "/admin/users/"+id.New[id.User]().String()+"/export", "").Want(t, 404)
	shop.WantRows(t, "data_exports", 1)
}

// A copy that is asked for and made after all was forgotten leaves no file.
func TestAnExportOfTheErasedIsNotMade(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	user := ann(t, shop)
	shop.Call(t, "ann", "POST", "/me/export", "").Want(t, 202)
	asked, err := postgres.Get[struct {
		ID   id.Export `db:"id"`
		File string    `db:"file"`
	}](t.Context(), shop.DB, `SELECT id, file FROM data_exports`, nil)
	if err != nil {
		t.Fatal(err)
	}
	shop.Call(t, "ann", "DELETE", "/me", "").Want(t, 204)
	if err := shop.Privacy.Forget(t.Context(), user.ID); err != nil {
		t.Fatal(err)
	}
	if err := shop.Privacy.Make(t.Context(), privacy.ExportAsked{UserID: user.ID, ExportID: asked.ID}); err != nil {
		t.Fatal(err)
	}
	if there, err := shop.Blobs.Exists(t.Context(), "exports/"+asked.File); there || err != nil {
		t.Errorf("the file is there: %t, %v", there, err)
	}
	shop.WantRows(t, "data_exports", 0)
	shop.Call(t, apptest.Admin, "POST", "/admin/users/"+user.ID.String()+"/export", "").Want(t, 404)
}

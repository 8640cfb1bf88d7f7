package catalog_test

import (
	"encoding/binary"
	"hash/crc32"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"souk/internal/id"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/picture"
)

func crcOf(b []byte) []byte { return binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(b)) }

func TestFetchImages(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	d := newDoor(t, db)
	var busy atomic.Int32
	good := drawn(t, 300, 200, png.Encode)
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/good.png":
			_, _ = w.Write(good)
		case "/page.png":
			_, _ = io.WriteString(w, "<html>")
		case "/busy.png":
			busy.Add(1)
			w.WriteHeader(http.StatusServiceUnavailable)
		case "/large.png":
			_, _ = w.Write(make([]byte, 11<<20))
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(far.Close)
	vendor := newVendor(t, db).String()
	var images []string
	for _, name := range []string{"good", "page", "busy", "large", "gone"} {
		images = append(images, `{"url": "`+far.URL+"/"+name+`.png", "alt": "`+name+`"}`)
	}
	made := d.call(t, vendor, "POST", "/vendor/products", `{"title": "Mug", "images": [`+strings.Join(images, ",")+`]}`)
	at := "/vendor/products/" + made.field("id").(string)
	if made.status != 201 || made.field("media.0.state") != "pending" {
		t.Fatalf("%d %s", made.status, made.body)
	}
	if err := d.FetchImages(t.Context()); err != nil {
		t.Fatal(err)
	}
	seen := d.call(t, vendor, "GET", at, "")
	for i, want := range []struct{ state, failure string }{
		{"ready", ""},
		{"failed", picture.ErrNotPicture.Message},
		{"pending", "The address answers 503 Service Unavailable."},
		{"failed", "What is at that address is too large."},
		{"failed", "The address answers 404 Not Found."},
	} {
		state, failure := seen.field("media."+string(rune('0'+i))+".state"), seen.field("media."+string(rune('0'+i))+".failure")
		if failure == nil {
			failure = ""
		}
		if state != want.state || failure != want.failure {
			t.Errorf("picture %d: %v %q, want %v", i, state, failure, want)
		}
	}
	if err := d.FetchImages(t.Context()); err != nil || busy.Load() != 1 {
		t.Errorf("asked %d times, want a pause before the second (%v)", busy.Load(), err)
	}
	media, err := id.Parse[id.Media](seen.field("media.2.id").(string))
	if err != nil {
		t.Fatal(err)
	}
	for range 4 { // FetchImage does not wait
		if _, err := db.Exec(t.Context(), `UPDATE media SET attempts = attempts + 1 WHERE id = $1`, media); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.FetchImage(t.Context(), media); err != nil {
		t.Fatal(err)
	}
	if state := d.call(t, vendor, "GET", at, "").field("media.2.state"); state != "failed" {
		t.Errorf("after the last attempt it is %v", state)
	}
	retry := d.call(t, vendor, "POST", at+"/media/"+media.String()+"/retry", "")
	if retry.status != 200 || retry.field("state") != "pending" {
		t.Errorf("retry: %d %s", retry.status, retry.body)
	}
}

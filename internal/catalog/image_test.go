package catalog_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"souk/internal/catalog"
	"souk/internal/id"
	"souk/internal/platform/pgtest"
)

func crcOf(b []byte) []byte { return binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(b)) }

// withExif puts an EXIF block into a JPEG: an orientation, and a secret.
func withExif(file []byte, orientation byte) []byte {
	tiff := []byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00")
	tiff = append(tiff, orientation, 0, 0, 0, 0, 0, 0)
	block := append([]byte("Exif\x00\x00"), append(tiff, "GPS 48.85 2.35"...)...)
	segment := append([]byte{0xff, 0xe1, 0, byte(2 + len(block))}, block...)
	return append(append([]byte{0xff, 0xd8}, segment...), file[2:]...)
}

// The way the camera was held is applied; where it was held is forgotten.
func TestPicturesAreTurnedAndTellNothing(t *testing.T) {
	t.Parallel()
	d := newDoor(t, pgtest.DB(t))
	m := image.NewRGBA(image.Rect(0, 0, 64, 32))
	for y := range 32 {
		for x := range 64 {
			m.Set(x, y, color.Gray{})
			if x >= 32 && y < 16 { // the upper right quarter
				m.Set(x, y, color.White)
			}
		}
	}
	var plain bytes.Buffer
	if err := jpeg.Encode(&plain, m, nil); err != nil {
		t.Fatal(err)
	}
	for orientation, bright := range map[byte]image.Point{ // where that quarter comes to lie
		1: {48, 8}, 2: {16, 8}, 3: {16, 24}, 4: {48, 24}, 5: {8, 48}, 6: {24, 48}, 7: {24, 16}, 8: {8, 16},
	} {
		pic, err := d.StorePicture(t.Context(), withExif(plain.Bytes(), orientation))
		if err != nil {
			t.Fatal(err)
		}
		file := d.do(httptest.NewRequest("GET", catalog.PictureURL(pic.Key, pic.ContentType, pic.Width, pic.Height, 100), nil))
		got, err := jpeg.Decode(bytes.NewReader(file.body))
		if err != nil {
			t.Fatal(err)
		}
		if got.Bounds().Dx() != pic.Width || (orientation >= 5) != (pic.Width == 32) {
			t.Errorf("orientation %d: %v, said to be %d wide", orientation, got.Bounds(), pic.Width)
		}
		if r, _, _, _ := got.At(bright.X, bright.Y).RGBA(); r < 0xc000 {
			t.Errorf("orientation %d: the bright quarter is not at %v", orientation, bright)
		}
		if bytes.Contains(file.body, []byte("GPS")) || bytes.Contains(file.body, []byte("Exif")) {
			t.Errorf("orientation %d: metadata is left", orientation)
		}
	}
}

func TestTransparentPicturesStayTransparent(t *testing.T) {
	t.Parallel()
	d := newDoor(t, pgtest.DB(t))
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewNRGBA(image.Rect(0, 0, 400, 3000))); err != nil {
		t.Fatal(err)
	}
	pic, err := d.StorePicture(t.Context(), file.Bytes())
	if err != nil || pic.ContentType != "image/png" || pic.Width != 400 || pic.Height != 3000 {
		t.Fatalf("%+v, %v", pic, err)
	}
	got := d.do(httptest.NewRequest("GET", catalog.PictureURL(pic.Key, pic.ContentType, pic.Width, pic.Height, 1), nil))
	m, err := png.Decode(bytes.NewReader(got.body))
	if err != nil || m.Bounds() != image.Rect(0, 0, 21, 160) {
		t.Errorf("%v, %v", m.Bounds(), err)
	}
}

func TestFetchImages(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	d := newDoor(t, db)
	var busy atomic.Int32
	good := picture(t, 300, 200, png.Encode)
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
		{"failed", catalog.ErrNotPicture.Message},
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

package catalog_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"souk/internal/auth"
	"souk/internal/catalog"
	"souk/internal/id"
	"souk/internal/platform/blob"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/outbound"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// A door is the catalogue behind HTTP. The header As names the caller: staff,
// or the id of a vendor.
type door struct {
	*catalog.Catalog
	handler http.Handler
	db      postgres.DB
}

func newDoor(t *testing.T, db postgres.DB) door {
	t.Helper()
	router := httpapi.New(httpapi.Config{DB: db, LimitsOff: true, Authenticate: func(_ context.Context, r *http.Request) (auth.Actor, error) {
		switch as := r.Header.Get("As"); as {
		case "":
			return auth.Actor{}, nil
		case "staff":
			return auth.Actor{User: id.New[id.User](), Permissions: map[auth.Permission]bool{catalog.CanRead: true, catalog.CanWrite: true}}, nil
		default:
			vendor, err := id.Parse[id.Vendor](as)
			return auth.Actor{User: id.New[id.User](), Vendor: vendor, Permissions: map[auth.Permission]bool{auth.AsVendor: true, auth.VendorCatalog: true}}, err
		}
	}})
	blobs, err := blob.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := &catalog.Catalog{DB: db, Cursors: router.Cursors, Blobs: blobs, Outbound: outbound.New(true)}
	c.Routes(router)
	return door{c, router.Handler(), db}
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

// field is a value of the answer by its path, "variants.0.sku".
func (a answer) field(path string) any {
	var v any
	if json.Unmarshal(a.body, &v) != nil {
		return nil
	}
	for step := range strings.SplitSeq(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[step]
		case []any:
			var i int
			if _, err := fmt.Sscan(step, &i); err != nil || i >= len(at) {
				return nil
			}
			v = at[i]
		default:
			return nil
		}
	}
	return v
}

func (d door) call(t *testing.T, as, method, path, body string, headers ...string) answer {
	t.Helper()
	r := httptest.NewRequest(method, "/api/v1"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("As", as)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return d.do(r)
}

func (d door) do(r *http.Request) answer {
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	return answer{w.Code, w.Result().Header, w.Body.Bytes()}
}

func TestAVendorsProductFromOfferToSale(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	d := newDoor(t, db)
	mine, other := newVendor(t, db).String(), newVendor(t, db).String()

	made := d.call(t, mine, "POST", "/vendor/products", `{"title": "Mug <b>", "description": "<p onclick=\"x()\">Tea</p><script>x()</script>",
		"brand": "Potters", "tags": ["Sale"], "options": [{"name": "Colour"}], "variants": [{"sku": "M-R", "options": ["Red"]}, {"sku": "M-B", "options": ["Blue"], "weight_grams": 300}]}`)
	product, _ := made.field("id").(string)
	variant, _ := made.field("variants.0.id").(string)
	if made.status != 201 || product == "" || variant == "" {
		t.Fatalf("%d %s", made.status, made.body)
	}
	tag := made.header.Get("ETag")
	mineAt, otherAt := "/vendor/products/"+product, "/admin/products/"+product

	for _, s := range []struct {
		name, as, method, path, body string
		match                        string
		status                       int
		field                        string
		want                         any
	}{
		{"made as it was sent", mine, "GET", mineAt, "", "", 200, "description", "<p>Tea</p>"},
		{"plain text stays as it is", mine, "GET", mineAt, "", "", 200, "title", "Mug <b>"},
		{"waits for review", mine, "GET", mineAt, "", "", 200, "status", "pending_review"},
		{"not for the other vendor", other, "GET", mineAt, "", "", 404, "code", "product_not_found"},
		{"not for the other vendor to edit", other, "PATCH", mineAt, `{"title": "Mine"}`, tag, 404, "code", "product_not_found"},
		{"not for the other vendor to archive", other, "DELETE", mineAt, "", "", 404, "code", "product_not_found"},
		{"not for the other vendor to extend", other, "POST", mineAt + "/variants", `{"options": ["Green"]}`, "", 404, "code", "product_not_found"},
		{"not in the other vendor's list", other, "GET", "/vendor/products", "", "", 200, "data.0.id", nil},
		{"in the list", mine, "GET", "/vendor/products?status=pending_review,active&q=mug&include=total_count", "", "", 200, "total_count", 1.0},
		{"a vendor does not approve", mine, "POST", otherAt + "/approve", "", "", 403, "code", "forbidden"},
		{"nobody does not read", "", "GET", otherAt, "", "", 401, "code", "unauthenticated"},
		{"status is no field", mine, "PATCH", mineAt, `{"status": "active"}`, tag, 400, "code", "unknown_field"},
		{"vendor is no field", mine, "POST", "/vendor/products", `{"title": "X", "vendor_id": "` + other + `"}`, "", 400, "code", "unknown_field"},
		{"an edit says what it saw", mine, "PATCH", mineAt, `{"title": "Cup"}`, "", 428, "code", "precondition_required"},
		{"a rejection has a reason", "staff", "POST", otherAt + "/reject", `{}`, "", 422, "code", "validation_failed"},
		{"rejected", "staff", "POST", otherAt + "/reject", `{"reason": "Which mug?"}`, "", 200, "status_reason", "Which mug?"},
		{"a stale edit", mine, "PATCH", mineAt, `{"title": "Cup"}`, tag, 412, "code", "precondition_failed"},
		{"edited", mine, "PATCH", mineAt, `{"title": "Cup", "tags": [], "brand": ""}`, `"v2"`, 200, "brand", nil},
		{"submitted", mine, "POST", mineAt + "/submit", "", "", 200, "status", "pending_review"},
		{"approved", "staff", "POST", otherAt + "/approve", "", "", 200, "status", "active"},
		{"not twice", "staff", "POST", otherAt + "/approve", "", "", 409, "status", 409.0},
		{"a variant more", mine, "POST", mineAt + "/variants", `{"options": ["Green"], "sku": "M-G"}`, "", 201, "title", "Green"},
		{"not the same again", mine, "POST", mineAt + "/variants", `{"options": ["Green"]}`, "", 422, "errors.0.code", "options_taken"},
		{"without its options", mine, "POST", mineAt + "/variants", `{}`, "", 422, "errors.0.code", "option_count"},
		{"a variant edited", mine, "PATCH", mineAt + "/variants/" + variant, `{"options": ["Crimson"]}`, `"v1"`, 200, "title", "Crimson"},
		{"a variant, stale", mine, "PATCH", mineAt + "/variants/" + variant, `{"sku": "Z"}`, `"v1"`, 412, "code", "precondition_failed"},
		{"a variant gone", mine, "DELETE", mineAt + "/variants/" + variant, "", "", 204, "", nil},
		{"and really gone", mine, "DELETE", mineAt + "/variants/" + variant, "", "", 404, "code", "variant_not_found"},
		{"options follow", mine, "GET", mineAt, "", "", 200, "options.0.values.3", "Crimson"},
		{"archived", mine, "DELETE", mineAt, "", "", 204, "", nil},
		{"not approved from there", "staff", "POST", otherAt + "/approve", "", "", 409, "code", "product_status"},
		{"restored", mine, "POST", mineAt + "/restore", "", "", 200, "status", "draft"},
		{"no such status", mine, "GET", "/vendor/products?status=paid", "", "", 422, "code", "validation_failed"},
		{"no such vendor", "staff", "POST", "/admin/products", `{"title": "X", "vendor_id": "` + id.New[id.Vendor]().String() + `"}`, "", 422, "errors.0.pointer", "/vendor_id"},
		{"of staff, a draft", "staff", "POST", "/admin/products", `{"title": "Cup", "vendor_id": "` + mine + `"}`, "", 201, "status", "draft"},
		{"the same title again", "staff", "POST", "/admin/products", `{"title": "Cup", "vendor_id": "` + mine + `"}`, "", 201, "title", "Cup"},
		{"a tag without letters", mine, "POST", "/vendor/products", `{"title": "Y", "tags": ["ok", "!!"]}`, "", 422, "errors.0.pointer", "/tags/1"},
		{"stock that is not counted", mine, "POST", "/vendor/products", `{"title": "Y", "variants": [{"tracked": false, "on_hand": 3}]}`, "", 422, "errors.0.code", "not_tracked"},
		{"struck out without a price", mine, "POST", "/vendor/products", `{"title": "Y", "variants": [{"compare_at_price": {"amount": 3, "currency": "USD"}}]}`, "", 422, "errors.0.pointer", "/variants/0/price"},
		{"a SKU of another product", mine, "POST", "/vendor/products", `{"title": "Y", "variants": [{"sku": "M-B"}]}`, "", 422, "errors.0.code", "sku_taken"},
	} {
		got := d.call(t, s.as, s.method, s.path, s.body, headersOf(s.match)...)
		if got.status != s.status || (s.field != "" && got.field(s.field) != s.want) {
			t.Errorf("%s: %s %s: %d, %s = %v; want %d, %v\n%s", s.name, s.method, s.path, got.status, s.field, got.field(s.field), s.status, s.want, got.body)
		}
	}
}

func headersOf(match string) []string {
	if match == "" {
		return nil
	}
	return []string{"If-Match", match}
}

func TestCategoriesAndTags(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	d := newDoor(t, db)
	vendor := newVendor(t, db).String()
	create := func(body string) string {
		a := d.call(t, "staff", "POST", "/admin/categories", body)
		if a.status != 201 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		return a.field("id").(string)
	}
	home := create(`{"name": "Home"}`)
	kitchen := create(`{"name": "Kitchen", "parent_id": "` + home + `"}`)
	mugs := create(`{"name": "Mugs", "parent_id": "` + kitchen + `"}`)
	tag := d.call(t, "staff", "POST", "/admin/tags", `{"name": "On Sale"}`).field("id").(string)
	product := d.call(t, vendor, "POST", "/vendor/products", `{"title": "Mug", "categories": ["mugs"], "tags": ["on sale"]}`)
	if product.status != 201 || product.field("categories.0.path") != "Home > Kitchen > Mugs" || product.field("tags.0.name") != "On Sale" {
		t.Fatalf("%s", product.body)
	}
	at := "/vendor/products/" + product.field("id").(string)
	for _, s := range []struct {
		name, as, method, path, body, match string
		status                              int
		field                               string
		want                                any
	}{
		{"the tree", "staff", "GET", "/admin/categories", "", "", 200, "data.0.children.0.children.0.slug", "mugs"},
		{"by what is above", vendor, "GET", "/vendor/products?category=home", "", "", 200, "data.0.title", "Mug"},
		{"below itself", "staff", "PATCH", "/admin/categories/" + home, `{"parent_id": "` + mugs + `"}`, `"v1"`, 422, "errors.0.code", "loop"},
		{"moved to the top", "staff", "PATCH", "/admin/categories/" + kitchen, `{"root": true, "name": "Cooking"}`, `"v1"`, 200, "path", "Cooking"},
		{"stale", "staff", "PATCH", "/admin/categories/" + kitchen, `{"name": "K"}`, `"v1"`, 412, "code", "precondition_failed"},
		{"what is below moved along", "staff", "GET", "/admin/categories/" + mugs, "", "", 200, "path", "Cooking > Mugs"},
		{"the product is no longer there", vendor, "GET", "/vendor/products?category=home", "", "", 200, "data.0.title", nil},
		{"the same name beside it", "staff", "POST", "/admin/categories", `{"name": "Cooking"}`, "", 409, "code", "category_taken"},
		{"in use", "staff", "DELETE", "/admin/categories/" + mugs, "", "", 409, "code", "category_in_use"},
		{"has something below", "staff", "DELETE", "/admin/categories/" + kitchen, "", "", 409, "code", "category_in_use"},
		{"empty", "staff", "DELETE", "/admin/categories/" + home, "", "", 204, "", nil},
		{"gone", "staff", "DELETE", "/admin/categories/" + home, "", "", 404, "code", "category_not_found"},
		{"unknown", vendor, "POST", "/vendor/products", `{"title": "X", "categories": ["nowhere"]}`, "", 422, "errors.0.pointer", "/categories/0"},
		{"a vendor makes none", vendor, "POST", "/admin/categories", `{"name": "Mine"}`, "", 403, "code", "forbidden"},
		{"a tag again", "staff", "POST", "/admin/tags", `{"name": "ON SALE!"}`, "", 409, "code", "tag_taken"},
		{"a tag renamed", "staff", "PATCH", "/admin/tags/" + tag, `{"name": "Bargain"}`, "", 200, "slug", "bargain"},
		{"and its product with it", vendor, "GET", at, "", "", 200, "tags.0.slug", "bargain"},
		{"tags", "", "GET", "/tags?q=barg", "", "", 200, "data.0.name", "Bargain"},
		{"a tag deleted", "staff", "DELETE", "/admin/tags/" + tag, "", "", 204, "", nil},
		{"off its product", vendor, "GET", at, "", "", 200, "tags.0", nil},
		{"a name of nothing", "staff", "POST", "/admin/tags", `{"name": "!!"}`, "", 422, "errors.0.code", "bad_name"},
	} {
		got := d.call(t, s.as, s.method, s.path, s.body, headersOf(s.match)...)
		if got.status != s.status || (s.field != "" && got.field(s.field) != s.want) {
			t.Errorf("%s: %d, %s = %v; want %d, %v\n%s", s.name, got.status, s.field, got.field(s.field), s.status, s.want, got.body)
		}
	}
}

// drawn is a file of so many pixels.
func drawn(t *testing.T, w, h int, encode func(io.Writer, image.Image) error) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, color.RGBA{uint8(x), uint8(y), 100, 255})
		}
	}
	var b bytes.Buffer
	if err := encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (d door) upload(t *testing.T, as, product string, file []byte) answer {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "../../x.php")
	if err == nil {
		_, err = part.Write(file)
	}
	if err == nil {
		err = form.WriteField("alt", "A mug\nseen from above") // behind the file, as a form may have it
	}
	if err != nil || form.Close() != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("POST", "/api/v1/vendor/products/"+product+"/media", &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("As", as)
	return d.do(r)
}

func TestUploadedPictures(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	d := newDoor(t, db)
	mine, other := newVendor(t, db).String(), newVendor(t, db).String()
	product := d.call(t, mine, "POST", "/vendor/products", `{"title": "Mug"}`).field("id").(string)
	good := drawn(t, 1000, 500, png.Encode)

	for _, s := range []struct {
		name   string
		as     string
		file   []byte
		status int
		code   any
	}{
		{"a picture", mine, good, 201, nil},
		{"the first frame of a moving one", mine, drawn(t, 20, 20, func(w io.Writer, m image.Image) error { return gif.Encode(w, m, nil) }), 201, nil},
		// Bad input 105: what only looks like a picture, or is one that costs too much.
		{"a page", mine, []byte("<html><script>x()</script>"), 415, "not_a_picture"},
		{"a vector with a script", mine, []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>x()</script></svg>`), 415, "not_a_picture"},
		{"half a picture", mine, good[:len(good)/2], 415, "not_a_picture"},
		{"too many pixels", mine, pngHeader(30000, 30000), 422, "picture_too_large"},
		{"too long", mine, pngHeader(1, 65535), 422, "picture_too_large"},
		{"too many bytes", mine, make([]byte, 11<<20), 413, "body_too_large"},
		{"a program", mine, []byte("<?php system($_GET[0]);"), 415, "not_a_picture"},
		{"an archive", mine, []byte("PK\x03\x04\x14\x00"), 415, "not_a_picture"},
		{"a program that begins as a picture", mine, []byte("GIF89a/*\x00\x00*/=1;alert(1)"), 422, "picture_too_large"},
		{"no bytes", mine, nil, 415, "not_a_picture"},
		{"of another vendor", other, good, 404, "product_not_found"},
	} {
		got := d.upload(t, s.as, product, s.file)
		if got.status != s.status || (s.code != nil && got.field("code") != s.code) {
			t.Errorf("%s: %d %s, want %d %v", s.name, got.status, got.body, s.status, s.code)
		}
	}

	seen := d.call(t, mine, "GET", "/vendor/products/"+product, "")
	if seen.field("media.0.alt") != "A mug seen from above" || seen.field("media.0.width") != 1000.0 || seen.field("media.1.state") != "ready" {
		t.Errorf("%s", seen.body)
	}
	url, _ := seen.field("media.0.sizes.1.url").(string)
	file := d.do(httptest.NewRequest("GET", url, nil))
	m, format, err := image.Decode(bytes.NewReader(file.body))
	if file.status != 200 || err != nil || format != "jpeg" || m.Bounds().Dx() != 480 || m.Bounds().Dy() != 240 {
		t.Fatalf("%s: %d %s %v %v", url, file.status, format, m.Bounds(), err)
	}
	for header, want := range map[string]string{
		"Content-Type": "image/jpeg", "Cache-Control": "public, max-age=31536000, immutable",
		"Content-Security-Policy": "default-src 'none'; sandbox", "X-Content-Type-Options": "nosniff",
	} {
		if got := file.header.Get(header); got != want {
			t.Errorf("%s: %q, want %q", header, got, want)
		}
	}
	for _, path := range []string{"/media/x.jpg", "/media/" + strings.Repeat("a", 32) + "-480.jpg", "/media/..%2f..%2fetc"} {
		if got := d.do(httptest.NewRequest("GET", path, nil)); got.status != 404 {
			t.Errorf("%s: %d", path, got.status)
		}
	}

	first := seen.field("media.0.id").(string)
	at := "/vendor/products/" + product + "/media/" + first
	moved := d.call(t, mine, "PATCH", at, `{"alt": "Above", "position": 1}`)
	if moved.status != 200 || moved.field("position") != 1.0 || moved.field("alt") != "Above" {
		t.Errorf("%d %s", moved.status, moved.body)
	}
	if got := d.call(t, other, "DELETE", at, ""); got.status != 404 {
		t.Errorf("the other vendor removed it: %d", got.status)
	}
	shared := d.call(t, mine, "POST", "/vendor/products/"+product+"/duplicate", "")
	remove := func(at string, status int) {
		t.Helper()
		if got := d.call(t, mine, "DELETE", at, ""); got.status != 204 {
			t.Errorf("remove: %d %s", got.status, got.body)
		}
		if err := d.RemoveFiles(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := d.do(httptest.NewRequest("GET", url, nil)); got.status != status {
			t.Errorf("the file: %d, want %d", got.status, status)
		}
	}
	remove(at, 200) // the copy has it still
	remove("/vendor/products/"+shared.field("id").(string)+"/media/"+shared.field("media.1.id").(string), 404)
	if got := d.do(httptest.NewRequest("GET", url, nil)); got.status != 404 {
		t.Errorf("the file of a removed picture: %d", got.status)
	}
}

// pngHeader is a PNG that claims a size and holds nothing.
func pngHeader(w, h uint32) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		panic(err)
	}
	file := b.Bytes()
	ihdr := file[12:29] // "IHDR" and its 13 bytes
	for i := range 4 {
		ihdr[4+i], ihdr[8+i] = byte(w>>(24-8*i)), byte(h>>(24-8*i))
	}
	return append(file[:29], crcOf(ihdr)...)
}

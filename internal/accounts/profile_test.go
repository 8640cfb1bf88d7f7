package accounts

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/text/language"

	"souk/internal/platform/blob"
	"souk/internal/platform/postgres"
)

func TestProfileAPI(t *testing.T) {
	d := serve(t)
	d.Languages = []language.Tag{language.English, language.German}
	ann := d.signUp(t, "ann").AccessToken
	for _, test := range []struct {
		name, body string
		status     int
		contains   string
	}{
		{"a language", `{"locale":"de"}`, 200, `"locale":"de"`},
		{"of a country, in another spelling", `{"locale":"de-at"}`, 200, `"locale":"de-AT"`},
		{"the shop's own", `{"locale":""}`, 200, `"locale":""`},
		{"not spoken here", `{"locale":"fr"}`, 422, `"pointer":"/locale","code":"not_spoken"`},
		{"no language", `{"locale":"und"}`, 422, `"pointer":"/locale"`},
		{"rubbish", `{"locale":"' OR 1=1"}`, 422, `"pointer":"/locale"`},
		{"300 letters", `{"locale":"` + strings.Repeat("de-", 100) + `"}`, 422, `"pointer":"/locale"`},
		{"with an extension", `{"locale":"de-u-co-phonebk"}`, 422, `"pointer":"/locale"`},
		{"a currency", `{"currency":"EUR"}`, 200, `"currency":"EUR"`},
		{"no currency", `{"currency":"XXX"}`, 422, `"pointer":"/currency","code":"unknown_currency"`},
		{"a currency in small letters", `{"currency":"eur"}`, 422, `"pointer":"/currency"`},
		{"the shop's currency", `{"currency":""}`, 200, `"currency":""`},
		{
			"all at once", `{"username":"ann.lee","name":"Ann","phone":"+49 151 23456789","locale":"en-GB","currency":"GBP"}`, 200,
			`"name":"Ann","phone":"+4915123456789","locale":"en-GB","currency":"GBP"`,
		},
		{"no phone", `{"phone":"12"}`, 422, `"pointer":"/phone"`},
		{"a picture by its address", `{"avatar_url":"https://example.com/a.jpg"}`, 400, `unknown_field`},
	} {
		d.call(t, ann, "PATCH", "/api/v1/me", test.body).want(t, test.status, test.contains)
	}
	for _, wanted := range []string{"' OR 1=1", strings.Repeat("x", 300), ";;q=,,", "*"} {
		d.call(t, ann, "GET", "/api/v1/me", "", "Accept-Language", wanted).want(t, 200, `"locale":"en-GB"`)
	}
}

func (d *door) sendAvatar(t *testing.T, token string, file []byte) answer {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "../me.svg")
	if err == nil {
		_, err = part.Write(file)
	}
	if err != nil || form.Close() != nil {
		t.Fatal(err)
	}
	return d.call(t, token, "PUT", "/api/v1/me/avatar", body.String(), "Content-Type", form.FormDataContentType())
}

func drawn(t *testing.T, w, h int) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, color.RGBA{uint8(x), uint8(y), 100, 255})
		}
	}
	var file bytes.Buffer
	if err := png.Encode(&file, m); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func TestAvatarAPI(t *testing.T) {
	d := serve(t)
	store, err := blob.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	d.Blobs = store
	ann := d.signUp(t, "ann")
	d.sendAvatar(t, "", drawn(t, 20, 20)).want(t, 401)
	d.sendAvatar(t, ann.AccessToken, []byte("<svg onload=x()>")).want(t, 415, "not_a_picture")
	d.sendAvatar(t, ann.AccessToken, make([]byte, 11<<20)).want(t, 413)
	d.call(t, ann.AccessToken, "PUT", "/api/v1/me/avatar", `{}`).want(t, 415)

	first := read[User](t, d.sendAvatar(t, ann.AccessToken, drawn(t, 1200, 600)).want(t, 200)).AvatarURL
	file := d.call(t, "", "GET", first, "").want(t, 200)
	m, err := jpeg.Decode(strings.NewReader(file.Body))
	if err != nil || m.Bounds() != image.Rect(0, 0, 512, 512) {
		t.Errorf("%v, %v", m.Bounds(), err)
	}
	for header, want := range map[string]string{
		"Content-Type": "image/jpeg", "Cache-Control": "public, max-age=31536000, immutable",
		"Content-Security-Policy": "default-src 'none'; sandbox", "X-Content-Type-Options": "nosniff",
	} {
		if got := file.Header.Get(header); got != want {
			t.Errorf("%s: %q, want %q", header, got, want)
		}
	}
	for _, path := range []string{"/avatars/x.jpg", "/avatars/" + strings.Repeat("a", 32) + ".jpg", "/avatars/..%2f..%2fetc"} {
		d.call(t, "", "GET", path, "").want(t, 404)
	}

	second := read[User](t, d.sendAvatar(t, ann.AccessToken, drawn(t, 30, 30)).want(t, 200)).AvatarURL
	sweep := func() {
		t.Helper()
		if err := d.SweepAvatars(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	sweep()
	d.call(t, "", "GET", first, "").want(t, 200) // one that is young may be on its way to somebody
	d.ageAvatars(t)
	sweep()
	d.call(t, "", "GET", first, "").want(t, 404)
	d.call(t, "", "GET", second, "").want(t, 200)
	d.call(t, ann.AccessToken, "DELETE", "/api/v1/me/avatar", "").want(t, 204)
	if shown := d.call(t, ann.AccessToken, "GET", "/api/v1/me", "").want(t, 200); strings.Contains(shown.Body, "avatar_url") {
		t.Errorf("still shown: %s", shown.Body)
	}
	third := read[User](t, d.sendAvatar(t, ann.AccessToken, drawn(t, 30, 30)).want(t, 200)).AvatarURL
	d.ageAvatars(t)
	d.call(t, ann.AccessToken, "DELETE", "/api/v1/me", "").want(t, 204)
	sweep()
	for _, gone := range []string{second, third} {
		d.call(t, "", "GET", gone, "").want(t, http.StatusNotFound)
	}
	if n, err := postgres.Scalar[int](t.Context(), d.DB, `SELECT count(*)::int FROM avatars`, nil); err != nil || n != 0 {
		t.Errorf("%d files are remembered, %v", n, err)
	}
}

// ageAvatars makes every file two hours older.
func (d *door) ageAvatars(t *testing.T) {
	t.Helper()
	tx, err := d.DB.Begin(t.Context())
	if err == nil {
		_, err = tx.Exec(t.Context(), `UPDATE avatars SET created_at = created_at - interval '2 hours'`)
	}
	if err != nil || tx.Commit(t.Context()) != nil {
		t.Fatal(err)
	}
}

package httpapi

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"souk/internal/errs"
	"souk/internal/platform/blob"
)

// Only what is called as pictures are is served from their folder, whatever else
// lies in it or beside it.
func TestOnlyPicturesAreServed(t *testing.T) {
	t.Parallel()
	store, err := blob.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	random := strings.Repeat("0a", 16)
	missing := errs.New(errs.NotFound, "not_found", "There is no such picture.")
	for name, served := range map[string]bool{
		random + ".jpg": true, random + ".png": true, random + "-480.jpg": true,
		random + ".html": false, random + ".svg": false, random + ".jpg.html": false, "export.csv": false,
		random[1:] + ".jpg": false, random + "-480-1.jpg": false, strings.Repeat("0g", 16) + ".jpg": false, random + "-123456.jpg": false,
		"x/" + random + ".jpg": false,
	} {
		if err := store.Put(context.Background(), "media/"+name, blob.TypeOf(name), strings.NewReader("x"), 1); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/media/x", nil)
		r.SetPathValue("file", name)
		w := httptest.NewRecorder()
		err := ServePicture(w, r, store, "media/", missing)
		if got := err == nil && w.Body.String() == "x"; got != served {
			t.Errorf("%s: served %t, want %t (%v)", name, got, served, err)
		}
	}
}

package httpapi_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"souk/internal/platform/httpapi"
)

func post(path string, headers ...string) *http.Request {
	r := httptest.NewRequest("POST", "https://shop.example"+path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// A login provider's form post comes from another site: only the route that
// says so takes it.
func TestCrossSite(t *testing.T) {
	t.Parallel()
	r := httpapi.New(httpapi.Config{BaseURL: "https://shop.example"})
	public := httpapi.Public("a test")
	done := func(w http.ResponseWriter, _ *http.Request) error { w.WriteHeader(http.StatusNoContent); return nil }
	httpapi.Raw(r, "POST", "/auth/{provider}/callback", done, public, httpapi.CrossSite("the state guards it"))
	httpapi.Raw(r, "POST", "/auth/{provider}/unlink", done, public)
	elsewhere := []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://id.example"}
	if w := alone(r, post("/auth/apple/callback", elsewhere...)); w.Code != http.StatusNoContent {
		t.Errorf("callback from the provider: %d", w.Code)
	}
	if w := alone(r, post("/auth/apple/unlink", elsewhere...)); w.Code != http.StatusForbidden {
		t.Errorf("another operation from the provider: %d", w.Code)
	}
}

func TestCookies(t *testing.T) {
	t.Parallel()
	r := httpapi.New(httpapi.Config{})
	public := httpapi.Public("a test")
	swap := func(ctx context.Context) {
		httpapi.SetCookie(ctx, &http.Cookie{Name: "__Host-a", Value: httpapi.Cookie(ctx, "__Host-a") + "2", Path: "/", Secure: true})
	}
	httpapi.Action(r, "POST", "/action", func(ctx context.Context, _ *struct{}) (httpapi.Empty, error) {
		swap(ctx)
		if httpapi.Cookie(ctx, "none") != "" {
			t.Error("a cookie out of nothing")
		}
		return httpapi.Empty{}, nil
	}, public)
	httpapi.Raw(r, "POST", "/raw", func(w http.ResponseWriter, r *http.Request) error {
		swap(r.Context())
		w.WriteHeader(http.StatusNoContent)
		return nil
	}, public)
	httpapi.Action(r, "POST", "/refused", func(ctx context.Context, _ *struct{}) (httpapi.Empty, error) {
		swap(ctx)
		return httpapi.Empty{}, httpapi.ErrNotFound
	}, public)
	for path, want := range map[string]string{"/action": "__Host-a=12; Path=/; Secure", "/raw": "__Host-a=12; Path=/; Secure", "/refused": ""} {
		if got := alone(r, post(path, "Cookie", "__Host-a=1")).Header().Get("Set-Cookie"); got != want {
			t.Errorf("%s sets %q, want %q", path, got, want)
		}
	}
}

package httpapi_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"souk/internal/auth"
	"souk/internal/clock"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
)

func TestLimits(t *testing.T) {
	t.Parallel()
	now := clock.At(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	r := httpapi.New(httpapi.Config{Clock: now, Authenticate: authenticate})
	(&shop{}).Routes(r)
	ask := func(peer, token string) *httptest.ResponseRecorder {
		req := httptest.NewRequest("GET", "/api/v1/coupons", nil)
		req.RemoteAddr = peer + ":1"
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		return alone(r, req)
	}
	// anna has 10 in 10 minutes, whatever her address
	for i := range 10 {
		w := ask("203.0.113."+strconv.Itoa(i), "anna")
		if w.Code != 200 {
			t.Fatalf("call %d: %d", i, w.Code)
		}
		if got, want := w.Header().Get("RateLimit-Policy"), `"coupon";q=10;w=600`; got != want {
			t.Errorf("policy %s", got)
		}
		if got, want := w.Header().Get("X-RateLimit-Remaining"), strconv.Itoa(9-i); got != want {
			t.Errorf("call %d: %s left, want %s", i, got, want)
		}
	}
	w := ask("203.0.113.77", "anna")
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "60" || w.Header().Get("RateLimit") != `"coupon";r=0;t=60` {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	if w := ask("203.0.113.77", "bert"); w.Code != 200 {
		t.Errorf("bert pays for anna: %d", w.Code)
	}
	now.Advance(59 * time.Second)
	if w := ask("203.0.113.77", "anna"); w.Code != http.StatusTooManyRequests {
		t.Errorf("a second early: %d", w.Code)
	}
	now.Advance(time.Second)
	if w := ask("203.0.113.77", "anna"); w.Code != 200 {
		t.Errorf("after a minute: %d", w.Code)
	}
	// guests of one address share 30, and an IPv6 household is one
	for i := range 30 {
		if w := ask("[2001:db8:0:1::"+strconv.Itoa(i+1)+"]", ""); w.Code != 200 {
			t.Fatalf("guest %d: %d", i, w.Code)
		}
	}
	if w := ask("[2001:db8:0:1::ffff]", ""); w.Code != http.StatusTooManyRequests {
		t.Errorf("guest 31: %d", w.Code)
	}
	if w := ask("[2001:db8:0:2::1]", ""); w.Code != 200 {
		t.Errorf("the neighbours: %d", w.Code)
	}
	// a bad token is counted by address, so guessing is slow
	for range 31 {
		w = ask("198.51.100.1", "guess")
	}
	if w.Code != http.StatusTooManyRequests {
		t.Errorf("guess 31: %d", w.Code)
	}
}

func TestLimitsOff(t *testing.T) {
	t.Parallel()
	r := httpapi.New(httpapi.Config{LimitsOff: true})
	(&shop{}).Routes(r)
	for range 100 {
		if w := alone(r, httptest.NewRequest("GET", "/api/v1/coupons", nil)); w.Code != 200 || w.Header().Get("RateLimit") != "" {
			t.Fatalf("%d %v", w.Code, w.Header())
		}
	}
}

// Guests are known by their cart, and what is no cart's id by their address.
func TestLimitsOfCarts(t *testing.T) {
	t.Parallel()
	now := clock.At(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	r := httpapi.New(httpapi.Config{Clock: now, Limits: httpapi.Limits{httpapi.LimitCart: {Caller: 2, Address: 6, Window: time.Minute}}})
	httpapi.Raw(r, "POST", "/api/v1/carts/{cart}/items", func(w http.ResponseWriter, _ *http.Request) error {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}, httpapi.Public("a test"))
	for i, step := range []struct {
		cart, peer string
		want       int
	}{
		{"one", "203.0.113.1", 204},
		{"one", "203.0.113.2", 204},
		{"one", "203.0.113.3", 429},
		{"two", "203.0.113.1", 204},
		{strings.Repeat("a", 50), "203.0.113.1", 204},
		{strings.Repeat("a", 50), "203.0.113.1", 204},
		{strings.Repeat("a", 50), "203.0.113.1", 204},
		{"three", "203.0.113.1", 204},
		{"four", "203.0.113.1", 429},
	} {
		req := httptest.NewRequest("POST", "/api/v1/carts/"+step.cart+"/items", nil)
		req.RemoteAddr = step.peer + ":1"
		if w := alone(r, req); w.Code != step.want {
			t.Errorf("step %d, cart %s from %s: %d, want %d", i, step.cart, step.peer, w.Code, step.want)
		}
	}
}

// A key has one quota for all that it reads, writes and does as staff, wherever
// it is used; a guess at a code stays as dear as for anybody.
func TestLimitsOfKeys(t *testing.T) {
	t.Parallel()
	now := clock.At(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	key := auth.Actor{Key: id.APIKey{15: 'k'}, Permissions: map[auth.Permission]bool{canRead: true}}
	r := httpapi.New(httpapi.Config{Clock: now, Authenticate: func(context.Context, *http.Request) (auth.Actor, error) { return key, nil }})
	(&shop{}).Routes(r)
	for i, step := range []struct{ path, policy, left string }{
		{"/api/v1/stored", `"key";q=1000;w=60`, "999"},
		{"/api/v1/cups?limit=1", `"key";q=1000;w=60`, "998"},
		{"/api/v1/coupons", `"coupon";q=10;w=600`, "9"},
	} {
		req := httptest.NewRequest("GET", step.path, nil)
		req.RemoteAddr = "203.0.113." + strconv.Itoa(i) + ":1"
		w := alone(r, req)
		if w.Code != http.StatusOK || w.Header().Get("RateLimit-Policy") != step.policy || w.Header().Get("X-RateLimit-Remaining") != step.left {
			t.Errorf("%s: %d %v", step.path, w.Code, w.Header())
		}
	}
}

package httpapi_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"souk/internal/clock"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/redis"
	"souk/internal/platform/redis/redistest"
)

// node is one of several that share a Redis.
type node struct {
	router  *httpapi.Router
	redis   *redis.Client
	now     *clock.Manual
	metrics *prometheus.Registry
}

// The quota of a day: nothing of it comes back while a test runs.
var daily = httpapi.Limits{httpapi.LimitCoupon: {Caller: 10, Address: 20, Window: 24 * time.Hour}}

func twoNodes(t *testing.T, server *redistest.Server) [2]*node {
	t.Helper()
	var nodes [2]*node
	for i := range nodes {
		n := &node{now: clock.At(time.Date(2026, 11, 22, 12+i, 0, 0, 0, time.UTC)), metrics: prometheus.NewRegistry()} // their clocks differ
		var err error
		if n.redis, err = redis.Open(server.URL, n.now, slog.New(slog.DiscardHandler)); err != nil {
			t.Fatal(err)
		}
		n.redis.Patience = 2 * time.Second // a busy machine must not count as a dead Redis
		t.Cleanup(n.redis.Close)
		n.router = httpapi.New(httpapi.Config{Clock: n.now, Authenticate: authenticate, Limits: daily, Redis: n.redis, Metrics: n.metrics})
		(&shop{}).Routes(n.router)
		nodes[i] = n
	}
	for _, n := range []*node{nodes[0], nodes[1], nodes[0]} {
		if err := n.redis.Beat(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return nodes
}

func (n *node) ask(peer, token string) *httptest.ResponseRecorder {
	req := httptest.NewRequest("GET", "/api/v1/coupons", nil)
	req.RemoteAddr = peer + ":1"
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return alone(n.router, req)
}

// fallbacks is how many requests the node has counted for itself.
func (n *node) fallbacks(t *testing.T) int {
	t.Helper()
	families, err := n.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "souk_rate_limit_fallbacks_total" {
			return int(f.GetMetric()[0].GetCounter().GetValue())
		}
	}
	t.Fatal("there is no meter of fallbacks")
	return 0
}

func TestNodesShareOneQuotaExactly(t *testing.T) {
	t.Parallel()
	for _, who := range []struct {
		name, token string
		peer        func(i int) string
		quota       int
	}{
		{"guests of one address", "", func(int) string { return "203.0.113.9" }, 20},
		{"a user of many addresses", "anna", func(i int) string { return "203.0.113." + strconv.Itoa(i) }, 10},
	} {
		t.Run(who.name, func(t *testing.T) {
			t.Parallel()
			nodes := twoNodes(t, redistest.Start(t))
			var (
				wait sync.WaitGroup
				let  atomic.Int64
				left sync.Map // what was announced to those who were let in
			)
			for i := range 50 {
				wait.Go(func() {
					if w := nodes[i%2].ask(who.peer(i), who.token); w.Code == http.StatusOK {
						let.Add(1)
						left.Store(w.Header().Get("X-RateLimit-Remaining"), true)
					}
				})
			}
			wait.Wait()
			if n := nodes[0].fallbacks(t) + nodes[1].fallbacks(t); n > 0 {
				t.Fatalf("%d requests were not counted in Redis", n)
			}
			if got := let.Load(); got != int64(who.quota) {
				t.Errorf("%d of 50 requests were let in, want %d", got, who.quota)
			}
			for i := range who.quota {
				if _, told := left.Load(strconv.Itoa(i)); !told {
					t.Errorf("nobody was told that %d are left", i)
				}
			}
			w := nodes[0].ask(who.peer(99), who.token)
			after, err := strconv.Atoi(w.Header().Get("Retry-After"))
			if w.Code != http.StatusTooManyRequests || err != nil || after < 1 || after > 86400/who.quota {
				t.Errorf("one more: %d %v", w.Code, w.Header())
			}
			if got, want := w.Header().Get("RateLimit-Policy"), `"coupon";q=`+strconv.Itoa(who.quota)+";w=86400"; got != want {
				t.Errorf("policy %s, want %s", got, want)
			}
		})
	}
}

func TestWhatIsCountedInRedisVanishesWithinItsWindow(t *testing.T) {
	t.Parallel()
	n := twoNodes(t, redistest.Start(t))[0]
	n.ask("203.0.113.9", "anna")
	ttl := redis.NewScript(`local all = {}
for i, key in ipairs(redis.call('KEYS', 'souk:limit:*')) do all[i] = redis.call('PTTL', key) end
return all`)
	got, err := n.redis.Eval(t.Context(), ttl, nil, nil)
	if err != nil || len(got) != 2 || min(got[0], got[1]) <= 0 || max(got[0], got[1]) > (24*time.Hour).Milliseconds() {
		t.Errorf("the keys of address and caller live %v ms more, %v", got, err)
	}
}

// A Redis that is gone makes the limits stricter or leaves them, never lifts
// them, and no request fails for it.
func TestWithoutRedisEachNodeCountsItsPart(t *testing.T) {
	t.Parallel()
	for _, failure := range []struct {
		name       string
		fail, mend func(*redistest.Server)
	}{
		{"dead", (*redistest.Server).Kill, (*redistest.Server).Restart},
		{"hanging", (*redistest.Server).Hang, (*redistest.Server).Wake},
	} {
		t.Run(failure.name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			nodes := twoNodes(t, server)
			failure.fail(server)
			for _, n := range nodes {
				for i := range 10 { // half of the address's 20
					w := n.ask("203.0.113.9", "")
					if w.Code != http.StatusOK || w.Header().Get("X-RateLimit-Remaining") != strconv.Itoa(9-i) {
						t.Fatalf("request %d: %d %v", i, w.Code, w.Header())
					}
					if got := w.Header().Get("RateLimit-Policy"); got != `"coupon";q=10;w=86400` {
						t.Errorf("policy %s", got)
					}
				}
				if w := n.ask("203.0.113.9", ""); w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "8640" {
					t.Errorf("over half of the quota: %d %v", w.Code, w.Header())
				}
				if got := n.fallbacks(t); got != 11 {
					t.Errorf("the meter shows %d requests counted here, want 11", got)
				}
			}
			failure.mend(server)
			for _, n := range nodes {
				back := false
				for range 100 { // to connect anew may be the first try
					n.now.Advance(time.Minute)
					if back = n.redis.Ping(t.Context()) == nil; back {
						break
					}
				}
				if !back {
					t.Fatal("Redis is back, but not for the node")
				}
				if w := n.ask("203.0.113.10", "bert"); w.Code != http.StatusOK || w.Header().Get("X-RateLimit-Limit") != "10" || n.fallbacks(t) != 11 {
					t.Errorf("with Redis back: %d %v, %d fallbacks", w.Code, w.Header(), n.fallbacks(t))
				}
			}
			if w := nodes[0].ask("203.0.113.10", "bert"); w.Header().Get("X-RateLimit-Remaining") != "7" { // each node knows of the other's
				t.Errorf("bert's third request in all: %v", w.Header())
			}
		})
	}
}

func TestTheIDOfACartIsNotInRedis(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	n := twoNodes(t, server)[0]
	httpapi.Raw(n.router, "POST", "/api/v1/carts/{cart}/items", func(w http.ResponseWriter, _ *http.Request) error {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}, httpapi.Public("a test"))
	req := httptest.NewRequest("POST", "/api/v1/carts/canary/items", nil)
	req.RemoteAddr = "203.0.113.9:1"
	if w := alone(n.router, req); w.Code != http.StatusNoContent {
		t.Fatal(w.Code)
	}
	find := redis.NewScript(`return {#redis.call('KEYS', 'souk:limit:*'), #redis.call('KEYS', '*canary*')}`)
	got, err := n.redis.Eval(t.Context(), find, nil, nil)
	if err != nil || got[0] != 2 || got[1] != 0 {
		t.Errorf("keys in all and with the cart's id: %v, %v", got, err)
	}
}

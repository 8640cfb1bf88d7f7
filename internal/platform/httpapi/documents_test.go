package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"souk/internal/platform/httpapi"
)

func demo(config httpapi.Config) *httpapi.Router {
	config.BaseURL = "https://shop.example"
	r := httpapi.New(config)
	(&shop{}).Routes(r)
	return r
}

// dig follows keys into a decoded document.
func dig(t *testing.T, v any, keys ...string) any {
	t.Helper()
	for _, k := range keys {
		m, ok := v.(map[string]any)
		if !ok || m[k] == nil {
			t.Fatalf("no %q of %v in %v", k, keys, v)
		}
		v = m[k]
	}
	return v
}

func TestOpenAPI(t *testing.T) {
	t.Parallel()
	doc, err := demo(httpapi.Config{}).OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	again, err := demo(httpapi.Config{}).OpenAPI()
	if err != nil || !bytes.Equal(doc, again) {
		t.Error("the document differs from one time to the next")
	}
	var d any
	if err := json.Unmarshal(doc, &d); err != nil {
		t.Fatal(err)
	}
	if got := dig(t, d, "openapi"); got != "3.1.0" {
		t.Errorf("openapi %v", got)
	}
	dig(t, d, "components", "securitySchemes", "bearerAuth")
	dig(t, d, "components", "schemas", "Problem", "properties", "request_id")
	dig(t, d, "paths", "/api/v1/cups", "get", "responses", "default", "content", "application/problem+json")
	for path, want := range map[string]string{
		"/api/v1/cups get": "list-cups", "/api/v1/cups post": "create-cup", "/api/v1/cups/{id} get": "get-cup",
		"/api/v1/admin/cups/{id} patch": "admin-update-cup", "/api/v1/admin/cups/{id} delete": "admin-delete-cup",
		"/api/v1/auth/login post": "auth-login",
	} {
		p, method, _ := strings.Cut(path, " ")
		if got := dig(t, d, "paths", p, method, "operationId"); got != want {
			t.Errorf("%s is %v, want %s", path, got, want)
		}
	}
	edit := dig(t, d, "paths", "/api/v1/admin/cups/{id}", "patch")
	if b, _ := json.Marshal(dig(t, edit, "security")); string(b) != `[{"bearerAuth":[]},{"password":[]}]` {
		t.Errorf("security %s", b)
	}
	if b, _ := json.Marshal(dig(t, edit, "tags")); string(b) != `["admin cups"]` {
		t.Errorf("tags %s", b)
	}
	parameters, _ := json.Marshal(dig(t, edit, "parameters"))
	for _, want := range []string{`"in":"header","name":"If-Match","required":true`, `"pattern":"^prod_`} {
		if !strings.Contains(string(parameters), want) {
			t.Errorf("no %s in %s", want, parameters)
		}
	}
	parameters, _ = json.Marshal(dig(t, d, "paths", "/api/v1/orders", "post", "parameters"))
	if !strings.Contains(string(parameters), `"name":"Idempotency-Key","required":true`) {
		t.Errorf("%s", parameters)
	}
	parameters, _ = json.Marshal(dig(t, d, "paths", "/api/v1/cups", "get", "parameters"))
	for _, want := range []string{`"name":"attr"`, `"style":"deepObject"`, `"name":"price[gte]"`, `"name":"limit"`, `"maximum":100`} {
		if !strings.Contains(string(parameters), want) {
			t.Errorf("no %s in %s", want, parameters)
		}
	}
	if got := dig(t, d, "components", "schemas", "CreateCupRequest", "additionalProperties"); got != false {
		t.Errorf("a body may hold anything: %v", got)
	}
	if got := dig(t, d, "components", "schemas", "CupList", "properties", "data", "type"); got != "array" {
		t.Errorf("a list is %v", got)
	}
	if strings.Contains(string(doc), "$schema") || strings.Contains(string(doc), `/healthz`) {
		t.Error("the document holds what it should not")
	}
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	r := demo(httpapi.Config{})
	if err := r.WriteRoutes(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`(?m)^PATCH  /api/v1/admin/cups/\{id\} +cups.edit +httpapi_test.shop.edit$`,
		`(?m)^GET    /api/v1/cups +public \(a shop window\) +httpapi_test.shop.list$`,
	} {
		if !regexp.MustCompile(want).MatchString(b.String()) {
			t.Errorf("no %s in\n%s", want, b.String())
		}
	}
	for _, route := range r.Routes() {
		if (route.Permission == "") == (route.PublicReason == "") || route.Handler == "" || route.OperationID == "" {
			t.Errorf("%+v", route)
		}
	}
}

func TestPostmanAndLLMs(t *testing.T) {
	t.Parallel()
	r := demo(httpapi.Config{})
	w := alone(r, httptest.NewRequest("GET", "/postman.json", nil))
	var collection struct {
		Info struct{ Schema string }
		Item []struct {
			Name string
			Item []struct {
				Name    string
				Request struct {
					Method string
					URL    struct{ Raw string }
					Body   struct{ Raw string }
				}
			}
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &collection); err != nil || w.Code != 200 {
		t.Fatalf("%d %v", w.Code, err)
	}
	found := map[string]string{}
	for _, folder := range collection.Item {
		for _, item := range folder.Item {
			found[item.Request.Method+" "+item.Request.URL.Raw] = folder.Name + ": " + item.Request.Body.Raw
		}
	}
	if got := found["PATCH {{base_url}}/api/v1/admin/cups/:id"]; !strings.HasPrefix(got, "admin cups: {") || !strings.Contains(got, `"name"`) {
		t.Errorf("%q in %v", got, found)
	}
	if !strings.Contains(collection.Info.Schema, "v2.1.0") {
		t.Error(collection.Info.Schema)
	}
	w = alone(r, httptest.NewRequest("GET", "/llms.txt", nil))
	if !strings.Contains(w.Body.String(), "- POST /api/v1/cups: Create cup\n") {
		t.Error(w.Body)
	}
}

// The page works offline: nothing in it comes from another host.
func TestDocs(t *testing.T) {
	t.Parallel()
	r := demo(httpapi.Config{})
	w := alone(r, httptest.NewRequest("GET", "/docs", nil))
	if w.Code == http.StatusServiceUnavailable { // built without make web
		if !strings.Contains(w.Body.String(), "make web") {
			t.Error(w.Body)
		}
		return
	}
	for _, link := range regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(w.Body.String(), -1) {
		got := alone(r, httptest.NewRequest("GET", link[1], nil))
		if !strings.HasPrefix(link[1], "/") || got.Code != 200 || got.Body.Len() == 0 {
			t.Errorf("%s: %d", link[1], got.Code)
		}
	}
	if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "script-src 'self';") || strings.Contains(csp, "http") {
		t.Error(csp)
	}
	if w := alone(r, httptest.NewRequest("GET", "/docs/embed.go", nil)); w.Code != 404 {
		t.Errorf("any file: %d", w.Code)
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	var why error
	var log strings.Builder
	r := httpapi.New(httpapi.Config{Ready: func(context.Context) error { return why }, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if w := alone(r, httptest.NewRequest("GET", "/readyz", nil)); w.Code != 200 {
		t.Errorf("ready: %d", w.Code)
	}
	why = errors.New("secret dsn")
	if w := alone(r, httptest.NewRequest("GET", "/readyz", nil)); w.Code != 503 || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("not ready: %d %s", w.Code, w.Body)
	}
	alone(r, httptest.NewRequest("GET", "/readyz", nil))
	if got := strings.Count(log.String(), "\n"); got != 1 || !strings.Contains(log.String(), "secret dsn") {
		t.Errorf("two probes are told that it is not ready, the log has %d lines: %s", got, &log)
	}
	why = nil
	alone(r, httptest.NewRequest("GET", "/readyz", nil))
	alone(r, httptest.NewRequest("GET", "/readyz", nil))
	if got := strings.Count(log.String(), "\n"); got != 2 {
		t.Errorf("it is ready again, the log has %d lines: %s", got, &log)
	}
	if w := alone(r, httptest.NewRequest("GET", "/healthz", nil)); w.Code != 200 {
		t.Errorf("alive: %d", w.Code)
	}
}

// Routes are labels, paths never are: their number has no bound.
func TestMetrics(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	r := demo(httpapi.Config{Metrics: registry})
	for _, path := range []string{"/api/v1/stored", "/api/v1/stored", "/api/v1/cups/prod_1", "/a", "/b"} {
		alone(r, httptest.NewRequest("GET", path, nil))
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			for _, l := range m.GetLabel() {
				name += " " + l.GetValue()
			}
			if m.GetCounter() != nil {
				got[name] = m.GetCounter().GetValue()
			}
		}
	}
	want := map[string]float64{
		"souk_http_requests_total GET /api/v1/cups/{id} 404": 1,
		"souk_http_requests_total GET /api/v1/stored 200":    2,
		"souk_http_requests_total any unmatched 404":         2,
		"souk_rate_limit_fallbacks_total":                    0,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

package httpapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"souk/internal/platform/httpapi"
)

func TestETag(t *testing.T) {
	t.Parallel()
	d := withDB(t)
	made := d.call(t, "POST", "/api/v1/cups", `{"name":"mug"}`)
	if made.StatusCode != 201 || made.Header.Get("ETag") != `"v1"` {
		t.Fatalf("%d %q %s", made.StatusCode, made.Header.Get("ETag"), made.body)
	}
	var c struct{ ID string }
	if err := json.Unmarshal([]byte(made.body), &c); err != nil {
		t.Fatal(err)
	}
	read := "/api/v1/cups/" + c.ID
	edit := "/api/v1/admin/cups/" + c.ID
	staff := []string{"Authorization", "Bearer staff"}
	steps := []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		etag                     string
	}{
		{"read", "GET", read, "", nil, 200, `"v1"`},
		{"read unchanged", "GET", read, "", []string{"If-None-Match", `"v1"`}, 304, `"v1"`},
		{"read unchanged, weakly", "GET", read, "", []string{"If-None-Match", `"v0", W/"v1"`}, 304, `"v1"`},
		{"read anything new", "GET", read, "", []string{"If-None-Match", `*`}, 304, `"v1"`},
		{"read changed", "GET", read, "", []string{"If-None-Match", `"v0"`}, 200, `"v1"`},
		{"edit", "PATCH", edit, `{"name":"jug"}`, append(staff, "If-Match", `"v1"`), 200, `"v2"`},
		{"edit again, stale", "PATCH", edit, `{"name":"pot"}`, append(staff, "If-Match", `"v1"`), 412, ""},
		{"read after", "GET", read, "", []string{"If-None-Match", `"v1"`}, 200, `"v2"`},
		{"head", "HEAD", read, "", nil, 200, `"v2"`},
		{"remove", "DELETE", edit, "", staff, 204, ""},
		{"gone", "GET", read, "", nil, 404, ""},
		{"stored", "GET", "/api/v1/stored", "", nil, 200, `"abc"`},
		{"stored unchanged", "GET", "/api/v1/stored", "", []string{"If-None-Match", `"abc"`}, 304, `"abc"`},
	}
	for _, s := range steps {
		a := d.call(t, s.method, s.path, s.body, s.headers...)
		if a.StatusCode != s.status || a.Header.Get("ETag") != s.etag {
			t.Fatalf("%s: %d %s, want %d %s: %s", s.name, a.StatusCode, a.Header.Get("ETag"), s.status, s.etag, a.body)
		}
		if (s.status == 304 || s.status == 204 || s.method == "HEAD") && a.body != "" {
			t.Errorf("%s: body %q", s.name, a.body)
		}
	}
	if a := d.call(t, "GET", "/api/v1/stored", ""); a.Header.Get("Cache-Control") != "public, max-age=60" || a.body != `{"name":"stored"}` {
		t.Errorf("%s %s", a.Header.Get("Cache-Control"), a.body)
	}
}

func TestIfMatchCheck(t *testing.T) {
	t.Parallel()
	for match, want := range map[string]bool{`"a"`: true, `"b", "a"`: true, `W/"a"`: false, `*`: false, ``: false, `a`: false} {
		if got := (httpapi.IfMatch{Match: match}).Check(`"a"`) == nil; got != want {
			t.Errorf("%s: %v", match, got)
		}
	}
}

func TestProblemExtra(t *testing.T) {
	t.Parallel()
	d := withDB(t)
	p := d.call(t, "POST", "/api/v1/cups", `{"name":"refused"}`).problem(t)
	if p.Available != 3 || p.Status != 409 || p.Detail != "There is not enough stock left." || p.Title != "Conflict" {
		t.Errorf("%+v", p)
	}
}

func TestLists(t *testing.T) {
	t.Parallel()
	d := open(t, nil)
	type page struct {
		Data       []struct{ Name string }
		HasMore    bool   `json:"has_more"`
		NextCursor string `json:"next_cursor"`
	}
	get := func(query string, headers ...string) (page, answer) {
		a := d.call(t, "GET", "/api/v1/cups"+query, "", headers...)
		var p page
		if a.StatusCode == 200 {
			if err := json.Unmarshal([]byte(a.body), &p); err != nil {
				t.Fatal(err)
			}
		}
		return p, a
	}
	var names string
	query, pages := "?limit=3", 0
	for {
		p, a := get(query)
		if a.StatusCode != 200 {
			t.Fatal(a.body)
		}
		for _, c := range p.Data {
			names += c.Name
		}
		pages++
		if p.HasMore != (p.NextCursor != "") {
			t.Fatalf("has_more %v, next_cursor %q", p.HasMore, p.NextCursor)
		}
		if !p.HasMore {
			break
		}
		query = "?limit=3&after=" + p.NextCursor
	}
	if names != "abcd" || pages != 2 {
		t.Fatalf("%s in %d pages", names, pages)
	}
	if _, a := get("?q=none"); !strings.HasPrefix(a.body, `{"data":[],"has_more":false,`) {
		t.Errorf("an empty list: %s", a.body)
	}

	first, _ := get("?limit=2&sort=name")
	cursor := first.NextCursor
	flipped := "A" + cursor[1:]
	if cursor[0] == 'A' {
		flipped = "B" + cursor[1:]
	}
	for name, tt := range map[string]struct {
		query   string
		headers []string
		status  int
	}{
		"the same list":     {"?sort=name&after=" + cursor, nil, 200},
		"another page size": {"?sort=name&limit=1&include=total_count&after=" + cursor, nil, 200},
		"another filter":    {"?sort=-name&after=" + cursor, nil, 422},
		"another caller":    {"?sort=name&after=" + cursor, []string{"Authorization", "Bearer anna"}, 422},
		"tampered":          {"?sort=name&after=" + flipped, nil, 422},
		"cut":               {"?sort=name&after=" + cursor[:10], nil, 422},
		"not base64":        {"?sort=name&after=!!!", nil, 422},
	} {
		if _, a := get(tt.query, tt.headers...); a.StatusCode != tt.status {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
		}
	}
	other := httpapi.NewCursors([]byte("another key")).Seal("", "b")
	if _, a := get("?sort=name&after=" + other); a.StatusCode != 422 {
		t.Errorf("a cursor of another key: %d", a.StatusCode)
	}
}

func TestQueryNames(t *testing.T) {
	t.Parallel()
	d := open(t, nil)
	a := d.call(t, "GET", "/api/v1/cups?price[gte]=5&attr[color]=red,blue&attr%5Bsize%5D=x&status=new,used", "")
	want := `"attributes":{"attr[color]":"red,blue","attr[size]":"x"},"min_price":5,"status":["new","used"]}`
	if a.StatusCode != 200 || !strings.HasSuffix(a.body, want) {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if a := d.call(t, "GET", "/api/v1/cups?price[gte]=-1", ""); a.StatusCode != 422 || a.problem(t).Errors[0].Pointer != "price[gte]" {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}

func TestEveryAnswer(t *testing.T) {
	t.Parallel()
	d := open(t, nil)
	for _, path := range []string{"/api/v1/cups", "/api/v1/admin/cups/x", "/nowhere", "/api/v1/panics", "//", "/openapi.json", "/healthz"} {
		a := d.call(t, "GET", path, "")
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
			"Cross-Origin-Opener-Policy": "same-origin", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
			"Cache-Control": "no-store", "Vary": "Origin",
		} {
			if got := a.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		if a.Header.Get("X-Request-Id") == "" || a.Header.Get("Permissions-Policy") == "" || !strings.Contains(a.Header.Get("Content-Type"), "charset=utf-8") {
			t.Errorf("%s: %v", path, a.Header)
		}
		want := "strict-origin-when-cross-origin"
		if strings.Contains(path, "/admin/") {
			want = "no-referrer"
		}
		if got := a.Header.Get("Referrer-Policy"); got != want {
			t.Errorf("%s: referrer policy %q", path, got)
		}
	}
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	d := open(t, nil)
	for given, kept := range map[string]bool{
		"order-1234_5.6": true, "short": false, "with space in it": false, "<script>alert": false, strings.Repeat("a", 129): false,
	} {
		a := d.call(t, "GET", "/nowhere", "", "X-Request-Id", given)
		if got := a.problem(t).RequestID; (got == given) != kept {
			t.Errorf("%q became %q", given, got)
		}
	}
}

// Ids in paths and tokens in queries are secrets: the log names routes.
func TestAccessLog(t *testing.T) {
	t.Parallel()
	d := open(t, nil)
	d.call(t, "GET", "/api/v1/cups/"+some+"?token=canary", "", "Authorization", "Bearer anna", "Cookie", "canary=1")
	d.call(t, "POST", "/api/v1/auth/login", `{"name":"canary"}`)
	logs := d.logs.String()
	if !strings.Contains(logs, `"route":"/api/v1/cups/{id}","status":422`) || !strings.Contains(logs, `"actor":"user_`) {
		t.Errorf("log: %s", logs)
	}
	for _, secret := range []string{some, "canary", "anna"} {
		if strings.Contains(logs, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

func TestCORS(t *testing.T) {
	t.Parallel()
	d := open(t, nil)
	preflight := []string{"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization"}
	tests := []struct {
		name, method, path, origin string
		headers                    []string
		status                     int
		allowed                    bool
	}{
		{"allowed", "GET", "/api/v1/cups", "https://app.example", nil, 200, true},
		{"preflight", "OPTIONS", "/api/v1/cups", "https://app.example", preflight, 204, true},
		{"stranger", "GET", "/api/v1/cups", "https://evil.example", nil, 200, false},
		{"stranger's preflight", "OPTIONS", "/api/v1/cups", "https://evil.example", preflight, 405, false},
		{"suffix", "OPTIONS", "/api/v1/cups", "https://app.example.evil.example", preflight, 405, false},
		{"other scheme", "GET", "/api/v1/cups", "http://app.example", nil, 200, false},
		{"null", "GET", "/api/v1/cups", "null", nil, 200, false},
		{"admin", "OPTIONS", "/api/v1/admin/cups/x", "https://app.example", preflight, 405, false},
	}
	for _, tt := range tests {
		a := d.call(t, tt.method, tt.path, "", append(tt.headers, "Origin", tt.origin)...)
		want := ""
		if tt.allowed {
			want = tt.origin
		}
		if got := a.Header.Get("Access-Control-Allow-Origin"); got != want || a.StatusCode != tt.status {
			t.Errorf("%s: %d, allowed %q", tt.name, a.StatusCode, got)
		}
		if a.Header.Get("Access-Control-Allow-Credentials") != "" || a.Header.Get("Vary") != "Origin" {
			t.Errorf("%s: %v", tt.name, a.Header)
		}
	}
}

func TestClientAddr(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, peer, forwarded, want string
	}{
		{"a stranger's claim", "203.0.113.9:1", "127.0.0.1", "203.0.113.9"},
		{"a proxy's word", "10.0.0.1:1", "198.51.100.7", "198.51.100.7"},
		{"a claim passed on by a proxy", "10.0.0.1:1", "127.0.0.1, 198.51.100.7", "198.51.100.7"},
		{"two proxies", "10.0.0.1:1", "198.51.100.7, 10.0.0.2", "198.51.100.7"},
		{"nonsense", "10.0.0.1:1", "for=evil", "10.0.0.1"},
		{"nothing", "10.0.0.1:1", "", "10.0.0.1"},
		{"mapped", "[::ffff:203.0.113.9]:1", "", "203.0.113.9"},
	}
	for _, tt := range tests {
		r := httpapi.New(httpapi.Config{TrustedProxies: cidrs("10.0.0.0/8")})
		var got string
		httpapi.Raw(r, "GET", "/who", func(_ http.ResponseWriter, req *http.Request) error {
			got = httpapi.ClientAddr(req.Context()).String()
			return nil
		}, httpapi.Public("a test"))
		req := httptest.NewRequest("GET", "/who", nil)
		req.RemoteAddr = tt.peer
		if tt.forwarded != "" {
			req.Header.Set("X-Forwarded-For", tt.forwarded)
		}
		alone(r, req)
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestNewRouteMustSayWho(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("a route that nobody decided who may use was mounted")
		}
	}()
	r := httpapi.New(httpapi.Config{})
	httpapi.Get(r, "/api/v1/x", (&shop{}).fails)
}

package app_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"souk/internal/app/apptest"
	"souk/internal/platform/pgtest"
)

// TestBadTransport is rows 9, 12, 13, 15 and 16: what net/http itself decides,
// on the socket of the shop.
func TestBadTransport(t *testing.T) {
	t.Parallel()
	a := apptest.Serve(t, pgtest.DB(t))
	cart := a.Basket(t, "", 1, a.Variant(t))
	host := strings.TrimPrefix(a.URL, "http://")
	head := "POST /api/v1/carts/" + cart.ID.String() + "/items HTTP/1.1\r\nHost: " + host + "\r\nContent-Type: application/json\r\n"
	get := func(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n" }
	path := "/api/v1/carts/" + cart.ID.String()
	tests := []struct {
		name, send string
		status     int
	}{
		{"row 9 length above the limit", head + "Content-Length: 99999999\r\n\r\n{", 413},
		{"row 9 endless chunks", head + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1000\r\n"+strings.Repeat(" ", 4096)+"\r\n", 100), 413},
		{"row 9 shorter than said", head + "Content-Length: 20\r\n\r\n{\"quantity\":1}", 400},
		{"row 12 both lengths", head + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400},
		{"row 12 line break in a header", head + "X-A: a\rb\r\nContent-Length: 0\r\n\r\n", 400},
		{"row 13 header of 17 KB", head + "X-Long: " + strings.Repeat("a", 17<<10) + "\r\n\r\n", 431},
		{"row 13 200 cookies", strings.TrimSuffix(get(path), "\r\n") + "Cookie: " + strings.Repeat("a=b; ", 200) + "\r\n\r\n", 431},
		{"row 14 no such method", strings.Replace(get(path), "GET", "PROPFIND", 1), 405},
		{"row 14 CONNECT", strings.Replace(get(path), "GET", "CONNECT", 1), 405},
		{"row 16 double slash", get("//api/v1/products"), 404},
		{"row 16 dots", get("/api/v1/x/../products"), 404},
		{"row 16 escaped dots", get("/api/v1/x/%2e%2e/products"), 404},
		{"row 16 escaped slash", get("/api/v1%2fproducts"), 404},
		{"row 16 escaped NUL", get(path + "%00"), 404},
		{"row 16 backslash", get("/api/v1/products/%5c"), 404},
		{"row 16 trailing slash", get("/api/v1/products/"), 404},
		{"row 16 double slash to another host", get("//evil.example/account"), 404},
		{"row 16 dots at the root", get("/../setup"), 404},
		{"row 16 escaped dots to a page", get("/account/%2E%2E/setup"), 404},
		{"row 16 escaped NUL behind a page", get("/setup%00"), 404},
		{"row 16 slash behind a page", get("/setup/"), 404},
		{"row 16 dots to another file", get("/assets/x/..%2fpages%2fhome.html"), 404},
		{"row 16 dots to another file, escaped twice", get("/media/%252e%252e%252fsecret.key"), 404},
		{"row 16 dots to the staff", get("/api/v1/products/..%2fadmin%2forders"), 404},
	}
	before := a.State(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			response := send(t, host, tt.send, tt.name == "row 9 shorter than said")
			defer func() { _ = response.Body.Close() }()
			body, _ := io.ReadAll(response.Body)
			if response.StatusCode != tt.status {
				t.Errorf("answered %d, want %d: %s", response.StatusCode, tt.status, body)
			}
			if tt.status == 413 && !response.Close {
				t.Error("the connection stays open")
			}
			if tt.status == 405 && response.Header.Get("Allow") == "" {
				t.Error("405 without Allow")
			}
		})
	}
	if changed := before.Changed(a.State(t)); len(changed) > 0 {
		t.Errorf("bad transport changed %v", changed)
	}
}

// send writes bytes to the shop and reads its answer; cut ends them early.
func send(t *testing.T, host, text string, cut bool) *http.Response {
	t.Helper()
	conn, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	go func() {
		_, _ = io.WriteString(conn, text) // the shop may stop reading: that is the point
		if cut {
			_ = conn.(*net.TCPConn).CloseWrite()
		}
	}()
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	return response
}

// Row 15: what a stranger says of hosts and addresses is not believed.
func TestForgedHost(t *testing.T) {
	t.Parallel()
	a := apptest.Serve(t, pgtest.DB(t))
	for _, path := range []string{"@/openapi.json", "@/llms.txt", "@/postman.json", "@/", "/products", "@/api/v1/products/"} {
		r := a.Request(t, "", "GET", path, "")
		r.Host = "evil.example"
		r.Header.Set("X-Forwarded-Host", "evil.example")
		r.Header.Set("X-Forwarded-Proto", "gopher")
		r.Header.Set("Forwarded", "host=evil.example")
		response, err := a.Client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		var headers strings.Builder
		_ = response.Header.Write(&headers)
		if said := headers.String() + string(body); strings.Contains(said, "evil.example") || strings.Contains(said, "gopher:") {
			t.Errorf("%s repeats the forged host: %s", path, said)
		}
	}
}

// Rows 15 and 34: the limiter counts the peer, whatever a header says, and says
// when to come back.
func TestLimits(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t), apptest.Limited())
	call := func(i int) apptest.Answer {
		return a.Call(t, "", "POST", "/checkout", `{}`, "Idempotency-Key", "k", "X-Forwarded-For", "198.51.100."+string(rune('0'+i%10)))
	}
	for i := range 30 {
		call(i).Want(t, 422)
	}
	if refused := call(31).Want(t, 429, "rate_limited"); refused.Header.Get("Retry-After") == "" || refused.Header.Get("RateLimit") == "" {
		t.Errorf("429 does not say when to come back: %v", refused.Header)
	}
	for range 300 {
		a.Call(t, "", "POST", "/carts", `{}`).Want(t, 201)
	}
	a.Call(t, "", "POST", "/carts", `{}`).Want(t, 429, "rate_limited")
	a.WantRows(t, "carts", 300)
}

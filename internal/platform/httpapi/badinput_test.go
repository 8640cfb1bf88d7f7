package httpapi_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"souk/internal/id"
)

// TestBadInput is rows 1 to 22 of the security page, with what the API
// contract says where the two differ.
func TestBadInput(t *testing.T) {
	t.Parallel()
	d := withDB(t)
	deep := strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000)
	tests := []struct {
		name    string
		method  string // POST unless told
		path    string // /api/v1/cups unless told
		headers []string
		body    string
		status  int
		code    string
		pointer string // of the first field
		field   string // its code
	}{
		{name: "1 wrong case", body: `{"NAME":"a"}`, status: 400, code: "unknown_field"},
		{name: "2 duplicate key", body: `{"name":"a","name":"b"}`, status: 400, code: "malformed_body", pointer: "/name", field: "duplicate_key"},
		{name: "2 duplicate key, one escaped", body: `{"name":"a","n\u0061me":"b"}`, status: 400, code: "malformed_body", pointer: "/name", field: "duplicate_key"},
		{name: "2 duplicate key within", body: `{"name":"a","items":[{"quantity":1,"quantity":2}]}`, status: 400, code: "malformed_body", pointer: "/items/0/quantity", field: "duplicate_key"},
		{name: "3 trailing object", body: `{"name":"a"} {"name":"b"}`, status: 400, code: "malformed_body", field: "trailing_data"},
		{name: "3 trailing brace", body: `{"name":"a"}}`, status: 400, code: "malformed_body", field: "trailing_data"},
		{name: "not JSON", body: `{name:"a"}`, status: 400, code: "malformed_body", field: "syntax"},
		{name: "cut off", body: `{"name":"a`, status: 400, code: "malformed_body", pointer: "/name", field: "syntax"},
		{name: "single quotes", body: `{'name':'a'}`, status: 400, code: "malformed_body", field: "syntax"},
		{name: "leading zero", body: `{"name":"a","quantity":01}`, status: 400, code: "malformed_body", pointer: "", field: "syntax"},
		{name: "NaN", body: `{"name":"a","quantity":NaN}`, status: 400, code: "malformed_body", pointer: "/quantity", field: "syntax"},
		{name: "empty", body: " ", status: 400, code: "malformed_body", field: "syntax"},
		{name: "no body", body: "", headers: []string{"Content-Type", "application/json"}, status: 400, code: "body_required"},
		{name: "4 null for a number", body: `{"name":"a","quantity":null}`, status: 422, code: "validation_failed", pointer: "/quantity", field: "null"},
		{name: "4 null for a text", body: `{"name":null}`, status: 422, code: "validation_failed", pointer: "/name", field: "wrong_type"},
		{name: "4 null for a list", body: `{"name":"a","items":null}`, status: 422, code: "validation_failed", pointer: "/items", field: "null"},
		{name: "4 null for an id", body: `{"name":"a","friend":null}`, status: 422, code: "validation_failed", pointer: "/friend", field: "null"},
		{name: "4 null in a map", body: `{"name":"a","labels":{"x":null}}`, status: 422, code: "validation_failed", pointer: "/labels/x", field: "wrong_type"},
		{name: "4 null where nullable", body: `{"name":"a","note":null}`, status: 201},
		{name: "5 invalid UTF-8", body: "{\"name\":\"a\xff\"}", status: 400, code: "malformed_body", field: "invalid_utf8"},
		{name: "5 lone surrogate", body: `{"name":"\ud800"}`, status: 400, code: "malformed_body", pointer: "/name", field: "lone_surrogate"},
		{name: "5 reversed pair", body: `{"name":"\udc00\ud800"}`, status: 400, code: "malformed_body", pointer: "/name", field: "lone_surrogate"},
		{name: "5 surrogate and a letter", body: `{"name":"\ud800\u0041"}`, status: 400, code: "malformed_body", pointer: "/name", field: "lone_surrogate"},
		{name: "5 a whole pair", body: `{"name":"\ud83d\ude00"}`, status: 201},
		{name: "6 NUL", body: `{"name":"a\u0000"}`, status: 422, code: "validation_failed", pointer: "/name", field: "nul"},
		{name: "6 NUL in a key", body: `{"\u0000":"a"}`, status: 422, code: "validation_failed", field: "nul"},
		{name: "6 bare NUL", body: "{\"name\":\"\x00\"}", status: 400, code: "malformed_body", pointer: "/name", field: "syntax"},
		{name: "7 unknown field", body: `{"name":"a","paid":true}`, status: 400, code: "unknown_field", pointer: "/paid", field: "unknown_field"},
		{name: "7 unknown field within", body: `{"name":"a","items":[{"quantity":1,"price":1}]}`, status: 400, code: "unknown_field", pointer: "/items/0/price", field: "unknown_field"},
		{name: "7 a field where none is", method: "DELETE", path: "/api/v1/admin/cups/" + some, headers: []string{"Authorization", "Bearer staff"}, body: `{"a":1}`, status: 400, code: "unknown_field", pointer: "/a", field: "unknown_field"},
		{name: "8 deep", body: deep, status: 400, code: "malformed_body", field: "too_deep"},
		{name: "8 long", body: `{"name":"a","items":[` + strings.Repeat(`0,`, 500_000) + `0]}`, status: 400, code: "malformed_body", field: "too_many", pointer: "/items"},
		{name: "9 too large", path: "/api/v1/orders", headers: []string{"Idempotency-Key", "k"}, body: `{"name":"` + strings.Repeat("a", 1024-11+1) + `"}`, status: 413, code: "body_too_large"},
		{name: "9 just not too large", path: "/api/v1/orders", headers: []string{"Idempotency-Key", "k"}, body: `{"name":"` + strings.Repeat("a", 1024-11) + `"}`, status: 422, code: "validation_failed", pointer: "/name", field: "too_long"},
		{name: "9 raw too large", path: "/api/v1/files/a", body: strings.Repeat("a", 101), status: 413, code: "body_too_large"},
		{name: "10 gzip", headers: []string{"Content-Encoding", "gzip"}, body: `{"name":"a"}`, status: 415, code: "unsupported_media_type"},
		{name: "11 text", headers: []string{"Content-Type", "text/plain"}, body: `{"name":"a"}`, status: 415, code: "unsupported_media_type"},
		{name: "11 form", headers: []string{"Content-Type", "application/x-www-form-urlencoded"}, body: `name=a`, status: 415, code: "unsupported_media_type"},
		{name: "11 missing", headers: []string{"Content-Type", ""}, body: `{"name":"a"}`, status: 415, code: "unsupported_media_type"},
		{name: "11 other charset", headers: []string{"Content-Type", "application/json; charset=utf-16"}, body: `{"name":"a"}`, status: 415, code: "unsupported_media_type"},
		{name: "11 look-alike", headers: []string{"Content-Type", "application/jsonp"}, body: `{"name":"a"}`, status: 415, code: "unsupported_media_type"},
		{name: "11 spelled another way", headers: []string{"Content-Type", `Application/JSON;charset="UTF-8"`}, body: `{"name":"a"}`, status: 201},
		{name: "13 cookies", headers: []string{"Cookie", strings.Repeat("a=b; ", 200)}, body: `{"name":"a"}`, status: 431, code: "too_many_cookies"},
		{name: "14 method", method: "PUT", body: `{}`, status: 405, code: "method_not_allowed"},
		{name: "14 TRACE", method: "TRACE", status: 405, code: "method_not_allowed"},
		{name: "14 override", method: "POST", path: "/api/v1/cups/" + some, headers: []string{"X-HTTP-Method-Override", "GET"}, status: 405, code: "method_not_allowed"},
		{name: "no route", method: "GET", path: "/api/v1/mugs", status: 404, code: "not_found"},
		{name: "16 double slash", method: "GET", path: "//api/v1/cups", status: 404, code: "not_found"},
		{name: "16 dots", method: "GET", path: "/api/v1/x/../cups", status: 404, code: "not_found"},
		{name: "16 escaped dots", method: "GET", path: "/api/v1/x/%2e%2e/cups", status: 404, code: "not_found"},
		{name: "16 escaped NUL", method: "GET", path: "/api/v1/cups/%00", status: 404, code: "not_found"},
		{name: "16 escaped slash", method: "GET", path: "/api/v1%2fcups", status: 404, code: "not_found"},
		{name: "16 backslash", method: "GET", path: "/api/v1/cups/%5c", status: 404, code: "not_found"},
		{name: "16 invalid UTF-8", method: "GET", path: "/api/v1/cups/%ff", status: 404, code: "not_found"},
		{name: "16 trailing slash", method: "GET", path: "/api/v1/cups/", status: 404, code: "not_found"},
		{name: "bad id", method: "GET", path: "/api/v1/cups/prod_1", status: 404, code: "not_found"},
		{name: "id of another kind", method: "GET", path: "/api/v1/cups/" + id.New[id.Order]().String(), status: 404, code: "not_found"},
		{name: "no such id", method: "GET", path: "/api/v1/cups/" + some, status: 404, code: "not_found"},
		{name: "18 repeated", method: "GET", path: "/api/v1/cups?limit=10&limit=99", status: 422, code: "validation_failed", pointer: "limit", field: "repeated"},
		{name: "18 repeated, escaped", method: "GET", path: "/api/v1/cups?limit=10&%6cimit=99", status: 422, code: "validation_failed", pointer: "limit", field: "repeated"},
		{name: "unknown parameter", method: "GET", path: "/api/v1/cups?colour=red", status: 422, code: "validation_failed", pointer: "colour", field: "unknown_parameter"},
		{name: "parameter in another case", method: "GET", path: "/api/v1/cups?LIMIT=1", status: 422, code: "validation_failed", pointer: "LIMIT", field: "unknown_parameter"},
		{name: "parameter where none is", method: "GET", path: "/api/v1/cups/" + some + "?a=1", status: 422, code: "validation_failed", pointer: "a", field: "unknown_parameter"},
		{name: "bare prefix", method: "GET", path: "/api/v1/cups?attr[=1", status: 422, code: "validation_failed", pointer: "attr[", field: "unknown_parameter"},
		{name: "semicolon", method: "GET", path: "/api/v1/cups?limit=1;q=2", status: 422, code: "validation_failed", field: "syntax"},
		{name: "bad escape", method: "GET", path: "/api/v1/cups?q=%zz", status: 422, code: "validation_failed", field: "syntax"},
		{name: "NUL in a parameter", method: "GET", path: "/api/v1/cups?q=%00", status: 422, code: "validation_failed", pointer: "q", field: "invalid"},
		{name: "invalid UTF-8 in a parameter", method: "GET", path: "/api/v1/cups?q=%ff", status: 422, code: "validation_failed", pointer: "q", field: "invalid"},
		{name: "17 value off the list", method: "GET", path: "/api/v1/cups?status=new,gone", status: 422, code: "validation_failed", pointer: "status", field: "not_allowed"},
		{name: "19 limit 0", method: "GET", path: "/api/v1/cups?limit=0", status: 422, code: "validation_failed", pointer: "limit", field: "too_small"},
		{name: "19 limit -1", method: "GET", path: "/api/v1/cups?limit=-1", status: 422, code: "validation_failed", pointer: "limit", field: "too_small"},
		{name: "19 limit 10^9", method: "GET", path: "/api/v1/cups?limit=1000000000", status: 422, code: "validation_failed", pointer: "limit", field: "too_large"},
		{name: "19 limit 10^30", method: "GET", path: "/api/v1/cups?limit=1000000000000000000000000000000", status: 422, code: "validation_failed", pointer: "limit", field: "wrong_type"},
		{name: "19 limit ten", method: "GET", path: "/api/v1/cups?limit=ten", status: 422, code: "validation_failed", pointer: "limit", field: "wrong_type"},
		{name: "19 cursor made up", method: "GET", path: "/api/v1/cups?after=abc", status: 422, code: "validation_failed", pointer: "after", field: "invalid_cursor"},
		{name: "20 sort off the list", method: "GET", path: "/api/v1/cups?sort=password_hash", status: 422, code: "validation_failed", pointer: "sort", field: "not_allowed"},
		{name: "20 include off the list", method: "GET", path: "/api/v1/cups?include=vendor.bank_account", status: 422, code: "validation_failed", pointer: "include", field: "not_allowed"},
		{name: "20 fields", method: "GET", path: "/api/v1/cups?fields=*", status: 422, code: "validation_failed", pointer: "fields", field: "unknown_parameter"},
		{name: "21 no If-Match", method: "PATCH", path: "/api/v1/admin/cups/" + some, headers: []string{"Authorization", "Bearer staff"}, body: `{"name":"b"}`, status: 428, code: "precondition_required"},
		{name: "21 stale", method: "PATCH", path: "/api/v1/admin/cups/" + some, headers: []string{"Authorization", "Bearer staff", "If-Match", `"v7"`}, body: `{"name":"b"}`, status: 412, code: "precondition_failed"},
		{name: "21 weak", method: "PATCH", path: "/api/v1/admin/cups/" + some, headers: []string{"Authorization", "Bearer staff", "If-Match", `W/"v7"`}, body: `{"name":"b"}`, status: 412, code: "precondition_failed"},
		{name: "21 any", method: "PATCH", path: "/api/v1/admin/cups/" + some, headers: []string{"Authorization", "Bearer staff", "If-Match", `*`}, body: `{"name":"b"}`, status: 412, code: "precondition_failed"},
		{name: "22 key missing", path: "/api/v1/orders", body: `{"name":"a"}`, status: 400, code: "idempotency_key_required"},
		{name: "22 key empty", path: "/api/v1/orders", headers: []string{"Idempotency-Key", " "}, body: `{"name":"a"}`, status: 400, code: "idempotency_key_invalid"},
		{name: "22 key of 256", path: "/api/v1/orders", headers: []string{"Idempotency-Key", strings.Repeat("k", 256)}, body: `{"name":"a"}`, status: 400, code: "idempotency_key_invalid"},
		{name: "22 key of 255", path: "/api/v1/orders", headers: []string{"Idempotency-Key", strings.Repeat("k", 255)}, body: `{"name":"a"}`, status: 201},
		{name: "22 key with a space", path: "/api/v1/orders", headers: []string{"Idempotency-Key", "a b"}, body: `{"name":"a"}`, status: 400, code: "idempotency_key_invalid"},
		{name: "23 quantity of 1.5", body: `{"name":"a","quantity":1.5}`, status: 422, code: "validation_failed", pointer: "/quantity", field: "wrong_type"},
		{name: "23 quantity of 1.0", body: `{"name":"a","quantity":1.0}`, status: 422, code: "validation_failed", pointer: "/quantity", field: "wrong_type"},
		{name: "23 quantity of 1e3", body: `{"name":"a","quantity":1e3}`, status: 422, code: "validation_failed", pointer: "/quantity", field: "wrong_type"},
		{name: "23 quantity in quotes", body: `{"name":"a","quantity":"2"}`, status: 422, code: "validation_failed", pointer: "/quantity", field: "wrong_type"},
		{name: "23 quantity of -1", body: `{"name":"a","items":[{"quantity":1},{"quantity":-1}]}`, status: 422, code: "validation_failed", pointer: "/items/1/quantity", field: "too_small"},
		{name: "23 quantity of 2^31", body: `{"name":"a","quantity":2147483648}`, status: 422, code: "validation_failed", pointer: "/quantity", field: "too_large"},
		{name: "23 quantity of 2^63", body: `{"name":"a","items":[{"quantity":9223372036854775808}]}`, status: 422, code: "validation_failed", pointer: "/items/0/quantity", field: "wrong_type"},
		{name: "23 shelf of 2^31", body: `{"name":"a","items":[{"quantity":1,"shelf":2147483648}]}`, status: 422, code: "validation_failed", pointer: "/items/0/shelf", field: "out_of_range"},
		{name: "23 shelf of -2^31", body: `{"name":"a","items":[{"quantity":1,"shelf":-2147483648}]}`, status: 201},
		{name: "23 quantity of 1e999", body: `{"name":"a","quantity":1e999}`, status: 422, code: "validation_failed", pointer: "/quantity", field: "too_large"},
		{name: "missing", body: `{}`, status: 422, code: "validation_failed", pointer: "/name", field: "required"},
		{name: "missing within", body: `{"name":"a","items":[{}]}`, status: 422, code: "validation_failed", pointer: "/items/0/quantity", field: "required"},
		{name: "too short", body: `{"name":""}`, status: 422, code: "validation_failed", pointer: "/name", field: "too_short"},
		{name: "array for an object", body: `[]`, status: 422, code: "validation_failed", field: "wrong_type"},
		{name: "bad id in the body", body: `{"name":"a","friend":"prod_1"}`, status: 422, code: "validation_failed", pointer: "/friend", field: "bad_format"},
		{name: "refused by the handler", body: `{"name":"refused"}`, status: 409, code: "sold_out"},
		{name: "broken", body: `{"name":"broken"}`, status: 500, code: "internal_error"},
		{name: "panic in a transaction", body: `{"name":"panic"}`, status: 500, code: "internal_error"},
		{name: "panic", method: "GET", path: "/api/v1/panics", status: 500, code: "internal_error"},
		{name: "plain error", method: "GET", path: "/api/v1/fails", status: 500, code: "internal_error"},
		{name: "raw refusal", path: "/api/v1/files/none", status: 404, code: "not_found"},
		{name: "stream refusal", method: "GET", path: "/api/v1/events?fail=true", status: 404, code: "not_found"},
		{name: "no token", method: "GET", path: "/api/v1/admin/cups/" + some, status: 401, code: "unauthenticated"},
		{name: "bad token", method: "GET", path: "/api/v1/admin/cups/" + some, headers: []string{"Authorization", "Bearer x"}, status: 401, code: "unauthenticated"},
		{name: "bad token where none is needed", method: "GET", path: "/api/v1/cups", headers: []string{"Authorization", "Bearer x"}, status: 401, code: "unauthenticated"},
		{name: "bad token at log in", path: "/api/v1/auth/login", headers: []string{"Authorization", "Bearer x"}, body: `{"name":"a"}`, status: 200},
		{name: "no permission", method: "GET", path: "/api/v1/admin/cups/" + some, headers: []string{"Authorization", "Bearer anna"}, status: 403, code: "forbidden"},
		{name: "page of another site", headers: []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, body: `{"name":"a"}`, status: 403, code: "cross_origin"},
		{name: "older browser, another site", headers: []string{"Origin", "https://evil.example"}, body: `{"name":"a"}`, status: 403, code: "cross_origin"},
		{name: "page of an allowed site", headers: []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://app.example"}, body: `{"name":"a"}`, status: 201},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			method, path := tt.method, tt.path
			if method == "" {
				method = "POST"
			}
			if path == "" {
				path = "/api/v1/cups"
			}
			a := d.call(t, method, path, tt.body, tt.headers...)
			if a.StatusCode != tt.status {
				t.Fatalf("%s %s: status %d, want %d: %s", method, path, a.StatusCode, tt.status, a.body)
			}
			if tt.status < 400 {
				return
			}
			p := a.problem(t)
			if p.Code != tt.code {
				t.Errorf("code %q, want %q: %s", p.Code, tt.code, a.body)
			}
			if tt.field != "" && (len(p.Errors) == 0 || p.Errors[0].Code != tt.field || tt.pointer != "" && p.Errors[0].Pointer != tt.pointer) {
				t.Errorf("errors %v, want first %s at %q", p.Errors, tt.field, tt.pointer)
			}
			if strings.Contains(a.body, "secret dsn") || strings.Contains(a.body, "oh no") {
				t.Errorf("the answer shows the inside: %s", a.body)
			}
			if tt.status == 413 && !a.Close {
				t.Error("the connection stays open")
			}
			if tt.status == 405 && a.Header.Get("Allow") == "" {
				t.Error("405 without Allow")
			}
			if tt.status == 401 && a.Header.Get("WWW-Authenticate") != "Bearer" {
				t.Error("401 without WWW-Authenticate")
			}
		})
	}
	if logs := d.logs.String(); !strings.Contains(logs, "secret dsn") || !strings.Contains(logs, "oh no") || !strings.Contains(logs, "goroutine") {
		t.Error("what went wrong inside is not in the log")
	}
}

var some = id.New[id.Product]().String()

// A value that was refused is not sent back: it may be a password.
func TestValidationNeverEchoes(t *testing.T) {
	t.Parallel()
	d := open(t, nil)
	for _, body := range []string{
		`{"name":"hunter2 hunter2 hunter2 hunter2"}`, `{"name":["hunter2"]}`, `{"name":"a","friend":"hunter2"}`,
		`{"name":"a","quantity":"hunter2"}`, `{"name":"hunter2","name":"hunter2"}`, `{"name":"hunter2\u0000"}`, `{"name":"hunter2`,
	} {
		a := d.call(t, "POST", "/api/v1/cups", body)
		if a.StatusCode < 400 || strings.Contains(a.body, "hunter2") {
			t.Errorf("%s: %d %s", body, a.StatusCode, a.body)
		}
	}
	a := d.call(t, "GET", "/api/v1/cups?limit=hunter2&sort=hunter2", "")
	if a.StatusCode != 422 || strings.Contains(a.body, "hunter2") || len(a.problem(t).Errors) != 2 {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}

// What net/http itself must refuse, and bodies whose length is a lie.
func TestBadTransport(t *testing.T) {
	t.Parallel()
	d := open(t, nil)
	addr := strings.TrimPrefix(d.url, "http://")
	head := "POST /api/v1/cups HTTP/1.1\r\nHost: " + addr + "\r\nContent-Type: application/json\r\n"
	tests := []struct {
		name   string
		send   string
		status int
	}{
		{"12 both lengths", head + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400},
		{"12 two lengths", head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n{\"a\":1", 400},
		{"12 line break in a header", head + "X-A: a\rb\r\nContent-Length: 0\r\n\r\n", 400},
		{"12 space before the colon", head + "Content-Length : 5\r\n\r\n", 400},
		{"13 header of 17 KB", head + "X-Long: " + strings.Repeat("a", 17<<10) + "\r\n\r\n", 431},
		{"9 length above the limit", head + "Content-Length: 99999999\r\n\r\n{", 413},
		{"9 endless chunks", head + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1000\r\n"+strings.Repeat(" ", 4096)+"\r\n", 300), 413},
		{"9 shorter than said", head + "Content-Length: 20\r\n\r\n{\"name\":\"a\"}", 400},
		{"no host", "GET /api/v1/cups HTTP/1.1\r\n\r\n", 400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
				t.Fatal(err)
			}
			go func() {
				_, _ = io.WriteString(conn, tt.send) // the server may stop reading: that is the point
				if tt.name == "9 shorter than said" {
					_ = conn.(*net.TCPConn).CloseWrite()
				}
			}()
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatalf("no answer: %v", err)
			}
			defer resp.Body.Close()
			body, _ := io.ReadAll(resp.Body)
			if resp.StatusCode != tt.status {
				t.Fatalf("status %d, want %d: %s", resp.StatusCode, tt.status, body)
			}
			if tt.status == 413 && !resp.Close {
				t.Error("the connection stays open")
			}
		})
	}
}

// A header block of nearly 16 KB is read.
func TestLongHeader(t *testing.T) {
	t.Parallel()
	d := open(t, nil)
	if a := d.call(t, "GET", "/api/v1/stored", "", "X-Long", strings.Repeat("a", 15<<10)); a.StatusCode != 200 {
		t.Fatalf("status %d", a.StatusCode)
	}
}

// Row 15: what a stranger says of hosts and addresses is not believed.
func TestForgedHost(t *testing.T) {
	t.Parallel()
	d := open(t, nil)
	req, err := http.NewRequestWithContext(t.Context(), "GET", d.url+"/llms.txt", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "evil.example"
	req.Header.Set("X-Forwarded-Host", "evil.example")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != 200 || !strings.Contains(string(body), "https://shop.example") || strings.Contains(fmt.Sprint(resp.Header)+string(body), "evil") {
		t.Fatalf("%d %v %s", resp.StatusCode, resp.Header, body)
	}
}

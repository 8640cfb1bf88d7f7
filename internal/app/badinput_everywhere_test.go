package app_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"souk/internal/app/apptest"
	"souk/internal/auth"
	"souk/internal/platform/pgtest"
)

// An operation of the OpenAPI document, as far as these tests look.
type operation struct {
	method, path string
	Parameters   []struct{ Name, In string }
	RequestBody  *struct {
		Content map[string]json.RawMessage
	}
}

func (o operation) takesJSON() bool {
	return o.RequestBody != nil && o.RequestBody.Content["application/json"] != nil
}

func (o operation) takes(parameter string) bool {
	return slices.ContainsFunc(o.Parameters, func(p struct{ Name, In string }) bool { return p.In == "query" && p.Name == parameter })
}

// operations lists what the shop documents.
func operations(t *testing.T, a *apptest.App) (list []operation) {
	t.Helper()
	document, err := a.Router.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(document, &doc); err != nil {
		t.Fatal(err)
	}
	for path, item := range doc.Paths {
		for method, text := range item {
			o := operation{method: strings.ToUpper(method), path: path}
			if err := json.Unmarshal(text, &o); err != nil {
				t.Fatalf("%s %s: %v", method, path, err)
			}
			list = append(list, o)
		}
	}
	slices.SortFunc(list, func(a, b operation) int { return strings.Compare(a.path+a.method, b.path+b.method) })
	return list
}

// introduce makes a vendor's owner and a member of staff, who may do everything
// between them.
func introduce(t *testing.T, a *apptest.App) {
	t.Helper()
	a.Owner(t, "everybody")
	a.User(t, apptest.Admin, auth.RoleAdmin)
}

// whoMay is who gets past the door of a path.
func whoMay(path string) string {
	if strings.HasPrefix(path, "/api/v1/admin/") {
		return apptest.Admin
	}
	return "everybody"
}

// TestBadBodiesEverywhere is rows 1 to 11 of the security page for every
// operation that reads JSON.
func TestBadBodiesEverywhere(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	introduce(t, a)
	deep := strings.Repeat(`{"a":`, 1000) + "1" + strings.Repeat("}", 1000) // within the least limit of bodies
	bodies := []struct {
		name   string
		body   string
		header []string
		status int
	}{
		{name: "row 1 and 7 unknown field", body: `{"No_Such_Field": 7}`, status: 400},
		{name: "row 2 duplicate key", body: `{"id": 1, "id": 9}`, status: 400},
		{name: "row 3 trailing data", body: `{} {}`, status: 400},
		{name: "row 5 invalid UTF-8", body: "{\"id\": \"\xff\"}", status: 400},
		{name: "row 5 lone surrogate", body: `{"id": "\ud800"}`, status: 400},
		{name: "row 6 NUL", body: `{"id": "a\u0000"}`, status: 422},
		{name: "row 8 nesting of 1,000", body: deep, status: 400},
		{name: "row 9 a byte too large", body: `{"id": "` + strings.Repeat("a", 256<<10) + `"}`, status: 413},
		{name: "row 10 gzip", body: `{}`, header: []string{"Content-Encoding", "gzip"}, status: 415},
		{name: "row 11 text", body: `{}`, header: []string{"Content-Type", "text/plain"}, status: 415},
		{name: "row 11 form", body: `a=b`, header: []string{"Content-Type", "application/x-www-form-urlencoded"}, status: 415},
		{name: "row 11 multipart", body: `{}`, header: []string{"Content-Type", "multipart/form-data; boundary=x"}, status: 415},
	}
	before, checked := a.State(t), 0
	for _, o := range operations(t, a) {
		if !o.takesJSON() {
			continue
		}
		checked++
		t.Run(o.method+" "+o.path, func(t *testing.T) {
			for _, b := range bodies {
				headers := append([]string{"If-Match", `"v1"`, "Idempotency-Key", "k"}, b.header...)
				got := a.Call(t, whoMay(o.path), o.method, "@"+strings.NewReplacer("{", "", "}", "").Replace(o.path), b.body, headers...)
				if got.Status != b.status || !got.IsProblem() {
					t.Errorf("%s: answered %d, want a problem with %d: %.500s", b.name, got.Status, b.status, got.Body)
				}
				if got.Status == 413 && got.Header.Get("Connection") != "close" {
					t.Errorf("%s: the connection stays open", b.name)
				}
				got.LacksEcho(t, "", b.body)
			}
		})
	}
	if checked < 30 {
		t.Errorf("only %d operations read JSON: has the document changed its form?", checked)
	}
	if changed := before.Changed(a.State(t)); len(changed) > 0 {
		t.Errorf("bad bodies changed %v", changed)
	}
}

// TestBadQueriesEverywhere is rows 17 to 20 for every operation, and for every
// list.
func TestBadQueriesEverywhere(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	introduce(t, a)
	ask := func(t *testing.T, o operation, query string, name string) {
		t.Helper()
		if strings.Contains(o.path, "/oidc/{provider}/") {
			return // browsers come with what providers add, which RFC 6749 has us ignore
		}
		path := strings.NewReplacer("{", "", "}", "").Replace(o.path) + "?" + query
		got := a.Call(t, whoMay(o.path), o.method, "@"+path, "", "If-Match", `"v1"`, "Idempotency-Key", "k")
		if got.Status != 422 || got.Code() != "validation_failed" {
			t.Errorf("%s: %s: answered %d, want 422: %.500s", name, query, got.Status, got.Body)
		}
		got.LacksEcho(t, path, "")
	}
	lists := 0
	for _, o := range operations(t, a) {
		if !strings.HasPrefix(o.path, "/api/v1/") || o.RequestBody != nil && !o.takesJSON() { // forms and files read for themselves
			continue
		}
		t.Run(o.method+" "+o.path, func(t *testing.T) {
			ask(t, o, "no_such=1", "row 20 unknown parameter")
			ask(t, o, "filter[customer.email]=a@example.com", "row 20 filter")
			ask(t, o, "fields=*", "row 20 fields")
			if !o.takes("limit") {
				return
			}
			lists++
			ask(t, o, "limit=10&limit=9999", "row 18 repeated")
			if strings.Contains(o.path, "{") { // is refused for its path before
				return
			}
			for _, limit := range []string{"0", "-1", "1000000000", "1e1", "ten", "10000000000000000000000"} {
				ask(t, o, "limit="+limit, "row 19 limit")
			}
			ask(t, o, "sort=password_hash", "row 20 sort")
			ask(t, o, "include=vendor.bank_account", "row 20 include")
			for _, after := range []string{"abcdef", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "%27%20OR%201=1", strings.Repeat("a", 2001)} {
				ask(t, o, "after="+after, "row 19 cursor")
			}
		})
	}
	if lists < 10 {
		t.Errorf("only %d lists: has the document changed its form?", lists)
	}
}

package idp_test

import (
	"strings"
	"testing"

	"souk/internal/app/apptest"
	"souk/internal/id"
	"souk/internal/idp"
	"souk/internal/platform/pgtest"
)

func userOf(t *testing.T, me map[string]any) id.User {
	t.Helper()
	user, err := id.Parse[id.User](me["id"].(string))
	if err != nil {
		t.Fatal(err)
	}
	return user
}

// Staff keep the list; a secret goes in and never comes out.
func TestLoginProviders(t *testing.T) {
	shop := open(t)
	made := shop.Call(t, apptest.Admin, "POST", "/admin/login-providers", `{"slug": "google", "preset": "google", "client_id": "souk", "client_secret": "canary-secret"}`)
	made.Want(t, 201, `"name":"Google"`, `"issuer":"https://accounts.google.com"`, `"scopes":["openid","email","profile"]`, `"enabled":false`, `"has_secret":true`,
		`"callback_url":"http://shop.test/api/v1/auth/oidc/google/callback"`)
	path := "/admin/login-providers/" + apptest.Read[idp.Provider](t, made).ID.String()
	shown := shop.Call(t, apptest.Admin, "GET", path, "").Want(t, 200)
	if got := shown.Header.Get("ETag"); got != asMade {
		t.Errorf("ETag is %s", got)
	}
	edited := shop.Call(t, apptest.Admin, "PATCH", path, `{"client_secret": "canary-secret-2", "name": "G", "position": 2}`, "If-Match", asMade).Want(t, 200, `"name":"G"`)
	listed := shop.Call(t, apptest.Admin, "GET", "/admin/login-providers?include=total_count", "").Want(t, 200, `"total_count":1`)
	for _, answer := range []apptest.Answer{made, shown, edited, listed} {
		if strings.Contains(answer.Body, "canary") {
			t.Errorf("the secret is shown: %s", answer.Body)
		}
	}
	if got := scalar[int](t, shop, `SELECT count(*)::int FROM login_providers p WHERE p::text LIKE '%canary%' OR position('canary' IN encode(secret_sealed, 'escape')) > 0`, nil); got != 0 {
		t.Error("the secret is kept as it is")
	}
	shop.Call(t, apptest.Admin, "PATCH", path, `{"name": "H"}`, "If-Match", asMade).Want(t, 412)
	shop.Call(t, apptest.Admin, "PATCH", path, `{"name": "H"}`).Want(t, 428)
	shop.Call(t, apptest.Admin, "DELETE", path, "").Want(t, 428)
	shop.Call(t, apptest.Admin, "POST", "/admin/login-providers", `{"slug": "google", "preset": "github", "client_id": "a", "client_secret": "b"}`).Want(t, 409, "slug_taken")
	shop.Call(t, apptest.Admin, "DELETE", path, "", "If-Match", `"v2"`).Want(t, 204)
	shop.Call(t, apptest.Admin, "GET", path, "").Want(t, 404)

	shop.User(t, "ann")
	for _, call := range [][2]string{{"GET", ""}, {"POST", ""}, {"GET", "/x"}, {"PATCH", "/x"}, {"DELETE", "/x"}, {"POST", "/x/test"}} {
		shop.Call(t, "ann", call[0], "/admin/login-providers"+call[1], "").Want(t, 403)
		shop.Call(t, "", call[0], "/admin/login-providers"+call[1], "").Want(t, 401)
	}
}

// What cannot work is refused when it is written.
func TestBadLoginProviders(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t)) // which calls public addresses only
	key, _ := appleKey(t)
	for _, test := range []struct{ body, pointer string }{
		{`"slug": "A", "preset": "google", "client_id": "a", "client_secret": "b"`, "/slug"},
		{`"slug": "-a", "preset": "google", "client_id": "a", "client_secret": "b"`, "/slug"},
		{`"slug": "a", "preset": "google", "client_id": " ", "client_secret": "b"`, "/client_id"},
		{`"slug": "a", "preset": "google", "client_id": "a"`, "/client_secret"},
		{`"slug": "a", "preset": "google", "client_id": "a", "client_secret": ""`, "/client_secret"},
		{`"slug": "a", "preset": "github", "client_id": "a"`, "/client_secret"},
		{`"slug": "a", "preset": "oidc", "client_id": "a", "name": "A"`, "/issuer"},
		{`"slug": "a", "preset": "oidc", "client_id": "a", "issuer": "https://login.example.com"`, "/name"},
		{`"slug": "a", "preset": "oidc", "client_id": "a", "name": "A", "issuer": "http://login.example.com"`, "/issuer"},
		{`"slug": "a", "preset": "oidc", "client_id": "a", "name": "A", "issuer": "https://127.0.0.1"`, "/issuer"},
		{`"slug": "a", "preset": "oidc", "client_id": "a", "name": "A", "issuer": "https://169.254.169.254/latest"`, "/issuer"},
		{`"slug": "a", "preset": "oidc", "client_id": "a", "name": "A", "issuer": "https://login.example.com?a=b"`, "/issuer"},
		{`"slug": "a", "preset": "oidc", "client_id": "a", "name": "A", "issuer": "https://login.example.com", "scopes": ["email"]`, "/scopes"},
		{`"slug": "a", "preset": "oidc", "client_id": "a", "name": "A", "issuer": "https://login.example.com", "scopes": ["openid", "a b"]`, "/scopes"},
		{`"slug": "a", "preset": "apple", "client_id": "a"`, "/apple"},
		{`"slug": "a", "preset": "apple", "client_id": "a", "client_secret": "b"` + key, "/client_secret"},
		{`"slug": "a", "preset": "apple", "client_id": "a", "apple": {"team_id": "T", "key_id": "K", "private_key": "nonsense"}`, "/apple/private_key"},
		{`"slug": "a", "preset": "google", "client_id": "a", "client_secret": "b"` + key, "/apple"},
		{`"slug": "a", "preset": "myspace", "client_id": "a", "client_secret": "b"`, "/preset"},
	} {
		shop.Call(t, apptest.Admin, "POST", "/admin/login-providers", `{`+test.body+`}`).Want(t, 422, `"pointer":"`+test.pointer)
	}
	shop.WantRows(t, "login_providers", 0)
}

// Another issuer may call others by the names that people here are known by; and
// a provider that people use does not vanish.
func TestAProviderInUse(t *testing.T) {
	shop := open(t)
	l, other := lie(t), lie(t)
	p := provider(t, shop, "liar", idp.OIDC, l.URL, withSecret)
	path := "/admin/login-providers/" + p.ID.String()
	shop.Call(t, apptest.Admin, "PATCH", path, `{"issuer": "`+other.URL+`"}`, "If-Match", asMade).Want(t, 200)
	shop.Call(t, apptest.Admin, "PATCH", path, `{"issuer": "`+l.URL+`"}`, "If-Match", `"v2"`).Want(t, 200)
	b := surf(t, shop)
	b.comeBack(visit(t, b.start("liar", "")))
	shop.Call(t, apptest.Admin, "PATCH", path, `{"issuer": "`+other.URL+`"}`, "If-Match", `"v3"`).Want(t, 409, "issuer_in_use")
	shop.Call(t, apptest.Admin, "DELETE", path, "", "If-Match", `"v3"`).Want(t, 409, "provider_in_use")
	shop.Call(t, apptest.Admin, "PATCH", path, `{"name": "L"}`, "If-Match", `"v3"`).Want(t, 200)
}

// A provider that is switched off while the browser is away lets nobody in.
func TestSwitchedOffOnTheWay(t *testing.T) {
	shop := open(t)
	p := provider(t, shop, "liar", idp.OIDC, lie(t).URL, withSecret)
	b := surf(t, shop)
	back := visit(t, b.start("liar", ""))
	shop.Call(t, apptest.Admin, "PATCH", "/admin/login-providers/"+p.ID.String(), `{"enabled": false}`, "If-Match", asMade).Want(t, 200)
	wantRefused(t, b, b.comeBack(back), "not_found")
}

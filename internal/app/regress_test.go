package app_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/app/apptest"
	"souk/internal/id"
	"souk/internal/platform/pgtest"
)

// What went wrong in other shops, where it needs more than one module to see
// that it does not here. The rest stands in the modules, under the same names.

// R33: no parameter of any read is SQL, whatever stands in it.
func TestR33NoParameterIsSQL(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	introduce(t, a)
	a.PlacedOrder(t, "", 1, a.Variant(t))
	before := a.State(t)
	for _, o := range operations(t, a) {
		if o.method != "GET" || !strings.HasPrefix(o.path, "/api/v1/") {
			continue
		}
		t.Run(o.path, func(t *testing.T) {
			path := "@" + strings.NewReplacer("{", "", "}", "").Replace(o.path)
			for _, p := range o.Parameters {
				for _, hostile := range []string{`' OR 1=1 --`, `"; DROP TABLE orders; --`, `\`, `$1`, `%`, `id,(SELECT password FROM users)`} {
					query := "?" + url.QueryEscape(p.Name) + "=" + url.QueryEscape(hostile)
					if p.In == "path" {
						query = ""
						path = "@" + strings.NewReplacer("{"+p.Name+"}", url.PathEscape(hostile), "{", "", "}", "").Replace(o.path)
					}
					if p.In == "header" {
						continue
					}
					if got := a.Call(t, whoMay(o.path), "GET", path+query, ""); got.Status >= 500 {
						t.Errorf("%s=%s: answered %d: %s", p.Name, hostile, got.Status, got.Body)
					}
				}
			}
		})
	}
	if changed := before.Changed(a.State(t)); len(changed) > 0 {
		t.Errorf("reading changed %v", changed)
	}
}

// R34: what a customer writes is text to whoever reads it: it comes out as it
// went in, as JSON that no browser takes for a page; HTML of vendors is cleaned.
func TestR34TextIsInert(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	const hostile = `<img src=x onerror=alert(1)><script>alert(2)</script> =HYPERLINK("https://evil.example") ` + "\u202e"
	quoted, err := json.Marshal(strings.TrimSpace(hostile[:80]))
	if err != nil {
		t.Fatal(err)
	}
	mug := a.Product(t, apptest.Titled("Mug "+hostile), apptest.Described(`<p>Fine</p>`+hostile+`<a href="javascript:alert(3)">x</a>`))
	cart := a.Basket(t, "", 1, mug.Variants[0])
	a.Call(t, "", "PUT", cart.Path("/addresses"), strings.Replace(apptest.Home, `"Ada"`, string(quoted), 1)).Want(t, 200)
	placed := apptest.Read[struct {
		Order struct {
			ID    id.Order
			Token string `json:"access_token"`
		}
	}](t, a.Place(t, "", a.Ship(t, "", cart)).Want(t, 201)).Order
	order := placed.ID.String()
	a.Call(t, apptest.Admin, "POST", "/admin/orders/"+order+"/notes", `{"body": `+string(quoted)+`}`).Want(t, 201)
	a.Call(t, "", "POST", "/orders/"+order+"/cancel?token="+placed.Token, `{"reason": `+string(quoted)+`}`).Want(t, 200)

	for _, read := range []struct{ as, path string }{
		{"", "/products/" + mug.Slug},
		{"", "/products"},
		{"", "/search/suggest?q=mug"},
		{"", "/orders/" + order + "?token=" + placed.Token},
		{apptest.Admin, "/admin/orders/" + order},
		{apptest.Admin, "/admin/orders"},
		{apptest.Admin, "/admin/orders/" + order + "/notes"},
		{apptest.Admin, "/admin/products/" + mug.ID.String()},
		{apptest.Admin, "/admin/inventory"},
	} {
		got := a.Call(t, read.as, "GET", read.path, "").Want(t, 200)
		if kind := got.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") || got.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s is %s, and may be taken for a page", read.path, kind)
		}
		if !json.Valid([]byte(got.Body)) {
			t.Errorf("%s is not JSON: %s", read.path, got.Body)
		}
	}
	shown := a.ShowOrder(t, placed.ID)
	for what, text := range map[string]string{"the name": shown.Addresses.Shipping.Name, "the note": shown.Notes[0].Body, "the reason": shown.CancelReason} {
		if want := strings.TrimSpace(hostile[:80]); text != want {
			t.Errorf("%s is %q, want it as it was written: %q", what, text, want)
		}
	}
	page := apptest.Read[struct{ Title, Description string }](t, a.Call(t, "", "GET", "/products/"+mug.Slug, "").Want(t, 200))
	for _, live := range []string{"onerror", "<script", "javascript:"} {
		if strings.Contains(page.Description, live) {
			t.Errorf("the description keeps %s: %s", live, page.Description)
		}
	}
	if !strings.Contains(page.Description, "<p>Fine</p>") {
		t.Errorf("the description lost what is harmless: %s", page.Description)
	}
}

// R35: known and unknown are told the same. That it takes as long is tested
// where the hashing is.
func TestR35KnownAndUnknownAreToldTheSame(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	ann, bob := a.User(t, "ann"), a.User(t, "bob")
	a.InTx(t, func(tx pgx.Tx) error { return a.Accounts.Disable(t.Context(), tx, bob.ID) })
	placed := a.PlacedOrder(t, "", 1, a.Variant(t))
	own := a.PlacedOrder(t, "ann", 1, placed.Order.Items[0].Variant)
	a.User(t, "eve")

	login := func(name, password string) string {
		return fmt.Sprintf(`{"email": %q, "password": %q}`, name, password)
	}
	order := func(order id.Order, token string) string { return "/orders/" + order.String() + "?token=" + token }
	never, wrong := id.New[id.Order](), strings.Repeat("A", len(placed.Order.AccessToken))
	type try struct{ name, as, method, path, body string }
	groups := map[string][]try{
		"login": {
			{"unknown", "", "POST", "/auth/login", login("nobody@example.com", "wrong "+apptest.Password)},
			{"known, wrong password", "", "POST", "/auth/login", login(ann.Email, "wrong "+apptest.Password)},
			{"disabled, right password", "", "POST", "/auth/login", login(bob.Email, apptest.Password)},
		},
		"order": {
			{"never there", "", "GET", order(never, wrong), ""},
			{"wrong token", "", "GET", order(placed.Order.ID, wrong), ""},
			{"token cut short", "", "GET", order(placed.Order.ID, placed.Order.AccessToken[1:]), ""},
			{"no token", "", "GET", order(placed.Order.ID, ""), ""},
			{"another's", "eve", "GET", order(own.Order.ID, ""), ""},
			{"another's with a guest's token", "eve", "GET", order(own.Order.ID, placed.Order.AccessToken), ""},
			{"a user's, by nobody", "", "GET", order(own.Order.ID, ""), ""},
			{"no id at all", "", "GET", "/orders/1?token=x", ""},
			{"among one's own", "eve", "GET", "/me/orders/" + own.Order.ID.String(), ""},
		},
		"stream": {
			{"never there", "", "GET", "/orders/" + never.String() + "/events?token=" + wrong, ""},
			{"wrong token", "", "GET", "/orders/" + placed.Order.ID.String() + "/events?token=" + wrong, ""},
		},
		"cancel": {
			{"never there", "", "POST", "/orders/" + never.String() + "/cancel?token=" + wrong, ""},
			{"wrong token", "", "POST", "/orders/" + placed.Order.ID.String() + "/cancel?token=" + wrong, ""},
			{"another's", "eve", "POST", "/orders/" + own.Order.ID.String() + "/cancel", ""},
		},
	}
	before := a.State(t)
	for name, tries := range groups {
		want := a.Call(t, tries[0].as, tries[0].method, tries[0].path, tries[0].body)
		if want.Status != 401 && want.Status != 404 {
			t.Errorf("%s, %s: answered %d", name, tries[0].name, want.Status)
		}
		for _, try := range tries[1:] {
			got := a.Call(t, try.as, try.method, try.path, try.body)
			if scrubbed(got) != scrubbed(want) || fmt.Sprint(names(got)) != fmt.Sprint(names(want)) {
				t.Errorf("%s, %s: %s %v\n%s: %s %v", name, try.name, scrubbed(got), names(got), tries[0].name, scrubbed(want), names(want))
			}
		}
	}
	if changed := before.Changed(a.State(t)); len(changed) > 0 {
		t.Errorf("looking changed %v", changed)
	}
}

// names are those of an answer's headers.
func names(w apptest.Answer) map[string]bool {
	set := map[string]bool{}
	for name := range w.Header {
		set[name] = true
	}
	return set
}

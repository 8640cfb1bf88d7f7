package vendors

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// door serves the shop; a token is the user's id, and "staff" may do everything.
type door struct {
	*Vendors
	handler http.Handler
}

func serve(t *testing.T) *door {
	t.Helper()
	tx := pgtest.Tx(t)
	v := open(tx)
	grants := &auth.Grants{}
	grants.Declare(append(Permissions(), accounts.Permissions()...)...)
	r := httpapi.New(httpapi.Config{
		DB: tx, LimitsOff: true, CursorKey: []byte("0123456789abcdef"),
		Authenticate: func(ctx context.Context, req *http.Request) (auth.Actor, error) {
			token := auth.Bearer(req.Header.Get("Authorization"))
			if token == "" {
				return auth.Actor{}, nil
			}
			if token == "staff" {
				return Identify(ctx, tx, auth.Actor{User: id.User{15: 1}, Permissions: grants.Of([]string{auth.RoleAdmin})})
			}
			user, err := id.Parse[id.User](token)
			if err != nil {
				return auth.Actor{}, auth.ErrUnauthenticated
			}
			roles, err := postgres.Column[string](ctx, tx, `SELECT role FROM user_roles WHERE user_id = @user`, pgx.NamedArgs{"user": user})
			if err != nil {
				return auth.Actor{}, err
			}
			return Identify(ctx, tx, auth.Actor{User: user, Permissions: grants.Of(append(roles, auth.RoleCustomer))})
		},
	})
	v.Routes(r)
	return &door{v, r.Handler()}
}

type answer struct {
	Status int
	ETag   string
	Body   string
}

func (d *door) call(t *testing.T, token, method, path, body string, ifMatch ...string) answer {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for _, tag := range ifMatch {
		req.Header.Set("If-Match", tag)
	}
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, req)
	b, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{w.Code, w.Header().Get("ETag"), string(b)}
}

func (a answer) want(t *testing.T, status int, contains ...string) answer {
	t.Helper()
	if a.Status != status {
		t.Fatalf("status %d, want %d: %s", a.Status, status, a.Body)
	}
	for _, text := range contains {
		if !strings.Contains(a.Body, text) {
			t.Errorf("answer lacks %s: %s", text, a.Body)
		}
	}
	return a
}

func TestVendorAPI(t *testing.T) {
	d := serve(t)
	ann, bob := user(t, d.Vendors, "ann").String(), user(t, d.Vendors, "bob").String()

	d.call(t, "", "POST", "/api/v1/vendors/apply", `{"name":"Nordlicht"}`).want(t, 401)
	a := d.call(t, ann, "POST", "/api/v1/vendors/apply", `{"name":"Nordlicht","description":"Lamps","email":"hello@nordlicht.example"}`).
		want(t, 201, `"status":"pending"`, `"slug":"nordlicht"`, `"commission_bps":1000`, `"owner_id":"`+ann+`"`)
	var shop Vendor
	if err := json.Unmarshal([]byte(a.Body), &shop); err != nil {
		t.Fatal(err)
	}
	at := "/api/v1/admin/vendors/" + shop.ID.String()
	d.call(t, ann, "POST", "/api/v1/vendors/apply", `{"name":"Second"}`).want(t, 409, `"code":"already_vendor"`)
	d.call(t, bob, "POST", "/api/v1/vendors/apply", `{"name":"Other","slug":"nordlicht"}`).want(t, 409, `"code":"slug_taken"`)
	for _, forbidden := range []string{`"status":"active"`, `"commission_bps":0`, `"owner_id":"` + bob + `"`, `"id":"` + shop.ID.String() + `"`} {
		d.call(t, bob, "POST", "/api/v1/vendors/apply", `{"name":"Other",`+forbidden+`}`).want(t, 400, `unknown_field`)
	}
	d.call(t, ann, "GET", "/api/v1/vendor/profile", "").want(t, 403)
	d.call(t, ann, "POST", at+"/approve", "").want(t, 403)
	d.call(t, "", "GET", "/api/v1/vendors/nordlicht", "").want(t, 404)

	d.call(t, "staff", "POST", at+"/approve", "").want(t, 200, `"status":"active"`)
	bySlug := d.call(t, "", "GET", "/api/v1/vendors/nordlicht", "").want(t, 200, `"name":"Nordlicht"`)
	byID := d.call(t, "", "GET", "/api/v1/vendors/"+shop.ID.String(), "").want(t, 200)
	if bySlug.Body != byID.Body || strings.Contains(byID.Body, "commission") || strings.Contains(byID.Body, "email") || strings.Contains(byID.Body, "owner") {
		t.Errorf("the public sees %s and %s", bySlug.Body, byID.Body)
	}
	mine := d.call(t, ann, "GET", "/api/v1/vendor/profile", "").want(t, 200, `"email":"hello@nordlicht.example"`)
	d.call(t, bob, "GET", "/api/v1/vendor/profile", "").want(t, 403)
	d.call(t, "staff", "GET", "/api/v1/vendor/profile", "").want(t, 403)
	d.call(t, ann, "PATCH", "/api/v1/vendor/profile", `{"name":"Polarlicht"}`).want(t, 428)
	d.call(t, ann, "PATCH", "/api/v1/vendor/profile", `{"name":"Polarlicht"}`, mine.ETag).want(t, 200, `"name":"Polarlicht"`, `"description":"Lamps"`)
	d.call(t, ann, "PATCH", "/api/v1/vendor/profile", `{"name":"Stale"}`, mine.ETag).want(t, 412)
	d.call(t, ann, "PATCH", "/api/v1/vendor/profile", `{"commission_bps":0}`, mine.ETag).want(t, 400, `unknown_field`)

	d.call(t, "staff", "POST", at+"/reject", `{"reason":"late"}`).want(t, 409, `"code":"invalid_transition"`, `"vendor_status":"active"`)
	d.call(t, "staff", "POST", at+"/reject", ``).want(t, 400)
	d.call(t, "staff", "POST", at+"/suspend", `{"reason":"no papers"}`).want(t, 200, `"status":"suspended"`, `"status_reason":"no papers"`)
	d.call(t, ann, "GET", "/api/v1/vendor/profile", "").want(t, 403)
	d.call(t, "", "GET", "/api/v1/vendors/nordlicht", "").want(t, 404)
	d.call(t, "", "GET", "/api/v1/vendors/"+shop.ID.String(), "").want(t, 404)
}

func TestStaffMakeAndListVendors(t *testing.T) {
	d := serve(t)
	cat := user(t, d.Vendors, "cat").String()
	d.call(t, "staff", "POST", "/api/v1/admin/vendors", `{"name":"Zeta","owner_id":"`+cat+`","commission_bps":500}`).
		want(t, 201, `"status":"active"`, `"commission_bps":500`)
	d.call(t, cat, "GET", "/api/v1/vendor/profile", "").want(t, 200, `"name":"Zeta"`)
	d.call(t, "staff", "POST", "/api/v1/admin/vendors", `{"name":"Eta","owner_id":"`+cat+`"}`).want(t, 409, `"code":"already_vendor"`)
	d.call(t, "staff", "POST", "/api/v1/admin/vendors", `{"name":"Eta","owner_id":"`+id.New[id.User]().String()+`"}`).want(t, 422, `"pointer":"/owner_id"`)
	d.call(t, "staff", "POST", "/api/v1/admin/vendors", `{"name":"Eta","commission_bps":10100}`).want(t, 422, `"pointer":"/commission_bps"`)
	made := d.call(t, "staff", "POST", "/api/v1/admin/vendors", `{"name":"Alpha"}`).want(t, 201)
	d.call(t, "staff", "POST", "/api/v1/admin/vendors", `{"name":"Alpha"}`).want(t, 201, `"slug":"alpha-`)
	apply(t, d.Vendors, user(t, d.Vendors, "bob"), "Beta")

	var alpha Vendor
	if err := json.Unmarshal([]byte(made.Body), &alpha); err != nil {
		t.Fatal(err)
	}
	at := "/api/v1/admin/vendors/" + alpha.ID.String()
	d.call(t, "staff", "PATCH", at, `{"slug":"alpha-1","commission_bps":1250}`).want(t, 428)
	d.call(t, "staff", "PATCH", at, `{"slug":"alpha-1","commission_bps":1250}`, made.ETag).want(t, 200, `"slug":"alpha-1"`, `"commission_bps":1250`, `"name":"Alpha"`)
	d.call(t, "staff", "PATCH", at, `{"slug":"zeta"}`, `"v2"`).want(t, 409, `"code":"slug_taken"`)

	names := func(token, path string) (list []string) {
		t.Helper()
		after := ""
		for {
			a := d.call(t, token, "GET", path+after, "").want(t, 200)
			var page httpapi.List[Vendor]
			if err := json.Unmarshal([]byte(a.Body), &page); err != nil {
				t.Fatal(err)
			}
			for _, v := range page.Data {
				list = append(list, v.Name)
			}
			if !page.HasMore {
				return list
			}
			after = "&after=" + page.NextCursor
		}
	}
	for path, want := range map[string][]string{
		"/api/v1/vendors?limit=1":                                   {"Alpha", "Alpha", "Zeta"},
		"/api/v1/vendors?limit=5&q=ET":                              {"Zeta"},
		"/api/v1/admin/vendors?limit=3":                             {"Alpha", "Alpha", "Beta", "Zeta"},
		"/api/v1/admin/vendors?limit=9&status=pending":              {"Beta"},
		"/api/v1/admin/vendors?limit=9&status=pending,active&q=eta": {"Beta", "Zeta"},
	} {
		if diff := cmp.Diff(want, names("staff", path)); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
	d.call(t, "staff", "GET", "/api/v1/admin/vendors?include=total_count&limit=1", "").want(t, 200, `"total_count":4`)
	d.call(t, "", "GET", "/api/v1/vendors?include=total_count&limit=1", "").want(t, 200, `"total_count":3`)
	d.call(t, "", "GET", "/api/v1/vendors?status=pending", "").want(t, 422)
	d.call(t, "", "GET", "/api/v1/admin/vendors", "").want(t, 401)
	d.call(t, cat, "GET", at, "").want(t, 403)
	for _, nobody := range []string{id.New[id.Vendor]().String(), "nobody"} {
		d.call(t, "staff", "GET", "/api/v1/admin/vendors/"+nobody, "").want(t, 404)
		d.call(t, "staff", "POST", "/api/v1/admin/vendors/"+nobody+"/approve", "").want(t, 404)
	}
}

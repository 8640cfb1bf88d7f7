package accounts

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"souk/internal/id"
)

func (d *door) signUp(t *testing.T, name string) SignIn {
	t.Helper()
	a := d.call(t, "", "POST", "/api/v1/auth/register", `{"username":"`+name+`","email":"`+name+`@example.com","password":"`+goodPassword+`"}`)
	return read[SignIn](t, a.want(t, 201))
}

func (d *door) signUpAdmin(t *testing.T) SignIn {
	t.Helper()
	in := d.signUp(t, "root-admin")
	makeAdmin(t, d.Users, in.User.ID)
	return in
}

func TestAuthAPI(t *testing.T) {
	d := serve(t)
	a := d.call(t, "", "POST", "/api/v1/auth/register",
		`{"username":"ann","email":"ann@example.com","password":"seven purple lanterns","name":"Ann","phone":"+4915123456789"}`)
	a.want(t, 201, `"user":{"id":"user_`, `"roles":["customer"]`, `"email_verified":false`, `"token_type":"Bearer"`, `"expires_in":600`, `"refresh_token":"`)
	if strings.Contains(a.Body, "password") || strings.Contains(a.Body, "argon2") {
		t.Errorf("the answer tells of the password: %s", a.Body)
	}
	if got := a.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("tokens may be cached: %q", got)
	}
	for _, test := range []struct {
		name, path, body string
		status           int
		contains         string
	}{
		{"e-mail taken", "register", `{"username":"bob","email":"Ann@example.com","password":"seven purple lanterns"}`, 409, `"code":"email_taken"`},
		{"user name taken", "register", `{"username":"ANN","email":"bob@example.com","password":"seven purple lanterns"}`, 409, `"code":"username_taken"`},
		{"weak password", "register", `{"username":"bob","email":"bob@example.com","password":"password123"}`, 422, `"pointer":"/password","code":"too_weak"`},
		{"bad e-mail", "register", `{"username":"bob","email":"bob","password":"seven purple lanterns"}`, 422, `"pointer":"/email"`},
		{"a role", "register", `{"username":"bob","email":"bob@example.com","password":"seven purple lanterns","roles":["admin"]}`, 400, `unknown_field`},
		{"a proven e-mail", "register", `{"username":"bob","email":"bob@example.com","password":"seven purple lanterns","email_verified":true}`, 400, `unknown_field`},
		{"a key in capitals", "register", `{"Username":"bob","email":"bob@example.com","password":"seven purple lanterns"}`, 400, ``},
		{"NUL", "register", `{"username":"bob\u0000","email":"bob@example.com","password":"seven purple lanterns"}`, 422, ``},
		{"10,000 characters", "register", `{"username":"bob","email":"bob@example.com","password":"` + strings.Repeat("p", 10_000) + `"}`, 413, ``},
		{"nothing", "register", ``, 400, `body_required`},
		{"by e-mail", "login", `{"email":"ann@example.com","password":"seven purple lanterns"}`, 200, `"access_token"`},
		{"by user name", "login", `{"username":"ann","password":"seven purple lanterns"}`, 200, `"user":{`},
		{"by both", "login", `{"username":"ann","email":"ann@example.com","password":"seven purple lanterns"}`, 422, `"pointer":"/email"`},
		{"by neither", "login", `{"password":"seven purple lanterns"}`, 422, `"pointer":"/email"`},
		{"wrong password", "login", `{"username":"ann","password":"eight purple lanterns"}`, 401, `"code":"invalid_credentials"`},
		{"nobody", "login", `{"username":"nobody","password":"eight purple lanterns"}`, 401, `"code":"invalid_credentials"`},
		{"no such token", "refresh", `{"refresh_token":"souk_rt_x"}`, 401, `"code":"invalid_refresh_token"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			d.call(t, "", "POST", "/api/v1/auth/"+test.path, test.body).want(t, test.status, test.contains)
		})
	}
}

func TestThrottledLoginAPI(t *testing.T) {
	d := serve(t)
	d.signUp(t, "ann")
	for range freeFailures {
		d.call(t, "", "POST", "/api/v1/auth/login", `{"username":"ann","password":"wrong"}`).want(t, 401)
	}
	a := d.call(t, "", "POST", "/api/v1/auth/login", `{"username":"Ann","password":"`+goodPassword+`"}`).want(t, 429, `"code":"too_many_attempts"`)
	if a.Header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After is %q", a.Header.Get("Retry-After"))
	}
	d.clock.Advance(time.Second)
	d.call(t, "", "POST", "/api/v1/auth/login", `{"username":"ann","password":"`+goodPassword+`"}`).want(t, 200)
}

func TestSessionAPI(t *testing.T) {
	d := serve(t)
	ann, bob := d.signUp(t, "ann"), d.signUp(t, "bob")
	phone := read[SignIn](t, d.call(t, "", "POST", "/api/v1/auth/login", `{"username":"ann","password":"`+goodPassword+`"}`, "User-Agent", "Phone/2").want(t, 200))

	list := read[struct{ Data []Session }](t, d.call(t, phone.AccessToken, "GET", "/api/v1/me/sessions", "").want(t, 200, `"Phone/2"`, `"has_more":false`))
	if len(list.Data) != 2 || list.Data[0].Current == list.Data[1].Current {
		t.Fatalf("sessions %+v", list.Data)
	}
	other := list.Data[slices.IndexFunc(list.Data, func(s Session) bool { return !s.Current })].ID
	d.call(t, bob.AccessToken, "DELETE", "/api/v1/me/sessions/"+other.String(), "").want(t, 404)
	d.call(t, phone.AccessToken, "DELETE", "/api/v1/me/sessions/"+other.String(), "").want(t, 204)
	d.call(t, ann.AccessToken, "GET", "/api/v1/me", "").want(t, 401, `"code":"unauthenticated"`)
	d.call(t, phone.AccessToken, "DELETE", "/api/v1/me/sessions/"+other.String(), "").want(t, 404)
	d.call(t, phone.AccessToken, "DELETE", "/api/v1/me/sessions/nonsense", "").want(t, 404)

	next := read[Tokens](t, d.call(t, "", "POST", "/api/v1/auth/refresh", `{"refresh_token":"`+phone.RefreshToken+`"}`).want(t, 200))
	d.call(t, next.AccessToken, "POST", "/api/v1/auth/password/change", `{"current_password":"x","new_password":"`+otherPassword+`"}`).
		want(t, 422, `"pointer":"/current_password"`)
	d.call(t, next.AccessToken, "POST", "/api/v1/auth/password/change", `{"current_password":"`+goodPassword+`","new_password":"`+otherPassword+`"}`).want(t, 204)
	d.call(t, next.AccessToken, "POST", "/api/v1/auth/logout", "").want(t, 204)
	d.call(t, next.AccessToken, "GET", "/api/v1/me", "").want(t, 401)
	d.call(t, next.AccessToken, "POST", "/api/v1/auth/login", `{"username":"ann","password":"`+otherPassword+`"}`).want(t, 200) // an old token is overlooked
	d.call(t, "", "POST", "/api/v1/auth/refresh", `{"refresh_token":"`+next.RefreshToken+`"}`).want(t, 401)
}

func TestOAuthTokenAPI(t *testing.T) {
	d := serve(t)
	ann := d.signUp(t, "ann")
	form := func(t *testing.T, body string, headers ...string) answer {
		t.Helper()
		return d.call(t, "", "POST", "/api/v1/auth/token", body, append([]string{"Content-Type", "application/x-www-form-urlencoded"}, headers...)...)
	}
	password := url.Values{"grant_type": {"password"}, "username": {"ann@example.com"}, "password": {goodPassword}, "scope": {"x"}, "client_id": {"docs"}}.Encode()
	a := form(t, password, "Authorization", "Basic ZG9jczo=").want(t, 200, `"token_type":"Bearer"`, `"refresh_token"`)
	if a.Header.Get("Cache-Control") != "no-store" || strings.Contains(a.Body, `"user"`) {
		t.Errorf("%v %s", a.Header, a.Body)
	}
	d.call(t, read[Tokens](t, a).AccessToken, "GET", "/api/v1/me", "").want(t, 200, `"username":"ann"`)
	form(t, "grant_type=refresh_token&refresh_token="+read[Tokens](t, a).RefreshToken).want(t, 200, `"access_token"`)
	for name, test := range map[string]struct {
		body, want string
	}{
		"wrong password":    {"grant_type=password&username=ann&password=nope", "invalid_grant"},
		"bad refresh token": {"grant_type=refresh_token&refresh_token=nope", "invalid_grant"},
		"no grant":          {"username=ann", "invalid_request"},
		"another grant":     {"grant_type=implicit", "unsupported_grant_type"},
		"twice":             {"grant_type=password&username=ann&username=bob&password=x", "invalid_request"},
		"no password":       {"grant_type=password&username=ann", "invalid_request"},
		"NUL":               {"grant_type=password&username=ann%00&password=x", "invalid_request"},
		"not a form":        {"%zz", "invalid_request"},
		"too long":          {"grant_type=password&username=ann&password=" + strings.Repeat("x", 10_000), "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) { form(t, test.body).want(t, 400, `"error":"`+test.want+`"`) })
	}
	d.call(t, "", "POST", "/api/v1/auth/token", `{"grant_type":"password"}`).want(t, 400, `"error":"invalid_request"`)
	d.call(t, "", "GET", "/api/v1/auth/token?grant_type=password&username=ann", "").want(t, 405)
	if ann.AccessToken == "" {
		t.Error("no token")
	}
}

func TestMeAPI(t *testing.T) {
	d := serve(t)
	ann := d.signUp(t, "ann")
	d.signUp(t, "bob")
	d.call(t, "", "GET", "/api/v1/me", "").want(t, 401)
	d.call(t, ann.AccessToken, "GET", "/api/v1/me", "").want(t, 200, `"id":"`+ann.User.ID.String()+`"`)
	d.call(t, ann.AccessToken, "PATCH", "/api/v1/me", `{"name":" Ann  Lee ","phone":"+49 151 23456789"}`).want(t, 200, `"name":"Ann Lee"`, `"phone":"+4915123456789"`, `"username":"ann"`)
	d.call(t, ann.AccessToken, "PATCH", "/api/v1/me", `{"phone":""}`).want(t, 200, `"phone":""`, `"name":"Ann Lee"`)
	d.call(t, ann.AccessToken, "PATCH", "/api/v1/me", `{"username":"bob"}`).want(t, 409, `"code":"username_taken"`)
	d.call(t, ann.AccessToken, "PATCH", "/api/v1/me", `{"roles":["admin"]}`).want(t, 400)
	d.call(t, ann.AccessToken, "PATCH", "/api/v1/me", `{"name":"a\nb"}`).want(t, 422, `"pointer":"/name"`)
	d.call(t, ann.AccessToken, "DELETE", "/api/v1/me", "").want(t, 204)
	d.call(t, ann.AccessToken, "GET", "/api/v1/me", "").want(t, 401)
	d.call(t, "", "POST", "/api/v1/auth/login", `{"username":"ann","password":"`+goodPassword+`"}`).want(t, 401)
}

func TestAddressAPI(t *testing.T) {
	d := serve(t)
	ann, bob := d.signUp(t, "ann").AccessToken, d.signUp(t, "bob").AccessToken
	body := `{"name":"Ann Lee","line1":"Hauptstr. 1","city":"Berlin","postal_code":"10115","country":"de"}`
	made := read[Address](t, d.call(t, ann, "POST", "/api/v1/me/addresses", body).want(t, 201, `"country":"DE"`, `"is_default":true`, `"id":"addr_`))
	at := "/api/v1/me/addresses/" + made.ID.String()
	d.call(t, ann, "GET", at, "").want(t, 200, `"city":"Berlin"`)
	d.call(t, ann, "PATCH", at, `{"label":"Home","country":"GB","postal_code":"sw1a 1aa","region":""}`).want(t, 200, `"label":"Home"`, `"postal_code":"SW1A 1AA"`, `"city":"Berlin"`)
	d.call(t, ann, "PATCH", at, `{"country":"US"}`).want(t, 422, `"pointer":"/postal_code"`)
	d.call(t, ann, "POST", "/api/v1/me/addresses", strings.Replace(body, "Ann Lee", strings.Repeat("n", 500), 1)).want(t, 422, `"pointer":"/name"`)
	d.call(t, ann, "POST", "/api/v1/me/addresses", strings.Replace(body, "Ann Lee", `Ann\r\nBcc: x`, 1)).want(t, 422, `"pointer":"/name"`)
	d.call(t, ann, "POST", "/api/v1/me/addresses", `{"name":"Ann"}`).want(t, 422, `"pointer":"/line1"`, `"pointer":"/country"`)
	for _, method := range []string{"GET", "DELETE", "PATCH"} {
		patch := map[string]string{"PATCH": `{"label":"mine"}`}[method]
		theirs := d.call(t, bob, method, at, patch).want(t, 404)
		nobodys := d.call(t, bob, method, "/api/v1/me/addresses/"+id.New[id.Address]().String(), patch).want(t, 404)
		if cut(theirs.Body) != cut(nobodys.Body) {
			t.Errorf("%s tells another's from nobody's:\n%s\n%s", method, theirs.Body, nobodys.Body)
		}
	}
	d.call(t, bob, "GET", "/api/v1/me/addresses", "").want(t, 200, `"data":[]`)
	d.call(t, ann, "DELETE", at, "").want(t, 204)
	d.call(t, ann, "GET", "/api/v1/me/addresses", "").want(t, 200, `"data":[]`)
}

// cut removes what differs from request to request.
func cut(problem string) string {
	before, _, _ := strings.Cut(problem, `"instance"`)
	return before
}

func TestStaffAPI(t *testing.T) {
	d := serve(t)
	ann, admin := d.signUp(t, "ann"), d.signUpAdmin(t).AccessToken
	users, one := "/api/v1/admin/users", "/api/v1/admin/users/"+ann.User.ID.String()

	d.call(t, "", "GET", users, "").want(t, 401)
	d.call(t, ann.AccessToken, "GET", users, "").want(t, 403)
	d.call(t, ann.AccessToken, "PUT", one+"/roles", `{"roles":["admin"]}`, "If-Match", `"v1"`).want(t, 403)
	first := read[struct {
		Data       []User `json:"data"`
		NextCursor string `json:"next_cursor"`
	}](t, d.call(t, admin, "GET", users+"?limit=1&include=total_count", "").want(t, 200, `"has_more":true`, `"total_count":2`))
	d.call(t, admin, "GET", users+"?limit=1&after="+first.NextCursor, "").want(t, 200, `"has_more":false`, `"username":"ann"`)
	d.call(t, admin, "GET", users+"?limit=1&role=admin&after="+first.NextCursor, "").want(t, 422, `invalid_cursor`)
	d.call(t, admin, "GET", users+"?status=active,disabled&q=ann", "").want(t, 200, `"username":"ann"`)
	d.call(t, admin, "GET", users+"?status=dead", "").want(t, 422)
	d.call(t, admin, "GET", users+"?sort=password_hash", "").want(t, 422)

	shown := d.call(t, admin, "GET", one, "").want(t, 200, `"email":"ann@example.com"`)
	d.call(t, admin, "PUT", one+"/roles", `{"roles":["vendor"]}`).want(t, 428)
	d.call(t, admin, "PUT", one+"/roles", `{"roles":["vendor"]}`, "If-Match", `"v99"`).want(t, 412)
	d.call(t, admin, "PUT", one+"/roles", `{"roles":["emperor"]}`, "If-Match", shown.Header.Get("ETag")).want(t, 422)
	d.call(t, admin, "PUT", one+"/roles", `{"roles":["vendor"]}`, "If-Match", shown.Header.Get("ETag")).want(t, 200, `"roles":["customer","vendor"]`)

	d.call(t, admin, "POST", one+"/disable", "").want(t, 200, `"disabled_at":"`)
	d.call(t, ann.AccessToken, "GET", "/api/v1/me", "").want(t, 401)
	enabled := d.call(t, admin, "POST", one+"/enable", "").want(t, 200)
	if strings.Contains(enabled.Body, "disabled_at") {
		t.Errorf("still disabled: %s", enabled.Body)
	}
	again := read[SignIn](t, d.call(t, "", "POST", "/api/v1/auth/login", `{"username":"ann","password":"`+goodPassword+`"}`).want(t, 200))
	d.call(t, admin, "DELETE", one+"/sessions", "").want(t, 204)
	d.call(t, again.AccessToken, "GET", "/api/v1/me", "").want(t, 401)
	me := read[User](t, d.call(t, admin, "GET", "/api/v1/me", "").want(t, 200))
	d.call(t, admin, "POST", users+"/"+me.ID.String()+"/disable", "").want(t, 409, `"code":"last_admin"`)
	for _, nobody := range []string{id.New[id.User]().String(), "user_x", "1"} {
		d.call(t, admin, "GET", users+"/"+nobody, "").want(t, 404)
		d.call(t, admin, "POST", users+"/"+nobody+"/disable", "").want(t, 404)
		d.call(t, admin, "PUT", users+"/"+nobody+"/roles", `{"roles":[]}`, "If-Match", `"v1"`).want(t, 404)
		d.call(t, admin, "DELETE", users+"/"+nobody+"/sessions", "").want(t, 404)
	}
}

func TestSetUpAPI(t *testing.T) {
	d := serve(t)
	body := func(token string) string {
		return `{"token":"` + token + `","username":"boss","email":"boss@example.com","password":"` + goodPassword + `"}`
	}
	token := setupToken(t, d.Users)
	d.call(t, "", "POST", "/api/v1/setup", body("nope")).want(t, 400, `"code":"invalid_token"`)
	in := read[SignIn](t, d.call(t, "", "POST", "/api/v1/setup", body(token)).want(t, 201, `"roles":["admin","customer"]`))
	d.call(t, in.AccessToken, "GET", "/api/v1/admin/users", "").want(t, 200)
	d.call(t, "", "POST", "/api/v1/setup", body(token)).want(t, 410, `"code":"already_set_up"`)
}

func TestJWKSAPI(t *testing.T) {
	d := serve(t)
	a := d.call(t, "", "GET", "/.well-known/jwks.json", "").want(t, 200, `"kty":"OKP"`, `"crv":"Ed25519"`, `"alg":"EdDSA"`, `"use":"sig"`)
	set := read[JWKS](t, a)
	if len(set.Keys) != 1 || strings.Contains(a.Body, `"d"`) {
		t.Errorf("keys %s", a.Body)
	}
}

func TestEveryRouteIsDocumented(t *testing.T) {
	d := serve(t)
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/openapi.json", nil))
	for _, path := range []string{
		"/api/v1/auth/register", "/api/v1/auth/login", "/api/v1/auth/refresh", "/api/v1/auth/token", "/api/v1/auth/logout", "/api/v1/auth/password/change",
		"/api/v1/me", "/api/v1/me/sessions/{session}", "/api/v1/me/addresses/{address}", "/api/v1/admin/users/{user}/roles", "/api/v1/setup", "/.well-known/jwks.json",
	} {
		if !strings.Contains(w.Body.String(), `"`+path+`"`) {
			t.Errorf("%s is not in the OpenAPI document", path)
		}
	}
	if strings.Contains(w.Body.String(), "User-Agent") {
		t.Error("the User-Agent is documented as if clients had to think of it")
	}
}

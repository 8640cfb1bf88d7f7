package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/apikeys"
	"souk/internal/app/apptest"
	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/pgtest"
	"souk/internal/vendors"
)

// Custom roles give what they list, from the next request on, and nobody gives
// more than they have.
func TestCustomRoles(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	sue := a.User(t, "sue")
	a.Token(t, "sue")
	role := func(as, body string) apptest.Answer { return a.Call(t, as, "POST", "/admin/roles", body) }
	role(apptest.Admin, `{"name": "support", "label": "Support", "permissions": ["orders.read", "users.read", "roles.write", "users.write"]}`).Want(t, 201)
	role(apptest.Admin, `{"name": "support", "label": "Again", "permissions": ["orders.read"]}`).Want(t, 409, "name_taken")
	for _, bad := range []string{"orders.fly", "me.use", "vendor.orders"} {
		role(apptest.Admin, `{"name": "odd", "label": "Odd", "permissions": ["`+bad+`"]}`).Want(t, 422, "/permissions/0")
	}
	give := func(as string, user id.User, roles string) apptest.Answer {
		tag := a.Call(t, apptest.Admin, "GET", "/admin/users/"+user.String(), "").Want(t, 200).Header.Get("ETag")
		return a.Call(t, as, "PUT", "/admin/users/"+user.String()+"/roles", `{"roles": [`+roles+`]}`, "If-Match", tag)
	}
	a.Call(t, "sue", "GET", "/admin/orders", "").Want(t, 403)
	give(apptest.Admin, sue.ID, `"support"`).Want(t, 200, `"support"`)
	a.Call(t, "sue", "GET", "/admin/orders", "").Want(t, 200)
	a.Call(t, "sue", "GET", "/admin/payments", "").Want(t, 403)
	a.Call(t, "sue", "GET", "/me", "").Want(t, 200, `"permissions":["me.use","orders.read"`)

	role("sue", `{"name": "more", "label": "More", "permissions": ["payments.read"]}`).Want(t, 403, "beyond_own_rights")
	give("sue", sue.ID, `"admin"`).Want(t, 403, "beyond_own_rights")
	a.Call(t, "sue", "PATCH", "/admin/roles/admin", `{"label": "Mine"}`, "If-Match", `"v1"`).Want(t, 409, "built_in")

	tag := a.Call(t, apptest.Admin, "GET", "/admin/roles/support", "").Want(t, 200).Header.Get("ETag")
	a.Call(t, apptest.Admin, "DELETE", "/admin/roles/support", "", "If-Match", tag).Want(t, 409, "role_in_use")
	a.Call(t, apptest.Admin, "PATCH", "/admin/roles/support", `{"permissions": ["users.read"]}`).Want(t, 428)
	a.Call(t, apptest.Admin, "PATCH", "/admin/roles/support", `{"permissions": ["users.read"]}`, "If-Match", tag).Want(t, 200)
	a.Call(t, "sue", "GET", "/admin/orders", "").Want(t, 403)
	give(apptest.Admin, sue.ID, `"customer"`).Want(t, 200)
	tag = a.Call(t, apptest.Admin, "GET", "/admin/roles/support", "").Want(t, 200).Header.Get("ETag")
	a.Call(t, apptest.Admin, "DELETE", "/admin/roles/support", "", "If-Match", tag).Want(t, 204)
	a.Call(t, apptest.Admin, "GET", "/admin/roles/support", "").Want(t, 404)
}

// What is worth a second look asks for a fresh proof, and takes it.
func TestStepUp(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	ann := a.User(t, "ann")
	a.Time.Advance(9 * time.Minute)
	a.Call(t, "ann", "POST", "/me/email", `{"email": "new@example.com"}`).Want(t, 202)
	signIn := apptest.Read[accounts.SignIn](t, a.Call(t, "", "POST", "/auth/login", `{"username": "`+ann.Username+`", "password": "`+apptest.Password+`"}`).Want(t, 200))
	a.Time.Advance(11 * time.Minute)
	tokens := apptest.Read[accounts.Tokens](t, a.Call(t, "", "POST", "/auth/refresh", `{"refresh_token": "`+signIn.RefreshToken+`"}`).Want(t, 200))
	a.Know("ann later", tokens.AccessToken)
	a.Call(t, "ann later", "DELETE", "/me", "").Want(t, 403, "step_up_required")
	a.Call(t, "ann later", "POST", "/auth/step-up", `{"password": "a wrong password"}`).Want(t, 422)
	a.Call(t, "ann later", "DELETE", "/me", "").Want(t, 403, "step_up_required")
	a.Call(t, "ann later", "POST", "/auth/step-up", `{"password": "`+apptest.Password+`"}`).Want(t, 204)
	a.Call(t, "ann later", "DELETE", "/me", "").Want(t, 204)
}

// Staff see what a customer sees, and touch nothing unless they may; never what
// asks for a proof; and the customer sees it.
func TestImpersonation(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	ann, vera := a.User(t, "ann"), a.User(t, "other", auth.RoleAdmin)
	a.Token(t, "ann")
	path := "/admin/users/" + ann.ID.String() + "/impersonate"
	a.Call(t, "ann", "POST", path, `{"reason": "fun"}`).Want(t, 403)
	a.Call(t, apptest.Admin, "POST", path, `{"reason": ""}`).Want(t, 422)
	a.Call(t, apptest.Admin, "POST", "/admin/users/"+vera.ID.String()+"/impersonate", `{"reason": "ticket 7"}`).Want(t, 403, "not_a_customer")
	look := func(body string) {
		t.Helper()
		a.Know("as ann", apptest.Read[accounts.Impersonation](t, a.Call(t, apptest.Admin, "POST", path, body).Want(t, 201)).AccessToken)
	}
	look(`{"reason": "ticket 7"}`)
	a.Call(t, "as ann", "GET", "/me", "").Want(t, 200, `"name":"ann"`, `"impersonated_by":"user_`)
	a.Call(t, "as ann", "PATCH", "/me", `{"name": "Changed"}`).Want(t, 403, "read_only")
	a.Call(t, "as ann", "GET", "/admin/users", "").Want(t, 403)
	a.Call(t, "ann", "GET", "/me/sessions", "").Want(t, 200, `"method":"impersonation"`)
	look(`{"reason": "ticket 8", "write": true}`)
	a.Call(t, "as ann", "PATCH", "/me", `{"name": "Changed for her"}`).Want(t, 200)
	a.Call(t, "as ann", "DELETE", "/me", "").Want(t, 403, "forbidden")
	a.Call(t, "as ann", "POST", "/auth/password/change", `{"current_password": "`+apptest.Password+`", "new_password": "seven brass lanterns"}`).Want(t, 403)
	a.Call(t, "as ann", "POST", "/auth/step-up", `{"password": "`+apptest.Password+`"}`).Want(t, 403)
	if entries := trail(t, a); !strings.Contains(strings.Join(entries, "\n"), "admin-impersonate-user 2") {
		t.Errorf("the trail lacks it: %v", entries)
	}
	a.Time.Advance(31 * time.Minute)
	a.Call(t, "as ann", "GET", "/me", "").Want(t, 401)
}

// A vendor's team: by invitation, each with the rights of their role, until the
// next request after they are gone.
func TestVendorTeam(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	vendor := a.Owner(t, "vera")
	eve := a.User(t, "eve")
	a.User(t, "mallory")
	a.Product(t, apptest.By(vendor))
	a.Call(t, "eve", "GET", "/vendor/team", "").Want(t, 403)
	invite := func(role string) string {
		t.Helper()
		made := apptest.Read[vendors.Invitation](t, a.Call(t, "vera", "POST", "/vendor/team/invitations", `{"email": "`+strings.ToUpper(eve.Email)+`", "role": "`+role+`"}`).Want(t, 201))
		mail, err := a.Vendors.MailedInvitation(t.Context(), a.DB, made.ID)
		if err != nil {
			t.Fatal(err)
		}
		return mail.Token
	}
	first := invite("viewer")
	a.Call(t, "vera", "POST", "/vendor/team/invitations", `{"email": "`+eve.Email+`", "role": "owner"}`).Want(t, 409, "already_invited")
	accept := func(as, token string) apptest.Answer {
		return a.Call(t, as, "POST", "/vendors/invitations/accept", `{"token": "`+token+`"}`)
	}
	accept("mallory", first).Want(t, 403, "not_invited")
	accept("eve", first[1:]).Want(t, 400, "invalid_token")
	accept("eve", first).Want(t, 200, `"role":"viewer"`)
	accept("eve", first).Want(t, 400, "invalid_token")
	a.Call(t, "eve", "GET", "/vendor/products", "").Want(t, 200, "Mug")
	a.Call(t, "eve", "POST", "/vendor/products", `{"title": "Hers"}`).Want(t, 403)
	a.Call(t, "eve", "POST", "/vendor/team/invitations", `{"email": "x@example.com", "role": "owner"}`).Want(t, 403)
	set := func(as, user, role string) apptest.Answer {
		return a.Call(t, as, "PATCH", "/vendor/team/"+user, `{"role": "`+role+`"}`)
	}
	set("eve", eve.ID.String(), "owner").Want(t, 403)
	set("vera", eve.ID.String(), "catalog").Want(t, 200)
	a.Call(t, "eve", "POST", "/vendor/products", `{"title": "Hers", "variants": [{"sku": "HERS"}]}`).Want(t, 201)
	owner := apptest.Read[vendors.Vendor](t, a.Call(t, "vera", "GET", "/vendor/profile", "").Want(t, 200)).OwnerID.String()
	set("vera", owner, "viewer").Want(t, 409, "last_owner")
	a.Call(t, "vera", "DELETE", "/vendor/team/"+owner, "").Want(t, 409, "last_owner")
	a.Call(t, "vera", "DELETE", "/vendor/team/"+eve.ID.String(), "").Want(t, 204)
	a.Call(t, "eve", "GET", "/vendor/products", "").Want(t, 403)
	a.Owner(t, "wanda")
	a.Call(t, "wanda", "DELETE", "/vendor/team/"+owner, "").Want(t, 404)
}

// A session that was stolen brings nobody into a team.
func TestTeamsAskForAProof(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	a.Owner(t, "vera")
	owner := apptest.Read[vendors.Vendor](t, a.Call(t, "vera", "GET", "/vendor/profile", "").Want(t, 200)).OwnerID.String()
	if _, err := a.DB.Exec(t.Context(), `UPDATE sessions SET authenticated_at = authenticated_at - interval '1 hour'`); err != nil {
		t.Fatal(err)
	}
	a.Call(t, "vera", "POST", "/vendor/team/invitations", `{"email": "x@example.com", "role": "owner"}`).Want(t, 403, "step_up_required")
	a.Call(t, "vera", "PATCH", "/vendor/team/"+owner, `{"role": "owner"}`).Want(t, 403, "step_up_required")
}

// API keys do what their scopes say, at the doors of those whom they belong to,
// until they are revoked.
func TestAPIKeys(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	vera, wanda := a.Owner(t, "vera"), a.Owner(t, "wanda")
	a.Product(t, apptest.By(vera), apptest.Titled("Of Vera"))
	a.Product(t, apptest.By(wanda), apptest.Titled("Of Wanda"))
	make := func(as, door, body string) apikeys.Made {
		t.Helper()
		made := apptest.Read[apikeys.Made](t, a.Call(t, as, "POST", door+"/api-keys", body).Want(t, 201))
		a.Know(made.Name, made.Secret)
		return made
	}
	key := make(apptest.Admin, "/admin", `{"name": "reader", "scopes": ["orders.read"]}`)
	if !strings.HasPrefix(key.Secret, "sk_live_") || strings.Contains(a.Call(t, apptest.Admin, "GET", "/admin/api-keys", "").Want(t, 200, key.Hint).Body, key.Secret) {
		t.Errorf("the key is %s", key.Secret[:8])
	}
	a.Call(t, "reader", "GET", "/admin/orders", "").Want(t, 200)
	a.Call(t, "reader", "GET", "/admin/products", "").Want(t, 403)
	a.Call(t, "reader", "GET", "/me", "").Want(t, 403)
	a.Call(t, "reader", "GET", "/vendor/products", "").Want(t, 403)
	a.Call(t, "", "GET", "/admin/orders?api_key="+key.Secret, "").Want(t, 401)
	typo := key.Secret[:len(key.Secret)-1] + "0"
	if strings.HasSuffix(key.Secret, "0") {
		typo = key.Secret[:len(key.Secret)-1] + "1"
	}
	a.Know("typo", typo)
	a.Call(t, "typo", "GET", "/admin/orders", "").Want(t, 401)

	for _, bad := range []string{"me.use", "api_keys.write", "roles.write", "users.impersonate", "vendor.orders", "nonsense"} {
		a.Call(t, apptest.Admin, "POST", "/admin/api-keys", `{"name": "bad", "scopes": ["`+bad+`"]}`).Want(t, 422, "/scopes/0")
	}
	hers := make("vera", "/vendor", `{"name": "hers", "scopes": ["vendor.catalog"]}`)
	a.Call(t, "hers", "GET", "/vendor/products", "").Want(t, 200, "Of Vera")
	if list := a.Call(t, "hers", "GET", "/vendor/products", ""); strings.Contains(list.Body, "Of Wanda") {
		t.Errorf("another vendor's products: %s", list.Body)
	}
	a.Call(t, "hers", "GET", "/admin/products", "").Want(t, 403)
	a.Call(t, "hers", "POST", "/vendor/team/invitations", `{"email": "x@example.com", "role": "owner"}`).Want(t, 403)
	a.Call(t, "vera", "POST", "/vendor/api-keys", `{"name": "bad", "scopes": ["orders.read"]}`).Want(t, 422)
	a.Call(t, "wanda", "DELETE", "/vendor/api-keys/"+hers.ID.String(), "").Want(t, 404)
	a.Call(t, "wanda", "GET", "/vendor/api-keys/"+hers.ID.String(), "").Want(t, 404)
	a.Call(t, apptest.Admin, "POST", "/admin/vendors/"+vera.String()+"/suspend", `{"reason": "fraud"}`).Want(t, 200)
	a.Call(t, "hers", "GET", "/vendor/products", "").Want(t, 401)

	short := make(apptest.Admin, "/admin", `{"name": "short", "scopes": ["orders.read"], "expires_at": "`+a.Time.Now().Add(time.Hour).Format(time.RFC3339)+`"}`)
	a.Call(t, "short", "GET", "/admin/orders", "").Want(t, 200)
	a.Time.Advance(time.Hour)
	a.Call(t, "short", "GET", "/admin/orders", "").Want(t, 401)
	a.InTx(t, func(tx pgx.Tx) error { return a.APIKeys.Revoke(t.Context(), tx, id.Vendor{}, short.ID) })
	a.Call(t, "reader", "GET", "/admin/orders", "").Want(t, 200)
	a.InTx(t, func(tx pgx.Tx) error { return a.APIKeys.Revoke(t.Context(), tx, id.Vendor{}, key.ID) })
	a.Call(t, "reader", "GET", "/admin/orders", "").Want(t, 401)
}

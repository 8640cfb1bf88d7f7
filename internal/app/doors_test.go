package app_test

import (
	"strings"
	"testing"

	"souk/internal/app/apptest"
	"souk/internal/auth"
	"souk/internal/platform/pgtest"
)

// Whoever loses a right, loses it on the next request.
func TestRightsEndAtOnce(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	vendor := a.Owner(t, "vera")
	staff := a.User(t, "stan", auth.RoleAdmin)
	a.Token(t, apptest.Admin)
	a.Call(t, "vera", "GET", "/vendor/orders", "").Want(t, 200)
	a.Call(t, "stan", "GET", "/admin/orders", "").Want(t, 200)
	a.Call(t, apptest.Admin, "POST", "/admin/vendors/"+vendor.String()+"/suspend", `{"reason": "fraud"}`).Want(t, 200)
	if got := a.Call(t, "vera", "GET", "/vendor/products", ""); got.Status == 200 && !strings.Contains(got.Body, `"data":[]`) || got.Status >= 500 {
		t.Errorf("a suspended vendor is answered %d: %s", got.Status, got.Body)
	}
	tag := a.Call(t, apptest.Admin, "GET", "/admin/users/"+staff.ID.String(), "").Want(t, 200).Header.Get("ETag")
	a.Call(t, apptest.Admin, "PUT", "/admin/users/"+staff.ID.String()+"/roles", `{"roles": ["customer"]}`, "If-Match", tag).Want(t, 200)
	a.Call(t, "stan", "GET", "/admin/orders", "").Want(t, 403)
	a.Call(t, apptest.Admin, "POST", "/admin/users/"+staff.ID.String()+"/disable", "").Want(t, 200)
	a.Call(t, "stan", "GET", "/me", "").Want(t, 401)
}

package app_test

import (
	"testing"

	"souk/internal/accounts"
	"souk/internal/app/apptest"
	"souk/internal/platform/pgtest"
)

func TestStaffChangeSettings(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	a.User(t, "ann")
	a.Call(t, "", "GET", "/admin/settings", "").Want(t, 401)
	a.Call(t, "ann", "GET", "/admin/settings", "").Want(t, 403)
	list := a.Call(t, apptest.Admin, "GET", "/admin/settings", "").Want(t, 200, `"key":"accounts.require_mfa","type":"string","value":"off"`)
	tag := list.Header.Get("ETag")

	change := `{"settings": {"accounts.verify_email": true, "accounts.password_grant": false}}`
	a.Call(t, apptest.Admin, "PATCH", "/admin/settings", change).Want(t, 428)
	a.Call(t, apptest.Admin, "PATCH", "/admin/settings", change, "If-Match", `"other"`).Want(t, 412)
	a.Call(t, apptest.Admin, "PATCH", "/admin/settings", `{"settings": {"accounts.require_mfa": "some"}}`, "If-Match", tag).Want(t, 422, "off, staff, staff_and_vendors")
	a.Call(t, apptest.Admin, "PATCH", "/admin/settings", `{"settings": {"accounts.nonsense": true}}`, "If-Match", tag).Want(t, 422, "/settings/accounts.nonsense")
	changed := a.Call(t, apptest.Admin, "PATCH", "/admin/settings", change, "If-Match", tag).Want(t, 200, `"value":true`)
	if got, err := accounts.VerifyEmailSetting.Get(t.Context(), a.Settings); !got || err != nil {
		t.Errorf("accounts.verify_email is %t, %v", got, err)
	}
	a.Call(t, apptest.Admin, "PATCH", "/admin/settings", change, "If-Match", tag).Want(t, 412)

	a.Call(t, apptest.Admin, "PATCH", "/admin/settings", `{"settings": {"accounts.verify_email": null, "accounts.password_grant": null}}`,
		"If-Match", changed.Header.Get("ETag")).Want(t, 200)
	if got := a.Call(t, apptest.Admin, "GET", "/admin/settings", "").Header.Get("ETag"); got != tag {
		t.Errorf("back at the defaults the tag is %s, was %s", got, tag)
	}
}

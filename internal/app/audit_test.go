package app_test

import (
	"strings"
	"testing"

	"souk/internal/app/apptest"
	"souk/internal/auth"
	"souk/internal/platform/audit"
	"souk/internal/platform/pgtest"
)

// trail is what stands in the audit trail, the oldest first, as
// "action outcome actor subject".
func trail(t *testing.T, a *apptest.App) []string {
	t.Helper()
	entries, err := audit.List(t.Context(), a.DB, audit.Query{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	lines := make([]string, 0, len(entries))
	for _, e := range entries {
		lines = append([]string{strings.Join([]string{e.Action, string(rune('0' + e.Outcome/100)), e.Actor, e.Subject}, " ")}, lines...)
	}
	return lines
}

// What staff change stands in the trail, with who, what and from where; so do
// those who were not let in; what shoppers do does not, nor does what failed.
func TestTheAuditTrail(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	ann, staff := a.User(t, "ann"), a.User(t, "stan", auth.RoleAdmin)
	a.Token(t, "stan")
	a.PlacedOrder(t, "ann", 1, a.Variant(t))
	before := len(trail(t, a))

	a.Call(t, "stan", "POST", "/admin/users/"+ann.ID.String()+"/disable", "").Want(t, 200)
	a.Call(t, "stan", "POST", "/admin/users/"+staff.ID.String()[:20]+"/disable", "").Want(t, 404)
	a.Call(t, "ann", "GET", "/admin/users", "").Want(t, 401)
	a.Call(t, "", "POST", "/admin/users/"+ann.ID.String()+"/enable", "").Want(t, 401)
	a.Call(t, "", "POST", "/auth/login", `{"email": "ann@example.com", "password": "p4ss-canary"}`).Want(t, 401)
	got := trail(t, a)[before:]
	want := []string{
		"admin-disable-user 2 " + staff.ID.String() + " " + ann.ID.String(),
		"admin-enable-user 4 guest " + ann.ID.String(),
		"auth-login 4 guest ",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the trail has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	list := a.Call(t, "stan", "GET", "/admin/audit-log?user="+staff.ID.String(), "").Want(t, 200, "admin-disable-user", `"address":"192.0.2.1"`)
	if strings.Contains(list.Body, "auth-login") {
		t.Errorf("the filter lets others through: %s", list.Body)
	}
	if all := a.Call(t, "stan", "GET", "/admin/audit-log?limit=100", "").Want(t, 200); strings.Contains(all.Body, "p4ss-canary") || strings.Contains(all.Body, "ann@example.com") {
		t.Errorf("secrets stand in the trail: %s", all.Body)
	}
	for range 30 {
		a.Call(t, "", "POST", "/admin/users/"+ann.ID.String()+"/enable", "").Want(t, 401)
	}
	if flood := len(trail(t, a)) - before; flood > 3+12 {
		t.Errorf("a flood of refusals fills the trail: %d entries", flood)
	}
}

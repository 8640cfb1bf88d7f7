package accounts

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// asStaff is a context in which somebody may do these things.
func asStaff(t *testing.T, ps ...auth.Permission) context.Context {
	t.Helper()
	set := map[auth.Permission]bool{}
	for _, p := range ps {
		set[p] = true
	}
	return auth.With(t.Context(), auth.Actor{User: id.New[id.User](), Permissions: set})
}

func asAdmin(t *testing.T) context.Context { t.Helper(); return asStaff(t, Permissions()...) }

// custom makes a role, and gives it to whoever is named.
func custom(t *testing.T, u *Users, name string, ps []auth.Permission, users ...id.User) {
	t.Helper()
	change(t, u, func(tx pgx.Tx) error {
		if _, err := u.CreateRole(asAdmin(t), tx, Role{Name: name, Label: name, Permissions: ps}); err != nil {
			return err
		}
		for _, user := range users {
			if err := Grant(t.Context(), tx, user, name); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestACustomRoleCountsOnTheNextRequest(t *testing.T) {
	d := serve(t)
	admin, ann := d.signUpAdmin(t).AccessToken, d.signUp(t, "ann")
	d.call(t, ann.AccessToken, "GET", "/api/v1/admin/users", "").want(t, 403)
	d.call(t, admin, "POST", "/api/v1/admin/roles", `{"name":"support","label":" Customer  support","permissions":["users.read","users.read"]}`).
		want(t, 201, `"label":"Customer support"`, `"permissions":["users.read"]`, `"built_in":false`)
	d.call(t, admin, "PUT", "/api/v1/admin/users/"+ann.User.ID.String()+"/roles", `{"roles":["support"]}`, "If-Match", `"v1"`).
		want(t, 200, `"roles":["customer","support"]`)
	d.call(t, ann.AccessToken, "GET", "/api/v1/admin/users?role=support&include=total_count", "").want(t, 200, `"username":"ann"`, `"total_count":1`)
	me := d.call(t, ann.AccessToken, "GET", "/api/v1/me", "").want(t, 200, `"permissions":["me.use","users.read"]`)

	shown := d.call(t, admin, "GET", "/api/v1/admin/roles/support", "").want(t, 200)
	d.call(t, admin, "DELETE", "/api/v1/admin/roles/support", "", "If-Match", shown.Header.Get("ETag")).want(t, 409, `"code":"role_in_use"`)
	d.call(t, admin, "PATCH", "/api/v1/admin/roles/support", `{"permissions":["roles.read"]}`).want(t, 428)
	edited := d.call(t, admin, "PATCH", "/api/v1/admin/roles/support", `{"permissions":["roles.read"]}`, "If-Match", shown.Header.Get("ETag")).want(t, 200, `"label":"Customer support"`)
	d.call(t, admin, "PATCH", "/api/v1/admin/roles/support", `{"label":"Old"}`, "If-Match", shown.Header.Get("ETag")).want(t, 412)
	d.call(t, ann.AccessToken, "GET", "/api/v1/admin/users", "").want(t, 403)
	d.call(t, ann.AccessToken, "GET", "/api/v1/admin/roles", "").want(t, 200, `"name":"admin"`, `"built_in":true`, `"users.write"`)
	d.call(t, ann.AccessToken, "GET", "/api/v1/me", "", "If-None-Match", me.Header.Get("ETag")).want(t, 200, `"roles.read"`)

	d.call(t, admin, "PUT", "/api/v1/admin/users/"+ann.User.ID.String()+"/roles", `{"roles":[]}`, "If-Match", `"v2"`).want(t, 200)
	d.call(t, ann.AccessToken, "GET", "/api/v1/admin/roles", "").want(t, 403)
	d.call(t, admin, "DELETE", "/api/v1/admin/roles/support", "", "If-Match", edited.Header.Get("ETag")).want(t, 204)
	d.call(t, admin, "GET", "/api/v1/admin/roles/support", "").want(t, 404)
	if n := raised(t, d.Users, "accounts.role_changed"); n != 3 {
		t.Errorf("%d events for a role that was made, edited and removed", n)
	}
}

func TestRolesThatAreRefused(t *testing.T) {
	d := serve(t)
	admin := d.signUpAdmin(t).AccessToken
	const roles = "/api/v1/admin/roles"
	d.call(t, admin, "POST", roles, `{"name":"support","label":"Support","permissions":["users.read"]}`).want(t, 201)
	for _, test := range []struct {
		name, method, path, body string
		status                   int
		says                     string
	}{
		{"an unknown permission", "POST", roles, `{"name":"x","label":"x","permissions":["users.read","users.fly"]}`, 422, `"pointer":"/permissions/1"`},
		{"what everybody has", "POST", roles, `{"name":"x","label":"x","permissions":["me.use"]}`, 422, `"pointer":"/permissions/0"`},
		{"what a vendor's team gives", "POST", roles, `{"name":"x","label":"x","permissions":["vendor.use"]}`, 422, `"pointer":"/permissions/0"`},
		{"nothing permitted", "POST", roles, `{"name":"x","label":"x","permissions":[]}`, 422, `"pointer":"/permissions"`},
		{"capitals", "POST", roles, `{"name":"Boss","label":"x","permissions":["users.read"]}`, 422, `"pointer":"/name"`},
		{"a path", "POST", roles, `{"name":"../x","label":"x","permissions":["users.read"]}`, 422, `"pointer":"/name"`},
		{"two lines", "POST", roles, `{"name":"x","label":"a\nb","permissions":["users.read"]}`, 422, `"pointer":"/label"`},
		{"a name twice", "POST", roles, `{"name":"support","label":"x","permissions":["users.read"]}`, 409, `"code":"name_taken"`},
		{"a built-in name", "POST", roles, `{"name":"admin","label":"x","permissions":["users.read"]}`, 409, `"code":"name_taken"`},
		{"built in, by request", "POST", roles, `{"name":"x","label":"x","permissions":["users.read"],"built_in":true}`, 400, `unknown_field`},
		{"to edit a built-in role", "PATCH", roles + "/customer", `{"permissions":["users.write"]}`, 409, `"code":"built_in"`},
		{"to remove a built-in role", "DELETE", roles + "/vendor", ``, 409, `"code":"built_in"`},
		{"to edit nothing", "PATCH", roles + "/nobody", `{}`, 404, `"code":"not_found"`},
		{"to permit nothing", "PATCH", roles + "/support", `{"permissions":[]}`, 422, `"pointer":"/permissions"`},
	} {
		a := d.call(t, admin, test.method, test.path, test.body, "If-Match", `"v1"`)
		if a.Status != test.status || !strings.Contains(a.Body, test.says) {
			t.Errorf("%s: %d %s", test.name, a.Status, a.Body)
		}
	}
}

// Whoever may write roles or users is not thereby an administrator.
func TestNobodyRaisesAnybodyAboveThemselves(t *testing.T) {
	u, _ := open(t, pgtest.Tx(t))
	boss, stan, ann := register(t, u, "boss").User, register(t, u, "stan").User, register(t, u, "ann").User
	makeAdmin(t, u, boss.ID)
	makeAdmin(t, u, register(t, u, "boss2").User.ID)
	limited := []auth.Permission{CanWriteRoles, CanWriteUsers}
	custom(t, u, "limited", limited, stan.ID)
	custom(t, u, "reader", []auth.Permission{CanReadUsers})
	set := func(user id.User, roles ...string) func(context.Context, pgx.Tx) error {
		return func(ctx context.Context, tx pgx.Tx) error {
			now, err := u.Get(ctx, tx, user)
			if err != nil {
				return err
			}
			return u.SetRoles(ctx, tx, user, now.Version, roles)
		}
	}
	edit := func(name string, ps ...auth.Permission) func(context.Context, pgx.Tx) error {
		return func(ctx context.Context, tx pgx.Tx) error {
			_, err := u.EditRole(ctx, tx, name, 1, RoleEdit{Permissions: &ps})
			return err
		}
	}
	for _, test := range []struct {
		name string
		do   func(context.Context, pgx.Tx) error
		want error
	}{
		{"makes themselves an administrator", set(stan.ID, "limited", "admin"), ErrBeyondOwnRights},
		{"makes somebody else an administrator", set(ann.ID, "admin"), ErrBeyondOwnRights},
		{"takes an administrator's role", set(boss.ID), ErrBeyondOwnRights},
		{"gives a role that reads what they do not", set(ann.ID, "reader"), ErrBeyondOwnRights},
		{"puts more into their own role", edit("limited", CanWriteRoles, CanWriteUsers, CanReadUsers), ErrBeyondOwnRights},
		{"changes a role above them", edit("reader", CanWriteRoles), ErrBeyondOwnRights},
		{"removes a role above them", func(ctx context.Context, tx pgx.Tx) error { return u.RemoveRole(ctx, tx, "reader", 1) }, ErrBeyondOwnRights},
		{"makes a role above them", func(ctx context.Context, tx pgx.Tx) error {
			_, err := u.CreateRole(ctx, tx, Role{Name: "x", Label: "x", Permissions: []auth.Permission{CanReadUsers}})
			return err
		}, ErrBeyondOwnRights},
		{"gives what they have", set(ann.ID, "limited"), nil},
		{"makes somebody a vendor", set(ann.ID, "vendor"), nil},
		{"gives up what they have", edit("limited", CanWriteRoles), nil},
	} {
		err := postgres.InTx(t.Context(), u.DB, func(tx pgx.Tx) error {
			if err := test.do(asStaff(t, limited...), tx); err != nil {
				return err
			}
			return errUndo
		})
		if want := test.want; want == nil && !errors.Is(err, errUndo) || want != nil && !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", test.name, err, want)
		}
	}
}

var errUndo = errors.New("undo")

func TestARoleIsRemovedWhileItIsGiven(t *testing.T) {
	t.Parallel()
	u, _ := open(t, pgtest.DB(t))
	ann := register(t, u, "ann").User
	custom(t, u, "reader", []auth.Permission{CanReadUsers})
	giving := make(chan error, 1)
	given := make(chan struct{})
	proceed := make(chan struct{})
	go func() {
		giving <- postgres.InTx(t.Context(), u.DB, func(tx pgx.Tx) error {
			if err := u.SetRoles(asAdmin(t), tx, ann.ID, ann.Version, []string{"reader"}); err != nil {
				return err
			}
			close(given)
			<-proceed
			return nil
		})
	}()
	<-given
	removing := make(chan error, 1)
	go func() {
		removing <- postgres.InTx(t.Context(), u.DB, func(tx pgx.Tx) error { return u.RemoveRole(asAdmin(t), tx, "reader", 1) })
	}()
	close(proceed)
	if err := <-giving; err != nil {
		t.Error(err)
	}
	if err := <-removing; !errors.Is(err, ErrRoleInUse) {
		t.Errorf("remove: %v", err)
	}
}

func TestStaffOfACustomRoleHaveShortSessions(t *testing.T) {
	u, at := open(t, pgtest.Tx(t))
	stan := register(t, u, "stan")
	custom(t, u, "reader", []auth.Permission{CanReadUsers}, stan.User.ID)
	at.Advance(u.lifetime([]string{auth.RoleAdmin}, false).Idle)
	if _, err := u.Refresh(t.Context(), stan.RefreshToken, home); !errors.Is(err, ErrRefreshToken) {
		t.Errorf("a member of staff who was away: %v", err)
	}
}

func TestUnknownPermissionsOfARoleAreNothing(t *testing.T) {
	u, _ := open(t, pgtest.Tx(t))
	stan := register(t, u, "stan")
	custom(t, u, "reader", []auth.Permission{CanReadUsers}, stan.User.ID)
	change(t, u, func(tx pgx.Tx) error { // a module that is gone, and what no role gives
		_, err := postgres.Exec(t.Context(), tx, `UPDATE roles SET permissions = '{users.read,gone.write,vendor.use}' WHERE name = 'reader'`, nil)
		return err
	})
	actor, err := u.Authenticate(t.Context(), stan.AccessToken)
	if err != nil || actor.Can("gone.write") || actor.Can(auth.AsVendor) || !actor.Can(CanReadUsers) || !slices.Equal(actor.Roles, []string{"customer", "reader"}) {
		t.Errorf("stan is %+v, %v", actor, err)
	}
}

func TestRoleWritesAskForStepUp(t *testing.T) {
	d := serve(t)
	admin := d.signUpAdmin(t).AccessToken
	d.clock.Advance(auth.StepUpLife - 1)
	d.call(t, admin, "POST", "/api/v1/admin/roles", `{"name":"a","label":"a","permissions":["users.read"]}`).want(t, 201)
	change(t, d.Users, func(tx pgx.Tx) error {
		_, err := postgres.Exec(t.Context(), tx, `UPDATE sessions SET authenticated_at = authenticated_at - interval '1 minute'`, nil)
		return err
	})
	for _, call := range [][2]string{{"POST", "/roles"}, {"PATCH", "/roles/a"}, {"DELETE", "/roles/a"}, {"PUT", "/users/" + id.New[id.User]().String() + "/roles"}} {
		d.call(t, admin, call[0], "/api/v1/admin"+call[1], `{}`, "If-Match", `"v1"`).want(t, 403, `"code":"step_up_required"`)
	}
}

// Who may write users does not get rid of those above them, nor brings them back.
func TestNobodyGovernsThoseAboveThem(t *testing.T) {
	d := serve(t)
	admin, boss, stan, ann := d.signUpAdmin(t).AccessToken, d.signUp(t, "boss"), d.signUp(t, "stan"), d.signUp(t, "ann")
	makeAdmin(t, d.Users, boss.User.ID)
	custom(t, d.Users, "support", []auth.Permission{CanReadUsers, CanWriteUsers, CanEraseUsers}, stan.User.ID)
	calls := [][2]string{{"POST", "/disable"}, {"POST", "/enable"}, {"DELETE", "/mfa"}, {"DELETE", ""}}
	for _, call := range calls {
		d.call(t, stan.AccessToken, call[0], "/api/v1/admin/users/"+boss.User.ID.String()+call[1], "").want(t, 403, `"code":"beyond_own_rights"`)
		if status := d.call(t, stan.AccessToken, call[0], "/api/v1/admin/users/"+ann.User.ID.String()+call[1], "").Status; status >= 300 {
			t.Errorf("%s %s of a customer: %d", call[0], call[1], status)
		}
	}
	d.call(t, boss.AccessToken, "GET", "/api/v1/me", "").want(t, 200)
	d.call(t, admin, "POST", "/api/v1/admin/users/"+boss.User.ID.String()+"/disable", "").want(t, 200)
}

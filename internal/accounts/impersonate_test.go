package accounts

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

func TestStaffLookAsACustomer(t *testing.T) {
	d := serve(t)
	admin, ann := d.signUpAdmin(t), d.signUp(t, "ann")
	at := "/api/v1/admin/users/" + ann.User.ID.String() + "/impersonate"
	d.call(t, admin.AccessToken, "POST", at, `{"reason":""}`).want(t, 422)
	d.call(t, admin.AccessToken, "POST", at, `{"reason":"a\nb"}`).want(t, 422, `"pointer":"/reason"`)
	looking := read[Impersonation](t, d.call(t, admin.AccessToken, "POST", at, `{"reason":"Ticket 12"}`).
		want(t, 201, `"read_only":true`, `"expires_in":1800`))

	var c jwt.MapClaims
	if _, _, err := jwt.NewParser().ParseUnverified(looking.AccessToken, &c); err != nil || c["sub"] != ann.User.ID.String() ||
		c["act"].(map[string]any)["sub"] != admin.User.ID.String() {
		t.Errorf("claims %v, %v", c, err)
	}
	token := looking.AccessToken
	d.call(t, token, "GET", "/api/v1/me", "").want(t, 200, `"username":"ann"`, `"impersonated_by":"`+admin.User.ID.String()+`"`)
	d.call(t, token, "PATCH", "/api/v1/me", `{"name":"Mallory"}`).want(t, 403, `"code":"read_only"`)
	d.call(t, token, "DELETE", "/api/v1/me", "").want(t, 403)
	d.call(t, token, "POST", "/api/v1/auth/password/change", `{}`).want(t, 403)
	d.call(t, token, "POST", at, `{"reason":"again"}`).want(t, 403)
	d.call(t, token, "GET", "/api/v1/admin/users", "").want(t, 403)
	d.call(t, ann.AccessToken, "GET", "/api/v1/me/sessions", "").want(t, 200, `"method":"impersonation"`, `"method":"password"`)
	if n := raised(t, d.Users, "accounts.impersonated"); n != 1 {
		t.Errorf("impersonated was raised %d times", n)
	}
	d.call(t, token, "POST", "/api/v1/auth/logout", "").want(t, 204)
	d.call(t, token, "GET", "/api/v1/me", "").want(t, 401)
	d.call(t, ann.AccessToken, "GET", "/api/v1/me", "").want(t, 200)
	d.call(t, admin.AccessToken, "GET", "/api/v1/me", "").want(t, 200)
}

func TestStaffActAsACustomer(t *testing.T) {
	d := serve(t)
	admin, ann := d.signUpAdmin(t).AccessToken, d.signUp(t, "ann")
	acting := read[Impersonation](t, d.call(t, admin, "POST", "/api/v1/admin/users/"+ann.User.ID.String()+"/impersonate", `{"reason":"by phone","write":true}`).
		want(t, 201, `"read_only":false`)).AccessToken
	d.call(t, acting, "PATCH", "/api/v1/me", `{"name":"Ann Lee"}`).want(t, 200)
	d.call(t, acting, "POST", "/api/v1/auth/password/change", `{"current_password":"`+goodPassword+`","new_password":"`+otherPassword+`"}`).want(t, 403)
	d.clock.Advance(impersonationLife - time.Second)
	d.call(t, acting, "GET", "/api/v1/me", "").want(t, 200)
	d.clock.Advance(time.Second)
	d.call(t, acting, "GET", "/api/v1/me", "").want(t, 401)
}

func TestImpersonationsThatAreRefused(t *testing.T) {
	u, _ := open(t, pgtest.Tx(t))
	boss, stan, ann, gone, erased := register(t, u, "boss").User, register(t, u, "stan").User, register(t, u, "ann").User, register(t, u, "gone").User, register(t, u, "erased").User
	makeAdmin(t, u, boss.ID)
	custom(t, u, "reader", []auth.Permission{CanReadUsers}, stan.ID)
	change(t, u, func(tx pgx.Tx) error { return u.Disable(t.Context(), tx, gone.ID) })
	change(t, u, func(tx pgx.Tx) error { return u.Erase(t.Context(), tx, erased.ID) })
	me := auth.Actor{User: ann.ID, Permissions: map[auth.Permission]bool{CanImpersonate: true}}
	for _, test := range []struct {
		name  string
		user  id.User
		write bool
		want  error
	}{
		{"an administrator", boss.ID, false, ErrImpersonateStaff},
		{"staff of a custom role", stan.ID, false, ErrImpersonateStaff},
		{"oneself", ann.ID, false, ErrImpersonateStaff},
		{"to act, without the permission", gone.ID, true, auth.ErrForbidden},
		{"who is disabled", gone.ID, false, ErrImpersonationShut},
		{"who is erased", erased.ID, false, ErrImpersonationShut},
		{"nobody", id.New[id.User](), false, ErrNoUser},
	} {
		if _, err := look(t, u, me, test.user, test.write); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestAnImpersonationEndsWithItsReason(t *testing.T) {
	for _, test := range []struct {
		name  string
		write bool
		end   func(ctx context.Context, u *Users, tx pgx.Tx, stan, ann User) error
	}{
		{"the impersonator is disabled", false, func(ctx context.Context, u *Users, tx pgx.Tx, stan, _ User) error { return u.Disable(ctx, tx, stan.ID) }},
		{"the impersonator loses the role", false, func(ctx context.Context, _ *Users, tx pgx.Tx, stan, _ User) error {
			return Revoke(ctx, tx, stan.ID, "support")
		}},
		{"the role permits it no more", false, func(ctx context.Context, u *Users, tx pgx.Tx, _, _ User) error {
			_, err := u.EditRole(asAdmin(t), tx, "support", 1, RoleEdit{Permissions: &[]auth.Permission{CanReadUsers, CanImpersonateAndWrite}})
			return err
		}},
		{"the role permits to act and not to look", true, func(ctx context.Context, u *Users, tx pgx.Tx, _, _ User) error {
			_, err := u.EditRole(asAdmin(t), tx, "support", 1, RoleEdit{Permissions: &[]auth.Permission{CanImpersonateAndWrite}})
			return err
		}},
		{"the role permits no writes any more", true, func(ctx context.Context, u *Users, tx pgx.Tx, _, _ User) error {
			_, err := u.EditRole(asAdmin(t), tx, "support", 1, RoleEdit{Permissions: &[]auth.Permission{CanImpersonate}})
			return err
		}},
		{"all sessions of the impersonator are ended", false, func(ctx context.Context, u *Users, tx pgx.Tx, stan, _ User) error {
			return u.EndSessions(ctx, tx, stan.ID)
		}},
		{"the user is disabled", false, func(ctx context.Context, u *Users, tx pgx.Tx, _, ann User) error { return u.Disable(ctx, tx, ann.ID) }},
		{"the user becomes staff", false, func(ctx context.Context, _ *Users, tx pgx.Tx, _, ann User) error {
			return Grant(ctx, tx, ann.ID, auth.RoleAdmin)
		}},
		{"the user ends all sessions", false, func(ctx context.Context, u *Users, tx pgx.Tx, _, ann User) error {
			return u.EndSessions(ctx, tx, ann.ID)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			u, _ := open(t, pgtest.Tx(t))
			stan, ann := register(t, u, "stan"), register(t, u, "ann").User
			custom(t, u, "support", []auth.Permission{CanImpersonate, CanImpersonateAndWrite}, stan.User.ID)
			actor, err := u.Authenticate(t.Context(), stan.AccessToken)
			if err != nil {
				t.Fatal(err)
			}
			looking, err := look(t, u, actor, ann.ID, test.write)
			if err != nil {
				t.Fatal(err)
			}
			as, err := u.Authenticate(t.Context(), looking.AccessToken)
			if err != nil || as.User != ann.ID || as.Impersonator != stan.User.ID || as.ReadOnly == test.write || as.Staff() {
				t.Fatalf("looks as %+v, %v", as, err)
			}
			if err := postgres.InTx(t.Context(), u.DB, func(tx pgx.Tx) error { return test.end(t.Context(), u, tx, stan.User, ann) }); err != nil {
				t.Fatal(err)
			}
			if _, err := u.Authenticate(t.Context(), looking.AccessToken); !errors.Is(err, auth.ErrUnauthenticated) {
				t.Errorf("still let in: %v", err)
			}
		})
	}
}

func look(t *testing.T, u *Users, as auth.Actor, user id.User, write bool) (looking Impersonation, err error) {
	t.Helper()
	key, err := u.signingKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = postgres.InTx(t.Context(), u.DB, func(tx pgx.Tx) error {
		looking, err = u.Impersonate(auth.With(t.Context(), as), tx, key, user, "ticket 7", write, home)
		return err
	})
	return looking, err
}

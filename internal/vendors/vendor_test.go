package vendors

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/clock"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func open(db postgres.DB) *Vendors { return &Vendors{DB: db, Clock: clock.At(noon)} }

// user makes somebody with an account, without the cost of a password.
func user(t *testing.T, v *Vendors, name string) id.User {
	t.Helper()
	u := id.New[id.User]()
	_, err := v.DB.Exec(t.Context(), `INSERT INTO users (id, username, email) VALUES (@id, @name, @name || '@example.com')`,
		pgx.NamedArgs{"id": u, "name": name})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func change(t *testing.T, v *Vendors, fn func(tx pgx.Tx) error) {
	t.Helper()
	if err := postgres.InTx(t.Context(), v.DB, fn); err != nil {
		t.Fatal(err)
	}
}

func apply(t *testing.T, v *Vendors, u id.User, name string) (made Vendor) {
	t.Helper()
	change(t, v, func(tx pgx.Tx) (err error) {
		made, err = v.Apply(t.Context(), tx, u, Profile{Name: &name})
		return err
	})
	return made
}

func raised(t *testing.T, v *Vendors) (names []string) {
	t.Helper()
	names, err := postgres.Column[string](t.Context(), v.DB, `SELECT name FROM events WHERE name LIKE 'vendors.%' ORDER BY seq`, nil)
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestFromApplicationToSuspension(t *testing.T) {
	v := open(pgtest.Tx(t))
	ann := user(t, v, "ann")
	shop := apply(t, v, ann, "Käthe & Söhne")
	want := Vendor{
		ID: shop.ID, Slug: "kathe-sohne", Name: "Käthe & Söhne", Status: StatusPending, CommissionBPS: DefaultCommission,
		OwnerID: ann, CreatedAt: noon, UpdatedAt: noon, Version: 1,
	}
	if diff := cmp.Diff(want, shop); diff != "" {
		t.Error(diff)
	}
	actor := auth.Actor{User: ann, Permissions: map[auth.Permission]bool{auth.AsCustomer: true, auth.AsVendor: true}}
	wantVendor := func(when string, want id.Vendor) {
		t.Helper()
		got, err := Identify(t.Context(), v.DB, actor)
		if err != nil || got.Vendor != want || got.Can(auth.AsVendor) == want.IsZero() || !got.Can(auth.AsCustomer) {
			t.Errorf("%s ann acts for %q, as a vendor: %v, %v", when, got.Vendor, got.Can(auth.AsVendor), err)
		}
		if _, err := v.Shopfront(t.Context(), v.DB, shop.Slug); errors.Is(err, ErrNoVendor) != want.IsZero() {
			t.Errorf("%s the public finds %v", when, err)
		}
	}
	wantVendor("while pending", id.Vendor{})
	change(t, v, func(tx pgx.Tx) error { _, err := v.Approve(t.Context(), tx, shop.ID); return err })
	wantVendor("after approval", shop.ID)
	roles, err := postgres.Column[string](t.Context(), v.DB, `SELECT role FROM user_roles`, nil)
	if err != nil || len(roles) != 1 || roles[0] != auth.RoleVendor {
		t.Errorf("ann has the roles %v, %v", roles, err)
	}
	for range 2 { // a double click
		change(t, v, func(tx pgx.Tx) error { _, err := v.Suspend(t.Context(), tx, shop.ID, "no papers"); return err })
	}
	wantVendor("while suspended", id.Vendor{})
	change(t, v, func(tx pgx.Tx) error { _, err := v.Approve(t.Context(), tx, shop.ID); return err })
	wantVendor("after a second approval", shop.ID)
	if !actor.Can(auth.AsVendor) {
		t.Error("Identify has changed the permissions of its caller")
	}
	told := []string{
		"vendors.changed", "vendors.applied", "vendors.approved", "vendors.changed",
		"vendors.suspended", "vendors.changed", "vendors.approved", "vendors.changed",
	}
	if diff := cmp.Diff(told, raised(t, v)); diff != "" {
		t.Error(diff)
	}
}

func TestMovesThatAreNotAllowed(t *testing.T) {
	for _, from := range []Status{StatusPending, StatusActive, StatusRejected, StatusSuspended} {
		for _, to := range []Status{StatusActive, StatusRejected, StatusSuspended} {
			t.Run(string(from)+" to "+string(to), func(t *testing.T) {
				t.Parallel()
				v := open(pgtest.Tx(t))
				name := "Shop"
				var shop Vendor
				change(t, v, func(tx pgx.Tx) (err error) {
					shop, err = v.Create(t.Context(), tx, Profile{Name: &name}, from, id.User{})
					return err
				})
				allowed := map[string]bool{
					"pending active": true, "pending rejected": true, "active suspended": true,
					"rejected active": true, "suspended active": true,
				}
				err := postgres.InTx(t.Context(), v.DB, func(tx pgx.Tx) error {
					_, err := v.move(t.Context(), tx, shop.ID, to, "why", Changed{shop.ID})
					return err
				})
				if want := from == to || allowed[string(from)+" "+string(to)]; (err == nil) != want || err != nil && !errors.Is(err, ErrMove) {
					t.Errorf("got %v, allowed: %v", err, want)
				}
				now, getErr := v.Get(t.Context(), v.DB, shop.ID)
				if getErr != nil || err != nil && !cmp.Equal(now, shop) {
					t.Errorf("a refused move changed something: %+v, %v", now, getErr)
				}
			})
		}
	}
}

func TestApplyAgain(t *testing.T) {
	v := open(pgtest.Tx(t))
	ann := user(t, v, "ann")
	shop := apply(t, v, ann, "Shop")
	again := func(name string) (Vendor, error) {
		var made Vendor
		err := postgres.InTx(t.Context(), v.DB, func(tx pgx.Tx) (err error) {
			made, err = v.Apply(t.Context(), tx, ann, Profile{Name: &name})
			return err
		})
		return made, err
	}
	if _, err := again("Second"); !errors.Is(err, ErrAlreadyVendor) {
		t.Errorf("while pending: %v", err)
	}
	change(t, v, func(tx pgx.Tx) error { _, err := v.Reject(t.Context(), tx, shop.ID, "a joke?"); return err })
	if now, err := v.Get(t.Context(), v.DB, shop.ID); err != nil || now.StatusReason != "a joke?" {
		t.Errorf("rejected: %+v, %v", now, err)
	}
	now, err := again("Better")
	if err != nil || now.ID != shop.ID || now.Name != "Better" || now.Slug != "shop" || now.Status != StatusPending || now.StatusReason != "" {
		t.Errorf("applied again: %+v, %v", now, err)
	}
}

func TestOneUserAppliesTwiceAtOnce(t *testing.T) {
	t.Parallel()
	v := open(pgtest.DB(t))
	ann := user(t, v, "ann")
	var wg sync.WaitGroup
	found := make([]error, 4)
	for i := range found {
		wg.Go(func() {
			name := "Shop"
			found[i] = postgres.InTx(t.Context(), v.DB, func(tx pgx.Tx) error {
				_, err := v.Apply(t.Context(), tx, ann, Profile{Name: &name})
				return err
			})
		})
	}
	wg.Wait()
	made := 0
	for _, err := range found {
		if err == nil {
			made++
		} else if !errors.Is(err, ErrAlreadyVendor) && !errors.Is(err, ErrSlugTaken) {
			t.Error(err)
		}
	}
	if made != 1 {
		t.Errorf("%d vendors were made", made)
	}
}

func TestProfileRefusals(t *testing.T) {
	t.Parallel()
	text := func(s string) *string { return &s }
	number := func(n int) *int { return &n }
	for _, test := range []struct {
		name    string
		profile Profile
		want    string
	}{
		{"no name", Profile{Name: text("  ")}, "/name"},
		{"a long name", Profile{Name: text(strings.Repeat("n", 201))}, "/name"},
		{"two lines", Profile{Name: text("a\nb")}, "/name"},
		{"capitals in the slug", Profile{Slug: text("Shop")}, "/slug"},
		{"an id as the slug", Profile{Slug: text("vend_0")}, "/slug"},
		{"a path", Profile{Slug: text("../x")}, "/slug"},
		{"two dashes", Profile{Slug: text("a--b")}, "/slug"},
		{"a long slug", Profile{Slug: text(strings.Repeat("s", 81))}, "/slug"},
		{"a long description", Profile{Description: text(strings.Repeat("d", 5001))}, "/description"},
		{"a bell", Profile{Description: text("\a")}, "/description"},
		{"no e-mail", Profile{Email: text("x")}, "/email"},
		{"101 %", Profile{CommissionBPS: number(10_100)}, "/commission_bps"},
		{"-1 %", Profile{CommissionBPS: number(-100)}, "/commission_bps"},
	} {
		shop := Vendor{Name: "Shop", Slug: "shop"}
		var refusal *errs.Error
		if err := test.profile.write(&shop); !errors.As(err, &refusal) || refusal.Fields[0].Pointer != test.want {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	shop := Vendor{}
	good := Profile{Name: text("Shop"), Slug: text("my-shop-2"), Description: text("Two\nlines"), Email: text("a@example.com"), CommissionBPS: number(0)}
	if err := good.write(&shop); err != nil {
		t.Error(err)
	}
}

func TestSlugOf(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Nordlicht":               "nordlicht",
		"Käthe & Söhne GmbH":      "kathe-sohne-gmbh",
		"  Ann's   Shop!! ":       "anns-shop",
		"Straße Øl 24":            "strasse-ol-24",
		"Crème Brûlée":            "creme-brulee",
		strings.Repeat("ab ", 60): strings.TrimSuffix(strings.Repeat("ab-", 27)[:80], "-"),
	} {
		if got := SlugOf(name); got != want || !slug.MatchString(got) {
			t.Errorf("SlugOf(%q) = %q, want %q", name, got, want)
		}
	}
	if got := SlugOf("متجر"); !strings.HasPrefix(got, "shop-") || !slug.MatchString(got) {
		t.Errorf("an Arabic name gives %q", got)
	}
}

func TestEnsure(t *testing.T) {
	v := open(pgtest.Tx(t))
	ensure := func(wanted ...Named) (ids map[string]id.Vendor, err error) {
		err = postgres.InTx(t.Context(), v.DB, func(tx pgx.Tx) error {
			ids, err = Ensure(t.Context(), tx, wanted)
			return err
		})
		return ids, err
	}
	first, err := ensure(Named{"Acme", "acme"}, Named{"Käthe", ""}, Named{"ACME again", "acme"})
	if err != nil || len(first) != 2 || first["acme"].IsZero() || first["kathe"].IsZero() {
		t.Fatalf("first: %v, %v", first, err)
	}
	again, err := ensure(Named{"Another name", "acme"}, Named{"Third", "third"})
	if err != nil || again["acme"] != first["acme"] || again["third"].IsZero() {
		t.Errorf("again: %v, %v", again, err)
	}
	if acme, err := v.Shopfront(t.Context(), v.DB, "acme"); err != nil || acme.Name != "Acme" {
		t.Errorf("an import renamed %+v, %v", acme, err)
	}
	if got := len(raised(t, v)); got != 3 {
		t.Errorf("%d events for three new vendors", got)
	}
	if none, err := ensure(); err != nil || len(none) != 0 {
		t.Errorf("of none: %v, %v", none, err)
	}
	for _, bad := range []Named{{"x", "Not A Slug"}, {"  ", "blank"}} {
		if _, err := ensure(bad); !errors.Is(err, errs.Validation) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func TestCommission(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		of   int64
		bps  int
		want int64
	}{{10_000, 1000, 1000}, {1999, 1000, 200}, {5, 1000, 1}, {4, 1000, 0}, {1999, 0, 0}, {1999, 10_000, 1999}} {
		if got := Commission(money.Of(test.of, "USD"), test.bps); got.Minor != test.want {
			t.Errorf("%d bps of %d is %d, want %d", test.bps, test.of, got.Minor, test.want)
		}
	}
}

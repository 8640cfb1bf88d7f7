package apikeys

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/clock"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

const canRead, canWrite auth.Permission = "orders.read", "orders.write"

func open(db postgres.DB) (*Keys, *clock.Manual) {
	at := clock.At(time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC))
	grants := &auth.Grants{}
	grants.Declare(append(Permissions(), canRead, canWrite, auth.AsCustomer, auth.AsVendor, auth.VendorCatalog, auth.VendorTeam)...)
	return &Keys{DB: db, Clock: at, Grants: grants}, at
}

func staff(t *testing.T, ps ...auth.Permission) context.Context {
	t.Helper()
	set := map[auth.Permission]bool{}
	for _, p := range ps {
		set[p] = true
	}
	return auth.With(t.Context(), auth.Actor{Key: id.New[id.APIKey](), Permissions: set}) // somebody without a row in users
}

func (k *Keys) try(ctx context.Context, w Wish) (made Made, err error) {
	err = postgres.InTx(ctx, k.DB, func(tx pgx.Tx) error {
		made, err = k.Create(ctx, tx, w)
		return err
	})
	return made, err
}

func create(t *testing.T, k *Keys, w Wish) Made {
	t.Helper()
	made, err := k.try(staff(t, canRead, canWrite, auth.VendorCatalog), w)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// A key that is no key is told without a query: there is no database here.
func TestTypingErrorsCostNoQuery(t *testing.T) {
	t.Parallel()
	k, _ := open(nil)
	for _, test := range []bool{false, true} {
		secret := newSecret(test)
		if want := map[bool]string{false: "sk_live_", true: "sk_test_"}[test]; !strings.HasPrefix(secret, want) || len(secret) != len(want)+32+7 || !IsKey(secret) {
			t.Errorf("%s is no key", secret)
		}
		other := map[bool]string{false: "sk_test_", true: "sk_live_"}[test]
		bad := []string{"sk_live_", secret[:len(secret)-1], secret + "0", strings.ToUpper(secret), other + secret[8:]}
		for i := len("sk_live_"); i < len(secret); i++ {
			wrong := "0"
			if secret[i] == '0' {
				wrong = "1"
			}
			bad = append(bad, secret[:i]+wrong+secret[i+1:])
		}
		for _, key := range bad {
			if _, err := k.Authenticate(t.Context(), key); !errors.Is(err, auth.ErrUnauthenticated) {
				t.Errorf("%s: %v", key, err)
			}
		}
	}
	if IsKey("eyJhbGciOiJFZERTQSJ9") || IsKey("") {
		t.Error("an access token is taken for a key")
	}
}

func TestOnlyTheHashOfAKeyIsKept(t *testing.T) {
	k, _ := open(pgtest.Tx(t))
	made := create(t, k, Wish{Name: "one", Scopes: []auth.Permission{canRead}})
	row, err := postgres.Scalar[string](t.Context(), k.DB, `SELECT api_keys::text || encode(hash, 'escape') FROM api_keys`, nil)
	if err != nil || strings.Contains(row, made.Secret[8:32]) {
		t.Errorf("the row holds the secret: %s, %v", row, err)
	}
}

func TestTheUseOfAKeyIsWrittenOnceAMinute(t *testing.T) {
	k, at := open(pgtest.Tx(t))
	made := create(t, k, Wish{Name: "one", Scopes: []auth.Permission{canRead}})
	began := at.Now()
	for _, step := range []struct{ after, seen time.Duration }{{0, 0}, {59 * time.Second, 0}, {time.Second, time.Minute}, {time.Second, time.Minute}} {
		at.Advance(step.after)
		if _, err := k.Authenticate(t.Context(), made.Secret); err != nil {
			t.Fatal(err)
		}
		now, err := k.Get(t.Context(), k.DB, id.Vendor{}, made.ID)
		if err != nil || now.LastUsedAt == nil || !now.LastUsedAt.Equal(began.Add(step.seen)) {
			t.Errorf("%s after it was made, it was last used at %v, %v", at.Now().Sub(began), now.LastUsedAt, err)
		}
	}
}

func TestAKeyDoesWhatItsScopesSay(t *testing.T) {
	k, at := open(pgtest.Tx(t))
	made := create(t, k, Wish{Name: "one", Scopes: []auth.Permission{canRead, canRead}})
	actor, err := k.Authenticate(t.Context(), made.Secret)
	if err != nil || actor.Key != made.ID || !actor.User.IsZero() || !actor.Can(canRead) || len(actor.Permissions) != 1 || actor.Anonymous() {
		t.Errorf("the key is %+v, %v", actor, err)
	}
	change := func(sql string) {
		t.Helper()
		if _, err := k.DB.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	change(`UPDATE api_keys SET scopes = '{orders.read,gone.write,me.use,api_keys.write,vendor.catalog}'`) // as a backup of another version may have it
	if actor, err = k.Authenticate(t.Context(), made.Secret); err != nil || len(actor.Permissions) != 1 {
		t.Errorf("what no key can have: %+v, %v", actor.Permissions, err)
	}
	for _, end := range []string{
		`UPDATE api_keys SET expires_at = '2026-05-04T12:00:00Z'`,
		`UPDATE api_keys SET expires_at = NULL, revoked_at = '2026-05-04T12:00:00Z'`,
	} {
		change(end)
		if _, err := k.Authenticate(t.Context(), made.Secret); !errors.Is(err, auth.ErrUnauthenticated) {
			t.Errorf("%s (now %s): %v", end, at.Now(), err)
		}
	}
}

func TestKeysThatAreRefused(t *testing.T) {
	k, at := open(pgtest.Tx(t))
	past := at.Now()
	vendor := id.New[id.Vendor]()
	for _, test := range []struct {
		name string
		wish Wish
		want string
	}{
		{"no name", Wish{Name: " ", Scopes: []auth.Permission{canRead}}, "/name"},
		{"two lines", Wish{Name: "a\nb", Scopes: []auth.Permission{canRead}}, "/name"},
		{"no scopes", Wish{Name: "x"}, "/scopes"},
		{"an unknown scope", Wish{Name: "x", Scopes: []auth.Permission{canRead, "orders.fly"}}, "/scopes/1"},
		{"an account of its own", Wish{Name: "x", Scopes: []auth.Permission{auth.AsCustomer}}, "/scopes/0"},
		{"a key that makes keys", Wish{Name: "x", Scopes: []auth.Permission{CanWrite}}, "/scopes/0"},
		{"a vendor's right for the shop's key", Wish{Name: "x", Scopes: []auth.Permission{auth.VendorCatalog}}, "/scopes/0"},
		{"a right of staff for a vendor's key", Wish{Name: "x", Vendor: vendor, Scopes: []auth.Permission{canRead}}, "/scopes/0"},
		{"a team that a program changes", Wish{Name: "x", Vendor: vendor, Scopes: []auth.Permission{auth.VendorTeam}}, "/scopes/0"},
		{"one that has ended", Wish{Name: "x", Scopes: []auth.Permission{canRead}, Expires: &past}, "/expires_at"},
	} {
		var refusal *errs.Error
		if _, err := k.try(staff(t, canRead, canWrite), test.wish); !errors.As(err, &refusal) || len(refusal.Fields) == 0 || refusal.Fields[0].Pointer != test.want {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	if _, err := k.try(staff(t, canRead), Wish{Name: "x", Scopes: []auth.Permission{canRead, canWrite}}); !errors.Is(err, ErrBeyondOwnRights) {
		t.Errorf("more than its maker: %v", err)
	}
	if _, err := k.try(t.Context(), Wish{Name: "x", Scopes: []auth.Permission{canRead}}); !errors.Is(err, ErrBeyondOwnRights) {
		t.Errorf("by nobody: %v", err)
	}
}

func TestKeysOfVendorsAreApart(t *testing.T) {
	k, _ := open(pgtest.Tx(t))
	vendors := []id.Vendor{id.New[id.Vendor](), id.New[id.Vendor]()}
	var keys []id.APIKey
	for _, v := range vendors {
		if _, err := k.DB.Exec(t.Context(), `INSERT INTO vendors (id, slug, name, status) VALUES (@id, @id::uuid::text, 'x', 'active')`, pgx.NamedArgs{"id": v}); err != nil {
			t.Fatal(err)
		}
		keys = append(keys, create(t, k, Wish{Name: "x", Vendor: v, Scopes: []auth.Permission{auth.VendorCatalog}}).ID)
	}
	keys = append(keys, create(t, k, Wish{Name: "shop", Scopes: []auth.Permission{canRead}}).ID)
	for vendor, want := range map[id.Vendor][]id.APIKey{vendors[0]: {keys[0]}, vendors[1]: {keys[1]}, {}: {keys[2], keys[1], keys[0]}} {
		list, err := k.List(t.Context(), k.DB, vendor, id.APIKey{}, 10)
		var got []id.APIKey
		for _, key := range list {
			got = append(got, key.ID)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s sees %v, %v", vendor, got, err)
		}
	}
	err := postgres.InTx(t.Context(), k.DB, func(tx pgx.Tx) error { return k.Revoke(t.Context(), tx, vendors[0], keys[1]) })
	if !errors.Is(err, ErrNoKey) {
		t.Errorf("revoke another's: %v", err)
	}
	if key, err := k.Get(t.Context(), k.DB, vendors[1], keys[1]); err != nil || key.RevokedAt != nil {
		t.Errorf("and it is %+v, %v", key, err)
	}
}

package payments_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/clock"
	"souk/internal/id"
	"souk/internal/payments"
	"souk/internal/payments/razorpay"
	"souk/internal/payments/razorpay/razorpaytest"
	"souk/internal/payments/stripe"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/outbound"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
	"souk/internal/platform/vault"
)

// office is where staff set up providers, of a shop in a test's transaction.
type office struct {
	t        *testing.T
	accounts *payments.Accounts
	clock    *clock.Manual
	door     http.Handler
	far      *razorpaytest.Server
	farURL   string
}

func openOffice(t *testing.T) *office {
	tx := pgtest.Tx(t)
	o := &office{t: t, clock: clock.At(clock.System{}.Now())}
	o.accounts = &payments.Accounts{DB: tx, Clock: o.clock, Vault: vault.New(make([]byte, 32)), Outbound: outbound.New(true)}
	o.far = razorpaytest.New(o.clock)
	server := httptest.NewServer(o.far.Handler())
	t.Cleanup(server.Close)
	o.farURL = server.URL
	ways := &payments.Payments{DB: tx, BaseURL: "https://shop.example", Accounts: o.accounts, Providers: []payments.Provider{
		&razorpay.Provider{Accounts: o.accounts}, &stripe.Provider{Accounts: o.accounts},
	}}
	r := httpapi.New(httpapi.Config{DB: tx, LimitsOff: true, Authenticate: func(context.Context, *http.Request) (auth.Actor, error) {
		var grants auth.Grants
		grants.Declare(payments.Permissions()...)
		roles := []string{auth.RoleAdmin}
		return auth.Actor{User: id.New[id.User](), Roles: roles, Permissions: grants.Of(roles), AuthenticatedAt: time.Now()}, nil
	}})
	ways.Routes(r)
	o.door = r.Handler()
	return o
}

func (o *office) call(method, path, body string) (int, string) {
	o.t.Helper()
	r := httptest.NewRequestWithContext(o.t.Context(), method, "/api/v1/admin/payment-providers"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	o.door.ServeHTTP(w, r)
	o.clock.Advance(2 * time.Second) // an account is remembered for one
	return w.Code, w.Body.String()
}

func (o *office) set(fields map[string]string, more string) (int, string) {
	o.t.Helper()
	body, err := json.Marshal(fields)
	if err != nil {
		o.t.Fatal(err)
	}
	return o.call("PUT", "/razorpay", `{"base_url": "`+o.farURL+`", "fields": `+string(body)+more+`}`)
}

func TestPaymentAccounts(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	if code, body := o.call("GET", "/razorpay", ""); code != 200 || !strings.Contains(body, `"enabled":false`) ||
		!strings.Contains(body, `"notices_url":"https://shop.example/api/v1/webhooks/payments/razorpay"`) {
		t.Fatalf("before anything is set up: %d %s", code, body)
	}
	if code, body := o.call("POST", "/razorpay/test", ""); code != 409 {
		t.Errorf("testing what is not set up: %d %s", code, body)
	}
	if code, body := o.set(map[string]string{"key_id": o.far.KeyID}, `, "enabled": true`); code != 422 || !strings.Contains(body, "/fields/key_secret") {
		t.Errorf("enabled without its keys: %d %s", code, body)
	}
	if code, body := o.set(map[string]string{"colour": "red"}, ``); code != 422 {
		t.Errorf("an unknown field: %d %s", code, body)
	}
	code, body := o.set(o.far.Fields(), `, "enabled": true`)
	if code != 200 {
		t.Fatalf("set up: %d %s", code, body)
	}
	for name, value := range o.far.Fields() {
		if secret := strings.HasSuffix(name, "secret"); strings.Contains(body, value) == secret && value != "" {
			t.Errorf("%s is shown: %v, %s", name, !secret, body)
		}
	}
	if code, body := o.call("POST", "/razorpay/test", ""); code != 200 || !strings.Contains(body, `"account":`) {
		t.Errorf("tested: %d %s", code, body)
	}
	if code, body := o.set(map[string]string{"key_secret": "wrong"}, ""); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	if code, body := o.call("POST", "/razorpay/test", ""); code < 400 || code >= 500 {
		t.Errorf("a wrong key: %d %s", code, body)
	}
	if code, body := o.call("PUT", "/razorpay", `{"base_url": "https://razorpay.example"}`); code != 422 {
		t.Errorf("the keys would be sent elsewhere: %d %s", code, body)
	}
	if code, _ := o.call("GET", "/cod", ""); code != 404 {
		t.Errorf("cash has no account: %d", code)
	}
}

// A field can be one of a few, each of which may need others; and what begins
// otherwise than it should is another field's.
func TestAnAccountIsAskedForWhatItsChoicesNeed(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	if code, body := o.call("GET", "/stripe", ""); code != 200 || !strings.Contains(body, `{"value":"hosted_fields","help":`) || !strings.Contains(body, `"needs":["publishable_key"]`) {
		t.Errorf("what it can be is not told: %d %s", code, body)
	}
	const keys = `"secret_key": "sk_test_1", "webhook_secret": "whsec_1"`
	for _, step := range []struct {
		fields string
		code   int
		field  string
	}{
		{keys, 200, ""},
		{`"checkout": "elsewhere"`, 422, "/fields/checkout"},
		{`"checkout": "hosted_fields"`, 422, "/fields/publishable_key"},
		{`"checkout": "hosted_fields", "publishable_key": "sk_test_1"`, 422, "/fields/publishable_key"},
		{`"checkout": "hosted_fields", "publishable_key": "pk_test_1"`, 200, ""},
		{`"publishable_key": ""`, 422, "/fields/publishable_key"},
		{`"checkout": "", "publishable_key": ""`, 200, ""},
	} {
		if code, body := o.call("PUT", "/stripe", `{"enabled": true, "fields": {`+step.fields+`}}`); code != step.code || !strings.Contains(body, step.field) {
			t.Errorf("%s: %d %s, want %d about %s", step.fields, code, body, step.code, step.field)
		}
	}
}

// A secret that was replaced proves notices for a day.
func TestASecretIsRotated(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	fields := o.far.Fields()
	if code, body := o.set(fields, `, "enabled": true`); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	old := fields["webhook_secret"]
	if code, body := o.call("PUT", "/razorpay", `{"fields": {"webhook_secret": "the next one"}}`); code != 200 || strings.Contains(body, "previous") {
		t.Fatalf("%d %s", code, body)
	}
	for _, step := range []struct {
		after time.Duration
		want  []string
	}{{0, []string{"the next one", old}}, {25 * time.Hour, []string{"the next one"}}} {
		o.clock.Advance(step.after)
		a, err := o.accounts.Open(t.Context(), "razorpay")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(step.want, a.Secrets("webhook_secret", o.clock.Now())); diff != "" {
			t.Error(diff)
		}
	}
	if code, body := o.call("PUT", "/razorpay", `{"fields": {"key_secret": "of another key"}}`); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	a, err := o.accounts.Open(t.Context(), "razorpay")
	if diff := cmp.Diff([]string{"the next one"}, a.Secrets("webhook_secret", o.clock.Now())); err != nil || diff != "" {
		t.Errorf("what was replaced long ago proves notices again, for another secret was: %v %s", err, diff)
	}
}

// The keys are sealed anew with the newest master key, and by another's nobody
// reads them.
func TestKeysAreSealed(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	if code, body := o.set(o.far.Fields(), `, "enabled": true`); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	older, newer := make([]byte, 32), append(make([]byte, 31), 1)
	renewed := &payments.Accounts{DB: o.accounts.DB, Clock: o.clock, Vault: vault.New(newer, older), Outbound: o.accounts.Outbound}
	for _, want := range []int{1, 0} {
		err := postgres.InTx(t.Context(), o.accounts.DB, func(tx pgx.Tx) error {
			n, err := renewed.Reseal(t.Context(), tx)
			if n != want {
				t.Errorf("%d sealed anew, want %d", n, want)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := o.accounts.Open(t.Context(), "razorpay"); err == nil {
		t.Error("the old key alone still opens it")
	}
	if a, err := renewed.Open(t.Context(), "razorpay"); err != nil || a.Secret("key_secret") != o.far.KeySecret {
		t.Errorf("the new key: %v", err)
	}
}

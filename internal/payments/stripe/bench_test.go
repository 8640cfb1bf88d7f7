package stripe

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/clock"
	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/payments/conform"
	"souk/internal/payments/fakes"
	"souk/internal/payments/stripe/stripetest"
	"souk/internal/platform/outbound"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/vault"
)

// desk is the adapter, a fake Stripe, and the shop's account there.
type desk struct {
	*testing.T
	Provider
	server *stripetest.Server
	clock  *clock.Manual
	tx     pgx.Tx
	asked  []request // by the adapter
}

// request is what the fake was asked.
type request struct {
	*http.Request
	form url.Values
}

func open(t *testing.T) *desk {
	t.Helper()
	at := clock.At(clock.System{}.Now().Truncate(time.Second)) // ids tell when they were made
	d := &desk{T: t, clock: at, tx: pgtest.Tx(t)}
	d.server = &stripetest.Server{Book: &fakes.Book{Clock: at}, Faults: &fakes.Faults{}, Postman: &fakes.Postman{}}
	d.Accounts = &payments.Accounts{DB: d.tx, Clock: at, Vault: vault.New(make([]byte, 32)), Outbound: outbound.New(true)}
	handler := d.server.Handler()
	listener := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		form, e := url.ParseQuery(string(body))
		if err != nil || e != nil {
			t.Errorf("%s %s cannot be read: %v, %v", r.Method, r.URL, err, e)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		d.asked = append(d.asked, request{r, form})
		handler.ServeHTTP(w, r)
	}))
	listener.Config.SetKeepAlivesEnabled(false) // on a connection that it has used before, net/http itself repeats what has an Idempotency-Key
	t.Cleanup(listener.Close)
	d.at(listener.URL)
	return d
}

// at writes the account down: where Stripe is, and the keys that it has given.
func (d *desk) at(address string) {
	d.Helper()
	fields := d.server.Fields()
	plain, err := json.Marshal(map[string]string{"secret_key": fields["secret_key"], "webhook_secret": fields["webhook_secret"]})
	if err != nil {
		d.Fatal(err)
	}
	d.exec(`INSERT INTO payment_accounts (provider, enabled, base_url, fields, secrets_sealed) VALUES ('stripe', true, @address, '{}', @sealed)`,
		pgx.NamedArgs{"address": address, "sealed": d.Accounts.Vault.Seal("payment provider stripe", plain)})
}

func (d *desk) exec(sql string, args pgx.NamedArgs) {
	d.Helper()
	if _, err := d.tx.Exec(d.Context(), sql, args); err != nil {
		d.Fatal(err)
	}
	d.clock.Advance(2 * time.Second) // an account is remembered for one
}

// rotate replaces the webhook's secret on both sides.
func (d *desk) rotate() {
	d.Helper()
	before := d.server.Fields()
	d.server.Rotate("whsec_the_next")
	plain, err := json.Marshal(map[string]string{
		"secret_key": before["secret_key"], "webhook_secret": "whsec_the_next", "webhook_secret.previous": before["webhook_secret"],
	})
	if err != nil {
		d.Fatal(err)
	}
	d.exec(`UPDATE payment_accounts SET secrets_sealed = @sealed, rotated_at = @now`,
		pgx.NamedArgs{"sealed": d.Accounts.Vault.Seal("payment provider stripe", plain), "now": d.clock.Now()})
}

// foreign is an event of a connected account, signed with the shop's secret.
func (d *desk) foreign() *http.Request {
	return d.event(`{"id":"evt_1","object":"event","type":"payment_intent.succeeded","account":"acct_other","livemode":false,"created":1700000000,` +
		`"data":{"object":{"id":"pi_1","object":"payment_intent"}}}`)
}

// event is a body as Stripe delivers it now.
func (d *desk) event(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Stripe-Signature", stripetest.Signature(d.clock.Now(), []byte(body), d.server.Fields()["webhook_secret"]))
	return r
}

// hosted lets buyers pay in Stripe's fields on a page of the shop.
func (d *desk) hosted() {
	d.Helper()
	d.exec(`UPDATE payment_accounts SET fields = fields || '{"checkout": "hosted_fields", "publishable_key": "pk_test_of_a_fake"}'`, pgx.NamedArgs{})
}

func TestConformance(t *testing.T) {
	conform.Run(t, func(t *testing.T) conform.Bench { return open(t).bench() })
}

func TestConformanceInHostedFields(t *testing.T) {
	conform.Run(t, func(t *testing.T) conform.Bench {
		d := open(t)
		d.hosted()
		return d.bench()
	})
}

func (d *desk) bench() conform.Bench {
	return conform.Bench{
		Provider: d.Provider, Server: d.server, Faults: d.server.Faults, Postman: d.server.Postman, Clock: d.clock,
		Capture: func(when payments.CaptureWhen) {
			d.exec(`UPDATE payment_accounts SET capture = @when`, pgx.NamedArgs{"when": string(when)})
		},
		Rotate: d.rotate, Closes: true, Foreign: d.foreign, Stale: true,
		Amounts: []money.Amount{
			money.Of(123_45, "USD"), money.Of(5000, "JPY"), money.Of(12_340, "KWD"), money.Of(99_00, "INR"), money.Of(1500, "ISK"), money.Of(2_500_00, "MGA"),
		},
		Impossible: []money.Amount{
			money.Of(49, "USD"), money.Of(49, "JPY"), money.Of(12_345, "KWD"), money.Of(500_020, "MGA"), money.Of(5000, "UGX"), money.Of(1_0000, "CLF"),
			money.Of(1_000_000_00, "USD"), money.Of(0, "EUR"),
		},
	}
}

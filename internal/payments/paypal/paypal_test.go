package paypal_test

import (
	"encoding/json"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/clock"
	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/payments/conform"
	"souk/internal/payments/paypal"
	"souk/internal/payments/paypal/paypaltest"
	"souk/internal/platform/outbound"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/vault"
)

// bench is a shop with an account at a PayPal for tests.
type bench struct {
	*testing.T
	tx       pgx.Tx
	accounts *payments.Accounts
	provider *paypal.Provider
	server   *paypaltest.Server
	clock    *clock.Manual
}

func open(t *testing.T) *bench {
	t.Helper()
	b := &bench{T: t, tx: pgtest.Tx(t), clock: clock.At(time.Now().Truncate(time.Second))}
	b.server = paypaltest.New(b.clock)
	listener := httptest.NewServer(b.server.Handler())
	t.Cleanup(listener.Close)
	b.accounts = &payments.Accounts{
		DB: b.tx, Clock: b.clock, Vault: vault.New(make([]byte, 32)),
		Outbound: &outbound.Client{AllowPrivate: true, Timeout: time.Second},
	}
	b.provider = &paypal.Provider{Accounts: b.accounts}
	b.save(listener.URL, payments.CaptureAutomatic, b.server.Fields())
	return b
}

// save writes the account, as the shop knows it from a second later.
func (b *bench) save(baseURL string, when payments.CaptureWhen, fields map[string]string) {
	b.Helper()
	plain, secrets := map[string]string{}, map[string]string{}
	for _, f := range b.provider.Fields() {
		to := plain
		if f.Secret {
			to = secrets
		}
		if value, ok := fields[f.Name]; ok {
			to[f.Name] = value
		}
	}
	sealed, err := json.Marshal(secrets)
	if err != nil {
		b.Fatal(err)
	}
	_, err = b.tx.Exec(b.Context(), `
		INSERT INTO payment_accounts (provider, enabled, base_url, capture, fields, secrets_sealed)
		VALUES ('paypal', true, @base_url, @capture, @fields, @sealed)
		ON CONFLICT (provider) DO UPDATE SET base_url = @base_url, capture = @capture, fields = @fields, secrets_sealed = @sealed, version = payment_accounts.version + 1`,
		pgx.NamedArgs{"base_url": baseURL, "capture": when, "fields": plain, "sealed": b.accounts.Vault.Seal("payment provider paypal", sealed)})
	if err != nil {
		b.Fatal(err)
	}
	b.clock.Advance(time.Second)
}

// change sets one column of the account.
func (b *bench) change(sql string, value any) {
	b.Helper()
	if _, err := b.tx.Exec(b.Context(), `UPDATE payment_accounts SET `+sql+` = @value, version = version + 1`, pgx.NamedArgs{"value": value}); err != nil {
		b.Fatal(err)
	}
	b.clock.Advance(time.Second)
}

func TestPayPalDoesWhatEveryProviderHasTo(t *testing.T) {
	conform.Run(t, func(t *testing.T) conform.Bench {
		b := open(t)
		return conform.Bench{
			Provider: b.provider, Server: b.server, Faults: b.server.Faults, Postman: b.server.Postman, Clock: b.clock,
			Capture: func(when payments.CaptureWhen) { b.change("capture", when) },
			Partial: true,  // of an authorisation
			Closes:  false, // an order that nobody approved cannot be ended
			Stale:   false, // PayPal repeats for days: see TestNoticesMayBeLateAsLongAsPayPalRepeatsThem
			Amounts: []money.Amount{
				money.Of(1999, "USD"), money.Of(1980, "JPY"), money.Of(499_000, "HUF"), money.Of(30_000, "TWD"), money.Of(1, "EUR"), money.Of(999_999_999, "GBP"),
			},
			Impossible: []money.Amount{
				money.Of(1000, "KWD"), money.Of(1050, "HUF"), money.Of(30_001, "TWD"), money.Of(0, "USD"), money.Of(-1, "USD"), money.Of(100, "INR"),
			},
		}
	})
}

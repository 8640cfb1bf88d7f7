package razorpay_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/clock"
	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/payments/conform"
	"souk/internal/payments/razorpay"
	"souk/internal/payments/razorpay/razorpaytest"
	"souk/internal/platform/outbound"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/vault"
)

// shop is an account with a fake Razorpay on loopback.
type shop struct {
	*testing.T
	tx       pgx.Tx
	clock    *clock.Manual
	vault    *vault.Vault
	server   *razorpaytest.Server
	url      string
	provider *razorpay.Provider
}

func open(t *testing.T) *shop {
	t.Helper()
	now := clock.At(time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC))
	server := razorpaytest.New(now)
	door := httptest.NewServer(server.Handler())
	t.Cleanup(door.Close)
	s := &shop{
		T: t, tx: pgtest.Tx(t), clock: now, vault: vault.New(bytes.Repeat([]byte{7}, 32)), server: server, url: door.URL,
	}
	s.provider = &razorpay.Provider{Accounts: &payments.Accounts{DB: s.tx, Clock: now, Vault: s.vault, Outbound: outbound.New(true)}}
	s.exec(`INSERT INTO payment_accounts (provider, enabled, base_url) VALUES ('razorpay', true, @url)`, pgx.NamedArgs{"url": door.URL})
	s.keep(server.Fields(), nil)
	return s
}

func (s *shop) exec(sql string, args pgx.NamedArgs) {
	s.Helper()
	if _, err := s.tx.Exec(s.Context(), sql, args); err != nil {
		s.Fatal(err)
	}
	s.clock.Advance(2 * time.Second) // so that the account is read anew
}

// keep gives the shop its fields and secrets.
func (s *shop) keep(all map[string]string, rotated *time.Time) {
	s.Helper()
	plain, secrets := map[string]string{}, map[string]string{}
	for name, value := range all {
		plain[name] = value
	}
	for _, f := range s.provider.Fields() {
		if f.Secret {
			secrets[f.Name] = all[f.Name]
			secrets[f.Name+".previous"] = all[f.Name+".previous"]
			delete(plain, f.Name)
			delete(plain, f.Name+".previous")
		}
	}
	text, err := json.Marshal(secrets)
	if err != nil {
		s.Fatal(err)
	}
	s.exec(`UPDATE payment_accounts SET fields = @fields, secrets_sealed = @sealed, rotated_at = @rotated`, pgx.NamedArgs{
		"fields": plain, "sealed": s.vault.Seal("payment provider razorpay", text), "rotated": rotated,
	})
}

func (s *shop) rotate() {
	before := s.server.Fields()
	s.server.Rotate()
	all := s.server.Fields()
	all["webhook_secret.previous"], all["key_secret.previous"] = before["webhook_secret"], before["key_secret"]
	now := s.clock.Now()
	s.keep(all, &now)
}

func (s *shop) foreign() *http.Request {
	header, body := s.server.Notice("acc_OfSomebodyElse")
	r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
	r.Header = header
	return r
}

func TestConformance(t *testing.T) {
	conform.Run(t, func(t *testing.T) conform.Bench {
		s := open(t)
		return conform.Bench{
			Provider: s.provider, Server: s.server, Faults: s.server.Faults, Postman: s.server.Postman, Clock: s.clock,
			Capture: func(when payments.CaptureWhen) {
				s.exec(`UPDATE payment_accounts SET capture = @when`, pgx.NamedArgs{"when": when})
			},
			Rotate: s.rotate, Foreign: s.foreign,
			Amounts: []money.Amount{
				money.Of(129_999, "INR"), money.Of(100, "INR"), money.Of(2_599, "USD"), money.Of(1_250, "JPY"), money.Of(12_340, "KWD"),
			},
			Impossible: []money.Amount{
				money.Of(99, "INR"), money.Of(0, "INR"), money.Of(12_341, "KWD"), money.Of(1_000, "AFN"), money.Of(1_000, "LYD"), money.Of(1_000, "CLF"),
			},
		}
	})
}

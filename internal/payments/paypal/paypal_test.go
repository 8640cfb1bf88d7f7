package paypal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"souk/internal/clock"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/payments/conform"
	"souk/internal/payments/fakes"
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
	front    *front
	url      string
}

// front stands before the server: it counts and keeps what was asked, and answers
// in its place where a test says so.
type front struct {
	mu      sync.Mutex
	behind  http.Handler
	asked   []asked
	instead map[string]http.HandlerFunc // by path
}

type asked struct {
	line   string // method and path
	header http.Header
	body   string
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	f.mu.Lock()
	f.asked = append(f.asked, asked{r.Method + " " + r.URL.Path, r.Header.Clone(), string(body)})
	instead := f.instead[r.URL.Path]
	f.mu.Unlock()
	if instead != nil {
		instead(w, r)
		return
	}
	f.behind.ServeHTTP(w, r)
}

// answer lets a path be answered in place of the server.
func (f *front) answer(path string, act http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.instead[path] = act
}

// count is how often something was asked.
func (f *front) count(line string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range f.asked {
		if strings.HasPrefix(a.line, line) {
			n++
		}
	}
	return n
}

// last is what was asked last of a method and path.
func (f *front) last(t *testing.T, line string) asked {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range slices.Backward(f.asked) {
		if strings.HasPrefix(a.line, line) {
			return a
		}
	}
	t.Fatalf("nobody asked %s", line)
	return asked{}
}

func open(t *testing.T) *bench {
	t.Helper()
	b := &bench{T: t, tx: pgtest.Tx(t), clock: clock.At(time.Now().Truncate(time.Second))}
	b.server = paypaltest.New(b.clock)
	b.front = &front{behind: b.server.Handler(), instead: map[string]http.HandlerFunc{}}
	listener := httptest.NewServer(b.front)
	t.Cleanup(listener.Close)
	b.url = listener.URL
	b.accounts = &payments.Accounts{
		DB: b.tx, Clock: b.clock, Vault: vault.New(make([]byte, 32)),
		Outbound: &outbound.Client{AllowPrivate: true, Timeout: time.Second},
	}
	b.provider = &paypal.Provider{Accounts: b.accounts}
	b.save(b.server.Fields())
	return b
}

// save writes the account, as the shop knows it from a second later.
func (b *bench) save(fields map[string]string) {
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
		INSERT INTO payment_accounts (provider, enabled, base_url, fields, secrets_sealed) VALUES ('paypal', true, @base_url, @fields, @sealed)
		ON CONFLICT (provider) DO UPDATE SET fields = @fields, secrets_sealed = @sealed, version = payment_accounts.version + 1`,
		pgx.NamedArgs{"base_url": b.url, "fields": plain, "sealed": b.accounts.Vault.Seal("payment provider paypal", sealed)})
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

// begun is a payment of 19.99 USD.
type begun struct {
	*bench
	id    id.Payment
	ref   string
	total money.Amount
}

func (b *bench) begin(when payments.CaptureWhen) *begun {
	b.Helper()
	v := &begun{bench: b, id: id.New[id.Payment](), total: money.Of(1999, "USD")}
	begun, err := b.provider.Start(b.Context(), v.start(when))
	if err != nil {
		b.Fatal(err)
	}
	v.ref = begun.Ref
	return v
}

func (v *begun) start(when payments.CaptureWhen) payments.Start {
	return payments.Start{
		Payment: v.id, Number: "S-2026-00042", Amount: v.total, Capture: when, ReturnURL: "https://shop.example/return?a=b", Key: v.id.String(),
	}
}

func (v *begun) pay(o fakes.Outcome) *begun {
	v.Helper()
	if err := v.server.Pay(v.Context(), v.id, o); err != nil {
		v.Fatal(err)
	}
	return v
}

func (v *begun) look(refs ...string) payments.Report {
	v.Helper()
	r, err := v.provider.Look(v.Context(), payments.Known{Payment: v.id, Ref: v.ref, Refs: refs, Amount: v.total})
	if err != nil {
		v.Fatal(err)
	}
	return r
}

func (v *begun) move(minor int64, key string) payments.Move {
	return payments.Move{Payment: v.id, Ref: v.ref, Amount: money.Of(minor, "USD"), All: true, Reason: "It was broken.", Cause: key, Key: key + v.id.String()}
}

func (v *begun) capture() payments.Fact {
	v.Helper()
	f, err := v.provider.Capture(v.Context(), v.move(v.total.Minor, "capture"))
	if err != nil {
		v.Fatal(err)
	}
	return f
}

// told is facts as "kind minor", fees apart.
func told(r payments.Report) (list []string) {
	for _, f := range r.Facts {
		if f.Kind != payments.Fee {
			list = append(list, fmt.Sprint(f.Kind, " ", f.Amount.Minor))
		}
	}
	return list
}

func (b *bench) want(got, want any) {
	b.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		b.Errorf("-want +got:\n%s", diff)
	}
}

// wantNo wants PayPal's no for a reason.
func (b *bench) wantNo(err error, reason string) {
	b.Helper()
	var no *errs.Error
	if !errors.As(err, &no) || no.Code != "provider_refused" || no.Extra["reason"] != reason {
		b.Errorf("%v, want PayPal's no for %s", err, reason)
	}
}

// wantUnknown wants an outcome that is not known yet.
func (b *bench) wantUnknown(err error) {
	b.Helper()
	var no *errs.Error
	if err == nil || errors.As(err, &no) {
		b.Errorf("%v, want an unknown outcome", err)
	}
}

func TestPayPalDoesWhatEveryProviderHasTo(t *testing.T) {
	conform.Run(t, func(t *testing.T) conform.Bench {
		b := open(t)
		return conform.Bench{
			Provider: b.provider, Server: b.server, Faults: b.server.Faults, Postman: b.server.Postman, Clock: b.clock,
			Capture: func(when payments.CaptureWhen) { b.change("capture", when) },
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

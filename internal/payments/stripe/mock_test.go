package stripe

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	api "github.com/stripe/stripe-go/v85"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/payments"
)

// Stripe's own mock checks each of our requests against Stripe's OpenAPI
// document: names, types and values of parameters, and what can be expanded.
func TestRequestsAreAsStripeDescribesThem(t *testing.T) {
	of := id.New[id.Payment]()
	mock := mockOf(t, of) // before a transaction is open: it is built first, and PostgreSQL does not wait for that
	d := open(t)
	d.exec(`UPDATE payment_accounts SET base_url = @address, secrets_sealed = @sealed`, pgx.NamedArgs{
		"address": mock.address, "sealed": d.Accounts.Vault.Seal("payment provider stripe", []byte(`{"secret_key":"sk_test_123","webhook_secret":"whsec_1"}`)),
	})
	ctx := t.Context()
	start := payments.Start{
		Payment: of, Number: "S-2026-00042", Email: "buyer@example.com", Amount: money.Of(123_45, "USD"), Capture: payments.CaptureOnShipment,
		ReturnURL: "https://shop.example/return?a=b", ExpiresAt: d.clock.Now().Add(time.Hour), Key: "start", Save: true,
	}
	saved := start
	saved.With, saved.Key = "cus_1/pm_1", "again"
	move := payments.Move{
		Payment: of, Ref: "cs_1", Refs: []string{"pi_1", "ch_1"}, Amount: money.Of(50_00, "USD"), All: true, Taken: "ch_1", Reason: "a test", Key: "move",
	}
	end := move
	end.Amount = money.Zero("USD")
	c, err := d.dial(ctx)
	if err != nil {
		t.Fatal(err)
	}
	intent := &api.PaymentIntent{ID: "pi_1", LatestCharge: &api.Charge{ID: "ch_1", Disputed: true, Refunds: &api.RefundList{Data: []*api.Refund{{}}}}}
	for name, ask := range map[string]func() error{
		"start":          func() error { _, err := d.Start(ctx, start); return err },
		"start, saved":   func() error { _, err := d.Start(ctx, saved); return err },
		"start, fields":  func() error { _, err := c.V1CheckoutSessions.Create(ctx, sessionFor(start, 123_45, true)); return err },
		"look, session":  func() error { _, err := d.Look(ctx, payments.Known{Payment: of, Ref: "cs_1"}); return err },
		"look, intent":   func() error { _, err := d.Look(ctx, payments.Known{Payment: of, Ref: "pi_1"}); return err },
		"look, refunds":  func() error { _, err := c.refundsOf(ctx, intent.LatestCharge, intent); return err },
		"look, disputes": func() error { _, err := c.disputes(ctx, intent, &telling{currency: "usd"}); return err },
		"capture":        func() error { _, err := d.Capture(ctx, move); return notYet(err) },
		"void":           func() error { _, err := d.Void(ctx, move); return err },
		"end":            func() error { _, err := d.Void(ctx, end); return err },
		"refund":         func() error { _, err := d.Refund(ctx, move); return err },
		"statement":      func() error { _, err := d.Statement(ctx, d.clock.Now().Add(-time.Hour), d.clock.Now()); return err },
		"forget":         func() error { return d.Forget(ctx, saved.With) },
		"probe":          func() error { _, err := d.Probe(ctx); return err },
	} {
		before := len(mock.answers())
		if err := ask(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		said := mock.answers()[before:]
		if len(said) == 0 {
			t.Errorf("%s: nobody was asked", name)
		}
		for _, answer := range said {
			if !strings.HasPrefix(answer, "200 ") {
				t.Errorf("%s: %s", name, answer)
			}
		}
	}
}

// notYet forgives the mock an answer that has the status of its fixture.
func notYet(err error) error {
	if err != nil && strings.Contains(err.Error(), "it is requires_payment_method") {
		return nil
	}
	return err
}

// mock is Stripe's, behind a proxy that writes down what it says, and puts our
// payment's id in its fixtures.
type mock struct {
	address string
	mu      sync.Mutex
	said    []string
}

func (m *mock) answers() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.said
}

func mockOf(t *testing.T, payment id.Payment) *mock {
	t.Helper()
	program := filepath.Join(t.TempDir(), "stripe-mock")
	build := exec.CommandContext(t.Context(), "go", "build", "-modfile=tools/stripe-mock.mod", "-o", program, "github.com/stripe/stripe-mock")
	build.Dir = "../../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build stripe-mock: %v\n%s", err, out)
	}
	run := exec.CommandContext(t.Context(), program, "-http-addr", "127.0.0.1:0", "-https-addr", "127.0.0.1:0")
	out, err := run.StdoutPipe()
	if err == nil {
		err = run.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = run.Process.Kill() // it serves until then
		_ = run.Wait()
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if address, ok := strings.CutPrefix(lines.Text(), "Listening for HTTP at address: "); ok {
			go func() { _, _ = io.Copy(io.Discard, out) }() // so that it is never stopped by a full pipe
			return proxied(t, &url.URL{Scheme: "http", Host: address}, payment)
		}
	}
	t.Fatalf("stripe-mock does not listen: %v", lines.Err())
	return nil
}

func proxied(t *testing.T, to *url.URL, payment id.Payment) *mock {
	t.Helper()
	m := &mock{}
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ModifyResponse = func(r *http.Response) error {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		m.mu.Lock()
		m.said = append(m.said, r.Status+" to "+r.Request.Method+" "+r.Request.URL.Path+" "+string(body[:min(len(body), 300)]))
		m.mu.Unlock()
		body = bytes.ReplaceAll(body, []byte(`"metadata":{}`), []byte(`"metadata":{"payment":"`+payment.String()+`"}`))
		body = bytes.ReplaceAll(body, []byte(`"client_reference_id":null`), []byte(`"client_reference_id":"`+payment.String()+`"`))
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		r.Header.Del("Content-Length")
		return nil
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	m.address = server.URL
	return m
}

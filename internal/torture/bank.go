package torture

import (
	"cmp"
	"context"
	"fmt"
	"net/http/httptest"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/clock"
	"souk/internal/id"
	"souk/internal/ledger"
	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/payments/fakes"
	"souk/internal/payments/paypal/paypaltest"
	"souk/internal/payments/razorpay/razorpaytest"
	"souk/internal/payments/stripe/stripetest"
	"souk/internal/platform/postgres"
)

// bank is a fake payment provider that the shop of a torture has an account
// with. It lives in this process, so that it remembers what the shop forgets.
type bank struct {
	fakes.Server
	faults  *fakes.Faults
	postman *fakes.Postman
	http    *httptest.Server
}

// openBank starts a provider and tells the shop of its account there.
func (s *shop) openBank(ctx context.Context, method string) (*bank, error) {
	b := &bank{}
	switch c := (clock.System{}); method {
	case "stripe":
		f := &stripetest.Server{Book: &fakes.Book{Clock: c}, Faults: &fakes.Faults{}, Postman: &fakes.Postman{}}
		b.Server, b.faults, b.postman = f, f.Faults, f.Postman
	case "razorpay":
		f := razorpaytest.New(c)
		b.Server, b.faults, b.postman = f, f.Faults, f.Postman
	case "paypal":
		f := paypaltest.New(c)
		b.Server, b.faults, b.postman = f, f.Faults, f.Postman
	default:
		return nil, fmt.Errorf("there is no fake of %q", method)
	}
	b.faults.SlowFor = time.Second
	b.postman.URL = "http://" + s.server.address + "/api/v1/webhooks/payments/" + method
	b.http = httptest.NewUnstartedServer(b.Handler())
	b.http.Config.SetKeepAlivesEnabled(false) // net/http repeats what has an Idempotency-Key on a connection that it has used before
	b.http.Start()
	provider, err := s.app.Payments.Online(method)
	if err == nil {
		err = postgres.InTx(ctx, s.pool, func(tx pgx.Tx) error {
			return s.app.Payments.Accounts.Set(ctx, tx, provider, payments.Account{Enabled: true, BaseURL: b.http.URL}, b.Fields())
		})
	}
	if err == nil { // the server may have looked just before
		err = pause(ctx, payments.Memory)
	}
	return b, err
}

// bankOf is the provider of the crash points, opened when it is needed first.
func (s *shop) bankOf(ctx context.Context) (*bank, error) {
	if s.bank != nil {
		return s.bank, nil
	}
	var err error
	s.bank, err = s.openBank(ctx, cmp.Or(s.provider, "stripe"))
	return s.bank, err
}

// hurry lets nothing wait that the shop has put off, and returns when nothing
// is due any more.
func (s *shop) hurry(ctx context.Context, b *bank) error {
	deadline := time.Now().Add(patience)
	for {
		if err := b.postman.Flush(ctx); err != nil && time.Now().After(deadline) {
			return fmt.Errorf("the shop does not take a notice: %w", err)
		}
		for _, sql := range []string{
			`UPDATE payment_instructions SET due_at = now() WHERE state = 'due' AND due_at > now()`,
			`UPDATE webhook_inbox SET due_at = now() WHERE state = 'due' AND due_at > now()`,
			`UPDATE payments SET look_at = now() WHERE look_at > now() AND looked < 5`,
		} {
			if _, err := s.pool.Exec(ctx, sql); err != nil {
				return err
			}
		}
		due, err := postgres.Scalar[int](ctx, s.pool, `
			SELECT (SELECT count(*) FROM payment_instructions WHERE state = 'due')::int + (SELECT count(*) FROM webhook_inbox WHERE state = 'due')::int
			     + (SELECT count(*) FROM payments WHERE look_at IS NOT NULL AND looked < 5)::int
			     + (SELECT count(*) FROM orders WHERE status = 'pending' AND expires_at <= now())::int`, nil)
		switch {
		case err != nil:
			return err
		case due == 0:
			return nil
		case time.Now().After(deadline):
			return fmt.Errorf("%d things wait for the provider after %s\n%s", due, patience, s.server.said())
		}
		if err := pause(ctx, 300*time.Millisecond); err != nil {
			return err
		}
	}
}

// lapse lets the time of all orders that wait for their money run out.
func (s *shop) lapse(ctx context.Context) error {
	for _, sql := range []string{
		`UPDATE orders SET expires_at = now() - interval '1 minute' WHERE status = 'pending'`,
		`UPDATE reservations SET expires_at = now() - interval '1 minute' WHERE state = 'held'`,
	} {
		if _, err := s.pool.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// charge is an order that somebody was to pay, as the shop acknowledged it.
type charge struct {
	Order   order `json:"order"`
	Payment struct {
		ID id.Payment `json:"id"`
	} `json:"payment"`
}

// compareBooks finds every charge of the provider in the shop, and the other way
// round: it pays an order or has gone back.
func (s *shop) compareBooks(ctx context.Context, b *bank, when string) error {
	type paid struct {
		ID       id.Payment   `db:"id"`
		Status   string       `db:"status"`
		Owed     bool         `db:"owed"`
		Kept     money.Amount `db:"kept"`
		Captures int          `db:"captures"`
	}
	list, err := postgres.All[paid](ctx, s.pool, `
		SELECT p.id, o.status, p.owed, (p.captured_minor - p.refunded_minor, p.currency) AS kept,
		       (SELECT count(*)::int FROM payment_events e WHERE e.payment_id = p.id AND e.kind = 'capture') AS captures
		FROM payments p JOIN orders o ON o.id = p.order_id WHERE p.provider = @provider ORDER BY p.id`, pgx.NamedArgs{"provider": b.Method()})
	if err != nil {
		return err
	}
	known := map[id.Payment]bool{}
	for _, p := range list {
		known[p.ID] = true
		kept, captures := money.Zero("USD"), 0
		for _, e := range b.Books().Of(p.ID) {
			kept = kept.Plus(e.Amount)
			if e.Kind == payments.Capture {
				captures++
			}
		}
		if kept != p.Kept || captures != p.Captures {
			s.report.violated("%s: of payment %s the provider keeps %s by %d captures, and the shop %s by %d", when, p.ID, kept, captures, p.Kept, p.Captures)
		}
		if (p.Status == "cancelled" || p.Owed) && !kept.IsZero() {
			s.report.violated("%s: %s of payment %s rest on an order that is %s", when, kept, p.ID, p.Status)
		}
	}
	for _, e := range b.Books().Entries() {
		if !e.Payment.IsZero() && !known[e.Payment] {
			s.report.violated("%s: the provider has taken %s for %s, which the shop does not know", when, e.Amount, e.Payment)
		}
	}
	ours, err := ledger.Balance(ctx, s.pool, ledger.AccountKey{Kind: ledger.Clearing, Party: b.Method()}, "USD")
	if err != nil {
		return err
	}
	if theirs := b.Books().Balance("USD"); ours != theirs {
		s.report.violated("%s: the provider owes %s, and our books say %s", when, theirs, ours)
	}
	return nil
}

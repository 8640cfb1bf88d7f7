package torture

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
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
	return b, err
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

// paying is a storm of buyers who pay by a provider that fails in every way.
type paying struct {
	*shop
	Plan

	mu     sync.Mutex
	chance *rand.Rand
}

func (s *paying) roll(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.chance.IntN(n)
}

// PayTogether lets more buyers than there are units order and pay by a provider
// whose answers get lost and whose notices come as they like, while the shop is
// killed now and then. In the end so many units are sold as there were, every
// other charge has gone back, and the provider's books are those of the shop.
func PayTogether(ctx context.Context, p Plan) (_ *Report, err error) {
	if p.URL != "" {
		return nil, errors.New("the provider is a fake that only a shop of its own knows: leave out --url")
	}
	began := time.Now()
	r := newReport(&p)
	r.Rounds, r.Buyers, r.Units = p.Rounds, p.Buyers, p.Units
	s := &paying{Plan: p, chance: rand.New(rand.NewPCG(p.Seed, 2))} //nolint:gosec // a schedule
	if s.shop, err = openShop(ctx, p, r); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	if _, err = s.bankOf(ctx); err != nil {
		return nil, err
	}
	for n := range p.Rounds {
		p.step(n, p.Rounds, "")
		if err := s.round(ctx, n+1); err != nil {
			return nil, fmt.Errorf("round %d: %w", n+1, err)
		}
	}
	p.step(p.Rounds, p.Rounds, "")
	return r.finish(began, s.requests.Load()), nil
}

// charge is an order that somebody was to pay, as the shop acknowledged it.
type charge struct {
	Order   order `json:"order"`
	Payment struct {
		ID id.Payment `json:"id"`
	} `json:"payment"`
}

func (s *paying) round(ctx context.Context, n int) error {
	goods, err := s.sell(ctx, s.Units)
	if err != nil {
		return err
	}
	s.bank.faults.Roll(s.Seed+uint64(n), 0.15)
	s.bank.postman.Plan(s.manners(4 * s.Buyers)...)
	var (
		wait    sync.WaitGroup
		limit   = make(chan struct{}, 16)
		killing = make(chan error, 1)
	)
	go func() { killing <- s.strikes(ctx) }()
	for i := range s.Buyers {
		limit <- struct{}{}
		wait.Go(func() {
			defer func() { <-limit }()
			if err := s.buy(ctx, goods, fmt.Sprintf("pay-%d-%d-%d", s.Seed, n, i)); err != nil {
				s.report.violated("round %d, buyer %d: %v", n, i, err)
			}
		})
	}
	wait.Wait()
	if err := <-killing; err != nil {
		return err
	}
	if err := s.sellOut(ctx, goods, n); err != nil {
		return err
	}
	if err := s.refundSome(ctx); err != nil {
		return err
	}
	s.bank.faults.Roll(0, 0)
	if err := s.lapse(ctx); err != nil {
		return err
	}
	if err := s.hurry(ctx, s.bank); err != nil {
		return err
	}
	return s.judge(ctx, n, goods)
}

// manners is how the next notices are brought.
func (s *paying) manners(n int) []fakes.Manner {
	all := []fakes.Manner{
		fakes.Straight, fakes.Straight, fakes.Twice, fakes.Held, fakes.Lost, fakes.Truncated, fakes.Reserialised,
	}
	list := make([]fakes.Manner, n)
	for i := range list {
		list[i] = all[s.roll(len(all))]
	}
	return list
}

// strikes kills the server three times in a round, when that is wanted.
func (s *paying) strikes(ctx context.Context) error {
	if !s.Kill {
		return nil
	}
	for range 3 {
		if err := pause(ctx, time.Duration(200+s.roll(1500))*time.Millisecond); err != nil {
			return err
		}
		s.server.kill()
		s.report.count(func(r *Report) { r.Kills++ })
		if err := s.server.start(ctx); err != nil {
			return err
		}
	}
	return nil
}

// buy is one buyer's visit: to the last click, to the provider's page, and back.
func (s *paying) buy(ctx context.Context, goods product, key string) error {
	b, err := s.newBuyer(ctx, goods)
	if err != nil {
		return nil //nolint:nilerr // sold out before they came
	}
	c, err := s.orderBy(ctx, b, key)
	if err != nil || c.Order.ID == "" {
		return err
	}
	outcomes := []fakes.Outcome{fakes.Pays, fakes.Pays, fakes.Pays, fakes.Declined, fakes.PaysLater, fakes.Abandons}
	return s.visit(ctx, c, outcomes[s.roll(len(outcomes))])
}

// orderBy orders by the provider; an order without an id is one that came too
// late.
func (s *paying) orderBy(ctx context.Context, b buyer, key string) (c charge, err error) {
	ask := b.checkout(key)
	ask.body.(map[string]any)["payment_method"] = s.Provider
	began := time.Now()
	for {
		a := s.call(ctx, ask)
		switch {
		case a.lost():
			s.report.count(func(r *Report) { r.Lost++ })
		case a.again():
			s.report.count(func(r *Report) { r.Busy++ })
		case a.status == http.StatusCreated:
			s.report.time("order", time.Since(began))
			s.report.count(func(r *Report) { r.Orders++ })
			return c, a.read(&c)
		case a.code() == "insufficient_stock":
			s.report.count(func(r *Report) { r.Refusals++ })
			return c, nil
		default:
			return c, errors.New(a.String())
		}
		if time.Since(began) > patience {
			return c, fmt.Errorf("no answer for %s, at last: %s", patience, a)
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return c, err
		}
	}
}

// visit pays, or does not. Where the shop could not begin the payment, the buyer
// asks for it again.
func (s *paying) visit(ctx context.Context, c charge, outcome fakes.Outcome) error {
	for range 20 {
		a := s.call(ctx, request{method: "POST", path: "/api/v1/orders/" + c.Order.ID + "/pay?token=" + c.Order.Token, body: map[string]any{}})
		if a.status == http.StatusOK {
			break
		}
		if a.status == http.StatusConflict || a.status == http.StatusTooManyRequests {
			return nil
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	if err := s.bank.Pay(ctx, c.Payment.ID, outcome); err != nil {
		return nil //nolint:nilerr // the page is closed, or was never opened: the order runs out
	}
	switch outcome {
	case fakes.PaysLater:
		if s.roll(2) == 0 {
			_ = s.bank.Late(ctx, c.Payment.ID) // it may be closed by now
		}
	case fakes.Declined:
		if s.roll(2) == 0 {
			_ = s.bank.Pay(ctx, c.Payment.ID, fakes.Pays) // it may be closed by now
		}
	case fakes.Pays, fakes.Abandons, fakes.WrongAmount, fakes.WrongCurrency:
	}
	if s.roll(2) == 0 {
		q := url.Values{}
		for name, value := range s.bank.Return(c.Payment.ID) {
			q.Set(name, value)
		}
		s.call(ctx, request{method: "GET", path: "/api/v1/payments/" + c.Payment.ID.String() + "/return?" + q.Encode()}) // the window may be closed on the way
	}
	return nil
}

// sellOut lets more buyers come, who all pay, until nothing is left.
func (s *paying) sellOut(ctx context.Context, goods product, n int) error {
	for i := range 10 * s.Units {
		if err := s.lapse(ctx); err != nil {
			return err
		}
		if err := s.hurry(ctx, s.bank); err != nil {
			return err
		}
		left, err := s.stock(ctx, goods)
		if err != nil || left.Available == 0 {
			return err
		}
		b, err := s.newBuyer(ctx, goods)
		if err != nil {
			return err
		}
		c, err := s.orderBy(ctx, b, fmt.Sprintf("last-%d-%d-%d", s.Seed, n, i))
		if err != nil {
			return err
		}
		if err := s.visit(ctx, c, fakes.Pays); err != nil {
			return err
		}
		if err := s.bank.postman.Flush(ctx); err != nil {
			return err
		}
		if err := s.settle(ctx, c); err != nil {
			return err
		}
	}
	return fmt.Errorf("not all of %d units could be sold", s.Units)
}

// settle waits until an order that was paid is confirmed.
func (s *paying) settle(ctx context.Context, c charge) error {
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		var now order
		if _, err := s.insist(ctx, request{method: "GET", path: "/api/v1/orders/" + c.Order.ID + "?token=" + c.Order.Token}, &now); err != nil {
			return err
		}
		if now.Status != "pending" {
			return nil
		}
		if _, err := s.pool.Exec(ctx, `UPDATE payments SET look_at = now() WHERE id = $1 AND look_at > now()`, c.Payment.ID); err != nil {
			return err
		}
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
	return nil // it runs out, and somebody else buys it
}

// refundSome gives the money of every third paid order back, in part or whole.
func (s *paying) refundSome(ctx context.Context) error {
	paid, err := postgres.Column[id.Order](ctx, s.pool, `SELECT id FROM orders WHERE payment_status = 'paid' ORDER BY id`, nil)
	if err != nil {
		return err
	}
	for i, o := range paid {
		if i%3 != 0 {
			continue
		}
		amount := money.Of(int64(100+s.roll(1500)), "USD")
		_, err := s.insist(ctx, request{
			method: "POST", path: "/api/v1/admin/orders/" + o.String() + "/refunds", staff: true, key: "back-" + o.String(),
			body: map[string]any{"amount": amount, "reason": "torture"},
		}, nil)
		if err != nil {
			return err
		}
	}
	return nil
}

// judge holds the shop against the provider's own books.
func (s *paying) judge(ctx context.Context, n int, goods product) error {
	left, err := s.stock(ctx, goods)
	if err != nil {
		return err
	}
	if want := (stock{OnHand: s.Units, Allocated: s.Units}); left != want {
		s.report.violated("round %d: the stock is %+v, want %+v", n, left, want)
	}
	if err := s.compare(ctx, n); err != nil {
		return err
	}
	kinds, err := postgres.Column[string](ctx, s.pool, `SELECT kind || ' ' || detail::text FROM payment_exceptions WHERE state = 'open'`, nil)
	if err != nil {
		return err
	}
	if len(kinds) > 0 {
		s.report.violated("round %d: staff are shown %v", n, kinds)
	}
	return s.sound(ctx, fmt.Sprintf("after round %d", n))
}

// compare finds every charge of the provider in the shop, and the other way
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

func (s *paying) compare(ctx context.Context, n int) error {
	return s.compareBooks(ctx, s.bank, fmt.Sprintf("round %d", n))
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

// owing is an order of one unit of two whose buyer is at the provider.
func (s *shop) owing(ctx context.Context) (p product, c charge, err error) {
	b, err := s.bankOf(ctx)
	if err != nil {
		return p, c, err
	}
	if p, err = s.sell(ctx, 2); err != nil {
		return p, c, err
	}
	buyer, err := s.newBuyer(ctx, p)
	if err != nil {
		return p, c, err
	}
	ask := buyer.checkout("by-provider-" + buyer.Cart)
	ask.body.(map[string]any)["payment_method"] = b.Method()
	_, err = s.insist(ctx, ask, &c)
	return p, c, err
}

// heard brings what was not taken, and lets nothing wait.
func (s *shop) heard(ctx context.Context, order string, p product, w want) error {
	if err := s.hurry(ctx, s.bank); err != nil {
		return err
	}
	if _, err := s.wantOrder(ctx, order, p, w); err != nil {
		return err
	}
	return s.compareBooks(ctx, s.bank, "order "+order)
}

// payByProvider has a buyer pay, and the provider tell of it.
func payByProvider(ctx context.Context, s *shop) (step, error) {
	p, c, err := s.owing(ctx)
	return step{
		cause: func(ctx context.Context) error { return s.bank.Pay(ctx, c.Payment.ID, fakes.Pays) },
		right: func(ctx context.Context, _ answer) error {
			return s.heard(ctx, c.Order.ID, p, want{"confirmed", "paid", "unfulfilled", []string{"placed", "confirmed"}, stock{2, 0, 1, 1}})
		},
	}, err
}

// refundByProvider has staff give a part back, which the provider is told to do.
func refundByProvider(ctx context.Context, s *shop) (step, error) {
	p, c, err := s.owing(ctx)
	if err != nil {
		return step{}, err
	}
	if err := s.bank.Pay(ctx, c.Payment.ID, fakes.Pays); err != nil {
		return step{}, err
	}
	paid := want{"confirmed", "paid", "unfulfilled", []string{"placed", "confirmed"}, stock{2, 0, 1, 1}}
	if err := s.heard(ctx, c.Order.ID, p, paid); err != nil {
		return step{}, err
	}
	return step{
		cause: func(ctx context.Context) error {
			_, err := s.insist(ctx, request{
				method: "POST", path: "/api/v1/admin/orders/" + c.Order.ID + "/refunds", staff: true, key: "back-" + c.Order.ID,
				body: map[string]any{"amount": money.Of(100, "USD"), "reason": "torture"},
			}, nil)
			return err
		},
		right: func(ctx context.Context, _ answer) error {
			back := paid
			back.payment, back.timeline = "partially_refunded", []string{"placed", "confirmed", "refunded"}
			return s.heard(ctx, c.Order.ID, p, back)
		},
	}, nil
}

// compareByCommand compares the provider's books of these days with the shop's:
// they agree, or the command fails.
func compareByCommand(ctx context.Context, s *shop) (step, error) {
	b, err := s.bankOf(ctx)
	if err != nil {
		return step{}, err
	}
	now := time.Now().UTC()
	return step{
		run: []string{"reconcile", "--provider", b.Method(), "--from", now.Add(-24 * time.Hour).Format(time.DateOnly), "--until", now.Format(time.DateOnly)},
		right: func(ctx context.Context, _ answer) error {
			return s.wantOne(ctx, "comparison", `SELECT count(*)::int FROM reconciliations WHERE found = 0 AND ran_at > @since`, pgx.NamedArgs{"since": now})
		},
	}, nil
}

// dismissException has staff settle something that does not add up.
func dismissException(ctx context.Context, s *shop) (step, error) {
	which := id.New[id.Exception]()
	_, err := s.pool.Exec(ctx, `
		INSERT INTO payment_exceptions (id, provider, kind, subject) VALUES ($1::uuid, 'stripe', 'unknown_payment', 'ch_of ' || $1::uuid)`, which)
	return step{
		do: request{method: "POST", path: "/api/v1/admin/reconciliation/" + which.String() + "/fix", staff: true, key: "fix-" + which.String(), body: map[string]any{
			"action": "dismiss", "reason": "torture",
		}},
		right: func(ctx context.Context, _ answer) error {
			return s.wantOne(ctx, "settled exception", `SELECT count(*)::int FROM payment_exceptions WHERE id = @id AND state = 'resolved'`, pgx.NamedArgs{"id": which})
		},
	}, err
}

// wantOne fails unless a count is above nothing.
func (s *shop) wantOne(ctx context.Context, what, sql string, args pgx.NamedArgs) error {
	n, err := postgres.Scalar[int](ctx, s.pool, sql, args)
	if err == nil && n == 0 {
		err = errors.New("there is no " + what)
	}
	return err
}

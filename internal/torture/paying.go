package torture

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/payments/fakes"
	"souk/internal/platform/postgres"
)

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
// Then some buyers only promise their money (see promised).
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
	freed, err := s.cancelSome(ctx, goods)
	if err != nil {
		return err
	}
	back, err := s.promised(ctx, n)
	if err != nil {
		return err
	}
	s.bank.faults.Roll(0, 0)
	if err := s.lapse(ctx); err != nil {
		return err
	}
	if err := s.hurry(ctx, s.bank); err != nil {
		return err
	}
	if err := s.comeBack(ctx, back); err != nil {
		return err
	}
	return s.judge(ctx, n, goods, freed)
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

// strikes kills the server three times in a row, when that is wanted.
func (s *paying) strikes(ctx context.Context) error {
	for range 3 {
		if err := s.strike(ctx); err != nil {
			return err
		}
	}
	return nil
}

// strike kills the server after a while, when that is wanted.
func (s *paying) strike(ctx context.Context) error {
	if !s.Kill {
		return nil
	}
	if err := pause(ctx, time.Duration(200+s.roll(1500))*time.Millisecond); err != nil {
		return err
	}
	s.server.kill()
	s.report.count(func(r *Report) { r.Kills++ })
	return s.server.start(ctx)
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

// cancelSome cancels every third of the round's orders that are paid, and says how
// many: their money goes back, and their units are free.
func (s *paying) cancelSome(ctx context.Context, goods product) (freed int, err error) {
	paid, err := postgres.Column[id.Order](ctx, s.pool, `
		SELECT o.id FROM orders o WHERE o.payment_status = 'paid' AND EXISTS (SELECT FROM order_lines l WHERE l.order_id = o.id AND l.sku = @sku)
		ORDER BY o.id`, pgx.NamedArgs{"sku": goods.Variants[0].SKU})
	if err != nil {
		return 0, err
	}
	for i, o := range paid {
		if i%3 != 0 {
			continue
		}
		_, err := s.insist(ctx, request{
			method: "POST", path: "/api/v1/admin/orders/" + o.String() + "/cancel", staff: true, key: "cancel-" + o.String(), body: map[string]any{"reason": "torture"},
		}, nil)
		if err != nil {
			return freed, err
		}
		freed++
	}
	return freed, nil
}

// judge holds the shop against the provider's own books.
func (s *paying) judge(ctx context.Context, n int, goods product, freed int) error {
	left, err := s.stock(ctx, goods)
	if err != nil {
		return err
	}
	if want := (stock{OnHand: s.Units, Allocated: s.Units - freed, Available: freed}); left != want {
		s.report.violated("round %d: the stock is %+v, want %+v", n, left, want)
	}
	if err := s.compareBooks(ctx, s.bank, fmt.Sprintf("round %d", n)); err != nil {
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

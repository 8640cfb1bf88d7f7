package torture

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"souk/internal/money"
)

// HotCoupon has all buyers order at once with one code that may be used so many
// times as there are units, guests and users, however they write it: so many
// orders get the discount, and everybody else is told that it has gone.
func HotCoupon(ctx context.Context, p Plan) (_ *Report, err error) {
	if p.Kill {
		return nil, errors.New("nothing is killed over a coupon: leave out --kill")
	}
	began := time.Now()
	r := newReport(&p)
	r.Rounds, r.Buyers, r.Units = p.Rounds, p.Buyers, p.Units
	s, err := openShop(ctx, p, r)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	for n := range p.Rounds {
		p.step(n, p.Rounds, "")
		if err := s.rush(ctx, p, n+1); err != nil {
			return nil, fmt.Errorf("round %d: %w", n+1, err)
		}
	}
	p.step(p.Rounds, p.Rounds, "")
	if err := s.sound(ctx, "at the end"); err != nil {
		return nil, err
	}
	return r.finish(began, s.requests.Load()), nil
}

// promotion is 10 % off for whoever has the code.
type promotion struct {
	ID   string `json:"id"`
	Used int    `json:"used"`

	code string
}

func (s *shop) promote(ctx context.Context, uses int) (p promotion, err error) {
	_, err = s.insist(ctx, request{method: "POST", path: "/api/v1/admin/promotions", staff: true, body: map[string]any{
		"name": "Hot", "status": "active", "needs_code": true, "usage_limit": uses, "reward": map[string]any{"kind": "percent_off", "percent_ppm": 100_000},
	}}, &p)
	if err != nil {
		return p, err
	}
	p.code = fmt.Sprintf("HOT-%d", time.Now().UnixNano())
	_, err = s.insist(ctx, request{
		method: "POST", path: "/api/v1/admin/promotions/" + p.ID + "/coupons", staff: true, body: map[string]any{"codes": []string{p.code}},
	}, nil)
	return p, err
}

// rush is one round: more orders than a code has uses.
func (s *shop) rush(ctx context.Context, plan Plan, n int) error {
	goods, err := s.sell(ctx, plan.Buyers)
	if err != nil {
		return err
	}
	hot, err := s.promote(ctx, plan.Units)
	if err != nil {
		return err
	}
	buyers := make([]buyer, plan.Buyers)
	var g errgroup.Group
	g.SetLimit(16)
	for i := range buyers {
		g.Go(func() (err error) {
			if buyers[i], err = s.fill(ctx, buyer{signedIn: i%3 == 0}, goods); err == nil {
				buyers[i], err = s.enter(ctx, buyers[i], spelled(hot.code, i))
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	verdicts := make([]verdict, len(buyers))
	release := make(chan struct{})
	var wait sync.WaitGroup
	for i, b := range buyers {
		wait.Go(func() { <-release; verdicts[i] = s.click(ctx, b, fmt.Sprintf("hot-%d-%d-%d", plan.Seed, n, i), false) })
	}
	close(release)
	wait.Wait()
	return s.judgeRush(ctx, plan, n, hot, buyers, verdicts)
}

// spelled is a code as the i-th buyer writes it.
func spelled(code string, i int) string {
	switch i % 4 {
	case 1:
		return strings.ToLower(code)
	case 2:
		return " " + strings.ReplaceAll(code, "-", " - ")
	case 3:
		return strings.Replace(code, "HOT", "ｈＯｔ", 1)
	}
	return code
}

// enter puts a code into a cart.
func (s *shop) enter(ctx context.Context, b buyer, code string) (buyer, error) {
	var now priced
	_, err := s.insist(ctx, request{method: "POST", path: "/api/v1/carts/" + b.Cart + "/coupons", staff: b.signedIn, body: map[string]string{"code": code}}, &now)
	b.Total = now.Totals.Grand
	return b, err
}

// judgeRush holds what buyers were told against how often the code was used. Who
// came too late orders for the whole price.
func (s *shop) judgeRush(ctx context.Context, plan Plan, n int, hot promotion, buyers []buyer, verdicts []verdict) error {
	orders, late := map[string]money.Amount{}, -1
	for i, v := range verdicts {
		switch {
		case v.order != nil:
			orders[v.order.ID] = v.order.Totals.Grand
			s.report.time("order", v.took)
			if v.order.Totals.Grand != buyers[i].Total {
				s.report.violated("round %d: buyer %d agreed to %v and ordered for %v", n, i, buyers[i].Total, v.order.Totals.Grand)
			}
		case v.outdated:
			late = i
			s.report.time("refusal", v.took)
			s.report.count(func(r *Report) { r.Refusals++ })
		default:
			s.report.violated("round %d, buyer %d: %+v", n, i, v)
		}
	}
	s.report.count(func(r *Report) { r.Orders += len(orders) })
	if want := min(plan.Units, plan.Buyers); len(orders) != want {
		s.report.violated("round %d: %d orders were made with the code, want %d", n, len(orders), want)
	}
	var now promotion
	if _, err := s.insist(ctx, request{method: "GET", path: "/api/v1/admin/promotions/" + hot.ID, staff: true}, &now); err != nil {
		return err
	}
	if now.Used != len(orders) {
		s.report.violated("round %d: the shop counts %d uses for %d acknowledged orders", n, now.Used, len(orders))
	}
	if late < 0 {
		return nil
	}
	b := buyers[late]
	var whole priced
	if _, err := s.insist(ctx, request{method: "GET", path: "/api/v1/carts/" + b.Cart, staff: b.signedIn}, &whole); err != nil {
		return err
	}
	b.Total = whole.Totals.Grand
	if v := s.click(ctx, b, fmt.Sprintf("late-%d-%d", plan.Seed, n), false); v.order == nil || b.Total.Minor <= buyers[late].Total.Minor {
		s.report.violated("round %d: buyer %d, who came too late, cannot order for %v: %+v", n, late, b.Total, v)
	}
	return nil
}

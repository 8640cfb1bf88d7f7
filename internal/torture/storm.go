package torture

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// storm is rounds of buyers who all want the same few units.
type storm struct {
	*shop
	Plan
	chance *rand.Rand
	rush   time.Duration // how long the last one took
}

// Storm lets buyers loose, round after round, and reports whether the shop
// held. Its error means that it could not be tried.
func Storm(ctx context.Context, p Plan) (_ *Report, err error) {
	if p.Kill && p.URL != "" {
		return nil, errors.New("a server that was not started here is not killed either: leave out --url or --kill")
	}
	began := time.Now()
	r := newReport(&p)
	r.Rounds, r.Buyers, r.Units = p.Rounds, p.Buyers, p.Units
	s := &storm{shop: nil, Plan: p, chance: rand.New(rand.NewPCG(p.Seed, 1)), rush: 100 * time.Millisecond} //nolint:gosec // a schedule
	if s.shop, err = openShop(ctx, p, r); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	stopWatch := s.watch(ctx)
	for n := range p.Rounds {
		p.step(n, p.Rounds, "")
		if err := s.round(ctx, n+1); err != nil {
			stopWatch()
			return nil, fmt.Errorf("round %d: %w", n+1, err)
		}
	}
	p.step(p.Rounds, p.Rounds, "")
	stopWatch()
	if err := s.sound(ctx, "at the end"); err != nil {
		return nil, err
	}
	return r.finish(began, s.requests.Load()), nil
}

// watch checks all invariants over and over while the storm blows; the
// function that it returns waits for the last check.
func (s *storm) watch(ctx context.Context) (stop func()) {
	watching, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for watching.Err() == nil {
			err := s.sound(ctx, "in the storm")
			if err != nil && !s.Kill && watching.Err() == nil { // its database may be down after a kill
				s.report.violated("%v", err)
			}
			if pause(watching, 50*time.Millisecond) != nil {
				return
			}
		}
	}()
	return func() { cancel(); <-done }
}

// round sells a product of so many units to more buyers than that. Every other
// buyer wants a bundle that is made of one.
func (s *storm) round(ctx context.Context, n int) error {
	goods, err := s.sell(ctx, s.Units)
	if err != nil {
		return err
	}
	set, err := s.bundle(ctx, goods)
	if err != nil {
		return err
	}
	buyers := make([]buyer, s.Buyers)
	var g errgroup.Group
	g.SetLimit(16)
	for i := range buyers {
		g.Go(func() (err error) { buyers[i], err = s.newBuyer(ctx, []product{goods, set}[i%2]); return err })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	clicks := s.clicks(n)
	killed := make(chan error, 1)
	release := make(chan struct{})
	go func(kill *kill) { <-release; killed <- s.strike(ctx, kill) }(s.nextKill())

	verdicts := make([][]verdict, len(buyers))
	var wait sync.WaitGroup
	for i, b := range buyers {
		verdicts[i] = make([]verdict, len(clicks[i]))
		for j, key := range clicks[i] {
			wait.Go(func() { <-release; verdicts[i][j] = s.click(ctx, b, key, s.Kill) })
		}
	}
	began := time.Now()
	close(release)
	wait.Wait()
	s.rush = time.Since(began)
	if err := <-killed; err != nil {
		return err
	}
	return s.judge(ctx, n, goods, buyers, verdicts)
}

// clicks decides who clicks how: most once, some twice on the same button,
// some in two tabs.
func (s *storm) clicks(round int) [][]string {
	all := make([][]string, s.Buyers)
	for i := range all {
		key := fmt.Sprintf("round-%d-%d-%d", s.Seed, round, i)
		switch s.chance.IntN(10) {
		case 0, 1:
			all[i] = []string{key, key}
		case 2:
			all[i] = []string{key, key + "-other-tab"}
		default:
			all[i] = []string{key}
		}
	}
	return all
}

// kill is one to come.
type kill struct {
	after    time.Duration
	database bool
}

// nextKill decides whether and when this round's kill comes; nil is never.
func (s *storm) nextKill() *kill {
	if !s.Kill || s.chance.IntN(2) == 0 {
		return nil
	}
	return &kill{time.Duration(s.chance.Float64() * float64(min(s.rush, 2*time.Second))), s.chance.IntN(4) == 0}
}

// strike kills the server, and perhaps its PostgreSQL, and starts it again.
func (s *storm) strike(ctx context.Context, k *kill) error {
	if k == nil {
		return nil
	}
	if err := pause(ctx, k.after); err != nil {
		return err
	}
	if k.database {
		if err := syscall.Kill(s.cluster.PID(), syscall.SIGKILL); err != nil {
			return fmt.Errorf("kill PostgreSQL: %w", err)
		}
		s.report.count(func(r *Report) { r.DatabaseKills++ })
	}
	s.server.kill()
	s.report.count(func(r *Report) { r.Kills++ })
	return s.server.start(ctx)
}

// judge holds what the buyers were told against what the shop has.
func (s *storm) judge(ctx context.Context, n int, goods product, buyers []buyer, verdicts [][]verdict) error {
	owner := map[string]int{}
	for i, told := range verdicts {
		s.tally(n, i, told)
		for _, v := range told {
			if v.order == nil {
				continue
			}
			if other, taken := owner[v.order.ID]; taken && other != i {
				s.report.violated("round %d: buyers %d and %d were given the same order %s", n, other, i, v.order.ID)
			}
			owner[v.order.ID] = i
			if v.order.Totals.Grand != buyers[i].Total {
				s.report.violated("round %d: buyer %d agreed to %v and ordered for %v", n, i, buyers[i].Total, v.order.Totals.Grand)
			}
		}
	}
	if want := min(s.Units, s.Buyers); len(owner) != want {
		s.report.violated("round %d: %d orders were acknowledged, want %d of %d units for %d buyers", n, len(owner), want, s.Units, s.Buyers)
	}
	s.report.count(func(r *Report) { r.Orders += len(owner) })
	left, err := s.stock(ctx, goods)
	if err != nil {
		return err
	}
	if want := (stock{OnHand: s.Units, Allocated: len(owner), Available: s.Units - len(owner)}); left != want {
		s.report.violated("round %d: the stock is %+v after %d acknowledged orders, want %+v", n, left, len(owner), want)
	}
	for i, told := range verdicts {
		for _, v := range told {
			if v.order == nil {
				continue
			}
			if err := s.askAgain(ctx, n, buyers[i], v); err != nil {
				return err
			}
		}
	}
	return nil
}

// tally looks at what one buyer was told by all of their clicks.
func (s *storm) tally(n, i int, told []verdict) {
	orders := map[string]bool{}
	refused := 0
	for _, v := range told {
		switch {
		case v.wrong != "":
			s.report.violated("round %d, buyer %d: %s", n, i, v.wrong)
		case v.order != nil:
			orders[v.order.ID] = true
			s.report.time("order", v.took)
		case v.earlier != "":
			orders[v.earlier] = true
			s.report.count(func(r *Report) { r.Completed++ })
		case v.outdated:
			s.report.violated("round %d, buyer %d: the total is said to have changed", n, i)
		case v.refused:
			refused++
			s.report.time("refusal", v.took)
			s.report.count(func(r *Report) { r.Refusals++ })
		}
	}
	if len(orders) > 1 {
		s.report.violated("round %d: buyer %d has %d orders of one cart", n, i, len(orders))
	}
	if len(orders) == 1 && refused > 0 {
		s.report.violated("round %d: buyer %d has an order and was told that it is sold out", n, i)
	}
	if len(orders) == 1 && told[0].order == nil && (len(told) == 1 || told[1].order == nil) {
		s.report.violated("round %d: buyer %d was told of an order that no click was acknowledged for", n, i)
	}
}

// askAgain makes an acknowledged call once more and reads its order: both must
// say what was acknowledged.
func (s *storm) askAgain(ctx context.Context, n int, b buyer, v verdict) error {
	var said struct {
		Order order `json:"order"`
	}
	a, err := s.insist(ctx, b.checkout(v.key), &said)
	if err != nil {
		s.report.violated("round %d: order %s, asked for again, is refused: %v", n, v.order.Number, err)
		return ctx.Err()
	}
	s.report.count(func(r *Report) { r.Repeats++ })
	if said.Order != *v.order || a.header.Get("Idempotent-Replayed") != "true" {
		s.report.violated("round %d: asked again, order %s became %+v", n, v.order.Number, said.Order)
	}
	var now order
	if _, err := s.insist(ctx, request{method: "GET", path: "/api/v1/orders/" + v.order.ID + "?token=" + v.order.Token}, &now); err != nil {
		s.report.violated("round %d: the acknowledged order %s cannot be read: %v", n, v.order.Number, err)
		return ctx.Err()
	}
	if now.Number != v.order.Number || now.Totals.Grand != v.order.Totals.Grand || now.Status != "confirmed" {
		s.report.violated("round %d: order %s was acknowledged for %v and is %+v", n, v.order.Number, v.order.Totals.Grand, now)
	}
	return nil
}

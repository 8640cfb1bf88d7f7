package torture

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"souk/internal/id"
	"souk/internal/money"
)

// DrainGiftCard has all buyers pay at once with one gift card that covers as many
// of their orders as there are units, and half of another. So many orders are
// made and the half is left, whoever is killed meanwhile.
func DrainGiftCard(ctx context.Context, p Plan) (_ *Report, err error) {
	if p.URL != "" {
		return nil, errors.New("the code of a gift card is mailed: leave out --url")
	}
	began := time.Now()
	r := newReport(&p)
	r.Rounds, r.Buyers, r.Units = p.Rounds, p.Buyers, p.Units
	s := &storm{Plan: p, chance: rand.New(rand.NewPCG(p.Seed, 1)), rush: 100 * time.Millisecond} //nolint:gosec // a schedule
	if s.shop, err = openShop(ctx, p, r); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	for n := range p.Rounds {
		p.step(n, p.Rounds, "")
		if err := s.drain(ctx, n+1); err != nil {
			return nil, fmt.Errorf("round %d: %w", n+1, err)
		}
	}
	p.step(p.Rounds, p.Rounds, "")
	if err := s.sound(ctx, "at the end"); err != nil {
		return nil, err
	}
	return r.finish(began, s.requests.Load()), nil
}

// giftCard is a card with its code.
type giftCard struct {
	ID      string       `json:"id"`
	Balance money.Amount `json:"balance"`

	code string
}

// giveCard has staff give a gift card, to be sent so much later.
func (s *shop) giveCard(ctx context.Context, worth money.Amount, later time.Duration) (g giftCard, err error) {
	key := fmt.Sprintf("gift-card-%d", time.Now().UnixNano())
	_, err = s.insist(ctx, request{method: "POST", path: "/api/v1/admin/gift-cards", staff: true, key: key, body: map[string]any{
		"amount": worth, "gift": map[string]any{"email": "buyer@example.com", "send_at": time.Now().Add(later)}, "reason": "torture",
	}}, &g)
	if err != nil {
		return g, err
	}
	card, err := id.Parse[id.GiftCard](g.ID)
	if err == nil {
		_, g.code, err = s.app.Credit.ToMail(ctx, s.pool, card)
	}
	return g, err
}

// drain is one round: more orders than a gift card pays.
func (s *storm) drain(ctx context.Context, n int) error {
	goods, err := s.sell(ctx, s.Buyers)
	if err != nil {
		return err
	}
	buyers := make([]buyer, s.Buyers)
	var g errgroup.Group
	g.SetLimit(16)
	for i := range buyers {
		g.Go(func() (err error) { buyers[i], err = s.newBuyer(ctx, goods); return err })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	price := buyers[0].Total
	card, err := s.giveCard(ctx, money.Of(price.Minor*int64(s.Units)+price.Minor/2, price.Currency), 0)
	if err != nil {
		return err
	}
	for i := range buyers {
		buyers[i].nothingDue = true
		g.Go(func() error {
			_, err := s.insist(ctx, request{method: "POST", path: "/api/v1/carts/" + buyers[i].Cart + "/gift-cards", body: map[string]string{"code": card.code}}, nil)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	killed := make(chan error, 1)
	release := make(chan struct{})
	go func(kill *kill) { <-release; killed <- s.strike(ctx, kill) }(s.nextKill())
	verdicts := make([]verdict, len(buyers))
	var wait sync.WaitGroup
	for i, b := range buyers {
		wait.Go(func() {
			<-release
			verdicts[i] = s.click(ctx, b, fmt.Sprintf("drain-%d-%d-%d", s.Seed, n, i), s.Kill)
		})
	}
	began := time.Now()
	close(release)
	wait.Wait()
	s.rush = time.Since(began)
	if err := <-killed; err != nil {
		return err
	}
	return s.judgeDrain(ctx, n, card, price, verdicts)
}

// judgeDrain holds what buyers were told against what is left on the card.
func (s *storm) judgeDrain(ctx context.Context, n int, card giftCard, price money.Amount, verdicts []verdict) error {
	made := 0
	for i, v := range verdicts {
		switch {
		case v.order != nil:
			made++
			s.report.time("order", v.took)
		case v.outdated:
			s.report.time("refusal", v.took)
			s.report.count(func(r *Report) { r.Refusals++ })
		default:
			s.report.violated("round %d, buyer %d: %+v", n, i, v)
		}
	}
	s.report.count(func(r *Report) { r.Orders += made })
	want := min(s.Units, s.Buyers)
	if made != want {
		s.report.violated("round %d: the card paid %d orders, want %d", n, made, want)
	}
	var now giftCard
	if _, err := s.insist(ctx, request{method: "GET", path: "/api/v1/admin/gift-cards/" + card.ID, staff: true}, &now); err != nil {
		return err
	}
	if left := card.Balance.Minor - price.Minor*int64(want); now.Balance.Minor != left {
		s.report.violated("round %d: %v is left on the card, want %d", n, now.Balance, left)
	}
	return s.sound(ctx, "after the round")
}

package demo

import (
	"context"
	"encoding/json"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"time"

	"souk/internal/auth"
	"souk/internal/cart"
	"souk/internal/checkout"
	"souk/internal/id"
	"souk/internal/invoices"
	"souk/internal/memberships"
	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/payments/transfer"
	"souk/internal/platform/postgres"
	"souk/internal/pricing"
)

const (
	plansSince = 80 * 24 * time.Hour // before the present
	day        = 24 * time.Hour
)

// club is the plans of the market, and who of their members pays what is due.
type club struct {
	silver, gold memberships.Plan
	payers       map[id.User]bool
	ordered      map[id.Order]bool // that somebody pays, or nobody will
	dice         *mathrand.Rand
}

// A fate is what becomes of a customer as a member.
type fate struct {
	customer int           // in the order in which they have signed up
	joined   time.Duration // before the present
	gold     bool
	begins   func(s *story, ctx context.Context, c customer, plan memberships.Plan) error
	pays     bool // for the periods to come
	pausedAt time.Duration
}

// fates is one member of each kind, and some more who simply are members: the
// shopper, as whom visitors sign in, has Gold.
var fates = []fate{
	{customer: 0, joined: 75 * day, gold: true, begins: (*story).subscribe, pays: true},
	{customer: 1, joined: 6 * day, gold: true, begins: (*story).tryOut},
	{customer: 2, joined: 33 * day, begins: (*story).subscribe}, // past due
	{customer: 3, joined: 20 * day, gold: true, begins: (*story).subscribe, pays: true, pausedAt: 5 * day},
	{customer: 4, joined: 48 * day, begins: (*story).subscribe}, // lapsed
	{customer: 7, joined: 52 * day, begins: (*story).subscribe, pays: true},
	{customer: 9, joined: 11 * day, begins: (*story).subscribe, pays: true},
}

// scheduleMembers writes down when the plans are made, who joins, and that the
// deadlines of memberships are followed every night.
func (s *story) scheduleMembers() {
	s.club = club{payers: map[id.User]bool{}, ordered: map[id.Order]bool{}, dice: mathrand.New(mathrand.NewPCG(s.options.Seed, 4))}
	first := s.plan.present.Add(-plansSince)
	if first.Before(s.plan.opening) {
		first = s.plan.opening.Add(day)
	}
	s.on(first, s.admin, "make plans", s.makePlans)
	for _, f := range fates {
		at := s.plan.present.Add(-f.joined)
		if at.Before(first) {
			continue
		}
		s.on(at, auth.Actor{}, "join", func(ctx context.Context) error { return s.join(ctx, f) })
		if f.pausedAt > 0 {
			s.on(s.plan.present.Add(-f.pausedAt), auth.Actor{}, "pause", func(ctx context.Context) error { return s.pause(ctx, f) })
		}
	}
	for at := first.Add(day); at.Before(s.plan.present); at = at.Add(day) {
		s.on(at, auth.Actor{System: "renew"}, "renew memberships", s.renew)
	}
}

// makePlans opens the club. Its members send the money by bank.
func (s *story) makePlans(ctx context.Context) error {
	account, err := json.Marshal("Souk demo market, IBAN DE00 0000 0000 0000 0000 00")
	if err != nil {
		return err
	}
	if err := s.Settings.Set(ctx, s.tx, map[string]json.RawMessage{transfer.InstructionsSetting.Key: account}); err != nil {
		return err
	}
	house, err := s.Vendors.House(ctx, s.tx)
	if err != nil {
		return err
	}
	if _, err := invoices.SetLetterhead(ctx, s.tx, house.ID, s.plan.House); err != nil {
		return err
	}
	monthly := func(name string, rank int, price int64, b memberships.Benefits) (memberships.Plan, error) {
		return s.Memberships.Create(ctx, s.tx, memberships.Plan{
			Name: name, Rank: rank, Interval: memberships.Interval{Unit: "month", Units: 1}, Prices: []money.Amount{money.Of(price, s.currency())},
			TrialDays: 14, GraceDays: 7, DunningDays: []int{1, 3}, PauseDays: 30, Benefits: b,
		})
	}
	s.club.silver, err = monthly("Silver", 1, 499, memberships.Benefits{PercentOff: &memberships.PercentOff{PPM: 50_000}})
	if err != nil {
		return err
	}
	s.club.gold, err = monthly("Gold", 2, 999, memberships.Benefits{
		PercentOff: &memberships.PercentOff{PPM: 100_000}, FreeShipping: pricing.Amounts{s.currency(): 2000}, EarlyAccess: 48, MoreWishlists: 20,
	})
	return err
}

// join begins the membership of a customer, if they have come by then.
func (s *story) join(ctx context.Context, f fate) error {
	if f.customer >= len(s.customers) {
		return nil
	}
	c, plan := s.customers[f.customer], s.club.silver
	if f.gold {
		plan = s.club.gold
	}
	s.club.payers[c.actor.User] = f.pays
	return f.begins(s, auth.With(ctx, c.actor), c, plan)
}

// subscribe orders a period of a plan, and pays for it.
func (s *story) subscribe(ctx context.Context, c customer, plan memberships.Plan) error {
	of, err := s.Carts.Create(ctx, s.tx, s.currency(), []cart.NewItem{{Variant: plan.Variant, Quantity: 1}})
	if err != nil {
		return err
	}
	if of, err = s.Carts.SetAddresses(ctx, s.tx, of.Cart.ID, cart.Addresses{Email: c.email, Billing: &c.address}); err != nil {
		return err
	}
	placed, err := s.Checkout.Place(ctx, s.tx, checkout.Placing{
		Cart: of.Cart.ID, Method: payments.BankTransfer, Expected: of.Quote.Totals.GrandTotal, Keeps: true,
	})
	if err != nil {
		return err
	}
	s.paySoon(placed.Order.ID)
	return nil
}

// tryOut begins with the trial of a plan.
func (s *story) tryOut(ctx context.Context, c customer, plan memberships.Plan) error {
	_, err := s.Memberships.Try(ctx, s.tx, memberships.Sale{User: c.actor.User, Email: c.email, Purchase: memberships.Purchase{
		Plan: plan, Paid: money.Zero(s.currency()), Method: payments.BankTransfer, Billing: &c.address,
	}})
	return err
}

func (s *story) pause(ctx context.Context, f fate) error {
	if f.customer >= len(s.customers) {
		return nil
	}
	is, now, err := s.Memberships.Live(ctx, s.tx, s.customers[f.customer].actor.User)
	if err != nil {
		return err
	}
	if err := is.Pause(now); err != nil {
		return err
	}
	return s.Memberships.Save(ctx, s.tx, &is)
}

// renew follows the deadlines, and has those pay who do.
func (s *story) renew(ctx context.Context) error {
	if err := s.Checkout.Renew(ctx); err != nil {
		return err
	}
	if _, err := s.Checkout.Expire(ctx); err != nil {
		return err
	}
	type renewal struct {
		Order id.Order `db:"order_id"`
		User  id.User  `db:"user_id"`
	}
	open, err := postgres.All[renewal](ctx, s.tx, `
		SELECT r.order_id, o.user_id FROM membership_renewals r JOIN orders o ON o.id = r.order_id WHERE o.status = 'pending' ORDER BY o.number`, nil)
	for _, r := range open {
		if s.club.payers[r.User] && !s.club.ordered[r.Order] {
			s.paySoon(r.Order)
		}
	}
	return err
}

// paySoon writes down that staff see the money of an order within a day.
func (s *story) paySoon(order id.Order) {
	s.club.ordered[order] = true
	at := s.calendar.clock.Now().Add(time.Hour + spread(s.club.dice, 10*time.Hour))
	s.on(at, s.admin, "take a transfer", func(ctx context.Context) error {
		of, err := payments.OfOrder(ctx, s.tx, order)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(of, func(p payments.Payment) bool { return p.Provider == payments.BankTransfer })
		if at < 0 {
			return fmt.Errorf("order %s waits for no transfer", order)
		}
		_, err = s.Checkout.Settle(ctx, s.tx, payments.Fact{Payment: of[at].ID, Kind: payments.Capture, Amount: of[at].Amount, Cause: "seen by staff"})
		if err != nil {
			return err
		}
		if err := s.Checkout.HandOver(ctx, checkout.HandOverDue{OrderID: order}); err != nil {
			return err
		}
		return s.Invoices.Follow(ctx, order)
	})
}

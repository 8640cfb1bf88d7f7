package simulator

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/postgres"
	"souk/internal/pricing"
	"souk/internal/promotions"
)

// MostOrders is how many orders one replay looks at.
const MostOrders = 10_000

// perRead is how many orders are read at once.
const perRead = 1000

// A Rerun is a promotion, and the orders that it is tried on: the last, or those
// of a time.
type Rerun struct {
	ID     id.Promotion         `json:"promotion_id,omitzero"`
	Draft  *promotions.Proposal `json:"draft,omitempty" doc:"A promotion that is not saved, instead of promotion_id"`
	Orders int                  `json:"orders,omitempty" minimum:"0" maximum:"10000" doc:"The last so many, of those placed in the time; 10,000 unless told"`
	From   time.Time            `json:"from,omitzero" doc:"Placed at or after"`
	To     time.Time            `json:"to,omitzero" doc:"Placed before"`
}

// Replay prices past orders with a promotion, from the oldest on, as long as its
// own limits last. A vendor replays their own promotions on orders of their goods;
// none is staff.
//
// What else an order was given stands beside it as it was frozen, and by the
// priority, exclusivity and group that those promotions have by now: where the
// promotion keeps them out, what they gave is saved; where they keep it out, it
// does not apply. What the promotion itself gave is left out of both sides.
func (s *Simulator) Replay(ctx context.Context, db postgres.DB, vendor id.Vendor, in Rerun) (Replay, error) {
	p, err := s.rerun(ctx, db, vendor, in)
	if err != nil {
		return Replay{}, err
	}
	chosen, err := chooseOrders(ctx, db, vendor, in)
	if err != nil {
		return Replay{}, fmt.Errorf("choose orders to replay: %w", err)
	}
	slices.Reverse(chosen) // uses and budgets are given to who came first
	t := newTally(p, len(chosen))
	for some := range slices.Chunk(chosen, perRead) {
		past, err := readOrders(ctx, db, some, p)
		if err != nil {
			return Replay{}, fmt.Errorf("read %d orders to replay: %w", len(some), err)
		}
		for i := range past {
			if err := t.try(&past[i]); err != nil {
				return Replay{}, fmt.Errorf("replay order %s: %w", past[i].Number, err)
			}
		}
	}
	return t.conclude(), nil
}

// rerun is the promotion that is tried.
func (s *Simulator) rerun(ctx context.Context, db postgres.DB, vendor id.Vendor, in Rerun) (promotions.Promotion, error) {
	switch {
	case (in.Draft != nil) == !in.ID.IsZero():
		return promotions.Promotion{}, errs.Validation.Field("/promotion_id", "required", "Name a promotion, or describe a draft.")
	case !in.From.IsZero() && !in.To.IsZero() && !in.To.After(in.From):
		return promotions.Promotion{}, errs.Validation.Field("/to", "not_after", "It must end after it starts.")
	case in.Orders < 0 || in.Orders > MostOrders:
		return promotions.Promotion{}, errs.Validation.Field("/orders", "out_of_range", "A replay looks at 10,000 orders at most.")
	case in.Draft != nil:
		p, err := in.Draft.Trial(vendor)
		return p, errs.Under("/draft", err)
	}
	return s.Promotions.Get(ctx, db, vendor, in.ID)
}

// Replay is what a promotion would have done.
type Replay struct {
	Summary string    `json:"summary" example:"Summer would have cost 4120.00 USD on 212 of 1000 orders."`
	Orders  int       `json:"orders" doc:"Looked at: those that stand, not those that were cancelled"`
	From    time.Time `json:"from,omitzero" doc:"When the first of them was placed"`
	To      time.Time `json:"to,omitzero" doc:"When the last of them was"`
	Matched int       `json:"matched" doc:"It would have lowered so many"`
	KeptOut int       `json:"kept_out" doc:"It would have matched so many more, and is not combined with what they were given"`
	Costs   []Cost    `json:"costs" doc:"By currency"`
	Notes   []string  `json:"notes" doc:"What the figures assume"`
}

// A Cost is what a promotion would have cost in one currency, tax aside.
type Cost struct {
	Currency money.Currency `json:"currency"`
	Orders   int            `json:"orders" doc:"Looked at"`
	Matched  int            `json:"matched"`
	Given    money.Amount   `json:"given" doc:"What it would have taken off"`
	Saved    money.Amount   `json:"saved" doc:"What other promotions would have taken off less beside it"`
	Cost     money.Amount   `json:"cost" doc:"The difference: so much more would have been given"`
	Platform money.Amount   `json:"platform" doc:"The part of the cost that the platform would have paid"`
	Vendors  money.Amount   `json:"vendors" doc:"The part that vendors would have paid"`
	Most     []Effect       `json:"most" doc:"The ten orders that it changes most"`
}

// An Effect is what a promotion would have done to one order.
type Effect struct {
	Order    id.Order     `json:"order_id"`
	Number   string       `json:"number"`
	PlacedAt time.Time    `json:"placed_at"`
	Given    money.Amount `json:"given"`
	Cost     money.Amount `json:"cost"`
}

// mostEffects is how many orders are named.
const mostEffects = 10

// A tally is a replay that is under way.
type tally struct {
	promotion promotions.Promotion
	replay    Replay
	uses      map[string]int // of each customer, by mailbox
	budget    int64          // what is left of it
}

func newTally(p promotions.Promotion, orders int) *tally {
	t := &tally{promotion: p, replay: Replay{Orders: orders, Costs: []Cost{}}, uses: map[string]int{}}
	if p.Budget != nil {
		t.budget = p.Budget.Minor
	}
	return t
}

// try prices one order with the promotion, and counts what that changes.
func (t *tally) try(o *past) error {
	if t.replay.From.IsZero() {
		t.replay.From = o.PlacedAt
	}
	t.replay.To = o.PlacedAt
	cost := t.cost(o.Currency)
	cost.Orders++
	if t.usedUp(o) {
		return nil
	}
	snapshot, frozen := o.snapshot(t.promotion.ID)
	snapshot.Promotions = append(snapshot.Promotions, t.rule())
	quote, err := pricing.Price(snapshot)
	if err != nil {
		return err
	}
	verdict := quote.Verdicts[len(quote.Verdicts)-1]
	switch {
	case !verdict.KeptOutBy.IsZero():
		t.replay.KeptOut++
		return nil
	case verdict.Reason != "":
		return nil
	}
	t.count(o, cost, verdict.Amount, quote.Totals.Discount.Minus(frozen.amount), platformOf(snapshot.Promotions, quote.Verdicts).Minus(frozen.platform))
	return nil
}

// usedUp reports whether the limits of the promotion leave nothing for an order.
func (t *tally) usedUp(o *past) bool {
	p := &t.promotion
	return p.UsageLimit != nil && t.replay.Matched >= *p.UsageLimit ||
		p.CustomerLimit != nil && o.Mailbox != "" && t.uses[o.Mailbox] >= *p.CustomerLimit ||
		p.Budget != nil && (p.Budget.Currency != o.Currency || t.budget <= 0)
}

// rule is the promotion, with no more than is left of its budget.
func (t *tally) rule() pricing.Promotion {
	p := &t.promotion
	rule := pricing.Promotion{
		ID: p.ID, Name: p.Name, Vendor: p.VendorID, Priority: p.Priority, Exclusive: p.Exclusive, Group: p.StackingGroup,
		PlatformPPM: p.PlatformPPM, Conditions: p.Conditions, Reward: p.Reward,
	}
	if p.Budget != nil {
		rule.Reward = rule.Reward.UpTo(money.Of(t.budget, p.Budget.Currency))
	}
	return rule
}

// platformOf is what the platform pays of what promotions take off.
func platformOf(rules []pricing.Promotion, verdicts []pricing.Verdict) money.Amount {
	sum := money.Zero(verdicts[0].Amount.Currency)
	for i, v := range verdicts {
		sum = sum.Plus(v.Amount.Share(rules[i].PlatformPPM, million))
	}
	return sum
}

const million = 1_000_000

func (t *tally) count(o *past, c *Cost, given, cost, platform money.Amount) {
	t.replay.Matched++
	t.uses[o.Mailbox]++
	t.budget -= given.Minor
	c.Matched++
	c.Given, c.Cost, c.Platform = c.Given.Plus(given), c.Cost.Plus(cost), c.Platform.Plus(platform)
	c.Most = append(c.Most, Effect{o.ID, o.Number, o.PlacedAt, given, cost})
	if len(c.Most) >= 100*mostEffects {
		c.rank()
	}
}

// rank keeps the orders that are changed most, of equal ones the older.
func (c *Cost) rank() {
	slices.SortStableFunc(c.Most, func(a, b Effect) int { return cmp.Compare(abs(b.Cost.Minor), abs(a.Cost.Minor)) })
	c.Most = c.Most[:min(len(c.Most), mostEffects)]
}

func abs(n int64) int64 { return max(n, -n) }

// cost is the sums of one currency.
func (t *tally) cost(c money.Currency) *Cost {
	at := slices.IndexFunc(t.replay.Costs, func(k Cost) bool { return k.Currency == c })
	if at < 0 {
		zero := money.Zero(c)
		at, t.replay.Costs = len(t.replay.Costs), append(t.replay.Costs, Cost{Currency: c, Given: zero, Saved: zero, Cost: zero, Platform: zero, Vendors: zero, Most: []Effect{}})
	}
	return &t.replay.Costs[at]
}

func (t *tally) conclude() Replay {
	r, spent := &t.replay, ""
	slices.SortFunc(r.Costs, func(a, b Cost) int { return cmp.Compare(a.Currency, b.Currency) })
	for i := range r.Costs {
		c := &r.Costs[i]
		c.Saved, c.Vendors = c.Given.Minus(c.Cost), c.Cost.Minus(c.Platform)
		c.rank()
		if c.Matched > 0 {
			if spent != "" {
				spent += " and "
			}
			spent += c.Cost.String()
		}
	}
	r.Summary = fmt.Sprintf("%s would have cost %s on %d of %d orders.", t.promotion.Name, cmp.Or(spent, "nothing"), r.Matched, r.Orders)
	r.Notes = t.notes()
	return *r
}

// notes say what the figures assume.
func (t *tally) notes() []string {
	p := &t.promotion
	notes := []string{"Orders count as they were placed, tax aside; those that were cancelled do not.", "Its own window does not count."}
	goods := []pricing.Scope{p.Conditions.Goods, p.Reward.Goods, p.Reward.BuyGoods}
	if slices.ContainsFunc(goods, func(s pricing.Scope) bool { return len(s.Brands)+len(s.Categories)+len(s.Tags) > 0 }) {
		notes = append(notes, "Brands, categories and tags of goods are those of today.")
	}
	if p.NeedsCode {
		notes = append(notes, "Every buyer enters its code.")
	}
	if len(p.Conditions.Groups)+len(p.Conditions.Plans) > 0 {
		notes = append(notes, "Orders keep no groups and memberships of their buyers: it matches none.")
	}
	return notes
}

type replayInput struct{ Body Rerun }

func (h handlers) replay(ctx context.Context, tx pgx.Tx, in *replayInput) (Replay, error) {
	return h.Replay(ctx, tx, h.scope(ctx), in.Body)
}

type simulateInput struct{ Body Scenario }

func (h handlers) simulate(ctx context.Context, tx pgx.Tx, in *simulateInput) (Simulation, error) {
	return h.Simulate(ctx, tx, h.scope(ctx), in.Body)
}

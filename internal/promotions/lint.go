package promotions

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/postgres"
	"souk/internal/pricing"
)

// A Finding is something about active promotions that whoever made them may not
// have meant.
type Finding struct {
	Code       string         `json:"code" enum:"ended,vendor_closed,used_up,budget_spent,no_codes,codes_unused,no_amount,first_order_repeats,never_wins,stacks"`
	Promotions []id.Promotion `json:"promotions" doc:"Which ones it is about"`
	Detail     string         `json:"detail"`
}

// Lint looks at all active promotions.
func (m *Promotions) Lint(ctx context.Context, db postgres.DB) ([]Finding, error) {
	active, err := list(ctx, db, pgx.NamedArgs{"vendor": id.Vendor{}, "statuses": []Status{Active}, "before": id.Promotion{}, "limit": nil})
	if err != nil {
		return nil, err
	}
	now, err := postgres.Scalar[time.Time](ctx, db, `SELECT now()`, nil)
	if err != nil {
		return nil, fmt.Errorf("read the time: %w", err)
	}
	closed, err := postgres.Column[id.Vendor](ctx, db, `SELECT id FROM vendors WHERE status <> 'active'`, nil)
	if err != nil {
		return nil, fmt.Errorf("read which vendors are closed: %w", err)
	}
	found := []Finding{}
	var live []Promotion
	for _, p := range active {
		alone := p.lint(now, m.Currency, closed)
		if found = append(found, alone...); !slices.ContainsFunc(alone, func(f Finding) bool { return f.Code == "ended" }) {
			live = append(live, p)
		}
	}
	for i, p := range live {
		for _, q := range live[i+1:] {
			found = append(found, lintPair(p, q)...)
		}
	}
	return append(found, lintStacks(live)...), nil
}

// lint is what there is to say of a promotion alone.
func (p *Promotion) lint(now time.Time, shop money.Currency, closed []id.Vendor) (found []Finding) {
	say := func(so bool, code, detail string) {
		if so {
			found = append(found, Finding{code, []id.Promotion{p.ID}, p.Name + " " + detail})
		}
	}
	if p.EndsAt != nil && !p.EndsAt.After(now) {
		say(true, "ended", "ended at "+p.EndsAt.UTC().Format(time.RFC3339)+" and lowers nothing any more.")
		return found
	}
	say(slices.Contains(closed, p.VendorID), "vendor_closed", "is of a vendor who sells nothing now.")
	say(p.UsageLimit != nil && p.Used >= *p.UsageLimit, "used_up", "has had all of its uses.")
	say(p.spentUp(), "budget_spent", "has spent its budget.")
	say(p.NeedsCode && p.Coupons == 0, "no_codes", "needs a code, and has none.")
	say(!p.NeedsCode && p.Coupons > 0, "codes_unused", "has codes, and needs none: its codes do nothing.")
	for _, amounts := range []pricing.Amounts{p.Reward.Amounts, p.Reward.Most, p.Conditions.MinSubtotal} {
		if _, known := amounts[shop]; len(amounts) > 0 && !known {
			say(true, "no_amount", "names no amount in "+string(shop)+", the currency of the shop: carts in it do not match.")
			break
		}
	}
	say(p.Conditions.FirstOrder && p.CustomerLimit == nil, "first_order_repeats",
		"is for first orders without a customer_limit: who cancels, or writes their address differently, has it again. Limit it to 1 for each customer.")
	return found
}

func (p *Promotion) spentUp() bool {
	return p.Budget != nil && slices.ContainsFunc(p.Spent, func(a money.Amount) bool { return a.Currency == p.Budget.Currency && a.Minor >= p.Budget.Minor })
}

// lintPair is what there is to say of two promotions that may meet in a cart.
func lintPair(p, q Promotion) (found []Finding) {
	both := []id.Promotion{p.ID, q.ID}
	if p.Priority < q.Priority {
		p, q = q, p
	}
	if p.Priority > q.Priority && p.always(q) && (p.Exclusive || q.Exclusive && q.VendorID.IsZero()) {
		found = append(found, Finding{"never_wins", both, fmt.Sprintf(
			"%s never applies: %s has the higher priority, matches every cart that it matches, and is not combined with it.", q.Name, p.Name)})
	}
	sum := p.Reward.PPM + q.Reward.PPM
	percent := p.Reward.Kind == pricing.PercentOff && q.Reward.Kind == pricing.PercentOff
	if percent && sum >= million && p.stacksWith(q) {
		found = append(found, Finding{"stacks", both, fmt.Sprintf(
			"%s and %s stack to %s on the goods that both lower. Give them one stacking_group, or make one exclusive, unless that is meant.",
			p.Name, q.Name, pricing.Percent(sum))})
	}
	return found
}

// lintStacks finds where three or more percentages come to everything together,
// pairs aside, which are told one by one. From each that stands in no stack yet, the
// largest first, it takes whatever still applies beside all that it has, the larger
// before the smaller. What keeps promotions apart is mostly that of some one applies
// alone, and there the largest is the best choice; only where they are for different
// goods or buyers may another choice come to more, and that one shows once the stack
// that is told is mended.
func lintStacks(live []Promotion) (found []Finding) {
	percents := slices.DeleteFunc(slices.Clone(live), func(p Promotion) bool { return p.Reward.Kind != pricing.PercentOff })
	slices.SortStableFunc(percents, func(p, q Promotion) int { return cmp.Compare(q.Reward.PPM, p.Reward.PPM) })
	stacked := map[id.Promotion]bool{}
	for _, first := range percents {
		if stacked[first.ID] {
			continue
		}
		s := stack{}.with(first)
		for _, p := range percents {
			if p.ID != first.ID && s.takes(p) {
				s = s.with(p)
			}
		}
		for _, p := range s.all {
			stacked[p.ID] = true
		}
		if len(s.all) > 2 && s.sum() >= million {
			found = append(found, s.finding())
		}
	}
	return found
}

// A stack is promotions that lower the same goods of one cart.
type stack struct {
	all   []Promotion
	goods pricing.Scope      // that all of them lower
	asks  pricing.Conditions // of the carts that all of them are for
}

// takes reports whether p applies beside all of a stack.
func (s stack) takes(p Promotion) bool {
	if !together(s.goods, p.Reward.Goods, s.asks, p.Conditions) || p.NeedsCode && s.codes() == MaxCodes {
		return false
	}
	for _, q := range s.all {
		first, second := q, p
		if first.Priority < second.Priority {
			first, second = p, q
		}
		if !first.stacksWith(second) {
			return false
		}
	}
	return true
}

// with is the stack with one more. Two and two of three lists may share something
// that the three do not, so what they have in common is kept.
func (s stack) with(p Promotion) stack {
	a, b, x, y := s.goods, p.Reward.Goods, s.asks, p.Conditions
	return stack{
		all:   append(slices.Clone(s.all), p),
		goods: pricing.Scope{Products: common(a.Products, b.Products), Variants: common(a.Variants, b.Variants), Brands: common(a.Brands, b.Brands), Vendors: common(a.Vendors, b.Vendors)},
		asks:  pricing.Conditions{Plans: common(x.Plans, y.Plans), Countries: common(x.Countries, y.Countries), Methods: common(x.Methods, y.Methods)},
	}
}

func (s stack) codes() (n int) {
	for _, p := range s.all {
		if p.NeedsCode {
			n++
		}
	}
	return n
}

func (s stack) sum() (ppm int64) {
	for _, p := range s.all {
		ppm += p.Reward.PPM
	}
	return ppm
}

func (s stack) finding() Finding {
	var ids []id.Promotion
	var names []string
	for _, p := range s.all {
		ids, names = append(ids, p.ID), append(names, p.Name)
	}
	last := len(names) - 1
	return Finding{"stacks", ids, fmt.Sprintf(
		"%s and %s stack to %s on the goods that all of them lower. Give them one stacking_group, or make some of them exclusive, unless that is meant.",
		strings.Join(names[:last], ", "), names[last], pricing.Percent(s.sum()))}
}

// always reports whether a promotion asks nothing of a cart, and runs for as
// long as another does.
func (p *Promotion) always(q Promotion) bool {
	c, g := p.Conditions, p.Reward.Goods
	asks := len(c.MinSubtotal)+len(c.Groups)+len(c.Plans)+len(c.Countries)+len(c.Methods) > 0 || c.MinQuantity > 0 || c.FirstOrder ||
		!isAll(g) || len(p.Reward.Amounts) > 0 || len(p.Reward.Most) > 0 || p.Reward.Kind != pricing.PercentOff
	return !p.NeedsCode && !asks && p.VendorID.IsZero() && !p.limited() && !p.StartsAt.After(q.StartsAt) && (p.EndsAt == nil || q.EndsAt != nil && !q.EndsAt.After(*p.EndsAt))
}

func isAll(s pricing.Scope) bool {
	return len(s.Products)+len(s.Variants)+len(s.Categories)+len(s.Tags)+len(s.Brands)+len(s.Vendors)+len(s.Except) == 0 && !s.FullPrice
}

// stacksWith reports whether some goods may be lowered by both, of which p has the
// higher priority or the same. Goods may be in several categories and have several
// tags, so those keep no two apart; a buyer has one plan.
func (p *Promotion) stacksWith(q Promotion) bool {
	apart := p.EndsAt != nil && !p.EndsAt.After(q.StartsAt) || q.EndsAt != nil && !q.EndsAt.After(p.StartsAt)
	switch {
	case p.VendorID == q.VendorID:
		apart = apart || p.Exclusive || q.Exclusive || p.StackingGroup != "" && p.StackingGroup == q.StackingGroup
	case p.VendorID.IsZero(): // only what is the shop's, and before them, keeps vendors' out
		apart = apart || p.Exclusive && p.Priority > q.Priority
	default:
		apart = apart || !q.VendorID.IsZero()
	}
	return !apart && together(p.Reward.Goods, q.Reward.Goods, p.Conditions, q.Conditions)
}

// together reports whether some goods and some cart are what both want.
func together(a, b pricing.Scope, x, y pricing.Conditions) bool {
	return meet(a.Products, b.Products) && meet(a.Variants, b.Variants) && meet(a.Brands, b.Brands) && meet(a.Vendors, b.Vendors) &&
		meet(x.Plans, y.Plans) && meet(x.Countries, y.Countries) && meet(x.Methods, y.Methods)
}

// common is what two lists share, of which an empty one is everything.
func common[T comparable](a, b []T) []T {
	switch {
	case len(a) == 0:
		return b
	case len(b) == 0:
		return a
	}
	return slices.DeleteFunc(slices.Clone(a), func(t T) bool { return !slices.Contains(b, t) })
}

// meet reports whether two lists, of which an empty one is everything, share
// something.
func meet[T comparable](a, b []T) bool {
	return len(a) == 0 || len(b) == 0 || slices.ContainsFunc(a, func(t T) bool { return slices.Contains(b, t) })
}

package memberships

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"souk/internal/catalog"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/events"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
	"souk/internal/pricing"
)

// Plan is what people are members of.
type Plan struct {
	ID          id.Plan        `db:"id" json:"id"`
	Product     id.Product     `db:"product_id" json:"-"`
	Variant     id.Variant     `db:"variant_id" json:"variant_id" doc:"As what it is sold: put one into a cart"`
	Name        string         `db:"name" json:"name"`
	Description string         `db:"description" json:"description"`
	Rank        int            `db:"rank" json:"rank" doc:"The higher is the better plan: to go up begins at once, to go down with the next period"`
	Interval    Interval       `db:"interval" json:"interval"`
	TrialDays   int            `db:"trial_days" json:"trial_days"`
	GraceDays   int            `db:"grace_days" json:"grace_days" doc:"So long benefits go on after a period that was not paid for"`
	DunningDays []int          `db:"dunning_days" json:"dunning_days" doc:"So long after it members are reminded"`
	PauseDays   int            `db:"pause_days" json:"pause_days" doc:"So long a pause may be; 0 is none"`
	ArchivedAt  *time.Time     `db:"archived_at" json:"archived_at,omitempty" doc:"Nobody joins any more; members go on"`
	Benefits    Benefits       `db:"-" json:"benefits"`
	Prices      []money.Amount `db:"-" json:"prices" doc:"Of one period, in each currency"`
	Members     int            `db:"members" json:"-"`
	Version     int64          `db:"version" json:"-"`
	CreatedAt   time.Time      `db:"created_at" json:"-"`

	EarlyAccess   int `db:"early_access_hours" json:"-"`
	MoreWishlists int `db:"more_wishlists" json:"-"`
}

// Archived reports whether nobody can join any more.
func (p Plan) Archived() bool { return p.ArchivedAt != nil }

// Price is what a period costs in a currency.
func (p Plan) Price(c money.Currency) (money.Amount, bool) {
	at := slices.IndexFunc(p.Prices, func(a money.Amount) bool { return a.Currency == c })
	if at < 0 {
		return money.Zero(c), false
	}
	return p.Prices[at], true
}

// ETag lets editors say which version they have seen.
func (p Plan) ETag() string { return httpapi.VersionTag(p.Version) }

func (p *Plan) tidy() error {
	var bad errs.Fields
	p.Name, p.Description = strings.TrimSpace(p.Name), strings.TrimSpace(p.Description)
	bad.Require(p.Name != "" && utf8.RuneCountInString(p.Name) <= 60, "/name", "required", "Give the plan a name of at most 60 letters.")
	bad.Require(len(p.Prices) > 0, "/prices", "required", "Say what a period costs, in at least one currency; 0 is free.")
	bad.Require(slices.IsSorted(p.DunningDays) && len(slices.Compact(slices.Clone(p.DunningDays))) == len(p.DunningDays), "/dunning_days", "unsorted", "Name each day once, the first first.")
	bad.Require(len(p.DunningDays) == 0 || p.DunningDays[len(p.DunningDays)-1] <= p.GraceDays, "/dunning_days", "after_grace", "Remind while the grace runs: afterwards the membership is over.")
	return append(bad, p.Benefits.problems()...).Err()
}

// Create makes a plan, and the hidden product of the house as which it is sold.
func (m *Memberships) Create(ctx context.Context, tx pgx.Tx, p Plan) (Plan, error) {
	if err := p.tidy(); err != nil {
		return Plan{}, err
	}
	house, err := m.Vendors.House(ctx, tx)
	if err != nil {
		return Plan{}, err
	}
	offer := catalog.Offer{}
	for _, price := range p.Prices {
		offer.Prices = append(offer.Prices, catalog.PriceTag{Price: price})
	}
	sold, err := m.Catalog.Create(ctx, tx, house.ID, catalog.Draft{
		Title: p.Name, Status: catalog.Active, Kind: "membership", Variants: []catalog.VariantDraft{{Taxable: true, MaxQuantity: 1}},
	}, []catalog.Offer{offer})
	if err != nil {
		return Plan{}, fmt.Errorf("make the product of plan %s: %w", p.Name, err)
	}
	if err := catalog.Unlist(ctx, tx, sold.ID); err != nil {
		return Plan{}, err
	}
	p.ID, p.Product, p.Variant = id.New[id.Plan](), sold.ID, sold.Variants[0].ID
	if err := insertPlan(ctx, tx, p); err != nil {
		return Plan{}, fmt.Errorf("make plan %s: %w", p.Name, err)
	}
	if err := m.keepBenefits(ctx, tx, p); err != nil {
		return Plan{}, err
	}
	return m.GetPlan(ctx, tx, p.ID)
}

// Update changes a plan that the caller has locked: members have the new terms
// from the next change of their membership on, and benefits at once.
func (m *Memberships) Update(ctx context.Context, tx pgx.Tx, p Plan) (Plan, error) {
	if err := p.tidy(); err != nil {
		return Plan{}, err
	}
	if _, err := m.Catalog.Update(ctx, tx, id.Vendor{}, p.Product, 0, catalog.ProductEdit{Title: &p.Name}); err != nil {
		return Plan{}, fmt.Errorf("rename the product of plan %s: %w", p.ID, err)
	}
	if err := m.price(ctx, tx, p); err != nil {
		return Plan{}, err
	}
	if err := updatePlan(ctx, tx, p); err != nil {
		return Plan{}, fmt.Errorf("edit plan %s: %w", p.ID, err)
	}
	if err := m.keepBenefits(ctx, tx, p); err != nil {
		return Plan{}, err
	}
	gated, err := gatedBy(ctx, tx, p.ID)
	if err == nil && len(gated) > 0 { // their pages name the plan
		err = events.Raise(ctx, tx, GatesChanged{ProductIDs: gated})
	}
	if err != nil {
		return Plan{}, err
	}
	return m.GetPlan(ctx, tx, p.ID)
}

// price sets what a plan costs. What follows the main currency, and is as it was
// read, goes on following.
func (m *Memberships) price(ctx context.Context, tx pgx.Tx, p Plan) error {
	has, err := m.Prices.Of(ctx, tx, []id.Variant{p.Variant})
	if err != nil {
		return err
	}
	var sets []pricing.PriceSet
	for _, price := range p.Prices {
		if !slices.ContainsFunc(has, func(h pricing.VariantPrice) bool { return h.Derived && h.Price == price }) {
			sets = append(sets, pricing.PriceSet{Variant: p.Variant, Amount: price})
		}
	}
	_, err = m.Prices.Replace(ctx, tx, id.Vendor{}, p.Variant, sets)
	return err
}

// GetPlan is a plan with what it gives and costs.
func (m *Memberships) GetPlan(ctx context.Context, db postgres.DB, plan id.Plan) (Plan, error) {
	return one(m.plans(ctx, db, selectPlans+` WHERE p.id = @plan`, pgx.NamedArgs{"plan": plan}))
}

func (m *Memberships) lockPlan(ctx context.Context, tx pgx.Tx, plan id.Plan) (Plan, error) {
	return one(m.plans(ctx, tx, selectPlans+` WHERE p.id = @plan FOR UPDATE OF p`, pgx.NamedArgs{"plan": plan}))
}

func one(list []Plan, err error) (Plan, error) {
	switch {
	case err != nil:
		return Plan{}, err
	case len(list) == 0:
		return Plan{}, ErrNoPlan
	}
	return list[0], nil
}

// SoldAs finds the plans among variants.
func (m *Memberships) SoldAs(ctx context.Context, db postgres.DB, variants []id.Variant) (map[id.Variant]Plan, error) {
	list, err := m.plans(ctx, db, selectPlans+` WHERE p.variant_id = ANY (@variants)`, pgx.NamedArgs{"variants": variants})
	found := make(map[id.Variant]Plan, len(list))
	for _, p := range list {
		found[p.Variant] = p
	}
	return found, err
}

// plans reads plans with what they give and cost.
func (m *Memberships) plans(ctx context.Context, db postgres.DB, sql string, args pgx.NamedArgs) ([]Plan, error) {
	list, err := postgres.All[Plan](ctx, db, sql, args)
	if err != nil {
		return nil, fmt.Errorf("read plans: %w", err)
	}
	if len(list) == 0 {
		return list, nil
	}
	ids, variants := make([]id.Plan, len(list)), make([]id.Variant, len(list))
	for i, p := range list {
		ids[i], variants[i] = p.ID, p.Variant
	}
	prices, err := m.Prices.Of(ctx, db, variants)
	if err != nil {
		return nil, err
	}
	given, err := m.Promotions.OfPlans(ctx, db, ids)
	if err != nil {
		return nil, err
	}
	for i := range list {
		p := &list[i]
		p.Prices, p.Benefits = []money.Amount{}, Benefits{EarlyAccess: p.EarlyAccess, MoreWishlists: p.MoreWishlists}
		for _, price := range prices {
			if price.VariantID == p.Variant {
				p.Prices = append(p.Prices, price.Price)
			}
		}
		for _, promotion := range given {
			if promotion.PlanID == p.ID {
				p.Benefits.take(promotion)
			}
		}
	}
	return list, nil
}

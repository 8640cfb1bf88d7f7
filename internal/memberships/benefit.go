package memberships

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/pricing"
	"souk/internal/promotions"
)

// Benefits is what members of a plan have. What takes something off a price is
// kept as promotions of the plan, so that prices, limits, ledger and trace treat
// it like every other: a plan's terms on it stand there, and nowhere else.
type Benefits struct {
	PercentOff    *PercentOff     `json:"percent_off,omitempty" doc:"Off goods"`
	FreeShipping  pricing.Amounts `json:"free_shipping_above,omitempty" doc:"Goods for so much are sent for nothing, in minor units by currency"`
	EarlyAccess   int             `json:"early_access_hours,omitempty" minimum:"0" maximum:"8760" doc:"So long before others they may buy what is for members first"`
	MoreWishlists int             `json:"more_wishlists,omitempty" minimum:"0" maximum:"1000" doc:"Beyond those that everybody may keep"`
}

// PercentOff is a part of the price of goods.
type PercentOff struct {
	PPM   int64           `json:"percent_ppm" minimum:"1" maximum:"1000000" doc:"Parts per million: 100000 is 10 %"`
	Goods pricing.Scope   `json:"goods,omitzero" doc:"Which goods; all unless told. Memberships are never among them."`
	Most  pricing.Amounts `json:"max_discount,omitempty" doc:"So much in one order at most, in minor units by currency"`
}

func (b Benefits) problems() (bad errs.Fields) {
	for _, r := range b.rewards(Plan{}) {
		bad = append(bad, r.Reward.Problems("/benefits")...)
		bad = append(bad, r.Conditions.Problems("/benefits")...)
	}
	return bad
}

// rewards is the promotions that a plan's benefits are kept as.
func (b Benefits) rewards(p Plan) (list []promotions.Promotion) {
	members := pricing.Conditions{Plans: []id.Plan{p.ID}}
	made := func(name string, c pricing.Conditions, r pricing.Reward) {
		list = append(list, promotions.Promotion{
			PlanID: p.ID, Name: p.Name + ": " + name, Status: promotions.Active, PlatformPPM: 1_000_000, Conditions: c, Reward: r,
		})
	}
	if off := b.PercentOff; off != nil {
		made(pricing.Percent(off.PPM)+" off", members, pricing.Reward{Kind: pricing.PercentOff, PPM: off.PPM, Goods: off.Goods, Most: off.Most})
	}
	if len(b.FreeShipping) > 0 {
		from := members
		from.MinSubtotal = b.FreeShipping
		made("free shipping", from, pricing.Reward{Kind: pricing.ShippingOff, PPM: 1_000_000})
	}
	return list
}

// take reads a benefit back from the promotion that it is kept as.
func (b *Benefits) take(p promotions.Promotion) {
	switch p.Reward.Kind {
	case pricing.PercentOff:
		b.PercentOff = &PercentOff{PPM: p.Reward.PPM, Goods: p.Reward.Goods, Most: p.Reward.Most}
	case pricing.ShippingOff:
		b.FreeShipping = p.Conditions.MinSubtotal
	}
}

// keepBenefits brings the promotions of a plan to what it gives.
func (m *Memberships) keepBenefits(ctx context.Context, tx pgx.Tx, p Plan) error {
	if err := m.Promotions.KeepForPlan(ctx, tx, p.ID, p.Benefits.rewards(p)); err != nil {
		return fmt.Errorf("keep the benefits of plan %s: %w", p.ID, err)
	}
	return nil
}

package promotions

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// ErrOfPlan keeps what a plan gives with the plan.
var ErrOfPlan = errs.New(errs.Conflict, "promotion_of_plan", "This is a benefit of a plan. Edit the plan: PATCH /api/v1/admin/plans/{plan}.")

// OfPlans lists what plans take off.
func (m *Promotions) OfPlans(ctx context.Context, db postgres.DB, plans []id.Plan) ([]Promotion, error) {
	list, err := postgres.All[Promotion](ctx, db, selectPromotions+`WHERE p.plan_id = ANY (@plans) AND p.status = 'active' ORDER BY p.id`, pgx.NamedArgs{"plans": plans})
	if err != nil {
		return nil, fmt.Errorf("read the promotions of %d plans: %w", len(plans), err)
	}
	return list, nil
}

// KeepForPlan makes wanted, of which no two are of one kind, what a plan takes
// off. What it gives no more is archived.
func (m *Promotions) KeepForPlan(ctx context.Context, tx pgx.Tx, plan id.Plan, wanted []Promotion) error {
	has, err := postgres.All[Promotion](ctx, tx, selectPromotions+`WHERE p.plan_id = @plan AND p.status = 'active' ORDER BY p.id FOR UPDATE OF p`, pgx.NamedArgs{"plan": plan})
	if err != nil {
		return fmt.Errorf("read the promotions of plan %s: %w", plan, err)
	}
	for _, p := range has {
		at := slices.IndexFunc(wanted, func(w Promotion) bool { return w.Reward.Kind == p.Reward.Kind })
		if at < 0 {
			p.Status = Archived
		} else {
			p.Name, p.Conditions, p.Reward = wanted[at].Name, wanted[at].Conditions, wanted[at].Reward
			wanted = slices.Delete(slices.Clone(wanted), at, at+1)
		}
		if err := p.tidy(); err != nil {
			return err
		}
		if err := update(ctx, tx, p); err != nil {
			return err
		}
	}
	for _, p := range wanted {
		p.PlanID = plan
		if _, err := m.Create(ctx, tx, p); err != nil {
			return err
		}
	}
	return nil
}

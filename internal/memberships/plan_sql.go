package memberships

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

const selectPlans = `
	SELECT p.id, p.product_id, p.variant_id, p.name, p.description, p.rank, (p.unit, p.units) AS interval, p.trial_days, p.grace_days, p.dunning_days,
	       p.pause_days, p.early_access_hours, p.more_wishlists, p.archived_at, p.version, p.created_at,
	       (SELECT count(*)::int FROM memberships m JOIN LATERAL (
	            SELECT plan_id FROM membership_periods WHERE membership_id = m.id ORDER BY number DESC LIMIT 1) last ON last.plan_id = p.id
	        WHERE m.status NOT IN ('cancelled', 'lapsed')) AS members
	FROM plans p`

func insertPlan(ctx context.Context, tx pgx.Tx, p Plan) error {
	_, err := postgres.Exec(ctx, tx, `
		INSERT INTO plans (id, product_id, variant_id, name, description, rank, unit, units, trial_days, grace_days, dunning_days, pause_days,
			early_access_hours, more_wishlists)
		VALUES (@id, @product, @variant, @name, @description, @rank, @unit, @units, @trial, @grace, @dunning, @pause, @early, @wishlists)`, p.args())
	return err
}

func updatePlan(ctx context.Context, tx pgx.Tx, p Plan) error {
	n, err := postgres.Exec(ctx, tx, `
		UPDATE plans SET name = @name, description = @description, rank = @rank, unit = @unit, units = @units, trial_days = @trial, grace_days = @grace,
		       dunning_days = @dunning, pause_days = @pause, early_access_hours = @early, more_wishlists = @wishlists, archived_at = @archived,
		       version = version + 1, updated_at = now()
		WHERE id = @id`, p.args())
	if err == nil && n == 0 {
		err = ErrNoPlan
	}
	return err
}

func (p Plan) args() pgx.NamedArgs {
	days := p.DunningDays
	if days == nil {
		days = []int{}
	}
	return pgx.NamedArgs{
		"id": p.ID, "product": p.Product, "variant": p.Variant, "name": p.Name, "description": p.Description, "rank": p.Rank,
		"unit": p.Interval.Unit, "units": p.Interval.Units, "trial": p.TrialDays, "grace": p.GraceDays, "dunning": days, "pause": p.PauseDays,
		"early": p.Benefits.EarlyAccess, "wishlists": p.Benefits.MoreWishlists, "archived": p.ArchivedAt,
	}
}

func gatedBy(ctx context.Context, db postgres.DB, plan id.Plan) ([]id.Product, error) {
	list, err := postgres.Column[id.Product](ctx, db, `SELECT product_id FROM product_gate_plans WHERE plan_id = @plan ORDER BY product_id`, pgx.NamedArgs{"plan": plan})
	if err != nil {
		return nil, fmt.Errorf("read what is for members of plan %s: %w", plan, err)
	}
	return list, nil
}

// archive reports false for a plan that was archived before.
func archive(ctx context.Context, tx pgx.Tx, plan id.Plan) (bool, error) {
	n, err := postgres.Exec(ctx, tx, `
		UPDATE plans SET archived_at = now(), version = version + 1, updated_at = now() WHERE id = @plan AND archived_at IS NULL`,
		pgx.NamedArgs{"plan": plan})
	if err != nil {
		return false, fmt.Errorf("archive plan %s: %w", plan, err)
	}
	return n == 1, nil
}

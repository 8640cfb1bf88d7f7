package memberships

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

// Access says who may buy a product. Everybody sees it.
type Access string

// The kinds of access.
const (
	ForEveryone Access = "everyone"
	ForMembers  Access = "members" // until a moment, or for good
	EarlyAccess Access = "early"   // members may buy it for some hours before all others do
)

// Gate is who may buy a product. Of one with early access, members may buy it
// when it goes on sale whose plan has the most hours; others by as many hours
// later as their plan has fewer.
type Gate struct {
	Access Access     `json:"access" enum:"everyone,members,early"`
	Plans  []id.Plan  `json:"plans" doc:"Whose members may buy it; with early access, all plans that give it unless told"`
	Until  *time.Time `json:"until,omitempty" doc:"Then it is for everybody; for members only, left out it is for good"`
	Hours  int        `json:"early_hours,omitempty" doc:"With early access: as long after it went on sale it is for everybody"`
}

var (
	errGatePlans = errs.Validation.Field("/plans", "required", "Name the plans whose members may buy it.")
	errGateHours = errs.Validation.Field("/plans", "no_early_access", "None of these plans gives early access.")
	errGateUntil = errs.Validation.Field("/until", "not_for_early", "With early access the plans say how long.")
)

// SetGate says who may buy a vendor's product, or any for staff (no vendor).
func (m *Memberships) SetGate(ctx context.Context, tx pgx.Tx, vendor id.Vendor, product id.Product, g Gate) (Gate, error) {
	if _, err := m.Catalog.Product(ctx, tx, vendor, product); err != nil {
		return Gate{}, err
	}
	switch {
	case g.Access == ForMembers && len(g.Plans) == 0:
		return Gate{}, errGatePlans
	case g.Access == EarlyAccess && g.Until != nil:
		return Gate{}, errGateUntil
	}
	b, args := postgres.NewBatch(), pgx.NamedArgs{"product": product, "plans": g.Plans, "until": g.Until, "early": g.Access == EarlyAccess}
	b.Queue(`DELETE FROM product_gates WHERE product_id = @product`, args)
	switch g.Access {
	case ForMembers:
		b.Queue(`INSERT INTO product_gates (product_id, until) VALUES (@product, @until)`, args)
		b.Queue(insertGatePlans, args)
	case EarlyAccess:
		b.QueueOne(insertEarlyGate, args, errGateHours)
		b.Queue(insertGatePlans, args)
	case ForEveryone:
	}
	events.Queue(ctx, b, GatesChanged{ProductIDs: []id.Product{product}})
	if err := b.Send(ctx, tx); err != nil {
		return Gate{}, fmt.Errorf("set who may buy product %s: %w", product, err)
	}
	return m.GateOf(ctx, tx, vendor, product)
}

const (
	insertEarlyGate = `
		INSERT INTO product_gates (product_id, hours)
		SELECT @product, max(early_access_hours) FROM plans
		WHERE archived_at IS NULL AND early_access_hours > 0 AND (coalesce(cardinality(@plans::uuid[]), 0) = 0 OR id = ANY (@plans))
		HAVING max(early_access_hours) > 0`
	insertGatePlans = `
		INSERT INTO product_gate_plans (product_id, plan_id)
		SELECT @product, id FROM plans
		WHERE id = ANY (@plans) AND NOT @early OR @early AND archived_at IS NULL AND early_access_hours > 0
		      AND (coalesce(cardinality(@plans::uuid[]), 0) = 0 OR id = ANY (@plans))`
)

// GateOf is who may buy a vendor's product, or any for staff.
func (m *Memberships) GateOf(ctx context.Context, db postgres.DB, vendor id.Vendor, product id.Product) (Gate, error) {
	type row struct {
		Until *time.Time `db:"until"`
		Hours *int       `db:"hours"`
		Plans []id.Plan  `db:"plans"`
		Gated bool       `db:"gated"`
	}
	found, err := postgres.Get[row](ctx, db, `
		SELECT g.until, g.hours, g.product_id IS NOT NULL AS gated,
		       ARRAY(SELECT plan_id FROM product_gate_plans WHERE product_id = p.id ORDER BY plan_id) AS plans
		FROM products p LEFT JOIN product_gates g ON g.product_id = p.id
		WHERE p.id = @product AND (@vendor::uuid IS NULL OR p.vendor_id = @vendor)`, pgx.NamedArgs{"product": product, "vendor": vendor})
	switch {
	case errors.Is(err, postgres.ErrNoRow):
		return Gate{}, ErrNoProduct
	case err != nil:
		return Gate{}, fmt.Errorf("read who may buy product %s: %w", product, err)
	}
	g := Gate{Access: ForEveryone, Plans: found.Plans, Until: found.Until}
	switch {
	case found.Hours != nil:
		g.Access, g.Hours = EarlyAccess, *found.Hours
	case found.Gated:
		g.Access = ForMembers
	}
	return g, nil
}

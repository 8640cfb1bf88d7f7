package checkout_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/platform/postgres"
	"souk/internal/tax"
)

// restless is a database in which staff set the tax engine up anew just before
// anybody reads how it is set up.
type restless struct {
	postgres.DB
	t *testing.T
}

func (r restless) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	if _, err := r.DB.Exec(ctx, `UPDATE tax_engines SET version = version + 1`); err != nil {
		r.t.Error(err)
	}
	return r.DB.Query(ctx, sql, args...)
}

// Who joins while the engine is set up anew, so that nothing of what it was to be
// asked holds any more, is told so; a renewal is tried again.
func TestWhileTheEngineIsSetUpAnewNoPlanIsOrdered(t *testing.T) {
	t.Parallel()
	s := open(t)
	gold, silver := s.plan("Gold", 1800, goldBenefits), s.plan("Silver", 900, `, "rank": 1`)
	member, who := s.member(silver.ID), s.customer().String()
	m := s.membership(member)
	s.exec(`INSERT INTO tax_engines (name, enabled, base_url, key_sealed, countries, on_failure, timeout_ms)
	        VALUES ('taxjar', true, 'https://tax.example', 'never used', '{DE}', 'refuse', 3000)`, nil)
	s.flow.Carts.Tax = &tax.Zones{DB: restless{s.db, t}}

	s.call(who, "POST", "/me/membership", fmt.Sprintf(`{"plan_id": %q, "payment_method": "stripe", %s}`, silver.ID, billing)).want(409, "tax_pending")
	s.upgrade(member, gold.ID, "stripe").want(409, "tax_pending")
	s.later(m.ID, "26 days")
	s.renew()
	s.call(member, "GET", "/me/membership", "").want(200, `"kind":"renewal_refused"`, "tax_pending").lacks("renewal_order_id")
	s.sound()
}

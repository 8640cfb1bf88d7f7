package checkout_test

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/cart"
	"souk/internal/checkout"
	"souk/internal/id"
	"souk/internal/platform/pgtest"
)

// productOf is the product of a variant.
func (s *shop) productOf(v id.Variant) string {
	s.t.Helper()
	var product id.Product
	if err := s.db.QueryRow(s.t.Context(), `SELECT product_id FROM variants WHERE id = $1`, v).Scan(&product); err != nil {
		s.t.Fatal(err)
	}
	return product.String()
}

func wants(v id.Variant) string {
	return fmt.Sprintf(`{"items": [{"variant_id": %q, "quantity": 1}]}`, v)
}

func TestWhatIsForMembersIsSoldToThemAlone(t *testing.T) {
	t.Parallel()
	s := open(t)
	gold, silver := s.plan("Gold", 999, ""), s.plan("Silver", 499, "")
	seller := s.vendor()
	mug := s.sell(goods{vendor: seller})
	access := "/vendor/products/" + s.productOf(mug) + "/access"
	s.call(s.vendor().String(), "PUT", access, `{"access": "members", "plans": []}`).want(404)
	s.call(seller.String(), "PUT", access, `{"access": "members", "plans": []}`).want(422, "/plans")
	who, other := s.member(gold.ID), s.member(silver.ID)
	before := s.fill(other, 1, mug)
	s.call(seller.String(), "PUT", access, fmt.Sprintf(`{"access": "members", "plans": [%q]}`, gold.ID)).want(200, `"access":"members"`)
	s.call(seller.String(), "GET", access, "").want(200, gold.ID.String())

	for _, stranger := range []string{"", other} {
		s.call(stranger, "POST", "/carts", wants(mug)).want(409, `"code":"members_only"`, `"plans":["Gold"]`)
	}
	s.call(other, "GET", "/carts/"+before.ID.String(), "").want(200, "members_only", `"grand_total":{"amount":0`)
	s.checkout(other, before, "cod").want(409, "members_only", `"plans":["Gold"]`) // it was for everybody when it was put there
	placed := decode[checkout.Placed](s.checkout(who, s.fill(who, 1, mug), "cod").want(201))

	ready := s.fill(who, 1, mug)
	m := s.membership(who)
	s.later(m.ID, "30 days")
	s.checkout(who, ready, "cod").want(409, "members_only") // it was theirs when it was put there

	s.call("staff", "PUT", "/admin/products/"+s.productOf(mug)+"/access", `{"access": "everyone"}`).want(200)
	s.checkout(other, before, "cod").want(201)
	s.deliver(s.ship(placed)...)
	s.sound()
}

func TestMembersBuyEarly(t *testing.T) {
	t.Parallel()
	s := open(t)
	gold := s.plan("Gold", 999, `, "benefits": {"early_access_hours": 48}`)
	silver := s.plan("Silver", 499, `, "benefits": {"early_access_hours": 24}`)
	mug := s.sell(goods{})
	access := "/admin/products/" + s.productOf(mug) + "/access"
	s.call("staff", "PUT", access, `{"access": "early"}`).want(200, `"early_hours":48`, gold.ID.String(), silver.ID.String())
	first, second, nobody := s.member(gold.ID), s.member(silver.ID), s.customer().String()
	sale := func(hours int) {
		s.exec(`UPDATE products SET published_at = now() - @h * interval '1 hour' WHERE id = (SELECT product_id FROM variants WHERE id = @v)`, pgx.NamedArgs{"h": hours, "v": mug})
	}
	for _, at := range []struct{ hours, gold, silver, others int }{{0, 201, 409, 409}, {23, 201, 409, 409}, {24, 201, 201, 409}, {47, 201, 201, 409}, {48, 201, 201, 201}} {
		sale(at.hours)
		for who, want := range map[string]int{first: at.gold, second: at.silver, nobody: at.others} {
			s.call(who, "POST", "/carts", wants(mug)).want(want)
		}
	}
	s.call("staff", "PUT", access, fmt.Sprintf(`{"access": "early", "plans": [%q]}`, s.plan("Bronze", 99, "").ID)).want(422, "no_early_access")
}

func TestAGateOpensAtItsMoment(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	gold, mug, who := s.plan("Gold", 999, ""), s.sell(goods{}), s.customer().String()
	s.call("staff", "PUT", "/admin/products/"+s.productOf(mug)+"/access", fmt.Sprintf(`{"access": "members", "plans": [%q], "until": "2099-01-01T00:00:00Z"}`, gold.ID)).want(200)
	s.call(who, "POST", "/carts", wants(mug)).want(409, "members_only")
	inBundles(s, gold.ID)
	s.exec(`UPDATE product_gates SET until = now() WHERE product_id = (SELECT product_id FROM variants WHERE id = @v)`, pgx.NamedArgs{"v": mug})
	if c := decode[cart.View](s.call(who, "POST", "/carts", wants(mug)).want(201)); len(c.Items[0].Issues) != 0 {
		t.Errorf("issues: %+v", c.Items[0].Issues)
	}
}

// A bundle is for whoever may buy all that is in it: here a mug for Gold, and a pot
// that Pearl buys early and Gold does not.
func inBundles(s *shop, gold id.Plan) {
	s.t.Helper()
	vendor := s.vendor()
	silver := s.plan("Pearl", 499, `, "benefits": {"early_access_hours": 24}`)
	mug, pot, plain := s.sell(goods{vendor: vendor}), s.sell(goods{vendor: vendor}), s.sell(goods{vendor: vendor})
	set, both, free := s.bundle(vendor, 2500, part{mug, 1}, part{plain, 1}), s.bundle(vendor, 2500, part{mug, 1}, part{pot, 1}), s.bundle(vendor, 2500, part{plain, 2})
	s.call("staff", "PUT", "/admin/products/"+s.productOf(mug)+"/access", fmt.Sprintf(`{"access": "members", "plans": [%q]}`, gold)).want(200)
	s.call("staff", "PUT", "/admin/products/"+s.productOf(pot)+"/access", fmt.Sprintf(`{"access": "early", "plans": [%q]}`, silver.ID)).want(200)
	golden, silvern, nobody := s.member(gold), s.member(silver.ID), s.customer().String()
	for _, wanted := range []struct {
		bundle                  id.Variant
		golden, silvern, nobody int
	}{{set, 201, 409, 409}, {both, 409, 409, 409}, {free, 201, 201, 201}} {
		for who, code := range map[string]int{golden: wanted.golden, silvern: wanted.silvern, nobody: wanted.nobody} {
			s.call(who, "POST", "/carts", wants(wanted.bundle)).want(code)
		}
	}
	s.call(nobody, "POST", "/carts", wants(set)).want(409, "members_only", `"plans":["Gold"]`)
	// What was in the cart before is refused by checkout.
	c := s.fill(nobody, 1, free)
	s.exec(`UPDATE variant_components SET component_id = @mug WHERE bundle_id = @free`, pgx.NamedArgs{"mug": mug, "free": free})
	s.checkout(nobody, c, "cod").want(409, "members_only")
}

func TestUpgradeDowngradePauseAndCancelByTheDoor(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.exec(`INSERT INTO settings (key, value) VALUES ('memberships.upgrade', '"time"')`, nil)
	gold, silver := s.plan("Gold", 1800, goldBenefits), s.plan("Silver", 900, `, "rank": 1, "pause_days": 20`)
	who := s.member(silver.ID)
	order := func(plan id.Plan) string {
		return fmt.Sprintf(`{"plan_id": %q, "payment_method": "stripe"}`, plan)
	}
	s.call(who, "POST", "/me/membership", order(gold.ID)).want(409, "already_member")
	s.call(who, "POST", "/me/membership/upgrade", order(silver.ID)).want(409, "plan_not_higher")
	s.call(who, "POST", "/me/membership/downgrade", fmt.Sprintf(`{"plan_id": %q}`, gold.ID)).want(409, "plan_not_lower")
	m := s.membership(who)
	s.later(m.ID, "10 days")
	s.pay(decode[checkout.Joined](s.call(who, "POST", "/me/membership/upgrade", order(gold.ID)).want(201)))
	m = s.membership(who) // 20 of 30 days at 9.00 are 6.00: 10 days at 18.00
	if len(m.Periods) != 3 || m.Plan.Name != "Gold" || m.Periods[0].Credited != usd(600) || m.Periods[2].Ends.Sub(m.Periods[2].Starts).Hours() != 240 {
		t.Errorf("upgraded: %+v", m)
	}
	s.sound()
	s.call(who, "POST", "/me/membership/pause", "").want(200, `"status":"paused"`, `"benefits":null`)
	if c := s.fill(who, 1, s.sell(goods{})); !c.Totals.Discount.IsZero() {
		t.Errorf("paused: %+v", c.Totals)
	}
	s.call(who, "POST", "/me/membership/pause", "").want(409, "membership_state")
	s.call(who, "POST", "/me/membership/resume", "").want(200, `"status":"active"`)
	s.sound()
	s.call(who, "POST", "/me/membership/downgrade", fmt.Sprintf(`{"plan_id": %q}`, silver.ID)).want(200, `"next_plan_id":"`+silver.ID.String())
	s.later(m.ID, "37 days")
	s.renew()
	if renewal := s.shown(s.membership(who).Renewal); renewal.GrandTotal != usd(900) {
		t.Errorf("renewal: %+v", renewal.Totals)
	}
	s.call(who, "POST", "/me/membership/cancel", "").want(200, `"cancel_at_period_end":true`)
	s.call(who, "POST", "/me/membership/resume", "").want(200, `"cancel_at_period_end":false`)
	s.call("staff", "POST", "/admin/memberships/"+m.ID.String()+"/cancel", `{"reason": "asked by phone"}`).want(200, `"status":"cancelled"`, "asked by phone")
	s.sound()
}

func TestStaffGiveMemberships(t *testing.T) {
	t.Parallel()
	s := open(t)
	gold, who := s.plan("Gold", 999, goldBenefits), s.customer().String()
	body := fmt.Sprintf(`{"user_id": %q, "plan_id": %q, "until": "2099-01-01T00:00:00Z", "reason": "a prize"}`, who, gold.ID)
	s.call("staff", "POST", "/admin/memberships", body).want(422, "/until")
	body = fmt.Sprintf(`{"user_id": %q, "plan_id": %q, "until": %q, "reason": "a prize"}`, who, gold.ID, s.clock.Now().AddDate(0, 1, 0).Format("2006-01-02T15:04:05Z"))
	s.call("staff", "POST", "/admin/memberships", body).want(201, `"granted"`, "a prize")
	s.call("staff", "POST", "/admin/memberships", body).want(409, "already_member")
	if c := s.fill(who, 1, s.sell(goods{})); c.MembershipSavings != usd(100) {
		t.Errorf("saved %v", c.MembershipSavings)
	}
	s.call("staff", "GET", "/admin/memberships?status=active&include=total_count", "").want(200, who, `"total_count":1`)
	s.sound()
}

func TestABenefitIsEditedWithItsPlan(t *testing.T) {
	t.Parallel()
	s := open(t)
	gold := s.plan("Gold", 999, goldBenefits)
	who, mug := s.member(gold.ID), s.sell(goods{price: 1000})
	tag := s.call("staff", "GET", "/admin/plans/"+gold.ID.String(), "").want(200, `"members":1`).Header().Get("ETag")
	s.call("staff", "PATCH", "/admin/plans/"+gold.ID.String(), `{"name": "Golden", "benefits": {"percent_off": {"percent_ppm": 125000}}}`, "If-Match", tag).want(200, "125000")
	s.call("staff", "PATCH", "/admin/plans/"+gold.ID.String(), `{"rank": 1}`, "If-Match", tag).want(412)
	c := s.fill(who, 1, mug)
	if c.Totals.Discount != usd(125) || len(c.Discounts) != 1 || c.Discounts[0].Name != "Golden: 12.5 % off" {
		t.Errorf("discounts: %+v", c.Discounts)
	}
	s.sound()
}

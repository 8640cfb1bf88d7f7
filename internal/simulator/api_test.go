package simulator_test

import (
	"fmt"
	"strings"
	"testing"

	"souk/internal/app/apptest"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/pgtest"
	"souk/internal/simulator"
)

const (
	tenOff   = `{"name": "Ten off", "reward": {"kind": "percent_off", "percent_ppm": 100000}}`
	simulate = "/admin/promotions/simulate"
	replay   = "/admin/promotions/replay"
)

func usd(minor int64) money.Amount { return money.Of(minor, "USD") }

// made is the id of a promotion that somebody made.
func made(t *testing.T, a *apptest.App, as, body string) id.Promotion {
	t.Helper()
	door := "/admin/promotions"
	if as != apptest.Admin {
		door = "/vendor/promotions"
	}
	return apptest.Read[struct{ ID id.Promotion }](t, a.Call(t, as, "POST", door, body).Want(t, 201)).ID
}

func active(body string) string { return strings.Replace(body, `{`, `{"status": "active", `, 1) }

func simulated(t *testing.T, a *apptest.App, body string) simulator.Simulation {
	t.Helper()
	return apptest.Read[simulator.Simulation](t, a.Call(t, apptest.Admin, "POST", simulate, body).Want(t, 200))
}

// unchanged fails the test where a call wrote anything but that it was made.
func unchanged(t *testing.T, a *apptest.App, call func()) {
	t.Helper()
	before := a.State(t)
	call()
	for _, table := range before.Changed(a.State(t)) {
		if table != "audit_log" {
			t.Errorf("looking changed %s", table)
		}
	}
}

// A stored cart and the same cart supposed cost the same, to the last line of the
// explanation, and what is simulated is what the order then costs.
func TestASupposedCartCostsWhatACartDoes(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	a.VAT(t, 190_000, false)
	mug, shirt := a.Variant(t, apptest.Price(1999), apptest.Weighing(700)), a.Variant(t, apptest.Price(333), apptest.Was(500))
	ten := made(t, a, apptest.Admin, active(strings.Replace(tenOff, "{", `{"needs_code": true, "customer_limit": 1, `, 1)))
	a.Call(t, apptest.Admin, "POST", "/admin/promotions/"+ten.String()+"/coupons", `{"codes": ["TEN"]}`).Want(t, 201)
	made(t, a, apptest.Admin, active(`{"name": "Full price", "reward": {"kind": "amount_off_each", "amounts": {"USD": 7}, "goods": {"full_price": true}}}`))
	c := a.Cart(t, "", 3, mug, shirt)
	a.Call(t, "", "POST", c.Path("/coupons"), `{"code": "ten"}`).Want(t, 200)

	stored := apptest.Read[apptest.Cart](t, a.Call(t, "", "GET", c.Path("?expand=trace"), "").Want(t, 200))
	check := func(name string, s simulator.Simulation) {
		t.Helper()
		if s.Totals.GrandTotal != stored.Totals.GrandTotal || s.Totals.Discount != stored.Totals.Discount || !s.Difference.IsZero() {
			t.Errorf("%s comes to %+v, the cart to %+v", name, s.Totals, stored.Totals)
		}
		if fmt.Sprint(s.Trace) != fmt.Sprint(stored.Trace) {
			t.Errorf("%s is explained\n%v\nand the cart\n%v", name, s.Trace, stored.Trace)
		}
	}
	unchanged(t, a, func() {
		check("the cart", simulated(t, a, fmt.Sprintf(`{"cart_id": %q, "payment_method": "cod"}`, c.ID)))
		var chosen []string
		for _, s := range stored.Shipping {
			chosen = append(chosen, fmt.Sprintf(`{"vendor_id": %q, "option_id": %q}`, s.VendorID, s.OptionID))
		}
		check("the same supposed", simulated(t, a, fmt.Sprintf(
			`{"items": [{"variant_id": %q, "quantity": 3}, {"variant_id": %q, "quantity": 3}], "to": {"country": "DE", "postal_code": "10115"}, "shipping": [%s], "codes": [" ｔen"], "customer": {"email": "ada@example.com"}}`,
			mug, shirt, strings.Join(chosen, ", "))))
	})
	a.Place(t, "", stored).Want(t, 201)
	// Ada has used it up: limits are those of now.
	used := simulated(t, a, fmt.Sprintf(`{"items": [{"variant_id": %q, "quantity": 1}], "codes": ["TEN"], "customer": {"email": "Ada+again@example.com"}}`, mug))
	if len(used.Codes) != 1 || used.Codes[0].Applied || len(used.Limits) != 1 || used.Limits[0].Used != 1 || used.Limits[0].Offered {
		t.Errorf("what is used up: %+v, limits %+v", used.Codes, used.Limits)
	}
}

// Drafts are tried with the moment's windows, beside what runs then, and nobody
// else ever sees them.
func TestDraftsAreTriedOnACart(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	mug := a.Variant(t, apptest.Price(1000), apptest.Tagged("blue"))
	runs := made(t, a, apptest.Admin, active(strings.Replace(tenOff, "{", `{"stacking_group": "sale", `, 1)))
	made(t, a, apptest.Admin, active(`{"name": "In May", "starts_at": "2100-05-01T00:00:00Z", "ends_at": "2100-06-01T00:00:00Z", "reward": {"kind": "amount_off", "amounts": {"USD": 1}}}`))
	item := fmt.Sprintf(`"items": [{"variant_id": %q, "quantity": 1}]`, mug)
	draft := func(fields string) string {
		return `"drafts": [{"name": "Draft", "reward": {"kind": "percent_off", "percent_ppm": 400000}` + fields + `}]`
	}
	for name, c := range map[string]struct {
		fields            string
		discount, cheaper int64
		contains          string
	}{
		"as it is":                {``, 100, 0, ""},
		"beside it":               {`, ` + draft(``), 500, 400, ""},
		"in its group":            {`, ` + draft(`, "stacking_group": "sale"`), 400, 300, "it is not combined with Draft"},
		"below it":                {`, ` + draft(`, "stacking_group": "sale", "priority": -1`), 100, 0, "it is not combined with Ten off"},
		"instead of it":           {`, ` + draft(``) + fmt.Sprintf(`, "leave_out": [%q]`, runs), 400, 300, ""},
		"not begun":               {`, ` + draft(`, "starts_at": "2100-01-01T00:00:00Z"`), 100, 0, "it does not run at that moment"},
		"begun":                   {`, "at": "2100-01-01T00:00:00Z", ` + draft(`, "starts_at": "2100-01-01T00:00:00Z"`), 500, 400, ""},
		"over":                    {`, "at": "2100-01-01T00:00:00Z", ` + draft(`, "ends_at": "2100-01-01T00:00:00Z"`), 100, 0, "it does not run at that moment"},
		"when others run":         {`, "at": "2100-05-01T00:00:00Z"`, 101, 0, ""},
		"before any ran":          {`, "at": "2020-01-01T00:00:00Z"`, 0, 0, ""},
		"with a code":             {`, ` + draft(`, "needs_code": true`), 500, 400, ""},
		"with a budget":           {`, ` + draft(`, "budget": {"amount": 150, "currency": "USD"}`), 250, 150, ""},
		"with another's budget":   {`, ` + draft(`, "budget": {"amount": 150, "currency": "EUR"}`), 100, 0, "its budget is in EUR"},
		"for first orders":        {`, ` + draft(`, "conditions": {"first_order": true}`), 500, 400, ""},
		"for later orders":        {`, "customer": {"first_order": false}, ` + draft(`, "conditions": {"first_order": true}`), 100, 0, "it is given on a first order"},
		"for a group":             {`, ` + draft(`, "conditions": {"customer_groups": ["gold"]}`), 100, 0, "it is given to others"},
		"of a group":              {`, "customer": {"customer_groups": ["gold"]}, ` + draft(`, "conditions": {"customer_groups": ["gold"]}`), 500, 400, ""},
		"for a country":           {`, "to": {"country": "de"}, ` + draft(`, "conditions": {"countries": ["DE"]}`), 500, 400, ""},
		"for another":             {`, "to": {"country": "AT"}, ` + draft(`, "conditions": {"countries": ["DE"]}`), 100, 0, "it is not given for AT"},
		"for a payment method":    {`, "payment_method": "cod", ` + draft(`, "conditions": {"payment_methods": ["cod"]}`), 500, 400, ""},
		"in a currency of no one": {`, "currency": "EUR"`, 0, 0, "not_purchasable"},
	} {
		var got simulator.Simulation
		unchanged(t, a, func() {
			got = apptest.Read[simulator.Simulation](t, a.Call(t, apptest.Admin, "POST", simulate, "{"+item+c.fields+"}").Want(t, 200, c.contains))
		})
		if got.Totals.Discount.Minor != c.discount || got.Difference.Minor != -c.cheaper || got.Totals.GrandTotal.Minus(got.AsIs.GrandTotal) != got.Difference {
			t.Errorf("%s: %s off, %s to pay, which is %s; want %d off and %d less", name, got.Totals.Discount, got.Totals.GrandTotal, got.Difference, c.discount, c.cheaper)
		}
		sum := money.Zero(got.Currency)
		for _, step := range got.Trace {
			sum = sum.Plus(step.Amount)
		}
		if sum != got.Totals.GrandTotal {
			t.Errorf("%s: the steps come to %s, the total is %s", name, sum, got.Totals.GrandTotal)
		}
	}
	a.WantRows(t, "promotions", 2)
	a.WantRows(t, "carts", 0)
}

func TestWhatCannotBeSimulatedIsRefused(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	mug := a.Variant(t)
	vera := a.Owner(t, "vera")
	hers := a.Variant(t, apptest.By(vera))
	item := func(v id.Variant) string {
		return fmt.Sprintf(`"items": [{"variant_id": %q, "quantity": 1}]`, v)
	}
	for _, c := range []struct {
		as, door, body string
		status         int
		contains       string
	}{
		{apptest.Admin, simulate, `{}`, 422, "/items"},
		{apptest.Admin, simulate, `{"cart_id": "` + id.New[id.Cart]().String() + `"}`, 404, "not_found"},
		{apptest.Admin, simulate, `{` + item(id.New[id.Variant]()) + `}`, 404, "variant_not_found"},
		{apptest.Admin, simulate, `{` + item(mug) + `, "to": {"country": "XX"}}`, 422, "/to/country"},
		{apptest.Admin, simulate, `{` + item(mug) + `, "currency": "ZZZ"}`, 422, "/currency"},
		{apptest.Admin, simulate, `{` + item(mug) + `, "customer": {"user_id": "` + id.New[id.User]().String() + `"}}`, 404, "not_found"},
		{apptest.Admin, simulate, `{` + item(mug) + `, "drafts": [` + tenOff + `, {"name": "Bad", "reward": {"kind": "percent_off", "percent_ppm": 0}}]}`, 422, "/drafts/1/reward/percent_ppm"},
		{apptest.Admin, replay, `{}`, 422, "/promotion_id"},
		{apptest.Admin, replay, `{"promotion_id": "` + id.New[id.Promotion]().String() + `"}`, 404, "promotion_not_found"},
		{apptest.Admin, replay, `{"draft": ` + tenOff + `, "from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}`, 422, "/to"},
		{apptest.Admin, replay, `{"draft": ` + tenOff + `, "orders": 10001}`, 422, "/orders"},
		{apptest.Admin, replay, `{"draft": {"name": "Bad", "reward": {"kind": "buy_get", "percent_ppm": 1}}}`, 422, "/draft/reward/buy"},
		{"vera", "/vendor/promotions/simulate", `{` + item(hers) + `}`, 200, `"total"`},
		{"vera", "/vendor/promotions/simulate", `{` + item(mug) + `}`, 404, "variant_not_found"},
		{"vera", "/vendor/promotions/simulate", `{"cart_id": "` + a.Basket(t, "", 1, hers).ID.String() + `"}`, 422, "/cart_id"},
		{"vera", "/vendor/promotions/simulate", `{` + item(hers) + `, "customer": {"email": "ada@example.com"}}`, 422, "/customer"},
		{"vera", "/vendor/promotions/simulate", `{` + item(hers) + `, "drafts": [{"name": "A", "platform_ppm": 5, "reward": {"kind": "percent_off", "percent_ppm": 1}}]}`, 422, "vendor_pays"},
		{"vera", "/vendor/promotions/replay", `{"promotion_id": "` + made(t, a, apptest.Admin, tenOff).String() + `"}`, 404, "promotion_not_found"},
		{"vera", simulate, `{` + item(hers) + `}`, 403, "forbidden"},
		{"vera", replay, `{"draft": ` + tenOff + `}`, 403, "forbidden"},
	} {
		if got := a.Call(t, c.as, "POST", c.door, c.body); got.Status != c.status || !strings.Contains(got.Body, c.contains) {
			t.Errorf("%s %s is answered %d %s, want %d %s", c.door, c.body, got.Status, got.Body, c.status, c.contains)
		}
	}
}

// A first order is the first of a mailbox, however it is written, and of an
// account, whatever the mailbox.
func TestAFirstOrderIsTheFirstOfAMailbox(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	mug := a.Variant(t, apptest.Price(1000), apptest.Stock(100))
	made(t, a, apptest.Admin, active(`{"name": "Welcome", "conditions": {"first_order": true}, "reward": {"kind": "percent_off", "percent_ppm": 100000}}`))
	a.User(t, "bob")
	for _, c := range []struct {
		as, email string
		discount  int64
	}{
		{"", "ann.lee@example.com", 100},
		{"", "Ann.Lee+1@Example.com", 0},
		{"", "ANN.LEE@EXAMPLE.COM", 0},
		{"", "annlee@example.com", 100},
		{"", "a.n.n@gmail.com", 100},
		{"", "ann+new@googlemail.com", 0},
		{"bob", "bob@elsewhere.example.com", 100},
		{"bob", "bob@another.example.com", 0},
	} {
		if c.as != "" {
		}
		cart := a.Cart(t, c.as, 1, mug)
		shown := apptest.Read[apptest.Cart](t, a.Call(t, c.as, "PUT", cart.Path("/addresses"), strings.Replace(apptest.Home, "ada@example.com", c.email, 1)).Want(t, 200))
		if shown.Totals.Discount != usd(c.discount) {
			t.Errorf("%s is offered %s off, want %d", c.email, shown.Totals.Discount, c.discount)
		}
		if c.as == "" {
			supposed := simulated(t, a, fmt.Sprintf(`{"items": [{"variant_id": %q, "quantity": 1}], "customer": {"email": %q}}`, mug, c.email))
			if supposed.Totals.Discount != usd(c.discount) {
				t.Errorf("%s is simulated with %s off, want %d", c.email, supposed.Totals.Discount, c.discount)
			}
		}
		a.Place(t, c.as, shown).Want(t, 201)
	}
}

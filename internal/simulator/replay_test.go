package simulator_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/app/apptest"
	"souk/internal/checkout"
	"souk/internal/credit"
	"souk/internal/id"
	"souk/internal/memberships"
	"souk/internal/money"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
	"souk/internal/simulator"
)

func replayed(t *testing.T, a *apptest.App, body string) simulator.Replay {
	t.Helper()
	return apptest.Read[simulator.Replay](t, a.Call(t, apptest.Admin, "POST", replay, body).Want(t, 200))
}

// orderFrom is an order by a mailbox, placed on a day of June 2026.
func orderFrom(t *testing.T, a *apptest.App, email string, day, quantity int, goods ...id.Variant) id.Order {
	t.Helper()
	c := a.Cart(t, "", quantity, goods...)
	c = apptest.Read[apptest.Cart](t, a.Call(t, "", "PUT", c.Path("/addresses"), strings.Replace(apptest.Home, "ada@example.com", email, 1)).Want(t, 200))
	placed := apptest.Read[struct{ Order struct{ ID id.Order } }](t, a.Place(t, "", c).Want(t, 201)).Order.ID
	a.InTx(t, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE orders SET placed_at = @at WHERE id = @id`,
			pgx.NamedArgs{"id": placed, "at": time.Date(2026, 6, day, 12, 0, 0, 0, time.UTC)})
		return err
	})
	return placed
}

// What a promotion gave when it ran is what it would have cost, order by order.
func TestAReplayCostsWhatWasGiven(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	mug, shirt := a.Variant(t, apptest.Price(1999), apptest.Stock(100), apptest.In("Kitchen", "Cups")), a.Variant(t, apptest.Price(333), apptest.Stock(100))
	other := active(`{"name": "Freight", "reward": {"kind": "shipping_off", "percent_ppm": 500000}}`)
	made(t, a, apptest.Admin, other)
	rule := `{"name": "Third", "platform_ppm": 250000, "priority": 3, "conditions": {"min_quantity": 3}, "reward": {"kind": "percent_off", "percent_ppm": 333333}}`
	ran := made(t, a, apptest.Admin, active(rule))
	for day, quantity := range []int{1, 2, 3, 4} {
		orderFrom(t, a, "ann@example.com", day+1, quantity, mug, shirt)
	}
	of := pgx.NamedArgs{"id": ran}
	given := int64(a.Count(t, `SELECT sum(amount_minor)::int FROM adjustments WHERE promotion_id = @id`, of))
	if orders := a.Count(t, `SELECT count(DISTINCT order_id)::int FROM adjustments WHERE promotion_id = @id`, of); orders != 3 || given == 0 {
		t.Fatalf("it was given on %d orders", orders)
	}
	var byID, byDraft simulator.Replay
	unchanged(t, a, func() {
		byID = replayed(t, a, fmt.Sprintf(`{"promotion_id": %q}`, ran))
		byDraft = replayed(t, a, `{"draft": `+rule+`}`) // beside itself: what is left of the goods bears it once more
	})
	c := byID.Costs[0]
	if byID.Orders != 4 || byID.Matched != 3 || c.Cost != usd(given) || c.Given != usd(given) || !c.Saved.IsZero() || c.Platform.Plus(c.Vendors) != c.Cost {
		t.Errorf("it gave %d on 3 of 4 orders, and is replayed as %+v", given, byID)
	}
	if want := fmt.Sprintf("Third would have cost %s on 3 of 4 orders.", usd(given)); byID.Summary != want {
		t.Errorf("summary %q, want %q", byID.Summary, want)
	}
	if len(c.Most) != 3 || c.Most[0].Cost.Minor < c.Most[2].Cost.Minor || c.Most[0].Number == "" {
		t.Errorf("the orders that are changed most: %+v", c.Most)
	}
	if byDraft.Matched != 3 || byDraft.Costs[0].Cost != usd(given) {
		t.Errorf("beside itself: %+v", byDraft)
	}
	paid := a.Count(t, `SELECT sum(platform_minor)::int FROM adjustments WHERE promotion_id = @id`, of)
	if c.Platform.Minor < int64(paid)-3 || c.Platform.Minor > int64(paid)+3 {
		t.Errorf("the platform paid %d, and would have paid %s", paid, c.Platform)
	}
}

// What an order was given stands beside a draft by priority, exclusivity and
// group, as in a cart.
func TestAReplayKeepsWhatWasGiven(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	mug := a.Variant(t, apptest.Price(1000), apptest.Stock(100))
	made(t, a, apptest.Admin, active(`{"name": "Tenth", "stacking_group": "sale", "reward": {"kind": "percent_off", "percent_ppm": 100000}}`))
	orderFrom(t, a, "ann@example.com", 1, 1, mug)
	for name, c := range map[string]struct {
		fields                 string
		given, saved           int64
		matched, keptOut, cost int
	}{
		"beside it":               {``, 300, 0, 1, 0, 300},
		"in its group, more":      {`, "stacking_group": "sale"`, 300, 100, 1, 0, 200},
		"in its group, below":     {`, "stacking_group": "sale", "priority": -1`, 0, 0, 0, 1, 0},
		"exclusive, more":         {`, "exclusive": true`, 300, 100, 1, 0, 200},
		"exclusive, below":        {`, "exclusive": true, "priority": -1`, 0, 0, 0, 1, 0},
		"for other goods":         {`, "conditions": {"min_quantity": 2}`, 0, 0, 0, 0, 0},
		"for other countries":     {`, "conditions": {"countries": ["FR"]}`, 0, 0, 0, 0, 0},
		"for its country":         {`, "conditions": {"countries": ["DE"], "payment_methods": ["cod"]}`, 300, 0, 1, 0, 300},
		"for other methods":       {`, "conditions": {"payment_methods": ["card"]}`, 0, 0, 0, 0, 0},
		"with a code, long over":  {`, "needs_code": true, "starts_at": "2020-01-01T00:00:00Z", "ends_at": "2020-02-01T00:00:00Z"`, 300, 0, 1, 0, 300},
		"with a budget":           {`, "budget": {"amount": 250, "currency": "USD"}`, 250, 0, 1, 0, 250},
		"with a budget elsewhere": {`, "budget": {"amount": 250, "currency": "EUR"}`, 0, 0, 0, 0, 0},
	} {
		got := replayed(t, a, `{"draft": {"name": "Draft", "reward": {"kind": "percent_off", "percent_ppm": 300000}`+c.fields+`}}`)
		k := got.Costs[0]
		if k.Given != usd(c.given) || k.Saved != usd(c.saved) || k.Cost != usd(int64(c.cost)) || got.Matched != c.matched || got.KeptOut != c.keptOut {
			t.Errorf("%s: %+v, want %+v", name, got, c)
		}
	}
}

// Gift cards are bought at what they are worth. Who pays a part with one has chosen a
// way to pay for the rest.
func TestAReplayKnowsGiftCards(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	mug, card := a.Variant(t, apptest.Price(1000)), a.Variant(t, apptest.Price(5000))
	code := ""
	a.InTx(t, func(tx pgx.Tx) error {
		made, err := a.Credit.Give(t.Context(), tx, credit.NewCard{Amount: usd(200), Gift: credit.Gift{Email: "ann@example.com"}}, "a test")
		if err == nil {
			_, code, err = a.Credit.ToMail(t.Context(), tx, made.ID)
		}
		return err
	})
	c := a.Cart(t, "", 1, mug, card)
	c = apptest.Read[apptest.Cart](t, a.Call(t, "", "POST", c.Path("/gift-cards"), fmt.Sprintf(`{"code": %q}`, code)).Want(t, 200))
	a.Place(t, "", c).Want(t, 201)
	a.InTx(t, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE order_lines SET gift_card = true WHERE variant_id = @card`, pgx.NamedArgs{"card": card})
		return err
	})
	got := replayed(t, a, `{"draft": {"name": "Tenth", "conditions": {"payment_methods": ["cod"]}, "reward": {"kind": "percent_off", "percent_ppm": 100000}}}`)
	if got.Matched != 1 || got.Costs[0].Cost != usd(100) {
		t.Errorf("a tenth of 10.00 beside a gift card: %+v", got)
	}
}

// Unused time of a plan that an order for a better one sets off is the buyer's own
// money: no promotion keeps it out, and it keeps out none.
func TestAReplayOfAnUpgradeTakesNoPromotionForWhatWasSetOff(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	a.Call(t, apptest.Admin, "PATCH", "/admin/settings", `{"settings": {"payments.transfer_instructions": "UPI: market@bank"}}`,
		"If-Match", a.Call(t, apptest.Admin, "GET", "/admin/settings", "").Header.Get("ETag")).Want(t, 200)
	a.User(t, "joan")
	order := func(door, plan string, rank, price int) checkout.Joined {
		t.Helper()
		made := apptest.Read[memberships.Kept](t, a.Call(t, apptest.Admin, "POST", "/admin/plans", fmt.Sprintf(
			`{"name": %q, "rank": %d, "interval": {"unit": "month", "count": 1}, "prices": [{"amount": %d, "currency": "USD"}]}`, plan, rank, price)).Want(t, 201))
		return apptest.Read[checkout.Joined](t, a.Call(t, "joan", "POST", "/me/membership"+door, fmt.Sprintf(`{"plan_id": %q, "payment_method": "bank_transfer",
			"billing": {"name": "Joan", "line1": "1 Main St", "city": "Berlin", "postal_code": "10115", "country": "DE"}}`, made.ID)).Want(t, 201))
	}
	first := order("", "Silver", 1, 1000)
	a.Call(t, apptest.Admin, "POST", "/admin/payments/"+first.Payment.ID.String()+"/capture", "", "Idempotency-Key", "seen").Want(t, 200)
	if err := a.Checkout.HandOver(t.Context(), checkout.HandOverDue{OrderID: first.Order.ID}); err != nil {
		t.Fatal(err)
	}
	if second := order("/upgrade", "Gold", 2, 2500); second.Order.Discount != usd(1000) {
		t.Fatalf("set off: %+v", second.Order.Totals)
	}
	for name, c := range map[string]struct {
		fields string
		cost   int64
	}{
		"beside it":        {`"percent_ppm": 100000}`, 250},
		"exclusive":        {`"percent_ppm": 100000}, "exclusive": true, "priority": 1`, 250},
		"exclusive, below": {`"percent_ppm": 100000}, "exclusive": true, "priority": -1`, 250},
		"for nothing":      {`"percent_ppm": 1000000}`, 2500},
	} {
		got := replayed(t, a, `{"draft": {"name": "Draft", "reward": {"kind": "percent_off", `+c.fields+`}, "orders": 1}`)
		k := got.Costs[0]
		if got.Matched != 1 || got.KeptOut != 0 || k.Given != usd(c.cost) || k.Cost != usd(c.cost) || !k.Saved.IsZero() {
			t.Errorf("%s: %+v, want %d", name, got, c.cost)
		}
	}
}

// First orders, uses of one customer and budgets count from the oldest order on;
// which orders are looked at follows their number or their time.
func TestAReplayGoesFromTheOldestOn(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	mug := a.Variant(t, apptest.Price(1000), apptest.Stock(100))
	orderFrom(t, a, "Ann+2@example.com", 2, 2, mug) // placed first here, second in June
	orderFrom(t, a, "ann@example.com", 1, 1, mug)
	orderFrom(t, a, "bob@example.com", 3, 3, mug)
	gone := orderFrom(t, a, "cyd@example.com", 4, 4, mug)
	a.Call(t, apptest.Admin, "POST", "/admin/orders/"+gone.String()+"/cancel", `{"reason": "lost"}`).Want(t, 200)

	tenth := func(fields string) string {
		return `{"draft": {"name": "Tenth", "reward": {"kind": "percent_off", "percent_ppm": 100000}` + fields
	}
	for name, c := range map[string]struct {
		body            string
		orders, matched int
		cost            int64
	}{
		"all that stand":     {tenth(`}}`), 3, 3, 600},
		"the last two":       {tenth(`}, "orders": 2}`), 2, 2, 500},
		"from a day on":      {tenth(`}, "from": "2026-06-02T12:00:00Z"}`), 2, 2, 500},
		"until a day":        {tenth(`}, "to": "2026-06-02T12:00:00Z"}`), 1, 1, 100},
		"none":               {tenth(`}, "to": "2026-05-02T12:00:00Z"}`), 0, 0, 0},
		"first orders":       {tenth(`, "conditions": {"first_order": true}}}`), 3, 2, 400},
		"first, seen later":  {tenth(`, "conditions": {"first_order": true}}, "from": "2026-06-02T00:00:00Z"}`), 2, 1, 300},
		"once each":          {tenth(`, "customer_limit": 1}}`), 3, 2, 400},
		"twice in all":       {tenth(`, "usage_limit": 2}}`), 3, 2, 300},
		"for so much in all": {tenth(`, "budget": {"amount": 250, "currency": "USD"}}}`), 3, 2, 250},
	} {
		got := replayed(t, a, c.body)
		cost := money.Zero("USD")
		for _, k := range got.Costs {
			cost = cost.Plus(k.Cost)
		}
		if got.Orders != c.orders || got.Matched != c.matched || cost != usd(c.cost) {
			t.Errorf("%s: %d of %d orders for %s, want %d of %d for %d", name, got.Matched, got.Orders, cost, c.matched, c.orders, c.cost)
		}
	}
}

// the is the id of the only row.
func the[T any](t *testing.T, a *apptest.App, sql string) (only T) {
	t.Helper()
	a.InTx(t, func(tx pgx.Tx) (err error) { only, err = postgres.Scalar[T](t.Context(), tx, sql, nil); return err })
	return only
}

// Scopes go by the categories and tags of today, and by what was reduced then.
func TestAReplayKnowsTheGoods(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	cup := a.Variant(t, apptest.Price(1000), apptest.In("Kitchen", "Cups"), apptest.Tagged("blue"), apptest.Branded("Kiln"))
	lamp := a.Variant(t, apptest.Price(500), apptest.Was(900))
	orderFrom(t, a, "ann@example.com", 1, 1, cup, lamp)
	a.InTx(t, func(tx pgx.Tx) error { // prices that were set before the order was placed
		_, err := tx.Exec(t.Context(), `UPDATE orders SET placed_at = now() + interval '1 hour'`)
		return err
	})
	for name, c := range map[string]struct {
		scope string
		cost  int64
	}{
		"all":         {`{}`, 750},
		"a category":  {fmt.Sprintf(`{"categories": [%q]}`, the[id.Category](t, a, `SELECT id FROM categories WHERE parent_id IS NULL`)), 500},
		"a tag":       {fmt.Sprintf(`{"tags": [%q]}`, the[id.Tag](t, a, `SELECT id FROM tags`)), 500},
		"a brand":     {fmt.Sprintf(`{"brands": [%q]}`, the[id.Brand](t, a, `SELECT id FROM brands`)), 500},
		"full price":  {`{"full_price": true}`, 500},
		"one variant": {fmt.Sprintf(`{"variants": [%q]}`, lamp), 250},
	} {
		got := replayed(t, a, `{"draft": {"name": "Half", "reward": {"kind": "percent_off", "percent_ppm": 500000, "goods": `+c.scope+`}}}`)
		if got.Costs[0].Cost != usd(c.cost) {
			t.Errorf("%s: %s, want %d", name, got.Costs[0].Cost, c.cost)
		}
	}
}

// A vendor replays on their own orders, at their own cost, and learns of no other.
func TestAVendorReplaysTheirOwn(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	vera, wanda := a.Owner(t, "vera"), a.Owner(t, "wanda")
	hers, others := a.Variant(t, apptest.By(vera), apptest.Price(1000), apptest.Stock(10)), a.Variant(t, apptest.By(wanda), apptest.Price(7000), apptest.Stock(10))
	orderFrom(t, a, "ann@example.com", 1, 1, hers, others)
	orderFrom(t, a, "bob@example.com", 2, 1, others)
	got := apptest.Read[simulator.Replay](t, a.Call(t, "vera", "POST", "/vendor/promotions/replay", `{"draft": `+tenOff+`}`).Want(t, 200))
	if got.Orders != 1 || got.Matched != 1 || got.Costs[0].Cost != usd(100) || !got.Costs[0].Platform.IsZero() || got.Costs[0].Vendors != usd(100) {
		t.Errorf("replayed %+v", got)
	}
}

package cart_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"souk/internal/auth"
	"souk/internal/cart"
	"souk/internal/id"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
	"souk/internal/tax"
)

// told is what of a quote depends on the whole shop, in words.
func (s *shop) told(ctx context.Context, c id.Cart) string {
	s.t.Helper()
	var p cart.Priced
	err := postgres.InTx(ctx, s.db, func(tx pgx.Tx) (err error) {
		p, err = s.carts.Lock(ctx, tx, c, "cod")
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	t, l := p.Quote.Totals, p.Lines[0]
	var codes, issues, picks []string
	for _, k := range p.Codes {
		codes = append(codes, k.Code)
	}
	for _, i := range l.Issues {
		issues = append(issues, i.Code)
	}
	for _, pick := range l.Picks(id.OrderLine{}) {
		picks = append(picks, pick.Location.String())
	}
	return fmt.Sprintf("unit %d, discount %d, shipping %d, tax %d, seller %q, exempt %q, missing %v, vendor %s at %d, picks %v, codes %v, issues %v, digital %t, credits %d",
		l.UnitPrice.Minor, t.Discount.Minor, t.Shipping.Minor, t.Tax.Minor, l.Seller.Country, p.Exemption, p.Missing, l.VendorName, l.CommissionBPS, picks, codes, issues,
		p.Lines[1].Digital, len(p.Credits))
}

// Whoever changes what quotes depend on, on whatever connection, is heard by the
// next quote of every node.
func TestTheNextQuoteSeesEveryChangeOfTheShop(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	s, far := openOn(t, pool), node(t, pool)
	mug, file := s.sell(goods{stock: 5}), s.sell(goods{digital: true, untracked: true})
	buyer := s.customer()
	ctx := auth.With(t.Context(), auth.Actor{User: buyer})
	as := buyer.String()
	c := s.call(as, "POST", "/carts", `{"items": `+items(1, mug, file)+`}`).want(201).cart().ID
	s.call(as, "PUT", "/carts/"+c.String()+"/addresses", home).want(200)
	var vendor id.Vendor
	var options []struct {
		Options []struct{ ID id.ShipOption }
		Vendor  id.Vendor `json:"vendor_id"`
	}
	answered := s.call(as, "GET", "/carts/"+c.String()+"/shipping-options", "").want(200)
	if err := json.Unmarshal(decode[struct{ Data json.RawMessage }](answered).Data, &options); err != nil {
		t.Fatal(err)
	}
	vendor = options[0].Vendor
	s.call(as, "PUT", "/carts/"+c.String()+"/shipping", selections(vendor, options[0].Options[0].ID)).want(200)
	second := s.stock(mug, vendor, 1, 5)

	args := pgx.NamedArgs{"cart": c, "buyer": buyer, "mug": mug, "file": file, "vendor": vendor, "second": second, "one": id.New[id.TaxZone](), "two": id.New[id.TaxZone]()}
	before := s.told(ctx, c)
	for _, change := range []struct{ name, sql, want string }{
		{"a tax zone", `INSERT INTO tax_zones (id, name, countries) VALUES (@one, 'World', '{*}')`, "tax 0,"},
		{"a rate", `INSERT INTO tax_rates (id, zone_id, name, rate_ppm) VALUES (@two, @one, 'VAT', 200000)`, "tax 500,"},
		{"another rate", `UPDATE tax_rates SET rate_ppm = 100000 WHERE id = @two`, "tax 250,"},
		{"a more particular zone", `INSERT INTO tax_zones (id, name, countries, postal_prefixes) VALUES (@two, 'Berlin', '{DE}', '{101}')`, "tax 0,"},
		{"its end", `DELETE FROM tax_zones WHERE id = @two`, "tax 250,"},
		{"a rate for registered sellers", `UPDATE tax_rates SET applies = 'same_region' WHERE id = @two`, "tax 0,"},
		{"the shop's registration", `INSERT INTO settings (key, value) VALUES ('tax.country', '"DE"')`, `tax 250, seller "DE"`},
		{"the vendor's own", `UPDATE vendors SET tax_country = 'FR' WHERE id = @vendor`, "tax "},
		{"and its end", `UPDATE vendors SET tax_country = '' WHERE id = @vendor`, `seller "DE"`},
		{"a tax engine", `INSERT INTO tax_engines (name, enabled, base_url, key_sealed, countries, on_failure, timeout_ms)
			VALUES ('taxjar', true, '', '', '{DE}', 'refuse', 1000)`, "missing [tax]"},
		{"its end", `UPDATE tax_engines SET enabled = false`, "missing []"},
		{"an exemption", `INSERT INTO tax_exemptions (id, user_id, certificate, countries, decided_by) VALUES (@one, @buyer, 'K7', '{DE}', 'staff')`, `exempt "K7"`},
		{"what carriage costs", `UPDATE shipping_options SET price_minor = 700 WHERE name = 'Standard'`, "shipping 700,"},
		{"where parcels go", `UPDATE shipping_zones SET countries = '{FR}'`, "missing [shipping]"},
		{"and again", `UPDATE shipping_zones SET countries = '{DE}'`, "missing []"},
		{"another name", `UPDATE vendors SET name = 'Vera' WHERE id = @vendor`, "vendor Vera at 1500"},
		{"another commission", `UPDATE vendors SET commission_bps = 900 WHERE id = @vendor`, "vendor Vera at 900"},
		{"a suspension", `UPDATE vendors SET status = 'suspended' WHERE id = @vendor`, "issues [not_purchasable]"},
		{"its end", `UPDATE vendors SET status = 'active' WHERE id = @vendor`, "issues []"},
		{"another turn", `UPDATE locations SET priority = -1 WHERE id = @second`, "picks [" + second.String() + "]"},
		{"a promotion", `INSERT INTO promotions (id, name, needs_code, status, platform_ppm, conditions, reward)
			VALUES (@one, 'Ten', false, 'active', 1000000, '{}', '{"kind": "percent_off", "percent_ppm": 100000}')`, "discount 200,"},
		{"a dearer one", `UPDATE promotions SET reward = '{"kind": "percent_off", "percent_ppm": 500000}' WHERE id = @one`, "discount 1000,"},
		{"a pause", `UPDATE promotions SET status = 'paused' WHERE id = @one`, "discount 0,"},
		{"a code", `UPDATE promotions SET status = 'active', needs_code = true WHERE id = @one; INSERT INTO coupons (id, promotion_id, code) VALUES (@one, @one, 'HALF');
			INSERT INTO cart_coupons (cart_id, coupon_id) VALUES (@cart, @one)`, "codes [HALF]"},
		{"its end", `UPDATE coupons SET disabled = true`, "discount 0,"},
		{"a price list", `INSERT INTO price_lists (id, name, status) VALUES (@one, 'Sale', 'active');
			INSERT INTO price_list_prices (list_id, variant_id, currency, amount_minor) VALUES (@one, @mug, 'USD', 800)`, "unit 800,"},
		{"its end", `UPDATE price_lists SET status = 'archived'`, "unit 1000,"},
		{"a gate for members", `INSERT INTO plans (id, product_id, variant_id, name, unit, units) SELECT @one, product_id, @file, 'Gold', 'month', 1 FROM variants WHERE id = @file;
			INSERT INTO product_gates (product_id) SELECT product_id FROM variants WHERE id = @mug;
			INSERT INTO product_gate_plans (product_id, plan_id) SELECT product_id, @one FROM variants WHERE id = @mug`, "issues [members_only]"},
		{"its end", `DELETE FROM product_gates; DELETE FROM plans`, "digital false"},
		{"a file", `INSERT INTO digital_files (id, variant_id, vendor_id, name, content_type, size, sha256, file, state)
			VALUES (@one, @file, @vendor, 'a', 'b', 1, sha256(''), 'c', 'ready')`, "digital true"},
		{"a key instead", `UPDATE digital_files SET state = 'removed'; INSERT INTO licence_keys (id, variant_id, vendor_id, digest, sealed, hint)
			VALUES (@one, @file, @vendor, sha256(''), '', '')`, "digital true"},
		{"a gift card", `INSERT INTO gift_cards (id, code_hash, hint, currency, initial_minor, balance_minor) VALUES (@one, sha256(''), 'abcd', 'USD', 100, 100);
			INSERT INTO cart_gift_cards (cart_id, gift_card_id) VALUES (@cart, @one)`, "credits 1"},
		{"store credit", `INSERT INTO store_credits (user_id, currency, balance_minor) VALUES (@buyer, 'USD', 100)`, "credits 2"},
	} {
		for sql := range strings.SplitSeq(change.sql, ";") {
			s.exec(sql, args)
		}
		for name, node := range map[string]*shop{"this node": s, "another node": far} {
			if got := node.told(ctx, c); !strings.Contains(got, change.want) {
				t.Errorf("%s: %s quotes\n%s\nand not %q, before\n%s", change.name, name, got, change.want, before)
			}
		}
		before = s.told(ctx, c)
	}
}

// A promotion that is to come starts by the clock, and ends by it: nothing changes
// any more when it does.
func TestAScheduledPromotionStartsAndEndsWithinAnEpoch(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	s := openOn(t, pool)
	c := s.fill(1, s.sell(goods{}))
	until := func(want int64) {
		t.Helper()
		for s.call("", "GET", "/carts/"+c.ID.String(), "").want(200).cart().Totals.Discount != usd(want) {
			if t.Context().Err() != nil {
				t.Fatalf("never a discount of %d", want)
			}
		}
	}
	s.exec(`INSERT INTO promotions (id, name, needs_code, status, platform_ppm, conditions, reward, starts_at)
		VALUES (@id, 'Soon', false, 'active', 1000000, '{}', '{"kind": "percent_off", "percent_ppm": 100000}', clock_timestamp() + interval '300 ms')`,
		pgx.NamedArgs{"id": id.New[id.Promotion]()})
	until(100)
	s.exec(`UPDATE promotions SET ends_at = clock_timestamp() + interval '300 ms'`, nil)
	until(0)
}

// What was changed and taken back was never there, also where a quote has been
// made in between.
func TestAChangeThatIsRolledBackIsForgotten(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	s := openOn(t, pool)
	c := s.fill(1, s.sell(goods{}))
	zone := func(db postgres.DB, ppm int) {
		t.Helper()
		args := pgx.NamedArgs{"zone": id.New[id.TaxZone](), "ppm": ppm}
		for _, sql := range []string{
			`INSERT INTO tax_zones (id, name, countries) VALUES (@zone, 'World', '{*}')`, `INSERT INTO tax_rates (id, zone_id, name, rate_ppm) VALUES (@zone, @zone, 'VAT', @ppm)`,
		} {
			if _, err := db.Exec(t.Context(), sql, args); err != nil {
				t.Fatal(err)
			}
		}
	}
	taxed := func(want int64) {
		t.Helper()
		if got := s.call("", "GET", "/carts/"+c.ID.String(), "").want(200).cart().Totals.Tax; got != usd(want) {
			t.Errorf("tax %v, want %d", got, want)
		}
	}
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	zone(tx, 500_000)
	p, err := s.carts.Lock(t.Context(), tx, c.ID, "")
	if err != nil || p.Quote.Totals.Tax != usd(500) {
		t.Fatalf("within: tax %v, %v", p.Quote.Totals.Tax, err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	taxed(0)
	zone(pool, 200_000)
	taxed(200)
}

// Promotions that a process remembers take off what they do where they are read
// with the cart: there, because the shop knows some code.
func TestPromotionsThatAreRememberedTakeOffTheSame(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	s := openOn(t, pool)
	mug, cup := s.sell(goods{price: 3000}), s.sell(goods{price: 1900})
	buyer := s.customer()
	as := buyer.String()
	c := s.call(as, "POST", "/carts", `{"items": `+items(2, mug, cup)+`}`).want(201).cart().ID
	s.call(as, "PUT", "/carts/"+c.String()+"/addresses", home).want(200)
	args := pgx.NamedArgs{"mug": mug, "cup": cup, "buyer": buyer, "brand": id.New[id.Brand](), "tag": id.New[id.Tag](), "category": id.New[id.Category](), "group": id.New[id.Promotion]()}
	for _, sql := range []string{
		`INSERT INTO brands (id, slug, name) VALUES (@brand, 'b', 'B')`,
		`INSERT INTO tags (id, slug, name) VALUES (@tag, 't', 'T')`,
		`UPDATE products SET brand_id = @brand WHERE id = (SELECT product_id FROM variants WHERE id = @mug)`,
		`INSERT INTO product_tags (product_id, tag_id) SELECT product_id, @tag FROM variants WHERE id = @cup`,
		`UPDATE prices SET compare_at_minor = 5000 WHERE variant_id = @cup`,
		`INSERT INTO customer_groups (id, handle, name) VALUES (@group, 'trade', 'Trade')`,
		`INSERT INTO customer_group_members (user_id, group_id) VALUES (@buyer, @group)`,
	} {
		s.exec(sql, args)
	}
	for i, p := range []struct{ conditions, goods, window string }{
		{`{}`, `{}`, "NULL"},
		{`{"min_subtotal": {"USD": 5000}}`, `{}`, "NULL"},
		{`{"min_subtotal": {"USD": 50000}}`, `{}`, "NULL"},
		{`{}`, `{"brands": ["` + args["brand"].(id.Brand).String() + `"]}`, "NULL"},
		{`{"goods": {"tags": ["` + args["tag"].(id.Tag).String() + `"]}}`, `{}`, "NULL"},
		{`{}`, `{"categories": ["` + args["category"].(id.Category).String() + `"]}`, "NULL"},
		{`{}`, `{"full_price": true}`, "NULL"},
		{`{"customer_groups": ["trade"]}`, `{}`, "NULL"},
		{`{"customer_groups": ["staff"]}`, `{}`, "NULL"},
		{`{"first_order": true}`, `{}`, "NULL"},
		{`{"countries": ["DE"]}`, `{}`, "NULL"},
		{`{"countries": ["FR"]}`, `{}`, "NULL"},
		{`{}`, `{}`, "now() - interval '1 hour'"},
		{`{}`, `{}`, "now() + interval '1 hour'"},
	} {
		s.exec(`INSERT INTO promotions (id, name, needs_code, status, platform_ppm, priority, conditions, reward, starts_at, ends_at)
			VALUES (@id, @name, false, 'active', 1000000, @priority, @conditions, jsonb_build_object('kind', 'percent_off', 'percent_ppm', 10000 * @priority, 'goods', @goods::jsonb), now() - interval '1 day', `+p.window+`)`,
			pgx.NamedArgs{"id": id.New[id.Promotion](), "name": fmt.Sprint("Promotion ", i), "priority": i + 1, "conditions": p.conditions, "goods": p.goods})
	}
	look := func() string {
		return s.call(as, "GET", "/carts/"+c.String()+"?expand=trace", "").want(200).Body.String()
	}
	remembered := look()
	s.exec(`INSERT INTO coupons (id, promotion_id, code, disabled) SELECT id, id, 'NOBODY', true FROM promotions LIMIT 1`, nil)
	read := look()
	if remembered != read {
		t.Errorf("remembered:\n%s\nread:\n%s", remembered, read)
	}
	for i, name := range []string{"Promotion 0", "Promotion 3", "Promotion 7", "Promotion 9", "Promotion 13"} {
		if !strings.Contains(read, name) {
			t.Errorf("%d: %s is not in %s", i, name, read)
		}
	}
}

// Whoever changes the shop waits for nobody who does so, too.
func TestTwoChangesAtOnceEndTwoEpochs(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	s := openOn(t, pool)
	c := s.fill(1, s.sell(goods{}))
	var open []pgx.Tx
	for range 2 {
		tx, err := pool.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(t.Context(), `SET LOCAL lock_timeout = 1`); err != nil {
			t.Fatal(err)
		}
		open = append(open, tx)
	}
	for i, sql := range []string{
		`INSERT INTO tax_zones (id, name, countries) VALUES (@id, 'World', '{*}')`,
		`UPDATE shipping_options SET price_minor = 700`,
	} {
		if _, err := open[i].Exec(t.Context(), sql, pgx.NamedArgs{"id": id.New[id.TaxZone]()}); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{}
	look := func() {
		t.Helper()
		epoch, err := postgres.Column[int64](t.Context(), pool, `SELECT version FROM quote_epochs ORDER BY version`, nil)
		if err != nil {
			t.Fatal(err)
		}
		seen[fmt.Sprint(epoch)] = true
	}
	look()
	for _, tx := range slices.Backward(open) { // the later one first
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		look()
	}
	if len(seen) != 3 {
		t.Errorf("%d epochs, want 3: %v", len(seen), seen)
	}
	s.call("", "PUT", "/carts/"+c.ID.String()+"/addresses", home).want(200)
	s.call("", "GET", "/carts/"+c.ID.String()+"/shipping-options", "").want(200, `"amount":700`)
}

// Every table that something is remembered of ends an epoch when it changes.
func TestEveryTableThatIsRememberedHasATrigger(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	watched := triggered(t, tx, "quote_epoch")
	for name, sql := range cart.Remembered {
		for _, table := range tablesOf(t, tx, sql) {
			if table != "quote_epochs" && !slices.Contains(watched, table) {
				t.Errorf("%s reads %s, which has no trigger quote_epoch", name, table)
			}
		}
	}
	var asked []string
	for _, file := range []string{"load.go", "promotion.go"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range regexp.MustCompile(`\.uses\("(\w+)"\)`).FindAllSubmatch(text, -1) {
			asked = append(asked, string(found[1]))
		}
	}
	if len(asked) < 5 {
		t.Fatalf("found only %v: has the way of asking changed?", asked)
	}
	for _, table := range asked {
		if !slices.Contains(triggered(t, tx, "quote_feature"), table) {
			t.Errorf("%s has no trigger quote_feature", table)
		}
	}
}

// Vendors read under row-level security, and what they see is not all: a quote
// that were made so would fail, not be remembered for everybody.
func TestNothingThatAVendorSeesIsRemembered(t *testing.T) {
	t.Parallel()
	may, err := postgres.Scalar[bool](t.Context(), pgtest.Tx(t), `
		SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'souk_vendor' AND has_table_privilege(oid, 'quote_epochs', 'SELECT')) AS may`, nil)
	if err != nil || may {
		t.Errorf("vendors may read the epoch: %t, %v", may, err)
	}
}

// Where the trigger of a table names columns, it names all but those that orders
// write.
func TestTheTriggerOfPromotionsNamesAllThatQuotesAsk(t *testing.T) {
	t.Parallel()
	left, err := postgres.Column[string](t.Context(), pgtest.Tx(t), `
		SELECT a.attname::text FROM pg_attribute a JOIN pg_trigger t ON t.tgrelid = a.attrelid
		WHERE t.tgname = 'quote_epoch' AND t.tgrelid = 'promotions'::regclass AND a.attnum > 0 AND NOT a.attisdropped AND NOT a.attnum = ANY (t.tgattr::int2[])
		ORDER BY 1`, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"created_at", "id", "spent_minor", "updated_at", "used"}; !slices.Equal(left, want) {
		t.Errorf("%v end no epoch, want %v", left, want)
	}
}

func triggered(t *testing.T, db postgres.DB, trigger string) []string {
	t.Helper()
	tables, err := postgres.Column[string](t.Context(), db, `SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = @trigger`, pgx.NamedArgs{"trigger": trigger})
	if err != nil {
		t.Fatal(err)
	}
	return tables
}

// tablesOf is the tables that a statement reads, within functions too: those that
// are no part of its plan would go unseen, so there must be none.
func tablesOf(t *testing.T, tx pgx.Tx, sql string) []string {
	t.Helper()
	sql = regexp.MustCompile(`@(\w+)`).ReplaceAllString(sql, "NULL")
	rows, err := tx.Query(t.Context(), `EXPLAIN (VERBOSE, COSTS OFF, FORMAT JSON) `+sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	plan, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	if strings.Contains(plan, `"Function Scan"`) && !strings.Contains(plan, `"Function Name": "unnest"`) {
		t.Fatalf("a function that is not written into its statement hides what it reads: %s", plan)
	}
	found := map[string]bool{}
	for _, m := range regexp.MustCompile(`"Relation Name": "(\w+)"`).FindAllStringSubmatch(plan, -1) {
		found[m[1]] = true
	}
	if len(found) == 0 {
		t.Fatalf("no tables in %s", plan)
	}
	return slices.Collect(maps.Keys(found))
}

// A place as it is kept has the zone of the place itself.
func TestPlacesThatAreKeptAsOneAreTaxedAlike(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	zones := &tax.Zones{DB: pool}
	some := func(t *rapid.T, label string, from ...string) string { return rapid.SampledFrom(from).Draw(t, label) }
	rapid.Check(t, func(rt *rapid.T) {
		tx, err := pool.Begin(t.Context())
		if err != nil {
			rt.Fatal(err)
		}
		defer func() { _ = tx.Rollback(context.Background()) }()
		byRegion, byPostal := rapid.Bool().Draw(rt, "by region"), rapid.Bool().Draw(rt, "by postal code")
		for i := range rapid.IntRange(0, 4).Draw(rt, "zones") {
			zone := tax.Zone{Name: fmt.Sprint(i), Countries: []string{some(rt, "country", "DE", "US", "*")}}
			if zone.Countries[0] != "*" && byRegion {
				zone.Regions = []string{some(rt, "region", "CA", "NY")}
			}
			if zone.Countries[0] != "*" && byPostal {
				zone.PostalPrefixes = []string{some(rt, "prefix", "1", "101", "9")}
			}
			if _, err := zones.Create(t.Context(), tx, zone); err != nil {
				rt.Fatal(err)
			}
		}
		country, region, postal := some(rt, "to", "DE", "US", "FR", ""), some(rt, "its region", "", "CA", "ny"), some(rt, "its code", "", "10115", "9 0", "20")
		match := func(country, region, postal string) (tax.Zone, error) {
			return zones.Match(t.Context(), tx, country, region, postal)
		}
		want, err := match(country, region, postal)
		if err != nil {
			rt.Fatal(err)
		}
		got, err := match(cart.Kept(country, region, postal, byRegion, byPostal))
		if err != nil || got.ID != want.ID {
			rt.Errorf("%s %s %s is kept in zone %s, but is in %s: %v", country, region, postal, got.ID, want.ID, err)
		}
	})
}

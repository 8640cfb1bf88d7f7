package simulator_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/app/apptest"
	"souk/internal/id"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
	"souk/internal/pricing"
	"souk/internal/promotions"
	"souk/internal/simulator"
)

// Ten thousand orders of two lines by 3,000 mailboxes, of which every third was
// given something: `go test ./internal/simulator -run '^$' -bench Replay`.
var manyOrders = []string{
	`SET LOCAL statement_timeout = 0`,
	`INSERT INTO vendors (id, slug, name, status) VALUES (md5('v')::uuid, 'bench', 'Bench', 'active')`,
	`INSERT INTO products (id, vendor_id, slug, title, status) SELECT md5('p' || n)::uuid, md5('v')::uuid, 'bench-' || n, 'Product', 'active' FROM generate_series(0, 499) n`,
	`INSERT INTO tags (id, slug, name) VALUES (md5('t')::uuid, 'blue', 'Blue')`,
	`INSERT INTO product_tags (product_id, tag_id) SELECT id, md5('t')::uuid FROM products WHERE slug LIKE 'bench-%0'`,
	`INSERT INTO promotions (id, name, needs_code, platform_ppm, conditions, reward)
	 VALUES (md5('given')::uuid, 'Given', false, 1000000, '{}', '{"kind": "percent_off", "percent_ppm": 100000}')`,
	`INSERT INTO orders (id, number, cart_id, user_id, email, status, payment_status, fulfillment_status, currency, items_minor, discount_minor, shipping_minor,
		tax_minor, tax_included, grand_total_minor, shipping_address, billing_address, placed_at)
	 SELECT md5('o' || n)::uuid, 'B' || n, md5('c' || n)::uuid, gen_random_uuid(), 'user' || n % 3000 || '@example.com', 'confirmed', 'authorized', 'unfulfilled', 'USD',
		4000, CASE WHEN n % 3 = 0 THEN 200 ELSE 0 END, 500, 0, false, 4500 - CASE WHEN n % 3 = 0 THEN 200 ELSE 0 END, '{"country": "DE"}', '{"country": "DE"}',
		now() - make_interval(mins => 10000 - n) FROM generate_series(1, 10000) n`,
	`INSERT INTO vendor_orders (id, order_id, vendor_id, vendor_name, vendor_slug, number, status, currency, items_minor, discount_minor, shipping_minor, tax_minor, total_minor, shipping_option)
	 SELECT md5('vo' || number)::uuid, id, md5('v')::uuid, 'Bench', 'bench', number || '-1', 'confirmed', 'USD', items_minor, discount_minor, shipping_minor, 0, grand_total_minor,
		'{"kind": "standard"}' FROM orders`,
	`INSERT INTO order_lines (id, order_id, vendor_order_id, vendor_id, variant_id, product_id, product_slug, position, title, variant_title, tracked, requires_shipping, quantity,
		unit_price_minor, subtotal_minor, discount_minor, tax_minor, total_minor, commission_bps, commission_minor, currency)
	 SELECT md5('l' || k || number)::uuid, o.id, md5('vo' || number)::uuid, md5('v')::uuid, md5('x' || (hashtext(number) & 1023) % 500)::uuid, md5('p' || (hashtext(number || k) & 65535) % 500)::uuid, '',
		k, 'Thing', '', false, true, 2, 1000, 2000, CASE WHEN k = 1 THEN discount_minor ELSE 0 END, 0, 2000 - CASE WHEN k = 1 THEN discount_minor ELSE 0 END, 0, 0, 'USD'
	 FROM orders o CROSS JOIN generate_series(1, 2) k`,
	`INSERT INTO adjustments (id, order_id, vendor_order_id, order_line_id, kind, label, amount_minor, promotion_id, platform_minor)
	 SELECT gen_random_uuid(), order_id, vendor_order_id, id, 'discount', 'Given', discount_minor, md5('given')::uuid, discount_minor FROM order_lines WHERE discount_minor > 0`,
	`ANALYZE`,
}

func BenchmarkReplay(b *testing.B) {
	pool := pgtest.DB(b)
	a := apptest.New(b, pool)
	a.InTx(b, func(tx pgx.Tx) error {
		for _, sql := range manyOrders {
			if _, err := tx.Exec(b.Context(), sql); err != nil {
				return err
			}
		}
		return nil
	})
	tag, err := postgres.Scalar[id.Tag](b.Context(), pool, `SELECT id FROM tags`, nil)
	if err != nil {
		b.Fatal(err)
	}
	half := pricing.Reward{Kind: pricing.PercentOff, PPM: 500_000}
	blue := half
	blue.Goods.Tags = []id.Tag{tag}
	for name, draft := range map[string]promotions.Proposal{
		"all of 10,000":      {Name: "Half", Reward: half},
		"first orders, blue": {Name: "Blue", Reward: blue, Conditions: pricing.Conditions{FirstOrder: true}},
	} {
		b.Run(name, func(b *testing.B) {
			matched := 0
			for b.Loop() {
				found, err := a.Simulator.Replay(b.Context(), pool, id.Vendor{}, simulator.Rerun{Draft: &draft})
				if err != nil || found.Orders != 10_000 || found.Matched == 0 {
					b.Fatalf("%+v, %v", found, err)
				}
				matched = found.Matched
			}
			b.ReportMetric(float64(matched), "matched")
		})
	}
}

package verify

import (
	"context"
	_ "embed"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"souk/internal/platform/pgtest"
)

//go:embed testdata/shop.sql
var healthyShop string

func sample(t testing.TB) *pgxpool.Pool {
	t.Helper()
	pool := pgtest.DB(t)
	if _, err := pool.Exec(t.Context(), healthyShop); err != nil {
		t.Fatalf("the sample breaks a constraint: %v", err)
	}
	return pool
}

func TestAHealthyShopHasNoViolations(t *testing.T) {
	t.Parallel()
	report, err := Run(t.Context(), sample(t))
	if err != nil {
		t.Fatal(err)
	}
	if want := (Report{OK: true, Checked: len(Rules()), Violations: []Violation{}}); !cmp.Equal(report, want) {
		t.Error(cmp.Diff(want, report))
	}
}

func TestAnEmptyShopHasNoViolations(t *testing.T) {
	t.Parallel()
	report, err := Run(t.Context(), pgtest.DB(t))
	if err != nil || !report.OK {
		t.Errorf("%v, %v", report, err)
	}
}

// A corruption breaks the sample in one way, and exactly its rule must say so.
type corruption struct {
	rule string
	sql  string
	too  []string // rules that cannot but fire as well
	why  string   // they cannot
}

var corruptions = []corruption{
	{
		rule: "A1", sql: `UPDATE orders SET rounding_minor = 1 WHERE id = u('travelling')`,
		too: []string{"A7", "B10"}, why: "the rounding is part of what the vendor orders and the promised money add up to",
	},
	{
		rule: "A1", sql: `UPDATE orders SET tax_included = true WHERE id = u('travelling')`,
		too: []string{"A3", "A7"}, why: "the same word decides over the totals of lines and parts",
	},
	{
		rule: "A2", sql: `UPDATE orders SET items_minor = items_minor + 1, discount_minor = discount_minor + 1 WHERE id = u('travelling')`,
		too: []string{"A4"}, why: "without the discount the total would not add up either",
	},
	{rule: "A2", sql: `UPDATE order_lines SET unit_price_minor = 999 WHERE id = u('arrived teapots')`},
	{rule: "A3", sql: `UPDATE order_lines SET tax_minor = 299 WHERE id = u('travelling teapots');
		UPDATE adjustments SET amount_minor = 299 WHERE id = u('adjustment 1'); UPDATE adjustments SET amount_minor = 51 WHERE id = u('adjustment 2')`},
	{rule: "A4", sql: `UPDATE adjustments SET amount_minor = 499 WHERE id = u('adjustment 3');
		UPDATE promotion_redemptions SET amount_minor = 499; UPDATE promotions SET spent_minor = 499 WHERE id = u('autumn')`},
	{rule: "A4", sql: `UPDATE adjustments SET order_line_id = NULL, platform_minor = 0 WHERE id = u('adjustment 3');
		UPDATE order_lines SET platform_minor = 0 WHERE id = u('travelling rug')`},
	{rule: "A5", sql: `DELETE FROM adjustments WHERE id = u('adjustment 8')`},
	{rule: "A5", sql: `UPDATE adjustments SET order_line_id = u('arrived teapots') WHERE id = u('adjustment 7')`},
	{rule: "A6", sql: `UPDATE order_lines SET quantity = 0, quantity_cancelled = 0, subtotal_minor = 0, discount_minor = 0,
		total_minor = 0, cancelled_minor = 0, commission_minor = 0, cancelled_commission_minor = 0 WHERE id = u('withdrawn teapot');
		UPDATE orders SET items_minor = 0, grand_total_minor = 0 WHERE id = u('withdrawn');
		UPDATE vendor_orders SET total_minor = 0 WHERE order_id = u('withdrawn');
		UPDATE payments SET amount_minor = 0, authorized_minor = 0, voided_minor = 0 WHERE order_id = u('withdrawn');
		UPDATE payment_events SET amount_minor = 0 WHERE payment_id = u('payment 3')`},
	{rule: "A6", sql: `UPDATE orders SET shipping_minor = -100, rounding_minor = rounding_minor + 100 WHERE id = u('withdrawn');
		UPDATE vendor_orders SET total_minor = 900, shipping_minor = -100 WHERE order_id = u('withdrawn')`},
	{rule: "A6", sql: `DELETE FROM order_lines WHERE order_id = u('withdrawn'); DELETE FROM reservations WHERE order_id = u('withdrawn');
		UPDATE orders SET items_minor = 0, grand_total_minor = 0 WHERE id = u('withdrawn');
		UPDATE vendor_orders SET total_minor = 0 WHERE order_id = u('withdrawn');
		UPDATE payments SET amount_minor = 0, authorized_minor = 0, voided_minor = 0 WHERE order_id = u('withdrawn');
		UPDATE payment_events SET amount_minor = 0 WHERE payment_id = u('payment 3')`},
	{rule: "A7", sql: `UPDATE order_lines SET vendor_id = u('weaver') WHERE id = u('arrived card')`},
	{rule: "A7", sql: `UPDATE vendor_orders SET shipping_minor = shipping_minor - 1 WHERE id = u('travelling, potter')`},
	{rule: "A8", sql: `UPDATE order_lines SET currency = 'EUR' WHERE id = u('travelling rug')`},
	{rule: "A8", sql: `UPDATE vendor_orders SET currency = 'EUR' WHERE id = u('travelling, weaver')`},
	{rule: "A8", sql: `UPDATE payments SET currency = 'EUR' WHERE id = u('payment 4')`},
	{rule: "A8", sql: `UPDATE payment_events SET currency = 'EUR' WHERE id = u('fact 1')`},
	{
		rule: "A9", sql: `UPDATE order_lines SET quantity_returned = 3 WHERE id = u('arrived teapots')`,
		too: []string{"A11", "A13", "E7"}, why: "no parcel is back, in the stock neither, and the part would have nothing with its buyer",
	},
	{rule: "A10", sql: `UPDATE orders SET status = 'shipped' WHERE id = u('travelling');
		UPDATE events SET data = data || '{"to": "shipped"}' WHERE id = u('event travelling2')`},
	{rule: "A10", sql: `UPDATE vendor_orders SET status = 'shipped' WHERE id = u('arrived, potter')`},
	{rule: "A11", sql: `UPDATE shipment_lines SET quantity = 2 WHERE shipment_id = u('parcel 1')`},
	{rule: "A12", sql: `UPDATE order_lines SET cancelled_tax_minor = 1 WHERE id = u('withdrawn teapot')`},
	{rule: "A12", sql: `UPDATE order_lines SET cancelled_minor = 4999 WHERE id = u('shortened rug')`},
	{rule: "A12", sql: `UPDATE order_lines SET quantity_cancelled_paid = quantity_cancelled, cancelled_minor = 0, cancelled_tax_minor = 0, cancelled_commission_minor = 0,
		cancelled_platform_minor = 0 WHERE id = u('withdrawn teapot')`, too: []string{"B15"}, why: "nothing was given back for it"},
	{rule: "A13", sql: `UPDATE vendor_orders SET status = 'confirmed' WHERE id = u('travelling, potter')`},
	{rule: "A13", sql: `UPDATE vendor_orders SET status = 'partially_shipped' WHERE id = u('travelling, weaver')`},
	{rule: "A13", sql: `UPDATE order_lines SET quantity_returned = quantity_fulfilled WHERE order_id = u('arrived')`, too: []string{"A11", "E7"}, why: "no parcel is back, in the stock neither"},

	{rule: "A14", sql: `UPDATE order_line_components SET total_minor = 381 WHERE variant_id = u('card')`},
	{rule: "A14", sql: `UPDATE order_line_components SET tax_minor = 1 WHERE variant_id = u('card')`},
	{rule: "A15", sql: `UPDATE orders SET trace = jsonb_build_array(jsonb_build_object('amount', jsonb_build_object('amount', grand_total_minor - 1)))
		WHERE id = u('travelling')`},

	{rule: "A16", sql: `UPDATE orders SET tax_source = '{"engine": "taxjar", "failure": "taxjar answered 503"}' WHERE id = u('arrived')`},

	{rule: "A17", sql: `UPDATE vendor_orders SET shipping_minor = 0, fee_minor = 500 WHERE id = u('travelling, potter')`},
	{rule: "A17", sql: `UPDATE vendor_orders SET shipping_minor = 0, fee_minor = 500 WHERE id = u('travelling, potter');
		UPDATE orders SET shipping_minor = 700, fee_minor = 500 WHERE id = u('travelling'); UPDATE payments SET provider = 'bank_transfer' WHERE order_id = u('travelling')`},
	{
		rule: "A18", sql: `UPDATE vendor_orders SET status = 'refused' WHERE id = u('withdrawn, potter')`,
		too: []string{"A10"}, why: "the order would not be cancelled, but returned",
	},
	{rule: "B1", sql: `UPDATE payments SET amount_minor = 4999 WHERE id = u('payment 1')`},
	{rule: "B1", sql: `UPDATE payments SET voided_minor = -1, authorized_minor = authorized_minor - 1 WHERE id = u('payment 1');
		UPDATE payment_events SET amount_minor = amount_minor - 1 WHERE id = u('fact 1');
		INSERT INTO payment_events VALUES (u('fact 9'), u('payment 1'), 'void', -1, 'USD', 'mistake', 'anna')`},
	{rule: "B2", sql: `DELETE FROM payment_events WHERE id = u('fact 1')`},
	{rule: "B2", sql: `UPDATE payment_events SET amount_minor = 999 WHERE id = u('fact 5')`},
	{
		rule: "B3", sql: `INSERT INTO refunds VALUES (u('refund 1'), u('arrived'), 'USD', 1, 'store_credit', 'mistake', 'staff')`,
		too: []string{"B12", "J4"}, why: "neither the order nor the trail say that something was given back",
	},
	{
		rule: "B3", sql: `INSERT INTO payment_events VALUES (u('fact 99'), u('payment 2'), 'refund', 0, 'USD', 'refund 1', 'staff');
			UPDATE payment_events SET amount_minor = 1 WHERE id = u('fact 99'); UPDATE payments SET refunded_minor = 1 WHERE id = u('payment 2')`,
		too: []string{"C4", "C5"}, why: "nobody has posted it",
	},
	{
		rule: "B4", sql: `INSERT INTO refunds VALUES (u('refund 1'), u('travelling'), 'USD', 1, 'store_credit', 'mistake', 'staff');
			INSERT INTO refund_lines VALUES (u('refund line 1'), u('refund 1'), u('travelling, potter'), u('travelling teapots'), 1, 1, 0, 0, 0)`,
		too: []string{"B12", "D2", "J4"}, why: "neither the order nor the books nor the trail say that something was given back",
	},
	{
		rule: "B4", sql: `INSERT INTO refunds VALUES (u('refund 1'), u('arrived'), 'USD', 2500, 'store_credit', 'mistake', 'staff'); UPDATE orders SET payment_status = 'refunded' WHERE id = u('arrived');
			INSERT INTO refund_lines VALUES (u('refund line 1'), u('refund 1'), u('arrived, potter'), u('arrived teapots'), 2, 2500, 416, 184, 0)`,
		too: []string{"D2", "J4"}, why: "neither the books nor the trail say that something was given back",
	},
	{
		rule: "B15", sql: `UPDATE order_lines SET quantity_cancelled = 1, quantity_cancelled_paid = 1, quantity_fulfilled = 1 WHERE id = u('arrived teapots')`,
		too: []string{"A11", "E7"}, why: "two were in the parcel",
	},
	{rule: "B16", sql: `INSERT INTO payment_exceptions (id, provider, kind, payment_id, subject) VALUES (u('trouble 1'), 'bank_transfer', 'refund_by_hand', u('payment 2'), 'x')`},
	{rule: "B17", sql: `UPDATE payment_instructions SET payment_id = u('payment 1') WHERE id = u('contested')`},
	{rule: "B17", sql: `UPDATE payment_instructions SET updated_at = now() WHERE id = u('contested')`},
	{rule: "B17", sql: `UPDATE payment_instructions SET id = 'ffffffff-0000-0000-0000-000000000000' WHERE id = u('contested')`},
	{rule: "B17", sql: `UPDATE payment_disputes SET status = 'under_review'`},
	{rule: "B17", sql: `UPDATE payment_exceptions SET subject = 'dp_2' WHERE kind = 'dispute'`},
	{rule: "B5", sql: `UPDATE orders SET payment_status = 'partially_paid' WHERE id = u('arrived')`},
	{rule: "B12", sql: `UPDATE orders SET payment_status = 'partially_refunded' WHERE id = u('arrived')`},
	{rule: "B12", sql: `UPDATE orders SET payment_status = 'refunded' WHERE id = u('travelling')`},
	{rule: "B5", sql: `UPDATE orders SET payment_status = 'paid' WHERE id = u('withdrawn')`},
	{rule: "B6", sql: `UPDATE payments SET provider = 'online', provider_ref = 'pi_4' WHERE id = u('payment 1')`},
	{rule: "B6", sql: `INSERT INTO payment_events VALUES (u('fact 9'), u('payment 3'), 'void', 0, 'USD', 'cancelled', 'guest')`},
	{rule: "B7", sql: `UPDATE payments SET captured_minor = 1000, voided_minor = 0, owed = true WHERE id = u('payment 3');
		UPDATE payment_events SET kind = 'capture' WHERE id = u('fact 5');
		INSERT INTO ledger_txns VALUES (u('posting 3'), 'payment_event', u('fact 5'), 'paid late');
		INSERT INTO ledger_accounts VALUES (u('owed to buyers'), 'buyer_payable', 'USD', '', NULL);
		INSERT INTO ledger_entries (txn_id, account_id, currency, amount_minor) VALUES
			(u('posting 3'), u('cash'), 'USD', 1000), (u('posting 3'), u('owed to buyers'), 'USD', -1000)`},
	{rule: "B8", sql: `UPDATE payments SET amount_minor = amount_minor + 1 WHERE id = u('payment 4')`},
	{rule: "B9", sql: `INSERT INTO payment_accounts (provider, base_url) VALUES ('online', '')`},
	{rule: "B9", sql: `INSERT INTO payment_instructions (id, payment_id, currency, kind, amount_minor, due_at)
		VALUES (u('instruction 1'), u('payment 4'), 'USD', 'void', 0, now() + interval '2 hours')`},
	{rule: "B10", sql: `UPDATE payments SET voided_minor = 100 WHERE id = u('payment 1');
		INSERT INTO payment_events VALUES (u('fact 9'), u('payment 1'), 'void', 100, 'USD', 'mistake', 'anna')`},

	{rule: "B5", sql: `UPDATE orders SET payment_status = 'authorized' WHERE id = u('treated')`},
	{
		rule: "B11", sql: `UPDATE vendor_orders SET credit_minor = 1 WHERE id = u('waiting, weaver')`,
		too: []string{"B5", "C6"}, why: "nobody has paid it, ahead or otherwise",
	},

	{rule: "B13", sql: `INSERT INTO payment_exceptions (id, provider, kind, payment_id, subject, settled_minor) VALUES (u('trouble 1'), 'cod', 'refund_failed', u('payment 2'), 're_1', 100)`},
	{rule: "B13", sql: `INSERT INTO ledger_txns VALUES (u('posting 3'), 'payment_exception', u('trouble 1'), 'by hand');
		INSERT INTO ledger_accounts VALUES (u('owed to buyers'), 'buyer_payable', 'USD', '', NULL), (u('bank'), 'bank', 'USD', '', NULL);
		INSERT INTO ledger_entries (txn_id, account_id, currency, amount_minor) VALUES
			(u('posting 3'), u('owed to buyers'), 'USD', 100), (u('posting 3'), u('bank'), 'USD', -100)`},
	{rule: "B14", sql: `INSERT INTO provider_movements VALUES (u('payout 1'), 'online', 'payout', 'po_1', 'USD', -100, 0, now())`},
	{rule: "B14", sql: `INSERT INTO ledger_txns VALUES (u('posting 3'), 'provider_payout', u('payout 1'), 'stripe payout');
		INSERT INTO ledger_accounts VALUES (u('bank'), 'bank', 'USD', '', NULL);
		INSERT INTO ledger_entries (txn_id, account_id, currency, amount_minor) VALUES
			(u('posting 3'), u('bank'), 'USD', 100), (u('posting 3'), u('cash'), 'USD', -100)`},

	{rule: "C1", sql: `UPDATE ledger_entries SET amount_minor = amount_minor + 1 WHERE txn_id = u('posting 1') AND account_id = u('commission');
		UPDATE ledger_entries SET amount_minor = amount_minor - 1 WHERE txn_id = u('posting 2') AND account_id = u('commission')`},
	{rule: "C2", sql: `UPDATE ledger_accounts SET currency = 'EUR' WHERE id = u('tax')`},
	{rule: "C2", sql: `INSERT INTO ledger_entries (txn_id, account_id, currency, amount_minor) VALUES (u('posting 1'), u('tax'), 'USD', 0)`},
	{rule: "C2", sql: `INSERT INTO ledger_txns VALUES (u('posting 3'), 'correction', u('nothing'), 'no entries')`},
	{
		rule: "C3", sql: `INSERT INTO ledger_entries (txn_id, account_id, currency, amount_minor) VALUES (u('no posting'), u('commission'), 'USD', 7)`,
		too: []string{"C1"}, why: "an orphan entry is a transaction that does not balance, too",
	},
	{rule: "C4", sql: `UPDATE ledger_txns SET ref_id = u('fact 1') WHERE id = u('posting 1')`},
	{rule: "C4", sql: `UPDATE ledger_txns SET ref_id = u('no fact') WHERE id = u('posting 2')`},
	{rule: "C5", sql: `UPDATE ledger_accounts SET party = 'online' WHERE id = u('cash')`},

	{rule: "C6", sql: `UPDATE ledger_entries SET account_id = u('commission') WHERE account_id = u('ahead')`},
	{rule: "C7", sql: `UPDATE ledger_entries SET account_id = u('on account') WHERE txn_id = u('posting 10') AND account_id = u('on cards')`},
	{rule: "C7", sql: `UPDATE ledger_entries SET account_id = u('commission') WHERE account_id = u('on account')`},
	{rule: "C8", sql: `UPDATE ledger_period_balances SET debit_minor = 101 WHERE account_id = u('fees')`},
	{rule: "C8", sql: `UPDATE ledger_txns SET at = '2026-01-20' WHERE id = u('posting 21')`},
	{rule: "C8", sql: `UPDATE ledger_txns SET at = '2025-12-31' WHERE id = u('posting 1')`},
	{rule: "C8", sql: `DELETE FROM ledger_period_balances WHERE account_id = u('fees')`},
	{rule: "C8", sql: `DELETE FROM ledger_period_balances WHERE month = '2026-02-01'; UPDATE ledger_txns SET at = '2026-03-15' WHERE id = u('posting 21')`},
	{rule: "C9", sql: `INSERT INTO ledger_periods VALUES ('2026-04-01'); INSERT INTO ledger_period_changes (month, change, actor) VALUES ('2026-04-01', 'closed', 'anna');
		INSERT INTO ledger_period_balances SELECT '2026-04-01', account_id, debit_minor, credit_minor FROM ledger_period_balances WHERE month = '2026-02-01'`},
	{rule: "C9", sql: `DELETE FROM ledger_period_changes WHERE month = '2026-02-01'`},
	{rule: "C9", sql: `INSERT INTO ledger_period_changes (month, change, reason, actor) VALUES ('2026-02-01', 'reopened', 'why not', 'anna')`},
	{rule: "C9", sql: `INSERT INTO ledger_period_changes (month, change, actor) VALUES ('2026-03-01', 'closed', 'anna')`},
	{rule: "C10", sql: `UPDATE ledger_accounts SET kind = 'disputes' WHERE id = u('fees')`},
	{rule: "C10", sql: `INSERT INTO payment_disputes (id, payment_id, ref, currency, amount_minor, reason, status) VALUES (u('lost'), u('payment 1'), 'dp_lost', 'USD', 100, 'fraud', 'lost')`},

	{rule: "D1", sql: `UPDATE order_lines SET commission_minor = 5001 WHERE id = u('waiting rug')`},
	{
		rule: "D1", sql: `UPDATE order_lines SET commission_minor = 2101 WHERE id = u('shortened teapots')`,
		too: []string{"D2"}, why: "only a line that was shipped in part, and so paid, has a rest to compare with",
	},
	{rule: "D2", sql: `UPDATE ledger_accounts SET vendor_id = u('weaver') WHERE id = u('due to potter')`},
	{rule: "D2", sql: `UPDATE order_lines SET commission_minor = 168 WHERE id = u('arrived teapots')`},
	{rule: "D6", sql: `INSERT INTO ledger_accounts VALUES (u('fees'), 'fee_revenue', 'USD', '', NULL);
		UPDATE ledger_entries SET account_id = u('fees') WHERE txn_id = u('posting 1') AND account_id = u('commission')`},
	{rule: "D5", sql: `UPDATE vendor_orders SET house = true WHERE id = u('travelling, weaver')`},
	{rule: "D5", sql: `INSERT INTO ledger_txns VALUES (u('posting 3'), 'vendor_order', u('waiting, weaver'), 'given');
		INSERT INTO ledger_accounts VALUES (u('sales'), 'sales_revenue', 'USD', '', NULL);
		INSERT INTO ledger_entries (txn_id, account_id, currency, amount_minor) VALUES
			(u('posting 3'), u('commission'), 'USD', 1), (u('posting 3'), u('sales'), 'USD', -1)`},
	{
		rule: "D5", sql: `UPDATE vendor_orders SET house = true WHERE id = u('arrived, potter'); UPDATE vendors SET house = true WHERE id = u('potter');
			UPDATE vendor_orders SET house = true WHERE vendor_id = u('potter')`,
		too: []string{"D2"}, why: "the books say that this is owed to a vendor",
	},

	{rule: "E1", sql: `UPDATE stock_levels SET on_hand = on_hand + 1 WHERE variant_id = u('teapot')`},
	{rule: "E1", sql: `INSERT INTO stock_movements (variant_id, location_id, delta, reason, actor) VALUES (u('card'), u('kiln'), 5, 'receive', 'potter')`},
	{rule: "E2", sql: `UPDATE stock_levels SET allocated = allocated - 1 WHERE variant_id = u('teapot')`},
	{rule: "E2", sql: `UPDATE stock_levels SET reserved = 0, allocated = 2 WHERE variant_id = u('rug')`},
	{rule: "E2", sql: `UPDATE reservations SET location_id = u('loom') WHERE id = u('for travelling teapots')`},
	{rule: "E3", sql: `UPDATE stock_levels SET on_hand = 1 WHERE variant_id = u('teapot'); UPDATE listings SET in_stock = false WHERE product_id IN (u('teapots'), u('sets'));
		INSERT INTO stock_movements (variant_id, location_id, delta, reason, actor) VALUES (u('teapot'), u('kiln'), -14, 'count', 'potter')`},
	{rule: "E4", sql: `UPDATE reservations SET expires_at = now() - interval '6 minutes' WHERE id = u('for waiting rug')`},
	{rule: "E5", sql: `UPDATE reservations SET quantity = 1 WHERE id = u('for travelling teapots');
		UPDATE stock_levels SET allocated = allocated - 1 WHERE variant_id = u('teapot')`},
	{rule: "E5", sql: `UPDATE reservations SET state = 'allocated', expires_at = NULL WHERE id = u('for waiting rug');
		UPDATE stock_levels SET reserved = 0, allocated = 2 WHERE variant_id = u('rug')`},
	{rule: "E6", sql: `UPDATE reservations SET state = 'allocated', quantity = 1 WHERE id = u('for withdrawn teapot');
		UPDATE stock_levels SET allocated = allocated + 1 WHERE variant_id = u('teapot')`},
	{rule: "E6", sql: `UPDATE reservations SET order_id = u('arrived') WHERE id = u('for travelling rug')`},
	{rule: "E6", sql: `INSERT INTO reservations VALUES (u('stray'), u('travelling'), u('no line'), u('rug'), u('loom'), 1, 'allocated');
		UPDATE stock_levels SET allocated = 2 WHERE variant_id = u('rug')`},
	{rule: "E5", sql: `UPDATE reservations SET quantity = 1 WHERE id = u('for given sets');
		UPDATE stock_levels SET allocated = 3 WHERE variant_id = u('teapot')`},
	{
		rule: "E6", sql: `UPDATE reservations SET variant_id = u('set') WHERE id = u('for given sets');
			UPDATE stock_levels SET allocated = 2 WHERE variant_id = u('teapot'); INSERT INTO stock_levels VALUES (u('set'), u('kiln'), u('potter'), 0, 0, 2, 2)`,
		too: []string{"E5", "E9"}, why: "the component is promised to nobody, and the set has what it never has",
	},
	{rule: "E7", sql: `UPDATE stock_movements SET ref = NULL WHERE ref = u('arrived teapots')`},
	{rule: "E7", sql: `UPDATE order_line_components SET quantity = 1 WHERE variant_id = u('teapot');
		UPDATE reservations SET quantity = 1 WHERE id = u('for given sets'); UPDATE stock_levels SET allocated = 3 WHERE variant_id = u('teapot')`},
	{rule: "E8", sql: `UPDATE stock_levels SET vendor_id = u('weaver') WHERE variant_id = u('teapot')`},
	{rule: "E8", sql: `UPDATE locations SET vendor_id = u('potter') WHERE id = u('loom')`},

	{rule: "E9", sql: `INSERT INTO stock_levels (variant_id, location_id, vendor_id, on_hand) VALUES (u('set'), u('kiln'), u('potter'), 1);
		INSERT INTO stock_movements (variant_id, location_id, delta, reason, actor) VALUES (u('set'), u('kiln'), 1, 'receive', 'potter')`},

	{rule: "F1", sql: `UPDATE promotions SET used = 2 WHERE id = u('autumn')`},
	{rule: "F1", sql: `UPDATE promotions SET spent_minor = 499 WHERE id = u('autumn')`},
	{rule: "F1", sql: `UPDATE coupons SET used = 0 WHERE id = u('code 1')`},
	{rule: "F2", sql: `UPDATE promotions SET used = 2 WHERE id = u('autumn');
		INSERT INTO promotion_redemptions (id, promotion_id, order_id, customer, slot, amount_minor, currency) VALUES
			(u('redemption 2'), u('autumn'), u('arrived'), sha256('anna'), 1, 0, 'USD')`, too: []string{"F3"}, why: "nothing was taken off that order"},
	{rule: "F3", sql: `UPDATE adjustments SET promotion_id = u('winter') WHERE id = u('adjustment 3')`},
	{rule: "F3", sql: `UPDATE promotion_redemptions SET released_at = now() WHERE id = u('redemption 1');
		UPDATE promotions SET used = 0, spent_minor = 0 WHERE id = u('autumn'); UPDATE coupons SET used = 0 WHERE id = u('code 1')`},
	{rule: "F3", sql: `UPDATE promotion_redemptions SET currency = 'EUR' WHERE id = u('redemption 1')`},
	{rule: "F4", sql: `UPDATE order_lines SET platform_minor = 199 WHERE id = u('travelling rug')`},
	{rule: "F4", sql: `UPDATE vendor_orders SET shipping_platform_minor = 1 WHERE id = u('travelling, weaver')`},

	{
		rule: "F5", sql: `UPDATE gift_cards SET balance_minor = 3999 WHERE id = u('treat')`,
		too: []string{"C7"}, why: "the books say what is owed on it",
	},
	{rule: "F5", sql: `UPDATE gift_card_entries SET kind = 'adjusted' WHERE id = u('entry 1')`},
	{
		rule: "F5", sql: `UPDATE gift_card_entries SET delta_minor = -5001 WHERE id = u('entry 2'); UPDATE gift_cards SET balance_minor = -1 WHERE id = u('treat')`,
		too: []string{"C7", "F7"}, why: "its order was not paid with so much",
	},
	{
		rule: "F6", sql: `UPDATE store_credits SET balance_minor = 299`,
		too: []string{"C7"}, why: "the books say what is owed",
	},
	{rule: "F7", sql: `UPDATE gift_card_entries SET kind = 'adjusted', payment_id = NULL WHERE id = u('entry 2')`},
	{rule: "F7", sql: `UPDATE gift_card_entries SET payment_id = u('payment 11') WHERE id = u('entry 2')`},
	{rule: "F8", sql: `UPDATE products SET vendor_id = u('potter') WHERE id = u('vouchers')`},
	{rule: "F8", sql: `UPDATE variants SET taxable = true WHERE id = u('voucher')`},
	{rule: "F8", sql: `UPDATE gift_cards SET order_id = u('arrived'), order_line_id = u('arrived card') WHERE id = u('treat')`},

	{rule: "G1", sql: `UPDATE orders SET cart_id = u('cart 2') WHERE id = u('withdrawn'); UPDATE carts SET order_id = NULL WHERE id = u('cart 3');
		DELETE FROM carts WHERE id = u('cart 2')`},
	{rule: "G1", sql: `UPDATE orders SET number = 'S-1' WHERE id = u('withdrawn')`},
	{rule: "G1", sql: `UPDATE carts SET order_id = u('arrived') WHERE id = u('cart 6')`},
	{rule: "G1", sql: `UPDATE carts SET order_id = NULL WHERE id = u('cart 4')`},
	{rule: "G2", sql: `INSERT INTO idempotency_keys (principal, operation, key, request_hash, status, response)
		SELECT principal, operation, key, request_hash, status, response FROM idempotency_keys WHERE operation = 'post-carts'`},
	{rule: "G2", sql: `UPDATE orders SET number = 'S-9' WHERE id = u('arrived')`},
	{rule: "G2", sql: `UPDATE idempotency_keys SET response = convert_to(replace(convert_from(response, 'UTF8'), '2500', '2499'), 'UTF8')`},

	{rule: "H1", sql: `DELETE FROM events WHERE subject = u('arrived') AND version = 3`},
	{rule: "H1", sql: `DELETE FROM events WHERE subject = u('waiting')`},
	{rule: "H1", sql: `UPDATE orders SET version = 2 WHERE id = u('waiting')`},
	{rule: "H2", sql: `UPDATE events SET data = data || '{"from": "pending"}' WHERE id = u('event withdrawn2')`},
	{rule: "H2", sql: `UPDATE events SET data = data || '{"to": "returned"}' WHERE id = u('event arrived2');
		UPDATE events SET data = data || '{"from": "returned"}' WHERE id = u('event arrived3')`},
	{rule: "H3", sql: `UPDATE events SET at = now() - interval '2 minutes'; UPDATE event_cursors SET seq = seq - 1 WHERE follower = 'search'`},
	{rule: "H4", sql: `INSERT INTO webhook_inbox (id, provider, event_id, type, body, happened_at, state) VALUES
		(u('notice 1'), 'stripe', 'evt_1', 'charge.succeeded', '', now(), 'ignored'), (u('notice 2'), 'stripe', 'evt_1', 'charge.succeeded', '', now(), 'ignored')`},
	{rule: "H4", sql: `INSERT INTO webhook_inbox (id, provider, event_id, type, body, happened_at, state, received_at)
		VALUES (u('notice 1'), 'stripe', 'evt_1', 'charge.succeeded', '', now(), 'due', now() - interval '26 hours')`},
	{rule: "H5", sql: `UPDATE river_job SET attempted_at = now() - interval '2 hours'`},

	{rule: "I1", sql: `UPDATE invoice_counters SET last = 3 WHERE kind = 'invoice'`},
	{rule: "I1", sql: `UPDATE invoices SET serial = 3 WHERE id = u('bill 1')`},
	{rule: "I2", sql: `UPDATE vendor_orders SET placed_at = now() + interval '1 day', updated_at = now() - interval '1 hour' WHERE id = u('given, potter')`},
	{rule: "I2", sql: `UPDATE vendor_orders SET placed_at = now() + interval '1 day', updated_at = now() - interval '1 hour' WHERE id = u('heard, weaver')`},
	{rule: "I3", sql: `UPDATE invoices SET total_minor = 2499 WHERE id = u('bill 1'); UPDATE invoice_lines SET total_minor = 299 WHERE invoice_id = u('bill 1') AND kind = 'shipping';
		UPDATE vendor_orders SET updated_at = now() - interval '1 hour' WHERE id = u('arrived, potter')`},
	{rule: "I4", sql: `UPDATE invoices SET total_minor = 2499 WHERE id = u('bill 1')`},
	{rule: "I4", sql: `UPDATE invoice_lines SET taxes = '[]' WHERE invoice_id = u('bill 1') AND kind = 'shipping'`},
	{rule: "I5", sql: `UPDATE invoice_lines SET quantity = 4 WHERE invoice_id = u('note 1')`},
	{rule: "I5", sql: `UPDATE invoices SET corrects = u('note 1') WHERE id = u('note 1')`},
	{rule: "J1", sql: `UPDATE refresh_tokens SET used_at = NULL WHERE hash = 'first'`},
	{rule: "J1", sql: `UPDATE sessions SET revoked_at = now() WHERE id = u('anna at home')`},
	{rule: "J2", sql: `UPDATE users SET disabled_at = now() WHERE id = u('anna')`},
	{rule: "J2", sql: `UPDATE sessions SET revoked_at = NULL WHERE id = u('gone at home')`},
	{rule: "J2", sql: `UPDATE users SET email = 'gone@example.com' WHERE id = u('gone')`},
	{rule: "J3", sql: `UPDATE audit_log SET actor = 'user_3' WHERE id = u('audit one')`},
	{rule: "J3", sql: `UPDATE audit_log SET at = at + interval '1 microsecond' WHERE id = u('audit two')`},
	{rule: "J3", sql: `DELETE FROM audit_log WHERE id = u('audit one')`},
	{rule: "J3", sql: `DELETE FROM audit_log WHERE id = u('audit one'); DELETE FROM audit_seals WHERE n = 1`},
	{rule: "J3", sql: `UPDATE audit_log SET xid = '4' WHERE id = u('audit one')`},
	{rule: "J3", sql: `INSERT INTO audit_log (xid, id, action, outcome, actor) VALUES ('1', u('audit forged'), 'auth-login', 200, 'user_3')`},

	{
		rule: "J4", sql: `INSERT INTO refunds VALUES (u('refund 1'), u('arrived'), 'USD', 1, 'store_credit', 'mistake', 'staff')`,
		too: []string{"B12", "B3"}, why: "neither the order nor its lines say that something was given back",
	},

	{rule: "K1", sql: `UPDATE prices SET compare_at_minor = 1100 WHERE variant_id = u('teapot')`},
	{rule: "K1", sql: `DELETE FROM price_history WHERE variant_id = u('card')`},
	{rule: "K2", sql: `DELETE FROM listed_products WHERE product_id = u('rugs'); DELETE FROM listings WHERE product_id = u('rugs')`},
	{rule: "K2", sql: `UPDATE products SET status = 'archived' WHERE id = u('cards'); UPDATE listings SET in_stock = false WHERE product_id = u('sets')`},
	{rule: "K2", sql: `UPDATE vendors SET status = 'suspended' WHERE id = u('weaver')`},
	{rule: "K2", sql: `DELETE FROM event_cursors; UPDATE vendors SET status = 'suspended', updated_at = now() - interval '2 minutes' WHERE id = u('weaver')`},
	{rule: "K3", sql: `UPDATE listings SET min_minor = 900 WHERE product_id = u('teapots')`},
	{rule: "K3", sql: `UPDATE listings SET in_stock = false WHERE product_id = u('cards')`},
	{rule: "K3", sql: `DELETE FROM listings WHERE product_id = u('teapots')`},

	{rule: "K3", sql: `UPDATE listings SET in_stock = false WHERE product_id = u('sets')`},
	{rule: "K5", sql: `UPDATE variants SET bundle = 'fixed' WHERE id = u('card'); UPDATE listings SET in_stock = false WHERE product_id = u('cards')`},
	{rule: "K5", sql: `UPDATE variants SET vendor_id = u('weaver') WHERE id = u('card')`},
	{rule: "K6", sql: `UPDATE prices SET amount_minor = 2091 WHERE variant_id = u('set') AND currency = 'USD'; UPDATE listings SET min_minor = 2091, max_minor = 2091 WHERE product_id = u('sets') AND currency = 'USD';
		INSERT INTO price_history (variant_id, currency, amount_minor, actor) VALUES (u('set'), 'USD', 2091, 'potter')`},
	{rule: "K6", sql: `UPDATE variants SET bundle_discount_bps = 0 WHERE id = u('set')`},
	{rule: "K6", sql: `DELETE FROM prices WHERE variant_id = u('set'); DELETE FROM listings WHERE product_id = u('sets')`},

	{rule: "L1", sql: `UPDATE product_ratings SET stars_4 = 0, stars_3 = 1 WHERE product_id = u('teapots')`},
	{rule: "L1", sql: `INSERT INTO product_ratings (product_id, stars_1) VALUES (u('cards'), 1)`},
	{
		rule: "L1", sql: `DELETE FROM product_ratings WHERE product_id = u('teapots')`,
		too: []string{"L4"}, why: "a listing tells what stands there",
	},
	{rule: "L1", sql: `UPDATE reviews SET status = 'published', held_for = '' WHERE id = u('doubtful')`},
	{rule: "L2", sql: `UPDATE reviews SET helpful_count = 0 WHERE id = u('praise')`},
	{rule: "L2", sql: `UPDATE review_reports SET settled_at = NULL WHERE review_id = u('stars')`},
	{rule: "L2", sql: `UPDATE review_votes SET user_id = u('anna') WHERE review_id = u('praise')`},
	{rule: "L2", sql: `UPDATE review_reports SET user_id = u('anna') WHERE review_id = u('praise')`},
	{rule: "L3", sql: `UPDATE shipments SET status = 'failed', delivered_at = NULL WHERE id = u('parcel 3')`},
	{
		rule: "L3", sql: `UPDATE reviews SET user_id = u('bert') WHERE id = u('stars')`,
		too: []string{"L2"}, why: "bert had reported it, which was somebody else's then",
	},
	{rule: "L3", sql: `UPDATE reviews SET user_id = u('anna') WHERE id = u('doubtful')`},
	{rule: "L4", sql: `UPDATE listings SET rating = 5 WHERE product_id = u('teapots')`},
	{rule: "L4", sql: `UPDATE listings SET rating_count = 1 WHERE product_id = u('rugs')`},

	{rule: "M1", sql: `INSERT INTO licence_keys (id, variant_id, vendor_id, digest, sealed, hint) VALUES (u('key 4'), u('song'), u('weaver'), sha256('4'), '4', '4')`},
	{rule: "M1", sql: `UPDATE licence_keys SET state = 'revoked' WHERE id = u('key 3')`},
	{rule: "M1", sql: `UPDATE stock_levels SET serialised = false WHERE variant_id = u('song')`},
	{rule: "M2", sql: `UPDATE licence_keys SET state = 'granted' WHERE id = u('key 3'); UPDATE licence_keys SET state = 'free' WHERE id = u('key 2')`},
	{rule: "M2", sql: `UPDATE digital_grants SET revoked_at = now() WHERE id = u('grant 3')`},
	{rule: "M3", sql: `UPDATE shipments SET kind = 'parcel' WHERE id = u('handed over')`},
	{rule: "M3", sql: `UPDATE order_lines SET digital = true WHERE id = u('arrived card')`},
	{
		rule: "M3", sql: `DELETE FROM digital_grants WHERE id = u('grant 3')`,
		too: []string{"M2"}, why: "its key is nobody's then",
	},
	{rule: "M4", sql: `UPDATE digital_grants SET vendor_id = u('potter') WHERE id = u('grant 1')`},
	{rule: "M4", sql: `UPDATE digital_grants SET order_id = u('arrived') WHERE id = u('grant 1')`},
	{rule: "P1", sql: `UPDATE currencies SET rate_ppb = 6900000000`},
	{rule: "P1", sql: `UPDATE currencies SET round_to_minor = 100, ending_minor = 99`},
	{rule: "P1", sql: `UPDATE currencies SET rate_ppb = NULL`},
	{rule: "P1", sql: `DELETE FROM prices WHERE variant_id = u('rug') AND currency = 'DKK'; DELETE FROM listings WHERE product_id = u('rugs') AND currency = 'DKK'`},
	{rule: "P2", sql: `UPDATE price_list_prices SET variant_id = u('rug')`},
	{rule: "P3", sql: `DELETE FROM customer_groups`},

	{rule: "Q1", sql: `INSERT INTO memberships (id, user_id, status, ends_at, benefits_until, currency) VALUES (u('again'), u('anna'), 'past_due', '2050-01-02', '2050-01-02', 'USD');
		INSERT INTO membership_periods (membership_id, number, plan_id, kind, starts_at, ends_at, currency) VALUES (u('again'), 1, u('gold'), 'granted', '2050-01-01', '2050-01-02', 'USD')`},
	{rule: "Q1", sql: `UPDATE memberships SET ends_at = '2050-02-11'`},
	{rule: "Q2", sql: `UPDATE membership_periods SET number = 3 WHERE number = 2`},
	{rule: "Q2", sql: `UPDATE membership_periods SET starts_at = '2050-01-20' WHERE number = 2`},
	{rule: "Q3", sql: `UPDATE membership_periods SET paid_minor = 1 WHERE number = 1`},
	{rule: "Q3", sql: `UPDATE membership_periods SET order_id = u('heard') WHERE number = 1`},
	{rule: "Q3", sql: `UPDATE membership_periods SET kind = 'granted' WHERE number = 1`},
	{rule: "Q4", sql: `UPDATE membership_periods SET credited_minor = 1 WHERE number = 1`},
	{rule: "Q4", sql: `UPDATE membership_periods SET paid_minor = 1 WHERE number = 2`},
	{rule: "Q5", sql: `UPDATE promotions SET name = '10 % off' WHERE plan_id IS NOT NULL`},
	{rule: "Q5", sql: `UPDATE promotions SET conditions = '{}' WHERE plan_id IS NOT NULL`},
	{rule: "Q5", sql: `UPDATE orders SET membership_minor = 1 WHERE id = u('travelling')`},
	{rule: "Q6", sql: `INSERT INTO membership_renewals VALUES (u('anna of gold'), 3, u('waiting')), (u('anna of gold'), 3, u('travelling'))`},
	{rule: "Q6", sql: `INSERT INTO membership_renewals VALUES (u('anna of gold'), 2, u('joined'))`},
	{
		rule: "Q7", sql: `UPDATE membership_periods SET set_off_minor = 1 WHERE number = 1`,
		too: []string{"Q4"}, why: "no period before it has given that",
	},
	{rule: "Q7", sql: `INSERT INTO membership_upgrades VALUES (u('an item'), u('anna of gold'), u('travelling'), 1, 'EUR', '', now())`},
	{rule: "Q7", sql: `INSERT INTO membership_upgrades VALUES (u('an item'), u('anna of gold'), u('travelling'), 0, 'EUR', '', now()), (u('another'), u('anna of gold'), u('waiting'), 0, 'EUR', '', now())`},
}

// What search has yet to read about in the log is not held against it.
func TestListingsMayLagALittle(t *testing.T) {
	t.Parallel()
	pool := sample(t)
	_, err := pool.Exec(t.Context(), `
		UPDATE products SET status = 'active', updated_at = now() WHERE id = u('bowls');
		UPDATE stock_levels SET backorder_limit = 10 WHERE variant_id = u('rug');
		UPDATE listings SET in_stock = false WHERE product_id = u('rugs');
		INSERT INTO events (id, name, data, actor) VALUES (u('unread'), 'catalog.changed', '{}', 'potter')`)
	if err != nil {
		t.Fatal(err)
	}
	if report, err := Run(t.Context(), pool); err != nil || !report.OK {
		t.Errorf("%+v, %v", report, err)
	}
}

// unguard takes away what would refuse a corruption: a checker that finds only
// what the constraints let through has not been tested.
const unguard = `
	DO $$ DECLARE c record; BEGIN
		FOR c IN SELECT conrelid::regclass AS t, conname FROM pg_constraint
		         WHERE connamespace = 'public'::regnamespace AND conrelid <> 0 AND contype <> 't' ORDER BY contype = 'p', contype = 'u' LOOP
			EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I CASCADE', c.t, c.conname);
		END LOOP;
		FOR c IN SELECT indexrelid::regclass AS t FROM pg_index WHERE indisunique AND indrelid::regclass::text NOT LIKE 'pg_%' LOOP
			EXECUTE format('DROP INDEX IF EXISTS %s', c.t);
		END LOOP;
		FOR c IN SELECT tgrelid::regclass AS t, tgname FROM pg_trigger WHERE NOT tgisinternal LOOP
			EXECUTE format('DROP TRIGGER %I ON %s', c.tgname, c.t);
		END LOOP;
	END $$`

func TestEveryRuleFindsItsCorruption(t *testing.T) {
	t.Parallel()
	pool := sample(t)
	if _, err := pool.Exec(t.Context(), unguard); err != nil {
		t.Fatalf("take the constraints away: %v", err)
	}
	for _, c := range corruptions {
		t.Run(c.rule, func(t *testing.T) {
			tx, err := pool.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
			want := append([]string{c.rule}, c.too...)
			slices.Sort(want)
			if got := fired(t, tx, c.sql); !slices.Equal(got, want) {
				t.Errorf("%v fired, want %v, after:\n%s", got, want, c.sql)
			}
		})
		if (c.too == nil) != (c.why == "") {
			t.Errorf("%s: say why other rules fire too", c.rule)
		}
	}
}

func TestEveryRuleHasACorruption(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, rule := range Rules() {
		if seen[rule.Name] {
			t.Errorf("two rules are called %s", rule.Name)
		}
		seen[rule.Name] = true
		if !slices.ContainsFunc(corruptions, func(c corruption) bool { return c.rule == rule.Name }) {
			t.Errorf("nothing proves that %s fires: add a corruption", rule.Name)
		}
	}
	for _, c := range corruptions {
		if !seen[c.rule] {
			t.Errorf("there is no rule %s", c.rule)
		}
	}
	if len(seen) < 40 {
		t.Errorf("only %d rules were read from the file", len(seen))
	}
}

// fired corrupts the shop and lists the rules that say so, sorted.
func fired(t *testing.T, tx pgx.Tx, corrupt string) []string {
	t.Helper()
	if _, err := tx.Exec(t.Context(), corrupt); err != nil {
		t.Fatalf("corrupt: %v", err)
	}
	report, err := check(t.Context(), tx)
	if err != nil {
		t.Fatal(err)
	}
	rules := []string{}
	for _, v := range report.Violations {
		if v.Count == 0 || len(v.Examples) == 0 || v.Text == "" {
			t.Errorf("a violation without substance: %+v", v)
		}
		rules = append(rules, v.Rule)
	}
	slices.Sort(rules)
	return rules
}

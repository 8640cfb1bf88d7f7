package stripe

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	api "github.com/stripe/stripe-go/v85"

	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/payments/fakes"
)

// What the fake has no entries of: payouts, fees of the month, fees that come
// back, bank debits that have bounced.
func TestEntriesOfTheBalance(t *testing.T) {
	var entries []*api.BalanceTransaction
	err := json.Unmarshal([]byte(`[
		{"id":"txn_1","amount":5000,"fee":175,"currency":"usd","created":1,"reporting_category":"charge","type":"payment",
			"source":{"id":"py_1","object":"charge","payment_intent":"pi_1"}},
		{"id":"txn_2","amount":-5000,"fee":-175,"currency":"usd","created":2,"reporting_category":"charge_failure","type":"payment_failure_refund",
			"source":{"id":"pyr_1","object":"refund","charge":"py_1","payment_intent":"pi_1"}},
		{"id":"txn_3","amount":-7000,"fee":0,"currency":"usd","created":3,"reporting_category":"payout","type":"payout","source":{"id":"po_1","object":"payout"}},
		{"id":"txn_4","amount":-200,"fee":0,"currency":"usd","created":4,"reporting_category":"fee","type":"stripe_fee","source":null},
		{"id":"txn_5","amount":900,"fee":-1500,"currency":"usd","created":5,"reporting_category":"dispute_reversal","type":"adjustment",
			"source":{"id":"du_1","object":"dispute","payment_intent":"pi_2"}},
		{"id":"txn_6","amount":-900,"fee":1500,"currency":"usd","created":5,"reporting_category":"dispute","type":"adjustment",
			"source":{"id":"du_2","object":"dispute","payment_intent":null}},
		{"id":"txn_7","amount":300,"fee":0,"currency":"usd","created":6,"reporting_category":"refund_failure","type":"refund_failure",
			"source":{"id":"re_1","object":"refund","charge":"ch_2","payment_intent":"pi_2"}},
		{"id":"txn_8","amount":-10,"fee":0,"currency":"usd","created":7,"reporting_category":"risk_reserved_funds","type":"reserve_hold","source":null},
		{"id":"txn_9","amount":7000,"fee":0,"currency":"usd","created":8,"reporting_category":"payout_reversal","type":"payout_failure",
			"source":{"id":"po_1","object":"payout"}},
		{"id":"txn_10","amount":9200,"fee":300,"currency":"eur","created":9,"reporting_category":"charge","type":"charge",
			"source":{"id":"ch_3","object":"charge","payment_intent":"pi_3","amount":10000,"currency":"usd"}},
		{"id":"txn_11","amount":-4600,"fee":0,"currency":"eur","created":10,"reporting_category":"partial_capture_reversal","type":"refund",
			"source":{"id":"re_3","object":"refund","charge":"ch_3","payment_intent":"pi_3","amount":5000,"currency":"usd"}},
		{"id":"txn_12","amount":-1840,"fee":-20,"currency":"eur","created":11,"reporting_category":"refund","type":"refund",
			"source":{"id":"re_4","object":"refund","charge":"ch_3","payment_intent":"pi_3","amount":2000,"currency":"usd"}},
		{"id":"txn_13","amount":-2760,"fee":1500,"currency":"eur","created":12,"reporting_category":"dispute","type":"adjustment",
			"source":{"id":"du_3","object":"dispute","payment_intent":"pi_3","amount":3000,"currency":"usd"}}
	]`), &entries)
	if err != nil {
		t.Fatal(err)
	}
	usd, eur := func(n int64) money.Amount { return money.Of(n, "USD") }, func(n int64) money.Amount { return money.Of(n, "EUR") }
	at := func(n int64) time.Time { return time.Unix(n, 0).UTC() }
	want := []payments.Movement{
		{Ref: "py_1", Payment: "pi_1", Kind: payments.Capture, Amount: usd(0), Fee: usd(0), At: at(1)},
		{Ref: "po_1", Kind: payments.Payout, Amount: usd(-7000), Fee: usd(0), At: at(3)},
		{Ref: "txn_4", Kind: payments.Fee, Amount: usd(-200), Fee: usd(0), At: at(4)},
		{Ref: "du_1", Payment: "pi_2", Kind: payments.ChargebackReversed, Amount: usd(900), Fee: usd(0), At: at(5)},
		{Ref: "du_1", Kind: payments.Fee, Amount: usd(1500), Fee: usd(0), At: at(5)},
		{Ref: "du_2", Payment: "du_2", Kind: payments.Chargeback, Amount: usd(-900), Fee: usd(1500), At: at(5)},
		{Ref: "re_1", Payment: "pi_2", Kind: payments.RefundFailed, Amount: usd(300), Fee: usd(0), At: at(6)},
		{Ref: "txn_9", Kind: payments.Payout, Amount: usd(7000), Fee: usd(0), At: at(8)},
		{Ref: "ch_3", Payment: "pi_3", Kind: payments.Capture, Amount: usd(5000), Fee: usd(0), At: at(9)},
		{Ref: "txn_10 in USD", Kind: payments.Payout, Amount: usd(-10000), Fee: usd(0), At: at(9)},
		{Ref: "txn_10", Kind: payments.Payout, Amount: eur(9200), Fee: eur(300), At: at(9)},
		{Ref: "txn_11 in USD", Kind: payments.Payout, Amount: usd(5000), Fee: usd(0), At: at(10)},
		{Ref: "txn_11", Kind: payments.Payout, Amount: eur(-4600), Fee: eur(0), At: at(10)},
		{Ref: "re_4", Payment: "pi_3", Kind: payments.Refund, Amount: usd(-2000), Fee: usd(0), At: at(11)},
		{Ref: "txn_12 in USD", Kind: payments.Payout, Amount: usd(2000), Fee: usd(0), At: at(11)},
		{Ref: "txn_12", Kind: payments.Payout, Amount: eur(-1840), Fee: eur(0), At: at(11)},
		{Ref: "txn_12", Kind: payments.Fee, Amount: eur(20), Fee: eur(0), At: at(11)},
		{Ref: "du_3", Payment: "pi_3", Kind: payments.Chargeback, Amount: usd(-3000), Fee: usd(0), At: at(12)},
		{Ref: "txn_13 in USD", Kind: payments.Payout, Amount: usd(3000), Fee: usd(0), At: at(12)},
		{Ref: "txn_13", Kind: payments.Payout, Amount: eur(-2760), Fee: eur(1500), At: at(12)},
	}
	got, err := movements(entries)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestAStatementHasManyPages(t *testing.T) {
	d := open(t)
	const many = 230
	from := d.clock.Now()
	for range many {
		k := d.begin(d.startOf(money.Of(10_00, "USD")))
		d.pay(k, fakes.Pays)
	}
	d.clock.Advance(time.Hour)
	k := d.begin(d.startOf(money.Of(20_00, "USD")))
	d.pay(k, fakes.Pays)
	list, err := d.Statement(t.Context(), from, d.clock.Now())
	if err != nil || len(list) != many {
		t.Fatalf("%d movements, %v, want %d", len(list), err, many)
	}
	seen := map[string]bool{}
	for _, m := range list {
		seen[m.Ref] = true
	}
	if len(seen) != many {
		t.Errorf("%d of %d are different", len(seen), many)
	}
	if list, err = d.Statement(t.Context(), d.clock.Now(), d.clock.Now().Add(time.Second)); err != nil || len(list) != 1 || list[0].Amount != money.Of(20_00, "USD") {
		t.Errorf("the next hour: %s, %v", fmt.Sprint(list), err)
	}
}

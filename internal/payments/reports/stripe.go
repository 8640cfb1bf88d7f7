package reports

import (
	"cmp"
	"time"

	"souk/internal/payments"
)

// stripe reads the itemised report "Balance change from activity"
// (balance_change_from_activity.itemized), or that of payouts, in major units.
// It has to be exported with source_id, and better with payment_intent_id, charge_id
// and, where Stripe converts what buyers pay, with customer_facing_amount and
// customer_facing_currency, which are not among the columns that Stripe offers first.
// https://docs.stripe.com/reports/report-types
func stripe(t *table) ([]payments.Movement, error) {
	t.first("balance_transaction_id", "created_utc", "currency", "gross", "fee", "reporting_category", "source_id")
	var list []payments.Movement
	captures := map[string]int{}
	for t.next() {
		if t.get("reporting_category") == "risk_reserved_funds" { // set aside, and still the shop's
			continue
		}
		parts := stripeRow(t)
		m := parts[0]
		at, seen := captures[m.Ref]
		switch {
		case m.Kind == payments.Capture && seen && list[at].Amount.Currency == m.Amount.Currency: // what a capture has left is booked against the whole charge
			list[at].Amount, list[at].Fee = list[at].Amount.Plus(m.Amount), list[at].Fee.Plus(m.Fee)
			parts = parts[1:]
		case m.Kind == payments.Capture:
			captures[m.Ref] = len(list)
		}
		list = append(list, parts...)
	}
	return payments.WithReturns(list), t.err
}

// stripeRow is what a row says: more than one thing where Stripe has converted the
// money.
func stripeRow(t *table) []payments.Movement {
	c := t.currency("currency")
	m := payments.Movement{
		Ref: t.get("balance_transaction_id"), Kind: payments.Fee, Amount: t.amount("gross", c), Fee: t.amount("fee", c),
		At: t.at("created_utc", time.UTC, time.DateTime, time.RFC3339),
	}
	source := t.get("source_id")
	switch t.get("reporting_category") {
	case "charge":
		m.Kind, m.Ref = payments.Capture, source
	case "partial_capture_reversal", "charge_failure":
		m.Kind, m.Ref = payments.Capture, cmp.Or(t.get("charge_id"), source)
	case "refund":
		m.Kind, m.Ref = payments.Refund, source
	case "refund_failure":
		m.Kind, m.Ref = payments.RefundFailed, source
	case "dispute":
		m.Kind, m.Ref = payments.Chargeback, source
	case "dispute_reversal":
		m.Kind, m.Ref = payments.ChargebackReversed, source
	case "payout", "topup":
		m.Kind, m.Ref = payments.Payout, source
		return []payments.Movement{m}
	case "payout_reversal", "topup_reversal": // of the same source as what it takes back
		m.Kind = payments.Payout
		return []payments.Movement{m}
	default: // fees of the month, transfers
		return []payments.Movement{m}
	}
	m.Payment = cmp.Or(t.get("payment_intent_id"), t.get("charge_id"), source)
	buyers := t.currency("customer_facing_currency")
	if buyers == "" || buyers == c {
		return []payments.Movement{m}
	}
	shown := t.amount("customer_facing_amount", buyers)
	if (shown.Minor < 0) != (m.Amount.Minor < 0) {
		shown.Minor = -shown.Minor
	}
	return m.Converted(shown, t.get("balance_transaction_id"))
}

package reports

import (
	"cmp"
	"time"

	"souk/internal/money"
	"souk/internal/payments"
)

// stripe reads the itemised report "Balance change from activity"
// (balance_change_from_activity.itemized), or that of payouts, in major units.
// It has to be exported with source_id, and better with payment_intent_id and
// charge_id, which are not among the columns that Stripe offers first.
// https://docs.stripe.com/reports/report-types
func stripe(t *table) ([]payments.Movement, error) {
	t.first("balance_transaction_id", "created_utc", "currency", "gross", "fee", "reporting_category", "source_id")
	var list []payments.Movement
	captures := map[string]int{}
	for t.next() {
		if t.get("reporting_category") == "risk_reserved_funds" { // set aside, and still the shop's
			continue
		}
		m := stripeRow(t)
		at, seen := captures[m.Ref]
		if m.Kind == payments.Capture && seen && list[at].Amount.Currency == m.Amount.Currency { // what a capture has left is booked against the whole charge
			list[at].Amount, list[at].Fee = list[at].Amount.Plus(m.Amount), list[at].Fee.Plus(m.Fee)
			continue
		}
		if m.Kind == payments.Capture {
			captures[m.Ref] = len(list)
		}
		list = append(list, m)
	}
	return withReturns(list), t.err
}

func stripeRow(t *table) payments.Movement {
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
		return m
	case "payout_reversal", "topup_reversal": // of the same source as what it takes back
		m.Kind = payments.Payout
		return m
	default: // fees of the month, transfers
		return m
	}
	m.Payment = cmp.Or(t.get("payment_intent_id"), t.get("charge_id"), source)
	return m
}

// withReturns makes movements of their own of fees that come back, as what a
// provider keeps of a movement is not below zero.
func withReturns(list []payments.Movement) (all []payments.Movement) {
	for _, m := range list {
		back := m.Fee
		if back.Minor >= 0 {
			all = append(all, m)
			continue
		}
		m.Fee = money.Zero(back.Currency)
		all = append(all, m, payments.Movement{Ref: m.Ref, Kind: payments.Fee, Amount: m.Fee.Minus(back), Fee: m.Fee, At: m.At})
	}
	return all
}

package reports

import (
	"cmp"
	"time"

	"souk/internal/money"
	"souk/internal/payments"
)

// india is the time zone of Razorpay's files.
var india = time.FixedZone("IST", 5*60*60+30*60)

// razorpay reads the report "Settlement recon", in major units. It lists what was
// settled, so a settlement itself is the sum of its rows. A refund names the order
// that it is of, and not the payment.
// https://razorpay.com/docs/payments/dashboard/reports
func razorpay(t *table) ([]payments.Movement, error) {
	t.first("transaction_entity", "entity_id", "amount", "currency", "debit", "credit", "entity_created_at", "settlement_id", "settled_at")
	var list []payments.Movement
	settlements := map[string]int{}
	for t.next() {
		m := razorpayRow(t)
		if t.err != nil {
			break
		}
		list = append(list, m)
		settlement := t.get("settlement_id")
		if settlement == "" {
			continue
		}
		net := m.Amount.Minus(m.Fee)
		at, seen := settlements[settlement]
		if !seen {
			at = len(list)
			settlements[settlement] = at
			list = append(list, payments.Movement{
				Ref: settlement, Kind: payments.Payout, Amount: money.Zero(net.Currency), Fee: money.Zero(net.Currency), At: t.time("settled_at"),
			})
		}
		if list[at].Amount.Currency != net.Currency {
			t.fail("currency", "invalid", "A settlement has one currency.")
			break
		}
		list[at].Amount = list[at].Amount.Minus(net)
	}
	return list, t.err
}

func razorpayRow(t *table) payments.Movement {
	c := t.currency("currency")
	amount, net := t.amount("amount", c), t.amount("credit", c).Minus(t.amount("debit", c))
	m := payments.Movement{
		Ref: t.get("entity_id"), Payment: cmp.Or(t.get("order_id"), t.get("entity_id")), Kind: payments.Fee, Amount: net, Fee: money.Zero(c),
		At: t.time("entity_created_at"),
	}
	switch entity, dispute := t.get("transaction_entity"), t.get("dispute_id"); {
	case entity == "payment":
		m.Kind, m.Amount = payments.Capture, amount
	case entity == "refund":
		m.Kind, m.Amount = payments.Refund, money.Of(-amount.Minor, c)
	case dispute != "" && net.Minor < 0:
		m.Kind, m.Ref = payments.Chargeback, dispute
	case dispute != "":
		m.Kind, m.Ref = payments.ChargebackReversed, dispute
	case entity == "transfer":
		m.Kind, m.Payment = payments.Payout, ""
	default: // adjustments for other reasons
		m.Payment = ""
	}
	m.Fee = m.Amount.Minus(net) // tax on it included
	if m.Fee.Minor < 0 {
		t.fail("credit", "invalid", "More was settled than there is.")
	}
	return m
}

func (t *table) time(column string) time.Time {
	return t.at(column, india, "2006-01-02T15:04:05", time.DateTime, "02/01/2006 15:04:05", "02/01/2006", time.DateOnly)
}

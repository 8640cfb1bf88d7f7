package paypal

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/payments"
)

type dispute struct {
	ID           string        `json:"dispute_id"`
	Status       string        `json:"status"`
	Reason       string        `json:"reason"`
	Amount       sum           `json:"dispute_amount"`
	DueBy        *time.Time    `json:"seller_response_due_date"`
	Transactions []transaction `json:"disputed_transactions"`
	Outcome      struct {
		Code string `json:"outcome_code"`
	} `json:"dispute_outcome"`
	Movements []movement `json:"money_movements"`
}

type transaction struct {
	Seller string `json:"seller_transaction_id"` // the capture
	Status string `json:"transaction_status"`
}

// accepted is the outcome of a dispute in which the shop gave in.
const accepted = "ACCEPTED"

type movement struct {
	Party  string `json:"affected_party"`
	Type   string `json:"type"`
	Reason string `json:"reason"`
	Amount sum    `json:"amount"`
}

// disputes adds to a report what buyers complain of, where the app may read it
// (Probe says when it may not).
func (p *Provider) disputes(ctx context.Context, a payments.Account, k payments.Known, o order, r *payments.Report) error {
	for _, c := range o.Units[0].Payments.Captures {
		if _, err := c.taken(k.Payment); err != nil {
			continue // nothing to dispute
		}
		ids, err := p.disputesOf(ctx, a, c.ID)
		if err != nil {
			return err
		}
		for _, ref := range ids {
			var d dispute
			if err := p.call(ctx, a, call{method: http.MethodGet, path: "/v1/customer/disputes/" + url.PathEscape(ref), into: &d}); err != nil {
				return err
			}
			d.tell(k, r)
		}
	}
	return nil
}

// disputesOf names the disputes of a transaction, the oldest first. It is 50 at
// most: PayPal allows few.
func (p *Provider) disputesOf(ctx context.Context, a payments.Account, transaction string) ([]string, error) {
	t, err := p.bearer(ctx, a, "")
	if err != nil || !t.allows(mayReadDisputes) {
		return nil, err
	}
	var list struct {
		Items []struct {
			ID string `json:"dispute_id"`
		} `json:"items"`
	}
	query := url.Values{"disputed_transaction_id": {transaction}, "page_size": {"50"}}
	err = p.call(ctx, a, call{method: http.MethodGet, path: "/v1/customer/disputes?" + query.Encode(), into: &list})
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, item := range slices.Backward(list.Items) {
		ids = append(ids, item.ID)
	}
	return ids, nil
}

func (d dispute) tell(k payments.Known, r *payments.Report) {
	status, gone, back := d.status(), d.moved("DEBIT"), d.moved("CREDIT")
	switch {
	case len(gone) > 0:
	case d.isHeld(r.Refs), slices.Contains(k.Refs, d.ID), status == "lost" && d.Outcome.Code != accepted:
		gone = []money.Amount{d.Amount.Amount}
	case status == "lost": // the shop gave in, and the money went back as a refund
		status = "closed"
	}
	if kept := status == "won" || status == "closed"; kept && len(back) == 0 {
		back = gone
	}
	said := payments.Dispute{Ref: d.ID, Amount: d.Amount.Amount, Reason: d.Reason, Status: status, DueBy: d.DueBy}
	if lost := d.sum(gone) - d.sum(back); status == "lost" && lost > 0 {
		said.Amount.Minor = lost
	}
	if said.Amount.Currency == k.Amount.Currency { // else the payment itself is not what it should be
		r.Disputes = append(r.Disputes, said)
	}
	if len(gone) == 0 {
		return
	}
	// From now on the dispute is one of the payment's names. That is how a later
	// look, when the money is not held any more, knows that it was.
	r.Refs = append(r.Refs, d.ID)
	d.add(k.Payment, payments.Chargeback, gone, r)
	d.add(k.Payment, payments.ChargebackReversed, back, r)
	d.add(k.Payment, payments.Fee, d.fees(), r)
}

// sum adds what is in the currency of the dispute.
func (d dispute) sum(amounts []money.Amount) (minor int64) {
	for _, a := range amounts {
		if a.Currency == d.Amount.Currency {
			minor += a.Minor
		}
	}
	return minor
}

// add tells of amounts by the name of the dispute; a second one of a kind, after
// an appeal, by its number too.
func (d dispute) add(payment id.Payment, kind payments.Kind, amounts []money.Amount, r *payments.Report) {
	for i, amount := range amounts {
		cause := d.ID
		if i > 0 {
			cause = fmt.Sprintf("%s/%d", d.ID, i+1)
		}
		r.Facts = append(r.Facts, payments.Fact{Payment: payment, Kind: kind, Amount: amount, Cause: cause})
	}
}

// isHeld reports whether PayPal keeps the money of one of the captures back, or
// has given it to the buyer.
func (d dispute) isHeld(refs []string) bool {
	for _, t := range d.Transactions {
		if slices.Contains(refs, t.Seller) && (t.Status == "HELD" || t.Status == "REVERSED") {
			return true
		}
	}
	return false
}

// moved is what was taken from the shop, or given to it, when a dispute was
// settled.
func (d dispute) moved(direction string) (list []money.Amount) {
	for _, m := range d.Movements {
		if m.Party == "SELLER" && m.Type == direction && (m.Reason == "DISPUTE_SETTLEMENT" || m.Reason == "") {
			list = append(list, m.Amount.Amount)
		}
	}
	return list
}

// fees is what the dispute itself has cost.
func (d dispute) fees() (list []money.Amount) {
	for _, m := range d.Movements {
		if m.Party == "SELLER" && m.Type == "DEBIT" && m.Reason != "DISPUTE_SETTLEMENT" && m.Reason != "" {
			list = append(list, m.Amount.Amount)
		}
	}
	return list
}

func (d dispute) status() string {
	switch d.Status {
	case "OPEN", "WAITING_FOR_SELLER_RESPONSE":
		return "needs_response"
	case "RESOLVED":
		switch d.Outcome.Code {
		case "RESOLVED_BUYER_FAVOUR", accepted:
			return "lost"
		case "RESOLVED_SELLER_FAVOUR", "RESOLVED_WITH_PAYOUT": // PayPal has paid the buyer itself
			return "won"
		}
		return "closed" // the buyer gave up, or PayPal would not hear it
	}
	return "under_review"
}

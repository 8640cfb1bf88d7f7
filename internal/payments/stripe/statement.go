package stripe

import (
	"context"
	"slices"
	"time"

	api "github.com/stripe/stripe-go/v85"

	"souk/internal/money"
	"souk/internal/payments"
)

// Statement lists the entries of the balance, to the second.
func (p Provider) Statement(ctx context.Context, from, until time.Time) ([]payments.Movement, error) {
	c, err := p.dial(ctx)
	if err != nil {
		return nil, err
	}
	params := &api.BalanceTransactionListParams{
		CreatedRange: &api.RangeQueryParams{GreaterThanOrEqual: from.Unix(), LesserThan: until.Unix()}, Expand: api.StringSlice([]string{"data.source"}),
	}
	params.Limit = api.Int64(100)
	var entries []*api.BalanceTransaction
	for entry, err := range c.V1BalanceTransactions.List(ctx, params).All(ctx) {
		if err != nil {
			return nil, said("list balance", err)
		}
		entries = append(entries, entry)
	}
	slices.Reverse(entries)
	return movements(entries)
}

// movements is the entries, those of one capture put together: Stripe books a
// charge in full, and what a partial capture has left against it. What it sets
// aside in its reserve has not moved: it is the shop's, and at Stripe.
func movements(entries []*api.BalanceTransaction) ([]payments.Movement, error) {
	var list []payments.Movement
	captures := map[string]int{}
	for _, e := range entries {
		if e.ReportingCategory == api.BalanceTransactionReportingCategoryRiskReservedFunds {
			continue
		}
		parts, err := entry(e)
		if err != nil {
			return nil, err
		}
		m := parts[0]
		at, seen := captures[m.Ref]
		switch {
		case m.Kind == payments.Capture && seen:
			list[at].Amount, list[at].Fee = list[at].Amount.Plus(m.Amount), list[at].Fee.Plus(m.Fee)
			parts = parts[1:]
		case m.Kind == payments.Capture:
			captures[m.Ref] = len(list)
		}
		list = append(list, parts...)
	}
	return payments.WithReturns(list), nil
}

// entry is what an entry says: more than one thing where Stripe has converted the
// money into the currency of the shop's bank account.
func entry(e *api.BalanceTransaction) ([]payments.Movement, error) {
	m, err := movement(e)
	if err != nil {
		return nil, err
	}
	buyers, err := shown(e)
	switch {
	case err != nil:
		return nil, err
	case m.Payment == "", buyers.Currency == m.Amount.Currency:
		return []payments.Movement{m}, nil
	}
	return m.Converted(buyers, e.ID), nil
}

// shown is what the buyer was shown of an entry that belongs to a payment: its amount
// in the currency of that, which need not be the balance's.
func shown(e *api.BalanceTransaction) (money.Amount, error) {
	n, currency := e.Amount, e.Currency
	switch s := e.Source; {
	case s == nil:
	case s.Charge != nil:
		n, currency = s.Charge.Amount, s.Charge.Currency
	case s.Refund != nil:
		n, currency = s.Refund.Amount, s.Refund.Currency
	case s.Dispute != nil:
		n, currency = s.Dispute.Amount, s.Dispute.Currency
	}
	if currency == "" { // it was left out
		n, currency = e.Amount, e.Currency
	}
	if (n < 0) != (e.Amount < 0) {
		n = -n
	}
	return amount(n, currency)
}

// movement reads an entry by its reporting category, which tells apart what its
// type does not. https://docs.stripe.com/reports/reporting-categories
func movement(e *api.BalanceTransaction) (payments.Movement, error) {
	sum, err := amount(e.Amount, e.Currency)
	if err != nil {
		return payments.Movement{}, err
	}
	fee, err := amount(e.Fee, e.Currency)
	if err != nil {
		return payments.Movement{}, err
	}
	m := payments.Movement{Ref: e.ID, Kind: payments.Fee, Amount: sum, Fee: fee, At: time.Unix(e.Created, 0).UTC()}
	source := e.Source
	if source == nil {
		return m, nil
	}
	switch e.ReportingCategory {
	case api.BalanceTransactionReportingCategoryCharge:
		m.Kind, m.Ref = payments.Capture, source.ID
	case api.BalanceTransactionReportingCategoryPartialCaptureReversal, api.BalanceTransactionReportingCategoryChargeFailure:
		m.Kind, m.Ref = payments.Capture, chargeOf(source)
	case api.BalanceTransactionReportingCategoryRefund:
		m.Kind, m.Ref = payments.Refund, source.ID
	case api.BalanceTransactionReportingCategoryRefundFailure:
		m.Kind, m.Ref = payments.RefundFailed, source.ID
	case api.BalanceTransactionReportingCategoryDispute:
		m.Kind, m.Ref = payments.Chargeback, source.ID
	case api.BalanceTransactionReportingCategoryDisputeReversal:
		m.Kind, m.Ref = payments.ChargebackReversed, source.ID
	case api.BalanceTransactionReportingCategoryPayout, api.BalanceTransactionReportingCategoryTopup:
		m.Kind, m.Ref = payments.Payout, source.ID
		return m, nil
	case api.BalanceTransactionReportingCategoryPayoutReversal, api.BalanceTransactionReportingCategoryTopupReversal: // of the same source as what it takes back
		m.Kind = payments.Payout
		return m, nil
	default: // fees of the month, transfers
		return m, nil
	}
	m.Payment = intentOfSource(source)
	return m, nil
}

// chargeOf is the charge that an entry takes back from.
func chargeOf(s *api.BalanceTransactionSource) string {
	if s.Refund != nil && s.Refund.Charge != nil {
		return s.Refund.Charge.ID
	}
	return s.ID
}

func intentOfSource(s *api.BalanceTransactionSource) string {
	var intent *api.PaymentIntent
	switch {
	case s.Charge != nil:
		intent = s.Charge.PaymentIntent
	case s.Refund != nil:
		intent = s.Refund.PaymentIntent
	case s.Dispute != nil:
		intent = s.Dispute.PaymentIntent
	}
	if intent == nil {
		return s.ID
	}
	return intent.ID
}

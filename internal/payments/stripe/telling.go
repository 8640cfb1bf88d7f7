package stripe

import (
	"cmp"
	"errors"
	"slices"

	api "github.com/stripe/stripe-go/v85"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/payments"
)

// telling collects the facts of a charge. Refunds and disputes come apart from
// each other, and are put in the order in which they have happened.
type telling struct {
	payment  id.Payment
	currency api.Currency
	list     []timed
	err      error
}

type timed struct {
	at int64
	payments.Fact
}

// add tells of n units of the charge's currency.
func (t *telling) add(at int64, kind payments.Kind, n int64, cause string) {
	sum, err := amount(n, t.currency)
	t.err = errors.Join(t.err, err)
	t.list = append(t.list, timed{at, payments.Fact{Payment: t.payment, Kind: kind, Amount: sum, Cause: cause}})
}

// fail tells that nothing comes of it.
func (t *telling) fail(cause string, c money.Currency) {
	t.list = append(t.list, timed{0, payments.Fact{Payment: t.payment, Kind: payments.Fail, Amount: money.Zero(c), Cause: cause}})
}

// fee tells what Stripe keeps by some of its entries. Those in another currency
// (the account is paid out in it) are left to the statement.
func (t *telling) fee(at int64, cause string, entries ...*api.BalanceTransaction) {
	var sum int64
	for _, e := range entries {
		if e != nil && e.Currency == t.currency {
			sum += e.Fee
		}
	}
	if sum > 0 {
		t.add(at, payments.Fee, sum, cause)
	}
}

// inOrder is the facts as they can be applied.
func (t *telling) inOrder() []payments.Fact {
	slices.SortStableFunc(t.list, func(a, b timed) int { return cmp.Compare(a.at, b.at) })
	facts := make([]payments.Fact, len(t.list))
	for i, f := range t.list {
		facts[i] = f.Fact
	}
	return facts
}

// refunds tells what was given back. One that failed was accepted first.
func (t *telling) refunds(list []*api.Refund) {
	for _, r := range list {
		if isRelease(r) {
			continue
		}
		t.add(r.Created, payments.Refund, r.Amount, r.ID)
		t.fee(r.Created, r.ID, r.BalanceTransaction)
		if r.Status == api.RefundStatusFailed || r.Status == api.RefundStatusCanceled {
			at := r.Created
			if r.FailureBalanceTransaction != nil {
				at = max(at, r.FailureBalanceTransaction.Created)
			}
			t.add(at, payments.RefundFailed, r.Amount, r.ID)
		}
	}
}

// isRelease reports whether a refund only lets go of what a partial capture has
// left: no money has moved. Stripe books all of the charge then, and this
// against it. https://docs.stripe.com/reports/reporting-categories
func isRelease(r *api.Refund) bool {
	return r.BalanceTransaction != nil && r.BalanceTransaction.ReportingCategory == api.BalanceTransactionReportingCategoryPartialCaptureReversal
}

func released(refunds []*api.Refund) (entries []*api.BalanceTransaction) {
	for _, r := range refunds {
		if isRelease(r) {
			entries = append(entries, r.BalanceTransaction)
		}
	}
	return entries
}

// dispute tells what a dispute has taken from the balance and put back. An
// inquiry has no entries.
func (t *telling) dispute(d *api.Dispute) {
	for _, e := range d.BalanceTransactions {
		n, kind := -e.Amount, payments.Chargeback
		if e.Amount > 0 {
			n, kind = e.Amount, payments.ChargebackReversed
		}
		if e.Currency != t.currency {
			n = d.Amount
		}
		t.add(e.Created, kind, n, d.ID)
		if kind == payments.Chargeback {
			t.fee(e.Created, d.ID, e)
		}
	}
}

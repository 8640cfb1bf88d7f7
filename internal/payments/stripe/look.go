package stripe

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	api "github.com/stripe/stripe-go/v85"

	"souk/internal/payments"
)

// Look reads a payment: its session, and the intent, charge, refunds and
// disputes that it has led to.
func (p Provider) Look(ctx context.Context, k payments.Known) (payments.Report, error) {
	c, err := p.dial(ctx)
	if err != nil {
		return payments.Report{}, err
	}
	intent, open, err := c.read(ctx, k)
	if missing(err) {
		err = payments.ErrMismatch
	}
	if err != nil {
		return payments.Report{}, err
	}
	report := payments.Report{Open: open}
	told := telling{payment: k.Payment}
	if intent != nil {
		report.Refs = []string{intent.ID}
		report.Open = open || intent.Status == api.PaymentIntentStatusProcessing
		report.Approved = intent.Status == api.PaymentIntentStatusRequiresCapture
		report.Saved = savedBy(intent)
		if err := c.tell(ctx, intent, &report, &told); err != nil {
			return payments.Report{}, err
		}
	}
	if len(told.list) == 0 && !report.Open { // it is over: the buyer needs another payment
		told.fail(k.Ref, k.Amount.Currency)
	}
	report.Facts = told.inOrder()
	return report, told.err
}

// What is read with an intent, so that a payment of which nothing was given back
// or disputed is read by one call.
var withIntent = []string{"latest_charge.balance_transaction", "latest_charge.refunds", "payment_method"}

// read finds what Start has made, and says whether the buyer can still pay. The
// intent of a session is nil until somebody has tried to.
func (c client) read(ctx context.Context, k payments.Known) (intent *api.PaymentIntent, open bool, err error) {
	if strings.HasPrefix(k.Ref, "pi_") {
		params := &api.PaymentIntentRetrieveParams{Expand: api.StringSlice(withIntent)}
		intent, err = c.V1PaymentIntents.Retrieve(ctx, k.Ref, params)
	} else {
		params := &api.CheckoutSessionRetrieveParams{}
		for _, name := range withIntent {
			params.Expand = append(params.Expand, api.String("payment_intent."+name))
		}
		session, e := c.V1CheckoutSessions.Retrieve(ctx, k.Ref, params)
		if e == nil && (session.ClientReferenceID != k.Payment.String() || session.Livemode != c.account.Live) {
			return nil, false, payments.ErrMismatch
		}
		intent, open, err = session.PaymentIntent, session.Status == api.CheckoutSessionStatusOpen, e
	}
	if err != nil {
		return nil, false, said("read payment", err)
	}
	if intent != nil && (intent.Metadata[paymentKey] != k.Payment.String() || intent.Livemode != c.account.Live) {
		return nil, false, payments.ErrMismatch
	}
	return intent, open, nil
}

// tell adds what became of the latest charge of an intent.
func (c client) tell(ctx context.Context, intent *api.PaymentIntent, r *payments.Report, told *telling) error {
	charge := intent.LatestCharge
	if charge == nil {
		return nil
	}
	r.Refs = append(r.Refs, charge.ID)
	if charge.Status != api.ChargeStatusSucceeded {
		return nil
	}
	told.currency = charge.Currency
	told.add(charge.Created, payments.Authorize, charge.Amount, charge.ID)
	if !charge.Captured {
		if intent.Status == api.PaymentIntentStatusCanceled {
			told.add(intent.CanceledAt, payments.Void, charge.Amount, intent.ID)
		}
		return nil
	}
	at := charge.Created
	if charge.BalanceTransaction != nil {
		at = max(at, charge.BalanceTransaction.Created)
	}
	told.add(at, payments.Capture, charge.AmountCaptured, charge.ID)
	refunds, err := c.refundsOf(ctx, charge, intent)
	if err != nil {
		return err
	}
	told.fee(at, charge.ID, append(released(refunds), charge.BalanceTransaction)...)
	if rest := charge.Amount - charge.AmountCaptured; rest > 0 {
		told.add(at, payments.Void, rest, intent.ID)
	}
	told.refunds(refunds)
	r.Disputes, err = c.disputes(ctx, intent, told)
	return err
}

// refundsOf lists the refunds of a charge, the oldest first.
func (c client) refundsOf(ctx context.Context, charge *api.Charge, intent *api.PaymentIntent) ([]*api.Refund, error) {
	if charge.Refunds == nil || len(charge.Refunds.Data) == 0 {
		return nil, nil
	}
	params := &api.RefundListParams{PaymentIntent: &intent.ID, Expand: api.StringSlice([]string{"data.balance_transaction", "data.failure_balance_transaction"})}
	params.Limit = api.Int64(100)
	var list []*api.Refund
	for refund, err := range c.V1Refunds.List(ctx, params).All(ctx) {
		if err != nil {
			return nil, said("list refunds", err)
		}
		list = append(list, refund)
	}
	slices.Reverse(list)
	return list, nil
}

// disputes lists those of a payment, and tells what money they have moved.
func (c client) disputes(ctx context.Context, intent *api.PaymentIntent, told *telling) ([]payments.Dispute, error) {
	if !intent.LatestCharge.Disputed {
		return nil, nil
	}
	params := &api.DisputeListParams{PaymentIntent: &intent.ID}
	params.Limit = api.Int64(100)
	var list []payments.Dispute
	for d, err := range c.V1Disputes.List(ctx, params).All(ctx) {
		if err != nil {
			return nil, said("list disputes", err)
		}
		told.dispute(d)
		sum, err := amount(d.Amount, d.Currency)
		if err != nil {
			return nil, err
		}
		dispute := payments.Dispute{Ref: d.ID, Amount: sum, Reason: string(d.Reason), Status: statusOf(d.Status)}
		if d.EvidenceDetails != nil && d.EvidenceDetails.DueBy > 0 {
			due := time.Unix(d.EvidenceDetails.DueBy, 0).UTC()
			dispute.DueBy = &due
		}
		list = append(list, dispute)
	}
	slices.Reverse(list)
	return list, nil
}

// statusOf puts inquiries, that have taken no money yet, with the disputes that
// they may become.
func statusOf(s api.DisputeStatus) string {
	switch s {
	case api.DisputeStatusNeedsResponse, api.DisputeStatusWarningNeedsResponse:
		return "needs_response"
	case api.DisputeStatusUnderReview, api.DisputeStatusWarningUnderReview:
		return "under_review"
	case api.DisputeStatusWon:
		return "won"
	case api.DisputeStatusLost:
		return "lost"
	case api.DisputeStatusWarningClosed, api.DisputeStatusPrevented:
	}
	return "closed"
}

// Returned makes sure that the browser has come from the session of the payment.
// Stripe promises to name it to who has paid only, so who went back may bring
// the placeholder: that claims nothing.
func (Provider) Returned(_ context.Context, k payments.Known, query url.Values) error {
	if names := query["session_id"]; len(names) == 1 && (names[0] == k.Ref || names[0] == sessionHere) {
		return nil
	}
	return payments.ErrNotice
}

// savedBy is what a buyer has left to be used again.
func savedBy(intent *api.PaymentIntent) *payments.Saved {
	method := intent.PaymentMethod
	paid := intent.Status == api.PaymentIntentStatusSucceeded || intent.Status == api.PaymentIntentStatusRequiresCapture
	kept := intent.SetupFutureUsage == api.PaymentIntentSetupFutureUsageOffSession
	if !paid || !kept || method == nil || method.Customer == nil {
		return nil
	}
	saved := &payments.Saved{Ref: method.Customer.ID + "/" + method.ID, Label: words(string(method.Type))}
	if card := method.Card; card != nil {
		saved.Label = words(string(card.Brand)) + " " + card.Last4
		end := time.Date(int(card.ExpYear), time.Month(card.ExpMonth)+1, 1, 0, 0, 0, 0, time.UTC)
		saved.ExpiresAt = &end
	}
	return saved
}

// words writes one of Stripe's names for people: sepa_debit, visa, amex.
func words(name string) string {
	list := strings.Split(name, "_")
	for i, word := range list {
		if word != "" && (i == 0 || len(word) > 2) {
			list[i] = strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return strings.Join(list, " ")
}

package stripe

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	api "github.com/stripe/stripe-go/v85"

	"souk/internal/id"
	"souk/internal/payments"
)

// paymentKey is where our payment's id stands in the metadata of Stripe's
// objects.
const paymentKey = "payment"

// A session outlives its order by the grace: Stripe wants it to stay open for
// half an hour at least, and a repeated call to say the same as the first.
// Whoever pays in that time has their money given back. Orders that wait for
// days have sessions of a day, which is the longest, one after the other.
const (
	grace   = 31 * time.Minute
	longest = 24 * time.Hour
)

// remembered is for how long Stripe surely knows a key. What may have been
// charged under one is not charged again without it.
const remembered = 23 * time.Hour

// Start opens a session for a payment, on a page of Stripe's or in its fields on
// the shop's, or takes the money of a buyer who is away with what they had saved.
func (p Provider) Start(ctx context.Context, s payments.Start) (payments.Begun, error) {
	n, err := payable(s.Amount)
	if err != nil {
		return payments.Begun{}, err
	}
	c, err := p.dial(ctx)
	if err != nil {
		return payments.Begun{}, err
	}
	if s.With != "" && p.Accounts.Clock.Now().Sub(born(s.Payment)) > remembered {
		return payments.Begun{}, fmt.Errorf("charge saved method: payment %s is too old to be begun again", s.Payment)
	}
	if s.With != "" {
		return c.charge(ctx, s, n)
	}
	session, err := c.open(ctx, s, n)
	if err != nil {
		return payments.Begun{}, err
	}
	if session.Livemode != c.account.Live {
		return payments.Begun{}, refusal("livemode", "The keys of the account are of another mode than it is set to.")
	}
	next := &payments.Action{Kind: onRedirect, URL: session.URL}
	if session.UIMode == api.CheckoutSessionUIModeEmbeddedPage {
		next = &payments.Action{Kind: inHostedFields, URL: p.page(s.Payment)}
	}
	return payments.Begun{Ref: session.ID, Next: next}, nil
}

// open makes the session of a payment. Its key may have been used before the
// account was set to the other place: then Stripe refuses the parameters of this
// one, and answers those of the other with the session that there is.
func (c client) open(ctx context.Context, s payments.Start, n int64) (*api.CheckoutSession, error) {
	place := c.account.Get(buyersPay)
	session, err := c.V1CheckoutSessions.Create(ctx, sessionFor(s, n, place == inHostedFields))
	if usedOtherwise(err) {
		session, err = c.V1CheckoutSessions.Create(ctx, sessionFor(s, n, place != inHostedFields))
	}
	return session, said("open session", err)
}

// sessionFor is one line for all of an order, in its own currency.
func sessionFor(s payments.Start, n int64, hosted bool) *api.CheckoutSessionCreateParams {
	back := returnTo(s.ReturnURL)
	about := "Order " + s.Number
	params := &api.CheckoutSessionCreateParams{
		Mode: api.String(api.CheckoutSessionModePayment), ClientReferenceID: api.String(s.Payment.String()),
		AdaptivePricing: &api.CheckoutSessionCreateAdaptivePricingParams{Enabled: api.Bool(false)}, // nobody pays in another currency
		LineItems: []*api.CheckoutSessionCreateLineItemParams{{
			Quantity: api.Int64(1),
			PriceData: &api.CheckoutSessionCreateLineItemPriceDataParams{
				Currency: currencyOf(s), UnitAmount: &n, ProductData: &api.CheckoutSessionCreateLineItemPriceDataProductDataParams{Name: &about},
			},
		}},
		PaymentIntentData: &api.CheckoutSessionCreatePaymentIntentDataParams{
			Description: &about, Metadata: map[string]string{paymentKey: s.Payment.String()}, CaptureMethod: captureOf(s),
		},
	}
	if hosted { // Stripe takes one or the other
		params.UIMode, params.ReturnURL = api.String(api.CheckoutSessionUIModeEmbeddedPage), &back
	} else {
		params.SuccessURL, params.CancelURL = &back, &back
	}
	params.SetIdempotencyKey(s.Key)
	if s.Email != "" {
		params.CustomerEmail = &s.Email
	}
	if wait := s.ExpiresAt.Sub(born(s.Payment)) + grace; !s.ExpiresAt.IsZero() && wait < longest {
		params.ExpiresAt = api.Int64(s.ExpiresAt.Add(grace).Unix())
	}
	if s.Save {
		params.CustomerCreation = api.String(api.CheckoutSessionCustomerCreationAlways)
		params.PaymentIntentData.SetupFutureUsage = api.String(api.PaymentIntentSetupFutureUsageOffSession)
	}
	return params
}

// charge pays with what a buyer had saved. A bank that wants to see the buyer
// says no, with the reason authentication_required.
func (c client) charge(ctx context.Context, s payments.Start, n int64) (payments.Begun, error) {
	customer, method, ok := strings.Cut(s.With, "/")
	if !ok {
		return payments.Begun{}, errForeign
	}
	params := &api.PaymentIntentCreateParams{
		Amount: &n, Currency: currencyOf(s), CaptureMethod: captureOf(s), Customer: &customer, PaymentMethod: &method,
		OffSession: api.Bool(true), Confirm: api.Bool(true),
		AutomaticPaymentMethods: &api.PaymentIntentCreateAutomaticPaymentMethodsParams{Enabled: api.Bool(true)},
		Description:             api.String("Order " + s.Number), Metadata: map[string]string{paymentKey: s.Payment.String()},
	}
	params.SetIdempotencyKey(s.Key)
	intent, err := c.V1PaymentIntents.Create(ctx, params)
	if err != nil {
		return payments.Begun{}, said("charge saved method", err)
	}
	return payments.Begun{Ref: intent.ID}, nil
}

func currencyOf(s payments.Start) *string {
	return api.String(strings.ToLower(string(s.Amount.Currency)))
}

// captureOf is when Stripe takes the money. Left to itself it would take it a
// little later than it tells that it has, and tell of its fee by another notice.
// https://docs.stripe.com/payments/payment-intents/asynchronous-capture
func captureOf(s payments.Start) *string {
	if s.Capture == payments.CaptureOnShipment {
		return api.String(api.PaymentIntentCaptureMethodManual)
	}
	return api.String(api.PaymentIntentCaptureMethodAutomatic)
}

// born is when a payment was opened: its id is a UUIDv7, which begins with that.
func born(p id.Payment) time.Time {
	return time.UnixMilli(int64(binary.BigEndian.Uint64(p[:8]) >> 16)).UTC() //nolint:gosec // 48 bits
}

// sessionHere stands for the session's name in an address until Stripe puts it
// there.
const sessionHere = "{CHECKOUT_SESSION_ID}"

// returnTo is where Stripe sends the buyer, with the name of the session.
func returnTo(address string) string {
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	return address + separator + "session_id=" + sessionHere
}

package stripe

import (
	"context"
	"strings"
	"time"

	api "github.com/stripe/stripe-go/v85"

	"souk/internal/payments"
)

// paymentKey is where our payment's id stands in the metadata of Stripe's
// objects.
const paymentKey = "payment"

// grace is by how much a session outlives its order: Stripe wants it to stay
// open for half an hour at least, and a repeated call to say the same as the
// first. Whoever pays in that time has their money given back.
const grace = 31 * time.Minute

// Start opens a page of Stripe's for a payment, or takes the money of a buyer
// who is away with what they had saved.
func (p Provider) Start(ctx context.Context, s payments.Start) (payments.Begun, error) {
	n, err := payable(s.Amount)
	if err != nil {
		return payments.Begun{}, err
	}
	c, err := p.dial(ctx)
	if err != nil {
		return payments.Begun{}, err
	}
	if s.With != "" {
		return c.charge(ctx, s, n)
	}
	session, err := c.V1CheckoutSessions.Create(ctx, sessionFor(s, n))
	if err != nil {
		return payments.Begun{}, said("open session", err)
	}
	if session.Livemode != c.account.Live {
		return payments.Begun{}, refusal("livemode", "The keys of the account are of another mode than it is set to.")
	}
	return payments.Begun{Ref: session.ID, Next: &payments.Action{Kind: "redirect", URL: session.URL}}, nil
}

// sessionFor is the page: one line for all of an order, in its own currency.
func sessionFor(s payments.Start, n int64) *api.CheckoutSessionCreateParams {
	back := returnTo(s.ReturnURL)
	about := "Order " + s.Number
	params := &api.CheckoutSessionCreateParams{
		Mode: api.String(api.CheckoutSessionModePayment), ClientReferenceID: api.String(s.Payment.String()),
		SuccessURL: &back, CancelURL: &back,
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
	params.SetIdempotencyKey(s.Key)
	if s.Email != "" {
		params.CustomerEmail = &s.Email
	}
	if !s.ExpiresAt.IsZero() {
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
		return payments.Begun{}, refusal("saved_method", "This was not saved with Stripe.")
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

// captureOf is nil where Stripe takes the money by itself.
func captureOf(s payments.Start) *string {
	if s.Capture != payments.CaptureOnShipment {
		return nil
	}
	return api.String(api.PaymentIntentCaptureMethodManual)
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

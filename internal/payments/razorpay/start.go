package razorpay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"souk/internal/money"
	"souk/internal/payments"
)

// Waits is as long as others wait: an order of Razorpay's does not expire.
func (*Provider) Waits(context.Context) (time.Duration, error) { return 0, nil }

// Tells nothing: Start does.
func (*Provider) Tells(context.Context, payments.Start) (*payments.Action, error) {
	return nil, nil //nolint:nilnil // only Razorpay could say
}

// Start makes the order that its buyer pays. Razorpay keeps no key for orders, so
// the order with our receipt is looked for first. A call that was lost and is
// carried out after that makes a second order: the buyer is only ever sent to the
// one that is written down as the payment's name, so nobody can pay the other.
func (p *Provider) Start(ctx context.Context, s payments.Start) (payments.Begun, error) {
	if err := payable(s.Amount); err != nil {
		return payments.Begun{}, err
	}
	if s.With != "" {
		return payments.Begun{}, refusal("saved_method", "Razorpay is not asked for money here while the buyer is away.")
	}
	a, err := p.Accounts.Open(ctx, Method)
	if err != nil {
		return payments.Begun{}, err
	}
	o, err := p.begun(ctx, a, s)
	if err == nil && o.ID == "" {
		o, err = p.begin(ctx, a, s)
	}
	if err != nil {
		return payments.Begun{}, fmt.Errorf("begin payment %s at razorpay: %w", s.Payment, err)
	}
	next, err := checkout(a, o, s)
	return payments.Begun{Ref: o.ID, Next: next}, err
}

// begun is the order that an earlier call has made, the zero order when there is
// none; of several the oldest, so that each repetition finds the same.
func (p *Provider) begun(ctx context.Context, a payments.Account, s payments.Start) (order, error) {
	found, err := list[order](ctx, p, a, "/v1/orders", url.Values{"receipt": {s.Payment.String()}})
	if err != nil {
		return order{}, err
	}
	ours := slices.DeleteFunc(found, func(o order) bool { return o.Receipt != s.Payment.String() }) // those that contain it are found
	if len(ours) == 0 {
		return order{}, nil
	}
	o := slices.MinFunc(ours, func(a, b order) int { return cmp.Or(cmp.Compare(a.CreatedAt, b.CreatedAt), cmp.Compare(a.ID, b.ID)) })
	if money.Of(o.Amount, o.Currency) != s.Amount {
		return order{}, payments.ErrMismatch
	}
	return o, nil
}

// opening is an order to be. https://razorpay.com/docs/api/orders/create/
type opening struct {
	Amount   int64             `json:"amount"`
	Currency money.Currency    `json:"currency"`
	Receipt  string            `json:"receipt"`
	Notes    map[string]string `json:"notes"`
	Payment  capturing         `json:"payment"`
}

// capturing is who takes what was authorised, and until when: see
// https://razorpay.com/docs/payments/payments/capture-settings/api/
type capturing struct {
	Capture string         `json:"capture"`
	Options capturingUntil `json:"capture_options"`
}

// capturingUntil counts minutes since an attempt began.
type capturingUntil struct {
	Automatic int    `json:"automatic_expiry_period,omitempty"`
	Manual    int    `json:"manual_expiry_period"`
	Speed     string `json:"refund_speed"`
}

// What is authorised within the shortest time that there is, Razorpay takes by
// itself. What a bank says later may be too late for the order, so that is left to
// the shop, for as long as Razorpay waits at all; then it gives the money back.
const (
	takenWithin = 12
	heldFor     = 5 * 24 * 60
)

func (p *Provider) begin(ctx context.Context, a payments.Account, s payments.Start) (order, error) {
	how := capturing{"automatic", capturingUntil{takenWithin, heldFor, "normal"}}
	if s.Capture == payments.CaptureOnShipment {
		how = capturing{"manual", capturingUntil{0, heldFor, "normal"}}
	}
	var o order
	err := p.call(ctx, a, call{path: "/v1/orders", body: opening{
		Amount: s.Amount.Minor, Currency: s.Amount.Currency, Receipt: s.Payment.String(), Payment: how,
		Notes: map[string]string{"order": s.Number},
	}}, &o)
	if err == nil && o.ID == "" {
		err = errors.New("razorpay has made an order without an id")
	}
	return o, err
}

// checkout sends the buyer to the page that Razorpay hosts.
// https://razorpay.com/docs/payments/payment-gateway/web-integration/hosted/integration-steps/
func checkout(a payments.Account, o order, s payments.Start) (*payments.Action, error) {
	back, err := url.Parse(s.ReturnURL)
	if err != nil {
		return nil, fmt.Errorf("read the address to return to: %w", err)
	}
	query := back.Query()
	query.Set(cancelled, "1")
	back.RawQuery = query.Encode()
	fields := map[string]string{
		"key_id": a.Get("key_id"), "order_id": o.ID, "amount": strconv.FormatInt(o.Amount, 10), "currency": string(o.Currency),
		"name": a.Get("name"), "description": s.Number, "prefill[email]": s.Email, "prefill[contact]": s.Phone,
		"callback_url": s.ReturnURL, "cancel_url": back.String(),
	}
	for name, value := range fields {
		if value == "" {
			delete(fields, name) // the page asks for it
		}
	}
	return &payments.Action{Kind: "form_post", URL: base(a) + "/v1/checkout/embedded", Fields: fields}, nil
}

package payments

import (
	"context"
	"errors"
	"time"

	"souk/internal/id"
	"souk/internal/money"
)

// Provider is a way to pay. Its methods may call somebody else's server, so no
// transaction is open while they run, and each can be repeated with the same
// Key: the provider, too, does it once. An error is an unknown outcome unless
// it is an errs.Error, which is the provider's no.
type Provider interface {
	// Method is the payment_method of the API and the name in payments.provider.
	Method() string

	// Settled reports that placing the order is the whole promise to pay: the
	// order is confirmed at once and its stock allocated. Otherwise the order
	// waits with held stock until a fact arrives.
	Settled() bool

	// ByHand reports that people give money back themselves, and the shop writes
	// down that they have. Otherwise the provider is told to.
	ByHand() bool

	// Offered refuses, with ErrMethod, an order that cannot be paid this way.
	Offered(context.Context, Offer) error

	// Fee is what paying this way costs the buyer beside the order, nothing for most.
	Fee(context.Context, money.Currency) (money.Amount, error)

	// Waits is how long an order may wait for its money; 0 is as long as the shop
	// lets others wait.
	Waits(context.Context) (time.Duration, error)

	// Tells is what buyers are to do who pay in their own time, known without
	// asking anybody; nil where Start tells, or nothing is to be done.
	Tells(context.Context, Start) (*Action, error)

	// Start asks for the money of a placed order.
	Start(context.Context, Start) (Begun, error)

	// Capture takes authorised money.
	Capture(context.Context, Move) (Fact, error)

	// Void gives up authorised money.
	Void(context.Context, Move) (Fact, error)

	// Refund gives captured money back.
	Refund(context.Context, Move) (Fact, error)
}

// Offer is what a provider is told of an order before it is placed.
type Offer struct {
	Total   money.Amount
	Country string // of the shipping address

	PostalCode string // of the shipping address
	Digital    bool   // some of it is handed over once it is paid for, or nothing of it is shipped
}

// Start is what a provider is told to begin a payment.
type Start struct {
	Payment   id.Payment
	Number    string // of the order, for the buyer's statement
	Email     string
	Phone     string
	Amount    money.Amount
	Capture   CaptureWhen // take it at once, or promise it
	ReturnURL string      // where the provider sends the buyer back, however it ended
	ExpiresAt time.Time   // when the order is given up; zero: it waits
	Key       string      // the same for each repetition

	Save bool   // keep how it was paid, for payments while the buyer is away
	With string // pay by what was kept, the buyer being away: its Saved.Ref
}

// Begun is what a provider answers.
type Begun struct {
	Ref  string  // the provider's name for the payment
	Next *Action // what the buyer must do, nil when nothing
	Fact *Fact   // what is already known, nil when the webhook will tell
}

// Action is what a buyer must do to pay.
type Action struct {
	Kind      string            `json:"type" doc:"redirect: go to url. hosted_fields: go to url, a page of the shop with the provider's own fields. form_post: post fields to url, as a form. bank_transfer: see text and reference"`
	Text      string            `json:"text,omitempty" doc:"Of the shop, where money is to be sent"`
	Reference string            `json:"reference,omitempty" doc:"To name with it"`
	URL       string            `json:"url,omitempty"`
	Fields    map[string]string `json:"fields,omitempty"`
}

// Saved is how a buyer has paid, kept by the provider to be used again.
type Saved struct {
	Ref       string     `db:"ref" json:"-"` // the provider's name for it, and for whose it is
	Label     string     `db:"label" json:"label" example:"Visa 4242"`
	ExpiresAt *time.Time `db:"expires_at" json:"expires_at,omitempty"`
}

// Move is money to capture, void or refund.
type Move struct {
	Payment id.Payment
	Ref     string   // the provider's name for the payment
	Refs    []string // and what else was read since
	Amount  money.Amount
	All     bool   // of a capture: it is all that will be taken, the rest is given up
	Taken   string // of a refund: the cause of the capture that it is of
	Reason  string
	Cause   string // becomes the cause of the fact where the provider has no name of its own for it
	Key     string // the same for each repetition
}

// Provider finds a way to pay by its method, or refuses with [ErrMethod].
func (p *Payments) Provider(method string) (Provider, error) {
	for _, provider := range p.Providers {
		if provider.Method() == method {
			return provider, nil
		}
	}
	return nil, ErrMethod.Field("/payment_method", "unavailable", "This way to pay is not offered here.")
}

// WithoutFee is embedded by providers by which paying costs the buyer nothing.
type WithoutFee struct{}

// Fee is nothing.
func (WithoutFee) Fee(_ context.Context, c money.Currency) (money.Amount, error) {
	return money.Zero(c), nil
}

// SavesNothing is embedded by providers that keep no way to pay for a buyer.
type SavesNothing struct{}

// Forget has nothing to forget.
func (SavesNothing) Forget(context.Context, string) error { return nil }

// Fee is what paying by a method costs beside an order in a currency; nothing for
// one that is not offered.
func (p *Payments) Fee(ctx context.Context, method string, c money.Currency) (money.Amount, error) {
	for _, provider := range p.Providers {
		if provider.Method() == method {
			return provider.Fee(ctx, c)
		}
	}
	return money.Zero(c), nil
}

// Methods lists the ways to pay that are offered for an order.
func (p *Payments) Methods(ctx context.Context, o Offer) ([]string, error) {
	methods := []string{}
	for _, provider := range p.Providers {
		err := provider.Offered(ctx, o)
		if err != nil && !errors.Is(err, ErrMethod) {
			return nil, err
		}
		if err == nil {
			methods = append(methods, provider.Method())
		}
	}
	return methods, nil
}

// Next is what the buyer of an order has to do about its payment; nil when
// nothing, or when only the provider could say.
func (p *Payments) Next(ctx context.Context, payment Payment, number string) (*Action, error) {
	if payment.Status != Pending && payment.Status != Processing {
		return nil, nil //nolint:nilnil // there is nothing to do
	}
	provider, err := p.Provider(payment.Provider)
	if errors.Is(err, ErrMethod) { // it is not offered any more
		return nil, nil //nolint:nilnil // nobody could say
	}
	if err != nil {
		return nil, err
	}
	return provider.Tells(ctx, Start{Payment: payment.ID, Number: number, Amount: payment.Amount})
}

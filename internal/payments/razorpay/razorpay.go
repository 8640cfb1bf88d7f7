// Package razorpay is payment by Razorpay: cards, UPI, netbanking and wallets,
// on the page that Razorpay hosts.
//
// Owns: how the shop speaks to Razorpay, over its HTTP API. Tables: none.
// Raises: nothing.
// Calls: Razorpay, with the keys of the shop's account there (see
// payments.Accounts).
//
// # Names
//
// A payment is one order of Razorpay's, whose receipt is our payment's id. The
// buyer's attempts at it are Razorpay's payments; at most one of them is
// captured. Its id is the cause of the capture and of its fee; the order's id is
// the cause of the authorisation, so that a second attempt does not promise the
// money a second time.
package razorpay

import (
	"context"
	"errors"
	"strings"

	"souk/internal/errs"
	"souk/internal/money"
	"souk/internal/payments"
)

// Method is how orders and payments call it.
const Method = "razorpay"

// address is the same for test mode and live mode: the key says which it is.
// https://razorpay.com/docs/api/authentication/
const address = "https://api.razorpay.com"

// Provider is payment by Razorpay.
type Provider struct {
	payments.WithoutFee
	payments.SavesNothing

	Accounts *payments.Accounts
}

var _ payments.Online = &Provider{}

// Method is "razorpay".
func (*Provider) Method() string { return Method }

// Fields are what Razorpay's dashboard shows under API keys and webhooks.
func (*Provider) Fields() []payments.Field {
	return []payments.Field{
		{Name: "key_id", Help: "Key id, rzp_test_… or rzp_live_…", Required: true},
		{Name: "key_secret", Help: "Secret of that key", Secret: true, Required: true},
		{Name: "webhook_secret", Help: "Secret of the webhook", Secret: true, Required: true},
		{Name: "name", Help: "Name of the shop on the page where buyers pay", Required: true},
		{Name: "account_id", Help: "Merchant id, acc_…: notices for another are not applied"},
	}
}

// Probe reads one payment. Razorpay does not tell an account its name, so the
// answer is the account's id where it is set, and the key.
func (p *Provider) Probe(ctx context.Context) (string, error) {
	a, err := p.Accounts.Open(ctx, Method)
	if err != nil {
		return "", err
	}
	if live := strings.HasPrefix(a.Get("key_id"), "rzp_live_"); live != a.Live {
		return "", refusal("wrong_mode", "This is a key of the other mode: rzp_live_ keys move money, rzp_test_ keys do not.")
	}
	err = p.call(ctx, a, call{path: "/v1/payments?count=1"}, &collection[attempt]{})
	if errors.Is(err, errKeys) {
		return "", refusal("authentication_failed", "Razorpay does not know this key and secret.")
	}
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(a.Get("account_id") + " " + a.Get("key_id")), nil
}

// Settled is false: an order waits until its buyer has paid.
func (*Provider) Settled() bool { return false }

// ByHand is false: Razorpay is told to give money back.
func (*Provider) ByHand() bool { return false }

// Captures says whole: the amount of a capture has to be the one that was
// authorised. https://razorpay.com/docs/api/payments/capture/
func (*Provider) Captures() payments.Captures { return payments.CapturesWhole }

// Offered refuses what Razorpay cannot take.
func (p *Provider) Offered(ctx context.Context, o payments.Offer) error {
	if err := p.Accounts.Offered(ctx, Method, o); err != nil {
		return err
	}
	return payable(o.Total)
}

// currencies are those that Razorpay takes; it counts them in the minor units of
// ISO 4217. https://razorpay.com/docs/payments/international-payments/#supported-currencies
const currencies = `AED ALL AMD AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BZD CAD CHF CLP CNY COP CRC CUP CVE CZK DJF DKK
	DOP DZD EGP ETB EUR FJD GBP GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD ISK JMD JOD JPY KES KGS KHR KMF KRW KWD KYD KZT LAK LKR
	LRD LSL MAD MDL MGA MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SCR
	SEK SGD SOS SVC SZL THB TND TRY TTD TWD TZS UAH UGX USD UYU UZS VND VUV XAF XCD XOF XPF YER ZAR ZMW`

// payable refuses what Razorpay cannot express: other currencies, less than one
// rupee, and a last digit of three decimals that is not 0.
// https://razorpay.com/docs/api/orders/create/
func payable(a money.Amount) error {
	refused := func(code, why string) error { return payments.ErrMethod.Field("/payment_method", code, why) }
	switch {
	case len(a.Currency) != 3 || !strings.Contains(currencies, string(a.Currency)):
		return refused("currency_unsupported", "Razorpay does not take this currency.")
	case a.Minor <= 0, a.Currency == "INR" && a.Minor < 100:
		return refused("amount_too_small", "Razorpay takes no less than one rupee.")
	case !expressible(a):
		return refused("amount_unsupported", "Razorpay takes only sums of this currency that end in 0.")
	}
	return nil
}

// expressible reports that the last of three decimals is 0.
func expressible(a money.Amount) bool { return a.Currency.Decimals() != 3 || a.Minor%10 == 0 }

// refusal is Razorpay's no, with the word that it has for it.
func refusal(reason, message string) *errs.Error {
	return errs.New(errs.Conflict, "provider_refused", message).With("reason", reason)
}

// errState says that an order's attempts do not allow what was asked for.
var errState = errs.New(errs.Conflict, "payment_state", "The payment at Razorpay is not in a state that allows this.")

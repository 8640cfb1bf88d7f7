package stripe

import (
	"fmt"
	"strings"

	api "github.com/stripe/stripe-go/v85"

	"souk/internal/money"
	"souk/internal/payments"
)

// decimals is how many digits of an amount Stripe reads as those behind the
// point, for each currency that it takes. It is not what ISO 4217 says: ISK is
// written with two zeros, MGA without its fifths. UGX is missing on purpose: one
// page says that it has none and that it has two.
// https://docs.stripe.com/currencies
var decimals = func() map[money.Currency]int {
	all := map[money.Currency]int{}
	for digits, codes := range map[int]string{
		0: "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF",
		2: `AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BWP
			BYN BZD CAD CDF CHF CNY COP CRC CVE CZK DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL
			GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR ISK JMD KES KGS KHR KYD KZT LAK LBP
			LKR LRD LSL MAD MDL MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR
			NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SEK SGD SHP SLE SOS SRD
			SZL THB TJS TOP TRY TTD TWD TZS UAH USD UYU UZS WST XCD XCG YER ZAR ZMW`,
		3: "BHD JOD KWD OMR TND",
	} {
		for _, code := range strings.Fields(codes) {
			all[money.Currency(code)] = digits
		}
	}
	return all
}()

// least is the smallest charge, in Stripe's units, of the currencies that
// accounts are paid out in. https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
var least = map[money.Currency]int64{
	"USD": 50, "AED": 200, "AUD": 50, "BGN": 100, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250, "EUR": 50, "GBP": 30, "HKD": 400,
	"HUF": 17500, "INR": 50, "JPY": 50, "MXN": 1000, "MYR": 200, "NOK": 300, "NZD": 50, "PLN": 200, "RON": 200, "SEK": 300, "SGD": 50, "THB": 1000,
}

// most is the largest charge, in Stripe's units: eight digits for all others.
var most = map[money.Currency]int64{
	"IDR": 999_999_999_999, "INR": 999_999_999,
	"COP": 9_999_999_999_999, "HUF": 9_999_999_999_999, "JPY": 9_999_999_999_999, "LBP": 99_999_999_999_999,
}

const mostOfOthers = 99_999_999

// payable is an amount in Stripe's units, or a refusal of one that it does not
// take.
func payable(a money.Amount) (int64, error) {
	refuse := func(code, detail string) (int64, error) {
		return 0, payments.ErrMethod.Field("/payment_method", code, detail)
	}
	n, err := units(a)
	switch limit, ok := most[a.Currency]; {
	case err != nil:
		return refuse("currency_unsupported", "Stripe does not take this amount in "+string(a.Currency)+".")
	case n <= 0 || n < least[a.Currency]:
		return refuse("amount_too_small", "This is less than Stripe takes.")
	case ok && n > limit || !ok && n > mostOfOthers:
		return refuse("amount_too_large", "This is more than Stripe takes.")
	}
	return n, nil
}

// units is an amount as Stripe counts it. The last of three digits has to be 0.
func units(a money.Amount) (int64, error) {
	digits, ok := decimals[a.Currency]
	if !ok {
		return 0, refusal("currency_unsupported", "Stripe does not take "+string(a.Currency)+".")
	}
	n := a.Minor
	for range digits - a.Currency.Decimals() {
		n *= 10
	}
	step := int64(1)
	for range a.Currency.Decimals() - digits {
		step *= 10
	}
	if digits == 3 && n%10 != 0 || n%step != 0 {
		return 0, refusal("amount_unsupported", "Stripe cannot count "+a.String()+" so exactly.")
	}
	return n / step, nil
}

// amount is what Stripe's units come to.
func amount(n int64, currency api.Currency) (money.Amount, error) {
	c := money.Currency(strings.ToUpper(string(currency)))
	digits, ok := decimals[c]
	if !ok {
		return money.Amount{}, fmt.Errorf("amount of %d %q from Stripe: unknown currency", n, currency)
	}
	for range c.Decimals() - digits {
		n *= 10
	}
	for range digits - c.Decimals() {
		if n%10 != 0 {
			return money.Amount{}, fmt.Errorf("amount of %d %q from Stripe: a fraction", n, currency)
		}
		n /= 10
	}
	return money.Of(n, c), nil
}

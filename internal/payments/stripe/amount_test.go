package stripe

import (
	"errors"
	"strings"
	"testing"

	api "github.com/stripe/stripe-go/v85"
	"pgregory.net/rapid"

	"souk/internal/errs"
	"souk/internal/money"
	"souk/internal/payments"
)

// R17: JPY has no decimals, KWD has three and Stripe counts two of them, and
// Stripe counts ISK and MGA otherwise than ISO 4217.
func TestAmountsAreCountedAsStripeCounts(t *testing.T) {
	for _, test := range []struct {
		amount money.Amount
		want   int64
	}{
		{money.Of(10_00, "USD"), 1000},
		{money.Of(500, "JPY"), 500},
		{money.Of(5_120, "KWD"), 5120},
		{money.Of(5, "ISK"), 500},
		{money.Of(5_00, "MGA"), 5},
		{money.Of(175_00, "HUF"), 17500},
		{money.Of(50_000, "VND"), 50000},
	} {
		n, err := units(test.amount)
		if err != nil || n != test.want {
			t.Errorf("%s is %d, %v, want %d", test.amount, n, err, test.want)
		}
		back, err := amount(n, api.Currency(strings.ToLower(string(test.amount.Currency))))
		if err != nil || back != test.amount {
			t.Errorf("%d comes back as %s, %v, want %s", n, back, err, test.amount)
		}
	}
}

func TestWhatIsCountedComesBack(t *testing.T) {
	var codes []money.Currency
	for code := range decimals {
		if !code.Valid() && code != "ANG" && code != "BGN" { // those have been replaced
			t.Errorf("%s is no currency", code)
		}
		codes = append(codes, code)
	}
	rapid.Check(t, func(t *rapid.T) {
		a := money.Of(rapid.Int64Range(1, 1_000_000_000).Draw(t, "minor"), rapid.SampledFrom(codes).Draw(t, "currency"))
		n, err := units(a)
		if err != nil {
			return
		}
		if back, err := amount(n, api.Currency(strings.ToLower(string(a.Currency)))); err != nil || back != a {
			t.Errorf("%s is %d, and comes back as %s, %v", a, n, back, err)
		}
	})
}

// Bad input 62.
func TestAmountsThatStripeDoesNotTake(t *testing.T) {
	for _, test := range []struct {
		amount money.Amount
		code   string
	}{
		{money.Of(49, "USD"), "amount_too_small"},
		{money.Of(0, "USD"), "amount_too_small"},
		{money.Of(-1_00, "ALL"), "amount_too_small"},
		{money.Of(174_99, "HUF"), "amount_too_small"},
		{money.Of(1_000_000_00, "USD"), "amount_too_large"},
		{money.Of(money.Max, "IDR"), "amount_too_large"},
		{money.Of(1_234_567_8, "CLF"), "currency_unsupported"},
		{money.Of(10_000, "UGX"), "currency_unsupported"}, // Stripe's page says both that it has cents and that it has none
		{money.Of(1_001, "KWD"), "currency_unsupported"},
		{money.Of(1_001, "MGA"), "currency_unsupported"},
	} {
		_, err := payable(test.amount)
		var no *errs.Error
		if !errors.Is(err, payments.ErrMethod) || !errors.As(err, &no) || len(no.Fields) != 1 || no.Fields[0].Code != test.code {
			t.Errorf("%s: %v %+v, want %s", test.amount, err, no, test.code)
		}
	}
	if n, err := payable(money.Of(5_000_000_000, "JPY")); err != nil || n != 5_000_000_000 {
		t.Errorf("yen may be many: %d, %v", n, err)
	}
}

func TestAmountsOfUnknownCurrenciesAreNotGuessed(t *testing.T) {
	for currency, n := range map[api.Currency]int64{"ugx": 500, "isk": 450, "": 1, "usdc": 1} {
		if a, err := amount(n, currency); err == nil {
			t.Errorf("%d %q is %s", n, currency, a)
		}
	}
}

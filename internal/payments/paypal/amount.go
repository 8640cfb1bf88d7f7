package paypal

import (
	"encoding/json"
	"fmt"
	"strings"

	"souk/internal/money"
)

// currencies is what PayPal takes, with how many decimals it takes of each: of
// the forint and the new Taiwan dollar fewer than ISO 4217 has.
// https://developer.paypal.com/api/rest/reference/currency-codes/
var currencies = func() map[money.Currency]int {
	all := map[money.Currency]int{"HUF": 0, "JPY": 0, "TWD": 0}
	for _, c := range strings.Fields("AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD ILS MXN MYR NOK NZD PHP PLN SEK SGD THB USD") {
		all[money.Currency(c)] = 2
	}
	return all
}()

// expressible reports whether PayPal can be asked for an amount.
func expressible(a money.Amount) bool {
	d, ok := currencies[a.Currency]
	if !ok || a.Minor <= 0 {
		return false
	}
	unit := int64(1)
	for range a.Currency.Decimals() - d {
		unit *= 10
	}
	return a.Minor%unit == 0
}

// countable refuses to move an amount that PayPal would be asked for another of.
func countable(a money.Amount) error {
	if expressible(a) {
		return nil
	}
	return no("amount_unsupported", "It cannot count "+a.String()+" so exactly.")
}

// sum is an amount as PayPal writes it: {"currency_code": "USD", "value": "19.99"}.
type sum struct{ money.Amount }

type wireSum struct {
	Currency money.Currency `json:"currency_code"`
	Value    string         `json:"value"`
}

// MarshalJSON writes no more decimals than PayPal takes, of what is expressible.
func (s sum) MarshalJSON() ([]byte, error) {
	value := s.Decimal()
	if currencies[s.Currency] == 0 {
		value, _, _ = strings.Cut(value, ".")
	}
	return json.Marshal(wireSum{s.Currency, value})
}

// UnmarshalJSON reads "19.99", "-0.5" and ".5".
func (s *sum) UnmarshalJSON(b []byte) error {
	var w wireSum
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	value, negative := strings.CutPrefix(w.Value, "-")
	if strings.HasPrefix(value, ".") {
		value = "0" + value
	}
	if negative {
		value = "-" + value
	}
	a, err := money.Parse(value, w.Currency)
	if err != nil || !w.Currency.Valid() {
		return fmt.Errorf("%w: PayPal says %q %s", money.ErrMalformed, w.Value, w.Currency)
	}
	s.Amount = a
	return nil
}

package pricing

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"souk/internal/money"
)

func rule(base, c money.Currency, rate, roundTo, ending int64) Currency {
	return Currency{Currency: c, Base: base, RatePPB: &rate, RoundTo: roundTo, Ending: ending}
}

// A derived price below the largest is one that the rule allows, no other is nearer to the exact
// amount, and what costs something is not free.
func TestDerivedPricesAreTheNearestThatTheRuleAllows(t *testing.T) {
	t.Parallel()
	currencies := []money.Currency{"JPY", "USD", "KWD"}
	rapid.Check(t, func(t *rapid.T) {
		roundTo := rapid.SampledFrom([]int64{1, 5, 10, 50, 100, 1000}).Draw(t, "round to")
		r := rule(rapid.SampledFrom(currencies).Draw(t, "base"), rapid.SampledFrom(currencies).Draw(t, "currency"),
			rapid.Int64Range(1, 200_000_000_000).Draw(t, "rate"), roundTo, rapid.Int64Range(0, roundTo-1).Draw(t, "ending"))
		price := money.Of(rapid.Int64Range(1, 1_000_000).Draw(t, "price"), r.Base)
		got := r.Derive(price)
		if got.Currency != r.Currency || got.Minor <= 0 || got.Minor%roundTo != r.Ending {
			t.Fatalf("%s becomes %s by %+v", price, got, r)
		}
		exact := new(big.Rat).SetInt64(price.Minor)
		exact.Mul(exact, big.NewRat(*r.RatePPB, 1_000_000_000))
		exact.Mul(exact, new(big.Rat).SetFrac(tenTo(r.Currency.Decimals()), tenTo(r.Base.Decimals())))
		distance := func(minor int64) *big.Rat {
			d := new(big.Rat).Sub(exact, new(big.Rat).SetInt64(minor))
			return d.Abs(d)
		}
		if up := got.Minor + roundTo; distance(up).Cmp(distance(got.Minor)) <= 0 {
			t.Errorf("%s is %s: %d is as near as %s, and higher", price, exact.FloatString(4), up, got)
		}
		if down := got.Minor - roundTo; down > 0 && distance(down).Cmp(distance(got.Minor)) < 0 {
			t.Errorf("%s is %s: %d is nearer than %s", price, exact.FloatString(4), down, got)
		}
	})
}

func TestDerivedPrices(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rule        Currency
		price, want int64
	}{
		"to the cent":              {rule("USD", "EUR", 918_273_000, 1, 0), 1999, 1836},    // 18.35627…
		"half up":                  {rule("USD", "EUR", 500_000_000, 1, 0), 1999, 1000},    // 9.995
		"to five cents":            {rule("USD", "CHF", 880_000_000, 5, 0), 1999, 1760},    // 17.5912
		"to .99":                   {rule("USD", "EUR", 918_273_000, 100, 99), 1999, 1799}, // 18.36: .99 below is nearer than above
		"yen":                      {rule("USD", "JPY", 157_250_000_000, 1, 0), 1999, 3143},
		"yen in tens":              {rule("USD", "JPY", 157_250_000_000, 10, 0), 1999, 3140},
		"from yen":                 {rule("JPY", "USD", 6_359_300, 1, 0), 3143, 1999},
		"dinars":                   {rule("USD", "KWD", 306_500_000, 1, 0), 1999, 6127}, // 6.126935
		"dinars to .990":           {rule("USD", "KWD", 306_500_000, 1000, 990), 1999, 5990},
		"nothing stays nothing":    {rule("USD", "EUR", 918_273_000, 100, 99), 0, 0},
		"never free":               {rule("IDR", "USD", 61_300, 1, 0), 100, 1}, // 1.00 IDR is 0.0000613
		"never below the smallest": {rule("USD", "EUR", 918_273_000, 100, 99), 5, 99},
		"no more than a price":     {rule("USD", "IDR", 16_000_000_000_000, 1, 0), maxPrice, maxPrice},
	} {
		if got := c.rule.Derive(money.Of(c.price, c.rule.Base)); got != money.Of(c.want, c.rule.Currency) {
			t.Errorf("%s: %s, want %s", name, got, money.Of(c.want, c.rule.Currency))
		}
	}
}

package tax

import (
	"math/big"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"souk/internal/money"
)

func TestCharge(t *testing.T) {
	t.Parallel()
	vat19 := []Rate{{Name: "VAT 19 %", PPM: 190_000}}
	quebec := []Rate{{Name: "GST", PPM: 50_000}, {Name: "QST", PPM: 99_750}}
	for name, c := range map[string]struct {
		amount   money.Amount
		rates    []Rate
		included bool
		want     []int64
	}{
		"no rate, no tax":             {money.Of(1000, "EUR"), nil, true, nil},
		"on top":                      {money.Of(1000, "EUR"), vat19, false, []int64{190}},
		"on top rounds half up":       {money.Of(50, "USD"), []Rate{{PPM: 50_000}}, false, []int64{3}}, // 2.5
		"included":                    {money.Of(1190, "EUR"), vat19, true, []int64{190}},
		"included rounds once":        {money.Of(100, "EUR"), vat19, true, []int64{16}}, // 15.966
		"two rates on top":            {money.Of(10_000, "CAD"), quebec, false, []int64{500, 998}},
		"two rates included re-add":   {money.Of(11_498, "CAD"), quebec, true, []int64{500, 998}}, // 1498.1 in all
		"a rate of 0 % takes nothing": {money.Of(999, "EUR"), []Rate{{Name: "export"}}, true, []int64{0}},
		"yen have no decimals":        {money.Of(1080, "JPY"), []Rate{{PPM: 80_000}}, true, []int64{80}},
		"dinars have three":           {money.Of(10_005, "KWD"), []Rate{{PPM: 50_000}}, false, []int64{500}}, // 500.25
		"nothing costs no tax":        {money.Of(0, "EUR"), vat19, true, []int64{0}},
	} {
		var got []int64
		for _, s := range Charge(c.amount, c.rates, Terms{Included: c.included}) {
			got = append(got, s.Amount.Minor)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// What is taken out of a gross price and what is put on top of the net price
// that remains differ by rounding only.
func TestIncludedAndOnTopAgreeWithinOneUnitPerRoundingGroup(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		gross := money.Of(rapid.Int64Range(0, money.Max).Draw(t, "gross"),
			rapid.SampledFrom([]money.Currency{"JPY", "USD", "KWD"}).Draw(t, "currency"))
		var rates []Rate
		for _, ppm := range rapid.SliceOfN(rapid.Int64Range(0, 300_000), 1, 3).Draw(t, "ppm") {
			rates = append(rates, Rate{PPM: ppm})
		}
		within := Total(gross.Currency, Charge(gross, rates, Terms{Included: true}))
		onTop := Total(gross.Currency, Charge(gross.Minus(within), rates, Terms{}))
		if off := within.Minus(onTop).Minor; off > int64(len(rates)) || off < -int64(len(rates)) {
			t.Fatalf("%s holds %s of tax, but %s goes on top of the rest", gross, within, onTop)
		}
		if within.Minor < 0 || within.Minor > gross.Minor {
			t.Fatalf("%s holds %s of tax", gross, within)
		}
	})
}

func TestIncludedTaxIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		gross := rapid.Int64Range(0, money.Max).Draw(t, "gross")
		ppm := rapid.Int64Range(0, million).Draw(t, "ppm")
		got := Charge(money.Of(gross, "EUR"), []Rate{{PPM: ppm}}, Terms{Included: true})[0].Amount.Minor

		// floor(gross × ppm / (million + ppm) + 1/2), without overflow
		den := 2 * (million + ppm)
		want := new(big.Int).Mul(big.NewInt(2*gross), big.NewInt(ppm))
		want.Add(want, big.NewInt(million+ppm)).Quo(want, big.NewInt(den))
		if got != want.Int64() {
			t.Fatalf("%d at %d ppm holds %d, want %s", gross, ppm, got, want)
		}
	})
}

func TestPerTotalOnlySameRatesAreOneGroup(t *testing.T) {
	t.Parallel()
	vat := Rate{Name: "VAT", PPM: 50_000}
	for name, c := range map[string]struct {
		other Rate
		want  int64
	}{
		"the same":     {vat, 1},                            // 5 % of 20 cents
		"another name": {Rate{Name: "GST", PPM: 50_000}, 2}, // half a cent each, rounded up
		"another rate": {Rate{Name: "VAT", PPM: 50_001}, 2},
		"a compound":   {Rate{Name: "VAT", PPM: 50_000, Compound: true}, 2},
	} {
		ten, got := money.Of(10, "USD"), int64(0)
		for _, shares := range ChargeAll([]Item{{ten, []Rate{vat}}, {ten, []Rate{c.other}}}, Terms{PerTotal: true}) {
			got += Total("USD", shares).Minor
		}
		if got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// Rounded per total, what items of the same rates pay is what their sum pays, each
// pays within a unit of its part, and none holds more tax than itself.
func TestPerTotalIsTheTaxOnTheSum(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		terms := Terms{Included: rapid.Bool().Draw(t, "included"), PerTotal: true, HalfEven: rapid.Bool().Draw(t, "half even")}
		rates := []Rate{
			{Name: "a", PPM: rapid.Int64Range(0, 500_000).Draw(t, "a")},
			{Name: "b", PPM: rapid.Int64Range(0, 500_000).Draw(t, "b"), Compound: rapid.Bool().Draw(t, "compound")},
		}
		amounts := rapid.OneOf(rapid.Int64Range(0, 3), rapid.Int64Range(0, 1_000_000))
		var items []Item
		sums := [2]int64{} // of those with both rates, and of those with the first
		for range rapid.IntRange(1, 10).Draw(t, "items") {
			item := Item{Amount: money.Of(amounts.Draw(t, "amount"), "EUR"), Rates: rates[:rapid.IntRange(1, 2).Draw(t, "rates")]}
			items = append(items, item)
			sums[2-len(item.Rates)] += item.Amount.Minor
		}
		all := ChargeAll(items, terms)
		for n, sum := range sums {
			for r, want := range Charge(money.Of(sum, "EUR"), rates[:2-n], terms) {
				got := int64(0)
				for i, shares := range all {
					if len(items[i].Rates) != 2-n {
						continue
					}
					share := shares[r].Amount.Minor
					got += share
					// |share × sum - want × amount| within a unit of the ideal; moved to where there is room, within two.
					off := new(big.Int).Mul(big.NewInt(share), big.NewInt(sum))
					off.Sub(off, new(big.Int).Mul(big.NewInt(want.Amount.Minor), big.NewInt(items[i].Amount.Minor)))
					within := int64(1)
					if terms.Included {
						within = 2
					}
					if sum > 0 && off.CmpAbs(big.NewInt(within*sum)) >= 0 {
						t.Fatalf("item %d pays %d of %s on %d", i, share, want.Amount, sum)
					}
					if total := Total("EUR", shares).Minor; terms.Included && total > items[i].Amount.Minor || share < 0 {
						t.Fatalf("item %d of %s holds %d", i, items[i].Amount, total)
					}
				}
				if got != want.Amount.Minor {
					t.Fatalf("items pay %d, their sum %s", got, want.Amount)
				}
			}
		}
	})
}

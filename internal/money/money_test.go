package money

import (
	"errors"
	"math"
	"math/big"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var (
	currencies = rapid.SampledFrom([]Currency{"JPY", "USD", "KWD", "CLF"})
	minors     = rapid.Int64Range(-Max, Max)
	weightList = rapid.SliceOfN(rapid.Int64Range(0, Max), 1, 40)
)

func TestSplitReAddsAndEachPartIsNearItsIdeal(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		total, weights := Of(minors.Draw(t, "total"), "USD"), weightList.Draw(t, "weights")
		parts := total.Split(weights)

		if got := Sum("USD", parts...); got != total {
			t.Fatalf("%d split over %v re-adds to %d", total.Minor, weights, got.Minor)
		}
		sum := new(big.Int)
		for _, w := range weights {
			sum.Add(sum, big.NewInt(w))
		}
		for i, p := range parts {
			if (p.Minor < 0) != (total.Minor < 0) && p.Minor != 0 {
				t.Fatalf("part %d of %d has the other sign: %d", i, total.Minor, p.Minor)
			}
			weight, all := big.NewInt(weights[i]), sum
			if sum.Sign() == 0 {
				weight, all = big.NewInt(1), big.NewInt(int64(len(weights)))
			}
			// |part × all - total × weight| < all: within one unit of the ideal.
			off := new(big.Int).Mul(big.NewInt(p.Minor), all)
			off.Sub(off, new(big.Int).Mul(big.NewInt(total.Minor), weight))
			if off.CmpAbs(all) >= 0 {
				t.Fatalf("part %d of %d over %v is %d", i, total.Minor, weights, p.Minor)
			}
		}
	})
}

func TestEqualPartsDifferByAUnitAndHeavierOnesAreNotLess(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		total, weights := Of(minors.Draw(t, "total"), "USD"), weightList.Draw(t, "weights")
		parts := total.Split(weights)
		for i, a := range weights {
			for j, b := range weights[i+1:] {
				first, later := abs(parts[i].Minor), abs(parts[i+1+j].Minor)
				switch {
				case a == b && first != later && first != later+1:
					t.Fatalf("%d over %v: equal weights %d and %d get %d and %d", total.Minor, weights, i, i+1+j, first, later)
				case a > b && first < later, a < b && first > later:
					t.Fatalf("%d over %v: weights %d and %d get %d and %d", total.Minor, weights, a, b, first, later)
				}
			}
		}
	})
}

func TestTheFirstOfManyEqualPartsGetWhatIsLeftOver(t *testing.T) {
	t.Parallel()
	for i, part := range Of(70, "USD").Split(slices.Repeat([]int64{5}, 100)) {
		if (part.Minor == 1) != (i < 70) {
			t.Errorf("part %d is %d", i, part.Minor)
		}
	}
}

// A splitter divides each amount as if it were its first.
func TestASplitterForgets(t *testing.T) {
	t.Parallel()
	var s Splitter
	for _, c := range []struct {
		minor         int64
		weights, want []int64
	}{{100, []int64{1, 1, 1}, []int64{34, 33, 33}}, {5, nil, nil}, {5, []int64{0, 0}, []int64{3, 2}}, {1, []int64{7}, []int64{1}}} {
		if got := s.Split(c.minor, c.weights); !slices.Equal(got, c.want) {
			t.Errorf("%d over %v is %v, want %v", c.minor, c.weights, got, c.want)
		}
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		total   int64
		weights []int64
		want    []int64
	}{
		{100, []int64{1, 1, 1}, []int64{34, 33, 33}},
		{-100, []int64{1, 1, 1}, []int64{-34, -33, -33}},
		{5, []int64{0, 0}, []int64{3, 2}},
		{1, []int64{0, 1, 0}, []int64{0, 1, 0}},
		{10, []int64{0, 100}, []int64{0, 10}}, // a line that is free bears no discount
		{7, nil, nil},
	} {
		var got []int64
		for _, p := range Of(c.total, "USD").Split(c.weights) {
			got = append(got, p.Minor)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%d over %v (-want +got):\n%s", c.total, c.weights, diff)
		}
	}
}

func TestShareRoundsHalfAwayFromZero(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := minors.Draw(t, "minor")
		den := rapid.Int64Range(1, 2_000_000).Draw(t, "den")
		num := rapid.Int64Range(0, den).Draw(t, "num")

		// floor(|a| × num / den + 1/2), with a's sign
		want := new(big.Int).Mul(big.NewInt(2*num), new(big.Int).Abs(big.NewInt(a)))
		want.Add(want, big.NewInt(den)).Quo(want, big.NewInt(2*den))
		if a < 0 {
			want.Neg(want)
		}
		if got := Of(a, "USD").Share(num, den).Minor; got != want.Int64() {
			t.Fatalf("%d × %d/%d = %d, want %s", a, num, den, got, want)
		}
	})
}

func TestDecimalIsReadBackByParse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := Of(minors.Draw(t, "minor"), currencies.Draw(t, "currency"))
		got, err := Parse(want.Decimal(), want.Currency)
		if err != nil || got != want {
			t.Fatalf("%s %s reads back as %v, %v", want.Decimal(), want.Currency, got, err)
		}
	})
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text     string
		currency Currency
		want     int64
		err      error
	}{
		{"19.99", "USD", 1999, nil},
		{" 19.9 ", "USD", 1990, nil},
		{"19.9900", "USD", 1999, nil},
		{"-0.05", "USD", -5, nil},
		{"1500", "JPY", 1500, nil},
		{"1500.00", "JPY", 1500, nil},
		{"1.234", "KWD", 1234, nil},
		{"1000000000000000", "JPY", Max, nil},
		{"19.999", "USD", 0, ErrMalformed},
		{"1.5", "JPY", 0, ErrMalformed},
		{"19,99", "USD", 0, ErrMalformed},
		{"1,234.50", "USD", 0, ErrMalformed},
		{".5", "USD", 0, ErrMalformed},
		{"5.", "USD", 0, ErrMalformed},
		{"--5", "USD", 0, ErrMalformed},
		{"+5", "USD", 0, ErrMalformed},
		{"1e3", "USD", 0, ErrMalformed},
		{"٣", "USD", 0, ErrMalformed},
		{"", "USD", 0, ErrMalformed},
		{"-", "USD", 0, ErrMalformed},
		{"1000000000000001", "JPY", 0, ErrTooLarge},
		{"99999999999999999999", "USD", 0, ErrTooLarge},
	} {
		got, err := Parse(c.text, c.currency)
		if !errors.Is(err, c.err) || got.Minor != c.want {
			t.Errorf("Parse(%q, %s) = %d, %v; want %d, %v", c.text, c.currency, got.Minor, err, c.want, c.err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"19.99", "-1", "0.000", "1e3", "９", "1.-5"} {
		f.Add(text, "USD")
	}
	f.Fuzz(func(t *testing.T, text, currency string) {
		a, err := Parse(text, Currency(currency))
		if err != nil {
			return
		}
		if again, err := Parse(a.Decimal(), a.Currency); err != nil || again != a {
			t.Fatalf("%q was read as %v, whose decimal reads as %v, %v", text, a, again, err)
		}
	})
}

func TestTimesNeverLeavesMax(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, n := rapid.Int64().Draw(t, "minor"), rapid.Int64().Draw(t, "n")
		want := new(big.Int).Mul(big.NewInt(a), big.NewInt(n))
		got, err := Of(a, "USD").Times(n)
		if want.CmpAbs(big.NewInt(Max)) > 0 {
			if !errors.Is(err, ErrTooLarge) {
				t.Fatalf("%d × %d = %d, %v; want ErrTooLarge", a, n, got.Minor, err)
			}
		} else if err != nil || got.Minor != want.Int64() {
			t.Fatalf("%d × %d = %d, %v; want %s", a, n, got.Minor, err, want)
		}
	})
}

func TestPlusPanicsRatherThanLie(t *testing.T) {
	t.Parallel()
	for name, add := range map[string]func(){
		"two currencies": func() { Of(1, "USD").Plus(Of(1, "EUR")) },
		"above int64":    func() { Of(math.MaxInt64, "USD").Plus(Of(1, "USD")) },
		"below int64":    func() { Of(math.MinInt64, "USD").Plus(Of(-1, "USD")) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			add()
		}()
	}
	if got := Of(5, "USD").Minus(Of(7, "USD")); got.Minor != -2 {
		t.Errorf("5 - 7 = %d", got.Minor)
	}
}

func TestCurrency(t *testing.T) {
	t.Parallel()
	for code, want := range map[Currency]int{"JPY": 0, "USD": 2, "KWD": 3, "CLF": 4} {
		if !code.Valid() || code.Decimals() != want {
			t.Errorf("%s: valid %v, %d decimals, want %d", code, code.Valid(), code.Decimals(), want)
		}
	}
	for _, code := range []Currency{"", "usd", "XXX", "US", "USDT"} {
		if code.Valid() {
			t.Errorf("%q is valid", code)
		}
	}
}

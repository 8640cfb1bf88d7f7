package pricing

import (
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"souk/internal/id"
	"souk/internal/money"
)

func drawLists(t *rapid.T, c money.Currency) []ListPrice {
	one := rapid.Custom(func(t *rapid.T) ListPrice {
		n := rapid.IntRange(1, 3).Draw(t, "list")
		return ListPrice{
			List: id.PriceList{byte(n)}, Name: "List", Priority: n % 2, MinQuantity: rapid.Int64Range(1, 6).Draw(t, "from"),
			Price: money.Of(rapid.Int64Range(0, 50).Draw(t, "price"), c),
		}
	})
	place := func(l ListPrice) [2]int64 { return [2]int64{int64(l.List[0]), l.MinQuantity} } // a list has one price for a quantity
	return rapid.SliceOfNDistinct(one, 0, 6, place).Draw(t, "lists")
}

// The list of the highest priority that is reached counts, and of equal ones the
// cheapest, in whatever order lists and lines come.
func TestTheChoiceOfAListPrice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		lists := drawLists(t, "USD")
		units := rapid.Int64Range(1, 8).Draw(t, "units")
		got := choose(lists, units)
		for _, l := range lists {
			reached := l.MinQuantity <= units
			if reached && got == nil {
				t.Fatalf("%d units reach %+v, and no list counts", units, l)
			}
			if !reached {
				continue
			}
			larger := func(o ListPrice) bool {
				return o.List == l.List && o.MinQuantity > l.MinQuantity && o.MinQuantity <= units
			}
			offers := !slices.ContainsFunc(lists, larger)
			if offers && (l.Priority > got.Priority || l.Priority == got.Priority && l.Price.Minor < got.Price.Minor) {
				t.Errorf("%+v counts before %+v", got, l)
			}
		}
		if got != nil && got.MinQuantity > units {
			t.Errorf("%d units do not reach %+v", units, got)
		}
		if other := choose(rapid.Permutation(lists).Draw(t, "permuted"), units); !gocmp.Equal(got, other) {
			t.Errorf("%+v in one order of the lists, %+v in another", got, other)
		}
	})
}

func TestTheOrderOfLinesAndListsChangesNoPrice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawSnapshot(t, 1000)
		for i := range s.Lines {
			s.Lines[i].Lists = drawLists(t, s.Currency)
		}
		for i := range s.Lines { // lines of one variant have the lists of that variant
			for _, o := range s.Lines[:i] {
				if o.Variant == s.Lines[i].Variant {
					s.Lines[i].Lists = o.Lists
				}
			}
		}
		other := s
		other.Lines = rapid.Permutation(s.Lines).Draw(t, "lines")
		for i := range other.Lines {
			other.Lines[i].Lists = rapid.Permutation(other.Lines[i].Lists).Draw(t, "lists")
		}
		a, b := mustPrice(t, s), mustPrice(t, other)
		if a.Totals != b.Totals {
			t.Errorf("%+v in one order, %+v in another", a.Totals, b.Totals)
		}
		priced := map[int]UnitPrice{}
		for _, l := range a.Lines {
			priced[l.Key] = l.Unit
		}
		for _, l := range b.Lines {
			if !gocmp.Equal(priced[l.Key], l.Unit) {
				t.Errorf("line %d costs %+v in one order, %+v in another", l.Key, priced[l.Key], l.Unit)
			}
		}
		s.Explain = true
		sum := money.Zero(s.Currency)
		for _, step := range mustPrice(t, s).Trace {
			sum = sum.Plus(step.Amount)
		}
		if sum != a.Totals.GrandTotal {
			t.Errorf("the steps come to %s of %s", sum, a.Totals.GrandTotal)
		}
	})
}

// R5: units of a variant are counted over its lines, and no others'.
func TestRegressionR5QuantityBreaksCountAllLinesOfAVariant(t *testing.T) {
	t.Parallel()
	ten := []ListPrice{{List: id.PriceList{1}, Name: "Trade", MinQuantity: 10, Price: money.Of(850, "USD")}}
	line := func(key int, variant byte, quantity int64) Line {
		return Line{Key: key, Name: "Mug", Vendor: vendor(1), Variant: id.Variant{variant}, Quantity: quantity, UnitPrice: money.Of(1000, "USD"), Lists: ten}
	}
	q := mustPrice(t, Snapshot{Currency: "USD", Explain: true, Lines: []Line{line(1, 7, 6), line(2, 7, 4), line(3, 8, 9)}})
	if q.Totals.GrandTotal != money.Of(10*850+9*1000, "USD") {
		t.Errorf("total %s", q.Totals.GrandTotal)
	}
	if text := q.Trace[0].Text; q.Trace[0].Kind != "price_list" || text != "Mug: Trade, from 10 units: 8.50 USD instead of 10.00 USD" {
		t.Errorf("the first step is %+v", q.Trace[0])
	}
}

func TestWhatAListMakesCheaperIsReduced(t *testing.T) {
	t.Parallel()
	full := []Promotion{{ID: id.Promotion{1}, Name: "Full", Reward: Reward{Kind: PercentOff, PPM: 100_000, Goods: Scope{FullPrice: true}}}}
	for price, want := range map[int64]int64{850: 850, 1000: 900, 1200: 1080} {
		q := mustPrice(t, Snapshot{Currency: "USD", Promotions: full, Lines: []Line{{
			Vendor: vendor(1), Quantity: 1, UnitPrice: money.Of(1000, "USD"), Lists: []ListPrice{{List: id.PriceList{1}, MinQuantity: 1, Price: money.Of(price, "USD")}},
		}}})
		if q.Totals.GrandTotal.Minor != want {
			t.Errorf("at %d by the list: %s, want %d", price, q.Totals.GrandTotal, want)
		}
	}
}

// A price list is free to ask nothing: promotions then have nothing to divide
// (bad input 46).
func TestRow46AListPriceOfNothingDividesNothing(t *testing.T) {
	t.Parallel()
	five := []Promotion{{ID: id.Promotion{1}, Name: "Five", Reward: Reward{Kind: AmountOff, Amounts: Amounts{"USD": 500}}}}
	line := func(key int, lists ...ListPrice) Line {
		return Line{Key: key, Vendor: vendor(1), Variant: id.Variant{byte(key)}, Quantity: 1, UnitPrice: money.Of(1000, "USD"), Lists: lists}
	}
	gift := ListPrice{List: id.PriceList{1}, Name: "Gift", MinQuantity: 1, Price: money.Of(0, "USD")}
	q := mustPrice(t, Snapshot{Currency: "USD", Promotions: five, Lines: []Line{line(1, gift), line(2)}})
	if q.Lines[0].Discount.Minor != 0 || q.Lines[1].Discount.Minor != 500 || q.Totals.GrandTotal.Minor != 500 {
		t.Errorf("%+v", q)
	}
	q = mustPrice(t, Snapshot{Currency: "USD", Promotions: five, Lines: []Line{line(1, gift), line(2, gift)}})
	if !q.Totals.GrandTotal.IsZero() || !q.Totals.Discount.IsZero() {
		t.Errorf("%+v", q.Totals)
	}
}

func TestBreaks(t *testing.T) {
	t.Parallel()
	usd := func(n int64) money.Amount { return money.Of(n, "USD") }
	trade, sale := id.PriceList{1}, id.PriceList{2}
	for name, c := range map[string]struct {
		lists []ListPrice
		want  []Break
	}{
		"none":         {nil, []Break{{1, usd(1000)}}},
		"one":          {[]ListPrice{{List: trade, MinQuantity: 10, Price: usd(850)}}, []Break{{1, usd(1000)}, {10, usd(850)}}},
		"the same":     {[]ListPrice{{List: trade, MinQuantity: 10, Price: usd(1000)}}, []Break{{1, usd(1000)}}},
		"two lists":    {[]ListPrice{{List: trade, MinQuantity: 10, Price: usd(850)}, {List: sale, MinQuantity: 1, Price: usd(900)}}, []Break{{1, usd(900)}, {10, usd(850)}}},
		"by priority":  {[]ListPrice{{List: trade, MinQuantity: 10, Price: usd(850)}, {List: sale, Priority: 1, MinQuantity: 1, Price: usd(900)}}, []Break{{1, usd(900)}}},
		"dearer again": {[]ListPrice{{List: trade, MinQuantity: 5, Price: usd(800)}, {List: trade, MinQuantity: 10, Price: usd(900)}}, []Break{{1, usd(1000)}, {5, usd(800)}, {10, usd(900)}}},
	} {
		if diff := gocmp.Diff(c.want, Breaks(usd(1000), c.lists)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

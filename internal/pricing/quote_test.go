package pricing

import (
	"cmp"
	"errors"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/tax"
)

// drawSnapshot makes a cart of up to 30 lines of up to 4 vendors, taxed by up
// to 2 rates a line, some vendors with shipping.
func drawSnapshot(t *rapid.T) Snapshot {
	s := Snapshot{
		Explain:  true,
		Currency: rapid.SampledFrom([]money.Currency{"JPY", "USD", "KWD"}).Draw(t, "currency"),
		Tax: tax.Terms{
			Included: rapid.Bool().Draw(t, "included"), PerTotal: rapid.Bool().Draw(t, "per total"), HalfEven: rapid.Bool().Draw(t, "half even"),
		},
	}
	rates := rapid.Custom(func(t *rapid.T) (list []tax.Rate) {
		for _, ppm := range rapid.SliceOfN(rapid.Int64Range(0, 300_000), 0, 2).Draw(t, "ppm") {
			list = append(list, tax.Rate{Name: "tax", PPM: ppm})
		}
		return list
	})
	for i := range rapid.IntRange(0, 30).Draw(t, "lines") {
		s.Lines = append(s.Lines, Line{
			Key: i, Vendor: vendor(rapid.IntRange(1, 4).Draw(t, "vendor")), Variant: id.Variant{1, byte(i)},
			Quantity:  rapid.Int64Range(1, 10_000).Draw(t, "quantity"),
			UnitPrice: money.Of(rapid.Int64Range(0, 10_000_000).Draw(t, "price"), s.Currency),
			Rates:     rates.Draw(t, "rates"),
		})
	}
	for v := range 4 {
		if rapid.Bool().Draw(t, "shipped") {
			s.Parcels = append(s.Parcels, Parcel{
				Vendor: vendor(v + 1), Shipping: money.Of(rapid.Int64Range(0, 100_000).Draw(t, "shipping"), s.Currency), Rates: rates.Draw(t, "shipping rates"),
			})
		}
	}
	return s
}

func vendor(n int) id.Vendor { return id.Vendor{9, byte(n)} }

func mustPrice(t interface{ Fatalf(string, ...any) }, s Snapshot) Quote {
	q, err := Price(s)
	if err != nil {
		t.Fatalf("price: %v", err)
	}
	return q
}

// The invariants A1 to A7 of `souk verify`, before there is an order.
func TestSumsReAdd(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawSnapshot(t)
		q := mustPrice(t, s)
		tot := q.Totals

		want := tot.Items.Minor - tot.Discount.Minor + tot.Shipping.Minor + tot.Fee.Minor + tot.Rounding.Minor
		if !s.Tax.Included {
			want += tot.Tax.Minor
		}
		if tot.GrandTotal.Minor != want {
			t.Errorf("A1: grand total %d, parts %d", tot.GrandTotal.Minor, want)
		}
		var items, taxes, lineTax int64
		perVendor := map[id.Vendor]int64{}
		for i, l := range q.Lines {
			in := s.Lines[i]
			if l.Key != in.Key || l.Subtotal.Minor != in.UnitPrice.Minor*in.Quantity {
				t.Errorf("A2: line %d: subtotal %d of %d × %d", i, l.Subtotal.Minor, in.Quantity, in.UnitPrice.Minor)
			}
			total := l.Subtotal.Minor - l.Discount.Minor
			if !s.Tax.Included {
				total += l.Tax.Minor
			}
			if l.Total.Minor != total {
				t.Errorf("A3: line %d: total %d, parts %d", i, l.Total.Minor, total)
			}
			if l.Discount.Minor < 0 || l.Discount.Minor > l.Subtotal.Minor || l.Tax.Minor < 0 || l.Total.Minor < 0 {
				t.Errorf("A6: line %d: %+v", i, l)
			}
			items += l.Subtotal.Minor
			lineTax += tax.Total(s.Currency, l.Taxes).Minor
			taxes += l.Tax.Minor
			perVendor[in.Vendor] += l.Total.Minor
		}
		if items != tot.Items.Minor {
			t.Errorf("A2: items %d, lines %d", tot.Items.Minor, items)
		}
		var grand int64
		for _, p := range q.Parcels {
			if _, sends := perVendor[p.Vendor]; !sends {
				t.Errorf("A7: a parcel of a vendor who sends nothing")
			}
			total := perVendor[p.Vendor] + p.Shipping.Minor
			if !s.Tax.Included {
				total += p.ShippingTax.Minor
			}
			if p.Total.Minor != total {
				t.Errorf("A7: parcel total %d, parts %d", p.Total.Minor, total)
			}
			lineTax += tax.Total(s.Currency, p.ShippingTaxes).Minor
			taxes += p.ShippingTax.Minor
			grand += p.Total.Minor
		}
		if tot.Tax.Minor != taxes || tot.Tax.Minor != lineTax {
			t.Errorf("A5: tax %d, of lines and parcels %d, of their shares %d", tot.Tax.Minor, taxes, lineTax)
		}
		if grand != tot.GrandTotal.Minor || len(q.Parcels) != len(perVendor) {
			t.Errorf("A7: grand total %d, %d parcels of %d vendors come to %d", tot.GrandTotal.Minor, len(q.Parcels), len(perVendor), grand)
		}
	})
}

func TestStepsAddUpToTheTotal(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q := mustPrice(t, drawSnapshot(t))
		var sum int64
		for _, step := range q.Trace {
			sum += step.Amount.Minor
		}
		if sum != q.Totals.GrandTotal.Minor {
			t.Fatalf("steps add up to %d, the total is %d: %+v", sum, q.Totals.GrandTotal.Minor, q.Trace)
		}
	})
}

func TestTheOrderOfLinesChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawSnapshot(t)
		want := mustPrice(t, s)
		s.Lines = rapid.Permutation(s.Lines).Draw(t, "lines")
		s.Parcels = rapid.Permutation(s.Parcels).Draw(t, "parcels")
		got := mustPrice(t, s)

		byKey := func(a, b PricedLine) int { return cmp.Compare(a.Key, b.Key) }
		slices.SortFunc(got.Lines, byKey)
		got.Trace, want.Trace = nil, nil
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestIncludedAndOnTopDifferByRounding(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawSnapshot(t)
		s.Tax, s.Parcels = tax.Terms{Included: true}, nil
		for i := range s.Lines {
			s.Lines[i].Quantity = 1 // so that a net unit price exists
		}
		gross := mustPrice(t, s)
		groups := int64(0)
		s.Tax.Included = false
		for i, l := range gross.Lines {
			s.Lines[i].UnitPrice = l.Subtotal.Minus(l.Tax)
			groups += int64(len(s.Lines[i].Rates))
		}
		net := mustPrice(t, s)
		if off := gross.Totals.GrandTotal.Minus(net.Totals.GrandTotal).Minor; off > groups || off < -groups {
			t.Fatalf("%s included, %s on top, %d rounding groups", gross.Totals.GrandTotal, net.Totals.GrandTotal, groups)
		}
	})
}

func TestPrice(t *testing.T) {
	t.Parallel()
	vat := []tax.Rate{{Name: "VAT 10 %", PPM: 100_000}}
	line := func(price, quantity int64, c money.Currency) Line {
		return Line{Name: "Mug", Vendor: vendor(1), Variant: id.Variant{7}, Quantity: quantity, UnitPrice: money.Of(price, c), Rates: vat}
	}
	for name, c := range map[string]struct {
		in              Snapshot
		items, tax, all int64
		steps           []string
	}{
		"nothing": {Snapshot{Currency: "USD"}, 0, 0, 0, nil},
		"dollars, tax on top": {
			Snapshot{
				Currency: "USD", Lines: []Line{line(1999, 2, "USD")},
				Parcels: []Parcel{{Vendor: vendor(1), Name: "Standard", Shipping: money.Of(500, "USD"), Rates: vat}},
			},
			3998, 450, 4948,
			[]string{"Mug: 2 × 19.99 USD", "VAT 10 % on 39.98 USD", "Standard", "VAT 10 % on 5.00 USD"},
		},
		"yen, tax included": {
			Snapshot{Currency: "JPY", Tax: tax.Terms{Included: true}, Lines: []Line{line(1100, 1, "JPY")}},
			1100, 100, 1100,
			[]string{"Mug: 1 × 1100 JPY", "1100 JPY holds 100 JPY of VAT 10 %"},
		},
		"dinars": {
			Snapshot{Currency: "KWD", Lines: []Line{line(1234, 3, "KWD")}},
			3702, 370, 4072,
			[]string{"Mug: 3 × 1.234 KWD", "VAT 10 % on 3.702 KWD"},
		},
		"a parcel of nobody": {
			Snapshot{Currency: "USD", Parcels: []Parcel{{Vendor: vendor(1), Shipping: money.Of(500, "USD")}}}, 0, 0, 0, nil,
		},
	} {
		c.in.Explain = true
		q := mustPrice(t, c.in)
		if q.Totals.Items.Minor != c.items || q.Totals.Tax.Minor != c.tax || q.Totals.GrandTotal.Minor != c.all {
			t.Errorf("%s: %+v", name, q.Totals)
		}
		var steps []string
		for _, s := range q.Trace {
			steps = append(steps, s.Text)
		}
		if diff := gocmp.Diff(c.steps, steps); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestWhatOverflowsIsRefused(t *testing.T) {
	t.Parallel()
	line := Line{Vendor: vendor(1), Quantity: 10_000, UnitPrice: money.Of(1_000_000_000_000, "USD")}
	large := Line{Vendor: vendor(1), Quantity: 1, UnitPrice: money.Of(money.Max, "USD"), Rates: []tax.Rate{{PPM: 1_000_000}}}
	for name, s := range map[string]Snapshot{
		"one line":  {Currency: "USD", Lines: []Line{line}},
		"their sum": {Currency: "USD", Lines: slices.Repeat([]Line{large}, 500)},
		"the tax":   {Currency: "USD", Lines: []Line{large}},
		"shipping":  {Currency: "USD", Lines: []Line{large}, Parcels: []Parcel{{Vendor: vendor(1), Shipping: money.Of(1<<62, "USD")}}},
	} {
		if q, err := Price(s); !errors.Is(err, ErrAmountTooLarge) {
			t.Errorf("%s: %v, %v", name, q.Totals.GrandTotal, err)
		}
	}
}

// 300 lines are to be priced in well under a millisecond, and explained in
// little more.
func BenchmarkPrice(b *testing.B) {
	s := Snapshot{Currency: "USD"}
	for i := range 300 {
		s.Lines = append(s.Lines, Line{
			Key: i, Name: "Mug", Vendor: vendor(i % 50), Variant: id.Variant{7, byte(i)}, Quantity: 3, UnitPrice: money.Of(1999, "USD"),
			Rates: []tax.Rate{{Name: "VAT 19 %", PPM: 190_000}},
		})
	}
	for name, explain := range map[string]bool{"priced": false, "explained": true} {
		b.Run(name, func(b *testing.B) {
			s.Explain = explain
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Price(s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

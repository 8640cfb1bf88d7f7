package pricing

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/tax"
)

// drawSnapshot makes a cart of up to 30 lines of up to 4 vendors, taxed by up
// to 2 rates a line, some vendors with shipping, and up to 8 promotions. Its
// quantities are at most those given.
func drawSnapshot(t *rapid.T, most int64) Snapshot {
	s := Snapshot{
		Explain:  true,
		Currency: rapid.SampledFrom([]money.Currency{"JPY", "USD", "KWD"}).Draw(t, "currency"),
		Tax: tax.Terms{
			Included: rapid.Bool().Draw(t, "included"), PerTotal: rapid.Bool().Draw(t, "per total"), HalfEven: rapid.Bool().Draw(t, "half even"),
		},
		Buyer:   Buyer{Groups: []string{"trade"}, FirstOrder: rapid.Bool().Draw(t, "first order")},
		Country: rapid.SampledFrom([]string{"", "DE", "FR"}).Draw(t, "country"),
	}
	ppm := rapid.OneOf(rapid.SampledFrom([]int64{0, 70_000, 190_000, 500_000}), rapid.Int64Range(0, 300_000))
	rates := rapid.Custom(func(t *rapid.T) (list []tax.Rate) {
		for _, ppm := range rapid.SliceOfN(ppm, 0, 2).Draw(t, "ppm") {
			list = append(list, tax.Rate{Name: "tax", PPM: ppm, Compound: rapid.Bool().Draw(t, "compound")})
		}
		return list
	})
	relief := rapid.SampledFrom([]string{"", "", "", tax.ReverseCharge})
	// Small prices, too: ties and units left over are about them.
	price := rapid.OneOf(rapid.Int64Range(0, 10), rapid.Int64Range(0, 10_000_000))
	for i := range rapid.IntRange(0, 30).Draw(t, "lines") {
		s.Lines = append(s.Lines, Line{
			Key: i, Vendor: vendor(rapid.IntRange(1, 4).Draw(t, "vendor")), Variant: id.Variant{1, rapid.ByteRange(0, 9).Draw(t, "variant")},
			Quantity: rapid.Int64Range(1, most).Draw(t, "quantity"), UnitPrice: money.Of(price.Draw(t, "price"), s.Currency), Rates: rates.Draw(t, "rates"),
			Product: id.Product{rapid.ByteRange(1, 3).Draw(t, "product")}, Tags: []id.Tag{{rapid.ByteRange(1, 3).Draw(t, "tag")}},
			Reduced: rapid.Bool().Draw(t, "reduced"), Relief: relief.Draw(t, "relief"), Class: tax.Standard,
		})
	}
	for v := range 4 {
		if rapid.Bool().Draw(t, "shipped") {
			s.Parcels = append(s.Parcels, Parcel{
				Vendor: vendor(v + 1), Kind: rapid.SampledFrom([]string{"standard", "express"}).Draw(t, "way"),
				Shipping: money.Of(rapid.Int64Range(0, 100_000).Draw(t, "shipping"), s.Currency), Rates: rates.Draw(t, "shipping rates"),
				Relief: relief.Draw(t, "relief of shipping"),
			})
		}
	}
	if rapid.IntRange(0, 2).Draw(t, "fee") == 0 {
		s.Fee = &Fee{
			Name: "Cash on delivery", Amount: money.Of(rapid.Int64Range(0, 1000).Draw(t, "fee of"), s.Currency), Rates: rates.Draw(t, "fee rates"),
			Relief: relief.Draw(t, "relief of the fee"),
		}
	}
	for i := range rapid.IntRange(0, 8).Draw(t, "promotions") {
		s.Promotions = append(s.Promotions, drawPromotion(t, byte(i+1), s.Currency))
	}
	return s
}

func drawScope(t *rapid.T) (c Scope) {
	switch rapid.IntRange(0, 6).Draw(t, "scope") {
	case 1:
		c.Products = []id.Product{{rapid.ByteRange(1, 3).Draw(t, "in product")}}
	case 2:
		c.Tags = []id.Tag{{rapid.ByteRange(1, 3).Draw(t, "in tag")}}
	case 3:
		c.Vendors = []id.Vendor{vendor(1), vendor(rapid.IntRange(2, 4).Draw(t, "in vendor"))}
	case 4:
		c.FullPrice = true
	case 5:
		c.Except = []id.Product{{rapid.ByteRange(1, 3).Draw(t, "except")}}
	}
	return c
}

func drawPromotion(t *rapid.T, n byte, c money.Currency) Promotion {
	amounts := rapid.Custom(func(t *rapid.T) Amounts {
		return Amounts{c: rapid.OneOf(rapid.Int64Range(0, 20), rapid.Int64Range(0, 20_000_000)).Draw(t, "amount")}
	})
	seldom := rapid.Custom(func(t *rapid.T) bool { return rapid.IntRange(0, 4).Draw(t, "seldom") == 0 })
	p := Promotion{
		ID: id.Promotion{n}, Name: "P" + string('0'+rune(n)), Priority: rapid.IntRange(0, 2).Draw(t, "priority"), Exclusive: seldom.Draw(t, "exclusive"),
		Group: rapid.SampledFrom([]string{"", "", "g", "h"}).Draw(t, "group"), PlatformPPM: rapid.SampledFrom([]int64{0, 1, 333_333, 500_000, million}).Draw(t, "platform"),
	}
	if seldom.Draw(t, "a vendor's") {
		p.Vendor = vendor(rapid.IntRange(1, 4).Draw(t, "whose"))
	}
	if seldom.Draw(t, "asks") {
		p.Conditions = Conditions{Goods: drawScope(t), MinSubtotal: amounts.Draw(t, "subtotal"), MinQuantity: rapid.Int64Range(0, 4).Draw(t, "least")}
	}
	if seldom.Draw(t, "of whom") {
		p.Conditions.FirstOrder, p.Conditions.Countries = true, []string{"DE"}
	}
	r := &p.Reward
	r.Kind = rapid.SampledFrom([]RewardKind{
		PercentOff, AmountOff, AmountOffEach, FixedPrice, BuyGet, OrderPercentOff, OrderAmountOff, ShippingOff, ShippingPrice,
	}).Draw(t, "kind")
	if r.Kind.stage() != shippingStage {
		r.Goods = drawScope(t)
	} else if seldom.Draw(t, "one way") {
		r.Ways = []string{"express"}
	}
	if r.Kind.needsAmounts() {
		r.Amounts = amounts.Draw(t, "amounts")
	} else {
		r.PPM = rapid.OneOf(rapid.Just(int64(million)), rapid.Int64Range(1, million)).Draw(t, "percentage")
	}
	switch r.Kind {
	case BuyGet:
		r.Buy, r.Get, r.MaxTimes = rapid.Int64Range(1, 3).Draw(t, "buy"), rapid.Int64Range(1, 3).Draw(t, "get"), rapid.Int64Range(0, 3).Draw(t, "times")
		r.BuyGoods = drawScope(t)
	case PercentOff, AmountOffEach, FixedPrice:
		r.MaxUnits = rapid.Int64Range(0, 5).Draw(t, "units")
	}
	if seldom.Draw(t, "limited") {
		r.Most = amounts.Draw(t, "most")
	}
	return p
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
		s := drawSnapshot(t, 10_000)
		q := mustPrice(t, s)
		tot := q.Totals

		want := tot.Items.Minor - tot.Discount.Minor + tot.Shipping.Minor + tot.Fee.Minor + tot.Rounding.Minor
		if !s.Tax.Included {
			want += tot.Tax.Minor
		}
		if tot.GrandTotal.Minor != want {
			t.Errorf("A1: grand total %d, parts %d", tot.GrandTotal.Minor, want)
		}
		var items, discounts, taxes, lineTax int64
		perVendor := map[id.Vendor]int64{}
		for i, l := range q.Lines {
			in := s.Lines[i]
			if l.Key != in.Key || l.Subtotal.Minor != l.Unit.Price.Minor*in.Quantity || l.Unit.Price != in.UnitPrice && in.Relief == "" {
				t.Errorf("A2: line %d: subtotal %d of %d × %d", i, l.Subtotal.Minor, in.Quantity, l.Unit.Price.Minor)
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
			if sum := sumOf(s.Currency, l.Discounts); sum != l.Discount {
				t.Errorf("A4: line %d: discount %s, its parts %s", i, l.Discount, sum)
			}
			discounts += l.Discount.Minor
			items += l.Subtotal.Minor
			lineTax += tax.Total(s.Currency, l.Taxes).Minor
			taxes += l.Tax.Minor
			perVendor[in.Vendor] += l.Total.Minor
		}
		if items != tot.Items.Minor {
			t.Errorf("A2: items %d, lines %d", tot.Items.Minor, items)
		}
		var grand, fees int64
		for _, p := range q.Parcels {
			if _, sends := perVendor[p.Vendor]; !sends {
				t.Errorf("A7: a parcel of a vendor who sends nothing")
			}
			off := sumOf(s.Currency, p.ShippingDiscounts).Minor
			if off < 0 || off > p.Shipping.Minor || p.ShippingTax.Minor < 0 {
				t.Errorf("A6: %d off shipping for %s, taxed %s", off, p.Shipping, p.ShippingTax)
			}
			discounts += off
			total := perVendor[p.Vendor] + p.Shipping.Minor - off + p.Fee.Minor
			if !s.Tax.Included {
				total += p.ShippingTax.Minor + p.FeeTax.Minor
			}
			if p.Fee.Minor < 0 || p.FeeTax.Minor < 0 || s.Tax.Included && p.FeeTax.Minor > p.Fee.Minor {
				t.Errorf("A17: fee %s, taxed %s", p.Fee, p.FeeTax)
			}
			fees += p.Fee.Minor
			if p.Total.Minor != total {
				t.Errorf("A7: parcel total %d, parts %d", p.Total.Minor, total)
			}
			lineTax += tax.Total(s.Currency, p.ShippingTaxes).Minor + tax.Total(s.Currency, p.FeeTaxes).Minor
			taxes += p.ShippingTax.Minor + p.FeeTax.Minor
			grand += p.Total.Minor
		}
		if tot.Discount.Minor != discounts {
			t.Errorf("A4: discount %d, of lines and parcels %d", tot.Discount.Minor, discounts)
		}
		if tot.Fee.Minor != fees || s.Fee != nil && s.Fee.Relief == "" && len(q.Parcels) > 0 && tot.Fee != s.Fee.Amount {
			t.Errorf("A17: fee %d, of parcels %d", tot.Fee.Minor, fees)
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
		q := mustPrice(t, drawSnapshot(t, 10_000))
		var sum int64
		for _, step := range q.Trace {
			sum += step.Amount.Minor
		}
		if sum != q.Totals.GrandTotal.Minor {
			t.Fatalf("steps add up to %d, the total is %d: %+v", sum, q.Totals.GrandTotal.Minor, q.Trace)
		}
	})
}

func TestTheOrderOfLinesParcelsAndPromotionsChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawSnapshot(t, 10_000)
		want := mustPrice(t, s)
		s.Lines = rapid.Permutation(s.Lines).Draw(t, "lines")
		s.Parcels = rapid.Permutation(s.Parcels).Draw(t, "parcels")
		s.Promotions = rapid.Permutation(s.Promotions).Draw(t, "promotions")
		got := mustPrice(t, s)

		slices.SortFunc(got.Lines, func(a, b PricedLine) int { return cmp.Compare(a.Key, b.Key) })
		slices.SortFunc(got.Verdicts, func(a, b Verdict) int { return bytes.Compare(a.Promotion[:], b.Promotion[:]) })
		got.Trace, want.Trace = nil, nil
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

// What is left after discounts is taxed: taking the tax out of it, and putting
// it on top of what is then left, end within a unit for each rounding group.
func TestIncludedAndOnTopDifferByRounding(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawSnapshot(t, 10)
		s.Tax.Included = true
		s.Fee = nil // what parcels bear of it is divided anew
		gross := mustPrice(t, s)
		s.Tax.Included, s.Promotions = false, nil
		groups, perTotal := int64(0), map[string]int{}
		note := func(rates []tax.Rate) {
			groups += int64(len(rates))
			perTotal[fmt.Sprint(rates)] = len(rates)
		}
		for i, l := range gross.Lines {
			s.Lines[i].Quantity, s.Lines[i].UnitPrice = 1, l.Total.Minus(l.Tax)
			note(s.Lines[i].Rates)
		}
		for i := range s.Parcels {
			if at, sent := gross.parcelOf(s.Parcels[i].Vendor); sent {
				p := gross.Parcels[at]
				s.Parcels[i].Shipping = p.Shipping.Minus(sumOf(s.Currency, p.ShippingDiscounts)).Minus(p.ShippingTax)
				note(s.Parcels[i].Rates)
			}
		}
		if s.Tax.PerTotal {
			groups = 0
			for _, rates := range perTotal {
				groups += int64(rates)
			}
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
	free := []Promotion{{Reward: Reward{Kind: OrderPercentOff, PPM: million}}}
	line := Line{Vendor: vendor(1), Quantity: 10_000, UnitPrice: money.Of(1_000_000_000_000, "USD")}
	large := Line{Vendor: vendor(1), Quantity: 1, UnitPrice: money.Of(money.Max, "USD"), Rates: []tax.Rate{{PPM: 1_000_000}}}
	for name, s := range map[string]Snapshot{
		"one line":        {Currency: "USD", Lines: []Line{line}},
		"their sum":       {Currency: "USD", Lines: slices.Repeat([]Line{large}, 500)},
		"their sum, free": {Currency: "USD", Lines: []Line{large, large}, Promotions: free},
		"with shipping, free": {
			Currency: "USD", Lines: []Line{large}, Parcels: []Parcel{{Vendor: vendor(1), Shipping: money.Of(1, "USD")}}, Promotions: free,
		},
		"the tax":  {Currency: "USD", Lines: []Line{large}},
		"shipping": {Currency: "USD", Lines: []Line{large}, Parcels: []Parcel{{Vendor: vendor(1), Shipping: money.Of(1<<62, "USD")}}},
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

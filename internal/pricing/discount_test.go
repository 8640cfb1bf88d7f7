package pricing

import (
	"bytes"
	"cmp"
	"math/big"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/tax"
)

// takenBy is what each promotion takes, and what the platform pays of it, by the
// key of the line or by the vendor of the parcel.
func takenBy(s *Snapshot, q *Quote) map[id.Promotion]map[any][2]int64 {
	taken := map[id.Promotion]map[any][2]int64{}
	note := func(where any, discounts []Discount) {
		for _, d := range discounts {
			if taken[d.Promotion] == nil {
				taken[d.Promotion] = map[any][2]int64{}
			}
			taken[d.Promotion][where] = [2]int64{d.Amount.Minor, d.Platform.Minor}
		}
	}
	for i, l := range q.Lines {
		note(s.Lines[i].Key, l.Discounts)
	}
	for _, p := range q.Parcels {
		note(p.Vendor, p.ShippingDiscounts)
	}
	return taken
}

func TestVerdictsAreTheSumsOfWhatIsTaken(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawSnapshot(t, 10_000)
		q := mustPrice(t, s)
		taken := takenBy(&s, &q)
		if len(q.Verdicts) != len(s.Promotions) {
			t.Fatalf("%d verdicts on %d promotions", len(q.Verdicts), len(s.Promotions))
		}
		for i, v := range q.Verdicts {
			p := &s.Promotions[i]
			var sum, paid int64
			for where, part := range taken[v.Promotion] {
				if part[0] <= 0 || part[1] < 0 || part[1] > part[0] {
					t.Fatalf("%s takes %d of %v, of which the platform pays %d", v.Name, part[0], where, part[1])
				}
				sum, paid = sum+part[0], paid+part[1]
			}
			if v.Promotion != p.ID || v.Amount.Minor != sum || (v.Reason == "") != (sum > 0) {
				t.Errorf("%s takes %d: %+v", p.Name, sum, v)
			}
			if want := v.Amount.Share(p.PlatformPPM, million).Minor; paid != want {
				t.Errorf("the platform pays %d of %s, want %d", paid, v.Amount, want)
			}
			if most, limited := p.Reward.Most[s.Currency]; limited && sum > most {
				t.Errorf("%s takes %d of at most %d", p.Name, sum, most)
			}
		}
	})
}

// Twins are told apart by what names them: of two equal lines the one with the
// lower key gets the last cent, of two equal promotions the older applies.
func TestTwinsAreToldApart(t *testing.T) {
	t.Parallel()
	twin := func(key int) Line {
		return Line{Key: key, Vendor: vendor(1), Variant: id.Variant{1}, Quantity: 1, UnitPrice: money.Of(100, "USD")}
	}
	gift := func(n byte) Promotion {
		return Promotion{ID: id.Promotion{n}, Group: "g", Reward: Reward{Kind: AmountOff, Amounts: Amounts{"USD": 1}}}
	}
	s := Snapshot{Currency: "USD", Lines: []Line{twin(1), twin(2)}, Promotions: []Promotion{gift(1), gift(2)}}
	want := map[id.Promotion]map[any][2]int64{{1}: {1: {1, 0}}}
	for range 2 {
		q := mustPrice(t, s)
		if diff := gocmp.Diff(want, takenBy(&s, &q)); diff != "" {
			t.Errorf("keys %d, %d:\n%s", s.Lines[0].Key, s.Lines[1].Key, diff)
		}
		slices.Reverse(s.Lines)
		slices.Reverse(s.Promotions)
	}
}

func TestTheLastUnitsOfATaxPerTotalGoToTheSameLines(t *testing.T) {
	t.Parallel()
	s := Snapshot{Currency: "USD", Tax: tax.Terms{PerTotal: true}}
	for key := range 3 {
		s.Lines = append(s.Lines, Line{Key: key, Vendor: vendor(1), Quantity: 1, UnitPrice: money.Of(10, "USD"), Rates: []tax.Rate{{PPM: 50_000}}})
	}
	for range 2 { // 5 % of 30 cents are 2: one for each of the first two
		for i, l := range mustPrice(t, s).Lines {
			if got := l.Tax.Minor == 1; got != (l.Key < 2) {
				t.Errorf("place %d, key %d: tax %s", i, l.Key, l.Tax)
			}
		}
		slices.Reverse(s.Lines)
	}
}

// One that holds its place against rivals, and then finds nothing left, is the
// exception: which promotions apply does not depend on what others take.
func TestWhatDoesNotApplyChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawSnapshot(t, 100)
		with := mustPrice(t, s)
		keepsOut := map[id.Promotion]bool{}
		for _, v := range with.Verdicts {
			keepsOut[v.KeptOutBy] = true
		}
		for i, v := range with.Verdicts {
			if v.Reason == "" || keepsOut[v.Promotion] {
				continue
			}
			less := s
			less.Promotions = slices.Delete(slices.Clone(s.Promotions), i, i+1)
			without := mustPrice(t, less)
			if diff := gocmp.Diff([]any{with.Lines, with.Parcels, with.Totals}, []any{without.Lines, without.Parcels, without.Totals}); diff != "" {
				t.Fatalf("%s: %s, but without it:\n%s", v.Name, v.Reason, diff)
			}
		}
	})
}

// A second, slow reckoning: unit by unit, in fractions.
func TestDiscountsAgreeWithReckoningUnitByUnit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawSnapshot(t, 5)
		q := mustPrice(t, s)
		got := takenBy(&s, &q)
		s.relieve() // discounts are taken off what is charged
		if want := reckonSlowly(&s); !gocmp.Equal(want, got) {
			t.Fatalf("%+v\n%s", s.Promotions, gocmp.Diff(want, got))
		}
	})
}

// holds looks at a line itself, where [goods] looks up what there is of a scope.
func (c *Scope) holds(l *Line) bool {
	return !l.AsPriced && anyOf(c.Products, l.Product) && anyOf(c.Variants, l.Variant) && anyOf(c.Vendors, l.Vendor) && anyOf(c.Brands, l.Brand) &&
		overlap(c.Categories, l.Categories) && overlap(c.Tags, l.Tags) && !slices.Contains(c.Except, l.Product) && !(c.FullPrice && l.Reduced)
}

func (p *Promotion) sells(l *Line) bool  { return p.Vendor.IsZero() || p.Vendor == l.Vendor }
func (p *Promotion) lowers(l *Line) bool { return p.sells(l) && p.Reward.Goods.holds(l) }
func (p *Promotion) buys(l *Line) bool   { return p.sells(l) && p.Reward.BuyGoods.holds(l) }

// fits reports whether the conditions of a promotion hold.
func (p *Promotion) fits(s *Snapshot) bool {
	c, subtotal, quantity := &p.Conditions, int64(0), int64(0)
	for i := range s.Lines {
		if l := &s.Lines[i]; p.sells(l) && c.Goods.holds(l) {
			subtotal, quantity = subtotal+l.UnitPrice.Minor*l.Quantity, quantity+l.Quantity
		}
	}
	known := func(a Amounts) bool { return len(a) == 0 || a.in(s.Currency) }
	return (!p.Reward.Kind.needsAmounts() || p.Reward.Amounts.in(s.Currency)) && known(p.Reward.Most) && known(c.MinSubtotal) &&
		anyOf(c.Countries, s.Country) && anyOf(c.Methods, s.Method) && overlap(c.Groups, s.Buyer.Groups) && overlap(c.Plans, s.Buyer.Plans) &&
		(!c.FirstOrder || s.Buyer.FirstOrder) && subtotal >= c.MinSubtotal[s.Currency] && quantity >= c.MinQuantity
}

// slowPart is one line, or one parcel.
type slowPart struct {
	where           any
	line            *Line
	parcel          *Parcel
	left, base, off int64
}

func reckonSlowly(s *Snapshot) map[id.Promotion]map[any][2]int64 {
	var goods, parcels []*slowPart
	for i := range s.Lines {
		l := &s.Lines[i]
		goods = append(goods, &slowPart{where: l.Key, line: l, left: l.UnitPrice.Minor * l.Quantity})
	}
	for i := range s.Parcels {
		p := &s.Parcels[i]
		if slices.ContainsFunc(s.Lines, func(l Line) bool { return l.Vendor == p.Vendor }) {
			parcels = append(parcels, &slowPart{where: p.Vendor, parcel: p, left: p.Shipping.Minor})
		}
	}
	slices.SortFunc(goods, func(a, b *slowPart) int { return compareLines(a.line, b.line) })
	slices.SortFunc(parcels, func(a, b *slowPart) int { return bytes.Compare(a.parcel.Vendor[:], b.parcel.Vendor[:]) })

	var fit []*Promotion
	alone := map[id.Promotion]int64{}
	for i := range s.Promotions {
		p := &s.Promotions[i]
		if !p.fits(s) {
			continue
		}
		for _, part := range takeSlowly(p, s.Currency, goods, parcels) {
			alone[p.ID] += part.off
			part.off = 0
		}
		if alone[p.ID] > 0 {
			fit = append(fit, p)
		}
	}
	slices.SortFunc(fit, func(p, q *Promotion) int {
		return cmp.Or(q.Priority-p.Priority, cmp.Compare(alone[q.ID], alone[p.ID]), bytes.Compare(p.ID[:], q.ID[:]))
	})
	var chosen []*Promotion
	for _, p := range fit {
		if !slices.ContainsFunc(chosen, func(o *Promotion) bool {
			same := p.Vendor == o.Vendor
			return p.Exclusive && same || o.Exclusive && (same || o.Vendor.IsZero()) || same && p.Group != "" && p.Group == o.Group
		}) {
			chosen = append(chosen, p)
		}
	}
	taken := map[id.Promotion]map[any][2]int64{}
	for stage := goodsStage; stage <= shippingStage; stage++ {
		for _, p := range chosen {
			if p.Reward.Kind.stage() != stage {
				continue
			}
			parts := takeSlowly(p, s.Currency, goods, parcels)
			sum := int64(0)
			for _, part := range parts {
				part.base = part.off
				sum += part.off
			}
			paid := handOut(shareOf(sum, p.PlatformPPM), parts)
			for i, part := range parts {
				if part.off > 0 {
					if taken[p.ID] == nil {
						taken[p.ID] = map[any][2]int64{}
					}
					taken[p.ID][part.where] = [2]int64{part.off, paid[i]}
				}
				part.left, part.off = part.left-part.off, 0
			}
		}
	}
	return taken
}

// takeSlowly says in parts what a promotion takes off what is left.
func takeSlowly(p *Promotion, c money.Currency, goods, parcels []*slowPart) []*slowPart {
	r, amount := p.Reward, p.Reward.Amounts[c]
	of := goods
	if r.Kind.stage() == shippingStage {
		of = parcels
	}
	units, sum := int64(0), int64(0)
	give := func(l *Line) bool { return p.lowers(l) && (r.MaxUnits == 0 || units < r.MaxUnits) }
	if r.Kind == BuyGet {
		give = giveSlowly(p, goods)
	}
	for _, part := range of {
		part.base, part.off = 0, 0
		if part.parcel != nil {
			if p.carries(part.parcel) {
				part.base = part.left
				if r.Kind == ShippingPrice {
					part.base = max(0, part.left-amount)
				}
			}
		} else if r.Kind == OrderPercentOff || r.Kind == OrderAmountOff {
			if p.lowers(part.line) {
				part.base = part.left
			}
		} else {
			for range part.line.Quantity {
				if !give(part.line) {
					continue
				}
				units++
				switch price := part.line.UnitPrice.Minor; r.Kind {
				case AmountOffEach:
					part.base += min(price, amount)
				case FixedPrice:
					part.base += max(0, price-amount)
				default:
					part.base += price
				}
			}
			if r.Kind == AmountOff {
				part.base = min(part.base, part.left)
			}
		}
		sum += part.base
	}
	switch r.Kind {
	case PercentOff, BuyGet, OrderPercentOff, ShippingOff:
		sum = shareOf(sum, r.PPM)
	case AmountOff, OrderAmountOff:
		sum = min(sum, amount)
	}
	total := int64(0)
	for i, off := range handOut(sum, of) {
		of[i].off = min(off, of[i].left)
		total += of[i].off
	}
	if most, limited := r.Most[c]; limited && total > most {
		for _, part := range of {
			part.base = part.off
		}
		for i, off := range handOut(most, of) {
			of[i].off = off
		}
	}
	return of
}

// giveSlowly tries how often units can be given: each in turn, the cheapest
// first, as long as enough are left to pay for all.
func giveSlowly(p *Promotion, goods []*slowPart) func(*Line) bool {
	r := p.Reward
	most := int64(100)
	if r.MaxTimes > 0 {
		most = r.MaxTimes
	}
	for times := most; times > 0; times-- {
		payers := int64(0)
		for _, part := range goods {
			if p.buys(part.line) {
				payers += part.line.Quantity
			}
		}
		given := map[*Line]int64{}
		left := times * r.Get
		for _, part := range goods {
			for range part.line.Quantity {
				if left == 0 || !p.lowers(part.line) || p.buys(part.line) && payers-1 < times*r.Buy {
					continue
				}
				if p.buys(part.line) {
					payers--
				}
				given[part.line]++
				left--
			}
		}
		if left == 0 && payers >= times*r.Buy {
			return func(l *Line) bool { given[l]--; return given[l] >= 0 }
		}
	}
	return func(*Line) bool { return false }
}

// shareOf is a part of a sum in parts per million, half up.
func shareOf(sum, ppm int64) int64 {
	twice := new(big.Int).Mul(big.NewInt(2*sum), big.NewInt(ppm))
	return twice.Add(twice, big.NewInt(million)).Div(twice, big.NewInt(2*million)).Int64()
}

// handOut divides an amount over the bases of parts: whole units first, then unit
// by unit to whoever is furthest below the ideal share.
func handOut(amount int64, parts []*slowPart) []int64 {
	shares, sum := make([]int64, len(parts)), int64(0)
	for _, p := range parts {
		sum += p.base
	}
	if amount == 0 {
		return shares
	}
	missing := make([]*big.Rat, len(parts))
	left := amount
	for i, p := range parts {
		ideal := new(big.Rat).Mul(big.NewRat(amount, 1), big.NewRat(p.base, sum))
		shares[i] = new(big.Int).Div(ideal.Num(), ideal.Denom()).Int64()
		missing[i] = ideal.Sub(ideal, big.NewRat(shares[i], 1))
		left -= shares[i]
	}
	for ; left > 0; left-- {
		most := 0
		for i := range missing {
			if missing[i].Cmp(missing[most]) > 0 {
				most = i
			}
		}
		shares[most]++
		missing[most].Sub(missing[most], big.NewRat(1, 1))
	}
	return shares
}

func TestWhatCannotBeReckonedIsRefused(t *testing.T) {
	t.Parallel()
	usd, goods := Amounts{"USD": 100}, Scope{Tags: []id.Tag{{1}}}
	for pointer, r := range map[string]Reward{
		"":                {Kind: PercentOff, PPM: million, MaxUnits: 2, Goods: goods, Most: usd},
		"/kind":           {Kind: "half_off"},
		"/percent_ppm":    {Kind: PercentOff, PPM: million + 1},
		"/amounts":        {Kind: FixedPrice},
		"/amounts/USD":    {Kind: AmountOff, Amounts: Amounts{"USD": -1}},
		"/max_discount":   {Kind: PercentOff, PPM: 1, Most: Amounts{"XYZ": 1}},
		"/buy":            {Kind: BuyGet, PPM: 1, Get: 1},
		"/get":            {Kind: BuyGet, PPM: 1, Buy: 1},
		"/max_units":      {Kind: OrderPercentOff, PPM: 1, MaxUnits: 1},
		"/buy_goods":      {Kind: PercentOff, PPM: 1, BuyGoods: goods},
		"/goods":          {Kind: ShippingOff, PPM: 1, Goods: goods},
		"/shipping_kinds": {Kind: PercentOff, PPM: 1, Ways: []string{"express"}},
	} {
		got := ""
		if bad := r.Problems(""); len(bad) > 0 {
			got = bad[0].Pointer
		}
		if got != pointer {
			t.Errorf("%+v: %q is wrong, want %q", r, got, pointer)
		}
	}
	for pointer, c := range map[string]Conditions{
		"":              {Goods: goods, MinQuantity: 1},
		"/goods":        {Goods: goods},
		"/min_quantity": {MinQuantity: -1},
		"/countries":    {Countries: []string{"de"}},
	} {
		got := ""
		if bad := c.Problems(""); len(bad) > 0 {
			got = bad[0].Pointer
		}
		if got != pointer {
			t.Errorf("%+v: %q is wrong, want %q", c, got, pointer)
		}
	}
}

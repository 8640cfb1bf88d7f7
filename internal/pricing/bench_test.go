package pricing

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/tax"
)

// A cart of 200 lines of 20 vendors, with 500 active promotions: a shop's worst
// day. Of a hundred, 40 are on a brand, 20 on a category, 15 a vendor's own, 10
// on the order from a subtotal on, 5 buy two get one, 5 on shipping, and 5 on
// everything. Half are in groups, as they are where shops have many.
func largeSnapshot() Snapshot {
	random := rand.New(rand.NewPCG(1, 2))
	s := Snapshot{Currency: "USD", Country: "DE"}
	vat := []tax.Rate{{Name: "VAT 19 %", PPM: 190_000}}
	for i := range 200 {
		s.Lines = append(s.Lines, Line{
			Key: i, Name: "Mug", Vendor: vendor(i % 20), Variant: id.Variant{7, byte(i)}, Product: id.Product{7, byte(i)}, Brand: id.Brand{byte(random.IntN(50))},
			Categories: []id.Category{{byte(random.IntN(40))}, {100, byte(random.IntN(8))}, {200}}, Tags: []id.Tag{{byte(random.IntN(20))}, {byte(random.IntN(20))}},
			Quantity: 1 + random.Int64N(4), UnitPrice: money.Of(100+random.Int64N(10_000), "USD"), Rates: vat, Reduced: random.IntN(4) == 0,
		})
	}
	for v := range 20 {
		s.Parcels = append(s.Parcels, Parcel{Vendor: vendor(v), Kind: "standard", Shipping: money.Of(490, "USD"), Rates: vat})
	}
	for i := range 500 {
		p := Promotion{
			ID: id.Promotion{1, byte(i >> 8), byte(i)}, Name: fmt.Sprintf("Promotion %d", i), Priority: random.IntN(3), PlatformPPM: 250_000 * random.Int64N(3),
			Reward: Reward{Kind: PercentOff, PPM: 10_000 * (1 + random.Int64N(30))},
		}
		if i%2 == 0 {
			p.Group = fmt.Sprintf("group %d", random.IntN(20))
		}
		switch n := i % 100; {
		case n < 40:
			p.Reward.Goods.Brands = []id.Brand{{byte(random.IntN(100))}, {byte(random.IntN(100))}}
		case n < 60:
			p.Reward.Goods.Categories = []id.Category{{byte(random.IntN(80))}}
			p.Conditions.MinSubtotal, p.Conditions.Goods = Amounts{"USD": 5000}, p.Reward.Goods
		case n < 75:
			p.Vendor, p.Reward.Kind, p.Reward.PPM, p.Reward.Amounts = vendor(random.IntN(40)), AmountOffEach, 0, Amounts{"USD": 100}
		case n < 85:
			p.Reward.Kind, p.Conditions.MinSubtotal = OrderPercentOff, Amounts{"USD": random.Int64N(4_000_000)}
		case n < 90:
			p.Reward.Kind, p.Reward.Buy, p.Reward.Get, p.Reward.BuyGoods.Tags = BuyGet, 2, 1, []id.Tag{{byte(random.IntN(20))}}
			p.Reward.Goods.Tags = p.Reward.BuyGoods.Tags
		case n < 95:
			p.Reward.Kind, p.Conditions.Countries = ShippingOff, []string{"DE", "AT"}
		default:
			p.Reward.Goods.FullPrice = true
		}
		s.Promotions = append(s.Promotions, p)
	}
	return s
}

// The target is 5 ms: `go test ./internal/pricing -run '^$' -bench Promotions`.
func BenchmarkPromotions(b *testing.B) {
	for _, c := range []struct {
		name    string
		change  func(*Snapshot)
		explain bool
	}{
		{"none of 0", func(s *Snapshot) { s.Promotions = nil }, false},
		{"some of 500", func(*Snapshot) {}, false},
		{"some of 500, explained", func(*Snapshot) {}, true},
		{"all of 500 on all lines", func(s *Snapshot) {
			for i := range s.Promotions {
				s.Promotions[i] = Promotion{ID: s.Promotions[i].ID, Reward: Reward{Kind: OrderPercentOff, PPM: 1000}, PlatformPPM: 500_000}
			}
		}, false},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := largeSnapshot()
			c.change(&s)
			s.Explain = c.explain
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Price(s); err != nil {
					b.Fatal(err)
				}
			}
			q, _ := Price(s)
			applied := 0
			for _, v := range q.Verdicts {
				if v.Reason == "" {
					applied++
				}
			}
			b.ReportMetric(float64(applied), "applied")
		})
	}
}

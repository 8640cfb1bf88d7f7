package simulator

import (
	"slices"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/pricing"
)

// given is what promotions took off an order, and what the platform paid of it.
type given struct{ amount, platform money.Amount }

// snapshot is an order as it can be priced again: what it was given stands as it
// was, but for what one promotion gave.
func (o *past) snapshot(without id.Promotion) (s pricing.Snapshot, frozen given) {
	s = pricing.Snapshot{
		Currency: o.Currency, Country: o.Country, Method: o.Method, Buyer: pricing.Buyer{FirstOrder: o.First},
		Lines: make([]pricing.Line, len(o.lines)), Parcels: make([]pricing.Parcel, len(o.parcels)),
	}
	for i, l := range o.lines {
		f := o.facts[l.Product]
		s.Lines[i] = pricing.Line{
			Key: i, Vendor: l.Vendor, Variant: l.Variant, Quantity: l.Quantity, UnitPrice: l.UnitPrice, Product: l.Product,
			Brand: f.Brand, Categories: f.Categories, Tags: f.Tags, AsPriced: l.GiftCard, Reduced: l.Reduced,
		}
	}
	for i, p := range o.parcels {
		s.Parcels[i] = pricing.Parcel{Vendor: p.Vendor, Kind: p.Kind, Shipping: p.Shipping}
	}
	frozen = given{money.Zero(o.Currency), money.Zero(o.Currency)}
	for _, g := range o.gifts {
		if g.Promotion != without {
			o.give(&s, g)
		}
	}
	for _, p := range s.Promotions {
		sum := money.Zero(o.Currency)
		for _, minor := range p.Given {
			sum.Minor += minor
		}
		frozen.amount, frozen.platform = frozen.amount.Plus(sum), frozen.platform.Plus(sum.Share(p.PlatformPPM, million))
	}
	return s, frozen
}

// give adds what a promotion gave to the promotions of a snapshot. What stands on
// no line is on shipping.
func (o *past) give(s *pricing.Snapshot, g gift) {
	kind, places := g.Kind, len(o.lines)
	at := slices.IndexFunc(o.lines, func(l line) bool { return l.ID == g.Line })
	switch {
	case g.Line.IsZero():
		kind, places = pricing.ShippingOff, len(o.parcels)
		at = slices.IndexFunc(o.parcels, func(p parcel) bool { return p.Vendor == g.Vendor })
	case kind != pricing.OrderPercentOff && kind != pricing.OrderAmountOff:
		kind = pricing.PercentOff
	}
	n := slices.IndexFunc(s.Promotions, func(p pricing.Promotion) bool { return p.ID == g.Promotion && p.Reward.Kind == kind })
	if n < 0 {
		n, s.Promotions = len(s.Promotions), append(s.Promotions, pricing.Promotion{
			ID: g.Promotion, Name: g.Name, Vendor: g.Owner, Priority: g.Priority, Exclusive: g.Exclusive, Group: g.Group, PlatformPPM: g.Platform,
			Reward: pricing.Reward{Kind: kind}, Given: make([]int64, places),
		})
	}
	s.Promotions[n].Given[at] += g.Minor
}

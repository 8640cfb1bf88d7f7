package pricing

import (
	"slices"
	"strconv"
	"strings"

	"souk/internal/id"
	"souk/internal/money"
)

// A Buyer is what promotions ask of who buys.
type Buyer struct {
	Groups     []string
	Plans      []id.Plan
	FirstOrder bool
}

// holds reports whether a line's goods are in the scope.
func (c *Scope) holds(l *Line) bool {
	return !l.AsPriced && anyOf(c.Products, l.Product) && anyOf(c.Variants, l.Variant) && anyOf(c.Vendors, l.Vendor) && anyOf(c.Brands, l.Brand) &&
		overlap(c.Categories, l.Categories) && overlap(c.Tags, l.Tags) && !slices.Contains(c.Except, l.Product) && !(c.FullPrice && l.Reduced)
}

func anyOf[T comparable](wanted []T, is T) bool {
	return len(wanted) == 0 || slices.Contains(wanted, is)
}

func overlap[T comparable](wanted, is []T) bool {
	return len(wanted) == 0 || slices.ContainsFunc(is, func(t T) bool { return slices.Contains(wanted, t) })
}

// lowers reports whether a promotion may lower a line by its reward's scope.
func (p *Promotion) lowers(l *Line) bool {
	return (p.Vendor.IsZero() || p.Vendor == l.Vendor) && p.Reward.Goods.holds(l)
}

// buys reports whether a line pays for what its reward gives.
func (p *Promotion) buys(l *Line) bool {
	return (p.Vendor.IsZero() || p.Vendor == l.Vendor) && p.Reward.BuyGoods.holds(l)
}

// carries reports whether a promotion may lower what a parcel costs.
func (p *Promotion) carries(parcel *Parcel) bool {
	return (p.Vendor.IsZero() || p.Vendor == parcel.Vendor) && anyOf(p.Reward.Goods.Vendors, parcel.Vendor) && anyOf(p.Reward.Ways, parcel.Kind)
}

// concerns reports whether there is anything that a promotion could lower.
func (p *Promotion) concerns(s *Snapshot) bool {
	if p.Reward.Kind.stage() == shippingStage {
		return slices.ContainsFunc(s.Parcels, func(parcel Parcel) bool { return p.carries(&parcel) })
	}
	for i := range s.Lines {
		if p.lowers(&s.Lines[i]) {
			return true
		}
	}
	return false
}

// unmet is the first condition that does not hold, as people are told of it; ""
// when all do.
func (p *Promotion) unmet(s *Snapshot) string {
	c := &p.Conditions
	switch {
	case p.Given != nil:
		return ""
	case p.Reward.Kind.needsAmounts() && !p.Reward.Amounts.in(s.Currency), !p.Reward.Most.in(s.Currency) && len(p.Reward.Most) > 0,
		!c.MinSubtotal.in(s.Currency) && len(c.MinSubtotal) > 0:
		return "it is not given in " + string(s.Currency)
	case len(c.Countries) > 0 && s.Country == "":
		return "it depends on the country, which is not known yet"
	case !anyOf(c.Countries, s.Country):
		return "it is not given for " + s.Country
	case len(c.Methods) > 0 && s.Method == "":
		return "it depends on the payment method, which is not chosen yet"
	case !anyOf(c.Methods, s.Method):
		return "it is given for payment by " + strings.Join(c.Methods, ", ")
	case !overlap(c.Groups, s.Buyer.Groups):
		return "it is given to others"
	case !overlap(c.Plans, s.Buyer.Plans):
		return "it is given to members"
	case c.FirstOrder && !s.Buyer.FirstOrder:
		return "it is given on a first order"
	}
	if text := p.unmetCounts(s); text != "" {
		return text
	}
	if !p.concerns(s) {
		return "nothing in the cart is part of it"
	}
	return ""
}

func (a Amounts) in(c money.Currency) bool { _, known := a[c]; return known }

// unmetCounts is unmet for what is counted over the goods.
func (p *Promotion) unmetCounts(s *Snapshot) string {
	c := &p.Conditions
	least := c.MinSubtotal[s.Currency]
	if least == 0 && c.MinQuantity == 0 {
		return ""
	}
	subtotal, quantity := int64(0), int64(0)
	for i := range s.Lines {
		if l := &s.Lines[i]; (p.Vendor.IsZero() || p.Vendor == l.Vendor) && c.Goods.holds(l) {
			subtotal += l.UnitPrice.Minor * l.Quantity
			quantity += l.Quantity
		}
	}
	switch {
	case subtotal < least:
		return "goods for " + money.Of(least-subtotal, s.Currency).String() + " more are needed"
	case quantity < c.MinQuantity:
		return strconv.FormatInt(c.MinQuantity-quantity, 10) + " more of its goods are needed"
	}
	return ""
}

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

func anyOf[T comparable](wanted []T, is T) bool {
	return len(wanted) == 0 || slices.Contains(wanted, is)
}

func overlap[T comparable](wanted, is []T) bool {
	return len(wanted) == 0 || slices.ContainsFunc(is, func(t T) bool { return slices.Contains(wanted, t) })
}

// carries reports whether a promotion may lower what a parcel costs.
func (p *Promotion) carries(parcel *Parcel) bool {
	return (p.Vendor.IsZero() || p.Vendor == parcel.Vendor) && anyOf(p.Reward.Goods.Vendors, parcel.Vendor) && anyOf(p.Reward.Ways, parcel.Kind)
}

// concerns reports whether there is anything that a promotion could lower.
func (d *discounter) concerns(at int) bool {
	p := &d.s.Promotions[at]
	if p.Reward.Kind.stage() == shippingStage {
		return slices.ContainsFunc(d.s.Parcels, func(parcel Parcel) bool { return p.carries(&parcel) })
	}
	return !d.lowers[at].isEmpty()
}

// unmet is the first condition of a promotion that does not hold, as people are
// told of it; "" when all do.
func (d *discounter) unmet(at int) string {
	s, p := d.s, &d.s.Promotions[at]
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
	if text := d.unmetCounts(p); text != "" {
		return text
	}
	if !d.concerns(at) {
		return "nothing in the cart is part of it"
	}
	return ""
}

func (a Amounts) in(c money.Currency) bool { _, known := a[c]; return known }

// unmetCounts is unmet for what is counted over the goods.
func (d *discounter) unmetCounts(p *Promotion) string {
	c := &p.Conditions
	least := c.MinSubtotal[d.s.Currency]
	if least == 0 && c.MinQuantity == 0 {
		return ""
	}
	subtotal, quantity := int64(0), int64(0)
	for place := range d.goods.in(&c.Goods, p.Vendor).places() {
		l := &d.s.Lines[d.lines[place]]
		subtotal += l.UnitPrice.Minor * l.Quantity
		quantity += l.Quantity
	}
	switch {
	case subtotal < least:
		return "goods for " + money.Of(least-subtotal, d.s.Currency).String() + " more are needed"
	case quantity < c.MinQuantity:
		return strconv.FormatInt(c.MinQuantity-quantity, 10) + " more of its goods are needed"
	}
	return ""
}

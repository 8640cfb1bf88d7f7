package cart

import (
	"context"

	"souk/internal/accounts"
	"souk/internal/pricing"
	"souk/internal/tax"
)

// An exemption is the certificate by which the buyer of a cart pays no tax.
type exemption struct {
	Certificate string `db:"certificate"`
}

// taxing is how the goods of one cart are taxed.
type taxing struct {
	zone   tax.Zone
	buyer  tax.Buyer
	remote *tax.Remote // nil where the zone's rates are charged
}

// taxing says how the cart is taxed, and tells the snapshot.
func (r *reading) taxing(s *pricing.Snapshot) taxing {
	t := taxing{zone: r.zone}
	to := r.cart.place()
	if to == nil {
		return t
	}
	t.buyer = tax.Buyer{Country: to.Country, Region: to.Region, TaxID: r.cart.Billing().TaxID}
	if len(r.exempt) > 0 {
		t.buyer.Exemption = r.exempt[0].Certificate
	}
	if t.remote = r.asks.For(tax.Place{Country: to.Country, Region: to.Region, PostalCode: to.PostalCode, City: to.City, Line1: to.Line1}); t.remote != nil {
		s.Remote, s.Tax = t.remote, tax.Terms{} // what an engine says goes on top
	}
	return t
}

// line says what a line pays.
func (t taxing) line(line *pricing.Line, l Line) {
	if t.remote != nil { // also where only the shipping of these goods is taxed
		t.remote.From[l.VendorID] = tax.Place{Country: l.Seller.Country, Region: l.Seller.Region, PostalCode: l.Seller.PostalCode}
	}
	if !l.Taxable {
		return
	}
	line.Class = l.TaxClass
	levy := t.zone.Levy(l.TaxClass, l.Seller, t.buyer)
	if t.remote != nil {
		levy = t.zone.Remote(l.Seller, t.buyer)
	}
	line.Rates, line.Relief, line.Why = levy.Rates, levy.Relief, levy.Why
}

// parcel says what carrying a vendor's goods pays.
func (t taxing) parcel(p *pricing.Parcel, seller tax.Seller) {
	levy := t.zone.LevyShipping(seller, t.buyer)
	if t.remote != nil {
		levy = t.zone.Remote(seller, t.buyer)
	}
	p.Rates, p.Relief, p.Why = levy.Rates, levy.Relief, levy.Why
}

// fee says what a fee pays: the marketplace takes it, and it is taxed as carrying
// goods is.
func (t taxing) fee(f *pricing.Fee, shop tax.Seller) {
	levy := t.zone.LevyShipping(shop, t.buyer)
	if t.remote != nil {
		levy = t.zone.Remote(shop, t.buyer)
	}
	f.Rates, f.Relief, f.Why = levy.Rates, levy.Relief, levy.Why
}

// ask reads a cart again once its engine has been asked what it has not been
// asked yet. There is no transaction: an engine takes its time.
func (c *Carts) ask(ctx context.Context, p Priced, again func() (Priced, error)) (Priced, error) {
	if len(p.Quote.Unanswered) == 0 {
		return p, nil
	}
	if err := c.Tax.Ask(ctx, p.Cart.ID, p.Quote.Unanswered); err != nil {
		return Priced{}, err
	}
	return again()
}

// TaxSource is who has said what the tax is.
func (p Priced) TaxSource() tax.Source {
	s := tax.Source{Engine: "table", Failure: p.Quote.TaxFailure, Exemption: p.Exemption}
	for _, kept := range p.Quote.TaxedBy {
		if s.Engine = kept.Engine; kept.Failure != "" {
			s.Failure = kept.Failure
			break
		}
	}
	return s
}

// place is where the cart is taxed: where it goes, or its invoice where nothing
// is shipped.
func (c Cart) place() *accounts.PostalAddress {
	if c.ShippingAddress != nil {
		return c.ShippingAddress
	}
	return c.BillingAddress
}

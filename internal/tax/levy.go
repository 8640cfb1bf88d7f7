package tax

import (
	"cmp"
	"slices"

	"souk/internal/money"
	"souk/internal/taxid"
)

// When a rate applies, by where the seller is registered and where the goods go.
const (
	Always       = "always"
	SameRegion   = "same_region"   // within one region of one country: CGST and SGST
	OtherRegion  = "other_region"  // between two regions, or countries: IGST
	OtherCountry = "other_country" // across a border: exports
)

// A Seller is where somebody who sells is registered for tax. The zero Seller
// is registered nowhere.
type Seller struct {
	Country, Region, PostalCode, TaxID string
}

// A Buyer is where something goes, and who buys it.
type Buyer struct {
	Country, Region string
	TaxID           string // well made, see package taxid; "" of people
	Exemption       string // the certificate that exempts them there; "" where they pay like everybody
}

// A Levy is what some goods or a parcel pay in a zone.
type Levy struct {
	Rates  []Rate
	Relief string // what the rates are not charged for: ReverseCharge or Exempt; "" where they are
	Why    string // both, in words; "" where the rates depend on nothing but the place
}

// What relieves of tax, as orders and invoices name it.
const (
	ReverseCharge = "Reverse charge"
	Exempt        = "Exempt"
)

// Levy is what a class of goods pays that s sells to b.
func (z Zone) Levy(class string, s Seller, b Buyer) Levy { return z.levy(z.For(class), s, b) }

// LevyShipping is what it pays that s sends something to b.
func (z Zone) LevyShipping(s Seller, b Buyer) Levy { return z.levy(z.ForShipping(), s, b) }

func (z Zone) levy(rates []Rate, s Seller, b Buyer) Levy {
	l := Levy{Rates: rates}
	if slices.ContainsFunc(rates, Rate.conditional) {
		l.Rates = slices.DeleteFunc(slices.Clone(rates), func(r Rate) bool { return !r.applies(s, b) })
		l.Why = supply(s, b)
	}
	if len(l.Rates) > 0 {
		if relief, why := z.Relief(s, b); relief != "" {
			l.Relief, l.Why = relief, why
		}
	}
	return l
}

// Remote is the levy on what an engine reckons: no rates, which are its own to
// know, but what relieves the buyer of them.
func (z Zone) Remote(s Seller, b Buyer) Levy {
	relief, why := z.Relief(s, b)
	return Levy{Relief: relief, Why: why}
}

func (r Rate) conditional() bool { return r.Applies != "" && r.Applies != Always }

func (r Rate) applies(s Seller, b Buyer) bool {
	switch r.Applies {
	case SameRegion:
		return within(s, b)
	case OtherRegion:
		return !within(s, b)
	case OtherCountry:
		return s.Country != "" && s.Country != b.Country
	}
	return true
}

// within reports whether a sale stays in one region. Of a seller who is
// registered nowhere nobody knows that it does.
func within(s Seller, b Buyer) bool {
	return s.Country != "" && s.Country == b.Country && s.Region == b.Region
}

func supply(s Seller, b Buyer) string {
	if within(s, b) {
		return "supplied within " + place(b.Country, b.Region)
	}
	return "supplied from " + cmp.Or(place(s.Country, s.Region), "a seller registered nowhere") + " to " + place(b.Country, b.Region)
}

func place(country, region string) string {
	if region == "" {
		return country
	}
	return country + "-" + region
}

// Relief is why b owes no tax to s in z, and the same in a sentence; "" where
// they do. An exemption goes before a reverse charge, because it is staff who
// have decided it.
//
// The charge is reversed where a business of the European Union sells across a
// border within it to another: the buyer's VAT id is of another member than the
// seller's (article 138 of Directive 2006/112/EC). At home everybody pays.
func (z Zone) Relief(s Seller, b Buyer) (relief, why string) {
	if b.Exemption != "" {
		return Exempt, "certificate " + b.Exemption + " exempts the buyer"
	}
	from := taxid.Country(b.TaxID)
	if z.ReverseCharge && taxid.InUnion(s.Country) && taxid.InUnion(from) && from != s.Country && b.Country != s.Country {
		return ReverseCharge, "sold from " + s.Country + " to the business " + b.TaxID + ", which owes the tax itself"
	}
	return "", ""
}

// Net is what is left of a price without the tax that it holds.
func (t Terms) Net(price money.Amount, rates []Rate) money.Amount {
	if !t.Included {
		return price
	}
	return price.Minus(Total(price.Currency, Charge(price, rates, t)))
}

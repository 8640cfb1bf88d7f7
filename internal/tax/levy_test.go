package tax

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"souk/internal/money"
)

var (
	gst = Zone{Terms: Terms{Included: true}, Rates: []Rate{
		{Class: Standard, Name: "CGST 9 %", PPM: 90_000, Applies: SameRegion, Shipping: true},
		{Class: Standard, Name: "SGST 9 %", PPM: 90_000, Applies: SameRegion, Shipping: true},
		{Class: Standard, Name: "IGST 18 %", PPM: 180_000, Applies: OtherRegion, Shipping: true},
	}}
	vat    = Zone{ReverseCharge: true, Rates: []Rate{{Class: Standard, Name: "VAT 19 %", PPM: 190_000, Applies: Always, Shipping: true}}}
	export = Zone{Rates: []Rate{{Class: Standard, Name: "Zero-rated export", Applies: OtherCountry}}}

	karnataka = Seller{Country: "IN", Region: "KA", TaxID: "29AAGCB7383J1Z4"}
	france    = Seller{Country: "FR", TaxID: "FR40303265045"}
)

func TestWhatASellerAndABuyerMakeOfRates(t *testing.T) {
	t.Parallel()
	business := Buyer{Country: "DE", TaxID: "DE136695976"}
	for name, c := range map[string]struct {
		zone   Zone
		seller Seller
		buyer  Buyer
		rates  string
		relief string
		why    string
	}{
		"within a state":                      {gst, karnataka, Buyer{Country: "IN", Region: "KA"}, "CGST 9 % SGST 9 %", "", "supplied within IN-KA"},
		"between states":                      {gst, karnataka, Buyer{Country: "IN", Region: "KL"}, "IGST 18 %", "", "supplied from IN-KA to IN-KL"},
		"a region of another country":         {gst, Seller{Country: "US", Region: "KL"}, Buyer{Country: "IN", Region: "KL"}, "IGST 18 %", "", "supplied from US-KL to IN-KL"},
		"a seller registered nowhere":         {gst, Seller{}, Buyer{Country: "IN", Region: "KA"}, "IGST 18 %", "", "supplied from a seller registered nowhere to IN-KA"},
		"an Indian business pays as well":     {gst, karnataka, Buyer{Country: "IN", Region: "KA", TaxID: "27AAPFU0939F1ZV"}, "CGST 9 % SGST 9 %", "", "within"},
		"an export":                           {export, karnataka, Buyer{Country: "US", Region: "CA"}, "Zero-rated export", "", "supplied from IN-KA to US-CA"},
		"a sale at home is no export":         {export, Seller{Country: "US", Region: "NY"}, Buyer{Country: "US", Region: "CA"}, "", "", ""},
		"a business across the border":        {vat, france, business, "VAT 19 %", ReverseCharge, "sold from FR to the business DE136695976, which owes the tax itself"},
		"a person across the border":          {vat, france, Buyer{Country: "DE"}, "VAT 19 %", "", ""},
		"a business at home":                  {vat, Seller{Country: "DE"}, business, "VAT 19 %", "", ""},
		"a number of the seller's country":    {vat, france, Buyer{Country: "DE", TaxID: "FR83404833048"}, "VAT 19 %", "", ""},
		"goods that stay at home":             {vat, france, Buyer{Country: "FR", TaxID: "DE136695976"}, "VAT 19 %", "", ""},
		"a third member's number":             {vat, france, Buyer{Country: "DE", TaxID: "ATU13585627"}, "VAT 19 %", ReverseCharge, "ATU13585627"},
		"a seller outside of the Union":       {vat, Seller{Country: "US"}, business, "VAT 19 %", "", ""},
		"a number of no member":               {vat, france, Buyer{Country: "DE", TaxID: "123456789"}, "VAT 19 %", "", ""},
		"a zone that does not reverse":        {Zone{Rates: vat.Rates}, france, business, "VAT 19 %", "", ""},
		"a seller registered nowhere charges": {vat, Seller{}, business, "VAT 19 %", "", ""},
		"an exemption":                        {vat, france, Buyer{Country: "DE", Exemption: "C-1"}, "VAT 19 %", Exempt, "certificate C-1 exempts the buyer"},
		"an exemption goes before":            {vat, france, Buyer{Country: "DE", TaxID: "DE136695976", Exemption: "C-1"}, "VAT 19 %", Exempt, "C-1"},
		"nothing to be relieved of":           {Zone{ReverseCharge: true}, france, business, "", "", ""},
	} {
		for _, levy := range []Levy{c.zone.Levy(Standard, c.seller, c.buyer), c.zone.LevyShipping(c.seller, c.buyer)} {
			var names []string
			for _, r := range levy.Rates {
				names = append(names, r.Name)
			}
			if got := strings.Join(names, " "); got != c.rates && c.zone.Rates != nil && c.zone.Rates[0].Shipping || levy.Relief != c.relief && got != "" {
				t.Errorf("%s: pays %q, relieved %q, want %q, %q", name, got, levy.Relief, c.rates, c.relief)
			}
			if len(levy.Rates) > 0 && !strings.Contains(levy.Why, c.why) {
				t.Errorf("%s: because %q", name, levy.Why)
			}
		}
	}
	if len(gst.Rates) != 3 || gst.Rates[0].Name != "CGST 9 %" {
		t.Errorf("the zone has changed: %+v", gst.Rates)
	}
}

// Whatever sells and buys where, a line pays CGST and SGST or IGST, and never
// both or none; the tax is the same within a unit of each rate.
func TestPlaceOfSupplyChoosesOneOrTheOther(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		states := rapid.SampledFrom([]string{"", "KA", "KL", "AN"})
		seller := Seller{Country: rapid.SampledFrom([]string{"", "IN", "US"}).Draw(t, "country"), Region: states.Draw(t, "from")}
		buyer := Buyer{Country: "IN", Region: states.Draw(t, "to")}
		rates := gst.Levy(Standard, seller, buyer).Rates
		sum := int64(0)
		for _, r := range rates {
			sum += r.PPM
		}
		if sum != 180_000 {
			t.Fatalf("from %+v to %+v pays %+v", seller, buyer, rates)
		}
	})
}

// The net price and the tax on top of it come back to the price, within a unit.
func TestTheNetPriceIsThePriceWithoutItsTax(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		price := money.Of(rapid.Int64Range(0, money.Max).Draw(t, "price"), "EUR")
		rates := []Rate{{PPM: rapid.Int64Range(0, million).Draw(t, "ppm")}}
		net := Terms{Included: true}.Net(price, rates)
		if net.Minor < 0 || net.Minor > price.Minor {
			t.Fatalf("%s is %s without tax", price, net)
		}
		if off := net.Plus(Total("EUR", Charge(net, rates, Terms{}))).Minus(price).Minor; off < -1 || off > 1 {
			t.Fatalf("%s is %s without tax, and %d off with it again", price, net, off)
		}
		if (Terms{}).Net(price, rates) != price {
			t.Fatal("a price without tax has lost some")
		}
	})
}

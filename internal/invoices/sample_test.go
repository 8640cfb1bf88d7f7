package invoices

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"souk/internal/accounts"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/tax"
)

// goods is a line that is taxed by some rates.
func goods(title string, quantity int, unit, discount money.Amount, included bool, shares ...TaxShare) Line {
	l := Line{Kind: Goods, OrderLine: id.New[id.OrderLine](), Title: title, SKU: "KR-1042-BL", Quantity: quantity, Unit: unit, Discount: discount}
	l.Total, l.Tax = money.Of(unit.Minor*int64(quantity), unit.Currency).Minus(discount), money.Zero(unit.Currency)
	ppm := int64(0)
	for _, share := range shares {
		ppm += share.PPM
	}
	base := l.Total.Minor
	if included {
		base = base * 1_000_000 / (1_000_000 + ppm)
	}
	for _, share := range shares {
		share.Minor = base * share.PPM / 1_000_000
		l.Taxes, l.Tax = append(l.Taxes, share), l.Tax.Plus(money.Of(share.Minor, unit.Currency))
	}
	if !included {
		l.Total = l.Total.Plus(l.Tax)
	}
	return l
}

func vat(ppm int64) TaxShare { return TaxShare{Label: "VAT", PPM: ppm} }

// sample is an invoice of some lines, which a test may change.
func sample(currency money.Currency, included bool, lines ...Line) Invoice {
	i := Invoice{
		ID: id.New[id.Invoice](), Kind: KindInvoice, Number: "NKI2026-000123", Year: "2026", OrderNumber: "S-7K2M-QX41", Locale: "en", Currency: currency, TaxIncluded: included, Lines: lines,
		IssuedOn: "2026-11-27", IssuedAt: time.Date(2026, 11, 27, 9, 30, 0, 0, time.UTC), OrderedAt: time.Date(2026, 11, 25, 18, 2, 0, 0, time.UTC), OrderedOn: "2026-11-25",
		Seller: Party{
			Trading: "Nordkraft", TaxID: "DE136695976", Register: "Amtsgericht Kiel, HRB 1234", Email: "books@nordkraft.example",
			Note: "Bank: DE02 1203 0000 0000 2020 51\nThank you for buying from a small shop!", Address: accounts.PostalAddress{Name: "Nordkraft Handels GmbH", Phone: "+49 431 123456", Line1: "Am Kai 3", City: "Kiel", PostalCode: "24103", Region: "", Country: "DE"},
		},
		Buyer:      Party{Address: accounts.PostalAddress{Name: "Ada Example", Line1: "1 Main Street", City: "Berlin", PostalCode: "10115", Country: "DE"}},
		SuppliedTo: Place{Country: "DE"}, Credit: money.Zero(currency), Paid: true,
	}
	i.sum()
	return i
}

// catalogue is an invoice of so many lines.
func catalogue(lines int) Invoice {
	i := sample("EUR", true)
	for at := range lines {
		i.Lines = append(i.Lines, goods(fmt.Sprintf("Article %d of the catalogue", at+1), at+1, money.Of(int64(1000+at), "EUR"), money.Of(0, "EUR"), true, vat(190_000)))
	}
	i.sum()
	return i
}

// samples are documents that are hard to set, each of one page.
func samples() map[string]Invoice {
	eur := func(minor int64) money.Amount { return money.Of(minor, "EUR") }
	inr := func(minor int64) money.Amount { return money.Of(minor, "INR") }
	kwd := func(minor int64) money.Amount { return money.Of(minor, "KWD") }
	usd := func(minor int64) money.Amount { return money.Of(minor, "USD") }
	kettle, towel := goods("Enamel kettle, blue", 1, eur(4990), eur(0), true, vat(190_000)), goods("Tea towel", 2, eur(1190), eur(0), true, vat(190_000))
	parcel := goods("", 1, eur(490), eur(0), true, vat(190_000))
	parcel.Kind, parcel.Detail, parcel.SKU = Shipping, "Standard", ""
	all := map[string]Invoice{
		"plain": sample("EUR", true, kettle, towel, parcel),
		"german": sample("EUR", true,
			goods("Emaille-Kessel, blau, mit Holzgriff und zweitem Deckel für Induktionsherde aller üblichen Hersteller", 12, eur(499_000), eur(59_880), true, vat(190_000)),
			goods("Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaftsjahrbuch", 2, eur(1190), eur(0), true, vat(70_000))),
		"india": sample("INR", false,
			goods("Brass lamp with five wicks, hand-cast in Moradabad", 2, inr(1_249_900), inr(100_000), false, TaxShare{Label: "CGST", PPM: 90_000}, TaxShare{Label: "SGST", PPM: 90_000}),
			goods("Cotton bedspread", 1, inr(249_900), inr(0), false, TaxShare{Label: "CGST", PPM: 25_000}, TaxShare{Label: "SGST", PPM: 25_000})),
		"reverse-charge": sample("EUR", false, goods("Licence", 3, eur(9900), eur(0), false, TaxShare{Label: tax.ReverseCharge})),
		"exempt":         sample("USD", false, goods("Licence", 3, usd(9900), usd(0), false, TaxShare{Label: tax.Exempt})),
		"yen":            sample("JPY", true, goods("Iron kettle", 1000, money.Of(1_280_000, "JPY"), money.Of(12_345_678, "JPY"), true, TaxShare{Label: "Consumption tax", PPM: 100_000})),
		"dinars":         sample("KWD", false, goods("Carpet, knotted", 40, kwd(123_456_789), kwd(1_123_456_789), false, vat(50_000)), goods("Fringe", 1, kwd(500), kwd(0), false, vat(50_000))),
		"fortune":        sample("KWD", true, goods("Palace", 1, kwd(9_000_000_000_000), kwd(1_000_000_000_000), true, vat(50_000), vat(51_250), vat(3_750))),
		"three-rates": sample("USD", false, goods("Snowboard", 1, usd(59_900), usd(5_990), false, TaxShare{Label: "New York State sales tax", PPM: 40_000},
			TaxShare{Label: "New York City local sales tax", PPM: 45_000}, TaxShare{Label: "Metropolitan Commuter Transportation District surcharge", PPM: 3_750})),
	}
	alter := func(name string, change func(i *Invoice)) {
		i, found := all[name]
		if !found {
			i = all["plain"]
		}
		change(&i)
		i.sum()
		all[name] = i
	}
	alter("german", func(i *Invoice) { i.Locale, i.Credit = "de-AT", eur(5000) })
	alter("india", func(i *Invoice) {
		i.Number, i.SuppliedTo = "KVI2627-000001", Place{Country: "IN", Region: "KA"}
		i.Seller = Party{Trading: "Kaveri", TaxID: "29AAGCB7383J1Z4", Address: accounts.PostalAddress{
			Name: "Kaveri Handlooms & Metalworks Private Limited", Line1: "14 Mill Road, Block B", Line2: "Peenya Industrial Area, Phase II", City: "Bengaluru", PostalCode: "560058", Region: "KA", Country: "IN",
		}}
	})
	alter("reverse-charge", func(i *Invoice) { i.Buyer.TaxID, i.Buyer.Address.Country = "FR40303265045", "FR" })
	alter("three-rates", func(i *Invoice) { i.SuppliedTo = Place{Country: "US", Region: "NY"} })
	alter("credit-note", func(i *Invoice) {
		i.Kind, i.Corrects, i.Number, i.Reason = KindCreditNote, &Reference{i.ID, i.Number, i.IssuedOn}, "NKC2026-000007", "The handle is loose and it dripped on the tablecloth. For your trouble."
		towel.Quantity, towel.Total, towel.Tax, towel.Taxes = 0, eur(119), eur(19), []TaxShare{{Label: "VAT", PPM: 190_000, Minor: 19}}
		i.Lines = []Line{kettle, towel}
	})
	alter("without-letterhead", func(i *Invoice) {
		i.Seller, i.Paid = Party{Address: accounts.PostalAddress{Name: "Smith's stall"}}, false
	})
	alter("forgotten", func(i *Invoice) { i.Buyer = Party{} })
	alter("wide", func(i *Invoice) {
		i.Seller.Address.Name = "Vereinigte Ostfriesische Teehandelsgesellschaft und Kolonialwarenmanufaktur vormals Gebrüder Beispiel mbH & Co. KGaA"
		i.Seller.Email = "a-mailbox-with-a-name-that-is-as-long-as-it-may-be@a-domain-with-a-very-long-name.example"
		i.Buyer.Address.Name, i.Buyer.Address.Line1 = strings.Repeat("Wolfeschlegelstein", 5), "Straße des achtzehnten Oktober "+strings.Repeat("1234567890", 8)
	})
	return all
}

// keep writes a document where SOUK_TEST_PICTURES says, for people to look at.
func keep(t *testing.T, name string, i Invoice, file []byte) {
	t.Helper()
	folder := os.Getenv("SOUK_TEST_PICTURES")
	if folder == "" {
		return
	}
	var page bytes.Buffer
	if err := errors.Join(pages.ExecuteTemplate(&page, "page.html", sheetOf(i)), os.WriteFile(filepath.Join(folder, name+".pdf"), file, 0o600),
		os.WriteFile(filepath.Join(folder, name+".html"), page.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
}

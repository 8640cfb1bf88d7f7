package invoices

import (
	"fmt"
	"os"
	"path/filepath"
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
		IssuedOn: time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC), IssuedAt: time.Date(2026, 11, 27, 9, 30, 0, 0, time.UTC), OrderedAt: time.Date(2026, 11, 25, 18, 2, 0, 0, time.UTC),
		Seller: Party{Name: "Nordkraft Handels GmbH", Trading: "Nordkraft", TaxID: "DE136695976", Register: "Amtsgericht Kiel, HRB 1234", Email: "books@nordkraft.example", Phone: "+49 431 123456",
			Note: "Bank: DE02 1203 0000 0000 2020 51\nThank you for buying from a small shop!", Address: accounts.PostalAddress{Line1: "Am Kai 3", City: "Kiel", PostalCode: "24103", Region: "", Country: "DE"}},
		Buyer:      Party{Name: "Ada Example", Address: accounts.PostalAddress{Line1: "1 Main Street", City: "Berlin", PostalCode: "10115", Country: "DE"}},
		SuppliedTo: Place{Country: "DE"}, Credit: money.Zero(currency), Paid: true,
	}
	i.sum()
	return i
}

func samples() map[string]Invoice {
	usd := func(minor int64) money.Amount { return money.Of(minor, "USD") }
	eur := func(minor int64) money.Amount { return money.Of(minor, "EUR") }
	inr := func(minor int64) money.Amount { return money.Of(minor, "INR") }
	all := map[string]Invoice{}
	none := eur(0)

	plain := sample("EUR", true, goods("Enamel kettle, blue", 1, eur(4990), none, true, vat(190_000)), goods("Tea towel", 2, eur(1190), none, true, vat(190_000)))
	ship := goods("", 1, eur(490), none, true, vat(190_000))
	ship.Kind, ship.Detail, ship.SKU = Shipping, "Standard", ""
	plain.Lines = append(plain.Lines, ship)
	plain.sum()
	all["plain"] = plain

	german := sample("EUR", true, goods("Emaille-Kessel, blau, mit Holzgriff und zweitem Deckel für Induktionsherde aller üblichen Hersteller", 12, eur(499_000), eur(59_880), true, vat(190_000)),
		goods("Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaftsjahrbuch", 2, eur(1190), none, true, vat(70_000)))
	german.Locale = "de-AT"
	german.Credit = eur(5000)
	all["german"] = german

	gst := func() []TaxShare { return []TaxShare{{Label: "CGST", PPM: 90_000}, {Label: "SGST", PPM: 90_000}} }
	india := sample("INR", false, goods("Brass lamp with five wicks, hand-cast in Moradabad", 2, inr(1_249_900), inr(100_000), false, gst()...), goods("Cotton bedspread", 1, inr(249_900), inr(0), false, TaxShare{Label: "CGST", PPM: 25_000}, TaxShare{Label: "SGST", PPM: 25_000}))
	india.Seller = Party{Name: "Kaveri Handlooms & Metalworks Private Limited", Trading: "Kaveri", TaxID: "29AAGCB7383J1Z4", Address: accounts.PostalAddress{Line1: "14 Mill Road, Block B", Line2: "Peenya Industrial Area, Phase II", City: "Bengaluru", PostalCode: "560058", Region: "KA", Country: "IN"}}
	india.Buyer = Party{Name: "Asha Example Traders", TaxID: "29AAACR5055K1Z7", Address: accounts.PostalAddress{Line1: "2 Lake View", City: "Mysuru", PostalCode: "570001", Region: "KA", Country: "IN"}}
	india.SuppliedTo = Place{Country: "IN", Region: "KA"}
	india.Number = "KVI2627-000001"
	all["india"] = india

	reverse := sample("EUR", false, goods("Licence", 3, eur(9900), none, false, TaxShare{Label: tax.ReverseCharge}))
	reverse.Buyer.TaxID = "FR40303265045"
	reverse.Buyer.Address.Country = "FR"
	all["reverse"] = reverse
	exempt := sample("USD", false, goods("Licence", 3, usd(9900), usd(0), false, TaxShare{Label: tax.Exempt}))
	all["exempt"] = exempt

	all["yen"] = sample("JPY", true, goods("鉄瓶 would not print; iron kettle", 1000, money.Of(1_280_000, "JPY"), money.Of(12_345_678, "JPY"), true, TaxShare{Label: "Consumption tax", PPM: 100_000}))
	y := all["yen"]
	y.Lines[0].Title = "Iron kettle"
	all["kwd"] = sample("KWD", false, goods("Carpet, knotted", 40, money.Of(123_456_789, "KWD"), money.Of(1_123_456_789, "KWD"), false, vat(50_000)), goods("Fringe", 1, money.Of(500, "KWD"), money.Of(0, "KWD"), false, vat(50_000)))

	three := sample("USD", false, goods("Snowboard", 1, usd(59_900), usd(5_990), false, TaxShare{Label: "New York State sales tax", PPM: 40_000}, TaxShare{Label: "New York City local sales tax", PPM: 45_000}, TaxShare{Label: "Metropolitan Commuter Transportation District surcharge", PPM: 3_750}))
	three.SuppliedTo = Place{Country: "US", Region: "NY"}
	all["three"] = three

	note := plain
	note.Kind, note.Number, note.Corrects, note.Reason = KindCreditNote, "NKC2026-000007", &Reference{plain.ID, plain.Number, plain.IssuedOn}, "The handle is loose and it dripped on the tablecloth. For your trouble."
	note.Lines = note.Lines[:1]
	money1 := note.Lines[0]
	money1.Quantity, money1.Title = 0, "Tea towel"
	money1.Total, money1.Tax, money1.Taxes = eur(119), eur(19), []TaxShare{{Label: "VAT", PPM: 190_000, Minor: 19}}
	note.Lines = append(note.Lines[:1:1], money1)
	note.sum()
	all["credit-note"] = note

	for _, n := range []int{18, 19, 20, 21, 22, 23, 24, 25, 60} {
		long := plain
		long.Lines = nil
		for at := range n {
			long.Lines = append(long.Lines, goods(fmt.Sprintf("Article %d of the catalogue", at+1), at+1, eur(int64(1000+at)), none, true, vat(190_000)))
		}
		long.sum()
		all[fmt.Sprintf("lines-%d", n)] = long
	}

	bare := plain
	bare.Seller = Party{Name: "smith's stall 2", Email: "smith@example.com"}
	bare.Seller.Address.Country = ""
	bare.Paid = false
	all["bare"] = bare

	forgotten := plain
	forgotten.Buyer = Party{}
	all["forgotten"] = forgotten

	wide := plain
	wide.Seller.Name = "Vereinigte Ostfriesische Teehandelsgesellschaft und Kolonialwarenmanufaktur vormals Gebrüder Beispiel mbH & Co. KGaA"
	wide.Seller.Email = "a-mailbox-with-a-name-that-is-as-long-as-it-may-be@a-domain-with-a-very-long-name.example"
	wide.Seller.Note = "Long note. " + wide.Seller.Note
	wide.Buyer.Name = "Wolfeschlegelsteinhausenbergerdorffwelchevoralternwarengewissenhaftschafers"
	wide.Buyer.Address.Line1 = "Straße des achtzehnten Oktober 1234567890123456789012345678901234567890123456789012345678901234567890"
	wide.OrderNumber = "S-7K2M-QX41"
	all["wide"] = wide
	return all
}

func TestGallery(t *testing.T) {
	folder := os.Getenv("SOUK_TEST_PICTURES")
	if folder == "" {
		t.Skip()
	}
	for name, i := range samples() {
		file, err := writePDF([]Invoice{i})
		if err != nil {
			t.Fatal(name, err)
		}
		os.WriteFile(filepath.Join(folder, name+".pdf"), file, 0o600)
		page, err := os.Create(filepath.Join(folder, name+".html"))
		if err != nil {
			t.Fatal(err)
		}
		if err := pages.Execute(page, sheetOf(i)); err != nil {
			t.Fatal(err)
		}
		page.Close()
	}
}

package invoices

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/orders"
)

const usd = money.Currency("USD")

func dollars(minor int64) money.Amount { return money.Of(minor, usd) }

// drawSale makes a part of an order with some lines, shipping and a fee, taxed by
// two rates.
func drawSale(t *rapid.T) sale {
	s := sale{Whole: orders.Whole{Order: orders.Order{ID: id.New[id.Order](), Currency: usd}}}
	s.TaxIncluded = rapid.Bool().Draw(t, "included")
	part := orders.VendorOrder{ID: id.New[id.VendorOrder](), Order: s.ID, Status: orders.PartConfirmed, Currency: usd, Paid: rapid.Bool().Draw(t, "paid"), Platform: dollars(0), Credit: dollars(0)}
	part.Items, part.PartTotals.Discount, part.PartTotals.Tax, part.Total = dollars(0), dollars(0), dollars(0), dollars(0)
	charge := func(line id.OrderLine, fee bool, net int64, name string) (tax, total money.Amount) {
		first, second := rapid.Int64Range(0, net/4).Draw(t, name+" first"), rapid.Int64Range(0, net/4).Draw(t, name+" second")
		s.taxes = append(s.taxes, orders.Adjustment{Part: part.ID, Line: line, Fee: fee, Kind: "tax", Label: "A", PPM: 1, Amount: dollars(first)},
			orders.Adjustment{Part: part.ID, Line: line, Fee: fee, Kind: "tax", Label: "B", PPM: 1, Amount: dollars(second)})
		tax = dollars(first + second)
		part.PartTotals.Tax = part.PartTotals.Tax.Plus(tax)
		if s.TaxIncluded {
			return tax, dollars(net)
		}
		return tax, dollars(net).Plus(tax)
	}
	for n := range rapid.IntRange(1, 4).Draw(t, "lines") {
		none := dollars(0)
		l := orders.Line{
			ID: id.New[id.OrderLine](), Part: part.ID, Quantity: rapid.IntRange(1, 5).Draw(t, "quantity"), UnitPrice: dollars(rapid.Int64Range(0, 5000).Draw(t, "price")),
			Commission: none, Platform: none, WithdrawnTotal: none, WithdrawnTax: none, WithdrawnCommission: none, WithdrawnPlatform: none,
		}
		l.Subtotal = dollars(l.UnitPrice.Minor * int64(l.Quantity))
		l.Discount = dollars(rapid.Int64Range(0, l.Subtotal.Minor).Draw(t, "discount"))
		l.Tax, l.Total = charge(l.ID, false, l.Subtotal.Minor-l.Discount.Minor, fmt.Sprint("line ", n))
		part.Items, part.PartTotals.Discount, part.Total = part.Items.Plus(l.Subtotal), part.PartTotals.Discount.Plus(l.Discount), part.Total.Plus(l.Total)
		s.Lines = append(s.Lines, l)
	}
	part.ShippingFee, part.Fee = dollars(rapid.Int64Range(0, 900).Draw(t, "shipping")), dollars(rapid.Int64Range(0, 300).Draw(t, "fee"))
	var sent, fee money.Amount
	part.ShippingTax, sent = charge(id.OrderLine{}, false, part.ShippingFee.Minor, "shipping")
	part.FeeTax, fee = charge(id.OrderLine{}, true, part.Fee.Minor, "fee")
	part.Total = part.Total.Plus(sent).Plus(fee)
	s.Parts, s.part = []orders.VendorOrder{part}, part
	return s
}

// happen gives something back of a paid part, or cancels units of one that is not.
func (s *sale) happen(t *rapid.T) {
	defer func() { s.part = s.Parts[0] }()
	if !s.part.Paid {
		if rapid.Bool().Draw(t, "all") {
			_, _, _ = s.Cancel("changed my mind", nil) // nothing is left to cancel
			return
		}
		l := &s.Lines[rapid.IntRange(0, len(s.Lines)-1).Draw(t, "of")]
		if n := l.Quantity - l.Fulfilled - l.Withdrawn; n > 0 {
			l.Fulfilled += rapid.IntRange(0, n).Draw(t, "ships")
		}
		return
	}
	var before []orders.RefundLine
	for _, r := range s.refunds {
		before = append(before, r.Lines...)
	}
	wanted := orders.Wanted{Shipping: rapid.Bool().Draw(t, "shipping"), Fee: rapid.Bool().Draw(t, "fee")}
	l := s.Lines[rapid.IntRange(0, len(s.Lines)-1).Draw(t, "of")]
	wanted.Units = s.Refundable([]orders.Units{{Line: l.ID, Quantity: rapid.IntRange(1, l.Quantity).Draw(t, "units")}}, before)
	if rapid.Bool().Draw(t, "money") {
		amount := dollars(rapid.Int64Range(1, 400).Draw(t, "amount"))
		wanted = orders.Wanted{Amount: &amount}
	}
	if lines, err := s.Refund(wanted, before); err == nil {
		s.refunds = append(s.refunds, orders.NewRefund(s.Whole, lines, orders.ToMethod, "R"))
	}
}

// left is what is billed of a line less what was credited, by rate.
func left(t *rapid.T, billed []Invoice, l Line) (total, tax int64, rates []int64) {
	rates = make([]int64, len(l.Taxes))
	for n, i := range billed {
		for _, other := range i.Lines {
			if !other.isOf(l) {
				continue
			}
			sign := int64(1)
			if n > 0 {
				sign = -1
			}
			total, tax = total+sign*other.Total.Minor, tax+sign*other.Tax.Minor
			sum := int64(0)
			for at, share := range other.Taxes {
				if share.Minor < 0 || share.Label != l.Taxes[at].Label {
					t.Fatalf("a share of %+v in %+v", share, other)
				}
				rates[at], sum = rates[at]+sign*share.Minor, sum+share.Minor
			}
			if sum != other.Tax.Minor {
				t.Fatalf("shares of %d do not re-add: %+v", other.Tax.Minor, other)
			}
		}
	}
	return total, tax, rates
}

// Whatever is given back or cancelled, and however often somebody looks: what has
// been billed less what has been credited is what the part comes to, line by line;
// no rate is credited more than it was charged; and what is worth nothing any more
// has been credited to the last unit, for each rate.
func TestBilledLessCreditedIsWhatIsOwed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawSale(t)
		var billed []Invoice
		for range rapid.IntRange(1, 6).Draw(t, "steps") {
			for _, d := range s.drafts(billed) {
				if d.Kind == KindCreditNote && len(d.Lines) == 0 || d.Total.Minor < 0 || d.Tax.Minor < 0 || d.Tax.Minor > d.Total.Minor {
					t.Fatalf("a document of %+v", d)
				}
				billed = append(billed, d)
			}
			if len(billed) > 0 {
				if again := s.drafts(billed); len(again) > 0 {
					t.Fatalf("looking again makes %+v", again)
				}
				for _, l := range billed[0].Lines {
					total, tax, rates := left(t, billed, l)
					now := s.worth(l, s.Charges(s.part))
					if total != now.Amount.Minor || tax != now.Tax.Minor {
						t.Fatalf("%s: %d/%d are left of what is worth %v/%v", l.Kind, total, tax, now.Amount, now.Tax)
					}
					for _, rate := range rates {
						if rate < 0 || now.Tax.IsZero() && rate != 0 {
							t.Fatalf("%s: %v are left of %+v", l.Kind, rates, l.Taxes)
						}
					}
				}
			}
			s.happen(t)
		}
	})
}

// Sums of documents are those of their lines, and so are the sums by rate.
func TestADocumentAddsUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		i := drawSale(t).invoice()
		net, tax := dollars(0), dollars(0)
		for _, rate := range i.Taxes {
			tax = tax.Plus(rate.Tax)
		}
		for _, l := range i.Lines {
			net = net.Plus(l.Net())
			if l.Kind == Goods && l.Unit.Minor*int64(l.Quantity)-l.Discount.Minor != map[bool]int64{true: l.Total.Minor, false: l.Net().Minor}[i.TaxIncluded] {
				t.Fatalf("%+v does not multiply", l)
			}
		}
		if i.Net != net || i.Tax != tax || i.Net.Plus(i.Tax) != i.Total {
			t.Fatalf("%v + %v = %v, of %v and %v", i.Net, i.Tax, i.Total, net, tax)
		}
	})
}

// Orders that were placed before taxes of a fee were told from those of shipping have
// both without a line: a rate stands once on a line, or what it is on counts twice.
func TestARateStandsOnceOnALine(t *testing.T) {
	t.Parallel()
	part := orders.VendorOrder{ID: id.New[id.VendorOrder](), Status: orders.PartDelivered, Currency: usd, Paid: true, Credit: dollars(0), Platform: dollars(0)}
	part.ShippingFee, part.ShippingTax, part.Fee, part.FeeTax = dollars(1000), dollars(190), dollars(200), dollars(38)
	part.Items, part.PartTotals.Discount, part.PartTotals.Tax, part.Total = dollars(0), dollars(0), dollars(228), dollars(1428)
	s := sale{Whole: orders.Whole{Order: orders.Order{Currency: usd}, Parts: []orders.VendorOrder{part}}, part: part}
	for _, amount := range []int64{190, 38} {
		s.taxes = append(s.taxes, orders.Adjustment{Part: part.ID, Kind: "tax", Label: "VAT", PPM: 190_000, Amount: dollars(amount)})
	}
	i := s.invoice()
	if len(i.Lines) != 2 || len(i.Taxes) != 1 || i.Taxes[0].Net != i.Net || i.Taxes[0].Tax != dollars(228) || i.Net != dollars(1200) {
		t.Errorf("of %v net the rates are %+v", i.Net, i.Taxes)
	}
}

// What the shop itself says is said in the buyer's language, and what people say as they
// did.
func TestReasonsAreInTheBuyersLanguage(t *testing.T) {
	t.Parallel()
	part := orders.VendorOrder{ID: id.New[id.VendorOrder]()}
	s := sale{Whole: orders.Whole{Order: orders.Order{Number: "S1", Locale: "de-AT", Currency: usd}}, part: part}
	for _, reason := range []string{orders.ReasonCancelled("S1"), "Der Henkel ist lose.", orders.ReasonCameBack} {
		s.refunds = append(s.refunds, orders.NewRefund(s.Whole, []orders.RefundLine{{Part: part.ID, Amount: dollars(1)}}, orders.ToMethod, reason))
	}
	if refunds, got := s.because(nil); len(refunds) != 3 || got != "Storniert. Der Henkel ist lose. Das Paket kam zu uns zurück." {
		t.Errorf("%d refunds because of %q", len(refunds), got)
	}
}

func FuzzANumberFitsOnAnIndianInvoice(f *testing.F) {
	f.Add("NK", true, 7)
	f.Fuzz(func(t *testing.T, prefix string, credit bool, serial int) {
		if !prefixes.MatchString(prefix) || serial < 1 || serial > 999_999 {
			return
		}
		kind := KindInvoice
		if credit {
			kind = KindCreditNote
		}
		if n := number(prefix, kind, "2627", serial); len(n) > 16 || strings.Trim(n, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-") != "" {
			t.Errorf("%q", n)
		}
	})
}

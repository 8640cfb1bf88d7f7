package invoices

import (
	"slices"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/orders"
)

// A sale is a seller's part of an order with all that an invoice is made of.
type sale struct {
	orders.Whole
	part    orders.VendorOrder
	taxes   []orders.Adjustment // of the whole order
	refunds []orders.Refund     // of the whole order, the oldest first
}

// isDue reports that a part is to be billed: it is paid, also where the money has
// gone back since, or some of it has left.
func (s sale) isDue() bool {
	if s.part.Paid {
		return true
	}
	left := false
	for _, l := range s.Lines {
		left = left || l.Part == s.part.ID && l.Fulfilled > 0
	}
	return left && !s.part.Void()
}

// invoice is the bill of a part as it is now, before anything was given back of it.
// It has no number yet.
func (s sale) invoice() Invoice {
	i := s.head(KindInvoice)
	i.Lines, i.Paid = s.charged(), s.part.Paid || s.Owed(s.part).IsZero() // gift cards have paid, or it costs nothing
	i.sum()
	i.Credit = s.Credited(s.part)
	return i
}

// head is all of a document but its seller, its number and what it asks for.
func (s sale) head(kind Kind) Invoice {
	w := s.Whole
	return Invoice{
		ID: id.New[id.Invoice](), Kind: kind, OrderedAt: w.PlacedAt, Vendor: s.part.Seller.ID, Order: w.ID, OrderNumber: w.Number, Part: s.part.ID,
		Buyer: buyerOf(w), SuppliedTo: suppliedTo(w), Locale: w.Locale, Currency: w.Currency, TaxIncluded: w.TaxIncluded,
		Credit: money.Zero(w.Currency),
	}
}

// buyerOf is whom an invoice names: the billing address, without ways to reach them.
func buyerOf(w orders.Whole) Party {
	p := Party{Address: w.Billing, TaxID: w.Billing.TaxID}
	p.Address.TaxID, p.Address.Phone = "", ""
	return p
}

// suppliedTo is where goods went; what is sent nowhere goes where the bill does.
func suppliedTo(w orders.Whole) Place {
	to := w.Shipping
	if to.Country == "" {
		to = w.Billing
	}
	return Place{Country: to.Country, Region: to.Region}
}

// charged is what a part comes to, line by line, without what costs nothing because
// all of it was cancelled, or because there is no such thing: shipping of what is
// downloaded.
func (s sale) charged() []Line {
	var list []Line
	told := orders.Told(s.Lines)
	for _, c := range s.Charges(s.part) {
		l := s.line(c, told)
		if l.Quantity > 0 || !l.Total.IsZero() {
			list = append(list, l)
		}
	}
	return list
}

// line is what a charge looks like on paper, with the titles that the buyer was told.
func (s sale) line(c orders.Charge, told []orders.Line) Line {
	l := Line{OrderLine: c.Line, Quantity: c.Quantity, Tax: c.Tax, Total: c.Amount, Taxes: s.shares(c)}
	switch {
	case c.Fee:
		l.Kind, l.Quantity, l.Unit, l.Discount = Fee, 1, s.part.Fee, money.Zero(s.Currency)
	case c.Line.IsZero():
		l.Kind, l.Quantity, l.Unit, l.Detail = Shipping, 1, s.part.ShippingFee, s.part.ShippingOption.Name
		l.Discount = s.part.PartTotals.Discount
		for _, line := range s.Lines {
			if line.Part == s.part.ID {
				l.Discount = l.Discount.Minus(line.Discount)
			}
		}
	default:
		l.Kind = Goods
		for _, line := range told {
			if line.ID == c.Line {
				l.Title, l.SKU, l.Unit = line.Title, line.SKU, line.UnitPrice
				if line.VariantTitle != line.Title {
					l.Detail = line.VariantTitle
				}
				l.Discount = s.discountOf(l)
			}
		}
	}
	if c.Line.IsZero() && l.Total.IsZero() && l.Unit.IsZero() {
		l.Quantity = 0
	}
	return l
}

// discountOf is what was taken off a line for the units that are billed: what is
// between their price and what they come to.
func (s sale) discountOf(l Line) money.Amount {
	asked := money.Of(l.Unit.Minor*int64(l.Quantity), s.Currency)
	if s.TaxIncluded {
		return asked.Minus(l.Total)
	}
	return asked.Minus(l.Net())
}

// shares is what the rates take of a charge, as they did when the order was placed,
// each rate once.
func (s sale) shares(c orders.Charge) []TaxShare {
	list, weights := []TaxShare{}, []int64{}
	marked := slices.ContainsFunc(s.taxes, func(t orders.Adjustment) bool { return t.Part == s.part.ID && t.Fee })
	for _, t := range s.taxes {
		if t.Part != s.part.ID || t.Line != c.Line || marked && t.Fee != c.Fee { // older orders do not tell those of the fee from those of shipping
			continue
		}
		at := slices.IndexFunc(list, func(share TaxShare) bool { return share.Label == t.Label && share.PPM == t.PPM })
		if at < 0 {
			at, list, weights = len(list), append(list, TaxShare{Label: t.Label, PPM: t.PPM}), append(weights, 0)
		}
		weights[at] += t.Amount.Minor
	}
	return divide(c.Tax, list, weights)
}

// divide gives shares their parts of a tax by weight. They re-add to it: what no
// share has a weight for is a share of its own.
func divide(tax money.Amount, shares []TaxShare, weights []int64) []TaxShare {
	weighed := false
	for _, w := range weights {
		weighed = weighed || w > 0
	}
	switch {
	case weighed:
		for i, part := range tax.Split(weights) {
			shares[i].Minor = part.Minor
		}
	case !tax.IsZero():
		shares = append(shares, TaxShare{Minor: tax.Minor})
	}
	return shares
}

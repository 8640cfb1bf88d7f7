package pricing

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/tax"
)

// A Snapshot is all that a price depends on, read at one moment. [Price] looks
// at nothing else: no database, no clock.
type Snapshot struct {
	Currency    money.Currency
	TaxIncluded bool // prices hold the tax already
	Lines       []Line
	Parcels     []Parcel // what carrying the goods of a vendor costs, where that is chosen
	Explain     bool     // fill Quote.Trace, which costs more than the price itself
}

// A Line is a number of one thing.
type Line struct {
	Key       int // names the line in the quote; the caller's choice
	Name      string
	Vendor    id.Vendor
	Variant   id.Variant
	Quantity  int64
	UnitPrice money.Amount
	Rates     []tax.Rate
}

// A Parcel is what one vendor sends.
type Parcel struct {
	Vendor   id.Vendor
	Name     string // of the way it goes
	Shipping money.Amount
	Rates    []tax.Rate
}

// A Quote is a snapshot with its price. Its figures add up exactly, as
// invariants A1 to A7 of the order that it becomes demand.
type Quote struct {
	Lines   []PricedLine // in the order of the snapshot
	Parcels []PricedParcel
	Totals  Totals
	Trace   []Step
}

// A PricedLine is a line with its price.
type PricedLine struct {
	Key      int
	Subtotal money.Amount // unit price × quantity
	Discount money.Amount
	Tax      money.Amount
	Total    money.Amount // subtotal - discount, + tax when it is on top
	Taxes    []TaxShare
}

// A TaxShare is what one rate takes.
type TaxShare = tax.Share

// A PricedParcel is what one vendor's part of the order costs. Every vendor of
// a line has one, sorted by vendor.
type PricedParcel struct {
	Vendor        id.Vendor
	Items         money.Amount
	Discount      money.Amount
	Shipping      money.Amount
	ShippingTax   money.Amount
	Tax           money.Amount // of the items and of shipping
	Total         money.Amount
	ShippingTaxes []TaxShare
}

// Totals is what the whole order costs.
type Totals struct {
	Items       money.Amount
	Discount    money.Amount
	Shipping    money.Amount
	Fee         money.Amount
	Tax         money.Amount
	Rounding    money.Amount
	GrandTotal  money.Amount
	TaxIncluded bool
}

// A Step explains one figure to people. The amounts of all steps add up to the
// grand total: tax that prices hold already is told in a step of nothing.
type Step struct {
	Kind    string       `json:"kind" enum:"item,shipping,tax,tax_included"`
	Subject string       `json:"subject" doc:"The variant, or the vendor whose parcel it is"`
	Text    string       `json:"text"`
	Amount  money.Amount `json:"amount"`
}

// ErrAmountTooLarge says that an order would cost more than can be counted.
var ErrAmountTooLarge = errs.New(errs.Invalid, "amount_too_large", "This comes to more money than the shop can count. Order fewer.")

// Price computes what a snapshot costs. It refuses with [ErrAmountTooLarge]
// what would overflow. The order of lines and parcels changes no figure.
func Price(s Snapshot) (Quote, error) {
	q := Quote{Lines: make([]PricedLine, len(s.Lines))}
	q.openParcels(s)
	for i, l := range s.Lines {
		priced, err := q.priceLine(s, l)
		if err != nil {
			return Quote{}, err
		}
		q.Lines[i] = priced
	}
	for _, p := range s.Parcels {
		if err := q.priceShipping(s, p); err != nil {
			return Quote{}, err
		}
	}
	q.addUp(s)
	if q.Totals.GrandTotal.Minor > money.Max || q.Totals.Items.Minor > money.Max {
		return Quote{}, ErrAmountTooLarge
	}
	return q, nil
}

// openParcels makes an empty parcel for each vendor of a line.
func (q *Quote) openParcels(s Snapshot) {
	zero := money.Zero(s.Currency)
	for _, l := range s.Lines {
		at, found := q.parcelOf(l.Vendor)
		if !found {
			q.Parcels = slices.Insert(q.Parcels, at, PricedParcel{
				Vendor: l.Vendor, Items: zero, Discount: zero, Shipping: zero, ShippingTax: zero, Tax: zero, Total: zero,
			})
		}
	}
}

func (q *Quote) parcelOf(vendor id.Vendor) (int, bool) {
	return slices.BinarySearchFunc(q.Parcels, vendor, func(p PricedParcel, v id.Vendor) int { return bytes.Compare(p.Vendor[:], v[:]) })
}

func (q *Quote) priceLine(s Snapshot, l Line) (PricedLine, error) {
	subtotal, err := l.UnitPrice.Times(l.Quantity)
	if err != nil {
		return PricedLine{}, ErrAmountTooLarge
	}
	priced := PricedLine{Key: l.Key, Subtotal: subtotal, Discount: money.Zero(s.Currency), Total: subtotal}
	priced.Taxes = tax.Charge(subtotal, l.Rates, s.TaxIncluded)
	priced.Tax = tax.Total(s.Currency, priced.Taxes)
	if s.Explain {
		subject := l.Variant.String()
		q.step("item", subject, named(l.Name)+strconv.FormatInt(l.Quantity, 10)+" × "+l.UnitPrice.String(), subtotal)
		q.taxSteps(s, subject, subtotal, priced.Taxes)
	}
	if !s.TaxIncluded {
		priced.Total = priced.Total.Plus(priced.Tax)
	}
	if priced.Total.Minor > money.Max { // so that no sum over lines can overflow
		return PricedLine{}, ErrAmountTooLarge
	}
	at, _ := q.parcelOf(l.Vendor)
	p := &q.Parcels[at]
	p.Items = p.Items.Plus(priced.Subtotal)
	p.Discount = p.Discount.Plus(priced.Discount)
	p.Tax = p.Tax.Plus(priced.Tax)
	p.Total = p.Total.Plus(priced.Total)
	return priced, nil
}

// priceShipping adds the carriage of a vendor's parcel; that of a vendor who
// sends nothing costs nothing.
func (q *Quote) priceShipping(s Snapshot, parcel Parcel) error {
	at, found := q.parcelOf(parcel.Vendor)
	if !found {
		return nil
	}
	if parcel.Shipping.Minor > money.Max {
		return ErrAmountTooLarge
	}
	p := &q.Parcels[at]
	p.Shipping = p.Shipping.Plus(parcel.Shipping)
	p.ShippingTaxes = tax.Charge(parcel.Shipping, parcel.Rates, s.TaxIncluded)
	p.ShippingTax = tax.Total(s.Currency, p.ShippingTaxes)
	if s.Explain {
		subject := parcel.Vendor.String()
		q.step("shipping", subject, cmp.Or(parcel.Name, "Shipping"), parcel.Shipping)
		q.taxSteps(s, subject, parcel.Shipping, p.ShippingTaxes)
	}
	p.Tax = p.Tax.Plus(p.ShippingTax)
	p.Total = p.Total.Plus(parcel.Shipping)
	if !s.TaxIncluded {
		p.Total = p.Total.Plus(p.ShippingTax)
	}
	return nil
}

// addUp makes the totals out of the parcels.
func (q *Quote) addUp(s Snapshot) {
	zero := money.Zero(s.Currency)
	t := Totals{
		Items: zero, Discount: zero, Shipping: zero, Fee: zero, Tax: zero, Rounding: zero, GrandTotal: zero,
		TaxIncluded: s.TaxIncluded,
	}
	for _, p := range q.Parcels {
		t.Items = t.Items.Plus(p.Items)
		t.Discount = t.Discount.Plus(p.Discount)
		t.Shipping = t.Shipping.Plus(p.Shipping)
		t.Tax = t.Tax.Plus(p.Tax)
		t.GrandTotal = t.GrandTotal.Plus(p.Total)
	}
	q.Totals = t
}

func (q *Quote) step(kind, subject, text string, amount money.Amount) {
	q.Trace = append(q.Trace, Step{kind, subject, text, amount})
}

func (q *Quote) taxSteps(s Snapshot, subject string, of money.Amount, shares []TaxShare) {
	for _, share := range shares {
		if s.TaxIncluded {
			q.step("tax_included", subject, of.String()+" holds "+share.Amount.String()+" of "+share.Label, money.Zero(s.Currency))
		} else {
			q.step("tax", subject, share.Label+" on "+of.String(), share.Amount)
		}
	}
}

func named(name string) string {
	if name == "" {
		return ""
	}
	return name + ": "
}

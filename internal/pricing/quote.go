package pricing

import (
	"bytes"
	"slices"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/tax"
)

// A Snapshot is all that a price depends on, read at one moment. [Price] looks
// at nothing else: no database, no clock.
type Snapshot struct {
	Currency   money.Currency
	Tax        tax.Terms
	Remote     *tax.Remote // the engine that says what tax is, instead of the rates of lines and parcels; nil where they do
	Lines      []Line
	Parcels    []Parcel // what carrying the goods of a vendor costs, where that is chosen; one for each vendor at most
	Fee        *Fee     // for the way to pay; nil where it costs nothing
	Promotions []Promotion
	Buyer      Buyer
	Country    string // where the goods go, as ISO 3166-1 alpha-2; "" while nobody has said
	Method     string // of payment; "" while none is chosen
	Explain    bool   // fill Quote.Trace, which costs more than the price itself
}

// A Line is a number of one thing.
type Line struct {
	Key       int // names the line in the quote; the caller's choice
	Name      string
	Vendor    id.Vendor
	Variant   id.Variant
	Quantity  int64
	UnitPrice money.Amount
	Lists     []ListPrice // what price lists ask for it instead
	Rates     []tax.Rate
	Relief    string // what the rates are not charged for, as [tax.Levy] says; "" where they are
	Why       string // why these rates, or why not
	Class     string // of tax, for engines; "" where it is not taxable
	AsPriced  bool   // no promotion lowers it or counts it, as of gift cards
	SetOff    SetOff // what the buyer has paid for it already

	// What promotions ask of goods; nothing where none asks.
	Product    id.Product
	Brand      id.Brand
	Categories []id.Category // with all above them
	Tags       []id.Tag
	Reduced    bool // it cost more before
}

// A SetOff is money that a buyer has paid before, for what they give up for a
// line: at most it pays what promotions have left of its price.
type SetOff struct {
	Amount money.Amount
	Name   string
}

// A Parcel is what one vendor sends.
type Parcel struct {
	Vendor   id.Vendor
	Name     string // of the way it goes
	Kind     string // of the way: standard, express, pickup
	Shipping money.Amount
	Rates    []tax.Rate
	Relief   string
	Why      string
}

// A Fee is what the way to pay costs. It is the marketplace's own: the parts of an
// order bear it together, by what they come to after discounts, and each share is
// taxed by itself.
type Fee struct {
	Name   string
	Amount money.Amount
	Rates  []tax.Rate
	Relief string
	Why    string
}

// A Quote is a snapshot with its price. Its figures add up exactly, as
// invariants A1 to A7 of the order that it becomes demand.
type Quote struct {
	Lines    []PricedLine // in the order of the snapshot
	Parcels  []PricedParcel
	Totals   Totals
	Verdicts []Verdict // one for each promotion, in the order of the snapshot
	Trace    []Step

	// Where an engine says what tax is. Before nothing is unanswered, and nothing
	// has failed, this is not the price.
	Unanswered []tax.Question
	TaxFailure string     // why the engine has not answered, where it was asked
	TaxedBy    []tax.Kept // what it, or whoever stood in, has said of each vendor's part
}

// A PricedLine is a line with its price.
type PricedLine struct {
	Key       int
	Unit      UnitPrice    // without the tax that it held, where the buyer is relieved of that
	Subtotal  money.Amount // unit price × quantity
	Discount  money.Amount
	Tax       money.Amount
	Total     money.Amount // subtotal - discount, + tax when it is on top
	Discounts []Discount   // what makes up Discount
	Taxes     []TaxShare
}

// A TaxShare is what one rate takes.
type TaxShare = tax.Share

// A PricedParcel is what one vendor's part of the order costs. Every vendor of
// a line has one, sorted by vendor.
type PricedParcel struct {
	Vendor            id.Vendor
	Items             money.Amount
	Discount          money.Amount // on the items and on shipping
	Shipping          money.Amount // before its discount
	ShippingTax       money.Amount
	Fee               money.Amount // its share of that
	FeeTax            money.Amount
	Tax               money.Amount // of the items, of shipping and of the fee
	Total             money.Amount
	ShippingDiscounts []Discount
	ShippingTaxes     []TaxShare
	FeeTaxes          []TaxShare
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

// ErrAmountTooLarge says that an order would cost more than can be counted.
var ErrAmountTooLarge = errs.New(errs.Invalid, "amount_too_large", "This comes to more money than the shop can count. Order fewer.")

// Price computes what a snapshot costs: prices, by lists where those say so, then
// discounts, then tax on what is left. It refuses with [ErrAmountTooLarge] what
// would overflow. The order of lines, parcels and promotions changes no figure.
func Price(s Snapshot) (Quote, error) {
	q := Quote{Lines: make([]PricedLine, len(s.Lines))}
	usual, prices := s.Lines, UnitPrices(s.Lines)
	s.Lines = listed(s.Lines, prices)
	s.relieve()
	if err := q.list(&s, prices); err != nil {
		return Quote{}, err
	}
	q.discount(&s)
	q.setOff(&s)
	q.fee(&s)
	q.tax(&s)
	q.addUp(&s)
	if q.Totals.GrandTotal.Minor > money.Max {
		return Quote{}, ErrAmountTooLarge
	}
	if s.Explain {
		q.explain(&s, usual)
	}
	return q, nil
}

// list notes what lines and parcels cost before discounts and tax: no more than
// [money.Max] together, so that nothing reckoned on them can overflow. A parcel of
// a vendor who sends nothing costs nothing: it is left out of the snapshot.
func (q *Quote) list(s *Snapshot, prices []UnitPrice) error {
	zero := money.Zero(s.Currency)
	cost := int64(0)
	for i, l := range s.Lines {
		subtotal, err := l.UnitPrice.Times(l.Quantity)
		if cost += subtotal.Minor; err != nil || cost > money.Max {
			return ErrAmountTooLarge
		}
		q.Lines[i] = PricedLine{Key: l.Key, Unit: UnitPrice{l.UnitPrice, prices[i].List}, Subtotal: subtotal, Discount: zero}
		at, found := q.parcelOf(l.Vendor)
		if !found {
			q.Parcels = slices.Insert(q.Parcels, at, PricedParcel{
				Vendor: l.Vendor, Items: zero, Discount: zero, Shipping: zero, ShippingTax: zero, Fee: zero, FeeTax: zero, Tax: zero, Total: zero,
			})
		}
	}
	sent := func(p Parcel) bool { _, found := q.parcelOf(p.Vendor); return found }
	if !all(s.Parcels, sent) {
		s.Parcels = slices.DeleteFunc(slices.Clone(s.Parcels), func(p Parcel) bool { return !sent(p) })
	}
	for _, p := range s.Parcels {
		if p.Shipping.Minor > money.Max-cost {
			return ErrAmountTooLarge
		}
		cost += p.Shipping.Minor
	}
	if s.Fee != nil && s.Fee.Amount.Minor > money.Max-cost {
		return ErrAmountTooLarge
	}
	return nil
}

func all[T any](list []T, is func(T) bool) bool {
	return !slices.ContainsFunc(list, func(t T) bool { return !is(t) })
}

func (q *Quote) parcelOf(vendor id.Vendor) (int, bool) {
	return slices.BinarySearchFunc(q.Parcels, vendor, func(p PricedParcel, v id.Vendor) int { return bytes.Compare(p.Vendor[:], v[:]) })
}

// discount applies the promotions of the snapshot.
func (q *Quote) discount(s *Snapshot) {
	if len(s.Promotions) == 0 {
		return
	}
	d := newDiscounter(s)
	var apply []int
	apply, q.Verdicts = d.choose()
	for _, at := range apply {
		p := &s.Promotions[at]
		onShipping := p.Reward.Kind.stage() == shippingStage
		for _, t := range d.take(at) {
			if t.off == 0 {
				continue
			}
			off := Discount{Promotion: p.ID, Name: p.Name, Code: p.Code, Amount: money.Of(t.off, s.Currency), Platform: money.Of(t.platform, s.Currency)}
			q.Verdicts[at].Amount = q.Verdicts[at].Amount.Plus(off.Amount)
			if onShipping {
				parcel, _ := q.parcelOf(s.Parcels[t.at].Vendor)
				q.Parcels[parcel].ShippingDiscounts = append(q.Parcels[parcel].ShippingDiscounts, off)
			} else {
				l := &q.Lines[t.at]
				l.Discounts, l.Discount = append(l.Discounts, off), l.Discount.Plus(off.Amount)
			}
		}
		if q.Verdicts[at].Amount.IsZero() {
			q.Verdicts[at].Reason = "others have taken everything off already"
		}
	}
}

// setOff takes what the buyer has paid already off what promotions have left: a
// discount that no promotion gives and the seller bears, who has had the money.
func (q *Quote) setOff(s *Snapshot) {
	for i := range q.Lines {
		l, off := &q.Lines[i], s.Lines[i].SetOff
		if off.Amount.Minor = min(off.Amount.Minor, l.Subtotal.Minor-l.Discount.Minor); off.Amount.IsZero() {
			continue
		}
		l.Discounts = append(l.Discounts, Discount{Name: off.Name, Amount: off.Amount, Platform: money.Zero(s.Currency)})
		l.Discount = l.Discount.Plus(off.Amount)
	}
}

// fee divides the fee over the parcels by what is left of them after discounts.
func (q *Quote) fee(s *Snapshot) {
	if s.Fee == nil {
		return
	}
	weights := make([]int64, len(q.Parcels))
	for i := range len(s.Lines) + len(s.Parcels) {
		at, _ := q.parcelOf(s.vendorAt(i))
		weights[at] += q.taxed(s, i).Amount.Minor
	}
	for at, share := range s.Fee.Amount.Split(weights) {
		q.Parcels[at].Fee = share
	}
}

// vendorAt is whose is what stands at place i of lines and parcels.
func (s *Snapshot) vendorAt(i int) id.Vendor {
	if i < len(s.Lines) {
		return s.Lines[i].Vendor
	}
	return s.Parcels[i-len(s.Lines)].Vendor
}

// tax taxes what is left of lines and shipping after discounts, and the fee.
func (q *Quote) tax(s *Snapshot) {
	order := q.taxOrder(s)
	items := make([]tax.Item, len(order))
	for n, i := range order {
		items[n] = q.taxed(s, i)
	}
	all := tax.ChargeAll(items, s.Tax)
	if s.Remote != nil {
		q.ask(s, order, items, all)
	}
	for n, shares := range all {
		i, sum := order[n], tax.Total(s.Currency, shares)
		if i < len(s.Lines) {
			l := &q.Lines[i]
			l.Taxes, l.Tax, l.Total = shares, sum, items[n].Amount
			if !s.Tax.Included {
				l.Total = l.Total.Plus(sum)
			}
			continue
		}
		if at, is := q.feeAt(s, i); is {
			q.Parcels[at].FeeTaxes, q.Parcels[at].FeeTax = shares, sum
			continue
		}
		at, _ := q.parcelOf(s.vendorAt(i))
		q.Parcels[at].ShippingTaxes, q.Parcels[at].ShippingTax = shares, sum
	}
}

// taxOrder is the lines, then the parcels of a snapshot and the shares of its fee,
// in an order that does not depend on theirs: the last units of a tax that is
// rounded per total go to the same lines however they stand.
func (q *Quote) taxOrder(s *Snapshot) []int {
	sent := len(s.Lines) + len(s.Parcels)
	order := make([]int, sent, sent+len(q.Parcels))
	if s.Fee != nil {
		order = order[:cap(order)]
	}
	for i := range order {
		order[i] = i
	}
	if s.Tax.PerTotal {
		goods, parcels := order[:len(s.Lines)], order[len(s.Lines):sent]
		slices.SortFunc(goods, func(a, b int) int { return compareLines(&s.Lines[a], &s.Lines[b]) })
		slices.SortFunc(parcels, func(a, b int) int {
			return compareParcels(&s.Parcels[a-len(s.Lines)], &s.Parcels[b-len(s.Lines)])
		})
	}
	return order
}

// feeAt is the parcel whose share of the fee stands at place i.
func (q *Quote) feeAt(s *Snapshot, i int) (int, bool) {
	at := i - len(s.Lines) - len(s.Parcels)
	return at, at >= 0
}

// taxed is what is taxed at place i of lines, parcels and shares of the fee.
func (q *Quote) taxed(s *Snapshot, i int) tax.Item {
	if i < len(s.Lines) {
		return tax.Item{Amount: q.Lines[i].Subtotal.Minus(q.Lines[i].Discount), Rates: s.Lines[i].Rates}
	}
	if at, is := q.feeAt(s, i); is {
		return tax.Item{Amount: q.Parcels[at].Fee, Rates: s.Fee.Rates}
	}
	p := s.Parcels[i-len(s.Lines)]
	at, _ := q.parcelOf(p.Vendor)
	return tax.Item{Amount: p.Shipping.Minus(sumOf(s.Currency, q.Parcels[at].ShippingDiscounts)), Rates: p.Rates}
}

func sumOf(c money.Currency, discounts []Discount) money.Amount {
	sum := money.Zero(c)
	for _, d := range discounts {
		sum = sum.Plus(d.Amount)
	}
	return sum
}

// addUp makes the parcels out of lines, shipping and fee, and the totals out of
// the parcels.
func (q *Quote) addUp(s *Snapshot) {
	for i, l := range q.Lines {
		at, _ := q.parcelOf(s.Lines[i].Vendor)
		p := &q.Parcels[at]
		p.Items, p.Discount = p.Items.Plus(l.Subtotal), p.Discount.Plus(l.Discount)
		p.Tax, p.Total = p.Tax.Plus(l.Tax), p.Total.Plus(l.Total)
	}
	for _, parcel := range s.Parcels {
		at, _ := q.parcelOf(parcel.Vendor)
		p := &q.Parcels[at]
		off := sumOf(s.Currency, p.ShippingDiscounts)
		p.Shipping, p.Discount = p.Shipping.Plus(parcel.Shipping), p.Discount.Plus(off)
		p.Tax, p.Total = p.Tax.Plus(p.ShippingTax), p.Total.Plus(parcel.Shipping).Minus(off)
		if !s.Tax.Included {
			p.Total = p.Total.Plus(p.ShippingTax)
		}
	}
	for i := range q.Parcels {
		p := &q.Parcels[i]
		p.Tax, p.Total = p.Tax.Plus(p.FeeTax), p.Total.Plus(p.Fee)
		if !s.Tax.Included {
			p.Total = p.Total.Plus(p.FeeTax)
		}
	}
	zero := money.Zero(s.Currency)
	t := Totals{
		Items: zero, Discount: zero, Shipping: zero, Fee: zero, Tax: zero, Rounding: zero, GrandTotal: zero,
		TaxIncluded: s.Tax.Included,
	}
	for _, p := range q.Parcels {
		t.Items = t.Items.Plus(p.Items)
		t.Discount = t.Discount.Plus(p.Discount)
		t.Shipping = t.Shipping.Plus(p.Shipping)
		t.Fee = t.Fee.Plus(p.Fee)
		t.Tax = t.Tax.Plus(p.Tax)
		t.GrandTotal = t.GrandTotal.Plus(p.Total)
	}
	q.Totals = t
}

package pricing

import (
	"bytes"
	"cmp"
	"math"
	"slices"

	"souk/internal/id"
	"souk/internal/money"
)

// A Discount is what one promotion takes off one line, or off one parcel's
// shipping.
type Discount struct {
	Promotion id.Promotion
	Name      string
	Code      string
	Amount    money.Amount
	Platform  money.Amount // the part of Amount that the platform pays
}

// A Verdict is what became of a promotion that was considered.
type Verdict struct {
	Promotion id.Promotion
	Name      string
	Code      string
	Amount    money.Amount // taken off, over all lines and parcels
	Reason    string       // why it does not apply; "" when it does
	KeptOutBy id.Promotion // with which it is not combined; zero where that is not the reason
	Idle      bool         // nothing in the cart is what it could lower
}

// discounter applies promotions to a snapshot whose goods and shipping cost no
// more than [money.Max] together.
//
// Which promotions apply is decided first, and does not depend on what others
// take: in the order of priority, then of what each would take off alone, then of
// id. Then they are applied, those on single goods before those on the order
// before those on shipping. Nothing is lowered below zero.
type discounter struct {
	s       *Snapshot
	lines   []int // of s.Lines, the cheapest first, in an order that does not depend on theirs
	parcels []int // of s.Parcels, likewise by vendor
	goods   *goods
	lowers  []lineSet // by its reward, which lines each promotion may lower
	left    []int64   // what is left of each line
	leftOf  []int64   // what is left of each parcel's shipping
	parts   []part    // scratch: of the promotion at hand
	weights []int64   // scratch
	split   money.Splitter
}

// A part is a line, or a parcel's shipping, that a promotion lowers.
type part struct {
	at       int   // of Snapshot.Lines, or of Snapshot.Parcels
	units    int64 // so many of the line
	base     int64 // what the promotion is reckoned on
	off      int64 // what it takes
	platform int64 // and what the platform pays of that
}

func newDiscounter(s *Snapshot) *discounter {
	d := &discounter{
		s: s, lines: make([]int, len(s.Lines)), parcels: make([]int, len(s.Parcels)),
		left: make([]int64, len(s.Lines)), leftOf: make([]int64, len(s.Parcels)),
		parts: make([]part, 0, max(len(s.Lines), len(s.Parcels))),
	}
	for i, l := range s.Lines {
		d.lines[i], d.left[i] = i, l.UnitPrice.Minor*l.Quantity
	}
	slices.SortFunc(d.lines, func(a, b int) int { return compareLines(&s.Lines[a], &s.Lines[b]) })
	d.goods = goodsOf(s, d.lines)
	d.lowers = make([]lineSet, len(s.Promotions))
	for i := range s.Promotions {
		p := &s.Promotions[i]
		d.lowers[i] = d.goods.in(&p.Reward.Goods, p.Vendor)
	}
	for i, p := range s.Parcels {
		d.parcels[i], d.leftOf[i] = i, p.Shipping.Minor
	}
	slices.SortFunc(d.parcels, func(a, b int) int { return compareParcels(&s.Parcels[a], &s.Parcels[b]) })
	return d
}

// compareLines puts the cheaper before the dearer, and the older variant before
// the newer. It is where the last units of what is divided go.
func compareLines(a, b *Line) int {
	return cmp.Or(cmp.Compare(a.UnitPrice.Minor, b.UnitPrice.Minor), bytes.Compare(a.Variant[:], b.Variant[:]),
		cmp.Compare(a.Quantity, b.Quantity), cmp.Compare(a.Key, b.Key))
}

func compareParcels(a, b *Parcel) int { return bytes.Compare(a.Vendor[:], b.Vendor[:]) }

// candidate is a promotion whose conditions hold.
type candidate struct {
	at    int   // of Snapshot.Promotions
	alone int64 // what it takes off when no other applies
}

// choose says what becomes of each promotion: those that apply, in the order in
// which they are applied, and why the others do not.
func (d *discounter) choose() (apply []int, verdicts []Verdict) {
	s := d.s
	verdicts = make([]Verdict, len(s.Promotions))
	var fit []candidate
	for i := range s.Promotions {
		p := &s.Promotions[i]
		verdicts[i] = Verdict{Promotion: p.ID, Name: p.Name, Code: p.Code, Amount: money.Zero(s.Currency), Reason: d.unmet(i), Idle: !d.concerns(i)}
		if verdicts[i].Reason == "" {
			fit = append(fit, candidate{i, d.alone(i)})
		}
	}
	slices.SortFunc(fit, func(a, b candidate) int {
		p, q := &s.Promotions[a.at], &s.Promotions[b.at]
		return cmp.Or(cmp.Compare(q.Priority, p.Priority), cmp.Compare(b.alone, a.alone), bytes.Compare(p.ID[:], q.ID[:]))
	})
	for _, c := range fit {
		rival := rivalOf(s, apply, &s.Promotions[c.at])
		switch {
		case c.alone == 0:
			verdicts[c.at].Reason = "it takes nothing off"
		case rival != nil:
			verdicts[c.at].Reason, verdicts[c.at].KeptOutBy = "it is not combined with "+rival.Name, rival.ID
		default:
			apply = append(apply, c.at)
		}
	}
	slices.SortStableFunc(apply, func(a, b int) int {
		return cmp.Compare(s.Promotions[a].Reward.Kind.stage(), s.Promotions[b].Reward.Kind.stage())
	})
	return apply, verdicts
}

// rivalOf is the one of those that apply with which p is not combined; nil where
// there is none.
func rivalOf(s *Snapshot, apply []int, p *Promotion) *Promotion {
	for _, at := range apply {
		o := &s.Promotions[at]
		if p.Given != nil && o.Given != nil { // they were combined then
			continue
		}
		if o.keepsOut(p) {
			return o
		}
	}
	return nil
}

// keepsOut reports whether o, which is considered after p, is not combined with it.
// What a vendor gives keeps out only what the same vendor gives: it is on their goods
// alone, and must not take from a cart what others give.
func (p *Promotion) keepsOut(o *Promotion) bool {
	if p.Vendor != o.Vendor {
		return p.Exclusive && p.Vendor.IsZero()
	}
	return p.Exclusive || o.Exclusive || p.Group != "" && p.Group == o.Group
}

// alone is what a promotion takes off the cart as it is.
func (d *discounter) alone(at int) int64 {
	_, off := d.reckon(at)
	if most, limited := d.s.Promotions[at].Reward.Most[d.s.Currency]; limited {
		return min(off, most)
	}
	return off
}

// take applies a promotion: what it takes off is divided over its parts, and none
// takes more than earlier ones have left there. The slice is used again by the
// next call.
func (d *discounter) take(at int) []part {
	p, left := &d.s.Promotions[at], d.left
	if p.Reward.Kind.stage() == shippingStage {
		left = d.leftOf
	}
	parts, off := d.reckon(at)
	sum := int64(0)
	for i, share := range d.divide(off, func(t part) int64 { return t.base }) {
		parts[i].off = min(share, left[parts[i].at])
		sum += parts[i].off
	}
	if most, limited := p.Reward.Most[d.s.Currency]; limited && sum > most {
		for i, share := range d.divide(most, func(t part) int64 { return t.off }) {
			parts[i].off = share
		}
		sum = most
	}
	paid := money.Of(sum, d.s.Currency).Share(p.PlatformPPM, million)
	for i, share := range d.divide(paid.Minor, func(t part) int64 { return t.off }) {
		parts[i].platform = share
	}
	for _, t := range parts {
		left[t.at] -= t.off
	}
	return parts
}

// divide divides an amount over the parts at hand by largest remainder. What it
// returns is good until the next call.
func (d *discounter) divide(amount int64, weight func(part) int64) []int64 {
	if amount == 0 {
		return nil
	}
	d.weights = d.weights[:0]
	for _, t := range d.parts {
		d.weights = append(d.weights, weight(t))
	}
	return d.split.Split(amount, d.weights)
}

// reckon says which parts of the cart a promotion lowers, and how much it takes
// off them before earlier ones or its own maximum limit it.
func (d *discounter) reckon(at int) (parts []part, off int64) {
	p := &d.s.Promotions[at]
	r, amount := &p.Reward, p.Reward.Amounts[d.s.Currency]
	d.parts = d.parts[:0]
	switch {
	case p.Given != nil:
		return d.findGiven(p)
	case r.Kind.stage() == shippingStage:
		d.findShipping(p)
	case r.Kind == BuyGet:
		d.findGifts(p, d.lowers[at])
	default:
		d.findGoods(d.lowers[at], cmp.Or(r.MaxUnits, math.MaxInt64))
	}
	sum := int64(0)
	for i := range d.parts {
		t := &d.parts[i]
		t.base = d.baseOf(r.Kind, amount, t)
		sum += t.base
	}
	switch r.Kind {
	case PercentOff, BuyGet, OrderPercentOff, ShippingOff:
		off = money.Of(sum, d.s.Currency).Share(r.PPM, million).Minor
	case AmountOff, OrderAmountOff:
		off = min(amount, sum)
	case AmountOffEach, FixedPrice, ShippingPrice:
		off = sum
	}
	return d.parts, off
}

// baseOf is what a kind of reward is reckoned on in one part.
func (d *discounter) baseOf(kind RewardKind, amount int64, t *part) int64 {
	switch kind {
	case ShippingOff:
		return d.leftOf[t.at]
	case ShippingPrice:
		return max(0, d.leftOf[t.at]-amount)
	case OrderPercentOff, OrderAmountOff:
		return d.left[t.at]
	}
	switch price := d.s.Lines[t.at].UnitPrice.Minor; kind {
	case AmountOff:
		return min(price*t.units, d.left[t.at])
	case AmountOffEach:
		return min(price, amount) * t.units
	case FixedPrice:
		return max(0, price-amount) * t.units
	default: // PercentOff, BuyGet
		return price * t.units
	}
}

// findGiven is what an order was given before: each part of it is its own base, so
// that it is divided as it was then.
func (d *discounter) findGiven(p *Promotion) (parts []part, off int64) {
	order := d.lines
	if p.Reward.Kind.stage() == shippingStage {
		order = d.parcels
	}
	for _, at := range order {
		if given := p.Given[at]; given > 0 {
			d.parts = append(d.parts, part{at: at, base: given})
			off += given
		}
	}
	return d.parts, off
}

func (d *discounter) findShipping(p *Promotion) {
	for _, i := range d.parcels {
		if p.carries(&d.s.Parcels[i]) {
			d.parts = append(d.parts, part{at: i})
		}
	}
}

// findGoods is so many units of the goods that a promotion is given on, the
// cheapest first.
func (d *discounter) findGoods(on lineSet, units int64) {
	for place := range on.places() {
		if units == 0 {
			return
		}
		i := d.lines[place]
		n := min(d.s.Lines[i].Quantity, units)
		d.parts = append(d.parts, part{at: i, units: n})
		units -= n
	}
}

// findGifts is the units that are cheaper because others are bought, as often as
// the cart has enough for: no unit is both bought and given. Where a unit could be
// either, the cheapest are given as far as those that are left pay for them.
func (d *discounter) findGifts(p *Promotion, lowers lineSet) {
	r, buys := &p.Reward, d.goods.in(&p.Reward.BuyGoods, p.Vendor)
	var gifts, payers, either int64 // units that can only be given, only be bought, or be either
	for place, i := range d.lines {
		l := &d.s.Lines[i]
		switch given, bought := lowers.has(place), buys.has(place); {
		case given && bought:
			either += l.Quantity
		case given:
			gifts += l.Quantity
		case bought:
			payers += l.Quantity
		}
	}
	times := min((gifts+either)/max(r.Get, 1), (payers+either)/max(r.Buy, 1), (gifts+payers+either)/max(r.Get+r.Buy, 1))
	if r.MaxTimes > 0 {
		times = min(times, r.MaxTimes)
	}
	give, spare := times*r.Get, payers+either-times*r.Buy // spare are those that could be either and need not be bought
	for place := range lowers.places() {
		i := d.lines[place]
		n := min(d.s.Lines[i].Quantity, give)
		if buys.has(place) {
			n = min(n, spare)
			spare -= n
		}
		if n > 0 {
			d.parts = append(d.parts, part{at: i, units: n})
			give -= n
		}
	}
}

const million = 1_000_000

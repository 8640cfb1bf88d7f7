package pricing

import (
	"bytes"
	"cmp"
	"slices"
	"sort"

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
}

// discounter applies promotions to a snapshot whose subtotals are known to be
// below [money.Max].
//
// Which promotions apply is decided first, and does not depend on what others
// take: in the order of priority, then of what each would take off alone, then of
// id. Then they are applied, those on single goods before those on the order
// before those on shipping. Nothing is lowered below zero.
type discounter struct {
	s       *Snapshot
	lines   []int   // of s.Lines, in an order that does not depend on theirs
	parcels []int   // of s.Parcels, likewise
	full    []int64 // what each line cost before
	left    []int64 // and what is left of it
	leftOf  []int64 // what is left of each parcel's shipping
	wants   []int64 // scratch: what the promotion at hand takes off each line or parcel
	bases   []int64 // scratch: what it is reckoned on
	units   []take  // scratch
}

// A take is a number of units of one line.
type take struct {
	line int
	n    int64
}

func newDiscounter(s *Snapshot) *discounter {
	n := max(len(s.Lines), len(s.Parcels))
	d := &discounter{
		s: s, lines: make([]int, len(s.Lines)), parcels: make([]int, len(s.Parcels)), full: make([]int64, len(s.Lines)),
		left: make([]int64, len(s.Lines)), leftOf: make([]int64, len(s.Parcels)), wants: make([]int64, n), bases: make([]int64, n),
	}
	for i, l := range s.Lines {
		d.lines[i], d.full[i] = i, l.UnitPrice.Minor*l.Quantity
		d.left[i] = d.full[i]
	}
	slices.SortFunc(d.lines, func(a, b int) int { return compareLines(&s.Lines[a], &s.Lines[b]) })
	for i, p := range s.Parcels {
		d.parcels[i], d.leftOf[i] = i, p.Shipping.Minor
	}
	slices.SortFunc(d.parcels, func(a, b int) int { return bytes.Compare(s.Parcels[a].Vendor[:], s.Parcels[b].Vendor[:]) })
	return d
}

func compareLines(a, b *Line) int {
	return cmp.Or(bytes.Compare(a.Variant[:], b.Variant[:]), cmp.Compare(a.UnitPrice.Minor, b.UnitPrice.Minor), cmp.Compare(a.Quantity, b.Quantity))
}

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
		verdicts[i] = Verdict{Promotion: p.ID, Name: p.Name, Code: p.Code, Amount: money.Zero(s.Currency), Reason: p.unmet(s)}
		if verdicts[i].Reason == "" {
			fit = append(fit, candidate{i, d.alone(p)})
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
		if o := &s.Promotions[at]; p.Exclusive || o.Exclusive || p.Group != "" && p.Group == o.Group {
			return o
		}
	}
	return nil
}

// alone is what a promotion takes off the cart as it is.
func (d *discounter) alone(p *Promotion) int64 {
	sum := int64(0)
	for _, w := range d.want(p) {
		sum += w
	}
	return sum
}

// take applies a promotion: what it takes off each line, or off each parcel's
// shipping. The slice is used again by the next call.
func (d *discounter) take(p *Promotion) []int64 {
	wants := d.want(p)
	left := d.left
	if p.Reward.Kind.stage() == shippingStage {
		left = d.leftOf
	}
	for i, w := range wants {
		left[i] -= w
	}
	return wants
}

// want is what a promotion would take off each line, or parcel, of what is left.
func (d *discounter) want(p *Promotion) []int64 {
	var wants, left []int64
	if p.Reward.Kind.stage() == shippingStage {
		wants, left = d.wants[:len(d.leftOf)], d.leftOf
		clear(wants)
		d.wantShipping(p, wants)
	} else {
		wants, left = d.wants[:len(d.left)], d.left
		clear(wants)
		d.wantGoods(p, wants)
	}
	for i := range wants {
		wants[i] = min(wants[i], left[i])
	}
	d.limit(p, wants)
	return wants
}

func (d *discounter) wantGoods(p *Promotion, wants []int64) {
	r := &p.Reward
	amount := r.Amounts[d.s.Currency]
	switch r.Kind {
	case PercentOff:
		d.spreadShare(d.onUnits(p), r.PPM, wants)
	case AmountOff:
		d.spread(d.onUnits(p), amount, wants)
	case AmountOffEach:
		for _, t := range d.unitsOf(p) {
			wants[t.line] += min(amount, d.s.Lines[t.line].UnitPrice.Minor) * t.n
		}
	case FixedPrice:
		for _, t := range d.unitsOf(p) {
			wants[t.line] += max(0, d.s.Lines[t.line].UnitPrice.Minor-amount) * t.n
		}
	case BuyGet:
		d.spreadShare(d.onGifts(p), r.PPM, wants)
	case OrderPercentOff:
		d.spreadShare(d.onRest(p), r.PPM, wants)
	case OrderAmountOff:
		d.spread(d.onRest(p), amount, wants)
	}
}

func (d *discounter) wantShipping(p *Promotion, wants []int64) {
	bases := d.bases[:len(d.leftOf)]
	clear(bases)
	for i := range d.s.Parcels {
		if p.carries(&d.s.Parcels[i]) {
			bases[i] = d.leftOf[i]
		}
	}
	if p.Reward.Kind == ShippingPrice {
		for i, base := range bases {
			wants[i] = max(0, base-p.Reward.Amounts[d.s.Currency])
		}
		return
	}
	d.spreadOver(d.parcels, bases, d.share(bases, p.Reward.PPM), wants)
}

// unitsOf is the units that a promotion lowers: all of its goods, or the
// cheapest where it is given on so many.
func (d *discounter) unitsOf(p *Promotion) []take {
	d.units = d.units[:0]
	for _, i := range d.lines {
		if p.lowers(&d.s.Lines[i]) {
			d.units = append(d.units, take{i, d.s.Lines[i].Quantity})
		}
	}
	if p.Reward.MaxUnits > 0 {
		d.sortByPrice(d.units)
		d.units = firstOf(d.units, p.Reward.MaxUnits)
	}
	return d.units
}

func (d *discounter) sortByPrice(units []take) {
	slices.SortStableFunc(units, func(a, b take) int {
		return cmp.Compare(d.s.Lines[a.line].UnitPrice.Minor, d.s.Lines[b.line].UnitPrice.Minor)
	})
}

// firstOf is the first n units; it shortens the list in place.
func firstOf(units []take, n int64) []take {
	for i := range units {
		if units[i].n >= n {
			units[i].n = n
			return units[:i+1]
		}
		n -= units[i].n
	}
	return units
}

func (d *discounter) onUnits(p *Promotion) []int64 { return d.baseOf(d.unitsOf(p)) }

func (d *discounter) baseOf(units []take) []int64 {
	bases := d.bases[:len(d.left)]
	clear(bases)
	for _, t := range units {
		bases[t.line] += d.s.Lines[t.line].UnitPrice.Minor * t.n
	}
	return bases
}

// onGifts is what the units cost that are cheaper because others are bought: as
// many times as there are enough units to buy besides those that become cheaper.
func (d *discounter) onGifts(p *Promotion) []int64 {
	r := &p.Reward
	if r.Get == 0 {
		return d.baseOf(nil)
	}
	d.units = d.units[:0]
	got, bought := int64(0), int64(0)
	for _, i := range d.lines {
		l := &d.s.Lines[i]
		if p.lowers(l) {
			d.units = append(d.units, take{i, l.Quantity})
			got += l.Quantity
		}
		if d.buys(p, l) {
			bought += l.Quantity
		}
	}
	most := got / r.Get
	if r.MaxTimes > 0 {
		most = min(most, r.MaxTimes)
	}
	d.sortByPrice(d.units)
	// The more become cheaper, the fewer are left to pay for them.
	times := int64(sort.Search(int(most), func(n int) bool {
		times := int64(n) + 1
		return bought-d.boughtAmong(p, times*r.Get) < times*r.Buy
	}))
	return d.baseOf(firstOf(d.units, times*r.Get))
}

func (d *discounter) buys(p *Promotion, l *Line) bool {
	return (p.Vendor.IsZero() || p.Vendor == l.Vendor) && p.Reward.BuyGoods.holds(l)
}

// boughtAmong is how many of the first n units would count as bought, too.
func (d *discounter) boughtAmong(p *Promotion, n int64) (bought int64) {
	for _, t := range d.units {
		if n <= 0 {
			break
		}
		if d.buys(p, &d.s.Lines[t.line]) {
			bought += min(n, t.n)
		}
		n -= t.n
	}
	return bought
}

// onRest is what is left of the goods.
func (d *discounter) onRest(p *Promotion) []int64 {
	bases := d.bases[:len(d.left)]
	clear(bases)
	for i := range d.s.Lines {
		if p.lowers(&d.s.Lines[i]) {
			bases[i] = d.left[i]
		}
	}
	return bases
}

// share is a part of the sum of bases, rounded half up once.
func (d *discounter) share(bases []int64, ppm int64) int64 {
	sum := int64(0)
	for _, b := range bases {
		sum += b
	}
	return money.Of(sum, d.s.Currency).Share(ppm, million).Minor
}

const million = 1_000_000

// spreadShare divides a part of bases over them.
func (d *discounter) spreadShare(bases []int64, ppm int64, wants []int64) {
	d.spreadOver(d.lines, bases, d.share(bases, ppm), wants)
}

// spread divides an amount over bases, or what is left of them where that is
// less, so that no part exceeds what its line has left.
func (d *discounter) spread(bases []int64, amount int64, wants []int64) {
	sum := int64(0)
	for i := range bases {
		bases[i] = min(bases[i], d.left[i])
		sum += bases[i]
	}
	d.spreadOver(d.lines, bases, min(amount, sum), wants)
}

// spreadOver divides by largest remainder in the order of at, which is the same
// however the lines stand.
func (d *discounter) spreadOver(at []int, bases []int64, amount int64, wants []int64) {
	if amount == 0 {
		return
	}
	weights := make([]int64, len(at))
	for i, line := range at {
		weights[i] = bases[line]
	}
	for i, part := range money.Of(amount, d.s.Currency).Split(weights) {
		wants[at[i]] = part.Minor
	}
}

// limit keeps a discount within what it may be in one order.
func (d *discounter) limit(p *Promotion, wants []int64) {
	most, limited := p.Reward.Most[d.s.Currency]
	if !limited {
		return
	}
	sum := int64(0)
	for _, w := range wants {
		sum += w
	}
	if sum <= most {
		return
	}
	at := d.lines
	if p.Reward.Kind.stage() == shippingStage {
		at = d.parcels
	}
	bases := slices.Clone(wants)
	clear(wants)
	d.spreadOver(at, bases, most, wants)
}

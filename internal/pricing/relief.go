package pricing

import (
	"slices"

	"souk/internal/money"
	"souk/internal/tax"
)

// relieve takes the tax out of the prices of what the buyer is relieved of it:
// they pay the net price of each unit and of the shipping, rounded once, and a
// tax of nothing that names the reason.
func (s *Snapshot) relieve() {
	s.Lines = relieved(s.Lines, func(l *Line) bool { return l.Relief != "" }, func(l *Line) {
		l.UnitPrice, l.Why = s.net(l.UnitPrice, l.Rates, l.Why)
		l.Rates = []tax.Rate{{Name: l.Relief}}
	})
	s.Parcels = relieved(s.Parcels, func(p *Parcel) bool { return p.Relief != "" }, func(p *Parcel) {
		p.Shipping, p.Why = s.net(p.Shipping, p.Rates, p.Why)
		p.Rates = []tax.Rate{{Name: p.Relief}}
	})
	if s.Fee != nil && s.Fee.Relief != "" {
		fee := *s.Fee
		fee.Amount, fee.Why = s.net(fee.Amount, fee.Rates, fee.Why)
		fee.Rates = []tax.Rate{{Name: fee.Relief}}
		s.Fee = &fee
	}
}

// relieved is a list in which some are changed: a new one, where there are any.
func relieved[T any](list []T, is func(*T) bool, change func(*T)) []T {
	if !slices.ContainsFunc(list, func(t T) bool { return is(&t) }) {
		return list
	}
	list = slices.Clone(list)
	for i := range list {
		if is(&list[i]) {
			change(&list[i])
		}
	}
	return list
}

func (s *Snapshot) net(price money.Amount, rates []tax.Rate, why string) (money.Amount, string) {
	net := s.Tax.Net(price, rates)
	if s.Explain && net != price {
		why += "; " + price.String() + " with tax, " + net.String() + " without"
	}
	return net, why
}

// ask puts what the engine has said in the place of what was charged, vendor by
// vendor, and notes what it has not been asked yet: no tax is on that, and the
// quote is not one to order by. A share of the fee goes with the shipping: to
// engines they are both "shipping and handling".
func (q *Quote) ask(s *Snapshot, order []int, items []tax.Item, all [][]TaxShare) {
	for at := range q.Parcels {
		vendor := q.Parcels[at].Vendor
		question := tax.Question{
			Engine: s.Remote.Engine, Version: s.Remote.Version, Currency: s.Currency, From: s.Remote.From[vendor], To: s.Remote.To,
			Shipping: money.Zero(s.Currency),
		}
		var lines, carried []int // places in order: of the lines of the question, and of its shipping and fee
		for n, i := range order {
			fee, isFee := q.feeAt(s, i)
			switch {
			case isFee:
				if fee == at && s.Fee.Relief == "" {
					carried = append(carried, n)
				}
			case i >= len(s.Lines):
				if p := s.Parcels[i-len(s.Lines)]; p.Vendor == vendor && p.Relief == "" {
					carried = append(carried, n)
				}
			case s.Lines[i].Vendor == vendor && s.Lines[i].Relief == "" && s.Lines[i].Class != "":
				lines = append(lines, n)
			}
		}
		slices.SortFunc(lines, func(a, b int) int { return compareLines(&s.Lines[order[a]], &s.Lines[order[b]]) })
		for _, n := range lines {
			l := s.Lines[order[n]]
			question.Lines = append(question.Lines, tax.Asked{
				Variant: l.Variant, Class: l.Class, Quantity: l.Quantity, UnitPrice: l.UnitPrice, Discount: q.Lines[order[n]].Discount,
			})
		}
		for _, n := range carried {
			question.Shipping = question.Shipping.Plus(items[n].Amount)
		}
		if len(lines) > 0 || !question.Shipping.IsZero() {
			q.answer(s, question, lines, carried, items, all)
		}
	}
}

func (q *Quote) answer(s *Snapshot, question tax.Question, lines, carried []int, items []tax.Item, all [][]TaxShare) {
	kept := s.Remote.Kept[question.Key()]
	if kept.Answer == nil && kept.Failure != "" {
		q.TaxFailure = kept.Failure
		return
	}
	if kept.Answer == nil {
		q.Unanswered = append(q.Unanswered, question)
		return
	}
	for i, n := range lines {
		all[n] = kept.Answer.Lines[i]
	}
	for _, n := range carried {
		all[n] = nil
	}
	for _, share := range kept.Answer.Shipping {
		for i, part := range share.Amount.Split(amounts(carried, items)) {
			all[carried[i]] = append(all[carried[i]], TaxShare{Label: share.Label, PPM: share.PPM, Amount: part})
		}
	}
	q.TaxedBy = append(q.TaxedBy, kept)
}

// amounts is what stands at some places.
func amounts(places []int, items []tax.Item) (minor []int64) {
	for _, n := range places {
		minor = append(minor, items[n].Amount.Minor)
	}
	return minor
}

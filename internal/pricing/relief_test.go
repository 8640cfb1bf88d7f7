package pricing

import (
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/tax"
)

// Whoever is relieved of tax pays none, on top of prices without any; and a
// tax of nothing says why.
func TestWhoIsRelievedPaysNoTax(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawSnapshot(t, 100)
		before := slices.Clone(s.Lines)
		q := mustPrice(t, s)
		for i, l := range q.Lines {
			if s.Lines[i].Relief == "" {
				continue
			}
			if !l.Tax.IsZero() || len(l.Taxes) != 1 || l.Taxes[0].Label != s.Lines[i].Relief || l.Unit.Price != s.Tax.Net(s.Lines[i].UnitPrice, s.Lines[i].Rates) {
				t.Fatalf("line %d pays %+v", i, l)
			}
		}
		if diff := gocmp.Diff(before, s.Lines); diff != "" {
			t.Fatalf("the snapshot has changed: %s", diff)
		}
	})
}

// drawAnswer is a tax of up to all of each line, and of shipping.
func drawAnswer(t *rapid.T, q tax.Question) *tax.Answer {
	share := func(of money.Amount) []tax.Share {
		minor := rapid.Int64Range(0, of.Minor).Draw(t, "tax")
		if minor == 0 {
			return []tax.Share{}
		}
		return []tax.Share{{Label: "Sales tax", PPM: 80_000, Amount: money.Of(minor, of.Currency)}}
	}
	a := tax.Answer{Shipping: share(q.Shipping)}
	for _, l := range q.Lines {
		a.Lines = append(a.Lines, share(l.Amount()))
	}
	return &a
}

// remote is s with an engine that has said nothing yet.
func remote(s Snapshot) Snapshot {
	s.Tax, s.Remote = tax.Terms{}, &tax.Remote{Engine: "taxjar", From: map[id.Vendor]tax.Place{}, Kept: map[tax.Key]tax.Kept{}}
	s.Lines, s.Parcels = slices.Clone(s.Lines), slices.Clone(s.Parcels)
	for i := range s.Lines {
		s.Lines[i].Rates, s.Remote.From[s.Lines[i].Vendor] = nil, tax.Place{Country: "US", Region: string('A' + rune(s.Lines[i].Vendor[1]))}
	}
	for i := range s.Parcels {
		s.Parcels[i].Rates = nil
	}
	if s.Fee != nil {
		fee := *s.Fee
		fee.Rates, s.Fee = nil, &fee
	}
	return s
}

// What an engine says is used as it is and re-adds, whatever the order of the
// lines; it is asked once, about what is taxed after discounts.
func TestWhatAnEngineSaysReAdds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := remote(drawSnapshot(t, 100))
		first := mustPrice(t, s)
		said := int64(0)
		for _, question := range first.Unanswered {
			answer := drawAnswer(t, question)
			for _, shares := range append(answer.Lines, answer.Shipping) {
				said += tax.Total(s.Currency, shares).Minor
			}
			if _, twice := s.Remote.Kept[question.Key()]; twice {
				t.Fatalf("asked twice: %+v", question)
			}
			s.Remote.Kept[question.Key()] = tax.Kept{Engine: "taxjar", Answer: answer}
		}
		q := mustPrice(t, s)
		if len(q.Unanswered) > 0 || q.Totals.Tax.Minor != said || q.Totals.GrandTotal != first.Totals.GrandTotal.Plus(q.Totals.Tax) {
			t.Fatalf("the engine says %d, the quote %+v; unanswered %v", said, q.Totals, q.Unanswered)
		}
		sum := money.Zero(s.Currency)
		for _, step := range q.Trace {
			sum = sum.Plus(step.Amount)
		}
		if sum != q.Totals.GrandTotal {
			t.Fatalf("the steps come to %s of %s", sum, q.Totals.GrandTotal)
		}
		slices.Reverse(s.Lines)
		slices.Reverse(s.Parcels)
		if again := mustPrice(t, s); again.Totals != q.Totals || len(again.Unanswered) > 0 {
			t.Fatalf("in another order it is %+v, unanswered %v", again.Totals, again.Unanswered)
		}
	})
}

func TestAnEngineThatHasFailedIsNotThePrice(t *testing.T) {
	t.Parallel()
	s := remote(Snapshot{Currency: "USD", Lines: []Line{{Quantity: 1, UnitPrice: usdOf(1_000), Class: tax.Standard, Vendor: vendor(1)}}})
	question := mustPrice(t, s).Unanswered[0]
	s.Remote.Kept[question.Key()] = tax.Kept{Engine: "taxjar", Failure: "taxjar answered 503"}
	if q := mustPrice(t, s); len(q.Unanswered) > 0 || q.TaxFailure != "taxjar answered 503" {
		t.Errorf("%+v", q)
	}
	s.Lines[0].Class = "" // nothing that is taxed
	if q := mustPrice(t, s); len(q.Unanswered) > 0 || q.TaxFailure != "" {
		t.Errorf("asks about what is not taxable: %+v", q.Unanswered)
	}
}

func usdOf(minor int64) money.Amount { return money.Of(minor, "USD") }

package invoices

import (
	"slices"
	"strings"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/orders"
)

// creditNote is what a part comes to less than has been billed for it; false where
// that is nothing. Billed is its invoice and then the credit notes of that.
func (s sale) creditNote(billed []Invoice) (Invoice, bool) {
	invoice := billed[0]
	note := s.head(KindCreditNote)
	note.Seller, note.Buyer, note.Locale = invoice.Seller, invoice.Buyer, invoice.Locale // as the buyer knows them
	note.Corrects = &Reference{invoice.ID, invoice.Number, invoice.IssuedOn}
	charges := s.Charges(s.part)
	for _, l := range invoice.Lines {
		if back, some := s.back(l, charges, billed[1:]); some {
			note.Lines = append(note.Lines, back)
		}
	}
	if len(note.Lines) == 0 {
		return Invoice{}, false
	}
	note.sum()
	note.Paid = s.part.Paid || invoice.Paid
	note.Refunds, note.Reason = s.because(billed)
	return note, true
}

// back is what of a line of the invoice is to be given back and was not by notes
// before.
func (s sale) back(l Line, charges []orders.Charge, notes []Invoice) (Line, bool) {
	left := slices.Clone(l.Taxes)
	for _, note := range notes {
		for _, before := range note.Lines {
			if before.isOf(l) {
				l.Quantity, l.Tax, l.Total = l.Quantity-before.Quantity, l.Tax.Minus(before.Tax), l.Total.Minus(before.Total)
				for i, share := range before.Taxes { // in the order of the invoice's
					left[i].Minor -= share.Minor
				}
			}
		}
	}
	now := s.worth(l, charges)
	weights := make([]int64, len(left))
	for i := range left {
		weights[i], left[i].Minor = left[i].Minor, 0
	}
	l.Quantity, l.Tax, l.Total = max(0, l.Quantity-now.Quantity), positive(l.Tax.Minus(now.Tax)), positive(l.Total.Minus(now.Amount))
	if l.Kind != Goods && l.Quantity > 0 {
		l.Quantity = 1
	}
	l.Taxes = divide(l.Tax, left, weights)
	l.Discount = money.Zero(s.Currency)
	if l.Kind == Goods && l.Quantity > 0 {
		l.Discount = positive(s.discountOf(l))
	}
	return l, l.Quantity > 0 && l.Kind == Goods || !l.Total.IsZero()
}

func positive(a money.Amount) money.Amount { return money.Of(max(0, a.Minor), a.Currency) }

// worth is what a line of an invoice comes to now: nothing of a part for which
// nothing is owed, and else what is charged less what was given back.
func (s sale) worth(l Line, charges []orders.Charge) orders.Charge {
	none := orders.Charge{Amount: money.Zero(s.Currency), Tax: money.Zero(s.Currency)}
	if s.part.Void() && !s.part.Paid {
		return none
	}
	for _, c := range charges {
		if c.Line != l.OrderLine || c.Fee != (l.Kind == Fee) {
			continue
		}
		if l.Kind != Goods {
			c.Quantity = 1
		}
		for _, r := range s.refunds {
			for _, back := range r.Lines {
				if back.Part == s.part.ID && back.Line == c.Line && back.Fee == c.Fee {
					c.Quantity, c.Amount, c.Tax = c.Quantity-back.Quantity, c.Amount.Minus(back.Amount), c.Tax.Minus(back.Tax)
				}
			}
		}
		if l.Kind != Goods && c.Amount.IsZero() {
			c.Quantity = 0
		}
		return c
	}
	return none
}

// because is the refunds of a part that no document tells of yet, and why they were
// made.
func (s sale) because(billed []Invoice) (refunds []id.Refund, reason string) {
	var reasons []string
	for _, r := range s.refunds {
		told := slices.ContainsFunc(billed, func(i Invoice) bool { return slices.Contains(i.Refunds, r.ID) })
		ours := slices.ContainsFunc(r.Lines, func(l orders.RefundLine) bool { return l.Part == s.part.ID })
		if told || !ours {
			continue
		}
		refunds = append(refunds, r.ID)
		if why := s.told(r.Reason); !slices.Contains(reasons, why) {
			reasons = append(reasons, why)
		}
	}
	return refunds, strings.Join(reasons, " ")
}

// told is a reason in the buyer's language, where the shop itself gave it.
func (s sale) told(reason string) string {
	switch l := languageOf(s.Locale); reason {
	case orders.ReasonCancelled(s.Number):
		return l.say("was_cancelled")
	case orders.ReasonCameBack:
		return l.say("came_back")
	}
	return reason
}

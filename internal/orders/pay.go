package orders

import (
	"slices"

	"souk/internal/money"
)

// Unpaid is what is still to be taken of the way to pay: what the parts owe that
// are not paid, with the rounding of the order, less what was taken ahead. Below
// zero when more was taken than is left to pay.
func (w Whole) Unpaid() money.Amount {
	owed, some := money.Zero(w.Currency), false
	for _, p := range w.Parts {
		if p.open() {
			owed, some = owed.Plus(w.Owed(p)), true
		}
	}
	if some {
		owed = owed.Plus(w.Rounding)
	}
	return owed.Minus(w.Ahead)
}

// Overpaid is what was taken ahead and is more than is left to pay.
func (w Whole) Overpaid() money.Amount { return money.Of(max(0, -w.Unpaid().Minor), w.Currency) }

// Earned is what is to be taken by now where money is taken as goods leave: of
// the parts of which something has shipped, or that have digital goods, which are
// handed over once they are paid for.
func (w Whole) Earned() money.Amount {
	earned, all := money.Zero(w.Currency), true
	for i, p := range w.Parts {
		switch {
		case !p.open():
		case p.Status == PartConfirmed && len(w.left(i, true)) == 0:
			all = false
		default:
			earned = earned.Plus(w.Owed(p))
		}
	}
	if all {
		return w.Unpaid()
	}
	if earned = earned.Minus(w.Ahead); earned.Minor < 0 {
		return money.Zero(w.Currency)
	}
	return earned
}

// Pay takes money for the parts that it is enough for, together with what was
// taken ahead, and says which: those first that cost nothing more or have begun to
// ship. The last takes the rounding of the order. What is left of the money is
// ahead.
func (w *Whole) Pay(amount money.Amount) (paid []VendorOrder) {
	w.Ahead = w.Ahead.Plus(amount)
	var open []int
	for i, p := range w.Parts {
		if p.open() {
			open = append(open, i)
		}
	}
	slices.SortStableFunc(open, func(a, b int) int { return w.turn(a) - w.turn(b) })
	left := len(open)
	for _, i := range open {
		owed := w.Owed(w.Parts[i])
		if left == 1 {
			owed = owed.Plus(w.Rounding)
		}
		if owed.Minor > w.Ahead.Minor {
			continue
		}
		w.Ahead, w.Parts[i].Paid = w.Ahead.Minus(owed), true
		paid, left = append(paid, w.Parts[i]), left-1
	}
	return paid
}

// turn is when a part is paid, the lowest first.
func (w Whole) turn(part int) int {
	switch p := w.Parts[part]; {
	case w.Owed(p).IsZero():
		return 0
	case p.Status != PartConfirmed && p.Status != PartPending, len(w.left(part, true)) > 0:
		return 1
	}
	return 2
}

// open reports that a part is still to be paid.
func (p VendorOrder) open() bool { return !p.Paid && !p.Void() }

package orders

import "slices"

// Cancel withdraws all that has not shipped and tells which units. The parts of
// which nothing has shipped are cancelled; of the others the rest is. Of parts
// that have been paid it tells what goes back, too: the money for the units, and
// for the shipping of what is cancelled. Before is what has gone back already.
func (w *Whole) Cancel(reason string, before []RefundLine) (withdrawn []Units, back []RefundLine, err error) {
	paid := w.refundables(before)
	for i := range w.Parts {
		units := append(w.left(i, false), w.left(i, true)...)
		if len(units) == 0 {
			continue
		}
		w.withdraw(i, units)
		withdrawn = append(withdrawn, units...)
		if w.Parts[i].Paid {
			back = append(back, w.Parts[i].unpay(paid, units)...)
		}
	}
	if len(withdrawn) == 0 {
		return nil, nil, w.notCancellable()
	}
	w.CancelReason = reason
	if !sum(before, w.Currency).Plus(sum(back, w.Currency)).IsZero() {
		w.refunded(paid)
	}
	return withdrawn, back, nil
}

// withdraw cancels the units that are left of a part.
func (w *Whole) withdraw(part int, units []Units) {
	p := &w.Parts[part]
	for i := range w.Lines {
		l := &w.Lines[i]
		for _, u := range units {
			if u.Line == l.ID {
				l.withdraw(u.Quantity, p.Paid)
			}
		}
	}
	w.followLines(p)
}

// unpay gives back the money for units that have been withdrawn of a part, and
// for its shipping when all of it was. Units whose money has gone back before are
// taken to be those that came back, and what is more than these to be among them:
// nobody is paid twice for one.
func (p VendorOrder) unpay(paid []*refundable, units []Units) (back []RefundLine) {
	for _, r := range paid {
		if r.paid.Part != p.ID {
			continue
		}
		n := 0
		for _, u := range units {
			if u.Line == r.paid.Line {
				n = u.Quantity - max(0, r.back.Quantity-r.returned)
			}
		}
		var l RefundLine
		switch {
		case n > 0:
			l = r.takeUnits(n)
		case r.paid.Line.IsZero() && p.Status == PartCancelled:
			l = r.take(r.left(), 0)
		default:
			continue
		}
		if !l.isNothing() {
			back = append(back, l)
		}
	}
	return back
}

// notCancellable says why nothing can be cancelled.
func (w Whole) notCancellable() error {
	if !slices.ContainsFunc(w.Lines, func(l Line) bool { return l.Fulfilled > 0 && !l.Digital }) {
		return ErrHandedOver
	}
	return ErrNotCancellable
}

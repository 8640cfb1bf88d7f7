package orders

import (
	"slices"
	"strconv"

	"souk/internal/errs"
)

// Status is how far an order has come.
type Status string

// The statuses of an order.
const (
	StatusPending   Status = "pending" // waits for its payment; its stock is held
	StatusConfirmed Status = "confirmed"
	StatusShipped   Status = "shipped"
	StatusDelivered Status = "delivered"
	StatusCompleted Status = "completed"
	StatusCancelled Status = "cancelled"
	StatusReturned  Status = "returned"
)

// moves is every move that an order may make; "" is before it exists. The
// trigger orders_moves states the same in the database, and a test compares
// them.
var moves = map[Status][]Status{
	"":              {StatusPending, StatusConfirmed},
	StatusPending:   {StatusConfirmed, StatusCancelled},
	StatusConfirmed: {StatusShipped, StatusDelivered, StatusCancelled, StatusReturned}, // the last ones when the parts that had not shipped are cancelled
	StatusShipped:   {StatusDelivered, StatusReturned},
	StatusDelivered: {StatusCompleted, StatusReturned},
	StatusCompleted: {StatusReturned},
	StatusCancelled: {},
	StatusReturned:  {},
}

// May reports whether an order may move from s to another status. Staying is
// no move.
func (s Status) May(to Status) bool { return slices.Contains(moves[s], to) }

// PartStatus is how far a vendor's part of an order has come.
type PartStatus string

// The statuses of a part.
const (
	PartPending          PartStatus = "pending"
	PartConfirmed        PartStatus = "confirmed"
	PartPartiallyShipped PartStatus = "partially_shipped"
	PartShipped          PartStatus = "shipped"
	PartDelivered        PartStatus = "delivered"
	PartCancelled        PartStatus = "cancelled"
	PartRefused          PartStatus = "refused"  // it came back, and nothing is paid for it
	PartReturned         PartStatus = "returned" // it came back, and its money is a refund's
)

// Void reports that nothing is owed for a part, nor will be.
func (p VendorOrder) Void() bool { return p.Status == PartCancelled || p.Status == PartRefused }

// Void reports that nothing is owed for an order, nor will be.
func (w Whole) Void() bool {
	return !slices.ContainsFunc(w.Parts, func(p VendorOrder) bool { return !p.Void() })
}

// Fulfillment is how much of an order has left and arrived.
type Fulfillment string

// The states of fulfilment.
const (
	Unfulfilled        Fulfillment = "unfulfilled"
	PartiallyShipped   Fulfillment = "partially_shipped"
	AllShipped         Fulfillment = "shipped"
	PartiallyDelivered Fulfillment = "partially_delivered"
	AllDelivered       Fulfillment = "delivered"
	AllCancelled       Fulfillment = "cancelled"
	AllReturned        Fulfillment = "returned" // what was not cancelled
)

// PaymentStatus is how an order's payments look together.
type PaymentStatus string

// The states of payment.
const (
	PaymentPending           PaymentStatus = "pending"
	PaymentAuthorized        PaymentStatus = "authorized"
	PaymentPartiallyPaid     PaymentStatus = "partially_paid"
	PaymentPaid              PaymentStatus = "paid"
	PaymentPartiallyRefunded PaymentStatus = "partially_refunded"
	PaymentRefunded          PaymentStatus = "refunded"
	PaymentVoided            PaymentStatus = "voided"
)

// Follow makes the order's states follow from its parts. It refuses a move
// that is not in the table.
func (w *Whole) Follow() error {
	live, back, shipped, delivered, begun, owing, paid, settled := 0, 0, 0, 0, 0, 0, 0, 0
	for _, p := range w.Parts {
		switch p.Status {
		case PartDelivered:
			live, begun, shipped, delivered = live+1, begun+1, shipped+1, delivered+1
		case PartShipped:
			live, begun, shipped = live+1, begun+1, shipped+1
		case PartPartiallyShipped:
			live, begun = live+1, begun+1
		case PartPending, PartConfirmed:
			live++
		case PartRefused, PartReturned:
			back++
		case PartCancelled:
		}
		if p.Void() {
			continue
		}
		owing++
		if p.Paid {
			paid++
		}
		if w.settled(p) {
			settled++
		}
	}
	w.FulfillmentStatus = fulfillment(live, back, begun, shipped, delivered)
	w.PaymentStatus = payment(w.PaymentStatus, owing, settled, paid > 0 || !w.Ahead.IsZero())
	to := w.Status
	switch {
	case live == 0 && back > 0:
		to = StatusReturned
	case live == 0:
		to = StatusCancelled
	case w.Status == StatusPending || w.Status == StatusCompleted || w.Status == StatusReturned: // not the parts' to decide
	case delivered == live:
		to = StatusDelivered
	case shipped == live:
		to = StatusShipped
	}
	if to != w.Status && !w.Status.May(to) {
		return ErrChanged.With("status", w.Status)
	}
	w.Status = to
	return nil
}

func fulfillment(live, back, begun, shipped, delivered int) Fulfillment {
	switch {
	case live == 0 && back > 0:
		return AllReturned
	case live == 0:
		return AllCancelled
	case delivered == live:
		return AllDelivered
	case delivered > 0:
		return PartiallyDelivered
	case shipped == live:
		return AllShipped
	case begun > 0:
		return PartiallyShipped
	}
	return Unfulfilled
}

// settled reports that nothing is left to pay of a part that costs something:
// it has been paid, or gift cards and store credit pay all of it.
func (w Whole) settled(p VendorOrder) bool {
	return p.Paid || !w.Credited(p).IsZero() && w.Owed(p).IsZero()
}

func payment(was PaymentStatus, owing, settled int, some bool) PaymentStatus {
	switch {
	case was == PaymentPartiallyRefunded || was == PaymentRefunded: // refunds decide
		return was
	case owing == 0:
		return PaymentVoided
	case settled == owing:
		return PaymentPaid
	case some:
		return PaymentPartiallyPaid
	}
	return was
}

// Confirm moves an order that was waiting for its payment.
func (w *Whole) Confirm() error {
	if !w.Status.May(StatusConfirmed) {
		return ErrChanged.With("status", w.Status)
	}
	w.Status = StatusConfirmed
	for i := range w.Parts {
		if w.Parts[i].Status == PartPending {
			w.Parts[i].Status = PartConfirmed
		}
	}
	return nil
}

// Ship takes units of a part's lines into a parcel. No units means all that
// is left. Digital goods travel in no parcel.
func (w *Whole) Ship(part int, units []Units) ([]Units, error) {
	if len(units) == 0 {
		units = w.left(part, false)
	}
	digital := func(u Units) bool {
		return slices.ContainsFunc(w.Lines, func(l Line) bool { return l.ID == u.Line && l.Digital })
	}
	if len(units) == 0 || slices.ContainsFunc(units, digital) {
		return nil, ErrNotShippable.With("status", w.Parts[part].Status)
	}
	return units, w.fulfil(part, units)
}

// Goods is the digital goods of a part that its buyer has paid for and does not
// have yet.
func (w Whole) Goods(part int) []Units {
	if p := w.Parts[part]; w.Status == StatusPending || !p.Paid && !w.Owed(p).IsZero() {
		return nil
	}
	return w.left(part, true)
}

// HandOver takes what is due of a part, which needs no parcel, if anything is.
func (w *Whole) HandOver(part int) ([]Units, error) {
	units := w.Goods(part)
	if len(units) == 0 {
		return nil, nil
	}
	return units, w.fulfil(part, units)
}

// left is what is still to come of a part: of its digital goods, or of all else.
func (w Whole) left(part int, digital bool) (units []Units) {
	for _, l := range w.Lines {
		if l.Part == w.Parts[part].ID && l.Digital == digital && l.Remaining() > 0 {
			units = append(units, Units{l.ID, l.Remaining()})
		}
	}
	return units
}

// fulfil takes units of a part's lines and moves the part on.
func (w *Whole) fulfil(part int, units []Units) error {
	p := &w.Parts[part]
	if w.Status == StatusPending || p.Status != PartConfirmed && p.Status != PartPartiallyShipped {
		return ErrNotShippable.With("status", p.Status)
	}
	if err := w.take(p, units); err != nil {
		return err
	}
	w.followLines(p)
	return nil
}

func (w *Whole) take(p *VendorOrder, units []Units) error {
	var bad errs.Fields
	for i, u := range units {
		pointer := "/lines/" + strconv.Itoa(i)
		at := slices.IndexFunc(w.Lines, func(l Line) bool { return l.ID == u.Line && l.Part == p.ID })
		twice := slices.ContainsFunc(units[:i], func(earlier Units) bool { return earlier.Line == u.Line })
		bad.Require(at >= 0, pointer+"/order_line_id", "unknown", "This part of the order has no such line.")
		bad.Require(!twice, pointer+"/order_line_id", "twice", "Name each line once.")
		bad.Require(u.Quantity > 0, pointer+"/quantity", "out_of_range", "Ship one unit or more.")
		if len(bad) > 0 {
			continue
		}
		l := &w.Lines[at]
		if u.Quantity > l.Remaining() {
			return ErrBeyondRemaining.With("order_line_id", l.ID).With("remaining", l.Remaining())
		}
		l.Fulfilled += u.Quantity
	}
	return bad.Err()
}

// Arrive says that all parcels of a part have arrived; it reports whether the
// part is delivered by that.
func (w *Whole) Arrive(part int) bool {
	if w.Parts[part].Status != PartShipped {
		return false
	}
	w.Parts[part].Status = PartDelivered
	return true
}

// Return takes back the units of a parcel of a part. Refused ones are withdrawn as
// if they had never left: nobody owes anything for them. Of others the money stays
// until it is refunded.
func (w *Whole) Return(part int, units []Units, refused bool) {
	p := &w.Parts[part]
	for _, u := range units {
		l := &w.Lines[slices.IndexFunc(w.Lines, func(l Line) bool { return l.ID == u.Line })]
		if refused {
			l.Fulfilled -= u.Quantity
			l.withdraw(u.Quantity, false)
		} else {
			l.Returned += u.Quantity
		}
	}
	w.followLines(p)
}

// followLines makes the state of a part follow from its lines. Nothing left of a
// part that has not shipped cancels it; of one that has, it was refused.
func (w *Whole) followLines(p *VendorOrder) {
	left, sent, kept := 0, 0, 0
	for _, l := range w.Lines {
		if l.Part == p.ID {
			left, sent, kept = left+l.Remaining(), sent+l.Fulfilled, kept+l.Fulfilled-l.Returned
		}
	}
	switch {
	case left > 0 && sent == 0:
		p.Status = PartConfirmed
	case left > 0:
		p.Status = PartPartiallyShipped
	case kept > 0:
		p.Status = PartShipped
	case sent > 0:
		p.Status = PartReturned
	case p.Status == PartPartiallyShipped || p.Status == PartShipped:
		p.Status = PartRefused
	default:
		p.Status = PartCancelled
	}
}

// Package orders is what was bought: orders, their parts by vendor and their
// lines, frozen as they were that day, and how far they have come since.
//
// Owns: the rows, their numbers, the states and the moves between them, the
// token with which a guest reads an order, the timeline, notes of staff, what
// is forgotten of an order and when ([Orders.Forget]).
// Tables: orders, vendor_orders, order_lines, order_line_components, adjustments, order_notes,
// refunds, refund_lines.
// Raises: Placed, Confirmed, Shipped, Tracked, Delivered, Cancelled, Paid,
// PaidLate, Refunded. Each is a step of one order's timeline: exactly one for each
// change, numbered 1, 2, 3 … by the order's version.
// Calls: shipping and payments, to show what belongs to an order.
//
// orders never decides what a change means for stock and money: checkout, which
// stands above, composes that. It locks an order with [Lock], changes the
// [Whole] by its methods and writes it back with [QueueSave].
//
// # States
//
// Only the parts of the vendors move by commands. The order follows from them
// by one rule, [Whole.Follow]: shipped when all live parts are shipped,
// delivered when all are delivered, cancelled when none is live.
package orders

import (
	"time"

	"souk/internal/auth"
	"souk/internal/clock"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/payments"
	"souk/internal/platform/events"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
	"souk/internal/shipping"
)

// Orders shows orders to those who may see them.
type Orders struct {
	DB       postgres.DB
	Clock    clock.Clock
	Hub      *events.Hub // of live timelines
	Shipping *shipping.Shipping
	Payments *payments.Payments

	// InvoiceYears is how long invoices must be kept, from the end of the year
	// of the order; 0 is 10.
	InvoiceYears int

	cursors httpapi.Cursors
}

// The rights of staff.
const (
	CanRead  auth.Permission = "orders.read"
	CanWrite auth.Permission = "orders.write" // ship, cancel, note
	// CanRefund gives money back.
	CanRefund auth.Permission = "orders.refund"
	// CanForget drops personal data for good.
	CanForget auth.Permission = "orders.forget"
)

// Permissions lists what this module can permit.
func Permissions() []auth.Permission {
	return []auth.Permission{CanRead, CanWrite, CanRefund, CanForget}
}

var (
	// ErrNoOrder says that there is no such order, or that it is not yours.
	ErrNoOrder = errs.New(errs.NotFound, "not_found", "There is no such order.")
	// ErrChanged says that somebody changed the order in between.
	ErrChanged = errs.New(errs.Conflict, "order_changed", "The order has changed in the meantime. Look at it again.")
	// ErrNotShippable says that the state of the order lets nothing be shipped.
	ErrNotShippable = errs.New(errs.Conflict, "order_not_shippable", "Nothing of this order can be shipped now.")
	// ErrBeyondRemaining says that more was asked for than is left of a line.
	ErrBeyondRemaining = errs.New(errs.Conflict, "quantity_exceeds_remaining", "That is more than is left of this line.")
	// ErrNotCancellable says that nothing is left to cancel.
	ErrNotCancellable = errs.New(errs.Conflict, "order_not_cancellable", "This order has been shipped and cannot be cancelled any more.")
	// ErrHandedOver says the same of files, licence keys, gift cards and memberships.
	ErrHandedOver = errs.New(errs.Conflict, "order_handed_over", "What this order bought has been handed over already, so it cannot be cancelled. Ask the shop to refund it.")

	errNumberTaken = errs.New(errs.Unavailable, "busy", "The shop is busy right now. Please try again in a moment.").After(time.Second)
)

func init() {
	postgres.Name("orders_number_key", errNumberTaken)
	postgres.Name("orders_moves", ErrChanged)
}

// Routes mounts what buyers, vendors and staff see of orders. What changes an
// order is checkout's.
func (o *Orders) Routes(r *httpapi.Router) {
	o.cursors = r.Cursors
	o.buyerRoutes(r)
	o.vendorRoutes(r)
	o.staffRoutes(r)
}

// tokenLife is how long a guest's access token opens an order.
const tokenLife = 90 * 24 * time.Hour

func parseOrder(s string) (id.Order, error) {
	order, err := id.Parse[id.Order](s)
	if err != nil {
		return id.Order{}, ErrNoOrder
	}
	return order, nil
}

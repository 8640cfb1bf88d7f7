package orders

import (
	"souk/internal/id"
	"souk/internal/money"
)

// Change is what every step of an order tells: it was From and became To,
// which may be the same. Version numbers the steps of an order from 1.
type Change struct {
	OrderID id.Order `json:"order_id"`
	Version int64    `json:"version"`
	From    Status   `json:"from"` // "" before the order was placed
	To      Status   `json:"to"`
}

// Timeline says whose step it is, and which.
func (c Change) Timeline() (subject [16]byte, version int64) { return c.OrderID, c.Version }

// Placed says that a cart became an order. Its stock is promised.
type Placed struct {
	Change
	UserID id.User `json:"user_id,omitzero"`
}

// Confirmed says that the payment of a pending order is promised or made.
type Confirmed struct {
	Change
	PaymentID id.Payment `json:"payment_id"`
}

// Paid says that money arrived for an order that was confirmed before.
type Paid struct {
	Change
	PaymentID id.Payment   `json:"payment_id"`
	Amount    money.Amount `json:"amount"`
}

// PaidLate says that money arrived for an order that was cancelled. It must go
// back.
type PaidLate struct {
	Change
	PaymentID id.Payment   `json:"payment_id"`
	Amount    money.Amount `json:"amount"`
}

// Shipped says that a parcel left a vendor.
type Shipped struct {
	Change
	VendorOrderID id.VendorOrder `json:"vendor_order_id"`
	ShipmentID    id.Shipment    `json:"shipment_id"`
}

// Tracked says that a parcel was seen on its way, or could not be handed over.
type Tracked struct {
	Change
	VendorOrderID id.VendorOrder `json:"vendor_order_id"`
	ShipmentID    id.Shipment    `json:"shipment_id"`
	Seen          string         `json:"shipment_status"`
}

// Delivered says that a parcel was handed over.
type Delivered struct {
	Change
	VendorOrderID id.VendorOrder `json:"vendor_order_id"`
	ShipmentID    id.Shipment    `json:"shipment_id"`
}

// Returned says that a parcel came back. Refused: nothing is paid for what was in
// it, and Back is what had been taken for it, or gift cards and store credit were to
// pay. To is returned when nothing else of the order is left.
type Returned struct {
	Change
	VendorOrderID id.VendorOrder `json:"vendor_order_id"`
	ShipmentID    id.Shipment    `json:"shipment_id"`
	Refused       bool           `json:"refused"`
	Back          []Back         `json:"back,omitempty"`
}

// Cancelled says that what had not shipped was withdrawn: the whole order when
// To is cancelled, else the rest of the parts named. Why stands in the order:
// somebody wrote it, and the log forgets nothing. What had been paid for it goes
// back by the refund named; Back is that, what was taken ahead, and what gift cards
// and store credit were to pay.
type Cancelled struct {
	Change
	VendorOrderIDs []id.VendorOrder `json:"vendor_order_ids"`
	RefundID       id.Refund        `json:"refund_id,omitzero"`
	Back           []Back           `json:"back,omitempty"`
}

// Back is money on its way back to a buyer, or there already where it is a gift
// card's or store credit.
type Back struct {
	Method string       `json:"method"`
	Amount money.Amount `json:"amount"`
	ByHand bool         `json:"by_hand,omitempty"` // people are to send it
}

// Refunded says that money was given back.
type Refunded struct {
	Change
	RefundID id.Refund    `json:"refund_id"`
	Amount   money.Amount `json:"amount"`
}

// RefundAsked says that a refund waits for a second person.
type RefundAsked struct {
	RequestID id.RefundRequest `json:"refund_request_id"`
}

// EventName is "orders.refund_asked".
func (RefundAsked) EventName() string { return "orders.refund_asked" }

// The names of the steps in the log.
func (Placed) EventName() string    { return "orders.placed" }
func (Confirmed) EventName() string { return "orders.confirmed" }
func (Paid) EventName() string      { return "orders.paid" }
func (PaidLate) EventName() string  { return "orders.paid_late" }
func (Shipped) EventName() string   { return "orders.shipped" }
func (Tracked) EventName() string   { return "orders.tracked" }
func (Delivered) EventName() string { return "orders.delivered" }
func (Returned) EventName() string  { return "orders.returned" }
func (Cancelled) EventName() string { return "orders.cancelled" }
func (Refunded) EventName() string  { return "orders.refunded" }

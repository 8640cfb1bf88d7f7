package orders

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"souk/internal/accounts"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
	"souk/internal/pricing"
	"souk/internal/shipping"
)

// View is an order with all that belongs to it. Its buyer sees [View.ForBuyer].
type View struct {
	Order
	Items       []Line             `json:"items"`
	Parts       []Part             `json:"vendor_orders"`
	Addresses   Addresses          `json:"addresses"`
	Payments    []payments.Payment `json:"payments"`
	Next        *payments.Action   `json:"next_action,omitempty" doc:"What is to be done to pay, as long as it is"`
	Refunds     []Refund           `json:"refunds"`
	Returns     []struct{}         `json:"returns"`
	Timeline    []TimelineStep     `json:"timeline,omitempty" doc:"Not in lists"`
	Trace       []pricing.Step     `json:"trace,omitempty" doc:"How the total came about, as it was frozen: for staff, and with expand=trace"`
	AccessToken string             `json:"access_token,omitempty" doc:"Opens the order for a guest; only the answer to checkout tells it"`
}

// ETag changes with each step of the order.
func (v View) ETag() string { return fmt.Sprintf(`"v%d"`, v.Version) }

// Part is a vendor's part with what is in it and its parcels.
type Part struct {
	VendorOrder
	Due       money.Amount        `json:"due" doc:"What is left to pay of it: with cash on delivery, what the courier asks for"`
	Items     []Line              `json:"items"`
	Shipments []shipping.Shipment `json:"shipments"`
}

// Addresses is where an order goes and who pays for it.
type Addresses struct {
	Shipping accounts.PostalAddress `json:"shipping"`
	Billing  accounts.PostalAddress `json:"billing"`
}

// TimelineStep is one thing that happened to an order.
type TimelineStep struct {
	Version       int64          `json:"version"`
	Event         string         `json:"event" enum:"placed,confirmed,paid,paid_late,shipped,tracked,delivered,returned,cancelled,refunded"`
	From          Status         `json:"from"`
	To            Status         `json:"to"`
	VendorOrderID id.VendorOrder `json:"vendor_order_id,omitzero"`
	ShipmentID    id.Shipment    `json:"shipment_id,omitzero"`
	Seen          string         `json:"shipment_status,omitempty"`
	Refused       bool           `json:"refused,omitempty" doc:"Of a parcel that came back: nothing is paid for it"`
	Reason        string         `json:"reason,omitempty"`
	At            time.Time      `json:"at"`
	Actor         string         `json:"actor,omitempty" doc:"Only for staff"`
}

// stepOf reads a step out of the log. What it does not know stays empty; why an
// order was cancelled stands in the order.
func stepOf(r events.Record) (TimelineStep, error) {
	s := TimelineStep{}
	if err := json.Unmarshal(r.Data, &s); err != nil {
		return s, fmt.Errorf("read step %d of %s: %w", r.Version, r.Subject, err)
	}
	s.Version, s.At, s.Actor, s.Reason = r.Version, r.At, "", ""
	s.Event = strings.TrimPrefix(r.Name, "orders.")
	return s, nil
}

// cancelled is the step that has a reason.
const cancelled = "cancelled"

// Assemble makes the view of an order out of its rows.
func Assemble(w Whole, paid []payments.Payment, parcels []shipping.Shipment, refunds []Refund) View {
	v := View{
		Order: w.Order, Items: []Line{}, Parts: make([]Part, len(w.Parts)), Payments: []payments.Payment{},
		Refunds: []Refund{}, Returns: []struct{}{},
		Addresses: Addresses{w.Order.Shipping, w.Order.Billing},
	}
	at := map[id.VendorOrder]int{}
	for i, p := range w.Parts {
		v.Parts[i] = Part{VendorOrder: p, Due: w.due(p), Items: []Line{}, Shipments: []shipping.Shipment{}}
		at[p.ID] = i
	}
	for _, l := range w.Lines {
		part := &v.Parts[at[l.Part]]
		l.Seller = &part.Seller
		v.Items = append(v.Items, l)
		part.Items = append(part.Items, l)
	}
	for _, s := range parcels {
		if i, ok := at[s.VendorOrderID]; ok {
			v.Parts[i].Shipments = append(v.Parts[i].Shipments, s)
		}
	}
	for _, p := range paid {
		if p.Order == w.ID {
			v.Payments = append(v.Payments, p)
		}
	}
	for _, r := range refunds {
		if r.Order == w.ID {
			v.Refunds = append(v.Refunds, r)
		}
	}
	return v
}

// ForBuyer is the view with the titles that the buyer was told.
func (v View) ForBuyer() View {
	v.Items, v.Parts = Told(v.Items), slices.Clone(v.Parts)
	for i := range v.Parts {
		v.Parts[i].Items = Told(v.Parts[i].Items)
	}
	return v
}

// due is what somebody still has to pay of a part.
func (w Whole) due(p VendorOrder) money.Amount {
	if p.Paid {
		return money.Zero(w.Currency)
	}
	return w.Owed(p)
}

// Show reads the whole view of an order; ErrNoOrder when there is none. Who may
// see it is the caller's to know.
func (o *Orders) Show(ctx context.Context, db postgres.DB, order id.Order) (View, error) {
	views, err := o.views(ctx, db, []id.Order{order})
	if err != nil {
		return View{}, fmt.Errorf("read order %s: %w", order, err)
	}
	if len(views) == 0 {
		return View{}, ErrNoOrder
	}
	v := views[0]
	records, err := events.Timeline(ctx, db, order, 0)
	if err != nil {
		return View{}, err
	}
	for _, r := range records {
		step, err := stepOf(r)
		if err != nil {
			return View{}, err
		}
		if step.Event == cancelled {
			step.Reason = v.CancelReason
		}
		v.Timeline = append(v.Timeline, step)
	}
	if v.Status == StatusPending {
		v.Next, err = o.next(ctx, v)
	}
	return v, err
}

// next is what the buyer of an order that waits for its money has to do.
func (o *Orders) next(ctx context.Context, v View) (*payments.Action, error) {
	if o.Payments == nil || len(v.Payments) == 0 {
		return nil, nil //nolint:nilnil // there is nothing to do
	}
	return o.Payments.Next(ctx, v.Payments[len(v.Payments)-1], v.Number)
}

// views reads orders with all but their timelines, the newest first, in two
// round trips however many they are.
func (o *Orders) views(ctx context.Context, db postgres.DB, orders []id.Order) ([]View, error) {
	if len(orders) == 0 {
		return []View{}, nil
	}
	var (
		rows  []Order
		parts []VendorOrder
		lines []Line
		paid  []payments.Payment
		back  []Refund
		items []RefundLine
		args  = map[string]any{"orders": orders}
		b     = postgres.NewBatch()
	)
	postgres.ReadAll(b, &rows, selectOrders, args)
	postgres.ReadAll(b, &parts, selectParts, args)
	postgres.ReadAll(b, &lines, selectLines, args)
	payments.QueueOfOrders(b, orders, &paid)
	postgres.ReadAll(b, &back, selectRefunds, args)
	postgres.ReadAll(b, &items, selectRefundLines, args)
	if err := b.Send(ctx, db); err != nil {
		return nil, err
	}
	parcels, err := o.Shipping.OfOrders(ctx, db, orders)
	if err != nil {
		return nil, err
	}
	wholes := make([]Whole, len(rows))
	at := map[id.Order]int{}
	for i, row := range rows {
		wholes[i].Order, at[row.ID] = row, i
	}
	for _, p := range parts {
		wholes[at[p.Order]].Parts = append(wholes[at[p.Order]].Parts, p)
	}
	for _, l := range lines {
		wholes[at[l.Order]].Lines = append(wholes[at[l.Order]].Lines, l)
	}
	back = withLines(back, items)
	views := make([]View, len(rows))
	for i, w := range wholes {
		views[i] = Assemble(w, paid, parcels, back)
	}
	return views, nil
}

// PlacedView is its buyer's view of an order that was placed a moment ago, made without
// reading it back.
func PlacedView(n New, paid []payments.Payment) View {
	v := Assemble(n.Whole, paid, nil, nil)
	v.Timeline = []TimelineStep{{Version: 1, Event: "placed", To: n.Status, At: n.PlacedAt}}
	return v.ForBuyer()
}

// VendorView is a vendor's part of an order as that vendor sees it: its own
// lines and figures and where to send them, and nothing of the other vendors.
type VendorView struct {
	Part
	OrderID     id.Order        `json:"order_id"`
	OrderNumber string          `json:"order_number"`
	Commission  money.Amount    `json:"commission" doc:"What the marketplace keeps of it, refunds apart"`
	Earnings    money.Amount    `json:"earnings" doc:"What the vendor gets of it: without tax, commission and refunds"`
	Addresses   VendorAddresses `json:"addresses"`
}

// VendorAddresses is where a vendor sends an order.
type VendorAddresses struct {
	Shipping accounts.PostalAddress `json:"shipping"`
}

func vendorView(v View, w Whole, head partHead) VendorView {
	e := w.Earnings(w.Parts[0])
	return VendorView{
		Part: v.Parts[0], OrderID: v.ID, OrderNumber: v.Number, Commission: e.Commission.Minus(head.CommissionBack), Earnings: e.Vendor.Minus(head.VendorBack),
		Addresses: VendorAddresses{v.Addresses.Shipping},
	}
}

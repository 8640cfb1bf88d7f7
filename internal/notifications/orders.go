package notifications

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"souk/internal/accounts"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/shipping"
)

// OrderPlaced confirms an order that needs no payment first, and tells how to pay
// for one that waits for money which its buyer sends.
func (n *Notifications) OrderPlaced(ctx context.Context, e orders.Placed) error {
	if e.To != orders.StatusConfirmed {
		return n.toPay(ctx, e.OrderID)
	}
	return n.confirm(ctx, e.OrderID)
}

// OrderConfirmed confirms an order once its payment is promised or made.
func (n *Notifications) OrderConfirmed(ctx context.Context, e orders.Confirmed) error {
	return n.confirm(ctx, e.OrderID)
}

func (n *Notifications) confirm(ctx context.Context, order id.Order) error {
	w, err := n.bought(ctx, order)
	if err != nil {
		return err
	}
	l := n.about(OrderConfirmed, w)
	l.Facts = []fact{{"order", w.Number}}
	if w.Shipping.Line1 != "" { // nothing is shipped of what is downloaded
		l.Facts = append(l.Facts, fact{"ship_to", oneAddress(w.Shipping)})
	}
	l.Words["total"] = w.GrandTotal.String()
	for _, line := range w.Lines {
		l.Items = append(l.Items, item{line.Title, detail(line), strconv.Itoa(line.Quantity), line.Subtotal.String()})
	}
	l.Totals = totals(w.Totals)
	return n.tellBuyer(ctx, l)
}

// OrderShipped tells the buyer of a parcel and where to follow it.
func (n *Notifications) OrderShipped(ctx context.Context, e orders.Shipped) error {
	return n.tellOfParcel(ctx, OrderShipped, e.OrderID, e.VendorOrderID, e.ShipmentID)
}

// OrderDelivered tells the buyer that a parcel was handed over, or that digital
// goods are ready.
func (n *Notifications) OrderDelivered(ctx context.Context, e orders.Delivered) error {
	return n.tellOfParcel(ctx, OrderDelivered, e.OrderID, e.VendorOrderID, e.ShipmentID)
}

// OrderReturned tells the buyer that a parcel came back: what they do not owe any
// more, or have paid for.
func (n *Notifications) OrderReturned(ctx context.Context, e orders.Returned) error {
	kind := OrderReturned
	if e.Refused {
		kind = OrderRefused
	}
	return n.tellOfParcel(ctx, kind, e.OrderID, e.VendorOrderID, e.ShipmentID, goesBack(e.Back)...)
}

func (n *Notifications) tellOfParcel(ctx context.Context, kind Kind, order id.Order, part id.VendorOrder, shipment id.Shipment, more ...fact) error {
	w, err := n.bought(ctx, order)
	if err != nil {
		return err
	}
	parcel, err := n.Shipping.Get(ctx, n.DB, shipment)
	if err != nil {
		return err
	}
	if parcel.Kind == shipping.KindDigital {
		kind = DigitalReady
	}
	l := n.about(kind, w)
	if at, ok := w.PartOf(part); ok {
		l.Words["vendor"] = w.Parts[at].Seller.Name
		l.Facts = append(l.Facts, fact{"vendor", w.Parts[at].Seller.Name})
	}
	l.Facts = append(l.Facts, fact{"order", w.Number})
	if parcel.Courier != "" {
		l.Facts = append(l.Facts, fact{"courier", parcel.Courier})
	}
	if parcel.TrackingNumber != "" {
		l.Facts = append(l.Facts, fact{"tracking", parcel.TrackingNumber})
	}
	l.Facts = append(l.Facts, more...)
	if kind == OrderShipped {
		l.Link = parcel.TrackingURL // "" where we do not know the courier's page
	}
	for _, sent := range parcel.Lines {
		at := slices.IndexFunc(w.Lines, func(line orders.Line) bool { return line.ID == sent.Line })
		if at >= 0 {
			l.Items = append(l.Items, item{w.Lines[at].Title, detail(w.Lines[at]), strconv.Itoa(sent.Quantity), ""})
		}
	}
	return n.tellBuyer(ctx, l)
}

// OrderCancelled tells the buyer what will not be sent.
func (n *Notifications) OrderCancelled(ctx context.Context, e orders.Cancelled) error {
	w, err := n.bought(ctx, e.OrderID)
	if err != nil {
		return err
	}
	kind := OrderPartCancelled
	if e.To == orders.StatusCancelled {
		kind = OrderCancelled
	}
	refunded, err := orders.RefundedOf(ctx, n.DB, e.OrderID)
	if err != nil {
		return err
	}
	l := n.about(kind, w)
	l.Facts = append([]fact{{"order", w.Number}}, goesBack(e.Back)...)
	for _, line := range w.Lines {
		if line.Withdrawn > 0 && slices.Contains(e.VendorOrderIDs, line.Part) {
			amount := line.WithdrawnTotal
			for _, r := range refunded {
				if r.Refund == e.RefundID && r.Line == line.ID {
					amount = amount.Plus(r.Amount)
				}
			}
			l.Items = append(l.Items, item{line.Title, detail(line), strconv.Itoa(line.Withdrawn), amount.String()})
		}
	}
	return n.tellBuyer(ctx, l)
}

// goesBack tells which money comes back, where and when.
func goesBack(list []orders.Back) (facts []fact) {
	sums := map[string]money.Amount{}
	for _, b := range list {
		label := "back_way_paid"
		switch {
		case b.ByHand:
			label = "back_by_hand"
		case b.Method == payments.GiftCard, b.Method == payments.StoreCredit:
			label = "back_" + b.Method
		}
		if before, ok := sums[label]; ok {
			b.Amount = b.Amount.Plus(before)
		}
		sums[label] = b.Amount
	}
	for _, label := range []string{"back_gift_card", "back_store_credit", "back_way_paid", "back_by_hand"} {
		if sum, ok := sums[label]; ok {
			facts = append(facts, fact{label, sum.String()})
		}
	}
	return facts
}

// OrderRefunded tells the buyer what was given back, unless that is nothing: then it
// was the platform who had paid for it.
func (n *Notifications) OrderRefunded(ctx context.Context, e orders.Refunded) error {
	if e.Amount.IsZero() {
		return nil
	}
	w, err := orders.Read(ctx, n.DB, e.OrderID)
	if err != nil {
		return err
	}
	l := n.about(OrderRefunded, w)
	l.Words["amount"] = e.Amount.String()
	l.Facts = []fact{{"order", w.Number}}
	return n.tellBuyer(ctx, l)
}

// bought is an order with its goods called as their buyer was told.
func (n *Notifications) bought(ctx context.Context, order id.Order) (orders.Whole, error) {
	w, err := orders.Read(ctx, n.DB, order)
	w.Lines = orders.Told(w.Lines)
	return w, err
}

// about begins a letter about an order to the address that it was placed with, in
// the language in which it was. Guests get no link: only their browser has what
// opens their order.
func (n *Notifications) about(kind Kind, w orders.Whole) letter {
	l := letter{Kind: kind, User: w.User, To: w.Email, Name: cmp.Or(w.Shipping.Name, w.Billing.Name), Locale: w.Locale, Words: words{"order": w.Number}}
	if !w.User.IsZero() {
		l.Link = n.BaseURL + ordersPage
	}
	return l
}

// tellBuyer posts a letter in the language of its order, or else in that of its user,
// whichever mails are written in; at last in the shop's own.
func (n *Notifications) tellBuyer(ctx context.Context, l letter) error {
	wishes := []string{l.Locale}
	if !l.User.IsZero() {
		user, err := n.Users.Get(ctx, n.DB, l.User)
		if err != nil {
			return err
		}
		if user.ErasedAt != nil { // they asked us to forget them, not to write
			return nil
		}
		wishes = append(wishes, user.Locale)
	}
	l.Locale = catalogueFor(append(wishes, n.Locale)...).locale
	return n.post(ctx, l)
}

// detail is which variant a line is, or "" where there is only one.
func detail(line orders.Line) string {
	if line.VariantTitle == line.Title {
		return ""
	}
	return line.VariantTitle
}

// oneAddress is a postal address on one line.
func oneAddress(a accounts.PostalAddress) string {
	text := a.Name
	for _, part := range []string{a.Line1, a.Line2, a.PostalCode + " " + a.City, a.Region, a.Country} {
		if part != "" && part != " " {
			text += ", " + part
		}
	}
	return text
}

// totals is the sum of an order as its invoice shows it.
func totals(t orders.Totals) []fact {
	list := []fact{{"items", t.Items.String()}}
	if !t.Discount.IsZero() {
		list = append(list, fact{"discount", t.Discount.String()})
	}
	list = append(list, fact{"shipping", t.ShippingFee.String()})
	if !t.Fee.IsZero() {
		list = append(list, fact{"fee", t.Fee.String()})
	}
	if !t.Rounding.IsZero() {
		list = append(list, fact{"rounding", t.Rounding.String()})
	}
	switch {
	case t.Tax.IsZero():
	case t.TaxIncluded:
		list = append(list, fact{"tax_included", t.Tax.String()})
	default:
		list = append(list, fact{"tax", t.Tax.String()})
	}
	return append(list, fact{"total", t.GrandTotal.String()})
}

package checkout_test

import (
	"fmt"
	"testing"

	"souk/internal/id"
	"souk/internal/orders"
	"souk/internal/payments"
)

func TestCancelGivesEverythingBack(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.taxed(false, 190_000)
	mug, pot := s.sell(goods{}), s.sell(goods{})
	placed := s.buy("", 2, mug, pot)
	first := decode[orders.View](s.call("", "POST", path(placed, "/cancel"), `{"reason": "Changed my mind"}`).want(200, `"status":"cancelled"`, "Changed my mind"))
	if first.PaymentStatus != orders.PaymentVoided || first.FulfillmentStatus != orders.AllCancelled || first.Payments[0].Status != payments.Voided {
		t.Errorf("order is %s and %s, payment %s", first.PaymentStatus, first.FulfillmentStatus, first.Payments[0].Status)
	}
	if s.left(mug) != 10 || s.left(pot) != 10 {
		t.Errorf("left %d and %d, want 10 and 10", s.left(mug), s.left(pot))
	}
	again := decode[orders.View](s.call("", "POST", path(placed, "/cancel"), "").want(200, "Changed my mind"))
	if again.Version != first.Version || len(again.Timeline) != len(first.Timeline) {
		t.Errorf("cancelling again made a step")
	}
	s.call("staff", "POST", "/admin/orders/"+placed.Order.ID.String()+"/shipments", "").want(409, `"code":"order_not_shippable"`)
	s.sound()
}

// Row 73: shipped, somebody else's, half fulfilled.
func TestCancelWhatIsLeft(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.taxed(false, 77_770)
	vendor, other := s.vendor(), s.vendor()
	mug, pot := s.sell(goods{vendor: vendor, price: 333}), s.sell(goods{vendor: other, price: 1001})
	placed := s.buy("", 3, mug, pot)
	mine := placed.Order.Parts[0]
	if mine.Seller.ID != vendor {
		mine = placed.Order.Parts[1]
	}
	s.call(vendor.String(), "POST", "/vendor/orders/"+mine.ID.String()+"/shipments",
		fmt.Sprintf(`{"lines": [{"order_line_id": %q, "quantity": 1}]}`, mine.Items[0].ID)).want(201)

	s.call("", "POST", "/orders/"+placed.Order.ID.String()+"/cancel", "").want(404)
	s.call("", "POST", "/orders/"+placed.Order.ID.String()+"/cancel?token=x", "").want(404)
	s.call(s.customer().String(), "POST", "/orders/"+placed.Order.ID.String()+"/cancel", "").want(404)

	o := decode[orders.View](s.call("", "POST", path(placed, "/cancel"), "").want(200))
	if o.Status != orders.StatusShipped {
		t.Errorf("half cancelled order is %s, want shipped: its one live part is", o.Status)
	}
	for _, p := range o.Parts {
		want := orders.PartCancelled
		if p.Seller.ID == vendor {
			want = orders.PartShipped
		}
		if p.Status != want {
			t.Errorf("part is %s, want %s", p.Status, want)
		}
	}
	if s.left(mug) != 9 || s.left(pot) != 10 {
		t.Errorf("left %d and %d, want 9 and 10", s.left(mug), s.left(pot))
	}
	s.sound()
	s.call("", "POST", path(placed, "/cancel"), "").want(409, `"code":"order_not_cancellable"`)

	parcel := o.Parts[0].Shipments
	if len(parcel) == 0 {
		parcel = o.Parts[1].Shipments
	}
	s.deliver(parcel...)
	done := s.show(placed)
	if done.Status != orders.StatusDelivered || done.PaymentStatus != orders.PaymentPaid {
		t.Errorf("order is %s and %s", done.Status, done.PaymentStatus)
	}
	if p := done.Payments[0]; p.Status != payments.Captured || p.Captured.Plus(p.Voided) != p.Amount {
		t.Errorf("payment %+v", p)
	}
	s.call("", "POST", path(placed, "/cancel"), "").want(409)
	s.sound()
}

// When the rest is cancelled of a part whose one parcel has arrived, that part
// is delivered by it, and paid.
func TestCancelTheRestOfADeliveredPart(t *testing.T) {
	t.Parallel()
	s := open(t)
	vendor := s.vendor()
	placed := s.buy("", 3, s.sell(goods{vendor: vendor}))
	part := placed.Order.Parts[0]
	s.call(vendor.String(), "POST", "/vendor/orders/"+part.ID.String()+"/shipments",
		fmt.Sprintf(`{"lines": [{"order_line_id": %q, "quantity": 2}]}`, part.Items[0].ID)).want(201)
	s.deliver(s.show(placed).Parts[0].Shipments...)
	o := decode[orders.View](s.call("staff", "POST", "/admin/orders/"+placed.Order.ID.String()+"/cancel", `{"reason": "out of mugs"}`).want(200))
	if o.Status != orders.StatusDelivered || o.PaymentStatus != orders.PaymentPaid || !o.Parts[0].Paid {
		t.Errorf("order is %s and %s", o.Status, o.PaymentStatus)
	}
	s.sound()
}

func TestCancelOfNoOrder(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, order := range []string{"x", id.New[id.Order]().String()} {
		s.call("", "POST", "/orders/"+order+"/cancel?token=abc", "").want(404)
		s.call("staff", "POST", "/admin/orders/"+order+"/cancel", "").want(404)
	}
}

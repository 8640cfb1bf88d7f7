package checkout_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"souk/internal/checkout"
	"souk/internal/id"
	"souk/internal/ledger"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/shipping"
)

// From the shelf to the books: each part is paid when it is delivered.
func TestDeliveringTakesTheCashPartByPart(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name     string
		included bool
	}{{"tax on top", false}, {"tax included", true}} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			s.taxed(tc.included, 190_000)
			placed := s.buy("", 3, s.sell(goods{price: 1999}), s.sell(goods{price: 333}))
			parcels := s.ship(placed)
			if o := s.show(placed); o.Status != orders.StatusShipped || o.FulfillmentStatus != orders.AllShipped || o.PaymentStatus != orders.PaymentAuthorized {
				t.Fatalf("shipped order is %s, %s, %s", o.Status, o.FulfillmentStatus, o.PaymentStatus)
			}
			s.sound()
			s.deliver(parcels[0])
			o := s.show(placed)
			if o.Status != orders.StatusShipped || o.FulfillmentStatus != orders.PartiallyDelivered || o.PaymentStatus != orders.PaymentPartiallyPaid {
				t.Fatalf("half delivered order is %s, %s, %s", o.Status, o.FulfillmentStatus, o.PaymentStatus)
			}
			if got, want := o.Payments[0].Captured, o.Parts[0].Total; got != want || !o.Parts[0].Paid || o.Parts[1].Paid {
				t.Errorf("captured %v, want %v; paid %v %v", got, want, o.Parts[0].Paid, o.Parts[1].Paid)
			}
			s.sound()
			s.deliver(parcels[1])
			o = s.show(placed)
			if o.Status != orders.StatusDelivered || o.FulfillmentStatus != orders.AllDelivered || o.PaymentStatus != orders.PaymentPaid {
				t.Fatalf("delivered order is %s, %s, %s", o.Status, o.FulfillmentStatus, o.PaymentStatus)
			}
			if p := o.Payments[0]; p.Captured != o.GrandTotal || p.Status != payments.Captured {
				t.Errorf("payment %+v", p)
			}
			s.books(map[ledger.AccountKey]int64{
				{Kind: ledger.Clearing, Party: "cod"}: o.GrandTotal.Minor,
				{Kind: ledger.TaxPayable}:             -o.Tax.Minor,
				{Kind: ledger.CommissionRevenue}:      -s.commission(placed),
			})
			s.sound()
			var got []string
			for _, step := range o.Timeline {
				got = append(got, step.Event+" "+string(step.From)+">"+string(step.To))
			}
			want := []string{"placed >confirmed", "shipped confirmed>confirmed", "shipped confirmed>shipped", "delivered shipped>shipped", "delivered shipped>delivered"}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// books compares balances in dollars.
func (s *shop) books(want map[ledger.AccountKey]int64) {
	s.t.Helper()
	for key, minor := range want {
		got, err := ledger.Balance(s.t.Context(), s.db, key, "USD")
		if err != nil {
			s.t.Fatal(err)
		}
		if got != usd(minor) {
			s.t.Errorf("%s holds %v, want %v", key.Kind, got, usd(minor))
		}
	}
}

// commission is what 15 % of the lines come to, each rounded for itself.
func (s *shop) commission(p checkout.Placed) (sum int64) {
	for _, l := range p.Order.Items {
		sum += l.Total.Minus(l.Tax).Share(15, 100).Minor
	}
	return sum
}

func TestShipInParts(t *testing.T) {
	t.Parallel()
	s := open(t)
	vendor := s.vendor()
	mug, pot := s.sell(goods{vendor: vendor}), s.sell(goods{vendor: vendor})
	placed := s.buy("", 5, mug, pot)
	part, line := placed.Order.Parts[0].ID.String(), placed.Order.Items[0].ID
	path := "/vendor/orders/" + part + "/shipments"

	first := decode[shipping.Shipment](s.call(vendor.String(), "POST", path, fmt.Sprintf(`{"lines": [{"order_line_id": %q, "quantity": 2}], "courier": "DHL", "tracking_number": "1"}`, line)).want(201, `"status":"shipped"`))
	if o := s.show(placed); o.Status != orders.StatusConfirmed || o.FulfillmentStatus != orders.PartiallyShipped || o.Parts[0].Status != orders.PartPartiallyShipped || o.Items[0].Fulfilled != 2 {
		t.Fatalf("order is %s, %s, part %s, %d shipped", o.Status, o.FulfillmentStatus, o.Parts[0].Status, o.Items[0].Fulfilled)
	}
	s.sound()
	s.call(vendor.String(), "POST", "/vendor/shipments/"+first.ID.String()+"/events", `{"status": "delivered"}`).want(201, `"status":"delivered"`)
	if o := s.show(placed); o.PaymentStatus != orders.PaymentAuthorized || o.Parts[0].Status != orders.PartPartiallyShipped {
		t.Fatalf("with one parcel delivered of more the order is %s, the part %s", o.PaymentStatus, o.Parts[0].Status)
	}
	second := decode[shipping.Shipment](s.call(vendor.String(), "POST", path, "").want(201)) // all that is left
	if len(second.Lines) != 2 || second.Lines[0].Quantity+second.Lines[1].Quantity != 8 {
		t.Fatalf("the rest is %+v", second.Lines)
	}
	s.sound()
	s.call(vendor.String(), "POST", path, "").want(409, `"code":"order_not_shippable"`)
	s.deliver(second)
	if o := s.show(placed); o.Status != orders.StatusDelivered || o.PaymentStatus != orders.PaymentPaid {
		t.Fatalf("order is %s and %s", o.Status, o.PaymentStatus)
	}
	s.sound()
}

// Row 74: what cannot be shipped is refused and changes nothing.
func TestShipRefuses(t *testing.T) {
	t.Parallel()
	s := open(t)
	vendor, other := s.vendor(), s.vendor()
	placed := s.buy("", 3, s.sell(goods{vendor: vendor}), s.sell(goods{vendor: other}))
	elsewhere := s.buy("", 1, s.sell(goods{vendor: vendor}))
	mine, theirs := placed.Order.Parts[0], placed.Order.Parts[1]
	if mine.Seller.ID != vendor {
		mine, theirs = theirs, mine
	}
	own, foreign := mine.Items[0].ID, theirs.Items[0].ID
	lines := func(line id.OrderLine, quantity string) string {
		return fmt.Sprintf(`{"lines": [{"order_line_id": %q, "quantity": %s}]}`, line, quantity)
	}
	for _, tc := range []struct {
		name, who, order, body string
		status                 int
		contains               string
	}{
		{"none of a line", vendor.String(), mine.ID.String(), lines(own, "0"), 422, ""},
		{"less than none", vendor.String(), mine.ID.String(), lines(own, "-1"), 422, ""},
		{"more than is left", vendor.String(), mine.ID.String(), lines(own, "4"), 409, `"code":"quantity_exceeds_remaining"`},
		{"a line of another vendor", vendor.String(), mine.ID.String(), lines(foreign, "1"), 422, `"/lines/0/order_line_id"`},
		{"a line of another order", vendor.String(), mine.ID.String(), lines(elsewhere.Order.Items[0].ID, "1"), 422, `"/lines/0/order_line_id"`},
		{"a line twice", vendor.String(), mine.ID.String(), fmt.Sprintf(`{"lines": [{"order_line_id": %q, "quantity": 1}, {"order_line_id": %q, "quantity": 1}]}`, own, own), 422, `"/lines/1/order_line_id"`},
		{"another vendor's part", vendor.String(), theirs.ID.String(), "", 404, ""},
		{"no such part", vendor.String(), id.New[id.VendorOrder]().String(), "", 404, ""},
		{"no id at all", vendor.String(), "x", "", 404, ""},
		{"row 81: a long courier", vendor.String(), mine.ID.String(), `{"courier": "` + fmt.Sprintf("%061d", 1) + `"}`, 422, ""},
		{"row 81: a tracking number of two lines", vendor.String(), mine.ID.String(), `{"tracking_number": "1\n2"}`, 422, ""},
		{"row 83: a field that is none", vendor.String(), mine.ID.String(), `{"status": "shipped"}`, 400, `"code":"unknown_field"`},
		{"not signed in", "", mine.ID.String(), "", 401, ""},
		{"a customer", s.customer().String(), mine.ID.String(), "", 403, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := *s
			s.t = t
			s.call(tc.who, "POST", "/vendor/orders/"+tc.order+"/shipments", tc.body).want(tc.status, tc.contains)
		})
	}
	// Staff must say whose parcel it is when more than one has something to ship.
	s.call("staff", "POST", "/admin/orders/"+placed.Order.ID.String()+"/shipments", "").want(422, `"/vendor_order_id"`)
	s.call("staff", "POST", "/admin/orders/"+elsewhere.Order.ID.String()+"/shipments", "").want(201)
	if n := s.count(`SELECT count(*)::int FROM shipments`, nil); n != 1 {
		t.Errorf("%d shipments, want the one of staff", n)
	}
	s.sound()
}

func TestTrack(t *testing.T) {
	t.Parallel()
	s := open(t)
	vendor, other := s.vendor(), s.vendor()
	placed := s.buy("", 1, s.sell(goods{vendor: vendor}))
	parcel := s.ship(placed)[0]
	events := "/vendor/shipments/" + parcel.ID.String() + "/events"
	for _, status := range []string{"in_transit", "out_for_delivery", "failed", "out_for_delivery"} {
		s.call(vendor.String(), "POST", events, `{"status": "`+status+`"}`).want(201, `"status":"`+status+`"`)
	}
	s.call(vendor.String(), "POST", events, `{"status": "lost"}`).want(422)
	s.call(other.String(), "POST", events, `{"status": "delivered"}`).want(404)
	s.call("", "POST", events, `{"status": "delivered"}`).want(401)
	s.call(vendor.String(), "POST", events, `{"status": "delivered"}`).want(201)
	s.call(vendor.String(), "POST", events, `{"status": "delivered"}`).want(201) // and nothing more
	s.call(vendor.String(), "POST", events, `{"status": "in_transit"}`).want(409, `"code":"shipment_status"`)
	o := s.show(placed)
	if o.Payments[0].Captured != o.GrandTotal || len(o.Timeline) != 7 {
		t.Errorf("captured %v, %d steps: %+v", o.Payments[0].Captured, len(o.Timeline), o.Timeline)
	}
	s.sound()
}

// What is not in stock books and what needs no carriage is shipped all the same.
func TestShipWhatIsNotTracked(t *testing.T) {
	t.Parallel()
	s := open(t)
	vendor := s.vendor()
	placed := s.buy("", 2, s.sell(goods{vendor: vendor}), s.sell(goods{vendor: vendor, untracked: true}))
	s.deliver(s.ship(placed)...)
	if o := s.show(placed); o.Status != orders.StatusDelivered {
		t.Errorf("order is %s", o.Status)
	}
	s.sound()
}

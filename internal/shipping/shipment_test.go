package shipping_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/pgtest"
	"souk/internal/shipping"
)

// parcel is an order with one line of three, ready to be shipped.
func parcel(t *testing.T, tx pgx.Tx) shipping.NewShipment {
	t.Helper()
	n := shipping.NewShipment{
		Order: id.New[id.Order](), VendorOrder: id.New[id.VendorOrder](), Vendor: insertVendor(t, tx), Courier: "DHL", TrackingNumber: "JD 01/4",
		Lines: []shipping.ShipmentLine{{Line: id.New[id.OrderLine](), Quantity: 2}},
	}
	args := pgx.NamedArgs{"order": n.Order, "part": n.VendorOrder, "vendor": n.Vendor, "line": n.Lines[0].Line, "number": n.Order.String(), "any": id.New[id.Variant]()}
	for _, sql := range []string{
		`INSERT INTO orders (id, number, cart_id, user_id, email, status, payment_status, fulfillment_status, currency,
		                     items_minor, discount_minor, shipping_minor, tax_minor, tax_included, grand_total_minor, shipping_address, billing_address)
		 VALUES (@order, @number, @order, @order, 'a@example.com', 'confirmed', 'authorized', 'unfulfilled', 'USD', 300, 0, 0, 0, false, 300, '{}', '{}')`,
		`INSERT INTO vendor_orders (id, order_id, vendor_id, vendor_name, vendor_slug, number, status, currency,
		                            items_minor, discount_minor, shipping_minor, tax_minor, total_minor, shipping_option)
		 VALUES (@part, @order, @vendor, 'V', 'v', @number, 'confirmed', 'USD', 300, 0, 0, 0, 300, '{}')`,
		`INSERT INTO order_lines (id, order_id, vendor_order_id, vendor_id, variant_id, product_id, product_slug, position, title, variant_title,
		                          tracked, requires_shipping, quantity, unit_price_minor, subtotal_minor, discount_minor, tax_minor, total_minor,
		                          commission_bps, commission_minor, currency)
		 VALUES (@line, @order, @part, @vendor, @any, @any, 'mug', 1, 'Mug', 'Mug', true, true, 3, 100, 300, 0, 0, 300, 1000, 30, 'USD')`,
	} {
		if _, err := tx.Exec(t.Context(), sql, args); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

func TestAShipmentTellsItsWay(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	s := &shipping.Shipping{DB: tx}
	n := parcel(t, tx)
	made, err := s.Create(t.Context(), tx, n)
	if err != nil {
		t.Fatal(err)
	}
	if made.Status != shipping.Shipped || len(made.Lines) != 1 || made.Lines[0].Quantity != 2 {
		t.Errorf("made %+v", made)
	}
	if want := "https://www.dhl.com/en/express/tracking.html?AWB=JD%2001%2F4"; made.TrackingURL != want {
		t.Errorf("tracked at %s, want %s", made.TrackingURL, want)
	}
	for _, status := range []string{shipping.InTransit, shipping.InTransit, shipping.OutForDelivery, shipping.Failed, shipping.Delivered} {
		if _, err := s.Mark(t.Context(), tx, made.ID, status, "Hub 7"); err != nil {
			t.Fatalf("mark %s: %v", status, err)
		}
	}
	all, err := s.OfOrder(t.Context(), tx, n.Order)
	if err != nil || len(all) != 1 {
		t.Fatalf("%d shipments, %v", len(all), err)
	}
	var way []string
	for _, e := range all[0].Events {
		way = append(way, e.Status)
	}
	if want := []string{"shipped", "in_transit", "in_transit", "out_for_delivery", "failed", "delivered"}; !slices.Equal(way, want) {
		t.Errorf("went %v, want %v", way, want)
	}
	if all[0].DeliveredAt == nil || all[0].Version != 6 {
		t.Errorf("delivered %+v", all[0])
	}
}

func TestIllegalMovesChangeNothing(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	s := &shipping.Shipping{DB: tx}
	made, err := s.Create(t.Context(), tx, parcel(t, tx))
	if err != nil {
		t.Fatal(err)
	}
	done, err := s.Mark(t.Context(), tx, made.ID, shipping.Delivered, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		shipment       id.Shipment
		status, detail string
		want           *errs.Error
	}{
		{made.ID, shipping.Delivered, "", shipping.ErrShipmentMove},
		{made.ID, shipping.InTransit, "", shipping.ErrShipmentMove},
		{made.ID, shipping.Shipped, "", errs.Validation},
		{made.ID, "lost", "", errs.Validation},
		{made.ID, shipping.InTransit, "two\nlines", errs.Validation},
		{id.New[id.Shipment](), shipping.InTransit, "", shipping.ErrShipmentNotFound},
	} {
		if _, err := s.Mark(t.Context(), tx, c.shipment, c.status, c.detail); !errors.Is(err, c.want) {
			t.Errorf("mark %q %q: %v, want %v", c.status, c.detail, err, c.want)
		}
	}
	after, err := s.Get(t.Context(), tx, made.ID)
	if err != nil || after.Version != done.Version || len(after.Events) != 2 {
		t.Errorf("after: %+v, %v", after, err)
	}
}

func TestBadShipmentsAreRefused(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	s := &shipping.Shipping{DB: tx}
	good := parcel(t, tx)
	line := good.Lines[0]
	for name, spoil := range map[string]func(n *shipping.NewShipment){
		"nothing in it":       func(n *shipping.NewShipment) { n.Lines = nil },
		"none of a line":      func(n *shipping.NewShipment) { n.Lines = []shipping.ShipmentLine{{Line: line.Line}} },
		"fewer than none":     func(n *shipping.NewShipment) { n.Lines = []shipping.ShipmentLine{{Line: line.Line, Quantity: -1}} },
		"a line twice":        func(n *shipping.NewShipment) { n.Lines = []shipping.ShipmentLine{line, line} },
		"a courier in lines":  func(n *shipping.NewShipment) { n.Courier = "DHL\r\nX-Evil: 1" },
		"an endless number":   func(n *shipping.NewShipment) { n.TrackingNumber = string(make([]byte, 101)) },
		"a number with a NUL": func(n *shipping.NewShipment) { n.TrackingNumber = "1\x00" },
	} {
		n := good
		spoil(&n)
		if _, err := s.Create(t.Context(), tx, n); !errors.Is(err, errs.Validation) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOnlyKnownCouriersAreLinked(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	s := &shipping.Shipping{DB: tx}
	n := parcel(t, tx)
	for courier, linked := range map[string]bool{
		"ups": true, "UPS": true, "Royal Mail": true, "": false, "https://evil.example/": false, "my cousin": false,
	} {
		n.Courier, n.TrackingNumber = courier, `"><script>`
		made, err := s.Create(t.Context(), tx, n)
		if err != nil {
			t.Fatal(err)
		}
		if (made.TrackingURL != "") != linked {
			t.Errorf("%q is tracked at %q", courier, made.TrackingURL)
		}
		if linked && slices.ContainsFunc([]byte(made.TrackingURL), func(b byte) bool { return b == '<' || b == '"' }) {
			t.Errorf("%q is tracked at %q", courier, made.TrackingURL)
		}
	}
}

func TestWhatWasSeenIsNeverEdited(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	made, err := (&shipping.Shipping{DB: tx}).Create(t.Context(), tx, parcel(t, tx))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `UPDATE tracking_events SET status = 'delivered' WHERE shipment_id = $1`, made.ID); err == nil {
		t.Error("a tracking event was edited")
		return
	}
}

// What was written beside it may name somebody, and is forgotten with them.
func TestWhatWasWrittenOfAParcelCanBeForgotten(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	made, err := (&shipping.Shipping{DB: tx}).Create(t.Context(), tx, parcel(t, tx))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `INSERT INTO tracking_events (shipment_id, status, detail, actor) VALUES ($1, 'in_transit', 'with Ann', 'test')`, made.ID); err != nil {
		t.Fatal(err)
	}
	if err := shipping.Forget(t.Context(), tx, []id.Order{made.OrderID}); err != nil {
		t.Fatal(err)
	}
	var seen, told int
	err = tx.QueryRow(t.Context(), `SELECT count(*), count(*) FILTER (WHERE detail <> '') FROM tracking_events WHERE shipment_id = $1`, made.ID).Scan(&seen, &told)
	if err != nil || seen != 2 || told != 0 {
		t.Errorf("%d marks, of which %d still tell, %v", seen, told, err)
	}
	if _, err := tx.Exec(t.Context(), `UPDATE tracking_events SET detail = 'with Bob' WHERE shipment_id = $1`, made.ID); err == nil {
		t.Error("something else was written in its place")
	}
}

package apptest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"souk/internal/cart"
	"souk/internal/checkout"
	"souk/internal/id"
	"souk/internal/orders"
	"souk/internal/shipping"
)

// Home is where parcels go.
const Home = `{"email": "ada@example.com", "phone": "+49 30 123456", "shipping": {"name": "Ada", "line1": "1 Main St", "city": "Berlin", "postal_code": "10115", "country": "DE"}}`

// Cart is a cart that a test has filled.
type Cart struct{ cart.View }

// Path is the cart's, with more after it.
func (c Cart) Path(more string) string { return "/carts/" + c.ID.String() + more }

// Order is how checkout is asked for what the cart says it costs.
func (c Cart) Order(method string) string {
	return fmt.Sprintf(`{"cart_id": %q, "payment_method": %q, "expected_total": {"amount": %d, "currency": %q}}`,
		c.ID, method, c.Totals.GrandTotal.Minor, c.Totals.GrandTotal.Currency)
}

// Basket makes a cart with so many of each variant and nothing else.
func (a *App) Basket(t testing.TB, as string, quantity int, variants ...id.Variant) Cart {
	t.Helper()
	list := make([]cart.NewItem, len(variants))
	for i, v := range variants {
		list[i] = cart.NewItem{Variant: v, Quantity: quantity}
	}
	items, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	return Read[Cart](t, a.Call(t, as, "POST", "/carts", `{"items": `+string(items)+`}`).Want(t, 201))
}

// Cart is Basket with an address and the first way to ship chosen for each
// parcel: ready for checkout.
func (a *App) Cart(t testing.TB, as string, quantity int, variants ...id.Variant) Cart {
	t.Helper()
	c := a.Basket(t, as, quantity, variants...)
	a.Call(t, as, "PUT", c.Path("/addresses"), Home).Want(t, 200)
	return a.Ship(t, as, c)
}

// Ship chooses the first way to ship for each parcel.
func (a *App) Ship(t testing.TB, as string, c Cart) Cart {
	t.Helper()
	offered := Read[struct {
		Data []struct {
			Vendor  id.Vendor `json:"vendor_id"`
			Options []struct {
				ID id.ShipOption `json:"id"`
			} `json:"options"`
		} `json:"data"`
	}](t, a.Call(t, as, "GET", c.Path("/shipping-options"), "").Want(t, 200))
	var selections []string
	for _, parcel := range offered.Data {
		selections = append(selections, fmt.Sprintf(`{"vendor_id": %q, "option_id": %q}`, parcel.Vendor, parcel.Options[0].ID))
	}
	return Read[Cart](t, a.Call(t, as, "PUT", c.Path("/shipping"), `{"selections": [`+strings.Join(selections, ",")+`]}`).Want(t, 200))
}

// Place asks for the order of a cart under a key of its own.
func (a *App) Place(t testing.TB, as string, c Cart) Answer {
	t.Helper()
	return a.Call(t, as, "POST", "/checkout", c.Order("cod"), "Idempotency-Key", id.New[id.Event]().String())
}

// PlacedOrder fills a cart and orders it with cash on delivery.
func (a *App) PlacedOrder(t testing.TB, as string, quantity int, variants ...id.Variant) checkout.Placed {
	t.Helper()
	return Read[checkout.Placed](t, a.Place(t, as, a.Cart(t, as, quantity, variants...)).Want(t, 201))
}

// OrderPath is a guest's way to an order.
func OrderPath(p checkout.Placed, more string) string {
	return "/orders/" + p.Order.ID.String() + more + "?token=" + p.Order.AccessToken
}

// ShowOrder is an order as staff see it.
func (a *App) ShowOrder(t testing.TB, order id.Order) orders.StaffView {
	t.Helper()
	return Read[orders.StaffView](t, a.Call(t, Admin, "GET", "/admin/orders/"+order.String(), "").Want(t, 200))
}

// Send hands over what is left of a part of an order, or so many units of each
// of its lines when units is above 0.
func (a *App) Send(t testing.TB, order id.Order, part orders.Part, units int) shipping.Shipment {
	t.Helper()
	body := fmt.Sprintf(`{"vendor_order_id": %q, "courier": "DHL", "tracking_number": "123"`, part.ID)
	if units > 0 {
		var lines []string
		for _, line := range part.Items {
			lines = append(lines, fmt.Sprintf(`{"order_line_id": %q, "quantity": %d}`, line.ID, units))
		}
		body += `, "lines": [` + strings.Join(lines, ",") + `]`
	}
	return Read[shipping.Shipment](t, a.Call(t, Admin, "POST", "/admin/orders/"+order.String()+"/shipments", body+"}").Want(t, 201))
}

// Deliver hands a parcel to the buyer.
func (a *App) Deliver(t testing.TB, parcel shipping.Shipment) {
	t.Helper()
	a.Call(t, Admin, "POST", "/admin/shipments/"+parcel.ID.String()+"/events", `{"status": "delivered"}`).Want(t, 201)
}

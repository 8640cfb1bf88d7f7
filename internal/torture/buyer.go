package torture

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"souk/internal/money"
)

// buyer has a cart that is ready for checkout.
type buyer struct {
	Cart  string       `json:"id"`
	Total money.Amount `json:"-"`
}

// order is what a checkout acknowledged.
type order struct {
	ID     string `json:"id"`
	Number string `json:"number"`
	Status string `json:"status"`
	Token  string `json:"access_token"`
	Totals struct {
		Grand money.Amount `json:"grand_total"`
	} `json:"totals"`
}

var address = map[string]any{
	"email": "buyer@example.com", "phone": "+49 30 123456",
	"shipping": map[string]string{"name": "Ada", "line1": "1 Main St", "city": "Berlin", "postal_code": "10115", "country": "DE"},
}

// newBuyer fills a cart with one unit and takes it up to the last click.
func (s *shop) newBuyer(ctx context.Context, p product) (b buyer, err error) {
	_, err = s.insist(ctx, request{method: "POST", path: "/api/v1/carts", body: map[string]any{
		"items": []map[string]any{{"variant_id": p.variant(), "quantity": 1}},
	}}, &b)
	if err != nil {
		return b, err
	}
	cart := "/api/v1/carts/" + b.Cart
	if _, err = s.insist(ctx, request{method: "PUT", path: cart + "/addresses", body: address}, nil); err != nil {
		return b, err
	}
	var offered struct {
		Data []struct {
			Vendor  string `json:"vendor_id"`
			Options []struct {
				ID string `json:"id"`
			} `json:"options"`
		} `json:"data"`
	}
	if _, err = s.insist(ctx, request{method: "GET", path: cart + "/shipping-options"}, &offered); err != nil {
		return b, err
	}
	selections := []map[string]string{} // none where nothing is shipped
	for _, parcel := range offered.Data {
		if len(parcel.Options) == 0 {
			return b, fmt.Errorf("nothing ships from %s", parcel.Vendor)
		}
		selections = append(selections, map[string]string{"vendor_id": parcel.Vendor, "option_id": parcel.Options[0].ID})
	}
	var priced struct {
		Totals struct {
			Grand money.Amount `json:"grand_total"`
		} `json:"totals"`
	}
	_, err = s.insist(ctx, request{method: "PUT", path: cart + "/shipping", body: map[string]any{"selections": selections}}, &priced)
	b.Total = priced.Totals.Grand
	return b, err
}

func (b buyer) checkout(key string) request {
	return request{method: "POST", path: "/api/v1/checkout", key: key, body: map[string]any{
		"cart_id": b.Cart, "payment_method": "cod", "expected_total": b.Total,
	}}
}

// verdict is what became of a click on "order now".
type verdict struct {
	key      string
	order    *order // acknowledged
	replayed bool   // under a key that had its answer
	earlier  string // the order that the cart has become by another click
	refused  bool   // sold out
	wrong    string // none of these
	took     time.Duration
}

// click orders, and asks again with the same key for as long as nobody says
// what became of it.
func (s *shop) click(ctx context.Context, b buyer, key string, mayLose bool) verdict {
	v := verdict{key: key}
	began := time.Now()
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, 250*time.Millisecond) {
		a := s.call(ctx, b.checkout(key))
		v.took = time.Since(began)
		switch {
		case a.lost() && mayLose:
			s.report.count(func(r *Report) { r.Lost++ })
		case a.again():
			s.report.count(func(r *Report) { r.Busy++ })
		default:
			return v.read(a)
		}
		if time.Since(began) > patience {
			v.wrong = "no answer for " + patience.String() + ", at last: " + a.String()
			return v
		}
		if err := pause(ctx, wait); err != nil {
			v.wrong = err.Error()
			return v
		}
	}
}

func (v verdict) read(a answer) verdict {
	var said struct {
		Order     *order `json:"order"`
		OrderID   string `json:"order_id"`
		Available *int   `json:"available_quantity"`
	}
	if err := a.read(&said); err != nil {
		v.wrong = err.Error()
		return v
	}
	switch {
	case a.status == http.StatusCreated && said.Order != nil && said.Order.ID != "" && said.Order.Token != "":
		v.order, v.replayed = said.Order, a.header.Get("Idempotent-Replayed") == "true"
	case a.status == http.StatusConflict && a.code() == "cart_completed" && said.OrderID != "":
		v.earlier = said.OrderID
	case a.status == http.StatusConflict && a.code() == "insufficient_stock" && said.Available != nil && *said.Available == 0:
		v.refused = true
	default:
		v.wrong = a.String()
	}
	return v
}

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

	signedIn   bool // as the member of staff, whose token there is
	nothingDue bool // a gift card pays everything
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

// newBuyer fills a guest's cart with one unit and takes it up to the last click.
func (s *shop) newBuyer(ctx context.Context, p product) (buyer, error) {
	return s.fill(ctx, buyer{}, p)
}

// fill is newBuyer for a buyer who may be signed in, and wants one of each.
func (s *shop) fill(ctx context.Context, b buyer, goods ...product) (buyer, error) {
	items := make([]map[string]any, len(goods))
	for i, p := range goods {
		items[i] = map[string]any{"variant_id": p.variant(), "quantity": 1}
	}
	_, err := s.insist(ctx, request{method: "POST", path: "/api/v1/carts", staff: b.signedIn, body: map[string]any{"items": items}}, &b)
	if err != nil {
		return b, err
	}
	cart := "/api/v1/carts/" + b.Cart
	if _, err = s.insist(ctx, request{method: "PUT", path: cart + "/addresses", staff: b.signedIn, body: address}, nil); err != nil {
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
	if _, err = s.insist(ctx, request{method: "GET", path: cart + "/shipping-options", staff: b.signedIn}, &offered); err != nil {
		return b, err
	}
	selections := []map[string]string{} // none where nothing is shipped
	for _, parcel := range offered.Data {
		if len(parcel.Options) == 0 {
			return b, fmt.Errorf("nothing ships from %s", parcel.Vendor)
		}
		selections = append(selections, map[string]string{"vendor_id": parcel.Vendor, "option_id": parcel.Options[0].ID})
	}
	var now priced
	_, err = s.insist(ctx, request{method: "PUT", path: cart + "/shipping", staff: b.signedIn, body: map[string]any{"selections": selections}}, &now)
	b.Total = now.Totals.Grand
	return b, err
}

// priced is what a cart says it costs.
type priced struct {
	Totals struct {
		Grand money.Amount `json:"grand_total"`
	} `json:"totals"`
}

func (b buyer) checkout(key string) request {
	body := map[string]any{"cart_id": b.Cart, "payment_method": "cod", "expected_total": b.Total}
	if b.nothingDue {
		body["payment_method"], body["expected_due"] = "free", money.Zero(b.Total.Currency)
	}
	return request{method: "POST", path: "/api/v1/checkout", key: key, staff: b.signedIn, body: body}
}

// verdict is what became of a click on "order now".
type verdict struct {
	key      string
	order    *order // acknowledged
	replayed bool   // under a key that had its answer
	earlier  string // the order that the cart has become by another click
	refused  bool   // sold out
	outdated bool   // a discount has gone, or what was on a gift card
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
			return v.read(a, b.signedIn)
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

// read is the verdict of an answer; only a guest gets a token for the order.
func (v verdict) read(a answer, signedIn bool) verdict {
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
	case a.status == http.StatusCreated && said.Order != nil && said.Order.ID != "" && (said.Order.Token == "") == signedIn:
		v.order, v.replayed = said.Order, a.header.Get("Idempotent-Replayed") == "true"
	case a.status == http.StatusConflict && a.code() == "cart_completed" && said.OrderID != "":
		v.earlier = said.OrderID
	case a.status == http.StatusConflict && a.code() == "insufficient_stock" && said.Available != nil && *said.Available == 0:
		v.refused = true
	case a.status == http.StatusConflict && (a.code() == "promotion_used_up" || a.code() == "total_changed" || a.code() == "credit_changed"):
		v.outdated = true
	default:
		v.wrong = a.String()
	}
	return v
}

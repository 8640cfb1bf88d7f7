package app_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"souk/internal/app/apptest"
	"souk/internal/checkout"
	"souk/internal/id"
	"souk/internal/ledger"
	"souk/internal/orders"
	"souk/internal/platform/pgtest"
	"souk/internal/search"
	"souk/internal/verify"
)

// shopper is the main job of the shop, over the network, with everything
// running that `souk serve` runs.
type shopper struct {
	*apptest.App
	t           *testing.T
	mugs, lamps apptest.Goods
	placed      checkout.Placed
	live        *apptest.Stream
	steps       int64 // that the stream has told
}

func TestShopper(t *testing.T) {
	t.Parallel()
	s := &shopper{t: t, App: apptest.Run(t, pgtest.DB(t))}
	s.fillShop()
	s.browse()
	s.fillCart()
	s.followLive()
	s.shipInParts()
	s.comeBack()
	s.deliver()
	s.pay()
	s.cancel()
	s.register()
}

// sound is asked after each step of the story.
func (s *shopper) sound() {
	s.t.Helper()
	report, err := verify.Run(s.t.Context(), s.Pool)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, v := range report.Violations {
		s.t.Errorf("[%s] %s: %v", v.Rule, v.Text, v.Examples)
	}
}

func (s *shopper) get(as, path string) apptest.Answer {
	s.t.Helper()
	return s.Call(s.t, as, "GET", path, "").Want(s.t, 200)
}

func (s *shopper) fillShop() {
	potter, smith := s.Vendor(s.t, "potter"), s.Vendor(s.t, "smith")
	s.VAT(s.t, 190_000, true)
	s.mugs = s.Product(s.t, apptest.By(potter), apptest.Titled("Blue stoneware mug"), apptest.In("Home", "Kitchen"), apptest.Tagged("handmade"),
		apptest.Choice("Color", "blue", "red"), apptest.Price(1999), apptest.Stock(5))
	s.lamps = s.Product(s.t, apptest.By(smith), apptest.Titled("Brass lamp"), apptest.In("Home", "Light"), apptest.Branded("Lumen"),
		apptest.Price(4550), apptest.Stock(3))
	apptest.Await(s.t, "both products are listed", func() bool {
		return len(apptest.Read[search.Listing](s.t, s.get("", "/products")).Data) == 2
	})
	s.sound()
}

// browse finds the mug by words, by category and by color, and opens its page.
func (s *shopper) browse() {
	s.t.Helper()
	for _, query := range []string{"q=stoneware", "category=kitchen", "tag=handmade", "attr[color]=blue", "price[lte]=2000"} {
		name, value, _ := strings.Cut(query, "=")
		list := apptest.Read[search.Listing](s.t, s.get("", "/products?"+url.QueryEscape(name)+"="+value))
		if len(list.Data) != 1 || list.Data[0].ID != s.mugs.ID {
			s.t.Errorf("%s found %d products, want the mug", query, len(list.Data))
		}
	}
	counted := map[string]int64{}
	for _, facet := range apptest.Read[search.Listing](s.t, s.get("", "/products?facets=true&"+url.QueryEscape("attr[color]")+"=blue")).Facets {
		for _, value := range facet.Values {
			counted[facet.Key+" "+value.Value] = value.Count
		}
	}
	for _, want := range []string{"attr[color] blue", "attr[color] red"} {
		if counted[want] != 1 {
			s.t.Errorf("the facets count %d of %s, want 1, though blue was chosen: %v", counted[want], want, counted)
		}
	}
	s.get("", "/search/suggest?q=ston").Want(s.t, 200, "Blue stoneware mug")
	page := apptest.Read[search.Page](s.t, s.get("", "/products/"+s.mugs.Slug))
	if len(page.Variants) != 2 || page.Variants[0].AvailableQuantity == nil || *page.Variants[0].AvailableQuantity != 5 {
		s.t.Errorf("the page shows %+v, want two variants with 5 each", page.Variants)
	}
}

// fillCart goes from an empty cart to an order of two parts.
func (s *shopper) fillCart() {
	cart := s.Basket(s.t, "", 3, s.mugs.Variants[0])
	s.Call(s.t, "", "POST", cart.Path("/items"), fmt.Sprintf(`{"variant_id": %q, "quantity": 1}`, s.lamps.Variants[0])).Want(s.t, 200)
	s.Call(s.t, "", "PUT", cart.Path("/addresses"), apptest.Home).Want(s.t, 200)
	cart = s.Ship(s.t, "", cart)
	s.get("", cart.Path("/payment-methods")).Want(s.t, 200, `"cod"`)
	if got, want := cart.Totals.Items.Minor, int64(3*1999+4550); got != want {
		s.t.Errorf("the items cost %d, want %d", got, want)
	}
	s.placed = apptest.Read[checkout.Placed](s.t, s.Place(s.t, "", cart).Want(s.t, 201))
	order := s.placed.Order
	if order.Status != orders.StatusConfirmed || len(order.Parts) != 2 || order.GrandTotal != cart.Totals.GrandTotal {
		s.t.Errorf("the order is %s in %d parts for %v, want confirmed, 2, %v", order.Status, len(order.Parts), order.GrandTotal, cart.Totals.GrandTotal)
	}
	s.Call(s.t, "", "GET", cart.Path(""), "").Want(s.t, 404)
	s.wantLeft(2, 2)
	shown := apptest.Read[orders.View](s.t, s.get("", apptest.OrderPath(s.placed, "")))
	if diff := cmp.Diff(order.GrandTotal, shown.GrandTotal); diff != "" || shown.AccessToken != "" {
		s.t.Errorf("the order shows another total or its token: %s", diff)
	}
	s.Call(s.t, "", "GET", "/orders/"+order.ID.String(), "").Want(s.t, 404)
	s.sound()
}

func (s *shopper) wantLeft(mugs, lamps int) {
	s.t.Helper()
	if got := s.Left(s.t, s.mugs.Variants[0]); got != mugs {
		s.t.Errorf("%d mugs are left, want %d", got, mugs)
	}
	if got := s.Left(s.t, s.lamps.Variants[0]); got != lamps {
		s.t.Errorf("%d lamps are left, want %d", got, lamps)
	}
}

// followLive opens the stream, which first tells what has happened.
func (s *shopper) followLive() {
	s.live = s.Follow(s.t, "", apptest.OrderPath(s.placed, "/events"), "")
	s.hear("placed", "confirmed")
}

// hear waits for the next step and checks that none was skipped.
func (s *shopper) hear(event string, to orders.Status) orders.TimelineStep {
	s.t.Helper()
	e := s.live.Next(s.t)
	var step orders.TimelineStep
	if err := json.Unmarshal([]byte(e.Data), &step); err != nil {
		s.t.Fatal(err)
	}
	s.steps++
	if e.Name != event || step.To != to || e.ID != fmt.Sprint(s.steps) || step.Version != s.steps {
		s.t.Fatalf("heard %s, want step %d: %s, to %s", e, s.steps, event, to)
	}
	return step
}

// shipInParts sends the three mugs in two parcels, then the lamp.
func (s *shopper) shipInParts() {
	mugs := s.part(s.mugs)
	s.Send(s.t, s.placed.Order.ID, mugs, 1)
	s.hear("shipped", orders.StatusConfirmed)
	if got := s.part(s.mugs); got.Status != orders.PartPartiallyShipped || got.Items[0].Fulfilled != 1 {
		s.t.Errorf("the potter's part is %s with %d sent, want partially_shipped, 1", got.Status, got.Items[0].Fulfilled)
	}
	s.sound()
	s.Call(s.t, apptest.Admin, "POST", "/admin/orders/"+s.placed.Order.ID.String()+"/shipments",
		fmt.Sprintf(`{"vendor_order_id": %q, "lines": [{"order_line_id": %q, "quantity": 3}]}`, mugs.ID, mugs.Items[0].ID)).
		Want(s.t, 409, "quantity_exceeds_remaining")
	s.Send(s.t, s.placed.Order.ID, mugs, 0)
	s.hear("shipped", orders.StatusConfirmed)
	s.sound()
}

// comeBack loses the stream, misses a step and hears it on return, once.
func (s *shopper) comeBack() {
	s.live.Close()
	s.Send(s.t, s.placed.Order.ID, s.part(s.lamps), 0)
	s.live = s.Follow(s.t, "", apptest.OrderPath(s.placed, "/events"), fmt.Sprint(s.steps))
	s.hear("shipped", orders.StatusShipped)
	s.sound()
}

func (s *shopper) part(goods apptest.Goods) orders.Part {
	s.t.Helper()
	for _, part := range s.ShowOrder(s.t, s.placed.Order.ID).Parts {
		if part.Seller.ID == goods.Vendor {
			return part
		}
	}
	s.t.Fatalf("%s has no part of the order", goods.Vendor)
	return orders.Part{}
}

// deliver hands over the parcels; with the last one the order is delivered.
func (s *shopper) deliver() {
	parcels := append(s.part(s.mugs).Shipments, s.part(s.lamps).Shipments...)
	if len(parcels) != 3 {
		s.t.Fatalf("%d parcels left, want 3", len(parcels))
	}
	for i, parcel := range parcels {
		s.Deliver(s.t, parcel)
		to := orders.StatusShipped
		if i == len(parcels)-1 {
			to = orders.StatusDelivered
		}
		if step := s.hear("delivered", to); step.ShipmentID != parcel.ID {
			s.t.Errorf("heard of parcel %s, want %s", step.ShipmentID, parcel.ID)
		}
		s.sound()
	}
	s.wantLeft(2, 2)
}

// pay looks at the money: all of it was taken on delivery, and the books add up.
func (s *shopper) pay() {
	order := apptest.Read[orders.View](s.t, s.get("", apptest.OrderPath(s.placed, "")))
	if order.PaymentStatus != orders.PaymentPaid || len(order.Payments) != 1 || order.Payments[0].Captured != order.GrandTotal {
		s.t.Errorf("the order is %s by %+v, want paid by one payment of %v", order.PaymentStatus, order.Payments, order.GrandTotal)
	}
	trial, err := ledger.TrialBalance(s.t.Context(), s.DB)
	if err != nil {
		s.t.Fatal(err)
	}
	if len(trial) != 1 || trial[0].Debit != trial[0].Credit {
		s.t.Errorf("the books are %v, want one currency in balance", trial)
	}
	cash, err := ledger.Balance(s.t.Context(), s.DB, ledger.AccountKey{Kind: ledger.Clearing, Party: "cod"}, "USD")
	if err != nil {
		s.t.Fatal(err)
	}
	if cash != order.GrandTotal {
		s.t.Errorf("the books hold %v in cash, want %v", cash, order.GrandTotal)
	}
	if len(order.Timeline) != int(s.steps) {
		s.t.Errorf("the timeline has %d steps, the stream told %d", len(order.Timeline), s.steps)
	}
}

// cancel takes an order back: its stock returns and is listed again.
func (s *shopper) cancel() {
	gone := s.PlacedOrder(s.t, "", 2, s.mugs.Variants[0], s.lamps.Variants[0])
	s.wantLeft(0, 0)
	inStock := func() bool {
		list := apptest.Read[search.Listing](s.t, s.get("", "/products?in_stock=true"))
		return slices.ContainsFunc(list.Data, func(c search.Card) bool { return c.ID == s.lamps.ID })
	}
	apptest.Await(s.t, "the lamp is listed as sold out", func() bool { return !inStock() })
	s.Call(s.t, "", "POST", apptest.OrderPath(gone, "/cancel"), `{"reason": "changed my mind"}`).Want(s.t, 200, `"status":"cancelled"`)
	s.wantLeft(2, 2)
	apptest.Await(s.t, "the lamp is listed again", inStock)
	s.Call(s.t, apptest.Admin, "POST", "/admin/orders/"+gone.Order.ID.String()+"/shipments",
		fmt.Sprintf(`{"vendor_order_id": %q}`, gone.Order.Parts[0].ID)).Want(s.t, 409, "order_not_shippable")
	s.sound()
}

// register signs the shopper up, who claims the guest's cart, orders, signs in
// again and finds the order.
func (s *shopper) register() {
	cart := s.Cart(s.t, "", 1, s.mugs.Variants[1])
	who := fmt.Sprintf(`"password": %q`, apptest.Password)
	s.Call(s.t, "", "POST", "/auth/register", `{"username": "ada", "email": "ada@example.com", `+who+`}`).Want(s.t, 201, `"customer"`)
	in := apptest.Read[struct {
		Token string `json:"access_token"`
	}](s.t, s.Call(s.t, "", "POST", "/auth/login", `{"email": "ada@example.com", `+who+`}`).Want(s.t, 200))
	s.Know("ada", in.Token)
	mine := apptest.Read[apptest.Cart](s.t, s.Call(s.t, "ada", "POST", cart.Path("/claim"), "").Want(s.t, 200))
	s.Call(s.t, "", "GET", mine.Path(""), "").Want(s.t, 404)
	placed := apptest.Read[checkout.Placed](s.t, s.Place(s.t, "ada", mine).Want(s.t, 201))
	if placed.Order.AccessToken != "" {
		s.t.Error("a signed-in buyer was given a guest's token")
	}
	history := apptest.Read[struct {
		Data []struct{ ID id.Order }
	}](s.t, s.get("ada", "/me/orders"))
	if len(history.Data) != 1 || history.Data[0].ID != placed.Order.ID {
		s.t.Errorf("the history is %v, want the one order %s", history.Data, placed.Order.ID)
	}
	s.get("ada", "/me/orders/"+placed.Order.ID.String()).Want(s.t, 200, placed.Order.Number)
	s.Call(s.t, "ada", "GET", "/me/orders/"+s.placed.Order.ID.String(), "").Want(s.t, 404)
	s.sound()
}

package app_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"souk/internal/app/apptest"
	"souk/internal/checkout"
	"souk/internal/platform/pgtest"
)

// A customer finds all of their orders and nobody else's: the newest first, by
// status and by day, page by page, each with all that belongs to it.
func TestOrderHistory(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	mug := a.Variant(t, apptest.Stock(100))
	a.User(t, "ada")
	a.User(t, "eve")
	var placed []checkout.Placed
	for range 3 {
		placed = append(placed, a.PlacedOrder(t, "ada", 1, mug))
		a.PlacedOrder(t, "eve", 1, mug)
	}
	a.Deliver(t, a.Send(t, placed[0].Order.ID, placed[0].Order.Parts[0], 0))
	a.Call(t, "ada", "POST", "/orders/"+placed[1].Order.ID.String()+"/cancel", `{"reason": "too many"}`).Want(t, 200)
	delivered, cancelled, open := placed[0].Order.Number, placed[1].Order.Number, placed[2].Order.Number

	type page struct {
		Data []struct {
			Number string `json:"number"`
		} `json:"data"`
		HasMore bool   `json:"has_more"`
		Next    string `json:"next_cursor"`
		Total   *int   `json:"total_count"`
	}
	list := func(query string) page {
		return apptest.Read[page](t, a.Call(t, "ada", "GET", "/me/orders"+query, "").Want(t, 200))
	}
	tomorrow := url.QueryEscape(time.Now().Add(24 * time.Hour).Format(time.RFC3339))
	for query, want := range map[string][]string{
		"":                             {open, cancelled, delivered},
		"?sort=-created_at":            {open, cancelled, delivered},
		"?status=delivered":            {delivered},
		"?status=cancelled,confirmed":  {open, cancelled},
		"?status=returned":             nil,
		"?created_at[gte]=" + tomorrow: nil,
		"?created_at[lt]=" + tomorrow:  {open, cancelled, delivered},
		"?status=delivered&created_at[lt]=" + tomorrow: {delivered},
	} {
		var got []string
		for _, o := range list(query).Data {
			got = append(got, o.Number)
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
	first := list("?limit=2&include=total_count")
	second := list("?limit=2&after=" + first.Next)
	if len(first.Data) != 2 || !first.HasMore || first.Total == nil || *first.Total != 3 || len(second.Data) != 1 || second.HasMore || second.Data[0].Number != delivered {
		t.Errorf("pages %+v and %+v", first, second)
	}

	shown := map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(a.Call(t, "ada", "GET", "/me/orders/"+placed[0].Order.ID.String(), "").Want(t, 200).Body), &shown); err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{
		"id", "number", "status", "payment_status", "fulfillment_status", "currency", "email", "items", "vendor_orders",
		"addresses", "totals", "payments", "refunds", "returns", "timeline",
	} {
		if value := string(shown[field]); value == "" || value == "null" {
			t.Errorf("an order has no %s", field)
		}
	}
	a.Call(t, "eve", "GET", "/me/orders/"+placed[0].Order.ID.String(), "").Want(t, 404)
	a.Call(t, "", "GET", "/me/orders", "").Want(t, 401)
}

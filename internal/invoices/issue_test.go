package invoices_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"souk/internal/app/apptest"
	"souk/internal/checkout"
	"souk/internal/id"
	"souk/internal/platform/pgtest"
)

// Many orders of one seller are billed at once, each by two jobs: each has one
// invoice, and the numbers run from 1 without a gap.
func TestNumbersHaveNoGapsUnderARush(t *testing.T) {
	t.Parallel()
	shop := apptest.New(t, pgtest.DB(t))
	mug := shop.Variant(t, apptest.Stock(100))
	var placed []checkout.Placed
	for range 12 {
		p := shop.PlacedOrder(t, "", 1, mug)
		shop.Send(t, p.Order.ID, p.Order.Parts[0], 0)
		placed = append(placed, p)
	}
	var wg sync.WaitGroup
	for _, p := range placed {
		for range 2 {
			wg.Go(func() {
				if err := shop.Invoices.Follow(t.Context(), p.Order.ID); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	shop.WantRows(t, "invoices", len(placed))
	if n := shop.Count(t, `SELECT count(*)::int FROM generate_series(1, (SELECT max(serial) FROM invoices)) n WHERE NOT EXISTS (SELECT FROM invoices i WHERE i.serial = n)`, nil); n != 0 {
		t.Errorf("%d numbers are missing", n)
	}
	shop.WantSound(t)
}

// Each period of a membership is an order of the marketplace's own, and has an
// invoice: when one joins and at each renewal, also where nobody pays anything.
func TestEveryRenewalHasAnInvoice(t *testing.T) {
	for _, price := range []int{999, 0} {
		t.Run(fmt.Sprint(price), func(t *testing.T) {
			shop := apptest.New(t, pgtest.Tx(t))
			shop.VAT(t, 190_000, true)
			etag := shop.Call(t, apptest.Admin, "GET", "/admin/settings", "").Header.Get("ETag")
			shop.Call(t, apptest.Admin, "PATCH", "/admin/settings", `{"settings": {"payments.transfer_instructions": "UPI: market@bank"}}`, "If-Match", etag).Want(t, 200)
			plan := apptest.Read[struct{ ID string }](t, shop.Call(t, apptest.Admin, "POST", "/admin/plans",
				fmt.Sprintf(`{"name": "Gold", "interval": {"unit": "day", "count": 30}, "grace_days": 10, "prices": [{"amount": %d, "currency": "USD"}]}`, price)).Want(t, 201)).ID
			shop.User(t, "ann")
			method := map[bool]string{true: "free", false: "bank_transfer"}[price == 0]
			shop.Call(t, "ann", "POST", "/me/membership", `{"plan_id": "`+plan+`", "payment_method": "`+method+`",
				"billing": {"name": "Ann", "line1": "1 Main St", "city": "Berlin", "postal_code": "10115", "country": "DE"}}`).Want(t, 201)
			paid(t, shop, price)
			shop.Call(t, "ann", "GET", "/me/membership", "").Want(t, 200, `"status":"active"`)
			for _, sql := range []string{
				`UPDATE membership_periods SET starts_at = starts_at - interval '29 days', ends_at = ends_at - interval '29 days'`,
				`UPDATE memberships SET ends_at = ends_at - interval '29 days', benefits_until = benefits_until - interval '29 days', due_at = now()`,
			} {
				if _, err := shop.DB.Exec(t.Context(), sql); err != nil {
					t.Fatal(err)
				}
			}
			if err := shop.Checkout.Renew(t.Context()); err != nil {
				t.Fatal(err)
			}
			paid(t, shop, price)
			shop.WantRows(t, "membership_periods", 2)
			var bills []string
			for _, order := range apptest.Read[struct {
				Data []struct{ ID string }
			}](t, shop.Call(t, "ann", "GET", "/me/orders", "").Want(t, 200)).Data {
				for _, i := range apptest.Read[list](t, shop.Call(t, "ann", "GET", "/orders/"+order.ID+"/invoices", "").Want(t, 200)).Data {
					bills = append(bills, told([]shown{i})...)
				}
			}
			year, tax := year(t, shop), (price*19+59)/119
			want := fmt.Sprintf("invoice I%[1]s-000002, goods 1 %[2]d/%[3]d = %[2]d/%[3]d\ninvoice I%[1]s-000001, goods 1 %[2]d/%[3]d = %[2]d/%[3]d", year, price, tax)
			if got := strings.Join(bills, "\n"); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			shop.WantSound(t)
		})
	}
}

// paid sees the transfer for what is to be paid come, and what follows.
func paid(t *testing.T, shop *apptest.App, price int) {
	t.Helper()
	flush(t, shop)
	if price > 0 {
		payment := apptest.Read[struct {
			Data []struct{ ID string }
		}](t, shop.Call(t, apptest.Admin, "GET", "/admin/payments?method=bank_transfer", "").Want(t, 200)).Data[0].ID
		shop.Call(t, apptest.Admin, "POST", "/admin/payments/"+payment+"/capture", "", "Idempotency-Key", id.New[id.Event]().String()).Want(t, 200)
	}
	flush(t, shop)
}

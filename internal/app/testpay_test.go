package app_test

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/app/apptest"
	"souk/internal/checkout"
	"souk/internal/id"
	"souk/internal/payments"
	"souk/internal/payments/testpay"
	"souk/internal/platform/pgtest"
)

// takeTestPayments lets orders of a shop be paid with no money.
func takeTestPayments(t *testing.T, a *apptest.App) {
	t.Helper()
	provider, err := a.Payments.Online(testpay.Method)
	if err != nil {
		t.Fatal(err)
	}
	a.InTx(t, func(tx pgx.Tx) error {
		return a.Payments.Accounts.Set(t.Context(), tx, provider, payments.Account{Enabled: true}, nil)
	})
}

// placeToPay places an order that waits for a test payment.
func placeToPay(t *testing.T, a *apptest.App) checkout.Placed {
	t.Helper()
	cart := a.Cart(t, "", 1, a.Variant(t))
	placed := apptest.Read[checkout.Placed](t, a.Call(t, "", "POST", "/checkout", cart.Order("test"), "Idempotency-Key", id.New[id.Event]().String()).Want(t, 201))
	if placed.Payment.Next == nil || placed.Payment.Next.Kind != "redirect" {
		t.Fatalf("the payment is %+v, want somewhere to go", placed.Payment)
	}
	return placed
}

// A buyer is declined, tries another card, proves to be its holder and is back in
// the shop with a paid order.
func TestATestPaymentIsPaidOnItsPage(t *testing.T) {
	t.Parallel()
	shop := apptest.Run(t, pgtest.DB(t))
	takeTestPayments(t, shop)
	b := shop.Browser(t)
	placed := placeToPay(t, shop)
	page := testpay.Page(placed.Payment.ID)

	b.Open(page)
	b.Sees("main", placed.Order.Number)
	b.Picture("test-payment")
	b.Click("[value=insufficient_funds]")
	b.Sees(".notice.bad", "not enough money")
	b.Picture("test-payment-declined")
	b.Click("[value=challenge]")
	b.Sees("h2", "is it you")
	b.Picture("test-payment-challenge")
	b.Click("[value=declined]")
	b.Sees(".notice.bad", "was declined")
	b.Click("[value=challenge]")
	b.Sees("h2", "is it you")
	b.Click("[value=pays]")
	b.Sees(".notice:not([hidden])", "It is paid")
	b.Picture("test-payment-paid")
	b.Click("a.primary")
	b.At("/")
	if got := b.Read("location.search"); got != fmt.Sprintf("?order=%s&payment_status=captured", placed.Order.ID) {
		t.Errorf("came back with %s", got)
	}
	if order := shop.ShowOrder(t, placed.Order.ID); order.PaymentStatus != "paid" || order.Status != "confirmed" {
		t.Errorf("the order is %s, %s", order.Status, order.PaymentStatus)
	}
}

// There is no such page for a payment of another kind, nor for none, and other
// sites cannot choose.
func TestOnlyTestPaymentsHaveAPage(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	takeTestPayments(t, a)
	cash := a.PlacedOrder(t, "", 1, a.Variant(t))
	waits := placeToPay(t, a)
	for _, page := range []string{testpay.Page(cash.Payment.ID), testpay.Page(id.New[id.Payment]()), "/pay/test/none"} {
		a.Call(t, "", "GET", "@"+page, "").Want(t, 404)
		a.Call(t, "", "POST", "@"+page, "card=pays", "Content-Type", "application/x-www-form-urlencoded").Want(t, 404)
	}
	page := testpay.Page(waits.Payment.ID)
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	a.Call(t, "", "POST", "@"+page, "card=pays", append(form, "Sec-Fetch-Site", "cross-site")...).Want(t, 403)
	a.Call(t, "", "POST", "@"+page, "card=4242", form...).Want(t, 422)
	a.Call(t, "", "POST", "@"+page, "card=pays", form...).Want(t, 303)
	a.Call(t, "", "POST", "@"+page, "card=declined", form...).Want(t, 303) // of a tab that was left open
	a.Call(t, "", "GET", "@"+page, "").Want(t, 200, "It is paid.")
}

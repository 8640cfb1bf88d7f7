package app_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"souk/internal/app/apptest"
	"souk/internal/platform/pgtest"
)

// Nobody who has a connection waits for another: where each request that writes
// took two, as many of them as there are connections would stand for ever.
func TestOneConnectionIsEnough(t *testing.T) {
	t.Parallel()
	config := pgtest.DB(t).Config()
	config.MaxConns = 1
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	shop := apptest.New(t, pool)
	takeTestPayments(t, shop)
	shop.Time.Advance(2 * time.Second) // nothing is remembered of the account
	placed := placeToPay(t, shop)
	order := "/orders/" + placed.Order.ID.String()
	shop.Call(t, "", "POST", order+"/pay?token="+placed.Order.AccessToken, `{"payment_method": "cod"}`).Want(t, 200)
	shop.Call(t, apptest.Admin, "POST", "/admin"+order+"/shipments", `{"courier": "DHL", "tracking_number": "42"}`).Want(t, 201)
	cash := shop.PlacedOrder(t, "", 1, shop.Variant(t))
	shop.Call(t, "", "POST", "/orders/"+cash.Order.ID.String()+"/cancel?token="+cash.Order.AccessToken, "").Want(t, 200)
	shop.Call(t, apptest.Admin, "PUT", "/admin/payment-providers/test", `{"live": true}`).Want(t, 200)
}

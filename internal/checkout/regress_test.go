package checkout_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/cart"
	"souk/internal/checkout"
	"souk/internal/money"
	"souk/internal/payments"
)

// teller is a card that remembers what it was asked for.
type teller struct {
	card
	asked *[]money.Amount
}

func (teller) Method() string { return "paypal" }

func (p teller) Start(ctx context.Context, s payments.Start) (payments.Begun, error) {
	*p.asked = append(*p.asked, s.Amount)
	return p.card.Start(ctx, s)
}

// R17: what the provider is asked for is the order's total, in whole yen, cents
// and fils: 3 × 1999 are 5997, a tenth off leaves 5397, and 19 % of it are 1025.
func TestR17TheProviderIsAskedForTheTotal(t *testing.T) {
	t.Parallel()
	for _, currency := range []money.Currency{"JPY", "USD", "KWD"} {
		t.Run(string(currency), func(t *testing.T) {
			t.Parallel()
			s := open(t)
			var asked []money.Amount
			s.flow.Payments.Providers = append(s.flow.Payments.Providers, teller{asked: &asked})
			s.taxed(false, 190_000)
			s.promote(tenOff(), "")
			song := s.sell(goods{price: 1999, digital: true})
			if currency != "USD" {
				price := pgx.NamedArgs{"currency": currency, "variant": song}
				s.exec(`INSERT INTO prices (variant_id, currency, amount_minor) VALUES (@variant, @currency, 1999)`, price)
				s.exec(`INSERT INTO price_history (variant_id, currency, amount_minor, actor) VALUES (@variant, @currency, 1999, 'test')`, price)
			}
			c := decode[cart.View](s.call("", "POST", "/carts", fmt.Sprintf(`{"currency": %q, "items": [{"variant_id": %q, "quantity": 3}]}`, currency, song)).want(201))
			c = decode[cart.View](s.call("", "PUT", "/carts/"+c.ID.String()+"/addresses", home).want(200))
			placed := decode[checkout.Placed](s.checkout("", c, "paypal").want(201))

			want := money.Of(6422, currency)
			if placed.Order.GrandTotal != want || len(asked) != 1 || asked[0] != want {
				t.Errorf("the order comes to %s, and the provider is asked for %v, want %s", placed.Order.GrandTotal, asked, want)
			}
			kept := pgx.NamedArgs{"order": placed.Order.ID, "minor": want.Minor, "currency": currency}
			if n := s.count(`SELECT count(*)::int FROM payments WHERE order_id = @order AND amount_minor = @minor AND currency = @currency`, kept); n != 1 {
				t.Errorf("%d payments are of %s", n, want)
			}
			s.sound()
		})
	}
}

package app_test

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/app/apptest"
	"souk/internal/id"
	"souk/internal/platform/pgtest"
)

// given is a gift card with its code.
func given(t *testing.T, a *apptest.App, minor int, currency string) (card id.GiftCard, code string) {
	t.Helper()
	made := a.Call(t, apptest.Admin, "POST", "/admin/gift-cards",
		fmt.Sprintf(`{"amount": {"amount": %d, "currency": %q}, "gift": {"email": "ann@example.com"}, "reason": "a test"}`, minor, currency)).Want(t, 201)
	card, err := id.Parse[id.GiftCard](apptest.Read[answer](t, made).text("id"))
	if err != nil {
		t.Fatal(err)
	}
	_, code, err = a.Credit.ToMail(t.Context(), a.DB, card)
	if err != nil {
		t.Fatal(err)
	}
	return card, code
}

// Row 44: a gift card of another currency, spent, expired, disabled or unknown
// pays nothing, and none buys another.
func TestGiftCardsThatPayNothing(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	mug := a.Variant(t, apptest.Price(1000))
	c := a.Cart(t, "", 1, mug)
	state := func(sql string) string {
		card, code := given(t, a, 5000, "USD")
		change(t, a, sql, pgx.NamedArgs{"card": card})
		return code
	}
	_, euros := given(t, a, 5000, "EUR")
	const code = `"code":"gift_card_not_applicable"`
	pay := func(path, written string) apptest.Answer {
		return a.Call(t, "", "POST", path, fmt.Sprintf(`{"code": %q}`, written))
	}
	pay(c.Path("/gift-cards"), euros).Want(t, 422, code, "It is in EUR.")
	pay(c.Path("/gift-cards"), state(`UPDATE gift_cards SET expires_at = now() - interval '1 second' WHERE id = @card`)).Want(t, 422, code, "It has expired.")
	pay(c.Path("/gift-cards"), state(`UPDATE gift_cards SET balance_minor = 0 WHERE id = @card`)).Want(t, 422, code, "Nothing is left on it.")
	disabled := state(`UPDATE gift_cards SET status = 'disabled' WHERE id = @card`)
	for _, written := range []string{disabled, "AAAA-BBBB-CCCC-DDDD", "x", "' OR 1=1 --"} { // one answer for all that strangers must not tell apart
		answered := pay(c.Path("/gift-cards"), written).Want(t, 422, code)
		if reason, told := apptest.Read[answer](t, answered)["reason"]; told {
			t.Errorf("%q is refused because %v", written, reason)
		}
		pay("/gift-cards/balance", written).Want(t, 404, `"code":"gift_card_not_found"`)
	}

	cards := apptest.Read[answer](t, a.Call(t, apptest.Admin, "POST", "/admin/products",
		`{"title": "Gift card", "gift_card": true, "status": "active", "variants": [{"price": {"amount": 2500, "currency": "USD"}}]}`).Want(t, 201, `"gift_card":true`, `"taxable":false`))
	variant := cards["variants"].([]any)[0].(map[string]any)["id"].(string)
	with := apptest.Read[apptest.Cart](t, a.Call(t, "", "POST", "/carts", fmt.Sprintf(`{"items": [{"variant_id": %q, "quantity": 1}]}`, variant)).Want(t, 201))
	_, good := given(t, a, 5000, "USD")
	pay(with.Path("/gift-cards"), good).Want(t, 422, code, "Gift cards are not bought with gift cards or store credit.")
	pay(c.Path("/gift-cards"), good).Want(t, 200, `"due":{"amount":0,`)
	a.Call(t, "", "POST", c.Path("/items"), fmt.Sprintf(`{"variant_id": %q, "quantity": 1}`, variant)).Want(t, 200, `"pays":{"amount":0,`, "Gift cards are not bought with gift cards")
}

// Row 40, of gift cards: who guesses codes is stopped, at both doors.
func TestGuessesAtGiftCardsAreStopped(t *testing.T) {
	for name, want := range map[string]int{"balance": 30, "cart": 10} { // an address has 30 in all
		t.Run(name, func(t *testing.T) {
			a := apptest.New(t, pgtest.Tx(t), apptest.Limited())
			door := "/gift-cards/balance"
			if name == "cart" {
				door = a.Basket(t, "", 1, a.Variant(t)).Path("/gift-cards")
			}
			answered := 0
			for n := range 32 {
				if got := a.Call(t, "", "POST", door, fmt.Sprintf(`{"code": "AAAA-BBBB-CCCC-%04d"}`, n)); got.Status != 429 {
					answered++
				}
			}
			if answered != want {
				t.Errorf("%d guesses are answered, want %d", answered, want)
			}
		})
	}
}

package app_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/pquerna/otp/totp"

	"souk/internal/app/apptest"
	"souk/internal/clock"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// A wrong password is told at the form, and nobody gets in.
func TestSignInPage(t *testing.T) {
	t.Parallel()
	shop := apptest.Run(t, pgtest.DB(t))
	b := shop.Browser(t)
	b.Open("/account/sign-in")
	b.Type("[name=name]", "nobody@example.com")
	b.Type("[name=password]", "quite wrong words")
	b.Click("#password .primary")
	b.Sees("#notice", "do not belong together")
	b.Picture("sign-in-wrong")
}

// Somebody signs up in a browser, sets up a passkey and an authenticator app,
// and comes back with each of them; the refresh token is in no script's reach.
func TestAccountPages(t *testing.T) {
	t.Parallel()
	shop := apptest.Run(t, pgtest.DB(t))
	b := shop.Browser(t)
	b.Authenticator()

	b.Open("/account")
	b.At("/account/sign-in")
	b.Open("/account/register")
	b.Type("[name=username]", "ann")
	b.Type("[name=email]", "ann@example.com")
	b.Type("[name=password]", "short")
	b.Click("#register .primary")
	b.Sees(".wrong", "at least 10 characters")
	b.Picture("register-wrong")
	b.Type("[name=password]", "seven purple lanterns")
	b.Click("#register .primary")
	b.At("/account")
	b.Sees("#who", "ann")
	b.Sees("#mailbox", "not verified yet")
	if cookie := b.Read("document.cookie"); cookie != "" {
		t.Errorf("scripts can read the cookie %s", cookie)
	}

	b.Click("#add-passkey")
	b.Sees("#notice", "passkey is ready")
	b.Click("#add-totp")
	b.Sees("#totp", "Scan this")
	b.Type("#totp [name=code]", oneTimeCode(t, b.Read(`document.querySelector("#totp-secret").textContent`)))
	b.Click("#totp .primary")
	b.Sees("#recovery", "Keep these recovery codes")
	b.Picture("account")
	recovery := b.Read(`document.querySelector("#codes li").textContent`)

	b.Click("#sign-out")
	b.At("/account/sign-in")
	b.Click("#passkey")
	b.At("/account")
	b.Sees("#who", "ann")

	b.Click("#sign-out")
	b.At("/account/sign-in")
	b.Type("[name=name]", "ann@example.com")
	b.Type("[name=password]", "seven purple lanterns")
	b.Click("#password .primary")
	b.Sees("#otp", "authenticator app")
	b.Picture("sign-in-otp")
	b.Type("[name=otp]", recovery)
	b.Click("#otp .primary")
	b.At("/account")
	b.Sees("#totp-state", "9 recovery codes")
}

// register signs ann up in a browser.
func register(b *apptest.Browser) {
	b.Open("/account/register")
	b.Type("[name=username]", "ann")
	b.Type("[name=email]", "ann@example.com")
	b.Type("[name=password]", "seven purple lanterns")
	b.Click("#register .primary")
}

// What somebody has bought is fetched on the account page: a key is shown and a
// file comes, which counts.
func TestDigitalGoodsOnTheAccountPage(t *testing.T) {
	t.Parallel()
	shop := apptest.Run(t, pgtest.DB(t))
	song, licence := shop.Variant(t, apptest.Titled("Song"), apptest.Digital(), apptest.Untracked(), apptest.Price(0)),
		shop.Variant(t, apptest.Titled("Game"), apptest.Digital(), apptest.Stock(0), apptest.Price(0))
	shop.Call(t, apptest.Admin, "POST", "/admin/variants/"+song.String()+"/files?name=song.ogg", "la la la", "Content-Type", "audio/ogg").Want(t, 201)
	shop.Call(t, apptest.Admin, "POST", "/admin/variants/"+licence.String()+"/licence-keys", `{"keys": ["GAME-7QF2-11AA-93KD"]}`).Want(t, 201)
	b := shop.Browser(t)
	register(b)
	b.At("/account")
	login := apptest.Read[struct {
		Token string `json:"access_token"`
	}](t, shop.Call(t, "", "POST", "/auth/login", `{"email": "ann@example.com", "password": "seven purple lanterns"}`).Want(t, 200))
	shop.Know("ann", login.Token)
	cart := shop.Basket(t, "ann", 1, song, licence)
	shop.Call(t, "ann", "PUT", cart.Path("/addresses"), `{"email": "ann@example.com", "billing": {"name": "Ann", "line1": "1 Side St", "city": "Berlin", "postal_code": "10115", "country": "DE"}}`).Want(t, 200)
	shop.Call(t, "ann", "POST", "/checkout", cart.Order("free"), "Idempotency-Key", "goods").Want(t, 201)

	b.Open("/account")
	b.Sees("#my-orders", "song.ogg, downloaded 0 of 10 times")
	b.Sees("#my-orders", "••••93KD")
	b.Picture("account-goods")
	b.Click("#my-orders li:nth-of-type(3) button")
	b.Sees("#my-orders", "GAME-7QF2-11AA-93KD")
	b.Click("#my-orders li:nth-of-type(2) button")
	b.Sees("#my-orders", "downloaded 1 of 10 times")
	b.At("/account")
}

// An order that has left has its invoice on the account page, and an hour later, too;
// one that has not has none.
func TestInvoicesOnTheAccountPage(t *testing.T) {
	t.Parallel()
	shop := apptest.Run(t, pgtest.DB(t))
	shop.VAT(t, 190_000, true)
	pots, rugs := shop.Owner(t, "potter"), shop.Owner(t, "weaver")
	shop.Call(t, "potter", "PUT", "/vendor/letterhead", `{"number_prefix": "PK", "register": "Amtsgericht Kiel, HRB 1234", "note": "Thank you for buying from a small shop!",
		"address": {"name": "Potter & Kiln GmbH", "line1": "Am Kai 3", "city": "Kiel", "postal_code": "24103", "country": "DE"}}`).Want(t, 200)
	mug, rug := shop.Variant(t, apptest.By(pots), apptest.Titled("Mug with a handle on either side")), shop.Variant(t, apptest.By(rugs), apptest.Titled("Rug"), apptest.Price(12_990))
	b := shop.Browser(t)
	register(b)
	b.At("/account")
	login := apptest.Read[struct {
		Token string `json:"access_token"`
	}](t, shop.Call(t, "", "POST", "/auth/login", `{"email": "ann@example.com", "password": "seven purple lanterns"}`).Want(t, 200))
	shop.Know("ann", login.Token)
	shop.PlacedOrder(t, "ann", 1, mug)
	p := shop.PlacedOrder(t, "ann", 2, mug, rug)
	for _, part := range p.Order.Parts {
		shop.Deliver(t, shop.Send(t, p.Order.ID, part, 0))
	}
	line := ""
	for _, part := range p.Order.Parts {
		if part.Seller.ID == pots {
			line = part.Items[0].ID.String()
		}
	}
	shop.Call(t, apptest.Admin, "POST", "/admin/orders/"+p.Order.ID.String()+"/refunds", `{"lines": [{"order_line_id": "`+line+`", "quantity": 1}], "reason": "The handle is loose."}`,
		"Idempotency-Key", "loose").Want(t, 201)
	apptest.Await(t, "two invoices and a credit note", func() bool { return shop.Count(t, `SELECT count(*) FROM invoices`, nil) == 3 })

	b.Open("/account")
	b.Sees("#my-orders", p.Order.Number)
	if n := b.Read(`String(document.querySelectorAll("#my-orders button").length)`); n != "1" {
		t.Errorf("%s orders of 2 offer an invoice", n)
	}
	b.Click("#my-orders button")
	b.Sees(".papers", "PKI"+strconv.Itoa(clock.System{}.Now().UTC().Year())+"-000001")
	b.Sees(".papers", "Credit note PKC")
	if got := b.Read(`document.querySelector(".papers").textContent`); strings.Contains(got, "undefined") || !strings.Contains(got, "weaver's stall") {
		t.Errorf("the sellers are not told: %s", got)
	}
	b.Picture("account-invoices")
	page := strings.TrimPrefix(b.Read(`document.querySelector(".papers a[href*='.html']").href`), shop.Config.PublicURL())

	b.Read(`window.open = () => null, Date.now = () => new Date().getTime() + 3600_000, document.querySelector(".papers a").href = "about:blank#old", ""`)
	b.Click(".papers a")
	b.Sees("h1", "Invoice")
	b.Sees("main", "Mug with a handle on either side")
	b.Picture("invoice")
	b.Open(page)
	b.Sees("main", "Total")
	b.Open("/account")
	b.Click("#my-orders button")
	b.Sees(".papers", "Credit note")
	b.Click("#my-orders button")
	if n := b.Read(`String(document.querySelectorAll(".papers").length)`); n != "0" {
		t.Error("the list does not close")
	}
}

// Somebody joins a plan by the test provider: they are led to its page, pay, come
// back and are a member.
func TestMembershipByATestCard(t *testing.T) {
	t.Parallel()
	shop := apptest.Run(t, pgtest.DB(t))
	takeTestPayments(t, shop)
	shop.Call(t, apptest.Admin, "POST", "/admin/plans", `{"name": "Gold", "interval": {"unit": "month", "count": 1}, "prices": [{"amount": 999, "currency": "USD"}],
		"benefits": {"percent_off": {"percent_ppm": 100000}}}`).Want(t, 201)
	b := shop.Browser(t)
	register(b)
	b.Sees("#plans", "10 % off")
	b.Click("#plans button")
	b.Sees("#join-method", "Test payment")
	for name, text := range map[string]string{"name": "Ann", "line1": "1 Side St", "city": "Berlin", "postal_code": "10115", "country": "DE"} {
		b.Type(`[name="billing/`+name+`"]`, text)
	}
	b.Click("#join .primary")
	b.Sees("main", "A card that pays")
	b.Picture("membership-test-card")
	b.Click("main button")
	b.Sees("main", "It is paid")
	b.Click("main .button")
	b.Sees("#member-state", "You are a member of Gold")
	b.Sees("#my-orders", "Invoice")
	b.Click("#my-orders button")
	b.Sees(".papers", "Invoice I")
	b.Picture("membership-by-card")
}

// Somebody joins a plan on the account page, is told how to pay, is a member once
// the money has come, ends it there, and sees what a better one would cost.
func TestMembershipOnTheAccountPage(t *testing.T) {
	t.Parallel()
	shop := apptest.Run(t, pgtest.DB(t))
	shop.InTx(t, func(tx pgx.Tx) error {
		return shop.Settings.Set(t.Context(), tx, map[string]json.RawMessage{"payments.transfer_instructions": json.RawMessage(`"UPI: market@bank"`)})
	})
	gold := apptest.Read[struct{ ID string }](t, shop.Call(t, apptest.Admin, "POST", "/admin/plans", `{"name": "Gold", "rank": 5, "interval": {"unit": "day", "count": 30}, "prices": [{"amount": 999, "currency": "USD"}],
		"pause_days": 30, "benefits": {"percent_off": {"percent_ppm": 100000}, "free_shipping_above": {"USD": 2000}}}`).Want(t, 201)).ID
	b := shop.Browser(t)
	register(b)
	b.Sees("#plans", "10 % off, free shipping above $20.00")
	b.Click("#plans button")
	b.Sees("#join-plan", "Join: Gold")
	b.Sees("#join-method", "Bank transfer")
	b.Type(`[name="billing/name"]`, "Ann")
	b.Click("#join .primary")
	b.Sees("#join .wrong", "required")
	b.Type(`[name="billing/line1"]`, "1 Side St")
	b.Type(`[name="billing/city"]`, "Berlin")
	b.Type(`[name="billing/postal_code"]`, "10115")
	b.Type(`[name="billing/country"]`, "DE")
	b.Picture("membership-join")
	b.Click("#join .primary")
	b.Sees("#notice", "UPI: market@bank")
	b.Picture("membership-to-pay")
	paid := apptest.Read[struct {
		Data []struct{ ID string }
	}](t, shop.Call(t, apptest.Admin, "GET", "/admin/payments?method=bank_transfer", "").Want(t, 200)).Data[0].ID
	shop.Call(t, apptest.Admin, "POST", "/admin/payments/"+paid+"/capture", "", "Idempotency-Key", paid).Want(t, 200)
	apptest.Await(t, "the membership", func() bool {
		return shop.Count(t, `SELECT count(*) FROM memberships WHERE status = 'active'`, nil) == 1
	})
	b.Open("/account#membership")
	b.Sees("#member-state", "You are a member of Gold")
	b.Picture("membership")
	b.Click("#member-cancel")
	b.Sees("#member-state", "It ends then")
	b.Click("#member-resume")
	b.Sees("#notice", "goes on")

	shop.Call(t, apptest.Admin, "POST", "/admin/plans", `{"name": "Platinum", "rank": 6, "interval": {"unit": "day", "count": 30}, "prices": [{"amount": 1800, "currency": "USD"}]}`).Want(t, 201)
	b.Open("/account#membership")
	b.Sees("#plans", "Platinum")
	b.Click("#plans button")
	b.Sees("#join-cost", "You pay $8.34 now: $18.00 less $9.66 for 29 unused days of Gold. It lasts until ")
	b.Picture("membership-upgrade")

	shop.Call(t, apptest.Admin, "POST", "/admin/plans", `{"name": "Silver", "rank": 1, "interval": {"unit": "day", "count": 30}, "prices": [{"amount": 500, "currency": "USD"}]}`).Want(t, 201)
	shop.Call(t, apptest.Admin, "POST", "/admin/plans/"+gold+"/archive", "").Want(t, 200)
	b.Open("/account#membership")
	b.Sees("#plans", "Silver")
	b.Sees("#plans", "Change with the next period") // it is lower than theirs, which is not offered any more
	b.Click("#plans button")
	b.Sees("#notice", "From the next period on you are a member of Silver")
	b.Picture("membership-of-an-archived-plan")
}

// Each mailed link leads to a page that does what the mail said, once.
func TestPagesOfMailedLinks(t *testing.T) {
	t.Parallel()
	shop := apptest.Run(t, pgtest.DB(t))
	b := shop.Browser(t)
	register(b)
	b.At("/account")

	link := mailedLink(t, shop, "/account/verify")
	b.Open(link)
	b.Sees("#done", "is yours")
	b.Open("/account")
	b.Sees("#mailbox", "verified")
	b.Open(link)
	b.Sees("#notice", "not valid any more")
	b.Picture("verify-twice")

	b.Open("/account/forgot")
	b.Type("[name=email]", "ann@example.com")
	b.Click("#forgot .primary")
	b.Sees("#notice", "on its way")
	b.Open(mailedLink(t, shop, "/account/reset"))
	b.Type("[name=password]", "nine amber harbours")
	b.Click("#reset .primary")
	b.Sees("#notice", "has been changed")
	b.At("/account/sign-in")

	b.Type("[name=name]", "ann@example.com")
	b.Click("#mail")
	b.Sees("#notice", "on its way")
	b.Open(mailedLink(t, shop, "/account/sign-in"))
	b.Click("#link .primary")
	b.At("/account")
	b.Sees("#who", "ann")
}

// A guest's mailbox says yes in a page, and may do so twice.
func TestAlertPage(t *testing.T) {
	t.Parallel()
	shop := apptest.Run(t, pgtest.DB(t))
	lamp := shop.Product(t, apptest.Titled("Brass lantern"))
	shop.Call(t, "", "POST", "/products/"+lamp.ID.String()+"/notify",
		fmt.Sprintf(`{"variant_id": %q, "email": "eve@example.com", "kind": "price_drop"}`, lamp.Variants[0])).Want(t, 202)
	link := mailedLink(t, shop, "/account/alert")
	b := shop.Browser(t)
	for range 2 {
		b.Open(link)
		b.Sees("#done", "Brass lantern")
	}
	b.Open(link + "x")
	b.Sees("#notice", "not valid any more")
	b.Picture("alert")
}

// mailedLink waits for the mail that leads to a page.
func mailedLink(t *testing.T, shop *apptest.App, page string) (link string) {
	t.Helper()
	apptest.Await(t, "a mail that leads to "+page, func() bool {
		bodies, err := postgres.Column[string](t.Context(), shop.DB, `SELECT text FROM messages ORDER BY id DESC`, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, body := range bodies {
			if _, rest, found := strings.Cut(body, page+"#token="); found {
				link = page + "#token=" + strings.Fields(rest)[0]
				return true
			}
		}
		return false
	})
	return link
}

// oneTimeCode is what an authenticator app shows now.
func oneTimeCode(t *testing.T, secret string) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, clock.System{}.Now())
	if err != nil {
		t.Fatal(err)
	}
	return code
}

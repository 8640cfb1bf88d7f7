package app_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/app/apptest"
	"souk/internal/checkout"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// things are what a side has, by name: ids, and what else requests hold.
type things map[string]string

// A world is a shop with two of everything: customers a and b, vendors a and b,
// a guest, and staff. What each side keeps to itself is marked with a text that
// stands nowhere else.
type world struct {
	*apptest.App
	t     *testing.T
	logs  *bytes.Buffer
	sides map[string]things
	marks []mark
}

// A mark is a text, and the sides that may see it; staff may see all.
type mark struct {
	text  string
	sides []string
}

// shop is the side of the staff: everything of side a, and what is the shop's.
const shop = "shop"

func newWorld(t *testing.T, db postgres.DB) *world {
	t.Helper()
	w := &world{t: t, logs: &bytes.Buffer{}, sides: map[string]things{}}
	w.App = apptest.NewLogging(t, db, slog.New(slog.NewTextHandler(w.logs, &slog.HandlerOptions{Level: slog.LevelDebug})))
	w.barred()
	w.Token(t, apptest.Admin)
	w.sides[shop] = things{}
	w.shopThings()
	for _, side := range []string{"a", "b"} {
		w.vendorThings("vendor " + side)
		w.customerThings("customer "+side, w.sides["vendor "+side])
	}
	w.guestThings(w.sides["vendor a"])
	w.customerShops("customer a", "vendor a")
	w.customerShops("customer b", "vendor b")
	w.downloads("customer a", "vendor a")
	w.downloads("customer b", "vendor b")
	w.opinions("customer a", "vendor a")
	w.opinions("customer b", "vendor b")
	w.teamOf("vendor a", "customer b")
	w.teamOf("vendor b", "customer a")
	w.wishThings()
	w.secretsOfSignIn("customer a")
	w.factors()
	for _, side := range []string{"customer a", "vendor a"} {
		for name, thing := range w.sides[side] {
			if w.sides[shop][name] == "" {
				w.sides[shop][name] = thing
			}
		}
	}
	for _, s := range w.sides { // what is offered to everybody
		for _, plan := range []string{"plan", "better plan", "best plan"} {
			s[plan] = w.sides[shop][plan]
		}
	}
	w.staff()
	return w
}

// mine marks a text as what only some sides may see.
func (w *world) mine(text string, sides ...string) string {
	for i, k := range w.marks {
		if k.text == text {
			w.marks[i].sides = append(k.sides, sides...)
			return text
		}
	}
	w.marks = append(w.marks, mark{text, sides})
	return text
}

// as calls and reads what is answered.
func (w *world) as(who, method, path, body string, headers ...string) answer {
	w.t.Helper()
	if who == "guest" {
		who = ""
	}
	got := w.Call(w.t, who, method, path, body, headers...)
	if got.Status >= 300 {
		w.t.Fatalf("%s %s as %s: %d %s", method, path, who, got.Status, got.Body)
	}
	if got.Body == "" {
		return answer{}
	}
	return apptest.Read[answer](w.t, got)
}

// answer is what the fixtures read of answers.
type answer map[string]any

func (a answer) text(name string) string { return a[name].(string) }

// first is a member of the first of a list.
func (a answer) first(list, name string) string {
	return a[list].([]any)[0].(map[string]any)[name].(string)
}

// shopThings are what only staff have, and what all sides need.
func (w *world) shopThings() {
	s := w.sides[shop]
	s["category"] = w.as(apptest.Admin, "POST", "/admin/categories", `{"name": "Kitchen"}`).text("id")
	s["collection"] = w.as(apptest.Admin, "POST", "/admin/collections", `{"title": "Finds", "published": true}`).text("id")
	s["soon"] = w.Clock.Now().AddDate(0, 1, 0).UTC().Format(time.RFC3339)
	for name, fields := range map[string]string{"plan": `"name": "Silver", "rank": 1`, "better plan": `"name": "Gold", "rank": 2, "pause_days": 30`, "best plan": `"name": "Platinum", "rank": 3`} {
		s[name] = w.as(apptest.Admin, "POST", "/admin/plans", `{`+fields+`, "interval": {"unit": "month", "count": 1}, "prices": [{"amount": 0, "currency": "USD"}]}`).text("id")
	}
	s["tag"] = w.as(apptest.Admin, "POST", "/admin/tags", `{"name": "old"}`).text("id")
	s["attribute"] = w.as(apptest.Admin, "POST", "/admin/attributes", `{"key": "fabric", "label": "Cloth", "kind": "text"}`).text("key")
	s["product type"] = w.as(apptest.Admin, "POST", "/admin/product-types", `{"key": "Tin", "label": "A tin", "attributes": [{"key": "fabric"}]}`).text("key")
	s["tax zone"] = w.VAT(w.t, 190_000, true).ID.String()
	s["shipping zone"] = w.as(apptest.Admin, "POST", "/admin/shipping/zones", `{"name": "Far", "countries": ["IS"]}`).text("id")
	s["shipping option"] = w.as(apptest.Admin, "POST", "/admin/shipping/options",
		`{"name": "Boat", "kind": "standard", "zone_id": "`+s["shipping zone"]+`", "min_days": 1, "max_days": 9, "price": {"amount": 900, "currency": "USD"}}`).text("id")
	s["empty zone"] = w.as(apptest.Admin, "POST", "/admin/shipping/zones", `{"name": "Empty", "countries": ["FO"]}`).text("id")
	for _, code := range []string{"here", "more"} { // one for each cart, and one to enter
		w.promotion(apptest.Admin, "/admin/promotions", "Code "+code, "active", code)
	}
	s["group"] = w.as(apptest.Admin, "POST", "/admin/customer-groups", `{"handle": "idle", "name": "Idle"}`).text("id")
	w.as(apptest.Admin, "POST", "/admin/customer-groups", `{"handle": "trade", "name": "Trade"}`)
	s["grouped"] = w.User(w.t, "grouped").ID.String()
	w.as(apptest.Admin, "PUT", "/admin/customer-groups/"+s["group"]+"/members/"+s["grouped"], "")
	s["currency"] = "CHF"
	s["role"] = w.as(apptest.Admin, "POST", "/admin/roles", `{"name": "idle", "label": "Idle", "permissions": ["orders.read"]}`).text("name")
	s["export"] = w.as(apptest.Admin, "POST", "/admin/exports", `{"format": "souk"}`).text("id")
	s["key"] = w.as(apptest.Admin, "POST", "/admin/api-keys", `{"name": "Shop till", "scopes": ["orders.read"]}`).text("id")
	w.as(apptest.Admin, "POST", "/admin/login-providers", `{"slug": "code", "preset": "github", "client_id": "c", "client_secret": "s", "enabled": true}`)
	s["provider"] = w.as(apptest.Admin, "POST", "/admin/login-providers", `{"slug": "spare", "preset": "github", "client_id": "c", "client_secret": "s"}`).text("id")
	s["user"], s["newcomer"] = w.User(w.t, "victim").ID.String(), w.User(w.t, "newcomer").ID.String()
	w.as(apptest.Admin, "POST", "/admin/users/"+s["user"]+"/store-credit/grant", `{"amount": {"amount": 500, "currency": "USD"}, "reason": "sorry"}`)
	w.as(apptest.Admin, "POST", "/admin/users/"+s["user"]+"/export", "")
	s["preset"] = "eu-vat"
	s["exemption"] = w.as(apptest.Admin, "POST", "/admin/users/"+s["user"]+"/tax-exemptions", `{"certificate": "C-0", "countries": ["NO"]}`).text("id")
	w.User(w.t, "applicant")
	s["applicant"] = w.as("applicant", "POST", "/vendors/apply", `{"name": "Hopeful"}`).text("id")
	w.exec(`INSERT INTO messages (id, event_id, kind, recipient, locale, subject, html, text, status)
		VALUES (@id, @id, 'test', 'someone@example.com', 'en', 'Hello', 'Hello', 'Hello', 'failed')`,
		pgx.NamedArgs{"id": w.ids(s, "message", id.New[id.Message]())})
	w.exec(`INSERT INTO webhook_inbox (id, provider, event_id, type, ref, body, happened_at, state) VALUES (@id, 'stripe', 'evt_1', 'charge.refunded', 'ch_1', '{}', now(), 'given_up')`,
		pgx.NamedArgs{"id": w.ids(s, "notice", id.New[id.Notice]())})
	w.exec(`INSERT INTO payment_exceptions (id, provider, kind, subject) VALUES (@id, 'stripe', 'unknown_payment', 'ch_1')`,
		pgx.NamedArgs{"id": w.ids(s, "exception", id.New[id.Exception]())})
	for name, door := range map[string]string{"category": "/admin/categories", "tag": "/admin/tags"} {
		s["gone "+name] = w.as(apptest.Admin, "POST", door, `{"name": "Gone"}`).text("id")
		w.as(apptest.Admin, "DELETE", door+"/"+s["gone "+name], "")
	}
	w.common(s)
	w.sides["nobody"] = things{}
	w.common(w.sides["nobody"])
}

// common are the things that are everybody's.
func (w *world) common(s things) {
	s["payment provider"], s["payment of cash"] = "stripe", id.New[id.Payment]().String()
	s["provider slug"], s["country"], s["password"], s["token"], s["digital token"], s["billed token"] = "code", "DE", apptest.Password, "", "", ""
	w.giftCard(s, "someone@example.com")
}

// ids gives a side an id that a fixture writes into the database by hand.
func (w *world) ids(s things, name string, v fmt.Stringer) any {
	s[name] = v.String()
	return v
}

func (w *world) exec(sql string, args pgx.NamedArgs) {
	w.t.Helper()
	w.InTx(w.t, func(tx pgx.Tx) error { _, err := postgres.Exec(w.t.Context(), tx, sql, args); return err })
}

func (w *world) column(sql string, args ...pgx.NamedArgs) [][16]byte {
	w.t.Helper()
	var named pgx.NamedArgs
	if len(args) > 0 {
		named = args[0]
	}
	ids, err := postgres.Column[[16]byte](w.t.Context(), w.DB, sql, named)
	if err != nil {
		w.t.Fatal(err)
	}
	return ids
}

func (w *world) vendorThings(side string) {
	s := things{}
	w.sides[side] = s
	w.common(s)
	vendor := w.Owner(w.t, dashed(side))
	w.Know(side, w.Token(w.t, dashed(side)))
	s["vendor"] = vendor.String()
	w.userThings(side, s)
	profile := w.Call(w.t, side, "GET", "/vendor/profile", "").Want(w.t, 200)
	w.as(side, "PATCH", "/vendor/profile", `{"email": "`+w.mine("zqdesk-"+dashed(side)+"@example.com", side)+`"}`, "If-Match", profile.Header.Get("ETag"))
	goods := w.Product(w.t, apptest.By(vendor), apptest.Titled("Mug"), apptest.Stock(100), apptest.Choice("Color", "blue", "red"))
	s["product"], s["variant"] = goods.ID.String(), goods.Variants[0].String()
	s["location"] = w.as(side, "GET", "/vendor/locations", "").first("data", "id")
	w.as(side, "PATCH", "/vendor/locations/"+s["location"], `{"name": "`+w.mine("Zqlocation "+dashed(side), side)+`"}`)
	w.as(side, "POST", "/vendor/inventory/adjustments", `{"variant_id": "`+s["variant"]+`", "location_id": "`+s["location"]+`", "delta": 5, "reason": "receive", "note": "`+w.mine("Zqnote "+dashed(side), side)+`"}`)
	w.exec(`INSERT INTO product_changes (id, product_id, vendor_id, edit) VALUES (@id, @product, @vendor, jsonb_build_object('title', @title::text))`, pgx.NamedArgs{
		"id": w.ids(s, "change", id.New[id.ProductChange]()), "product": goods.ID, "vendor": vendor, "title": w.mine("Zqwish "+dashed(side), side),
	})
	s["media"] = w.as(side, "POST", "/vendor/products/"+s["product"]+"/media/links", aLink).text("id")
	w.downloadable(side, vendor, map[string][]string{"vendor a": {"customer a", "guest"}, "vendor b": {"customer b"}}[side]...)
	for _, name := range []string{"draft", "pending", "archived"} {
		made := w.as(side, "POST", "/vendor/products", `{"title": "`+w.mine("Zq"+name+" "+dashed(side), side)+`", "status": "draft"}`).text("id")
		switch s[name] = made; name {
		case "pending":
			w.as(side, "POST", "/vendor/products/"+made+"/submit", "")
		case "archived":
			w.as(side, "DELETE", "/vendor/products/"+made, "")
		}
	}
	s["promotion"] = w.promotion(side, "/vendor/promotions", w.mine("Zqpromotion "+dashed(side), side), "paused", w.mine("ZQCODE-"+strings.ToUpper(dashed(side)), side))
	s["coupon"] = w.as(side, "GET", "/vendor/promotions/"+s["promotion"]+"/coupons", "").first("data", "id")
	s["list"] = w.as(side, "POST", "/vendor/price-lists", `{"name": "`+w.mine("Zqlist "+dashed(side), side)+`"}`).text("id")
	s["import"] = w.as(side, "POST", "/vendor/imports", "Handle,Title,Variant Price,"+w.mine("Zqcolumn "+dashed(side), side)+"\n", "Content-Type", "text/csv").text("id")
	s["unmapped"] = w.as(side, "POST", "/vendor/imports", "What,"+w.mine("Zqcolumn "+dashed(side), side)+"\n", "Content-Type", "text/csv").text("id")
	s["export"] = w.as(side, "POST", "/vendor/exports", `{}`).text("id")
	s["key"] = w.as(side, "POST", "/vendor/api-keys", `{"name": "`+w.mine("Zqkey "+dashed(side), side)+`", "scopes": ["vendor.use"]}`).text("id")
	s["invitation"] = w.as(side, "POST", "/vendor/team/invitations", `{"email": "`+w.mine("zqguest-"+dashed(side)+"@example.com", side)+`", "role": "viewer"}`).text("id")
}

// downloadable is something for nothing, in a file and by keys.
func (w *world) downloadable(side string, vendor id.Vendor, readers ...string) {
	s := w.sides[side]
	s["download"] = w.Variant(w.t, apptest.By(vendor), apptest.Digital(), apptest.Stock(0), apptest.Price(0)).String()
	at := "/vendor/variants/" + s["download"]
	s["file"] = w.as(side, "POST", at+"/files?name="+w.mine("zqfile-"+dashed(side), append(readers, side)...)+".txt", "Good to read", "Content-Type", "text/plain").text("id")
	var keys []string
	for i := range 6 {
		keys = append(keys, fmt.Sprintf(`"%s-%d"`, w.mine("zqlicence-"+dashed(side), readers...), i))
	}
	w.as(side, "POST", at+"/licence-keys", `{"keys": [`+strings.Join(keys, ", ")+`]}`)
	list := w.as(side, "GET", at+"/licence-keys", "")["data"].([]any)
	s["licence key"] = list[len(list)-1].(map[string]any)["id"].(string)
}

// downloads gives a buyer an order of files and keys.
func (w *world) downloads(side, vendor string) checkout.Placed {
	s := w.sides[side]
	as := side
	if side == "guest" {
		as = ""
	}
	variant, err := id.Parse[id.Variant](w.sides[vendor]["download"])
	if err != nil {
		w.t.Fatal(err)
	}
	c := w.Basket(w.t, as, 1, variant)
	w.as(as, "PUT", c.Path("/addresses"), `{"email": "`+w.mine("zqreader-"+dashed(side)+"@example.com", side)+`", "billing": `+address+`}`)
	placed := apptest.Read[checkout.Placed](w.t, w.Call(w.t, as, "POST", "/checkout",
		fmt.Sprintf(`{"cart_id": %q, "payment_method": "free", "expected_total": {"amount": 0, "currency": "USD"}}`, c.ID), "Idempotency-Key", c.ID.String()).Want(w.t, 201))
	if err := w.Checkout.HandOver(w.t.Context(), checkout.HandOverDue{OrderID: placed.Order.ID}); err != nil {
		w.t.Fatal(err)
	}
	s["digital order"], s["digital token"] = placed.Order.ID.String(), placed.Order.AccessToken
	for _, g := range w.as(apptest.Admin, "GET", "/admin/orders/"+s["digital order"]+"/digital-goods", "")["data"].([]any) {
		grant := g.(map[string]any)
		s[map[string]string{"file": "file grant", "licence_key": "key grant"}[grant["kind"].(string)]] = grant["id"].(string)
	}
	return placed
}

// giftCard gives a side a gift card with its code.
func (w *world) giftCard(s things, email string) {
	w.t.Helper()
	s["card"] = w.as(apptest.Admin, "POST", "/admin/gift-cards", fmt.Sprintf(`{"amount": {"amount": 5000, "currency": "USD"}, "gift": {"email": %q}, "reason": "sorry"}`, email)).text("id")
	card, err := id.Parse[id.GiftCard](s["card"])
	if err != nil {
		w.t.Fatal(err)
	}
	if _, s["gift card code"], err = w.Credit.ToMail(w.t.Context(), w.DB, card); err != nil {
		w.t.Fatal(err)
	}
}

// promotion is a promotion with one code.
func (w *world) promotion(as, door, name, status, code string) string {
	w.t.Helper()
	made := w.as(as, "POST", door, fmt.Sprintf(`{"name": %q, "status": %q, "needs_code": true, "reward": {"kind": "percent_off", "percent_ppm": 10000}}`, name, status)).text("id")
	w.as(as, "POST", door+"/"+made+"/coupons", fmt.Sprintf(`{"codes": [%q]}`, code))
	return made
}

func dashed(side string) string { return strings.ReplaceAll(side, " ", "-") }

func (w *world) customerThings(side string, seller things) {
	s := things{}
	w.sides[side] = s
	w.common(s)
	w.User(w.t, dashed(side))
	w.Know(side, w.Token(w.t, dashed(side)))
	w.userThings(side, s)
	w.join(side, s)
	s["variant"], s["product"], s["vendor"] = seller["variant"], seller["product"], seller["vendor"]
	w.as(side, "POST", "/me/export", "")
}

// join makes a customer a member, for nothing.
func (w *world) join(side string, s things) {
	joined := w.as(side, "POST", "/me/membership", `{"plan_id": "`+w.sides[shop]["better plan"]+`", "payment_method": "free", "billing": `+address+`}`)
	order, err := id.Parse[id.Order](joined["order"].(map[string]any)["id"].(string))
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.Checkout.HandOver(w.t.Context(), checkout.HandOverDue{OrderID: order}); err != nil {
		w.t.Fatal(err)
	}
	s["membership"] = w.as(side, "GET", "/me/membership", "").text("id")
}

// userThings are what everybody has who has signed up.
func (w *world) userThings(side string, s things) {
	mark := dashed(side)
	me := w.as(side, "GET", "/me", "")
	s["user"], s["email"] = me.text("id"), w.mine(me.text("email"), side)
	w.as(side, "PATCH", "/me", `{"name": "`+w.mine("Zqname "+mark, side)+`"}`)
	s["address"] = w.as(side, "POST", "/me/addresses", strings.Replace(address, "{", `{"label": "`+w.mine("Zqlabel "+mark, side)+`", `, 1)).text("id")
	s["gone address"] = w.as(side, "POST", "/me/addresses", address).text("id")
	w.as(side, "DELETE", "/me/addresses/"+s["gone address"], "")
	s["refresh token"] = w.signIn(s["email"]).RefreshToken
	for _, session := range w.as(side, "GET", "/me/sessions", "")["data"].([]any) {
		if session := session.(map[string]any); session["current"] == false {
			s["session"] = session["id"].(string)
		}
	}
	user := pgx.NamedArgs{"user": w.userOf(s), "email": w.mine("zqelsewhere-"+mark+"@example.com", side)}
	user["id"] = w.ids(s, "identity", id.New[id.Identity]())
	w.exec(`INSERT INTO oidc_identities (id, provider_id, subject, user_id, email)
		SELECT @id, id, @email, @user, @email FROM login_providers WHERE slug = 'code'`, user)
	user["id"], user["name"] = w.ids(s, "passkey", id.New[id.Factor]()), w.mine("Zqphone "+mark, side)
	w.exec(`INSERT INTO passkeys (id, user_id, credential_id, record, name) VALUES (@id, @user, decode(md5(@name), 'hex'), '{}', @name)`, user)
}

func (w *world) userOf(s things) id.User {
	w.t.Helper()
	user, err := id.Parse[id.User](s["user"])
	if err != nil {
		w.t.Fatal(err)
	}
	return user
}

func (w *world) signIn(email string) accounts.SignIn {
	w.t.Helper()
	signedIn, err := w.Accounts.Login(w.t.Context(), email, apptest.Password, "", accounts.Client{Address: netip.MustParseAddr("192.0.2.1")})
	if err != nil {
		w.t.Fatalf("sign in: %v", err)
	}
	return signedIn
}

// fill is a cart of a side, ready for checkout, with marks on whom it goes to.
func (w *world) fill(as, side string, seesAddress ...string) apptest.Cart {
	w.t.Helper()
	s, mark := w.sides[side], dashed(side)
	variant, err := id.Parse[id.Variant](s["variant"])
	if err != nil {
		w.t.Fatal(err)
	}
	c := w.Basket(w.t, as, 1, variant)
	w.as(as, "PUT", c.Path("/addresses"), fmt.Sprintf(`{"email": %q, "shipping": {"name": %q, "line1": %q, "city": "Berlin", "postal_code": "10115", "country": "DE"}}`,
		w.mine("zqbuyer-"+mark+"@example.com", side), w.mine("Zqrecipient "+mark, seesAddress...), w.mine("Zqstreet "+mark, seesAddress...)))
	return w.Ship(w.t, as, c)
}

// customerShops gives a customer an order, a parcel that is on its way and a
// cart; the vendor has its side of them.
func (w *world) customerShops(side, vendor string) {
	s, seller := w.sides[side], w.sides[vendor]
	sent := w.placed(side, w.fill(side, side, side, vendor))
	parcel := w.Send(w.t, sent.Order.ID, sent.Order.Parts[0], 0)
	w.bill(s, seller, sent)
	order := w.placed(side, w.fill(side, side, side, vendor))
	w.as(apptest.Admin, "POST", "/admin/orders/"+order.Order.ID.String()+"/notes", `{"body": "`+w.mine("Zqremark "+dashed(side))+`"}`)
	s["order"], s["own order"], seller["order"] = order.Order.ID.String(), order.Order.ID.String(), order.Order.ID.String()
	seller["shipment"] = parcel.ID.String()
	s["payment"] = w.ShowOrder(w.t, order.Order.ID).Payments[0].ID.String()
	w.exec(`INSERT INTO payment_disputes (id, payment_id, ref, currency, amount_minor, reason, status) VALUES (@id, @payment, 'dp_1', 'USD', 1, 'general', 'won')`,
		pgx.NamedArgs{"id": w.ids(s, "dispute", id.New[id.Dispute]()), "payment": order.Payment.ID})
	w.exec(`INSERT INTO refund_requests (id, order_id, currency, amount_minor, body, asked_by) VALUES (@id, @order, 'USD', 100, '{"shipping": true, "reason": "late"}', 'user_somebody')`,
		pgx.NamedArgs{"id": w.ids(s, "request", id.New[id.RefundRequest]()), "order": order.Order.ID})
	seller["on hand"] = w.onHand(seller)
	w.cartThings(side, w.fill(side, side, side, vendor))
	c := w.fill(side, side, side, vendor)
	w.placed(side, c)
	s["gone cart"] = c.ID.String()
}

// bill issues the invoice of an order that has left.
func (w *world) bill(buyer, seller things, p checkout.Placed) {
	w.t.Helper()
	if err := w.Invoices.Follow(w.t.Context(), p.Order.ID); err != nil {
		w.t.Fatal(err)
	}
	buyer["billed order"], buyer["billed token"] = p.Order.ID.String(), p.Order.AccessToken
	if seller != nil {
		seller["invoice"] = w.as(apptest.Admin, "GET", "/admin/invoices?q="+p.Order.Number, "").first("data", "id")
	}
}

// opinions has a customer receive three things of a vendor: of one everybody
// sees what they think, of one staff see it first, and one they may still review.
func (w *world) opinions(side, vendor string) {
	s, seller := w.sides[side], w.sides[vendor]
	of, err := id.Parse[id.Vendor](seller["vendor"])
	if err != nil {
		w.t.Fatal(err)
	}
	for _, name := range []string{"reviewed", "doubted", "unreviewed"} {
		goods := w.Product(w.t, apptest.By(of))
		s[name+" product"] = goods.ID.String()
		order := w.PlacedOrder(w.t, side, 1, goods.Variants[0])
		w.Deliver(w.t, w.Send(w.t, order.Order.ID, order.Order.Parts[0], 0))
	}
	s["review"] = w.as(side, "POST", "/products/"+s["reviewed product"]+"/reviews", `{"rating": 4, "body": "Good."}`).text("id")
	s["doubted review"] = w.as(side, "POST", "/products/"+s["doubted product"]+"/reviews",
		`{"rating": 1, "body": "`+w.mine("Zqdoubt "+dashed(side), side)+` www.example.org"}`).text("id")
	s["photo"] = w.as(side, "POST", "/me/reviews/"+s["review"]+"/photos", upload, "Content-Type", uploadType).first("photos", "id")
	seller["sold review"] = s["review"]
}

// onHand is what the shelf of a vendor holds.
func (w *world) onHand(s things) string {
	variant, _ := id.Parse[id.Variant](s["variant"])
	return fmt.Sprint(w.Count(w.t, `SELECT on_hand FROM stock_levels WHERE variant_id = @v`, pgx.NamedArgs{"v": variant}))
}

func (w *world) placed(as string, c apptest.Cart) checkout.Placed {
	w.t.Helper()
	return apptest.Read[checkout.Placed](w.t, w.Place(w.t, as, c).Want(w.t, 201))
}

func (w *world) cartThings(side string, c apptest.Cart) {
	s := w.sides[side]
	s["cart"], s["item"], s["cart code"] = c.ID.String(), c.Items[0].ID.String(), "HERE"
	total := w.as(side, "POST", c.Path("/coupons"), `{"code": "here"}`)["totals"].(map[string]any)["grand_total"].(map[string]any)
	w.giftCard(s, "someone@example.com")
	w.as(side, "POST", c.Path("/gift-cards"), fmt.Sprintf(`{"code": %q}`, s["gift card code"]))
	s["total"] = fmt.Sprintf(`{"amount": %.0f, "currency": %q}`, total["amount"], total["currency"])
	s["way"] = w.as(side, "GET", c.Path("/shipping-options"), "")["data"].([]any)[0].(map[string]any)["options"].([]any)[0].(map[string]any)["id"].(string)
}

// wishThings are everybody's wishlists, a guest's, and one that is shared.
func (w *world) wishThings() {
	variant := `{"variant_id": "` + w.sides["vendor a"]["variant"] + `"`
	for _, side := range []string{"customer a", "customer b", "vendor a", "vendor b"} {
		s, note := w.sides[side], variant+`, "note": "`+w.mine("Zqwish "+dashed(side), side)+`"}`
		s["default wish"] = w.as(side, "POST", "/me/wishlist/items", note).text("id")
		s["wishlist"] = w.as(side, "POST", "/me/wishlists", `{"name": "`+w.mine("Zqlist "+dashed(side), side)+`"}`).text("id")
		s["wish"] = w.as(side, "POST", "/me/wishlists/"+s["wishlist"]+"/items", note).text("id")
	}
	s := w.sides[shop]
	party := w.as("applicant", "POST", "/me/wishlists", `{"name": "Party"}`).text("id")
	s["share"] = w.as("applicant", "POST", "/me/wishlists/"+party+"/share", `{}`).text("token")
	s["guest wishlist"] = w.as("", "POST", "/wishlists", "").text("id")
	s["guest wish"] = w.as("", "POST", "/wishlists/"+s["guest wishlist"]+"/items", variant+"}").text("id")
	s["guest cart"] = w.as("", "POST", "/carts", "{}").text("id") // nobody's in particular
	w.as("", "POST", "/products/"+w.sides["vendor a"]["product"]+"/notify", variant+`, "email": "zqalert@example.com", "kind": "price_drop"}`)
	_, token, err := w.Wishlists.ToMail(w.t.Context(), w.DB, id.Alert(w.column(`SELECT id FROM product_alerts`)[0]))
	if err != nil {
		w.t.Fatal(err)
	}
	w.sides["customer a"]["alert token"] = token
}

// guestThings are a guest's cart and order, with their secrets; and the same
// order with the secret of another.
func (w *world) guestThings(seller things) {
	s := things{"variant": seller["variant"], "product": seller["product"], "vendor": seller["vendor"]}
	w.sides["guest"] = s
	w.common(s)
	placed, other := w.placed("", w.fill("", "guest", "guest", "vendor a")), w.placed("", w.fill("", "guest", "guest", "vendor a"))
	w.Deliver(w.t, w.Send(w.t, other.Order.ID, other.Order.Parts[0], 0)) // which is paid for then, so that there are books
	w.bill(s, nil, other)
	w.sides[shop]["account"] = w.as(apptest.Admin, "GET", "/admin/ledger", "").first("data", "id")
	w.sides[shop]["period"] = w.as(apptest.Admin, "GET", "/admin/ledger/periods", "").first("data", "period")
	s["order"], s["token"] = placed.Order.ID.String(), placed.Order.AccessToken
	w.cartThings("guest", w.fill("", "guest", "guest", "vendor a"))
	s["own order"] = s["order"]
	another := w.downloads("guest", "vendor a").Order.AccessToken
	w.downloads("guest", "vendor a")
	w.sides["guest with another's token"] = things{
		"order": s["order"], "token": other.Order.AccessToken, "billed order": s["billed order"], "billed token": placed.Order.AccessToken,
		"digital order": s["digital order"], "digital token": another, "file grant": s["file grant"], "key grant": s["key grant"],
	}
	s["own order"] = s["order"]
	w.sides["guest without a token"] = things{
		"order": s["order"], "token": "", "billed order": s["billed order"], "billed token": "",
		"digital order": s["digital order"], "digital token": "", "file grant": s["file grant"], "key grant": s["key grant"],
	}
}

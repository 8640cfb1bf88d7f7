package checkout_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/cart"
	"souk/internal/checkout"
	"souk/internal/digital"
	"souk/internal/id"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
	"souk/internal/shipping"
)

const manual = "How to keep bees: put them into a box.\n"

// download sells a file, at a price or for nothing.
func (s *shop) download(vendor id.Vendor, price int64) id.Variant {
	s.t.Helper()
	v := s.sell(goods{vendor: vendor, digital: true, untracked: true, price: max(price, 1)})
	s.exec(`UPDATE prices SET amount_minor = @price WHERE variant_id = @v`, pgx.NamedArgs{"v": v, "price": price})
	s.exec(`INSERT INTO price_history (variant_id, currency, amount_minor, actor) VALUES (@v, 'USD', @price, 'test')`, pgx.NamedArgs{"v": v, "price": price})
	s.call("staff", "POST", "/admin/variants/"+v.String()+"/files?name=Bienen%20%26%20Honig.txt", manual, "Content-Type", "text/plain").want(201, `"content_type":"text/plain"`)
	return v
}

// keyed sells licence keys.
func (s *shop) keyed(vendor id.Vendor, keys ...string) id.Variant {
	s.t.Helper()
	v := s.sell(goods{vendor: vendor, digital: true, stock: -1})
	s.exec(`DELETE FROM stock_levels WHERE variant_id = @v`, pgx.NamedArgs{"v": v})
	if added := s.addKeys(v, keys...); added.Added != len(keys) {
		s.t.Fatalf("added %+v of %d keys", added, len(keys))
	}
	return v
}

func (s *shop) addKeys(v id.Variant, keys ...string) digital.Added {
	s.t.Helper()
	body := `{"keys": ["` + strings.Join(keys, `", "`) + `"]}`
	return decode[digital.Added](s.call("staff", "POST", "/admin/variants/"+v.String()+"/licence-keys", body).want(201))
}

// handOver runs the jobs that are due, as the relay does.
func (s *shop) handOver() {
	s.t.Helper()
	due, err := postgres.Column[string](s.t.Context(), s.db, `SELECT DISTINCT data ->> 'order_id' FROM events WHERE name = 'checkout.hand_over_due'`, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, name := range due {
		order, err := id.Parse[id.Order](name)
		if err == nil {
			err = s.flow.HandOver(s.t.Context(), checkout.HandOverDue{OrderID: order})
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

// pays captures the money for an order and hands over what is due.
func (s *shop) pays(p checkout.Placed) {
	s.t.Helper()
	if err := s.settle(fact(p, payments.Capture, "evt_capture")); err != nil {
		s.t.Fatal(err)
	}
	s.handOver()
}

func (s *shop) grants(p checkout.Placed) []digital.Grant {
	s.t.Helper()
	return decode[struct{ Data []digital.Grant }](s.call("", "GET", path(p, "/digital-goods"), "").want(200)).Data
}

func (s *shop) use(p checkout.Placed, g digital.Grant, how string) answer {
	s.t.Helper()
	return s.call("", "POST", path(p, "/digital-goods/"+g.ID.String()+"/"+how), "")
}

// fetch asks for a link as a browser does.
func (s *shop) fetch(link string, headers ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	req := httptest.NewRequestWithContext(s.t.Context(), http.MethodGet, link, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.door.ServeHTTP(w, req)
	return w
}

// fillDigital makes a cart of things that nobody carries: it needs an invoice's
// address and no way to go.
func (s *shop) fillDigital(quantity int, variants ...id.Variant) cart.View {
	s.t.Helper()
	var items []string
	for _, v := range variants {
		items = append(items, fmt.Sprintf(`{"variant_id": %q, "quantity": %d}`, v, quantity))
	}
	c := decode[cart.View](s.call("", "POST", "/carts", `{"items": [`+strings.Join(items, ", ")+`]}`).want(201))
	return decode[cart.View](s.call("", "PUT", "/carts/"+c.ID.String()+"/addresses", strings.Replace(home, `"shipping"`, `"billing"`, 1)).want(200))
}

func (s *shop) buyDigital(quantity int, variants ...id.Variant) checkout.Placed {
	s.t.Helper()
	return decode[checkout.Placed](s.checkout("", s.fillDigital(quantity, variants...), "stripe").want(201))
}

func TestADigitalCartNeedsNoShipping(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.taxed(false, 190_000)
	v := s.download(id.Vendor{}, 1000)
	c := decode[cart.View](s.call("", "POST", "/carts", `{"items": [{"variant_id": "`+v.String()+`", "quantity": 1}]}`).want(201, `"missing":["email","billing_address"]`, `"digital":true`))
	at := "/carts/" + c.ID.String()
	s.call("", "PUT", at+"/addresses", `{"email": "ada@example.com"}`).want(422, "/shipping")
	c = s.fillDigital(1, v)
	if c.Totals.Shipping.Minor != 0 || c.Totals.Tax.Minor != 190 || len(c.Missing) > 0 {
		t.Errorf("shipping %v, tax %v, missing %v; want none, 1.90 and nothing", c.Totals.Shipping, c.Totals.Tax, c.Missing)
	}
	s.call("", "GET", "/carts/"+c.ID.String()+"/shipping-options", "").want(200, `{"data":[]}`)
	s.checkout("", c, "cod").want(422, `"code":"payment_method_unavailable"`)
	placed := decode[checkout.Placed](s.checkout("", c, "stripe").want(201))
	if shown := s.show(placed); shown.Addresses.Shipping.Line1 != "" || shown.Addresses.Billing.Line1 != "1 Main St" {
		t.Errorf("addresses are %+v", shown.Addresses)
	}
	// With something to carry beside it, the cart has to say where that goes.
	s.call("", "POST", at+"/items", `{"variant_id": "`+s.sell(goods{}).String()+`", "quantity": 1}`).want(200, `"missing":["email","shipping_address","shipping"]`)
	s.call("", "PUT", at+"/addresses", strings.Replace(home, `"shipping"`, `"billing"`, 1)).want(422, "/shipping")
	s.sound()
}

// Row 54: whoever orders something digital pays first, and is told so before.
func TestNoCashForDigitalGoods(t *testing.T) {
	t.Parallel()
	s := open(t)
	for name, c := range map[string]cart.View{
		"a file":              s.fillDigital(1, s.download(id.Vendor{}, 1000)),
		"a key":               s.fillDigital(1, s.keyed(id.Vendor{}, "AAAA-BBBB")),
		"a file and a mug":    s.fill("", 1, s.download(id.Vendor{}, 1000), s.sell(goods{})),
		"advice by telephone": s.fillDigital(1, s.sell(goods{digital: true})),
	} {
		s.call("", "GET", "/carts/"+c.ID.String()+"/payment-methods", "").want(200, `"method":"stripe"`).lacks(`"cod"`)
		if got := s.checkout("", c, "cod"); got.Code != 422 || !strings.Contains(got.Body.String(), `"code":"payment_method_unavailable"`) {
			t.Errorf("%s: cash is answered %d %s", name, got.Code, got.Body)
		}
	}
	withAdvice := s.fill("", 1, s.sell(goods{digital: true}), s.sell(goods{}))
	s.call("", "GET", "/carts/"+withAdvice.ID.String()+"/payment-methods", "").want(200, `"cod"`)
	s.call("", "GET", "/carts/"+s.fill("", 1, s.sell(goods{})).ID.String()+"/payment-methods", "").want(200, `"cod"`).lacks(`"free"`)
}

func TestWhatIsPaidIsHandedOver(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t)) // captures meet at the accounts of the books
	file, key := s.download(id.Vendor{}, 1000), s.keyed(id.Vendor{}, "KEY-1-AAAAAAAA", "KEY-2-BBBBBBBB", "KEY-3-CCCCCCCC")
	placed := s.buyDigital(2, file, key)
	if got := s.grants(placed); len(got) != 0 || s.left(key) != 1 {
		t.Fatalf("before it is paid: %d grants, %d keys left, want none and 1", len(got), s.left(key))
	}
	if err := s.settle(fact(placed, payments.Authorize, "evt_auth")); err != nil {
		t.Fatal(err)
	}
	s.handOver()
	if got := s.grants(placed); len(got) != 0 {
		t.Fatalf("%d grants for a promise of money", len(got))
	}
	s.call("staff", "POST", "/admin/orders/"+placed.Order.ID.String()+"/shipments", `{"vendor_order_id": "`+placed.Order.Parts[0].ID.String()+`"}`).want(409, "order_not_shippable")
	s.sound()

	s.pays(placed)
	s.handOver() // a job may run twice
	shown := s.show(placed)
	if shown.Status != orders.StatusDelivered || shown.PaymentStatus != orders.PaymentPaid || shown.FulfillmentStatus != orders.AllDelivered {
		t.Errorf("the order is %s, %s, %s", shown.Status, shown.PaymentStatus, shown.FulfillmentStatus)
	}
	var steps []string
	for _, step := range shown.Timeline {
		steps = append(steps, step.Event)
	}
	if want := []string{"placed", "confirmed", "paid", "delivered", "delivered"}; !slices.Equal(steps, want) {
		t.Errorf("steps %v, want %v", steps, want)
	}
	for _, p := range shown.Parts {
		if len(p.Shipments) != 1 || p.Shipments[0].Kind != shipping.KindDigital || p.Shipments[0].Status != shipping.Delivered {
			t.Errorf("shipments of %s: %+v", p.Number, p.Shipments)
		}
	}
	var keys, files []digital.Grant
	for _, g := range s.grants(placed) {
		if g.Kind == "file" {
			files = append(files, g)
		} else {
			keys = append(keys, g)
		}
	}
	if len(keys) != 2 || len(files) != 1 {
		t.Fatalf("%d keys and %d files were granted, want 2 and 1", len(keys), len(files))
	}
	s.call("", "GET", path(placed, "/digital-goods"), "").want(200, `"masked_key":"••••AAA"`).lacks("KEY-1", "KEY-2")
	s.use(placed, keys[0], "reveal").want(200, `"key":"KEY-1-AAAAAAAA"`)
	s.use(placed, keys[1], "reveal").want(200, `"key":"KEY-2-BBBBBBBB"`)
	s.use(placed, keys[1], "download").want(404, "grant_not_found")
	s.use(placed, files[0], "reveal").want(404, "grant_not_found")
	s.call("staff", "GET", "/admin/variants/"+key.String()+"/licence-keys?state=granted", "").want(200, `"order_line_id":"`+keys[0].OrderLine.String()).lacks("KEY-1")
	s.sound()
}

// The vendor of a mixed part ships what has to be shipped, and no more.
func TestParcelsLeaveDigitalGoodsOut(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t)) // captures meet at the accounts of the books
	vendor := s.vendor()
	file, mug := s.download(vendor, 1000), s.sell(goods{vendor: vendor})
	placed := s.buyByCard(1, file, mug)
	if placed.Order.ShippingFee.Minor != 500 {
		t.Errorf("shipping costs %v, want that of the mug", placed.Order.ShippingFee)
	}
	s.pays(placed)
	if o := s.show(placed); o.Status != orders.StatusConfirmed || o.Parts[0].Status != orders.PartPartiallyShipped {
		t.Errorf("the order is %s and its part %s", o.Status, o.Parts[0].Status)
	}
	s.sound()
	parcels := s.ship(placed)
	if len(parcels) != 1 || len(parcels[0].Lines) != 1 {
		t.Fatalf("parcels %+v, want the mug", parcels)
	}
	s.deliver(parcels...)
	if o := s.show(placed); o.Status != orders.StatusDelivered {
		t.Errorf("the order is %s", o.Status)
	}
	s.sound()
}

func TestAFreeOrderIsHandedOverAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.fillDigital(1, s.download(id.Vendor{}, 0))
	s.call("", "GET", "/carts/"+c.ID.String()+"/payment-methods", "").want(200, `"method":"free","name":"Nothing to pay"`)
	placed := decode[checkout.Placed](s.checkout("", c, "free").want(201, `"status":"confirmed"`))
	s.handOver()
	if o := s.show(placed); o.Status != orders.StatusDelivered || o.PaymentStatus != orders.PaymentPaid {
		t.Errorf("the order is %s and %s", o.Status, o.PaymentStatus)
	}
	if got := s.grants(placed); len(got) != 1 {
		t.Errorf("%d grants", len(got))
	}
	s.checkout("", s.fillDigital(1, s.download(id.Vendor{}, 1)), "free").want(422, "not_free")
	s.sound()
}

func TestADownload(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t)) // captures meet at the accounts of the books
	placed := s.buyDigital(1, s.download(id.Vendor{}, 1000))
	s.pays(placed)
	grant := s.grants(placed)[0]
	sum := sha256.Sum256([]byte(manual))
	if grant.Size != int64(len(manual)) || grant.Name != "Bienen & Honig.txt" || grant.SHA256 != hex.EncodeToString(sum[:]) {
		t.Errorf("granted %+v", grant)
	}
	link := decode[digital.Link](s.use(placed, grant, "download").want(200))
	got := s.fetch(link.URL)
	if got.Code != 200 || got.Body.String() != manual || got.Header().Get("Content-Disposition") != `attachment; filename="Bienen & Honig.txt"` ||
		got.Header().Get("Cache-Control") != "private, no-store" || got.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("answered %d %v %q", got.Code, got.Header(), got.Body)
	}
	if part := s.fetch(link.URL, "Range", "bytes=4-6"); part.Code != 206 || part.Body.String() != "to " {
		t.Errorf("a part is answered %d %q", part.Code, part.Body)
	}
	forged, _ := url.Parse(link.URL)
	query := forged.Query()
	query.Set("expires", fmt.Sprint(link.ExpiresAt.Add(time.Hour).Unix()))
	for name, bad := range map[string]string{
		"a longer life":   forged.Path + "?" + query.Encode(),
		"another's grant": strings.Replace(link.URL, grant.ID.String(), id.New[id.Grant]().String(), 1),
		"no signature":    forged.Path,
	} {
		if got := s.fetch(bad); got.Code != 404 {
			t.Errorf("%s: answered %d", name, got.Code)
		}
	}
	s.clock.Advance(16 * time.Minute)
	if got := s.fetch(link.URL); got.Code != 410 || !strings.Contains(got.Body.String(), "link_expired") {
		t.Errorf("after its life: %d %s", got.Code, got.Body)
	}
	for range 9 {
		s.use(placed, grant, "download").want(200)
	}
	s.use(placed, grant, "download").want(409, `"code":"download_limit"`)
	if n := s.grants(placed)[0].Downloads; n != 10 {
		t.Errorf("%d downloads were counted, want 10", n)
	}
}

func TestOnlyTheBuyerDownloads(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t)) // captures meet at the accounts of the books
	file := s.download(id.Vendor{}, 1000)
	mine, theirs := s.buyDigital(1, file), s.buyDigital(1, file)
	s.pays(mine)
	s.pays(theirs)
	grant := s.grants(theirs)[0]
	s.use(mine, grant, "download").want(404, "grant_not_found")
	s.call("", "GET", "/orders/"+theirs.Order.ID.String()+"/digital-goods", "").want(404)
	s.call("", "POST", "/orders/"+theirs.Order.ID.String()+"/digital-goods/"+grant.ID.String()+"/download?token="+mine.Order.AccessToken, "").want(404)
	s.call(s.customer().String(), "GET", "/orders/"+theirs.Order.ID.String()+"/digital-goods", "").want(404)
}

// Whoever has the money back has no right to the goods. A key that they have
// seen is not sold again; one that they have not, is.
func TestMoneyBackTakesGoodsBack(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t)) // captures meet at the accounts of the books
	file, key := s.download(id.Vendor{}, 1000), s.keyed(id.Vendor{}, "KEY-1-AAAAAAAA", "KEY-2-BBBBBBBB")
	placed := s.buyDigital(2, key, file)
	s.pays(placed)
	grants := s.grants(placed)
	s.use(placed, grants[0], "reveal").want(200, "KEY-1")
	link := decode[digital.Link](s.use(placed, grants[2], "download").want(200))

	half := fact(placed, payments.Refund, "half")
	half.Amount.Minor /= 2
	if err := s.settle(half); err != nil {
		t.Fatal(err)
	}
	if got := s.fetch(link.URL); got.Code != 200 {
		t.Errorf("with half of the money back: %d", got.Code)
	}
	rest := fact(placed, payments.Refund, "rest")
	rest.Amount = rest.Amount.Minus(half.Amount)
	if err := s.settle(rest); err != nil {
		t.Fatal(err)
	}
	if got := s.fetch(link.URL); got.Code != 410 {
		t.Errorf("with the money back: %d", got.Code)
	}
	for i, how := range []string{"reveal", "reveal", "download"} {
		s.use(placed, grants[i], how).want(410, "grant_revoked")
	}
	if n := s.left(key); n != 1 {
		t.Errorf("%d keys are for sale again, want the one that nobody has seen", n)
	}
	s.sound()

	again := s.buyDigital(1, key)
	s.pays(again)
	s.use(again, s.grants(again)[0], "reveal").want(200, "KEY-2")
	s.sound()

	early := s.buyDigital(1, file)
	for _, kind := range []payments.Kind{payments.Capture, payments.Refund} {
		if err := s.settle(fact(early, kind, "early "+string(kind))); err != nil {
			t.Fatal(err)
		}
	}
	s.handOver()
	if got := s.grants(early); len(got) > 0 {
		t.Errorf("handed over after the money went back: %+v", got)
	}
	s.sound()
}

func TestStaffWithdrawAGrant(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t)) // captures meet at the accounts of the books
	placed := s.buyDigital(1, s.keyed(id.Vendor{}, "KEY-1-AAAAAAAA"))
	s.pays(placed)
	grant := s.grants(placed)[0]
	at := "/admin/orders/" + placed.Order.ID.String() + "/digital-goods"
	s.call("staff", "GET", at, "").want(200, grant.ID.String())
	for range 2 {
		s.call("staff", "POST", at+"/"+grant.ID.String()+"/revoke", "").want(200, `"revoked_at"`)
	}
	s.use(placed, grant, "reveal").want(410)
	s.call("staff", "POST", at+"/"+id.New[id.Grant]().String()+"/revoke", "").want(404)
	s.sound()
}

// Each key goes to one order line, whoever pays at once.
func TestAKeyIsGrantedOnce(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	var keys []string
	for i := range 20 {
		keys = append(keys, fmt.Sprintf("KEY-%02d-ABCDEFGH", i))
	}
	key := s.keyed(id.Vendor{}, keys...)
	var placed []checkout.Placed
	for range 10 {
		placed = append(placed, s.buyDigital(2, key))
	}
	s.checkout("", s.fillTooMuch(key), "stripe").want(409, "insufficient_stock")
	var jobs []func() error
	for _, p := range placed {
		if err := s.settle(fact(p, payments.Capture, "evt")); err != nil {
			t.Fatal(err)
		}
		job := func() error { return s.flow.HandOver(t.Context(), checkout.HandOverDue{OrderID: p.Order.ID}) }
		jobs = append(jobs, job, job)
	}
	s.wantCodes(race(jobs...), map[string]int{"": 20})
	seen := map[string]bool{}
	for _, p := range placed {
		for _, g := range s.grants(p) {
			seen[decode[digital.Shown](s.use(p, g, "reveal").want(200)).Key] = true
		}
	}
	if len(seen) != 20 || s.left(key) != 0 {
		t.Errorf("%d keys were shown, %d are left; want 20 and none", len(seen), s.left(key))
	}
	s.sound()
}

// fillTooMuch is a cart that wants a key of which none is left.
func (s *shop) fillTooMuch(key id.Variant) cart.View {
	s.t.Helper()
	more := s.addKeys(key, "KEY-XX-ABCDEFGH")
	c := s.fillDigital(1, key)
	gone := decode[struct{ Data []digital.Key }](s.call("staff", "GET", "/admin/variants/"+key.String()+"/licence-keys?limit=100", "").want(200)).Data
	if more.Added != 1 {
		s.t.Fatalf("added %+v", more)
	}
	s.call("staff", "DELETE", "/admin/variants/"+key.String()+"/licence-keys/"+gone[len(gone)-1].ID.String(), "").want(204)
	return c
}

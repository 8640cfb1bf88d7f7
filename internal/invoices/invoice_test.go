package invoices_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/app/apptest"
	"souk/internal/checkout"
	"souk/internal/credit"
	"souk/internal/id"
	"souk/internal/invoices"
	"souk/internal/money"
	"souk/internal/orders"
	"souk/internal/platform/pgtest"
)

type shown = invoices.Shown

type list struct {
	Data []invoices.Shown `json:"data"`
}

// flush lets everything happen that follows from what was done.
func flush(t *testing.T, shop *apptest.App) {
	t.Helper()
	if err := shop.Relay.Flush(t.Context(), shop.DB); err != nil {
		t.Fatal(err)
	}
}

// of is the documents of an order, as its buyer sees them: by part, an invoice
// before its credit notes.
func of(t *testing.T, shop *apptest.App, p checkout.Placed) []invoices.Shown {
	t.Helper()
	flush(t, shop)
	return apptest.Read[list](t, shop.Call(t, "", "GET", apptest.OrderPath(p, "/invoices"), "").Want(t, 200)).Data
}

// told is documents in a line each, for comparison.
func told(list []invoices.Shown) (lines []string) {
	for _, i := range list {
		line := fmt.Sprintf("%s %s", i.Kind, i.Number)
		for _, l := range i.Lines {
			line += fmt.Sprintf(", %s %d %d/%d", l.Kind, l.Quantity, l.Total.Minor, l.Tax.Minor)
		}
		lines = append(lines, fmt.Sprintf("%s = %d/%d", line, i.Total.Minor, i.Tax.Minor))
	}
	return lines
}

func want(t *testing.T, got []invoices.Shown, want ...string) {
	t.Helper()
	if lines := told(got); !slices.Equal(lines, want) {
		t.Errorf("got  %s\nwant %s", strings.Join(lines, "\n     "), strings.Join(want, "\n     "))
	}
}

func year(t *testing.T, shop *apptest.App) string {
	t.Helper()
	return shop.Time.Now().UTC().Format("2006")
}

func refund(t *testing.T, shop *apptest.App, p checkout.Placed, body string) {
	t.Helper()
	shop.Call(t, apptest.Admin, "POST", "/admin/orders/"+p.Order.ID.String()+"/refunds", body, "Idempotency-Key", id.New[id.Event]().String()).Want(t, 201)
}

func TestEachSellerBillsItsPartWhenItLeaves(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	shop.VAT(t, 190_000, true)
	pots, rugs := shop.Owner(t, "potter"), shop.Owner(t, "weaver")
	p := shop.PlacedOrder(t, "", 2, shop.Variant(t, apptest.By(pots), apptest.Price(1190)), shop.Variant(t, apptest.By(rugs), apptest.Price(2380)))
	if got := of(t, shop, p); len(got) != 0 {
		t.Fatalf("billed before anything left: %v", told(got))
	}
	shop.Call(t, "", "GET", apptest.OrderPath(p, "/invoice.pdf"), "").Want(t, 404, "not_invoiced")

	part := func(vendor id.Vendor) orders.Part {
		at := slices.IndexFunc(p.Order.Parts, func(part orders.Part) bool { return part.Seller.ID == vendor })
		return p.Order.Parts[at]
	}
	parcel := shop.Send(t, p.Order.ID, part(rugs), 1)
	got := of(t, shop, p)
	shipping := part(rugs).ShippingFee.Minor
	want(t, got, fmt.Sprintf("invoice I%s-000001, goods 2 4760/760, shipping 1 %d/80 = %d/%d", year(t, shop), shipping, part(rugs).Total.Minor, part(rugs).PartTotals.Tax.Minor))
	if got[0].Vendor != rugs || got[0].Paid || got[0].OrderNumber != p.Order.Number || got[0].Buyer.Address.Name != "Ada" || got[0].SuppliedTo.Country != "DE" {
		t.Errorf("the invoice is %+v", got[0].Invoice)
	}

	shop.Deliver(t, parcel)
	shop.Deliver(t, shop.Send(t, p.Order.ID, part(rugs), 1))
	shop.Deliver(t, shop.Send(t, p.Order.ID, part(pots), 0))
	if got := of(t, shop, p); len(got) != 2 || !slices.ContainsFunc(got, func(i invoices.Shown) bool { return i.Vendor == pots && i.Paid }) {
		t.Errorf("after all was delivered there are %v", told(got))
	}
	shop.Call(t, "potter", "GET", "/vendor/invoices", "").Want(t, 200, `"kind":"invoice"`, p.Order.Number)
	mine := apptest.Read[list](t, shop.Call(t, "potter", "GET", "/vendor/invoices", "").Want(t, 200)).Data
	if len(mine) != 1 || mine[0].Vendor != pots {
		t.Errorf("the potter sees %v", told(mine))
	}
	theirs := got[0].ID.String()
	shop.Call(t, "potter", "GET", "/vendor/invoices/"+theirs, "").Want(t, 404, "invoice_not_found")
	shop.Call(t, "weaver", "GET", "/vendor/invoices/"+theirs, "").Want(t, 200, theirs)
	shop.Call(t, apptest.Admin, "GET", "/admin/invoices?q="+p.Order.Number+"&include=total_count", "").Want(t, 200, `"total_count":2`)
	shop.WantSound(t)
}

func TestWhatIsGivenBackIsCreditedOnceAndExactly(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	shop.VAT(t, 190_000, false)
	p := shop.PlacedOrder(t, "", 3, shop.Variant(t, apptest.Price(1001)))
	shop.Deliver(t, shop.Send(t, p.Order.ID, p.Order.Parts[0], 0))
	line, y := p.Order.Items[0].ID.String(), year(t, shop)
	all := of(t, shop, p)
	bill := all[0]
	refund(t, shop, p, `{"lines": [{"order_line_id": "`+line+`", "quantity": 1}], "reason": "The handle is loose."}`)
	refund(t, shop, p, `{"amount": {"amount": 500, "currency": "USD"}, "reason": "For your trouble."}`)
	all = of(t, shop, p) // both at once: the jobs come later than the refunds
	if len(all) != 2 || len(all[1].Refunds) != 2 || all[1].Corrects.Number != bill.Number || all[1].Reason != "The handle is loose. For your trouble." {
		t.Fatalf("two refunds made %v, for %v: %s", told(all), all[1].Refunds, all[1].Reason)
	}
	for range 2 { // the rest
		refund(t, shop, p, `{"lines": [{"order_line_id": "`+line+`", "quantity": 1}], "shipping": true, "reason": "Sent back."}`)
		all = of(t, shop, p)
	}
	if got := all[3].Number; got != "C"+y+"-000003" {
		t.Errorf("the last credit note is %s", got)
	}
	total, tax, vat := bill.Total, bill.Tax, bill.Lines[0].Taxes[0].Minor
	for _, note := range all[1:] {
		total, tax = total.Minus(note.Total), tax.Minus(note.Tax)
		for _, l := range note.Lines {
			if l.Kind == invoices.Goods {
				vat -= l.Taxes[0].Minor
			}
		}
	}
	if !total.IsZero() || !tax.IsZero() || vat != 0 {
		t.Errorf("of %v there is left %s, tax %s, VAT on goods %d: %v", bill.Total, total, tax, vat, told(all))
	}
	if err := shop.Invoices.Follow(t.Context(), p.Order.ID); err != nil {
		t.Fatal(err)
	}
	if again := of(t, shop, p); len(again) != 4 {
		t.Errorf("looking again made %v", told(again))
	}
	shop.WantSound(t)
}

// A gift card has paid when the order was placed, though the part counts as paid when
// it arrives only; what is taken back then goes back to the card.
func TestWhatGiftCardsPayIsPaid(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	code := ""
	shop.InTx(t, func(tx pgx.Tx) error {
		made, err := shop.Credit.Give(t.Context(), tx, credit.NewCard{Amount: money.Of(10_000, "USD"), Gift: credit.Gift{Email: "eve@example.com"}}, "a test")
		if err != nil {
			return err
		}
		_, code, err = shop.Credit.ToMail(t.Context(), tx, made.ID)
		return err
	})
	c := shop.Cart(t, "", 2, shop.Variant(t, apptest.Price(1000)))
	c = apptest.Read[apptest.Cart](t, shop.Call(t, "", "POST", c.Path("/gift-cards"), `{"code": "`+code+`"}`).Want(t, 200))
	p := apptest.Read[checkout.Placed](t, shop.Call(t, "", "POST", "/checkout", c.Order("free"), "Idempotency-Key", id.New[id.Event]().String()).Want(t, 201))
	parcel := shop.Send(t, p.Order.ID, p.Order.Parts[0], 0)
	bill := only(t, shop, p)
	page := shop.Call(t, "", "GET", "@"+strings.TrimPrefix(bill.Page, shop.Invoices.BaseURL), "").Want(t, 200, "Paid by gift card and store credit")
	if !bill.Paid || bill.Credit != bill.Total || strings.Contains(page.Body, "Not paid yet") {
		t.Errorf("of %s, %s by credit: paid %t", bill.Total, bill.Credit, bill.Paid)
	}
	shop.Call(t, apptest.Admin, "POST", "/admin/shipments/"+parcel.ID.String()+"/events", `{"status": "returned"}`).Want(t, 201)
	if all := of(t, shop, p); len(all) != 2 || all[1].Total != bill.Total || !all[1].Paid {
		t.Errorf("what came back made %v", told(all))
	}
	shop.WantSound(t)
}

// Where its job was given up, staff issue what is missing; saying it twice does no more.
func TestStaffIssueWhatIsMissing(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	p := shop.PlacedOrder(t, "", 1, shop.Variant(t))
	path := "/admin/orders/" + p.Order.ID.String() + "/invoices"
	shop.Call(t, apptest.Admin, "POST", path, "").Want(t, 200, `"data":[]`)
	shop.Send(t, p.Order.ID, p.Order.Parts[0], 0)
	for range 2 {
		if got := apptest.Read[list](t, shop.Call(t, apptest.Admin, "POST", path, "").Want(t, 200)).Data; len(got) != 1 {
			t.Errorf("issued %v", told(got))
		}
	}
	shop.Call(t, apptest.Admin, "POST", "/admin/orders/"+id.New[id.Order]().String()+"/invoices", "").Want(t, 404, "not_found")
}

func TestWhatIsRefusedAtTheDoorIsNotOwed(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	p := shop.PlacedOrder(t, "", 2, shop.Variant(t, apptest.Price(1000)))
	parcel := shop.Send(t, p.Order.ID, p.Order.Parts[0], 0)
	bill := of(t, shop, p)[0]
	shop.Call(t, apptest.Admin, "POST", "/admin/shipments/"+parcel.ID.String()+"/events", `{"status": "returned"}`).Want(t, 201)
	all := of(t, shop, p)
	if len(all) != 2 || all[1].Total != bill.Total || all[1].Paid || all[1].Refunds != nil {
		t.Fatalf("a refused parcel made %v", told(all))
	}
	// Both at once: nothing is owed, and nothing was billed.
	q := shop.PlacedOrder(t, "", 1, shop.Variant(t))
	parcel = shop.Send(t, q.Order.ID, q.Order.Parts[0], 0)
	shop.Call(t, apptest.Admin, "POST", "/admin/shipments/"+parcel.ID.String()+"/events", `{"status": "returned"}`).Want(t, 201)
	if got := of(t, shop, q); len(got) != 0 {
		t.Errorf("billed for what came back at once: %v", told(got))
	}
	shop.WantSound(t)
}

func TestWhatWasCancelledIsNotBilledAndWhatIsCancelledLaterIsCredited(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	vendor := shop.Vendor(t, "potter")
	mug, jar := shop.Variant(t, apptest.By(vendor), apptest.Price(1000)), shop.Variant(t, apptest.By(vendor), apptest.Price(700))
	p := shop.PlacedOrder(t, "", 2, mug, jar)
	shop.Send(t, p.Order.ID, p.Order.Parts[0], 1) // one of each
	bill := of(t, shop, p)[0]
	shop.Call(t, "", "POST", apptest.OrderPath(p, "/cancel"), `{"reason": "Too late"}`).Want(t, 200)
	all := of(t, shop, p)
	want(t, all[1:], fmt.Sprintf("credit_note C%s-000001, goods 1 1000/0, goods 1 700/0 = 1700/0", year(t, shop)))
	if bill.Total.Minor-all[1].Total.Minor != 1700+p.Order.Parts[0].ShippingFee.Minor {
		t.Errorf("%v", told(all))
	}
	shop.WantSound(t)
}

func TestALinkOpensADocumentForAQuarterOfAnHour(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	shop.VAT(t, 190_000, true)
	vendor := shop.Owner(t, "smith")
	shop.Call(t, "smith", "GET", "/vendor/letterhead", "").Want(t, 404, "letterhead_not_found")
	shop.Call(t, "smith", "PUT", "/vendor/letterhead", `{"number_prefix": "sm", "register": "HRB 77",
		"address": {"name": "Schmidt & <b>Söhne</b> GmbH", "line1": "Am Kai 3", "city": "Kiel", "postal_code": "24103", "country": "DE"}, "note": "Bank: DE00\nThank you!"}`).Want(t, 200, `"number_prefix":"SM"`)
	p := shop.PlacedOrder(t, "", 1, shop.Variant(t, apptest.By(vendor), apptest.Titled("Kettle <script>")))
	shop.Deliver(t, shop.Send(t, p.Order.ID, p.Order.Parts[0], 0))
	i := of(t, shop, p)[0]
	if i.Number != "SMI"+year(t, shop)+"-000001" || i.Seller.Trading == "" || i.Seller.Address.City != "Kiel" {
		t.Errorf("the letterhead is not on %+v", i.Invoice)
	}
	path := func(link string) string { return "@" + strings.TrimPrefix(link, shop.Invoices.BaseURL) }
	page := shop.Call(t, "", "GET", path(i.Page), "").Want(t, 200, i.Number, "Schmidt &amp; &lt;b&gt;Söhne", "Kettle &lt;script&gt;", "HRB 77")
	if got := page.Header.Get("Cache-Control"); got != "private, no-store" {
		t.Errorf("the page may be cached: %s", got)
	}
	file := shop.Call(t, "", "GET", path(i.PDF), "").Want(t, 200, "%PDF-1.")
	if again := shop.Call(t, "", "GET", apptest.OrderPath(p, "/invoice.pdf"), "").Want(t, 200); again.Body != file.Body {
		t.Error("the same invoice is two files")
	}
	shop.Call(t, "", "GET", strings.Replace(path(i.PDF), ".pdf?", ".html?", 1), "").Want(t, 200)
	shop.Call(t, "", "GET", strings.Replace(path(i.PDF), "expires=", "expires=9", 1), "").Want(t, 404, "invoice_not_found")
	shop.Call(t, "", "GET", "/orders/"+p.Order.ID.String()+"/invoice.pdf", "").Want(t, 404, "not_found")
	shop.Time.Advance(15 * time.Minute)
	shop.Call(t, "", "GET", path(i.PDF), "").Want(t, 410, "link_expired")
	shop.Call(t, "", "GET", path(i.PDF), "", "Accept", "text/html,*/*").Want(t, 410, "This link has expired", "/account#orders")
	shop.Call(t, "", "GET", strings.Replace(path(i.PDF), "expires=", "expires=9", 1), "", "Accept", "text/html,*/*").Want(t, 404, "invoice_not_found")
}

func TestWhatCannotBeSetIsAPage(t *testing.T) {
	t.Parallel()
	shop := apptest.New(t, pgtest.Tx(t))
	p := shop.PlacedOrder(t, "", 1, shop.Variant(t, apptest.Titled("कमल दीप")))
	shop.Deliver(t, shop.Send(t, p.Order.ID, p.Order.Parts[0], 0))
	i := of(t, shop, p)[0]
	at := "@" + strings.TrimPrefix(i.PDF, shop.Invoices.BaseURL)
	shop.Call(t, "", "GET", at, "").Want(t, 409, "invoice_not_printable")
	page := shop.Call(t, "", "GET", at, "", "Accept", "text/html,*/*").Want(t, 200, "कमल दीप", i.Number)
	if kind := page.Header.Get("Content-Type"); kind != "text/html; charset=utf-8" {
		t.Errorf("it is %s", kind)
	}
}

func TestALetterheadIsOfOneLineEach(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	shop.Owner(t, "smith")
	const at = `"address": {"name": "Smith Ltd", "line1": "Am Kai 3", "city": "Kiel", "postal_code": "24103", "country": "DE"}`
	for body, wrong := range map[string]string{
		`{"register": "A\u0007B", ` + at + `}`:                                        "/register",
		`{` + at + `, "number_prefix": "ABCDE"}`:                                      "/number_prefix",
		`{` + at + `, "number_prefix": "Ä"}`:                                          "/number_prefix",
		`{` + at + `, "email": "nobody"}`:                                             "/email",
		`{` + at + `, "note": "bell \u0007"}`:                                         "/note",
		strings.Replace(`{`+at+`}`, `"line1"`, `"tax_id": "DE136695976", "line1"`, 1): "/address/tax_id",
		strings.Replace(`{`+at+`}`, "Am Kai 3", "", 1):                                "/address/line1",
		strings.Replace(`{`+at+`}`, "Smith Ltd", "", 1):                               "/address/name",
	} {
		shop.Call(t, "smith", "PUT", "/vendor/letterhead", body).Want(t, 422, wrong)
	}
}

func TestTheBookOfInvoicesIsAFile(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	shop.VAT(t, 190_000, true)
	p := shop.PlacedOrder(t, "", 1, shop.Variant(t, apptest.Price(1190)))
	shop.Deliver(t, shop.Send(t, p.Order.ID, p.Order.Parts[0], 0))
	flush(t, shop)
	refund(t, shop, p, `{"lines": [{"order_line_id": "`+p.Order.Items[0].ID.String()+`", "quantity": 1}], "reason": "Sent back."}`)
	flush(t, shop)
	y := year(t, shop)
	shop.Call(t, apptest.Admin, "GET", "/admin/invoices?format=csv", "").Want(t, 200,
		"I"+y+"-000001,invoice,", ",VAT,19,USD,", "C"+y+"-000001,credit_note,", "I"+y+"-000001,", ",Ada,", "-10.00,-1.90,-11.90\n")
	shop.Call(t, apptest.Admin, "GET", "/admin/invoices?kind=credit_note", "").Want(t, 200, `"number":"C`)
	shop.Call(t, apptest.Admin, "GET", "/admin/invoices?issued_on[gte]=2999-01-01", "").Want(t, 200, `"data":[]`)
	shop.Call(t, apptest.Admin, "GET", "/admin/invoices?issued_on[gte]=soon", "").Want(t, 422)
}

// What was sold before the shop had invoices was billed elsewhere, whatever becomes of
// it now.
func TestOldOrdersAreNotBilledAgain(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	etag := shop.Call(t, apptest.Admin, "GET", "/admin/settings", "").Header.Get("ETag")
	shop.Call(t, apptest.Admin, "PATCH", "/admin/settings", `{"settings": {"invoices.since": "yesterday"}}`, "If-Match", etag).Want(t, 422)
	shop.Call(t, apptest.Admin, "PATCH", "/admin/settings", `{"settings": {"invoices.since": "`+shop.Time.Now().UTC().AddDate(0, 0, -30).Format(time.DateOnly)+`"}}`, "If-Match", etag).Want(t, 200)
	old, young := shop.PlacedOrder(t, "", 1, shop.Variant(t)), shop.PlacedOrder(t, "", 1, shop.Variant(t))
	shop.InTx(t, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE orders SET placed_at = placed_at - CASE WHEN id = $1 THEN interval '40 days' ELSE interval '20 days' END`, old.Order.ID)
		return err
	})
	for _, p := range []checkout.Placed{old, young} {
		shop.Deliver(t, shop.Send(t, p.Order.ID, p.Order.Parts[0], 0))
		refund(t, shop, p, `{"lines": [{"order_line_id": "`+p.Order.Items[0].ID.String()+`", "quantity": 1}], "reason": "Sent back."}`)
	}
	if got := of(t, shop, old); len(got) != 0 {
		t.Errorf("an old order is billed: %v", told(got))
	}
	if got := of(t, shop, young); len(got) != 2 {
		t.Errorf("a young order is billed by %v", told(got))
	}
}

// The day of an order is the shop's, as that of its invoice: nobody orders after they
// were billed. At any moment it is another day than in London in one of these zones.
func TestTheDayOfAnOrderIsTheShops(t *testing.T) {
	for _, name := range []string{"Pacific/Kiritimati", "Pacific/Pago_Pago"} {
		t.Run(name, func(t *testing.T) {
			zone, err := time.LoadLocation(name)
			if err != nil {
				t.Fatal(err)
			}
			shop := apptest.New(t, pgtest.Tx(t))
			etag := shop.Call(t, apptest.Admin, "GET", "/admin/settings", "").Header.Get("ETag")
			shop.Call(t, apptest.Admin, "PATCH", "/admin/settings", `{"settings": {"invoices.time_zone": "`+name+`"}}`, "If-Match", etag).Want(t, 200)
			p := shop.PlacedOrder(t, "", 1, shop.Variant(t))
			shop.Send(t, p.Order.ID, p.Order.Parts[0], 0)
			bill := only(t, shop, p)
			shop.Call(t, "", "GET", "@"+strings.TrimPrefix(bill.Page, shop.Invoices.BaseURL), "").Want(t, 200,
				"<dt>Ordered on</dt><dd>"+bill.OrderedAt.In(zone).Format("2 January 2006")+"</dd>")
		})
	}
}

// A spreadsheet takes what begins with a dash for a sum.
func TestNumbersInTheBookAreNoFormulas(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	vendor := shop.Owner(t, "smith")
	shop.Call(t, "smith", "PUT", "/vendor/letterhead", `{"number_prefix": "-A1", "address": {"name": "Smith Ltd", "line1": "Am Kai 3", "city": "Kiel", "postal_code": "24103", "country": "DE"}}`).Want(t, 200)
	p := shop.PlacedOrder(t, "", 1, shop.Variant(t, apptest.By(vendor)))
	shop.Send(t, p.Order.ID, p.Order.Parts[0], 0)
	flush(t, shop)
	shop.Call(t, apptest.Admin, "GET", "/admin/invoices?format=csv", "").Want(t, 200, "\n'-A1I"+year(t, shop)+"-000001,invoice,")
}

func TestABuyerIsForgottenWithTheOrder(t *testing.T) {
	shop := apptest.New(t, pgtest.Tx(t))
	p := shop.PlacedOrder(t, "", 1, shop.Variant(t))
	shop.Deliver(t, shop.Send(t, p.Order.ID, p.Order.Parts[0], 0))
	bill := of(t, shop, p)[0]
	shop.InTx(t, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE orders SET placed_at = now() - interval '12 years' WHERE id = $1`, p.Order.ID)
		return err
	})
	if err := shop.Orders.Forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := shop.Invoices.Forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	shop.Call(t, apptest.Admin, "GET", "/admin/invoices/"+bill.ID.String(), "").Want(t, 200, `"buyer":{}`, bill.Number)
	err := func() error {
		sub, err := shop.DB.Begin(t.Context())
		if err != nil {
			return err
		}
		defer func() { _ = sub.Rollback(t.Context()) }()
		_, err = sub.Exec(t.Context(), `UPDATE invoices SET total_minor = 1`)
		return err
	}()
	if err == nil || !strings.Contains(err.Error(), "issue a credit note") {
		t.Errorf("an invoice was changed: %v", err)
	}
}

package notifications_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"
	"github.com/jackc/pgx/v5"

	"souk/internal/app/apptest"
	"souk/internal/checkout"
	"souk/internal/id"
	"souk/internal/invoices"
	"souk/internal/notifications"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// billed is an order of two of each variant that has been delivered, and paid for at
// the door.
func billed(t *testing.T, shop *apptest.App, as string, variants ...id.Variant) checkout.Placed {
	t.Helper()
	p := shop.PlacedOrder(t, as, 2, variants...)
	for _, part := range p.Order.Parts {
		shop.Deliver(t, shop.Send(t, p.Order.ID, part, 0))
	}
	return p
}

// documents are what sellers have issued for an order, once everything has followed.
func documents(t *testing.T, shop *apptest.App, p checkout.Placed) []invoices.Shown {
	t.Helper()
	return apptest.Read[struct {
		Data []invoices.Shown `json:"data"`
	}](t, shop.Call(t, "", "GET", apptest.OrderPath(p, "/invoices"), "").Want(t, 200)).Data
}

func giveBack(t *testing.T, shop *apptest.App, p checkout.Placed, body string) {
	t.Helper()
	shop.Call(t, apptest.Admin, "POST", "/admin/orders/"+p.Order.ID.String()+"/refunds", body, "Idempotency-Key", id.New[id.Event]().String()).Want(t, 201)
}

func statement(t *testing.T, shop *apptest.App, sql string, args pgx.NamedArgs) {
	t.Helper()
	shop.InTx(t, func(tx pgx.Tx) error { _, err := postgres.Exec(t.Context(), tx, sql, args); return err })
}

// mailed is the only mail that has come with a file, after everything has been worked.
func mailed(t *testing.T, shop *apptest.App, s *sink) received {
	t.Helper()
	idle(t, shop)
	var found []received
	for range len(s.Mail) {
		if m := s.Next(t); len(m.Files) > 0 {
			found = append(found, m)
		}
	}
	if len(found) != 1 || len(found[0].Files) != 1 {
		t.Fatalf("%d mails came with files, want one with one: %+v", len(found), found)
	}
	return found[0]
}

// Guests have no page of their order: the document comes to them.
func TestAGuestIsMailedTheInvoiceAsPDF(t *testing.T) {
	t.Parallel()
	s := newSink(t, door{})
	shop := apptest.Run(t, pgtest.DB(t), sendingTo(s))
	shop.VAT(t, 190_000, true)
	p := billed(t, shop, "", shop.Variant(t, apptest.Price(1190)))
	m := mailed(t, shop, s)
	i := documents(t, shop, p)[0]
	file, total := m.Files[0], i.Total.String()
	if m.To != p.Order.Email || !strings.Contains(m.Subject, i.Number) || !strings.Contains(m.Subject, p.Order.Number) || m.Header.Get("List-Unsubscribe") != "" {
		t.Errorf("to %s: %s, %v", m.To, m.Subject, m.Header)
	}
	for _, want := range []string{i.Number, i.IssuedOn, "Sold by: " + i.Seller.Address.Name, p.Order.Number, "Total: " + total, "Paid: " + total} {
		if !strings.Contains(m.Text, want) {
			t.Errorf("the mail lacks %q:\n%s", want, m.Text)
		}
	}
	if strings.Contains(m.Text, "/account") || strings.Contains(m.Text, p.Order.AccessToken) {
		t.Errorf("a guest got a link:\n%s", m.Text)
	}
	if file.Name != i.Number+".pdf" || file.Type != `application/pdf; name="`+i.Number+`.pdf"` || !strings.HasPrefix(file.Content, "%PDF-1.") {
		t.Errorf("attached is %s, %s, %.20q", file.Name, file.Type, file.Content)
	}
	path := "@" + strings.TrimPrefix(i.PDF, shop.Invoices.BaseURL)
	if shown := shop.Call(t, "", "GET", path, "").Want(t, 200); shown.Body != file.Content {
		t.Error("the PDF of the mail is not that of the shop")
	}
	again(t, shop, "email_the_buyer")
	s.WantNone(t)
}

// What could not be sent is sent again with the same file, though none is kept.
func TestACreditNoteThatIsSentAgainHasItsPDF(t *testing.T) {
	t.Parallel()
	s := newSink(t, door{})
	shop := apptest.Run(t, pgtest.DB(t), sendingTo(s))
	p := billed(t, shop, "", shop.Variant(t))
	mailed(t, shop, s) // the invoice
	refused := &smtp.SMTPError{Code: 550, Message: "mailbox full"}
	s.Refuse(refused, refused) // the mails of the refund and of the credit note
	giveBack(t, shop, p, `{"lines": [{"order_line_id": "`+p.Order.Items[0].ID.String()+`", "quantity": 1}], "reason": "The handle is loose."}`)
	idle(t, shop)
	s.WantNone(t)
	failed := one(t, shop, notifications.CreditNote)
	if failed.Status != notifications.Failed || strings.Contains(failed.HTML+failed.Text, "PDF-") {
		t.Errorf("kept is %+v", failed)
	}
	shop.Call(t, apptest.Admin, "POST", "/admin/notifications/messages/"+failed.ID.String()+"/retry", "").Want(t, 202)
	m := mailed(t, shop, s)
	documents := documents(t, shop, p)
	note := documents[1]
	if m.Files[0].Name != note.Number+".pdf" || !strings.HasPrefix(m.Files[0].Content, "%PDF-1.") || m.Text != failed.Text {
		t.Errorf("sent again: %s, %.20q\n%s", m.Files[0].Name, m.Files[0].Content, m.Text)
	}
	for _, want := range []string{note.Number, "For invoice: " + documents[0].Number + "\n", note.Total.String() + " off invoice " + documents[0].Number} {
		if !strings.Contains(m.Text, want) {
			t.Errorf("the mail lacks %q:\n%s", want, m.Text)
		}
	}
	shop.Call(t, apptest.Admin, "GET", "/admin/notifications/messages?kind=credit_note", "").Want(t, 200, `"invoice_id":"`+note.ID.String()+`"`)
}

// A PDF cannot set every script; a page can be read and printed all the same.
func TestWhatNoPDFCanSetIsMailedAsAPage(t *testing.T) {
	t.Parallel()
	s := newSink(t, door{})
	shop := apptest.Run(t, pgtest.DB(t), sendingTo(s))
	p := billed(t, shop, "", shop.Variant(t, apptest.Titled("مصباح نحاسي")))
	m, number := mailed(t, shop, s), documents(t, shop, p)[0].Number
	file := m.Files[0]
	if file.Name != number+".html" || file.Type != `text/html; charset=utf-8; name="`+number+`.html"` {
		t.Errorf("attached is %s, %s", file.Name, file.Type)
	}
	if !strings.HasPrefix(file.Content, "<!doctype html>") || !strings.Contains(file.Content, "مصباح نحاسي") || strings.Contains(m.HTML, "مصباح") {
		t.Errorf("attached is %.200s", file.Content)
	}
}

func TestEachSellersInvoiceIsMailedInTheLanguageOfTheOrder(t *testing.T) {
	t.Parallel()
	shop := apptest.New(t, pgtest.Tx(t))
	ann := shop.User(t, "ann")
	statement(t, shop, `INSERT INTO notification_preferences (user_id, topic, channel, enabled) VALUES (@ann, 'orders', 'email', false)`, pgx.NamedArgs{"ann": ann.ID})
	p := shop.PlacedOrder(t, "ann", 1, shop.Variant(t, apptest.By(shop.Vendor(t, "potter"))), shop.Variant(t, apptest.By(shop.Vendor(t, "weaver"))))
	statement(t, shop, `UPDATE orders SET locale = 'de'`, nil)
	shop.Send(t, p.Order.ID, p.Order.Parts[0], 0)
	flush(t, shop)
	first := one(t, shop, notifications.Invoice)
	seller := p.Order.Parts[0].Seller.Name
	wantText(t, first, "Rechnung von "+seller, "Verkauft von: "+seller, "http://shop.test/account#orders")
	if first.Locale != "de" || first.User != ann.ID || first.Invoice.IsZero() || strings.Contains(first.Text, "Bezahlt") {
		t.Errorf("of what has left and is not paid: %+v", first)
	}
	shop.Send(t, p.Order.ID, p.Order.Parts[1], 0)
	flush(t, shop)
	both := told(t, shop, notifications.Invoice)
	if len(both) != 2 || both[0].Invoice == both[1].Invoice {
		t.Fatalf("two sellers: %+v", both)
	}
	wantText(t, both[1], p.Order.Parts[1].Seller.Name)
}

// An invoice over nothing proves what was bought; that nothing is given back is no
// news.
func TestOfWhatCostsNothingOnlyTheInvoiceIsMailed(t *testing.T) {
	t.Parallel()
	shop := apptest.New(t, pgtest.Tx(t))
	gift := shop.Variant(t, apptest.Price(0))
	statement(t, shop, `UPDATE shipping_options SET price_minor = 0`, nil)
	c := shop.Cart(t, "", 2, gift)
	p := apptest.Read[checkout.Placed](t, shop.Call(t, "", "POST", "/checkout", c.Order("free"), "Idempotency-Key", "free").Want(t, 201))
	shop.Send(t, p.Order.ID, p.Order.Parts[0], 1)
	flush(t, shop)
	wantText(t, one(t, shop, notifications.Invoice), "Total: 0.00 USD")
	shop.Call(t, "", "POST", apptest.OrderPath(p, "/cancel"), `{"reason": "One is enough"}`).Want(t, 200)
	flush(t, shop)
	if all := documents(t, shop, p); len(all) != 2 || !all[1].Total.IsZero() {
		t.Fatalf("there are %+v", all)
	}
	if notes := told(t, shop, notifications.CreditNote); len(notes) > 0 {
		t.Errorf("told of nothing: %s", notes[0].Text)
	}
}

// Whose address is no longer known, or who asked to be forgotten, is not written to.
func TestNoInvoiceIsMailedToTheForgotten(t *testing.T) {
	t.Parallel()
	shop := apptest.New(t, pgtest.Tx(t))
	shop.User(t, "ann")
	mug := shop.Variant(t)
	billed(t, shop, "ann", mug)
	billed(t, shop, "", mug)
	statement(t, shop, `UPDATE orders SET email = '' WHERE user_id IS NULL`, nil)
	shop.Call(t, "ann", "DELETE", "/me", "").Want(t, 204)
	flush(t, shop)
	shop.WantRows(t, "invoices", 2)
	if sent := told(t, shop, notifications.Invoice); len(sent) > 0 {
		t.Errorf("told are %s", sent[0].Recipient)
	}
}

func TestTheMailboxOpensTheFileOfAMail(t *testing.T) {
	t.Parallel()
	shop := apptest.Run(t, pgtest.DB(t))
	arabic := billed(t, shop, "", shop.Variant(t, apptest.Titled("مصباح <script>")))
	p := billed(t, shop, "", shop.Variant(t))
	idle(t, shop)
	giveBack(t, shop, p, `{"lines": [{"order_line_id": "`+p.Order.Items[0].ID.String()+`", "quantity": 1}], "reason": "Broken."}`)
	idle(t, shop)
	file := func(m notifications.Message) string { return "@/dev/mail/" + m.ID.String() + "/file" }
	note := one(t, shop, notifications.CreditNote)
	answer := shop.Call(t, "", "GET", file(note), "").Want(t, 200, "%PDF-1.")
	number := documents(t, shop, p)[1].Number
	if kind, name := answer.Header.Get("Content-Type"), answer.Header.Get("Content-Disposition"); kind != "application/pdf" || name != `inline; filename="`+number+`.pdf"` {
		t.Errorf("the file is %s, %s", kind, name)
	}
	page := documents(t, shop, arabic)[0].ID
	bills := told(t, shop, notifications.Invoice)
	at := slices.IndexFunc(bills, func(m notifications.Message) bool { return m.Invoice == page })
	shown := shop.Call(t, "", "GET", file(bills[at]), "").Want(t, 200, "<!doctype html>", "مصباح &lt;script&gt;")
	if policy := shown.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "script") {
		t.Errorf("the page may %s", policy)
	}
	shop.Call(t, "", "GET", file(told(t, shop, notifications.OrderShipped)[0]), "").Want(t, 404)

	b := shop.Browser(t)
	b.Open("/dev/mail")
	b.Sees(".subject", number)
	b.Sees(".when", "file · ")
	b.Picture("mailbox")
	for name, m := range map[string]notifications.Message{"credit-note": note, "invoice": bills[1-at]} {
		b.Open("/dev/mail/" + m.ID.String())
		b.Sees("dl a", strings.ReplaceAll(name, "-", " "))
		b.Picture("message-" + name)
		b.Open("/dev/mail/" + m.ID.String() + "/body")
		b.Sees("h1", "Your "+strings.ReplaceAll(name, "-", " "))
		b.Picture("mail-" + name)
	}
}

package notifications

import (
	"cmp"
	"context"

	"souk/internal/invoices"
	"souk/internal/orders"
)

// InvoiceIssued sends the buyer an invoice, or a credit note, as a file. Each has a
// mail of its own: sellers of one order bill when they hand over, days apart.
//
// An invoice over nothing goes out, too: it proves what was bought, from whom and
// when, and guests have no other way to it. A credit note over nothing does not: what
// was taken back had cost nothing, and other mails have told of it.
func (n *Notifications) InvoiceIssued(ctx context.Context, e invoices.Issued) error {
	i, err := invoices.Get(ctx, n.DB, e.InvoiceID)
	if err != nil || i.Kind == invoices.KindCreditNote && i.Total.IsZero() {
		return err
	}
	w, err := orders.Read(ctx, n.DB, e.OrderID)
	if err != nil {
		return err
	}
	seller := cmp.Or(i.Seller.Trading, i.Seller.Address.Name)
	l := n.about(Invoice, w)
	l.Invoice = i.ID
	l.Facts = []fact{{"number", i.Number}, {"date", i.IssuedOn}, {"vendor", seller}, {"order", w.Number}}
	if i.Corrects != nil {
		l.Kind, l.Words["invoice"] = CreditNote, i.Corrects.Number
		l.Facts = append(l.Facts, fact{"corrects", i.Corrects.Number})
	}
	l.Words["number"], l.Words["vendor"], l.Words["total"] = i.Number, seller, i.Total.String()
	l.Facts = append(l.Facts, fact{"total", i.Total.String()})
	if i.Kind == invoices.KindInvoice && i.Paid {
		l.Facts = append(l.Facts, fact{"paid", i.Total.String()})
	}
	return n.tellBuyer(ctx, l)
}

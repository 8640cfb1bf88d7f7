package invoices

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/auth"
	"souk/internal/crash"
	"souk/internal/id"
	"souk/internal/orders"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

var (
	beforeIssue = crash.At("invoices.issue.before_commit")
	afterIssue  = crash.At("invoices.issue.after_commit")
)

// Follow issues what an order is due by now: an invoice for each part that is paid
// for or has left, and a credit note for what such a part comes to less since. Doing
// it again does nothing, and doing it late issues the same.
func (s *Invoices) Follow(ctx context.Context, order id.Order) error {
	if auth.From(ctx).Anonymous() {
		ctx = auth.With(ctx, auth.Actor{System: "issue invoices"})
	}
	cal, err := calendarOf(ctx, s.Settings)
	if err != nil {
		return err
	}
	since, err := Since.Get(ctx, s.Settings)
	if err != nil {
		return err
	}
	issued := 0
	err = postgres.InTx(ctx, s.DB, func(tx pgx.Tx) error {
		due, err := due(ctx, tx, order, func(placed time.Time) bool { return cal.day(placed).Format(time.DateOnly) < since })
		if err != nil {
			return err
		}
		if issued = len(due); issued == 0 {
			return nil
		}
		if err := s.issue(ctx, tx, due, cal); err != nil {
			return err
		}
		beforeIssue.Here()
		return nil
	})
	if err != nil {
		return fmt.Errorf("issue invoices of order %s: %w", order, err)
	}
	if issued > 0 {
		afterIssue.Here()
	}
	return nil
}

// due is what an order, which it locks, is to be billed and was not, by vendor. One that
// is too old has no invoices here.
func due(ctx context.Context, tx pgx.Tx, order id.Order, tooOld func(placed time.Time) bool) ([]Invoice, error) {
	w, err := orders.Lock(ctx, tx, order)
	if err != nil {
		return nil, err
	}
	billed, err := ofOrder(ctx, tx, order)
	if err != nil {
		return nil, err
	}
	taxes, err := orders.TaxesOf(ctx, tx, order)
	if err != nil {
		return nil, err
	}
	refunds, err := orders.RefundsOf(ctx, tx, order)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(w.Parts, func(a, b orders.VendorOrder) int { return slices.Compare(a.Seller.ID[:], b.Seller.ID[:]) }) // the order of locks
	var due []Invoice
	for _, part := range w.Parts {
		of := sale{Whole: w, part: part, taxes: taxes, refunds: refunds}
		before := slices.DeleteFunc(slices.Clone(billed), func(i Invoice) bool { return i.Part != part.ID })
		if len(before) > 0 || of.isDue() && !tooOld(w.PlacedAt) {
			due = append(due, of.drafts(before)...)
		}
	}
	return due, nil
}

// drafts is the invoice of a part, where it has none, and a credit note for what has
// been given back of it, where there is anything. Neither has a number yet.
func (s sale) drafts(billed []Invoice) (list []Invoice) {
	if len(billed) == 0 {
		invoice := s.invoice()
		if len(invoice.Lines) == 0 {
			return nil
		}
		billed, list = []Invoice{invoice}, []Invoice{invoice}
	}
	if note, some := s.creditNote(billed); some {
		list = append(list, note)
	}
	return list
}

// issue gives documents their heads, numbers and dates, and writes them down. Others
// wait for the numbers until the transaction ends, so all that can be done before is.
func (s *Invoices) issue(ctx context.Context, tx pgx.Tx, due []Invoice, cal calendar) error {
	sellers, err := sellersOf(ctx, tx, due)
	if err != nil {
		return err
	}
	b := postgres.NewBatch()
	for at := range due {
		i, seller := &due[at], sellers[due[at].Vendor]
		if i.Seller == (Party{}) { // that of an invoice which was issued before stays
			i.Seller = seller.party()
		}
		i.IssuedAt = s.Clock.Now()
		day := cal.day(i.IssuedAt)
		i.OrderedOn, i.Year = cal.day(i.OrderedAt).Format(time.DateOnly), cal.year(day)
		taken, err := nextSerial(ctx, tx, i.Vendor, i.Kind, i.Year, day.Format(time.DateOnly))
		if err != nil {
			return err
		}
		i.Serial, i.IssuedOn = taken.Number, taken.Day
		i.Number = number(seller.Prefix, i.Kind, i.Year, i.Serial)
		queueInsert(b, i)
		events.Queue(ctx, b, Issued{InvoiceID: i.ID, OrderID: i.Order})
	}
	return b.Send(ctx, tx)
}

// sellersOf is who stand at the heads of documents.
func sellersOf(ctx context.Context, db postgres.DB, due []Invoice) (map[id.Vendor]sellerRow, error) {
	rows, err := postgres.All[sellerRow](ctx, db, selectSellers, pgx.NamedArgs{"vendors": column(due, func(i Invoice) id.Vendor { return i.Vendor })})
	if err != nil {
		return nil, fmt.Errorf("read who sells: %w", err)
	}
	of := map[id.Vendor]sellerRow{}
	for _, row := range rows {
		of[row.Vendor] = row
	}
	return of, nil
}

// party is a seller as their invoices name it. Without a letterhead it is the vendor
// by the name that everybody knows.
func (v sellerRow) party() Party {
	p := Party{TaxID: v.TaxID, Register: v.Register, Email: v.Email, Note: v.Note}
	if v.Address == nil {
		p.Address = accounts.PostalAddress{Name: v.Name, Country: v.Country, Region: v.Region, PostalCode: v.PostalCode}
		return p
	}
	if p.Address = *v.Address; p.Address.Name != v.Name {
		p.Trading = v.Name
	}
	return p
}

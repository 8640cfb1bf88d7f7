package invoices

import (
	"context"
	"errors"
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
	issued := 0
	err = postgres.InTx(ctx, s.DB, func(tx pgx.Tx) error {
		due, err := s.due(ctx, tx, order)
		if err != nil {
			return err
		}
		issued = len(due)
		for i := range due {
			if err := s.issue(ctx, tx, &due[i], cal); err != nil {
				return err
			}
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

// A draft is a document that has no number yet, and the prefix that it will have.
type draft struct {
	Invoice
	prefix string
}

// due is what an order, which it locks, is to be billed and was not, by vendor.
func (s *Invoices) due(ctx context.Context, tx pgx.Tx, order id.Order) ([]draft, error) {
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
	var due []draft
	for _, part := range w.Parts {
		of := sale{Whole: w, part: part, taxes: taxes, refunds: refunds}
		if !of.isDue() && !slices.ContainsFunc(billed, of.owns) {
			continue
		}
		if of.seller, of.prefix, err = sellerOf(ctx, tx, part.Seller.ID); err != nil {
			return nil, err
		}
		due = append(due, of.drafts(slices.DeleteFunc(slices.Clone(billed), func(i Invoice) bool { return !of.owns(i) }))...)
	}
	return due, nil
}

func (s sale) owns(i Invoice) bool { return i.Part == s.part.ID }

// drafts is the invoice of a part, where it has none, and a credit note for what has
// been given back of it, where there is anything.
func (s sale) drafts(billed []Invoice) (list []draft) {
	if len(billed) == 0 {
		invoice := s.invoice()
		if len(invoice.Lines) == 0 {
			return nil
		}
		billed, list = []Invoice{invoice}, []draft{{invoice, s.prefix}}
	}
	if note, some := s.creditNote(billed); some {
		list = append(list, draft{note, s.prefix})
	}
	return list
}

// issue gives a document its number and date, and writes it down.
func (s *Invoices) issue(ctx context.Context, tx pgx.Tx, d *draft, cal calendar) error {
	d.IssuedAt = s.Clock.Now()
	day := cal.day(d.IssuedAt)
	d.IssuedOn, d.Year = day.Format(time.DateOnly), cal.year(day)
	var err error
	if d.Serial, err = nextSerial(ctx, tx, d.Vendor, d.Kind, d.Year); err != nil {
		return err
	}
	d.Number = number(d.prefix, d.Kind, d.Year, d.Serial)
	if err := insert(ctx, tx, &d.Invoice); err != nil {
		return err
	}
	return events.Raise(ctx, tx, Issued{InvoiceID: d.ID, OrderID: d.Order})
}

// sellerOf is who stands at the head of a vendor's invoices, and the prefix of their
// numbers. Without a letterhead it is the vendor by the name that everybody knows.
func sellerOf(ctx context.Context, db postgres.DB, vendor id.Vendor) (Party, string, error) {
	v, err := postgres.Get[sellerRow](ctx, db, `
		SELECT name, tax_country, tax_region, tax_postal_code, tax_id FROM vendors WHERE id = @vendor`, pgx.NamedArgs{"vendor": vendor})
	if err != nil {
		return Party{}, "", fmt.Errorf("read seller %s: %w", vendor, err)
	}
	p := Party{TaxID: v.TaxID, Address: accounts.PostalAddress{Name: v.Name, Country: v.Country, Region: v.Region, PostalCode: v.PostalCode}}
	head, err := letterheadOf(ctx, db, vendor)
	if errors.Is(err, ErrNoLetterhead) {
		return p, "", nil
	}
	if err != nil {
		return Party{}, "", err
	}
	if head.Address.Name != v.Name {
		p.Trading = v.Name
	}
	p.Address, p.Register, p.Email, p.Note = head.Address, head.Register, head.Email, head.Note
	return p, head.Prefix, nil
}

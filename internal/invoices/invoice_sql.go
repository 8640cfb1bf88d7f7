package invoices

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// sellerRow is what an invoice takes from a vendor and its letterhead, if it has one.
type sellerRow struct {
	Vendor id.Vendor `db:"vendor_id"`
	Name   string    `db:"name"`
	accounts.TaxRegistration
	Address  *accounts.PostalAddress `db:"address"`
	Register string                  `db:"register"`
	Email    string                  `db:"email"`
	Note     string                  `db:"note"`
	Prefix   string                  `db:"prefix"`
}

const selectSellers = `
	SELECT v.id AS vendor_id, v.name, v.tax_country, v.tax_region, v.tax_postal_code, v.tax_id,
	       h.address, coalesce(h.register, '') AS register, coalesce(h.email, '') AS email, coalesce(h.note, '') AS note, coalesce(h.prefix, '') AS prefix
	FROM vendors v LEFT JOIN letterheads h ON h.vendor_id = v.id
	WHERE v.id = ANY (@vendors::uuid[])`

// nextSerial takes the next number of a seller's counter, whose row stays locked until
// the transaction ends: gone if that fails, so that it leaves no gap.
// The day may be later than that of who asks: days follow numbers, and the clocks of
// nodes differ.
func nextSerial(ctx context.Context, tx pgx.Tx, vendor id.Vendor, kind Kind, year, day string) (s serial, err error) {
	s, err = postgres.Get[serial](ctx, tx, `
		INSERT INTO invoice_counters (vendor_id, kind, year, last, last_on) VALUES (@vendor, @kind, @year, 1, @day)
		ON CONFLICT (vendor_id, kind, year) DO UPDATE SET last = invoice_counters.last + 1, last_on = greatest(invoice_counters.last_on, excluded.last_on)
		RETURNING last AS number, last_on::text AS day`, pgx.NamedArgs{"vendor": vendor, "kind": string(kind), "year": year, "day": day})
	if err != nil {
		return s, fmt.Errorf("take the next number of %s %s of vendor %s: %w", kind, year, vendor, err)
	}
	return s, nil
}

// A serial is a number that was taken, and the day of what has it.
type serial struct {
	Number int    `db:"number"`
	Day    string `db:"day"`
}

func queueInsert(b *postgres.Batch, i *Invoice) {
	var corrects id.Invoice
	if i.Corrects != nil {
		corrects = i.Corrects.ID
	}
	if i.Refunds == nil {
		i.Refunds = []id.Refund{}
	}
	b.Queue(`
		INSERT INTO invoices (id, vendor_id, order_id, vendor_order_id, kind, year, serial, number, corrects, refunds, reason, seller, buyer, supplied_to, locale,
		                      currency, tax_included, total_minor, tax_minor, credit_minor, paid, ordered_at, ordered_on, issued_on, issued_at)
		VALUES (@id, @vendor, @order, @part, @kind, @year, @serial, @number, @corrects, @refunds, @reason, @seller, @buyer, @supplied, @locale,
		        @currency, @included, @total, @tax, @credit, @paid, @ordered, @ordered_on, @day, @at)`,
		pgx.NamedArgs{
			"id": i.ID, "vendor": i.Vendor, "order": i.Order, "part": i.Part, "kind": string(i.Kind), "year": i.Year, "serial": i.Serial, "number": i.Number,
			"corrects": corrects, "refunds": i.Refunds, "reason": i.Reason, "seller": i.Seller, "buyer": i.Buyer, "supplied": i.SuppliedTo, "locale": i.Locale,
			"currency": string(i.Currency), "included": i.TaxIncluded, "total": i.Total.Minor, "tax": i.Tax.Minor, "credit": i.Credit.Minor, "paid": i.Paid,
			"ordered": i.OrderedAt, "ordered_on": i.OrderedOn, "day": i.IssuedOn, "at": i.IssuedAt,
		})
	b.Queue(`
		INSERT INTO invoice_lines (invoice_id, position, kind, order_line_id, title, detail, sku, quantity, unit_minor, discount_minor, tax_minor, total_minor, taxes)
		SELECT @invoice, l.position, l.kind, l.line, l.title, l.detail, l.sku, l.quantity, l.unit, l.discount, l.tax, l.total, l.taxes
		FROM unnest(@kinds::text[], @lines::uuid[], @titles::text[], @details::text[], @skus::text[], @quantities::int[], @units::bigint[], @discounts::bigint[],
			@taxes::bigint[], @totals::bigint[], @shares::jsonb[])
			WITH ORDINALITY AS l (kind, line, title, detail, sku, quantity, unit, discount, tax, total, taxes, position)`,
		pgx.NamedArgs{
			"invoice":    i.ID,
			"kinds":      column(i.Lines, func(l Line) string { return string(l.Kind) }),
			"lines":      column(i.Lines, func(l Line) id.OrderLine { return l.OrderLine }),
			"titles":     column(i.Lines, func(l Line) string { return l.Title }),
			"details":    column(i.Lines, func(l Line) string { return l.Detail }),
			"skus":       column(i.Lines, func(l Line) string { return l.SKU }),
			"quantities": column(i.Lines, func(l Line) int { return l.Quantity }),
			"units":      column(i.Lines, func(l Line) int64 { return l.Unit.Minor }),
			"discounts":  column(i.Lines, func(l Line) int64 { return l.Discount.Minor }),
			"taxes":      column(i.Lines, func(l Line) int64 { return l.Tax.Minor }),
			"totals":     column(i.Lines, func(l Line) int64 { return l.Total.Minor }),
			"shares":     column(i.Lines, func(l Line) []TaxShare { return l.Taxes }),
		})
}

// column is one field of every row, as unnest wants it.
func column[R, V any](rows []R, field func(R) V) []V {
	values := make([]V, len(rows))
	for i, r := range rows {
		values[i] = field(r)
	}
	return values
}

const invoiceColumnsFragment = `
	i.id, i.kind, i.number, i.year, i.serial, i.issued_on::text AS issued_on, i.issued_at, i.ordered_at, i.ordered_on::text AS ordered_on, i.vendor_id, i.order_id, o.number AS order_number, i.vendor_order_id, i.refunds, i.reason,
	i.seller, i.buyer, i.supplied_to, i.locale, i.currency, i.tax_included, (i.tax_minor, i.currency) AS tax, (i.total_minor, i.currency) AS total,
	(i.credit_minor, i.currency) AS credit, i.paid, of.id AS of_id, of.number AS of_number, of.issued_on::text AS of_on`

const invoiceTablesFragment = ` FROM invoices i JOIN orders o ON o.id = i.order_id LEFT JOIN invoices of ON of.id = i.corrects `

const (
	// The invoice of each part before its credit notes, which follow in the order in which they were issued.
	selectOfOrder = `SELECT ` + invoiceColumnsFragment + invoiceTablesFragment + `WHERE i.order_id = @order ORDER BY i.vendor_order_id, i.kind DESC, i.id`

	selectOne = `SELECT ` + invoiceColumnsFragment + invoiceTablesFragment + `WHERE i.id = @id AND (@vendor::uuid IS NULL OR i.vendor_id = @vendor)`

	selectInvoiceLines = `
		SELECT l.invoice_id, l.kind, l.order_line_id, l.title, l.detail, l.sku, l.quantity, (l.unit_minor, i.currency) AS unit, (l.discount_minor, i.currency) AS discount,
		       (l.tax_minor, i.currency) AS tax, (l.total_minor, i.currency) AS total, l.taxes
		FROM invoice_lines l JOIN invoices i ON i.id = l.invoice_id
		WHERE l.invoice_id = ANY (@invoices::uuid[]) ORDER BY l.invoice_id, l.position`
)

// What narrows a list down most stands by itself and not behind an "or none", so
// that each statement has the plan of its index: of a vendor, of a number.
const (
	ofVendorFragment = `i.vendor_id = @vendor AND `
	foundFragment    = `i.id IN (
			SELECT f.id FROM invoices f WHERE f.number = upper(@q::text)
			UNION ALL SELECT f.id FROM invoices f JOIN orders of ON of.id = f.order_id WHERE of.number = upper(@q::text))
		AND (@vendor::uuid IS NULL OR i.vendor_id = @vendor) AND `
	restFragment   = `(@kind::text = '' OR i.kind = @kind) AND i.issued_on BETWEEN coalesce(@from, '-infinity'::date) AND coalesce(@to, 'infinity'::date)`
	pageFragment   = ` AND (@before::uuid IS NULL OR i.id < @before) ORDER BY i.id DESC LIMIT @limit`
	exportFragment = ` AND (@after::uuid IS NULL OR i.id > @after) ORDER BY i.id LIMIT @limit`

	listAll      = `SELECT ` + invoiceColumnsFragment + invoiceTablesFragment + `WHERE ` + restFragment + pageFragment
	listOfVendor = `SELECT ` + invoiceColumnsFragment + invoiceTablesFragment + `WHERE ` + ofVendorFragment + restFragment + pageFragment
	listFound    = `SELECT ` + invoiceColumnsFragment + invoiceTablesFragment + `WHERE ` + foundFragment + restFragment + pageFragment

	exportAll      = `SELECT ` + invoiceColumnsFragment + invoiceTablesFragment + `WHERE ` + restFragment + exportFragment
	exportOfVendor = `SELECT ` + invoiceColumnsFragment + invoiceTablesFragment + `WHERE ` + ofVendorFragment + restFragment + exportFragment
	exportFound    = `SELECT ` + invoiceColumnsFragment + invoiceTablesFragment + `WHERE ` + foundFragment + restFragment + exportFragment

	countAll      = `SELECT count(*) FROM invoices i WHERE ` + restFragment
	countOfVendor = `SELECT count(*) FROM invoices i WHERE ` + ofVendorFragment + restFragment
	countFound    = `SELECT count(*) FROM invoices i WHERE ` + foundFragment + restFragment
)

// filter says which documents are wanted. What is empty does not filter.
type filter struct {
	vendor   id.Vendor
	kind, q  string
	from, to *time.Time // days, both included
}

// pick is the statement among three that fits what is asked for.
func (f filter) pick(all, ofVendor, found string) string {
	switch {
	case f.q != "":
		return found
	case !f.vendor.IsZero():
		return ofVendor
	}
	return all
}

func (f filter) args() pgx.NamedArgs {
	return pgx.NamedArgs{"vendor": f.vendor, "kind": f.kind, "q": f.q, "from": f.from, "to": f.to}
}

type invoiceRow struct {
	Invoice
	OfID     id.Invoice `db:"of_id"`
	OfNumber *string    `db:"of_number"`
	OfOn     *string    `db:"of_on"`
}

type lineRow struct {
	Line
	Invoice id.Invoice `db:"invoice_id"`
}

// read answers with whole documents, in two round trips.
func read(ctx context.Context, db postgres.DB, sql string, args pgx.NamedArgs) ([]Invoice, error) {
	rows, err := postgres.All[invoiceRow](ctx, db, sql, args)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	ids := make([]id.Invoice, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	lines, err := postgres.All[lineRow](ctx, db, selectInvoiceLines, pgx.NamedArgs{"invoices": ids})
	if err != nil {
		return nil, err
	}
	of := map[id.Invoice][]Line{}
	for _, l := range lines {
		of[l.Invoice] = append(of[l.Invoice], l.Line)
	}
	list := make([]Invoice, len(rows))
	for i, r := range rows {
		list[i] = r.Invoice
		list[i].Lines = of[r.ID]
		list[i].sum()
		if r.OfNumber != nil && r.OfOn != nil {
			list[i].Corrects = &Reference{r.OfID, *r.OfNumber, *r.OfOn}
		}
	}
	return list, nil
}

func ofOrder(ctx context.Context, db postgres.DB, order id.Order) ([]Invoice, error) {
	list, err := read(ctx, db, selectOfOrder, pgx.NamedArgs{"order": order})
	if err != nil {
		return nil, fmt.Errorf("read invoices of order %s: %w", order, err)
	}
	return list, nil
}

// get is one document; ErrNoInvoice where there is none, or it is another vendor's.
func get(ctx context.Context, db postgres.DB, invoice id.Invoice, vendor id.Vendor) (Invoice, error) {
	list, err := read(ctx, db, selectOne, pgx.NamedArgs{"id": invoice, "vendor": vendor})
	switch {
	case err != nil:
		return Invoice{}, fmt.Errorf("read invoice %s: %w", invoice, err)
	case len(list) == 0:
		return Invoice{}, ErrNoInvoice
	}
	return list[0], nil
}

const forgetBatch = 500

// Forget takes the buyer out of invoices whose orders forget them: when the years
// for which books are kept are over. It is a sweep.
func (s *Invoices) Forget(ctx context.Context) error {
	for {
		var n int64
		err := postgres.InTx(ctx, s.DB, func(tx pgx.Tx) (err error) {
			n, err = postgres.Exec(ctx, tx, `
				UPDATE invoices SET buyer = '{}'
				WHERE id IN (SELECT i.id FROM invoices i JOIN orders o ON o.id = i.order_id WHERE o.personal = 'none' AND i.buyer <> '{}' LIMIT @limit)`,
				pgx.NamedArgs{"limit": forgetBatch})
			return err
		})
		if err != nil {
			return fmt.Errorf("forget buyers of invoices: %w", err)
		}
		if n < forgetBatch {
			return nil
		}
	}
}

// letterheadOf is ErrNoLetterhead where nobody has written one.
func letterheadOf(ctx context.Context, db postgres.DB, vendor id.Vendor) (Kept, error) {
	head, err := postgres.Get[Kept](ctx, db, `
		SELECT address, register, email, note, prefix, version, updated_at FROM letterheads WHERE vendor_id = @vendor`,
		pgx.NamedArgs{"vendor": vendor})
	if errors.Is(err, postgres.ErrNoRow) {
		return Kept{}, ErrNoLetterhead
	}
	if err != nil {
		return Kept{}, fmt.Errorf("read letterhead of vendor %s: %w", vendor, err)
	}
	return head, nil
}

// putLetterhead writes one, over the one before.
func putLetterhead(ctx context.Context, tx pgx.Tx, vendor id.Vendor, h Letterhead) (Kept, error) {
	n, err := postgres.Exec(ctx, tx, `
		INSERT INTO letterheads (vendor_id, address, register, email, note, prefix)
		SELECT v.id, @address, @register, @email, @note, @prefix FROM vendors v WHERE v.id = @vendor
		ON CONFLICT (vendor_id) DO UPDATE SET address = @address, register = @register, email = @email, note = @note, prefix = @prefix,
			 version = letterheads.version + 1, updated_at = now()`,
		pgx.NamedArgs{"vendor": vendor, "address": h.Address, "register": h.Register, "email": h.Email, "note": h.Note, "prefix": h.Prefix})
	switch {
	case err != nil:
		return Kept{}, fmt.Errorf("write letterhead of vendor %s: %w", vendor, err)
	case n == 0:
		return Kept{}, ErrNoLetterhead
	}
	return letterheadOf(ctx, tx, vendor)
}

// Package invoices is what sellers ask buyers for, and give back, on paper: an
// invoice for each part of an order, credit notes for what is given back of it.
//
// Owns: when one is issued ([Invoices.Follow]), what stands on it (compose.go,
// correct.go), its number (number.go), letterheads, and how it is shown: as JSON,
// as a page and as PDF.
// Tables: letterheads, invoice_counters, invoices, invoice_lines.
// Raises: [Issued].
// Calls: orders (what was bought, and what of it was given back), settings.
//
// An invoice is composed once, out of the frozen shares of its order, and never
// changed; the database refuses to. What changes later, changes by a credit note:
// the difference between what has been billed and what the part comes to now, so
// that looking twice, or late, bills nothing twice. Numbers of a seller have no gaps
// within a fiscal year: the row of their counter is locked by whoever issues.
//
// Locks: the order, counters by vendor.
package invoices

import (
	"time"

	"souk/internal/auth"
	"souk/internal/clock"
	"souk/internal/errs"
	"souk/internal/orders"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
	"souk/internal/platform/settings"
)

// Invoices issues and shows the invoices of the market.
type Invoices struct {
	DB       postgres.DB
	Clock    clock.Clock
	Settings *settings.Settings
	Orders   *orders.Orders
	BaseURL  string // of the shop, without a slash at its end
	LinkKey  httpapi.LinkKey

	cursors httpapi.Cursors
}

// The rights of staff.
const (
	CanRead  auth.Permission = "invoices.read"
	CanWrite auth.Permission = "invoices.write" // letterheads
)

// Permissions lists what this module can permit.
func Permissions() []auth.Permission { return []auth.Permission{CanRead, CanWrite} }

// What decides which orders are billed here, in which year an invoice is numbered, and
// its date.
var (
	Since = settings.Value[string]{
		Key: "invoices.since", Help: "The first day whose orders are billed here, as 2026-11-27; those before were billed elsewhere. Empty: all orders are billed here.",
		Check: isDay, Rule: "Give a day as 2026-11-27, or nothing.",
	}
	FiscalYearMonth = settings.Value[int]{
		Key: "invoices.fiscal_year_month", Help: "The month in which a fiscal year begins, after which invoices are numbered: 1 is January, 4 is April, as in India.",
		Default: 1, Check: func(month int) bool { return 1 <= month && month <= 12 }, Rule: "Give a month, from 1 to 12.",
	}
	TimeZone = settings.Value[string]{
		Key: "invoices.time_zone", Help: "The time zone of the dates on invoices, as in Europe/Berlin or Asia/Kolkata.",
		Default: "UTC", Check: isTimeZone, Rule: "Give the name of a time zone, as in Europe/Berlin.",
	}
)

// Settings lists what this module declares.
func Settings() []settings.Declared { return []settings.Declared{Since, FiscalYearMonth, TimeZone} }

func isDay(text string) bool {
	_, err := time.Parse(time.DateOnly, text)
	return err == nil || text == ""
}

func isTimeZone(name string) bool {
	_, err := time.LoadLocation(name)
	return err == nil && name != "" && name != "Local"
}

var (
	// ErrNoInvoice says that there is no such invoice, or that it is not yours.
	ErrNoInvoice = errs.New(errs.NotFound, "invoice_not_found", "There is no such invoice.")
	// ErrNotYet says that an order has no invoice so far.
	ErrNotYet = errs.New(errs.NotFound, "not_invoiced", "This order has no invoice yet. There is one once it is paid for, or has left.")
	// ErrNotPrintable says that a text is in a script that our PDFs cannot set.
	ErrNotPrintable = errs.New(errs.Conflict, "invoice_not_printable", "This invoice has letters that we cannot set in a PDF. Open its page and print that.")
	// ErrNoLetterhead says that nobody has written the head of a seller's invoices yet.
	ErrNoLetterhead = errs.New(errs.NotFound, "letterhead_not_found", "This seller has no letterhead yet.")
)

// Routes mounts what buyers, vendors and staff see of invoices.
func (s *Invoices) Routes(r *httpapi.Router) {
	s.cursors = r.Cursors
	s.buyerRoutes(r)
	s.sellerRoutes(r)
	s.issueRoutes(r)
	s.letterheadRoutes(r)
	s.linkRoutes(r)
}

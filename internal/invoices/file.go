package invoices

import (
	"context"
	"errors"
	"strings"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// A File is a document in one piece, to be kept: its PDF or, where that cannot set
// its letters, its page, which has its style with it.
type File struct {
	Name    string // I2026-000123.pdf
	Type    string // application/pdf
	Content []byte
}

// Get is a document, whoever's it is; ErrNoInvoice where there is none.
func Get(ctx context.Context, db postgres.DB, invoice id.Invoice) (Invoice, error) {
	return get(ctx, db, invoice, id.Vendor{})
}

// Print is a document as a file, always the same.
func Print(ctx context.Context, db postgres.DB, invoice id.Invoice) (File, error) {
	i, err := Get(ctx, db, invoice)
	if err != nil {
		return File{}, err
	}
	content, err := writePDF([]Invoice{i})
	if !errors.Is(err, ErrNotPrintable) {
		return File{fileName(i.Number, "pdf"), "application/pdf", content}, err
	}
	content, err = writePage(i)
	return File{fileName(i.Number, "html"), "text/html; charset=utf-8", content}, err
}

// fileName is for a number, which is of letters, digits, / and -.
func fileName(number, ending string) string {
	return strings.ReplaceAll(number, "/", "-") + "." + ending
}

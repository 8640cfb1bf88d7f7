package invoices

import "souk/internal/id"

// Issued says that a seller has issued an invoice or a credit note.
type Issued struct {
	InvoiceID id.Invoice `json:"invoice_id"`
	OrderID   id.Order   `json:"order_id"`
}

// EventName is "invoices.issued".
func (Issued) EventName() string { return "invoices.issued" }

package inventory

import "souk/internal/id"

// StockChanged says that units arrived, were counted or left other than by a
// sale. Sales raise the order's own events.
type StockChanged struct {
	VariantIDs []id.Variant `json:"variant_ids"`
}

// EventName is "inventory.stock_changed".
func (StockChanged) EventName() string { return "inventory.stock_changed" }

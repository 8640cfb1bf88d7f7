package search

import "souk/internal/id"

// Refreshed says that what is shown of products has changed, or their place
// in lists. Listing is false
// when only stock moved, which lists do not show in numbers.
type Refreshed struct {
	ProductIDs []id.Product `json:"product_ids"`
	Listing    bool         `json:"listing"`
}

// EventName names the event in the log.
func (Refreshed) EventName() string { return "search.refreshed" }

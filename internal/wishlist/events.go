package wishlist

import "souk/internal/id"

// PricesFell says that things on a user's lists cost less than they were told of.
type PricesFell struct {
	UserID  id.User           `json:"user_id"`
	ItemIDs []id.WishlistItem `json:"item_ids"`
}

// BackInStock says that things on a user's lists can be bought again.
type BackInStock struct {
	UserID  id.User           `json:"user_id"`
	ItemIDs []id.WishlistItem `json:"item_ids"`
}

// AlertAsked says that somebody wants to be told of something, who has yet to
// prove that the mailbox is theirs.
type AlertAsked struct {
	AlertID id.Alert `json:"alert_id"`
}

// AlertDue says that what an alert waits for has happened.
type AlertDue struct {
	AlertID id.Alert `json:"alert_id"`
}

// EventName names the event in the log.
func (PricesFell) EventName() string  { return "wishlist.prices_fell" }
func (BackInStock) EventName() string { return "wishlist.back_in_stock" }
func (AlertAsked) EventName() string  { return "wishlist.alert_asked" }
func (AlertDue) EventName() string    { return "wishlist.alert_due" }

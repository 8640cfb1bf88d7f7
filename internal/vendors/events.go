package vendors

import "souk/internal/id"

// Changed says that something about a vendor is different: whoever shows
// vendors or hides what they sell looks again.
type Changed struct {
	VendorID id.Vendor `json:"vendor_id"`
}

// Applied says that somebody wants to sell.
type Applied struct {
	VendorID id.Vendor `json:"vendor_id"`
	UserID   id.User   `json:"user_id"`
}

// Approved says that a vendor may sell, or may again.
type Approved struct {
	VendorID id.Vendor `json:"vendor_id"`
}

// Rejected says that an application was turned down.
type Rejected struct {
	VendorID id.Vendor `json:"vendor_id"`
}

// Suspended says that a vendor may not sell any more.
type Suspended struct {
	VendorID id.Vendor `json:"vendor_id"`
}

// Invited says that somebody is asked to work for a vendor.
type Invited struct {
	InvitationID id.Invitation `json:"invitation_id"`
}

// Joined says that somebody works for a vendor.
type Joined struct {
	VendorID id.Vendor `json:"vendor_id"`
	UserID   id.User   `json:"user_id"`
}

// Left says that somebody works for a vendor no more.
type Left struct {
	VendorID id.Vendor `json:"vendor_id"`
	UserID   id.User   `json:"user_id"`
}

func (Invited) EventName() string   { return "vendors.invited" }
func (Joined) EventName() string    { return "vendors.joined" }
func (Left) EventName() string      { return "vendors.left" }
func (Changed) EventName() string   { return "vendors.changed" }
func (Applied) EventName() string   { return "vendors.applied" }
func (Approved) EventName() string  { return "vendors.approved" }
func (Rejected) EventName() string  { return "vendors.rejected" }
func (Suspended) EventName() string { return "vendors.suspended" }

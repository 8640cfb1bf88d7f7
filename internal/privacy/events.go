package privacy

import "souk/internal/id"

// ExportAsked says that a copy of a user's data is to be made.
type ExportAsked struct {
	UserID   id.User   `json:"user_id"`
	ExportID id.Export `json:"export_id"`
}

// ExportReady says that a copy can be fetched.
type ExportReady struct {
	UserID   id.User   `json:"user_id"`
	ExportID id.Export `json:"export_id"`
}

func (ExportAsked) EventName() string { return "privacy.export_asked" }
func (ExportReady) EventName() string { return "privacy.export_ready" }

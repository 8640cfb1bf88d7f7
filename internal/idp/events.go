package idp

import "souk/internal/id"

// Linked says that a user who was here already can sign in with a provider now.
type Linked struct {
	UserID     id.User          `json:"user_id"`
	ProviderID id.LoginProvider `json:"provider_id"`
}

// Unlinked says that a user cannot sign in with a provider any more.
type Unlinked struct {
	UserID     id.User          `json:"user_id"`
	ProviderID id.LoginProvider `json:"provider_id"`
}

// EventName names the event in the log.
func (Linked) EventName() string { return "idp.linked" }

// EventName names the event in the log.
func (Unlinked) EventName() string { return "idp.unlinked" }

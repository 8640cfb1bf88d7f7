package accounts

import "souk/internal/id"

// Registered says that somebody signed up.
type Registered struct {
	UserID id.User `json:"user_id"`
}

// SignedIn says that a session began.
type SignedIn struct {
	UserID    id.User    `json:"user_id"`
	SessionID id.Session `json:"session_id"`
}

// PasswordChanged says that a password is another one and every other session
// has ended.
type PasswordChanged struct {
	UserID id.User `json:"user_id"`
}

// RefreshReused says that a refresh token came back after it had been
// exchanged: somebody else has a copy, so its session was ended.
type RefreshReused struct {
	UserID    id.User    `json:"user_id"`
	SessionID id.Session `json:"session_id"`
}

// RolesChanged says that a user has other roles.
type RolesChanged struct {
	UserID id.User  `json:"user_id"`
	Roles  []string `json:"roles"`
}

// Disabled says that a user was shut out.
type Disabled struct {
	UserID id.User `json:"user_id"`
}

// Enabled says that a user was let in again.
type Enabled struct {
	UserID id.User `json:"user_id"`
}

// Erased says that a user's personal data is gone from accounts; those who
// keep copies drop theirs.
type Erased struct {
	UserID id.User `json:"user_id"`
}

func (Registered) EventName() string      { return "accounts.registered" }
func (SignedIn) EventName() string        { return "accounts.signed_in" }
func (PasswordChanged) EventName() string { return "accounts.password_changed" }
func (RefreshReused) EventName() string   { return "accounts.refresh_reused" }
func (RolesChanged) EventName() string    { return "accounts.roles_changed" }
func (Disabled) EventName() string        { return "accounts.disabled" }
func (Enabled) EventName() string         { return "accounts.enabled" }
func (Erased) EventName() string          { return "accounts.erased" }

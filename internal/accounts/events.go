package accounts

import (
	"souk/internal/auth"
	"souk/internal/id"
)

// Registered says that somebody signed up.
type Registered struct {
	UserID id.User `json:"user_id"`
}

// RegisteredAgain says that somebody tried to sign up with the e-mail of a user
// who is there: they should know, and nobody else.
type RegisteredAgain struct {
	UserID id.User `json:"user_id"`
}

// SignedIn says that a session began.
type SignedIn struct {
	UserID    id.User    `json:"user_id"`
	SessionID id.Session `json:"session_id"`
	NewDevice bool       `json:"new_device,omitempty"` // none of the user's sessions was on such a device before
}

// MailAsked says that somebody asked for a mail, at an address that may be
// nobody's.
type MailAsked struct {
	RequestID id.MailToken `json:"request_id"`
}

// VerificationAsked says that a user is to prove their mailbox.
type VerificationAsked struct {
	UserID  id.User      `json:"user_id"`
	TokenID id.MailToken `json:"token_id"`
}

// PasswordResetAsked says that somebody, maybe the user, wants a new password.
type PasswordResetAsked struct {
	UserID  id.User      `json:"user_id"`
	TokenID id.MailToken `json:"token_id"`
}

// SignInLinkAsked says that a user wants in by their mailbox.
type SignInLinkAsked struct {
	UserID  id.User      `json:"user_id"`
	TokenID id.MailToken `json:"token_id"`
}

// EmailChangeAsked says that a user wants another e-mail address: it is to be
// proven, and the old one told.
type EmailChangeAsked struct {
	UserID  id.User      `json:"user_id"`
	TokenID id.MailToken `json:"token_id"`
}

// EmailChanged says that a user has the e-mail address of a token, and was at
// its previous one before.
type EmailChanged struct {
	UserID  id.User      `json:"user_id"`
	TokenID id.MailToken `json:"token_id"`
}

// EmailVerified says that the link which was mailed to a user's address was opened.
type EmailVerified struct {
	UserID id.User `json:"user_id"`
}

// MailboxOwned says that somebody who is in an account reads its mailbox: what
// is known by that address is theirs.
type MailboxOwned struct {
	UserID id.User `json:"user_id"`
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

// RoleChanged says that a custom role was made, permits something else or,
// where it permits nothing, is gone.
type RoleChanged struct {
	Role        string            `json:"role"`
	Permissions []auth.Permission `json:"permissions"`
}

// Impersonated says that a member of staff looks as a customer.
type Impersonated struct {
	UserID    id.User    `json:"user_id"`
	SessionID id.Session `json:"session_id"`
	StaffID   id.User    `json:"staff_id"`
	ReadOnly  bool       `json:"read_only"`
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

// KeysRotated says that access tokens are signed with another key.
type KeysRotated struct {
	KeyID string `json:"key_id"`
}

func (KeysRotated) EventName() string        { return "accounts.keys_rotated" }
func (Registered) EventName() string         { return "accounts.registered" }
func (SignedIn) EventName() string           { return "accounts.signed_in" }
func (RegisteredAgain) EventName() string    { return "accounts.registered_again" }
func (VerificationAsked) EventName() string  { return "accounts.verification_asked" }
func (PasswordResetAsked) EventName() string { return "accounts.password_reset_asked" }
func (SignInLinkAsked) EventName() string    { return "accounts.sign_in_link_asked" }
func (EmailChangeAsked) EventName() string   { return "accounts.email_change_asked" }
func (EmailChanged) EventName() string       { return "accounts.email_changed" }
func (MailAsked) EventName() string          { return "accounts.mail_asked" }
func (EmailVerified) EventName() string      { return "accounts.email_verified" }
func (MailboxOwned) EventName() string       { return "accounts.mailbox_owned" }
func (PasswordChanged) EventName() string    { return "accounts.password_changed" }
func (RefreshReused) EventName() string      { return "accounts.refresh_reused" }
func (RolesChanged) EventName() string       { return "accounts.roles_changed" }
func (RoleChanged) EventName() string        { return "accounts.role_changed" }
func (Impersonated) EventName() string       { return "accounts.impersonated" }
func (Disabled) EventName() string           { return "accounts.disabled" }
func (Enabled) EventName() string            { return "accounts.enabled" }
func (Erased) EventName() string             { return "accounts.erased" }

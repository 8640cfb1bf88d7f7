package mfa

import "souk/internal/id"

// FactorAdded says that a user has set up an authenticator app or a passkey.
type FactorAdded struct {
	UserID id.User `json:"user_id"`
	Kind   string  `json:"kind"` // totp, passkey
}

// FactorRemoved says that a user has removed one, or that staff have removed
// all.
type FactorRemoved struct {
	UserID id.User `json:"user_id"`
	Kind   string  `json:"kind"` // totp, passkey, all
}

// PasskeyCopied says that a passkey's counter went back, as that of a copy
// does. It was refused.
type PasskeyCopied struct {
	UserID    id.User   `json:"user_id"`
	PasskeyID id.Factor `json:"passkey_id"`
}

// RecoveryCodeUsed says that somebody signed in with a recovery code.
type RecoveryCodeUsed struct {
	UserID id.User `json:"user_id"`
	Left   int     `json:"left"`
}

// RecoveryCodesMade says that a user has other recovery codes.
type RecoveryCodesMade struct {
	UserID id.User `json:"user_id"`
}

func (FactorAdded) EventName() string       { return "mfa.factor_added" }
func (FactorRemoved) EventName() string     { return "mfa.factor_removed" }
func (PasskeyCopied) EventName() string     { return "mfa.passkey_copied" }
func (RecoveryCodeUsed) EventName() string  { return "mfa.recovery_code_used" }
func (RecoveryCodesMade) EventName() string { return "mfa.recovery_codes_made" }

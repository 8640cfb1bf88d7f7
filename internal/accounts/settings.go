package accounts

import "souk/internal/platform/settings"

// Who must have a second factor, as [RequireMFASetting] says.
const (
	MFAOfNobody          = "off"
	MFAOfStaff           = "staff"
	MFAOfStaffAndVendors = "staff_and_vendors"
)

// What staff may decide about accounts.
var (
	VerifyEmailSetting = settings.Value[bool]{
		Key: "accounts.verify_email", Help: "Let people sign in only when they have proven that their e-mail address is theirs.",
	}
	RequireMFASetting = settings.Value[string]{
		Key: "accounts.require_mfa", Help: "Who must sign in with a second factor.",
		Default: MFAOfNobody, Choices: []string{MFAOfNobody, MFAOfStaff, MFAOfStaffAndVendors},
	}
	PasswordGrantSetting = settings.Value[bool]{
		Key: "accounts.password_grant", Help: "Let first-party clients and the API's documentation get tokens for a password from POST /api/v1/auth/token.",
		Default: true,
	}
)

// Settings lists what this module declares.
func Settings() []settings.Declared {
	return []settings.Declared{VerifyEmailSetting, RequireMFASetting, PasswordGrantSetting}
}

package accounts

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/events"
)

const (
	byImpersonation   = "impersonation"
	impersonationLife = 30 * time.Minute
)

var (
	// ErrImpersonateStaff keeps staff from borrowing each other's rights.
	ErrImpersonateStaff = errs.New(errs.Forbidden, "not_a_customer", "Only customers can be looked at through their eyes.")
	// ErrImpersonationShut says that the user is shut out, and nobody can look as them.
	ErrImpersonationShut = errs.New(errs.Conflict, "account_disabled", "This account is closed.")
)

// Impersonation is a token with which a member of staff sees what a customer
// sees.
type Impersonation struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type" example:"Bearer"`
	ExpiresIn   int    `json:"expires_in" doc:"Seconds; it cannot be refreshed."`
	ReadOnly    bool   `json:"read_only"`
}

// Impersonate lets the actor of ctx, a member of staff, look through the eyes of
// a customer for half an hour, and touch things if write says so. It stands in
// the customer's list of sessions and, with the reason, in the log. It opens
// nothing that asks for a proof of identity.
func (u *Users) Impersonate(ctx context.Context, tx pgx.Tx, key SigningKey, target id.User, reason string, write bool, from Client) (Impersonation, error) {
	reason = strings.TrimSpace(reason)
	if n := letters(reason); n < 3 || n > 500 || !OneLine(reason) {
		return Impersonation{}, errs.Validation.Field("/reason", "invalid", "Say in one line of 3 to 500 characters why.")
	}
	actor := auth.From(ctx)
	if write && !actor.Can(CanImpersonateAndWrite) {
		return Impersonation{}, auth.ErrForbidden
	}
	user, err := u.Get(ctx, tx, target)
	switch {
	case err != nil:
		return Impersonation{}, err
	case user.DisabledAt != nil || user.ErasedAt != nil:
		return Impersonation{}, ErrImpersonationShut
	case isStaff(user.Roles) || target == actor.User:
		return Impersonation{}, ErrImpersonateStaff
	}
	session, now := id.New[id.Session](), u.Clock.Now()
	err = insertImpersonation(ctx, tx, pgx.NamedArgs{
		"id": session, "user": target, "staff": actor.User, "agent": from.userAgent(), "device": from.device(), "address": from.address(),
		"read_only": !write, "now": now, "expires": now.Add(impersonationLife),
	})
	if err != nil {
		return Impersonation{}, fmt.Errorf("impersonate user %s: %w", target, err)
	}
	if err := events.Raise(ctx, tx, Impersonated{target, session, actor.User, !write}); err != nil {
		return Impersonation{}, err
	}
	c := claims{Session: session.String(), Roles: user.Roles, Act: &acting{actor.User.String()}}
	token, err := u.accessToken(key, c, target, impersonationLife)
	return Impersonation{token, "Bearer", int(impersonationLife.Seconds()), !write}, err
}

// mayStillImpersonate ends an impersonation, on the next request, with the right
// to it: when the member of staff is shut out or has lost the permission, or
// when the customer has become staff.
func (u *Users) mayStillImpersonate(actor auth.Actor, s signedIn) error {
	may := u.Grants.Of(s.ImpersonatorRoles, s.ImpersonatorCustom...)
	if isStaff(actor.Roles) || !may[CanImpersonate] || !s.ReadOnly && !may[CanImpersonateAndWrite] {
		return auth.ErrUnauthenticated
	}
	return nil
}

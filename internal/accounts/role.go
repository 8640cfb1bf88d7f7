package accounts

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/events"
)

// ErrLastAdmin keeps the shop from locking itself out.
var ErrLastAdmin = errs.New(errs.Conflict, "last_admin", "This is the last administrator. Make another one first.")

// Grant gives a user a role besides those they have.
func Grant(ctx context.Context, tx pgx.Tx, user id.User, role string) error {
	if err := insertRoles(ctx, tx, user, []string{role}); err != nil {
		return fmt.Errorf("give role %s to user %s: %w", role, user, err)
	}
	has, err := bumpRoles(ctx, tx, user)
	if err != nil {
		return fmt.Errorf("give role %s to user %s: %w", role, user, err)
	}
	return events.Raise(ctx, tx, RolesChanged{user, has})
}

// Revoke takes one of a user's roles away; one that they do not have is no error.
func Revoke(ctx context.Context, tx pgx.Tx, user id.User, role string) error {
	if err := deleteRole(ctx, tx, user, role); err != nil {
		return fmt.Errorf("take role %s from user %s: %w", role, user, err)
	}
	has, err := bumpRoles(ctx, tx, user)
	if err != nil {
		return fmt.Errorf("take role %s from user %s: %w", role, user, err)
	}
	return events.Raise(ctx, tx, RolesChanged{user, has})
}

// SetRoles gives the given version of a user these roles and no others;
// everybody stays a customer. The actor of ctx must have every right that this
// gives or takes.
func (u *Users) SetRoles(ctx context.Context, tx pgx.Tx, user id.User, version int64, wanted []string) error {
	if err := u.wantRoles(ctx, tx, wanted); err != nil {
		return err
	}
	if !slices.Contains(wanted, auth.RoleAdmin) {
		if err := u.keepAnAdmin(ctx, tx, user); err != nil {
			return err
		}
	}
	if err := lockVersion(ctx, tx, user, version); err != nil {
		return err
	}
	wanted = append(slices.Clone(wanted), auth.RoleCustomer)
	changing, err := rolesThatDiffer(ctx, tx, user, wanted)
	if err != nil {
		return fmt.Errorf("compare roles of user %s: %w", user, err)
	}
	for _, role := range changing {
		if err := u.mayGive(ctx, role); err != nil {
			return err
		}
	}
	if err := deleteOtherRoles(ctx, tx, user, wanted); err != nil {
		return fmt.Errorf("set roles of user %s: %w", user, err)
	}
	if err := insertRoles(ctx, tx, user, wanted); err != nil {
		return fmt.Errorf("set roles of user %s: %w", user, err)
	}
	has, err := bumpRoles(ctx, tx, user)
	if err != nil {
		return fmt.Errorf("set roles of user %s: %w", user, err)
	}
	return events.Raise(ctx, tx, RolesChanged{user, has})
}

// wantRoles refuses what is no role, and keeps the others from being removed
// until tx ends.
func (u *Users) wantRoles(ctx context.Context, tx pgx.Tx, wanted []string) error {
	there, err := holdRoles(ctx, tx, wanted)
	if err != nil {
		return fmt.Errorf("look for roles: %w", err)
	}
	var bad errs.Fields
	for i, role := range wanted {
		bad.Require(slices.Contains(there, role), fmt.Sprintf("/roles/%d", i), "unknown_role", "There is no such role.")
	}
	return bad.Err()
}

// HasAdmin reports whether the shop has an administrator who can sign in.
func (u *Users) HasAdmin(ctx context.Context) (bool, error) { return hasAdmin(ctx, u.DB) }

// keepAnAdmin refuses to lose the last administrator. Everybody who might take
// one away waits here for the others.
func (u *Users) keepAnAdmin(ctx context.Context, tx pgx.Tx, leaving id.User) error {
	if err := lockAdmins(ctx, tx); err != nil {
		return fmt.Errorf("lock administrators: %w", err)
	}
	last, err := isLastAdmin(ctx, tx, leaving)
	if err != nil {
		return fmt.Errorf("look for another administrator: %w", err)
	}
	if last {
		return ErrLastAdmin
	}
	return nil
}

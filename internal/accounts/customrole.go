package accounts

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// Role is a name for a set of permissions. Users are given it by that name,
// which stays what it is.
type Role struct {
	Name        string            `db:"name" json:"name" example:"support"`
	Label       string            `db:"label" json:"label"`
	Description string            `db:"description" json:"description"`
	Permissions []auth.Permission `db:"permissions" json:"permissions"`
	BuiltIn     bool              `db:"built_in" json:"built_in" doc:"Whether it comes with the shop and stays as it is."`
	CreatedAt   time.Time         `db:"created_at" json:"created_at"`
	UpdatedAt   time.Time         `db:"updated_at" json:"updated_at"`
	Version     int64             `db:"version" json:"-"`
}

// ETag is the version that edits name in If-Match.
func (r Role) ETag() string { return httpapi.VersionTag(r.Version) }

var (
	// ErrNoRole says that there is no such role.
	ErrNoRole = errs.New(errs.NotFound, "not_found", "There is no such role.")
	// ErrRoleTaken says that another role has that name.
	ErrRoleTaken = errs.New(errs.Conflict, "name_taken", "There is a role with this name. Choose another one.")
	// ErrRoleInUse says that somebody has the role.
	ErrRoleInUse = errs.New(errs.Conflict, "role_in_use", "Somebody has this role. Give them another one first.")
	// ErrBuiltIn keeps the roles that come with the shop.
	ErrBuiltIn = errs.New(errs.Conflict, "built_in", "This role comes with the shop and stays as it is. Make another one.")
	// ErrBeyondOwnRights keeps people from raising themselves, or from lowering those above them.
	ErrBeyondOwnRights = errs.New(errs.Forbidden, "beyond_own_rights", "Nobody gives or takes a right that they do not have themselves.")
)

func init() {
	postgres.Name("roles_pkey", ErrRoleTaken)
	postgres.Name("user_roles_role_fkey", ErrRoleInUse) // roles that are given are held: see wantRoles
}

// RoleEdit changes a role; nil stays as it is.
type RoleEdit struct {
	Label, Description *string
	Permissions        *[]auth.Permission
}

var roleName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// checkRole tidies a role and refuses what cannot be one.
func (u *Users) checkRole(r *Role) error {
	r.Label, r.Description = tidy(r.Label), tidy(r.Description)
	var bad errs.Fields
	bad.Require(roleName.MatchString(r.Name) && len(r.Name) <= 40, "/name", "invalid", "A name is small letters and digits with single dashes between, at most 40.")
	bad.Require(r.Label != "" && letters(r.Label) <= 100 && OneLine(r.Label), "/label", "invalid", "A label is one line of at most 100 characters.")
	bad.Require(letters(r.Description) <= 500 && OneLine(r.Description), "/description", "invalid", "A description is one line of at most 500 characters.")
	bad.Require(len(r.Permissions) > 0, "/permissions", "required", "A role permits something.")
	for i, p := range r.Permissions {
		bad.Require(u.Grants.Knows(p) && p.Staff(), fmt.Sprintf("/permissions/%d", i), "unknown_permission",
			"This cannot be given by a role. GET /admin/permissions lists what can.")
	}
	slices.Sort(r.Permissions)
	r.Permissions = slices.Compact(r.Permissions)
	return bad.Err()
}

// mayGive refuses when the actor of ctx lacks something that the role permits.
func (u *Users) mayGive(ctx context.Context, r Role) error {
	for _, p := range u.permissions(r) {
		if p.Staff() && !auth.From(ctx).Can(p) {
			return ErrBeyondOwnRights.With("permission", p)
		}
	}
	return nil
}

// mayGovern refuses when a user has rights that the actor of ctx lacks: shutting
// somebody out takes theirs, and letting them in gives them back.
func (u *Users) mayGovern(ctx context.Context, tx pgx.Tx, user id.User) error {
	has, err := rolesOf(ctx, tx, user)
	if err != nil {
		return fmt.Errorf("read roles of user %s: %w", user, err)
	}
	for _, role := range has {
		if err := u.mayGive(ctx, role); err != nil {
			return err
		}
	}
	return nil
}

// permissions are those that a role gives; those of built-in ones are not in
// its row.
func (u *Users) permissions(r Role) []auth.Permission {
	if !r.BuiltIn {
		return r.Permissions
	}
	return slices.Sorted(maps.Keys(u.Grants.Of([]string{r.Name})))
}

// Roles lists every role, the built-in ones first.
func (u *Users) Roles(ctx context.Context, db postgres.DB) ([]Role, error) {
	all, err := postgres.All[Role](ctx, db, selectRole+`ORDER BY built_in DESC, name`, nil)
	for i := range all {
		all[i].Permissions = u.permissions(all[i])
	}
	return all, err
}

// Role reads a role by its name.
func (u *Users) Role(ctx context.Context, db postgres.DB, name string) (Role, error) {
	r, err := postgres.Get[Role](ctx, db, selectRole+`WHERE name = @name`, pgx.NamedArgs{"name": name})
	if errors.Is(err, postgres.ErrNoRow) {
		return Role{}, ErrNoRole
	}
	r.Permissions = u.permissions(r)
	return r, err
}

// CreateRole makes a role that permits no more than the actor of ctx may do.
func (u *Users) CreateRole(ctx context.Context, tx pgx.Tx, r Role) (Role, error) {
	if err := u.checkRole(&r); err != nil {
		return Role{}, err
	}
	if err := u.mayGive(ctx, r); err != nil {
		return Role{}, err
	}
	r.BuiltIn, r.CreatedAt, r.UpdatedAt, r.Version = false, u.Clock.Now(), u.Clock.Now(), 1
	if err := insertRole(ctx, tx, r); err != nil {
		return Role{}, fmt.Errorf("make role %s: %w", r.Name, err)
	}
	return r, events.Raise(ctx, tx, RoleChanged{r.Name, r.Permissions})
}

// EditRole changes the given version of a role, for everybody who has it from
// their next request on. The actor of ctx must have the rights that it gave and
// those that it gives.
func (u *Users) EditRole(ctx context.Context, tx pgx.Tx, name string, version int64, in RoleEdit) (Role, error) {
	r, err := u.changeable(ctx, tx, name, version)
	if err != nil {
		return Role{}, err
	}
	if in.Label != nil {
		r.Label = *in.Label
	}
	if in.Description != nil {
		r.Description = *in.Description
	}
	if in.Permissions != nil {
		r.Permissions = *in.Permissions
	}
	if err := u.checkRole(&r); err != nil {
		return Role{}, err
	}
	if err := u.mayGive(ctx, r); err != nil {
		return Role{}, err
	}
	r.UpdatedAt = u.Clock.Now()
	if err := updateRole(ctx, tx, &r); err != nil {
		return Role{}, fmt.Errorf("edit role %s: %w", name, err)
	}
	return r, events.Raise(ctx, tx, RoleChanged{r.Name, r.Permissions})
}

// RemoveRole removes the given version of a role that nobody has.
func (u *Users) RemoveRole(ctx context.Context, tx pgx.Tx, name string, version int64) error {
	if _, err := u.changeable(ctx, tx, name, version); err != nil {
		return err
	}
	if err := removeRole(ctx, tx, name); err != nil {
		return fmt.Errorf("remove role %s: %w", name, err)
	}
	return events.Raise(ctx, tx, RoleChanged{name, []auth.Permission{}})
}

// changeable locks the given version of a role that the actor of ctx may change.
func (u *Users) changeable(ctx context.Context, tx pgx.Tx, name string, version int64) (Role, error) {
	r, err := postgres.Get[Role](ctx, tx, selectRole+`WHERE name = @name FOR UPDATE`, pgx.NamedArgs{"name": name})
	switch {
	case errors.Is(err, postgres.ErrNoRow):
		return Role{}, ErrNoRole
	case err != nil:
		return Role{}, fmt.Errorf("lock role %s: %w", name, err)
	case r.BuiltIn:
		return Role{}, ErrBuiltIn
	case r.Version != version:
		return Role{}, httpapi.ErrPreconditionFailed
	}
	return r, u.mayGive(ctx, r)
}

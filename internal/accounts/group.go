package accounts

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// A CustomerGroup is customers whom staff treat alike: promotions and price lists
// name it by its handle, which stays.
type CustomerGroup struct {
	ID          id.CustomerGroup `db:"id" json:"id"`
	Handle      string           `db:"handle" json:"handle"`
	Name        string           `db:"name" json:"name"`
	Description string           `db:"description" json:"description"`
	Members     int64            `db:"members" json:"members"`
	Version     int64            `db:"version" json:"version"`
	CreatedAt   time.Time        `db:"created_at" json:"created_at"`
	UpdatedAt   time.Time        `db:"updated_at" json:"updated_at"`
}

// ETag lets editors say which version they have seen. Who comes and goes makes no
// new one.
func (g CustomerGroup) ETag() string { return httpapi.VersionTag(g.Version) }

// A GroupMember is a user in a group.
type GroupMember struct {
	UserID   id.User   `db:"user_id" json:"user_id"`
	Username string    `db:"username" json:"username"`
	Name     string    `db:"name" json:"name"`
	Email    string    `db:"email" json:"email"`
	AddedAt  time.Time `db:"added_at" json:"added_at"`
}

var (
	// ErrNoGroup says that there is no such customer group.
	ErrNoGroup = errs.New(errs.NotFound, "customer_group_not_found", "There is no such customer group.")
	// ErrGroupInUse keeps a group that something is for.
	ErrGroupInUse = errs.New(errs.Conflict, "customer_group_in_use", "Promotions or price lists are for this group. Archive them, or take the group out of them.")

	errHandleTaken = errs.New(errs.Conflict, "customer_group_taken", "There is a customer group with this handle already.")
	errNotIn       = errs.New(errs.NotFound, "not_a_member", "This user is not in the group.")
)

func init() { postgres.Name("customer_groups_handle_key", errHandleTaken) }

var handles = regexp.MustCompile(`^[a-z0-9](-?[a-z0-9]){0,59}$`)

func (g *CustomerGroup) tidy() error {
	g.Name, g.Description = strings.TrimSpace(g.Name), strings.TrimSpace(g.Description)
	var bad errs.Fields
	bad.Require(handles.MatchString(g.Handle), "/handle", "invalid", "A handle is small letters and digits, with single hyphens between them.")
	bad.Require(g.Name != "" && utf8.RuneCountInString(g.Name) <= 100, "/name", "required", "Give the group a name of at most 100 letters.")
	bad.Require(utf8.RuneCountInString(g.Description) <= 500, "/description", "too_long", "A description has at most 500 letters.")
	return bad.Err()
}

// CreateGroup makes a customer group, of nobody yet.
func (u *Users) CreateGroup(ctx context.Context, tx pgx.Tx, g CustomerGroup) (CustomerGroup, error) {
	g.ID = id.New[id.CustomerGroup]()
	if err := g.tidy(); err != nil {
		return CustomerGroup{}, err
	}
	if err := insertGroup(ctx, tx, g); err != nil {
		return CustomerGroup{}, fmt.Errorf("make customer group %s: %w", g.Handle, err)
	}
	return group(ctx, tx, g.ID)
}

// RemoveGroup removes a customer group that no promotion and no price list is for.
func (u *Users) RemoveGroup(ctx context.Context, tx pgx.Tx, of id.CustomerGroup, version int64) error {
	if _, err := lockGroup(ctx, tx, of, version); err != nil {
		return err
	}
	n, err := postgres.Exec(ctx, tx, deleteGroup, pgx.NamedArgs{"group": of})
	if err == nil && n == 0 {
		err = ErrGroupInUse
	}
	return err
}

// PutIn puts a user into a customer group; twice is once.
func (u *Users) PutIn(ctx context.Context, tx pgx.Tx, of id.CustomerGroup, user id.User) (GroupMember, error) {
	if _, err := group(ctx, tx, of); err != nil {
		return GroupMember{}, err
	}
	if _, err := postgres.Exec(ctx, tx, insertMember, pgx.NamedArgs{"group": of, "user": user}); err != nil {
		return GroupMember{}, fmt.Errorf("put %s into group %s: %w", user, of, err)
	}
	m, err := postgres.Get[GroupMember](ctx, tx, selectMembers+`WHERE m.group_id = @group AND m.user_id = @user`, pgx.NamedArgs{"group": of, "user": user})
	if errors.Is(err, postgres.ErrNoRow) {
		err = ErrNoUser
	}
	return m, err
}

// TakeOut takes a user out of a customer group.
func (u *Users) TakeOut(ctx context.Context, tx pgx.Tx, of id.CustomerGroup, user id.User) error {
	n, err := postgres.Exec(ctx, tx, `DELETE FROM customer_group_members WHERE group_id = @group AND user_id = @user`, pgx.NamedArgs{"group": of, "user": user})
	if err == nil && n == 0 {
		err = errNotIn
	}
	return err
}

// HoldGroups refuses handles of which there is no customer group. Until tx ends
// nobody removes the others.
func HoldGroups(ctx context.Context, tx pgx.Tx, pointer string, named []string) error {
	if len(named) == 0 {
		return nil
	}
	known, err := postgres.Column[string](ctx, tx, `SELECT handle FROM customer_groups WHERE handle = ANY (@named) ORDER BY handle FOR KEY SHARE`,
		pgx.NamedArgs{"named": named})
	if err != nil {
		return fmt.Errorf("look for customer groups: %w", err)
	}
	there := map[string]bool{}
	for _, handle := range known {
		there[handle] = true
	}
	var bad errs.Fields
	for _, handle := range named {
		bad.Require(there[handle], pointer, "not_found", "There is no customer group "+handle+".")
	}
	return bad.Err()
}

package accounts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

const selectUser = `
	SELECT u.id, u.username, coalesce(u.email, '') AS email, u.email_verified_at IS NOT NULL AS email_verified,
	       u.name, u.phone, u.locale, u.currency, CASE WHEN u.avatar <> '' THEN '/avatars/' || u.avatar ELSE '' END AS avatar_url, ARRAY(SELECT role FROM user_roles r WHERE r.user_id = u.id ORDER BY role) AS roles,
	       u.created_at, u.disabled_at, u.erased_at, u.version
	FROM users u `

// Get reads one user.
func (u *Users) Get(ctx context.Context, db postgres.DB, user id.User) (User, error) {
	found, err := postgres.Get[User](ctx, db, selectUser+`WHERE u.id = @user`, pgx.NamedArgs{"user": user})
	if errors.Is(err, postgres.ErrNoRow) {
		return User{}, ErrNoUser
	}
	return found, err
}

// Named reads the user with an e-mail or a user name.
func (u *Users) Named(ctx context.Context, db postgres.DB, name string) (User, error) {
	found, err := postgres.Get[User](ctx, db, selectUser+`WHERE lower(u.email) = lower(@name) OR lower(u.username) = lower(@name)`,
		pgx.NamedArgs{"name": name})
	if errors.Is(err, postgres.ErrNoRow) {
		return User{}, ErrNoUser
	}
	return found, err
}

// WhoMay lists those to whom a role gives a permission of staff, but for the
// disabled.
func (u *Users) WhoMay(ctx context.Context, db postgres.DB, may auth.Permission) ([]User, error) {
	all, err := u.Roles(ctx, db)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, r := range all {
		if slices.Contains(r.Permissions, may) {
			names = append(names, r.Name)
		}
	}
	return postgres.All[User](ctx, db, selectUser+`
		WHERE u.disabled_at IS NULL AND u.erased_at IS NULL AND EXISTS (SELECT FROM user_roles r WHERE r.user_id = u.id AND r.role = ANY (@names::text[]))
		ORDER BY u.id`, pgx.NamedArgs{"names": names})
}

// Search narrows the list of users. Empty fields do not.
type Search struct {
	Text     string // part of a user name, an e-mail or a name
	Role     string
	Statuses []string // active, disabled, erased
	After    Position
	Limit    int
}

// Position is a place in the list of users, the newest first.
type Position struct {
	At time.Time
	ID id.User
}

// List reads users, the newest first.
func (u *Users) List(ctx context.Context, db postgres.DB, s Search) ([]User, error) {
	return postgres.All[User](ctx, db, selectUser+userFilter+`
		AND (@after_id::uuid IS NULL OR (u.created_at, u.id) < (@after_at, @after_id))
		ORDER BY u.created_at DESC, u.id DESC LIMIT @limit`, s.args())
}

func (u *Users) count(ctx context.Context, db postgres.DB, s Search) (int64, error) {
	return postgres.Scalar[int64](ctx, db, `SELECT count(*) FROM users u `+userFilter, s.args())
}

// The text is matched as users_search indexes it.
const userFilter = `
	WHERE (@text::text = '' OR lower(u.username || ' ' || coalesce(u.email, '') || ' ' || u.name) LIKE @text)
	AND (@role::text = '' OR EXISTS (SELECT FROM user_roles r WHERE r.user_id = u.id AND r.role = @role))
	AND (cardinality(@statuses::text[]) = 0 OR @statuses::text[] @> ARRAY[
	     CASE WHEN u.erased_at IS NOT NULL THEN 'erased' WHEN u.disabled_at IS NOT NULL THEN 'disabled' ELSE 'active' END])`

func (s Search) args() pgx.NamedArgs {
	text := ""
	if s.Text != "" {
		text = "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(s.Text)) + "%"
	}
	if s.Statuses == nil {
		s.Statuses = []string{}
	}
	return pgx.NamedArgs{
		"text": text, "role": s.Role, "statuses": s.Statuses,
		"after_at": s.After.At, "after_id": s.After.ID, "limit": s.Limit,
	}
}

func insertUser(ctx context.Context, tx pgx.Tx, user id.User, in Registration, hash string, now time.Time) error {
	b := postgres.NewBatch()
	b.Queue(`
		INSERT INTO users (id, username, email, email_verified_at, name, phone, created_at, updated_at)
		VALUES (@id, @username, @email, CASE WHEN @verified THEN @now::timestamptz END, @name, @phone, @now, @now)`,
		pgx.NamedArgs{
			"id": user, "username": in.Username, "email": in.Email, "verified": in.Verified, "name": in.Name, "phone": in.Phone, "now": now,
		})
	b.Queue(`INSERT INTO credentials (user_id, password_hash, changed_at) VALUES (@user, @hash, @now)`,
		pgx.NamedArgs{"user": user, "hash": hash, "now": now})
	return b.Send(ctx, tx)
}

func updateUser(ctx context.Context, tx pgx.Tx, user id.User, in Edit, now time.Time) error {
	n, err := postgres.Exec(ctx, tx, `
		UPDATE users SET username = coalesce(@username, username), name = coalesce(@name, name), phone = coalesce(@phone, phone),
		       locale = coalesce(@locale, locale), currency = coalesce(@currency, currency), updated_at = @now, version = version + 1
		WHERE id = @user AND erased_at IS NULL`,
		pgx.NamedArgs{"user": user, "username": in.Username, "name": in.Name, "phone": in.Phone, "locale": in.Locale, "currency": in.Currency, "now": now})
	if err == nil && n == 0 {
		err = ErrNoUser
	}
	return err
}

// setDisabled reports whether that changed anything.
func setDisabled(ctx context.Context, tx pgx.Tx, user id.User, disabled bool, now time.Time) (bool, error) {
	n, err := postgres.Exec(ctx, tx, `
		UPDATE users SET disabled_at = CASE WHEN @disabled THEN @now::timestamptz END, updated_at = @now, version = version + 1
		WHERE id = @user AND erased_at IS NULL AND (disabled_at IS NOT NULL) <> @disabled`,
		pgx.NamedArgs{"user": user, "disabled": disabled, "now": now})
	if err != nil {
		return false, fmt.Errorf("disable or enable user %s: %w", user, err)
	}
	if n == 1 {
		return true, nil
	}
	known, err := postgres.Scalar[bool](ctx, tx, `SELECT EXISTS (SELECT FROM users WHERE id = @user AND erased_at IS NULL)`,
		pgx.NamedArgs{"user": user})
	if err == nil && !known {
		err = ErrNoUser
	}
	return false, err
}

func eraseUser(ctx context.Context, tx pgx.Tx, user id.User, now time.Time) error {
	args := pgx.NamedArgs{"user": user, "now": now, "nobody": "erased-" + user.String()[len("user_"):]}
	b := postgres.NewBatch()
	b.QueueOne(`
		UPDATE users SET username = @nobody, email = NULL, email_verified_at = NULL, name = '', phone = '', locale = '',
		       currency = '', avatar = '', erased_at = @now, updated_at = @now, version = version + 1
		WHERE id = @user AND erased_at IS NULL`, args, ErrNoUser)
	b.Queue(`DELETE FROM credentials WHERE user_id = @user`, args)
	b.Queue(`DELETE FROM customer_group_members WHERE user_id = @user`, args)
	b.Queue(`DELETE FROM addresses WHERE user_id = @user`, args)
	b.Queue(`DELETE FROM user_roles WHERE user_id = @user`, args)
	b.Queue(`DELETE FROM mail_tokens WHERE user_id = @user`, args)
	b.Queue(`DELETE FROM refresh_tokens WHERE user_id = @user`, args)
	b.Queue(`UPDATE sessions SET user_agent = '', device = '', address = '' WHERE user_id = @user`, args)
	return b.Send(ctx, tx)
}

// setVerified reports whether the mailbox was not proven before.
func setVerified(ctx context.Context, tx pgx.Tx, user id.User, now time.Time) (bool, error) {
	n, err := postgres.Exec(ctx, tx, `
		UPDATE users SET email_verified_at = @now, updated_at = @now, version = version + 1
		WHERE id = @user AND email_verified_at IS NULL AND erased_at IS NULL`, pgx.NamedArgs{"user": user, "now": now})
	if err != nil {
		return false, fmt.Errorf("verify mailbox of user %s: %w", user, err)
	}
	return n == 1, nil
}

func setEmail(ctx context.Context, tx pgx.Tx, user id.User, email string, now time.Time) error {
	n, err := postgres.Exec(ctx, tx, `
		UPDATE users SET email = @email, email_verified_at = @now, updated_at = @now, version = version + 1
		WHERE id = @user AND erased_at IS NULL`, pgx.NamedArgs{"user": user, "email": email, "now": now})
	if err == nil && n == 0 {
		err = ErrNoUser
	}
	return err
}

// Label is what a user calls themselves where there is room for one line.
func (u *Users) Label(ctx context.Context, db postgres.DB, user id.User) (string, error) {
	found, err := u.Get(ctx, db, user)
	if found.Email != "" {
		return found.Email, err
	}
	return found.Username, err
}

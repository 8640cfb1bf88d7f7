package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

func insertSession(ctx context.Context, tx pgx.Tx, session pgx.NamedArgs, refreshHash []byte) error {
	session["hash"] = refreshHash
	b := postgres.NewBatch()
	b.Queue(`
		INSERT INTO sessions (id, user_id, method, user_agent, device, address, remembered, created_at, last_seen_at, authenticated_at, expires_at)
		VALUES (@id, @user, @method, @agent, @device, @address, @remembered, @now, @now, @now, @expires)`, session)
	b.Queue(`
		INSERT INTO refresh_tokens (hash, session_id, user_id, created_at, expires_at)
		VALUES (@hash, @id, @user, @now, @idle)`, session)
	return b.Send(ctx, tx)
}

// liveSessions lists where a user is signed in, the newest first.
func liveSessions(ctx context.Context, db postgres.DB, user id.User, now, notIdleSince time.Time) ([]Session, error) {
	return postgres.All[Session](ctx, db, `
		SELECT id, device, method, user_agent, address, created_at, last_seen_at, expires_at FROM sessions
		WHERE user_id = @user AND revoked_at IS NULL AND expires_at > @now AND last_seen_at > @idle
		ORDER BY created_at DESC, id DESC LIMIT 100`,
		pgx.NamedArgs{"user": user, "now": now, "idle": notIdleSince})
}

// signedIn is what a request needs to know about its session.
type signedIn struct {
	CreatedAt       time.Time `db:"created_at"`
	ExpiresAt       time.Time `db:"expires_at"`
	AuthenticatedAt time.Time `db:"authenticated_at"`
	Impersonator    *id.User  `db:"impersonator_id"`
	ReadOnly        bool      `db:"read_only"`
	Method          string    `db:"method"`
	AppProven       bool      `db:"app_proven"` // since an app is set up, no proof of identity goes without its code
	Roles           []string  `db:"roles"`

	Custom             []auth.Permission `db:"custom"`
	ImpersonatorRoles  []string          `db:"impersonator_roles"`
	ImpersonatorCustom []auth.Permission `db:"impersonator_custom"`
}

// liveSession reads in one statement all that decides what a request may do, so
// that a change of it counts on the next one. It says ErrNoRow when the session
// has ended, or when its user, or who looks as them, is shut out.
func liveSession(ctx context.Context, db postgres.DB, user id.User, session id.Session) (signedIn, error) {
	return postgres.Get[signedIn](ctx, db, `
		SELECT s.created_at, s.expires_at, s.authenticated_at, s.impersonator_id, s.read_only, s.method,
		       EXISTS (SELECT FROM totp_factors f WHERE f.user_id = u.id AND f.confirmed_at < s.authenticated_at) AS app_proven, -- mfa's, for the sake of one round trip
		       ARRAY(SELECT role FROM user_roles r WHERE r.user_id = u.id ORDER BY role) AS roles,
		       ARRAY(SELECT unnest(x.permissions) FROM user_roles r JOIN roles x ON x.name = r.role WHERE r.user_id = u.id) AS custom,
		       ARRAY(SELECT role FROM user_roles r WHERE r.user_id = i.id) AS impersonator_roles,
		       ARRAY(SELECT unnest(x.permissions) FROM user_roles r JOIN roles x ON x.name = r.role WHERE r.user_id = i.id) AS impersonator_custom
		FROM sessions s JOIN users u ON u.id = s.user_id
		LEFT JOIN users i ON i.id = s.impersonator_id AND i.disabled_at IS NULL AND i.erased_at IS NULL
		WHERE s.id = @session AND s.user_id = @user AND s.revoked_at IS NULL AND u.disabled_at IS NULL AND u.erased_at IS NULL`,
		pgx.NamedArgs{"session": session, "user": user})
}

// family is a refresh token and the session it belongs to.
type family struct {
	SessionID      id.Session `db:"session_id"`
	UserID         id.User    `db:"user_id"`
	SuccessorKey   []byte     `db:"successor_key"`
	CreatedAt      time.Time  `db:"created_at"`
	LastSeenAt     time.Time  `db:"last_seen_at"`
	RevokedAt      *time.Time `db:"revoked_at"`
	TokenExpiresAt time.Time  `db:"token_expires_at"`
	UsedAt         *time.Time `db:"used_at"`
	Remembered     bool       `db:"remembered"`
	Roles          []string   `db:"roles"`
	reused         bool
}

// lockFamily locks the session of a token and then reads both: a second
// exchange of the same token waits at the first statement, and the second one
// sees what the first exchange has done.
func lockFamily(ctx context.Context, tx pgx.Tx, hash []byte) (family, error) {
	_, err := postgres.Scalar[id.Session](ctx, tx, `
		SELECT id FROM sessions WHERE id = (SELECT session_id FROM refresh_tokens WHERE hash = @hash) FOR UPDATE`,
		pgx.NamedArgs{"hash": hash})
	if err != nil {
		return family{}, err
	}
	return postgres.Get[family](ctx, tx, `
		SELECT t.session_id, t.user_id, s.successor_key, s.created_at, s.last_seen_at,
		       coalesce(s.revoked_at, t.revoked_at, u.disabled_at, u.erased_at) AS revoked_at,
		       t.expires_at AS token_expires_at, t.used_at, s.remembered,
		       ARRAY(SELECT role FROM user_roles r WHERE r.user_id = u.id ORDER BY role) AS roles
		FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id JOIN users u ON u.id = t.user_id
		WHERE t.hash = @hash`, pgx.NamedArgs{"hash": hash})
}

func rotate(ctx context.Context, tx pgx.Tx, f family, old, next []byte, address string, now, expires time.Time) error {
	args := pgx.NamedArgs{
		"old": old, "next": next, "session": f.SessionID, "user": f.UserID, "address": address, "now": now, "expires": expires,
	}
	b := postgres.NewBatch()
	b.QueueOne(`UPDATE refresh_tokens SET used_at = @now WHERE hash = @old AND used_at IS NULL`, args, ErrRefreshToken)
	b.Queue(`
		INSERT INTO refresh_tokens (hash, session_id, user_id, created_at, expires_at)
		VALUES (@next, @session, @user, @now, @expires)`, args)
	b.Queue(`UPDATE sessions SET last_seen_at = @now, address = @address WHERE id = @session`, args)
	if err := b.Send(ctx, tx); err != nil {
		return fmt.Errorf("rotate refresh token of session %s: %w", f.SessionID, err)
	}
	return nil
}

// isLive reports whether a refresh token waits to be used.
func isLive(ctx context.Context, tx pgx.Tx, hash []byte) (bool, error) {
	return postgres.Scalar[bool](ctx, tx, `
		SELECT EXISTS (SELECT FROM refresh_tokens WHERE hash = @hash AND used_at IS NULL AND revoked_at IS NULL)`,
		pgx.NamedArgs{"hash": hash})
}

func endSession(ctx context.Context, tx pgx.Tx, user id.User, session id.Session, why string, now time.Time) error {
	args := pgx.NamedArgs{"user": user, "session": session, "why": why, "now": now}
	b := postgres.NewBatch()
	b.QueueOne(`
		UPDATE sessions SET revoked_at = @now, revoked_why = @why
		WHERE id = @session AND user_id = @user AND revoked_at IS NULL`, args, ErrNoSession)
	b.Queue(`UPDATE refresh_tokens SET revoked_at = @now WHERE session_id = @session AND used_at IS NULL AND revoked_at IS NULL`, args)
	if err := b.Send(ctx, tx); err != nil {
		if errors.Is(err, ErrNoSession) {
			return ErrNoSession
		}
		return fmt.Errorf("end session %s: %w", session, err)
	}
	return nil
}

// holdSession makes whoever would end a session wait for tx.
func holdSession(ctx context.Context, tx pgx.Tx, session id.Session) error {
	_, err := postgres.Exec(ctx, tx, `SELECT FROM sessions WHERE id = @session FOR SHARE`, pgx.NamedArgs{"session": session})
	return err
}

// endSessions ends those in which the user looks as somebody else, too. It takes
// two statements, not one with a CTE: the second has to see the token of a
// refresh that the first had to wait for.
func endSessions(ctx context.Context, tx pgx.Tx, user id.User, except id.Session, why string, now time.Time) error {
	args := pgx.NamedArgs{"user": user, "except": except, "why": why, "now": now}
	b := postgres.NewBatch()
	b.Queue(`
		UPDATE sessions SET revoked_at = @now, revoked_why = @why
		WHERE (user_id = @user OR impersonator_id = @user) AND revoked_at IS NULL AND id IS DISTINCT FROM @except`, args)
	b.Queue(`
		UPDATE refresh_tokens t SET revoked_at = @now FROM sessions s
		WHERE s.id = t.session_id AND s.user_id = @user AND s.revoked_at IS NOT NULL AND t.used_at IS NULL AND t.revoked_at IS NULL`, args)
	return b.Send(ctx, tx)
}

// isNewDevice reports whether a user has had sessions, and none on such a
// device. Those from before devices were noted say nothing.
func isNewDevice(ctx context.Context, db postgres.DB, user id.User, device string) (bool, error) {
	return postgres.Scalar[bool](ctx, db, `
		SELECT count(*) > 0 AND NOT coalesce(bool_or(device = @device), false)
		FROM sessions WHERE user_id = @user AND impersonator_id IS NULL AND device <> ''`, pgx.NamedArgs{"user": user, "device": device})
}

func setAuthenticated(ctx context.Context, tx pgx.Tx, session id.Session, now time.Time) error {
	n, err := postgres.Exec(ctx, tx, `UPDATE sessions SET authenticated_at = @now WHERE id = @session AND revoked_at IS NULL`,
		pgx.NamedArgs{"session": session, "now": now})
	if err == nil && n == 0 {
		err = auth.ErrUnauthenticated
	}
	return err
}

func insertImpersonation(ctx context.Context, tx pgx.Tx, session pgx.NamedArgs) error {
	_, err := postgres.Exec(ctx, tx, `
		INSERT INTO sessions (id, user_id, method, impersonator_id, read_only, user_agent, device, address, remembered,
		                      created_at, last_seen_at, authenticated_at, expires_at)
		VALUES (@id, @user, 'impersonation', @staff, @read_only, @agent, @device, @address, false, @now, @now, @now, @expires)`, session)
	return err
}

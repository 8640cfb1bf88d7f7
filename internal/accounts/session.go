package accounts

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

// Session is one sign-in on one device. It is a family of refresh tokens, of
// which one at a time is good.
type Session struct {
	ID         id.Session `db:"id" json:"id"`
	Device     string     `db:"device" json:"device" example:"Firefox on Windows"`
	Method     string     `db:"method" json:"method" enum:"password,passkey,external,link,setup,impersonation" doc:"How it was begun."`
	UserAgent  string     `db:"user_agent" json:"user_agent"`
	Address    string     `db:"address" json:"address" doc:"The network address that last used it."`
	CreatedAt  time.Time  `db:"created_at" json:"created_at"`
	LastSeenAt time.Time  `db:"last_seen_at" json:"last_seen_at"`
	ExpiresAt  time.Time  `db:"expires_at" json:"expires_at"`
	Current    bool       `db:"-" json:"current" doc:"Whether this call was made with it."`
}

// How a session was begun.
const (
	byPassword = "password"
	byLink     = "link"
	byPasskey  = "passkey"
	byExternal = "external"
	bySetup    = "setup"
)

// Client is what a session remembers of where it is used.
type Client struct {
	Address   netip.Addr
	UserAgent string
	Brief     bool // do not remember: the session lasts for 12 hours at most
}

func (c Client) address() string {
	if !c.Address.IsValid() {
		return ""
	}
	return c.Address.String()
}

// network is what attempts are counted by: an address, or the /64 of IPv6 that
// one customer of a provider has to themselves.
func (c Client) network() string {
	if !c.Address.Is6() || c.Address.Is4In6() {
		return c.address()
	}
	return netip.PrefixFrom(c.Address, 64).Masked().String()
}

// userAgent is cut to what a list of sessions shows.
func (c Client) userAgent() string {
	text := []rune(c.UserAgent)
	if !OneLine(c.UserAgent) {
		return ""
	}
	return string(text[:min(len(text), 300)])
}

// Tokens let a client in: the access token for minutes, the refresh token,
// once, for the next pair.
type Tokens struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type" example:"Bearer"`
	ExpiresIn    int    `json:"expires_in" doc:"Seconds until the access token expires."`
	RefreshToken string `json:"refresh_token,omitempty" doc:"Absent where it is in the cookie."`

	stay stay
}

// stay is how long the cookie of a refresh token is good for.
type stay struct {
	life  time.Duration
	brief bool // the browser forgets it when it is closed
	staff bool
}

// SignIn is who signed in, and the tokens they got.
type SignIn struct {
	User User `json:"user"`
	Tokens
}

// ErrRefreshToken says no to a refresh token, whatever is wrong with it.
var ErrRefreshToken = errs.New(errs.Unauthenticated, "invalid_refresh_token", "This session has ended. Sign in again.")

// ErrNoSession says that there is no such session of this user.
var ErrNoSession = errs.New(errs.NotFound, "not_found", "There is no such session.")

// grace is how long an exchanged refresh token still returns its successor: the
// answer may have been lost, or a second tab may have asked at the same time.
const grace = 10 * time.Second

// lifetime is how long somebody with these roles stays signed in.
func (u *Users) lifetime(roles []string, brief bool) Lifetime {
	l, day := u.CustomerSessions, 24*time.Hour
	absolute, idle := 30*day, 14*day
	if isStaff(roles) {
		l, absolute, idle = u.StaffSessions, 12*time.Hour, 30*time.Minute
	}
	if l.Absolute == 0 {
		l.Absolute = absolute
	}
	if l.Idle == 0 {
		l.Idle = idle
	}
	if brief {
		l.Absolute = min(l.Absolute, 12*time.Hour)
	}
	return l
}

// isStaff reports whether roles go beyond a customer's; a custom role permits
// what is staff's.
func isStaff(roles []string) bool {
	return slices.ContainsFunc(roles, func(role string) bool { return role != auth.RoleCustomer })
}

// begin starts a session for the user that find returns, in its transaction.
// The method is how they proved who they are.
func (u *Users) begin(ctx context.Context, method string, from Client, find func(tx pgx.Tx) (User, error)) (SignIn, error) {
	key, err := u.signingKey(ctx)
	if err != nil {
		return SignIn{}, err
	}
	var (
		user    User
		session id.Session
		refresh string
	)
	err = postgres.InTx(ctx, u.DB, func(tx pgx.Tx) error {
		user, err = find(tx)
		if err != nil {
			return err
		}
		session, refresh = id.New[id.Session](), newRefreshToken()
		fresh, err := isNewDevice(ctx, tx, user.ID, from.device())
		if err != nil {
			return fmt.Errorf("look for earlier sessions of user %s: %w", user.ID, err)
		}
		if err := insertSession(ctx, tx, u.newSession(session, user, method, from), sum(refresh)); err != nil {
			return fmt.Errorf("begin session of user %s: %w", user.ID, err)
		}
		return events.Raise(ctx, tx, SignedIn{UserID: user.ID, SessionID: session, NewDevice: fresh})
	})
	if err != nil {
		return SignIn{}, err
	}
	tokens, err := u.tokens(key, user.ID, session, user.Roles, refresh)
	tokens.stay = u.stay(user.Roles, from.Brief)
	return SignIn{user, tokens}, err
}

func (u *Users) stay(roles []string, brief bool) stay {
	return stay{life: u.lifetime(roles, brief).Absolute, brief: brief, staff: isStaff(roles)}
}

func (u *Users) newSession(session id.Session, user User, method string, from Client) pgx.NamedArgs {
	now, life := u.Clock.Now(), u.lifetime(user.Roles, from.Brief)
	return pgx.NamedArgs{
		"id": session, "user": user.ID, "method": method, "agent": from.userAgent(), "device": from.device(), "address": from.address(),
		"remembered": !from.Brief, "now": now, "expires": now.Add(life.Absolute), "idle": now.Add(min(life.Idle, life.Absolute)),
	}
}

// Refresh exchanges a refresh token for the next pair. A token that comes back
// after it was exchanged has been copied, so its whole session ends; but within
// the grace it returns the same successor, if nobody has used that one.
func (u *Users) Refresh(ctx context.Context, token string, from Client) (Tokens, error) {
	key, err := u.signingKey(ctx)
	if err != nil {
		return Tokens{}, err
	}
	var f family
	var next string
	err = postgres.InTx(ctx, u.DB, func(tx pgx.Tx) error {
		f, err = lockFamily(ctx, tx, sum(token))
		if errors.Is(err, postgres.ErrNoRow) {
			return ErrRefreshToken
		}
		if err != nil {
			return fmt.Errorf("read refresh token: %w", err)
		}
		now, life := u.Clock.Now(), u.lifetime(f.Roles, !f.Remembered)
		if f.RevokedAt != nil || !now.Before(f.TokenExpiresAt) || !now.Before(f.CreatedAt.Add(life.Absolute)) || !now.Before(f.LastSeenAt.Add(life.Idle)) {
			return ErrRefreshToken
		}
		next = successor(f.SuccessorKey, token)
		if f.UsedAt != nil {
			return u.repeat(ctx, tx, &f, next)
		}
		expires := f.CreatedAt.Add(life.Absolute)
		if idle := now.Add(life.Idle); idle.Before(expires) {
			expires = idle
		}
		return rotate(ctx, tx, f, sum(token), sum(next), from.address(), now, expires)
	})
	switch {
	case err != nil:
		return Tokens{}, err
	case f.reused:
		return Tokens{}, ErrRefreshToken
	}
	tokens, err := u.tokens(key, f.UserID, f.SessionID, f.Roles, next)
	tokens.stay = u.stay(f.Roles, !f.Remembered)
	return tokens, err
}

// repeat decides about a token that was exchanged before. It marks a reuse
// instead of refusing, so that the end of the session is committed.
func (u *Users) repeat(ctx context.Context, tx pgx.Tx, f *family, next string) error {
	if u.Clock.Now().Sub(*f.UsedAt) <= grace {
		unused, err := isLive(ctx, tx, sum(next))
		if err != nil || unused {
			return err
		}
	}
	f.reused = true
	if err := endSession(ctx, tx, f.UserID, f.SessionID, tokenReused, u.Clock.Now()); err != nil {
		return err
	}
	return events.Raise(ctx, tx, RefreshReused{f.UserID, f.SessionID})
}

// tokenReused is why a session ended whose token was copied.
const tokenReused = "refresh token reused"

// EndSession ends one of a user's sessions.
func (u *Users) EndSession(ctx context.Context, tx pgx.Tx, user id.User, session id.Session) error {
	return endSession(ctx, tx, user, session, "ended by user", u.Clock.Now())
}

// EndSessions ends all sessions of a user.
func (u *Users) EndSessions(ctx context.Context, tx pgx.Tx, user id.User) error {
	return u.endSessions(ctx, tx, user, id.Session{}, "ended by staff")
}

// EndOtherSessions ends all sessions of the actor of ctx but the one in use.
func (u *Users) EndOtherSessions(ctx context.Context, tx pgx.Tx) error {
	actor := auth.From(ctx)
	return u.endSessions(ctx, tx, actor.User, actor.Session, "ended by user")
}

// endSessions ends all sessions of a user but one.
func (u *Users) endSessions(ctx context.Context, tx pgx.Tx, user id.User, except id.Session, why string) error {
	if err := endSessions(ctx, tx, user, except, why, u.Clock.Now()); err != nil {
		return fmt.Errorf("end sessions of user %s: %w", user, err)
	}
	return nil
}

// refreshPrefix lets scanners of leaked secrets know what they have found.
const refreshPrefix = "souk_rt_"

func newRefreshToken() string {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails, by its documentation
	return refreshPrefix + base64.RawURLEncoding.EncodeToString(secret)
}

// successor is the token that follows: the same whenever it is asked for, and
// not to be known from its predecessor without the session's key.
func successor(key []byte, token string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(token))
	return refreshPrefix + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func sum(token string) []byte {
	h := sha256.Sum256([]byte(token))
	return h[:]
}

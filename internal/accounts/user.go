package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/events"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// User is somebody with an account, as they and staff see them.
type User struct {
	ID            id.User    `db:"id" json:"id"`
	Username      string     `db:"username" json:"username"`
	Email         string     `db:"email" json:"email"`
	EmailVerified bool       `db:"email_verified" json:"email_verified"`
	Name          string     `db:"name" json:"name"`
	Phone         string     `db:"phone" json:"phone" doc:"E.164, or empty."`
	Locale        string     `db:"locale" json:"locale" doc:"BCP 47; empty is the shop's."`
	Currency      string     `db:"currency" json:"currency" doc:"ISO 4217; empty is the shop's."`
	AvatarURL     string     `db:"avatar_url" json:"avatar_url,omitempty"`
	Roles         []string   `db:"roles" json:"roles"`
	CreatedAt     time.Time  `db:"created_at" json:"created_at"`
	DisabledAt    *time.Time `db:"disabled_at" json:"disabled_at,omitempty" doc:"Since when this user may not sign in."`
	ErasedAt      *time.Time `db:"erased_at" json:"erased_at,omitempty" doc:"Since when the personal data is gone."`
	Version       int64      `db:"version" json:"-"`
}

// ETag is the version that edits name in If-Match.
func (u User) ETag() string { return httpapi.VersionTag(u.Version) }

var (
	// ErrEmailTaken says that somebody else has the e-mail address.
	ErrEmailTaken = errs.New(errs.Conflict, "email_taken", "An account with this e-mail exists. Sign in, or use another one.")
	// ErrUsernameTaken says that somebody else has the user name.
	ErrUsernameTaken = errs.New(errs.Conflict, "username_taken", "This user name is taken. Choose another one.")
	// ErrNoUser says that there is no such user.
	ErrNoUser = errs.New(errs.NotFound, "not_found", "There is no such user.")
)

func init() {
	postgres.Name("users_email_key", ErrEmailTaken)
	postgres.Name("users_username_key", ErrUsernameTaken)
}

// Registration is what somebody says who signs up.
type Registration struct {
	Username, Email, Password, Name, Phone string
	Verified                               bool // whoever makes the account for them vouches for the mailbox
}

// check tidies what was said and refuses what cannot be.
func (u *Users) check(in *Registration) error {
	var bad errs.Fields
	in.Name = tidy(in.Name)
	bad.Require(username.MatchString(in.Username), "/username", "invalid",
		"A user name has 3 to 40 letters, digits, dots, dashes or underscores, and begins with a letter or digit.")
	bad.Require(ValidEmail(in.Email), "/email", "invalid", "This is not an e-mail address.")
	bad.Require(letters(in.Name) <= 200 && OneLine(in.Name), "/name", "invalid", "A name is one line of at most 200 characters.")
	if in.Phone != "" {
		var ok bool
		in.Phone, ok = Phone(in.Phone, "")
		bad.Require(ok, "/phone", "invalid", "Write the number with its country, as in +49 151 23456789.")
	}
	bad = append(bad, checkPassword("/password", in.Password, in.Username, in.Email, in.Name, u.ShopName)...)
	return bad.Err()
}

// Register signs somebody up as a customer and in, and mails a link that proves
// the mailbox. Where that must come first (see [VerifyEmailSetting]) it signs
// nobody in, and says [ErrVerifyFirst] whether or not there is a user with the
// e-mail; that one is told.
func (u *Users) Register(ctx context.Context, in Registration, from Client) (SignIn, error) {
	first, err := VerifyEmailSetting.Get(ctx, u.Settings)
	if err != nil {
		return SignIn{}, err
	}
	if err := u.check(&in); err != nil {
		return SignIn{}, err
	}
	hash, err := u.hash(ctx, in.Password)
	if err != nil {
		return SignIn{}, err
	}
	if !first {
		return u.begin(ctx, byPassword, from, func(tx pgx.Tx) (User, error) { return u.insert(ctx, tx, in, hash) })
	}
	err = postgres.InTx(ctx, u.DB, func(tx pgx.Tx) error {
		_, err := u.insert(ctx, tx, in, hash)
		return err
	})
	if errors.Is(err, ErrEmailTaken) {
		err = u.tellOwner(ctx, in.Email, from)
	}
	if err != nil {
		return SignIn{}, err
	}
	return SignIn{}, ErrVerifyFirst
}

// ErrVerifyFirst says that the mailbox has to be proven before anybody signs in.
var ErrVerifyFirst = errs.New(errs.Forbidden, "email_unverified", "Open the link that we have mailed to you, then sign in.")

// tellOwner tells the owner of an e-mail that somebody signs up with it, and not
// again and again.
func (u *Users) tellOwner(ctx context.Context, email string, from Client) error {
	switch err := u.takeAttempt(ctx, mailAttempt, email, from); {
	case errors.Is(err, ErrThrottled):
		return nil
	case err != nil:
		return err
	}
	return postgres.InTx(ctx, u.DB, func(tx pgx.Tx) error {
		owner, err := u.Named(ctx, tx, email)
		if err != nil {
			return err
		}
		return events.Raise(ctx, tx, RegisteredAgain{owner.ID})
	})
}

// Create makes an account with roles besides customer, whose mailbox whoever
// makes it vouches for. It hashes while tx is open, so it is for commands,
// set-up and demo data, not for requests.
func (u *Users) Create(ctx context.Context, tx pgx.Tx, in Registration, roles ...string) (User, error) {
	if err := u.check(&in); err != nil {
		return User{}, err
	}
	hash, err := u.hash(ctx, in.Password)
	if err != nil {
		return User{}, err
	}
	in.Verified = true
	return u.insert(ctx, tx, in, hash, roles...)
}

func (u *Users) insert(ctx context.Context, tx pgx.Tx, in Registration, hash string, roles ...string) (User, error) {
	user := id.New[id.User]()
	if err := insertUser(ctx, tx, user, in, hash, u.Clock.Now()); err != nil {
		return User{}, fmt.Errorf("register user: %w", err)
	}
	if err := insertRoles(ctx, tx, user, append(roles, auth.RoleCustomer)); err != nil {
		return User{}, fmt.Errorf("give roles to user %s: %w", user, err)
	}
	if err := events.Raise(ctx, tx, Registered{user}); err != nil {
		return User{}, err
	}
	made, err := u.Get(ctx, tx, user)
	if err != nil || in.Verified {
		return made, err
	}
	return made, u.mailToken(ctx, tx, made, VerifyEmail)
}

// Edit changes what a user says of themselves; nil stays as it is.
type Edit struct{ Username, Name, Phone, Locale, Currency *string }

// check tidies what is to change and refuses what cannot be.
func (in *Edit) check(u *Users) error {
	var bad errs.Fields
	if in.Username != nil {
		bad.Require(username.MatchString(*in.Username), "/username", "invalid",
			"A user name has 3 to 40 letters, digits, dots, dashes or underscores, and begins with a letter or digit.")
	}
	if in.Name != nil {
		name := tidy(*in.Name)
		bad.Require(letters(name) <= 200 && OneLine(name), "/name", "invalid", "A name is one line of at most 200 characters.")
		in.Name = &name
	}
	if in.Phone != nil && *in.Phone != "" {
		e164, ok := Phone(*in.Phone, "")
		bad.Require(ok, "/phone", "invalid", "Write the number with its country, as in +49 151 23456789.")
		in.Phone = &e164
	}
	if in.Locale != nil && *in.Locale != "" {
		locale, ok := u.locale(*in.Locale)
		bad.Require(ok, "/locale", "not_spoken", "This is not a language of this shop, as in en or en-GB. Empty is the shop's own.")
		in.Locale = &locale
	}
	if in.Currency != nil && *in.Currency != "" {
		bad.Require(money.Currency(*in.Currency).Valid(), "/currency", "unknown_currency", "Write the currency as its code, as in EUR. Empty is the shop's own.")
	}
	return bad.Err()
}

// Edit changes a user's own data.
func (u *Users) Edit(ctx context.Context, tx pgx.Tx, user id.User, in Edit) (User, error) {
	if err := in.check(u); err != nil {
		return User{}, err
	}
	if err := updateUser(ctx, tx, user, in, u.Clock.Now()); err != nil {
		return User{}, fmt.Errorf("edit user %s: %w", user, err)
	}
	return u.Get(ctx, tx, user)
}

// Disable shuts a user out at once; doing it twice is doing it once.
func (u *Users) Disable(ctx context.Context, tx pgx.Tx, user id.User) error {
	if err := u.keepAnAdmin(ctx, tx, user); err != nil {
		return err
	}
	changed, err := setDisabled(ctx, tx, user, true, u.Clock.Now())
	if err != nil || !changed {
		return err
	}
	if err := u.endSessions(ctx, tx, user, id.Session{}, "disabled"); err != nil {
		return err
	}
	return events.Raise(ctx, tx, Disabled{user})
}

// Enable lets a user in again.
func (u *Users) Enable(ctx context.Context, tx pgx.Tx, user id.User) error {
	changed, err := setDisabled(ctx, tx, user, false, u.Clock.Now())
	if err != nil || !changed {
		return err
	}
	return events.Raise(ctx, tx, Enabled{user})
}

// Erase drops a user's personal data and ends their sessions. The row stays,
// without a name, because orders point to it.
func (u *Users) Erase(ctx context.Context, tx pgx.Tx, user id.User) error {
	if err := u.keepAnAdmin(ctx, tx, user); err != nil {
		return err
	}
	if err := u.endSessions(ctx, tx, user, id.Session{}, "erased"); err != nil {
		return err
	}
	if err := eraseUser(ctx, tx, user, u.Clock.Now()); err != nil {
		return fmt.Errorf("erase user %s: %w", user, err)
	}
	return events.Raise(ctx, tx, Erased{user})
}

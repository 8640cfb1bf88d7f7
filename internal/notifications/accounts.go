package notifications

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

// The pages that mails lead to. A token stands in the fragment, which browsers
// send to no server and to no other page.
const (
	verifyPage  = "/account/verify#token="
	resetPage   = "/account/reset#token="
	emailPage   = "/account/email#token="
	signInPage  = "/account/sign-in#token="
	forgotPage  = "/account/forgot"
	accountPage = "/account"
	ordersPage  = "/account#orders"
	invitePage  = "/account/invitation#token="
)

// VerificationAsked sends a new user the link that proves their mailbox.
func (n *Notifications) VerificationAsked(ctx context.Context, e accounts.VerificationAsked) error {
	return n.mailToken(ctx, VerifyEmail, e.TokenID, verifyPage)
}

// PasswordResetAsked sends the link with which a user chooses a new password.
func (n *Notifications) PasswordResetAsked(ctx context.Context, e accounts.PasswordResetAsked) error {
	return n.mailToken(ctx, PasswordReset, e.TokenID, resetPage)
}

// SignInLinkAsked sends the link that signs a user in.
func (n *Notifications) SignInLinkAsked(ctx context.Context, e accounts.SignInLinkAsked) error {
	return n.mailToken(ctx, SignInLink, e.TokenID, signInPage)
}

// EmailChangeAsked sends the link to the new address and tells the old one.
func (n *Notifications) EmailChangeAsked(ctx context.Context, e accounts.EmailChangeAsked) error {
	change, err := emailChangeOf(ctx, n.DB, e.TokenID)
	if errors.Is(err, postgres.ErrNoRow) { // erased
		return nil
	}
	if err != nil {
		return fmt.Errorf("read e-mail change %s: %w", e.TokenID, err)
	}
	// The old address first: who changes it may not be who owns it.
	noticed := n.tell(ctx, e.UserID, letter{Kind: EmailChangeNotice, To: change.Previous, Words: words{"email": change.Email}, Link: n.BaseURL + forgotPage})
	return errors.Join(noticed, n.mailToken(ctx, EmailChange, e.TokenID, emailPage))
}

// EmailChanged tells both addresses.
func (n *Notifications) EmailChanged(ctx context.Context, e accounts.EmailChanged) error {
	change, err := emailChangeOf(ctx, n.DB, e.TokenID)
	if errors.Is(err, postgres.ErrNoRow) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read e-mail change %s: %w", e.TokenID, err)
	}
	said := words{"email": change.Email, "previous": change.Previous}
	return errors.Join(
		n.tell(ctx, e.UserID, letter{Kind: EmailChanged, To: change.Previous, Words: said}),
		n.tell(ctx, e.UserID, letter{Kind: EmailChanged, To: change.Email, Words: said}))
}

// PasswordChanged tells a user that their password is another one.
func (n *Notifications) PasswordChanged(ctx context.Context, e accounts.PasswordChanged) error {
	return n.tell(ctx, e.UserID, letter{Kind: PasswordChanged, Words: words{"time": n.now(ctx)}, Link: n.BaseURL + forgotPage})
}

// SignedIn tells a user of a session on a device that is new.
func (n *Notifications) SignedIn(ctx context.Context, e accounts.SignedIn) error {
	if !e.NewDevice {
		return nil
	}
	return n.tellOfSession(ctx, NewDevice, e.UserID, e.SessionID)
}

// RefreshReused tells a user that a session was ended because somebody has a
// copy of its secret.
func (n *Notifications) RefreshReused(ctx context.Context, e accounts.RefreshReused) error {
	return n.tellOfSession(ctx, SessionEnded, e.UserID, e.SessionID)
}

// RegisteredAgain tells a user that somebody tried to sign up with their
// address; whoever tried learns nothing.
func (n *Notifications) RegisteredAgain(ctx context.Context, e accounts.RegisteredAgain) error {
	return n.tell(ctx, e.UserID, letter{Kind: RegisteredAgain, Link: n.BaseURL + forgotPage})
}

// Disabled tells a user that they are shut out.
func (n *Notifications) Disabled(ctx context.Context, e accounts.Disabled) error {
	return n.tell(ctx, e.UserID, letter{Kind: AccountDisabled})
}

// RolesChanged tells a user what they may do now.
func (n *Notifications) RolesChanged(ctx context.Context, e accounts.RolesChanged) error {
	return n.tell(ctx, e.UserID, letter{Kind: RolesChanged, Words: words{"roles": strings.Join(e.Roles, ", ")}})
}

// Erased drops what the shop has told a user.
func (n *Notifications) Erased(ctx context.Context, e accounts.Erased) error {
	return postgres.InTx(ctx, n.DB, func(tx pgx.Tx) error { return forget(ctx, tx, e.UserID) })
}

// mailToken sends the link that a token opens. When the token is used, replaced
// or too old, nobody waits for it any more.
func (n *Notifications) mailToken(ctx context.Context, kind Kind, token id.MailToken, page string) error {
	t, err := n.Users.MailedToken(ctx, n.DB, token)
	if errors.Is(err, accounts.ErrMailToken) {
		return nil
	}
	if err != nil {
		return err
	}
	return n.post(ctx, letter{
		Kind: kind, User: t.User.ID, To: t.Email, Name: t.User.Name, Locale: n.localeOf(t.User),
		Words: words{"email": t.Email, "until": n.when(t.ExpiresAt)}, Link: n.BaseURL + page + t.Token,
	})
}

// tell sends l to a user: to their address, unless it names another one.
func (n *Notifications) tell(ctx context.Context, to id.User, l letter) error {
	user, err := n.Users.Get(ctx, n.DB, to)
	if err != nil {
		return err
	}
	if user.ErasedAt != nil {
		return nil
	}
	if l.To == "" {
		l.To = user.Email
	}
	if l.Words == nil {
		l.Words = words{"email": user.Email}
	}
	l.User, l.Name, l.Locale = user.ID, user.Name, n.localeOf(user)
	return n.post(ctx, l)
}

func (n *Notifications) tellOfSession(ctx context.Context, kind Kind, user id.User, session id.Session) error {
	s, err := sessionByID(ctx, n.DB, session)
	if errors.Is(err, postgres.ErrNoRow) { // it was dropped in the meantime
		return nil
	}
	if err != nil {
		return fmt.Errorf("read session %s: %w", session, err)
	}
	at := n.now(ctx)
	return n.tell(ctx, user, letter{
		Kind: kind, Words: words{"device": s.Device, "time": at}, Link: n.BaseURL + accountPage,
		Facts: []fact{{"device", s.Device}, {"address", s.Address}, {"time", at}},
	})
}

// now is when the event happened that is being told.
func (n *Notifications) now(ctx context.Context) string { return n.when(events.Current(ctx).At) }

// localeOf is the language in which a user is written to.
func (n *Notifications) localeOf(u accounts.User) string { return cmp.Or(u.Locale, n.Locale) }

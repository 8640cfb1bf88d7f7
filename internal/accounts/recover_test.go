package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
	"souk/internal/platform/settings"
)

// Bad input 93: asking for a mail does the same for everybody: nobody learns who has an account.
func TestAskingForMailTellsNobody(t *testing.T) {
	u, _ := open(t, pgtest.Tx(t))
	register(t, u, "ann")
	gone := register(t, u, "gone")
	change(t, u, func(tx pgx.Tx) error { return u.Disable(t.Context(), tx, gone.User.ID) })
	for i, email := range []string{"ann@example.com", "gone@example.com", "nobody@example.com"} {
		if err := u.AskForMail(t.Context(), ResetPassword, email, home); err != nil {
			t.Errorf("%s: %v", email, err)
		}
		requests, err := postgres.Scalar[int](t.Context(), u.DB, `SELECT count(*)::int FROM mail_requests`, nil)
		if n := raised(t, u, "accounts.mail_asked"); err != nil || n != i+1 || requests != i+1 {
			t.Errorf("%s: %d events, %d requests, %v", email, n, requests, err)
		}
	}
	answerMail(t, u)
	if n := raised(t, u, "accounts.password_reset_asked"); n != 1 {
		t.Errorf("%d tokens were made, want ann's alone", n)
	}
	for range 2 * mailAttempt.perAccount {
		if err := u.AskForMail(t.Context(), ResetPassword, "ann@example.com", home); err != nil {
			t.Errorf("who asks too often is told so: %v", err)
		}
	}
	if n := raised(t, u, "accounts.mail_asked"); n != 2+mailAttempt.perAccount {
		t.Errorf("%d mails were asked for, want the limit of %d for ann and two more", n, mailAttempt.perAccount)
	}
}

// Bad input 94: a token resets a password once, within half an hour, and no other
// token does.
func TestResetByMail(t *testing.T) {
	u, now := open(t, pgtest.Tx(t))
	ann := register(t, u, "ann")
	verification := mailed(t, u, VerifyEmail)
	ask := func() string {
		t.Helper()
		if err := u.AskForMail(t.Context(), ResetPassword, "Ann@Example.com", home); err != nil {
			t.Fatal(err)
		}
		answerMail(t, u)
		return mailed(t, u, ResetPassword)
	}
	first := ask()
	token := ask()
	if kept, err := postgres.Scalar[int](t.Context(), u.DB, `
		SELECT count(*)::int FROM mail_tokens WHERE encode(hash, 'escape') LIKE '%' || @token || '%'`, pgx.NamedArgs{"token": token}); err != nil || kept != 0 {
		t.Errorf("the token itself is kept: %d, %v", kept, err)
	}
	for name, bad := range map[string]string{
		"an older one": first, "of another purpose": verification, "none": "", "truncated": token[:len(token)-1],
		"look-alikes": strings.Replace(token, token[:1], "\u0430", 1), "long": strings.Repeat("x", 400), "made up": strings.Repeat("A", len(token)),
	} {
		if err := u.RedeemReset(t.Context(), bad, otherPassword); !errors.Is(err, ErrMailToken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := u.RedeemReset(t.Context(), token, "ann@example.com"); !errors.Is(err, errs.Validation) {
		t.Errorf("a weak password: %v", err)
	}
	if err := u.RedeemReset(t.Context(), token, otherPassword); err != nil {
		t.Fatalf("a weak password has used the token up, or: %v", err)
	}
	wantFamily(t, u, ann.AccessToken, false)
	if err := u.RedeemReset(t.Context(), token, goodPassword); !errors.Is(err, ErrMailToken) {
		t.Errorf("twice: %v", err)
	}
	in, err := u.Login(t.Context(), "ann", otherPassword, "", home)
	if err != nil || !in.User.EmailVerified {
		t.Errorf("verified %t, %v", in.User.EmailVerified, err)
	}
	late := ask()
	now.Advance(30 * time.Minute)
	if err := u.RedeemReset(t.Context(), late, goodPassword); !errors.Is(err, ErrMailToken) {
		t.Errorf("30 minutes later: %v", err)
	}
}

func TestATokenIsOfOneUserWhoMaySignIn(t *testing.T) {
	u, _ := open(t, pgtest.Tx(t))
	ann := register(t, u, "ann")
	token := mailed(t, u, VerifyEmail)
	change(t, u, func(tx pgx.Tx) error { return u.Disable(t.Context(), tx, ann.User.ID) })
	err := postgres.InTx(t.Context(), u.DB, func(tx pgx.Tx) error { return u.Verify(t.Context(), tx, token) })
	if !errors.Is(err, ErrMailToken) {
		t.Errorf("a disabled user: %v", err)
	}
}

func TestVerifyMailbox(t *testing.T) {
	u, _ := open(t, pgtest.Tx(t))
	ann := register(t, u, "ann")
	if ann.User.EmailVerified {
		t.Fatal("verified without proof")
	}
	token := mailed(t, u, VerifyEmail)
	for _, want := range []error{nil, ErrMailToken} {
		err := postgres.InTx(t.Context(), u.DB, func(tx pgx.Tx) error { return u.Verify(t.Context(), tx, token) })
		if !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	if n := raised(t, u, "accounts.email_verified"); n != 1 {
		t.Errorf("email_verified was raised %d times", n)
	}
	if n := raised(t, u, "accounts.mailbox_owned"); n != 0 {
		t.Error("a click of somebody who is not in the account makes the mailbox theirs")
	}
}

// Where mailboxes come first, nobody learns from signing up who has an account,
// and nobody signs in before they have opened the link.
func TestMailboxesFirst(t *testing.T) {
	db := pgtest.Tx(t)
	u, _ := open(t, db)
	u.Settings = &settings.Settings{DB: db}
	u.Settings.Declare(Settings()...)
	there := register(t, u, "there")
	change(t, u, func(tx pgx.Tx) error {
		return u.Settings.Set(t.Context(), tx, map[string]json.RawMessage{VerifyEmailSetting.Key: []byte("true")})
	})
	for name, email := range map[string]string{"ann": "ann@example.com", "other": "There@example.com"} {
		_, err := u.Register(t.Context(), Registration{Username: name, Email: email, Password: goodPassword}, home)
		if !errors.Is(err, ErrVerifyFirst) {
			t.Errorf("%s: %v", email, err)
		}
	}
	if n := raised(t, u, "accounts.registered_again"); n != 1 {
		t.Errorf("the owner was told %d times", n)
	}
	for i := range 2 * mailAttempt.perAccount { // nobody fills somebody's mailbox by signing up
		again := Registration{Username: fmt.Sprint("again", i), Email: "there@example.com", Password: goodPassword}
		if _, err := u.Register(t.Context(), again, home); !errors.Is(err, ErrVerifyFirst) {
			t.Errorf("again: %v", err)
		}
	}
	if n := raised(t, u, "accounts.registered_again"); n != mailAttempt.perAccount {
		t.Errorf("the owner was told %d times, want %d at most", n, mailAttempt.perAccount)
	}
	if _, err := u.Login(t.Context(), "ann", otherPassword, "", home); !errors.Is(err, ErrWrongPassword) {
		t.Errorf("a wrong password: %v", err)
	}
	if _, err := u.Login(t.Context(), "ann", goodPassword, "", home); !errors.Is(err, ErrVerifyFirst) {
		t.Errorf("before the proof: %v", err)
	}
	change(t, u, func(tx pgx.Tx) error { return u.Verify(t.Context(), tx, mailed(t, u, VerifyEmail)) })
	if _, err := u.Login(t.Context(), "ann", goodPassword, "", home); err != nil {
		t.Errorf("after it: %v", err)
	}
	if n, err := postgres.Scalar[int](t.Context(), db, `SELECT count(*)::int FROM users WHERE lower(email) = 'there@example.com'`, nil); err != nil || n != 1 {
		t.Errorf("%d users at %s, %v", n, there.User.Email, err)
	}
}

// Whoever was in the account has asked for links; once the owner has set another
// password, these open nothing.
func TestANewPasswordTakesLinksBack(t *testing.T) {
	u, _ := open(t, pgtest.Tx(t))
	ann := register(t, u, "ann")
	if err := u.AskEmailChange(auth.With(t.Context(), auth.Actor{User: ann.User.ID}), "thief@example.com", home); err != nil {
		t.Fatal(err)
	}
	stolen := mailed(t, u, ChangeEmail)
	for _, purpose := range []Purpose{SignInByMail, ResetPassword} {
		if err := u.AskForMail(t.Context(), purpose, "ann@example.com", home); err != nil {
			t.Fatal(err)
		}
	}
	answerMail(t, u)
	link := mailed(t, u, SignInByMail)
	if err := u.RedeemReset(t.Context(), mailed(t, u, ResetPassword), otherPassword); err != nil {
		t.Fatal(err)
	}
	err := postgres.InTx(t.Context(), u.DB, func(tx pgx.Tx) error { return u.ConfirmEmail(t.Context(), tx, stolen) })
	if !errors.Is(err, ErrMailToken) {
		t.Errorf("a change of the address: %v", err)
	}
	if _, err := u.SignInByLink(t.Context(), link, "", home); !errors.Is(err, ErrMailToken) {
		t.Errorf("a link to sign in: %v", err)
	}
	if now, err := u.Get(t.Context(), u.DB, ann.User.ID); err != nil || now.Email != "ann@example.com" {
		t.Errorf("the account is at %s, %v", now.Email, err)
	}
}

func TestChangeEmail(t *testing.T) {
	u, _ := open(t, pgtest.Tx(t))
	ann := register(t, u, "ann")
	register(t, u, "bob")
	ctx := auth.With(t.Context(), auth.Actor{User: ann.User.ID})
	for wanted, want := range map[string]error{"nonsense": errs.Validation, "ann@example.com": ErrSameEmail, "BOB@example.com": nil} {
		if err := u.AskEmailChange(ctx, wanted, home); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", wanted, err, want)
		}
	}
	if told, asked := raised(t, u, "accounts.registered_again"), raised(t, u, "accounts.email_change_asked"); told != 1 || asked != 0 {
		t.Errorf("an address of somebody else's: they were told %d times, and %d links made", told, asked)
	}
	if err := u.AskForMail(t.Context(), ResetPassword, "ann@example.com", home); err != nil {
		t.Fatal(err)
	}
	answerMail(t, u)
	old := mailed(t, u, ResetPassword)
	if err := u.AskEmailChange(ctx, " anna@example.com ", home); err != nil {
		t.Fatal(err)
	}
	token := mailed(t, u, ChangeEmail)
	for _, want := range []error{nil, ErrMailToken} {
		err := postgres.InTx(t.Context(), u.DB, func(tx pgx.Tx) error { return u.ConfirmEmail(t.Context(), tx, token) })
		if !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	now, err := u.Get(t.Context(), u.DB, ann.User.ID)
	if err != nil || now.Email != "anna@example.com" || !now.EmailVerified {
		t.Errorf("%s, verified %t, %v", now.Email, now.EmailVerified, err)
	}
	if err := u.RedeemReset(t.Context(), old, otherPassword); !errors.Is(err, ErrMailToken) {
		t.Errorf("a token that went to the old address: %v", err)
	}
}

// Somebody may sign up with an address that is not theirs. The account becomes
// the owner's when the owner comes in by the mailbox: nothing that the stranger
// has left there opens it.
func TestTheOwnerOfAMailboxTakesTheAccountOver(t *testing.T) {
	for name, enter := range map[string]func(u *Users) error{
		"by a link": func(u *Users) error {
			_, err := u.SignInByLink(t.Context(), mailed(t, u, SignInByMail), "", home)
			return err
		},
		"by a new password": func(u *Users) error { return u.RedeemReset(t.Context(), mailed(t, u, ResetPassword), otherPassword) },
	} {
		t.Run(name, func(t *testing.T) {
			u, now := open(t, pgtest.Tx(t))
			dropped := 0
			u.DropIdentities = func(context.Context, pgx.Tx, id.User) error { dropped++; return nil }
			stranger := register(t, u, "ann")
			setUpApp(t, u, stranger.User.ID)
			for _, purpose := range []Purpose{SignInByMail, ResetPassword} {
				if err := u.AskForMail(t.Context(), purpose, "ann@example.com", home); err != nil {
					t.Fatal(err)
				}
			}
			answerMail(t, u)
			if err := enter(u); err != nil {
				t.Fatal(err)
			}
			now.Advance(time.Minute)
			if _, err := u.Authenticate(t.Context(), stranger.AccessToken); !errors.Is(err, auth.ErrUnauthenticated) {
				t.Errorf("the stranger: %v", err)
			}
			if _, err := u.Refresh(t.Context(), stranger.RefreshToken, home); !errors.Is(err, ErrRefreshToken) {
				t.Errorf("the stranger's session: %v", err)
			}
			if _, err := u.Login(t.Context(), "ann", goodPassword, "", home); !errors.Is(err, ErrWrongPassword) {
				t.Errorf("the stranger's password: %v", err)
			}
			if has, err := u.MFA.HasTOTP(t.Context(), u.DB, stranger.User.ID); err != nil || has {
				t.Errorf("the stranger's app: %t, %v", has, err)
			}
			if n := raised(t, u, "accounts.mailbox_owned"); dropped != 1 || n != 1 {
				t.Errorf("identities were dropped %d times, the mailbox owned %d times", dropped, n)
			}
		})
	}
}

// Who has signed up and opens the link loses nothing.
func TestWhoSignsUpAndProvesTheirMailboxStays(t *testing.T) {
	u, _ := open(t, pgtest.Tx(t))
	ann := register(t, u, "ann")
	as := auth.With(t.Context(), auth.Actor{User: ann.User.ID})
	change(t, u, func(tx pgx.Tx) error { return u.Verify(as, tx, mailed(t, u, VerifyEmail)) })
	if n := raised(t, u, "accounts.mailbox_owned"); n != 1 {
		t.Errorf("the mailbox is theirs %d times", n)
	}
	if err := u.AskForMail(t.Context(), SignInByMail, "ann@example.com", home); err != nil {
		t.Fatal(err)
	}
	answerMail(t, u)
	if _, err := u.SignInByLink(t.Context(), mailed(t, u, SignInByMail), "", home); err != nil {
		t.Fatal(err)
	}
	if _, err := u.Authenticate(t.Context(), ann.AccessToken); err != nil {
		t.Errorf("their session: %v", err)
	}
	if _, err := u.Login(t.Context(), "ann", goodPassword, "", home); err != nil {
		t.Errorf("their password: %v", err)
	}
}

func TestStepUp(t *testing.T) {
	u, now := open(t, pgtest.Tx(t))
	ann := register(t, u, "ann")
	now.Advance(time.Hour)
	actor := func() auth.Actor {
		t.Helper()
		a, err := u.Authenticate(t.Context(), fresh(t, u, &ann))
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	before := actor()
	ctx := auth.With(t.Context(), before)
	if err := u.StepUp(ctx, otherPassword, "", home); !errors.Is(err, ErrNotProven) {
		t.Errorf("a wrong password: %v", err)
	}
	if got := actor().AuthenticatedAt; !got.Equal(before.AuthenticatedAt) {
		t.Errorf("a wrong password proves something: %v", got)
	}
	if err := u.StepUp(ctx, goodPassword, "", home); err != nil {
		t.Fatal(err)
	}
	if got := actor().AuthenticatedAt; !got.Equal(now.Now()) {
		t.Errorf("proven at %v, want %v", got, now.Now())
	}
	seen := auth.With(t.Context(), auth.Actor{User: before.User, Session: before.Session, Impersonator: id.New[id.User]()})
	if err := u.StepUp(seen, goodPassword, "", home); !errors.Is(err, auth.ErrForbidden) {
		t.Errorf("through somebody else's eyes: %v", err)
	}
}

// fresh is an access token of now.
func fresh(t *testing.T, u *Users, in *SignIn) string {
	t.Helper()
	tokens, err := u.Refresh(t.Context(), in.RefreshToken, home)
	if err != nil {
		t.Fatal(err)
	}
	in.Tokens = tokens
	return tokens.AccessToken
}

func TestANewDeviceIsNoticed(t *testing.T) {
	u, _ := open(t, pgtest.Tx(t))
	const (
		firefox = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
		newer   = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:141.0) Gecko/20100101 Firefox/141.0"
		safari  = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
	)
	who := Registration{Username: "ann", Email: "ann@example.com", Password: goodPassword}
	in, err := u.Register(t.Context(), who, Client{UserAgent: firefox})
	if err != nil {
		t.Fatal(err)
	}
	for _, agent := range []string{firefox, newer, safari, safari} {
		if _, err := u.Login(t.Context(), "ann", goodPassword, "", Client{UserAgent: agent, Address: home.Address}); err != nil {
			t.Fatal(err)
		}
	}
	news, err := postgres.Column[bool](t.Context(), u.DB, `
		SELECT coalesce((data ->> 'new_device')::boolean, false) FROM events WHERE name = 'accounts.signed_in' ORDER BY seq`, nil)
	if err != nil || len(news) != 5 || news[0] || news[1] || news[2] || !news[3] || news[4] {
		t.Errorf("new devices: %v, want the fourth sign-in alone: %v", news, err)
	}
	sessions, err := liveSessions(t.Context(), u.DB, in.User.ID, noon, noon.Add(-time.Hour))
	if err != nil || len(sessions) != 5 || sessions[0].Device != "Safari on iOS" || sessions[4].Device != "Firefox on Windows" {
		t.Errorf("%+v, %v", sessions, err)
	}
}

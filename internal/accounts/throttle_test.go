package accounts

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

func at(address string) Client { return Client{Address: netip.MustParseAddr(address)} }

// waits is how long an attempt has to wait, 0 when it is let through.
func (u *Users) waits(t *testing.T, kind attempt, account string, from Client) time.Duration {
	t.Helper()
	var refusal *errs.Error
	switch err := u.takeAttempt(t.Context(), kind, account, from); {
	case err == nil:
		return 0
	case errors.As(err, &refusal) && refusal.Kind == errs.TooMany:
		return refusal.RetryAfter
	default:
		t.Fatal(err)
		return 0
	}
}

func TestWrongPasswordsMakeOneWait(t *testing.T) {
	u, now := open(t, pgtest.Tx(t))
	for n := range freeFailures {
		if wait := u.waits(t, loginAttempt, "ann", at("192.0.2.1")); wait != 0 {
			t.Fatalf("failure %d waits %v", n+1, wait)
		}
	}
	for _, want := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900} {
		if got := u.waits(t, loginAttempt, "Ann", at("192.0.2.1")); got != want*time.Second {
			t.Errorf("the wait is %v, want %v s", got, want)
		}
		if wait := u.waits(t, loginAttempt, "ann", at("192.0.2.2")); want == 1 && wait != 0 {
			t.Errorf("the owner elsewhere waits %v", wait)
		}
		now.Advance(want * time.Second)
		if got := u.waits(t, loginAttempt, "ann", at("192.0.2.1")); got != 0 {
			t.Errorf("after the wait one more has to wait %v", got)
		}
	}
	if err := u.forgive(t.Context(), loginAttempt, "ann", at("192.0.2.1")); err != nil {
		t.Fatal(err)
	}
	for range freeFailures {
		if wait := u.waits(t, loginAttempt, "ann", at("192.0.2.1")); wait != 0 {
			t.Errorf("after a good password the wait is %v", wait)
		}
	}
}

// Bad input 97: one address that guesses at many accounts.
func TestOneAddressHasAHundredFailures(t *testing.T) {
	u, now := open(t, pgtest.Tx(t))
	for i := range loginAttempt.perAddress {
		if wait := u.waits(t, loginAttempt, fmt.Sprint("user", i), at("192.0.2.1")); wait != 0 {
			t.Fatalf("failure %d waits %v", i, wait)
		}
	}
	now.Advance(20 * time.Minute)
	if wait := u.waits(t, loginAttempt, "ann", at("192.0.2.1")); wait != 40*time.Minute {
		t.Errorf("one more waits %v", wait)
	}
	if wait := u.waits(t, loginAttempt, "ann", at("192.0.2.2")); wait != 0 {
		t.Errorf("another address waits %v", wait)
	}
	now.Advance(40 * time.Minute)
	if wait := u.waits(t, loginAttempt, "ann", at("192.0.2.1")); wait != 0 {
		t.Errorf("an hour later it waits %v", wait)
	}
}

// What was counted is known to another node and after a restart, and gone when
// it counts no more.
func TestFailuresSurviveARestart(t *testing.T) {
	db := pgtest.Tx(t)
	u, now := open(t, db)
	for range freeFailures {
		u.waits(t, loginAttempt, "ann", home)
	}
	again, later := open(t, db)
	if wait := again.waits(t, loginAttempt, "ann", home); wait != time.Second {
		t.Errorf("after a restart the wait is %v", wait)
	}
	now.Advance(2 * time.Hour)
	later.Advance(2 * time.Hour)
	if err := u.ForgetAttempts(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left, err := postgres.Scalar[int](t.Context(), db, `SELECT count(*)::int FROM login_failures`, nil); err != nil || left != 0 {
		t.Errorf("%d counters are left, %v", left, err)
	}
}

// A flood of refused attempts asks the database nothing.
func TestARefusalIsRemembered(t *testing.T) {
	u, now := open(t, pgtest.Tx(t))
	for range freeFailures {
		u.waits(t, loginAttempt, "ann", home)
	}
	u.waits(t, loginAttempt, "ann", home)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel() // a statement would fail now
	if err := u.takeAttempt(cancelled, loginAttempt, "ann", home); !errors.Is(err, ErrThrottled) {
		t.Errorf("a refusal asks the database: %v", err)
	}
	now.Advance(time.Second)
	if wait := u.waits(t, loginAttempt, "ann", home); wait != 0 {
		t.Errorf("a refusal is remembered for longer than it holds: %v", wait)
	}

	for i := range loginAttempt.perAccount {
		u.waits(t, loginAttempt, "bob", at(fmt.Sprintf("198.51.100.%d", i)))
	}
	for _, ctx := range []context.Context{t.Context(), cancelled} {
		if _, err := u.takeLogin(ctx, "bob", at("203.0.113.9")); !errors.Is(err, ErrSignInByMail) {
			t.Errorf("of a name that is guessed at from all over: %v", err)
		}
	}
	now.Advance(time.Hour)
	if _, err := u.takeLogin(t.Context(), "bob", at("203.0.113.9")); err != nil {
		t.Errorf("an hour later: %v", err)
	}
}

// Who has a whole network of IPv6 has one address, as far as guessing goes.
func TestANetworkCountsAsOneAddress(t *testing.T) {
	u, _ := open(t, pgtest.Tx(t))
	for i := range freeFailures {
		if wait := u.waits(t, loginAttempt, "ann", at(fmt.Sprintf("2001:db8::%d", i))); wait != 0 {
			t.Fatalf("failure %d waits %v", i+1, wait)
		}
	}
	for address, want := range map[string]time.Duration{"2001:db8::ffff:1": time.Second, "2001:db8:0:1::1": 0, "::ffff:192.0.2.1": 0, "192.0.2.2": 0} {
		if wait := u.waits(t, loginAttempt, "ann", at(address)); wait != want {
			t.Errorf("%s waits %v, want %v", address, wait, want)
		}
	}
}

// Bad input 97: a name that is guessed at from all over is closed to strangers, not to its
// owner: they come in from where they have been before, and by mail.
func TestNobodyLocksTheOwnerOut(t *testing.T) {
	u, _ := open(t, pgtest.Tx(t))
	register(t, u, "ann")
	for _, name := range []string{"ann", "nobody"} {
		for i := range loginAttempt.perAccount {
			if wait := u.waits(t, loginAttempt, name, at(fmt.Sprintf("198.51.100.%d", i))); wait != 0 {
				t.Fatalf("guess %d at %s waits %v", i, name, wait)
			}
		}
		for _, password := range []string{otherPassword, goodPassword} {
			if _, err := u.Login(t.Context(), name, password, "", at("203.0.113.9")); !errors.Is(err, ErrSignInByMail) {
				t.Errorf("a stranger at %s: %v", name, err)
			}
		}
	}
	if _, err := u.Login(t.Context(), "ann", goodPassword, "", home); err != nil {
		t.Errorf("the owner at home: %v", err)
	}
	asked, err := postgres.Column[string](t.Context(), u.DB, `SELECT name FROM mail_requests ORDER BY name`, nil)
	if err != nil || len(asked) != 2 || asked[0] != "ann" || asked[1] != "nobody" {
		t.Errorf("mail was asked for by %v, want each name once: %v", asked, err)
	}
	answerMail(t, u)
	if n := raised(t, u, "accounts.sign_in_link_asked"); n != 1 {
		t.Errorf("%d links were made, want one for ann", n)
	}
	if _, err := u.SignInByLink(t.Context(), mailed(t, u, SignInByMail), "", at("203.0.113.9")); err != nil {
		t.Errorf("by the mailed link: %v", err)
	}
}

// Bad input 97: many guesses at once.
func TestAParallelBurstCountsInFull(t *testing.T) {
	t.Parallel()
	u, _ := open(t, pgtest.DB(t))
	register(t, u, "ann")
	from := Client{Address: netip.MustParseAddr("198.51.100.7")}
	const burst = 20
	var wg sync.WaitGroup
	found := make([]error, burst)
	for i := range burst {
		wg.Go(func() { _, found[i] = u.Login(t.Context(), "ann", otherPassword, "", from) })
	}
	wg.Wait()
	wrong := 0
	for _, err := range found {
		switch {
		case errors.Is(err, ErrWrongPassword):
			wrong++
		case !errors.Is(err, ErrThrottled):
			t.Errorf("got %v", err)
		}
	}
	if wrong != freeFailures {
		t.Errorf("%d guesses were checked, want %d", wrong, freeFailures)
	}
	if _, err := u.Login(t.Context(), "ann", goodPassword, "", home); err != nil {
		t.Errorf("the owner at home: %v", err)
	}
}

// answerMail does what the job does for everybody who asked.
func answerMail(t *testing.T, u *Users) {
	t.Helper()
	asked, err := postgres.Column[[]byte](t.Context(), u.DB, `SELECT convert_to(data ->> 'request_id', 'UTF8') FROM events WHERE name = 'accounts.mail_asked' ORDER BY seq`, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // a job may run twice
		for _, text := range asked {
			var e MailAsked
			if err := e.RequestID.UnmarshalText(text); err != nil {
				t.Fatal(err)
			}
			if err := u.AnswerMailRequest(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// mailed is the newest token of a purpose, as its mail would carry it.
func mailed(t *testing.T, u *Users, purpose Purpose) string {
	t.Helper()
	row, err := postgres.Get[mailToken](t.Context(), u.DB, `
		SELECT id, user_id, purpose, email, previous_email, expires_at FROM mail_tokens WHERE purpose = @purpose ORDER BY id DESC LIMIT 1`,
		pgx.NamedArgs{"purpose": purpose})
	if err != nil {
		t.Fatalf("find a token of %s: %v", purpose, err)
	}
	found, err := u.MailedToken(t.Context(), u.DB, row.ID)
	if err != nil {
		t.Fatal(err)
	}
	return found.Token
}

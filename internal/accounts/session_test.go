package accounts

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// refresh expects a token to be good.
func refresh(t *testing.T, u *Users, token string) Tokens {
	t.Helper()
	tokens, err := u.Refresh(t.Context(), token, home)
	if err != nil {
		t.Fatalf("refresh: %v", err)
	}
	return tokens
}

// wantFamily fails unless a session is alive, or not, to each kind of token.
func wantFamily(t *testing.T, u *Users, access string, alive bool) {
	t.Helper()
	_, err := u.Authenticate(t.Context(), access)
	if alive && err != nil || !alive && !errors.Is(err, auth.ErrUnauthenticated) {
		t.Errorf("access token of a session that should be alive: %v, says %v", alive, err)
	}
	live, err := postgres.Scalar[int](t.Context(), u.DB, `
		SELECT count(*)::int FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id
		WHERE t.used_at IS NULL AND t.revoked_at IS NULL`, nil)
	if err != nil || (live == 1) != alive {
		t.Errorf("%d refresh tokens are live, %v", live, err)
	}
}

func TestRefreshRotates(t *testing.T) {
	u, at := open(t, pgtest.Tx(t))
	ann := register(t, u, "ann")
	seen := map[string]bool{ann.RefreshToken: true}
	for token := ann.RefreshToken; len(seen) < 5; {
		at.Advance(9 * time.Minute)
		next := refresh(t, u, token)
		if seen[next.RefreshToken] || next.AccessToken == "" || next.ExpiresIn != 600 {
			t.Fatalf("after %d rotations: %+v", len(seen), next)
		}
		token = next.RefreshToken
		seen[token] = true
		wantFamily(t, u, next.AccessToken, true)
	}
}

// Bad input 98: a token that comes back was stolen, by one of the two.
func TestReuseEndsTheFamily(t *testing.T) {
	u, at := open(t, pgtest.Tx(t))
	ann := register(t, u, "ann")
	next := refresh(t, u, ann.RefreshToken)
	at.Advance(grace + time.Second)
	if _, err := u.Refresh(t.Context(), ann.RefreshToken, home); !errors.Is(err, ErrRefreshToken) {
		t.Fatalf("the thief gets %v", err)
	}
	wantFamily(t, u, next.AccessToken, false)
	if _, err := u.Refresh(t.Context(), next.RefreshToken, home); !errors.Is(err, ErrRefreshToken) {
		t.Errorf("the owner of a stolen session gets %v", err)
	}
	if n := raised(t, u, "accounts.refresh_reused"); n != 1 {
		t.Errorf("refresh_reused was raised %d times", n)
	}
}

// Bad input 98: within ten seconds it was a reply that was lost.
func TestALostReplyIsRepeated(t *testing.T) {
	u, at := open(t, pgtest.Tx(t))
	ann := register(t, u, "ann")
	lost := refresh(t, u, ann.RefreshToken)
	at.Advance(grace)
	again := refresh(t, u, ann.RefreshToken)
	if again.RefreshToken != lost.RefreshToken {
		t.Error("the successor is another one")
	}
	wantFamily(t, u, again.AccessToken, true)
	refresh(t, u, again.RefreshToken)
}

func TestNoGraceOnceTheSuccessorIsUsed(t *testing.T) {
	u, _ := open(t, pgtest.Tx(t))
	ann := register(t, u, "ann")
	next := refresh(t, u, refresh(t, u, ann.RefreshToken).RefreshToken)
	if _, err := u.Refresh(t.Context(), ann.RefreshToken, home); !errors.Is(err, ErrRefreshToken) {
		t.Errorf("got %v", err)
	}
	wantFamily(t, u, next.AccessToken, false)
}

func TestParallelRefreshesAgree(t *testing.T) {
	t.Parallel()
	u, _ := open(t, pgtest.DB(t))
	ann := register(t, u, "ann")
	const tabs = 8
	var wg sync.WaitGroup
	got, errs := make([]Tokens, tabs), make([]error, tabs)
	for i := range tabs {
		wg.Go(func() { got[i], errs[i] = u.Refresh(t.Context(), ann.RefreshToken, home) })
	}
	wg.Wait()
	for i := range tabs {
		if errs[i] != nil || got[i].RefreshToken != got[0].RefreshToken {
			t.Errorf("tab %d: %v, same successor: %v", i, errs[i], got[i].RefreshToken == got[0].RefreshToken)
		}
	}
	wantFamily(t, u, got[0].AccessToken, true)
}

func TestARefreshThatMeetsTheEndOfItsSession(t *testing.T) {
	t.Parallel()
	u, _ := open(t, pgtest.DB(t))
	for range 20 {
		in, err := u.Login(t.Context(), "ann", goodPassword, "", home)
		if errors.Is(err, ErrWrongPassword) {
			in = register(t, u, "ann")
		}
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = u.Refresh(t.Context(), in.RefreshToken, home) }) // either may be first
		wg.Go(func() {
			if err := postgres.InTx(t.Context(), u.DB, func(tx pgx.Tx) error { return u.EndSessions(t.Context(), tx, in.User.ID) }); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		wantFamily(t, u, in.AccessToken, false)
	}
}

func TestSessionsEndByThemselves(t *testing.T) {
	const day = 24 * time.Hour
	for _, test := range []struct {
		name  string
		staff bool
		step  time.Duration // between refreshes
		until time.Duration // the last good one
	}{
		{"a customer is idle for 14 days", false, 14 * day, 0},
		{"a customer comes back each week", false, 7 * day, 28 * day},
		{"staff are idle for 30 minutes", true, 30 * time.Minute, 0},
		{"staff work all day", true, 25 * time.Minute, 11*time.Hour + 40*time.Minute},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			u, at := open(t, pgtest.Tx(t))
			ann := register(t, u, "ann")
			if test.staff {
				makeAdmin(t, u, ann.User.ID)
				var err error
				if ann, err = u.Login(t.Context(), "ann", goodPassword, "", home); err != nil {
					t.Fatal(err)
				}
			}
			token, last := ann.RefreshToken, time.Duration(0)
			for at.Advance(test.step); ; at.Advance(test.step) {
				next, err := u.Refresh(t.Context(), token, home)
				if errors.Is(err, ErrRefreshToken) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				token, last = next.RefreshToken, at.Now().Sub(noon)
			}
			if last != test.until {
				t.Errorf("the last good refresh came after %v, want %v", last, test.until)
			}
		})
	}
}

func TestACustomerWhoIsMadeStaffHasAStaffSession(t *testing.T) {
	u, at := open(t, pgtest.Tx(t))
	ann := register(t, u, "ann")
	at.Advance(13 * time.Hour)
	now := refresh(t, u, ann.RefreshToken)
	makeAdmin(t, u, ann.User.ID)
	if _, err := u.Authenticate(t.Context(), now.AccessToken); !errors.Is(err, auth.ErrUnauthenticated) {
		t.Errorf("a session of 13 hours is good for staff: %v", err)
	}
}

func TestLifetimesCanBeSet(t *testing.T) {
	t.Parallel()
	u := &Users{CustomerSessions: Lifetime{Absolute: time.Hour}, StaffSessions: Lifetime{Idle: time.Minute}}
	if got := u.lifetime([]string{"customer"}, false); got != (Lifetime{time.Hour, 14 * 24 * time.Hour}) {
		t.Errorf("customers: %v", got)
	}
	if got := u.lifetime([]string{"customer", "vendor"}, false); got != (Lifetime{12 * time.Hour, time.Minute}) {
		t.Errorf("vendors: %v", got)
	}
}

func TestLogout(t *testing.T) {
	u, _ := open(t, pgtest.Tx(t))
	ann := register(t, u, "ann")
	actor, err := u.Authenticate(t.Context(), ann.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		change(t, u, func(tx pgx.Tx) error { return u.Logout(auth.With(t.Context(), actor), tx) })
	}
	wantFamily(t, u, ann.AccessToken, false)
}

func TestAUserAgentIsOneShortLine(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]int{"Browser/1": 9, "a\nb": 0, "\xff": 0, string(make([]rune, 400)): 0} {
		if got := len(Client{UserAgent: agent}.userAgent()); got != want {
			t.Errorf("%q is kept as %d bytes, want %d", agent, got, want)
		}
	}
}

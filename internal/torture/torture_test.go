package torture_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"souk/internal/torture"
)

// souk builds the real binary, once for all tests.
var souk = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "souk-torture-test-")
	if err != nil {
		return "", err
	}
	exe := filepath.Join(dir, "souk")
	out, err := exec.Command("go", "build", "-o", exe, "souk/cmd/souk").CombinedOutput()
	if err != nil {
		_, _ = os.Stderr.Write(out)
	}
	return exe, err
})

func TestMain(m *testing.M) {
	code := m.Run()
	if exe, err := souk(); err == nil {
		_ = os.RemoveAll(filepath.Dir(exe))
	}
	os.Exit(code)
}

func plan(t *testing.T) torture.Plan {
	t.Helper()
	exe, err := souk()
	if err != nil {
		t.Fatalf("build souk: %v", err)
	}
	return torture.Plan{Exe: exe, Seed: 42}
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 12*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func held(t *testing.T, r *torture.Report, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	r.Print(&said)
	t.Log(said.String())
	if !r.OK || r.Checks == 0 {
		t.Errorf("the shop broke:\n%s", strings.Join(r.Violations, "\n"))
	}
}

// R1: 50 buyers, 1 unit, released together: 1 order, 49 refusals, nothing left
// behind.
func TestRaceForTheLastUnit(t *testing.T) {
	t.Parallel()
	p := plan(t)
	p.Buyers, p.Units, p.Rounds = 50, 1, 3
	r, err := torture.Storm(within(t), p)
	held(t, r, err)
	if r.Orders != 3 || r.Refusals < 3*49 {
		t.Errorf("%d orders and %d refusals, want 3 and a refusal for everybody else", r.Orders, r.Refusals)
	}
}

// A gift card of 3 orders and a half, 20 buyers at once, the server killed under
// them: 3 orders, and the half is left.
func TestAGiftCardIsDrainedUnderKills(t *testing.T) {
	t.Parallel()
	p := plan(t)
	p.Seed, p.Kill = 5, true
	p.Buyers, p.Units, p.Rounds = 20, 3, 3
	r, err := torture.DrainGiftCard(within(t), p)
	held(t, r, err)
	if r.Orders != 3*3 || r.Kills == 0 {
		t.Errorf("%d orders in %d kills, want 9 in some", r.Orders, r.Kills)
	}
}

// Of so many units as many are sold and paid, whatever becomes of the provider's
// answers and notices, and of the shop; all other money has gone back, and the
// provider's books are the shop's.
func TestPaidByAProviderUnderKills(t *testing.T) {
	t.Parallel()
	for _, provider := range []string{"stripe", "razorpay", "paypal"} {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			p := plan(t)
			p.Provider, p.Kill = provider, true
			p.Buyers, p.Units, p.Rounds = 10, 3, 1
			r, err := torture.PayTogether(within(t), p)
			held(t, r, err)
			if r.Orders < 3 || r.Kills != 4 {
				t.Errorf("%d orders in %d kills, want 3 or more in 4", r.Orders, r.Kills)
			}
		})
	}
}

func TestNothingAcknowledgedIsLostByKills(t *testing.T) {
	t.Parallel()
	p := plan(t)
	p.Seed, p.Kill = 5, true // a schedule of four kills, two of them with PostgreSQL
	p.Buyers, p.Units, p.Rounds = 20, 8, 6
	r, err := torture.Storm(within(t), p)
	held(t, r, err)
	if r.Orders != 6*8 || r.Kills != 4 || r.DatabaseKills != 2 {
		t.Errorf("%d orders in %d kills, %d of them of PostgreSQL; want 48 in 4 and 2", r.Orders, r.Kills, r.DatabaseKills)
	}
}

// Of a code that may be used 20 times, 200 orders at once get 20, however they
// write it; everybody else is told, and may order for the whole price.
func TestHotCoupon(t *testing.T) {
	t.Parallel()
	p := plan(t)
	p.Buyers, p.Units, p.Rounds = 200, 20, 1
	r, err := torture.HotCoupon(within(t), p)
	held(t, r, err)
	if r.Orders != 20 || r.Refusals != 180 {
		t.Errorf("%d orders and %d refusals, want 20 and 180", r.Orders, r.Refusals)
	}
}

// A declared point that no scenario passes is a violation, too.
func TestEveryCrashPointRecovers(t *testing.T) {
	t.Parallel()
	r, err := torture.CrashPoints(within(t), plan(t))
	held(t, r, err)
	if len(r.Crashes) < 20 {
		t.Errorf("only %d crashes were tried", len(r.Crashes))
	}
}

func TestOnlyThisMachineIsTortured(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"https://shop.example", "http://192.0.2.1:8080", "http://localhost.example"} {
		if _, err := torture.Storm(t.Context(), torture.Plan{URL: url, Buyers: 1, Units: 1, Rounds: 1}); err == nil {
			t.Errorf("%s would be tortured", url)
		}
	}
}

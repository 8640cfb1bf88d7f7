package events_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

func TestRelayHandsEachEventToItsSubscribers(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	var poured, labelled atomic.Int64
	relay := &events.Relay{DB: pool}
	events.On(relay, "pour the tea", func(ctx context.Context, e brewed) error {
		if e.Tea != "sencha" || events.Current(ctx).Name != "kitchen.brewed" {
			t.Errorf("got %v from %+v", e, events.Current(ctx))
		}
		poured.Add(1)
		// What a subscriber raises is waited for as well.
		return postgres.InTx(ctx, pool, func(tx pgx.Tx) error { return events.Raise(ctx, tx, moved{id.New[id.Shipment](), 1}) })
	})
	events.On(relay, "label the parcel", func(context.Context, moved) error { labelled.Add(1); return nil })
	raise(t, pool, brewed{"sencha"}) // before the relay runs
	start(t, relay.Run)
	if err := relay.Idle(soon(t)); err != nil {
		t.Fatal(err)
	}
	if poured.Load() != 1 || labelled.Load() != 1 {
		t.Errorf("poured %d times and labelled %d times, want once each", poured.Load(), labelled.Load())
	}
	if lag, err := events.Lag(t.Context(), pool); err != nil || lag != 0 {
		t.Errorf("lag %s, %v", lag, err)
	}
}

func TestRelayRefusesToSubscribeTwice(t *testing.T) {
	t.Parallel()
	subscribe := func(r *events.Relay, name string) {
		events.On(r, name, func(context.Context, brewed) error { return nil })
	}
	for _, second := range []string{"pour", "Pour!"} { // the same, and one that would be the same job
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q beside %q was let through", second, "pour")
				}
			}()
			relay := &events.Relay{}
			subscribe(relay, "pour")
			subscribe(relay, second)
		}()
	}
}

// The subscribers of one event are jobs of their own: the one that fails comes
// again, the others do not. (Elsewhere one failing e-mail sent the others twice.)
func TestR21FailingSubscriberRetriesAlone(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	var mailed, rung atomic.Int64
	tries := make(chan int64, 10)
	relay := &events.Relay{DB: pool}
	events.On(relay, "mail", func(context.Context, brewed) error { mailed.Add(1); return nil })
	events.On(relay, "ring", func(context.Context, brewed) error { rung.Add(1); return nil })
	var n atomic.Int64
	events.On(relay, "fail", func(context.Context, brewed) error {
		try := n.Add(1)
		tries <- try
		if try == 1 {
			return errors.New("the provider is down")
		}
		return nil
	})
	start(t, relay.Run)
	raise(t, pool, brewed{"earl grey"})
	if try := receive(t, tries); try != 1 {
		t.Fatalf("try %d, want 1", try)
	}
	if try := receive(t, tries); try != 2 {
		t.Fatalf("try %d, want 2", try)
	}
	if err := relay.Idle(soon(t)); err != nil {
		t.Fatal(err)
	}
	if mailed.Load() != 1 || rung.Load() != 1 {
		t.Errorf("mailed %d times and rang %d times, want once each", mailed.Load(), rung.Load())
	}
	want := map[string]int64{"mail": 1, "ring": 1, "fail": 2}
	if diff := cmp.Diff(want, attempts(t, pool)); diff != "" {
		t.Error(diff)
	}
}

func attempts(t testing.TB, pool *pgxpool.Pool) map[string]int64 {
	t.Helper()
	type row struct {
		Kind    string
		Attempt int64
	}
	rows, err := postgres.All[row](t.Context(), pool, `SELECT kind, sum(attempt) AS attempt FROM river_job GROUP BY kind`, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int64{}
	for _, r := range rows {
		got[r.Kind] = r.Attempt
	}
	return got
}

// A process is killed after the event is committed and before, while or after
// the relay hands it out. The next process hands it out, once.
func TestR22KilledBetweenCommitAndPublish(t *testing.T) {
	t.Parallel()
	for _, point := range []string{"events.test.before_relay", "events.consumer.before_commit", "events.consumer.after_commit"} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			pool := pgtest.DB(t)
			child(t, pool, "raise and relay", "SOUK_CRASH_AT="+point)
			// A job that the dead process had begun is taken back after some
			// seconds; here they have passed already.
			age(t, pool)

			var poured atomic.Int64
			relay := &events.Relay{DB: pool}
			events.On(relay, "pour", func(context.Context, brewed) error { poured.Add(1); return nil })
			start(t, relay.Run)
			if err := relay.Idle(soon(t)); err != nil {
				t.Fatal(err)
			}
			if n := poured.Load(); n != 1 {
				t.Errorf("handled %d times, want once", n)
			}
			if n := attempts(t, pool)["pour"]; n < 1 || n > 2 {
				t.Errorf("%d attempts", n)
			}
		})
	}
}

// River by itself would leave the job of a killed process until its longest
// time is over.
func TestJobOfADeadProcessIsTakenBack(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	child(t, pool, "die at work")
	if n := count(t, pool, `SELECT count(*) FROM river_job WHERE state = 'running'`); n != 1 {
		t.Fatalf("%d running jobs left behind, want 1", n)
	}
	age(t, pool)
	poured := make(chan string, 1)
	relay := &events.Relay{DB: pool}
	events.On(relay, "pour", func(_ context.Context, e brewed) error { poured <- e.Tea; return nil })
	start(t, relay.Run)
	if tea := receive(t, poured); tea != "assam" {
		t.Errorf("poured %s", tea)
	}
}

// A job that is being worked by a process that lives stays where it is.
func TestJobOfALivingProcessIsLeftAlone(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	begun, end := make(chan struct{}, 2), make(chan struct{})
	work := func(context.Context, brewed) error { begun <- struct{}{}; <-end; return nil }
	first, second := &events.Relay{DB: pool}, &events.Relay{DB: pool}
	events.On(first, "pour", work)
	events.On(second, "pour", work)
	start(t, first.Run)
	raise(t, pool, brewed{"mate"})
	receive(t, begun)
	age(t, pool)
	looked := make(chan struct{}, 1)
	events.Sweep(second, "look", 1e9, func(context.Context) error { looked <- struct{}{}; return nil })
	start(t, second.Run) // looks for orphans at once
	raise(t, pool, brewed{"rooibos"})
	receive(t, begun)
	if n := count(t, pool, `SELECT count(*) FROM river_job WHERE kind = 'pour' AND state = 'running' AND attempt = 1`); n != 2 {
		t.Errorf("%d jobs run for the first time, want 2", n)
	}
	close(end)
	if err := second.Idle(soon(t)); err != nil {
		t.Fatal(err)
	}
}

func TestSweepRunsOnStart(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	swept := make(chan struct{}, 10)
	for range 2 { // nodes
		relay := &events.Relay{DB: pool}
		events.Sweep(relay, "expire holds", 1e9*3600, func(context.Context) error { swept <- struct{}{}; return nil })
		start(t, relay.Run)
	}
	receive(t, swept)
	if n := count(t, pool, `SELECT count(*) FROM river_job WHERE kind = 'sweep_expire_holds'`); n != 1 {
		t.Errorf("%d rounds, want 1", n)
	}
}

// A stopped relay lets running jobs finish, and a stopped process leaves its
// events to the next.
func TestRelayDrains(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	begun, end := make(chan struct{}), make(chan struct{})
	var finished atomic.Bool
	relay := &events.Relay{DB: pool}
	events.On(relay, "pour", func(ctx context.Context, _ brewed) error {
		close(begun)
		<-end
		finished.Store(ctx.Err() == nil)
		return nil
	})
	stop := start(t, relay.Run)
	raise(t, pool, brewed{"mint"})
	await(t, begun)
	stopped := make(chan struct{})
	go func() { stop(); close(stopped) }()
	close(end)
	await(t, stopped)
	if !finished.Load() {
		t.Error("the job was cut off")
	}
	if n := count(t, pool, `SELECT count(*) FROM river_job WHERE state = 'completed'`); n != 1 {
		t.Errorf("%d completed jobs, want 1", n)
	}
}

// The bell wakes a follower that would look only once a second.
func TestRelayRingsTheBell(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	bell := &events.Bell{DB: pool}
	start(t, bell.Run)
	relay := &events.Relay{DB: pool}
	start(t, relay.Run)
	var seen teas
	now, err := events.Now(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	f := &events.Follower{Name: "test", DB: pool, Bell: bell, From: now, Handle: seen.handle}
	start(t, f.Run)
	raise(t, pool, brewed{"ding"})
	if err := f.Idle(soon(t)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"ding"}, seen.all()); diff != "" {
		t.Error(diff)
	}
}

func TestJobTableIsVacuumedByTheCountOfTheDead(t *testing.T) {
	t.Parallel()
	options, err := postgres.Scalar[[]string](t.Context(), pgtest.DB(t), `SELECT reloptions FROM pg_class WHERE relname = 'river_job'`, nil)
	if err != nil || !slices.Contains(options, "autovacuum_vacuum_scale_factor=0") {
		t.Errorf("%v, %v", options, err)
	}
}

// age makes running jobs look old.
func age(t testing.TB, pool *pgxpool.Pool) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), `UPDATE river_job SET attempted_at = attempted_at - interval '20 seconds' WHERE state = 'running'`); err != nil {
		t.Fatal(err)
	}
}

func count(t testing.TB, pool *pgxpool.Pool, sql string) int64 {
	t.Helper()
	n, err := postgres.Scalar[int64](t.Context(), pool, sql, nil)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func await(t testing.TB, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-soon(t).Done():
		t.Fatal("nothing came")
	}
}

// child runs a part of this test binary in a process of its own, which must
// die by SIGKILL.
func child(t testing.TB, pool *pgxpool.Pool, part string, env ...string) {
	t.Helper()
	cmd := exec.CommandContext(soon(t), os.Args[0])
	cmd.Env = append(append(os.Environ(), "EVENTS_TEST_PART="+part, "EVENTS_TEST_URL="+pool.Config().ConnString()), env...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("child ended with %v, want SIGKILL\n%s", err, strings.TrimSpace(string(out)))
	}
}

package events_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"souk/internal/platform/events"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// teas collects what a follower has seen.
type teas struct {
	mu   sync.Mutex
	seen []string
}

func (s *teas) handle(_ context.Context, batch []events.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range batch {
		var e brewed
		if err := json.Unmarshal(r.Data, &e); err != nil {
			return err
		}
		s.seen = append(s.seen, e.Tea)
	}
	return nil
}

func (s *teas) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.seen...)
}

func TestFollowerStartsWhereTheLogStands(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	raise(t, pool, brewed{"past"})
	now, err := events.Now(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	raise(t, pool, brewed{"between"}) // between the look at the tables and Run

	var seen teas
	f := &events.Follower{Name: "test", DB: pool, From: now, Handle: seen.handle}
	start(t, f.Run)
	raise(t, pool, brewed{"one"}, brewed{"two"})
	if err := f.Idle(soon(t)); err != nil {
		t.Fatal(err)
	}
	// "past" may come too: while any transaction is open that is older, a
	// follower cannot know that it needs no more of that time.
	got := slices.DeleteFunc(seen.all(), func(tea string) bool { return tea == "past" })
	if diff := cmp.Diff([]string{"between", "one", "two"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestFollowerReadsMoreThanABatch(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	now, err := events.Now(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	var list []events.Event
	var want []string
	for i := range 1203 {
		want = append(want, fmt.Sprint(i))
		list = append(list, brewed{fmt.Sprint(i)})
	}
	raise(t, pool, list...)
	var seen teas
	f := &events.Follower{Name: "test", DB: pool, From: now, Handle: seen.handle}
	start(t, f.Run)
	if err := f.Idle(soon(t)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, seen.all()); diff != "" {
		t.Error(diff)
	}
}

// A sequence number is drawn before its transaction commits. Whoever follows
// the sequence alone would walk past the slow transaction for ever.
func TestLateCommitIsNotSkipped(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	now, err := events.Now(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	slow, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = slow.Rollback(context.Background()) }()
	if err := events.Raise(t.Context(), slow, brewed{"slow"}); err != nil {
		t.Fatal(err)
	}
	raise(t, pool, brewed{"quick"}) // begun later, committed first

	var seen teas
	looked := make(chan struct{}, 100)
	f := &events.Follower{Name: "test", DB: counting{pool, looked}, From: now, Handle: seen.handle}
	start(t, f.Run)
	for range 3 { // it has looked, and waits for the slow one
		receive(t, looked)
	}
	if got := seen.all(); len(got) != 0 {
		t.Fatalf("saw %v while an earlier transaction was open", got)
	}
	if err := slow.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := f.Idle(soon(t)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"slow", "quick"}, seen.all()); diff != "" {
		t.Error(diff)
	}
}

// counting tells of each query.
type counting struct {
	*pgxpool.Pool
	queries chan struct{}
}

func (c counting) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	select {
	case c.queries <- struct{}{}:
	default:
	}
	return c.Pool.Query(ctx, sql, args...)
}

func TestFollowerTakesABatchAgain(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	now, err := events.Now(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	var seen teas
	tries := 0
	f := &events.Follower{Name: "test", DB: pool, From: now, Handle: func(ctx context.Context, batch []events.Record) error {
		if tries++; tries == 1 {
			return errors.New("not yet")
		}
		return seen.handle(ctx, batch)
	}}
	start(t, f.Run)
	raise(t, pool, brewed{"stubborn"})
	if err := f.Idle(soon(t)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"stubborn"}, seen.all()); diff != "" {
		t.Error(diff)
	}
}

// Four consumers of one name, as on four nodes, while eight writers write: each
// event once.
func TestConsumersOfOneNameTakeTurns(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	const writers, each = 8, 40
	counts := map[string]int{}
	var mu sync.Mutex
	all := make(chan struct{})
	for range 4 {
		c := &events.Consumer{Name: "test", DB: pool, Handle: func(_ context.Context, _ pgx.Tx, batch []events.Record) error {
			mu.Lock()
			defer mu.Unlock()
			for _, r := range batch {
				counts[r.ID.String()]++
			}
			if len(counts) == writers*each {
				select {
				case <-all:
				default:
					close(all)
				}
			}
			return nil
		}}
		start(t, c.Run)
	}
	var group sync.WaitGroup
	for range writers {
		group.Go(func() {
			for range each {
				err := postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
					return events.Raise(t.Context(), tx, brewed{"assam"})
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	select {
	case <-all:
	case <-soon(t).Done():
		mu.Lock()
		defer mu.Unlock()
		t.Fatalf("%d events came, want %d", len(counts), writers*each)
	}
	mu.Lock()
	defer mu.Unlock()
	for event, n := range counts {
		if n != 1 {
			t.Errorf("event %s came %d times", event, n)
		}
	}
}

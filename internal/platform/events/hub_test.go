package events_test

import (
	"context"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

func TestHubReplaysThenStreams(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	parcel, other := id.New[id.Shipment](), id.New[id.Shipment]()
	raise(t, pool, moved{parcel, 1}, moved{parcel, 2}, moved{other, 1})

	hub := &events.Hub{DB: pool}
	early, cancelEarly, err := hub.Subscribe(t.Context(), parcel, 2) // before the Hub runs
	if err != nil {
		t.Fatal(err)
	}
	defer cancelEarly()
	raise(t, pool, moved{parcel, 3})
	start(t, hub.Run)
	late, cancelLate, err := hub.Subscribe(t.Context(), parcel, 0)
	if err != nil {
		t.Fatal(err)
	}
	raise(t, pool, moved{parcel, 4}, moved{other, 2})
	for want := int64(3); want <= 4; want++ {
		if got := receive(t, early); got.Version != want || got.Subject != [16]byte(parcel) {
			t.Fatalf("early stream: %s %d, want version %d", got.Subject, got.Version, want)
		}
	}
	for want := int64(1); want <= 4; want++ {
		if got := receive(t, late); got.Version != want {
			t.Fatalf("late stream: version %d, want %d", got.Version, want)
		}
	}
	cancelLate()
	cancelLate() // harmless
	if _, open := <-late; open {
		t.Error("a cancelled stream goes on")
	}
	if n := hub.Watchers(); n != 1 {
		t.Errorf("%d watchers, want 1", n)
	}
}

// The later step's transaction may have begun to write first, so that it comes
// first in the log. Its stream is in order all the same.
func TestHubGoesByVersionNotByLog(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	hub := &events.Hub{DB: pool}
	start(t, hub.Run)
	parcel := id.New[id.Shipment]()
	steps, cancel, err := hub.Subscribe(t.Context(), parcel, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer cancel()

	first, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = first.Rollback(context.Background()) }()
	if err := events.Raise(t.Context(), first, brewed{"draws the lower number"}); err != nil {
		t.Fatal(err)
	}
	raise(t, pool, moved{parcel, 1})
	if err := events.Raise(t.Context(), first, moved{parcel, 2}); err != nil {
		t.Fatal(err)
	}
	if err := first.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	for want := int64(1); want <= 2; want++ {
		if got := receive(t, steps); got.Version != want {
			t.Fatalf("version %d, want %d", got.Version, want)
		}
	}
}

// Writers write and watchers come, leave and come back after the last version
// they saw; nobody misses a step or sees one twice.
func TestHubHasNoGapAndNoDouble(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	hub := &events.Hub{DB: pool}
	start(t, hub.Run)
	const steps, parcels, watchers = 60, 3, 4
	ctx := soon(t)
	var group sync.WaitGroup
	for range parcels {
		parcel := id.New[id.Shipment]()
		group.Go(func() {
			for n := int64(1); n <= steps; n++ {
				err := postgres.InTx(ctx, pool, func(tx pgx.Tx) error { return events.Raise(ctx, tx, moved{parcel, n}) })
				if err != nil {
					t.Error(err)
				}
			}
		})
		for w := range watchers {
			group.Go(func() { watch(ctx, t, hub, parcel, steps, w+1) })
		}
	}
	group.Wait()
	if n := hub.Watchers(); n != 0 {
		t.Errorf("%d watchers left behind", n)
	}
}

// watch reads up to the last version and reconnects after every few.
func watch(ctx context.Context, t *testing.T, hub *events.Hub, parcel id.Shipment, until int64, few int) {
	for last := int64(0); last < until; {
		stream, cancel, err := hub.Subscribe(ctx, parcel, last)
		if err != nil {
			t.Error(err)
			return
		}
		for range few {
			select {
			case r, open := <-stream:
				if open && r.Version != last+1 {
					t.Errorf("version %d after %d", r.Version, last)
				}
				if open {
					last = r.Version
				}
			case <-ctx.Done():
				t.Errorf("stopped at version %d of %d", last, until)
				cancel()
				return
			}
			if last == until {
				break
			}
		}
		cancel()
	}
}

func TestHubSendsASlowReaderAway(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	hub := &events.Hub{DB: pool}
	start(t, hub.Run)
	parcel := id.New[id.Shipment]()
	steps, cancel, err := hub.Subscribe(t.Context(), parcel, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer cancel()
	const many = 100
	var list []events.Event
	for n := int64(1); n <= many; n++ {
		list = append(list, moved{parcel, n})
	}
	raise(t, pool, list...)
	var last int64
	for cancelled := soon(t); ; {
		select {
		case r, open := <-steps:
			if open {
				if last = r.Version; last == many {
					t.Fatal("a buffer without a bound")
				}
				if last == 1 { // now be slow: read on only when the stream is closed
					for hub.Watchers() > 0 && cancelled.Err() == nil {
					}
				}
				continue
			}
		case <-cancelled.Done():
			t.Fatal("the stream stayed open")
		}
		break
	}
	again, cancelAgain, err := hub.Subscribe(t.Context(), parcel, last)
	if err != nil {
		t.Fatal(err)
	}
	defer cancelAgain()
	if r := receive(t, again); r.Version != last+1 {
		t.Errorf("came back after %d and got %d", last, r.Version)
	}
}

func TestHubClosesStreamsWhenItStops(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	hub := &events.Hub{DB: pool}
	stop := start(t, hub.Run)
	steps, cancel, err := hub.Subscribe(t.Context(), id.New[id.Shipment](), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer cancel()
	stop()
	if _, open := <-steps; open {
		t.Error("the stream is open")
	}
	after, cancelAfter, err := hub.Subscribe(t.Context(), id.New[id.Shipment](), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer cancelAfter()
	if _, open := <-after; open {
		t.Error("a stopped Hub opens a stream")
	}
}

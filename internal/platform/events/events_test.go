package events_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// brewed is an event without a timeline.
type brewed struct {
	Tea string `json:"tea"`
}

func (brewed) EventName() string { return "kitchen.brewed" }

// moved is a step of a parcel's timeline.
type moved struct {
	Parcel id.Shipment `json:"parcel"`
	Number int64       `json:"number"`
}

func (moved) EventName() string             { return "parcels.moved" }
func (m moved) Timeline() ([16]byte, int64) { return m.Parcel, m.Number }
func (m moved) json() (b json.RawMessage)   { b, _ = json.Marshal(m); return b }
func raise(t testing.TB, db postgres.DB, list ...events.Event) {
	t.Helper()
	err := postgres.InTx(t.Context(), db, func(tx pgx.Tx) error {
		for _, e := range list {
			if err := events.Raise(t.Context(), tx, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// soon bounds a wait that would otherwise hang a broken build; it decides nothing.
func soon(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// start runs fn until the test ends and reports what it returns.
func start(t testing.TB, fn func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- fn(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("stopped with %v", err)
		}
	}
	t.Cleanup(stop)
	return stop
}

func receive[T any](t testing.TB, c <-chan T) T {
	t.Helper()
	select {
	case v, ok := <-c:
		if !ok {
			t.Fatal("closed")
		}
		return v
	case <-soon(t).Done():
		t.Fatal("nothing came")
	}
	panic("unreachable")
}

func TestRaise(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	parcel := id.New[id.Shipment]()
	ctx := auth.With(t.Context(), auth.Actor{System: "kettle"})
	if err := events.Raise(ctx, tx, moved{parcel, 1}); err != nil {
		t.Fatal(err)
	}
	b := postgres.NewBatch()
	events.Queue(t.Context(), b, moved{parcel, 2})
	events.Queue(t.Context(), b, brewed{"oolong"})
	if err := b.Send(ctx, tx); err != nil {
		t.Fatal(err)
	}

	steps, err := events.Timeline(ctx, tx, parcel, 0)
	if err != nil {
		t.Fatal(err)
	}
	type step struct {
		Name, Actor string
		Subject     uuid.UUID
		Version     int64
	}
	var got []step
	for _, s := range steps {
		got = append(got, step{s.Name, s.Actor, s.Subject, s.Version})
		if s.ID.IsZero() || s.Xid == 0 || s.Seq == 0 || s.At.IsZero() {
			t.Errorf("incomplete record %+v", s)
		}
		var m moved
		if err := json.Unmarshal(s.Data, &m); err != nil || m != (moved{parcel, s.Version}) {
			t.Errorf("data %s, want %s", s.Data, moved{parcel, s.Version}.json())
		}
	}
	want := []step{
		{"parcels.moved", "system:kettle", uuid.UUID(parcel), 1},
		{"parcels.moved", "guest", uuid.UUID(parcel), 2},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	later, err := events.Timeline(ctx, tx, parcel, 1)
	if err != nil || len(later) != 1 || later[0].Version != 2 {
		t.Errorf("after version 1: %v, %v", later, err)
	}
}

func TestRaiseRefusesAStepTwice(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	parcel := id.New[id.Shipment]()
	if err := events.Raise(t.Context(), tx, moved{parcel, 1}); err != nil {
		t.Fatal(err)
	}
	if err := events.Raise(t.Context(), tx, moved{parcel, 1}); err == nil {
		t.Fatal("one version was written twice")
	}
}

func TestRaiseRefusesWhatCannotBeReadBack(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	if err := events.Raise(t.Context(), tx, moved{Number: 1}); !errors.Is(err, id.ErrMalformed) {
		t.Errorf("raised an event without its id: %v", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("queued an event without its id")
		}
	}()
	events.Queue(t.Context(), postgres.NewBatch(), moved{Number: 1})
}

func TestLogIsAppendOnly(t *testing.T) {
	t.Parallel()
	for _, change := range []string{`UPDATE events SET name = 'x'`, `DELETE FROM events`} {
		tx := pgtest.Tx(t)
		if err := events.Raise(t.Context(), tx, brewed{"mint"}); err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(t.Context(), change); err == nil {
			t.Errorf("%s was let through", change)
		}
	}
}

func TestFlush(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	relay := &events.Relay{}
	var got []string
	events.On(relay, "pour", func(ctx context.Context, e brewed) error {
		got = append(got, e.Tea)
		if events.Current(ctx).Name != "kitchen.brewed" || auth.From(ctx).Name() != "system:pour" {
			t.Errorf("handled %+v as %s", events.Current(ctx), auth.From(ctx).Name())
		}
		if e.Tea == "green" { // an event that a subscriber raises is handed out too
			return events.Raise(ctx, tx, brewed{"green again"})
		}
		return nil
	})
	raise(t, tx, brewed{"green"}, moved{id.New[id.Shipment](), 1}, brewed{"black"})
	if err := relay.Flush(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
	if err := relay.Flush(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"green", "black", "green again"}, got); diff != "" {
		t.Error(diff)
	}
	spilt := errors.New("spilt")
	events.On(relay, "spill", func(context.Context, brewed) error { return spilt })
	raise(t, tx, brewed{"white"})
	if err := relay.Flush(t.Context(), tx); !errors.Is(err, spilt) {
		t.Errorf("flush said %v, want %v", err, spilt)
	}
}

// A subscriber that is added to a shop with a past does not live through it.
func TestFreshIsForNews(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	relay := &events.Relay{}
	var news, all []string
	events.On(relay, "pour", func(_ context.Context, e brewed) error { news = append(news, e.Tea); return nil }, events.Fresh(time.Hour))
	events.On(relay, "count", func(_ context.Context, e brewed) error { all = append(all, e.Tea); return nil })
	if _, err := tx.Exec(t.Context(), `
		INSERT INTO events (id, name, data, actor, at) VALUES (gen_random_uuid(), 'kitchen.brewed', '{"tea": "cold"}', 'guest', now() - interval '61 minutes')`); err != nil {
		t.Fatal(err)
	}
	raise(t, tx, brewed{"hot"})
	if err := relay.Flush(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"hot"}, news); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"cold", "hot"}, all); diff != "" {
		t.Error(diff)
	}
}

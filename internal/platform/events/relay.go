package events

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"souk/internal/clock"
	"souk/internal/platform/postgres"
)

// Relay hands each event of the log to those who subscribed to its name, and
// runs the sweeps. Of all the relays that run, one at a time reads the log; all
// of them work the jobs.
//
//	relay := &events.Relay{DB: pool}
//	events.On(relay, "email the buyer", notifications.OrderPlaced)
//	events.Sweep(relay, "expire holds", time.Minute, checkout.Expire)
//	err := relay.Run(ctx)
//
// A process that is not to work jobs (serve --worker=false) does not call Run.
type Relay struct {
	DB      *pgxpool.Pool
	Log     *slog.Logger  // slog.Default() when nil
	Workers int           // jobs at once on this node; 4 when 0
	Drain   time.Duration // for running jobs to finish once stopped; 20 s when 0

	mu          sync.Mutex
	subscribers []*subscriber
	sweeps      []*sweep
	flushed     Cursor                // of Flush
	client      *river.Client[pgx.Tx] // nil unless running
}

// A subscriber is one River job for each event that it is for.
type subscriber struct {
	name   string
	kind   string // of the job: name, as River likes it
	within time.Duration
	fresh  time.Duration                                  // of events; 0 takes all
	on     map[string]func(context.Context, Record) error // by the event's name
}

// Option changes how a subscriber's jobs are worked.
type Option func(*subscriber)

// Within gives a subscriber longer than the usual half a minute for an event.
// Its jobs wait in a queue of their own, so that mail does not wait for imports.
func Within(d time.Duration) Option { return func(s *subscriber) { s.within = d } }

// Fresh keeps a subscriber from events that are older than d when the relay
// comes to them: where it was added to a shop with a past, or where nobody
// worked for days, what it would do then is worse than not to do it. An event
// that has been handed out stays handed out, however long its job takes.
func Fresh(d time.Duration) Option { return func(s *subscriber) { s.fresh = d } }

// On subscribes fn to the events of type E under a name for people, such as
// "email the buyer". One name may subscribe to several types. An event that fn
// refuses comes again later, for this subscriber alone; fn may also see one
// twice, when its process dies, so it must not mind.
//
// Subscribe before Run.
func On[E Event](r *Relay, name string, fn func(ctx context.Context, e E) error, options ...Option) {
	var zero E
	r.subscribe(name, zero.EventName(), func(ctx context.Context, record Record) error {
		var e E
		if err := json.Unmarshal(record.Data, &e); err != nil {
			return fmt.Errorf("read event %s %s: %w", record.Name, record.ID, err)
		}
		return fn(ctx, e)
	}, options)
}

func (r *Relay) subscribe(name, event string, fn func(context.Context, Record) error, options []Option) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mustNotRun(name)
	s := r.subscriber(name)
	if _, taken := s.on[event]; taken {
		panic("subscribed twice to " + event + ": " + name)
	}
	s.on[event] = fn
	for _, option := range options {
		option(s)
	}
}

func (r *Relay) subscriber(name string) *subscriber {
	for _, s := range r.subscribers {
		if s.name == name {
			return s
		}
		if s.kind == kindOf(name) {
			panic("subscribers with nearly one name: " + s.name + ", " + name)
		}
	}
	s := &subscriber{name: name, kind: kindOf(name), on: map[string]func(context.Context, Record) error{}}
	r.subscribers = append(r.subscribers, s)
	return s
}

// wants reports whether s is for an event that the relay has come to.
func (s *subscriber) wants(r Record) bool {
	return s.on[r.Name] != nil && (s.fresh == 0 || clock.System{}.Now().Sub(r.At) <= s.fresh)
}

func (r *Relay) mustNotRun(name string) {
	if r.client != nil {
		panic("the relay runs already: " + name)
	}
}

// Run relays and works until ctx ends; then running jobs may finish, within
// Drain. A job that does not make it goes back and is worked elsewhere.
func (r *Relay) Run(ctx context.Context) error {
	client, err := r.open()
	if err != nil {
		return err
	}
	defer r.close()
	log := &Consumer{Name: "relay", DB: r.DB, Log: r.Log, Handle: r.handOut}
	if len(r.subscribers)+len(r.sweeps) == 0 { // River starts only if it has something to work
		return log.Run(ctx)
	}

	working := context.WithoutCancel(ctx) // Stop decides when jobs end, not ctx
	if err := client.Start(working); err != nil {
		return fmt.Errorf("start jobs: %w", postgres.Explain(err))
	}
	present, leave := context.WithCancel(working)
	var presences sync.WaitGroup
	presences.Go(func() { (&presence{db: r.DB, log: r.Log, worker: client.ID()}).run(present) })
	defer presences.Wait()
	defer leave()

	err = log.Run(ctx)
	stop, cancel := context.WithTimeout(working, r.drain()+lastWords)
	defer cancel()
	if stopErr := client.Stop(stop); stopErr != nil {
		err = errors.Join(err, fmt.Errorf("stop jobs: %w", stopErr))
	}
	return err
}

func (r *Relay) drain() time.Duration { return cmp.Or(r.Drain, 20*time.Second) }

func (r *Relay) open() (*river.Client[pgx.Tx], error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mustNotRun("Run")
	client, err := river.NewClient(riverpgxv5.New(r.DB), r.settings())
	if err != nil {
		return nil, fmt.Errorf("set up jobs: %w", err)
	}
	r.client = client
	return client, nil
}

func (r *Relay) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.client = nil
}

// handOut inserts a job for each event and subscriber and rings the bell once,
// in the transaction that moves the relay's cursor: all of it happens, or none.
func (r *Relay) handOut(ctx context.Context, tx pgx.Tx, batch []Record) error {
	var jobs []river.InsertManyParams
	for _, record := range batch {
		for _, s := range r.subscribers {
			if s.wants(record) {
				jobs = append(jobs, s.job(record))
			}
		}
	}
	if len(jobs) > 0 {
		if _, err := r.client.InsertManyTx(ctx, tx, jobs); err != nil {
			return fmt.Errorf("insert %d jobs: %w", len(jobs), err)
		}
	}
	if _, err := postgres.Exec(ctx, tx, notifyBell, pgx.NamedArgs{"channel": bellChannel}); err != nil {
		return fmt.Errorf("ring the event bell: %w", err)
	}
	return nil
}

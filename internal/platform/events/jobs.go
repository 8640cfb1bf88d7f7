package events

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// The queues: most jobs, those that may take long, and deadlines, so that none
// waits behind another sort.
const (
	queueUsual  = river.QueueDefault
	queueSlow   = "slow"
	queueSweeps = "sweeps"
)

// fetchCooldown is between fetches of as many jobs as there are free workers: at
// River's usual 100 ms, four workers could work no more than 40 jobs a second.
const fetchCooldown = 2 * time.Millisecond

const (
	usualTimeout = 30 * time.Second // for one event and subscriber
	sweepTimeout = time.Minute      // for one round
)

// settings of River. It is told of new jobs by NOTIFY, not by polling: only the
// relay inserts any, one transaction for a whole batch of events, so that the
// lock which NOTIFY takes at commit never meets a shopper's transaction.
// Finished jobs go after minutes; what happened stands in the log.
func (r *Relay) settings() *river.Config {
	config := &river.Config{
		Logger: slog.New(atLeast{logger(r.Log).Handler(), slog.LevelWarn}),
		Queues: map[string]river.QueueConfig{
			queueUsual:  {MaxWorkers: cmp.Or(r.Workers, 4)},
			queueSlow:   {MaxWorkers: 2},
			queueSweeps: {MaxWorkers: 2},
		},
		Workers:                     river.NewWorkers(),
		ErrorHandler:                alarm{logger(r.Log)},
		FetchCooldown:               fetchCooldown,
		JobTimeout:                  usualTimeout,
		RescueStuckJobsAfter:        2 * sweepTimeout, // of live processes that hang; presence sees to the dead
		SoftStopTimeout:             r.drain(),
		CompletedJobRetentionPeriod: 10 * time.Minute,
		CancelledJobRetentionPeriod: 24 * time.Hour,
		DiscardedJobRetentionPeriod: 30 * 24 * time.Hour,
	}
	for _, s := range r.subscribers {
		river.AddWorkerArgs(config.Workers, delivery{kind: s.kind}, &courier{subscriber: s})
	}
	for _, s := range r.sweeps {
		river.AddWorkerArgs(config.Workers, round{kind: s.kind}, &sweeper{sweep: s})
		config.PeriodicJobs = append(config.PeriodicJobs, s.periodic())
	}
	return config
}

// kindOf is a name for people as River wants the kind of a job.
func kindOf(name string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(name), func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9')
	}), "_")
}

// delivery is an event on its way to one subscriber, once.
type delivery struct {
	kind   string
	Event  id.Event `json:"event" river:"unique"`
	Record Record   `json:"record"`
}

func (d delivery) Kind() string { return d.kind }

func (s *subscriber) job(r Record) river.InsertManyParams {
	queue := queueUsual
	if s.within > usualTimeout {
		queue = queueSlow
	}
	return river.InsertManyParams{
		Args:       delivery{kind: s.kind, Event: r.ID, Record: r},
		InsertOpts: &river.InsertOpts{Queue: queue, UniqueOpts: river.UniqueOpts{ByArgs: true}},
	}
}

func (s *subscriber) handle(ctx context.Context, r Record) error {
	fn := s.on[r.Name]
	if fn == nil { // it was, when the job was made by another version of souk
		return river.JobCancel(fmt.Errorf("%q does not subscribe to %s any more", s.name, r.Name))
	}
	ctx = auth.With(ctx, auth.Actor{System: s.kind})
	return fn(context.WithValue(ctx, recordKey{}, r), r)
}

type courier struct {
	river.WorkerDefaults[delivery]
	subscriber *subscriber
}

func (c *courier) Work(ctx context.Context, job *river.Job[delivery]) error {
	return c.subscriber.handle(ctx, job.Args.Record)
}

func (c *courier) Timeout(*river.Job[delivery]) time.Duration { return c.subscriber.within }

// A sweep looks for what is due, every so often, on one node at a time.
type sweep struct {
	kind  string
	every time.Duration
	fn    func(context.Context) error
}

// Sweep runs fn every so often, and at the start: on one node at a time, and
// never twice at once. A deadline is a column with an index, and fn takes the
// due rows in batches, with SKIP LOCKED, within a minute; so nothing that
// happens to a job can lose a deadline.
func Sweep(r *Relay, kind string, every time.Duration, fn func(ctx context.Context) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mustNotRun(kind)
	r.sweeps = append(r.sweeps, &sweep{"sweep_" + kindOf(kind), every, fn})
}

// round is one turn of a sweep.
type round struct{ kind string }

func (r round) Kind() string { return r.kind }

// periodic has no retries: the next round is the retry. A round that still
// runs or waits keeps the next one out; one that has ended does not.
func (s *sweep) periodic() *river.PeriodicJob {
	options := &river.InsertOpts{
		Queue:       queueSweeps,
		MaxAttempts: 1,
		UniqueOpts: river.UniqueOpts{ByState: []rivertype.JobState{
			rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning, rivertype.JobStateScheduled,
		}},
	}
	return river.NewPeriodicJob(river.PeriodicInterval(s.every),
		func() (river.JobArgs, *river.InsertOpts) { return round{s.kind}, options },
		&river.PeriodicJobOpts{ID: s.kind, RunOnStart: true})
}

type sweeper struct {
	river.WorkerDefaults[round]
	sweep *sweep
}

func (s *sweeper) Work(ctx context.Context, _ *river.Job[round]) error {
	return s.sweep.fn(auth.With(ctx, auth.Actor{System: s.sweep.kind}))
}

func (s *sweeper) Timeout(*river.Job[round]) time.Duration { return sweepTimeout }

// alarm tells the log of every job that went wrong, and louder of one that is
// given up.
type alarm struct{ log *slog.Logger }

func (a alarm) HandleError(ctx context.Context, job *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	level, what := slog.LevelWarn, "job went wrong"
	if job.Attempt >= job.MaxAttempts {
		level, what = slog.LevelError, "job given up"
	}
	a.log.Log(ctx, level, what, "kind", job.Kind, "job", job.ID, "attempt", job.Attempt, "error", postgres.Explain(err))
	return nil
}

func (a alarm) HandlePanic(ctx context.Context, job *rivertype.JobRow, value any, trace string) *river.ErrorHandlerResult {
	a.log.ErrorContext(ctx, "job panicked", "kind", job.Kind, "job", job.ID, "attempt", job.Attempt, "panic", value, "trace", trace)
	return nil
}

// atLeast keeps a library's small talk out of the log.
type atLeast struct {
	slog.Handler
	level slog.Level
}

func (h atLeast) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= h.level && h.Handler.Enabled(ctx, level)
}

func (h atLeast) WithAttrs(attrs []slog.Attr) slog.Handler {
	return atLeast{h.Handler.WithAttrs(attrs), h.level}
}

func (h atLeast) WithGroup(name string) slog.Handler {
	return atLeast{h.Handler.WithGroup(name), h.level}
}

package events

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"souk/internal/platform/postgres"
)

// Idle waits until every event committed before the call, and every event that
// its subscribers raised in turn, has been worked. A job that has failed and
// waits for its next try does not count.
func (r *Relay) Idle(ctx context.Context) error {
	worked, cancel := r.worked()
	defer cancel()
	for {
		idle, err := r.idle(ctx)
		if err != nil || idle {
			return err
		}
		// Other nodes work jobs too, and the cursor moves without a job.
		wait(ctx, busyPause/2, worked)
		if ctx.Err() != nil {
			return fmt.Errorf("wait for the relay: %w", ctx.Err())
		}
	}
}

// worked tells of each job that this node has ended; of none before Run.
func (r *Relay) worked() (<-chan *river.Event, func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.client == nil {
		return nil, func() {}
	}
	return r.client.Subscribe(river.EventKindJobCompleted, river.EventKindJobFailed, river.EventKindJobCancelled)
}

func (r *Relay) idle(ctx context.Context) (bool, error) {
	head, err := Head(ctx, r.DB)
	if err != nil {
		return false, err
	}
	place, err := postgres.All[Cursor](ctx, r.DB, selectPlace, pgx.NamedArgs{"follower": "relay"})
	if err != nil {
		return false, err
	}
	if head != (Cursor{}) && (len(place) == 0 || place[0].Before(head)) {
		return false, nil
	}
	kinds := make([]string, 0, len(r.subscribers))
	for _, s := range r.subscribers {
		kinds = append(kinds, s.kind)
	}
	unworked, err := postgres.Scalar[int64](ctx, r.DB, countUnworked, pgx.NamedArgs{"kinds": kinds})
	return unworked == 0, err
}

// Flush hands every event of db that it has not handed out yet to its
// subscribers, here and now and without a job, until there are no more. It is
// for tests that live in one transaction, whose events no other session sees.
func (r *Relay) Flush(ctx context.Context, db postgres.DB) error {
	for {
		batch, err := postgres.All[Record](ctx, db, selectUnflushed, pgx.NamedArgs{
			"xid": fmt.Sprint(r.flushed.Xid), "seq": r.flushed.Seq, "batch": batchSize,
		})
		if err != nil || len(batch) == 0 {
			return err
		}
		for _, record := range batch {
			r.flushed = record.Cursor()
			for _, s := range r.subscribers {
				if !s.wants(record) {
					continue
				}
				if err := s.handle(ctx, record); err != nil {
					return fmt.Errorf("%s: %s: %w", record.Name, s.name, err)
				}
			}
		}
	}
}

// Depth is how many jobs are in one state in one queue.
type Depth struct {
	Queue string `db:"queue"`
	State string `db:"state"`
	Jobs  int64  `db:"jobs"`
}

// Queues is what there is to work, and what has been given up.
func Queues(ctx context.Context, db postgres.DB) ([]Depth, error) {
	depths, err := postgres.All[Depth](ctx, db, selectQueues, nil)
	if err != nil {
		return nil, fmt.Errorf("count jobs: %w", err)
	}
	return depths, nil
}

// Lag is the age of the oldest event that the relay has yet to hand out.
func Lag(ctx context.Context, db postgres.DB) (time.Duration, error) {
	seconds, err := postgres.Scalar[float64](ctx, db, selectLag, pgx.NamedArgs{"follower": "relay"})
	if err != nil {
		return 0, fmt.Errorf("measure event lag: %w", err)
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

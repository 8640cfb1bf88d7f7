package events

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"souk/internal/platform/postgres"
)

const (
	presenceClass = 0x736f756b      // of advisory locks: "souk"
	presenceEvery = 5 * time.Second // between looks for orphans
)

// presence shows that this process lives, by a lock that PostgreSQL drops with
// its session, and takes back the jobs of processes that do not. River by
// itself would wait until a job's longest time is over.
type presence struct {
	db     *pgxpool.Pool
	log    *slog.Logger
	worker string
}

func (p *presence) run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := p.hold(ctx); ctx.Err() == nil {
			logger(p.log).WarnContext(ctx, "worker lost its lock", "worker", p.worker, "error", err)
			wait[struct{}](ctx, time.Second, nil)
		}
	}
}

// hold keeps the lock and looks for orphans until the session or ctx ends.
func (p *presence) hold(ctx context.Context) error {
	pooled, err := p.db.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("connect worker %s: %w", p.worker, err)
	}
	session := pooled.Hijack() // it lives as long as the worker, so it does not count against the pool
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
		defer cancel()
		_ = session.Close(ctx) // which drops the lock
	}()
	if _, err := session.Exec(ctx, lockWorker, pgx.NamedArgs{"class": presenceClass, "worker": p.worker}); err != nil {
		return fmt.Errorf("lock worker %s: %w", p.worker, err)
	}
	for {
		if err := p.rescue(ctx, session); err != nil {
			return err
		}
		wait[struct{}](ctx, presenceEvery, nil)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

func (p *presence) rescue(ctx context.Context, session *pgx.Conn) error {
	rows, err := session.Query(ctx, rescueOrphans, pgx.NamedArgs{"class": presenceClass})
	if err != nil {
		return fmt.Errorf("rescue jobs: %w", postgres.Explain(err))
	}
	kinds, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("rescue jobs: %w", postgres.Explain(err))
	}
	if len(kinds) > 0 {
		logger(p.log).WarnContext(ctx, "took back the jobs of a worker that has died", "kinds", kinds)
	}
	return nil
}

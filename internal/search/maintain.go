package search

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

const (
	saveEvery   = 15 * time.Minute // if something has changed
	reportEvery = 10 * time.Second
	lastWords   = 30 * time.Second // for the last save, when the node stops
)

// maintain merges the index when asked, saves it now and then and at the end,
// and reports how it is, until ctx ends.
func (s *Search) maintain(ctx context.Context) {
	save, report := time.NewTicker(saveEvery), time.NewTicker(reportEvery)
	defer save.Stop()
	defer report.Stop()
	s.node().shelf.index.Prepare()
	s.saveIfMoved(ctx)
	debug.FreeOSMemory() // building leaves more garbage than there is index
	s.report(ctx)
	for {
		select {
		case <-s.node().merge:
			ix := s.node().shelf.index
			ix.MergeBase()
			s.log().InfoContext(ctx, "search has merged its index", "segments", ix.Snapshot().Sizes())
			s.saveIfMoved(ctx)
		case <-save.C:
			s.saveIfMoved(ctx)
		case <-report.C:
			s.report(ctx)
		case <-ctx.Done():
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
			defer cancel()
			s.saveIfMoved(ctx)
			s.signOff(ctx)
			return
		}
	}
}

// saveIfMoved saves what is not saved yet. That it cannot is no harm: the next
// start builds the index.
func (s *Search) saveIfMoved(ctx context.Context) {
	place := s.place()
	if now := s.node().state(); s.Dir == "" || now.size > 0 && now.is.Place == place {
		return
	}
	if err := s.save(ctx, place); err != nil && ctx.Err() == nil {
		s.log().WarnContext(ctx, "search cannot save its index", "file", s.file(), "error", err)
	}
}

// place is up to where the index has followed the log.
func (s *Search) place() events.Cursor {
	f := s.node().follower.Load()
	if place, started := f.Place(); started {
		return place
	}
	return f.From
}

// report tells operators how this node is: see [Search.Nodes].
func (s *Search) report(ctx context.Context) {
	n := s.node()
	host, err := os.Hostname()
	if err == nil {
		snapshot, now, place := n.shelf.index.Snapshot(), n.state(), s.place()
		err = postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
			_, err := postgres.Exec(ctx, tx, upsertNode, pgx.NamedArgs{
				"id": n.id, "host": host, "documents": snapshot.Len(), "segments": len(snapshot.Sizes()), "size": now.size,
				"built": now.is.Built, "saved": nullTime(now.is.Saved), "xid": fmt.Sprint(place.Xid), "seq": place.Seq,
			})
			return err
		})
	}
	if err != nil && ctx.Err() == nil {
		s.log().WarnContext(ctx, "search cannot report its index", "error", err)
	}
}

// signOff takes this node out of the report.
func (s *Search) signOff(ctx context.Context) {
	err := postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		_, err := postgres.Exec(ctx, tx, deleteNode, pgx.NamedArgs{"id": s.node().id})
		return err
	})
	if err != nil {
		s.log().WarnContext(ctx, "search cannot sign off", "error", err)
	}
}

func nullTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

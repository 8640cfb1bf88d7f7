package search

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// ErrNotReady says that the index of this node is still being built.
var ErrNotReady = fmt.Errorf("build the search index: %w", httpapi.ErrNotReady)

// patience is how long a request waits for the index of a node that has just
// started; a small shop's is there in less.
const patience = 5 * time.Second

// node is what a node has to answer with.
type node struct {
	id    uuid.UUID
	slots chan struct{} // of searches at the same time
	built chan struct{} // closed when shelf is there
	shelf *shelf
	words atomic.Pointer[vocabulary]
	noted noted
	past  atomic.Pointer[pastQueries]
	merge chan struct{} // asks for a new base of the index

	follower atomic.Pointer[events.Follower] // nil until there is something to keep

	mu  sync.Mutex
	now state
}

// state is where the index of a node came from, and where it is kept.
type state struct {
	is   stamp // of the file, or of what is not saved yet
	size int64 // of the file; 0: there is none
}

func newNode() *node {
	return &node{
		id: uuid.New(), slots: make(chan struct{}, runtime.GOMAXPROCS(0)), built: make(chan struct{}), merge: make(chan struct{}, 1),
	}
}

// open lets requests in.
func (n *node) open(shelf *shelf, is stamp, size int64) {
	n.shelf = shelf
	n.saved(is, size)
	close(n.built)
}

func (n *node) saved(is stamp, size int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.now = state{is, size}
}

func (n *node) state() state {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.now
}

func (n *node) isBuilt() bool {
	select {
	case <-n.built:
		return true
	default:
		return false
	}
}

func (s *Search) node() *node {
	s.once.Do(func() { s.stored, s.own = newCache(s.CacheBytes), newNode() })
	return s.own
}

func (s *Search) slots() chan struct{} { return s.node().slots }

// shelf waits for the index, but not for long.
func (s *Search) shelf(ctx context.Context) (*shelf, error) {
	if s.ReadAnew {
		v, err := s.vocabulary(ctx)
		if err != nil {
			return nil, err
		}
		return load(ctx, s.DB, v.Languages)
	}
	n := s.node()
	select {
	case <-n.built: // nearly always: without a timer
		return n.shelf, nil
	default:
	}
	select {
	case <-n.built:
		return n.shelf, nil
	case <-time.After(patience):
		return nil, ErrNotReady
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Ready is nil when this node can search.
func (s *Search) Ready() error {
	if s.ReadAnew {
		return nil
	}
	if !s.node().isBuilt() {
		return ErrNotReady
	}
	return nil
}

// Follow makes the index of this node, of the file that it was saved in or of
// the listings, and keeps it, and drops stored answers that are wrong, until ctx
// ends. Every node that answers shoppers runs it, once.
func (s *Search) Follow(ctx context.Context) error {
	from, ok := s.restored(ctx)
	if !ok {
		if from, ok = s.build(ctx); !ok {
			return nil
		}
	}
	follower := &events.Follower{Name: "search index", DB: s.Pool, Bell: s.Bell, Log: s.Log, From: from, Handle: s.learn}
	s.node().follower.Store(follower)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return follower.Run(ctx) })
	g.Go(func() error { s.maintain(ctx); return nil })
	g.Go(func() error { s.keepPast(ctx); return nil })
	return g.Wait()
}

// build makes the index, again and again until it succeeds, and says from which
// place in the log it must be followed; false if ctx ends before. The place is
// taken first: what changes while listings are read is read again.
func (s *Search) build(ctx context.Context) (from events.Cursor, ok bool) {
	for pause := time.Second; ; pause = min(2*pause, 30*time.Second) {
		from, err := s.buildOnce(ctx)
		if err == nil {
			return from, true
		}
		if ctx.Err() != nil {
			return from, false
		}
		s.log().ErrorContext(ctx, "search cannot build its index", "retry_in", pause, "error", err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return from, false
		}
	}
}

func (s *Search) buildOnce(ctx context.Context) (from events.Cursor, err error) {
	if from, err = events.Now(ctx, s.Pool); err != nil {
		return from, err
	}
	now, err := postgres.Scalar[time.Time](ctx, s.Pool, selectTime, nil)
	if err != nil {
		return from, fmt.Errorf("read the time: %w", err)
	}
	v, err := s.vocabulary(ctx)
	if err != nil {
		return from, err
	}
	shelf, err := load(ctx, s.Pool, v.Languages)
	if err != nil {
		return from, err
	}
	s.log().InfoContext(ctx, "search has built its index", "products", shelf.index.Snapshot().Len())
	s.node().open(shelf, stamp{Built: now}, 0)
	return from, nil
}

// learn brings the index up to date with a batch of events, and then drops
// stored answers: one that is made in between is dropped with them.
func (s *Search) learn(ctx context.Context, batch []events.Record) error {
	var products []id.Product
	for _, r := range batch {
		e, ok, err := refreshed(r)
		if err != nil {
			return err
		}
		if ok && e.Listing {
			products = append(products, e.ProductIDs...)
		}
	}
	slices.SortFunc(products, func(a, b id.Product) int { return slices.Compare(a[:], b[:]) })
	shelf := s.node().shelf
	for some := range slices.Chunk(slices.Compact(products), atOnce) {
		if err := shelf.update(ctx, s.Pool, some); err != nil {
			return err
		}
	}
	if shelf.index.WantsMerge() {
		select {
		case s.node().merge <- struct{}{}:
		default: // it has been asked for
		}
	}
	return s.forget(ctx, batch)
}

// refreshed reads one of our events; of others it says false.
func refreshed(r events.Record) (e Refreshed, ok bool, err error) {
	if r.Name != e.EventName() {
		return e, false, nil
	}
	if err := json.Unmarshal(r.Data, &e); err != nil {
		return e, false, fmt.Errorf("read event %s %s: %w", r.Name, r.ID, err)
	}
	return e, true, nil
}

func (s *Search) log() *slog.Logger { return cmp.Or(s.Log, slog.Default()) }

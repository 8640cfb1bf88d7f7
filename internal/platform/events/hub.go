package events

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"souk/internal/platform/postgres"
)

// streamBuffer is how many steps a watcher may be behind before it is sent away
// to come back with Last-Event-ID: a slow reader costs only itself.
const streamBuffer = 16

// Hub streams timelines to those who watch them, one Hub on each node. An event
// in the log tells it only that a subject has moved; what it streams is the
// timeline itself, which is in the order of versions and without a gap.
type Hub struct {
	DB   postgres.DB
	Bell *Bell
	Log  *slog.Logger

	mu       sync.Mutex
	watchers map[uuid.UUID]map[*watcher]bool
	closed   bool
}

type watcher struct {
	subject uuid.UUID
	last    int64 // the newest version sent
	steps   chan Record
}

// Run feeds the streams until ctx ends, then closes them.
func (h *Hub) Run(ctx context.Context) error {
	defer h.close()
	f := &Follower{Name: "hub", DB: h.DB, Bell: h.Bell, Log: h.Log, Handle: h.handle}
	if err := f.start(ctx); err != nil {
		return unlessEnded(ctx, err)
	}
	// Those who came before the place was taken may have missed something.
	if err := h.catchUp(ctx, h.watched(nil)); err != nil {
		return unlessEnded(ctx, err)
	}
	loop{f.Name, f.Bell, f.Log}.run(ctx, f.step)
	return nil
}

// Subscribe streams the steps of subject after a version: first those that
// have happened, then each new one, without a gap or a double. The stream is
// closed when its reader is too slow or the Hub stops; subscribe again after
// the last version seen. Always call cancel.
func (h *Hub) Subscribe(ctx context.Context, subject [16]byte, after int64) (steps <-chan Record, cancel func(), err error) {
	happened, err := Timeline(ctx, h.DB, subject, after)
	if err != nil {
		return nil, nil, err
	}
	w := &watcher{subject: subject, last: after, steps: make(chan Record, len(happened)+streamBuffer)}
	for _, r := range happened {
		w.steps <- r
		w.last = r.Version
	}
	if !h.add(w) {
		close(w.steps)
		return w.steps, func() {}, nil
	}
	// What came between the look and the place at the Hub.
	if err := h.catchUp(ctx, map[uuid.UUID]int64{w.subject: w.last}); err != nil {
		h.remove(w)
		return nil, nil, err
	}
	return w.steps, func() { h.remove(w) }, nil
}

// Watchers is how many streams are open.
func (h *Hub) Watchers() (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, set := range h.watchers {
		n += len(set)
	}
	return n
}

func (h *Hub) handle(ctx context.Context, batch []Record) error {
	moved := map[uuid.UUID]bool{}
	for _, r := range batch {
		if r.Version > 0 {
			moved[r.Subject] = true
		}
	}
	return h.catchUp(ctx, h.watched(moved))
}

// watched is the subjects that somebody watches, among those that moved or all
// when that is nil, with the version after which to read.
func (h *Hub) watched(moved map[uuid.UUID]bool) map[uuid.UUID]int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	after := map[uuid.UUID]int64{}
	for subject, set := range h.watchers {
		if moved != nil && !moved[subject] {
			continue
		}
		for w := range set {
			if least, ok := after[subject]; !ok || w.last < least {
				after[subject] = w.last
			}
		}
	}
	return after
}

// catchUp reads what is new of each subject and sends it to its watchers. Two
// that run at once may read the same steps; send takes each once. A watcher who
// is further back than this look reached has come meanwhile, and looks itself.
func (h *Hub) catchUp(ctx context.Context, after map[uuid.UUID]int64) error {
	if len(after) == 0 {
		return nil
	}
	subjects, versions := make([]uuid.UUID, 0, len(after)), make([]int64, 0, len(after))
	for subject, version := range after {
		subjects, versions = append(subjects, subject), append(versions, version)
	}
	steps, err := postgres.All[Record](ctx, h.DB, selectTimelines, pgx.NamedArgs{"subjects": subjects, "after": versions})
	if err != nil {
		return fmt.Errorf("read timelines of %d subjects: %w", len(subjects), err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range steps {
		for w := range h.watchers[r.Subject] {
			if w.last >= after[r.Subject] {
				h.send(w, r)
			}
		}
	}
	return nil
}

func (h *Hub) send(w *watcher, r Record) {
	if r.Version <= w.last {
		return
	}
	select {
	case w.steps <- r:
		w.last = r.Version
	default:
		h.drop(w)
	}
}

func (h *Hub) add(w *watcher) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	if h.watchers == nil {
		h.watchers = map[uuid.UUID]map[*watcher]bool{}
	}
	if h.watchers[w.subject] == nil {
		h.watchers[w.subject] = map[*watcher]bool{}
	}
	h.watchers[w.subject][w] = true
	return true
}

func (h *Hub) remove(w *watcher) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drop(w)
}

// drop closes a stream once; h.mu is held.
func (h *Hub) drop(w *watcher) {
	if !h.watchers[w.subject][w] {
		return
	}
	delete(h.watchers[w.subject], w)
	if len(h.watchers[w.subject]) == 0 {
		delete(h.watchers, w.subject)
	}
	close(w.steps)
}

func (h *Hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for _, set := range h.watchers {
		for w := range set {
			h.drop(w)
		}
	}
}

package search

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"souk/internal/id"
	"souk/internal/platform/pgtest"
)

// keeper is a shop that is listed, for nodes that save their index.
func keeper(t *testing.T, products int) *trader {
	t.Helper()
	pool := pgtest.DB(t)
	tr := &trader{rand.New(rand.NewPCG(7, 8)), large(products), pool}
	change(t, pool, func(tx pgx.Tx) error { tr.insert(t, tx); return nil })
	if _, err := newSearch(pool).Rebuild(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return tr
}

// said is what a node writes to its log.
type said struct {
	mu    sync.Mutex
	lines strings.Builder
}

func (s *said) Write(line []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lines.Write(line)
}

func (s *said) has(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Contains(s.lines.String(), text)
}

// node begins to follow, until stop, which saves the index.
func (tr *trader) node(t *testing.T, dir string, pool *pgxpool.Pool) (s *Search, heard *said, stop func()) {
	t.Helper()
	heard = &said{}
	s = &Search{DB: pool, Pool: pool, Currency: "USD", Dir: dir, Version: "1.2.3", Log: slog.New(slog.NewTextHandler(heard, nil))}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Follow(ctx) }()
	<-s.node().built
	return s, heard, func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// relist changes the shop and brings the listings up to date.
func (tr *trader) relist(t *testing.T, changes int) {
	t.Helper()
	for range changes {
		tr.change(t)
	}
	search := newSearch(tr.pool)
	change(t, tr.pool, func(tx pgx.Tx) error { return search.Refresh(t.Context(), tx, tr.ids()) })
}

// A node that starts with a saved index answers as one that builds it, though
// the shop has changed since.
func TestSavedIndexAnswersAsABuiltOne(t *testing.T) {
	t.Parallel()
	tr, dir := keeper(t, 150), t.TempDir()
	_, heard, stop := tr.node(t, dir, tr.pool)
	if !heard.has("has built its index") {
		t.Error("without a file the index was not built")
	}
	tr.relist(t, 30)
	stop()
	tr.relist(t, 60)

	again, heard, stop := tr.node(t, dir, tr.pool)
	defer stop()
	if !heard.has("has read its saved index") || heard.has("has built its index") {
		t.Fatalf("the saved index was not used: %s", heard.lines.String())
	}
	one, other, differs := serve(t, again), serve(t, newSearch(tr.pool)), ""
	defer func() {
		if t.Failed() {
			t.Log(differs)
		}
	}()
	soon(t, "the node answers as a new one", func() bool { differs = differing(one, other); return differs == "" })
	if found := decode[Listing](t, get(one, "/api/v1/products?q=changed").Body.Bytes()); len(found.Data) == 0 {
		t.Error("nothing that was changed is listed: the test proves little")
	}
}

// A file that is not whole, or not of this binary, schema, database and time,
// is refused; the index is built and saved anew.
func TestSavedIndexThatDoesNotFitIsBuiltAnew(t *testing.T) {
	t.Parallel()
	tr, dir := keeper(t, 30), t.TempDir()
	first, _, stop := tr.node(t, dir, tr.pool)
	name := first.file()
	stop()
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := keeper(t, 30)
	line, rest, _ := bytes.Cut(whole, []byte("\n"))
	stamped := func(change func(*stamp)) []byte {
		var is stamp
		if err := json.Unmarshal(line, &is); err != nil {
			t.Fatal(err)
		}
		change(&is)
		changed, err := json.Marshal(is)
		if err != nil {
			t.Fatal(err)
		}
		return append(append(changed, '\n'), rest...)
	}
	damaged := func(at int) []byte {
		copied := bytes.Clone(whole)
		copied[at] ^= 1
		return copied
	}
	for why, file := range map[string][]byte{
		"one bit of the index":       damaged(len(whole) / 2),
		"one bit of the last byte":   damaged(len(whole) - 1),
		"one bit after the stamp":    damaged(len(line) + 20),
		"half of it":                 whole[:len(whole)/2],
		"all but a byte":             whole[:len(whole)-1],
		"only the stamp":             whole[:len(line)+1],
		"half of the stamp":          whole[:len(line)/2],
		"nothing":                    {},
		"another stamp":              stamped(func(is *stamp) { is.Documents++ }),
		"an older format":            stamped(func(is *stamp) { is.Format-- }),
		"another binary":             stamped(func(is *stamp) { is.Version = "1.2.2" }),
		"another schema":             stamped(func(is *stamp) { is.Schema-- }),
		"an event that is not there": stamped(func(is *stamp) { is.Newest.Seq++ }),
		"a place in the future":      stamped(func(is *stamp) { is.Place.Xid += 1_000_000 }),
	} {
		if err := os.WriteFile(name, file, 0o600); err != nil {
			t.Fatal(err)
		}
		refuses(t, tr, dir, tr.pool, why)
	}
	if err := os.WriteFile(name, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	refuses(t, tr, dir, elsewhere.pool, "another database")
}

// refuses starts a node that must not use its file.
func refuses(t *testing.T, tr *trader, dir string, pool *pgxpool.Pool, why string) {
	t.Helper()
	node, heard, stop := tr.node(t, dir, pool)
	if !heard.has("does not use its saved index") || !heard.has("has built its index") {
		t.Errorf("%s: the file was believed: %s", why, heard.lines.String())
	}
	if n := node.node().shelf.index.Snapshot().Len(); n != 30 {
		t.Errorf("%s: the index has %d products, want 30", why, n)
	}
	stop()
	if _, _, _, err := node.restore(t.Context()); err != nil {
		t.Errorf("%s: the index was not saved anew: %v", why, err)
	}
}

// An index that cannot be saved answers all the same.
func TestNodeWithoutAPlaceToSaveAnswers(t *testing.T) {
	t.Parallel()
	tr := keeper(t, 20)
	node, heard, stop := tr.node(t, t.TempDir()+"/missing", tr.pool)
	if got := decode[Listing](t, get(serve(t, node), "/api/v1/products?limit=1").Body.Bytes()); len(got.Data) != 1 {
		t.Errorf("it answers %v", got)
	}
	stop()
	if !heard.has("cannot save its index") {
		t.Errorf("nobody was told: %s", heard.lines.String())
	}
	if _, err := os.Stat(node.file()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is there: %v", node.file(), err)
	}
}

// A saved index that the log has left far behind would take longer to follow
// than to build.
func TestSavedIndexFarBehindIsBuiltAnew(t *testing.T) {
	t.Parallel()
	tr, dir := keeper(t, 20), t.TempDir()
	_, _, stop := tr.node(t, dir, tr.pool)
	stop()
	if _, err := tr.pool.Exec(t.Context(), `
		INSERT INTO events (id, name, data, actor)
		SELECT gen_random_uuid(), 'test.nothing', '{}', 'test' FROM generate_series(1, $1)`, tooFar+1); err != nil {
		t.Fatal(err)
	}
	_, heard, stop := tr.node(t, dir, tr.pool)
	defer stop()
	if !heard.has("has built its index") {
		t.Errorf("the file was used: %s", heard.lines.String())
	}
}

// Operators see each node that answers, in its figures and from elsewhere.
func TestNodesReportTheirIndex(t *testing.T) {
	t.Parallel()
	tr := keeper(t, 20)
	node, _, stop := tr.node(t, t.TempDir(), tr.pool)
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(node.Figures())
	figure := func(name string) float64 {
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			if f.GetName() == "souk_search_"+name {
				return f.GetMetric()[0].GetGauge().GetValue()
			}
		}
		return -1
	}
	soon(t, "it follows and is saved", func() bool { return figure("lag_seconds") == 0 && figure("saved_bytes") > 0 })
	if n, at := figure("documents"), figure("built_timestamp_seconds"); n != 20 || at <= 0 || figure("saved_timestamp_seconds") < at {
		t.Errorf("figures: %v documents, built at %v", n, at)
	}
	soon(t, "it has reported", func() bool {
		nodes, err := newSearch(tr.pool).Nodes(t.Context())
		return err == nil && len(nodes) == 1 && nodes[0].Documents == 20 && nodes[0].Size > 0 && nodes[0].SavedAt != nil
	})
	stop()
	if nodes, err := newSearch(tr.pool).Nodes(t.Context()); err != nil || len(nodes) != 0 {
		t.Errorf("after it has stopped: %v %v", nodes, err)
	}
}

// What no node has followed yet is in the lag.
func TestLagIsTheAgeOfWhatIsNotFollowed(t *testing.T) {
	t.Parallel()
	tr := keeper(t, 5)
	node, _, stop := tr.node(t, "", tr.pool)
	stop()
	change(t, tr.pool, func(tx pgx.Tx) error { return raiseOne(t, tx, tr.ids()[0]) })
	if lag, err := node.lag(t.Context()); err != nil || lag <= 0 {
		t.Errorf("lag %v %v", lag, err)
	}
}

func raiseOne(t *testing.T, tx pgx.Tx, p id.Product) error {
	t.Helper()
	search := newSearch(tx)
	_, err := search.refresh(t.Context(), tx, []id.Product{p}, lockRefresh, true)
	return err
}

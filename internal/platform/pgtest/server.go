package pgtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"souk/internal/platform/postgres"
	"souk/migrations"
)

// server is where this process makes its databases.
type server struct {
	run   string                 // tells the databases of processes apart
	url   func(db string) string // of a database
	name  func(db string) string // of a template here
	admin *pgxpool.Pool

	strategy string // of CREATE DATABASE
}

func (s *server) exec(ctx context.Context, sql string) error {
	if _, err := s.admin.Exec(ctx, sql); err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}

// theServer is started when the first test asks for it.
var theServer = sync.OnceValues(func() (*server, error) {
	ctx := context.Background()
	s := &server{run: fmt.Sprintf("%d_%04x", os.Getpid(), rand.N(1<<16))}
	var err error
	if given := os.Getenv("SOUK_TEST_DATABASE_URL"); given != "" {
		err = s.useGiven(ctx, given)
	} else {
		err = s.startOwn(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("pgtest: %w", err)
	}
	return s, nil
})

// openAdmin makes the pool that creates and drops databases; copying one may
// take longer than a statement of the shop.
func (s *server) openAdmin(ctx context.Context, url string) (err error) {
	s.admin, err = postgres.Open(ctx, postgres.Config{
		URL: url, MaxConns: 4, Name: "pgtest", StatementTimeout: time.Minute, LockTimeout: time.Minute,
	})
	return err
}

// useGiven makes the two templates on a server that the developer runs.
func (s *server) useGiven(ctx context.Context, given string) error {
	at, err := url.Parse(given)
	if err != nil {
		return fmt.Errorf("read SOUK_TEST_DATABASE_URL: %w", err)
	}
	s.url = func(db string) string {
		u := *at
		u.Path = "/" + db
		return u.String()
	}
	s.name = func(db string) string { return db + "_" + schemaHash() }
	if err := s.openAdmin(ctx, given); err != nil {
		return err
	}
	return s.makeTemplates(ctx)
}

// makeTemplates makes the databases that are missing, one process at a time.
func (s *server) makeTemplates(ctx context.Context) error {
	conn, err := s.admin.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	const lock = 0x70677465 // "pgte"
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, lock); err != nil {
		return err
	}
	defer func() { _, _ = conn.Exec(ctx, `SELECT pg_advisory_unlock($1)`, lock) }()

	var made bool
	// The last one made says that all are.
	if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, s.name(rolled)).Scan(&made); err != nil || made {
		return err
	}
	if err := s.exec(ctx, "DROP DATABASE IF EXISTS "+s.name(migrated)); err != nil {
		return err
	}
	if err := s.exec(ctx, "CREATE DATABASE "+s.name(migrated)+" TEMPLATE template0"); err != nil {
		return err
	}
	pool, err := postgres.Open(ctx, postgres.Config{URL: s.url(s.name(migrated))})
	if err != nil {
		return err
	}
	_, err = postgres.Migrate(ctx, pool)
	pool.Close()
	if err != nil {
		return err
	}
	return s.exec(ctx, "CREATE DATABASE "+s.name(rolled)+" TEMPLATE "+s.name(migrated))
}

// startOwn copies the template cluster of this schema, making it first when
// there is none, and starts the copy. A copy costs a fifth of what initdb and
// the migrations do.
func (s *server) startOwn(ctx context.Context) error {
	root, err := folder(os.TempDir())
	if err != nil {
		return err
	}
	runs := root
	if hasMemory() {
		if runs, err = folder(memory); err != nil {
			return err
		}
	}
	template := filepath.Join(root, "template-"+schemaHash())
	unlock, err := locked(filepath.Join(root, "template.lock"))
	if err != nil {
		return err
	}
	defer unlock()
	sweep(root, template)
	sweep(runs, template)
	if _, err := os.Stat(template); errors.Is(err, fs.ErrNotExist) {
		if err := makeTemplateCluster(ctx, template); err != nil {
			return err
		}
	}
	now := time.Now()
	if err := os.Chtimes(template, now, now); err != nil { // used today, says sweep
		return err
	}
	dir := filepath.Join(runs, "run-"+s.run)
	if err := copyTree(template, dir); err != nil {
		return err
	}
	cluster, err := startCluster(ctx, dir)
	if err != nil {
		return err
	}
	s.url, s.name = cluster.URL, func(db string) string { return db }
	s.strategy = " STRATEGY file_copy" // eight times as fast as writing it to the log, without fsync
	return s.openAdmin(ctx, cluster.URL("postgres"))
}

func startCluster(ctx context.Context, dir string) (*postgres.Cluster, error) {
	settings := map[string]string{
		"max_connections": "200", "shared_buffers": "64MB", "max_wal_size": "512MB", "min_wal_size": "32MB",
		"log_min_duration_statement": "-1", "autovacuum_naptime": "5min",
		// The cluster dies with this process, and no test here pulls the plug:
		// what fsync protects from does not happen, and waiting for the disk is
		// most of what a commit takes. Tests of durability start a cluster of
		// their own; SOUK_TEST_FSYNC=on turns it on for all.
		"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",
	}
	if os.Getenv("SOUK_TEST_FSYNC") == "on" {
		for _, safe := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
			delete(settings, safe)
		}
	}
	return postgres.Start(ctx, postgres.Options{Dir: dir, Log: slog.New(slog.DiscardHandler), Settings: settings})
}

// makeTemplateCluster makes a stopped cluster that holds the two templates.
func makeTemplateCluster(ctx context.Context, template string) error {
	half := template + ".half"
	if err := os.RemoveAll(half); err != nil {
		return err
	}
	cluster, err := startCluster(ctx, half)
	if err != nil {
		return err
	}
	s := &server{url: cluster.URL, name: func(db string) string { return db }}
	if err = s.openAdmin(ctx, cluster.URL("postgres")); err == nil {
		err = s.makeTemplates(ctx)
		s.admin.Close()
	}
	if err := errors.Join(err, cluster.Stop(ctx)); err != nil {
		return err
	}
	return os.Rename(half, template)
}

// memory is a file system without a disk. A database is three hundred files: there
// it is copied in a third of a second, and on a busy disk in three.
const memory = "/dev/shm"

// hasMemory reports that clusters may run there: a test's has a hundred megabytes,
// and some fill it.
func hasMemory() bool {
	const plenty = 4 << 30
	var there syscall.Statfs_t
	err := syscall.Statfs(memory, &there)
	return err == nil && there.Bavail*uint64(there.Bsize) >= plenty && os.Getenv("SOUK_TEST_FSYNC") != "on"
}

// folder is where the clusters of this user's tests live.
func folder(under string) (string, error) {
	root := filepath.Join(under, "souk-pgtest-"+strconv.Itoa(os.Getuid()))
	if err := os.Mkdir(root, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	info, err := os.Lstat(root)
	if err != nil {
		return "", err
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); !ok || !info.IsDir() || int(owner.Uid) != os.Getuid() {
		return "", fmt.Errorf("%s is not a folder of yours", root)
	}
	return root, nil
}

// sweep removes the clusters of processes that have ended and templates of
// schemas that nobody has used for two hours: each is a hundred megabytes, and
// who writes migrations makes one with every change.
func sweep(root, template string) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return // what is left is for the next one
	}
	for _, e := range entries {
		dir := filepath.Join(root, e.Name())
		kind, _, _ := strings.Cut(e.Name(), "-")
		switch {
		case kind == "run" && abandoned(dir):
			_ = os.RemoveAll(dir)
		case kind == "template" && e.IsDir() && dir != template:
			if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > 2*time.Hour {
				_ = os.RemoveAll(dir)
			}
		}
	}
}

// abandoned reports whether the lock of a cluster can be had: its owner has
// ended. A folder that is being made has no lock yet, but then its maker holds
// the lock that our caller holds.
func abandoned(dir string) bool {
	f, err := os.OpenFile(filepath.Join(dir, "owner.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return true
	}
	defer func() { _ = f.Close() }()
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}

// locked waits for a lock between processes.
func locked(file string) (unlock func(), err error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { _ = f.Close() }, nil
}

// schemaHash names a schema: our migrations, River's, and the server's version.
var schemaHash = sync.OnceValue(func() string {
	h := sha256.New()
	entries, err := migrations.FS.ReadDir(".")
	if err != nil {
		panic(err) // it is in the binary
	}
	for _, e := range entries {
		text, err := migrations.FS.ReadFile(e.Name())
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(h, "%s %d\n%s", e.Name(), len(text), text)
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if strings.HasPrefix(m.Path, "github.com/riverqueue/") {
				fmt.Fprintln(h, m.Path, m.Version)
			}
		}
	}
	fmt.Fprintln(h, postgres.TuneJobs)
	fmt.Fprintln(h, os.Getenv("SOUK_PG_BIN"), os.Getenv("SOUK_TEST_FSYNC"))
	return hex.EncodeToString(h.Sum(nil))[:12]
})

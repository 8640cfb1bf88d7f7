package postgres_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/platform/postgres"
)

// TestMain lets the test binary play the process that owns a cluster.
func TestMain(m *testing.M) {
	if dir := os.Getenv("SOUK_TEST_OWN_CLUSTER"); dir != "" {
		ownCluster(dir)
	}
	code := m.Run()
	if copied != "" {
		_ = os.RemoveAll(copied)
	}
	os.Exit(code)
}

// ownCluster starts a cluster, says so on standard output, and waits to be killed.
func ownCluster(dir string) {
	c, err := postgres.Start(context.Background(), postgres.Options{Dir: dir})
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	fmt.Println("up", c.PID())
	select {}
}

// clusterDir is a folder that the server's user can reach, also when root runs
// the tests; t.TempDir is closed to others.
func clusterDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "souk-cluster-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "pg")
}

// madeCluster is a folder with a stopped cluster in it, which is quicker to
// copy than to make.
func madeCluster(t *testing.T) string {
	t.Helper()
	made, err := aCluster()
	if err != nil {
		t.Fatal(err)
	}
	dir := clusterDir(t)
	if out, err := exec.Command("cp", "-a", made, dir).CombinedOutput(); err != nil {
		t.Fatalf("copy a cluster: %v\n%s", err, out)
	}
	return dir
}

// copied is the folder that madeCluster copies from, once there is one.
var copied string

var aCluster = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "souk-cluster-")
	if err != nil {
		return "", err
	}
	copied = dir
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", err
	}
	c, err := postgres.Start(context.Background(), postgres.Options{
		Dir: filepath.Join(dir, "pg"), Log: slog.New(slog.DiscardHandler), Settings: map[string]string{"fsync": "off"},
	})
	if err != nil {
		return "", err
	}
	return c.Dir(), c.Stop(context.Background())
})

func startCluster(t *testing.T, dir string) *postgres.Cluster {
	t.Helper()
	c, err := postgres.Start(t.Context(), postgres.Options{Dir: dir, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return c
}

func query[T any](t *testing.T, url, sql string) (v T) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if err := conn.QueryRow(t.Context(), sql).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

func TestClusterStartStopStart(t *testing.T) {
	t.Parallel()
	dir := clusterDir(t)
	c := startCluster(t, dir)

	for setting, want := range map[string]string{
		"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "data_checksums": "on",
		"listen_addresses": "", "TimeZone": "UTC", "server_encoding": "UTF8",
	} {
		if got := query[string](t, c.URL("souk"), `SHOW `+setting); got != want {
			t.Errorf("%s = %q, want %q", setting, got, want)
		}
	}
	if got := query[string](t, c.URL("souk"), `SELECT lower('ÄÇĞ')`); got != "äçğ" {
		t.Errorf("lower knows no letters beyond ASCII: %q", got)
	}
	if got := query[string](t, c.URL("souk"), `SELECT current_user::text`); got != postgres.Superuser {
		t.Errorf("user %s, want %s", got, postgres.Superuser)
	}
	query[int](t, c.URL("souk"), `WITH t AS (SELECT set_config('a.b', '1', false)) SELECT count(*) FROM t`)

	if url, ok := postgres.Running(dir); !ok || url != c.URL("souk") {
		t.Errorf("Running = %q, %v beside a server", url, ok)
	}
	if _, err := postgres.Start(t.Context(), postgres.Options{Dir: dir}); !errors.Is(err, postgres.ErrOwned) {
		t.Errorf("a second owner got %v, want ErrOwned", err)
	}
	for _, private := range []string{dir, filepath.Join(dir, "run"), filepath.Join(dir, "data")} {
		info, err := os.Stat(private)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o700 {
			t.Errorf("%s is open to others: %s", filepath.Base(private), info.Mode())
		}
	}

	execute(t, c.URL("souk"), `CREATE TABLE kept AS SELECT 42 AS n`)
	if err := c.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, ok := postgres.Running(dir); ok {
		t.Error("Running says that a stopped cluster runs")
	}
	again := startCluster(t, dir)
	if got := query[int](t, again.URL("souk"), `SELECT n FROM kept`); got != 42 {
		t.Errorf("after a restart n = %d, want 42", got)
	}
}

func execute(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// The postmaster is killed under a running owner: it comes back with its data.
func TestClusterHealsAfterPostmasterIsKilled(t *testing.T) {
	t.Parallel()
	c := startCluster(t, madeCluster(t))
	execute(t, c.URL("souk"), `CREATE TABLE kept AS SELECT 42 AS n`)
	killed := c.PID()
	if err := syscall.Kill(killed, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	await(t, "another postmaster", func() bool { return c.PID() != killed })
	if got := query[int](t, c.URL("souk"), `SELECT n FROM kept`); got != 42 {
		t.Errorf("n = %d, want 42", got)
	}
}

// The owner is killed: its postmaster goes too, and the next owner recovers.
func TestClusterAfterOwnerIsKilled(t *testing.T) {
	t.Parallel()
	dir := madeCluster(t)
	owner := exec.Command(os.Args[0])
	owner.Env = append(os.Environ(), "SOUK_TEST_OWN_CLUSTER="+dir)
	owner.Stderr = t.Output()
	out, err := owner.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	var postmaster int
	line, err := bufio.NewReader(out).ReadString('\n')
	if _, scanErr := fmt.Sscanf(line, "up %d", &postmaster); err != nil || scanErr != nil {
		t.Fatalf("owner says %q: %v", line, errors.Join(err, scanErr))
	}
	url, ok := postgres.Running(dir)
	if !ok {
		t.Fatal("the owner's cluster does not run")
	}
	execute(t, url, `CREATE TABLE kept AS SELECT 42 AS n`)

	if err := owner.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = owner.Wait()                                                                  // killed, as asked
	next := startCluster(t, dir)                                                      // at once: it waits for what is left of the other
	if cwd, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", postmaster)); err == nil { // a zombie has none
		t.Errorf("the postmaster of the killed owner lives, in %s", cwd)
	}
	if got := query[int](t, next.URL("souk"), `SELECT n FROM kept`); got != 42 {
		t.Errorf("n = %d, want 42", got)
	}
}

// Nobody removed the files of a machine that lost its power: a pid file that
// names somebody else's process, a dead socket, half a cluster, an old address.
func TestClusterStartsOverStaleFiles(t *testing.T) {
	t.Parallel()
	dir := madeCluster(t)
	stale := fmt.Sprintf("%d\n%s/data\n1700000000\n5432\n%s/run\n\n  1 1\nready   \n", os.Getpid(), dir, dir)
	for name, text := range map[string]string{
		"data/postmaster.pid":       stale,
		"run/.s.PGSQL.5432":         "",
		"run/.s.PGSQL.5432.lock":    stale,
		"cluster.json":              `{"socket":"` + dir + `/run"}`,
		"data.init/postgresql.conf": "half",
	} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := postgres.Running(dir); ok {
		t.Error("Running believes an old address")
	}
	startCluster(t, dir)
}

func TestClusterSocketInALongPath(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(clusterDir(t), strings.Repeat("deep/", 30), "pg")
	c := startCluster(t, dir)
	if strings.Contains(c.URL("souk"), "deep") {
		t.Errorf("the socket is in the long path: %s", c.URL("souk"))
	}
	if got := query[int](t, c.URL("souk"), `SELECT 1`); got != 1 {
		t.Errorf("got %d", got)
	}
}

func TestClusterRefusals(t *testing.T) {
	t.Parallel()
	other := clusterDir(t)
	if err := os.MkdirAll(filepath.Join(other, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(other, "data", "PG_VERSION"), []byte("9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		options postgres.Options
		want    string
	}{
		"made by another version": {postgres.Options{Dir: other}, "made by PostgreSQL 9"},
		"no programs":             {postgres.Options{Dir: clusterDir(t), Bin: "/nonexistent"}, "/nonexistent"},
		"a setting unknown":       {postgres.Options{Dir: clusterDir(t), Settings: map[string]string{"no_such": "1"}}, "no_such"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := postgres.Start(t.Context(), test.options)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestClusterFolderClosedToServerUser(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		return // only root runs the server as somebody else
	}
	closed := filepath.Join(t.TempDir(), "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := postgres.Start(t.Context(), postgres.Options{Dir: filepath.Join(closed, "pg")})
	if err == nil || !strings.Contains(err.Error(), "cannot enter") || !strings.Contains(err.Error(), "/var/lib/souk") {
		t.Errorf("got %v, want the folder and a better one", err)
	}
}

func TestClusterOfRootMovesOutOfAClosedFolder(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		return // only root runs the server as somebody else
	}
	closed, elsewhere := t.TempDir(), filepath.Dir(clusterDir(t)) // TempDir is closed to others
	if err := os.Chmod(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(closed, "pg")
	for range 2 { // the second start follows the link
		c, err := postgres.Start(t.Context(), postgres.Options{Dir: dir, Elsewhere: elsewhere})
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Dir(c.Dir()) != elsewhere {
			t.Errorf("lives in %s, want a folder in %s", c.Dir(), elsewhere)
		}
		if url, ok := postgres.Running(dir); !ok || url != c.URL(postgres.Superuser) {
			t.Errorf("by its own folder it is found at %q, %v", url, ok)
		}
		if err := c.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if made, err := filepath.Glob(filepath.Join(elsewhere, "pg-*")); err != nil || len(made) != 1 {
		t.Errorf("made %v, %v; want one folder", made, err)
	}
}

// await polls for a change in another process, which has no event to wait for.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

package importer

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"souk/internal/id"
	"souk/internal/platform/blob"
	"souk/internal/platform/postgres"
)

// What the process that TestKilledJob kills is told.
const (
	childJob   = "SOUK_TEST_IMPORT_JOB"
	childBlobs = "SOUK_TEST_IMPORT_BLOBS"
)

// TestJobAsChild is the process that TestKilledJob kills.
func TestJobAsChild(t *testing.T) {
	job := os.Getenv(childJob)
	if job == "" {
		return // nobody's child
	}
	pool, err := pgxpool.New(t.Context(), os.Getenv(childDatabase))
	if err != nil {
		t.Fatal(err)
	}
	of, err := id.Parse[id.Import](job)
	if err != nil {
		t.Fatal(err)
	}
	err = shopOn(pool).withBlobs(t, os.Getenv(childBlobs)).Work(t.Context(), Asked{of})
	t.Fatalf("it has survived: %v", err)
}

func (s shop) withBlobs(t testing.TB, dir string) shop {
	t.Helper()
	blobs, err := blob.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	s.Blobs, s.House = blobs, "House"
	return s
}

// A job whose process is killed goes on where it was: the report is that of one
// run, and no row is refused twice.
func TestKilledJob(t *testing.T) {
	t.Parallel()
	file := "Handle,Title,Variant SKU,Variant Price\n,Nobody,,1\n" + strings.TrimPrefix(articlesWithBad(2*batchSize+50), "Handle,Title,Variant SKU,Variant Price\n")
	for _, point := range []string{"importer.batch.before_commit", "importer.batch.after_commit"} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := newShop(t).withBlobs(t, dir)
			path := filepath.Join(dir, "sent.csv")
			if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
				t.Fatal(err)
			}
			sent, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = sent.Close() }()
			i, err := s.Receive(t.Context(), sent, int64(len(file)), Wish{Publish: true})
			if err != nil {
				t.Fatal(err)
			}
			child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestJobAsChild$")
			child.Env = append(os.Environ(), "SOUK_CRASH_AT="+point, childJob+"="+i.ID.String(), childBlobs+"="+dir, childDatabase+"="+s.pool.Config().ConnString())
			out, err := child.CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
				t.Fatalf("the job was not killed: %v\n%s", err, out)
			}
			killed, err := findImport(t.Context(), s.pool, id.Vendor{}, i.ID)
			if err != nil || killed.State != Running || killed.Created != s.count(t, `SELECT count(*)::int FROM products`) {
				t.Fatalf("%v: %+v", err, killed)
			}
			if err := s.Work(t.Context(), Asked{i.ID}); err != nil {
				t.Fatal(err)
			}
			i, err = findImport(t.Context(), s.pool, id.Vendor{}, i.ID)
			if err != nil || i.State != Finished || i.Created != 2*batchSize+49 || i.Unchanged != 0 || i.Refused != 2 || i.Rows != 2*batchSize+51 || i.Read != i.Size {
				t.Errorf("%v: %+v", err, i)
			}
			if n := s.count(t, `SELECT count(*)::int FROM import_rows`); n != 2 {
				t.Errorf("%d refused rows", n)
			}
			if got := s.text(t, `SELECT line || ' ' || reason FROM import_findings ORDER BY number`); got != "2 has no Handle\n10 \"dear\" is not a price in USD: write it as 1234.50" {
				t.Errorf("found %s", got)
			}
			s.verify(t)
			if err := s.Work(t.Context(), Asked{i.ID}); err != nil { // the event may come twice
				t.Error(err)
			}
		})
	}
}

// articlesWithBad is n products, the eighth without a price that can be read.
func articlesWithBad(n int) string {
	rows := strings.SplitAfter(articles(n), "\n")
	for i, r := range rows {
		cells := strings.Split(strings.ReplaceAll(r, `"Shelf, `, `"Shelf `), ",")
		if len(cells) > 4 {
			rows[i] = strings.Join([]string{cells[0], cells[1], cells[3], cells[4]}, ",") + "\n"
		}
		if i == 8 {
			rows[i] = "a7,Article 7,a7,dear\n"
		}
	}
	return strings.Join(rows, "")
}

// Files whose rows never came are swept: the row is written before the file.
func TestAnUploadThatBrokeOff(t *testing.T) {
	t.Parallel()
	s := newShop(t).withBlobs(t, t.TempDir())
	s.exec(t, `INSERT INTO imports (id, state, file, size, columns, separator, publish, dry_run, actor, created_at)
		VALUES (gen_random_uuid(), 'receiving', 'x.import', 1, '{}', ',', false, false, 'guest', now() - interval '2 hours')`)
	if err := s.Blobs.Put(t.Context(), "imports/x.import", "application/octet-stream", strings.NewReader("x"), 1); err != nil {
		t.Fatal(err)
	}
	if err := s.SweepImports(t.Context()); err != nil {
		t.Fatal(err)
	}
	there, err := s.Blobs.Exists(t.Context(), "imports/x.import")
	if n, _ := postgres.Scalar[int](t.Context(), s.pool, `SELECT count(*)::int FROM imports`, pgx.NamedArgs{}); err != nil || there || n != 0 {
		t.Errorf("the file is there %t, %v, and %d rows", there, err, n)
	}
}

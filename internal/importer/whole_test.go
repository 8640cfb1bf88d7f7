package importer

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"

	"souk/internal/id"
)

// sent is a file that was sent to be taken as a whole, and the folder of files.
func (s shop) sent(t *testing.T, file string) (Import, string) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "sent.csv")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	i, err := s.withBlobs(t, dir).Receive(t.Context(), f, int64(len(file)), Wish{Publish: true, Whole: true})
	if err != nil {
		t.Fatal(err)
	}
	return i, dir
}

func (s shop) found(t *testing.T, i Import) Import {
	t.Helper()
	i, err := findImport(t.Context(), s.pool, id.Vendor{}, i.ID)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// without leaves out the tables that tell of the import itself.
func (s shop) without(t *testing.T, tables ...string) map[string]string {
	prints := s.footprint(t)
	for _, table := range tables {
		delete(prints, table)
	}
	return prints
}

// Bad input 107: of a file that is to be all or nothing no row stays where one
// was refused, whoever refused it, and each refusal is told as ever.
func TestAFileIsTakenWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	for name, refuse := range map[string]struct{ constraint, file string }{
		"by the reader":   {"", articlesWithBad(2*batchSize + 50)},
		"by the database": {`ALTER TABLE products ADD CONSTRAINT no_curses CHECK (handle <> 'a7')`, articles(2*batchSize + 50)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			if refuse.constraint != "" {
				s.exec(t, refuse.constraint)
			}
			before := s.without(t)
			want, err := s.Run(t.Context(), strings.NewReader(refuse.file), Options{House: "House", Publish: true, DryRun: true})
			if err != nil || len(want.Problems) != 1 || want.Refused != 1 {
				t.Fatalf("%v: %+v", err, want)
			}
			report, err := s.Run(t.Context(), strings.NewReader(refuse.file), Options{House: "House", Publish: true, AllOrNothing: true})
			if !errors.Is(err, ErrNotWhole) {
				t.Fatalf("%v: %+v", err, report)
			}
			want.DryRun, want.Created = false, 0
			if diff := cmp.Diff(want, report, cmpopts.IgnoreUnexported(Problem{})); diff != "" {
				t.Errorf("the report is not that of the refused file: %s", diff)
			}
			if diff := cmp.Diff(before, s.without(t)); diff != "" {
				t.Errorf("something of it stays: %s", diff)
			}

			i, dir := s.sent(t, refuse.file)
			before = s.without(t, "imports", "import_findings")
			if err := s.withBlobs(t, dir).Work(t.Context(), Asked{i.ID}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, s.without(t, "imports", "import_findings")); diff != "" {
				t.Errorf("something of the job stays: %s", diff)
			}
			i = s.found(t, i)
			if i.State != Failed || i.Failure != ErrNotWhole.Message || i.Created != 0 || i.Refused != 1 || i.Rows != want.Rows || i.FinishedAt == nil || i.Read != i.Size {
				t.Errorf("%+v", i)
			}
			if n := s.count(t, `SELECT count(*)::int FROM import_findings`); n != 1 {
				t.Errorf("%d problems are told", n)
			}
		})
	}
}

func TestAWholeFileGoesInAtOnce(t *testing.T) {
	t.Parallel()
	file := articles(2*batchSize + 50)
	parts, whole := newShop(t), newShop(t)
	want := parts.clean(t, file, Options{Publish: true})
	seen := -1
	i, dir := whole.sent(t, file)
	im := whole.withBlobs(t, dir)
	report, err := im.Run(t.Context(), strings.NewReader(file), Options{House: "House", Publish: true, AllOrNothing: true, Keep: func(_ context.Context, _ pgx.Tx, s Step) error {
		if !s.Last {
			seen = max(seen, whole.count(t, `SELECT count(*)::int FROM products`))
		}
		return nil
	}})
	if err != nil || seen != 0 {
		t.Errorf("%v, others have seen %d products", err, seen)
	}
	if diff := cmp.Diff(tally(want), tally(report)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(parts.export(t), whole.export(t)); diff != "" {
		t.Errorf("the shop is another: %s", diff)
	}
	if err := im.Work(t.Context(), Asked{i.ID}); err != nil {
		t.Fatal(err)
	}
	if i = whole.found(t, i); i.State != Finished || i.Unchanged != want.Created {
		t.Errorf("%+v", i)
	}
	whole.verify(t)
}

// Somebody who cancels on the way has taken nothing.
func TestCancellingAWholeFile(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	i, dir := s.sent(t, articles(2*batchSize+50))
	s.exec(t, `CREATE FUNCTION cancel_import() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.state = 'cancelled'; RETURN NEW; END $$`)
	s.exec(t, `CREATE TRIGGER cancel BEFORE UPDATE ON imports FOR EACH ROW WHEN (NEW.read > 0 AND OLD.read = 0) EXECUTE FUNCTION cancel_import()`)
	if err := s.withBlobs(t, dir).Work(t.Context(), Asked{i.ID}); err != nil {
		t.Fatal(err)
	}
	if n, i := s.count(t, `SELECT count(*)::int FROM products`), s.found(t, i); n != 0 || i.State != Cancelled {
		t.Errorf("%d products, %+v", n, i)
	}
}

// A job that is killed before the commit has done nothing, and is done from the
// beginning.
func TestKilledWholeFile(t *testing.T) {
	t.Parallel()
	for _, point := range []string{"importer.batch.after_commit", "importer.whole.before_commit"} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			i, dir := s.sent(t, articles(2*batchSize+50))
			child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestJobAsChild$")
			child.Env = append(os.Environ(), "SOUK_CRASH_AT="+point, childJob+"="+i.ID.String(), childBlobs+"="+dir, childDatabase+"="+s.pool.Config().ConnString())
			out, err := child.CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
				t.Fatalf("the job was not killed: %v\n%s", err, out)
			}
			if n, killed := s.count(t, `SELECT count(*)::int FROM products`), s.found(t, i); n != 0 || killed.State != Running || killed.Created != 0 || killed.Rows == 0 {
				t.Fatalf("%d products are in, %+v", n, killed)
			}
			if err := s.withBlobs(t, dir).Work(t.Context(), Asked{i.ID}); err != nil {
				t.Fatal(err)
			}
			if i = s.found(t, i); i.State != Finished || i.Created != 2*batchSize+50 || i.Rows != 2*batchSize+50 {
				t.Errorf("%+v", i)
			}
			s.verify(t)
		})
	}
}

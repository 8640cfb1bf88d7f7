package blob_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"souk/internal/platform/blob"
)

func TestDir(t *testing.T) {
	t.Parallel()
	dir, err := blob.OpenDir(filepath.Join(t.TempDir(), "new", "blobs"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dir.Close(); err != nil {
			t.Error(err)
		}
	})
	conform(t, dir)
}

func TestS3(t *testing.T) {
	t.Parallel()
	backend := s3mem.New()
	if err := backend.CreateBucket("shop"); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(server.Close)
	open := func(bucket string) *blob.S3 {
		s, err := blob.OpenS3(blob.Bucket{
			Endpoint: strings.TrimPrefix(server.URL, "http://"), Name: bucket, Region: "us-east-1",
			AccessKey: "key", SecretKey: "secret-secret", Insecure: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	conform(t, open("shop"))

	if err := open("nowhere").Ready(t.Context()); err == nil {
		t.Error("a bucket that is not there is ready")
	}
}

// conform is what every store must do.
func conform(t *testing.T, store blob.Store) {
	t.Helper()
	if err := store.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	t.Run("keeps and gives back", func(t *testing.T) { keepsAndGivesBack(t, store) })
	t.Run("has not what is missing", func(t *testing.T) { hasNotWhatIsMissing(t, store) })
	t.Run("keeps all or none", func(t *testing.T) { keepsAllOrNone(t, store) })
	t.Run("refuses", func(t *testing.T) { refuses(t, store) })
	t.Run("many at once", func(t *testing.T) { manyAtOnce(t, store) })
}

func keepsAndGivesBack(t *testing.T, store blob.Store) {
	content := bytes.Repeat([]byte("0123456789"), 1_300_000) // more than a part of a multipart upload
	for key, kind := range map[string]string{"media/med_1/800.jpg": "image/jpeg", "imports/errors.csv": "text/csv; charset=utf-8", "plain": "application/octet-stream"} {
		if err := store.Put(t.Context(), key, kind, bytes.NewReader(content), int64(len(content))); err != nil {
			t.Fatal(err)
		}
		file, info, err := store.Open(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(file)
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("%s: %d bytes came back of %d, %v", key, len(got), len(content), err)
		}
		if want, _, _ := strings.Cut(kind, ";"); info.Size != int64(len(content)) || info.ContentType != want || info.Modified.IsZero() {
			t.Errorf("%s: %+v", key, info)
		}
		if _, err := file.Seek(-3, io.SeekEnd); err != nil {
			t.Error(err)
		}
		if end, err := io.ReadAll(file); err != nil || string(end) != "789" {
			t.Errorf("%s: ends in %q, %v", key, end, err)
		}
		if err := file.Close(); err != nil {
			t.Error(err)
		}
		if there, err := store.Exists(t.Context(), key); err != nil || !there {
			t.Errorf("%s: exists %t, %v", key, there, err)
		}
		for range 2 { // a second time is no error
			if err := store.Delete(t.Context(), key); err != nil {
				t.Error(err)
			}
		}
		if there, err := store.Exists(t.Context(), key); err != nil || there {
			t.Errorf("%s: exists after it was deleted: %t, %v", key, there, err)
		}
	}
}

func hasNotWhatIsMissing(t *testing.T, store blob.Store) {
	put(t, store, "folder/file.txt")
	for _, key := range []string{"missing.png", "folder", "folder/file.txt/below.txt"} {
		if _, _, err := store.Open(t.Context(), key); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("open %s: %v", key, err)
		}
		if there, err := store.Exists(t.Context(), key); err != nil || there {
			t.Errorf("%s exists: %t, %v", key, there, err)
		}
		if err := store.Delete(t.Context(), key); err != nil {
			t.Errorf("delete %s: %v", key, err)
		}
	}
	if there, err := store.Exists(t.Context(), "folder/file.txt"); err != nil || !there {
		t.Errorf("the file went with its folder: %t, %v", there, err)
	}
}

func put(t *testing.T, store blob.Store, key string) {
	t.Helper()
	if err := store.Put(t.Context(), key, "text/plain", strings.NewReader(key), int64(len(key))); err != nil {
		t.Fatal(err)
	}
}

func keepsAllOrNone(t *testing.T, store blob.Store) {
	broken := errors.New("the sender hung up")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, test := range map[string]struct {
		ctx  context.Context
		body io.Reader
		size int64
	}{
		"short":     {t.Context(), strings.NewReader("abc"), 4},
		"long":      {t.Context(), strings.NewReader("abcde"), 4},
		"broken":    {t.Context(), io.MultiReader(strings.NewReader("ab"), failing{broken}), 4},
		"cancelled": {ended, strings.NewReader("abcd"), 4},
		"empty":     {t.Context(), strings.NewReader(""), 0},
		"unsized":   {t.Context(), strings.NewReader("abcd"), -1},
	} {
		if err := store.Put(test.ctx, "partial.txt", "text/plain", test.body, test.size); err == nil {
			t.Errorf("%s: was kept", name)
		}
		if there, err := store.Exists(t.Context(), "partial.txt"); err != nil || there {
			t.Errorf("%s: left something behind: %t, %v", name, there, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func refuses(t *testing.T, store blob.Store) {
	for _, key := range []string{
		"", "/etc/passwd", "../up.txt", "a/../../up.txt", "a/./b.txt", "a//b.txt", "a/", ".hidden", "a/.hidden", "UPPER.txt",
		"back\\slash.txt", "nul\x00.txt", "spa ce.txt", "ümlaut.txt", "a?b.txt", "%2e%2e/up.txt", strings.Repeat("a", 513), "a\n.txt",
	} {
		if err := store.Put(t.Context(), key, blob.TypeOf(key), strings.NewReader("x"), 1); err == nil {
			t.Errorf("kept %q", key)
		}
		if _, _, err := store.Open(t.Context(), key); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("opened %q: %v", key, err)
		}
		if err := store.Delete(t.Context(), key); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("deleted %q: %v", key, err)
		}
		if _, err := store.Exists(t.Context(), key); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("looked for %q: %v", key, err)
		}
	}
	for key, kind := range map[string]string{"a.png": "text/html", "a.html": "image/png", "a.jpg": "", "a": "text/html"} {
		if err := store.Put(t.Context(), key, kind, strings.NewReader("x"), 1); err == nil {
			t.Errorf("kept %s as %q", key, kind)
		}
	}
}

func manyAtOnce(t *testing.T, store blob.Store) {
	var group sync.WaitGroup
	for _, c := range "abcdefgh" {
		group.Go(func() {
			body := strings.Repeat(string(c), 10_000)
			if err := store.Put(t.Context(), "same.txt", "text/plain", strings.NewReader(body), int64(len(body))); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	file, _, err := store.Open(t.Context(), "same.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	got, err := io.ReadAll(file)
	if err != nil || len(got) != 10_000 || strings.Trim(string(got), string(got[:1])) != "" {
		t.Errorf("a mixture of %d bytes, %v", len(got), err)
	}
}

func TestDirIsNotLeftThroughALink(t *testing.T) {
	t.Parallel()
	outside, inside := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "secret.txt"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(inside, "link")); err != nil {
		t.Fatal(err)
	}
	dir, err := blob.OpenDir(inside)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = dir.Close() }()
	if file, _, err := dir.Open(t.Context(), "link/secret.txt"); err == nil {
		t.Error("read a file outside", file.Close())
	}
	if err := dir.Put(t.Context(), "link/new.txt", "text/plain", strings.NewReader("x"), 1); err == nil {
		t.Error("wrote a file outside")
	}
	drafts, err := os.ReadDir(filepath.Join(inside, ".drafts"))
	if err != nil || len(drafts) != 0 {
		t.Errorf("drafts left behind: %v, %v", drafts, err)
	}
}

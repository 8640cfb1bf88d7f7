// Package blob keeps files: pictures, imports, exports, invoices.
//
// Owns: [Store] and its two kinds, a folder ([Dir]) and a bucket ([S3]).
// Tables: none. Raises: [ErrNotFound]. Calls: config.
//
// A key is a path in lower case whose extension says what the file is:
//
//	media/med_01jd8x3m5kf0a9v2q7r4t6w8yz/800.jpg
//
// A file is never changed: who has something new to keep makes a new key.
package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"path"
	"regexp"
	"time"

	"souk/internal/errs"
	"souk/internal/platform/config"
)

// Store is where files are kept. Its methods refuse a key that is not [Valid].
type Store interface {
	// Put keeps exactly size bytes of r: all of them or, after an error, none.
	// contentType is that of the key's extension.
	Put(ctx context.Context, key, contentType string, r io.Reader, size int64) error
	// Open is ErrNotFound when there is no such key.
	Open(ctx context.Context, key string) (io.ReadSeekCloser, Info, error)
	// Delete forgets a key; one that is not there is forgotten already.
	Delete(ctx context.Context, key string) error
	Exists(ctx context.Context, key string) (bool, error)
	// Ready says what is wrong with the store itself.
	Ready(ctx context.Context) error
}

// Info is what is known of a file beside its content.
type Info struct {
	Size        int64
	ContentType string
	Modified    time.Time
}

// Open is the store that the settings name: the bucket if there is one, else
// the folder.
func Open(c *config.Config) (Store, error) {
	b := c.Blob
	if b.Bucket == "" {
		return OpenDir(c.BlobDir())
	}
	return OpenS3(Bucket{b.Endpoint, b.Bucket, b.Region, b.AccessKey, b.SecretKey, b.Insecure})
}

// ErrNotFound says that nothing is kept under a key.
var ErrNotFound = errs.New(errs.NotFound, "file_not_found", "There is no such file.")

// Letters that mean the same to every file system and in every URL; no segment
// starts with a dot, so there is no way up and nothing hidden.
var keys = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]*(/[a-z0-9][a-z0-9_.-]*)*$`)

const maxKey = 512

// Valid reports whether key can be kept.
func Valid(key string) bool { return len(key) <= maxKey && keys.MatchString(key) }

// A table of our own, because the machine's differs from one to the next.
var types = map[string]string{
	".csv": "text/csv", ".gif": "image/gif", ".html": "text/html", ".jpeg": "image/jpeg", ".jpg": "image/jpeg",
	".json": "application/json", ".jsonl": "application/jsonl", ".pdf": "application/pdf", ".png": "image/png", ".txt": "text/plain",
	".webp": "image/webp", ".xml": "application/xml", ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".zip": "application/zip",
}

// TypeOf is the content type of a key.
func TypeOf(key string) string {
	if t, ok := types[path.Ext(key)]; ok {
		return t
	}
	return "application/octet-stream"
}

func checkPut(key, contentType string, size int64) error {
	if err := check(key); err != nil {
		return err
	}
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil || media != TypeOf(key) {
		return fmt.Errorf("keep %s: it is %s by its name, not %q", key, TypeOf(key), contentType)
	}
	if size <= 0 {
		return fmt.Errorf("keep %s: empty, or of unknown size", key)
	}
	return nil
}

func check(key string) error {
	if !Valid(key) {
		return fmt.Errorf("%w (%q is not a key)", ErrNotFound, key[:min(len(key), 100)])
	}
	return nil
}

var errSize = errors.New("the content is not of the size that was said")

// exact reads exactly left bytes, or says errSize before it gives the last of
// them, so that a store never takes the wrong file for a whole one.
type exact struct {
	r    io.Reader
	left int64
}

func (e *exact) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n, err := e.r.Read(p[:min(int64(len(p)), e.left)])
	e.left -= int64(n)
	switch {
	case e.left > 0 && err == io.EOF:
		return 0, errSize
	case e.left > 0:
		return n, err
	}
	var more [1]byte
	if _, err := io.ReadFull(e.r, more[:]); err == nil {
		return 0, errSize
	} else if err != io.EOF {
		return 0, err
	}
	return n, io.EOF
}

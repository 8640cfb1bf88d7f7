package blob

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"
)

// Dir is a folder. A file gets its name when all of it is on the disk, so that
// nobody sees half of one; no key or link leads out of the folder.
type Dir struct{ root *os.Root }

// drafts is the folder of files that are being written.
const drafts = ".drafts"

// OpenDir makes the folder if it is missing.
func OpenDir(dir string) (*Dir, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("make blob folder: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open blob folder: %w", err)
	}
	if err := root.MkdirAll(drafts, 0o750); err != nil {
		return nil, errors.Join(fmt.Errorf("make blob folder: %w", err), root.Close())
	}
	return &Dir{root}, nil
}

// Close lets go of the folder.
func (d *Dir) Close() error { return d.root.Close() }

// Put keeps a file.
func (d *Dir) Put(ctx context.Context, key, contentType string, r io.Reader, size int64) error {
	if err := checkPut(key, contentType, size); err != nil {
		return err
	}
	if err := d.put(ctx, key, &exact{r, size}); err != nil {
		return fmt.Errorf("keep %s: %w", key, err)
	}
	return nil
}

func (d *Dir) put(ctx context.Context, key string, r io.Reader) error {
	name := path.Join(drafts, rand.Text())
	draft, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return err
	}
	defer func() { _ = d.root.Remove(name) }() // there is none after the rename
	_, err = io.Copy(draft, r)
	if err := errors.Join(err, draft.Sync(), draft.Close(), ctx.Err()); err != nil {
		return err
	}
	if err := d.root.MkdirAll(path.Dir(key), 0o750); err != nil {
		return err
	}
	return d.root.Rename(name, key)
}

// Open opens a file.
func (d *Dir) Open(_ context.Context, key string) (io.ReadSeekCloser, Info, error) {
	if err := check(key); err != nil {
		return nil, Info{}, err
	}
	file, err := d.root.Open(key)
	if err != nil {
		return nil, Info{}, explain("open", key, err)
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() { // a folder of keys is not a key
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, Info{}, errors.Join(explain("open", key, err), file.Close())
	}
	return file, Info{info.Size(), TypeOf(key), info.ModTime().UTC()}, nil
}

// Delete removes a file; folders that become empty stay.
func (d *Dir) Delete(ctx context.Context, key string) error {
	exists, err := d.Exists(ctx, key)
	if err != nil || !exists {
		return err
	}
	if err := d.root.Remove(key); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete %s: %w", key, err)
	}
	return nil
}

// Exists looks for a file.
func (d *Dir) Exists(_ context.Context, key string) (bool, error) {
	if err := check(key); err != nil {
		return false, err
	}
	info, err := d.root.Stat(key)
	if err := explain("look for", key, err); err != nil {
		if errors.Is(err, ErrNotFound) {
			return false, nil
		}
		return false, err
	}
	return info.Mode().IsRegular(), nil
}

// Ready looks whether files can be written.
func (d *Dir) Ready(context.Context) error {
	name := path.Join(drafts, rand.Text())
	file, err := d.root.Create(name)
	if err == nil {
		err = errors.Join(file.Close(), d.root.Remove(name))
	}
	if err != nil {
		return fmt.Errorf("write to blob folder: %w", err)
	}
	return nil
}

func explain(verb, key string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%s %s: %w", verb, key, ErrNotFound)
	}
	return fmt.Errorf("%s %s: %w", verb, key, err)
}

package feeds

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/blob"
	"souk/internal/platform/events"
	"souk/internal/platform/picture"
	"souk/internal/platform/postgres"
)

// ask has a job write the files, unless that was done a short while ago.
func (f *Feeds) ask(ctx context.Context) error {
	fresh, err := isFresh(ctx, f.DB)
	if err != nil || fresh {
		return err
	}
	return postgres.InTx(ctx, f.DB, func(tx pgx.Tx) error { return events.Raise(ctx, tx, Due{}) })
}

// sweep removes files that were replaced, when those who were reading them have
// had the time.
func (f *Feeds) sweep(ctx context.Context) error {
	files, err := unread(ctx, f.DB)
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := f.Blobs.Delete(ctx, key(file)); err != nil {
			return fmt.Errorf("remove feed file %s: %w", file, err)
		}
		if err := postgres.InTx(ctx, f.DB, func(tx pgx.Tx) error { return forget(ctx, tx, file) }); err != nil {
			return err
		}
	}
	return nil
}

// Write writes every file.
func (f *Feeds) Write(ctx context.Context, _ Due) error {
	fresh, err := isFresh(ctx, f.DB)
	if err != nil || fresh { // the event has come twice
		return err
	}
	return f.WriteAll(ctx)
}

// WriteAll writes every file now. The sitemap's index comes last: what it names
// is there.
func (f *Feeds) WriteAll(ctx context.Context) error {
	return errors.Join(f.writeGoogle(ctx), f.writeOpenAI(ctx), f.writeSitemaps(ctx))
}

// A draft is a file that is being written, on this machine's disk.
type draft struct {
	*bufio.Writer
	file  *os.File
	items int
}

// make writes a file and puts it in the place of the one before, where it
// differs from that.
func (f *Feeds) make(ctx context.Context, name string, write func(*draft) error) (err error) {
	file, err := blob.Scratch()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	sum := sha256.New()
	d := &draft{Writer: bufio.NewWriterSize(io.MultiWriter(file, sum), 64<<10), file: file}
	if err := write(d); err != nil {
		return fmt.Errorf("write feed %s: %w", name, err)
	}
	if err := d.Flush(); err != nil {
		return fmt.Errorf("write feed %s: %w", name, err)
	}
	return f.keep(ctx, name, d, hex.EncodeToString(sum.Sum(nil)[:16]))
}

// keep stores a draft under a name of its own, and then says that it is the feed.
func (f *Feeds) keep(ctx context.Context, name string, d *draft, digest string) error {
	same := false
	err := postgres.InTx(ctx, f.DB, func(tx pgx.Tx) (err error) {
		same, err = touch(ctx, tx, name, digest)
		return err
	})
	if err != nil || same {
		return err
	}
	feed := Feed{Name: name, File: picture.NewName() + path.Ext(name), Digest: digest, Items: d.items}
	if feed.Size, err = d.file.Seek(0, io.SeekEnd); err == nil {
		_, err = d.file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return fmt.Errorf("read feed %s again: %w", name, err)
	}
	if err := postgres.InTx(ctx, f.DB, func(tx pgx.Tx) error { return announce(ctx, tx, feed.File) }); err != nil {
		return err
	}
	if err := f.Blobs.Put(ctx, key(feed.File), blob.TypeOf(feed.File), d.file, feed.Size); err != nil {
		return err
	}
	return postgres.InTx(ctx, f.DB, func(tx pgx.Tx) error { return put(ctx, tx, feed) })
}

// pageSize is how many products are read at once. One statement for all of them
// would sort millions of long rows on the disk, and keep PostgreSQL from tidying
// up until the last one is written.
const pageSize = 1000

// offers reads what is on sale and has a picture.
func (f *Feeds) offers(ctx context.Context, d *draft, fn func(offer) error) error {
	for after := (id.Product{}); ; {
		products, err := postgres.Column[id.Product](ctx, f.DB, selectListed, pgx.NamedArgs{"currency": f.Currency, "after": after, "limit": pageSize})
		if err != nil {
			return fmt.Errorf("read what is listed: %w", err)
		}
		if len(products) == 0 {
			return nil
		}
		after = products[len(products)-1]
		offers, err := postgres.All[offer](ctx, f.DB, selectOffers, pgx.NamedArgs{"currency": f.Currency, "products": products})
		if err != nil {
			return fmt.Errorf("read offers: %w", err)
		}
		for _, o := range offers {
			o.currency = f.Currency
			d.items++
			if err := fn(o); err != nil {
				return err
			}
		}
	}
}

package importer

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/platform/blob"
	"souk/internal/platform/postgres"
	"souk/internal/vendors"
)

// errEnded ends the run of an import that somebody has cancelled, or that
// another process has gone on with.
var errEnded = errors.New("this import is not ours to run any more")

const brokeOff = "It broke off too often. What is in, is in; the log of the shop says why."

// Work runs an import that was asked for, from where an earlier attempt ended.
// An error has it tried again.
func (im *Importer) Work(ctx context.Context, asked Asked) error {
	var i Import
	err := postgres.InTx(ctx, im.DB, func(tx pgx.Tx) (err error) {
		i, err = startImport(ctx, tx, asked.ImportID)
		return err
	})
	switch {
	case errors.Is(err, ErrNoImport), errors.Is(err, ErrImportState): // cancelled, removed or finished
		return nil
	case err != nil:
		return err
	case i.Attempts > maxAttempts: // it ended its process each time, before anybody could say so
		return im.fail(ctx, i, brokeOff)
	}
	err = im.attempt(ctx, i)
	var refusal *errs.Error
	switch {
	case err == nil, errors.Is(err, errEnded), errors.Is(err, ErrNotWhole):
		return nil
	case errors.As(err, &refusal) && (refusal.Kind == errs.Invalid || refusal.Kind == errs.NotFound):
		return im.fail(ctx, i, refusal.Message)
	case ctx.Err() == nil && i.Attempts >= maxAttempts:
		return errors.Join(im.fail(ctx, i, brokeOff), err)
	}
	return fmt.Errorf("import %s: %w", i.ID, err)
}

func (im *Importer) fail(ctx context.Context, i Import, reason string) error {
	return postgres.InTx(ctx, im.DB, func(tx pgx.Tx) error { return failImport(ctx, tx, i.ID, reason) })
}

// attempt reads the file and keeps each step.
func (im *Importer) attempt(ctx context.Context, i Import) error {
	file, _, err := im.Blobs.Open(ctx, i.key())
	if errors.Is(err, blob.ErrNotFound) {
		return errs.New(errs.NotFound, blob.ErrNotFound.Code, "Its file is gone: send it again.")
	}
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	from, err := stepOf(ctx, im.DB, i)
	if err != nil {
		return err
	}
	target, err := im.target(ctx, i)
	if err != nil {
		return err
	}
	in := &counting{Reader: file}
	_, err = im.Run(ctx, in, Options{
		Format: i.Format, Mapping: i.Mapping, Vendor: target, House: im.House, Publish: i.Publish, DryRun: i.DryRun, AllOrNothing: i.Whole, From: from,
		Proposed: !i.VendorID.IsZero(),
		Keep: func(ctx context.Context, tx pgx.Tx, s Step) error {
			read := in.read
			if s.Last {
				read = i.Size
			}
			return keepStep(ctx, tx, i, read, s)
		},
	})
	return err
}

// target is whose products an import's become: those of the vendor whom staff
// have named, if nobody has renamed it since; the vendor's whose door it came by,
// if it may still sell.
func (im *Importer) target(ctx context.Context, i Import) (string, error) {
	if i.VendorID.IsZero() {
		return i.Target, knownVendor(ctx, im.DB, i.Target, vendors.ErrNoVendor)
	}
	return activeVendor(ctx, im.DB, i.VendorID)
}

// counting counts the bytes that are read.
type counting struct {
	io.Reader
	read int64
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.read += int64(n)
	return n, err
}

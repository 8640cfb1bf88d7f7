package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/blob"
	"souk/internal/platform/events"
	"souk/internal/platform/picture"
	"souk/internal/platform/postgres"
)

// ProductExport is the catalogue in a file, for a day.
type ProductExport struct {
	ID       id.ProductExport `db:"id" json:"id"`
	VendorID id.Vendor        `db:"vendor_id" json:"vendor_id,omitzero" doc:"Whose door it was asked for at; the shop's where there is none."`
	Format   string           `db:"format" json:"format"`
	Vendor   string           `db:"vendor" json:"vendor,omitempty" doc:"Slug of the only vendor in it."`
	State    string           `db:"state" json:"state" enum:"waiting,ready,failed"`
	File     string           `db:"file" json:"-"`
	Size     int64            `db:"size" json:"size" doc:"Bytes."`
	Variants int              `db:"variants" json:"variants"`
	Failure  string           `db:"failure" json:"failure,omitempty"`
	Actor    string           `db:"actor" json:"asked_by"`

	CreatedAt time.Time  `db:"created_at" json:"created_at"`
	ReadyAt   *time.Time `db:"ready_at" json:"ready_at,omitempty"`
	ExpiresAt time.Time  `db:"expires_at" json:"expires_at"`
}

var (
	// ErrNoExport says that there is no such export, not any more, or that it is somebody else's.
	ErrNoExport = errs.New(errs.NotFound, "export_not_found", "There is no such export.")
	// ErrNotReady says that a file is not there yet.
	ErrNotReady = errs.New(errs.Conflict, "export_not_ready", "This export is not ready.")
	// ErrManyExports keeps one vendor from taking all the time there is.
	ErrManyExports = errs.New(errs.Conflict, "too_many_exports", "Wait for the exports that are under way.")
)

const exportLife = 24 * time.Hour

// endings are the files' extensions by format.
var endings = map[string]string{soukFormat.name: ".csv", linesFormat.name: ".jsonl", shopifyFormat.name: ".csv"}

// Ask has a job write the catalogue into a file; with a vendor's slug, that
// vendor's products only.
func (im *Importer) Ask(ctx context.Context, tx pgx.Tx, format, vendor string) (ProductExport, error) {
	if err := knownVendor(ctx, tx, vendor, errUnknownVendor); err != nil {
		return ProductExport{}, err
	}
	return ask(ctx, tx, ProductExport{Format: format, Vendor: vendor})
}

// AskOwn has a job write a vendor's products into a file for that vendor.
func (im *Importer) AskOwn(ctx context.Context, tx pgx.Tx, format string, vendor id.Vendor) (ProductExport, error) {
	slug, err := activeVendor(ctx, tx, vendor)
	if err != nil {
		return ProductExport{}, err
	}
	return ask(ctx, tx, ProductExport{Format: format, Vendor: slug, VendorID: vendor})
}

func ask(ctx context.Context, tx pgx.Tx, e ProductExport) (ProductExport, error) {
	if !slices.Contains(ExportFormats, e.Format) {
		return ProductExport{}, errs.Validation.Field("/format", "unknown_format", "There is no such format to export.")
	}
	e.ID, e.File, e.Actor = id.New[id.ProductExport](), picture.NewName()+endings[e.Format], auth.From(ctx).Name()
	e, err := insertExport(ctx, tx, e)
	if err != nil {
		return ProductExport{}, err
	}
	return e, events.Raise(ctx, tx, ExportAsked{e.ID})
}

// Write writes an export that was asked for. It may be run again: the file has
// the name that was chosen then.
func (im *Importer) Write(ctx context.Context, asked ExportAsked) (err error) {
	e, err := findExport(ctx, im.DB, id.Vendor{}, asked.ExportID)
	if errors.Is(err, ErrNoExport) || err == nil && e.State != "waiting" {
		return nil
	}
	if err != nil {
		return err
	}
	file, err := blob.Scratch()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	variants, err := im.exportTo(ctx, file, e)
	var refusal *errs.Error
	if errors.As(err, &refusal) && refusal.Kind == errs.NotFound { // the vendor has another slug now
		return postgres.InTx(ctx, im.DB, func(tx pgx.Tx) error { return failExport(ctx, tx, e.ID, refusal.Message) })
	}
	if err != nil {
		return err
	}
	size, err := file.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return fmt.Errorf("read the export again: %w", err)
	}
	if size > 0 { // JSON Lines of an empty catalogue are no bytes, and no file
		if err := im.Blobs.Put(ctx, e.key(), blob.TypeOf(e.File), file, size); err != nil {
			return err
		}
	}
	return postgres.InTx(ctx, im.DB, func(tx pgx.Tx) error { return completeExport(ctx, tx, e.ID, size, variants) })
}

// exportTo writes what was asked for. A vendor's own goes by its id: another may
// have its slug by now.
func (im *Importer) exportTo(ctx context.Context, w io.Writer, e ProductExport) (variants int, err error) {
	if e.VendorID.IsZero() {
		return im.Export(ctx, w, e.Format, e.Vendor)
	}
	return im.export(ctx, w, e.Format, "", e.VendorID)
}

func (e ProductExport) key() string { return "product-exports/" + e.File }

// SweepExports removes the exports that have expired.
func (im *Importer) SweepExports(ctx context.Context) error {
	for ctx.Err() == nil {
		due, err := expiredExports(ctx, im.DB)
		if err != nil || len(due) == 0 {
			return err
		}
		for _, e := range due {
			if err := im.Blobs.Delete(ctx, e.key()); err != nil {
				return fmt.Errorf("remove export %s: %w", e.ID, err)
			}
			if err := postgres.InTx(ctx, im.DB, func(tx pgx.Tx) error { return deleteExport(ctx, tx, e.ID) }); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

package digital

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"souk/internal/catalog"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/blob"
	"souk/internal/platform/picture"
	"souk/internal/platform/postgres"
)

// A File is what the buyers of a variant may download.
type File struct {
	ID          id.DigitalFile `db:"id" json:"id"`
	VariantID   id.Variant     `db:"variant_id" json:"variant_id"`
	VendorID    id.Vendor      `db:"vendor_id" json:"-"`
	Name        string         `db:"name" json:"name" doc:"As the buyer's browser saves it."`
	ContentType string         `db:"content_type" json:"content_type"`
	Size        int64          `db:"size" json:"size" doc:"Bytes."`
	SHA256      string         `db:"sha256" json:"sha256" doc:"In hexadecimal."`
	File        string         `db:"file" json:"-"`
	CreatedAt   time.Time      `db:"created_at" json:"created_at"`
}

// A seller is a variant as far as its goods go.
type seller struct {
	Vendor  id.Vendor `db:"vendor_id"`
	Shipped bool      `db:"requires_shipping"`
	Tracked bool      `db:"tracked"`
}

// AddFile keeps a file for the buyers of a variant, of a vendor unless that is
// zero. Its row is there before the content is, so that a crash in between
// leaves nothing behind that [Goods.Sweep] does not find.
func (g *Goods) AddFile(ctx context.Context, vendor id.Vendor, variant id.Variant, name string, content *os.File, size int64) (File, error) {
	name, err := cleanName(name)
	if err != nil {
		return File{}, err
	}
	if size == 0 {
		return File{}, errs.Validation.Field("/file", "required", "The file is empty.")
	}
	digest := sha256.New()
	if _, err := io.Copy(digest, content); err != nil {
		return File{}, fmt.Errorf("read an upload: %w", err)
	}
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return File{}, fmt.Errorf("read an upload again: %w", err)
	}
	f := File{
		ID: id.New[id.DigitalFile](), VariantID: variant, Name: name, ContentType: blob.TypeOf(strings.ToLower(name)), Size: size,
		SHA256: hex.EncodeToString(digest.Sum(nil)), File: picture.NewName() + ".bin",
	}
	err = postgres.InTx(ctx, g.DB, func(tx pgx.Tx) error {
		of, err := lockVariant(ctx, tx, vendor, variant)
		if err != nil {
			return err
		}
		f.VendorID = of.Vendor
		f, err = insertFile(ctx, tx, f)
		return err
	})
	if err != nil {
		return File{}, err
	}
	if err := g.Blobs.Put(ctx, f.key(), "application/octet-stream", content, size); err != nil {
		return File{}, err
	}
	return f, postgres.InTx(ctx, g.DB, func(tx pgx.Tx) error { return moveFile(ctx, tx, f.VariantID, f.ID, "receiving", "ready") })
}

// RemoveFile takes a file off what is sold from now on. Who has bought it keeps it.
func (g *Goods) RemoveFile(ctx context.Context, tx pgx.Tx, vendor id.Vendor, variant id.Variant, file id.DigitalFile) error {
	if _, err := lockVariant(ctx, tx, vendor, variant); err != nil {
		return err
	}
	return moveFile(ctx, tx, variant, file, "ready", "removed")
}

// Sweep removes the content of files that nobody may have: uploads that never
// ended, and files that were removed a month ago and never bought.
func (g *Goods) Sweep(ctx context.Context) error {
	for ctx.Err() == nil {
		stray, err := strayFiles(ctx, g.DB)
		if err != nil || len(stray) == 0 {
			return err
		}
		for _, f := range stray {
			if err := g.Blobs.Delete(ctx, f.key()); err != nil {
				return fmt.Errorf("remove digital file %s: %w", f.ID, err)
			}
		}
		if err := postgres.InTx(ctx, g.DB, func(tx pgx.Tx) error { return deleteFiles(ctx, tx, stray) }); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (f File) key() string { return "digital/" + f.File }

// lockVariant keeps others from adding to a variant, or from having it shipped,
// until the transaction ends.
func lockVariant(ctx context.Context, tx pgx.Tx, vendor id.Vendor, variant id.Variant) (seller, error) {
	found, err := postgres.All[seller](ctx, tx, selectVariantLocked, pgx.NamedArgs{"vendor": vendor, "variant": variant})
	switch {
	case err != nil:
		return seller{}, fmt.Errorf("lock variant %s: %w", variant, err)
	case len(found) == 0:
		return seller{}, catalog.ErrNoVariant
	case found[0].Shipped:
		return seller{}, ErrShipped
	}
	return found[0], nil
}

const longestName = 200

// cleanName makes what a sender calls a file into what any machine can save:
// its last part, without what cannot be printed and without a dot in front.
func cleanName(name string) (string, error) {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	name = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || strings.ContainsRune(`/<>:"|?*`, r) {
			return -1
		}
		return r
	}, name)
	name = strings.TrimSpace(strings.TrimLeft(name, ". "))
	if name == "" || utf8.RuneCountInString(name) > longestName {
		return "", errs.Validation.Field("/name", "invalid", "Name the file as buyers are to save it, in at most 200 characters: name=manual.pdf.")
	}
	return name, nil
}

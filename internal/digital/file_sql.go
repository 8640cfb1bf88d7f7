package digital

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

const selectVariantLocked = `
	SELECT vendor_id, requires_shipping, tracked FROM variants
	WHERE id = @variant AND archived_at IS NULL AND (@vendor::uuid IS NULL OR vendor_id = @vendor)
	FOR NO KEY UPDATE`

const selectVariant = `
	SELECT vendor_id, requires_shipping, tracked FROM variants
	WHERE id = @variant AND archived_at IS NULL AND (@vendor::uuid IS NULL OR vendor_id = @vendor)`

const fileColumnsFragment = `id, variant_id, vendor_id, name, content_type, size, encode(sha256, 'hex') AS sha256, file, created_at`

const selectFiles = `SELECT ` + fileColumnsFragment + ` FROM digital_files WHERE variant_id = @variant AND state = 'ready' ORDER BY id`

// insertFile needs the variant's lock: it counts.
func insertFile(ctx context.Context, tx pgx.Tx, f File) (File, error) {
	made, err := postgres.All[File](ctx, tx, `
		INSERT INTO digital_files (id, variant_id, vendor_id, name, content_type, size, sha256, file, state)
		SELECT @id, @variant, @vendor, @name, @content_type, @size, decode(@sha256, 'hex'), @file, 'receiving'
		WHERE (SELECT count(*) FROM digital_files WHERE variant_id = @variant AND state <> 'removed') < @most
		RETURNING `+fileColumnsFragment,
		pgx.NamedArgs{
			"id": f.ID, "variant": f.VariantID, "vendor": f.VendorID, "name": f.Name, "content_type": f.ContentType, "size": f.Size,
			"sha256": f.SHA256, "file": f.File, "most": maxFiles,
		})
	switch {
	case err != nil:
		return File{}, fmt.Errorf("add digital file to variant %s: %w", f.VariantID, err)
	case len(made) == 0:
		return File{}, ErrManyFiles
	}
	return made[0], nil
}

func moveFile(ctx context.Context, tx pgx.Tx, variant id.Variant, file id.DigitalFile, from, to string) error {
	n, err := postgres.Exec(ctx, tx, `
		UPDATE digital_files SET state = @to, changed_at = now() WHERE id = @file AND variant_id = @variant AND state = @from`,
		pgx.NamedArgs{"file": file, "variant": variant, "from": from, "to": to})
	switch {
	case err != nil:
		return fmt.Errorf("move digital file %s to %s: %w", file, to, err)
	case n == 0:
		return ErrNoFile
	}
	return nil
}

// strayFragment is the files that nobody may have any more.
const strayFragment = `
	(f.state = 'receiving' AND f.changed_at < now() - @stray::interval
	 OR f.state = 'removed' AND f.changed_at < now() - @removed::interval
	    AND NOT EXISTS (SELECT FROM digital_grants g WHERE g.file_id = f.id))`

func strayFiles(ctx context.Context, db postgres.DB) ([]File, error) {
	list, err := postgres.All[File](ctx, db, `
		SELECT `+fileColumnsFragment+` FROM digital_files f WHERE `+strayFragment+` ORDER BY f.changed_at LIMIT 100`,
		pgx.NamedArgs{"stray": strayFor, "removed": removedFor})
	if err != nil {
		return nil, fmt.Errorf("find stray digital files: %w", err)
	}
	return list, nil
}

func deleteFiles(ctx context.Context, tx pgx.Tx, files []File) error {
	ids := make([]id.DigitalFile, len(files))
	for i, f := range files {
		ids[i] = f.ID
	}
	_, err := postgres.Exec(ctx, tx, `DELETE FROM digital_files f WHERE f.id = ANY (@ids::uuid[]) AND f.state <> 'ready'`, pgx.NamedArgs{"ids": ids})
	if err != nil {
		return fmt.Errorf("forget digital files: %w", err)
	}
	return nil
}

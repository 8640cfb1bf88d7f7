package importer

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

const productExportColumnsFragment = `id, vendor_id, format, vendor, state, file, size, variants, failure, actor, created_at, ready_at, expires_at`

// insertExport refuses a vendor that has many under way. Two at once may both
// be the last that may be: that does no harm.
func insertExport(ctx context.Context, tx pgx.Tx, e ProductExport) (ProductExport, error) {
	made, err := postgres.Get[ProductExport](ctx, tx, `
		INSERT INTO product_exports (id, vendor_id, format, vendor, file, actor, expires_at)
		SELECT @id, @owner::uuid, @format, @vendor, @file, @actor, now() + @life::interval
		WHERE @owner::uuid IS NULL OR (SELECT count(*) FROM product_exports WHERE vendor_id = @owner AND state = 'waiting' AND expires_at > now()) < @most
		RETURNING `+productExportColumnsFragment,
		pgx.NamedArgs{
			"id": e.ID, "owner": e.VendorID, "format": e.Format, "vendor": e.Vendor, "file": e.File, "actor": e.Actor,
			"life": exportLife, "most": maxUnderWay,
		})
	if errors.Is(err, postgres.ErrNoRow) {
		return ProductExport{}, ErrManyExports
	}
	if err != nil {
		return ProductExport{}, fmt.Errorf("ask for export: %w", err)
	}
	return made, nil
}

// findExport reads an export of a vendor; of anybody where that is zero.
func findExport(ctx context.Context, db postgres.DB, vendor id.Vendor, export id.ProductExport) (ProductExport, error) {
	e, err := postgres.Get[ProductExport](ctx, db, `
		SELECT `+productExportColumnsFragment+` FROM product_exports
		WHERE id = @id AND (@vendor::uuid IS NULL OR vendor_id = @vendor) AND expires_at > now()`, pgx.NamedArgs{"id": export, "vendor": vendor})
	if errors.Is(err, postgres.ErrNoRow) {
		return ProductExport{}, ErrNoExport
	}
	if err != nil {
		return ProductExport{}, fmt.Errorf("read export %s: %w", export, err)
	}
	return e, nil
}

// listExports reads the exports of a vendor, or all of them, the last ones first.
func listExports(ctx context.Context, db postgres.DB, vendor id.Vendor, after id.ProductExport, limit int) ([]ProductExport, error) {
	list, err := postgres.All[ProductExport](ctx, db, `
		SELECT `+productExportColumnsFragment+` FROM product_exports
		WHERE expires_at > now() AND (@vendor::uuid IS NULL OR vendor_id = @vendor) AND (@after::uuid IS NULL OR id < @after) ORDER BY id DESC LIMIT @limit`,
		pgx.NamedArgs{"vendor": vendor, "after": after, "limit": limit})
	if err != nil {
		return nil, fmt.Errorf("list exports: %w", err)
	}
	return list, nil
}

func completeExport(ctx context.Context, tx pgx.Tx, export id.ProductExport, size int64, variants int) error {
	_, err := postgres.Exec(ctx, tx, `
		UPDATE product_exports SET state = 'ready', ready_at = now(), size = @size, variants = @variants, expires_at = now() + @life::interval
		WHERE id = @id AND state = 'waiting'`, pgx.NamedArgs{"id": export, "size": size, "variants": variants, "life": exportLife})
	if err != nil {
		return fmt.Errorf("complete export %s: %w", export, err)
	}
	return nil
}

func failExport(ctx context.Context, tx pgx.Tx, export id.ProductExport, reason string) error {
	_, err := postgres.Exec(ctx, tx, `
		UPDATE product_exports SET state = 'failed', failure = @reason WHERE id = @id AND state = 'waiting'`,
		pgx.NamedArgs{"id": export, "reason": reason})
	if err != nil {
		return fmt.Errorf("give export %s up: %w", export, err)
	}
	return nil
}

func expiredExports(ctx context.Context, db postgres.DB) ([]ProductExport, error) {
	due, err := postgres.All[ProductExport](ctx, db, `
		SELECT `+productExportColumnsFragment+` FROM product_exports WHERE expires_at <= now() ORDER BY expires_at LIMIT 100`, nil)
	if err != nil {
		return nil, fmt.Errorf("find expired exports: %w", err)
	}
	return due, nil
}

func deleteExport(ctx context.Context, tx pgx.Tx, export id.ProductExport) error {
	if _, err := postgres.Exec(ctx, tx, `DELETE FROM product_exports WHERE id = @id`, pgx.NamedArgs{"id": export}); err != nil {
		return fmt.Errorf("remove export %s: %w", export, err)
	}
	return nil
}

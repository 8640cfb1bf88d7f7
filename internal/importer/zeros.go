package importer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"souk/internal/catalog"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// zeroed is a variant whose SKU or barcode begins with a zero, which a
// spreadsheet takes off when it takes them for numbers.
type zeroed struct {
	Handle  string   `db:"handle"`
	Options []string `db:"options"`
	SKU     string   `db:"sku"`
	Barcode string   `db:"barcode"`
}

const selectZeroed = `
	SELECT p.handle, v.options, coalesce(v.sku, '') AS sku, v.barcode
	FROM products p JOIN variants v ON v.product_id = p.id AND v.archived_at IS NULL
	WHERE p.vendor_id = @vendor AND p.handle = ANY (@handles) AND (v.sku LIKE '0%' OR v.barcode LIKE '0%')`

// keepZeros leaves SKUs and barcodes as they are where all that a file changes
// is that they have lost their zeros, and warns of it.
func (r *run) keepZeros(ctx context.Context, tx pgx.Tx, vendor id.Vendor, items []*item, drafts []catalog.Draft) error {
	handles := make([]string, len(items))
	for i, it := range items {
		handles[i] = it.Handle
	}
	found, err := postgres.All[zeroed](ctx, tx, selectZeroed, pgx.NamedArgs{"vendor": vendor, "handles": handles})
	if err != nil {
		return fmt.Errorf("read codes with zeros: %w", err)
	}
	there := map[string][]zeroed{}
	for _, z := range found {
		there[z.Handle] = append(there[z.Handle], z)
	}
	for i, it := range items {
		for n := range drafts[i].Variants {
			for _, z := range there[it.Handle] {
				z.keep(it, it.Variants[n].row, &drafts[i].Variants[n])
			}
		}
	}
	return nil
}

// keep puts the zeros back if d is this variant.
func (z zeroed) keep(it *item, at row, d *catalog.VariantDraft) {
	sameSKU := d.SKU == z.SKU || lostZeros(d.SKU, z.SKU)
	if !slices.Equal(d.Options, z.Options) && (d.SKU == "" || !sameSKU) {
		return
	}
	for field, code := range map[string]struct {
		is  *string
		was string
	}{"sku": {&d.SKU, z.SKU}, "barcode": {&d.Barcode, z.Barcode}} {
		if lostZeros(*code.is, code.was) {
			c := cells{row: at}
			c.warn(field, "%s has lost the zeros of %s, which was left as it is: format the column as text", *code.is, code.was)
			it.problems = append(it.problems, warnings(c.warnings)...)
			*code.is = code.was
		}
	}
}

// lostZeros reports whether a number is another one without the zeros that
// that begins with.
func lostZeros(is, was string) bool {
	return is != "" && is != was && strings.Trim(is, "0123456789") == "" && strings.TrimLeft(was, "0") == is
}

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
	Vendor  id.Vendor `db:"vendor_id"`
	Handle  string    `db:"handle"`
	Options []string  `db:"options"`
	SKU     string    `db:"sku"`
	Barcode string    `db:"barcode"`
}

const selectZeroed = `
	SELECT p.vendor_id, p.handle, v.options, coalesce(v.sku, '') AS sku, v.barcode
	FROM products p JOIN variants v ON v.product_id = p.id AND v.archived_at IS NULL
	WHERE p.vendor_id = ANY (@vendors) AND p.handle = ANY (@handles) AND (v.sku LIKE '0%' OR v.barcode LIKE '0%')`

// zeroes are the zeroed variants of products by vendor and handle.
type zeroes map[string][]zeroed

func findZeroes(ctx context.Context, tx pgx.Tx, owners []id.Vendor, batch []*item) (zeroes, error) {
	handles := make([]string, len(batch))
	for i, it := range batch {
		handles[i] = it.Handle
	}
	found, err := postgres.All[zeroed](ctx, tx, selectZeroed, pgx.NamedArgs{"vendors": owners, "handles": handles})
	if err != nil {
		return nil, fmt.Errorf("read codes with zeros: %w", err)
	}
	z := zeroes{}
	for _, one := range found {
		key := one.Vendor.String() + one.Handle
		z[key] = append(z[key], one)
	}
	return z, nil
}

// keep leaves SKUs and barcodes as they are where all that a file changes is
// that they have lost their zeros, and warns of it.
func (z zeroes) keep(vendor id.Vendor, it *item, d *catalog.Draft) {
	if len(z) == 0 {
		return
	}
	for _, one := range z[vendor.String()+it.Handle] {
		for n := range d.Variants {
			one.keep(it, it.Variants[n].row, &d.Variants[n])
		}
	}
}

// keep puts the zeros back if d is this variant.
func (z zeroed) keep(it *item, at row, d *catalog.VariantDraft) {
	sameSKU := d.SKU == z.SKU || lostZeros(d.SKU, z.SKU)
	if !slices.Equal(d.Options, z.Options) && (d.SKU == "" || !sameSKU) {
		return
	}
	for _, code := range []struct {
		field string
		is    *string
		was   string
	}{{"sku", &d.SKU, z.SKU}, {"barcode", &d.Barcode, z.Barcode}} {
		if lostZeros(*code.is, code.was) {
			c := cells{row: at}
			c.warn(code.field, "%s has lost the zeros of %s, which was left as it is: format the column as text", *code.is, code.was)
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

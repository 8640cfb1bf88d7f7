package importer

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// fileOf is a file of a variant by what it holds.
type fileOf struct {
	Variant id.Variant `db:"variant_id"`
	SHA256  string     `db:"sha256"`
}

// missFiles warns of files that variants are said to have and do not: a
// catalogue names them and does not hold them.
func missFiles(ctx context.Context, tx pgx.Tx, all []placed) error {
	var sell []id.Variant
	for _, v := range all {
		if len(v.Files) > 0 {
			sell = append(sell, v.id)
		}
	}
	if len(sell) == 0 {
		return nil
	}
	found, err := postgres.All[fileOf](ctx, tx, `
		SELECT variant_id, encode(sha256, 'hex') AS sha256 FROM digital_files WHERE variant_id = ANY(@variants) AND state = 'ready'`,
		pgx.NamedArgs{"variants": sell})
	if err != nil {
		return fmt.Errorf("look for files of %d variants: %w", len(sell), err)
	}
	there := map[fileOf]bool{}
	for _, f := range found {
		there[f] = true
	}
	for _, v := range all {
		for _, f := range v.Files {
			if there[fileOf{v.id, f.SHA256}] {
				continue
			}
			c := cells{row: v.row}
			c.warn("files", "%s is not in this shop: send it to the variant, then put the product on sale", f.Name)
			v.item.problems = append(v.item.problems, warnings(c.warnings)...)
		}
	}
	return nil
}

package importer

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"souk/internal/catalog"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// A Change is what a dry run would change in a product that is there already.
type Change struct {
	Handle string `db:"handle" json:"handle"`
	SKU    string `db:"sku" json:"sku,omitempty" doc:"Of the variant, where the change is one of a variant."`
	Field  string `db:"field" json:"field" doc:"As Souk's own CSV calls it."`
	Before string `db:"before" json:"before"`
	After  string `db:"after" json:"after"`
	Number int    `db:"number" json:"-"` // in a list that is kept
}

// maxText is how much is shown of a text that changes, in characters.
const maxText = 200

// compare applies a batch and finds what that changes. The transaction is to
// be rolled back.
func (r *run) compare(ctx context.Context, tx pgx.Tx, batch []*item) error {
	before, err := r.state(ctx, tx, batch)
	if err != nil {
		return err
	}
	if err := r.apply(ctx, tx, batch); err != nil {
		return err
	}
	created := map[string]bool{} // rows that only give prices come behind their product
	known := slices.DeleteFunc(slices.Clone(batch), func(it *item) bool {
		key := it.owner.Slug + "\x00" + it.Handle
		created[key] = created[key] || it.change == catalog.Created
		return created[key]
	})
	after, err := r.state(ctx, tx, known)
	if err != nil {
		return err
	}
	was := map[id.Variant]exportLine{}
	for _, line := range before {
		was[line.Variant] = line
	}
	items := map[string]*item{}
	for _, it := range known {
		if key := it.owner.Slug + "\x00" + it.Handle; items[key] == nil {
			items[key] = it
		}
	}
	last := ""
	for _, line := range after {
		key := line.VendorSlug + "\x00" + line.Handle
		it := items[key]
		changes, err := line.changes(was[line.Variant], key != last, r)
		if err != nil {
			return err
		}
		it.changes, last = append(it.changes, changes...), key
	}
	return nil
}

// changes compares two states of a variant, and those of its product with the
// first of them. A variant that is new has been nothing.
func (l exportLine) changes(was exportLine, first bool, r *run) (changes []Change, err error) {
	if was.Variant.IsZero() {
		return []Change{{Handle: l.Handle, SKU: l.SKU, Field: "variant", After: shortened(join(l.Options), maxText)}}, nil
	}
	is, err := l.cells(first, r.Currency)
	if err != nil {
		return nil, err
	}
	before, err := was.cells(first, r.Currency)
	if err != nil {
		return nil, err
	}
	for i, field := range soukColumns {
		if is[i] == before[i] {
			continue
		}
		c := Change{Handle: l.Handle, Field: field, Before: shortened(unguard(before[i]), maxText), After: shortened(unguard(is[i]), maxText)}
		if i > len(productColumns) {
			c.SKU = l.SKU
		}
		changes = append(changes, c)
	}
	return changes, nil
}

func shortened(text string, most int) string {
	if letters := []rune(text); len(letters) > most {
		return string(letters[:most-1]) + "…"
	}
	return text
}

// state reads the products of a batch as an export has them.
func (r *run) state(ctx context.Context, tx pgx.Tx, batch []*item) ([]exportLine, error) {
	if len(batch) == 0 {
		return nil, nil
	}
	owners, handles := make([]string, len(batch)), make([]string, len(batch))
	for i, it := range batch {
		owners[i], handles[i] = it.owner.Slug, it.Handle
	}
	lines, err := postgres.All[exportLine](ctx, tx, exportFragment+`
		JOIN (SELECT DISTINCT unnest(@owners::text[]) AS owner, unnest(@handles::text[]) AS handle) q ON q.owner = v.slug AND q.handle = p.handle
		ORDER BY v.slug, p.handle, r.position, r.id`, pgx.NamedArgs{"owners": owners, "handles": handles})
	if err != nil {
		return nil, fmt.Errorf("read what is there: %w", err)
	}
	for i := range lines {
		lines[i] = lines[i].settled(r.BaseURL)
	}
	return lines, nil
}

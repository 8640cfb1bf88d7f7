package vendors

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

// Named is a vendor as an import file names it. Without a slug, one is made
// from the name.
type Named struct{ Name, Slug string }

// Ensure finds the vendors of an import by their slugs and makes those that are
// missing, active at once. It answers with every slug's id, under the slug as
// it was given or, where none was, as it was made: see [SlugOf].
func Ensure(ctx context.Context, tx pgx.Tx, wanted []Named) (map[string]id.Vendor, error) {
	names := map[string]string{}
	for _, w := range wanted {
		if w.Slug == "" {
			w.Slug = SlugOf(w.Name)
		}
		if !slug.MatchString(w.Slug) || len(w.Slug) > maxSlug || strings.TrimSpace(w.Name) == "" {
			return nil, errs.Validation.Field("/vendor", "invalid", fmt.Sprintf("%q is not a vendor.", w.Name))
		}
		if _, known := names[w.Slug]; !known {
			names[w.Slug] = strings.TrimSpace(w.Name)
		}
	}
	var rows []Named
	for s, name := range names {
		rows = append(rows, Named{name, s})
	}
	slices.SortFunc(rows, func(a, b Named) int { return strings.Compare(a.Slug, b.Slug) }) // one lock order
	made, err := insertMissing(ctx, tx, rows)
	if err != nil {
		return nil, fmt.Errorf("make vendors of import: %w", err)
	}
	for _, vendor := range made {
		if err := events.Raise(ctx, tx, Changed{vendor}); err != nil {
			return nil, err
		}
	}
	return idsOf(ctx, tx, rows)
}

// insertMissing answers with the new ones.
func insertMissing(ctx context.Context, tx pgx.Tx, rows []Named) ([]id.Vendor, error) {
	ids, slugs, names := make([]id.Vendor, len(rows)), make([]string, len(rows)), make([]string, len(rows))
	for i, r := range rows {
		ids[i], slugs[i], names[i] = id.New[id.Vendor](), r.Slug, r.Name
	}
	return postgres.Column[id.Vendor](ctx, tx, `
		INSERT INTO vendors (id, slug, name, status)
		SELECT id, slug, name, 'active' FROM unnest(@ids::uuid[], @slugs::text[], @names::text[]) AS wanted (id, slug, name)
		ON CONFLICT (slug) DO NOTHING RETURNING id`, pgx.NamedArgs{"ids": ids, "slugs": slugs, "names": names})
}

func idsOf(ctx context.Context, tx pgx.Tx, rows []Named) (map[string]id.Vendor, error) {
	slugs := make([]string, len(rows))
	for i, r := range rows {
		slugs[i] = r.Slug
	}
	found, err := postgres.All[struct {
		Slug string    `db:"slug"`
		ID   id.Vendor `db:"id"`
	}](ctx, tx, `SELECT slug, id FROM vendors WHERE slug = ANY (@slugs::text[])`, pgx.NamedArgs{"slugs": slugs})
	if err != nil {
		return nil, fmt.Errorf("read vendors of import: %w", err)
	}
	ids := make(map[string]id.Vendor, len(found))
	for _, f := range found {
		ids[f.Slug] = f.ID
	}
	return ids, nil
}

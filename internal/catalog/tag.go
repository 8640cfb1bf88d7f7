package catalog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// Tag is a word by which products are found together.
type Tag struct {
	ID   id.Tag `db:"id" json:"id"`
	Slug string `db:"slug" json:"slug"`
	Name string `db:"name" json:"name"`
}

// Brand is who makes a product.
type Brand struct {
	ID   id.Brand `json:"id"`
	Slug string   `json:"slug"`
	Name string   `json:"name"`
}

// ScanNull refuses: where there may be no brand it is read into a *Brand.
func (b *Brand) ScanNull() error { return errors.New("cannot scan NULL into a Brand") }

// ScanIndex reads the row expression (id, slug, name).
func (b *Brand) ScanIndex(i int) any {
	switch i {
	case 0:
		return &b.ID
	case 1:
		return &b.Slug
	case 2:
		return &b.Name
	}
	return nil
}

var (
	// ErrNoTag says that there is no such tag.
	ErrNoTag = errs.New(errs.NotFound, "tag_not_found", "There is no such tag.")
	// ErrTagTaken says that another tag is written the same.
	ErrTagTaken = errs.New(errs.Conflict, "tag_taken", "There is a tag of this name.")
	errTagName  = errs.Validation.Field("/name", "bad_name", "A name has letters or digits, and at most 200 characters.")
)

func init() { postgres.Name("tags_slug_key", ErrTagTaken) }

// labels are tags or brands by slug; two names that fold to one slug are one label.
type labels[T any] map[string]T

// of are the labels of names, each once and in the order of slugs.
func (l labels[T]) of(names []string) []T {
	var slugs []string
	for _, name := range names {
		if _, ok := l[slug(name)]; ok {
			slugs = append(slugs, slug(name))
		}
	}
	slices.Sort(slugs)
	list := []T{}
	for _, s := range slices.Compact(slugs) {
		list = append(list, l[s])
	}
	return list
}

// named are the slugs and names of labels as their tables want them: sorted,
// so that two who add the same ones do not wait for each other in a circle.
// What is not a name is left out.
func named(names []string) (slugs, clean []string) {
	type label struct{ slug, name string }
	var list []label
	for _, name := range names {
		if s := slug(name); isLabel(name) {
			list = append(list, label{s, line(name)})
		}
	}
	slices.SortStableFunc(list, func(a, b label) int { return cmp.Compare(a.slug, b.slug) })
	list = slices.CompactFunc(list, func(a, b label) bool { return a.slug == b.slug })
	for _, l := range list {
		slugs, clean = append(slugs, l.slug), append(clean, l.name)
	}
	return slugs, clean
}

func isLabel(name string) bool { return slug(name) != "" && len([]rune(line(name))) <= 200 }

// checkTagNames refuses names that named would leave out.
func checkTagNames(names []string) error {
	var bad errs.Fields
	for i, name := range names {
		bad.Require(isLabel(name), "/tags/"+strconv.Itoa(i), "bad_name", "A name has letters or digits, and at most 200 characters.")
	}
	return bad.Err()
}

// ensureTags finds the tags of these names and makes those that are missing.
func (c *Catalog) ensureTags(ctx context.Context, tx pgx.Tx, names []string) (labels[Tag], error) {
	slugs, clean := named(names)
	bySlug := labels[Tag]{}
	read := func() error {
		list, err := postgres.All[Tag](ctx, tx, selectTagsBySlug, pgx.NamedArgs{"slugs": slugs})
		for _, t := range list {
			bySlug[t.Slug] = t
		}
		return err
	}
	if len(slugs) == 0 {
		return bySlug, nil
	}
	err := read()
	if err == nil && len(bySlug) < len(slugs) {
		ids := make([]id.Tag, len(slugs))
		for i := range ids {
			ids[i] = id.New[id.Tag]()
		}
		if _, err = postgres.Exec(ctx, tx, insertTags, pgx.NamedArgs{"ids": ids, "slugs": slugs, "names": clean}); err == nil {
			err = read() // somebody else may have made some of them
		}
	}
	if err != nil {
		return nil, fmt.Errorf("ensure %d tags: %w", len(slugs), err)
	}
	return bySlug, nil
}

// ensureBrands is ensureTags for brands.
func (c *Catalog) ensureBrands(ctx context.Context, tx pgx.Tx, names []string) (labels[Brand], error) {
	slugs, clean := named(names)
	bySlug := labels[Brand]{}
	read := func() error {
		list, err := postgres.Column[Brand](ctx, tx, selectBrandsBySlug, pgx.NamedArgs{"slugs": slugs})
		for _, b := range list {
			bySlug[b.Slug] = b
		}
		return err
	}
	if len(slugs) == 0 {
		return bySlug, nil
	}
	err := read()
	if err == nil && len(bySlug) < len(slugs) {
		ids := make([]id.Brand, len(slugs))
		for i := range ids {
			ids[i] = id.New[id.Brand]()
		}
		if _, err = postgres.Exec(ctx, tx, insertBrands, pgx.NamedArgs{"ids": ids, "slugs": slugs, "names": clean}); err == nil {
			err = read()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("ensure %d brands: %w", len(slugs), err)
	}
	return bySlug, nil
}

// brandNamed is the brand of a name, made where there is none; nil for no name.
func (c *Catalog) brandNamed(ctx context.Context, tx pgx.Tx, name string) (*Brand, error) {
	if line(name) == "" {
		return nil, nil //nolint:nilnil // a product may have no brand
	}
	brands, err := c.ensureBrands(ctx, tx, []string{name})
	if err != nil {
		return nil, err
	}
	b, ok := brands[slug(name)]
	if !ok {
		return nil, errs.Validation.Field("/brand", "bad_name", "A brand's name has letters or digits.")
	}
	return &b, nil
}

// Tags lists tags by slug, after one, at most limit; q is what the name holds.
func (c *Catalog) Tags(ctx context.Context, db postgres.DB, q, after string, limit int) ([]Tag, error) {
	return postgres.All[Tag](ctx, db, selectTags, pgx.NamedArgs{"like": contains(q), "after": after, "limit": limit})
}

// Brands lists brands as Tags lists tags.
func (c *Catalog) Brands(ctx context.Context, db postgres.DB, q, after string, limit int) ([]Brand, error) {
	return postgres.Column[Brand](ctx, db, selectBrands, pgx.NamedArgs{"like": contains(q), "after": after, "limit": limit})
}

// NewTag makes a tag.
func (c *Catalog) NewTag(ctx context.Context, tx pgx.Tx, name string) (Tag, error) {
	t := Tag{id.New[id.Tag](), slug(name), line(name)}
	if t.Slug == "" {
		return Tag{}, errTagName
	}
	n, err := postgres.Exec(ctx, tx, insertTags, pgx.NamedArgs{
		"ids": []id.Tag{t.ID}, "slugs": []string{t.Slug}, "names": []string{t.Name},
	})
	if err == nil && n == 0 {
		err = ErrTagTaken
	}
	return t, err
}

// RenameTag gives a tag another name, and its products with it.
func (c *Catalog) RenameTag(ctx context.Context, tx pgx.Tx, tag id.Tag, name string) (Tag, error) {
	t := Tag{tag, slug(name), line(name)}
	if t.Slug == "" {
		return Tag{}, errTagName
	}
	n, err := postgres.Exec(ctx, tx, updateTag, pgx.NamedArgs{"id": tag, "slug": t.Slug, "name": t.Name})
	if err == nil && n == 0 {
		err = ErrNoTag
	}
	if err != nil {
		return Tag{}, fmt.Errorf("rename tag %s: %w", tag, err)
	}
	products, err := postgres.Column[id.Product](ctx, tx, selectTagged, pgx.NamedArgs{"id": tag})
	if err != nil {
		return Tag{}, fmt.Errorf("find products of tag %s: %w", tag, err)
	}
	return t, raiseChanged(ctx, tx, products)
}

// DeleteTag removes a tag from its products and altogether.
func (c *Catalog) DeleteTag(ctx context.Context, tx pgx.Tx, tag id.Tag) error {
	products, err := postgres.Column[id.Product](ctx, tx, untagProducts, pgx.NamedArgs{"id": tag})
	if err != nil {
		return fmt.Errorf("take tag %s off its products: %w", tag, err)
	}
	n, err := postgres.Exec(ctx, tx, deleteTag, pgx.NamedArgs{"id": tag})
	switch {
	case err != nil:
		return fmt.Errorf("delete tag %s: %w", tag, err)
	case n == 0:
		return ErrNoTag
	}
	return raiseChanged(ctx, tx, products)
}

package catalog

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// Category is a place in the tree by which buyers browse.
type Category struct {
	ID           id.Category                    `db:"id" json:"id"`
	ParentID     id.Category                    `db:"parent_id" json:"parent_id,omitempty,omitzero"`
	Slug         string                         `db:"slug" json:"slug"`
	Name         string                         `db:"name" json:"name"`
	Path         string                         `db:"path" json:"path" doc:"The names from the root: Apparel > Shoes."`
	Ancestors    []id.Category                  `db:"ancestors" json:"-"` // from the root to itself
	Position     int                            `db:"position" json:"position"`
	Description  string                         `db:"description" json:"description"`
	Translations map[string]CategoryTranslation `db:"translations" json:"translations,omitempty" doc:"For staff: by locale."`
	Version      int64                          `db:"version" json:"-"`
}

// ETag lets an edit say which version it changes.
func (c Category) ETag() string { return httpapi.VersionTag(c.Version) }

// Branch is a category with those below it.
type Branch struct {
	Category
	Children []Branch `json:"children"`
}

const (
	pathGlue = " > "
	maxDepth = 10
	maxPath  = 1000       // bytes: paths have an index
	treeCap  = 20_000     // a tree is answered whole, so it has an end
	treeLock = 0x63617473 // advisory: "cats"
)

var (
	// ErrNoCategory says that there is no such category.
	ErrNoCategory = errs.New(errs.NotFound, "category_not_found", "There is no such category.")
	// ErrCategoryTaken says that there is one of that name or slug.
	ErrCategoryTaken = errs.New(errs.Conflict, "category_taken", "There is a category of this name here, or of this slug.")
	// ErrCategoryInUse keeps products and subcategories from losing their place.
	ErrCategoryInUse = errs.New(errs.Conflict, "category_in_use", "The category has products or subcategories. Move them first.")
	errCategoryLoop  = errs.Validation.Field("/parent_id", "loop", "A category cannot be below itself.")
)

func init() {
	postgres.Name("categories_slug_key", ErrCategoryTaken)
	postgres.Name("categories_path_key", ErrCategoryTaken)
}

// CategoriesChanged says that the tree is not what it was, or what its categories
// are called. Changed is raised besides, for the products in them.
type CategoriesChanged struct{}

// EventName names the event in the log.
func (CategoriesChanged) EventName() string { return "catalog.categories_changed" }

// ShownTree is the tree as shoppers read it in a language.
func ShownTree(ctx context.Context, db postgres.DB, locale string) ([]Branch, error) {
	tree, err := CategoryTree(ctx, db)
	for i := range tree {
		tree[i] = tree[i].in(locale, "")
	}
	return tree, err
}

// CategoryTree is every category below the root, in order.
func CategoryTree(ctx context.Context, db postgres.DB) ([]Branch, error) {
	list, err := postgres.All[Category](ctx, db, selectCategories, pgx.NamedArgs{"limit": treeCap})
	if err != nil {
		return nil, fmt.Errorf("read categories: %w", err)
	}
	below := map[id.Category][]Category{}
	for _, cat := range list {
		below[cat.ParentID] = append(below[cat.ParentID], cat)
	}
	return branches(below, id.Category{}), nil
}

func branches(below map[id.Category][]Category, parent id.Category) []Branch {
	list := make([]Branch, 0, len(below[parent]))
	for _, cat := range below[parent] {
		list = append(list, Branch{cat, branches(below, cat.ID)})
	}
	return list
}

// Category is one category.
func (c *Catalog) Category(ctx context.Context, db postgres.DB, category id.Category) (Category, error) {
	list, err := postgres.All[Category](ctx, db, selectCategory, pgx.NamedArgs{"id": category})
	if err == nil && len(list) == 0 {
		return Category{}, ErrNoCategory
	}
	if err != nil {
		return Category{}, fmt.Errorf("read category %s: %w", category, err)
	}
	return list[0], nil
}

// categoriesCalled finds categories by id or slug, in the order given.
func (c *Catalog) categoriesCalled(ctx context.Context, db postgres.DB, names []string) ([]Category, error) {
	var ids []id.Category
	for _, name := range names {
		if v, err := id.Parse[id.Category](name); err == nil {
			ids = append(ids, v)
		}
	}
	list, err := postgres.All[Category](ctx, db, selectCategoriesCalled, pgx.NamedArgs{"ids": ids, "slugs": names})
	if err != nil {
		return nil, fmt.Errorf("find categories: %w", err)
	}
	called := make(map[string]Category, 2*len(list))
	for _, cat := range list {
		called[cat.ID.String()], called[cat.Slug] = cat, cat
	}
	var bad errs.Fields
	found := []Category{}
	for i, name := range names {
		cat, ok := called[name]
		bad.Require(ok, "/categories/"+strconv.Itoa(i), "not_found", "There is no such category.")
		if ok && !slices.ContainsFunc(found, func(f Category) bool { return f.ID == cat.ID }) {
			found = append(found, cat)
		}
	}
	return found, bad.Err()
}

// CategoryEdit is what may be said of a category; nil leaves things as they are.
type CategoryEdit struct {
	Name         *string                         `json:"name,omitempty" minLength:"1" maxLength:"200"`
	Slug         *string                         `json:"slug,omitempty" minLength:"1" maxLength:"100"`
	ParentID     *id.Category                    `json:"parent_id,omitempty" doc:"Under which category it stands."`
	Root         bool                            `json:"root,omitempty" doc:"Puts it at the top, under none."`
	Position     *int                            `json:"position,omitempty" minimum:"0" maximum:"1000000"`
	Description  *string                         `json:"description,omitempty" maxLength:"5000"`
	Translations *map[string]CategoryTranslation `json:"translations,omitempty" doc:"By locale, in place of those that are there."`
}

// NewCategory makes a category.
func (c *Catalog) NewCategory(ctx context.Context, tx pgx.Tx, e CategoryEdit) (Category, error) {
	if err := lockTree(ctx, tx); err != nil {
		return Category{}, err
	}
	cat := Category{ID: id.New[id.Category](), Version: 1}
	if err := c.editCategory(ctx, tx, &cat, e); err != nil {
		return Category{}, err
	}
	return cat, insertTree(ctx, tx, []Category{cat})
}

func insertTree(ctx context.Context, tx pgx.Tx, list []Category) error {
	if _, err := postgres.Exec(ctx, tx, insertCategories, categoryRows(list)); err != nil {
		return fmt.Errorf("insert %d categories: %w", len(list), err)
	}
	return events.Raise(ctx, tx, CategoriesChanged{})
}

// UpdateCategory changes a category; what is below it moves along.
func (c *Catalog) UpdateCategory(ctx context.Context, tx pgx.Tx, category id.Category, version int64, e CategoryEdit) (Category, error) {
	if err := lockTree(ctx, tx); err != nil {
		return Category{}, err
	}
	was, err := c.Category(ctx, tx, category)
	switch {
	case err != nil:
		return Category{}, err
	case was.Version != version:
		return Category{}, httpapi.ErrPreconditionFailed
	}
	cat := was
	if err := c.editCategory(ctx, tx, &cat, e); err != nil {
		return Category{}, err
	}
	cat.Version++
	b := postgres.NewBatch()
	b.Queue(updateCategory, pgx.NamedArgs{
		"id": cat.ID, "parent": cat.ParentID, "slug": cat.Slug, "name": cat.Name, "path": cat.Path,
		"ancestors": cat.Ancestors, "position": cat.Position, "description": cat.Description, "translations": orEmpty(cat.Translations),
	})
	b.Queue(moveSubcategories, pgx.NamedArgs{
		"id": cat.ID, "path": cat.Path, "old_length": len([]rune(was.Path)),
		"ancestors": cat.Ancestors, "old_depth": len(was.Ancestors),
	})
	if err := b.Send(ctx, tx); err != nil {
		return Category{}, fmt.Errorf("update category %s: %w", category, err)
	}
	products, err := postgres.Column[id.Product](ctx, tx, selectCategorised, pgx.NamedArgs{"id": category})
	if err != nil {
		return Category{}, fmt.Errorf("find products of category %s: %w", category, err)
	}
	if err := events.Raise(ctx, tx, CategoriesChanged{}); err != nil {
		return Category{}, err
	}
	return cat, raiseChanged(ctx, tx, products)
}

// editCategory applies an edit and settles what follows from it.
func (c *Catalog) editCategory(ctx context.Context, tx pgx.Tx, cat *Category, e CategoryEdit) error {
	set(&cat.Name, e.Name, line)
	set(&cat.Description, e.Description, line)
	put(&cat.Position, e.Position)
	put(&cat.ParentID, e.ParentID)
	if e.Root {
		cat.ParentID = id.Category{}
	}
	if e.Translations != nil {
		clean := cleanCategoryTranslations(*e.Translations)
		if err := c.Locales.check(ctx, localesOf(clean), localesOf(cat.Translations)); err != nil {
			return err
		}
		cat.Translations = clean
	}
	var parent Category
	if !cat.ParentID.IsZero() {
		list, err := postgres.All[Category](ctx, tx, selectCategory, pgx.NamedArgs{"id": cat.ParentID})
		if err != nil {
			return fmt.Errorf("read parent category: %w", err)
		}
		if len(list) == 0 {
			return errs.Validation.Field("/parent_id", "not_found", "There is no such category.")
		}
		parent = list[0]
	}
	if slices.Contains(parent.Ancestors, cat.ID) {
		return errCategoryLoop
	}
	switch {
	case e.Slug != nil:
		cat.Slug = slug(*e.Slug)
	case cat.Slug == "":
		cat.Slug = slug(cat.Name)
		taken, err := postgres.Column[string](ctx, tx, selectCategorySlugs, pgx.NamedArgs{"slugs": []string{cat.Slug}})
		if err != nil {
			return fmt.Errorf("look for slug: %w", err)
		}
		if len(taken) > 0 {
			cat.Slug = slug(parent.Path + " " + cat.Name)
		}
	}
	below, err := postgres.Get[extent](ctx, tx, selectExtent, pgx.NamedArgs{"id": cat.ID})
	if err != nil {
		return fmt.Errorf("look below category %s: %w", cat.ID, err)
	}
	was := *cat
	cat.place(parent)
	deepest, longest := below.Depth-len(was.Ancestors)+len(cat.Ancestors), below.Length-len(was.Path)+len(cat.Path)
	var bad errs.Fields
	bad.Require(cat.Name != "" && !strings.Contains(cat.Name, ">"), "/name", "bad_name", "A name is not empty and holds no >.")
	bad.Require(cat.Slug != "", "/slug", "bad_slug", "A slug has letters or digits.")
	bad.Require(max(len(cat.Ancestors), deepest) <= maxDepth, "/parent_id", "too_deep", "The tree is at most "+strconv.Itoa(maxDepth)+" deep.")
	bad.Require(max(len(cat.Path), longest) <= maxPath, "/name", "too_long", "The names from the root on are at most "+strconv.Itoa(maxPath)+" bytes long.")
	return bad.Err()
}

// extent is how far the tree goes below a category, itself included.
type extent struct {
	Depth  int `db:"depth"`
	Length int `db:"length"` // of the longest path, in bytes
}

func (c *Category) place(parent Category) {
	c.ParentID = parent.ID
	c.Path = c.Name
	if parent.Path != "" {
		c.Path = parent.Path + pathGlue + c.Name
	}
	c.Ancestors = append(slices.Clone(parent.Ancestors), c.ID)
}

// DeleteCategory removes a category that holds nothing.
func (c *Catalog) DeleteCategory(ctx context.Context, tx pgx.Tx, category id.Category) error {
	if err := lockTree(ctx, tx); err != nil {
		return err
	}
	if _, err := c.Category(ctx, tx, category); err != nil {
		return err
	}
	n, err := postgres.Exec(ctx, tx, deleteCategory, pgx.NamedArgs{"id": category})
	switch {
	case err != nil:
		return fmt.Errorf("delete category %s: %w", category, err)
	case n == 0:
		return ErrCategoryInUse
	}
	return events.Raise(ctx, tx, CategoriesChanged{})
}

// lockTree lets one transaction at a time change the shape of the tree: a move
// is checked against the whole of it.
func lockTree(ctx context.Context, tx pgx.Tx) error {
	_, err := postgres.Exec(ctx, tx, `SELECT pg_advisory_xact_lock(@lock)`, pgx.NamedArgs{"lock": treeLock})
	return err
}

// ensureCategories finds the categories of these paths and makes those that
// are missing, with all above them.
func (c *Catalog) ensureCategories(ctx context.Context, tx pgx.Tx, paths [][]string) (map[string]Category, error) {
	wanted := map[string][]string{} // every prefix of every path
	for _, names := range paths {
		names = pathNames(names)
		for depth := range names {
			prefix := names[:depth+1]
			wanted[strings.Join(prefix, pathGlue)] = prefix
		}
	}
	byPath, err := categoriesAt(ctx, tx, keysOf(wanted))
	if err == nil && len(byPath) < len(wanted) {
		if err = lockTree(ctx, tx); err == nil {
			if byPath, err = categoriesAt(ctx, tx, keysOf(wanted)); err == nil { // somebody else may have made some of them
				err = c.makeCategories(ctx, tx, wanted, byPath)
			}
		}
	}
	if err != nil {
		return nil, fmt.Errorf("ensure %d categories: %w", len(wanted), err)
	}
	return byPath, nil
}

// categoriesAt finds the categories of joined paths, and makes none.
func categoriesAt(ctx context.Context, db postgres.DB, paths []string) (map[string]Category, error) {
	byPath := make(map[string]Category, len(paths))
	if len(paths) == 0 {
		return byPath, nil
	}
	list, err := postgres.All[Category](ctx, db, selectCategoriesByPath, pgx.NamedArgs{"paths": paths})
	if err != nil {
		return nil, fmt.Errorf("find %d categories: %w", len(paths), err)
	}
	for _, cat := range list {
		byPath[cat.Path] = cat
	}
	return byPath, nil
}

func (c *Catalog) makeCategories(ctx context.Context, tx pgx.Tx, wanted map[string][]string, byPath map[string]Category) error {
	paths := keysOf(wanted)
	slices.SortFunc(paths, func(a, b string) int { // parents first
		if d := len(wanted[a]) - len(wanted[b]); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	var slugs []string
	for _, path := range paths {
		slugs = append(slugs, slug(wanted[path][len(wanted[path])-1]), slug(path))
	}
	taken, err := postgres.Column[string](ctx, tx, selectCategorySlugs, pgx.NamedArgs{"slugs": slugs})
	if err != nil {
		return err
	}
	var fresh []Category
	for _, path := range paths {
		if _, ok := byPath[path]; ok {
			continue
		}
		names := wanted[path]
		cat := Category{ID: id.New[id.Category](), Name: names[len(names)-1], Version: 1}
		cat.place(byPath[strings.Join(names[:len(names)-1], pathGlue)])
		cat.Slug = freeSlug(taken, slug(cat.Name), slug(path), cat.ID.String())
		taken = append(taken, cat.Slug)
		byPath[path] = cat
		fresh = append(fresh, cat)
	}
	if len(fresh) == 0 {
		return nil
	}
	return insertTree(ctx, tx, fresh)
}

// freeSlug is the first of the candidates that nobody has.
func freeSlug(taken []string, candidates ...string) string {
	for _, s := range candidates {
		if s != "" && !slices.Contains(taken, s) {
			return s
		}
	}
	return slug(candidates[len(candidates)-1])
}

// pathNames are the names of a path as they are kept.
func pathNames(names []string) []string {
	var clean []string
	for _, name := range names {
		if name = line(strings.ReplaceAll(name, ">", " ")); name != "" && len(clean) < maxDepth {
			clean = append(clean, name)
		}
	}
	return clean
}

func keysOf[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	return keys
}

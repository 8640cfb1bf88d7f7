package catalog

import (
	"context"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/httpapi"
)

// taxonomyRoutes mounts what products are found by: categories, tags, brands. The
// tree that shoppers read is search's, which keeps it at hand.
func (c *Catalog) taxonomyRoutes(r *httpapi.Router) {
	open := httpapi.Public("the shop's shelves are open to all")
	read, write := httpapi.Needs(CanRead), httpapi.Needs(CanWrite)
	httpapi.Get(r, "/api/v1/tags", c.listTags, open, httpapi.Summary("Tags"))
	httpapi.Get(r, "/api/v1/brands", c.listBrands, open, httpapi.Summary("Brands"))

	httpapi.Get(r, "/api/v1/admin/categories", c.tree, read, httpapi.Summary("The category tree"))
	httpapi.Get(r, "/api/v1/admin/categories/{id}", c.showCategory, read, httpapi.Summary("A category"))
	httpapi.Post(r, "/api/v1/admin/categories", c.createCategory, write, httpapi.Status(201), httpapi.Summary("Make a category"))
	httpapi.Patch(r, "/api/v1/admin/categories/{id}", c.updateCategory, write, httpapi.Summary("Edit or move a category"))
	httpapi.Delete(r, "/api/v1/admin/categories/{id}", c.deleteCategory, write, httpapi.Summary("Delete an empty category"))

	httpapi.Get(r, "/api/v1/admin/tags", c.listTags, read, httpapi.Summary("Tags"))
	httpapi.Post(r, "/api/v1/admin/tags", c.createTag, write, httpapi.Status(201), httpapi.Summary("Make a tag"))
	httpapi.Patch(r, "/api/v1/admin/tags/{id}", c.renameTag, write, httpapi.Summary("Rename a tag"))
	httpapi.Delete(r, "/api/v1/admin/tags/{id}", c.deleteTag, write, httpapi.Summary("Delete a tag"))
}

func (c *Catalog) tree(ctx context.Context, _ *struct{}) (httpapi.List[Branch], error) {
	tree, err := CategoryTree(ctx, c.DB)
	return httpapi.List[Branch]{Data: tree}, err
}

type labelsInput struct {
	httpapi.Page
	Q string `query:"q" maxLength:"200" doc:"What the name holds."`
}

func (c *Catalog) listTags(ctx context.Context, in *labelsInput) (out httpapi.List[Tag], err error) {
	var after string
	scope := httpapi.PublicScope(ctx)
	if err := c.Cursors.Open(scope, in.After, &after); err != nil {
		return out, err
	}
	list, err := c.Tags(ctx, c.DB, in.Q, after, in.Limit+1)
	if err != nil {
		return out, err
	}
	return httpapi.ListOf(c.Cursors, scope, list, in.Limit, func(t Tag) any { return t.Slug }), nil
}

func (c *Catalog) listBrands(ctx context.Context, in *labelsInput) (out httpapi.List[Brand], err error) {
	var after string
	scope := httpapi.PublicScope(ctx)
	if err := c.Cursors.Open(scope, in.After, &after); err != nil {
		return out, err
	}
	list, err := c.Brands(ctx, c.DB, in.Q, after, in.Limit+1)
	if err != nil {
		return out, err
	}
	return httpapi.ListOf(c.Cursors, scope, list, in.Limit, func(b Brand) any { return b.Slug }), nil
}

type categoryInput struct {
	ID id.Category `path:"id"`
}

func (c *Catalog) showCategory(ctx context.Context, in *categoryInput) (Category, error) {
	return c.Category(ctx, c.DB, in.ID)
}

type createCategoryInput struct {
	Body struct {
		Name         string                         `json:"name" minLength:"1" maxLength:"200"`
		Slug         *string                        `json:"slug,omitempty" minLength:"1" maxLength:"100"`
		ParentID     id.Category                    `json:"parent_id,omitempty" doc:"At the top when left out."`
		Position     int                            `json:"position,omitempty" minimum:"0" maximum:"1000000"`
		Description  string                         `json:"description,omitempty" maxLength:"5000"`
		Translations map[string]CategoryTranslation `json:"translations,omitempty" doc:"By locale, of those that the shop offers."`
	}
}

func (c *Catalog) createCategory(ctx context.Context, tx pgx.Tx, in *createCategoryInput) (Category, error) {
	b := in.Body
	return c.NewCategory(ctx, tx, CategoryEdit{
		Name: &b.Name, Slug: b.Slug, ParentID: &b.ParentID, Position: &b.Position, Description: &b.Description, Translations: &b.Translations,
	})
}

type updateCategoryInput struct {
	httpapi.IfMatch
	ID   id.Category `path:"id"`
	Body CategoryEdit
}

func (c *Catalog) updateCategory(ctx context.Context, tx pgx.Tx, in *updateCategoryInput) (Category, error) {
	version, err := in.Version()
	if err != nil {
		return Category{}, err
	}
	return c.UpdateCategory(ctx, tx, in.ID, version, in.Body)
}

func (c *Catalog) deleteCategory(ctx context.Context, tx pgx.Tx, in *categoryInput) (httpapi.Empty, error) {
	return httpapi.Empty{}, c.DeleteCategory(ctx, tx, in.ID)
}

type createTagInput struct {
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"200"`
	}
}

func (c *Catalog) createTag(ctx context.Context, tx pgx.Tx, in *createTagInput) (Tag, error) {
	return c.NewTag(ctx, tx, in.Body.Name)
}

type renameTagInput struct {
	ID   id.Tag `path:"id"`
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"200"`
	}
}

func (c *Catalog) renameTag(ctx context.Context, tx pgx.Tx, in *renameTagInput) (Tag, error) {
	return c.RenameTag(ctx, tx, in.ID, in.Body.Name)
}

type deleteTagInput struct {
	ID id.Tag `path:"id"`
}

func (c *Catalog) deleteTag(ctx context.Context, tx pgx.Tx, in *deleteTagInput) (httpapi.Empty, error) {
	return httpapi.Empty{}, c.DeleteTag(ctx, tx, in.ID)
}

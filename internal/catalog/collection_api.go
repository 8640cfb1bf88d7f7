package catalog

import (
	"context"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
)

func (c *Catalog) collectionRoutes(r *httpapi.Router) {
	open := httpapi.Public("the shop's shelves are open to all")
	read, write := httpapi.Needs(CanRead), httpapi.Needs(CanWrite)
	httpapi.Get(r, "/api/v1/collections", c.showCollections, open, httpapi.Summary("Collections"),
		httpapi.Describe("Their products: `GET /products?collection=<slug>`."))
	httpapi.Get(r, "/api/v1/collections/{collection}", c.showCollection, open, httpapi.Summary("A collection"))
	httpapi.Get(r, "/api/v1/admin/collections", c.listCollections, read, httpapi.Summary("Collections"))
	httpapi.Get(r, "/api/v1/admin/collections/{id}", c.getCollection, read, httpapi.Summary("A collection"))
	httpapi.Post(r, "/api/v1/admin/collections", c.createCollection, write, httpapi.Status(201), httpapi.Summary("Make a collection"))
	httpapi.Patch(r, "/api/v1/admin/collections/{id}", c.updateCollection, write, httpapi.Summary("Edit a collection"))
	httpapi.Delete(r, "/api/v1/admin/collections/{id}", c.deleteCollection, write, httpapi.Summary("Delete a collection"))
}

// ShownCollection is a collection as shoppers see it.
type ShownCollection struct {
	ID             id.Collection `json:"id"`
	Slug           string        `json:"slug"`
	Title          string        `json:"title"`
	Description    string        `json:"description" doc:"Sanitised HTML."`
	SEOTitle       string        `json:"seo_title"`
	SEODescription string        `json:"seo_description"`
	Sort           string        `json:"sort" doc:"The order of its listing."`
}

// in is a collection as shoppers read it in a language.
func (c Collection) in(locale string) ShownCollection {
	shown := ShownCollection{c.ID, c.Slug, c.Title, c.Description, c.SEOTitle, c.SEODescription, c.Sort}
	t := c.Translations[locale]
	for _, text := range []struct {
		of          *string
		translation string
	}{{&shown.Title, t.Title}, {&shown.Description, t.Description}, {&shown.SEOTitle, t.SEOTitle}, {&shown.SEODescription, t.SEODescription}} {
		if text.translation != "" {
			*text.of = text.translation
		}
	}
	return shown
}

func (c *Catalog) showCollections(ctx context.Context, in *localeInput) (out httpapi.List[ShownCollection], err error) {
	locale, err := c.Locales.Choose(ctx, in.LocaleWish)
	if err != nil {
		return out, err
	}
	list, err := c.Collections(ctx, c.DB, true)
	if err != nil {
		return out, err
	}
	for _, collection := range list {
		out.Data = append(out.Data, collection.in(locale))
	}
	c.Locales.Tell(ctx, locale)
	return out, nil
}

type showCollectionInput struct {
	LocaleWish
	Collection string `path:"collection" maxLength:"200" doc:"Id or slug."`
}

func (c *Catalog) showCollection(ctx context.Context, in *showCollectionInput) (ShownCollection, error) {
	locale, err := c.Locales.Choose(ctx, in.LocaleWish)
	if err != nil {
		return ShownCollection{}, err
	}
	collection, err := c.Collection(ctx, c.DB, in.Collection, true)
	if err != nil {
		return ShownCollection{}, err
	}
	c.Locales.Tell(ctx, locale)
	return collection.in(locale), nil
}

func (c *Catalog) listCollections(ctx context.Context, _ *struct{}) (out httpapi.List[Collection], err error) {
	out.Data, err = c.Collections(ctx, c.DB, false)
	return out, err
}

type collectionInput struct {
	ID id.Collection `path:"id"`
}

func (c *Catalog) getCollection(ctx context.Context, in *collectionInput) (Collection, error) {
	return c.Collection(ctx, c.DB, in.ID.String(), false)
}

type createCollectionInput struct{ Body CollectionEdit }

func (c *Catalog) createCollection(ctx context.Context, tx pgx.Tx, in *createCollectionInput) (Collection, error) {
	if in.Body.Title == nil {
		return Collection{}, errs.Validation.Field("/title", "required", "This is required.")
	}
	return c.NewCollection(ctx, tx, in.Body)
}

type updateCollectionInput struct {
	httpapi.IfMatch
	ID   id.Collection `path:"id"`
	Body CollectionEdit
}

func (c *Catalog) updateCollection(ctx context.Context, tx pgx.Tx, in *updateCollectionInput) (Collection, error) {
	version, err := in.Version()
	if err != nil {
		return Collection{}, err
	}
	return c.EditCollection(ctx, tx, in.ID, version, in.Body)
}

func (c *Catalog) deleteCollection(ctx context.Context, tx pgx.Tx, in *collectionInput) (httpapi.Empty, error) {
	return httpapi.Empty{}, c.DeleteCollection(ctx, tx, in.ID)
}

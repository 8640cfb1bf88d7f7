package catalog

import (
	"context"

	"github.com/jackc/pgx/v5"

	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

func (c *Catalog) typeRoutes(r *httpapi.Router) {
	read, write := httpapi.Needs(CanRead), httpapi.Needs(CanWrite)
	httpapi.Get(r, "/api/v1/product-types", c.showTypes, httpapi.Public("who offers goods sees what the shop asks of them, and who buys in which order it tells"),
		httpapi.Summary("Product types"), httpapi.Describe("Which attributes a product has whose `kind` names the type. A kind that is not here is a word and no more."))
	httpapi.Get(r, "/api/v1/admin/product-types", c.listTypes, read, httpapi.Summary("Product types"))
	httpapi.Post(r, "/api/v1/admin/product-types", c.createType, write, httpapi.Status(201), httpapi.Summary("Describe a product type"))
	httpapi.Get(r, "/api/v1/admin/product-types/{key}", c.showType, read, httpapi.Summary("A product type"))
	httpapi.Patch(r, "/api/v1/admin/product-types/{key}", c.updateType, write, httpapi.Summary("Edit a product type"))
	httpapi.Delete(r, "/api/v1/admin/product-types/{key}", c.deleteType, write, httpapi.Summary("Take the description of a product type back"),
		httpapi.Describe("Products keep their kind and their attributes."))
}

func (c *Catalog) listTypes(ctx context.Context, _ *struct{}) (httpapi.List[ProductType], error) {
	list, err := c.Types(ctx, c.DB)
	return httpapi.List[ProductType]{Data: list}, err
}

// showTypes is listTypes for vendors and shoppers, in their language.
func (c *Catalog) showTypes(ctx context.Context, in *localeInput) (out httpapi.List[ProductType], err error) {
	locale, err := c.Locales.Choose(ctx, in.LocaleWish)
	if err != nil {
		return out, err
	}
	if out.Data, err = c.Types(ctx, c.DB); err != nil {
		return out, err
	}
	for i := range out.Data {
		out.Data[i] = out.Data[i].in(locale)
	}
	c.Locales.Tell(ctx, locale)
	return out, nil
}

type createTypeInput struct {
	Body struct {
		Key          string                     `json:"key" minLength:"1" maxLength:"200" doc:"What the kind of its products says."`
		Label        string                     `json:"label" minLength:"1" maxLength:"200"`
		Attributes   []TypeAttribute            `json:"attributes,omitempty" maxItems:"100" doc:"In the order to ask for and to show."`
		Position     int                        `json:"position,omitempty" minimum:"0" maximum:"1000000"`
		Translations map[string]TypeTranslation `json:"translations,omitempty" doc:"By locale, of those that the shop offers."`
	}
}

func (c *Catalog) createType(ctx context.Context, tx pgx.Tx, in *createTypeInput) (ProductType, error) {
	b := in.Body
	t := ProductType{Key: b.Key, Label: b.Label, Attributes: b.Attributes, Position: b.Position}
	var err error
	if t.Translations, err = c.typeTranslated(ctx, nil, b.Translations); err != nil {
		return t, err
	}
	return c.DescribeType(ctx, tx, t)
}

type typeInput struct {
	Key string `path:"key" maxLength:"800"`
}

func (c *Catalog) showType(ctx context.Context, in *typeInput) (ProductType, error) {
	t, err := postgres.Get[ProductType](ctx, c.DB, selectType, pgx.NamedArgs{"key": in.Key})
	return t, noType(err)
}

type updateTypeInput struct {
	httpapi.IfMatch
	Key  string `path:"key" maxLength:"800"`
	Body TypeEdit
}

func (c *Catalog) updateType(ctx context.Context, tx pgx.Tx, in *updateTypeInput) (ProductType, error) {
	version, err := in.Version()
	if err != nil {
		return ProductType{}, err
	}
	return c.EditType(ctx, tx, in.Key, version, in.Body)
}

func (c *Catalog) deleteType(ctx context.Context, tx pgx.Tx, in *typeInput) (httpapi.Empty, error) {
	return httpapi.Empty{}, c.ForgetType(ctx, tx, in.Key)
}

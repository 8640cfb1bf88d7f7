package catalog

import (
	"context"

	"github.com/jackc/pgx/v5"

	"souk/internal/platform/httpapi"
)

func (c *Catalog) attributeRoutes(r *httpapi.Router) {
	read, write := httpapi.Needs(CanRead), httpapi.Needs(CanWrite)
	httpapi.Get(r, "/api/v1/attributes", c.showAttributes, httpapi.Public("the shop's shelves are open to all"), httpapi.Summary("Attributes"),
		httpapi.Describe("What products are described by. An attribute that is not here is a text."))
	httpapi.Get(r, "/api/v1/admin/attributes", c.listAttributes, read, httpapi.Summary("Attributes"))
	httpapi.Post(r, "/api/v1/admin/attributes", c.createAttribute, write, httpapi.Status(201), httpapi.Summary("Describe an attribute"))
	httpapi.Patch(r, "/api/v1/admin/attributes/{key}", c.updateAttribute, write, httpapi.Summary("Edit an attribute"))
	httpapi.Delete(r, "/api/v1/admin/attributes/{key}", c.deleteAttribute, write, httpapi.Summary("Take the description of an attribute back"),
		httpapi.Describe("Products keep their values, as texts."))
}

func (c *Catalog) listAttributes(ctx context.Context, _ *struct{}) (httpapi.List[Attribute], error) {
	list, err := c.Attributes(ctx, c.DB)
	return httpapi.List[Attribute]{Data: list}, err
}

type localeInput struct{ LocaleWish }

// showAttributes is listAttributes for shoppers, in their language.
func (c *Catalog) showAttributes(ctx context.Context, in *localeInput) (out httpapi.List[Attribute], err error) {
	locale, err := c.Locales.Choose(ctx, in.LocaleWish)
	if err != nil {
		return out, err
	}
	if out.Data, err = c.Attributes(ctx, c.DB); err != nil {
		return out, err
	}
	for i := range out.Data {
		out.Data[i] = out.Data[i].in(locale)
	}
	c.Locales.Tell(ctx, locale)
	return out, nil
}

type createAttributeInput struct {
	Body struct {
		Key          string                          `json:"key" minLength:"1" maxLength:"100"`
		Label        string                          `json:"label" minLength:"1" maxLength:"200"`
		Kind         AttributeKind                   `json:"kind" enum:"text,number,boolean,select,colour,date"`
		Unit         string                          `json:"unit,omitempty" maxLength:"50"`
		Choices      []Choice                        `json:"choices,omitempty" maxItems:"500"`
		Filterable   *bool                           `json:"filterable,omitempty" doc:"True unless told."`
		Position     int                             `json:"position,omitempty" minimum:"0" maximum:"1000000"`
		Translations map[string]AttributeTranslation `json:"translations,omitempty" doc:"By locale, of those that the shop offers."`
	}
}

func (c *Catalog) createAttribute(ctx context.Context, tx pgx.Tx, in *createAttributeInput) (Attribute, error) {
	b := in.Body
	a := Attribute{Key: b.Key, Label: b.Label, Kind: b.Kind, Unit: b.Unit, Choices: b.Choices, Filterable: true, Position: b.Position}
	put(&a.Filterable, b.Filterable)
	var err error
	if a.Translations, err = c.attributeTranslated(ctx, nil, b.Translations); err != nil {
		return a, err
	}
	return c.Describe(ctx, tx, a)
}

type attributeInput struct {
	Key string `path:"key" maxLength:"400"`
}

type updateAttributeInput struct {
	httpapi.IfMatch
	Key  string `path:"key" maxLength:"400"`
	Body AttributeEdit
}

func (c *Catalog) updateAttribute(ctx context.Context, tx pgx.Tx, in *updateAttributeInput) (Attribute, error) {
	version, err := in.Version()
	if err != nil {
		return Attribute{}, err
	}
	return c.EditAttribute(ctx, tx, in.Key, version, in.Body)
}

func (c *Catalog) deleteAttribute(ctx context.Context, tx pgx.Tx, in *attributeInput) (httpapi.Empty, error) {
	return httpapi.Empty{}, c.ForgetAttribute(ctx, tx, in.Key)
}

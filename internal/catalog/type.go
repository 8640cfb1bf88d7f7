package catalog

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// ProductType is what staff say of a kind of product: which attributes products
// of it have, and without which none of them is sold. A product is of the type
// that its kind names; a kind that nobody has described is a word and no more.
type ProductType struct {
	Key          string                     `db:"key" json:"key" doc:"What the kind of its products says, in small letters."`
	Label        string                     `db:"label" json:"label"`
	Attributes   []TypeAttribute            `db:"attributes" json:"attributes" doc:"In the order to ask for and to show. One that is not described is a text."`
	Position     int                        `db:"position" json:"position"`
	Translations map[string]TypeTranslation `db:"translations" json:"translations,omitempty" doc:"For staff: by locale."`
	Version      int64                      `db:"version" json:"version"`
}

// ETag lets an edit say which version it changes.
func (t ProductType) ETag() string { return httpapi.VersionTag(t.Version) }

// TypeAttribute is an attribute that products of a type have.
type TypeAttribute struct {
	Key      string `json:"key" minLength:"1" maxLength:"100"`
	Required bool   `json:"required,omitempty" doc:"Without it no product of the type is submitted or put on sale."`
}

const maxTypes = 500

var (
	// ErrNoType says that nobody has described such a type.
	ErrNoType = errs.New(errs.NotFound, "not_found", "There is no such product type.")
	// ErrTypeTaken says that it is described already.
	ErrTypeTaken = errs.New(errs.Conflict, "product_type_taken", "This product type is described already.")
)

func init() { postgres.Name("product_types_pkey", ErrTypeTaken) }

// TypeKey is the key of the type that a kind names.
func TypeKey(kind string) string { return strings.ToLower(line(kind)) }

// check tidies what staff say and refuses what cannot be.
func (t *ProductType) check() error {
	var bad errs.Fields
	t.Key, t.Label = TypeKey(t.Key), line(t.Label)
	bad.Require(t.Key != "" && len([]rune(t.Key)) <= 200, "/key", "invalid", "A key has 1 to 200 characters.")
	bad.Require(t.Label != "", "/label", "required", "This is required.")
	bad.Require(len(t.Attributes) <= maxAttributes, "/attributes", "too_many", "At most "+strconv.Itoa(maxAttributes)+" are possible.")
	seen := map[string]bool{}
	list := make([]TypeAttribute, len(t.Attributes))
	for i, a := range t.Attributes {
		a.Key = strings.ToLower(line(a.Key))
		bad.Require(a.Key != "" && len([]rune(a.Key)) <= maxAttributeKey && !seen[a.Key], "/attributes/"+strconv.Itoa(i)+"/key", "duplicate", "Each attribute is named once.")
		list[i], seen[a.Key] = a, true
	}
	t.Attributes = list
	return bad.Err()
}

// Types are all that staff have described, in their order.
func (c *Catalog) Types(ctx context.Context, db postgres.DB) ([]ProductType, error) {
	list, err := postgres.All[ProductType](ctx, db, selectTypes, nil)
	if err != nil {
		return nil, fmt.Errorf("read product types: %w", err)
	}
	return list, nil
}

// DescribeType keeps what staff say of a type that they have not described yet.
func (c *Catalog) DescribeType(ctx context.Context, tx pgx.Tx, t ProductType) (ProductType, error) {
	if err := t.check(); err != nil {
		return t, err
	}
	known, err := c.Types(ctx, tx)
	switch {
	case err != nil:
		return t, err
	case len(known) >= maxTypes:
		return t, errs.Validation.Field("/key", "too_many", "At most "+strconv.Itoa(maxTypes)+" product types can be described.")
	}
	t.Version = 1
	if _, err := postgres.Exec(ctx, tx, insertType, t.args()); err != nil {
		return t, fmt.Errorf("describe product type %s: %w", t.Key, err)
	}
	return t, c.relistType(ctx, tx, t.Key)
}

// TypeEdit is what may be changed; nil leaves things as they are. The key stays:
// products are of a type by their kind.
type TypeEdit struct {
	Label        *string                     `json:"label,omitempty" minLength:"1" maxLength:"200"`
	Attributes   *[]TypeAttribute            `json:"attributes,omitempty" maxItems:"100" doc:"In place of those that are there. What is on sale stays on sale."`
	Position     *int                        `json:"position,omitempty" minimum:"0" maximum:"1000000"`
	Translations *map[string]TypeTranslation `json:"translations,omitempty" doc:"By locale, in place of those that are there."`
}

// EditType changes what the edit names on the version that the caller has seen.
// What is on sale stays there, whatever its type requires from now on.
func (c *Catalog) EditType(ctx context.Context, tx pgx.Tx, key string, version int64, e TypeEdit) (ProductType, error) {
	t, err := postgres.Get[ProductType](ctx, tx, lockType, pgx.NamedArgs{"key": key})
	if err != nil {
		return t, noType(err)
	}
	if t.Version != version {
		return t, httpapi.ErrPreconditionFailed
	}
	put(&t.Label, e.Label)
	put(&t.Attributes, e.Attributes)
	put(&t.Position, e.Position)
	if e.Translations != nil {
		if t.Translations, err = c.typeTranslated(ctx, t.Translations, *e.Translations); err != nil {
			return t, err
		}
	}
	if err := t.check(); err != nil {
		return t, err
	}
	t.Version++
	if _, err := postgres.Exec(ctx, tx, updateType, t.args()); err != nil {
		return t, fmt.Errorf("edit product type %s: %w", key, err)
	}
	return t, c.relistType(ctx, tx, key)
}

func (c *Catalog) typeTranslated(ctx context.Context, was, wanted map[string]TypeTranslation) (map[string]TypeTranslation, error) {
	clean := cleanTypeTranslations(wanted)
	return clean, c.Locales.check(ctx, localesOf(clean), localesOf(was))
}

// ForgetType takes back what staff have said; its products keep their kind.
func (c *Catalog) ForgetType(ctx context.Context, tx pgx.Tx, key string) error {
	n, err := postgres.Exec(ctx, tx, deleteType, pgx.NamedArgs{"key": key})
	switch {
	case err != nil:
		return fmt.Errorf("forget product type %s: %w", key, err)
	case n == 0:
		return ErrNoType
	}
	return c.relistType(ctx, tx, key)
}

// relistType tells of the products of a type: they are shown in another way now.
func (c *Catalog) relistType(ctx context.Context, tx pgx.Tx, key string) error {
	kinds, err := postgres.Column[string](ctx, tx, selectKinds, nil)
	if err != nil {
		return fmt.Errorf("read kinds of products: %w", err)
	}
	kinds = slices.DeleteFunc(kinds, func(kind string) bool { return TypeKey(kind) != key })
	products, err := postgres.Column[id.Product](ctx, tx, selectProductsOfKind, pgx.NamedArgs{"kinds": kinds})
	if err != nil {
		return fmt.Errorf("find products of type %s: %w", key, err)
	}
	return raiseChanged(ctx, tx, products)
}

// productTypes is what is known of types, by key.
type productTypes map[string]ProductType

func (c *Catalog) productTypes(ctx context.Context, db postgres.DB) (productTypes, error) {
	list, err := c.Types(ctx, db)
	known := make(productTypes, len(list))
	for _, t := range list {
		known[t.Key] = t
	}
	return known, err
}

// missing are the attributes that a product's type requires and that it lacks.
func (t productTypes) missing(p Product) []string {
	var keys []string
	for _, a := range t[TypeKey(p.Kind)].Attributes {
		if a.Required && len(p.Attributes[a.Key]) == 0 {
			keys = append(keys, a.Key)
		}
	}
	return keys
}

// check refuses what may not be submitted or put on sale, or would not stay what
// it has to be there. Of an edit that touches neither kind nor attributes nothing
// is asked: staff may have changed the type since.
func (t productTypes) check(was, want Product) errs.Fields {
	same := was.Status == want.Status && was.Kind == want.Kind && maps.EqualFunc(was.Attributes, want.Attributes, slices.Equal)
	if same || !want.Status.offered() {
		return nil
	}
	return want.lacks(t.missing(want))
}

// keepFit leaves a product where it is that lacks what its type requires to be
// submitted or sold; what it has of that on sale already it does not lose.
func (p *putting) keepFit(was Product, want *Product, out *Outcome) {
	bad := p.types.check(was, *want)
	if len(bad) == 0 {
		return
	}
	out.Problems = append(out.Problems, bad...)
	if want.Status = was.Status; was.Status.offered() {
		want.Kind, want.Attributes = was.Kind, was.Attributes
	}
}

// lacks says what to fill in.
func (p Product) lacks(attributes []string) (bad errs.Fields) {
	for _, key := range attributes {
		bad.Require(false, "/attributes/"+key, "required", "Fill in "+strconv.Quote(key)+": whatever is a "+strconv.Quote(p.Kind)+" needs it to be sold.")
	}
	return bad
}

func (t ProductType) args() pgx.NamedArgs {
	return pgx.NamedArgs{
		"key": t.Key, "label": t.Label, "attributes": t.Attributes, "position": t.Position, "translations": orEmpty(t.Translations), "version": t.Version,
	}
}

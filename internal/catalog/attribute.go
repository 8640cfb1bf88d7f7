package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// Attribute is what staff say of a property that products have: how it is
// called, what its values may be, and whether shoppers filter by it. One that
// nobody has described is a text that they filter by.
type Attribute struct {
	Key          string                          `db:"key" json:"key" doc:"As products use it."`
	Label        string                          `db:"label" json:"label"`
	Kind         AttributeKind                   `db:"kind" json:"kind" enum:"text,number,boolean,select,colour,date"`
	Unit         string                          `db:"unit" json:"unit" doc:"Of a number: cm, W."`
	Choices      []Choice                        `db:"choices" json:"choices" doc:"What a select or colour may be."`
	Filterable   bool                            `db:"filterable" json:"filterable" doc:"Whether it is a facet of the listing."`
	Position     int                             `db:"position" json:"position"`
	Translations map[string]AttributeTranslation `db:"translations" json:"translations,omitempty" doc:"For staff: by locale."`
	Version      int64                           `db:"version" json:"version"`
}

// ETag lets an edit say which version it changes.
func (a Attribute) ETag() string { return httpapi.VersionTag(a.Version) }

// AttributeKind is what the values of an attribute are.
type AttributeKind string

// The kinds of attributes.
const (
	TextAttribute    AttributeKind = "text"
	NumberAttribute  AttributeKind = "number"  // kept as 1.5
	BooleanAttribute AttributeKind = "boolean" // kept as true or false
	SelectAttribute  AttributeKind = "select"  // one of the choices
	ColourAttribute  AttributeKind = "colour"  // one of the choices, which have a swatch
	DateAttribute    AttributeKind = "date"    // kept as 2026-11-26
)

// Choice is a value that a select or colour may have.
type Choice struct {
	Value  string `json:"value" minLength:"1" maxLength:"200"`
	Label  string `json:"label,omitempty" maxLength:"200" doc:"The value itself when empty."`
	Swatch string `json:"swatch,omitempty" maxLength:"7" doc:"Of a colour: #aa3300."`
}

const (
	maxAttributeDefinitions = 500
	maxAttributeKey         = 100  // characters
	maxAttributeText        = 2000 // characters of a value
	maxAttributeValues      = 200  // of one attribute of a product
)

var (
	// ErrNoAttribute says that nobody has described such an attribute.
	ErrNoAttribute = errs.New(errs.NotFound, "not_found", "There is no such attribute.")
	// ErrAttributeTaken says that it is described already.
	ErrAttributeTaken = errs.New(errs.Conflict, "attribute_taken", "This attribute is described already.")
	swatch            = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)
)

func init() { postgres.Name("attributes_pkey", ErrAttributeTaken) }

// check tidies what staff say and refuses what cannot be.
func (a *Attribute) check() error {
	var bad errs.Fields
	a.Key, a.Label, a.Unit = strings.ToLower(line(a.Key)), line(a.Label), line(a.Unit)
	bad.Require(a.Key != "" && len([]rune(a.Key)) <= maxAttributeKey, "/key", "invalid", "A key has 1 to 100 characters.")
	bad.Require(a.Label != "", "/label", "required", "This is required.")
	chooses := a.Kind == SelectAttribute || a.Kind == ColourAttribute
	bad.Require(!chooses || len(a.Choices) > 0, "/choices", "required", "Name what it may be.")
	bad.Require(chooses || len(a.Choices) == 0, "/choices", "unexpected", "Only a select or a colour has choices.")
	seen := map[string]bool{}
	for i := range a.Choices {
		c, at := &a.Choices[i], "/choices/"+strconv.Itoa(i)
		c.Value, c.Label = line(c.Value), line(c.Label)
		bad.Require(c.Value != "" && !seen[strings.ToLower(c.Value)], at+"/value", "duplicate", "Each value is named once.")
		bad.Require(c.Swatch == "" || a.Kind == ColourAttribute && swatch.MatchString(c.Swatch), at+"/swatch", "invalid", "Write a colour as in #aa3300.")
		seen[strings.ToLower(c.Value)] = true
	}
	if a.Choices == nil {
		a.Choices = []Choice{}
	}
	return bad.Err()
}

// Attributes are all that staff have described, in their order.
func (c *Catalog) Attributes(ctx context.Context, db postgres.DB) ([]Attribute, error) {
	list, err := postgres.All[Attribute](ctx, db, selectAttributes, nil)
	if err != nil {
		return nil, fmt.Errorf("read attributes: %w", err)
	}
	return list, nil
}

// Describe keeps what staff say of an attribute that they have not described yet.
func (c *Catalog) Describe(ctx context.Context, tx pgx.Tx, a Attribute) (Attribute, error) {
	if err := a.check(); err != nil {
		return a, err
	}
	known, err := c.Attributes(ctx, tx)
	switch {
	case err != nil:
		return a, err
	case len(known) >= maxAttributeDefinitions:
		return a, errs.Validation.Field("/key", "too_many", "At most 500 attributes can be described.")
	}
	a.Version = 1
	if _, err := postgres.Exec(ctx, tx, insertAttribute, a.args()); err != nil {
		return a, fmt.Errorf("describe attribute %s: %w", a.Key, err)
	}
	return a, c.relist(ctx, tx, a.Key)
}

// AttributeEdit is what may be changed; nil leaves things as they are. The key
// and the kind stay: the values of products hang on them.
type AttributeEdit struct {
	Label        *string                          `json:"label,omitempty" minLength:"1" maxLength:"200"`
	Unit         *string                          `json:"unit,omitempty" maxLength:"50"`
	Choices      *[]Choice                        `json:"choices,omitempty" maxItems:"500" doc:"Products keep a value that is not a choice any more."`
	Filterable   *bool                            `json:"filterable,omitempty"`
	Position     *int                             `json:"position,omitempty" minimum:"0" maximum:"1000000"`
	Translations *map[string]AttributeTranslation `json:"translations,omitempty" doc:"By locale, in place of those that are there."`
}

// EditAttribute changes what the edit names on the version that the caller has seen.
func (c *Catalog) EditAttribute(ctx context.Context, tx pgx.Tx, key string, version int64, e AttributeEdit) (Attribute, error) {
	a, err := postgres.Get[Attribute](ctx, tx, lockAttribute, pgx.NamedArgs{"key": key})
	if err != nil {
		return a, noAttribute(err)
	}
	if a.Version != version {
		return a, httpapi.ErrPreconditionFailed
	}
	put(&a.Label, e.Label)
	put(&a.Unit, e.Unit)
	put(&a.Choices, e.Choices)
	put(&a.Filterable, e.Filterable)
	put(&a.Position, e.Position)
	if e.Translations != nil {
		if a.Translations, err = c.attributeTranslated(ctx, a.Translations, *e.Translations); err != nil {
			return a, err
		}
	}
	if err := a.check(); err != nil {
		return a, err
	}
	a.Version++
	if _, err := postgres.Exec(ctx, tx, updateAttribute, a.args()); err != nil {
		return a, fmt.Errorf("edit attribute %s: %w", key, err)
	}
	return a, c.relist(ctx, tx, key)
}

func (c *Catalog) attributeTranslated(ctx context.Context, was, wanted map[string]AttributeTranslation) (map[string]AttributeTranslation, error) {
	clean, bad := cleanAttributeTranslations(wanted)
	if len(bad) > 0 {
		return nil, bad.Err()
	}
	return clean, c.Locales.check(ctx, localesOf(clean), localesOf(was))
}

// ForgetAttribute takes back what staff have said; products keep their values.
func (c *Catalog) ForgetAttribute(ctx context.Context, tx pgx.Tx, key string) error {
	n, err := postgres.Exec(ctx, tx, deleteAttribute, pgx.NamedArgs{"key": key})
	switch {
	case err != nil:
		return fmt.Errorf("forget attribute %s: %w", key, err)
	case n == 0:
		return ErrNoAttribute
	}
	return c.relist(ctx, tx, key)
}

// relist tells of the products that have an attribute: they are filtered and
// shown in another way now.
func (c *Catalog) relist(ctx context.Context, tx pgx.Tx, key string) error {
	products, err := postgres.Column[id.Product](ctx, tx, selectProductsWithAttribute, pgx.NamedArgs{"key": key})
	if err != nil {
		return fmt.Errorf("find products with attribute %s: %w", key, err)
	}
	return raiseChanged(ctx, tx, products)
}

// described is what is known of attributes, by key.
type described map[string]Attribute

func (c *Catalog) described(ctx context.Context, db postgres.DB) (described, error) {
	list, err := c.Attributes(ctx, db)
	known := make(described, len(list))
	for _, a := range list {
		known[a.Key] = a
	}
	return known, err
}

// clean brings attributes of a product into the form in which they are kept.
// What cannot be is left out and told.
func (d described) clean(attributes map[string][]string) (map[string][]string, errs.Fields) {
	var bad errs.Fields
	tidy := cleanAttributes(attributes)
	for _, key := range slices.Sorted(maps.Keys(tidy)) {
		named := key != "" && len([]rune(key)) <= maxAttributeKey
		bad.Require(named, "/attributes", "bad_name", "An attribute's name has 1 to 100 characters.")
		values := d[key].clean(tidy[key], "/attributes/"+key, &bad)
		if tidy[key] = values; len(values) == 0 || !named {
			delete(tidy, key)
		}
	}
	return tidy, bad
}

// clean brings values of the attribute into the form in which they are kept.
func (a Attribute) clean(texts []string, pointer string, bad *errs.Fields) (values []string) {
	for _, text := range texts {
		value, ok := a.value(text)
		bad.Require(ok, pointer, "not_"+string(a.Kind), a.wants(text))
		short := len([]rune(value)) <= maxAttributeText
		bad.Require(short, pointer, "too_long", "A value has at most 2000 characters.")
		if ok && short && len(values) <= maxAttributeValues && !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	bad.Require(len(values) <= maxAttributeValues, pointer, "too_many", "An attribute has at most 200 values.")
	return values[:min(len(values), maxAttributeValues)]
}

// value is what somebody has written in the form in which it is kept: 1500 for
// "1500.0 W", true for Yes, the value of a choice for its label.
func (a Attribute) value(text string) (string, bool) {
	switch a.Kind {
	case NumberAttribute:
		n, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(text, a.Unit)), 64)
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			return "", false
		}
		return strconv.FormatFloat(n, 'f', -1, 64), true
	case BooleanAttribute:
		value, known := map[string]string{"true": "true", "yes": "true", "1": "true", "false": "false", "no": "false", "0": "false"}[strings.ToLower(text)]
		return value, known
	case DateAttribute:
		_, err := time.Parse(time.DateOnly, text)
		return text, err == nil
	case SelectAttribute, ColourAttribute:
		for _, c := range a.Choices {
			if strings.EqualFold(c.Value, text) || strings.EqualFold(c.Label, text) {
				return c.Value, true
			}
		}
		return "", false
	}
	return text, true
}

// wants says what would have been right.
func (a Attribute) wants(text string) string {
	said := strconv.Quote(text) + " is not possible for " + a.Label + ": "
	switch a.Kind {
	case NumberAttribute:
		return said + "write a number, as in 1.5."
	case BooleanAttribute:
		return said + "write true or false."
	case DateAttribute:
		return said + "write a date, as in 2026-11-26."
	}
	return said + "choose one of the values that the shop has for it."
}

func (a Attribute) args() pgx.NamedArgs {
	choices, _ := json.Marshal(a.Choices) // texts only, which cannot fail
	return pgx.NamedArgs{
		"key": a.Key, "label": a.Label, "kind": a.Kind, "unit": a.Unit, "choices": string(choices), "filterable": a.Filterable, "position": a.Position,
		"translations": orEmpty(a.Translations), "version": a.Version,
	}
}

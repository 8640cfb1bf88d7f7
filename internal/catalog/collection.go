package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/events"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// Collection is products that a shop shows together beside the category tree:
// those that rules let in, and those that staff pin. Nobody keeps a list of
// them: search answers the rules when it is asked.
type Collection struct {
	ID             id.Collection                    `db:"id" json:"id"`
	Slug           string                           `db:"slug" json:"slug"`
	Title          string                           `db:"title" json:"title"`
	Description    string                           `db:"description" json:"description" doc:"Sanitised HTML."`
	SEOTitle       string                           `db:"seo_title" json:"seo_title"`
	SEODescription string                           `db:"seo_description" json:"seo_description"`
	Selection                                       // what is in it
	Sort           string                           `db:"sort" json:"sort" doc:"The order of its listing, after what is pinned."`
	Position       int                              `db:"position" json:"position"`
	Published      bool                             `db:"published" json:"published"`
	PublishAt      *time.Time                       `db:"publish_at" json:"publish_at,omitempty" doc:"Not shown before."`
	UnpublishAt    *time.Time                       `db:"unpublish_at" json:"unpublish_at,omitempty" doc:"Not shown from then on."`
	Translations   map[string]CollectionTranslation `db:"translations" json:"translations"`
	UpdatedAt      time.Time                        `db:"updated_at" json:"updated_at"`
	Version        int64                            `db:"version" json:"version"`
}

// ETag lets an edit say which version it changes.
func (c Collection) ETag() string { return httpapi.VersionTag(c.Version) }

// Selection says which products are in a collection: those for which all or
// any of the rules hold and those that are pinned, without those excluded.
type Selection struct {
	Match    string       `db:"match" json:"match" enum:"all,any" default:"all" required:"false"`
	Rules    []Rule       `db:"rules" json:"rules" maxItems:"20" required:"false"`
	Pinned   []id.Product `db:"pinned" json:"pinned" maxItems:"200" uniqueItems:"true" doc:"In it whatever the rules say, and first in this order." required:"false"`
	Excluded []id.Product `db:"excluded" json:"excluded" maxItems:"1000" uniqueItems:"true" doc:"Never in it." required:"false"`
}

// Rule is something that holds for a product or does not.
type Rule struct {
	Field  string        `json:"field" enum:"tag,brand,vendor,category,attribute,price,created,on_sale"`
	Key    string        `json:"key,omitempty" maxLength:"100" doc:"Of an attribute."`
	Values []string      `json:"values,omitempty" maxItems:"100" doc:"Any of them: values of the attribute; or ids or slugs, which are kept as ids. A category includes those below it."`
	Min    *money.Amount `json:"min,omitempty" doc:"The lowest price of the cheapest variant."`
	Max    *money.Amount `json:"max,omitempty" doc:"The highest, in the same currency."`
	Days   int           `json:"days,omitempty" minimum:"0" maximum:"3650" doc:"Created within so many days."`
}

// CollectionTranslation is a collection in another language.
type CollectionTranslation struct {
	Title          string `json:"title,omitempty" maxLength:"200"`
	Description    string `json:"description,omitempty" maxLength:"20000"`
	SEOTitle       string `json:"seo_title,omitempty" maxLength:"300"`
	SEODescription string `json:"seo_description,omitempty" maxLength:"1000"`
}

// CollectionEdit is what may be said of a collection; nil leaves things as they are.
type CollectionEdit struct {
	Slug           *string                           `json:"slug,omitempty" minLength:"1" maxLength:"100" doc:"Made from the title when left out."`
	Title          *string                           `json:"title,omitempty" minLength:"1" maxLength:"200"`
	Description    *string                           `json:"description,omitempty" maxLength:"20000" doc:"HTML; what could do harm is taken out."`
	SEOTitle       *string                           `json:"seo_title,omitempty" maxLength:"300"`
	SEODescription *string                           `json:"seo_description,omitempty" maxLength:"1000"`
	Match          *string                           `json:"match,omitempty" enum:"all,any"`
	Rules          *[]Rule                           `json:"rules,omitempty" maxItems:"20" doc:"None: only what is pinned."`
	Pinned         *[]id.Product                     `json:"pinned,omitempty" maxItems:"200" uniqueItems:"true"`
	Excluded       *[]id.Product                     `json:"excluded,omitempty" maxItems:"1000" uniqueItems:"true"`
	Sort           *string                           `json:"sort,omitempty" enum:"price,-price,-rating,-popularity,-created_at,name"`
	Position       *int                              `json:"position,omitempty" minimum:"0" maximum:"1000000"`
	Published      *bool                             `json:"published,omitempty"`
	PublishAt      *time.Time                        `json:"publish_at,omitempty" doc:"A time that is past is none."`
	UnpublishAt    *time.Time                        `json:"unpublish_at,omitempty"`
	Translations   *map[string]CollectionTranslation `json:"translations,omitempty" doc:"By locale, in place of those that are there."`
}

// CollectionsChanged says that what is in collections has changed, or whether
// they are shown.
type CollectionsChanged struct{}

// EventName names the event in the log.
func (CollectionsChanged) EventName() string { return "catalog.collections_changed" }

const maxCollections = 1000

var (
	// ErrNoCollection says that there is no such collection, or that it is not shown.
	ErrNoCollection = errs.New(errs.NotFound, "collection_not_found", "There is no such collection.")
	// ErrCollectionTaken says that another has this slug.
	ErrCollectionTaken = errs.New(errs.Conflict, "slug_taken", "Another collection has this slug.")
)

func init() { postgres.Name("collections_slug_key", ErrCollectionTaken) }

// Collections are all of them in their order; those that are shown, or all.
func (c *Catalog) Collections(ctx context.Context, db postgres.DB, shown bool) ([]Collection, error) {
	list, err := postgres.All[Collection](ctx, db, selectCollections, pgx.NamedArgs{"shown": shown})
	if err != nil {
		return nil, fmt.Errorf("read collections: %w", err)
	}
	return list, nil
}

// Collection is one, by id or slug.
func (c *Catalog) Collection(ctx context.Context, db postgres.DB, called string, shown bool) (Collection, error) {
	found, err := CollectionsCalled(ctx, db, []string{called}, shown)
	if err != nil || len(found) == 0 {
		return Collection{}, errors.Join(err, missing(len(found) == 0 && err == nil))
	}
	return found[0], nil
}

func missing(is bool) error {
	if is {
		return ErrNoCollection
	}
	return nil
}

// CollectionsCalled are those with these ids or slugs; one that is not there is
// left out.
func CollectionsCalled(ctx context.Context, db postgres.DB, called []string, shown bool) ([]Collection, error) {
	var ids []id.Collection
	for _, name := range called {
		if known, err := id.Parse[id.Collection](name); err == nil {
			ids = append(ids, known)
		}
	}
	list, err := postgres.All[Collection](ctx, db, selectCollectionsCalled, pgx.NamedArgs{"ids": ids, "slugs": called, "shown": shown})
	if err != nil {
		return nil, fmt.Errorf("read collections: %w", err)
	}
	return list, nil
}

// NewCollection makes a collection.
func (c *Catalog) NewCollection(ctx context.Context, tx pgx.Tx, e CollectionEdit) (Collection, error) {
	n, err := postgres.Scalar[int](ctx, tx, `SELECT count(*)::int AS collections FROM collections`, nil)
	switch {
	case err != nil:
		return Collection{}, fmt.Errorf("count collections: %w", err)
	case n >= maxCollections:
		return Collection{}, errs.Validation.Field("/title", "too_many", "A shop has at most "+strconv.Itoa(maxCollections)+" collections.")
	}
	col := Collection{ID: id.New[id.Collection](), Sort: "-popularity", Selection: Selection{Match: "all"}}
	return c.saveCollection(ctx, tx, insertCollection, col, e)
}

// EditCollection changes what the edit names on the version that the caller has seen.
func (c *Catalog) EditCollection(ctx context.Context, tx pgx.Tx, collection id.Collection, version int64, e CollectionEdit) (Collection, error) {
	col, err := c.Collection(ctx, tx, collection.String(), false)
	switch {
	case err != nil:
		return col, err
	case col.Version != version:
		return col, httpapi.ErrPreconditionFailed
	}
	return c.saveCollection(ctx, tx, updateCollection, col, e)
}

// saveCollection writes an edit, if nobody else has edited it meanwhile.
func (c *Catalog) saveCollection(ctx context.Context, tx pgx.Tx, sql string, col Collection, e CollectionEdit) (Collection, error) {
	if err := c.editCollection(ctx, tx, &col, e); err != nil {
		return Collection{}, err
	}
	saved, err := postgres.Get[Collection](ctx, tx, sql, col.args())
	if errors.Is(err, postgres.ErrNoRow) {
		return Collection{}, httpapi.ErrPreconditionFailed
	}
	if err != nil {
		return Collection{}, fmt.Errorf("save collection %s: %w", col.ID, err)
	}
	return saved, events.Raise(ctx, tx, CollectionsChanged{})
}

// DeleteCollection removes a collection; its products stay where they are.
func (c *Catalog) DeleteCollection(ctx context.Context, tx pgx.Tx, collection id.Collection) error {
	n, err := postgres.Exec(ctx, tx, `DELETE FROM collections WHERE id = @id`, pgx.NamedArgs{"id": collection})
	switch {
	case err != nil:
		return fmt.Errorf("delete collection %s: %w", collection, err)
	case n == 0:
		return ErrNoCollection
	}
	return events.Raise(ctx, tx, CollectionsChanged{})
}

func (c *Catalog) editCollection(ctx context.Context, tx pgx.Tx, col *Collection, e CollectionEdit) error {
	set(&col.Title, e.Title, line)
	set(&col.Description, e.Description, sanitise)
	set(&col.SEOTitle, e.SEOTitle, line)
	set(&col.SEODescription, e.SEODescription, line)
	if set(&col.Slug, e.Slug, slug); col.Slug == "" {
		col.Slug = slug(col.Title)
	}
	put(&col.Match, e.Match)
	put(&col.Rules, e.Rules)
	put(&col.Pinned, e.Pinned)
	put(&col.Excluded, e.Excluded)
	put(&col.Sort, e.Sort)
	put(&col.Position, e.Position)
	put(&col.Published, e.Published)
	if e.PublishAt != nil {
		col.PublishAt = e.PublishAt
	}
	if e.UnpublishAt != nil {
		col.UnpublishAt = e.UnpublishAt
	}
	if e.Translations != nil {
		clean := map[string]CollectionTranslation{}
		for locale, t := range *e.Translations {
			if t = (CollectionTranslation{line(t.Title), sanitise(t.Description), line(t.SEOTitle), line(t.SEODescription)}); t != (CollectionTranslation{}) {
				clean[locale] = t
			}
		}
		if err := c.Locales.check(ctx, localesOf(clean), localesOf(col.Translations)); err != nil {
			return err
		}
		col.Translations = clean
	}
	var bad errs.Fields
	bad.Require(col.Title != "", "/title", "required", "This is required.")
	bad.Require(col.Slug != "", "/slug", "bad_slug", "A slug has letters or digits.")
	bad.Require(col.PublishAt == nil || col.UnpublishAt == nil || col.PublishAt.Before(*col.UnpublishAt), "/unpublish_at", "too_early", "It is hidden before it is shown.")
	if len(bad) > 0 {
		return bad.Err()
	}
	selection, err := col.Selection.Checked(ctx, tx)
	col.Selection = selection
	return err
}

func (c Collection) args() pgx.NamedArgs {
	return pgx.NamedArgs{
		"id": c.ID, "slug": c.Slug, "title": c.Title, "description": c.Description, "seo_title": c.SEOTitle, "seo_description": c.SEODescription,
		"match": c.Match, "rules": c.Rules, "pinned": c.Pinned, "excluded": c.Excluded, "sort": c.Sort, "position": c.Position,
		"published": c.Published, "publish_at": c.PublishAt, "unpublish_at": c.UnpublishAt, "translations": orEmpty(c.Translations), "version": c.Version,
	}
}

// Checked is a selection as it is kept: with ids in place of slugs. It refuses
// rules that say nothing.
func (s Selection) Checked(ctx context.Context, db postgres.DB) (Selection, error) {
	var names []string
	for _, r := range s.Rules {
		names = append(names, r.Values...)
	}
	called, err := labelsCalled(ctx, db, names)
	if err != nil {
		return s, err
	}
	var bad errs.Fields
	rules := make([]Rule, len(s.Rules))
	for i, r := range s.Rules {
		rules[i] = r.checked("/rules/"+strconv.Itoa(i), called, &bad)
	}
	s.Rules, s.Pinned, s.Excluded = rules, append([]id.Product{}, s.Pinned...), append([]id.Product{}, s.Excluded...)
	for i, p := range s.Pinned {
		bad.Require(!slices.Contains(s.Excluded, p), "/pinned/"+strconv.Itoa(i), "excluded", "This product is excluded, too.")
	}
	known, err := postgres.Column[id.Product](ctx, db, selectRelatable, pgx.NamedArgs{"ids": s.Pinned, "vendor": id.Vendor{}})
	if err != nil {
		return s, fmt.Errorf("look for pinned products: %w", err)
	}
	for i, p := range s.Pinned {
		bad.Require(slices.Contains(known, p), "/pinned/"+strconv.Itoa(i), "not_found", "There is no such product.")
	}
	return s, bad.Err()
}

func (r Rule) checked(at string, called map[string]string, bad *errs.Fields) Rule {
	clean := Rule{Field: r.Field}
	switch r.Field {
	case "tag", "brand", "vendor", "category":
		for i, name := range r.Values {
			known, ok := called[r.Field+" "+name]
			bad.Require(ok, at+"/values/"+strconv.Itoa(i), "not_found", "There is no such "+r.Field+".")
			clean.Values = append(clean.Values, known)
		}
		bad.Require(len(r.Values) > 0, at+"/values", "required", "Name at least one.")
	case "attribute":
		clean.Key, clean.Values = strings.ToLower(line(r.Key)), lines(r.Values)
		bad.Require(clean.Key != "", at+"/key", "required", "Name the attribute.")
		bad.Require(len(r.Values) > 0, at+"/values", "required", "Name at least one.")
	case "price":
		clean.Min, clean.Max = r.Min, r.Max
		bad.Require(r.Min != nil || r.Max != nil, at+"/min", "required", "Give the lowest price, the highest or both.")
		bad.Require(r.Min == nil || r.Min.Minor >= 0, at+"/min", "too_small", "A price is not negative.")
		bad.Require(r.Min == nil || r.Max == nil || r.Min.Currency == r.Max.Currency && r.Min.Minor <= r.Max.Minor, at+"/max", "empty_range", "The highest price is not below the lowest, and in its currency.")
	case "created":
		clean.Days = r.Days
		bad.Require(r.Days > 0, at+"/days", "required", "Say within how many days.")
	}
	return clean
}

// labelsCalled are tags, brands, vendors and categories by "field name", where
// the name is an id or a slug.
func labelsCalled(ctx context.Context, db postgres.DB, names []string) (map[string]string, error) {
	called := map[string]string{}
	if len(names) == 0 {
		return called, nil
	}
	var ids []uuid.UUID
	for _, name := range names {
		for _, parse := range []func(string) (uuid.UUID, error){parsed[id.Tag], parsed[id.Brand], parsed[id.Vendor], parsed[id.Category]} {
			if known, err := parse(name); err == nil {
				ids = append(ids, known)
			}
		}
	}
	list, err := postgres.All[struct {
		Field string    `db:"field"`
		ID    uuid.UUID `db:"id"`
		Slug  string    `db:"slug"`
	}](ctx, db, selectLabelsCalled, pgx.NamedArgs{"ids": ids, "slugs": names})
	if err != nil {
		return nil, fmt.Errorf("find what rules name: %w", err)
	}
	for _, l := range list {
		name := map[string]string{
			"tag": id.Tag(l.ID).String(), "brand": id.Brand(l.ID).String(), "vendor": id.Vendor(l.ID).String(), "category": id.Category(l.ID).String(),
		}[l.Field]
		called[l.Field+" "+l.Slug], called[l.Field+" "+name] = name, name
	}
	return called, nil
}

func parsed[T ~[16]byte, P interface {
	*T
	UnmarshalText([]byte) error
}](s string) (uuid.UUID, error) {
	v, err := id.Parse[T, P](s)
	return uuid.UUID(v), err
}

package catalog

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// Relations are products that somebody has chosen to be shown with another, in
// their order.
type Relations struct {
	Related   []id.Product `json:"related,omitempty" maxItems:"50" uniqueItems:"true" doc:"What is like it."`
	Upsell    []id.Product `json:"upsell,omitempty" maxItems:"50" uniqueItems:"true" doc:"What somebody may want in its place: better, larger."`
	CrossSell []id.Product `json:"cross_sell,omitempty" maxItems:"50" uniqueItems:"true" doc:"What goes with it: accessories, refills."`
}

const maxRelated = 50 // of a kind, as Relations says it

// lists are the relations by kind, as the table has them.
func (r *Relations) lists() map[string]*[]id.Product {
	return map[string]*[]id.Product{"related": &r.Related, "upsell": &r.Upsell, "cross_sell": &r.CrossSell}
}

func (r Relations) all() []id.Product { return slices.Concat(r.Related, r.Upsell, r.CrossSell) }

func (r Relations) equal(other Relations) bool {
	return slices.Equal(r.Related, other.Related) && slices.Equal(r.Upsell, other.Upsell) && slices.Equal(r.CrossSell, other.CrossSell)
}

// refilled is what a file makes of relations: what it says takes the places of
// what it would say now. The others stay where they are, for a file cannot name them.
func (r Relations) refilled(says Relations, told []id.Product) (all Relations) {
	for kind, now := range r.lists() {
		list, said := all.lists()[kind], *says.lists()[kind]
		next := said
		for _, related := range *now {
			switch named := slices.Contains(told, related); {
			case named && len(next) > 0:
				*list, next = append(*list, next[0]), next[1:]
			case !named && !slices.Contains(said, related):
				*list = append(*list, related)
			}
		}
		*list = append(*list, next...)
	}
	return all
}

// rows are the relations of a product as the table has them.
func (r Relations) rows(product id.Product) []relationRow {
	var rows []relationRow
	for kind, list := range r.lists() {
		for i, related := range *list {
			rows = append(rows, relationRow{uuid.UUID(product), kind, uuid.UUID(related), i})
		}
	}
	return rows
}

type relationRow struct {
	ProductID uuid.UUID `json:"product_id"`
	Kind      string    `json:"kind"`
	RelatedID uuid.UUID `json:"related_id"`
	Position  int       `json:"position"`
}

// relationOf is a relation that is read with its product.
type relationOf struct {
	ProductID id.Product `db:"product_id"`
	Kind      string     `db:"kind"`
	RelatedID id.Product `db:"related_id"`
}

func (p *Product) relate(r relationOf) {
	list := p.Relations.lists()[r.Kind]
	*list = append(*list, r.RelatedID)
}

// checkRelations refuses products that are not there, and those of others where
// a vendor names them; what staff have chosen may stay.
func (c *Catalog) checkRelations(ctx context.Context, db postgres.DB, vendor id.Vendor, p Product, wanted Relations) error {
	known, err := relatable(ctx, db, vendor, wanted.all())
	if err != nil {
		return err
	}
	return p.relatedTo(wanted, known).Err()
}

// relatable are those of products that somebody may name: a vendor its own.
func relatable(ctx context.Context, db postgres.DB, vendor id.Vendor, products []id.Product) ([]id.Product, error) {
	known, err := postgres.Column[id.Product](ctx, db, selectRelatable, pgx.NamedArgs{"ids": products, "vendor": vendor})
	if err != nil {
		return nil, fmt.Errorf("look for related products: %w", err)
	}
	return known, nil
}

// told are those of products that a file says something is related to: of staff,
// all that it has; of a vendor, its own of them.
func told(ctx context.Context, db postgres.DB, vendor id.Vendor, products []id.Product) ([]id.Product, error) {
	list, err := postgres.Column[id.Product](ctx, db, selectRelatable+` AND status <> 'archived'`, pgx.NamedArgs{"ids": products, "vendor": vendor})
	if err != nil {
		return nil, fmt.Errorf("look for products that files name: %w", err)
	}
	return list, nil
}

// relatedTo finds what is wrong with relations that a product shall have.
func (p Product) relatedTo(wanted Relations, known []id.Product) (bad errs.Fields) {
	known = slices.Concat(known, p.Relations.all())
	for kind, list := range wanted.lists() {
		bad.Require(len(*list) <= maxRelated, "/relations/"+kind, "too_many", fmt.Sprintf("A product has at most %d of a kind.", maxRelated))
		for i, related := range *list {
			at := "/relations/" + kind + "/" + strconv.Itoa(i)
			bad.Require(related != p.ID, at, "itself", "A product is not related to itself.")
			bad.Require(related == p.ID || slices.Contains(known, related), at, "not_found", "There is no such product, or it is not yours.")
		}
	}
	return bad
}

const selectRelatable = `
	SELECT id FROM products WHERE id = ANY(@ids::uuid[]) AND (@vendor::uuid IS NULL OR vendor_id = @vendor)`

const selectRelations = `
	SELECT product_id, kind, related_id FROM product_relations
	WHERE product_id = ANY(@ids) ORDER BY product_id, kind, position`

const deleteRelations = `DELETE FROM product_relations WHERE product_id = ANY(@ids)`

const insertRelations = `
	INSERT INTO product_relations (product_id, kind, related_id, position)
	SELECT product_id, kind, related_id, position
	FROM jsonb_to_recordset(@rows::jsonb) AS r(product_id uuid, kind text, related_id uuid, position int)`

package catalog

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/events"
)

// BulkEdit is what is done to many products at once; what it leaves out stays.
type BulkEdit struct {
	Command    Command             `json:"command,omitempty" enum:"submit,approve,hide,archive,restore" doc:"Approving is for staff."`
	AddTags    []string            `json:"add_tags,omitempty" maxItems:"50" doc:"Names."`
	RemoveTags []string            `json:"remove_tags,omitempty" maxItems:"50" doc:"Names or slugs."`
	Categories *[]string           `json:"categories,omitempty" maxItems:"20" doc:"Ids or slugs, in place of those that are there."`
	Brand      *string             `json:"brand,omitempty" maxLength:"200" doc:"Its name; none when empty."`
	Kind       *string             `json:"kind,omitempty" maxLength:"200"`
	Attributes map[string][]string `json:"attributes,omitempty" doc:"Added to those that are there; an empty list takes one away."`
}

// BulkOutcome is what became of one product.
type BulkOutcome struct {
	ID       id.Product   `json:"id"`
	Change   Change       `json:"change" enum:"updated,unchanged,refused"`
	Problems []errs.Field `json:"problems,omitempty"`
}

// bulk is one run of Bulk: what it has looked up before it decides.
type bulk struct {
	BulkEdit
	tags       []Tag
	brand      *Brand
	categories []Category
	described  described
	types      productTypes
}

// Bulk edits many products in a fixed number of statements. A product that
// cannot be edited is told and left as it is; the others are edited. Where one
// is not there, or not theirs, nothing is done: [ErrNoProduct].
func (c *Catalog) Bulk(ctx context.Context, tx pgx.Tx, vendor id.Vendor, products []id.Product, e BulkEdit) ([]BulkOutcome, error) {
	b, err := c.prepareBulk(ctx, tx, e)
	if err != nil {
		return nil, err
	}
	list, err := c.productsByID(ctx, tx, lockProducts, pgx.NamedArgs{"ids": products, "vendor": vendor})
	if err != nil {
		return nil, fmt.Errorf("lock %d products: %w", len(products), err)
	}
	var changes edits
	var moved []StatusChanged
	outcomes := make([]BulkOutcome, len(products))
	for i, product := range products {
		outcomes[i] = BulkOutcome{ID: product, Change: Refused}
		at := slices.IndexFunc(list, func(p Product) bool { return p.ID == product })
		if at < 0 {
			return nil, ErrNoProduct
		}
		was := list[at]
		want, bad := b.apply(was)
		if waits, err := c.bulkWaits(ctx, tx, vendor, was, e); err != nil {
			return nil, err
		} else if waits {
			bad = append(bad, errs.Field{Code: ErrLookedAt.Code, Detail: ErrLookedAt.Message})
		}
		want.finish()
		if len(bad) == 0 {
			bad = append(want.check(), b.types.check(was, want)...)
		}
		switch {
		case len(bad) > 0:
			outcomes[i].Problems = bad
		case changes.add(&was, want):
			outcomes[i].Change = Updated
			if was.Status != want.Status {
				moved = append(moved, StatusChanged{ProductID: product, From: was.Status, To: want.Status})
			}
		default:
			outcomes[i].Change = Unchanged
		}
	}
	if err := changes.write(ctx, tx); err != nil {
		return nil, fmt.Errorf("write %d products: %w", len(changes.changed), err)
	}
	for _, m := range moved {
		if err := events.Raise(ctx, tx, m); err != nil {
			return nil, err
		}
	}
	return outcomes, nil
}

// bulkWaits reports whether a vendor's edit would go past those who review.
func (c *Catalog) bulkWaits(ctx context.Context, tx pgx.Tx, vendor id.Vendor, p Product, e BulkEdit) (bool, error) {
	if e.Command = ""; vendor.IsZero() || e.empty() { // commands have their own rules
		return false, nil
	}
	return c.waits(ctx, tx, p)
}

func (c *Catalog) prepareBulk(ctx context.Context, tx pgx.Tx, e BulkEdit) (b bulk, err error) {
	b.BulkEdit = e
	if err := checkTagNames(e.AddTags); err != nil {
		return b, err
	}
	tags, err := c.ensureTags(ctx, tx, e.AddTags)
	if err != nil {
		return b, err
	}
	b.tags = tags.of(e.AddTags)
	if e.Categories != nil {
		if b.categories, err = c.categoriesCalled(ctx, tx, *e.Categories); err != nil {
			return b, err
		}
	}
	if e.Brand != nil {
		if b.brand, err = c.brandNamed(ctx, tx, *e.Brand); err != nil {
			return b, err
		}
	}
	if b.described, err = c.described(ctx, tx); err != nil {
		return b, err
	}
	b.types, err = c.productTypes(ctx, tx)
	return b, err
}

// apply makes the product that is wanted out of the one that is there.
func (b bulk) apply(p Product) (Product, errs.Fields) {
	var bad errs.Fields
	set(&p.Kind, b.Kind, line)
	if b.Brand != nil {
		p.Brand = b.brand
	}
	if b.Categories != nil {
		p.Categories = b.categories
	}
	p.Tags = slices.DeleteFunc(slices.Concat(p.Tags, b.tags), func(t Tag) bool {
		return slices.ContainsFunc(b.RemoveTags, func(name string) bool { return slug(name) == t.Slug })
	})
	if len(b.Attributes) > 0 {
		var added map[string][]string
		added, bad = b.described.clean(b.Attributes)
		kept := maps.Collect(maps.All(p.Attributes))
		for key := range b.Attributes {
			delete(kept, strings.ToLower(line(key)))
		}
		maps.Copy(kept, added)
		p.Attributes = kept
	}
	if b.Command != "" {
		move := moves[b.Command]
		bad.Require(slices.Contains(move.from, p.Status), "/command", ErrStatus.Code, "A product that is "+string(p.Status)+" cannot do this.")
		if p.Status = move.to; b.Command == Approve {
			p.Status = p.approved()
		}
	}
	return p, bad
}

const lockProducts = selectProducts + `
	WHERE p.id = ANY(@ids) AND (@vendor::uuid IS NULL OR p.vendor_id = @vendor) ORDER BY p.id FOR NO KEY UPDATE OF p`

var errNothingToEdit = errs.Validation.Field("/edit", "required", "Say what to do with the products.")

func (e BulkEdit) empty() bool {
	return e.Command == "" && len(e.AddTags) == 0 && len(e.RemoveTags) == 0 && e.Categories == nil && e.Brand == nil && e.Kind == nil && len(e.Attributes) == 0
}

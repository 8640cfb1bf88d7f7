package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
	"souk/internal/platform/settings"
)

var (
	// ReviewEditsSetting lets staff look at what vendors change.
	ReviewEditsSetting = settings.Value[bool]{
		Key: "catalog.review_edits", Help: "Look at what vendors change on products that are on sale before shoppers see it. Stock and variants change at once, but not what a bundle is made of; prices do unless catalog.review_prices is on, too.",
	}
	// ReviewPricesSetting lets staff look at what vendors' goods shall cost.
	ReviewPricesSetting = settings.Value[bool]{
		Key: "catalog.review_prices", Help: "Where catalog.review_edits is on, look at vendors' prices of products that are on sale, too. Stock changes at once all the same: to hold it back would sell what is not there.",
	}
	// TrustAfterSetting spares staff the edits of those who have proven themselves.
	TrustAfterSetting = settings.Value[int]{
		Key: "catalog.trust_after", Help: "After how many approved changes in a row a vendor's next ones go live by themselves; 0 is never.",
		Check: func(n int) bool { return n >= 0 && n <= 1000 }, Rule: "Give a number from 0 to 1000.",
	}
)

// Settings lists what this module declares.
func Settings() []settings.Declared {
	return []settings.Declared{ReviewEditsSetting, ReviewPricesSetting, TrustAfterSetting, LocalesSetting}
}

// A ProposedChange is what a vendor wants to change on a product that is on
// sale. A product has one that is pending at most: what is proposed next is
// added to it.
type ProposedChange struct {
	ID        id.ProductChange `db:"id" json:"id"`
	ProductID id.Product       `db:"product_id" json:"product_id"`
	VendorID  id.Vendor        `db:"vendor_id" json:"vendor_id"`
	Product   string           `db:"product" json:"product" doc:"The title as it is."`
	Edit      proposedEdit     `db:"edit" json:"-"`
	State     ChangeState      `db:"state" json:"state" enum:"pending,approved,rejected,withdrawn"`
	Reason    string           `db:"reason" json:"reason" doc:"Why it was rejected."`
	CreatedAt time.Time        `db:"created_at" json:"created_at"`
	DecidedAt *time.Time       `db:"decided_at" json:"decided_at,omitempty"`
	Diff      []FieldChange    `db:"diff" json:"diff" doc:"Against the product as it is; of a decided change, as it was then."`
	Tag       string           `db:"-" json:"etag" doc:"Of the diff: send it as If-Match to approve what you have seen."`
}

// ETag lets staff say which diff they have seen.
func (c ProposedChange) ETag() string { return c.Tag }

// ChangeState is what has become of a proposed change.
type ChangeState string

// The states of proposed changes.
const (
	ChangePending   ChangeState = "pending"
	ChangeApproved  ChangeState = "approved"
	ChangeRejected  ChangeState = "rejected"
	ChangeWithdrawn ChangeState = "withdrawn"
)

// FieldChange is one field of a change: as it is on the product, and as it would be.
type FieldChange struct {
	Field  string `json:"field"`
	Before any    `json:"before"`
	After  any    `json:"after"`
}

// ChangeDecided says that staff, or a rule, have decided about a vendor's change.
type ChangeDecided struct {
	ChangeID  id.ProductChange `json:"change_id"`
	ProductID id.Product       `json:"product_id"`
	VendorID  id.Vendor        `json:"vendor_id"`
	State     ChangeState      `json:"state"`
}

// EventName names the event in the log.
func (ChangeDecided) EventName() string { return "catalog.change_decided" }

// ErrNoChange says that there is no such change that waits for a decision.
var ErrNoChange = errs.New(errs.NotFound, "not_found", "There is no such change that waits.")

// Propose is [Catalog.Update] for a vendor. Where staff want to look first, what
// is on sale stays as it is and the change waits; the product tells of it.
func (c *Catalog) Propose(ctx context.Context, tx pgx.Tx, vendor id.Vendor, product id.Product, version int64, e ProductEdit) (Product, error) {
	now, err := c.lock(ctx, tx, vendor, product, version)
	if err != nil {
		return Product{}, err
	}
	waits, err := c.waits(ctx, tx, now)
	if err != nil {
		return Product{}, err
	}
	if !waits {
		return c.Update(ctx, tx, vendor, product, version, e)
	}
	if e.Media != nil {
		places := *e.Media
		if _, err := c.proposeMedia(ctx, tx, now, func(p *Product) error { return p.arrange(places).Err() }); err != nil {
			return Product{}, err
		}
		e.Media = nil
	}
	if len(fields(e)) > 0 {
		would, err := c.tryOut(ctx, tx, vendor, now, e)
		if err != nil {
			return Product{}, err
		}
		if _, err := c.propose(ctx, tx, now, e.madeOf(would)); err != nil {
			return Product{}, err
		}
	}
	return c.Product(ctx, tx, vendor, product)
}

// ProposeVariant is [Catalog.EditVariant] for a vendor. What a bundle is made of
// is a change of the product, which staff may want to look at first; the rest is not.
func (c *Catalog) ProposeVariant(ctx context.Context, tx pgx.Tx, vendor id.Vendor, product id.Product, variant id.Variant, version int64, e VariantEdit) (Variant, error) {
	if e.Bundle == nil {
		return c.EditVariant(ctx, tx, vendor, product, variant, version, e)
	}
	now, err := c.lock(ctx, tx, vendor, product, 0)
	if err != nil {
		return Variant{}, err
	}
	waits, err := c.waits(ctx, tx, now)
	if err != nil || !waits {
		return c.EditVariant(ctx, tx, vendor, product, variant, version, e)
	}
	wanted := map[id.Variant]NewBundle{variant: *e.Bundle}
	e.Bundle = nil
	if _, err := c.EditVariant(ctx, tx, vendor, product, variant, version, e); err != nil {
		return Variant{}, err
	}
	if now, err = c.Propose(ctx, tx, vendor, product, 0, ProductEdit{Bundles: &wanted}); err != nil {
		return Variant{}, err
	}
	return now.variant(variant)
}

// propose adds an edit to the change of a product that waits, and says which
// that is.
func (c *Catalog) propose(ctx context.Context, tx pgx.Tx, p Product, e map[string]any) (id.ProductChange, error) {
	change, err := postgres.Scalar[id.ProductChange](ctx, tx, proposeChange, pgx.NamedArgs{
		"id": id.New[id.ProductChange](), "product": p.ID, "vendor": p.VendorID, "edit": e,
	})
	if err != nil {
		return change, fmt.Errorf("propose change of product %s: %w", p.ID, err)
	}
	return change, nil
}

// ErrLookedAt keeps edits of many from going past those who look at them.
var ErrLookedAt = errs.New(errs.Conflict, "review_required", "Staff look at changes of what is on sale: edit this product by itself.")

func (p Product) onSale() bool { return p.Status == Active || p.Status == Scheduled }

// waits reports whether changes of a product have to be looked at first.
func (c *Catalog) waits(ctx context.Context, tx pgx.Tx, p Product) (bool, error) {
	if !p.onSale() {
		return false, nil
	}
	return c.staffLook(ctx, tx, p.VendorID)
}

// staffLook reports whether staff look at what a vendor changes.
func (c *Catalog) staffLook(ctx context.Context, tx pgx.Tx, vendor id.Vendor) (bool, error) {
	review, err := ReviewEditsSetting.Get(ctx, c.Settings)
	if err != nil || !review {
		return false, err
	}
	after, err := TrustAfterSetting.Get(ctx, c.Settings)
	if err != nil || after == 0 {
		return true, err
	}
	trusted, err := postgres.Scalar[bool](ctx, tx, isTrusted, pgx.NamedArgs{"vendor": vendor, "after": after})
	if err != nil {
		return true, fmt.Errorf("look at earlier changes of vendor %s: %w", vendor, err)
	}
	return !trusted, nil
}

var errTriedOut = errors.New("tried out")

// tryOut makes a change and takes it back: a vendor is told at once what cannot
// be, and the answer is the product as it would be.
func (c *Catalog) tryOut(ctx context.Context, tx pgx.Tx, vendor id.Vendor, p Product, e ProductEdit) (would Product, err error) {
	err = postgres.InTx(ctx, tx, func(tx pgx.Tx) error {
		if would, err = c.Update(ctx, tx, vendor, p.ID, p.Version, e); err != nil {
			return err
		}
		return errTriedOut
	})
	if errors.Is(err, errTriedOut) {
		err = nil
	}
	return would, err
}

// Changes lists what vendors want to change, the oldest first; a vendor sees its own.
func (c *Catalog) Changes(ctx context.Context, db postgres.DB, vendor id.Vendor, state ChangeState, after id.ProductChange, limit int) ([]ProposedChange, error) {
	list, err := postgres.All[ProposedChange](ctx, db, selectChanges, pgx.NamedArgs{"vendor": vendor, "state": state, "after": after, "limit": limit})
	if err != nil {
		return nil, fmt.Errorf("list proposed changes: %w", err)
	}
	return list, c.compare(ctx, db, list)
}

// Change is one change, decided or not.
func (c *Catalog) Change(ctx context.Context, db postgres.DB, change id.ProductChange) (ProposedChange, error) {
	list, err := postgres.All[ProposedChange](ctx, db, selectChange, pgx.NamedArgs{"id": change})
	switch {
	case err != nil:
		return ProposedChange{}, fmt.Errorf("read change %s: %w", change, err)
	case len(list) == 0:
		return ProposedChange{}, ErrNoChange
	}
	return list[0], c.compare(ctx, db, list)
}

// compare adds to changes that wait what they would change on the products as
// they are; those that were decided know it.
func (c *Catalog) compare(ctx context.Context, db postgres.DB, list []ProposedChange) error {
	var ids []id.Product
	for _, change := range list {
		if change.Diff == nil {
			ids = append(ids, change.ProductID)
		}
	}
	var products []Product
	var proposed []Media
	if len(ids) > 0 {
		var err error
		if products, err = c.productsByID(ctx, db, selectProductsByIDs, pgx.NamedArgs{"ids": ids}); err != nil {
			return fmt.Errorf("read products with proposed changes: %w", err)
		}
		if proposed, err = c.proposedMedia(ctx, db, list); err != nil {
			return err
		}
	}
	for i := range list {
		if list[i].Diff == nil {
			list[i].Diff = []FieldChange{}
			if at := slices.IndexFunc(products, func(p Product) bool { return p.ID == list[i].ProductID }); at >= 0 {
				list[i].Diff = products[at].diff(list[i], proposed)
			}
		}
		list[i].Tag = etagOf(list[i].Diff)
	}
	return nil
}

// diff is what a change would change on a product, field by field.
func (p Product) diff(change ProposedChange, proposed []Media) []FieldChange {
	diff := []FieldChange{}
	before, after := fields(p.asEdit(change.Edit.ProductEdit)), fields(change.Edit)
	if change.Edit.Media != nil {
		before["media"], after["media"] = shown(p.Media), shown(p.wished(change, proposed).Media)
	}
	if change.Edit.Prices != nil {
		before["prices"], after["prices"] = p.pricesShown(change.Edit.Prices)
	}
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if !reflect.DeepEqual(before[name], after[name]) {
			diff = append(diff, FieldChange{name, before[name], after[name]})
		}
	}
	return diff
}

// etagOf is another for each diff.
func etagOf(diff []FieldChange) string {
	text, err := json.Marshal(diff)
	if err != nil {
		panic(err) // texts, lists and times only
	}
	sum := sha256.Sum256(text)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:15]) + `"`
}

// ApproveChange lets a change go live that staff have seen as it is.
func (c *Catalog) ApproveChange(ctx context.Context, tx pgx.Tx, change id.ProductChange, seen httpapi.IfMatch) (ProposedChange, error) {
	approved, err := c.settle(ctx, tx, id.Vendor{}, change, ChangeApproved, "")
	if err != nil {
		return ProposedChange{}, err
	}
	if err := seen.Check(approved.Tag); err != nil {
		return ProposedChange{}, err
	}
	edit, err := c.adopt(ctx, tx, approved)
	if err != nil {
		return ProposedChange{}, err
	}
	if _, err := c.Update(ctx, tx, approved.VendorID, approved.ProductID, 0, edit); err != nil {
		return ProposedChange{}, err
	}
	if err := c.replacePrices(ctx, tx, approved.VendorID, approved.Edit.Prices); err != nil {
		return ProposedChange{}, err
	}
	return approved, approved.raise(ctx, tx)
}

// RejectChange sends a change back.
func (c *Catalog) RejectChange(ctx context.Context, tx pgx.Tx, change id.ProductChange, reason string) (ProposedChange, error) {
	rejected, err := c.settle(ctx, tx, id.Vendor{}, change, ChangeRejected, reason)
	if err != nil {
		return ProposedChange{}, err
	}
	return rejected, rejected.raise(ctx, tx)
}

func (c ProposedChange) raise(ctx context.Context, tx pgx.Tx) error {
	return events.Raise(ctx, tx, ChangeDecided{c.ID, c.ProductID, c.VendorID, c.State})
}

// Withdraw takes a vendor's own change back.
func (c *Catalog) Withdraw(ctx context.Context, tx pgx.Tx, vendor id.Vendor, change id.ProductChange) error {
	_, err := c.settle(ctx, tx, vendor, change, ChangeWithdrawn, "")
	return err
}

func (c *Catalog) settle(ctx context.Context, tx pgx.Tx, vendor id.Vendor, change id.ProductChange, state ChangeState, reason string) (ProposedChange, error) {
	list, err := postgres.All[ProposedChange](ctx, tx, settleChange, pgx.NamedArgs{"id": change, "vendor": vendor, "state": state, "reason": line(reason)})
	switch {
	case err != nil:
		return ProposedChange{}, fmt.Errorf("settle change %s: %w", change, err)
	case len(list) == 0:
		return ProposedChange{}, ErrNoChange
	}
	if err := c.compare(ctx, tx, list); err != nil {
		return ProposedChange{}, err
	}
	if _, err := postgres.Exec(ctx, tx, keepDiff, pgx.NamedArgs{"id": change, "diff": list[0].Diff}); err != nil {
		return ProposedChange{}, fmt.Errorf("keep what change %s was: %w", change, err)
	}
	if state != ChangeApproved {
		if _, err := postgres.Exec(ctx, tx, dropProposedMedia, pgx.NamedArgs{"change": change}); err != nil {
			return ProposedChange{}, fmt.Errorf("drop pictures of change %s: %w", change, err)
		}
	}
	return list[0], nil
}

// asEdit is the edit that would make a product what it is; of its bundles, those
// that the other edit names.
func (p Product) asEdit(other ProductEdit) ProductEdit {
	bundles := map[id.Variant]NewBundle{}
	for _, v := range p.Variants {
		if other.Bundles == nil {
			break
		}
		if _, named := (*other.Bundles)[v.ID]; named {
			bundles[v.ID] = v.asNew()
		}
	}
	brand, categories, tags := "", make([]string, len(p.Categories)), make([]string, len(p.Tags))
	if p.Brand != nil {
		brand = p.Brand.Name
	}
	for i, c := range p.Categories {
		categories[i] = c.Slug
	}
	for i, t := range p.Tags {
		tags[i] = t.Name
	}
	return ProductEdit{
		Slug: &p.Slug, Title: &p.Title, Description: &p.Description, Kind: &p.Kind, Brand: &brand, Categories: &categories, Tags: &tags,
		Attributes: &p.Attributes, Options: &p.Options, SEOTitle: &p.SEOTitle, SEODescription: &p.SEODescription, Translations: &p.Translations, Relations: &p.Relations,
		PublishAt: p.PublishAt, UnpublishAt: p.UnpublishAt, Bundles: &bundles,
	}
}

// madeOf is an edit with what has become of each field that it names, so that it
// is kept as it would be and not as it was written.
func (e ProductEdit) madeOf(would Product) map[string]any {
	named, made := fields(e), fields(would.asEdit(e))
	for name := range named {
		if now, there := made[name]; there { // a time that is past is none
			named[name] = now
		}
	}
	return named
}

// fields are what an edit names, as JSON has it.
func fields(e any) (named map[string]any) {
	text, err := json.Marshal(e)
	if err == nil {
		err = json.Unmarshal(text, &named)
	}
	if err != nil {
		panic(err) // texts, lists and times only
	}
	return named
}

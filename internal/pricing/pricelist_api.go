package pricing

import (
	"context"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
)

// listRoutes mounts what one door does with price lists.
func (h handlers) listRoutes(r *httpapi.Router, door string, read, write auth.Permission) {
	all, may, mayWrite := door+"/price-lists", httpapi.Needs(read), httpapi.Needs(write)
	one := all + "/{list}"
	httpapi.Get(r, all, h.listLists, may, httpapi.Private(), httpapi.Summary("List price lists, the newest first"))
	httpapi.Post(r, all, h.createList, mayWrite, httpapi.Status(http.StatusCreated), httpapi.Summary("Make a price list"),
		httpapi.Describe("It is a draft unless `status` says otherwise, starts now unless `starts_at` does, and has no prices yet."))
	httpapi.Get(r, one, h.showList, may, httpapi.Private(), httpapi.Summary("Show a price list"))
	httpapi.Patch(r, one, h.editList, mayWrite, httpapi.Summary("Edit a price list"),
		httpapi.Describe("What is left out stays; `clear` takes an optional value away. Carts are priced anew at once, pages within five seconds; placed orders keep what they agreed to. An archived list stays as it is."))
	httpapi.Get(r, one+"/prices", h.listListed, may, httpapi.Private(), httpapi.Summary("List the prices of a price list, by variant"))
	httpapi.Put(r, one+"/prices", h.setListed, mayWrite, httpapi.Summary("Set prices of a price list"),
		httpapi.Describe("Replaces the prices of the variants that are named, as many as stand on a page; one without prices is taken out of the list. `If-Match` is the ETag of the list."))
	httpapi.Raw(r, http.MethodPost, one+"/import", h.importList, mayWrite, httpapi.BodyLimit(MaxListFile+httpapi.FormOverhead),
		httpapi.Consumes("text/csv"), httpapi.Returns[ListImport](), httpapi.Summary("Import prices of a price list from CSV"),
		httpapi.Describe("Columns: `variant_id` or `sku`, `price`, `currency`, and `min_quantity` (1 where it is left out). Replaces the prices of the variants in the file. Where a row is refused nothing is changed; the rows at fault are named."),
		httpapi.QueryParam("dry_run", "true: check the file, and change nothing."),
		httpapi.QueryParam("replace", "true: variants that are not in the file are taken out of the list."))
	httpapi.Raw(r, http.MethodGet, one+"/export", h.exportList, may, httpapi.Private(), httpapi.Produces("text/csv"),
		httpapi.Summary("Export a price list as CSV"), httpapi.Describe("The import takes the file as it is."))
}

type listListsInput struct{ httpapi.Page }

func (h handlers) listLists(ctx context.Context, in *listListsInput) (httpapi.List[PriceList], error) {
	var before id.PriceList
	scope := httpapi.Scope(ctx)
	if err := h.cursors.Open(scope, in.After, &before); err != nil {
		return httpapi.List[PriceList]{}, err
	}
	found, err := lists(ctx, h.DB, h.scope(ctx), before, in.Limit+1)
	return httpapi.ListOf(h.cursors, scope, found, in.Limit, func(l PriceList) any { return l.ID }), err
}

type listInput struct {
	List id.PriceList `path:"list"`
}

func (h handlers) showList(ctx context.Context, in *listInput) (PriceList, error) {
	return findList(ctx, h.DB, h.scope(ctx), in.List)
}

type createListInput struct {
	Body struct {
		Vendor   id.Vendor  `json:"vendor_id,omitzero" doc:"Whose variants alone it prices; vendors leave it out"`
		Name     string     `json:"name" minLength:"1" maxLength:"100"`
		Status   ListStatus `json:"status,omitempty" enum:"draft,active" default:"draft"`
		Priority int        `json:"priority,omitempty" minimum:"-1000000" maximum:"1000000"`
		Groups   []string   `json:"customer_groups,omitempty" maxItems:"100" maxLength:"60"`
		Plans    []id.Plan  `json:"plans,omitempty" maxItems:"100"`
		StartsAt time.Time  `json:"starts_at,omitzero"`
		EndsAt   *time.Time `json:"ends_at,omitempty"`
	}
}

func (h handlers) createList(ctx context.Context, tx pgx.Tx, in *createListInput) (PriceList, error) {
	b := &in.Body
	l := PriceList{
		VendorID: b.Vendor, Name: b.Name, Status: b.Status, Priority: b.Priority, Groups: b.Groups, Plans: b.Plans, StartsAt: b.StartsAt, EndsAt: b.EndsAt,
	}
	if h.vendor {
		if !b.Vendor.IsZero() {
			return PriceList{}, errs.Validation.Field("/vendor_id", "not_yours", "Leave the vendor out: it is yours.")
		}
		l.VendorID = h.scope(ctx)
	}
	if err := h.mayRun(ctx, tx, h.scope(ctx), l); err != nil {
		return PriceList{}, err
	}
	return h.CreateList(ctx, tx, l)
}

type editListInput struct {
	List id.PriceList `path:"list"`
	httpapi.IfMatch
	Body struct {
		Name     *string     `json:"name,omitempty" minLength:"1" maxLength:"100"`
		Status   *ListStatus `json:"status,omitempty" enum:"draft,active,archived"`
		Priority *int        `json:"priority,omitempty" minimum:"-1000000" maximum:"1000000"`
		Groups   *[]string   `json:"customer_groups,omitempty" maxItems:"100" maxLength:"60"`
		Plans    *[]id.Plan  `json:"plans,omitempty" maxItems:"100"`
		StartsAt *time.Time  `json:"starts_at,omitempty"`
		EndsAt   *time.Time  `json:"ends_at,omitempty"`
		Clear    []string    `json:"clear,omitempty" enum:"ends_at" maxItems:"1" doc:"What is to have no value any more"`
	}
}

func (h handlers) editList(ctx context.Context, tx pgx.Tx, in *editListInput) (PriceList, error) {
	l, err := lockList(ctx, tx, h.scope(ctx), in.List)
	if err != nil {
		return PriceList{}, err
	}
	if err := in.Check(l.ETag()); err != nil {
		return PriceList{}, err
	}
	b := &in.Body
	set(&l.Name, b.Name)
	set(&l.Status, b.Status)
	set(&l.Priority, b.Priority)
	set(&l.Groups, b.Groups)
	set(&l.Plans, b.Plans)
	set(&l.StartsAt, b.StartsAt)
	if len(b.Clear) > 0 {
		l.EndsAt = nil
	}
	if b.EndsAt != nil {
		l.EndsAt = b.EndsAt
	}
	if err := h.mayRun(ctx, tx, h.scope(ctx), l); err != nil {
		return PriceList{}, err
	}
	if err := l.tidy(ctx, tx); err != nil {
		return PriceList{}, err
	}
	if err := updateList(ctx, tx, l); err != nil {
		return PriceList{}, err
	}
	return findList(ctx, tx, h.scope(ctx), l.ID)
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

type listedInput struct {
	List id.PriceList `path:"list"`
	httpapi.Page
}

func (h handlers) listListed(ctx context.Context, in *listedInput) (httpapi.List[VariantList], error) {
	var after id.Variant
	scope := httpapi.Scope(ctx)
	if err := h.cursors.Open(scope, in.After, &after); err != nil {
		return httpapi.List[VariantList]{}, err
	}
	if _, err := findList(ctx, h.DB, h.scope(ctx), in.List); err != nil {
		return httpapi.List[VariantList]{}, err
	}
	page, err := listedPage(ctx, h.DB, in.List, after, in.Limit+1)
	return httpapi.ListOf(h.cursors, scope, page, in.Limit, func(v VariantList) any { return v.Variant }), err
}

type setListedInput struct {
	List id.PriceList `path:"list"`
	httpapi.IfMatch
	Body struct {
		Variants []VariantList `json:"variants" minItems:"1" maxItems:"100"`
	}
}

func (h handlers) setListed(ctx context.Context, tx pgx.Tx, in *setListedInput) (PriceList, error) {
	l, err := lockList(ctx, tx, h.scope(ctx), in.List)
	if err != nil {
		return PriceList{}, err
	}
	if err := in.Check(l.ETag()); err != nil {
		return PriceList{}, err
	}
	if err := h.mayRun(ctx, tx, h.scope(ctx), l); err != nil {
		return PriceList{}, err
	}
	if err := h.SetListed(ctx, tx, l, in.Body.Variants); err != nil {
		return PriceList{}, err
	}
	return findList(ctx, tx, h.scope(ctx), l.ID)
}

package pricing

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/catalog"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// ListStatus is where a price list is in its life.
type ListStatus string

// The statuses. Whether an active list runs is told by its window.
const (
	ListDraft    ListStatus = "draft"
	ListActive   ListStatus = "active"
	ListArchived ListStatus = "archived" // for good
)

// A PriceList is other prices for some buyers, from some quantity on, or for
// some time. Carts choose among those that are open to their buyer: see
// [UnitPrices].
type PriceList struct {
	ID        id.PriceList `json:"id" db:"id"`
	VendorID  id.Vendor    `json:"vendor_id,omitzero" db:"vendor_id" doc:"Whose variants alone it prices; left out for the shop's own, which may price any"`
	Name      string       `json:"name" db:"name" doc:"As buyers are told of it"`
	Status    ListStatus   `json:"status" db:"status" enum:"draft,active,archived"`
	Priority  int          `json:"priority" db:"priority" doc:"Of the lists that price a variant the highest counts; of equal ones the cheapest"`
	Groups    []string     `json:"customer_groups" db:"customer_groups" doc:"Handles; the buyer is in one of them. None is everybody"`
	Plans     []id.Plan    `json:"plans" db:"plans" doc:"The buyer is a member of one of them"`
	StartsAt  time.Time    `json:"starts_at" db:"starts_at"`
	EndsAt    *time.Time   `json:"ends_at,omitempty" db:"ends_at"`
	Prices    int          `json:"prices" db:"prices" doc:"How many it has"`
	Version   int64        `json:"version" db:"version"`
	CreatedAt time.Time    `json:"created_at" db:"created_at"`
	UpdatedAt time.Time    `json:"updated_at" db:"updated_at"`
}

// ETag lets editors say which version of a list and its prices they have seen.
func (l PriceList) ETag() string { return httpapi.VersionTag(l.Version) }

// A VariantList is what a list asks for one variant.
type VariantList struct {
	Variant id.Variant    `json:"variant_id"`
	SKU     string        `json:"sku,omitempty"`
	Prices  []ListedPrice `json:"prices" maxItems:"1000" doc:"None takes the variant out of the list"`
}

// A ListedPrice is a price from so many units on.
type ListedPrice struct {
	MinQuantity int          `json:"min_quantity,omitempty" minimum:"1" maximum:"10000" default:"1" doc:"So many units at least, over all lines of a cart"`
	Price       money.Amount `json:"price"`
}

var (
	// ErrNoPriceList says that there is no such list, or that it is not theirs.
	ErrNoPriceList = errs.New(errs.NotFound, "price_list_not_found", "There is no such price list.")
	// ErrListArchived keeps what has ended as it was.
	ErrListArchived = errs.New(errs.Conflict, "price_list_archived", "This price list is archived: make a new one.")
)

// errListWaits keeps prices of vendors from going past those who look at them.
var errListWaits = errs.New(errs.Conflict, "review_required", "Staff look at prices of what is on sale: keep the list a draft, and ask them to put it into effect.")

func init() {
	postgres.Name("price_lists_window", errs.Validation.Field("/ends_at", "not_after", "It must end after it starts."))
	postgres.Name("price_lists_vendor_id_fkey", errs.Validation.Field("/vendor_id", "not_found", "There is no such vendor."))
}

// tidy brings a list into the form in which it is kept and says what is wrong
// with it. Groups that it names stay until tx ends.
func (l *PriceList) tidy(ctx context.Context, tx pgx.Tx) error {
	var bad errs.Fields
	l.Name, l.Groups, l.Plans = strings.TrimSpace(l.Name), slices.Compact(slices.Sorted(slices.Values(l.Groups))), append([]id.Plan{}, l.Plans...)
	bad.Require(l.Name != "" && utf8.RuneCountInString(l.Name) <= 100, "/name", "required", "Give the list a name of at most 100 letters: buyers read it.")
	bad.Require(l.EndsAt == nil || l.EndsAt.After(l.StartsAt), "/ends_at", "not_after", "It must end after it starts.")
	if err := bad.Err(); err != nil {
		return err
	}
	return accounts.HoldGroups(ctx, tx, "/customer_groups", l.Groups)
}

// mayRun refuses a vendor a list in effect where staff look at its prices first;
// to staff (no vendor) it is left.
func (p *Prices) mayRun(ctx context.Context, tx pgx.Tx, vendor id.Vendor, l PriceList) error {
	if vendor.IsZero() || l.Status != ListActive {
		return nil
	}
	look, err := p.Catalog.LooksAtPrices(ctx, tx, vendor)
	if err == nil && look {
		err = errListWaits
	}
	return err
}

// CreateList makes a price list, of nothing yet. It starts now unless it says
// when.
func (p *Prices) CreateList(ctx context.Context, tx pgx.Tx, l PriceList) (PriceList, error) {
	l.ID = id.New[id.PriceList]()
	if err := l.tidy(ctx, tx); err != nil {
		return PriceList{}, err
	}
	if err := insertList(ctx, tx, l); err != nil {
		return PriceList{}, fmt.Errorf("make price list %s: %w", l.Name, err)
	}
	return findList(ctx, tx, l.VendorID, l.ID)
}

// SetListed replaces what a list, which the caller has locked, asks for the
// variants that are named; others stay.
func (p *Prices) SetListed(ctx context.Context, tx pgx.Tx, l PriceList, variants []VariantList) error {
	if err := checkListed(ctx, tx, l, variants); err != nil {
		return err
	}
	return writeListed(ctx, tx, l.ID, variants)
}

func checkListed(ctx context.Context, db postgres.DB, l PriceList, variants []VariantList) error {
	ids := make([]id.Variant, len(variants))
	for i, v := range variants {
		ids[i] = v.Variant
	}
	facts, err := catalog.VariantsOf(ctx, db, l.VendorID, ids)
	if err != nil {
		return err
	}
	var bad errs.Fields
	for i, v := range variants {
		at := "/variants/" + strconv.Itoa(i)
		_, sold := facts[v.Variant]
		bad.Require(sold, at+"/variant_id", "not_found", "There is no such variant for this list.")
		bad.Require(!slices.Contains(ids[:i], v.Variant), at+"/variant_id", "duplicate", "This variant is named twice.")
		for j, price := range v.Prices {
			at := at + "/prices/" + strconv.Itoa(j)
			if problem := price.problem(); problem != nil {
				bad.Require(false, at+problem.Pointer, problem.Code, problem.Detail)
			}
			twice := slices.ContainsFunc(v.Prices[:j], func(o ListedPrice) bool { return compareListed(o, price) == 0 })
			bad.Require(!twice, at, "duplicate", "There is another price for this quantity in this currency.")
		}
	}
	return bad.Err()
}

// problem is nil for a price that a list may have, or says what is wrong with it.
func (l ListedPrice) problem() *errs.Field {
	if l.MinQuantity < 1 || l.MinQuantity > 10_000 {
		return &errs.Field{Pointer: "/min_quantity", Code: "out_of_range", Detail: "A quantity is between 1 and 10,000."}
	}
	problem := PriceSet{Amount: l.Price}.Problem()
	if problem != nil {
		problem.Pointer = "/price" + problem.Pointer
	}
	return problem
}

func compareListed(a, b ListedPrice) int {
	return cmp.Or(cmp.Compare(a.Price.Currency, b.Price.Currency), cmp.Compare(a.MinQuantity, b.MinQuantity))
}

// listedPage is what a list asks for the variants behind after, limit of them,
// in their order.
func listedPage(ctx context.Context, db postgres.DB, list id.PriceList, after id.Variant, limit int) ([]VariantList, error) {
	rows, err := postgres.All[listedRow](ctx, db, selectListed, pgx.NamedArgs{"list": list, "after": after, "limit": limit})
	if err != nil {
		return nil, fmt.Errorf("read prices of list %s: %w", list, err)
	}
	var page []VariantList
	for _, r := range rows {
		if len(page) == 0 || !bytes.Equal(page[len(page)-1].Variant[:], r.Variant[:]) {
			page = append(page, VariantList{Variant: r.Variant, SKU: r.SKU})
		}
		last := &page[len(page)-1]
		last.Prices = append(last.Prices, ListedPrice{r.MinQuantity, r.Price})
	}
	return page, nil
}

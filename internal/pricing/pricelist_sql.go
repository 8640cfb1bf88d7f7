package pricing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

const selectLists = `
	SELECT l.id, l.vendor_id, l.name, l.status, l.priority, l.customer_groups, l.plans, l.starts_at, l.ends_at,
	       (SELECT count(*)::int FROM price_list_prices p WHERE p.list_id = l.id) AS prices, l.version, l.created_at, l.updated_at
	FROM price_lists l `

const theirListFragment = `WHERE l.id = @id AND (@vendor::uuid IS NULL OR l.vendor_id = @vendor) `

// A listedRow is a price of a list.
type listedRow struct {
	Variant     id.Variant   `db:"variant_id"`
	SKU         string       `db:"sku"`
	MinQuantity int          `db:"min_quantity"`
	Price       money.Amount `db:"price"`
}

const (
	selectListed = `
		SELECT p.variant_id, coalesce(v.sku, '') AS sku, p.min_quantity, (p.amount_minor, p.currency) AS price
		FROM (SELECT DISTINCT variant_id FROM price_list_prices
		      WHERE list_id = @list AND (@after::uuid IS NULL OR variant_id > @after) ORDER BY variant_id LIMIT @limit) these
		JOIN price_list_prices p ON p.list_id = @list AND p.variant_id = these.variant_id
		LEFT JOIN variants v ON v.id = p.variant_id
		ORDER BY p.variant_id, p.currency, p.min_quantity`

	deleteListed = `DELETE FROM price_list_prices WHERE list_id = @list AND variant_id = ANY (@variants)`
	emptyList    = `DELETE FROM price_list_prices WHERE list_id = @list`
	insertListed = `
		INSERT INTO price_list_prices (list_id, variant_id, currency, min_quantity, amount_minor)
		SELECT @list, variant_id, currency, min_quantity, amount_minor
		FROM unnest(@variants::uuid[], @currencies::text[], @quantities::int[], @amounts::bigint[]) AS p (variant_id, currency, min_quantity, amount_minor)`
	touchList = `UPDATE price_lists SET version = version + 1, updated_at = now() WHERE id = @list`

	// An SKU is one vendor's; of the shop's own lists it may mean several variants.
	selectBySKU = `
		SELECT sku, array_agg(id ORDER BY id) AS variants FROM variants
		WHERE sku = ANY (@skus) AND archived_at IS NULL AND (@vendor::uuid IS NULL OR vendor_id = @vendor) GROUP BY sku`
)

// findList is a list of a vendor's, or any for staff (no vendor).
func findList(ctx context.Context, db postgres.DB, vendor id.Vendor, list id.PriceList) (PriceList, error) {
	return oneList(ctx, db, selectLists+theirListFragment, vendor, list)
}

// lockList is findList for those who will change a list or its prices. One that is
// archived stays as it is.
func lockList(ctx context.Context, tx pgx.Tx, vendor id.Vendor, list id.PriceList) (PriceList, error) {
	l, err := oneList(ctx, tx, selectLists+theirListFragment+`FOR UPDATE OF l`, vendor, list)
	if err == nil && l.Status == ListArchived {
		err = ErrListArchived
	}
	return l, err
}

func oneList(ctx context.Context, db postgres.DB, sql string, vendor id.Vendor, list id.PriceList) (PriceList, error) {
	l, err := postgres.Get[PriceList](ctx, db, sql, pgx.NamedArgs{"id": list, "vendor": vendor})
	if errors.Is(err, postgres.ErrNoRow) {
		return PriceList{}, ErrNoPriceList
	}
	if err != nil {
		return PriceList{}, fmt.Errorf("read price list %s: %w", list, err)
	}
	return l, nil
}

func lists(ctx context.Context, db postgres.DB, vendor id.Vendor, before id.PriceList, limit int) ([]PriceList, error) {
	found, err := postgres.All[PriceList](ctx, db, selectLists+`
		WHERE (@vendor::uuid IS NULL OR l.vendor_id = @vendor) AND (@before::uuid IS NULL OR l.id < @before) ORDER BY l.id DESC LIMIT @limit`,
		pgx.NamedArgs{"vendor": vendor, "before": before, "limit": limit})
	if err != nil {
		return nil, fmt.Errorf("list price lists: %w", err)
	}
	return found, nil
}

func insertList(ctx context.Context, tx pgx.Tx, l PriceList) error {
	_, err := postgres.Exec(ctx, tx, `
		INSERT INTO price_lists (id, vendor_id, name, status, priority, customer_groups, plans, starts_at, ends_at)
		VALUES (@id, @vendor, @name, @status, @priority, coalesce(@groups::text[], '{}'), @plans, coalesce(@starts_at, now()), @ends_at)`, l.args())
	return err
}

// updateList writes a list that the caller has locked.
func updateList(ctx context.Context, tx pgx.Tx, l PriceList) error {
	_, err := postgres.Exec(ctx, tx, `
		UPDATE price_lists SET name = @name, status = @status, priority = @priority, customer_groups = coalesce(@groups::text[], '{}'), plans = @plans,
		       starts_at = @starts_at, ends_at = @ends_at, version = version + 1, updated_at = now()
		WHERE id = @id`, l.args())
	if err != nil {
		return err
	}
	return events.Raise(ctx, tx, ListsChanged{})
}

func (l PriceList) args() pgx.NamedArgs {
	args := pgx.NamedArgs{
		"id": l.ID, "vendor": l.VendorID, "name": l.Name, "status": string(l.Status), "priority": l.Priority, "groups": l.Groups, "plans": l.Plans,
		"starts_at": (*time.Time)(nil), "ends_at": l.EndsAt,
	}
	if !l.StartsAt.IsZero() {
		args["starts_at"] = l.StartsAt
	}
	return args
}

// writeListed replaces the prices of the variants that are named.
func writeListed(ctx context.Context, tx pgx.Tx, list id.PriceList, variants []VariantList) error {
	var named, of []id.Variant
	var currencies []money.Currency
	var quantities []int
	var amounts []int64
	for _, v := range variants {
		named = append(named, v.Variant)
		for _, p := range v.Prices {
			of, currencies = append(of, v.Variant), append(currencies, p.Price.Currency)
			quantities, amounts = append(quantities, p.MinQuantity), append(amounts, p.Price.Minor)
		}
	}
	b := postgres.NewBatch()
	b.Queue(deleteListed, pgx.NamedArgs{"list": list, "variants": named})
	b.Queue(insertListed, pgx.NamedArgs{"list": list, "variants": of, "currencies": currencies, "quantities": quantities, "amounts": amounts})
	b.Queue(touchList, pgx.NamedArgs{"list": list})
	events.Queue(ctx, b, ListsChanged{})
	if err := b.Send(ctx, tx); err != nil {
		return fmt.Errorf("set prices of %d variants in list %s: %w", len(variants), list, err)
	}
	return nil
}

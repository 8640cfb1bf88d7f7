package wishlist

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/jackc/pgx/v5"

	"souk/internal/catalog"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// onSaleFragment says whether the public may see and buy variant v of product p
// by vendor s.
const onSaleFragment = `(v.archived_at IS NULL AND p.status = 'active' AND s.status = 'active')`

// inStockFragment says whether there is one of variant v to sell.
const inStockFragment = `(SELECT coalesce(stock.available > 0, true) FROM stock_of(v.id) stock)`

// itemColumnsFragment is an item, the price of now included.
const itemColumnsFragment = `
	SELECT i.id, i.variant_id, i.quantity, i.note, i.added_at,
	       CASE WHEN i.added_minor IS NOT NULL THEN (i.added_minor, i.currency) END AS price_then,
	       p.id AS product_id, p.slug AS product_slug, p.title AS product_title, v.title AS variant_title, v.sku,
	       s.id AS vendor_id, s.name AS vendor_name, s.slug AS vendor_slug,
	       ` + onSaleFragment + ` AS on_sale, ` + inStockFragment + ` AS in_stock,
	       CASE WHEN price.amount_minor IS NOT NULL THEN (price.amount_minor, price.currency) END AS price,
	       CASE WHEN price.compare_at_minor IS NOT NULL THEN (price.compare_at_minor, price.currency) END AS compare_at,
	       coalesce(image.blob_key, '') AS blob_key, coalesce(image.content_type, '') AS content_type,
	       coalesce(image.width, 0) AS width, coalesce(image.height, 0) AS height`

const itemTablesFragment = `
	FROM wishlist_items i
	JOIN wishlists l ON l.id = i.wishlist_id
	LEFT JOIN users u ON u.id = l.user_id
	JOIN variants v ON v.id = i.variant_id
	JOIN products p ON p.id = v.product_id
	JOIN vendors s ON s.id = v.vendor_id
	LEFT JOIN LATERAL (
		SELECT m.blob_key, m.content_type, m.width, m.height FROM media m
		WHERE m.product_id = v.product_id AND m.state = 'ready'
		ORDER BY (m.id = v.media_id) IS TRUE DESC, m.position LIMIT 1
	) image ON true`

const (
	// shownFragment prices items in the currency that was asked for, else the
	// owner's, else the shop's.
	shownFragment = `
	LEFT JOIN prices price ON price.variant_id = i.variant_id
	 AND price.currency = coalesce(nullif(@currency::text, ''), nullif(u.currency, ''), @standard::text)
	WHERE `

	// watchedFragment prices items in the currency in which they are watched.
	watchedFragment = `
	LEFT JOIN prices price ON price.variant_id = i.variant_id AND price.currency = i.currency
	WHERE `
)

// queueItems reads items, with what they are called in the language of who is told
// of them where that is not the shop's own.
func queueItems(ctx context.Context, b *postgres.Batch, into *[]Item, which string, args pgx.NamedArgs) {
	locale := catalog.LocaleOf(ctx)
	if locale == "" {
		postgres.ReadAll(b, into, itemColumnsFragment+itemTablesFragment+which, args)
		return
	}
	args = maps.Clone(args)
	args["locale"] = locale
	b.Read(itemColumnsFragment+`, `+catalog.WordsFragment+` AS words`+itemTablesFragment+which, args, func(rows pgx.Rows) error {
		found, err := postgres.Rows[toldItem](rows)
		for _, item := range found {
			*into = append(*into, item.told())
		}
		return err
	})
}

// Item reads one item of a list.
func (w *Wishlists) Item(ctx context.Context, db postgres.DB, which Which, item id.WishlistItem) (Item, error) {
	args := which.args()
	args["item"], args["currency"], args["standard"] = item, "", string(w.Currency)
	var found []Item
	b := postgres.NewBatch()
	queueItems(ctx, b, &found, shownFragment+`i.id = @item AND `+which.condition(), args)
	switch err := b.Send(ctx, db); {
	case err != nil:
		return Item{}, fmt.Errorf("read item of a wishlist: %w", err)
	case len(found) == 0:
		return Item{}, ErrItemNotFound
	}
	return found[0], nil
}

// ItemsOf reads some items of a user's lists, each at what it costs in the
// currency in which it is watched. Those that are gone are left out.
func (w *Wishlists) ItemsOf(ctx context.Context, db postgres.DB, user id.User, items []id.WishlistItem) ([]Item, error) {
	var found []Item
	b := postgres.NewBatch()
	queueItems(ctx, b, &found, watchedFragment+`i.id = ANY(@items) AND l.user_id = @user ORDER BY i.id`, pgx.NamedArgs{"items": items, "user": user})
	if err := b.Send(ctx, db); err != nil {
		return nil, fmt.Errorf("read items on wishlists of user %s: %w", user, err)
	}
	return found, nil
}

// insertItem puts a variant on a list that the caller has locked. What the public
// has never seen is not there.
func (w *Wishlists) insertItem(ctx context.Context, tx pgx.Tx, list id.Wishlist, wish Wish) (item id.WishlistItem, err error) {
	b := postgres.NewBatch()
	b.Read(`
		INSERT INTO wishlist_items (id, wishlist_id, variant_id, quantity, note, currency, added_minor, told_minor, sold_out)
		SELECT @id, l.id, v.id, @quantity, @note, chosen.currency, price.amount_minor, price.amount_minor, NOT `+inStockFragment+`
		FROM wishlists l
		LEFT JOIN users u ON u.id = l.user_id
		CROSS JOIN LATERAL (SELECT coalesce(nullif(@currency::text, ''), nullif(u.currency, ''), @standard::text) AS currency) chosen
		JOIN variants v ON v.id = coalesce(@variant::uuid, (
			SELECT f.id FROM variants f WHERE f.product_id = @product::uuid AND f.archived_at IS NULL ORDER BY f.position, f.id LIMIT 1))
		JOIN products p ON p.id = v.product_id AND p.published_at IS NOT NULL
		LEFT JOIN prices price ON price.variant_id = v.id AND price.currency = chosen.currency
		WHERE l.id = @wishlist
		ON CONFLICT (wishlist_id, variant_id) DO UPDATE
		SET quantity = greatest(wishlist_items.quantity, excluded.quantity), note = coalesce(nullif(excluded.note, ''), wishlist_items.note)
		RETURNING id`,
		pgx.NamedArgs{
			"id": id.New[id.WishlistItem](), "wishlist": list, "variant": wish.Variant, "product": wish.Product, "quantity": wish.Quantity, "note": wish.Note,
			"currency": string(wish.Currency), "standard": string(w.Currency),
		}, func(rows pgx.Rows) (err error) {
			item, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[id.WishlistItem])
			return err
		})
	queueLimit(b, list)
	switch err := b.Send(ctx, tx); {
	case errors.Is(err, pgx.ErrNoRows):
		return item, ErrVariantNotFound
	case err != nil:
		return item, fmt.Errorf("put on wishlist %s: %w", list, err)
	}
	return item, nil
}

func updateItem(ctx context.Context, tx pgx.Tx, list id.Wishlist, item id.WishlistItem, quantity *int, note *string) error {
	n, err := postgres.Exec(ctx, tx, `
		UPDATE wishlist_items SET quantity = coalesce(@quantity, quantity), note = coalesce(@note, note) WHERE id = @item AND wishlist_id = @wishlist`,
		pgx.NamedArgs{"item": item, "wishlist": list, "quantity": quantity, "note": note})
	return oneItem(n, err)
}

func deleteItem(ctx context.Context, tx pgx.Tx, list id.Wishlist, item id.WishlistItem) error {
	n, err := postgres.Exec(ctx, tx, `DELETE FROM wishlist_items WHERE id = @item AND wishlist_id = @wishlist`, pgx.NamedArgs{"item": item, "wishlist": list})
	return oneItem(n, err)
}

func oneItem(n int64, err error) error {
	switch {
	case err != nil:
		return fmt.Errorf("change item of a wishlist: %w", err)
	case n == 0:
		return ErrItemNotFound
	}
	return nil
}

// lookAtStock notes what of a list is sold out.
const lookAtStock = `
	UPDATE wishlist_items i SET sold_out = NOT ` + inStockFragment + `
	FROM variants v WHERE v.id = i.variant_id AND i.wishlist_id = @id`

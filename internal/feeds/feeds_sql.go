package feeds

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/postgres"
)

// A Feed is a file that has been written.
type Feed struct {
	Name   string    `db:"name"`
	File   string    `db:"file"`
	Size   int64     `db:"size"`
	Digest string    `db:"digest"`
	Items  int       `db:"items"`
	MadeAt time.Time `db:"made_at"`
}

func find(ctx context.Context, db postgres.DB, name string) (Feed, error) {
	f, err := postgres.Get[Feed](ctx, db, `SELECT name, file, size, digest, items, made_at FROM feeds WHERE name = @name`, pgx.NamedArgs{"name": name})
	if errors.Is(err, postgres.ErrNoRow) {
		return Feed{}, ErrNoFeed
	}
	if err != nil {
		return Feed{}, fmt.Errorf("read feed %s: %w", name, err)
	}
	return f, nil
}

// isFresh reports whether the files were written a short while ago, all of those
// that are always there: what has failed is tried again.
func isFresh(ctx context.Context, db postgres.DB) (bool, error) {
	fresh, err := postgres.Scalar[bool](ctx, db, `SELECT count(*) = cardinality(@names::text[]) AS fresh FROM feeds WHERE name = ANY (@names) AND made_at > now() - @every::interval`,
		pgx.NamedArgs{"names": []string{googleName, openAIName, sitemapName}, "every": Every - 5*time.Minute})
	if err != nil {
		return false, fmt.Errorf("look how old the feeds are: %w", err)
	}
	return fresh, nil
}

// announce writes a file down before it is stored, so that it is found and
// removed whatever happens.
func announce(ctx context.Context, tx pgx.Tx, file string) error {
	if _, err := postgres.Exec(ctx, tx, `INSERT INTO feed_files (file) VALUES (@file)`, pgx.NamedArgs{"file": file}); err != nil {
		return fmt.Errorf("announce feed file: %w", err)
	}
	return nil
}

// touch says that a feed was found unchanged; false where it is not.
func touch(ctx context.Context, tx pgx.Tx, name, digest string) (bool, error) {
	n, err := postgres.Exec(ctx, tx, `UPDATE feeds SET made_at = now() WHERE name = @name AND digest = @digest`,
		pgx.NamedArgs{"name": name, "digest": digest})
	if err != nil {
		return false, fmt.Errorf("touch feed %s: %w", name, err)
	}
	return n == 1, nil
}

// put gives a feed a new file.
func put(ctx context.Context, tx pgx.Tx, f Feed) error {
	_, err := postgres.Exec(ctx, tx, `
		INSERT INTO feeds (name, file, size, digest, items) VALUES (@name, @file, @size, @digest, @items)
		ON CONFLICT (name) DO UPDATE SET file = excluded.file, size = excluded.size, digest = excluded.digest, items = excluded.items, made_at = now()`,
		pgx.NamedArgs{"name": f.Name, "file": f.File, "size": f.Size, "digest": f.Digest, "items": f.Items})
	if err != nil {
		return fmt.Errorf("put feed %s: %w", f.Name, err)
	}
	return nil
}

// dropParts forgets sitemaps that there are no more.
func dropParts(ctx context.Context, tx pgx.Tx, kept []string) error {
	_, err := postgres.Exec(ctx, tx, `DELETE FROM feeds WHERE name LIKE @folder || '%' AND NOT name = ANY (@kept)`,
		pgx.NamedArgs{"folder": sitemapFolder, "kept": kept})
	if err != nil {
		return fmt.Errorf("drop sitemaps: %w", err)
	}
	return nil
}

// unread are files that no feed has had for a while.
func unread(ctx context.Context, db postgres.DB) ([]string, error) {
	files, err := postgres.Column[string](ctx, db, `
		SELECT o.file FROM feed_files o
		WHERE o.created_at < now() - interval '3 hours' AND NOT EXISTS (SELECT FROM feeds f WHERE f.file = o.file) LIMIT 100`, nil)
	if err != nil {
		return nil, fmt.Errorf("find old feed files: %w", err)
	}
	return files, nil
}

func forget(ctx context.Context, tx pgx.Tx, file string) error {
	if _, err := postgres.Exec(ctx, tx, `DELETE FROM feed_files WHERE file = @file`, pgx.NamedArgs{"file": file}); err != nil {
		return fmt.Errorf("forget feed file %s: %w", file, err)
	}
	return nil
}

// An offer is a variant as feeds show it.
type offer struct {
	Variant     id.Variant          `db:"id"`
	Product     id.Product          `db:"product_id"`
	Slug        string              `db:"slug"`
	Title       string              `db:"title"`
	Description string              `db:"description"`
	Attributes  map[string][]string `db:"attributes"`
	Vendor      string              `db:"vendor"`
	VendorSlug  string              `db:"vendor_slug"`
	Brand       string              `db:"brand"`
	Category    string              `db:"category"`
	Media       []medium            `db:"media"`
	Shown       int                 `db:"shown"` // which of the media is the variant's own, from 1; 0: none
	OptionNames []string            `db:"option_names"`
	Options     []string            `db:"options"`
	Variants    int                 `db:"variants"`
	SKU         string              `db:"sku"`
	Barcode     string              `db:"barcode"`
	WeightGrams int                 `db:"weight_grams"`
	Amount      int64               `db:"amount_minor"`
	CompareAt   int64               `db:"compare_at"`
	Counted     bool                `db:"tracked"`
	Free        int64               `db:"free"`      // units that nobody has
	Backorder   int64               `db:"backorder"` // units that may be owed
	Rating      float64             `db:"rating"`
	Ratings     int                 `db:"rating_count"`
	currency    money.Currency
}

// A medium is a picture as the database gives it.
type medium struct {
	Source string `json:"source"`
	Key    string `json:"key"`
	Type   string `json:"type"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

const selectListed = `
	SELECT product_id FROM listings
	WHERE currency = @currency AND product_id > coalesce(@after::uuid, '00000000-0000-0000-0000-000000000000') ORDER BY product_id LIMIT @limit`

// selectOffers reads every variant of some products that is listed with a price
// and that everybody may buy, where there is a picture, product by product.
const selectOffers = `
	SELECT r.id, p.id AS product_id, p.slug, p.title, p.description, p.attributes, v.name AS vendor, v.slug AS vendor_slug, coalesce(b.name, '') AS brand,
	       coalesce((SELECT c.path FROM product_categories pc JOIN categories c ON c.id = pc.category_id
	                 WHERE pc.product_id = p.id ORDER BY pc.position, c.path LIMIT 1), '') AS category,
	       m.media, coalesce(array_position(m.ids, r.media_id), 0) AS shown,
	       ARRAY(SELECT o.name FROM product_options o WHERE o.product_id = p.id ORDER BY o.position) AS option_names, r.options,
	       (SELECT count(*) FROM variants o WHERE o.product_id = p.id AND o.archived_at IS NULL)::int AS variants,
	       coalesce(r.sku, '') AS sku, r.barcode, r.weight_grams, x.amount_minor, coalesce(x.compare_at_minor, 0) AS compare_at,
	       r.tracked AND (r.bundle IS NULL OR made.available IS NOT NULL) AS tracked, coalesce(s.free, made.available, 0) AS free, coalesce(s.backorder, 0) AS backorder, l.rating::float8 AS rating, l.rating_count
	FROM listings l
	JOIN products p ON p.id = l.product_id
	JOIN vendors v ON v.id = p.vendor_id
	JOIN variants r ON r.product_id = p.id AND r.archived_at IS NULL
	JOIN prices x ON x.variant_id = r.id AND x.currency = l.currency
	LEFT JOIN brands b ON b.id = p.brand_id
	JOIN LATERAL (
		SELECT jsonb_agg(jsonb_build_object('source', source_url, 'key', blob_key, 'type', content_type, 'width', width, 'height', height)
		                 ORDER BY position, id) AS media, array_agg(id ORDER BY position, id) AS ids
		FROM media WHERE product_id = p.id AND (state = 'ready' OR state <> 'removed' AND source_url LIKE 'https://%')) m ON m.media IS NOT NULL
	LEFT JOIN LATERAL (
		SELECT sum(on_hand - reserved - allocated) AS free, sum(backorder_limit) AS backorder FROM stock_levels WHERE variant_id = r.id) s ON r.bundle IS NULL
	LEFT JOIN LATERAL stock_of(r.id) made ON r.bundle IS NOT NULL
	WHERE l.currency = @currency AND l.product_id = ANY (@products)
	  AND NOT EXISTS (SELECT FROM variant_gates g
	                  WHERE g.variant_id = r.id AND coalesce(g.until, g.published_at + g.hours * interval '1 hour', 'infinity') > now())
	ORDER BY l.product_id, r.position, r.id`

// A place is a page of the shop, for a sitemap.
type place struct {
	ID      uuid.UUID  `db:"id"`
	Slug    string     `db:"slug"`
	Changed *time.Time `db:"updated_at"`
}

const selectProductPlaces = `
	SELECT p.id, p.slug, p.updated_at FROM listings l JOIN products p ON p.id = l.product_id
	WHERE l.currency = @currency AND l.product_id > @after ORDER BY l.product_id LIMIT @limit`

// selectCategoryPlaces reads the categories that have something in them.
const selectCategoryPlaces = `
	SELECT c.id, c.slug, NULL::timestamptz AS updated_at FROM categories c
	WHERE c.id > @after AND c.id IN (SELECT unnest(category_ids) FROM listings WHERE currency = @currency) ORDER BY c.id LIMIT @limit`

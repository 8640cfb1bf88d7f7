package reviews

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// position is the last review of a page, and what it is sorted by besides its id.
type position struct {
	ID    id.Review `json:"id"`
	Value int       `json:"value"`
}

// shelf is what is published of a product.
type shelf struct {
	product id.Product
	stars   []int // nil for all
	sort    string
	after   position // zero for the first page
}

const shelfFilterFragment = `
	WHERE r.product_id = @product AND r.status = 'published' AND (@stars::int[] IS NULL OR r.rating = ANY(@stars)) `

// Each order walks an index; who was first is first among equals where the
// lowest come first.
var selectShelf = map[string]string{
	"-created_at": selectReviewsFragment + shelfFilterFragment + `AND (@after::uuid IS NULL OR r.id < @after) ORDER BY r.id DESC LIMIT @limit`,
	"-rating": selectReviewsFragment + shelfFilterFragment +
		`AND (@after::uuid IS NULL OR (r.rating, r.id) < (@value, @after)) ORDER BY r.rating DESC, r.id DESC LIMIT @limit`,
	"rating": selectReviewsFragment + shelfFilterFragment +
		`AND (@after::uuid IS NULL OR (r.rating, r.id) > (@value, @after)) ORDER BY r.rating, r.id LIMIT @limit`,
	"-helpful": selectReviewsFragment + shelfFilterFragment +
		`AND (@after::uuid IS NULL OR (r.helpful_count, r.id) < (@value, @after)) ORDER BY r.helpful_count DESC, r.id DESC LIMIT @limit`,
}

const countShelf = `SELECT count(*) FROM reviews r ` + shelfFilterFragment

func (s shelf) args() pgx.NamedArgs {
	return pgx.NamedArgs{"product": s.product, "stars": s.stars, "after": s.after.ID, "value": s.after.Value}
}

// position is where the next page of a shelf goes on after a review.
func (s shelf) position(review Review) any {
	at := position{ID: review.ID}
	switch s.sort {
	case "rating", "-rating":
		at.Value = review.Rating
	case "-helpful":
		at.Value = review.Helpful
	}
	return at
}

func listShelf(ctx context.Context, db postgres.DB, s shelf, limit int) ([]Review, error) {
	args := s.args()
	args["limit"] = limit
	return readList(ctx, db, selectShelf[s.sort], args)
}

// readList reads the reviews that a statement finds, with their photos.
func readList(ctx context.Context, db postgres.DB, sql string, args pgx.NamedArgs) ([]Review, error) {
	list, err := postgres.All[Review](ctx, db, sql, args)
	if err != nil {
		return nil, fmt.Errorf("list reviews: %w", err)
	}
	if len(list) == 0 {
		return list, nil
	}
	return list, readPhotos(ctx, db, list)
}

const selectRating = `
	SELECT coalesce(round(rating_sum::numeric / nullif(rating_count, 0), 2), 0)::float8 AS average, rating_count,
	       ARRAY[stars_5, stars_4, stars_3, stars_2, stars_1] AS histogram
	FROM product_ratings WHERE product_id = @product`

// ratingOf is the stars of a product: none where nobody has reviewed it.
func ratingOf(ctx context.Context, db postgres.DB, product id.Product) (Rating, error) {
	rows, err := postgres.All[struct {
		Average   float64 `db:"average"`
		Count     int     `db:"rating_count"`
		Histogram []int   `db:"histogram"`
	}](ctx, db, selectRating, pgx.NamedArgs{"product": product})
	if err != nil {
		return Rating{}, fmt.Errorf("read rating of product %s: %w", product, err)
	}
	rating, bars := Rating{}, make([]int, 5)
	if len(rows) == 1 {
		rating.Average, rating.Count, bars = rows[0].Average, rows[0].Count, rows[0].Histogram
	}
	for i, n := range bars {
		rating.Histogram = append(rating.Histogram, Bar{5 - i, n})
	}
	return rating, nil
}

// Those of one user, of one vendor, and of the whole shop.
const (
	selectReviewsOf = selectReviewsFragment + `
		WHERE r.user_id = @user AND (@product::uuid IS NULL OR r.product_id = @product) AND (@after::uuid IS NULL OR r.id < @after)
		ORDER BY r.id DESC LIMIT @limit`

	selectSold = selectReviewsFragment + `
		WHERE r.vendor_id = @vendor AND r.status = 'published' AND (@product::uuid IS NULL OR r.product_id = @product)
		  AND (@stars::int[] IS NULL OR r.rating = ANY(@stars)) AND (@replied::boolean IS NULL OR (r.reply <> '') = @replied)
		  AND (@after::uuid IS NULL OR r.id < @after)
		ORDER BY r.id DESC LIMIT @limit`

	examinedFragment = `
		WHERE (@status::text = '' OR r.status = @status) AND (@product::uuid IS NULL OR r.product_id = @product)
		  AND (@vendor::uuid IS NULL OR r.vendor_id = @vendor) AND (@user::uuid IS NULL OR r.user_id = @user)
		  AND (NOT @reported::boolean OR r.report_count > 0)`

	selectNewest = selectReviewsFragment + examinedFragment + ` AND (@after::uuid IS NULL OR r.id < @after) ORDER BY r.id DESC LIMIT @limit`
	selectOldest = selectReviewsFragment + examinedFragment + ` AND (@after::uuid IS NULL OR r.id > @after) ORDER BY r.id LIMIT @limit`

	countExamined = `SELECT count(*) FROM reviews r ` + examinedFragment
)

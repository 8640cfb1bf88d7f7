package reviews

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

const selectReviewsFragment = `
	SELECT r.id, r.product_id, p.slug AS product_slug, p.title AS product_title, r.vendor_id, r.user_id, r.author, r.rating, r.title, r.body,
	       r.status, r.held_for, r.reason, r.reply, r.replied_at, r.helpful_count, r.report_count, r.created_at, r.updated_at, r.version
	FROM reviews r JOIN products p ON p.id = r.product_id `

const (
	selectReview = selectReviewsFragment + `WHERE r.id = @id`
	lockReview   = selectReview + ` FOR NO KEY UPDATE OF r`
)

// Get is a review, whatever its status.
func (r *Reviews) Get(ctx context.Context, db postgres.DB, review id.Review) (Review, error) {
	return readOne(ctx, db, selectReview, review)
}

// own is a review of a user's.
func (r *Reviews) own(ctx context.Context, db postgres.DB, user id.User, review id.Review) (Review, error) {
	found, err := r.Get(ctx, db, review)
	if err == nil && found.UserID != user {
		err = ErrNoReview
	}
	return found, err
}

// lock is Get for those who will change it.
func (r *Reviews) lock(ctx context.Context, tx pgx.Tx, review id.Review) (Review, error) {
	return readOne(ctx, tx, lockReview, review)
}

func readOne(ctx context.Context, db postgres.DB, sql string, review id.Review) (Review, error) {
	found, err := postgres.Get[Review](ctx, db, sql, pgx.NamedArgs{"id": review})
	if errors.Is(err, postgres.ErrNoRow) {
		return Review{}, ErrNoReview
	}
	if err != nil {
		return Review{}, fmt.Errorf("read review %s: %w", review, err)
	}
	list := []Review{found}
	err = readPhotos(ctx, db, list)
	return list[0], err
}

func (review Review) args() pgx.NamedArgs {
	return pgx.NamedArgs{
		"id": review.ID, "product": review.ProductID, "vendor": review.VendorID, "user": review.UserID, "author": review.Author,
		"rating": review.Rating, "title": review.Title, "body": review.Body, "fingerprint": fingerprint(review.Body),
		"status": review.Status, "held_for": review.HeldFor, "reason": review.Reason, "reports": review.Reports,
	}
}

const insertReview = `
	INSERT INTO reviews (id, product_id, vendor_id, user_id, author, rating, title, body, fingerprint, status, held_for)
	VALUES (@id, @product, @vendor, @user, @author, @rating, @title, @body, @fingerprint, @status, @held_for)`

const updateReview = `
	UPDATE reviews
	SET author = @author, rating = @rating, title = @title, body = @body, fingerprint = @fingerprint, status = @status, held_for = @held_for,
	    reason = @reason, report_count = @reports, updated_at = now(), version = version + 1
	WHERE id = @id`

const deleteReview = `DELETE FROM reviews WHERE id = @id`

// insertRating makes the row that moveRating moves.
const insertRating = `INSERT INTO product_ratings (product_id) VALUES (@product) ON CONFLICT DO NOTHING`

const moveRating = `
	UPDATE product_ratings
	SET rating_count = rating_count + (@is::int > 0)::int - (@was::int > 0)::int, rating_sum = rating_sum + @is::int - @was::int,
	    stars_1 = stars_1 + (@is::int = 1)::int - (@was::int = 1)::int, stars_2 = stars_2 + (@is::int = 2)::int - (@was::int = 2)::int,
	    stars_3 = stars_3 + (@is::int = 3)::int - (@was::int = 3)::int, stars_4 = stars_4 + (@is::int = 4)::int - (@was::int = 4)::int,
	    stars_5 = stars_5 + (@is::int = 5)::int - (@was::int = 5)::int
	WHERE product_id = @product`

// isCopy reports whether another user has written the same.
func isCopy(ctx context.Context, tx pgx.Tx, review Review) (bool, error) {
	copied, err := postgres.Scalar[bool](ctx, tx, `
		SELECT EXISTS (SELECT FROM reviews WHERE fingerprint = @fingerprint AND user_id <> @user)`,
		pgx.NamedArgs{"fingerprint": fingerprint(review.Body), "user": review.UserID})
	if err != nil {
		return false, fmt.Errorf("look for copies of a review: %w", err)
	}
	return copied, nil
}

const updateReply = `
	UPDATE reviews SET reply = @reply, replied_at = CASE WHEN @reply <> '' THEN now() END
	WHERE id = @id AND vendor_id = @vendor AND status = 'published'`

// What is left of the erased.
const (
	deleteUnpublishedOf = `DELETE FROM reviews WHERE user_id = @user AND status <> 'published'`
	anonymise           = `
		UPDATE reviews
		SET user_id = NULL, author = '', title = '', body = '', fingerprint = NULL, reply = '', replied_at = NULL, updated_at = now(), version = version + 1
		WHERE user_id = @user`
)

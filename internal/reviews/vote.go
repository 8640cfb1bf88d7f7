package reviews

import (
	"context"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
)

// Vote notes that a review helped a user, once however often it is said, and
// tells how many it has helped.
func (r *Reviews) Vote(ctx context.Context, tx pgx.Tx, product string, review id.Review, user id.User) (int, error) {
	was, err := r.lockShown(ctx, tx, product, review)
	if err != nil {
		return 0, err
	}
	if was.UserID == user {
		return 0, ErrOwnReview
	}
	more, err := insertVote(ctx, tx, review, user)
	return was.Helpful + more, err
}

// Unvote takes a vote back; there need be none.
func (r *Reviews) Unvote(ctx context.Context, tx pgx.Tx, product string, review id.Review, user id.User) error {
	if _, err := r.lockShown(ctx, tx, product, review); err != nil {
		return err
	}
	return deleteVote(ctx, tx, review, user)
}

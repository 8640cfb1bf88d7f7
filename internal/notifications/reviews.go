package notifications

import (
	"context"
	"errors"

	"souk/internal/reviews"
)

// ReviewRejected tells the author of a review why it is not published.
func (n *Notifications) ReviewRejected(ctx context.Context, e reviews.Rejected) error {
	review, err := n.Reviews.Get(ctx, n.DB, e.ReviewID)
	if errors.Is(err, reviews.ErrNoReview) { // taken back in the meantime
		return nil
	}
	if err != nil {
		return err
	}
	if review.UserID.IsZero() || review.Status != reviews.StatusRejected { // erased, or decided otherwise
		return nil
	}
	return n.tell(ctx, review.UserID, letter{
		Kind: ReviewRejected, Words: words{"product": review.ProductTitle}, Facts: []fact{{"reason", review.Reason}}, Link: n.BaseURL + accountPage,
	})
}

package reviews

import "souk/internal/id"

// Posted says that somebody has reviewed a product, published or not.
type Posted struct {
	ReviewID  id.Review  `json:"review_id"`
	ProductID id.Product `json:"product_id"`
	Published bool       `json:"published"`
}

// Edited says that its author has changed a review.
type Edited struct {
	ReviewID  id.Review `json:"review_id"`
	Published bool      `json:"published"`
}

// Removed says that its author has taken a review back.
type Removed struct {
	ReviewID  id.Review  `json:"review_id"`
	ProductID id.Product `json:"product_id"`
}

// Approved says that staff have published a review.
type Approved struct {
	ReviewID id.Review `json:"review_id"`
}

// Rejected says that staff do not publish a review.
type Rejected struct {
	ReviewID id.Review `json:"review_id"`
}

// Held says that reports took a published review back until staff have seen it.
type Held struct {
	ReviewID id.Review `json:"review_id"`
}

// Replied says that the vendor has answered a review, or changed its answer.
type Replied struct {
	ReviewID id.Review `json:"review_id"`
}

// RatingChanged says that the stars of products are others than before.
type RatingChanged struct {
	ProductIDs []id.Product `json:"product_ids"`
}

func (Posted) EventName() string        { return "reviews.posted" }
func (Edited) EventName() string        { return "reviews.edited" }
func (Removed) EventName() string       { return "reviews.removed" }
func (Approved) EventName() string      { return "reviews.approved" }
func (Rejected) EventName() string      { return "reviews.rejected" }
func (Held) EventName() string          { return "reviews.held" }
func (Replied) EventName() string       { return "reviews.replied" }
func (RatingChanged) EventName() string { return "reviews.rating_changed" }

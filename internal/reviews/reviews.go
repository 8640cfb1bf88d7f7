// Package reviews is what buyers say of what they have received.
//
// Owns: reviews with their photos, the vendor's reply, votes and reports; what
// is published and what waits for staff; the rating of each product.
// Tables: reviews, product_ratings, review_votes, review_reports,
// review_photos.
// Raises: [Posted], [Edited], [Removed], [Approved], [Rejected], [Held],
// [Replied], [RatingChanged].
// Calls: catalog (is it on sale?), orders (was it delivered?), accounts (the
// author's name), blob (photos).
//
// A review counts in the rating of its product while it is published. Every
// change of that goes through queueStars, which moves the product's row by the
// difference, in the transaction of the review.
//
// Locks are taken in the order review, rating.
package reviews

import (
	"souk/internal/accounts"
	"souk/internal/auth"
	"souk/internal/catalog"
	"souk/internal/errs"
	"souk/internal/orders"
	"souk/internal/platform/blob"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
	"souk/internal/platform/settings"
)

// What staff may be permitted to do with reviews.
const (
	CanRead     auth.Permission = "reviews.read"
	CanModerate auth.Permission = "reviews.moderate"
)

// Permissions lists what this module declares.
func Permissions() []auth.Permission { return []auth.Permission{CanRead, CanModerate} }

// Reviews is every review of the shop.
type Reviews struct {
	DB       postgres.DB
	Settings *settings.Settings
	Users    *accounts.Users
	Catalog  *catalog.Catalog
	Orders   *orders.Orders
	Blobs    blob.Store // of photos

	cursors httpapi.Cursors
}

var (
	// ErrNoReview says that there is no such review, or that it is not theirs.
	ErrNoReview = errs.New(errs.NotFound, "review_not_found", "There is no such review.")
	// ErrPurchaseRequired keeps the word with those who have had the goods.
	ErrPurchaseRequired = errs.New(errs.Forbidden, "purchase_required", "Only who has bought and received this product reviews it.")
	// ErrOwnGoods keeps vendors from praising what they sell.
	ErrOwnGoods = errs.New(errs.Forbidden, "own_product", "Whoever sells a product does not review it.")
	// ErrReviewed says that this customer has said what they think.
	ErrReviewed = errs.New(errs.Conflict, "already_reviewed", "You have reviewed this product. Edit that review.")
	// ErrWithheld keeps what people have decided against until staff have seen to it.
	ErrWithheld = errs.New(errs.Conflict, "review_withheld", "This review was rejected or reported. Edit it: staff will look at it again.")
	// ErrOwnReview says that nobody judges themselves.
	ErrOwnReview = errs.New(errs.Forbidden, "own_review", "This review is yours.")
	// ErrReported says that this customer has reported the review before.
	ErrReported = errs.New(errs.Conflict, "already_reported", "You have reported this review.")
	// ErrDecided says that a review is what it was to become.
	ErrDecided = errs.New(errs.Conflict, "review_decided", "That is what has been decided about this review already.")

	errCopied = errs.Validation.Field("/body", "repeated_text", "You have written just this about another product. Say something about this one.")
)

func init() {
	postgres.Name("reviews_author_key", ErrReviewed)
	postgres.Name("reviews_fingerprint_key", errCopied)
}

// Routes mounts what shoppers read, and what authors, vendors and staff do.
func (r *Reviews) Routes(router *httpapi.Router) {
	r.cursors = router.Cursors
	r.publicRoutes(router)
	r.authorRoutes(router)
	r.photoRoutes(router)
	r.vendorRoutes(router)
	r.staffRoutes(router)
}

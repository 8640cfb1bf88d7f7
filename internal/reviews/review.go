package reviews

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// Review is what a buyer says of a product.
type Review struct {
	ID           id.Review  `db:"id"`
	ProductID    id.Product `db:"product_id"`
	ProductSlug  string     `db:"product_slug"`
	ProductTitle string     `db:"product_title"`
	VendorID     id.Vendor  `db:"vendor_id"`
	UserID       id.User    `db:"user_id"` // zero once the author is erased
	Author       string     `db:"author"`  // as it is shown
	Rating       int        `db:"rating"`  // 1 to 5
	Title        string     `db:"title"`
	Body         string     `db:"body"`
	Status       Status     `db:"status"`
	HeldFor      Hold       `db:"held_for"` // "" unless pending
	Reason       string     `db:"reason"`   // "" unless rejected
	Reply        string     `db:"reply"`
	RepliedAt    *time.Time `db:"replied_at"`
	Helpful      int        `db:"helpful_count"`
	Reports      int        `db:"report_count"` // that staff have not seen to
	CreatedAt    time.Time  `db:"created_at"`
	UpdatedAt    time.Time  `db:"updated_at"`
	Version      int64      `db:"version"`
	Photos       []Photo    `db:"-"`
}

// Status says who sees a review.
type Status string

// The statuses.
const (
	StatusPending   Status = "pending"   // its author and staff, until they decide
	StatusPublished Status = "published" // everybody
	StatusRejected  Status = "rejected"  // its author, with the reason, and staff
)

// Hold is why a review waits for staff.
type Hold string

// The holds.
const (
	HeldForApproval  Hold = "approval"  // as all do
	HeldForLinks     Hold = "links"     // it holds addresses
	HeldForCopy      Hold = "copy"      // another customer wrote the same
	HeldForReports   Hold = "reports"   // customers reported it
	HeldForRejection Hold = "rejection" // it was rejected, and edited since
)

// Draft is what an author writes.
type Draft struct {
	Rating int    `json:"rating" minimum:"1" maximum:"5"`
	Title  string `json:"title,omitempty" maxLength:"120"`
	Body   string `json:"body" minLength:"1" maxLength:"5000" doc:"Plain text."`
	Author string `json:"author,omitempty" maxLength:"60" doc:"The name to show. Unless given it is made of the name in the account: Ada L."`
}

func (d *Draft) check() error {
	d.Title, d.Body, d.Author = oneLine(d.Title), paragraphs(d.Body), oneLine(d.Author)
	var bad errs.Fields
	bad.Require(1 <= d.Rating && d.Rating <= 5, "/rating", "invalid", "Give 1 to 5 stars.")
	requireText(&bad, d.Title, 0, maxTitle, "/title")
	requireText(&bad, d.Body, 1, maxBody, "/body")
	requireText(&bad, d.Author, 0, maxAuthor, "/author")
	bad.Require(!strings.Contains(d.Author, "@"), "/author", "invalid", "Give a name and no address.")
	return bad.Err()
}

// Post adds a user's review of a product, which is named by id or slug. Whether
// everybody sees it at once is decided by judge.
func (r *Reviews) Post(ctx context.Context, tx pgx.Tx, product string, user id.User, d Draft) (Review, error) {
	if err := d.check(); err != nil {
		return Review{}, err
	}
	when, err := PublishSetting.Get(ctx, r.Settings)
	if err != nil {
		return Review{}, err
	}
	goods, err := r.Catalog.OnSale(ctx, tx, product)
	if err != nil {
		return Review{}, err
	}
	if auth.From(ctx).Vendor == goods.VendorID {
		return Review{}, ErrOwnGoods
	}
	received, err := r.Orders.HasReceived(ctx, tx, user, goods.ID)
	if err != nil {
		return Review{}, err
	}
	if !received {
		return Review{}, ErrPurchaseRequired
	}
	review := Review{ID: id.New[id.Review](), ProductID: goods.ID, VendorID: goods.VendorID, UserID: user}
	if err := r.write(ctx, tx, when, &review, d); err != nil {
		return Review{}, err
	}
	if err := r.insert(ctx, tx, review); err != nil {
		return Review{}, err
	}
	return r.Get(ctx, tx, review.ID)
}

func (r *Reviews) insert(ctx context.Context, tx pgx.Tx, review Review) error {
	b := postgres.NewBatch()
	b.Queue(insertReview, review.args())
	b.Queue(insertRating, pgx.NamedArgs{"product": review.ProductID})
	queueStars(ctx, b, Review{}, review)
	events.Queue(ctx, b, Posted{review.ID, review.ProductID, review.Status == StatusPublished})
	return b.Send(ctx, tx)
}

// write puts what an author wrote into a review and judges it.
func (r *Reviews) write(ctx context.Context, tx pgx.Tx, when string, review *Review, d Draft) error {
	review.Rating, review.Title, review.Body, review.Author = d.Rating, d.Title, d.Body, d.Author
	if d.Author == "" {
		user, err := r.Users.Get(ctx, tx, review.UserID)
		if err != nil {
			return err
		}
		review.Author = short(oneLine(user.Name))
	}
	return judge(ctx, tx, when, review)
}

// Edit is what its author may change on a review; nil leaves things as they are.
type Edit struct {
	Rating *int    `json:"rating,omitempty" minimum:"1" maximum:"5"`
	Title  *string `json:"title,omitempty" maxLength:"120"`
	Body   *string `json:"body,omitempty" minLength:"1" maxLength:"5000"`
	Author *string `json:"author,omitempty" maxLength:"60" doc:"The name to show; made of the name in the account when empty."`
}

// on is the draft that a review becomes.
func (e Edit) on(review Review) Draft {
	d := Draft{Rating: review.Rating, Title: review.Title, Body: review.Body, Author: review.Author}
	if e.Rating != nil {
		d.Rating = *e.Rating
	}
	if e.Title != nil {
		d.Title = *e.Title
	}
	if e.Body != nil {
		d.Body = *e.Body
	}
	if e.Author != nil {
		d.Author = *e.Author
	}
	return d
}

// Edit changes the review that its author has seen. It is judged as a new one.
func (r *Reviews) Edit(ctx context.Context, tx pgx.Tx, user id.User, review id.Review, version int64, e Edit) (Review, error) {
	when, err := PublishSetting.Get(ctx, r.Settings)
	if err != nil {
		return Review{}, err
	}
	was, err := r.lockOwn(ctx, tx, user, review)
	if err != nil {
		return Review{}, err
	}
	if was.Version != version {
		return Review{}, httpapi.ErrPreconditionFailed
	}
	d := e.on(was)
	if err := d.check(); err != nil {
		return Review{}, err
	}
	is := was
	if err := r.write(ctx, tx, when, &is, d); err != nil {
		return Review{}, err
	}
	return r.saveEdit(ctx, tx, was, is)
}

// saveEdit saves what an author has changed.
func (r *Reviews) saveEdit(ctx context.Context, tx pgx.Tx, was, is Review) (Review, error) {
	if err := r.save(ctx, tx, was, is, Edited{is.ID, is.Status == StatusPublished}); err != nil {
		return Review{}, err
	}
	return r.Get(ctx, tx, is.ID)
}

// save writes a review that the caller has locked, moves its product's rating
// and tells of it.
func (r *Reviews) save(ctx context.Context, tx pgx.Tx, was, is Review, e events.Event) error {
	b := postgres.NewBatch()
	b.Queue(updateReview, is.args())
	queueStars(ctx, b, was, is)
	events.Queue(ctx, b, e)
	return b.Send(ctx, tx)
}

// Remove takes a review back, with its votes and reports. Its photos are removed
// by [Reviews.SweepPhotos]. What people have decided against stays: who could
// remove it could post it again as if nothing had been said.
func (r *Reviews) Remove(ctx context.Context, tx pgx.Tx, user id.User, review id.Review) error {
	was, err := r.lockOwn(ctx, tx, user, review)
	if err != nil {
		return err
	}
	if was.isWithheld() {
		return ErrWithheld
	}
	b := postgres.NewBatch()
	b.Queue(deleteReview, pgx.NamedArgs{"id": review})
	queueStars(ctx, b, was, Review{ProductID: was.ProductID})
	events.Queue(ctx, b, Removed{review, was.ProductID})
	return b.Send(ctx, tx)
}

// stars is what a review adds to the rating of its product, 0 for nothing.
func (review Review) stars() int {
	if review.Status == StatusPublished {
		return review.Rating
	}
	return 0
}

// queueStars moves the rating of a product by what a review adds now and did
// before.
func queueStars(ctx context.Context, b *postgres.Batch, was, is Review) {
	if was.stars() == is.stars() {
		return
	}
	b.Queue(moveRating, pgx.NamedArgs{"product": is.ProductID, "was": was.stars(), "is": is.stars()})
	events.Queue(ctx, b, RatingChanged{[]id.Product{is.ProductID}})
}

// lockOwn locks a review of a user's.
func (r *Reviews) lockOwn(ctx context.Context, tx pgx.Tx, user id.User, review id.Review) (Review, error) {
	was, err := r.lock(ctx, tx, review)
	if err == nil && was.UserID != user {
		err = ErrNoReview
	}
	return was, err
}

// Forget drops what the reviews of somebody who is erased tell of them. The
// stars of what was published stay, as nobody's; the rest goes, and so do their
// votes and reports.
func (r *Reviews) Forget(ctx context.Context, tx pgx.Tx, user id.User) error {
	b, args := postgres.NewBatch(), pgx.NamedArgs{"user": user}
	for _, sql := range []string{releasePhotosOf, deleteUnpublishedOf, anonymise, deleteVotesOf, deleteReportsOf} {
		b.Queue(sql, args)
	}
	return b.Send(ctx, tx)
}

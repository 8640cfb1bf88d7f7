package reviews

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

func (r *Reviews) staffRoutes(router *httpapi.Router) {
	read, moderate := httpapi.Needs(CanRead), httpapi.Needs(CanModerate)
	httpapi.Get(router, "/api/v1/admin/reviews", r.listAll, read, httpapi.Private(), httpapi.Summary("List reviews"),
		httpapi.Describe("`status=pending` is the queue of those that wait for a decision; `held_for` says why."))
	httpapi.Get(router, "/api/v1/admin/reviews/{review}", r.examine, read, httpapi.Private(), httpapi.Summary("Show a review with its reports"))
	httpapi.Post(router, "/api/v1/admin/reviews/{review}/approve", r.approve, moderate, httpapi.Summary("Publish a review"),
		httpapi.Describe("Reports of it are settled; only new ones count from here."))
	httpapi.Post(router, "/api/v1/admin/reviews/{review}/reject", r.reject, moderate, httpapi.Summary("Reject a review"),
		httpapi.Describe("Its author is mailed the reason."))
}

type listAllInput struct {
	httpapi.Page
	Status   string     `query:"status" enum:"pending,published,rejected"`
	Product  id.Product `query:"product"`
	Vendor   id.Vendor  `query:"vendor"`
	User     id.User    `query:"user"`
	Reported bool       `query:"reported" doc:"Those with reports that nobody has seen to."`
	Sort     string     `query:"sort" enum:"-created_at,created_at" default:"-created_at"`
}

func (r *Reviews) listAll(ctx context.Context, in *listAllInput) (out httpapi.List[Examined], err error) {
	var after id.Review
	scope, sql := httpapi.Scope(ctx), selectNewest
	if err := r.cursors.Open(scope, in.After, &after); err != nil {
		return out, err
	}
	if in.Sort == "created_at" {
		sql = selectOldest
	}
	args := pgx.NamedArgs{
		"status": in.Status, "product": in.Product, "vendor": in.Vendor, "user": in.User, "reported": in.Reported, "after": after, "limit": in.Limit + 1,
	}
	found, err := readList(ctx, r.DB, sql, args)
	if err != nil {
		return out, err
	}
	out = page(r.cursors, scope, found, in.Limit, byID, Review.toStaff)
	if !in.WantsTotal() {
		return out, nil
	}
	total, err := postgres.Scalar[int64](ctx, r.DB, countExamined, args)
	out.TotalCount = &total
	return out, err
}

// Report is what a customer finds wrong with a review.
type Report struct {
	UserID    id.User    `db:"user_id" json:"user_id"`
	Reason    string     `db:"reason" json:"reason"`
	CreatedAt time.Time  `db:"created_at" json:"created_at"`
	SettledAt *time.Time `db:"settled_at" json:"settled_at,omitempty" doc:"When staff have seen to it."`
}

// Case is a review with all that speaks against it.
type Case struct {
	Examined
	Reported []Report `json:"reports"`
}

func (r *Reviews) examine(ctx context.Context, in *ownInput) (Case, error) {
	review, err := r.Get(ctx, r.DB, in.Review)
	if err != nil {
		return Case{}, err
	}
	reports, err := postgres.All[Report](ctx, r.DB, selectReports, pgx.NamedArgs{"review": in.Review})
	if err != nil {
		return Case{}, fmt.Errorf("read reports of review %s: %w", in.Review, err)
	}
	return Case{review.toStaff(), reports}, nil
}

func (r *Reviews) approve(ctx context.Context, tx pgx.Tx, in *ownInput) (Examined, error) {
	review, err := r.Approve(ctx, tx, in.Review)
	return review.toStaff(), err
}

type rejectInput struct {
	Review id.Review `path:"review"`
	Body   struct {
		Reason string `json:"reason" minLength:"1" maxLength:"1000" doc:"For its author."`
	}
}

func (r *Reviews) reject(ctx context.Context, tx pgx.Tx, in *rejectInput) (Examined, error) {
	review, err := r.Reject(ctx, tx, in.Review, in.Body.Reason)
	return review.toStaff(), err
}

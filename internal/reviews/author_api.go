package reviews

import (
	"context"
	"net/http"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
)

// longest is what a body of 5,000 characters takes at most, each of them escaped.
const longest = 64 << 10

func (r *Reviews) authorRoutes(router *httpapi.Router) {
	me, limit := httpapi.Needs(auth.AsCustomer), httpapi.Limit(httpapi.LimitReview)
	httpapi.Post(router, "/api/v1/products/{product}/reviews", r.post, me, limit, httpapi.BodyLimit(longest), httpapi.Status(http.StatusCreated),
		httpapi.Summary("Review a product"),
		httpapi.Describe("For customers to whom it was delivered, in any variant, and once for each of them. Unless its `status` is `published`, staff see it first."))
	httpapi.Get(router, "/api/v1/me/reviews", r.listOwn, me, httpapi.Private(), httpapi.Summary("List my reviews, the newest first"))
	httpapi.Get(router, "/api/v1/me/reviews/{review}", r.showOwn, me, httpapi.Private(), httpapi.Summary("Show one of my reviews"))
	httpapi.Patch(router, "/api/v1/me/reviews/{review}", r.edit, me, limit, httpapi.BodyLimit(longest), httpapi.Summary("Edit one of my reviews"),
		httpapi.Describe("What is left out stays. It is judged as a new one: unless its `status` is `published` afterwards, staff see it first."))
	httpapi.Delete(router, "/api/v1/me/reviews/{review}", r.remove, me, httpapi.Summary("Remove one of my reviews"))
}

type postInput struct {
	Product string `path:"product" maxLength:"200" doc:"Id or slug."`
	Body    Draft
}

func (r *Reviews) post(ctx context.Context, tx pgx.Tx, in *postInput) (Own, error) {
	review, err := r.Post(ctx, tx, in.Product, auth.From(ctx).User, in.Body)
	return review.toAuthor(), err
}

type listOwnInput struct {
	httpapi.Page
	Product id.Product `query:"product" doc:"That which is reviewed."`
}

func (r *Reviews) listOwn(ctx context.Context, in *listOwnInput) (out httpapi.List[Own], err error) {
	var after id.Review
	scope := httpapi.Scope(ctx)
	if err := r.cursors.Open(scope, in.After, &after); err != nil {
		return out, err
	}
	found, err := readList(ctx, r.DB, selectReviewsOf, pgx.NamedArgs{
		"user": auth.From(ctx).User, "product": in.Product, "after": after, "limit": in.Limit + 1,
	})
	if err != nil {
		return out, err
	}
	return page(r.cursors, scope, found, in.Limit, byID, Review.toAuthor), nil
}

func byID(review Review) any { return review.ID }

type ownInput struct {
	Review id.Review `path:"review"`
}

func (r *Reviews) showOwn(ctx context.Context, in *ownInput) (Own, error) {
	review, err := r.own(ctx, r.DB, auth.From(ctx).User, in.Review)
	return review.toAuthor(), err
}

type editInput struct {
	httpapi.IfMatch
	Review id.Review `path:"review"`
	Body   Edit
}

func (r *Reviews) edit(ctx context.Context, tx pgx.Tx, in *editInput) (Own, error) {
	version, err := in.Version()
	if err != nil {
		return Own{}, err
	}
	review, err := r.Edit(ctx, tx, auth.From(ctx).User, in.Review, version, in.Body)
	return review.toAuthor(), err
}

func (r *Reviews) remove(ctx context.Context, tx pgx.Tx, in *ownInput) (httpapi.Empty, error) {
	return httpapi.Empty{}, r.Remove(ctx, tx, auth.From(ctx).User, in.Review)
}

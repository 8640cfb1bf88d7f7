package reviews

import (
	"context"
	"net/http"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

func (r *Reviews) publicRoutes(router *httpapi.Router) {
	const reviews = "/api/v1/products/{product}/reviews"
	me := httpapi.Needs(auth.AsCustomer)
	httpapi.Get(router, reviews, r.list, httpapi.Public("what buyers say is for everybody"), httpapi.Summary("List the reviews of a product"),
		httpapi.Describe("With its rating. `rating=4,5` shows those with four or five stars."))
	httpapi.Put(router, reviews+"/{review}/vote", r.vote, me, httpapi.Summary("Say that a review is helpful"))
	httpapi.Delete(router, reviews+"/{review}/vote", r.unvote, me, httpapi.Summary("Take back that a review is helpful"))
	httpapi.Post(router, reviews+"/{review}/report", r.report, me, httpapi.Limit(httpapi.LimitReview), httpapi.Status(http.StatusNoContent),
		httpapi.Summary("Report a review"), httpapi.Describe("Once for each customer. When enough have, it is hidden until staff have seen it."))
}

// Listed is a page of reviews with the rating of their product.
type Listed struct {
	httpapi.List[Shown]
	Rating Rating `json:"rating" doc:"Of all published reviews, whatever the filter."`
}

type listInput struct {
	httpapi.Page
	Product string `path:"product" maxLength:"200" doc:"Id or slug."`
	Rating  []int  `query:"rating" minimum:"1" maximum:"5" maxItems:"5" doc:"Stars, one number or several."`
	Sort    string `query:"sort" enum:"-created_at,-helpful,rating,-rating" default:"-created_at"`
}

func (r *Reviews) list(ctx context.Context, in *listInput) (out Listed, err error) {
	goods, err := r.Catalog.OnSale(ctx, r.DB, in.Product)
	if err != nil {
		return out, err
	}
	scope, s := httpapi.PublicScope(ctx), shelf{product: goods.ID, stars: in.Rating, sort: in.Sort}
	if err := r.cursors.Open(scope, in.After, &s.after); err != nil {
		return out, err
	}
	found, err := listShelf(ctx, r.DB, s, in.Limit+1)
	if err != nil {
		return out, err
	}
	out.List = page(r.cursors, scope, found, in.Limit, s.position, Review.toEverybody)
	if out.Rating, err = ratingOf(ctx, r.DB, goods.ID); err != nil || !in.WantsTotal() {
		return out, err
	}
	total, err := postgres.Scalar[int64](ctx, r.DB, countShelf, s.args())
	out.TotalCount = &total
	return out, err
}

type shownInput struct {
	Product string    `path:"product" maxLength:"200" doc:"Id or slug."`
	Review  id.Review `path:"review"`
}

// Votes is how many a review has helped.
type Votes struct {
	Helpful int `json:"helpful_count"`
}

func (r *Reviews) vote(ctx context.Context, tx pgx.Tx, in *shownInput) (Votes, error) {
	n, err := r.Vote(ctx, tx, in.Product, in.Review, auth.From(ctx).User)
	return Votes{n}, err
}

func (r *Reviews) unvote(ctx context.Context, tx pgx.Tx, in *shownInput) (httpapi.Empty, error) {
	return httpapi.Empty{}, r.Unvote(ctx, tx, in.Product, in.Review, auth.From(ctx).User)
}

type reportInput struct {
	Product string    `path:"product" maxLength:"200" doc:"Id or slug."`
	Review  id.Review `path:"review"`
	Body    struct {
		Reason string `json:"reason" enum:"spam,offensive,off_topic,fake,personal_data,other"`
	}
}

func (r *Reviews) report(ctx context.Context, tx pgx.Tx, in *reportInput) (httpapi.Empty, error) {
	return httpapi.Empty{}, r.Report(ctx, tx, in.Product, in.Review, auth.From(ctx).User, in.Body.Reason)
}

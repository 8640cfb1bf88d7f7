package reviews

import (
	"context"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
)

func (r *Reviews) vendorRoutes(router *httpapi.Router) {
	write := httpapi.Needs(auth.VendorCatalog)
	httpapi.Get(router, "/api/v1/vendor/reviews", r.listSold, httpapi.Needs(auth.AsVendor), httpapi.Private(),
		httpapi.Summary("List the reviews of the vendor's products, the newest first"))
	httpapi.Put(router, "/api/v1/vendor/reviews/{review}/reply", r.setReply, write, httpapi.BodyLimit(longest), httpapi.Summary("Reply to a review"))
	httpapi.Delete(router, "/api/v1/vendor/reviews/{review}/reply", r.deleteReply, write, httpapi.Summary("Remove the reply to a review"))
}

type listSoldInput struct {
	httpapi.Page
	Product id.Product `query:"product"`
	Rating  []int      `query:"rating" minimum:"1" maximum:"5" maxItems:"5" doc:"Stars, one number or several."`
	Replied string     `query:"replied" enum:"true,false" doc:"Those with a reply, or those without."`
}

func (r *Reviews) listSold(ctx context.Context, in *listSoldInput) (out httpapi.List[Sold], err error) {
	var after id.Review
	scope := httpapi.Scope(ctx)
	if err := r.cursors.Open(scope, in.After, &after); err != nil {
		return out, err
	}
	found, err := readList(ctx, r.DB, selectSold, pgx.NamedArgs{
		"vendor": auth.From(ctx).VendorScope(), "product": in.Product, "stars": in.Rating, "replied": yesOrNo(in.Replied), "after": after, "limit": in.Limit + 1,
	})
	if err != nil {
		return out, err
	}
	return page(r.cursors, scope, found, in.Limit, byID, Review.toVendor), nil
}

// yesOrNo is nil where nobody said.
func yesOrNo(s string) *bool {
	if s == "" {
		return nil
	}
	yes := s == "true"
	return &yes
}

type replyInput struct {
	Review id.Review `path:"review"`
	Body   struct {
		Body string `json:"body" minLength:"1" maxLength:"5000" doc:"Plain text, which everybody sees."`
	}
}

func (r *Reviews) setReply(ctx context.Context, tx pgx.Tx, in *replyInput) (Sold, error) {
	review, err := r.Reply(ctx, tx, auth.From(ctx).VendorScope(), in.Review, in.Body.Body)
	return review.toVendor(), err
}

func (r *Reviews) deleteReply(ctx context.Context, tx pgx.Tx, in *ownInput) (httpapi.Empty, error) {
	return httpapi.Empty{}, r.RemoveReply(ctx, tx, auth.From(ctx).VendorScope(), in.Review)
}

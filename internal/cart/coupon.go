package cart

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"souk/internal/catalog"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
	"souk/internal/promotions"
)

func (c *Carts) couponRoutes(r *httpapi.Router) {
	public, limit, told := httpapi.Public(secret), httpapi.BodyLimit(bodyLimit), c.Locales.AsWished()
	httpapi.Post(r, "/api/v1/carts/{cart}/coupons", c.addCoupon, told, public, limit, httpapi.Status(200), httpapi.Limit(httpapi.LimitCoupon),
		httpapi.Summary("Put a code into a cart"),
		httpapi.Describe("Case, blanks and full-width letters do not count. The same code twice is one. A code that takes nothing off is refused with 422 `coupon_not_applicable`; one that is not combined with another in the cart, with 409 `coupon_not_combined`."))
	httpapi.Delete(r, "/api/v1/carts/{cart}/coupons/{code}", c.removeCoupon, told, public, httpapi.Status(200), httpapi.Summary("Take a code out of a cart"))
}

type addCouponInput struct {
	catalog.LocaleWish
	Cart id.Cart `path:"cart"`
	Body struct {
		Code string `json:"code" minLength:"1" maxLength:"200"`
	}
}

func (c *Carts) addCoupon(ctx context.Context, tx pgx.Tx, in *addCouponInput) (View, error) {
	p, err := c.AddCoupon(ctx, tx, in.Cart, in.Body.Code)
	return p.View(), err
}

// AddCoupon puts a code into a cart, which it must lower: the caller rolls back
// otherwise.
func (c *Carts) AddCoupon(ctx context.Context, tx pgx.Tx, cart id.Cart, code string) (Priced, error) {
	code = promotions.Normalize(code)
	r, err := c.write(ctx, tx, cart, touchCart, nil, func(b *postgres.Batch) {
		b.QueueOne(addCoupon, pgx.NamedArgs{"cart": cart, "code": code, "most": promotions.MaxCodes}, promotions.ErrNotApplicable)
	})
	if err != nil {
		return Priced{}, err
	}
	p, err := r.price(false)
	if err != nil {
		return Priced{}, err
	}
	at := slices.IndexFunc(p.Codes, func(k Code) bool { return k.Code == code })
	return p, p.Codes[at].refusal(p.Codes)
}

// refusal is why a code may not be put into a cart beside others; nil when it
// may. It does not drive out a code that somebody has entered before.
func (k Code) refusal(others []Code) error {
	out := slices.IndexFunc(others, func(o Code) bool { return o.keptOutBy == k.promotion })
	switch {
	case k.Applied && out >= 0:
		return promotions.ErrNotCombined.With("reason", "it is not combined with "+others[out].Code)
	case k.Applied:
		return nil
	case !k.keptOutBy.IsZero():
		return promotions.ErrNotCombined.With("reason", k.Detail)
	}
	return promotions.ErrNotApplicable.With("reason", k.Detail)
}

type removeCouponInput struct {
	catalog.LocaleWish
	Cart id.Cart `path:"cart"`
	Code string  `path:"code" maxLength:"200"`
}

func (c *Carts) removeCoupon(ctx context.Context, tx pgx.Tx, in *removeCouponInput) (View, error) {
	r, err := c.write(ctx, tx, in.Cart, touchCart, nil, func(b *postgres.Batch) {
		b.QueueOne(removeCoupon, pgx.NamedArgs{"cart": in.Cart, "code": promotions.Normalize(in.Code)}, promotions.ErrNoCoupon)
	})
	if err != nil {
		return View{}, err
	}
	p, err := r.price(false)
	return p.View(), err
}

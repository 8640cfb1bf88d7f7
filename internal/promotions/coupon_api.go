package promotions

import (
	"context"
	"encoding/csv"
	"errors"
	"net/http"
	"strconv"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
)

func (h handlers) couponRoutes(r *httpapi.Router, all string, read, write httpapi.Option) {
	httpapi.Get(r, all, h.listCoupons, read, httpapi.Private(), httpapi.Summary("List the codes of a promotion"))
	httpapi.Post(r, all, h.createCoupons, write, httpapi.Status(http.StatusCreated), httpapi.Summary("Give a promotion codes"),
		httpapi.Describe("Up to 5,000 codes that you name, or `generate` with up to 100,000 that are drawn: unguessable, each different, listed by GET. Case, blanks and full-width letters do not count in a code."))
	httpapi.Raw(r, http.MethodGet, all+"/file", h.saveCoupons, read, httpapi.Private(), httpapi.Produces("text/csv"), httpapi.Summary("The codes of a promotion as a file"),
		httpapi.Describe("One a line, with its limit, how often it was used, and whether it is switched off."))
	httpapi.Patch(r, all+"/{coupon}", h.editCoupon, write, httpapi.Summary("Switch a code off or on, or change how often it may be used"))
}

type listCouponsInput struct {
	httpapi.Page
	Promotion id.Promotion `path:"promotion"`
}

func (h handlers) listCoupons(ctx context.Context, in *listCouponsInput) (out httpapi.List[Coupon], err error) {
	if _, err := h.Get(ctx, h.DB, h.scope(ctx), in.Promotion); err != nil {
		return out, err
	}
	var after id.Coupon
	scope := httpapi.Scope(ctx)
	if err := h.cursors.Open(scope, in.After, &after); err != nil {
		return out, err
	}
	found, err := listCoupons(ctx, h.DB, in.Promotion, after, in.Limit+1)
	return httpapi.ListOf(h.cursors, scope, found, in.Limit, func(c Coupon) any { return c.ID }), err
}

// perPage bounds the codes that are held at once while a file of them is written.
const perPage = 5000

// saveCoupons writes codes as they are read. A code is letters, digits, hyphens
// and underscores, so no cell is a formula that does anything.
func (h handlers) saveCoupons(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	promotion, err := id.Parse[id.Promotion](r.PathValue("promotion"))
	if err != nil {
		return ErrNoPromotion
	}
	if _, err := h.Get(ctx, h.DB, h.scope(ctx), promotion); err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", "text/csv; charset=utf-8")
	header.Set("Content-Disposition", `attachment; filename="`+promotion.String()+`-codes.csv"`)
	header.Set("Cache-Control", "private, no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	out := csv.NewWriter(w)
	rows, after := [][]string{{"code", "usage_limit", "used", "disabled"}}, id.Coupon{}
	for {
		page, err := listCoupons(ctx, h.DB, promotion, after, perPage)
		if err != nil {
			return err
		}
		for _, c := range page {
			limit := ""
			if c.UsageLimit != nil {
				limit = strconv.Itoa(*c.UsageLimit)
			}
			rows = append(rows, []string{c.Code, limit, strconv.Itoa(c.Used), strconv.FormatBool(c.Disabled)})
			after = c.ID
		}
		if err := out.WriteAll(rows); err != nil {
			return err
		}
		if rows = rows[:0]; len(page) < perPage {
			return nil
		}
	}
}

type createCouponsInput struct {
	Promotion id.Promotion `path:"promotion"`
	Body      struct {
		Codes      []string `json:"codes,omitempty" maxItems:"5000"`
		Generate   int      `json:"generate,omitempty" minimum:"0" maximum:"100000" doc:"How many to draw, instead of codes"`
		Prefix     string   `json:"prefix,omitempty" maxLength:"20" doc:"What drawn codes begin with"`
		UsageLimit *int     `json:"usage_limit,omitempty" minimum:"1" maximum:"2000000000" doc:"How often each may be used; 1 for drawn ones, any number for others unless told"`
	}
}

// maxNamed bounds the codes that a refusal names.
const maxNamed = 100

// CouponsMade says how many codes were made.
type CouponsMade struct {
	Made int `json:"made"`
}

func (h handlers) createCoupons(ctx context.Context, tx pgx.Tx, in *createCouponsInput) (CouponsMade, error) {
	p, err := hold(ctx, tx, h.scope(ctx), in.Promotion)
	if err != nil {
		return CouponsMade{}, err
	}
	if p.Status == Archived {
		return CouponsMade{}, ErrArchived
	}
	codes, limit, err := in.codes()
	if err != nil {
		return CouponsMade{}, err
	}
	taken, err := insertCoupons(ctx, tx, p.ID, codes, limit)
	if err != nil {
		return CouponsMade{}, err
	}
	if len(taken) > 0 {
		return CouponsMade{}, errCodeTaken.With("codes", taken[:min(len(taken), maxNamed)])
	}
	return CouponsMade{len(codes)}, nil
}

const notACode = "A code has 3 to 40 letters, digits, hyphens and underscores."

// codes is what is wanted, normalised, and how often each may be used.
func (in *createCouponsInput) codes() ([]string, *int, error) {
	b := &in.Body
	var bad errs.Fields
	limit := b.UsageLimit
	bad.Require((b.Generate > 0) != (len(b.Codes) > 0), "/codes", "required", "Name codes, or say how many to generate.")
	if b.Generate > 0 {
		prefix := ""
		if b.Prefix != "" {
			prefix = Normalize(b.Prefix + "-" + drawn())
			bad.Require(prefix != "", "/prefix", "invalid_code", notACode)
			prefix = prefix[:max(0, len(prefix)-drawnLength)]
		}
		if err := bad.Err(); err != nil {
			return nil, nil, err
		}
		if limit == nil {
			once := 1
			limit = &once
		}
		return draw(b.Generate, prefix), limit, nil
	}
	codes, seen := make([]string, len(b.Codes)), make(map[string]bool, len(b.Codes))
	for i, code := range b.Codes {
		codes[i] = Normalize(code)
		at := "/codes/" + strconv.Itoa(i)
		bad.Require(codes[i] != "", at, "invalid_code", notACode)
		bad.Require(codes[i] == "" || !seen[codes[i]], at, "duplicate", "This code stands here twice: case, blanks and full-width letters do not count.")
		seen[codes[i]] = true
	}
	return codes, limit, bad.Err()
}

type editCouponInput struct {
	Promotion id.Promotion `path:"promotion"`
	Coupon    id.Coupon    `path:"coupon"`
	Body      struct {
		Disabled   *bool    `json:"disabled,omitempty"`
		UsageLimit *int     `json:"usage_limit,omitempty" minimum:"1" maximum:"2000000000"`
		Clear      []string `json:"clear,omitempty" enum:"usage_limit" maxItems:"1" doc:"What is to have no value any more"`
	}
}

func (h handlers) editCoupon(ctx context.Context, tx pgx.Tx, in *editCouponInput) (Coupon, error) {
	if _, err := lock(ctx, tx, h.scope(ctx), in.Promotion); err != nil {
		return Coupon{}, err
	}
	edited, err := updateCoupon(ctx, tx, in)
	if errors.Is(err, ErrUsedUp) {
		return Coupon{}, errBelowUsed
	}
	return edited, err
}

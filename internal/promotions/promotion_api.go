package promotions

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/httpapi"
	"souk/internal/pricing"
)

// Routes mounts what staff and vendors do with promotions.
func (m *Promotions) Routes(r *httpapi.Router) {
	m.cursors = r.Cursors
	handlers{m, false}.routes(r, "/api/v1/admin", httpapi.Needs(CanRead), httpapi.Needs(CanWrite))
	httpapi.Get(r, "/api/v1/admin/promotions/lint", m.lintAll, httpapi.Needs(CanRead), httpapi.Private(), httpapi.Summary("Say what may not be meant"),
		httpapi.Describe("In words: promotions that stack to 100 % and more, that can never apply, that lack codes or amounts, that are used up."))
	handlers{m, true}.routes(r, "/api/v1/vendor", httpapi.Needs(auth.AsVendor), httpapi.Needs(auth.VendorCatalog))
}

// handlers answer at one of two doors: staff act on every promotion, vendors on
// their own.
type handlers struct {
	*Promotions
	vendor bool
}

func (h handlers) routes(r *httpapi.Router, door string, read, write httpapi.Option) {
	all := door + "/promotions"
	httpapi.Get(r, all, h.list, read, httpapi.Private(), httpapi.Summary("List promotions, the newest first"))
	httpapi.Post(r, all, h.create, write, httpapi.Status(http.StatusCreated), httpapi.Summary("Make a promotion"),
		httpapi.Describe("It is a draft unless `status` says otherwise, starts now unless `starts_at` does, and lowers carts from that moment. A promotion with `needs_code` lowers those carts that one of its coupons was put into."))
	httpapi.Get(r, all+"/{promotion}", h.show, read, httpapi.Private(), httpapi.Summary("Show a promotion with what it has cost"))
	httpapi.Patch(r, all+"/{promotion}", h.edit, write, httpapi.Summary("Edit a promotion"),
		httpapi.Describe("What is left out stays; `clear` takes an optional value away. Carts are priced anew at once; placed orders keep what they agreed to. An archived promotion stays as it is."))
	h.couponRoutes(r, all+"/{promotion}/coupons", read, write)
}

// scope is whose promotions the caller may touch; none is everybody's.
func (h handlers) scope(ctx context.Context) id.Vendor {
	if h.vendor {
		return auth.From(ctx).VendorScope()
	}
	return id.Vendor{}
}

type listInput struct {
	httpapi.Page
	Status []Status `query:"status" enum:"draft,active,paused,archived" maxItems:"4"`
}

func (h handlers) list(ctx context.Context, in *listInput) (out httpapi.List[Promotion], err error) {
	var before id.Promotion
	scope := httpapi.Scope(ctx)
	if err := h.cursors.Open(scope, in.After, &before); err != nil {
		return out, err
	}
	args := pgx.NamedArgs{"vendor": h.scope(ctx), "statuses": in.Status, "before": before, "limit": in.Limit + 1}
	found, err := list(ctx, h.DB, args)
	if err != nil {
		return out, err
	}
	out = httpapi.ListOf(h.cursors, scope, found, in.Limit, func(p Promotion) any { return p.ID })
	if in.WantsTotal() {
		total, err := count(ctx, h.DB, args)
		if err != nil {
			return out, err
		}
		out.TotalCount = &total
	}
	return out, nil
}

// Findings is what the linter has to say.
type Findings struct {
	Findings []Finding `json:"findings"`
}

func (m *Promotions) lintAll(ctx context.Context, _ *struct{}) (Findings, error) {
	found, err := m.Lint(ctx, m.DB)
	return Findings{found}, err
}

type promotionInput struct {
	Promotion id.Promotion `path:"promotion"`
}

func (h handlers) show(ctx context.Context, in *promotionInput) (Promotion, error) {
	return h.Get(ctx, h.DB, h.scope(ctx), in.Promotion)
}

type createInput struct{ Body Proposal }

func (h handlers) create(ctx context.Context, tx pgx.Tx, in *createInput) (Promotion, error) {
	p, err := in.Body.promotion(h.scope(ctx))
	if err != nil {
		return Promotion{}, err
	}
	return h.Create(ctx, tx, p)
}

type editInput struct {
	Promotion id.Promotion `path:"promotion"`
	httpapi.IfMatch
	Body struct {
		Name          *string             `json:"name,omitempty" minLength:"1" maxLength:"100"`
		NeedsCode     *bool               `json:"needs_code,omitempty"`
		Status        *Status             `json:"status,omitempty" enum:"draft,active,paused,archived"`
		Priority      *int                `json:"priority,omitempty" minimum:"-1000000" maximum:"1000000"`
		Exclusive     *bool               `json:"exclusive,omitempty"`
		StackingGroup *string             `json:"stacking_group,omitempty" maxLength:"60"`
		PlatformPPM   *int64              `json:"platform_ppm,omitempty" minimum:"0" maximum:"1000000"`
		Conditions    *pricing.Conditions `json:"conditions,omitempty"`
		Reward        *pricing.Reward     `json:"reward,omitempty"`
		StartsAt      *time.Time          `json:"starts_at,omitempty"`
		EndsAt        *time.Time          `json:"ends_at,omitempty"`
		UsageLimit    *int                `json:"usage_limit,omitempty" minimum:"1" maximum:"2000000000"`
		CustomerLimit *int                `json:"customer_limit,omitempty" minimum:"1" maximum:"2000000000"`
		Budget        *money.Amount       `json:"budget,omitempty"`
		Clear         []string            `json:"clear,omitempty" enum:"ends_at,usage_limit,customer_limit,budget" maxItems:"4" doc:"What is to have no value any more"`
	}
}

func (h handlers) edit(ctx context.Context, tx pgx.Tx, in *editInput) (Promotion, error) {
	p, err := lock(ctx, tx, h.scope(ctx), in.Promotion)
	if err != nil {
		return Promotion{}, err
	}
	if err := in.Check(p.ETag()); err != nil {
		return Promotion{}, err
	}
	switch {
	case p.Status == Archived:
		return Promotion{}, ErrArchived
	case !p.PlanID.IsZero():
		return Promotion{}, ErrOfPlan
	}
	in.apply(&p)
	if err := p.tidy(); err != nil {
		return Promotion{}, err
	}
	if err := accounts.HoldGroups(ctx, tx, "/conditions/customer_groups", p.Conditions.Groups); err != nil {
		return Promotion{}, err
	}
	if err := update(ctx, tx, p); errors.Is(err, ErrUsedUp) {
		return Promotion{}, errBelowUsed
	} else if err != nil {
		return Promotion{}, fmt.Errorf("edit promotion %s: %w", p.ID, err)
	}
	return h.Get(ctx, tx, h.scope(ctx), p.ID)
}

func (in *editInput) apply(p *Promotion) {
	b := &in.Body
	set(&p.Name, b.Name)
	set(&p.NeedsCode, b.NeedsCode)
	set(&p.Status, b.Status)
	set(&p.Priority, b.Priority)
	set(&p.Exclusive, b.Exclusive)
	set(&p.StackingGroup, b.StackingGroup)
	set(&p.PlatformPPM, b.PlatformPPM)
	set(&p.Conditions, b.Conditions)
	set(&p.Reward, b.Reward)
	set(&p.StartsAt, b.StartsAt)
	for _, name := range b.Clear {
		switch name {
		case "ends_at":
			p.EndsAt = nil
		case "usage_limit":
			p.UsageLimit = nil
		case "customer_limit":
			p.CustomerLimit = nil
		case "budget":
			p.Budget = nil
		}
	}
	setOptional(&p.EndsAt, b.EndsAt)
	setOptional(&p.UsageLimit, b.UsageLimit)
	setOptional(&p.CustomerLimit, b.CustomerLimit)
	setOptional(&p.Budget, b.Budget)
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

func setOptional[T any](to **T, from *T) {
	if from != nil {
		*to = from
	}
}

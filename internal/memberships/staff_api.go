package memberships

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

func (m *Memberships) staffRoutes(r *httpapi.Router) {
	const all = "/api/v1/admin/memberships"
	read, write := httpapi.Needs(CanRead), httpapi.Needs(CanWrite)
	httpapi.Get(r, all, m.list, read, httpapi.Private(), httpapi.Summary("List memberships, the newest first"))
	httpapi.Post(r, all, m.give, write, httpapi.Status(http.StatusCreated), httpapi.Summary("Make somebody a member for nothing"),
		httpapi.Describe("Until a day; it is not renewed. 409 `already_member` for who is one."))
	httpapi.Get(r, all+"/{membership}", m.show, read, httpapi.Private(), httpapi.Summary("Show a membership with its history"))
	httpapi.Post(r, all+"/{membership}/cancel", m.cancelAny, write, httpapi.Status(http.StatusOK), httpapi.Summary("End a membership at once"),
		httpapi.Describe("Money for the time that is left is refunded by its order, if at all."))
}

// Row is a membership in the list of staff.
type Row struct {
	ID            id.Membership `db:"id" json:"id"`
	User          id.User       `db:"user_id" json:"user_id"`
	Status        Status        `db:"status" json:"status" enum:"trialing,active,past_due,paused,cancelled,lapsed"`
	Plan          id.Plan       `db:"plan_id" json:"plan_id" doc:"Of the last period"`
	EndsAt        time.Time     `db:"ends_at" json:"ends_at"`
	BenefitsUntil time.Time     `db:"benefits_until" json:"benefits_until"`
	CancelAtEnd   bool          `db:"cancel_at_period_end" json:"cancel_at_period_end"`
	CreatedAt     time.Time     `db:"created_at" json:"created_at"`
}

type listInput struct {
	httpapi.Page
	Status []Status `query:"status" enum:"trialing,active,past_due,paused,cancelled,lapsed" maxItems:"6"`
	Plan   id.Plan  `query:"plan"`
	User   id.User  `query:"user"`
}

func (m *Memberships) list(ctx context.Context, in *listInput) (out httpapi.List[Row], err error) {
	var before id.Membership
	scope := httpapi.Scope(ctx)
	if err := m.cursors.Open(scope, in.After, &before); err != nil {
		return out, err
	}
	args := pgx.NamedArgs{"statuses": in.Status, "plan": in.Plan, "user": in.User, "before": before, "limit": in.Limit + 1}
	rows, err := postgres.All[Row](ctx, m.DB, selectRows, args)
	if err != nil {
		return out, fmt.Errorf("list memberships: %w", err)
	}
	out = httpapi.ListOf(m.cursors, scope, rows, in.Limit, func(r Row) any { return r.ID })
	if in.WantsTotal() {
		total, err := postgres.Scalar[int64](ctx, m.DB, countRows, args)
		if err != nil {
			return out, fmt.Errorf("count memberships: %w", err)
		}
		out.TotalCount = &total
	}
	return out, nil
}

// Detail is a membership as staff see it.
type Detail struct {
	User id.User `json:"user_id"`
	View
}

type membershipInput struct {
	Membership id.Membership `path:"membership"`
}

func (m *Memberships) show(ctx context.Context, in *membershipInput) (Detail, error) {
	is, now, err := m.find(ctx, m.DB, selectOne, pgx.NamedArgs{"id": in.Membership})
	if err != nil {
		return Detail{}, err
	}
	view, err := m.View(ctx, m.DB, is, now)
	return Detail{is.User, view}, err
}

type giveInput struct {
	Body struct {
		User   id.User   `json:"user_id"`
		Plan   id.Plan   `json:"plan_id"`
		Until  time.Time `json:"until" doc:"The day on which it ends"`
		Reason string    `json:"reason" minLength:"1" maxLength:"500" doc:"Kept in its history"`
	}
}

var errUntil = errs.Validation.Field("/until", "out_of_range", "Name a moment that is to come, within ten years.")

func (m *Memberships) give(ctx context.Context, tx pgx.Tx, in *giveInput) (Detail, error) {
	b := &in.Body
	now, err := databaseTime(ctx, tx)
	if err != nil {
		return Detail{}, err
	}
	if !b.Until.After(now) || b.Until.After(now.AddDate(10, 0, 0)) {
		return Detail{}, errUntil
	}
	plan, err := m.GetPlan(ctx, tx, b.Plan)
	if err != nil {
		return Detail{}, err
	}
	user, err := m.Users.Get(ctx, tx, b.User)
	if err != nil {
		return Detail{}, err
	}
	if user.ErasedAt != nil {
		return Detail{}, accounts.ErrNoUser
	}
	is, err := m.Give(ctx, tx, Sale{User: user.ID, Email: user.Email, Purchase: Purchase{Plan: plan}}, b.Until, plan.Prices[0].Currency, b.Reason)
	if err != nil {
		return Detail{}, err
	}
	view, err := m.View(ctx, tx, is, now)
	return Detail{is.User, view}, err
}

type cancelInput struct {
	Membership id.Membership `path:"membership"`
	Body       struct {
		Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"Kept in its history"`
	}
}

func (m *Memberships) cancelAny(ctx context.Context, tx pgx.Tx, in *cancelInput) (Detail, error) {
	is, now, err := m.find(ctx, tx, lockOne, pgx.NamedArgs{"id": in.Membership})
	if err != nil {
		return Detail{}, err
	}
	view, err := m.changed(ctx, tx, is, now, func(is *Membership, now time.Time) error { return is.CancelNow(now, in.Body.Reason) })
	return Detail{is.User, view}, err
}

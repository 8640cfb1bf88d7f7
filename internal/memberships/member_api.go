package memberships

import (
	"context"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

func (m *Memberships) memberRoutes(r *httpapi.Router) {
	me, ok := httpapi.Needs(auth.AsCustomer), httpapi.Status(http.StatusOK)
	httpapi.Get(r, "/api/v1/me/membership", m.mine, me, httpapi.Private(), httpapi.Summary("Show one's membership"),
		httpapi.Describe("404 `membership_not_found` for who never was a member. One that is over is shown until there is another."))
	httpapi.Post(r, "/api/v1/me/membership/downgrade", m.downgrade, me, ok, httpapi.Summary("Have the next period be of a lower plan"),
		httpapi.Describe("Naming the present plan takes it back."))
	httpapi.Post(r, "/api/v1/me/membership/cancel", m.cancelMine, me, ok, httpapi.Summary("End one's membership with its period"),
		httpapi.Describe("Benefits go on until then; `resume` takes it back. One that is paused, or whose period has ended unpaid, ends at once."))
	httpapi.Post(r, "/api/v1/me/membership/pause", m.pause, me, ok, httpapi.Summary("Pause one's membership"),
		httpapi.Describe("Benefits stop, and the rest of the period is kept. It runs on by itself after the days that the plan allows."))
	httpapi.Post(r, "/api/v1/me/membership/resume", m.resumeMine, me, ok, httpapi.Summary("End a pause, or take back that one cancelled"))
}

// PlanName names a plan.
type PlanName struct {
	ID   id.Plan `json:"id"`
	Name string  `json:"name"`
}

// View is a membership as its owner sees it.
type View struct {
	ID            id.Membership `json:"id"`
	Status        Status        `json:"status" enum:"trialing,active,past_due,paused,cancelled,lapsed"`
	Plan          PlanName      `json:"plan" doc:"Of now, or of the last period"`
	PlanRank      int           `json:"plan_rank" doc:"Of the plan of the last period, offered or not: to one above it one changes at once, to one below with the next period"`
	NextPlan      id.Plan       `json:"next_plan_id,omitzero" doc:"Of the next period, where it is another"`
	Benefits      *Benefits     `json:"benefits" doc:"What one has at the moment; null while that is nothing"`
	EndsAt        time.Time     `json:"ends_at" doc:"When what is paid for ends"`
	BenefitsUntil time.Time     `json:"benefits_until" doc:"With the grace for paying late"`
	CancelAtEnd   bool          `json:"cancel_at_period_end"`
	PausedUntil   *time.Time    `json:"paused_until,omitempty"`
	Withheld      bool          `json:"withheld,omitempty" doc:"Paused until a dispute about its payment is decided"`
	Method        string        `json:"payment_method"`
	Renewal       id.Order      `json:"renewal_order_id,omitzero" doc:"The order for the next period, once it is placed; paid for, the membership goes on"`
	Periods       []Period      `json:"periods"`
	History       []Event       `json:"history"`
	CreatedAt     time.Time     `json:"created_at"`
}

// Shown is how a membership stands by the clock, whether or not somebody has
// written that down.
func (m *Membership) Shown(now time.Time) Status {
	switch {
	case m.Status.Over() || m.Status == Paused || now.Before(m.EndsAt):
		return m.Status
	case now.Before(m.BenefitsUntil):
		return PastDue
	case m.CancelAtEnd:
		return Cancelled
	}
	return Lapsed
}

// View is a membership with its history, at a moment.
func (m *Memberships) View(ctx context.Context, db postgres.DB, is Membership, now time.Time) (View, error) {
	v := View{
		ID: is.ID, Status: is.Shown(now), PlanRank: is.Plan.Rank, NextPlan: is.NextPlan, EndsAt: is.EndsAt, BenefitsUntil: is.BenefitsUntil, CancelAtEnd: is.CancelAtEnd,
		PausedUntil: is.PausedUntil, Withheld: !is.WithheldBy.IsZero(), Method: is.Method, Renewal: is.Renewal, Periods: is.Periods, CreatedAt: is.CreatedAt,
	}
	plan := is.Plan
	if p, covered := is.At(now); covered {
		if p.Plan != plan.ID {
			other, err := m.GetPlan(ctx, db, p.Plan)
			if err != nil {
				return View{}, err
			}
			plan = other
		}
		v.Benefits = &plan.Benefits
	}
	v.Plan = PlanName{plan.ID, plan.Name}
	var err error
	v.History, err = historyOf(ctx, db, is.ID)
	return v, err
}

func (m *Memberships) mine(ctx context.Context, _ *struct{}) (View, error) {
	is, now, err := m.Of(ctx, m.DB, auth.From(ctx).User)
	if err != nil {
		return View{}, err
	}
	return m.View(ctx, m.DB, is, now)
}

// change does something to the caller's membership and answers with it.
func (m *Memberships) change(ctx context.Context, tx pgx.Tx, do func(is *Membership, now time.Time) error) (View, error) {
	is, now, err := m.Live(ctx, tx, auth.From(ctx).User)
	if err != nil {
		return View{}, err
	}
	return m.changed(ctx, tx, is, now, do)
}

func (m *Memberships) changed(ctx context.Context, tx pgx.Tx, is Membership, now time.Time, do func(is *Membership, now time.Time) error) (View, error) {
	if err := do(&is, now); err != nil {
		return View{}, err
	}
	if err := m.Save(ctx, tx, &is); err != nil {
		return View{}, err
	}
	return m.View(ctx, tx, is, now)
}

type downgradeInput struct {
	Body struct {
		Plan id.Plan `json:"plan_id"`
	}
}

func (m *Memberships) downgrade(ctx context.Context, tx pgx.Tx, in *downgradeInput) (View, error) {
	to, err := m.GetPlan(ctx, tx, in.Body.Plan)
	if err != nil {
		return View{}, err
	}
	return m.change(ctx, tx, func(is *Membership, _ time.Time) error { return is.Downgrade(to) })
}

func (m *Memberships) cancelMine(ctx context.Context, tx pgx.Tx, _ *struct{}) (View, error) {
	return m.change(ctx, tx, (*Membership).Cancel)
}

func (m *Memberships) pause(ctx context.Context, tx pgx.Tx, _ *struct{}) (View, error) {
	return m.change(ctx, tx, (*Membership).Pause)
}

func (m *Memberships) resumeMine(ctx context.Context, tx pgx.Tx, _ *struct{}) (View, error) {
	return m.change(ctx, tx, (*Membership).Resume)
}

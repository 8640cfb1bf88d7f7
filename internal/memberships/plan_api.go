package memberships

import (
	"context"
	"net/http"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/events"
	"souk/internal/platform/httpapi"
)

func (m *Memberships) planRoutes(r *httpapi.Router) {
	const why = "anybody may see what is for sale"
	read, write := httpapi.Needs(CanRead), httpapi.Needs(CanWrite)
	httpapi.Get(r, "/api/v1/plans", m.listPublic, httpapi.Public(why), httpapi.Summary("List the plans that one can be a member of, the lowest first"))
	httpapi.Get(r, "/api/v1/plans/{plan}", m.showPublic, httpapi.Public(why), httpapi.Summary("Show a plan"))
	httpapi.Get(r, "/api/v1/admin/plans", m.listPlans, read, httpapi.Private(), httpapi.Summary("List plans, archived ones too"))
	httpapi.Post(r, "/api/v1/admin/plans", m.createPlan, write, httpapi.Status(http.StatusCreated), httpapi.Summary("Make a plan"),
		httpapi.Describe("It is offered at once. It is sold by the marketplace itself, as a product that no listing shows; its price is per period and currency, 0 is free."))
	httpapi.Get(r, "/api/v1/admin/plans/{plan}", m.showPlan, read, httpapi.Private(), httpapi.Summary("Show a plan with how many members it has"))
	httpapi.Patch(r, "/api/v1/admin/plans/{plan}", m.editPlan, write, httpapi.Summary("Edit a plan"),
		httpapi.Describe("What is left out stays; `benefits`, `prices` and `dunning_days` are replaced as a whole. Members have new benefits at once, new terms when their membership next changes, and pay the new price with their next period."))
	httpapi.Post(r, "/api/v1/admin/plans/{plan}/archive", m.archivePlan, write, httpapi.Status(http.StatusOK), httpapi.Summary("Offer a plan no more"),
		httpapi.Describe("Its members go on, and their periods are renewed. Who had chosen it for their next period stays with their present plan, and is told. Archiving it again changes nothing."))
}

// Offered is a plan as everybody sees it.
type Offered struct {
	ID          id.Plan        `json:"id"`
	Variant     id.Variant     `json:"variant_id" doc:"As what it is sold: put one into a cart"`
	Name        string         `json:"name"`
	Description string         `json:"description"`
	Rank        int            `json:"rank" doc:"The higher is the better plan"`
	Interval    Interval       `json:"interval"`
	Prices      []money.Amount `json:"prices" doc:"Of one period, in each currency"`
	TrialDays   int            `json:"trial_days"`
	GraceDays   int            `json:"grace_days"`
	PauseDays   int            `json:"pause_days"`
	Benefits    Benefits       `json:"benefits"`
}

func offered(p Plan) Offered {
	return Offered{p.ID, p.Variant, p.Name, p.Description, p.Rank, p.Interval, p.Prices, p.TrialDays, p.GraceDays, p.PauseDays, p.Benefits}
}

type offeredList struct {
	Data []Offered `json:"data"`
}

func (m *Memberships) listPublic(ctx context.Context, _ *struct{}) (offeredList, error) {
	list, err := m.plans(ctx, m.DB, selectPlans+` WHERE p.archived_at IS NULL ORDER BY p.rank, p.id`, nil)
	out := offeredList{Data: make([]Offered, len(list))}
	for i, p := range list {
		out.Data[i] = offered(p)
	}
	return out, err
}

type planInput struct {
	Plan id.Plan `path:"plan"`
}

func (m *Memberships) showPublic(ctx context.Context, in *planInput) (Offered, error) {
	p, err := m.GetPlan(ctx, m.DB, in.Plan)
	if err == nil && p.Archived() {
		err = ErrNoPlan
	}
	return offered(p), err
}

// Kept is a plan as staff see it.
type Kept struct {
	Plan
	Members int `json:"members" doc:"Whose last period is of it"`
}

func kept(p Plan, err error) (Kept, error) { return Kept{p, p.Members}, err }

type planList struct {
	Data []Kept `json:"data"`
}

func (m *Memberships) listPlans(ctx context.Context, _ *struct{}) (planList, error) {
	list, err := m.plans(ctx, m.DB, selectPlans+` ORDER BY p.archived_at IS NOT NULL, p.rank, p.id`, nil)
	out := planList{Data: make([]Kept, len(list))}
	for i, p := range list {
		out.Data[i] = Kept{p, p.Members}
	}
	return out, err
}

func (m *Memberships) showPlan(ctx context.Context, in *planInput) (Kept, error) {
	return kept(m.GetPlan(ctx, m.DB, in.Plan))
}

type createPlanInput struct {
	Body struct {
		Name        string         `json:"name" minLength:"1" maxLength:"60"`
		Description string         `json:"description,omitempty" maxLength:"2000"`
		Rank        int            `json:"rank,omitempty" minimum:"-1000" maximum:"1000"`
		Interval    Interval       `json:"interval"`
		TrialDays   int            `json:"trial_days,omitempty" minimum:"0" maximum:"365"`
		GraceDays   int            `json:"grace_days,omitempty" minimum:"0" maximum:"90"`
		DunningDays []int          `json:"dunning_days,omitempty" maxItems:"20"`
		PauseDays   int            `json:"pause_days,omitempty" minimum:"0" maximum:"365"`
		Prices      []money.Amount `json:"prices" minItems:"1" maxItems:"50"`
		Benefits    Benefits       `json:"benefits,omitzero"`
	}
}

func (m *Memberships) createPlan(ctx context.Context, tx pgx.Tx, in *createPlanInput) (Kept, error) {
	b := &in.Body
	return kept(m.Create(ctx, tx, Plan{
		Name: b.Name, Description: b.Description, Rank: b.Rank, Interval: b.Interval, TrialDays: b.TrialDays, GraceDays: b.GraceDays,
		DunningDays: b.DunningDays, PauseDays: b.PauseDays, Prices: b.Prices, Benefits: b.Benefits,
	}))
}

type editPlanInput struct {
	Plan id.Plan `path:"plan"`
	httpapi.IfMatch
	Body struct {
		Name        *string         `json:"name,omitempty" minLength:"1" maxLength:"60"`
		Description *string         `json:"description,omitempty" maxLength:"2000"`
		Rank        *int            `json:"rank,omitempty" minimum:"-1000" maximum:"1000"`
		Interval    *Interval       `json:"interval,omitempty"`
		TrialDays   *int            `json:"trial_days,omitempty" minimum:"0" maximum:"365"`
		GraceDays   *int            `json:"grace_days,omitempty" minimum:"0" maximum:"90"`
		DunningDays *[]int          `json:"dunning_days,omitempty" maxItems:"20"`
		PauseDays   *int            `json:"pause_days,omitempty" minimum:"0" maximum:"365"`
		Prices      *[]money.Amount `json:"prices,omitempty" minItems:"1" maxItems:"50"`
		Benefits    *Benefits       `json:"benefits,omitempty"`
	}
}

func (m *Memberships) editPlan(ctx context.Context, tx pgx.Tx, in *editPlanInput) (Kept, error) {
	p, err := m.lockPlan(ctx, tx, in.Plan)
	if err != nil {
		return Kept{}, err
	}
	if err := in.Check(p.ETag()); err != nil {
		return Kept{}, err
	}
	b := &in.Body
	set(&p.Name, b.Name)
	set(&p.Description, b.Description)
	set(&p.Rank, b.Rank)
	set(&p.Interval, b.Interval)
	set(&p.TrialDays, b.TrialDays)
	set(&p.GraceDays, b.GraceDays)
	set(&p.DunningDays, b.DunningDays)
	set(&p.PauseDays, b.PauseDays)
	set(&p.Prices, b.Prices)
	set(&p.Benefits, b.Benefits)
	return kept(m.Update(ctx, tx, p))
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

func (m *Memberships) archivePlan(ctx context.Context, tx pgx.Tx, in *planInput) (Kept, error) {
	fresh, err := archive(ctx, tx, in.Plan)
	if err == nil && fresh {
		err = events.Raise(ctx, tx, PlanArchived{in.Plan})
	}
	if err != nil {
		return Kept{}, err
	}
	return kept(m.GetPlan(ctx, tx, in.Plan))
}

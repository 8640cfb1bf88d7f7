package reconcile

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/payments"
	"souk/internal/platform/httpapi"
)

// Routes mounts what staff do about the books.
func (r *Reconciler) Routes(router *httpapi.Router) {
	r.cursors = router.Cursors
	httpapi.Action(router, http.MethodPost, "/api/v1/admin/reconciliation/run", r.runAsked, httpapi.Needs(payments.CanWrite), httpapi.ID("admin-run-reconciliation"),
		httpapi.Status(http.StatusOK), httpapi.Summary("Compare the books of a payment provider with the shop's"),
		httpapi.Describe("Days are those of UTC, `until` is the last; three days until yesterday unless told, 31 at most. What only one side has is asked about first. "+
			"What does not add up then is at `/admin/reconciliation`; what did not before and does now is resolved. It can be repeated."))
	r.reportRoutes(router)
	httpapi.Get(router, "/api/v1/admin/reconciliation-runs", r.list, httpapi.Needs(payments.CanRead), httpapi.ID("admin-list-reconciliation-runs"),
		httpapi.Summary("List when the books of providers were compared, the newest first"))
}

type runInput struct {
	Body struct {
		Provider string `json:"provider" enum:"stripe,razorpay,paypal,test"`
		From     string `json:"from,omitempty" format:"date" doc:"The first day"`
		Until    string `json:"until,omitempty" format:"date" doc:"The last day"`
	}
}

func (r *Reconciler) runAsked(ctx context.Context, in *runInput) (Run, error) {
	p, err := Days(r.Clock.Now(), in.Body.From, in.Body.Until)
	if err != nil {
		return Run{}, err
	}
	p.Provider, p.Source = in.Body.Provider, Asked
	run, err := r.Run(ctx, p)
	var no *errs.Error
	if err != nil && !errors.As(err, &no) {
		return Run{}, fmt.Errorf("%w (%w)", payments.ErrUnreachable, err)
	}
	return run, err
}

// Days is the period from a day until another, both included, as people write
// them: three days until yesterday where they are "". It is a month at most: nobody
// is asked for more at once.
func Days(now time.Time, first, last string) (Period, error) {
	p := Period{Until: now.UTC().Truncate(day)}
	var bad errs.Fields
	if last != "" {
		at, err := time.Parse(time.DateOnly, last)
		bad.Require(err == nil, "/until", "invalid", "Write a day as 2026-11-26.")
		p.Until = at.Add(day)
	}
	p.From = p.Until.Add(-nights * day)
	if first != "" {
		at, err := time.Parse(time.DateOnly, first)
		bad.Require(err == nil, "/from", "invalid", "Write a day as 2026-11-26.")
		p.From = at
	}
	bad.Require(p.From.Before(p.Until), "/until", "before_from", "The last day comes after the first, or is the same.")
	bad.Require(p.Until.Sub(p.From) <= longest, "/from", "too_long", "Compare 31 days or fewer at once.")
	return p, bad.Err()
}

type listInput struct {
	httpapi.Page
	Provider []string `query:"provider" maxItems:"10"`
}

func (r *Reconciler) list(ctx context.Context, in *listInput) (httpapi.List[Run], error) {
	var before id.Reconcile
	if err := r.cursors.Open(httpapi.Scope(ctx), in.After, &before); err != nil {
		return httpapi.List[Run]{}, err
	}
	rows, err := listRuns(ctx, r.DB, in.Provider, before, in.Limit+1)
	if err != nil {
		return httpapi.List[Run]{}, fmt.Errorf("list reconciliations: %w", err)
	}
	return httpapi.ListOf(r.cursors, httpapi.Scope(ctx), rows, in.Limit, func(run Run) any { return run.ID }), nil
}

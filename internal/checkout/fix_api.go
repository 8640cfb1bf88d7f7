package checkout

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/platform/httpapi"
)

func (c *Checkout) fixRoutes(r *httpapi.Router) {
	httpapi.Get(r, "/api/v1/admin/reconciliation/{exception}", c.showException, httpapi.Needs(payments.CanRead), httpapi.ID("admin-get-payment-exception"),
		httpapi.Summary("Show something that does not add up, and what can be done about it"))
	httpapi.Post(r, "/api/v1/admin/reconciliation/{exception}/fix", c.fix, httpapi.Needs(payments.CanWrite), httpapi.StepUp(), httpapi.ID("admin-fix-payment-exception"),
		httpapi.Status(http.StatusOK), httpapi.Crash(beforeFix, afterFix), httpapi.Then(c.lookAfter), httpapi.Summary("Do something about what does not add up"),
		httpapi.Describe("One of its `fixes`, each of which says what it does. Saying it again changes nothing; 409 `exception_resolved` when it was settled otherwise, "+
			"`fix_not_possible` when it would not be right any more. `dismiss` and `book_refund` want a `reason`, which of the latter the buyer sees."))
}

// ExceptionView is an exception as staff see it.
type ExceptionView struct {
	payments.Exception
	Fixes []Fix `json:"fixes"`
}

type exceptionInput struct {
	Exception id.Exception `path:"exception"`
}

func (c *Checkout) showException(ctx context.Context, in *exceptionInput) (ExceptionView, error) {
	e, err := payments.ReadException(ctx, c.DB, in.Exception)
	if err != nil {
		return ExceptionView{}, err
	}
	t, err := c.troubleOf(ctx, c.DB, e)
	return ExceptionView{e, t.fixes()}, err
}

// FixedView is an exception after a fix.
type FixedView struct {
	ExceptionView
	Did     Remedy `json:"did" enum:"look_again,retry,by_hand,store_credit,book_refund,dismiss"`
	Problem string `json:"problem,omitempty" doc:"Why the provider could not be asked"`
}

type fixInput struct {
	Exception id.Exception `path:"exception"`
	Body      struct {
		Action   Remedy         `json:"action" enum:"look_again,retry,by_hand,store_credit,book_refund,dismiss"`
		Reason   string         `json:"reason,omitempty" maxLength:"400"`
		Lines    []orders.Units `json:"lines,omitempty" maxItems:"500" doc:"Of book_refund: what the money was for. It is spread over the order unless told"`
		Shipping bool           `json:"shipping,omitempty" doc:"Of book_refund: it was for the shipping, too"`
	}
}

func (c *Checkout) fix(ctx context.Context, tx pgx.Tx, in *fixInput) (FixedView, error) {
	b := in.Body
	if b.Reason == "" && (b.Action == Dismiss || b.Action == BookRefund) {
		return FixedView{}, errs.Validation.Field("/reason", "required", "Say why.")
	}
	t, err := c.lockTrouble(ctx, tx, in.Exception)
	if err != nil {
		return FixedView{}, err
	}
	if t.State != "open" {
		if t.Action != string(b.Action) {
			return FixedView{}, ErrResolved.With("resolution", t.Resolution)
		}
		return FixedView{ExceptionView: ExceptionView{t.Exception, t.fixes()}, Did: b.Action}, nil
	}
	httpapi.Before(ctx, t.Exception)
	can := t.fixes()
	at := slices.IndexFunc(can, func(f Fix) bool { return f.Action == b.Action })
	if at < 0 {
		return FixedView{}, ErrNoFix.With("fixes", can)
	}
	if err := c.settle(ctx, tx, t, can[at], orders.Wanted{Units: b.Lines, Shipping: b.Shipping}, b.Reason); err != nil {
		return FixedView{}, err
	}
	e, err := payments.LockException(ctx, tx, in.Exception)
	if err != nil {
		return FixedView{}, err
	}
	t, err = c.troubleOf(ctx, tx, e)
	return FixedView{ExceptionView: ExceptionView{e, t.fixes()}, Did: b.Action}, err
}

// lookAfter looks again after the commit, for no transaction waits for a
// provider, and tells what has come of it.
func (c *Checkout) lookAfter(ctx context.Context, body []byte) []byte {
	var told FixedView
	if json.Unmarshal(body, &told) != nil || told.Did != LookAgain || told.State != "open" {
		return body
	}
	if _, err := c.Reexamine(ctx, told.ID); err != nil {
		slog.WarnContext(ctx, "an exception could not be looked at again", "exception", told.ID, "error", err)
		told.Problem = payments.ErrUnreachable.Message
		var no *errs.Error
		if errors.As(err, &no) {
			told.Problem = no.Message
		}
	}
	now, err := c.showException(ctx, &exceptionInput{told.ID})
	if err != nil {
		slog.WarnContext(ctx, "an exception could not be shown", "exception", told.ID, "error", err)
		return body
	}
	told.ExceptionView = now
	answer, err := json.Marshal(told)
	if err != nil {
		return body
	}
	return answer
}

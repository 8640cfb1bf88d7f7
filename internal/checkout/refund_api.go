package checkout

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/orders"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/settings"
)

// What refunds ask for, in minor units of the shop's currency.
var (
	StepUpSetting = settings.Value[int]{
		Key: "orders.refund_step_up", Help: "From which sum on staff must prove who they are before they refund it, with what they have refunded of the order before, in minor units of the shop's currency: 10000 is 100.00. 0: never.",
		Check: notNegative, Rule: "Give 0 or more.",
	}
	SecondSetting = settings.Value[int]{
		Key: "orders.refund_second_approver", Help: "From which sum on another member of staff must approve a refund, counted likewise, or that a dispute is given up, in minor units of the shop's currency. 0: never.",
		Check: notNegative, Rule: "Give 0 or more.",
	}
)

// CancelWindowSetting is how long buyers may cancel by themselves.
var CancelWindowSetting = settings.Value[int]{
	Key: "orders.cancel_hours", Help: "For how many hours after they ordered buyers may cancel what has not shipped by themselves. 0: until it ships.",
	Check: notNegative, Rule: "Give 0 or more.",
}

func notNegative(n int) bool { return n >= 0 }

// Settings lists what this module declares.
func Settings() []settings.Declared {
	return []settings.Declared{StepUpSetting, SecondSetting, CancelWindowSetting}
}

var (
	// ErrSamePerson says that who asked for a refund is nobody to approve it.
	ErrSamePerson = errs.New(errs.Conflict, "second_person_needed", "Somebody else than who asked for this refund has to decide on it.")
	// ErrSecond says that a cancellation gives back so much that somebody else has to
	// approve the refund before.
	ErrSecond = errs.New(errs.Conflict, "refund_needs_approval", "This gives back so much that somebody else has to approve it. Refund it first, then cancel; what was taken ahead of the goods once all that is due was taken.")
	// ErrWindow says that a buyer comes too late to cancel.
	ErrWindow = errs.New(errs.Conflict, "cancel_window_over", "This order cannot be cancelled here any more. Ask the shop.")
	// ErrRefundChanged says that what was asked for would come to another amount now.
	ErrRefundChanged = errs.New(errs.Conflict, "refund_changed", "The order has changed since this was asked for. Reject it, and ask again.")
)

func (c *Checkout) refundRoutes(r *httpapi.Router) {
	httpapi.Post(r, "/api/v1/admin/orders/{id}/refunds", c.refund, httpapi.Needs(orders.CanRefund), httpapi.RequireIdempotencyKey(), httpapi.ID("refund-order"),
		httpapi.Status(http.StatusCreated), httpapi.Crash(beforeRefund, afterRefund), httpapi.Summary("Give money back of an order"),
		httpapi.Describe("An `amount`, which is spread over all that was paid, or units of `lines` at their frozen share, and with `shipping` what is left of that. "+
			"The fee for the way to pay stays, unless `fee` is true: then what is left of it goes back with the lines, or the amount is spread over it, too. "+
			"`to` is `method`: to the gift cards and store credit that paid, as far as they did, and the rest the way that it came, for cash and bank transfers by hand; or `store_credit`. "+
			"409 `refund_exceeds_paid`, `quantity_exceeds_remaining` or `nothing_to_refund` where there is not so much, `gift_card_used` where gift cards are given back that have paid for something. "+
			"From the setting `orders.refund_step_up` on it asks for a fresh proof of identity; from `orders.refund_second_approver` on it answers 202 with a `refund_request`, which somebody else approves."))
	decide := []httpapi.Option{httpapi.Needs(orders.CanRefund), httpapi.StepUp(), httpapi.Status(http.StatusOK), httpapi.Crash(beforeRefund, afterRefund)}
	httpapi.Post(r, "/api/v1/admin/refund-requests/{request}/approve", c.approve, append(decide, httpapi.Summary("Approve a refund that somebody else has asked for"),
		httpapi.Describe("It is made at once, or with a `dispute_id` that dispute is given up. 409 `second_person_needed` for who asked where two are needed, `refund_changed` where it would come to another amount now, "+
			"and for a dispute that wants no answer any more what giving it up answers."))...)
	httpapi.Post(r, "/api/v1/admin/refund-requests/{request}/reject", c.reject, append(decide, httpapi.Summary("Reject a refund that was asked for"))...)
}

type refundInput struct {
	ID   string `path:"id" maxLength:"100"`
	Body refundBody
}

type refundBody struct {
	Amount   *money.Amount      `json:"amount,omitempty" doc:"Instead of lines and shipping"`
	Lines    []orders.Units     `json:"lines,omitempty" maxItems:"500"`
	Shipping bool               `json:"shipping,omitempty" doc:"What is left of the shipping of the parts of these lines, or of all parts"`
	Fee      bool               `json:"fee,omitempty" doc:"Likewise of the fee for the way to pay; an amount is spread over it, too"`
	To       orders.Destination `json:"to,omitempty" enum:"method,store_credit" default:"method"`
	Reason   string             `json:"reason" minLength:"1" maxLength:"500" doc:"The buyer sees it"`
}

func (b refundBody) of(order id.Order) Refunding {
	return Refunding{Order: order, Wanted: orders.Wanted{Amount: b.Amount, Units: b.Lines, Shipping: b.Shipping, Fee: b.Fee}, To: b.To, Reason: b.Reason}
}

// RefundAnswer is a refund that was made, or the request for one.
type RefundAnswer struct {
	*orders.Refund
	Request *orders.RefundRequest `json:"refund_request,omitempty" doc:"Nothing was given back yet: somebody else has to approve it"`
}

// HTTPStatus is 202 where it waits for somebody.
func (a RefundAnswer) HTTPStatus() int {
	if a.Request != nil {
		return http.StatusAccepted
	}
	return http.StatusCreated
}

func (c *Checkout) refund(ctx context.Context, tx pgx.Tx, in *refundInput) (RefundAnswer, error) {
	order, err := id.Parse[id.Order](in.ID)
	if err != nil {
		return RefundAnswer{}, orders.ErrNoOrder
	}
	b := in.Body
	things := len(b.Lines) > 0 || b.Shipping
	if b.Amount != nil && things || b.Amount == nil && !things && !b.Fee {
		return RefundAnswer{}, errs.Validation.Field("/amount", "ambiguous", "Say what is given back: an amount, or lines, shipping and fee.")
	}
	if b.Amount != nil {
		w, err := orders.Read(ctx, tx, order)
		if err != nil {
			return RefundAnswer{}, err
		}
		var bad errs.Fields
		bad.Require(b.Amount.Currency == w.Currency, "/amount/currency", "other_currency", "The order is in "+string(w.Currency)+".")
		bad.Require(b.Amount.Minor > 0, "/amount/amount", "out_of_range", "Give back one unit or more.")
		if err := bad.Err(); err != nil {
			return RefundAnswer{}, err
		}
	}
	_, _, planned, err := c.plan(ctx, tx, b.of(order))
	if err != nil {
		return RefundAnswer{}, err
	}
	sum, err := withBefore(ctx, tx, order, planned.Amount)
	if err != nil {
		return RefundAnswer{}, err
	}
	second, err := c.guard(ctx, tx, sum)
	if err != nil {
		return RefundAnswer{}, err
	}
	if second {
		return c.askForRefund(ctx, tx, planned, b)
	}
	made, err := c.Refund(ctx, tx, b.of(order))
	return RefundAnswer{Refund: &made}, err
}

// withBefore is an amount with what its giver has given back of the order before by
// themselves: limits are not for those who take several steps to be within them.
func withBefore(ctx context.Context, tx pgx.Tx, order id.Order, amount money.Amount) (money.Amount, error) {
	actor := auth.From(ctx)
	who := actor.Name()
	if person := cmp.Or(actor.Impersonator, actor.User); !person.IsZero() {
		who = person.String()
	}
	before, err := orders.RefundedBy(ctx, tx, order, who)
	return amount.Plus(money.Of(before, amount.Currency)), err
}

// guard refuses a refund that wants a proof of identity and has none, and says
// whether a second person has to approve it. Who asks for that must be a person.
func (c *Checkout) guard(ctx context.Context, tx pgx.Tx, amount money.Amount) (second bool, err error) {
	proof, err := c.reaches(ctx, tx, StepUpSetting, amount)
	if err != nil {
		return false, err
	}
	if second, err = c.reaches(ctx, tx, SecondSetting, amount); err != nil {
		return false, err
	}
	if proof || second {
		return second, httpapi.Proven(ctx)
	}
	return false, nil
}

// reaches reports that an amount is at a limit, or above. In a currency without a
// rate nobody can tell, so every amount is.
func (c *Checkout) reaches(ctx context.Context, tx pgx.Tx, limit settings.Value[int], amount money.Amount) (bool, error) {
	minor, err := limit.Get(ctx, c.Settings)
	if err != nil || minor == 0 {
		return false, err
	}
	least := money.Of(int64(minor), c.Carts.Currency)
	if amount.Currency != least.Currency {
		rule, err := c.Prices.CurrencyOf(ctx, tx, amount.Currency)
		if err != nil || rule.RatePPB == nil {
			return err == nil, err
		}
		least = rule.Derive(least)
	}
	return amount.Minor >= least.Minor, nil
}

func (c *Checkout) askForRefund(ctx context.Context, tx pgx.Tx, planned orders.Refund, b refundBody) (RefundAnswer, error) {
	body, err := json.Marshal(b)
	if err != nil {
		return RefundAnswer{}, fmt.Errorf("keep a request for a refund: %w", err)
	}
	asked, err := orders.AskRefund(ctx, tx, orders.RefundRequest{Order: planned.Order, Amount: planned.Amount, Body: body, AskedBy: auth.From(ctx).Name()})
	return RefundAnswer{Request: &asked}, err
}

type requestInput struct {
	Request id.RefundRequest `path:"request"`
}

// approve does what somebody else has asked for: it makes the refund, or gives the
// dispute up.
func (c *Checkout) approve(ctx context.Context, tx pgx.Tx, in *requestInput) (orders.RefundRequest, error) {
	asked, err := c.decidable(ctx, tx, in.Request)
	if err != nil {
		return asked, err
	}
	asked.State = "approved"
	if asked.Dispute.IsZero() {
		asked.Refund, err = c.refundAsked(ctx, tx, asked)
	} else {
		err = c.concedeAsked(ctx, tx, asked)
	}
	if err != nil {
		return asked, err
	}
	return orders.DecideRefund(ctx, tx, asked)
}

// refundAsked makes a refund that was asked for, if it still is what it was.
func (c *Checkout) refundAsked(ctx context.Context, tx pgx.Tx, asked orders.RefundRequest) (id.Refund, error) {
	var body refundBody
	if err := json.Unmarshal(asked.Body, &body); err != nil {
		return id.Refund{}, fmt.Errorf("read request %s for a refund: %w", asked.ID, err)
	}
	_, _, planned, err := c.plan(ctx, tx, body.of(asked.Order))
	if err != nil {
		return id.Refund{}, err
	}
	if planned.Amount != asked.Amount {
		return id.Refund{}, ErrRefundChanged.With("was", asked.Amount).With("is", planned.Amount)
	}
	made, err := c.Refund(ctx, tx, body.of(asked.Order))
	return made.ID, err
}

type rejectInput struct {
	Request id.RefundRequest `path:"request"`
	Body    struct {
		Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"Who asked sees it"`
	}
}

func (c *Checkout) reject(ctx context.Context, tx pgx.Tx, in *rejectInput) (orders.RefundRequest, error) {
	asked, err := c.decidable(ctx, tx, in.Request)
	if err != nil {
		return asked, err
	}
	asked.State, asked.Reason = "rejected", in.Body.Reason
	return orders.DecideRefund(ctx, tx, asked)
}

// decidable is a request that the caller may decide on, with its order locked. Who
// has asked may where no second person is needed.
func (c *Checkout) decidable(ctx context.Context, tx pgx.Tx, which id.RefundRequest) (orders.RefundRequest, error) {
	asked, err := orders.LockRefundRequest(ctx, tx, which)
	switch {
	case err != nil:
		return asked, err
	case asked.State != "waiting":
		return asked, orders.ErrRefundDecided.With("state", asked.State)
	case !strings.Contains(asked.AskedBy, auth.From(ctx).User.String()): // by themselves, or as somebody else
		return asked, nil
	}
	sum, err := withBefore(ctx, tx, asked.Order, asked.Amount)
	if err != nil {
		return asked, err
	}
	second, err := c.reaches(ctx, tx, SecondSetting, sum)
	if err == nil && second {
		err = ErrSamePerson
	}
	return asked, err
}

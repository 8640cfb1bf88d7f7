package checkout

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"slices"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/ledger"
	"souk/internal/money"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

var (
	errNotByHand = errs.New(errs.Conflict, "capture_not_by_hand", "Who takes the money of this payment says so. Bank transfers, and what a provider has promised, are captured by hand.")
	// ErrBeyondPromise says that more is to be taken than was promised and is owed.
	ErrBeyondPromise = errs.New(errs.Conflict, "capture_exceeds_authorized", "So much is not promised any more. Take what is due, or less.")
	// ErrNoPart says that a provider takes all that is due at once.
	ErrNoPart = errs.New(errs.Conflict, "partial_capture_unavailable", "This provider cannot take a part now and the rest later. Take all that is due.")
	// ErrUntaken says that what has left is not paid yet, and its provider takes all
	// that was promised or nothing.
	ErrUntaken = errs.New(errs.Conflict, "capture_refused", "The provider has not taken the money for what has shipped, and takes all of the order or nothing. Have it take that first, or take the parcel back.")
	// ErrLapsed says that nothing is promised any more for goods that are to leave.
	ErrLapsed = errs.New(errs.Conflict, "payment_lapsed", "The payment that was promised for this order has lapsed, so nobody pays for what would leave. Cancel what has not left.")
	// ErrCapturing says that a provider is taking money at this moment.
	ErrCapturing = errs.New(errs.Conflict, "capture_under_way", "The provider is taking money of this payment at this moment. Try again when it has.")
)

func (c *Checkout) captureRoutes(r *httpapi.Router) {
	httpapi.Post(r, "/api/v1/admin/payments/{id}/capture", c.captureByHand, httpapi.Needs(payments.CanWrite), httpapi.RequireIdempotencyKey(),
		httpapi.Status(http.StatusOK), httpapi.Summary("Take what was promised, or say that a bank transfer has come"),
		httpapi.Describe("A provider that has promised the money is told to take what is due, or an `amount` of it where it can take the rest later; `instructions` of the payment tell of it. "+
			"409 `capture_exceeds_authorized` above what is `due`, `partial_capture_unavailable` where the provider takes all or nothing, `capture_under_way` while it is taking something. "+
			"Of a bank transfer, the whole of it: 409 `payment_mismatch` with what is `due` for another amount. The order is confirmed; one that was cancelled meanwhile is owed back. Saying that it has come again changes nothing. "+
			"More than is due, or a second transfer, is told with its `amount` and `reference`: what the order does not wait for is a payment of its own that is `owed`, and staff are shown it until they have sent it back."))
}

type captureInput struct {
	ID   id.Payment `path:"id"`
	Body *struct {
		Amount    *money.Amount `json:"amount,omitempty" doc:"All that is due unless told"`
		Reference string        `json:"reference,omitempty" maxLength:"64" doc:"Of a bank transfer: that of the line on the bank's statement. A line counts once, and one of another reference has come besides"`
	}
}

func (in captureInput) amount() *money.Amount {
	if in.Body == nil {
		return nil
	}
	return in.Body.Amount
}

func (in captureInput) reference() string {
	if in.Body == nil {
		return ""
	}
	return in.Body.Reference
}

// captureByHand records money that staff have seen, or has a provider take what
// it has promised.
func (c *Checkout) captureByHand(ctx context.Context, tx pgx.Tx, in *captureInput) (payments.Payment, error) {
	payment, err := payments.Get(ctx, tx, in.ID)
	if err != nil {
		return payments.Payment{}, err
	}
	w, err := orders.Lock(ctx, tx, payment.Order)
	if err != nil {
		return payments.Payment{}, err
	}
	if payment, err = payments.Get(ctx, tx, in.ID); err != nil { // as it is under the lock
		return payments.Payment{}, err
	}
	if err := in.check(w.Currency); err != nil {
		return payments.Payment{}, err
	}
	if c.isOnline(payment) && !payment.Held().IsZero() {
		return payment, c.takeByHand(ctx, tx, w, payment, in.amount())
	}
	if payment.Provider != payments.BankTransfer {
		return payments.Payment{}, errNotByHand
	}
	if in.reference() != "" {
		return c.seeTransfer(ctx, tx, w, payment, *in.amount(), seenByStaff+" "+in.reference())
	}
	amount := w.Due().Minus(w.Credit())
	if w.Status == orders.StatusCancelled || !payment.Captured.IsZero() { // too late, or again
		amount = payment.Amount
	}
	if in.amount() != nil {
		amount = *in.amount()
	}
	return c.hasCome(ctx, tx, in.ID, amount, seenByStaff)
}

// seenByStaff is the cause of money that people have seen.
const seenByStaff = "seen by staff"

func (c *Checkout) hasCome(ctx context.Context, tx pgx.Tx, payment id.Payment, amount money.Amount, cause string) (payments.Payment, error) {
	if _, err := c.Settle(ctx, tx, payments.Fact{Payment: payment, Kind: payments.Capture, Amount: amount, Cause: cause}); err != nil {
		return payments.Payment{}, err
	}
	return payments.Get(ctx, tx, payment)
}

// seeTransfer records a line of the bank's statement, once. What its order waits
// for pays it; what is beyond that is a payment of its own, which is owed back. The
// order is locked.
func (c *Checkout) seeTransfer(ctx context.Context, tx pgx.Tx, w orders.Whole, payment payments.Payment, came money.Amount, cause string) (payments.Payment, error) {
	seen, err := payments.CapturedBy(ctx, tx, w.ID, w.Currency, cause)
	switch {
	case err != nil:
		return payments.Payment{}, err
	case seen == came: // it was told before
		return payment, nil
	case !seen.IsZero():
		return payments.Payment{}, payments.ErrMismatch.With("seen", seen)
	}
	beyond := came
	if !tooMuch(w, payment) && payment.Captured.IsZero() {
		due := w.Due().Minus(w.Credit())
		if payment, err = c.hasCome(ctx, tx, payment.ID, money.Of(min(came.Minor, due.Minor), due.Currency), cause); err != nil {
			return payments.Payment{}, err
		}
		beyond = came.Minus(due)
	}
	if beyond.IsZero() {
		return payment, nil
	}
	extra := payments.Opening{ID: id.New[id.Payment](), Order: w.ID, Provider: payment.Provider, Amount: beyond}
	b := postgres.NewBatch()
	payments.QueueOpen(ctx, b, extra)
	if err := b.Send(ctx, tx); err != nil {
		return payments.Payment{}, err
	}
	return c.hasCome(ctx, tx, extra.ID, beyond, cause)
}

// aReference is what banks call a line of a statement by. It names nobody: the facts
// of payments are kept for ever.
var aReference = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9./_-]*$`)

func (in captureInput) check(of money.Currency) error {
	var bad errs.Fields
	if a := in.amount(); a != nil {
		bad.Require(a.Currency == of, "/amount/currency", "other_currency", "The order is in "+string(of)+".")
		bad.Require(a.Minor > 0, "/amount/amount", "out_of_range", "Take one unit or more.")
	}
	if ref := in.reference(); ref != "" {
		bad.Require(aReference.MatchString(ref), "/reference", "invalid", "Letters, digits and ./_- without spaces.")
		bad.Require(in.amount() != nil, "/amount", "required", "Say how much has come.")
	}
	return bad.Err()
}

// takeByHand has a provider take an amount of what it has promised, or all that is
// due.
func (c *Checkout) takeByHand(ctx context.Context, tx pgx.Tx, w orders.Whole, p payments.Payment, amount *money.Amount) error {
	if tooMuch(w, p) {
		return payments.ErrBeyond
	}
	due := w.Unpaid()
	taken := due
	if amount != nil {
		taken = *amount
	}
	under, err := c.isCapturing(ctx, tx, p.ID)
	switch {
	case err != nil:
		return err
	case due.Minor <= 0, taken.Minor > due.Minor:
		return ErrBeyondPromise.With("due", due)
	case taken != due && c.captures(p) != payments.CapturesSeveral:
		return ErrNoPart.With("due", due)
	case under:
		return ErrCapturing
	}
	return c.take(ctx, tx, w, p, taken)
}

// captures says in how many parts the provider of a payment takes what it has
// promised. Whoever has no books of their own takes it when it comes.
func (c *Checkout) captures(p payments.Payment) payments.Captures {
	provider, err := c.Payments.Online(p.Provider)
	if err != nil {
		return payments.CapturesWhole
	}
	return provider.Captures()
}

// isCapturing reports that a provider is to take money of a payment, and nobody
// knows yet whether it has.
func (c *Checkout) isCapturing(ctx context.Context, tx pgx.Tx, payment id.Payment) (bool, error) {
	told, err := payments.InstructionsOf(ctx, tx, payment)
	return slices.ContainsFunc(told, func(i payments.Instruction) bool {
		return i.Kind == payments.Capture && i.State == payments.InstructionPending
	}), err
}

// takePromised has a provider take the money of what leaves: of the parts that
// have begun to ship where it can take the rest later, of all of the order with its
// first parcel where it cannot. Nothing leaves that nobody has promised to pay.
func (c *Checkout) takePromised(ctx context.Context, tx pgx.Tx, w orders.Whole) error {
	if w.Unpaid().Minor <= 0 {
		return nil
	}
	p, err := payments.LiveOf(ctx, tx, w.ID)
	switch {
	case errors.Is(err, payments.ErrNoPayment):
		return ErrLapsed
	case err != nil, !c.isOnline(p):
		return err
	case p.Held().IsZero():
		return ErrLapsed
	}
	return c.take(ctx, tx, w, p, c.earned(w, p))
}

// earned is what is to be taken by now of what was promised for an order, where
// that is done as goods leave.
func (c *Checkout) earned(w orders.Whole, p payments.Payment) money.Amount {
	earned := w.Earned()
	if c.captures(p) != payments.CapturesSeveral && earned.Minor > 0 {
		return w.Unpaid()
	}
	return earned
}

// take has a provider take money, the last of it with the word that it is. What it
// is taking already it takes first; what is due then follows when that is known.
func (c *Checkout) take(ctx context.Context, tx pgx.Tx, w orders.Whole, p payments.Payment, amount money.Amount) error {
	if amount.Minor <= 0 {
		return nil
	}
	return payments.Instruct(ctx, tx, payments.Instruction{
		Payment: p.ID, Kind: payments.Capture, Amount: amount, Part: amount.Minor < w.Unpaid().Minor, Reason: "order " + w.Number,
	})
}

// letGo gives up what was promised for what was withdrawn of an order: at once
// where nothing more is to be taken, with the last capture where something is, for
// providers give up all that is left or nothing.
func (c *Checkout) letGo(ctx context.Context, tx pgx.Tx, p payments.Payment, was orders.Whole, is *orders.Whole) error {
	under, err := c.isCapturing(ctx, tx, p.ID)
	if err != nil {
		return err
	}
	left := money.Of(max(is.Unpaid().Minor, 0), is.Currency)
	given := p.Held().Minus(left)
	switch {
	case under && (!left.IsZero() || !p.Captured.IsZero()):
		return ErrCapturing
	case !left.IsZero() && c.captures(p) == payments.CapturesWhole:
		return ErrUntaken
	case given.Minor <= 0: // so much is not promised any more
	case left.IsZero():
		err = payments.Instruct(ctx, tx, payments.Instruction{Payment: p.ID, Kind: payments.Void, Amount: given, Reason: orders.ReasonCancelled(was.Number)})
	default:
		_, _, err = payments.Record(ctx, tx, payments.Fact{Payment: p.ID, Kind: payments.Void, Amount: given, Cause: cancelCause(was)})
	}
	if err != nil {
		return err
	}
	return c.useAhead(ctx, tx, p, is)
}

// useAhead pays with what was taken ahead the parts that cost no more than that by
// now, and gives back what is left when nothing is left to pay.
func (c *Checkout) useAhead(ctx context.Context, tx pgx.Tx, p payments.Payment, is *orders.Whole) error {
	if is.Ahead.IsZero() {
		return nil
	}
	if err := c.returnAhead(ctx, tx, p, is); err != nil {
		return err
	}
	ahead := is.Ahead
	paid := slices.DeleteFunc(is.Pay(money.Zero(is.Currency)), is.CostsNothing)
	if len(paid) == 0 {
		return nil
	}
	entries := brought(*is, paid, ahead.Minus(is.Ahead), money.Zero(is.Currency))
	return ledger.Post(ctx, tx, ledger.Posting{RefType: "vendor_order", RefID: paid[0].ID, Memo: "order " + is.Number, Entries: entries})
}

// returnAhead gives back what was taken ahead and is more than is left to pay.
func (c *Checkout) returnAhead(ctx context.Context, tx pgx.Tx, p payments.Payment, is *orders.Whole) error {
	back := is.Overpaid()
	if back.IsZero() {
		return nil
	}
	is.Ahead = is.Ahead.Minus(back)
	err := ledger.Post(ctx, tx, ledger.Posting{
		RefType: "payment", RefID: p.ID, Memo: "order " + is.Number + ", taken ahead and not owed any more",
		Entries: []ledger.Entry{ledger.Debit(ledger.AccountKey{Kind: ledger.CustomerDeposits}, back), ledger.Credit(ledger.AccountKey{Kind: ledger.BuyerPayable}, back)},
	})
	if err != nil {
		return err
	}
	return c.instructRefund(ctx, tx, p, back, payments.Instruction{Ahead: true, Reason: orders.ReasonCancelled(is.Number)})
}

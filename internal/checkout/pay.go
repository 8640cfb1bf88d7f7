package checkout

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/memberships"
	"souk/internal/money"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/platform/postgres"
	"souk/internal/promotions"
)

// attempts is how many payments an order can have: whoever needs more is trying
// out cards.
const attempts = 5

var (
	// ErrNotPayable says that nothing is to be paid of an order any more.
	ErrNotPayable = errs.New(errs.Conflict, "order_not_payable", "This order does not wait for a payment.")
	// ErrReturnURL says that buyers are sent back to the shop's own pages only.
	ErrReturnURL = errs.New(errs.Invalid, "invalid_return_url", "Buyers come back to pages of this shop only.").
			Field("/return_url", "not_allowed", "Its origin must be the shop's own, or one of cors-origins.")
)

// Pay asks the provider for the money of an order that was placed, and records
// what it answers. No transaction is open while it does, so it may take its
// time, and it can be repeated: the provider knows the payment by its key. An
// error of the network is an unknown outcome; the order keeps waiting.
func (c *Checkout) Pay(ctx context.Context, order id.Order) (Payment, error) {
	payment, err := payments.LiveOf(ctx, c.DB, order)
	if err != nil {
		return Payment{}, err
	}
	provider, err := c.Payments.Provider(payment.Provider)
	if err != nil {
		return Payment{}, err
	}
	answer := Payment{ID: payment.ID, Method: payment.Provider, Status: payment.Status}
	if provider.Settled() || payment.Status != payments.Pending && payment.Status != payments.Processing {
		return answer, nil
	}
	w, err := orders.Read(ctx, c.DB, order)
	if err != nil {
		return Payment{}, err
	}
	start, err := c.start(ctx, w, payment)
	if err != nil {
		return Payment{}, err
	}
	beforeStart.Here()
	started, err := provider.Start(ctx, start)
	if no := errs.Refusal(err); no != nil && start.With != "" { // a card that was kept is declined
		err = c.declined(ctx, payment, no)
		if err == nil {
			return answer, no
		}
	}
	if err != nil {
		return Payment{}, fmt.Errorf("start payment %s: %w", payment.ID, err)
	}
	afterStart.Here()
	err = postgres.InTx(ctx, c.DB, func(tx pgx.Tx) error {
		if err := payments.Started(ctx, tx, payment.ID, started.Ref); err != nil {
			return err
		}
		if started.Fact == nil {
			return nil
		}
		_, err := c.Settle(ctx, tx, *started.Fact)
		return err
	})
	if err != nil {
		return Payment{}, err
	}
	afterPayCommit.Here()
	if payment, err = payments.Get(ctx, c.DB, payment.ID); err != nil {
		return Payment{}, err
	}
	answer.Status, answer.Next = payment.Status, started.Next
	return answer, nil
}

// declined ends a payment while the buyer is away. Who is a member is told that the
// next period waits for them, is reminded of it, and pays by another.
func (c *Checkout) declined(ctx context.Context, p payments.Payment, why *errs.Error) error {
	return postgres.InTx(ctx, c.DB, func(tx pgx.Tx) error {
		cause := fmt.Sprint("declined: ", why.Extra["reason"])
		_, err := c.Settle(ctx, tx, payments.Fact{Payment: p.ID, Kind: payments.Fail, Amount: money.Zero(p.Amount.Currency), Cause: cause})
		if err != nil {
			return err
		}
		if err := payments.Watch(ctx, tx, p.ID, false); err != nil {
			return err
		}
		return memberships.Declined(ctx, tx, p.Order)
	})
}

// start is what the provider of a payment is told to begin.
func (c *Checkout) start(ctx context.Context, w orders.Whole, p payments.Payment) (payments.Start, error) {
	s := payments.Start{
		Payment: p.ID, Number: w.Number, Email: w.Email, Phone: w.Phone, Amount: p.Amount, Capture: payments.CaptureAutomatic,
		ReturnURL: c.Payments.ReturnURL(p.ID), Key: p.ID.String(),
	}
	if w.ExpiresAt != nil {
		s.ExpiresAt = *w.ExpiresAt
	}
	if p.Away {
		kept, err := payments.KeptBy(ctx, c.DB, w.User, p.Provider)
		if err != nil && !errors.Is(err, payments.ErrNoSaved) {
			return s, err
		}
		s.With = kept.Ref // "": it waits for the buyer, as any other
	}
	s.Save = p.Keeps && !w.User.IsZero() && s.With == ""
	if c.isOnline(p) {
		account, err := c.Payments.Accounts.Open(ctx, p.Provider)
		if err != nil {
			return s, err
		}
		s.Capture = account.Capture
	}
	return s, nil
}

// payAgain lets an order that still waits be paid by another payment, or by the
// same one once more: the window was closed, the card was declined. The payment
// before it is closed.
func (c *Checkout) payAgain(ctx context.Context, tx pgx.Tx, order id.Order, method, returnURL string) error {
	was, err := orders.Lock(ctx, tx, order)
	if err != nil {
		return err
	}
	if was.Status != orders.StatusPending || was.PaymentStatus != orders.PaymentPending {
		return ErrNotPayable.With("status", was.Status).With("payment_status", was.PaymentStatus)
	}
	if err := c.checkReturn(returnURL); err != nil {
		return err
	}
	list, err := payments.OfOrder(ctx, tx, order)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, payments.Payment.IsCredit)
	last := list[len(list)-1]
	live := last.Status == payments.Pending || last.Status == payments.Processing
	switch {
	case method == "":
		method = last.Provider
		fallthrough
	case method == last.Provider:
		if live && !last.Away && (returnURL == "" || returnURL == last.ReturnURL) {
			return nil
		}
	}
	if len(list) >= attempts {
		return payments.ErrAttempts
	}
	if live {
		if err := c.closePayment(ctx, tx, last, "another payment"); err != nil {
			return err
		}
	}
	return c.openAgain(ctx, tx, was, last.Amount, last.Keeps, method, returnURL)
}

// openAgain opens another payment of an order that waits.
func (c *Checkout) openAgain(ctx context.Context, tx pgx.Tx, w orders.Whole, due money.Amount, keeps bool, method, returnURL string) error {
	provider, err := c.Payments.Provider(method)
	if err != nil {
		return err
	}
	digital := slices.ContainsFunc(w.Lines, func(l orders.Line) bool { return l.Digital || l.GiftCard || !l.RequiresShipping })
	if err := provider.Offered(ctx, payments.Offer{Total: due, Country: w.Shipping.Country, PostalCode: w.Shipping.PostalCode, Digital: digital}); err != nil {
		return err
	}
	fee, err := provider.Fee(ctx, w.Currency)
	if err != nil {
		return err
	}
	if !fee.IsZero() { // the total was agreed to without it
		return payments.ErrMethod.Field("/payment_method", "unavailable", "This way to pay costs a fee that is not part of this order. Choose another way, or order anew.")
	}
	otherwise, err := promotions.GivenForOthers(ctx, tx, w.ID, method)
	if err != nil {
		return err
	}
	if otherwise {
		return payments.ErrMethod.Field("/payment_method", "unavailable", "A discount on this order is given for another way to pay. Choose that, or order anew.")
	}
	waits, err := provider.Waits(ctx)
	if err != nil {
		return err
	}
	if waits > 0 { // the stock is not held for so long
		return payments.ErrMethod.Field("/payment_method", "unavailable", "This order waits for a payment at once. Choose another way.")
	}
	_, online := provider.(payments.Online)
	opening := payments.Opening{ID: id.New[id.Payment](), Order: w.ID, Provider: method, Amount: due, ReturnURL: returnURL, Watched: online, Keeps: keeps}
	b := postgres.NewBatch()
	payments.QueueOpen(ctx, b, opening)
	if err := b.Send(ctx, tx); err != nil {
		return fmt.Errorf("open payment of order %s: %w", w.ID, err)
	}
	if !provider.Settled() {
		return nil
	}
	_, err = c.Settle(ctx, tx, payments.Fact{Payment: opening.ID, Kind: payments.Authorize, Amount: due, Cause: payments.Placed})
	return err
}

// checkReturn refuses to send buyers to pages that are not the shop's.
func (c *Checkout) checkReturn(address string) error {
	if address == "" {
		return nil
	}
	u, err := url.Parse(address)
	if err != nil || u.User != nil || u.Opaque != "" || !slices.Contains(c.Origins, u.Scheme+"://"+u.Host) {
		return ErrReturnURL
	}
	return nil
}

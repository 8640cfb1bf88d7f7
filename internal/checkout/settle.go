package checkout

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/ledger"
	"souk/internal/money"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

// Settle applies a fact about a payment to its order. Webhook, return path,
// poller and staff all come here. It moves forward only, in whatever order the
// facts arrive, and a fact that is told twice counts once.
func (c *Checkout) Settle(ctx context.Context, tx pgx.Tx, fact payments.Fact) (orders.Whole, error) {
	payment, err := payments.Get(ctx, tx, fact.Payment)
	if err != nil {
		return orders.Whole{}, err
	}
	was, err := orders.Lock(ctx, tx, payment.Order)
	if err != nil {
		return orders.Whole{}, err
	}
	if payment, err = payments.Get(ctx, tx, fact.Payment); err != nil { // as it is under the lock
		return orders.Whole{}, err
	}
	return c.settleLocked(ctx, tx, was, payment, fact)
}

// settleLocked applies a fact to an order that is locked.
func (c *Checkout) settleLocked(ctx context.Context, tx pgx.Tx, was orders.Whole, payment payments.Payment, fact payments.Fact) (orders.Whole, error) {
	event, fresh, err := c.recordFact(ctx, tx, was, payment, fact)
	if err != nil || !fresh {
		return was, err
	}
	is, err := c.apply(ctx, tx, was, payment, event)
	if err != nil {
		return orders.Whole{}, fmt.Errorf("settle order %s: %w", was.ID, err)
	}
	inSettle.Here()
	return is, nil
}

// recordFact writes a fact down unless it says nothing new. A capture of all that
// is due implies that it was authorised, whether or not that has been told yet.
// One that is not of what is due is not believed, unless it is a part of a promise
// that can be taken so: nothing changes, and a person must look. Who gives up more
// than is held gives up what was given up here before.
func (c *Checkout) recordFact(ctx context.Context, tx pgx.Tx, was orders.Whole, payment payments.Payment, fact payments.Fact) (payments.Event, bool, error) {
	due := was.Due().Minus(was.Credit())
	if tooMuch(was, payment) {
		due = payment.Amount
	}
	switch {
	case payment.IsCredit(), fact.Amount.Currency != was.Currency:
		return payments.Event{}, false, payments.ErrMismatch.With("due", due)
	case fact.Kind == payments.Authorize && payment.Authorized == payment.Amount:
		return payments.Event{}, false, nil
	case fact.Kind == payments.Void && !payment.Authorized.IsZero() && fact.Amount.Minor > payment.Held().Minor:
		if fact.Amount = payment.Held(); fact.Amount.IsZero() {
			return payments.Event{}, false, nil
		}
	case fact.Kind == payments.Authorize && fact.Amount != payment.Amount,
		fact.Kind == payments.Capture && payment.Captured.IsZero() && fact.Amount != due && !c.isPart(payment, fact):
		return payments.Event{}, false, payments.ErrMismatch.With("due", due)
	case fact.Kind == payments.Capture && payment.Authorized.IsZero():
		implied := payments.Fact{Payment: payment.ID, Kind: payments.Authorize, Amount: payment.Amount, Cause: fact.Cause}
		if _, _, err := payments.Record(ctx, tx, implied); err != nil {
			return payments.Event{}, false, err
		}
	}
	return payments.Record(ctx, tx, fact)
}

// isPart reports that a capture takes a part of what was promised, as its provider
// can.
func (c *Checkout) isPart(p payments.Payment, capture payments.Fact) bool {
	return 0 < capture.Amount.Minor && capture.Amount.Minor <= p.Held().Minor && c.captures(p) == payments.CapturesSeveral
}

// tooMuch reports that an order does not wait for what a payment brings: it is
// dead, or another payment has promised or paid it.
func tooMuch(w orders.Whole, p payments.Payment) bool {
	return w.Void() || p.Owed || p.Authorized.IsZero() && w.PaymentStatus != orders.PaymentPending
}

// apply is what a fresh fact means for its order. Failures mean nothing yet: the
// buyer may try again until the hold runs out. Who has all the money back may no
// longer have digital goods.
func (c *Checkout) apply(ctx context.Context, tx pgx.Tx, was orders.Whole, payment payments.Payment, event payments.Event) (orders.Whole, error) {
	is := was.Clone()
	switch event.Kind {
	case payments.Authorize, payments.Capture:
	case payments.Refund, payments.Chargeback:
		if err := c.movedBack(ctx, tx, was, payment, event); err != nil || payment.Owed {
			return is, err
		}
		return is, c.takeBack(ctx, tx, was)
	case payments.ChargebackReversed:
		if err := c.movedBack(ctx, tx, was, payment, event); err != nil || payment.Owed {
			return is, err
		}
		return is, c.giveAgain(ctx, tx, was)
	case payments.RefundFailed, payments.Fee:
		return is, c.movedBack(ctx, tx, was, payment, event)
	case payments.Void:
		return is, c.letGoThere(ctx, tx, was, payment, event)
	case payments.Fail, payments.Payout, payments.Contest, payments.Concede:
		return is, nil
	}
	if tooMuch(was, payment) {
		return c.tooLate(ctx, tx, was, payment, event)
	}
	if is.PaymentStatus == orders.PaymentPending {
		is.PaymentStatus = orders.PaymentAuthorized
	}
	if event.Kind == payments.Capture {
		if err := c.pay(ctx, tx, &is, payment, event); err != nil {
			return is, err
		}
	}
	var step func(orders.Change) events.Step
	if was.Status == orders.StatusPending {
		if err := is.Confirm(); err != nil {
			return is, err
		}
		step = func(ch orders.Change) events.Step { return orders.Confirmed{Change: ch, PaymentID: payment.ID} }
	} else {
		step = func(ch orders.Change) events.Step {
			return orders.Paid{Change: ch, PaymentID: payment.ID, Amount: event.Amount}
		}
	}
	if err := is.Follow(); err != nil {
		return is, err
	}
	b := postgres.NewBatch()
	orders.QueueSave(ctx, b, was, &is, step)
	queueHandOver(ctx, b, is)
	if err := b.Send(ctx, tx); err != nil {
		return is, err
	}
	if was.Status != orders.StatusPending {
		return is, nil
	}
	if err := c.closeOthers(ctx, tx, was.ID, payment.ID); err != nil {
		return is, err
	}
	return is, c.Stock.Confirm(ctx, tx, was.ID)
}

// letGoThere shows staff that a provider has given up what a live order is still to
// be paid with: promises do not last for ever. Who voids here has cancelled first,
// and an order that nobody has promised to pay yet may be paid again.
func (c *Checkout) letGoThere(ctx context.Context, tx pgx.Tx, w orders.Whole, payment payments.Payment, event payments.Event) error {
	missing := w.Unpaid().Minus(payment.Held()).Plus(event.Amount)
	if w.Status == orders.StatusPending || tooMuch(w, payment) || missing.Minor <= 0 {
		return nil
	}
	return payments.Except(ctx, tx, payments.Exception{
		Provider: payment.Provider, Kind: payments.ExceptionLapsed, Payment: payment.ID, Order: w.ID, Subject: event.Cause,
		Detail: map[string]any{"amount": missing},
	})
}

// pay takes a capture for the parts that it is enough for, and posts it. What is
// left when all is paid goes back.
func (c *Checkout) pay(ctx context.Context, tx pgx.Tx, is *orders.Whole, payment payments.Payment, event payments.Event) error {
	ahead := is.Ahead
	paid := is.Pay(event.Amount)
	if err := post(ctx, tx, *is, payment.Provider, event, paid, ahead.Minus(is.Ahead)); err != nil {
		return err
	}
	return c.returnAhead(ctx, tx, payment, is)
}

// tooLate keeps the books of money that an order does not wait for: it is owed
// back, and who took it is told so.
func (c *Checkout) tooLate(ctx context.Context, tx pgx.Tx, was orders.Whole, payment payments.Payment, event payments.Event) (orders.Whole, error) {
	is := was.Clone()
	if err := payments.Owe(ctx, tx, payment.ID); err != nil {
		return is, err
	}
	back := payments.Instruction{Payment: payment.ID, Kind: payments.Void, Amount: event.Amount, Reason: "order " + was.Number + " does not wait for it"}
	if event.Kind == payments.Capture && !event.Amount.IsZero() {
		err := ledger.Post(ctx, tx, ledger.Posting{
			RefType: "payment_event", RefID: event.ID, Memo: "order " + was.Number + ", paid too late or twice",
			Entries: []ledger.Entry{
				ledger.Debit(ledger.AccountKey{Kind: ledger.Clearing, Party: payment.Provider}, event.Amount),
				ledger.Credit(ledger.AccountKey{Kind: ledger.BuyerPayable}, event.Amount),
			},
		})
		if err != nil {
			return is, err
		}
		back.Kind, back.Taken = payments.Refund, event.Cause
	}
	if err := c.sendBack(ctx, tx, payment, back); err != nil {
		return is, err
	}
	b := postgres.NewBatch()
	orders.QueueSave(ctx, b, was, &is, func(ch orders.Change) events.Step {
		return orders.PaidLate{Change: ch, PaymentID: payment.ID, Amount: event.Amount}
	})
	return is, b.Send(ctx, tx)
}

// sendBack has who took money that an order does not wait for give it back: a
// provider is told to, and staff are shown what they are to send back.
func (c *Checkout) sendBack(ctx context.Context, tx pgx.Tx, payment payments.Payment, back payments.Instruction) error {
	if c.isOnline(payment) {
		return payments.Instruct(ctx, tx, back)
	}
	provider, err := c.Payments.Provider(payment.Provider)
	if err != nil || !provider.ByHand() || back.Kind != payments.Refund {
		return err
	}
	return payments.SendBack(ctx, tx, payment, back)
}

// isOnline reports that the provider of a payment has books of its own and can
// be told things.
func (c *Checkout) isOnline(p payments.Payment) bool {
	_, err := c.Payments.Online(p.Provider)
	return err == nil
}

// closeOthers gives up the other payments of an order that one has paid: nobody
// is to pay twice. What was paid on them all the same is owed back.
func (c *Checkout) closeOthers(ctx context.Context, tx pgx.Tx, order id.Order, but id.Payment) error {
	list, err := payments.OfOrder(ctx, tx, order)
	if err != nil {
		return err
	}
	for _, p := range list {
		if p.ID == but || p.IsCredit() || !p.Authorized.IsZero() || p.Status == payments.Voided {
			continue
		}
		if err := c.closePayment(ctx, tx, p, "paid otherwise"); err != nil {
			return err
		}
	}
	return nil
}

// closePayment gives up a payment that nobody has promised anything on, here and
// at the provider.
func (c *Checkout) closePayment(ctx context.Context, tx pgx.Tx, p payments.Payment, cause string) error {
	nothing := money.Zero(p.Amount.Currency)
	if _, _, err := payments.Record(ctx, tx, payments.Fact{Payment: p.ID, Kind: payments.Void, Amount: nothing, Cause: cause}); err != nil {
		return err
	}
	return c.closeAtProvider(ctx, tx, p, cause)
}

// closeAtProvider has the provider let nobody pay any more.
func (c *Checkout) closeAtProvider(ctx context.Context, tx pgx.Tx, p payments.Payment, why string) error {
	if p.ProviderRef == "" || !c.isOnline(p) {
		return nil
	}
	return payments.Instruct(ctx, tx, payments.Instruction{Payment: p.ID, Kind: payments.Void, Amount: money.Zero(p.Amount.Currency), Reason: why})
}

// movedBack books what moves at a provider after a capture: refunds, which are
// owed to buyers until then, its fees, and the money of disputes.
func (c *Checkout) movedBack(ctx context.Context, tx pgx.Tx, w orders.Whole, payment payments.Payment, event payments.Event) error {
	clearing := ledger.AccountKey{Kind: ledger.Clearing, Party: payment.Provider}
	against := map[payments.Kind]ledger.Kind{
		payments.Refund: ledger.BuyerPayable, payments.RefundFailed: ledger.BuyerPayable, payments.Fee: ledger.ProviderFees,
		payments.Chargeback: ledger.Disputes, payments.ChargebackReversed: ledger.Disputes,
	}[event.Kind]
	from, to := clearing, ledger.AccountKey{Kind: against}
	if event.Kind == payments.RefundFailed || event.Kind == payments.ChargebackReversed {
		from, to = to, from
	}
	if event.Amount.IsZero() {
		return nil
	}
	err := ledger.Post(ctx, tx, ledger.Posting{
		RefType: "payment_event", RefID: event.ID, Memo: "order " + w.Number + ", " + string(event.Kind),
		Entries: []ledger.Entry{ledger.Debit(to, event.Amount), ledger.Credit(from, event.Amount)},
	})
	if err != nil || event.Kind != payments.RefundFailed {
		return err
	}
	return payments.Except(ctx, tx, payments.Exception{
		Provider: payment.Provider, Kind: payments.ExceptionReturned, Payment: payment.ID, Order: w.ID, Subject: event.Cause,
		Detail: map[string]any{"amount": event.Amount},
	})
}

// post writes a capture into the books, and what it brings with what was taken
// ahead of it and is spent now, or kept where that is below zero. See package
// ledger for the table.
func post(ctx context.Context, tx pgx.Tx, w orders.Whole, provider string, event payments.Event, parts []orders.VendorOrder, spent money.Amount) error {
	if event.Amount.IsZero() { // of an order that costs nothing
		return nil
	}
	entries := append(brought(w, parts, spent, event.Amount), ledger.Debit(ledger.AccountKey{Kind: ledger.Clearing, Party: provider}, event.Amount))
	return ledger.Post(ctx, tx, ledger.Posting{RefType: "payment_event", RefID: event.ID, Memo: "order " + w.Number, Entries: entries})
}

// brought is what parts bring each vendor, the marketplace and the state, when
// they are paid by an amount, by what was taken ahead, and by what gift cards and
// store credit have paid of them.
func brought(w orders.Whole, parts []orders.VendorOrder, spent, amount money.Amount) []ledger.Entry {
	entries, costs := shares(w, parts)
	spent = spent.Plus(paidAhead(w, parts))
	rounding := amount.Plus(spent).Minus(costs) // the marketplace's own
	return append(entries,
		ledger.Debit(ledger.AccountKey{Kind: ledger.CustomerDeposits}, spent),
		ledger.Credit(ledger.AccountKey{Kind: ledger.CommissionRevenue}, rounding))
}

// paidAhead is what gift cards and store credit have paid of parts.
func paidAhead(w orders.Whole, parts []orders.VendorOrder) money.Amount {
	sum := money.Zero(w.Currency)
	for _, p := range parts {
		sum = sum.Plus(w.Credited(p))
	}
	return sum
}

// postEarned writes a part into the books for which nothing is left to pay:
// gift cards and store credit have paid it, or the platform does.
func postEarned(ctx context.Context, tx pgx.Tx, w orders.Whole, part orders.VendorOrder) error {
	if w.CostsNothing(part) {
		return nil
	}
	none := money.Zero(w.Currency)
	entries := brought(w, []orders.VendorOrder{part}, none, none)
	return ledger.Post(ctx, tx, ledger.Posting{RefType: "vendor_order", RefID: part.ID, Memo: "order " + w.Number, Entries: entries})
}

// shares is what parts bring to whom, and what the platform adds; brought is
// what buyers pay for them.
func shares(w orders.Whole, parts []orders.VendorOrder) (entries []ledger.Entry, brought money.Amount) {
	none := money.Zero(w.Currency)
	commission, fee, tax, given, brought := none, none, none, none, none
	for _, p := range parts {
		e := w.Earnings(p)
		entries = append(entries, sold(w, p, e.Vendor)...)
		commission, fee, tax = commission.Plus(e.Commission), fee.Plus(e.Fee), tax.Plus(e.Tax)
		given, brought = given.Plus(e.Platform), brought.Plus(e.Total)
	}
	return append(entries,
		ledger.Credit(ledger.AccountKey{Kind: ledger.CommissionRevenue}, commission),
		ledger.Credit(ledger.AccountKey{Kind: ledger.FeeRevenue}, fee),
		ledger.Credit(ledger.AccountKey{Kind: ledger.TaxPayable}, tax),
		ledger.Debit(ledger.AccountKey{Kind: ledger.PromotionExpense}, given)), brought
}

// sold credits what a part brings its seller. What the marketplace sells itself
// is its revenue, but for gift cards: those it owes to whoever comes with them.
func sold(w orders.Whole, p orders.VendorOrder, brought money.Amount) []ledger.Entry {
	if !p.House {
		return []ledger.Entry{ledger.Credit(ledger.AccountKey{Kind: ledger.VendorPayable, Vendor: p.Seller.ID}, brought)}
	}
	cards := money.Zero(w.Currency)
	for _, l := range w.Lines {
		if l.Part == p.ID && l.GiftCard {
			cards = cards.Plus(l.Total).Minus(l.WithdrawnTotal)
		}
	}
	return []ledger.Entry{
		ledger.Credit(ledger.AccountKey{Kind: ledger.GiftCardLiability}, cards),
		ledger.Credit(ledger.AccountKey{Kind: ledger.SalesRevenue}, brought.Minus(cards)),
	}
}

package checkout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/platform/postgres"
)

// Sync asks the provider of a payment what it knows, and applies what is news.
// Notices, the way back of buyers, the poller and staff all come here: what is
// believed is what the provider says when it is asked, by the name that we know
// the payment under, and never what somebody brings.
func (c *Checkout) Sync(ctx context.Context, which id.Payment) error {
	ctx = asSystem(ctx, "payments")
	payment, err := payments.Get(ctx, c.DB, which)
	if err != nil {
		return err
	}
	provider, err := c.Payments.Online(payment.Provider)
	if err != nil {
		return err
	}
	if payment.ProviderRef == "" { // nobody has heard whether it was begun
		return c.beginAgain(ctx, payment)
	}
	known, err := payments.KnownOf(ctx, c.DB, payment)
	if err != nil {
		return err
	}
	report, err := provider.Look(ctx, known)
	if errors.Is(err, payments.ErrMismatch) {
		return c.disown(ctx, payment, known.At, err)
	}
	if err != nil {
		return fmt.Errorf("look at payment %s: %w", which, err)
	}
	err = postgres.InTx(ctx, c.DB, func(tx pgx.Tx) error {
		if err := c.believe(ctx, tx, payment, report); err != nil {
			return err
		}
		if err := payments.Heard(ctx, tx, payment, known.At); err != nil {
			return err
		}
		beforeSync.Here()
		return nil
	})
	if err != nil {
		return fmt.Errorf("apply what %s says of payment %s: %w", payment.Provider, which, err)
	}
	afterSync.Here()
	return nil
}

// disown shows a payment to staff that is not in our account, or was made for
// something else. Asking again would say the same.
func (c *Checkout) disown(ctx context.Context, payment payments.Payment, asked time.Time, why error) error {
	return postgres.InTx(ctx, c.DB, func(tx pgx.Tx) error {
		if err := payments.Watch(ctx, tx, payment.ID, false); err != nil {
			return err
		}
		if err := payments.Heard(ctx, tx, payment, asked); err != nil {
			return err
		}
		return c.exceptMismatch(ctx, tx, payment, payment.ProviderRef, why, nil)
	})
}

// beginAgain finds out what became of a beginning that was not answered. The
// order that is dead has nothing to begin: nobody was sent to pay it.
func (c *Checkout) beginAgain(ctx context.Context, payment payments.Payment) error {
	w, err := orders.Read(ctx, c.DB, payment.Order)
	if err != nil {
		return err
	}
	waits := false // for the buyer, where nothing was kept to pay it with
	if payment.Away {
		_, err := payments.KeptBy(ctx, c.DB, w.User, payment.Provider)
		if waits = errors.Is(err, payments.ErrNoSaved); err != nil && !waits {
			return err
		}
	}
	if w.Status == orders.StatusPending && !waits && (payment.Status == payments.Pending || payment.Status == payments.Processing) {
		if _, err := c.Pay(ctx, payment.Order); err != nil && errs.Refusal(err) == nil {
			return err
		}
		return nil
	}
	return postgres.InTx(ctx, c.DB, func(tx pgx.Tx) error { return payments.Watch(ctx, tx, payment.ID, false) })
}

// believe applies a report: names, facts, disputes, and what follows for the
// shop to do.
func (c *Checkout) believe(ctx context.Context, tx pgx.Tx, payment payments.Payment, r payments.Report) error {
	w, err := orders.Lock(ctx, tx, payment.Order)
	if err != nil {
		return err
	}
	if err := payments.Named(ctx, tx, payment, r.Refs); err != nil {
		return err
	}
	if payment, err = payments.Get(ctx, tx, payment.ID); err != nil { // as it is under the lock
		return err
	}
	if err := keepOnce(ctx, tx, w, payment, r.Saved); err != nil {
		return err
	}
	waiting, err := c.applyFacts(ctx, tx, &w, &payment, r)
	if err != nil {
		return err
	}
	if err := c.applyDisputes(ctx, tx, w, payment, r.Disputes); err != nil {
		return err
	}
	more, err := c.proceed(ctx, tx, w, payment, r)
	if err != nil {
		return err
	}
	return payments.Watch(ctx, tx, payment.ID, r.Open || r.Approved || waiting || more)
}

// keepOnce keeps how a payment was made when it is heard that it was. Providers tell
// it for ever, and the buyer may have removed it since, or paid by another.
func keepOnce(ctx context.Context, tx pgx.Tx, w orders.Whole, payment payments.Payment, s *payments.Saved) error {
	if s == nil || !payment.Keeps || !payment.Authorized.IsZero() || w.User.IsZero() {
		return nil
	}
	return payments.Keep(ctx, tx, w.User, payment.Provider, *s)
}

// applyFacts settles what is not known yet, and tells what the order and the
// payment are then. A refund that may be one that we have told the provider to
// make waits until that has been answered.
func (c *Checkout) applyFacts(ctx context.Context, tx pgx.Tx, w *orders.Whole, payment *payments.Payment, r payments.Report) (waiting bool, err error) {
	old, err := payments.FactsOf(ctx, tx, payment.ID)
	if err != nil {
		return false, err
	}
	type name struct {
		kind  payments.Kind
		cause string
	}
	known := map[name]payments.Event{}
	for _, e := range old {
		known[name{e.Kind, e.Cause}] = e
	}
	told, err := payments.InstructionsOf(ctx, tx, payment.ID)
	if err != nil {
		return false, err
	}
	later := map[string]bool{}
	whole := func(promise payments.Fact) bool { // which implies it
		return slices.ContainsFunc(r.Facts, func(f payments.Fact) bool { return f.Kind == payments.Capture && f.Amount == promise.Amount })
	}
	for _, fact := range r.Facts {
		e, ok := known[name{fact.Kind, fact.Cause}]
		switch {
		case ok && e.Amount == fact.Amount,
			fact.Kind == payments.Authorize && whole(fact),
			fact.Kind == payments.Void && payment.Voided == payment.Authorized:
			continue
		case fact.Kind == payments.Refund && !ok && underWay(told):
			waiting, later[fact.Cause] = true, true
			continue
		case (fact.Kind == payments.RefundFailed || fact.Kind == payments.Fee) && later[fact.Cause]:
			continue
		case fact.Kind == payments.Fail:
			fact.Again = r.Open || r.Approved
		}
		settled, err := c.settleOrExcept(ctx, tx, w, payment, fact)
		if err != nil {
			return false, err
		}
		if !settled { // nor is the fee of it
			later[fact.Cause] = true
		}
		if settled && fact.Kind == payments.Refund && !ok {
			if err := c.exceptOutside(ctx, tx, *payment, fact); err != nil {
				return false, err
			}
		}
	}
	return waiting, nil
}

// underWay reports that the provider may have been told to give money back, and
// nobody knows yet by what name it has.
func underWay(told []payments.Instruction) bool {
	return slices.ContainsFunc(told, func(i payments.Instruction) bool {
		return i.Kind == payments.Refund && i.State == payments.InstructionPending
	})
}

// settleOrExcept applies a fact, or shows it to staff where it does not fit: then
// it has changed nothing.
func (c *Checkout) settleOrExcept(ctx context.Context, tx pgx.Tx, w *orders.Whole, payment *payments.Payment, fact payments.Fact) (settled bool, err error) {
	is, was := *w, *payment
	err = postgres.InTx(ctx, tx, func(tx pgx.Tx) (err error) { // a savepoint: what does not fit is undone
		if is, err = c.settleLocked(ctx, tx, *w, was, fact); err != nil {
			return err
		}
		was, err = payments.Get(ctx, tx, fact.Payment)
		return err
	})
	if err == nil {
		*w, *payment = is, was
	}
	if errs.Refusal(err) == nil { // it is settled, or nobody could: then it is told again
		return err == nil, err
	}
	return false, c.exceptMismatch(ctx, tx, *payment, fact.Cause, err, &fact)
}

func (c *Checkout) exceptMismatch(ctx context.Context, tx pgx.Tx, payment payments.Payment, subject string, why error, fact *payments.Fact) error {
	detail := map[string]any{"problem": why.Error(), "asked_for": payment.Amount}
	if fact != nil {
		detail["fact"], detail["amount"] = fact.Kind, fact.Amount
	}
	if no := errs.Refusal(why); no != nil {
		for name, value := range no.Extra {
			detail[name] = value
		}
	}
	return payments.Except(ctx, tx, payments.Exception{
		Provider: payment.Provider, Kind: payments.ExceptionMismatch, Payment: payment.ID, Order: payment.Order, Subject: subject, Detail: detail,
	})
}

// detailCapture is the member of an exception's detail that says of which capture
// money went back, where there can be several.
const detailCapture = "capture"

// exceptOutside shows money that went back without anybody here: it has to be
// told what it was for.
func (c *Checkout) exceptOutside(ctx context.Context, tx pgx.Tx, payment payments.Payment, fact payments.Fact) error {
	detail := map[string]any{"amount": fact.Amount}
	if fact.Taken != "" {
		detail[detailCapture] = fact.Taken
	}
	return payments.Except(ctx, tx, payments.Exception{
		Provider: payment.Provider, Kind: payments.ExceptionOutside, Payment: payment.ID, Order: payment.Order, Subject: fact.Cause, Detail: detail,
	})
}

// applyDisputes keeps how far disputes have come: staff are shown those that want
// an answer as long as they do, and what is lost is an expense, and is withheld no
// more but withdrawn.
func (c *Checkout) applyDisputes(ctx context.Context, tx pgx.Tx, w orders.Whole, payment payments.Payment, list []payments.Dispute) error {
	for _, d := range list {
		which, news, err := payments.KeepDispute(ctx, tx, payment.ID, d)
		switch {
		case err != nil || !news:
		case d.Status == payments.NeedsResponse:
			err = c.wantsAnswer(ctx, tx, payment, which, d)
		default:
			err = attended(ctx, tx, payment, which, d)
		}
		if err == nil && news && d.Status == "lost" && !payment.Owed {
			err = c.takeBack(ctx, tx, w)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// proceed takes the money of who has agreed to pay, where it is taken at once, and
// lets go of what an order does not wait for any more.
// It reports that something is to come of it.
func (c *Checkout) proceed(ctx context.Context, tx pgx.Tx, w orders.Whole, payment payments.Payment, r payments.Report) (bool, error) {
	held := payment.Held()
	promised := !held.IsZero() && (payment.Captured.IsZero() || c.captures(payment) == payments.CapturesSeveral)
	if !r.Approved && !promised {
		return false, nil
	}
	told, err := payments.InstructionsOf(ctx, tx, payment.ID)
	if err != nil {
		return false, err
	}
	switch {
	case tooMuch(w, payment) && promised && refusals(told, payments.Void) < attempts: // nobody waits for it: let it go
		return true, payments.Instruct(ctx, tx, payments.Instruction{
			Payment: payment.ID, Kind: payments.Void, Amount: held, Reason: "order " + w.Number + " does not wait for it",
		})
	case tooMuch(w, payment), refusals(told, payments.Capture) >= tries(w): // somebody has to choose something else
		return false, nil
	}
	account, err := c.Payments.Accounts.Open(ctx, payment.Provider)
	if err != nil {
		return false, err
	}
	due := w.Unpaid()
	if promised && account.Capture == payments.CaptureOnShipment {
		due = c.earned(w, payment)
	}
	return due.Minor > 0, c.take(ctx, tx, w, payment, due)
}

// tries is how often money that is promised for an order is asked for when the
// provider says no: a buyer who waits may agree again; once staff are shown the
// refusal, they decide.
func tries(w orders.Whole) int {
	if w.Status == orders.StatusPending {
		return attempts
	}
	return 1
}

// refusals counts how often a provider has said no to one kind of instruction since
// it last did what it was told.
func refusals(told []payments.Instruction, kind payments.Kind) (n int) {
	for _, i := range told {
		switch {
		case i.Kind != kind:
		case i.State == payments.InstructionRefused:
			n++
		case i.State == payments.InstructionDone:
			n = 0
		}
	}
	return n
}

// Hear looks into a notice: it asks about the payment that it names, which
// answers all that had come of it. One that names a payment which nobody knows
// waits for it.
func (c *Checkout) Hear(ctx context.Context, e payments.NoticeKept) error {
	ctx = asSystem(ctx, "payments")
	var kept payments.Kept
	err := postgres.InTx(ctx, c.DB, func(tx pgx.Tx) (err error) {
		kept, err = payments.ClaimNotice(ctx, tx, e.NoticeID)
		return err
	})
	if errors.Is(err, payments.ErrNoNotice) { // it was applied, or somebody is at it
		return nil
	}
	if err != nil {
		return err
	}
	payment, err := payments.Find(ctx, c.DB, kept.Provider, kept.Ref)
	if err == nil {
		err = c.Sync(ctx, payment)
	}
	if err == nil {
		return nil
	}
	off := postgres.InTx(ctx, c.DB, func(tx pgx.Tx) error {
		return payments.UnappliedNotice(ctx, tx, kept, payment, c.Payments.Accounts.Clock.Now(), err.Error())
	})
	if off != nil {
		return fmt.Errorf("put notice %s of %s off: %w", kept.EventID, kept.Provider, off)
	}
	return nil
}

// HearDue looks into notices that nobody is at. It is a sweep.
func (c *Checkout) HearDue(ctx context.Context) error {
	due, err := payments.DueNotices(ctx, c.DB, instructBatch)
	if err != nil {
		return err
	}
	return each(ctx, due, func(which id.Notice) error { return c.Hear(ctx, payments.NoticeKept{NoticeID: which}) })
}

// Watch asks about payments that nothing was heard of: notices get lost. It is a
// sweep.
func (c *Checkout) Watch(ctx context.Context) error {
	var due []id.Payment
	err := postgres.InTx(ctx, c.DB, func(tx pgx.Tx) (err error) {
		due, err = payments.Watched(ctx, tx, instructBatch)
		return err
	})
	if err != nil {
		return err
	}
	return each(ctx, due, func(which id.Payment) error { return c.Sync(ctx, which) })
}

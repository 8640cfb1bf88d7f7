package checkout

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"souk/internal/credit"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/ledger"
	"souk/internal/money"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/platform/postgres"
)

// Remedy is what staff can do about something that does not add up.
type Remedy string

// The remedies.
const (
	LookAgain   Remedy = "look_again"
	Retry       Remedy = "retry"
	ByHand      Remedy = "by_hand"
	StoreCredit Remedy = "store_credit"
	BookRefund  Remedy = "book_refund"
	Dismiss     Remedy = "dismiss"
)

// Fix is a remedy that is safe for one exception, and what it would do.
type Fix struct {
	Action Remedy        `json:"action" enum:"look_again,retry,by_hand,store_credit,book_refund,dismiss"`
	Does   string        `json:"does" doc:"What it will do, in words"`
	Amount *money.Amount `json:"amount,omitempty" doc:"That it moves"`
}

var (
	// ErrResolved says that an exception was settled before.
	ErrResolved = errs.New(errs.Conflict, "exception_resolved", "This was settled already.")
	// ErrNoFix says that a remedy is not safe for an exception, or not any more.
	ErrNoFix = errs.New(errs.Conflict, "fix_not_possible", "This would not be right as things stand now. Look at the fixes that are offered.")
)

// trouble is an exception with all that decides what can be done about it.
type trouble struct {
	payments.Exception
	payment payments.Payment
	order   orders.Whole
	about   money.Amount          // what the instruction or the refund is of
	told    *payments.Instruction // that was refused, or not answered, or that became the refund
	owed    money.Amount          // to the buyer, see payments.Debt
}

// lockTrouble is trouble for whoever settles it: the order is locked first, as
// everywhere.
func (c *Checkout) lockTrouble(ctx context.Context, tx pgx.Tx, which id.Exception) (trouble, error) {
	e, err := payments.ReadException(ctx, tx, which)
	if err != nil {
		return trouble{}, err
	}
	if !e.Order.IsZero() {
		if _, err := orders.Lock(ctx, tx, e.Order); err != nil {
			return trouble{}, err
		}
	}
	if e, err = payments.LockException(ctx, tx, which); err != nil {
		return trouble{}, err
	}
	return c.troubleOf(ctx, tx, e)
}

func (c *Checkout) troubleOf(ctx context.Context, db postgres.DB, e payments.Exception) (t trouble, err error) {
	t.Exception = e
	if e.Payment.IsZero() {
		return t, nil
	}
	if t.payment, err = payments.Get(ctx, db, e.Payment); err != nil {
		return t, err
	}
	if t.order, err = orders.Read(ctx, db, t.payment.Order); err != nil {
		return t, err
	}
	if t.owed, err = payments.Debt(ctx, db, e.Payment); err != nil {
		return t, err
	}
	told, err := payments.InstructionsOf(ctx, db, e.Payment)
	if err != nil {
		return t, err
	}
	t.about = money.Zero(t.payment.Amount.Currency)
	for _, i := range told {
		if i.ID.String() == e.Subject || i.State == payments.InstructionDone && i.Cause == e.Subject {
			t.told, t.about = &i, i.Amount
		}
	}
	facts, err := payments.FactsOf(ctx, db, e.Payment)
	if err != nil {
		return t, err
	}
	for _, f := range facts {
		if f.Kind == payments.Refund && f.Cause == e.Subject {
			t.about = f.Amount
		}
	}
	return t, nil
}

// givesBack reports that it is about money which a provider has not given back
// as it should have.
func (t trouble) givesBack() bool {
	return t.Kind == payments.ExceptionReturned || t.Kind == payments.ExceptionRefused && t.told != nil && t.told.Kind == payments.Refund
}

// takes reports that it is about money that a provider has not taken as it should
// have.
func (t trouble) takes() bool {
	return t.Kind == payments.ExceptionRefused && t.told != nil && t.told.Kind == payments.Capture
}

// takeable is what is still due of that, and promised.
func (t trouble) takeable() money.Amount {
	return money.Of(max(0, min(t.about.Minor, t.order.Unpaid().Minor, t.held().Minor)), t.about.Currency)
}

// left is what is still owed of that, and nobody is at.
func (t trouble) left() money.Amount {
	free := t.owed.Minus(t.payment.Refunding)
	return money.Of(max(0, min(t.about.Minor, free.Minor)), t.about.Currency)
}

// unbooked is what went back that no refund of the order says.
func (t trouble) unbooked() money.Amount {
	return money.Of(max(0, min(t.about.Minor, -t.owed.Minor)), t.about.Currency)
}

// held is what is promised on a payment that was to be given up.
func (t trouble) held() money.Amount { return t.payment.Held() }

// fixes is what can be done now.
func (t trouble) fixes() []Fix {
	list := []Fix{}
	if t.State != "open" {
		return list
	}
	can := func(action Remedy, amount *money.Amount, does string, args ...any) {
		list = append(list, Fix{action, fmt.Sprintf(does, args...), amount})
	}
	if t.Kind == payments.ExceptionByHand {
		return t.byHandFixes()
	}
	switch {
	case t.Kind == payments.ExceptionUnread:
		can(LookAgain, nil, "Asks %s about the payment once more, applies what is news, and closes this when it answers. Does it know nothing of %s? Then look for it in its console before you dismiss this.",
			t.Provider, t.Subject)
	case !t.payment.ID.IsZero(), t.Kind == payments.ExceptionUnknown:
		can(LookAgain, nil, "Asks %s what it knows, applies what is news, and closes this if it adds up then.", t.Provider)
	}
	switch {
	case t.Kind == payments.ExceptionSilent && t.told != nil && t.told.State == payments.InstructionPending:
		can(Retry, &t.told.Amount, "Tells %s the same again now, under the same key: it does it once.", t.Provider)
	case t.Kind == payments.ExceptionRefused && t.told != nil && t.told.Kind == payments.Void && !t.held().IsZero():
		held := t.held()
		can(Retry, &held, "Tells %s once more to give up %s that was promised.", t.Provider, held)
	case t.takes() && !t.takeable().IsZero():
		due := t.takeable()
		can(Retry, &due, "Tells %s once more to take %s of what was promised, under a new key.", t.Provider, due)
	case t.givesBack() && !t.left().IsZero():
		left := t.left()
		if taken := t.payment.Captured.Minus(t.payment.Refunded).Minus(t.payment.Refunding); taken.Minor >= left.Minor {
			can(Retry, &left, "Tells %s once more to give %s back, under a new key.", t.Provider, left)
		}
		can(ByHand, &left, "Writes down that you have given %s back yourself, from the bank. %s keeps what it has, for the shop.", left, t.Provider)
		if !t.order.User.IsZero() {
			can(StoreCredit, &left, "Gives who ordered %s of store credit instead. %s keeps what it has, for the shop.", left, t.Provider)
		}
	case t.Kind == payments.ExceptionOutside && !t.unbooked().IsZero():
		booked := t.unbooked()
		can(BookRefund, &booked, "Writes a refund of %s of order %s, by amount or lines, that has gone back already. Nobody is told to pay.", booked, t.order.Number)
	}
	can(Dismiss, nil, "Closes this with your reason, and changes nothing.")
	return list
}

// settle does one of the fixes, but for looking again, which is done after the
// commit: nobody's network is called here.
func (c *Checkout) settle(ctx context.Context, tx pgx.Tx, t trouble, fix Fix, wanted orders.Wanted, reason string) error {
	none := money.Amount{}
	if t.Kind == payments.ExceptionByHand {
		return c.settleByHand(ctx, tx, t, fix, reason)
	}
	switch fix.Action {
	case LookAgain:
		return nil
	case Retry:
		if err := c.tellAgain(ctx, tx, t, *fix.Amount); err != nil {
			return err
		}
		return payments.Fixed(ctx, tx, t.ID, string(fix.Action), said("Told again.", reason), none)
	case ByHand:
		if err := postSettled(ctx, tx, t, ledger.Bank, *fix.Amount); err != nil {
			return err
		}
		return payments.Fixed(ctx, tx, t.ID, string(fix.Action), said("Given back by hand: "+fix.Amount.String()+".", reason), *fix.Amount)
	case StoreCredit:
		if err := credit.RefundTo(ctx, tx, t.order.User, t.order.ID, *fix.Amount, said("For a refund that did not arrive.", reason)); err != nil {
			return err
		}
		if err := postSettled(ctx, tx, t, ledger.StoreCreditLiability, *fix.Amount); err != nil {
			return err
		}
		return payments.Fixed(ctx, tx, t.ID, string(fix.Action), said("Given as store credit: "+fix.Amount.String()+".", reason), *fix.Amount)
	case BookRefund:
		if wanted.Amount == nil && len(wanted.Units) == 0 && !wanted.Shipping {
			wanted.Amount = fix.Amount
		}
		made, err := c.Refund(ctx, tx, Refunding{
			Order: t.order.ID, Wanted: wanted, To: orders.ToMethod, Reason: reason, Went: &gone{t.payment.ID, *fix.Amount, t.Subject},
		})
		if err != nil {
			return err
		}
		return payments.Fixed(ctx, tx, t.ID, string(fix.Action), "Booked as refund "+made.ID.String()+".", none)
	case Dismiss:
		return payments.Fixed(ctx, tx, t.ID, string(fix.Action), reason, none)
	}
	return fmt.Errorf("nobody knows how to %s", fix.Action)
}

func said(what, reason string) string {
	if reason == "" {
		return what
	}
	return what + " " + reason
}

// tellAgain tells a provider once more. What was not answered keeps its key.
func (c *Checkout) tellAgain(ctx context.Context, tx pgx.Tx, t trouble, amount money.Amount) error {
	if t.Kind == payments.ExceptionSilent {
		_, err := payments.Hasten(ctx, tx, t.told.ID)
		return err
	}
	if t.takes() {
		return c.take(ctx, tx, t.order, t.payment, amount)
	}
	again := payments.Instruction{Payment: t.payment.ID, Kind: payments.Refund, Amount: amount, Reason: "order " + t.order.Number}
	if t.told != nil {
		again.Kind, again.Taken, again.Reason = t.told.Kind, t.told.Taken, t.told.Reason
	}
	if again.Kind == payments.Refund && again.Taken == "" { // it was given back in the provider's console
		taken, err := firstCapture(ctx, tx, t.payment.ID)
		if err != nil {
			return err
		}
		again.Taken = taken
	}
	return payments.Instruct(ctx, tx, again)
}

// postSettled books what the shop gives a buyer itself, since the provider does
// not: the provider has the money still.
func postSettled(ctx context.Context, tx pgx.Tx, t trouble, from ledger.Kind, amount money.Amount) error {
	return ledger.Post(ctx, tx, ledger.Posting{
		RefType: "payment_exception", RefID: t.ID, Memo: "order " + t.order.Number + ", given back otherwise",
		Entries: []ledger.Entry{ledger.Debit(ledger.AccountKey{Kind: ledger.BuyerPayable}, amount), ledger.Credit(ledger.AccountKey{Kind: from}, amount)},
	})
}

// Reexamine asks a provider about an exception and resolves it if it adds up then.
func (c *Checkout) Reexamine(ctx context.Context, which id.Exception) (resolved bool, err error) {
	e, err := payments.ReadException(ctx, c.DB, which)
	if err != nil {
		return false, err
	}
	if e.Payment.IsZero() {
		if e.Payment, err = c.findAgain(ctx, e); err != nil {
			return false, err
		}
	}
	if e.State != "open" || e.Payment.IsZero() || e.Kind == payments.ExceptionByHand { // nobody to ask
		return false, nil
	}
	if err := c.Sync(ctx, e.Payment); err != nil {
		return false, err
	}
	there, err := c.isThere(ctx, e)
	if err != nil {
		return false, err
	}
	err = postgres.InTx(ctx, c.DB, func(tx pgx.Tx) error {
		payment, err := payments.Get(ctx, tx, e.Payment)
		if err != nil {
			return err
		}
		if _, err := orders.Lock(ctx, tx, payment.Order); err != nil {
			return err
		}
		now, err := payments.LockException(ctx, tx, which)
		if err != nil || now.State != "open" {
			return err
		}
		now.Payment = e.Payment
		t, err := c.troubleOf(ctx, tx, now)
		if err != nil {
			return err
		}
		if resolved, err = t.addsUp(ctx, tx, there); err != nil || !resolved {
			return err
		}
		return payments.Fixed(ctx, tx, which, string(LookAgain), "It adds up now.", money.Amount{})
	})
	return resolved, err
}

// findAgain is the payment that an exception names and nobody knew; zero when
// nobody does yet.
func (c *Checkout) findAgain(ctx context.Context, e payments.Exception) (id.Payment, error) {
	name, _ := e.Detail["payment"].(string)
	ref, _ := e.Detail[payments.DetailRef].(string)
	names := []string{name, ref, e.Subject}
	found, err := payments.Names(ctx, c.DB, e.Provider, names)
	for _, n := range names {
		if payment, known := found[n]; known {
			return payment, nil
		}
	}
	return id.Payment{}, err
}

// isThere reports that a provider has, after all, what its list did not say.
func (c *Checkout) isThere(ctx context.Context, e payments.Exception) (bool, error) {
	if e.Kind != payments.ExceptionExtra {
		return false, nil
	}
	payment, err := payments.Get(ctx, c.DB, e.Payment)
	if err != nil {
		return false, err
	}
	provider, err := c.Payments.Online(payment.Provider)
	if err != nil {
		return false, err
	}
	known, err := payments.KnownOf(ctx, c.DB, payment)
	if err != nil {
		return false, err
	}
	report, err := provider.Look(ctx, known)
	kind, ref := factOf(e)
	return slices.ContainsFunc(report.Facts, func(f payments.Fact) bool { return f.Kind == kind && f.Cause == ref }), err
}

// factOf is the fact that an exception is about.
func factOf(e payments.Exception) (payments.Kind, string) {
	kind, _ := e.Detail[payments.DetailFact].(string)
	ref, known := e.Detail[payments.DetailRef].(string)
	if !known {
		ref = e.Subject
	}
	return payments.Kind(kind), ref
}

// addsUp reports that what an exception says does not hold any more.
func (t trouble) addsUp(ctx context.Context, tx pgx.Tx, there bool) (bool, error) {
	switch t.Kind {
	case payments.ExceptionMissing, payments.ExceptionMismatch, payments.ExceptionUnknown, payments.ExceptionUnread:
		return t.isKnown(ctx, tx)
	case payments.ExceptionExtra:
		return there, nil
	case payments.ExceptionRefused, payments.ExceptionSilent:
		switch {
		case t.told == nil:
			return false, nil
		case t.told.State == payments.InstructionDone:
			return true, nil
		case !t.told.Dispute.IsZero():
			d, err := payments.ReadDispute(ctx, tx, t.told.Dispute)
			return d.Status != payments.NeedsResponse, err
		case t.takes():
			return t.takeable().IsZero(), nil
		case t.told.Kind == payments.Refund && t.told.State == payments.InstructionRefused:
			return t.left().IsZero(), nil
		}
		return t.held().IsZero() && t.told.State == payments.InstructionRefused, nil
	case payments.ExceptionReturned:
		return t.left().IsZero(), nil
	case payments.ExceptionOutside:
		return t.unbooked().IsZero(), nil
	case payments.ExceptionNotice, payments.ExceptionDispute, payments.ExceptionBalance, payments.ExceptionByHand:
	}
	return false, nil
}

// isKnown reports that the fact which was missing, or did not fit, is written
// down by now with the same amount.
func (t trouble) isKnown(ctx context.Context, tx pgx.Tx) (bool, error) {
	facts, err := payments.FactsOf(ctx, tx, t.payment.ID)
	if err != nil {
		return false, err
	}
	kind, ref := factOf(t.Exception)
	if kind == "" { // of a notice: it was about the payment
		return t.Kind == payments.ExceptionUnknown || t.Kind == payments.ExceptionUnread, nil
	}
	amount, err := t.Amount("amount")
	if err != nil {
		return false, err
	}
	kept, err := t.Amount("fee")
	if err != nil {
		return false, err
	}
	fee := money.Zero(t.payment.Amount.Currency)
	known := false
	for _, f := range facts {
		if f.Cause == ref && f.Kind == payments.Fee {
			fee = f.Amount
		}
		known = known || f.Cause == ref && f.Kind == kind && f.Amount.Minor == max(amount.Minor, -amount.Minor)
	}
	return known && (t.Detail["fee"] == nil || fee.Minor == kept.Minor), nil
}

package checkout

import (
	"context"
	"fmt"

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
		taken, _ := t.Detail[detailCapture].(string)
		made, err := c.Refund(ctx, tx, Refunding{
			Order: t.order.ID, Wanted: wanted, To: orders.ToMethod, Reason: reason, Went: &gone{t.payment.ID, *fix.Amount, t.Subject, taken},
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
	if t.told != nil { // it was not given back in the provider's console
		again.Kind, again.Taken, again.Reason = t.told.Kind, t.told.Taken, t.told.Reason
	}
	if again.Kind == payments.Refund {
		return c.instructRefund(ctx, tx, t.payment, amount, again)
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

package checkout_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/checkout"
	"souk/internal/clock"
	"souk/internal/ledger"
	"souk/internal/money"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/payments/fakes"
	"souk/internal/platform/postgres"
	"souk/internal/reconcile"
)

// told is a provider whose statement a test edits before the shop reads it, and who
// can hang.
type told struct {
	payments.Online
	edit   func([]payments.Movement) []payments.Movement
	hangs  bool
	looked int // while it did
}

func (p *told) Look(ctx context.Context, k payments.Known) (payments.Report, error) {
	if p.hangs {
		p.looked++
		return payments.Report{}, fmt.Errorf("look: %w", context.DeadlineExceeded)
	}
	return p.Online.Look(ctx, k)
}

func (p *told) Statement(ctx context.Context, from, until time.Time) ([]payments.Movement, error) {
	list, err := p.Online.Statement(ctx, from, until)
	if err == nil && p.edit != nil {
		list = p.edit(list)
	}
	return list, err
}

// books is an online shop whose books are compared with its provider's.
type books struct {
	*online
	provider   *told
	reconciler *reconcile.Reconciler
}

// everyBooks runs a test with each provider.
func everyBooks(t *testing.T, test func(b *books)) {
	everyProvider(t, func(o *online) { test(booksOf(o)) })
}

func booksOf(o *online) *books {
	ways := o.flow.Payments
	at := slices.IndexFunc(ways.Providers, func(p payments.Provider) bool { return p.Method() == o.method })
	b := &books{online: o, provider: &told{Online: ways.Providers[at].(payments.Online)}}
	ways.Providers[at] = b.provider
	b.reconciler = &reconcile.Reconciler{DB: o.db, Clock: o.clock, Payments: ways, Checkout: o.flow}
	return b
}

// compare compares what has moved since yesterday, until now.
func (b *books) compare() reconcile.Run {
	b.t.Helper()
	b.clock.Advance(2 * time.Second) // providers count in seconds
	now := b.clock.Now()
	run, err := b.reconciler.Run(b.t.Context(), reconcile.Period{Provider: b.method, Source: reconcile.Asked, From: now.Add(-24 * time.Hour), Until: now.Add(time.Second)})
	if err != nil {
		b.t.Fatal(err)
	}
	return run
}

// exception is the one open exception of a kind, as staff see it.
func (b *books) exception(kind payments.ExceptionKind) checkout.ExceptionView {
	b.t.Helper()
	list := decode[struct {
		Data []payments.Exception `json:"data"`
	}](b.call("staff", "GET", "/admin/reconciliation?state=open&kind="+string(kind), "").want(200)).Data
	if len(list) != 1 {
		b.t.Fatalf("%d exceptions of kind %s are open: %+v", len(list), kind, list)
	}
	return decode[checkout.ExceptionView](b.call("staff", "GET", "/admin/reconciliation/"+list[0].ID.String(), "").want(200))
}

func (b *books) fix(e checkout.ExceptionView, body string) answer {
	b.t.Helper()
	return b.call("staff", "POST", "/admin/reconciliation/"+e.ID.String()+"/fix", body)
}

func (b *books) wantFixes(e checkout.ExceptionView, actions ...checkout.Remedy) {
	b.t.Helper()
	var got []checkout.Remedy
	for _, f := range e.Fixes {
		if f.Does == "" {
			b.t.Errorf("nobody says what %s does", f.Action)
		}
		got = append(got, f.Action)
	}
	if !slices.Equal(got, actions) {
		b.t.Errorf("%s can be fixed by %v, want %v", e.Kind, got, actions)
	}
}

func TestBooksThatAgreeHaveNothingToShow(t *testing.T) {
	t.Parallel()
	everyBooks(t, func(b *books) {
		placed := b.paid()
		b.refund(placed, `{"amount": {"amount": 1000, "currency": "USD"}, "reason": "broken"}`).want(201)
		b.work()
		run := b.compare()
		if run.Movements != 2 || run.Found != 0 || len(run.Days) == 0 {
			b.t.Errorf("%+v", run)
		}
		for _, d := range run.Days {
			if d.Ours != d.Theirs {
				b.t.Errorf("on %s we have %s and they %s", d.Date, d.Ours, d.Theirs)
			}
		}
		b.wantExceptions()
		b.sound()
	})
}

// A charge that nobody has told us of is found, and asked about.
func TestWhatNobodyHasToldIsFoundAndApplied(t *testing.T) {
	t.Parallel()
	everyBooks(t, func(b *books) {
		placed := b.begun()
		b.postman.Plan(slices.Repeat([]fakes.Manner{fakes.Lost}, 20)...)
		b.pays(placed, fakes.Pays)
		b.compare()
		b.work() // what has to be taken first
		if run := b.compare(); run.Found != 0 {
			b.t.Errorf("%+v", run)
		}
		b.wantOrder(placed, orders.StatusConfirmed, orders.PaymentPaid)
		b.wantExceptions()
		b.sound()
	})
}

// Each kind of mismatch is one exception, however often it is found, and is
// resolved by the comparison that does not find it any more.
func TestEachKindOfMismatchIsShownOnceAndResolvesItself(t *testing.T) {
	t.Parallel()
	stranger := payments.Movement{Ref: "ch_strange", Payment: "pi_strange", Kind: payments.Capture, Amount: usd(500), Fee: usd(0)}
	for kind, edit := range map[payments.ExceptionKind]func([]payments.Movement) []payments.Movement{
		payments.ExceptionMissing: func(list []payments.Movement) []payments.Movement {
			other := list[0]
			other.Ref, other.Kind, other.Amount, other.Fee = "re_strange", payments.Refund, usd(-100), usd(0)
			return append(list, other)
		},
		payments.ExceptionMismatch: func(list []payments.Movement) []payments.Movement {
			list[0].Amount = list[0].Amount.Plus(usd(1))
			return list
		},
		payments.ExceptionUnknown: func(list []payments.Movement) []payments.Movement {
			other := stranger
			other.At = list[0].At
			return append(list, other)
		},
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			everyBooks(t, func(b *books) {
				b.paid()
				b.provider.edit = edit
				for range 2 {
					if run := b.compare(); run.Found != 1 {
						b.t.Errorf("%+v", run)
					}
				}
				b.wantExceptions(string(kind))
				b.wantFixes(b.exception(kind), checkout.LookAgain, checkout.Dismiss)
				b.fix(b.exception(kind), `{"action": "look_again"}`).want(200, `"state":"open"`)
				b.provider.edit = nil
				if run := b.compare(); run.Found != 0 || run.Resolved != 1 {
					b.t.Errorf("%+v", run)
				}
				b.wantExceptions()

				b.provider.edit = edit
				b.compare()
				b.fix(b.exception(kind), `{"action": "dismiss", "reason": "an invoice written by hand"}`).want(200)
				if run := b.compare(); run.Found != 0 {
					b.t.Errorf("what was dismissed is found again: %+v", run)
				}
				b.provider.edit = func(list []payments.Movement) []payments.Movement {
					list = edit(list)
					for i := range list {
						list[i].Amount = list[i].Amount.Plus(list[i].Amount)
					}
					return list
				}
				b.compare() // says something else now
				b.exception(kind)
				b.sound()
			})
		})
	}
}

func TestAFeeThatWeHaveNotIsAMismatch(t *testing.T) {
	t.Parallel()
	everyBooks(t, func(b *books) {
		b.paid()
		b.provider.edit = func(list []payments.Movement) []payments.Movement {
			list[0].Fee = list[0].Fee.Plus(usd(3))
			return list
		}
		b.compare()
		b.wantExceptions("mismatch")
	})
}

// What the provider's list lacks is asked about, and shown when it does not know
// it either.
func TestWhatTheProviderDoesNotHave(t *testing.T) {
	t.Parallel()
	everyBooks(t, func(b *books) {
		placed := b.paid()
		b.provider.edit = func([]payments.Movement) []payments.Movement { return nil }
		if run := b.compare(); run.Found != 0 {
			b.t.Errorf("it was not asked: %+v", run)
		}
		b.inTx(func(tx pgx.Tx) error {
			_, err := b.flow.Settle(b.t.Context(), tx, payments.Fact{Payment: placed.Payment.ID, Kind: payments.Refund, Amount: usd(100), Cause: "re_invented"})
			return err
		})
		b.compare()
		b.wantExceptions("missing_there")
	})
}

// Payouts to the bank and fees of no payment are posted once, and a payout that
// comes back is taken back.
func TestPayoutsAndFeesArePostedOnce(t *testing.T) {
	t.Parallel()
	everyBooks(t, func(b *books) {
		b.paid()
		taken := b.server.Books().Balance("USD").Minor
		b.provider.edit = func(list []payments.Movement) []payments.Movement {
			at := list[0].At
			return append(list,
				payments.Movement{Ref: "po_1", Kind: payments.Payout, Amount: usd(-2000), Fee: usd(25), At: at},
				payments.Movement{Ref: "po_2", Kind: payments.Payout, Amount: usd(300), Fee: usd(0), At: at},
				payments.Movement{Ref: "fee_1", Kind: payments.Fee, Amount: usd(-200), Fee: usd(0), At: at})
		}
		if run := b.compare(); run.Posted != 3 || run.Found != 0 {
			b.t.Errorf("%+v", run)
		}
		if run := b.compare(); run.Posted != 0 || run.Found != 0 {
			b.t.Errorf("%+v", run)
		}
		b.books(map[ledger.AccountKey]int64{{Kind: ledger.Bank}: 1700, {Kind: ledger.Clearing, Party: b.method}: taken - 2025 + 300 - 200})
		b.sound()
		edit := b.provider.edit
		b.provider.edit = func(list []payments.Movement) []payments.Movement {
			list = edit(list)
			list[len(list)-1].Amount = usd(-201)
			return list
		}
		b.compare()
		b.wantExceptions("mismatch")
		b.sound()
	})
}

// owedBack is an order of a customer with 10.00 to give back that the provider
// has accepted, and failed.
func (b *books) failedRefund() checkout.Placed {
	b.t.Helper()
	placed := b.paid()
	b.refund(placed, `{"amount": {"amount": 1000, "currency": "USD"}, "reason": "broken"}`).want(201)
	b.work()
	if err := b.server.FailRefunds(b.t.Context(), placed.Payment.ID); err != nil {
		b.t.Fatal(err)
	}
	b.work()
	b.books(map[ledger.AccountKey]int64{{Kind: ledger.BuyerPayable}: -1000})
	b.sound()
	return placed
}

func TestARefundThatFailedIsToldAgain(t *testing.T) {
	t.Parallel()
	everyBooks(t, func(b *books) {
		placed := b.failedRefund()
		e := b.exception(payments.ExceptionReturned)
		b.wantFixes(e, checkout.LookAgain, checkout.Retry, checkout.ByHand, checkout.Dismiss)
		for range 2 {
			b.fix(e, `{"action": "retry"}`).want(200, `"state":"resolved"`)
		}
		b.fix(e, `{"action": "by_hand"}`).want(409, "exception_resolved")
		b.work()
		if p := b.show(placed).Payments[0]; p.Refunded != usd(1000) || !p.Refunding.IsZero() {
			b.t.Errorf("%s was given back, %s is on its way", p.Refunded, p.Refunding)
		}
		b.books(map[ledger.AccountKey]int64{{Kind: ledger.BuyerPayable}: 0})
		b.refund(placed, `{"amount": {"amount": 2500, "currency": "USD"}, "reason": "the rest"}`).want(201) // what failed takes nothing from it
		b.work()
		b.wantOrder(placed, orders.StatusConfirmed, orders.PaymentRefunded)
		b.compare()
		b.wantExceptions()
		b.sound()
	})
}

func TestARefundThatFailedIsGivenBackByHand(t *testing.T) {
	t.Parallel()
	everyBooks(t, func(b *books) {
		b.failedRefund()
		e := b.exception(payments.ExceptionReturned)
		b.call("staff", "POST", "/admin/reconciliation/"+e.ID.String()+"/fix", `{"action": "by_hand"}`, "X-Stale", "yes").want(403, "step_up_required")
		b.fix(e, `{"action": "store_credit"}`).want(409, "fix_not_possible") // of a guest
		for range 2 {
			b.fix(e, `{"action": "by_hand", "reason": "wired"}`).want(200, `"action":"by_hand"`)
		}
		b.books(map[ledger.AccountKey]int64{{Kind: ledger.BuyerPayable}: 0, {Kind: ledger.Bank}: -1000, {Kind: ledger.Clearing, Party: b.method}: b.server.Books().Balance("USD").Minor})
		b.wantExceptions()
		b.sound()
	})
}

func TestARefundThatFailedBecomesStoreCredit(t *testing.T) {
	t.Parallel()
	everyBooks(t, func(b *books) {
		u := b.customer()
		placed := decode[checkout.Placed](b.checkout(u.String(), b.fill(u.String(), 3, b.sell(goods{})), b.method).want(201))
		b.pays(placed, fakes.Pays)
		b.work()
		b.refund(placed, `{"amount": {"amount": 1000, "currency": "USD"}, "reason": "broken"}`).want(201)
		b.work()
		if err := b.server.FailRefunds(b.t.Context(), placed.Payment.ID); err != nil {
			b.t.Fatal(err)
		}
		b.work()
		b.fix(b.exception(payments.ExceptionReturned), `{"action": "store_credit"}`).want(200, `"state":"resolved"`)
		if b.storeCredit(u) != 1000 {
			b.t.Errorf("%d of store credit", b.storeCredit(u))
		}
		b.books(map[ledger.AccountKey]int64{{Kind: ledger.BuyerPayable}: 0, {Kind: ledger.StoreCreditLiability}: -1000})
		b.sound()
	})
}

// Money that went back in the provider's console is booked as what it was for,
// and nobody pays it a second time.
func TestARefundOfTheConsoleIsBooked(t *testing.T) {
	t.Parallel()
	everyBooks(t, func(b *books) {
		placed := b.paid()
		if err := b.server.RefundHere(b.t.Context(), placed.Payment.ID, usd(1000)); err != nil {
			b.t.Fatal(err)
		}
		b.work()
		b.books(map[ledger.AccountKey]int64{{Kind: ledger.BuyerPayable}: 1000})
		b.sound()
		e := b.exception(payments.ExceptionOutside)
		b.wantFixes(e, checkout.LookAgain, checkout.BookRefund, checkout.Dismiss)
		b.fix(e, `{"action": "look_again"}`).want(200, `"state":"open"`)
		b.fix(e, `{"action": "book_refund"}`).want(422)
		b.fix(e, `{"action": "book_refund", "reason": "late", "shipping": true}`).want(409, "refund_differs")
		line := placed.Order.Items[0].ID
		for range 2 {
			b.fix(e, fmt.Sprintf(`{"action": "book_refund", "reason": "broken", "lines": [{"order_line_id": %q, "quantity": 1}]}`, line)).want(200, `"state":"resolved"`)
		}
		b.work()
		got := b.wantOrder(placed, orders.StatusConfirmed, orders.PaymentPartiallyRefunded)
		if len(got.Refunds) != 1 || got.Refunds[0].Amount != usd(1000) || got.Payments[0].Refunded != usd(1000) {
			b.t.Errorf("%+v %+v", got.Refunds, got.Payments)
		}
		b.books(map[ledger.AccountKey]int64{{Kind: ledger.BuyerPayable}: 0})
		b.wantExceptions()
		b.sound()
	})
}

// What a provider has refused and somebody has then done in its console is
// settled by looking again: nothing is owed any more, and nothing went back that
// nobody has decided on.
func TestARefusedRefundThatWasDoneInTheConsole(t *testing.T) {
	t.Parallel()
	everyBooks(t, func(b *books) {
		placed := b.paid()
		b.refund(placed, `{"amount": {"amount": 1000, "currency": "USD"}, "reason": "broken"}`).want(201)
		b.refuse(placed)
		b.wantExceptions("refused")
		b.wantFixes(b.exception(payments.ExceptionRefused), checkout.LookAgain, checkout.Retry, checkout.ByHand, checkout.Dismiss)
		b.sound()
		if err := b.server.RefundHere(b.t.Context(), placed.Payment.ID, usd(1000)); err != nil {
			b.t.Fatal(err)
		}
		b.work()
		e := b.exception(payments.ExceptionRefused)
		b.wantFixes(e, checkout.LookAgain, checkout.Dismiss)
		b.fix(e, `{"action": "look_again"}`).want(200, `"state":"resolved"`)
		b.fix(b.exception(payments.ExceptionOutside), `{"action": "look_again"}`).want(200, `"state":"resolved"`)
		b.books(map[ledger.AccountKey]int64{{Kind: ledger.BuyerPayable}: 0})
		b.wantExceptions()
		b.sound()
	})
}

// refuse has the provider say no to what is due of a payment.
func (b *books) refuse(placed checkout.Placed) {
	b.t.Helper()
	told, err := payments.InstructionsOf(b.t.Context(), b.db, placed.Payment.ID)
	if err != nil {
		b.t.Fatal(err)
	}
	no := b.flow.Payments.Providers
	at := slices.IndexFunc(no, func(p payments.Provider) bool { return p.Method() == b.method })
	no[at] = refusing{b.provider}
	for _, i := range told {
		if i.State == payments.InstructionPending {
			if err := b.flow.Carry(b.t.Context(), payments.InstructionDue{InstructionID: i.ID}); err != nil {
				b.t.Fatal(err)
			}
		}
	}
	no[at] = b.provider
}

// refusing is a provider whose account may not move money today.
type refusing struct{ *told }

func (refusing) Capture(context.Context, payments.Move) (payments.Fact, error) {
	return payments.Fact{}, payments.ErrBeyond
}

func (refusing) Refund(context.Context, payments.Move) (payments.Fact, error) {
	return payments.Fact{}, payments.ErrBeyond
}

// A capture that is refused when the parcel has left is shown once, and not asked
// for until somebody says so.
func TestARefusedCapture(t *testing.T) {
	t.Parallel()
	everyBooks(t, func(b *books) {
		placed := b.promised()
		b.shipPart(placed, 0)
		b.refuse(placed)
		b.work()
		b.wantOrder(placed, orders.StatusConfirmed, orders.PaymentAuthorized)
		b.sound()
		e := b.exception(payments.ExceptionRefused)
		b.wantFixes(e, checkout.LookAgain, checkout.Retry, checkout.Dismiss)
		b.fix(e, `{"action": "look_again"}`).want(200, `"state":"open"`)
		b.fix(e, `{"action": "retry"}`).want(200, `"state":"resolved"`)
		b.work()
		b.shipPart(placed, 1)
		b.work()
		b.wantOrder(placed, orders.StatusShipped, orders.PaymentPaid)
		b.wantExceptions()
		b.sound()
		unpaidComesBack(b)
	})
}

// unpaidComesBack has parcels come back whose money was not taken: nobody owes it
// any more, and what was promised for it is let go.
func unpaidComesBack(b *books) {
	b.t.Helper()
	dismiss := func() {
		b.t.Helper()
		b.fix(b.exception(payments.ExceptionRefused), `{"action": "dismiss", "reason": "it came back"}`).want(200)
	}
	back := func(p checkout.Placed) {
		b.t.Helper()
		part := b.show(p).Parts[0]
		b.shop.comesBack("", part.Shipments...)
		b.sound()
		if got := b.show(p).Parts[0].Status; got != orders.PartRefused || b.left(part.Items[0].Variant) != 10 {
			b.t.Errorf("the part is %s, %d are left", got, b.left(part.Items[0].Variant))
		}
		b.work()
		b.sound()
	}

	one := b.promised() // of two parts
	kept := one.Order.GrandTotal.Minus(b.shipPart(one, 0))
	b.refuse(one)
	if b.provider.Captures() == payments.CapturesWhole { // which cannot give up a part of it
		parcel := b.show(one).Parts[0].Shipments[0].ID.String()
		b.call("staff", "POST", "/admin/shipments/"+parcel+"/events", `{"status": "returned"}`).want(409)
		b.fix(b.exception(payments.ExceptionRefused), `{"action": "retry"}`).want(200)
		b.work()
		b.wantOrder(one, orders.StatusConfirmed, orders.PaymentPaid)
	} else {
		back(one)
		dismiss()
		b.shipPart(one, 1)
		b.work()
		b.wantOrder(one, orders.StatusShipped, orders.PaymentPaid)
		b.wantPayment(one, payments.Captured, kept.Minor, one.Order.GrandTotal.Minor-kept.Minor, 0)
	}

	for _, refused := range []bool{true, false} { // or on its way
		all := b.begun()
		b.pays(all, fakes.Pays)
		b.work()
		b.shipPart(all, 0)
		if refused {
			b.refuse(all)
		}
		back(all)
		if refused {
			dismiss()
		}
		b.wantOrder(all, orders.StatusReturned, orders.PaymentVoided)
		b.wantPayment(all, payments.Voided, 0, all.Order.GrandTotal.Minor, 0)
	}

	if b.provider.Captures() == payments.CapturesSeveral { // what was taken ahead goes back
		some := b.begun()
		b.pays(some, fakes.Pays)
		b.work()
		b.takesAhead(some, 1000)
		b.shipPart(some, 0)
		b.refuse(some)
		back(some)
		dismiss()
		b.wantTold(some, 1000)
		b.wantOrder(some, orders.StatusReturned, orders.PaymentVoided)
		b.wantPayment(some, payments.Captured, 1000, some.Order.GrandTotal.Minor-1000, 1000)
	}
	b.wantExceptions()
}

// A notice of a payment of ours of which its provider does not tell for a day is
// not one of a payment that nobody knows.
func TestANoticeOfAPaymentThatTheProviderDoesNotTellOf(t *testing.T) {
	t.Parallel()
	everyBooks(t, func(b *books) {
		placed := b.paid()
		b.exec(`DELETE FROM webhook_inbox WHERE id <> (SELECT id FROM webhook_inbox ORDER BY id LIMIT 1)`, nil)
		b.exec(`UPDATE webhook_inbox SET state = 'due', due_at = now(), received_at = received_at - interval '25 hours'`, nil)
		b.faults.Plan("look", slices.Repeat([]fakes.Fault{fakes.Down}, 50)...)
		if err := b.flow.HearDue(b.t.Context()); err != nil {
			b.t.Fatal(err)
		}
		b.wantExceptions("unconfirmed")
		e := b.exception(payments.ExceptionUnread)
		b.wantFixes(e, checkout.LookAgain, checkout.Dismiss)
		if e.Payment != placed.Payment.ID || e.Order != placed.Order.ID {
			b.t.Errorf("it is about %+v", e.Exception)
		}
		b.faults.Plan("look")
		b.fix(e, `{"action": "look_again"}`).want(200, `"state":"resolved"`)
		b.sound()
	})
}

// What went back in the console while a refund of ours was not answered is booked
// when it is, however old the payment.
func TestARefundInTheConsoleWaitsForOurs(t *testing.T) {
	t.Parallel()
	for _, refused := range []bool{false, true} {
		everyBooks(t, func(b *books) {
			placed := b.paid()
			b.exec(`UPDATE payments SET look_at = NULL, created_at = created_at - interval '10 days'`, nil)
			lost := slices.Repeat([]fakes.Manner{fakes.Lost}, 20)
			b.postman.Plan(lost...)
			b.faults.Plan("refund", fakes.Down, fakes.Down)
			b.refund(placed, `{"amount": {"amount": 1000, "currency": "USD"}, "reason": "broken"}`).want(201)
			if err := b.flow.CarryDue(t.Context()); err != nil {
				t.Fatal(err)
			}
			b.postman.Plan()
			if err := b.server.RefundHere(t.Context(), placed.Payment.ID, usd(500)); err != nil {
				t.Fatal(err)
			}
			if err := b.flow.HearDue(t.Context()); err != nil {
				t.Fatal(err)
			}
			b.wantExceptions()
			b.postman.Plan(lost...)
			b.exec(`UPDATE payments SET look_at = NULL`, nil)
			b.exec(`UPDATE payment_instructions SET due_at = now() WHERE state = 'due'`, nil)
			if refused {
				b.refuse(placed)
				b.wantExceptions("refund_outside", "refused")
			} else {
				b.work()
				b.wantExceptions("refund_outside")
			}
			b.sound()
		})
	}
}

// What went back in the console went back of one capture: the others have the rest.
func TestRefundsFollowWhatTheConsoleGaveBack(t *testing.T) {
	t.Parallel()
	b := booksOf(openOnline(t, "paypal"))
	twice := func() checkout.Placed {
		placed := b.promised()
		for _, body := range []string{`{"amount": {"amount": 1000, "currency": "USD"}}`, ""} {
			b.call("staff", "POST", "/admin/payments/"+placed.Payment.ID.String()+"/capture", body, "Idempotency-Key", fmt.Sprint(placed.Order.Number, len(body))).want(200)
			b.work()
		}
		b.wantPayment(placed, payments.Captured, 7000, 0, 0)
		return placed
	}
	console := func(placed checkout.Placed, minor int64) {
		if err := b.server.RefundHere(t.Context(), placed.Payment.ID, usd(minor)); err != nil {
			t.Fatal(err)
		}
		b.work()
	}
	refund := func(placed checkout.Placed, minor int64) {
		b.refund(placed, fmt.Sprintf(`{"amount": {"amount": %d, "currency": "USD"}, "reason": "broken"}`, minor)).want(201)
		b.work()
	}
	book := func() {
		b.fix(b.exception(payments.ExceptionOutside), `{"action": "book_refund", "reason": "given in the console"}`).want(200, `"state":"resolved"`)
	}
	allBack := func(placed checkout.Placed) {
		b.wantOrder(placed, orders.StatusConfirmed, orders.PaymentRefunded)
		b.wantPayment(placed, payments.Captured, 7000, 0, 7000)
		b.wantExceptions()
		b.sound()
	}

	placed := twice()
	console(placed, 5000) // of the second, which has so much
	book()
	refund(placed, 2000)
	allBack(placed)

	placed = twice()
	console(placed, 1000) // all of the first
	refund(placed, 6000)  // and this is what it was of, as far as it is refused
	for _, kind := range []payments.ExceptionKind{payments.ExceptionOutside, payments.ExceptionRefused} {
		b.fix(b.exception(kind), `{"action": "look_again"}`).want(200, `"state":"resolved"`)
	}
	refund(placed, 1000)
	b.fix(b.exception(payments.ExceptionRefused), `{"action": "retry"}`).want(200)
	b.work()
	allBack(placed)
}

func TestDismissingWantsAReason(t *testing.T) {
	t.Parallel()
	everyBooks(t, func(b *books) {
		b.failedRefund()
		e := b.exception(payments.ExceptionReturned)
		b.fix(e, `{"action": "dismiss"}`).want(422)
		b.fix(e, `{"action": "dismiss", "reason": "the buyer waives it"}`).want(200, `"state":"resolved"`, "waives")
		b.sound()
	})
}

// A night compares each account once, catches up with those that were missed,
// and is repeated when somebody died over it.
func TestNights(t *testing.T) {
	t.Parallel()
	everyBooks(t, func(b *books) {
		b.reconciler.Clock = clock.At(time.Date(2050, 3, 10, 12, 0, 0, 0, time.UTC))
		night := func() (due []reconcile.NightDue) {
			b.t.Helper()
			before := b.count(`SELECT count(*)::int FROM events`, nil)
			if err := b.reconciler.Nights(b.t.Context()); err != nil {
				b.t.Fatal(err)
			}
			texts, err := postgres.Column[json.RawMessage](b.t.Context(), b.db, `SELECT data FROM events WHERE name = 'reconcile.night_due' ORDER BY seq`, nil)
			if err != nil {
				b.t.Fatal(err)
			}
			for _, text := range texts[len(texts)-(b.count(`SELECT count(*)::int FROM events`, nil)-before):] {
				var e reconcile.NightDue
				if err := json.Unmarshal(text, &e); err != nil {
					b.t.Fatal(err)
				}
				due = append(due, e)
			}
			return due
		}
		day := func(n int) time.Time { return time.Date(2050, 3, n, 0, 0, 0, 0, time.UTC) }
		first := night()
		if len(first) != 1 || !first[0].From.Equal(day(7)) || !first[0].Until.Equal(day(10)) {
			b.t.Fatalf("%+v", first)
		}
		if again := night(); len(again) != 0 {
			b.t.Errorf("somebody is at it, and it is begun again: %+v", again)
		}
		b.exec(`UPDATE reconciliation_places SET asked_at = now() - interval '2 hours'`, nil) // who is at it tries again by themselves
		if again := night(); len(again) != 0 {
			b.t.Errorf("%+v", again)
		}
		b.exec(`UPDATE reconciliation_places SET asked_at = now() - interval '1 day'`, nil) // who was at it is dead
		if again := night(); len(again) != 1 || again[0] != first[0] {
			b.t.Errorf("%+v", again)
		}
		for range 2 {
			if err := b.reconciler.Night(b.t.Context(), first[0]); err != nil {
				b.t.Fatal(err)
			}
			if n := b.count(`SELECT count(*)::int FROM reconciliations`, nil); n != 1 {
				b.t.Errorf("compared %d times", n)
			}
		}
		b.exec(`UPDATE reconciliation_places SET asked_at = now() - interval '1 day'`, nil)
		if again := night(); len(again) != 0 {
			b.t.Errorf("%+v", again)
		}
		b.reconciler.Clock = clock.At(time.Date(2050, 3, 20, 3, 0, 0, 0, time.UTC)) // the 19th is not to be compared yet
		if late := night(); len(late) != 1 || !late[0].From.Equal(day(8)) || !late[0].Until.Equal(day(19)) {
			b.t.Errorf("%+v", late)
		}

		// Money still moves where a provider was switched off.
		for n, since := range []string{"2050-03-01", "2049-12-01"} {
			b.exec(`UPDATE payment_accounts SET enabled = false, updated_at = @since::timestamptz`, pgx.NamedArgs{"since": since})
			b.exec(`UPDATE reconciliation_places SET asked_at = now() - interval '1 day'`, nil)
			b.clock.Advance(2 * time.Second) // an account is remembered for one
			if due := night(); len(due) != 1-n {
				b.t.Errorf("switched off on %s: %+v", since, due)
			}
		}
	})
}

func TestAFileIsComparedWithoutAsking(t *testing.T) {
	t.Parallel()
	everyBooks(t, func(b *books) {
		b.paid()
		now := b.clock.Now().Add(time.Second)
		list, err := b.provider.Statement(b.t.Context(), now.Add(-time.Hour), now.Add(time.Second))
		if err != nil {
			b.t.Fatal(err)
		}
		list[0].Amount = money.Of(list[0].Amount.Minor-1, "USD")
		all := reconcile.Span{From: now.Add(-24 * time.Hour), Until: now.Add(24 * time.Hour)}
		p := reconcile.Period{Provider: b.method, Source: reconcile.File, From: all.From, Until: all.Until, File: list, Full: all}
		run, err := b.reconciler.Run(b.t.Context(), p)
		if err != nil || run.Found != 1 {
			b.t.Errorf("%+v, %v", run, err)
		}
		b.wantExceptions("mismatch")
		p.File = nil
		if run, err = b.reconciler.Run(b.t.Context(), p); err != nil || run.Found != 1 || run.Resolved != 1 {
			b.t.Errorf("%+v, %v", run, err)
		}
		b.wantExceptions("missing_there")
	})
}

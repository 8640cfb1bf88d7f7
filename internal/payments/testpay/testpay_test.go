package testpay

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/clock"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/payments/conform"
	"souk/internal/payments/fakes"
	"souk/internal/platform/outbound"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// bank is the provider with what a fake can do besides: its buyers, and what
// happens without the shop. Its network is the database.
type bank struct {
	shop   network
	t      *testing.T
	tx     pgx.Tx
	clock  *clock.Manual
	faults *fakes.Faults
}

var _ fakes.Server = &bank{}

func open(t *testing.T) *bank {
	t.Helper()
	b := &bank{t: t, tx: pgtest.Tx(t), clock: clock.At(time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)), faults: &fakes.Faults{}}
	b.exec(`INSERT INTO payment_accounts (provider, enabled, base_url) VALUES ('test', true, '')`)
	b.shop = network{&Provider{
		DB: faulty{b.tx, b.faults}, Clock: b.clock, BaseURL: "https://shop.example",
		Accounts: &payments.Accounts{DB: b.tx, Clock: b.clock, Outbound: outbound.New(false)},
	}}
	return b
}

func (b *bank) exec(sql string) {
	b.t.Helper()
	if _, err := b.tx.Exec(b.t.Context(), sql); err != nil {
		b.t.Fatal(err)
	}
	b.clock.Advance(2 * time.Second) // so that the account is read anew
}

// faulty is a database whose transactions go wrong as planned for the operation
// of their context.
type faulty struct {
	pgx.Tx
	faults *fakes.Faults
}

type operation struct{}

var errNetwork = errors.New("the network is down")

func (f faulty) Begin(ctx context.Context) (pgx.Tx, error) {
	name, _ := ctx.Value(operation{}).(string)
	fault := f.faults.Next(name)
	if fault == fakes.Down {
		return nil, errNetwork
	}
	tx, err := f.Tx.Begin(ctx)
	if err != nil || fault == fakes.None {
		return tx, err
	}
	return unanswered{tx}, nil
}

// unanswered commits, and says nothing of it.
type unanswered struct{ pgx.Tx }

func (u unanswered) Commit(ctx context.Context) error {
	return errors.Join(u.Tx.Commit(ctx), errNetwork)
}

// network is the provider, of whose calls some are not answered.
type network struct{ *Provider }

func (n network) Start(ctx context.Context, s payments.Start) (payments.Begun, error) {
	return n.Provider.Start(context.WithValue(ctx, operation{}, "start"), s)
}

func (n network) Capture(ctx context.Context, m payments.Move) (payments.Fact, error) {
	return n.Provider.Capture(context.WithValue(ctx, operation{}, "capture"), m)
}

func (n network) Refund(ctx context.Context, m payments.Move) (payments.Fact, error) {
	return n.Provider.Refund(context.WithValue(ctx, operation{}, "refund"), m)
}

func (n network) Contest(ctx context.Context, r payments.Response) error {
	return n.Provider.Contest(context.WithValue(ctx, operation{}, "answer"), r)
}

func (n network) Concede(ctx context.Context, r payments.Response) error {
	return n.Provider.Concede(context.WithValue(ctx, operation{}, "answer"), r)
}

func (b *bank) Method() string { return Method }

func (b *bank) Handler() http.Handler { return http.NotFoundHandler() }

func (b *bank) Fields() map[string]string { return nil }

// Books are what the table has, as a book.
func (b *bank) Books() *fakes.Book {
	book := &fakes.Book{Clock: b.clock}
	list, err := b.shop.Statement(b.t.Context(), time.Time{}, b.clock.Now().Add(time.Hour))
	if err != nil {
		b.t.Fatal(err)
	}
	for _, m := range list {
		payment, err := id.Parse[id.Payment](m.Payment)
		if err != nil {
			b.t.Fatal(err)
		}
		book.Write(fakes.Entry{Kind: m.Kind, Ref: m.Ref, Payment: payment, Amount: m.Amount, Fee: m.Fee})
	}
	return book
}

func (b *bank) Pay(ctx context.Context, payment id.Payment, o fakes.Outcome) error {
	card := map[fakes.Outcome]string{
		fakes.Pays: Pays, fakes.Declined: "declined", fakes.PaysLater: Later,
	}[o]
	switch {
	case o == fakes.Abandons:
		return nil
	case card != "":
		return b.shop.Choose(ctx, payment, card)
	}
	return postgres.InTx(ctx, b.tx, func(tx pgx.Tx) error {
		v, err := lockVisit(ctx, tx, payment)
		if err != nil {
			return err
		}
		amount := v.Amount
		if o == fakes.WrongAmount {
			amount.Minor--
		} else {
			amount.Currency = "CHF"
		}
		return b.shop.pay(ctx, tx, v, amount, b.clock.Now())
	})
}

// Late has nothing to do: it happens by itself.
func (b *bank) Late(context.Context, id.Payment) error { return nil }

func (b *bank) Return(payment id.Payment) map[string]string {
	return map[string]string{returned: payment.String()}
}

// write adds an entry that answers the last one of a kind, under the same name or
// a new one.
func (b *bank) write(ctx context.Context, payment id.Payment, last, kind payments.Kind, amount func(money.Amount) money.Amount) error {
	list, err := b.shop.past(ctx, b.tx, payment)
	if err != nil {
		return err
	}
	for _, e := range list {
		if e.Kind == last {
			ref := e.Ref
			if last == payments.Capture {
				ref = newRef()
			}
			return postgres.InTx(ctx, b.tx, func(tx pgx.Tx) error {
				return insertEntry(ctx, tx, entry{Payment: payment, Kind: kind, Ref: ref, Amount: amount(e.Amount), At: b.clock.Now()})
			})
		}
	}
	return errors.New("there is no " + string(last))
}

func whole(a money.Amount) money.Amount { return a }

func (b *bank) RefundHere(ctx context.Context, payment id.Payment, amount money.Amount) error {
	return b.write(ctx, payment, payments.Capture, payments.Refund, func(money.Amount) money.Amount { return amount })
}

func (b *bank) FailRefunds(ctx context.Context, payment id.Payment) error {
	return b.write(ctx, payment, payments.Refund, payments.RefundFailed, whole)
}

func (b *bank) Dispute(ctx context.Context, payment id.Payment) error {
	return b.write(ctx, payment, payments.Capture, payments.Chargeback, whole)
}

func (b *bank) Answers(payment id.Payment) (said []string) {
	list, err := b.shop.past(b.t.Context(), b.tx, payment)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, e := range list {
		if e.Kind == contested {
			said = append(said, e.Note)
		}
	}
	return said
}

func (b *bank) Decide(ctx context.Context, payment id.Payment, won bool) error {
	if won {
		return b.write(ctx, payment, payments.Chargeback, payments.ChargebackReversed, whole)
	}
	return b.write(ctx, payment, payments.Chargeback, lost, func(a money.Amount) money.Amount { return money.Zero(a.Currency) })
}

func TestConformance(t *testing.T) {
	conform.Run(t, func(t *testing.T) conform.Bench {
		b := open(t)
		return conform.Bench{
			Provider: b.shop, Server: b, Faults: b.faults, Postman: &fakes.Postman{}, Clock: b.clock, Closes: true, Silent: true,
			Capture: func(when payments.CaptureWhen) {
				b.exec(`UPDATE payment_accounts SET capture = '` + string(when) + `'`)
			},
			Amounts:    []money.Amount{money.Of(1_999, "USD"), money.Of(1, "EUR"), money.Of(1_250, "JPY"), money.Of(12_341, "KWD")},
			Impossible: []money.Amount{money.Of(0, "USD"), money.Of(-1, "USD")},
		}
	})
}

func (b *bank) begin(when payments.CaptureWhen) payments.Known {
	b.t.Helper()
	s := payments.Start{
		Payment: id.New[id.Payment](), Number: "S-2026-00042", Amount: money.Of(1_999, "USD"), Capture: when, ReturnURL: "https://shop.example/return?a=b",
	}
	begun, err := b.shop.Start(b.t.Context(), s)
	if err != nil || begun.Next.URL != "https://shop.example/pay/test/"+s.Payment.String() {
		b.t.Fatalf("begun as %+v, %v", begun, err)
	}
	return payments.Known{Payment: s.Payment, Ref: begun.Ref, Amount: s.Amount}
}

func (b *bank) kinds(k payments.Known) (text string) {
	b.t.Helper()
	r, err := b.shop.Look(b.t.Context(), k)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, f := range r.Facts {
		text += string(f.Kind) + " "
	}
	for _, d := range r.Disputes {
		text += d.Status
	}
	return text
}

// Every card does what it says, when it says.
func TestCardsDoWhatTheySay(t *testing.T) {
	b := open(t)
	for card, want := range map[string][3]string{
		Pays:                 {"authorize capture ", "authorize capture ", "authorize capture "},
		"declined":           {"fail ", "fail ", "fail "},
		"insufficient_funds": {"fail ", "fail ", "fail "},
		Later:                {"", "authorize capture ", "authorize capture "},
		Disputed:             {"authorize capture ", "authorize capture chargeback needs_response", "authorize capture chargeback lost"},
	} {
		k := b.begin(payments.CaptureAutomatic)
		if err := b.shop.Choose(t.Context(), k.Payment, card); err != nil {
			t.Fatalf("%s: %v", card, err)
		}
		for i, told := range want {
			if got := b.kinds(k); got != told {
				t.Errorf("%s, %d minutes later, is %q, want %q", card, 2*i, got, told)
			}
			b.clock.Advance(slow)
		}
	}
	k := b.begin(payments.CaptureOnShipment)
	for _, card := range []string{Challenge, Disputed, "4242", ""} { // the page asks first; there is nothing to take back
		if err := b.shop.Choose(t.Context(), k.Payment, card); errs.KindOf(err) != errs.Invalid {
			t.Errorf("a card called %q: %v", card, err)
		}
	}
}

// Who has paid, or is about to, cannot pay once more; nobody pays what was closed.
func TestAPageIsPaidOnce(t *testing.T) {
	b := open(t)
	for _, card := range []string{Pays, Later} {
		k := b.begin(payments.CaptureOnShipment)
		if err := b.shop.Choose(t.Context(), k.Payment, card); err != nil {
			t.Fatal(err)
		}
		if v, err := b.shop.Visit(t.Context(), k.Payment); err != nil || v.Open() || v.Back != "https://shop.example/return?a=b&test_payment="+k.Ref {
			t.Errorf("the page is %+v, %v", v, err)
		}
		if err := b.shop.Choose(t.Context(), k.Payment, Pays); errs.KindOf(err) != errs.Conflict {
			t.Errorf("%s, and then another: %v", card, err)
		}
	}
	if err := b.shop.Choose(t.Context(), id.New[id.Payment](), Pays); !errors.Is(err, payments.ErrNoPayment) {
		t.Errorf("a payment that nobody has begun: %v", err)
	}
}

// It is not offered by itself, and never as real.
func TestOfferedOnlyWhereItIsEnabled(t *testing.T) {
	b := open(t)
	offer := payments.Offer{Total: money.Of(1_999, "USD")}
	if err := b.shop.Offered(t.Context(), offer); err != nil {
		t.Errorf("enabled: %v", err)
	}
	for _, sql := range []string{`UPDATE payment_accounts SET live = true`, `UPDATE payment_accounts SET live = false, enabled = false`, `DELETE FROM payment_accounts`} {
		b.exec(sql)
		if err := b.shop.Offered(t.Context(), offer); !errors.Is(err, payments.ErrMethod) {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

// Package payments is the money of orders: what was authorised, taken and
// given back, and who moved it.
//
// Owns: payments and the append-only facts that their figures are the sums of;
// [Provider], what every way of paying can do, and [Online], what those can
// besides that have books of their own; the shop's [Accounts] there, what they
// are to be told ([Instruction]), what they tell ([Notice], the inbox), and what
// does not add up ([Exception]).
// Tables: payments, payment_events, payment_refs, payment_accounts,
// payment_instructions, payment_disputes, payment_exceptions, webhook_inbox,
// saved_methods, dropped_methods.
// Raises: [NoticeKept], [InstructionDue], [DisputeOpened], [DisputeDue], [SavedDropped]; the flow that records a fact raises the
// step of the order that the fact caused.
// Calls: nobody. Whoever records a capture also posts it to the ledger, in the
// same transaction (see checkout).
//
// # Facts
//
// A fact says that money moved in the world and names its cause: "placed", a
// vendor order, a provider's name for what it did. (payment, kind, cause) is unique, so a fact
// that is told twice counts once: [Record] answers the second time with what it
// knows and changes nothing.
package payments

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// Payments shows payments to staff and knows the ways to pay.
type Payments struct {
	DB        postgres.DB
	Providers []Provider
	Accounts  *Accounts // of those that are online
	BaseURL   string    // of the shop, for the addresses that providers call

	cursors httpapi.Cursors
}

// The methods of what the shop itself owes to buyers. Nobody chooses them at
// checkout: they stand in the cart and pay first, and one of [Payments.Providers]
// pays what is left.
const (
	GiftCard    = "gift_card"
	StoreCredit = "store_credit"
)

// IsCredit reports whether a payment was made with what the shop owes.
func (p Payment) IsCredit() bool { return p.Provider == GiftCard || p.Provider == StoreCredit }

// The rights of staff.
const (
	CanRead  auth.Permission = "payments.read"
	CanWrite auth.Permission = "payments.write"     // say that money has come, and settle what does not add up
	CanSetUp auth.Permission = "payments.providers" // the keys of providers
)

// Permissions lists what this module can permit.
func Permissions() []auth.Permission { return []auth.Permission{CanRead, CanWrite, CanSetUp} }

// BankTransfer is the method of payments that staff see and nobody else tells of.
const BankTransfer = "bank_transfer"

// Status is how far a payment has come.
type Status string

// The statuses of a payment.
const (
	Pending           Status = "pending"    // opened, nothing heard yet
	Processing        Status = "processing" // the provider is at it
	Authorized        Status = "authorized" // promised, not taken
	PartiallyCaptured Status = "partially_captured"
	Captured          Status = "captured" // all that is not given up was taken
	Failed            Status = "failed"
	Voided            Status = "voided" // given up untaken
)

// Payment is one way in which an order is paid, with the sums of its facts.
type Payment struct {
	ID          id.Payment   `db:"id" json:"id"`
	Order       id.Order     `db:"order_id" json:"order_id"`
	Provider    string       `db:"provider" json:"method"`
	ProviderRef string       `db:"provider_ref" json:"provider_ref,omitempty"`
	Status      Status       `db:"status" json:"status"`
	Amount      money.Amount `db:"amount" json:"amount"`
	Authorized  money.Amount `db:"authorized" json:"authorized"`
	Captured    money.Amount `db:"captured" json:"captured"`
	Voided      money.Amount `db:"voided" json:"voided"`
	Refunded    money.Amount `db:"refunded" json:"refunded"`
	Refunding   money.Amount `db:"refunding" json:"refunding" doc:"On its way back: the provider was told, or will be"`
	Owed        bool         `db:"owed" json:"owed,omitempty" doc:"It came for an order that was cancelled or paid already, so it goes back"`
	ReturnURL   string       `db:"return_url" json:"-"`
	Keeps       bool         `db:"keeps" json:"-"` // how it is paid is to be kept
	Away        bool         `db:"away" json:"-"`  // the buyer is not there: it is paid by what was kept
	CreatedAt   time.Time    `db:"created_at" json:"created_at"`
	UpdatedAt   time.Time    `db:"updated_at" json:"updated_at"`
}

// Held is what is promised on a payment and neither taken nor given up.
func (p Payment) Held() money.Amount { return p.Authorized.Minus(p.Captured).Minus(p.Voided) }

// Kind is what a fact says has happened.
type Kind string

// The kinds of fact.
const (
	Authorize  Kind = "authorize"
	Capture    Kind = "capture"
	Void       Kind = "void"
	Refund     Kind = "refund"
	Chargeback Kind = "chargeback"
	Fail       Kind = "fail"

	Fee                Kind = "fee"                 // the provider keeps it
	RefundFailed       Kind = "refund_failed"       // it was accepted, and came back
	ChargebackReversed Kind = "chargeback_reversed" // the dispute was won

	Contest Kind = "contest" // of instructions only: a dispute is answered with evidence
	Concede Kind = "concede" // of instructions only: a dispute is given up
)

// A Fact is something that happened to a payment. Its amount is nothing for a
// failure, and for the void of a payment that was never authorised.
type Fact struct {
	Payment id.Payment
	Kind    Kind
	Amount  money.Amount
	Cause   string // what in the world it records; it makes the fact count once
	Again   bool   // of a failure: the buyer may try again
	Taken   string // of a refund: the cause of the capture that it is of, where there can be several
}

// Event is a fact as it was recorded.
type Event struct {
	ID      id.PaymentEvent `db:"id" json:"id"`
	Payment id.Payment      `db:"payment_id" json:"payment_id"`
	Kind    Kind            `db:"kind" json:"kind"`
	Amount  money.Amount    `db:"amount" json:"amount"`
	Cause   string          `db:"cause" json:"cause"`
	Actor   string          `db:"actor" json:"actor"`
	At      time.Time       `db:"at" json:"at"`
}

var (
	// ErrNoPayment says that there is no such payment.
	ErrNoPayment = errs.New(errs.NotFound, "not_found", "There is no such payment.")
	// ErrBeyond says that a fact takes, gives up or gives back more than there is.
	ErrBeyond = errs.New(errs.Conflict, "payment_state", "The payment does not allow this: more would be moved than there is.")
	// ErrOtherFact says that a known cause came again with another amount.
	ErrOtherFact = errs.New(errs.Conflict, "payment_fact_differs", "This is recorded already, with another amount.")
	// ErrMismatch says that a fact is about another payment or currency.
	ErrMismatch = errs.New(errs.Conflict, "payment_mismatch", "This is about another payment or another currency.")
	// ErrMethod says that nobody can pay this way here.
	ErrMethod = errs.New(errs.Invalid, "payment_method_unavailable", "This way to pay is not offered for this order. Choose another.")
)

func init() {
	postgres.Name("payment_events_payment_id_currency_fkey", ErrMismatch)
	postgres.Name("payments_provider_ref_key", ErrMismatch)
}

// Opening is a payment to be.
type Opening struct {
	ID            id.Payment
	Order         id.Order
	Provider      string
	Amount        money.Amount
	AuthorizedNow bool // promised by the order itself, as cash on delivery is

	ReturnURL  string          // where the buyer comes back to
	Watched    bool            // the provider is asked about it when nothing is heard
	Keeps      bool            // how it is paid is to be kept for payments while the buyer is away
	Away       bool            // the buyer is away: it is paid by what was kept
	CapturedBy id.PaymentEvent // taken when it is placed, by the fact of this id; zero: not yet
}

// Open is the payment that an Opening becomes.
func (o Opening) Open(at time.Time) Payment {
	none := money.Zero(o.Amount.Currency)
	p := Payment{
		ID: o.ID, Order: o.Order, Provider: o.Provider, Status: Pending, Amount: o.Amount,
		Authorized: none, Captured: none, Voided: none, Refunded: none, Refunding: none, ReturnURL: o.ReturnURL, Keeps: o.Keeps, Away: o.Away, CreatedAt: at, UpdatedAt: at,
	}
	if o.AuthorizedNow {
		p.Status, p.Authorized = Authorized, o.Amount
	}
	if !o.CapturedBy.IsZero() {
		p.Status, p.Authorized, p.Captured = Captured, o.Amount, o.Amount
	}
	return p
}

// Record writes a fact down and moves the payment's figures. It reports false
// when the fact was known already; then nothing changes. The order of the
// payment is locked by the caller.
func Record(ctx context.Context, tx pgx.Tx, f Fact) (Event, bool, error) {
	event, fresh, err := record(ctx, tx, f)
	if err != nil {
		return Event{}, false, fmt.Errorf("%s payment %s: %w", f.Kind, f.Payment, err)
	}
	return event, fresh, nil
}

// Started says under which name the provider knows a payment from now on.
// Saying it twice changes nothing; another name is refused with [ErrMismatch].
func Started(ctx context.Context, tx pgx.Tx, payment id.Payment, ref string) error {
	if err := started(ctx, tx, payment, ref); err != nil {
		return fmt.Errorf("start payment %s: %w", payment, err)
	}
	return nil
}

// OfOrder lists the payments of an order, the oldest first.
func OfOrder(ctx context.Context, db postgres.DB, order id.Order) ([]Payment, error) {
	list, err := ofOrders(ctx, db, []id.Order{order})
	if err != nil {
		return nil, fmt.Errorf("read payments of order %s: %w", order, err)
	}
	return list, nil
}

// CapturedBy is how much the captures of one cause have taken for an order.
func CapturedBy(ctx context.Context, db postgres.DB, order id.Order, c money.Currency, cause string) (money.Amount, error) {
	minor, err := capturedBy(ctx, db, order, cause)
	if err != nil {
		return money.Amount{}, fmt.Errorf("look for money of order %s: %w", order, err)
	}
	return money.Of(minor, c), nil
}

// LiveOf is the payment of an order that money can still move on: gift cards and
// store credit have paid when it was placed, and what came on one that is owed back
// is not the order's. ErrNoPayment when there is none.
func LiveOf(ctx context.Context, db postgres.DB, order id.Order) (Payment, error) {
	p, err := liveOf(ctx, db, order)
	if err != nil {
		return Payment{}, fmt.Errorf("read payment of order %s: %w", order, err)
	}
	return p, nil
}

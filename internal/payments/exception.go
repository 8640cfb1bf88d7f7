package payments

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

// Exception is something that does not add up between a provider and us. It has
// changed nothing; a person must look.
type Exception struct {
	ID         id.Exception   `db:"id" json:"id"`
	Provider   string         `db:"provider" json:"provider"`
	Kind       ExceptionKind  `db:"kind" json:"kind"`
	Payment    id.Payment     `db:"payment_id" json:"payment_id,omitzero"`
	Order      id.Order       `db:"order_id" json:"order_id,omitzero"`
	Subject    string         `db:"subject" json:"subject" doc:"The provider's name for what it is about"`
	Detail     map[string]any `db:"detail" json:"detail"`
	State      string         `db:"state" json:"state" enum:"open,resolved"`
	Resolution string         `db:"resolution" json:"resolution,omitempty"`
	Action     string         `db:"action" json:"action,omitempty" doc:"What staff chose to do about it"`
	Settled    int64          `db:"settled_minor" json:"-"` // of what the buyer is owed, given otherwise than by the provider
	ResolvedBy string         `db:"resolved_by" json:"resolved_by,omitempty"`
	CreatedAt  time.Time      `db:"created_at" json:"created_at"`
	ResolvedAt *time.Time     `db:"resolved_at" json:"resolved_at,omitempty"`
}

// Amount is one that the detail tells of; nothing when it tells of none.
func (e Exception) Amount(name string) (a money.Amount, err error) {
	told, err := json.Marshal(e.Detail[name])
	if err == nil {
		err = json.Unmarshal(told, &a)
	}
	if err != nil {
		return a, fmt.Errorf("read %s of exception %s: %w", name, e.ID, err)
	}
	return a, nil
}

// ExceptionKind is what does not add up.
type ExceptionKind string

// The kinds of exception.
const (
	ExceptionMismatch ExceptionKind = "mismatch"        // a genuine fact with another amount, currency, account or payment
	ExceptionUnknown  ExceptionKind = "unknown_payment" // a notice of something that never turned up here
	ExceptionUnread   ExceptionKind = "unconfirmed"     // a notice of a payment that its provider does not tell of, or knows nothing of
	ExceptionNotice   ExceptionKind = "notice_differs"  // two notices of one name say different things
	ExceptionRefused  ExceptionKind = "refused"         // the provider does not do what it was told to
	ExceptionSilent   ExceptionKind = "no_answer"       // nobody knows for a day what has become of a call
	ExceptionLapsed   ExceptionKind = "lapsed"          // what was promised for a live order is not any more, and not paid
	ExceptionReturned ExceptionKind = "refund_failed"   // a refund that was accepted came back
	ExceptionOutside  ExceptionKind = "refund_outside"  // money went back that nobody here has decided on
	ExceptionByHand   ExceptionKind = "refund_by_hand"  // money that people have to send back themselves
	ExceptionDispute  ExceptionKind = "dispute"         // evidence is wanted
	ExceptionMissing  ExceptionKind = "missing_here"    // the provider's books have it, ours do not
	ExceptionExtra    ExceptionKind = "missing_there"   // ours have it, the provider's do not
	ExceptionBalance  ExceptionKind = "balance"         // the sums differ
)

// Members of an exception's detail that say which fact it is about: its kind, the
// provider's name for it, and when it was booked, which those have that a
// comparison of books has found.
const (
	DetailFact   = "fact"
	DetailRef    = "reference"
	DetailBooked = "booked_at"
)

// ErrNoException says that there is no such exception.
var ErrNoException = errs.New(errs.NotFound, "not_found", "There is no such exception.")

// Except shows something to staff: once, as long as it is open, and not again when
// they have dismissed it.
func Except(ctx context.Context, tx pgx.Tx, e Exception) error {
	e.ID = id.New[id.Exception]()
	if e.Detail == nil {
		e.Detail = map[string]any{}
	}
	detail, err := json.Marshal(e.Detail)
	if err != nil {
		return fmt.Errorf("write exception %s of %s: %w", e.Kind, e.Subject, err)
	}
	n, err := insertException(ctx, tx, e, detail)
	if err != nil {
		return fmt.Errorf("show exception %s of %s: %w", e.Kind, e.Subject, err)
	}
	if n == 0 {
		return nil
	}
	return events.Raise(ctx, tx, ExceptionFound{e.ID})
}

// ReadException reads an exception; ErrNoException when there is none.
func ReadException(ctx context.Context, db postgres.DB, which id.Exception) (Exception, error) {
	return found(readException(ctx, db, which))
}

// LockException reads an exception to resolve it.
func LockException(ctx context.Context, tx pgx.Tx, which id.Exception) (Exception, error) {
	return found(lockException(ctx, tx, which))
}

func found(e Exception, err error) (Exception, error) {
	if errors.Is(err, postgres.ErrNoRow) {
		return Exception{}, ErrNoException
	}
	return e, err
}

// OpenExceptions lists what is open of a provider, or of all when it is "", the
// oldest first.
func OpenExceptions(ctx context.Context, db postgres.DB, provider string) ([]Exception, error) {
	list, err := openExceptions(ctx, db, provider)
	if err != nil {
		return nil, fmt.Errorf("read open exceptions of %q: %w", provider, err)
	}
	return list, nil
}

// Attended closes what is open about a dispute: nobody has to look at it any more.
func Attended(ctx context.Context, tx pgx.Tx, provider, dispute, how string) error {
	if err := resolveAbout(ctx, tx, provider, ExceptionDispute, dispute, how, auth.From(ctx).Name()); err != nil {
		return fmt.Errorf("resolve exception of dispute %s: %w", dispute, err)
	}
	return nil
}

// Resolve says how an exception was settled. One that is resolved stays as it is.
func Resolve(ctx context.Context, tx pgx.Tx, which id.Exception, how string) error {
	return Fixed(ctx, tx, which, "", how, money.Amount{})
}

// Fixed is Resolve by an action of the shop. Settled is what the buyer has
// got of what is owed to them by another way than the provider; see [Debt].
func Fixed(ctx context.Context, tx pgx.Tx, which id.Exception, action, how string, settled money.Amount) error {
	if err := resolveException(ctx, tx, which, action, how, auth.From(ctx).Name(), settled.Minor); err != nil {
		return fmt.Errorf("resolve exception %s: %w", which, err)
	}
	return nil
}

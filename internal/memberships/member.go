package memberships

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

// Live locks the membership that a user has, after the clock has had its say;
// [ErrNoMembership] where they have none.
func (m *Memberships) Live(ctx context.Context, tx pgx.Tx, user id.User) (Membership, time.Time, error) {
	is, now, err := m.find(ctx, tx, lockLive, pgx.NamedArgs{"user": user})
	if err != nil || now.Before(is.BenefitsUntil) || is.Status == Paused {
		return is, now, err
	}
	for is.Tick(now) == Changed { // it is over, and nobody has written that down
	}
	if err := m.Save(ctx, tx, &is); err != nil {
		return Membership{}, now, err
	}
	return Membership{}, now, ErrNoMembership
}

// Of is the latest membership of a user, live or not.
func (m *Memberships) Of(ctx context.Context, db postgres.DB, user id.User) (Membership, time.Time, error) {
	return m.find(ctx, db, selectLatest, pgx.NamedArgs{"user": user})
}

// Get reads one membership.
func (m *Memberships) Get(ctx context.Context, db postgres.DB, membership id.Membership) (Membership, error) {
	is, _, err := m.find(ctx, db, selectOne, pgx.NamedArgs{"id": membership})
	return is, err
}

// RenewalBy tells of whose membership the next period was ordered by an order; false
// where that is for something else.
func RenewalBy(ctx context.Context, db postgres.DB, order id.Order) (due RenewalDue, is bool, err error) {
	type row struct {
		Membership id.Membership `db:"membership_id"`
		User       id.User       `db:"user_id"`
	}
	found, err := postgres.Get[row](ctx, db, `
		SELECT r.membership_id, m.user_id FROM membership_renewals r JOIN memberships m ON m.id = r.membership_id WHERE r.order_id = @order`, pgx.NamedArgs{"order": order})
	switch {
	case errors.Is(err, postgres.ErrNoRow):
		return RenewalDue{}, false, nil
	case err != nil:
		return RenewalDue{}, false, fmt.Errorf("look for a renewal by order %s: %w", order, err)
	}
	return RenewalDue{MembershipID: found.Membership, UserID: found.User, OrderID: order}, true, nil
}

// Declined says once more that the next period is due, where an order is for one: the
// way to pay that its member keeps was declined.
func Declined(ctx context.Context, tx pgx.Tx, order id.Order) error {
	due, renewal, err := RenewalBy(ctx, tx, order)
	if err != nil || !renewal {
		return err
	}
	return events.Raise(ctx, tx, due)
}

// A Sale is a plan that a user has paid for.
type Sale struct {
	User  id.User
	Email string
	Purchase
}

// Extend gives a user what they have paid for: a membership, or more time of
// theirs. The caller sees to it that an order is told once, and the key of
// membership_periods stands behind it.
func (m *Memberships) Extend(ctx context.Context, tx pgx.Tx, sold Sale) error {
	is, now, err := m.Live(ctx, tx, sold.User)
	switch {
	case errors.Is(err, ErrNoMembership):
		if now.IsZero() {
			if now, err = databaseTime(ctx, tx); err != nil {
				return err
			}
		}
		is = Join(sold.User, m.Promotions.Customer(sold.Email), now, sold.Purchase)
		if is.Lead, err = m.lead(ctx); err != nil {
			return err
		}
		is.settle()
	case err != nil:
		return err
	default:
		is.Extend(now, sold.Purchase)
	}
	if err := m.Save(ctx, tx, &is); err != nil {
		return fmt.Errorf("extend the membership of user %s: %w", sold.User, err)
	}
	return nil
}

// Try begins the trial of a plan for somebody who was no member before.
func (m *Memberships) Try(ctx context.Context, tx pgx.Tx, sold Sale) (Membership, error) {
	customer := m.Promotions.Customer(sold.Email)
	known, err := met(ctx, tx, sold.User, customer)
	switch {
	case err != nil:
		return Membership{}, fmt.Errorf("look for memberships of user %s: %w", sold.User, err)
	case known || sold.Plan.TrialDays == 0:
		return Membership{}, ErrNoTrial
	}
	return m.begin(ctx, tx, func(now time.Time) Membership { return Try(sold.User, customer, now, sold.Purchase) })
}

// Give makes somebody a member until a day, for nothing.
func (m *Memberships) Give(ctx context.Context, tx pgx.Tx, to Sale, until time.Time, c money.Currency, reason string) (Membership, error) {
	switch _, _, err := m.Live(ctx, tx, to.User); {
	case err == nil:
		return Membership{}, ErrMember
	case !errors.Is(err, ErrNoMembership):
		return Membership{}, err
	}
	return m.begin(ctx, tx, func(now time.Time) Membership {
		return Grant(to.User, m.Promotions.Customer(to.Email), now, until, to.Plan, c, reason)
	})
}

func (m *Memberships) begin(ctx context.Context, tx pgx.Tx, made func(now time.Time) Membership) (Membership, error) {
	now, err := databaseTime(ctx, tx)
	if err != nil {
		return Membership{}, err
	}
	is := made(now)
	if is.Lead, err = m.lead(ctx); err != nil {
		return Membership{}, err
	}
	is.settle()
	return is, m.Save(ctx, tx, &is)
}

func (m *Memberships) lead(ctx context.Context) (time.Duration, error) {
	days, err := RenewDaysSetting.Get(ctx, m.Settings)
	return time.Duration(days) * 24 * time.Hour, err
}

func databaseTime(ctx context.Context, db postgres.DB) (time.Time, error) {
	now, err := postgres.Scalar[time.Time](ctx, db, `SELECT now() AS now`, nil)
	if err != nil {
		return now, fmt.Errorf("read the time: %w", err)
	}
	return now, nil
}

// Due locks a membership of which the clock wants something, and that nobody
// else has in hand; [ErrNoMembership] where none is left beside those named.
func (m *Memberships) Due(ctx context.Context, tx pgx.Tx, but []id.Membership) (Membership, time.Time, error) {
	if but == nil {
		but = []id.Membership{}
	}
	return m.find(ctx, tx, lockDue, pgx.NamedArgs{"but": but})
}

// Revoke ends the memberships that an order has paid for whose money has all
// gone back.
func (m *Memberships) Revoke(ctx context.Context, tx pgx.Tx, order id.Order) error {
	return m.paidBy(ctx, tx, order, (*Membership).Revoke)
}

// Withhold stops the memberships that an order has paid for while a dispute has
// taken its money.
func (m *Memberships) Withhold(ctx context.Context, tx pgx.Tx, order id.Order) error {
	return m.paidBy(ctx, tx, order, (*Membership).Withhold)
}

// GiveBack lets the memberships run on that were withheld for an order.
func (m *Memberships) GiveBack(ctx context.Context, tx pgx.Tx, order id.Order) error {
	return m.paidBy(ctx, tx, order, (*Membership).GiveBack)
}

// paidBy does something to the membership that an order has paid for, if there is
// one.
func (m *Memberships) paidBy(ctx context.Context, tx pgx.Tx, order id.Order, do func(*Membership, time.Time, id.Order) bool) error {
	is, now, err := m.find(ctx, tx, lockPaidBy, pgx.NamedArgs{"order": order})
	if errors.Is(err, ErrNoMembership) {
		return nil
	}
	if err != nil || !do(&is, now, order) {
		return err
	}
	return m.Save(ctx, tx, &is)
}

const lockPaidBy = `
	SELECT ` + columnsFragment + ` FROM memberships m
	WHERE m.id = (SELECT membership_id FROM membership_periods WHERE order_id = @order) FOR UPDATE`

// DropDowngrades tells who had chosen a plan for their next period that it is not
// offered any more, and keeps them with theirs. Whose next period is ordered already
// has it.
func (m *Memberships) DropDowngrades(ctx context.Context, e PlanArchived) error {
	for more := true; more; {
		err := postgres.InTx(ctx, m.DB, func(tx pgx.Tx) error {
			is, _, err := m.find(ctx, tx, lockDowngrade, pgx.NamedArgs{"plan": e.PlanID})
			if more = !errors.Is(err, ErrNoMembership); err != nil || !more {
				return err
			}
			is.DropDowngrade()
			return m.Save(ctx, tx, &is)
		})
		if err != nil && !errors.Is(err, ErrNoMembership) {
			return fmt.Errorf("drop downgrades to plan %s: %w", e.PlanID, err)
		}
	}
	return nil
}

const lockDowngrade = `
	SELECT ` + columnsFragment + ` FROM memberships m
	WHERE m.next_plan_id = @plan AND m.status NOT IN ('cancelled', 'lapsed')
	  AND NOT EXISTS (SELECT FROM membership_renewals r WHERE r.membership_id = m.id
	                  AND r.number > (SELECT max(number) FROM membership_periods WHERE membership_id = m.id))
	ORDER BY m.id LIMIT 1 FOR UPDATE`

// Forget ends the membership of a user who is erased, and forgets whose it was.
func (m *Memberships) Forget(ctx context.Context, tx pgx.Tx, user id.User) error {
	is, now, err := m.Live(ctx, tx, user)
	if err == nil {
		if err = is.CancelNow(now, "the account was erased"); err == nil {
			err = m.Save(ctx, tx, &is)
		}
	}
	if err != nil && !errors.Is(err, ErrNoMembership) {
		return err
	}
	_, err = postgres.Exec(ctx, tx, `UPDATE memberships SET billing_address = NULL, customer = NULL WHERE user_id = @user`, pgx.NamedArgs{"user": user})
	if err != nil {
		return fmt.Errorf("forget the memberships of user %s: %w", user, err)
	}
	return nil
}

package checkout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/memberships"
	"souk/internal/platform/postgres"
)

// retryRenewal is when a renewal that could not be ordered is tried again.
const retryRenewal = 24 * time.Hour

// Renew follows the deadlines of memberships: it orders the periods to come,
// reminds of those that were not paid for, and writes down what the clock has
// done. Each membership has its own transaction, and one that fails does not
// keep the others from theirs; several nodes may do it at once.
func (c *Checkout) Renew(ctx context.Context) error {
	ctx = asSystem(ctx, "renew")
	var failed []id.Membership
	var problems []error
	for {
		m, err := c.renewOne(ctx, failed)
		switch {
		case errors.Is(err, memberships.ErrNoMembership):
			return errors.Join(problems...)
		case ctx.Err() != nil, m.IsZero():
			return errors.Join(append(problems, err)...)
		case err != nil:
			failed, problems = append(failed, m), append(problems, fmt.Errorf("renew membership %s: %w", m, err))
		}
	}
}

// renewOne does what is due of one membership, after asking what it takes.
func (c *Checkout) renewOne(ctx context.Context, but []id.Membership) (which id.Membership, err error) {
	which, err = c.tryRenew(ctx, but)
	again, failed := c.askFirst(ctx, err)
	switch {
	case failed != nil:
		return which, failed
	case again != nil:
		return c.tryRenew(again, but)
	}
	return which, err
}

func (c *Checkout) tryRenew(ctx context.Context, but []id.Membership) (which id.Membership, err error) {
	err = postgres.InTx(ctx, c.DB, func(tx pgx.Tx) error {
		is, now, err := c.Memberships.Due(ctx, tx, but)
		if err != nil {
			return err
		}
		which = is.ID
		for turn := memberships.Changed; turn == memberships.Changed; {
			if turn = is.Tick(now); turn == memberships.Renew {
				return c.renew(ctx, tx, &is, now)
			}
		}
		if err := c.Memberships.Save(ctx, tx, &is); err != nil {
			return err
		}
		beforeRenew.Here()
		return nil
	})
	if err == nil {
		afterRenew.Here()
	}
	return which, err
}

// renew orders the next period of a membership that is locked. What cannot be
// ordered is told in its history, and tried again until it is over.
func (c *Checkout) renew(ctx context.Context, tx pgx.Tx, is *memberships.Membership, now time.Time) error {
	w, err := c.next(ctx, tx, is, now)
	if err != nil {
		return err
	}
	if w.Plan.Archived() && w.Plan.ID != is.Plan.ID { // its member has a day to say what they want instead
		is.DropDowngrade()
		is.PutOff(now.Add(retryRenewal), memberships.ErrPlanArchived.Code)
		return c.Memberships.Save(ctx, tx, is)
	}
	var placed Placed
	err = postgres.InTx(ctx, tx, func(tx pgx.Tx) (err error) {
		placed, err = c.order(ctx, tx, w)
		return err
	})
	refused := errs.Refusal(err)
	switch {
	case refused != nil:
		is.PutOff(now.Add(retryRenewal), refused.Code)
		err = c.Memberships.Save(ctx, tx, is)
	case err == nil:
		err = c.Memberships.Ordered(ctx, tx, is, placed.Order.ID)
	}
	if err == nil {
		beforeRenew.Here()
	}
	return err
}

// next is the period that a membership is to have next. Its order waits for the
// money as long as the membership does.
func (c *Checkout) next(ctx context.Context, tx pgx.Tx, is *memberships.Membership, now time.Time) (w wish, err error) {
	user, err := c.Carts.Users.Get(ctx, tx, is.User)
	if err != nil {
		return w, err
	}
	w = wish{is: is, now: now, away: true, currency: is.Currency, heldFor: max(is.BenefitsUntil.Sub(now), time.Minute)}
	w.User, w.Email, w.Method, w.Billing = user.ID, user.Email, is.Method, is.Billing
	w.Plan = is.Plan
	if is.Renews() != is.Plan.ID {
		w.Plan, err = c.Memberships.GetPlan(ctx, tx, is.Renews())
	}
	return w, err
}

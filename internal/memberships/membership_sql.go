package memberships

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

const columnsFragment = `
	m.id, m.user_id, m.customer, m.status, m.trialed, m.next_plan_id, m.ends_at, m.benefits_until, m.cancel_at_period_end, m.paused_at, m.paused_until, m.withheld_by,
	m.payment_method, m.currency, m.billing_address, m.reminded, m.retry_at, m.due_at, m.version, m.created_at`

const (
	selectLatest = `SELECT ` + columnsFragment + ` FROM memberships m WHERE m.user_id = @user ORDER BY m.status IN ('cancelled', 'lapsed'), m.id DESC LIMIT 1`
	lockLive     = `SELECT ` + columnsFragment + ` FROM memberships m WHERE m.user_id = @user AND m.status NOT IN ('cancelled', 'lapsed') FOR UPDATE`
	selectOne    = `SELECT ` + columnsFragment + ` FROM memberships m WHERE m.id = @id`
	lockOne      = selectOne + ` FOR UPDATE`
	lockDue      = `
		SELECT ` + columnsFragment + ` FROM memberships m
		WHERE m.due_at <= now() AND m.id <> ALL (@but::uuid[]) ORDER BY m.due_at, m.id LIMIT 1 FOR UPDATE SKIP LOCKED`
)

// find reads one membership with all that belongs to it, and what time it is.
func (m *Memberships) find(ctx context.Context, db postgres.DB, sql string, args pgx.NamedArgs) (Membership, time.Time, error) {
	found, err := postgres.Get[Membership](ctx, db, sql, args)
	switch {
	case errors.Is(err, postgres.ErrNoRow):
		return Membership{}, time.Time{}, ErrNoMembership
	case err != nil:
		return Membership{}, time.Time{}, fmt.Errorf("read membership: %w", err)
	}
	now, err := m.fill(ctx, db, &found)
	if err != nil {
		return Membership{}, time.Time{}, fmt.Errorf("read membership %s: %w", found.ID, err)
	}
	return found, now, nil
}

func (m *Memberships) fill(ctx context.Context, db postgres.DB, into *Membership) (now time.Time, err error) {
	if into.Lead, err = m.lead(ctx); err != nil {
		return now, err
	}
	var ordered []id.Order
	b, args := postgres.NewBatch(), pgx.NamedArgs{"id": into.ID}
	postgres.ReadAll(b, &into.Periods, selectPeriods, args)
	b.Read(selectRenewal, args, func(rows pgx.Rows) (err error) {
		ordered, err = pgx.CollectRows(rows, pgx.RowTo[id.Order])
		return err
	})
	b.Read(`SELECT now() AS now`, nil, func(rows pgx.Rows) (err error) {
		now, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[time.Time])
		return err
	})
	if err := b.Send(ctx, db); err != nil {
		return now, err
	}
	into.spread()
	if len(ordered) > 0 {
		into.Renewal = ordered[0]
	}
	into.Plan, err = m.GetPlan(ctx, db, into.Periods[len(into.Periods)-1].Plan)
	return now, err
}

const selectPeriods = `
	SELECT p.membership_id, p.number, p.plan_id, p.kind, p.order_id, p.starts_at, p.ends_at, (p.paid_minor, p.currency) AS paid,
	       (p.set_off_minor, p.currency) AS set_off, (p.credited_minor, p.currency) AS credited,
	       (coalesce(p.value_minor, p.paid_minor), p.currency) AS value, (coalesce(back.minor, 0), p.currency) AS refunded
	FROM membership_periods p
	LEFT JOIN LATERAL (
		SELECT sum(r.amount_minor - CASE WHEN o.tax_included THEN 0 ELSE r.tax_minor END)::bigint AS minor
		FROM refunds f JOIN orders o ON o.id = f.order_id JOIN refund_lines r ON r.refund_id = f.id
		JOIN order_lines l ON l.id = r.order_line_id JOIN plans plan ON plan.variant_id = l.variant_id
		WHERE f.order_id = p.order_id AND plan.id = p.plan_id
	) back ON true
	WHERE p.membership_id = @id ORDER BY p.number`

// selectRenewal finds the order that was placed for the period after the last one.
const selectRenewal = `
	SELECT order_id FROM membership_renewals
	WHERE membership_id = @id AND number = (SELECT max(number) + 1 FROM membership_periods WHERE membership_id = @id)`

// Save writes a membership that is new, or that the caller has locked, with what
// has happened to it.
func (m *Memberships) Save(ctx context.Context, tx pgx.Tx, is *Membership) error {
	b := postgres.NewBatch()
	if is.Version == 0 {
		b.Queue(insertMembership, is.args())
	} else {
		b.QueueOne(updateMembership, is.args(), ErrChanged)
	}
	is.Version++
	is.queuePeriods(b)
	for _, line := range is.history {
		b.Queue(`INSERT INTO membership_events (membership_id, kind, plan_id, order_id, reason, actor) VALUES (@id, @kind, @plan, @order, @reason, @actor)`, pgx.NamedArgs{
			"id": is.ID, "kind": line.Kind, "plan": line.Plan, "order": line.Order, "reason": line.Reason, "actor": auth.From(ctx).Name(),
		})
		if told := is.told(line); told != nil {
			events.Queue(ctx, b, told)
		}
	}
	is.history = nil
	if err := b.Send(ctx, tx); err != nil {
		return fmt.Errorf("save membership %s: %w", is.ID, err)
	}
	return nil
}

const insertMembership = `
	INSERT INTO memberships (id, user_id, customer, status, trialed, next_plan_id, ends_at, benefits_until, cancel_at_period_end, paused_at, paused_until, withheld_by,
		payment_method, currency, billing_address, reminded, retry_at, due_at)
	VALUES (@id, @user, @customer, @status, @trialed, @next, @ends, @until, @cancel, @paused_at, @paused_until, @withheld_by,
		@method, @currency, @billing, @reminded, @retry, @due)`

const updateMembership = `
	UPDATE memberships SET status = @status, next_plan_id = @next, ends_at = @ends, benefits_until = @until, cancel_at_period_end = @cancel,
	       paused_at = @paused_at, paused_until = @paused_until, withheld_by = @withheld_by, payment_method = @method, currency = @currency, billing_address = @billing,
	       reminded = @reminded, retry_at = @retry, due_at = @due, version = version + 1, updated_at = now()
	WHERE id = @id AND version = @version`

func (m *Membership) args() pgx.NamedArgs {
	return pgx.NamedArgs{
		"id": m.ID, "user": m.User, "customer": m.Customer, "status": string(m.Status), "trialed": m.Trialed, "next": m.NextPlan, "ends": m.EndsAt,
		"until": m.BenefitsUntil, "cancel": m.CancelAtEnd, "paused_at": m.PausedAt, "paused_until": m.PausedUntil, "withheld_by": m.WithheldBy, "method": m.Method,
		"currency": string(m.Currency), "billing": m.Billing, "reminded": m.Reminded, "retry": m.RetryAt, "due": m.DueAt, "version": m.Version,
	}
}

func (m *Membership) queuePeriods(b *postgres.Batch) {
	for i := range m.Periods {
		p := &m.Periods[i]
		if !p.changed {
			continue
		}
		p.changed = false
		b.Queue(`
			INSERT INTO membership_periods (membership_id, number, plan_id, kind, order_id, starts_at, ends_at, paid_minor, value_minor, set_off_minor, credited_minor, currency)
			VALUES (@id, @number, @plan, @kind, @order, @starts, @ends, @paid, @value, @set_off, @credited, @currency)
			ON CONFLICT (membership_id, number) DO UPDATE SET starts_at = excluded.starts_at, ends_at = excluded.ends_at, credited_minor = excluded.credited_minor`, pgx.NamedArgs{
			"id": m.ID, "number": p.Number, "plan": p.Plan, "kind": string(p.Kind), "order": p.Order, "starts": p.Starts, "ends": p.Ends,
			"paid": p.Paid.Minor, "value": p.Value.Minor, "set_off": p.SetOff.Minor, "credited": p.Credited.Minor, "currency": string(p.Paid.Currency),
		})
	}
}

// Ordered notes which order is for the next period of a membership that the
// caller has locked. A second one for the same period is refused.
func (m *Memberships) Ordered(ctx context.Context, tx pgx.Tx, is *Membership, order id.Order) error {
	_, err := postgres.Exec(ctx, tx, `INSERT INTO membership_renewals (membership_id, number, order_id) VALUES (@id, @number, @order)`,
		pgx.NamedArgs{"id": is.ID, "number": is.Next(), "order": order})
	if err != nil {
		return fmt.Errorf("order period %d of membership %s: %w", is.Next(), is.ID, err)
	}
	is.Ordered(order)
	return m.Save(ctx, tx, is)
}

// met reports whether a person was a member before, by whichever account.
func met(ctx context.Context, db postgres.DB, user id.User, customer []byte) (bool, error) {
	return postgres.Scalar[bool](ctx, db, `SELECT EXISTS (SELECT FROM memberships WHERE user_id = @user OR customer = @customer) AS met`,
		pgx.NamedArgs{"user": user, "customer": customer})
}

func historyOf(ctx context.Context, db postgres.DB, membership id.Membership) ([]Event, error) {
	return postgres.All[Event](ctx, db, `
		SELECT seq, kind, plan_id, order_id, reason, actor, at FROM membership_events WHERE membership_id = @id ORDER BY seq`, pgx.NamedArgs{"id": membership})
}

const listFragment = `
	FROM memberships m
	JOIN LATERAL (SELECT plan_id FROM membership_periods WHERE membership_id = m.id ORDER BY number DESC LIMIT 1) last ON true
	WHERE (cardinality(@statuses::text[]) IS NULL OR cardinality(@statuses::text[]) = 0 OR m.status = ANY (@statuses))
	  AND (@plan::uuid IS NULL OR last.plan_id = @plan) AND (@user::uuid IS NULL OR m.user_id = @user)`

const (
	selectRows = `
		SELECT m.id, m.user_id, m.status, last.plan_id, m.ends_at, m.benefits_until, m.cancel_at_period_end, m.created_at ` + listFragment + `
		  AND (@before::uuid IS NULL OR m.id < @before) ORDER BY m.id DESC LIMIT @limit`
	countRows = `SELECT count(*) ` + listFragment
)

package payments

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

const columnsFragment = `
	p.id, p.order_id, p.provider, coalesce(p.provider_ref, '') AS provider_ref, p.status,
	(p.amount_minor, p.currency) AS amount, (p.authorized_minor, p.currency) AS authorized,
	(p.captured_minor, p.currency) AS captured, (p.voided_minor, p.currency) AS voided,
	(p.refunded_minor, p.currency) AS refunded, (p.refunding_minor, p.currency) AS refunding, p.owed, p.return_url, p.keeps, p.away, p.created_at, p.updated_at`

// QueueOpen opens a payment at the end of a pipeline.
func QueueOpen(ctx context.Context, b *postgres.Batch, o Opening) {
	p := o.Open(time.Time{})
	args := pgx.NamedArgs{
		"id": o.ID, "order": o.Order, "provider": o.Provider, "status": string(p.Status), "currency": string(o.Amount.Currency),
		"amount": o.Amount.Minor, "authorized": p.Authorized.Minor, "captured": p.Captured.Minor, "return_url": o.ReturnURL, "watched": o.Watched, "keeps": o.Keeps, "away": o.Away,
	}
	b.Queue(`
		INSERT INTO payments (id, order_id, provider, status, currency, amount_minor, authorized_minor, captured_minor, return_url, keeps, away, look_at)
		VALUES (@id, @order, @provider, @status, @currency, @amount, @authorized, @captured, @return_url, @keeps, @away, CASE WHEN @watched THEN now() + interval '1 minute' END)`, args)
	if p.Status != Pending {
		queuePlaced(ctx, b, o, Authorize, id.New[id.PaymentEvent]())
	}
	if !o.CapturedBy.IsZero() {
		queuePlaced(ctx, b, o, Capture, o.CapturedBy)
	}
}

// queuePlaced writes a fact down that the placing of the order is.
func queuePlaced(ctx context.Context, b *postgres.Batch, o Opening, kind Kind, event id.PaymentEvent) {
	b.Queue(`
		INSERT INTO payment_events (id, payment_id, kind, amount_minor, currency, cause, actor)
		VALUES (@event, @id, @kind, @amount, @currency, @cause, @actor)`,
		pgx.NamedArgs{
			"event": event, "id": o.ID, "kind": string(kind), "amount": o.Amount.Minor, "currency": string(o.Amount.Currency),
			"cause": Placed, "actor": auth.From(ctx).Name(),
		})
}

// Placed is the cause of what an order promises by being placed.
const Placed = "placed"

// record writes the fact and moves the figures in one statement: both or
// neither. The bounds stand in its WHERE, so that a refusal names itself; the
// CHECK of the table is the second net.
func record(ctx context.Context, tx pgx.Tx, f Fact) (Event, bool, error) {
	var authorize, capture, void, refund int64
	switch f.Kind {
	case Authorize:
		authorize = f.Amount.Minor
	case Capture:
		capture = f.Amount.Minor
	case Void:
		void = f.Amount.Minor
	case Refund, Chargeback:
		refund = f.Amount.Minor
	case RefundFailed, ChargebackReversed:
		refund = -f.Amount.Minor
	case Fail, Fee, Payout, Contest, Concede:
	}
	args := pgx.NamedArgs{
		"event": id.New[id.PaymentEvent](), "payment": f.Payment, "kind": string(f.Kind), "amount": f.Amount.Minor,
		"currency": string(f.Amount.Currency), "cause": f.Cause, "actor": auth.From(ctx).Name(),
		"authorize": authorize, "capture": capture, "void": void, "refund": refund, "again": f.Again,
	}
	var (
		moved []id.Payment
		event Event
		b     = postgres.NewBatch()
	)
	b.Read(`
		WITH fact AS (
			INSERT INTO payment_events (id, payment_id, kind, amount_minor, currency, cause, actor)
			VALUES (@event, @payment, @kind, @amount, @currency, @cause, @actor)
			ON CONFLICT ON CONSTRAINT payment_events_cause_key DO NOTHING
			RETURNING payment_id
		)
		UPDATE payments p SET
			authorized_minor = authorized_minor + @authorize,
			captured_minor   = captured_minor + @capture,
			voided_minor     = voided_minor + @void,
			refunded_minor   = refunded_minor + @refund,
			status = CASE
				WHEN @kind = 'fail' THEN CASE WHEN authorized_minor > 0 OR @again THEN status ELSE 'failed' END
				WHEN @kind NOT IN ('authorize', 'capture', 'void') THEN status
				WHEN captured_minor + @capture = 0 AND voided_minor + @void = authorized_minor + @authorize
				     AND (@kind = 'void' OR status = 'voided') THEN 'voided'
				WHEN captured_minor + @capture = 0 THEN 'authorized'
				WHEN captured_minor + @capture + voided_minor + @void < amount_minor THEN 'partially_captured'
				ELSE 'captured'
			END,
			updated_at = now(), version = version + 1
		FROM fact
		WHERE p.id = fact.payment_id
		  AND authorized_minor + @authorize <= amount_minor
		  AND captured_minor + @capture + voided_minor + @void <= authorized_minor + @authorize
		  AND refunded_minor + refunding_minor + @refund <= captured_minor + @capture
		  AND refunded_minor + @refund >= 0
		RETURNING p.id`, args, func(rows pgx.Rows) (err error) {
		moved, err = pgx.CollectRows(rows, pgx.RowTo[id.Payment])
		return err
	})
	postgres.ReadOne(b, &event, `
		SELECT id, payment_id, kind, (amount_minor, currency) AS amount, cause, actor, at
		FROM payment_events
		WHERE payment_id = @payment AND kind = @kind AND cause = @cause`, args)
	err := b.Send(ctx, tx)
	switch {
	case err != nil:
		return Event{}, false, err
	case event.Amount != f.Amount:
		return Event{}, false, ErrOtherFact
	case len(moved) == 0 && event.ID == args["event"]: // written down, but the figures do not allow it
		return Event{}, false, ErrBeyond
	}
	return event, len(moved) == 1, nil
}

func started(ctx context.Context, tx pgx.Tx, payment id.Payment, ref string) error {
	n, err := postgres.Exec(ctx, tx, `
		UPDATE payments SET
			provider_ref = nullif(@ref, ''), status = CASE status WHEN 'pending' THEN 'processing' ELSE status END,
			look_at = CASE WHEN look_at IS NOT NULL THEN now() + interval '30 seconds' END, looked = 0,
			updated_at = now(), version = version + 1
		WHERE id = @payment AND coalesce(provider_ref, @ref) = @ref`,
		pgx.NamedArgs{"payment": payment, "ref": ref})
	if err == nil && n == 0 {
		err = ErrMismatch
	}
	return err
}

func ofOrders(ctx context.Context, db postgres.DB, orders []id.Order) ([]Payment, error) {
	return postgres.All[Payment](ctx, db, selectOfOrders, pgx.NamedArgs{"orders": orders})
}

// QueueOfOrders reads the payments of orders in a pipeline, the oldest first.
func QueueOfOrders(b *postgres.Batch, orders []id.Order, into *[]Payment) {
	b.Read(selectOfOrders, pgx.NamedArgs{"orders": orders}, func(rows pgx.Rows) (err error) {
		*into, err = postgres.Rows[Payment](rows)
		return err
	})
}

const selectOfOrders = `
	SELECT ` + columnsFragment + `
	FROM payments p
	WHERE p.order_id = ANY (@orders::uuid[])
	ORDER BY p.order_id, p.id`

func capturedBy(ctx context.Context, db postgres.DB, order id.Order, cause string) (int64, error) {
	return postgres.Scalar[int64](ctx, db, `
		SELECT coalesce(sum(e.amount_minor), 0)::bigint AS minor FROM payment_events e JOIN payments p ON p.id = e.payment_id
		WHERE p.order_id = @order AND e.kind = 'capture' AND e.cause = @cause`, pgx.NamedArgs{"order": order, "cause": cause})
}

func liveOf(ctx context.Context, db postgres.DB, order id.Order) (Payment, error) {
	p, err := postgres.Get[Payment](ctx, db, `
		SELECT `+columnsFragment+`
		FROM payments p
		WHERE p.order_id = @order AND p.status NOT IN ('failed', 'voided') AND NOT p.owed AND p.provider NOT IN ('gift_card', 'store_credit')
		ORDER BY p.id DESC
		LIMIT 1`,
		pgx.NamedArgs{"order": order})
	if errors.Is(err, postgres.ErrNoRow) {
		return Payment{}, ErrNoPayment
	}
	return p, err
}

// Get reads one payment; ErrNoPayment when there is none.
func Get(ctx context.Context, db postgres.DB, payment id.Payment) (Payment, error) {
	p, err := postgres.Get[Payment](ctx, db, `
		SELECT `+columnsFragment+`
		FROM payments p
		WHERE p.id = @payment`,
		pgx.NamedArgs{"payment": payment})
	if errors.Is(err, postgres.ErrNoRow) {
		return Payment{}, ErrNoPayment
	}
	return p, err
}

func eventsOf(ctx context.Context, db postgres.DB, payment id.Payment) ([]Event, error) {
	return postgres.All[Event](ctx, db, `
		SELECT id, payment_id, kind, (amount_minor, currency) AS amount, cause, actor, at
		FROM payment_events
		WHERE payment_id = @payment
		ORDER BY id`,
		pgx.NamedArgs{"payment": payment})
}

const filterFragment = `
	    (@status::text[] IS NULL OR p.status = ANY (@status))
	AND (@method::text[] IS NULL OR p.provider = ANY (@method))
	AND (@gte::text = '' OR p.created_at >= nullif(@gte::text, '')::timestamptz)
	AND (@lt::text = '' OR p.created_at < nullif(@lt::text, '')::timestamptz)`

// The payments of one order are found by its index, so they have statements of
// their own.
const (
	pageFragment = ` AND (@before::uuid IS NULL OR p.id < @before) ORDER BY p.id DESC LIMIT @limit`

	listAll      = `SELECT ` + columnsFragment + ` FROM payments p WHERE ` + filterFragment + pageFragment
	listOfOrder  = `SELECT ` + columnsFragment + ` FROM payments p WHERE p.order_id = @order AND ` + filterFragment + pageFragment
	countAll     = `SELECT count(*) FROM payments p WHERE ` + filterFragment
	countOfOrder = `SELECT count(*) FROM payments p WHERE p.order_id = @order AND ` + filterFragment
)

func (f listInput) args() pgx.NamedArgs {
	return pgx.NamedArgs{"status": f.Status, "method": f.Method, "order": f.Order, "gte": f.CreatedGTE, "lt": f.CreatedLT}
}

func list(ctx context.Context, db postgres.DB, f listInput, before id.Payment) ([]Payment, error) {
	args, sql := f.args(), listAll
	args["before"], args["limit"] = before, f.Limit+1
	if !f.Order.IsZero() {
		sql = listOfOrder
	}
	return postgres.All[Payment](ctx, db, sql, args)
}

func count(ctx context.Context, db postgres.DB, f listInput) (int64, error) {
	sql := countAll
	if !f.Order.IsZero() {
		sql = countOfOrder
	}
	return postgres.Scalar[int64](ctx, db, sql, f.args())
}

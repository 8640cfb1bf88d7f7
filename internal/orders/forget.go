package orders

import (
	"cmp"
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
	"souk/internal/shipping"
)

const (
	forgetBatch  = 500
	invoiceYears = 10
)

// Forget drops personal data from finished orders: those of erased users, and
// of guests who asked for it, keep what their invoice must name, and nothing
// where nothing was ever paid; of those older than the books must be kept,
// nothing stays. It is a sweep.
// An order that is still open keeps all until it is finished.
func (o *Orders) Forget(ctx context.Context) error {
	years := pgx.NamedArgs{"years": cmp.Or(o.InvoiceYears, invoiceYears), "limit": forgetBatch}
	for _, step := range []string{maskErased, maskAsked, maskOld} {
		for {
			n, err := o.forgetSome(ctx, step, years)
			if err != nil {
				return fmt.Errorf("forget personal data of orders: %w", err)
			}
			if n < forgetBatch {
				break
			}
		}
	}
	return nil
}

func (o *Orders) forgetSome(ctx context.Context, mask string, args pgx.NamedArgs) (n int, err error) {
	err = postgres.InTx(ctx, o.DB, func(tx pgx.Tx) error {
		masked, err := postgres.Column[id.Order](ctx, tx, mask, args)
		if err != nil || len(masked) == 0 {
			return err
		}
		n = len(masked)
		for _, sql := range []string{deleteNotes, dropGifts} {
			if _, err := postgres.Exec(ctx, tx, sql, pgx.NamedArgs{"orders": masked}); err != nil {
				return err
			}
		}
		return shipping.Forget(ctx, tx, masked)
	})
	return n, err
}

// placeFragment is what is left of an address: the country and region by which
// tax was reckoned.
const placeFragment = `'name', '', 'line1', '', 'city', '', 'postal_code', '', `

// maskFragment leaves the invoice what it must name, and nothing where nothing
// was ever paid, to the orders that are named in between.
const maskFragment = `
	UPDATE orders o SET email = '', phone = '', cancel_reason = '', personal = due.keep,
	       shipping_address = jsonb_build_object(` + placeFragment + `'region', o.shipping_address -> 'region', 'country', o.shipping_address -> 'country'),
	       billing_address = CASE due.keep WHEN 'invoice' THEN o.billing_address - 'phone'
	       ELSE jsonb_build_object(` + placeFragment + `'region', o.billing_address -> 'region', 'country', o.billing_address -> 'country') END
	FROM (
		SELECT late.id, CASE WHEN late.status = 'cancelled' AND NOT EXISTS (
			SELECT FROM payments p WHERE p.order_id = late.id AND p.captured_minor > 0) THEN 'none' ELSE 'invoice' END AS keep
		FROM orders late `

const dueFragment = ` late.personal = 'all' AND late.status IN ('delivered', 'completed', 'cancelled', 'returned')
		LIMIT @limit FOR UPDATE OF late SKIP LOCKED
	) due
	WHERE o.id = due.id RETURNING o.id`

const (
	maskErased = maskFragment + `JOIN users u ON u.id = late.user_id WHERE u.erased_at IS NOT NULL AND` + dueFragment
	maskAsked  = maskFragment + `WHERE late.forget_asked_at IS NOT NULL AND` + dueFragment
)

// The years are counted from the end of the one in which the order was placed.
const maskOld = `
	UPDATE orders o SET email = '', phone = '', cancel_reason = '', personal = 'none',
	       shipping_address = jsonb_build_object(` + placeFragment + `'region', o.shipping_address -> 'region', 'country', o.shipping_address -> 'country'),
	       billing_address = jsonb_build_object(` + placeFragment + `'region', o.billing_address -> 'region', 'country', o.billing_address -> 'country')
	FROM (
		SELECT id FROM orders
		WHERE placed_at < date_trunc('year', now()) - make_interval(years => @years) AND personal <> 'none'
		  AND status IN ('delivered', 'completed', 'cancelled', 'returned')
		LIMIT @limit FOR UPDATE SKIP LOCKED
	) due
	WHERE o.id = due.id RETURNING o.id`

const deleteNotes = `DELETE FROM order_notes WHERE order_id = ANY (@orders::uuid[])`

const dropGifts = `UPDATE order_lines SET gift = NULL WHERE order_id = ANY (@orders::uuid[]) AND gift IS NOT NULL`

func askToForget(ctx context.Context, tx pgx.Tx, order id.Order) error {
	n, err := postgres.Exec(ctx, tx, `
		UPDATE orders SET forget_asked_at = coalesce(forget_asked_at, now()) WHERE id = @order`, pgx.NamedArgs{"order": order})
	switch {
	case err != nil:
		return fmt.Errorf("ask to forget who placed order %s: %w", order, err)
	case n == 0:
		return ErrNoOrder
	}
	return nil
}

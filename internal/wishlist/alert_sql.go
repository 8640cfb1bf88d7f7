package wishlist

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// insertAlert keeps an alert and says which is to be mailed: the new one, or the
// one that has waited for a proof long enough and was asked once; the zero id is
// none.
func (w *Wishlists) insertAlert(ctx context.Context, tx pgx.Tx, alert id.Alert, a Asked) (to id.Alert, err error) {
	now := w.Clock.Now()
	args := pgx.NamedArgs{
		"id": alert, "variant": a.Variant, "product": a.Product, "product_id": nil, "email": a.Email, "kind": string(a.Kind), "locale": a.Locale,
		"currency": string(a.Currency), "hash": sum(w.secretOf(alert)), "now": now, "expires": now.Add(proofLife), "before": now.Add(-mailPause),
		"unproven": maxUnproof, "most": maxAlerts,
	}
	if product, err := id.Parse[id.Product](a.Product); err == nil {
		args["product_id"] = product
	}
	var asked []id.Alert
	b := postgres.NewBatch()
	b.QueueOne(`
		SELECT FROM variants v JOIN products p ON p.id = v.product_id JOIN vendors s ON s.id = v.vendor_id
		WHERE v.id = @variant AND (p.slug = @product OR p.id = @product_id::uuid) AND `+onSaleFragment, args, ErrNotForSale)
	b.Queue(`SELECT pg_advisory_xact_lock(hashtextextended('product_alerts ' || lower(@email), 0))`, args) // who counts, counts alone
	b.Queue(`
		DELETE FROM product_alerts WHERE lower(email) = lower(@email) AND variant_id = @variant AND kind = @kind
		AND (expires_at <= @now OR kind = 'back_in_stock' AND told_at IS NOT NULL)`, args)
	b.Read(`
		INSERT INTO product_alerts (id, kind, variant_id, email, user_id, locale, currency, added_minor, told_minor, sold_out, hash, created_at, asked_at, expires_at)
		SELECT @id, @kind, v.id, @email,
		       (SELECT u.id FROM users u WHERE lower(u.email) = lower(@email) AND u.email_verified_at IS NOT NULL AND u.erased_at IS NULL),
		       @locale, @currency, price.amount_minor, price.amount_minor, NOT `+inStockFragment+`, @hash, @now, @now, @expires
		FROM variants v
		LEFT JOIN prices price ON price.variant_id = v.id AND price.currency = @currency
		WHERE v.id = @variant
		  AND (SELECT count(*) FROM product_alerts o WHERE lower(o.email) = lower(@email)) < @most
		  AND (SELECT count(*) FROM product_alerts o WHERE lower(o.email) = lower(@email) AND o.confirmed_at IS NULL AND o.expires_at > @now) < @unproven
		ON CONFLICT (lower(email), variant_id, kind) DO UPDATE SET asked_at = @now, expires_at = @expires
		WHERE product_alerts.confirmed_at IS NULL AND product_alerts.asked_at = product_alerts.created_at AND product_alerts.asked_at <= @before
		RETURNING id`, args, func(rows pgx.Rows) (err error) {
		asked, err = pgx.CollectRows(rows, pgx.RowTo[id.Alert])
		return err
	})
	if err := b.Send(ctx, tx); err != nil {
		return to, fmt.Errorf("ask to be told of variant %s: %w", a.Variant, err)
	}
	if len(asked) > 0 {
		to = asked[0]
	}
	return to, nil
}

// confirmAlert also has the sweep look whether what is waited for has happened.
// It notes that first: the sweep, too, takes what is due before it locks alerts.
func confirmAlert(ctx context.Context, tx pgx.Tx, hash []byte, now time.Time) (c Confirmed, err error) {
	args := pgx.NamedArgs{"hash": hash, "now": now, "until": now.Add(alertLife)}
	b := postgres.NewBatch()
	b.Queue(`
		INSERT INTO wishlist_due (variant_id) SELECT variant_id FROM product_alerts WHERE hash = @hash AND expires_at > @now
		ON CONFLICT DO NOTHING`, args)
	postgres.ReadOne(b, &c, `
		UPDATE product_alerts a SET confirmed_at = coalesce(a.confirmed_at, @now),
		       expires_at = CASE WHEN a.confirmed_at IS NULL THEN @until ELSE a.expires_at END
		FROM variants v JOIN products p ON p.id = v.product_id
		WHERE a.hash = @hash AND a.expires_at > @now AND v.id = a.variant_id
		RETURNING a.kind, p.title AS product, p.slug`, args)
	return c, b.Send(ctx, tx)
}

func liveAlert(ctx context.Context, db postgres.DB, alert id.Alert, now time.Time) (Alert, error) {
	return postgres.Get[Alert](ctx, db, `
		SELECT a.id, a.kind, a.email, a.user_id, a.locale, a.expires_at, a.confirmed_at IS NOT NULL AS confirmed,
		       p.title AS product_title, p.slug AS product_slug, v.title AS variant_title, `+onSaleFragment+` AS on_sale,
		       CASE WHEN a.added_minor IS NOT NULL THEN (a.added_minor, a.currency) END AS price_then,
		       CASE WHEN price.amount_minor IS NOT NULL THEN (price.amount_minor, price.currency) END AS price
		FROM product_alerts a
		JOIN variants v ON v.id = a.variant_id
		JOIN products p ON p.id = v.product_id
		JOIN vendors s ON s.id = v.vendor_id
		LEFT JOIN prices price ON price.variant_id = a.variant_id AND price.currency = a.currency
		WHERE a.id = @id AND a.expires_at > @now`, pgx.NamedArgs{"id": alert, "now": now})
}

// EndAlerts drops all alerts of the mailbox that an alert is for. One that is
// gone leaves nothing to do. Those that nobody has confirmed stay until they run
// out, and are not asked about again: else a stranger could begin anew with
// somebody who has just said no.
func (w *Wishlists) EndAlerts(ctx context.Context, tx pgx.Tx, alert id.Alert) error {
	_, err := postgres.Exec(ctx, tx, `
		WITH mailbox AS (
			SELECT lower(email) AS email FROM product_alerts WHERE id = @id
		), refused AS (
			UPDATE product_alerts a SET asked_at = a.expires_at FROM mailbox WHERE lower(a.email) = mailbox.email AND a.confirmed_at IS NULL
		)
		DELETE FROM product_alerts a USING mailbox WHERE lower(a.email) = mailbox.email AND a.confirmed_at IS NOT NULL`, pgx.NamedArgs{"id": alert})
	if err != nil {
		return fmt.Errorf("end alerts: %w", err)
	}
	return nil
}

// Attach gives a user the alerts of a mailbox that they have proven, so that
// those go when the user does.
func (w *Wishlists) Attach(ctx context.Context, e accounts.MailboxOwned) error {
	err := postgres.InTx(ctx, w.DB, func(tx pgx.Tx) error {
		_, err := postgres.Exec(ctx, tx, `
			UPDATE product_alerts a SET user_id = u.id FROM users u
			WHERE u.id = @user AND u.erased_at IS NULL AND lower(a.email) = lower(u.email)`, pgx.NamedArgs{"user": e.UserID})
		return err
	})
	if err != nil {
		return fmt.Errorf("give alerts to user %s: %w", e.UserID, err)
	}
	return nil
}

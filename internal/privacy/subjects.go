package privacy

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// A subject is one JSON file of an export: the rows that sql finds of @user.
type subject struct{ name, sql string }

// subjects is all that is exported. A module with another table of users adds
// its line here; a test asks for it.
var subjects = []subject{
	{"profile", `
		SELECT username, email, email_verified_at, name, phone, locale, currency, created_at, updated_at, disabled_at,
		       ARRAY(SELECT role FROM user_roles r WHERE r.user_id = u.id ORDER BY role) AS roles
		FROM users u WHERE id = @user`},
	{"addresses", `
		SELECT label, name, line1, line2, city, region, postal_code, country, phone, is_default, created_at, updated_at
		FROM addresses WHERE user_id = @user ORDER BY id`},
	{"sessions", `
		SELECT device, user_agent, address, method, created_at, last_seen_at, authenticated_at, expires_at, revoked_at, revoked_why
		FROM sessions WHERE user_id = @user ORDER BY id`},
	{"second_factors", `
		SELECT 'authenticator app' AS kind, '' AS name, created_at, NULL::timestamptz AS last_used_at FROM totp_factors WHERE user_id = @user
		UNION ALL SELECT 'passkey', name, created_at, last_used_at FROM passkeys WHERE user_id = @user
		UNION ALL SELECT 'recovery code', '', created_at, used_at FROM recovery_codes WHERE user_id = @user`},
	{"trail", `
		SELECT at, action, outcome, address FROM audit_log WHERE user_id = @user ORDER BY at, seq`},
	{"sign_ins_elsewhere", `
		SELECT p.name AS provider, i.subject, i.email, i.created_at, i.last_used_at
		FROM oidc_identities i JOIN login_providers p ON p.id = i.provider_id WHERE i.user_id = @user ORDER BY i.id`},
	{"messages", `
		SELECT kind, recipient, locale, subject, status, created_at, sent_at FROM messages WHERE user_id = @user ORDER BY id`},
	{"preferences", `
		SELECT topic, channel, enabled, updated_at FROM notification_preferences WHERE user_id = @user ORDER BY topic, channel`},
	{"mails", `
		SELECT purpose, email, previous_email, created_at, expires_at, used_at
		FROM mail_tokens WHERE user_id = @user ORDER BY id`},
	{"shops", `
		SELECT v.name, v.slug, m.role, m.created_at
		FROM vendor_members m JOIN vendors v ON v.id = m.vendor_id WHERE m.user_id = @user ORDER BY v.id`},
	{"carts", `
		SELECT c.currency, c.email, c.phone, c.shipping_address, c.billing_address, c.created_at, c.updated_at,
		       (SELECT o.number FROM orders o WHERE o.id = c.order_id) AS "order",
		       ARRAY(SELECT json_build_object('product', p.title, 'variant', v.title, 'quantity', i.quantity, 'added_at', i.added_at)
		             FROM cart_items i JOIN variants v ON v.id = i.variant_id JOIN products p ON p.id = v.product_id
		             WHERE i.cart_id = c.id ORDER BY i.id) AS items
		FROM carts c WHERE c.user_id = @user ORDER BY c.created_at, c.id`},
	{"wishlists", `
		SELECT l.name, l.is_default, l.price_drops, l.back_in_stock, l.share_id IS NOT NULL AS shared, l.share_name, l.created_at, l.updated_at,
		       ARRAY(SELECT json_build_object('product', p.title, 'variant', v.title, 'quantity', i.quantity, 'note', i.note, 'currency', i.currency,
		                    'added_minor', i.added_minor, 'added_at', i.added_at)
		             FROM wishlist_items i JOIN variants v ON v.id = i.variant_id JOIN products p ON p.id = v.product_id
		             WHERE i.wishlist_id = l.id ORDER BY i.id) AS items
		FROM wishlists l WHERE l.user_id = @user ORDER BY l.id`},
	{"customer_groups", `
		SELECT g.name, m.added_at FROM customer_group_members m JOIN customer_groups g ON g.id = m.group_id WHERE m.user_id = @user ORDER BY g.handle`},
	{"tax_exemptions", `
		SELECT certificate, countries, regions, valid_until, created_at, revoked_at FROM tax_exemptions WHERE user_id = @user ORDER BY id`},
	{"payment_methods", `
		SELECT m.provider, m.label, m.expires_at, m.created_at FROM saved_methods m WHERE m.user_id = @user ORDER BY m.provider`},
	{"memberships", `
		SELECT m.status, m.ends_at, m.benefits_until, m.cancel_at_period_end, m.paused_at, m.paused_until, m.payment_method, m.currency, m.billing_address, m.created_at,
		       ARRAY(SELECT json_build_object('plan', plan.name, 'kind', p.kind, 'starts_at', p.starts_at, 'ends_at', p.ends_at, 'paid_minor', p.paid_minor, 'currency', p.currency)
		             FROM membership_periods p JOIN plans plan ON plan.id = p.plan_id WHERE p.membership_id = m.id ORDER BY p.number) AS periods,
		       ARRAY(SELECT json_build_object('kind', e.kind, 'reason', e.reason, 'at', e.at) FROM membership_events e WHERE e.membership_id = m.id ORDER BY e.seq) AS history
		FROM memberships m WHERE m.user_id = @user ORDER BY m.id`},
	{"alerts", `
		SELECT a.kind, p.title AS product, v.title AS variant, a.email, a.locale, a.currency, a.created_at, a.confirmed_at, a.told_at, a.expires_at
		FROM product_alerts a JOIN variants v ON v.id = a.variant_id JOIN products p ON p.id = v.product_id
		WHERE a.user_id = @user ORDER BY a.id`},
	{"orders", `
		SELECT o.number, o.status, o.payment_status, o.fulfillment_status, o.email, o.phone, o.shipping_address, o.billing_address,
		       o.currency, o.items_minor, o.discount_minor, o.shipping_minor, o.fee_minor, o.tax_minor, o.grand_total_minor,
		       o.cancel_reason, o.placed_at, o.updated_at,
		       ARRAY(SELECT json_build_object('vendor', p.vendor_name, 'product', l.title, 'variant', l.variant_title, 'sku', l.sku,
		                    'quantity', l.quantity, 'unit_price_minor', l.unit_price_minor, 'total_minor', l.total_minor)
		             FROM order_lines l JOIN vendor_orders p ON p.id = l.vendor_order_id WHERE l.order_id = o.id ORDER BY l.position) AS items,
		       ARRAY(SELECT json_build_object('provider', y.provider, 'reference', y.provider_ref, 'status', y.status,
		                    'amount_minor', y.amount_minor, 'captured_minor', y.captured_minor, 'refunded_minor', y.refunded_minor, 'created_at', y.created_at)
		             FROM payments y WHERE y.order_id = o.id ORDER BY y.id) AS payments,
		       ARRAY(SELECT json_build_object('courier', s.courier, 'tracking_number', s.tracking_number, 'status', s.status,
		                    'shipped_at', s.shipped_at, 'delivered_at', s.delivered_at,
		                    'seen', ARRAY(SELECT json_build_object('status', t.status, 'detail', t.detail, 'at', t.at)
		                                  FROM tracking_events t WHERE t.shipment_id = s.id ORDER BY t.seq))
		             FROM shipments s WHERE s.order_id = o.id ORDER BY s.id) AS shipments,
		       ARRAY(SELECT json_build_object('body', n.body, 'created_at', n.created_at)
		             FROM order_notes n WHERE n.order_id = o.id ORDER BY n.id) AS notes
		FROM orders o WHERE o.user_id = @user ORDER BY o.id`},
	{"invoices", `
		SELECT o.number AS "order", i.kind, i.number, i.issued_on, of.number AS corrects, i.reason, i.seller, i.buyer, i.supplied_to, i.currency, i.total_minor, i.tax_minor,
		       ARRAY(SELECT json_build_object('kind', l.kind, 'title', l.title, 'detail', l.detail, 'quantity', l.quantity, 'total_minor', l.total_minor, 'tax_minor', l.tax_minor)
		             FROM invoice_lines l WHERE l.invoice_id = i.id ORDER BY l.position) AS lines
		FROM invoices i JOIN orders o ON o.id = i.order_id LEFT JOIN invoices of ON of.id = i.corrects
		WHERE o.user_id = @user ORDER BY i.id`},
	{"downloads", `
		SELECT o.number AS "order", l.title AS product, f.name AS file, CASE WHEN g.key_id IS NULL THEN 'file' ELSE 'licence key' END AS kind,
		       g.downloads, g.granted_at, g.used_at, g.expires_at, g.revoked_at
		FROM digital_grants g JOIN orders o ON o.id = g.order_id JOIN order_lines l ON l.id = g.order_line_id
		LEFT JOIN digital_files f ON f.id = g.file_id
		WHERE o.user_id = @user ORDER BY g.id`},
	{"store_credit", `
		SELECT s.currency, s.balance_minor,
		       ARRAY(SELECT json_build_object('kind', e.kind, 'amount_minor', e.delta_minor, 'reason', e.reason, 'at', e.at)
		             FROM store_credit_entries e WHERE e.user_id = s.user_id AND e.currency = s.currency ORDER BY e.id) AS entries
		FROM store_credits s WHERE s.user_id = @user ORDER BY s.currency`},
	{"reviews", `
		SELECT p.title AS product, r.rating, r.title, r.body, r.author, r.status, r.reason, r.reply, r.replied_at, r.helpful_count, r.created_at, r.updated_at,
		       ARRAY(SELECT '/review-photos/' || f.file FROM review_photos f WHERE f.review_id = r.id ORDER BY f.id) AS photos
		FROM reviews r JOIN products p ON p.id = r.product_id WHERE r.user_id = @user ORDER BY r.id`},
	{"review_votes", `
		SELECT p.title AS product, v.created_at FROM review_votes v JOIN reviews r ON r.id = v.review_id JOIN products p ON p.id = r.product_id
		WHERE v.user_id = @user ORDER BY v.created_at, v.review_id`},
	{"review_reports", `
		SELECT p.title AS product, e.reason, e.created_at FROM review_reports e JOIN reviews r ON r.id = e.review_id JOIN products p ON p.id = r.product_id
		WHERE e.user_id = @user ORDER BY e.created_at, e.review_id`},
}

// read is the rows as a JSON array.
func (s subject) read(ctx context.Context, db postgres.DB, user id.User) (json.RawMessage, error) {
	rows, err := postgres.Scalar[string](ctx, db, `SELECT coalesce(json_agg(r), '[]')::text FROM (`+s.sql+`) r`, pgx.NamedArgs{"user": user})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", s.name, err)
	}
	return json.RawMessage(rows), nil
}

package orders

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/credit"
	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

// QueueCreate writes an order that is placed, with its first step and all that
// belongs to it but [QueueAdjustments]. Every table is one statement, however many
// lines there are. Once the batch is sent the order and its parts have their numbers.
func QueueCreate(ctx context.Context, b *postgres.Batch, n *New) {
	queueOrder(b, n)
	queueParts(b, n.Whole)
	queueLines(b, n.Whole)
	queueComponents(b, n.Whole)
	n.Version = 1
	events.Queue(ctx, b, Placed{Change: Change{OrderID: n.ID, Version: 1, To: n.Status}, UserID: n.User})
}

func queueOrder(b *postgres.Batch, n *New) {
	b.Read(`
		INSERT INTO orders (id, number, cart_id, user_id, email, phone, token_hash, status, payment_status, fulfillment_status,
			currency, locale, items_minor, discount_minor, shipping_minor, fee_minor, tax_minor, tax_included, rounding_minor, grand_total_minor,
			membership_minor, shipping_address, billing_address, tax_source, trace, expires_at)
		VALUES (@id,
			(SELECT c FROM unnest(@numbers::text[]) AS c
			 WHERE coalesce((SELECT false FROM orders o WHERE o.number = c), true) LIMIT 1),
			@cart, @user, @email, @phone, @token_hash, @status, @payment_status, @fulfillment_status,
			@currency, @locale, @items, @discount, @shipping, @fee, @tax, @tax_included, @rounding, @grand_total,
			@membership, @shipping_address, @billing_address, @tax_source, @trace, CASE WHEN @status::text = 'pending' THEN now() + @held_for::interval END)
		RETURNING number, placed_at, expires_at`,
		pgx.NamedArgs{
			"id": n.ID, "numbers": n.Numbers, "cart": n.Cart, "user": n.User, "email": n.Email, "phone": n.Phone, "token_hash": n.TokenHash,
			"status": string(n.Status), "payment_status": string(n.PaymentStatus), "fulfillment_status": string(n.FulfillmentStatus),
			"currency": string(n.Currency), "locale": n.Locale, "items": n.Items.Minor, "discount": n.Discount.Minor, "shipping": n.ShippingFee.Minor,
			"fee": n.Fee.Minor, "tax": n.Tax.Minor, "tax_included": n.TaxIncluded, "rounding": n.Rounding.Minor,
			"grand_total": n.GrandTotal.Minor, "membership": n.Saved.Minor, "shipping_address": mustJSON(n.Shipping), "billing_address": mustJSON(n.Billing),
			"tax_source": mustJSON(n.TaxSource), "trace": mustJSON(n.Trace), "held_for": n.HeldFor,
		},
		func(rows pgx.Rows) error {
			_, err := pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (struct{}, error) {
				return struct{}{}, row.Scan(&n.Number, &n.PlacedAt, &n.ExpiresAt)
			})
			n.UpdatedAt = n.PlacedAt
			for i := range n.Parts {
				n.Parts[i].Number = fmt.Sprintf("%s-%d", n.Number, i+1)
				n.Parts[i].PlacedAt, n.Parts[i].UpdatedAt = n.PlacedAt, n.PlacedAt
			}
			return err
		})
}

func queueParts(b *postgres.Batch, w Whole) {
	parts := w.Parts
	b.Queue(`
		INSERT INTO vendor_orders (id, order_id, vendor_id, vendor_name, vendor_slug, number, status, house, currency,
			items_minor, discount_minor, shipping_minor, fee_minor, tax_minor, total_minor, shipping_tax_minor, fee_tax_minor, shipping_platform_minor, credit_minor, shipping_option)
		SELECT p.id, o.id, p.vendor, p.name, p.slug, o.number || '-' || p.place, p.status, p.house, o.currency,
		       p.items, p.discount, p.shipping, p.fee, p.tax, p.total, p.shipping_tax, p.fee_tax, p.platform, p.credit, p.option::jsonb
		FROM orders o, unnest(@ids::uuid[], @vendors::uuid[], @names::text[], @slugs::text[], @statuses::text[], @houses::bool[], @items::bigint[],
			@discounts::bigint[], @shippings::bigint[], @fees::bigint[], @taxes::bigint[], @totals::bigint[], @shipping_taxes::bigint[], @fee_taxes::bigint[],
			@platforms::bigint[], @credits::bigint[], @options::text[])
			WITH ORDINALITY AS p (id, vendor, name, slug, status, house, items, discount, shipping, fee, tax, total, shipping_tax, fee_tax, platform, credit, option, place)
		WHERE o.id = @order`,
		pgx.NamedArgs{
			"order": w.ID, "ids": column(parts, func(p *VendorOrder) id.VendorOrder { return p.ID }),
			"vendors":        column(parts, func(p *VendorOrder) id.Vendor { return p.Seller.ID }),
			"names":          column(parts, func(p *VendorOrder) string { return p.Seller.Name }),
			"slugs":          column(parts, func(p *VendorOrder) string { return p.Seller.Slug }),
			"statuses":       column(parts, func(p *VendorOrder) string { return string(p.Status) }),
			"houses":         column(parts, func(p *VendorOrder) bool { return p.House }),
			"items":          column(parts, func(p *VendorOrder) int64 { return p.Items.Minor }),
			"discounts":      column(parts, func(p *VendorOrder) int64 { return p.Discount.Minor }),
			"shippings":      column(parts, func(p *VendorOrder) int64 { return p.ShippingFee.Minor }),
			"fees":           column(parts, func(p *VendorOrder) int64 { return p.Fee.Minor }),
			"fee_taxes":      column(parts, func(p *VendorOrder) int64 { return p.FeeTax.Minor }),
			"taxes":          column(parts, func(p *VendorOrder) int64 { return p.Tax.Minor }),
			"totals":         column(parts, func(p *VendorOrder) int64 { return p.Total.Minor }),
			"shipping_taxes": column(parts, func(p *VendorOrder) int64 { return p.ShippingTax.Minor }),
			"platforms":      column(parts, func(p *VendorOrder) int64 { return p.Platform.Minor }),
			"credits":        column(parts, func(p *VendorOrder) int64 { return p.Credit.Minor }),
			"options":        column(parts, func(p *VendorOrder) string { return string(mustJSON(p.ShippingOption)) }),
		})
}

func queueLines(b *postgres.Batch, w Whole) {
	lines := w.Lines
	b.Queue(`
		INSERT INTO order_lines (id, order_id, vendor_order_id, vendor_id, variant_id, product_id, product_slug, position, title, told_title,
			variant_title, told_variant_title, sku, image, tracked, requires_shipping, digital, gift_card, gift, quantity, unit_price_minor, subtotal_minor, discount_minor, tax_minor,
			total_minor, commission_bps, commission_minor, platform_minor, currency)
		SELECT l.id, @order, l.part, l.vendor, l.variant, l.product, l.slug, l.place, l.title, l.told_title, l.variant_title, l.told_variant_title, nullif(l.sku, ''), l.image,
		       l.tracked, l.shipped, l.digital, l.gift_card, l.gift, l.quantity, l.price, l.subtotal, l.discount, l.tax, l.total, l.bps, l.commission, l.platform, @currency
		FROM unnest(@ids::uuid[], @parts::uuid[], @vendors::uuid[], @variants::uuid[], @products::uuid[], @slugs::text[], @titles::text[], @told_titles::text[],
			@variant_titles::text[], @told_variant_titles::text[], @skus::text[], @images::text[], @tracked::bool[], @shipped::bool[], @digital::bool[], @gift_cards::bool[], @gifts::jsonb[], @quantities::int[], @prices::bigint[],
			@subtotals::bigint[], @discounts::bigint[], @taxes::bigint[], @totals::bigint[], @bps::int[], @commissions::bigint[],
			@platforms::bigint[])
			WITH ORDINALITY AS l (id, part, vendor, variant, product, slug, title, told_title, variant_title, told_variant_title, sku, image, tracked, shipped, digital, gift_card, gift, quantity,
				price, subtotal, discount, tax, total, bps, commission, platform, place)`,
		pgx.NamedArgs{
			"order": w.ID, "currency": string(w.Currency),
			"ids":                 column(lines, func(l *Line) id.OrderLine { return l.ID }),
			"parts":               column(lines, func(l *Line) id.VendorOrder { return l.Part }),
			"vendors":             column(lines, func(l *Line) id.Vendor { return l.Vendor }),
			"variants":            column(lines, func(l *Line) id.Variant { return l.Variant }),
			"products":            column(lines, func(l *Line) id.Product { return l.Product }),
			"slugs":               column(lines, func(l *Line) string { return l.Slug }),
			"titles":              column(lines, func(l *Line) string { return l.Title }),
			"told_titles":         column(lines, func(l *Line) string { return l.Told }),
			"variant_titles":      column(lines, func(l *Line) string { return l.VariantTitle }),
			"told_variant_titles": column(lines, func(l *Line) string { return l.ToldVariantTitle }),
			"skus":                column(lines, func(l *Line) string { return l.SKU }),
			"images":              column(lines, func(l *Line) string { return l.Image }),
			"tracked":             column(lines, func(l *Line) bool { return l.Tracked }),
			"shipped":             column(lines, func(l *Line) bool { return l.RequiresShipping }),
			"digital":             column(lines, func(l *Line) bool { return l.Digital }),
			"gift_cards":          column(lines, func(l *Line) bool { return l.GiftCard }),
			"gifts":               column(lines, func(l *Line) *credit.Gift { return l.Gift }),
			"quantities":          column(lines, func(l *Line) int { return l.Quantity }),
			"prices":              column(lines, func(l *Line) int64 { return l.UnitPrice.Minor }),
			"subtotals":           column(lines, func(l *Line) int64 { return l.Subtotal.Minor }),
			"discounts":           column(lines, func(l *Line) int64 { return l.Discount.Minor }),
			"taxes":               column(lines, func(l *Line) int64 { return l.Tax.Minor }),
			"totals":              column(lines, func(l *Line) int64 { return l.Total.Minor }),
			"bps":                 column(lines, func(l *Line) int64 { return l.CommissionBPS }),
			"commissions":         column(lines, func(l *Line) int64 { return l.Commission.Minor }),
			"platforms":           column(lines, func(l *Line) int64 { return l.Platform.Minor }),
		})
}

func queueComponents(b *postgres.Batch, w Whole) {
	var (
		lines  []id.OrderLine
		places []int
		list   []Component
	)
	for _, l := range w.Lines {
		for i, c := range l.Components {
			lines, places, list = append(lines, l.ID), append(places, i+1), append(list, c)
		}
	}
	if len(list) == 0 {
		return
	}
	b.Queue(`
		INSERT INTO order_line_components (order_line_id, position, variant_id, sku, title, told_title, quantity, tracked, total_minor, tax_minor)
		SELECT c.line, c.place, c.variant, nullif(c.sku, ''), c.title, c.told_title, c.quantity, c.tracked, c.total, c.tax
		FROM unnest(@lines::uuid[], @places::int[], @variants::uuid[], @skus::text[], @titles::text[], @told_titles::text[], @quantities::int[], @tracked::bool[],
			@totals::bigint[], @taxes::bigint[]) AS c (line, place, variant, sku, title, told_title, quantity, tracked, total, tax)`,
		pgx.NamedArgs{
			"lines": lines, "places": places,
			"variants":    column(list, func(c *Component) id.Variant { return c.Variant }),
			"skus":        column(list, func(c *Component) string { return c.SKU }),
			"titles":      column(list, func(c *Component) string { return c.Title }),
			"told_titles": column(list, func(c *Component) string { return c.Told }),
			"quantities":  column(list, func(c *Component) int { return c.Quantity }),
			"tracked":     column(list, func(c *Component) bool { return c.Tracked }),
			"totals":      column(list, func(c *Component) int64 { return c.Total.Minor }),
			"taxes":       column(list, func(c *Component) int64 { return c.Tax.Minor }),
		})
}

// QueueAdjustments queues what a new order's figures are made of. They come after
// the promotions have been counted: to refer to one locks its row a little, and
// PostgreSQL seldom but sometimes fails where many who hold such locks go on to
// update the row ("new multixact has more than one updating member").
func QueueAdjustments(b *postgres.Batch, n *New) {
	list := n.Adjustments
	if len(list) == 0 {
		return
	}
	b.Queue(`
		INSERT INTO adjustments (id, order_id, vendor_order_id, order_line_id, kind, label, rate_ppm, amount_minor, promotion_id, platform_minor, fee)
		SELECT a.id, @order, a.part, a.line, a.kind, a.label, nullif(a.ppm, 0), a.amount, a.promotion, a.platform, a.fee
		FROM unnest(@ids::uuid[], @parts::uuid[], @lines::uuid[], @kinds::text[], @labels::text[], @ppms::int[], @amounts::bigint[],
			@promotions::uuid[], @platforms::bigint[], @fees::bool[])
			AS a (id, part, line, kind, label, ppm, amount, promotion, platform, fee)`,
		pgx.NamedArgs{
			"order":      n.ID,
			"ids":        column(list, func(*Adjustment) id.Adjustment { return id.New[id.Adjustment]() }),
			"parts":      column(list, func(a *Adjustment) id.VendorOrder { return a.Part }),
			"lines":      column(list, func(a *Adjustment) id.OrderLine { return a.Line }),
			"kinds":      column(list, func(a *Adjustment) string { return a.Kind }),
			"labels":     column(list, func(a *Adjustment) string { return a.Label }),
			"ppms":       column(list, func(a *Adjustment) int64 { return a.PPM }),
			"amounts":    column(list, func(a *Adjustment) int64 { return a.Amount.Minor }),
			"promotions": column(list, func(a *Adjustment) id.Promotion { return a.Promotion }),
			"platforms":  column(list, func(a *Adjustment) int64 { return a.Platform.Minor }),
			"fees":       column(list, func(a *Adjustment) bool { return a.Fee }),
		})
}

// TaxesOf reads the taxes of an order, as they were frozen.
func TaxesOf(ctx context.Context, db postgres.DB, order id.Order) ([]Adjustment, error) {
	list, err := postgres.All[Adjustment](ctx, db, `
		SELECT a.vendor_order_id AS part, a.order_line_id AS line, a.kind, a.label, coalesce(a.rate_ppm, 0)::bigint AS ppm, (a.amount_minor, o.currency) AS amount,
		       a.fee, a.promotion_id AS promotion, (a.platform_minor, o.currency) AS platform
		FROM adjustments a JOIN orders o ON o.id = a.order_id
		WHERE a.order_id = @order AND a.kind = 'tax' ORDER BY a.id`, pgx.NamedArgs{"order": order})
	if err != nil {
		return nil, fmt.Errorf("read taxes of order %s: %w", order, err)
	}
	return list, nil
}

// column is one field of every row, as unnest wants it.
func column[R, V any](rows []R, field func(*R) V) []V {
	values := make([]V, len(rows))
	for i := range rows {
		values[i] = field(&rows[i])
	}
	return values
}

// Lock reads an order as it is now and keeps everybody else from changing it
// until the transaction ends. Its parts and lines need no locks of their own:
// nobody changes them without that of the order.
func Lock(ctx context.Context, tx pgx.Tx, order id.Order) (Whole, error) {
	w, err := readWhole(ctx, tx, selectLocked, pgx.NamedArgs{"order": order, "orders": []id.Order{order}})
	if err != nil {
		return Whole{}, fmt.Errorf("lock order %s: %w", order, err)
	}
	return w, nil
}

// Read is Lock without the lock, to look.
func Read(ctx context.Context, db postgres.DB, order id.Order) (Whole, error) {
	w, err := readWhole(ctx, db, selectOrders, pgx.NamedArgs{"orders": []id.Order{order}})
	if err != nil {
		return Whole{}, fmt.Errorf("read order %s: %w", order, err)
	}
	return w, nil
}

func readWhole(ctx context.Context, db postgres.DB, sql string, args pgx.NamedArgs) (Whole, error) {
	var w Whole
	b := postgres.NewBatch()
	postgres.ReadOne(b, &w.Order, sql, args)
	postgres.ReadAll(b, &w.Parts, selectParts, args)
	postgres.ReadAll(b, &w.Lines, selectLines, args)
	err := b.Send(ctx, db)
	if errors.Is(err, postgres.ErrNoRow) {
		return Whole{}, ErrNoOrder
	}
	return w, err
}

// QueueSave writes back what has changed since was, with the one step that
// tells of it. It fails with ErrChanged when was is not what the database holds.
func QueueSave(ctx context.Context, b *postgres.Batch, was Whole, is *Whole, step func(Change) events.Step) {
	is.Version = was.Version + 1
	if is.Status != StatusPending {
		is.ExpiresAt = nil
	}
	b.QueueOne(`
		UPDATE orders SET
			status = @status, payment_status = @payment_status, fulfillment_status = @fulfillment_status, cancel_reason = @cancel_reason,
			ahead_minor = @ahead, expires_at = CASE WHEN @status = 'pending' THEN expires_at END, updated_at = now(), version = version + 1
		WHERE id = @order AND version = @version AND status = @was`,
		pgx.NamedArgs{
			"order": is.ID, "version": was.Version, "was": string(was.Status), "status": string(is.Status),
			"payment_status": string(is.PaymentStatus), "fulfillment_status": string(is.FulfillmentStatus), "cancel_reason": is.CancelReason,
			"ahead": is.Ahead.Minor,
		}, ErrChanged)
	queueChangedParts(b, was, *is)
	queueChangedLines(b, was, *is)
	events.Queue(ctx, b, step(Change{OrderID: is.ID, Version: is.Version, From: was.Status, To: is.Status}))
}

func queueChangedParts(b *postgres.Batch, was, is Whole) {
	for i, p := range is.Parts {
		if old := was.Parts[i]; p.Status != old.Status || p.Paid != old.Paid {
			b.QueueOne(`
				UPDATE vendor_orders SET status = @status, paid = @paid, updated_at = now()
				WHERE id = @part AND status = @was`,
				pgx.NamedArgs{"part": p.ID, "status": string(p.Status), "paid": p.Paid, "was": string(old.Status)}, ErrChanged)
		}
	}
}

func queueChangedLines(b *postgres.Batch, was, is Whole) {
	var changed []Line
	for i, l := range is.Lines {
		if old := was.Lines[i]; l.Fulfilled != old.Fulfilled || l.Withdrawn != old.Withdrawn || l.Returned != old.Returned {
			changed = append(changed, l)
		}
	}
	if len(changed) == 0 {
		return
	}
	b.QueueOne(`
		UPDATE order_lines l SET
			quantity_fulfilled = c.fulfilled, quantity_cancelled = c.cancelled, quantity_cancelled_paid = c.cancelled_paid, quantity_returned = c.returned,
			cancelled_minor = c.total, cancelled_tax_minor = c.tax, cancelled_commission_minor = c.commission, cancelled_platform_minor = c.platform
		FROM unnest(@ids::uuid[], @fulfilled::int[], @cancelled::int[], @cancelled_paid::int[], @returned::int[], @totals::bigint[], @taxes::bigint[],
			@commissions::bigint[], @platforms::bigint[])
			AS c (id, fulfilled, cancelled, cancelled_paid, returned, total, tax, commission, platform)
		WHERE l.id = c.id AND l.order_id = @order`,
		pgx.NamedArgs{
			"order":          is.ID,
			"ids":            column(changed, func(l *Line) id.OrderLine { return l.ID }),
			"fulfilled":      column(changed, func(l *Line) int { return l.Fulfilled }),
			"cancelled":      column(changed, func(l *Line) int { return l.Withdrawn }),
			"cancelled_paid": column(changed, func(l *Line) int { return l.WithdrawnPaid }),
			"returned":       column(changed, func(l *Line) int { return l.Returned }),
			"totals":         column(changed, func(l *Line) int64 { return l.WithdrawnTotal.Minor }),
			"taxes":          column(changed, func(l *Line) int64 { return l.WithdrawnTax.Minor }),
			"commissions":    column(changed, func(l *Line) int64 { return l.WithdrawnCommission.Minor }),
			"platforms":      column(changed, func(l *Line) int64 { return l.WithdrawnPlatform.Minor }),
		}, ErrChanged)
}

// Overdue takes the locks of pending orders that are past their deadline and
// that nobody else is handling, those that have waited the longest first.
func Overdue(ctx context.Context, tx pgx.Tx, limit int) ([]id.Order, error) {
	list, err := postgres.Column[id.Order](ctx, tx, `
		SELECT id FROM orders
		WHERE status = 'pending' AND expires_at <= now()
		ORDER BY expires_at
		LIMIT @limit
		FOR UPDATE SKIP LOCKED`,
		pgx.NamedArgs{"limit": limit})
	if err != nil {
		return nil, fmt.Errorf("find overdue orders: %w", err)
	}
	return list, nil
}

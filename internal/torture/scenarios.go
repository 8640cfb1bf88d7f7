package torture

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/checkout"
	"souk/internal/crash"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/postgres"
)

// scenarios pass every crash point that is declared anywhere; CrashPoints says
// when one is missing.
var scenarios = []scenario{
	{"place", []crash.Name{"checkout.place.before_writes", "checkout.place.before_commit", "checkout.place.after_commit"}, placeOrder},
	{"ship", []crash.Name{"checkout.ship.before_stock", "checkout.ship.before_commit", "checkout.ship.after_commit"}, shipOrder},
	{"deliver", []crash.Name{"checkout.capture.before_posting", "checkout.deliver.before_commit", "checkout.deliver.after_commit"}, deliverOrder},
	{"take back", []crash.Name{"checkout.return.before_stock", "checkout.deliver.before_commit", "checkout.deliver.after_commit"}, takeBackOrder},
	{"cancel", []crash.Name{"checkout.cancel.before_stock", "checkout.cancel.before_commit", "checkout.cancel.after_commit"}, cancelOrder},
	{"cancel what is paid", []crash.Name{"checkout.cancel.before_stock", "checkout.cancel.after_commit"}, cancelPaid},
	{"pay", []crash.Name{"checkout.pay.before_start", "checkout.pay.after_start", "checkout.settle.after_writes", "checkout.pay.after_commit"}, payOrder},
	{"capture", []crash.Name{"checkout.settle.after_writes"}, captureOrder},
	{"hear of a payment", []crash.Name{
		"payments.notice.before_commit", "payments.notice.after_commit", "checkout.sync.before_commit", "checkout.settle.after_writes", "checkout.sync.after_commit",
	}, payByProvider},
	{"tell a provider", []crash.Name{
		"checkout.carry.before_call", "checkout.carry.after_call", "checkout.carry.before_commit", "checkout.carry.after_commit",
	}, refundByProvider},
	{"compare books", []crash.Name{"reconcile.run.before_commit", "reconcile.run.after_commit"}, compareByCommand},
	{"fix", []crash.Name{"checkout.fix.before_commit", "checkout.fix.after_commit"}, dismissException},
	{"hand over", []crash.Name{"checkout.hand_over.before_grants", "checkout.hand_over.before_commit", "checkout.hand_over.after_commit"}, handOverKeys},
	{"hand over gift cards", []crash.Name{"checkout.hand_over.before_grants", "checkout.hand_over.before_commit", "checkout.hand_over.after_commit"}, handOverCards},
	{"send gift cards", []crash.Name{"credit.send.before_commit", "credit.send.after_commit"}, sendCards},
	{"issue invoices", []crash.Name{"invoices.issue.before_commit", "invoices.issue.after_commit"}, billOrder},
	{"refund", []crash.Name{"checkout.refund.before_commit", "checkout.refund.after_commit"}, refundOrder},
	{"join", []crash.Name{"checkout.hand_over.before_commit", "checkout.hand_over.after_commit"}, joinPlan},
	{"renew", []crash.Name{"checkout.renew.before_commit", "checkout.renew.after_commit"}, renewPlan},
	{"expire", []crash.Name{"checkout.expire.before_commit", "checkout.expire.after_commit"}, expireOrder},
	{"sell", []crash.Name{
		"httpapi.write.before_commit", "httpapi.write.after_commit", "events.consumer.before_commit", "events.consumer.after_commit",
	}, sellProduct},
	{"import", []crash.Name{"importer.batch.before_commit", "importer.batch.after_commit"}, importProducts},
	{"import whole", []crash.Name{"importer.whole.before_commit"}, importWhole},
	{"action", []crash.Name{"httpapi.action.before_store"}, storedAction},
}

// full is an order as staff see it.
type full struct {
	order
	Payment     string `json:"payment_status"`
	Fulfillment string `json:"fulfillment_status"`
	Parts       []struct {
		ID        string `json:"id"`
		Status    string `json:"status"`
		Paid      bool   `json:"paid"`
		Shipments []struct {
			ID     string `json:"id"`
			Status string `json:"status"`
		} `json:"shipments"`
	} `json:"vendor_orders"`
	Payments []struct {
		ID       id.Payment   `json:"id"`
		Captured money.Amount `json:"captured"`
	} `json:"payments"`
	Timeline []struct {
		Event string `json:"event"`
	} `json:"timeline"`
}

func (s *shop) see(ctx context.Context, order string) (o full, err error) {
	_, err = s.insist(ctx, request{method: "GET", path: "/api/v1/admin/orders/" + order, staff: true}, &o)
	return o, err
}

// want is what must have become of an order.
type want struct {
	status, payment, fulfillment string
	timeline                     []string
	stock                        stock
}

func (s *shop) wantOrder(ctx context.Context, id string, p product, w want) (full, error) {
	o, err := s.see(ctx, id)
	if err != nil {
		return o, err
	}
	var timeline []string
	for _, step := range o.Timeline {
		timeline = append(timeline, step.Event)
	}
	if o.Status != w.status || o.Payment != w.payment || o.Fulfillment != w.fulfillment || !slices.Equal(timeline, w.timeline) {
		return o, fmt.Errorf("the order is %s, %s, %s by %v, want %+v", o.Status, o.Payment, o.Fulfillment, timeline, w)
	}
	left, err := s.stock(ctx, p)
	if err == nil && left != w.stock {
		err = fmt.Errorf("the stock is %+v, want %+v", left, w.stock)
	}
	return o, err
}

// ordered is an order of one unit of two, placed in peace.
func (s *shop) ordered(ctx context.Context) (product, order, error) {
	p, err := s.sell(ctx, 2)
	if err != nil {
		return p, order{}, err
	}
	b, err := s.newBuyer(ctx, p)
	if err != nil {
		return p, order{}, err
	}
	var placed struct {
		Order order `json:"order"`
	}
	_, err = s.insist(ctx, b.checkout("order-of-"+b.Cart), &placed)
	return p, placed.Order, err
}

func placeOrder(ctx context.Context, s *shop) (step, error) {
	p, err := s.sell(ctx, 2)
	if err != nil {
		return step{}, err
	}
	b, err := s.newBuyer(ctx, p)
	return step{
		do: b.checkout("order-of-" + b.Cart),
		right: func(ctx context.Context, a answer) error {
			v := verdict{}.read(a, false)
			if v.order == nil || v.order.Totals.Grand != b.Total {
				return fmt.Errorf("the second try was told %s, want an order for %v", a, b.Total)
			}
			_, err := s.wantOrder(ctx, v.order.ID, p, want{"confirmed", "authorized", "unfulfilled", []string{"placed"}, stock{2, 0, 1, 1}})
			return err
		},
	}, err
}

func shipOrder(ctx context.Context, s *shop) (step, error) {
	p, o, err := s.ordered(ctx)
	return step{
		do: request{method: "POST", path: "/api/v1/admin/orders/" + o.ID + "/shipments", staff: true, key: "ship-" + o.ID, body: map[string]any{}},
		right: func(ctx context.Context, _ answer) error {
			seen, err := s.wantOrder(ctx, o.ID, p, want{"shipped", "authorized", "shipped", []string{"placed", "shipped"}, stock{1, 0, 0, 1}})
			if err == nil && len(seen.Parts[0].Shipments) != 1 {
				err = fmt.Errorf("%d parcels left, want 1", len(seen.Parts[0].Shipments))
			}
			return err
		},
	}, err
}

// shipped is an order of one unit that is under way, and the id of its parcel.
func (s *shop) shipped(ctx context.Context) (p product, o order, parcel string, err error) {
	if p, o, err = s.ordered(ctx); err != nil {
		return p, o, "", err
	}
	var sent struct {
		ID string `json:"id"`
	}
	_, err = s.insist(ctx, request{method: "POST", path: "/api/v1/admin/orders/" + o.ID + "/shipments", staff: true, key: "ship-" + o.ID, body: map[string]any{}}, &sent)
	return p, o, sent.ID, err
}

func deliverOrder(ctx context.Context, s *shop) (step, error) {
	p, o, parcel, err := s.shipped(ctx)
	return step{
		do: request{
			method: "POST", path: "/api/v1/admin/shipments/" + parcel + "/events", staff: true, key: "deliver-" + parcel,
			body: map[string]string{"status": "delivered"},
		},
		right: func(ctx context.Context, _ answer) error {
			seen, err := s.wantOrder(ctx, o.ID, p, want{"delivered", "paid", "delivered", []string{"placed", "shipped", "delivered"}, stock{1, 0, 0, 1}})
			if err == nil && (len(seen.Payments) != 1 || seen.Payments[0].Captured != o.Totals.Grand || !seen.Parts[0].Paid) {
				err = fmt.Errorf("the payments are %+v, want %v captured once", seen.Payments, o.Totals.Grand)
			}
			return err
		},
	}, err
}

func takeBackOrder(ctx context.Context, s *shop) (step, error) {
	p, o, parcel, err := s.shipped(ctx)
	return step{
		do: request{
			method: "POST", path: "/api/v1/admin/shipments/" + parcel + "/events", staff: true, key: "return-" + parcel,
			body: map[string]string{"status": "returned"},
		},
		right: func(ctx context.Context, _ answer) error {
			_, err := s.wantOrder(ctx, o.ID, p, want{"returned", "voided", "returned", []string{"placed", "shipped", "returned"}, stock{2, 0, 0, 2}})
			return err
		},
	}, err
}

func cancelOrder(ctx context.Context, s *shop) (step, error) {
	p, o, err := s.ordered(ctx)
	return step{
		do: request{method: "POST", path: "/api/v1/orders/" + o.ID + "/cancel?token=" + o.Token, key: "cancel-" + o.ID, body: map[string]string{"reason": "torture"}},
		right: func(ctx context.Context, _ answer) error {
			_, err := s.wantOrder(ctx, o.ID, p, want{"cancelled", "voided", "cancelled", []string{"placed", "cancelled"}, stock{2, 0, 0, 2}})
			return err
		},
	}, err
}

// sellProduct dies in the write, or in the followers of the log after the
// client was answered: the product must be there once, and listed.
func sellProduct(_ context.Context, s *shop) (step, error) {
	do := s.newProduct(2)
	return step{do: do, right: func(ctx context.Context, a answer) error {
		var p product
		if err := a.read(&p); err != nil {
			return err
		}
		if err := s.settled(ctx); err != nil {
			return err
		}
		listed := s.call(ctx, request{method: "GET", path: "/api/v1/products/" + p.Slug})
		if listed.status != http.StatusOK {
			return fmt.Errorf("product %s is not listed: %s", p.Slug, listed)
		}
		return s.wantProducts(ctx, do.key, 1)
	}}, nil
}

// wantProducts counts the products whose handles begin so.
func (s *shop) wantProducts(ctx context.Context, handle string, want int) error {
	got, err := postgres.Scalar[int](ctx, s.pool, `
		SELECT count(*)::int AS products FROM products WHERE starts_with(coalesce(handle, slug), @handle)`, pgx.NamedArgs{"handle": handle})
	if err == nil && got != want {
		err = fmt.Errorf("there are %d products %s, want %d", got, handle, want)
	}
	return err
}

// importProducts dies in an import from the command line, which is begun again
// from its first row.
func importProducts(_ context.Context, s *shop) (step, error) { return s.importFile() }

func importWhole(_ context.Context, s *shop) (step, error) { return s.importFile("--all-or-nothing") }

func (s *shop) importFile(flags ...string) (step, error) {
	const many = 40
	s.made++
	handle := fmt.Sprintf("imported-%d-", s.made)
	var b strings.Builder
	b.WriteString("Handle,Title,Vendor,Published,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Tracker,Variant Inventory Qty,Variant Price\n")
	for i := range many {
		fmt.Fprintf(&b, "%s%d,Imported %d,Importer,true,Title,Default Title,%s%d,shopify,7,9.99\n", handle, i, i, handle, i)
	}
	file := filepath.Join(s.dir, handle+"products.csv")
	return step{
		run: append([]string{"import", "products", file}, flags...),
		right: func(ctx context.Context, _ answer) error {
			units, err := postgres.Scalar[int](ctx, s.pool, `
				SELECT coalesce(sum(l.on_hand), 0)::int AS units FROM variants v JOIN stock_levels l ON l.variant_id = v.id WHERE starts_with(v.sku, @handle)`,
				pgx.NamedArgs{"handle": handle})
			if err == nil && units != 7*many {
				err = fmt.Errorf("%d units were imported, want %d", units, 7*many)
			}
			return errors.Join(err, s.wantProducts(ctx, handle, many))
		},
	}, os.WriteFile(file, []byte(b.String()), 0o600)
}

// prepaid is an order that waits for its payment, as no provider of today lets
// it: it is placed by this process.
func (s *shop) prepaid(ctx context.Context) (p product, o id.Order, err error) {
	if p, err = s.sell(ctx, 2); err != nil {
		return p, o, err
	}
	o, err = s.promised(ctx, p)
	return p, o, err
}

// promised is prepaid for a product that is there.
func (s *shop) promised(ctx context.Context, p product) (o id.Order, err error) {
	b, err := s.newBuyer(ctx, p)
	if err != nil {
		return o, err
	}
	cart, err := id.Parse[id.Cart](b.Cart)
	if err != nil {
		return o, err
	}
	flows := withLater(s.app)
	err = postgres.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		placed, err := flows.Place(ctx, tx, checkout.Placing{Cart: cart, Method: methodLater, Expected: b.Total})
		o = placed.Order.ID
		return err
	})
	return o, err
}

// handOverKeys sells one of two licence keys. The money comes with the server
// gone: its job would be faster than the process that is to die.
func handOverKeys(ctx context.Context, s *shop) (step, error) {
	var p product
	do := s.newProduct(0)
	do.body.(map[string]any)["variants"].([]map[string]any)[0]["requires_shipping"] = false
	if _, err := s.insist(ctx, do, &p); err != nil {
		return step{}, err
	}
	keys := request{
		method: "POST", path: "/api/v1/admin/variants/" + p.variant() + "/licence-keys", staff: true, key: "keys-of-" + p.ID,
		body: map[string]any{"keys": []string{p.Slug + "-1", p.Slug + "-2"}},
	}
	if _, err := s.insist(ctx, keys, nil); err != nil {
		return step{}, err
	}
	o, err := s.promised(ctx, p)
	return step{
		last: func(ctx context.Context) error { return capture(ctx, s.app, o.String()) },
		run:  act("hand over", o.String()),
		right: func(ctx context.Context, _ answer) error {
			_, err := s.wantOrder(ctx, o.String(), p, want{"delivered", "paid", "delivered", []string{"placed", "confirmed", "delivered"}, stock{1, 0, 0, 1}})
			if err != nil {
				return err
			}
			grants, err := postgres.Scalar[int](ctx, s.pool, `SELECT count(*)::int AS grants FROM digital_grants WHERE order_id = @order`, pgx.NamedArgs{"order": o})
			if err == nil && grants != 1 {
				err = fmt.Errorf("%d keys were granted, want 1", grants)
			}
			return err
		},
	}, err
}

// handOverCards sells two gift cards. The money comes with the server gone, as in
// handOverKeys.
func handOverCards(ctx context.Context, s *shop) (step, error) {
	var p product
	do := s.newProduct(0)
	body := do.body.(map[string]any)
	delete(body, "vendor_id")
	body["gift_card"], body["variants"] = true, []map[string]any{{"price": money.Of(2500, "USD")}}
	if _, err := s.insist(ctx, do, &p); err != nil {
		return step{}, err
	}
	o, err := s.promised(ctx, p)
	return step{
		last: func(ctx context.Context) error { return capture(ctx, s.app, o.String()) },
		run:  act("hand over", o.String()),
		right: func(ctx context.Context, _ answer) error {
			seen, err := s.see(ctx, o.String())
			if err != nil {
				return err
			}
			cards, err := postgres.Scalar[int](ctx, s.pool, `SELECT count(*)::int FROM gift_cards WHERE order_id = @order AND balance_minor = 2500`, pgx.NamedArgs{"order": o})
			if err == nil && (cards != 1 || seen.Status != "delivered") {
				err = fmt.Errorf("%d gift cards were issued, want 1; the order is %s", cards, seen.Status)
			}
			return err
		},
	}, err
}

// sendCards has a gift card come due with the server gone: its sweep would be
// faster than the process that is to die.
func sendCards(ctx context.Context, s *shop) (step, error) {
	g, err := s.giveCard(ctx, money.Of(100, "USD"), time.Hour)
	return step{
		last: func(ctx context.Context) error {
			_, err := s.pool.Exec(ctx, `UPDATE gift_cards SET send_at = now() WHERE sent_at IS NULL`)
			return err
		},
		run: act("send gift cards", ""),
		right: func(ctx context.Context, _ answer) error {
			sent, err := postgres.Scalar[int](ctx, s.pool, `
				SELECT count(*)::int FROM events WHERE name = 'credit.gift_card_due' AND data ->> 'gift_card_id' = @card`, pgx.NamedArgs{"card": g.ID})
			if err == nil && sent != 1 {
				err = fmt.Errorf("the gift card was sent %d times, want once", sent)
			}
			return err
		},
	}, err
}

// refundOrder gives a part of the money for a delivered order back.
func refundOrder(ctx context.Context, s *shop) (step, error) {
	p, o, parcel, err := s.shipped(ctx)
	if err != nil {
		return step{}, err
	}
	deliver := request{method: "POST", path: "/api/v1/admin/shipments/" + parcel + "/events", staff: true, key: "deliver-" + parcel, body: map[string]string{"status": "delivered"}}
	_, err = s.insist(ctx, deliver, nil)
	return step{
		do: request{method: "POST", path: "/api/v1/admin/orders/" + o.ID + "/refunds", staff: true, key: "refund-" + o.ID, body: map[string]any{
			"amount": money.Of(500, "USD"), "reason": "torture",
		}},
		right: func(ctx context.Context, _ answer) error {
			_, err := s.wantOrder(ctx, o.ID, p, want{"delivered", "partially_refunded", "delivered", []string{"placed", "shipped", "delivered", "refunded"}, stock{1, 0, 0, 1}})
			return err
		},
	}, err
}

func payOrder(ctx context.Context, s *shop) (step, error) {
	p, o, err := s.prepaid(ctx)
	return step{run: act("pay", o.String()), right: func(ctx context.Context, _ answer) error {
		_, err := s.wantOrder(ctx, o.String(), p, want{"confirmed", "authorized", "unfulfilled", []string{"placed", "confirmed"}, stock{2, 0, 1, 1}})
		return err
	}}, err
}

func captureOrder(ctx context.Context, s *shop) (step, error) {
	p, o, err := s.prepaid(ctx)
	if err != nil {
		return step{}, err
	}
	if err := s.run(act("pay", o.String())); err != nil {
		return step{}, err
	}
	return step{run: act("capture", o.String()), right: func(ctx context.Context, _ answer) error {
		_, err := s.wantOrder(ctx, o.String(), p, want{"confirmed", "paid", "unfulfilled", []string{"placed", "confirmed", "paid"}, stock{2, 0, 1, 1}})
		return err
	}}, nil
}

// billOrder has an order paid with the server gone, whose job would bill it faster
// than the process that is to die.
func billOrder(ctx context.Context, s *shop) (step, error) {
	_, o, err := s.prepaid(ctx)
	if err != nil {
		return step{}, err
	}
	if err := s.run(act("pay", o.String())); err != nil {
		return step{}, err
	}
	return step{
		last: func(ctx context.Context) error { return capture(ctx, s.app, o.String()) },
		run:  act("issue invoices", o.String()),
		right: func(ctx context.Context, _ answer) error {
			bills, err := postgres.Scalar[int](ctx, s.pool, `SELECT count(*)::int AS bills FROM invoices WHERE order_id = @order`, pgx.NamedArgs{"order": o})
			if err == nil && bills != 1 {
				err = fmt.Errorf("the order was billed %d times", bills)
			}
			return err
		},
	}, nil
}

// expireOrder lets a hold run out with the server gone: its sweep would be
// faster than the process that is to die.
func expireOrder(ctx context.Context, s *shop) (step, error) {
	p, o, err := s.prepaid(ctx)
	return step{
		last: func(ctx context.Context) error {
			_, err := s.pool.Exec(ctx, `UPDATE orders SET expires_at = now() - interval '1 second' WHERE id = $1`, o)
			return err
		},
		run: act("expire", ""),
		right: func(ctx context.Context, _ answer) error {
			_, err := s.wantOrder(ctx, o.String(), p, want{"cancelled", "voided", "cancelled", []string{"placed", "cancelled"}, stock{2, 0, 0, 2}})
			return err
		},
	}, err
}

// storedAction dies between an effect and the storing of its answer: the claim
// is given up after a minute, and then the same call runs again.
func storedAction(_ context.Context, s *shop) (step, error) {
	key := fmt.Sprintf("action-%d", time.Now().UnixNano())
	return step{
		run: act("action", key),
		between: func(ctx context.Context) error {
			tag, err := s.pool.Exec(ctx, `
				UPDATE idempotency_keys SET created_at = created_at - interval '61 seconds' WHERE key = $1 AND status = 0`, key)
			if err == nil && tag.RowsAffected() != 1 {
				err = fmt.Errorf("the crash left %d claims under %s, want 1", tag.RowsAffected(), key)
			}
			return err
		},
		right: func(ctx context.Context, _ answer) error {
			status, err := postgres.Scalar[int](ctx, s.pool, `SELECT status FROM idempotency_keys WHERE key = @key`, pgx.NamedArgs{"key": key})
			if err == nil && status != http.StatusOK {
				err = fmt.Errorf("the stored answer is %d, want 200", status)
			}
			return err
		},
	}, nil
}

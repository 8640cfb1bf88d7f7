package demo

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/id"
	"souk/internal/ledger"
	"souk/internal/money"
	"souk/internal/orders"
	"souk/internal/platform/events"
)

const (
	crowdSelling    = 20                   // one product of so many sells at all; the best one as many units as there are of those
	crowdPast       = 360 * 24 * time.Hour // since the first order
	crowdLinesEach  = 4                    // of an order, at most
	crowdUnitsEach  = 12                   // of a line, at most
	crowdCommission = 1000                 // basis points
)

// sales are the rows of a load's orders, all paid in cash at the door and
// delivered: popularity counts their lines, and reviews need them.
type sales struct {
	*load
	orders, parts, lines, parcels, parcelLines, payments, facts, movements, steps, reviews, ratings *tableRows

	postings []ledger.Posting
	said     map[opinion]bool
	stars    map[id.Product]*[6]int // how many reviews have so many stars
	address  accounts.PostalAddress
	way      orders.ShippingOption
}

// A sale is some units of an offer that go into one order.
type sale struct {
	offer
	quantity int
}

// sell makes the orders of what sells of a load, each of one vendor.
func (l *load) sell(ctx context.Context, tx pgx.Tx) error {
	s := sales{
		load: l,
		orders: rowsOf("orders", `id number cart_id user_id email status payment_status fulfillment_status currency items_minor discount_minor
			shipping_minor tax_minor tax_included grand_total_minor shipping_address billing_address placed_at updated_at version`),
		parts: rowsOf("vendor_orders", `id order_id vendor_id vendor_name vendor_slug number status paid currency items_minor discount_minor shipping_minor
			tax_minor total_minor shipping_option placed_at updated_at`),
		lines: rowsOf("order_lines", `id order_id vendor_order_id vendor_id variant_id product_id product_slug position title variant_title sku tracked
			requires_shipping quantity unit_price_minor subtotal_minor discount_minor tax_minor total_minor commission_bps
			commission_minor currency quantity_fulfilled`),
		parcels:     rowsOf("shipments", "id order_id vendor_order_id vendor_id status shipped_at delivered_at version"),
		parcelLines: rowsOf("shipment_lines", "shipment_id order_line_id quantity"),
		payments:    rowsOf("payments", `id order_id provider status currency amount_minor authorized_minor captured_minor created_at updated_at version`),
		facts:       rowsOf("payment_events", "id payment_id kind amount_minor currency cause actor at"),
		movements:   rowsOf("stock_movements", "variant_id location_id delta reason ref actor at"),
		steps:       rowsOf("events", "id name subject version data actor at"),
		reviews:     rowsOf("reviews", "id product_id vendor_id user_id author rating body status created_at updated_at"),
		ratings:     rowsOf("product_ratings", "product_id rating_count rating_sum stars_1 stars_2 stars_3 stars_4 stars_5"),
		said:        map[opinion]bool{},
		stars:       map[id.Product]*[6]int{},
		address:     accounts.PostalAddress{Line1: "1 Market Street", City: "Berlin", PostalCode: "10115", Country: "DE"},
		way:         orders.ShippingOption{Name: "Standard", Kind: "standard", Days: orders.Days{Min: 3, Max: 7}},
	}
	for _, basket := range l.baskets() {
		s.order(basket)
	}
	s.rate()
	if err := copyAll(ctx, tx, s.orders, s.parts, s.lines, s.parcels, s.parcelLines, s.payments, s.facts, s.movements, s.steps, s.reviews, s.ratings); err != nil {
		return err
	}
	return ledger.Post(ctx, tx, s.postings...)
}

// baskets deals all units that were sold out into orders of one vendor each.
func (l *load) baskets() (baskets [][]sale) {
	var all []sale
	for _, g := range l.sells {
		for left := g.units; left > 0; {
			n := min(left, 1+l.uneven(crowdUnitsEach))
			all = append(all, sale{g, n})
			left -= n
		}
	}
	l.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	slices.SortStableFunc(all, func(a, b sale) int { return strings.Compare(a.depot.slug, b.depot.slug) })
	var basket []sale
	room := 0
	for _, next := range all {
		again := slices.ContainsFunc(basket, func(s sale) bool { return s.variant == next.variant })
		if len(basket) > 0 && (again || len(basket) >= room || basket[0].vendor != next.vendor) {
			baskets, basket = append(baskets, basket), nil
		}
		if basket == nil {
			room = 1 + l.IntN(crowdLinesEach)
		}
		basket = append(basket, next)
	}
	if basket != nil {
		baskets = append(baskets, basket)
	}
	return baskets
}

// order makes the rows of one order.
func (s *sales) order(basket []sale) {
	buyer, seller := s.buyers[s.IntN(len(s.buyers))], basket[0].depot
	order, part, parcel := id.New[id.Order](), id.New[id.VendorOrder](), id.New[id.Shipment]()
	placed := s.at.Add(-10*24*time.Hour - s.upTo(crowdPast-10*24*time.Hour))
	shipped := placed.Add(2*time.Hour + s.upTo(2*24*time.Hour))
	delivered := shipped.Add(12*time.Hour + s.upTo(5*24*time.Hour))
	number := "C" + strings.ToUpper(order.String()[len(order.String())-12:])
	address := s.address
	address.Name = buyer.name

	total, commission := int64(0), int64(0)
	for i, item := range basket {
		line, subtotal := id.New[id.OrderLine](), item.price*int64(item.quantity)
		share := subtotal * crowdCommission / 10_000
		total, commission = total+subtotal, commission+share
		s.lines.add(line, order, part, seller.vendor, item.variant, item.product, item.offer.slug, i, item.title, crowdSizes[0], item.sku, true, true,
			item.quantity, item.price, subtotal, 0, 0, subtotal, crowdCommission, share, s.currency, item.quantity)
		s.parcelLines.add(parcel, line, item.quantity)
		s.movements.add(item.variant, seller.location, item.quantity, "receive", nil, "souk demo", placed)
		s.movements.add(item.variant, seller.location, -item.quantity, "sale", line, "souk demo", shipped)
		s.review(item.offer, buyer, delivered.Add(s.upTo(9*24*time.Hour)))
	}
	s.orders.add(order, number, id.Secret[id.Cart](), buyer.user, buyer.email, "delivered", "paid", "delivered", s.currency,
		total, 0, 0, 0, true, total, address, address, placed, delivered, 3)
	s.parts.add(part, order, seller.vendor, seller.name, seller.slug, number+"-1", "delivered", true, s.currency,
		total, 0, 0, 0, total, s.way, placed, delivered)
	s.parcels.add(parcel, order, part, seller.vendor, "delivered", shipped, delivered, 2)
	s.pay(order, part, seller.vendor, number, total, commission, placed, delivered)

	change := func(version int64, from, to orders.Status) orders.Change {
		return orders.Change{OrderID: order, Version: version, From: from, To: to}
	}
	s.step(placed, orders.Placed{Change: change(1, "", orders.StatusConfirmed), UserID: buyer.user})
	s.step(shipped, orders.Shipped{Change: change(2, orders.StatusConfirmed, orders.StatusShipped), VendorOrderID: part, ShipmentID: parcel})
	s.step(delivered, orders.Delivered{Change: change(3, orders.StatusShipped, orders.StatusDelivered), VendorOrderID: part, ShipmentID: parcel})
}

// pay promises the cash when the order is placed and takes it at the door.
func (s *sales) pay(order id.Order, part id.VendorOrder, vendor id.Vendor, number string, total, commission int64, placed, delivered time.Time) {
	payment, capture := id.New[id.Payment](), id.New[id.PaymentEvent]()
	s.payments.add(payment, order, "cod", "captured", s.currency, total, total, total, placed, delivered, 2)
	s.facts.add(id.New[id.PaymentEvent](), payment, "authorize", total, s.currency, "placed", "souk demo", placed)
	s.facts.add(capture, payment, "capture", total, s.currency, "delivered "+part.String(), "souk demo", delivered)
	amount := func(minor int64) money.Amount { return money.Of(minor, money.Currency(s.currency)) }
	s.postings = append(s.postings, ledger.Posting{RefType: "payment_event", RefID: capture, Memo: "order " + number, At: delivered, Entries: []ledger.Entry{
		ledger.Debit(ledger.AccountKey{Kind: ledger.Clearing, Party: "cod"}, amount(total)),
		ledger.Credit(ledger.AccountKey{Kind: ledger.VendorPayable, Vendor: vendor}, amount(total-commission)),
		ledger.Credit(ledger.AccountKey{Kind: ledger.CommissionRevenue}, amount(commission)),
	}})
}

func (s *sales) step(at time.Time, e events.Step) {
	subject, version := e.Timeline()
	s.steps.add(id.New[id.Event](), e.EventName(), subject, version, e, "souk demo", at)
}

// review has half of the buyers say something of a product, once.
func (s *sales) review(g offer, by buyerOfCrowd, at time.Time) {
	about := opinion{by.user, g.product}
	if s.said[about] || s.IntN(2) == 0 {
		return
	}
	s.said[about] = true
	if s.stars[g.product] == nil {
		s.stars[g.product] = &[6]int{}
	}
	rating := max(g.worst, 1+weighted(s.Rand, ratings))
	s.stars[g.product][rating]++
	s.reviews.add(id.New[id.Review](), g.product, g.vendor, by.user, by.name, rating, s.title(s.words, 6)+".", "published", at, at)
}

// rate adds up the stars of each product.
func (s *sales) rate() {
	for product, n := range s.stars {
		count, sum := 0, 0
		for stars := range n {
			count, sum = count+n[stars], sum+stars*n[stars]
		}
		s.ratings.add(product, count, sum, n[1], n[2], n[3], n[4], n[5])
	}
}

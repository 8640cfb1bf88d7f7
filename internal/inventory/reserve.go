package inventory

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

// A Pick is where the units of an order line are taken from.
type Pick struct {
	Line     id.OrderLine
	Variant  id.Variant
	Location id.Location
	Quantity int
}

// Shipped is how many units of a variant leave with a parcel for a line. A line
// that sells a bundle ships every component.
type Shipped struct {
	Line     id.OrderLine
	Variant  id.Variant
	Quantity int
}

// QueueAllocate promises the picks to a confirmed order: all of them, or the
// batch fails with ErrInsufficientStock that names the variant. Queue it last:
// its rows are the ones that others wait for.
func (s *Stock) QueueAllocate(b *postgres.Batch, order id.Order, picks []Pick) {
	queueReservations(b, order, picks, "allocated", 0)
	for _, u := range byLevel(picks) {
		b.QueueOne(allocate, u.args(), ErrInsufficientStock.With("variant_id", u.Variant))
	}
}

// QueueHold promises the picks to an order that is not paid yet, until ttl has
// passed by the database's clock. Otherwise it is as QueueAllocate.
func (s *Stock) QueueHold(b *postgres.Batch, order id.Order, picks []Pick, ttl time.Duration) {
	queueReservations(b, order, picks, "held", ttl)
	for _, u := range byLevel(picks) {
		b.QueueOne(hold, u.args(), ErrInsufficientStock.With("variant_id", u.Variant))
	}
}

// Confirm turns what is held for an order into an allocation.
func (s *Stock) Confirm(ctx context.Context, tx pgx.Tx, order id.Order) error {
	held, err := postgres.All[promise](ctx, tx, confirmReservations, pgx.NamedArgs{"order": order})
	if err != nil {
		return fmt.Errorf("confirm stock of order %s: %w", order, err)
	}
	return move(ctx, tx, held, func(b *postgres.Batch, u unit, _ string) { b.QueueOne(heldToAllocated, u.args(), ErrNotReserved) })
}

// Release gives back what is promised to the lines of an order, or to all of
// them where lines is nil. What was released or shipped before is left alone.
func (s *Stock) Release(ctx context.Context, tx pgx.Tx, order id.Order, lines []id.OrderLine) error {
	return s.release(ctx, tx, []id.Order{order}, lines)
}

// ReleaseAll is Release for many orders, in one lock order over all of them.
func (s *Stock) ReleaseAll(ctx context.Context, tx pgx.Tx, orders []id.Order) error {
	return s.release(ctx, tx, orders, nil)
}

func (s *Stock) release(ctx context.Context, tx pgx.Tx, orders []id.Order, lines []id.OrderLine) error {
	promised, err := postgres.All[promise](ctx, tx, releaseReservations, pgx.NamedArgs{"orders": orders, "lines": lines})
	if err != nil {
		return fmt.Errorf("release stock of orders %s: %w", orders, err)
	}
	return move(ctx, tx, promised, func(b *postgres.Batch, u unit, state string) {
		if state == "held" {
			b.QueueOne(giveBackHeld, u.args(), ErrNotReserved)
		} else {
			b.QueueOne(giveBackAllocated, u.args(), ErrNotReserved)
		}
	})
}

// Ship takes allocated units out of the house: on hand falls, and a movement
// names the order line. ErrNotReserved where less is allocated than ships;
// ErrNotOnHand where a backorder has not arrived.
func (s *Stock) Ship(ctx context.Context, tx pgx.Tx, order id.Order, shipped []Shipped) error {
	type want struct {
		line    id.OrderLine
		variant id.Variant
	}
	lines := make([]id.OrderLine, len(shipped))
	left := map[want]int{}
	for i, l := range shipped {
		if l.Quantity <= 0 {
			return ErrNotReserved.With("order_line_id", l.Line)
		}
		lines[i] = l.Line
		left[want{l.Line, l.Variant}] += l.Quantity
	}
	promised, err := postgres.All[promise](ctx, tx, lockAllocated, pgx.NamedArgs{"order": order, "lines": lines})
	if err != nil {
		return fmt.Errorf("lock stock of order %s: %w", order, err)
	}
	b := postgres.NewBatch()
	var leaving []promise
	for _, p := range promised {
		of := want{p.Line, p.Variant}
		p.Quantity = min(p.Quantity, left[of])
		if p.Quantity == 0 {
			continue
		}
		left[of] -= p.Quantity
		leaving = append(leaving, p)
		b.QueueOne(shipReservation, pgx.NamedArgs{"id": p.ID, "quantity": p.Quantity}, ErrNotReserved)
	}
	for of, n := range left {
		if n > 0 {
			return ErrNotReserved.With("order_line_id", of.line)
		}
	}
	queueMovements(ctx, b, picksOf(leaving), "sale", -1)
	for _, u := range byLevel(picksOf(leaving)) {
		b.QueueOne(shipLevel, u.args(), ErrNotReserved)
	}
	if err := b.Send(ctx, tx); err != nil {
		return fmt.Errorf("ship stock of order %s: %w", order, err)
	}
	return nil
}

// Return brings units that have left for order lines back to the locations that
// they left from. What is not sellable any more is written off at once.
func (s *Stock) Return(ctx context.Context, tx pgx.Tx, back []Shipped, sellable bool) error {
	if len(back) == 0 {
		return nil
	}
	lines := make([]id.OrderLine, len(back))
	for i, u := range back {
		lines[i] = u.Line
	}
	away, err := postgres.All[Pick](ctx, tx, selectAway, pgx.NamedArgs{"lines": lines})
	if err != nil {
		return fmt.Errorf("find where %d lines have left from: %w", len(lines), err)
	}
	var picks []Pick
	for _, u := range back {
		for _, from := range away {
			if from.Line != u.Line || from.Variant != u.Variant {
				continue
			}
			from.Quantity = min(from.Quantity, u.Quantity)
			if u.Quantity -= from.Quantity; from.Quantity > 0 {
				picks = append(picks, from)
			}
		}
		if u.Quantity > 0 {
			return fmt.Errorf("%d units of variant %s come back for line %s that have not left", u.Quantity, u.Variant, u.Line)
		}
	}
	b := postgres.NewBatch()
	queueMovements(ctx, b, picks, "return", 1)
	if !sellable {
		queueMovements(ctx, b, picks, "damage", -1)
		return b.Send(ctx, tx)
	}
	changed := StockChanged{}
	for _, u := range byLevel(picks) {
		b.QueueOne(returnLevel, u.args(), ErrNoLocation)
		if !slices.Contains(changed.VariantIDs, u.Variant) {
			changed.VariantIDs = append(changed.VariantIDs, u.Variant)
		}
	}
	events.Queue(ctx, b, changed)
	return b.Send(ctx, tx)
}

// A promise is a reservation as it was before it changed.
type promise struct {
	ID       id.Reservation `db:"id"`
	Line     id.OrderLine   `db:"order_line_id"`
	Variant  id.Variant     `db:"variant_id"`
	Location id.Location    `db:"location_id"`
	Quantity int            `db:"quantity"`
	State    string         `db:"state"`
}

// A unit is what changes at one stock level, however many lines ask for it.
type unit struct {
	Variant  id.Variant
	Location id.Location
	Quantity int
}

func (u unit) args() pgx.NamedArgs {
	return pgx.NamedArgs{"variant": u.Variant, "location": u.Location, "quantity": u.Quantity}
}

// byLevel sums picks over stock levels and sorts them in the lock order, so
// that two orders never wait for each other.
func byLevel(picks []Pick) []unit {
	type level struct {
		variant  id.Variant
		location id.Location
	}
	sums := map[level]int{}
	for _, p := range picks {
		sums[level{p.Variant, p.Location}] += p.Quantity
	}
	units := make([]unit, 0, len(sums))
	for at, quantity := range sums {
		units = append(units, unit{at.variant, at.location, quantity})
	}
	slices.SortFunc(units, func(a, b unit) int {
		return cmp.Or(bytes.Compare(a.Variant[:], b.Variant[:]), bytes.Compare(a.Location[:], b.Location[:]))
	})
	return units
}

// move changes the levels behind promises, held ones first, in lock order.
func move(ctx context.Context, tx pgx.Tx, promises []promise, queue func(b *postgres.Batch, u unit, state string)) error {
	b := postgres.NewBatch()
	for _, state := range []string{"held", "allocated"} {
		of := slices.DeleteFunc(slices.Clone(promises), func(p promise) bool { return p.State != state })
		for _, u := range byLevel(picksOf(of)) {
			queue(b, u, state)
		}
	}
	if b.Len() == 0 {
		return nil
	}
	return b.Send(ctx, tx)
}

func picksOf(promises []promise) []Pick {
	picks := make([]Pick, len(promises))
	for i, p := range promises {
		picks[i] = Pick{p.Line, p.Variant, p.Location, p.Quantity}
	}
	return picks
}

package demo

import (
	"context"
	"slices"
	"time"

	"souk/internal/auth"
	"souk/internal/cart"
	"souk/internal/checkout"
	"souk/internal/id"
	"souk/internal/orders"
	"souk/internal/shipping"
)

// shop fills a cart and orders it.
func (s *story) shop(ctx context.Context) error {
	basket := s.basket()
	if len(basket) == 0 { // before the first vendor has opened
		return nil
	}
	who, actor := s.shopper()
	ctx = auth.With(ctx, actor)
	c, err := s.Carts.Create(ctx, s.tx, s.currency(), basket)
	if err != nil {
		return err
	}
	if c, err = s.Carts.SetAddresses(ctx, s.tx, c.Cart.ID, cart.Addresses{Email: who.email, Shipping: &who.address}); err != nil {
		return err
	}
	express := s.rng.IntN(4) == 0
	if c, err = s.Carts.SetShipping(ctx, s.tx, c.Cart.ID, selections(c, express)); err != nil {
		return err
	}
	if s.leaves() {
		return nil
	}
	placed, err := s.Checkout.Place(ctx, s.tx, checkout.Placing{Cart: c.Cart.ID, Method: "cod", Expected: c.Quote.Totals.GrandTotal})
	if err != nil {
		return err
	}
	s.take(basket)
	s.placed++
	s.options.Progress("Orders", int64(s.placed), int64(len(s.plan.orders)))
	s.decide(placed.Order, actor, express)
	return nil
}

// leaves reports whether a buyer goes away at the last moment. Only some of the
// last two days do, because carts that are older have been forgotten.
func (s *story) leaves() bool {
	return s.plan.present.Sub(s.calendar.clock.Now()) < 48*time.Hour && s.rng.IntN(4) == 0
}

// shopper is a customer, or a guest.
func (s *story) shopper() (buyer, auth.Actor) {
	if len(s.customers) > 0 && s.rng.IntN(10) < 7 {
		c := pick(s.rng, s.customers)
		return c.buyer, c.actor
	}
	return s.plan.buyer(s.rng, pick(s.rng, s.plan.Stars), pick(s.rng, s.plan.Plants), "."+itoa(100+s.placed)), auth.Actor{}
}

// basket is one to four things, the famous ones more often, half of the further
// ones from the vendor of the first.
func (s *story) basket() []cart.NewItem {
	var items []cart.NewItem
	first := -1
	for range 1 + weighted(s.rng, []float64{45, 30, 17, 8}) {
		stall := -1
		if s.rng.IntN(2) == 0 {
			stall = first
		}
		quantity := 1 + weighted(s.rng, []float64{76, 17, 7})
		weights := make([]float64, len(s.shelf))
		for i, w := range s.shelf {
			taken := slices.ContainsFunc(items, func(item cart.NewItem) bool { return item.Variant == w.variant })
			if w.sold && w.left >= quantity && !taken && s.stalls[w.stall].open && (stall < 0 || w.stall == stall) {
				weights[i] = w.fame
			}
		}
		at := weighted(s.rng, weights)
		if at < 0 {
			continue
		}
		first = s.shelf[at].stall
		items = append(items, cart.NewItem{Variant: s.shelf[at].variant, Quantity: quantity})
	}
	return items
}

func (s *story) take(basket []cart.NewItem) {
	for _, item := range basket {
		s.ware(item.Variant).left -= item.Quantity
	}
}

func (s *story) ware(variant id.Variant) *ware {
	return s.shelf[slices.IndexFunc(s.shelf, func(w *ware) bool { return w.variant == variant })]
}

// selections takes the first way of each parcel, or the last, which is faster.
func selections(c cart.Priced, express bool) []cart.Selection {
	var list []cart.Selection
	for _, p := range c.Parcels {
		if len(p.Options) == 0 {
			continue
		}
		way := p.Options[0]
		if express {
			way = p.Options[len(p.Options)-1]
		}
		list = append(list, cart.Selection{Vendor: p.Vendor, Option: way.Option.ID})
	}
	return list
}

// decide writes down what becomes of an order: most of them arrive.
func (s *story) decide(o orders.View, buyer auth.Actor, express bool) {
	chance := s.rng.IntN(100)
	now := s.calendar.clock.Now()
	if chance < 6 {
		s.on(now.Add(spread(s.rng, 5*time.Hour)), buyer, "cancel", func(ctx context.Context) error { return s.cancel(ctx, o.ID, "I changed my mind.") })
		return
	}
	parts := o.Parts
	if chance < 9 && len(parts) > 1 { // the last vendor never sends; staff give up
		parts = parts[:len(parts)-1]
		s.on(now.Add(14*24*time.Hour), s.admin, "cancel", func(ctx context.Context) error { return s.cancel(ctx, o.ID, "The vendor cannot deliver.") })
	}
	for _, p := range parts {
		s.prepare(o, p, express)
	}
}

// cancel withdraws what has not left. Where all has, it comes too late.
func (s *story) cancel(ctx context.Context, order id.Order, reason string) error {
	was, err := orders.Read(ctx, s.tx, order)
	if err != nil {
		return err
	}
	left := 0
	for _, l := range was.Lines {
		left += l.Remaining()
	}
	if left == 0 {
		return nil
	}
	for _, l := range was.Lines {
		s.ware(l.Variant).left += l.Remaining()
	}
	if _, err = s.Checkout.Cancel(ctx, s.tx, order, reason); err != nil {
		return err
	}
	return s.Invoices.Follow(ctx, order)
}

// prepare writes down when a vendor's part leaves: at once, or in two parcels.
func (s *story) prepare(o orders.View, p orders.Part, express bool) {
	at, owner := s.calendar.clock.Now(), auth.Actor{}
	for i, stall := range s.stalls {
		if stall.vendor == p.Seller.ID {
			at, owner = at.Add(spread(s.rng, time.Duration(s.plan.Vendors[i].Pace*float64(time.Hour)))), stall.owner
		}
	}
	first, rest := split(p)
	recent := s.plan.present.Sub(s.calendar.clock.Now()) < 6*24*time.Hour
	if chance := s.rng.IntN(100); rest == nil || chance >= 60 || chance >= 25 && !recent {
		first, rest = nil, nil // one parcel with everything
	}
	send := func(at time.Time, units []orders.Units) {
		s.on(at, owner, "ship", func(ctx context.Context) error { return s.ship(ctx, o, p, units, express) })
	}
	send(at, first)
	if rest != nil {
		at = at.Add(spread(s.rng, 50*time.Hour))
		if recent && at.Before(s.plan.present) { // the rest has to be made first
			at = s.plan.present.Add(time.Hour)
		}
		send(at, rest)
	}
}

// split halves the units of a part; there is no rest where it has one unit.
func split(p orders.Part) (first, rest []orders.Units) {
	for i, l := range p.Items {
		now := l.Quantity
		switch {
		case i > 0:
			now = 0
		case len(p.Items) == 1:
			now = (l.Quantity + 1) / 2
		}
		if now > 0 {
			first = append(first, orders.Units{Line: l.ID, Quantity: now})
		}
		if l.Quantity > now {
			rest = append(rest, orders.Units{Line: l.ID, Quantity: l.Quantity - now})
		}
	}
	return first, rest
}

var couriers = map[string]string{"DE": "DHL", "GB": "Royal Mail", "IN": "India Post", "CA": "Canada Post", "US": "UPS"}

// ship hands a parcel over and writes down its way to the door.
func (s *story) ship(ctx context.Context, o orders.View, p orders.Part, units []orders.Units, express bool) error {
	courier := couriers[o.Addresses.Shipping.Country]
	if courier == "" {
		courier = "FedEx"
	}
	number := itoa(100_000_000 + s.rng.IntN(900_000_000))
	shipment, err := s.Checkout.Ship(ctx, s.tx, checkout.Parcel{Order: o.ID, Part: p.ID, Units: units, Courier: courier, TrackingNumber: number})
	if err != nil {
		return err
	}
	if err := s.Invoices.Follow(ctx, o.ID); err != nil { // now: after the fill it would be of today
		return err
	}
	way := 62 * time.Hour
	if express {
		way = 20 * time.Hour
	}
	at := s.calendar.clock.Now()
	if s.plan.present.Sub(at) < 60*24*time.Hour { // nobody asks where a parcel was last winter
		s.seen(at.Add(min(spread(s.rng, 7*time.Hour), 11*time.Hour)), shipment.ID, shipping.InTransit, "Sorting centre")
	}
	at = at.Add(12*time.Hour + spread(s.rng, way))
	if s.rng.IntN(25) == 0 {
		s.seen(at, shipment.ID, shipping.Failed, "Nobody at home")
		at = at.Add(24 * time.Hour)
	}
	s.seen(at, shipment.ID, shipping.Delivered, "")
	s.opine(at, o, p, shipment)
	return nil
}

func (s *story) seen(at time.Time, shipment id.Shipment, status, detail string) {
	s.on(at, auth.Actor{System: "courier"}, "track", func(ctx context.Context) error {
		_, err := s.Checkout.Track(ctx, s.tx, shipment, status, detail)
		return err
	})
}

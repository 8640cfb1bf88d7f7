package checkout_test

import (
	"math/rand/v2"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/checkout"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/orders"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// Whatever is commanded in whatever order: a refusal changes nothing at all,
// and every invariant holds in the end.
func TestRandomCommands(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	s.taxed(false, 123_457)
	s.charge("USD 3.33")
	vendors := []id.Vendor{s.vendor(), s.vendor()}
	variants := []id.Variant{
		s.sell(goods{vendor: vendors[0], price: 333, stock: 1000}), s.sell(goods{vendor: vendors[0], price: 1, stock: 1000}),
		s.sell(goods{vendor: vendors[1], price: 9999, stock: 1000}), s.sell(goods{vendor: vendors[1], price: 50, untracked: true}),
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	done, refused := 0, 0
	for range 30 {
		placed := s.buy("", 1+dice.IntN(4), variants...)
		for range 2 + dice.IntN(10) {
			before := s.everything(placed)
			if err := s.try(func(tx pgx.Tx) error { return s.command(tx, dice, placed) }); err == nil {
				done++
				continue
			} else if errs.KindOf(err) == 0 {
				t.Fatal(err)
			}
			refused++
			if after := s.everything(placed); after != before {
				t.Fatalf("a refusal changed something:\n%s\n%s", before, after)
			}
		}
	}
	if done == 0 || refused == 0 {
		t.Errorf("%d commands done, %d refused: want some of both", done, refused)
	}
	s.sound()
}

// command does one thing to an order, sensible or not.
func (s *shop) command(tx pgx.Tx, dice *rand.Rand, p checkout.Placed) error {
	ctx, part := s.t.Context(), p.Order.Parts[dice.IntN(len(p.Order.Parts))]
	switch dice.IntN(10) {
	case 0:
		_, err := s.flow.Cancel(ctx, tx, p.Order.ID, "dice")
		return err
	case 1:
		_, err := s.flow.Ship(ctx, tx, checkout.Parcel{Order: p.Order.ID, Part: part.ID})
		return err
	case 2, 3, 4:
		line := p.Order.Items[dice.IntN(len(p.Order.Items))]
		_, err := s.flow.Ship(ctx, tx, checkout.Parcel{Order: p.Order.ID, Part: part.ID, Units: []orders.Units{{Line: line.ID, Quantity: dice.IntN(4)}}})
		return err
	}
	parcels, err := s.flow.Shipping.OfOrder(ctx, tx, p.Order.ID)
	if err != nil || len(parcels) == 0 {
		return err
	}
	status, parcel := []string{"in_transit", "failed", "delivered", "delivered", "returned", "shipped"}[dice.IntN(6)], parcels[dice.IntN(len(parcels))].ID
	if status == "returned" {
		_, err = s.flow.TakeBack(ctx, tx, parcel, "", dice.IntN(2) == 0)
		return err
	}
	_, err = s.flow.Track(ctx, tx, parcel, status, "")
	return err
}

// everything is all rows of an order, as text.
func (s *shop) everything(p checkout.Placed) string {
	s.t.Helper()
	text, err := postgres.Scalar[string](s.t.Context(), s.db, `
		SELECT concat(
			(SELECT o::text FROM orders o WHERE id = @o),
			(SELECT string_agg(v::text, ' ' ORDER BY id) FROM vendor_orders v WHERE order_id = @o),
			(SELECT string_agg(l::text, ' ' ORDER BY id) FROM order_lines l WHERE order_id = @o),
			(SELECT string_agg(r::text, ' ' ORDER BY id) FROM reservations r WHERE order_id = @o),
			(SELECT string_agg(s::text, ' ' ORDER BY id) FROM shipments s WHERE order_id = @o),
			(SELECT string_agg(y::text, ' ' ORDER BY id) FROM payments y WHERE order_id = @o),
			(SELECT count(*) FROM events WHERE subject = @o), ' ', (SELECT count(*) FROM ledger_txns), ' ', (SELECT count(*) FROM stock_movements),
			(SELECT string_agg(s::text, ' ' ORDER BY variant_id) FROM stock_levels s))`,
		pgx.NamedArgs{"o": p.Order.ID})
	if err != nil {
		s.t.Fatal(err)
	}
	return text
}

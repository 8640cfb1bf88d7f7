package inventory_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"souk/internal/catalog"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/inventory"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// A shelf is a vendor with variants and the stock of them.
type shelf struct {
	*inventory.Stock
	vendor   id.Vendor
	variants []id.Variant
	location id.Location
}

// newShelf makes variants with so many units each on hand.
func newShelf(t testing.TB, db postgres.DB, onHand ...int) shelf {
	t.Helper()
	s := shelf{Stock: &inventory.Stock{DB: db}, vendor: id.New[id.Vendor]()}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(postgres.InTx(t.Context(), db, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `INSERT INTO vendors (id, slug, name, status) VALUES (@id, @slug, 'Potter', 'active')`,
			pgx.NamedArgs{"id": s.vendor, "slug": s.vendor.String()})
		must(err)
		d := catalog.Draft{Title: "Mug", Slug: s.vendor.String(), Options: []catalog.Option{{Name: "Colour"}}}
		for i := range onHand {
			d.Variants = append(d.Variants, catalog.VariantDraft{Options: []string{string(rune('a' + i))}, Tracked: true})
		}
		out, err := (&catalog.Catalog{DB: db}).Put(t.Context(), tx, s.vendor, []catalog.Draft{d}, catalog.PutOptions{})
		must(err)
		s.variants = out[0].Variants
		var counts []inventory.Count
		for i, n := range onHand {
			counts = append(counts, inventory.Count{Vendor: s.vendor, Variant: s.variants[i], OnHand: n})
		}
		_, _, err = s.SetLevels(t.Context(), tx, counts, "receive")
		must(err)
		first, err := s.Locations(t.Context(), tx, []id.Vendor{s.vendor})
		s.location = first[s.vendor]
		return err
	}))
	return s
}

func (s shelf) pick(variant, n int) inventory.Pick {
	return inventory.Pick{Line: id.New[id.OrderLine](), Variant: s.variants[variant], Location: s.location, Quantity: n}
}

// counters are on hand, reserved, allocated of a variant.
func (s shelf) counters(t testing.TB, db postgres.DB, variant int) [3]int {
	t.Helper()
	rows, err := s.List(t.Context(), db, inventory.Filter{Vendor: s.vendor, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.VariantID == s.variants[variant] {
			return [3]int{r.OnHand, r.Reserved, r.Allocated}
		}
	}
	return [3]int{}
}

func (s shelf) hold(ctx context.Context, db postgres.DB, order id.Order, picks ...inventory.Pick) error {
	return postgres.InTx(ctx, db, func(tx pgx.Tx) error {
		b := postgres.NewBatch()
		s.QueueHold(b, order, picks, time.Hour)
		return b.Send(ctx, tx)
	})
}

func (s shelf) allocate(ctx context.Context, db postgres.DB, order id.Order, picks ...inventory.Pick) error {
	return postgres.InTx(ctx, db, func(tx pgx.Tx) error {
		b := postgres.NewBatch()
		s.QueueAllocate(b, order, picks)
		return b.Send(ctx, tx)
	})
}

// R1: many buyers, the last unit, released together: one gets it.
func TestTheLastUnitIsPromisedOnce(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	const buyers = 24
	for name, take := range map[string]func(shelf, id.Order, inventory.Pick) error{
		"held":      func(s shelf, o id.Order, p inventory.Pick) error { return s.hold(t.Context(), db, o, p) },
		"allocated": func(s shelf, o id.Order, p inventory.Pick) error { return s.allocate(t.Context(), db, o, p) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newShelf(t, db, 1)
			var wg sync.WaitGroup
			start, answers := make(chan struct{}), make([]error, buyers)
			for i := range buyers {
				wg.Go(func() {
					<-start
					answers[i] = take(s, id.New[id.Order](), s.pick(0, 1))
				})
			}
			close(start)
			wg.Wait()
			sold, refused := 0, 0
			for _, err := range answers {
				switch {
				case err == nil:
					sold++
				case errors.Is(err, inventory.ErrInsufficientStock):
					refused++
				default:
					t.Error(err)
				}
			}
			if sold != 1 || refused != buyers-1 {
				t.Errorf("%d sold, %d refused; want 1 and %d", sold, refused, buyers-1)
			}
			promised, err := postgres.Scalar[int](t.Context(), db,
				`SELECT count(*) FROM reservations WHERE variant_id = @v`, pgx.NamedArgs{"v": s.variants[0]})
			if err != nil || promised != 1 {
				t.Errorf("%d promises are left behind, want 1 (%v)", promised, err)
			}
		})
	}
}

// R5: two lines of one variant, each within the stock, together above it.
func TestLinesOfOneVariantAreSummed(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	s := newShelf(t, db, 5)
	if err := s.allocate(t.Context(), db, id.New[id.Order](), s.pick(0, 3), s.pick(0, 3)); !errors.Is(err, inventory.ErrInsufficientStock) {
		t.Errorf("6 of 5: %v", err)
	}
	if err := s.allocate(t.Context(), db, id.New[id.Order](), s.pick(0, 3), s.pick(0, 2)); err != nil {
		t.Errorf("5 of 5: %v", err)
	}
	if got := s.counters(t, db, 0); got != [3]int{5, 0, 5} {
		t.Errorf("counters %v", got)
	}
}

// Orders that name the same variants in opposite order do not wait for each
// other in a circle.
func TestOppositeOrdersDoNotDeadlock(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	s := newShelf(t, db, 1000, 1000, 1000)
	before := postgres.Retries()
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			picks := []inventory.Pick{s.pick(0, 1), s.pick(1, 1), s.pick(2, 1)}
			if i%2 == 0 {
				picks[0], picks[2] = picks[2], picks[0]
			}
			if err := s.allocate(t.Context(), db, id.New[id.Order](), picks...); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := s.counters(t, db, 1); got != [3]int{1000, 0, 40} {
		t.Errorf("counters %v", got)
	}
	if n := postgres.Retries() - before; n != 0 {
		t.Errorf("%d deadlocks were retried", n)
	}
}

func TestBackorders(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	s := newShelf(t, db, 1)
	order, pick := id.New[id.Order](), s.pick(0, 3)
	ctx := t.Context()
	steps := func(fn func(tx pgx.Tx) error) error { return postgres.InTx(ctx, db, fn) }
	two := 2
	err := steps(func(tx pgx.Tx) error {
		_, err := s.Recount(ctx, tx, s.vendor, inventory.Recount{Variant: s.variants[0], Expected: 1, OnHand: 1, BackorderLimit: &two})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.allocate(ctx, db, order, pick); err != nil {
		t.Fatal("3 of 1 and 2 to come:", err)
	}
	if err := s.allocate(ctx, db, id.New[id.Order](), s.pick(0, 1)); !errors.Is(err, inventory.ErrInsufficientStock) {
		t.Errorf("one too many: %v", err)
	}
	ship := func() error {
		return steps(func(tx pgx.Tx) error {
			return s.Ship(ctx, tx, order, []inventory.Shipped{{Line: pick.Line, Variant: pick.Variant, Quantity: 3}})
		})
	}
	if err := ship(); !errors.Is(err, inventory.ErrNotOnHand) {
		t.Errorf("shipped what has not arrived: %v", err)
	}
	err = steps(func(tx pgx.Tx) error {
		_, err := s.Adjust(ctx, tx, s.vendor, inventory.Adjustment{Variant: s.variants[0], Delta: 2, Reason: "receive"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := ship(); err != nil {
		t.Errorf("shipped what has arrived: %v", err)
	}
	if got := s.counters(t, db, 0); got != [3]int{0, 0, 0} {
		t.Errorf("counters %v", got)
	}
}

func TestRecountIsCompareAndSwap(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	s := newShelf(t, tx, 5)
	untracked := newShelf(t, tx, 0)
	if _, err := tx.Exec(t.Context(), `UPDATE variants SET tracked = false WHERE id = @v`, pgx.NamedArgs{"v": untracked.variants[0]}); err != nil {
		t.Fatal(err)
	}
	if err := s.allocate(t.Context(), tx, id.New[id.Order](), s.pick(0, 2)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		vendor id.Vendor
		count  inventory.Recount
		want   *errs.Error
	}{
		{"right", s.vendor, inventory.Recount{Variant: s.variants[0], Expected: 5, OnHand: 7}, nil},
		{"stale", s.vendor, inventory.Recount{Variant: s.variants[0], Expected: 5, OnHand: 8}, inventory.ErrStale},
		{"by staff", id.Vendor{}, inventory.Recount{Variant: s.variants[0], Expected: 7, OnHand: 6}, nil},
		{"below what is promised", s.vendor, inventory.Recount{Variant: s.variants[0], Expected: 6, OnHand: 1}, inventory.ErrPromised},
		{"of another vendor", untracked.vendor, inventory.Recount{Variant: s.variants[0], Expected: 6, OnHand: 9}, catalog.ErrNoVariant},
		{"at another vendor's place", s.vendor, inventory.Recount{Variant: s.variants[0], Location: untracked.location, OnHand: 9}, inventory.ErrNoLocation},
		{"not tracked", untracked.vendor, inventory.Recount{Variant: untracked.variants[0], OnHand: 9}, inventory.ErrNotTracked},
	} {
		err := postgres.InTx(t.Context(), tx, func(tx pgx.Tx) error {
			_, err := s.Recount(t.Context(), tx, c.vendor, c.count)
			return err
		})
		if c.want == nil && err != nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	if got := s.counters(t, tx, 0); got != [3]int{6, 0, 2} {
		t.Errorf("counters %v", got)
	}
	moves, err := s.Movements(t.Context(), tx, s.vendor, s.variants[0], 0, 10)
	if err != nil || len(moves) != 3 || moves[0].Delta != -1 || moves[2].Delta != 5 {
		t.Errorf("movements %+v, %v", moves, err)
	}
}

// Two who count what nobody has counted before do not both win.
func TestTwoFirstCountsOfALevel(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	s := newShelf(t, db, 0)
	elsewhere, err := db.Exec(t.Context(), `DELETE FROM stock_levels WHERE vendor_id = @v`, pgx.NamedArgs{"v": s.vendor})
	if err != nil || elsewhere.RowsAffected() != 1 {
		t.Fatal(elsewhere, err)
	}
	var wg sync.WaitGroup
	answers := make([]error, 8)
	for i := range answers {
		wg.Go(func() {
			answers[i] = postgres.InTx(t.Context(), db, func(tx pgx.Tx) error {
				_, err := s.Recount(t.Context(), tx, s.vendor, inventory.Recount{Variant: s.variants[0], OnHand: i + 1})
				return err
			})
		})
	}
	wg.Wait()
	won := 0
	for _, err := range answers {
		if err == nil {
			won++
		} else if !errors.Is(err, inventory.ErrStale) {
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d counts were taken, want 1", won)
	}
}

func TestSettingTheSameLevelsAgainWritesNothing(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	s := newShelf(t, tx, 5, 0, 3)
	print := func() string {
		p, err := postgres.Scalar[string](t.Context(), tx, `
			SELECT concat_ws(' ', (SELECT string_agg(ctid::text, ',' ORDER BY ctid) FROM stock_levels),
			                 (SELECT count(*) FROM stock_movements), (SELECT count(*) FROM events))`, nil)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	counts := []inventory.Count{
		{Vendor: s.vendor, Variant: s.variants[0], OnHand: 5},
		{Vendor: s.vendor, Variant: s.variants[1]},
		{Vendor: s.vendor, Variant: s.variants[2], OnHand: 3},
	}
	before := print()
	if changed, promised, err := s.SetLevels(t.Context(), tx, counts, "import"); err != nil || len(changed)+len(promised) > 0 {
		t.Errorf("changed %v, promised %v, %v", changed, promised, err)
	}
	if diff := cmp.Diff(before, print()); diff != "" {
		t.Error(diff)
	}
}

// However orders hold, pay, give back and ship, the counters are the sums of
// the rows behind them (E1, E2), nothing is oversold (E3), and what is not
// allowed changes nothing.
func TestCountersAreSumsOfFacts(t *testing.T) {
	t.Parallel()
	db := pgtest.Tx(t)
	ctx := t.Context()
	rapid.Check(t, func(r *rapid.T) {
		s := newShelf(t, db, 6, 3, 0)
		orders := map[id.Order][]inventory.Pick{}
		var known []id.Order
		some := func() id.Order { return rapid.SampledFrom(known).Draw(r, "order") }
		in := func(fn func(tx pgx.Tx) error) error { return postgres.InTx(ctx, db, fn) }
		promise := func(queue func(b *postgres.Batch, order id.Order, picks []inventory.Pick)) {
			order := id.New[id.Order]()
			var picks []inventory.Pick
			for range rapid.IntRange(1, 3).Draw(r, "lines") {
				picks = append(picks, s.pick(rapid.IntRange(0, 2).Draw(r, "variant"), rapid.IntRange(1, 3).Draw(r, "quantity")))
			}
			err := in(func(tx pgx.Tx) error {
				b := postgres.NewBatch()
				queue(b, order, picks)
				return b.Send(ctx, tx)
			})
			switch {
			case err == nil:
				orders[order], known = picks, append(known, order)
			case !errors.Is(err, inventory.ErrInsufficientStock):
				r.Fatal(err)
			}
		}
		allow := func(err error, refusals ...error) {
			for _, refusal := range refusals {
				if errors.Is(err, refusal) {
					return
				}
			}
			if err != nil {
				r.Fatal(err)
			}
		}
		r.Repeat(map[string]func(*rapid.T){
			"hold": func(*rapid.T) {
				promise(func(b *postgres.Batch, o id.Order, p []inventory.Pick) { s.QueueHold(b, o, p, time.Hour) })
			},
			"allocate": func(*rapid.T) { promise(s.QueueAllocate) },
			"confirm": func(r *rapid.T) {
				if len(known) == 0 {
					r.Skip()
				}
				allow(in(func(tx pgx.Tx) error { return s.Confirm(ctx, tx, some()) }))
			},
			"release": func(r *rapid.T) {
				if len(known) == 0 {
					r.Skip()
				}
				order := some()
				var lines []id.OrderLine
				if rapid.Bool().Draw(r, "one line only") {
					lines = []id.OrderLine{orders[order][0].Line}
				}
				allow(in(func(tx pgx.Tx) error { return s.Release(ctx, tx, order, lines) }))
			},
			"ship": func(r *rapid.T) {
				if len(known) == 0 {
					r.Skip()
				}
				order := some()
				pick := rapid.SampledFrom(orders[order]).Draw(r, "line")
				shipped := []inventory.Shipped{{Line: pick.Line, Variant: pick.Variant, Quantity: rapid.IntRange(-1, 3).Draw(r, "quantity")}}
				allow(in(func(tx pgx.Tx) error { return s.Ship(ctx, tx, order, shipped) }), inventory.ErrNotReserved, inventory.ErrNotOnHand)
			},
			"adjust": func(r *rapid.T) {
				a := inventory.Adjustment{
					Variant: rapid.SampledFrom(s.variants).Draw(r, "variant"), Delta: rapid.IntRange(-3, 3).Draw(r, "delta"), Reason: "damage",
				}
				allow(in(func(tx pgx.Tx) error { _, err := s.Adjust(ctx, tx, s.vendor, a); return err }), inventory.ErrNotOnHand, inventory.ErrPromised)
			},
			"": func(r *rapid.T) {
				broken, err := postgres.Column[string](ctx, db, `
					SELECT concat(s.on_hand, ' ', s.reserved, ' ', s.allocated) FROM stock_levels s
					WHERE s.vendor_id = @vendor AND (
					    s.on_hand <> COALESCE((SELECT sum(delta) FROM stock_movements m WHERE m.variant_id = s.variant_id AND m.location_id = s.location_id), 0)
					 OR s.reserved <> COALESCE((SELECT sum(quantity) FROM reservations r WHERE r.variant_id = s.variant_id AND r.location_id = s.location_id AND state = 'held'), 0)
					 OR s.allocated <> COALESCE((SELECT sum(quantity) FROM reservations r WHERE r.variant_id = s.variant_id AND r.location_id = s.location_id AND state = 'allocated'), 0)
					 OR s.on_hand - s.reserved - s.allocated + s.backorder_limit < 0)`, pgx.NamedArgs{"vendor": s.vendor})
				if err != nil || len(broken) > 0 {
					r.Fatalf("levels that do not add up: %v (%v)", broken, err)
				}
			},
		})
	})
}

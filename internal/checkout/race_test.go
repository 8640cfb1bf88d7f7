package checkout_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"souk/internal/cart"
	"souk/internal/checkout"
	"souk/internal/id"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
	"souk/internal/shipping"
)

// place is Place in a transaction of its own.
func (s *shop) place(c cart.View) error {
	return s.try(func(tx pgx.Tx) error {
		_, err := s.flow.Place(s.t.Context(), tx, checkout.Placing{Cart: c.ID, Method: "cod", Expected: c.Totals.GrandTotal})
		return err
	})
}

func (s *shop) wantCodes(results []error, want map[string]int) {
	s.t.Helper()
	if got := codes(s.t, results); !maps.Equal(got, want) {
		s.t.Errorf("outcomes %v, want %v", got, want)
	}
}

// R1: 50 buyers, 1 unit, released together: 1 order, 49 refusals, nothing left behind.
func TestR1TheLastUnit(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	mug := s.sell(goods{stock: 1})
	var buyers []func() error
	for range 50 {
		c := s.fill("", 1, mug)
		buyers = append(buyers, func() error { return s.place(c) })
	}
	s.wantCodes(race(buyers...), map[string]int{"": 1, "insufficient_stock": 49})
	for table, want := range map[string]int{"orders": 1, "vendor_orders": 1, "order_lines": 1, "payments": 1, "payment_events": 1, "reservations": 1} {
		if got := s.count(`SELECT count(*)::int FROM `+table, nil); got != want {
			t.Errorf("%d rows in %s, want %d", got, table, want)
		}
	}
	if got := s.count(`SELECT count(*)::int FROM events WHERE name = 'orders.placed'`, nil); got != 1 {
		t.Errorf("%d orders were told of", got)
	}
	s.sound()
}

// Those who lose the race between the look and the write are told what is left.
func TestR1TheLoserIsToldWhatIsLeft(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	s := openOn(t, pool)
	mug := s.sell(goods{stock: 3})
	c := s.fill("", 2, mug)
	heard := make(chan answer, 1)
	s.inTx(func(tx pgx.Tx) error { // breaks two of three and holds the row meanwhile
		_, err := tx.Exec(t.Context(), `
			WITH broken AS (UPDATE stock_levels SET on_hand = on_hand - 2 WHERE variant_id = $1 RETURNING variant_id, location_id)
			INSERT INTO stock_movements (variant_id, location_id, delta, reason, actor) SELECT variant_id, location_id, -2, 'damage', 'test' FROM broken`, mug)
		go func() { heard <- s.checkout("", c, "cod") }()
		waitForLocks(t, pool, 1)
		return err
	})
	(<-heard).want(409, `"code":"insufficient_stock"`, `"available_quantity":1`, `"item_id":"`+c.Items[0].ID.String()+`"`)
	if n := s.count(`SELECT count(*)::int FROM orders`, nil); n != 0 {
		t.Errorf("%d orders", n)
	}
	s.sound()
}

// Row 52: two tabs order one cart: one order, and the other is told which.
func TestTwoTabsOneOrder(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	c := s.fill("", 1, s.sell(goods{}))
	tab := func() error { return s.place(c) }
	s.wantCodes(race(tab, tab, tab, tab), map[string]int{"": 1, "cart_completed": 3})
	s.sound()
}

// One key from two connections at once: one order, one answer.
func TestTheSameKeyAtOnce(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	c := s.fill("", 1, s.sell(goods{}))
	answers := make([]answer, 4)
	var calls []func() error
	for i := range answers {
		calls = append(calls, func() error {
			answers[i] = s.call("", "POST", "/checkout", order(c, "cod"), "Idempotency-Key", "k")
			return nil
		})
	}
	race(calls...)
	made := ""
	for _, a := range answers {
		switch a.Code {
		case 201:
			if made == "" {
				made = a.Body.String()
			}
			if a.Body.String() != made {
				t.Errorf("two answers: %s\n%s", made, a.Body)
			}
		case 409:
			if !strings.Contains(a.Body.String(), "idempotency_in_progress") {
				t.Errorf("refused: %s", a.Body)
			}
		default:
			t.Errorf("answered %d: %.300s", a.Code, a.Body)
		}
	}
	if n := s.count(`SELECT count(*)::int FROM orders`, nil); n != 1 || made == "" {
		t.Errorf("%d orders", n)
	}
	s.sound()
}

// Row 33: what is added while the order is being placed is never in it unpaid.
func TestAddingWhilePlacing(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	s := openOn(t, pool)
	mug := s.sell(goods{})
	c := s.fill("", 1, mug)
	added := make(chan answer, 1)
	s.inTx(func(tx pgx.Tx) error {
		_, err := s.flow.Place(t.Context(), tx, checkout.Placing{Cart: c.ID, Method: "cod", Expected: c.Totals.GrandTotal})
		go func() {
			added <- s.call("", "POST", "/carts/"+c.ID.String()+"/items", fmt.Sprintf(`{"variant_id": %q, "quantity": 1}`, mug))
		}()
		waitForLocks(t, pool, 1)
		return err
	})
	(<-added).want(409, `"code":"cart_completed"`)
	if got := s.left(mug); got != 9 {
		t.Errorf("%d left, want 9", got)
	}
	s.sound()
}

// Cancelling and shipping at once: one of them happens, and all of it.
func TestCancelAgainstShip(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	mug := s.sell(goods{stock: 100})
	for range 8 {
		placed := s.buy("", 1, mug)
		results := race(
			func() error {
				return s.try(func(tx pgx.Tx) error { _, err := s.flow.Cancel(t.Context(), tx, placed.Order.ID, "race"); return err })
			},
			func() error {
				return s.try(func(tx pgx.Tx) error {
					_, err := s.flow.Ship(t.Context(), tx, checkout.Parcel{Order: placed.Order.ID, Part: placed.Order.Parts[0].ID})
					return err
				})
			},
		)
		cancelled, shipped := code(t, results[0]), code(t, results[1])
		o := s.show(placed)
		switch {
		case cancelled == "" && shipped == "order_not_shippable" && o.Status == orders.StatusCancelled:
		case cancelled == "order_not_cancellable" && shipped == "" && o.Status == orders.StatusShipped:
		default:
			t.Errorf("cancel %q, ship %q, order %s", cancelled, shipped, o.Status)
		}
	}
	s.sound()
}

// R11: the same change at once makes one step of the timeline.
func TestR11DeliveredTwiceAtOnce(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	placed := s.buy("", 1, s.sell(goods{}))
	parcel := s.ship(placed)[0]
	deliver := func() error {
		return s.try(func(tx pgx.Tx) error {
			_, err := s.flow.Track(t.Context(), tx, parcel.ID, shipping.Delivered, "")
			return err
		})
	}
	s.wantCodes(race(deliver, deliver, deliver, deliver), map[string]int{"": 4})
	o := s.show(placed)
	if len(o.Timeline) != 3 || o.Payments[0].Captured != o.GrandTotal {
		t.Errorf("%d steps, captured %v", len(o.Timeline), o.Payments[0].Captured)
	}
	if n := s.count(`SELECT count(*)::int FROM payment_events WHERE kind = 'capture'`, nil); n != 1 {
		t.Errorf("%d captures", n)
	}
	s.sound()
}

// Row 74: the last units are shipped twice at once: one parcel.
func TestShippedTwiceAtOnce(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	placed := s.buy("", 3, s.sell(goods{}))
	part := placed.Order.Parts[0]
	ship := func() error {
		return s.try(func(tx pgx.Tx) error {
			_, err := s.flow.Ship(t.Context(), tx, checkout.Parcel{Order: placed.Order.ID, Part: part.ID, Units: []orders.Units{{Line: part.Items[0].ID, Quantity: 2}}})
			return err
		})
	}
	s.wantCodes(race(ship, ship, ship), map[string]int{"": 1, "quantity_exceeds_remaining": 2})
	s.sound()
}

// Row 73: cancelling twice at once is one cancellation.
func TestCancelledTwiceAtOnce(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	mug := s.sell(goods{})
	placed := s.buy("", 3, mug)
	cancel := func() error {
		return s.try(func(tx pgx.Tx) error { _, err := s.flow.Cancel(t.Context(), tx, placed.Order.ID, "race"); return err })
	}
	s.wantCodes(race(cancel, cancel, cancel), map[string]int{"": 3})
	if o := s.show(placed); len(o.Timeline) != 2 || s.left(mug) != 10 {
		t.Errorf("%d steps, %d left", len(o.Timeline), s.left(mug))
	}
	s.sound()
}

// A payment that arrives while its order expires: one of them is first, and the
// books agree with it.
func TestSettleAgainstExpire(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	mug := s.sell(goods{stock: 100})
	late := 0
	for i := range 8 {
		placed := s.buyByCard(1, mug)
		s.lapse(placed)
		results := race(
			func() error { return s.settle(fact(placed, payments.Capture, fmt.Sprint("evt", i))) },
			func() error { _, err := s.flow.Expire(t.Context()); return err },
		)
		if err := errors.Join(results...); err != nil {
			t.Fatal(err)
		}
		switch o := s.show(placed); {
		case o.Status == orders.StatusConfirmed && o.PaymentStatus == orders.PaymentPaid:
		case o.Status == orders.StatusCancelled && o.Timeline[len(o.Timeline)-1].Event == "paid_late":
			late++
		default:
			t.Errorf("order is %s and %s", o.Status, o.PaymentStatus)
		}
	}
	if late > 0 {
		s.sound("B7")
	} else {
		s.sound()
	}
}

// Two sweeps at once share the work.
func TestExpireOnTwoNodes(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	mug, pot := s.sell(goods{stock: 100}), s.sell(goods{stock: 100})
	for i := range 10 {
		variants := []id.Variant{mug, pot}
		if i%2 == 0 {
			variants = []id.Variant{pot, mug}
		}
		s.lapse(s.buyByCard(1, variants...))
	}
	counts := make([]int, 2)
	results := race(
		func() (err error) { counts[0], err = s.flow.Expire(t.Context()); return err },
		func() (err error) { counts[1], err = s.flow.Expire(t.Context()); return err },
	)
	if err := errors.Join(results...); err != nil || counts[0]+counts[1] != 10 {
		t.Errorf("sweeps let %v go, %v; want 10 together", counts, err)
	}
	s.sound()
}

// R12: numbers are unique under load, also where they nearly run out.
func TestR12NumbersAreUnique(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	mug := s.sell(goods{stock: 1000})
	var buyers []func() error
	for range 40 {
		c := s.fill("", 1, mug)
		buyers = append(buyers, func() error { return s.place(c) })
	}
	s.wantCodes(race(buyers...), map[string]int{"": 40})
	if n := s.count(`SELECT count(DISTINCT number)::int FROM orders`, nil); n != 40 {
		t.Errorf("%d numbers for 40 orders", n)
	}
	s.sound()
}

// R14: an order of 500 lines and 50 vendors costs the round trips of a small one.
func TestR14ABigOrderCostsTheSameRoundTrips(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	s := openOn(t, pool)
	s.taxed(false, 77_777)
	var variants []id.Variant
	for range 50 {
		vendor := s.vendor()
		for i := range 10 {
			variants = append(variants, s.sell(goods{vendor: vendor, price: int64(101 + 37*i)}))
		}
	}
	small, big := s.fill("", 2, variants[0]), s.fill("", 3, variants...)
	counted := &counting{DB: pool}
	trips := func(c cart.View) int {
		before := counted.trips
		if err := postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
			counted.Tx = tx
			_, err := s.flow.Place(t.Context(), counted, checkout.Placing{Cart: c.ID, Method: "cod", Expected: c.Totals.GrandTotal})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return counted.trips - before
	}
	if n := trips(small); n != 2 {
		t.Errorf("a small order takes %d round trips, want 2", n)
	}
	if n := trips(big); n != 2 {
		t.Errorf("a big order takes %d round trips, want 2", n)
	}
	if n := s.count(`SELECT count(*)::int FROM vendor_orders`, nil); n != 51 {
		t.Errorf("%d vendor orders", n)
	}
	s.sound()
}

// counting is a transaction that counts its round trips.
type counting struct {
	pgx.Tx
	DB    *pgxpool.Pool
	trips int
}

func (c *counting) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	c.trips++
	return c.Tx.SendBatch(ctx, b)
}

func (c *counting) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	c.trips++
	return c.Tx.Exec(ctx, sql, args...)
}

func (c *counting) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	c.trips++
	return c.Tx.Query(ctx, sql, args...)
}

// The shopper sees each change as it happens, and misses none when away.
func TestAnOrderIsFollowedLive(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	s := openOn(t, pool)
	running, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.hub.Run(running) }()
	t.Cleanup(func() { stop(); <-ended })
	server := httptest.NewServer(s.door)
	t.Cleanup(server.Close)
	placed := s.buy("", 1, s.sell(goods{}))

	first := s.follow(server.URL, placed, "")
	first.want("id: 1\nevent: placed")
	parcel := s.ship(placed)[0]
	first.want("id: 2\nevent: shipped")
	first.close()
	s.call("staff", "POST", "/admin/shipments/"+parcel.ID.String()+"/events", `{"status": "in_transit"}`).want(201)
	s.deliver(parcel)

	second := s.follow(server.URL, placed, "2")
	second.want("id: 3\nevent: tracked")
	second.want("id: 4\nevent: delivered")
	second.close()

	for _, query := range []string{"", "?token=x"} {
		answered, err := http.Get(server.URL + "/api/v1/orders/" + placed.Order.ID.String() + "/events" + query) //nolint:noctx // a test
		if err != nil {
			t.Fatal(err)
		}
		if err := answered.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if answered.StatusCode != 404 {
			t.Errorf("a stranger's stream answers %d", answered.StatusCode)
		}
	}
}

type stream struct {
	t     testing.TB
	body  *http.Response
	seen  strings.Builder
	close func()
}

func (s *shop) follow(url string, p checkout.Placed, last string) *stream {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	req, err := http.NewRequestWithContext(ctx, "GET", url+"/api/v1"+path(p, "/events"), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	body, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	if body.StatusCode != 200 {
		s.t.Fatalf("the stream answers %d", body.StatusCode)
	}
	return &stream{t: s.t, body: body, close: func() { cancel(); _ = body.Body.Close() }}
}

// want reads on until a text has come.
func (f *stream) want(text string) {
	f.t.Helper()
	buf := make([]byte, 4096)
	for !strings.Contains(f.seen.String(), text) {
		n, err := f.body.Body.Read(buf)
		f.seen.Write(buf[:n])
		if err != nil {
			f.t.Fatalf("the stream ended (%v) before %q: %s", err, text, f.seen.String())
		}
	}
}

// waitForLocks waits until so many sessions wait for a lock.
func waitForLocks(t testing.TB, pool *pgxpool.Pool, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	for {
		waiting, err := postgres.Scalar[int](ctx, pool, `
			SELECT count(*)::int FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`, nil)
		if err != nil {
			t.Fatalf("nobody came to wait for a lock: %v", err)
		}
		if waiting >= n {
			return
		}
	}
}

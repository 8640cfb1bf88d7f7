package cart_test

import (
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// Row 33: what is put into a cart whose order is being placed waits for the
// checkout, and is refused after it.
func TestALineAddedDuringCheckoutIsRefused(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	s := openOn(t, pool)
	mug := s.sell(goods{})
	c := s.fill(1, mug)
	order := id.New[id.Order]()

	var late answer
	var added sync.WaitGroup
	err := postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		if _, err := s.carts.Lock(t.Context(), tx, c.ID, ""); err != nil {
			return err
		}
		added.Go(func() {
			late = s.call("", "POST", "/carts/"+c.ID.String()+"/items", `{"variant_id": "`+mug.String()+`", "quantity": 1}`)
		})
		waitForLock(t, pool)
		b := postgres.NewBatch()
		s.carts.QueueClose(b, c.ID, order)
		return b.Send(t.Context(), tx)
	})
	added.Wait()
	if err != nil {
		t.Fatal(err)
	}
	late.want(409, `"code":"cart_completed"`, order.String())
	if n, err := postgres.Scalar[int](t.Context(), pool, `SELECT quantity FROM cart_items WHERE cart_id = @cart`, pgx.NamedArgs{"cart": c.ID}); err != nil || n != 1 {
		t.Errorf("the order's cart holds %d, %v", n, err)
	}
}

// A checkout that fails leaves the cart to whoever waited for it.
func TestALineAddedDuringAFailedCheckoutIsKept(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	s := openOn(t, pool)
	mug := s.sell(goods{})
	c := s.fill(1, mug)
	var late answer
	var added sync.WaitGroup
	refused := postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		if _, err := s.carts.Lock(t.Context(), tx, c.ID, ""); err != nil {
			return err
		}
		added.Go(func() {
			late = s.call("", "POST", "/carts/"+c.ID.String()+"/items", `{"variant_id": "`+mug.String()+`", "quantity": 1}`)
		})
		waitForLock(t, pool)
		return postgres.ErrBusy
	})
	added.Wait()
	if refused == nil {
		t.Fatal("the checkout was to fail")
	}
	if v := late.want(200).cart(); v.Items[0].Quantity != 2 {
		t.Errorf("the cart holds %d", v.Items[0].Quantity)
	}
}

// Both tabs of a browser claim at once: the items arrive once.
func TestTwoClaimsAtOnce(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	ada := s.customer().String()
	mug := s.sell(goods{stock: 10})
	own := s.call(ada, "POST", "/carts", `{"items": `+items(1, mug)+`}`).want(201).cart()
	guest := s.fill(2, mug)
	var claims sync.WaitGroup
	for range 2 {
		claims.Go(func() {
			if a := s.call(ada, "POST", "/carts/"+guest.ID.String()+"/claim", ""); a.Code != 200 && a.Code != 404 {
				t.Errorf("claim: %d %s", a.Code, a.Body)
			}
		})
	}
	claims.Wait()
	if v := s.call(ada, "GET", "/carts/"+own.ID.String(), "").want(200).cart(); v.Items[0].Quantity != 3 {
		t.Errorf("the cart holds %d, want 3", v.Items[0].Quantity)
	}
}

// waitForLock returns when some session of the database waits for another.
func waitForLock(t *testing.T, db postgres.DB) {
	t.Helper()
	for t.Context().Err() == nil {
		waiting, err := postgres.Scalar[bool](t.Context(), db, `
			SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')`, nil)
		if err != nil {
			t.Fatal(err)
		}
		if waiting {
			return
		}
	}
}

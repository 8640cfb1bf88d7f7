package payments_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/payments/cod"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

func usd(minor int64) money.Amount { return money.Of(minor, "USD") }

// order inserts the row that payments hang on; orders itself stands to the
// right of this package.
func order(t *testing.T, tx pgx.Tx) id.Order {
	t.Helper()
	o := id.New[id.Order]()
	_, err := tx.Exec(t.Context(), `
		INSERT INTO orders (id, number, cart_id, email, token_hash, status, payment_status, fulfillment_status, currency, items_minor,
			discount_minor, shipping_minor, tax_minor, tax_included, grand_total_minor, shipping_address, billing_address)
		VALUES ($1, gen_random_uuid()::text, $1, 'a@example.com', sha256('x'), 'confirmed', 'authorized', 'unfulfilled', 'USD', 1000, 0, 0, 0, false, 1000, '{}', '{}')`, o)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// open opens a payment of 10.00.
func open(t *testing.T, tx pgx.Tx, o id.Order, authorized bool) id.Payment {
	t.Helper()
	b := postgres.NewBatch()
	opening := payments.Opening{ID: id.New[id.Payment](), Order: o, Provider: cod.Method, Amount: usd(1000), AuthorizedNow: authorized}
	payments.QueueOpen(t.Context(), b, opening)
	if err := b.Send(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
	return opening.ID
}

func TestRecordMovesTheFigures(t *testing.T) {
	t.Parallel()
	type step struct {
		kind   payments.Kind
		amount int64
		cause  string
		want   error
		fresh  bool
	}
	for _, tc := range []struct {
		name       string
		authorized bool
		steps      []step
		status     payments.Status
		figures    [4]int64 // authorised, captured, voided, refunded
	}{
		{"opened as promised", true, nil, payments.Authorized, [4]int64{1000, 0, 0, 0}},
		{"opened", false, nil, payments.Pending, [4]int64{}},
		{"in two parts", true, []step{{payments.Capture, 400, "a", nil, true}, {payments.Capture, 600, "b", nil, true}}, payments.Captured, [4]int64{1000, 1000, 0, 0}},
		{"a part", true, []step{{payments.Capture, 400, "a", nil, true}}, payments.PartiallyCaptured, [4]int64{1000, 400, 0, 0}},
		{"the rest given up", true, []step{{payments.Capture, 400, "a", nil, true}, {payments.Void, 600, "b", nil, true}}, payments.Captured, [4]int64{1000, 400, 600, 0}},
		{"a part given up", true, []step{{payments.Void, 600, "b", nil, true}}, payments.Authorized, [4]int64{1000, 0, 600, 0}},
		{"all given up", true, []step{{payments.Void, 600, "b", nil, true}, {payments.Void, 400, "c", nil, true}}, payments.Voided, [4]int64{1000, 0, 1000, 0}},
		{"given up before anything", false, []step{{payments.Void, 0, "expired", nil, true}}, payments.Voided, [4]int64{}},
		{"the same fact twice", true, []step{{payments.Capture, 400, "a", nil, true}, {payments.Capture, 400, "a", nil, false}}, payments.PartiallyCaptured, [4]int64{1000, 400, 0, 0}},
		{"the same fact with another amount", true, []step{{payments.Capture, 400, "a", nil, true}, {payments.Capture, 500, "a", payments.ErrOtherFact, false}}, payments.PartiallyCaptured, [4]int64{1000, 400, 0, 0}},
		{"more than promised", true, []step{{payments.Capture, 1001, "a", payments.ErrBeyond, false}}, payments.Authorized, [4]int64{1000, 0, 0, 0}},
		{"taken before promised", false, []step{{payments.Capture, 1, "a", payments.ErrBeyond, false}}, payments.Pending, [4]int64{}},
		{"more authorised than asked", false, []step{{payments.Authorize, 1001, "a", payments.ErrBeyond, false}}, payments.Pending, [4]int64{}},
		{"given up what was taken", true, []step{{payments.Capture, 600, "a", nil, true}, {payments.Void, 401, "b", payments.ErrBeyond, false}}, payments.PartiallyCaptured, [4]int64{1000, 600, 0, 0}},
		{"given back more than taken", true, []step{{payments.Capture, 600, "a", nil, true}, {payments.Refund, 601, "b", payments.ErrBeyond, false}}, payments.PartiallyCaptured, [4]int64{1000, 600, 0, 0}},
		{"given back", true, []step{{payments.Capture, 1000, "a", nil, true}, {payments.Refund, 250, "b", nil, true}, {payments.Chargeback, 750, "c", nil, true}}, payments.Captured, [4]int64{1000, 1000, 0, 1000}},
		{"failed, then promised after all", false, []step{{payments.Fail, 0, "x", nil, true}, {payments.Authorize, 1000, "y", nil, true}}, payments.Authorized, [4]int64{1000, 0, 0, 0}},
		{"failed too late to matter", true, []step{{payments.Capture, 1000, "a", nil, true}, {payments.Fail, 0, "x", nil, true}}, payments.Captured, [4]int64{1000, 1000, 0, 0}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			tx, ctx := pgtest.Tx(t), t.Context()
			payment := open(t, tx, order(t, tx), tc.authorized)
			for _, s := range tc.steps {
				var fresh bool
				err := postgres.InTx(ctx, tx, func(tx pgx.Tx) (err error) {
					_, fresh, err = payments.Record(ctx, tx, payments.Fact{Payment: payment, Kind: s.kind, Amount: usd(s.amount), Cause: s.cause})
					return err
				})
				if !errors.Is(err, s.want) || (err == nil) != (s.want == nil) {
					t.Fatalf("%s %d: err = %v, want %v", s.kind, s.amount, err, s.want)
				}
				if fresh != s.fresh {
					t.Errorf("%s %d: fresh = %v, want %v", s.kind, s.amount, fresh, s.fresh)
				}
			}
			got, err := payments.Get(ctx, tx, payment)
			if err != nil {
				t.Fatal(err)
			}
			if got.Status != tc.status {
				t.Errorf("status = %s, want %s", got.Status, tc.status)
			}
			figures := [4]int64{got.Authorized.Minor, got.Captured.Minor, got.Voided.Minor, got.Refunded.Minor}
			if figures != tc.figures {
				t.Errorf("figures = %v, want %v", figures, tc.figures)
			}
		})
	}
}

func TestRecordRefusesAnotherCurrencyAndAnotherPayment(t *testing.T) {
	t.Parallel()
	for name, fact := range map[string]func(id.Payment) payments.Fact{
		"currency": func(p id.Payment) payments.Fact {
			return payments.Fact{Payment: p, Kind: payments.Capture, Amount: money.Of(10, "EUR"), Cause: "a"}
		},
		"payment": func(id.Payment) payments.Fact {
			return payments.Fact{Payment: id.New[id.Payment](), Kind: payments.Capture, Amount: usd(10), Cause: "a"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tx := pgtest.Tx(t)
			payment := open(t, tx, order(t, tx), true)
			if _, _, err := payments.Record(t.Context(), tx, fact(payment)); !errors.Is(err, payments.ErrMismatch) {
				t.Errorf("err = %v, want ErrMismatch", err)
			}
		})
	}
}

// Ten deliveries of one fact at once count once.
func TestRecordInParallelCountsOnce(t *testing.T) {
	t.Parallel()
	pool, ctx := pgtest.DB(t), t.Context()
	var payment id.Payment
	if err := postgres.InTx(ctx, pool, func(tx pgx.Tx) error {
		payment = open(t, tx, order(t, tx), true)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	const n = 10
	var (
		wait  sync.WaitGroup
		fresh [n]bool
		errd  [n]error
	)
	for i := range n {
		wait.Go(func() {
			errd[i] = postgres.InTx(ctx, pool, func(tx pgx.Tx) (err error) {
				_, fresh[i], err = payments.Record(ctx, tx, payments.Fact{Payment: payment, Kind: payments.Capture, Amount: usd(700), Cause: "evt_1"})
				return err
			})
		})
	}
	wait.Wait()
	if err := errors.Join(errd[:]...); err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, f := range fresh {
		if f {
			count++
		}
	}
	got, err := payments.Get(ctx, pool, payment)
	if err != nil {
		t.Fatal(err)
	}
	if count != 1 || got.Captured != usd(700) {
		t.Errorf("counted %d times, captured %v; want once and 7.00", count, got.Captured)
	}
}

func TestOfOrderAndLiveOf(t *testing.T) {
	t.Parallel()
	tx, ctx := pgtest.Tx(t), t.Context()
	o := order(t, tx)
	if _, err := payments.LiveOf(ctx, tx, o); !errors.Is(err, payments.ErrNoPayment) {
		t.Errorf("err = %v, want ErrNoPayment", err)
	}
	first, second := open(t, tx, o, false), open(t, tx, o, true)
	if _, _, err := payments.Record(ctx, tx, payments.Fact{Payment: first, Kind: payments.Fail, Amount: usd(0), Cause: "declined"}); err != nil {
		t.Fatal(err)
	}
	list, err := payments.OfOrder(ctx, tx, o)
	if err != nil {
		t.Fatal(err)
	}
	var got []id.Payment
	for _, p := range list {
		got = append(got, p.ID)
	}
	if diff := cmp.Diff([]id.Payment{first, second}, got); diff != "" {
		t.Error(diff)
	}
	live, err := payments.LiveOf(ctx, tx, o)
	if err != nil || live.ID != second {
		t.Errorf("live payment %s, %v; want the second", live.ID, err)
	}
}

func TestWaysToPay(t *testing.T) {
	t.Parallel()
	p := payments.Payments{Providers: []payments.Provider{cod.Provider{}}}
	if _, err := p.Provider("cash"); !errors.Is(err, payments.ErrMethod) {
		t.Errorf("err = %v, want ErrMethod", err)
	}
	if got, err := p.Methods(t.Context(), payments.Offer{Total: usd(1)}); err != nil || !cmp.Equal(got, []string{"cod"}) {
		t.Errorf("methods of a parcel: %v", got)
	}
	if got, err := p.Methods(t.Context(), payments.Offer{Total: usd(1), Digital: true}); err != nil || len(got) != 0 {
		t.Errorf("methods of a download: %v, want none", got)
	}
}

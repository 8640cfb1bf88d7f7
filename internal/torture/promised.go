package torture

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/payments/fakes"
	"souk/internal/platform/postgres"
)

// promises is how many buyers of a round only promise their money.
const promises = 6

// promised lets buyers promise the money for goods of two vendors, which is taken
// as they leave. While the provider fails and the shop is killed, some of it is
// taken ahead and its order cancelled at once, some parts leave and others are sold
// out. It tells which parcels are to come back.
func (s *paying) promised(ctx context.Context, n int) (parcels []string, err error) {
	s.bank.faults.Roll(0, 0)
	if err := s.takes(ctx, payments.CaptureOnShipment); err != nil {
		return nil, err
	}
	goods, err := s.ofTwoVendors(ctx)
	if err != nil {
		return nil, err
	}
	orders := make([]full, promises)
	err = together(promises, func(i int) (err error) {
		orders[i], err = s.promise(ctx, goods, fmt.Sprintf("promise-%d-%d-%d", s.Seed, n, i))
		return err
	})
	if err != nil {
		return nil, err
	}
	s.bank.faults.Roll(s.Seed+uint64(n), 0.15)
	s.bank.faults.Plan("capture", slices.Repeat([]fakes.Fault{fakes.Reset}, promises/2)...) // taken, and nobody has heard
	s.bank.postman.Plan(s.manners(4 * promises)...)
	killing := make(chan error, 1)
	go func() { killing <- s.strike(ctx) }()
	left := make([][]string, promises)
	err = together(promises, func(i int) (err error) {
		left[i], err = s.handle(ctx, orders[i], i)
		return err
	})
	if err = errors.Join(err, <-killing); err != nil {
		return nil, err
	}
	return slices.Concat(left...), s.takes(ctx, payments.CaptureAutomatic)
}

// together does something so many times at once.
func together(n int, do func(i int) error) error {
	var wait sync.WaitGroup
	problems := make([]error, n)
	for i := range n {
		wait.Go(func() { problems[i] = do(i) })
	}
	wait.Wait()
	return errors.Join(problems...)
}

// takes has the shop take what is promised from now on: servers know their account
// for a second.
func (s *paying) takes(ctx context.Context, when payments.CaptureWhen) error {
	_, err := s.pool.Exec(ctx, `UPDATE payment_accounts SET capture = $1 WHERE provider = $2`, string(when), s.bank.Method())
	if err != nil {
		return err
	}
	return pause(ctx, 1100*time.Millisecond)
}

// ofTwoVendors is something of each, enough for everybody.
func (s *paying) ofTwoVendors(ctx context.Context) (goods [2]product, err error) {
	if goods[0], err = s.sell(ctx, promises); err != nil {
		return goods, err
	}
	first := s.vendor
	defer func() { s.vendor = first }()
	if s.vendor, err = s.newVendor(ctx); err != nil {
		return goods, err
	}
	goods[1], err = s.sell(ctx, promises)
	return goods, err
}

// promise orders both, and pays.
func (s *paying) promise(ctx context.Context, goods [2]product, key string) (full, error) {
	b, err := s.fill(ctx, buyer{}, goods[:]...)
	if err != nil {
		return full{}, err
	}
	c, err := s.orderBy(ctx, b, key)
	if err != nil {
		return full{}, err
	}
	if err := s.visit(ctx, c, fakes.Pays); err != nil {
		return full{}, err
	}
	if err := s.settle(ctx, c); err != nil {
		return full{}, err
	}
	return s.see(ctx, c.Order.ID)
}

// handle does one of three things with an order, and tells what has left.
func (s *paying) handle(ctx context.Context, o full, i int) (parcels []string, err error) {
	if o.Status != "confirmed" { // nobody has heard of its money: it runs out
		return nil, nil
	}
	cancel := request{method: "POST", path: "/api/v1/admin/orders/" + o.ID + "/cancel", body: map[string]any{"reason": "torture"}}
	switch i % 3 {
	case 0: // taken ahead, and cancelled while that is told
		ahead := map[string]any{}
		if s.Provider == "paypal" { // who can take a part
			ahead["amount"] = money.Of(1000, "USD")
		}
		if err := s.manage(ctx, request{method: "POST", path: "/api/v1/admin/payments/" + o.Payments[0].ID.String() + "/capture", body: ahead}); err != nil {
			return nil, err
		}
		if err := s.begun(ctx, o.Payments[0].ID); err != nil {
			return nil, err
		}
		return nil, s.manage(ctx, cancel)
	case 1: // one part leaves, the other is sold out
		parcel, err := s.ship(ctx, o, 0)
		if err != nil {
			return nil, err
		}
		return []string{parcel}, s.manage(ctx, cancel)
	default: // both leave, and one of them comes back
		parcel, err := s.ship(ctx, o, 0)
		if err != nil {
			return nil, err
		}
		_, err = s.ship(ctx, o, 1)
		return []string{parcel}, err
	}
}

// begun waits until the provider has been told to take money of a payment.
func (s *paying) begun(ctx context.Context, payment id.Payment) error {
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		told, err := postgres.Scalar[bool](ctx, s.pool, `
			SELECT EXISTS (SELECT FROM payment_instructions WHERE payment_id = @payment AND kind = 'capture' AND (attempts > 0 OR state <> 'due'))`,
			pgx.NamedArgs{"payment": payment})
		if err != nil || told {
			return err
		}
		if err := pause(ctx, 5*time.Millisecond); err != nil {
			return err
		}
	}
	return fmt.Errorf("nobody takes money of payment %s", payment)
}

func (s *paying) ship(ctx context.Context, o full, part int) (parcel string, err error) {
	which := o.Parts[part].ID
	var sent struct {
		ID string `json:"id"`
	}
	_, err = s.insist(ctx, request{
		method: "POST", path: "/api/v1/admin/orders/" + o.ID + "/shipments", staff: true, key: "ship-" + which, body: map[string]any{"vendor_order_id": which},
	}, &sent)
	return sent.ID, err
}

// manage has staff do something as insist does, under a key of its own each time. What
// waits for a capture waits until that has been answered.
func (s *paying) manage(ctx context.Context, r request) error {
	deadline := time.Now().Add(patience)
	for i := 0; ; i++ {
		r.staff, r.key = true, fmt.Sprint(r.path, i)
		a := s.call(ctx, r)
		switch under := a.code() == "capture_under_way"; {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case a.status/100 == 2:
			return nil
		case !a.lost() && !a.again() && !under || time.Now().After(deadline):
			return fmt.Errorf("%s %s: %s", r.method, r.path, a)
		case under:
			if _, err := s.pool.Exec(ctx, `UPDATE payment_instructions SET due_at = now() WHERE state = 'due' AND due_at > now()`); err != nil {
				return err
			}
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

// comeBack brings parcels back, whose money has been taken.
func (s *paying) comeBack(ctx context.Context, parcels []string) error {
	for _, p := range parcels {
		_, err := s.insist(ctx, request{
			method: "POST", path: "/api/v1/admin/shipments/" + p + "/events", staff: true, key: "return-" + p, body: map[string]string{"status": "returned"},
		}, nil)
		if err != nil {
			return err
		}
	}
	return nil
}

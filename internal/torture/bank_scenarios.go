package torture

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/payments/fakes"
	"souk/internal/platform/postgres"
)

// owing is an order of one unit of two whose buyer is at the provider.
func (s *shop) owing(ctx context.Context) (p product, c charge, err error) {
	b, err := s.bankOf(ctx)
	if err != nil {
		return p, c, err
	}
	if p, err = s.sell(ctx, 2); err != nil {
		return p, c, err
	}
	buyer, err := s.newBuyer(ctx, p)
	if err != nil {
		return p, c, err
	}
	ask := buyer.checkout("by-provider-" + buyer.Cart)
	ask.body.(map[string]any)["payment_method"] = b.Method()
	_, err = s.insist(ctx, ask, &c)
	return p, c, err
}

// heard brings what was not taken, and lets nothing wait.
func (s *shop) heard(ctx context.Context, order string, p product, w want) error {
	if err := s.hurry(ctx, s.bank); err != nil {
		return err
	}
	if _, err := s.wantOrder(ctx, order, p, w); err != nil {
		return err
	}
	return s.compareBooks(ctx, s.bank, "order "+order)
}

// payByProvider has a buyer pay, and the provider tell of it.
func payByProvider(ctx context.Context, s *shop) (step, error) {
	p, c, err := s.owing(ctx)
	return step{
		cause: func(ctx context.Context) error { return s.bank.Pay(ctx, c.Payment.ID, fakes.Pays) },
		right: func(ctx context.Context, _ answer) error {
			return s.heard(ctx, c.Order.ID, p, paidOrder)
		},
	}, err
}

// paidOrder is what has become of an order that a provider was paid for.
var paidOrder = want{"confirmed", "paid", "unfulfilled", []string{"placed", "confirmed"}, stock{2, 0, 1, 1}}

// paidByProvider is an order of one unit of two whose money has come.
func (s *shop) paidByProvider(ctx context.Context) (p product, c charge, err error) {
	if p, c, err = s.owing(ctx); err != nil {
		return p, c, err
	}
	if err := s.bank.Pay(ctx, c.Payment.ID, fakes.Pays); err != nil {
		return p, c, err
	}
	return p, c, s.heard(ctx, c.Order.ID, p, paidOrder)
}

// cancelPaid has staff cancel an order that is paid: its money goes back.
func cancelPaid(ctx context.Context, s *shop) (step, error) {
	p, c, err := s.paidByProvider(ctx)
	return step{
		do: request{
			method: "POST", path: "/api/v1/admin/orders/" + c.Order.ID + "/cancel", staff: true, key: "cancel-" + c.Order.ID, body: map[string]any{"reason": "torture"},
		},
		right: func(ctx context.Context, _ answer) error {
			return s.heard(ctx, c.Order.ID, p, want{"cancelled", "refunded", "cancelled", []string{"placed", "confirmed", "cancelled"}, stock{2, 0, 0, 2}})
		},
	}, err
}

// refundByProvider has staff give a part back, which the provider is told to do.
func refundByProvider(ctx context.Context, s *shop) (step, error) {
	p, c, err := s.paidByProvider(ctx)
	if err != nil {
		return step{}, err
	}
	return step{
		cause: func(ctx context.Context) error {
			_, err := s.insist(ctx, request{
				method: "POST", path: "/api/v1/admin/orders/" + c.Order.ID + "/refunds", staff: true, key: "back-" + c.Order.ID,
				body: map[string]any{"amount": money.Of(100, "USD"), "reason": "torture"},
			}, nil)
			return err
		},
		right: func(ctx context.Context, _ answer) error {
			back := paidOrder
			back.payment, back.timeline = "partially_refunded", []string{"placed", "confirmed", "refunded"}
			return s.heard(ctx, c.Order.ID, p, back)
		},
	}, nil
}

// compareByCommand compares the provider's books of these days with the shop's:
// they agree, or the command fails.
func compareByCommand(ctx context.Context, s *shop) (step, error) {
	b, err := s.bankOf(ctx)
	if err != nil {
		return step{}, err
	}
	now := time.Now().UTC()
	return step{
		run: []string{"reconcile", "--provider", b.Method(), "--from", now.Add(-24 * time.Hour).Format(time.DateOnly), "--until", now.Format(time.DateOnly)},
		right: func(ctx context.Context, _ answer) error {
			return s.wantOne(ctx, "comparison", `SELECT count(*)::int FROM reconciliations WHERE found = 0 AND ran_at > @since`, pgx.NamedArgs{"since": now})
		},
	}, nil
}

// dismissException has staff settle something that does not add up.
func dismissException(ctx context.Context, s *shop) (step, error) {
	which := id.New[id.Exception]()
	_, err := s.pool.Exec(ctx, `
		INSERT INTO payment_exceptions (id, provider, kind, subject) VALUES ($1::uuid, 'stripe', 'unknown_payment', 'ch_of ' || $1::uuid)`, which)
	return step{
		do: request{method: "POST", path: "/api/v1/admin/reconciliation/" + which.String() + "/fix", staff: true, key: "fix-" + which.String(), body: map[string]any{
			"action": "dismiss", "reason": "torture",
		}},
		right: func(ctx context.Context, _ answer) error {
			return s.wantOne(ctx, "settled exception", `SELECT count(*)::int FROM payment_exceptions WHERE id = @id AND state = 'resolved'`, pgx.NamedArgs{"id": which})
		},
	}, err
}

// wantOne fails unless a count is above nothing.
func (s *shop) wantOne(ctx context.Context, what, sql string, args pgx.NamedArgs) error {
	n, err := postgres.Scalar[int](ctx, s.pool, sql, args)
	if err == nil && n == 0 {
		err = errors.New("there is no " + what)
	}
	return err
}

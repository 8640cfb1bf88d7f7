package torture

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/app"
	"souk/internal/checkout"
	"souk/internal/id"
	"souk/internal/payments"
	"souk/internal/payments/cod"
	"souk/internal/platform/config"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// Act is one step that no request of today's clients causes, done in this
// process so that it can die at it: a payment that arrives later, a job, a hold
// that runs out, an action whose answer is stored. On names what it is done to.
func Act(ctx context.Context, c *config.Config, act, on string) error {
	if c.DatabaseURL == "" {
		return fmt.Errorf("%s: it is for the shop of a torture, and needs its --database-url", act)
	}
	pool, err := postgres.Open(ctx, postgres.Config{URL: c.DatabaseURL, MaxConns: 4, Name: "souk torture --act"})
	if err != nil {
		return err
	}
	defer pool.Close()
	a, err := app.New(c, pool, slog.New(slog.DiscardHandler), nil, "torture")
	if err != nil {
		return err
	}
	switch act {
	case "pay":
		order, err := id.Parse[id.Order](on)
		if err != nil {
			return err
		}
		_, err = withLater(a).Pay(ctx, order)
		return err
	case "capture":
		return capture(ctx, a, on)
	case "expire":
		_, err := withLater(a).Expire(ctx)
		return err
	case "hand over":
		order, err := id.Parse[id.Order](on)
		if err != nil {
			return err
		}
		return a.Checkout.HandOver(ctx, checkout.HandOverDue{OrderID: order})
	case "issue invoices":
		order, err := id.Parse[id.Order](on)
		if err != nil {
			return err
		}
		return a.Invoices.Follow(ctx, order)
	case "send gift cards":
		return a.Credit.Send(ctx)
	case "renew":
		return a.Checkout.Renew(ctx)
	case "action":
		return stored(ctx, a, on)
	}
	return fmt.Errorf("there is no act %q", act)
}

// methodLater is a way to pay that is promised after the order was placed, as
// cards are.
const methodLater = "later"

// later behaves as cash does, but for when it is promised.
type later struct{ cod.Provider }

func (later) Method() string { return methodLater }
func (later) Settled() bool  { return false }
func (later) ByHand() bool   { return false }

// Offered refuses nothing: what is promised first may be digital.
func (later) Offered(context.Context, payments.Offer) error                   { return nil }
func (later) Waits(context.Context) (time.Duration, error)                    { return 0, nil }
func (later) Tells(context.Context, payments.Start) (*payments.Action, error) { return nil, nil }

// Start promises the money under a name of the provider's.
func (l later) Start(ctx context.Context, s payments.Start) (payments.Begun, error) {
	started, err := l.Provider.Start(ctx, s)
	started.Ref = "later-" + s.Key
	return started, err
}

// withLater is the flows of a shop that takes payments of methodLater.
func withLater(a *app.App) *checkout.Checkout {
	flows, ways := *a.Checkout, *a.Payments
	ways.Providers = append([]payments.Provider{later{}}, ways.Providers...)
	flows.Payments = &ways
	return &flows
}

// capture tells the shop that the money for an order came.
func capture(ctx context.Context, a *app.App, on string) error {
	order, err := id.Parse[id.Order](on)
	if err != nil {
		return err
	}
	payment, err := payments.LiveOf(ctx, a.DB, order)
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, a.Pool, func(tx pgx.Tx) error {
		_, err := withLater(a).Settle(ctx, tx, payments.Fact{
			Payment: payment.ID, Kind: payments.Capture, Amount: payment.Amount, Cause: "torture",
		})
		return err
	})
}

// stored makes a call whose answer is kept beside its effect.
func stored(ctx context.Context, a *app.App, key string) error {
	type nothing struct{}
	type done struct {
		Done bool `json:"done"`
	}
	httpapi.Action(a.Router, http.MethodPost, "/api/v1/torture", func(context.Context, *nothing) (done, error) { return done{true}, nil },
		httpapi.Public("of this process only"), httpapi.Status(http.StatusOK), httpapi.Summary("Do nothing, and keep the answer"))
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/api/v1/torture", http.NoBody)
	r.Header.Set("Idempotency-Key", key)
	a.Router.Handler().ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		return fmt.Errorf("%d %s", w.Code, w.Body)
	}
	return nil
}

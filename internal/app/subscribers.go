package app

import (
	"context"
	"time"

	"souk/internal/accounts"
	"souk/internal/platform/events"
	"souk/internal/platform/httpapi"
)

// subscribe joins events to what follows from them, and deadlines to those who
// keep them. Every side effect of the shop that is not part of its cause's
// transaction stands here; listings (search) and live streams (hub) follow the
// log themselves.
func (a *App) subscribe() {
	events.On(a.Relay, "forget sign-ins of the erased", func(ctx context.Context, e accounts.Erased) error { return a.Logins.Forget(ctx, e.UserID) })

	events.Sweep(a.Relay, "expire holds", 15*time.Second, a.expireHolds)
	events.Sweep(a.Relay, "forget idempotency keys", time.Hour, a.forgetIdempotencyKeys)
	events.Sweep(a.Relay, "forget idle carts", time.Hour, a.Carts.Forget)
	events.Sweep(a.Relay, "fetch pictures", 5*time.Second, a.Catalog.FetchImages)
	events.Sweep(a.Relay, "remove files of pictures", time.Hour, a.Catalog.RemoveFiles)
	events.Sweep(a.Relay, "count what was sold", time.Minute, a.Search.CountSold)
}

func (a *App) forgetIdempotencyKeys(ctx context.Context) error {
	_, err := httpapi.SweepIdempotencyKeys(ctx, a.DB)
	return err
}

func (a *App) expireHolds(ctx context.Context) error {
	_, err := a.Checkout.Expire(ctx)
	return err
}

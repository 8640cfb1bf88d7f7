package app

import (
	"context"
	"time"

	"souk/internal/notifications"
	"souk/internal/platform/events"
	"souk/internal/platform/httpapi"
)

// subscribe joins events to what follows from them, and deadlines to those who
// keep them. Every side effect of the shop that is not part of its cause's
// transaction stands here; listings (search) and live streams (hub) follow the
// log themselves.
func (a *App) subscribe() {
	a.subscribeMail()

	events.Sweep(a.Relay, "expire holds", 15*time.Second, a.expireHolds)
	events.Sweep(a.Relay, "forget idempotency keys", time.Hour, a.forgetIdempotencyKeys)
	events.Sweep(a.Relay, "forget idle carts", time.Hour, a.Carts.Forget)
	events.Sweep(a.Relay, "fetch pictures", 5*time.Second, a.Catalog.FetchImages)
	events.Sweep(a.Relay, "remove files of pictures", time.Hour, a.Catalog.RemoveFiles)
	events.Sweep(a.Relay, "count what was sold", time.Minute, a.Search.CountSold)
	events.Sweep(a.Relay, "forget old messages", time.Hour, a.Notifications.Sweep)
}

// subscribeMail says which events people are told of.
func (a *App) subscribeMail() {
	n, r, fresh := a.Notifications, a.Relay, events.Fresh(notifications.Fresh)
	const user, buyer = "email the user", "email the buyer"
	events.On(r, user, n.VerificationAsked, fresh)
	events.On(r, user, n.PasswordResetAsked, fresh)
	events.On(r, user, n.SignInLinkAsked, fresh)
	events.On(r, user, n.EmailChangeAsked, fresh)
	events.On(r, user, n.EmailChanged, fresh)
	events.On(r, user, n.PasswordChanged, fresh)
	events.On(r, user, n.SignedIn, fresh)
	events.On(r, user, n.RefreshReused, fresh)
	events.On(r, user, n.RegisteredAgain, fresh)
	events.On(r, user, n.Disabled, fresh)
	events.On(r, user, n.RolesChanged, fresh)
	events.On(r, buyer, n.OrderPlaced, fresh)
	events.On(r, buyer, n.OrderConfirmed, fresh)
	events.On(r, buyer, n.OrderShipped, fresh)
	events.On(r, buyer, n.OrderDelivered, fresh)
	events.On(r, buyer, n.OrderCancelled, fresh)
	events.On(r, "send a message again", n.Resend, fresh)
	events.On(r, "forget messages of the erased", n.Erased)
}

func (a *App) forgetIdempotencyKeys(ctx context.Context) error {
	_, err := httpapi.SweepIdempotencyKeys(ctx, a.DB)
	return err
}

func (a *App) expireHolds(ctx context.Context) error {
	_, err := a.Checkout.Expire(ctx)
	return err
}

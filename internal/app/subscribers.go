package app

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/id"
	"souk/internal/notifications"
	"souk/internal/orders"
	"souk/internal/platform/events"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
	"souk/internal/privacy"
)

// subscribe joins events to what follows from them, and deadlines to those who
// keep them. Every side effect of the shop that is not part of its cause's
// transaction stands here; listings (search) and live streams (hub) follow the
// log themselves.
func (a *App) subscribe() {
	events.On(a.Relay, "answer who asked for a mail", a.Accounts.AnswerMailRequest)
	events.On(a.Relay, "give guests their orders", func(ctx context.Context, e accounts.MailboxOwned) error { return a.attachOrders(ctx, e.UserID) })
	events.On(a.Relay, "copy somebody's data", a.Privacy.Make, events.Within(5*time.Minute))
	events.On(a.Relay, "give guests their alerts", a.Wishlists.Attach)
	events.On(a.Relay, "run imports", a.Importer.Work, events.Within(time.Hour))
	events.On(a.Relay, "write exports", a.Importer.Write, events.Within(time.Hour))
	events.On(a.Relay, "write feeds", a.Feeds.Write, events.Within(time.Hour))
	events.On(a.Relay, "hand over digital goods", a.Checkout.HandOver)
	events.On(a.Relay, "drop downgrades to plans of the past", a.Memberships.DropDowngrades, events.Within(time.Minute))
	events.On(a.Relay, "look into notices of payments", a.Checkout.Hear, events.Within(time.Minute))
	events.On(a.Relay, "tell payment providers", a.Checkout.Carry, events.Within(time.Minute))
	events.On(a.Relay, "have payment providers forget", a.Payments.TellDropped, events.Within(time.Minute))
	events.On(a.Relay, "compare the books of payment providers", a.Reconciler.Night, events.Within(time.Hour))
	a.subscribeInvoices()
	a.forget()
	a.subscribeMail()

	events.Sweep(a.Relay, "seal the audit trail", 5*time.Second, a.sealAudit)
	events.Sweep(a.Relay, "forget attempts to sign in", 10*time.Minute, a.Accounts.ForgetAttempts)
	events.Sweep(a.Relay, "forget answers of passkeys", time.Hour, a.MFA.Sweep)
	events.Sweep(a.Relay, "forget mailed tokens", time.Hour, a.Accounts.ForgetMail)
	events.Sweep(a.Relay, "expire holds", 15*time.Second, a.expireHolds)
	events.Sweep(a.Relay, "look into notices of payments again", 5*time.Second, a.Checkout.HearDue)
	events.Sweep(a.Relay, "tell payment providers again", 5*time.Second, a.Checkout.CarryDue)
	events.Sweep(a.Relay, "ask about payments", 15*time.Second, a.Checkout.Watch)
	events.Sweep(a.Relay, "remind of disputes", 10*time.Minute, a.Payments.Remind)
	events.Sweep(a.Relay, "begin the night of payment providers", 10*time.Minute, a.Reconciler.Nights)
	events.Sweep(a.Relay, "forget notices of payments", time.Hour, a.Payments.ForgetNotices)
	events.Sweep(a.Relay, "renew memberships", time.Minute, a.Checkout.Renew)
	events.Sweep(a.Relay, "forget idempotency keys", time.Hour, a.forgetIdempotencyKeys)
	events.Sweep(a.Relay, "renew signing keys", time.Hour, a.Accounts.RenewKeys)
	events.Sweep(a.Relay, "forget idle carts", time.Hour, a.Carts.Forget)
	events.Sweep(a.Relay, "forget answers of tax engines", time.Hour, a.Tax.Forget)
	events.Sweep(a.Relay, "keep the schedule of products", 5*time.Second, a.Catalog.KeepSchedule)
	events.Sweep(a.Relay, "settle derived prices", 5*time.Second, a.Prices.Settle)
	events.Sweep(a.Relay, "fetch pictures", 5*time.Second, a.Catalog.FetchImages)
	events.Sweep(a.Relay, "remove files of pictures", time.Hour, a.Catalog.RemoveFiles)
	events.Sweep(a.Relay, "remove files of avatars", 10*time.Minute, a.Accounts.SweepAvatars)
	events.Sweep(a.Relay, "remove files of photos", 10*time.Minute, a.Reviews.SweepPhotos)
	events.Sweep(a.Relay, "remove files of digital goods", time.Hour, a.Digital.Sweep)
	events.Sweep(a.Relay, "forget data of orders", time.Hour, a.Orders.Forget)
	events.Sweep(a.Relay, "forget buyers of invoices", time.Hour, a.Invoices.Forget)
	events.Sweep(a.Relay, "send gift cards", 5*time.Second, a.Credit.Send)
	events.Sweep(a.Relay, "forget whom gift cards were for", time.Hour, a.Credit.Forget)
	events.Sweep(a.Relay, "remove copies of data", 10*time.Minute, a.Privacy.Sweep)
	events.Sweep(a.Relay, "tell of wishes", time.Minute, a.Wishlists.Tell)
	events.Sweep(a.Relay, "forget idle wishlists", time.Hour, a.Wishlists.Sweep)
	events.Sweep(a.Relay, "remove old imports", time.Hour, a.Importer.SweepImports)
	events.Sweep(a.Relay, "remove exports of the catalogue", 10*time.Minute, a.Importer.SweepExports)
	events.Sweep(a.Relay, "have feeds written", 10*time.Minute, a.Feeds.Look)
	events.Sweep(a.Relay, "count what was sold", time.Minute, a.Search.CountSold)
	events.Sweep(a.Relay, "let past queries fade", time.Hour, a.Search.FadePast)
	events.Sweep(a.Relay, "forget old messages", time.Hour, a.Notifications.Sweep)
}

// subscribeInvoices says by which steps of an order something of it may be due.
func (a *App) subscribeInvoices() {
	billAfter[orders.Confirmed](a)
	billAfter[orders.Paid](a)
	billAfter[orders.Shipped](a)
	billAfter[orders.Delivered](a)
	billAfter[orders.Returned](a)
	billAfter[orders.Cancelled](a)
	billAfter[orders.Refunded](a)
}

// billAfter has an order billed after steps of one kind, unless nobody worked for so
// long that it was billed otherwise.
func billAfter[S events.Step](a *App) {
	events.On(a.Relay, "issue invoices", func(ctx context.Context, step S) error {
		order, _ := step.Timeline()
		return a.Invoices.Follow(ctx, order)
	}, events.Fresh(30*24*time.Hour))
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
	events.On(r, user, n.FactorAdded, fresh)
	events.On(r, user, n.FactorRemoved, fresh)
	events.On(r, user, n.RecoveryCodeUsed, fresh)
	events.On(r, user, n.RecoveryCodesMade, fresh)
	events.On(r, user, n.PasskeyCopied, fresh)
	events.On(r, user, n.LoginConnected, fresh)
	events.On(r, user, n.LoginDisconnected, fresh)
	events.On(r, user, a.dataReady, fresh)
	events.On(r, "email the invited", n.Invited, fresh)
	events.On(r, buyer, n.OrderPlaced, fresh)
	events.On(r, buyer, n.OrderConfirmed, fresh)
	events.On(r, buyer, n.OrderShipped, fresh)
	events.On(r, buyer, n.OrderDelivered, fresh)
	events.On(r, buyer, n.OrderReturned, fresh)
	events.On(r, buyer, n.OrderCancelled, fresh)
	events.On(r, buyer, n.OrderRefunded, fresh)
	events.On(r, buyer, n.InvoiceIssued, fresh)
	events.On(r, "email who may approve", n.RefundAsked, fresh)
	events.On(r, "email who may answer", n.DisputeOpened, fresh)
	events.On(r, "email who has not answered", n.DisputeDue, fresh)
	events.On(r, "email whom a gift card is for", n.GiftCardDue, fresh)
	events.On(r, "email the member", n.MemberStarted, fresh)
	events.On(r, "email the member", n.MemberRenewal, fresh)
	events.On(r, "email the member", n.MemberReminded, fresh)
	events.On(r, "email the member", n.MemberEnded, fresh)
	events.On(r, "email the member", n.MemberNotDowngraded, fresh)
	events.On(r, "email the author", n.ReviewRejected, fresh)
	events.On(r, "email who wishes", n.PricesFell, fresh)
	events.On(r, "email who wishes", n.BackInStock, fresh)
	events.On(r, "email who wishes", n.AlertAsked, fresh)
	events.On(r, "email who wishes", n.AlertDue, fresh)
	events.On(r, "send a message again", n.Resend, fresh)
	events.On(r, "forget messages of the erased", n.Erased)
}

// attachOrders gives a user what they ordered as a guest under a mailbox that
// they have proven.
func (a *App) attachOrders(ctx context.Context, user id.User) error {
	return postgres.InTx(ctx, a.DB, func(tx pgx.Tx) error {
		owner, err := a.Accounts.Get(ctx, tx, user)
		if err != nil || !owner.EmailVerified {
			return err
		}
		return a.Orders.AttachGuestOrders(ctx, tx, user, owner.Email)
	})
}

// dataReady stands here because privacy is to the right of notifications.
func (a *App) dataReady(ctx context.Context, e privacy.ExportReady) error {
	ready, err := a.Privacy.Latest(ctx, a.DB, e.UserID)
	if errors.Is(err, privacy.ErrNoExport) || err == nil && (ready.URL == "") {
		return nil
	}
	if err != nil {
		return err
	}
	return a.Notifications.DataReady(ctx, e.UserID, ready.URL, ready.ExpiresAt)
}

// forget joins the erasure of a user to those who keep something of users. The
// sweeps of orders and carts find later what is still under way now.
func (a *App) forget() {
	events.On(a.Relay, "forget the erased in carts", func(ctx context.Context, _ accounts.Erased) error { return a.Carts.Forget(ctx) })
	events.On(a.Relay, "forget the erased in orders", func(ctx context.Context, _ accounts.Erased) error { return a.Orders.Forget(ctx) })
	events.On(a.Relay, "forget factors of the erased", func(ctx context.Context, e accounts.Erased) error {
		return postgres.InTx(ctx, a.DB, func(tx pgx.Tx) error { return a.MFA.Forget(ctx, tx, e.UserID) })
	})
	events.On(a.Relay, "forget invitations of the erased", func(ctx context.Context, e accounts.Erased) error {
		return postgres.InTx(ctx, a.DB, func(tx pgx.Tx) error { return a.Vendors.Forget(ctx, tx, e.UserID) })
	})
	events.On(a.Relay, "forget who made keys", func(ctx context.Context, e accounts.Erased) error {
		return postgres.InTx(ctx, a.DB, func(tx pgx.Tx) error { return a.APIKeys.Forget(ctx, tx, e.UserID) })
	})
	events.On(a.Relay, "forget the erased in reviews", func(ctx context.Context, e accounts.Erased) error {
		return postgres.InTx(ctx, a.DB, func(tx pgx.Tx) error { return a.Reviews.Forget(ctx, tx, e.UserID) })
	})
	events.On(a.Relay, "forget sign-ins of the erased", func(ctx context.Context, e accounts.Erased) error {
		return postgres.InTx(ctx, a.DB, func(tx pgx.Tx) error { return a.Logins.Forget(ctx, tx, e.UserID) })
	})
	events.On(a.Relay, "forget wishes of the erased", func(ctx context.Context, e accounts.Erased) error {
		return postgres.InTx(ctx, a.DB, func(tx pgx.Tx) error { return a.Wishlists.Forget(ctx, tx, e.UserID) })
	})
	events.On(a.Relay, "forget how the erased pay", func(ctx context.Context, e accounts.Erased) error {
		return postgres.InTx(ctx, a.DB, func(tx pgx.Tx) error { return a.Payments.ForgetSaved(ctx, tx, e.UserID) })
	})
	events.On(a.Relay, "forget memberships of the erased", func(ctx context.Context, e accounts.Erased) error {
		return postgres.InTx(ctx, a.DB, func(tx pgx.Tx) error { return a.Memberships.Forget(ctx, tx, e.UserID) })
	})
	events.On(a.Relay, "forget copies of the erased", func(ctx context.Context, e accounts.Erased) error { return a.Privacy.Forget(ctx, e.UserID) })
	events.On(a.Relay, "forget answers to the erased", func(ctx context.Context, e accounts.Erased) error {
		return postgres.InTx(ctx, a.DB, func(tx pgx.Tx) error { return httpapi.ForgetUser(ctx, tx, e.UserID) })
	})
}

func (a *App) forgetIdempotencyKeys(ctx context.Context) error {
	_, err := httpapi.SweepIdempotencyKeys(ctx, a.DB)
	return err
}

func (a *App) expireHolds(ctx context.Context) error {
	_, err := a.Checkout.Expire(ctx)
	return err
}

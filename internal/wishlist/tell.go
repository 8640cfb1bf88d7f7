package wishlist

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

const (
	variantsAtOnce = 500
	watchersAtOnce = 1000

	// quiet is how long nobody is told again that one thing is back: what flits
	// in and out of stock is no news.
	quiet = 24 * time.Hour
)

// Tell looks at what has moved and raises an event for everybody who has news. It
// is a sweep, run every so often, so that who waits for several things is told
// of them in one mail.
func (w *Wishlists) Tell(ctx context.Context) error {
	percent, err := PriceDropSetting.Get(ctx, w.Settings)
	if err != nil {
		return err
	}
	for more := true; more; {
		err := postgres.InTx(ctx, w.DB, func(tx pgx.Tx) (err error) {
			more, err = w.tellSome(ctx, tx, percent)
			return err
		})
		if err != nil {
			return fmt.Errorf("tell of wishes: %w", err)
		}
	}
	return nil
}

// tellSome reports whether there may be more to tell.
func (w *Wishlists) tellSome(ctx context.Context, tx pgx.Tx, percent int) (more bool, err error) {
	moved, err := postgres.Column[id.Variant](ctx, tx, takeDue, pgx.NamedArgs{"limit": variantsAtOnce})
	if err != nil || len(moved) == 0 {
		return false, err
	}
	now := w.Clock.Now()
	args := pgx.NamedArgs{
		"variants": moved, "percent": percent, "limit": watchersAtOnce, "now": now, "before": now.Add(-quiet), "until": now.Add(toldLife),
	}
	var n news
	b := postgres.NewBatch()
	b.Queue(learnPrices, args)
	b.Queue(learnAlertPrices, args)
	b.Queue(learnSoldOut, args)
	b.Queue(learnAlertsSoldOut, args)
	postgres.ReadAll(b, &n.fallen, takeFallen, args)
	postgres.ReadAll(b, &n.back, takeBack, args)
	postgres.ReadAll(b, &n.fallenAlerts, takeFallenAlerts, args)
	postgres.ReadAll(b, &n.backAlerts, takeBackAlerts, args)
	if err := b.Send(ctx, tx); err != nil {
		return false, err
	}
	if n.full() { // somebody else may still wait for one of them
		b.Queue(insertDueAgain, args)
	}
	n.queue(ctx, b)
	return true, b.Send(ctx, tx)
}

// news is what was found, and written down as told.
type news struct {
	fallen, back             []watcher
	fallenAlerts, backAlerts []alertRow
}

// A watcher is an item of a user's list. Wanted is false where the row has
// learned of something that its owner does not want to hear.
type watcher struct {
	Item   id.WishlistItem `db:"id"`
	User   id.User         `db:"user_id"`
	Wanted bool            `db:"wanted"`
}

type alertRow struct {
	ID id.Alert `db:"id"`
}

func (n news) full() bool {
	return max(len(n.fallen), len(n.back), len(n.fallenAlerts), len(n.backAlerts)) == watchersAtOnce
}

// queue raises one event for each person and sort of news, in one pipeline.
func (n news) queue(ctx context.Context, b *postgres.Batch) {
	for user, items := range byUser(n.fallen) {
		events.Queue(ctx, b, PricesFell{user, items})
	}
	for user, items := range byUser(n.back) {
		events.Queue(ctx, b, BackInStock{user, items})
	}
	for _, alerts := range [][]alertRow{n.fallenAlerts, n.backAlerts} {
		for _, a := range alerts {
			events.Queue(ctx, b, AlertDue{a.ID})
		}
	}
}

func byUser(watchers []watcher) map[id.User][]id.WishlistItem {
	of := map[id.User][]id.WishlistItem{}
	for _, one := range watchers {
		if one.Wanted {
			of[one.User] = append(of[one.User], one.Item)
		}
	}
	return of
}

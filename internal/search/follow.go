package search

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
	"souk/internal/pricing"
)

// Run keeps the listings until ctx ends. Every node runs it; one of them
// refreshes at a time.
func (s *Search) Run(ctx context.Context) error {
	ctx = auth.With(ctx, auth.Actor{System: "search"})
	consumer := events.Consumer{Name: "search", DB: s.Pool, Bell: s.Bell, Log: s.Log, Handle: s.follow}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return consumer.Run(ctx) })
	g.Go(func() error { return s.catchUp(ctx) })
	return g.Wait()
}

// touched is what the events of others say was changed, whichever they are.
type touched struct {
	ProductIDs []id.Product `json:"product_ids"`
	VariantIDs []id.Variant `json:"variant_ids"`
	VendorID   id.Vendor    `json:"vendor_id"`
	OrderID    id.Order     `json:"order_id"`
}

// gathered is what a batch of events asks for.
type gathered struct {
	products []id.Product // changed in what is written about them
	variants []id.Variant // changed in price
	stocked  []id.Variant // changed in stock, by hand
	vendors  []id.Vendor
	orders   []id.Order // that took stock or gave it back
	lists    bool       // collections or categories have changed
}

func (g *gathered) add(r events.Record) error {
	var t touched
	switch r.Name {
	case "catalog.collections_changed", "catalog.categories_changed":
		g.lists = true
		return nil
	case "catalog.changed", "pricing.prices_changed", "vendors.changed", "inventory.stock_changed",
		"orders.placed", "orders.cancelled", "reviews.rating_changed", "memberships.gates_changed":
	default:
		return nil
	}
	if err := json.Unmarshal(r.Data, &t); err != nil {
		return fmt.Errorf("read event %s %s: %w", r.Name, r.ID, err)
	}
	if r.Name == "inventory.stock_changed" {
		g.stocked = append(g.stocked, t.VariantIDs...)
		return nil
	}
	g.products = append(g.products, t.ProductIDs...)
	g.variants = append(g.variants, t.VariantIDs...)
	if !t.VendorID.IsZero() && r.Name == "vendors.changed" {
		g.vendors = append(g.vendors, t.VendorID)
	}
	if !t.OrderID.IsZero() {
		g.orders = append(g.orders, t.OrderID)
	}
	return nil
}

func (g *gathered) args() pgx.NamedArgs {
	return pgx.NamedArgs{
		"products": g.products, "variants": g.variants, "stocked": g.stocked, "vendors": g.vendors, "orders": g.orders,
	}
}

// follow refreshes what a batch of events touched.
//
// Stock moves with every order but seldom changes what a list shows: only
// products that ran out or came back are refreshed. For the others it is
// enough that stored pages are dropped.
func (s *Search) follow(ctx context.Context, tx pgx.Tx, batch []events.Record) error {
	var g gathered
	for _, r := range batch {
		if err := g.add(r); err != nil {
			return err
		}
	}
	var (
		refresh []id.Product
		moved   []id.Product
		args    = g.args()
		b       = postgres.NewBatch()
	)
	if len(g.products)+len(g.variants)+len(g.vendors) > 0 {
		read(b, selectTouched, args, func(row productRow) { refresh = append(refresh, row.ID) })
	}
	if len(g.stocked)+len(g.orders) > 0 {
		read(b, selectMoved, args, func(row movedRow) {
			if row.Flipped {
				refresh = append(refresh, row.ID)
			} else {
				moved = append(moved, row.ID)
			}
		})
	}
	if len(g.orders) > 0 {
		b.Queue(insertPopularityDue, pgx.NamedArgs{"orders": g.orders})
	}
	if err := b.Send(ctx, tx); err != nil {
		return fmt.Errorf("find products of %d events: %w", len(batch), err)
	}
	if g.lists {
		if err := events.Raise(ctx, tx, Refreshed{ProductIDs: []id.Product{}, Listing: true}); err != nil {
			return err
		}
	}
	if len(moved) > 0 {
		if err := events.Raise(ctx, tx, Refreshed{ProductIDs: moved}); err != nil {
			return err
		}
	}
	now := refresh[:min(len(refresh), atOnce)]
	if later := refresh[len(now):]; len(later) > 0 {
		if _, err := postgres.Exec(ctx, tx, insertDue, pgx.NamedArgs{"products": later}); err != nil {
			return fmt.Errorf("put off %d products: %w", len(later), err)
		}
	}
	return s.Refresh(ctx, tx, now)
}

type productRow struct {
	ID id.Product `db:"product_id"`
}

type movedRow struct {
	ID      id.Product `db:"product_id"`
	Flipped bool       `db:"flipped"` // in_stock is not what the listing says
}

// catchUp refreshes what follow put off, some at a time.
func (s *Search) catchUp(ctx context.Context) error {
	every := time.NewTicker(time.Second)
	defer every.Stop()
	for {
		n, err := s.refreshPutOff(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			s.log().ErrorContext(ctx, "search cannot refresh listings", "error", err)
		}
		if n > 0 {
			continue
		}
		select {
		case <-every.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// refreshPutOff refreshes some of the products that were put off and says how many.
func (s *Search) refreshPutOff(ctx context.Context) (n int, err error) {
	err = postgres.InTx(ctx, s.DB, func(tx pgx.Tx) error {
		some, err := postgres.Column[id.Product](ctx, tx, takeDue, pgx.NamedArgs{"some": atOnce})
		if err != nil {
			return err
		}
		n = len(some)
		return s.Refresh(ctx, tx, some)
	})
	if err != nil {
		return 0, fmt.Errorf("refresh products that were put off: %w", err)
	}
	return n, nil
}

// Flush follows every event of the database that it has not followed yet, here
// and now. It is for tests that live in one transaction, whose events no other
// session sees.
func (s *Search) Flush(ctx context.Context) error {
	for {
		var batch []events.Record
		err := postgres.InTx(ctx, s.DB, func(tx pgx.Tx) (err error) {
			if batch, err = postgres.All[events.Record](ctx, tx, selectUnflushed, pgx.NamedArgs{"after": s.flushed}); err != nil || len(batch) == 0 {
				return err
			}
			return s.follow(ctx, tx, batch)
		})
		if err != nil {
			return fmt.Errorf("flush search: %w", err)
		}
		if len(batch) == 0 {
			break
		}
		s.flushed = batch[len(batch)-1].Seq
		if err := s.forget(ctx, batch); err != nil {
			return err
		}
	}
	for {
		n, err := s.refreshPutOff(ctx)
		if err != nil || n == 0 {
			return err
		}
	}
}

// forget drops the stored answers that events made wrong, on this node.
func (s *Search) forget(_ context.Context, batch []events.Record) error {
	for _, r := range batch {
		if r.Name == (pricing.ListsChanged{}).EventName() { // of whatever products
			s.cache().forgetAll()
		}
		e, ok, err := refreshed(r)
		if err != nil {
			return err
		}
		if ok {
			s.cache().forget(e)
		}
	}
	return nil
}

package catalog

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

// Status says whether a product is for sale, and if not, what it waits for.
type Status string

// The statuses. Only active products are shown and sold.
const (
	InDraft       Status = "draft"
	PendingReview Status = "pending_review"
	Scheduled     Status = "scheduled" // approved, and goes on sale by itself
	Active        Status = "active"
	Rejected      Status = "rejected"
	Archived      Status = "archived"
)

// A Command moves a product from one status to another.
type Command string

// The commands.
const (
	Submit  Command = "submit"  // ask staff to look at it
	Approve Command = "approve" // put it on sale, or let it wait for its time
	Reject  Command = "reject"  // send it back with a reason
	Hide    Command = "hide"    // take it off sale to work on it
	Archive Command = "archive" // take it out of the catalogue
	Restore Command = "restore" // bring it back from there
)

// offered reports whether a product is on sale, or on its way there.
func (s Status) offered() bool { return s == PendingReview || s == Scheduled || s == Active }

// moves is every move that there is: from where each command may start, and
// where it leads.
var moves = map[Command]struct {
	from []Status
	to   Status
}{
	Submit:  {[]Status{InDraft, Rejected}, PendingReview},
	Approve: {[]Status{InDraft, PendingReview, Rejected}, Active},
	Reject:  {[]Status{PendingReview, Scheduled, Active}, Rejected},
	Hide:    {[]Status{PendingReview, Scheduled, Active}, InDraft},
	Archive: {[]Status{InDraft, PendingReview, Scheduled, Active, Rejected}, Archived},
	Restore: {[]Status{Archived}, InDraft},
}

// ErrStatus says that a product's status does not allow what was asked.
var ErrStatus = errs.New(errs.Conflict, "product_status", "The product's status does not allow this.")

// Move carries out a command, in one statement that also checks that it may.
func (c *Catalog) Move(ctx context.Context, tx pgx.Tx, vendor id.Vendor, product id.Product, command Command, reason string) (Product, error) {
	move := moves[command]
	reason = line(reason)
	was, err := postgres.Column[Status](ctx, tx, moveProduct, pgx.NamedArgs{
		"id": product, "vendor": vendor, "from": move.from, "to": move.to, "reason": reason,
	})
	if err != nil {
		return Product{}, fmt.Errorf("%s product %s: %w", command, product, err)
	}
	now, err := c.Product(ctx, tx, vendor, product)
	if err != nil {
		return Product{}, err
	}
	if len(was) == 0 {
		return Product{}, ErrStatus.With("status", now.Status)
	}
	if bad := now.lacks(now.Missing); now.Status.offered() && len(bad) > 0 {
		return Product{}, bad.Err()
	}
	if err := events.Raise(ctx, tx, StatusChanged{product, was[0], now.Status, reason}); err != nil {
		return Product{}, err
	}
	return now, raiseChanged(ctx, tx, []id.Product{product})
}

// KeepSchedule puts products on sale and takes them off when their time has
// come, whatever their types require by now. It is a sweep.
func (c *Catalog) KeepSchedule(ctx context.Context) error {
	for ctx.Err() == nil {
		var due []dueProduct
		err := postgres.InTx(ctx, c.DB, func(tx pgx.Tx) (err error) {
			if due, err = postgres.All[dueProduct](ctx, tx, moveDueProducts, pgx.NamedArgs{"limit": changesPerEvent}); err != nil {
				return err
			}
			moved := make([]id.Product, len(due))
			for i, p := range due {
				moved[i] = p.ID
				if err := events.Raise(ctx, tx, StatusChanged{ProductID: p.ID, From: p.Was, To: p.Status}); err != nil {
					return err
				}
			}
			return raiseChanged(ctx, tx, moved)
		})
		if err != nil {
			return fmt.Errorf("keep the schedule of products: %w", err)
		}
		if len(due) < changesPerEvent {
			return nil
		}
	}
	return ctx.Err()
}

type dueProduct struct {
	ID     id.Product `db:"id"`
	Was    Status     `db:"was"`
	Status Status     `db:"status"`
}

// approved is the status of a product that staff have approved. One whose time
// has come since waits for the next sweep.
func (p Product) approved() Status {
	if p.PublishAt != nil {
		return Scheduled
	}
	return Active
}

// leads reports whether one command leads from one status to the other.
func leads(from, to Status) bool {
	for _, move := range moves {
		if move.to == to && slices.Contains(move.from, from) {
			return true
		}
	}
	return false
}

// Unlist hides a product from listings, search and feeds for good: it is sold
// from a page of its own, as memberships are. The caller has just made it.
func Unlist(ctx context.Context, tx pgx.Tx, product id.Product) error {
	if _, err := postgres.Exec(ctx, tx, `UPDATE products SET unlisted = true WHERE id = @id`, pgx.NamedArgs{"id": product}); err != nil {
		return fmt.Errorf("unlist product %s: %w", product, err)
	}
	return nil
}

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
	Active        Status = "active"
	Rejected      Status = "rejected"
	Archived      Status = "archived"
)

// A Command moves a product from one status to another.
type Command string

// The commands.
const (
	Submit  Command = "submit"  // ask staff to look at it
	Approve Command = "approve" // put it on sale
	Reject  Command = "reject"  // send it back with a reason
	Hide    Command = "hide"    // take it off sale to work on it
	Archive Command = "archive" // take it out of the catalogue
	Restore Command = "restore" // bring it back from there
)

// moves is every move that there is: from where each command may start, and
// where it leads.
var moves = map[Command]struct {
	from []Status
	to   Status
}{
	Submit:  {[]Status{InDraft, Rejected}, PendingReview},
	Approve: {[]Status{InDraft, PendingReview, Rejected}, Active},
	Reject:  {[]Status{PendingReview, Active}, Rejected},
	Hide:    {[]Status{PendingReview, Active}, InDraft},
	Archive: {[]Status{InDraft, PendingReview, Active, Rejected}, Archived},
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
	if err := events.Raise(ctx, tx, StatusChanged{product, was[0], move.to, reason}); err != nil {
		return Product{}, err
	}
	return now, raiseChanged(ctx, tx, []id.Product{product})
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

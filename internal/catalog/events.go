package catalog

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/events"
)

// Changed says that products are not what they were: a text, a variant, a
// category, a tag, a picture or the status. Read them again.
type Changed struct {
	ProductIDs []id.Product `json:"product_ids"`
}

// EventName names the event in the log.
func (Changed) EventName() string { return "catalog.changed" }

// StatusChanged says that a product went from one status to another, for
// those who tell the vendor. Changed is raised besides.
type StatusChanged struct {
	ProductID id.Product `json:"product_id"`
	From      Status     `json:"from"`
	To        Status     `json:"to"`
	Reason    string     `json:"reason,omitempty"`
}

// EventName names the event in the log.
func (StatusChanged) EventName() string { return "catalog.status_changed" }

// changesPerEvent keeps an event small: renaming a category may touch every
// product of the shop.
const changesPerEvent = 1000

func raiseChanged(ctx context.Context, tx pgx.Tx, products []id.Product) error {
	for some := range slices.Chunk(products, changesPerEvent) {
		if err := events.Raise(ctx, tx, Changed{some}); err != nil {
			return err
		}
	}
	return nil
}

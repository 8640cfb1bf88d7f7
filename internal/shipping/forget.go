package shipping

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// Forget drops what was written about the parcels of orders besides where they
// were: it may name who took one in.
func Forget(ctx context.Context, tx pgx.Tx, orders []id.Order) error {
	_, err := postgres.Exec(ctx, tx, `
		UPDATE tracking_events SET detail = ''
		WHERE detail <> '' AND shipment_id IN (SELECT id FROM shipments WHERE order_id = ANY (@orders::uuid[]))`,
		pgx.NamedArgs{"orders": orders})
	if err != nil {
		return fmt.Errorf("forget details of parcels: %w", err)
	}
	return nil
}

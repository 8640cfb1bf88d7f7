package orders

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// HasReceived reports whether a product, in any of its variants, was delivered
// to a user who ordered it.
func (o *Orders) HasReceived(ctx context.Context, db postgres.DB, user id.User, product id.Product) (bool, error) {
	received, err := postgres.Scalar[bool](ctx, db, `
		SELECT EXISTS (
			SELECT FROM orders o
			JOIN order_lines l ON l.order_id = o.id AND l.product_id = @product
			JOIN shipment_lines i ON i.order_line_id = l.id
			JOIN shipments s ON s.id = i.shipment_id AND s.status = 'delivered'
			WHERE o.user_id = @user)`,
		pgx.NamedArgs{"user": user, "product": product})
	if err != nil {
		return false, fmt.Errorf("look whether user %s has received product %s: %w", user, product, err)
	}
	return received, nil
}

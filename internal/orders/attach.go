package orders

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// AttachGuestOrders gives a user the orders that were placed without an account
// under their e-mail. Call it only once they have proven that the mailbox is
// theirs: anybody can sign up with somebody else's address. The links that
// guests were mailed go on working. Doing it twice is doing it once.
func (o *Orders) AttachGuestOrders(ctx context.Context, tx pgx.Tx, user id.User, email string) error {
	_, err := postgres.Exec(ctx, tx, `
		UPDATE orders SET user_id = @user WHERE user_id IS NULL AND lower(email) = lower(@email) AND @email <> ''`,
		pgx.NamedArgs{"user": user, "email": email})
	if err != nil {
		return fmt.Errorf("give orders of a guest to user %s: %w", user, err)
	}
	return nil
}

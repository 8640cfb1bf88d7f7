package accounts

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

const selectAddress = `
	SELECT id, label, name, line1, line2, city, region, postal_code, country, phone, tax_id, is_default, created_at, updated_at
	FROM addresses `

// Addresses lists what a user keeps: the default, then the newest first.
func (u *Users) Addresses(ctx context.Context, db postgres.DB, user id.User) ([]Address, error) {
	return postgres.All[Address](ctx, db, selectAddress+`WHERE user_id = @user ORDER BY is_default DESC, id DESC LIMIT @most`,
		pgx.NamedArgs{"user": user, "most": maxAddresses})
}

// Address reads one of a user's addresses.
func (u *Users) Address(ctx context.Context, db postgres.DB, user id.User, address id.Address) (Address, error) {
	a, err := postgres.Get[Address](ctx, db, selectAddress+`WHERE id = @id AND user_id = @user`,
		pgx.NamedArgs{"id": address, "user": user})
	if errors.Is(err, postgres.ErrNoRow) {
		return Address{}, ErrNoAddress
	}
	return a, err
}

// lockAddresses makes changes to one user's addresses wait for each other, and
// counts them.
func lockAddresses(ctx context.Context, tx pgx.Tx, user id.User) (int64, error) {
	if _, err := postgres.Exec(ctx, tx, `SELECT id FROM users WHERE id = @user FOR NO KEY UPDATE`, pgx.NamedArgs{"user": user}); err != nil {
		return 0, fmt.Errorf("lock addresses of user %s: %w", user, err)
	}
	n, err := postgres.Scalar[int64](ctx, tx, `SELECT count(*) FROM addresses WHERE user_id = @user`, pgx.NamedArgs{"user": user})
	if err != nil {
		return 0, fmt.Errorf("count addresses of user %s: %w", user, err)
	}
	return n, nil
}

func (a Address) args(user id.User) pgx.NamedArgs {
	return pgx.NamedArgs{
		"id": a.ID, "user": user, "label": a.Label, "name": a.Name, "line1": a.Line1, "line2": a.Line2, "city": a.City,
		"region": a.Region, "postal_code": a.PostalCode, "country": a.Country, "phone": a.Phone, "tax_id": a.TaxID,
		"is_default": a.IsDefault, "created": a.CreatedAt, "updated": a.UpdatedAt,
	}
}

const unsetDefault = `UPDATE addresses SET is_default = false WHERE user_id = @user AND is_default AND id <> @id AND @is_default`

func insertAddress(ctx context.Context, tx pgx.Tx, user id.User, a Address) error {
	b := postgres.NewBatch()
	b.Queue(unsetDefault, a.args(user))
	b.Queue(`
		INSERT INTO addresses (id, user_id, label, name, line1, line2, city, region, postal_code, country, phone, tax_id, is_default, created_at, updated_at)
		VALUES (@id, @user, @label, @name, @line1, @line2, @city, @region, @postal_code, @country, @phone, @tax_id, @is_default, @created, @updated)`,
		a.args(user))
	return b.Send(ctx, tx)
}

func updateAddress(ctx context.Context, tx pgx.Tx, user id.User, a Address) error {
	if _, err := lockAddresses(ctx, tx, user); err != nil {
		return err
	}
	b := postgres.NewBatch()
	b.Queue(unsetDefault, a.args(user))
	b.QueueOne(`
		UPDATE addresses SET label = @label, name = @name, line1 = @line1, line2 = @line2, city = @city, region = @region,
		       postal_code = @postal_code, country = @country, phone = @phone, tax_id = @tax_id, is_default = is_default OR @is_default, updated_at = @updated
		WHERE id = @id AND user_id = @user`, a.args(user), ErrNoAddress)
	return b.Send(ctx, tx)
}

func deleteAddress(ctx context.Context, tx pgx.Tx, user id.User, address id.Address) error {
	args := pgx.NamedArgs{"user": user, "id": address}
	b := postgres.NewBatch()
	b.QueueOne(`DELETE FROM addresses WHERE id = @id AND user_id = @user`, args, ErrNoAddress)
	b.Queue(`
		UPDATE addresses SET is_default = true
		WHERE id = (SELECT id FROM addresses WHERE user_id = @user ORDER BY id DESC LIMIT 1)
		AND NOT EXISTS (SELECT FROM addresses WHERE user_id = @user AND is_default)`, args)
	return b.Send(ctx, tx)
}

package notifications

import (
	"context"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// emailChange is where a user's mail goes, and went before.
type emailChange struct {
	Email    string `db:"email"`
	Previous string `db:"previous_email"`
}

// emailChangeOf reads a change whether or not its token can still be used.
func emailChangeOf(ctx context.Context, db postgres.DB, token id.MailToken) (emailChange, error) {
	return postgres.Get[emailChange](ctx, db, `SELECT email, previous_email FROM mail_tokens WHERE id = @id AND purpose = 'change_email'`,
		pgx.NamedArgs{"id": token})
}

// session is where a user signed in.
type session struct {
	Device  string `db:"device"`
	Address string `db:"address"`
}

func sessionByID(ctx context.Context, db postgres.DB, s id.Session) (session, error) {
	return postgres.Get[session](ctx, db, `SELECT device, address FROM sessions WHERE id = @id`, pgx.NamedArgs{"id": s})
}

func providerName(ctx context.Context, db postgres.DB, provider id.LoginProvider) (string, error) {
	return postgres.Scalar[string](ctx, db, `SELECT name FROM login_providers WHERE id = @id`, pgx.NamedArgs{"id": provider})
}

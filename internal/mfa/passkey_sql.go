package mfa

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// Passkeys lists those of a user, the oldest first.
func (f *Factors) Passkeys(ctx context.Context, db postgres.DB, user id.User) ([]Passkey, error) {
	keys, err := postgres.All[Passkey](ctx, db, `SELECT id, name, created_at, last_used_at FROM passkeys WHERE user_id = @user ORDER BY id`,
		pgx.NamedArgs{"user": user})
	if err != nil {
		return nil, fmt.Errorf("list passkeys of user %s: %w", user, err)
	}
	return keys, nil
}

// HasPasskey reports whether a user can sign in with a passkey.
func (f *Factors) HasPasskey(ctx context.Context, db postgres.DB, user id.User) (bool, error) {
	return postgres.Scalar[bool](ctx, db, `SELECT EXISTS (SELECT FROM passkeys WHERE user_id = @user)`, pgx.NamedArgs{"user": user})
}

func records(ctx context.Context, db postgres.DB, user id.User) ([]webauthn.Credential, error) {
	return postgres.Column[webauthn.Credential](ctx, db, `SELECT record FROM passkeys WHERE user_id = @user ORDER BY id`, pgx.NamedArgs{"user": user})
}

func insertPasskey(ctx context.Context, tx pgx.Tx, user id.User, key Passkey, record *webauthn.Credential) error {
	_, err := postgres.Exec(ctx, tx, `
		INSERT INTO passkeys (id, user_id, credential_id, record, name, created_at) VALUES (@id, @user, @credential, @record, @name, @now)`,
		pgx.NamedArgs{"id": key.ID, "user": user, "credential": record.ID, "record": record, "name": key.Name, "now": key.CreatedAt})
	return err
}

// keptPasskey is what a sign-in needs of a row of passkeys.
type keptPasskey struct {
	ID     id.Factor           `db:"id"`
	UserID id.User             `db:"user_id"`
	Record webauthn.Credential `db:"record"`
}

func lockPasskey(ctx context.Context, tx pgx.Tx, credential []byte) (keptPasskey, error) {
	return postgres.Get[keptPasskey](ctx, tx, `SELECT id, user_id, record FROM passkeys WHERE credential_id = @credential FOR UPDATE`,
		pgx.NamedArgs{"credential": credential})
}

func usePasskey(ctx context.Context, tx pgx.Tx, record *webauthn.Credential, now time.Time) error {
	_, err := postgres.Exec(ctx, tx, `UPDATE passkeys SET record = @record, last_used_at = @now WHERE credential_id = @credential`,
		pgx.NamedArgs{"record": record, "credential": record.ID, "now": now})
	return err
}

func renamePasskey(ctx context.Context, tx pgx.Tx, user id.User, passkey id.Factor, name string) (Passkey, error) {
	key, err := postgres.Get[Passkey](ctx, tx, `
		UPDATE passkeys SET name = @name WHERE id = @id AND user_id = @user RETURNING id, name, created_at, last_used_at`,
		pgx.NamedArgs{"id": passkey, "user": user, "name": name})
	if errors.Is(err, postgres.ErrNoRow) {
		return Passkey{}, ErrNoPasskey
	}
	if err != nil {
		return Passkey{}, fmt.Errorf("rename passkey %s: %w", passkey, err)
	}
	return key, nil
}

func deletePasskey(ctx context.Context, tx pgx.Tx, user id.User, passkey id.Factor) error {
	n, err := postgres.Exec(ctx, tx, `DELETE FROM passkeys WHERE id = @id AND user_id = @user`, pgx.NamedArgs{"id": passkey, "user": user})
	switch {
	case err != nil:
		return fmt.Errorf("remove passkey %s: %w", passkey, err)
	case n == 0:
		return ErrNoPasskey
	}
	return nil
}

// insertAnswer reports whether the challenge was not answered before.
func insertAnswer(ctx context.Context, tx pgx.Tx, challenge []byte, expires time.Time) (bool, error) {
	n, err := postgres.Exec(ctx, tx, `
		INSERT INTO webauthn_answers (challenge, expires_at) VALUES (@challenge, @expires) ON CONFLICT DO NOTHING`,
		pgx.NamedArgs{"challenge": challenge, "expires": expires})
	if err != nil {
		return false, fmt.Errorf("note passkey's answer: %w", err)
	}
	return n == 1, nil
}

func deleteAnswers(ctx context.Context, tx pgx.Tx, before time.Time) error {
	_, err := postgres.Exec(ctx, tx, `DELETE FROM webauthn_answers WHERE expires_at < @before`, pgx.NamedArgs{"before": before})
	return err
}

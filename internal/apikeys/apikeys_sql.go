package apikeys

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

const selectKey = `
	SELECT k.id, k.hint, k.name, k.vendor_id, k.scopes, k.created_by, k.created_at, k.expires_at, k.last_used_at, k.revoked_at
	FROM api_keys k `

// List reads keys, the newest first: those of a vendor, or where that is zero
// the shop's and all vendors'.
func (k *Keys) List(ctx context.Context, db postgres.DB, vendor id.Vendor, after id.APIKey, limit int) ([]Key, error) {
	return postgres.All[Key](ctx, db, selectKey+`
		WHERE (@vendor::uuid IS NULL OR k.vendor_id = @vendor) AND (@after::uuid IS NULL OR k.id < @after) ORDER BY k.id DESC LIMIT @limit`,
		pgx.NamedArgs{"vendor": vendor, "after": after, "limit": limit})
}

// Get reads one key; another vendor's is not there.
func (k *Keys) Get(ctx context.Context, db postgres.DB, vendor id.Vendor, key id.APIKey) (Key, error) {
	found, err := postgres.Get[Key](ctx, db, selectKey+`WHERE k.id = @id AND (@vendor::uuid IS NULL OR k.vendor_id = @vendor)`,
		pgx.NamedArgs{"id": key, "vendor": vendor})
	if errors.Is(err, postgres.ErrNoRow) {
		return Key{}, ErrNoKey
	}
	return found, err
}

func liveKey(ctx context.Context, db postgres.DB, hash []byte, now time.Time) (Key, error) {
	return postgres.Get[Key](ctx, db, selectKey+`
		WHERE k.hash = @hash AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > @now)`, pgx.NamedArgs{"hash": hash, "now": now})
}

func insertKey(ctx context.Context, tx pgx.Tx, k Key, hash []byte) error {
	_, err := postgres.Exec(ctx, tx, `
		INSERT INTO api_keys (id, hash, hint, name, vendor_id, scopes, created_by, created_at, expires_at)
		VALUES (@id, @hash, @hint, @name, @vendor, @scopes, @by, @now, @expires)`,
		pgx.NamedArgs{
			"id": k.ID, "hash": hash, "hint": k.Hint, "name": k.Name, "vendor": k.VendorID, "scopes": k.Scopes, "by": k.CreatedBy,
			"now": k.CreatedAt, "expires": k.ExpiresAt,
		})
	return err
}

// revoke reports whether the key was good before.
func revoke(ctx context.Context, tx pgx.Tx, vendor id.Vendor, key id.APIKey, now time.Time) (bool, error) {
	args := pgx.NamedArgs{"id": key, "vendor": vendor, "now": now}
	n, err := postgres.Exec(ctx, tx, `
		UPDATE api_keys SET revoked_at = @now WHERE id = @id AND (@vendor::uuid IS NULL OR vendor_id = @vendor) AND revoked_at IS NULL`, args)
	if err != nil {
		return false, fmt.Errorf("revoke API key %s: %w", key, err)
	}
	if n == 1 {
		return true, nil
	}
	there, err := postgres.Scalar[bool](ctx, tx, `
		SELECT EXISTS (SELECT FROM api_keys WHERE id = @id AND (@vendor::uuid IS NULL OR vendor_id = @vendor))`, args)
	if err == nil && !there {
		err = ErrNoKey
	}
	return false, err
}

// touch leaves it to the first of those who come at once, so that none waits.
func touch(ctx context.Context, tx pgx.Tx, key id.APIKey, now time.Time) error {
	_, err := postgres.Exec(ctx, tx, `
		UPDATE api_keys SET last_used_at = @now
		WHERE id = (SELECT id FROM api_keys WHERE id = @id AND (last_used_at IS NULL OR last_used_at <= @before) FOR UPDATE SKIP LOCKED)`,
		pgx.NamedArgs{"id": key, "now": now, "before": now.Add(-time.Minute)})
	return err
}

// Forget drops from keys who made them, where that is somebody who is erased.
func (k *Keys) Forget(ctx context.Context, tx pgx.Tx, user id.User) error {
	_, err := postgres.Exec(ctx, tx, `UPDATE api_keys SET created_by = NULL WHERE created_by = @user`, pgx.NamedArgs{"user": user})
	return err
}

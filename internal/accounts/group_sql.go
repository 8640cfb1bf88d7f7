package accounts

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

const selectGroups = `
	SELECT g.id, g.handle, g.name, g.description, (SELECT count(*) FROM customer_group_members m WHERE m.group_id = g.id) AS members,
	       g.version, g.created_at, g.updated_at
	FROM customer_groups g `

const selectMembers = `
	SELECT m.user_id, u.username, u.name, coalesce(u.email, '') AS email, m.added_at
	FROM customer_group_members m JOIN users u ON u.id = m.user_id `

// Whoever is being erased waits for this, or is not put in.
const insertMember = `
	INSERT INTO customer_group_members (user_id, group_id)
	SELECT id, @group FROM users WHERE id = @user AND erased_at IS NULL FOR SHARE
	ON CONFLICT DO NOTHING`

// What is for the group holds its row (see [HoldGroups]), so it is seen here.
const deleteGroup = `
	DELETE FROM customer_groups g
	WHERE g.id = @group
	  AND NOT EXISTS (SELECT FROM promotions p WHERE p.status <> 'archived' AND p.conditions -> 'customer_groups' ? g.handle)
	  AND NOT EXISTS (SELECT FROM price_lists l WHERE l.status <> 'archived' AND g.handle = ANY (l.customer_groups))`

func group(ctx context.Context, db postgres.DB, of id.CustomerGroup) (CustomerGroup, error) {
	g, err := postgres.Get[CustomerGroup](ctx, db, selectGroups+`WHERE g.id = @group`, pgx.NamedArgs{"group": of})
	if errors.Is(err, postgres.ErrNoRow) {
		return CustomerGroup{}, ErrNoGroup
	}
	if err != nil {
		return CustomerGroup{}, fmt.Errorf("read customer group %s: %w", of, err)
	}
	return g, nil
}

// lockGroup is group for those who change it, from the version that they have seen.
func lockGroup(ctx context.Context, tx pgx.Tx, of id.CustomerGroup, version int64) (CustomerGroup, error) {
	g, err := postgres.Get[CustomerGroup](ctx, tx, selectGroups+`WHERE g.id = @group FOR UPDATE OF g`, pgx.NamedArgs{"group": of})
	switch {
	case errors.Is(err, postgres.ErrNoRow):
		return CustomerGroup{}, ErrNoGroup
	case err != nil:
		return CustomerGroup{}, fmt.Errorf("lock customer group %s: %w", of, err)
	case g.Version != version:
		return CustomerGroup{}, httpapi.ErrPreconditionFailed
	}
	return g, nil
}

func groups(ctx context.Context, db postgres.DB, after id.CustomerGroup, limit int) ([]CustomerGroup, error) {
	return postgres.All[CustomerGroup](ctx, db, selectGroups+`WHERE @after::uuid IS NULL OR g.id > @after ORDER BY g.id LIMIT @limit`,
		pgx.NamedArgs{"after": after, "limit": limit})
}

func members(ctx context.Context, db postgres.DB, of id.CustomerGroup, after id.User, limit int) ([]GroupMember, error) {
	return postgres.All[GroupMember](ctx, db, selectMembers+`
		WHERE m.group_id = @group AND (@after::uuid IS NULL OR m.user_id > @after) ORDER BY m.user_id LIMIT @limit`,
		pgx.NamedArgs{"group": of, "after": after, "limit": limit})
}

func insertGroup(ctx context.Context, tx pgx.Tx, g CustomerGroup) error {
	_, err := postgres.Exec(ctx, tx, `INSERT INTO customer_groups (id, handle, name, description) VALUES (@id, @handle, @name, @description)`,
		pgx.NamedArgs{"id": g.ID, "handle": g.Handle, "name": g.Name, "description": g.Description})
	return err
}

func updateGroup(ctx context.Context, tx pgx.Tx, g CustomerGroup) error {
	_, err := postgres.Exec(ctx, tx, `
		UPDATE customer_groups SET name = @name, description = @description, version = version + 1, updated_at = now() WHERE id = @id`,
		pgx.NamedArgs{"id": g.ID, "name": g.Name, "description": g.Description})
	return err
}

package wishlist

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/postgres"
)

const listColumnsFragment = `l.id, l.user_id, l.name, l.is_default, l.price_drops, l.back_in_stock, l.share_id, l.share_name, l.created_at, l.updated_at`

// condition is what a row must meet to be the list that is meant.
func (which Which) condition() string {
	switch {
	case which.Owner.IsZero():
		return `l.id = @wishlist AND l.user_id IS NULL`
	case which.List.IsZero():
		return `l.user_id = @owner AND l.is_default`
	}
	return `l.id = @wishlist AND l.user_id = @owner`
}

func (which Which) args() pgx.NamedArgs {
	switch {
	case which.Owner.IsZero():
		return pgx.NamedArgs{"wishlist": which.List}
	case which.List.IsZero():
		return pgx.NamedArgs{"owner": which.Owner}
	}
	return pgx.NamedArgs{"wishlist": which.List, "owner": which.Owner}
}

// read is a list and all that is on it, in one round trip.
func (w *Wishlists) read(ctx context.Context, db postgres.DB, condition string, args pgx.NamedArgs, currency money.Currency) (list List, items []Item, err error) {
	b := postgres.NewBatch()
	postgres.ReadOne(b, &list, `SELECT `+listColumnsFragment+` FROM wishlists l WHERE `+condition, args)
	shown := pgx.NamedArgs{"currency": string(currency), "standard": string(w.Currency)}
	for name, value := range args {
		shown[name] = value
	}
	queueItems(ctx, b, &items, shownFragment+condition+` ORDER BY i.id DESC`, shown)
	switch err := b.Send(ctx, db); {
	case errors.Is(err, postgres.ErrNoRow):
		return List{}, nil, ErrNotFound
	case err != nil:
		return List{}, nil, fmt.Errorf("read wishlist: %w", err)
	}
	return list, items, nil
}

// A counted list is one with how much is on it.
type counted struct {
	List
	Items int `db:"items"`
}

func listsOf(ctx context.Context, db postgres.DB, owner id.User) ([]counted, error) {
	lists, err := postgres.All[counted](ctx, db, `
		SELECT `+listColumnsFragment+`, (SELECT count(*)::int FROM wishlist_items i WHERE i.wishlist_id = l.id) AS items
		FROM wishlists l WHERE l.user_id = @owner ORDER BY l.is_default DESC, l.id DESC`, pgx.NamedArgs{"owner": owner})
	if err != nil {
		return nil, fmt.Errorf("list wishlists of user %s: %w", owner, err)
	}
	return lists, nil
}

// firstNameOf is "" of those who call themselves by an address.
func firstNameOf(ctx context.Context, db postgres.DB, user id.User) (string, error) {
	name, err := postgres.Scalar[string](ctx, db, `
		SELECT CASE WHEN name LIKE '%@%' THEN '' ELSE split_part(ltrim(name), ' ', 1) END FROM users WHERE id = @user`, pgx.NamedArgs{"user": user})
	if err != nil {
		return "", fmt.Errorf("read first name of user %s: %w", user, err)
	}
	return name, nil
}

// lockLists makes changes to what lists a user has wait for each other, and
// counts them.
func lockLists(ctx context.Context, tx pgx.Tx, owner id.User) (int, error) {
	args := pgx.NamedArgs{"owner": owner}
	if _, err := postgres.Exec(ctx, tx, `SELECT id FROM users WHERE id = @owner FOR NO KEY UPDATE`, args); err != nil {
		return 0, fmt.Errorf("lock wishlists of user %s: %w", owner, err)
	}
	n, err := postgres.Scalar[int](ctx, tx, `SELECT count(*)::int FROM wishlists WHERE user_id = @owner`, args)
	if err != nil {
		return 0, fmt.Errorf("count wishlists of user %s: %w", owner, err)
	}
	return n, nil
}

// mostLists is how many lists a user may keep: more as a member of some plans.
// Who has more than that, because a membership ended, keeps them.
func mostLists(ctx context.Context, db postgres.DB, owner id.User) (int, error) {
	more, err := postgres.Scalar[int](ctx, db, `
		SELECT coalesce(max(p.more_wishlists), 0)::int AS more FROM buyer_plans b JOIN plans p ON p.id = b.plan_id WHERE b.user_id = @owner`, pgx.NamedArgs{"owner": owner})
	if err != nil {
		return 0, fmt.Errorf("read how many wishlists user %s may keep: %w", owner, err)
	}
	return maxLists + more, nil
}

func touchList(ctx context.Context, tx pgx.Tx, which Which) (List, error) {
	list, err := postgres.Get[List](ctx, tx, `UPDATE wishlists l SET updated_at = now() WHERE `+which.condition()+` RETURNING `+listColumnsFragment, which.args())
	switch {
	case errors.Is(err, postgres.ErrNoRow):
		return List{}, ErrNotFound
	case err != nil:
		return List{}, fmt.Errorf("touch wishlist: %w", err)
	}
	return list, nil
}

func insertList(ctx context.Context, tx pgx.Tx, list id.Wishlist, owner id.User, name string) (List, error) {
	made, err := postgres.Get[List](ctx, tx, `INSERT INTO wishlists AS l (id, user_id, name) VALUES (@id, @owner, @name) RETURNING `+listColumnsFragment,
		pgx.NamedArgs{"id": list, "owner": owner, "name": name})
	if err != nil {
		return List{}, fmt.Errorf("make wishlist: %w", err)
	}
	return made, nil
}

// insertDefault leaves it at one when two come at once.
func insertDefault(ctx context.Context, tx pgx.Tx, owner id.User) error {
	_, err := postgres.Exec(ctx, tx, `
		INSERT INTO wishlists (id, user_id, name, is_default) VALUES (@id, @owner, @name, true) ON CONFLICT (user_id) WHERE is_default DO NOTHING`,
		pgx.NamedArgs{"id": id.New[id.Wishlist](), "owner": owner, "name": FirstName})
	if err != nil {
		return fmt.Errorf("make default wishlist of user %s: %w", owner, err)
	}
	return nil
}

func updateList(ctx context.Context, tx pgx.Tx, l List, e Edit) (List, error) {
	var now List
	args := pgx.NamedArgs{
		"id": l.ID, "owner": l.UserID, "name": e.Name, "default": e.Default, "price_drops": e.PriceDrops, "back_in_stock": e.BackInStock,
	}
	b := postgres.NewBatch()
	if e.Default {
		b.Queue(`UPDATE wishlists SET is_default = false WHERE user_id = @owner AND is_default AND id <> @id`, args)
	}
	if e.BackInStock != nil && *e.BackInStock && !l.BackInStock {
		b.Queue(lookAtStock, args)
	}
	postgres.ReadOne(b, &now, `
		UPDATE wishlists l SET name = coalesce(@name, l.name), is_default = l.is_default OR @default,
		       price_drops = coalesce(@price_drops, l.price_drops), back_in_stock = coalesce(@back_in_stock, l.back_in_stock)
		WHERE l.id = @id RETURNING `+listColumnsFragment, args)
	if err := b.Send(ctx, tx); err != nil {
		return List{}, fmt.Errorf("edit wishlist %s: %w", l.ID, err)
	}
	return now, nil
}

func deleteList(ctx context.Context, tx pgx.Tx, list id.Wishlist) error {
	if _, err := postgres.Exec(ctx, tx, `DELETE FROM wishlists WHERE id = @id`, pgx.NamedArgs{"id": list}); err != nil {
		return fmt.Errorf("remove wishlist %s: %w", list, err)
	}
	return nil
}

func shareList(ctx context.Context, tx pgx.Tx, list id.Wishlist, share id.WishlistShare, showName bool) (Share, error) {
	made, err := postgres.Get[Share](ctx, tx, `
		UPDATE wishlists SET share_id = coalesce(share_id, @share), share_name = @show WHERE id = @id RETURNING share_id, share_name`,
		pgx.NamedArgs{"id": list, "share": share, "show": showName})
	if err != nil {
		return Share{}, fmt.Errorf("share wishlist %s: %w", list, err)
	}
	return made, nil
}

func unshareList(ctx context.Context, tx pgx.Tx, list id.Wishlist) error {
	if _, err := postgres.Exec(ctx, tx, `UPDATE wishlists SET share_id = NULL, share_name = false WHERE id = @id`, pgx.NamedArgs{"id": list}); err != nil {
		return fmt.Errorf("unshare wishlist %s: %w", list, err)
	}
	return nil
}

func lockGuestList(ctx context.Context, tx pgx.Tx, guest id.Wishlist) error {
	n, err := postgres.Exec(ctx, tx, `SELECT id FROM wishlists WHERE id = @id AND user_id IS NULL FOR UPDATE`, pgx.NamedArgs{"id": guest})
	switch {
	case err != nil:
		return fmt.Errorf("lock wishlist of a guest: %w", err)
	case n == 0:
		return ErrNotFound
	}
	return nil
}

func mergeList(ctx context.Context, tx pgx.Tx, guest, own id.Wishlist) error {
	args := pgx.NamedArgs{"guest": guest, "wishlist": own}
	b := postgres.NewBatch()
	b.Queue(lookAtStock, pgx.NamedArgs{"id": guest}) // nobody has followed it for a guest
	b.Queue(`
		UPDATE wishlist_items i SET wishlist_id = @wishlist
		WHERE i.wishlist_id = @guest AND NOT EXISTS (SELECT FROM wishlist_items o WHERE o.wishlist_id = @wishlist AND o.variant_id = i.variant_id)`, args)
	b.Queue(`DELETE FROM wishlists WHERE id = @guest`, args)
	queueLimit(b, own)
	return b.Send(ctx, tx)
}

// queueLimit refuses more than a list holds.
func queueLimit(b *postgres.Batch, list id.Wishlist) {
	b.QueueOne(`SELECT FROM wishlist_items WHERE wishlist_id = @wishlist HAVING count(*) <= @most`, pgx.NamedArgs{"wishlist": list, "most": maxItems}, ErrListFull)
}

package wishlist

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/postgres"
)

// Show reads a list with what is on it, the newest first, at what it costs in a
// currency; none is the owner's own, or the shop's. A user whose default list
// was never used has an empty one.
func (w *Wishlists) Show(ctx context.Context, db postgres.DB, which Which, currency money.Currency) (View, error) {
	list, items, err := w.read(ctx, db, which.condition(), which.args(), currency)
	if errors.Is(err, ErrNotFound) && which.isDefault() {
		return View{Name: FirstName, Default: true, PriceDrops: true, Items: []ItemView{}}, nil
	}
	return viewOf(list, items), err
}

// Shared reads a list that its owner has shared.
func (w *Wishlists) Shared(ctx context.Context, db postgres.DB, share id.WishlistShare, currency money.Currency) (SharedView, error) {
	if currency == "" {
		currency = w.Currency // the owner's own is nobody else's business
	}
	args := pgx.NamedArgs{"share": share}
	list, items, err := w.read(ctx, db, `l.share_id = @share`, args, currency)
	if err != nil {
		return SharedView{}, err
	}
	view := SharedView{Name: list.Name, Items: sharedOf(items)}
	if list.ShareName {
		view.Owner, err = firstNameOf(ctx, db, list.UserID)
	}
	return view, err
}

// Create makes another list for a user.
func (w *Wishlists) Create(ctx context.Context, tx pgx.Tx, owner id.User, name string) (List, error) {
	name, err := checkName(name)
	if err != nil {
		return List{}, err
	}
	kept, err := lockLists(ctx, tx, owner)
	if err != nil {
		return List{}, err
	}
	if kept == 0 { // a heart on a page means a list of its own
		if err := insertDefault(ctx, tx, owner); err != nil {
			return List{}, err
		}
		kept++
	}
	most, err := mostLists(ctx, tx, owner)
	if err != nil {
		return List{}, err
	}
	if kept >= most {
		return List{}, ErrTooManyLists.With("most", most)
	}
	return insertList(ctx, tx, id.New[id.Wishlist](), owner, name)
}

// CreateForGuest makes a list that whoever knows its id may use.
func (w *Wishlists) CreateForGuest(ctx context.Context, tx pgx.Tx) (List, error) {
	return insertList(ctx, tx, id.Secret[id.Wishlist](), id.User{}, FirstName)
}

// Edit is what changes of a list; nil stays as it is.
type Edit struct {
	Name        *string
	Default     bool // makes it the default list; there is no way back but to make another one that
	PriceDrops  *bool
	BackInStock *bool
}

// Edit changes a user's list. Who asks to be told of new stock hears of what
// runs out and comes back from now on, and of what is sold out now.
func (w *Wishlists) Edit(ctx context.Context, tx pgx.Tx, which Which, e Edit) (List, error) {
	if e.Name != nil {
		name, err := checkName(*e.Name)
		if err != nil {
			return List{}, err
		}
		e.Name = &name
	}
	if _, err := lockLists(ctx, tx, which.Owner); err != nil {
		return List{}, err
	}
	before, err := w.touch(ctx, tx, which)
	if err != nil {
		return List{}, err
	}
	return updateList(ctx, tx, before, e)
}

// Remove drops a list and all that is on it; of users' lists not the default one.
func (w *Wishlists) Remove(ctx context.Context, tx pgx.Tx, which Which) error {
	list, err := w.touch(ctx, tx, which)
	switch {
	case err != nil:
		return err
	case list.Default:
		return ErrDefaultList
	}
	return deleteList(ctx, tx, list.ID)
}

// Share lets whoever has the link look at a list: its token stays the same
// until the list is unshared. The owner's first name is shown where they want it.
func (w *Wishlists) Share(ctx context.Context, tx pgx.Tx, which Which, showName bool) (Share, error) {
	list, err := w.touch(ctx, tx, which)
	if err != nil {
		return Share{}, err
	}
	return shareList(ctx, tx, list.ID, id.Secret[id.WishlistShare](), showName)
}

// Unshare makes the link show nothing; a list that is not shared stays so.
func (w *Wishlists) Unshare(ctx context.Context, tx pgx.Tx, which Which) error {
	list, err := w.touch(ctx, tx, which)
	if err != nil {
		return err
	}
	return unshareList(ctx, tx, list.ID)
}

// Claim puts what is on a guest's list on a user's default list, and drops it. What
// is on both stays as the user has it. It is done as a whole or not at all.
func (w *Wishlists) Claim(ctx context.Context, tx pgx.Tx, user id.User, guest id.Wishlist) (List, error) {
	if err := lockGuestList(ctx, tx, guest); err != nil {
		return List{}, err
	}
	own, err := w.touch(ctx, tx, Which{Owner: user})
	if err != nil {
		return List{}, err
	}
	if err := mergeList(ctx, tx, guest, own.ID); err != nil {
		return List{}, fmt.Errorf("merge wishlist of a guest into %s: %w", own.ID, err)
	}
	return own, nil
}

// touch locks a list that the caller may use and says that it is in use. Every
// write begins with it, so that writes to one list come one after the other. A
// user's default list is made when it is first needed.
func (w *Wishlists) touch(ctx context.Context, tx pgx.Tx, which Which) (List, error) {
	list, err := touchList(ctx, tx, which)
	if !errors.Is(err, ErrNotFound) || !which.isDefault() {
		return list, err
	}
	if err := insertDefault(ctx, tx, which.Owner); err != nil {
		return List{}, err
	}
	return touchList(ctx, tx, which)
}

func (which Which) isDefault() bool { return !which.Owner.IsZero() && which.List.IsZero() }

func checkName(name string) (string, error) {
	name = strings.TrimSpace(name)
	length := utf8.RuneCountInString(name)
	if length < 1 || length > maxName || !accounts.OneLine(name) {
		return "", errs.Validation.Field("/name", "invalid", "Write one line of 1 to 100 characters.")
	}
	return name, nil
}

package payments

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// SavedMethod is how a buyer has paid, kept by the provider for payments while
// they are away: there is one with each provider, the last.
type SavedMethod struct {
	User     id.User `db:"user_id" json:"-"`
	Provider string  `db:"provider" json:"method"`
	Saved
	CreatedAt time.Time `db:"created_at" json:"created_at"`
}

// ErrNoSaved says that nothing is kept.
var ErrNoSaved = errs.New(errs.NotFound, "not_found", "No such way to pay is kept.")

// Keep remembers how a buyer has paid, in place of what was kept before, which
// the provider is to forget; so it is to forget how somebody paid who was erased while
// they did.
func Keep(ctx context.Context, tx pgx.Tx, user id.User, provider string, s Saved) error {
	args := pgx.NamedArgs{"user": user, "provider": provider, "ref": s.Ref, "label": s.Label, "expires": s.ExpiresAt}
	before, err := postgres.Scalar[string](ctx, tx, `
		INSERT INTO saved_methods AS m (user_id, provider, ref, label, expires_at)
		SELECT u.id, @provider, @ref, @label, @expires FROM users u WHERE u.id = @user AND u.erased_at IS NULL
		ON CONFLICT (user_id, provider) DO UPDATE SET updated_at = now()
		RETURNING m.ref`, args)
	switch {
	case errors.Is(err, postgres.ErrNoRow):
		return drop(ctx, tx, provider, s.Ref)
	case err == nil && before != s.Ref:
		err = drop(ctx, tx, provider, before)
	}
	if err == nil {
		_, err = postgres.Exec(ctx, tx, `
			UPDATE saved_methods SET ref = @ref, label = @label, expires_at = @expires
			WHERE user_id = @user AND provider = @provider`, args)
	}
	if err != nil {
		return fmt.Errorf("keep how user %s pays by %s: %w", user, provider, err)
	}
	return nil
}

// drop has a provider forget what it has kept.
func drop(ctx context.Context, tx pgx.Tx, provider, ref string) error {
	which := id.New[id.DroppedMethod]()
	_, err := postgres.Exec(ctx, tx, `INSERT INTO dropped_methods (id, provider, ref) VALUES (@id, @provider, @ref)`,
		pgx.NamedArgs{"id": which, "provider": provider, "ref": ref})
	if err != nil {
		return err
	}
	return events.Raise(ctx, tx, SavedDropped{which})
}

// TellDropped tells a provider what is kept no longer. What it does not answer,
// or does not do, is told again.
func (p *Payments) TellDropped(ctx context.Context, e SavedDropped) error {
	args := pgx.NamedArgs{"id": e.DroppedID}
	dropped, err := postgres.Get[droppedMethod](ctx, p.DB, `SELECT provider, ref FROM dropped_methods WHERE id = @id`, args)
	if errors.Is(err, postgres.ErrNoRow) { // it was told
		return nil
	}
	if err != nil {
		return err
	}
	provider, err := p.Online(dropped.Provider)
	if err == nil {
		err = provider.Forget(ctx, dropped.Ref)
	}
	if err != nil {
		return fmt.Errorf("have %s forget %s: %w", dropped.Provider, e.DroppedID, err)
	}
	return postgres.InTx(ctx, p.DB, func(tx pgx.Tx) error {
		_, err := postgres.Exec(ctx, tx, `DELETE FROM dropped_methods WHERE id = @id`, args)
		return err
	})
}

type droppedMethod struct {
	Provider string `db:"provider"`
	Ref      string `db:"ref"`
}

const savedColumns = `SELECT user_id, provider, ref, label, expires_at, created_at FROM saved_methods WHERE user_id = @user`

// KeptBy is how a user pays by a provider while they are away; ErrNoSaved when
// nothing is kept.
func KeptBy(ctx context.Context, db postgres.DB, user id.User, provider string) (SavedMethod, error) {
	s, err := postgres.Get[SavedMethod](ctx, db, savedColumns+` AND provider = @provider`, pgx.NamedArgs{"user": user, "provider": provider})
	if errors.Is(err, postgres.ErrNoRow) {
		return s, ErrNoSaved
	}
	if err != nil {
		return s, fmt.Errorf("read how user %s pays by %s: %w", user, provider, err)
	}
	return s, nil
}

// IsCharged reports that an order waits to be paid in the way that a user keeps,
// while they are away.
func IsCharged(ctx context.Context, db postgres.DB, order id.Order, user id.User) (bool, error) {
	is, err := postgres.Scalar[bool](ctx, db, `
		SELECT EXISTS (
			SELECT FROM payments p JOIN saved_methods m ON m.provider = p.provider AND m.user_id = @user
			WHERE p.order_id = @order AND p.away AND p.status IN ('pending', 'processing')) AS charged`,
		pgx.NamedArgs{"order": order, "user": user})
	if err != nil {
		return false, fmt.Errorf("look how order %s is paid: %w", order, err)
	}
	return is, nil
}

// ForgetSaved drops what is kept of a user.
func (p *Payments) ForgetSaved(ctx context.Context, tx pgx.Tx, user id.User) error {
	list, err := postgres.All[droppedMethod](ctx, tx, `DELETE FROM saved_methods WHERE user_id = @user RETURNING provider, ref`, pgx.NamedArgs{"user": user})
	if err != nil {
		return fmt.Errorf("forget how user %s pays: %w", user, err)
	}
	for _, m := range list { // one with each provider
		if err := drop(ctx, tx, m.Provider, m.Ref); err != nil {
			return err
		}
	}
	return nil
}

func (p *Payments) savedRoutes(r *httpapi.Router) {
	me := httpapi.Needs(auth.AsCustomer)
	httpapi.Get(r, "/api/v1/me/payment-methods", p.listSaved, me, httpapi.Summary("List the ways to pay that are kept for my renewals"))
	httpapi.Delete(r, "/api/v1/me/payment-methods/{method}", p.deleteSaved, me, httpapi.Status(http.StatusNoContent),
		httpapi.Summary("Keep a way to pay no longer"), httpapi.Describe("Renewals to come wait for a payment by hand then. The provider is told to forget it, too."))
}

func (p *Payments) listSaved(ctx context.Context, _ *struct{}) (httpapi.List[SavedMethod], error) {
	list, err := postgres.All[SavedMethod](ctx, p.DB, savedColumns+` ORDER BY provider`, pgx.NamedArgs{"user": auth.From(ctx).User})
	if err != nil {
		return httpapi.List[SavedMethod]{}, fmt.Errorf("list saved ways to pay: %w", err)
	}
	return httpapi.List[SavedMethod]{Data: list}, nil
}

type savedInput struct {
	Method string `path:"method" maxLength:"40"`
}

func (p *Payments) deleteSaved(ctx context.Context, tx pgx.Tx, in *savedInput) (httpapi.Empty, error) {
	ref, err := postgres.Scalar[string](ctx, tx, `DELETE FROM saved_methods WHERE user_id = @user AND provider = @provider RETURNING ref`,
		pgx.NamedArgs{"user": auth.From(ctx).User, "provider": in.Method})
	if errors.Is(err, postgres.ErrNoRow) {
		return httpapi.Empty{}, ErrNoSaved
	}
	if err == nil {
		err = drop(ctx, tx, in.Method, ref)
	}
	return httpapi.Empty{}, err
}

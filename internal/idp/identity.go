package idp

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

// Identity is who a user is at a provider.
type Identity struct {
	ID           id.Identity `db:"id" json:"id"`
	Provider     string      `db:"provider" json:"provider" doc:"The provider's slug."`
	ProviderName string      `db:"provider_name" json:"provider_name"`
	Email        string      `db:"email" json:"email" doc:"What the provider said when it was connected; may be empty."`
	CreatedAt    time.Time   `db:"created_at" json:"created_at"`
	LastUsedAt   time.Time   `db:"last_used_at" json:"last_used_at"`
}

var (
	// ErrNoIdentity says that there is no such identity of this user.
	ErrNoIdentity = errs.New(errs.NotFound, "not_found", "There is no such sign-in of yours.")
	// ErrOnlyWayIn keeps people from locking themselves out.
	ErrOnlyWayIn = errs.New(errs.Conflict, "only_sign_in", "This is your only way in. Set a password or a passkey first.")
)

func init() { postgres.Name("oidc_identities_subject_key", ErrIdentityTaken) }

// link connects the provider to who began, if they are signed in still.
func (p *Providers) link(ctx context.Context, provider Provider, who person, a attempt) error {
	return postgres.InTx(ctx, p.DB, func(tx pgx.Tx) error {
		signedIn, err := p.Users.HoldSession(ctx, tx, a.User, a.Session)
		switch {
		case err != nil:
			return err
		case !signedIn:
			return ErrSignedOut
		}
		owner, err := useIdentity(ctx, tx, provider.ID, who.Subject, p.Clock.Now())
		switch {
		case errors.Is(err, postgres.ErrNoRow):
			if err := p.insert(ctx, tx, provider, who, a.User); err != nil {
				return err
			}
			return events.Raise(ctx, tx, Linked{a.User, provider.ID})
		case err != nil:
			return err
		case owner != a.User:
			return ErrIdentityTaken
		}
		return nil
	})
}

func (p *Providers) insert(ctx context.Context, tx pgx.Tx, provider Provider, who person, user id.User) error {
	made, err := insertIdentity(ctx, tx, provider, who, user, p.Clock.Now())
	switch {
	case err != nil:
		return fmt.Errorf("connect %s to user %s: %w", provider.Slug, user, err)
	case !made: // switched off, or made another's, while the browser was away
		return ErrNoProvider
	}
	return nil
}

// Unlink takes a provider from a user who has another way in.
func (p *Providers) Unlink(ctx context.Context, tx pgx.Tx, user id.User, identity id.Identity) error {
	mine, err := lockIdentities(ctx, tx, user)
	if err != nil {
		return err
	}
	var found *held
	others := false
	for i := range mine {
		if mine[i].ID == identity {
			found = &mine[i]
		} else {
			others = others || mine[i].Enabled
		}
	}
	if found == nil {
		return ErrNoIdentity
	}
	if !others {
		if err := p.hasOtherWay(ctx, tx, user); err != nil {
			return err
		}
	}
	if err := deleteIdentity(ctx, tx, identity); err != nil {
		return fmt.Errorf("take sign-in %s from user %s: %w", identity, user, err)
	}
	return events.Raise(ctx, tx, Unlinked{user, found.ProviderID})
}

func (p *Providers) hasOtherWay(ctx context.Context, tx pgx.Tx, user id.User) error {
	password, err := p.Users.HasPassword(ctx, tx, user)
	if err != nil || password {
		return err
	}
	passkey, err := p.HasPasskey(ctx, tx, user)
	if err == nil && !passkey {
		err = ErrOnlyWayIn
	}
	return err
}

// Forget drops who a user is elsewhere.
func (p *Providers) Forget(ctx context.Context, tx pgx.Tx, user id.User) error {
	return deleteIdentities(ctx, tx, user)
}

package vendors

import (
	"context"
	"fmt"
	"maps"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// Of is the active vendor that a user works for, or the zero id.
func Of(ctx context.Context, db postgres.DB, user id.User) (id.Vendor, error) {
	all, err := ofMember(ctx, db, user)
	if err != nil {
		return id.Vendor{}, fmt.Errorf("read vendor of user %s: %w", user, err)
	}
	if len(all) == 0 || all[0].Status != StatusActive {
		return id.Vendor{}, nil
	}
	return all[0].ID, nil
}

// Identify completes an actor who may act as a vendor: with the vendor they
// work for, or without that permission when it is none, or one that is not
// active.
func Identify(ctx context.Context, db postgres.DB, a auth.Actor) (auth.Actor, error) {
	if !a.Can(auth.AsVendor) {
		return a, nil
	}
	vendor, err := Of(ctx, db, a.User)
	if err != nil {
		return auth.Actor{}, err
	}
	if a.Vendor = vendor; vendor.IsZero() {
		a.Permissions = maps.Clone(a.Permissions)
		delete(a.Permissions, auth.AsVendor)
	}
	return a, nil
}

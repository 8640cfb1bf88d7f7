package vendors

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// MemberRole is what somebody does for a vendor.
type MemberRole string

// The roles of a vendor's team.
const (
	Owner     MemberRole = "owner"
	Manager   MemberRole = "manager"
	Cataloger MemberRole = "catalog"
	Shipper   MemberRole = "orders"
	Accounter MemberRole = "finance"
	Viewer    MemberRole = "viewer"
)

// rights is what each role may do. Everybody in the team may look.
var rights = map[MemberRole][]auth.Permission{
	Owner:     {auth.VendorCatalog, auth.VendorInventory, auth.VendorOrders, auth.VendorFinance, auth.VendorTeam, auth.VendorSettings},
	Manager:   {auth.VendorCatalog, auth.VendorInventory, auth.VendorOrders, auth.VendorFinance, auth.VendorSettings},
	Cataloger: {auth.VendorCatalog, auth.VendorInventory},
	Shipper:   {auth.VendorOrders, auth.VendorInventory},
	Accounter: {auth.VendorFinance},
	Viewer:    {},
}

// Of is the active vendor that a user works for, or the zero id.
func Of(ctx context.Context, db postgres.DB, user id.User) (id.Vendor, error) {
	place, err := placeOf(ctx, db, user)
	if err != nil || place.Status != StatusActive {
		return id.Vendor{}, err
	}
	return place.VendorID, nil
}

// placeOf is where a user works; the zero place is nowhere.
func placeOf(ctx context.Context, db postgres.DB, user id.User) (place, error) {
	p, err := selectPlace(ctx, db, user)
	if errors.Is(err, postgres.ErrNoRow) {
		return place{}, nil
	}
	if err != nil {
		return place{}, fmt.Errorf("read vendor of user %s: %w", user, err)
	}
	return p, nil
}

// Identify completes an actor who may act for a vendor: with the vendor that
// they work for and what their role in its team permits, or without any such
// right when it is none, or one that is not active.
func Identify(ctx context.Context, db postgres.DB, a auth.Actor) (auth.Actor, error) {
	if !a.Can(auth.AsVendor) {
		return a, nil
	}
	p, err := placeOf(ctx, db, a.User)
	if err != nil {
		return auth.Actor{}, err
	}
	a.Permissions = maps.Clone(a.Permissions)
	if p.Status != StatusActive {
		delete(a.Permissions, auth.AsVendor)
		return a, nil
	}
	a.Vendor = p.VendorID
	for _, may := range rights[p.Role] {
		a.Permissions[may] = true
	}
	return a, nil
}

// IdentifyKey completes an actor who is a vendor's API key, or takes its rights
// when the vendor is not active.
func IdentifyKey(ctx context.Context, db postgres.DB, a auth.Actor) (auth.Actor, error) {
	if a.Vendor.IsZero() {
		return a, nil
	}
	active, err := isActive(ctx, db, a.Vendor)
	if err != nil {
		return auth.Actor{}, fmt.Errorf("read vendor %s: %w", a.Vendor, err)
	}
	if !active {
		return auth.Actor{}, auth.ErrUnauthenticated
	}
	return a, nil
}

// Roles lists the roles of a team.
func Roles() []MemberRole { return slices.Sorted(maps.Keys(rights)) }

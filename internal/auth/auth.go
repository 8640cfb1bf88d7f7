// Package auth says who is asking.
//
// A module declares what can be permitted as constants of type [Permission];
// a route needs one; a role is a set of them. Whether a row belongs to the
// actor is not decided here but in the WHERE of the statement that reads it.
package auth

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"souk/internal/errs"
	"souk/internal/id"
)

// Permission is the right to do one kind of thing, "noun.verb".
type Permission string

// Noun is what p is about, the part before the dot.
func (p Permission) Noun() string {
	noun, _, _ := strings.Cut(string(p), ".")
	return noun
}

// Vendors reports whether p is about a vendor's own things: it comes with
// working for one.
func (p Permission) Vendors() bool { return p.Noun() == AsVendor.Noun() }

// Staff reports whether p can be given to staff by a role: it is neither
// everybody's nor a vendor's.
func (p Permission) Staff() bool { return p != AsCustomer && !p.Vendors() }

// An Actor is whoever makes a request or runs a job. The zero Actor is
// anonymous.
type Actor struct {
	User        id.User
	Session     id.Session
	Vendor      id.Vendor // whose rows /vendor shows; zero for all but vendor members
	Roles       []string
	Permissions map[Permission]bool
	System      string // the job, command or follower that acts; "" for requests

	// AuthenticatedAt is when a person last proved who they are in this session;
	// zero for keys, which cannot.
	AuthenticatedAt time.Time
	Key             id.APIKey // the API key that asks; its User is zero
	Impersonator    id.User   // the member of staff who looks through the eyes of User
	ReadOnly        bool      // may look and not touch

	Withheld *errs.Error // why rights that the actor's roles give are not in Permissions; nil when they are
}

// Anonymous reports whether nobody has signed in.
func (a Actor) Anonymous() bool { return a.User.IsZero() && a.Key.IsZero() && a.System == "" }

// Can reports whether a has been given p.
func (a Actor) Can(p Permission) bool { return a.Permissions[p] }

// Staff reports whether a works for the shop: has a right that neither
// customers nor vendors have.
func (a Actor) Staff() bool {
	for p, given := range a.Permissions {
		if given && p.Staff() {
			return true
		}
	}
	return false
}

// MayGive reports whether a has every one of ps: nobody gives others, or takes
// from them, what they do not have themselves.
func (a Actor) MayGive(ps []Permission) bool {
	return !slices.ContainsFunc(ps, func(p Permission) bool { return !a.Can(p) })
}

// VendorScope is whose rows a has at the vendors' door. One who belongs to no
// vendor gets an id that none has, and so sees nothing: where a statement takes
// no vendor for everybody's, zero would open every shop.
func (a Actor) VendorScope() id.Vendor {
	if a.Vendor.IsZero() {
		return id.Vendor{0xff}
	}
	return a.Vendor
}

// Name is how logs, events and the audit trail call the actor.
func (a Actor) Name() string {
	switch {
	case a.System != "":
		return "system:" + a.System
	case !a.Key.IsZero():
		return a.Key.String()
	case !a.Impersonator.IsZero():
		return a.Impersonator.String() + " as " + a.User.String()
	case a.User.IsZero():
		return "guest"
	}
	return a.User.String()
}

type actorKey struct{}

// With gives ctx an actor.
func With(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// From is the actor of ctx, anonymous when there is none.
func From(ctx context.Context) Actor {
	a, _ := ctx.Value(actorKey{}).(Actor)
	return a
}

var (
	// ErrUnauthenticated asks for a token.
	ErrUnauthenticated = errs.New(errs.Unauthenticated, "unauthenticated", "Sign in, or send a valid access token.")
	// ErrForbidden says that the actor lacks the permission.
	ErrForbidden = errs.New(errs.Forbidden, "forbidden", "You may not do this.")
	// ErrReadOnly stops who looks through somebody else's eyes from touching anything.
	ErrReadOnly = errs.New(errs.Forbidden, "read_only", "You are looking as somebody else, and may only look.")
	// ErrStepUp asks a person to prove again who they are.
	ErrStepUp = errs.New(errs.Forbidden, "step_up_required", "Prove that it is you: POST /api/v1/auth/step-up, then repeat this call.")
)

// StepUpLife is how long a proof of identity opens what is worth a second look
// (ASVS 7.5.3).
const StepUpLife = 10 * time.Minute

// Permissions of actors as such, not of one noun.
const (
	// AsCustomer is the right to one's own things under /me; everybody who signs in has it.
	AsCustomer Permission = "me.use"
	// AsVendor is the right to look at a vendor's own things under /vendor; every
	// member of its team has it. To change them takes one of those below.
	AsVendor Permission = "vendor.use"

	VendorCatalog   Permission = "vendor.catalog"   // products, their pictures and prices
	VendorInventory Permission = "vendor.inventory" // stock and locations
	VendorOrders    Permission = "vendor.orders"    // parcels
	VendorFinance   Permission = "vendor.finance"   // payouts and statements
	VendorTeam      Permission = "vendor.team"      // who works for the vendor, and as what
	VendorSettings  Permission = "vendor.settings"  // profile and API keys
)

// RoleAdmin, RoleVendor and RoleCustomer are built in.
const (
	RoleAdmin    = "admin"
	RoleVendor   = "vendor"
	RoleCustomer = "customer"
)

// Grants knows every permission that there is: modules declare theirs at
// start-up.
type Grants struct{ declared map[Permission]bool }

// Declare makes permissions known.
func (g *Grants) Declare(ps ...Permission) {
	if g.declared == nil {
		g.declared = map[Permission]bool{}
	}
	for _, p := range ps {
		g.declared[p] = true
	}
}

// Declared lists every known permission, sorted.
func (g *Grants) Declared() []Permission {
	return slices.Sorted(maps.Keys(g.declared))
}

// Knows reports whether a module declares p.
func (g *Grants) Knows(p Permission) bool { return g.declared[p] }

// Of is the set of permissions that roles give together, with those that
// custom roles list. Administrators may do all that staff can be permitted to
// do; a vendor's team says what its members may do.
func (g *Grants) Of(roles []string, custom ...Permission) map[Permission]bool {
	set := map[Permission]bool{}
	for _, r := range roles {
		switch r {
		case RoleAdmin:
			for p := range g.declared {
				if p.Staff() {
					set[p] = true
				}
			}
		case RoleVendor:
			set[AsVendor] = true
		}
		set[AsCustomer] = true
	}
	for _, p := range custom {
		if g.declared[p] && p.Staff() {
			set[p] = true
		}
	}
	return set
}

// Bearer takes the token out of an Authorization header, "" when there is none.
func Bearer(header string) string {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

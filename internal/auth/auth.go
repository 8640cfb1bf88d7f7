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
	// AsVendor is the right to a vendor's own things under /vendor.
	AsVendor Permission = "vendor.use"
)

// RoleAdmin, RoleVendor and RoleCustomer are built in.
const (
	RoleAdmin    = "admin"
	RoleVendor   = "vendor"
	RoleCustomer = "customer"
)

// Grants is what the built-in roles may do. Modules add to it at start-up;
// admins have every permission that any module declares.
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

// Of is the set of permissions that roles give together.
func (g *Grants) Of(roles []string) map[Permission]bool {
	set := map[Permission]bool{}
	for _, r := range roles {
		switch r {
		case RoleAdmin:
			maps.Copy(set, g.declared)
		case RoleVendor:
			set[AsVendor] = true
		}
		set[AsCustomer] = true
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

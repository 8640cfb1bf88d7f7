package vendors

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/auth"
	"souk/internal/clock"
	"souk/internal/id"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// market is a shop with a vendor of ann's.
func market(t *testing.T, db postgres.DB) (v *Vendors, at *clock.Manual, ann id.User, shop Vendor) {
	t.Helper()
	at = clock.At(noon)
	v = &Vendors{DB: db, Clock: at, Users: &accounts.Users{DB: db, Clock: at}, MailKey: []byte("of a test")}
	ann = user(t, v, "ann")
	shop = active(t, v, "Nordlicht", ann)
	return v, at, ann, shop
}

func active(t *testing.T, v *Vendors, name string, owner id.User) (made Vendor) {
	t.Helper()
	change(t, v, func(tx pgx.Tx) (err error) {
		made, err = v.Create(t.Context(), tx, Profile{Name: &name}, StatusActive, owner)
		return err
	})
	return made
}

func as(t *testing.T, u id.User) context.Context {
	t.Helper()
	return auth.With(t.Context(), auth.Actor{User: u, Permissions: map[auth.Permission]bool{auth.AsVendor: true, auth.AsCustomer: true}})
}

// invited is the token that is mailed to an address.
func invited(t *testing.T, v *Vendors, by id.User, shop id.Vendor, email string, role MemberRole) (Invitation, string) {
	t.Helper()
	var made Invitation
	change(t, v, func(tx pgx.Tx) (err error) {
		made, err = v.Invite(as(t, by), tx, shop, email, role)
		return err
	})
	mail, err := v.MailedInvitation(t.Context(), v.DB, made.ID)
	if err != nil || mail.Vendor != "Nordlicht" || mail.Inviter != "ann" || mail.Email != email || mail.Role != role {
		t.Fatalf("the mail would say %+v, %v", mail, err)
	}
	return made, mail.Token
}

func (v *Vendors) tryAccept(t *testing.T, u id.User, token string) error {
	t.Helper()
	return postgres.InTx(t.Context(), v.DB, func(tx pgx.Tx) error {
		_, err := v.Accept(as(t, u), tx, token)
		return err
	})
}

// What each role of a team may do. Everybody may look.
func TestTheRightsOfATeam(t *testing.T) {
	all := []auth.Permission{auth.VendorCatalog, auth.VendorInventory, auth.VendorOrders, auth.VendorFinance, auth.VendorTeam, auth.VendorSettings}
	for role, want := range map[MemberRole]string{
		Owner: "++++++", Manager: "++++-+", Cataloger: "++----", Shipper: "-++---", Accounter: "---+--", Viewer: "------",
	} {
		t.Run(string(role), func(t *testing.T) {
			v, _, ann, shop := market(t, pgtest.Tx(t))
			bob := user(t, v, "bob")
			_, token := invited(t, v, ann, shop.ID, "bob@example.com", role)
			if err := v.tryAccept(t, bob, token); err != nil {
				t.Fatal(err)
			}
			actor, err := Identify(t.Context(), v.DB, auth.From(as(t, bob)))
			if err != nil || actor.Vendor != shop.ID || !actor.Can(auth.AsVendor) || actor.Staff() {
				t.Errorf("%s is %+v, %v", role, actor, err)
			}
			for i, p := range all {
				if actor.Can(p) != (want[i] == '+') {
					t.Errorf("%s may %s: %v", role, p, actor.Can(p))
				}
			}
		})
	}
}

func TestInvitationsThatAreRefused(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(t *testing.T, v *Vendors, at *clock.Manual, shop Vendor, i Invitation)
		who  string
		want error
	}{
		{"good", nil, "bob", nil},
		{"a day too late", func(_ *testing.T, _ *Vendors, at *clock.Manual, _ Vendor, _ Invitation) {
			at.Advance(7 * 24 * time.Hour)
		}, "bob", ErrInvitationToken},
		{"taken back", func(t *testing.T, v *Vendors, _ *clock.Manual, shop Vendor, i Invitation) {
			change(t, v, func(tx pgx.Tx) error { return v.Uninvite(t.Context(), tx, shop.ID, i.ID) })
		}, "bob", ErrInvitationToken},
		{"by a vendor that is suspended", func(t *testing.T, v *Vendors, _ *clock.Manual, shop Vendor, _ Invitation) {
			change(t, v, func(tx pgx.Tx) error { _, err := v.Suspend(t.Context(), tx, shop.ID, "x"); return err })
		}, "bob", ErrInvitationToken},
		{"of somebody else", nil, "eve", ErrOthersInvitation},
		{"of who works for another vendor", func(t *testing.T, v *Vendors, _ *clock.Manual, _ Vendor, _ Invitation) {
			bob, err := postgres.Scalar[id.User](t.Context(), v.DB, `SELECT id FROM users WHERE username = 'bob'`, nil)
			if err != nil {
				t.Fatal(err)
			}
			active(t, v, "Other", bob)
		}, "bob", ErrAlreadyVendor},
	} {
		t.Run(test.name, func(t *testing.T) {
			v, at, ann, shop := market(t, pgtest.Tx(t))
			people := map[string]id.User{"bob": user(t, v, "bob"), "eve": user(t, v, "eve")}
			i, token := invited(t, v, ann, shop.ID, "bob@example.com", Viewer)
			if test.do != nil {
				test.do(t, v, at, shop, i)
			}
			if err := v.tryAccept(t, people[test.who], token); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			verified, err := postgres.Column[string](t.Context(), v.DB, `SELECT username FROM users WHERE email_verified_at IS NOT NULL`, nil)
			if err != nil || (len(verified) == 1) != (test.want == nil) {
				t.Errorf("mailboxes proven: %v, %v", verified, err)
			}
		})
	}
}

// Of two owners who drop each other at once, one stays.
func TestTwoOwnersCannotDropEachOther(t *testing.T) {
	t.Parallel()
	v, _, ann, shop := market(t, pgtest.DB(t))
	bob := user(t, v, "bob")
	_, token := invited(t, v, ann, shop.ID, "bob@example.com", Owner)
	if err := v.tryAccept(t, bob, token); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	found := make([]error, 2)
	for i, victim := range []id.User{ann, bob} {
		wg.Go(func() {
			found[i] = postgres.InTx(t.Context(), v.DB, func(tx pgx.Tx) error {
				if i == 0 {
					return v.RemoveMember(t.Context(), tx, shop.ID, victim)
				}
				_, err := v.SetMember(t.Context(), tx, shop.ID, victim, Viewer)
				return err
			})
		})
	}
	wg.Wait()
	if (found[0] == nil) == (found[1] == nil) || !(errors.Is(found[0], ErrLastOwner) || errors.Is(found[1], ErrLastOwner)) {
		t.Errorf("one of the two has to fail: %v", found)
	}
}

func TestOneInvitationIsAcceptedOnce(t *testing.T) {
	t.Parallel()
	v, _, ann, shop := market(t, pgtest.DB(t))
	bob := user(t, v, "bob")
	_, token := invited(t, v, ann, shop.ID, "bob@example.com", Viewer)
	var wg sync.WaitGroup
	found := make([]error, 4)
	for i := range found {
		wg.Go(func() { found[i] = v.tryAccept(t, bob, token) })
	}
	wg.Wait()
	accepted := 0
	for _, err := range found {
		if err == nil {
			accepted++
		} else if !errors.Is(err, ErrInvitationToken) {
			t.Error(err)
		}
	}
	if accepted != 1 {
		t.Errorf("accepted %d times", accepted)
	}
}

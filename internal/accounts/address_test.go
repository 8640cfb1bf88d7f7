package accounts

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/pgtest"
)

var berlin = PostalAddress{Name: "Ann Lee", Line1: "Hauptstr. 1", City: "Berlin", PostalCode: "10115", Country: "DE"}

func TestTheDefaultAddress(t *testing.T) {
	u, _ := open(t, pgtest.Tx(t))
	ann := register(t, u, "ann").User.ID
	add := func(label string, isDefault bool) (a Address) {
		t.Helper()
		change(t, u, func(tx pgx.Tx) (err error) {
			a, err = u.AddAddress(t.Context(), tx, ann, Address{Label: label, PostalAddress: berlin, IsDefault: isDefault})
			return err
		})
		return a
	}
	theDefault := func(when, want string) {
		t.Helper()
		kept, err := u.Addresses(t.Context(), u.DB, ann)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, a := range kept {
			if a.IsDefault {
				got += a.Label
			}
		}
		if got != want {
			t.Errorf("%s the default is %q, want %q", when, got, want)
		}
	}
	first := add("first", false)
	theDefault("after the first", "first")
	second := add("second", false)
	theDefault("after the second", "first")
	third := add("third", true)
	theDefault("after a third that asks for it", "third")

	second.IsDefault = true
	change(t, u, func(tx pgx.Tx) error { _, err := u.EditAddress(t.Context(), tx, ann, second); return err })
	theDefault("after an edit", "second")
	second.IsDefault, second.Label = false, "2nd"
	change(t, u, func(tx pgx.Tx) error { _, err := u.EditAddress(t.Context(), tx, ann, second); return err })
	theDefault("after an edit that gives it up", "2nd")
	change(t, u, func(tx pgx.Tx) error { return u.RemoveAddress(t.Context(), tx, ann, second.ID) })
	theDefault("after its removal", "third")
	change(t, u, func(tx pgx.Tx) error { return u.RemoveAddress(t.Context(), tx, ann, first.ID) })
	change(t, u, func(tx pgx.Tx) error { return u.RemoveAddress(t.Context(), tx, ann, third.ID) })
	theDefault("at the end", "")
}

func TestAddressesOfOthersAreNotThere(t *testing.T) {
	u, _ := open(t, pgtest.Tx(t))
	ann, bob := register(t, u, "ann").User.ID, register(t, u, "bob").User.ID
	var a Address
	change(t, u, func(tx pgx.Tx) (err error) {
		a, err = u.AddAddress(t.Context(), tx, ann, Address{PostalAddress: berlin})
		return err
	})
	if _, err := u.SavedAddress(t.Context(), u.DB, bob, a.ID); !errors.Is(err, ErrNoAddress) {
		t.Errorf("read: %v", err)
	}
	if _, err := u.SavedAddress(t.Context(), u.DB, id.User{}, a.ID); !errors.Is(err, ErrNoAddress) {
		t.Errorf("read by nobody: %v", err)
	}
	if got, err := u.SavedAddress(t.Context(), u.DB, ann, a.ID); err != nil || got != berlin {
		t.Errorf("the owner reads %+v, %v", got, err)
	}
	tx, err := u.DB.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := u.EditAddress(t.Context(), tx, bob, a); !errors.Is(err, ErrNoAddress) {
		t.Errorf("edit: %v", err)
	}
	if err := u.RemoveAddress(t.Context(), tx, bob, a.ID); !errors.Is(err, ErrNoAddress) {
		t.Errorf("remove: %v", err)
	}
}

func TestAnAddressBookEnds(t *testing.T) {
	u, _ := open(t, pgtest.Tx(t))
	ann := register(t, u, "ann").User.ID
	change(t, u, func(tx pgx.Tx) error {
		for range maxAddresses {
			if _, err := u.AddAddress(t.Context(), tx, ann, Address{PostalAddress: berlin}); err != nil {
				return err
			}
		}
		if _, err := u.AddAddress(t.Context(), tx, ann, Address{PostalAddress: berlin}); !errors.Is(err, ErrTooManyAddresses) {
			t.Errorf("one too many: %v", err)
		}
		return nil
	})
}

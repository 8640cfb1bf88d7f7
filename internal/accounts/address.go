package accounts

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/postgres"
	"souk/internal/taxid"
)

// PostalAddress is where something can be sent, as carts, orders and saved
// addresses hold it.
type PostalAddress struct {
	Name       string `db:"name" json:"name" maxLength:"500"`
	Line1      string `db:"line1" json:"line1" maxLength:"500"`
	Line2      string `db:"line2" json:"line2,omitempty" maxLength:"500"`
	City       string `db:"city" json:"city" maxLength:"500"`
	Region     string `db:"region" json:"region,omitempty" maxLength:"500" doc:"State or province, by code or name; kept as its code where the country has codes."`
	PostalCode string `db:"postal_code" json:"postal_code" maxLength:"500" doc:"Empty where the country has none."`
	Country    string `db:"country" json:"country" maxLength:"2" example:"DE" doc:"ISO 3166-1 alpha-2."`
	Phone      string `db:"phone" json:"phone,omitempty" maxLength:"40"`
	TaxID      string `db:"tax_id" json:"tax_id,omitempty" maxLength:"60" doc:"Of a business: VAT id of the European Union, GSTIN, or what another country gives" example:"DE136695976"`
}

// Validate brings a into the form in which addresses are kept (spaces, capital
// letters, the code of a state, the phone in E.164) and lists what is wrong
// with it, under a JSON pointer such as "/shipping".
func (a *PostalAddress) Validate(pointer string) []errs.Field {
	var bad errs.Fields
	line := func(field *string, name string, least, most int) {
		*field = tidy(*field)
		bad.Require(letters(*field) >= least, pointer+"/"+name, "required", "This is needed to deliver.")
		bad.Require(letters(*field) <= most && OneLine(*field), pointer+"/"+name, "invalid",
			fmt.Sprintf("Write one line of at most %d characters.", most))
	}
	a.Country = strings.ToUpper(strings.TrimSpace(a.Country))
	country, known := countries[a.Country]
	bad.Require(known, pointer+"/country", "unknown_country", "Write the country as two letters of ISO 3166, as in DE.")
	if !known {
		country = &Country{city: required}
	}
	line(&a.Name, "name", 1, 100)
	line(&a.Line1, "line1", 1, 200)
	line(&a.Line2, "line2", 0, 200)
	line(&a.City, "city", least(country.city), 100)
	line(&a.Region, "region", least(country.region), 100)
	line(&a.PostalCode, "postal_code", least(country.postal), 20)
	if !known {
		return bad
	}
	bad = append(bad, a.fit(country, pointer)...)
	if a.Phone != "" {
		var ok bool
		a.Phone, ok = Phone(a.Phone, a.Country)
		bad.Require(ok, pointer+"/phone", "invalid", "This is not a phone number.")
	}
	number, ok := taxid.Parse(a.Country, a.TaxID)
	bad.Require(ok, pointer+"/tax_id", "invalid_tax_id", wrongTaxID(a.Country))
	if ok {
		a.TaxID = number
	}
	return bad
}

func least(n need) int {
	if n == required {
		return 1
	}
	return 0
}

// fit checks what differs from country to country.
func (a *PostalAddress) fit(c *Country, pointer string) []errs.Field {
	var bad errs.Fields
	a.PostalCode = strings.ToUpper(a.PostalCode)
	switch {
	case a.PostalCode == "":
	case c.postal == absent:
		bad.Require(false, pointer+"/postal_code", "no_postal_codes", "That country has no postal codes. Leave it empty.")
	default:
		bad.Require(c.pattern.MatchString(a.PostalCode), pointer+"/postal_code", "invalid",
			"This is not a postal code of that country, such as "+c.PostalCode.Example+".")
	}
	region, ok := c.regionOf(a.Region)
	bad.Require(ok, pointer+"/region", "invalid", "This is not a state or province of that country.")
	a.Region = region
	return bad
}

// Address is a postal address that a user keeps.
type Address struct {
	ID    id.Address `db:"id" json:"id"`
	Label string     `db:"label" json:"label" doc:"What the user calls it."`
	PostalAddress
	IsDefault bool      `db:"is_default" json:"is_default"`
	CreatedAt time.Time `db:"created_at" json:"created_at"`
	UpdatedAt time.Time `db:"updated_at" json:"updated_at"`
}

var (
	// ErrNoAddress says that there is no such address, or that it is another user's.
	ErrNoAddress = errs.New(errs.NotFound, "not_found", "There is no such address.")
	// ErrTooManyAddresses bounds the address book.
	ErrTooManyAddresses = errs.New(errs.Conflict, "too_many_addresses", "You keep 100 addresses. Remove one first.")
)

const maxAddresses = 100

func (a *Address) check() error {
	bad := errs.Fields(a.Validate(""))
	a.Label = tidy(a.Label)
	bad.Require(letters(a.Label) <= 60 && OneLine(a.Label), "/label", "invalid", "Write one line of at most 60 characters.")
	return bad.Err()
}

// AddAddress keeps a for user. The first one is the default, whatever it says.
func (u *Users) AddAddress(ctx context.Context, tx pgx.Tx, user id.User, a Address) (Address, error) {
	if err := a.check(); err != nil {
		return Address{}, err
	}
	kept, err := lockAddresses(ctx, tx, user)
	if err != nil {
		return Address{}, err
	}
	if kept >= maxAddresses {
		return Address{}, ErrTooManyAddresses
	}
	a.ID, a.IsDefault = id.New[id.Address](), a.IsDefault || kept == 0
	a.CreatedAt, a.UpdatedAt = u.Clock.Now(), u.Clock.Now()
	if err := insertAddress(ctx, tx, user, a); err != nil {
		return Address{}, fmt.Errorf("keep address of user %s: %w", user, err)
	}
	return a, nil
}

// EditAddress replaces what a user keeps under a.ID. A default stays one until
// another address becomes it.
func (u *Users) EditAddress(ctx context.Context, tx pgx.Tx, user id.User, a Address) (Address, error) {
	if err := a.check(); err != nil {
		return Address{}, err
	}
	a.UpdatedAt = u.Clock.Now()
	if err := updateAddress(ctx, tx, user, a); err != nil {
		return Address{}, fmt.Errorf("edit address %s: %w", a.ID, err)
	}
	return u.Address(ctx, tx, user, a.ID)
}

// RemoveAddress forgets an address. If it was the default, the newest one left
// becomes that.
func (u *Users) RemoveAddress(ctx context.Context, tx pgx.Tx, user id.User, address id.Address) error {
	if _, err := lockAddresses(ctx, tx, user); err != nil {
		return err
	}
	if err := deleteAddress(ctx, tx, user, address); err != nil {
		return fmt.Errorf("remove address %s: %w", address, err)
	}
	return nil
}

// SavedAddress is a user's own address, for carts that name it by its id.
func (u *Users) SavedAddress(ctx context.Context, db postgres.DB, user id.User, address id.Address) (PostalAddress, error) {
	a, err := u.Address(ctx, db, user, address)
	return a.PostalAddress, err
}

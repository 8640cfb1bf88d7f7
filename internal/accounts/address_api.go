package accounts

import (
	"context"
	"net/http"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
)

func (u *Users) addressRoutes(r *httpapi.Router) {
	me := httpapi.Needs(auth.AsCustomer)
	httpapi.Get(r, "/api/v1/me/addresses", u.listAddresses, me, httpapi.Private(), httpapi.Summary("List my addresses"))
	httpapi.Post(r, "/api/v1/me/addresses", u.createAddress, me, httpapi.Status(http.StatusCreated), httpapi.Summary("Keep an address"),
		httpapi.Describe("The first address is the default."))
	httpapi.Get(r, "/api/v1/me/addresses/{address}", u.showAddress, me, httpapi.Private(), httpapi.Summary("Show one of my addresses"))
	httpapi.Patch(r, "/api/v1/me/addresses/{address}", u.editAddress, me, httpapi.Summary("Edit one of my addresses"),
		httpapi.Describe("What is left out stays. The default stays one until another address is made it."))
	httpapi.Delete(r, "/api/v1/me/addresses/{address}", u.deleteAddress, me, httpapi.Status(http.StatusNoContent), httpapi.Summary("Remove one of my addresses"))
}

func (u *Users) listAddresses(ctx context.Context, _ *struct{}) (httpapi.List[Address], error) {
	kept, err := u.Addresses(ctx, u.DB, auth.From(ctx).User)
	return httpapi.List[Address]{Data: kept}, err
}

type newAddressInput struct {
	Body struct {
		Label string `json:"label,omitempty" maxLength:"60"`
		PostalAddress
		IsDefault bool `json:"is_default,omitempty"`
	}
}

func (u *Users) createAddress(ctx context.Context, tx pgx.Tx, in *newAddressInput) (Address, error) {
	return u.AddAddress(ctx, tx, auth.From(ctx).User, Address{
		Label: in.Body.Label, PostalAddress: in.Body.PostalAddress, IsDefault: in.Body.IsDefault,
	})
}

type addressInput struct {
	Address id.Address `path:"address"`
}

func (u *Users) showAddress(ctx context.Context, in *addressInput) (Address, error) {
	return u.Address(ctx, u.DB, auth.From(ctx).User, in.Address)
}

type editAddressInput struct {
	Address id.Address `path:"address"`
	Body    struct {
		Label      *string `json:"label,omitempty" maxLength:"60"`
		Name       *string `json:"name,omitempty" maxLength:"500"`
		Line1      *string `json:"line1,omitempty" maxLength:"500"`
		Line2      *string `json:"line2,omitempty" maxLength:"500"`
		City       *string `json:"city,omitempty" maxLength:"500"`
		Region     *string `json:"region,omitempty" maxLength:"500"`
		PostalCode *string `json:"postal_code,omitempty" maxLength:"500"`
		Country    *string `json:"country,omitempty" maxLength:"2"`
		Phone      *string `json:"phone,omitempty" maxLength:"40"`
		TaxID      *string `json:"tax_id,omitempty" maxLength:"60"`
		IsDefault  *bool   `json:"is_default,omitempty"`
	}
}

func (u *Users) editAddress(ctx context.Context, tx pgx.Tx, in *editAddressInput) (Address, error) {
	user := auth.From(ctx).User
	a, err := u.Address(ctx, tx, user, in.Address)
	if err != nil {
		return Address{}, err
	}
	body := in.Body
	for to, from := range map[*string]*string{
		&a.Label: body.Label, &a.Name: body.Name, &a.Line1: body.Line1, &a.Line2: body.Line2, &a.City: body.City,
		&a.Region: body.Region, &a.PostalCode: body.PostalCode, &a.Country: body.Country, &a.Phone: body.Phone, &a.TaxID: body.TaxID,
	} {
		if from != nil {
			*to = *from
		}
	}
	if body.IsDefault != nil {
		a.IsDefault = *body.IsDefault
	}
	return u.EditAddress(ctx, tx, user, a)
}

func (u *Users) deleteAddress(ctx context.Context, tx pgx.Tx, in *addressInput) (httpapi.Empty, error) {
	return httpapi.Empty{}, u.RemoveAddress(ctx, tx, auth.From(ctx).User, in.Address)
}

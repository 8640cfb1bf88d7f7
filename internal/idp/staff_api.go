package idp

import (
	"context"
	"errors"
	"net/http"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

func (p *Providers) staffRoutes(r *httpapi.Router) {
	read, write, proven := httpapi.Needs(CanRead), httpapi.Needs(CanWrite), httpapi.StepUp()
	httpapi.Get(r, "/api/v1/admin/login-providers", p.list, read, httpapi.Summary("List login providers"))
	httpapi.Post(r, "/api/v1/admin/login-providers", p.create, write, proven, httpapi.NeverStored(), httpapi.Status(http.StatusCreated),
		httpapi.Summary("Add a login provider"),
		httpapi.Describe("A preset knows its name, issuer and scopes. Secrets are sealed when they are kept, and never shown."))
	httpapi.Get(r, "/api/v1/admin/login-providers/{provider}", p.show, read, httpapi.Summary("Show a login provider"))
	httpapi.Patch(r, "/api/v1/admin/login-providers/{provider}", p.patch, write, proven, httpapi.Summary("Edit a login provider"),
		httpapi.Describe("What is left out stays. The issuer cannot change once people sign in with it."))
	httpapi.Delete(r, "/api/v1/admin/login-providers/{provider}", p.remove, write, proven, httpapi.Status(http.StatusNoContent),
		httpapi.Summary("Remove a login provider that nobody uses"))
	httpapi.Action(r, http.MethodPost, "/api/v1/admin/login-providers/{provider}/test", p.test, write, httpapi.Status(http.StatusOK),
		httpapi.Summary("Test a login provider"),
		httpapi.Describe("Asks the provider for what it says of itself, and whether it knows the client and its secret."))
}

type listInput struct{ httpapi.Page }

func (p *Providers) list(ctx context.Context, in *listInput) (httpapi.List[Provider], error) {
	var after place
	if err := p.cursors.Open(httpapi.Scope(ctx), in.After, &after); err != nil {
		return httpapi.List[Provider]{}, err
	}
	rows, err := selectProviders(ctx, p.DB, after, in.Limit+1)
	if err != nil {
		return httpapi.List[Provider]{}, err
	}
	for i := range rows {
		rows[i].CallbackURL = p.callback(rows[i].Slug)
	}
	page := httpapi.ListOf(p.cursors, httpapi.Scope(ctx), rows, in.Limit, func(row Provider) any { return place{row.Position, row.ID} })
	if in.WantsTotal() {
		total, err := countProviders(ctx, p.DB)
		if err != nil {
			return page, err
		}
		page.TotalCount = &total
	}
	return page, nil
}

type providerInput struct {
	Provider id.LoginProvider `path:"provider"`
}

func (p *Providers) show(ctx context.Context, in *providerInput) (Provider, error) {
	return p.get(ctx, p.DB, in.Provider)
}

type createInput struct {
	Body struct {
		Slug         string    `json:"slug" minLength:"1" maxLength:"40" example:"google" doc:"Small letters, digits and dashes; part of the callback's address, so it stays."`
		Preset       Preset    `json:"preset" enum:"oidc,google,microsoft,apple,github"`
		Name         *string   `json:"name,omitempty" maxLength:"60"`
		Issuer       *string   `json:"issuer,omitempty" maxLength:"300" example:"https://login.example.com"`
		ClientID     string    `json:"client_id" minLength:"1" maxLength:"300"`
		ClientSecret *string   `json:"client_secret,omitempty" maxLength:"1000" format:"password"`
		Apple        *AppleKey `json:"apple,omitempty"`
		Scopes       *[]string `json:"scopes,omitempty" maxItems:"20"`
		Enabled      bool      `json:"enabled,omitempty"`
		Position     int       `json:"position,omitempty" minimum:"0" maximum:"10000"`
	}
}

func (p *Providers) create(ctx context.Context, tx pgx.Tx, in *createInput) (Provider, error) {
	b := in.Body
	return p.Create(ctx, tx, b.Slug, b.Preset, Edit{
		Name: b.Name, Issuer: b.Issuer, ClientID: &b.ClientID, ClientSecret: b.ClientSecret, Apple: b.Apple,
		Scopes: b.Scopes, Enabled: &b.Enabled, Position: &b.Position,
	})
}

type patchInput struct {
	Provider id.LoginProvider `path:"provider"`
	httpapi.IfMatch
	Body struct {
		Name         *string   `json:"name,omitempty" maxLength:"60"`
		Issuer       *string   `json:"issuer,omitempty" maxLength:"300"`
		ClientID     *string   `json:"client_id,omitempty" maxLength:"300"`
		ClientSecret *string   `json:"client_secret,omitempty" maxLength:"1000" format:"password"`
		Apple        *AppleKey `json:"apple,omitempty"`
		Scopes       *[]string `json:"scopes,omitempty" maxItems:"20"`
		Enabled      *bool     `json:"enabled,omitempty"`
		Position     *int      `json:"position,omitempty" minimum:"0" maximum:"10000"`
	}
}

func (p *Providers) patch(ctx context.Context, tx pgx.Tx, in *patchInput) (Provider, error) {
	old, err := p.lock(ctx, tx, in.Provider, in.IfMatch)
	if err != nil {
		return Provider{}, err
	}
	return p.edit(ctx, tx, old, Edit(in.Body))
}

type removeInput struct {
	Provider id.LoginProvider `path:"provider"`
	httpapi.IfMatch
}

func (p *Providers) remove(ctx context.Context, tx pgx.Tx, in *removeInput) (httpapi.Empty, error) {
	if _, err := p.lock(ctx, tx, in.Provider, in.IfMatch); err != nil {
		return httpapi.Empty{}, err
	}
	return httpapi.Empty{}, deleteProvider(ctx, tx, in.Provider)
}

func (p *Providers) lock(ctx context.Context, tx pgx.Tx, provider id.LoginProvider, match httpapi.IfMatch) (Provider, error) {
	locked, err := lockProvider(ctx, tx, provider)
	if errors.Is(err, postgres.ErrNoRow) {
		return Provider{}, ErrNoProvider
	}
	if err != nil {
		return Provider{}, err
	}
	return locked, match.Check(locked.ETag())
}

func (p *Providers) test(ctx context.Context, in *providerInput) (Test, error) {
	provider, err := p.get(ctx, p.DB, in.Provider)
	if err != nil {
		return Test{}, err
	}
	return p.Test(ctx, provider)
}

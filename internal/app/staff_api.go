package app

import (
	"context"

	"souk/internal/accounts"
	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/platform/httpapi"
	"souk/internal/verify"
)

// CanVerify is the right to run the checks of the whole shop.
const CanVerify auth.Permission = "shop.verify"

func permissions() []auth.Permission {
	return []auth.Permission{CanVerify, CanReadSettings, CanWriteSettings, CanReadAudit}
}

func (a *App) staffRoutes() {
	httpapi.Get(a.Router, "/api/v1/admin/verify", a.verify, httpapi.Needs(CanVerify),
		httpapi.Summary("Check every invariant"), httpapi.Describe("Adds up again what the shop keeps as figures, in one snapshot of the database."))
	httpapi.Get(a.Router, "/api/v1/admin/permissions", a.listPermissions, httpapi.Needs(accounts.CanReadRoles),
		httpapi.Summary("List what can be permitted"))
}

func (a *App) verify(ctx context.Context, _ *struct{}) (verify.Report, error) {
	if a.Pool == nil {
		return verify.Report{}, errs.New(errs.Unavailable, "unavailable", "This shop runs without a pool of connections.")
	}
	return verify.Run(ctx, a.Pool)
}

func (a *App) listPermissions(context.Context, *struct{}) (httpapi.List[auth.Permission], error) {
	return httpapi.List[auth.Permission]{Data: a.Grants.Declared()}, nil
}

package app

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/audit"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// CanReadAudit is the right to see who did what.
const CanReadAudit auth.Permission = "audit.read"

func (a *App) auditRoutes() {
	httpapi.Get(a.Router, "/api/v1/admin/audit-log", a.listAudit, httpapi.Needs(CanReadAudit), httpapi.Summary("List the audit trail"),
		httpapi.Describe("What staff and vendors changed, how people signed in, and who was not let in, the newest first."))
	httpapi.Get(a.Router, "/api/v1/admin/audit-log/verify", a.verifyAudit, httpapi.Needs(CanReadAudit), httpapi.ID("admin-verify-audit-log"),
		httpapi.Summary("Check the audit trail's chain"))
}

type auditInput struct {
	httpapi.Page
	User    id.User   `query:"user" doc:"Who did it, or in whose name."`
	Action  string    `query:"action" maxLength:"100"`
	Subject string    `query:"subject" maxLength:"200"`
	From    time.Time `query:"from"`
	To      time.Time `query:"to"`
}

func (a *App) listAudit(ctx context.Context, in *auditInput) (httpapi.List[audit.Entry], error) {
	q := audit.Query{User: in.User, Action: in.Action, Subject: in.Subject, From: in.From, To: in.To, Limit: in.Limit + 1}
	if err := a.Router.Cursors.Open(httpapi.Scope(ctx), in.After, &q.After); err != nil {
		return httpapi.List[audit.Entry]{}, err
	}
	entries, err := audit.List(ctx, a.DB, q)
	if err != nil {
		return httpapi.List[audit.Entry]{}, err
	}
	return httpapi.ListOf(a.Router.Cursors, httpapi.Scope(ctx), entries, in.Limit, func(e audit.Entry) any { return audit.Position{At: e.At, ID: e.ID} }), nil
}

func (a *App) verifyAudit(ctx context.Context, _ *struct{}) (audit.Report, error) {
	return audit.Verify(ctx, a.DB)
}

func (a *App) sealAudit(ctx context.Context) error {
	_, err := audit.Seal(ctx, a.DB)
	return err
}

// Command runs what a command of the terminal changes, in one transaction with
// its entry in the audit trail.
func (a *App) Command(ctx context.Context, action, subject string, fn func(tx pgx.Tx) error) error {
	ctx = auth.With(ctx, auth.Actor{System: "cli"})
	return postgres.InTx(ctx, a.DB, func(tx pgx.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{Action: "cli." + action, Subject: subject})
	})
}

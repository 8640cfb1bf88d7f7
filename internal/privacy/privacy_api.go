package privacy

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/blob"
	"souk/internal/platform/httpapi"
)

func (p *Privacy) exportRoutes(r *httpapi.Router) {
	me, staff := httpapi.Needs(auth.AsCustomer), httpapi.Needs(CanExport)
	httpapi.Post(r, "/api/v1/me/export", p.askOwn, me, httpapi.StepUp(), httpapi.Status(http.StatusAccepted), httpapi.ID("export-me"),
		httpapi.Summary("Ask for a copy of my data"), httpapi.Describe("A ZIP file of JSON is made in the background. One at a time, which is kept for a day."))
	httpapi.Get(r, "/api/v1/me/export", p.showOwn, me, httpapi.Private(), httpapi.Summary("Show the copy of my data"),
		httpapi.Describe("When `state` is `ready`, `url` is where it is, until `expires_at`."))
	httpapi.Post(r, "/api/v1/admin/users/{user}/export", p.askTheirs, staff, httpapi.StepUp(), httpapi.Status(http.StatusAccepted), httpapi.ID("admin-export-user"),
		httpapi.Summary("Make a copy of a user's data"), httpapi.Describe("For somebody who asks for it and cannot sign in. Be sure of who asks."))
	httpapi.Get(r, "/api/v1/admin/users/{user}/export", p.showTheirs, staff, httpapi.StepUp(), httpapi.Private(), httpapi.Summary("Show the copy of a user's data"))
	httpapi.Raw(r, http.MethodGet, "/exports/{file}", p.serve, httpapi.Public("the signature in the link is the secret"), httpapi.Private(),
		httpapi.Hidden("files, whose addresses the API gives"), httpapi.Produces("application/zip"))
}

func (p *Privacy) askOwn(ctx context.Context, tx pgx.Tx, _ *struct{}) (Export, error) {
	return p.Ask(ctx, tx, auth.From(ctx).User)
}

// showOwn keeps the link from staff who look as the user: they have their own
// door, which asks for more.
func (p *Privacy) showOwn(ctx context.Context, _ *struct{}) (Export, error) {
	actor := auth.From(ctx)
	e, err := p.Latest(ctx, p.DB, actor.User)
	if !actor.Impersonator.IsZero() {
		e.URL = ""
	}
	return e, err
}

type userInput struct {
	User id.User `path:"user"`
}

func (p *Privacy) askTheirs(ctx context.Context, tx pgx.Tx, in *userInput) (Export, error) {
	return p.Ask(ctx, tx, in.User)
}

func (p *Privacy) showTheirs(ctx context.Context, in *userInput) (Export, error) {
	return p.Latest(ctx, p.DB, in.User)
}

// serve answers with the file of a link. No cache keeps it.
func (p *Privacy) serve(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("file")
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return ErrNoExport
	}
	if err := p.LinkKey.Check(name, query, p.Clock.Now(), ErrNoExport, ErrExportExpired); err != nil {
		return err
	}
	file, info, err := p.Blobs.Open(r.Context(), key(name))
	if errors.Is(err, blob.ErrNotFound) { // its user was erased
		return ErrExportExpired
	}
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	h := w.Header()
	h.Set("Content-Type", info.ContentType)
	h.Set("Content-Disposition", `attachment; filename="my-data.zip"`)
	h.Set("Cache-Control", "private, no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, "", info.Modified, file)
	return nil
}

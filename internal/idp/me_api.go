package idp

import (
	"context"
	"net/http"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
)

func (p *Providers) meRoutes(r *httpapi.Router) {
	me, proven := httpapi.Needs(auth.AsCustomer), httpapi.StepUp()
	httpapi.Get(r, "/api/v1/me/identities", p.listMine, me, httpapi.Private(), httpapi.Summary("List where else I sign in"))
	httpapi.Action(r, http.MethodPost, "/api/v1/me/identities/{provider}/start", p.startLink, me, proven, httpapi.NeverStored(), httpapi.Status(http.StatusOK),
		httpapi.Summary("Begin to connect a login provider"),
		httpapi.Describe("Sets a cookie; send the browser to `url`. It comes back to `return_to`, with `?error=` when it could not be connected."))
	httpapi.Delete(r, "/api/v1/me/identities/{identity}", p.unlinkMine, me, proven, httpapi.Status(http.StatusNoContent),
		httpapi.Summary("Disconnect a login provider"), httpapi.Describe("Not the only way in: 409 `only_sign_in`."))
}

func (p *Providers) listMine(ctx context.Context, _ *struct{}) (httpapi.List[Identity], error) {
	mine, err := selectIdentities(ctx, p.DB, auth.From(ctx).User)
	return httpapi.List[Identity]{Data: mine}, err
}

type startLinkInput struct {
	Provider string `path:"provider" maxLength:"40"`
	Body     struct {
		ReturnTo string `json:"return_to,omitempty" maxLength:"1000" example:"/account"`
	}
}

type startedLink struct {
	URL string `json:"url"`
}

func (p *Providers) startLink(ctx context.Context, in *startLinkInput) (startedLink, error) {
	actor := auth.From(ctx)
	to, cookie, err := p.begin(ctx, in.Provider, in.Body.ReturnTo, func(a *attempt) { a.User, a.Session = actor.User, actor.Session })
	if err != nil {
		return startedLink{}, err
	}
	httpapi.SetCookie(ctx, cookie)
	return startedLink{to}, nil
}

type unlinkInput struct {
	Identity id.Identity `path:"identity"`
}

func (p *Providers) unlinkMine(ctx context.Context, tx pgx.Tx, in *unlinkInput) (httpapi.Empty, error) {
	return httpapi.Empty{}, p.Unlink(ctx, tx, auth.From(ctx).User, in.Identity)
}

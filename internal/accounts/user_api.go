package accounts

import (
	"context"
	"fmt"
	"hash/crc32"
	"maps"
	"net/http"
	"slices"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
)

func (u *Users) meRoutes(r *httpapi.Router) {
	me := httpapi.Needs(auth.AsCustomer)
	httpapi.Get(r, "/api/v1/me", u.showMe, me, httpapi.Private(), httpapi.Summary("Show my account"))
	httpapi.Patch(r, "/api/v1/me", u.editMe, me, httpapi.Summary("Edit my account"), httpapi.Describe("What is left out stays."))
	httpapi.Delete(r, "/api/v1/me", u.eraseMe, me, httpapi.StepUp(), httpapi.Status(http.StatusNoContent), httpapi.Summary("Erase my account"),
		httpapi.Describe("Drops the personal data and ends every session. Orders stay, for the books, without the account's data. There is no way back."))
	httpapi.Get(r, "/api/v1/me/sessions", u.listMySessions, me, httpapi.Private(), httpapi.Summary("List where I am signed in"))
	httpapi.Delete(r, "/api/v1/me/sessions", u.endMyOtherSessions, me, httpapi.Status(http.StatusNoContent), httpapi.Summary("End all my sessions but this one"))
	httpapi.Delete(r, "/api/v1/me/sessions/{session}", u.endMySession, me, httpapi.Status(http.StatusNoContent), httpapi.Summary("End one of my sessions"))
}

// me is a user as they see themselves: with what they may do, for clients that
// show no more than that.
type me struct {
	User
	Permissions    []auth.Permission `json:"permissions"`
	ImpersonatedBy *id.User          `json:"impersonated_by,omitempty" doc:"The member of staff who looks as this user."`
}

// ETag changes with what they may do, too.
func (m me) ETag() string {
	sum := crc32.ChecksumIEEE(fmt.Append(nil, m.Permissions, m.ImpersonatedBy))
	return fmt.Sprintf(`"v%d-%08x"`, m.Version, sum)
}

func (u *Users) showMe(ctx context.Context, _ *struct{}) (me, error) {
	actor := auth.From(ctx)
	user, err := u.Get(ctx, u.DB, actor.User)
	shown := me{User: user, Permissions: slices.Sorted(maps.Keys(actor.Permissions))}
	if !actor.Impersonator.IsZero() {
		shown.ImpersonatedBy = &actor.Impersonator
	}
	return shown, err
}

type editMeInput struct {
	Body struct {
		Username *string `json:"username,omitempty"`
		Name     *string `json:"name,omitempty"`
		Phone    *string `json:"phone,omitempty" doc:"With its country; empty removes it."`
		Locale   *string `json:"locale,omitempty" doc:"BCP 47, of a language that the shop speaks; empty is the shop's."`
		Currency *string `json:"currency,omitempty" doc:"ISO 4217; empty is the shop's."`
	}
}

func (u *Users) editMe(ctx context.Context, tx pgx.Tx, in *editMeInput) (User, error) {
	return u.Edit(ctx, tx, auth.From(ctx).User, Edit(in.Body))
}

func (u *Users) eraseMe(ctx context.Context, tx pgx.Tx, _ *struct{}) (httpapi.Empty, error) {
	return httpapi.Empty{}, u.Erase(ctx, tx, auth.From(ctx).User)
}

func (u *Users) listMySessions(ctx context.Context, _ *struct{}) (httpapi.List[Session], error) {
	actor, now := auth.From(ctx), u.Clock.Now()
	sessions, err := liveSessions(ctx, u.DB, actor.User, now, now.Add(-u.lifetime(actor.Roles, false).Idle))
	for i := range sessions {
		sessions[i].Current = sessions[i].ID == actor.Session
	}
	return httpapi.List[Session]{Data: sessions}, err
}

type sessionInput struct {
	Session id.Session `path:"session"`
}

func (u *Users) endMySession(ctx context.Context, tx pgx.Tx, in *sessionInput) (httpapi.Empty, error) {
	return httpapi.Empty{}, u.EndSession(ctx, tx, auth.From(ctx).User, in.Session)
}

func (u *Users) endMyOtherSessions(ctx context.Context, tx pgx.Tx, _ *struct{}) (httpapi.Empty, error) {
	return httpapi.Empty{}, u.EndOtherSessions(ctx, tx)
}

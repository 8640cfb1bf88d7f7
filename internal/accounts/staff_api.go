package accounts

import (
	"context"
	"net/http"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/httpapi"
)

// staffRoutes mounts what staff do with users.
func (u *Users) staffRoutes(r *httpapi.Router) {
	read, write, ok := httpapi.Needs(CanReadUsers), httpapi.Needs(CanWriteUsers), httpapi.Status(http.StatusOK)
	httpapi.Get(r, "/api/v1/admin/users", u.listUsers, read, httpapi.Summary("List users"))
	httpapi.Get(r, "/api/v1/admin/users/{user}", u.showUser, read, httpapi.Summary("Show a user"))
	httpapi.Post(r, "/api/v1/admin/users/{user}/disable", u.disableUser, write, ok, httpapi.Summary("Shut a user out"),
		httpapi.Describe("Ends every session of the user at once."))
	httpapi.Post(r, "/api/v1/admin/users/{user}/enable", u.enableUser, write, ok, httpapi.Summary("Let a user in again"))
	httpapi.Delete(r, "/api/v1/admin/users/{user}", u.eraseUser, httpapi.Needs(CanEraseUsers), httpapi.StepUp(), httpapi.Status(http.StatusNoContent),
		httpapi.Summary("Erase a user"), httpapi.Describe("As when users erase themselves: there is no way back."))
	httpapi.Put(r, "/api/v1/admin/users/{user}/roles", u.setRoles, write, httpapi.StepUp(), httpapi.Summary("Set a user's roles"),
		httpapi.Describe("These and no others; customer is always one of them. Nobody gives or takes a role that permits what they may not do themselves."))
	httpapi.Delete(r, "/api/v1/admin/users/{user}/mfa", u.resetFactors, write, httpapi.StepUp(), httpapi.Status(http.StatusNoContent),
		httpapi.Summary("Remove a user's second factors and passkeys"), httpapi.Describe("For one who has lost their device and has shown who they are. Ends every session of the user."))
	httpapi.Post(r, "/api/v1/admin/users/{user}/impersonate", u.impersonate, httpapi.Needs(CanImpersonate), httpapi.StepUp(), httpapi.NeverStored(),
		httpapi.Status(http.StatusCreated), httpapi.Summary("Look through a customer's eyes"),
		httpapi.Describe("For half an hour, read only unless `write` says otherwise and the caller may. The customer sees it among their sessions."))
	httpapi.Delete(r, "/api/v1/admin/users/{user}/sessions", u.endUserSessions, write, httpapi.Status(http.StatusNoContent),
		httpapi.Summary("End all sessions of a user"))
}

type listUsersInput struct {
	httpapi.Page
	Q      string   `query:"q" maxLength:"100" doc:"Part of a user name, an e-mail or a name."`
	Role   string   `query:"role" maxLength:"40" doc:"Those who have it."`
	Status []string `query:"status" enum:"active,disabled,erased" doc:"Any of these."`
}

func (u *Users) listUsers(ctx context.Context, in *listUsersInput) (httpapi.List[User], error) {
	search := Search{Text: in.Q, Role: in.Role, Statuses: in.Status, Limit: in.Limit + 1}
	if err := u.cursors.Open(httpapi.Scope(ctx), in.After, &search.After); err != nil {
		return httpapi.List[User]{}, err
	}
	users, err := u.List(ctx, u.DB, search)
	if err != nil {
		return httpapi.List[User]{}, err
	}
	page := httpapi.ListOf(u.cursors, httpapi.Scope(ctx), users, in.Limit, func(u User) any { return Position{u.CreatedAt, u.ID} })
	if in.WantsTotal() {
		total, err := u.count(ctx, u.DB, search)
		if err != nil {
			return page, err
		}
		page.TotalCount = &total
	}
	return page, nil
}

type userInput struct {
	User id.User `path:"user"`
}

func (u *Users) showUser(ctx context.Context, in *userInput) (User, error) {
	return u.Get(ctx, u.DB, in.User)
}

func (u *Users) disableUser(ctx context.Context, tx pgx.Tx, in *userInput) (User, error) {
	if err := u.mayGovern(ctx, tx, in.User); err != nil {
		return User{}, err
	}
	if err := u.Disable(ctx, tx, in.User); err != nil {
		return User{}, err
	}
	return u.Get(ctx, tx, in.User)
}

func (u *Users) enableUser(ctx context.Context, tx pgx.Tx, in *userInput) (User, error) {
	if err := u.mayGovern(ctx, tx, in.User); err != nil {
		return User{}, err
	}
	if err := u.Enable(ctx, tx, in.User); err != nil {
		return User{}, err
	}
	return u.Get(ctx, tx, in.User)
}

func (u *Users) eraseUser(ctx context.Context, tx pgx.Tx, in *userInput) (httpapi.Empty, error) {
	if err := u.mayGovern(ctx, tx, in.User); err != nil {
		return httpapi.Empty{}, err
	}
	return httpapi.Empty{}, u.Erase(ctx, tx, in.User)
}

type setRolesInput struct {
	User id.User `path:"user"`
	httpapi.IfMatch
	Body struct {
		Roles []string `json:"roles" maxItems:"20" maxLength:"40" doc:"Names of roles, as GET /admin/roles lists them."`
	}
}

func (u *Users) setRoles(ctx context.Context, tx pgx.Tx, in *setRolesInput) (User, error) {
	version, err := in.Version()
	if err != nil {
		return User{}, err
	}
	was, err := u.Get(ctx, tx, in.User)
	if err != nil {
		return User{}, err
	}
	httpapi.Before(ctx, map[string]any{"roles": was.Roles})
	if err := u.SetRoles(ctx, tx, in.User, version, in.Body.Roles); err != nil {
		return User{}, err
	}
	return u.Get(ctx, tx, in.User)
}

func (u *Users) endUserSessions(ctx context.Context, tx pgx.Tx, in *userInput) (httpapi.Empty, error) {
	if _, err := u.Get(ctx, tx, in.User); err != nil {
		return httpapi.Empty{}, err
	}
	return httpapi.Empty{}, u.EndSessions(ctx, tx, in.User)
}

func (u *Users) resetFactors(ctx context.Context, tx pgx.Tx, in *userInput) (httpapi.Empty, error) {
	if err := u.mayGovern(ctx, tx, in.User); err != nil {
		return httpapi.Empty{}, err
	}
	return httpapi.Empty{}, u.ResetFactors(ctx, tx, in.User)
}

type impersonateInput struct {
	User id.User `path:"user"`
	Body struct {
		Reason string `json:"reason" maxLength:"500" doc:"Such as the number of a ticket. It stands in the audit trail for good, so it names nobody."`
		Write  bool   `json:"write,omitempty" doc:"May touch things too."`
	}
}

func (u *Users) impersonate(ctx context.Context, tx pgx.Tx, in *impersonateInput) (Impersonation, error) {
	key, err := u.signingKey(ctx)
	if err != nil {
		return Impersonation{}, err
	}
	httpapi.Before(ctx, map[string]any{"why": in.Body.Reason})
	return u.Impersonate(ctx, tx, key, in.User, in.Body.Reason, in.Body.Write, client(ctx))
}

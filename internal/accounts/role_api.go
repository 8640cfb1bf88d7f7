package accounts

import (
	"context"
	"net/http"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/platform/httpapi"
)

func (u *Users) roleRoutes(r *httpapi.Router) {
	read, write := httpapi.Needs(CanReadRoles), httpapi.Needs(CanWriteRoles)
	httpapi.Get(r, "/api/v1/admin/roles", u.listRoles, read, httpapi.Summary("List roles"))
	httpapi.Post(r, "/api/v1/admin/roles", u.createRole, write, httpapi.StepUp(), httpapi.Status(http.StatusCreated), httpapi.Summary("Make a role"),
		httpapi.Describe("It permits no more than the caller may do."))
	httpapi.Get(r, "/api/v1/admin/roles/{role}", u.showRole, read, httpapi.Summary("Show a role"))
	httpapi.Patch(r, "/api/v1/admin/roles/{role}", u.editRole, write, httpapi.StepUp(), httpapi.Summary("Edit a role"),
		httpapi.Describe("What is left out stays. It counts from the next request of everybody who has the role."))
	httpapi.Delete(r, "/api/v1/admin/roles/{role}", u.removeRole, write, httpapi.StepUp(), httpapi.Status(http.StatusNoContent),
		httpapi.Summary("Remove a role that nobody has"))
}

func (u *Users) listRoles(ctx context.Context, _ *struct{}) (httpapi.List[Role], error) {
	all, err := u.Roles(ctx, u.DB)
	return httpapi.List[Role]{Data: all}, err
}

type createRoleInput struct {
	Body struct {
		Name        string            `json:"name" maxLength:"40" example:"support"`
		Label       string            `json:"label" maxLength:"100" example:"Customer support"`
		Description string            `json:"description,omitempty" maxLength:"500"`
		Permissions []auth.Permission `json:"permissions" maxItems:"200" maxLength:"100" example:"[\"orders.read\"]"`
	}
}

func (u *Users) createRole(ctx context.Context, tx pgx.Tx, in *createRoleInput) (Role, error) {
	b := in.Body
	return u.CreateRole(ctx, tx, Role{Name: b.Name, Label: b.Label, Description: b.Description, Permissions: b.Permissions})
}

type roleInput struct {
	Role string `path:"role" maxLength:"40"`
}

func (u *Users) showRole(ctx context.Context, in *roleInput) (Role, error) {
	return u.Role(ctx, u.DB, in.Role)
}

type editRoleInput struct {
	Role string `path:"role" maxLength:"40"`
	httpapi.IfMatch
	Body struct {
		Label       *string            `json:"label,omitempty" maxLength:"100"`
		Description *string            `json:"description,omitempty" maxLength:"500"`
		Permissions *[]auth.Permission `json:"permissions,omitempty" maxItems:"200" maxLength:"100" doc:"These and no others."`
	}
}

func (u *Users) editRole(ctx context.Context, tx pgx.Tx, in *editRoleInput) (Role, error) {
	version, err := in.Version()
	if err != nil {
		return Role{}, err
	}
	return u.EditRole(ctx, tx, in.Role, version, RoleEdit(in.Body))
}

type removeRoleInput struct {
	Role string `path:"role" maxLength:"40"`
	httpapi.IfMatch
}

func (u *Users) removeRole(ctx context.Context, tx pgx.Tx, in *removeRoleInput) (httpapi.Empty, error) {
	version, err := in.Version()
	if err != nil {
		return httpapi.Empty{}, err
	}
	return httpapi.Empty{}, u.RemoveRole(ctx, tx, in.Role, version)
}

package accounts

import (
	"context"
	"net/http"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/httpapi"
)

func (u *Users) groupRoutes(r *httpapi.Router) {
	read, write, gone := httpapi.Needs(CanReadUsers), httpapi.Needs(CanWriteUsers), httpapi.Status(http.StatusNoContent)
	const all, one = "/api/v1/admin/customer-groups", "/api/v1/admin/customer-groups/{group}"
	httpapi.Get(r, all, u.listGroups, read, httpapi.Private(), httpapi.Summary("List customer groups"))
	httpapi.Post(r, all, u.createGroup, write, httpapi.Status(http.StatusCreated), httpapi.Summary("Make a customer group"),
		httpapi.Describe("Promotions and price lists name it by its handle, which cannot be changed."))
	httpapi.Get(r, one, u.showGroup, read, httpapi.Private(), httpapi.Summary("Show a customer group"))
	httpapi.Patch(r, one, u.editGroup, write, httpapi.Summary("Edit a customer group"), httpapi.Describe("What is left out stays."))
	httpapi.Delete(r, one, u.removeGroup, write, gone, httpapi.Summary("Remove a customer group that nothing is for"))
	httpapi.Get(r, one+"/members", u.listMembers, read, httpapi.Private(), httpapi.Summary("List who is in a customer group"))
	httpapi.Put(r, one+"/members/{user}", u.putIn, write, httpapi.Summary("Put a user into a customer group"),
		httpapi.Describe("Their carts and pages have its prices from the next look on."))
	httpapi.Delete(r, one+"/members/{user}", u.takeOut, write, gone, httpapi.Summary("Take a user out of a customer group"))
}

func (u *Users) listGroups(ctx context.Context, in *httpapi.Page) (httpapi.List[CustomerGroup], error) {
	var after id.CustomerGroup
	scope := httpapi.Scope(ctx)
	if err := u.cursors.Open(scope, in.After, &after); err != nil {
		return httpapi.List[CustomerGroup]{}, err
	}
	list, err := groups(ctx, u.DB, after, in.Limit+1)
	return httpapi.ListOf(u.cursors, scope, list, in.Limit, func(g CustomerGroup) any { return g.ID }), err
}

type createGroupInput struct {
	Body struct {
		Handle      string `json:"handle" minLength:"1" maxLength:"60" example:"trade"`
		Name        string `json:"name" minLength:"1" maxLength:"100"`
		Description string `json:"description,omitempty" maxLength:"500"`
	}
}

func (u *Users) createGroup(ctx context.Context, tx pgx.Tx, in *createGroupInput) (CustomerGroup, error) {
	return u.CreateGroup(ctx, tx, CustomerGroup{Handle: in.Body.Handle, Name: in.Body.Name, Description: in.Body.Description})
}

type groupInput struct {
	Group id.CustomerGroup `path:"group"`
}

func (u *Users) showGroup(ctx context.Context, in *groupInput) (CustomerGroup, error) {
	return group(ctx, u.DB, in.Group)
}

type editGroupInput struct {
	Group id.CustomerGroup `path:"group"`
	httpapi.IfMatch
	Body struct {
		Name        *string `json:"name,omitempty" minLength:"1" maxLength:"100"`
		Description *string `json:"description,omitempty" maxLength:"500"`
	}
}

func (u *Users) editGroup(ctx context.Context, tx pgx.Tx, in *editGroupInput) (CustomerGroup, error) {
	version, err := in.Version()
	if err != nil {
		return CustomerGroup{}, err
	}
	g, err := lockGroup(ctx, tx, in.Group, version)
	if err != nil {
		return CustomerGroup{}, err
	}
	if in.Body.Name != nil {
		g.Name = *in.Body.Name
	}
	if in.Body.Description != nil {
		g.Description = *in.Body.Description
	}
	if err := g.tidy(); err != nil {
		return CustomerGroup{}, err
	}
	if err := updateGroup(ctx, tx, g); err != nil {
		return CustomerGroup{}, err
	}
	return group(ctx, tx, g.ID)
}

type removeGroupInput struct {
	Group id.CustomerGroup `path:"group"`
	httpapi.IfMatch
}

func (u *Users) removeGroup(ctx context.Context, tx pgx.Tx, in *removeGroupInput) (httpapi.Empty, error) {
	version, err := in.Version()
	if err != nil {
		return httpapi.Empty{}, err
	}
	return httpapi.Empty{}, u.RemoveGroup(ctx, tx, in.Group, version)
}

type membersInput struct {
	Group id.CustomerGroup `path:"group"`
	httpapi.Page
}

func (u *Users) listMembers(ctx context.Context, in *membersInput) (httpapi.List[GroupMember], error) {
	var after id.User
	scope := httpapi.Scope(ctx)
	if err := u.cursors.Open(scope, in.After, &after); err != nil {
		return httpapi.List[GroupMember]{}, err
	}
	if _, err := group(ctx, u.DB, in.Group); err != nil {
		return httpapi.List[GroupMember]{}, err
	}
	list, err := members(ctx, u.DB, in.Group, after, in.Limit+1)
	return httpapi.ListOf(u.cursors, scope, list, in.Limit, func(m GroupMember) any { return m.UserID }), err
}

type memberInput struct {
	Group id.CustomerGroup `path:"group"`
	User  id.User          `path:"user"`
}

func (u *Users) putIn(ctx context.Context, tx pgx.Tx, in *memberInput) (GroupMember, error) {
	return u.PutIn(ctx, tx, in.Group, in.User)
}

func (u *Users) takeOut(ctx context.Context, tx pgx.Tx, in *memberInput) (httpapi.Empty, error) {
	return httpapi.Empty{}, u.TakeOut(ctx, tx, in.Group, in.User)
}

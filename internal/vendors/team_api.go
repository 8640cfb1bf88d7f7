package vendors

import (
	"context"
	"net/http"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
)

// teamRoutes mounts what vendors do with their team. Everybody in it may see who
// else is; owners change it.
func (v *Vendors) teamRoutes(r *httpapi.Router) {
	look, change, done := httpapi.Needs(auth.AsVendor), httpapi.Needs(auth.VendorTeam), httpapi.Status(http.StatusNoContent)
	httpapi.Get(r, "/api/v1/vendor/team", v.listTeam, look, httpapi.Private(), httpapi.Summary("List my team"))
	httpapi.Get(r, "/api/v1/vendor/team/invitations", v.listInvitations, change, httpapi.Private(), httpapi.Summary("List open invitations"))
	httpapi.Post(r, "/api/v1/vendor/team/invitations", v.invite, change, httpapi.StepUp(), httpapi.Status(http.StatusCreated), httpapi.Summary("Invite somebody into my team"),
		httpapi.Describe("A link is mailed that is good for seven days, for whoever signs in with that address."))
	httpapi.Delete(r, "/api/v1/vendor/team/invitations/{invitation}", v.uninvite, change, done, httpapi.Summary("Take an invitation back"))
	httpapi.Post(r, "/api/v1/vendors/invitations/accept", v.acceptInvitation, httpapi.Needs(auth.AsCustomer), httpapi.NeverStored(), httpapi.Status(http.StatusOK),
		httpapi.ID("accept-vendor-invitation"), httpapi.Summary("Accept an invitation into a vendor's team"))
	httpapi.Patch(r, "/api/v1/vendor/team/{user}", v.setMember, change, httpapi.StepUp(), httpapi.ID("vendor-update-team-member"), httpapi.Summary("Give a member another role"))
	httpapi.Delete(r, "/api/v1/vendor/team/{user}", v.removeMember, change, done, httpapi.ID("vendor-delete-team-member"), httpapi.Summary("Remove a member"))
}

func (v *Vendors) listTeam(ctx context.Context, _ *struct{}) (httpapi.List[Member], error) {
	team, err := v.Team(ctx, v.DB, auth.From(ctx).VendorScope())
	return httpapi.List[Member]{Data: team}, err
}

func (v *Vendors) listInvitations(ctx context.Context, _ *struct{}) (httpapi.List[Invitation], error) {
	open, err := v.Invitations(ctx, v.DB, auth.From(ctx).VendorScope())
	return httpapi.List[Invitation]{Data: open}, err
}

type inviteInput struct {
	Body struct {
		Email string     `json:"email" maxLength:"254"`
		Role  MemberRole `json:"role" enum:"owner,manager,catalog,orders,finance,viewer"`
	}
}

func (v *Vendors) invite(ctx context.Context, tx pgx.Tx, in *inviteInput) (Invitation, error) {
	return v.Invite(ctx, tx, auth.From(ctx).VendorScope(), in.Body.Email, in.Body.Role)
}

type invitationInput struct {
	Invitation id.Invitation `path:"invitation"`
}

func (v *Vendors) uninvite(ctx context.Context, tx pgx.Tx, in *invitationInput) (httpapi.Empty, error) {
	return httpapi.Empty{}, v.Uninvite(ctx, tx, auth.From(ctx).VendorScope(), in.Invitation)
}

type acceptInput struct {
	Body struct {
		Token string `json:"token" maxLength:"500"`
	}
}

func (v *Vendors) acceptInvitation(ctx context.Context, tx pgx.Tx, in *acceptInput) (Member, error) {
	return v.Accept(ctx, tx, in.Body.Token)
}

type memberInput struct {
	User id.User `path:"user"`
}

type setMemberInput struct {
	User id.User `path:"user"`
	Body struct {
		Role MemberRole `json:"role" enum:"owner,manager,catalog,orders,finance,viewer"`
	}
}

func (v *Vendors) setMember(ctx context.Context, tx pgx.Tx, in *setMemberInput) (Member, error) {
	return v.SetMember(ctx, tx, auth.From(ctx).VendorScope(), in.User, in.Body.Role)
}

func (v *Vendors) removeMember(ctx context.Context, tx pgx.Tx, in *memberInput) (httpapi.Empty, error) {
	return httpapi.Empty{}, v.RemoveMember(ctx, tx, auth.From(ctx).VendorScope(), in.User)
}

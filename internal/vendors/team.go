package vendors

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

// Member is somebody in a vendor's team.
type Member struct {
	User     id.User    `db:"user_id" json:"user_id"`
	Username string     `db:"username" json:"username"`
	Name     string     `db:"name" json:"name"`
	Email    string     `db:"email" json:"email"`
	Role     MemberRole `db:"role" json:"role" enum:"owner,manager,catalog,orders,finance,viewer"`
	Since    time.Time  `db:"created_at" json:"since"`
}

// Invitation asks somebody to work for a vendor, by mail.
type Invitation struct {
	ID        id.Invitation `db:"id" json:"id"`
	VendorID  id.Vendor     `db:"vendor_id" json:"-"`
	Email     string        `db:"email" json:"email"`
	Role      MemberRole    `db:"role" json:"role" enum:"owner,manager,catalog,orders,finance,viewer"`
	InvitedBy id.User       `db:"invited_by" json:"invited_by"`
	CreatedAt time.Time     `db:"created_at" json:"created_at"`
	ExpiresAt time.Time     `db:"expires_at" json:"expires_at"`
}

// A MailedInvitation is what the mail of an invitation needs to be written.
type MailedInvitation struct {
	Invitation
	Vendor  string // its name
	Inviter string
	Token   string
}

var (
	// ErrNoMember says that there is no such member of this team.
	ErrNoMember = errs.New(errs.NotFound, "not_found", "Nobody like that works for this vendor.")
	// ErrLastOwner keeps a vendor from being nobody's.
	ErrLastOwner = errs.New(errs.Conflict, "last_owner", "This is the last owner. Make another one first.")
	// ErrNoInvitation says that there is no such invitation.
	ErrNoInvitation = errs.New(errs.NotFound, "not_found", "There is no such invitation.")
	// ErrInvitationToken says no to a token of an invitation, whatever is wrong with it.
	ErrInvitationToken = errs.New(errs.Malformed, "invalid_token", "This invitation is not valid any more. Ask for a new one.")
	// ErrOthersInvitation says that an invitation was mailed to somebody else.
	ErrOthersInvitation = errs.New(errs.Forbidden, "not_invited", "This invitation was mailed to another address. Sign in with the account of that one.")
	// ErrInvited says that an address is invited already.
	ErrInvited = errs.New(errs.Conflict, "already_invited", "This address is invited already.")
)

func init() { postgres.Name("vendor_invitations_open", ErrInvited) }

const invitationLife = 7 * 24 * time.Hour

// Invite asks whoever has an e-mail address to work for a vendor.
func (v *Vendors) Invite(ctx context.Context, tx pgx.Tx, vendor id.Vendor, email string, role MemberRole) (Invitation, error) {
	email = strings.TrimSpace(email)
	if !accounts.ValidEmail(email) {
		return Invitation{}, errs.Validation.Field("/email", "invalid", "This is not an e-mail address.")
	}
	i := Invitation{
		ID: id.New[id.Invitation](), VendorID: vendor, Email: email, Role: role, InvitedBy: auth.From(ctx).User,
		CreatedAt: v.Clock.Now(), ExpiresAt: v.Clock.Now().Add(invitationLife),
	}
	if err := insertInvitation(ctx, tx, i, sum(v.secretOf(i.ID))); err != nil {
		return Invitation{}, fmt.Errorf("invite to vendor %s: %w", vendor, err)
	}
	return i, events.Raise(ctx, tx, Invited{i.ID})
}

// MailedInvitation makes the token of an invitation again, for the job that
// mails it.
func (v *Vendors) MailedInvitation(ctx context.Context, db postgres.DB, invitation id.Invitation) (MailedInvitation, error) {
	m, err := invitationToMail(ctx, db, invitation, v.Clock.Now())
	if errors.Is(err, postgres.ErrNoRow) {
		return MailedInvitation{}, ErrNoInvitation
	}
	if err != nil {
		return MailedInvitation{}, fmt.Errorf("read invitation %s: %w", invitation, err)
	}
	m.Token = v.secretOf(invitation)
	return m, nil
}

// secretOf is 256 bits that nobody makes who has not the shop's key.
func (v *Vendors) secretOf(invitation id.Invitation) string {
	mac := hmac.New(sha256.New, v.MailKey)
	fmt.Fprintf(mac, "invitation %s", invitation)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func sum(token string) []byte {
	h := sha256.Sum256([]byte(token))
	return h[:]
}

// Accept makes the actor of ctx a member of the team that a token invites to. It
// has to be the invited mailbox: who else has the link may not use it.
func (v *Vendors) Accept(ctx context.Context, tx pgx.Tx, token string) (Member, error) {
	actor := auth.From(ctx)
	user, err := v.Users.Get(ctx, tx, actor.User)
	if err != nil {
		return Member{}, err
	}
	i, err := lockInvitation(ctx, tx, sum(token), v.Clock.Now())
	if errors.Is(err, postgres.ErrNoRow) {
		return Member{}, ErrInvitationToken
	}
	if err != nil {
		return Member{}, fmt.Errorf("read invitation: %w", err)
	}
	if !strings.EqualFold(i.Email, user.Email) {
		return Member{}, ErrOthersInvitation
	}
	if err := acceptInvitation(ctx, tx, i.ID, user.ID, v.Clock.Now()); err != nil {
		return Member{}, fmt.Errorf("accept invitation %s: %w", i.ID, err)
	}
	if err := v.Users.ProveMailbox(ctx, tx, user.ID); err != nil {
		return Member{}, err
	}
	if err := insertMember(ctx, tx, i.VendorID, user.ID, i.Role); err != nil {
		return Member{}, fmt.Errorf("join vendor %s: %w", i.VendorID, err)
	}
	if err := accounts.Grant(ctx, tx, user.ID, auth.RoleVendor); err != nil {
		return Member{}, err
	}
	if err := events.Raise(ctx, tx, Joined{i.VendorID, user.ID}); err != nil {
		return Member{}, err
	}
	return member(ctx, tx, i.VendorID, user.ID)
}

// SetMember gives a member of a team another role, from their next request on.
func (v *Vendors) SetMember(ctx context.Context, tx pgx.Tx, vendor id.Vendor, user id.User, role MemberRole) (Member, error) {
	if role != Owner {
		if err := v.keepAnOwner(ctx, tx, vendor, user); err != nil {
			return Member{}, err
		}
	}
	if err := updateMember(ctx, tx, vendor, user, role); err != nil {
		return Member{}, err
	}
	return member(ctx, tx, vendor, user)
}

// RemoveMember takes somebody out of a team; they lose its rights on their next
// request.
func (v *Vendors) RemoveMember(ctx context.Context, tx pgx.Tx, vendor id.Vendor, user id.User) error {
	if err := v.keepAnOwner(ctx, tx, vendor, user); err != nil {
		return err
	}
	if err := deleteMember(ctx, tx, vendor, user); err != nil {
		return err
	}
	if err := accounts.Revoke(ctx, tx, user, auth.RoleVendor); err != nil {
		return err
	}
	return events.Raise(ctx, tx, Left{vendor, user})
}

func (v *Vendors) keepAnOwner(ctx context.Context, tx pgx.Tx, vendor id.Vendor, leaving id.User) error {
	owners, err := lockOwners(ctx, tx, vendor)
	if err != nil {
		return fmt.Errorf("lock owners of vendor %s: %w", vendor, err)
	}
	if len(owners) == 1 && slices.Contains(owners, leaving) {
		return ErrLastOwner
	}
	return nil
}

package vendors

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

const selectInvitation = `SELECT i.id, i.vendor_id, i.email, i.role, i.invited_by, i.created_at, i.expires_at FROM vendor_invitations i `

// insertInvitation takes the place of one that has expired.
func insertInvitation(ctx context.Context, tx pgx.Tx, i Invitation, hash []byte) error {
	args := pgx.NamedArgs{
		"id": i.ID, "vendor": i.VendorID, "email": i.Email, "role": i.Role, "hash": hash, "by": i.InvitedBy, "now": i.CreatedAt, "expires": i.ExpiresAt,
	}
	b := postgres.NewBatch()
	b.Queue(`
		DELETE FROM vendor_invitations
		WHERE vendor_id = @vendor AND lower(email) = lower(@email) AND accepted_at IS NULL AND expires_at <= @now`, args)
	b.Queue(`
		INSERT INTO vendor_invitations (id, vendor_id, email, role, hash, invited_by, created_at, expires_at)
		VALUES (@id, @vendor, @email, @role, @hash, @by, @now, @expires)`, args)
	return b.Send(ctx, tx)
}

// Invitations lists those of a vendor that are open, the newest first.
func (v *Vendors) Invitations(ctx context.Context, db postgres.DB, vendor id.Vendor) ([]Invitation, error) {
	return postgres.All[Invitation](ctx, db, selectInvitation+`
		WHERE i.vendor_id = @vendor AND i.accepted_at IS NULL AND i.expires_at > @now ORDER BY i.id DESC LIMIT 100`,
		pgx.NamedArgs{"vendor": vendor, "now": v.Clock.Now()})
}

func invitationToMail(ctx context.Context, db postgres.DB, invitation id.Invitation, now time.Time) (MailedInvitation, error) {
	type row struct {
		Invitation
		Vendor  string `db:"vendor"`
		Inviter string `db:"inviter"`
	}
	r, err := postgres.Get[row](ctx, db, `
		SELECT i.id, i.vendor_id, i.email, i.role, i.invited_by, i.created_at, i.expires_at, v.name AS vendor, coalesce(nullif(u.name, ''), u.username) AS inviter
		FROM vendor_invitations i JOIN vendors v ON v.id = i.vendor_id JOIN users u ON u.id = i.invited_by
		WHERE i.id = @id AND i.accepted_at IS NULL AND i.expires_at > @now`, pgx.NamedArgs{"id": invitation, "now": now})
	return MailedInvitation{Invitation: r.Invitation, Vendor: r.Vendor, Inviter: r.Inviter}, err
}

func lockInvitation(ctx context.Context, tx pgx.Tx, hash []byte, now time.Time) (Invitation, error) {
	return postgres.Get[Invitation](ctx, tx, selectInvitation+`
		JOIN vendors v ON v.id = i.vendor_id AND v.status = 'active'
		WHERE i.hash = @hash AND i.accepted_at IS NULL AND i.expires_at > @now FOR UPDATE OF i`, pgx.NamedArgs{"hash": hash, "now": now})
}

func acceptInvitation(ctx context.Context, tx pgx.Tx, invitation id.Invitation, user id.User, now time.Time) error {
	_, err := postgres.Exec(ctx, tx, `UPDATE vendor_invitations SET accepted_at = @now, accepted_by = @user WHERE id = @id`,
		pgx.NamedArgs{"id": invitation, "user": user, "now": now})
	return err
}

// Uninvite takes an open invitation back.
func (v *Vendors) Uninvite(ctx context.Context, tx pgx.Tx, vendor id.Vendor, invitation id.Invitation) error {
	n, err := postgres.Exec(ctx, tx, `DELETE FROM vendor_invitations WHERE id = @id AND vendor_id = @vendor AND accepted_at IS NULL`,
		pgx.NamedArgs{"id": invitation, "vendor": vendor})
	if err == nil && n == 0 {
		err = ErrNoInvitation
	}
	return err
}

// Forget drops what invitations say of somebody who is erased, and those that
// nobody can accept any more.
func (v *Vendors) Forget(ctx context.Context, tx pgx.Tx, user id.User) error {
	_, err := postgres.Exec(ctx, tx, `DELETE FROM vendor_invitations WHERE accepted_by = @user OR invited_by = @user OR expires_at < @now`,
		pgx.NamedArgs{"user": user, "now": v.Clock.Now()})
	return err
}

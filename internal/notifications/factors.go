package notifications

import (
	"context"
	"errors"
	"time"

	"souk/internal/id"
	"souk/internal/mfa"
	"souk/internal/vendors"
)

// FactorAdded tells a user that there is another way to prove that they are they.
func (n *Notifications) FactorAdded(ctx context.Context, e mfa.FactorAdded) error {
	return n.tellOfFactor(ctx, FactorAdded, e.UserID, e.Kind)
}

// FactorRemoved tells a user that there is one less.
func (n *Notifications) FactorRemoved(ctx context.Context, e mfa.FactorRemoved) error {
	return n.tellOfFactor(ctx, FactorRemoved, e.UserID, e.Kind)
}

// RecoveryCodeUsed tells a user that somebody came in with one of their codes.
func (n *Notifications) RecoveryCodeUsed(ctx context.Context, e mfa.RecoveryCodeUsed) error {
	return n.tell(ctx, e.UserID, letter{Kind: RecoveryCodeUsed, Words: words{"time": n.now(ctx)}, Link: n.BaseURL + accountPage})
}

func (n *Notifications) tellOfFactor(ctx context.Context, kind Kind, user id.User, factor string) error {
	name := map[string]string{"totp": "TOTP", "passkey": "Passkey", "all": "TOTP + Passkey"}[factor] // words that no language translates
	return n.tell(ctx, user, letter{Kind: kind, Words: words{"factor": name, "time": n.now(ctx)}, Link: n.BaseURL + accountPage})
}

// Invited sends somebody the link with which they join a vendor's team. It is in
// the shop's language: they may have no account yet.
func (n *Notifications) Invited(ctx context.Context, e vendors.Invited) error {
	i, err := n.Vendors.MailedInvitation(ctx, n.DB, e.InvitationID)
	if errors.Is(err, vendors.ErrNoInvitation) { // taken back, accepted or too old
		return nil
	}
	if err != nil {
		return err
	}
	return n.post(ctx, letter{
		Kind: VendorInvitation, To: i.Email, Locale: n.Locale, Link: n.BaseURL + invitePage + i.Token,
		Words: words{"vendor": i.Vendor, "inviter": greetable(i.Inviter), "role": string(i.Role), "until": n.when(i.ExpiresAt)},
	})
}

// DataReady sends a user the link to the copy of their data.
func (n *Notifications) DataReady(ctx context.Context, user id.User, link string, until time.Time) error {
	return n.tell(ctx, user, letter{Kind: DataExport, Words: words{"until": n.when(until)}, Link: link})
}

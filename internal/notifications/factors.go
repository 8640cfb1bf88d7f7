package notifications

import (
	"context"
	"errors"
	"fmt"
	"time"

	"souk/internal/id"
	"souk/internal/idp"
	"souk/internal/mfa"
	"souk/internal/platform/postgres"
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

// RecoveryCodesMade tells a user that their old codes are void.
func (n *Notifications) RecoveryCodesMade(ctx context.Context, e mfa.RecoveryCodesMade) error {
	return n.tell(ctx, e.UserID, letter{Kind: RecoveryCodesMade, Words: words{"time": n.now(ctx)}, Link: n.BaseURL + accountPage})
}

// PasskeyCopied warns a user of a passkey that somebody else may have.
func (n *Notifications) PasskeyCopied(ctx context.Context, e mfa.PasskeyCopied) error {
	return n.tell(ctx, e.UserID, letter{Kind: PasskeyCopied, Words: words{"time": n.now(ctx)}, Link: n.BaseURL + accountPage})
}

// LoginConnected tells a user that another site lets them in.
func (n *Notifications) LoginConnected(ctx context.Context, e idp.Linked) error {
	return n.tellOfLogin(ctx, LoginConnected, e.UserID, e.ProviderID)
}

// LoginDisconnected tells a user that another site lets them in no more.
func (n *Notifications) LoginDisconnected(ctx context.Context, e idp.Unlinked) error {
	return n.tellOfLogin(ctx, LoginDisconnected, e.UserID, e.ProviderID)
}

func (n *Notifications) tellOfLogin(ctx context.Context, kind Kind, user id.User, provider id.LoginProvider) error {
	name, err := providerName(ctx, n.DB, provider)
	if errors.Is(err, postgres.ErrNoRow) { // removed in the meantime, and with it all that it let in
		return nil
	}
	if err != nil {
		return fmt.Errorf("read login provider %s: %w", provider, err)
	}
	return n.tell(ctx, user, letter{Kind: kind, Words: words{"provider": name, "time": n.now(ctx)}, Link: n.BaseURL + accountPage})
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

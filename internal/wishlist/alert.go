package wishlist

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/catalog"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

// AlertKind is what an alert waits for.
type AlertKind string

// The kinds.
const (
	PriceDrop AlertKind = "price_drop"    // tells of each new low, until it is ended or a year has passed
	Restock   AlertKind = "back_in_stock" // tells once
)

const (
	proofLife  = 3 * 24 * time.Hour   // of an alert whose mailbox is not proven
	alertLife  = 365 * 24 * time.Hour // of one whose mailbox is
	toldLife   = 30 * 24 * time.Hour  // of one that has nothing more to tell, so that the link in its mail still ends all
	mailPause  = time.Hour            // until a mail may ask for the same proof a second and last time
	maxUnproof = 5                    // alerts of one mailbox that wait for a proof
	maxAlerts  = 50                   // alerts of one mailbox
)

var (
	// ErrAlertToken says no to the token of an alert, whatever is wrong with it.
	ErrAlertToken = errs.New(errs.Malformed, "invalid_token", "This link is not valid any more. Ask to be told once more.")
	// ErrNoAlert says that there is no such alert, or none to be mailed now.
	ErrNoAlert = errs.New(errs.NotFound, "alert_not_found", "There is no such alert.")
	// ErrNotForSale says that the public sees no such variant of the product.
	ErrNotForSale = errs.New(errs.NotFound, "product_not_found", "There is no such product.")
)

// Asked is what somebody wants to be told of.
type Asked struct {
	Product  string // its id or slug
	Variant  id.Variant
	Email    string
	Kind     AlertKind
	Currency money.Currency // the shop's when ""
	Locale   string         // of the mails; the shop's when ""
}

// Ask begins an alert and has a mail ask whoever reads the mailbox whether they
// want it. Nobody learns whether there is one already. Whoever asks, a mailbox
// that does not answer is asked about five things within three days, and twice
// about each.
func (w *Wishlists) Ask(ctx context.Context, tx pgx.Tx, a Asked) error {
	a.Email = strings.TrimSpace(a.Email)
	if a.Currency == "" {
		a.Currency = w.Currency
	}
	var bad errs.Fields
	bad.Require(accounts.ValidEmail(a.Email), "/email", "invalid", "This is not an e-mail address.")
	bad.Require(a.Currency.Valid(), "/currency", "unknown_currency", "Use an ISO 4217 code, such as USD.")
	if err := bad.Err(); err != nil {
		return err
	}
	alert := id.New[id.Alert]()
	switch to, err := w.insertAlert(ctx, tx, alert, a); {
	case err != nil:
		return err
	case to.IsZero():
		return nil
	default:
		return events.Raise(ctx, tx, AlertAsked{to})
	}
}

// Confirmed is what somebody is told of from now on.
type Confirmed struct {
	Kind    AlertKind `db:"kind" json:"kind" enum:"price_drop,back_in_stock"`
	Product string    `db:"product" json:"product"`
	Slug    string    `db:"slug" json:"slug"`
}

// Confirm begins to tell whoever has the token that was mailed. Doing it twice
// is doing it once.
func (w *Wishlists) Confirm(ctx context.Context, tx pgx.Tx, token string) (Confirmed, error) {
	c, err := confirmAlert(ctx, tx, sum(token), w.Clock.Now())
	if errors.Is(err, postgres.ErrNoRow) {
		return Confirmed{}, ErrAlertToken
	}
	if err != nil {
		return Confirmed{}, fmt.Errorf("confirm alert: %w", err)
	}
	return c, nil
}

// Alert is one row with the thing that it is about.
type Alert struct {
	ID           id.Alert      `db:"id"`
	Kind         AlertKind     `db:"kind"`
	Email        string        `db:"email"`
	UserID       id.User       `db:"user_id"` // who is known to read that mailbox
	Locale       string        `db:"locale"`
	ExpiresAt    time.Time     `db:"expires_at"`
	Confirmed    bool          `db:"confirmed"`
	ProductTitle string        `db:"product_title"`
	ProductSlug  string        `db:"product_slug"`
	VariantTitle string        `db:"variant_title"`
	OnSale       bool          `db:"on_sale"`
	PriceThen    *money.Amount `db:"price_then"`
	Price        *money.Amount `db:"price"`
}

// Title names what the alert is about in one piece.
func (a Alert) Title() string {
	return catalog.Titles{Product: a.ProductTitle, Variant: a.VariantTitle}.Line()
}

// ToMail reads an alert for the job that mails it, with the token that proves
// the mailbox while that is not done.
func (w *Wishlists) ToMail(ctx context.Context, db postgres.DB, alert id.Alert) (a Alert, token string, err error) {
	a, err = liveAlert(ctx, db, alert, w.Clock.Now())
	if errors.Is(err, postgres.ErrNoRow) {
		return Alert{}, "", ErrNoAlert
	}
	if err != nil {
		return Alert{}, "", fmt.Errorf("read alert %s: %w", alert, err)
	}
	if !a.Confirmed {
		token = w.secretOf(alert)
	}
	return a, token, nil
}

// secretOf is 256 bits that nobody makes who has not the shop's key.
func (w *Wishlists) secretOf(alert id.Alert) string {
	mac := hmac.New(sha256.New, w.MailKey)
	fmt.Fprintf(mac, "alert %s", alert)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func sum(token string) []byte {
	h := sha256.Sum256([]byte(token))
	return h[:]
}

package mfa

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

// Passkey is a key on somebody's device, or in their password manager.
type Passkey struct {
	ID         id.Factor  `db:"id" json:"id"`
	Name       string     `db:"name" json:"name"`
	CreatedAt  time.Time  `db:"created_at" json:"created_at"`
	LastUsedAt *time.Time `db:"last_used_at" json:"last_used_at,omitempty"`
}

var (
	// ErrPasskey says no to a passkey, whatever is wrong with it.
	ErrPasskey = errs.New(errs.Unauthenticated, "invalid_passkey", "This passkey is not known here, or its answer came too late. Try again.")
	// ErrPasskeyRefused says that a new passkey cannot be kept.
	ErrPasskeyRefused = errs.Validation.Field("/credential", "invalid", "This is not the answer to our question, or it came too late. Try again.")
	// ErrPasskeyThere says that a passkey is kept already.
	ErrPasskeyThere = errs.New(errs.Conflict, "passkey_exists", "This device has a passkey for this shop.")
	// ErrNoName says that passkeys need a shop with a name.
	ErrNoName = errs.New(errs.Conflict, "passkeys_unavailable", "Passkeys are made for names. Open the shop by its name, not by its address.")
	// ErrNoPasskey says that there is no such passkey of this user.
	ErrNoPasskey = errs.New(errs.NotFound, "not_found", "There is no such passkey.")
	// ErrTooManyPasskeys bounds the list.
	ErrTooManyPasskeys = errs.New(errs.Conflict, "too_many_passkeys", "You keep 20 passkeys. Remove one first.")
)

func init() { postgres.Name("passkeys_credential_key", ErrPasskeyThere) }

const (
	maxPasskeys  = 20
	ceremonyLife = 5 * time.Minute
)

// A Ceremony is a question to an authenticator. Session is for us to recognise
// it by when it is answered: what we must remember of it, sealed.
type Ceremony struct {
	Session string         `json:"session"`
	Options map[string]any `json:"options" doc:"As WebAuthn Level 3 writes them in JSON."`
}

// person is a user as the library wants one.
type person struct {
	id    id.User
	label string
	known []webauthn.Credential
}

func (p person) WebAuthnID() []byte                         { return p.id[:] }
func (p person) WebAuthnName() string                       { return p.label }
func (p person) WebAuthnDisplayName() string                { return p.label }
func (p person) WebAuthnCredentials() []webauthn.Credential { return p.known }

// party is this shop, the relying party.
func (f *Factors) party() (*webauthn.WebAuthn, error) {
	origin, err := url.Parse(f.Origin)
	if err != nil {
		return nil, fmt.Errorf("read base url: %w", err)
	}
	if protocol.ValidateRPID(origin.Hostname()) != nil {
		return nil, ErrNoName
	}
	limit := webauthn.TimeoutConfig{Enforce: true, Timeout: ceremonyLife, TimeoutUVD: ceremonyLife}
	return webauthn.New(&webauthn.Config{
		RPID: origin.Hostname(), RPDisplayName: f.ShopName, RPOrigins: []string{origin.Scheme + "://" + origin.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired,
		},
		Timeouts: webauthn.TimeoutsConfig{Login: limit, Registration: limit},
	})
}

// What a sealed session is for: one that begins a sign-in makes no passkey.
const (
	toRegister = "mfa.passkey.register"
	toSignIn   = "mfa.passkey.sign_in"
)

// StartPasskey asks an authenticator for a new key of user.
func (f *Factors) StartPasskey(ctx context.Context, db postgres.DB, user id.User) (Ceremony, error) {
	party, err := f.party()
	if err != nil {
		return Ceremony{}, err
	}
	who, err := f.person(ctx, db, user)
	if err != nil {
		return Ceremony{}, err
	}
	if len(who.known) >= maxPasskeys {
		return Ceremony{}, ErrTooManyPasskeys
	}
	options, session, err := party.BeginRegistration(who,
		webauthn.WithExclusions(webauthn.Credentials(who.known).CredentialDescriptors()))
	if err != nil {
		return Ceremony{}, fmt.Errorf("begin passkey of user %s: %w", user, err)
	}
	return f.ceremony(toRegister, session, options.Response)
}

// AddPasskey keeps the key that an authenticator made for user.
func (f *Factors) AddPasskey(ctx context.Context, tx pgx.Tx, user id.User, sealed, name string, credential map[string]any) (Passkey, error) {
	if err := f.mayChange(ctx, tx); err != nil {
		return Passkey{}, err
	}
	name = strings.TrimSpace(name)
	if n := utf8.RuneCountInString(name); n < 1 || n > 60 || strings.ContainsAny(name, "\r\n") {
		return Passkey{}, errs.Validation.Field("/name", "invalid", "Write one line of 1 to 60 characters.")
	}
	party, session, err := f.session(toRegister, sealed)
	if err != nil {
		return Passkey{}, err
	}
	who, err := f.person(ctx, tx, user)
	if err != nil {
		return Passkey{}, err
	}
	answer, err := json.Marshal(credential)
	if err != nil {
		return Passkey{}, fmt.Errorf("write passkey's answer: %w", err)
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return Passkey{}, ErrPasskeyRefused
	}
	made, err := party.CreateCredential(who, session, parsed)
	if err != nil { // another user's session, another origin, a forged or late answer
		return Passkey{}, ErrPasskeyRefused
	}
	if err := f.answered(ctx, tx, session, ErrPasskeyRefused); err != nil {
		return Passkey{}, err
	}
	key := Passkey{ID: id.New[id.Factor](), Name: name, CreatedAt: f.Clock.Now()}
	if err := insertPasskey(ctx, tx, user, key, made); err != nil {
		return Passkey{}, fmt.Errorf("keep passkey of user %s: %w", user, err)
	}
	return key, events.Raise(ctx, tx, FactorAdded{user, "passkey"})
}

// StartSignIn asks any authenticator for a key of this shop: which user's, its
// answer tells.
func (f *Factors) StartSignIn() (Ceremony, error) {
	party, err := f.party()
	if err != nil {
		return Ceremony{}, err
	}
	options, session, err := party.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return Ceremony{}, fmt.Errorf("begin sign-in by passkey: %w", err)
	}
	return f.ceremony(toSignIn, session, options.Response)
}

// SignIn tells whose passkey has answered, and uses the answer up. The device
// has verified its owner, so it is two factors in one. A counter that went back
// means that the key was copied: it is refused, and the caller gives the error
// to [Factors.Told] once tx has ended.
func (f *Factors) SignIn(ctx context.Context, tx pgx.Tx, sealed string, credential map[string]any) (id.User, error) {
	party, session, err := f.session(toSignIn, sealed)
	if err != nil {
		return id.User{}, ErrPasskey
	}
	answer, err := json.Marshal(credential)
	if err != nil {
		return id.User{}, fmt.Errorf("write passkey's answer: %w", err)
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return id.User{}, ErrPasskey
	}
	var trouble error // of ours, not of the passkey
	var key keptPasskey
	owner, used, err := party.ValidatePasskeyLogin(func(rawID, handle []byte) (webauthn.User, error) {
		found, err := lockPasskey(ctx, tx, rawID)
		if errors.Is(err, postgres.ErrNoRow) || err == nil && string(handle) != string(found.UserID[:]) {
			return nil, ErrPasskey
		}
		if err != nil {
			trouble = err
			return nil, err
		}
		key = found
		return person{id: found.UserID, known: []webauthn.Credential{found.Record}}, nil
	}, session, parsed)
	switch {
	case trouble != nil:
		return id.User{}, fmt.Errorf("read passkey: %w", trouble)
	case err != nil:
		return id.User{}, ErrPasskey
	case used.Authenticator.CloneWarning:
		return id.User{}, &copied{PasskeyCopied{key.UserID, key.ID}}
	}
	if err := f.answered(ctx, tx, session, ErrPasskey); err != nil {
		return id.User{}, err
	}
	if err := usePasskey(ctx, tx, used, f.Clock.Now()); err != nil {
		return id.User{}, fmt.Errorf("use passkey: %w", err)
	}
	return owner.(person).id, nil
}

// copied is the refusal of a passkey that was copied.
type copied struct{ event PasskeyCopied }

func (c *copied) Error() string {
	return "the counter of passkey " + c.event.PasskeyID.String() + " went back"
}
func (c *copied) Unwrap() error { return ErrPasskey }

// Told raises what an error of SignIn gives cause to, in a transaction of its
// own, for that of SignIn was rolled back; and returns the error.
func (f *Factors) Told(ctx context.Context, err error) error {
	var c *copied
	if !errors.As(err, &c) {
		return err
	}
	return errors.Join(err, postgres.InTx(ctx, f.DB, func(tx pgx.Tx) error { return events.Raise(ctx, tx, c.event) }))
}

// Rename gives a passkey another name.
func (f *Factors) Rename(ctx context.Context, tx pgx.Tx, user id.User, passkey id.Factor, name string) (Passkey, error) {
	name = strings.TrimSpace(name)
	if n := utf8.RuneCountInString(name); n < 1 || n > 60 || strings.ContainsAny(name, "\r\n") {
		return Passkey{}, errs.Validation.Field("/name", "invalid", "Write one line of 1 to 60 characters.")
	}
	return renamePasskey(ctx, tx, user, passkey, name)
}

// RemovePasskey forgets a passkey; the device may still show it, and it opens
// nothing.
func (f *Factors) RemovePasskey(ctx context.Context, tx pgx.Tx, user id.User, passkey id.Factor) error {
	if err := f.mayChange(ctx, tx); err != nil {
		return err
	}
	if err := deletePasskey(ctx, tx, user, passkey); err != nil {
		return err
	}
	return events.Raise(ctx, tx, FactorRemoved{user, "passkey"})
}

func (f *Factors) person(ctx context.Context, db postgres.DB, user id.User) (person, error) {
	label, err := f.Label(ctx, db, user)
	if err != nil {
		return person{}, err
	}
	known, err := records(ctx, db, user)
	if err != nil {
		return person{}, fmt.Errorf("read passkeys of user %s: %w", user, err)
	}
	return person{user, label, known}, nil
}

func (f *Factors) ceremony(purpose string, session *webauthn.SessionData, options any) (Ceremony, error) {
	remembered, err := json.Marshal(session)
	if err != nil {
		return Ceremony{}, fmt.Errorf("remember ceremony: %w", err)
	}
	text, err := json.Marshal(options)
	if err != nil {
		return Ceremony{}, fmt.Errorf("write options: %w", err)
	}
	c := Ceremony{Session: base64.RawURLEncoding.EncodeToString(f.Vault.Seal(purpose, remembered))}
	if err := json.Unmarshal(text, &c.Options); err != nil {
		return Ceremony{}, fmt.Errorf("write options: %w", err)
	}
	return c, nil
}

// session opens what ceremony has sealed.
func (f *Factors) session(purpose, sealed string) (*webauthn.WebAuthn, webauthn.SessionData, error) {
	var session webauthn.SessionData
	party, err := f.party()
	if err != nil {
		return nil, session, err
	}
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return nil, session, ErrPasskeyRefused
	}
	text, err := f.Vault.Open(purpose, raw)
	if err != nil {
		return nil, session, ErrPasskeyRefused
	}
	if err := json.Unmarshal(text, &session); err != nil {
		return nil, session, fmt.Errorf("read ceremony: %w", err)
	}
	return party, session, nil
}

// answered notes that a challenge was answered, or says no the second time.
func (f *Factors) answered(ctx context.Context, tx pgx.Tx, session webauthn.SessionData, refusal error) error {
	sum := sha256.Sum256([]byte(session.Challenge))
	first, err := insertAnswer(ctx, tx, sum[:], f.Clock.Now().Add(2*ceremonyLife))
	if err == nil && !first {
		return refusal
	}
	return err
}

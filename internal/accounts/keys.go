package accounts

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

// SigningKey is an Ed25519 key of ours.
type SigningKey struct {
	ID        string     `db:"kid" json:"kid"`
	Sealed    []byte     `db:"private_key" json:"-"`
	CreatedAt time.Time  `db:"created_at" json:"created_at"`
	RetiredAt *time.Time `db:"retired_at" json:"retired_at,omitempty"`
	private   ed25519.PrivateKey
}

// keyring remembers the keys, for they hardly ever change.
type keyring struct {
	mu      sync.Mutex
	known   map[string]ed25519.PublicKey
	current SigningKey
	readAt  time.Time
}

const (
	keyMemory = 5 * time.Minute     // how long a node goes on signing with a key it has read
	keyLife   = 90 * 24 * time.Hour // after which the key is changed by itself
)

// signingKey is the key to sign with; the first node to ask makes it.
func (u *Users) signingKey(ctx context.Context) (SigningKey, error) {
	u.keys.mu.Lock()
	defer u.keys.mu.Unlock()
	if u.keys.current.ID != "" && u.Clock.Now().Sub(u.keys.readAt) < keyMemory {
		return u.keys.current, nil
	}
	if err := u.readKeys(ctx); err != nil {
		return SigningKey{}, err
	}
	if u.keys.current.ID != "" {
		return u.keys.current, nil
	}
	err := postgres.InTx(ctx, u.DB, func(tx pgx.Tx) error {
		return insertKeyUnlessThereIsOne(ctx, tx, u.newSigningKey())
	})
	if err != nil {
		return SigningKey{}, fmt.Errorf("make signing key: %w", err)
	}
	err = u.readKeys(ctx)
	return u.keys.current, err
}

// publicKey finds the key that a token names, if it is ours. A name not known
// here may be a key that another node has just made; looking costs a query, at
// most once a second.
func (u *Users) publicKey(ctx context.Context, kid string) (ed25519.PublicKey, error) {
	u.keys.mu.Lock()
	defer u.keys.mu.Unlock()
	if u.keys.known[kid] == nil && u.Clock.Now().Sub(u.keys.readAt) >= time.Second {
		if err := u.readKeys(ctx); err != nil {
			return nil, err
		}
	}
	if key := u.keys.known[kid]; key != nil {
		return key, nil
	}
	return nil, auth.ErrUnauthenticated
}

// readKeys is called with the lock held.
func (u *Users) readKeys(ctx context.Context) error {
	now := u.Clock.Now()
	keys, err := u.SigningKeys(ctx)
	if err != nil {
		return err
	}
	u.keys.known, u.keys.current, u.keys.readAt = map[string]ed25519.PublicKey{}, SigningKey{}, now
	for _, k := range keys {
		u.keys.known[k.ID] = k.public()
		if k.RetiredAt == nil {
			u.keys.current = k
		}
	}
	return nil
}

// SigningKeys are those that a good token may be signed with: the current one,
// and retired ones for as long as tokens that they signed may live.
func (u *Users) SigningKeys(ctx context.Context) ([]SigningKey, error) {
	keys, err := selectKeys(ctx, u.DB, u.Clock.Now().Add(-accessLife-keyMemory))
	if err != nil {
		return nil, fmt.Errorf("read signing keys: %w", err)
	}
	for i := range keys {
		if err := u.open(&keys[i]); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// open takes the private key out of its seal. Shops older than the seal have it
// bare until [Users.ResealKeys] or the next rotation.
func (u *Users) open(k *SigningKey) error {
	seed := k.Sealed
	if len(seed) != ed25519.SeedSize {
		var err error
		if seed, err = u.Vault.Open(k.sealedFor(), k.Sealed); err != nil {
			return fmt.Errorf("open signing key %s: %w", k.ID, err)
		}
	}
	k.private = ed25519.NewKeyFromSeed(seed)
	return nil
}

func (k SigningKey) sealedFor() string { return "signing key " + k.ID }

func (k SigningKey) public() ed25519.PublicKey { return k.private.Public().(ed25519.PublicKey) }

func (u *Users) newSigningKey() SigningKey {
	seed := make([]byte, ed25519.SeedSize)
	_, _ = rand.Read(seed) // never fails, by its documentation
	k := SigningKey{ID: rand.Text(), CreatedAt: u.Clock.Now()}
	k.Sealed = u.Vault.Seal(k.sealedFor(), seed)
	return k
}

// RotateKeys makes the key that signs from now on and names it. Nodes that
// remember the one before go on signing with it for up to keyMemory, and what it
// signed stays good until it expires.
func (u *Users) RotateKeys(ctx context.Context, tx pgx.Tx) (kid string, err error) {
	key := u.newSigningKey()
	if err := replaceKey(ctx, tx, key); err != nil {
		return "", fmt.Errorf("rotate signing keys: %w", err)
	}
	return key.ID, events.Raise(ctx, tx, KeysRotated{key.ID})
}

// RenewKeys rotates a key that is older than keyLife and drops those that are
// of no use any more.
func (u *Users) RenewKeys(ctx context.Context) error {
	return postgres.InTx(ctx, u.DB, func(tx pgx.Tx) error {
		now := u.Clock.Now()
		if err := deleteRetiredKeys(ctx, tx, now.Add(-24*time.Hour)); err != nil {
			return fmt.Errorf("drop signing keys: %w", err)
		}
		due, err := isKeyOlderThan(ctx, tx, now.Add(-keyLife))
		if err != nil || !due {
			return err
		}
		_, err = u.RotateKeys(ctx, tx)
		return err
	})
}

// ResealKeys seals the private keys with the newest master key.
func (u *Users) ResealKeys(ctx context.Context, tx pgx.Tx) (int, error) {
	keys, err := selectKeys(ctx, tx, time.Time{})
	if err != nil {
		return 0, err
	}
	renewed := 0
	for _, k := range keys {
		sealed, old := u.Vault.Seal(k.sealedFor(), k.Sealed), true
		if len(k.Sealed) != ed25519.SeedSize {
			if sealed, old, err = u.Vault.Renew(k.sealedFor(), k.Sealed); err != nil {
				return 0, err
			}
		}
		if !old {
			continue
		}
		if err := updateSealedKey(ctx, tx, k.ID, sealed); err != nil {
			return 0, err
		}
		renewed++
	}
	return renewed, nil
}

// JWK is a public key as RFC 8037 writes it.
type JWK struct {
	KeyType   string `json:"kty" example:"OKP"`
	Curve     string `json:"crv" example:"Ed25519"`
	X         string `json:"x"`
	ID        string `json:"kid"`
	Use       string `json:"use" example:"sig"`
	Algorithm string `json:"alg" example:"EdDSA"`
}

// JWKS is the set of keys that access tokens may be signed with.
type JWKS struct {
	Keys []JWK `json:"keys"`
}

// JWKS lists our public keys, for services that check access tokens themselves.
func (u *Users) JWKS(ctx context.Context) (JWKS, error) {
	if _, err := u.signingKey(ctx); err != nil { // so that there is one
		return JWKS{}, err
	}
	keys, err := u.SigningKeys(ctx)
	if err != nil {
		return JWKS{}, err
	}
	set := JWKS{Keys: []JWK{}}
	for _, k := range keys {
		set.Keys = append(set.Keys, JWK{
			KeyType: "OKP", Curve: "Ed25519", X: base64.RawURLEncoding.EncodeToString(k.public()),
			ID: k.ID, Use: "sig", Algorithm: jwt.SigningMethodEdDSA.Alg(),
		})
	}
	return set, nil
}

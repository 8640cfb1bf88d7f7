// Package apikeys lets programs in: integrations of the shop, and of vendors.
//
// Owns: API keys, what each may do, when each was used.
// Tables: api_keys.
// Raises: [Created], [Revoked].
// Calls: nobody.
//
// A key belongs to the shop or to a vendor, not to who made it. It can do what
// its scopes say, which are permissions; never what only a person may: its own
// account, a proof of identity, the keys and teams of others.
package apikeys

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/clock"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// What staff may be permitted to do with API keys.
const (
	CanRead  auth.Permission = "api_keys.read"
	CanWrite auth.Permission = "api_keys.write"
)

// Permissions lists what this module declares.
func Permissions() []auth.Permission { return []auth.Permission{CanRead, CanWrite} }

// Keys is every API key.
type Keys struct {
	DB     postgres.DB
	Clock  clock.Clock
	Grants *auth.Grants

	cursors httpapi.Cursors
}

// Key is an API key, without its secret.
type Key struct {
	ID         id.APIKey         `db:"id" json:"id"`
	Hint       string            `db:"hint" json:"hint" doc:"Its first and last letters, to tell it from others."`
	Name       string            `db:"name" json:"name"`
	VendorID   *id.Vendor        `db:"vendor_id" json:"vendor_id,omitempty"`
	Scopes     []auth.Permission `db:"scopes" json:"scopes"`
	CreatedBy  *id.User          `db:"created_by" json:"created_by,omitempty"`
	CreatedAt  time.Time         `db:"created_at" json:"created_at"`
	ExpiresAt  *time.Time        `db:"expires_at" json:"expires_at,omitempty"`
	LastUsedAt *time.Time        `db:"last_used_at" json:"last_used_at,omitempty" doc:"To the minute."`
	RevokedAt  *time.Time        `db:"revoked_at" json:"revoked_at,omitempty"`
}

// Made is a new key with its secret, which is shown this once.
type Made struct {
	Key
	Secret string `json:"secret" doc:"Send it as Authorization: Bearer …; it is not shown again."`
}

var (
	// ErrNoKey says that there is no such key, or that it is another vendor's.
	ErrNoKey = errs.New(errs.NotFound, "not_found", "There is no such API key.")
	// ErrBeyondOwnRights keeps people from lending what they do not have.
	ErrBeyondOwnRights = errs.New(errs.Forbidden, "beyond_own_rights", "Nobody gives a key a right that they do not have themselves.")
)

// Wish is what somebody wants of a new key.
type Wish struct {
	Name    string
	Vendor  id.Vendor // zero is the shop's
	Scopes  []auth.Permission
	Expires *time.Time // nil is never
	Test    bool       // marks it for a test shop; it can do the same
}

// notForKeys is what takes a person: who holds these makes more of themselves.
var notForKeys = []auth.Permission{
	auth.AsCustomer, auth.VendorTeam, auth.VendorSettings, CanWrite, "roles.write", "users.impersonate", "users.impersonate_write", "users.erase",
}

// MayBeLent reports whether keys of the shop, or of vendors, can have a
// permission.
func (k *Keys) MayBeLent(p auth.Permission, vendors bool) bool {
	return k.Grants.Knows(p) && p.Vendors() == vendors && !slices.Contains(notForKeys, p)
}

// Create makes a key that can do no more than the actor of ctx.
func (k *Keys) Create(ctx context.Context, tx pgx.Tx, w Wish) (Made, error) {
	w.Name = strings.TrimSpace(w.Name)
	var bad errs.Fields
	length := utf8.RuneCountInString(w.Name)
	bad.Require(1 <= length && length <= 100 && !strings.ContainsAny(w.Name, "\r\n\x00"), "/name", "invalid", "Write one line of 1 to 100 characters.")
	bad.Require(len(w.Scopes) > 0, "/scopes", "required", "A key can do something.")
	for i, p := range w.Scopes {
		bad.Require(k.MayBeLent(p, !w.Vendor.IsZero()), fmt.Sprintf("/scopes/%d", i), "unknown_scope", "Keys cannot have this.")
	}
	bad.Require(w.Expires == nil || w.Expires.After(k.Clock.Now()), "/expires_at", "past", "This has passed.")
	if err := bad.Err(); err != nil {
		return Made{}, err
	}
	actor := auth.From(ctx)
	if actor.System == "" && !actor.MayGive(w.Scopes) {
		return Made{}, ErrBeyondOwnRights
	}
	slices.Sort(w.Scopes)
	secret := newSecret(w.Test)
	made := Made{Secret: secret, Key: Key{
		ID: id.New[id.APIKey](), Hint: secret[:11] + "…" + secret[len(secret)-4:], Name: w.Name, Scopes: slices.Compact(w.Scopes),
		CreatedAt: k.Clock.Now(), ExpiresAt: w.Expires,
	}}
	if !w.Vendor.IsZero() {
		made.VendorID = &w.Vendor
	}
	if !actor.User.IsZero() {
		made.CreatedBy = &actor.User
	}
	if err := insertKey(ctx, tx, made.Key, hashOf(secret)); err != nil {
		return Made{}, fmt.Errorf("make API key: %w", err)
	}
	return made, events.Raise(ctx, tx, Created{made.ID})
}

// Revoke ends a key at once; one that has ended is no error. The zero vendor is
// everybody's.
func (k *Keys) Revoke(ctx context.Context, tx pgx.Tx, vendor id.Vendor, key id.APIKey) error {
	first, err := revoke(ctx, tx, vendor, key, k.Clock.Now())
	if err != nil || !first {
		return err
	}
	return events.Raise(ctx, tx, Revoked{key})
}

const (
	livePrefix = "sk_live_"
	testPrefix = "sk_test_"
	keyBytes   = 20 // 160 random bits
)

var text = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// newSecret is a prefix that scanners of leaked secrets know, 160 random bits,
// and a checksum, so that a typing error is told without a query.
func newSecret(test bool) string {
	prefix := livePrefix
	if test {
		prefix = testPrefix
	}
	random := make([]byte, keyBytes)
	_, _ = rand.Read(random) // never fails, by its documentation
	body := prefix + text.EncodeToString(random)
	return body + checksum(body)
}

func checksum(body string) string {
	return text.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(body))))
}

// IsKey reports whether a bearer token looks like one of ours.
func IsKey(bearer string) bool {
	return strings.HasPrefix(bearer, livePrefix) || strings.HasPrefix(bearer, testPrefix)
}

// hashOf needs no salt and no slow function: nobody guesses 160 random bits.
func hashOf(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// Authenticate says whose key a bearer token is. It is asked at each request:
// revoking a key, or taking a right from its scopes, works on the next one.
func (k *Keys) Authenticate(ctx context.Context, bearer string) (auth.Actor, error) {
	const sumLength = 7
	if len(bearer) < sumLength || checksum(bearer[:len(bearer)-sumLength]) != bearer[len(bearer)-sumLength:] {
		return auth.Actor{}, auth.ErrUnauthenticated
	}
	key, err := liveKey(ctx, k.DB, hashOf(bearer), k.Clock.Now())
	if errors.Is(err, postgres.ErrNoRow) {
		return auth.Actor{}, auth.ErrUnauthenticated
	}
	if err != nil {
		return auth.Actor{}, fmt.Errorf("read API key: %w", err)
	}
	if err := k.noteUse(ctx, key); err != nil {
		return auth.Actor{}, err
	}
	actor := auth.Actor{Key: key.ID, Permissions: map[auth.Permission]bool{}}
	if key.VendorID != nil {
		actor.Vendor = *key.VendorID
		actor.Permissions[auth.AsVendor] = true // to look, as everybody in the team
	}
	for _, p := range key.Scopes {
		if k.MayBeLent(p, key.VendorID != nil) {
			actor.Permissions[p] = true
		}
	}
	return actor, nil
}

// noteUse writes down that a key is used, once a minute at most.
func (k *Keys) noteUse(ctx context.Context, key Key) error {
	now := k.Clock.Now()
	if key.LastUsedAt != nil && now.Sub(*key.LastUsedAt) < time.Minute {
		return nil
	}
	err := postgres.InTx(ctx, k.DB, func(tx pgx.Tx) error { return touch(ctx, tx, key.ID, now) })
	if err != nil {
		return fmt.Errorf("note use of API key %s: %w", key.ID, err)
	}
	return nil
}

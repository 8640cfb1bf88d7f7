package digital

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/inventory"
	"souk/internal/platform/postgres"
)

// The states of a key.
const (
	Free    = "free"
	Granted = "granted"
	Revoked = "revoked" // withdrawn by its vendor before it was sold
)

// A Key is a licence key as its vendor sees it, once it has been added: never
// whole again.
type Key struct {
	ID        id.LicenceKey `db:"id" json:"id"`
	VariantID id.Variant    `db:"variant_id" json:"variant_id"`
	Masked    string        `db:"masked" json:"masked_key" example:"••••7QF2"`
	State     string        `db:"state" json:"state" enum:"free,granted,revoked"`
	OrderLine id.OrderLine  `db:"order_line_id" json:"order_line_id,omitzero" doc:"To which it was sold."`
	CreatedAt time.Time     `db:"created_at" json:"created_at"`
}

// Added says what became of keys that were sent.
type Added struct {
	Added      int `json:"added"`
	Duplicates int `json:"duplicates" doc:"Keys that the variant has, or has had, already; and those that were sent twice."`
}

// A secret is a key on its way into the vault.
type secret struct {
	id     id.LicenceKey
	digest []byte
	sealed []byte
	hint   string
}

// AddKeys adds licence keys to a variant, of a vendor unless that is zero, and
// as many units to its stock. Those that it has had before are left out.
func (g *Goods) AddKeys(ctx context.Context, tx pgx.Tx, vendor id.Vendor, variant id.Variant, keys []string) (Added, error) {
	secrets, err := g.seal(variant, keys)
	if err != nil {
		return Added{}, err
	}
	of, err := lockVariant(ctx, tx, vendor, variant)
	switch {
	case err != nil:
		return Added{}, err
	case !of.Tracked:
		return Added{}, inventory.ErrNotTracked
	}
	n, err := insertKeys(ctx, tx, of.Vendor, variant, secrets)
	if err != nil {
		return Added{}, err
	}
	if n > 0 {
		err = g.Stock.AdjustSerialised(ctx, tx, of.Vendor, inventory.Adjustment{Variant: variant, Delta: n, Reason: "receive"})
	}
	return Added{Added: n, Duplicates: len(keys) - n}, err
}

// seal makes rows of keys, sorted, without those that come twice.
func (g *Goods) seal(variant id.Variant, keys []string) ([]secret, error) {
	var (
		secrets []secret
		bad     errs.Fields
		seen    = map[string]bool{}
	)
	for i, key := range keys {
		key = strings.TrimSpace(key)
		length := utf8.RuneCountInString(key)
		bad.Require(length > 0 && length <= longestKey && strings.IndexFunc(key, isControl) < 0, "/keys/"+strconv.Itoa(i), "invalid",
			"A key is one line of 1 to 1000 characters.")
		if seen[key] {
			continue
		}
		seen[key] = true
		s := secret{id: id.New[id.LicenceKey](), digest: g.digest(variant, key), hint: hint(key)}
		s.sealed = g.Vault.Seal(keyContext(s.id), []byte(key))
		secrets = append(secrets, s)
	}
	slices.SortFunc(secrets, func(a, b secret) int { return bytes.Compare(a.digest, b.digest) })
	return secrets, bad.Err()
}

func isControl(r rune) bool { return unicode.IsControl(r) }

// digest tells equal keys of a variant. It takes our own key to make, so that
// short ones cannot be guessed from it.
func (g *Goods) digest(variant id.Variant, key string) []byte {
	mac := hmac.New(sha256.New, g.HashKey)
	fmt.Fprintf(mac, "%s %s", variant, key)
	return mac.Sum(nil)
}

// hint is the last letters of a key, and never more than a quarter of it.
func hint(key string) string {
	letters := []rune(key)
	return string(letters[len(letters)-min(4, len(letters)/4):])
}

func keyContext(key id.LicenceKey) string { return "digital.key " + key.String() }

// RevokeKey withdraws a key that is not sold yet, and its unit of stock; the
// stock refuses where every free key is promised to an order.
func (g *Goods) RevokeKey(ctx context.Context, tx pgx.Tx, vendor id.Vendor, variant id.Variant, key id.LicenceKey) error {
	of, err := lockVariant(ctx, tx, vendor, variant)
	if err != nil {
		return err
	}
	if err := keyIsFree(ctx, tx, variant, key); err != nil {
		return err
	}
	if err := g.Stock.AdjustSerialised(ctx, tx, of.Vendor, inventory.Adjustment{Variant: variant, Delta: -1, Reason: "damage", Note: key.String()}); err != nil {
		return err
	}
	return revokeKey(ctx, tx, variant, key)
}

// open is a key in the clear.
func (g *Goods) open(ctx context.Context, db postgres.DB, key id.LicenceKey) (string, error) {
	sealed, err := postgres.Scalar[[]byte](ctx, db, `SELECT sealed FROM licence_keys WHERE id = @key`, pgx.NamedArgs{"key": key})
	if err != nil {
		return "", fmt.Errorf("read licence key %s: %w", key, err)
	}
	plain, err := g.Vault.Open(keyContext(key), sealed)
	if err != nil {
		return "", fmt.Errorf("open licence key %s: %w", key, err)
	}
	return string(plain), nil
}

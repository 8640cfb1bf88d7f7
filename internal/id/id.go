// Package id names things.
//
// In the database an id is a UUIDv7, so that it sorts by birth; outside it is
// a prefix and 26 letters of Crockford's base32, which sorts the same way:
//
//	prod_01jd8x3m5kf0a9v2q7r4t6w8yz
//
// Each noun has a type of its own, so the compiler refuses a variant where a
// product is meant. Ids are never permissions; those that are (carts) are made
// by [Secret] and hold 128 random bits.
package id

import (
	"crypto/rand"
	"encoding"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
)

// Of is an id of one kind of thing. The zero value means "none" and is NULL in
// the database.
type Of[K kind] [16]byte

type kind interface{ prefix() string }

// Crockford's alphabet in lower case: no i, l, o, u.
var crockford = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// ErrMalformed says that a text is not an id of the wanted kind.
var ErrMalformed = errors.New("malformed id")

// New makes an id that sorts after those made before it: id.New[id.Order]().
func New[T ~[16]byte]() T { return T(uuid.Must(uuid.NewV7())) }

// Secret makes an id of 128 random bits, for things whose id is a capability.
func Secret[T ~[16]byte]() T {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		panic(err) // the operating system's generator does not fail
	}
	return T(b)
}

// Parse reads the text form: id.Parse[id.Order]("ord_...").
func Parse[T any, P interface {
	*T
	encoding.TextUnmarshaler
}](s string) (v T, err error) {
	err = P(&v).UnmarshalText([]byte(s))
	return v, err
}

// IsZero reports whether v names nothing.
func (v Of[K]) IsZero() bool { return v == Of[K]{} }

// String is the text form; the zero id is "".
func (v Of[K]) String() string {
	if v.IsZero() {
		return ""
	}
	var k K
	return k.prefix() + "_" + crockford.EncodeToString(v[:])
}

// Pattern is the form of the text as a regular expression, for the API's document.
func (Of[K]) Pattern() string {
	var k K
	return "^" + k.prefix() + "_[0-9a-hjkmnp-tv-z]{26}$"
}

// MarshalText is String, for JSON and for parameters.
func (v Of[K]) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText is strict: the right prefix, lower case, exactly 26 letters.
func (v *Of[K]) UnmarshalText(b []byte) error {
	var k K
	rest, ok := strings.CutPrefix(string(b), k.prefix()+"_")
	if !ok || len(rest) != 26 {
		return fmt.Errorf("%w: want %s_ and 26 letters", ErrMalformed, k.prefix())
	}
	raw, err := crockford.DecodeString(rest)
	if err != nil || len(raw) != 16 || crockford.EncodeToString(raw) != rest {
		return fmt.Errorf("%w: not base32", ErrMalformed)
	}
	copy(v[:], raw)
	return nil
}

// ScanUUID reads a uuid column; NULL is the zero id.
func (v *Of[K]) ScanUUID(u pgtype.UUID) error {
	*v = u.Bytes
	return nil
}

// UUIDValue writes a uuid column; the zero id is NULL.
func (v Of[K]) UUIDValue() (pgtype.UUID, error) {
	return pgtype.UUID{Bytes: v, Valid: !v.IsZero()}, nil
}

package orders

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
	"time"

	"souk/internal/id"
)

// NewToken makes the secret that opens an order for a guest, and the hash of
// it that is kept.
func NewToken() (token string, hash []byte) {
	secret := make([]byte, 24)
	if _, err := rand.Read(secret); err != nil {
		panic(err) // the operating system's generator does not fail
	}
	token = base64.RawURLEncoding.EncodeToString(secret)
	sum := sha256.Sum256([]byte(token))
	return token, sum[:]
}

// nobodys is compared with when an order has no token, or is not there at all,
// so that the answer takes as long.
var nobodys = sha256.Sum256(nil)

// opens reports whether token opens o at a moment.
func (o Order) opens(token string, now time.Time) bool {
	hash := o.TokenHash
	if len(hash) == 0 {
		hash = nobodys[:]
	}
	sum := sha256.Sum256([]byte(token))
	matches := subtle.ConstantTimeCompare(sum[:], hash) == 1
	return matches && len(o.TokenHash) > 0 && token != "" && now.Before(o.PlacedAt.Add(tokenLife))
}

// ownedBy reports whether a signed-in user placed o. Nobody owns a guest's
// order by being nobody.
func (o Order) ownedBy(user id.User) bool { return !user.IsZero() && o.User == user }

const letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // Crockford's: no I, L, O, U

// NewNumbers makes a few numbers for one order, of which it takes the first
// that is free: 8 random letters, so that a number tells no volume. A thousand
// million orders leave one chance in a thousand that the first is taken.
func NewNumbers(prefix string) []string {
	numbers := make([]string, 4)
	for i := range numbers {
		var random [8]byte
		if _, err := rand.Read(random[:]); err != nil {
			panic(err) // the operating system's generator does not fail
		}
		var n strings.Builder
		n.WriteString(prefix)
		for _, b := range random {
			n.WriteByte(letters[b%32])
		}
		numbers[i] = n.String()
	}
	return numbers
}

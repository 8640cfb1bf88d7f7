package accounts

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/trustelem/zxcvbn"
	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"souk/internal/errs"
)

var (
	// ErrWrongPassword says no to a wrong name and to a wrong password alike.
	ErrWrongPassword = errs.New(errs.Unauthenticated, "invalid_credentials", "That name and password do not belong together.")
	// ErrHashingBusy says that more passwords wait to be hashed than is sane.
	ErrHashingBusy = errs.New(errs.Unavailable, "busy", "Too many people are signing in right now. Please try again in a moment.").After(2 * time.Second)
)

const (
	minPassword = 10 // characters, after NFC
	maxPassword = 128
	minScore    = 3  // of zxcvbn's 0 to 4: safely unguessable
	scoredRunes = 40 // zxcvbn is cubic; what is strong so far stays strong
)

// checkPassword says what is wrong with a new password. Words of context (name,
// e-mail, shop) do not count towards its strength.
func checkPassword(pointer, password string, context ...string) []errs.Field {
	var bad errs.Fields
	password = norm.NFC.String(password)
	length := utf8.RuneCountInString(password)
	bad.Require(length >= minPassword, pointer, "too_short", "Use at least 10 characters.")
	bad.Require(length <= maxPassword, pointer, "too_long", "Use at most 128 characters.")
	bad.Require(!strings.ContainsRune(password, 0), pointer, "invalid", "A password has no NUL.")
	if len(bad) > 0 {
		return bad
	}
	start := string([]rune(password)[:min(length, scoredRunes)])
	strong := zxcvbn.PasswordStrength(start, contextWords(context)).Score >= minScore
	bad.Require(strong, pointer, "too_weak", "This is easy to guess. Use more words, or less common ones.")
	return bad
}

// contextWords cuts "ann.lee@shop.example" into what a guesser would try.
func contextWords(texts []string) []string {
	var words []string
	for _, text := range texts {
		text = strings.ToLower(text)
		for _, word := range append(strings.FieldsFunc(text, isSeparator), text) {
			if len(word) >= 3 {
				words = append(words, word)
			}
		}
	}
	return words
}

func isSeparator(r rune) bool { return strings.ContainsRune(" .@_-+,'", r) }

// Cost of one hash: argon2id as OWASP and security.md want it, about 20 ms.
const (
	hashMemory  = 19 << 10 // KiB
	hashPasses  = 2
	hashThreads = 1
	hashSize    = 32
	saltSize    = 16
)

var b64 = base64.RawStdEncoding

// hash makes a PHC string out of a password.
func (u *Users) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails, by its documentation
	at, err := u.hashing.enter(false)
	if err != nil {
		return "", err
	}
	defer at.leave()
	key, err := at.derive(ctx, password, salt, hashMemory, hashPasses, hashThreads, hashSize)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		hashMemory, hashPasses, hashThreads, b64.EncodeToString(salt), b64.EncodeToString(key)), nil
}

// verify refuses a password that does not make the stored hash. No stored hash
// costs as much as a wrong one, so that time does not tell who has an account.
func (p place) verify(ctx context.Context, password, stored string) error {
	known := stored != ""
	if !known {
		stored = nobodysHash
	}
	var version, memory, passes, threads int
	parts := strings.Split(stored, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return fmt.Errorf("read password hash: not a PHC string of argon2id")
	}
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &passes, &threads); err != nil {
		return fmt.Errorf("read password hash: %w", err)
	}
	salt, err := b64.DecodeString(parts[4])
	if err != nil {
		return fmt.Errorf("read salt of password hash: %w", err)
	}
	want, err := b64.DecodeString(parts[5])
	if err != nil {
		return fmt.Errorf("read password hash: %w", err)
	}
	got, err := p.derive(ctx, password, salt, uint32(memory), uint32(passes), uint8(threads), uint32(len(want)))
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(got, want) != 1 || !known {
		return ErrWrongPassword
	}
	return nil
}

// nobodysHash has the cost of a real one and the password of nobody.
var nobodysHash = fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, hashMemory, hashPasses, hashThreads,
	b64.EncodeToString(make([]byte, saltSize)), b64.EncodeToString(make([]byte, hashSize)))

package credit

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"souk/internal/id"
)

// letters are those of a code, without what is mistaken for something else: 32,
// so that a byte picks each as often.
const letters = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

// codeLength is how many of them a code has: 80 bits that nobody guesses.
const codeLength = 16

// codeOf makes the code of a gift card out of its id and a key.
func codeOf(key []byte, card id.GiftCard) string {
	mac := hmac.New(sha256.New, key)
	mac.Write(card[:])
	var b strings.Builder
	for _, n := range mac.Sum(nil)[:codeLength] {
		b.WriteByte(letters[int(n)%len(letters)])
	}
	return b.String()
}

// hashOf is how a code is found again. It needs no key: cards outlive keys, and
// there are too many codes to try.
func hashOf(code string) []byte {
	sum := sha256.Sum256([]byte("souk gift card\n" + code))
	return sum[:]
}

func hintOf(code string) string { return code[codeLength-4:] }

// grouped is a code as people read it.
func grouped(code string) string {
	return code[:4] + "-" + code[4:8] + "-" + code[8:12] + "-" + code[12:]
}

// Hash is what stands of a code in the database, however it was written: case,
// blanks, dashes and full-width letters do not count. What can be no code has
// the hash of none.
func Hash(written string) []byte {
	if len(written) > 200 {
		return hashOf("")
	}
	code := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '-' || r == '‐' || r == '–' {
			return -1
		}
		return r
	}, strings.ToUpper(norm.NFKC.String(written)))
	return hashOf(code)
}

// code makes the code of a card again, with whichever key it was made.
func (m *Balances) code(card id.GiftCard, hash []byte) (string, bool) {
	for _, key := range m.CodeKeys {
		if code := codeOf(key, card); subtle.ConstantTimeCompare(hashOf(code), hash) == 1 {
			return code, true
		}
	}
	return "", false
}

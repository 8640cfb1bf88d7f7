// Package vault seals the secrets that the shop keeps for others: the keys of
// providers, the seeds of second factors.
//
// Owns: how they are sealed ([Vault]). Tables: none; whoever has a secret keeps
// the sealed bytes in a column of its own. Raises: nothing. Calls: nobody.
package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
)

// ErrSealed says that none of our keys opens this, or that it was tampered
// with, or that it was sealed for something else.
var ErrSealed = errors.New("this secret does not open with the keys at hand")

// Vault seals with AES-256-GCM. Sealed bytes name their key, so that an older
// one still opens them until everything has been sealed anew.
type Vault struct{ keys []key }

type key struct {
	id   [idSize]byte
	aead cipher.AEAD
}

const idSize = 4

// New makes a vault of 32-byte keys. The first one seals, all of them open.
func New(secrets ...[]byte) *Vault {
	v := &Vault{}
	for _, secret := range secrets {
		block, err := aes.NewCipher(secret)
		if err != nil {
			panic(err) // only when a key has another size
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			panic(err) // only when AES had another block size
		}
		sum := sha256.Sum256(append([]byte("souk vault key id"), secret...))
		v.keys = append(v.keys, key{[idSize]byte(sum[:idSize]), aead})
	}
	return v
}

// Seal encrypts plain for one purpose and owner, such as "mfa.totp user_01…";
// it opens with the same context only, so a row's secret is worthless in
// another row.
func (v *Vault) Seal(context string, plain []byte) []byte {
	k := v.keys[0]
	nonce := make([]byte, k.aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails, by its documentation
	return k.aead.Seal(append(k.id[:], nonce...), nonce, plain, []byte(context))
}

// Open is what was sealed for context.
func (v *Vault) Open(context string, sealed []byte) ([]byte, error) {
	for _, k := range v.keys {
		size := idSize + k.aead.NonceSize()
		if len(sealed) < size || [idSize]byte(sealed[:idSize]) != k.id {
			continue
		}
		plain, err := k.aead.Open(nil, sealed[idSize:size], sealed[size:], []byte(context))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrSealed, err)
		}
		return plain, nil
	}
	return nil, ErrSealed
}

// Renew seals with the newest key what was sealed with an older one. It reports
// whether that was so.
func (v *Vault) Renew(context string, sealed []byte) (renewed []byte, old bool, err error) {
	if len(sealed) >= idSize && [idSize]byte(sealed[:idSize]) == v.keys[0].id {
		return sealed, false, nil
	}
	plain, err := v.Open(context, sealed)
	if err != nil {
		return nil, true, err
	}
	return v.Seal(context, plain), true, nil
}

package accounts

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
	"souk/internal/platform/vault"
)

func TestTwoNodesMakeOneKey(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	const nodes = 6
	var wg sync.WaitGroup
	keys := make([]string, nodes)
	for i := range nodes {
		u, _ := open(t, pool)
		wg.Go(func() {
			key, err := u.signingKey(t.Context())
			if err != nil {
				t.Error(err)
			}
			keys[i] = key.ID
		})
	}
	wg.Wait()
	for _, key := range keys {
		if key == "" || key != keys[0] {
			t.Errorf("nodes sign with %q and %q", keys[0], key)
		}
	}
}

func TestATokenOfAKeyThatAnotherNodeMade(t *testing.T) {
	tx := pgtest.Tx(t)
	here, _ := open(t, tx)
	there, later := open(t, tx)
	register(t, here, "ann")
	if _, err := there.signingKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	change(t, here, func(tx pgx.Tx) error {
		if _, err := postgres.Exec(t.Context(), tx, `UPDATE signing_keys SET retired_at = @now`, pgx.NamedArgs{"now": noon}); err != nil {
			return err
		}
		return insertKeyUnlessThereIsOne(t.Context(), tx, here.newSigningKey())
	})
	here.keys = keyring{}
	in, err := here.Login(t.Context(), "ann", goodPassword, "", home)
	if err != nil {
		t.Fatal(err)
	}
	later.Advance(time.Second)
	if _, err := there.Authenticate(t.Context(), in.AccessToken); err != nil {
		t.Errorf("the other node does not know the new key: %v", err)
	}
	set, err := there.JWKS(t.Context())
	if err != nil || len(set.Keys) != 2 {
		t.Errorf("%d keys are published, want the new and the retired one: %v", len(set.Keys), err)
	}
}

// A new key signs at once; tokens of the old one stay good until they expire,
// and it is published for as long.
func TestSigningKeysRotate(t *testing.T) {
	u, at := open(t, pgtest.Tx(t))
	before := register(t, u, "ann")
	var kid string
	change(t, u, func(tx pgx.Tx) (err error) { kid, err = u.RotateKeys(t.Context(), tx); return err })
	at.Advance(keyMemory) // what this node remembers is read again
	after, err := u.Refresh(t.Context(), before.RefreshToken, home)
	if err != nil {
		t.Fatal(err)
	}
	if header, err := base64.RawURLEncoding.DecodeString(strings.Split(after.AccessToken, ".")[0]); err != nil || !strings.Contains(string(header), kid) {
		t.Errorf("the new token is signed with %s, want %s", header, kid)
	}
	for name, token := range map[string]string{"old": before.AccessToken, "new": after.AccessToken} {
		if _, err := u.Authenticate(t.Context(), token); err != nil {
			t.Errorf("the %s key's token: %v", name, err)
		}
	}
	if set, err := u.JWKS(t.Context()); err != nil || len(set.Keys) != 2 {
		t.Errorf("published %d keys, %v", len(set.Keys), err)
	}
	at.Advance(accessLife + keyMemory)
	if set, err := u.JWKS(t.Context()); err != nil || len(set.Keys) != 1 || set.Keys[0].ID != kid {
		t.Errorf("published %v, %v", set.Keys, err)
	}
	at.Advance(keyLife)
	if err := u.RenewKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	if set, err := u.JWKS(t.Context()); err != nil || len(set.Keys) != 2 || set.Keys[1].ID == kid {
		t.Errorf("a key of %s signs on: %v, %v", keyLife, set.Keys, err)
	}
}

// The keys lie sealed in the database; those of older shops lie bare and are
// sealed when the master key is changed.
func TestSigningKeysAreSealed(t *testing.T) {
	u, _ := open(t, pgtest.Tx(t))
	token := register(t, u, "ann").AccessToken
	bare := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize)).Seed()
	change(t, u, func(tx pgx.Tx) error {
		key := u.newSigningKey()
		key.Sealed = bare
		return replaceKey(t.Context(), tx, key)
	})
	u.Vault = vault.New(bytes.Repeat([]byte{9}, 32), make([]byte, 32))
	u.keys = keyring{}
	for want := range 2 {
		change(t, u, func(tx pgx.Tx) error {
			n, err := u.ResealKeys(t.Context(), tx)
			if n != 2-2*want {
				t.Errorf("%d keys were sealed anew in round %d", n, want)
			}
			return err
		})
	}
	u.Vault = vault.New(bytes.Repeat([]byte{9}, 32))
	u.keys = keyring{}
	if _, err := u.Authenticate(t.Context(), token); err != nil {
		t.Errorf("after the seal was changed: %v", err)
	}
	bytesOf, err := postgres.Column[[]byte](t.Context(), u.DB, `SELECT private_key FROM signing_keys`, nil)
	if err != nil || len(bytesOf) != 2 {
		t.Fatal(err, len(bytesOf))
	}
	for _, sealed := range bytesOf {
		if len(sealed) == ed25519.SeedSize || bytes.Contains(sealed, bare) {
			t.Error("a key lies bare")
		}
	}
}

package vault

import (
	"bytes"
	"errors"
	"testing"
)

var (
	older = bytes.Repeat([]byte{1}, 32)
	newer = bytes.Repeat([]byte{2}, 32)
)

func TestASecretOpensInItsContextOnly(t *testing.T) {
	v := New(older)
	sealed := v.Seal("mfa user_1", []byte("seed"))
	if bytes.Contains(sealed, []byte("seed")) {
		t.Fatal("the secret shows")
	}
	if got, err := v.Open("mfa user_1", sealed); err != nil || string(got) != "seed" {
		t.Fatalf("opened %q: %v", got, err)
	}
	if _, err := v.Open("mfa user_2", sealed); !errors.Is(err, ErrSealed) {
		t.Errorf("another user's row opens it: %v", err)
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := v.Open("mfa user_1", bad); !errors.Is(err, ErrSealed) {
			t.Errorf("byte %d was changed and it opened: %v", i, err)
		}
	}
	if _, err := v.Open("mfa user_1", nil); !errors.Is(err, ErrSealed) {
		t.Errorf("nothing opens: %v", err)
	}
}

func TestAnOldKeyOpensUntilItIsGone(t *testing.T) {
	sealed := New(older).Seal("c", []byte("seed"))
	both := New(newer, older)
	if got, err := both.Open("c", sealed); err != nil || string(got) != "seed" {
		t.Fatalf("opened %q: %v", got, err)
	}
	renewed, old, err := both.Renew("c", sealed)
	if err != nil || !old {
		t.Fatalf("renew what an old key sealed: old %t, %v", old, err)
	}
	if got, err := New(newer).Open("c", renewed); err != nil || string(got) != "seed" {
		t.Errorf("what is renewed does not open with the new key alone: %q, %v", got, err)
	}
	if again, old, err := both.Renew("c", renewed); err != nil || old || !bytes.Equal(again, renewed) {
		t.Errorf("what is fresh was renewed: %v", err)
	}
	if _, _, err := both.Renew("d", sealed); !errors.Is(err, ErrSealed) {
		t.Errorf("renewed for something else: %v", err)
	}
	if _, err := New(newer).Open("c", sealed); !errors.Is(err, ErrSealed) {
		t.Errorf("opens without its key: %v", err)
	}
}

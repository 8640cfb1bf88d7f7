package config

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const keySize = 32

// Keys makes the key of each purpose out of the one master key.
type Keys struct{ master []byte }

// Key is 32 bytes for one purpose, such as "cursor"; another purpose has
// another key, and none tells of the master.
func (k Keys) Key(purpose string) []byte {
	key, err := hkdf.Key(sha256.New, k.master, nil, "souk "+purpose, keySize)
	if err != nil {
		panic(err) // only when more is asked for than the hash can give
	}
	return key
}

// Keys reads the master key from the settings, else from DATA-DIR/secret.key,
// where the first start makes one. Several nodes need the same, so give it to
// them in SOUK_SECRET_KEY.
func (c *Config) Keys() (Keys, error) {
	if c.SecretKey != "" {
		master, err := decodeKey(c.SecretKey)
		if err != nil {
			return Keys{}, fmt.Errorf("--secret-key: %w", err)
		}
		return Keys{master}, nil
	}
	path := filepath.Join(c.DataDir, "secret.key")
	text, err := readKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = makeKey(path)
	}
	if err != nil {
		return Keys{}, fmt.Errorf("master key: %w", err)
	}
	master, err := decodeKey(text)
	if err != nil {
		return Keys{}, fmt.Errorf("master key in %s: %w", path, err)
	}
	return Keys{master}, nil
}

func decodeKey(text string) ([]byte, error) {
	text = strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimSpace(text)), "=")
	key, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || len(key) < keySize {
		return nil, fmt.Errorf("want %d bytes or more in base64, as `openssl rand -base64 %d` prints", keySize, keySize)
	}
	return key, nil
}

func readKey(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if open := info.Mode().Perm() & 0o077; open != 0 {
		return "", fmt.Errorf("%s can be read by others (mode %o): chmod 600 it", path, info.Mode().Perm())
	}
	text, err := os.ReadFile(path) //nolint:gosec // under the data folder
	return string(text), err
}

// makeKey writes a new key in full before it gets its name, and takes the one
// of another process that was quicker.
func makeKey(path string) (string, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // the database's user must pass through it
		return "", err
	}
	var key [keySize]byte
	if _, err := rand.Read(key[:]); err != nil {
		return "", err
	}
	draft, err := os.CreateTemp(filepath.Dir(path), ".secret.key-*") // mode 0600
	if err != nil {
		return "", err
	}
	defer func() { _ = os.Remove(draft.Name()) }()
	_, err = draft.WriteString(base64.StdEncoding.EncodeToString(key[:]) + "\n")
	if err := errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return "", err
	}
	if err := os.Link(draft.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return readKey(path)
}

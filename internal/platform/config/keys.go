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
	"unicode"
)

const keySize = 32

// Keys makes the key of each purpose out of the master keys: the newest, and
// older ones that still open what was sealed with them. The zero value has no
// secret: it is for a shop that only tells of itself.
type Keys struct {
	newest []byte
	older  [][]byte
}

// Key is 32 bytes for one purpose, such as "cursor"; another purpose has
// another key, and none tells of the master.
func (k Keys) Key(purpose string) []byte { return derive(k.newest, purpose) }

// All is the keys of one purpose, the newest first.
func (k Keys) All(purpose string) [][]byte {
	keys := [][]byte{k.Key(purpose)}
	for _, master := range k.older {
		keys = append(keys, derive(master, purpose))
	}
	return keys
}

func derive(master []byte, purpose string) []byte {
	key, err := hkdf.Key(sha256.New, master, nil, "souk "+purpose, keySize)
	if err != nil {
		panic(err) // only when more is asked for than the hash can give
	}
	return key
}

// Keys reads the master keys from the settings, else from DATA-DIR/secret.key,
// where the first start makes one. Several nodes need the same, so give them to
// all in SOUK_SECRET_KEY. The newest stands first, older ones behind it.
func (c *Config) Keys() (Keys, error) {
	if c.SecretKey != "" {
		keys, err := decodeKeys(c.SecretKey)
		if err != nil {
			return Keys{}, fmt.Errorf("--secret-key: %w", err)
		}
		return keys, nil
	}
	path := c.keyFile()
	text, err := readKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = makeKey(path)
	}
	if err != nil {
		return Keys{}, fmt.Errorf("master key: %w", err)
	}
	keys, err := decodeKeys(text)
	if err != nil {
		return Keys{}, fmt.Errorf("master key in %s: %w", path, err)
	}
	return keys, nil
}

func (c *Config) keyFile() string { return filepath.Join(c.DataDir, "secret.key") }

// ErrKeysElsewhere says that the master keys are a setting, which Souk cannot
// change.
var ErrKeysElsewhere = errors.New("the master key is in SOUK_SECRET_KEY: write a new one before it there, with a space between (`openssl rand -base64 32` makes one)")

// AddKey puts a new master key before those in DATA-DIR/secret.key. Processes
// that run learn of it when they are started again.
func (c *Config) AddKey() error {
	if c.SecretKey != "" {
		return ErrKeysElsewhere
	}
	if _, err := c.Keys(); err != nil { // so that there is one, and a sound one
		return err
	}
	older, err := readKey(c.keyFile())
	if err != nil {
		return fmt.Errorf("master key: %w", err)
	}
	return replaceFile(c.keyFile(), newKey()+older)
}

// DropOldKeys leaves only the newest master key in DATA-DIR/secret.key: for when
// nothing is sealed with older ones any more. It says how many it dropped.
func (c *Config) DropOldKeys() (int, error) {
	if c.SecretKey != "" {
		return 0, ErrKeysElsewhere
	}
	text, err := readKey(c.keyFile())
	if err != nil {
		return 0, fmt.Errorf("master key: %w", err)
	}
	all := strings.FieldsFunc(text, isKeySeparator)
	if len(all) < 2 {
		return 0, nil
	}
	return len(all) - 1, replaceFile(c.keyFile(), all[0]+"\n")
}

func isKeySeparator(r rune) bool { return r == ',' || unicode.IsSpace(r) }

func decodeKeys(text string) (Keys, error) {
	var masters [][]byte
	for _, one := range strings.FieldsFunc(text, isKeySeparator) {
		one = strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(one), "=")
		key, err := base64.RawStdEncoding.DecodeString(one)
		if err != nil || len(key) < keySize {
			return Keys{}, errKey
		}
		masters = append(masters, key)
	}
	if len(masters) == 0 {
		return Keys{}, errKey
	}
	return Keys{masters[0], masters[1:]}, nil
}

var errKey = fmt.Errorf("want %d bytes or more in base64, as `openssl rand -base64 %d` prints", keySize, keySize)

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
	draft, err := draftFile(path, newKey())
	if err != nil {
		return "", err
	}
	defer func() { _ = os.Remove(draft) }()
	if err := os.Link(draft, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return readKey(path)
}

// newKey is a line of the key file.
func newKey() string {
	var key [keySize]byte
	_, _ = rand.Read(key[:]) // never fails, by its documentation
	return base64.StdEncoding.EncodeToString(key[:]) + "\n"
}

// replaceFile gives path another content, or leaves it as it was.
func replaceFile(path, content string) error {
	draft, err := draftFile(path, content)
	if err != nil {
		return err
	}
	if err := os.Rename(draft, path); err != nil {
		return errors.Join(err, os.Remove(draft))
	}
	return nil
}

// draftFile writes content beside path, to the disk, readable by its owner only.
func draftFile(path, content string) (string, error) {
	draft, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return "", err
	}
	_, err = draft.WriteString(content)
	if err := errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return "", errors.Join(err, os.Remove(draft.Name()))
	}
	return draft.Name(), nil
}

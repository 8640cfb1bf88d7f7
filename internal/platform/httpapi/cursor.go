package httpapi

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"

	"souk/internal/auth"
	"souk/internal/errs"
)

// Cursors makes the opaque "after" of lists. A cursor is bound to a scope: it
// opens for the list, the filters and the caller it was made for and for
// nothing else, so nobody can steer a query by writing one.
type Cursors struct{ key []byte }

// ErrCursor says that a cursor is not one of this list.
var ErrCursor = errs.Validation.Field("after", "invalid_cursor", "This cursor does not belong to this list. Start from the first page.")

const macSize = 16

// NewCursors makes cursors that any process with the same key can open.
func NewCursors(key []byte) Cursors { return Cursors{slices.Clone(key)} }

// Seal makes the cursor of position v within scope.
func (c Cursors) Seal(scope string, v any) string {
	position, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("seal cursor of %T: %v", v, err)) // a programming error: positions are plain values
	}
	return base64.RawURLEncoding.EncodeToString(append(c.mac(scope, position), position...))
}

// Open reads the position of a cursor into v, or refuses with [ErrCursor].
// No token leaves v as it is: the first page.
func (c Cursors) Open(scope, token string, v any) error {
	if token == "" {
		return nil
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(sealed) < macSize || !hmac.Equal(sealed[:macSize], c.mac(scope, sealed[macSize:])) {
		return ErrCursor
	}
	if err := json.Unmarshal(sealed[macSize:], v); err != nil {
		return ErrCursor // made by another version of this program
	}
	return nil
}

func (c Cursors) mac(scope string, position []byte) []byte {
	h := hmac.New(sha256.New, c.key)
	// The length first, so that no scope and position can be cut elsewhere.
	fmt.Fprintf(h, "%d:%s", len(scope), scope)
	h.Write(position)
	return h.Sum(nil)[:macSize]
}

// Scope is the list that a request asks for, as its caller sees it: path,
// filters, caller.
func Scope(ctx context.Context) string {
	return auth.From(ctx).Name() + "\n" + PublicScope(ctx)
}

// PublicScope is Scope without the caller, for lists that are the same for
// everybody, so that their answers can be stored.
func PublicScope(ctx context.Context) string {
	ex := from(ctx)
	if ex == nil {
		return ""
	}
	values, _ := url.ParseQuery(ex.r.URL.RawQuery) // the guard has refused what does not parse
	for _, name := range []string{"after", "limit", "include"} {
		values.Del(name)
	}
	return ex.r.URL.Path + "\n" + values.Encode()
}

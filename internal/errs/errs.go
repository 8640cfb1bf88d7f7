// Package errs is how the shop says no.
//
// An operation that refuses returns an [*Error]: a kind that decides the HTTP
// status, a code that clients branch on, a message for people and, where it
// helps, the fields at fault. Everything else that reaches the edge is an
// internal error: logged with its request id and shown as "internal error".
//
//	var ErrOutOfStock = errs.New(errs.Conflict, "insufficient_stock", "There is not enough stock left.")
//
//	return ErrOutOfStock.With("available_quantity", 3)
package errs

import (
	"errors"
	"maps"
	"time"
)

// Kind groups refusals by what the caller can do about them.
type Kind int

// The kinds, with the HTTP status that each becomes.
const (
	Invalid            Kind = iota + 1 // 422: the input breaks a rule
	Malformed                          // 400: the input cannot be read
	Unauthenticated                    // 401: no identity, or a bad one
	Forbidden                          // 403: this actor may not do this at all
	NotFound                           // 404: no such thing, or not yours
	Conflict                           // 409: the state does not allow it
	Gone                               // 410: it was there and is not any more
	PreconditionFailed                 // 412: somebody changed it since you read it
	PreconditionNeeded                 // 428: say which version you are changing
	TooLarge                           // 413
	Unsupported                        // 415: not a media type that is read here
	TooMany                            // 429: slow down
	Unavailable                        // 503: try again later
)

// A Field is one input at fault; Pointer is an RFC 6901 JSON pointer into the
// body, or the name of a query parameter.
type Field struct {
	Pointer string `json:"pointer"`
	Code    string `json:"code"`
	Detail  string `json:"detail"`
}

// Error is a refusal. Declare those that callers branch on as package
// variables; compare with [errors.Is], which looks at the code only, so that a
// copy made by With or Field still matches.
type Error struct {
	Kind       Kind
	Code       string         // stable, snake_case
	Message    string         // one sentence for people that says what to do next
	Fields     []Field        // inputs at fault, may be empty
	Extra      map[string]any // further members of the problem document
	RetryAfter time.Duration  // for TooMany and Unavailable
}

// New makes a refusal to declare as a package variable.
func New(kind Kind, code, message string) *Error {
	return &Error{Kind: kind, Code: code, Message: message}
}

func (e *Error) Error() string { return e.Message }

// Is reports whether target is the same refusal, whatever its details.
func (e *Error) Is(target error) bool {
	other, ok := target.(*Error)
	return ok && other.Code == e.Code
}

// With returns a copy that carries a further member in its problem document.
func (e *Error) With(key string, value any) *Error {
	c := *e
	c.Extra = maps.Clone(e.Extra)
	if c.Extra == nil {
		c.Extra = map[string]any{}
	}
	c.Extra[key] = value
	return &c
}

// Field returns a copy that names one more input at fault.
func (e *Error) Field(pointer, code, detail string) *Error {
	c := *e
	c.Fields = append(append([]Field(nil), e.Fields...), Field{pointer, code, detail})
	return &c
}

// After returns a copy that tells the client when to come back.
func (e *Error) After(d time.Duration) *Error {
	c := *e
	c.RetryAfter = d
	return &c
}

// Validation is the refusal of an input that breaks a rule; add the fields.
var Validation = New(Invalid, "validation_failed", "Some of the input is not valid.")

// Fields collects the inputs at fault while an operation checks its input.
//
//	var bad errs.Fields
//	bad.Require(in.Name != "", "/name", "required", "Give the product a name.")
//	if err := bad.Err(); err != nil {
type Fields []Field

// Require adds a field unless ok.
func (f *Fields) Require(ok bool, pointer, code, detail string) {
	if !ok {
		*f = append(*f, Field{pointer, code, detail})
	}
}

// Err is nil when nothing was at fault.
func (f Fields) Err() error {
	if len(f) == 0 {
		return nil
	}
	e := *Validation
	e.Fields = f
	return &e
}

// KindOf is the kind of the first refusal in err's chain, or 0.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return 0
}

// Refusal is the no in err's chain; nil when there is none, and when it only says
// to come again: whoever was busy or could not be reached has decided nothing.
func Refusal(err error) *Error {
	var e *Error
	if !errors.As(err, &e) || e.Kind == Unavailable || e.Kind == TooMany {
		return nil
	}
	return e
}

// Under puts the inputs at fault in a refusal under a pointer, for what is checked
// as a part of something larger.
func Under(pointer string, err error) error {
	var e *Error
	if !errors.As(err, &e) || len(e.Fields) == 0 {
		return err
	}
	c := *e
	c.Fields = make([]Field, len(e.Fields))
	for i, f := range e.Fields {
		c.Fields[i] = Field{pointer + f.Pointer, f.Code, f.Detail}
	}
	return &c
}

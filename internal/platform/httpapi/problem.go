package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"

	"souk/internal/errs"
	"souk/internal/platform/postgres"
)

// The refusals of the edge.
var (
	ErrNotFound         = errs.New(errs.NotFound, "not_found", "There is no such thing here.")
	ErrMethod           = errs.New(errs.Malformed, "method_not_allowed", "This does not take that method. Allow lists those it takes.")
	ErrMalformed        = errs.New(errs.Malformed, "malformed_body", "The body is not sound JSON.")
	ErrUnknownField     = errs.New(errs.Malformed, "unknown_field", "The body has a field that is not known here. Names are matched exactly.")
	ErrBodyRequired     = errs.New(errs.Malformed, "body_required", "Send a JSON body.")
	ErrTooLarge         = errs.New(errs.TooLarge, "body_too_large", "The body is larger than is read here.")
	ErrMediaType        = errs.New(errs.Unsupported, "unsupported_media_type", "Send the body as application/json, not compressed.")
	ErrCrossOrigin      = errs.New(errs.Forbidden, "cross_origin", "A page of another site may not do this.")
	ErrTooManyRequests  = errs.New(errs.TooMany, "rate_limited", "That was too often. Wait before you try again.")
	ErrTooManyCookies   = errs.New(errs.Malformed, "too_many_cookies", "There are too many cookies.")
	ErrIdempotencyKey   = errs.New(errs.Malformed, "idempotency_key_invalid", "An Idempotency-Key is 1 to 255 visible characters, sent once.")
	ErrKeyRequired      = errs.New(errs.Malformed, "idempotency_key_required", "Send an Idempotency-Key, so that this is done once however often you ask.")
	ErrKeyInProgress    = errs.New(errs.Conflict, "idempotency_in_progress", "A call with this Idempotency-Key is still running.")
	ErrKeyConflict      = errs.New(errs.Invalid, "idempotency_conflict", "This Idempotency-Key was used for another request.")
	errInternal         = errs.New(0, "internal_error", "internal error")
	errClientLeft       = errors.New("the client has left")
	statusClientLeft    = 499
	statusHeaderTooLong = http.StatusRequestHeaderFieldsTooLarge
)

var statuses = map[errs.Kind]int{
	errs.Invalid:            http.StatusUnprocessableEntity,
	errs.Malformed:          http.StatusBadRequest,
	errs.Unauthenticated:    http.StatusUnauthorized,
	errs.Forbidden:          http.StatusForbidden,
	errs.NotFound:           http.StatusNotFound,
	errs.Conflict:           http.StatusConflict,
	errs.Gone:               http.StatusGone,
	errs.PreconditionFailed: http.StatusPreconditionFailed,
	errs.PreconditionNeeded: http.StatusPreconditionRequired,
	errs.TooLarge:           http.StatusRequestEntityTooLarge,
	errs.Unsupported:        http.StatusUnsupportedMediaType,
	errs.TooMany:            http.StatusTooManyRequests,
	errs.Unavailable:        http.StatusServiceUnavailable,
}

// Problem is how the API says no: RFC 9457, application/problem+json.
type Problem struct {
	_         struct{}     `additionalProperties:"true"`
	Type      string       `json:"type" doc:"Names the kind of problem, a stable URI." example:"/problems/insufficient_stock"`
	Title     string       `json:"title" doc:"The status in words." example:"Conflict"`
	Status    int          `json:"status" example:"409"`
	Detail    string       `json:"detail" doc:"What to do about it, for people." example:"There is not enough stock left."`
	Instance  string       `json:"instance" doc:"Names this occurrence." example:"urn:request:5f0c9d"`
	Code      string       `json:"code" doc:"What to branch on; stable." example:"insufficient_stock"`
	RequestID string       `json:"request_id"`
	Errors    []errs.Field `json:"errors,omitempty" doc:"The inputs at fault."`

	extra map[string]any
}

// MarshalJSON puts the further members of a refusal beside the standard ones,
// which they cannot replace.
func (p *Problem) MarshalJSON() ([]byte, error) {
	type plain Problem
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode((*plain)(p)); err != nil {
		return nil, err
	}
	b.Truncate(b.Len() - 2) // the brace and the newline
	for _, name := range slices.Sorted(maps.Keys(p.extra)) {
		if standard[name] {
			continue
		}
		value, err := json.Marshal(p.extra[name])
		if err != nil {
			return nil, err
		}
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		b.WriteByte(',')
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

var standard = map[string]bool{
	"type": true, "title": true, "status": true, "detail": true,
	"instance": true, "code": true, "request_id": true, "errors": true,
}

// statusOf is the HTTP status of a refusal.
func statusOf(e *errs.Error) int {
	switch e.Code {
	case ErrMethod.Code:
		return http.StatusMethodNotAllowed
	case ErrTooManyCookies.Code:
		return statusHeaderTooLong
	}
	if status, ok := statuses[e.Kind]; ok {
		return status
	}
	return http.StatusInternalServerError
}

// refusal finds what err says to the caller; nil when it is not for them.
func refusal(err error) *errs.Error {
	err = postgres.Explain(err)
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return ErrTooLarge
	}
	var e *errs.Error
	if errors.As(err, &e) && e.Kind != 0 {
		return e
	}
	return nil
}

// refuse answers with the problem that err is. An error that is no refusal is
// logged and shown as an internal one, whatever it says.
func (ex *exchange) refuse(err error) {
	if ex.status != 0 { // too late to say anything but to break off
		if !errors.Is(err, errClientLeft) && ex.r.Context().Err() == nil {
			ex.logFailure("break off answer", err)
			panic(http.ErrAbortHandler)
		}
		return
	}
	if ex.r.Context().Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, errClientLeft)) {
		ex.status = statusClientLeft // for the log; nobody reads an answer
		panic(http.ErrAbortHandler)
	}
	e := refusal(err)
	if e == nil {
		ex.logFailure("answer request", err)
		e = errInternal
	}
	ex.auditRefusal(e)
	ex.writeProblem(e)
}

func (ex *exchange) logFailure(what string, err error) {
	ex.router.log.LogAttrs(ex.r.Context(), slog.LevelError, what,
		slog.String("request_id", ex.id), slog.String("route", ex.route()), slog.Any("error", err))
}

var problemType = []string{"application/problem+json; charset=utf-8"}

func (ex *exchange) writeProblem(e *errs.Error) {
	status := statusOf(e)
	p := &Problem{
		Type: "/problems/" + e.Code, Title: http.StatusText(status), Status: status, Detail: e.Message,
		Instance: "urn:request:" + ex.id, Code: e.Code, RequestID: ex.id, Errors: e.Fields, extra: e.Extra,
	}
	body, err := json.Marshal(p)
	if err != nil { // an Extra that cannot be marshalled
		ex.logFailure("marshal problem", err)
		p.extra = nil
		body, _ = json.Marshal(p) // strings and numbers only
	}
	h := ex.Header()
	h["Content-Type"] = problemType
	h["Cache-Control"] = noStore
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	if e.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	switch status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", "Bearer")
	case http.StatusRequestEntityTooLarge:
		h.Set("Connection", "close") // what is still coming is not read
	}
	ex.WriteHeader(status)
	_, _ = ex.Write(body) // a client that left is nobody to tell
}

package httpapi

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"souk/internal/errs"
)

// Page is embedded in the input of a list.
type Page struct {
	Limit   int    `query:"limit" default:"20" minimum:"1" maximum:"100" doc:"How many to answer with."`
	After   string `query:"after" maxLength:"2000" doc:"The next_cursor of the page before."`
	Include string `query:"include" enum:"total_count" doc:"Ask for total_count, which costs a count."`
}

// WantsTotal reports whether total_count was asked for.
func (p Page) WantsTotal() bool { return p.Include == "total_count" }

// List is the answer of a list. Data is never null.
type List[T any] struct {
	Data       []T    `json:"data"`
	HasMore    bool   `json:"has_more"`
	NextCursor string `json:"next_cursor,omitempty" doc:"Send it as after to get the next page."`
	TotalCount *int64 `json:"total_count,omitempty"`
}

func (l *List[T]) neverNull() {
	if l.Data == nil {
		l.Data = []T{}
	}
}

// ListOf makes the page out of rows that were read with LIMIT limit+1: the
// spare row only says that there are more. position is what the next page
// continues after.
func ListOf[T any](c Cursors, scope string, rows []T, limit int, position func(T) any) List[T] {
	if len(rows) <= limit {
		return List[T]{Data: rows}
	}
	rows = rows[:limit]
	return List[T]{Data: rows, HasMore: true, NextCursor: c.Seal(scope, position(rows[limit-1]))}
}

// Empty is the answer that says nothing: 204.
type Empty struct{}

// Stored is a JSON body that was made before, written as it is. Tag is its
// ETag with quotes; MaxAge above 0 lets every cache keep it that long. Where
// MovedTo is set, there is no body: the answer is 301, to there.
type Stored struct {
	Bytes   []byte
	Tag     string
	MaxAge  time.Duration
	MovedTo string
}

// IfMatch is embedded in the input of an edit: a call without If-Match is
// refused with 428, for it would overwrite what it has not seen.
type IfMatch struct {
	Match string `header:"If-Match" doc:"The ETag of what you are changing."`
}

var (
	// ErrPreconditionNeeded asks which version is being changed.
	ErrPreconditionNeeded = errs.New(errs.PreconditionNeeded, "precondition_required", "Send If-Match with the ETag of what you are changing.")
	// ErrPreconditionFailed says that somebody else was first.
	ErrPreconditionFailed = errs.New(errs.PreconditionFailed, "precondition_failed", "It was changed since you read it. Read it again.")
)

// Check refuses with 412 unless etag is the one the caller has seen.
func (m IfMatch) Check(etag string) error {
	for tag := range strings.SplitSeq(m.Match, ",") {
		if strings.TrimSpace(tag) == etag {
			return nil
		}
	}
	return ErrPreconditionFailed
}

// Version is the number in a tag made by [VersionTag], for the WHERE of the
// statement that edits; 412 when it is no such tag.
func (m IfMatch) Version() (int64, error) {
	text := strings.TrimSuffix(strings.TrimPrefix(m.Match, `"v`), `"`)
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil || VersionTag(v) != m.Match {
		return 0, ErrPreconditionFailed
	}
	return v, nil
}

func (m IfMatch) wantsIfMatch() {}

// VersionTag is the ETag of version v of a row.
func VersionTag(v int64) string { return `"v` + strconv.FormatInt(v, 10) + `"` }

// DynamicQuery is embedded in an input to read the parameters that
// [QueryPrefix] lets through.
type DynamicQuery struct{ values url.Values }

// Values are the parameters whose names begin with a declared prefix.
func (d DynamicQuery) Values() url.Values { return d.values }

// DynamicQueryOf makes one by hand, for tests and for callers inside the house.
func DynamicQueryOf(values url.Values) DynamicQuery { return DynamicQuery{values} }

func (d *DynamicQuery) takeQuery(values url.Values) { d.values = values }

// RequestID is the id that the answer and the logs of this request carry.
func RequestID(ctx context.Context) string {
	if ex := from(ctx); ex != nil {
		return ex.id
	}
	return ""
}

// ClientAddr is who is at the other end: the peer, or whom a trusted proxy
// names. It is the zero Addr outside a request.
func ClientAddr(ctx context.Context) netip.Addr {
	if ex := from(ctx); ex != nil {
		return ex.client
	}
	return netip.Addr{}
}

// UserAgent is what the client calls itself, "" outside a request.
func UserAgent(ctx context.Context) string {
	if ex := from(ctx); ex != nil {
		return ex.r.UserAgent()
	}
	return ""
}

// Cookie is the value of a cookie that the client sent, "" when it sent none.
func Cookie(ctx context.Context, name string) string {
	if ex := from(ctx); ex != nil {
		if c, err := ex.r.Cookie(name); err == nil {
			return c.Value
		}
	}
	return ""
}

// SetCookie adds a cookie to the answer of an operation that succeeds. It is
// not part of a stored answer.
func SetCookie(ctx context.Context, c *http.Cookie) {
	if ex := from(ctx); ex != nil {
		ex.answerHeader().Add("Set-Cookie", c.String())
	}
}

// DropCookie takes a cookie of the whole host away from the client, even with a
// refusal: a credential that is good for nothing is not sent again.
func DropCookie(ctx context.Context, name string) {
	if ex := from(ctx); ex != nil {
		c := http.Cookie{Name: name, Path: "/", Secure: true, HttpOnly: true, MaxAge: -1}
		ex.Header().Add("Set-Cookie", c.String())
	}
}

// SetHeader sets a header of the answer. It is not part of a stored answer.
func SetHeader(ctx context.Context, name, value string) {
	if ex := from(ctx); ex != nil {
		ex.answerHeader().Set(name, value)
	}
}

package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"souk/internal/auth"
	"souk/internal/clock"
)

// exchange is one request and its answer. It is the http.ResponseWriter that
// handlers see, so that there is one place that knows what was said.
type exchange struct {
	http.ResponseWriter
	router *Router
	r      *http.Request
	op     *operation // nil until routed
	id     string
	client netip.Addr
	actor  auth.Actor
	note   note        // what the handler adds to the audit trail
	body   []byte      // of a JSON operation, read and found sound
	extra  http.Header // what the handler adds to the answer
	status int         // 0 until answered
	size   int64
	long   bool // a raw answer, which may take its time
}

type exchangeKey struct{}

func from(ctx context.Context) *exchange {
	ex, _ := ctx.Value(exchangeKey{}).(*exchange)
	return ex
}

// Unwrap lets http.ResponseController reach the connection.
func (ex *exchange) Unwrap() http.ResponseWriter { return ex.ResponseWriter }

// WriteHeader remembers the status.
func (ex *exchange) WriteHeader(status int) {
	if ex.status != 0 {
		return
	}
	if status >= 200 {
		ex.status = status
	}
	ex.ResponseWriter.WriteHeader(status)
}

func (ex *exchange) Write(b []byte) (int, error) {
	if ex.status == 0 {
		ex.WriteHeader(http.StatusOK)
	}
	if ex.long && len(b) > 0 {
		ex.moreTime()
	}
	n, err := ex.ResponseWriter.Write(b)
	ex.size += int64(n)
	return n, err
}

// ReadFrom keeps sendfile for files, a piece at a time.
func (ex *exchange) ReadFrom(src io.Reader) (int64, error) {
	if ex.status == 0 {
		ex.WriteHeader(http.StatusOK)
	}
	var sent int64
	for {
		if ex.long {
			ex.moreTime()
		}
		n, err := io.CopyN(ex.ResponseWriter, src, 1<<20)
		sent += n
		ex.size += n
		if errors.Is(err, io.EOF) {
			return sent, nil
		}
		if err != nil {
			return sent, err
		}
	}
}

// machine is the clock of sockets and stopwatches, which no test sets.
var machine clock.System

const (
	pieceTime = 15 * time.Second // for one piece of a long body
	uploadMax = 10 * time.Minute // for all of it
)

// moreTime lets a long answer take longer than others as long as it moves.
func (ex *exchange) moreTime() {
	_ = http.NewResponseController(ex.ResponseWriter).SetWriteDeadline(machine.Now().Add(2 * pieceTime)) // a recorder has none
}

// rawBody is the body of a raw operation. What cannot be read is told as the
// refusal it is; each piece of a long one has 15 s to come.
type rawBody struct {
	io.ReadCloser
	ex   *exchange
	long bool
	end  time.Time
}

func (u *rawBody) Read(b []byte) (int, error) {
	if u.long {
		next := machine.Now().Add(pieceTime)
		if next.After(u.end) {
			next = u.end
		}
		_ = http.NewResponseController(u.ex.ResponseWriter).SetReadDeadline(next) // a recorder has none
		u.ex.moreTime()                                                           // the answer comes after it
	}
	n, err := u.ReadCloser.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		err = unreadable(err)
	}
	return n, err
}

// answerHeader is where a handler puts what it adds to its answer: kept apart
// until it has succeeded, but for a raw one, which answers for itself.
func (ex *exchange) answerHeader() http.Header {
	if ex.op.kind == raw {
		return ex.Header()
	}
	if ex.extra == nil {
		ex.extra = http.Header{}
	}
	return ex.extra
}

// dynamic is the query parameters that the operation takes by prefix.
func (ex *exchange) dynamic() url.Values {
	values, _ := url.ParseQuery(ex.r.URL.RawQuery) // the guard has refused what does not parse
	for name := range values {
		if !ex.op.takesByPrefix(name) {
			delete(values, name)
		}
	}
	return values
}

// answer writes what a handler returned; out is a pointer to it.
func (ex *exchange) answer(out any) error {
	if s, ok := out.(*Stored); ok {
		ex.writeStored(s)
		return nil
	}
	if f, ok := out.(interface{ file() *CSV }); ok && f.file().Rows != nil {
		return ex.writeCSV(f.file())
	}
	a, err := ex.encode(out)
	if err != nil {
		return err
	}
	ex.write(a)
	a.release()
	return nil
}

// written is an answer that is ready to be sent.
type written struct {
	status   int
	etag     string
	body     []byte
	replayed bool
	buffer   *bytes.Buffer // that holds body, to be used again
}

func (a *written) release() {
	if a.buffer != nil && a.buffer.Cap() <= 64<<10 {
		buffers.Put(a.buffer)
	}
	a.buffer, a.body = nil, nil
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// encode makes the answer out of what a handler returned.
func (ex *exchange) encode(out any) (written, error) {
	a := written{status: ex.op.status}
	if s, ok := out.(interface{ HTTPStatus() int }); ok && s.HTTPStatus() != 0 {
		a.status = s.HTTPStatus()
	}
	switch v := out.(type) {
	case *Empty:
		return a, nil
	case *Stored:
		a.body, a.etag = v.Bytes, v.Tag
		return a, nil
	case interface{ neverNull() }:
		v.neverNull()
	}
	if t, ok := out.(interface{ ETag() string }); ok {
		a.etag = t.ETag()
	}
	a.buffer = buffers.Get().(*bytes.Buffer)
	a.buffer.Reset()
	enc := json.NewEncoder(a.buffer)
	enc.SetEscapeHTML(false) // the answer is application/json with nosniff
	if err := enc.Encode(out); err != nil {
		a.release()
		return a, err
	}
	a.body = a.buffer.Bytes()
	a.body = a.body[:len(a.body)-1] // the newline
	return a, nil
}

var (
	jsonType     = []string{"application/json; charset=utf-8"}
	replayedTrue = []string{"true"}
)

func (ex *exchange) write(a written) {
	h := ex.Header()
	for name, values := range ex.extra {
		h[name] = append(h[name], values...)
	}
	if a.replayed {
		h["Idempotent-Replayed"] = replayedTrue
	}
	if a.etag != "" {
		h["Etag"] = []string{a.etag}
		if ex.notModified(a.etag) {
			ex.WriteHeader(http.StatusNotModified)
			return
		}
	}
	if len(a.body) == 0 {
		ex.WriteHeader(a.status)
		return
	}
	h["Content-Type"] = jsonType
	h["Content-Length"] = []string{strconv.Itoa(len(a.body))}
	ex.WriteHeader(a.status)
	_, _ = ex.Write(a.body) // a client that left is nobody to tell
}

func (ex *exchange) writeStored(s *Stored) {
	if s.MovedTo != "" {
		to := url.URL{Path: s.MovedTo, RawQuery: ex.r.URL.RawQuery}
		ex.Header().Set("Location", to.String())
		ex.WriteHeader(http.StatusMovedPermanently)
		return
	}
	if s.MaxAge > 0 && !ex.op.private {
		ex.Header()["Cache-Control"] = []string{"public, max-age=" + strconv.Itoa(int(s.MaxAge.Seconds()))}
	} else if s.Tag != "" && !ex.op.private && ex.op.public != "" {
		ex.Header()["Cache-Control"] = revalidate
	}
	ex.write(written{status: ex.op.status, etag: s.Tag, body: s.Bytes})
}

// revalidate lets caches keep a public answer if they ask before each use.
var revalidate = []string{"public, no-cache"}

// notModified compares weakly, as RFC 9110 wants it for If-None-Match.
func (ex *exchange) notModified(etag string) bool {
	seen := ex.r.Header["If-None-Match"]
	if len(seen) == 0 || ex.op.kind != reads {
		return false
	}
	for _, line := range seen {
		for tag := range strings.SplitSeq(line, ",") {
			tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
			if tag == "*" || tag == strings.TrimPrefix(etag, "W/") {
				return true
			}
		}
	}
	return false
}

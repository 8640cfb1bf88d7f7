package httpapi

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/platform/postgres"
)

// serve is what happens to every request, routed or not.
func (r *Router) serve(w http.ResponseWriter, req *http.Request) {
	began := machine.Now()
	ex := &exchange{ResponseWriter: w, router: r, r: req, id: requestID(req.Header), client: r.clientAddr(req)}
	defer r.finish(ex, began)
	h := w.Header()
	h["X-Request-Id"] = []string{ex.id}
	setSecurityHeaders(h, req.URL.Path)
	switch {
	case strings.Count(req.Header.Get("Cookie"), ";") >= maxCookies:
		ex.refuse(ErrTooManyCookies)
	case !soundPath(req.URL):
		ex.refuse(ErrNotFound)
	case r.guard.preflight(ex):
	case r.guard.crossOrigin.Check(req) != nil:
		ex.refuse(ErrCrossOrigin)
	default:
		r.mux.ServeHTTP(ex, req)
	}
}

const maxCookies = 100

// finish answers for a handler that panicked, then logs and counts.
func (r *Router) finish(ex *exchange, began time.Time) {
	failure := recover()
	if failure != nil && failure != http.ErrAbortHandler { //nolint:errorlint // net/http wants this very value
		r.log.LogAttrs(ex.r.Context(), slog.LevelError, "recover from panic",
			slog.String("request_id", ex.id), slog.String("route", ex.route()),
			slog.String("panic", fmt.Sprint(failure)), slog.String("stack", string(debug.Stack())))
		if ex.status == 0 {
			clear(ex.extra)
			ex.writeProblem(errInternal)
			failure = nil
		}
	}
	if ex.status == 0 && failure == nil {
		ex.status = http.StatusOK // what net/http makes of silence
	}
	took := machine.Now().Sub(began)
	r.meters.observe(ex, took)
	if r.config.AccessLog {
		// The route and not the path: ids of carts are secrets.
		r.log.LogAttrs(ex.r.Context(), slog.LevelInfo, "request",
			slog.String("request_id", ex.id), slog.String("method", ex.r.Method), slog.String("route", ex.route()),
			slog.Int("status", ex.status), slog.Int64("bytes", ex.size), slog.Float64("ms", float64(took.Microseconds())/1000),
			slog.String("actor", ex.actor.Name()), slog.String("client", ex.client.String()))
	}
	if failure != nil {
		panic(http.ErrAbortHandler) // breaks the connection off, without a second stack
	}
}

// route is the pattern that the request matched.
func (ex *exchange) route() string {
	if ex.op == nil {
		return "unmatched"
	}
	return ex.op.path
}

// guarded is what happens to a request of op before its handler.
func (r *Router) guarded(op *operation, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		ex := w.(*exchange)
		ex.op = op
		ctx := context.WithValue(req.Context(), exchangeKey{}, ex)
		refused := r.identify(ctx, ex)
		if !ex.actor.Anonymous() {
			ctx = auth.With(ctx, ex.actor)
		}
		req = req.WithContext(ctx)
		ex.r = req
		if err := r.limiter.admit(ex, op.policy); err != nil {
			ex.refuse(err)
			return
		}
		if refused == nil {
			refused = ex.enter()
		}
		if refused != nil {
			ex.refuse(refused)
			return
		}
		if op.kind == reads && isVendors(op.path) && !ex.actor.Vendor.IsZero() {
			// The second net: should a statement forget whose rows it may show, the schema does not.
			ctx = postgres.WithinVendor(ctx, ex.actor.Vendor)
			req = req.WithContext(ctx)
			ex.r = req
		}
		switch {
		case op.body != nil:
			buf := buffers.Get().(*bytes.Buffer)
			buf.Reset()
			defer func() {
				if buf.Cap() <= 64<<10 {
					buffers.Put(buf)
				}
			}()
			if err := ex.readBody(buf); err != nil {
				ex.refuse(err)
				return
			}
		case op.kind == raw:
			ex.long = true
			req.Body = &rawBody{
				ReadCloser: http.MaxBytesReader(ex.ResponseWriter, req.Body, op.bodyLimit),
				ex:         ex, long: op.bodyLimit > defaultBodyLimit, end: machine.Now().Add(uploadMax),
			}
		}
		next(ex, req)
	}
}

// identify finds out who asks.
func (r *Router) identify(ctx context.Context, ex *exchange) error {
	if r.config.Authenticate == nil {
		return nil
	}
	actor, err := r.config.Authenticate(ctx, ex.r)
	if err != nil {
		if ex.op.noToken {
			return nil
		}
		return err
	}
	ex.actor = actor
	return nil
}

// enter decides whether the caller may come in with what the request's head
// says; the body is not read before.
func (ex *exchange) enter() error {
	op := ex.op
	if op.permission != "" {
		if ex.actor.Anonymous() {
			return auth.ErrUnauthenticated
		}
		switch {
		case ex.actor.Can(op.permission):
		case ex.actor.Withheld != nil:
			return ex.actor.Withheld
		default:
			return auth.ErrForbidden
		}
	}
	if ex.actor.ReadOnly && op.changes() {
		return auth.ErrReadOnly
	}
	if op.stepUp {
		if err := ex.steppedUp(); err != nil {
			return err
		}
	}
	if op.ifMatch && ex.r.Header.Get("If-Match") == "" {
		return ErrPreconditionNeeded
	}
	if err := op.checkKey(ex.r.Header["Idempotency-Key"]); err != nil {
		return err
	}
	if op.foreignQuery != "" || !strings.HasPrefix(op.path, "/api/v1/") { // pages and files: links to them grow parameters
		return nil
	}
	return op.checkQuery(ex.r.URL.RawQuery)
}

// changes reports whether calling the operation may change something that is not
// the caller's own to let go of.
func (op *operation) changes() bool { return op.method != http.MethodGet && !op.harmless }

func (ex *exchange) steppedUp() error {
	switch {
	case !ex.actor.Key.IsZero() || !ex.actor.Impersonator.IsZero():
		return auth.ErrForbidden
	case ex.router.limiter.clock.Now().Sub(ex.actor.AuthenticatedAt) > auth.StepUpLife:
		return auth.ErrStepUp
	}
	return nil
}

func (op *operation) checkKey(keys []string) error {
	switch {
	case len(keys) == 0 && op.keyRequired:
		return ErrKeyRequired
	case len(keys) == 0:
		return nil
	case len(keys) > 1 || len(keys[0]) < 1 || len(keys[0]) > 255:
		return ErrIdempotencyKey
	}
	for _, c := range []byte(keys[0]) {
		if c <= ' ' || c > '~' {
			return ErrIdempotencyKey
		}
	}
	return nil
}

// checkQuery refuses parameters that are not known, come twice or do not parse.
// One without "=" is "true" to Huma where it is the last, and else not there.
func (op *operation) checkQuery(query string) error {
	if query == "" {
		return nil
	}
	var (
		names  [16]string
		seen   = names[:0]
		fields errs.Fields
	)
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		rawName, rawValue, hasValue := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(rawName)
		value, err2 := url.QueryUnescape(rawValue)
		switch {
		case err != nil, err2 != nil, strings.Contains(pair, ";"), !soundText(name):
			fields = append(fields, errs.Field{Code: "syntax", Detail: "The query does not parse."})
		case !op.query[name] && !op.takesByPrefix(name):
			fields = append(fields, errs.Field{Pointer: clip(name), Code: "unknown_parameter", Detail: "This is not known here."})
		case !hasValue:
			fields = append(fields, errs.Field{Pointer: clip(name), Code: "syntax", Detail: "Write name=value."})
		case slices.Contains(seen, name):
			fields = append(fields, errs.Field{Pointer: clip(name), Code: "repeated", Detail: "This may be given once."})
		case !soundText(value):
			fields = append(fields, errs.Field{Pointer: clip(name), Code: "invalid", Detail: "This is not sound text."})
		}
		if seen = append(seen, name); len(seen) > 100 || len(fields) >= 50 {
			fields = append(fields, errs.Field{Code: "too_many", Detail: "There are too many parameters."})
			break
		}
	}
	return fields.Err()
}

func (op *operation) takesByPrefix(name string) bool {
	for _, prefix := range op.prefixes {
		if strings.HasPrefix(name, prefix) && len(name) > len(prefix) {
			return true
		}
	}
	return false
}

// soundText is what PostgreSQL can hold.
func soundText(s string) bool { return strings.IndexByte(s, 0) < 0 && utf8.ValidString(s) }

func clip(name string) string { return name[:min(len(name), 100)] }

// soundPath refuses what could be read as another path: the mux would redirect
// to it, a proxy may have checked it.
func soundPath(u *url.URL) bool {
	p := u.Path
	if p == "*" || p == "" || p[0] != '/' || strings.Contains(p, "//") || strings.Contains(p, "\\") || !utf8.ValidString(p) {
		return false
	}
	if strings.Contains(p, "/.") {
		for segment := range strings.SplitSeq(p, "/") {
			if segment == "." || segment == ".." {
				return false
			}
		}
	}
	for i := range len(p) {
		if p[i] < ' ' || p[i] == 0x7f {
			return false
		}
	}
	return u.RawPath == "" || !strings.Contains(strings.ToLower(u.RawPath), "%2f")
}

// notRouted answers where no route is: 405 when another method has one.
func (r *Router) notRouted(w http.ResponseWriter, req *http.Request) {
	ex := w.(*exchange)
	var allow []string
	probe := &http.Request{URL: req.URL, Host: req.Host}
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		probe.Method = method
		if _, pattern := r.mux.Handler(probe); pattern != "/" && pattern != "" {
			allow = append(allow, method)
		}
	}
	if len(allow) == 0 {
		ex.refuse(ErrNotFound)
		return
	}
	ex.Header().Set("Allow", strings.Join(allow, ", "))
	ex.refuse(ErrMethod)
}

// requestID keeps an id that a proxy gave, if it is a sane one.
func requestID(h http.Header) string {
	if given := h["X-Request-Id"]; len(given) == 1 && saneID(given[0]) {
		return given[0]
	}
	var b [16]byte
	_, _ = rand.Read(b[:]) // does not fail: it ends the process instead
	return hex.EncodeToString(b[:])
}

func saneID(s string) bool {
	if len(s) < 8 || len(s) > 128 {
		return false
	}
	for _, c := range []byte(s) {
		ok := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.'
		if !ok {
			return false
		}
	}
	return true
}

// clientAddr is the peer, or whom a chain of trusted proxies names.
func (r *Router) clientAddr(req *http.Request) netip.Addr {
	addr := addrOf(req.RemoteAddr)
	trusted := r.config.TrustedProxies
	if len(trusted) == 0 || !contains(trusted, addr) {
		return addr
	}
	hops := strings.Split(strings.Join(req.Header["X-Forwarded-For"], ","), ",")
	for _, hop := range slices.Backward(hops) {
		next, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			return addr
		}
		addr = next.Unmap()
		if !contains(trusted, addr) {
			return addr
		}
	}
	return addr
}

func addrOf(hostport string) netip.Addr {
	ap, err := netip.ParseAddrPort(hostport)
	if err != nil {
		return netip.Addr{} // a unix socket
	}
	return ap.Addr().Unmap()
}

func contains(prefixes []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(a) })
}

package httpapi

import (
	"net/http"
	"net/url"
	"strings"
)

// Values that many answers share. A header's slice is replaced, never grown in
// place, so sharing is safe.
var (
	nosniff      = []string{"nosniff"}
	noStore      = []string{"no-store"}
	hsts         = []string{"max-age=31536000; includeSubDomains"}
	sameOrigin   = []string{"same-origin"}
	strictOrigin = []string{"strict-origin-when-cross-origin"}
	noReferrer   = []string{"no-referrer"}
	permissions  = []string{"camera=(), geolocation=(), microphone=(), payment=(self), usb=()"}
	apiPolicy    = []string{"default-src 'none'; frame-ancestors 'none'"}
	varyOrigin   = []string{"Origin"}
)

// setSecurityHeaders is for every answer; pages set a policy of their own.
func setSecurityHeaders(h http.Header, path string) {
	h["X-Content-Type-Options"] = nosniff
	h["Strict-Transport-Security"] = hsts
	h["Cross-Origin-Opener-Policy"] = sameOrigin
	h["Permissions-Policy"] = permissions
	h["Content-Security-Policy"] = apiPolicy
	h["Cache-Control"] = noStore
	h["Vary"] = varyOrigin
	if isAdmin(path) {
		h["Referrer-Policy"] = noReferrer
	} else {
		h["Referrer-Policy"] = strictOrigin
	}
}

func isAdmin(path string) bool { return strings.HasPrefix(path, "/api/v1/admin/") }

func isVendors(path string) bool { return strings.HasPrefix(path, "/api/v1/vendor/") }

// browserGuard decides what pages of other sites may do.
type browserGuard struct {
	origins     map[string]bool
	crossOrigin *http.CrossOriginProtection
}

func newBrowserGuard(config Config) browserGuard {
	g := browserGuard{origins: map[string]bool{}, crossOrigin: http.NewCrossOriginProtection()}
	for _, origin := range config.CORSOrigins {
		if err := g.crossOrigin.AddTrustedOrigin(origin); err != nil {
			panic("CORS origin " + origin + ": " + err.Error()) // a setting, checked when the process starts
		}
		g.origins[origin] = true
	}
	if u, err := url.Parse(config.BaseURL); err == nil && u.Host != "" {
		// Behind a proxy the Host may differ from what the browser shows.
		if err := g.crossOrigin.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
			panic("base url " + config.BaseURL + ": " + err.Error())
		}
	}
	return g
}

// preflight sets the CORS headers of an answer and answers a preflight whole.
// No credentials: other origins call with a token, and cookies are for our own.
func (g browserGuard) preflight(ex *exchange) bool {
	origin := ex.r.Header.Get("Origin")
	if origin == "" || !g.origins[origin] || isAdmin(ex.r.URL.Path) {
		return false
	}
	h := ex.Header()
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", "ETag, Idempotent-Replayed, Retry-After, RateLimit, RateLimit-Policy, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-Id")
	if ex.r.Method != http.MethodOptions || ex.r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, X-Request-Id")
	h.Set("Access-Control-Max-Age", "600")
	ex.WriteHeader(http.StatusNoContent)
	return true
}

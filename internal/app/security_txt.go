package app

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"time"

	"souk/internal/platform/httpapi"
)

func (a *App) securityRoutes() {
	httpapi.Raw(a.Router, http.MethodGet, "/.well-known/security.txt", a.serveSecurityTxt,
		httpapi.Public("whom to tell of a weakness"), httpapi.Hidden("about the shop, not of its API"), httpapi.ID("security-txt"))
}

// securityTxtLife is how long a copy of security.txt may be believed: RFC 9116
// wants less than a year.
const securityTxtLife = 180 * 24 * time.Hour

// serveSecurityTxt says whom to tell of a weakness of this shop (RFC 9116). A
// shop that has named nobody has no such document.
func (a *App) serveSecurityTxt(w http.ResponseWriter, _ *http.Request) error {
	if a.Config.SecurityContact == "" {
		return httpapi.ErrNotFound
	}
	expires := a.Clock.Now().UTC().Truncate(24 * time.Hour).Add(securityTxtLife)
	var b strings.Builder
	fmt.Fprintf(&b, "Contact: %s\nExpires: %s\n", a.Config.SecurityContact, expires.Format(time.RFC3339))
	if home := a.Config.PublicURL(); strings.HasPrefix(home, "https://") { // no other may be named
		fmt.Fprintf(&b, "Canonical: %s/.well-known/security.txt\n", home)
	}
	fmt.Fprintf(&b, "Preferred-Languages: %s\n", cmp.Or(a.Config.Locale, "en"))
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	_, err := w.Write([]byte(b.String()))
	return err
}

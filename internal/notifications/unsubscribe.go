package notifications

import (
	"crypto/hmac"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// optOutPath is the page behind List-Unsubscribe (RFC 8058). Looking at it
// changes nothing, because mail programs look at links by themselves; only a
// POST does, which the mail program or the page's button sends.
const optOutPath = "/unsubscribe"

//go:embed pages/*.html
var pageFiles embed.FS

var pages = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

// pagePolicy lets pages have their own style, and nothing else.
const pagePolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func (n *Notifications) unsubscribeRoutes(r *httpapi.Router) {
	why, hidden := httpapi.Public("the link in a mail is the proof"), httpapi.Hidden("a page for people and mail programs")
	token := httpapi.QueryParam("token", "of the link in a mail")
	httpapi.Raw(r, http.MethodGet, optOutPath, n.showOptOut, why, hidden, token)
	httpapi.Raw(r, http.MethodPost, optOutPath, n.optOutNow, why, hidden, token)
}

// optOut is the address that switches a kind's topic off for a user, "" where
// it cannot be switched off or nobody is there who could say so.
func (n *Notifications) optOut(user id.User, kind Kind) string {
	if kind.Always || user.IsZero() {
		return ""
	}
	return n.BaseURL + optOutPath + "?token=" + url.QueryEscape(n.optOutToken(user, kind.Topic))
}

// optOutToken never expires, as a mail does not, and does nothing but this.
func (n *Notifications) optOutToken(user id.User, topic Topic) string {
	what := user.String() + "." + string(topic)
	return what + "." + n.sign("email."+what)
}

func (n *Notifications) sign(what string) string {
	mac := hmac.New(sha256.New, n.Key)
	mac.Write([]byte(what))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
}

// endAlerts is the address that ends all alerts of the mailbox that one is for.
func (n *Notifications) endAlerts(alert id.Alert) string {
	return n.BaseURL + optOutPath + "?token=" + url.QueryEscape(n.endToken(alert))
}

func (n *Notifications) endToken(alert id.Alert) string {
	what := alert.String() + ".alerts"
	return what + "." + n.sign("email."+what)
}

// An optOut is what a link in a mail switches off: a user's topic, or alerts.
type optOut struct {
	user  id.User
	topic Topic
	alert id.Alert // zero, unless it is about alerts
}

func (n *Notifications) readOptOut(r *http.Request) (o optOut, ok bool) {
	token := r.URL.Query().Get("token")
	parts := strings.Split(token, ".")
	if len(parts) != 3 || len(token) > 200 {
		return o, false
	}
	if alert, err := id.Parse[id.Alert](parts[0]); err == nil {
		return optOut{alert: alert, topic: Wishlist}, hmac.Equal([]byte(token), []byte(n.endToken(alert)))
	}
	user, err := id.Parse[id.User](parts[0])
	o = optOut{user: user, topic: Topic(parts[1])}
	return o, err == nil && !o.topic.required() && hmac.Equal([]byte(token), []byte(n.optOutToken(user, o.topic)))
}

// optOutPage is what pages/unsubscribe.html shows.
type optOutPage struct {
	Shop, Topic, Action string
	Account             bool // where mails are switched on again
	Done                bool
}

func (n *Notifications) showOptOut(w http.ResponseWriter, r *http.Request) error {
	o, ok := n.readOptOut(r)
	if !ok {
		return httpapi.ErrNotFound
	}
	return render(w, "unsubscribe.html", optOutPage{n.ShopName, string(o.topic), r.URL.RequestURI(), o.alert.IsZero(), false})
}

func (n *Notifications) optOutNow(w http.ResponseWriter, r *http.Request) error {
	o, ok := n.readOptOut(r)
	if !ok {
		return httpapi.ErrNotFound
	}
	err := postgres.InTx(r.Context(), n.DB, func(tx pgx.Tx) error {
		if !o.alert.IsZero() {
			return n.Wishlists.EndAlerts(r.Context(), tx, o.alert)
		}
		return n.Prefer(r.Context(), tx, o.user, o.topic, false)
	})
	if err != nil {
		return err
	}
	return render(w, "unsubscribe.html", optOutPage{n.ShopName, string(o.topic), "", o.alert.IsZero(), true})
}

// render writes a page that no cache keeps.
func render(w http.ResponseWriter, name string, data any) error {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", pagePolicy)
	w.Header().Set("Referrer-Policy", "no-referrer")
	return pages.ExecuteTemplate(w, name, data)
}

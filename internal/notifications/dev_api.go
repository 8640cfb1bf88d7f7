package notifications

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"souk/internal/id"
	"souk/internal/invoices"
	"souk/internal/platform/httpapi"
)

// mailboxPath is the mailbox of a shop from which no mail leaves.
const mailboxPath = "/dev/mail"

// mailboxSize is how many messages the list shows.
const mailboxSize = 100

func (n *Notifications) devRoutes(r *httpapi.Router) {
	why, hidden := httpapi.Public("kept mail; not there when mail is sent"), httpapi.Hidden("a page for developers")
	httpapi.Raw(r, http.MethodGet, mailboxPath, n.showMailbox, why, hidden, httpapi.ID("show-mailbox"), httpapi.QueryParam("to", "part of the recipient's address"))
	httpapi.Raw(r, http.MethodGet, mailboxPath+"/{message}", n.showMessage, why, hidden, httpapi.ID("show-kept-message"), httpapi.QueryParam("as", "html or text"))
	httpapi.Raw(r, http.MethodGet, mailboxPath+"/{message}/body", n.showBody, why, hidden, httpapi.ID("show-kept-body"))
	httpapi.Raw(r, http.MethodGet, mailboxPath+"/{message}/file", n.showFile, why, hidden, httpapi.ID("show-kept-file"))
}

// mayLook reports whether the sender of a request may read everybody's mail. It
// holds links that let in, so where the shop is not a demo only somebody at the
// machine may: who calls from it, by its own name, without a proxy between.
func (n *Notifications) mayLook(r *http.Request) bool {
	base, err := url.Parse(n.BaseURL)
	switch {
	case !n.keeps() || err != nil:
		return false
	case n.Open:
		// Also for a demo: a name that resolves to this machine, but is not its
		// own, is a page of somebody else that reads through the visitor's browser.
		return local(hostname(r.Host)) || strings.EqualFold(hostname(r.Host), base.Hostname())
	}
	for _, header := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"} {
		if r.Header.Get(header) != "" {
			return false
		}
	}
	return local(base.Hostname()) && local(hostname(r.Host)) && httpapi.ClientAddr(r.Context()).IsLoopback()
}

func hostname(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return strings.Trim(hostport, "[]")
}

// local reports whether a host is this machine by its name.
func local(host string) bool {
	addr, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && addr.IsLoopback()
}

// mailbox is what pages/mailbox.html shows.
type mailbox struct {
	Shop, To string
	Messages []Message
	Full     bool // there are more
}

func (n *Notifications) showMailbox(w http.ResponseWriter, r *http.Request) error {
	if !n.mayLook(r) {
		return httpapi.ErrNotFound
	}
	to := strings.TrimSpace(r.URL.Query().Get("to"))
	found, err := findMessages(r.Context(), n.DB, search{Status: string(Kept), Part: to, Limit: mailboxSize + 1})
	if err != nil {
		return err
	}
	full := len(found) > mailboxSize
	return render(w, "mailbox.html", mailbox{n.ShopName, to, found[:min(len(found), mailboxSize)], full})
}

// openMessage is what pages/message.html shows.
type openMessage struct {
	Message
	Shop   string
	AsText bool
}

func (n *Notifications) showMessage(w http.ResponseWriter, r *http.Request) error {
	m, err := n.keptMessage(r)
	if err != nil {
		return err
	}
	return render(w, "message.html", openMessage{m, n.ShopName, r.URL.Query().Get("as") == "text"})
}

// showBody is the mail itself, in a sandbox: no scripts, no requests, an origin
// of its own. Its links open beside it.
func (n *Notifications) showBody(w http.ResponseWriter, r *http.Request) error {
	m, err := n.keptMessage(r)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Content-Security-Policy",
		"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox")
	_, err = fmt.Fprint(w, strings.Replace(m.HTML, "<head>", `<head><base target="_blank">`, 1))
	return err
}

// showFile is what goes with a mail. Neither a PDF nor the page of an invoice has a
// script, and none would run.
func (n *Notifications) showFile(w http.ResponseWriter, r *http.Request) error {
	m, err := n.keptMessage(r)
	if err == nil && m.Invoice.IsZero() {
		err = ErrNoMessage
	}
	if err != nil {
		return err
	}
	file, err := invoices.Print(r.Context(), n.DB, m.Invoice)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", file.Type)
	w.Header().Set("Content-Disposition", `inline; filename="`+file.Name+`"`)
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	_, err = w.Write(file.Content)
	return err
}

func (n *Notifications) keptMessage(r *http.Request) (Message, error) {
	if !n.mayLook(r) {
		return Message{}, httpapi.ErrNotFound
	}
	message, err := id.Parse[id.Message](r.PathValue("message"))
	if err != nil {
		return Message{}, ErrNoMessage
	}
	m, err := messageByID(r.Context(), n.DB, message)
	if err == nil && m.Status != Kept {
		err = ErrNoMessage
	}
	return m, err
}

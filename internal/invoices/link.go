package invoices

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"souk/internal/id"
	"souk/internal/platform/httpapi"
)

const linkLife = 15 * time.Minute

// Shown is a document with the links under which it can be opened for a while.
type Shown struct {
	Invoice
	PDF       string    `json:"pdf_url" doc:"The PDF, for 15 minutes"`
	Page      string    `json:"page_url" doc:"A page to read and print, for 15 minutes"`
	ExpiresAt time.Time `json:"links_expire_at"`
}

func (s *Invoices) shown(i Invoice) Shown {
	expires := s.Clock.Now().Add(linkLife).UTC().Truncate(time.Second)
	seconds := strconv.FormatInt(expires.Unix(), 10)
	query := "?" + url.Values{"expires": {seconds}, "signature": {s.sign(i.ID.String(), seconds)}}.Encode()
	at := s.BaseURL + "/invoices/" + i.ID.String()
	return Shown{i, at + ".pdf" + query, at + ".html" + query, expires}
}

func (s *Invoices) allShown(list []Invoice) []Shown {
	shown := make([]Shown, len(list))
	for i := range list {
		shown[i] = s.shown(list[i])
	}
	return shown
}

func (s *Invoices) sign(invoice, expires string) string {
	mac := hmac.New(sha256.New, s.LinkKey)
	fmt.Fprintf(mac, "%s %s", invoice, expires)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func (s *Invoices) linkRoutes(r *httpapi.Router) {
	httpapi.Raw(r, http.MethodGet, "/invoices/{file}", s.open, httpapi.Public("the signed link is the secret"), httpapi.ID("open-invoice"),
		httpapi.QueryParam("expires", "As in the link."), httpapi.QueryParam("signature", "As in the link."), httpapi.Produces("application/pdf"),
		httpapi.Summary("Open an invoice by a signed link"),
		httpapi.Describe("`inv_….pdf` or `inv_….html`, as `pdf_url` and `page_url` of invoices name it. 410 `link_expired` after 15 minutes. Browsers get pages instead: one that says where to ask again, and that of an invoice whose letters cannot be set in a PDF."))
}

// open answers with the document of a link.
func (s *Invoices) open(w http.ResponseWriter, r *http.Request) error {
	name, form, _ := strings.Cut(r.PathValue("file"), ".")
	invoice, err := id.Parse[id.Invoice](name)
	if err != nil || form != "pdf" && form != "html" {
		return ErrNoInvoice
	}
	expired := s.checkLink(name, r.URL.Query())
	if expired != nil && !(errors.Is(expired, ErrLinkExpired) && isBrowser(r)) {
		return expired
	}
	found, err := get(r.Context(), s.DB, invoice, id.Vendor{})
	if err != nil {
		return err
	}
	switch {
	case expired != nil:
		return s.serveExpired(w, found)
	case form == "html":
		return servePage(w, found)
	}
	err = servePDF(w, found.Number, []Invoice{found})
	if errors.Is(err, ErrNotPrintable) && isBrowser(r) {
		return servePage(w, found)
	}
	return err
}

// isBrowser reports whether somebody looks who would rather see a page than JSON.
func isBrowser(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }

// checkLink is ErrNoInvoice for a link that was never given out, and ErrLinkExpired
// for one that was.
func (s *Invoices) checkLink(invoice string, query url.Values) error {
	expires := query.Get("expires")
	if !hmac.Equal([]byte(query.Get("signature")), []byte(s.sign(invoice, expires))) {
		return ErrNoInvoice
	}
	seconds, err := strconv.ParseInt(expires, 10, 64)
	if err != nil {
		return ErrNoInvoice
	}
	if !s.Clock.Now().Before(time.Unix(seconds, 0)) {
		return ErrLinkExpired
	}
	return nil
}

// servePDF answers with some documents as one file.
func servePDF(w http.ResponseWriter, name string, list []Invoice) error {
	file, err := writePDF(list)
	if err != nil {
		return err
	}
	private(w.Header())
	w.Header().Set("Content-Type", "application/pdf")
	w.Header().Set("Content-Disposition", `inline; filename="`+strings.ReplaceAll(name, "/", "-")+`.pdf"`) // numbers are of letters, digits, / and -
	_, err = w.Write(file)
	return err
}

func servePage(w http.ResponseWriter, i Invoice) error {
	return render(w, http.StatusOK, "page.html", sheetOf(i))
}

// serveExpired tells who comes back to a tab that was open for long where to ask
// for the document again, in its language.
func (s *Invoices) serveExpired(w http.ResponseWriter, i Invoice) error {
	l := languageOf(i.Locale)
	return render(w, http.StatusGone, "expired.html", map[string]string{
		"Lang": l.code, "Title": l.say("expired"), "Why": l.say("expired_why"), "MyOrders": l.say("my_orders"), "Orders": s.BaseURL + "/account#orders",
	})
}

func render(w http.ResponseWriter, status int, name string, data any) error {
	var page bytes.Buffer
	if err := pages.ExecuteTemplate(&page, name, data); err != nil {
		return fmt.Errorf("show %s: %w", name, err)
	}
	private(w.Header())
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", pagePolicy)
	w.WriteHeader(status)
	_, err := w.Write(page.Bytes())
	return err
}

// private keeps a document out of caches, search engines and the Referer.
func private(h http.Header) {
	h.Set("Cache-Control", "private, no-store")
	h.Set("X-Robots-Tag", "noindex")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
}

package invoices

import (
	"errors"
	"net/http"
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
	query := s.LinkKey.Query(i.ID.String(), expires)
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

func (s *Invoices) linkRoutes(r *httpapi.Router) {
	httpapi.Raw(r, http.MethodGet, "/invoices/{file}", s.open, httpapi.Public("the signature in the link is the secret"), httpapi.Private(), httpapi.ID("open-invoice"),
		httpapi.Hidden("documents, whose addresses the API gives"), httpapi.QueryParam("expires", "When the link ends."), httpapi.QueryParam("signature", "Proves that we made it."))
}

// open answers with the document of a link.
func (s *Invoices) open(w http.ResponseWriter, r *http.Request) error {
	name, form, _ := strings.Cut(r.PathValue("file"), ".")
	invoice, err := id.Parse[id.Invoice](name)
	if err != nil || form != "pdf" && form != "html" {
		return ErrNoInvoice
	}
	expired := s.LinkKey.Check(name, r.URL.Query(), s.Clock.Now(), ErrNoInvoice, httpapi.ErrLinkExpired)
	if expired != nil && !(errors.Is(expired, httpapi.ErrLinkExpired) && isBrowser(r)) {
		return expired
	}
	found, err := Get(r.Context(), s.DB, invoice)
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

// servePDF answers with some documents as one file.
func servePDF(w http.ResponseWriter, name string, list []Invoice) error {
	file, err := writePDF(list)
	if err != nil {
		return err
	}
	private(w.Header())
	w.Header().Set("Content-Type", "application/pdf")
	w.Header().Set("Content-Disposition", `inline; filename="`+fileName(name, "pdf")+`"`)
	_, err = w.Write(file)
	return err
}

func servePage(w http.ResponseWriter, i Invoice) error {
	page, err := writePage(i)
	if err != nil {
		return err
	}
	return serve(w, http.StatusOK, page)
}

// serveExpired tells who comes back to a tab that was open for long where to ask
// for the document again, in its language.
func (s *Invoices) serveExpired(w http.ResponseWriter, i Invoice) error {
	l := languageOf(i.Locale)
	page, err := render("expired.html", map[string]string{
		"Lang": l.code, "Title": l.say("expired"), "Why": l.say("expired_why"), "MyOrders": l.say("my_orders"), "Orders": s.BaseURL + "/account#orders",
	})
	if err != nil {
		return err
	}
	return serve(w, http.StatusGone, page)
}

func serve(w http.ResponseWriter, status int, page []byte) error {
	private(w.Header())
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", pagePolicy)
	w.WriteHeader(status)
	_, err := w.Write(page)
	return err
}

// private keeps a document out of caches, search engines and the Referer.
func private(h http.Header) {
	h.Set("Cache-Control", "private, no-store")
	h.Set("X-Robots-Tag", "noindex")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
}

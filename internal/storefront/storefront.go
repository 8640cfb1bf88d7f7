// Package storefront is what shoppers see in a browser: for now the pages that
// mails and the sign-in lead to.
//
// Owns: the pages under /account and /setup, their style and scripts. They are
// clients of the public API, the same for everybody, and served as stored bytes.
// Only the pages on which payments are made are made for whoever asks for them.
// Tables: none. Raises: nothing. Calls: payments, orders, stripe and testpay; the
// scripts call the API.
//
// A token of a mailed link stands in the fragment of its URL, which browsers
// send to no server: it is in no log and in no Referer.
package storefront

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"souk/internal/payments"
	"souk/internal/payments/stripe"
	"souk/internal/payments/testpay"
	"souk/internal/platform/httpapi"
)

//go:embed pages assets
var files embed.FS

// Pages is the storefront.
type Pages struct {
	ShopName string
	Payments *payments.Payments
	Tests    *testpay.Provider
	Stripe   *stripe.Provider

	version   string            // of the assets, in their address, so that they may be cached for ever
	stored    map[string][]byte // pages by their path
	testPay   *template.Template
	stripePay *template.Template
}

// page is one page: where it is, and its name, by which its content
// (pages/NAME.html) and its script (assets/NAME.js, if there is one) are called.
type page struct{ path, name, title string }

var pages = []page{
	{"/{$}", "home", "This is a Souk."},
	{"/account", "account", "Your account"},
	{"/account/sign-in", "sign-in", "Sign in"},
	{"/account/register", "register", "Create an account"},
	{"/account/forgot", "forgot", "Forgot your password?"},
	{"/account/reset", "reset", "Choose a new password"},
	{"/account/verify", "verify", "Verify your e-mail"},
	{"/account/email", "email", "Change your e-mail"},
	{"/account/alert", "alert", "Tell me about it"},
	{"/account/invitation", "invitation", "Join a shop"},
	{"/setup", "setup", "Set up your shop"},
}

// policy lets the page use what this server gives it, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self' https://api.razorpay.com; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"

// Routes mounts the pages.
func (p *Pages) Routes(r *httpapi.Router) {
	p.render()
	shown, hidden := httpapi.Public("a page for people"), httpapi.Hidden("a page for people")
	for _, one := range pages {
		httpapi.Raw(r, http.MethodGet, one.path, p.servePage, shown, hidden, httpapi.ID("page-"+one.name))
	}
	p.testPayRoutes(r)
	p.stripePayRoutes(r)
	httpapi.Raw(r, http.MethodGet, "/assets/{version}/{file}", p.serveAsset, httpapi.Public("style and scripts of pages"), hidden, httpapi.ID("page-asset"))
}

// render makes the bytes of every page, once.
func (p *Pages) render() {
	p.version, p.stored = versionOf(files), map[string][]byte{}
	layout := template.Must(template.ParseFS(files, "pages/layout.html"))
	p.testPay = template.Must(template.Must(layout.Clone()).ParseFS(files, "pages/test-payment.html"))
	p.stripePay = template.Must(template.Must(layout.Clone()).ParseFS(files, "pages/stripe-payment.html"))
	for _, one := range pages {
		tmpl := template.Must(template.Must(layout.Clone()).ParseFS(files, "pages/"+one.name+".html"))
		var b bytes.Buffer
		on := map[string]string{"Title": one.title, "Shop": p.ShopName, "Assets": "/assets/" + p.version}
		if script := one.name + ".js"; exists("assets/" + script) {
			on["Script"] = script
		}
		err := tmpl.ExecuteTemplate(&b, "layout.html", on)
		if err != nil {
			panic(fmt.Sprintf("page %s: %v", one.name, err)) // a template of ours, rendered by every test
		}
		p.stored[strings.TrimSuffix(one.path, "{$}")] = b.Bytes()
	}
}

// head says what every page says.
func head(h http.Header) {
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Robots-Tag", "noindex")
}

func (p *Pages) servePage(w http.ResponseWriter, r *http.Request) error {
	head(w.Header())
	w.Header().Set("Cache-Control", "no-cache")
	_, err := w.Write(p.stored[r.URL.Path])
	return err
}

func (p *Pages) serveAsset(w http.ResponseWriter, r *http.Request) error {
	name := path.Join("assets", path.Base(r.PathValue("file")))
	if !exists(name) {
		return httpapi.ErrNotFound
	}
	if r.PathValue("version") == p.version {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeFileFS(w, r, files, name)
	return nil
}

func exists(name string) bool {
	_, err := fs.Stat(files, name)
	return err == nil
}

// versionOf is another text whenever any file is another one.
func versionOf(files fs.FS) string {
	sum := sha256.New()
	err := fs.WalkDir(files, "assets", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, name)
		fmt.Fprintf(sum, "%s %d\n%s", name, len(text), text)
		return err
	})
	if err != nil {
		panic(err) // the files are embedded above
	}
	return hex.EncodeToString(sum.Sum(nil)[:6])
}

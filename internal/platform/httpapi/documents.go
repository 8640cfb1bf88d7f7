package httpapi

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"strings"

	"souk/internal/errs"
	"souk/web"
)

// ErrNotReady keeps traffic away from this process.
var ErrNotReady = errs.New(errs.Unavailable, "not_ready", "This server is not ready for traffic.")

// mountDocuments serves what the API says about itself and about its health.
func (r *Router) mountDocuments() {
	about := Hidden("about the API, not of it")
	all := Public("the API's documents")
	Raw(r, http.MethodGet, "/openapi.json", r.serveOpenAPI, all, about)
	Raw(r, http.MethodGet, "/postman.json", r.servePostman, all, about)
	Raw(r, http.MethodGet, "/llms.txt", r.serveLLMs, all, about)
	Raw(r, http.MethodGet, "/docs", r.serveDocs, all, about)
	Raw(r, http.MethodGet, "/docs/{file}", r.serveDocsFile, all, about)
	Raw(r, http.MethodGet, "/healthz", r.healthz, Public("probes"), about, Limit(LimitNone))
	Raw(r, http.MethodGet, "/readyz", r.readyz, Public("probes"), about, Limit(LimitNone))
}

func (r *Router) serveOpenAPI(w http.ResponseWriter, _ *http.Request) error {
	doc, err := r.OpenAPI()
	if err != nil {
		return err
	}
	w.Header()["Content-Type"] = jsonType
	_, err = w.Write(doc)
	return err
}

func (r *Router) servePostman(w http.ResponseWriter, _ *http.Request) error {
	doc, err := json.MarshalIndent(r.postman(), "", "  ")
	if err != nil {
		return err
	}
	w.Header()["Content-Type"] = jsonType
	_, err = w.Write(doc)
	return err
}

// serveLLMs lists the operations for readers that have little room.
func (r *Router) serveLLMs(w http.ResponseWriter, _ *http.Request) error {
	if _, err := r.OpenAPI(); err != nil {
		return err
	}
	doc := r.api.OpenAPI()
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n\nBase: %s\nSchemas: /openapi.json\n", doc.Info.Title, doc.Info.Description, r.config.BaseURL)
	for _, tag := range doc.Tags {
		fmt.Fprintf(&b, "\n## %s\n\n", tag.Name)
		for _, op := range r.operations(tag.Name) {
			fmt.Fprintf(&b, "- %s %s: %s\n", op.Method, op.Path, op.Summary)
		}
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, err := w.Write([]byte(b.String()))
	return err
}

//go:embed docs.html
var docsPage []byte

//go:embed docs.js
var docsScript []byte

// docsPolicy lets Swagger UI run and nothing be loaded from elsewhere. It sets
// style attributes, which needs unsafe-inline for styles only.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

const docsNotBuilt = "The pages of the documentation have not been built.\n\nRun `make web`, then build and start Souk again.\n" +
	"The API itself works without them; its document is at /openapi.json.\n"

func (r *Router) serveDocs(w http.ResponseWriter, _ *http.Request) error {
	if _, err := fs.Stat(web.Dist(), "swagger/swagger-ui-bundle.js"); err != nil {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, err := w.Write([]byte(docsNotBuilt))
		return err
	}
	w.Header().Set("Content-Security-Policy", docsPolicy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, err := w.Write(docsPage)
	return err
}

func (r *Router) serveDocsFile(w http.ResponseWriter, req *http.Request) error {
	switch name := req.PathValue("file"); name {
	case "docs.js":
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		_, err := w.Write(docsScript)
		return err
	case "swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png":
		if _, err := fs.Stat(web.Dist(), "swagger/"+name); err != nil {
			return ErrNotFound
		}
		w.Header().Set("Cache-Control", "public, max-age=3600")
		http.ServeFileFS(w, req, web.Dist(), "swagger/"+name)
		return nil
	}
	return ErrNotFound
}

// healthz says that the process answers.
func (r *Router) healthz(w http.ResponseWriter, _ *http.Request) error {
	w.Header()["Content-Type"] = jsonType
	_, err := w.Write([]byte(`{"status":"ok"}`))
	return err
}

// readyz says whether it should get traffic. Probes come every few seconds: the
// log has the first that hears something new.
func (r *Router) readyz(w http.ResponseWriter, req *http.Request) error {
	if r.config.Ready == nil {
		return r.healthz(w, req)
	}
	err := r.config.Ready(req.Context())
	was := r.unready.Swap(err != nil)
	if err != nil {
		if !was {
			r.log.WarnContext(req.Context(), "not ready", "error", err)
		}
		return ErrNotReady
	}
	if was {
		r.log.InfoContext(req.Context(), "ready")
	}
	return r.healthz(w, req)
}

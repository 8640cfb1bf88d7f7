package httpapi

import "net/http"

// mountDocuments serves what the API says about itself and about its health.
func (r *Router) mountDocuments() {
	about := Hidden("about the API, not of it")
	Raw(r, http.MethodGet, "/openapi.json", r.serveOpenAPI, Public("the document of the API"), about)
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

// healthz says that the process answers.
func (r *Router) healthz(w http.ResponseWriter, _ *http.Request) error {
	w.Header()["Content-Type"] = jsonType
	_, err := w.Write([]byte(`{"status":"ok"}`))
	return err
}

// readyz says whether it should get traffic.
func (r *Router) readyz(w http.ResponseWriter, req *http.Request) error {
	if r.config.Ready != nil {
		if err := r.config.Ready(req.Context()); err != nil {
			r.log.WarnContext(req.Context(), "not ready", "error", err)
			return ErrNotReady
		}
	}
	return r.healthz(w, req)
}

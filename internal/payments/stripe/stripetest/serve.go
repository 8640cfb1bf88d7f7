package stripetest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// operation is one of the API's.
type operation struct {
	route    string
	name     string
	params   params
	required []string
	act      func(*call) (object, *failure)
}

var operations = []operation{
	{
		"POST /v1/checkout/sessions", "start", sessionParams,
		[]string{"mode", "line_items[0][price_data][currency]", "line_items[0][price_data][unit_amount]"},
		(*call).createSession,
	},
	{"GET /v1/checkout/sessions/{id}", "look", params{}, nil, (*call).readSession},
	{"POST /v1/checkout/sessions/{id}/expire", "void", params{}, nil, (*call).expireSession},
	{"POST /v1/payment_intents", "start", intentParams, []string{"amount", "currency"}, (*call).createIntent},
	{"GET /v1/payment_intents/{id}", "look", params{}, nil, (*call).readIntent},
	{"POST /v1/payment_intents/{id}/capture", "capture", captureParams, nil, (*call).captureIntent},
	{"POST /v1/payment_intents/{id}/cancel", "void", params{}, nil, (*call).cancelIntent},
	{"GET /v1/payment_methods/{id}", "forget", params{}, nil, (*call).readMethod},
	{"POST /v1/payment_methods/{id}/detach", "forget", params{}, nil, (*call).detachMethod},
	{"POST /v1/refunds", "refund", refundParams, nil, (*call).createRefund},
	{"GET /v1/refunds", "look", listParams, nil, (*call).listRefunds},
	{"GET /v1/disputes", "look", listParams, nil, (*call).listDisputes},
	{"GET /v1/disputes/{id}", "look", params{}, nil, (*call).readDispute},
	{"POST /v1/disputes/{id}", "answer", disputeParams, nil, (*call).updateDispute},
	{"POST /v1/disputes/{id}/close", "answer", params{}, nil, (*call).closeDispute},
	{"GET /v1/balance_transactions", "statement", balanceParams, nil, (*call).listEntries},
	{"GET /v1/account", "account", params{}, nil, (*call).readAccount},
}

// call is an operation that is asked for.
type call struct {
	*Server
	id   string // in the path
	form url.Values
	host string
}

// failure is an answer of Stripe's that is a no.
type failure struct {
	status              int
	kind, code, decline string
	message, param      string
	intent              object
	unsaved             bool // it is not kept for the key: nothing was begun
}

func invalid(param, message string) *failure {
	return &failure{status: 400, param: param, message: message, unsaved: true}
}

func unfit(code, message string) *failure { return &failure{status: 400, code: code, message: message} }

func noSuch(what, name string) *failure {
	return &failure{status: 404, code: "resource_missing", param: "id", message: "No such " + what + ": '" + name + "'"}
}

func (f *failure) body() object {
	o := object{"type": "invalid_request_error", "message": f.message}
	for name, value := range map[string]string{"type": f.kind, "code": f.code, "decline_code": f.decline, "param": f.param} {
		if value != "" {
			o[name] = value
		}
	}
	if f.intent != nil {
		o["payment_intent"] = f.intent
	}
	return object{"error": o}
}

// reply is what a key has been answered.
type reply struct {
	asked  string
	status int
	body   []byte
	at     int64
}

// keptFor is how long Stripe remembers a key at least.
// https://docs.stripe.com/api/idempotent_requests
const keptFor = 24 * 60 * 60

// Handler answers the shop's calls, and buyers.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, o := range operations {
		mux.HandleFunc(o.route, func(w http.ResponseWriter, r *http.Request) {
			s.Faults.Serve(w, r, o.name, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, o) })
		})
	}
	mux.HandleFunc("GET /c/pay/{id}", s.showPage)
	mux.HandleFunc("POST /c/pay/{id}", s.takePage)
	mux.HandleFunc("GET /dahlia/stripe.js", func(w http.ResponseWriter, r *http.Request) { s.Faults.Serve(w, r, "script", serveScript) })
	mux.HandleFunc("GET /c/embedded/{id}", s.showFrame)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		write(w, 404, (&failure{message: "Unrecognized request URL (" + r.Method + ": " + r.URL.Path + ")."}).body())
	})
	return mux
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request, o operation) {
	c, f := s.hear(r, o)
	if f != nil {
		write(w, f.status, f.body())
		return
	}
	s.mu.Lock()
	s.pass()
	status, body := s.once(c, r, o)
	letters := s.taken()
	s.mu.Unlock()
	s.post(r.Context(), letters) // they are there before the answer
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Request-Id", named("req"))
	w.WriteHeader(status)
	_, _ = w.Write(body) // who has hung up does not want it
}

// hear reads a request, and refuses what Stripe does not even begin to do.
func (s *Server) hear(r *http.Request, o operation) (*call, *failure) {
	key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	form, err := url.ParseQuery(r.URL.RawQuery)
	if r.Method == http.MethodPost {
		var body []byte
		if body, err = io.ReadAll(r.Body); err == nil {
			form, err = url.ParseQuery(string(body))
		}
	}
	switch {
	case key != s.key():
		return nil, &failure{status: 401, message: "Invalid API Key provided"}
	case r.Header.Get("Stripe-Version") != Version:
		return nil, invalid("", "Invalid Stripe API version: "+r.Header.Get("Stripe-Version"))
	case err != nil || r.Method == http.MethodPost && (r.URL.RawQuery != "" || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded"):
		return nil, invalid("", "Invalid request")
	case len(r.Header.Get("Idempotency-Key")) > 255:
		return nil, invalid("", "Keys for idempotent requests can be at most 255 characters long.")
	}
	return &call{Server: s, id: r.PathValue("id"), form: form, host: r.Host}, o.params.check(form, o.required)
}

// once does what is asked, or answers as it has answered the key before.
func (s *Server) once(c *call, r *http.Request, o operation) (int, []byte) {
	key, asked := r.Header.Get("Idempotency-Key"), r.Method+" "+r.URL.Path+" "+c.form.Encode()
	if r.Method != http.MethodPost {
		key = ""
	}
	if before, ok := s.replies[key]; ok && key != "" && s.now()-before.at < keptFor {
		if before.asked != asked {
			f := &failure{
				status: 400, kind: "idempotency_error",
				message: "Keys for idempotent requests can only be used with the same parameters they were first used with.",
			}
			return f.status, written(f.body())
		}
		return before.status, before.body
	}
	status := http.StatusOK
	answer, f := o.act(c)
	for _, path := range c.expansions() {
		if f == nil {
			f = expand(answer, path)
		}
	}
	if f != nil {
		status, answer = f.status, f.body()
	}
	shut(answer)
	body := written(answer)
	if key != "" && (f == nil || !f.unsaved) {
		s.replies[key] = reply{asked, status, body, s.now()}
	}
	return status, body
}

func (c *call) expansions() (paths []string) {
	for name, values := range c.form {
		if strings.HasPrefix(name, "expand[") {
			paths = append(paths, values...)
		}
	}
	return paths
}

func written(o object) []byte {
	body, err := json.Marshal(o)
	if err != nil {
		panic(err) // it is made of texts and numbers
	}
	return body
}

func write(w http.ResponseWriter, status int, o object) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(written(o)) // who has hung up does not want it
}

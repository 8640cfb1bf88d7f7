package paypaltest

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"souk/internal/money"
)

// For how long PayPal remembers the keys of its APIs.
const (
	orderKeys   = 6 * time.Hour
	paymentKeys = 45 * 24 * time.Hour
)

// problem is a refusal.
type problem struct {
	status            int
	name, issue, says string
}

func unprocessable(issue, says string) *problem {
	return &problem{http.StatusUnprocessableEntity, "UNPROCESSABLE_ENTITY", issue, says}
}

func invalid(issue, says string) *problem {
	return &problem{http.StatusBadRequest, "INVALID_REQUEST", issue, says}
}

func notFound() *problem {
	return &problem{
		http.StatusNotFound, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID", "Specified resource ID does not exist. Please check the resource ID and try again.",
	}
}

// messages are what PayPal says with a name.
var messages = map[string]string{
	"UNPROCESSABLE_ENTITY":   "The requested action could not be performed, semantically incorrect, or failed business validation.",
	"INVALID_REQUEST":        "Request is not well-formed, syntactically incorrect, or violates schema.",
	"RESOURCE_NOT_FOUND":     "The specified resource does not exist.",
	"AUTHENTICATION_FAILURE": "Authentication failed due to missing authorization header, or invalid authentication credentials.",
	"NOT_AUTHORIZED":         "Authorization failed due to insufficient permissions.",
	"UNSUPPORTED_MEDIA_TYPE": "The server does not support the request payload's media type.",
}

func (p *problem) write(w http.ResponseWriter) {
	writeJSON(w, p.status, map[string]any{
		"name": p.name, "message": messages[p.name], "debug_id": strings.ToLower(rand.Text()[:13]),
		"details": []map[string]any{{"issue": p.issue, "description": p.says}}, "links": []any{},
	})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // who has hung up does not want it
}

// reply is what was done under a key. A repetition shows how far it has come.
type reply struct {
	asked string
	until time.Time
	show  func() any
}

// action does what is asked for and says how to show what came of it.
type action func(r *http.Request, body []byte) (show func() any, p *problem)

// once does an action once for each PayPal-Request-Id. The status of the first
// answer is done.
func (s *Server) once(done int, life time.Duration, act action) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		asked, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		s.mu.Lock()
		again, body, p := s.answer(r, asked, life, act)
		letters := s.takeLetters()
		s.mu.Unlock()
		s.post(r.Context(), letters)
		switch {
		case p != nil:
			p.write(w)
		case again:
			writeJSON(w, http.StatusOK, body)
		default:
			writeJSON(w, done, body)
		}
	}
}

func (s *Server) answer(r *http.Request, asked []byte, life time.Duration, act action) (again bool, body any, p *problem) {
	if p := s.checkHead(r); p != nil {
		return false, nil, p
	}
	if kind := r.Header.Get("Content-Type"); kind != "application/json" {
		return false, nil, &problem{http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", "UNSUPPORTED_MEDIA_TYPE", kind}
	}
	key, now := r.Header.Get("PayPal-Request-Id"), s.Clock.Now()
	if len(key) > 108 {
		return false, nil, invalid("INVALID_STRING_MAX_LENGTH", "PayPal-Request-Id")
	}
	key = r.URL.Path + " " + key
	whole := r.Header.Get("Prefer") == "return=representation"
	if known, ok := s.replies[key]; ok && now.Before(known.until) {
		if known.asked != string(asked) {
			return false, nil, unprocessable("DUPLICATE_REQUEST_ID", "The value of PayPal-Request-Id header has already been used.")
		}
		return true, minimal(known.show(), whole), nil
	}
	show, p := act(r, asked)
	if p != nil {
		return false, nil, p
	}
	if r.Header.Get("PayPal-Request-Id") != "" {
		s.replies[key] = reply{string(asked), now.Add(life), show}
	}
	return false, minimal(show(), whole), nil
}

// minimal is what PayPal shows to those who do not ask for more.
func minimal(body any, whole bool) any {
	all, ok := body.(map[string]any)
	if whole || !ok {
		return body
	}
	return map[string]any{"id": all["id"], "status": all["status"], "links": all["links"]}
}

// read answers a question.
func (s *Server) read(show func(*http.Request) (any, *problem)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		p := s.checkHead(r)
		var body any
		if p == nil {
			body, p = show(r)
		}
		if p != nil {
			p.write(w)
			return
		}
		writeJSON(w, http.StatusOK, body)
	}
}

func (s *Server) checkHead(r *http.Request) *problem {
	value, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if until, granted := s.tokens[value]; !ok || !granted || !s.Clock.Now().Before(until) {
		return &problem{http.StatusUnauthorized, "AUTHENTICATION_FAILURE", "INVALID_TOKEN", "Authentication failed due to invalid authentication credentials."}
	}
	if prefer := r.Header.Get("Prefer"); prefer != "" && prefer != "return=minimal" && prefer != "return=representation" {
		return invalid("INVALID_PARAMETER_SYNTAX", "Prefer")
	}
	return nil
}

// grant gives a token to who knows the secret.
func (s *Server) grant(w http.ResponseWriter, r *http.Request) {
	user, secret, ok := r.BasicAuth()
	switch {
	case !ok || user != s.ClientID || secret != s.Secret:
		writeJSON(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client", "error_description": "Client Authentication failed"})
		return
	case r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || r.FormValue("grant_type") != "client_credentials":
		writeJSON(w, http.StatusBadRequest, map[string]any{"error": "unsupported_grant_type", "error_description": "Grant Type is NULL"})
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	value := "A21AA" + rand.Text()
	s.tokens[value] = s.Clock.Now().Add(9 * time.Hour)
	writeJSON(w, http.StatusOK, map[string]any{
		"scope": s.Scope, "access_token": value, "token_type": "Bearer", "app_id": "APP-80W284485P519543T", "expires_in": 32400,
		"nonce": s.Clock.Now().Format(time.RFC3339) + rand.Text(),
	})
}

// strict reads a body of which every part is known.
func strict(body []byte, into any) *problem {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return invalid("MALFORMED_REQUEST_JSON", err.Error())
	}
	return nil
}

// wireAmount is an amount as it is asked for.
type wireAmount struct {
	Currency money.Currency `json:"currency_code"`
	Value    string         `json:"value"`
}

var (
	values       = regexp.MustCompile(`^((-?[0-9]+)|(-?([0-9]+)?[.][0-9]+))$`)
	withDecimals = strings.Fields("AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD ILS MXN MYR NOK NZD PHP PLN SEK SGD THB USD")
	withNone     = strings.Fields("HUF JPY TWD")
)

func (a wireAmount) read() (money.Amount, *problem) {
	some, none := slices.Contains(withDecimals, string(a.Currency)), slices.Contains(withNone, string(a.Currency))
	_, fraction, point := strings.Cut(a.Value, ".")
	switch {
	case !some && !none:
		return money.Amount{}, unprocessable("INVALID_CURRENCY_CODE", "Currency code is invalid or is not currently supported.")
	case !values.MatchString(a.Value) || len(a.Value) > 32:
		return money.Amount{}, invalid("INVALID_PARAMETER_SYNTAX", "amount/value")
	case none && point:
		return money.Amount{}, unprocessable("DECIMALS_NOT_SUPPORTED", "Currency does not support decimals.")
	case len(fraction) > 2:
		return money.Amount{}, unprocessable("DECIMAL_PRECISION", "If the currency supports decimals, only two decimal place precision is supported.")
	}
	amount, err := money.Parse(a.Value, a.Currency)
	if err != nil {
		return money.Amount{}, invalid("INVALID_PARAMETER_VALUE", "amount/value")
	}
	if amount.Minor <= 0 {
		return money.Amount{}, unprocessable("CANNOT_BE_ZERO_OR_NEGATIVE", "Must be greater than zero.")
	}
	return amount, nil
}

// unit is the smallest sum of a currency at PayPal, in minor units.
func unit(c money.Currency) int64 {
	if slices.Contains(withNone, string(c)) && c.Decimals() == 2 {
		return 100
	}
	return 1
}

func show(a money.Amount) map[string]any {
	value := a.Decimal()
	if slices.Contains(withNone, string(a.Currency)) {
		value, _, _ = strings.Cut(value, ".")
	}
	return map[string]any{"currency_code": a.Currency, "value": value}
}

func stamp(t time.Time) string { return t.UTC().Truncate(time.Second).Format(time.RFC3339) }

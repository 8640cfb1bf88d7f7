package paypal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"time"

	"souk/internal/errs"
	"souk/internal/payments"
)

// limit is how many bytes of an answer are read. A page of a statement has 500
// rows.
const limit = 4 << 20

// call is one request to PayPal. With a key PayPal does it once.
type call struct {
	method, path string
	key          string
	send, into   any
	asForm       bool // send is the part "input" of a form, as where files may be attached
}

// call makes a request with a token, and once more when PayPal does not know the
// token any more.
func (p *Provider) call(ctx context.Context, a payments.Account, c call) error {
	t, err := p.bearer(ctx, a, "")
	if err != nil {
		return err
	}
	status, body, err := p.try(ctx, a, c, t)
	if err == nil && status == http.StatusUnauthorized {
		if t, err = p.bearer(ctx, a, t.value); err != nil {
			return err
		}
		status, body, err = p.try(ctx, a, c, t)
	}
	if err == nil {
		err = failed(status, body)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", c.method, c.path, err)
	}
	if c.into == nil {
		return nil
	}
	if err := json.Unmarshal(body, c.into); err != nil {
		return fmt.Errorf("%s %s: read answer: %w", c.method, c.path, err)
	}
	return nil
}

func (p *Provider) try(ctx context.Context, a payments.Account, c call, t token) (int, []byte, error) {
	body, kind, err := c.body()
	if err != nil {
		return 0, nil, err
	}
	r, err := http.NewRequestWithContext(ctx, c.method, base(a)+c.path, body)
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Authorization", "Bearer "+t.value)
	r.Header.Set("Accept", "application/json")
	if c.method == http.MethodPost {
		r.Header.Set("Content-Type", kind)
		r.Header.Set("Prefer", "return=representation") // PayPal's default has no amounts
	}
	if c.key != "" {
		r.Header.Set("PayPal-Request-Id", c.key)
	}
	answer, err := p.Accounts.Outbound.Do(r, limit)
	return answer.Status, answer.Body, err
}

// body is what a call sends, and of what type it is.
func (c call) body() (body *bytes.Buffer, kind string, err error) {
	body = &bytes.Buffer{}
	if c.send == nil {
		return body, "application/json", nil
	}
	if !c.asForm {
		return body, "application/json", json.NewEncoder(body).Encode(c.send)
	}
	form := multipart.NewWriter(body)
	part, err := form.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="input"`}, "Content-Type": {"application/json"}})
	if err == nil {
		err = json.NewEncoder(part).Encode(c.send)
	}
	return body, form.FormDataContentType(), errors.Join(err, form.Close())
}

// token is a permission to call, for some hours.
type token struct {
	value string
	app   string // whose it is
	scope string // what it permits
	until time.Time
	of    [3]string // the address and the keys that it was given for
}

// What an app is permitted in PayPal's dashboard, beside payments.
const (
	mayReadDisputes = "https://uri.paypal.com/services/disputes/read-seller"
	mayAnswer       = "https://uri.paypal.com/services/disputes/update-seller"
	mayReadReports  = "https://uri.paypal.com/services/reporting/search/read"
)

func (t token) allows(scope string) bool { return slices.Contains(strings.Fields(t.scope), scope) }

// early is how long before its end a token is given up: a call takes its time.
const early = time.Minute

// held is the token that is kept for an account, the zero token when there is
// none.
func (p *Provider) held(a payments.Account) token {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.token.of != keysOf(a) || !p.Accounts.Clock.Now().Before(p.token.until) {
		return token{}
	}
	return p.token
}

func keysOf(a payments.Account) [3]string {
	return [3]string{base(a), a.Get(fieldClientID), a.Secret(fieldSecret)}
}

// bearer is the token that is kept, or a new one when that is the one PayPal has
// just refused.
func (p *Provider) bearer(ctx context.Context, a payments.Account, refused string) (token, error) {
	if t := p.held(a); t.value != refused && t.value != "" {
		return t, nil
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, base(a)+"/v1/oauth2/token", strings.NewReader("grant_type=client_credentials"))
	if err != nil {
		return token{}, fmt.Errorf("ask for a token: %w", err)
	}
	r.SetBasicAuth(a.Get(fieldClientID), a.Secret(fieldSecret))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	answer, err := p.Accounts.Outbound.Do(r, limit)
	if err == nil {
		err = failed(answer.Status, answer.Body)
	}
	if err != nil {
		return token{}, fmt.Errorf("ask for a token: %w", err)
	}
	var given struct {
		Value   string `json:"access_token"`
		App     string `json:"app_id"`
		Scope   string `json:"scope"`
		Seconds int    `json:"expires_in"`
	}
	if err := json.Unmarshal(answer.Body, &given); err != nil || given.Value == "" {
		return token{}, errors.Join(errors.New("read token"), err)
	}
	t := token{
		value: given.Value, app: given.App, scope: given.Scope, of: keysOf(a),
		until: p.Accounts.Clock.Now().Add(time.Duration(given.Seconds)*time.Second - early),
	}
	p.mu.Lock()
	p.token = t
	p.mu.Unlock()
	return t, nil
}

// unauthorized says that PayPal does not take the keys. It says nothing about
// what was asked for, which waits until the keys are good.
type unauthorized struct{ reason, says string }

func (u unauthorized) Error() string { return "PayPal does not take the keys: " + u.reason }

// failed is why an answer is not what was asked for. What may have been done all
// the same, or may be done later, is not a no.
func failed(status int, body []byte) error {
	if status < 300 {
		return nil
	}
	var said struct {
		Name    string `json:"name"`
		Message string `json:"message"`
		Details []struct {
			Issue       string `json:"issue"`
			Description string `json:"description"`
		} `json:"details"`
		Error       string `json:"error"` // of the token endpoint
		Description string `json:"error_description"`
	}
	_ = json.Unmarshal(body, &said) // without it the status has to do
	reason, says := said.Name+said.Error, said.Message+said.Description
	if len(said.Details) > 0 {
		reason, says = said.Details[0].Issue, said.Details[0].Description
	}
	if reason == "" {
		reason = fmt.Sprint("status ", status)
	}
	switch status {
	case http.StatusUnauthorized:
		return unauthorized{reason, says}
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity:
		return no(reason, says)
	}
	return fmt.Errorf("PayPal says %d %s", status, reason) // 409: the same is being done; 429, 5xx: later
}

// no is PayPal's refusal, with its own code for why.
func no(reason, says string) error {
	message := "PayPal refuses (" + reason + ")."
	if says != "" {
		message = "PayPal refuses: " + says
	}
	return errs.New(errs.Conflict, "provider_refused", message).With("reason", reason)
}

// noOf makes a refusal of keys that PayPal does not take, for those who ask about
// the keys.
func noOf(err error) error {
	var u unauthorized
	if errors.As(err, &u) {
		return no(u.reason, u.says)
	}
	return err
}

// refusedFor reports whether err is PayPal's no for one of some reasons.
func refusedFor(err error, reasons ...string) bool {
	var e *errs.Error
	if !errors.As(err, &e) {
		return false
	}
	reason, _ := e.Extra["reason"].(string)
	return slices.Contains(reasons, reason)
}

// unknown reports whether PayPal does not know what was asked for.
func unknown(err error) bool { return refusedFor(err, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID") }

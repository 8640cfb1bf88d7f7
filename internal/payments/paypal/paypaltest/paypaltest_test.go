package paypaltest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"souk/internal/clock"
	"souk/internal/id"
	"souk/internal/payments"
	"souk/internal/payments/fakes"
	"souk/internal/payments/paypal/paypaltest"
)

// caller talks to a server as a program would that does not know the shop.
type caller struct {
	*testing.T
	server *paypaltest.Server
	clock  *clock.Manual
	url    string
	token  string
}

func open(t *testing.T) *caller {
	c := &caller{T: t, clock: clock.At(time.Now())}
	c.server = paypaltest.New(c.clock)
	listener := httptest.NewServer(c.server.Handler())
	t.Cleanup(listener.Close)
	c.url = listener.URL
	c.grant()
	return c
}

// grant gets a token.
func (c *caller) grant() {
	c.Helper()
	r, err := http.NewRequestWithContext(c.Context(), http.MethodPost, c.url+"/v1/oauth2/token", strings.NewReader("grant_type=client_credentials"))
	if err != nil {
		c.Fatal(err)
	}
	r.SetBasicAuth(c.server.ClientID, c.server.Secret)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, answer := c.do(r)
	if status != http.StatusOK {
		c.Fatalf("no token: %d %v", status, answer)
	}
	c.token, _ = answer["access_token"].(string)
}

func (c *caller) do(r *http.Request) (int, map[string]any) {
	c.Helper()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		c.Fatal(err)
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		c.Fatal(err)
	}
	var body map[string]any
	_ = json.Unmarshal(said, &body) // a page
	return answer.StatusCode, body
}

// call makes a request, and says the status and PayPal's code for what is wrong.
func (c *caller) call(method, path, key, body string) (int, string, map[string]any) {
	c.Helper()
	r, err := http.NewRequestWithContext(c.Context(), method, c.url+path, strings.NewReader(body))
	if err != nil {
		c.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		r.Header.Set("PayPal-Request-Id", key)
	}
	status, answer := c.do(r)
	issue := ""
	if details, ok := answer["details"].([]any); ok && len(details) > 0 {
		issue, _ = details[0].(map[string]any)["issue"].(string)
	}
	return status, issue, answer
}

func (c *caller) want(method, path, key, body string, status int, issue string) map[string]any {
	c.Helper()
	got, why, answer := c.call(method, path, key, body)
	if got != status || why != issue {
		c.Errorf("%s %s %s: %d %s, want %d %s", method, path, body, got, why, status, issue)
	}
	return answer
}

const order = `{"intent":"CAPTURE","purchase_units":[{"reference_id":"a","custom_id":"CUSTOM","invoice_id":"INVOICE","amount":{"currency_code":"USD","value":"19.99"}}],
	"payment_source":{"paypal":{"experience_context":{"return_url":"https://shop.example/back?a=b","cancel_url":"https://shop.example/back?a=b","user_action":"PAY_NOW",
	"shipping_preference":"NO_SHIPPING","payment_method_preference":"UNRESTRICTED"}}}}`

// begin makes an order for a payment.
func (c *caller) begin(intent string) (id.Payment, string) {
	c.Helper()
	p := id.New[id.Payment]()
	body := strings.NewReplacer("CUSTOM", p.String(), "INVOICE", "S-"+p.String(), "CAPTURE", intent).Replace(order)
	made := c.want("POST", "/v2/checkout/orders", p.String(), body, http.StatusCreated, "")
	ref, _ := made["id"].(string)
	return p, ref
}

func TestItRefusesWhatPayPalRefuses(t *testing.T) {
	c := open(t)
	for from, test := range map[string]struct{ to, issue string }{
		`"CAPTURE"`:             {`"SALE"`, "INVALID_PARAMETER_VALUE"},
		`"19.99"`:               {`19.99`, "MALFORMED_REQUEST_JSON"},
		`{"intent"`:             {`{"metadata":{},"intent"`, "MALFORMED_REQUEST_JSON"},
		`"value":"19.99"`:       {`"value":"19.999"`, "DECIMAL_PRECISION"},
		`"value":"19.99`:        {`"value":"19,99`, "INVALID_PARAMETER_SYNTAX"},
		`,"value":"19.99"`:      {`,"value":"0.00"`, "CANNOT_BE_ZERO_OR_NEGATIVE"},
		`"USD","value":"19.99"`: {`"JPY","value":"19.99"`, "DECIMALS_NOT_SUPPORTED"},
		`"USD"`:                 {`"KWD"`, "INVALID_CURRENCY_CODE"},
		`"PAY_NOW"`:             {`"PAY_LATER"`, "INVALID_PARAMETER_VALUE"},
		`"NO_SHIPPING"`:         {`"NONE"`, "INVALID_PARAMETER_VALUE"},
		`"https://shop.example/back?a=b","cancel_url"`: {`"/back","cancel_url"`, "INVALID_PARAMETER_SYNTAX"},
		`"INVOICE"`: {`"` + strings.Repeat("a", 128) + `"`, "INVALID_STRING_LENGTH"},
	} {
		body := strings.Replace(order, from, test.to, 1)
		if body == order {
			t.Errorf("%s is not in the order", from)
		}
		_, issue, _ := c.call("POST", "/v2/checkout/orders", "key", body)
		if issue != test.issue {
			t.Errorf("%s for %s: %s, want %s", test.to, from, issue, test.issue)
		}
	}
	c.want("POST", "/v2/checkout/orders", "", order, http.StatusBadRequest, "PAYPAL_REQUEST_ID_REQUIRED")
	c.want("GET", "/v2/checkout/orders/5O190127TN364715T", "", "", http.StatusNotFound, "INVALID_RESOURCE_ID")
	c.want("GET", "/v1/reporting/transactions?start_date=2026-01-01T00:00:00Z&end_date=2026-02-02T00:00:00Z", "", "", http.StatusBadRequest, "INVALID_PARAMETER_VALUE")
	c.want("GET", "/v1/reporting/transactions?start_date=2026-01-01T00:00:00Z", "", "", http.StatusBadRequest, "MISSING_REQUIRED_PARAMETER")
	c.want("GET", "/v1/customer/disputes?disputed_transaction_id=A&page_size=51", "", "", http.StatusBadRequest, "INVALID_PARAMETER_VALUE")
	c.want("GET", "/v1/customer/disputes?disputed_transaction_id=A&limit=5", "", "", http.StatusBadRequest, "INVALID_PARAMETER")
	c.token = "A21AAmade-up"
	c.want("GET", "/v2/checkout/orders/5O190127TN364715T", "", "", http.StatusUnauthorized, "INVALID_TOKEN")
}

func TestAnOrderGoesItsWay(t *testing.T) {
	c := open(t)
	p, ref := c.begin("CAPTURE")
	take := "/v2/checkout/orders/" + ref + "/capture"
	c.want("POST", take, "a", "", http.StatusUnprocessableEntity, "ORDER_NOT_APPROVED")
	c.want("POST", "/v2/checkout/orders/"+ref+"/authorize", "a", "", http.StatusUnprocessableEntity, "ACTION_DOES_NOT_MATCH_INTENT")
	c.pay(p)
	c.want("POST", take, "a", "{}", http.StatusCreated, "")
	c.want("POST", take, "a", "{}", http.StatusOK, "")
	c.want("POST", take, "a", "", http.StatusUnprocessableEntity, "DUPLICATE_REQUEST_ID")
	c.want("POST", take, "b", "{}", http.StatusUnprocessableEntity, "ORDER_ALREADY_CAPTURED")
	c.clock.Advance(6 * time.Hour) // and the key is forgotten
	c.want("POST", take, "a", "{}", http.StatusUnprocessableEntity, "ORDER_ALREADY_CAPTURED")
	if entries := c.server.Book.Of(p); len(entries) != 1 || entries[0].Kind != payments.Capture {
		t.Errorf("the book has %+v", entries)
	}
	back := "/v2/payments/captures/" + c.server.Book.Of(p)[0].Ref + "/refund"
	c.want("POST", back, "c", `{"amount":{"currency_code":"EUR","value":"1.00"}}`, http.StatusUnprocessableEntity, "REFUND_CAPTURE_CURRENCY_MISMATCH")
	c.want("POST", back, "c", `{"amount":{"currency_code":"USD","value":"20.00"}}`, http.StatusUnprocessableEntity, "REFUND_AMOUNT_EXCEEDED")
	c.want("POST", back, "c", `{"amount":{"currency_code":"USD","value":"1.00"},"invoice_id":"r"}`, http.StatusCreated, "")
	c.want("POST", back, "d", `{"amount":{"currency_code":"USD","value":"1.00"},"invoice_id":"r"}`, http.StatusUnprocessableEntity, "DUPLICATE_INVOICE_ID")
	c.want("POST", back, "e", `{"amount":{"currency_code":"USD","value":"18.99"}}`, http.StatusCreated, "")
	c.want("POST", back, "f", `{}`, http.StatusUnprocessableEntity, "CAPTURE_FULLY_REFUNDED")
}

func TestAnAuthorisationGoesItsWay(t *testing.T) {
	c := open(t)
	p, ref := c.begin("AUTHORIZE")
	c.pay(p)
	made := c.want("POST", "/v2/checkout/orders/"+ref+"/authorize", "a", "", http.StatusCreated, "")
	if made["purchase_units"] != nil {
		t.Errorf("who does not ask for more is shown %v", made)
	}
	c.want("POST", "/v2/checkout/orders/"+ref+"/authorize", "b", "", http.StatusUnprocessableEntity, "ORDER_ALREADY_AUTHORIZED")
	_, _, whole := c.call("GET", "/v2/checkout/orders/"+ref, "", "")
	paid := whole["purchase_units"].([]any)[0].(map[string]any)["payments"].(map[string]any)
	at := "/v2/payments/authorizations/" + paid["authorizations"].([]any)[0].(map[string]any)["id"].(string)
	c.want("POST", at+"/capture", "c", `{"amount":{"currency_code":"USD","value":"24.00"}}`, http.StatusUnprocessableEntity, "MAX_CAPTURE_AMOUNT_EXCEEDED")
	c.want("POST", at+"/capture", "c", `{"amount":{"currency_code":"USD","value":"9.99"},"final_capture":false}`, http.StatusCreated, "")
	c.want("POST", at+"/void", "", "", http.StatusOK, "")
	c.want("POST", at+"/void", "", "", http.StatusUnprocessableEntity, "PREVIOUSLY_VOIDED")
	c.want("POST", at+"/capture", "d", `{"amount":{"currency_code":"USD","value":"1.00"}}`, http.StatusUnprocessableEntity, "AUTHORIZATION_VOIDED")
}

func (c *caller) pay(p id.Payment) {
	c.Helper()
	if err := c.server.Pay(c.Context(), p, fakes.Pays); err != nil {
		c.Fatal(err)
	}
}

// A person can try a shop out: the page is where the order says, and its buttons
// lead back.
func TestThePageOfBuyers(t *testing.T) {
	c := open(t)
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	leave := func(ref string, o fakes.Outcome) (int, string) {
		answer, err := browser.PostForm(c.url+"/checkoutnow", url.Values{"token": {ref}, "outcome": {string(o)}})
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode, answer.Header.Get("Location")
	}
	_, ref := c.begin("CAPTURE")
	_, _, made := c.call("GET", "/v2/checkout/orders/"+ref, "", "")
	next := made["links"].([]any)[1].(map[string]any)["href"].(string)
	answer, err := browser.Get(next)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	if err != nil || !strings.Contains(string(text), "19.99 USD") || !strings.Contains(string(text), `value="pays_later"`) {
		t.Errorf("the page: %s, %v", text, err)
	}
	for _, o := range []fakes.Outcome{fakes.Declined, fakes.Abandons} {
		if status, to := leave(ref, o); status != http.StatusSeeOther || to != "https://shop.example/back?a=b&token="+ref {
			t.Errorf("%s leads %d %s", o, status, to)
		}
	}
	if status, to := leave(ref, fakes.Pays); status != http.StatusSeeOther || to != "https://shop.example/back?PayerID=QYR5Z8XDVJNXQ&a=b&token="+ref {
		t.Errorf("who pays is led %d %s", status, to)
	}
	c.want("GET", "/v2/checkout/orders/"+ref, "", "", http.StatusOK, "")
	c.want("POST", "/v2/checkout/orders/"+ref+"/capture", "a", "", http.StatusCreated, "")
	if status, to := leave(ref, fakes.Pays); status != http.StatusNotFound || to != "" {
		t.Errorf("who pays twice is led %d %s", status, to)
	}
}

func TestAnOrderThatNobodyApprovesIsForgotten(t *testing.T) {
	c := open(t)
	p, ref := c.begin("CAPTURE")
	c.clock.Advance(3 * time.Hour)
	c.want("GET", "/v2/checkout/orders/"+ref, "", "", http.StatusNotFound, "INVALID_RESOURCE_ID")
	if c.server.Pay(t.Context(), p, fakes.Pays) == nil {
		t.Error("somebody paid what PayPal has forgotten")
	}
	c.clock.Advance(6 * time.Hour)
	c.want("GET", "/v2/checkout/orders/"+ref, "", "", http.StatusUnauthorized, "INVALID_TOKEN")
}

package stripetest

import (
	"encoding/json"
	"io"
	"maps"
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
)

type bench struct {
	*testing.T
	*Server
	clock   *clock.Manual
	address string
}

func started(t *testing.T) bench {
	t.Helper()
	at := clock.At(time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC))
	s := &Server{Book: &fakes.Book{Clock: at}, Faults: &fakes.Faults{}, Postman: &fakes.Postman{}}
	listener := httptest.NewServer(s.Handler())
	t.Cleanup(listener.Close)
	return bench{t, s, at, listener.URL}
}

// pageFor is what opens one for ten dollars.
func pageFor(p id.Payment) url.Values {
	return url.Values{
		"mode": {"payment"}, "success_url": {"https://shop.example/?session_id={CHECKOUT_SESSION_ID}"}, "cancel_url": {"https://shop.example/back"},
		"client_reference_id": {p.String()}, "line_items[0][quantity]": {"1"}, "line_items[0][price_data][currency]": {"usd"},
		"line_items[0][price_data][unit_amount]": {"1000"}, "line_items[0][price_data][product_data][name]": {"Order 1"},
		"payment_intent_data[metadata][payment]": {p.String()},
	}
}

// ask posts a form with headers, those of a good request unless they are given,
// and answers the status and the body.
func (b bench) ask(path string, form url.Values, headers map[string]string) (int, map[string]any) {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, b.address+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.Fatal(err)
	}
	all := map[string]string{"Authorization": "Bearer " + testKey, "Stripe-Version": Version, "Content-Type": "application/x-www-form-urlencoded"}
	maps.Copy(all, headers)
	for name, value := range all {
		r.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	var o map[string]any
	if err != nil || json.Unmarshal(body, &o) != nil {
		b.Fatalf("%s answers %s, %v", path, body, err)
	}
	return answer.StatusCode, o
}

func codeOf(o map[string]any) string {
	e, _ := o["error"].(map[string]any)
	code, _ := e["code"].(string)
	return code
}

// The fake refuses what Stripe refuses, so that a test that passes means
// something.
func TestWhatStripeRefuses(t *testing.T) {
	b := started(t)
	const sessions = "/v1/checkout/sessions"
	with := func(name, value string) url.Values {
		form := pageFor(id.New[id.Payment]())
		form.Set(name, value)
		return form
	}
	without := func(name string) url.Values {
		form := pageFor(id.New[id.Payment]())
		form.Del(name)
		return form
	}
	for name, test := range map[string]struct {
		path    string
		form    url.Values
		headers map[string]string
		status  int
		code    string
	}{
		"a key of somebody":         {sessions, with("mode", "payment"), map[string]string{"Authorization": "Bearer sk_test_1"}, 401, ""},
		"no key":                    {sessions, with("mode", "payment"), map[string]string{"Authorization": ""}, 401, ""},
		"another version":           {sessions, with("mode", "payment"), map[string]string{"Stripe-Version": "2020-08-27"}, 400, ""},
		"JSON":                      {sessions, with("mode", "payment"), map[string]string{"Content-Type": "application/json"}, 400, ""},
		"a long idempotency key":    {sessions, with("mode", "payment"), map[string]string{"Idempotency-Key": strings.Repeat("k", 256)}, 400, ""},
		"an unknown parameter":      {sessions, with("line_items[0][price_data][colour]", "red"), nil, 400, "parameter_unknown"},
		"an unknown operation":      {"/v1/tokens", nil, nil, 404, ""},
		"a missing parameter":       {sessions, without("success_url"), nil, 400, "parameter_missing"},
		"a mode of before":          {sessions, with("ui_mode", "embedded"), nil, 400, ""},
		"a page without an end":     {sessions, with("ui_mode", "embedded_page"), nil, 400, ""},
		"an end of the shop's page": {sessions, with("return_url", "https://shop.example/"), nil, 400, ""},
		"a text for a number":       {sessions, with("line_items[0][price_data][unit_amount]", "10.00"), nil, 400, ""},
		"a word for a truth":        {sessions, with("adaptive_pricing[enabled]", "no"), nil, 400, ""},
		"an address that is none":   {sessions, with("cancel_url", "javascript:alert(1)"), nil, 400, ""},
		"a session of a minute":     {sessions, with("expires_at", "1795694460"), nil, 400, ""},
		"a session of two days":     {sessions, with("expires_at", "1795867200"), nil, 400, ""},
		"too little":                {sessions, with("line_items[0][price_data][unit_amount]", "49"), nil, 400, "amount_too_small"},
		"expanding what is a text":  {sessions, with("expand[0]", "currency"), nil, 400, ""},
		"expanding too far":         {sessions, with("expand[0]", "payment_intent.latest_charge.refunds.data.charge"), nil, 400, ""},
		"no such session":           {sessions + "/cs_1/expire", nil, nil, 404, "resource_missing"},
		"no such intent":            {"/v1/payment_intents/pi_1/capture", nil, nil, 404, "resource_missing"},
		"no such charge":            {"/v1/refunds", url.Values{"charge": {"ch_1"}}, nil, 404, "resource_missing"},
	} {
		status, answer := b.ask(test.path, test.form, test.headers)
		if status != test.status || codeOf(answer) != test.code {
			t.Errorf("%s: %d %v, want %d %s", name, status, answer, test.status, test.code)
		}
	}
	if len(b.sessions) > 2 { // those whose answer could not be expanded
		t.Errorf("%d sessions were opened", len(b.sessions))
	}
}

func TestAKeyAnswersAsBefore(t *testing.T) {
	b := started(t)
	p := id.New[id.Payment]()
	key := map[string]string{"Idempotency-Key": "k"}
	_, first := b.ask("/v1/checkout/sessions", pageFor(p), key)
	_, again := b.ask("/v1/checkout/sessions", pageFor(p), key)
	if first["id"] == nil || first["id"] != again["id"] {
		t.Errorf("the same key made %v and %v", first["id"], again["id"])
	}
	other := pageFor(p)
	other.Set("customer_email", "other@example.com")
	if status, answer := b.ask("/v1/checkout/sessions", other, key); status != 400 || answer["error"].(map[string]any)["type"] != "idempotency_error" {
		t.Errorf("with other parameters: %d %v", status, answer)
	}
	b.clock.Advance(25 * time.Hour)
	if _, late := b.ask("/v1/checkout/sessions", pageFor(p), key); late["id"] == nil || late["id"] == first["id"] {
		t.Errorf("a day later: %v", late["id"])
	}
	bad := pageFor(p)
	bad.Set("mode", "subscription")
	refused := map[string]string{"Idempotency-Key": "refused"}
	b.ask("/v1/checkout/sessions", bad, refused)
	if status, answer := b.ask("/v1/checkout/sessions", pageFor(p), refused); status != 200 {
		t.Errorf("a key of what was not begun: %d %v", status, answer)
	}
}

// A person can use the page in a browser.
func TestThePageForBuyers(t *testing.T) {
	b := started(t)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	press := func(page, outcome string) (int, string) {
		t.Helper()
		answer, err := client.PostForm(page, url.Values{"outcome": {outcome}})
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		return answer.StatusCode, answer.Header.Get("Location")
	}
	p := id.New[id.Payment]()
	_, session := b.ask("/v1/checkout/sessions", pageFor(p), nil)
	page := session["url"].(string)
	answer, err := client.Get(page)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	if err != nil || answer.StatusCode != 200 || !strings.Contains(string(body), "Pay 10.00 USD") {
		t.Errorf("the page is %d %s, %v", answer.StatusCode, body, err)
	}
	if status, to := press(page, "abandons"); status != 303 || to != "https://shop.example/back" {
		t.Errorf("who goes back is sent %d to %s", status, to)
	}
	if status, to := press(page, "declined"); status != 303 || to != strings.TrimPrefix(page, b.address) {
		t.Errorf("who is declined is sent %d to %s", status, to)
	}
	if status, to := press(page, "pays"); status != 303 || to != "https://shop.example/?session_id="+session["id"].(string) {
		t.Errorf("who pays is sent %d to %s", status, to)
	}
	if status, _ := press(page, "pays"); status != http.StatusGone {
		t.Errorf("who pays twice is answered %d", status)
	}
	if entries := b.Book.Of(p); len(entries) != 1 || entries[0].Kind != payments.Capture || entries[0].Amount.Minor != 1000 {
		t.Errorf("the books have %+v", entries)
	}
}

package payments_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/platform/postgres"
)

// hear brings a notice to the shop's door.
func (o *office) hear(provider, body string, header http.Header) int {
	o.t.Helper()
	r := httptest.NewRequestWithContext(o.t.Context(), "POST", "/api/v1/webhooks/payments/"+provider, strings.NewReader(body))
	r.Header = header.Clone()
	w := httptest.NewRecorder()
	o.door.ServeHTTP(w, r)
	return w.Code
}

// byStripe signs a notice as Stripe does.
func (o *office) byStripe(body, secret string) http.Header {
	at := o.clock.Now().Unix()
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.%s", at, body)
	return http.Header{"Stripe-Signature": {fmt.Sprintf("t=%d,v1=%s", at, hex.EncodeToString(mac.Sum(nil)))}}
}

// Bad input 69: the first of a name is kept, and staff see that another says
// something else. How often it is still to be delivered is nothing that it says.
func TestANoticeIsKeptOnceAndWhatDiffersIsShown(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	const secret = "whsec_1"
	if code, body := o.call("PUT", "/stripe", `{"enabled": true, "fields": {"secret_key": "sk_test_1", "webhook_secret": "`+secret+`"}}`); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	const event = `{"id": "evt_1", "object": "event", "type": "payment_intent.succeeded", "livemode": false, "pending_webhooks": %d,
		"data": {"object": {"id": "pi_1", "object": "payment_intent", "amount": %d}}}`
	for i, step := range []struct{ pending, amount, shown int }{{2, 100, 0}, {1, 100, 0}, {1, 100, 0}, {1, 900, 1}, {0, 900, 1}} {
		body := fmt.Sprintf(event, step.pending, step.amount)
		if code := o.hear("stripe", body, o.byStripe(body, secret)); code != 200 {
			t.Fatalf("delivered %d times: %d", i+1, code)
		}
		type kept struct {
			Deliveries int  `db:"deliveries"`
			First      bool `db:"first"`
			Shown      int  `db:"shown"`
		}
		got, err := postgres.Get[kept](t.Context(), o.accounts.DB, `
			SELECT deliveries, body = @first AS first, (SELECT count(*)::int FROM payment_exceptions WHERE kind = 'notice_differs') AS shown FROM webhook_inbox`,
			pgx.NamedArgs{"first": []byte(fmt.Sprintf(event, 2, 100))})
		if want := (kept{i + 1, true, step.shown}); err != nil || got != want {
			t.Errorf("delivered %d times: %+v, %v, want %+v", i+1, got, err, want)
		}
	}
}

// Razorpay does not sign the name of a notice: a stranger who has one can give it
// any.
func TestANoticeWithoutAProperNameIsRefused(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	if code, body := o.set(o.far.Fields(), `, "enabled": true`); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	header, body := o.far.Notice(o.far.AccountID)
	for _, name := range []string{strings.Repeat("x", 256), "a\xff", "", "proper"} {
		header.Set("X-Razorpay-Event-Id", name)
		if code, want := o.hear("razorpay", string(body), header), map[bool]int{true: 200, false: 400}[name == "proper"]; code != want {
			t.Errorf("%.10q: %d, want %d", name, code, want)
		}
	}
}

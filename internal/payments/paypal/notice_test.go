package paypal_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"souk/internal/payments"
	"souk/internal/payments/paypal/paypaltest"
)

const ours = "messageverificationcerts.sandbox.paypal.com"

var body = []byte(`{"id":"WH-1","event_type":"CHECKOUT.ORDER.APPROVED","create_time":"2026-11-26T12:00:00Z","resource":{"id":"5O190127TN364715T"}}`)

// signed is a notice as PayPal sends it now. The server learns its address from a
// call.
func (b *bench) signed() http.Header {
	b.Helper()
	if _, err := b.provider.Probe(b.Context()); err != nil {
		b.Fatal(err)
	}
	return b.server.Sign(body, b.server.WebhookID, b.clock.Now())
}

func (b *bench) wantNotice(header http.Header, about string) {
	b.Helper()
	if _, err := b.provider.Hear(b.Context(), header, body); !errors.Is(err, payments.ErrNotice) {
		b.Errorf("%s: %v, want ErrNotice", about, err)
	}
}

func (b *bench) wantHeard(header http.Header, about string) {
	b.Helper()
	if n, err := b.provider.Hear(b.Context(), header, body); err != nil || n.Ref != "5O190127TN364715T" || n.ID != "WH-1" {
		b.Errorf("%s: %+v, %v", about, n, err)
	}
}

// Bad input 63.
func TestEveryHeaderOfANoticeIsThereOnce(t *testing.T) {
	b := open(t)
	good := b.signed()
	b.wantHeard(good, "as it came")
	for _, name := range []string{
		"Paypal-Transmission-Id", "Paypal-Transmission-Time", "Paypal-Transmission-Sig", "Paypal-Cert-Url", "Paypal-Auth-Algo",
	} {
		for about, values := range map[string][]string{
			"missing": nil, "empty": {""}, "twice": {good.Get(name), good.Get(name)}, "long": {strings.Repeat("a", 1<<20)}, "another": {good.Get(name) + "A"},
		} {
			bad := good.Clone()
			bad[name] = values
			b.wantNotice(bad, name+" "+about)
		}
	}
	for _, algorithm := range []string{"SHA1withRSA", "none", "sha256withrsa"} {
		bad := good.Clone()
		bad.Set("Paypal-Auth-Algo", algorithm)
		b.wantNotice(bad, algorithm)
	}
}

// Bad input 64: ahead as everywhere; late only after the days in which PayPal
// itself repeats what was not taken.
func TestNoticesMayBeLateAsLongAsPayPalRepeatsThem(t *testing.T) {
	b := open(t)
	b.signed()
	for _, late := range []time.Duration{-299 * time.Second, 0, 301 * time.Second, 72 * time.Hour} {
		b.wantHeard(b.server.Sign(body, b.server.WebhookID, b.clock.Now().Add(-late)), fmt.Sprint(late, " late"))
	}
	for _, late := range []time.Duration{-301 * time.Second, 73 * time.Hour, 24 * 365 * time.Hour} {
		b.wantNotice(b.server.Sign(body, b.server.WebhookID, b.clock.Now().Add(-late)), fmt.Sprint(late, " late"))
	}
}

// Bad input 67: a notice of another webhook does not verify, whether of another
// app, of the sandbox or of the simulator.
func TestNoticesOfAnotherWebhookAreNotOurs(t *testing.T) {
	b := open(t)
	b.signed()
	for _, webhook := range []string{"0AB12345CD678901E", "WEBHOOK_ID", ""} {
		b.wantNotice(b.server.Sign(body, webhook, b.clock.Now()), "webhook "+webhook)
	}
}

// Bad input 66. What is fetched from a stranger would fail otherwise than with
// ErrNotice: there is nobody, or somebody who complains.
func TestCertificatesAreFetchedFromPayPalOnly(t *testing.T) {
	stranger := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s was fetched from a stranger", r.URL) }))
	defer stranger.Close()
	b := open(t)
	good := b.signed()
	at := good.Get("Paypal-Cert-Url")
	const path = "/v1/notifications/certs/CERT-360caa42-fca2a594-a5cafa77"
	for _, address := range []string{
		stranger.URL + path, "https://paypal.com.evil.example" + path, "https://api.sandbox.paypal.com.evil.example" + path,
		"http://api.sandbox.paypal.com" + path, "ftp://api.sandbox.paypal.com" + path, "//api.sandbox.paypal.com" + path, path,
		"https://evil.example@api.sandbox.paypal.com" + path, "https://api.sandbox.paypal.com@evil.example" + path, "https://api.sandbox.paypal.com:8443" + path,
		"https://api.sandbox.paypal.com\\@evil.example" + path, "https://api.sandbox.paypal.com./" + path, "https://API.SANDBOX.PAYPAL.COM" + path,
		"https://www.paypal.com" + path, "https://api.paypal.com" + path, // of live notices, and this account is not live
		"https://api.sandbox.paypal.com/v1/notifications/certs/../../evil", "https://api.sandbox.paypal.com/v1/notifications/certs/a/b",
		"https://api.sandbox.paypal.com/v1/notifications/certs/%2e%2e", "https://api.sandbox.paypal.com" + path + "?a=b", "https://api.sandbox.paypal.com" + path + "#a",
		at + "?a=b", strings.Replace(at, "http:", "https:", 1), strings.Replace(at, "/v1/", "/v2/", 1), "https://\x7f", "",
	} {
		bad := good.Clone()
		bad.Set("Paypal-Cert-Url", address)
		b.wantNotice(bad, address)
	}
	if n := b.front.count("GET /v1/notifications/certs/"); n != 0 {
		t.Errorf("%d certificates were fetched", n)
	}
	b.accounts.Outbound.AllowPrivate = false
	b.wantNotice(good, "the account's own address, where private addresses are not called")
}

func TestACertificateIsNotFetchedByRedirect(t *testing.T) {
	b := open(t)
	good := b.signed()
	elsewhere := strings.TrimSuffix(good.Get("Paypal-Cert-Url"), "a5cafa77") + "other"
	b.front.answer("/v1/notifications/certs/CERT-360caa42-fca2a594-other", http.RedirectHandler(good.Get("Paypal-Cert-Url"), http.StatusFound).ServeHTTP)
	bad := good.Clone()
	bad.Set("Paypal-Cert-Url", elsewhere)
	b.wantNotice(bad, "a redirect")
	if n := b.front.count("GET /v1/notifications/certs/"); n != 1 {
		t.Errorf("%d fetches, want the one that was redirected", n)
	}
}

func TestACertificateLeadsToATrustedRootAndIsPayPalsAndValid(t *testing.T) {
	far := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	for about, test := range map[string]struct {
		signer  *paypaltest.Signer
		trusted bool
	}{
		"of another root":     {paypaltest.NewSigner(ours, far), false},
		"of another name":     {paypaltest.NewSigner("paypal.com.evil.example", far), true},
		"of PayPal's website": {paypaltest.NewSigner("www.paypal.com", far), true},
		"that has ended":      {paypaltest.NewSigner(ours, time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)), true},
	} {
		t.Run(about, func(t *testing.T) {
			b := open(t)
			roots := b.server.Fields()["certificate_roots"]
			b.server.Signer = test.signer
			fields := b.server.Fields()
			if !test.trusted {
				fields["certificate_roots"] = roots
			}
			b.save(fields)
			b.wantNotice(b.signed(), "a certificate "+about)
		})
	}
}

func TestWithoutRootsOfItsOwnAnAccountTrustsThoseOfTheMachine(t *testing.T) {
	b := open(t)
	fields := b.server.Fields()
	fields["certificate_roots"] = "" // those of the machine, which do not know the root of a test
	b.save(fields)
	b.wantNotice(b.signed(), "a root that the machine does not trust")
}

func TestASandboxCertificateProvesNothingLive(t *testing.T) {
	b := open(t)
	b.change("live", true)
	b.wantNotice(b.signed(), "a certificate of the sandbox")
}

func TestACertificateIsFetchedOnceADay(t *testing.T) {
	b := open(t)
	for range 3 {
		b.wantHeard(b.signed(), "today")
	}
	if n := b.front.count("GET /v1/notifications/certs/"); n != 1 {
		t.Errorf("fetched %d times, want once", n)
	}
	b.clock.Advance(25 * time.Hour)
	b.wantHeard(b.signed(), "tomorrow")
	if n := b.front.count("GET /v1/notifications/certs/"); n != 2 {
		t.Errorf("fetched %d times, want once a day", n)
	}
}

func TestMadeUpCertificatesAreNotFetchedWithoutEnd(t *testing.T) {
	b := open(t)
	good := b.signed()
	for i := range 10 {
		bad := good.Clone()
		bad.Set("Paypal-Cert-Url", good.Get("Paypal-Cert-Url")+fmt.Sprint(i))
		b.wantNotice(bad, "a certificate that is not there")
	}
	_, err := b.provider.Hear(t.Context(), good, body)
	b.wantUnknown(err) // PayPal delivers it again
	if n := b.front.count("GET /v1/notifications/certs/"); n != 10 {
		t.Errorf("fetched %d times in a minute", n)
	}
	b.clock.Advance(time.Minute)
	b.wantHeard(good, "a minute later")
}

func TestANoticeWaitsWhilePayPalDoesNotShowItsCertificate(t *testing.T) {
	for _, status := range []int{http.StatusInternalServerError, http.StatusServiceUnavailable, http.StatusTooManyRequests} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			b := open(t)
			good := b.signed()
			b.front.answer("/v1/notifications/certs/CERT-360caa42-fca2a594-a5cafa77", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
			_, err := b.provider.Hear(t.Context(), good, body)
			b.wantUnknown(err)
		})
	}
}

// The names that PayPal gives in each kind of event. Bad input 68: others are
// taken, and are about nothing.
func TestWhatANoticeIsAbout(t *testing.T) {
	b := open(t)
	b.signed()
	for event, test := range map[string]struct{ resource, ref string }{
		"CHECKOUT.ORDER.APPROVED":            {`{"id":"ORDER","purchase_units":[{"custom_id":"pay_1"}]}`, "ORDER"},
		"CHECKOUT.ORDER.COMPLETED":           {`{"id":"ORDER"}`, "ORDER"},
		"CHECKOUT.PAYMENT-APPROVAL.REVERSED": {`{"order_id":"ORDER","purchase_units":[]}`, "ORDER"},
		"PAYMENT.CAPTURE.COMPLETED":          {`{"id":"CAPTURE","custom_id":"pay_1","supplementary_data":{"related_ids":{"order_id":"ORDER"}}}`, "ORDER"},
		"PAYMENT.CAPTURE.PENDING":            {`{"id":"CAPTURE"}`, "CAPTURE"},
		"PAYMENT.CAPTURE.DENIED":             {`{"id":"CAPTURE","links":[{"rel":"up","href":"https://api.paypal.com/v2/payments/authorizations/AUTH"}]}`, "CAPTURE"},
		"PAYMENT.CAPTURE.REFUNDED": {
			`{"id":"REFUND","links":[{"rel":"self","href":"x"},{"rel":"up","href":"https://api.paypal.com/v2/payments/captures/CAPTURE"}]}`, "CAPTURE",
		},
		"PAYMENT.CAPTURE.REVERSED":      {`{"id":"REVERSAL","links":[{"rel":"up","href":"https://api.paypal.com/v2/payments/captures/CAPTURE"}]}`, "CAPTURE"},
		"PAYMENT.REFUND.FAILED":         {`{"id":"REFUND","links":[{"rel":"up","href":"https://api.paypal.com/v2/payments/captures/CAPTURE"}]}`, "CAPTURE"},
		"PAYMENT.AUTHORIZATION.CREATED": {`{"id":"AUTH","supplementary_data":{"related_ids":{"order_id":"ORDER"}}}`, "ORDER"},
		"PAYMENT.AUTHORIZATION.VOIDED":  {`{"id":"AUTH"}`, "AUTH"},
		"CUSTOMER.DISPUTE.CREATED":      {`{"dispute_id":"PP-D-1","disputed_transactions":[{"seller_transaction_id":"CAPTURE"}]}`, "CAPTURE"},
		"CUSTOMER.DISPUTE.RESOLVED":     {`{"dispute_id":"PP-D-1"}`, ""},
		"BILLING.SUBSCRIPTION.CREATED":  {`{"id":"I-1"}`, ""},
		"SOMETHING.OF.2031":             {`{"id":7,"links":"none"}`, ""},
	} {
		body := fmt.Appendf(nil, `{"id":"WH-1","event_type":%q,"event_version":"9.0","create_time":"2026-11-26T12:00:00.123Z","resource":%s}`, event, test.resource)
		n, err := b.provider.Hear(t.Context(), b.server.Sign(body, b.server.WebhookID, b.clock.Now()), body)
		if err != nil || n.Ref != test.ref || n.Type != event || n.At.IsZero() {
			t.Errorf("%s is heard as %+v, %v", event, n, err)
		}
	}
}

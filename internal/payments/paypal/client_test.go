package paypal_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"souk/internal/payments"
	"souk/internal/payments/fakes"
)

const tokens = "POST /v1/oauth2/token"

func TestATokenIsUsedUntilItEnds(t *testing.T) {
	b := open(t)
	for range 3 {
		b.begin(payments.CaptureAutomatic).look()
	}
	b.want(b.front.count(tokens), 1)
	b.clock.Advance(9*time.Hour - 30*time.Second) // within the minute that a call may take
	b.begin(payments.CaptureAutomatic)
	b.want(b.front.count(tokens), 2)
}

func TestATokenThatPayPalForgotIsAskedForOnce(t *testing.T) {
	b := open(t)
	v := b.begin(payments.CaptureAutomatic)
	b.server.RevokeTokens()
	v.look()
	b.want(b.front.count(tokens), 2)
	b.front.answer("/v2/checkout/orders/"+v.ref, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	_, err := b.provider.Look(t.Context(), payments.Known{Payment: v.id, Ref: v.ref})
	b.wantUnknown(err)
	b.want(b.front.count(tokens), 3)
}

// A move of money must not be given up because somebody has mistyped a key.
func TestKeysThatPayPalDoesNotTakeAreNoAnswerToAPayment(t *testing.T) {
	b := open(t)
	v := b.begin(payments.CaptureAutomatic).pay(fakes.Pays)
	fields := b.server.Fields()
	fields["client_secret"] = "wrong"
	b.save(fields)
	_, err := b.provider.Capture(t.Context(), v.move(1999, "capture"))
	b.wantUnknown(err)
	if strings.Contains(err.Error(), "wrong") {
		t.Errorf("the secret is told: %v", err)
	}
	_, err = b.provider.Probe(t.Context())
	b.wantNo(err, "invalid_client") // but to who asks about the keys
	b.save(b.server.Fields())
	v.capture()
}

func TestProbeSaysWhoseKeysTheyAreAndWhatTheyLack(t *testing.T) {
	b := open(t)
	b.server.Postman.URL = "https://shop.example/hooks"
	name, err := b.provider.Probe(t.Context())
	b.want([]any{name, err}, []any{"APP-80W284485P519543T, notices to https://shop.example/hooks", nil})
	b.server.Scope = "https://uri.paypal.com/services/payments/payment https://uri.paypal.com/services/applications/webhooks"
	name, err = b.provider.Probe(t.Context())
	b.want([]any{name, err}, []any{
		"APP-80W284485P519543T, notices to https://shop.example/hooks; the app may not read disputes and transaction search; the app may not answer disputes", nil,
	})
	v := b.begin(payments.CaptureAutomatic).pay(fakes.Pays)
	v.capture()
	b.want(told(v.look()), []string{"capture 1999"}) // and nobody is asked for disputes
	_, err = b.provider.Statement(t.Context(), b.clock.Now().Add(-time.Hour), b.clock.Now())
	b.wantNo(err, "PERMISSION_DENIED")
	fields := b.server.Fields()
	fields["webhook_id"] = "0AB12345CD678901E"
	b.save(fields)
	_, err = b.provider.Probe(t.Context())
	b.wantNo(err, "INVALID_RESOURCE_ID")
}

func TestOnlyWhatPayPalHasDecidedIsANo(t *testing.T) {
	b := open(t)
	v := b.begin(payments.CaptureAutomatic)
	for status, body := range map[int]string{
		http.StatusBadRequest: `{"name":"INVALID_REQUEST","message":"a"}`, http.StatusForbidden: `{"name":"NOT_AUTHORIZED","details":[{"issue":"PERMISSION_DENIED"}]}`,
		http.StatusUnprocessableEntity: `{"name":"UNPROCESSABLE_ENTITY","details":[{"issue":"REFUND_NOT_ALLOWED","description":"Capture cannot be refunded."}]}`,
		http.StatusNotFound:            `<html>`, http.StatusConflict: `{"name":"RESOURCE_CONFLICT","details":[{"issue":"PREVIOUS_REQUEST_IN_PROGRESS"}]}`,
		http.StatusTooManyRequests: `{"name":"RATE_LIMIT_REACHED"}`, http.StatusInternalServerError: `{"name":"INTERNAL_SERVER_ERROR"}`,
		http.StatusBadGateway: `<html>`, http.StatusRequestTimeout: ``, http.StatusFound: ``, http.StatusOK: `<html>`,
	} {
		b.front.answer("/v2/payments/captures/C1/refund", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		})
		move := v.move(100, fmt.Sprint("refund ", status))
		move.Taken = "C1"
		_, err := b.provider.Refund(t.Context(), move)
		reason := map[int]string{
			http.StatusBadRequest: "INVALID_REQUEST", http.StatusForbidden: "PERMISSION_DENIED",
			http.StatusUnprocessableEntity: "REFUND_NOT_ALLOWED", http.StatusNotFound: "status 404",
		}[status]
		if reason == "" {
			b.wantUnknown(err)
		} else {
			b.wantNo(err, reason)
		}
	}
}

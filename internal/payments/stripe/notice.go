package stripe

import (
	"cmp"
	"context"
	"crypto/hmac"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v85/webhook"

	"souk/internal/payments"
)

// The bounds of a signature. The library's own check knows no other clock than
// the machine's and takes what was signed in the future, so only its sum is used.
const (
	tolerance     = 300 * time.Second
	longestHeader = 1024
)

// event is what is read of a notice, whatever the version of the API it is
// written in.
type event struct {
	ID       string          `json:"id"`
	Object   string          `json:"object"`
	Type     string          `json:"type"`
	Account  string          `json:"account"`
	Livemode bool            `json:"livemode"`
	Created  json.RawMessage `json:"created"` // seconds; a text in notices of another kind
	Data     struct {
		Object json.RawMessage `json:"object"`
	} `json:"data"`
}

// Hear checks the signature of a notice and reads what it is about.
func (p Provider) Hear(ctx context.Context, header http.Header, body []byte) (payments.Notice, error) {
	account, err := p.Accounts.Open(ctx, Method)
	if err != nil {
		return payments.Notice{}, err
	}
	now := p.Accounts.Clock.Now()
	sent, ok := signed(header.Values("Stripe-Signature"), body, account.Secrets(webhookSecret, now), now)
	if !ok {
		return payments.Notice{}, payments.ErrNotice
	}
	var e event
	if json.Unmarshal(body, &e) != nil || e.ID == "" || e.Type == "" {
		return payments.Notice{}, payments.ErrNotice
	}
	n := payments.Notice{ID: e.ID, Type: e.Type, Ref: about(e.Data.Object), At: sent}
	if seconds, err := strconv.ParseInt(string(e.Created), 10, 64); err == nil && seconds > 0 {
		n.At = time.Unix(seconds, 0).UTC()
	}
	switch {
	case e.Account != "":
		n.Foreign = "it is of the connected account " + e.Account
	case e.Object == "event" && e.Livemode != account.Live:
		n.Foreign = map[bool]string{true: "it is of live mode", false: "it is of test mode"}[e.Livemode]
	}
	return n, nil
}

// signed checks a header as t=1700000000,v1=5257…,v1=…: one of the sums, where
// Stripe has rolled the secret there are two, is made by one of the secrets, not
// long ago. https://docs.stripe.com/webhooks#verify-manually
func signed(headers []string, body []byte, secrets []string, now time.Time) (time.Time, bool) {
	if len(headers) != 1 || len(headers[0]) > longestHeader {
		return time.Time{}, false
	}
	var sent time.Time
	var sums [][]byte
	for part := range strings.SplitSeq(headers[0], ",") {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "t":
			seconds, err := strconv.ParseInt(value, 10, 64)
			if err != nil || !sent.IsZero() {
				return time.Time{}, false
			}
			sent = time.Unix(seconds, 0).UTC()
		case "v1":
			if sum, err := hex.DecodeString(value); err == nil {
				sums = append(sums, sum)
			}
		}
	}
	if age := now.Sub(sent); age > tolerance || age < -tolerance {
		return time.Time{}, false
	}
	for _, secret := range secrets {
		want := webhook.ComputeSignature(sent, body, secret)
		for _, sum := range sums {
			if hmac.Equal(sum, want) {
				return sent, true
			}
		}
	}
	return time.Time{}, false
}

// about is the payment's name in the object of a notice: the intent's where it
// has one, since a payment can see several charges.
func about(object json.RawMessage) string {
	var o struct {
		ID     string          `json:"id"`
		Object string          `json:"object"`
		Intent json.RawMessage `json:"payment_intent"`
		Charge json.RawMessage `json:"charge"`
	}
	if json.Unmarshal(object, &o) != nil {
		return ""
	}
	switch o.Object {
	case "checkout.session", "payment_intent":
		return o.ID
	case "charge":
		return cmp.Or(nameOf(o.Intent), o.ID)
	case "refund", "dispute":
		return cmp.Or(nameOf(o.Intent), nameOf(o.Charge))
	}
	return ""
}

// nameOf reads an object that is written as its name, or in full.
func nameOf(object json.RawMessage) string {
	var name string
	if json.Unmarshal(object, &name) == nil {
		return name
	}
	var full struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(object, &full) != nil {
		return ""
	}
	return full.ID
}

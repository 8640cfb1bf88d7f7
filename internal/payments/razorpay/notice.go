package razorpay

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"souk/internal/payments"
)

// cancelled is what we put into the address to which Razorpay sends buyers who
// give up: it adds nothing of its own.
const cancelled = "razorpay_cancelled"

// Returned takes Razorpay's signature over our order and the buyer's payment of
// it. That the buyer gave up, or that an attempt failed, is not signed; it says
// no more than that somebody is back, and Look knows better.
// https://razorpay.com/docs/payments/payment-gateway/web-integration/hosted/integration-steps/#14-verify-payment-signature
func (p *Provider) Returned(ctx context.Context, k payments.Known, values url.Values) error {
	if values.Get("razorpay_signature") == "" && (values.Get(cancelled) != "" || values.Get("error[code]") != "") {
		return nil
	}
	a, err := p.Accounts.Open(ctx, Method)
	if err != nil {
		return err
	}
	// A signature of another order of ours is genuine too, so it is our own name
	// of the order that has to be signed, whatever the browser says.
	signed := k.Ref + "|" + values.Get("razorpay_payment_id")
	if !proven(a.Secrets("key_secret", p.Accounts.Clock.Now()), []byte(signed), values.Get("razorpay_signature")) {
		return payments.ErrNotice
	}
	return nil
}

// proven says whether a signature was made with one of our secrets: HMAC-SHA256,
// in hexadecimal.
func proven(secrets []string, message []byte, signature string) bool {
	given, err := hex.DecodeString(signature)
	if err != nil || len(given) != sha256.Size {
		return false
	}
	return slices.ContainsFunc(secrets, func(secret string) bool {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(message)
		return hmac.Equal(mac.Sum(nil), given)
	})
}

// event is a notice of Razorpay's. What it says of payments is not believed: it
// tells which payment to look for.
type event struct {
	Entity    string `json:"entity"`
	Account   string `json:"account_id"`
	Type      string `json:"event"`
	CreatedAt int64  `json:"created_at"`
	Payload   struct {
		Order struct {
			Entity struct {
				ID string `json:"id"`
			} `json:"entity"`
		} `json:"order"`
		Payment struct {
			Entity struct {
				ID    string `json:"id"`
				Order string `json:"order_id"`
			} `json:"entity"`
		} `json:"payment"`
	} `json:"payload"`
}

// Hear checks a notice's signature, over its bytes as they came. How old it is
// cannot be checked: Razorpay signs no time of sending, and repeats a notice as it
// was for a day. Its id, which is not signed either, makes it count once; a copy
// under another id has the payment looked for once more, no more.
// https://razorpay.com/docs/webhooks/validate-test/
func (p *Provider) Hear(ctx context.Context, h http.Header, body []byte) (payments.Notice, error) {
	a, err := p.Accounts.Open(ctx, Method)
	if err != nil {
		return payments.Notice{}, err
	}
	signatures := h.Values("X-Razorpay-Signature")
	if len(signatures) != 1 || !proven(a.Secrets("webhook_secret", p.Accounts.Clock.Now()), body, signatures[0]) {
		return payments.Notice{}, payments.ErrNotice
	}
	var e event
	if err := json.Unmarshal(body, &e); err != nil || e.Entity != "event" || e.Type == "" {
		return payments.Notice{}, payments.ErrNotice
	}
	n := payments.Notice{
		ID: h.Get("X-Razorpay-Event-Id"), Type: e.Type, At: time.Unix(e.CreatedAt, 0).UTC(),
		Ref: cmp.Or(e.Payload.Order.Entity.ID, e.Payload.Payment.Entity.Order, e.Payload.Payment.Entity.ID),
	}
	if n.ID == "" {
		return payments.Notice{}, payments.ErrNotice
	}
	if ours := a.Get("account_id"); ours != "" && e.Account != ours {
		n.Foreign = fmt.Sprintf("It is for the account %s.", e.Account)
	}
	return n, nil
}

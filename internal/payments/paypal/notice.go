package paypal

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"net/http"
	"strings"
	"time"

	"souk/internal/payments"
)

const (
	// ahead is by how much PayPal's clock may be ahead of ours.
	ahead = 5 * time.Minute
	// late is how old the time of a transmission may be. PayPal delivers a notice
	// up to 25 times over 3 days, and does not say that it signs it anew each time
	// (https://developer.paypal.com/api/rest/webhooks/rest). A notice that is shown
	// twice does nothing: its id is known, and it is only a doorbell.
	late = 72*time.Hour + ahead
)

// transmission is how a notice came: the parts of what was signed.
type transmission struct {
	id, at, signature, certURL string
}

// Hear makes sure that PayPal has signed a notice for this webhook, without
// asking it: by its certificate.
// https://developer.paypal.com/api/rest/webhooks/rest
func (p *Provider) Hear(ctx context.Context, header http.Header, body []byte) (payments.Notice, error) {
	account, err := p.Accounts.Open(ctx, Method)
	if err != nil {
		return payments.Notice{}, err
	}
	t, err := p.transmission(header)
	if err != nil {
		return payments.Notice{}, err
	}
	key, err := p.signer(ctx, account, t.certURL)
	if err != nil {
		return payments.Notice{}, err
	}
	if err := t.check(key, account.Get(fieldWebhook), body); err != nil {
		return payments.Notice{}, err
	}
	return notice(body)
}

// transmission reads the headers. Each must be there once, and none is longer
// than PayPal writes it.
func (p *Provider) transmission(header http.Header) (t transmission, err error) {
	for _, field := range []struct {
		name string
		to   *string
		most int
	}{
		{"Paypal-Transmission-Id", &t.id, 50},
		{"Paypal-Transmission-Time", &t.at, 100},
		{"Paypal-Transmission-Sig", &t.signature, 1000},
		{"Paypal-Cert-Url", &t.certURL, 500},
	} {
		values := header.Values(field.name)
		if len(values) != 1 || values[0] == "" || len(values[0]) > field.most {
			return transmission{}, payments.ErrNotice
		}
		*field.to = values[0]
	}
	if algorithm := header.Values("Paypal-Auth-Algo"); len(algorithm) != 1 || algorithm[0] != "SHA256withRSA" {
		return transmission{}, payments.ErrNotice
	}
	at, err := time.Parse(time.RFC3339, t.at)
	if age := p.Accounts.Clock.Now().Sub(at); err != nil || age < -ahead || age > late {
		return transmission{}, payments.ErrNotice
	}
	return t, nil
}

// check proves that the bytes of a body were signed for a webhook.
func (t transmission) check(key *rsa.PublicKey, webhook string, body []byte) error {
	signature, err := base64.StdEncoding.DecodeString(t.signature)
	if err != nil || webhook == "" {
		return payments.ErrNotice
	}
	signed := sha256.Sum256(fmt.Appendf(nil, "%s|%s|%s|%d", t.id, t.at, webhook, crc32.ChecksumIEEE(body)))
	if rsa.VerifyPKCS1v15(key, crypto.SHA256, signed[:], signature) != nil {
		return payments.ErrNotice
	}
	return nil
}

// notice says what a proven notice is about. It believes nothing else of it, and
// of our own references in it nothing at all.
func notice(body []byte) (payments.Notice, error) {
	var event struct {
		ID       string          `json:"id"`
		Type     string          `json:"event_type"`
		At       time.Time       `json:"create_time"`
		Resource json.RawMessage `json:"resource"`
	}
	if err := json.Unmarshal(body, &event); err != nil || event.ID == "" {
		return payments.Notice{}, payments.ErrNotice
	}
	var r resource
	if err := json.Unmarshal(event.Resource, &r); err != nil { // of a version to come: about nothing that is known here
		r = resource{}
	}
	return payments.Notice{ID: event.ID, Type: event.Type, At: event.At, Ref: r.about(event.Type)}, nil
}

type resource struct {
	ID            string `json:"id"`
	OrderID       string `json:"order_id"`
	Supplementary struct {
		Related struct {
			OrderID string `json:"order_id"`
		} `json:"related_ids"`
	} `json:"supplementary_data"`
	Links        []link `json:"links"`
	Transactions []struct {
		Seller string `json:"seller_transaction_id"`
	} `json:"disputed_transactions"`
}

// about is the name of the payment that an event is about: its order, or a
// capture of it, or "" when PayPal names none.
func (r resource) about(event string) string {
	switch {
	case strings.HasPrefix(event, "CHECKOUT.ORDER."):
		return r.ID
	case strings.HasPrefix(event, "CHECKOUT.PAYMENT-APPROVAL."):
		return r.OrderID
	case strings.HasPrefix(event, "CUSTOMER.DISPUTE."):
		if len(r.Transactions) > 0 {
			return r.Transactions[0].Seller
		}
	case r.Supplementary.Related.OrderID != "":
		return r.Supplementary.Related.OrderID
	case strings.HasPrefix(event, "PAYMENT.CAPTURE."), strings.HasPrefix(event, "PAYMENT.REFUND."):
		for _, l := range r.Links { // a refund names the capture that it is of
			if at := strings.LastIndex(l.Href, "/captures/"); l.Rel == "up" && at >= 0 {
				return l.Href[at+len("/captures/"):]
			}
		}
		return r.ID
	case strings.HasPrefix(event, "PAYMENT.AUTHORIZATION."):
		return r.ID
	}
	return ""
}

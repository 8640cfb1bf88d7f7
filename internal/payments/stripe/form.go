package stripe

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	api "github.com/stripe/stripe-go/v85"

	"souk/internal/id"
	"souk/internal/payments"
)

// Path is the route of the page with Stripe's own fields.
const Path = "/pay/stripe/{payment}"

// page is where a payment is made in Stripe's own fields. The link is told to
// whoever may pay the order, and to nobody else: the page may show whose it is.
func (p Provider) page(payment id.Payment) string {
	return p.BaseURL + strings.Replace(Path, "{payment}", payment.String(), 1) + "?signature=" + p.sign(payment)
}

func (p Provider) sign(payment id.Payment) string {
	mac := hmac.New(sha256.New, p.LinkKey)
	mac.Write([]byte(payment.String()))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// Admits reports whether a signature is that of the link to a payment's page.
func (p Provider) Admits(payment id.Payment, signature string) bool {
	return hmac.Equal([]byte(signature), []byte(p.sign(payment)))
}

// Form is what a browser needs to show Stripe's own fields for a payment. The
// secret is kept nowhere: Stripe tells it whenever the page is opened.
type Form struct {
	Script string // Stripe.js, of the version whose names our script uses
	Key    string // the publishable one
	Secret string // of the session; "" when it takes no payment any more
	Paid   bool   // the buyer has done all that there is to do

	Scripts, Frames, Connections, Images string // what the policy of the page has to let in
}

// What Stripe asks a page to let in that has embedded Checkout, with Link in it.
// https://docs.stripe.com/security/guide#content-security-policy
const (
	stripeJS    = "https://js.stripe.com"
	scripts     = stripeJS + " https://*.js.stripe.com https://checkout.stripe.com"
	frames      = scripts + " https://hooks.stripe.com https://link.com https://*.link.com"
	connections = "https://api.stripe.com https://checkout.stripe.com https://link.com https://*.link.com"
	images      = "https://*.stripe.com"
)

// script is the version of Stripe.js that goes with the API's.
// https://docs.stripe.com/sdks/stripejs-versioning
const script = "/" + api.APIMajorVersion + "/stripe.js"

// Form reads the session of a payment, as the page is to show it.
func (p Provider) Form(ctx context.Context, k payments.Known) (Form, error) {
	c, err := p.dial(ctx)
	if err != nil {
		return Form{}, err
	}
	session, err := c.V1CheckoutSessions.Retrieve(ctx, k.Ref, nil)
	switch {
	case err != nil:
		return Form{}, said("read payment", err)
	case session.ClientReferenceID != k.Payment.String() || session.UIMode != api.CheckoutSessionUIModeEmbeddedPage:
		return Form{}, payments.ErrMismatch
	}
	f := formOf(c.account)
	f.Paid = session.Status == api.CheckoutSessionStatusComplete
	if session.Status == api.CheckoutSessionStatusOpen {
		f.Secret = session.ClientSecret
	}
	return f, nil
}

// formOf is what the forms of an account have in common. A Stripe for tests is all
// in one place.
func formOf(a payments.Account) Form {
	f := Form{Script: stripeJS + script, Scripts: scripts, Frames: frames, Connections: connections, Images: images}
	if at := strings.TrimSuffix(a.BaseURL, "/"); at != "" {
		f = Form{Script: at + script, Scripts: at, Frames: at, Connections: at, Images: at}
	}
	f.Key = a.Get(publishableKey)
	return f
}

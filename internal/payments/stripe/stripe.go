// Package stripe is payment by Stripe: cards, wallets, UPI and whatever else the
// account offers, on Stripe's own page, or in Stripe's own fields on a page of the
// shop.
//
// Owns: how Stripe's sessions, intents, charges, refunds and disputes are the
// shop's payments and facts; its amounts; the proof of its notices; what the page
// with its fields needs, and who may see that. Tables: none, its account is
// payments'. Raises: nothing.
// Calls: Stripe, by stripe-go through outbound. The library does not try again
// by itself, writes no log and measures nothing.
//
// # Names
//
// A payment is a Checkout Session (cs_…), or a PaymentIntent (pi_…) when it was
// made with what a buyer had saved. Both carry our payment's id. A capture has
// the name of its charge (ch_…), a refund and a dispute have their own, and what
// was given up has the name of the intent.
package stripe

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"time"

	api "github.com/stripe/stripe-go/v85"

	"souk/internal/payments"
)

// Method is how orders and payments call it.
const Method = "stripe"

// Provider is payment by Stripe.
type Provider struct {
	payments.WithoutFee

	Accounts *payments.Accounts
	BaseURL  string // of the shop, where the page with Stripe's fields is
	LinkKey  []byte // signs links to that page
}

var _ payments.Online = Provider{}

// Method is "stripe".
func (Provider) Method() string { return Method }

// Settled is false: an order waits until Stripe says that it is paid.
func (Provider) Settled() bool { return false }

// ByHand is false: Stripe gives money back when it is told to.
func (Provider) ByHand() bool { return false }

// Captures says once: what is not taken then Stripe gives up. Several captures are
// for accounts of few, with cards of some networks.
// https://docs.stripe.com/payments/multicapture
func (Provider) Captures() payments.Captures { return payments.CapturesOnce }

// Offered refuses amounts and currencies that Stripe does not take.
func (p Provider) Offered(ctx context.Context, o payments.Offer) error {
	if err := p.Accounts.Offered(ctx, Method, o); err != nil {
		return err
	}
	_, err := payable(o.Total)
	return err
}

// Waits is as long as the shop lets others wait.
func (Provider) Waits(context.Context) (time.Duration, error) { return 0, nil }

// Tells nothing: only Start knows the address of the page.
func (Provider) Tells(context.Context, payments.Start) (*payments.Action, error) {
	return nil, nil //nolint:nilnil // there is nothing to tell
}

// The fields of an account.
const (
	secretKey      = "secret_key"
	webhookSecret  = "webhook_secret"
	publishableKey = "publishable_key"
	apiVersion     = "api_version"
	buyersPay      = "checkout" // where buyers pay: one of the next two
)

// Where buyers pay, which is also what they are told to do.
const (
	onRedirect     = "redirect"
	inHostedFields = "hosted_fields"
)

// Fields lists what an account needs.
func (Provider) Fields() []payments.Field {
	return []payments.Field{
		{Name: secretKey, Help: "The secret key (sk_…), or a restricted key (rk_…) with the permissions of the guide.", Secret: true, Required: true},
		{Name: webhookSecret, Help: "The signing secret (whsec_…) of the webhook endpoint.", Secret: true, Required: true},
		{Name: publishableKey, Help: "The publishable key (pk_…), for the page with Stripe's own fields.", Prefix: "pk_"},
		{
			Name: buyersPay, Help: "Where buyers pay.", Default: onRedirect, Choices: []payments.Choice{
				{Value: onRedirect, Help: "On a page of Stripe's."},
				{Value: inHostedFields, Help: "On a page of the shop, in fields that Stripe hosts.", Needs: []string{publishableKey}},
			},
		},
		{
			Name: apiVersion, Default: api.APIVersion,
			Help: "The version of Stripe's API that is spoken. Change it only to a later one of the same name, after trying it out.",
		},
	}
}

// Probe asks whose account it is.
func (p Provider) Probe(ctx context.Context) (string, error) {
	c, err := p.dial(ctx)
	if err != nil {
		return "", err
	}
	for _, key := range []string{c.account.Secret(secretKey), c.account.Get(publishableKey)} {
		if live := strings.Contains(key, "k_live_"); key != "" && live != c.account.Live {
			return "", refusal("livemode", "The keys are of another mode than the account: those of test mode (sk_test_…, pk_test_…) move no money.")
		}
	}
	account, err := c.V1Accounts.Retrieve(ctx, nil)
	if err != nil {
		return "", denied(said("read account", err))
	}
	var name string
	if account.Settings != nil && account.Settings.Dashboard != nil {
		name = account.Settings.Dashboard.DisplayName
	}
	if name == "" && account.BusinessProfile != nil {
		name = account.BusinessProfile.Name
	}
	return strings.TrimSpace(name + " (" + account.ID + ")"), nil
}

// client is Stripe's library with the keys of the shop's account.
type client struct {
	*api.Client
	account payments.Account
}

// answerLimit holds a page of a hundred movements with all that they are of.
const answerLimit = 4 << 20

func (p Provider) dial(ctx context.Context) (client, error) {
	account, err := p.Accounts.Open(ctx, Method)
	if err != nil {
		return client{}, err
	}
	through := p.Accounts.Outbound.HTTP(answerLimit)
	through.Transport = plain{through.Transport, cmp.Or(account.Get(apiVersion), api.APIVersion)}
	backend := api.GetBackendWithConfig(api.APIBackend, &api.BackendConfig{
		URL: api.String(cmp.Or(account.BaseURL, api.APIURL)), HTTPClient: through, MaxNetworkRetries: api.Int64(0),
		EnableTelemetry: api.Bool(false), LeveledLogger: &api.LeveledLogger{Level: api.LevelNull},
	})
	all := &api.Backends{API: backend, Connect: backend, Uploads: backend, MeterEvents: backend} // nil would be the library's own
	return client{api.NewClient(account.Secret(secretKey), api.WithBackends(all)), account}, nil
}

// plain sends a request in the version of the account, and without what the
// library tells of the machine that it runs on.
type plain struct {
	http.RoundTripper
	version string
}

func (t plain) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Stripe-Version", t.version)
	r.Header.Set("User-Agent", "Souk")
	r.Header.Del("X-Stripe-Client-User-Agent")
	return t.RoundTripper.RoundTrip(r)
}

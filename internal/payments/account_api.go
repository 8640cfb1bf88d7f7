package payments

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/outbound"
)

func (p *Payments) accountRoutes(r *httpapi.Router) {
	read, write, proven := httpapi.Needs(CanRead), httpapi.Needs(CanSetUp), httpapi.StepUp()
	httpapi.Get(r, "/api/v1/admin/payment-providers", p.listAccounts, read, httpapi.Summary("List the providers that the shop can use, and its accounts there"))
	httpapi.Get(r, "/api/v1/admin/payment-providers/{provider}", p.showAccount, read, httpapi.Summary("Show the account with a provider"))
	httpapi.Put(r, "/api/v1/admin/payment-providers/{provider}", p.setAccount, write, proven, httpapi.NeverStored(), httpapi.Status(http.StatusOK),
		httpapi.Summary("Set up the account with a provider"),
		httpapi.Describe("What is left out stays as it was; a field that is empty is removed. Secrets are sealed when they are kept, and never shown. "+
			"One that is replaced still proves notices for a day. A new `base_url` needs the secrets again: they would be sent there."))
	httpapi.Action(r, http.MethodPost, "/api/v1/admin/payment-providers/{provider}/test", p.testAccount, write, httpapi.Status(http.StatusOK),
		httpapi.Summary("Test the account with a provider"),
		httpapi.Describe("Makes a harmless call with its keys, and says whose account it is."))
}

// AccountView is an account as staff see it.
type AccountView struct {
	Account
	Needs      []Field  `json:"needs"`
	HasSecrets []string `json:"has_secrets" doc:"The secrets that are kept"`
	NoticesURL string   `json:"notices_url" doc:"Where the provider is to send its notices"`
}

func (p *Payments) view(provider Online, a Account) AccountView {
	v := AccountView{Account: a, Needs: provider.Fields(), HasSecrets: []string{}, NoticesURL: p.BaseURL + "/api/v1/webhooks/payments/" + provider.Method()}
	v.Provider = provider.Method()
	if v.Fields == nil {
		v.Fields = map[string]string{}
	}
	if v.Capture == "" {
		v.Capture = CaptureAutomatic
	}
	for name := range a.secrets {
		if !strings.HasSuffix(name, previous("")) {
			v.HasSecrets = append(v.HasSecrets, name)
		}
	}
	slices.Sort(v.HasSecrets)
	return v
}

func (p *Payments) listAccounts(ctx context.Context, _ *struct{}) (httpapi.List[AccountView], error) {
	list := httpapi.List[AccountView]{Data: []AccountView{}}
	for _, provider := range p.Providers {
		online, ok := provider.(Online)
		if !ok {
			continue
		}
		a, err := p.Accounts.read(ctx, p.DB, online.Method())
		if err != nil {
			return list, err
		}
		list.Data = append(list.Data, p.view(online, a))
	}
	return list, nil
}

type accountInput struct {
	Provider string `path:"provider" maxLength:"40"`
}

// online finds the provider of a path.
func (p *Payments) online(method string) (Online, error) {
	provider, err := p.Online(method)
	if err != nil {
		return nil, httpapi.ErrNotFound
	}
	return provider, nil
}

func (p *Payments) showAccount(ctx context.Context, in *accountInput) (AccountView, error) {
	provider, err := p.online(in.Provider)
	if err != nil {
		return AccountView{}, err
	}
	a, err := p.Accounts.read(ctx, p.DB, provider.Method())
	return p.view(provider, a), err
}

type setAccountInput struct {
	Provider string `path:"provider" maxLength:"40"`
	Body     struct {
		Enabled *bool              `json:"enabled,omitempty"`
		Live    *bool              `json:"live,omitempty"`
		BaseURL *string            `json:"base_url,omitempty" maxLength:"200" doc:"Where the provider's API is, when not at its usual address; empty: there"`
		Capture *CaptureWhen       `json:"capture,omitempty" enum:"automatic,on_shipment"`
		Fields  *map[string]string `json:"fields,omitempty" maxProperties:"20"`
	}
}

func (p *Payments) setAccount(ctx context.Context, tx pgx.Tx, in *setAccountInput) (AccountView, error) {
	provider, err := p.online(in.Provider)
	if err != nil {
		return AccountView{}, err
	}
	a, err := p.Accounts.lock(ctx, tx, provider.Method())
	if err != nil {
		return AccountView{}, err
	}
	httpapi.Before(ctx, p.view(provider, a))
	b := &in.Body
	moved := b.BaseURL != nil && *b.BaseURL != a.BaseURL
	assign(&a.Enabled, b.Enabled)
	assign(&a.Live, b.Live)
	assign(&a.BaseURL, b.BaseURL)
	assign(&a.Capture, b.Capture)
	if moved {
		a.secrets = map[string]string{}
	}
	if err := p.Accounts.assign(&a, provider.Fields(), b.Fields); err != nil {
		return AccountView{}, err
	}
	if err := p.complete(a, provider.Fields()); err != nil {
		return AccountView{}, err
	}
	if err := p.Accounts.write(ctx, tx, a); err != nil {
		return AccountView{}, err
	}
	a, err = p.Accounts.read(ctx, tx, provider.Method())
	return p.view(provider, a), err
}

func assign[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// assign sets the fields of an account that are told. A secret that is replaced
// is remembered for a day.
func (a *Accounts) assign(to *Account, known []Field, told *map[string]string) error {
	if told == nil {
		return nil
	}
	var bad errs.Fields
	to.Fields = maps.Clone(to.Fields)
	if to.Fields == nil {
		to.Fields = map[string]string{}
	}
	for name, value := range *told {
		value = strings.TrimSpace(value)
		at := slices.IndexFunc(known, func(f Field) bool { return f.Name == name })
		switch {
		case at < 0:
			bad.Require(false, "/fields/"+name, "unknown", "This provider has no such field.")
		case len(value) > 8000:
			bad.Require(false, "/fields/"+name, "too_long", "This is too long to be right.")
		case known[at].Secret:
			if was := to.secrets[name]; was != "" && was != value {
				to.rotate(name, a.Clock.Now())
			}
			set(to.secrets, name, value)
		default:
			set(to.Fields, name, value)
		}
	}
	return bad.Err()
}

func set(m map[string]string, name, value string) {
	if value == "" {
		delete(m, name)
	} else {
		m[name] = value
	}
}

// complete refuses an account that is to be used and lacks something.
func (p *Payments) complete(a Account, known []Field) error {
	var bad errs.Fields
	if a.BaseURL != "" {
		bad.Require(p.Accounts.Outbound.Check(a.BaseURL) == nil, "/base_url", "invalid", outbound.ErrRefused.Message)
	}
	needed := neededBy(a, known)
	for _, f := range known {
		value := a.secrets[f.Name] + a.Fields[f.Name] // it is one or the other
		switch {
		case value == "":
			missing := a.Enabled && (f.Required || slices.Contains(needed, f.Name))
			bad.Require(!missing, "/fields/"+f.Name, "required", "It is needed before this way to pay can be offered: "+f.Help)
		case !strings.HasPrefix(value, f.Prefix):
			bad.Require(false, "/fields/"+f.Name, "invalid", "It begins with "+f.Prefix+". "+f.Help)
		case f.Choices != nil:
			bad.Require(f.choice(value) != nil, "/fields/"+f.Name, "invalid", "This is none of the choices. "+f.Help)
		}
	}
	return bad.Err()
}

// neededBy lists the fields that what was chosen in others makes necessary.
func neededBy(a Account, known []Field) (names []string) {
	for _, f := range known {
		if chosen := f.choice(cmp.Or(a.Fields[f.Name], f.Default)); chosen != nil {
			names = append(names, chosen.Needs...)
		}
	}
	return names
}

// choice is the one that has a value, nil when there is none.
func (f Field) choice(value string) *Choice {
	at := slices.IndexFunc(f.Choices, func(c Choice) bool { return c.Value == value })
	if at < 0 {
		return nil
	}
	return &f.Choices[at]
}

// Tested is what a test of an account has found.
type Tested struct {
	Account string `json:"account" doc:"Whose account it is, as the provider says"`
}

func (p *Payments) testAccount(ctx context.Context, in *accountInput) (Tested, error) {
	provider, err := p.online(in.Provider)
	if err != nil {
		return Tested{}, err
	}
	p.Accounts.forget(provider.Method())
	name, err := provider.Probe(ctx)
	if err != nil {
		return Tested{}, fmt.Errorf("test account with %s: %w", in.Provider, unreachable(err))
	}
	return Tested{name}, nil
}

// ErrUnreachable says that a provider does not answer.
var ErrUnreachable = errs.New(errs.Unavailable, "provider_unreachable", "The provider does not answer. Try again in a minute.")

// unreachable is err as staff can read it: what is no refusal is nobody's answer.
func unreachable(err error) error {
	if errs.Refusal(err) != nil {
		return err
	}
	return fmt.Errorf("%w (%w)", ErrUnreachable, err)
}
